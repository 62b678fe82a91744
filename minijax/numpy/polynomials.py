"""Polynomials as vectors of coefficients, the highest power first.

polyval(p, x) for p:f32[3]     becomes      (p[0] x + p[1]) x + p[2]
"""

import math
import operator

import numpy as np

from .. import primitives as lax
from ..api import compiled
from . import linalg
from .arguments import as_array, cast, concrete, masked, scalar
from .contract import dot
from .creation import array
from .matrices import eye, vander
from .padding import pad
from .promotion import as_operand, broadcast_value, promote, promote_inexact
from .reductions import any as any_of
from .reductions import argmax
from .reductions import sum as sum_over
from .repeating import roll
from .rows import read_along
from .shaping import atleast_1d
from .signals import convolve
from .sorting import argsort, complex_dtype
from .stacking import concatenate


def _coefficients(where, *ps):
    """Polynomials as vectors of one dtype."""
    return [as_array(atleast_1d(p)) for p in promote(where, *ps)]


@compiled(static_argnames=("unroll",))
def polyval(p, x, *, unroll: int = 16):
    """The value of a polynomial at each element, by Horner's rule.

    >>> polyval(np.array([1, 0, 2]), np.array([3])).tolist()
    [11]
    """
    p, x = map(as_array, promote("polyval", p, x))
    sizes = np.broadcast_shapes(p.shape[1:], x.shape)
    value = lax.full(sizes, scalar(0, x.dtype))
    for i in range(p.shape[0]):
        value = value * x + p[i]
    return value


def polyadd(a1, a2):
    """The sum of two polynomials.

    >>> polyadd(np.array([1, 2, 3]), np.array([10])).tolist()
    [1, 2, 13]
    """
    p, q = _of_one_length(*_coefficients("polyadd", a1, a2))
    return lax.add(p, q)


def polysub(a1, a2):
    """The difference of two polynomials.

    >>> polysub(np.array([1, 2, 3]), np.array([1])).tolist()
    [1, 2, 2]
    """
    p, q = _of_one_length(*_coefficients("polysub", a1, a2))
    return lax.sub(p, q)


def _of_one_length(p, q):
    n = max(p.shape[0], q.shape[0])
    return [pad(x, [(n - x.shape[0], 0)]) for x in (p, q)]


def polymul(a1, a2, *, trim_leading_zeros: bool = False):
    """The product of two polynomials.

    >>> polymul(np.array([1, 1]), np.array([1, -1])).tolist()
    [1.0, 0.0, -1.0]
    """
    p, q = (as_array(atleast_1d(x)) for x in promote_inexact("polymul", a1, a2))
    if trim_leading_zeros:
        p, q = _trimmed("polymul", p), _trimmed("polymul", q)
    one = array([1], dtype=p.dtype)
    return convolve(p if p.size else one * 0, q if q.size else one * 0)


def _trimmed(where, p):
    """Without leading zeros, whose number must be known; one coefficient is kept."""
    repair = "Pass trim_leading_zeros=False."
    known = np.flatnonzero(concrete(where, "the coefficients", p, repair))
    return p[int(known[0]) :] if known.size else p[-1:]


def polydiv(u, v, *, trim_leading_zeros: bool = False):
    """The quotient and the remainder of two polynomials.

    >>> [x.tolist() for x in polydiv(np.array([1.0, 0.0, -1.0]), np.array([1.0, 1.0]))]
    [[1.0, -1.0], [0.0, 0.0, 0.0]]
    """
    u, v = (as_array(atleast_1d(x)) for x in promote_inexact("polydiv", u, v))
    m, n = u.shape[0] - 1, v.shape[0] - 1
    lead, rest = v[0], u
    quotient = []
    for k in range(max(m - n + 1, 0)):
        factor = rest[k] / lead
        quotient.append(factor)
        rest = rest.at[k : k + n + 1].add(-factor * v)
    zero = lax.full((1,), scalar(0, u.dtype))
    q = concatenate([x.reshape(1) for x in quotient]) if quotient else zero
    return q, _trimmed("polydiv", rest) if trim_leading_zeros else rest


def polyder(p, m: int = 1):
    """The m-th derivative of a polynomial.

    >>> polyder(np.array([1.0, 2.0, 3.0])).tolist()
    [2.0, 2.0]
    """
    (p,) = promote_inexact("polyder", p)
    m = operator.index(m)
    if m < 0:
        raise ValueError(f"polyder: Order of derivative must be positive, got {m}.")
    _check_vector("polyder", p)
    powers = np.arange(p.shape[0] - 1, m - 1, -1)
    # d^m x^k = k (k - 1) ... (k - m + 1) x^(k - m)
    factors = [math.perm(int(k), m) for k in powers]
    kept = lax.slice_in_dim(p, 0, max(p.shape[0] - m, 0))
    return kept * array(factors, dtype=p.dtype) if factors else kept


def _check_vector(where, p):
    if not p.ndim:
        raise TypeError(f"{where}: coefficients must be a vector, got a scalar.")


def polyint(p, m: int = 1, k=None):
    """The m-th integral of a polynomial, with integration constants `k` (default 0).

    >>> polyint(np.array([2.0, 2.0])).tolist()
    [1.0, 2.0, 0.0]
    """
    m = operator.index(m)
    if m < 0:
        raise ValueError(f"polyint: Order of integral must be positive, got {m}.")
    p, k = map(as_array, promote_inexact("polyint", p, 0 if k is None else k))
    _check_vector("polyint", p)
    k = atleast_1d(k)
    if k.ndim != 1 or (k.shape[0] not in (1, m) and m):
        raise ValueError(
            "polyint: k must be a scalar or a rank-1 array of length 1 or m."
        )
    n = p.shape[0]
    for i in range(m):
        powers = np.arange(n + i, 0, -1)
        constant = k[0 if k.shape[0] == 1 else i]
        p = concatenate([p / array(powers, dtype=p.dtype), constant.reshape(1)])
    return p


def poly(seq_of_zeros):
    """The polynomial with given zeros; of a matrix the characteristic polynomial.

    >>> poly(np.array([1.0, 2.0])).tolist()
    [1.0, -3.0, 2.0]
    """
    (zeros,) = map(as_array, promote_inexact("poly", seq_of_zeros))
    zeros = atleast_1d(zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] and zeros.shape[0]:
        zeros = linalg.eigvals(zeros)
    if zeros.ndim != 1:
        raise ValueError(
            "poly: input must be 1d or non-empty square 2d array, got shape "
            f"{tuple(zeros.shape)}."
        )
    one = scalar(1, zeros.dtype)
    if not zeros.size:
        return as_array(one)
    p = lax.full((1,), one)
    for zero in zeros:
        p = pad(p, [(0, 1)]) - pad(p * zero, [(1, 0)])
    return p


def roots(p, *, strip_zeros: bool = True):
    """The zeros of a polynomial: the eigenvalues of its companion matrix.

    Leading zero coefficients are stripped first, for which the values must be known.
    With strip_zeros=False they may be traced, and zeros at infinity become NaN, last.

    >>> roots(np.array([1.0, -3.0, 2.0])).shape
    (2,)
    """
    (p,) = map(as_array, promote_inexact("roots", p))
    p = atleast_1d(p)
    if p.ndim != 1:
        raise ValueError(f"roots: Input must be a rank-1 array, got shape {p.shape}.")
    if not strip_zeros:
        return _finite_roots(p)
    known = np.flatnonzero(concrete("roots", "p", p, "Pass strip_zeros=False."))
    return _roots(p[int(known[0]) :] if known.size else p[:0])


def _roots(p):
    """The zeros of a polynomial whose first coefficient is not zero."""
    n = p.shape[0] - 1
    if n < 1:
        return lax.full((0,), scalar(0, complex_dtype(p.dtype)))
    # The companion matrix: -p[1:] / p[0] in its first row, ones below the diagonal.
    first = (-p[1:] / p[0]).reshape(1, n)
    below = eye(n - 1, n, dtype=p.dtype)
    return linalg.eigvals(lax.concatenate([first, below], 0))


def _finite_roots(p):
    # Leading zeros are rolled to the end, where each adds a zero at 0.
    n = p.shape[0]
    nonzero = p != 0
    leading = argmax(nonzero)
    some = any_of(nonzero)
    first = lax.lt(lax.iota(leading.dtype, n), scalar(1, leading.dtype))
    safe = lax.select(
        broadcast_value(some, (n,)), roll(p, -leading), cast(first, p.dtype)
    )
    found = _roots(safe)
    added = lax.select(some, leading, scalar(n, leading.dtype))
    found = read_along(found, argsort(found == 0))
    places = lax.iota(leading.dtype, found.shape[0])
    return masked(places < found.shape[0] - added, found, math.nan)


def polyfit(x, y, deg: int, rcond=None, full: bool = False, w=None, cov=False):
    """The polynomial of degree `deg` that fits points (x, y) best, by least squares.

    `y` may have several columns. With `full` also the residuals, rank, singular values
    and `rcond`; with `cov` the covariance of the coefficients.

    >>> polyfit(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 5.0]), 1).shape
    (2,)
    """
    x, y = map(as_array, promote_inexact("polyfit", x, y))
    _check_points(x, y, deg)
    order = operator.index(deg) + 1
    if rcond is None:
        rcond = x.shape[0] * float(np.finfo(x.dtype).eps)
    a, b = vander(x, order), y
    if w is not None:
        w = cast(as_operand("polyfit", w), a.dtype).reshape(-1, 1)
        if w.shape[0] != x.shape[0]:
            raise TypeError("polyfit: expected w and y to have the same length.")
        a, b = a * w, b * (w if b.ndim == 2 else w[:, 0])
    # Columns of length one make the numerical rank meaningful.
    scale = lax.sqrt(sum_over(a * a, 0))
    c, residuals, rank, singular = linalg.lstsq(a / scale, b, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, singular, as_array(as_operand("polyfit", rcond))
    if not cov:
        return c
    base = linalg.inv(dot((a / scale).T, a / scale)) / (scale * scale.reshape(-1, 1))
    if cov == "unscaled":
        return c, base
    freedom = x.shape[0] - order
    if freedom <= 0:
        raise ValueError(
            "polyfit: the number of data points must exceed order to scale the "
            f"covariance matrix, got {x.shape[0]} points for order {order}."
        )
    factor = residuals / freedom
    return c, base * factor if y.ndim == 1 else base[:, :, None] * factor


def _check_points(x, y, deg):
    if deg < 0:
        raise ValueError(f"polyfit: expected deg >= 0, got {deg}.")
    if x.ndim != 1:
        raise TypeError(f"polyfit: expected 1D vector for x, got shape {x.shape}.")
    if x.size == 0:
        raise TypeError("polyfit: expected non-empty vector for x.")
    if y.ndim not in (1, 2):
        raise TypeError(f"polyfit: expected 1D or 2D array for y, got shape {y.shape}.")
    if x.shape[0] != y.shape[0]:
        raise TypeError(
            "polyfit: expected x and y to have same length, got "
            f"{x.shape[0]} and {y.shape[0]}."
        )
