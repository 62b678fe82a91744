"""Powers, roots, exponentials and logarithms."""

import builtins
import operator

import numpy as np

from ...config import state
from ...core.avals import ShapedArray
from ...core.literal import aval_of
from ...core.primitive import Primitive
from ...core.rules import like, partials
from .arithmetic import add, div, mul, sub
from .bits import bitwise_and
from .builders import (
    FLOATS,
    INEXACT,
    INTS,
    NUMBERS,
    common_shape,
    dtype_error,
    elementwise_batch,
    op,
    unary,
)
from .comparison import eq, select
from .conversion import convert_element_type


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
    # d x^(1/3) = dx / (3 y^2), infinite at 0
    jvp=partials(lambda x_dot, y, x: div(x_dot, mul(square(y), like(y, 3)))),
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
    """Elementwise x^y for a Python integer y, not negative if x is an integer."""
    y = operator.index(y)
    if y < 0 and aval_of(x).dtype in INTS:
        raise TypeError(
            f"integer_pow: integers cannot be raised to negative powers, got "
            f"{aval_of(x)} and {y}. Convert to floats with astype."
        )
    return integer_pow_p.bind(x, y=y)


def _integer_pow_partial(x_dot, z, x, *, y):
    if y == 0:
        return None
    if y == 1:
        return x_dot
    power = x if y == 2 else integer_pow(x, y - 1)
    return mul(x_dot, mul(like(x, y), power))


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
        raise dtype_error(name, INEXACT, (x, y))
    shape = common_shape(name, (x, y))
    return ShapedArray(shape, x.dtype, x.weak_type and y.weak_type)


def _pow_partial_x(x_dot, z, x, y):
    # d x^y = y x^(y - 1) dx
    y = convert_element_type(y, aval_of(x).dtype)
    slope = mul(y, pow(x, sub(y, like(y, 1))))
    if state.nan_safe:  # x^0 = 1 is flat also at x = 0, where the slope is 0 * inf
        flat = bitwise_and(eq(x, like(x, 0)), eq(y, like(y, 0)))
        slope = select(flat, like(z, 0), slope)
    return mul(x_dot, slope)


def _pow_partial_y(y_dot, z, x, y):
    # d x^y = log(x) x^y dy, and 0 for x = 0, where x^y is flat for y > 0.
    base = select(eq(x, like(x, 0)), like(x, 1), x)
    return mul(y_dot, mul(log(base), z))


def _pow_lower(hlo, out, x, y):
    if y.dtype != x.dtype:
        converted = hlo.emit(
            f"stablehlo.convert {y} : ({y.mlir}) -> {y.aval.update(dtype=x.dtype).mlir}"
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
