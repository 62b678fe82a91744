"""Singular value decomposition."""

import enum
from typing import Any, NamedTuple

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ..shape import full, move_axis
from ..slicing import concatenate, slice_in_dim
from .calls import info_of, lapack, letter, matrix, poisoned, unavailable, vector
from .matrices import (
    adjoint,
    check_matrix,
    columns,
    diagonal,
    half_in_single,
    hermitian_part,
    identity,
    is_complex,
    keep,
    matmul,
    on_diagonal,
    real_dtype,
    real_part,
    reciprocal_or_zero,
    rows,
    strong,
)
from .spectra import (
    clusters,
    in_general_position,
    largest,
    reported,
    rounding,
    separations,
    splitting_basis,
    turned,
    unsplit,
    within_clusters,
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


# M. Giles, "Collected matrix derivative results for forward and reverse mode
# algorithmic differentiation", 2008, section 3.3; J. Townsend, "Differentiating the
# singular value decomposition", 2016.
# With P = U^H A_dot V = H + K, H Hermitian and K skew:
#   s_dot = Re diag P
#   U_dot = U (H_ij / (s_j - s_i) + K_ij / (s_j + s_i)) + (1 - U U^H) A_dot V S^-1
#   V_dot = V (H_ij / (s_j - s_i) - K_ij / (s_j + s_i)) + (1 - V V^H) A_dot^H U S^-1
# Singular values are eigenvalues of [[0, A], [A^H, 0]], on whose eigenvectors
# (u, v) / sqrt 2 H acts: clusters of them are treated as `spectra` says.


class _Change(NamedTuple):
    """What is known of a decomposition that moves along x_dot."""

    u: Any
    s: Any
    v: Any
    same: Any
    h: Any  # the Hermitian part of U^H x_dot V
    k: Any  # the skew part
    beyond_u: Any  # (1 - U U^H) x_dot V, None if u is square
    beyond_v: Any


def _change(x_dot, u, s, v, same):
    x_v = matmul(x_dot, v)
    p = matmul(adjoint(u), x_v)
    m, n = x_dot.shape[-2:]
    return _Change(
        u,
        s,
        v,
        same,
        (p + adjoint(p)) / 2,
        (p - adjoint(p)) / 2,
        x_v - matmul(u, p) if m > n else None,
        matmul(adjoint(x_dot), u) - matmul(v, adjoint(p)) if n > m else None,
    )


def _inverses(s):
    """1 / s and 1 / (s_i + s_j), and 0 where the singular values are."""
    tiny = rounding(s) * largest(s, 1)
    zero = s <= tiny
    inverse = reciprocal_or_zero(keep(s, ~zero))
    sums = columns(s) + rows(s)
    return inverse, reciprocal_or_zero(keep(sums, ~(columns(zero) & rows(zero))))


def _tangents(c, turning):
    """u_dot and v_dot, when the pairs of vectors turn by the skew matrix `turning`."""
    inverse, sums = _inverses(c.s)
    apart = c.k * sums
    u_dot = matmul(c.u, turning + apart)
    v_dot = matmul(c.v, turning - apart)
    if is_complex(c.k):
        # The phases are free; all of their change is given to U.
        phases = on_diagonal(apart)
        u_dot = u_dot + matmul(c.u, phases)
        v_dot = v_dot + matmul(c.v, phases)
    if c.beyond_u is not None:
        u_dot = u_dot + c.beyond_u * rows(inverse)
    if c.beyond_v is not None:
        v_dot = v_dot + c.beyond_v * rows(inverse)
    return u_dot, v_dot


def _svd_jvp(primals, tangents, **params):
    (x,), (x_dot,) = primals, tangents
    if x_dot is None:
        out = svd_p.bind(x, **params)
        return out, [None] * len(out)
    u, s, v = _vectors(x, params)
    (u, u_rest), (v, v_rest) = _parted(u, s), _parted(v, s)
    same, crowded = clusters(s)
    q = splitting_basis(_change(x_dot, u, s, v, same).h, same, crowded)
    c = _change(x_dot, matmul(u, q), turned(s, q, same), matmul(v, q), same)
    s_dot = real_part(diagonal(c.h))
    if not params["compute_uv"]:
        return (c.s,), (s_dot,)
    turning = c.h * separations(c.s, same)
    turning = turning + within_clusters(_second_order(c, turning), s_dot, same)
    u_dot, v_dot = _tangents(c, turning + unsplit(c.h, same))
    u, u_dot = _with_complement(c.u, u_dot, u_rest)
    v, v_dot = _with_complement(c.v, v_dot, v_rest)
    return (c.s, u, adjoint(v)), (s_dot, u_dot, adjoint(v_dot))


def _svd_linearize(trace, primals, tangents, **params):
    (x,), (x_dot,) = primals, tangents
    u, s, v = _vectors(x, params)
    (u, u_rest), (v, v_rest) = _parted(u, s), _parted(v, s)
    same, _ = clusters(s)
    if params["compute_uv"]:
        u, v = in_general_position(u, same), in_general_position(v, same)
    c = _change(x_dot, u, s, v, same)
    s_dot = real_part(diagonal(c.h))
    if not params["compute_uv"]:
        return (s,), (s_dot,)
    dots = _tangents(c, c.h * separations(s, same))
    (u_dot, v_dot), s_dot = reported(dots, [u, v], s_dot, same)
    u, u_dot = _with_complement(u, u_dot, u_rest, report=True)
    v, v_dot = _with_complement(v, v_dot, v_rest, report=True)
    return (s, u, adjoint(v)), (s_dot, u_dot, adjoint(v_dot))


def _vectors(x, params):
    """u, s and v; without complements where nobody asked for vectors."""
    full = params["full_matrices"] and params["compute_uv"]
    params = {**params, "full_matrices": full, "compute_uv": True}
    s, u, vh = svd_p.bind(x, **params)
    return u, s, adjoint(vh)


def _parted(u, s):
    """The vectors that belong to singular values, and the others, None if none."""
    k, m = s.shape[-1], u.shape[-1]
    if m == k:
        return u, None
    axis = u.ndim - 1
    return slice_in_dim(u, 0, k, axis=axis), slice_in_dim(u, k, m, axis=axis)


def _with_complement(u, u_dot, rest, report=False):
    """All vectors and their change; that of `rest`, whose basis is free, is least.

    rest_dot = -u u_dot^H rest keeps the whole orthogonal.
    """
    if rest is None:
        return u, u_dot
    if report:
        free = full((*rest.shape[:-2], *rest.shape[-1:] * 2), True, np.dtype(bool))
        rest = in_general_position(rest, free)
    rest_dot = -matmul(u, matmul(adjoint(u_dot), rest))
    if report:
        none = full(rest_dot.shape[:-2] + rest_dot.shape[-1:], 0, real_dtype(u.dtype))
        (rest_dot,), _ = reported([rest_dot], [rest], none, free)
    axis = u.ndim - 1
    return concatenate([u, rest], axis), concatenate([u_dot, rest_dot], axis)


def _second_order(c, turning):
    """The second-order change of the matrix [[0, A], [A^H, 0]] within clusters."""
    inverse, sums = _inverses(c.s)
    out = matmul(keep(c.h, ~c.same), turning) - matmul(c.k, c.k * sums)
    for beyond in (c.beyond_u, c.beyond_v):
        if beyond is not None:
            out = out + matmul(adjoint(beyond), beyond) * rows(inverse) / 2
    return hermitian_part(out)


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
    linearize=_svd_linearize,
    batch=_svd_batch,
    lower=_svd_lower,
    multiple_results=True,
)
