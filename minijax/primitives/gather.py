"""Gather windows of an array that start at computed places.

    y:f32[5,4] = gather[... slice_sizes=(1, 4)] x:f32[3,4] i:i32[5,1]

The last axis of the indices holds vectors of K numbers: where a window starts along K
axes of the operand. The other axes of the indices are axes of the result, and so are
the axes of a window; dimension numbers say which is which.

    operand axis    of a window                     in the result
    collapsed       size 1, removed                 -
    batching        size 1, removed                 the batch axis of the indices
    any other       size given by slice_sizes       the next of offset_dims

The transpose of a gather is a scatter-add (`scatter`), and conversely.
"""

import enum
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import JvpRule, Primitive, registry
from ..core.rules import is_linear
from ..stablehlo import int_array
from .elementwise import convert_element_type
from .shape import move_batch

__all__ = [
    "GatherDimensionNumbers",
    "GatherScatterMode",
    "ScatterDimensionNumbers",
    "gather",
    "gather_p",
]


class GatherDimensionNumbers(NamedTuple):
    """Which axes of a gather are which.

    `offset_dims`: axes of the result that lie inside a window, increasing.
    `collapsed_slice_dims`: axes of the operand along which a window has size 1 and that
    are removed from it. `start_index_map`: the axis of the operand that each component
    of an index vector belongs to. `operand_batching_dims` and
    `start_indices_batching_dims`: pairs of axes of the operand and of the indices that
    run together.
    """

    offset_dims: tuple[int, ...]
    collapsed_slice_dims: tuple[int, ...]
    start_index_map: tuple[int, ...]
    operand_batching_dims: tuple[int, ...] = ()
    start_indices_batching_dims: tuple[int, ...] = ()


class ScatterDimensionNumbers(NamedTuple):
    """Which axes of a scatter are which: those of a gather, the updates its result.

    `update_window_dims`: axes of the updates that lie inside a window, increasing.
    `inserted_window_dims`: axes of the operand that windows lack, having size 1 there.
    `scatter_dims_to_operand_dims`: the axis of the operand that each component of an
    index vector belongs to. `operand_batching_dims` and
    `scatter_indices_batching_dims`: pairs of axes that run together.
    """

    update_window_dims: Sequence[int]
    inserted_window_dims: Sequence[int]
    scatter_dims_to_operand_dims: Sequence[int]
    operand_batching_dims: Sequence[int] = ()
    scatter_indices_batching_dims: Sequence[int] = ()


class GatherScatterMode(enum.Enum):
    """What happens to windows that do not lie inside the operand.

    CLIP moves the window inside. FILL_OR_DROP fills the gathered window with a constant
    and drops the scattered one. PROMISE_IN_BOUNDS: the caller knows of none,
    and values and derivatives are unspecified if there are.

    >>> GatherScatterMode.from_any("clip")
    <GatherScatterMode.CLIP: 1>
    """

    CLIP = 1
    FILL_OR_DROP = 2
    PROMISE_IN_BOUNDS = 3
    ONE_HOT = 4

    @staticmethod
    def from_any(mode) -> "GatherScatterMode":
        """The mode for a mode or its name; None is the default of indexing."""
        if isinstance(mode, GatherScatterMode):
            return mode
        try:
            return _MODES[mode]
        except (KeyError, TypeError):
            raise ValueError(
                f"mode must be 'clip', 'fill', 'drop', 'promise_in_bounds', a "
                f"GatherScatterMode or None, got {mode!r}."
            ) from None


_MODES = {
    None: GatherScatterMode.FILL_OR_DROP,
    "clip": GatherScatterMode.CLIP,
    "fill": GatherScatterMode.FILL_OR_DROP,
    "drop": GatherScatterMode.FILL_OR_DROP,
    "promise_in_bounds": GatherScatterMode.PROMISE_IN_BOUNDS,
    "one_hot": GatherScatterMode.ONE_HOT,
}


# gather


def gather(
    operand,
    start_indices,
    dimension_numbers: GatherDimensionNumbers,
    slice_sizes: Sequence[int],
    *,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    mode: str | GatherScatterMode | None = None,
    fill_value=None,
):
    """Windows of an array that start at the given places.

    Args:
      operand: array.
      start_indices: integers of shape (..., K): where windows start, along the K axes
        named by `start_index_map`.
      dimension_numbers: see `GatherDimensionNumbers`.
      slice_sizes: the size of a window along each axis of the operand.
      unique_indices: a promise that no two windows start at one place.
      indices_are_sorted: a promise that indices increase, row by row.
      mode: see `GatherScatterMode`; None promises that windows lie inside.
      fill_value: what fills windows that lie outside, by default NaN, the smallest
        signed integer, the largest unsigned one, or True.

    >>> numbers = GatherDimensionNumbers((1,), (0,), (0,))
    >>> gather(np.arange(6).reshape(3, 2), np.array([[2], [0]]), numbers, (1, 2))
    Array([[4, 5],
           [0, 1]], dtype=int32)
    """
    dtype = aval_of(operand).dtype
    numbers = GatherDimensionNumbers(*(tuple(map(int, d)) for d in dimension_numbers))
    slice_sizes = tuple(map(int, slice_sizes))
    params = {
        "unique_indices": unique_indices,
        "indices_are_sorted": indices_are_sorted,
    }
    if isinstance(dtype, dtypes.ExtendedDType):
        rank = aval_of(start_indices).ndim - 1 + len(numbers.offset_dims)
        key = range(rank, rank + len(dtype.key_shape))
        numbers = numbers._replace(offset_dims=(*numbers.offset_dims, *key))
        sizes = (*slice_sizes, *dtype.key_shape)
        words = dtype.unwrap(operand)
        words = gather(words, start_indices, numbers, sizes, mode=mode, **params)
        return dtype.wrap(words)
    mode = GatherScatterMode.from_any(mode or GatherScatterMode.PROMISE_IN_BOUNDS)
    refuse_one_hot("gather", mode)
    return gather_p.bind(
        operand,
        wide_enough("gather", operand, start_indices),
        dimension_numbers=numbers,
        fill_value=_hashable(fill_value, dtype) if mode is FILL else None,
        indices_are_sorted=bool(indices_are_sorted),
        mode=mode,
        slice_sizes=slice_sizes,
        unique_indices=bool(unique_indices),
    )


FILL = GatherScatterMode.FILL_OR_DROP
CLIP = GatherScatterMode.CLIP


def refuse_one_hot(where, mode):
    if mode is GatherScatterMode.ONE_HOT:
        raise NotImplementedError(
            f"{where}: mode ONE_HOT is not supported. Multiply by nn.one_hot instead."
        )


def wide_enough(where, operand, indices):
    """Indices in a type that holds every place of the operand, and one beyond."""
    aval = aval_of(indices)
    if aval.dtype not in dtypes.INTS:
        raise ValueError(f"{where}: indices must be integers, got {aval}.")
    longest = max(aval_of(operand).shape, default=0)
    if longest > dtypes.iinfo(aval.dtype).max:
        return convert_element_type(indices, np.dtype("int32"))
    return indices


def _hashable(fill_value, dtype):
    """A fill value as a Python number; None, the default, where it is NaN."""
    if fill_value is None:
        return None
    value = np.asarray(fill_value).astype(dtype).item()
    return None if value != value else value


def _default_fill(dtype):
    if dtype in dtypes.INEXACT:
        return np.nan
    if dtype == dtypes.bool_:
        return True
    info = dtypes.iinfo(dtype)
    return info.max if info.min == 0 else info.min


def _gather_abstract(x, indices, *, dimension_numbers, slice_sizes, **params):
    numbers = dimension_numbers
    offsets, collapsed, index_map, x_batching, i_batching = numbers
    removed = (*collapsed, *x_batching)
    batch = indices.shape[:-1]
    window = [n for k, n in enumerate(slice_sizes) if k not in removed]
    rank = len(batch) + len(window)

    def expect(holds, what, got):
        if not holds:
            raise TypeError(
                f"gather: {what}, got {got} for operand {x}, indices {indices}, "
                f"slice_sizes {slice_sizes} and {numbers}."
            )

    expect(indices.ndim > 0, "indices must have an axis of index vectors", indices)
    expect(
        len(slice_sizes) == x.ndim
        and all(0 <= n <= m for n, m in zip(slice_sizes, x.shape, strict=True)),
        "slice_sizes must have one size per axis, no larger than the operand",
        slice_sizes,
    )
    expect(
        len(index_map) == indices.shape[-1] and distinct_axes(index_map, x.ndim),
        "start_index_map must name one axis per component of an index",
        index_map,
    )
    expect(
        distinct_axes(removed, x.ndim) and all(slice_sizes[k] <= 1 for k in removed),
        "collapsed and batching axes must be distinct, with windows of size 1",
        removed,
    )
    expect(
        len(offsets) == len(window)
        and distinct_axes(offsets, rank)
        and list(offsets) == sorted(offsets),
        f"offset_dims must be {len(window)} increasing axes of the result",
        offsets,
    )
    expect(
        len(x_batching) == len(i_batching)
        and distinct_axes(i_batching, len(batch))
        and all(
            x.shape[j] == batch[k] for j, k in zip(x_batching, i_batching, strict=True)
        ),
        "batching axes of operand and indices must agree in size",
        (x_batching, i_batching),
    )
    window_sizes, batch_sizes = iter(window), iter(batch)
    shape = [next(window_sizes if k in offsets else batch_sizes) for k in range(rank)]
    return ShapedArray(shape, x.dtype, x.weak_type)


def distinct_axes(axes, rank):
    return len(set(axes)) == len(axes) and all(0 <= k < rank for k in axes)


def _gather_jvp(primitive, primals, tangents, params):
    (x, indices), (x_dot, _) = primals, tangents
    out = primitive.bind(x, indices, **params)
    if x_dot is None:
        return out, None
    # Outside the operand the result is a constant, whose tangent is zero.
    fill = 0 if params["mode"] is FILL else None
    return out, primitive.bind(x_dot, indices, **{**params, "fill_value": fill})


def _gather_transpose(ct, x, indices, *, dimension_numbers, **params):
    if not is_linear(x):
        return [None, None]
    flags = {k: params[k] for k in ("unique_indices", "indices_are_sorted", "mode")}
    zeros = literal(0, ShapedArray(x.shape, ct.dtype))
    numbers = ScatterDimensionNumbers(*dimension_numbers)
    add = registry["scatter-add"].bind
    return [add(zeros, indices, ct, dimension_numbers=numbers, **flags), None]


def _gather_batch(size, operands, dims, *, dimension_numbers, slice_sizes, **params):
    (x, indices), (x_dim, i_dim) = operands, dims
    offsets, collapsed, index_map, x_batching, i_batching = dimension_numbers
    offsets = after(offsets)
    if x_dim is not None:
        x = move_batch(size, x, x_dim, 0)
        collapsed, index_map = after(collapsed), after(index_map)
        x_batching = after(x_batching)
    if i_dim is None:
        # Windows reach over all members: the batch axis is one more axis of a window.
        offsets = (0, *offsets)
        slice_sizes = (size, *slice_sizes)
    else:
        indices = move_batch(size, indices, i_dim, 0)
        i_batching = after(i_batching)
        if x_dim is None:
            params = {**params, "unique_indices": False, "indices_are_sorted": False}
        else:
            x_batching, i_batching = (0, *x_batching), (0, *i_batching)
            slice_sizes = (min(1, size), *slice_sizes)
    numbers = GatherDimensionNumbers(
        offsets, collapsed, index_map, x_batching, i_batching
    )
    out = gather_p.bind(
        x, indices, dimension_numbers=numbers, slice_sizes=slice_sizes, **params
    )
    return out, 0


def after(axes):
    """Axes after one is put in front."""
    return tuple(k + 1 for k in axes)


def _gather_lower(hlo, out, x, indices, *, mode, fill_value, **params):
    gathered = _gather_text(hlo, out, x, indices, **params)
    if mode is not FILL or indices.shape[-1] == 0 or out.size == 0:
        return gathered  # StableHLO itself moves windows inside
    numbers, sizes = params["dimension_numbers"], params["slice_sizes"]
    axes = numbers.start_index_map
    last = [x.shape[k] - sizes[k] for k in axes]
    inside = _inside(hlo, indices, last)
    batch = [k for k in range(out.ndim) if k not in numbers.offset_dims]
    mask = out.update(dtype=dtypes.bool_, weak_type=False)
    if inside.shape != mask.shape:
        name = hlo.emit(
            f"stablehlo.broadcast_in_dim {inside}, dims = {batch} : "
            f"({inside.mlir}) -> {mask.mlir}"
        )
        inside = hlo.value(name, mask)
    fill = _default_fill(out.dtype) if fill_value is None else fill_value
    filled = hlo.constant(np.asarray(fill).astype(out.dtype), out.shape)
    return hlo.emit(
        f"stablehlo.select {inside}, {gathered}, {filled} : {mask.mlir}, {out.mlir}"
    )


def _gather_text(
    hlo,
    out,
    x,
    indices,
    *,
    dimension_numbers,
    slice_sizes,
    indices_are_sorted,
    unique_indices,
):
    offsets, collapsed, index_map, x_batching, i_batching = map(list, dimension_numbers)
    return hlo.emit(
        f'"stablehlo.gather"({x}, {indices}) <{{dimension_numbers = #stablehlo.gather<'
        f"offset_dims = {offsets}, collapsed_slice_dims = {collapsed}, "
        f"operand_batching_dims = {x_batching}, "
        f"start_indices_batching_dims = {i_batching}, start_index_map = {index_map}, "
        f"index_vector_dim = {indices.ndim - 1}>, "
        f"indices_are_sorted = {truth(indices_are_sorted)}, "
        f"slice_sizes = {int_array(slice_sizes)}}}> : {hlo.types([x, indices], out)}"
    )


def truth(flag):
    return "true" if flag else "false"


def _inside(hlo, indices, last):
    """Whether each index vector lies between 0 and `last`."""
    aval = indices.aval.update(weak_type=False)
    mask = aval.update(dtype=dtypes.bool_)
    compared = f"({aval.mlir}, {aval.mlir}) -> {mask.mlir}"
    bound = along_last_axis(hlo, aval, last)
    inside = hlo.emit(f"stablehlo.compare LE, {indices}, {bound} : {compared}")
    if aval.dtype in dtypes.SIGNED:
        zero = hlo.constant(np.zeros((), aval.dtype), aval.shape)
        positive = hlo.emit(f"stablehlo.compare GE, {indices}, {zero} : {compared}")
        inside = hlo.emit(f"stablehlo.and {inside}, {positive} : {mask.mlir}")
    out = mask.update(shape=aval.shape[:-1])
    true = hlo.constant(np.True_)
    whole = hlo.value(inside, mask)
    return hlo.value(
        hlo.reduce("stablehlo.and", whole, true, [aval.ndim - 1], out), out
    )


def along_last_axis(hlo, aval, values):
    """One number for each component of an index vector, repeated for all vectors."""
    if len(set(values)) == 1:
        return hlo.constant(np.asarray(values[0]).astype(aval.dtype), aval.shape)
    vector = hlo.constant(np.asarray(values).astype(aval.dtype))
    row = aval.update(shape=(len(values),))
    return hlo.emit(
        f"stablehlo.broadcast_in_dim {vector}, dims = [{aval.ndim - 1}] : "
        f"({row.mlir}) -> {aval.mlir}"
    )


gather_p = Primitive(
    "gather",
    abstract=_gather_abstract,
    jvp=JvpRule(_gather_jvp),
    transpose=_gather_transpose,
    batch=_gather_batch,
    lower=_gather_lower,
)
