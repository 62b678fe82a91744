"""The normal distribution: density exp(-z^2 / 2) / (sqrt(2 pi) scale).

z = (x - loc) / scale
"""

import math

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .densities import operands


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x` of the normal distribution.

    The arguments broadcast. A negative scale counts as its absolute value.

    >>> logpdf(0.0).item()
    -0.91894
    """
    x, loc, scale = operands("norm.logpdf", x, loc, scale)
    z = (x - loc) / scale
    return -0.5 * z * z - jnp.log(jnp.abs(scale)) - 0.5 * math.log(2 * math.pi)


@compiled
def pdf(x, loc=0, scale=1):
    """Density at `x` of the normal distribution.

    >>> pdf(0.0, scale=2.0).item()
    0.19947
    """
    return densities.from_log(logpdf(x, loc, scale))


@compiled
def cdf(x, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(1.0, loc=1.0).item()
    0.5
    """
    x, loc, scale = operands("norm.cdf", x, loc, scale)
    return special.ndtr((x - loc) / scale)


@compiled
def logcdf(x, loc=0, scale=1):
    """Log of the probability of values up to `x`, also where that underflows.

    >>> logcdf(-50.0).item()
    -1254.83
    """
    x, loc, scale = operands("norm.logcdf", x, loc, scale)
    return special.log_ndtr((x - loc) / scale)


@compiled
def sf(x, loc=0, scale=1):
    """Probability of values above `x`, accurate where it is small.

    >>> sf(1.0, loc=1.0).item()
    0.5
    """
    x, loc, scale = operands("norm.sf", x, loc, scale)
    return special.ndtr((loc - x) / scale)


@compiled
def logsf(x, loc=0, scale=1):
    """Log of the probability of values above `x`, also where that underflows.

    >>> logsf(50.0).item()
    -1254.83
    """
    x, loc, scale = operands("norm.logsf", x, loc, scale)
    return special.log_ndtr((loc - x) / scale)


@compiled
def ppf(q, loc=0, scale=1):
    """The value that is exceeded with probability 1 - q: the inverse of `cdf`.

    >>> ppf(0.975).item()
    1.95996
    """
    q, loc, scale = operands("norm.ppf", q, loc, scale)
    return special.ndtri(q) * scale + loc


@compiled
def isf(q, loc=0, scale=1):
    """The value that is exceeded with probability q: the inverse of `sf`.

    >>> isf(0.025).item()
    1.95996
    """
    q, loc, scale = operands("norm.isf", q, loc, scale)
    return loc - special.ndtri(q) * scale
