"""Samplers of counts: Poisson, binomial, geometric, multinomial.

    few expected        count the arrivals, one by one
    many expected       transformed rejection with squeeze

W. Hoermann, "The transformed rejection method for generating Poisson random variables",
Insurance: Mathematics and Economics 12, 1993 (algorithm PTRS), and "The generation of
binomial random variates", Journal of Statistical Computation and Simulation 46, 1993
(algorithm BTRS). All elements of an array get proposals until each has accepted one;
the last that an element accepted is its sample.
"""

import math

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..control import scan, while_loop
from ..runtime.compiled import compiled
from .arguments import cast, common_shape, float_dtype, int_dtype, spread, unsharded
from .keys import check_key
from .streams import split_words, words_of
from .uniform import unit_floats


def geometric(key, p, shape=None, dtype=None, *, out_sharding=None):
    """How many trials of success probability p it takes to succeed once: 1, 2, ...

    >>> geometric(key(0), 0.3, (3,)).dtype
    dtype('int32')
    """
    check_key("geometric", key)
    unsharded("geometric", out_sharding)
    dtype = int_dtype("geometric", dtype)
    shape = common_shape("geometric", shape, p=p)
    return _geometric(key, p, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _geometric(key, p, shape, dtype):
    p = jnp.asarray(p)
    real = p.dtype if p.dtype in dtypes.FLOATS else dtypes.default_float()
    p = spread(p, shape, real)
    u = unit_floats(words_of(key), shape, real)
    return cast(jnp.floor(jnp.log(u) / jnp.log1p(-p)) + 1, dtype)


def poisson(key, lam, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the Poisson distribution of mean lam >= 0.

    >>> poisson(key(0), 4.0, (3,)).dtype
    dtype('int32')
    """
    check_key("poisson", key)
    unsharded("poisson", out_sharding)
    dtype = int_dtype("poisson", dtype)
    shape = common_shape("poisson", shape, lam=lam)
    return _poisson(key, lam, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _poisson(key, lam, shape, dtype):
    words = words_of(key)
    lam = spread(lam, shape, dtypes.float32)
    few = jnp.isnan(lam) | (lam < 10)
    by_arrivals = _poisson_by_arrivals(words, jnp.where(few, lam, 0), dtype)
    by_rejection = _poisson_by_rejection(words, jnp.where(few, 1e5, lam), dtype)
    return jnp.where(lam == 0, 0, jnp.where(few, by_arrivals, by_rejection))


def _poisson_by_arrivals(words, lam, dtype):
    """How many of u1, u1 u2, u1 u2 u3, ... exceed exp(-lam), for uniform u."""

    def unfinished(state):
        _, _, log_product = state
        return jnp.any(log_product > -lam)

    def arrive(state):
        key, count, log_product = state
        key, key_u = split_words(key, (2,))
        u = unit_floats(key_u, lam.shape, lam.dtype)
        count = jnp.where(log_product > -lam, count + 1, count)
        return key, count, log_product + jnp.log(u)

    start = words, jnp.zeros(lam.shape, dtype), jnp.zeros(lam.shape, lam.dtype)
    return while_loop(unfinished, arrive, start)[1] - 1


def _poisson_by_rejection(words, lam, dtype):
    log_lam = jnp.log(lam)
    b = 0.931 + 2.53 * jnp.sqrt(lam)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2)

    def propose(key_u, key_v):
        u = unit_floats(key_u, lam.shape, lam.dtype) - 0.5
        v = unit_floats(key_v, lam.shape, lam.dtype)
        us = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a / us + b) * u + lam + 0.43)
        log_hat = jnp.log(v * inverse_alpha / (a / (us * us) + b))
        log_density = k * log_lam - lam - lax.lgamma(k + 1)
        inside = (us >= 0.07) & (v <= v_r)
        outside = (k < 0) | ((us < 0.013) & (v > us))
        return k, inside | (~outside & (log_hat <= log_density))

    return cast(_settle(words, propose, lam), dtype)


def _settle(words, propose, like):
    """Propose for all elements until each has accepted; the values last accepted."""

    def unsettled(state):
        return ~jnp.all(state[2])

    def step(state):
        key, value, settled = state
        key, key_u, key_v = split_words(key, (3,))
        proposal, accepted = propose(key_u, key_v)
        value = jnp.where(accepted, proposal, value)
        return key, value, settled | accepted

    start = words, lax.full_like(like, -1), jnp.zeros(like.shape, bool)
    return while_loop(unsettled, step, start)[1]


def binomial(key, n, p, shape=None, dtype=None):
    """How many of n trials of success probability p succeed, as floats.

    >>> binomial(key(0), 10, 0.3, (3,)).shape
    (3,)
    """
    check_key("binomial", key)
    dtype = float_dtype("binomial", dtype)
    shape = common_shape("binomial", shape, n=n, p=p)
    return _binomial(key, n, p, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _binomial(key, n, p, shape, dtype):
    return binomials(words_of(key), spread(n, shape, dtype), spread(p, shape, dtype))


def binomials(words, n, p):
    """Binomial samples from one key as in `streams`; for use while tracing."""
    # Count whichever is rarer, successes or failures; nan and bad values stay nan.
    q = jnp.where(p < 0.5, p, 1 - p)
    few = n * q <= 10
    valid = (n >= 0) & (q >= 0) & (q <= 0.5)
    n_few, q_few = jnp.where(few & valid, n, 0), jnp.where(few & valid, q, 0.5)
    n_many = jnp.where(few | ~valid, 1e4, n)
    q_many = jnp.where(few | ~valid, 0.5, q)
    by_trials = _binomial_by_gaps(words, n_few, q_few)
    count = jnp.where(few, by_trials, _binomial_by_rejection(words, n_many, q_many))
    count = jnp.where(p < 0.5, count, n - count)
    count = jnp.where(valid, count, math.nan)
    return jnp.where(jnp.isfinite(n), count, jnp.where(p > 0, n, math.nan))


def _binomial_by_gaps(words, n, q):
    """How many geometric gaps fit into n trials.

    V. Kachitvichyanukul, B. W. Schmeiser, "Binomial random variate generation",
    Communications of the ACM 31, 1988.
    """
    log_failure = jnp.log1p(-q)

    def unfinished(state):
        return jnp.any(state[2] <= n)

    def gap(state):
        key, count, total = state
        key_u, key = split_words(key, (2,))
        u = unit_floats(key_u, n.shape, n.dtype)
        total = total + jnp.ceil(jnp.log(u) / log_failure)
        return key, jnp.where(total <= n, count + 1, count), total

    zero = lax.full_like(n, 0)
    return while_loop(unfinished, gap, (words, zero, zero))[1]


def _binomial_by_rejection(words, n, q):
    deviation = jnp.sqrt(n * q * (1 - q))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * q
    centre = n * q + 0.5
    v_r = 0.92 - 4.2 / b
    odds = q / (1 - q)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = jnp.floor((n + 1) * q)

    def propose(key_u, key_v):
        u = unit_floats(key_u, n.shape, n.dtype) - 0.5
        v = unit_floats(key_v, n.shape, n.dtype)
        us = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a / us + b) * u + centre)
        inside = (us >= 0.07) & (v <= v_r)
        outside = (k < 0) | (k > n)
        safe = jnp.clip(k, 0, n)
        log_hat = jnp.log(v * alpha / (a / (us * us) + b))
        # log of the ratio of the probabilities of k and of the mode
        log_ratio = (
            (mode + 0.5) * jnp.log((mode + 1) / (odds * (n - mode + 1)))
            + (n + 1) * jnp.log((n - mode + 1) / (n - safe + 1))
            + (safe + 0.5) * jnp.log(odds * (n - safe + 1) / (safe + 1))
            + _stirling_tail(mode)
            + _stirling_tail(n - mode)
            - _stirling_tail(safe)
            - _stirling_tail(n - safe)
        )
        return k, inside | (~outside & (log_hat <= log_ratio))

    return _settle(words, propose, n)


# log k! - (log sqrt(2 pi) + (k + 1/2) log(k + 1) - (k + 1)) for k = 0, ..., 9
_TAILS = tuple(
    math.lgamma(k + 1)
    - (0.5 * math.log(2 * math.pi) + (k + 0.5) * math.log(k + 1) - (k + 1))
    for k in range(10)
)


def _stirling_tail(k):
    """What Stirling's formula for log k! leaves out."""
    table = jnp.asarray(_TAILS, k.dtype)
    exact = table[cast(jnp.clip(k, 0, 9), dtypes.default_int())]
    x = 1 / (k + 1)
    series = (1 / 12 - (1 / 360 - x * x / 1260) * x * x) * x
    return jnp.where(k <= 9, exact, series)


def multinomial(key, n, p, *, shape=None, dtype=None, unroll=1):
    """How often each of k outcomes comes up in n trials; the counts add up to n.

    p has shape (..., k) and holds the probabilities, n broadcasts to its leading axes,
    and these to `shape`. Outcomes are drawn one after another, each a binomial of the
    trials that are left.

    >>> float(multinomial(key(0), 10, np.array([0.2, 0.3, 0.5])).sum())
    10.0
    """
    check_key("multinomial", key)
    dtype = float_dtype("multinomial", dtype)
    p, n = jnp.asarray(p), jnp.asarray(n)
    batch = common_shape(
        "multinomial", shape, n=n, p=lax.index_in_dim(p, 0, axis=-1, keepdims=False)
    )
    return _multinomial(key, n, p, shape=batch, dtype=dtype, unroll=unroll)


@compiled(static_argnames=("shape", "dtype", "unroll"))
def _multinomial(key, n, p, shape, dtype, unroll):
    k = p.shape[-1]
    p = jnp.moveaxis(spread(p, (*shape, k), dtype), -1, 0)
    n = spread(n, shape, dtype)
    # The probability of each outcome, given that none of those before it came up.
    remaining = jnp.flip(jnp.cumsum(jnp.flip(p, 0), axis=0), 0)
    share = jnp.where(remaining > 0, p / jnp.where(remaining > 0, remaining, 1), 0)

    def draw(left, outcome):
        words, share = outcome
        count = binomials(words, left, jnp.clip(share, 0, 1))
        return left - count, count

    keys = split_words(words_of(key), (k,))[:-1]
    left, counts = scan(draw, n, (keys, share[:-1]), unroll=unroll)
    return jnp.moveaxis(jnp.concatenate([counts, left[None]]), 0, -1)
