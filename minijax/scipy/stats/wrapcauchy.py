"""The Cauchy distribution on a circle: (1 - c^2) / (1 + c^2 - 2 c cos x) / (2 pi)."""

import math

from ... import numpy as jnp
from ...api import compiled
from . import densities
from .densities import INF, operands


@compiled
def logpdf(x, c):
    """Log of the density at the angle `x`, -inf outside of [0, 2 pi]; 0 < c < 1.

    >>> logpdf(math.pi / 2, 0.5).item()
    -2.3487
    """
    x, c = operands("wrapcauchy.logpdf", x, c)
    # 1 + c^2 - 2 c cos(x), without cancelling for c close to 1.
    below = (1 - c) ** 2 + 4 * c * jnp.sin(x / 2) ** 2
    above = jnp.log1p(-c) + jnp.log1p(c) - math.log(2 * math.pi)
    return jnp.where((x < 0) | (x > 2 * math.pi), -INF, above - jnp.log(below))


@compiled
def pdf(x, c):
    """Density at the angle `x`, 0 outside of [0, 2 pi]; 0 < c < 1.

    >>> pdf(math.pi / 2, 0.5).item()
    0.095493
    """
    return densities.from_log(logpdf(x, c))
