"""Hypergeometric functions of real numbers, by their series.

Terms are added while they count, in a loop over all elements at once. Transformations
bring arguments to where the series converges and, for 1F1, where its terms do not
alternate: Abramowitz and Stegun 13.1.27 (Kummer), 13.5.1, 15.3.3 to 15.3.6; J. W.
Pearson, S. Olver, M. A. Porter, "Numerical methods for the computation of the confluent
and Gauss hypergeometric functions", Numerical Algorithms 74, 2017.
"""

import math

from .. import primitives as lax
from ..control import fori_loop, while_loop
from .program import FLOAT32, filled, programmed, where

MOST = 20_000  # terms
ASYMPTOTIC = 60  # terms of a series that diverges


def hyp1f1(a, b, x):
    """Kummer's function 1F1(a; b; x), elementwise."""
    return hyp1f1_p.bind(a, b, x)


def hyp2f1(a, b, c, x):
    """Gauss's function 2F1(a, b; c; x) for x <= 1, elementwise."""
    return hyp2f1_p.bind(a, b, c, x)


def _series(ratio, like, *parameters):
    """The sum of products of ratio(k, *parameters), k = 0, 1, ..., from 1 on.

    It ends when three terms in a row are below the rounding of the sum by far: so far
    that derivatives in the parameters have converged too.
    """
    least = 1e-10 if like.dtype == FLOAT32 else 1e-19

    def unfinished(state):
        k, _, _, small = state
        return (k < MOST) & lax.reduce_or(small < 3.0, range(small.ndim))

    def add(state):
        k, term, total, small = state
        factor = ratio(lax.convert_element_type(k, like.dtype), *parameters)
        term = term * factor
        total = total + term
        # A sum that is not finite stays so; terms that vanish do not come back.
        tiny = ~(abs(term) > least * abs(total)) | (abs(total) == math.inf)
        decreasing = abs(lax.stop_gradient(factor)) < 1.0
        done = tiny & (decreasing | (term == 0.0) | (total != total))
        small = where(done, small + 1.0, 0.0)
        return k + 1, term, total, lax.stop_gradient(small)

    one = filled(like, 1.0)
    start = (lax.full((), 0, dtype="int32"), one * 1.0, one * 1.0, one * 0.0)
    return while_loop(unfinished, add, start)[2]


# 1F1


def _hyp1f1(a, b, x):
    pole = _is_end(b)
    # A polynomial in x, if a is 0, -1, ...; also at poles beyond its degree.
    finite = _is_end(a)
    inside = pole & finite & (a >= b)
    wrong = (a != a) | (b != b) | (x != x)
    usable = ~wrong & (~pole | inside) & (abs(x) < math.inf)
    p, q, y = where(usable, a, 1.0), where(usable, b, 2.0), where(usable, x, 0.5)
    # Where b - a is 0, -1, ..., exp(-x) 1F1 is a polynomial.
    far = _is_far(p, q, y) & ~finite & ~inside & ~((y < 0.0) & _is_end(q - p))
    # exp(x) 1F1(b - a; b; -x) has terms of one sign for x < 0, b > a > 0.
    turned = (y < 0.0) & ~finite
    near_p = where(turned, q - p, p)
    near_y = where(far, 0.5, where(turned, -y, y))
    sum_near = _series(_kummer_ratio, y, near_p, q, near_y)
    value = where(turned, lax.exp(where(turned & ~far, y, 0.0)) * sum_near, sum_near)
    value = where(far, _hyp1f1_far(p, q, where(far, y, 100.0)), value)
    value = where(pole & ~inside, filled(x, math.inf), value)
    return where(wrong, math.nan, where(x == 0.0, where(pole, math.nan, 1.0), value))


def _kummer_ratio(k, a, b, x):
    # Of a polynomial all later terms vanish, whatever b.
    under = b + k
    under = where(under == 0.0, 1.0, under)
    return (a + k) * x / (under * (k + 1.0))


def _is_far(a, b, x):
    """Where the asymptotic series reaches rounding before it diverges."""
    reach = abs(a) * abs(b - a) + abs(1.0 - a) * abs(b - a) + abs(a) * abs(a - b + 1.0)
    size = 30.0 if x.dtype == FLOAT32 else 50.0
    return abs(x) > lax.max(filled(x, size), 2.0 * reach)


def _hyp1f1_far(a, b, x):
    """The asymptotic series.

    Gamma(b) / Gamma(a) e**x x**(a-b) S(b - a, 1 - a, 1 / x), and for negative x
    Gamma(b) / Gamma(b - a) (-x)**-a S(a, a - b + 1, -1 / x).
    """
    negative = x < 0.0
    size = abs(x)
    p = where(negative, a, b - a)
    q = where(negative, a - b + 1.0, 1.0 - a)
    under = where(negative, b - a, a)

    def add(k, state):
        term, total = state
        k = lax.convert_element_type(k, x.dtype)
        factor = (p + k) * (q + k) / ((k + 1.0) * size)
        term = where(abs(lax.stop_gradient(factor)) < 1.0, term * factor, 0.0)
        return term, total + term

    one = filled(x, 1.0) * 1.0
    total = fori_loop(0, ASYMPTOTIC, add, (one, one))[1]
    log_size = lax.lgamma(b) - lax.lgamma(under) - p * lax.log(size)
    log_size = log_size + where(negative, 0.0, size)
    value = _sign_of_gamma(b) * _sign_of_gamma(under) * lax.exp(log_size) * total
    return where(_is_end(under), 0.0, value)  # 1 / Gamma is 0


def _sign_of_gamma(x):
    n = lax.floor(x)
    odd = n - 2.0 * lax.floor(0.5 * n) != 0.0
    return where((x < 0.0) & odd, filled(x, -1.0), filled(x, 1.0))


# 2F1


def _gauss_ratio(k, a, b, c, x):
    under = c + k
    under = where(under == 0.0, 1.0, under)
    return (a + k) * (b + k) * x / (under * (k + 1.0))


def _is_end(a):
    """Whether a number is 0, -1, -2, ..."""
    return (a <= 0.0) & (a == lax.floor(a))


def _hyp2f1(a, b, c, x):
    wrong = (a != a) | (b != b) | (c != c) | (x != x)
    pole = _is_end(c)
    finite = (_is_end(a) & (~pole | (a >= c))) | (_is_end(b) & (~pole | (b >= c)))
    beyond = ((x > 1.0) | ((x == 1.0) & (c - a - b <= 0.0))) & ~finite
    usable = ~wrong & (~pole | finite) & ~beyond & (abs(x) < math.inf)
    p, q, r = (where(usable, z, one) for z, one in ((a, 1.0), (b, 1.0), (c, 2.0)))
    y = where(usable, x, 0.25)
    # For x < -1/2: (1 - x)**-a F(a, c - b; c; x / (x - 1)), the smaller of a and b.
    negative = (y < -0.5) & ~finite
    swap = negative & (abs(q) < abs(p))
    p, q = where(swap, q, p), where(swap, p, q)
    base = where(negative, 1.0 - y, 1.0)
    power = where(negative, -p, 0.0)
    z = where(negative, y / (y - 1.0), y)
    q = where(negative, r - q, q)
    # Near 1 where c < a + b: (1 - z)**(c-a-b) F(c - a, c - b; c; z).
    excess = r - p - q
    euler = (z > 0.5) & (z < 1.0) & (excess < 0.0) & ~finite
    near = where(negative, 1.0 / base, 1.0 - z)
    factor = lax.exp(power * lax.log(base))
    outer = lax.exp(where(euler, excess, 0.0) * lax.log(where(euler, near, 1.0)))
    p, q = where(euler, r - p, p), where(euler, r - q, q)
    at_one = (z == 1.0) & ~finite
    safe = where(at_one, 0.25, z)
    value = factor * outer * _series(_gauss_ratio, y, p, q, r, safe)
    value = where(at_one, _gauss_at_one(p, q, r, at_one), value)
    value = where(beyond | (pole & ~finite), filled(x, math.inf), value)
    return where(wrong, math.nan, value)


def _gauss_at_one(a, b, c, use):
    """Gamma(c) Gamma(c - a - b) / (Gamma(c - a) Gamma(c - b))."""
    a, b, c = where(use, a, 0.25), where(use, b, 0.25), where(use, c, 2.0)
    rest = c - a - b
    log = lax.lgamma(c) + lax.lgamma(rest) - lax.lgamma(c - a) - lax.lgamma(c - b)
    sign = _sign_of_gamma(c) * _sign_of_gamma(rest)
    sign = sign * _sign_of_gamma(c - a) * _sign_of_gamma(c - b)
    gone = _is_end(c - a) | _is_end(c - b)
    return where(gone, 0.0, sign * lax.exp(log))


# Records


def _hyp1f1_in_x(order, a, b, x):
    return None if any(order) else a / b * hyp1f1(a + 1, b + 1, x)


def _hyp2f1_in_x(order, a, b, c, x):
    return None if any(order) else a * b / c * hyp2f1(a + 1, b + 1, c + 1, x)


hyp1f1_p = programmed("hyp1f1", _hyp1f1, 3, (None, None, _hyp1f1_in_x))
hyp2f1_p = programmed("hyp2f1", _hyp2f1, 4, (None, None, None, _hyp2f1_in_x))
