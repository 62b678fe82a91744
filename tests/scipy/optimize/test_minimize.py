"""`minimize` finds known minima, in both types, under every transformation."""

import numpy as np
import pytest

import minijax
from minijax import grad, jit, jvp, vmap
from minijax import numpy as jnp
from minijax.scipy.optimize import OptimizeResults, minimize

LBFGS = "l-bfgs-experimental-do-not-rely-on-this"
METHODS = pytest.mark.parametrize("method", ["BFGS", LBFGS])


def rosenbrock(x):
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def himmelblau(x):
    return (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2


def powell(x):
    """A minimum where the Hessian is singular."""
    return (
        (x[0] + 10 * x[1]) ** 2
        + 5 * (x[2] - x[3]) ** 2
        + (x[1] - 2 * x[2]) ** 4
        + 10 * (x[0] - x[3]) ** 4
    )


PROBLEMS = [
    (rosenbrock, [-1.2, 1.0, 0.5], 2e-2),
    (rosenbrock, [0.0] * 8, 2e-2),
    (himmelblau, [-1.2, 1.0], 1e-3),
    (powell, [3.0, -1.0, 0.0, 1.0], 0.2),
]


@METHODS
@pytest.mark.parametrize(("f", "x0", "gap"), PROBLEMS)
def test_value_falls_to_zero(f, x0, gap, method, precision):
    found = minimize(f, jnp.array(x0), method=method, tol=1e-4)

    assert found.fun < 1e-6
    assert found.success or found.status == 4
    assert found.nit <= found.nfev == found.njev


def test_inverse_hessian_of_a_quadratic(x64):
    """H -> A^-1 when f is x^T A x / 2."""
    A = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]])
    found = minimize(
        lambda x: x @ A @ x / 2, jnp.ones(3), method="BFGS", options={"gtol": 1e-12}
    )

    np.testing.assert_allclose(found.hess_inv, np.linalg.inv(A), rtol=1e-2)


@METHODS
def test_jit_vmap_and_eager_agree(method, x64):
    starts = jnp.array([[-1.0, 2.0], [0.3, 0.2]])

    def solve(x0):
        return minimize(himmelblau, x0, method=method)

    each = [solve(x0) for x0 in starts]
    together = jit(vmap(solve))(starts)

    assert isinstance(together, OptimizeResults)
    np.testing.assert_allclose(together.x, [r.x for r in each], rtol=1e-6)
    assert together.nit.tolist() == [int(r.nit) for r in each]


@METHODS
def test_derivatives_of_the_minimum(method, x64):
    """x* = a^2 minimises cosh(x - a^2): dx*/da = 2 a, in both modes."""

    def solution(a):
        f = lambda x: jnp.sum(jnp.cosh(x - a**2))  # noqa: E731
        return minimize(f, jnp.zeros(2), method=method, tol=1e-10).x.sum()

    assert grad(solution)(1.5) == pytest.approx(6.0, rel=1e-6)
    assert jvp(solution, (1.5,), (1.0,))[1] == pytest.approx(6.0, rel=1e-6)


@METHODS
def test_few_iterations_are_reported(method):
    found = minimize(rosenbrock, jnp.zeros(3), method=method, options={"maxiter": 2})

    assert (bool(found.success), int(found.status), int(found.nit)) == (False, 1, 2)


@METHODS
def test_a_function_without_minimum_is_reported(method):
    found = minimize(jnp.sum, jnp.zeros(3), method=method)

    assert (bool(found.success), int(found.status)) == (False, 5)


def test_evaluations_are_bounded():
    options = {"maxfun": 3}
    found = minimize(rosenbrock, jnp.zeros(3), method=LBFGS, options=options)

    assert int(found.status) == 2
    options = {"maxgrad": 3}
    found = minimize(rosenbrock, jnp.zeros(3), method=LBFGS, options=options)

    assert int(found.status) == 3


ERRORS = [
    (
        lambda: minimize(rosenbrock, jnp.ones(2), 2.0, method="BFGS"),
        "TypeError: minimize: args must be a tuple of further arguments, got 2.0. "
        "Write args=(a,).",
    ),
    (
        lambda: minimize(rosenbrock, jnp.ones(2), method="newton"),
        f"ValueError: minimize: method must be 'BFGS' or {LBFGS!r}, got 'newton'.",
    ),
    (
        lambda: minimize(rosenbrock, jnp.ones((2, 2)), method="BFGS"),
        "TypeError: minimize: x0 must be a vector, got f32[2,2]. Let fun reshape it.",
    ),
    (
        lambda: minimize(rosenbrock, [1.0, 2.0], method="BFGS"),
        "TypeError: minimize: x0 must be an array, got [1.0, 2.0] of type list. Use "
        "jnp.array, or flatten_util.ravel_pytree for containers.",
    ),
    (
        lambda: minimize(
            rosenbrock, jnp.ones(2), method="BFGS", options={"ftol": 1, "xtol": 2}
        ),
        "TypeError: minimize: options of BFGS must be among ['gtol', "
        "'line_search_maxiter', 'maxiter', 'norm'], got ['ftol', 'xtol'].",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()

    assert f"{type(caught.value).__name__}: {caught.value}" == message


def test_module_is_found_from_the_package():
    assert minijax.scipy.optimize.minimize is minimize
