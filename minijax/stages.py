"""The stages between a function and a running program, as classes."""

from .api.jit import (
    CompiledFunction as Compiled,
    JitFunction as Wrapped,
    LoweredFunction as Lowered,
    TracedFunction as Traced,
)
