"""The Poisson distribution: exp(-mu) mu^k / k!."""

import math

import numpy as np

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .densities import INF, NAN, operands, with_nan


def _parts(where, k, mu, loc):
    """Whether k is impossible, the power, mu, and the log of the other factors."""
    k, mu, loc = operands(where, k, mu, loc)
    k = k - loc
    impossible = (k < 0) | (jnp.floor(k) != k) & ~jnp.isnan(k)
    return impossible, k, mu, -mu - special.gammaln(k + 1)


@compiled
def logpmf(k, mu, loc=0):
    """Log of the probability of `k`, -inf below 0 and between whole numbers.

    >>> logpmf(0, 2.0).item()
    -2.0
    """
    impossible, k, mu, log_c = _parts("poisson.logpmf", k, mu, loc)
    return jnp.where(impossible, -INF, densities.log_power(k, mu, log_c))


@compiled
def pmf(k, mu, loc=0):
    """Probability of `k`, 0 below 0 and between whole numbers.

    >>> pmf(0, 2.0).item()
    0.135335
    """
    impossible, k, mu, log_c = _parts("poisson.pmf", k, mu, loc)
    return jnp.where(impossible, 0.0, densities.power(k, mu, log_c))


@compiled
def cdf(k, mu, loc=0):
    """Probability of values up to `k`.

    >>> cdf(0.5, 2.0).item()
    0.135335
    """
    k, mu, loc = operands("poisson.cdf", k, mu, loc)
    k = k - loc
    whole = jnp.where((k < 0) | (k == INF), 0.0, jnp.floor(k))
    inside = jnp.where(k == INF, 1.0, special.gammaincc(whole + 1, mu))
    return with_nan(k, jnp.where(k < 0, 0.0, inside))


# Below, the entropy is summed; the terms from here on add less than 1e-16.
_LARGE = 40
_TERMS = 130
# H(mu) - log(2 pi e mu) / 2, in powers of 1 / mu. R. J. Evans, J. Boersma, "The entropy
# of a Poisson distribution", SIAM Review 30 (1988), give the first three; the others
# follow alike, from H'(mu) = E log(k + 1) - log(mu) and the central moments of k. At
# mu = 40 the first term left out is less than 1e-13.
_SERIES = (
    -1 / 12,
    -1 / 24,
    -19 / 360,
    -9 / 80,
    -863 / 2520,
    -1375 / 1008,
    -33953 / 5040,
    -57281 / 1440,
    -3250433 / 11880,
    -378351 / 176,
)


@compiled
def entropy(mu, loc=0):
    """The entropy -sum(p log p), in nats; NaN for negative mu.

    >>> entropy(1.0).item()
    1.304842
    """
    mu, loc = operands("poisson.entropy", mu, loc)
    shape = np.broadcast_shapes(mu.shape, loc.shape)
    mu = jnp.broadcast_to(mu, shape)
    value = jnp.where(mu < _LARGE, _summed(mu), _asymptotic(mu))
    return jnp.where(mu < 0, NAN, value).astype(mu.dtype)


def _summed(mu):
    """mu - mu log(mu) + sum(p log(k!))."""
    k = np.arange(2, _TERMS)
    log_factorial = np.asarray([math.lgamma(n + 1) for n in k], mu.dtype)
    mu = jnp.where(mu < _LARGE, mu, 1.0)  # what is large is not summed
    log_p = densities.log_power(
        k.astype(mu.dtype), mu[..., None], -mu[..., None] - log_factorial
    )
    total = jnp.sum(densities.from_log(log_p) * log_factorial, axis=-1)
    return mu - special.xlogy(mu, mu) + total


def _asymptotic(mu):
    u = 1 / mu
    correction = jnp.zeros_like(mu)
    for c in reversed(_SERIES):
        correction = (correction + c) * u
    return 0.5 * jnp.log(2 * math.pi * math.e * mu) + correction
