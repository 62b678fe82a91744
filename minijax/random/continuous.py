"""Continuous samplers that need no rejection: functions of uniform numbers.

    normal       sqrt(2) erfinv(u),  u in (-1, 1)
    exponential  -log(1 - u),        u in [0, 1)         and so on

Each applies the inverse of its distribution function to a uniform number: L. Devroye,
"Non-Uniform Random Variate Generation", Springer 1986, chapter II.
"""

import math

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..config import state
from ..runtime.compiled import compiled
from .arguments import (
    cast,
    common_shape,
    float_dtype,
    inexact_dtype,
    size_of,
    unsharded,
)
from .keys import check_key
from .streams import split_words, words_of
from .uniform import uniform_floats, unit_floats


def _plain(where, key, shape, dtype, out_sharding):
    """Check what a sampler without parameters is given."""
    check_key(where, key)
    unsharded(where, out_sharding)
    return size_of(where, shape), float_dtype(where, dtype)


def normal(key, shape=(), dtype=None, *, out_sharding=None):
    """Standard normal samples; complex ones have variance 1, half of it in each part.

    >>> normal(key(0), (2, 3)).shape
    (2, 3)
    """
    check_key("normal", key)
    unsharded("normal", out_sharding)
    dtype = inexact_dtype("normal", dtype)
    return _normal(key, shape=size_of("normal", shape), dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _normal(key, shape, dtype):
    return normals(words_of(key), shape, dtype)


def normals(words, shape, dtype):
    """Standard normal samples from one key as in `streams`; for use while tracing."""
    if dtype in dtypes.COMPLEX:
        keys = split_words(words, (2,))
        part = np.dtype(f"float{4 * dtype.itemsize}")
        real, imag = (normals(keys[k], shape, part) for k in range(2))
        return lax.complex(real, imag) / math.sqrt(2)
    # The open interval: erfinv(-1) would be infinite.
    above = np.nextafter(np.asarray(-1, dtype), np.asarray(0, dtype), dtype=dtype)
    u = uniform_floats(words, shape, dtype, above, 1)
    return lax.mul(np.asarray(math.sqrt(2), dtype)[()], lax.erf_inv(u))


def truncated_normal(key, lower, upper, shape=None, dtype=None, *, out_sharding=None):
    """Standard normal samples conditioned to lie in the open interval (lower, upper).

    The bounds broadcast to `shape`; without a shape, their common shape is used.

    >>> truncated_normal(key(0), -2.0, 2.0, (3,)).shape
    (3,)
    """
    check_key("truncated_normal", key)
    unsharded("truncated_normal", out_sharding)
    dtype = float_dtype("truncated_normal", dtype)
    shape = common_shape("truncated_normal", shape, lower=lower, upper=upper)
    return _truncated_normal(key, lower, upper, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _truncated_normal(key, lower, upper, shape, dtype):
    lower, upper = cast(lower, dtype), cast(upper, dtype)
    root = np.asarray(math.sqrt(2), dtype)[()]
    a, b = lax.erf(lower / root), lax.erf(upper / root)
    u = uniform_floats(words_of(key), shape, dtype, a, b)
    sample = root * lax.erf_inv(u)
    # erfinv may round to a bound or beyond.
    inner = lax.nextafter(lax.stop_gradient(lower), lax.full_like(lower, np.inf))
    outer = lax.nextafter(lax.stop_gradient(upper), lax.full_like(upper, -np.inf))
    return jnp.clip(sample, inner, outer)


def exponential(key, shape=(), dtype=None, *, out_sharding=None):
    """Samples of the exponential distribution of mean 1.

    >>> exponential(key(0), (3,)).shape
    (3,)
    """
    shape, dtype = _plain("exponential", key, shape, dtype, out_sharding)
    return _exponential(key, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _exponential(key, shape, dtype):
    return exponentials(words_of(key), shape, dtype)


def exponentials(words, shape, dtype):
    """Exponential samples from one key as in `streams`; for use while tracing."""
    return lax.neg(lax.log1p(lax.neg(unit_floats(words, shape, dtype))))


def gumbel(key, shape=(), dtype=None, mode=None, *, out_sharding=None):
    """Samples of the standard Gumbel distribution, -log(-log(u)).

    With mode "low" the right tail ends where u rounds to 1, at about 16 for f32; mode
    "high" draws more bits and resolves it further. None is the configured default,
    `jax_high_dynamic_range_gumbel`.

    >>> gumbel(key(0), (3,)).shape
    (3,)
    """
    shape, dtype = _plain("gumbel", key, shape, dtype, out_sharding)
    return _gumbel(key, shape=shape, dtype=dtype, mode=gumbel_mode("gumbel", mode))


def gumbel_mode(where, mode):
    """How many bits a Gumbel sample takes: "low" or "high"."""
    if mode is None:
        return "high" if state.high_dynamic_range_gumbel else "low"
    if mode not in ("high", "low"):
        raise ValueError(f'{where}: mode must be "high" or "low", got {mode!r}.')
    return mode


@compiled(static_argnames=("shape", "dtype", "mode"))
def _gumbel(key, shape, dtype, mode):
    return gumbels(words_of(key), shape, dtype, mode)


def gumbels(words, shape, dtype, mode):
    """Gumbel samples from one key as in `streams`; for use while tracing."""
    if mode == "high":
        v = lax.neg(lax.log1p(lax.neg(_fine_floats(words, shape, dtype))))
    else:
        u = uniform_floats(words, shape, dtype, dtypes.finfo(dtype).tiny, 1)
        v = lax.neg(lax.log(u))
    return lax.neg(lax.log(v))


def _fine_floats(words, shape, dtype):
    """Floats in (0, 1) of twice as many bits, where the dtype has room for them."""
    info = dtypes.finfo(dtype)
    u = unit_floats(words, (2, *shape), dtype)
    fine = u[0] + u[1] * dtype.type(2.0**-info.nmant) + dtype.type(info.tiny)
    return jnp.where(u[0] < 0.5, fine, u[0])


def laplace(key, shape=(), dtype=None, *, out_sharding=None):
    """Samples of the standard Laplace distribution, of density exp(-|x|) / 2.

    >>> laplace(key(0), (3,)).shape
    (3,)
    """
    shape, dtype = _plain("laplace", key, shape, dtype, out_sharding)
    return _laplace(key, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _laplace(key, shape, dtype):
    low = -1 + dtypes.finfo(dtype).epsneg
    u = uniform_floats(words_of(key), shape, dtype, low, 1)
    return lax.mul(lax.sign(u), lax.log1p(lax.neg(lax.abs(u))))


def logistic(key, shape=(), dtype=None, *, out_sharding=None):
    """Samples of the standard logistic distribution, log(u / (1 - u)).

    >>> logistic(key(0), (3,)).shape
    (3,)
    """
    shape, dtype = _plain("logistic", key, shape, dtype, out_sharding)
    return _logistic(key, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _logistic(key, shape, dtype):
    u = uniform_floats(words_of(key), shape, dtype, dtypes.finfo(dtype).tiny, 1)
    return lax.sub(lax.log(u), lax.log1p(lax.neg(u)))


def cauchy(key, shape=(), dtype=None, *, out_sharding=None):
    """Samples of the standard Cauchy distribution, tan(pi (u - 1/2)).

    >>> cauchy(key(0), (3,)).shape
    (3,)
    """
    shape, dtype = _plain("cauchy", key, shape, dtype, out_sharding)
    return _cauchy(key, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _cauchy(key, shape, dtype):
    u = uniform_floats(words_of(key), shape, dtype, dtypes.finfo(dtype).eps, 1)
    return lax.tan(math.pi * (u - 0.5))
