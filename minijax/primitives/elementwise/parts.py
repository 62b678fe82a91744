"""Signs, absolute values, rounding, remainders, real and imaginary parts."""

import enum

import numpy as np

from ... import dtypes
from ...core.literal import aval_of
from ...core.rules import (
    full_like_literal,
    is_linear,
    like,
    linear,
    partials,
    zero_tangent,
)
from ..shape import unbroadcast
from .arithmetic import div, mul, neg, sub
from .builders import (
    BOOL,
    COMPLEX,
    FLOAT32,
    FLOAT64,
    FLOATS,
    NUMBERS,
    REALS,
    SIGNED_NUMBERS,
    complex_dtype,
    nary,
    op,
    real_dtype,
    spread_tangent,
    unary,
)
from .comparison import ge, select


def sign(x):
    """Elementwise sign: -1, 0 or 1; x / |x| for complex x."""
    return sign_p.bind(x)


def _sign_lower(hlo, out, x):
    if out.dtype not in dtypes.UNSIGNED:
        return hlo.emit(f"stablehlo.sign {x} : {out.mlir}")
    one = hlo.constant(np.ones((), out.dtype), out.shape)
    return hlo.emit(f"stablehlo.minimum {x}, {one} : {out.mlir}")


def _sign_partial(x_dot, y, x):
    if x.dtype not in COMPLEX:
        return None  # constant between jumps
    # d(x / |x|) = (dx - y Re(conj(y) dx)) / |x|
    along = real(mul(conj(y), x_dot))
    across = sub(x_dot, mul(y, complex(along, full_like_literal(along, 0))))
    size = abs(x)
    return div(across, complex(size, full_like_literal(size, 0)))


sign_p = unary("sign", dtypes=NUMBERS, jvp=partials(_sign_partial), lower=_sign_lower)


def floor(x):
    """Elementwise largest integer not above x, as a float."""
    return floor_p.bind(x)


def ceil(x):
    """Elementwise smallest integer not below x, as a float."""
    return ceil_p.bind(x)


class RoundingMethod(enum.IntEnum):
    """Where halves go: away from zero, or to the even neighbour."""

    AWAY_FROM_ZERO = 0
    TO_NEAREST_EVEN = 1


def round(x, rounding_method=RoundingMethod.AWAY_FROM_ZERO):
    """Elementwise nearest integer, as a float."""
    return round_p.bind(x, rounding_method=RoundingMethod(rounding_method))


def _round_lower(hlo, out, x, *, rounding_method):
    even = rounding_method is RoundingMethod.TO_NEAREST_EVEN
    name = "round_nearest_even" if even else "round_nearest_afz"
    return hlo.emit(f"stablehlo.{name} {x} : {out.mlir}")


floor_p = unary("floor", dtypes=FLOATS, jvp=zero_tangent, lower=op("floor"))
ceil_p = unary("ceil", dtypes=FLOATS, jvp=zero_tangent, lower=op("ceil"))
round_p = unary("round", dtypes=FLOATS, jvp=zero_tangent, lower=_round_lower)


def is_finite(x):
    """Elementwise: neither infinite nor NaN."""
    return is_finite_p.bind(x)


is_finite_p = unary(
    "is_finite",
    dtypes=FLOATS,
    jvp=zero_tangent,
    lower=op("is_finite"),
    result=lambda dtype: BOOL,
)


def abs(x):
    """Elementwise absolute value; the modulus of complex numbers."""
    return abs_p.bind(x)


def _abs_partial(x_dot, y, x):
    if x.dtype not in COMPLEX:
        # The derivative from above at 0.
        return mul(x_dot, select(ge(x, like(x, 0)), like(x, 1), like(x, -1)))
    # d|x| = Re(conj(x) dx) / |x|, and 0 at x = 0.
    return real(mul(x_dot, conj(sign(x))))


abs_p = unary(
    "abs",
    dtypes=SIGNED_NUMBERS | dtypes.UNSIGNED,
    jvp=partials(_abs_partial),
    lower=lambda hlo, out, x: (
        str(x) if out.dtype in dtypes.UNSIGNED else op("abs")(hlo, out, x)
    ),
    result=lambda dtype: real_dtype(dtype),
)


def real(x):
    """Elementwise real part of complex numbers."""
    return real_p.bind(x)


def imag(x):
    """Elementwise imaginary part of complex numbers."""
    return imag_p.bind(x)


def complex(x, y):
    """Elementwise x + i y from real parts."""
    return complex_p.bind(x, y)


def conj(x, input_dtype=None):
    """Elementwise complex conjugate; of real x, x as a complex number."""
    if aval_of(x).dtype not in COMPLEX:
        return complex(x, full_like_literal(x, 0))
    return conj_p.bind(x)


# Transposes are taken over <y, x> = sum(y * x) without conjugation, so that
# d Re(z) and d Im(z) send a real cotangent r to r and to -i r.
real_p = unary(
    "real",
    dtypes=COMPLEX,
    jvp=linear,
    transpose=lambda ct, x: [complex(ct, full_like_literal(ct, 0))],
    lower=op("real"),
    result=real_dtype,
)
imag_p = unary(
    "imag",
    dtypes=COMPLEX,
    jvp=linear,
    transpose=lambda ct, x: [complex(full_like_literal(ct, 0), neg(ct))],
    lower=op("imag"),
    result=real_dtype,
)
complex_p = nary(
    "complex",
    dtypes=frozenset({FLOAT32, FLOAT64}),
    jvp=linear,
    transpose=lambda ct, x, y: [
        unbroadcast(real(ct), x) if is_linear(x) else None,
        unbroadcast(neg(imag(ct)), y) if is_linear(y) else None,
    ],
    lower=op("complex"),
    result=complex_dtype,
)
conj_p = unary(
    "conj",
    dtypes=COMPLEX,
    jvp=linear,
    transpose=lambda ct, x: [conj(ct)],
    lower=op("chlo.conj"),
)


def rem(x, y):
    """Remainder of x / y rounded towards zero; it has the sign of x."""
    return rem_p.bind(x, y)


rem_p = nary(
    "rem",
    dtypes=REALS,
    jvp=partials(
        lambda x_dot, z, x, y: spread_tangent(x_dot, z),
        lambda y_dot, z, x, y: mul(neg(y_dot), round_towards_zero(div(x, y))),
    ),
    lower=op("remainder"),
)


def round_towards_zero(x):
    """The integer part of x, with the sign of x."""
    return mul(sign(x), floor(abs(x)))
