"""Find elements: where they are not zero, and where they belong in a sorted array.

The number of non-zero elements depends on values. Where values are known while tracing
the positions are found on the host; where they are not, `size` says how many to give.

    nonzero(x, size=3)     becomes      a running count of x != 0, searched for 1, 2, 3
"""

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled, stop_gradient
from ..control import fori_loop
from .arguments import as_array, cast, concrete, scalar, static_int
from .creation import asarray
from .promotion import as_operand, broadcast_value, promote
from .reductions import sum as sum_over
from .reductions import truth
from .rows import read_along
from .shaping import atleast_1d, ravel, transpose
from .sorting import argsort
from .stacking import concatenate, stack


def nonzero(a, *, size: int | None = None, fill_value=None) -> tuple:
    """The positions of the non-zero elements, one index array for each axis.

    With `size` as many positions as asked for: those too many are left out, those
    missing are filled with `fill_value` (0, or one value for each axis).

    >>> [i.tolist() for i in nonzero(np.array([[0, 1], [2, 0]]))]
    [[0, 1], [1, 0]]
    >>> nonzero(np.array([0, 5, 0]), size=2, fill_value=-1)[0].tolist()
    [1, -1]
    """
    x = as_operand("nonzero", a)
    if x.ndim == 0:
        raise ValueError(
            "nonzero: Calling nonzero on 0d arrays is not allowed. Use "
            "jnp.atleast_1d(scalar).nonzero() instead."
        )
    return _nonzero("nonzero", x, size, fill_value)


def flatnonzero(a, *, size: int | None = None, fill_value=None):
    """The positions of the non-zero elements in the flattened array.

    >>> flatnonzero(np.array([[0, 1], [2, 0]])).tolist()
    [1, 2]
    """
    x = ravel(as_operand("flatnonzero", a))
    return _nonzero("flatnonzero", x, size, fill_value)[0]


def argwhere(a, *, size: int | None = None, fill_value=None):
    """The positions of the non-zero elements, one row for each.

    >>> argwhere(np.array([[0, 1], [2, 0]])).tolist()
    [[0, 1], [1, 0]]
    """
    x = as_operand("argwhere", a)
    columns = _nonzero("argwhere", atleast_1d(x), size, fill_value)
    if x.ndim == 0:
        return lax.full((columns[0].shape[0], 0), 0, dtypes.default_int())
    return transpose(stack(columns))


def _nonzero(name, x, size, fill_value):
    if size is None:
        known = concrete(name, "a", x, "Give size as a Python int.")
        return tuple(asarray(i, dtype=dtypes.default_int()) for i in np.nonzero(known))
    size = static_int(name, "size", size)
    if size < 0:
        raise TypeError(f"{name}: size must not be negative, got {size}.")
    fills = _fill_values(name, x.ndim, fill_value)
    return _nonzero_of_size(x, *fills, name=name, size=size)


@compiled(static_argnames=("name", "size"))
def _nonzero_of_size(x, *fills, name, size):
    index_dtype = dtypes.default_int()
    if x.size == 0 or size == 0:
        return tuple(
            cast(lax.broadcast(as_operand(name, value), (size,)), index_dtype)
            for value in fills
        )
    # counts[i]: non-zero elements up to and with i; the k-th one is where k is reached
    counts = lax.cumsum(cast(ravel(truth(name, x)), index_dtype), 0)
    wanted = lax.iota(index_dtype, size)
    flat = _binary_search(counts, wanted, right=True)
    flat = lax.min(flat, scalar(x.size - 1, index_dtype))
    total = lax.slice_in_dim(counts, x.size - 1, x.size)
    found = lax.lt(wanted, broadcast_value(total, (size,)))
    return tuple(
        _filled(found, column, as_operand(name, value))
        for column, value in zip(_unraveled(flat, x.shape), fills, strict=True)
    )


def _fill_values(name, rank, fill_value):
    if not isinstance(fill_value, tuple):
        fill_value = (0 if fill_value is None else fill_value,) * rank
    if len(fill_value) != rank or any(np.ndim(value) for value in fill_value):
        raise ValueError(
            f"{name}: fill_value must be a scalar or a tuple of length {rank}, got "
            f"{fill_value}."
        )
    return fill_value


def _unraveled(flat, shape):
    columns = []
    for n in reversed(shape):
        divisor = scalar(n, flat.dtype)
        columns.append(lax.rem(flat, divisor))
        flat = lax.div(flat, divisor)
    return columns[::-1]


def _filled(found, column, value):
    column, value = promote("nonzero", column, value)
    return lax.select(found, column, lax.broadcast(value, column.shape))


_METHODS_OF_SEARCH = ("compare_all", "scan", "scan_unrolled", "sort")


@compiled(static_argnames=("side", "method"))
def searchsorted(a, v, side: str = "left", sorter=None, *, method: str = "scan"):
    """Where to insert values into a sorted vector so that it stays sorted.

    The index is the first one possible with side="left", the last one with "right".
    `method` is "scan" or "scan_unrolled" (binary search), "sort" (fast for many values)
    or "compare_all" (fast for a short vector).

    >>> searchsorted(np.array([1, 3, 5]), np.array([0, 3, 9])).tolist()
    [0, 1, 3]
    """
    if side not in ("left", "right"):
        raise ValueError(
            f"searchsorted: invalid argument side={side!r}, expected 'left' or 'right'."
        )
    if method not in _METHODS_OF_SEARCH:
        raise ValueError(
            f"searchsorted: invalid argument method={method!r}, expected one of "
            f"{', '.join(_METHODS_OF_SEARCH)}."
        )
    x, v = promote("searchsorted", a, v)
    if x.ndim != 1:
        raise ValueError(
            f"searchsorted: a should be 1-dimensional, got shape {tuple(x.shape)}."
        )
    if sorter is not None:
        x = read_along(x, as_operand("searchsorted", sorter))
    if x.shape[0] == 0:
        return lax.full(v.shape, scalar(0, dtypes.int32))
    right = side == "right"
    if method == "sort":
        found = _search_by_sorting(x, v, right)
    elif method == "compare_all":
        found = _search_by_comparing(x, v, right)
    else:
        found = _binary_search(as_array(x), v, right)
    return cast(found, _place_dtype(x.shape[0]))


def _place_dtype(n):
    """The dtype of places in a vector of n elements: i32 as long as they fit."""
    return dtypes.int32 if n < 2**31 - 1 else dtypes.default_int()


def _precedes(x, v, right):
    """Whether an element comes before the place of v; NaN comes after all numbers."""
    if x.dtype in dtypes.COMPLEX:
        return _complex_precedes(x, v, right)
    if not dtypes.is_inexact(x.dtype):
        return lax.le(x, v) if right else lax.lt(x, v)
    x_is_number = lax.eq(x, x)
    v_is_nan = lax.ne(v, v)
    if right:
        return lax.bitwise_or(lax.le(x, v), v_is_nan)
    return lax.bitwise_or(lax.lt(x, v), lax.bitwise_and(x_is_number, v_is_nan))


def _complex_precedes(x, v, right):
    """Lexicographic order: by the real parts, then by the imaginary ones."""
    real_less = _precedes(lax.real(x), lax.real(v), False)
    real_greater = _precedes(lax.real(v), lax.real(x), False)
    imag_before = _precedes(lax.imag(x), lax.imag(v), right)
    tie = lax.bitwise_not(lax.bitwise_or(real_less, real_greater))
    return lax.bitwise_or(real_less, lax.bitwise_and(tie, imag_before))


def _binary_search(x, v, right):
    """The number of elements of x that precede v, in log2(n) steps."""
    index_dtype = dtypes.default_int()
    x, v = stop_gradient(x), stop_gradient(v)
    one = scalar(1, index_dtype)
    two = scalar(2, index_dtype)

    def halve(_, bounds):
        # The answer lies in low..high: all before low precede v, none from high on.
        low, high = bounds
        middle = lax.div(lax.add(low, high), two)
        precedes = _precedes(read_along(x, middle), v, right)
        inside = lax.lt(low, high)
        up = lax.bitwise_and(precedes, inside)
        down = lax.bitwise_and(lax.bitwise_not(precedes), inside)
        return lax.select(up, lax.add(middle, one), low), lax.select(down, middle, high)

    shape = tuple(v.shape)
    n = x.shape[0]
    bounds = lax.full(shape, 0, index_dtype), lax.full(shape, n, index_dtype)
    return fori_loop(0, n.bit_length(), halve, bounds)[0]


def _search_by_comparing(x, v, right):
    # compared: (n, *v.shape)
    sizes = (x.shape[0], *v.shape)
    column = lax.broadcast_in_dim(x, sizes, (0,))
    compared = _precedes(column, broadcast_value(v, sizes), right)
    return sum_over(compared, 0)


def _search_by_sorting(x, v, right):
    """The place of v in the sorted union, less the number of v's before it."""
    values = ravel(v)
    both = concatenate([x, values] if right else [values, x])
    ranks = argsort(argsort(both))
    n, m = x.shape[0], values.shape[0]
    own = lax.slice_in_dim(ranks, n, n + m) if right else lax.slice_in_dim(ranks, 0, m)
    order = argsort(argsort(values))
    return lax.reshape(lax.sub(own, order), v.shape)


METHODS = {"nonzero": nonzero, "searchsorted": searchsorted}
