"""Elementwise operations: each element of the result depends on one of each operand.

Operands agree in dtype and shape, except that scalars (rank 0) go with any shape. The
builders `unary` and `nary` supply the type, batching and, for linear operations, the
transpose rule; what remains of an operation is its derivative and its StableHLO name.

    y:f32[3] = mul x 2.0:f32[]
"""

import builtins
import enum
import operator

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import Literal, aval_of, literal
from ..core.primitive import JvpRule, Primitive, registry
from ..core.rules import (
    bilinear,
    full_like_literal,
    is_linear,
    like,
    linear,
    partials,
    zero_tangent,
)
from .shape import broadcast_in_dim, move_axis, move_batch, unbroadcast

FLOATS = dtypes.FLOATS
COMPLEX = dtypes.COMPLEX
INEXACT = dtypes.INEXACT
INTS = dtypes.INTS
NUMBERS = dtypes.NUMBERS
REALS = dtypes.REALS
BITS = dtypes.INTS | dtypes.BOOL
ANY = dtypes.ALL
SIGNED_NUMBERS = dtypes.SIGNED | INEXACT

# Builders


def nary_abstract(name, allowed, result=None):
    """The type rule: equal dtypes in `allowed`, equal shapes up to scalars."""

    def abstract(*avals, **params):
        dtype = avals[0].dtype
        if dtype not in allowed or any(x.dtype != dtype for x in avals):
            raise _dtype_error(name, allowed, avals)
        shape = common_shape(name, avals)
        weak = all(x.weak_type for x in avals)
        return ShapedArray(shape, dtype if result is None else result(dtype), weak)

    return abstract


def common_shape(name, avals):
    """The one shape of operands that are not scalars."""
    shapes = {x.shape for x in avals if x.shape}
    if len(shapes) > 1:
        raise TypeError(
            f"{name}: operands must have one shape or be scalars, got "
            f"{' and '.join(map(str, avals))}."
        )
    return shapes.pop() if shapes else ()


def _dtype_error(name, allowed, avals):
    types = " and ".join(map(str, avals))
    if any(x.dtype != avals[0].dtype for x in avals):
        return TypeError(
            f"{name}: operands must have one dtype, got {types}. Convert one with "
            "astype, or use the function of minijax.numpy, which promotes."
        )
    if avals[0].dtype in INTS and allowed <= INEXACT:
        return TypeError(
            f"{name}: needs floating-point operands, got {types}. Convert with astype."
        )
    names = ", ".join(sorted(dtypes.short(d) for d in allowed))
    return TypeError(f"{name}: operands must have a dtype of {names}, got {types}.")


def align_batch(size, operands, dims):
    """Operands with their batch axes in one place, ready for an elementwise operation.

    Returns the operands and the place. Scalars shared by all members stay scalars.
    """
    ranks = [
        aval_of(x).ndim - (d is not None) for x, d in zip(operands, dims, strict=True)
    ]
    rank = builtins.max(ranks)
    members = list(zip(operands, dims, ranks, strict=True))
    place = next((d for _, d, r in members if r == rank and d is not None), 0)
    aligned = []
    for x, d, r in members:
        if d is None and r == 0:
            aligned.append(x)
        elif r == rank:
            aligned.append(move_batch(size, x, d, place))
        else:  # a scalar per member, spread over the member's elements
            whole, e, _ = next(m for m in members if m[2] == rank)
            shape = list(aval_of(whole).shape)
            if e is not None:
                del shape[e]
            shape.insert(place, size)
            aligned.append(broadcast_in_dim(x, shape, (place,)))
    return aligned, place


def elementwise_batch(name):
    """The batching rule of an elementwise operation, found by its primitive's name."""

    def batch(size, operands, dims, **params):
        aligned, place = align_batch(size, operands, dims)
        return registry[name].bind(*aligned, **params), place

    return batch


def op(name):
    """Lower to one StableHLO (or chlo) operation on operands of the result's shape."""
    if name.startswith("chlo."):
        return _chlo_op(name)

    def lower(hlo, out, *operands, **params):
        shape = out.shape
        names = ", ".join([hlo.spread(x, shape) for x in operands])
        kind = out.mlir
        if operands[0].dtype != out.dtype:
            types = [x.aval.update(shape=shape).mlir for x in operands]
            kind = f"({', '.join(types)}) -> {kind}"
        return hlo.emit(f"stablehlo.{name} {names} : {kind}")

    return lower


def _chlo_op(name):
    """The same for an operation of the chlo dialect, which writes types out."""

    def lower(hlo, out, *operands, **params):
        names = ", ".join([hlo.spread(x, out.shape) for x in operands])
        types = ", ".join([x.aval.update(shape=out.shape).mlir for x in operands])
        return hlo.emit(f"{name} {names} : {types} -> {out.mlir}")

    return lower


def nary(name, *, dtypes, jvp, lower, transpose=None, result=None):
    """An elementwise primitive of several operands of one dtype."""
    return Primitive(
        name,
        abstract=nary_abstract(name, dtypes, result),
        jvp=jvp,
        transpose=transpose,
        batch=elementwise_batch(name),
        lower=lower,
    )


def unary(name, *, dtypes, jvp, lower, transpose=None, result=None):
    """An elementwise primitive of one operand: batching leaves its axis in place."""

    def batch(size, operands, dims, **params):
        return registry[name].bind(*operands, **params), dims[0]

    return Primitive(
        name,
        abstract=nary_abstract(name, dtypes, result),
        jvp=jvp,
        transpose=transpose,
        batch=batch,
        lower=lower,
    )


def real_dtype(dtype):
    """The dtype of the parts of a complex number."""
    return {"complex64": FLOAT32, "complex128": FLOAT64}.get(dtype.name, dtype)


def complex_dtype(dtype):
    """The dtype of a complex number with such parts."""
    return COMPLEX128 if dtype == FLOAT64 else COMPLEX64


FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")
COMPLEX64, COMPLEX128 = np.dtype("complex64"), np.dtype("complex128")
BOOL = np.dtype(bool)


# Arithmetic


def neg(x):
    """Elementwise negation: -x."""
    return neg_p.bind(x)


neg_p = unary(
    "neg",
    dtypes=NUMBERS,
    jvp=linear,
    transpose=lambda ct, x: [neg(ct)],
    lower=op("negate"),
)


def add(x, y):
    """Elementwise sum x + y."""
    return add_p.bind(x, y)


def _add_jvp(primitive, primals, tangents, params):
    x, y = primals
    x_dot, y_dot = tangents
    out = add_p.bind(x, y)
    if x_dot is not None and y_dot is not None:
        return out, add_p.bind(x_dot, y_dot)
    return out, _spread(y_dot if x_dot is None else x_dot, out)


def _spread(t, out):
    """The tangent of a scalar operand, repeated to the shape of the result."""
    shape = aval_of(out).shape
    if t is None or aval_of(t).shape == shape:
        return t
    return broadcast_in_dim(t, shape, ())


add_p = nary(
    "add",
    dtypes=NUMBERS,
    jvp=JvpRule(_add_jvp),
    transpose=lambda ct, x, y: [
        unbroadcast(ct, x) if is_linear(x) else None,
        unbroadcast(ct, y) if is_linear(y) else None,
    ],
    lower=op("add"),
)

# `add` for any values that can be added; used where tangents are accumulated.
add_any_p = add_p


def sub(x, y):
    """Elementwise difference x - y."""
    return sub_p.bind(x, y)


def _sub_jvp(primitive, primals, tangents, params):
    x, y = primals
    x_dot, y_dot = tangents
    out = sub_p.bind(x, y)
    if x_dot is not None and y_dot is not None:
        return out, sub_p.bind(x_dot, y_dot)
    if y_dot is None:
        return out, _spread(x_dot, out)
    return out, _spread(neg_p.bind(y_dot), out)


sub_p = nary(
    "sub",
    dtypes=NUMBERS,
    jvp=JvpRule(_sub_jvp),
    transpose=lambda ct, x, y: [
        unbroadcast(ct, x) if is_linear(x) else None,
        unbroadcast(neg(ct), y) if is_linear(y) else None,
    ],
    lower=op("subtract"),
)


def mul(x, y):
    """Elementwise product x * y."""
    return mul_p.bind(x, y)


def _mul_transpose(ct, x, y):
    if is_linear(x):
        return [unbroadcast(mul(ct, y), x), None]
    return [None, unbroadcast(mul(x, ct), y)]


mul_p = nary(
    "mul",
    dtypes=NUMBERS,
    jvp=bilinear,
    transpose=_mul_transpose,
    lower=op("multiply"),
)


def div(x, y):
    """Elementwise quotient x / y; integer quotients are rounded towards zero."""
    return div_p.bind(x, y)


div_p = nary(
    "div",
    dtypes=NUMBERS,
    jvp=partials(
        lambda x_dot, z, x, y: div(x_dot, y),
        # d(x / y) = -(x / y) dy / y
        lambda y_dot, z, x, y: mul(neg(y_dot), div(z, y)),
    ),
    transpose=lambda ct, x, y: [unbroadcast(div(ct, y), x), None],
    lower=op("divide"),
)


def rem(x, y):
    """Remainder of x / y rounded towards zero; it has the sign of x."""
    return rem_p.bind(x, y)


rem_p = nary(
    "rem",
    dtypes=REALS,
    jvp=partials(
        lambda x_dot, z, x, y: _spread(x_dot, z),
        lambda y_dot, z, x, y: mul(neg(y_dot), round_towards_zero(div(x, y))),
    ),
    lower=op("remainder"),
)


def round_towards_zero(x):
    """The integer part of x, with the sign of x."""
    return mul(sign(x), floor(abs(x)))


def _extremum(name, hlo_name):
    """max or min: the larger operand gets the tangent, equal ones share it."""

    def share(t, z, mine, other):
        half = select(eq(mine, other), like(z, 0.5), like(z, 1))
        chosen = eq(mine, z)
        return mul(t, _spread(select(chosen, half, like(z, 0)), z))

    return nary(
        name,
        dtypes=ANY,
        jvp=partials(
            lambda x_dot, z, x, y: share(x_dot, z, x, y),
            lambda y_dot, z, x, y: share(y_dot, z, y, x),
        ),
        lower=op(hlo_name),
    )


def max(x, y):
    """Elementwise maximum; NaN where either is NaN.

    Equal operands share a cotangent equally.
    """
    return max_p.bind(x, y)


def min(x, y):
    """Elementwise minimum; NaN where either is NaN.

    Equal operands share a cotangent equally.
    """
    return min_p.bind(x, y)


max_p = _extremum("max", "maximum")
min_p = _extremum("min", "minimum")


# Signs, rounding, parts


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


sign_p = unary(
    "sign", dtypes=NUMBERS, jvp=partials(_sign_partial), lower=_sign_lower
)


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


# Powers and exponentials


def exp(x):
    """Elementwise e^x."""
    return exp_p.bind(x)


def exp2(x):
    """Elementwise 2^x."""
    return exp2_p.bind(x)


def expm1(x):
    """Elementwise e^x - 1, accurate near 0."""
    return expm1_p.bind(x)


def log(x):
    """Elementwise natural logarithm."""
    return log_p.bind(x)


def log1p(x):
    """Elementwise log(1 + x), accurate near 0."""
    return log1p_p.bind(x)


def sqrt(x):
    """Elementwise square root."""
    return sqrt_p.bind(x)


def rsqrt(x):
    """Elementwise 1 / sqrt(x)."""
    return rsqrt_p.bind(x)


def cbrt(x):
    """Elementwise real cube root."""
    return cbrt_p.bind(x)


def square(x):
    """Elementwise x * x."""
    return square_p.bind(x)


def logistic(x):
    """Elementwise 1 / (1 + e^-x)."""
    return logistic_p.bind(x)


def _exp2_lower(hlo, out, x):
    # 2^x = e^(x log 2)
    log2 = hlo.constant(np.asarray(np.log(2.0)).astype(out.dtype), out.shape)
    y = hlo.emit(f"stablehlo.multiply {x}, {log2} : {out.mlir}")
    return hlo.emit(f"stablehlo.exponential {y} : {out.mlir}")


exp_p = unary(
    "exp",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, y)),
    lower=op("exponential"),
)
exp2_p = unary(
    "exp2",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(mul(x_dot, y), like(x, np.log(2.0)))),
    lower=_exp2_lower,
)
expm1_p = unary(
    "expm1",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, add(y, like(y, 1)))),
    lower=op("exponential_minus_one"),
)
log_p = unary(
    "log",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: div(x_dot, x)),
    lower=op("log"),
)
log1p_p = unary(
    "log1p",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: div(x_dot, add(x, like(x, 1)))),
    lower=op("log_plus_one"),
)
sqrt_p = unary(
    "sqrt",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, div(like(x, 0.5), y))),
    lower=op("sqrt"),
)
rsqrt_p = unary(
    "rsqrt",
    dtypes=INEXACT,
    # d x^(-1/2) = -1/2 x^(-1/2) / x
    jvp=partials(lambda x_dot, y, x: mul(x_dot, mul(like(x, -0.5), div(y, x)))),
    lower=op("rsqrt"),
)
cbrt_p = unary(
    "cbrt",
    dtypes=FLOATS,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, div(y, mul(x, like(x, 3))))),
    lower=op("cbrt"),
)
square_p = unary(
    "square",
    dtypes=NUMBERS,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, mul(x, like(x, 2)))),
    lower=lambda hlo, out, x: hlo.emit(f"stablehlo.multiply {x}, {x} : {out.mlir}"),
)
logistic_p = unary(
    "logistic",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, mul(y, sub(like(y, 1), y)))),
    lower=op("logistic"),
)


def integer_pow(x, y: int):
    """Elementwise x^y for a Python integer y."""
    return integer_pow_p.bind(x, y=operator.index(y))


def _integer_pow_partial(x_dot, z, x, *, y):
    if y == 0:
        return None
    if y == 1:
        return x_dot
    return mul(x_dot, mul(like(x, y), integer_pow(x, y - 1)))


def _integer_pow_lower(hlo, out, x, *, y):
    # Square and multiply: about log2(y) to 2 log2(y) products.
    if y == 0:
        return hlo.spread(hlo.constant(np.ones((), out.dtype), out.shape), out.shape)
    power = None
    base = str(x)
    k = builtins.abs(y)
    while k:
        if k & 1:
            power = base if power is None else multiply_text(hlo, power, base, out)
        k >>= 1
        if k:
            base = multiply_text(hlo, base, base, out)
    if y > 0:
        return power
    one = hlo.constant(np.ones((), out.dtype), out.shape)
    return hlo.emit(f"stablehlo.divide {one}, {power} : {out.mlir}")


def multiply_text(hlo, x, y, out):
    """Write one product."""
    return hlo.emit(f"stablehlo.multiply {x}, {y} : {out.mlir}")


integer_pow_p = unary(
    "integer_pow",
    dtypes=NUMBERS,
    jvp=partials(_integer_pow_partial),
    lower=_integer_pow_lower,
)


def pow(x, y):
    """Elementwise x^y; y may be integer when x is not."""
    if isinstance(y, int):
        return integer_pow(x, y)
    return pow_p.bind(x, y)


def _pow_abstract(x, y):
    name = "pow"
    if x.dtype != y.dtype and not (x.dtype in INEXACT and y.dtype in INTS):
        raise _dtype_error(name, INEXACT, (x, y))
    shape = common_shape(name, (x, y))
    return ShapedArray(shape, x.dtype, x.weak_type and y.weak_type)


def _pow_partial_x(x_dot, z, x, y):
    # d x^y = y x^(y - 1) dx, and 0 for y = 0 also where x = 0.
    y = convert_element_type(y, aval_of(x).dtype)
    power = pow(x, select(eq(y, like(y, 0)), like(y, 1), sub(y, like(y, 1))))
    return mul(x_dot, mul(y, power))


def _pow_partial_y(y_dot, z, x, y):
    # d x^y = log(x) x^y dy, and 0 for x = 0, where x^y is flat for y > 0.
    base = select(eq(x, like(x, 0)), like(x, 1), x)
    return mul(y_dot, mul(log(base), z))


def _pow_lower(hlo, out, x, y):
    if y.dtype != x.dtype:
        converted = hlo.emit(
            f"stablehlo.convert {y} : ({y.mlir}) -> "
            f"{y.aval.update(dtype=x.dtype).mlir}"
        )
        y = hlo.value(converted, y.aval.update(dtype=x.dtype))
    return op("power")(hlo, out, x, y)


pow_p = Primitive(
    "pow",
    abstract=_pow_abstract,
    jvp=partials(_pow_partial_x, _pow_partial_y),
    batch=elementwise_batch("pow"),
    lower=_pow_lower,
)


# Trigonometric and hyperbolic functions


def sin(x):
    """Elementwise sine of x in radians."""
    return sin_p.bind(x)


def cos(x):
    """Elementwise cosine of x in radians."""
    return cos_p.bind(x)


def tan(x):
    """Elementwise tangent of x in radians."""
    return tan_p.bind(x)


def asin(x):
    """Elementwise inverse sine, in radians."""
    return asin_p.bind(x)


def acos(x):
    """Elementwise inverse cosine, in radians."""
    return acos_p.bind(x)


def atan(x):
    """Elementwise inverse tangent, in radians."""
    return atan_p.bind(x)


def atan2(x, y):
    """Elementwise angle of the point (y, x), in radians."""
    return atan2_p.bind(x, y)


def sinh(x):
    """Elementwise hyperbolic sine."""
    return sinh_p.bind(x)


def cosh(x):
    """Elementwise hyperbolic cosine."""
    return cosh_p.bind(x)


def tanh(x):
    """Elementwise hyperbolic tangent."""
    return tanh_p.bind(x)


def asinh(x):
    """Elementwise inverse hyperbolic sine."""
    return asinh_p.bind(x)


def acosh(x):
    """Elementwise inverse hyperbolic cosine."""
    return acosh_p.bind(x)


def atanh(x):
    """Elementwise inverse hyperbolic tangent."""
    return atanh_p.bind(x)


def _one_minus_square(x):
    # Factored: 1 - x * x cancels as |x| -> 1.
    return mul(sub(like(x, 1), x), add(like(x, 1), x))


sin_p = unary(
    "sin",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, cos(x))),
    lower=op("sine"),
)
cos_p = unary(
    "cos",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: neg(mul(x_dot, sin(x)))),
    lower=op("cosine"),
)
tan_p = unary(
    "tan",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, add(like(y, 1), square(y)))),
    lower=op("tan"),
)
asin_p = unary(
    "asin",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, rsqrt(_one_minus_square(x)))),
    lower=op("chlo.asin"),
)
acos_p = unary(
    "acos",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: neg(mul(x_dot, rsqrt(_one_minus_square(x))))),
    lower=op("chlo.acos"),
)
atan_p = unary(
    "atan",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: div(x_dot, add(like(x, 1), square(x)))),
    lower=op("chlo.atan"),
)
atan2_p = nary(
    "atan2",
    dtypes=INEXACT,
    jvp=partials(
        lambda x_dot, z, x, y: mul(x_dot, div(y, add(square(x), square(y)))),
        lambda y_dot, z, x, y: mul(neg(y_dot), div(x, add(square(x), square(y)))),
    ),
    lower=op("atan2"),
)
sinh_p = unary(
    "sinh",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, cosh(x))),
    lower=op("chlo.sinh"),
)
cosh_p = unary(
    "cosh",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, sinh(x))),
    lower=op("chlo.cosh"),
)
tanh_p = unary(
    "tanh",
    dtypes=INEXACT,
    # Reuses the output.
    jvp=partials(lambda x_dot, y, x: mul(x_dot, _one_minus_square(y))),
    lower=op("tanh"),
)
asinh_p = unary(
    "asinh",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: mul(x_dot, rsqrt(add(square(x), like(x, 1))))),
    lower=op("chlo.asinh"),
)
acosh_p = unary(
    "acosh",
    dtypes=INEXACT,
    # Two roots instead of sqrt(x^2 - 1), which has the wrong branch for complex x.
    jvp=partials(
        lambda x_dot, y, x: mul(
            x_dot, mul(rsqrt(sub(x, like(x, 1))), rsqrt(add(x, like(x, 1))))
        )
    ),
    lower=op("chlo.acosh"),
)
atanh_p = unary(
    "atanh",
    dtypes=INEXACT,
    jvp=partials(lambda x_dot, y, x: div(x_dot, _one_minus_square(x))),
    lower=op("chlo.atanh"),
)


# Bits


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


def nextafter(x, y):
    """Elementwise next representable number after x towards y."""
    return nextafter_p.bind(x, y)


nextafter_p = nary(
    "nextafter",
    dtypes=FLOATS,
    jvp=partials(lambda x_dot, z, x, y: _spread(x_dot, z), None),
    lower=op("chlo.next_after"),
)


# Comparison and choice


def eq(x, y):
    """Elementwise x == y."""
    return eq_p.bind(x, y)


def ne(x, y):
    """Elementwise x != y."""
    return ne_p.bind(x, y)


def ge(x, y):
    """Elementwise x >= y."""
    return ge_p.bind(x, y)


def gt(x, y):
    """Elementwise x > y."""
    return gt_p.bind(x, y)


def le(x, y):
    """Elementwise x <= y."""
    return le_p.bind(x, y)


def lt(x, y):
    """Elementwise x < y."""
    return lt_p.bind(x, y)


def _comparison(name, allowed):
    direction = name.upper()

    def lower(hlo, out, x, y):
        shape = out.shape
        kind = x.aval.update(shape=shape).mlir
        return hlo.emit(
            f"stablehlo.compare {direction}, {hlo.spread(x, shape)}, "
            f"{hlo.spread(y, shape)} : ({kind}, {kind}) -> {out.mlir}"
        )

    def abstract(x, y):
        out = check(x, y)
        # Whether two values are equal is a plain truth value, never a weak one.
        return ShapedArray(out.shape, BOOL)

    check = nary_abstract(name, allowed)
    return Primitive(
        name,
        abstract=abstract,
        jvp=zero_tangent,
        batch=elementwise_batch(name),
        lower=lower,
    )


eq_p = _comparison("eq", ANY)
ne_p = _comparison("ne", ANY)
ge_p = _comparison("ge", REALS | dtypes.BOOL)
gt_p = _comparison("gt", REALS | dtypes.BOOL)
le_p = _comparison("le", REALS | dtypes.BOOL)
lt_p = _comparison("lt", REALS | dtypes.BOOL)


def select_n(which, *cases):
    """Elementwise choice: `cases[which]`, with boolean or int32 `which`.

    `which` is a scalar or has the shape of the cases; so has every case.
    """
    dtype = aval_of(cases[0]).dtype
    if isinstance(dtype, dtypes.ExtendedDType):
        words = [dtype.unwrap(case) for case in cases]
        which = broadcast_in_dim(
            which, words[0].shape, range(aval_of(which).ndim)
        ) if aval_of(which).ndim else which
        return dtype.wrap(select_n(which, *words))
    return select_n_p.bind(which, *cases)


def select(pred, on_true, on_false):
    """Elementwise `on_true` where `pred` holds, else `on_false`."""
    return select_n(pred, on_false, on_true)


def _select_n_abstract(which, *cases):
    dtype = cases[0].dtype
    if any(case.dtype != dtype for case in cases):
        raise TypeError(
            f"select_n: cases must have one dtype, got {' and '.join(map(str, cases))}."
        )
    boolean = which.dtype == BOOL and len(cases) <= 2
    if not (boolean or which.dtype == np.dtype("int32")):
        raise TypeError(
            f"select_n: the choice must be bool (two cases) or i32, got {which} for "
            f"{len(cases)} cases."
        )
    shape = common_shape("select_n", (which, *cases))
    return ShapedArray(shape, dtype, all(case.weak_type for case in cases))


def _select_n_jvp(primals, tangents):
    which, *cases = primals
    _, *dots = tangents
    out = select_n(which, *cases)
    if all(t is None for t in dots):
        return out, None
    zero = like(out, 0)
    dots = [zero if t is None else t for t in dots]
    return out, _spread(select_n(which, *dots), out)


def _select_n_transpose(ct, which, *cases):
    zero = like(ct, 0)
    cts = [None]
    for k, case in enumerate(cases):
        if not is_linear(case):
            cts.append(None)
            continue
        chosen = [ct if j == k else zero for j in range(len(cases))]
        cts.append(unbroadcast(select_n(which, *chosen), case))
    return cts


def _select_n_lower(hlo, out, which, *cases):
    shape = out.shape
    if len(cases) == 1:
        return hlo.spread(cases[0], shape)
    index = str(which) if not which.shape else hlo.spread(which, shape)
    names = [hlo.spread(case, shape) for case in cases]
    if which.dtype == BOOL:
        return hlo.emit(
            f"stablehlo.select {index}, {names[1]}, {names[0]} : {which.mlir}, "
            f"{out.mlir}"
        )
    # A chain of selects: the last case unless which is smaller.
    chosen = names[-1]
    kind = which.aval
    mask = kind.update(dtype=BOOL)
    for k in range(len(cases) - 2, -1, -1):
        bound = hlo.constant(np.asarray(k, kind.dtype), kind.shape)
        here = hlo.emit(
            f"stablehlo.compare LE, {index}, {bound} : ({kind.mlir}, {kind.mlir}) -> "
            f"{mask.mlir}"
        )
        chosen = hlo.emit(
            f"stablehlo.select {here}, {names[k]}, {chosen} : {mask.mlir}, {out.mlir}"
        )
    return chosen


select_n_p = Primitive(
    "select_n",
    abstract=_select_n_abstract,
    jvp=_select_n_jvp,
    transpose=_select_n_transpose,
    batch=elementwise_batch("select_n"),
    lower=_select_n_lower,
)


def clamp(min, x, max):
    """Elementwise x limited to [min, max]; the bounds are scalars or of x's shape.

    The derivative in x is 1 strictly inside the bounds.
    """
    return clamp_p.bind(min, x, max)


def _clamp_side(outside):
    def term(t, z, low, x, high):
        return _spread(select(outside(low, x, high), t, like(z, 0)), z)

    return term


clamp_p = nary(
    "clamp",
    dtypes=REALS | dtypes.BOOL,
    jvp=partials(
        _clamp_side(lambda low, x, high: gt(low, x)),
        _clamp_side(lambda low, x, high: bitwise_and(gt(x, low), lt(x, high))),
        _clamp_side(lambda low, x, high: lt(high, x)),
    ),
    lower=op("clamp"),
)


# Conversion


def convert_element_type(operand, new_dtype, weak_type=False):
    """The same values in another dtype; floats to integers round towards zero."""
    new_dtype = dtypes.canonicalize(new_dtype)
    if type(operand) is Literal and _folds(operand.dtype, new_dtype):
        return literal(
            operand.val, ShapedArray(operand.shape, new_dtype, weak_type)
        )
    aval = aval_of(operand)
    if (aval.dtype, aval.weak_type) == (new_dtype, weak_type):
        if hasattr(operand, "aval"):
            return operand
    if aval.dtype in COMPLEX and new_dtype not in COMPLEX:
        operand = real(operand)
    return convert_element_type_p.bind(
        operand, new_dtype=new_dtype, weak_type=bool(weak_type)
    )


def _folds(old, new):
    """Whether NumPy converts as XLA does; of floats that do not fit in an integer, no."""
    return old not in COMPLEX and (new in INEXACT or old not in INEXACT)


def _convert_abstract(x, *, new_dtype, weak_type):
    if x.dtype not in ANY or new_dtype not in ANY:
        raise TypeError(
            f"convert_element_type: cannot convert {x} to {dtypes.short(new_dtype)}."
        )
    return ShapedArray(x.shape, new_dtype, weak_type)


def _convert_jvp(primals, tangents, *, new_dtype, weak_type):
    (x,), (x_dot,) = primals, tangents
    out = convert_element_type_p.bind(x, new_dtype=new_dtype, weak_type=weak_type)
    if x_dot is None or new_dtype not in INEXACT:
        return out, None
    return out, convert_element_type(x_dot, new_dtype)


def _convert_batch(size, operands, dims, **params):
    return convert_element_type_p.bind(*operands, **params), dims[0]


def _convert_lower(hlo, out, x, *, new_dtype, weak_type):
    if x.mlir == out.mlir:
        return str(x)
    if new_dtype == BOOL:
        # Any number that is not zero is true.
        zero = hlo.constant(np.zeros((), x.dtype), x.shape)
        return hlo.emit(
            f"stablehlo.compare NE, {x}, {zero} : ({x.mlir}, {x.mlir}) -> {out.mlir}"
        )
    return hlo.emit(f"stablehlo.convert {x} : ({x.mlir}) -> {out.mlir}")


convert_element_type_p = Primitive(
    "convert_element_type",
    abstract=_convert_abstract,
    jvp=_convert_jvp,
    transpose=lambda ct, x, *, new_dtype, weak_type: [
        convert_element_type(ct, x.dtype)
    ],
    batch=_convert_batch,
    lower=_convert_lower,
)


def bitcast_convert_type(operand, new_dtype):
    """The same bits read as another dtype; a smaller one adds a trailing axis."""
    new_dtype = dtypes.canonicalize(new_dtype)
    return bitcast_convert_type_p.bind(operand, new_dtype=new_dtype)


def _bitcast_abstract(x, *, new_dtype):
    old, new = dtypes.itemsize_bits(x.dtype), dtypes.itemsize_bits(new_dtype)
    if old == new:
        return ShapedArray(x.shape, new_dtype)
    if old > new:
        return ShapedArray((*x.shape, old // new), new_dtype)
    if not x.shape or x.shape[-1] * old != new:
        raise TypeError(
            f"bitcast_convert_type: the last axis of {x} must hold one "
            f"{dtypes.short(new_dtype)}, that is {new // old} elements."
        )
    return ShapedArray(x.shape[:-1], new_dtype)


def _bitcast_batch(size, operands, dims, *, new_dtype):
    x = move_axis(operands[0], dims[0], 0)
    return bitcast_convert_type_p.bind(x, new_dtype=new_dtype), 0


bitcast_convert_type_p = Primitive(
    "bitcast_convert_type",
    abstract=_bitcast_abstract,
    jvp=zero_tangent,
    batch=_bitcast_batch,
    lower=lambda hlo, out, x, *, new_dtype: hlo.emit(
        f"stablehlo.bitcast_convert {x} : ({x.mlir}) -> {out.mlir}"
    ),
)


def reduce_precision(operand, exponent_bits: int, mantissa_bits: int):
    """Round to a float format with fewer bits, keeping the dtype."""
    return reduce_precision_p.bind(
        operand, exponent_bits=int(exponent_bits), mantissa_bits=int(mantissa_bits)
    )


reduce_precision_p = unary(
    "reduce_precision",
    dtypes=FLOATS,
    jvp=linear,
    transpose=lambda ct, x, **format: [reduce_precision(ct, **format)],
    lower=lambda hlo, out, x, *, exponent_bits, mantissa_bits: hlo.emit(
        f"stablehlo.reduce_precision {x}, format = e{exponent_bits}m{mantissa_bits} : "
        f"{out.mlir}"
    ),
)


def stop_gradient(x):
    """The same values, with derivative zero."""
    return stop_gradient_p.bind(x)


stop_gradient_p = unary(
    "stop_gradient",
    dtypes=ANY,
    jvp=zero_tangent,
    lower=lambda hlo, out, x: str(x),
)
