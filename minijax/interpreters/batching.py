"""Batching rules of primitives of users, with JAX's signatures.

    batching.primitive_batchers[p] = lambda operands, dims, **params: (out, out_dim)

A dim is the batch axis of an operand, or `not_mapped`. Rules in
`axis_primitive_batchers` are told the size and the name of the axis first.
"""

from collections.abc import Callable
from typing import Any

from ..core.literal import aval_of
from ..extend.core.primitive import AxisData as AxisData
from ..extend.core.primitive import RuleTable
from ..primitives.shape import move_batch, reshape
from ..transforms.batch import BatchTrace as BatchTrace
from ..transforms.batch import BatchTracer as BatchTracer

not_mapped = None


def _size(operands, dims):
    return next(
        aval_of(x).shape[d]
        for x, d in zip(operands, dims, strict=True)
        if d is not None
    )


def _read(primitive):
    def rule(operands, dims, **params):
        return primitive.batch(_size(operands, dims), list(operands), dims, **params)

    return rule


def _read_on_axis(primitive):
    def rule(size, name, trace_type, operands, dims, **params):
        return primitive.batch(size, list(operands), dims, **params)

    return rule


def _read_fancy(primitive):
    def rule(axis, operands, dims, **params):
        return primitive.batch(axis.size, list(operands), dims, **params)

    return rule


primitive_batchers: Any = RuleTable(
    "batching.primitive_batchers", "batch", lambda p, rule: p._set_batch(rule), _read
)
axis_primitive_batchers: Any = RuleTable(
    "batching.axis_primitive_batchers",
    "batch",
    lambda p, rule: p._set_batch_on_axis(rule),
    _read_on_axis,
)
fancy_primitive_batchers: Any = RuleTable(
    "batching.fancy_primitive_batchers",
    "batch",
    lambda p, rule: p._set_batch_fancy(rule),
    _read_fancy,
)


def bdim_at_front(x, bdim: int | None, size: int, mesh_axis=None):
    """A value with its batch axis in front; one without is repeated."""
    return move_batch(size, x, bdim, 0)


def moveaxis(x, source: int | None, destination: int):
    """A value with its batch axis moved; one without stays as it is."""
    if source is None:
        return x
    return move_batch(aval_of(x).shape[source], x, source, destination)


def broadcast(x, size: int, axis: int, mesh_axis=None):
    """A value repeated along a new axis."""
    return move_batch(size, x, None, axis)


def defvectorized(primitive) -> None:
    """Batch an elementwise primitive of one operand, or of operands alike batched."""

    def batch(operands, dims, **params):
        if len(set(dims)) != 1:
            size = _size(operands, dims)
            pairs = zip(operands, dims, strict=True)
            operands = [move_batch(size, x, d, 0) for x, d in pairs]
            return primitive.bind(*operands, **params), 0
        return primitive.bind(*operands, **params), dims[0]

    primitive_batchers[primitive] = batch


def defbroadcasting(primitive) -> None:
    """Batch an elementwise primitive whose operands broadcast against scalars."""

    def batch(operands, dims, **params):
        size = _size(operands, dims)
        pairs = list(zip(operands, dims, strict=True))
        rank = max(aval_of(x).ndim - (d is not None) for x, d in pairs)
        return primitive.bind(
            *[_aligned(x, d, size, rank) for x, d in pairs], **params
        ), 0

    primitive_batchers[primitive] = batch


def _aligned(x, dim, size, rank):
    """An operand with the batch axis in front, and axes of size 1 where it has none."""
    member = aval_of(x).ndim - (dim is not None)
    if dim is None and member < rank:
        return x
    x = move_batch(size, x, dim, 0)
    shape = aval_of(x).shape
    return reshape(x, (size, *(1,) * (rank - member), *shape[1:]))


def defreducer(primitive, identity: Callable | None = None) -> None:
    """Batch a reduction: one operand, and a parameter `axes`."""

    def batch(operands, dims, axes, **params):
        (x,), (dim,) = operands, dims
        moved = tuple([k + (k >= dim) for k in axes])
        out_dim = dim - sum(k < dim for k in moved)
        return primitive.bind(x, axes=moved, **params), out_dim

    primitive_batchers[primitive] = batch
