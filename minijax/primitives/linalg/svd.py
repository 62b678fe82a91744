"""Singular value decomposition."""

import enum

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ..shape import full, move_axis
from ..slicing import slice_in_dim
from .calls import info_of, lapack, letter, matrix, poisoned, unavailable, vector
from .matrices import (
    adjoint,
    check_matrix,
    columns,
    diagonal,
    half_in_single,
    identity,
    is_complex,
    matmul,
    on_diagonal,
    real_dtype,
    real_part,
    reciprocal_or_zero,
    rows,
    strong,
)


class SvdAlgorithm(enum.Enum):
    """Which algorithm computes singular values."""

    DEFAULT = "default"
    QR = "QR"
    JACOBI = "Jacobi"
    POLAR = "polar"
    DIVIDE_AND_CONQUER = "divide_and_conquer"


_ROUTINES = {
    SvdAlgorithm.DEFAULT: "gesdd",
    SvdAlgorithm.DIVIDE_AND_CONQUER: "gesdd",
    SvdAlgorithm.QR: "gesvd",
}


@half_in_single
def svd(
    x,
    *,
    full_matrices: bool = True,
    compute_uv: bool = True,
    subset_by_index: tuple[int, int] | None = None,
    algorithm: SvdAlgorithm | None = None,
):
    """`(u, s, vh)` with x = u @ diag(s) @ vh, or s alone unless `compute_uv`.

    x: (..., m, n). s: (..., k), k = min(m, n), descending. u is (..., m, m) and vh
    (..., n, n), or (..., m, k) and (..., k, n) if not `full_matrices`.
    `subset_by_index=(i, j)` keeps singular values i .. j - 1.

    >>> svd(np.diag([3., 2.]), compute_uv=False)
    Array([3., 2.], dtype=float32)
    """
    aval = aval_of(x)
    check_matrix("svd", aval)
    *lead, m, n = aval.shape
    k = min(m, n)
    if subset_by_index is not None and tuple(subset_by_index) != (0, k):
        return _subset(x, subset_by_index, full_matrices, compute_uv, algorithm)
    if not aval.size:
        s = full((*lead, k), 0, real_dtype(aval.dtype))
        if not compute_uv:
            return s
        u = identity((*lead, m, m if full_matrices else k), aval.dtype)
        vh = identity((*lead, n if full_matrices else k, n), aval.dtype)
        return u, s, vh
    s, *factors = svd_p.bind(
        x,
        full_matrices=bool(full_matrices),
        compute_uv=bool(compute_uv),
        algorithm=SvdAlgorithm.DEFAULT if algorithm is None else algorithm,
    )
    return (factors[0], s, factors[1]) if compute_uv else s


def _subset(x, subset, full_matrices, compute_uv, algorithm):
    start, stop = subset
    k = min(aval_of(x).shape[-2:])
    if not 0 <= start < stop <= k:
        raise ValueError(
            f"svd: subset_by_index must be 0 <= start < stop <= {k}, got {subset}."
        )
    if full_matrices and compute_uv:
        raise ValueError("svd: full_matrices and subset_by_index cannot both be set.")
    if not compute_uv:
        s = svd(x, full_matrices=False, compute_uv=False, algorithm=algorithm)
        return slice_in_dim(s, start, stop, axis=s.ndim - 1)
    u, s, vh = svd(x, full_matrices=False, algorithm=algorithm)
    return (
        slice_in_dim(u, start, stop, axis=u.ndim - 1),
        slice_in_dim(s, start, stop, axis=s.ndim - 1),
        slice_in_dim(vh, start, stop, axis=vh.ndim - 2),
    )


def _svd_abstract(x, *, full_matrices, compute_uv, algorithm):
    check_matrix("svd", x)
    *lead, m, n = x.shape
    k = min(m, n)
    s = strong((*lead, k), real_dtype(x.dtype))
    if not compute_uv:
        return (s,)
    u = strong((*lead, m, m if full_matrices else k), x.dtype)
    vh = strong((*lead, n if full_matrices else k, n), x.dtype)
    return s, u, vh


def _svd_jvp(primals, tangents, *, full_matrices, compute_uv, algorithm):
    # M. Giles, "Collected matrix derivative results for forward and reverse mode
    # algorithmic differentiation", 2008, section 3.3; J. Townsend, "Differentiating the
    # singular value decomposition", 2016. With P = U^H A_dot V:
    #   s_dot = Re diag P
    #   U_dot = U (F o (P S + S P^H)) + (1 - U U^H) A_dot V S^-1
    #   V_dot = V (F o (S P + P^H S)) + (1 - V V^H) A_dot^H U S^-1
    # where F_ij = 1 / (s_j^2 - s_i^2). Functions of A that do not depend on the choice
    # of singular vectors have F's coefficient vanish where s_i = s_j: F is 0 there.
    (x,), (x_dot,) = primals, tangents
    m, n = aval_of(x).shape[-2:]
    if x_dot is not None and compute_uv and full_matrices and m != n:
        raise NotImplementedError(
            f"svd: no derivative of the complete factors of {m} x {n} matrices: some "
            "columns are not unique. Use full_matrices=False."
        )
    if x_dot is None:
        params = {
            "full_matrices": full_matrices,
            "compute_uv": compute_uv,
            "algorithm": algorithm,
        }
        out = svd_p.bind(x, **params)
        return out, [None] * len(out)
    u, s, vh = svd(x, full_matrices=False, algorithm=algorithm)
    v = adjoint(vh)
    x_v = matmul(x_dot, v)
    p = matmul(adjoint(u), x_v)
    s_dot = real_part(diagonal(p))
    if not compute_uv:
        return (s,), (s_dot,)
    f = reciprocal_or_zero((rows(s) - columns(s)) * (rows(s) + columns(s)))
    s_inverse = reciprocal_or_zero(s)
    ps, sp = p * rows(s), columns(s) * p
    u_inner = (ps + adjoint(ps)) * f
    if is_complex(p):
        # The phases are free; all of their change is given to U.
        u_inner = (
            u_inner + (on_diagonal(p) - adjoint(on_diagonal(p))) * rows(s_inverse) / 2
        )
    u_dot = matmul(u, u_inner)
    v_dot = matmul(v, (sp + adjoint(sp)) * f)
    if m > n:
        u_dot = u_dot + (x_v - matmul(u, p)) * rows(s_inverse)
    if n > m:
        change = matmul(adjoint(x_dot), u) - matmul(v, adjoint(p))
        v_dot = v_dot + change * rows(s_inverse)
    return (s, u, vh), (s_dot, u_dot, adjoint(v_dot))


def _svd_batch(size, operands, dims, **params):
    out = svd_p.bind(move_axis(operands[0], dims[0], 0), **params)
    return out, [0] * len(out)


def _svd_lower(hlo, out, x, *, full_matrices, compute_uv, algorithm):
    if hlo.platform != "cpu" or algorithm not in _ROUTINES:
        what = "svd" if algorithm in _ROUTINES else f"svd with {algorithm}"
        raise unavailable(hlo, what)
    *lead, m, n = x.shape
    k = min(m, n)
    if compute_uv:
        s_type, u_type, vh_type = out
    else:  # the routine has these results all the same, and leaves them alone
        (s_type,) = out
        u_type = x.aval.update(shape=(*lead, m, k))
        vh_type = x.aval.update(shape=(*lead, k, n))
    mode = ("A" if full_matrices else "S") if compute_uv else "N"
    _, s, u, vh, info = lapack(
        hlo,
        _ROUTINES[algorithm],
        x.dtype,
        [matrix(x)],
        [
            matrix(x.aval),
            vector(s_type),
            matrix(u_type),
            matrix(vh_type),
            info_of(lead),
        ],
        {"mode": letter(mode)},
        [(0, 0)],
    )
    results = (s, u, vh) if compute_uv else (s,)
    return [poisoned(hlo, y, info) for y in results]


svd_p = Primitive(
    "svd",
    abstract=_svd_abstract,
    jvp=_svd_jvp,
    batch=_svd_batch,
    lower=_svd_lower,
    multiple_results=True,
)
