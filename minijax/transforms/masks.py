"""Masks: selects of tangents and cotangents are put off until the value is used up.

    x_bar = mul (select c y_bar 0) r     becomes     x_bar = select c (mul y_bar r) 0

Where c does not hold, r may be infinite or NaN: it is the slope of a branch that was
not taken. Multiplied by a zero it would give NaN; cut off afterwards it does no harm.

A tracer holds a value, computed as if nothing had been masked, and a mask: the value
meant is zero outside. Operations that are linear in it act on the value and carry the
mask along; before any other the select is made. A select of a tangent is therefore
written once, as without masks, only later: behind the multiplications.

The argument, and what else was tried: docs/design/nan-safe.md.
"""

import functools
import math
from collections.abc import Callable

import numpy as np

from ..core.avals import ShapedArray
from ..core.jaxpr import ClosedJaxpr, subjaxprs
from ..core.literal import Literal, aval_of, literal, zeros_of
from ..core.rules import like
from ..core.trace import Trace, Tracer
from ..primitives import elementwise
from ..primitives.contract import dot_general_p
from ..primitives.convolve import conv_general_dilated_p
from ..primitives.cumulative import cumsum_p
from ..primitives.fft import fft_p
from ..primitives.gather import gather_p
from ..primitives.index import dynamic_slice_p, dynamic_update_slice_p
from ..primitives.linalg import triangular_solve_p
from ..primitives.reduce import reduce_or
from ..primitives.scatter import scatter_add_p
from ..primitives.shape import (
    broadcast_in_dim,
    broadcast_in_dim_p,
    copy_p,
    reduce_sum_p,
    reshape_p,
    rev_p,
    transpose_p,
)
from ..primitives.slicing import concatenate_p, pad_p, slice_p, split_p
from ..primitives.windows import reduce_window_sum_p
from .stage import StageTracer

BOOL = np.dtype(bool)

# The operations whose derivative chooses between tangents.
CHOICES = frozenset(
    {elementwise.select_n_p, elementwise.clamp_p, elementwise.max_p, elementwise.min_p}
)


def chooses(primitive, params) -> bool:
    """Whether the derivative of an operation may choose between tangents."""
    if primitive in CHOICES:
        return True
    if primitive.mask is None:
        return False
    programs = (x if isinstance(x, tuple) else (x,) for x in params.values())
    return any(holds_choice(x) for xs in programs for x in xs if type(x) is ClosedJaxpr)


def holds_choice(closed: ClosedJaxpr) -> bool:
    """Whether a choice is among the operations of a program."""
    return closed.remember("holds choice", lambda: _holds_choice(closed.jaxpr))


def _holds_choice(jaxpr):
    return any(
        eqn.primitive in CHOICES or any(map(_holds_choice, subjaxprs(eqn)))
        for eqn in jaxpr.eqns
    )


class Mask:
    """The places where a value may differ from zero: where `which` is `when`.

    `which` is a boolean array of the value's shape, or a scalar. It may be given as a
    function that makes it: many masks are never looked at. `scalar` is a scalar mask
    without which there is nothing inside this one, if such a mask is known: it is what
    remains when elements are mixed.
    """

    __slots__ = ("_scalar", "_which", "ndim", "when")

    def __init__(self, which, ndim, when=True, scalar=None):
        self._which = which
        self.ndim = ndim
        self.when = when
        self._scalar = scalar

    @property
    def scalar(self):
        return self if self.ndim == 0 else self._scalar

    @property
    def which(self):
        if isinstance(self._which, Callable):
            self._which = self._which()
        return self._which

    def array(self):
        """The booleans that are true inside."""
        return self.which if self.when else elementwise.bitwise_not(self.which)

    def cut(self, x):
        """The value with zeros outside."""
        zero = like(x, 0)
        cases = (zero, x) if self.when else (x, zero)
        return elementwise.select_n_p.bind(self.which, *cases)

    def same_choice(self, other) -> bool:
        """Whether two masks are known to be equal, or each other's complement."""
        return self._which is other._which

    def after(self, function, ndim):
        """The mask of a value whose elements `function` moves."""
        if self.ndim == 0:
            return self
        return Mask(lambda: function(self.array()), ndim, scalar=self.scalar)

    def spread(self, shape):
        """The booleans that are true inside, in the shape of the value."""
        which = self.array()
        return broadcast_in_dim(which, shape, range(aval_of(which).ndim))


class MaskTracer(Tracer):
    """A value that is zero outside a mask, or will be once it is cut.

    `mask` is None for a value that no choice has masked yet. `clean` says that the
    value has its zeros already.
    """

    __slots__ = ("clean", "mask", "raw")

    def __init__(self, trace, raw, mask=None, clean=True):
        self._trace = trace
        self.aval = aval_of(raw)
        self.raw = raw
        self.mask = mask
        self.clean = clean

    def settled(self):
        """The value meant, without a tracer around it."""
        if not self.clean:
            self.raw = self.mask.cut(self.raw)
            self.clean = True
        return self.raw

    def concrete(self):
        value = self.settled()
        return value.concrete() if hasattr(value, "concrete") else value

    def name(self):
        return "a tangent"


class MaskTrace(Trace):
    """Puts off selects. It has a say before all traces of the values that it masks.

    It is not entered: its level lies between those of traces that are.
    """

    verb = "by grad"
    level: float  # type: ignore[assignment]

    def __init__(self, level: float):
        self.level = level

    def owns(self, x) -> bool:
        """Whether a value is one of this trace's tracers."""
        return type(x) is MaskTracer and x._trace is self

    def open(self, x):
        """A value that choices may mask; None stays None."""
        return x if x is None or self.owns(x) else MaskTracer(self, x)

    def close(self, x):
        """A value that a choice was offered: a tracer only if it is masked now."""
        return x.raw if self.owns(x) and x.mask is None else x

    def settle(self, x):
        """The value meant by a tracer; anything else unchanged."""
        return x.settled() if type(x) is MaskTracer and x._trace is self else x

    def process(self, primitive, operands, params):
        rule = primitive.mask or RULES.get(primitive)
        out = None if rule is None else rule(self, primitive, operands, params)
        if out is None:
            out = primitive.bind(*map(self.settle, operands), **params)
        return out

    def process_custom(self, primitive, fun, rule, operands):
        return primitive.bind_functions(fun, rule, [*map(self.settle, operands)])


# Rules: `rule(trace, primitive, operands, params)` returns the result, or None where
# the operands must be settled first.


def is_zero(x) -> bool:
    """Whether a value is known to be zero while tracing."""
    return type(x) is Literal and x.scalar == 0


def _is_finite(x):
    return type(x) is Literal and math.isfinite(abs(x.scalar))


def _map(trace, primitive, operands, params):
    """Linear operations on each element of the first operand."""
    x = operands[0]
    return MaskTracer(trace, primitive.bind(x.raw, **params), x.mask, x.clean)


def _mul(trace, primitive, operands, params):
    x, y = operands
    k = 0 if trace.owns(x) and (x.mask is not None or not trace.owns(y)) else 1
    x, factor = operands[k], trace.settle(operands[1 - k])
    out = primitive.bind(x.raw, factor) if k == 0 else primitive.bind(factor, x.raw)
    clean = x.clean and (x.mask is None or _is_finite(factor))
    return MaskTracer(trace, out, x.mask, clean)


def _div(trace, primitive, operands, params):
    x, divisor = operands
    if not trace.owns(x):
        return None
    divisor = trace.settle(divisor)
    keeps = x.mask is None or (_is_finite(divisor) and not is_zero(divisor))
    return MaskTracer(trace, primitive.bind(x.raw, divisor), x.mask, x.clean and keeps)


def _sum(trace, primitive, operands, params):
    """add, sub, complex: zero where both operands are."""
    x, y = operands
    if not (trace.owns(x) and trace.owns(y)):
        return _sum_with_zero(trace, primitive, operands)
    if x.mask is None or y.mask is None:
        return MaskTracer(trace, primitive.bind(x.settled(), y.settled()))
    if x.mask.same_choice(y.mask) and x.mask.when == y.mask.when:
        out = primitive.bind(x.raw, y.raw)
        return MaskTracer(trace, out, x.mask, x.clean and y.clean)
    out = primitive.bind(x.settled(), y.settled())
    if x.mask.same_choice(y.mask):  # together they are everywhere
        return out
    masks = x.mask, y.mask
    either = Mask(
        lambda: elementwise.bitwise_or(*[m.array() for m in masks]),
        max(m.ndim for m in masks),
        scalar=_common_scalar(masks),
    )
    return MaskTracer(trace, out, either)


def _common_scalar(masks):
    first, *others = [m.scalar for m in masks]
    return first if all(m is first for m in others) else None


def _sum_with_zero(trace, primitive, operands):
    k = 0 if trace.owns(operands[0]) else 1
    if not is_zero(operands[1 - k]):
        return None
    x = operands[k]
    raws = [x.raw if j == k else y for j, y in enumerate(operands)]
    return MaskTracer(trace, primitive.bind(*raws), x.mask, x.clean)


def _select_n(trace, primitive, operands, params):
    which, *cases = operands
    given = [k for k, x in enumerate(cases) if trace.owns(x)]
    if not all(k in given or is_zero(x) for k, x in enumerate(cases)):
        return None
    if len(given) == 1 and len(cases) == 2:
        return _select_one(trace, primitive, which, cases, given[0])
    out = primitive.bind(which, *[x.raw if trace.owns(x) else x for x in cases])
    masks = [x.mask if trace.owns(x) else False for x in cases]
    if all(m is None for m in masks):
        return MaskTracer(trace, out)
    chosen = Mask(
        lambda: elementwise.select_n(which, *map(booleans, masks)),
        max(aval_of(which).ndim, *[m.ndim for m in masks if type(m) is Mask], 0),
    )
    clean = all(not trace.owns(x) or x.clean for x in cases)
    return MaskTracer(trace, out, chosen, clean)


def booleans(mask):
    """A mask as an array; None and True are everywhere, False is nowhere."""
    if type(mask) is Mask:
        return mask.array()
    return literal(mask is not False, ShapedArray((), BOOL))


def _select_one(trace, primitive, which, cases, k):
    """One case of two is a masked value, the other is zero: nothing is written yet."""
    x = cases[k]
    raw = x.raw
    kind = aval_of(which)
    rank = kind.ndim
    if raw.ndim < rank or raw.ndim < aval_of(cases[1 - k]).ndim:
        avals = kind, *map(aval_of, cases)
        raw = elementwise.spread_tangent(raw, zeros_of(primitive.infer(avals, {})))
    if kind.dtype == BOOL:
        choice = Mask(which, rank, bool(k))
    else:
        choice = Mask(lambda: elementwise.eq(which, like(which, k)), rank)
    if x.mask is None:
        return MaskTracer(trace, raw, choice, False)
    both = Mask(
        lambda: elementwise.bitwise_and(choice.array(), x.mask.array()),
        max(rank, x.mask.ndim),
        scalar=choice.scalar or x.mask.scalar,
    )
    return MaskTracer(trace, raw, both, False)


def _move(trace, primitive, operands, params):
    """Operations that move the elements of their first operand."""
    x, *places = operands
    if not trace.owns(x):
        return None

    def move(y):
        return primitive.bind(y, *places, **params)

    out = move(x.raw)
    mask = x.mask and x.mask.after(move, out.ndim)
    return MaskTracer(trace, out, mask, x.clean)


def _split(trace, primitive, operands, params):
    (x,) = operands
    outs = primitive.bind(x.raw, **params)
    if x.mask is None or x.mask.ndim == 0:
        return [MaskTracer(trace, y, x.mask, x.clean) for y in outs]
    pieces: list = []

    def piece(k):
        if not pieces:
            pieces.extend(primitive.bind(x.mask.array(), **params))
        return pieces[k]

    return [
        MaskTracer(trace, y, Mask(functools.partial(piece, k), y.ndim), x.clean)
        for k, y in enumerate(outs)
    ]


def _put(trace, primitive, operands, params):
    """pad and dynamic_update_slice: a masked value put among zeros."""
    k = 0 if primitive is pad_p else 1
    x = operands[k]
    if not (trace.owns(x) and is_zero(operands[1 - k])):
        return None
    out = primitive.bind(*_with(operands, k, x.raw), **params)

    if x.mask is None:
        return MaskTracer(trace, out)

    def put():
        hole = literal(False, aval_of(operands[1 - k]).update(dtype=BOOL))
        inside = x.mask.spread(x.shape)
        return primitive.bind(*_with(_with(operands, 1 - k, hole), k, inside), **params)

    mask = Mask(put, out.ndim, scalar=x.mask.scalar)
    return MaskTracer(trace, out, mask, x.clean)


def _with(xs, k, x):
    return [x if j == k else y for j, y in enumerate(xs)]


def _concatenate(trace, primitive, operands, params):
    if not all(trace.owns(x) or is_zero(x) for x in operands):
        return None
    out = primitive.bind(*[x.raw if trace.owns(x) else x for x in operands], **params)
    masks = [x.mask if trace.owns(x) else False for x in operands]
    if all(m is None for m in masks):
        return MaskTracer(trace, out)

    def joined():
        shapes = [aval_of(x).shape for x in operands]
        pieces = [
            broadcast_in_dim(m, s, range(m.ndim))
            for m, s in zip(map(booleans, masks), shapes, strict=True)
        ]
        return primitive.bind(*pieces, **params)

    clean = all(not trace.owns(x) or x.clean for x in operands)
    given = [m for m in masks if m is not False]
    scalar = None if None in given else _common_scalar(given)
    return MaskTracer(trace, out, Mask(joined, out.ndim, scalar=scalar), clean)


def _reduce_sum(trace, primitive, operands, params):
    (x,) = operands
    if x.mask is None or x.mask.ndim == 0:
        return _map(trace, primitive, operands, params)
    out = primitive.bind(x.settled(), **params)
    mask = x.mask.after(lambda m: _any(m, params["axes"]), out.ndim)
    return MaskTracer(trace, out, mask)


def _any(mask, axes):
    """Where any boolean along the axes is true; of one that is repeated, itself.

    A condition on rows is repeated along them by `where`, and XLA does not see that.
    """
    found = mask._trace.setter_of(mask.variable) if type(mask) is StageTracer else None
    if found is None or found.primitive is not broadcast_in_dim_p:
        return reduce_or(mask, axes)
    dims = found.params["broadcast_dimensions"]
    if any(k in dims or mask.shape[k] == 0 for k in axes):
        return reduce_or(mask, axes)
    shape = [n for k, n in enumerate(mask.shape) if k not in axes]
    kept = [d - sum(k < d for k in axes) for d in dims]
    return broadcast_in_dim(mask._trace.tracer_of(found.invars[0]), shape, kept)


def _scatter_add(trace, primitive, operands, params):
    """The transpose of gather: a sum of those that fall into one place."""
    zeros, places, x = operands
    if not (trace.owns(x) and is_zero(zeros)):
        return None
    out = primitive.bind(zeros, places, x.settled(), **params)
    if x.mask is None:
        return MaskTracer(trace, out)

    def hit():
        ones = elementwise.convert_element_type(x.mask.spread(x.shape), np.int32)
        none = literal(0, aval_of(zeros).update(dtype=np.dtype(np.int32)))
        return elementwise.gt(
            primitive.bind(none, places, ones, **params), like(ones, 0)
        )

    return MaskTracer(trace, out, Mask(hit, out.ndim, scalar=x.mask.scalar))


def _mix(trace, primitive, operands, params):
    """Linear operations that mix elements: what is zero as a whole stays so."""
    owned = [k for k, x in enumerate(operands) if trace.owns(x)]
    x = operands[owned[0]]
    if len(owned) > 1 or owned[0] not in MIXING[primitive]:
        return None
    if x.mask is None or x.mask.ndim == 0:
        out = primitive.bind(*_with(operands, owned[0], x.raw), **params)
        return MaskTracer(trace, out, x.mask, x.clean)
    if x.mask.scalar is None:
        return None
    out = primitive.bind(*_with(operands, owned[0], x.settled()), **params)
    return MaskTracer(trace, out, x.mask.scalar)


# Operations that mix elements, and the operands in each of which they are linear.
MIXING = {
    dot_general_p: (0, 1),
    conv_general_dilated_p: (0, 1),
    cumsum_p: (0,),
    fft_p: (0,),
    triangular_solve_p: (1,),
    reduce_window_sum_p: (0,),
}

RULES = {
    **dict.fromkeys(MIXING, _mix),
    **dict.fromkeys(
        (
            elementwise.neg_p,
            elementwise.convert_element_type_p,
            elementwise.real_p,
            elementwise.imag_p,
            elementwise.conj_p,
            elementwise.reduce_precision_p,
            copy_p,
        ),
        _map,
    ),
    elementwise.mul_p: _mul,
    elementwise.div_p: _div,
    elementwise.add_p: _sum,
    elementwise.sub_p: _sum,
    elementwise.complex_p: _sum,
    elementwise.select_n_p: _select_n,
    **dict.fromkeys(
        (
            reshape_p,
            transpose_p,
            rev_p,
            broadcast_in_dim_p,
            slice_p,
            dynamic_slice_p,
            gather_p,
        ),
        _move,
    ),
    split_p: _split,
    pad_p: _put,
    dynamic_update_slice_p: _put,
    concatenate_p: _concatenate,
    reduce_sum_p: _reduce_sum,
    scatter_add_p: _scatter_add,
}
