"""The generalized normal distribution: exp(-|x|^beta) beta / (2 Gamma(1 / beta))."""

import math

from ... import numpy as jnp
from ...api import compiled, custom_jvp, jvp
from .. import special
from . import densities
from .densities import operands, with_nan


@custom_jvp
def _abs_power(x, k):
    """|x|^k. Its slopes in x alternate with `_signed_power`, also at 0."""
    return jnp.power(jnp.abs(x), k)


@custom_jvp
def _signed_power(x, k):
    """sign(x) |x|^k, and 0 at 0 for every k."""
    return jnp.where(x == 0, 0.0, jnp.sign(x) * jnp.power(jnp.abs(x), k))


def _log_abs(x):
    """log |x|, and 0 at 0, where it is multiplied by 0."""
    return jnp.where(x == 0, 0.0, jnp.log(jnp.abs(x)))


@_abs_power.defjvp
def _abs_power_jvp(primals, tangents):
    (x, k), (x_dot, k_dot) = primals, tangents
    y = _abs_power(x, k)
    return y, x_dot * k * _signed_power(x, k - 1) + k_dot * y * _log_abs(x)


@_signed_power.defjvp
def _signed_power_jvp(primals, tangents):
    (x, k), (x_dot, k_dot) = primals, tangents
    y = _signed_power(x, k)
    slope = jnp.where(k == 0, 0.0, k * _abs_power(x, k - 1))
    return y, x_dot * slope + k_dot * y * _log_abs(x)


@compiled
def logpdf(x, beta):
    """Log of the density at `x`: log(beta / 2 / Gamma(1 / beta)) - |x|^beta.

    >>> logpdf(0.0, 1.0).item()
    -0.693147
    """
    x, beta = operands("gennorm.logpdf", x, beta)
    return -_abs_power(x, beta) - special.gammaln(1 + 1 / beta) - math.log(2)


@compiled
def pdf(x, beta):
    """Density at `x`.

    >>> pdf(0.0, 1.0).item()
    0.5
    """
    return densities.from_log(logpdf(x, beta))


@custom_jvp
def _cdf(x, beta):
    size = jnp.where(x == 0, 1.0, jnp.abs(x))
    tail = 0.5 * special.gammaincc(1 / beta, jnp.power(size, beta))
    tail = jnp.where(x == 0, 0.5, tail)
    return with_nan(x, jnp.where(x < 0, tail, 1 - tail))


@_cdf.defjvp
def _cdf_jvp(primals, tangents):
    # The slope in x is the density, also at 0, where the chain rule meets 0 * inf.
    (x, beta), (x_dot, beta_dot) = primals, tangents
    y, from_beta = jvp(lambda beta: _cdf.fun(x, beta), (beta,), (beta_dot,))
    return y, x_dot * pdf(x, beta) + from_beta


@compiled
def cdf(x, beta):
    """Probability of values up to `x`, accurate where it is small.

    >>> cdf(0.0, 1.0).item()
    0.5
    """
    return _cdf(*operands("gennorm.cdf", x, beta))
