"""Scatter windows into an array: replace, add, subtract, multiply, minimum, maximum.

    z:f32[3,4] = scatter-add[...] x:f32[3,4] i:i32[5,1] u:f32[5,4]

Axes and indices are those of a gather (`gather`) whose result has the shape of the
updates. Updates to one place are combined in an order that is not specified.
"""

import math

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import JvpRule, Primitive, registry
from ..core.rules import add_tangents, is_linear, linear_in
from .elementwise import ANY, NUMBERS, convert_element_type, eq, mul, neg, select
from .gather import (
    CLIP,
    FILL,
    GatherDimensionNumbers,
    GatherScatterMode,
    ScatterDimensionNumbers,
    after,
    along_last_axis,
    distinct_axes,
    gather_p,
    refuse_one_hot,
    truth,
    wide_enough,
)
from .ordering import both, extremum
from .runs import products_of_others
from .shape import (
    broadcast_in_dim,
    inverse_permutation,
    move_batch,
    reshape,
    transpose,
)

__all__ = [
    "scatter",
    "scatter_add",
    "scatter_add_p",
    "scatter_max",
    "scatter_max_p",
    "scatter_min",
    "scatter_min_p",
    "scatter_mul",
    "scatter_mul_p",
    "scatter_p",
    "scatter_sub",
    "scatter_sub_p",
]


def scatter(
    operand,
    scatter_indices,
    updates,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: str | GatherScatterMode | None = None,
):
    """An array with windows replaced by updates.

    Where several updates go to one place, one of them wins, which one is not specified;
    the winner alone receives the cotangent.

    Args:
      operand: array.
      scatter_indices: integers of shape (..., K): where windows start.
      updates: the windows, in the dtype of the operand.
      dimension_numbers: see `ScatterDimensionNumbers`.
      indices_are_sorted: a promise that indices increase, row by row.
      unique_indices: a promise that no two windows overlap.
      mode: see `GatherScatterMode`; None drops windows that lie outside.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter(np.zeros(4), np.array([[2], [0]]), np.array([5.0, 6.0]), numbers)
    Array([6., 0., 5., 0.], dtype=float32)
    """
    flags = indices_are_sorted, unique_indices, mode
    return _scatter(
        scatter_p, operand, scatter_indices, updates, dimension_numbers, *flags
    )


def scatter_add(
    operand,
    scatter_indices,
    updates,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: str | GatherScatterMode | None = None,
):
    """An array with updates added to its windows; arguments as for `scatter`.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> scatter_add(np.ones(4), np.array([[2], [2]]), np.array([5.0, 6.0]), numbers)
    Array([ 1.,  1., 12.,  1.], dtype=float32)
    """
    flags = indices_are_sorted, unique_indices, mode
    return _scatter(
        scatter_add_p, operand, scatter_indices, updates, dimension_numbers, *flags
    )


def scatter_sub(
    operand,
    scatter_indices,
    updates,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: str | GatherScatterMode | None = None,
):
    """An array with updates subtracted from its windows; arguments as for `scatter`."""
    flags = indices_are_sorted, unique_indices, mode
    return _scatter(
        scatter_sub_p, operand, scatter_indices, updates, dimension_numbers, *flags
    )


def scatter_mul(
    operand,
    scatter_indices,
    updates,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: str | GatherScatterMode | None = None,
):
    """An array with its windows multiplied by updates; arguments as for `scatter`.

    Differentiable in the updates too, whether windows overlap or not.
    """
    flags = indices_are_sorted, unique_indices, mode
    return _scatter(
        scatter_mul_p, operand, scatter_indices, updates, dimension_numbers, *flags
    )


def scatter_min(
    operand,
    scatter_indices,
    updates,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: str | GatherScatterMode | None = None,
):
    """The minimum of an array's windows and the updates; arguments as for `scatter`.

    Tied minima share the cotangent equally.
    """
    flags = indices_are_sorted, unique_indices, mode
    return _scatter(
        scatter_min_p, operand, scatter_indices, updates, dimension_numbers, *flags
    )


def scatter_max(
    operand,
    scatter_indices,
    updates,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: str | GatherScatterMode | None = None,
):
    """The maximum of an array's windows and the updates; arguments as for `scatter`.

    Tied maxima share the cotangent equally.
    """
    flags = indices_are_sorted, unique_indices, mode
    return _scatter(
        scatter_max_p, operand, scatter_indices, updates, dimension_numbers, *flags
    )


def _scatter(
    primitive,
    operand,
    indices,
    updates,
    numbers,
    indices_are_sorted,
    unique_indices,
    mode,
):
    dtype = aval_of(operand).dtype
    numbers = ScatterDimensionNumbers(*(tuple(map(int, d)) for d in numbers))
    flags = bool(indices_are_sorted), bool(unique_indices), mode
    if isinstance(dtype, dtypes.ExtendedDType):
        rank = aval_of(updates).ndim
        key = range(rank, rank + len(dtype.key_shape))
        window = (*numbers.update_window_dims, *key)
        numbers = numbers._replace(update_window_dims=window)
        operand, updates = dtype.unwrap(operand), dtype.unwrap(updates)
        return dtype.wrap(
            _scatter(primitive, operand, indices, updates, numbers, *flags)
        )
    mode = GatherScatterMode.from_any(mode)
    refuse_one_hot(primitive.name, mode)
    return primitive.bind(
        operand,
        wide_enough(primitive.name, operand, indices),
        updates,
        dimension_numbers=numbers,
        indices_are_sorted=flags[0],
        mode=mode,
        unique_indices=flags[1],
    )


def _scatter_primitive(name, allowed, jvp, operation, transpose=None):
    """A scatter that combines an element and an update by one StableHLO operation."""

    def abstract(x, indices, updates, *, dimension_numbers, **params):
        if x.dtype not in allowed or x.dtype != updates.dtype:
            raise TypeError(
                f"{name}: operand and updates must have one dtype that the operation "
                f"takes, got {x} and {updates}. Convert with astype."
            )
        _check_scatter(name, x, indices, updates, dimension_numbers)
        return x

    def lower(hlo, out, x, indices, updates, **params):
        return _scatter_lower(hlo, out, x, indices, updates, operation, **params)

    return Primitive(
        name,
        abstract=abstract,
        jvp=jvp,
        transpose=transpose,
        batch=_scatter_batch(name),
        lower=lower,
    )


def _check_scatter(name, x, indices, updates, numbers):
    window, inserted, index_map, x_batching, i_batching = numbers
    removed = (*inserted, *x_batching)

    def expect(holds, what, got):
        if not holds:
            raise TypeError(
                f"{name}: {what}, got {got} for operand {x}, indices {indices}, "
                f"updates {updates} and {numbers}."
            )

    expect(indices.ndim > 0, "indices must have an axis of index vectors", indices)
    batch = indices.shape[:-1]
    expect(
        len(index_map) == indices.shape[-1] and distinct_axes(index_map, x.ndim),
        "scatter_dims_to_operand_dims must name one axis per component of an index",
        index_map,
    )
    expect(
        distinct_axes(removed, x.ndim),
        "inserted and batching axes must be distinct axes of the operand",
        removed,
    )
    expect(
        len(window) == x.ndim - len(removed)
        and updates.ndim == len(window) + len(batch)
        and distinct_axes(window, updates.ndim)
        and list(window) == sorted(window),
        "update_window_dims must be increasing axes of the updates, one for each axis "
        "of a window",
        window,
    )
    expect(
        all(
            n <= x.shape[k]
            for k, n in enumerate(_window_sizes(x, updates, numbers))
            if k not in removed
        )
        and batch == tuple(n for k, n in enumerate(updates.shape) if k not in window),
        "updates must have the batch axes of the indices, and windows no larger than "
        "the operand",
        updates,
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


def _window_sizes(x, updates, numbers):
    """The size of a window along each axis of the operand."""
    removed = (*numbers.inserted_window_dims, *numbers.operand_batching_dims)
    window = iter(numbers.update_window_dims)
    return tuple(
        1 if k in removed else updates.shape[next(window)] for k in range(x.ndim)
    )


def gather_windows(y, updates, indices, params):
    """The windows of y that updates go to; 0 where they are dropped."""
    numbers, mode = params["dimension_numbers"], params["mode"]
    return gather_p.bind(
        y,
        indices,
        dimension_numbers=GatherDimensionNumbers(*numbers),
        fill_value=0 if mode is FILL else None,
        indices_are_sorted=params["indices_are_sorted"],
        mode=mode,
        slice_sizes=_window_sizes(y, updates, numbers),
        unique_indices=params["unique_indices"],
    )


def _zeros(shape, dtype):
    return literal(0, ShapedArray(tuple(shape), dtype))


# Each update goes to its own place, so that the operand's cotangent is zero there.
def _scatter_transpose(ct, x, indices, updates, **params):
    x_bar = updates_bar = None
    if is_linear(x):
        x_bar = scatter_p.bind(ct, indices, _zeros(updates.shape, ct.dtype), **params)
    if is_linear(updates):
        updates_bar = gather_windows(ct, updates, indices, params)
        if not params["unique_indices"]:
            won = _won(x.shape, indices, updates.shape, params)
            updates_bar = select(won, updates_bar, literal(0, _scalar(ct)))
    return [x_bar, None, updates_bar]


def _scalar(x):
    return ShapedArray((), x.dtype)


def _won(shape, indices, updates_shape, params):
    """Which elements of the updates are in the result: those whose number is there."""
    count = int(np.prod(updates_shape, dtype=np.int64))
    numbers = reshape(np.arange(count, dtype=np.int32), updates_shape)
    nobody = literal(-1, ShapedArray(tuple(shape), np.dtype("int32")))
    winners = scatter_p.bind(nobody, indices, numbers, **params)
    return eq(gather_windows(winners, numbers, indices, params), numbers)


def _scatter_add_transpose(ct, x, indices, updates, **params):
    updates_bar = None
    if is_linear(updates):
        updates_bar = gather_windows(ct, updates, indices, params)
    return [ct if is_linear(x) else None, None, updates_bar]


def _scatter_sub_transpose(ct, x, indices, updates, **params):
    x_bar, _, updates_bar = _scatter_add_transpose(ct, x, indices, updates, **params)
    return [x_bar, None, None if updates_bar is None else neg(updates_bar)]


def _scatter_mul_jvp(primitive, primals, tangents, params):
    (x, indices, updates), (x_dot, _, u_dot) = primals, tangents
    out = primitive.bind(x, indices, updates, **params)
    out_dot = None
    if x_dot is not None:
        out_dot = primitive.bind(x_dot, indices, updates, **params)
    if u_dot is not None:
        factor = gather_windows(x, updates, indices, params)
        if not params["unique_indices"]:
            factor = _times_others(factor, updates, x, indices, params)
        zeros = _zeros(out.shape, out.dtype)
        part = scatter_add_p.bind(zeros, indices, factor * u_dot, **params)
        out_dot = add_tangents(out_dot, part)
    return out, out_dot


def _times_others(factor, updates, x, indices, params):
    """`factor` times, for each update, the product of the others to its place."""
    numbers = params["dimension_numbers"]
    members = (indices.ndim - 1, *numbers.scatter_indices_batching_dims)
    windows = math.prod(n for k, n in enumerate(indices.shape) if k not in members)
    if windows < 2 or not updates.size:
        return factor  # no window overlaps another
    places, covered = _places(updates, x, indices, params)
    # As a matrix: a row for each place of a window, with the covered axes in it.
    order = sorted(range(updates.ndim), key=lambda k: k in covered)
    moved = transpose(updates, order)
    n = places.size
    rows = reshape(moved, (n, updates.size // n))
    others = products_of_others(rows, reshape(places, (n,)))
    others = transpose(reshape(others, moved.shape), inverse_permutation(order))
    dropped = eq(places, literal(0, places.aval))
    dropped = broadcast_in_dim(dropped, updates.shape, range(updates.ndim))
    return select(dropped, _zeros(updates.shape, updates.dtype), mul(factor, others))


def _places(updates, x, indices, params):
    """Where each update goes, counted from 1, or 0 if it is dropped; and some axes.

    Those axes of the updates are as long as the operand's. Updates at different
    positions there never meet, so that the places have size 1 there.
    """
    numbers = params["dimension_numbers"]
    removed = (*numbers.inserted_window_dims, *numbers.operand_batching_dims)
    kept = [k for k in range(x.ndim) if k not in removed]
    pairs = zip(kept, numbers.update_window_dims, strict=True)
    pairs = [(k, d) for k, d in pairs if x.shape[k] == updates.shape[d]]
    covered = [d for _, d in pairs]
    shape = list(x.shape)
    for k, _ in pairs:
        shape[k] = 1
    count = np.arange(1, math.prod(shape) + 1, dtype=np.int32).reshape(shape)
    sizes = [1 if d in covered else n for d, n in enumerate(updates.shape)]
    aval = ShapedArray(tuple(sizes), np.dtype("int32"))
    return gather_windows(count, aval, indices, params), covered


def _scatter_mul_transpose(ct, x, indices, updates, **params):
    if not is_linear(x):
        return [None, None, None]
    return [scatter_mul_p.bind(ct, indices, updates, **params), None, None]


def _scatter_extremum_jvp(primitive, primals, tangents, params):
    (x, indices, updates), (x_dot, _, u_dot) = primals, tangents
    out = primitive.bind(x, indices, updates, **params)
    if x_dot is None and u_dot is None:
        return out, None
    # The element and every update equal to the extremum share the tangent.
    dtype, zero = out.dtype, literal(0, _scalar(out))
    x_attains = eq(x, out)
    u_attains = eq(updates, gather_windows(out, updates, indices, params))
    attained = [convert_element_type(mask, dtype) for mask in (x_attains, u_attains)]
    count = scatter_add_p.bind(attained[0], indices, attained[1], **params)
    x_part = _zeros(x.shape, dtype)
    u_part = _zeros(updates.shape, dtype)
    if x_dot is not None:
        x_part = select(x_attains, x_dot, zero)
    if u_dot is not None:
        u_part = select(u_attains, u_dot, zero)
    return out, scatter_add_p.bind(x_part, indices, u_part, **params) / count


def _scatter_batch(name):
    def batch(size, operands, dims, *, dimension_numbers, **params):
        (x, indices, updates), (x_dim, i_dim, u_dim) = operands, dims
        window, inserted, index_map, x_batching, i_batching = dimension_numbers
        x = move_batch(size, x, x_dim, 0)
        updates = move_batch(size, updates, u_dim, 0)
        window, inserted, index_map = map(after, (window, inserted, index_map))
        x_batching = after(x_batching)
        if i_dim is None:
            # Windows reach over all members.
            window = (0, *window)
        else:
            indices = move_batch(size, indices, i_dim, 0)
            x_batching, i_batching = (0, *x_batching), (0, *after(i_batching))
        numbers = ScatterDimensionNumbers(
            window, inserted, index_map, x_batching, i_batching
        )
        primitive = registry[name]
        out = primitive.bind(x, indices, updates, dimension_numbers=numbers, **params)
        return out, 0

    return batch


def _scatter_lower(
    hlo,
    out,
    x,
    indices,
    updates,
    operation,
    *,
    dimension_numbers,
    indices_are_sorted,
    mode,
    unique_indices,
):
    window, inserted, index_map, x_batching, i_batching = map(list, dimension_numbers)
    if mode is CLIP and indices.aval.size:
        sizes = _window_sizes(x, updates, dimension_numbers)
        indices = _clipped(hlo, indices, [x.shape[k] - sizes[k] for k in index_map])
    scalar = x.aval.update(shape=())

    def body(hlo, old, new):
        if operation is None:
            return [new]
        if operation in _DIRECTIONS:
            return [extremum(hlo, _DIRECTIONS[operation], old, new)]
        return [both(hlo, operation, old, new)]

    return hlo.emit(
        f'"stablehlo.scatter"({x}, {indices}, {updates}) '
        f"<{{indices_are_sorted = {truth(indices_are_sorted)}, "
        "scatter_dimension_numbers = #stablehlo.scatter<"
        f"update_window_dims = {window}, "
        f"inserted_window_dims = {inserted}, input_batching_dims = {x_batching}, "
        f"scatter_indices_batching_dims = {i_batching}, "
        f"scatter_dims_to_operand_dims = {index_map}, "
        f"index_vector_dim = {indices.ndim - 1}>, "
        f"unique_indices = {truth(unique_indices)}}}> "
        f"({hlo.region([scalar, scalar], body)}) : "
        f"{hlo.types([x, indices, updates], out)}"
    )


_DIRECTIONS = {"maximum": "GT", "minimum": "LT"}


def _clipped(hlo, indices, last):
    """Indices moved between 0 and `last`, which StableHLO does for gathers only."""
    aval = indices.aval
    zero = hlo.constant(np.zeros((), aval.dtype), aval.shape)
    bound = along_last_axis(hlo, aval, last)
    name = hlo.emit(f"stablehlo.clamp {zero}, {indices}, {bound} : {aval.mlir}")
    return hlo.value(name, aval)


scatter_p = _scatter_primitive(
    "scatter", ANY, linear_in(0, 2), None, _scatter_transpose
)
scatter_add_p = _scatter_primitive(
    "scatter-add", NUMBERS, linear_in(0, 2), "add", _scatter_add_transpose
)
scatter_sub_p = _scatter_primitive(
    "scatter-sub", NUMBERS, linear_in(0, 2), "subtract", _scatter_sub_transpose
)
scatter_mul_p = _scatter_primitive(
    "scatter-mul",
    NUMBERS,
    JvpRule(_scatter_mul_jvp),
    "multiply",
    _scatter_mul_transpose,
)
scatter_min_p = _scatter_primitive(
    "scatter-min", ANY, JvpRule(_scatter_extremum_jvp), "minimum"
)
scatter_max_p = _scatter_primitive(
    "scatter-max", ANY, JvpRule(_scatter_extremum_jvp), "maximum"
)
