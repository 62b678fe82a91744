"""Versions: that of minijax, and that of JAX whose interface it has."""

__version__ = "0.1.0"

# Programs ask for it before they use a name, so it is JAX's: 0.10.2.
__version_info__ = (0, 10, 2)
