"""Keys of random number generators: made from seeds, split, and folded.

    key(42)         key<fry>[]     a typed key; jit, vmap, indexing, stacking work on it
    PRNGKey(42)     u32[2]         the same key as plain data, accepted everywhere
    key_data        typed key -> data          wrap_key_data       data -> typed key

All functions that take a key take both kinds, and give back the kind they were given.
"""

import math
import warnings

import numpy as np

from .. import numpy as jnp
from .. import primitives as lax
from ..config import state
from ..primitives.random import KeyType
from ..runtime.compiled import compiled
from .arguments import size_of
from .streams import (
    GENERATORS,
    THREEFRY,
    UINT32,
    fold_word,
    is_typed,
    split_words,
    words_of,
)


def key_dtype(impl_spec=None):
    """The dtype of typed keys of a generator; None is the default generator.

    The generators are "threefry2x32", the default, "threefry4x32", "philox2x32",
    "philox4x32", "rbg" and "unsafe_rbg".

    >>> key_dtype(), key_dtype("rbg")
    (key<fry>, key<rbg>)
    """
    return _key_type("key_dtype", impl_spec)


def _key_type(where, impl):
    if impl is None:
        impl = state.default_prng_impl
    if isinstance(impl, KeyType):
        return impl
    if not isinstance(impl, str):
        raise TypeError(
            f"{where}: a generator is named by a string or a key dtype, got {impl!r}. "
            f'Pass "threefry2x32".'
        )
    if impl not in GENERATORS:
        raise ValueError(
            f"{where}: there is no generator named {impl!r}. "
            f"Choose from: {', '.join(map(repr, GENERATORS))}."
        )
    return GENERATORS[impl].key_type


def _chosen_type(where, impl, dtype):
    if impl is not None and dtype is not None:
        raise ValueError(
            f"{where}: the generator is named by impl or by dtype, got both "
            f"impl={impl!r} and dtype={dtype!r}. Leave one out."
        )
    return _key_type(where, impl if dtype is None else dtype)


# Keys from seeds


def key(seed, *, impl=None, dtype=None):
    """A typed key, `key<fry>[]`, from an integer seed.

    The seed is a Python integer of at most 64 bits or an integer scalar. Without
    64-bit types only its low 32 bits count.

    >>> key(0).shape, key(0).dtype
    ((), key<fry>)
    """
    key_type = _chosen_type("key", impl, dtype)
    words = _seed_words("key", seed)
    return _seeded(words, key_type=key_type, typed=True)


@compiled(static_argnames=("key_type", "typed"))
def _seeded(words, key_type, typed):
    data = GENERATORS[key_type.impl].from_seed(words)
    return lax.random_wrap(data, key_type) if typed else data


def PRNGKey(seed, *, impl=None):
    """A key as plain data, `uint32[2]` for the default generator, from an integer seed.

    Under the option `enable_custom_prng` it is a typed key, as from `key`.

    >>> PRNGKey(42)
    Array([ 0, 42], dtype=uint32)
    """
    if state.enable_custom_prng:
        return key(seed, impl=impl)
    key_type = _key_type("PRNGKey", impl)
    words = _seed_words("PRNGKey", seed)
    if key_type != THREEFRY:
        return _seeded(words, key_type=key_type, typed=False)
    return jnp.asarray(words) if isinstance(words, np.ndarray) else words


def _seed_words(where, seed):
    """The 64-bit seed as high and low word; on the host if the seed is there."""
    if isinstance(getattr(seed, "dtype", None), KeyType):
        raise TypeError(
            f"{where}: the seed must be an integer, got a key. "
            "Use split or fold_in to make keys from a key."
        )
    if isinstance(seed, int | np.integer):
        return _host_seed_words(seed)
    seed = jnp.asarray(seed)
    if seed.ndim:
        raise TypeError(
            f"{where}: the seed must be a scalar, got shape {seed.shape}. "
            "Use vmap to make several keys."
        )
    if not jnp.issubdtype(seed.dtype, np.integer):
        raise TypeError(f"{where}: the seed must be an integer, got {seed.dtype}.")
    return _device_seed_words(seed)


def _host_seed_words(seed):
    wide = isinstance(seed, int) or seed.dtype.itemsize == 8
    limit = 2**63 if isinstance(seed, int) else 2**64
    seed = int(seed) + state.random_seed_offset
    if not -(2**63) <= seed < limit:
        raise OverflowError(
            f"random: the seed must fit in a signed 64-bit integer, got {seed}."
        )
    hi = seed >> 32 & 0xFFFFFFFF if wide and state.enable_x64 else 0
    return np.array([hi, seed & 0xFFFFFFFF], UINT32)


@compiled
def _device_seed_words(seed):
    if state.random_seed_offset:
        seed = lax.add(seed, seed.dtype.type(state.random_seed_offset))
    lo = lax.convert_element_type(seed, UINT32)
    if seed.dtype.itemsize == 8:
        hi = lax.shift_right_logical(seed, seed.dtype.type(32))
        hi = lax.convert_element_type(hi, UINT32)
    else:
        hi = lax.full_like(lo, 0)
    return lax.reshape(jnp.stack([hi, lo]), (2,))


# Keys and their data


@compiled(static_argnames=("key_type",))
def _wrap(words, key_type):
    return lax.random_wrap(words, key_type)


@compiled
def _unwrap(keys):
    return lax.random_unwrap(keys)


def wrap_key_data(key_bits_array, *, impl=None, dtype=None):
    """Typed keys of shape S from their data, `uint32` of shape S + (2,).

    Keys of other generators than the default have data of another size: (1,) for
    philox2x32, (4,) for threefry4x32, rbg and unsafe_rbg.

    >>> wrap_key_data(np.zeros((3, 2), np.uint32)).shape
    (3,)
    """
    key_type = _chosen_type("wrap_key_data", impl, dtype)
    _check_data("wrap_key_data", key_bits_array, key_type)
    return _wrap(key_bits_array, key_type=key_type)


def key_data(keys):
    """The data of keys of shape S: `uint32` of shape S + (2,).

    >>> key_data(key(42))
    Array([ 0, 42], dtype=uint32)
    """
    if is_typed(keys):
        return _unwrap(keys)
    _check_data("key_data", keys)
    return jnp.asarray(keys)


def key_impl(keys):
    """The name of the generator that keys belong to.

    >>> key_impl(key(0))
    'threefry2x32'
    """
    if is_typed(keys):
        return keys.dtype.impl
    _check_data("key_impl", keys)
    return _key_type("key_impl", None).impl


def clone(key):
    """The same key again, where a checker of key reuse would object to the original.

    >>> key_data(clone(key(1)))
    Array([0, 1], dtype=uint32)
    """
    if is_typed(key):
        return key
    _check_data("clone", key)
    return jnp.asarray(key)


def _check_data(where, data, key_type=None):
    """Refuse what is not the data of keys, telling apart the ways to be wrong."""
    if not all(hasattr(data, name) for name in ("shape", "dtype", "ndim")):
        raise TypeError(
            f"{where}: a key must be an array, got {type(data).__name__}. "
            "Make one from a seed with key(seed)."
        )
    key_type = _key_type(where, None) if key_type is None else key_type
    if data.dtype != UINT32 or data.shape[-1:] != key_type.key_shape:
        (size,) = key_type.key_shape
        raise TypeError(
            f"{where}: the data of a key must be uint32 of shape (..., {size}), "
            f"got {data.dtype} of shape {data.shape}. Make keys with key(seed)."
        )


def check_key(where, key):
    """Refuse anything but one key, typed or plain."""
    if is_typed(key):
        extra = key.ndim
    else:
        _check_data(where, key)
        _check_legacy(where)
        extra = key.ndim - 1
    if extra:
        raise ValueError(
            f"{where}: the key must be a single key, got an array of keys of shape "
            f"{key.shape}. Use vmap over the keys."
        )


def _check_legacy(where):
    if state.legacy_prng_key == "allow":
        return
    message = (
        f"{where}: the key is plain uint32 data. Make it with key(seed), or convert it "
        'with wrap_key_data, or set config.update("jax_legacy_prng_key", "allow").'
    )
    if state.legacy_prng_key == "error":
        raise ValueError(message)
    warnings.warn(message, stacklevel=4)


# New keys from old


def split(key, num=2):
    """Independent new keys from one key: `num` of them, or an array of shape `num`.

    >>> random.split(random.key(0), 3).shape
    (3,)
    >>> a, b = random.split(random.PRNGKey(0))
    >>> b
    Array([ 928981903, 3453687069], dtype=uint32)
    """
    check_key("split", key)
    return _split(key, shape=size_of("split", num))


@compiled(static_argnames=("shape",))
def _split(key, shape):
    return _given_back(key, split_words(words_of(key), shape))


def _given_back(key, keys):
    """New keys of the kind of the key that the user gave, typed or plain."""
    if is_typed(key) == is_typed(keys):
        return keys
    return (
        lax.random_wrap(keys, key.dtype) if is_typed(key) else lax.random_unwrap(keys)
    )


def fold_in(key, data):
    """A new key that depends on one key and one 32-bit integer.

    For the same key, different integers give independent keys.

    >>> key_data(fold_in(key(0), 3))
    Array([2467461003, 3840466878], dtype=uint32)
    """
    check_key("fold_in", key)
    if np.ndim(data):
        raise TypeError(
            f"fold_in: the data must be a scalar, got shape {np.shape(data)}. "
            "Use vmap to fold in several."
        )
    if isinstance(data, int | float) and not 0 <= int(data) < 2**32:
        raise OverflowError(
            f"fold_in: the data must be in [0, 2**32), got {data}. Mask it first."
        )
    if not hasattr(data, "dtype"):
        data = np.asarray(int(data), UINT32)
    return _fold_in(key, data)


@compiled
def _fold_in(key, data):
    number = lax.convert_element_type(data, UINT32)
    return _given_back(key, fold_word(words_of(key), number))


def spread_keys(words, shape):
    """One key for each element of an array of this shape."""
    return split_words(words, (math.prod(shape),))
