"""Associated Legendre functions and spherical harmonics, by stable recurrences.

For all orders m at once, degree by degree, from the functions of degree m upwards:
W. H. Press et al., Numerical Recipes, 3rd edition, 6.7. The recurrence of normalized
functions neither overflows nor underflows early.
"""

import math
import operator

import numpy as np

from ... import numpy as jnp
from ...api import compiled
from ...core.literal import aval_of
from ...dtypes import FLOATS
from ...numpy.promotion import as_operand
from .arguments import operands


def lpmn_values(m: int, n: int, z, is_normalized: bool):
    """Associated Legendre functions of orders 0 to m and degrees 0 to n.

    Deprecated in JAX. They have the sign (-1)**order of Condon and Shortley.

    Args:
      m, n: the highest order and degree, which must be equal.
      z: real numbers in [-1, 1], of shape (k,).
      is_normalized: whether they are those of the spherical harmonics.

    Returns an array of shape (m + 1, n + 1, k).

    >>> lpmn_values(1, 1, np.array([0.5]), False)[..., 0]
    Array([[ 1.       ,  0.5      ],
           [ 0.       , -0.8660254]], dtype=float32)
    """
    n = _checked("lpmn_values", m, n, z)
    return _lpmn_values(z, n=n, is_normalized=bool(is_normalized))


def lpmn(m: int, n: int, z):
    """Associated Legendre functions and their derivatives in z.

    Deprecated in JAX. The arguments are those of `lpmn_values`; the result is a pair of
    arrays of shape (m + 1, n + 1, k).

    >>> lpmn(1, 1, np.array([0.5]))[1][..., 0]
    Array([[0.        , 1.        ],
           [0.        , 0.57735026]], dtype=float32)
    """
    n = _checked("lpmn", m, n, z)
    return _lpmn(z, n=n)


def _checked(where, m, n, z):
    aval = aval_of(as_operand(where, z))
    if aval.dtype not in FLOATS:
        raise TypeError(
            f"{where}: z must have a floating-point dtype, got {aval}. Convert it with "
            "astype."
        )
    if aval.ndim != 1:
        raise ValueError(f"{where}: z must have rank 1, got {aval}. Reshape it.")
    m, n = operator.index(m), operator.index(n)
    if m != n:
        raise NotImplementedError(
            f"{where}: the highest order and degree must be equal, got m={m} and "
            f"n={n}. Use the larger one for both."
        )
    if n < 0:
        raise ValueError(f"{where}: degrees must not be negative, got {n}.")
    return n


@compiled(static_argnames=("n", "is_normalized"))
def _lpmn_values(z, n, is_normalized):
    return _table(z, n, is_normalized)


@compiled(static_argnames=("n",))
def _lpmn(z, n):
    values = _table(z, n, False)
    # (1 - z**2) P' = (l + m) P(l - 1) - l z P(l)
    degree = np.arange(n + 1.0).astype(z.dtype)[None, :, None]
    order = np.arange(n + 1.0).astype(z.dtype)[:, None, None]
    before = jnp.concatenate([jnp.zeros_like(values[:, :1]), values[:, :-1]], axis=1)
    slope = ((degree + order) * before - degree * z * values) / (1 - z * z)
    return values, jnp.where(degree >= order, slope, 0).astype(values.dtype)


def _table(z, n, normalized):
    """The functions of orders and degrees 0 to n, of shape (n + 1, n + 1, *z.shape)."""
    dtype = z.dtype
    orders = np.arange(n + 1)
    column = (-1, *[1] * z.ndim)
    root = jnp.sqrt((1 - z) * (1 + z))
    diagonal = [jnp.full_like(z, math.sqrt(0.25 / math.pi) if normalized else 1.0)]
    for m in range(1, n + 1):
        factor = math.sqrt(1 + 0.5 / m) if normalized else 2 * m - 1
        diagonal.append(diagonal[-1] * root * -factor)
    starts = jnp.stack(diagonal)
    zero = jnp.zeros_like(starts)
    rows = []
    last, before = zero, zero
    for degree in range(n + 1):
        first, second = _factors(degree, orders, normalized)
        value = z * last * first.astype(dtype).reshape(column)
        value = value - before * second.astype(dtype).reshape(column)
        here = (orders == degree).reshape(column)
        last, before = jnp.where(here, starts, value), last
        rows.append(last)
    return jnp.stack(rows, axis=1)


def _factors(degree, orders, normalized):
    """Of the recurrence P(l) = first z P(l - 1) - second P(l - 2), for m < l."""
    m = np.where(orders < degree, orders, 0).astype(np.float64)
    below = orders < degree
    l = float(max(degree, 1))  # noqa: E741
    if not normalized:
        return below * (2 * l - 1) / (l - m), below * (l + m - 1) / (l - m)
    spread = (l * l - m * m) / (4 * l * l - 1)
    k = l - 1
    inner = np.maximum(k * k - m * m, 0.0) / max(4 * k * k - 1, 1.0)
    return below / np.sqrt(spread), below * np.sqrt(inner / spread)


def sph_harm_y(n, m, theta, phi, diff_n: int | None = None, n_max: int | None = None):
    """Spherical harmonics of degree n and order m.

    They are orthonormal on the sphere, with the sign of Condon and Shortley, and 0 for
    |m| > n.

    Args:
      n, m: integers, of shapes that broadcast with the angles.
      theta: the polar angle, from 0 to pi.
      phi: the azimuth, from 0 to 2 pi.
      diff_n: must be None; differentiate with grad or jvp.
      n_max: the largest degree, needed where n is traced; larger degrees are clipped.

    >>> sph_harm_y(np.array([1]), np.array([0]), np.array([0.0]), np.array([0.0]))
    Array([0.48860252+0.j], dtype=complex64)
    """
    if diff_n is not None:
        raise NotImplementedError(
            f"sph_harm_y: diff_n is not supported, got {diff_n!r}. Leave it out, and "
            "differentiate with grad or jvp."
        )
    n, m = jnp.asarray(n), jnp.asarray(m)
    if n_max is None:
        n_max = int(np.max(np.asarray(n), initial=0))
    return _sph_harm_y(n, m, theta, phi, n_max=operator.index(n_max))


@compiled(static_argnames=("n_max",))
def _sph_harm_y(n, m, theta, phi, n_max):
    theta, phi = operands("sph_harm_y", theta, phi)
    theta, phi, n, m = jnp.broadcast_arrays(theta, phi, n, m)
    dtype = theta.dtype
    order = abs(m)
    table = _table(jnp.cos(theta), n_max, True)
    degrees = np.arange(n_max + 1).reshape(-1, *[1] * theta.ndim)
    inside = (degrees == jnp.clip(n, 0, n_max))[None]
    chosen = (degrees == order)[:, None]
    # A choice among few, rather than an index: its derivative is one too.
    value = jnp.sum(jnp.where(inside & chosen, table, 0), axis=(0, 1))
    odd = (m < 0) & (order % 2 == 1)
    value = jnp.where(odd, -value, value).astype(dtype)
    angle = m.astype(dtype) * phi
    return value * jnp.cos(angle) + 1j * value * jnp.sin(angle)
