"""Sort along an axis, and the k largest elements.

    y:f32[9] p:i32[9] = sort[dimension=0 is_stable=True num_keys=1] x:f32[9] i:i32[9]

NaN comes last, -0.0 and 0.0 are equal, complex numbers are ordered by real part, then
by imaginary part. A sort moves tangents to where it moves their elements.
"""

import operator

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of
from ..core.primitive import Primitive
from .elementwise import ANY, REALS, neg
from .gather import GatherDimensionNumbers, GatherScatterMode, gather
from .ordering import earlier
from .shape import (
    broadcasted_iota,
    canonical_dimension,
    expand_dims,
    move_batch,
)

__all__ = [
    "approx_max_k",
    "approx_min_k",
    "sort",
    "sort_key_val",
    "sort_p",
    "top_k",
    "top_k_p",
]


def sort(operand, dimension: int = -1, is_stable: bool = True, num_keys: int = 1):
    """Sort along an axis, in increasing order.

    Args:
      operand: array, or a sequence of arrays of one shape that are moved together.
      dimension: the axis.
      is_stable: whether equal elements keep their order.
      num_keys: how many of the arrays are compared, the first of them first.

    Returns:
      An array, or a tuple of arrays.

    >>> sort(np.array([3, 1, 2]))
    Array([1, 2, 3], dtype=int32)
    """
    several = isinstance(operand, tuple | list)
    operands = tuple(operand) if several else (operand,)
    if not operands:
        raise TypeError("sort: at least one array is needed, got none.")
    if not 1 <= num_keys <= len(operands):
        raise ValueError(
            f"sort: num_keys must be between 1 and the number of arrays, "
            f"{len(operands)}, got {num_keys}."
        )
    rank = aval_of(operands[0]).ndim
    outs = sort_p.bind(
        *operands,
        dimension=canonical_dimension("sort", dimension, rank),
        is_stable=bool(is_stable),
        num_keys=operator.index(num_keys),
    )
    return tuple(outs) if several else outs[0]


def sort_key_val(keys, values, dimension: int = -1, is_stable: bool = True):
    """Sort keys along an axis, and move values with them.

    >>> sort_key_val(np.array([3, 1, 2]), np.array([0, 1, 2]))
    (Array([1, 2, 3], dtype=int32), Array([1, 2, 0], dtype=int32))
    """
    return sort((keys, values), dimension, is_stable)


def _sort_abstract(*xs, dimension, is_stable, num_keys):
    if len({x.shape for x in xs}) != 1:
        raise TypeError(
            f"sort: arrays must have one shape, got {' and '.join(map(str, xs))}."
        )
    for x in xs[:num_keys]:
        if x.dtype not in ANY:
            raise TypeError(f"sort: keys must be numbers or booleans, got {x}.")
    return xs


def _sort_jvp(primals, tangents, **params):
    if all(t is None for t in tangents) or aval_of(primals[0]).size == 0:
        return sort_p.bind(*primals, **params), [None] * len(primals)
    axis = params["dimension"]
    shape = aval_of(primals[0]).shape
    places = broadcasted_iota(np.int32, shape, axis)
    *outs, places = sort_p.bind(*primals, places, **params)
    return outs, [None if t is None else take(t, places, axis) for t in tangents]


def take(x, places, axis):
    """For each element of `places`, the element of x there along an axis."""
    others = tuple(k for k in range(aval_of(x).ndim) if k != axis)
    numbers = GatherDimensionNumbers(
        offset_dims=(),
        collapsed_slice_dims=(axis,),
        start_index_map=(axis,),
        operand_batching_dims=others,
        start_indices_batching_dims=others,
    )
    rank = aval_of(places).ndim
    return gather(
        x,
        expand_dims(places, (rank,)),
        numbers,
        (1,) * rank,
        unique_indices=True,
        mode=GatherScatterMode.PROMISE_IN_BOUNDS,
    )


def _sort_batch(size, operands, dims, *, dimension, **params):
    moved = [move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)]
    outs = sort_p.bind(*moved, dimension=dimension + 1, **params)
    return outs, [0] * len(outs)


def _sort_lower(hlo, out, *xs, dimension, is_stable, num_keys):
    # The block compares two rows; it is given both elements of each array in turn.
    scalars = [x.aval.update(shape=()) for x in xs for _ in range(2)]

    def body(hlo, *values):
        keys = [(values[2 * k], values[2 * k + 1]) for k in range(num_keys)]
        return [earlier(hlo, keys)]

    return hlo.emit_many(
        f'"stablehlo.sort"({hlo.names(xs)}) <{{dimension = {dimension} : i64, '
        f"is_stable = {'true' if is_stable else 'false'}}}> "
        f"({hlo.region(scalars, body)}) : {hlo.types(xs, out)}",
        len(xs),
    )


sort_p = Primitive(
    "sort",
    abstract=_sort_abstract,
    jvp=_sort_jvp,
    batch=_sort_batch,
    lower=_sort_lower,
    multiple_results=True,
)


# top_k


def top_k(operand, k: int, *, axis: int = -1):
    """The k largest elements along an axis in decreasing order, and where they are.

    NaN counts as largest; of equal elements those at lower positions come first.

    Args:
      operand: array of real numbers or booleans.
      k: how many, at most the size of the axis.
      axis: the axis.

    Returns:
      A pair of arrays of size k along the axis: elements, and int32 positions.

    >>> top_k(np.array([1, 5, 3]), 2)
    [Array([5, 3], dtype=int32), Array([1, 2], dtype=int32)]
    """
    x = aval_of(operand)
    axis = canonical_dimension("top_k", axis, x.ndim)
    k = operator.index(k)
    if not 0 <= k <= x.shape[axis]:
        raise ValueError(
            f"top_k: k must be between 0 and the size of axis {axis} of {x}, got {k}."
        )
    return list(top_k_p.bind(operand, axis=axis, k=k))


def _top_k_abstract(x, *, axis, k):
    if x.dtype not in REALS and x.dtype != dtypes.bool_:
        raise ValueError(f"top_k: needs real numbers or booleans, got {x}.")
    shape = (*x.shape[:axis], k, *x.shape[axis + 1 :])
    return ShapedArray(shape, x.dtype, x.weak_type), ShapedArray(shape, dtypes.int32)


def _top_k_jvp(primals, tangents, *, axis, k):
    (x,), (x_dot,) = primals, tangents
    values, places = top_k_p.bind(x, axis=axis, k=k)
    if x_dot is None or x_dot.size == 0:
        return [values, places], [None, None]
    return [values, places], [take(x_dot, places, axis), None]


def _top_k_batch(size, operands, dims, *, axis, k):
    (x,), (dim,) = operands, dims
    outs = top_k_p.bind(x, axis=axis + (axis >= dim), k=k)
    return outs, [dim, dim]


def _top_k_lower(hlo, out, x, *, axis, k):
    last = x.ndim - 1
    if axis == last:
        return _top_k_text(hlo, x, out, k)
    # The axis changes places with the last one.
    order = list(range(x.ndim))
    order[axis], order[last] = last, axis

    def exchanged(aval):
        return aval.update(shape=[aval.shape[j] for j in order])

    def exchange(name, aval):
        return hlo.emit(
            f"stablehlo.transpose {name}, dims = {order} : "
            f"({aval.mlir}) -> {exchanged(aval).mlir}"
        )

    moved = hlo.value(exchange(x, x.aval), exchanged(x.aval))
    results = [exchanged(aval) for aval in out]
    names = _top_k_text(hlo, moved, results, k)
    return [exchange(n, aval) for n, aval in zip(names, results, strict=True)]


def _top_k_text(hlo, x, out, k):
    return hlo.emit_many(
        f"chlo.top_k({x}, k = {k}) : {x.mlir} -> ({out[0].mlir}, {out[1].mlir})", 2
    )


top_k_p = Primitive(
    "top_k",
    abstract=_top_k_abstract,
    jvp=_top_k_jvp,
    batch=_top_k_batch,
    lower=_top_k_lower,
    multiple_results=True,
)


def approx_max_k(
    operand,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
):
    """The k largest elements along an axis and where they are: here the exact ones.

    Every `recall_target` is met. `reduction_input_size_override` tunes approximations
    and has no effect.

    Returns:
      A pair of arrays of size k along the axis (all elements, sorted, if
      `aggregate_to_topk` is False): elements, and int32 positions.

    >>> approx_max_k(np.array([1.0, 5.0, 3.0]), 2)
    [Array([5., 3.], dtype=float32), Array([1, 2], dtype=int32)]
    """
    x = aval_of(operand)
    if x.dtype not in dtypes.FLOATS:
        raise ValueError(f"approx_max_k: needs floating-point numbers, got {x}.")
    axis = canonical_dimension("approx_max_k", reduction_dimension, x.ndim)
    return top_k(operand, k if aggregate_to_topk else x.shape[axis], axis=axis)


def approx_min_k(
    operand,
    k: int,
    reduction_dimension: int = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
):
    """The k smallest elements along an axis and where they are; see `approx_max_k`.

    >>> approx_min_k(np.array([1.0, 5.0, 3.0]), 2)
    [Array([1., 3.], dtype=float32), Array([0, 2], dtype=int32)]
    """
    values, places = approx_max_k(
        neg(operand),
        k,
        reduction_dimension,
        recall_target,
        reduction_input_size_override,
        aggregate_to_topk,
    )
    return [neg(values), places]
