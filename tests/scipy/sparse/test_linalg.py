"""Iterative solvers against direct ones, and SciPy's iterates."""

import numpy as np
import pytest
import scipy.sparse.linalg as reference

from minijax import grad, jacfwd, jacrev, jit, vmap
from minijax import numpy as jnp
from minijax.scipy.sparse.linalg import bicgstab, cg, gmres

SOLVERS = pytest.mark.parametrize(
    "solver", [cg, bicgstab, gmres], ids=lambda f: f.__name__
)


def system(seed, n, symmetric):
    stream = np.random.default_rng(seed)
    x = stream.normal(size=(n, n))
    A = x @ x.T / n + np.eye(n) if symmetric else x / 4 + np.diag(2.0 + np.arange(n))
    return A, stream.normal(size=n)


@SOLVERS
def test_solution_is_that_of_a_direct_solver(solver, x64):
    A, b = system(0, 9, solver is cg)
    x, _ = solver(A, b, tol=1e-13)

    np.testing.assert_allclose(x, np.linalg.solve(A, b), rtol=1e-9)


@SOLVERS
def test_single_precision_reaches_its_tolerance(solver):
    A, b = (x.astype("f4") for x in system(1, 9, solver is cg))
    x, _ = solver(A, b)

    assert np.linalg.norm(A @ np.asarray(x) - b) < 3e-5 * np.linalg.norm(b)


@pytest.mark.parametrize("name", ["cg", "bicgstab"])
@pytest.mark.parametrize("steps", [1, 3])
def test_iterates_are_scipys(name, steps, x64):
    """The first iterates, with a start and a preconditioner."""
    ours, theirs = {"cg": cg, "bicgstab": bicgstab}[name], getattr(reference, name)
    A, b = system(2, 8, name == "cg")
    M = np.diag(1 / np.diag(A))
    x, info = ours(A, b, np.ones(8), maxiter=steps, M=M, tol=0.0)
    expected, _ = theirs(A, b, np.ones(8), maxiter=steps, M=M, rtol=0.0)

    assert info is None
    np.testing.assert_allclose(x, expected, rtol=1e-9)


@pytest.mark.parametrize("solve_method", ["batched", "incremental"])
def test_restarts_are_scipys(solve_method, x64):
    A, b = system(3, 8, False)
    x, info = gmres(A, b, restart=3, maxiter=2, tol=0.0, solve_method=solve_method)
    expected, _ = reference.gmres(A, b, restart=3, maxiter=2, rtol=0.0)

    assert info == 0
    np.testing.assert_allclose(x, expected, rtol=1e-9)


def test_incremental_stops_within_a_space(x64):
    """One step suffices where A is a multiple of the identity."""
    calls = []

    def multiply(x):
        calls.append(None)
        return 2 * x

    x, _ = gmres(multiply, jnp.arange(4.0), solve_method="incremental")

    np.testing.assert_allclose(x, np.arange(4.0) / 2)


@SOLVERS
def test_jacobians_are_the_inverse(solver, x64):
    """dx/db = A^-1, and dx/dA along E is -A^-1 E x."""
    A, b = system(4, 5, solver is cg)
    A, b = jnp.asarray(A), jnp.asarray(b)

    def solution(A, b):
        return solver(A, b, tol=1e-13)[0]

    inverse = np.linalg.inv(A)
    for jacobian in (jacfwd, jacrev):
        in_A, in_b = jacobian(solution, (0, 1))(A, b)
        np.testing.assert_allclose(in_b, inverse, rtol=1e-8)
        expected = -np.einsum("ij,k->ijk", inverse, inverse @ np.asarray(b))
        np.testing.assert_allclose(in_A, expected, rtol=1e-7, atol=1e-12)


def test_transposed_systems_are_preconditioned_by_the_transpose(x64):
    """With M = A^-1 one step solves either system."""
    A, b = system(5, 6, False)
    M = np.linalg.inv(A)
    slope = grad(lambda b: bicgstab(A, b, M=M, maxiter=1)[0].sum())(jnp.asarray(b))

    np.testing.assert_allclose(slope, M.sum(0), rtol=1e-8)


@SOLVERS
def test_batches_are_loops(solver, x64):
    A, b = system(6, 5, solver is cg)
    scales = jnp.array([1.0, 2.0, 50.0])

    def solution(c):
        return solver(lambda x: c * (jnp.asarray(A) @ x), jnp.asarray(b), tol=1e-12)[0]

    np.testing.assert_allclose(
        jit(vmap(solution))(scales), [solution(c) for c in scales], rtol=1e-9
    )
    np.testing.assert_allclose(
        vmap(grad(lambda c: solution(c).sum()))(scales),
        [grad(lambda c: solution(c).sum())(c) for c in scales],
        rtol=1e-8,
    )


def test_unknowns_may_be_a_tree(x64):
    b = {"u": jnp.arange(3.0), "v": [jnp.ones((2, 2))]}
    x, _ = cg(lambda x: {"u": 2 * x["u"], "v": [4 * x["v"][0]]}, b, tol=1e-12)

    np.testing.assert_allclose(x["u"], np.arange(3.0) / 2)
    np.testing.assert_allclose(x["v"][0], np.full((2, 2), 0.25))


def test_failure_is_reported():
    x, info = gmres(jnp.zeros((3, 3)), jnp.ones(3))

    assert info == -1 or np.isfinite(x).all()
    assert gmres(jnp.eye(0), jnp.ones(0))[0].shape == (0,)


ERRORS = [
    (
        lambda: cg(3.0, jnp.ones(2)),
        "TypeError: cg: A must be either a function or an array, got 3.0 of type "
        "float.",
    ),
    (
        lambda: gmres(np.ones((2, 3)), jnp.ones(3)),
        "ValueError: gmres: A must be a square matrix, got shape (2, 3).",
    ),
    (
        lambda: cg(np.eye(2), jnp.ones(2), x0=jnp.ones(3)),
        "ValueError: cg: x0 must have the shapes of b, [(2,)], got [(3,)].",
    ),
    (
        lambda: bicgstab(lambda x: x[:1], jnp.ones(2)),
        "ValueError: bicgstab: A(x) must have the shapes of b, [(2,)], got [(1,)].",
    ),
    (
        lambda: cg(np.eye(2, dtype="i4"), jnp.arange(2)),
        "TypeError: cg: x0, A(x) and b must have one floating-point type, got i32[2], "
        "i32[2] and i32[2]. Convert them with astype.",
    ),
    (
        lambda: gmres(np.eye(2), jnp.ones(2), solve_method="givens"),
        "ValueError: gmres: solve_method must be 'incremental' or 'batched', got "
        "'givens'.",
    ),
]


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_errors(call, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()

    assert f"{type(caught.value).__name__}: {caught.value}" == message
