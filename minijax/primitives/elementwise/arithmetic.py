"""Sums, products, quotients and extrema."""

from ...config import state
from ...core.primitive import JvpRule
from ...core.rules import bilinear, is_linear, like, linear, partials
from ..shape import unbroadcast
from .builders import ANY, FLOATS, NUMBERS, nary, op, spread_tangent, unary
from .comparison import eq, ge, le, select


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
    return out, spread_tangent(y_dot if x_dot is None else x_dot, out)


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
        return out, spread_tangent(x_dot, out)
    return out, spread_tangent(neg_p.bind(y_dot), out)


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


def _mul_jvp(primitive, primals, tangents, params):
    x, y = primals
    x_dot, y_dot = tangents
    if x is y and x_dot is y_dot and x_dot is not None:
        # d(x x) = 2 x dx: one product where the general rule has two and a sum.
        return mul_p.bind(x, x), mul_p.bind(x_dot, add_p.bind(x, x))
    return bilinear.apply(primitive, primals, tangents, params)


mul_p = nary(
    "mul",
    dtypes=NUMBERS,
    jvp=JvpRule(_mul_jvp),
    transpose=_mul_transpose,
    lower=op("multiply"),
)


def div(x, y):
    """Elementwise quotient x / y; integer quotients are rounded towards zero."""
    return div_p.bind(x, y)


def _div_jvp(primitive, primals, tangents, params):
    # d(x / y) = (dx - (x / y) dy) / y: transposed, both cotangents share ct / y, and a
    # divisor that is the same for a whole row is not spread over it once more.
    x, y = primals
    x_dot, y_dot = tangents
    out = div_p.bind(x, y)
    if y_dot is None:
        return out, None if x_dot is None else div_p.bind(x_dot, y)
    change = mul_p.bind(out, y_dot)
    change = neg_p.bind(change) if x_dot is None else sub_p.bind(x_dot, change)
    return out, div_p.bind(change, y)


div_p = nary(
    "div",
    dtypes=NUMBERS,
    jvp=JvpRule(_div_jvp),
    transpose=lambda ct, x, y: [unbroadcast(div(ct, y), x), None],
    lower=op("divide"),
)


def _extremum(name, hlo_name, wins):
    """max or min: the larger operand gets the tangent, equal ones share it."""

    def share(t, z, mine, other):
        half = select(eq(mine, other), like(z, 0.5), like(z, 1))
        # A comparison of the operands, unlike one with z, needs no z in the kernel.
        ordered = z.dtype.kind != "c"
        chosen = wins(mine, other) if ordered else eq(mine, z)
        if state.nan_safe:  # a choice, since t may be infinite where it is not chosen
            return select(chosen, spread_tangent(mul(t, half), z), like(z, 0))
        return mul(t, spread_tangent(select(chosen, half, like(z, 0)), z))

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


max_p = _extremum("max", "maximum", ge)
min_p = _extremum("min", "minimum", le)


def nextafter(x, y):
    """Elementwise next representable number after x towards y."""
    return nextafter_p.bind(x, y)


nextafter_p = nary(
    "nextafter",
    dtypes=FLOATS,
    jvp=partials(lambda x_dot, z, x, y: spread_tangent(x_dot, z), None),
    lower=op("chlo.next_after"),
)
