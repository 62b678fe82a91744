"""Slices whose place is computed: dynamic_slice and dynamic_update_slice.

    y:f32[2,4] = dynamic_slice[slice_sizes=(2, 4)] x:f32[9,4] i:i32[] 0:i32[]

A slice that would reach over an edge is moved inside. With a place for each member of a
batch they become a gather and a scatter.
"""

import operator
from collections.abc import Sequence

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import Primitive
from ..core.rules import is_linear, linear_in
from .elementwise import convert_element_type, lt, rem, select
from .gather import CLIP, GatherDimensionNumbers, ScatterDimensionNumbers, gather_p
from .scatter import scatter_p
from .shape import canonical_dimension, expand_dims, move_batch, on_key_data, reshape
from .slicing import concatenate, slice_in_dim

__all__ = [
    "dynamic_index_in_dim",
    "dynamic_slice",
    "dynamic_slice_in_dim",
    "dynamic_slice_p",
    "dynamic_update_index_in_dim",
    "dynamic_update_slice",
    "dynamic_update_slice_in_dim",
    "dynamic_update_slice_p",
    "index_in_dim",
    "index_take",
]


def _starts(where, indices, shape, sizes, allow_negative):
    """Start indices as scalars of one integer dtype, none counted from the end.

    Where a slice has the size of the axis there is one place for it, 0.
    """
    indices = _scalars(where, indices)
    for name, given in (("start index", indices), ("slice size", sizes)):
        if len(given) != len(shape):
            raise ValueError(
                f"{where}: needs one {name} per axis of shape {tuple(shape)}, got "
                f"{len(given)}."
            )
    if isinstance(allow_negative, bool):
        allow_negative = [allow_negative] * len(indices)
    dtype = _index_dtype(where, indices, shape)
    members = zip(indices, shape, sizes, allow_negative, strict=True)
    return [
        _start(0 if n == size else i, n, dtype, negative)
        for i, n, size, negative in members
    ]


def _scalars(where, indices):
    if not hasattr(indices, "shape"):
        return list(indices)
    aval = aval_of(indices)
    if aval.ndim != 1:
        raise TypeError(
            f"{where}: start indices must be scalars or a vector, got {aval}."
        )
    if isinstance(indices, np.ndarray):
        return list(indices)
    return [reshape(slice_in_dim(indices, k, k + 1), ()) for k in range(aval.shape[0])]


def _index_dtype(where, indices, shape):
    """The dtype that all start indices get."""
    avals = [aval_of(i) for i in indices if not isinstance(i, int | np.integer)]
    for aval in avals:
        if aval.dtype not in dtypes.INTS or aval.ndim:
            raise TypeError(
                f"{where}: start indices must be integer scalars, got {aval}."
            )
    if not avals:
        return dtypes.int32
    dtype = dtypes.result_type(*(aval.dtype for aval in avals))
    narrow = dtypes.iinfo(dtype).max < max(shape)
    return dtypes.int32 if narrow else dtype


def _start(index, n, dtype, negative):
    scalar = ShapedArray((), dtype)
    if isinstance(index, int | np.integer):
        index = operator.index(index)
        if negative and index < 0:
            index += n
        return literal(min(max(index, 0), n), scalar)  # it is moved inside anyway
    index = convert_element_type(index, dtype)
    if not negative or dtype not in dtypes.SIGNED:
        return index
    zero, size = literal(0, scalar), literal(n, scalar)
    return select(lt(index, zero), index + size, index)


def _zeros_like(starts, key_shape):
    """Start indices along the axes of a key, of the dtype of the others."""
    scalar = ShapedArray((), aval_of(starts[0]).dtype if starts else dtypes.int32)
    return [literal(0, scalar)] * len(key_shape)


# dynamic_slice


@on_key_data
def dynamic_slice(
    operand,
    start_indices,
    slice_sizes: Sequence[int],
    *,
    allow_negative_indices: bool | Sequence[bool] = True,
    key_shape=(),
):
    """A slice of fixed size at a computed place; it is moved inside if it reaches out.

    Args:
      operand: array.
      start_indices: one integer scalar per axis, or a vector of them.
      slice_sizes: the size of the slice along each axis.
      allow_negative_indices: whether negative indices count from the end, for all axes
        or for each.
      key_shape: the trailing axes that belong to a random key.

    >>> dynamic_slice(np.arange(10), (7,), (2,))
    Array([7, 8], dtype=int32)
    """
    shape = aval_of(operand).shape
    sizes = tuple(map(operator.index, slice_sizes))
    plain = shape[: len(shape) - len(key_shape)]
    starts = _starts(
        "dynamic_slice", start_indices, plain, sizes, allow_negative_indices
    )
    starts += _zeros_like(starts, key_shape)
    sizes += tuple(key_shape)
    if sizes == shape and hasattr(operand, "aval"):
        return operand
    return dynamic_slice_p.bind(operand, *starts, slice_sizes=sizes)


def _dynamic_slice_abstract(x, *starts, slice_sizes):
    if len(slice_sizes) != x.ndim or not all(
        0 <= n <= m for n, m in zip(slice_sizes, x.shape, strict=True)
    ):
        raise TypeError(
            f"dynamic_slice: slice_sizes must have one size per axis of {x}, no larger "
            f"than the axis, got {slice_sizes}."
        )
    _check_starts("dynamic_slice", x, starts)
    return ShapedArray(slice_sizes, x.dtype, x.weak_type)


def _check_starts(where, x, starts):
    if len(starts) != x.ndim or any(
        i.ndim or i.dtype not in dtypes.INTS for i in starts
    ):
        raise ValueError(
            f"{where}: needs one integer scalar per axis of {x}, got "
            f"{', '.join(map(str, starts))}."
        )


def _dynamic_slice_transpose(ct, x, *starts, slice_sizes):
    if not is_linear(x):
        return [None] * (1 + len(starts))
    zeros = literal(0, ShapedArray(x.shape, ct.dtype))
    x_bar = dynamic_update_slice_p.bind(zeros, ct, *starts)
    return [x_bar, *([None] * len(starts))]


def _dynamic_slice_batch(size, operands, dims, *, slice_sizes):
    (x, *starts), (x_dim, *start_dims) = operands, dims
    if x_dim is not None:
        x = move_batch(size, x, x_dim, 0)
    if all(d is None for d in start_dims):
        zero = _zeros_like(starts, (1,))[0]
        sizes = (size, *slice_sizes)
        return dynamic_slice_p.bind(x, zero, *starts, slice_sizes=sizes), 0
    batched = x_dim is not None
    axes, indices = _index_vectors(size, starts, start_dims, slice_sizes, x, batched)
    rank = len(slice_sizes)
    numbers = GatherDimensionNumbers(
        offset_dims=tuple(range(1, 1 + rank)),
        collapsed_slice_dims=(),
        start_index_map=axes,
        operand_batching_dims=(0,) if batched else (),
        start_indices_batching_dims=(0,) if batched else (),
    )
    out = gather_p.bind(
        x,
        indices,
        dimension_numbers=numbers,
        fill_value=None,
        indices_are_sorted=batched,
        mode=CLIP,
        slice_sizes=(1, *slice_sizes) if batched else slice_sizes,
        unique_indices=batched,
    )
    return out, 0


def _index_vectors(size, starts, dims, sizes, x, batched):
    """The axes of x that slices move along, and where: indices of shape (size, axes).

    An axis that slices cover is left out, for they start at 0.
    """
    shape = aval_of(x).shape[1:] if batched else aval_of(x).shape
    moving = [k for k, n in enumerate(sizes) if n != shape[k]]
    columns = [
        expand_dims(move_batch(size, starts[k], dims[k], 0), (1,)) for k in moving
    ]
    if not columns:
        columns = [literal(0, ShapedArray((size, 0), dtypes.int32))]
    dtype = dtypes.result_type(*(aval_of(c).dtype for c in columns))
    columns = [convert_element_type(c, dtype) for c in columns]
    return tuple(k + batched for k in moving), concatenate(columns, 1)


def _dynamic_slice_lower(hlo, out, x, *starts, slice_sizes):
    if not starts:
        return str(x)
    return hlo.emit(
        f"stablehlo.dynamic_slice {hlo.names([x, *starts])}, sizes = "
        f"{[*slice_sizes]} : {hlo.types([x, *starts], out)}"
    )


dynamic_slice_p = Primitive(
    "dynamic_slice",
    abstract=_dynamic_slice_abstract,
    jvp=linear_in(0),
    transpose=_dynamic_slice_transpose,
    batch=_dynamic_slice_batch,
    lower=_dynamic_slice_lower,
)


# dynamic_update_slice


def dynamic_update_slice(
    operand,
    update,
    start_indices,
    *,
    allow_negative_indices: bool | Sequence[bool] = True,
):
    """An array with a slice at a computed place replaced.

    Args:
      operand: array.
      update: array of the same dtype and rank, no larger along any axis.
      start_indices: one integer scalar per axis, or a vector of them; the slice is
        moved inside if it reaches out.
      allow_negative_indices: whether negative indices count from the end, for all axes
        or for each.

    >>> dynamic_update_slice(np.zeros(4), np.ones(2), (1,))
    Array([0., 1., 1., 0.], dtype=float32)
    """
    where = "dynamic_update_slice"
    x, u = aval_of(operand), aval_of(update)
    if x.ndim != u.ndim:
        raise ValueError(f"{where}: update must have the rank of {x}, got {u}.")
    starts = _starts(where, start_indices, x.shape, u.shape, allow_negative_indices)
    if isinstance(x.dtype, dtypes.ExtendedDType):
        starts += _zeros_like(starts, x.dtype.key_shape)
        operand, update = x.dtype.unwrap(operand), x.dtype.unwrap(update)
        return x.dtype.wrap(dynamic_update_slice_p.bind(operand, update, *starts))
    return dynamic_update_slice_p.bind(operand, update, *starts)


def _dynamic_update_slice_abstract(x, update, *starts):
    if (
        x.dtype != update.dtype
        or x.ndim != update.ndim
        or any(n > m for n, m in zip(update.shape, x.shape, strict=True))
    ):
        raise TypeError(
            f"dynamic_update_slice: update must have the dtype and rank of {x} and be "
            f"no larger along any axis, got {update}."
        )
    _check_starts("dynamic_update_slice", x, starts)
    return x.update(weak_type=x.weak_type and update.weak_type)


def _dynamic_update_slice_transpose(ct, x, update, *starts):
    x_bar = update_bar = None
    if is_linear(x):
        zeros = literal(0, ShapedArray(update.shape, ct.dtype))
        x_bar = dynamic_update_slice_p.bind(ct, zeros, *starts)
    if is_linear(update):
        update_bar = dynamic_slice_p.bind(ct, *starts, slice_sizes=update.shape)
    return [x_bar, update_bar, *([None] * len(starts))]


def _dynamic_update_slice_batch(size, operands, dims):
    (x, update, *starts), (x_dim, u_dim, *start_dims) = operands, dims
    x = move_batch(size, x, x_dim, 0)
    update = move_batch(size, update, u_dim, 0)
    if all(d is None for d in start_dims):
        zero = _zeros_like(starts, (1,))[0]
        return dynamic_update_slice_p.bind(x, update, zero, *starts), 0
    sizes = update.shape[1:]
    axes, indices = _index_vectors(size, starts, start_dims, sizes, x, True)
    numbers = ScatterDimensionNumbers(
        update_window_dims=tuple(range(1, 1 + len(sizes))),
        inserted_window_dims=(),
        scatter_dims_to_operand_dims=axes,
        operand_batching_dims=(0,),
        scatter_indices_batching_dims=(0,),
    )
    out = scatter_p.bind(
        x,
        indices,
        update,
        dimension_numbers=numbers,
        indices_are_sorted=True,
        mode=CLIP,
        unique_indices=True,
    )
    return out, 0


def _dynamic_update_slice_lower(hlo, out, x, update, *starts):
    if not starts:
        return str(update)
    operands = [x, update, *starts]
    return hlo.emit(
        f"stablehlo.dynamic_update_slice {hlo.names(operands)} : "
        f"{hlo.types(operands, out)}"
    )


dynamic_update_slice_p = Primitive(
    "dynamic_update_slice",
    abstract=_dynamic_update_slice_abstract,
    jvp=linear_in(0, 1),
    transpose=_dynamic_update_slice_transpose,
    batch=_dynamic_update_slice_batch,
    lower=_dynamic_update_slice_lower,
)


# Along one axis


def dynamic_slice_in_dim(
    operand, start_index, slice_size, axis=0, *, allow_negative_indices=True
):
    """`dynamic_slice` along one axis.

    >>> dynamic_slice_in_dim(np.arange(10), 3, 2)
    Array([3, 4], dtype=int32)
    """
    shape = aval_of(operand).shape
    axis = canonical_dimension("dynamic_slice_in_dim", axis, len(shape))
    sizes = list(shape)
    sizes[axis] = operator.index(slice_size)
    starts = _along(axis, start_index, len(shape))
    return dynamic_slice(
        operand, starts, sizes, allow_negative_indices=allow_negative_indices
    )


def _along(axis, index, rank):
    """Start indices that are 0 except along one axis."""
    return [index if k == axis else 0 for k in range(rank)]


def dynamic_index_in_dim(
    operand, index, axis=0, keepdims=True, *, allow_negative_indices=True
):
    """The element or row at a computed place along one axis.

    >>> dynamic_index_in_dim(np.arange(10), 3, keepdims=False)
    Array(3, dtype=int32)
    """
    out = dynamic_slice_in_dim(
        operand, index, 1, axis, allow_negative_indices=allow_negative_indices
    )
    return out if keepdims else _without_axis(out, axis)


def _without_axis(x, axis):
    shape = list(aval_of(x).shape)
    del shape[axis]
    return reshape(x, shape)


def dynamic_update_slice_in_dim(
    operand, update, start_index, axis, *, allow_negative_indices=True
):
    """`dynamic_update_slice` along one axis.

    >>> dynamic_update_slice_in_dim(np.zeros(4), np.ones(2), 1, 0)
    Array([0., 1., 1., 0.], dtype=float32)
    """
    rank = aval_of(operand).ndim
    axis = canonical_dimension("dynamic_update_slice_in_dim", axis, rank)
    starts = _along(axis, start_index, rank)
    return dynamic_update_slice(
        operand, update, starts, allow_negative_indices=allow_negative_indices
    )


def dynamic_update_index_in_dim(
    operand, update, index, axis, *, allow_negative_indices=True
):
    """An array with the element or row at a computed place along one axis replaced.

    Args:
      operand: array.
      update: with size 1 along the axis, or without the axis.
      index: integer scalar.
      axis: the axis.
      allow_negative_indices: whether a negative index counts from the end.

    >>> dynamic_update_index_in_dim(np.zeros(4), 1.0, 2, 0)
    Array([0., 0., 1., 0.], dtype=float32)
    """
    x, u = aval_of(operand), aval_of(update)
    axis = canonical_dimension("dynamic_update_index_in_dim", axis, x.ndim)
    if u.ndim == x.ndim - 1:
        update = reshape(update, (*u.shape[:axis], 1, *u.shape[axis:]))
    return dynamic_update_slice_in_dim(
        operand, update, index, axis, allow_negative_indices=allow_negative_indices
    )


def index_in_dim(operand, index: int, axis: int = 0, keepdims: bool = True):
    """The element or row at a fixed place along one axis; negative counts from the end.

    >>> index_in_dim(np.arange(10), -1, keepdims=False)
    Array(9, dtype=int32)
    """
    shape = aval_of(operand).shape
    axis = canonical_dimension("index_in_dim", axis, len(shape))
    index, n = operator.index(index), shape[axis]
    if not -n <= index < n:
        raise IndexError(
            f"index_in_dim: index must be in [{-n}, {n}), got {index} for axis {axis} "
            f"of {aval_of(operand)}."
        )
    out = slice_in_dim(operand, index % n, index % n + 1, axis=axis)
    return out if keepdims else _without_axis(out, axis)


def index_take(src, idxs, axes: Sequence[int]):
    """The elements or rows at places given by one vector of indices per axis.

    Indices count modulo the sizes of the axes.

    >>> x = np.arange(6).reshape(2, 3)
    >>> index_take(x, [np.array([0, 1]), np.array([2, 0])], (0, 1))
    Array([2, 3], dtype=int32)
    """
    shape = aval_of(src).shape
    axes = tuple(map(operator.index, axes))
    columns = [_modulo(i, shape[k]) for i, k in zip(idxs, axes, strict=True)]
    numbers = GatherDimensionNumbers(
        offset_dims=tuple(range(1, len(shape) - len(axes) + 1)),
        collapsed_slice_dims=tuple(sorted(axes)),
        start_index_map=axes,
    )
    return gather_p.bind(
        src,
        concatenate([expand_dims(i, (1,)) for i in columns], 1),
        dimension_numbers=numbers,
        fill_value=None,
        indices_are_sorted=False,
        mode=CLIP,
        slice_sizes=tuple(1 if k in axes else n for k, n in enumerate(shape)),
        unique_indices=False,
    )


def _modulo(index, n):
    size = literal(n, ShapedArray((), aval_of(index).dtype))
    return rem(rem(index, size) + size, size)
