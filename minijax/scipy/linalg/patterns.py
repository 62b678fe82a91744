"""Matrices with a pattern: a few numbers, each at many places.

A matrix is read from its numbers by a table of positions that is known while tracing:

    toeplitz(c, r)      becomes      take(concatenate(reverse(r[1:]), c), i - j + m - 1)

Those made of an order alone are computed on the host, in whole numbers or in f64.
"""

import math
import operator

import numpy as np

from ... import dtypes
from ... import primitives as lax
from ...api import compiled
from ...numpy.arguments import as_array, cast
from ...numpy.creation import asarray
from ...numpy.promotion import as_operand, broadcast_value, promote, promote_inexact
from ...numpy.selection import take
from ...numpy.shaping import expand_dims
from ...numpy.stacking import concatenate


def _vectors(where, *xs, promote=promote):
    """Arguments of one dtype, numbers as vectors of one element."""
    values = [as_array(x) for x in promote(where, *xs)]
    return [expand_dims(x, 0) if not x.ndim else x for x in values]


def _picked(values, positions):
    """The matrices (..., *positions.shape) of elements of vectors (..., n)."""
    if not positions.size:
        return lax.full((*values.shape[:-1], *positions.shape), 0, values.dtype)
    return take(values, positions.astype(np.int32), axis=-1, mode="clip")


def _joined(*parts):
    """Vectors one after the other, their leading axes broadcast."""
    lead = np.broadcast_shapes(*[x.shape[:-1] for x in parts])
    whole = [broadcast_value(x, (*lead, x.shape[-1])) for x in parts]
    return concatenate(whole, axis=-1)


def _strong(x):
    """The array with its dtype meant."""
    return cast(x, x.dtype)


@compiled
def toeplitz(c, r=None):
    """Matrices with equal elements along diagonals, from first columns and rows.

    Element i, j is c[..., i - j], or r[..., j - i] above the diagonal; r[..., 0] is not
    used. c: (..., m); r: (..., n), by default the conjugate of c. The result is
    (..., m, n); leading axes broadcast.

    >>> toeplitz(np.array([1, 2, 3]), np.array([0, 8, 9]))
    Array([[1, 8, 9],
           [2, 1, 8],
           [3, 2, 1]], dtype=int32)
    """
    if r is None:
        (c,) = _vectors("toeplitz", c)
        r = lax.conj(c) if np.dtype(c.dtype).kind == "c" else c
    c, r = _vectors("toeplitz", c, r)
    m, n = c.shape[-1], r.shape[-1]
    numbers = _joined(lax.rev(r[..., 1:], (r.ndim - 1,)), c)
    table = np.arange(m)[:, None] - np.arange(n) + max(n - 1, 0)
    return _strong(_picked(numbers, table))


@compiled
def circulant(c):
    """Matrices whose column j is the first column turned down by j places.

    c: (..., n); the result is (..., n, n).

    >>> circulant(np.array([1, 2, 3]))
    Array([[1, 3, 2],
           [2, 1, 3],
           [3, 2, 1]], dtype=int32)
    """
    (c,) = _vectors("circulant", c)
    n = c.shape[-1]
    table = np.arange(n)[:, None] - np.arange(n)
    return _picked(c, table % n if n else table)


@compiled
def hankel(c, r=None):
    """Matrices with equal elements along antidiagonals, from a column and a row.

    Element i, j is element i + j of c followed by r[..., 1:]; r[..., 0] is not used.
    c: (..., m), the first column; r: (..., n), the last row, by default zeros like c.
    The result is (..., m, n); leading axes broadcast.

    >>> hankel(np.array([1, 2, 3]))
    Array([[1, 2, 3],
           [2, 3, 0],
           [3, 0, 0]], dtype=int32)
    """
    if not as_operand("hankel", c).ndim:
        raise ValueError(
            "hankel: c must be at least 1-dimensional, got a scalar. Write hankel([c])."
        )
    c, r = _vectors("hankel", c, lax.full_like(c, 0) if r is None else r)
    table = np.arange(c.shape[-1])[:, None] + np.arange(r.shape[-1])
    return _strong(_picked(_joined(c, r[..., 1:]), table))


@compiled(static_argnames=("n", "mode"))
def convolution_matrix(a, n: int, mode: str = "full"):
    """The matrices A with `A @ v = convolve(a, v, mode)` for vectors v of size n.

    a: (..., m). The result is (..., k, n) with k = m + n - 1 for mode "full", max(m, n)
    for "same" and max(m, n) - min(m, n) + 1 for "valid".

    >>> convolution_matrix(np.array([1, 2]), 3, mode="valid")
    Array([[2, 1, 0],
           [0, 2, 1]], dtype=int32)
    """
    a = as_array(as_operand("convolution_matrix", a))
    n = operator.index(n)
    if n <= 0:
        raise ValueError(f"convolution_matrix: n must be a positive integer; got {n}.")
    if mode not in ("full", "valid", "same"):
        raise ValueError(
            "convolution_matrix: mode must be one of 'full', 'valid', 'same'; got "
            f"{mode!r}."
        )
    if not a.ndim or not a.shape[-1]:
        raise ValueError(
            "convolution_matrix: a must be at least 1-dimensional, with at least one "
            f"element in the last axis; got shape {tuple(a.shape)}."
        )
    m = a.shape[-1]
    start, count = {
        "full": (0, m + n - 1),
        "same": ((min(m, n) - 1) // 2, max(m, n)),
        "valid": (min(m, n) - 1, max(m, n) - min(m, n) + 1),
    }[mode]
    table = np.arange(start, start + count)[:, None] - np.arange(n)
    inside = (table >= 0) & (table < m)
    # One position past the end holds the zero.
    zero = lax.full((1,), 0, a.dtype)
    return _picked(_joined(a, zero), np.where(inside, table, m))


@compiled
def companion(a):
    """The companion matrices of polynomials: their eigenvalues are the roots.

    a: (..., n), coefficients from the highest power, n >= 2; a[..., 0] must not be 0.
    The result is (..., n - 1, n - 1), with -a[1:] / a[0] in the first row and ones
    below the diagonal.

    >>> companion(np.array([1., -3., 2.]))
    Array([[ 3., -2.],
           [ 1.,  0.]], dtype=float32)
    """
    (a,) = _vectors("companion", a, promote=promote_inexact)
    n = a.shape[-1] - 1
    if n < 1:
        raise ValueError(
            "companion: The length of `a` along the last axis must be at least 2; got "
            f"shape {tuple(a.shape)}."
        )
    table = np.eye(n, k=-1, dtype=int)
    table[0] = np.arange(2, n + 2)
    return _picked(_with_zero_and_one(_monic(a)), table)


@compiled
def fiedler_companion(a):
    """Companion matrices with five diagonals: their eigenvalues are the roots.

    a: (..., n), coefficients from the highest power; a[..., 0] must not be 0. The
    result is (..., n - 1, n - 1).
    M. Fiedler, "A note on companion matrices", Linear Algebra Appl. 372 (2003).

    >>> fiedler_companion(np.array([1., -16., 86., -176.]))
    Array([[ 16., -86.,   1.],
           [  1.,   0.,   0.],
           [  0., 176.,   0.]], dtype=float32)
    """
    (a,) = promote_inexact("fiedler_companion", a)
    if a.ndim and not a.shape[-1]:
        raise ValueError(
            "fiedler_companion: the last axis of a must have nonzero length, got shape "
            f"{tuple(a.shape)}."
        )
    (a,) = _vectors("fiedler_companion", a)
    n = a.shape[-1] - 1
    table = np.zeros((n, n), int)
    for k in range(n):  # position k + 2 holds the coefficient -a[k + 1]
        if k == 0:
            table[0, 0] = 2
        elif k % 2:
            table[k - 1, k] = k + 2
        else:
            table[k, k - 1] = k + 2
    for k in range(n - 2):
        if k % 2:
            table[k + 2, k] = 1
        else:
            table[k, k + 2] = 1
    if n > 1:
        table[1, 0] = 1
    return _picked(_with_zero_and_one(_monic(a)), table)


def _monic(a):
    """-a[1:] / a[0]."""
    return -a[..., 1:] / a[..., :1]


def _with_zero_and_one(x):
    constants = [lax.full((1,), k, x.dtype) for k in (0, 1)]
    return _joined(*constants, x)


@compiled
def leslie(f, s):
    """Matrices of population growth: fecundities in the first row, survival below it.

    f: (..., n), n >= 2; s: (..., n - 1), the first subdiagonal. Leading axes broadcast.

    >>> leslie(np.array([0.5, 2.]), np.array([0.25]))
    Array([[0.5 , 2.  ],
           [0.25, 0.  ]], dtype=float32)
    """
    f, s = _vectors("leslie", f, s)
    n = f.shape[-1]
    if s.shape[-1] != n - 1:
        raise ValueError(
            "leslie: the length of s along the last axis must be one less than that of "
            f"f; got f shape {tuple(f.shape)} and s shape {tuple(s.shape)}."
        )
    if n < 2:
        raise ValueError(
            "leslie: the length of f along the last axis must be at least 2; got shape "
            f"{tuple(f.shape)}."
        )
    table = np.zeros((n, n), int)
    table[0] = np.arange(1, n + 1)
    table[np.arange(1, n), np.arange(n - 1)] = np.arange(n + 1, 2 * n)
    zero = lax.full((1,), 0, f.dtype)
    return _strong(_picked(_joined(zero, f, s), table))


@compiled
def fiedler(a):
    """The symmetric matrices of distances |a[i] - a[j]|.

    a: (..., n); the result is (..., n, n).

    >>> fiedler(np.array([1, 4, 12]))
    Array([[ 0,  3, 11],
           [ 3,  0,  8],
           [11,  8,  0]], dtype=int32)
    """
    (a,) = _vectors("fiedler", a)
    return lax.abs(expand_dims(a, -1) - expand_dims(a, -2))


@compiled
def block_diag(*arrs):
    """A matrix with the given matrices along its diagonal, and zeros elsewhere.

    Vectors are rows, and numbers are matrices of one element.

    >>> block_diag(np.array([[1, 2]]), 3)
    Array([[1, 2, 0],
           [0, 0, 3]], dtype=int32)
    """
    if not arrs:
        return lax.full((1, 0), 0, dtypes.canonicalize(float))
    blocks = [as_array(x) for x in promote("block_diag", *arrs)]
    for k, x in enumerate(blocks):
        if x.ndim > 2:
            raise ValueError(
                "block_diag: arguments must have at most 2 dimensions, got shape "
                f"{tuple(x.shape)} at argument {k}. Use vmap for stacks."
            )
    blocks = [x.reshape((1, -1)) if x.ndim < 2 else x for x in blocks]
    width = sum(x.shape[1] for x in blocks)
    rows = []
    start = 0
    for x in blocks:
        edges = [(0, 0, 0), (start, width - start - x.shape[1], 0)]
        rows.append(lax.pad(x, np.zeros((), x.dtype), edges))
        start += x.shape[1]
    return _strong(concatenate(rows, axis=0))


# Of an order alone


def _order(where, n, least=0, error=ValueError):
    """The number of rows, a whole number that is known while tracing."""
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(
            f"{where}: n must be an integer known while tracing, got {n!r}."
        ) from None
    if n < least:
        kind = "a positive integer" if least else "an integer that is not negative"
        raise error(f"{where}: n must be {kind}; got {n}.")
    return n


def _table(n, element, dtype):
    """The matrix of element(i, j), exact on the host."""
    x = [[element(i, j) for j in range(n)] for i in range(n)]
    return asarray(np.array(x, float).reshape(n, n), dtype)


def dft(n: int, scale: str | None = None, *, dtype=None):
    """The matrix of the discrete Fourier transform: exp(-2 pi i j k / n) at j, k.

    scale: "sqrtn" divides by sqrt(n), which makes the matrix unitary, "n" by n. dtype:
    complex64 or complex128.

    >>> dft(2).real
    Array([[ 1.,  1.],
           [ 1., -1.]], dtype=float32)
    """
    n = _order("dft", n)
    dtype = dtypes.canonicalize(complex) if dtype is None else np.dtype(dtype)
    if dtype.kind != "c":
        raise ValueError(
            f"dft: dtype must be a complex floating-point type; got {dtype}."
        )
    if scale not in (None, "sqrtn", "n"):
        raise ValueError(f"dft: scale must be None, 'sqrtn', or 'n'; got {scale!r}.")
    # Powers repeat after n, so angles stay small and exact.
    powers = np.outer(np.arange(n), np.arange(n)) % max(n, 1)
    roots = np.exp(-2j * np.pi * np.arange(n) / max(n, 1))
    factor = {None: 1.0, "sqrtn": math.sqrt(max(n, 1)), "n": max(n, 1)}[scale]
    return asarray(roots[powers] / factor, dtypes.canonicalize(dtype))


def hadamard(n: int, dtype=int):
    """The matrix of +1 and -1 with orthogonal rows, by Sylvester's construction.

    n: a power of 2.

    >>> hadamard(2)
    Array([[ 1,  1],
           [ 1, -1]], dtype=int32)
    """
    n = _order("hadamard", n)
    if n < 1 or n & (n - 1):
        raise ValueError(f"hadamard: n must be a positive power of 2; got {n}.")
    # The sign at i, j is the parity of the ones that i and j have in common.
    common = np.arange(n)[:, None] & np.arange(n)
    parity = np.zeros_like(common)
    while common.any():
        parity ^= common & 1
        common >>= 1
    return asarray(1 - 2 * parity, dtypes.canonicalize(np.dtype(dtype)))


def helmert(n: int, full: bool = False):
    """Rows of orthonormal contrasts: (1, ..., 1, -k, 0, ...) / sqrt(k (k + 1)).

    The result is (n - 1, n), or (n, n) if `full`, with a first row of 1 / sqrt(n).

    >>> helmert(2)
    Array([[ 0.70710677, -0.70710677]], dtype=float32)
    """
    n = _order("helmert", n, least=1)
    k = np.arange(1, n)[:, None]
    rows = np.tril(np.ones((n - 1, n))) - k * np.eye(n - 1, n, 1)
    rows = rows / np.sqrt(k * (k + 1.0))
    if full:
        rows = np.concatenate([np.full((1, n), 1 / math.sqrt(n)), rows])
    return asarray(rows, dtypes.canonicalize(float))


def hilbert(n: int):
    """The matrix with 1 / (i + j + 1) at i, j.

    >>> hilbert(2)
    Array([[1.        , 0.5       ],
           [0.5       , 0.33333334]], dtype=float32)
    """
    n = _order("hilbert", n, error=TypeError)
    return _table(n, lambda i, j: 1 / (i + j + 1), dtypes.canonicalize(float))


def invhilbert(n: int):
    """The inverse of `hilbert(n)`, which consists of whole numbers.

    Its elements are computed exactly, then rounded.
    M.-D. Choi, "Tricks or treats with the Hilbert matrix", Am. Math. Mon. 90 (1983).

    >>> invhilbert(2)
    Array([[ 4., -6.],
           [-6., 12.]], dtype=float32)
    """
    n = _order("invhilbert", n)

    def element(i, j):
        sign = (-1) ** (i + j)
        left, right = math.comb(n + i, n - j - 1), math.comb(n + j, n - i - 1)
        return sign * (i + j + 1) * left * right * math.comb(i + j, i) ** 2

    return _table(n, element, dtypes.canonicalize(float))


_PASCAL_KINDS = (None, "symmetric", "lower", "upper")


def _pascal_kind(where, kind):
    if kind not in _PASCAL_KINDS:
        raise ValueError(
            f"{where}: kind must be one of 'symmetric', 'lower', 'upper'; got {kind!r}."
        )
    return kind or "symmetric"


def pascal(n: int, kind: str | None = None):
    """Pascal's triangle as a matrix, in f32: symmetric, "lower" or "upper".

    Element i, j of the symmetric matrix is the number of ways to choose i of i + j.

    >>> pascal(3)
    Array([[1., 1., 1.],
           [1., 2., 3.],
           [1., 3., 6.]], dtype=float32)
    """
    n, kind = _order("pascal", n), _pascal_kind("pascal", kind)
    element = {
        "symmetric": lambda i, j: math.comb(i + j, i),
        "lower": math.comb,
        "upper": lambda i, j: math.comb(j, i),
    }[kind]
    return _table(n, element, np.float32)


def invpascal(n: int, kind: str | None = None):
    """The inverse of `pascal(n, kind)`, which consists of whole numbers.

    >>> invpascal(3, kind="lower")
    Array([[ 1.,  0.,  0.],
           [-1.,  1.,  0.],
           [ 1., -2.,  1.]], dtype=float32)
    """
    n, kind = _order("invpascal", n), _pascal_kind("invpascal", kind)

    def lower(i, j):
        return (-1) ** (i - j) * math.comb(i, j) if j <= i else 0

    element = {
        "lower": lower,
        "upper": lambda i, j: lower(j, i),
        "symmetric": lambda i, j: sum(lower(k, i) * lower(k, j) for k in range(n)),
    }[kind]
    return _table(n, element, dtypes.canonicalize(float))
