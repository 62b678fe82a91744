"""Sort, and what follows from sorting: permutations, partitions.

NaN sorts last. Sorting is differentiable: cotangents go back where the elements came
from.

    argsort(x)             becomes      the second result of sort[num_keys=1] (x, iota)
"""

from collections.abc import Sequence

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from .arguments import as_array, cast, requested_dtype, scalar, static_int
from .promotion import as_operand, canonical_axis
from .shaping import flip, ravel


@compiled(static_argnames=("axis", "kind", "order", "stable", "descending"))
def sort(
    a,
    axis: int | None = -1,
    *,
    kind=None,
    order=None,
    stable: bool = True,
    descending: bool = False,
):
    """The elements in ascending order along an axis; axis=None flattens first.

    >>> sort(np.array([3, 1, 2])).tolist()
    [1, 2, 3]
    """
    x, axis = _sortable("sort", a, axis, kind, order)
    y = lax.sort(x, dimension=axis, is_stable=stable)
    return flip(y, axis) if descending else y


@compiled(static_argnames=("axis", "kind", "order", "stable", "descending", "dtype"))
def argsort(
    a,
    axis: int | None = -1,
    *,
    kind=None,
    order=None,
    stable: bool = True,
    descending: bool = False,
    dtype=None,
):
    """The indices that sort an array along an axis; equal elements keep their order.

    >>> argsort(np.array([3, 1, 2])).tolist()
    [1, 2, 0]
    """
    x, axis = _sortable("argsort", a, axis, kind, order)
    index_dtype = requested_dtype("argsort", dtype) or dtypes.default_int()
    if not descending:
        return _argsort(x, axis, index_dtype, stable)
    # Reversed before and after, so that equal elements keep their order.
    backwards = flip(_argsort(flip(x, axis), axis, index_dtype, stable), axis)
    return lax.sub(scalar(max(x.shape[axis] - 1, 0), index_dtype), backwards)


def _argsort(x, axis, index_dtype, stable):
    places = lax.broadcasted_iota(index_dtype, x.shape, axis)
    return lax.sort((x, places), dimension=axis, is_stable=stable, num_keys=1)[1]


def _sortable(name, a, axis, kind, order):
    if kind is not None:
        raise TypeError(
            f"'kind' argument to {name} is not supported. Use stable=True or "
            "stable=False to specify sort stability."
        )
    if order is not None:
        raise TypeError(f"'order' argument to {name} is not supported.")
    x = as_operand(name, a)
    if axis is None:
        return ravel(x), 0
    return x, canonical_axis(name, axis, x.ndim)


@compiled(static_argnames=("axis",))
def lexsort(keys: Sequence, axis: int = -1):
    """The indices that sort by several keys; the last key counts most.

    >>> lexsort((np.array([1, 0, 1]), np.array([2, 2, 1]))).tolist()
    [2, 1, 0]
    """
    if len(keys) == 0:
        raise TypeError("lexsort: need sequence of keys with len > 0 in lexsort.")
    operands = [as_operand("lexsort", key) for key in keys]
    if len({tuple(x.shape) for x in operands}) > 1:
        raise ValueError(
            "lexsort: all keys need to be the same shape, got "
            f"{' and '.join(str(tuple(x.shape)) for x in operands)}."
        )
    shape = tuple(operands[0].shape)
    index_dtype = dtypes.default_int()
    if not shape:
        return as_array(scalar(0, index_dtype))
    axis = canonical_axis("lexsort", axis, len(shape))
    places = lax.broadcasted_iota(index_dtype, shape, axis)
    ordered = (*operands[::-1], places)
    return lax.sort(ordered, dimension=axis, num_keys=len(operands))[-1]


def sort_complex(a):
    """All elements along the last axis as complex numbers, sorted by their parts.

    >>> sort_complex(np.array([2, 1])).tolist()
    [(1+0j), (2+0j)]
    """
    x = sort(a)
    return x if x.dtype in dtypes.COMPLEX else cast(x, complex_dtype(x.dtype))


def complex_dtype(dtype):
    """The complex dtype whose parts hold values of a dtype."""
    real = dtypes.to_inexact(dtypes.canonicalize(dtype))
    return dtypes.promote_types(real, dtypes.complex64)


def partition(a, kth: int, axis: int = -1):
    """The elements so arranged that place `kth` holds what sorting would put there.

    Smaller elements come before it, larger ones after, each in no particular order.

    >>> partition(np.array([3, 1, 2]), 0).tolist()[0]
    1
    """
    x, axis, kth = _partitionable("partition", a, kth, axis)
    return lax.sort(x, dimension=axis)


@compiled(static_argnames=("kth", "axis"))
def argpartition(a, kth: int, axis: int = -1):
    """The indices that partition an array, as `partition` arranges it.

    >>> argpartition(np.array([3, 1, 2]), 0).tolist()[0]
    1
    """
    x, axis, kth = _partitionable("argpartition", a, kth, axis)
    return _argsort(x, axis, dtypes.int32, stable=True)


def _partitionable(name, a, kth, axis):
    x = as_operand(name, a)
    if x.dtype in dtypes.COMPLEX:
        raise NotImplementedError(
            f"{name} for complex dtype is not implemented: its order is lexicographic. "
            "Use sort."
        )
    axis = canonical_axis(name, axis, x.ndim)
    kth = canonical_axis(name, static_int(name, "kth", kth), x.shape[axis])
    return x, axis, kth


METHODS = {"argpartition": argpartition, "argsort": argsort, "sort": sort}
