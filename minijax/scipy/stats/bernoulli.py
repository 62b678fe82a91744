"""The Bernoulli distribution: 1 with probability p, otherwise 0; both moved by loc."""

from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from . import densities
from .densities import INF, NAN, operands, with_nan


def _parts(where, k, p, loc):
    """Whether k is impossible, and the factors of p^k (1 - p)^(1 - k)."""
    k, p, loc = operands(where, k, p, loc)
    k = k - loc
    return (k < 0) | (k > 1), (k, 1 - k, p, 0.0)


@compiled
def logpmf(k, p, loc=0):
    """Log of the probability of `k`: log(p) at 1, log(1 - p) at 0, else -inf.

    Between 0 and 1 it is the line through the two.

    >>> logpmf(1, 0.5).item()
    -0.693147
    """
    outside, parts = _parts("bernoulli.logpmf", k, p, loc)
    return jnp.where(outside, -INF, densities.log_powers(*parts))


@compiled
def pmf(k, p, loc=0):
    """Probability of `k`: p at 1, 1 - p at 0, else 0.

    >>> pmf(1, 0.25).item()
    0.25
    """
    outside, parts = _parts("bernoulli.pmf", k, p, loc)
    return jnp.where(outside, 0.0, densities.powers(*parts))


@compiled
def cdf(k, p):
    """Probability of values up to `k`, NaN unless 0 <= p <= 1.

    >>> cdf(0, 0.25).item()
    0.75
    """
    k, p = operands("bernoulli.cdf", k, p)
    invalid = (p < 0) | (p > 1)
    inside = jnp.where(k < 0, 0.0, jnp.where(k < 1, 1 - p, 1.0))
    return with_nan(k, with_nan(p, jnp.where(invalid, NAN, inside)))


@compiled
def ppf(q, p):
    """0 for q up to 1 - p, and 1 above: the inverse of `cdf`. NaN unless 0 <= q <= 1.

    >>> ppf(0.5, 0.75).item()
    1.0
    """
    q, p = operands("bernoulli.ppf", q, p)
    valid = (q >= 0) & (q <= 1) & (p >= 0) & (p <= 1)
    value = jnp.where(valid, jnp.where(q <= 1 - p, 0.0, 1.0), NAN)
    return lax.convert_element_type(value, q.dtype, q.weak_type and p.weak_type)
