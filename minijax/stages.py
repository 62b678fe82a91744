"""The stages between a function and a running program, as classes."""

from .api.jit import JitFunction as Wrapped
from .api.stages import CompiledFunction as Compiled
from .api.stages import LoweredFunction as Lowered
from .api.stages import TracedFunction as Traced
