"""The Dirichlet distribution: density prod(x^(alpha - 1)) / B(alpha) on the simplex."""

from ... import numpy as jnp
from ...api import compiled
from ...numpy.promotion import promote_inexact
from .. import special
from . import densities
from .densities import INF

# How far the elements of a point of the simplex may sum up beside 1.
TOLERANCE = 1e-6


def _parts(where, x, alpha):
    """Whether x is off the simplex, the powers, all of x, and the log constant."""
    x, alpha = promote_inexact(where, x, alpha)
    if alpha.ndim != 1:
        raise ValueError(
            f"{where}: `alpha` must be one-dimensional, got alpha: {alpha.aval}. "
            "Use vmap for several of them."
        )
    x = jnp.asarray(x)
    sizes = {alpha.shape[0], alpha.shape[0] - 1}
    if x.ndim == 0 or x.shape[0] not in sizes:
        raise ValueError(
            f"{where}: `x` must have as many rows as alpha has elements, or one less, "
            f"got x: {x.aval} and alpha: {alpha.aval}. Points are columns."
        )
    if x.shape[0] != alpha.shape[0]:
        x = jnp.concatenate([x, 1 - jnp.sum(x, axis=0, keepdims=True)])
    total = jnp.sum(x, axis=0)
    slack = max(TOLERANCE, 2 * float(jnp.finfo(x.dtype).eps))
    outside = jnp.any(x < 0, axis=0) | (jnp.abs(total - 1) > slack)
    log_c = special.gammaln(jnp.sum(alpha)) - jnp.sum(special.gammaln(alpha))
    powers = jnp.reshape(alpha - 1, (-1,) + (1,) * (x.ndim - 1))
    return outside | jnp.any(alpha <= 0), powers, x, log_c


@compiled
def logpdf(x, alpha):
    """Log of the density at `x`, -inf off the simplex.

    Args:
      x: points whose elements, along the first axis, are not negative and sum to 1. The
        last element may be left out.
      alpha: the concentrations, one-dimensional and positive.

    Raises:
      ValueError: if alpha is not one-dimensional, or x has another number of rows.

    >>> logpdf(np.array([0.2, 0.3, 0.5]), np.array([1.0, 1.0, 1.0])).item()
    0.6931
    """
    outside, powers, x, log_c = _parts("dirichlet.logpdf", x, alpha)
    inside = jnp.sum(special.xlogy(powers, x), axis=0) + log_c
    return jnp.where(outside, -INF, inside)


@compiled
def pdf(x, alpha):
    """Density at `x`, 0 off the simplex; arguments as for `logpdf`.

    >>> pdf(np.array([0.2, 0.3, 0.5]), np.array([1.0, 1.0, 1.0])).item()
    2.0
    """
    outside, powers, x, log_c = _parts("dirichlet.pdf", x, alpha)
    return jnp.where(outside, 0.0, densities.product(powers, x, log_c, axis=0))
