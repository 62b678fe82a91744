"""Index arrays: positions of diagonals and triangles, and conversions of positions.

x[diag_indices(3)]              the diagonal of a 3 x 3 matrix
x[ix_(rows, columns)]           a sub-matrix
unravel_index(7, (3, 4))        position 7 of the flattened array is (1, 3)
"""

import math
import operator

import numpy as np

from .. import dtypes, errors
from .. import primitives as lax
from .arguments import as_array, as_shape
from .arithmetic import clip
from .index_plan import known_value
from .promotion import as_operand, promote
from .searching import nonzero


def _positions(*arrays) -> tuple:
    """NumPy index arrays as arrays of the default integer."""
    dtype = dtypes.canonicalize(np.int64)
    return tuple(as_array(np.asarray(a, dtype)) for a in arrays)


def ix_(*args) -> tuple:
    """An open mesh of 1-D index arrays: `x[ix_(rows, columns)]` is a sub-matrix.

    >>> [i.shape for i in ix_(np.array([0, 1]), np.array([2, 3, 4]))]
    [(2, 1), (1, 3)]
    """
    n = len(args)
    mesh = []
    for k, x in enumerate(args):
        x = as_operand("ix", x)
        if x.ndim != 1:
            raise ValueError(
                f"Arguments to jax.numpy.ix_ must be 1-dimensional, got shape {x.shape}"
            )
        if np.dtype(x.dtype) == np.bool_:
            raise NotImplementedError(
                "Boolean arguments to jax.numpy.ix_ are not implemented. Pass "
                "nonzero(mask)[0]."
            )
        if not x.size:
            x = np.zeros(0, dtypes.canonicalize(np.int64))
        shape = [1] * n
        shape[k] = x.shape[0]
        mesh.append(lax.reshape(as_array(x), tuple(shape)))
    return tuple(mesh)


def unravel_index(indices, shape) -> tuple:
    """Positions in an array of a shape, from positions in the flattened array.

    Negative positions count from the end; those out of range are clipped.

    >>> [int(i) for i in unravel_index(np.int32(7), (3, 4))]
    [1, 3]
    """
    x = as_array(as_operand("unravel_index", indices))
    sizes = as_shape("unravel_index", shape)
    total = math.prod(sizes)
    rest = clip(lax.select(x < 0, x + total, x), 0, max(total - 1, 0))
    out = []
    for n in reversed(sizes):
        out.append(rest % n)
        rest = rest // n
    return tuple(reversed(out))


def ravel_multi_index(multi_index, dims, mode="raise", order="C", *, dtype=None):
    """Positions in the flattened array, from one array of positions per axis.

    mode "raise" looks at the positions and so needs their values; "wrap" counts modulo
    the sizes, "clip" moves to the border, "ignore" does not look.

    >>> ravel_multi_index((np.array([1]), np.array([3])), (3, 4))
    Array([7], dtype=int32)
    """
    dims = as_shape("ravel_multi_index", dims)
    indices = promote("ravel_multi_index", *multi_index)
    if len(indices) != len(dims):
        raise ValueError(
            f"len(multi_index)={len(indices)} != len(dims)={len(dims)}: one array of "
            "positions per axis."
        )
    if not all(dtypes.issubdtype(i.dtype, np.integer) for i in indices):
        raise TypeError("only int indices permitted")
    if mode not in ("raise", "wrap", "clip", "ignore"):
        raise ValueError(
            f"invalid mode={mode!r}. Expected 'raise', 'wrap', 'clip', or 'ignore'."
        )
    if order not in ("C", "F"):
        raise ValueError(f"invalid order={order!r}. Expected 'C' or 'F'")
    if mode == "raise":
        _check_positions(indices, dims)
    total = np.zeros((), indices[0].dtype if indices else np.int32)
    pairs = list(zip(indices, dims, strict=True))
    for i, n in pairs if order == "C" else reversed(pairs):
        i = as_array(i)
        if mode == "wrap":
            i = i % n
        elif mode == "clip":
            like = np.dtype(i.dtype).type
            i = lax.clamp(like(0), i, like(n - 1))
        total = i + total * np.asarray(n, i.dtype)
    total = as_array(total)
    return total if dtype is None else lax.convert_element_type(total, dtype)


def _check_positions(indices, dims):
    for i, n in zip(indices, dims, strict=True):
        known = known_value(i)
        if known is None:
            raise errors.ConcretizationTypeError(
                "ravel_multi_index: with mode='raise' the positions must be known, but "
                f"{i.aval} is traced. Use mode='wrap', 'clip' or 'ignore'."
            )
        if np.any((known < 0) | (known >= n)):
            raise ValueError(
                f"invalid entry in coordinates array: not all are in 0 .. {n - 1}."
            )


def diag_indices(n, ndim=2) -> tuple:
    """The positions of the main diagonal of an n x n x ... array.

    >>> diag_indices(2)
    (Array([0, 1], dtype=int32), Array([0, 1], dtype=int32))
    """
    n, ndim = operator.index(n), operator.index(ndim)
    if n < 0:
        raise ValueError(f"n argument to diag_indices must be nonnegative, got {n}")
    if ndim < 0:
        raise ValueError(
            f"ndim argument to diag_indices must be nonnegative, got {ndim}"
        )
    return _positions(np.arange(n)) * ndim


def diag_indices_from(arr) -> tuple:
    """The positions of the main diagonal of an array with axes of one size."""
    shape = np.shape(arr)
    if len(shape) < 2:
        raise ValueError("input array must be at least 2-d")
    if len(set(shape)) != 1:
        raise ValueError("All dimensions of input must be of equal length")
    return diag_indices(shape[0], len(shape))


def tril_indices(n, k=0, m=None) -> tuple:
    """The positions on and below the k-th diagonal of an n x m matrix.

    >>> tril_indices(2)
    (Array([0, 1, 1], dtype=int32), Array([0, 0, 1], dtype=int32))
    """
    return _positions(*np.tril_indices(operator.index(n), k, m))


def triu_indices(n, k=0, m=None) -> tuple:
    """The positions on and above the k-th diagonal of an n x m matrix."""
    return _positions(*np.triu_indices(operator.index(n), k, m))


def tril_indices_from(arr, k=0) -> tuple:
    """`tril_indices` for the shape of a matrix."""
    n, m = _matrix_shape("tril_indices_from", arr)
    return tril_indices(n, k, m)


def triu_indices_from(arr, k=0) -> tuple:
    """`triu_indices` for the shape of a matrix."""
    n, m = _matrix_shape("triu_indices_from", arr)
    return triu_indices(n, k, m)


def _matrix_shape(name, arr):
    shape = np.shape(arr)
    if len(shape) != 2:
        raise ValueError(f"{name}: only 2-d inputs are accepted, got shape {shape}.")
    return shape


def mask_indices(n, mask_func, k=0, *, size=None) -> tuple:
    """The positions where `mask_func(ones((n, n)), k)` is not zero.

    >>> mask_indices(2, np.triu, 1)
    (Array([0], dtype=int32), Array([1], dtype=int32))
    """
    return nonzero(mask_func(lax.full((n, n), 1, np.int32), k), size=size)
