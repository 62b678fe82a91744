"""Linear systems A x = b by iteration: `cg`, `bicgstab`, `gmres`.

A is a matrix or a function, b a vector or any container of arrays; neither is ever
flattened. The iteration is one loop of the compiled program. Derivatives do not look
into it: they solve systems of the same kind, as `lax.custom_linear_solve` says.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes, lax, tree
from ... import numpy as jnp
from ...api import linear_transpose
from ...core.literal import aval_of
from ...tree_util import Partial

__all__ = ["bicgstab", "cg", "gmres"]

_HIGHEST = lax.Precision.HIGHEST

# Vectors are trees of arrays


def _add(x, y):
    return tree.map(jnp.add, x, y)


def _sub(x, y):
    return tree.map(jnp.subtract, x, y)


def _scale(c, x):
    return tree.map(lambda leaf: c * leaf, x)


def _dot(x, y):
    """The inner product, conjugate in x."""
    parts = tree.map(lambda a, b: jnp.vdot(a, b, precision=_HIGHEST), x, y)
    return sum(tree.leaves(parts)[1:], tree.leaves(parts)[0])


def _squared(x):
    """The squared norm, a real number."""
    return jnp.real(_dot(x, x))


def _choose(flag, x, y):
    return tree.map(lambda a, b: jnp.where(flag, a, b), x, y)


def _identity(x):
    return x


def cg(A, b, x0=None, *, tol=1e-5, atol=0.0, maxiter=None, M=None):
    """Solve A x = b by conjugate gradients, for A Hermitian and positive definite.

    Args:
      A: an array (n, n), an object with `@` and a shape, or a function that takes and
        returns containers like b.
      b: a container of floating-point arrays, together one vector.
      x0: where to start; zero without.
      tol, atol: stop when the residual's norm is at most max(tol * |b|, atol).
      maxiter: stop after as many steps; ten times the number of unknowns without.
      M: an approximate inverse of A, given like A.

    Returns:
      The solution and None. It is differentiable in A and b, in both modes, as far as
      the iterations converge.

    Source: Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed., algorithm 9.1.

    >>> x, _ = cg(jnp.array([[4.0, 1.0], [1.0, 3.0]]), jnp.array([1.0, 2.0]))
    >>> np.round(x, 4)
    Array([0.0909, 0.6364], dtype=float32)
    """
    return _solve("cg", _conjugate_gradients, A, b, x0, tol, atol, maxiter, M), None


def bicgstab(A, b, x0=None, *, tol=1e-5, atol=0.0, maxiter=None, M=None):
    """Solve A x = b by stabilised biconjugate gradients, for any square A.

    The arguments and the result are those of `cg`. An iteration that breaks down stops.

    Source: van der Vorst, "Bi-CGSTAB: a fast and smoothly converging variant of Bi-CG
    for the solution of nonsymmetric linear systems", SIAM J. Sci. Stat. Comput. 1992.

    >>> x, _ = bicgstab(jnp.array([[4.0, 1.0], [0.0, 3.0]]), jnp.array([1.0, 3.0]))
    >>> np.round(x, 4) + 0.0
    Array([0., 1.], dtype=float32)
    """
    return _solve("bicgstab", _stabilised, A, b, x0, tol, atol, maxiter, M), None


def gmres(
    A,
    b,
    x0=None,
    *,
    tol=1e-5,
    atol=0.0,
    restart=20,
    maxiter=None,
    M=None,
    solve_method="batched",
):
    """Solve A x = b by minimal residuals over Krylov spaces, for any square A.

    The other arguments are those of `cg`, and M preconditions from the left.

    Args:
      restart: the dimension of the Krylov space, at most the number of unknowns.
      maxiter: how many such spaces are built, one from the solution of the other.
      solve_method: "batched" builds each space whole, "incremental" stops within one
        when the residual is small enough.

    Returns:
      The solution, and 0, or -1 where the solution is not finite.

    Source: Saad and Schultz, "GMRES: a generalized minimal residual algorithm for
    solving nonsymmetric linear systems", SIAM J. Sci. Stat. Comput. 1986.

    >>> x, info = gmres(jnp.array([[4.0, 1.0], [0.0, 3.0]]), jnp.array([1.0, 3.0]))
    >>> np.round(x, 4) + 0.0, int(info)
    (Array([0., 1.], dtype=float32), 0)
    """
    if solve_method not in ("incremental", "batched"):
        raise ValueError(
            "gmres: solve_method must be 'incremental' or 'batched', got "
            f"{solve_method!r}."
        )
    if restart < 1:
        raise IndexError(f"gmres: restart must be at least 1, got {restart}.")
    early = solve_method == "incremental"

    def iterate(problem):
        return _minimal_residuals(problem, restart, early)

    x = _solve("gmres", iterate, A, b, x0, tol, atol, maxiter, M)
    lost = [jnp.isnan(leaf).any() for leaf in tree.leaves(x)]
    return x, jnp.where(jnp.stack(lost).any(), -1, 0)


# What all three do


class _Problem(NamedTuple):
    """A system and when it counts as solved."""

    multiply: Callable
    precondition: Callable
    b: Any
    x0: Any
    tol: Any
    atol: Any
    maxiter: Any

    def goal(self, vector):
        """The squared norm that the residual must not exceed."""
        squared = _squared(vector)
        tol, atol = (lax.convert_element_type(t, squared.dtype) for t in self[4:6])
        return jnp.maximum(lax.square(tol) * squared, lax.square(atol))


def _solve(where, iterate, A, b, x0, tol, atol, maxiter, M):
    multiply, precondition = _operator(where, "A", A), _operator(where, "M", M)
    b, x0 = _start(where, multiply, b, x0)
    leaves = tree.leaves(b)
    size = sum(leaf.size for leaf in leaves)
    if maxiter is None:
        maxiter = 10 * size
    if not size:
        return b
    complex_valued = any(leaf.dtype.kind == "c" for leaf in leaves)

    def solver(precondition):
        return lambda A, b: iterate(
            _Problem(A, precondition, b, x0, tol, atol, maxiter)
        )

    if where == "cg" and not complex_valued:
        return lax.custom_linear_solve(
            multiply, b, solver(precondition), symmetric=True
        )
    # The transposed system is preconditioned by the transpose.
    flipped = precondition
    if M is not None:
        transposed = linear_transpose(precondition, b)
        flipped = _first_of(transposed)
    return lax.custom_linear_solve(multiply, b, solver(precondition), solver(flipped))


def _first_of(function):
    return lambda x: function(x)[0]


def _operator(where, name, A):
    """A matrix or a function as a function."""
    if A is None:
        return _identity
    if callable(A):
        return A
    if not hasattr(A, "shape") or not hasattr(A, "__matmul__"):
        raise TypeError(
            f"{where}: {name} must be either a function or an array, got {A!r:.60} of "
            f"type {type(A).__name__}."
        )
    if len(A.shape) != 2 or A.shape[0] != A.shape[1]:
        raise ValueError(
            f"{where}: {name} must be a square matrix, got shape {tuple(A.shape)}."
        )
    if isinstance(A, np.ndarray) or hasattr(A, "aval"):
        return Partial(_matrix_product, A)
    return Partial(_product, A)


def _matrix_product(A, x):
    return jnp.dot(A, x, precision=_HIGHEST)


def _product(A, x):
    return A @ x


def _start(where, multiply, b, x0):
    """b and x0 as arrays, and a word if they do not fit A."""
    b = tree.map(_as_array, b)
    if x0 is None:
        x0 = tree.map(jnp.zeros_like, b)
    else:
        x0 = tree.map(_as_array, x0)
    if tree.structure(x0) != tree.structure(b):
        raise ValueError(
            f"{where}: x0 and b must have one structure, got {tree.structure(x0)} and "
            f"{tree.structure(b)}."
        )
    _check_shapes(where, "x0", x0, b)
    product = multiply(x0)
    if tree.structure(product) != tree.structure(b):
        raise ValueError(
            f"{where}: A must return the structure of b, {tree.structure(b)}, got "
            f"{tree.structure(product)}."
        )
    _check_shapes(where, "A(x)", product, b)
    parts = (tree.leaves(x) for x in (x0, product, b))
    fitted = []
    for x, y, c in zip(*parts, strict=True):
        wanted = dtypes.result_type(y, c)
        if aval_of(x).weak_type and np.issubdtype(wanted, np.inexact):
            x = lax.convert_element_type(x, wanted)
        if x.dtype != wanted or x.dtype.kind not in "fcV":
            raise TypeError(
                f"{where}: x0, A(x) and b must have one floating-point type, got "
                f"{aval_of(x)}, {aval_of(y)} and {aval_of(c)}. Convert them with "
                "astype."
            )
        fitted.append(x)
    return b, tree.unflatten(tree.structure(b), fitted)


def _as_array(x):
    """A leaf as an array; whole Python numbers count as floats."""
    return jnp.asarray(float(x)) if isinstance(x, int) else jnp.asarray(x)


def _check_shapes(where, name, x, b):
    got, expected = ([aval_of(leaf).shape for leaf in tree.leaves(t)] for t in (x, b))
    if got != expected:
        raise ValueError(
            f"{where}: {name} must have the shapes of b, {expected}, got {got}."
        )


# The iterations


def _conjugate_gradients(problem):
    multiply, precondition, b, x0, _, _, maxiter = problem
    goal = problem.goal(b)
    plain = precondition is _identity

    def going(state):
        _, r, gamma, _, k = state
        squared = gamma if plain else _squared(r)
        return (squared > goal) & (k < maxiter)

    def step(state):
        x, r, gamma, p, k = state
        Ap = multiply(p)
        alpha = gamma / jnp.real(_dot(p, Ap)).astype(gamma.dtype)
        x, r = _add(x, _scale(alpha, p)), _sub(r, _scale(alpha, Ap))
        z = precondition(r)
        gamma_next = jnp.real(_dot(r, z)).astype(gamma.dtype)
        return x, r, gamma_next, _add(z, _scale(gamma_next / gamma, p)), k + 1

    r = _sub(b, multiply(x0))
    z = precondition(r)
    start = (x0, r, jnp.real(_dot(r, z)), z, 0)
    return lax.while_loop(going, step, start)[0]


def _stabilised(problem):
    multiply, precondition, b, x0, _, _, maxiter = problem
    goal = problem.goal(b)

    def going(state):
        _, r, _, _, _, _, _, k = state
        return (_squared(r) > goal) & (k < maxiter) & (k >= 0)

    def step(state):
        x, r, alpha, omega, rho, p, q, k = state
        rho_next = _dot(shadow, r)
        beta = rho_next / rho * alpha / omega
        p = _add(r, _scale(beta, _sub(p, _scale(omega, q))))
        p_hat = precondition(p)
        q = multiply(p_hat)
        alpha = rho_next / _dot(shadow, q)
        s = _sub(r, _scale(alpha, q))
        done = _squared(s) < goal
        s_hat = precondition(s)
        t = multiply(s_hat)
        omega = _dot(t, s) / _dot(t, t)
        half = _add(x, _scale(alpha, p_hat))
        x = _choose(done, half, _add(half, _scale(omega, s_hat)))
        r = _choose(done, s, _sub(s, _scale(omega, t)))
        # A negative count ends the loop: the recurrences divide by these numbers.
        broken = (omega == 0) | (alpha == 0) | (rho_next == 0)
        return x, r, alpha, omega, rho_next, p, q, jnp.where(broken, -1, k + 1)

    shadow = r = _sub(b, multiply(x0))
    one = jnp.ones_like(_dot(r, r))
    start = (x0, r, one, one, one, r, r, 0)
    return lax.while_loop(going, step, start)[0]


def _minimal_residuals(problem, restart, early):
    multiply, precondition, b, x0, _, _, maxiter = problem
    size = sum(leaf.size for leaf in tree.leaves(b))
    restart = min(restart, size)
    goal = jnp.sqrt(problem.goal(b))
    b_norm = jnp.sqrt(_squared(b))
    # What is iterated is M A x = M b, whose residuals are of the scale of M b.
    inner_goal = jnp.sqrt(_squared(precondition(b))) * jnp.minimum(1.0, goal / b_norm)

    def operator(v):
        return precondition(multiply(v))

    def residual(x):
        return precondition(_sub(b, multiply(x)))

    def going(state):
        _, _, norm, k = state
        return (norm > goal) & (k < maxiter)

    def step(state):
        x, r, norm, k = state
        basis, hessenberg = _krylov(
            operator, r, norm, restart, inner_goal if early else None
        )
        y = _least_squares(hessenberg, norm)
        move = tree.map(
            lambda v: jnp.tensordot(y, v[:-1], 1, precision=_HIGHEST), basis
        )
        x = _add(x, move)
        r = residual(x)
        return x, r, jnp.sqrt(_squared(r)), k + 1

    r = residual(x0)
    return lax.while_loop(going, step, (x0, r, jnp.sqrt(_squared(r)), 0))[0]


def _krylov(operator, r, norm, restart, goal):
    """An orthonormal basis of the Krylov space of r, and the projected operator.

    Arnoldi's process, orthogonalised twice, as Giraud, Langou, Rozložník and van den
    Eshof, "Rounding error analysis of the classical Gram-Schmidt orthogonalization
    process", Numer. Math. 2005, ask for. A vector that is zero after that ends the
    space: it, and all that follow, are zero.

    Args:
      goal: stop where the residual over the space built so far is less; None to go on.

    Returns:
      V, leaves (restart + 1, ...), and H (restart + 1, restart): A V[:-1] = V H.
    """
    eps = jnp.finfo(norm.dtype).eps
    dtype = dtypes.result_type(*tree.leaves(r))
    first = _scale(jnp.where(norm > eps, 1 / norm, 0.0), r)
    basis = tree.map(
        lambda v: jnp.zeros((restart + 1, *v.shape), v.dtype).at[0].set(v), first
    )

    def projections(basis, w):
        parts = tree.map(
            lambda v, x: jnp.tensordot(jnp.conj(v), x, x.ndim, precision=_HIGHEST),
            basis,
            w,
        )
        return sum(tree.leaves(parts))

    def combination(basis, h):
        return tree.map(lambda v: jnp.tensordot(h, v, 1, precision=_HIGHEST), basis)

    def extend(state):
        basis, hessenberg, k, _ = state
        w = operator(tree.map(lambda v: v[k], basis))
        before = jnp.sqrt(_squared(w))
        h = jnp.zeros(restart + 1, dtype)
        for _ in range(2):
            more = projections(basis, w)
            w, h = _sub(w, combination(basis, more)), h + more
        after = jnp.sqrt(_squared(w))
        good = after > eps * before
        h = h.at[k + 1].set(jnp.where(good, after, 0.0).astype(dtype))
        unit = jnp.where(good, 1 / after, 0.0)
        basis = tree.map(
            lambda v, x: v.at[k + 1].set((unit * x).astype(v.dtype)), basis, w
        )
        hessenberg = hessenberg.at[:, k].set(h)
        left = norm
        if goal is not None:
            left = _residual_norm(hessenberg, norm)
        return basis, hessenberg, k + 1, left

    def going(state):
        _, _, k, left = state
        inside = k < restart
        return inside if goal is None else inside & (left > goal)

    hessenberg = jnp.zeros((restart + 1, restart), dtype)
    start = (basis, hessenberg, 0, norm)
    basis, hessenberg, _, _ = lax.while_loop(going, extend, start)
    return basis, hessenberg


def _triangular(hessenberg, norm):
    """The factor R of H = Q R, and Q^H (norm, 0, ...)."""
    q, r = jnp.linalg.qr(hessenberg, mode="complete")
    return r[:-1], jnp.conj(q[0]) * norm


def _residual_norm(hessenberg, norm):
    """min |norm e_1 - H y|: what of e_1 is outside of the columns of H."""
    y = _least_squares(hessenberg, norm)
    first = jnp.zeros_like(hessenberg[:, 0]).at[0].set(norm.astype(hessenberg.dtype))
    rest = first - jnp.dot(hessenberg, y, precision=_HIGHEST)
    return jnp.sqrt(_squared(rest)).astype(norm.dtype)


def _least_squares(hessenberg, norm):
    """y that makes |norm e_1 - H y| least; 0 where a column of H is zero."""
    upper, right = _triangular(hessenberg, norm)
    unused = (hessenberg == 0).all(axis=0)
    upper = upper + jnp.diag(unused.astype(upper.dtype))
    y = lax.linalg.triangular_solve(upper, right[:-1, None], left_side=True)[:, 0]
    return jnp.where(unused, 0, y)
