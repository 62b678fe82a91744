"""The Laplace distribution: density exp(-|z|) / (2 scale), z = (x - loc) / scale."""

import math

from ... import numpy as jnp
from ...api import compiled
from . import densities
from .densities import operands


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x`. Its derivative at the peak is 0.

    >>> logpdf(1.0).item()
    -1.693147
    """
    x, loc, scale = operands("laplace.logpdf", x, loc, scale)
    z = (x - loc) / scale
    return -jnp.abs(z) - jnp.log(scale) - math.log(2)


@compiled
def pdf(x, loc=0, scale=1):
    """Density at `x`.

    >>> pdf(0.0).item()
    0.5
    """
    return densities.from_log(logpdf(x, loc, scale))


@compiled
def cdf(x, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(0.0).item()
    0.5
    """
    x, loc, scale = operands("laplace.cdf", x, loc, scale)
    z = (x - loc) / scale
    return jnp.where(z <= 0, 0.5 * jnp.exp(z), 1 - 0.5 * jnp.exp(-z))
