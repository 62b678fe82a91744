"""One custom function, every mode: what is derived agrees with what is given.

Fifteen functions, each with a value, a push (x, x_dot -> y_dot) and a pull (x, y_bar ->
x_bar) written by hand. Whatever part of these a function is given as its rules, all
modes must give the derivative that no rule at all gives.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import custom_jvp, custom_rules, custom_vjp, tree


class Row(NamedTuple):
    """A function with derivatives written by hand, and how to draw its arguments."""

    name: str
    value: Callable
    push: Callable  # (primals, tangents) -> out_dot
    pull: Callable  # (primals, out_bar) -> cotangents
    args: tuple  # shapes, or values that are not differentiated

    def __str__(self):
        return self.name


S = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 3.0]])


def softmax(x):
    e = jnp.exp(x - x.max())
    return e / e.sum()


def polar(r, t):
    return r * jnp.cos(t), r * jnp.sin(t)


def push_polar(primals, tangents):
    (r, t), (r_dot, t_dot) = primals, tangents
    c, s = jnp.cos(t), jnp.sin(t)
    return r_dot * c - r * s * t_dot, r_dot * s + r * c * t_dot


def pull_polar(primals, bar):
    (r, t), (x, y) = primals, bar
    c, s = jnp.cos(t), jnp.sin(t)
    return x * c + y * s, r * (y * c - x * s)


def mixed(d):
    return {"sum": d["a"] + d["b"].sum(), "product": d["a"] * d["b"]}


def push_mixed(primals, tangents):
    (d,), (t,) = primals, tangents
    return {
        "sum": t["a"] + t["b"].sum(),
        "product": t["a"] * d["b"] + d["a"] * t["b"],
    }


def pull_mixed(primals, bar):
    (d,) = primals
    return (
        {
            "a": bar["sum"] + (bar["product"] * d["b"]).sum(),
            "b": bar["sum"] + bar["product"] * d["a"],
        },
    )


def inverse_push(primals, tangents):
    inverse = jnp.linalg.inv(primals[0])
    return -inverse @ tangents[0] @ inverse


def inverse_pull(primals, bar):
    inverse = jnp.linalg.inv(primals[0]).T
    return (-inverse @ bar @ inverse,)


V = (3,)
ROWS = [
    Row("square", lambda x: x * x, lambda p, t: 2 * p[0] * t[0],
        lambda p, c: (2 * p[0] * c,), ((),)),
    Row("product", lambda x, y: x * y, lambda p, t: p[1] * t[0] + p[0] * t[1],
        lambda p, c: (p[1] * c, p[0] * c), ((), ())),
    Row("log1pexp", lambda x: jnp.log1p(jnp.exp(x)),
        lambda p, t: t[0] / (1 + jnp.exp(-p[0])),
        lambda p, c: (c / (1 + jnp.exp(-p[0])),), (V,)),
    Row("matvec", lambda a, x: a @ x, lambda p, t: t[0] @ p[1] + p[0] @ t[1],
        lambda p, c: (jnp.outer(c, p[1]), p[0].T @ c), ((2, 3), V)),
    Row("tanh", jnp.tanh, lambda p, t: t[0] * (1 - jnp.tanh(p[0]) ** 2),
        lambda p, c: (c * (1 - jnp.tanh(p[0]) ** 2),), (V,)),
    Row("norm", lambda x: jnp.sqrt((x * x).sum()),
        lambda p, t: (p[0] @ t[0]) / jnp.sqrt((p[0] ** 2).sum()),
        lambda p, c: (c * p[0] / jnp.sqrt((p[0] ** 2).sum()),), (V,)),
    Row("softmax", softmax,
        lambda p, t: softmax(p[0]) * (t[0] - softmax(p[0]) @ t[0]),
        lambda p, c: (softmax(p[0]) * (c - softmax(p[0]) @ c),), (V,)),
    Row("polar", polar, push_polar, pull_polar, ((), ())),
    Row("dictionaries", mixed, push_mixed, pull_mixed, ({"a": (), "b": V},)),
    Row("outer", jnp.outer, lambda p, t: jnp.outer(t[0], p[1]) + jnp.outer(p[0], t[1]),
        lambda p, c: (c @ p[1], p[0] @ c), ((2,), V)),
    Row("integer argument", lambda x, n: x**n,
        lambda p, t: p[1] * p[0] ** (p[1] - 1) * t[0],
        lambda p, c: (p[1] * p[0] ** (p[1] - 1) * c, None), (V, np.array([2, 3, 4]))),
    Row("logsumexp", lambda x: jnp.log(jnp.exp(x).sum()),
        lambda p, t: softmax(p[0]) @ t[0], lambda p, c: (softmax(p[0]) * c,), (V,)),
    Row("quadratic form", lambda x: x @ S @ x / 2, lambda p, t: p[0] @ S @ t[0],
        lambda p, c: (c * (S @ p[0]),), (V,)),
    Row("scaled", lambda s, v: s * v, lambda p, t: t[0] * p[1] + p[0] * t[1],
        lambda p, c: ((c * p[1]).sum(), c * p[0]), ((), V)),
    Row("inverse", lambda a: jnp.linalg.inv(a), inverse_push, inverse_pull,
        ((2, 2),)),
]  # fmt: skip


def with_jvp(row):
    f = custom_jvp(lambda *xs: row.value(*xs))
    f.defjvp(lambda p, t: (f(*p), row.push(p, t)))
    return f


def with_vjp(row):
    f = custom_vjp(lambda *xs: row.value(*xs))
    f.defvjp(lambda *p: (f(*p), p), row.pull)
    return f


def with_both(row):
    f = custom_rules(lambda *xs: row.value(*xs))
    f.defjvp(lambda p, t: (f(*p), row.push(p, t)))
    f.defvjp(lambda *p: (f(*p), p), row.pull)
    return f


RULES = {"jvp": with_jvp, "vjp": with_vjp, "both": with_both}


def is_shape(x):
    return type(x) is tuple and all(isinstance(n, int) for n in x)


def draw(row, rng, batch=()):
    """Arguments and tangents; an integer argument has a tangent of dtype float0."""

    def argument(x):
        if is_shape(x):
            base = 2 * np.eye(2) if x == (2, 2) else 0.8
            return base + 0.4 * rng.standard_normal((*batch, *x))
        return np.broadcast_to(x, (*batch, *np.shape(x)))

    def tangent(x):
        floating = x.dtype.kind == "f"
        return rng.standard_normal(x.shape) if floating else np.zeros(x.shape, F0)

    xs = tree.map(argument, row.args, is_leaf=is_shape)
    return xs, tree.map(tangent, xs)


F0 = minijax.float0


def modes(f, xs, x_dots, y_bar):
    """The lattice: every mode of one function at one point."""
    at = tuple([k for k, x in enumerate(xs) if is_moving(x)])
    _, pushed = minijax.jvp(f, xs, x_dots)
    _, pullback = minijax.vjp(f, *xs)
    pulled = pullback(y_bar)
    return {
        "value": f(*xs),
        "jvp": pushed,
        "vjp": [pulled[k] for k in at],
        "linearize": minijax.linearize(f, *xs)[1](*x_dots),
        "jacfwd": minijax.jacfwd(f, at)(*xs),
        "jacrev": minijax.jacrev(f, at)(*xs),
        "hessian": minijax.hessian(f, at)(*xs),
    }


def is_moving(x):
    return all(np.issubdtype(leaf.dtype, np.floating) for leaf in tree.leaves(x))


def inner(xs, ys):
    pairs = zip(tree.leaves(xs), tree.leaves(ys), strict=True)
    return sum(np.vdot(np.asarray(x), np.asarray(y)) for x, y in pairs)


def assert_same(got, expected):
    for name, value in expected.items():
        assert tree.structure(got[name]) == tree.structure(value), name
        for x, y in zip(tree.leaves(got[name]), tree.leaves(value), strict=True):
            np.testing.assert_allclose(
                np.asarray(x), np.asarray(y), 1e-12, 1e-12, err_msg=name
            )


def lattice(row, batch=()):
    """All modes of the function with each choice of rules, and without.

    Also tangents and cotangents, None for integers. With a `batch`, vmap of all modes.
    """
    rng = np.random.default_rng(0)
    xs, x_dots = draw(row, rng, batch)
    members = tree.map(lambda x: x[0], xs) if batch else xs
    y = minijax.eval_shape(row.value, *members)
    y_bar = tree.map(lambda a: rng.standard_normal((*batch, *a.shape)), y)
    floats = [x if is_moving(x) else None for x in x_dots]

    def run(f, xs, floats, y_bar):
        pairs = zip(xs, floats, strict=True)
        dots = tuple([np.zeros(x.shape, F0) if t is None else t for x, t in pairs])
        return modes(f, xs, dots, y_bar)

    def run_all(xs, floats, y_bar):
        functions = {"none": row.value} | {name: f(row) for name, f in RULES.items()}
        found = {}
        for name, f in functions.items():
            member = functools.partial(run, f)
            mapped = minijax.vmap(member) if batch else member
            found[name] = mapped(xs, floats, y_bar)
        return found

    return minijax.jit(run_all)(xs, floats, y_bar), floats, y_bar


@pytest.fixture(autouse=True)
def _double_precision_and_fast_compiling(x64):
    minijax.config.update("jax_disable_most_optimizations", True)
    yield
    minijax.config.update("jax_disable_most_optimizations", False)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_all_modes_agree(row):
    """As without rules, to 1e-12, and <y_bar, J x_dot> = <J^T y_bar, x_dot>."""
    found, x_dots, y_bar = lattice(row)
    moving = [t for t in x_dots if t is not None]

    for rules in RULES:
        got = found[rules]
        assert_same(got, found["none"])
        sides = inner(y_bar, got["jvp"]), inner(got["vjp"], moving)
        assert abs(sides[0] - sides[1]) <= 1e-12 * (1 + abs(sides[0]))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_vmap_of_all_modes_agrees(row):
    """The same for three members at once."""
    found, _, _ = lattice(row, (3,))

    for rules in RULES:
        assert_same(found[rules], found["none"])


def test_all_modes_agree_without_jit():
    """Un-jitted, the functions are called with concrete values."""
    with minijax.disable_jit():
        found, _, _ = lattice(ROWS[8])

    for rules in RULES:
        assert_same(found[rules], found["none"])


def test_the_lattice_notices_a_wrong_rule():
    """A rule that is wrong by one in a thousand fails in the modes that use it."""
    found, _, _ = lattice(ROWS[0]._replace(pull=lambda p, c: (2.002 * p[0] * c,)))

    assert_same(found["jvp"], found["none"])
    for rules in ("vjp", "both"):
        with pytest.raises(AssertionError, match=r"hessian|vjp"):
            assert_same(found[rules], found["none"])


def test_forward_mode_uses_the_forward_rule_and_reverse_mode_the_reverse_one():
    """The two rules disagree here, on purpose: one counts as 10, the other as 20."""
    f = custom_rules(lambda x: x * 1.0)
    f.defjvp(lambda p, t: (f(*p), 10 * t[0]))
    f.defvjp(lambda x: (f(x), None), lambda _, c: (20 * c,))

    for wrap in (lambda g: g, minijax.jit, minijax.checkpoint):
        g = wrap(f)
        assert float(minijax.jvp(g, (1.0,), (1.0,))[1]) == 10
        assert float(minijax.jacfwd(g)(1.0)) == 10
        assert float(minijax.linearize(g, 1.0)[1](1.0)) == 10
        assert float(minijax.grad(g)(1.0)) == 20
        np.testing.assert_allclose(minijax.vmap(minijax.grad(g))(np.ones(2)), 20)
        pushed = minijax.vmap(lambda x, g=g: minijax.linearize(g, x)[1](x))(np.ones(2))
        np.testing.assert_allclose(pushed, 10)
