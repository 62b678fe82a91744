"""`pjit`, which is `jit`."""

from ..api.jit import jit as pjit

__all__ = ["pjit"]
