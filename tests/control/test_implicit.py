"""`custom_root` and `custom_linear_solve`: derivatives of solutions of equations."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, jacfwd, jacrev, jit, jvp, lax, vmap


@pytest.fixture(autouse=True)
def _double_precision_and_fast_compiling(x64):
    minijax.config.update("jax_disable_most_optimizations", True)
    yield
    minijax.config.update("jax_disable_most_optimizations", False)


A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 5.0]])
B = np.array([1.0, -2.0, 0.5])
SKEW = A + np.triu(A, 1)


def dense(matvec, b):
    """A solver that works for every matvec and cannot be differentiated."""
    matrix = minijax.jacfwd(matvec)(jnp.zeros_like(b))
    return lax.stop_gradient(jnp.linalg.inv(matrix)) @ b


def conjugate_gradients(matvec, b):
    """A solver that is a loop of unknown length."""

    def step(state):
        x, r, p = state
        q = matvec(p)
        alpha = (r @ r) / (p @ q)
        s = r - alpha * q
        return x + alpha * p, s, s + (s @ s) / (r @ r) * p

    start = jnp.zeros_like(b), b, b
    return lax.while_loop(lambda state: state[1] @ state[1] > 1e-26, step, start)[0]


def symmetric(a, b):
    a = (a + a.T) / 2
    return lax.custom_linear_solve(
        lambda x: a @ x, b, conjugate_gradients, symmetric=True
    )


def general(a, b):
    return lax.custom_linear_solve(lambda x: a @ x, b, dense, dense)


def nested(a, b):
    """The product of two inverses: the inner system is solved by the outer's matvec."""
    return lax.custom_linear_solve(lambda x: general(a, a @ (a @ x)), b, dense, dense)


def trees(a, b):
    """A block-diagonal system on a dictionary."""

    def matvec(x):
        return {"u": a @ x["u"], "v": 3 * x["v"]}

    def solve(_, y):
        return {"u": jnp.linalg.inv(lax.stop_gradient(a)) @ y["u"], "v": y["v"] / 3}

    def transposed(_, y):
        return {"u": jnp.linalg.inv(lax.stop_gradient(a)).T @ y["u"], "v": y["v"] / 3}

    x = lax.custom_linear_solve(matvec, {"u": b, "v": b[0]}, solve, transposed)
    return x["u"] + x["v"]


SOLVERS = {
    "symmetric": (
        symmetric,
        lambda a, b: jnp.linalg.solve((a + a.T) / 2, b),
        A,
    ),
    "general": (general, jnp.linalg.solve, SKEW),
    "nested": (nested, jnp.linalg.solve, SKEW),
    "trees": (trees, lambda a, b: jnp.linalg.solve(a, b) + b[0] / 3, SKEW),
}


def total(f):
    return lambda a, b: (f(a, b) ** 2).sum()


MODES = {
    "value": lambda f, a: f(a, B),
    "jit": lambda f, a: jit(f)(a, B),
    "jvp": lambda f, a: jvp(f, (a, B), (A, 2 * B)),
    "jacfwd": lambda f, a: jacfwd(f, (0, 1))(a, B),
    "grad": lambda f, a: grad(total(f), (0, 1))(a, B),
    "jit of grad": lambda f, a: jit(grad(total(f), (0, 1)))(a, B),
    "hessian": lambda f, a: jit(jacfwd(grad(total(f), 1), (0, 1)))(a, B),
    "reverse over reverse": lambda f, a: jit(jacrev(grad(total(f), 1), (0, 1)))(a, B),
    "vmap of b": lambda f, a: vmap(f, (None, 0))(a, np.stack([B, 2 * B])),
    "vmap of a": lambda f, a: vmap(f, (0, None))(np.stack([a, 2 * a]), B),
    "vmap of grad": lambda f, a: jit(vmap(grad(total(f), (0, 1))))(
        np.stack([a, 2 * a]), np.stack([B, B])
    ),
    "grad of vmap": lambda f, a: jit(
        grad(lambda a: vmap(total(f), (None, 0))(a, np.stack([B, 2 * B])).sum())
    )(a),
    "vmap of vmap": lambda f, a: vmap(vmap(f, (None, 0)), (0, None))(
        np.stack([a, 2 * a]), np.stack([B, 2 * B])
    ),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("solver", SOLVERS)
def test_linear_solves_agree_with_the_dense_one(solver, mode):
    """Every mode of a solve is that of a^-1 b."""
    f, reference, a = SOLVERS[solver]
    run = MODES[mode]

    for x, y in zip(
        minijax.tree.leaves(run(f, a)),
        minijax.tree.leaves(run(reference, a)),
        strict=True,
    ):
        np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-10)


def test_solvers_may_return_more():
    """With has_aux the second element is passed through, without a derivative."""

    def f(b):
        return lax.custom_linear_solve(
            lambda x: A @ x,
            b,
            lambda matvec, b: (dense(matvec, b), {"steps": 3, "b": b}),
            symmetric=True,
            has_aux=True,
        )

    x, aux = f(B)
    np.testing.assert_allclose(A @ x, B)
    assert int(aux["steps"]) == 3
    gradient = grad(lambda b: f(b)[0].sum())(B)
    np.testing.assert_allclose(gradient, np.linalg.inv(A).sum(0))
    dots = jvp(f, (B,), (B,))[1]
    np.testing.assert_array_equal(dots[1]["b"], np.zeros(3))


# Roots


def newton(f, x):
    def step(_, x):
        jacobian = jnp.atleast_2d(jacfwd(f)(x))
        return x - jnp.linalg.solve(jacobian, f(x).reshape(-1)).reshape(x.shape)

    return lax.fori_loop(0, 20, step, x)


def direct(g, y):
    return jnp.linalg.solve(jnp.atleast_2d(jacfwd(g)(y)), y.reshape(-1)).reshape(
        y.shape
    )


def square_root(a):
    return lax.custom_root(lambda x: x * x - a, jnp.ones_like(a), newton, direct)


def vector_root(a):
    """x + x^3 / 3 = a, one equation per element, but solved together."""
    return lax.custom_root(
        lambda x: x + x**3 / 3 - a, jnp.zeros_like(a), newton, direct
    )


def by_bisection(a):
    """The solver is a loop of unknown length: reverse mode does not care."""

    def solve(f, x):
        def step(ends):
            low, high = ends
            middle = (low + high) / 2
            above = f(middle) > 0
            return jnp.where(above, low, middle), jnp.where(above, middle, high)

        ends = x, x + 10.0
        return lax.while_loop(lambda e: e[1] - e[0] > 1e-13, step, ends)[0]

    return lax.custom_root(
        lambda x: x**2 - a, jnp.zeros_like(a), solve, lambda g, y: y / g(1.0)
    )


def cubic(a):
    """The real root of x + x^3 / 3 = a, in closed form."""
    s = jnp.cbrt((3 * a + jnp.sqrt(9 * a * a + 4)) / 2)
    return s - 1 / s


ROOTS = {
    "scalar": (square_root, jnp.sqrt, 2.0),
    "vector": (vector_root, cubic, np.array([0.3, 1.0, 2.0])),
    "bisection": (by_bisection, jnp.sqrt, 2.0),
    "nested": (lambda a: square_root(square_root(a)), lambda a: a**0.25, 2.0),
}
ROOT_MODES = {
    "value": lambda f, a: f(a),
    "jvp": lambda f, a: jvp(f, (a,), (a,)),
    "jacrev": lambda f, a: jacrev(f)(a),
    "jit of jacrev": lambda f, a: jit(jacrev(f))(a),
    "hessian": lambda f, a: jit(minijax.hessian(f))(a),
    "reverse over reverse": lambda f, a: jit(jacrev(jacrev(f)))(a),
    "vmap": lambda f, a: vmap(f)(np.stack([a, 2 * a])),
    "vmap of jacrev": lambda f, a: jit(vmap(jacrev(f)))(np.stack([a, 2 * a])),
}


@pytest.mark.parametrize("mode", ROOT_MODES)
@pytest.mark.parametrize("root", ROOTS)
def test_roots_agree_with_closed_forms(root, mode):
    f, reference, a = ROOTS[root]
    got, expected = ROOT_MODES[mode](f, a), ROOT_MODES[mode](reference, a)

    for x, y in zip(
        minijax.tree.leaves(got), minijax.tree.leaves(expected), strict=True
    ):
        np.testing.assert_allclose(x, y, rtol=1e-9)


def test_solvers_of_roots_may_return_more():
    """Also an integer, and a value that the solver closes over."""

    def f(a):
        return lax.custom_root(
            lambda x: x * x - a,
            1.0,
            lambda f, x: (newton(f, x), {"steps": 20, "a": a}),
            lambda g, y: y / g(1.0),
            has_aux=True,
        )

    (x, aux), (x_dot, aux_dot) = jvp(f, (4.0,), (1.0,))
    np.testing.assert_allclose([x, x_dot], [2, 0.25])
    assert (int(aux["steps"]), float(aux_dot["a"])) == (20, 0)


def test_the_guess_has_no_derivative():
    f = lambda x: lax.custom_root(lambda y: y - 3.0, x, newton, direct)  # noqa: E731

    assert float(grad(f)(1.0)) == 0


def pair(f, x):
    return x, x


ERRORS = {
    "f of another structure": (
        lambda: lax.custom_root(lambda x: (x,), 1.0, newton, direct),
        TypeError,
        "custom_root: f must return the structure of initial_guess: f() must be a leaf "
        "like initial_guess, got a tuple of 1.",
    ),
    "solution of another structure": (
        lambda: lax.custom_root(lambda x: x, 1.0, pair, direct),
        TypeError,
        "custom_root: solve must return the structure of initial_guess: solve() must "
        "be a leaf like initial_guess, got a tuple of 2.",
    ),
    "no pair": (
        lambda: lax.custom_root(lambda x: x, 1.0, newton, direct, has_aux=True),
        TypeError,
        "custom_root: with has_aux=True solve must return a pair (solution, aux), got "
        "a result of structure PyTreeDef(*).",
    ),
    "tangents of another structure": (
        lambda: grad(lambda a: lax.custom_root(lambda x: x - a, 1.0, newton, pair))(
            1.0
        ),
        TypeError,
        "custom_root: tangent_solve must have the structure of initial_guess: "
        "tangent_solve must be a leaf like initial_guess, got a tuple of 2.",
    ),
    "matvec of another shape": (
        lambda: lax.custom_linear_solve(lambda x: {"a": x["a"][:1]}, {"a": B}, dense),
        ValueError,
        "custom_linear_solve: matvec must return the shapes of b: matvec()['a'] is "
        "f64[1], expected f64[3].",
    ),
    "solution of another structure of a system": (
        lambda: lax.custom_linear_solve(lambda x: x, B, pair),
        TypeError,
        "custom_linear_solve: solve must return the structure of b: solve() must be a "
        "leaf like b, got a tuple of 2.",
    ),
    "no transposed solver": (
        lambda: grad(
            lambda b: lax.custom_linear_solve(lambda x: A @ x, b, dense).sum()
        )(B),
        TypeError,
        "custom_linear_solve: transpose_solve is required for reverse mode. Pass "
        "transpose_solve, or symmetric=True if the transpose is the same.",
    ),
    "no function": (
        lambda: lax.custom_linear_solve(lambda x: x, B, 3),
        TypeError,
        "custom_linear_solve: solve must be a function, got 3 of type int.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_is_wrong(name):
    run, kind, message = ERRORS[name]

    with pytest.raises(kind) as caught:
        run()

    assert str(caught.value) == message
