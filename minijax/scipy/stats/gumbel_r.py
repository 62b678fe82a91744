"""The right-skewed Gumbel distribution: distribution function exp(-exp(-z)).

z = (x - loc) / scale
"""

from ... import numpy as jnp
from ...api import compiled
from ...nn import log1mexp
from . import densities
from .densities import INF, operands


def log_density(z, scale):
    """log(exp(-z - exp(-z)) / scale)."""
    return jnp.where(z == -INF, -INF, -z - jnp.exp(-z) - jnp.log(scale))


def tail(z):
    """1 - exp(-exp(-z))."""
    rate = jnp.exp(-z)
    return jnp.where(rate == INF, 1.0, -jnp.expm1(-rate))


def log_tail(z):
    """log(1 - exp(-exp(-z))), also where exp(-z) overflows or underflows."""
    rate = jnp.exp(-z)
    inside = jnp.where(rate == INF, 0.0, log1mexp(rate))
    # For large z, 1 - exp(-rate) is the rate up to a relative error of half of it.
    return jnp.where(z > 40, -z, inside)


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x`.

    >>> logpdf(0.0).item()
    -1.0
    """
    x, loc, scale = operands("gumbel_r.logpdf", x, loc, scale)
    return log_density((x - loc) / scale, scale)


@compiled
def pdf(x, loc=0, scale=1):
    """Density at `x`.

    >>> pdf(0.0).item()
    0.367879
    """
    return densities.from_log(logpdf(x, loc, scale))


@compiled
def cdf(x, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(0.0).item()
    0.367879
    """
    x, loc, scale = operands("gumbel_r.cdf", x, loc, scale)
    return densities.from_log(-jnp.exp((loc - x) / scale))


@compiled
def logcdf(x, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(0.0).item()
    -1.0
    """
    x, loc, scale = operands("gumbel_r.logcdf", x, loc, scale)
    return -jnp.exp((loc - x) / scale)


@compiled
def sf(x, loc=0, scale=1):
    """Probability of values above `x`.

    >>> sf(0.0).item()
    0.632121
    """
    x, loc, scale = operands("gumbel_r.sf", x, loc, scale)
    return tail((x - loc) / scale)


@compiled
def logsf(x, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(0.0).item()
    -0.458675
    """
    x, loc, scale = operands("gumbel_r.logsf", x, loc, scale)
    return log_tail((x - loc) / scale)


@compiled
def ppf(p, loc=0, scale=1):
    """The value that is exceeded with probability 1 - p, NaN unless 0 <= p <= 1.

    >>> ppf(0.5).item()
    0.366513
    """
    p, loc, scale = operands("gumbel_r.ppf", p, loc, scale)
    return densities.quantile(p, loc - scale * jnp.log(-jnp.log(p)))
