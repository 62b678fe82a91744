"""Products of all numbers that go to one place, except one of them.

    z[p] = product over i with place[i] = p of u[i]

has the derivative in u[i] that is the product over the other j with place[j] = p. It is
not found by division, so zeros are numbers like others, and derivatives of it are right
as well.
"""

import numpy as np

from .elementwise import eq, mul, select
from .gather import GatherDimensionNumbers, GatherScatterMode, gather
from .shape import broadcast_in_dim, full, reshape, rev
from .slicing import concatenate, slice_in_dim
from .sort import sort

__all__ = ["products_of_others"]


def products_of_others(rows, places):
    """For each row, the product of the other rows with the same place.

    rows: (n, m); places: (n,), integers. Sorted by place, the rows of a place follow
    each other, and the result is the product of those before times that of those after.
    """
    n, m = rows.shape
    if n < 2:
        return full((n, m), 1, rows.dtype)
    numbers = np.arange(n, dtype=np.int32)
    places, order = sort((places, numbers), num_keys=1)
    rows = _rows_at(rows, order)
    before = _products_before(rows, places)
    after = _products_before(rev(rows, (0,)), rev(places, (0,)))
    _, back = sort((order, numbers), num_keys=1)
    return _rows_at(mul(before, rev(after, (0,))), back)


def _rows_at(rows, order):
    return gather(
        rows,
        reshape(order, (*order.shape, 1)),
        GatherDimensionNumbers((1,), (0,), (0,)),
        (1, rows.shape[1]),
        unique_indices=True,
        mode=GatherScatterMode.PROMISE_IN_BOUNDS,
    )


def _products_before(rows, places):
    """For each row, the product of those before it with the same place; sorted places.

    After a step that looks d rows back, a row holds the product of up to 2 d of them:
    W. D. Hillis and G. L. Steele, "Data parallel algorithms", Comm. ACM 1986.
    """
    ones = full(rows.shape, 1, rows.dtype)
    y = _from_before(rows, places, 1, ones)
    d = 1
    while d < rows.shape[0] - 1:
        y = mul(y, _from_before(y, places, d, ones))
        d *= 2
    return y


def _from_before(rows, places, d, ones):
    """The row d rows before each one, if it has the same place; else 1."""
    n = rows.shape[0]
    same = eq(slice_in_dim(places, d, n), slice_in_dim(places, 0, n - d))
    same = broadcast_in_dim(same, (n - d, rows.shape[1]), (0,))
    kept = select(same, slice_in_dim(rows, 0, n - d), slice_in_dim(ones, d, n))
    return concatenate([slice_in_dim(ones, 0, d), kept], 0)
