"""Trigonometric and hyperbolic functions and their inverses."""

from ...core.rules import like, partials
from .arithmetic import add, div, mul, neg, sub
from .builders import INEXACT, nary, op, unary
from .powers import rsqrt, square


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
