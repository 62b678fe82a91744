"""The binomial distribution: how many of n trials succeed, each with probability p."""

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .densities import INF, operands


def log_choose(n, k):
    """Log of the binomial coefficient, n over k, through 1 / ((n + 1) B(...)).

    >>> log_choose(4.0, 2.0).item()
    1.7917
    """
    return -jnp.log1p(n) - special.betaln(n - k + 1, k + 1)


def _parts(where, k, n, p, loc):
    """Whether k is impossible, and the factors of C(n, k) p^k (1 - p)^(n - k)."""
    k, n, p, loc = operands(where, k, n, p, loc)
    k = k - loc
    return (k < 0) | (k > n), (k, n - k, p, log_choose(n, k))


@compiled
def logpmf(k, n, p, loc=0):
    """Log of the probability of `k` successes, -inf below 0 and above n.

    Between whole numbers it is interpolated by the gamma function.

    >>> logpmf(1, 2, 0.5).item()
    -0.6931
    """
    outside, parts = _parts("binom.logpmf", k, n, p, loc)
    return jnp.where(outside, -INF, densities.log_powers(*parts))


@compiled
def pmf(k, n, p, loc=0):
    """Probability of `k` successes, 0 below 0 and above n.

    >>> pmf(1, 2, 0.5).item()
    0.5
    """
    outside, parts = _parts("binom.pmf", k, n, p, loc)
    return jnp.where(outside, 0.0, densities.powers(*parts))
