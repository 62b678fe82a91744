"""Random words and new keys from a key, by the generator that the key belongs to.

While a sampler is traced, a key of Threefry-2x32 is its data, `uint32[2]`; a key of
another generator is typed, and says which. `words_of` makes either from what the user
gave, and the functions of this file take either:

    split_words(key, (3,))               three new keys, of the kind of the first
    random_words(key, 32, (2, 5))        uint32[2,5]
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import primitives as lax
from ..config import state
from ..primitives.random import KeyType
from . import ciphers, hardware, threefry

__all__ = [
    "GENERATORS",
    "THREEFRY",
    "UINT32",
    "Generator",
    "fold_word",
    "is_typed",
    "random_words",
    "split_words",
    "words_of",
]

UINT32 = threefry.UINT32


@dataclass(frozen=True)
class Generator:
    """How keys as data, `uint32` of the key's shape, are made and used.

    Attributes:
      key_type: the dtype of its typed keys.
      from_seed: the key of a seed, `uint32[2]`, high word first.
      split: (key, shape) -> new keys, of shape (*shape, *key_shape).
      fold: (key, number) -> a new key; the number is a `uint32` scalar.
      bits: (key, width, shape) -> unsigned integers of `width` bits.
    """

    key_type: KeyType
    from_seed: Callable[..., Any]
    split: Callable[..., Any]
    fold: Callable[..., Any]
    bits: Callable[..., Any]


def _cipher(name, tag, cipher):
    key_type = KeyType(name, tag, (cipher.key_size,))
    return Generator(key_type, cipher.from_seed, cipher.split, cipher.fold, cipher.bits)


THREEFRY = KeyType("threefry2x32", "fry", (2,))
_TABLE = (
    Generator(
        THREEFRY, threefry.from_seed, threefry.split, threefry.fold, threefry.bits
    ),
    _cipher("threefry4x32", "fry4", ciphers.THREEFRY4X32),
    _cipher("philox2x32", "phx2", ciphers.PHILOX2X32),
    _cipher("philox4x32", "phx4", ciphers.PHILOX4X32),
    Generator(
        KeyType("rbg", "rbg", (4,)),
        hardware.from_seed,
        hardware.split,
        hardware.fold,
        hardware.bits,
    ),
    Generator(
        KeyType("unsafe_rbg", "urbg", (4,)),
        hardware.from_seed,
        hardware.unsafe_split,
        hardware.unsafe_fold,
        hardware.bits,
    ),
)
GENERATORS = {generator.key_type.impl: generator for generator in _TABLE}


def is_typed(keys):
    """Whether keys are typed, rather than plain data."""
    return isinstance(getattr(keys, "dtype", None), KeyType)


def words_of(key):
    """One key, typed or plain, in the form of this file; for use while tracing."""
    if is_typed(key):
        return lax.random_unwrap(key) if key.dtype == THREEFRY else key
    default = GENERATORS[state.default_prng_impl].key_type
    return key if default == THREEFRY else lax.random_wrap(key, default)


def split_words(key, shape):
    """New keys of a shape from one key; as data with one more axis, of size 2."""
    if not is_typed(key):
        return threefry.split(key, shape)
    keys = GENERATORS[key.dtype.impl].split(lax.random_unwrap(key), shape)
    return lax.random_wrap(keys, key.dtype)


def fold_word(key, number):
    """A new key that depends on a key and a `uint32` scalar."""
    if not is_typed(key):
        return threefry.fold(key, number)
    key_type = key.dtype
    return lax.random_wrap(
        GENERATORS[key_type.impl].fold(lax.random_unwrap(key), number), key_type
    )


def random_words(key, width, shape):
    """Uniform random integers: an array of unsigned integers of `width` bits."""
    if not is_typed(key):
        return threefry.bits(key, width, shape)
    return GENERATORS[key.dtype.impl].bits(lax.random_unwrap(key), width, shape)
