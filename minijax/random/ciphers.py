"""Keys and random bits from the other ciphers of the family: Philox and Threefry-4x32.

    philox2x32      key uint32[1]      counter and result of two words
    philox4x32      key uint32[2]      of four words
    threefry4x32    key uint32[4]      of four words

J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy
as 1, 2, 3", SC 2011: ten rounds of Philox, twenty of Threefry. New keys are the first
words of the encryption of a counter; bits are all its words, folded into one.
"""

import functools

from .. import primitives as lax
from ..primitives.random import PARITY
from .threefry import UINT32, counters, joined

# Multipliers and the increments of the key (Weyl's sequence), from section 4.3.
PHILOX_2 = 0xD256D193
PHILOX_4 = 0xD2511F53, 0xCD9E8D57
GOLDEN, SQRT_3 = 0x9E3779B9, 0xBB67AE85
# Rotations of the eight distinct rounds of Threefry-4x32, from table 2.
ROTATIONS_4 = (
    *((10, 26), (11, 21), (13, 27), (23, 5)),
    *((6, 20), (17, 11), (25, 10), (18, 20)),
)


def _word(n):
    return UINT32.type(n & 0xFFFFFFFF)


def _product(factor, x):
    """The high and the low word of a constant times words."""
    factor = _word(factor)
    return lax.mulhi(factor, x), lax.mul(factor, x)


def _xor(*words):
    return functools.reduce(lax.bitwise_xor, words)


def philox2x32(key, counter):
    """Encrypt two words under a key of one, given as sequences of words."""
    (k,), (x, y) = key, counter
    for _ in range(10):
        high, low = _product(PHILOX_2, x)
        x, y = _xor(high, k, y), low
        k = lax.add(k, _word(GOLDEN))
    return x, y


def philox4x32(key, counter):
    """Encrypt four words under a key of two."""
    (k0, k1), (x0, x1, x2, x3) = key, counter
    for _ in range(10):
        high0, low0 = _product(PHILOX_4[0], x0)
        high1, low1 = _product(PHILOX_4[1], x2)
        x0, x1, x2, x3 = _xor(high1, x1, k0), low1, _xor(high0, x3, k1), low0
        k0, k1 = lax.add(k0, _word(GOLDEN)), lax.add(k1, _word(SQRT_3))
    return x0, x1, x2, x3


def threefry4x32(key, counter):
    """Encrypt four words under a key of four."""
    schedule = [*key, _xor(*key, _word(PARITY))]
    x = list(map(lax.add, counter, key))
    for n in range(20):
        # The pairs are (0, 1) (2, 3) and (0, 3) (2, 1) in turn.
        partners = (1, 3) if n % 2 == 0 else (3, 1)
        for i, j, bits in zip((0, 2), partners, ROTATIONS_4[n % 8], strict=True):
            x[i] = lax.add(x[i], x[j])
            x[j] = lax.bitwise_xor(_rotated(x[j], bits), x[i])
        if n % 4 == 3:
            group = (n + 1) // 4
            x = [lax.add(x[i], schedule[(group + i) % 5]) for i in range(4)]
            x[3] = lax.add(x[3], _word(group))
    return tuple(x)


def _rotated(x, bits):
    high = lax.shift_left(x, _word(bits))
    return lax.bitwise_or(high, lax.shift_right_logical(x, _word(32 - bits)))


class Cipher:
    """The generator that is made of one of these ciphers.

    Its methods take a key as data, and what a key is made from.

    Attributes:
      encrypt: the cipher.
      key_size: the number of words of a key.
      block: the number of words of a counter, and of what it is encrypted to.
      folded: whether integers of 64 bits are made of all words of a block, folded into
        two, or of the first two.
    """

    def __init__(self, encrypt, key_size: int, block: int, folded: bool = False):
        self.encrypt = encrypt
        self.key_size = key_size
        self.block = block
        self.folded = folded

    def from_seed(self, words):
        """The key of a 64-bit seed given as two words."""
        hi, lo = words[0], words[1]
        zero = lax.full_like(lo, 0)
        if self.key_size == 4:  # room for the seed in the key
            return self._key(self.encrypt([hi, lo, zero, zero], [zero] * 4))
        seed = [hi, lo, *[zero] * (self.block - 2)]
        return self._key(self.encrypt([zero] * self.key_size, seed))

    def split(self, key, shape):
        """New keys: the encryption of the counters that end in their numbers."""
        return self._key(self._encrypted(key, *counters(shape), leading=True))

    def fold(self, key, number):
        """The key that is the encryption of a 32-bit number."""
        return self._key(
            self._encrypted(key, lax.full_like(number, 0), number, leading=True)
        )

    def bits(self, key, width, shape):
        """Unsigned integers from the counters that begin with their positions."""
        words = self._encrypted(key, *counters(shape), leading=False)
        if width == 64 and self.folded:
            return joined(_xor(*words[::2]), _xor(*words[1::2]))
        if width == 64:
            return joined(*words[:2])
        return lax.convert_element_type(_xor(*words), f"uint{width}")

    def _encrypted(self, key, hi, lo, leading):
        hi = lax.broadcast_in_dim(hi, lo.shape, ()) if lo.shape and not hi.shape else hi
        zeros = [lax.full_like(lo, 0)] * (self.block - 2)
        counter = [*zeros, hi, lo] if leading else [hi, lo, *zeros]
        return self.encrypt([key[k] for k in range(self.key_size)], counter)

    def _key(self, words):
        """The first words of a block, along a last axis."""
        last = words[0].ndim
        kept = [lax.expand_dims(x, (last,)) for x in words[: self.key_size]]
        return kept[0] if len(kept) == 1 else lax.concatenate(kept, last)


PHILOX2X32 = Cipher(philox2x32, key_size=1, block=2)
PHILOX4X32 = Cipher(philox4x32, key_size=2, block=4)
THREEFRY4X32 = Cipher(threefry4x32, key_size=4, block=4, folded=True)
