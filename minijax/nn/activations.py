"""Activation functions: elementwise functions between the layers of a network.

All take an array or a number of any real type and keep its float type; weakly typed
numbers stay weak. Functions with a kink have the derivative that trains best there: 0
for `relu` at 0.
"""

import math

from .. import numpy as jnp
from .. import primitives as lax
from ..numpy.promotion import as_operand, canonical_axis, promote_inexact
from ..runtime.compiled import compiled

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "identity",
    "leaky_relu",
    "log1mexp",
    "log_sigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_sign",
    "softplus",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "swish",
    "tanh",
]


def identity(x):
    """The argument itself, as an array.

    >>> identity(2.0).weak_type
    True
    """
    return jnp.asarray(as_operand("identity", x))


@compiled
def relu(x):
    """The positive part, max(x, 0). Its derivative at 0 is 0.

    >>> relu(np.array([-1.0, 0.0, 2.0], np.float32))
    Array([0., 0., 2.], dtype=float32)
    """
    x = as_operand("relu", x)
    return jnp.where(x <= 0, 0, x)  # keeps nan


@compiled
def relu6(x):
    """max(x, 0), at most 6. Its derivatives at 0 and 6 are 0.

    >>> relu6(np.array([-1.0, 3.0, 7.0], np.float32))
    Array([0., 3., 6.], dtype=float32)
    """
    x = as_operand("relu6", x)
    return jnp.where(x <= 0, 0, jnp.where(x >= 6, 6.0, x))


@compiled
def leaky_relu(x, negative_slope=0.01):
    """x where it is at least 0, else x times `negative_slope`.

    >>> leaky_relu(np.array([-1.0, 2.0], np.float32), 0.5)
    Array([-0.5,  2. ], dtype=float32)
    """
    x = as_operand("leaky_relu", x)
    return jnp.where(x >= 0, x, negative_slope * x)


@compiled
def sigmoid(x):
    """The logistic function 1 / (1 + exp(-x)) of floats.

    >>> sigmoid(0.0)
    Array(0.5, dtype=float32, weak_type=True)
    """
    return lax.logistic(as_operand("sigmoid", x))


@compiled
def log_sigmoid(x):
    """log(sigmoid(x)), without underflow: -softplus(-x).

    >>> log_sigmoid(-1000.0)
    Array(-1000., dtype=float32, weak_type=True)
    """
    x = as_operand("log_sigmoid", x)
    return -softplus(-x)


@compiled
def softplus(x):
    """log(1 + exp(x)), without overflow: a smooth `relu`.

    >>> softplus(1000.0)
    Array(1000., dtype=float32, weak_type=True)
    """
    return jnp.logaddexp(as_operand("softplus", x), 0)


@compiled
def sparse_plus(x):
    """0 below -1, x above 1, and the parabola (x + 1)**2 / 4 between.

    >>> sparse_plus(0.0)
    Array(0.25, dtype=float32, weak_type=True)
    """
    x = as_operand("sparse_plus", x)
    return jnp.where(x <= -1.0, 0.0, jnp.where(x >= 1, x, (x + 1.0) ** 2 / 4))


@compiled
def sparse_sigmoid(x):
    """0 below -1, 1 above 1, and linear between: the derivative of `sparse_plus`.

    >>> sparse_sigmoid(0.5)
    Array(0.75, dtype=float32, weak_type=True)
    """
    return 0.5 * jnp.clip(as_operand("sparse_sigmoid", x) + 1.0, 0.0, 2.0)


@compiled
def soft_sign(x):
    """x / (1 + abs(x)).

    >>> soft_sign(1.0)
    Array(0.5, dtype=float32, weak_type=True)
    """
    x = as_operand("soft_sign", x)
    return x / (jnp.abs(x) + 1)


@compiled
def silu(x):
    """x * sigmoid(x), also known as swish, of floats.

    >>> silu(0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    x = as_operand("silu", x)
    return x * sigmoid(x)


swish = silu


@compiled
def mish(x):
    """x * tanh(softplus(x)).

    >>> mish(0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    x = as_operand("mish", x)
    return x * jnp.tanh(softplus(x))


@compiled
def hard_tanh(x):
    """x clipped to [-1, 1]; integers stay integers.

    >>> hard_tanh(np.array([-2.0, 0.5], np.float32))
    Array([-1. ,  0.5], dtype=float32)
    """
    x = as_operand("hard_tanh", x)
    return jnp.where(x > 1, 1, jnp.where(x < -1, -1, x))


@compiled
def hard_sigmoid(x):
    """(x + 3) / 6 clipped to [0, 1]: `sigmoid` in straight lines.

    >>> hard_sigmoid(0.0)
    Array(0.5, dtype=float32, weak_type=True)
    """
    return relu6(as_operand("hard_sigmoid", x) + 3.0) / 6.0


@compiled
def hard_silu(x):
    """x * hard_sigmoid(x), also known as hard swish.

    >>> hard_silu(4.0)
    Array(4., dtype=float32, weak_type=True)
    """
    x = as_operand("hard_silu", x)
    return x * hard_sigmoid(x)


hard_swish = hard_silu


@compiled
def elu(x, alpha=1.0):
    """x where it is positive, else alpha * (exp(x) - 1).

    >>> elu(np.array([-100.0, 2.0], np.float32))
    Array([-1.,  2.], dtype=float32)
    """
    x = as_operand("elu", x)
    # exp of a large positive x would be infinite, and its derivative times 0 is nan.
    negative = jnp.where(x > 0, 0.0, x)
    return jnp.where(x > 0, x, alpha * jnp.expm1(negative))


@compiled
def celu(x, alpha=1.0):
    """max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1): `elu` with derivative 1 at 0.

    >>> celu(np.array([-100.0, 2.0], np.float32), 2.0)
    Array([-2.,  2.], dtype=float32)
    """
    x = as_operand("celu", x)
    return jnp.maximum(x, 0.0) + alpha * jnp.expm1(jnp.minimum(x, 0.0) / alpha)


@compiled
def selu(x):
    """`elu` scaled so that layers keep mean 0 and variance 1.

    The constants are the fixed point of G. Klambauer, T. Unterthiner, A. Mayr, S.
    Hochreiter, "Self-normalizing neural networks", NIPS 2017.

    >>> selu(np.array([0.0, 1.0], np.float32))
    Array([0.      , 1.050701], dtype=float32)
    """
    alpha = 1.6732632423543772848170429916717
    scale = 1.0507009873554804934193349852946
    return scale * elu(as_operand("selu", x), alpha)


@compiled(static_argnames=("approximate",))
def gelu(x, approximate=True):
    """x times the normal distribution function of x.

    By default the distribution function is approximated by a hyperbolic tangent; with
    approximate=False it is computed by `erfc`. D. Hendrycks, K. Gimpel, "Gaussian error
    linear units", 2016.

    >>> gelu(np.array([0.0, 1.0], np.float32), approximate=False)
    Array([0.       , 0.8413447], dtype=float32)
    """
    (x,) = promote_inexact("gelu", x)
    constant = x.dtype.type
    if approximate:
        inner = constant(math.sqrt(2 / math.pi)) * (x + constant(0.044715) * x**3)
        return x * (constant(0.5) * (1 + jnp.tanh(inner)))
    return x * (constant(0.5) * lax.erfc(-x * constant(math.sqrt(0.5))))


@compiled(static_argnames=("axis",))
def glu(x, axis=-1):
    """The first half of x along an axis, times `sigmoid` of the second half.

    >>> glu(np.array([2.0, 0.0], np.float32))
    Array([1.], dtype=float32)
    """
    x = as_operand("glu", x)
    axis = canonical_axis("glu", axis, x.ndim)
    half, odd = divmod(x.shape[axis], 2)
    if odd:
        raise ValueError(
            f"glu: the size of axis {axis} must be even, got shape {x.shape}."
        )
    value = lax.slice_in_dim(x, 0, half, axis=axis)
    gate = lax.slice_in_dim(x, half, 2 * half, axis=axis)
    return value * sigmoid(gate)


@compiled
def squareplus(x, b=4):
    """(x + sqrt(x**2 + b)) / 2, a smooth `relu` made of algebra.

    >>> squareplus(0.0)
    Array(1., dtype=float32, weak_type=True)
    """
    x = as_operand("squareplus", x)
    return (x + jnp.sqrt(x * x + b)) / 2


@compiled
def tanh(x):
    """The hyperbolic tangent.

    >>> tanh(0.0)
    Array(0., dtype=float32, weak_type=True)
    """
    return jnp.tanh(as_operand("tanh", x))


@compiled
def log1mexp(x):
    """log(1 - exp(-x)) for x > 0, accurate for small and for large x.

    M. Maechler, "Accurately computing log(1 - exp(-|a|))", R package Rmpfr, 2012: the
    two forms lose the same accuracy at x = log 2.

    >>> log1mexp(1e-20)
    Array(-46.0517, dtype=float32, weak_type=True)
    """
    x = as_operand("log1mexp", x)
    small = jnp.log(-jnp.expm1(-x))
    return jnp.where(x < math.log(2), small, jnp.log1p(-jnp.exp(-x)))
