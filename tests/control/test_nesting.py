"""Control flow in control flow in control flow, against plain Python loops.

Five layers, each around another function; every layer stands in every other, at each
depth. A layer is written once, for a package of control flow: `lax`, or `Plain`.
"""

import functools

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import lax


class Plain:
    """What `lax` offers, in Python's own loops and branches on concrete values."""

    @staticmethod
    def scan(f, carry, xs):
        ys = []
        for x in xs:
            carry, y = f(carry, x)
            ys.append(y)
        return carry, jnp.stack(ys)

    @staticmethod
    def while_loop(keep_on, f, carry):
        while bool(keep_on(carry)):
            carry = f(carry)
        return carry

    @staticmethod
    def fori_loop(lower, upper, f, carry):
        for i in range(lower, upper):
            carry = f(i, carry)
        return carry

    @staticmethod
    def cond(pred, on_true, on_false, *args):
        return on_true(*args) if bool(pred) else on_false(*args)

    @staticmethod
    def switch(index, branches, *args):
        return branches[min(max(int(index), 0), len(branches) - 1)](*args)


ROWS = np.array([[0.3, -0.2], [0.1, 0.4]])

# A layer: (package, inner function of x, closed-over n and w) -> function of x.


def scan(m, inner, n, w):
    def step(x, row):
        y = inner(0.9 * x + row)
        return y, y * w[0, 0]

    def layer(x):
        x, ys = m.scan(step, x, ROWS)
        return x + ys.sum(0)

    return layer


def fori(m, inner, n, w):
    return lambda x: m.fori_loop(0, 2, lambda i, x: inner(x + 0.1 * i), x)


def while_(m, inner, n, w):
    """The number of rounds is n, a value."""
    return lambda x: m.while_loop(
        lambda state: state[0] < n,
        lambda state: (state[0] + 1, inner(state[1])),
        (0, x),
    )[1]


def cond(m, inner, n, w):
    """The choice depends on the data."""
    return lambda x: m.cond(
        x.sum() + n > 0.8, lambda x: inner(x) * w[1], lambda x: x - inner(-x), x
    )


def switch(m, inner, n, w):
    return lambda x: m.switch(
        n - 1, [inner, lambda x: jnp.cos(w @ x), lambda x: x * inner(x)], x
    )


LAYERS = [scan, fori, while_, cond, switch]
# Every pair of layers occurs as outer and middle, middle and inner, outer and inner.
NESTS = [
    (LAYERS[i], LAYERS[j], LAYERS[(i + 2 * j) % 5]) for i in range(5) for j in range(5)
]


def program(m, nest, x, n, w):
    """The nest of layers around tanh(w x)."""
    f = lambda x: jnp.tanh(w @ x)  # noqa: E731
    for layer in reversed(nest):
        f = layer(m, f, n, w)
    return f(x)


def derivatives(f, nest, x, n, w):
    """Value, tangent and, where no loop has an unknown length, gradients."""

    def moving(x, w):
        return f(x, n, w)

    found = {"jvp": minijax.jvp(moving, (x, w), (x + 1, w - 1))}
    if while_ not in nest:
        total = lambda x, w: (moving(x, w) ** 2).sum()  # noqa: E731
        found["grad"] = minijax.grad(total, (0, 1))(x, w)
    return found


def batches(f, nest, xs, ns, w):
    """The same for lanes of other lengths, other choices, other bodies."""
    member = functools.partial(derivatives, f, nest)
    vmap = minijax.vmap
    return {
        "one": member(xs[0], ns[2], w),
        "all": vmap(member, (0, 0, None))(xs, ns, w),
        "counts": vmap(lambda n: f(xs[0], n, w))(ns),
        "bodies": vmap(lambda w: f(xs[1], ns[1], w))(jnp.stack([w, 2 * w])),
    }


def expected(nest, xs, ns, w):
    """What Python's own loops give, member by member."""
    f = functools.partial(program, Plain, nest)
    lanes = [derivatives(f, nest, x, n, w) for x, n in zip(xs, ns, strict=True)]
    return {
        "one": derivatives(f, nest, xs[0], ns[2], w),
        "all": minijax.tree.map(lambda *rows: np.stack(rows), *lanes),
        "counts": np.stack([f(xs[0], n, w) for n in ns]),
        "bodies": np.stack([f(xs[1], ns[1], v) for v in (w, 2 * w)]),
    }


@pytest.fixture(autouse=True)
def _double_precision_and_fast_compiling(x64):
    minijax.config.update("jax_disable_most_optimizations", True)
    yield
    minijax.config.update("jax_disable_most_optimizations", False)


@pytest.mark.parametrize(
    "nest", NESTS, ids=lambda nest: " of ".join(layer.__name__ for layer in nest)
)
def test_nests_agree_with_python(nest):
    """jvp, grad, and vmap of a predicate, of a trip count, of a body."""
    xs = np.array([[0.5, -0.3], [0.2, 0.7], [-0.4, 0.1]])
    ns = np.array([0, 1, 3])
    w = np.array([[0.8, -0.4], [0.3, 0.9]])
    f = functools.partial(program, lax, nest)
    got = minijax.jit(functools.partial(batches, f, nest))(xs, ns, w)

    for name, value in expected(nest, xs, ns, w).items():
        pairs = zip(
            minijax.tree.leaves(got[name]), minijax.tree.leaves(value), strict=True
        )
        for x, y in pairs:
            np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-13, err_msg=name)


def test_every_layer_stands_in_every_other():
    """The table holds all pairs, at all depths."""
    every = {(a, b) for a in LAYERS for b in LAYERS}

    for first, second in ((0, 1), (1, 2), (0, 2)):
        assert {(nest[first], nest[second]) for nest in NESTS} == every
