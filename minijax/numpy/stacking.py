"""Join arrays along axes, and take them apart.

Joining promotes the arrays to one dtype. Every joining function also accepts arrays
wrapped in a 1-tuple, because a pullback returns its cotangents in a tuple:

    vstack([pullback(m) for m in M])        has one row for each m
"""

import numpy as np

from .. import primitives as lax
from ..api import compiled
from .arguments import (
    as_array,
    cast,
    concrete,
    refuse_out,
    requested_dtype,
)
from .promotion import as_operand, canonical_axis, promote
from .shaping import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    expand_dims,
    ravel,
    reshape,
)


def _operands(where, arrays):
    """The arrays to join as operands: a sequence, or the rows of one array."""
    if getattr(arrays, "shape", ()):
        xs = list(unstack(arrays))
    elif isinstance(arrays, list | tuple):
        xs = [as_operand(where, _unwrapped(x)) for x in arrays]
    elif getattr(arrays, "shape", None) == () and where != "stack":
        raise ValueError(
            f"{where}: Need at least one array to concatenate, got {arrays!r}. Use "
            "reshape to give it an axis."
        )
    else:
        raise TypeError(
            f"{where}: the arrays to join must be a list or tuple, got "
            f"{type(arrays).__name__}. Wrap an iterator in list()."
        )
    if not xs:
        raise ValueError(f"{where}: needs at least one array, got none.")
    return xs


def _unwrapped(x):
    return x[0] if type(x) is tuple and len(x) == 1 else x


def _promoted(where, xs, dtype):
    dtype = requested_dtype(where, dtype)
    if dtype is not None:
        return [cast(x, dtype) for x in xs]
    return promote(where, *xs)


@compiled(static_argnames=("axis", "dtype"))
def concatenate(arrays, axis: int | None = 0, dtype=None):
    """Join arrays end to end along an axis; with axis=None, all their elements.

    >>> concatenate([np.ones((2, 3)), np.zeros((2, 4))], axis=1).shape
    (2, 7)
    """
    return _concatenate("concatenate", _operands("concatenate", arrays), axis, dtype)


def _concatenate(where, xs, axis, dtype=None):
    if axis is None:
        xs, axis = [ravel(x) for x in xs], 0
    ranks = {x.ndim for x in xs}
    if ranks == {0}:
        raise ValueError(
            f"{where}: Zero-dimensional arrays cannot be concatenated. Use stack."
        )
    if len(ranks) > 1:
        raise TypeError(
            f"{where}: arrays must have equally many axes, got shapes "
            f"{' and '.join(str(tuple(x.shape)) for x in xs)}."
        )
    axis = canonical_axis(where, axis, xs[0].ndim)
    xs = _promoted(where, xs, dtype)
    return as_array(xs[0]) if len(xs) == 1 else lax.concatenate(xs, axis)


def concat(arrays, /, *, axis: int | None = 0):
    """Join arrays end to end along an axis: the array API's name of `concatenate`.

    >>> concat([np.ones(2), np.zeros(3)]).shape
    (5,)
    """
    return _concatenate("concat", _operands("concat", arrays), axis)


@compiled(static_argnames=("axis", "out", "dtype"))
def stack(arrays, axis: int = 0, out=None, dtype=None):
    """Join arrays of one shape along a new axis.

    >>> stack([np.ones(3), np.zeros(3)]).shape
    (2, 3)
    >>> stack([np.ones(3), np.zeros(3)], axis=1).shape
    (3, 2)
    """
    refuse_out("stack", out)
    xs = _operands("stack", arrays)
    shapes = {tuple(x.shape) for x in xs}
    if len(shapes) != 1:
        raise ValueError(
            "stack: arrays must have one shape, got "
            f"{' and '.join(str(tuple(x.shape)) for x in xs)}."
        )
    axis = canonical_axis("stack", axis, xs[0].ndim + 1)
    rows = [lax.expand_dims(x, (axis,)) for x in _promoted("stack", xs, dtype)]
    return rows[0] if len(rows) == 1 else lax.concatenate(rows, axis)


def unstack(x, /, *, axis: int = 0) -> tuple:
    """The slices of an array along an axis, without that axis.

    >>> [row.tolist() for row in unstack(np.array([[1, 2], [3, 4]]))]
    [[1, 2], [3, 4]]
    """
    x = as_operand("unstack", x)
    axis = canonical_axis("unstack", axis, x.ndim)
    if x.shape[axis] == 0:
        return ()
    pieces = lax.split(x, (1,) * x.shape[axis], axis)
    return tuple(lax.squeeze(piece, (axis,)) for piece in pieces)


@compiled(static_argnames=("dtype",))
def vstack(tup, dtype=None):
    """Join arrays as rows: along axis 0, vectors counting as one row each.

    >>> vstack([np.ones(3), np.zeros(3)]).shape
    (2, 3)
    """
    return _stack_with("vstack", atleast_2d, tup, 0, dtype)


@compiled(static_argnames=("dtype",))
def hstack(tup, dtype=None):
    """Join arrays side by side: along axis 1, vectors along axis 0.

    >>> hstack([np.ones(3), np.zeros(2)]).shape
    (5,)
    """
    xs = _operands("hstack", tup)
    axis = 0 if xs[0].ndim <= 1 else 1
    return _concatenate("hstack", [atleast_1d(x) for x in xs], axis, dtype)


@compiled(static_argnames=("dtype",))
def dstack(tup, dtype=None):
    """Join arrays along axis 2, each with at least three axes.

    >>> dstack([np.ones(3), np.zeros(3)]).shape
    (1, 3, 2)
    """
    return _stack_with("dstack", atleast_3d, tup, 2, dtype)


@compiled
def column_stack(tup):
    """Join vectors as the columns of a matrix; matrices are joined side by side.

    >>> column_stack([np.ones(3), np.zeros(3)]).shape
    (3, 2)
    """
    xs = _operands("column_stack", tup)
    columns = [reshape(x, (-1, 1)) if x.ndim < 2 else x for x in xs]
    return _concatenate("column_stack", columns, 1)


def _stack_with(where, at_least, tup, axis, dtype):
    return _concatenate(
        where, [at_least(x) for x in _operands(where, tup)], axis, dtype
    )


def block(arrays):
    """An array assembled from nested lists of blocks.

    The innermost lists are joined along the last axis, the next ones along the axis
    before it, and so on; blocks get leading axes of size one as needed.

    >>> block([[np.ones((2, 2)), np.zeros((2, 1))], [np.zeros((1, 3))]]).shape
    (3, 3)
    """
    depth = _list_depth(arrays)
    rank = max(depth, *(len(np.shape(x)) for x in _leaves(arrays)))
    return _joined(arrays, rank, rank - depth)


def _list_depth(arrays):
    if isinstance(arrays, tuple):
        raise ValueError("block: blocks are nested in lists, got a tuple.")
    if not isinstance(arrays, list):
        return 0
    if not arrays:
        raise ValueError("block: lists must not be empty.")
    depths = {_list_depth(x) for x in arrays}
    if len(depths) > 1:
        raise ValueError("block: all blocks must be nested in equally many lists.")
    return depths.pop() + 1


def _leaves(arrays):
    if not isinstance(arrays, list):
        return [as_operand("block", arrays)]
    return [leaf for x in arrays for leaf in _leaves(x)]


def _joined(arrays, rank, axis):
    if isinstance(arrays, list):
        parts = [_joined(x, rank, axis + 1) for x in arrays]
        return _concatenate("block", parts, axis)
    x = as_operand("block", arrays)
    return expand_dims(x, tuple(range(rank - x.ndim)))


def split(ary, indices_or_sections, axis: int = 0) -> list:
    """Take an array apart: into equal sections, or at the indices given.

    >>> [x.tolist() for x in split(np.arange(6), 3)]
    [[0, 1], [2, 3], [4, 5]]
    >>> [x.tolist() for x in split(np.arange(6), [1, 3])]
    [[0], [1, 2], [3, 4, 5]]
    """
    return _split("split", ary, indices_or_sections, axis)


def array_split(ary, indices_or_sections, axis: int = 0) -> list:
    """Take an array apart into sections whose sizes differ by at most one.

    >>> [x.tolist() for x in array_split(np.arange(5), 2)]
    [[0, 1, 2], [3, 4]]
    """
    return _split("array_split", ary, indices_or_sections, axis, even=False)


def hsplit(ary, indices_or_sections) -> list:
    """Take an array apart along axis 1; a vector along axis 0.

    >>> [x.shape for x in hsplit(np.ones((2, 4)), 2)]
    [(2, 2), (2, 2)]
    """
    axis = 0 if len(np.shape(ary)) == 1 else 1
    return _split("hsplit", ary, indices_or_sections, axis)


def vsplit(ary, indices_or_sections) -> list:
    """Take an array apart along axis 0.

    >>> [x.shape for x in vsplit(np.ones((4, 2)), 2)]
    [(2, 2), (2, 2)]
    """
    return _split("vsplit", ary, indices_or_sections, 0)


def dsplit(ary, indices_or_sections) -> list:
    """Take an array apart along axis 2.

    >>> [x.shape for x in dsplit(np.ones((1, 2, 4)), 2)]
    [(1, 2, 2), (1, 2, 2)]
    """
    return _split("dsplit", ary, indices_or_sections, 2)


def _split(where, ary, indices_or_sections, axis, even=True):
    x = as_operand(where, ary)
    axis = canonical_axis(where, axis, x.ndim)
    sizes = _section_sizes(where, x.shape[axis], indices_or_sections, even)
    return [as_array(x)] if len(sizes) == 1 else list(lax.split(x, sizes, axis))


def _section_sizes(where, total, indices_or_sections, even):
    if not isinstance(indices_or_sections, int | float):
        repair = "Pass a list of ints."
        cuts = concrete(where, "indices_or_sections", indices_or_sections, repair)
        if cuts.ndim:
            ends = np.array([*cuts, total])
            # As in NumPy, an index may lie beyond the end: that section is empty.
            ends = np.minimum(np.where(ends < 0, ends + total, ends), total)
            starts = np.concatenate([[0], ends[:-1]])
            return tuple(int(n) for n in np.maximum(ends - starts, 0))
        indices_or_sections = cuts.item()
    sections = int(indices_or_sections)
    if sections <= 0:
        raise ValueError(f"{where}: sections must be positive, got {sections}.")
    short, longer = divmod(total, sections)
    if even and longer:
        raise ValueError(
            f"{where}: array split does not result in an equal division: {total} is "
            f"not a multiple of {sections}. Use array_split."
        )
    return (short + 1,) * longer + (short,) * (sections - longer)
