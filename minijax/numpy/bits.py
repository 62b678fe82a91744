"""The bits of numbers: truth values packed into bytes, and the parts of floats.

packbits([1, 0, 1])       bits     0b10100000      eight truth values to a byte
frexp(12.0)               0.75 and 4               x = mantissa * 2^exponent

A float is read as the integer whose bits it shares, so that subnormal numbers, which
XLA's arithmetic on CPU takes for zero, come out right:

    sign | biased exponent E | fraction F      |x| = 2^(E - bias) (1 + F / 2^m)
"""

from typing import NamedTuple

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled, custom_jvp
from .arguments import as_array, cast, spread
from .elementwise import exp2
from .padding import pad
from .promotion import as_operand, canonical_axis, promote_inexact
from .reductions import sum, truth
from .shaping import ravel

BYTE = np.dtype("uint8")


@compiled(static_argnames=("axis", "bitorder"))
def packbits(a, axis: int | None = None, bitorder: str = "big"):
    """Eight truth values to a byte, along one axis or (axis=None) of all elements.

    The last byte is filled with zeros. With bitorder "big" the first value is the
    highest bit, with "little" the lowest. The result is uint8.

    >>> packbits(np.array([1, 0, 1]))
    Array([160], dtype=uint8)
    """
    a = as_operand("packbits", a)
    if a.dtype in dtypes.INEXACT:
        raise TypeError(
            f"packbits: a must have integers or truth values, got {a.aval}. Compare "
            "first, as in packbits(a > 0)."
        )
    bits, axis = _along("packbits", truth("packbits", a), axis)
    n = bits.shape[axis]
    width = [(0, -n % 8 if k == axis else 0) for k in range(bits.ndim)]
    bits = pad(cast(bits, BYTE), width)
    groups = (*bits.shape[:axis], -(-n // 8), 8, *bits.shape[axis + 1 :])
    values = lax.mul(lax.reshape(bits, groups), _weights(groups, axis + 1, bitorder))
    return sum(values, axis + 1, dtype=BYTE)


@compiled(static_argnames=("axis", "count", "bitorder"))
def unpackbits(
    a, axis: int | None = None, count: int | None = None, bitorder: str = "big"
):
    """The bits of bytes, as the numbers 0 and 1 of uint8: undoes `packbits`.

    count: how many bits to keep, zeros following where there are fewer; a negative
    count says how many to leave out at the end.

    >>> unpackbits(np.array([160], "uint8"), count=3)
    Array([1, 0, 1], dtype=uint8)
    """
    a = as_operand("unpackbits", a)
    if a.dtype != BYTE:
        raise TypeError(
            f"unpackbits: a must have dtype uint8, got {a.aval}. Convert it with "
            "a.astype('uint8')."
        )
    a, axis = _along("unpackbits", a, axis)
    n = a.shape[axis]
    groups = (*a.shape[: axis + 1], 8, *a.shape[axis + 1 :])
    weights = _weights(groups, axis + 1, bitorder)
    each = spread(lax.expand_dims(a, (axis + 1,)), groups)
    set_bits = lax.ne(lax.bitwise_and(each, weights), np.zeros((), BYTE))
    sizes = (*a.shape[:axis], 8 * n, *a.shape[axis + 1 :])
    bits = lax.reshape(cast(set_bits, BYTE), sizes)
    if count is None:
        return bits
    kept = count if count >= 0 else max(8 * n + count, 0)
    bits = lax.slice_in_dim(bits, 0, min(kept, 8 * n), axis=axis)
    width = [(0, max(kept - 8 * n, 0) if k == axis else 0) for k in range(a.ndim)]
    return pad(bits, width)


def _along(name, a, axis):
    """An array and an axis of it: that of the flattened array without one."""
    if axis is None:
        return ravel(a), 0
    return as_array(a), canonical_axis(name, axis, a.ndim)


def _weights(shape, axis, bitorder):
    """The value of each bit of a byte along an axis of a shape."""
    if bitorder not in ("big", "little"):
        raise ValueError(f"bitorder must be 'big' or 'little', got {bitorder!r}.")
    places = np.arange(8, dtype=BYTE)
    weights = BYTE.type(1) << (places if bitorder == "little" else places[::-1])
    return lax.broadcast_in_dim(as_array(weights), shape, (axis,))


class Layout(NamedTuple):
    """Where a floating-point dtype keeps its parts."""

    integer: np.dtype  # of as many bits
    fraction: int  # bits
    bias: int  # of the exponent
    top: int  # the biased exponent of infinities and NaN


def layout_of(dtype) -> Layout:
    """The parts of an IEEE dtype, or of bfloat16."""
    info = dtypes.finfo(dtype)
    top = 2**info.nexp - 1
    return Layout(np.dtype(f"int{info.bits}"), info.nmant, top // 2, top)


def _real_floats(name, x):
    (x,) = promote_inexact(name, x)
    if x.aval.dtype in dtypes.COMPLEX:
        raise (TypeError if name == "frexp" else ValueError)(
            f"{name}: needs real numbers, got {x.aval}. Take the parts apart first."
        )
    return cast(x, x.aval.dtype)


def _parts(x):
    """The integer of a float's bits, its biased exponent, and its fraction."""
    integer, m, _, top = layout_of(x.dtype)
    bits = lax.bitcast_convert_type(x, integer)
    number = integer.type
    exponent = lax.bitwise_and(lax.shift_right_logical(bits, number(m)), number(top))
    return bits, exponent, lax.bitwise_and(bits, number((1 << m) - 1))


@compiled
def frexp(x, /):
    """Elementwise (mantissa, exponent) with x = mantissa * 2^exponent.

    0.5 <= |mantissa| < 1, and exponents are int32. Zeros, infinities and NaN are their
    own mantissas, with exponent 0. The derivative of the mantissa is 2^-exponent.

    >>> frexp(np.array([12.0, -0.5], "float32"))
    (Array([ 0.75, -0.5 ], dtype=float32), Array([4, 0], dtype=int32))
    """
    x = as_array(_real_floats("frexp", x))
    return _mantissa(x), _exponent(x)


def _normalized(x):
    """Biased exponent and fraction as if subnormal numbers were normal."""
    integer, m, _, _ = layout_of(x.dtype)
    number = integer.type
    _, exponent, fraction = _parts(x)
    # How far the leading one of a subnormal's fraction is from where it is implied.
    shift = lax.sub(lax.clz(fraction), number(8 * integer.itemsize - m - 1))
    tiny = lax.eq(exponent, number(0))
    shifted = lax.bitwise_and(lax.shift_left(fraction, shift), number((1 << m) - 1))
    exponent = lax.select(tiny, lax.sub(number(1), shift), exponent)
    return exponent, lax.select(tiny, shifted, fraction)


def _is_plain(x):
    """Neither zero, nor infinite, nor NaN."""
    number = layout_of(x.dtype).integer.type
    _, exponent, fraction = _parts(x)
    zero = lax.eq(lax.bitwise_or(exponent, fraction), number(0))
    finite = lax.ne(exponent, number(layout_of(x.dtype).top))
    return lax.bitwise_and(finite, lax.bitwise_not(zero))


def _exponent(x):
    exponent, _ = _normalized(x)
    wide = lax.convert_element_type(exponent, np.dtype("int32"))
    wide = lax.sub(wide, np.int32(layout_of(x.dtype).bias - 1))
    return lax.select(_is_plain(x), wide, lax.full_like(wide, 0))


@custom_jvp
def _mantissa(x):
    # The sign and fraction of x with the exponent of 1/2.
    integer, m, bias, _ = layout_of(x.dtype)
    number = integer.type
    bits, _, _ = _parts(x)
    _, fraction = _normalized(x)
    sign = lax.bitwise_and(bits, number(np.iinfo(integer).min))
    half = lax.bitwise_or(fraction, number((bias - 1) << m))
    mantissa = lax.bitcast_convert_type(lax.bitwise_or(sign, half), x.dtype)
    return lax.select(_is_plain(x), mantissa, x)


@_mantissa.defjvp
def _mantissa_jvp(primals, tangents):
    ((x,), (x_dot,)) = primals, tangents
    scale = exp2(lax.convert_element_type(-_exponent(x), x.dtype))
    return _mantissa(x), x_dot * scale


@compiled
def spacing(x, /):
    """Elementwise distance to the next float away from 0, with the sign of x.

    Infinite for the largest number, NaN for infinities. It is a step function of x, and
    its derivative is 0.

    >>> spacing(np.array([1.0, -2.0], "float32"))
    Array([ 1.1920929e-07, -2.3841858e-07], dtype=float32)
    """
    x = as_array(_real_floats("spacing", x))
    integer, m, _, top = layout_of(x.dtype)
    number = integer.type
    bits, exponent, _ = _parts(x)
    # 2^(E - bias - m): normal where E > m, else one bit of a subnormal's fraction.
    normal = lax.shift_left(lax.sub(exponent, number(m)), number(m))
    place = lax.max(lax.sub(exponent, number(1)), number(0))
    tiny = lax.shift_left(lax.full_like(place, 1), place)
    size = lax.select(lax.gt(exponent, number(m)), normal, tiny)
    sign_bit = number(np.iinfo(integer).min)
    sign = lax.bitwise_and(bits, sign_bit)
    gap = lax.bitcast_convert_type(lax.bitwise_or(sign, size), x.dtype)
    largest = lax.eq(lax.bitwise_or(bits, sign_bit), number(-1 - (1 << m)))
    gap = lax.select(largest, lax.mul(x, lax.full_like(x, np.inf)), gap)
    return lax.select(lax.eq(exponent, number(top)), lax.full_like(x, np.nan), gap)
