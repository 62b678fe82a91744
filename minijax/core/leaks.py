"""Find traced values that outlive the function that was traced.

Under the option `check_tracer_leaks`, a function is refused that hides one of its
traced values in a global, a list or an attribute, even if nobody ever touches it again;
without the option only touching it is an error.
"""

import gc

from ..errors import UnexpectedTracerError
from .trace import Trace, Tracer

# What a leaked value is shown in: the first few places, by type.
_PLACES_SHOWN = 3


def check_leaks(trace: Trace) -> None:
    """Raise if tracers of a trace that has ended are still referred to.

    The caller must have let go of its own. Slow: it walks all objects of the process.
    """
    gc.collect()
    found = [x for x in gc.get_referrers(trace) if _is_tracer(x) and x._trace is trace]
    if not found:
        return
    leaked = "; ".join(
        [f"{x.aval} traced {x.origin()}{_holders(x, found)}" for x in found]
    )
    raise UnexpectedTracerError(
        f"Leaked trace {type(trace).__name__}. Leaked tracer(s): {leaked}. Return "
        "values from the traced function instead of storing them elsewhere."
    )


def _is_tracer(x) -> bool:
    # Not isinstance, which runs code of the object if its class is a proxy.
    return issubclass(type(x), Tracer)


def _holders(tracer, found) -> str:
    """Where a leaked value is kept, for the message."""
    kinds = [
        type(x).__name__
        for x in gc.get_referrers(tracer)
        if x is not found and type(x).__name__ not in ("frame", "list_iterator")
    ]
    shown = ", ".join(kinds[:_PLACES_SHOWN])
    return f", kept in: {shown}" if shown else ""
