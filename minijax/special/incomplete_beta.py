"""The regularized incomplete beta function.

In v, the logarithm of t / (1 - t) counted from x, the integrals of
t**(a-1) (1 - t)**(b-1) below and above x are

    I = G J(-1),   1 - I = G J(+1),   G = x**a (1 - x)**b / B(a, b),   n = a + b

    J(s) = integral over u > 0 of exp(-s (n x - a) u - n h(s u)),
    h(v) = log(1 + x (e**v - 1)) - x v

By symmetry x <= 1/2. The rest is as for the incomplete gamma function, the limit of
large b. The density for large parameters: A. R. DiDonato, A. H. Morris, "Significant
digit computation of the incomplete beta function ratios", ACM Transactions on
Mathematical Software 18, 1992.
"""

import math

from .. import primitives as lax
from .program import filled, invalid, programmed, reciprocal, where
from .quadrature import integral, negligible, quadratic_end
from .stirling import (
    LOG_ROOT_TWO_PI,
    SHIFT,
    exp_minus,
    log1p_minus,
    log_gamma_of_small,
    stirling_remainder,
)

NODES = 40
SERIES = 20
RAISED = 10.0


def betainc(a, b, x):
    """The regularized incomplete beta function I_x(a, b), elementwise."""
    return regularized_incomplete_beta_p.bind(a, b, x)


def beta_density(a, b, x):
    """x**(a-1) (1-x)**(b-1) / B(a, b), elementwise."""
    return beta_density_p.bind(a, b, x)


def log_beta(a, b):
    """log B(a, b) for positive a and b, elementwise."""
    return log_beta_p.bind(a, b)


# The density


def _log_prefactor(a, b, x, y, of_small=None):
    """log(G / (a b / n)), a, b > 0, y = 1 - x; small with the smaller of a and b.

    Args:
      of_small: _log_beta_of_small(a, b), if the caller has it.
    """
    of_small = _log_beta_of_small(a, b) if of_small is None else of_small
    shift = float(SHIFT)
    large = (a >= shift) & (b >= shift)
    safe_a, safe_b = where(large, a, shift), where(large, b, shift)
    by_stirling = _log_power_of_large(safe_a, safe_b, x, y)
    by_stirling = by_stirling + 0.5 * lax.log(1.0 / safe_a + 1.0 / safe_b)
    by_stirling = by_stirling - LOG_ROOT_TWO_PI - _remainders(safe_a, safe_b)
    others = _log_power(a, b, x, y) - of_small
    return where(large, by_stirling, others)


def _log_power(a, b, x, y):
    """a log(x) + b log(y), x <= 1/2."""
    # y may be known better than x.
    far = x > 0.25
    log_y = where(far, lax.log(where(far, y, 1.0)), lax.log1p(-where(far, 0.0, x)))
    return a * lax.log(x) + b * log_y


def _log_power_of_large(a, b, x, y):
    """a log(n x / a) + b log(n y / b), whose terms of first order cancel."""
    n = a + b
    excess = where(x < 0.5, n * x - a, b - n * y)
    total = None
    for c, z, e in ((a, x, excess / a), (b, y, -excess / b)):
        far = abs(e) > 0.4
        log_far = lax.log(where(far, z / (c / n), 1.0))
        log_e = where(far, log_far, lax.log1p(where(far, 0.0, e)))
        term = c * log1p_minus(e, log_e)
        total = term if total is None else total + term
    return total


def _remainders(a, b):
    return stirling_remainder(a) + stirling_remainder(b) - stirling_remainder(a + b)


def _log_beta_of_small(a, b):
    """log(B(a, b) a b / n) where the smaller of a and b is less than SHIFT.

    With c the smaller and d the larger it is
    log Gamma(c + 1) + log Gamma(d + 1) - log Gamma(d + 1 + c), of the order of c.
    """
    less = a < b
    c, d = where(less, a, b), where(less, b, a)
    c = where(c < float(SHIFT), c, 1.0)
    # Gamma(d + 1 + c) / Gamma(d + 1) changes by (1 + c / (d + k)) with each step up;
    # the product less 1 is a sum of positive terms.
    low = d < float(SHIFT - 1)
    start = where(low, d, float(SHIFT))
    excess = filled(c, 0.0)
    for k in range(1, SHIFT):
        excess = excess + c * reciprocal(start + float(k)) * (1.0 + excess)
    steps = where(low, lax.log1p(excess), 0.0)
    e = where(low, d + float(SHIFT), d + 1.0)
    quotient = c * lax.log(e + c) + (e - 0.5) * lax.log1p(c / e) - c
    quotient = quotient + stirling_remainder(e + c) - stirling_remainder(e)
    return log_gamma_of_small(c) + steps - quotient


def _log_beta(a, b):
    """log B(a, b) for positive a and b; elsewhere nan, which callers replace."""
    inside = (a > 0.0) & (b > 0.0) & (a < math.inf) & (b < math.inf)
    a, b = where(inside, a, 1.0), where(inside, b, 1.0)
    shift = float(SHIFT)
    large = (a >= shift) & (b >= shift)
    p, q = where(large, a, shift), where(large, b, shift)
    by_stirling = -p * lax.log1p(q / p) - q * lax.log1p(p / q)
    by_stirling = by_stirling + 0.5 * lax.log(1.0 / p + 1.0 / q) + LOG_ROOT_TWO_PI
    by_stirling = by_stirling + _remainders(p, q)
    others = _log_beta_of_small(a, b) + lax.log(1.0 / a + 1.0 / b)
    return where(inside, where(large, by_stirling, others), math.nan)


# The integral


def _exponent(u, a, b, x, side):
    """a v - n log(1 + x (exp(v) - 1)) for v = s u, as -s (n x - a) u - n h(s u).

    It is linear in a and b, and differentiated in them in the first form.
    """
    v = side * u
    a0, b0 = lax.stop_gradient(a), lax.stop_gradient(b)
    n = a0 + b0
    y = x * lax.expm1(v)
    near = abs(y) < 0.4
    w, z = where(near, v, 0.0), where(near, y, 0.0)
    small = log1p_minus(z)
    log = where(near, z + small, lax.log(1.0 + where(near, 0.0, y)))
    value = -(n * x - a0) * v
    value = value - n * where(near, small + x * exp_minus(w), log - x * v)
    return value + ((a - a0) * (v - log) - (b - b0) * log)


def _end(a, b, away, x, side):
    """Where the exponent has fallen below the negligible.

    As h'' is at least x (1 - x) e**-u, h(s u) >= x (1 - x) u**2 / (2 + u); and for
    large u the exponent is nearly linear.
    """
    k = negligible(x)
    n = a + b
    start = quadratic_end(away, n * x * (1.0 - x), k)
    below = lax.min(start, (k - n * lax.log1p(-x)) / a)
    above = lax.min(start, (k - n * lax.log(x)) / b)
    for _ in range(3):
        most = lax.min((k + a * above) / n, filled(x, 80.0))
        above = lax.min(above, lax.log1p(lax.expm1(most) / x))
    return where(side < 0.0, below, above)


def _tail(a, b, x, y):
    """The smaller of I and 1 - I, roughly, divided by G / p, for x <= 1/2.

    p is a and w is x for I, where `lower` holds, b and y for 1 - I. Where p < 10,
    I(p) = G(p) / p + I(p + 1), with G(p + 1) = G(p) w n / p, three times.
    """
    n = a + b
    lower = n * x < where(_near_zero(a, x), 1.0, a)
    p, w = where(lower, a, b), where(lower, x, y)
    raised = p < RAISED
    a3 = where(raised & lower, a + 3.0, a)
    b3 = where(raised & ~lower, b + 3.0, b)
    side = where(lower, filled(a, -1.0), filled(a, 1.0))
    a0, b0, x0 = map(lax.stop_gradient, (a3, b3, x))
    end = _end(a0, b0, side * ((a0 + b0) * x0 - a0), x0, side)
    value = integral(_exponent, end, a3, b3, x, side, count=NODES)
    rest = w * (n + 1.0) / (p + 2.0) * (1.0 + w * (n + 2.0) * value)
    rest = w * n / (p + 1.0) * (1.0 + rest)
    return lower, p, where(raised, rest, p * value - 1.0)


def _near_zero(a, x):
    """Where 1 - I is computed from a series about x = 0."""
    return (a < 1.0) & (x < 0.1)


def _upper_of_small(a, b, x, of_small):
    """1 - I for a < 1 and x < 0.1, b x being at most about 1, without cancellation.

    With z = x**a / (a B(a, b)) it is 1 - z - z a S, S the sum over k >= 1 of
    (1 - b) (2 - b) ... (k - b) x**k / (k! (a + k)); of_small is _log_beta_of_small.
    """
    log_z = a * lax.log(x) - of_small - lax.log1p(a / b)
    term, total = filled(x, 1.0), filled(x, 0.0)
    for k in range(1, SERIES):
        term = term * x * ((float(k) - b) * (1.0 / k))
        total = total + term * reciprocal(a + float(k))
    return -lax.expm1(log_z) - lax.exp(log_z) * a * total


def _turned(a, b, x):
    """The parameters, x and 1 - x, exchanged if need be so that x <= 1/2."""
    turned = x > 0.5
    rest = 1.0 - x
    x, y = where(turned, rest, x), where(turned, x, rest)
    return where(turned, b, a), where(turned, a, b), x, y, turned


def _betainc(a, b, x):
    inf = filled(a, math.inf)
    inside = (a > 0.0) & (b > 0.0) & (a < inf) & (b < inf) & (x > 0.0) & (x < 1.0)
    p, q, z = where(inside, a, 1.0), where(inside, b, 1.0), where(inside, x, 0.5)
    p, q, z, y, turned = _turned(p, q, z)
    lower, own, rest = _tail(p, q, z, y)
    # G / own, the other parameter divided by the sum being 1 / (1 + own / other)
    of_small = _log_beta_of_small(p, q)
    log_first = _log_prefactor(p, q, z, y, of_small)
    log_first = log_first - lax.log1p(own / where(lower, q, p))
    first = lax.exp(log_first)
    value = first * (1.0 + rest)
    complement = 1.0 - value
    complement = where(own < 1.0, -lax.expm1(log_first) - first * rest, complement)
    tiny = lower & _near_zero(p, z)
    safe = where(tiny, p, 0.5), q, where(tiny, z, 0.05), where(tiny, of_small, 0.0)
    small = _upper_of_small(*safe)
    complement = where(tiny, small, complement)
    value = where(lower ^ turned, value, complement)
    return where(inside, value, _limit(a, b, x))


def _limit(a, b, x):
    """Values where a parameter is 0 or infinite, or x is 0 or 1."""
    inf = filled(a, math.inf)
    low = (x == 0.0) | (b == 0.0) | (a == inf)
    high = (x == 1.0) | (a == 0.0) | (b == inf)
    # At the ends of the interval nothing else matters.
    one = ~(x == 0.0) & ((x == 1.0) | high)
    value = where(one, filled(a, 1.0), 0.0)
    unknown = (low & high) & ~(x == 0.0) & ~(x == 1.0)
    wrong = invalid(a) | invalid(b) | invalid(x) | (x > 1.0) | unknown
    return where(wrong, math.nan, value)


def _density(a, b, x):
    inf = filled(a, math.inf)
    inside = (a > 0.0) & (b > 0.0) & (a < inf) & (b < inf) & (x > 0.0) & (x < 1.0)
    p, q, z = where(inside, a, 1.0), where(inside, b, 1.0), where(inside, x, 0.5)
    p, q, z, y, _ = _turned(p, q, z)
    value = lax.exp(_log_prefactor(p, q, z, y) - lax.log(z) - lax.log(y))
    value = value / (1.0 / p + 1.0 / q)
    at_zero = where(a < 1.0, inf, where(a > 1.0, 0.0, b))
    at_one = where(b < 1.0, inf, where(b > 1.0, 0.0, a))
    border = where(x == 0.0, at_zero, where(x == 1.0, at_one, 0.0))
    wrong = invalid(a) | invalid(b) | invalid(x) | (x > 1.0)
    return where(inside, value, where(wrong, math.nan, border))


# Records


def _density_slope(order, a, b, x):
    return beta_density_p.bind(a, b, x, order=order)


log_beta_p = programmed("log_beta", _log_beta, 2)
beta_density_p = programmed("beta_density", _density, 3)
regularized_incomplete_beta_p = programmed(
    "regularized_incomplete_beta", _betainc, 3, (None, None, _density_slope)
)
