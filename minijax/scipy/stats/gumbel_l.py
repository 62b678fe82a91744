"""The left-skewed Gumbel distribution: distribution function 1 - exp(-exp(z)).

z = (x - loc) / scale. It is `gumbel_r` mirrored at loc.
"""

from ... import numpy as jnp
from ...api import compiled
from . import densities
from .densities import operands
from .gumbel_r import log_density, log_tail, tail


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x`.

    >>> logpdf(0.0).item()
    -1.0
    """
    x, loc, scale = operands("gumbel_l.logpdf", x, loc, scale)
    return log_density((loc - x) / scale, scale)


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
    0.632121
    """
    x, loc, scale = operands("gumbel_l.cdf", x, loc, scale)
    return tail((loc - x) / scale)


@compiled
def logcdf(x, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(0.0).item()
    -0.458675
    """
    x, loc, scale = operands("gumbel_l.logcdf", x, loc, scale)
    return log_tail((loc - x) / scale)


@compiled
def sf(x, loc=0, scale=1):
    """Probability of values above `x`.

    >>> sf(0.0).item()
    0.367879
    """
    x, loc, scale = operands("gumbel_l.sf", x, loc, scale)
    return densities.from_log(-jnp.exp((x - loc) / scale))


@compiled
def logsf(x, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(0.0).item()
    -1.0
    """
    x, loc, scale = operands("gumbel_l.logsf", x, loc, scale)
    return -jnp.exp((x - loc) / scale)


@compiled
def ppf(p, loc=0, scale=1):
    """The value that is exceeded with probability 1 - p, NaN unless 0 <= p <= 1.

    >>> ppf(0.5).item()
    -0.366513
    """
    p, loc, scale = operands("gumbel_l.ppf", p, loc, scale)
    return densities.quantile(p, loc + scale * jnp.log(-jnp.log1p(-p)))
