"""The random number generators that XLA itself provides.

    k:u32[4] x:u32[3] = rng_bit_generator[algorithm=RNG_PHILOX ...] k:u32[4]
    x:f32[3]          = rng_uniform[shape=(3,)] a:f32[] b:f32[]

The first is a function of its key, the second of a hidden state. Philox and Threefry
are from J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers:
as easy as 1, 2, 3", SC 2011.
"""

import enum
import functools

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.primitive import JvpRule, Primitive
from ..core.rules import zero_tangent
from .elementwise import FLOATS, INTS, add, convert_element_type, div, mul, rem, sub
from .index import dynamic_index_in_dim, dynamic_update_index_in_dim
from .shape import broadcast_in_dim, move_batch

__all__ = [
    "RandomAlgorithm",
    "rng_bit_generator",
    "rng_bit_generator_p",
    "rng_uniform",
    "rng_uniform_p",
]


class RandomAlgorithm(enum.IntEnum):
    """The algorithm of `rng_bit_generator`; the default is the platform's own."""

    RNG_DEFAULT = 0
    RNG_THREE_FRY = 1
    RNG_PHILOX = 2

    def __str__(self):
        return self.name


_TEXT = {
    RandomAlgorithm.RNG_DEFAULT: "DEFAULT",
    RandomAlgorithm.RNG_THREE_FRY: "THREE_FRY",
    RandomAlgorithm.RNG_PHILOX: "PHILOX",
}
_STATES = {(4,): dtypes.uint32, (2,): dtypes.uint64}
_WORDS = frozenset(map(np.dtype, ("uint8", "uint16", "uint32", "uint64")))


def rng_bit_generator(
    key,
    shape,
    dtype=np.uint32,
    algorithm=RandomAlgorithm.RNG_DEFAULT,
    *,
    out_sharding=None,
):
    """The next key, and random bits of a shape as unsigned integers.

    The key is `uint32[4]` or `uint64[2]`. Under `vmap` over keys the bits of all
    members come from the first key, and only that key advances: XLA runs one generator.

    >>> key, bits = rng_bit_generator(np.arange(4, dtype=np.uint32), (3,))
    >>> bits.shape, bits.dtype
    ((3,), dtype('uint32'))
    """
    if out_sharding is not None:
        raise NotImplementedError(
            "rng_bit_generator: out_sharding is not supported. "
            "Use with_sharding_constraint on the result."
        )
    shape = tuple(map(int, shape))
    dtype = dtypes.explicit(dtype, "rng_bit_generator")
    algorithm = RandomAlgorithm(algorithm)
    out = rng_bit_generator_p.bind(key, shape=shape, dtype=dtype, algorithm=algorithm)
    return tuple(out)


def _rng_bit_generator_abstract(key, *, shape, dtype, algorithm):
    if dtype not in _WORDS:
        raise TypeError(
            f"rng_bit_generator: the dtype must be an unsigned integer dtype of 8 bits "
            f"or more, got {dtype}."
        )
    if _STATES.get(key.shape) != key.dtype:
        raise TypeError(
            f"rng_bit_generator: the key must be u32[4] or u64[2], got {key}. "
            "Map over several keys with vmap."
        )
    return ShapedArray(key.shape, key.dtype), ShapedArray(shape, dtype)


def _rng_bit_generator_batch(size, operands, dims, *, shape, **params):
    keys = move_batch(size, operands[0], dims[0], 0)
    first = dynamic_index_in_dim(keys, 0, keepdims=False)
    new, bits = rng_bit_generator_p.bind(first, shape=(size, *shape), **params)
    return [dynamic_update_index_in_dim(keys, new, 0, 0), bits], [0, 0]


def _rng_bit_generator_lower(hlo, out, key, *, shape, dtype, algorithm):
    state = ShapedArray((2,), dtypes.uint64)
    pairs = ShapedArray((2, 2), dtypes.uint32)
    narrow = key.dtype == dtypes.uint32
    name = str(key)
    if narrow:
        name = hlo.emit(f"stablehlo.reshape {name} : {hlo.types([key], pairs)}")
        name = hlo.emit(
            f"stablehlo.bitcast_convert {name} : {hlo.types([pairs], state)}"
        )
    new, bits = hlo.emit_many(
        f"stablehlo.rng_bit_generator {name}, algorithm = {_TEXT[algorithm]} : "
        f"{hlo.types([state], [state, out[1]])}",
        2,
    )
    if narrow:
        new = hlo.emit(f"stablehlo.bitcast_convert {new} : {hlo.types([state], pairs)}")
        new = hlo.emit(f"stablehlo.reshape {new} : {hlo.types([pairs], out[0])}")
    return [new, bits]


rng_bit_generator_p = Primitive(
    "rng_bit_generator",
    abstract=_rng_bit_generator_abstract,
    jvp=zero_tangent,
    batch=_rng_bit_generator_batch,
    lower=_rng_bit_generator_lower,
    multiple_results=True,
)


def rng_uniform(a, b, shape):
    """Random numbers in [a, b) from a generator with a hidden state.

    a and b are scalars of one dtype: a float dtype, or an integer dtype of 32 bits or
    more. Each run gives other numbers; the functions of `minijax.random` are the ones
    to use. Samples are differentiable with respect to a and b.

    >>> rng_uniform(np.float32(0), np.float32(1), (3,)).shape
    (3,)
    """
    return rng_uniform_p.bind(a, b, shape=tuple(map(int, shape)))


# XLA's CPU compiler ends the process for narrower integers.
_UNIFORM = FLOATS | frozenset(map(np.dtype, ("int32", "int64", "uint32", "uint64")))


def _rng_uniform_abstract(a, b, *, shape):
    if a.dtype != b.dtype:
        raise ValueError(f"rng_uniform: bounds must have one dtype, got {a} and {b}.")
    if a.dtype not in _UNIFORM:
        raise ValueError(
            f"rng_uniform: bounds must be floats, or integers of 32 bits or more, "
            f"got {a} and {b}. Convert the result instead."
        )
    if a.shape or b.shape:
        raise ValueError(
            f"rng_uniform: bounds must be scalars, got {a} and {b}. "
            "Draw from [0, 1) and scale."
        )
    return ShapedArray(shape, a.dtype)


def _rng_uniform_jvp(primitive, primals, tangents, params):
    # x = a + u (b - a) for a u that does not depend on a and b.
    a, b = primals
    x = primitive.bind(a, b, **params)
    if x.dtype in INTS or all(t is None for t in tangents):
        return x, None
    weights = div(sub(b, x), sub(b, a)), div(sub(x, a), sub(b, a))
    terms = [mul(t, w) for t, w in zip(tangents, weights, strict=True) if t is not None]
    return x, functools.reduce(add, terms)


def _rng_uniform_batch(size, operands, dims, *, shape):
    a, b = (
        broadcast_in_dim(move_batch(size, x, d, 0), (size, *shape), (0,))
        for x, d in zip(operands, dims, strict=True)
    )
    dtype = a.dtype
    if dtype in FLOATS:
        u = rng_uniform(dtype.type(0), dtype.type(1), (size, *shape))
        return add(a, mul(u, sub(b, a))), 0
    words = np.dtype(f"uint{8 * dtype.itemsize}")
    word = rng_uniform(words.type(0), words.type(np.iinfo(words).max), (size, *shape))
    size_of_range = convert_element_type(sub(b, a), words)
    return add(a, convert_element_type(rem(word, size_of_range), dtype)), 0


def _rng_uniform_lower(hlo, out, a, b, *, shape):
    sizes = ShapedArray((len(shape),), np.int64)
    wanted = hlo.value(hlo.constant(np.array(shape, np.int64)), sizes)
    return hlo.emit(
        f"stablehlo.rng {a}, {b}, {wanted}, distribution = UNIFORM : "
        f"{hlo.types([a, b, wanted], out)}"
    )


rng_uniform_p = Primitive(
    "rng_uniform",
    abstract=_rng_uniform_abstract,
    jvp=JvpRule(_rng_uniform_jvp),
    batch=_rng_uniform_batch,
    lower=_rng_uniform_lower,
)
