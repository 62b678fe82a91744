"""Exponential, sine, cosine and Fresnel integrals, Dawson's, Spence's and Owen's.

Near 0 by power series, far away by smooth factors of the asymptotic forms (Abramowitz
and Stegun 5.1, 5.2, 7.3 and 27.7). The first derivatives are elementary.
"""

import math

from .. import primitives as lax
from ..core.rules import like
from . import tables
from .normal import exp_square, ndtr
from .program import (
    FLOAT32,
    chebyshev,
    filled,
    log_complement,
    polynomial,
    programmed,
    where,
)
from .quadrature import integral

EULER = 0.57721566490153286061
HALF_PI = math.pi / 2


def exp1(x):
    """The exponential integral E1 of x >= 0, elementwise."""
    return exp1_p.bind(x)


def expi(x):
    """The exponential integral Ei, elementwise."""
    return expi_p.bind(x)


def expn(n, x):
    """The exponential integral of whole order n >= 0 of x >= 0, elementwise."""
    return expn_p.bind(n, x)


def sine_integral(x):
    """The integral of sin(t) / t from 0 to x, elementwise."""
    return sine_integral_p.bind(x)


def cosine_integral(x):
    """Minus the integral of cos(t) / t from |x| to infinity, elementwise."""
    return cosine_integral_p.bind(x)


def fresnel_s(x):
    """The integral of sin(pi t**2 / 2) from 0 to x, elementwise."""
    return fresnel_s_p.bind(x)


def fresnel_c(x):
    """The integral of cos(pi t**2 / 2) from 0 to x, elementwise."""
    return fresnel_c_p.bind(x)


def dawsn(x):
    """exp(-x**2) times the integral of exp(t**2) from 0 to x, elementwise."""
    return dawsn_p.bind(x)


def spence(x):
    """The integral of log(t) / (1 - t) from 1 to x >= 0, elementwise."""
    return spence_p.bind(x)


def owens_t(h, a):
    """Owen's T function, elementwise."""
    return owens_t_p.bind(h, a)


# Exponential integrals


def _entire(x, count):
    """The sum of x**k / (k k!) over k >= 1."""
    coefficients = [1 / (k * math.factorial(k)) for k in range(1, count)]
    return x * polynomial(x, coefficients)


def _exp1(x):
    inside = (x > 0.0) & (x < math.inf)
    near = x < 1.0
    y = where(near & inside, x, 0.5)
    series = -EULER - lax.log(y) - _entire(-y, 20)
    z = where(near | ~inside, 2.0, x)
    far = chebyshev((z - 3.0) / (z + 1.0), tables.EXP1_FAR) * lax.exp(-z) / z
    value = where(near, series, far)
    border = where(x == 0.0, filled(x, math.inf), where(x > 0.0, 0.0, math.nan * x))
    return where(inside, value, border)


def _expi_of_positive(x):
    near = x < 8.0
    y = where(near, x, 1.0)
    series = EULER + lax.log(y) + _entire(y, 45)
    middle = x < 24.0
    v = where(near | ~middle, 12.0, x)
    w = where(middle, 48.0, x)
    factor = where(
        middle,
        chebyshev(24.0 / v - 2.0, tables.EXPI_MIDDLE),
        chebyshev(48.0 / w - 1.0, tables.EXPI_FAR),
    )
    z = where(near, 12.0, x)
    half = lax.exp(0.5 * z)  # exp(z) overflows before the result does
    return where(near, series, half * (factor / z) * half)


def _expi(x):
    positive = (x > 0.0) & (x < math.inf)
    value = _expi_of_positive(where(positive, x, 1.0))
    mirrored = -_exp1(where(x < 0.0, -x, 1.0))
    value = where(positive, value, where(x < 0.0, mirrored, x))
    return where(x == 0.0, filled(x, -math.inf), value)


def _expn(n, x):
    n = lax.stop_gradient(n)
    inside = (n >= 1.0) & (x > 0.0) & (x < math.inf)
    near = x < 0.25
    m = where(inside, n, 1.0)
    # Near 0: (-x)**(n-1) / (n-1)! (psi(n) - log x) - sum of (-x)**k / ((k-n+1) k!).
    y = where(near & inside, x, 0.5)
    factor, term = filled(x, 1.0), filled(x, 1.0)
    series = where(m == 1.0, 0.0, 1.0 / where(m == 1.0, 1.0, m - 1.0))
    leading = where(m == 1.0, 1.0, 0.0)
    for k in range(1, 21):
        factor = factor * (-y / float(k))
        here = m == float(k + 1)
        leading = where(here, factor, leading)
        term = factor / where(here, 1.0, float(k + 1) - m)
        series = series - where(here, 0.0, term)
    series = series + where(
        leading == 0.0, 0.0, leading * (lax.digamma(m) - lax.log(y))
    )
    # Beyond 1: exp(-x) times the integral of exp(-(n - 1) v - x (e**v - 1)) over v > 0.
    z = where(near | ~inside, 2.0, x)
    most = 18.0 if x.dtype == FLOAT32 else 40.0
    end = lax.min(most / (z + m - 1.0), lax.log1p(most / z))
    far = integral(_decay, end, m, z, count=48) * lax.exp(-z)
    value = where(near, series, far)
    zeroth = lax.exp(-x) / x
    value = where(n == 0.0, where(x > 0.0, zeroth, math.inf), value)
    at_zero = where(n > 1.0, 1.0 / where(n > 1.0, n - 1.0, 1.0), filled(x, math.inf))
    value = where(x == 0.0, at_zero, where(x == math.inf, 0.0, value))
    return where((n >= 0.0) & (x >= 0.0), value, math.nan)


def _decay(v, n, x):
    return -(n - 1.0) * v - x * lax.expm1(v)


# Sine, cosine and Fresnel integrals


def _sici_parts(x):
    """Of y = |x|: whether it is near 0, a safe one if so, f and g if not."""
    y = abs(x)
    near = y < 4.0
    z = where(near | ~(y < math.inf), 8.0, y)
    u = 32.0 / (z * z) - 1.0
    f = chebyshev(u, tables.SICI_F) / z
    g = chebyshev(u, tables.SICI_G) / (z * z)
    return near, where(near, y, 1.0), z, f, g


def _sine_integral(x):
    near, y, z, f, g = _sici_parts(x)
    terms = [(-1) ** k / ((2 * k + 1) * math.factorial(2 * k + 1)) for k in range(16)]
    series = y * polynomial(y * y, terms)
    value = where(near, series, HALF_PI - f * lax.cos(z) - g * lax.sin(z))
    value = where(abs(x) == math.inf, HALF_PI, value)
    value = where(x < 0.0, -value, value)
    return where((x == 0.0) | (x != x), x, value)


def _cosine_integral(x):
    near, y, z, f, g = _sici_parts(x)
    y = where(y == 0.0, 1.0, y)
    terms = [(-1) ** k / (2 * k * math.factorial(2 * k)) for k in range(1, 18)]
    square = y * y
    series = EULER + lax.log(y) + square * polynomial(square, terms)
    value = where(near, series, f * lax.sin(z) - g * lax.cos(z))
    value = where(x == math.inf, 0.0, where(x == -math.inf, math.nan, value))
    value = where(x == 0.0, filled(x, -math.inf), value)
    return where(x != x, math.nan, value)


def _quarter_turns(x):
    """x**2 modulo 4, exactly up to the rounding of the result.

    x = h + r with half of the digits in h: h**2 is exact, and so is its remainder.
    """
    half = (8, 11) if x.dtype == FLOAT32 else (11, 25)
    h = lax.stop_gradient(lax.reduce_precision(x, *half))
    square = h * h
    square = square - 4.0 * lax.stop_gradient(lax.round(0.25 * square))
    total = square + (x - h) * (x + h)
    return total - 4.0 * lax.stop_gradient(lax.round(0.25 * total))


def _fresnel(x, cosine):
    y = abs(x)
    near = y < 1.6
    w = where(near, y, 1.0)
    s = 1 if not cosine else 0
    turn = (HALF_PI * w * w) ** 2
    terms = [
        (-1) ** k / (math.factorial(2 * k + s) * (4 * k + 2 * s + 1)) for k in range(16)
    ]
    series = w * polynomial(turn, terms)
    series = series if cosine else series * HALF_PI * w * w
    z = where(near | (y > 1e8), 1.6, y)
    u = 2.0 * (1.6 / z) ** 4 - 1.0
    f = chebyshev(u, tables.FRESNEL_F) / (math.pi * z)
    g = chebyshev(u, tables.FRESNEL_G) / (math.pi**2 * z * z * z)
    phase = HALF_PI * _quarter_turns(z)
    sin, cos = lax.sin(phase), lax.cos(phase)
    far = f * sin - g * cos if cosine else -f * cos - g * sin
    far = where(y > 1e8, 0.0, far)
    value = where(near, series, 0.5 + far)
    value = where(x < 0.0, -value, value)
    return where((x == 0.0) | (x != x), x, value)


# Dawson's, Spence's and Owen's


def _dawsn(x):
    """By the midpoint and trapezoidal rules, corrected for the poles.

    M. Al Azah, S. N. Chandler-Wilde, "Computation of the complex error function using
    modified trapezoidal rules", SIAM Journal on Numerical Analysis 59, 2021.
    """
    from_zero = abs(x) < 1e8
    y = where(from_zero, x, 1.0)
    step = math.sqrt(math.pi / 12)
    cycles = y / step
    phase = cycles - lax.stop_gradient(lax.round(cycles))
    by_midpoint = abs(phase) <= 0.25  # whose poles are at halves
    square = y * y
    total = filled(x, 0.0)
    for k in range(12):
        node = where(by_midpoint, ((k + 0.5) * step) ** 2, (k * step) ** 2)
        weight = where(
            by_midpoint,
            math.exp(-(((k + 0.5) * step) ** 2)),
            math.exp(-((k * step) ** 2)) * (0.5 if k == 0 else 1.0),
        )
        total = total + weight / (square - node)
    angle = math.pi * where(by_midpoint, phase, 0.25)
    other = math.pi * where(by_midpoint, 0.25, phase)
    pole = where(by_midpoint, lax.tan(angle), -1.0 / lax.tan(other))
    value = math.sqrt(math.pi) / 2 * (exp_square(y, -1.0) * pole)
    value = value + step / math.sqrt(math.pi) * y * total
    value = where(from_zero, value, 0.5 / where(from_zero, 1.0, x))
    # x - 2 x**3 / 3 + 4 x**5 / 15 - ...
    near = abs(x) < 1.0
    w = where(near, x, 0.0)
    terms = [(-2.0) ** k / math.prod(range(1, 2 * k + 2, 2)) for k in range(20)]
    value = where(near, w * polynomial(w * w, terms), value)
    return where(x != x, x, value)


# B(2k) / (2k + 1)!, k >= 1
_DEBYE = (
    1 / 36,
    -1 / 3600,
    1 / 211680,
    -1 / 10886400,
    1 / 526901760,
    -691 / 16999766784000,
    1 / 1120863744000,
    -3617 / 181400588328960000,
    43867 / 97072790126247936000,
)


def _spence(x):
    inside = (x > 0.0) & (x < math.inf)
    y = where(inside, x, 1.0)
    low, high = y < 0.5, y > 2.0
    inverse = 1.0 / where(high, y, 4.0)
    z = where(low, 1.0 - y, where(high, 1.0 - inverse, y))
    u = -lax.log(z)
    square = u * u
    # Li2(1 - z) with u = -log z: Debye's expansion, |u| < log 2.
    core = u * (1.0 - 0.25 * u + square * polynomial(square, _DEBYE))
    log_y = lax.log(y)
    # S(y) + S(1 - y) = pi**2 / 6 - log(y) log(1 - y), S(y) + S(1 / y) = -log(y)**2 / 2
    by_complement = math.pi**2 / 6 - log_y * log_complement(where(low, y, 0.25)) - core
    by_inverse = core - math.pi**2 / 6 - log_y * (0.5 * log_y + log_complement(inverse))
    value = where(low, by_complement, where(high, by_inverse, core))
    return where(inside, value, where(x == 0.0, math.pi**2 / 6, math.nan * x))


def _owens_t(h, a):
    y, slope = abs(h), abs(a)
    steep = slope > 1.0
    # T(h, a) = (Q(h) + Q(a h)) / 2 - Q(h) Q(a h) - T(a h, 1 / a), Q = ndtr(-.)
    product = where(y == 0.0, 0.0, where(steep, y * slope, 0.0))
    k = where(steep, product, y)
    b = where(steep, 1.0 / where(steep, slope, 1.0), slope)
    most = 5.5 if h.dtype == FLOAT32 else 9.0
    end = lax.min(b, most / where(k < most, most, k))
    end = where(k < most, b, end)
    k = where(k > 1e3, 1e3, k)
    value = integral(_owens, end, k, count=32) * (0.5 / math.pi)
    # The integral ends at the true bound: what is left out is negligible.
    value = value * exp_square(k, -0.5)
    upper, far = ndtr(-y), ndtr(-where(steep, product, 0.0))
    turned = 0.5 * (upper + far) - upper * far - value
    value = where(steep, turned, value)
    value = where(a < 0.0, -value, value)
    return where((h != h) | (a != a), math.nan, value)


def _owens(u, k):
    return -0.5 * (k * u) ** 2 - lax.log1p(u * u)


# Records; the slopes are those of order 0, which are differentiated as they stand.


def _first(formula):
    return lambda order, *xs: None if any(order) else formula(*xs)


def _sinc(x):
    small = abs(x) < 1e-2
    y = lax.select(small, lax.full_like(x, 1), x)
    w = lax.select(small, x, lax.full_like(x, 0))
    s = w * w
    series = 1 - s / 6 * (1 - s / 20 * (1 - s / 42))
    return lax.select(small, series, lax.sin(y) / y)


def _owens_in_h(h, a):
    z = lax.mul(a, h) * like(h, math.sqrt(0.5))
    scale = like(h, -0.5 / math.sqrt(2 * math.pi))
    return lax.exp(-0.5 * h * h) * lax.erf(z) * scale


def _owens_in_a(h, a):
    s = 1 + a * a
    return lax.exp(-0.5 * h * h * s) / s * like(h, 0.5 / math.pi)


def _squared_phase(x):
    return lax.mul(lax.square(x), like(x, HALF_PI))


exp1_p = programmed("exp1", _exp1, 1, (_first(lambda x: -lax.exp(-x) / x),))
expi_p = programmed("expi", _expi, 1, (_first(lambda x: lax.exp(x) / x),))
expn_p = programmed("expn", _expn, 2, (None, _first(lambda n, x: -expn(n - 1, x))))
sine_integral_p = programmed("sine_integral", _sine_integral, 1, (_first(_sinc),))
cosine_integral_p = programmed(
    "cosine_integral", _cosine_integral, 1, (_first(lambda x: lax.cos(x) / x),)
)
fresnel_s_p = programmed(
    "fresnel_s",
    lambda x: _fresnel(x, False),
    1,
    (_first(lambda x: lax.sin(_squared_phase(x))),),
)
fresnel_c_p = programmed(
    "fresnel_c",
    lambda x: _fresnel(x, True),
    1,
    (_first(lambda x: lax.cos(_squared_phase(x))),),
)
dawsn_p = programmed("dawsn", _dawsn, 1)
spence_p = programmed("spence", _spence, 1)
owens_t_p = programmed(
    "owens_t", _owens_t, 2, (_first(_owens_in_h), _first(_owens_in_a))
)
