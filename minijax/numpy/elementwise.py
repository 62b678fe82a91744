"""NumPy's elementwise functions: promotion and broadcasting around one primitive."""

import builtins
from collections.abc import Callable

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import custom_jvp
from .promotion import (
    as_operand,
    broadcast_shapes_of,
    broadcast_value,
    convert,
    promote,
    promote_inexact,
)

BOOL = np.dtype(bool)


def _named(function: Callable, name: str, doc: str) -> Callable:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__module__ = "minijax.numpy"
    return function


def _inexact_unary(name: str, primitive: Callable, doc: str) -> Callable:
    """A function of one array that turns integers into floats first."""

    def function(x, /):
        (x,) = promote_inexact(name, x)
        return primitive(x)

    return _named(function, name, doc)


def _unary(name: str, primitive: Callable, doc: str) -> Callable:
    """A function of one array that keeps the dtype."""

    def function(x, /):
        return primitive(as_operand(name, x))

    return _named(function, name, doc)


def _binary(name: str, primitive: Callable, doc: str, inexact=False) -> Callable:
    """A function of two arrays that are promoted and broadcast first."""
    to_one_dtype = promote_inexact if inexact else promote

    def function(x, y, /):
        x, y = to_one_dtype(name, x, y)
        if x.aval.shape != y.aval.shape:
            x, y = broadcast_shapes_of(name, x, y)
        return primitive(x, y)

    return _named(function, name, doc)


exp = _inexact_unary("exp", lax.exp, "Elementwise e^x.")
exp2 = _inexact_unary("exp2", lax.exp2, "Elementwise 2^x.")
expm1 = _inexact_unary("expm1", lax.expm1, "Elementwise e^x - 1, accurate near 0.")
log = _inexact_unary("log", lax.log, "Elementwise natural logarithm.")
log1p = _inexact_unary("log1p", lax.log1p, "Elementwise log(1 + x), accurate near 0.")
sqrt = _inexact_unary("sqrt", lax.sqrt, "Elementwise square root.")
cbrt = _inexact_unary("cbrt", lax.cbrt, "Elementwise real cube root.")
sin = _inexact_unary("sin", lax.sin, "Elementwise sine of x in radians.")
cos = _inexact_unary("cos", lax.cos, "Elementwise cosine of x in radians.")
tan = _inexact_unary("tan", lax.tan, "Elementwise tangent of x in radians.")
arcsin = _inexact_unary("arcsin", lax.asin, "Elementwise inverse sine, in radians.")
arccos = _inexact_unary("arccos", lax.acos, "Elementwise inverse cosine, in radians.")
arctan = _inexact_unary("arctan", lax.atan, "Elementwise inverse tangent, in radians.")
sinh = _inexact_unary("sinh", lax.sinh, "Elementwise hyperbolic sine.")
cosh = _inexact_unary("cosh", lax.cosh, "Elementwise hyperbolic cosine.")
tanh = _inexact_unary("tanh", lax.tanh, "Elementwise hyperbolic tangent.")
arcsinh = _inexact_unary("arcsinh", lax.asinh, "Elementwise inverse hyperbolic sine.")
arccosh = _inexact_unary("arccosh", lax.acosh, "Elementwise inverse hyperbolic cosine.")
arctanh = _inexact_unary(
    "arctanh", lax.atanh, "Elementwise inverse hyperbolic tangent."
)
asin, acos, atan = arcsin, arccos, arctan
asinh, acosh, atanh = arcsinh, arccosh, arctanh

add = _binary(
    "add",
    lambda x, y: lax.bitwise_or(x, y) if x.aval.dtype == BOOL else lax.add(x, y),
    "Elementwise x + y; the logical or of truth values.",
)
subtract = _binary("subtract", lax.sub, "Elementwise x - y.")
multiply = _binary(
    "multiply",
    lambda x, y: lax.bitwise_and(x, y) if x.aval.dtype == BOOL else lax.mul(x, y),
    "Elementwise x * y; the logical and of truth values.",
)
true_divide = _binary(
    "true_divide", lax.div, "Elementwise x / y, never an integer.", inexact=True
)
divide = true_divide
arctan2 = _binary(
    "arctan2", lax.atan2, "Elementwise angle of the point (y, x).", inexact=True
)
atan2 = arctan2
nextafter = _binary(
    "nextafter", lax.nextafter, "Elementwise next float after x towards y.", True
)


def _by_real_part_first(compare, strict):
    """Order complex numbers as NumPy does: by real parts, then imaginary parts."""

    def ordered(x, y):
        if x.aval.dtype not in dtypes.COMPLEX:
            return compare(x, y)
        same = lax.eq(lax.real(x), lax.real(y))
        by_imag = compare(lax.imag(x), lax.imag(y))
        return lax.select(same, by_imag, strict(lax.real(x), lax.real(y)))

    return ordered


def _maximum(x, y):
    if x.aval.dtype in dtypes.COMPLEX:
        larger = _by_real_part_first(lax.gt, lax.gt)(x, y)
        return lax.select(larger, x, y)
    return lax.max(x, y)


def _minimum(x, y):
    if x.aval.dtype in dtypes.COMPLEX:
        smaller = _by_real_part_first(lax.lt, lax.lt)(x, y)
        return lax.select(smaller, x, y)
    return lax.min(x, y)


maximum = _binary("maximum", _maximum, "Elementwise maximum; NaN where either is.")
minimum = _binary("minimum", _minimum, "Elementwise minimum; NaN where either is.")


def _equal(x, y):
    """x == y; random keys are equal if all their words are."""
    dtype = x.aval.dtype
    if not isinstance(dtype, dtypes.ExtendedDType):
        return lax.eq(x, y)
    shape = x.aval.shape or y.aval.shape  # a single key goes with any shape
    x, y = broadcast_value(x, shape), broadcast_value(y, shape)
    same = lax.eq(dtype.unwrap(x), dtype.unwrap(y))
    words = range(same.ndim - len(dtype.key_shape), same.ndim)
    return lax.reduce_and(same, tuple(words))


def _not_equal(x, y):
    if isinstance(x.aval.dtype, dtypes.ExtendedDType):
        return lax.bitwise_not(_equal(x, y))
    return lax.ne(x, y)


equal = _binary("equal", _equal, "Elementwise x == y.")
not_equal = _binary("not_equal", _not_equal, "Elementwise x != y.")
less = _binary("less", _by_real_part_first(lax.lt, lax.lt), "Elementwise x < y.")
less_equal = _binary(
    "less_equal", _by_real_part_first(lax.le, lax.lt), "Elementwise x <= y."
)
greater = _binary("greater", _by_real_part_first(lax.gt, lax.gt), "Elementwise x > y.")
greater_equal = _binary(
    "greater_equal", _by_real_part_first(lax.ge, lax.gt), "Elementwise x >= y."
)
bitwise_and = _binary("bitwise_and", lax.bitwise_and, "Elementwise x & y.")
bitwise_or = _binary("bitwise_or", lax.bitwise_or, "Elementwise x | y.")
bitwise_xor = _binary("bitwise_xor", lax.bitwise_xor, "Elementwise x ^ y.")
left_shift = _binary("left_shift", lax.shift_left, "Elementwise x << y.")
bitwise_left_shift = left_shift


def _right_shift(x, y):
    if x.aval.dtype in dtypes.UNSIGNED:
        return lax.shift_right_logical(x, y)
    return lax.shift_right_arithmetic(x, y)


right_shift = _binary(
    "right_shift", _right_shift, "Elementwise x >> y, repeating the sign."
)
bitwise_right_shift = right_shift
bitwise_not = _unary("bitwise_not", lax.bitwise_not, "Elementwise ~x.")
invert = bitwise_invert = bitwise_not


def _as_bool(where, x):
    x = as_operand(where, x)
    return convert(x, BOOL) if x.aval.dtype != BOOL else x


def logical_not(x, /):
    """Elementwise truth of "not x", as bool."""
    return lax.bitwise_not(_as_bool("logical_not", x))


def _logical(name, primitive, doc):
    def function(x, y, /):
        values = [_as_bool(name, x), _as_bool(name, y)]
        return primitive(*broadcast_shapes_of(name, *values))

    return _named(function, name, doc)


logical_and = _logical("logical_and", lax.bitwise_and, "Elementwise x and y, as bool.")
logical_or = _logical("logical_or", lax.bitwise_or, "Elementwise x or y, as bool.")
logical_xor = _logical("logical_xor", lax.bitwise_xor, "Elementwise x != y, as bool.")


# One argument


def negative(x, /):
    """Elementwise -x."""
    return lax.neg(as_operand("negative", x))


def positive(x, /):
    """Elementwise +x: the values themselves."""
    return copy_of(as_operand("positive", x))


def copy_of(x):
    """An array or tracer for a value: literals become arrays."""
    return x if not hasattr(x, "val") else lax.copy(x)


def abs(x, /):
    """Elementwise absolute value; the modulus of complex numbers.

    >>> abs(np.array([-1.5, 2.0], "float32"))
    Array([1.5, 2. ], dtype=float32)
    """
    x = as_operand("abs", x)
    if x.aval.dtype in dtypes.UNSIGNED or x.aval.dtype == BOOL:
        return copy_of(x)
    return lax.abs(x)


absolute = abs


def fabs(x, /):
    """Elementwise absolute value as a float."""
    (x,) = promote_inexact("fabs", x)
    return lax.abs(x)


def sign(x, /):
    """Elementwise sign: -1, 0 or 1; x / |x| for complex x."""
    return lax.sign(as_operand("sign", x))


def signbit(x, /):
    """Elementwise: is the sign bit set (also of -0.0 and NaN)?"""
    x = as_operand("signbit", x)
    dtype = x.aval.dtype
    if dtype == BOOL or dtype in dtypes.UNSIGNED:
        return lax.full(x.aval.shape, False)
    if dtype in dtypes.INTS:
        return lax.lt(x, convert(as_operand("signbit", 0), dtype))
    bits = np.dtype(f"int{dtypes.itemsize_bits(dtype)}")
    return lax.lt(lax.bitcast_convert_type(x, bits), np.zeros((), bits))


def copysign(x1, x2, /):
    """Elementwise |x1| with the sign of x2."""
    x1, x2 = promote_inexact("copysign", x1, x2)
    x1, x2 = broadcast_shapes_of("copysign", x1, x2)
    size = lax.abs(x1)
    return lax.select(signbit(x2), lax.neg(size), size)


def square(x, /):
    """Elementwise x * x."""
    return lax.square(as_operand("square", x))


def reciprocal(x, /):
    """Elementwise 1 / x, as a float."""
    (x,) = promote_inexact("reciprocal", x)
    return lax.integer_pow(x, -1)


def floor(x, /):
    """Elementwise largest integer not above x."""
    return _rounded("floor", lax.floor, x)


def ceil(x, /):
    """Elementwise smallest integer not below x."""
    return _rounded("ceil", lax.ceil, x)


def trunc(x, /):
    """Elementwise nearest integer towards 0."""

    def towards_zero(x):
        return lax.select(
            lax.lt(x, np.zeros((), x.aval.dtype)), lax.ceil(x), lax.floor(x)
        )

    return _rounded("trunc", towards_zero, x)


fix = trunc


def rint(x, /):
    """Elementwise nearest integer as a float; halves go to the even neighbour."""
    (x,) = promote_inexact("rint", x)
    return _round_to_even(x)


def _round_to_even(x):
    if x.aval.dtype in dtypes.COMPLEX:
        return lax.complex(_round_to_even(lax.real(x)), _round_to_even(lax.imag(x)))
    return lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)


def _rounded(name, primitive, x):
    x = as_operand(name, x)
    if x.aval.dtype in dtypes.INTS or x.aval.dtype == BOOL:
        return copy_of(x)
    return primitive(x)


def round(a, decimals=0, out=None):
    """Elementwise rounding to `decimals` digits; halves go to the even neighbour."""
    refuse_out("round", out)
    x = as_operand("round", a)
    dtype = x.aval.dtype
    if dtype in dtypes.INTS or dtype == BOOL:
        if decimals < 0:
            raise NotImplementedError(
                "round: integers with decimals < 0 are not supported. Convert to float."
            )
        return copy_of(x)
    if decimals == 0:
        return _round_to_even(x)
    # Scaling a half-precision number by powers of ten would overflow early.
    work = np.dtype("float32") if dtypes.itemsize_bits(dtype) == 16 else dtype
    factor = np.asarray(10.0**decimals).astype(work)
    scaled = _round_to_even(lax.mul(convert(x, work), factor))
    return convert(lax.div(scaled, factor), dtype)


around = round


def refuse_out(where, out):
    """Arrays are immutable: refuse NumPy's `out`."""
    if out is not None:
        raise NotImplementedError(
            f"The 'out' argument to jnp.{where} is not supported: arrays are "
            "immutable. Use the returned array."
        )


def isfinite(x, /):
    """Elementwise: neither infinite nor NaN?"""
    x = as_operand("isfinite", x)
    dtype = x.aval.dtype
    if dtype in dtypes.COMPLEX:
        return lax.bitwise_and(lax.is_finite(lax.real(x)), lax.is_finite(lax.imag(x)))
    if dtype not in dtypes.FLOATS:
        return lax.full(x.aval.shape, True)
    return lax.is_finite(x)


def isnan(x, /):
    """Elementwise: not a number?"""
    x = as_operand("isnan", x)
    if x.aval.dtype not in dtypes.INEXACT:
        return lax.full(x.aval.shape, False)
    return lax.ne(x, x)


def isinf(x, /):
    """Elementwise: positive or negative infinity?"""
    x = as_operand("isinf", x)
    dtype = x.aval.dtype
    if dtype in dtypes.COMPLEX:
        return lax.bitwise_or(isinf(lax.real(x)), isinf(lax.imag(x)))
    if dtype not in dtypes.FLOATS:
        return lax.full(x.aval.shape, False)
    return lax.eq(lax.abs(x), np.asarray(np.inf).astype(dtype)[()])


def isposinf(x, /):
    """Elementwise: positive infinity?"""
    return _is_infinity("isposinf", x, np.inf)


def isneginf(x, /):
    """Elementwise: negative infinity?"""
    return _is_infinity("isneginf", x, -np.inf)


def _is_infinity(name, x, value):
    x = as_operand(name, x)
    if x.aval.dtype not in dtypes.FLOATS:
        return lax.full(x.aval.shape, False)
    return lax.eq(x, np.asarray(value).astype(x.aval.dtype)[()])


def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """NaN and infinities replaced by finite numbers.

    Args:
      nan, posinf, neginf: the replacements; infinities become the largest and smallest
        finite numbers by default.
    """
    x = as_operand("nan_to_num", x)
    dtype = x.aval.dtype
    if dtype not in dtypes.INEXACT:
        return copy_of(x)
    if dtype in dtypes.COMPLEX:
        parts = lax.real(x), lax.imag(x)
        return lax.complex(*[nan_to_num(p, copy, nan, posinf, neginf) for p in parts])
    info = dtypes.finfo(dtype)
    x = where_scalar(isnan(x), nan, x)
    x = where_scalar(isposinf(x), info.max if posinf is None else posinf, x)
    return where_scalar(isneginf(x), info.min if neginf is None else neginf, x)


def where_scalar(mask, value, x):
    """x with a scalar, converted to the dtype of x, where the mask holds."""
    value = as_operand("where", value)
    value, mask = broadcast_shapes_of("where", convert(value, x.aval.dtype), mask)
    return lax.select(mask, value, x)


def real(val, /):
    """Elementwise real part; of real numbers, the numbers themselves."""
    x = as_operand("real", val)
    return lax.real(x) if x.aval.dtype in dtypes.COMPLEX else copy_of(x)


def imag(val, /):
    """Elementwise imaginary part; zero for real numbers."""
    x = as_operand("imag", val)
    if x.aval.dtype in dtypes.COMPLEX:
        return lax.imag(x)
    return lax.full(x.aval.shape, 0, x.aval.dtype)


def conjugate(x, /):
    """Elementwise complex conjugate."""
    x = as_operand("conjugate", x)
    return lax.conj(x) if x.aval.dtype in dtypes.COMPLEX else copy_of(x)


conj = conjugate


def angle(z, deg=False):
    """Elementwise angle of complex numbers in the plane, in radians or degrees."""
    (z,) = promote_inexact("angle", z)
    result = arctan2(imag(z), real(z))
    return degrees(result) if deg else result


def iscomplex(x, /):
    """Elementwise: is the imaginary part not zero?"""
    i = imag(x)
    return lax.ne(i, np.zeros((), i.aval.dtype))


def isreal(x, /):
    """Elementwise: is the imaginary part zero?"""
    return lax.bitwise_not(iscomplex(x))


def degrees(x, /):
    """Elementwise radians to degrees."""
    (x,) = promote_inexact("degrees", x)
    return multiply(x, 180 / np.pi)


def radians(x, /):
    """Elementwise degrees to radians."""
    (x,) = promote_inexact("radians", x)
    return multiply(x, np.pi / 180)


rad2deg, deg2rad = degrees, radians


def log2(x, /):
    """Elementwise logarithm to base 2."""
    (x,) = promote_inexact("log2", x)
    return lax.div(lax.log(x), _constant(x, np.log(2)))


def log10(x, /):
    """Elementwise logarithm to base 10."""
    (x,) = promote_inexact("log10", x)
    return lax.div(lax.log(x), _constant(x, np.log(10)))


def _constant(x, value):
    dtype = x.aval.dtype
    return np.asarray(value).astype(dtype)[()]


def sinc(x, /):
    """Elementwise sin(pi x) / (pi x), and 1 at 0."""
    (x,) = promote_inexact("sinc", x)
    zero = lax.eq(x, _constant(x, 0))
    pi_x = lax.mul(x, _constant(x, np.pi))
    safe = where_scalar(zero, 1.0, pi_x)
    # Near 0 the series 1 - t^2/6 + t^4/120 - t^6/5040 has the right derivatives.
    t2 = lax.square(where_scalar(lax.bitwise_not(zero), 0.0, pi_x))
    series = 1 - t2 / 6 * (1 - t2 / 20 * (1 - t2 / 42))
    return lax.select(zero, series, lax.div(lax.sin(safe), safe))


def heaviside(x1, x2, /):
    """Elementwise step: 0 below 0, 1 above, x2 at 0."""
    x1, x2 = broadcast_shapes_of("heaviside", *promote_inexact("heaviside", x1, x2))
    zero = _constant(x1, 0)
    above = convert(lax.gt(x1, zero), x1.aval.dtype)
    result = lax.select(lax.eq(x1, zero), x2, above)
    return lax.select(isnan(x1), x1, result)


# Two arguments


def power(x1, x2, /):
    """Elementwise x1 ** x2.

    Integer powers of integers must not be negative; a Python integer exponent is
    multiplied out.
    """
    if isinstance(x2, int) and not isinstance(x2, bool):
        x1 = as_operand("power", x1)
        if x1.aval.dtype in dtypes.NUMBERS:
            if x1.aval.dtype in dtypes.INTS and x2 < 0:
                raise ValueError("Integers cannot be raised to negative powers.")
            return lax.integer_pow(x1, x2)
    x1, x2 = as_operand("power", x1), as_operand("power", x2)
    base, exponent = x1.aval.dtype, x2.aval.dtype
    if base in dtypes.INEXACT and exponent in dtypes.INTS:
        x1, x2 = broadcast_shapes_of("power", x1, x2)
        return lax.pow(x1, x2)
    x1, x2 = broadcast_shapes_of("power", *promote("power", x1, x2))
    if x1.aval.dtype in dtypes.INEXACT:
        return lax.pow(x1, x2)
    if x1.aval.dtype == BOOL:
        return lax.bitwise_or(x1, lax.bitwise_not(x2))
    return _integer_power(x1, x2)


pow = power


def _integer_power(base, exponent):
    """Square and multiply over the bits of the exponent, 0 where it is negative."""
    dtype = base.aval.dtype
    one = np.ones((), dtype)
    zero = np.zeros((), dtype)
    result = add(multiply(base, zero), one)
    for bit in range(dtypes.itemsize_bits(dtype)):
        used = lax.ne(
            lax.bitwise_and(_right_shift(exponent, np.asarray(bit, dtype)), one),
            zero,
        )
        factor = where_scalar(lax.bitwise_not(used), 1, multiply(base, one))
        result = lax.mul(result, factor)
        base = lax.mul(base, base)
    return result


def float_power(x, y, /):
    """Elementwise x ** y as a float."""
    x, y = broadcast_shapes_of("float_power", *promote_inexact("float_power", x, y))
    return lax.pow(x, y)


def floor_divide(x1, x2, /):
    """Elementwise x1 / x2 rounded down."""
    x1, x2 = broadcast_shapes_of("floor_divide", *promote("floor_divide", x1, x2))
    dtype = x1.aval.dtype
    if dtype == BOOL:
        x1, x2 = convert(x1, np.dtype("int8")), convert(x2, np.dtype("int8"))
        dtype = np.dtype("int8")
    if dtype in dtypes.UNSIGNED:
        return lax.div(x1, x2)
    if dtype in dtypes.INTS:
        quotient = lax.div(x1, x2)
        down = lax.bitwise_and(
            lax.ne(lax.sign(x1), lax.sign(x2)),
            lax.ne(lax.rem(x1, x2), np.zeros((), dtype)),
        )
        return lax.sub(quotient, convert(down, dtype))
    return _float_divmod(x1, x2)[0]


def _float_divmod(x1, x2):
    # Python's rule: the remainder has the sign of the divisor, and the quotient is
    # rounded after the remainder is taken out.
    dtype = x1.aval.dtype
    zero = np.zeros((), dtype)
    one = np.ones((), dtype)
    rest = lax.rem(x1, x2)
    quotient = lax.div(lax.sub(x1, rest), x2)
    wrong = lax.bitwise_and(lax.ne(lax.sign(x2), lax.sign(rest)), lax.ne(rest, zero))
    rest = lax.select(wrong, lax.add(rest, x2), rest)
    quotient = lax.select(wrong, lax.sub(quotient, one), quotient)
    return lax.round(quotient), rest


def remainder(x1, x2, /):
    """Elementwise remainder of floor division; it has the sign of x2."""
    x1, x2 = broadcast_shapes_of("remainder", *promote("remainder", x1, x2))
    dtype = x1.aval.dtype
    if dtype == BOOL:
        x1, x2 = convert(x1, np.dtype("int8")), convert(x2, np.dtype("int8"))
        dtype = np.dtype("int8")
    zero = np.zeros((), dtype)
    rest = lax.rem(x1, x2)
    if dtype in dtypes.UNSIGNED:
        return rest
    wrong = lax.bitwise_and(
        lax.ne(lax.lt(rest, zero), lax.lt(x2, zero)), lax.ne(rest, zero)
    )
    return lax.select(wrong, lax.add(rest, x2), rest)


mod = remainder


def fmod(x1, x2, /):
    """Elementwise remainder of division towards 0; it has the sign of x1."""
    x1, x2 = broadcast_shapes_of("fmod", *promote("fmod", x1, x2))
    return lax.rem(x1, x2)


def divmod(x1, x2, /):
    """Elementwise (floor_divide, remainder)."""
    x1, x2 = broadcast_shapes_of("divmod", *promote("divmod", x1, x2))
    if x1.aval.dtype in dtypes.FLOATS:
        return _float_divmod(x1, x2)
    return floor_divide(x1, x2), remainder(x1, x2)


def modf(x, /, out=None):
    """Elementwise (fractional part, integer part)."""
    refuse_out("modf", out)
    (x,) = promote_inexact("modf", x)
    whole = trunc(x)
    return lax.sub(x, whole), whole


def hypot(x1, x2, /):
    """Elementwise sqrt(x1^2 + x2^2) without overflow on the way."""
    x1, x2 = broadcast_shapes_of("hypot", *promote_inexact("hypot", x1, x2))
    x1, x2 = lax.abs(x1), lax.abs(x2)
    high, low = lax.max(x1, x2), lax.min(x1, x2)
    zero = lax.eq(high, _constant(high, 0))
    safe = where_scalar(zero, 1.0, high)
    ratio = lax.div(low, safe)
    return lax.select(zero, high, lax.mul(safe, lax.sqrt(1 + lax.square(ratio))))


def logaddexp(x1, x2, /):
    """Elementwise log(e^x1 + e^x2) without overflow."""
    x1, x2 = broadcast_shapes_of("logaddexp", *promote_inexact("logaddexp", x1, x2))
    return _logaddexp(x1, x2)


@custom_jvp
def _logaddexp(x, y):
    high = _maximum(x, y)
    gap = lax.sub(x, y)
    if x.dtype in dtypes.COMPLEX:
        low = _minimum(x, y)
        return lax.add(high, lax.log1p(lax.exp(lax.sub(low, high))))
    # Equal infinities have no difference; there the result is the larger operand.
    return lax.select(
        isnan(gap), lax.add(x, y), lax.add(high, lax.log1p(lax.exp(-lax.abs(gap))))
    )


@_logaddexp.defjvp
def _logaddexp_jvp(primals, tangents):
    # d log(e^x + e^y) = e^(x - z) dx + e^(y - z) dy,  z the value; both factors <= 1.
    x, y = primals
    x_dot, y_dot = tangents
    z = _logaddexp(x, y)
    return z, x_dot * _share(x, z) + y_dot * _share(y, z)


def _share(x, z):
    # Infinite operands that equal the result have the whole share.
    return lax.exp(where_scalar(lax.eq(x, z), 0.0, lax.sub(x, z)))


def logaddexp2(x1, x2, /):
    """Elementwise log2(2^x1 + 2^x2) without overflow."""
    x1, x2 = promote_inexact("logaddexp2", x1, x2)
    log_2 = _constant(x1, np.log(2))
    total = logaddexp(multiply(x1, log_2), multiply(x2, log_2))
    return true_divide(total, log_2)


def fmax(x1, x2, /):
    """Elementwise maximum that ignores NaN."""
    x1, x2 = broadcast_shapes_of("fmax", *promote("fmax", x1, x2))
    return lax.select(lax.bitwise_or(greater(x1, x2), isnan(x2)), x1, x2)


def fmin(x1, x2, /):
    """Elementwise minimum that ignores NaN."""
    x1, x2 = broadcast_shapes_of("fmin", *promote("fmin", x1, x2))
    return lax.select(lax.bitwise_or(less(x1, x2), isnan(x2)), x1, x2)


def ldexp(x1, x2, /):
    """Elementwise x1 * 2^x2."""
    (x1,) = promote_inexact("ldexp", x1)
    return multiply(x1, exp2(convert(as_operand("ldexp", x2), x1.aval.dtype)))


def gcd(x1, x2, /):
    """Elementwise greatest common divisor of integers, by Euclid's algorithm."""
    x1, x2 = broadcast_shapes_of("gcd", *promote("gcd", x1, x2))
    if x1.aval.dtype not in dtypes.INTS:
        raise ValueError("Arguments to jax.numpy.gcd must be integers.")
    x, y = abs(x1), abs(x2)
    zero = np.zeros((), x.aval.dtype)
    # Fibonacci numbers are the worst case: 1.44 steps per bit.
    for _ in range(int(1.45 * dtypes.itemsize_bits(x.aval.dtype)) + 2):
        done = lax.eq(y, zero)
        rest = lax.rem(x, where_scalar(done, 1, y))
        x, y = lax.select(done, x, y), lax.select(done, y, rest)
    return x


def lcm(x1, x2, /):
    """Elementwise least common multiple of integers."""
    x1, x2 = broadcast_shapes_of("lcm", *promote("lcm", x1, x2))
    if x1.aval.dtype not in dtypes.INTS:
        raise ValueError("Arguments to jax.numpy.lcm must be integers.")
    x1, x2 = abs(x1), abs(x2)
    divisor = gcd(x1, x2)
    none = lax.eq(divisor, np.zeros((), divisor.aval.dtype))
    safe = where_scalar(none, 1, divisor)
    return lax.mul(x1, lax.div(x2, safe))


def bitwise_count(x, /):
    """Elementwise number of bits set in |x|, as uint8."""
    return convert(lax.population_count(abs(x)), np.dtype("uint8"))


def clip(arr=None, /, min=None, max=None, *, a=None, a_min=None, a_max=None):
    """Elementwise values limited to [min, max]; either bound may be missing."""
    x = a if arr is None else arr
    low = a_min if min is None else min
    high = a_max if max is None else max
    if x is None:
        raise ValueError("At most one of a_min and a_max may be None; no array given.")
    x = as_operand("clip", x)
    if x.aval.dtype in dtypes.COMPLEX:
        raise ValueError("clip: complex numbers have no order. Clip the parts instead.")
    if low is not None:
        x = maximum(low, x)
    if high is not None:
        x = minimum(high, x)
    return copy_of(x)


def isclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Elementwise |a - b| <= atol + rtol |b|."""
    a, b = broadcast_shapes_of("isclose", *promote("isclose", a, b))
    dtype = a.aval.dtype
    if dtype not in dtypes.INEXACT:
        if dtype == BOOL:
            return lax.eq(a, b)
        a, b = promote_inexact("isclose", a, b)
    bound = add(atol, multiply(rtol, abs(b)))
    close = less_equal(abs(lax.sub(a, b)), bound)
    finite = lax.bitwise_and(isfinite(a), isfinite(b))
    close = lax.select(finite, close, lax.eq(a, b))
    if equal_nan:
        close = lax.bitwise_or(close, lax.bitwise_and(isnan(a), isnan(b)))
    return close


def allclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether all elements are close: see isclose."""
    return isclose(a, b, rtol, atol, equal_nan).all()


def array_equal(a1, a2, equal_nan=False):
    """Whether two arrays have the same shape and elements."""
    a1, a2 = promote("array_equal", a1, a2)
    if a1.aval.shape != a2.aval.shape:
        return lax.full((), False)
    same = lax.eq(a1, a2)
    if equal_nan:
        same = lax.bitwise_or(same, lax.bitwise_and(isnan(a1), isnan(a2)))
    return same.all()


def array_equiv(a1, a2):
    """Whether two arrays broadcast to one shape and are equal there."""
    a1, a2 = promote("array_equiv", a1, a2)
    try:
        a1, a2 = broadcast_shapes_of("array_equiv", a1, a2)
    except TypeError:
        return lax.full((), False)
    return lax.eq(a1, a2).all()


def i0(x):
    """Elementwise modified Bessel function of order 0, by its power series.

    Abramowitz and Stegun, 9.6.12: the sum of (x^2/4)^k / (k!)^2, scaled by e^-|x|
    beyond the range where the series converges fast (9.7.1).
    """
    (x,) = promote_inexact("i0", x)
    x = abs(x)
    small = minimum(x, 20.0)
    quarter = lax.square(small) / 4
    total, term = 1.0 + quarter * 0, 1.0 + quarter * 0
    for k in builtins.range(1, 60):
        term = term * quarter / (k * k)
        total = total + term
    large = maximum(x, 20.0)
    series, term = 1.0 + large * 0, 1.0 + large * 0
    for k in builtins.range(1, 12):
        term = term * ((2 * k - 1) ** 2 / (8.0 * k)) / large
        series = series + term
    asymptotic = exp(large) / sqrt(2 * np.pi * large) * series
    return lax.select(less_equal(x, 20.0), total, asymptotic)
