"""Keys of `rbg` and `unsafe_rbg`: random bits from XLA's own generator.

A key is four words, `uint32[4]`. Bits are those of `rng_bit_generator`, which is the
fastest generator of each device, on CPU and GPU Philox. They may differ between devices
and versions, and under `vmap` over keys the bits of all members come from the first
key. The two differ in how keys are made:

    rbg           by Threefry, for each half of the key: independent under `vmap` too
    unsafe_rbg    from the generator's own bits, of which no independence is known
"""

import math

from .. import primitives as lax
from . import threefry

# Of the blocks of four words that the generator gives, each tenth is a new key.
STRIDE = 10


def from_seed(words):
    """The key of a 64-bit seed given as two words: the seed, twice."""
    return lax.concatenate([words, words], 0)


def split(key, shape):
    """New keys of `rbg`, `uint32` of shape (*shape, 4)."""
    halves = [threefry.split(half, shape) for half in _halves(key)]
    return lax.concatenate(halves, len(shape))


def fold(key, number):
    """The key of `rbg` that depends on a 32-bit number."""
    return lax.concatenate([threefry.fold(half, number) for half in _halves(key)], 0)


def _halves(key):
    return key[:2], key[2:]


def bits(key, width, shape):
    """Unsigned integers of `width` bits."""
    return lax.rng_bit_generator(key, shape, f"uint{width}")[1]


def unsafe_split(key, shape):
    """New keys of `unsafe_rbg`: each tenth block of the bits of a key."""
    size = math.prod(shape)
    blocks = bits(key, 32, (STRIDE * size, 4))
    return lax.reshape(blocks[::STRIDE], (*shape, 4))


def unsafe_fold(key, number):
    """The key of `unsafe_rbg` that depends on a 32-bit number.

    It is the key, with the tenth block of the bits of the number mixed in.
    """
    number = lax.reshape(number, (1,))
    zero = lax.full_like(number, 0)
    blocks = bits(from_seed(lax.concatenate([zero, number], 0)), 32, (STRIDE, 4))
    return lax.bitwise_xor(key, blocks[STRIDE - 1])
