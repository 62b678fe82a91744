"""Taylor mode: derivatives of every order along a curve, in one walk of the program.

A curve x(t) is given by its Taylor coefficients at 0; the result is that of f(x(t)).
Sums have the sum of the series, products their convolution. For every other operation
with a jvp rule the derivative of z = g(x) is used, a program of x and x':

    z' = g'(x) x'      gives      z_k = (series of g'(x) x')_{k-1} / k

so that a series of order n asks for one of order n - 1, down to values. Nothing is
differentiated numerically, and no operation needs a rule of its own.

Source: Griewank and Walther, "Evaluating derivatives", 2nd ed., chapter 13.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from .. import lax, tree
from .. import numpy as jnp
from ..api import jvp, make_jaxpr
from ..core.literal import Literal, aval_of

__all__ = ["jet"]


class _Series:
    """Taylor coefficients, the value first."""

    __slots__ = ("terms",)

    def __init__(self, terms):
        self.terms = terms


def jet(
    fun: Callable,
    primals: Sequence[Any],
    series: Sequence[Sequence[Any]],
    *,
    factorial_scaled: bool = True,
    **_unused: Any,
) -> tuple[Any, Any]:
    """The derivatives of f(x(t)) at t = 0, from those of the curve x(t).

    Args:
      fun: a function of arrays that returns a container of arrays.
      primals: x(0), one array for each argument.
      series: for each argument, its derivatives x'(0), x''(0), ...: one order for all.
      factorial_scaled: whether these and the results are derivatives; if not, they are
        Taylor coefficients, x^(k)(0) / k!.

    Returns:
      The value, and a container like it of lists of derivatives.

    >>> y, (dy, ddy, dddy) = jet(jnp.sin, (0.0,), ((1.0, 0.0, 0.0),))
    >>> float(dy), float(ddy), float(dddy)
    (1.0, 0.0, -1.0)
    """
    primals, series = tuple(primals), tuple(series)
    values = [_as_array(k, x) for k, x in enumerate(primals)]
    if len(series) != len(values):
        raise TypeError(
            f"jet: series must have one entry for each of the {len(values)} primals, "
            f"got {len(series)}."
        )
    orders = {len(terms) for terms in series}
    if len(orders) > 1:
        raise ValueError(
            f"jet: the series of all arguments must have one length, got lengths "
            f"{[len(terms) for terms in series]}."
        )
    order = max(orders, default=0)
    inputs = [
        _Series([x, *_coefficients(k, x, terms, factorial_scaled)])
        for k, (x, terms) in enumerate(zip(values, series, strict=True))
    ]
    out_tree = None

    def flat(*args):
        nonlocal out_tree
        outs, out_tree = tree.flatten(fun(*args))
        return outs

    outs = _run(make_jaxpr(flat)(*values), inputs, order)
    pairs = [_derivatives(x, order, factorial_scaled) for x in outs]
    value = tree.unflatten(out_tree, [y for y, _ in pairs])
    return value, tree.unflatten(out_tree, [terms for _, terms in pairs])


def _as_array(k, x):
    leaves = tree.leaves(x)
    if len(leaves) != 1 or leaves[0] is not x:
        raise ValueError(
            f"jet: primals must be arrays, got {x!r:.60} for argument {k}. Pass the "
            "leaves of containers as arguments of their own."
        )
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        raise TypeError(
            f"jet: primals must be floating-point arrays, got {aval_of(x)} for "
            f"argument {k}. Close over it, or convert it with astype."
        )
    return x


def _coefficients(k, x, terms, factorial_scaled):
    """The Taylor coefficients of an argument, in its type."""
    out = []
    for n, term in enumerate(terms, 1):
        term = jnp.asarray(term)
        if term.shape != x.shape:
            raise ValueError(
                f"jet: the terms of a series must have the shape of its primal, "
                f"{aval_of(x)}, got {aval_of(term)} as term {n} of argument {k}."
            )
        if term.dtype != x.dtype or not x.weak_type:
            term = lax.convert_element_type(term, x.dtype)
        out.append(term / math.factorial(n) if factorial_scaled else term)
    return out


def _derivatives(x, order, factorial_scaled):
    """A result and the list of its derivatives."""
    if not isinstance(x, _Series):
        value = jnp.asarray(x)
        kind = value.dtype if jnp.issubdtype(value.dtype, jnp.inexact) else float
        return value, [jnp.zeros(value.shape, kind)] * order
    value, *terms = x.terms
    if factorial_scaled:
        terms = [math.factorial(n) * term for n, term in enumerate(terms, 1)]
    return value, terms


# Walking the program


def _run(closed, args, order):
    """The results of a program of which some operands are series."""
    jaxpr = closed.jaxpr
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    values.update(zip(jaxpr.invars, args, strict=True))
    for eqn in jaxpr.eqns:
        operands = [x if type(x) is Literal else values[x] for x in eqn.invars]
        moving = [k for k, x in enumerate(operands) if isinstance(x, _Series)]
        if not moving:
            outs = _bind(eqn, operands)
        elif eqn.primitive.name in _LINEAR:
            outs = [_linear(eqn, operands, order)]
        elif eqn.primitive.name in _BILINEAR and len(moving) == 2:
            outs = [_convolution(eqn, *operands, order)]
        elif eqn.primitive.name in _BILINEAR:
            outs = [_linear(eqn, operands, order)]
        elif eqn.primitive.name == "div":
            outs = [_quotient(eqn, *operands, order)]
        else:
            outs = _by_derivative(eqn, operands, moving, order)
        values.update(zip(eqn.outvars, outs, strict=True))
    return [x if type(x) is Literal else values[x] for x in jaxpr.outvars]


def _bind(eqn, operands):
    out = eqn.primitive.bind(*operands, **eqn.params)
    return out if eqn.primitive.multiple_results else [out]


# Linear in all floating-point operands together.
_LINEAR = frozenset(
    """add sub neg real imag copy reshape transpose broadcast_in_dim squeeze slice rev
    reduce_sum concatenate dynamic_slice dynamic_update_slice gather cumsum pad
    reduce_precision""".split()
)
_BILINEAR = frozenset("mul dot_general conv_general_dilated".split())


def _linear(eqn, operands, order):
    """Term by term; an operand that does not move has zeros behind its value."""
    fixed_factor = eqn.primitive.name in _BILINEAR

    def term(x, n):
        if isinstance(x, _Series):
            return x.terms[n]
        moves = n and not fixed_factor and aval_of(x).dtype.kind in "fcV"
        return jnp.zeros_like(x) if moves else x

    return _Series(
        [_bind(eqn, [term(x, n) for x in operands])[0] for n in range(order + 1)]
    )


def _convolution(eqn, x, y, order):
    """z_n = sum over i of x_i y_{n-i}."""
    return _Series(
        [
            sum(_bind(eqn, [x.terms[i], y.terms[n - i]])[0] for i in range(1, n + 1))
            + _bind(eqn, [x.terms[0], y.terms[n]])[0]
            for n in range(order + 1)
        ]
    )


def _quotient(eqn, x, y, order):
    """z_n = (x_n - sum over i < n of z_i y_{n-i}) / y_0."""
    if not isinstance(y, _Series):
        return _Series([_bind(eqn, [term, y])[0] for term in x.terms])
    first = x.terms[0] if isinstance(x, _Series) else x
    terms = [_bind(eqn, [first, y.terms[0]])[0]]
    for n in range(1, order + 1):
        rest = sum(terms[i] * y.terms[n - i] for i in range(n))
        top = x.terms[n] - rest if isinstance(x, _Series) else -rest
        terms.append(top / y.terms[0])
    return _Series(terms)


def _by_derivative(eqn, operands, moving, order):
    """z_n = (z')_{n-1} / n, and z' = g'(x) x' is a program that has a series too."""
    values = [x.terms[0] if isinstance(x, _Series) else x for x in operands]
    outs = _bind(eqn, values)
    smooth = [
        k for k, y in enumerate(outs) if jnp.issubdtype(aval_of(y).dtype, jnp.inexact)
    ]
    if not order or not smooth:
        return outs

    def derivative(*args):
        xs, x_dots = args[: len(moving)], args[len(moving) :]

        def function(*xs):
            full = list(values)
            for k, x in zip(moving, xs, strict=True):
                full[k] = x
            found = _bind(eqn, full)
            return [found[k] for k in smooth]

        return jvp(function, xs, x_dots)[1]

    curves = [operands[k].terms for k in moving]
    inputs = [_Series(terms[:order]) for terms in curves]
    inputs += [
        _Series([n * term for n, term in enumerate(terms[1:], 1)]) for terms in curves
    ]
    closed = make_jaxpr(derivative)(*[s.terms[0] for s in inputs])
    slopes = _run(closed, inputs, order - 1)
    results = list(outs)
    for k, slope in zip(smooth, slopes, strict=True):
        if isinstance(slope, _Series):
            terms = [term / n for n, term in enumerate(slope.terms, 1)]
        else:
            zeros = [jnp.zeros_like(outs[k])] * (order - 1)
            terms = [jnp.asarray(slope), *zeros]
        results[k] = _Series([outs[k], *terms])
    return results
