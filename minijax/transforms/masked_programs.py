"""Programs that take and return masked values: what `masks.py` does, ahead of time.

    { lambda ; c:bool[3] y:f32[3] r:f32[3]. let     from y masked by m, x unmasked:
        x:f32[3] = select_n c 0.0 y
        z:f32[3] = mul x r in (z,) }

    { lambda ; c y r m. let z = mul y r; d = and c m in (z, d) }

A masked result is returned as its value and a boolean array. The operations that hold
programs call these in their `mask` rules.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeGuard

from ..core.avals import ShapedArray
from ..core.jaxpr import ClosedJaxpr, Var, eval_jaxpr
from ..core.literal import aval_of
from ..core.trace import context, staging
from ..primitives.shape import broadcast_in_dim
from .masks import BOOL, Mask, MaskTrace, MaskTracer, booleans, is_zero
from .stage import StageTrace


class Kind(NamedTuple):
    """What is known of a masked value before it exists; plain values have None."""

    ndim: int  # of the mask: 0, or that of the value
    when: bool | None  # where the mask is this; None for a value that nothing masks yet
    clean: bool
    has_scalar: bool = False  # whether a scalar mask that contains it comes with it


def kind_of(trace: MaskTrace, x) -> Kind | None:
    """The kind of a value for one trace."""
    if not trace.owns(x):
        return None
    mask = x.mask
    if mask is None:
        return Kind(0, None, True)
    has_scalar = mask.ndim > 0 and mask.scalar is not None
    return Kind(mask.ndim, mask.when, x.clean, has_scalar)


def has_mask(kind: Kind | None) -> TypeGuard[Kind]:
    """Whether values of a kind come with a mask."""
    return kind is not None and kind.when is not None


def raw_values(trace: MaskTrace, operands: Sequence, kinds: Sequence) -> list:
    """The values of operands, then the masks of those whose kind has one."""
    values = [x.raw if trace.owns(x) else x for x in operands]
    for x, kind in zip(operands, kinds, strict=True):
        if has_mask(kind):
            values.append(x.mask.which)
            if kind.has_scalar:
                values.append(x.mask.scalar.array())
    return values


def _arguments(trace, masks, avals, kinds):
    """Inputs for values and masks, and the values with their masks."""
    args = [trace.argument(aval) for aval in avals]
    places = []
    operands: list = []
    for x, kind in zip(args, kinds, strict=True):
        if kind is None:
            operands.append(x)
        elif kind.when is None:
            operands.append(masks.open(x))
        else:
            shape = x.shape if kind.ndim else ()
            which = trace.argument(ShapedArray(shape, BOOL))
            places.append(which)
            scalar = None
            if kind.has_scalar:
                places.append(trace.argument(ShapedArray((), BOOL)))
                scalar = Mask(places[-1], 0)
            mask = Mask(which, kind.ndim, kind.when, scalar)
            operands.append(MaskTracer(masks, x, mask, kind.clean))
    return [*args, *places], operands


# For programs that run as they are


class _Result(NamedTuple):
    """Where a result is: the place of an input, or minus one minus that of an output.

    The same for its mask and the scalar mask, if its kind says that it has them.
    """

    value: int
    mask: int
    scalar: int
    kind: Kind | None


class MaskedProgram(NamedTuple):
    """A program of values, then masks, and where its results are."""

    closed: ClosedJaxpr
    kinds: tuple[Kind | None, ...]
    results: list[_Result]

    def call(self, trace: MaskTrace, operands: Sequence, bind: Callable) -> list:
        """The results for operands some of which are masked.

        Those that are inputs, as the value and mask of a select are, need no call.

        Args:
          bind: `bind(closed, operands)` calls a program.
        """
        closed = self.closed
        inputs = raw_values(trace, operands, self.kinds)
        outs = bind(closed, inputs) if closed.out_avals or closed.effects else []

        def at(place):
            return inputs[place] if place >= 0 else outs[-place - 1]

        def result(x, which, scalar, kind):
            if not has_mask(kind):
                return at(x)
            scalar = Mask(at(scalar), 0) if kind.has_scalar else None
            mask = Mask(at(which), kind.ndim, kind.when, scalar)
            return MaskTracer(trace, at(x), mask, kind.clean)

        return [result(*found) for found in self.results]


def stage_masked(fun: Callable, avals: Sequence, kinds: Sequence) -> MaskedProgram:
    """Stage `fun(masks, *operands)`, a function of masked values, and their trace."""
    trace = StageTrace()
    with staging(trace):
        masks = MaskTrace(context.depth + 0.5)
        inputs, operands = _arguments(trace, masks, avals, kinds)
        positions = {x.variable: k for k, x in enumerate(inputs)}
        outputs: list = []

        def place_of(x):
            atom = trace.atom(x)
            if type(atom) is Var and atom in positions:
                return positions[atom]
            outputs.append(x)
            return -len(outputs)

        results = []
        for x in map(masks.close, fun(masks, *operands)):
            kind = kind_of(masks, x)
            mask = scalar = 0
            if has_mask(kind):
                mask = place_of(x.mask.which)
                if kind.has_scalar:
                    scalar = place_of(x.mask.scalar.array())
                x = x.raw
            results.append(_Result(place_of(x), mask, scalar, kind))
        return MaskedProgram(trace.close(inputs, outputs), tuple(kinds), results)


def call_masked(trace: MaskTrace, closed: ClosedJaxpr, operands, bind: Callable):
    """The results of a program on values some of which are masked.

    Args:
      bind: `bind(closed, operands)` calls a program.
    """
    kinds = tuple([kind_of(trace, x) for x in operands])

    def make():
        def run(masks, *xs):
            return eval_jaxpr(closed.jaxpr, closed.consts, *xs)

        return stage_masked(run, closed.in_avals, kinds)

    program = closed.remember(("called masked", kinds), make)
    return program.call(trace, operands, bind)


# For bodies of loops and branches


def masked_jaxpr(closed: ClosedJaxpr, kinds: tuple, wanted: tuple[bool, ...]):
    """A program that also takes and returns masks.

    Args:
      kinds: those of the inputs.
      wanted: the results whose masks are returned, in the shape of their values.

    Returns the program of values, then masks of inputs, which returns values, then
    masks of results.
    """
    return closed.remember(
        ("masked", kinds, wanted), lambda: _masked_jaxpr(closed, kinds, wanted)
    )


def _masked_jaxpr(closed, kinds, wanted):
    trace = StageTrace()
    with staging(trace):
        masks = MaskTrace(context.depth + 0.5)
        inputs, operands = _arguments(trace, masks, closed.in_avals, kinds)
        outs = eval_jaxpr(closed.jaxpr, closed.consts, *operands)
        values, places = [], []
        for x, on in zip(outs, wanted, strict=True):
            if not on:
                values.append(masks.settle(x))
                continue
            values.append(x.raw if masks.owns(x) else x)
            places.append(whole_mask(mask_of(masks, x), aval_of(x).shape))
        return trace.close(inputs, [*values, *places])


def mask_of(trace: MaskTrace, x) -> Mask | bool:
    """The mask of a value; True where it may be anything, False where it is zero."""
    if trace.owns(x) and x.mask is not None:
        return x.mask
    return not is_zero(x)


def whole_mask(mask, shape):
    """A mask as an array of the shape of its value."""
    which = booleans(mask)
    return broadcast_in_dim(which, shape, range(aval_of(which).ndim))
