"""The logistic distribution: distribution function 1 / (1 + exp(-z)).

z = (x - loc) / scale
"""

from ... import numpy as jnp
from ...api import compiled
from ...nn import log_sigmoid
from .. import special
from . import densities
from .densities import operands


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x`.

    >>> logpdf(0.0).item()
    -1.386294
    """
    x, loc, scale = operands("logistic.logpdf", x, loc, scale)
    z = (x - loc) / scale
    # The density is F'(z) = F(z) F(-z) / scale. Smooth at 0, unlike a formula in |z|.
    return log_sigmoid(z) + log_sigmoid(-z) - jnp.log(scale)


@compiled
def pdf(x, loc=0, scale=1):
    """Density at `x`.

    >>> pdf(0.0).item()
    0.25
    """
    return densities.from_log(logpdf(x, loc, scale))


@compiled
def cdf(x, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(0.0).item()
    0.5
    """
    x, loc, scale = operands("logistic.cdf", x, loc, scale)
    return special.expit((x - loc) / scale)


@compiled
def sf(x, loc=0, scale=1):
    """Probability of values above `x`.

    >>> sf(0.0).item()
    0.5
    """
    x, loc, scale = operands("logistic.sf", x, loc, scale)
    return special.expit((loc - x) / scale)


@compiled
def ppf(x, loc=0, scale=1):
    """The value that is exceeded with probability 1 - x: the inverse of `cdf`.

    >>> ppf(0.5, loc=3.0).item()
    3.0
    """
    x, loc, scale = operands("logistic.ppf", x, loc, scale)
    return special.logit(x) * scale + loc


@compiled
def isf(x, loc=0, scale=1):
    """The value that is exceeded with probability x: the inverse of `sf`.

    >>> isf(0.5, loc=3.0).item()
    3.0
    """
    x, loc, scale = operands("logistic.isf", x, loc, scale)
    return loc - special.logit(x) * scale
