"""The normal distribution of vectors, with a mean and a covariance matrix.

With the Cholesky factor L of the covariance and y = x - mean:

    log density = -|L^-1 y|^2 / 2 - sum(log(diag(L))) - n log(2 pi) / 2
"""

import math

import numpy as np

from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from ...numpy.promotion import promote_inexact
from . import densities


def _factor(cov):
    """The Cholesky factor: NaN where the covariance is not positive definite."""
    return lax.linalg.cholesky(cov)


def _whitened(factor, y):
    """L^-1 y, and half the log of the determinant; both may be stacks."""
    half_log_det = jnp.sum(jnp.log(jnp.diagonal(factor, axis1=-2, axis2=-1)), axis=-1)
    n = y.shape[-1]
    if factor.ndim == 2:
        # One solve with all vectors as columns, instead of one factor for each.
        columns = jnp.reshape(y, (-1, n)).T
        solved = lax.linalg.triangular_solve(
            factor, columns, left_side=True, lower=True
        )
        return jnp.reshape(solved.T, y.shape), half_log_det
    batch = np.broadcast_shapes(factor.shape[:-2], y.shape[:-1])
    factor = jnp.broadcast_to(factor, (*batch, n, n))
    y = jnp.broadcast_to(y, (*batch, n))
    solved = lax.linalg.triangular_solve(
        factor, y[..., None], left_side=True, lower=True
    )
    return solved[..., 0], half_log_det


def _refuse(x, mean, cov, why):
    raise ValueError(
        f"multivariate_normal.logpdf got incompatible shapes: {why}, got x: {x.aval}, "
        f"mean: {mean.aval} and cov: {cov.aval}."
    )


@compiled(static_argnames=("allow_singular",))
def logpdf(x, mean, cov, allow_singular=None):
    """Log of the density at the vectors `x`.

    Args:
      x: vectors along the last axis: (..., n).
      mean: (..., n), or a scalar for all elements.
      cov: symmetric, positive definite matrices, (..., n, n), of which the lower
        triangles are read; or a scalar variance of independent elements. If mean and
        cov are scalars, so is the distribution, and every element of x is a point.

    Raises:
      ValueError: if the shapes do not fit each other.
      NotImplementedError: if allow_singular is given.

    >>> logpdf(np.zeros(2), np.zeros(2), np.eye(2)).item()
    -1.837877
    """
    if allow_singular is not None:
        raise NotImplementedError(
            "multivariate_normal.logpdf: the allow_singular argument is not supported. "
            "Leave it out: the covariance must be positive definite."
        )
    x, mean, cov = promote_inexact("multivariate_normal.logpdf", x, mean, cov)
    if mean.ndim == 0 and cov.ndim == 0:
        y = x - mean
        return -0.5 * (y * y / cov + jnp.log(cov) + math.log(2 * math.pi))
    if cov.ndim == 1 or (cov.ndim and cov.shape[-1] != cov.shape[-2]):
        _refuse(x, mean, cov, "cov must be a scalar or a square matrix")
    y = x - mean
    if cov.ndim == 0:
        n = y.shape[-1]
        square = jnp.sum(y * y, axis=-1) / cov
        log_det = n * jnp.log(cov)
    else:
        n = cov.shape[-1]
        if not {*mean.shape[-1:]} <= {n} or not {*y.shape[-1:]} <= {1, n}:
            _refuse(x, mean, cov, f"the vectors must have {n} elements, as cov has")
        y = jnp.broadcast_to(y, (*y.shape[:-1], n))
        solved, half_log_det = _whitened(_factor(cov), y)
        square = jnp.sum(solved * solved, axis=-1)
        log_det = 2 * half_log_det
    return -0.5 * (square + log_det + n * math.log(2 * math.pi))


@compiled
def pdf(x, mean, cov):
    """Density at the vectors `x`; arguments as for `logpdf`.

    >>> pdf(np.zeros(2), np.zeros(2), np.eye(2)).item()
    0.159155
    """
    return densities.from_log(logpdf(x, mean, cov))
