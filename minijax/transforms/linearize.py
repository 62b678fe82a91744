"""Linearize: compute a function once, keeping its derivative as a tape.

    y = sin x      computes      y = sin x;  c = cos x      and records      y_dot =
    x_dot c

The jvp rule of each primitive runs once. What it computes from primals is evaluated (or
staged) as it goes; what touches a tangent is recorded. Nothing is traced twice, and
Python sees concrete primals wherever nobody stages.
"""

from collections.abc import Callable, Sequence

from ..config import state
from ..core.jaxpr import ClosedJaxpr, Var, eval_jaxpr
from ..core.literal import aval_of
from ..core.rules import is_linear
from ..core.trace import staging
from .jvp import JVPTrace, tangent_aval
from .masked_programs import kind_of, stage_masked
from .masks import MaskTracer
from .stage import StageTrace, stage
from .steps import Steps
from .tape import Tape


class LinearizeTrace(JVPTrace):
    """Forward mode whose tangents live on a tape."""

    verb = "by grad"

    def __init__(self, tape):
        self.tape = tape

    def process(self, primitive, operands, params):
        primals, tangents = self.split(operands)
        if state.dispatch_key is not None:
            step = steps.find(primitive, primals, tangents, params)
            if step is not None:
                return self._take(step, primitive, primals, tangents)
        rule = primitive.linearize
        if rule is None:
            return self.push(primitive, primals, tangents, params)
        if all(t is None for t in tangents):
            return primitive.bind(*primals, **params)
        outs, out_dots = rule(self, primals, tangents, **params)
        if primitive.multiple_results:
            return [self.join(x, t) for x, t in zip(outs, out_dots, strict=True)]
        return self.join(outs, out_dots)

    def _take(self, step, primitive, primals, tangents):
        outs, out_dots = step.take(self.tape, primals, tangents)
        joined = [self.join(x, t) for x, t in zip(outs, out_dots, strict=True)]
        return joined if primitive.multiple_results else joined[0]

    def apply_rule(self, rule, primitive, fun, primals, tangents):
        return rule.linearized(primitive, fun, primals, tangents)


class Linearized:
    """Outputs of a function at a point, and its derivative there as a tape.

    Attributes:
      outs: the values.
      inputs: tape tracers of the inputs, None for those held fixed.
      out_dots: tape tracers of the outputs, None where the derivative is zero.
    """

    __slots__ = ("inputs", "out_dots", "outs", "tape")

    def __init__(self, tape, inputs, outs, out_dots):
        self.tape = tape
        self.inputs = inputs
        self.outs = outs
        self.out_dots = out_dots

    def push(self, x_dots: Sequence) -> list:
        """Tangents of the outputs; a tangent None is zero."""
        pairs = [
            (x, t)
            for x, t in zip(self.inputs, x_dots, strict=True)
            if x is not None and t is not None
        ]
        inputs = [x for x, _ in pairs]
        return self.tape.push(inputs, [t for _, t in pairs], self.out_dots)

    def pull(self, cts: Sequence) -> list:
        """Cotangents of the inputs; None is zero."""
        inputs = [x for x in self.inputs if x is not None]
        bars = iter(self.tape.pull(inputs, self.out_dots, cts))
        return [None if x is None else next(bars) for x in self.inputs]


def linearize_flat(fun: Callable, primals: Sequence, active: Sequence[bool]):
    """Run a flat function at a point and record its derivative.

    Args:
      fun: takes the primals, returns a sequence.
      primals: the point.
      active: which primals are differentiated.
    """
    with Tape() as tape, LinearizeTrace(tape) as trace:
        inputs = [
            tape.input(tangent_aval(aval_of(x))) if on else None
            for x, on in zip(primals, active, strict=True)
        ]
        args = [trace.join(x, t) for x, t in zip(primals, inputs, strict=True)]
        outs, out_dots = trace.split(fun(*args))
    return Linearized(tape, inputs, outs, out_dots)


def linearize_jaxpr(closed: ClosedJaxpr, active: tuple[bool, ...]):
    """Split a program into its values and its derivative.

    Returns `(known, linear, forwards, out_active)`:

      known: takes x, returns all outputs, then new residuals.
      linear: takes residuals, then the tangents of active inputs; returns the tangents
        of the outputs marked in `out_active`.
      forwards: for each residual of `linear`, the position of the input of `known` that
        it is, or minus one minus the position among the new residuals.
    """
    return closed.remember(
        ("linearize", active), lambda: _linearize_jaxpr(closed, active)
    )


def _linearize_jaxpr(closed, active):
    trace = StageTrace()
    with staging(trace):
        args = [trace.argument(v.aval) for v in closed.jaxpr.invars]
        result = linearize_flat(
            lambda *xs: eval_jaxpr(closed.jaxpr, closed.consts, *xs), args, active
        )
        out_active = tuple([t is not None for t in result.out_dots])
        out_dots = [t for t in result.out_dots if t is not None]
        inputs = [t for t in result.inputs if t is not None]
        linear, residuals = result.tape.to_jaxpr(inputs, out_dots)
        positions = {id(x.variable): k for k, x in enumerate(args)}
        forwards = []
        fresh = []
        for x in residuals:
            atom = trace.atom(x)
            if type(atom) is Var and id(atom) in positions:
                forwards.append(positions[id(atom)])
            else:
                fresh.append(x)
                forwards.append(-len(fresh))
        known = trace.close(args, [*result.outs, *fresh])
    return known, linear, tuple(forwards), out_active


def linearize_call(bind, closed, primals, tangents, bind_linear=None):
    """The linearize rule of a primitive that calls one program.

    Args:
      bind: `bind(closed, operands)` applies the primitive to another program.
      primals, tangents: as the rule receives them.
    """
    active = tuple([t is not None for t in tangents])
    known, linear, forwards, out_active = linearize_jaxpr(closed, active)
    results = bind(known, primals)
    count = len(closed.jaxpr.outvars)
    outs, fresh = results[:count], results[count:]
    residuals = [primals[k] if k >= 0 else fresh[-k - 1] for k in forwards]
    given = [t for t in tangents if t is not None]
    dots = iter((bind_linear or bind)(linear, [*residuals, *given]))
    return outs, [next(dots) if on else None for on in out_active]


def transpose_jaxpr(closed: ClosedJaxpr, linear: tuple, nonzero: tuple):
    """The transpose of a program in the inputs marked `linear`.

    Args:
      nonzero: which outputs have a cotangent.

    Returns a closed program that takes the other inputs, then the cotangents, and
    returns the cotangents of the linear inputs marked in the second result.
    """
    return closed.remember(
        ("transpose", linear, nonzero),
        lambda: _transpose_jaxpr(closed, linear, nonzero),
    )


def _transpose_jaxpr(closed, linear, nonzero):
    out_nonzero = ()
    avals = [v.aval for v in closed.jaxpr.invars]
    fixed = [a for a, is_linear in zip(avals, linear, strict=True) if not is_linear]
    cts = [
        tangent_aval(v.aval)
        for v, has in zip(closed.jaxpr.outvars, nonzero, strict=True)
        if has
    ]

    def fun(*args):
        nonlocal out_nonzero
        given = iter(args[len(fixed) :])
        cotangents = [next(given) if has else None for has in nonzero]
        bars = transpose_flat(
            lambda *xs: eval_jaxpr(closed.jaxpr, closed.consts, *xs),
            _merge(linear, avals, args[: len(fixed)]),
            linear,
            cotangents,
        )
        out_nonzero = tuple([bar is not None for bar in bars])
        return [bar for bar in bars if bar is not None]

    transposed = stage(fun, [*fixed, *cts])
    return transposed, out_nonzero


def _merge(linear, avals, fixed):
    given = iter(fixed)
    return [
        aval if is_linear else next(given)
        for aval, is_linear in zip(avals, linear, strict=True)
    ]


def pull_masked(closed: ClosedJaxpr, linear: tuple, fixed, cts, bind: Callable) -> list:
    """Cotangents of the linear inputs of a program from cotangents that are masked.

    Args:
      linear: which inputs are linear.
      fixed: values of the others.
      cts: one cotangent per output, None where zero; at least one is masked, or open.
      bind: `bind(closed, operands)` calls a program.
    """
    trace = next(x._trace for x in cts if type(x) is MaskTracer)
    kinds = tuple([False if x is None else kind_of(trace, x) for x in cts])
    program, out_nonzero = closed.remember(
        ("masked transpose", linear, kinds),
        lambda: _masked_transpose(closed, linear, kinds),
    )
    operands = [*fixed, *[x for x in cts if x is not None]]
    bars = iter(program.call(trace, operands, bind))
    return [next(bars) if has else None for has in out_nonzero]


def _masked_transpose(closed, linear, kinds):
    out_nonzero = ()
    avals = closed.in_avals
    fixed = [a for a, is_linear in zip(avals, linear, strict=True) if not is_linear]
    given = [k for k, kind in enumerate(kinds) if kind is not False]

    def fun(masks, *args):
        nonlocal out_nonzero
        cts = dict(zip(given, args[len(fixed) :], strict=True))
        bars = transpose_flat(
            lambda *xs: eval_jaxpr(closed.jaxpr, closed.consts, *xs),
            _merge(linear, avals, args[: len(fixed)]),
            linear,
            [cts.get(k) for k in range(len(kinds))],
            masks,
        )
        out_nonzero = tuple([bar is not None for bar in bars])
        return [bar for bar in bars if bar is not None]

    program = stage_masked(
        fun,
        [*fixed, *[tangent_aval(closed.out_avals[k]) for k in given]],
        [*[None] * len(fixed), *[kinds[k] for k in given]],
    )
    return program, out_nonzero


def transpose_flat(
    fun: Callable, args: Sequence, linear: Sequence[bool], cts, masks=None
):
    """Cotangents of the linear arguments of a flat function.

    Args:
      args: values, and avals in the place of linear arguments.
      cts: one cotangent per output, None where zero.
      masks: a trace whose masks the results may have; by default they have none.
    """
    with Tape() as tape:
        inputs = [
            tape.input(x) if is_linear else x
            for x, is_linear in zip(args, linear, strict=True)
        ]
        outs = fun(*inputs)
    marked = [x for x, is_linear in zip(inputs, linear, strict=True) if is_linear]
    return tape.pull(marked, outs, cts, masks)


def transpose_call(bind, closed, cts, operands):
    """The transpose rule of a primitive that calls one program."""
    linear = tuple([is_linear(x) for x in operands])
    fixed = [x for x in operands if not is_linear(x)]
    if any(type(x) is MaskTracer for x in cts):
        bars = iter(pull_masked(closed, linear, fixed, cts, bind))
        return [next(bars) if is_lin else None for is_lin in linear]
    nonzero = tuple([ct is not None for ct in cts])
    transposed, out_nonzero = transpose_jaxpr(closed, linear, nonzero)
    results = iter(bind(transposed, [*fixed, *[ct for ct in cts if ct is not None]]))
    bars = iter([next(results) if has else None for has in out_nonzero])
    return [next(bars) if is_lin else None for is_lin in linear]


steps = Steps(linearize_jaxpr, transpose_jaxpr, pull_masked)
