"""Sylvester's equation, which is the derivative of roots and polar factors."""

import numpy as np

from ... import primitives as lax
from ...api import compiled, stop_gradient
from ...control import fori_loop
from ...control.implicit import custom_linear_solve
from ...numpy.arguments import as_array, spread
from ...numpy.promotion import promote_inexact
from ...numpy.selection import where
from ...primitives import linalg as lapack
from ...primitives.linalg import matrices
from ...primitives.linalg.matrices import adjoint, matmul, transposed


@compiled(static_argnames=("method", "tol"))
def solve_sylvester(A, B, C, *, method: str = "schur", tol: float = 1e-8):
    """The solution X of `A @ X + X @ B = C`.

    A: (..., m, m), B: (..., n, n), C: (..., m, n); leading axes broadcast. The result
    is NaN where eigenvalues a of A and b of B have |a + b| < tol. method: "schur" or
    "eigen"; both use the Schur decompositions, of which the derivatives are free.
    R. Bartels and G. Stewart, "Solution of the matrix equation AX + XB = C", Commun.
    ACM 15 (1972).

    >>> eye = np.eye(2)
    >>> solve_sylvester(eye, eye, 4 * eye)
    Array([[2., 0.],
           [0., 2.]], dtype=float32)
    """
    if method not in ("schur", "eigen"):
        raise ValueError(
            f"solve_sylvester: method must be 'schur' or 'eigen', got {method!r}."
        )
    a, b, c = (as_array(x) for x in promote_inexact("solve_sylvester", A, B, C))
    square = all(x.ndim > 1 and x.shape[-1] == x.shape[-2] for x in (a, b))
    if not square or c.ndim < 2 or c.shape[-2:] != (a.shape[-1], b.shape[-1]):
        raise ValueError(
            "solve_sylvester: A must be (..., m, m), B (..., n, n) and C (..., m, n), "
            f"got shapes {tuple(a.shape)}, {tuple(b.shape)} and {tuple(c.shape)}."
        )
    lead = np.broadcast_shapes(*[x.shape[:-2] for x in (a, b, c)])
    a, b, c = (spread(x, (*lead, *x.shape[-2:])) for x in (a, b, c))
    return sylvester(a, b, c, tol)


def sylvester(a, b, c, tol=0.0):
    """The solution x of `a @ x + x @ b = c` for matrices of one batch and dtype."""
    if not c.size:
        return c
    left, right = (_complex_schur(stop_gradient(x)) for x in (a, b))

    def solve(_, c):
        return _by_schur_forms(left, right, c, tol)

    def transpose_solve(_, c):
        # The transposed equation a^T x + x b^T = c is b x^T + x^T a = c^T.
        return transposed(_by_schur_forms(right, left, transposed(c), tol))

    return custom_linear_solve(
        lambda x: matmul(a, x) + matmul(x, b), c, solve, transpose_solve
    )


def _complex_schur(x):
    return lapack.schur(x.astype(matrices.complex_dtype(x.dtype)))


def _by_schur_forms(left, right, c, tol):
    """x for a = u r u^H and b = v s v^H, by columns of y = u^H x v.

    Column k of r y + y s = f is (r + s_kk) y_k = f_k - the sum of y_l s_lk over l < k.
    """
    (r, u), (s, v) = left, right
    dtype = r.dtype
    f = matmul(adjoint(u), matmul(c.astype(dtype), v))
    unit = matrices.identity(r.shape, dtype)

    def step(k, y):
        column = lax.dynamic_slice_in_dim(s, k, 1, axis=s.ndim - 1)
        shift = lax.dynamic_slice_in_dim(column, k, 1, axis=s.ndim - 2)
        known = lax.dynamic_slice_in_dim(f, k, 1, axis=f.ndim - 1)
        y_k = lapack.triangular_solve(
            r + unit * shift, known - matmul(y, column), left_side=True
        )
        return lax.dynamic_update_slice_in_dim(y, y_k, k, axis=y.ndim - 1)

    y = fori_loop(0, s.shape[-1], step, lax.full(f.shape, 0, dtype))
    x = matmul(u, matmul(y, adjoint(v)))
    sums = matrices.columns(matrices.diagonal(r)) + matrices.rows(matrices.diagonal(s))
    least = abs(sums).min(axis=(-2, -1), keepdims=True)
    x = where(least < tol, np.nan, x)
    return matrices.real_part(x).astype(c.dtype) if c.dtype != dtype else x


def lyapunov(p, c):
    """The solution x of `p @ x + x @ p = c` for Hermitian p, least where not unique."""
    v, w = lapack.eigh(stop_gradient(p))
    weights = matrices.reciprocal_or_zero(matrices.columns(w) + matrices.rows(w))
    weights = weights.astype(c.dtype)

    def solve(_, c):
        inner = matmul(adjoint(v), matmul(c, v))
        return matmul(v, matmul(weights * inner, adjoint(v)))

    def transpose_solve(_, c):
        return transposed(solve(_, transposed(c)))

    return custom_linear_solve(
        lambda x: matmul(p, x) + matmul(x, p), c, solve, transpose_solve
    )
