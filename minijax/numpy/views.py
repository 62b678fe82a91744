"""Methods that read the bytes of arrays otherwise, or hand arrays on.

    jnp.arange(2, dtype="int32").view("int16")      [0, 0, 1, 0]

Elements of k bytes are the same bytes as elements of n, whose last axis is k/n times as
long; of the parts of an element the lowest comes first.
"""

import importlib

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled, device_put
from .arguments import as_array
from .elementwise import equal, not_equal
from .promotion import as_operand
from .reductions import any as any_of
from .stacking import stack

VERSION = "2024.12"
BYTE = np.dtype("uint8")


def view(a, dtype=None, type=None):
    """The same bytes as an array of another dtype; the last axis changes its size.

    >>> jnp.array([1.0, 2.0]).view("int32")
    Array([1065353216, 1073741824], dtype=int32)

    Raises:
      ValueError: the bytes of the last axis are not a multiple of the new size.
    """
    if type is not None:
        raise NotImplementedError(
            f"view: `type` is not supported, arrays have one class; got {type!r}. "
            "Leave it out."
        )
    if dtype is None:
        return a
    return _view(a, dtypes.canonicalize(dtypes.explicit(dtype, "view")))


@compiled(static_argnames=("dtype",))
def _view(a, dtype):
    return _bits(as_array(a), dtype)


def _bits(a, dtype):
    if a.dtype == dtype:
        return a
    if dtype == np.bool_:
        return not_equal(_bits(a, BYTE), np.uint8(0))
    if a.dtype == np.bool_:
        a = lax.convert_element_type(a, BYTE)
    if a.dtype in dtypes.COMPLEX:
        pairs = stack([lax.real(a), lax.imag(a)], axis=-1)
        a = _flat(pairs, a.ndim)
    if dtype in dtypes.COMPLEX:
        part = np.finfo(dtype).dtype
        pairs = _recast(a, part, 2 * part.itemsize)
        pairs = lax.reshape(pairs, (*pairs.shape[:-1], pairs.shape[-1] // 2, 2))
        return lax.complex(pairs[..., 0], pairs[..., 1])
    return _recast(a, dtype, dtypes.itemsize_bits(dtype) / 8)


def _flat(a, ndim):
    """The last two axes as one, unless the array was a scalar of that many parts."""
    if ndim == 0:
        raise ValueError(
            "view: a 0-d array has no axis that could change its size. Use "
            "x.reshape(1).view(...)."
        )
    return lax.reshape(a, (*a.shape[:-2], a.shape[-2] * a.shape[-1]))


def _recast(a, dtype, unit):
    """Elements of another size; the last axis holds a multiple of `unit` bytes."""
    old, new = dtypes.itemsize_bits(a.dtype), dtypes.itemsize_bits(dtype)
    if new == old and unit * 8 == new:
        return lax.bitcast_convert_type(a, dtype)
    if a.ndim == 0:
        return _flat(lax.bitcast_convert_type(a, dtype), 0)
    if a.shape[-1] * old % (unit * 8):
        raise ValueError(
            "When changing to a larger dtype, its size must be a divisor of the total "
            f"size in bytes of the last axis of the array: got {a.aval} and {dtype}."
        )
    if new <= old:
        out = lax.bitcast_convert_type(a, dtype)
        return out if new == old else _flat(out, a.ndim)
    count = new // old
    pieces = lax.reshape(a, (*a.shape[:-1], a.shape[-1] // count, count))
    return lax.bitcast_convert_type(pieces, dtype)


@compiled
def byteswap(a):
    """The bytes of each element in the opposite order; of each part, if complex.

    >>> jnp.array([1], dtype="int32").byteswap()
    Array([16777216], dtype=int32)
    """
    if a.dtype in dtypes.COMPLEX:
        return lax.complex(_swapped(lax.real(a)), _swapped(lax.imag(a)))
    return a if a.dtype.itemsize == 1 else _swapped(a)


def _swapped(a):
    parts = lax.bitcast_convert_type(a, BYTE)
    return lax.bitcast_convert_type(lax.rev(parts, (a.ndim,)), a.dtype)


def to_device(a, device, *, stream=None):
    """The array on another device, or in another sharding."""
    if stream is not None:
        raise NotImplementedError(
            f"to_device: `stream` is not supported, got {stream!r}. Leave it out."
        )
    return device_put(a, device)


def contains(a, value) -> bool:
    """`value in a`: whether some element of a vector equals a number."""
    try:
        number = as_operand("__contains__", value)
    except TypeError:
        raise TypeError(
            f"Array.__contains__: unsupported operand type {type(value)}. Look for "
            "a number."
        ) from None
    if number.ndim or a.ndim != 1:
        raise ValueError(
            "Array.__contains__: looks for a number in a vector, got "
            f"{number.aval} and {a.aval}. Use (x == value).any()."
        )
    return bool(any_of(equal(a, number)))


def namespace(a, *, api_version: str | None = None):
    """The module of functions for such arrays, as the array API standard asks."""
    if api_version not in (None, VERSION):
        raise ValueError(
            f"__array_namespace__: api_version must be {VERSION!r} or None, got "
            f"{api_version!r}."
        )
    return importlib.import_module(__package__)


def flat(a):
    """Not there: an iterator over elements would copy them one by one."""
    raise NotImplementedError(
        "JAX Arrays do not implement the arr.flat property. Use x.ravel(), or iterate "
        "over np.asarray(x).flat."
    )


METHODS = {
    "__array_namespace__": namespace,
    "__contains__": contains,
    "byteswap": byteswap,
    "to_device": to_device,
    "view": view,
}
PROPERTIES = {"flat": flat}
