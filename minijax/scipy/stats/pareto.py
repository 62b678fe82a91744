"""The Pareto distribution: density (b / scale) y^(-b - 1) for y >= 1.

y = (x - loc) / scale
"""

from ... import numpy as jnp
from ...api import compiled
from ...nn import log1mexp
from . import densities
from .densities import INF, operands


def _steps(where, x, b, loc, scale):
    """y, b log(y), b and the scale."""
    x, b, loc, scale = operands(where, x, b, loc, scale)
    y = (x - loc) / scale
    return y, b * jnp.log(y), b, scale


@compiled
def logpdf(x, b, loc=0, scale=1):
    """Log of the density at `x`, -inf below loc + scale.

    >>> logpdf(2.0, 1.0).item()
    -1.386294
    """
    y, decay, b, scale = _steps("pareto.logpdf", x, b, loc, scale)
    inside = jnp.log(b) - decay - jnp.log(y) - jnp.log(scale)
    return jnp.where(y < 1, -INF, inside)


@compiled
def pdf(x, b, loc=0, scale=1):
    """Density at `x`, 0 below loc + scale.

    >>> pdf(2.0, 1.0).item()
    0.25
    """
    return densities.from_log(logpdf(x, b, loc, scale))


@compiled
def cdf(x, b, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(2.0, 1.0).item()
    0.5
    """
    y, decay, _, _ = _steps("pareto.cdf", x, b, loc, scale)
    return jnp.where(y < 1, 0.0, -jnp.expm1(-decay))


@compiled
def logcdf(x, b, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(2.0, 1.0).item()
    -0.693147
    """
    y, decay, _, _ = _steps("pareto.logcdf", x, b, loc, scale)
    return jnp.where(y < 1, -INF, log1mexp(decay))


@compiled
def sf(x, b, loc=0, scale=1):
    """Probability of values above `x`.

    >>> sf(2.0, 1.0).item()
    0.5
    """
    y, decay, _, _ = _steps("pareto.sf", x, b, loc, scale)
    return jnp.where(y < 1, 1.0, jnp.exp(-decay))


@compiled
def logsf(x, b, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(2.0, 1.0).item()
    -0.693147
    """
    y, decay, _, _ = _steps("pareto.logsf", x, b, loc, scale)
    return jnp.where(y < 1, 0.0, -decay)


@compiled
def ppf(q, b, loc=0, scale=1):
    """The value that is exceeded with probability 1 - q, NaN unless 0 <= q <= 1.

    >>> ppf(0.5, 1.0).item()
    2.0
    """
    q, b, loc, scale = operands("pareto.ppf", q, b, loc, scale)
    y = jnp.exp(-jnp.log1p(-q) / b)
    return densities.quantile(q, loc + scale * y)
