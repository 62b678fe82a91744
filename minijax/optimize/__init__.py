"""Passes from jaxpr to jaxpr that run before lowering; each keeps every value.

`config.update("jax_optimize", False)` switches them off.
"""

from ..config import state
from ..core.jaxpr import ClosedJaxpr
from .dead_code import remove_dead_code


def optimize(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The program after all passes that are switched on."""
    if not state.optimize:
        return closed
    return closed.remember("optimized", lambda: remove_dead_code(closed))
