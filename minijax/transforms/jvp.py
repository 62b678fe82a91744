"""Forward mode: run a function on dual numbers, primal and tangent side by side.

    y = sin x      becomes      y = sin x;  y_dot = x_dot cos x

A tracer carries a primal and a tangent. A value without a tangent is not traced at all:
it is its own primal, and its tangent is symbolically zero (None in rules).
"""

import functools
from collections.abc import Callable, Sequence

from ..config import state
from ..core.jaxpr import ClosedJaxpr, eval_jaxpr
from ..core.literal import aval_of
from ..core.rules import instantiate
from ..core.trace import Trace, Tracer, context, evaluator, interpreter
from ..errors import UnexpectedTracerError
from .masks import MaskTrace, chooses
from .stage import stage
from .tape import TapeTracer


class PrimalTracer(Tracer):
    """A tracer of the value of a primal, with something beside it."""

    __slots__ = ("primal",)

    def concrete(self):
        primal = self.primal
        return primal.concrete() if hasattr(primal, "concrete") else primal

    def origin(self):
        primal = self.primal
        return primal.origin() if isinstance(primal, Tracer) else self._trace.verb

    def name(self):
        return self.primal.name() if isinstance(self.primal, Tracer) else "a value"


class JVPTracer(PrimalTracer):
    """A primal with a tangent."""

    __slots__ = ("tangent",)

    def __init__(self, trace, primal, tangent):
        self._trace = trace
        self.aval = aval_of(primal)
        self.primal = primal
        self.tangent = tangent


class JVPTrace(Trace):
    """Applies the jvp rule of each primitive."""

    verb = "by jvp"
    masks: MaskTrace | None = None  # made when an operation chooses between tangents

    def split(self, operands):
        """Primals and tangents of operands; the tangent of others is None."""
        primals = []
        tangents = []
        for x in operands:
            if type(x) is JVPTracer and x._trace is self:
                primals.append(x.primal)
                tangents.append(x.tangent)
            else:
                primals.append(x)
                tangents.append(None)
        return primals, tangents

    def join(self, out, out_dot):
        """A tracer, or the value itself where the tangent is zero."""
        return out if out_dot is None else JVPTracer(self, out, out_dot)

    def process(self, primitive, operands, params):
        primals, tangents = self.split(operands)
        if not (state.nan_safe and chooses(primitive, params)):
            return self.push(primitive, primals, tangents, params)
        masks = self.masks
        if masks is None:
            # Above the values of this trace, below a trace that is entered next.
            masks = self.masks = MaskTrace(self.level + 0.25)
        result = self.push(primitive, primals, [*map(masks.open, tangents)], params)
        for x in result if primitive.multiple_results else (result,):
            if type(x) is JVPTracer and x._trace is self:
                x.tangent = masks.close(x.tangent)
        return result

    def push(self, primitive, primals, tangents, params):
        """Apply the jvp rule of a primitive."""
        rule = primitive.jvp
        if rule is None:
            raise primitive.missing("jvp", primals)
        if primitive.linearize is not None and any(map(on_tape, tangents)):
            # Primals and tangents in one program would put the primals on the tape.
            rule = functools.partial(primitive.linearize, self)
        out, out_dot = rule(primals, tangents, **params)
        if primitive.multiple_results:
            return [self.join(x, t) for x, t in zip(out, out_dot, strict=True)]
        return out if out_dot is None else JVPTracer(self, out, out_dot)

    def results(self, outs):
        """Primals and tangents of what a function returned, the masks applied."""
        primals, tangents = self.split(outs)
        if self.masks is not None:
            tangents = [*map(self.masks.settle, tangents)]
        return primals, tangents

    def process_custom(self, primitive, fun, rule, operands):
        primals, tangents = self.split(operands)
        if all(t is None for t in tangents):
            return primitive.bind_functions(fun, rule, primals)
        if not rule.has_derivative and interpreter(primals, context.floor) is evaluator:
            return fun(*operands)  # nobody can batch it any more
        outs, out_dots = self.apply_rule(rule, primitive, fun, primals, tangents)
        for x in outs:
            if type(x) is JVPTracer and x._trace is self:
                raise UnexpectedTracerError(
                    f"{rule.name}: the function closes over a value that is being "
                    f"differentiated, which its rule knows nothing of ({x.aval}). Pass "
                    "the value as an argument, or use closure_convert."
                )
        return [self.join(x, t) for x, t in zip(outs, out_dots, strict=True)]

    def apply_rule(self, rule, primitive, fun, primals, tangents):
        """Values and tangents of a function that brings its own rules."""
        return rule.forward(primitive, fun, primals, tangents)


def on_tape(x) -> bool:
    """Whether a value is on a tape, under whatever tracers of other traces."""
    if type(x) is TapeTracer:
        return True
    parts = ("tangent", "primal", "value", "raw") if isinstance(x, Tracer) else ()
    return any(on_tape(getattr(x, part, None)) for part in parts)


def jvp_flat(fun: Callable, primals: Sequence, tangents: Sequence):
    """Outputs of a flat function and their tangents, None where zero."""
    with JVPTrace() as trace:
        args = [trace.join(x, t) for x, t in zip(primals, tangents, strict=True)]
        return trace.results(fun(*args))


def jvp_jaxpr(closed: ClosedJaxpr, nonzero: tuple[bool, ...], instantiated=None):
    """The program of primals and tangents of another program.

    Args:
      closed: takes x; has no constants of its own.
      nonzero: which inputs have a tangent.
      instantiated: which outputs get a tangent even where it is zero; default none.

    Returns:
      A closed program that takes all primals, then the tangents of the inputs marked in
      `nonzero`, and returns all outputs, then the tangents of the outputs marked in the
      second result, a tuple of booleans.
    """
    instantiated = instantiated or (False,) * len(closed.jaxpr.outvars)
    key = ("jvp", nonzero, instantiated)
    return closed.remember(key, lambda: _jvp_jaxpr(closed, nonzero, instantiated))


def _jvp_jaxpr(closed, nonzero, instantiated):
    out_nonzero = ()

    def fun(*args):
        nonlocal out_nonzero
        count = len(nonzero)
        primals, given = args[:count], iter(args[count:])
        tangents = [next(given) if has else None for has in nonzero]
        outs, dots = jvp_flat(
            lambda *xs: eval_jaxpr(closed.jaxpr, closed.consts, *xs), primals, tangents
        )
        dots = [
            instantiate(t, x) if wanted and differentiable(x) else t
            for t, x, wanted in zip(dots, outs, instantiated, strict=True)
        ]
        out_nonzero = tuple([t is not None for t in dots])
        return [*outs, *[t for t in dots if t is not None]]

    avals = [v.aval for v in closed.jaxpr.invars]
    dots = [tangent_aval(a) for a, has in zip(avals, nonzero, strict=True) if has]
    return stage(fun, [*avals, *dots]), out_nonzero


def tangent_aval(aval):
    """The type of a tangent of values of a type; weak where the value is."""
    return aval.to_tangent_aval()


def differentiable(x) -> bool:
    """Whether values of this type have tangents other than float0."""
    aval = aval_of(x)
    return aval.to_tangent_aval().dtype == aval.dtype
