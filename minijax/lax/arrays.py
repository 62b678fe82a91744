"""Arrays made, joined and repeated, as `jax.lax` has it: short compositions.

stack([x, y], 1)      is      concatenate([x[:, None], y[:, None]], 1)
"""

import numpy as np

from .. import dtypes
from ..core.literal import aval_of
from ..numpy import asarray
from ..primitives import (
    broadcast_in_dim,
    concatenate,
    expand_dims,
    full,
    reshape,
    slice_in_dim,
    squeeze,
)
from ..runtime.compiled import compiled

__all__ = [
    "broadcast_like",
    "broadcast_to_rank",
    "dtype",
    "empty",
    "shape_as_value",
    "stack",
    "stage",
    "tile",
    "unstack",
]


def dtype(x):
    """The dtype of an array or number, or that a dtype's name stands for.

    64-bit types are 32-bit ones while they are switched off.

    >>> dtype(2.0), dtype(np.int8(1)), dtype("int64")
    (dtype('float32'), dtype('int8'), dtype('int32'))
    """
    if x is None:
        raise ValueError("dtype: needs a value or a type, got None.")
    if isinstance(x, str | type | np.dtype):
        return dtypes.canonicalize(x)
    if isinstance(x, list | tuple):
        raise TypeError(
            f"dtype: needs an array, a number or a type, got {type(x).__name__}. "
            "Convert it with asarray."
        )
    return dtypes.dtype_of(x)


def empty(shape, dtype, *, out_sharding=None):
    """An array of a shape and dtype whose values do not matter: here zeros.

    >>> empty(2, np.float32).shape
    (2,)
    """
    if out_sharding is not None:
        raise NotImplementedError(
            "empty: out_sharding is not supported. Use with_sharding_constraint on the "
            "result."
        )
    return full(shape, 0, dtypes.explicit(dtype, "empty"))


def shape_as_value(shape):
    """The sizes of a shape as a NumPy array of 32-bit integers.

    >>> shape_as_value((2, 3))
    array([2, 3], dtype=int32)
    """
    return np.array(shape, np.int32)


def stage(x, /):
    """A number or NumPy array as an array of the program that is being traced.

    >>> stage(np.arange(2))
    Array([0, 1], dtype=int32)
    """
    if isinstance(x, list | tuple):
        raise TypeError(
            f"stage: needs an array or a number, got {type(x).__name__}. Convert it "
            "with asarray."
        )
    return asarray(x)


def broadcast_to_rank(x, rank: int):
    """Add leading axes of size 1 until the array has this rank.

    >>> broadcast_to_rank(np.ones((2, 3)), 4).shape
    (1, 1, 2, 3)
    """
    added = rank - aval_of(x).ndim
    return expand_dims(x, range(added)) if added > 0 else asarray(x)


def broadcast_like(arr, like_arr):
    """Repeat an array to the shape of another, by NumPy's rules.

    >>> broadcast_like(np.arange(2), np.zeros((3, 2))).shape
    (3, 2)
    """
    x, target = aval_of(arr), aval_of(like_arr).shape
    added = len(target) - x.ndim
    fits = added >= 0 and all(
        n in (1, m) for n, m in zip(x.shape, target[added:], strict=True)
    )
    if not fits:
        raise ValueError(
            f"broadcast_like: the array must broadcast to shape {target}, got {x}."
        )
    return broadcast_in_dim(arr, target, range(added, len(target)))


def stack(operands, axis: int = 0):
    """Join arrays of one shape and dtype along a new axis.

    >>> stack([np.array([1, 2]), np.array([3, 4])], axis=1)
    Array([[1, 3],
           [2, 4]], dtype=int32)
    """
    operands = list(operands)
    if not operands:
        raise IndexError("stack: needs at least one array, got none.")
    avals = list(map(aval_of, operands))
    if len({x.shape for x in avals}) > 1:
        raise ValueError(
            f"stack: arrays must have one shape, got {' and '.join(map(str, avals))}."
        )
    axis = _axis("stack", axis, avals[0].ndim + 1)
    return _stack(operands, axis=axis)


@compiled(static_argnames=("axis",))
def _stack(operands, axis):
    return concatenate([expand_dims(x, (axis,)) for x in operands], axis)


def unstack(x, axis: int = 0):
    """Cut an array along an axis into a tuple of arrays without it.

    >>> unstack(np.array([[1, 2], [3, 4]]), axis=1)
    (Array([1, 3], dtype=int32), Array([2, 4], dtype=int32))
    """
    return _unstack(x, axis=_axis("unstack", axis, aval_of(x).ndim))


@compiled(static_argnames=("axis",))
def _unstack(x, axis):
    pieces = [slice_in_dim(x, k, k + 1, axis=axis) for k in range(x.shape[axis])]
    return tuple(squeeze(piece, (axis,)) for piece in pieces)


def _axis(where, axis, rank):
    if not -rank <= axis < rank:
        raise ValueError(f"{where}: the axis must be in [{-rank}, {rank}), got {axis}.")
    return axis % rank


def tile(operand, reps):
    """Repeat an array as a whole, `reps[k]` times along axis k.

    >>> tile(np.array([[1, 2]]), (2, 2))
    Array([[1, 2, 1, 2],
           [1, 2, 1, 2]], dtype=int32)
    """
    reps, x = tuple(map(int, reps)), aval_of(operand)
    if len(reps) != x.ndim:
        raise TypeError(
            f"tile: reps must have one number for each axis of {x}, got {reps}."
        )
    if any(n < 0 for n in reps):
        raise ValueError(f"tile: reps must not be negative, got {reps}.")
    return _tile(operand, reps=reps)


@compiled(static_argnames=("reps",))
def _tile(operand, reps):
    shape = operand.shape
    # (r0, n0, r1, n1, ...): the copies along axis k stand before its elements.
    paired = [m for pair in zip(reps, shape, strict=True) for m in pair]
    copies = broadcast_in_dim(operand, paired, range(1, 2 * len(shape), 2))
    return reshape(copies, [r * n for r, n in zip(reps, shape, strict=True)])
