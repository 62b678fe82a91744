"""The version of jaxlib, where older programs look for it."""

from .runtime.client import VERSION

__version__ = ".".join(map(str, VERSION))
__all__ = ["__version__"]
