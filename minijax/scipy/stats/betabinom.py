"""The beta-binomial distribution: binomial, where p is drawn from beta(a, b)."""

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .binom import log_choose
from .densities import INF, operands


@compiled
def logpmf(k, n, a, b, loc=0):
    """Log of the probability of `k` successes in n trials, -inf below 0 and above n.

    Between whole numbers it is interpolated by the gamma function.

    >>> logpmf(1, 1, 1.0, 1.0).item()
    -0.6931
    """
    k, n, a, b, loc = operands("betabinom.logpmf", k, n, a, b, loc)
    k = k - loc
    ratio = special.betaln(k + a, n - k + b) - special.betaln(a, b)
    return jnp.where((k < 0) | (k > n), -INF, log_choose(n, k) + ratio)


@compiled
def pmf(k, n, a, b, loc=0):
    """Probability of `k` successes in n trials, 0 below 0 and above n.

    >>> pmf(1, 1, 1.0, 1.0).item()
    0.5
    """
    return densities.from_log(logpmf(k, n, a, b, loc))
