"""Modified Bessel functions of orders 0 and 1, and the same divided by exp(|x|).

Up to 8 by the power series, whose terms are positive (Abramowitz and Stegun 9.6.10);
beyond, sqrt(x) exp(-x) I(x) is a smooth function of 1 / x (C. W. Clenshaw, "Chebyshev
series for mathematical functions", 1962).
"""

import math

from .. import primitives as lax
from . import tables
from .program import chebyshev, filled, polynomial, programmed, where

NEAR = 8.0
TERMS = 28


def bessel_i0(x):
    """The modified Bessel function of order 0, elementwise."""
    return bessel_i0_p.bind(x)


def bessel_i1(x):
    """The modified Bessel function of order 1, elementwise."""
    return bessel_i1_p.bind(x)


def bessel_i0e(x):
    """exp(-|x|) times the modified Bessel function of order 0, elementwise."""
    return bessel_i0e_p.bind(x)


def bessel_i1e(x):
    """exp(-|x|) times the modified Bessel function of order 1, elementwise."""
    return bessel_i1e_p.bind(x)


def _near(order, x):
    """The sum of (x / 2)**(2 k + order) / (k! (k + order)!) over k, |x| <= 8."""
    quarter = 0.25 * x * x
    total = polynomial(
        quarter,
        [1 / (math.factorial(k) * math.factorial(k + order)) for k in range(TERMS)],
    )
    return 0.5 * x * total if order else total


def _far(order, x):
    """sqrt(|x|) exp(-|x|) I(|x|) for |x| > 8, with the sign of an odd function."""
    inverse = 1.0 / abs(x)
    table = tables.I1E_FAR if order else tables.I0E_FAR
    value = chebyshev(2.0 * NEAR * inverse - 1.0, table) * lax.sqrt(inverse)
    return where(x < 0.0, -value, value) if order else value


def _kernel(order, scaled):
    def kernel(x):
        near = abs(x) <= NEAR
        y, z = where(near, x, 0.0), where(near, 2.0 * NEAR, x)
        inside, outside = _near(order, y), _far(order, z)
        if scaled:
            inside = inside * lax.exp(-abs(y))
        else:
            # In two steps: exp(x) overflows before the product does.
            half = lax.exp(0.5 * abs(z))
            outside = outside * half * half
        value = where(near, inside, outside)
        limit = filled(x, 0.0) if scaled else abs(x)
        limit = where(x < 0.0, -limit, limit) if order else limit
        return where(abs(x) == math.inf, limit, value)

    return kernel


def _i0_slope(order, x):
    return bessel_i1_p.bind(x, order=order)


bessel_i0_p = programmed("bessel_i0", _kernel(0, scaled=False), 1, (_i0_slope,))
bessel_i1_p = programmed("bessel_i1", _kernel(1, scaled=False), 1)
bessel_i0e_p = programmed("bessel_i0e", _kernel(0, scaled=True), 1)
bessel_i1e_p = programmed("bessel_i1e", _kernel(1, scaled=True), 1)
