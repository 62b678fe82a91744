"""Elementwise special functions that XLA has: error functions and gamma functions."""

import numpy as np

from ..core.rules import like, partials
from .elementwise import (
    FLOATS,
    exp,
    mul,
    nary,
    neg,
    op,
    square,
    unary,
)


def erf(x):
    """Elementwise error function, 2/sqrt(pi) times the integral of exp(-t^2)."""
    return erf_p.bind(x)


def erfc(x):
    """Elementwise 1 - erf(x), accurate for large x."""
    return erfc_p.bind(x)


def erf_inv(x):
    """Elementwise inverse of erf on (-1, 1)."""
    return erf_inv_p.bind(x)


def lgamma(x):
    """Elementwise log |Gamma(x)|."""
    return lgamma_p.bind(x)


def digamma(x):
    """Elementwise derivative of lgamma."""
    return digamma_p.bind(x)


def polygamma(m, x):
    """Elementwise m-th derivative of digamma."""
    return polygamma_p.bind(m, x)


def zeta(x, q):
    """Elementwise Hurwitz zeta function, the sum of (k + q)^-x over k >= 0."""
    return zeta_p.bind(x, q)


_TWO_OVER_ROOT_PI = 2 / np.sqrt(np.pi)


def _gaussian(x):
    # d erf(x) = 2/sqrt(pi) exp(-x^2) dx
    return mul(exp(neg(square(x))), like(x, _TWO_OVER_ROOT_PI))


erf_p = unary(
    "erf",
    dtypes=FLOATS,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, _gaussian(x))),
    lower=op("chlo.erf"),
)
erfc_p = unary(
    "erfc",
    dtypes=FLOATS,
    jvp=partials(lambda x_dot, y, x: neg(mul(x_dot, _gaussian(x)))),
    lower=op("chlo.erfc"),
)
erf_inv_p = unary(
    "erf_inv",
    dtypes=FLOATS,
    # The derivative of an inverse function is the reciprocal at the result.
    jvp=partials(
        lambda x_dot, y, x: mul(
            x_dot, mul(exp(square(y)), like(y, 1 / _TWO_OVER_ROOT_PI))
        )
    ),
    lower=op("chlo.erf_inv"),
)
lgamma_p = unary(
    "lgamma",
    dtypes=FLOATS,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, digamma(x))),
    lower=op("chlo.lgamma"),
)
digamma_p = unary(
    "digamma",
    dtypes=FLOATS,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, polygamma(like(x, 1), x))),
    lower=op("chlo.digamma"),
)
polygamma_p = nary(
    "polygamma",
    dtypes=FLOATS,
    jvp=partials(None, lambda x_dot, y, m, x: mul(x_dot, polygamma(m + like(m, 1), x))),
    lower=op("chlo.polygamma"),
)
zeta_p = nary(
    "zeta",
    dtypes=FLOATS,
    jvp=partials(
        None,
        lambda q_dot, y, x, q: mul(neg(mul(q_dot, x)), zeta(x + like(x, 1), q)),
    ),
    lower=op("chlo.zeta"),
)
