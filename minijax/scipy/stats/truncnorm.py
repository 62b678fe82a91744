"""The normal distribution cut off: z = (x - loc) / scale lies between a and b."""

from ... import numpy as jnp
from ...api import compiled
from ...nn import log1mexp
from .. import special
from . import densities, norm
from .densities import INF, operands


def _log_mass(a, b):
    """log(Phi(b) - Phi(a)) for a <= b, without cancelling in either tail."""
    # Both on the right: mirrored to the left, where Phi is small and precise.
    right = a > 0
    a, b = jnp.where(right, -b, a), jnp.where(right, -a, b)
    around = b > 0
    log_a, log_b = special.log_ndtr(a), special.log_ndtr(jnp.where(around, -b, b))
    one_side = log_b + jnp.where(a == -INF, 0.0, log1mexp(log_b - log_a))
    below, above = (
        jnp.where(c == -INF, 0.0, jnp.exp(log))
        for c, log in ((a, log_a), (-abs(b), log_b))
    )
    both_sides = jnp.log1p(-below - above)
    return jnp.where(around, both_sides, jnp.where(a == b, -INF, one_side))


def _standard(where, x, a, b, loc, scale):
    x, a, b, loc, scale = operands(where, x, a, b, loc, scale)
    return (x - loc) / scale, a, b, scale


def _log_below(z, a, b):
    """Log of the probability below z, of a truncated standard normal variable."""
    total = _log_mass(a, b)
    z_in = jnp.clip(z, a, b)
    below = _log_mass(a, z_in) - total
    # Close to 1 the other side is the precise one.
    above = _log_mass(z_in, b) - total
    inside = jnp.where(below > -0.5, jnp.log1p(-jnp.exp(above)), below)
    return jnp.where(z <= a, -INF, jnp.where(z >= b, 0.0, inside))


@compiled
def logpdf(x, a, b, loc=0, scale=1):
    """Log of the density at `x`, -inf unless a <= (x - loc) / scale <= b.

    >>> logpdf(0.0, -1.0, 1.0).item()
    -0.537223
    """
    z, a, b, scale = _standard("truncnorm.logpdf", x, a, b, loc, scale)
    inside = norm.logpdf(z) - _log_mass(a, b) - jnp.log(scale)
    return jnp.where((z < a) | (z > b), -INF, inside)


@compiled
def pdf(x, a, b, loc=0, scale=1):
    """Density at `x`, 0 unless a <= (x - loc) / scale <= b.

    >>> pdf(0.0, -1.0, 1.0).item()
    0.584369
    """
    return densities.from_log(logpdf(x, a, b, loc, scale))


@compiled
def logcdf(x, a, b, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(0.0, -1.0, 1.0).item()
    -0.693147
    """
    z, a, b, _ = _standard("truncnorm.logcdf", x, a, b, loc, scale)
    return _log_below(z, a, b)


@compiled
def cdf(x, a, b, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(0.0, -1.0, 1.0).item()
    0.5
    """
    z, a, b, _ = _standard("truncnorm.cdf", x, a, b, loc, scale)
    return densities.from_log(_log_below(z, a, b))


@compiled
def logsf(x, a, b, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(0.0, -1.0, 1.0).item()
    -0.693147
    """
    z, a, b, _ = _standard("truncnorm.logsf", x, a, b, loc, scale)
    return _log_below(-z, -b, -a)


@compiled
def sf(x, a, b, loc=0, scale=1):
    """Probability of values above `x`.

    >>> sf(0.0, -1.0, 1.0).item()
    0.5
    """
    z, a, b, _ = _standard("truncnorm.sf", x, a, b, loc, scale)
    return densities.from_log(_log_below(-z, -b, -a))
