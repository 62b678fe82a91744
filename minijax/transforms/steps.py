"""Steps: what un-jitted `linearize` does with one operation, as two programs.

Outside `jit` the same operations come again and again on arrays of the same types. The
first time, an operation is split into programs as `linearize_jaxpr` splits any:

    known      x -> y, c            its value, and what the derivative needs of x
    backward   c, y_bar -> x_bar    the transpose of its linear part

From then on it costs one execution forward, one entry on the tape, and one execution
backward, and no rule runs in Python.

Steps are for operations on arrays that are all on a device. Programs other than calls,
operations with effects have none: their rules are applied as they are inside `jit`.
"""

from ..config import state
from ..core.jaxpr import single_equation
from ..core.literal import aval_of
from ..core.primitive import registry
from ..core.source import user_frame
from ..core.trace import context, evaluator
from .masks import MaskTracer, holds_choice
from .tape import Entry, TapeTracer


class Steps:
    """The steps made so far, found by operation, params and kinds of operands."""

    def __init__(self, split, transpose, pull_masked):
        """Take `linearize_jaxpr`, `transpose_jaxpr` and `pull_masked`.

        They stand above this file.
        """
        self._split = split
        self._transpose = transpose
        self._pull_masked = pull_masked
        self._table = evaluator.table()

    def find(self, primitive, primals, tangents, params):
        """The step of an operation, None if it has none.

        Args:
          primals: the operands, arrays or anything else.
          tangents: for each operand its tangent, or None.
        """
        marks = [getattr(x, "_kind", None) for x in primals]
        if None in marks:
            return None
        for t in tangents:
            if t is None:
                marks.append(False)
            elif type(t) is TapeTracer:
                marks.append(True)
            else:
                return None
        table = self._table
        if primitive.linearize is not None:
            if primitive is not registry["jit"]:
                return None
            table = params["jaxpr"].remember(("steps", evaluator.generation), dict)
        key = (primitive, state.dispatch_key, *marks, *params.items())
        try:
            return table[key]
        except KeyError:
            found = table[key] = self._make(primitive, primals, tangents, params)
            return found
        except TypeError:  # a parameter that cannot be hashed
            return None

    def _make(self, primitive, primals, tangents, params):
        if primitive.effects_of(params) or (primitive.jvp is None):
            return None
        if primitive.linearize is None:
            avals = tuple([aval_of(x) for x in primals])
            closed = single_equation(primitive, avals, params)
        else:
            closed = params["jaxpr"]
        active = tuple([t is not None for t in tangents])
        known, linear, forwards, out_active = self._split(closed, active)
        name = params.get("name", primitive.name)
        return Step(
            evaluator.prepare(known, primals, name),
            {"name": name, "jaxpr": linear},
            active,
            forwards,
            out_active,
            self._transpose,
            self._pull_masked,
        )


class Step:
    """One operation on operands of given kinds, split into its two programs."""

    __slots__ = (
        "backward",
        "chooses",
        "dot_avals",
        "known",
        "linear_part",
        "out_active",
        "params",
        "pull_masked",
        "residuals",
        "transpose",
    )

    def __init__(
        self, known, params, active, forwards, out_active, transpose, pull_masked
    ):
        self.known = known  # a function of the primals
        self.params = params  # of the call of the linear part
        self.out_active = out_active
        self.transpose = transpose
        self.pull_masked = pull_masked
        self.dot_avals = params["jaxpr"].out_avals
        self.chooses = holds_choice(params["jaxpr"])
        inputs = len(params["jaxpr"].jaxpr.invars)
        count = len(forwards)
        # Places of the residuals among the primals, the results and what follows them.
        after = len(active) + len(out_active)
        self.residuals = [k if k >= 0 else after - k - 1 for k in forwards]
        self.linear_part = (False,) * count + (True,) * (inputs - count)
        self.backward: dict = {}

    def take(self, tape, primals, tangents):
        """Compute the results, and record the linear part on the tape.

        Returns the values and their tangents, None where zero.
        """
        values = [*primals, *self.known(primals)]
        first = len(primals)
        outs = values[first : first + len(self.out_active)]
        if not self.dot_avals:
            return outs, [None] * len(outs)
        operands = [values[k] for k in self.residuals]
        operands.extend([t for t in tangents if t is not None])
        dots = [TapeTracer(tape, aval) for aval in self.dot_avals]
        source = context.source or user_frame(5)
        tape.entries.append(StepEntry(self, operands, dots, source))
        if len(dots) == len(outs):
            return outs, dots
        given = iter(dots)
        return outs, [next(given) if on else None for on in self.out_active]

    def find_backward(self, nonzero, values):
        """The backward program as a function of residuals and cotangents.

        Returns it, None if it has no results, and which tangents it is for.
        """
        program, out_nonzero = self.transpose(
            self.params["jaxpr"], self.linear_part, nonzero
        )
        run = None
        if any(out_nonzero):
            run = evaluator.prepare(program, values, self.params["name"])
        return run, out_nonzero

    def run(self, program, values):
        """Run a program made of the backward program on values like these."""
        kinds = [getattr(x, "_kind", None) for x in values]
        if None in kinds or state.dispatch_key is None:
            return registry["jit"].bind(*values, **{**self.params, "jaxpr": program})
        key = (state.dispatch_key, program, *kinds)
        found = self.backward.get(key)
        if found is None:
            name = self.params["name"]
            found = self.backward[key] = evaluator.prepare(program, values, name)
        return found(values)


class StepEntry(Entry):
    """The linear part of a step on a tape: a call that knows its compiled transpose."""

    __slots__ = ("step",)

    def __init__(self, step, operands, outs, source):
        Entry.__init__(self, registry["jit"], operands, step.params, outs, source)
        self.step = step

    def chooses(self) -> bool:
        return self.step.chooses

    def transpose(self, tape, ct):
        options = state.dispatch_key
        kinds = [None if x is None else getattr(x, "_kind", 0) for x in ct]
        if options is None or 0 in kinds:
            if options is not None and any(type(x) is MaskTracer for x in ct):
                return self._transpose_masked(ct)
            return Entry.transpose(self, tape, ct)
        step = self.step
        values = self.operands[: len(step.residuals)]
        values.extend([x for x in ct if x is not None])
        key = (options, *kinds)
        found = step.backward.get(key)
        if found is None:
            nonzero = tuple([x is not None for x in ct])
            found = step.backward[key] = step.find_backward(nonzero, values)
        run, out_nonzero = found
        bars = iter(run(values) if run is not None else ())
        return [
            *[None] * len(step.residuals),
            *[next(bars) if has else None for has in out_nonzero],
        ]

    def _transpose_masked(self, ct):
        """The same for cotangents some of which are masked."""
        step = self.step
        fixed = self.operands[: len(step.residuals)]
        bars = step.pull_masked(
            step.params["jaxpr"], step.linear_part, fixed, ct, step.run
        )
        return [*[None] * len(fixed), *bars]
