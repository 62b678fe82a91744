"""The stages between a function and a running program, as classes.

jit(f)          Wrapped         .trace(x)       Traced
    .lower()    Lowered         .compile()      Compiled
"""

from typing import Any

from .api.jit import JitFunction as Wrapped
from .api.stages import ArgInfo, Compiled, Lowered, Traced

__all__ = ["ArgInfo", "Compiled", "CompilerOptions", "Lowered", "Traced", "Wrapped"]

CompilerOptions = dict[str, Any]
"""Flags of XLA by name, as `jit(compiler_options=)` and `compile` take them."""
