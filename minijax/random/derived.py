"""Continuous distributions with parameters, made of simpler samples."""

import numpy as np

from .. import numpy as jnp
from .. import primitives as lax
from ..runtime.compiled import compiled
from .arguments import (
    broadcasts,
    cast,
    common_shape,
    float_dtype,
    inexact_dtype,
    size_of,
    spread,
    unsharded,
)
from .continuous import exponentials, normals
from .discrete import signs
from .gamma import gammas
from .keys import check_key
from .streams import split_words, words_of
from .uniform import unit_floats


def _static(where, key, shape, dtype, out_sharding=None, **parameters):
    """Check the arguments; the shape and dtype of the samples."""
    check_key(where, key)
    unsharded(where, out_sharding)
    dtype = float_dtype(where, dtype)
    return {"shape": common_shape(where, shape, **parameters), "dtype": dtype}


def lognormal(key, sigma=1.0, shape=None, dtype=None, *, out_sharding=None):
    """exp(sigma x) for normal x.

    >>> lognormal(key(0), 0.5, (3,)).shape
    (3,)
    """
    static = _static("lognormal", key, shape, dtype, out_sharding, sigma=sigma)
    return _lognormal(key, sigma, **static)


@compiled(static_argnames=("shape", "dtype"))
def _lognormal(key, sigma, shape, dtype):
    x = normals(words_of(key), shape, dtype)
    return jnp.exp(spread(sigma, shape, dtype) * x)


def pareto(key, b, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the Pareto distribution on [1, inf), of density b / x**(b+1).

    >>> pareto(key(0), 2.0, (3,)).shape
    (3,)
    """
    static = _static("pareto", key, shape, dtype, out_sharding, b=b)
    return _pareto(key, b, **static)


@compiled(static_argnames=("shape", "dtype"))
def _pareto(key, b, shape, dtype):
    e = exponentials(words_of(key), shape, dtype)
    return jnp.exp(e / spread(b, shape, dtype))


def rayleigh(key, scale, shape=None, dtype=None, *, out_sharding=None):
    """Lengths of vectors of two normal components of deviation `scale`.

    >>> rayleigh(key(0), 2.0, (3,)).shape
    (3,)
    """
    static = _static("rayleigh", key, shape, dtype, out_sharding, scale=scale)
    return _rayleigh(key, scale, **static)


@compiled(static_argnames=("shape", "dtype"))
def _rayleigh(key, scale, shape, dtype):
    u = unit_floats(words_of(key), shape, dtype)
    return spread(scale, shape, dtype) * jnp.sqrt(-2 * jnp.log(u))


def weibull_min(key, scale, concentration, shape=(), dtype=None):
    """Samples of the Weibull distribution: scale * e**(1/concentration), e exponential.

    >>> weibull_min(key(0), 1.0, 2.0, (3,)).shape
    (3,)
    """
    size = size_of("weibull_min", shape)
    static = _static(
        "weibull_min", key, size, dtype, scale=scale, concentration=concentration
    )
    return _weibull_min(key, scale, concentration, **static)


@compiled(static_argnames=("shape", "dtype"))
def _weibull_min(key, scale, concentration, shape, dtype):
    e = exponentials(words_of(key), shape, dtype)
    power = 1 / spread(concentration, shape, dtype)
    return jnp.power(e, power) * spread(scale, shape, dtype)


def wald(key, mean, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the Wald, or inverse Gaussian, distribution of this mean and scale 1.

    J. R. Michael, W. R. Schucany, R. W. Haas, "Generating random variates using
    transformations with multiple roots", The American Statistician 30, 1976.

    >>> wald(key(0), 2.0, (3,)).shape
    (3,)
    """
    static = _static("wald", key, shape, dtype, out_sharding, mean=mean)
    return _wald(key, mean, **static)


@compiled(static_argnames=("shape", "dtype"))
def _wald(key, mean, shape, dtype):
    mean = spread(mean, shape, dtype)
    keys = split_words(words_of(key), (2,))
    y = normals(keys[0], shape, dtype) ** 2
    z = unit_floats(keys[1], shape, dtype)
    # The smaller root; the other is mean**2 / x.
    root = jnp.sqrt(4 * mean * y + mean**2 * y**2)
    x = mean + mean**2 * y / 2 - mean / 2 * root
    return jnp.where(z <= mean / (mean + x), x, mean**2 / x)


def triangular(key, left, mode, right, shape=None, dtype=None, *, out_sharding=None):
    """Samples of the triangular distribution on [left, right] with its peak at mode.

    >>> triangular(key(0), 0.0, 1.0, 3.0, (3,)).shape
    (3,)
    """
    bounds = {"left": left, "mode": mode, "right": right}
    static = _static("triangular", key, shape, dtype, out_sharding, **bounds)
    return _triangular(key, left, mode, right, **static)


@compiled(static_argnames=("shape", "dtype"))
def _triangular(key, left, mode, right, shape, dtype):
    left, mode, right = (spread(x, shape, dtype) for x in (left, mode, right))
    at_mode = (mode - left) / (right - left)
    u = unit_floats(words_of(key), shape, dtype)
    rising = left + jnp.sqrt(u * (right - left) * (mode - left))
    falling = right - jnp.sqrt((1 - u) * (right - left) * (right - mode))
    return jnp.where(u < at_mode, rising, falling)


def maxwell(key, shape=(), dtype=None, *, out_sharding=None):
    """Lengths of vectors of three standard normal components.

    >>> maxwell(key(0), (3,)).shape
    (3,)
    """
    static = _static("maxwell", key, size_of("maxwell", shape), dtype, out_sharding)
    return _maxwell(key, **static)


@compiled(static_argnames=("shape", "dtype"))
def _maxwell(key, shape, dtype):
    return _lengths(words_of(key), shape, dtype)


def _lengths(words, shape, dtype):
    x = normals(words, (*shape, 3), dtype)
    return jnp.sqrt(jnp.sum(x * x, axis=-1))


def double_sided_maxwell(key, loc, scale, shape=(), dtype=None):
    """loc + scale * s * x for x of the Maxwell distribution and a random sign s.

    The result has the common shape of loc and scale behind `shape`.

    >>> double_sided_maxwell(key(0), 1.0, 2.0, (3,)).shape
    (3,)
    """
    size = size_of("double_sided_maxwell", shape)
    static = _static("double_sided_maxwell", key, size, dtype)
    return _double_sided_maxwell(key, loc, scale, **static)


@compiled(static_argnames=("shape", "dtype"))
def _double_sided_maxwell(key, loc, scale, shape, dtype):
    size = (*shape, *jnp.broadcast_shapes(np.shape(loc), np.shape(scale)))
    keys = split_words(words_of(key), (2,))
    sign = signs(keys[1], size, dtype)
    distance = sign * _lengths(keys[0], size, dtype)
    return distance * cast(scale, dtype) + cast(loc, dtype)


def generalized_normal(key, p, shape=(), dtype=None, *, out_sharding=None):
    """Samples of density proportional to exp(-abs(x)**p), for one number p.

    >>> generalized_normal(key(0), 3.0, (3,)).shape
    (3,)
    """
    size = size_of("generalized_normal", shape)
    static = _static("generalized_normal", key, size, dtype, out_sharding, p=p)
    return _generalized_normal(key, p, **static)


@compiled(static_argnames=("shape", "dtype"))
def _generalized_normal(key, p, shape, dtype):
    return _generalized_normals(words_of(key), p, shape, dtype)


def _generalized_normals(words, p, shape, dtype):
    keys = split_words(words, (2,))
    inverse = 1 / spread(p, shape, dtype)
    return signs(keys[1], shape, dtype) * gammas(keys[0], inverse) ** inverse


def ball(key, d, p=2, shape=(), dtype=None, *, out_sharding=None):
    """Points of the unit ball of the p-norm in d dimensions, uniformly distributed.

    F. Barthe, O. Guedon, S. Mendelson, A. Naor, "A probabilistic approach to the
    geometry of the l_p^n-ball", Annals of Probability 33, 2005.

    >>> ball(key(0), 3, shape=(2,)).shape
    (2, 3)
    """
    static = _static("ball", key, size_of("ball", shape), dtype, out_sharding)
    return _ball(key, p, d=size_of("ball", (d,))[0], **static)


@compiled(static_argnames=("d", "shape", "dtype"))
def _ball(key, p, d, shape, dtype):
    keys = split_words(words_of(key), (2,))
    x = _generalized_normals(keys[0], p, (*shape, d), dtype)
    e = exponentials(keys[1], shape, dtype)
    p = spread(p, (), dtype)
    norm = (jnp.sum(jnp.abs(x) ** p, axis=-1) + e) ** (1 / p)
    return x / norm[..., None]


def orthogonal(key, n, shape=(), dtype=None, m=None, *, out_sharding=None):
    """Orthogonal n x n matrices of uniform (Haar) distribution; unitary if complex.

    With m, matrices n x m whose rows or columns, whichever are fewer, are orthonormal.
    F. Mezzadri, "How to generate random matrices from the classical compact groups",
    Notices of the AMS 54, 2007.

    >>> orthogonal(key(0), 3, (2,)).shape
    (2, 3, 3)
    """
    check_key("orthogonal", key)
    unsharded("orthogonal", out_sharding)
    dtype = inexact_dtype("orthogonal", dtype)
    size = size_of("orthogonal", shape)
    n, m = size_of("orthogonal", (n, n if m is None else m))
    return _orthogonal(key, n=n, m=m, shape=size, dtype=dtype)


@compiled(static_argnames=("n", "m", "shape", "dtype"))
def _orthogonal(key, n, m, shape, dtype):
    x = normals(words_of(key), (*shape, max(n, m), min(n, m)), dtype)
    q, r = jnp.linalg.qr(x)
    # qr leaves the signs of the columns open; r of positive diagonal fixes them.
    diagonal = jnp.diagonal(r, axis1=-2, axis2=-1)
    q = q * lax.sign(diagonal)[..., None, :]
    return q if n >= m else jnp.swapaxes(q, -1, -2)


def multivariate_normal(
    key, mean, cov, shape=None, dtype=None, method="cholesky", *, out_sharding=None
):
    """Normal vectors of the given mean (..., n) and covariance (..., n, n).

    method says how the covariance is factored: "cholesky", or, for singular ones,
    "eigh" or "svd". `shape` is that of the result without its last axis.

    >>> multivariate_normal(key(0), np.zeros(2), np.eye(2), (3,)).shape
    (3, 2)
    """
    check_key("multivariate_normal", key)
    unsharded("multivariate_normal", out_sharding)
    if method not in ("cholesky", "eigh", "svd"):
        raise ValueError(
            'multivariate_normal: method must be "cholesky", "eigh" or "svd", '
            f"got {method!r}."
        )
    mean, cov = jnp.asarray(mean), jnp.asarray(cov)
    dtype = float_dtype(
        "multivariate_normal",
        jnp.promote_types(jnp.result_type(mean, cov), jnp.float32)
        if dtype is None
        else dtype,
    )
    n = mean.shape[-1] if mean.ndim else None
    if n is None or cov.shape[-2:] != (n, n):
        raise ValueError(
            "multivariate_normal: mean must be (..., n) and cov (..., n, n), "
            f"got {mean.shape} and {cov.shape}."
        )
    batch = np.broadcast_shapes(mean.shape[:-1], cov.shape[:-2])
    shape = batch if shape is None else size_of("multivariate_normal", shape)
    if not broadcasts(batch, shape):
        raise ValueError(
            f"multivariate_normal: the batch shape {batch} of mean and cov must "
            f"broadcast to shape, got {shape}."
        )
    return _multivariate_normal(key, mean, cov, shape=shape, dtype=dtype, method=method)


@compiled(static_argnames=("shape", "dtype", "method"))
def _multivariate_normal(key, mean, cov, shape, dtype, method):
    mean, cov = (
        lax.convert_element_type(mean, dtype),
        lax.convert_element_type(cov, dtype),
    )
    x = normals(words_of(key), (*shape, mean.shape[-1]), dtype)
    return mean + jnp.einsum("...ij,...j->...i", _FACTOR[method](cov), x)


def _factor_by_eigh(cov):
    values, vectors = jnp.linalg.eigh(cov)
    return vectors * jnp.sqrt(values[..., None, :])


def _factor_by_svd(cov):
    left, values, _ = jnp.linalg.svd(cov)
    return left * jnp.sqrt(values[..., None, :])


_FACTOR = {
    "cholesky": lambda cov: jnp.linalg.cholesky(cov),
    "eigh": _factor_by_eigh,
    "svd": _factor_by_svd,
}
