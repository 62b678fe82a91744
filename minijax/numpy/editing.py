"""Add and remove slices of an array: append, insert, delete, trim.

The size of the result must be known while tracing. A traced index is fine where it
names one slice:

    delete(x, i)           becomes      where(iota < i, x[:-1], x[1:])
"""

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..core.trace import Tracer
from .arguments import as_array, cast, concrete, scalar
from .promotion import as_operand, broadcast_value, canonical_axis
from .rows import read_along
from .shaping import broadcast_to, expand_dims, moveaxis, ravel
from .sorting import sort
from .stacking import concatenate


def append(arr, values, axis: int | None = None):
    """An array followed by values: along an axis, or (axis=None) both flattened.

    >>> append(np.array([1, 2]), np.array([3])).tolist()
    [1, 2, 3]
    """
    return concatenate([as_operand("append", arr), as_operand("append", values)], axis)


def delete(arr, obj, axis: int | None = None, *, assume_unique_indices: bool = False):
    """An array without the slices named: by an index, a slice, indices or a mask.

    Several traced indices may name a slice twice, so the size is unknown; with
    `assume_unique_indices` they do not.

    >>> delete(np.array([1, 2, 3]), 1).tolist()
    [1, 3]
    """
    x = as_operand("delete", arr)
    if axis is None or x.ndim == 0:
        x, axis = ravel(x), 0
    axis = canonical_axis("delete", axis, x.ndim)
    n = x.shape[axis]
    if isinstance(obj, slice):
        return _without(x, axis, np.arange(n)[obj])
    positions = as_operand("delete", obj)
    if positions.dtype not in dtypes.INTS | dtypes.BOOL:
        raise ValueError(
            f"delete: obj must be integers, a slice or a mask, got {positions.aval}."
        )
    if positions.ndim == 0 and positions.dtype != dtypes.bool_:
        return _without_one(x, axis, positions)
    if assume_unique_indices and positions.dtype != dtypes.bool_:
        return _without_distinct(x, axis, ravel(positions))
    repair = "Pass assume_unique_indices=True if no index occurs twice."
    known = concrete("delete", "obj", positions, repair).ravel()
    if known.dtype == np.bool_:
        if known.size != n:
            raise ValueError(
                f"delete: a mask must have one entry for each of the {n} slices, got "
                f"{known.size}."
            )
        known = np.nonzero(known)[0]
    for i in known:
        canonical_axis("delete", int(i), n)
    return _without(x, axis, known % n if n else known)


def _without(x, axis, positions):
    """Without slices whose positions are known and in range."""
    n = x.shape[axis]
    kept = np.setdiff1d(np.arange(n), positions)
    if kept.size == n:
        return as_array(x)
    return read_along(x, kept.astype(np.int32), axis)


def _without_one(x, axis, position):
    n = x.shape[axis]
    if not isinstance(position, Tracer) or position.concrete() is not None:
        i = canonical_axis("delete", position, n)
        before = lax.slice_in_dim(x, 0, i, axis=axis)
        return lax.concatenate([before, lax.slice_in_dim(x, i + 1, n, axis=axis)], axis)
    i = _wrapped(position, n)
    head = lax.slice_in_dim(x, 0, n - 1, axis=axis)
    tail = lax.slice_in_dim(x, 1, n, axis=axis)
    places = lax.broadcasted_iota(i.dtype, head.shape, axis)
    return lax.select(lax.lt(places, i), head, tail)


def _wrapped(i, n):
    """Negative indices counted from the end."""
    negative = lax.lt(i, scalar(0, i.dtype))
    return lax.select(negative, lax.add(i, scalar(n, i.dtype)), i)


def _without_distinct(x, axis, positions):
    # The k-th slice kept lies k places on, and one more for each one removed before it.
    n, count = x.shape[axis], positions.shape[0]
    positions = sort(_wrapped(positions, n))
    shifted = lax.sub(positions, lax.iota(positions.dtype, count))
    places = lax.broadcasted_iota(positions.dtype, (n - count, count), 0)
    passed = lax.le(broadcast_value(shifted, places.shape), places)
    removed = lax.reduce_sum(cast(passed, positions.dtype), (1,))
    return read_along(x, lax.add(lax.iota(positions.dtype, n - count), removed), axis)


def insert(arr, obj, values, axis: int | None = None):
    """An array with values put before the slices named by `obj`.

    `obj` is an index, a slice or a vector of indices into the array as it was; `values`
    are converted to its dtype and broadcast.

    >>> insert(np.array([1, 2, 3]), 1, 9).tolist()
    [1, 9, 2, 3]
    """
    x, new = as_operand("insert", arr), as_operand("insert", values)
    if axis is None:
        x, axis = ravel(x), 0
    axis = canonical_axis("insert", axis, x.ndim)
    n = x.shape[axis]
    if isinstance(obj, slice):
        obj = np.arange(*obj.indices(n), dtype=dtypes.default_int())
    positions = as_operand("insert", obj)
    if positions.dtype not in dtypes.INTS:
        raise ValueError(
            f"jnp.insert(): index array must be integer typed; got {positions.dtype}."
        )
    if positions.ndim > 1:
        raise ValueError(
            f"insert: obj must be an index, a slice or a vector, got {positions.aval}."
        )
    if new.ndim < x.ndim:
        new = expand_dims(new, tuple(range(x.ndim - new.ndim)))
    if positions.ndim == 0:
        # As in x[i] = values: the leading axis of the values numbers the new slices.
        new = moveaxis(new, 0, axis)
    positions = _wrapped(ravel(positions), n)
    low, high = scalar(0, positions.dtype), scalar(n, positions.dtype)
    positions = lax.clamp(low, positions, high)
    count = positions.shape[0] if positions.shape[0] != 1 else new.shape[axis]
    sizes = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    new = broadcast_to(cast(new, x.dtype), sizes)
    return _interleaved(x, new, axis, broadcast_value(positions, (count,)))


def _interleaved(x, new, axis, positions):
    """Sort old and new slices by position, new ones first where they are equal."""
    n, count = x.shape[axis], new.shape[axis]
    both = lax.concatenate([new, x], axis)
    old = lax.iota(positions.dtype, n)
    keys = lax.concatenate([positions, old], 0)
    order = lax.iota(positions.dtype, n + count)
    _, order = lax.sort((keys, order), dimension=0, is_stable=True, num_keys=1)
    return read_along(both, order, axis)


def trim_zeros(filt, trim: str = "fb", axis=None):
    """An array without the zeros at its front and back; its values must be known.

    >>> trim_zeros(np.array([0, 1, 0, 2, 0])).tolist()
    [1, 0, 2]
    """
    x = as_array(as_operand("trim_zeros", filt))
    if not x.ndim:
        return x
    known = concrete("trim_zeros", "filt", x, "Trim outside the transformed function.")
    named = range(x.ndim) if axis is None else np.atleast_1d(axis)
    axes = [canonical_axis("trim_zeros", int(i), x.ndim) for i in named]
    places = np.nonzero(known)
    for i in axes:
        n = x.shape[i]
        start = places[i].min() if places[i].size and "f" in trim.lower() else 0
        stop = places[i].max() + 1 if places[i].size and "b" in trim.lower() else n
        if not places[i].size:
            stop = 0
        x = lax.slice_in_dim(x, int(start), int(stop), axis=i)
    return x
