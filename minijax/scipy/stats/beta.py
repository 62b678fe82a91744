"""The beta distribution: density y^(a - 1) (1 - y)^(b - 1) / (B(a, b) scale).

y = (x - loc) / scale lies between 0 and 1.
"""

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .densities import INF, operands


def _parts(where, x, a, b, loc, scale):
    """Whether the density is 0 at x, both powers, y, and the log of the constant."""
    x, a, b, loc, scale = operands(where, x, a, b, loc, scale)
    y = (x - loc) / scale
    log_c = -special.betaln(a, b) - jnp.log(scale)
    return (y < 0) | (y > 1), (a - 1, b - 1, y, log_c)


@compiled
def logpdf(x, a, b, loc=0, scale=1):
    """Log of the density at `x`, -inf outside of [loc, loc + scale].

    >>> logpdf(0.5, 2.0, 2.0).item()
    0.405465
    """
    outside, parts = _parts("beta.logpdf", x, a, b, loc, scale)
    return jnp.where(outside, -INF, densities.log_powers(*parts))


@compiled
def pdf(x, a, b, loc=0, scale=1):
    """Density at `x`, 0 outside of [loc, loc + scale].

    >>> pdf(0.5, 2.0, 2.0).item()
    1.5
    """
    outside, parts = _parts("beta.pdf", x, a, b, loc, scale)
    return jnp.where(outside, 0.0, densities.powers(*parts))


def _fraction(where, x, a, b, loc, scale):
    """a, b, and y with what lies outside moved to the ends."""
    x, a, b, loc, scale = operands(where, x, a, b, loc, scale)
    y = (x - loc) / scale
    return a, b, jnp.where(y < 0, 0.0, jnp.where(y > 1, 1.0, y))


def _tails(a, b, y):
    """The probabilities below and above y, accurate where they are small."""
    return special.betainc(a, b, y), special.betainc(b, a, 1 - y)


@compiled
def cdf(x, a, b, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(0.5, 2.0, 2.0).item()
    0.5
    """
    return special.betainc(*_fraction("beta.cdf", x, a, b, loc, scale))


@compiled
def logcdf(x, a, b, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(0.5, 2.0, 2.0).item()
    -0.693147
    """
    below, above = _tails(*_fraction("beta.logcdf", x, a, b, loc, scale))
    return densities.log_probability(below, above)


@compiled
def sf(x, a, b, loc=0, scale=1):
    """Probability of values above `x`, accurate where it is small.

    >>> sf(0.5, 2.0, 2.0).item()
    0.5
    """
    below, above = _tails(*_fraction("beta.sf", x, a, b, loc, scale))
    return jnp.where(below < 0.5, 1 - below, above)


@compiled
def logsf(x, a, b, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(0.5, 2.0, 2.0).item()
    -0.693147
    """
    below, above = _tails(*_fraction("beta.logsf", x, a, b, loc, scale))
    return densities.log_probability(above, below)
