"""Random words from a key and a counter: the three uses of Threefry-2x32.

A key is two words, `uint32[2]`. Its stream is Threefry applied to 0, 1, 2, ...; the
words serve as random bits, or, in pairs, as new keys. Which counter gives which word
depends on `jax_threefry_partitionable`:

    True     element i of an array is a function of (key, i) alone, so an array that
             is split over devices is made without communication;
    False    the order of JAX before 0.5: the stream of n words is the encryption of
             the pairs (i, i + n/2), first words first.
"""

import math

import numpy as np

from .. import primitives as lax
from ..config import state

UINT32 = np.dtype(np.uint32)


def from_seed(words):
    """The key of a 64-bit seed given as two words: the seed itself."""
    return words


def split(key, shape):
    """New keys, `uint32` of shape (*shape, 2), from one key `uint32[2]`."""
    if not state.threefry_partitionable:
        return lax.reshape(_sequence(key, 2 * math.prod(shape)), (*shape, 2))
    return _pairs(*_encrypt(key, *counters(shape)))


def fold(key, number):
    """The key that is the encryption of a 32-bit number."""
    return _pairs(*_encrypt(key, lax.full_like(number, 0), number))


def bits(key, width, shape):
    """Uniform random integers: an array of unsigned integers of `width` bits."""
    if not state.threefry_partitionable:
        return _sequential_words(key, width, shape)
    hi, lo = _encrypt(key, *counters(shape))
    if width == 64:
        return joined(hi, lo)
    return lax.convert_element_type(lax.bitwise_xor(hi, lo), f"uint{width}")


def _sequential_words(key, width, shape):
    size = math.prod(shape)
    words = _sequence(key, -(-size * width // 32))
    if width == 64:
        words = joined(words[:size], words[size:])
    elif width < 32:
        # Each word is cut into pieces, the lowest bits first.
        words = lax.bitcast_convert_type(words, f"uint{width}")
        words = lax.reshape(words, (words.size,))[:size]
    return lax.reshape(words, shape)


def _sequence(key, size):
    """The first `size` words of the stream of a key in the old order."""
    if size >= 2**32:
        raise NotImplementedError(
            f"random: {size} words exceed the stream of one key when "
            "jax_threefry_partitionable is off. Turn it on, or split the key."
        )
    half = (size + 1) // 2
    counters = lax.iota(UINT32, half)
    second = lax.add(counters, UINT32.type(half))
    if size % 2:  # the counter that completes the last pair is 0
        real = lax.lt(second, UINT32.type(size))
        second = lax.select(real, second, lax.full_like(second, 0))
    words = lax.concatenate(_encrypt(key, counters, second), 0)
    return words[:size] if size % 2 else words


def counters(shape):
    """The row-major index of each element, as high and low words."""
    size = math.prod(shape)
    if size <= 2**32:
        return np.zeros((), UINT32), lax.reshape(lax.iota(UINT32, size), shape)
    index = lax.reshape(lax.iota(np.dtype(np.uint64), size), shape)
    hi = lax.shift_right_logical(index, np.uint64(32))
    return lax.convert_element_type(hi, UINT32), lax.convert_element_type(index, UINT32)


def _encrypt(key, hi, lo):
    return lax.threefry2x32(key[0], key[1], hi, lo)


def _pairs(hi, lo):
    """Two arrays of words as one with a last axis of size 2."""
    last = hi.ndim
    return lax.concatenate(
        [lax.expand_dims(hi, (last,)), lax.expand_dims(lo, (last,))], last
    )


def joined(hi, lo):
    """64-bit integers from their high and low words."""
    wide = np.dtype(np.uint64)
    hi = lax.shift_left(lax.convert_element_type(hi, wide), wide.type(32))
    return lax.bitwise_or(hi, lax.convert_element_type(lo, wide))
