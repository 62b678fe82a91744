"""The normal distribution function, its logarithm and inverse, accurate in the tails.

All rest on erfcx(z) = exp(z**2) erfc(z), which for z >= 0 is a smooth function of
t = (z - k) / (z + k) divided by 1 + 2 z: M. M. Shepherd, J. G. Laframboise, "Chebyshev
approximation of (1 + 2x) exp(x**2) erfc x in 0 <= x < inf", Mathematics of Computation
36, 1981. Derivatives in the tails are those of that factor, where the textbook's
recurrence erfcx' = 2 z erfcx - 2 / sqrt(pi) cancels.
"""

import math

from .. import primitives as lax
from ..core.rules import like
from . import tables
from .program import chebyshev, filled, log_complement, programmed, where

ROOT_HALF = math.sqrt(0.5)
ROOT_TWO_OVER_PI = math.sqrt(2 / math.pi)
CENTER = 3.75


def erfcx(x):
    """exp(x**2) erfc(x), elementwise."""
    return erfcx_p.bind(x)


def ndtr(x):
    """The distribution function of the standard normal, elementwise."""
    return ndtr_p.bind(x)


def log_ndtr(x):
    """The logarithm of `ndtr`, elementwise."""
    return log_ndtr_p.bind(x)


def normal_hazard(x):
    """The derivative of `log_ndtr`: the normal density divided by `ndtr`."""
    return normal_hazard_p.bind(x)


def ndtri(p):
    """The inverse of `ndtr`, elementwise."""
    return ndtri_p.bind(p)


def exp_square(x, factor: float):
    """exp(factor x**2), without the error of rounding the square.

    x = h + r, where h has few digits, so that h**2 is exact: x**2 = h**2 + r (x + h).
    """
    h = lax.stop_gradient(lax.round(x * 16.0) * 0.0625)
    h = where(abs(x) < 128.0, h, x)
    rest = (x - h) * (x + h)
    return lax.exp(factor * (h * h)) * lax.exp(factor * rest)


def _erfcx_of_positive(z):
    """erfcx for z >= 0."""
    large = z > 1e15
    safe = where(large, 1.0, z)
    value = chebyshev((safe - CENTER) / (safe + CENTER), tables.ERFCX)
    far = 1.0 / (math.sqrt(math.pi) * where(large, z, 1.0))
    return where(large, far, value / (1.0 + 2.0 * safe))


def _erfcx(x):
    value = _erfcx_of_positive(abs(x))
    y = where(x < 0.0, where(x < -30.0, -30.0, x), 0.0)
    # exp(30**2) is infinite in f64, and stays so below.
    return where(x < 0.0, 2.0 * exp_square(y, 1.0) - value, value)


def _lower_tail(x):
    """ndtr for x <= 0."""
    value = 0.5 * _erfcx_of_positive(-ROOT_HALF * x) * exp_square(x, -0.5)
    return where(x < -1e3, 0.0, value)


def _ndtr(x):
    negative = x < 0.0
    tail = _lower_tail(where(x < -1e3, -1e3, -abs(x)))
    tail = where(abs(x) > 1e3, 0.0, tail)
    return where(negative, tail, 1.0 - tail)


def _log_ndtr(x):
    factor = 0.5 * _erfcx_of_positive(ROOT_HALF * abs(x))
    low = x < 0.0
    left = lax.log(where(low, factor, 0.5)) - 0.5 * x * x
    y = where(low, 0.0, where(x > 1e3, 1e3, x))
    right = log_complement(factor * exp_square(y, -0.5))
    return where(low, left, right)


def _normal_hazard(x):
    low = x < 0.0
    # Below -1e8 the hazard is -x to the last digit.
    lowest = x < -1e8
    y = where(low & ~lowest, x, 0.0)
    left = ROOT_TWO_OVER_PI / _erfcx_of_positive(-ROOT_HALF * y)
    left = where(lowest, -x, left)
    y = where(low, 0.0, where(x > 1e3, 1e3, x))
    density = 0.5 * ROOT_TWO_OVER_PI * exp_square(y, -0.5)
    return where(low, left, density / _ndtr(y))


def _ndtri(p):
    q = p - 0.5
    center = abs(q) <= 0.425
    near = where(center, q, 0.0)
    t = near * near * (2.0 / 0.425**2) - 1.0
    middle = near * chebyshev(t, tables.NDTRI_CENTER)
    low = where(q < 0.0, p, 1.0 - p)
    inside = (low > 0.0) & ~center
    r = lax.sqrt(-lax.log(where(inside, low, 0.01)))
    far = r > 5.0
    tail = where(
        far,
        chebyshev((where(far, r, 16.25) - 16.25) / 11.25, tables.NDTRI_FAR),
        chebyshev((where(far, 3.3, r) - 3.3) / 1.7, tables.NDTRI_TAIL),
    )
    tail = where(low == 0.0, filled(p, math.inf), tail)
    value = where(center, middle, where(q < 0.0, -tail, tail))
    return where((p >= 0.0) & (p <= 1.0), value, math.nan)


def _ndtr_slope(order, x):
    """The density; its derivatives are products."""
    if any(order):
        return None
    return lax.exp(-0.5 * x * x) * like(x, 0.5 * ROOT_TWO_OVER_PI)


def _log_ndtr_slope(order, x):
    return normal_hazard_p.bind(x, order=order)


def _ndtri_slope(order, p):
    """1 / density at the quantile, in which it can be differentiated again."""
    y = ndtri(p)
    return lax.exp(0.5 * y * y) * like(p, 2.0 / ROOT_TWO_OVER_PI)


erfcx_p = programmed("erfcx", _erfcx, 1)
ndtr_p = programmed("ndtr", _ndtr, 1, (_ndtr_slope,))
normal_hazard_p = programmed("normal_hazard", _normal_hazard, 1)
log_ndtr_p = programmed("log_ndtr", _log_ndtr, 1, (_log_ndtr_slope,))
ndtri_p = programmed("ndtri", _ndtri, 1, (_ndtri_slope,))
