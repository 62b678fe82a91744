"""QR decomposition, with and without exchanges of columns."""

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ..elementwise import COMPLEX, select
from ..shape import broadcast_in_dim, broadcasted_iota, full, move_axis
from ..slicing import concatenate
from .calls import (
    arithmetic,
    lapack,
    matrix,
    padded,
    sliced,
    unavailable,
    upper_triangle,
    vector,
)
from .householder import (
    extended,
    factor,
    geqrf_p,
    householder_product_p,
    orthogonal,
    thin_change,
)
from .matrices import (
    check_matrix,
    diagonal,
    half_in_single,
    identity,
    permuted_rows,
    rows,
    strong,
    transposed,
    triu,
)

# qr


@half_in_single
def qr(x, *, pivoting: bool = False, full_matrices: bool = True, use_magma=None):
    """`(q, r)` with x = q @ r, orthonormal columns in q and r upper triangular.

    x: (..., m, n). q is (..., m, m) and r (..., m, n), or (..., m, k) and (..., k, n)
    with k = min(m, n) if not `full_matrices`. With `pivoting` also p, i32 (..., n),
    such that x[..., p] = q @ r. `use_magma` has no effect.

    >>> q, r = qr(np.array([[3., 1.], [4., 2.]]))
    >>> np.allclose(np.abs(r), [[5., 2.2], [0., 0.4]])
    True
    """
    aval = aval_of(x)
    check_matrix("qr", aval)
    *lead, m, n = aval.shape
    if not aval.size:
        k = m if full_matrices else min(m, n)
        q = identity((*lead, m, k), aval.dtype)
        r = full((*lead, k, n), 0, aval.dtype)
        if pivoting:
            return q, r, broadcasted_iota(np.int32, (*lead, n), len(lead))
        return q, r
    return tuple(
        qr_p.bind(x, pivoting=bool(pivoting), full_matrices=bool(full_matrices))
    )


def _qr_abstract(x, *, pivoting, full_matrices):
    check_matrix("qr", x)
    *lead, m, n = x.shape
    k = m if full_matrices else min(m, n)
    q, r = strong((*lead, m, k), x.dtype), strong((*lead, k, n), x.dtype)
    return (q, r, strong((*lead, n), np.int32)) if pivoting else (q, r)


def _qr_jvp(primals, tangents, *, pivoting, full_matrices):
    (x,), (x_dot,) = primals, tangents
    out = qr_p.bind(x, pivoting=pivoting, full_matrices=full_matrices)
    if x_dot is None:
        return out, [None] * len(out)
    m, n = x.shape[-2:]
    if pivoting:
        # The order of the columns is constant where it is unique.
        x, x_dot = _permuted_columns(x, out[2]), _permuted_columns(x_dot, out[2])
    if m > n and full_matrices:
        pair, dots = _complete_change(x, x_dot)
    else:
        pair, dots = out[:2], thin_change(*out[:2], x_dot)
    return (*pair, *out[2:]), (*dots, *[None] * len(out[2:]))


def _permuted_columns(x, order):
    return transposed(permuted_rows(transposed(x), order))


def _complete_change(x, x_dot):
    """All columns of q, the product of reflectors, and r; and their changes."""
    m, n = x.shape[-2:]
    (packed, taus), (packed_dot, taus_dot) = geqrf_p.jvp((x,), (x_dot,))
    wide, wide_dot = (extended(y, 0, m - n) for y in (packed, packed_dot))
    q, q_dot = householder_product_p.jvp((wide, taus), (wide_dot, taus_dot))
    return (q, triu(packed)), (q_dot, triu(packed_dot))


def _qr_batch(size, operands, dims, **params):
    out = qr_p.bind(move_axis(operands[0], dims[0], 0), **params)
    return out, [0] * len(out)


def _qr_lower(hlo, out, x, *, pivoting, full_matrices):
    q_type, r_type = out[:2]
    if pivoting:
        factors, order, taus = _factor_pivoting(hlo, x, out[2])
    else:
        factors, taus = factor(hlo, x)
    m, k = q_type.shape[-2:]
    n = x.shape[-1]
    lead = x.shape[:-2]
    reflectors = sliced(hlo, factors, (*lead, m, min(k, n)))
    q = orthogonal(hlo, padded(hlo, reflectors, q_type.shape), taus)
    r = upper_triangle(hlo, sliced(hlo, factors, r_type.shape))
    return [str(q), str(r), str(order)] if pivoting else [str(q), str(r)]


def _factor_pivoting(hlo, x, order_type):
    *lead, m, n = x.shape
    if hlo.platform != "cpu":
        raise unavailable(hlo, "qr with pivoting")
    free = hlo.value(hlo.constant(np.int32(0), order_type.shape), order_type)
    taus_type = x.aval.update(shape=(*lead, min(m, n)))
    factors, order, taus = lapack(
        hlo,
        "geqp3",
        x.dtype,
        [matrix(x), vector(free)],
        [matrix(x.aval), vector(order_type), vector(taus_type)],
        None,
        [(0, 0), (1, 1)],
    )
    one = hlo.value(hlo.constant(np.int32(1), order.shape), order.aval)
    return factors, arithmetic(hlo, "subtract", order, one), taus


qr_p = Primitive(
    "qr",
    abstract=_qr_abstract,
    jvp=_qr_jvp,
    batch=_qr_batch,
    lower=_qr_lower,
    multiple_results=True,
)


# cholesky_update


def cholesky_update(r_matrix, w_vector):
    """The upper triangular R' with `R'^T R' = R^T R + w w^T`.

    r_matrix: (..., n, n), real and upper triangular; w_vector: (..., n). It is the
    triangular factor of R with the row w below it, whose accuracy does not suffer from
    squares: G. H. Golub and C. F. Van Loan, "Matrix Computations", 2013, section 6.5.

    >>> cholesky_update(np.eye(2), np.zeros(2))
    Array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    r, w = aval_of(r_matrix), aval_of(w_vector)
    check_matrix("cholesky_update", r, square=True)
    if w.shape != r.shape[:-1] or w.dtype != r.dtype:
        raise ValueError(
            "cholesky_update: needs a square matrix and a vector of one size and "
            f"dtype, got {r} and {w}."
        )
    if r.dtype in COMPLEX:
        raise TypeError(
            f"cholesky_update: the matrix must be real, got {r}. Use qr of the matrix "
            "with one row more."
        )
    below = concatenate([triu(r_matrix), rows(w_vector)], r.ndim - 2)
    _, factor = qr(below, full_matrices=False)
    is_negative = diagonal(factor) < 0
    return select(
        broadcast_in_dim(is_negative, r.shape, range(r.ndim - 1)), -factor, factor
    )
