"""NumPy's functions of two arrays that take several operations each.

Powers, division with all its roundings, stable combinations such as hypot, comparisons
up to a tolerance.
"""

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import custom_jvp
from ..core.rules import like
from .arguments import cast, refuse_out
from .creation import asarray
from .elementwise import (
    BOOL,
    abs,
    add,
    constant_of,
    copy_of,
    exp2,
    greater,
    isfinite,
    isnan,
    larger,
    less,
    less_equal,
    maximum,
    minimum,
    multiply,
    shifted_right,
    smaller,
    true_divide,
    trunc,
    where_scalar,
)
from .promotion import (
    as_operand,
    broadcast_shapes_of,
    convert,
    promote,
    promote_inexact,
)


def power(x1, x2, /):
    """Elementwise x1 ** x2.

    Integer powers of integers must not be negative; a Python integer exponent is
    multiplied out.
    """
    if isinstance(x2, int) and not isinstance(x2, bool):
        x1 = _number(as_operand("power", x1))
        if x1.aval.dtype in dtypes.NUMBERS:
            if x1.aval.dtype in dtypes.INTS and x2 < 0:
                raise TypeError(
                    f"power: integers cannot be raised to negative powers, got {x2}. "
                    "Convert the base to float."
                )
            return lax.integer_pow(x1, x2)
    x1, x2 = as_operand("power", x1), as_operand("power", x2)
    if x1.aval.dtype == BOOL == x2.aval.dtype:
        x1, x2 = _number(x1), _number(x2)
    base, exponent = x1.aval.dtype, x2.aval.dtype
    if base in dtypes.INEXACT and exponent in dtypes.INTS:
        x1, x2 = broadcast_shapes_of("power", x1, x2)
        return lax.pow(x1, x2)
    x1, x2 = broadcast_shapes_of("power", *promote("power", x1, x2))
    if x1.aval.dtype in dtypes.INEXACT:
        return lax.pow(x1, x2)
    return _integer_power(x1, x2)


def _number(x):
    """Truth values as int32, which has powers."""
    return lax.convert_element_type(x, np.int32) if x.aval.dtype == BOOL else x


pow = power


def _integer_power(base, exponent):
    """Square and multiply over the bits of the exponent, 0 where it is negative."""
    dtype = base.aval.dtype
    one = np.ones((), dtype)
    zero = np.zeros((), dtype)
    result = add(multiply(base, zero), one)
    for bit in range(dtypes.itemsize_bits(dtype)):
        used = lax.ne(
            lax.bitwise_and(shifted_right(exponent, np.asarray(bit, dtype)), one),
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
        dtype = dtypes.default_int()
        x1, x2 = convert(x1, dtype), convert(x2, dtype)
    if dtype in dtypes.UNSIGNED:
        return lax.div(x1, x2)
    if dtype in dtypes.INTS:
        quotient = lax.div(x1, x2)
        down = lax.bitwise_and(
            lax.ne(lax.sign(x1), lax.sign(x2)),
            lax.ne(lax.rem(x1, x2), np.zeros((), dtype)),
        )
        return lax.sub(quotient, convert(down, dtype, weak=True))
    return _float_divmod(x1, x2)[0]


def _float_divmod(x1, x2):
    # Python's rule: the remainder has the sign of the divisor, and the quotient is
    # rounded after the remainder is taken out.
    dtype = x1.aval.dtype
    zero = np.zeros((), dtype)
    rest = lax.rem(x1, x2)
    quotient = lax.div(lax.sub(x1, rest), x2)
    wrong = lax.bitwise_and(lax.ne(lax.sign(x2), lax.sign(rest)), lax.ne(rest, zero))
    rest = lax.select(wrong, lax.add(rest, x2), rest)
    quotient = lax.select(wrong, lax.sub(quotient, like(quotient, 1)), quotient)
    return lax.round(quotient), rest


def remainder(x1, x2, /):
    """Elementwise remainder of floor division; it has the sign of x2."""
    x1, x2 = broadcast_shapes_of("remainder", *promote("remainder", x1, x2))
    dtype = x1.aval.dtype
    if dtype == BOOL:
        dtype = dtypes.default_int()
        x1, x2 = convert(x1, dtype), convert(x2, dtype)
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
    if x1.aval.dtype in dtypes.COMPLEX:
        raise ValueError(f"hypot: needs real numbers, got {x1.aval}. Take abs first.")
    x1, x2 = lax.abs(x1), lax.abs(x2)
    high, low = lax.max(x1, x2), lax.min(x1, x2)
    edge = lax.bitwise_or(
        lax.eq(high, constant_of(high, 0)), lax.eq(high, constant_of(high, np.inf))
    )
    safe = where_scalar(edge, 1.0, high)
    ratio = lax.div(low, safe)
    return lax.select(edge, high, lax.mul(safe, lax.sqrt(1 + lax.square(ratio))))


def logaddexp(x1, x2, /):
    """Elementwise log(e^x1 + e^x2) without overflow."""
    x1, x2 = broadcast_shapes_of("logaddexp", *promote_inexact("logaddexp", x1, x2))
    return _logaddexp(x1, x2)


@custom_jvp
def _logaddexp(x, y):
    high = larger(x, y)
    gap = lax.sub(x, y)
    if x.dtype in dtypes.COMPLEX:
        low = smaller(x, y)
        total = lax.add(high, lax.log1p(lax.exp(lax.sub(low, high))))
        # The principal value: an imaginary part in [-pi, pi].
        turns = lax.round(lax.imag(total) / (2 * np.pi))
        return lax.complex(lax.real(total), lax.imag(total) - turns * (2 * np.pi))
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
    log_2 = float(np.log(2))
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
    (x1,), x2 = promote_inexact("ldexp", x1), as_operand("ldexp", x2)
    if x1.aval.dtype in dtypes.COMPLEX or x2.aval.dtype in dtypes.INEXACT:
        raise ValueError(
            f"ldexp: needs a real number and an integer, got {x1.aval} and {x2.aval}."
        )
    return multiply(x1, exp2(convert(x2, x1.aval.dtype)))


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
    x = abs(x)
    if x.aval.dtype != BOOL:
        x = lax.population_count(x)
    return convert(x, np.dtype("uint8"))


def clip(arr=None, /, min=None, max=None, *, a=None, a_min=None, a_max=None):
    """Elementwise values limited to [min, max]; either bound may be missing."""
    x = a if arr is None else arr
    low = a_min if min is None else min
    high = a_max if max is None else max
    if x is None:
        raise ValueError("At most one of a_min and a_max may be None; no array given.")
    x = as_operand("clip", x)
    given = [as_operand("clip", y) for y in (low, high) if y is not None]
    if any(y.aval.dtype in dtypes.COMPLEX for y in (x, *given)):
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
    return cast(close, BOOL)


def allclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether all elements are close: see isclose."""
    return isclose(a, b, rtol, atol, equal_nan).all()


def array_equal(a1, a2, equal_nan=False):
    """Whether two arrays have the same shape and elements."""
    a1, a2 = promote("array_equal", asarray(a1), asarray(a2))
    if a1.aval.shape != a2.aval.shape:
        return lax.full((), False)
    same = lax.eq(a1, a2)
    if equal_nan:
        same = lax.bitwise_or(same, lax.bitwise_and(isnan(a1), isnan(a2)))
    return cast(same, BOOL).all()


def array_equiv(a1, a2):
    """Whether two arrays broadcast to one shape and are equal there."""
    a1, a2 = promote("array_equiv", asarray(a1), asarray(a2))
    try:
        a1, a2 = broadcast_shapes_of("array_equiv", a1, a2)
    except (TypeError, ValueError):
        return lax.full((), False)
    return lax.eq(a1, a2).all()
