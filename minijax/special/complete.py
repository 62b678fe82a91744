"""The gamma function itself, of real and of complex numbers.

For x >= 20 by Stirling's series, below from Gamma on [1, 2] by the recurrence, and for
negative x by reflection, Gamma(x) Gamma(1 - x) = pi / sin(pi x): Abramowitz and
Stegun 6.1.16, 6.1.17 and 6.1.41.
"""

import math

from .. import primitives as lax
from ..core.literal import aval_of
from ..dtypes import COMPLEX
from .program import FLOAT32, filled, programmed, where
from .stirling import (
    LOG_ROOT_TWO_PI,
    SHIFT,
    log_gamma_1p,
    rising_part,
    stirling_remainder,
)

# From where on Stirling's series is used for complex numbers, and its terms
# B(2k) / (2k (2k - 1)) of 1/x, 1/x**3, ...
START = 10
SERIES = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)

# Below it gamma functions are products, exact for integers.
PRODUCT = 20


def gamma(x):
    """The gamma function of real or complex numbers, elementwise."""
    if aval_of(x).dtype in COMPLEX:
        return _complex_gamma(x)
    return gamma_p.bind(x)


def log_gamma(x):
    """log |Gamma(x)|, elementwise, relative to its own size near its zeros 1 and 2."""
    return log_gamma_p.bind(x)


def _log_gamma_of_positive(x):
    """For x > 0: from 3 on by Stirling's formula, below from log Gamma on [1, 2]."""
    large = x >= float(SHIFT)
    z = where(large, x, float(SHIFT))
    by_stirling = (z - 0.5) * lax.log(z) - z + (stirling_remainder(z) + LOG_ROOT_TWO_PI)
    y = where(large, 1.0, x)
    below, above = y < 1.0, y >= 2.0
    fraction = y - where(below, filled(y, 0.0), where(above, filled(y, 2.0), 1.0))
    step = where(above, lax.log1p(where(above, fraction, 0.0)), 0.0)
    step = where(below, -lax.log(where(below, y, 1.0)), step)
    return where(large, by_stirling, log_gamma_1p(fraction) + step)


def _log_gamma(x):
    negative = x < 0.0
    size = where(negative, 1.0 - x, x)
    inside = (size > 0.0) & (size < math.inf)
    value = _log_gamma_of_positive(where(inside, size, 1.0))
    sine = abs(_sin_pi(where(negative & inside, x, 0.5)))
    pole = (sine == 0.0) | (x == 0.0)
    reflected = math.log(math.pi) - lax.log(where(pole, 1.0, sine)) - value
    value = where(negative, reflected, value)
    value = where(pole | (abs(x) == math.inf), filled(x, math.inf), value)
    return where(x != x, x, value)


log_gamma_p = programmed(
    "log_gamma",
    _log_gamma,
    1,
    (lambda order, x: None if any(order) else lax.digamma(x),),
)


def _gamma_of_positive(x):
    small = x < float(PRODUCT)
    fraction, rising = rising_part(where(small, x, 1.0), PRODUCT)
    below = lax.exp(log_gamma_1p(fraction)) * rising / where(small, x, 1.0)
    z = where(small, float(PRODUCT), x)
    # z**(z - 1/2) in two factors, since it overflows before the result does.
    half = lax.pow(z, 0.5 * z - 0.25)
    scale = math.exp(LOG_ROOT_TWO_PI) * lax.exp(stirling_remainder(z))
    return where(small, below, half * lax.exp(-z) * half * scale)


def _sin_pi(x):
    """sin(pi x), exact at integers."""
    n = lax.round(x)
    odd = n - 2.0 * lax.floor(0.5 * n) != 0.0
    value = lax.sin(math.pi * (x - n))
    return where(odd, -value, value)


def _gamma(x):
    most = 35.5 if x.dtype == FLOAT32 else 172.0
    negative = x < 0.0
    size = where(negative, 1.0 - x, x)
    size = where(size < most, where(size > 0.0, size, 1.0), most)
    value = _gamma_of_positive(size)
    # 1 / Gamma is taken in two steps: at -170.5 Gamma(1 - x) is near overflow.
    reflected = math.pi / _sin_pi(where(negative, x, 0.5)) / value
    value = where(negative, reflected, value)
    value = where(x > most, filled(x, math.inf), value)
    value = where((x < 1.0 - most) & (x == x), 0.0, value)
    value = where(x == 0.0, 1.0 / x, value)
    pole = negative & (x == lax.floor(x))
    return where(pole | (x != x), math.nan, value)


gamma_p = programmed(
    "gamma",
    _gamma,
    1,
    (lambda order, x: None if any(order) else gamma(x) * lax.digamma(x),),
)


# Complex numbers: programs of complex operations, which are differentiated as such


def complex_log_gamma(z):
    """The principal branch of log Gamma(z), analytic off the negative real axis."""
    left = lax.real(z) < 0.5
    w = lax.select(left, 1.0 - z, z)
    total = lax.log(w)
    for k in range(1, START):
        total = total + lax.log(w + float(k))
    big = w + float(START)
    u = 1.0 / big
    value = (big - 0.5) * lax.log(big) - big + LOG_ROOT_TWO_PI
    value = value + u * _polynomial(u * u, SERIES) - total
    # log Gamma(z) = log(pi) - log sin(pi z) - log Gamma(1 - z), the logarithm of the
    # sine on the branch that is continuous in each half plane.
    reflected = math.log(math.pi) - _log_sin_pi(z) - value
    pole = (lax.imag(z) == 0.0) & left & (lax.real(z) == lax.floor(lax.real(z)))
    nothing = lax.full_like(z, complex(math.nan, math.nan))
    return lax.select(pole, nothing, lax.select(left, reflected, value))


def _log_sin_pi(z):
    """log sin(pi z), continuous in the upper and in the lower half plane.

    Above, sin(pi z) = i exp(-i pi z) (1 - exp(2 i pi z)) / 2, whose last exponential is
    at most 1; below, the conjugate. The real part is reduced to [-1/2, 1/2] for it.
    """
    x, y = lax.real(z), lax.imag(z)
    lower = lax.bitwise_or(y < 0.0, lax.bitwise_and(y == 0.0, 1.0 / y < 0.0))
    up = lax.complex(x, abs(y))
    near = lax.complex(x - lax.round(x), abs(y))
    i_pi = lax.complex(lax.full_like(x, 0.0), lax.full_like(x, math.pi))
    # 1 - exp(2 i pi z) = -expm1(2 i pi z)
    factor = -lax.expm1(2.0 * i_pi * near) * 0.5
    value = lax.log(factor) - i_pi * up
    value = value + lax.complex(lax.full_like(x, 0.0), lax.full_like(x, math.pi / 2))
    return lax.select(lower, lax.conj(value), value)


def _complex_gamma(z):
    return lax.exp(complex_log_gamma(z))


def _polynomial(x, coefficients):
    total = x * 0.0 + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total
