"""Uniform samples: bits, floats in an interval, integers in a range.

bits -> uniform -> every other continuous sampler
bits -> randint -> choice
"""

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..runtime.compiled import compiled
from .arguments import (
    cast,
    common_shape,
    float_dtype,
    size_of,
    spread,
    unsharded,
)
from .keys import check_key
from .streams import random_words, split_words, words_of


def bits(key, shape=(), dtype=None, *, out_sharding=None):
    """Uniform random bits as unsigned integers.

    The default dtype is `uint32`, or `uint64` when 64-bit types are on.

    >>> bits(PRNGKey(0), (2,))
    Array([4070199207, 4202968722], dtype=uint32)
    """
    check_key("bits", key)
    unsharded("bits", out_sharding)
    dtype = dtypes.explicit(_default_unsigned() if dtype is None else dtype, "bits")
    if dtype not in dtypes.UNSIGNED - dtypes.SMALL_INTS:
        raise ValueError(
            f"bits: dtype must be an unsigned integer dtype of 8 bits or more, "
            f"got {dtype}."
        )
    return _bits(key, shape=size_of("bits", shape), dtype=dtype)


def _default_unsigned():
    return dtypes.canonicalize(dtypes.uint64)


@compiled(static_argnames=("shape", "dtype"))
def _bits(key, shape, dtype):
    return random_words(words_of(key), 8 * dtype.itemsize, shape)


def uniform(key, shape=(), dtype=None, minval=0.0, maxval=1.0, *, out_sharding=None):
    """Uniform random floats in [minval, maxval).

    minval and maxval are numbers or arrays that broadcast to `shape`.

    >>> uniform(key(0), (2, 3)).shape
    (2, 3)
    """
    check_key("uniform", key)
    unsharded("uniform", out_sharding)
    dtype = float_dtype("uniform", dtype)
    shape = size_of("uniform", shape)
    common_shape("uniform", shape, minval=minval, maxval=maxval)
    if type(minval) is type(maxval) is float and (minval, maxval) == (0, 1):
        return _unit(key, shape=shape, dtype=dtype)
    return _uniform(key, minval, maxval, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _unit(key, shape, dtype):
    return unit_floats(words_of(key), shape, dtype)


@compiled(static_argnames=("shape", "dtype"))
def _uniform(key, minval, maxval, shape, dtype):
    return uniform_floats(words_of(key), shape, dtype, minval, maxval)


def unit_floats(words, shape, dtype):
    """Floats in [0, 1): multiples of 2**-m, m being the dtype's mantissa bits.

    The random bits become the mantissa of a number in [1, 2).
    """
    info = dtypes.finfo(dtype)
    width = 8 if info.nmant < 8 else info.bits
    pattern = np.dtype(f"uint{info.bits}")
    mantissa = random_words(words, width, shape)
    mantissa = lax.shift_right_logical(
        mantissa, mantissa.dtype.type(width - info.nmant)
    )
    one = np.ones((), dtype).view(pattern)[()]
    number = lax.bitwise_or(lax.convert_element_type(mantissa, pattern), one)
    number = lax.bitcast_convert_type(number, dtype)
    return lax.sub(number, np.ones((), dtype)[()])


def uniform_floats(words, shape, dtype, minval, maxval):
    """Floats in [minval, maxval) from a key as in `streams`; for use while tracing."""
    minval, maxval = cast(minval, dtype), cast(maxval, dtype)
    scaled = unit_floats(words, shape, dtype) * (maxval - minval) + minval
    # Rounding must not take a result below the interval, and max(x, x) = x if empty.
    return lax.max(scaled, jnp.broadcast_to(minval, shape))


def randint(key, shape, minval, maxval, dtype=None, *, out_sharding=None):
    """Uniform random integers in [minval, maxval).

    minval and maxval are integers or arrays of them that broadcast to `shape`; a range
    that is empty gives minval. A maxval above the largest value of the dtype stands for
    one more than that value. The remainder of random bits by the size of the range is
    taken, so small values are more frequent by a factor of up to 1 + size / 2**bits.

    >>> randint(key(0), (3,), 0, 10).dtype
    dtype('int32')
    """
    check_key("randint", key)
    unsharded("randint", out_sharding)
    dtype = dtypes.explicit(int if dtype is None else dtype, "randint")
    if dtype not in dtypes.INTS - dtypes.SMALL_INTS:
        raise TypeError(f"randint: dtype must be an integer dtype, got {dtype}.")
    shape = size_of("randint", shape)
    common_shape("randint", shape, minval=minval, maxval=maxval)
    return _randint(key, minval, maxval, shape=shape, dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _randint(key, minval, maxval, shape, dtype):
    return integers(words_of(key), shape, dtype, minval, maxval)


def integers(words, shape, dtype, minval, maxval):
    """Integers in [minval, maxval) from one key as in `streams`; for use while tracing.

    With w-bit words h and l and a range of n values, the result is

        minval + (2**w h + l) mod n      =  minval + (h (2**(w/2) mod n)**2 + l) mod n

    so that n close to 2**w does little harm. Narrow types are made from 32-bit words.
    """
    width = max(32, 8 * dtype.itemsize)
    unsigned = np.dtype(f"uint{width}")
    info = dtypes.iinfo(dtype)
    minval, maxval = _bound("minval", minval), _bound("maxval", maxval)
    lo, hi = _clamped(minval, dtype), _clamped(maxval, dtype)
    proper = hi > lo
    size = jnp.where(proper, cast(hi, unsigned) - cast(lo, unsigned), unsigned.type(1))
    if dtypes.iinfo(maxval.dtype).max > info.max:
        size = jnp.where((maxval > info.max) & proper, size + unsigned.type(1), size)
    size = jnp.broadcast_to(size, shape)

    keys = split_words(words, (2,))
    high, low = (random_words(keys[k], width, shape) for k in range(2))
    # A range of 2**w values has size 0 here, and the remainder by 0 is the dividend.
    factor = lax.rem(jnp.full(shape, 2 ** (width // 2), unsigned), size)
    factor = lax.rem(factor * factor, size)
    offset = lax.rem(lax.rem(high, size) * factor + lax.rem(low, size), size)
    return lax.add(spread(lo, shape, dtype), cast(offset, dtype))


def _bound(name, x):
    """A bound of a range as an integer array."""
    x = jnp.asarray(x)
    if x.dtype not in dtypes.REALS:
        raise TypeError(f"randint: {name} must be an integer, got {x.dtype}.")
    return cast(x, dtypes.default_int()) if x.dtype in dtypes.FLOATS else x


def _clamped(x, dtype):
    """A bound in the dtype of the samples, to whose limits it is clamped."""
    own, wanted = dtypes.iinfo(x.dtype), dtypes.iinfo(dtype)
    if own.min < wanted.min:
        x = jnp.maximum(x, x.dtype.type(wanted.min))
    if own.max > wanted.max:
        x = jnp.minimum(x, x.dtype.type(wanted.max))
    return cast(x, dtype)
