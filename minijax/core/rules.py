"""Builders of jvp rules, and the few things every rule needs.

A tangent is None where it is symbolically zero; a rule returns None for a tangent that
is zero. Builders give the rule that a primitive's record holds:

    linear               y_dot = f(x_dot, ...)         linear in all together
    linear_in(0, 2)      y_dot = f(x_dot, i, z_dot)    linear in some, others fixed
    bilinear             z_dot = f(x_dot, y) + f(x, y_dot)
    partials(f0, f1)     z_dot = f0(x_dot, z, x, y) + f1(y_dot, z, x, y)
    zero_tangent         no derivative: integers, comparisons, steps
"""

from .literal import aval_of, literal, zeros_of
from .primitive import JvpRule


class Linear:
    """An operand that a transpose rule solves for: only its type is known."""

    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval

    @property
    def shape(self):
        return self.aval.shape

    @property
    def dtype(self):
        return self.aval.dtype

    @property
    def ndim(self):
        return self.aval.ndim

    def __repr__(self):
        return f"Linear({self.aval})"


def is_linear(x) -> bool:
    """Whether an operand of a transpose rule is the one to solve for."""
    return type(x) is Linear


def add_tangents(x, y):
    """The sum of two tangents or cotangents, None being zero."""
    if x is None:
        return y
    if y is None:
        return x
    return x + y


def instantiate(tangent, primal):
    """A tangent as a value: zeros of the right type where it is None."""
    if tangent is not None:
        return tangent
    return zeros_of(aval_of(primal).to_tangent_aval())


def _linear(primitive, primals, tangents, params):
    out = primitive.bind(*primals, **params)
    if all(t is None for t in tangents):
        return out, None if not primitive.multiple_results else [None] * len(out)
    dots = [instantiate(t, x) for t, x in zip(tangents, primals, strict=True)]
    return out, primitive.bind(*dots, **params)


linear = JvpRule(_linear)


def linear_in(*positions):
    """Linear in the operands at `positions` together; the others are not
    differentiated.

    A differentiable operand outside `positions` must not be given a tangent.
    """

    def apply(primitive, primals, tangents, params):
        out = primitive.bind(*primals, **params)
        if all(tangents[k] is None for k in positions):
            return out, None
        operands = list(primals)
        for k in positions:
            operands[k] = instantiate(tangents[k], primals[k])
        return out, primitive.bind(*operands, **params)

    return JvpRule(apply)


def _bilinear(primitive, primals, tangents, params):
    x, y = primals
    x_dot, y_dot = tangents
    out = primitive.bind(x, y, **params)
    from_x = None if x_dot is None else primitive.bind(x_dot, y, **params)
    from_y = None if y_dot is None else primitive.bind(x, y_dot, **params)
    return out, add_tangents(from_x, from_y)


bilinear = JvpRule(_bilinear)


def partials(*terms):
    """Sum of `terms[i](x_dot, out, *operands, **params)`; a term None is zero."""

    def apply(primitive, primals, tangents, params):
        out = primitive.bind(*primals, **params)
        total = None
        for term, t in zip(terms, tangents, strict=True):
            if t is not None and term is not None:
                total = add_tangents(total, term(t, out, *primals, **params))
        return out, total

    return JvpRule(apply)


def _zero_tangent(primitive, primals, tangents, params):
    out = primitive.bind(*primals, **params)
    return out, [None] * len(out) if primitive.multiple_results else None


zero_tangent = JvpRule(_zero_tangent)


def like(x, value):
    """The scalar `value` as a literal of the dtype of x, weak if x is."""
    return literal(value, aval_of(x).update(shape=()))


def full_like_literal(x, value):
    """An array filled with `value`, of the shape and dtype of x, as a literal."""
    return literal(value, aval_of(x))
