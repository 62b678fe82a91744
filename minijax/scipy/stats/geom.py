"""The geometric distribution: trials up to the first success, p (1 - p)^(k - 1)."""

from ... import numpy as jnp
from ...api import compiled
from . import densities
from .densities import INF, operands


def _parts(where, k, p, loc):
    """Whether k is impossible, and the factors of p (1 - p)^(k - 1)."""
    k, p, loc = operands(where, k, p, loc)
    k = k - loc
    return k < 1, (1.0, k - 1, p, 0.0)


@compiled
def logpmf(k, p, loc=0):
    """Log of the probability that the first success comes at trial `k`, -inf below 1.

    Between whole numbers it is linear.

    >>> logpmf(2, 0.5).item()
    -1.386294
    """
    outside, parts = _parts("geom.logpmf", k, p, loc)
    return jnp.where(outside, -INF, densities.log_powers(*parts))


@compiled
def pmf(k, p, loc=0):
    """Probability that the first success comes at trial `k`, 0 below 1.

    >>> pmf(2, 0.5).item()
    0.25
    """
    outside, parts = _parts("geom.pmf", k, p, loc)
    return jnp.where(outside, 0.0, densities.powers(*parts))
