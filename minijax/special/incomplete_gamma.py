"""Incomplete gamma functions, and how gamma samples move with their parameter.

With t = x exp(v) the integrals of t**(a-1) exp(-t) below and above x are

    P(a, x) = D I(-1),   Q(a, x) = D I(+1),   D = x**a exp(-x) / Gamma(a),

    I(s) = integral over u > 0 of exp(-s (x - a) u - x g(s u)),   g(v) = e**v - 1 - v

Below the mean, x < a, the first integrand decreases, above it the second. The smaller
of P and Q is computed, and the other is 1 minus it. Where a < 10 the integrand of P
decays slowly, and the recurrence P(a, x) = P(a + 1, x) + D / a helps, whose terms are
positive.
Q for small a and x is Abramowitz and Stegun 6.5.29 with 1 taken out.

Derivatives in x are densities; those in a come from the integrands.
"""

import math

from .. import primitives as lax
from ..dtypes import finfo
from .program import filled, invalid, partial_derivative, programmed, reciprocal, where
from .quadrature import integral, negligible, quadratic_end
from .stirling import (
    LOG_ROOT_TWO_PI,
    SHIFT,
    exp_minus,
    log1p_minus,
    log_gamma_1p,
    log_gamma_of_small,
    stirling_remainder,
)

NODES = 32
SERIES = 20
RAISED = 10.0


def igamma(a, x):
    """The lower regularized incomplete gamma function P(a, x), elementwise."""
    return igamma_p.bind(a, x)


def igammac(a, x):
    """The upper regularized incomplete gamma function 1 - P(a, x), elementwise."""
    return igammac_p.bind(a, x)


def igamma_grad_a(a, x):
    """The derivative of `igamma` in a, elementwise."""
    return igamma_grad_a_p.bind(a, x)


def random_gamma_grad(a, x):
    """The derivative of a gamma sample x in its parameter a, its probability fixed.

    M. Figurnov, S. Mohamed, A. Mnih, "Implicit reparameterization gradients", NeurIPS
    2018: - (dP/da) / (dP/dx).
    """
    return random_gamma_grad_p.bind(a, x)


def gamma_log_slope(a, log_x):
    """The derivative of log x in a, likewise; x itself may underflow."""
    return gamma_log_slope_p.bind(a, log_x)


def gamma_density(a, x):
    """x**(a-1) exp(-x) / Gamma(a), elementwise."""
    return gamma_density_p.bind(a, x)


# The pieces


def _log_prefactor(a, x, log_x):
    """log D(a, x) - log a, for a > 0."""
    shift = float(SHIFT)
    large = a >= shift
    # D / a = exp(a (log(1 + m) - m) - r(a)) / sqrt(2 pi a) with m = (x - a) / a.
    safe = where(large, a, shift)
    m = (where(large, x, shift) - safe) / safe
    far = abs(m) > 0.4
    ratio = where(far, where(large, x, shift) / safe, 1.0)
    least = float(
        finfo(x.dtype).tiny
    )  # x may have underflowed where its logarithm has not
    log_ratio = where(
        far, lax.log(lax.max(ratio, filled(x, least))), lax.log1p(where(far, 0.0, m))
    )
    by_stirling = safe * log1p_minus(m, log_ratio) - stirling_remainder(safe)
    by_stirling = by_stirling - 0.5 * lax.log(safe) - LOG_ROOT_TWO_PI
    small = where(large, 1.0, a)
    by_shift = small * where(large, 0.0, log_x) - where(large, 1.0, x)
    by_shift = by_shift - log_gamma_of_small(small)
    return where(large, by_stirling, by_shift)


def _exponent(u, a, x, side):
    """a v - x (exp(v) - 1) for v = s u, as -s (x - a) u - x g(s u).

    It is linear in a and x, and differentiated in the first form.
    """
    v = side * u
    a0, x0 = lax.stop_gradient(a), lax.stop_gradient(x)
    value = -(x0 - a0) * v - x0 * exp_minus(v)
    return value + ((a - a0) * v - (x - x0) * lax.expm1(v))


def _end(a, away, x, side):
    """Where the exponent has fallen below the negligible.

    By e**-u - 1 + u >= u**2 / (2 + u), and e**u - 1 - u >= u**2 / 2.
    """
    k = negligible(x)
    below = quadratic_end(away, x, k)
    above = 2.0 * k / (away + lax.sqrt(away * away + 2.0 * k * x))
    above = lax.min(above, lax.log1p((k + a * above) / x))
    return where(side < 0.0, below, above)


def _tail(a, x):
    """Which of P and Q is the smaller, roughly, and it divided by D / a.

    Returns (lower, value): P = value D / a where `lower` holds, else Q.
    """
    lower = x < lax.max(a, filled(a, 1.0))
    raised = lower & (a < RAISED)
    b = where(raised, a + 3.0, a)
    side = where(lower, filled(a, -1.0), filled(a, 1.0))
    fixed, place = lax.stop_gradient(b), lax.stop_gradient(x)
    end = _end(fixed, side * (place - fixed), place, side)
    value = integral(_exponent, end, b, x, side, count=NODES)
    by_recurrence = 1.0 + x / (a + 1.0) * (1.0 + x / (a + 2.0) * (1.0 + x * value))
    return lower, where(raised, by_recurrence, a * value)


def _upper_of_small(a, x):
    """Q(a, x) for a < 1 and 0 < x < 1, without cancellation.

    With z = x**a / Gamma(1 + a), it is 1 - z - z a S, S the sum over k >= 1 of
    (-x)**k / (k! (a + k)).
    """
    log_z = a * lax.log(x) - log_gamma_1p(a)
    term, total = filled(x, 1.0), filled(x, 0.0)
    for k in range(1, SERIES):
        term = term * (x * (-1.0 / k))
        total = total + term * reciprocal(a + float(k))
    return -lax.expm1(log_z) - lax.exp(log_z) * a * total


def _regular(a, x):
    """Where both arguments are positive and finite, and arguments that are."""
    inf = filled(a, math.inf)
    inside = (a > 0.0) & (x > 0.0) & (a < inf) & (x < inf)
    return inside, where(inside, a, 1.0), where(inside, x, 1.0)


def _limit(a, x, at_zero, at_infinity):
    """Values of P or Q on the border: x = 0 or a = inf; x = inf or a = 0."""
    inf = filled(a, math.inf)
    low = (x == 0.0) | (a == inf)
    high = (x == inf) | (a == 0.0)
    value = where(low, filled(a, at_zero), filled(a, at_infinity))
    wrong = invalid(a) | invalid(x) | (low & high)
    return where(wrong, math.nan, value)


def _igamma(a, x):
    inside, b, y = _regular(a, x)
    lower, tail = _tail(b, y)
    value = tail * lax.exp(_log_prefactor(b, y, lax.log(y)))
    # For the upper tail D / a times a I, so the factor is the same.
    value = where(lower, value, 1.0 - value)
    return where(inside, value, _limit(a, x, 0.0, 1.0))


def _igammac(a, x):
    inside, b, y = _regular(a, x)
    lower, tail = _tail(b, y)
    value = tail * lax.exp(_log_prefactor(b, y, lax.log(y)))
    tiny = lower & (b < 1.0)
    complement = _upper_of_small(where(tiny, b, 0.5), where(tiny, y, 0.5))
    value = where(lower, where(tiny, complement, 1.0 - value), value)
    return where(inside, value, _limit(a, x, 1.0, 0.0))


def _density(a, x):
    inside, b, y = _regular(a, x)
    log_y = lax.log(y)
    # x**(a-1) is taken together, so that a small x does not underflow in x**a first.
    value = b * lax.exp(_log_prefactor(b, y, log_y) - log_y)
    at_zero = where(a < 1.0, filled(a, math.inf), where(a > 1.0, 0.0, filled(a, 1.0)))
    border = where(x == 0.0, at_zero, 0.0)
    border = where((a == 0.0) | ~(a < math.inf) & (x < math.inf), 0.0, border)
    border = where(invalid(a) | invalid(x), math.nan, border)
    return where(inside, value, border)


def _gamma_log_slope(a, log_x):
    """d(log x)/da for gamma samples x of parameter a > 0.

    With D / a = exp(e), P = exp(e) T and dP/dx = a exp(e) / x it is
    -(T de/da + dT/da) / a, and likewise for Q, whose sign is the opposite.
    """
    x = lax.exp(log_x)
    log_slope = partial_derivative(_log_prefactor, 0)(a, x, log_x)
    lower, tail = _tail(a, x)
    tail_slope = partial_derivative(lambda a, x: _tail(a, x)[1], 0)(a, x)
    slope = (tail * log_slope + tail_slope) / a
    return where(lower, -slope, slope)


def _random_gamma_grad(a, x):
    inside, b, y = _regular(a, x)
    value = y * _gamma_log_slope(b, lax.log(y))
    border = where((x == 0.0) & (a >= 0.0), 0.0, filled(a, math.nan))
    return where(inside, value, border)


# Records


def _density_slope(order, a, x):
    """What is one derivative in x of P, given how often P is derived already."""
    return gamma_density_p.bind(a, x, order=order)


def _igammac_slope(order, a, x):
    return -gamma_density_p.bind(a, x, order=order)


def _grad_a_slope(order, a, x):
    return gamma_density_p.bind(a, x, order=(order[0] + 1, order[1]))


gamma_density_p = programmed("gamma_density", _density, 2)
igamma_p = programmed("igamma", _igamma, 2, (None, _density_slope))
igammac_p = programmed("igammac", _igammac, 2, (None, _igammac_slope))
igamma_grad_a_p = programmed(
    "igamma_grad_a", partial_derivative(_igamma, 0), 2, (None, _grad_a_slope)
)
random_gamma_grad_p = programmed("random_gamma_grad", _random_gamma_grad, 2)
gamma_log_slope_p = programmed("gamma_log_slope", _gamma_log_slope, 2)
