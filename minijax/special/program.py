"""Elementwise primitives whose lowering is a program: special functions.

A *kernel* is a function of arrays of one dtype and shape, written with primitives. The
record made of it is a primitive like others, one equation of a program:

    c:f32[3] = igamma a b

Its partial derivatives are those of the kernel, taken forwards element by element, and
each is the same primitive again with another `order`. So there are derivatives of every
order, and reverse mode only multiplies by them:

    d/da:   igamma[order=(1, 0)] a b

Where a partial derivative has a form of its own, `slopes` gives it.
"""

import functools
from collections.abc import Callable

import numpy as np
from numpy.polynomial.chebyshev import chebder
from numpy.polynomial.polynomial import polyder

from ..config import nan_safe
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import Primitive
from ..core.rules import JvpRule, add_tangents, instantiate
from ..primitives import convert_element_type, log, log1p, select, square
from ..primitives.elementwise.builders import (
    FLOATS,
    elementwise_batch,
    nary_abstract,
    spread_tangent,
)
from ..transforms.jvp import jvp_flat
from ..transforms.stage import stage

FLOAT32 = np.dtype("float32")

# Programs kept, by primitive, order, dtype and shape.
PROGRAMS = 1024


def programmed(
    name: str, kernel: Callable, arity: int, slopes: tuple = (), params: tuple = ()
) -> Primitive:
    """A primitive of `arity` floating-point operands that is computed by a kernel.

    Args:
      kernel: takes one array per operand, all of one shape and of dtype f32 or f64, and
        returns one like them. Half precision is computed in f32 and rounded.
      slopes: for each operand None, or a function (order, *operands, **params) of the
        derivative in it of the derivative of that order; it may return None.
      params: names of the kernel's keyword arguments, which are static.
    """
    slopes = slopes or (None,) * arity
    none = (0,) * arity

    @functools.lru_cache(PROGRAMS)
    def program(order, aval, static):
        return stage(
            lambda *xs: [_rounded(kernel, order, xs, dict(static))], [aval] * arity
        )

    def slope(k, operands, order, static):
        if slopes[k] is not None:
            found = slopes[k](order, *operands, **static)
            if found is not None:
                return found
        raised = tuple([n + (j == k) for j, n in enumerate(order)])
        return primitive.bind(*operands, order=raised, **static)

    def jvp(primitive, primals, tangents, given):
        out = primitive.bind(*primals, **given)
        order = given.get("order", none)
        static = {n: given[n] for n in params}
        total = None
        for k, t in enumerate(tangents):
            if t is not None:
                d = slope(k, primals, order, static)
                total = add_tangents(total, d * spread_tangent(t, d))
        return out, spread_tangent(total, out)

    def expand(out, *, order=none, **static):
        return program(order, ShapedArray(out.shape, out.dtype), tuple(static.items()))

    def lower(hlo, out, *operands, **given):
        closed = expand(out, **given)
        (aval,) = closed.out_avals
        names = [hlo.value(hlo.spread(x, out.shape), aval) for x in operands]
        return hlo.call(closed, *names, name=name)[0]

    primitive = Primitive(
        name,
        abstract=nary_abstract(name, FLOATS),
        jvp=JvpRule(jvp),
        batch=elementwise_batch(name),
        lower=lower,
        expand=expand,
    )
    return primitive


def _rounded(kernel, order, xs, static):
    """A partial derivative of a kernel, in f32 where its operands are narrower."""
    dtype = xs[0].dtype
    if dtype.itemsize < FLOAT32.itemsize:
        xs = [convert_element_type(x, FLOAT32) for x in xs]
    f = functools.partial(kernel, **static)
    for k, times in enumerate(order):
        for _ in range(times):
            f = partial_derivative(f, k)
    # Kernels guard the formulas that they choose between; so programs are shorter.
    with nan_safe(False):
        y = f(*xs)
    return convert_element_type(y, dtype)


def partial_derivative(f: Callable, k: int) -> Callable:
    """The derivative of an elementwise function in its k-th argument."""

    def derivative(*xs):
        tangents = [None] * len(xs)
        tangents[k] = filled(xs[k], 1.0)
        (y,), (y_dot,) = jvp_flat(lambda *xs: [f(*xs)], xs, tangents)
        return instantiate(y_dot, y)

    return derivative


# What kernels are written with, beside primitives and operators


def filled(x, value: float):
    """An array like x that is filled with a number."""
    aval = aval_of(x)
    return literal(value, ShapedArray(aval.shape, aval.dtype))


def where(mask, x, y):
    """Elementwise x where the mask holds, else y; one of them may be a number."""
    like = y if isinstance(x, int | float) else x
    x, y = [filled(like, float(z)) if isinstance(z, int | float) else z for z in (x, y)]
    return select(mask, x, y)


def log_complement(q):
    """log(1 - q) for 0 <= q <= 1/2.

    In f64 XLA's log1p is off by up to 110 units in the last place around -0.4.
    """
    far = q > 0.25
    direct = log(1.0 - where(far, q, 0.0))
    return where(far, direct, log1p(-where(far, 0.0, q)))


def invalid(x):
    """Whether x is negative or NaN.

    Not as the opposite of x >= 0, which XLA takes to hold for every absolute value.
    """
    return (x < 0.0) | (x != x)


def polynomial(x, coefficients):
    """The value of a polynomial by Horner's rule, the constant term first."""
    return polynomial_p.bind(x, coefficients=tuple(coefficients))


def chebyshev(x, coefficients):
    """The sum of c[k] T_k(x) by Clenshaw's recurrence, -1 <= x <= 1.

    Coefficients that are below the rounding of f32 are left out there.
    """
    return chebyshev_p.bind(x, coefficients=tuple(coefficients))


def reciprocal(x):
    """1 / x, whose derivatives are its powers: one division serves them all."""
    return reciprocal_p.bind(x)


def _horner(x, coefficients):
    total = filled(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def _clenshaw(x, coefficients):
    if x.dtype == FLOAT32:
        least = 1e-9 * max(map(abs, coefficients))
        count = max(k for k, c in enumerate(coefficients) if abs(c) >= least) + 1
        coefficients = coefficients[:count]
    twice = 2.0 * x
    b1, b2 = filled(x, 0.0), filled(x, 0.0)
    for c in reversed(coefficients[1:]):
        b1, b2 = twice * b1 - b2 + c, b1
    return x * b1 - b2 + coefficients[0]


reciprocal_p = programmed(
    "reciprocal", lambda x: 1.0 / x, 1, (lambda order, x: -square(reciprocal(x)),)
)
# Derivatives of such sums are others, not the recurrence differentiated: programs of
# second derivatives are so a third as long, and share what is the same in them.
polynomial_p = programmed(
    "polynomial",
    _horner,
    1,
    (lambda order, x, coefficients: polynomial(x, _derived(polyder, coefficients)),),
    ("coefficients",),
)
chebyshev_p = programmed(
    "chebyshev",
    _clenshaw,
    1,
    (lambda order, x, coefficients: chebyshev(x, _derived(chebder, coefficients)),),
    ("coefficients",),
)


def _derived(derivative, coefficients):
    return derivative(coefficients).tolist()
