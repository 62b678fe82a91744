"""Matrices with a pattern: identities, triangles, diagonals, Vandermonde's.

Patterns are comparisons of row and column numbers, so they cost no stored constant:

    tri(3)                 becomes      convert(iota[dim=0] >= iota[dim=1])
"""

import operator

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from .arguments import as_array, cast, masked, requested_dtype, scalar, static_int
from .creation import on
from .promotion import as_operand, broadcast_value, canonical_axis
from .reductions import sum as sum_over
from .shaping import moveaxis, ravel


def _rows_and_columns(n, m, k):
    """Row numbers moved by k and column numbers, both (n, m)."""
    rows = lax.broadcasted_iota(np.int32, (n, m), 0)
    columns = lax.broadcasted_iota(np.int32, (n, m), 1)
    return lax.add(rows, scalar(k, rows.dtype)) if k else rows, columns


def _matrix_sizes(where, N, M, k):
    try:
        n = operator.index(N)
        m = n if M is None else operator.index(M)
    except TypeError:
        raise TypeError(
            f"{where}: the numbers of rows and columns are ints known while tracing, "
            f"got {N!r} and {M!r}."
        ) from None
    if n < 0 or m < 0:
        raise ValueError(
            f"{where}: negative dimensions are not allowed, got {N} and {M}."
        )
    return n, m, _diagonal_number(where, k)


def _diagonal_number(where, k):
    try:
        return static_int(where, "k", k)
    except TypeError as error:
        if hasattr(k, "aval"):
            raise
        raise ValueError(f"{where}: k must be a scalar integer; got {k!r}.") from error


def eye(N: int, M: int | None = None, k: int = 0, dtype=None, *, device=None):
    """Ones on the diagonal number `k`, zeros elsewhere.

    >>> eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    n, m, k = _matrix_sizes("eye", N, M, k)
    dtype = requested_dtype("eye", dtype) or dtypes.default_float()
    return on(device, _pattern(lax.eq, n=n, m=m, k=k, dtype=dtype))


@compiled(static_argnames=("compare", "n", "m", "k", "dtype"))
def _pattern(compare, *, n, m, k, dtype):
    """Ones where row numbers moved by k compare so with column numbers."""
    return cast(compare(*_rows_and_columns(n, m, k)), dtype)


def identity(n: int, dtype=None):
    """The identity matrix of n rows.

    >>> identity(2, dtype=int).tolist()
    [[1, 0], [0, 1]]
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype=None):
    """Ones on and below the diagonal number `k`, zeros above.

    >>> tri(2).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    n, m, k = _matrix_sizes("tri", N, M, k)
    dtype = requested_dtype("tri", dtype) or dtypes.float32
    return _pattern(lax.ge, n=n, m=m, k=k, dtype=dtype)


@compiled(static_argnames=("k",))
def tril(m, k: int = 0):
    """The lower triangle of each matrix: zeros above the diagonal number `k`.

    >>> tril(np.array([[1, 2], [3, 4]])).tolist()
    [[1, 0], [3, 4]]
    """
    return _triangle("tril", m, k, lax.ge)


@compiled(static_argnames=("k",))
def triu(m, k: int = 0):
    """The upper triangle of each matrix: zeros below the diagonal number `k`.

    >>> triu(np.array([[1, 2], [3, 4]])).tolist()
    [[1, 2], [0, 4]]
    """
    return _triangle("triu", m, k, lax.le)


def _triangle(where, m, k, keeps):
    x = as_operand(where, m)
    if x.ndim < 2:
        raise ValueError(
            f"Argument to jax.numpy.{where} must be at least 2D, got shape {x.shape}."
        )
    k = _diagonal_number(where, k)
    return masked(keeps(*_rows_and_columns(*x.shape[-2:], k)), x, 0)


@compiled(static_argnames=("k",))
def diag(v, k: int = 0):
    """A matrix with a vector on diagonal number `k`; or that diagonal of a matrix.

    >>> diag(np.array([1, 2])).tolist(), diag(np.array([[1, 2], [3, 4]])).tolist()
    ([[1, 0], [0, 2]], [1, 4])
    """
    x = as_operand("diag", v)
    if x.ndim == 1:
        return _diagonal_matrix(x, _diagonal_number("diag", k))
    if x.ndim == 2:
        return diagonal(x, k)
    raise ValueError(f"diag: diag input must be 1d or 2d, got shape {tuple(x.shape)}.")


def _diagonal_matrix(x, k):
    n = x.shape[0] + abs(k)
    on_diagonal = lax.eq(*_rows_and_columns(n, n, k))
    shifted = lax.pad(x, scalar(0, x.dtype), [(max(k, 0), max(-k, 0), 0)])
    return masked(on_diagonal, broadcast_value(shifted, (n, n)), 0)


@compiled(static_argnames=("k",))
def diagflat(v, k: int = 0):
    """A matrix with all elements of an array on diagonal number `k`.

    >>> diagflat(np.array([[1, 2]])).tolist()
    [[1, 0], [0, 2]]
    """
    return _diagonal_matrix(
        ravel(as_operand("diagflat", v)), _diagonal_number("diagflat", k)
    )


@compiled(static_argnames=("offset", "axis1", "axis2"))
def diagonal(a, offset: int = 0, axis1: int = 0, axis2: int = 1):
    """Diagonal number `offset` of the matrices in two axes, along a new last axis.

    >>> diagonal(np.array([[1, 2], [3, 4]])).tolist()
    [1, 4]
    """
    x = as_operand("diagonal", a)
    if x.ndim < 2:
        raise ValueError(
            "diagonal requires an array of at least two dimensions, got shape "
            f"{tuple(x.shape)}."
        )
    i = canonical_axis("diagonal", axis1, x.ndim)
    j = canonical_axis("diagonal", axis2, x.ndim)
    if i == j:
        raise ValueError(
            f"diagonal: the two axes must be different, got {axis1} twice."
        )
    offset = _diagonal_number("diagonal", offset)
    return _read_diagonal(moveaxis(x, (i, j), (-2, -1)), offset)


def _read_diagonal(x, k):
    """(..., n, m) -> (..., length): every (m + 1)-th element of the flattened rows."""
    *rest, n, m = x.shape
    start, length = (k, min(n, m - k)) if k >= 0 else (-k * m, min(n + k, m))
    if length <= 0:
        return lax.full((*rest, 0), scalar(0, x.dtype))
    flat = lax.reshape(x, (*rest, n * m))
    stop = start + (length - 1) * (m + 1) + 1
    return lax.slice_in_dim(flat, start, stop, m + 1, axis=len(rest))


@compiled(static_argnames=("offset", "axis1", "axis2", "dtype", "out"))
def trace(a, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype=None, out=None):
    """The sum of diagonal number `offset` of the matrices in two axes.

    >>> trace(np.array([[1, 2], [3, 4]])).item()
    5
    """
    return sum_over(diagonal(a, offset, axis1, axis2), -1, dtype=dtype, out=out)


@compiled(static_argnames=("N", "increasing"))
def vander(x, N: int | None = None, increasing: bool = False):
    """The matrix of powers of a vector, one row for each element.

    >>> vander(np.array([2, 3]), 3).tolist()
    [[4, 2, 1], [9, 3, 1]]
    """
    x = as_array(as_operand("vander", x))
    if x.ndim != 1:
        raise ValueError(
            f"vander: x must be a one-dimensional array, got shape {tuple(x.shape)}."
        )
    n = x.shape[0] if N is None else static_int("vander", "N", N)
    if n < 0:
        raise ValueError(f"vander: N must be nonnegative, got {n}.")
    first = lax.full((x.shape[0], min(n, 1)), scalar(1, x.dtype))
    factors = lax.broadcast_in_dim(x, (x.shape[0], max(n - 1, 0)), (0,))
    powers = lax.concatenate([first, lax.cumprod(factors, 1)], 1)
    return powers if increasing else lax.rev(powers, (1,))


METHODS = {"diagonal": diagonal, "trace": trace}
