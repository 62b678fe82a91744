"""Operations on bits and truth values; none has a derivative."""

import numpy as np

from ...core.rules import zero_tangent
from ...dtypes import SMALL_INTS, UNSIGNED
from .builders import BITS, INTS, nary, op


def bitwise_not(x):
    """Elementwise NOT of bits, or of truth values."""
    return not_p.bind(x)


def bitwise_and(x, y):
    """Elementwise AND of bits, or of truth values."""
    return and_p.bind(x, y)


def bitwise_or(x, y):
    """Elementwise OR of bits, or of truth values."""
    return or_p.bind(x, y)


def bitwise_xor(x, y):
    """Elementwise exclusive OR of bits, or of truth values."""
    return xor_p.bind(x, y)


def shift_left(x, y):
    """Elementwise x << y."""
    return shift_left_p.bind(x, y)


def shift_right_arithmetic(x, y):
    """Elementwise x >> y, repeating the sign bit."""
    return shift_right_arithmetic_p.bind(x, y)


def shift_right_logical(x, y):
    """Elementwise x >> y, shifting in zeros."""
    return shift_right_logical_p.bind(x, y)


def population_count(x):
    """Elementwise number of bits that are set."""
    return population_count_p.bind(x)


def clz(x):
    """Elementwise number of leading zero bits."""
    return clz_p.bind(x)


def _discrete(name, hlo_name, allowed):
    return nary(name, dtypes=allowed, jvp=zero_tangent, lower=op(hlo_name))


not_p = _discrete("not", "not", BITS)
and_p = _discrete("and", "and", BITS)
or_p = _discrete("or", "or", BITS)
xor_p = _discrete("xor", "xor", BITS)
shift_left_p = _discrete("shift_left", "shift_left", INTS)
shift_right_arithmetic_p = _discrete(
    "shift_right_arithmetic", "shift_right_arithmetic", INTS
)
shift_right_logical_p = _discrete("shift_right_logical", "shift_right_logical", INTS)
population_count_p = _discrete("population_count", "popcnt", INTS)
clz_p = _discrete("clz", "count_leading_zeros", INTS)


def mulhi(x, y):
    """The upper half of the product of integers, which has twice their bits.

    >>> mulhi(np.uint8(200), np.uint8(7))
    Array(5, dtype=uint8)
    """
    return mulhi_p.bind(x, y)


def _mulhi_lower(hlo, out, x, y):
    # XLA's own operation is not compiled in all places on CPU.
    x, y = (hlo.spread(v, out.shape) for v in (x, y))
    if out.dtype.itemsize == 8:
        return _mulhi_64(_Words(hlo, out), x, y)
    width = 8 * out.dtype.itemsize
    wide = out.update(dtype=np.dtype(f"{out.dtype.kind}{2 * out.dtype.itemsize}"))
    words = _Words(hlo, wide)
    x, y = (_converted(hlo, v, out, wide) for v in (x, y))
    product = words("multiply", x, y)
    high = words("shift_right_logical", product, words.number(width))
    return _converted(hlo, high, wide, out)


def _converted(hlo, x, before, after):
    return hlo.emit(f"stablehlo.convert {x} : ({before.mlir}) -> {after.mlir}")


class _Words:
    """Writes operations on integers of one type."""

    def __init__(self, hlo, aval):
        self.hlo, self.aval = hlo, aval

    def __call__(self, name, x, y):
        return self.hlo.emit(f"stablehlo.{name} {x}, {y} : {self.aval.mlir}")

    def number(self, n):
        return self.hlo.constant(self.aval.dtype.type(n), self.aval.shape)


def _mulhi_64(words, x, y):
    """By halves of 32 bits: H. S. Warren, "Hacker's Delight", 2nd ed., section 8-2."""
    signed = words.aval.dtype not in UNSIGNED
    half, mask = words.number(32), words.number(2**32 - 1)

    def low(v):
        return words("and", v, mask)

    def high(v):
        kind = "arithmetic" if signed else "logical"
        return words(f"shift_right_{kind}", v, half)

    x0, x1, y0, y1 = low(x), high(x), low(y), high(y)
    carry = words("shift_right_logical", words("multiply", x0, y0), half)
    middle = words("add", words("multiply", x1, y0), carry)
    other = words("add", words("multiply", x0, y1), low(middle))
    top = words("add", words("multiply", x1, y1), high(middle))
    return words("add", top, high(other))


mulhi_p = nary(
    "mulhi",
    dtypes=INTS - SMALL_INTS,
    jvp=zero_tangent,
    lower=_mulhi_lower,
)
