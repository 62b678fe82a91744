"""The polar decomposition by Halley's iteration with dynamical weights."""

import numpy as np

from .. import dtypes
from ..control import while_loop
from ..core.literal import aval_of
from ..primitives.elementwise import convert_element_type, sqrt
from ..primitives.linalg import qr, triangular_solve
from ..primitives.linalg.matrices import (
    adjoint,
    check_matrix,
    hermitian_part,
    identity,
    matmul,
    real_dtype,
)
from ..primitives.shape import full
from ..primitives.slicing import concatenate, slice_in_dim


def qdwh(
    x,
    *,
    is_hermitian: bool = False,
    max_iterations: int | None = None,
    eps: float | None = None,
    dynamic_shape: tuple[int, int] | None = None,
):
    """`(u, h, iterations, converged)` with x = u @ h, the polar decomposition.

    x: (m, n) of full rank, m >= n. u: (m, n), with orthonormal columns; h: (n, n),
    Hermitian and positive definite. It iterates until |x_k - x_(k-1)| is less than
    (4 eps)^(1/3) |x_k|, ten times at most by default. `is_hermitian` has no effect. For
    derivatives use `scipy.linalg.polar`.
    Y. Nakatsukasa, Z. Bai and F. Gygi, "Optimizing Halley's iteration for computing the
    matrix polar decomposition", SIAM J. Matrix Anal. Appl. 31 (2010).

    >>> u, h, _, converged = qdwh(np.array([[0., -2.], [3., 0.]]))
    >>> np.allclose(h, [[3., 0.], [0., 2.]], atol=1e-5), bool(converged)
    (True, True)
    """
    aval = aval_of(x)
    if aval.ndim != 2 or aval.shape[0] < aval.shape[1] or aval.dtype.kind in "biu":
        raise ValueError(
            "qdwh: x must be one matrix (m, n) of floats or complex numbers with "
            f"m >= n, got {aval}. Use polar."
        )
    x = convert_element_type(x, dtypes.canonicalize(aval.dtype))
    check_matrix("qdwh", x.aval)
    if dynamic_shape is not None and tuple(dynamic_shape) != aval.shape:
        raise NotImplementedError(
            f"qdwh: dynamic_shape={dynamic_shape} of a padded matrix is not available. "
            "Slice the matrix."
        )
    if eps is None:
        eps = float(dtypes.finfo(real_dtype(x.dtype)).eps)
    limit = 10 if max_iterations is None else int(max_iterations)
    u, steps, converged = _iterated(x, float(eps), limit)
    # A step of Newton and Schulz removes what rounding has left.
    u = 1.5 * u - 0.5 * matmul(u, matmul(adjoint(u), u))
    return u, hermitian_part(matmul(adjoint(u), x)), steps, converged


def _norm(x):
    return sqrt((abs(x) ** 2).sum())


def _iterated(x, eps, limit):
    """The unitary factor, the number of steps, and whether they were enough.

    Equation (5.4) of the paper: with least singular value at least l and weights
    a, b, c of l, x <- b / c x + (a - b / c) / sqrt(c) q1 q2^H for the factors q1, q2 of
    [sqrt(c) x; 1], which avoids the inverse of 1 + c x^H x.
    """
    m, n = x.shape
    scale = _norm(x)
    real = scale.dtype
    unit = identity((n, n), x.dtype)
    tolerance = (4 * eps) ** (1 / 3)

    def running(carry):
        _, _, step, change = carry
        return (change > tolerance) & (step < limit)

    def step(carry):
        u, bound, count, _ = carry
        a, b, c, bound = _weights(bound)
        stacked = concatenate([sqrt(c).astype(x.dtype) * u, unit], 0)
        q, _ = qr(stacked, full_matrices=False)
        top, bottom = slice_in_dim(q, 0, m, axis=0), slice_in_dim(q, m, m + n, axis=0)
        turned = matmul(top, adjoint(bottom))
        new = (b / c).astype(x.dtype) * u
        new = new + ((a - b / c) / sqrt(c)).astype(x.dtype) * turned
        return new, bound, count + 1, _norm(new - u) / _norm(new)

    first = x / scale.astype(x.dtype)
    # The least singular value is at least 1 / |r^-1|, in the norm of Frobenius.
    _, r = qr(first, full_matrices=False)
    least = 1 / _norm(triangular_solve(r, unit, left_side=True))
    start = (
        first,
        least.clip(float(dtypes.finfo(real).eps), 1.0).astype(real),
        np.int32(0),
        full((), np.inf, real),
    )
    u, _, count, change = while_loop(running, step, start)
    return u, count, change <= tolerance


def _weights(bound):
    """Those of the best step for singular values in [bound, 1], and the next bound."""
    square = bound * bound
    d = (4 * (1 - square) / (square * square)) ** (1 / 3)
    a = sqrt(1 + d) + sqrt(8 - 4 * d + 8 * (2 - square) / (square * sqrt(1 + d))) / 2
    b = (a - 1) ** 2 / 4
    c = a + b - 1
    new = bound * (a + b * square) / (1 + c * square)
    # Rounding must not carry the bound beyond one.
    return a, b, c, new.clip(0.0, 1.0)
