"""The exponential distribution: density exp(-z) / scale for z >= 0.

z = (x - loc) / scale
"""

from ... import numpy as jnp
from ...api import compiled
from ...nn import log1mexp
from . import densities
from .densities import INF, operands


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x`, -inf below `loc`.

    >>> logpdf(2.0).item()
    -2.0
    """
    x, loc, scale = operands("expon.logpdf", x, loc, scale)
    z = (x - loc) / scale
    return jnp.where(x < loc, -INF, -z - jnp.log(scale))


@compiled
def pdf(x, loc=0, scale=1):
    """Density at `x`, 0 below `loc`.

    >>> pdf(2.0).item()
    0.135335
    """
    return densities.from_log(logpdf(x, loc, scale))


@compiled
def cdf(x, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(2.0).item()
    0.864665
    """
    x, loc, scale = operands("expon.cdf", x, loc, scale)
    z = (x - loc) / scale
    return jnp.where(x < loc, 0.0, -jnp.expm1(-z))


@compiled
def logcdf(x, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(2.0).item()
    -0.145413
    """
    x, loc, scale = operands("expon.logcdf", x, loc, scale)
    z = (x - loc) / scale
    return jnp.where(x < loc, -INF, log1mexp(z))


@compiled
def sf(x, loc=0, scale=1):
    """Probability of values above `x`.

    >>> sf(2.0).item()
    0.135335
    """
    x, loc, scale = operands("expon.sf", x, loc, scale)
    z = (x - loc) / scale
    return jnp.where(x < loc, 1.0, jnp.exp(-z))


@compiled
def logsf(x, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(2.0).item()
    -2.0
    """
    x, loc, scale = operands("expon.logsf", x, loc, scale)
    z = (x - loc) / scale
    return jnp.where(x < loc, 0.0, -z)


@compiled
def ppf(q, loc=0, scale=1):
    """The value that is exceeded with probability 1 - q, NaN unless 0 <= q <= 1.

    >>> ppf(0.5).item()
    0.693147
    """
    q, loc, scale = operands("expon.ppf", q, loc, scale)
    return densities.quantile(q, loc - scale * jnp.log1p(-q))
