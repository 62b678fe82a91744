"""Linear algebra of sparse matrices: `lobpcg_standard`, `spsolve`."""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from ... import lax
from ... import numpy as jnp
from ...api import ShapeDtypeStruct, pure_callback
from ...core.literal import aval_of
from .compressed import CSR, rows_from_indptr


def lobpcg_standard(A, X, m=100, tol=None):
    """The largest eigenvalues of a Hermitian matrix, and their vectors.

    Args:
      A: (n, n), dense or sparse, or a function from (n, k) to (n, k).
      X: (n, k), independent columns to start from, with 0 < 5 k < n.
      m: at most as many iterations.
      tol: a pair is good enough when |A v - w v| < tol 10 n (w + |A v|); the precision
        of the type without.

    Returns:
      The eigenvalues (k,), largest first, the vectors (n, k), and the number of
      iterations.

    Source: Knyazev, "Toward the optimal preconditioned eigensolver: locally optimal
    block preconditioned conjugate gradient method", SIAM J. Sci. Comput. 2001; the
    basis is kept orthonormal, as Duersch, Shao, Yang and Gu advise, "A robust and
    efficient implementation of LOBPCG", SIAM J. Sci. Comput. 2018.

    >>> A = jnp.diag(jnp.arange(20.0))
    >>> w, v, _ = lobpcg_standard(A, jnp.eye(20)[:, :2] + 0.1)
    >>> np.round(w, 2)
    Array([19., 18.], dtype=float32)
    """
    X = jnp.asarray(X)
    if X.ndim != 2 or X.dtype.kind not in "fc":
        raise ValueError(
            f"lobpcg_standard: X must be a matrix of floats, got {aval_of(X)}."
        )
    n, k = X.shape
    if not 0 < 5 * k < n:
        raise ValueError(
            f"lobpcg_standard: X must have columns, less than a fifth of its rows, got "
            f"{aval_of(X)}."
        )
    multiply = A if callable(A) else (lambda V: A @ V)
    product = multiply(X)
    if product.shape != X.shape or product.dtype != X.dtype:
        raise ValueError(
            f"lobpcg_standard: A must take X to its shape and type, {aval_of(X)}, got "
            f"{aval_of(product)}."
        )
    eps = jnp.finfo(X.dtype).eps
    tol = eps if tol is None else tol

    def ritz(S, AS):
        """The k largest pairs within the span of orthonormal columns."""
        w, C = jnp.linalg.eigh(jnp.conj(S.T) @ AS)
        return w[::-1][:k], C[:, ::-1][:, :k]

    def residual(w, X, AX):
        R = AX - X * w.astype(X.dtype)
        size = jnp.linalg.norm(R, axis=0)
        scale = 10 * n * (jnp.abs(w) + jnp.linalg.norm(AX, axis=0))
        return R, (size < tol * scale).all()

    def step(state):
        X, _, R, P, _, i = state
        # An orthonormal basis of X, the residuals and the last directions.
        S = jnp.linalg.qr(jnp.concatenate([X, R, P], axis=1))[0]
        AS = multiply_blocks(S)
        w, C = ritz(S, AS)
        new, product = S @ C, AS @ C
        P = new - X @ (jnp.conj(X.T) @ new)
        R, done = residual(w, new, product)
        return new, w, R, P, done, i + 1

    def multiply_blocks(S):
        parts = [multiply(S[:, j : j + k]) for j in range(0, S.shape[1], k)]
        return jnp.concatenate(parts, axis=1)

    X = jnp.linalg.qr(X)[0]
    AX = multiply(X)
    w, C = ritz(X, AX)
    X, AX = X @ C, AX @ C
    R, done = residual(w, X, AX)
    start = (X, w, R, jnp.zeros_like(X), done, 0)
    X, w, _, _, _, i = lax.while_loop(
        lambda state: ~state[4] & (state[5] < m), step, start
    )
    return w, X, i


def spsolve(data, indices, indptr, b, tol=1e-6, reorder=1):
    """Solve A x = b for a sparse matrix in CSR form, by a direct method on the host.

    Differentiable in data and b, in both modes: see `lax.custom_linear_solve`.

    Args:
      data, indices, indptr: the elements (nse,), their columns, and where rows begin
        (n + 1,).
      b: (n,).
      tol, reorder: kept for the sake of JAX; SciPy's solver chooses for itself.

    >>> spsolve(jnp.array([2.0, 4.0]), [0, 1], [0, 1, 2], jnp.ones(2))
    Array([0.5 , 0.25], dtype=float32)
    """
    data, indices, indptr, b = (jnp.asarray(x) for x in (data, indices, indptr, b))
    n = b.shape[0] if b.ndim == 1 else -1
    if n < 0 or indptr.shape != (n + 1,) or data.shape != indices.shape:
        raise ValueError(
            "spsolve: b must be a vector (n,), indptr (n + 1,), data and indices of "
            f"one shape, got {aval_of(b)}, {aval_of(indptr)}, {aval_of(data)} and "
            f"{aval_of(indices)}."
        )
    rows = rows_from_indptr(indptr, data.shape[0])

    def multiply(x):
        return CSR((data, indices, indptr), shape=(n, n)) @ x

    def solver(transposed):
        def solve(_, right):
            return pure_callback(
                _solve_on_host,
                ShapeDtypeStruct(right.shape, right.dtype),
                *((indices, rows) if transposed else (rows, indices)),
                data,
                right,
                vmap_method="sequential",
            )

        return solve

    return lax.custom_linear_solve(multiply, b, solver(False), solver(True))


def _solve_on_host(rows, columns, data, b):
    rows, columns, data, b = (np.asarray(x) for x in (rows, columns, data, b))
    inside = (rows < b.size) & (columns < b.size)
    places = rows[inside], columns[inside]
    matrix = scipy.sparse.csc_matrix((data[inside], places), shape=(b.size, b.size))
    return scipy.sparse.linalg.spsolve(matrix, b).astype(b.dtype)
