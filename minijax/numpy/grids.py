"""Grids of coordinates: index arrays, meshes, and the objects indexed by slices.

mgrid[0:2, 0:3]        gives        two arrays of shape (2, 3): rows and columns
"""

from collections.abc import Callable

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import vmap
from .arguments import as_array, as_shape, requested_dtype
from .creation import array
from .progressions import arange, linspace
from .promotion import as_operand
from .shaping import atleast_1d, expand_dims, transpose
from .stacking import concatenate, stack


def meshgrid(
    *xi, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> list:
    """Coordinate arrays of the grid spanned by vectors.

    With indexing "ij" axis k belongs to the k-th vector; with "xy" the first two are
    exchanged, as for pictures. `sparse` leaves the other axes at size one.

    >>> [x.tolist() for x in meshgrid(np.array([1, 2]), np.array([3, 4]))]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    vectors = [as_operand("meshgrid", x) for x in xi]
    if not copy:
        raise ValueError("meshgrid: only copy=True is supported: arrays are immutable.")
    if indexing not in ("xy", "ij"):
        raise ValueError(
            f"meshgrid: Valid values for indexing are 'xy' and 'ij', got {indexing}."
        )
    if any(x.ndim != 1 for x in vectors):
        raise ValueError(
            "Arguments to jax.numpy.meshgrid must be 1D, got shapes "
            f"{[tuple(x.shape) for x in vectors]}."
        )
    places = list(range(len(vectors)))
    if indexing == "xy" and len(places) > 1:
        places[:2] = 1, 0
    full = [0] * len(vectors)
    for place, x in zip(places, vectors, strict=True):
        full[place] = x.shape[0]
    return [
        _along(x, place, full, sparse) for x, place in zip(vectors, places, strict=True)
    ]


def _along(x, place, sizes, sparse):
    own = [1] * len(sizes) if sparse else list(sizes)
    own[place] = x.shape[0]
    return lax.broadcast_in_dim(x, tuple(own), (place,))


def indices(dimensions, dtype=None, sparse: bool = False):
    """For a shape, the index along each axis at every place.

    One array with a leading axis over the axes, or a tuple of sparse ones.

    >>> indices((2, 2)).tolist()
    [[[0, 0], [1, 1]], [[0, 1], [0, 1]]]
    """
    sizes = as_shape("indices", tuple(dimensions))
    dtype = requested_dtype("indices", dtype) or dtypes.default_int()
    rank = len(sizes)
    if sparse:
        one = (1,) * rank
        return tuple(
            lax.broadcasted_iota(dtype, (*one[:i], n, *one[i + 1 :]), i)
            for i, n in enumerate(sizes)
        )
    if not rank:
        return array([], dtype=dtype)
    return stack([lax.broadcasted_iota(dtype, sizes, i) for i in range(rank)])


def fromfunction(function: Callable, shape, *, dtype=float, **kwargs):
    """The values of a function of the indices at every place of a shape.

    The function is called once, under `vmap`, with scalar indices.

    >>> fromfunction(lambda i, j: 10 * i + j, (2, 2), dtype=int).tolist()
    [[0, 1], [10, 11]]
    """
    sizes = as_shape("fromfunction", shape)

    def called(*position):
        return function(*position, **kwargs)

    for i in range(len(sizes)):
        in_axes = tuple(
            0 if k == len(sizes) - 1 - i else None for k in range(len(sizes))
        )
        called = vmap(called, in_axes=in_axes)
    return called(*(arange(n, dtype=dtype) for n in sizes))


def _points(interval):
    """One slice as a vector: a complex step is a number of points, ends included."""
    start = 0 if interval.start is None else interval.start
    step = 1 if interval.step is None else interval.step
    if isinstance(step, complex | np.complexfloating):
        return linspace(start, interval.stop, int(abs(step)))
    return arange(start, interval.stop, step)


def _vectors(key):
    vectors = [_points(interval) for interval in key]
    dtype = dtypes.result_type(*vectors)
    return [x.astype(dtype) for x in vectors]


class _MeshGrid:
    """`mgrid[slices]`: the coordinates of a dense grid, stacked along a first axis.

    >>> mgrid[0:2, 0:2].tolist()
    [[[0, 0], [1, 1]], [[0, 1], [0, 1]]]
    """

    def __getitem__(self, key):
        if isinstance(key, slice):
            return _points(key)
        return stack(meshgrid(*_vectors(key), indexing="ij"))


class _OpenGrid:
    """`ogrid[slices]`: the coordinates of a grid, each along its own axis only.

    >>> [x.shape for x in ogrid[0:2, 0:3]]
    [(2, 1), (1, 3)]
    """

    def __getitem__(self, key):
        if isinstance(key, slice):
            return _points(key)
        return meshgrid(*_vectors(key), indexing="ij", sparse=True)


class _AxisConcatenator:
    """`r_[...]` and `c_[...]`: arrays, numbers and slices joined along an axis.

    A first entry "axis,rank,first" sets the axis, the least rank, and where the axes
    of arrays of lower rank go; "r" and "c" make a row or a column of a vector.
    """

    def __init__(self, axis, rank, first):
        self.defaults = axis, rank, first

    def __getitem__(self, key):
        key = key if isinstance(key, tuple) else (key,)
        (axis, rank, first), shape = self.defaults, None
        if isinstance(key[0], str):
            axis, rank, first, shape = _directive(key[0], self.defaults)
            key = key[1:]
        parts = [_raised(_part(item), rank, first) for item in key]
        joined = concatenate(parts, axis)
        if shape is None or joined.ndim > 1:
            return joined
        return expand_dims(joined, 0 if shape == "r" else 1)


def _directive(text, defaults):
    if text in ("r", "c"):
        return *defaults, text
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"could not understand directive {text!r}.") from None
    if len(numbers) > 3:
        raise ValueError(f"could not understand directive {text!r}: three numbers.")
    return *numbers, *defaults[len(numbers) :], None


def _part(item):
    if isinstance(item, slice):
        return _points(item)
    if isinstance(item, str):
        raise ValueError("r_ and c_: a string can only be the first entry.")
    return atleast_1d(array(item))


def _raised(x, rank, first):
    """`x` with `rank` axes or more, its own ones from position `first` on."""
    missing = rank - x.ndim
    if missing <= 0:
        return as_array(x)
    x = expand_dims(x, tuple(range(missing)))
    own = list(range(missing, rank))
    new = list(range(missing))
    place = missing if first == -1 else min(first, missing)
    return transpose(x, new[:place] + own + new[place:])


mgrid = _MeshGrid()
ogrid = _OpenGrid()
r_ = _AxisConcatenator(0, 1, -1)
c_ = _AxisConcatenator(-1, 2, 0)
s_ = np.s_
index_exp = np.index_exp
