"""Programs from functions of flat arguments, some of which may be known.

trace_to_jaxpr_dynamic(wrapped, avals)      everything is staged
trace_to_jaxpr_nounits(wrapped, pvals)      what depends on known values is computed
"""

from collections.abc import Sequence
from typing import Any

from ..core.avals import ShapedArray
from ..core.jaxpr import Jaxpr, Var
from ..core.literal import aval_of
from ..extend.linear_util import WrappedFun
from ..optimize.dead_code import acts
from ..transforms.stage import StageTrace, StageTracer, stage

DynamicJaxprTracer = StageTracer
JaxprTracer = StageTracer


class PartialVal(tuple):
    """A value that is known, or only the type of one: `(None, value)`, `(aval, None)`.

    >>> PartialVal.known(2.0).is_known(), PartialVal.known(2.0).get_known()
    (True, 2.0)
    """

    __slots__ = ()

    def __new__(cls, pair):
        aval, _ = pair
        if not (aval is None or isinstance(aval, ShapedArray)):
            raise TypeError(
                f"PartialVal: the first of the pair must be a type or None, got "
                f"{aval!r}."
            )
        return tuple.__new__(cls, pair)

    @classmethod
    def known(cls, value) -> "PartialVal":
        """A value that is known."""
        return cls((None, value))

    @classmethod
    def unknown(cls, aval) -> "PartialVal":
        """Any value of a type."""
        return cls((aval, None))

    def is_known(self) -> bool:
        """Whether the value is known."""
        return self[0] is None

    def get_known(self) -> Any:
        """The value if it is known, else None."""
        return self[1] if self.is_known() else None

    def get_aval(self) -> ShapedArray:
        """The type of the value, known or not."""
        return aval_of(self[1]) if self.is_known() else self[0]


def trace_to_jaxpr_dynamic(
    fun: WrappedFun, in_avals: Sequence, *, keep_inputs: Sequence[bool] | None = None
) -> tuple[Jaxpr, list, list]:
    """The program of a function, the types of its results, and its constants.

    Args:
      fun: takes one value per type, returns a sequence of values.
      keep_inputs: which values are inputs of the program; the others must not be used.
    """
    closed = stage(fun.call_wrapped, list(in_avals), f"by {fun.__name__}")
    jaxpr = closed.jaxpr
    if keep_inputs is not None:
        pairs = zip(jaxpr.invars, keep_inputs, strict=True)
        jaxpr = jaxpr.replace(invars=[v for v, keep in pairs if keep])
    return jaxpr, closed.out_avals, closed.consts


def trace_to_jaxpr_nounits(
    fun: WrappedFun,
    pvals: Sequence[PartialVal],
    instantiate: bool | Sequence[bool] = False,
) -> tuple[Jaxpr, list[PartialVal], list]:
    """The part of a function that depends on what is not known.

    Args:
      fun: takes one value per element of `pvals`, returns a sequence of values.
      instantiate: whether (which) results are results of the program even if they are
        known.

    Returns the program, whose leading inputs are its constants; what is known of the
    results; and the constants.
    """
    trace = StageTrace(f"by {fun.__name__}")
    with trace:  # not the floor: operations on known values are computed
        args = [
            p.get_known() if p.is_known() else trace.argument(p.get_aval())
            for p in pvals
        ]
        outs = list(fun.call_wrapped(*args))
        wanted = (
            [instantiate] * len(outs) if isinstance(instantiate, bool) else instantiate
        )
        out_pvals, results = [], []
        for x, on in zip(outs, wanted, strict=True):
            unknown = isinstance(x, StageTracer) and x._trace is trace
            if unknown or on:
                results.append(x)
                out_pvals.append(PartialVal.unknown(aval_of(x)))
            else:
                out_pvals.append(PartialVal.known(x))
        inputs = [x for x, p in zip(args, pvals, strict=True) if not p.is_known()]
        closed = trace.close(inputs, results)
    jaxpr = closed.jaxpr
    flat = jaxpr.replace(constvars=[], invars=[*jaxpr.constvars, *jaxpr.invars])
    return flat, out_pvals, closed.consts


def dce_jaxpr(
    jaxpr: Jaxpr,
    used_outputs: bool | Sequence[bool],
    instantiate: bool | Sequence[bool] = False,
) -> tuple[Jaxpr, list[bool]]:
    """A program that computes some of the results only, and which inputs it has.

    Args:
      instantiate: whether (which) inputs are kept even if they are not read.
    """
    used = _flags(used_outputs, jaxpr.outvars)
    kept = _flags(instantiate, jaxpr.invars)
    outvars = [x for x, on in zip(jaxpr.outvars, used, strict=True) if on]
    live = {x for x in outvars if isinstance(x, Var)}
    eqns = []
    for eqn in reversed(jaxpr.eqns):
        if acts(eqn.effects) or not live.isdisjoint(eqn.outvars):
            eqns.append(eqn)
            live.update(x for x in eqn.invars if isinstance(x, Var))
    eqns.reverse()
    reads = [v in live or on for v, on in zip(jaxpr.invars, kept, strict=True)]
    invars = [v for v, on in zip(jaxpr.invars, reads, strict=True) if on]
    return jaxpr.replace(invars=invars, outvars=outvars, eqns=eqns), reads


def _flags(value, things):
    return [value] * len(things) if isinstance(value, bool) else list(value)
