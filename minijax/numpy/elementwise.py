"""NumPy's elementwise functions: promotion and broadcasting around one primitive."""

from collections.abc import Callable

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from ..core.rules import like
from .arguments import refuse_out, static_int
from .promotion import (
    as_operand,
    broadcast_shapes_of,
    broadcast_value,
    convert,
    promote,
    promote_inexact,
)
from .selections import elementwise

BOOL = np.dtype(bool)


def _named(function: Callable, name: str, doc: str) -> Callable:
    """A library function with its name and docstring."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__module__ = "minijax.numpy"
    return compiled(elementwise(function))


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


def larger(x, y):
    """The larger of two promoted operands; complex ones in NumPy's order."""
    if x.aval.dtype in dtypes.COMPLEX:
        return lax.select(_by_real_part_first(lax.gt, lax.gt)(x, y), x, y)
    return lax.max(x, y)


def smaller(x, y):
    """The smaller of two promoted operands; complex ones in NumPy's order."""
    if x.aval.dtype in dtypes.COMPLEX:
        return lax.select(_by_real_part_first(lax.lt, lax.lt)(x, y), x, y)
    return lax.min(x, y)


maximum = _binary("maximum", larger, "Elementwise maximum; NaN where either is.")
minimum = _binary("minimum", smaller, "Elementwise minimum; NaN where either is.")


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


def _whole(x, y):
    """Truth values as integers, which can be shifted."""
    if x.aval.dtype != BOOL:
        return x, y
    return convert(x, dtypes.default_int()), convert(y, dtypes.default_int())


left_shift = _binary(
    "left_shift", lambda x, y: lax.shift_left(*_whole(x, y)), "Elementwise x << y."
)
bitwise_left_shift = left_shift


def shifted_right(x, y):
    """Promoted integers x >> y, repeating the sign of signed ones."""
    x, y = _whole(x, y)
    if x.aval.dtype in dtypes.UNSIGNED:
        return lax.shift_right_logical(x, y)
    return lax.shift_right_arithmetic(x, y)


right_shift = _binary(
    "right_shift", shifted_right, "Elementwise x >> y, repeating the sign."
)
bitwise_right_shift = right_shift
bitwise_not = _unary("bitwise_not", lax.bitwise_not, "Elementwise ~x.")
invert = bitwise_invert = bitwise_not


def _as_bool(where, x):
    x = as_operand(where, x)
    return x if x.aval.dtype == BOOL else lax.ne(x, like(x, 0))


@compiled
@elementwise
def logical_not(x, /):
    """Elementwise truth of "not x", as bool."""
    return lax.bitwise_not(_as_bool("logical_not", x))


def _logical(name, primitive, doc):
    def function(x, y, /):
        values = [_as_bool(name, value) for value in promote(name, x, y)]
        return primitive(*broadcast_shapes_of(name, *values))

    return _named(function, name, doc)


logical_and = _logical("logical_and", lax.bitwise_and, "Elementwise x and y, as bool.")
logical_or = _logical("logical_or", lax.bitwise_or, "Elementwise x or y, as bool.")
logical_xor = _logical("logical_xor", lax.bitwise_xor, "Elementwise x != y, as bool.")


# One argument


@compiled
@elementwise
def negative(x, /):
    """Elementwise -x."""
    return lax.neg(as_operand("negative", x))


def positive(x, /):
    """Elementwise +x: the values themselves."""
    return copy_of(as_operand("positive", x))


def copy_of(x):
    """An array or tracer for a value: literals become arrays."""
    return x if not hasattr(x, "val") else lax.copy(x)


@compiled
@elementwise
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


@compiled
@elementwise
def fabs(x, /):
    """Elementwise absolute value of real numbers, as a float."""
    (x,) = promote_inexact("fabs", x)
    if x.aval.dtype in dtypes.COMPLEX:
        raise TypeError(f"fabs: needs real numbers, got {x.aval}. Use abs.")
    return lax.abs(x)


@compiled
@elementwise
def sign(x, /):
    """Elementwise sign: -1, 0 or 1; x / |x| for complex x."""
    return lax.sign(as_operand("sign", x))


@compiled
@elementwise
def signbit(x, /):
    """Elementwise: is the sign bit set (also of -0.0 and NaN)?"""
    x = as_operand("signbit", x)
    dtype = x.aval.dtype
    if dtype == BOOL or dtype in dtypes.UNSIGNED:
        return lax.full(x.aval.shape, False)
    if dtype in dtypes.INTS:
        return lax.lt(x, np.zeros((), dtype))
    if dtype in dtypes.COMPLEX:
        raise ValueError(
            f"signbit: needs real numbers, got {x.aval}. Take the real part first."
        )
    bits = np.dtype(f"int{dtypes.itemsize_bits(dtype)}")
    return lax.lt(lax.bitcast_convert_type(x, bits), np.zeros((), bits))


def copysign(x1, x2, /):
    """Elementwise |x1| with the sign of x2."""
    x1, x2 = broadcast_shapes_of("copysign", *promote_inexact("copysign", x1, x2))
    if x1.aval.dtype in dtypes.COMPLEX:
        raise TypeError(f"copysign: needs real numbers, got {x1.aval}.")
    size = lax.abs(x1)
    signed = lax.select(signbit(x2), lax.neg(size), size)
    weak = x1.aval.weak_type and x2.aval.weak_type
    return lax.convert_element_type(signed, x1.aval.dtype, weak)


@compiled
@elementwise
def square(x, /):
    """Elementwise x * x; truth values count as the integers 0 and 1."""
    x = as_operand("square", x)
    return lax.square(convert(x, dtypes.default_int()) if x.aval.dtype == BOOL else x)


@compiled
@elementwise
def reciprocal(x, /):
    """Elementwise 1 / x, as a float."""
    (x,) = promote_inexact("reciprocal", x)
    return lax.integer_pow(x, -1)


@compiled
@elementwise
def floor(x, /):
    """Elementwise largest integer not above x."""
    return _rounded("floor", lax.floor, x)


@compiled
@elementwise
def ceil(x, /):
    """Elementwise smallest integer not below x."""
    return _rounded("ceil", lax.ceil, x)


@compiled
@elementwise
def trunc(x, /):
    """Elementwise nearest integer towards 0."""

    def towards_zero(x):
        return lax.select(
            lax.lt(x, np.zeros((), x.aval.dtype)), lax.ceil(x), lax.floor(x)
        )

    return _rounded("trunc", towards_zero, x)


fix = trunc


@compiled
@elementwise
def rint(x, /):
    """Elementwise nearest integer as a float; halves go to the even neighbour."""
    x = as_operand("rint", x)
    if x.aval.dtype not in dtypes.INEXACT:
        return convert(x, dtypes.to_inexact(x.aval.dtype))
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
    decimals = static_int("round", "decimals", decimals)
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
    return lax.convert_element_type(lax.div(scaled, factor), dtype, x.aval.weak_type)


around = round


@compiled
@elementwise
def isfinite(x, /):
    """Elementwise: neither infinite nor NaN?"""
    x = as_operand("isfinite", x)
    dtype = x.aval.dtype
    if dtype in dtypes.COMPLEX:
        return lax.bitwise_and(lax.is_finite(lax.real(x)), lax.is_finite(lax.imag(x)))
    if dtype not in dtypes.FLOATS:
        return lax.full(x.aval.shape, True)
    return lax.is_finite(x)


@compiled
@elementwise
def isnan(x, /):
    """Elementwise: not a number?"""
    x = as_operand("isnan", x)
    return lax.ne(x, x)


@compiled
@elementwise
def isinf(x, /):
    """Elementwise: positive or negative infinity?"""
    x = as_operand("isinf", x)
    dtype = x.aval.dtype
    if dtype in dtypes.COMPLEX:
        return lax.bitwise_or(isinf(lax.real(x)), isinf(lax.imag(x)))
    if dtype not in dtypes.FLOATS:
        return lax.full(x.aval.shape, False)
    return lax.eq(lax.abs(x), np.asarray(np.inf).astype(dtype)[()])


def isposinf(x, /, out=None):
    """Elementwise: positive infinity?"""
    refuse_out("isposinf", out)
    return _is_infinity("isposinf", x, np.inf)


def isneginf(x, /, out=None):
    """Elementwise: negative infinity?"""
    refuse_out("isneginf", out)
    return _is_infinity("isneginf", x, -np.inf)


def _is_infinity(name, x, value):
    x = as_operand(name, x)
    if x.aval.dtype in dtypes.COMPLEX:
        raise ValueError(
            f"{name}: complex infinities have no sign, got {x.aval}. Use isinf."
        )
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
    value = convert(value, x.aval.dtype, value.aval.weak_type)
    value, mask = broadcast_shapes_of("where", value, mask)
    return lax.select(mask, value, x)


@compiled
@elementwise
def real(val, /):
    """Elementwise real part; of real numbers, the numbers themselves."""
    x = as_operand("real", val)
    return lax.real(x) if x.aval.dtype in dtypes.COMPLEX else copy_of(x)


@compiled
@elementwise
def imag(val, /):
    """Elementwise imaginary part; zero for real numbers."""
    x = as_operand("imag", val)
    if x.aval.dtype in dtypes.COMPLEX:
        return lax.imag(x)
    return lax.full_like(x, 0)


@compiled
@elementwise
def conjugate(x, /):
    """Elementwise complex conjugate."""
    x = as_operand("conjugate", x)
    return lax.conj(x) if x.aval.dtype in dtypes.COMPLEX else copy_of(x)


conj = conjugate


def angle(z, deg=False):
    """Elementwise angle of complex numbers in the plane, in radians or degrees."""
    (z,) = promote_inexact("angle", z)
    if z.aval.dtype in dtypes.COMPLEX:
        result = arctan2(lax.imag(z), lax.real(z))
    else:
        result = arctan2(lax.full(z.aval.shape, 0, z.aval.dtype), z)
    return degrees(result) if deg else result


def iscomplex(x, /):
    """Elementwise: is the imaginary part not zero?"""
    i = imag(x)
    return lax.ne(i, like(i, 0))


def isreal(x, /):
    """Elementwise: is the imaginary part zero?"""
    return lax.bitwise_not(iscomplex(x))


@compiled
@elementwise
def degrees(x, /):
    """Elementwise radians to degrees."""
    (x,) = promote_inexact("degrees", x)
    return multiply(x, 180 / np.pi)


@compiled
@elementwise
def radians(x, /):
    """Elementwise degrees to radians."""
    (x,) = promote_inexact("radians", x)
    return multiply(x, np.pi / 180)


rad2deg, deg2rad = degrees, radians


@compiled
@elementwise
def log2(x, /):
    """Elementwise logarithm to base 2."""
    (x,) = promote_inexact("log2", x)
    return lax.div(lax.log(x), constant_of(x, np.log(2)))


@compiled
@elementwise
def log10(x, /):
    """Elementwise logarithm to base 10."""
    (x,) = promote_inexact("log10", x)
    return lax.div(lax.log(x), constant_of(x, np.log(10)))


def constant_of(x, value):
    """A number as a NumPy scalar of the dtype of x."""
    dtype = x.aval.dtype
    return np.asarray(value).astype(dtype)[()]


def sinc(x, /):
    """Elementwise sin(pi x) / (pi x), and 1 at 0."""
    (x,) = promote_inexact("sinc", x)
    zero = lax.eq(x, constant_of(x, 0))
    pi_x = multiply(x, np.pi)
    safe = where_scalar(zero, 1.0, pi_x)
    # Near 0 the series 1 - t^2/6 + t^4/120 - t^6/5040 has the right derivatives.
    t2 = lax.square(where_scalar(lax.bitwise_not(zero), 0.0, pi_x))
    series = 1 - t2 / 6 * (1 - t2 / 20 * (1 - t2 / 42))
    return lax.select(zero, series, lax.div(lax.sin(safe), safe))


def heaviside(x1, x2, /):
    """Elementwise step: 0 below 0, 1 above, x2 at 0."""
    x1, x2 = broadcast_shapes_of("heaviside", *promote_inexact("heaviside", x1, x2))
    zero = constant_of(x1, 0)
    above = convert(lax.gt(x1, zero), x1.aval.dtype, weak=True)
    result = lax.select(lax.eq(x1, zero), x2, above)
    return lax.select(isnan(x1), x1, result)
