"""Logarithms times numbers, where 0 log 0 is 0: entropies, logits, power transforms."""

import math

from ... import primitives as lax
from ...api import compiled
from ...core.literal import aval_of
from ...dtypes import COMPLEX
from ...numpy.selection import where
from ...special.stirling import log1p_minus
from .arguments import operands, reals


@compiled
def xlogy(x, y):
    """x log(y), and 0 where x is 0, unless y is nan.

    >>> xlogy(np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    Array([0., 0.], dtype=float32)
    """
    return _times_log(*operands("xlogy", x, y))


def _times_log(x, y):
    # Only the logarithm is guarded, so that the derivative in x stays log(y).
    return x * lax.log(where(_vanishes(x, y), 1.0, y))


def _vanishes(x, y):
    below = y == 0 if aval_of(x).dtype in COMPLEX else y <= 0
    return (x == 0) & below


@compiled
def xlog1py(x, y):
    """x log(1 + y), and 0 where x is 0, unless y is nan.

    >>> xlog1py(np.array([0.0, 2.0]), np.array([-1.0, 0.0]))
    Array([0., 0.], dtype=float32)
    """
    x, y = operands("xlog1py", x, y)
    guarded = _vanishes(x, y + 1)
    return x * lax.log1p(where(guarded, 0.0, y))


@compiled
def entr(x):
    """The entropy -x log(x); 0 at 0, and -inf below.

    >>> entr(np.array([0.0, 1.0, -1.0])).tolist()
    [-0.0, -0.0, -inf]
    """
    (x,) = reals("entr", x)
    value = -_times_log(x, where(x < 0, 1.0, x))
    return where(x < 0, -math.inf, value)


@compiled
def rel_entr(p, q):
    """The relative entropy p log(p / q); 0 where p is 0 and q >= 0; inf elsewhere.

    >>> rel_entr(np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]))
    Array([ 0.,  0., inf], dtype=float32)
    """
    p, q = reals("rel_entr", p, q)
    return _relative(p, q, lambda p, q: p * (lax.log(p) - lax.log(q)))


def _relative(p, q, value):
    """A function of positive p and q; 0 where p is 0 and q >= 0; inf elsewhere."""
    both = (p > 0) & (q > 0)
    inside = value(where(both, p, 1.0), where(both, q, 1.0))
    outside = where((p == 0) & (q >= 0), 0.0, math.inf)
    outside = where((p != p) | (q != q), math.nan, outside)
    return where(both, inside, outside)


@compiled
def kl_div(p, q):
    """The divergence p log(p / q) - p + q; q where p is 0; inf elsewhere.

    >>> kl_div(np.array([1.0, 0.0, 1.0]), np.array([1.0, 2.0, 0.0]))
    Array([ 0.,  2., inf], dtype=float32)
    """
    p, q = reals("kl_div", p, q)
    # With e = (q - p) / p it is p (e - log(1 + e)), which is small where p is near q.
    value = _relative(
        p, q, lambda p, q: 0.0 - p * log1p_minus((q - p) / p, lax.log(q) - lax.log(p))
    )
    value = where((p == 0) & (q >= 0), q, value)
    return lax.convert_element_type(value, p.dtype, aval_of(p).weak_type)


@compiled
def expit(x):
    """The logistic function 1 / (1 + exp(-x)).

    >>> expit(np.array([0.0, 100.0]))
    Array([0.5, 1. ], dtype=float32)
    """
    return lax.logistic(*operands("expit", x))


@compiled
def logit(x):
    """log(x / (1 - x)), the inverse of `expit`; infinite at 0 and 1, nan beyond.

    >>> logit(np.array([0.5, 0.0, 1.0]))
    Array([  0., -inf,  inf], dtype=float32)
    """
    (x,) = operands("logit", x)
    return lax.log(x / (1 - x))


@compiled
def boxcox(x, lmbda):
    """The power transform (x**lmbda - 1) / lmbda; log(x) for lmbda 0; nan at x < 0.

    >>> boxcox(np.array([1.0, 4.0]), 0.5)
    Array([0., 2.], dtype=float32)
    """
    x, lmbda = operands("boxcox", x, lmbda)
    return _power_transform(lax.log(x), lmbda)


@compiled
def boxcox1p(x, lmbda):
    """`boxcox` of 1 + x, accurate for small x.

    >>> boxcox1p(np.array([0.0, 3.0]), 0.5)
    Array([0., 2.], dtype=float32)
    """
    x, lmbda = operands("boxcox1p", x, lmbda)
    return _power_transform(lax.log1p(x), lmbda)


def _power_transform(log_x, power):
    """(exp(power log_x) - 1) / power, a smooth function also at power 0.

    Near 0 it is log_x (1 + z / 2 + z**2 / 6 + ...), z = power log_x.
    """
    z = power * log_x
    near = abs(z) < 0.1
    small = where(near, z, 0.0)
    series = 1.0
    for k in range(9, 1, -1):
        series = 1.0 + small / k * series
    direct = lax.expm1(where(near, 1.0, z)) / where(near, 1.0, power)
    return where(near, log_x * series, direct)
