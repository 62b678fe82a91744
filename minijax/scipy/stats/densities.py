"""What the distributions have in common: operands, and what holds at edges.

A density is computed as the exponential of its logarithm. Where the logarithm is -inf
the chain rule would multiply 0 by an infinite slope; the functions here give the
derivative of the density itself, at the edge of the support the one from inside.
"""

import numpy as np

from ... import numpy as jnp
from ...numpy.promotion import broadcast_shapes_of, promote_inexact
from .. import special

INF = float("inf")
NAN = float("nan")


def operands(where: str, *xs) -> list:
    """Arguments of one floating-point dtype, whose shapes fit each other."""
    values = promote_inexact(where, *xs)
    try:
        np.broadcast_shapes(*[x.shape for x in values])
    except ValueError:
        # Raises, and says what fits.
        return broadcast_shapes_of(where, *[x for x in values if x.shape])
    return values


def from_log(log_density):
    """exp(log_density), whose derivative is 0 where the logarithm is -inf."""
    return jnp.where(log_density == -INF, 0.0, jnp.exp(log_density))


def with_nan(x, value):
    """`value`, and NaN where x is NaN: comparisons with x do not tell."""
    return jnp.where(jnp.isnan(x), NAN, value)


def log_probability(p, rest):
    """log(p) where rest = 1 - p, by the one of them that is precise.

    >>> log_probability(jnp.float32(1.0), jnp.float32(1e-20)).item()
    -1e-20
    """
    return jnp.where(rest > 0.25, jnp.log(p), jnp.log1p(-rest))


def quantile(p, x):
    """`x`, and NaN where p is not between 0 and 1."""
    return jnp.where((p < 0) | (p > 1), NAN, x)


def log_power(a, y, log_c):
    """log(y^a e^log_c), where 0^0 = 1."""
    return special.xlogy(a, y) + log_c


def power(a, y, log_c):
    """y^a e^log_c for y >= 0, differentiable at y = 0 as y^a is.

    >>> from minijax import grad
    >>> grad(power, argnums=1)(1.0, 0.0, 0.0).item()
    1.0
    """
    inside = from_log(log_power(a, y, log_c))
    return jnp.where(y == 0, jnp.power(y, a) * jnp.exp(log_c), inside)


def log_powers(a, b, y, log_c):
    """log(y^a (1 - y)^b e^log_c), where 0^0 = 1."""
    return special.xlogy(a, y) + special.xlog1py(b, -y) + log_c


def powers(a, b, y, log_c):
    """y^a (1 - y)^b e^log_c for 0 <= y <= 1, differentiable at both ends as powers are.

    >>> from minijax import grad
    >>> grad(powers, argnums=2)(1.0, 1.0, 1.0, 0.0).item()
    -1.0
    """
    inside = from_log(log_powers(a, b, y, log_c))
    low = jnp.power(y, a) * jnp.exp(special.xlog1py(b, -y) + log_c)
    high = jnp.power(1 - y, b) * jnp.exp(special.xlogy(a, y) + log_c)
    return jnp.where(y == 0, low, jnp.where(y == 1, high, inside))


def product(a, y, log_c, axis):
    """e^log_c times the product of y^a along an axis, differentiable where y = 0."""
    zero = y == 0
    regular = jnp.sum(jnp.where(zero, 0.0, special.xlogy(a, y)), axis=axis)
    at_zero = jnp.prod(jnp.where(zero, jnp.power(y, a), 1.0), axis=axis)
    return at_zero * from_log(regular + log_c)
