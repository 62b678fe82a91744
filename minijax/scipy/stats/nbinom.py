"""The negative binomial distribution: failures before the n-th success."""

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .densities import INF, operands


def _parts(where, k, n, p, loc):
    """Whether k is impossible, and the factors of C(k + n - 1, k) p^n (1 - p)^k."""
    k, n, p, loc = operands(where, k, n, p, loc)
    k = k - loc
    # 1 / (k B(k, n)), written so that it holds at k = 0 too.
    log_c = -special.betaln(k + 1, n) - jnp.log(k + n)
    return k < 0, (n, k, p, log_c)


@compiled
def logpmf(k, n, p, loc=0):
    """Log of the probability of `k` failures before the n-th success, -inf below 0.

    Between whole numbers it is interpolated by the gamma function.

    >>> logpmf(1, 1, 0.5).item()
    -1.3862
    """
    outside, parts = _parts("nbinom.logpmf", k, n, p, loc)
    return jnp.where(outside, -INF, densities.log_powers(*parts))


@compiled
def pmf(k, n, p, loc=0):
    """Probability of `k` failures before the n-th success, 0 below 0.

    >>> pmf(1, 1, 0.5).item()
    0.25
    """
    outside, parts = _parts("nbinom.pmf", k, n, p, loc)
    return jnp.where(outside, 0.0, densities.powers(*parts))
