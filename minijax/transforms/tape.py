"""The tape: a list of linear steps that can be run forward, backward, or written down.

`linearize` records the linear part of a function on a tape while the function runs. An
entry is a primitive that is linear in its tape operands; its other operands are plain
values, computed already. From one tape come

    push      x_dot -> A x_dot        forward, step by step
    pull      y_bar -> A^T y_bar      backward, by the transpose rules
    to_jaxpr  the same steps as a program, plain operands as inputs
"""

from collections.abc import Sequence

from ..config import state
from ..core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var
from ..core.literal import Literal, aval_of, zeros_of
from ..core.rules import Linear
from ..core.source import user_frame
from ..core.trace import Trace, Tracer, context
from .masks import MaskTrace, chooses


class TapeTracer(Tracer):
    """A value that depends linearly on the inputs of a tape."""

    __slots__ = ()

    def name(self):
        return "a tangent"


class Entry:
    """One linear step: outs = primitive[params] operands."""

    __slots__ = ("operands", "outs", "params", "primitive", "source")

    def __init__(self, primitive, operands, params, outs, source):
        self.primitive = primitive
        self.operands = operands
        self.params = params
        self.outs = outs
        self.source = source

    def chooses(self) -> bool:
        """Whether it may put zeros in the place of some elements (`masks.py`)."""
        return chooses(self.primitive, self.params)

    def transpose(self, tape, ct):
        """Cotangents of the operands, None for those that are not on the tape."""
        rule = self.primitive.transpose
        if rule is None:
            raise self.primitive.missing("transpose", self.operands)
        args = [
            Linear(x.aval) if type(x) is TapeTracer and x._trace is tape else x
            for x in self.operands
        ]
        return rule(ct, *args, **self.params)


class Tape(Trace):
    """Records the operations that touch its tracers."""

    verb = "by linearize"

    def __init__(self):
        self.entries: list[Entry] = []

    def input(self, aval) -> TapeTracer:
        """A new input of the linear function."""
        return TapeTracer(self, aval)

    def process(self, primitive, operands, params):
        avals = tuple([aval_of(x) for x in operands])
        out = primitive.infer(avals, params)
        if primitive.multiple_results:
            result = outs = [TapeTracer(self, aval) for aval in out]
        else:
            result = TapeTracer(self, out)
            outs = (result,)
        source = context.source or user_frame(3)
        self.entries.append(Entry(primitive, operands, params, outs, source))
        return result

    def process_custom(self, primitive, fun, rule, operands):
        return fun(*operands)

    def owns(self, x) -> bool:
        """Whether a value depends on the inputs of this tape."""
        return type(x) is TapeTracer and x._trace is self

    def live_entries(self, results) -> list[Entry]:
        """The entries that the results depend on, in order."""
        needed = {id(x) for x in results if self.owns(x)}
        live = []
        for entry in reversed(self.entries):
            if any(id(x) in needed for x in entry.outs):
                live.append(entry)
                needed.update(id(x) for x in entry.operands if self.owns(x))
        live.reverse()
        return live

    def push(self, inputs: Sequence, x_dots: Sequence, results: Sequence) -> list:
        """Run forward: the results for given values of the inputs."""
        values = {id(x): t for x, t in zip(inputs, x_dots, strict=True)}
        masks = MaskTrace(context.depth + 0.5)
        for entry in self.live_entries(results):
            masked = state.nan_safe and entry.chooses()
            operands = [
                self._value(values, x, masks if masked else None) if self.owns(x) else x
                for x in entry.operands
            ]
            out = entry.primitive.bind(*operands, **entry.params)
            outs = out if entry.primitive.multiple_results else (out,)
            values.update((id(x), y) for x, y in zip(entry.outs, outs, strict=True))
        return [
            masks.settle(self._value(values, x)) if self.owns(x) else x for x in results
        ]

    @staticmethod
    def _value(values, x, masks=None):
        value = values.get(id(x))
        if value is None:
            return zeros_of(x.aval)
        return value if masks is None else masks.open(value)

    def pull(
        self, inputs: Sequence, results: Sequence, cts: Sequence, masks=None
    ) -> list:
        """Run backward: cotangents of the inputs from those of the results.

        A cotangent None is zero, in arguments and results alike.

        Args:
          masks: a trace whose masks the cotangents may have; by default those given
            have none, and those returned have been cut.
        """
        settling = masks is None
        bars: dict[int, object] = {}
        for x, ct in zip(results, cts, strict=True):
            if ct is not None and self.owns(x):
                known = bars.get(id(x))
                bars[id(x)] = ct if known is None else known + ct
        source = context.source
        if settling and state.nan_safe:
            masks = MaskTrace(context.depth + 0.5)
        try:
            for entry in reversed(self.entries):
                outs = entry.outs
                primitive = entry.primitive
                if primitive.multiple_results:
                    ct = [bars.pop(id(x), None) for x in outs]
                    if all(c is None for c in ct):
                        continue
                else:
                    ct = bars.pop(id(outs[0]), None)
                    if ct is None:
                        continue
                context.source = entry.source
                if masks is not None and entry.chooses():
                    many = primitive.multiple_results
                    ct = [*map(masks.open, ct)] if many else masks.open(ct)
                self._pull_entry(entry, ct, bars)
        finally:
            context.source = source
        found = [bars.get(id(x)) for x in inputs]
        return [*map(masks.settle, found)] if settling and masks is not None else found

    def _pull_entry(self, entry, ct, bars):
        operands = entry.operands
        for x, bar in zip(operands, entry.transpose(self, ct), strict=True):
            if bar is not None and type(x) is TapeTracer and x._trace is self:
                known = bars.get(id(x))
                bars[id(x)] = bar if known is None else known + bar

    def to_jaxpr(self, inputs: Sequence, results: Sequence):
        """The tape as a program of its plain operands, then its inputs.

        Returns the closed program and the values of the plain operands (residuals).
        """
        variables = {id(x): Var(x.aval) for x in inputs}
        residuals: dict[int, tuple[Var, object]] = {}

        def atom(x):
            if self.owns(x):
                if id(x) not in variables:  # not reached by any entry: zero
                    return zeros_of(x.aval)
                return variables[id(x)]
            if type(x) is Literal:
                return x
            if id(x) not in residuals:
                residuals[id(x)] = (Var(aval_of(x)), x)
            return residuals[id(x)][0]

        eqns = []
        for entry in self.live_entries(results):
            invars = [atom(x) for x in entry.operands]
            outvars = [Var(x.aval) for x in entry.outs]
            variables.update(
                (id(x), v) for x, v in zip(entry.outs, outvars, strict=True)
            )
            eqns.append(
                Eqn(entry.primitive, invars, entry.params, outvars, entry.source)
            )
        outvars = [atom(x) for x in results]
        pairs = list(residuals.values())
        invars = [v for v, _ in pairs] + [variables[id(x)] for x in inputs]
        return ClosedJaxpr(Jaxpr([], invars, outvars, eqns)), [x for _, x in pairs]
