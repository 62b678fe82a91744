"""Repeat and shift elements along axes.

tile(x, 2) for x:f32[n]    becomes      reshape (broadcast_in_dim[shape=(2, n)] x)
"""

import math
from collections.abc import Sequence

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from ..core.trace import Tracer
from .arguments import as_array, as_shape, concrete, refuse_out_sharding, static_int
from .cumulative import cumsum
from .promotion import as_operand, broadcast_value, canonical_axis
from .rows import read_along
from .shaping import broadcast_to, ravel, reshape
from .stacking import unstack


@compiled(static_argnames=("reps",))
def tile(A, reps):
    """An array laid out `reps` times along each axis.

    >>> tile(np.array([1, 2]), 2).tolist(), tile(np.array([1, 2]), (2, 1)).tolist()
    ([1, 2, 1, 2], [[1, 2], [1, 2]])
    """
    x = as_operand("tile", A)
    counts = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    if any(n != int(n) for n in counts):
        raise TypeError(f"tile: reps must be whole numbers, got {reps}.")
    counts = tuple(int(n) for n in counts)
    if any(n < 0 for n in counts):
        raise ValueError(f"tile: reps must not be negative, got {reps}.")
    rank = max(len(counts), x.ndim)
    counts = (1,) * (rank - len(counts)) + counts
    sizes = (1,) * (rank - x.ndim) + tuple(x.shape)
    if all(n == 1 for n in counts):
        return reshape(x, sizes)
    # (n,) tiled r times is (1, n) broadcast to (r, n) and flattened.
    paired = [n for pair in zip(counts, sizes, strict=True) for n in pair]
    places = tuple(2 * (rank - x.ndim + i) + 1 for i in range(x.ndim))
    copies = lax.broadcast_in_dim(x, tuple(paired), places)
    return reshape(copies, [n * m for n, m in zip(counts, sizes, strict=True)])


def repeat(
    a,
    repeats,
    axis: int | None = None,
    *,
    total_repeat_length: int | None = None,
    out_sharding=None,
):
    """Every element repeated, along one axis or (axis=None) in the flattened array.

    `repeats` is one count or a count for each element. Where counts are traced, the
    size of the result must be given as `total_repeat_length`: the result is cut there,
    or filled up with the last element.

    >>> repeat(np.array([1, 2]), 2).tolist()
    [1, 1, 2, 2]
    >>> repeat(np.array([1, 2]), np.array([1, 3])).tolist()
    [1, 2, 2, 2]
    """
    refuse_out_sharding("repeat", out_sharding)
    x = as_operand("repeat", a)
    repeats = as_operand("repeat", repeats)
    if repeats.dtype not in dtypes.INTS | dtypes.BOOL:
        raise TypeError(f"repeat: repeats must be integers, got dtype {repeats.dtype}.")
    if axis is None or x.ndim == 0:
        x, axis = ravel(x), 0
    axis = canonical_axis("repeat", axis, x.ndim)
    if x.shape[axis] == 0:  # there is nothing to fill a length with
        return as_array(x)
    if total_repeat_length is None:
        repeats = concrete(
            "repeat", "repeats", repeats, "Give total_repeat_length as a Python int."
        )
    if repeats.size == 1 and not isinstance(repeats, Tracer):
        out = _repeat_evenly(x, int(np.asarray(repeats).item()), axis)
        if total_repeat_length in (None, out.shape[axis]):
            return out
    return read_along(x, _sources(x.shape[axis], repeats, total_repeat_length), axis)


def _repeat_evenly(x, count, axis):
    if count < 0:
        raise TypeError(f"repeat: repeats must not be negative, got {count}.")
    sizes = x.shape
    copies = lax.broadcast_in_dim(
        x,
        (*sizes[: axis + 1], count, *sizes[axis + 1 :]),
        tuple(i + (i > axis) for i in range(x.ndim)),
    )
    return reshape(copies, (*sizes[:axis], sizes[axis] * count, *sizes[axis + 1 :]))


def _sources(n, repeats, total):
    """For each place of the result, the index of the element that fills it."""
    if repeats.size not in (1, n) or repeats.ndim > 1:
        raise ValueError(
            f"repeat: repeats must be one count or a count for each of the {n} "
            f"elements, got shape {tuple(repeats.shape)}."
        )
    if total is None:
        counts = np.broadcast_to(repeats.reshape(-1), (n,))
        return np.repeat(np.arange(n, dtype=np.int32), counts)
    total = static_int("repeat", "total_repeat_length", total)
    if n == 0:
        return np.zeros(total, np.int32)
    ends = cumsum(broadcast_to(ravel(repeats), (n,)))
    # Place p belongs to the first element whose repetitions end after p.
    places = lax.broadcasted_iota(ends.dtype, (total, n), 0)
    passed = lax.convert_element_type(
        broadcast_value(ends, (total, n)) <= places, np.int32
    )
    return lax.min(lax.reduce_sum(passed, (1,)), np.int32(n - 1))


@compiled(static_argnames=("shift", "axis"))
def roll(a, shift, axis: int | Sequence[int] | None = None):
    """Elements moved along axes, those pushed off one end coming back at the other.

    >>> roll(np.array([1, 2, 3, 4]), 1).tolist()
    [4, 1, 2, 3]
    """
    x = as_operand("roll", a)
    if axis is None:
        return reshape(roll(ravel(x), _total(shift), 0), x.shape)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    axes = [canonical_axis("roll", i, x.ndim) for i in axes]
    shifts = _shifts(shift)
    try:
        count = max(len(shifts), len(axes))
        shifts, axes = shifts * (count // len(shifts)), axes * (count // len(axes))
        pairs = list(zip(shifts, axes, strict=True))
    except ValueError:
        raise ValueError(
            "roll: shift and axis must have equally many entries, or one of them one, "
            f"got shift {shift} and axis {axis}."
        ) from None
    for distance, i in pairs:
        x = _rolled(x, distance, i)
    return as_array(x)


def _shifts(shift):
    if isinstance(shift, tuple | list):
        return list(shift)
    if isinstance(shift, int):
        return [shift]
    shift = as_operand("roll", shift)
    if isinstance(shift, Tracer):
        return list(unstack(ravel(shift)))
    return [int(n) for n in np.asarray(shift).ravel()]


def _total(shift):
    first, *others = _shifts(shift)
    for other in others:
        first = first + other
    return first


def _rolled(x, distance, axis):
    n = x.shape[axis]
    if n == 0:
        return x
    if not isinstance(distance, Tracer):
        start = -int(distance) % n
        if start == 0:
            return x
        head = lax.slice_in_dim(x, start, n, axis=axis)
        return lax.concatenate([head, lax.slice_in_dim(x, 0, start, axis=axis)], axis)
    start = (n - distance % n) % n
    return lax.dynamic_slice_in_dim(lax.concatenate([x, x], axis), start, n, axis)


def resize(a, new_shape):
    """The elements in order, repeated or cut off as needed to fill a shape.

    >>> resize(np.array([1, 2, 3]), (2, 2)).tolist()
    [[1, 2], [3, 1]]
    """
    x = ravel(a)
    sizes = as_shape("resize", new_shape)
    if any(n < 0 for n in sizes):
        raise ValueError(f"resize: sizes must not be negative, got {sizes}.")
    needed = math.prod(sizes)
    if x.size == 0:
        return lax.full(sizes, 0, x.dtype)
    whole = tile(x, -(-needed // x.size) or 1)
    return reshape(lax.slice_in_dim(whole, 0, needed), sizes)


METHODS = {"repeat": repeat}
