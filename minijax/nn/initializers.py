"""Initial values of the parameters of a network, drawn at random.

An initializer is a function `(key, shape, dtype=None) -> array`. Functions here make
them, except `zeros` and `ones`, which are initializers themselves.

    init = variance_scaling(2.0, "fan_in", "normal")      make it
    w = init(key, (784, 256))                             use it

An axis of the weights is an input, an output, a batch axis or part of the receptive
field; fan_in and fan_out count inputs and outputs times the size of the field.
"""

import math
from typing import Any, Protocol

import numpy as np

from .. import dtypes, random
from .. import numpy as jnp
from .. import primitives as lax

__all__ = [
    "Initializer",
    "constant",
    "delta_orthogonal",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]


class Initializer(Protocol):
    """What an initializer is: a function of a key, a shape and a dtype."""

    def __call__(self, key, shape, dtype=None, out_sharding=None) -> Any:
        """An array of this shape and dtype."""


def _chosen(dtype, default, where):
    """The dtype asked for in the call, or when the initializer was made, or float."""
    dtype = default if dtype is None else dtype
    return dtypes.explicit(float if dtype is None else dtype, where)


def zeros(key, shape, dtype=None, out_sharding=None):
    """An array of zeros; the key is not used.

    >>> minijax.nn.initializers.zeros(None, (2,))
    Array([0., 0.], dtype=float32)
    """
    return jnp.zeros(shape, _chosen(dtype, None, "zeros"))


def ones(key, shape, dtype=None, out_sharding=None):
    """An array of ones; the key is not used.

    >>> minijax.nn.initializers.ones(None, (2,))
    Array([1., 1.], dtype=float32)
    """
    return jnp.ones(shape, _chosen(dtype, None, "ones"))


def constant(value, dtype=None) -> Initializer:
    """Make an initializer that gives one value, or an array that broadcasts.

    >>> minijax.nn.initializers.constant(7)(None, (2,))
    Array([7., 7.], dtype=float32)
    """

    def init(key, shape, dtype=dtype, out_sharding=None):
        return jnp.full(shape, value, _chosen(dtype, None, "constant"))

    return init


def uniform(scale=1e-2, dtype=None) -> Initializer:
    """Make an initializer that draws uniformly from [0, scale).

    >>> minijax.nn.initializers.uniform()(random.key(0), (2, 3)).shape
    (2, 3)
    """

    def init(key, shape, dtype=dtype, out_sharding=None):
        dtype = _chosen(dtype, None, "uniform")
        return random.uniform(key, shape, dtype) * jnp.array(scale, dtype)

    return init


def normal(stddev=1e-2, dtype=None) -> Initializer:
    """Make an initializer that draws normal values of this standard deviation.

    >>> minijax.nn.initializers.normal()(random.key(0), (2, 3)).shape
    (2, 3)
    """

    def init(key, shape, dtype=dtype, out_sharding=None):
        dtype = _chosen(dtype, None, "normal")
        return random.normal(key, shape, dtype) * jnp.array(stddev, dtype)

    return init


def truncated_normal(stddev=1e-2, dtype=None, lower=-2.0, upper=2.0) -> Initializer:
    """Make an initializer that draws normal values cut off at lower and upper.

    The bounds are in units of `stddev`, which is the deviation before the cut.

    >>> minijax.nn.initializers.truncated_normal()(random.key(0), (2, 3)).shape
    (2, 3)
    """

    def init(key, shape, dtype=dtype, out_sharding=None):
        dtype = _chosen(dtype, None, "truncated_normal")
        drawn = random.truncated_normal(key, lower, upper, shape, dtype)
        return drawn * jnp.array(stddev, dtype)

    return init


def _fans(shape, in_axis, out_axis, batch_axis):
    """fan_in and fan_out of weights of a shape."""
    if len(shape) <= 1 and (in_axis, out_axis) == (-2, -1):
        raise ValueError(
            f"variance_scaling: weights of rank {len(shape)} have no axes -2 and -1. "
            "Pass in_axis and out_axis, or a shape of rank 2 or more."
        )
    size_in, size_out, n_batch = (
        math.prod(
            shape[k] for k in (axes if isinstance(axes, tuple | list) else [axes])
        )
        for axes in (in_axis, out_axis, batch_axis)
    )
    field = math.prod(shape) / size_in / size_out / n_batch
    return size_in * field, size_out * field


def variance_scaling(
    scale, mode, distribution, in_axis=-2, out_axis=-1, batch_axis=(), dtype=None
) -> Initializer:
    """Make an initializer whose values have variance scale / fan.

    mode says what fan is: "fan_in", "fan_out", "fan_avg" (their mean) or
    "fan_geo_avg" (their geometric mean). distribution is "uniform", "normal" or
    "truncated_normal", which is cut off at 2 deviations.

    >>> init = minijax.nn.initializers.variance_scaling(1.0, "fan_in", "uniform")
    >>> init(random.key(0), (4, 2)).shape
    (4, 2)
    """
    if mode not in ("fan_in", "fan_out", "fan_avg", "fan_geo_avg"):
        raise ValueError(
            'variance_scaling: mode must be "fan_in", "fan_out", "fan_avg" or '
            f'"fan_geo_avg", got {mode!r}.'
        )
    if distribution not in ("normal", "truncated_normal", "uniform"):
        raise ValueError(
            'variance_scaling: distribution must be "normal", "truncated_normal" or '
            f'"uniform", got {distribution!r}.'
        )

    def init(key, shape, dtype=dtype, out_sharding=None):
        dtype = _chosen(dtype, None, "variance_scaling")
        fan_in, fan_out = _fans(shape, in_axis, out_axis, batch_axis)
        fan = {
            "fan_in": fan_in,
            "fan_out": fan_out,
            "fan_avg": (fan_in + fan_out) / 2,
            "fan_geo_avg": math.sqrt(fan_in * fan_out),
        }[mode]
        return _DRAW[distribution](key, shape, dtype, jnp.array(scale / fan, dtype))

    return init


def _draw_normal(key, shape, dtype, variance):
    return random.normal(key, shape, dtype) * jnp.sqrt(variance)


def _draw_uniform(key, shape, dtype, variance):
    if dtype in dtypes.COMPLEX:
        return _in_disc(key, shape, dtype, lambda u: u) * jnp.sqrt(2 * variance)
    return random.uniform(key, shape, dtype, -1) * jnp.sqrt(3 * variance)


# The standard deviations of what is left of standard normal values: of real ones within
# [-2, 2], and of complex ones, of variance 1, within the disc of radius 2.
_REAL_DEVIATION = 0.87962566103423978
_COMPLEX_DEVIATION = 0.95311164380491208


def _draw_truncated_normal(key, shape, dtype, variance):
    if dtype in dtypes.COMPLEX:
        drawn = _in_disc(key, shape, dtype, _radius_of_normal)
        return drawn * (jnp.sqrt(variance) / _COMPLEX_DEVIATION)
    drawn = random.truncated_normal(key, -2, 2, shape, dtype)
    return drawn * (jnp.sqrt(variance) / jnp.array(_REAL_DEVIATION, dtype))


def _radius_of_normal(u):
    """Squared distance from 0 of a complex normal value, at most 4, from a uniform."""
    return -jnp.log1p(u * (math.exp(-4) - 1))


def _in_disc(key, shape, dtype, squared_radius):
    """Complex values at random angles, their squared radius a function of a uniform."""
    key_radius, key_angle = random.split(key)
    part = np.dtype(f"float{4 * dtype.itemsize}")
    r = jnp.sqrt(squared_radius(random.uniform(key_radius, shape, part)))
    angle = 2 * math.pi * random.uniform(key_angle, shape, part)
    return r * lax.complex(jnp.cos(angle), jnp.sin(angle))


_DRAW = {
    "normal": _draw_normal,
    "uniform": _draw_uniform,
    "truncated_normal": _draw_truncated_normal,
}


def glorot_uniform(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None) -> Initializer:
    """Make a uniform initializer of variance 1 / fan_avg, also known as Xavier's.

    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010.
    """
    return variance_scaling(
        1.0, "fan_avg", "uniform", in_axis, out_axis, batch_axis, dtype
    )


def glorot_normal(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None) -> Initializer:
    """Make a truncated normal initializer of variance 1 / fan_avg, Xavier's."""
    return variance_scaling(
        1.0, "fan_avg", "truncated_normal", in_axis, out_axis, batch_axis, dtype
    )


def lecun_uniform(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None) -> Initializer:
    """Make a uniform initializer of variance 1 / fan_in.

    Y. LeCun, L. Bottou, G. Orr, K.-R. Mueller, "Efficient BackProp", 1998.
    """
    return variance_scaling(
        1.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype
    )


def lecun_normal(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None) -> Initializer:
    """Make a truncated normal initializer of variance 1 / fan_in."""
    return variance_scaling(
        1.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype
    )


def he_uniform(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None) -> Initializer:
    """Make a uniform initializer of variance 2 / fan_in, also known as Kaiming's.

    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015.
    """
    return variance_scaling(
        2.0, "fan_in", "uniform", in_axis, out_axis, batch_axis, dtype
    )


def he_normal(in_axis=-2, out_axis=-1, batch_axis=(), dtype=None) -> Initializer:
    """Make a truncated normal initializer of variance 2 / fan_in, Kaiming's."""
    return variance_scaling(
        2.0, "fan_in", "truncated_normal", in_axis, out_axis, batch_axis, dtype
    )


xavier_uniform, xavier_normal = glorot_uniform, glorot_normal
kaiming_uniform, kaiming_normal = he_uniform, he_normal


def orthogonal(scale=1.0, column_axis=-1, dtype=None) -> Initializer:
    """Make an initializer that draws orthogonal matrices, times `scale`.

    `column_axis` holds the columns, all other axes together the rows; whichever are
    fewer are orthonormal. A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks", ICLR 2014.

    >>> minijax.nn.initializers.orthogonal()(random.key(0), (3, 2)).shape
    (3, 2)
    """

    def init(key, shape, dtype=dtype, out_sharding=None):
        dtype = _chosen(dtype, None, "orthogonal")
        if len(shape) < 2:
            raise ValueError(
                f"orthogonal: the shape must have rank 2 or more, got {tuple(shape)}."
            )
        n_cols = shape[column_axis]
        n_rows = math.prod(shape) // n_cols
        q = random.orthogonal(key, n_rows, dtype=dtype, m=n_cols)
        rest = list(shape)
        del rest[column_axis]
        q = jnp.moveaxis(jnp.reshape(q, (*rest, n_cols)), -1, column_axis)
        return jnp.array(scale, dtype) * q

    return init


def delta_orthogonal(scale=1.0, column_axis=-1, dtype=None) -> Initializer:
    """Make an initializer of convolution kernels: orthogonal at the centre, else 0.

    The shape is (*field, n_in, n_out), with 1 to 3 axes of the field and n_in at most
    n_out. L. Xiao, Y. Bahri, J. Sohl-Dickstein, S. Schoenholz, J. Pennington,
    "Dynamical isometry and a mean field theory of CNNs", ICML 2018.

    >>> minijax.nn.initializers.delta_orthogonal()(random.key(0), (3, 2, 2)).shape
    (3, 2, 2)
    """

    def init(key, shape, dtype=dtype, out_sharding=None):
        dtype = _chosen(dtype, None, "delta_orthogonal")
        if len(shape) not in (3, 4, 5):
            raise ValueError(
                "delta_orthogonal: the shape must have rank 3, 4 or 5, "
                f"got {tuple(shape)}."
            )
        *field, n_in, n_out = shape
        if n_in > n_out:
            raise ValueError(
                "delta_orthogonal: the kernel must have at most as many inputs as "
                f"outputs, got {n_in} and {n_out}."
            )
        matrix = orthogonal(scale, column_axis)(key, (n_in, n_out), dtype)
        before = [(n - 1) // 2 for n in field]
        padding = [(k, n - 1 - k, 0) for k, n in zip(before, field, strict=True)]
        centre = jnp.reshape(matrix, (*[1] * len(field), n_in, n_out))
        return lax.pad(centre, jnp.zeros((), dtype), [*padding, (0, 0, 0), (0, 0, 0)])

    return init
