"""The uniform distribution on [loc, loc + scale]."""

from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from .densities import INF, operands, quantile, with_nan


@compiled
def logpdf(x, loc=0, scale=1):
    """Log of the density at `x`: -log(scale) in [loc, loc + scale], -inf elsewhere.

    >>> logpdf(1.0, 0.0, 4.0).item()
    -1.38629
    """
    x, loc, scale = operands("uniform.logpdf", x, loc, scale)
    outside = (x < loc) | (x > loc + scale)
    return with_nan(x, jnp.where(outside, -INF, -jnp.log(scale)))


@compiled
def pdf(x, loc=0, scale=1):
    """Density at `x`: 1 / scale in [loc, loc + scale], 0 elsewhere.

    >>> pdf(1.0, 0.0, 4.0).item()
    0.25
    """
    x, loc, scale = operands("uniform.pdf", x, loc, scale)
    outside = (x < loc) | (x > loc + scale)
    return with_nan(x, jnp.where(outside, 0.0, 1 / scale))


@compiled
def cdf(x, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(1.0, 0.0, 4.0).item()
    0.25
    """
    x, loc, scale = operands("uniform.cdf", x, loc, scale)
    z = (x - loc) / scale
    z = lax.convert_element_type(z, z.dtype)  # a strong type, as in JAX
    return jnp.where(z <= 0, 0.0, jnp.where(z >= 1, 1.0, z))


@compiled
def ppf(q, loc=0, scale=1):
    """The value that is exceeded with probability 1 - q, NaN unless 0 <= q <= 1.

    >>> ppf(0.25, 0.0, 4.0).item()
    1.0
    """
    q, loc, scale = operands("uniform.ppf", q, loc, scale)
    return quantile(q, loc + q * scale)
