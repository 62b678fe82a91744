"""The stages between a function and a running program, as classes."""
