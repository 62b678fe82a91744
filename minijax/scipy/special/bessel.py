"""Bessel functions."""

import functools
import operator

from ... import numpy as jnp
from ... import special
from ...api import compiled, custom_jvp
from ...numpy.promotion import as_operand
from .arguments import operands, strong_reals


@compiled
def i0(x):
    """The modified Bessel function of the first kind of order 0.

    >>> i0(np.array([0.0, 2.0]))
    Array([1.       , 2.2795854], dtype=float32)
    """
    return special.bessel_i0(*operands("i0", x))


@compiled
def i0e(x):
    """exp(-|x|) i0(x), which does not overflow.

    >>> i0e(np.array([0.0, 1000.0]))
    Array([1.        , 0.01261724], dtype=float32)
    """
    return special.bessel_i0e(*operands("i0e", x))


@compiled
def i1(x):
    """The modified Bessel function of the first kind of order 1.

    >>> i1(np.array([0.0, 2.0]))
    Array([0.       , 1.5906368], dtype=float32)
    """
    return special.bessel_i1(*operands("i1", x))


@compiled
def i1e(x):
    """exp(-|x|) i1(x), which does not overflow.

    >>> i1e(np.array([0.0, 1000.0]))
    Array([0.        , 0.01261093], dtype=float32)
    """
    return special.bessel_i1e(*operands("i1e", x))


def bessel_jn(z, *, v: int, n_iter: int = 50):
    """Bessel functions of the first kind of orders 0, 1, ..., v.

    Args:
      z: real numbers.
      v: the highest order.
      n_iter: accepted for JAX's sake; as many steps are taken as the dtype needs.

    Returns an array of shape (v + 1, *z.shape).

    >>> bessel_jn(np.array([0.0, 1.0]), v=1)
    Array([[1.        , 0.76519763],
           [0.        , 0.44005057]], dtype=float32)
    """
    operator.index(n_iter)
    z = as_operand("bessel_jn", z)
    v = operator.index(v)
    if v < 0:
        raise ValueError(f"bessel_jn: v must not be negative, got {v}.")
    (z,) = strong_reals("bessel_jn", z)
    return _orders(z, v)


@compiled(static_argnames=("v",))
def _orders(z, v):
    return _bessel_jn(v, z)


@functools.partial(custom_jvp, nondiff_argnums=(0,))
def _bessel_jn(v, z):
    return special.bessel_orders(z, v)


@_bessel_jn.defjvp
def _bessel_jn_jvp(v, primals, tangents):
    # 2 J'(k) = J(k - 1) - J(k + 1), and J(-1) = -J(1)
    (z,), (z_dot,) = primals, tangents
    values = _bessel_jn(v + 1, z)
    before = jnp.concatenate([-values[1:2], values[:v]])
    return values[: v + 1], 0.5 * (before - values[1:]) * z_dot
