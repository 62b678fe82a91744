"""Sets of values as sorted vectors: unique values, unions, differences, membership.

How many distinct values there are depends on the values. With `size` as many are
returned, the missing ones filled; without it the values must be known while tracing.

    unique(x)              becomes      sort, then the places where a new value begins
"""

from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from ..core.trace import Tracer
from ..runtime.array import from_numpy
from . import reductions
from .arguments import cast, concrete, masked, scalar, static_int
from .creation import asarray
from .cumulative import cumsum
from .promotion import as_operand, broadcast_value, canonical_axis, promote
from .rows import read_along
from .searching import nonzero, searchsorted
from .shaping import moveaxis, ravel, reshape
from .sorting import argsort, sort
from .stacking import concatenate, unstack


class _Unique(NamedTuple):
    """Distinct slices along axis 0, where they first occur, and how often."""

    values: Any
    index: Any
    inverse: Any
    counts: Any


def unique(
    ar,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    size: int | None = None,
    fill_value=None,
    sorted: bool = True,
):
    """The distinct values in ascending order, or the distinct slices along an axis.

    On request also the index of the first occurrence of each, the index of each element
    among them, and how often each occurs. With `size` as many values as asked for, the
    missing ones being `fill_value` (by default the smallest value).

    >>> unique(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    x = as_operand("unique", ar)
    if axis is None:
        rows, inverse_shape = ravel(x), tuple(x.shape)
    else:
        axis = canonical_axis("unique", axis, x.ndim)
        rows, inverse_shape = moveaxis(x, axis, 0), (x.shape[axis],)
    found = _unique_rows(rows, equal_nan, size, fill_value)
    values = found.values if axis is None else moveaxis(found.values, 0, axis)
    inverse = reshape(found.inverse, inverse_shape)
    flags = (return_index, return_inverse, return_counts)
    extras = (found.index, inverse, found.counts)
    wanted = [extra for flag, extra in zip(flags, extras, strict=True) if flag]
    return (values, *wanted) if wanted else values


def _unique_rows(rows, equal_nan, size, fill_value):
    if size is None:
        return _unique_on_host(rows, equal_nan)
    n, size = rows.shape[0], static_int("unique", "size", size)
    if n == 0:
        return _none_of_size(rows, size, fill_value)
    order, starts = _sorted_starts(rows, equal_nan)
    # begins[k]: where the k-th distinct value begins in sorted order; n past the last
    begins = nonzero(starts, size=size + 1, fill_value=n)[0]
    counts, begins = begins[1:] - begins[:-1], begins[:-1]
    found = lax.lt(begins, scalar(n, begins.dtype))
    index = read_along(order, lax.min(begins, scalar(n - 1, begins.dtype)))
    index = lax.select(found, index, broadcast_value(order[0], index.shape))
    values = _filled(read_along(rows, index), found, fill_value)
    numbers = cumsum(cast(starts, begins.dtype)) - 1
    inverse = _all(n, 0).at[order].set(numbers)
    return _Unique(values, index, inverse, counts)


def _all(size, value):
    return lax.full((size,), scalar(value, dtypes.default_int()))


def _none_of_size(rows, size, fill_value):
    if size and fill_value is None:
        raise ValueError(
            "jnp.unique: for zero-sized input with nonzero size argument, fill_value "
            "must be specified."
        )
    values = lax.full((size, *rows.shape[1:]), scalar(0, rows.dtype))
    values = _filled(values, lax.full((size,), scalar(False, dtypes.bool_)), fill_value)
    return _Unique(values, _all(size, 0), _all(0, 0), _all(size, 0))


def _filled(values, found, fill_value):
    """The slices found, and the fill value in the place of the others."""
    if fill_value is None:
        return values
    fill = broadcast_value(
        cast(as_operand("unique", fill_value), values.dtype), values.shape
    )
    return lax.select(lax.broadcast_in_dim(found, values.shape, (0,)), values, fill)


def _sorted_starts(rows, equal_nan):
    """The stable order of the slices, and where in it a new one begins."""
    n = rows.shape[0]
    flat = reshape(rows, (n, rows.size // n))
    columns = unstack(flat, axis=1)
    places = lax.iota(dtypes.default_int(), n)
    if not columns:
        return places, lax.eq(places, scalar(0, places.dtype))
    *keys, order = lax.sort((*columns, places), dimension=0, num_keys=len(columns))
    starts = [lax.full((1,), scalar(True, dtypes.bool_))]
    differs = lax.full((n - 1,), scalar(False, dtypes.bool_))
    for key in keys:
        last, this = lax.slice_in_dim(key, 0, n - 1), lax.slice_in_dim(key, 1, n)
        new = lax.ne(last, this)
        if equal_nan and dtypes.is_inexact(key.dtype):
            both_nan = lax.bitwise_and(lax.ne(last, last), lax.ne(this, this))
            new = lax.bitwise_and(new, lax.bitwise_not(both_nan))
        differs = lax.bitwise_or(differs, new)
    return order, lax.concatenate([*starts, differs], 0)


def _unique_on_host(rows, equal_nan):
    known = concrete("unique", "ar", rows, "Give size as a Python int.")
    n = known.shape[0]
    flat = known.reshape(n, -1) if known.size else np.zeros((n, 0))
    order = np.lexsort(flat.T[::-1]) if known.size else np.arange(n)
    last, this = flat[order[:-1]], flat[order[1:]]
    differs = last != this
    if equal_nan:
        differs &= ~((last != last) & (this != this))
    starts = np.append(np.ones(min(n, 1), bool), differs.any(axis=1))
    begins = np.flatnonzero(starts)
    inverse = np.empty(n, np.int64)
    inverse[order] = np.cumsum(starts) - 1
    counts = np.diff(begins, append=n)
    index, inverse, counts = map(_as_index, (order[begins], inverse, counts))
    # Traced values are read from the operand, so that they have derivatives.
    traced = isinstance(rows, Tracer)
    if traced:
        values = read_along(rows, index)
    else:
        values = from_numpy(known[order[begins]], rows.weak_type)
    return _Unique(values, index, inverse, counts)


def _as_index(positions):
    return asarray(positions, dtype=dtypes.default_int())


class UniqueAll(NamedTuple):
    """Distinct values, where they first occur, each element's number, and counts."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """Distinct values and how often each occurs."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """Distinct values and the number of each element among them."""

    values: Any
    inverse_indices: Any


def unique_all(x, /, *, size: int | None = None, fill_value=None) -> UniqueAll:
    """The distinct values with all that is known about them; each NaN is distinct.

    >>> unique_all(np.array([3, 1, 3])).counts.tolist()
    [1, 2]
    """
    return UniqueAll(
        *unique(x, True, True, True, equal_nan=False, size=size, fill_value=fill_value)
    )


def unique_counts(x, /, *, size: int | None = None, fill_value=None) -> UniqueCounts:
    """The distinct values and how often each occurs; each NaN is distinct.

    >>> unique_counts(np.array([3, 1, 3])).counts.tolist()
    [1, 2]
    """
    options = {"equal_nan": False, "size": size, "fill_value": fill_value}
    return UniqueCounts(*unique(x, return_counts=True, **options))


def unique_inverse(x, /, *, size: int | None = None, fill_value=None) -> UniqueInverse:
    """The distinct values and the number of each element among them.

    >>> unique_inverse(np.array([3, 1, 3])).inverse_indices.tolist()
    [1, 0, 1]
    """
    options = {"equal_nan": False, "size": size, "fill_value": fill_value}
    return UniqueInverse(*unique(x, return_inverse=True, **options))


def unique_values(x, /, *, size: int | None = None, fill_value=None):
    """The distinct values in ascending order; each NaN is distinct.

    >>> unique_values(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    return unique(x, equal_nan=False, size=size, fill_value=fill_value)


def union1d(ar1, ar2, *, size: int | None = None, fill_value=None):
    """The distinct values of two arrays together, in ascending order.

    >>> union1d(np.array([1, 3]), np.array([2, 3])).tolist()
    [1, 2, 3]
    """
    x, y = promote("union1d", ar1, ar2)
    return unique(concatenate([ravel(x), ravel(y)]), size=size, fill_value=fill_value)


def setdiff1d(
    ar1, ar2, assume_unique: bool = False, *, size: int | None = None, fill_value=None
):
    """The distinct values of one array that are not in another.

    With `assume_unique` they keep their order; missing ones are filled with 0.

    >>> setdiff1d(np.array([3, 1, 2]), np.array([2])).tolist()
    [1, 3]
    """
    x, y = as_operand("setdiff1d", ar1), as_operand("setdiff1d", ar2)
    values, valid = _distinct(ravel(x), size, assume_unique)
    keep = lax.bitwise_and(valid, isin(values, y, invert=True))
    fill_value = 0 if fill_value is None else fill_value
    return _kept("setdiff1d", values, keep, size, fill_value)


def setxor1d(
    ar1, ar2, assume_unique: bool = False, *, size: int | None = None, fill_value=None
):
    """The distinct values that are in one of two arrays but not in both.

    >>> setxor1d(np.array([1, 2]), np.array([2, 3])).tolist()
    [1, 3]
    """
    x, y = promote("setxor1d", ar1, ar2)
    values, valid = _distinct(concatenate([ravel(x), ravel(y)]), size)
    keep = lax.bitwise_and(valid, lax.ne(isin(values, x), isin(values, y)))
    return _kept("setxor1d", values, keep, size, fill_value)


def intersect1d(
    ar1,
    ar2,
    assume_unique: bool = False,
    return_indices: bool = False,
    *,
    size: int | None = None,
    fill_value=None,
):
    """The distinct values that are in both arrays, in ascending order.

    With `return_indices` also where each first occurs in either array, flattened;
    indices of missing values are the size of that array.

    >>> intersect1d(np.array([1, 2, 3]), np.array([3, 2, 5])).tolist()
    [2, 3]
    """
    x, y = (ravel(z) for z in promote("intersect1d", ar1, ar2))
    values, valid = _distinct(x, size)
    keep = lax.bitwise_and(valid, isin(values, y))
    common = _kept("intersect1d", values, keep, size, fill_value)
    if not return_indices:
        return common
    # The fill value may not be in the arrays: places are looked up for the first one.
    known = _kept("intersect1d", values, keep, size, None)
    found = lax.lt(lax.iota(dtypes.default_int(), known.shape[0]), reductions.sum(keep))
    return common, _first_places(x, known, found), _first_places(y, known, found)


def _distinct(values, size, assume_unique=False):
    """Distinct values, and which of them are not fillers."""
    if assume_unique or values.size == 0:
        return values, lax.full(values.shape, scalar(True, dtypes.bool_))
    if size is None:
        values = unique(values)
        return values, lax.full(values.shape, scalar(True, dtypes.bool_))
    values, counts = unique(values, return_counts=True, size=values.shape[0])
    return values, lax.gt(counts, scalar(0, counts.dtype))


def _kept(where, values, keep, size, fill_value):
    """The values to keep: as many as there are, or `size` of them with fillers."""
    n = values.shape[0]
    if size is None:
        known = concrete(where, "ar1", keep, "Give size as a Python int.")
        return read_along(values, _as_index(np.flatnonzero(known)))
    size = static_int(where, "size", size)
    if n == 0:
        fill = cast(as_operand(where, fill_value or 0), values.dtype)
        return broadcast_value(fill, (size,))
    place = nonzero(keep, size=size, fill_value=n)[0]
    found = lax.lt(place, scalar(n, place.dtype))
    kept = read_along(values, lax.min(place, scalar(n - 1, place.dtype)))
    if fill_value is None:
        first = kept[0] if size else scalar(0, kept.dtype)
        fill_value = masked(reductions.any(keep), first, 0)
    return _filled(kept, found, fill_value)


def _first_places(x, values, found):
    """Where each value first occurs in x; x.size for those not found."""
    n = x.shape[0]
    beyond = _all(values.shape[0], n)
    if n == 0:
        return beyond
    order = argsort(x)
    place = searchsorted(read_along(x, order), values)
    place = read_along(order, lax.min(place, scalar(n - 1, place.dtype)))
    return lax.select(found, place, beyond)


_METHODS_OF_ISIN = ("compare_all", "binary_search", "sort", "auto")

# Up to so many elements to look among, comparing with each beats searching.
_FEW = 32


@compiled(static_argnames=("assume_unique", "invert", "method"))
def isin(
    element,
    test_elements,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    method: str = "auto",
):
    """For each element whether it is among the test elements; NaN never is.

    >>> isin(np.array([1, 2, 3]), np.array([2, 4])).tolist()
    [False, True, False]
    """
    if method not in _METHODS_OF_ISIN:
        raise ValueError(
            f"isin: method={method!r} is not implemented; options are "
            f"{', '.join(map(repr, _METHODS_OF_ISIN))}."
        )
    x, tests = promote("isin", element, test_elements)
    tests = ravel(tests)
    n = tests.shape[0]
    if n == 0:
        return lax.full(x.shape, scalar(invert, dtypes.bool_))
    if method == "compare_all" or (method == "auto" and n <= _FEW):
        # (..., n): every element against every test element
        sizes = (*x.shape, n)
        columns = lax.broadcast_in_dim(x, sizes, tuple(range(x.ndim)))
        found = reductions.any(lax.eq(columns, broadcast_value(tests, sizes)), -1)
    else:
        tests = sort(tests)
        search = "sort" if method == "sort" else "scan"
        place = searchsorted(tests, x, method=search)
        place = lax.min(place, scalar(n - 1, place.dtype))
        found = lax.eq(read_along(tests, place), x)
    return cast(lax.bitwise_not(found) if invert else found, dtypes.bool_)
