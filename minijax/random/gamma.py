"""Gamma samples, and what is made of them: beta, Dirichlet, chi-squared, t, F.

G. Marsaglia, W. W. Tsang, "A simple method for generating gamma variables", ACM
Transactions on Mathematical Software 26, 2000. For a shape parameter a >= 1 and

    d = a - 1/3,   c = 1 / (3 sqrt(d)),   x normal,   v = (1 + c x)**3,   u uniform

the sample is d v, accepted if v > 0 and log(u) < x**2 / 2 + d (1 - v + log v). For
a < 1 a sample for a + 1 is multiplied by u**(1 / a).

The derivative of a sample with respect to its parameter is that of the inverse of the
distribution function at a fixed probability (see `_log_sample_jvp`).
"""

import functools
import math

from .. import numpy as jnp
from .. import primitives as lax
from ..api import custom_jvp, vmap
from ..control import map, while_loop
from ..runtime.compiled import compiled
from ..special import gamma_log_slope
from .arguments import common_shape, float_dtype, size_of, spread, unsharded
from .continuous import exponentials, normals
from .keys import check_key, spread_keys
from .streams import is_typed, split_words, words_of
from .uniform import unit_floats


def gamma(key, a, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the gamma distribution of shape parameter a > 0 and scale 1.

    Multiply by the scale, or divide by the rate, for others. Samples are differentiable
    with respect to a.

    >>> gamma(key(0), 2.0, (3,)).shape
    (3,)
    """
    return _checked("gamma", key, a, shape, dtype, out_sharding, log=False)


def loggamma(key, a, shape=None, dtype=None, *, out_sharding=None):
    """Logarithms of gamma samples, which do not underflow for small a.

    >>> loggamma(key(0), 1e-6, (3,)).shape
    (3,)
    """
    return _checked("loggamma", key, a, shape, dtype, out_sharding, log=True)


def _checked(where, key, a, shape, dtype, out_sharding, log):
    check_key(where, key)
    unsharded(where, out_sharding)
    dtype = float_dtype(where, dtype)
    shape = common_shape(where, shape, a=a)
    return _gamma(key, a, shape=shape, dtype=dtype, log=log)


@compiled(static_argnames=("shape", "dtype", "log"))
def _gamma(key, a, shape, dtype, log):
    return gammas(words_of(key), spread(a, shape, dtype), log)


def gammas(words, a, log=False):
    """Gamma samples, or their logarithms, from one key as in `streams`."""
    keys = spread_keys(words, a.shape)
    flat = lax.reshape(a, (a.size,))
    sample = _log_samples(keys, flat) if log else _samples(keys, flat)
    return lax.reshape(sample, a.shape)


def _each(sample, keys, a):
    """A sample for each key: together, or in turn where keys share their bits."""
    if is_typed(keys) and keys.dtype.impl in ("rbg", "unsafe_rbg"):
        return map(lambda pair: sample(*pair), (keys, a))
    return vmap(sample)(keys, a)


@custom_jvp
def _samples(keys, a):
    return _each(functools.partial(_sample, log=False), keys, a)


@_samples.defjvp
def _samples_jvp(primals, tangents):
    keys, a = primals
    z = _samples(keys, a)
    return z, tangents[1] * z * gamma_log_slope(a, jnp.log(z))


@custom_jvp
def _log_samples(keys, a):
    return _each(functools.partial(_sample, log=True), keys, a)


@_log_samples.defjvp
def _log_samples_jvp(primals, tangents):
    keys, a = primals
    log_z = _log_samples(keys, a)
    return log_z, tangents[1] * gamma_log_slope(a, log_z)


def _sample(key, a, log):
    """One sample from one key as in `streams`; a is a scalar."""
    dtype = a.dtype
    small = a < 1
    d = jnp.where(small, a + 1, a) - 1 / 3
    c = (1 / 3) / jnp.sqrt(d)
    keys = split_words(key, (2,))

    def rejected(state):
        _, x2, v, u = state
        # A cheaper bound decides most cases: u < 1 - 0.0331 x**4 implies acceptance.
        likely = u < 1 - 0.0331 * (x2 * x2)
        return ~(likely | (jnp.log(u) < x2 / 2 + d * (1 - v + jnp.log(v))))

    def propose(state):
        key, key_x, key_u = split_words(state[0], (3,))
        x, root = _normal_above(key_x, c)
        return key, x * x, root * root * root, unit_floats(key_u, (), dtype)

    start = keys[0], jnp.zeros((), dtype), jnp.ones((), dtype), jnp.full((), 2, dtype)
    _, _, v, _ = while_loop(rejected, propose, start)
    if log:
        boost = jnp.where(small, -exponentials(keys[1], (), dtype) / a, 0)
        return jnp.where(a == 0, -math.inf, jnp.log(d) + jnp.log(v) + boost)
    u = 1 - unit_floats(keys[1], (), dtype)
    boost = jnp.where(small, jnp.where(a > 0, u ** (1 / a), 0), 1)
    return d * v * boost


def _normal_above(key, c):
    """A normal x, and 1 + c x, which is positive."""

    def draw(state):
        key, key_x = split_words(state[0], (2,))
        x = normals(key_x, (), c.dtype)
        return key, x, 1 + c * x

    start = key, jnp.zeros((), c.dtype), jnp.full((), -1, c.dtype)
    return while_loop(lambda state: state[2] <= 0, draw, start)[1:]


# Distributions made of gamma samples


def _two_parameters(where, key, shape, dtype, out_sharding, **parameters):
    check_key(where, key)
    unsharded(where, out_sharding)
    dtype = float_dtype(where, dtype)
    shape = common_shape(where, shape, **parameters)
    return {"shape": shape, "dtype": dtype}


def beta(key, a, b, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the beta distribution on [0, 1], of density x**(a-1) (1-x)**(b-1).

    >>> beta(key(0), 2.0, 3.0, (4,)).shape
    (4,)
    """
    static = _two_parameters("beta", key, shape, dtype, out_sharding, a=a, b=b)
    return _beta(key, a, b, **static)


@compiled(static_argnames=("shape", "dtype"))
def _beta(key, a, b, shape, dtype):
    key_a, key_b = split_words(words_of(key), (2,))
    log_x = gammas(key_a, spread(a, shape, dtype), log=True)
    log_y = gammas(key_b, spread(b, shape, dtype), log=True)
    largest = lax.max(log_x, log_y)
    x, y = jnp.exp(log_x - largest), jnp.exp(log_y - largest)
    return x / (x + y)


def dirichlet(key, alpha, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the Dirichlet distribution: n positive numbers of sum 1.

    alpha has shape (..., n); `shape` is that of the result without its last axis, to
    which the leading axes of alpha broadcast.

    >>> dirichlet(key(0), np.ones(3, np.float32), (2,)).shape
    (2, 3)
    """
    check_key("dirichlet", key)
    unsharded("dirichlet", out_sharding)
    dtype = float_dtype("dirichlet", dtype)
    alpha = jnp.asarray(alpha)
    if not alpha.ndim:
        raise ValueError("dirichlet: alpha must have rank 1 or more, got a scalar.")
    batch = alpha.shape[:-1]
    shape = batch if shape is None else size_of("dirichlet", shape)
    common_shape("dirichlet", (*shape, alpha.shape[-1]), alpha=alpha)
    return _dirichlet(key, alpha, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _dirichlet(key, alpha, shape, dtype):
    alpha = spread(alpha, (*shape, alpha.shape[-1]), dtype)
    log_x = gammas(words_of(key), alpha, log=True)
    x = jnp.exp(log_x - lax.stop_gradient(jnp.max(log_x, axis=-1, keepdims=True)))
    return x / jnp.sum(x, axis=-1, keepdims=True)


def chisquare(key, df, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the chi-squared distribution of df > 0 degrees of freedom.

    >>> chisquare(key(0), 3.0, (4,)).shape
    (4,)
    """
    static = _two_parameters("chisquare", key, shape, dtype, out_sharding, df=df)
    return _chisquare(key, df, **static)


@compiled(static_argnames=("shape", "dtype"))
def _chisquare(key, df, shape, dtype):
    return chisquares(words_of(key), spread(df, shape, dtype))


def chisquares(words, df):
    """Chi-squared samples from one key as in `streams`; for use while tracing."""
    return 2 * jnp.exp(gammas(words, df / 2, log=True))


def f(key, dfnum, dfden, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the F distribution of dfnum and dfden degrees of freedom.

    >>> f(key(0), 3.0, 5.0, (4,)).shape
    (4,)
    """
    static = _two_parameters(
        "f", key, shape, dtype, out_sharding, dfnum=dfnum, dfden=dfden
    )
    return _f(key, dfnum, dfden, **static)


@compiled(static_argnames=("shape", "dtype"))
def _f(key, dfnum, dfden, shape, dtype):
    key_den, key_num = split_words(words_of(key), (2,))
    dfnum, dfden = spread(dfnum, shape, dtype), spread(dfden, shape, dtype)
    return (chisquares(key_num, dfnum) / dfnum) / (chisquares(key_den, dfden) / dfden)


def t(key, df, shape=None, dtype=None, *, out_sharding=None):
    """Samples of Student's t distribution of df > 0 degrees of freedom.

    >>> t(key(0), 3.0, (4,)).shape
    (4,)
    """
    static = _two_parameters("t", key, shape, dtype, out_sharding, df=df)
    return _t(key, df, **static)


@compiled(static_argnames=("shape", "dtype"))
def _t(key, df, shape, dtype):
    key_x, key_y = split_words(words_of(key), (2,))
    half = spread(df, shape, dtype) / 2
    return normals(key_x, shape, dtype) * jnp.sqrt(half / gammas(key_y, half))
