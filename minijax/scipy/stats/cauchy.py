"""The Cauchy distribution: density 1 / (pi scale (1 + z^2)), z = (x - loc) / scale."""

import math

from ... import dtypes
from ... import numpy as jnp
from ...api import compiled
from . import densities
from .densities import operands


def log_one_plus_square(z):
    """log(1 + z^2) where z^2 may overflow.

    >>> log_one_plus_square(jnp.float32(1e30)).item()
    138.155
    """
    size = jnp.abs(z)
    # From here on 1 is lost in the rounding of z^2.
    large = size > 1 / float(dtypes.finfo(z.dtype).eps)
    return jnp.where(large, 2 * jnp.log(size), jnp.log1p(z * z))


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x`.

    >>> logpdf(0.0).item()
    -1.14473
    """
    x, loc, scale = operands("cauchy.logpdf", x, loc, scale)
    z = (x - loc) / scale
    return -log_one_plus_square(z) - jnp.log(scale) - math.log(math.pi)


@compiled
def pdf(x, loc=0, scale=1):
    """Density at `x`.

    >>> pdf(0.0).item()
    0.31831
    """
    return densities.from_log(logpdf(x, loc, scale))


def _below(z):
    """The probability below z: the angle of (-z, 1) over pi, precise if small."""
    return jnp.arctan2(1.0, -z) / math.pi


def _log_below(z):
    return jnp.where(z > 0, jnp.log1p(-_below(-z)), jnp.log(_below(z)))


@compiled
def cdf(x, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(1.0).item()
    0.75
    """
    x, loc, scale = operands("cauchy.cdf", x, loc, scale)
    return _below((x - loc) / scale)


@compiled
def logcdf(x, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(0.0).item()
    -0.693147
    """
    x, loc, scale = operands("cauchy.logcdf", x, loc, scale)
    return _log_below((x - loc) / scale)


@compiled
def sf(x, loc=0, scale=1):
    """Probability of values above `x`.

    >>> sf(1.0).item()
    0.25
    """
    x, loc, scale = operands("cauchy.sf", x, loc, scale)
    return _below((loc - x) / scale)


@compiled
def logsf(x, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(0.0).item()
    -0.693147
    """
    x, loc, scale = operands("cauchy.logsf", x, loc, scale)
    return _log_below((loc - x) / scale)


def _quantile(q):
    """The inverse of `_below`: tan(pi (q - 1/2)), towards the ends a cotangent."""
    tail = jnp.where(q < 0.5, q, 1 - q)
    far = 1 / jnp.tan(math.pi * tail)
    far = jnp.where(q < 0.5, -far, far)
    z = jnp.where(tail < 0.25, far, jnp.tan(math.pi * (q - 0.5)))
    return densities.quantile(q, z)


@compiled
def ppf(q, loc=0, scale=1):
    """The value that is exceeded with probability 1 - q, NaN unless 0 <= q <= 1.

    >>> ppf(0.75).item()
    1.0
    """
    q, loc, scale = operands("cauchy.ppf", q, loc, scale)
    return loc + scale * _quantile(q)


@compiled
def isf(q, loc=0, scale=1):
    """The value that is exceeded with probability q, NaN unless 0 <= q <= 1.

    >>> isf(0.25).item()
    1.0
    """
    q, loc, scale = operands("cauchy.isf", q, loc, scale)
    return loc - scale * _quantile(q)
