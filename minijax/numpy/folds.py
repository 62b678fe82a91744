"""Folds by a function of two numbers: all of an axis, its beginnings, its slices.

An unknown function is applied in order, by a `scan`. One that is known to be
associative is applied to pairs, pairs of pairs and so on, in log2(n) steps:

    f(f(f(x0, x1), x2), x3)      is      f(f(x0, x1), f(x2, x3))
"""

import math

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from ..control import scan
from .arguments import as_array, as_mask, cast, requested_dtype, spread
from .indexing import getitem
from .promotion import as_operand
from .shaping import moveaxis, ravel, reshape
from .updates import AtIndex


def reduced(f, a, axes, dtype, keepdims, initial, where):
    """The fold over some axes; f has the attributes of a `ufunc`."""
    dtype = requested_dtype(f.__name__, dtype) or a.dtype
    rest = tuple(n for k, n in enumerate(a.shape) if k not in axes)
    rows = _rows(cast(a, dtype), axes, rest)
    start = f.identity if initial is None else initial
    if start is None and not rows.shape[0]:
        raise ValueError(
            "zero-size array to reduction operation "
            f"{f.__name__} which has no identity: got {a.aval}. Give initial."
        )
    mask = None
    if where is not None:
        mask = _rows(spread(as_mask(f.__name__, where), a.shape), axes, rest)
    if start is not None:
        start = spread(cast(as_operand(f.__name__, start), dtype), rest)
    if f.associative and _keeps(f, dtype) and f.identity is not None:
        folded = _halved(f, rows, start, mask)
    else:
        folded = _one_by_one(f, rows, start, mask, dtype)
    return lax.expand_dims(folded, axes) if keepdims and axes else folded


def _rows(a, axes, rest):
    """The axes to fold as one axis in front of the rest."""
    count = math.prod(a.shape[k] for k in axes)
    return reshape(moveaxis(as_array(a), axes, tuple(range(len(axes)))), (count, *rest))


def _keeps(f, dtype):
    """Whether f of numbers of a dtype has that dtype, so that nothing is rounded."""
    zero = lax.full((), 0, dtype)
    return f(zero, zero).dtype == dtype


def _one_by_one(f, rows, start, mask, dtype):
    if start is None:
        start, rows = getitem(rows, 0), getitem(rows, slice(1, None))

    def step(carry, row):
        x, inside = row
        y = cast(f(carry, x), dtype)
        return y if inside is None else lax.select(inside, y, carry), None

    return scan(step, as_array(start), (rows, mask))[0]


@compiled(static_argnames=("f",))
def _halved(f, rows, start, mask):
    """Neighbours combined until one row is left, and `start` with that."""
    if mask is not None:
        neutral = cast(as_operand(f.__name__, f.identity), rows.dtype)
        rows = lax.select(mask, rows, spread(neutral, rows.shape))
    if not rows.shape[0]:
        return as_array(start)
    while (n := rows.shape[0]) > 1:
        pairs = f(getitem(rows, slice(0, n - 1, 2)), getitem(rows, slice(1, n, 2)))
        odd = [getitem(rows, slice(n - 1, n))] if n % 2 else []
        rows = lax.concatenate([pairs, *odd], 0)
    return f(start, getitem(rows, 0))


def accumulated(f, a, axis, dtype):
    """The results of folding up to each place along an axis."""
    dtype = requested_dtype(f.__name__, dtype) or a.dtype
    rows = moveaxis(as_array(cast(a, dtype)), axis, 0)
    if not rows.shape[0]:
        return moveaxis(rows, 0, axis)

    def step(carry, x):
        y = cast(f(carry, x), dtype)
        return y, y

    first = getitem(rows, slice(0, 1))
    _, rest = scan(step, getitem(rows, 0), getitem(rows, slice(1, None)))
    return moveaxis(lax.concatenate([first, rest], 0), 0, axis)


def updated(f, a, indices, b):
    """`a` with f applied to `a[indices]` and b, once for each mention of an element."""
    # The flat position of each element that is mentioned; a.size for those outside,
    # where a write is dropped.
    numbers = reshape(as_array(np.arange(a.size)), a.shape)
    places = AtIndex(numbers, indices).get(mode="fill", fill_value=a.size)
    one = lax.convert_element_type(lax.full((), 0, b.dtype), b.dtype, b.weak_type)
    result = f(lax.full((), 0, a.dtype), one).dtype
    b = ravel(as_array(spread(b, places.shape)))
    flat = ravel(cast(a, result))

    def step(carry, row):
        place, y = row
        new = cast(f(getitem(carry, place), y), result)
        return AtIndex(carry, place).set(new), None

    flat, _ = scan(step, flat, (ravel(places), b))
    return reshape(flat, a.shape)


def sliced(f, a, indices, axis, dtype):
    """Folds of the slices of an axis that start at each index and end at the next."""
    dtype = requested_dtype(f.__name__, dtype) or a.dtype
    rows = moveaxis(as_array(cast(a, dtype)), axis, 0)
    n = rows.shape[0]
    starts = as_array(cast(indices, dtypes.int32))
    ends = lax.concatenate(
        [getitem(starts, slice(1, None)), lax.full((1,), n, dtypes.int32)], 0
    )
    # An index outside is marked, as in other reads.
    first = AtIndex(rows, starts).get(mode="fill")
    fold = _slices_by_blocks if f.associative and _keeps(f, dtype) else _slices_by_scan
    return moveaxis(fold(f, rows, first, starts, ends), 0, axis)


def _slices_by_scan(f, rows, first, starts, ends):
    # Every slice sees all rows, and takes those inside it.
    def step(carry, row):
        k, x = row
        inside = _along((k > starts) & (k < ends), carry.shape)
        x = spread(lax.expand_dims(x, (0,)), carry.shape)
        return lax.select(inside, cast(f(carry, x), carry.dtype), carry), None

    return scan(step, first, (np.arange(rows.shape[0], dtype=np.int32), rows))[0]


@compiled(static_argnames=("f",))
def _slices_by_blocks(f, rows, first, starts, ends):
    """What is left of a slice is taken in blocks of 1, 2, 4, ... rows.

    blocks[i] is the fold of `size` rows from row i on; slices are as long as the sum of
    the blocks that they take, which are the binary digits of the length.
    """
    n, size, blocks, folded = rows.shape[0], 1, rows, first
    place = lax.max(starts + 1, np.int32(0))
    length = lax.max(lax.min(ends, np.int32(n)) - place, np.int32(0))
    while size < n:  # the first row of a slice is there already
        taken = lax.bitwise_and(length, np.int32(size)) != 0
        block = getitem(blocks, lax.min(place, np.int32(blocks.shape[0] - 1)))
        folded = lax.select(_along(taken, folded.shape), f(folded, block), folded)
        place = lax.select(taken, place + size, place)
        count = blocks.shape[0] - size
        if count > 0:
            blocks = f(
                getitem(blocks, slice(0, count)), getitem(blocks, slice(size, None))
            )
        size *= 2
    return folded


def _along(mask, shape):
    """A mask of the first axis, repeated over the others."""
    return spread(reshape(mask, (-1, *[1] * (len(shape) - 1))), shape)
