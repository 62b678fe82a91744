"""Neural networks from layers, each a pair of functions (init, apply).

    out_shape, params = init(key, input_shape)
    outputs = apply(params, inputs, rng=None)

Layers are combined by `serial` and `parallel` into layers:

    init, apply = serial(Dense(512), Relu, Dense(10), LogSoftmax)

A size of -1 in a shape stands for a batch of any size.
"""

import functools
import operator

from .. import lax, random
from .. import numpy as jnp
from ..api import ShapeDtypeStruct, eval_shape
from ..nn import (
    elu as elu,
)
from ..nn import (
    gelu as gelu,
)
from ..nn import (
    leaky_relu as leaky_relu,
)
from ..nn import (
    log_softmax as log_softmax,
)
from ..nn import (
    relu as relu,
)
from ..nn import (
    selu as selu,
)
from ..nn import (
    sigmoid as sigmoid,
)
from ..nn import (
    softmax as softmax,
)
from ..nn import (
    softplus as softplus,
)
from ..nn import (
    standardize as standardize,
)
from ..nn.initializers import glorot_normal as glorot_normal
from ..nn.initializers import normal as normal
from ..nn.initializers import ones as ones
from ..nn.initializers import zeros as zeros

__all__ = [
    "AvgPool",
    "BatchNorm",
    "Conv",
    "Conv1DTranspose",
    "ConvTranspose",
    "Dense",
    "Dropout",
    "Elu",
    "Exp",
    "FanInConcat",
    "FanInSum",
    "FanOut",
    "Flatten",
    "Gelu",
    "GeneralConv",
    "GeneralConvTranspose",
    "Identity",
    "LeakyRelu",
    "LogSoftmax",
    "MaxPool",
    "Relu",
    "Selu",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SumPool",
    "Tanh",
    "elementwise",
    "elu",
    "gelu",
    "glorot",
    "glorot_normal",
    "leaky_relu",
    "log_softmax",
    "logsoftmax",
    "normal",
    "ones",
    "parallel",
    "randn",
    "relu",
    "selu",
    "serial",
    "shape_dependent",
    "sigmoid",
    "softmax",
    "softplus",
    "standardize",
    "zeros",
]

# Names that older programs use.
logsoftmax = log_softmax
randn = normal
glorot = glorot_normal


_SPREAD = glorot_normal()
_NEAR_ZERO = normal()
_AT_ZERO = normal(1e-6)


def Dense(out_dim, W_init=_SPREAD, b_init=_NEAR_ZERO):
    """A layer x W + b with out_dim outputs; params (W, b).

    >>> init, apply = Dense(3)
    >>> out_shape, (W, b) = init(random.key(0), (-1, 5))
    >>> out_shape, W.shape, b.shape
    ((-1, 3), (5, 3), (3,))
    """

    def init_fun(rng, input_shape):
        W_key, b_key = random.split(rng)
        W = W_init(W_key, (input_shape[-1], out_dim))
        return (*input_shape[:-1], out_dim), (W, b_init(b_key, (out_dim,)))

    def apply_fun(params, inputs, **kwargs):
        W, b = params
        return jnp.dot(inputs, W) + b

    return init_fun, apply_fun


def GeneralConv(
    dimension_numbers,
    out_chan,
    filter_shape,
    strides=None,
    padding="VALID",
    W_init=None,
    b_init=_AT_ZERO,
):
    """A convolution with a bias; params (W, b).

    Args:
      dimension_numbers: the meaning of the axes of input, filter and output, as
        ("NHWC", "HWIO", "NHWC").
      out_chan: the number of channels of the output.
      filter_shape: the spatial sizes of the filter.
    """

    def convolve(x, W):
        return lax.conv_general_dilated(
            x, W, steps, padding, dimension_numbers=dimension_numbers
        )

    steps = strides or (1,) * len(filter_shape)
    return _convolution(
        convolve, dimension_numbers, out_chan, filter_shape, W_init, b_init
    )


Conv = functools.partial(GeneralConv, ("NHWC", "HWIO", "NHWC"))


def GeneralConvTranspose(
    dimension_numbers,
    out_chan,
    filter_shape,
    strides=None,
    padding="VALID",
    W_init=None,
    b_init=_AT_ZERO,
):
    """A transposed convolution with a bias, which enlarges by the strides.

    Arguments and params are those of `GeneralConv`.
    """

    def convolve(x, W):
        return lax.conv_transpose(
            x, W, steps, padding, dimension_numbers=dimension_numbers
        )

    steps = strides or (1,) * len(filter_shape)
    return _convolution(
        convolve, dimension_numbers, out_chan, filter_shape, W_init, b_init
    )


Conv1DTranspose = functools.partial(GeneralConvTranspose, ("NHC", "HIO", "NHC"))
ConvTranspose = functools.partial(GeneralConvTranspose, ("NHWC", "HWIO", "NHWC"))


def _convolution(convolve, dimension_numbers, out_chan, filter_shape, W_init, b_init):
    lhs, rhs, out = dimension_numbers
    W_init = W_init or glorot_normal(rhs.index("I"), rhs.index("O"))

    def init_fun(rng, input_shape):
        sizes = iter(filter_shape)
        channels = {"O": out_chan, "I": input_shape[lhs.index("C")]}
        kernel = [channels[c] if c in channels else next(sizes) for c in rhs]
        bias = [out_chan if c == "C" else 1 for c in out]
        W_key, b_key = random.split(rng)
        params = W_init(W_key, kernel), b_init(b_key, bias)
        batch = lhs.index("N")
        shape = _shape_of(lambda x: convolve(x, params[0]), input_shape, batch)
        return shape, params

    def apply_fun(params, inputs, **kwargs):
        W, b = params
        return convolve(inputs, W) + b

    return init_fun, apply_fun


def _shape_of(function, input_shape, batch):
    """The shape of a result, where the batch may be of size -1."""
    sizes = list(input_shape)
    any_size, sizes[batch] = sizes[batch], max(sizes[batch], 1)
    out = list(eval_shape(function, ShapeDtypeStruct(sizes, jnp.float32)).shape)
    out[batch] = any_size
    return tuple(out)


def BatchNorm(
    axis=(0, 1, 2),
    epsilon=1e-5,
    center=True,
    scale=True,
    beta_init=zeros,
    gamma_init=ones,
):
    """Inputs standardized along axes, times gamma, plus beta; params (beta, gamma).

    Without `center` there is no beta, without `scale` no gamma: an empty tuple.
    """
    axis = (axis,) if isinstance(axis, int) else tuple(axis)

    def init_fun(rng, input_shape):
        shape = tuple([n for k, n in enumerate(input_shape) if k not in axis])
        beta_key, gamma_key = random.split(rng)
        beta = beta_init(beta_key, shape) if center else ()
        gamma = gamma_init(gamma_key, shape) if scale else ()
        return input_shape, (beta, gamma)

    def apply_fun(params, x, **kwargs):
        beta, gamma = params
        z = standardize(x, axis, epsilon=epsilon)
        if scale:
            z = z * jnp.expand_dims(gamma, axis)
        return z + jnp.expand_dims(beta, axis) if center else z

    return init_fun, apply_fun


def elementwise(fun, **fun_kwargs):
    """A layer without params that applies a function to its inputs."""

    def init_fun(rng, input_shape):
        return input_shape, ()

    def apply_fun(params, inputs, **kwargs):
        return fun(inputs, **fun_kwargs)

    return init_fun, apply_fun


Tanh = elementwise(jnp.tanh)
Relu = elementwise(relu)
Exp = elementwise(jnp.exp)
LogSoftmax = elementwise(log_softmax, axis=-1)
Softmax = elementwise(softmax, axis=-1)
Softplus = elementwise(softplus)
Sigmoid = elementwise(sigmoid)
Elu = elementwise(elu)
LeakyRelu = elementwise(leaky_relu)
Selu = elementwise(selu)
Gelu = elementwise(gelu)


def _pooling(pool):
    """The constructor of layers from pool(inputs, window, strides, padding)."""

    def layer(window_shape, strides=None, padding="VALID", spec=None):
        strides = strides or (1,) * len(window_shape)
        batch, channels = 0, len(window_shape) + 1
        if spec is not None:
            batch, channels = spec.index("N"), spec.index("C")
        window, steps = [
            _with_ones(sizes, batch, channels) for sizes in (window_shape, strides)
        ]

        def init_fun(rng, input_shape):
            pooled = functools.partial(
                pool, window=window, strides=steps, padding=padding
            )
            return _shape_of(pooled, input_shape, batch), ()

        def apply_fun(params, inputs, **kwargs):
            return pool(inputs, window, steps, padding)

        return init_fun, apply_fun

    return layer


def _with_ones(sizes, *places):
    sizes = list(sizes)
    for place in sorted(places):
        sizes.insert(place, 1)
    return tuple(sizes)


def _max_pool(x, window, strides, padding):
    return lax.reduce_window(x, -jnp.inf, lax.max, window, strides, padding)


def _sum_pool(x, window, strides, padding):
    return lax.reduce_window(x, 0.0, lax.add, window, strides, padding)


def _average_pool(x, window, strides, padding):
    # Padding does not count.
    ones = [1 if n == 1 else size for n, size in zip(window, x.shape, strict=True)]
    counts = _sum_pool(jnp.ones(ones, x.dtype), window, strides, padding)
    return _sum_pool(x, window, strides, padding) / counts


MaxPool = _pooling(_max_pool)
SumPool = _pooling(_sum_pool)
AvgPool = _pooling(_average_pool)


def _flatten():
    def init_fun(rng, input_shape):
        return (input_shape[0], functools.reduce(operator.mul, input_shape[1:], 1)), ()

    def apply_fun(params, inputs, **kwargs):
        return jnp.reshape(inputs, (inputs.shape[0], -1))

    return init_fun, apply_fun


Flatten = _flatten()
Identity = elementwise(lambda x: x)


def FanOut(num):
    """A layer whose outputs are `num` times its input.

    >>> init, apply = FanOut(2)
    >>> apply((), 1.0)
    [1.0, 1.0]
    """

    def init_fun(rng, input_shape):
        return [input_shape] * num, ()

    def apply_fun(params, inputs, **kwargs):
        return [inputs] * num

    return init_fun, apply_fun


def _fan_in_sum():
    def init_fun(rng, input_shape):
        return input_shape[0], ()

    def apply_fun(params, inputs, **kwargs):
        return sum(inputs)

    return init_fun, apply_fun


FanInSum = _fan_in_sum()


def FanInConcat(axis=-1):
    """A layer that joins its inputs along an axis."""

    def init_fun(rng, input_shape):
        out = list(input_shape[0])
        out[axis] = sum([shape[axis] for shape in input_shape])
        return tuple(out), ()

    def apply_fun(params, inputs, **kwargs):
        return jnp.concatenate(inputs, axis)

    return init_fun, apply_fun


def Dropout(rate, mode="train"):
    """A layer that keeps elements with probability `rate`, divided by it, else gives 0.

    In another mode than "train" it changes nothing. Its apply function needs a key:
    apply_fun(params, inputs, rng=key).
    """

    def init_fun(rng, input_shape):
        return input_shape, ()

    def apply_fun(params, inputs, **kwargs):
        rng = kwargs.get("rng")
        if rng is None:
            raise ValueError(
                "Dropout: the apply function needs a PRNG key. Instead of "
                "`apply_fun(params, inputs)`, call `apply_fun(params, inputs, rng=key)`"
                " with a key, for instance from `random.key`."
            )
        if mode != "train":
            return inputs
        keep = random.bernoulli(rng, rate, inputs.shape)
        return jnp.where(keep, inputs / rate, 0)

    return init_fun, apply_fun


def serial(*layers):
    """One layer after the other; params are a list of those of the layers.

    >>> init, apply = serial(Dense(4), Relu, Dense(2))
    >>> out_shape, params = init(random.key(0), (-1, 3))
    >>> out_shape, apply(params, jnp.ones((5, 3))).shape
    ((-1, 2), (5, 2))
    """
    inits, applies = _transposed(layers)

    def init_fun(rng, input_shape):
        params = []
        for init in inits:
            rng, key = random.split(rng)
            input_shape, layer_params = init(key, input_shape)
            params.append(layer_params)
        return input_shape, params

    def apply_fun(params, inputs, **kwargs):
        keys = _keys(kwargs.pop("rng", None), len(applies))
        for apply, layer_params, key in zip(applies, params, keys, strict=True):
            inputs = apply(layer_params, inputs, rng=key, **kwargs)
        return inputs

    return init_fun, apply_fun


def parallel(*layers):
    """Layers side by side: a sequence of inputs to a list of outputs.

    Shapes and params are tuples, one for each layer. Often between `FanOut` and
    `FanInSum`.
    """
    inits, applies = _transposed(layers)

    def init_fun(rng, input_shape):
        keys = random.split(rng, len(inits))
        pairs = [
            init(key, shape)
            for init, key, shape in zip(inits, keys, input_shape, strict=True)
        ]
        return _transposed(pairs)

    def apply_fun(params, inputs, **kwargs):
        keys = _keys(kwargs.pop("rng", None), len(applies))
        return [
            apply(layer_params, x, rng=key, **kwargs)
            for apply, layer_params, x, key in zip(
                applies, params, inputs, keys, strict=True
            )
        ]

    return init_fun, apply_fun


def _transposed(pairs):
    return tuple([pair[0] for pair in pairs]), tuple([pair[1] for pair in pairs])


def _keys(rng, count):
    return [None] * count if rng is None else random.split(rng, count)


def shape_dependent(make_layer):
    """A layer that is made when the shape of its input is known.

    Args:
      make_layer: a function from an input shape to a layer.
    """

    def init_fun(rng, input_shape):
        return make_layer(input_shape)[0](rng, input_shape)

    def apply_fun(params, inputs, **kwargs):
        return make_layer(inputs.shape)[1](params, inputs, **kwargs)

    return init_fun, apply_fun
