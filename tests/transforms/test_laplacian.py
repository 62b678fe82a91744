"""The forward Laplacian is the trace of the Hessian, on whatever a function calls."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, hessian, jit, laplacian, lax, vmap

pytestmark = pytest.mark.usefixtures("x64")

W = np.random.default_rng(0).normal(size=(5, 3))
X = np.array([0.3, -0.7, 1.1])


def network(x):
    return jnp.sum(jnp.tanh(W @ x) ** 3 * jnp.exp(x[0]))


def loops_and_branches(x):
    y = lax.fori_loop(0, 3, lambda k, y: jnp.sin(y) * x[0], x)
    y, _ = lax.scan(lambda c, row: (jnp.cos(c) * row, None), y, jnp.outer(x, x))
    return lax.cond(x[1] > 0, jnp.sum, lambda y: (y**2).sum(), y)


@minijax.custom_jvp
def with_jvp_rule(x):
    return jnp.sin(x)


with_jvp_rule.defjvp(lambda x, x_dot: (with_jvp_rule(*x), jnp.cos(x[0]) * x_dot[0]))


@minijax.custom_vjp
def with_vjp_rule(x):
    return x**3


with_vjp_rule.defvjp(lambda x: (x**3, x), lambda x, y_bar: (3 * x**2 * y_bar,))


@minijax.custom_batching.custom_vmap
def with_vmap_rule(x):
    return x**4


@with_vmap_rule.def_vmap
def _all_outputs_are_batched(size, in_batched, x):
    return jnp.broadcast_to(x, (size, 3)) ** 4, True


FUNCTIONS = {
    "rule for vmap": lambda x: (with_vmap_rule(x) * x).sum(),
    "network": network,
    "jit": jit(network),
    "checkpoint": minijax.checkpoint(network),
    "loops and branches": loops_and_branches,
    "rule for jvp": lambda x: with_jvp_rule(x).prod(),
    "rule for vjp": lambda x: (with_vjp_rule(x) * x).sum(),
    "vmap": lambda x: vmap(lambda a: jnp.sin(a) * x[0])(x).sum(),
    "gradient inside": lambda x: (grad(network)(x) ** 2).sum(),
    "Python branch": lambda x: (x**4).sum() if x[0] > 0 else x.sum(),
    "sort": lambda x: (jnp.sort(x) * jnp.arange(3.0)).prod() + x.max() ** 2,
    "where": lambda x: jnp.where(x > 0, x**3, jnp.exp(x)).sum(),
    "determinant": lambda x: jnp.linalg.det(jnp.outer(x, x) + jnp.eye(3)),
    "linear": lambda x: (W @ x).sum(),
    "constant": lambda x: 3.0,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_trace_of_the_hessian(name):
    f = FUNCTIONS[name]
    wanted = np.trace(np.asarray(hessian(f)(X))) if name != "constant" else 0.0

    np.testing.assert_allclose(laplacian(f)(X), wanted, rtol=1e-13, atol=1e-13)
    if name != "Python branch":
        np.testing.assert_allclose(jit(laplacian(f))(X), wanted, 1e-12, 1e-12)


@pytest.mark.parametrize("name", ["network", "loops and branches", "rule for vjp"])
def test_it_can_be_differentiated_and_mapped(name):
    f = FUNCTIONS[name]
    wanted = grad(lambda x: jnp.trace(hessian(f)(x)))(X)

    np.testing.assert_allclose(grad(laplacian(f))(X), wanted, rtol=1e-12)
    rows = jit(vmap(laplacian(f)))(np.stack([X, 2 * X]))
    np.testing.assert_allclose(rows[0], laplacian(f)(X), rtol=1e-12)
    np.testing.assert_allclose(rows[1], laplacian(f)(2 * X), rtol=1e-12)


def test_linear_operations_cost_no_second_derivative():
    """A matrix is applied to all slopes at once, and that is all."""
    program = jit(laplacian(lambda x: ((W @ x) ** 2).sum())).lower(X)

    assert program.as_text().count("dot_general") == 1


def test_a_value_that_escapes_is_an_error():
    kept = []

    def f(x):
        kept.append(x)
        return (x**2).sum()

    laplacian(f)(X)
    with pytest.raises(minijax.errors.UnexpectedTracerError, match="by laplacian"):
        kept[0] + 1
