"""Logarithms and gamma functions near each other, without cancellation.

Densities such as x**a exp(-x) / Gamma(a) are exponentials of small differences of large
terms. These functions give the differences themselves.
"""

import math

from .. import primitives as lax
from . import tables
from .program import chebyshev, filled, polynomial, reciprocal, where

LOG_ROOT_TWO_PI = math.log(2 * math.pi) / 2

# From where on the remainder of Stirling's formula is used. Gamma functions of smaller
# numbers are those of numbers that are larger by so much.
SHIFT = 3


def stirling_remainder(x):
    """log Gamma(x) - ((x - 1/2) log x - x + log(2 pi) / 2) for x >= SHIFT."""
    z = reciprocal(x)
    return z * chebyshev((2.0 * SHIFT**2) * (z * z) - 1.0, tables.STIRLING)


def log_gamma_of_small(a):
    """log Gamma(a + 1), relative to its own size near 0; 0 <= a <= SHIFT.

    With a = n + f it is log Gamma(1 + f) + log (f + 1) ... (f + n).
    """
    fraction, rising = rising_part(a, SHIFT)
    return log_gamma_1p(fraction) + lax.log(rising)


def rising_part(a, most: int):
    """The fraction f of a = n + f, and (f + 1) ... (f + n), n at most so large."""
    n = lax.floor(a)
    f = a - n
    product = filled(a, 1.0)
    for k in range(1, most + 1):
        product = product * where(n >= float(k), f + float(k), 1.0)
    return f, product


def log1p_minus(y, log1p_y=None):
    """log(1 + y) - y, relative to its own size; y > -1.

    Near 0, with r = y / (2 + y), it is 2 atanh(r) - y = 2 (atanh(r) - r) - y r.

    Args:
      log1p_y: log(1 + y), if the caller knows it better than y does.
    """
    far = abs(y) > 0.4
    direct = (lax.log(1.0 + where(far, y, 1.0)) if log1p_y is None else log1p_y) - y
    r = where(far, 0.0, y) / (2.0 + y)
    square = r * r
    series = polynomial(square, [1 / (2 * k + 3) for k in range(14)])
    return where(far, direct, r * (2.0 * square * series - y))


def exp_minus(v):
    """e**v - 1 - v, relative to its own size."""
    near = abs(v) < 0.5
    small = where(near, v, 0.0)
    series = polynomial(small, [1 / math.factorial(k + 2) for k in range(15)])
    return where(near, small * small * series, lax.expm1(v) - v)


def log_gamma_1p(a):
    """log Gamma(1 + a), relative to its own size; 0 <= a <= 1."""
    return a * chebyshev(2.0 * a - 1.0, tables.LOG_GAMMA_1P)
