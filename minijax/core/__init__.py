"""What a program is, and how a Python call becomes one."""
