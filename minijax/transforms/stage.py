"""Stage a Python function into a jaxpr: run it once on tracers and write down each
step.

    stage(lambda x: sin(x) * 2.0, [f32[3]])

gives

    { lambda ; a:f32[3]. let b:f32[3] = sin a; c:f32[3] = mul b 2.0:f32[] in (c,) }

Everything that happens while the function runs is staged, also operations on constants.
Arrays and outer tracers that the function closes over become constants of the program.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..config import state
from ..core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var, check_jaxpr
from ..core.leaks import check_leaks
from ..core.literal import Literal, aval_of, literal, python_scalar
from ..core.primitive import check_alive
from ..core.source import user_frame
from ..core.trace import Trace, Tracer, context, staging


class StageTracer(Tracer):
    """A variable of the program that is being written."""

    __slots__ = ("variable",)

    def __init__(self, trace, var):
        self._trace = trace
        self.aval = var.aval
        self.variable = var

    def origin(self):
        source = self._trace.source_of(self.variable)
        return f"{self._trace.verb}{f' at {source}' if source else ''}"

    def name(self):
        return self._trace.argument_names.get(self.variable, "a value")


class StageTrace(Trace):
    """Writes one equation per primitive."""

    def __init__(self, verb="", argument_names=()):
        self.verb = verb
        self.names = argument_names
        self.argument_names: dict[Var, str] = {}
        self.eqns: list[Eqn] = []
        self.constants: dict[int, tuple[Var, Any]] = {}
        self.effects: set = set()

    def argument(self, aval, name=None) -> StageTracer:
        """A new input of the program."""
        var = Var(aval)
        if name:
            self.argument_names[var] = name
        return StageTracer(self, var)

    def process(self, primitive, operands, params):
        atoms = [
            x.variable if type(x) is StageTracer and x._trace is self else self.atom(x)
            for x in operands
        ]
        avals = tuple([x.aval for x in atoms])
        out = primitive.infer(avals, params)
        source = context.source or user_frame(3)
        if primitive.multiple_results:
            outvars = [Var(aval) for aval in out]
            result = [StageTracer(self, v) for v in outvars]
        else:
            var = Var(out)
            outvars = [var]
            result = StageTracer(self, var)
        self.eqns.append(Eqn(primitive, atoms, params, outvars, source, context.names))
        if primitive.effects:
            self.effects.update(primitive.effects_of(params))
        return result

    def process_custom(self, primitive, fun, rule, operands):
        return primitive.stage(self, fun, rule, operands)

    def atom(self, x):
        """The variable or literal that stands for a value in this program."""
        if type(x) is StageTracer and x._trace is self:
            return x.variable
        if type(x) is Literal:
            return x
        if isinstance(x, bool | int | float | complex) and not isinstance(
            x, np.generic
        ):
            return python_scalar(x)
        aval = aval_of(x)
        if isinstance(x, np.ndarray | np.generic):
            if aval.ndim == 0:
                return literal(x, aval)
            x = np.asarray(x, aval.dtype)
        found = self.constants.get(id(x))
        if found is None:
            check_alive(x)
            found = self.constants[id(x)] = (Var(aval), x)
        return found[0]

    def setter_of(self, var):
        """The equation that made a variable, if one did."""
        for eqn in reversed(self.eqns):
            if var in eqn.outvars:
                return eqn
        return None

    def source_of(self, var):
        """The user's line that made a variable, if an equation did."""
        setter = self.setter_of(var)
        return None if setter is None else setter.source

    def tracer_of(self, atom):
        """A variable or literal of this program as an operand."""
        return atom if type(atom) is Literal else StageTracer(self, atom)

    def close(self, arguments: Sequence[StageTracer], results: Sequence) -> ClosedJaxpr:
        """The finished program with the given inputs and outputs."""
        outvars = [self.atom(x) for x in results]
        constants = list(self.constants.values())
        jaxpr = Jaxpr(
            [v for v, _ in constants],
            [x.variable for x in arguments],
            outvars,
            self.eqns,
            frozenset(self.effects),
        )
        return ClosedJaxpr(jaxpr, [c for _, c in constants])


def stage(fun: Callable, avals: Sequence, verb="", names=()) -> ClosedJaxpr:
    """The program of a function of flat arguments that returns a flat sequence.

    Args:
      fun: takes one value per aval, returns a sequence of values.
      avals: the types of the arguments.
      verb: what to say of its tracers in errors, `by jit in loss`.
      names: the user's names of the arguments, for errors.
    """
    if state.no_tracing:
        raise RuntimeError(
            f"re-tracing {verb or 'a function'}, but 'no_tracing' is set. Call it with "
            "arguments of the same types, and the same static values, before."
        )
    trace = StageTrace(verb)
    names = names or (None,) * len(avals)
    with staging(trace):
        arguments = [trace.argument(a, n) for a, n in zip(avals, names, strict=True)]
        results = fun(*arguments)
        closed = trace.close(arguments, results)
    if state.check_tracer_leaks:
        del arguments, results
        check_leaks(trace)
    if state.enable_checks:
        check_jaxpr(closed)
    return closed


def hoist(closed: ClosedJaxpr) -> tuple[ClosedJaxpr, list]:
    """The same program with its constants as leading arguments, and the constants."""
    if not closed.consts:
        return closed, []
    jaxpr = closed.jaxpr
    flat = jaxpr.replace(constvars=[], invars=[*jaxpr.constvars, *jaxpr.invars])
    return ClosedJaxpr(flat), closed.consts
