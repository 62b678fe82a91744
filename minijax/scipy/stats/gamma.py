"""The gamma distribution: density y^(a - 1) exp(-y) / (Gamma(a) scale) for y >= 0.

y = (x - loc) / scale
"""

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .densities import INF, operands


def _parts(where, x, a, loc, scale):
    """y, whether the density is 0, the power, and the log of the other factors."""
    x, a, loc, scale = operands(where, x, a, loc, scale)
    y = (x - loc) / scale
    return y, (y < 0) | (y == INF), a - 1, -y - special.gammaln(a) - jnp.log(scale)


@compiled
def logpdf(x, a, loc=0, scale=1):
    """Log of the density at `x`, -inf below `loc`.

    >>> logpdf(1.0, 2.0).item()
    -1.0
    """
    y, outside, power, log_c = _parts("gamma.logpdf", x, a, loc, scale)
    return jnp.where(outside, -INF, densities.log_power(power, y, log_c))


@compiled
def pdf(x, a, loc=0, scale=1):
    """Density at `x`, 0 below `loc`.

    >>> pdf(1.0, 2.0).item()
    0.367879
    """
    y, outside, power, log_c = _parts("gamma.pdf", x, a, loc, scale)
    return jnp.where(outside, 0.0, densities.power(power, y, log_c))


def _positive_part(where, x, a, loc, scale):
    x, a, loc, scale = operands(where, x, a, loc, scale)
    y = (x - loc) / scale
    return jnp.where(y < 0, 0.0, y), a


@compiled
def cdf(x, a, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(1.0, 1.0).item()
    0.632121
    """
    y, a = _positive_part("gamma.cdf", x, a, loc, scale)
    return special.gammainc(a, y)


@compiled
def logcdf(x, a, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(1.0, 1.0).item()
    -0.458675
    """
    y, a = _positive_part("gamma.logcdf", x, a, loc, scale)
    below, above = special.gammainc(a, y), special.gammaincc(a, y)
    return densities.log_probability(below, above)


@compiled
def sf(x, a, loc=0, scale=1):
    """Probability of values above `x`, accurate where it is small.

    >>> sf(1.0, 1.0).item()
    0.367879
    """
    y, a = _positive_part("gamma.sf", x, a, loc, scale)
    return special.gammaincc(a, y)


@compiled
def logsf(x, a, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(1.0, 1.0).item()
    -1.0
    """
    y, a = _positive_part("gamma.logsf", x, a, loc, scale)
    below, above = special.gammainc(a, y), special.gammaincc(a, y)
    return densities.log_probability(above, below)
