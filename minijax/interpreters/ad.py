"""Derivative rules of primitives of users, with JAX's signatures.

    ad.primitive_jvps[p] = lambda primals, tangents, **params: (out, out_tangent)
    ad.primitive_transposes[p] = lambda ct, *operands, **params: [ct or None, ...]

Zero tangents arrive as `Zero`, operands to solve for as `UndefinedPrimal`. Rules of
minijax's own primitives can be read and called in the same form.
"""

from collections.abc import Callable
from typing import Any

from ..core.literal import aval_of, zeros_of
from ..core.rules import Linear
from ..extend.core.primitive import RuleTable, UndefinedPrimal, Zero
from ..numpy.arguments import as_array
from ..primitives import add_p
from ..transforms.jvp import JVPTrace as JVPTrace
from ..transforms.jvp import JVPTracer as JVPTracer

__all__ = [
    "JVPTrace",
    "JVPTracer",
    "UndefinedPrimal",
    "Zero",
    "add_jaxvals",
    "add_jaxvals_p",
    "add_tangents",
    "defbilinear",
    "defjvp",
    "defjvp2",
    "deflinear",
    "deflinear2",
    "get_primitive_transpose",
    "instantiate_zeros",
    "is_undefined_primal",
    "primitive_jvps",
    "primitive_transposes",
    "zeros_like_aval",
]

add_jaxvals_p = add_p


def _read_jvp(primitive):
    def rule(primals, tangents, **params):
        given = [None if type(t) is Zero else t for t in tangents]
        out, out_dot = primitive.jvp(list(primals), given, **params)
        if primitive.multiple_results:
            pairs = zip(out, out_dot, strict=True)
            return out, [_zero_of(x) if t is None else t for x, t in pairs]
        return out, _zero_of(out) if out_dot is None else out_dot

    return rule


def _read_transpose(primitive):
    def rule(ct, *operands, **params):
        if primitive.multiple_results:
            ct = [None if type(c) is Zero else c for c in ct]
        given = [Linear(x.aval) if type(x) is UndefinedPrimal else x for x in operands]
        return primitive.transpose(ct, *given, **params)

    return rule


def _zero_of(x):
    return Zero.from_primal_value(x)


primitive_jvps: Any = RuleTable(
    "ad.primitive_jvps", "jvp", lambda p, rule: p._set_jvp(rule), _read_jvp
)
primitive_transposes: Any = RuleTable(
    "ad.primitive_transposes",
    "transpose",
    lambda p, rule: p._set_transpose(rule),
    _read_transpose,
)


def get_primitive_transpose(primitive) -> Callable:
    """The transpose rule of a primitive."""
    try:
        return primitive_transposes[primitive]
    except KeyError:
        raise NotImplementedError(
            f"Transpose rule (for reverse-mode differentiation) for '{primitive}' not "
            "implemented: set ad.primitive_transposes for it."
        ) from None


def is_undefined_primal(x) -> bool:
    """Whether an operand of a transpose rule is to be solved for."""
    return type(x) is UndefinedPrimal


def instantiate_zeros(x):
    """A tangent or cotangent as an array: zeros for a `Zero`."""
    return x.instantiate() if type(x) is Zero else x


def zeros_like_aval(aval):
    """An array of zeros of a type."""
    return as_array(zeros_of(aval))


def add_jaxvals(x, y):
    """The sum of two arrays of one type."""
    return add_p.bind(x, y)


def add_tangents(x, y):
    """The sum of two tangents, either of which may be a `Zero`."""
    if type(x) is Zero:
        return y
    return x if type(y) is Zero else add_jaxvals(x, y)


def _sum(terms, aval):
    total = Zero(aval.to_tangent_aval())
    for term in terms:
        total = add_tangents(total, term)
    return total


def defjvp(primitive, *rules: Callable | None) -> None:
    """Set one rule per operand: `rule(tangent, *operands, **params)`; None is zero."""

    def jvp(primals, tangents, **params):
        out = primitive.bind(*primals, **params)
        terms = [
            rule(t, *primals, **params)
            for rule, t in zip(rules, tangents, strict=True)
            if rule is not None and type(t) is not Zero
        ]
        return out, _sum(terms, aval_of(out))

    primitive_jvps[primitive] = jvp


def defjvp2(primitive, *rules: Callable | None) -> None:
    """The same for rules that get the result: `rule(tangent, out, *operands)`."""

    def jvp(primals, tangents, **params):
        out = primitive.bind(*primals, **params)
        terms = [
            rule(t, out, *primals, **params)
            for rule, t in zip(rules, tangents, strict=True)
            if rule is not None and type(t) is not Zero
        ]
        return out, _sum(terms, aval_of(out))

    primitive_jvps[primitive] = jvp


def deflinear2(primitive, transpose: Callable) -> None:
    """Say that a primitive is linear, with its `transpose(ct, *operands, **params)`."""

    def jvp(primals, tangents, **params):
        out = primitive.bind(*primals, **params)
        if all(type(t) is Zero for t in tangents):
            if primitive.multiple_results:
                return out, [_zero_of(x) for x in out]
            return out, _zero_of(out)
        dots = [instantiate_zeros(t) for t in tangents]
        return out, primitive.bind(*dots, **params)

    primitive_jvps[primitive] = jvp
    primitive_transposes[primitive] = transpose


def deflinear(primitive, transpose: Callable) -> None:
    """Say that a primitive is linear, with its `transpose(ct, **params)`."""

    def rule(ct, *operands, **params):
        if primitive.multiple_results:
            ct = [instantiate_zeros(c) for c in ct]
        return transpose(ct, **params)

    deflinear2(primitive, rule)


def defbilinear(primitive, left: Callable, right: Callable) -> None:
    """Say that a primitive of two operands is linear in each.

    Args:
      left: `left(ct, x, y, **params)` is the cotangent of x, which is not known.
      right: the same for y.
    """
    defjvp(
        primitive,
        lambda x_dot, x, y, **params: primitive.bind(x_dot, y, **params),
        lambda y_dot, x, y, **params: primitive.bind(x, y_dot, **params),
    )

    def transpose(ct, x, y, **params):
        if is_undefined_primal(x):
            return left(ct, x, y, **params), None
        return None, right(ct, x, y, **params)

    primitive_transposes[primitive] = transpose
