"""Pieces of arrays: slice, pad and concatenate, each linear.

A slice and a pad are each other's transposes; a concatenation's transpose is slices.
"""

import builtins
from collections.abc import Sequence

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import Primitive
from ..core.rules import is_linear, linear
from .elementwise import select
from .shape import (
    batch_first,
    broadcast_in_dim,
    canonical_dimension,
    move_axis,
    move_batch,
    on_key_data,
    reduce_sum,
)

# slice


@on_key_data
def slice(operand, start_indices, limit_indices, strides=None, key_shape=()):
    """Elements start, start + stride, ... below limit, along every axis.

    >>> slice(np.arange(10), (2,), (9,), (3,))
    Array([2, 5, 8], dtype=int32)
    """
    starts = (*map(int, start_indices), *(0 for _ in key_shape))
    limits = (*map(int, limit_indices), *key_shape)
    if strides is not None:
        strides = (*map(int, strides), *(1 for _ in key_shape))
        if all(step == 1 for step in strides):
            strides = None
    shape = aval_of(operand).shape
    whole = limits == shape and not any(starts) and strides is None
    if whole and hasattr(operand, "aval"):
        return operand
    return slice_p.bind(
        operand, start_indices=starts, limit_indices=limits, strides=strides
    )


def slice_in_dim(operand, start_index, limit_index, stride=1, axis=0):
    """Slice along one axis; None means from the beginning or to the end."""
    shape = aval_of(operand).shape
    n = shape[axis]
    start, limit, _ = builtins.slice(start_index, limit_index).indices(n)
    starts = [0] * len(shape)
    limits = list(shape)
    strides = [1] * len(shape)
    starts[axis], limits[axis], strides[axis] = start, max(start, limit), stride
    return slice(operand, starts, limits, strides)


def _slice_abstract(x, *, start_indices, limit_indices, strides):
    steps = strides or (1,) * x.ndim
    if not len(start_indices) == len(limit_indices) == len(steps) == x.ndim:
        raise ValueError(
            f"slice: needs one start, limit and stride per axis of {x}, got "
            f"{start_indices}, {limit_indices} and {strides}."
        )
    shape = []
    for n, start, limit, step in zip(
        x.shape, start_indices, limit_indices, steps, strict=True
    ):
        if not 0 <= start <= limit <= n or step < 1:
            raise TypeError(
                f"slice: needs 0 <= start <= limit <= size and stride >= 1, got "
                f"{start}, {limit}, stride {step} on an axis of size {n} of {x}."
            )
        shape.append(-(-(limit - start) // step))
    return ShapedArray(shape, x.dtype, x.weak_type)


def _slice_transpose(ct, x, *, start_indices, limit_indices, strides):
    # Zeros before, between and after: what the slice left out.
    config = []
    sizes = zip(x.shape, ct.shape, start_indices, strides or [1] * x.ndim, strict=True)
    for n, m, start, step in sizes:
        spread = max(m - 1, 0) * step + min(m, 1)
        config.append((start, n - start - spread, step - 1))
    return [pad(ct, literal(0, ShapedArray((), ct.dtype)), config)]


@batch_first
def _slice_batch(size, x, *, start_indices, limit_indices, strides):
    steps = None if strides is None else (1, *strides)
    return slice(x, (0, *start_indices), (size, *limit_indices), steps)


def _slice_lower(hlo, out, x, *, start_indices, limit_indices, strides):
    steps = strides or (1,) * len(start_indices)
    ranges = ", ".join(
        f"{start}:{limit}:{step}"
        for start, limit, step in zip(start_indices, limit_indices, steps, strict=True)
    )
    return hlo.emit(f"stablehlo.slice {x} [{ranges}] : {hlo.types([x], out)}")


slice_p = Primitive(
    "slice",
    abstract=_slice_abstract,
    jvp=linear,
    transpose=_slice_transpose,
    batch=_slice_batch,
    lower=_slice_lower,
)


# concatenate


def concatenate(operands: Sequence, dimension: int):
    """Join one or more arrays end to end along one axis.

    They agree in dtype and on every axis but `dimension`, 0 <= dimension < rank.

    >>> concatenate([np.zeros((2, 3)), np.ones((2, 4))], 1).shape
    (2, 7)
    """
    operands = list(operands)
    if not operands:
        raise ValueError("concatenate: at least one array is needed, got none.")
    if len(operands) == 1 and hasattr(operands[0], "aval"):
        return operands[0]
    dtype = aval_of(operands[0]).dtype
    if isinstance(dtype, dtypes.ExtendedDType):
        return dtype.wrap(concatenate([dtype.unwrap(x) for x in operands], dimension))
    return concatenate_p.bind(*operands, dimension=int(dimension))


def _concatenate_abstract(*xs, dimension):
    if not 0 <= dimension < xs[0].ndim:
        raise TypeError(
            f"concatenate: dimension must be an axis of {xs[0]}, got {dimension}."
        )
    off_axis = {
        (x.dtype, x.shape[:dimension], x.shape[dimension + 1 :], x.ndim) for x in xs
    }
    if len(off_axis) != 1:
        raise TypeError(
            f"concatenate: arrays must agree in dtype and on every axis but "
            f"{dimension}, got {' and '.join(map(str, xs))}."
        )
    ((dtype, before, after, _),) = off_axis
    size = sum(x.shape[dimension] for x in xs)
    return ShapedArray((*before, size, *after), dtype, all(x.weak_type for x in xs))


def _concatenate_transpose(ct, *xs, dimension):
    # Every operand gets back its own slice of the cotangent.
    cts = []
    start = 0
    for x in xs:
        stop = start + aval_of(x).shape[dimension]
        part = slice_in_dim(ct, start, stop, axis=dimension) if is_linear(x) else None
        cts.append(part)
        start = stop
    return cts


def _concatenate_batch(size, xs, dims, *, dimension):
    # Operands without a batch axis are repeated: each member owns its whole row.
    xs = [move_batch(size, x, dim, 0) for x, dim in zip(xs, dims, strict=True)]
    return concatenate(xs, dimension + 1), 0


def _concatenate_lower(hlo, out, *xs, dimension):
    return hlo.emit(
        f"stablehlo.concatenate {hlo.names(xs)}, dim = {dimension} : "
        f"{hlo.types(xs, out)}"
    )


concatenate_p = Primitive(
    "concatenate",
    abstract=_concatenate_abstract,
    jvp=linear,
    transpose=_concatenate_transpose,
    batch=_concatenate_batch,
    lower=_concatenate_lower,
)


# split


def split(operand, sizes: Sequence[int], axis: int = 0):
    """Cut an array along one axis into pieces of the given sizes.

    >>> [piece.shape for piece in split(np.zeros((5, 2)), (2, 3), 0)]
    [(2, 2), (3, 2)]
    """
    axis = canonical_dimension("split", axis, aval_of(operand).ndim)
    return split_p.bind(operand, sizes=tuple(map(int, sizes)), axis=axis)


def _split_abstract(x, *, sizes, axis):
    if sum(sizes) != x.shape[axis] or any(n < 0 for n in sizes):
        raise ValueError(
            f"split: sizes must add up to {x.shape[axis]}, the size of axis {axis} of "
            f"{x}, got {sizes}."
        )
    shape = x.shape
    return tuple(x.update(shape=(*shape[:axis], n, *shape[axis + 1 :])) for n in sizes)


def _split_transpose(cts, x, *, sizes, axis):
    shape = x.shape
    pieces = [
        literal(0, x.aval.update(shape=(*shape[:axis], n, *shape[axis + 1 :])))
        if ct is None
        else ct
        for ct, n in zip(cts, sizes, strict=True)
    ]
    return [concatenate(pieces, axis)]


def _split_batch(size, operands, dims, *, sizes, axis):
    pieces = split(move_axis(operands[0], dims[0], 0), sizes, axis + 1)
    return pieces, [0] * len(sizes)


def _split_lower(hlo, out, x, *, sizes, axis):
    names = []
    start = 0
    for aval, n in zip(out, sizes, strict=True):
        ranges = [f"0:{m}:1" for m in x.shape]
        ranges[axis] = f"{start}:{start + n}:1"
        names.append(
            hlo.emit(
                f"stablehlo.slice {x} [{', '.join(ranges)}] : {hlo.types([x], aval)}"
            )
        )
        start += n
    return names


split_p = Primitive(
    "split",
    abstract=_split_abstract,
    jvp=linear,
    transpose=_split_transpose,
    batch=_split_batch,
    lower=_split_lower,
    multiple_results=True,
)


# pad


def pad(operand, padding_value, padding_config: Sequence[tuple[int, int, int]]):
    """Surround and interleave an array with a scalar.

    Args:
      operand: array of rank r.
      padding_value: scalar of the same dtype.
      padding_config: r triples (low, high, interior): how many copies go before,
        after and between elements; negative low and high remove elements.

    >>> pad(np.ones(3), 0.0, [(1, 0, 1)]).shape
    (6,)
    """
    config = tuple(tuple(map(int, edge)) for edge in padding_config)
    return pad_p.bind(operand, padding_value, padding_config=config)


def _pad_abstract(x, value, *, padding_config):
    if len(padding_config) != x.ndim:
        raise ValueError(
            f"pad: needs one (low, high, interior) per axis of {x}, got "
            f"{padding_config}."
        )
    if value.shape != () or value.dtype != x.dtype:
        raise TypeError(
            f"pad: needs a scalar of the array's dtype, got {x} and {value}."
        )
    if any(interior < 0 for _, _, interior in padding_config):
        raise ValueError(f"pad: interior padding must be >= 0, got {padding_config}.")
    shape = pad_shape(x.shape, padding_config)
    if any(n < 0 for n in shape):
        raise ValueError(
            f"pad: padding {padding_config} removes more elements than {x} has."
        )
    return ShapedArray(shape, x.dtype, x.weak_type and value.weak_type)


def pad_shape(shape, padding_config):
    """The shape of a padded array."""
    return tuple(
        low + high + n + interior * max(n - 1, 0)
        for n, (low, high, interior) in zip(shape, padding_config, strict=True)
    )


def _pad_transpose(ct, x, value, *, padding_config):
    x_bar = None
    if is_linear(x):
        x_bar = _unpad(ct, padding_config)
    value_bar = None
    if is_linear(value):
        # The scalar receives everything that did not come from the operand.
        hole = pad(
            literal(0, ShapedArray(aval_of(x).shape, ct.dtype)),
            literal(1, ShapedArray((), ct.dtype)),
            padding_config,
        )
        value_bar = reduce_sum(ct * hole, range(ct.ndim))
    return [x_bar, value_bar]


def _unpad(ct, padding_config):
    zero = literal(0, ShapedArray((), ct.dtype))
    # Removing the edges (or putting back what negative edges removed) leaves the
    # operand's elements interior + 1 apart.
    whole = pad(ct, zero, [(-low, -high, 0) for low, high, _ in padding_config])
    steps = [interior + 1 for _, _, interior in padding_config]
    return slice(whole, [0] * whole.ndim, whole.shape, steps)


def _pad_batch(size, operands, dims, *, padding_config):
    (x, value), (x_dim, value_dim) = operands, dims
    x = move_batch(size, x, x_dim, 0)
    if value_dim is None:
        return pad(x, value, ((0, 0, 0), *padding_config)), 0
    # One fill value per member: pad a mask alike, and choose.
    config = ((0, 0, 0), *padding_config)
    inside = literal(True, ShapedArray(x.shape, bool))
    outside = literal(False, ShapedArray((), bool))
    values = broadcast_in_dim(value, pad_shape(x.shape, config), (0,))
    padded = pad(x, literal(0, ShapedArray((), x.dtype)), config)
    return select(pad(inside, outside, config), padded, values), 0


def _pad_lower(hlo, out, x, value, *, padding_config):
    if not padding_config:
        return str(x)
    low, high, interior = zip(*padding_config, strict=True)
    return hlo.emit(
        f"stablehlo.pad {x}, {value}, low = {list(low)}, high = {list(high)}, "
        f"interior = {list(interior)} : {hlo.types([x, value], out)}"
    )


pad_p = Primitive(
    "pad",
    abstract=_pad_abstract,
    jvp=linear,
    transpose=_pad_transpose,
    batch=_pad_batch,
    lower=_pad_lower,
)
