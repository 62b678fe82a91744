"""Taylor mode against nested forward mode, and its transformations."""

import math

import numpy as np
import pytest

from minijax import grad, jit, jvp, lax, nn, tree, vmap
from minijax import numpy as jnp
from minijax.experimental.jet import jet
from minijax.scipy import special

ORDER = 4
WEIGHTS = np.random.default_rng(0).normal(size=(3, 3))


def nested(f, order):
    """f and its derivatives in one variable, by forward mode of forward mode."""
    out = [f]
    for _ in range(order):
        out.append(lambda t, g=out[-1]: jvp(g, (t,), (jnp.ones_like(t),))[1])
    return out


def power_series(x, terms):
    """The curve with these derivatives."""

    def curve(t):
        total = x
        for n, term in enumerate(terms, 1):
            total = total + term * t**n / math.factorial(n)
        return total

    return curve


FUNCTIONS = {
    "sin": jnp.sin,
    "tanh": jnp.tanh,
    "log": jnp.log,
    "sqrt": jnp.sqrt,
    "reciprocal": lambda x: 1 / x,
    "quotient": lambda x: jnp.sin(x) / (1 + x * x),
    "constant quotient": lambda x: x / 3 + 3 / x,
    "power": lambda x: x**2.5,
    "cube": lambda x: x**3,
    "sigmoid": nn.sigmoid,
    "softplus": nn.softplus,
    "gelu": nn.gelu,
    "arctan2": lambda x: jnp.arctan2(x, 1 + x * x),
    "erf": special.erf,
    "where": lambda x: jnp.where(x > 0.6, x * x, jnp.exp(x)),
    "loop": lambda x: lax.fori_loop(0, 3, lambda _, y: jnp.sin(y) + x, x),
    "branch": lambda x: lax.cond(x.sum() > 0, jnp.cos, jnp.sin, x),
    "network": lambda x: nn.softmax(WEIGHTS @ jnp.tanh(WEIGHTS @ x)),
    "solve": lambda x: jnp.linalg.solve(jnp.diag(x) + 0.1 * WEIGHTS, x),
    "sort": lambda x: jnp.sort(jnp.sin(4 * x)),
    "cumulative": lambda x: jnp.cumsum(x * x)[::-1].reshape(3, 1),
    "two results": lambda x: (x * x, {"a": x[0], "b": jnp.concatenate([x, x])}),
    "gather": lambda x: (x * x)[jnp.array([2, 0, 0])],
    "constant": lambda x: (x * x, jnp.ones(2)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_terms_are_nested_derivatives(name, x64):
    """The n-th term is d^n/dt^n f(x(t)) at 0."""
    f = FUNCTIONS[name]
    x = jnp.array([0.5, 0.7, 1.2])
    stream = np.random.default_rng(1)
    terms = [jnp.asarray(stream.normal(size=3)) for _ in range(ORDER)]

    value, series = jet(lambda x: flattened(f(x)), (x,), (terms,))
    curve = power_series(x, terms)
    for n, derivative in enumerate(nested(lambda t: flattened(f(curve(t))), ORDER)):
        expected = derivative(jnp.zeros(()))
        got = value if n == 0 else [s[n - 1] for s in series]
        for a, b in zip(expected, got, strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9)


def flattened(out):
    """The leaves of a result as vectors."""
    return [jnp.ravel(leaf) for leaf in tree.leaves(out)]


def test_several_arguments(x64):
    """(x y)'' = x'' y + 2 x' y' + x y''."""
    value, (first, second) = jet(jnp.multiply, (2.0, 5.0), ((3.0, 7.0), (11.0, 13.0)))

    assert (value, first) == (10, 3 * 5 + 2 * 11)
    assert second == 7 * 5 + 2 * 3 * 11 + 2 * 13


def test_taylor_coefficients(x64):
    """Without factorials the terms are those of the series of exp."""
    _, terms = jet(jnp.exp, (0.0,), ((1.0, 0.0, 0.0),), factorial_scaled=False)

    np.testing.assert_allclose(terms, [1, 1 / 2, 1 / 6])


def test_structures():
    """A list of terms stands where a result does; what is constant has zeros."""
    value, series = jet(lambda x: {"a": x, "b": (x > 0, 3.0)}, (0.5,), ((1.0, 2.0),))

    assert value == {"a": 0.5, "b": (True, 3.0)}
    assert series == {"a": [1.0, 2.0], "b": ([0.0, 0.0], [0.0, 0.0])}
    assert jet(jnp.sin, (0.5,), ((),))[1] == []


def test_transformations(x64):
    """jit, vmap and grad of a third derivative."""

    def third(x):
        return jet(jnp.sin, (x,), ((1.0, 0.0, 0.0),))[1][2]

    xs = jnp.array([0.1, 0.5])

    np.testing.assert_allclose(jit(third)(0.1), -np.cos(0.1))
    np.testing.assert_allclose(vmap(third)(xs), -np.cos(xs))
    np.testing.assert_allclose(vmap(grad(third))(xs), np.sin(xs))


ERRORS = [
    (
        lambda: jet(jnp.multiply, (1.0, 2.0), ((1.0, 0.0), (1.0,))),
        "ValueError: jet: the series of all arguments must have one length, got "
        "lengths [2, 1].",
    ),
    (
        lambda: jet(jnp.multiply, (1.0, 2.0), ((1.0,),)),
        "TypeError: jet: series must have one entry for each of the 2 primals, got 1.",
    ),
    (
        lambda: jet(jnp.sin, ({"a": 1.0},), ((1.0,),)),
        "ValueError: jet: primals must be arrays, got {'a': 1.0} for argument 0. Pass "
        "the leaves of containers as arguments of their own.",
    ),
    (
        lambda: jet(jnp.sin, (1,), ((1.0,),)),
        "TypeError: jet: primals must be floating-point arrays, got i32[] for argument "
        "0. Close over it, or convert it with astype.",
    ),
    (
        lambda: jet(jnp.sin, (jnp.ones(2),), ((jnp.ones(3),),)),
        "ValueError: jet: the terms of a series must have the shape of its primal, "
        "f32[2], got f32[3] as term 1 of argument 0.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()

    assert f"{type(caught.value).__name__}: {caught.value}" == message
