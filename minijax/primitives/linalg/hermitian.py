"""Eigenvalues and eigenvectors of Hermitian matrices."""

import enum

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ..shape import full, move_axis
from ..slicing import slice_in_dim
from .calls import hermitian_decomposition
from .matrices import (
    adjoint,
    check_matrix,
    diagonal,
    half_in_single,
    hermitian_part,
    keep,
    matmul,
    real_dtype,
    real_part,
    strong,
)
from .spectra import (
    clusters,
    in_general_position,
    reported,
    separations,
    splitting_basis,
    turned,
    unsplit,
    within_clusters,
)


class EighImplementation(enum.Enum):
    """Which algorithm computes the eigenvalues of Hermitian matrices."""

    QR = "QR"
    JACOBI = "Jacobi"
    QDWH = "QDWH"


@half_in_single
def eigh(
    x,
    *,
    lower: bool = True,
    symmetrize_input: bool = True,
    sort_eigenvalues: bool = True,
    subset_by_index: tuple[int, int] | None = None,
    implementation: EighImplementation | None = None,
):
    """`(v, w)` with x @ v = v * w for Hermitian x: vectors first, then values.

    x: (..., n, n). w: (..., n), real and ascending; v: (..., n, n), whose columns are
    orthonormal.
    The Hermitian part of x is decomposed; with `symmetrize_input=False` only the lower
    (or upper) triangle is read. `subset_by_index=(i, j)` keeps eigenvalues i .. j - 1.

    >>> eigh(np.diag([3., 1.]))[1]
    Array([1., 3.], dtype=float32)
    """
    aval = aval_of(x)
    check_matrix("eigh", aval, square=True)
    n = aval.shape[-1]
    if not aval.size:
        return full(aval.shape, 0, aval.dtype), full(
            aval.shape[:-1], 0, real_dtype(aval.dtype)
        )
    if implementation not in (None, EighImplementation.QR):
        raise NotImplementedError(
            f"eigh: implementation {implementation} is not available. Use None."
        )
    if symmetrize_input:
        x = hermitian_part(x)
    v, w = eigh_p.bind(x, lower=bool(lower))
    if subset_by_index is None:
        return v, w
    start, stop = subset_by_index
    if not 0 <= start < stop <= n:
        raise ValueError(
            f"eigh: subset_by_index must be 0 <= start < stop <= {n}, "
            f"got {subset_by_index}."
        )
    return (
        slice_in_dim(v, start, stop, axis=v.ndim - 1),
        slice_in_dim(w, start, stop, axis=w.ndim - 1),
    )


def _eigh_abstract(x, *, lower):
    check_matrix("eigh", x, square=True)
    return strong(x.shape, x.dtype), strong(x.shape[:-1], real_dtype(x.dtype))


def _eigh_jvp(primals, tangents, *, lower):
    # Giles 2008, section 3.1: with P = V^H A_dot V, w_dot = Re diag P and
    # V_dot = V (F o P) with F_ij = 1 / (w_j - w_i), 0 in a cluster of equal w.
    # There V is the basis in which P is diagonal: J. Dailey, "Eigenvector derivatives
    # with repeated eigenvalues", AIAA J. 27 (1989), whose V_dot has the second order
    # X = P (F o P) over its own gaps, X_ij / (P_jj - P_ii).
    (x,), (x_dot,) = primals, tangents
    v, w = eigh_p.bind(x, lower=lower)
    if x_dot is None:
        return (v, w), (None, None)
    same, crowded = clusters(w)
    p = matmul(adjoint(v), matmul(x_dot, v))
    q = splitting_basis(p, same, crowded)
    v, w = matmul(v, q), turned(w, q, same)
    p = matmul(adjoint(q), matmul(p, q))
    w_dot = real_part(diagonal(p))
    k = p * separations(w, same)
    second = hermitian_part(matmul(keep(p, ~same), k))
    k = k + within_clusters(second, w_dot, same) + unsplit(p, same)
    return (v, w), (matmul(v, k), w_dot)


def _eigh_linearize(trace, primals, tangents, *, lower):
    (x,), (x_dot,) = primals, tangents
    v, w = eigh_p.bind(x, lower=lower)
    same, _ = clusters(w)
    v = in_general_position(v, same)
    p = matmul(adjoint(v), matmul(x_dot, v))
    k = p * separations(w, same)
    (v_dot,), w_dot = reported([matmul(v, k)], [v], real_part(diagonal(p)), same)
    return (v, w), (v_dot, w_dot)


def _eigh_batch(size, operands, dims, **params):
    return eigh_p.bind(move_axis(operands[0], dims[0], 0), **params), [0, 0]


def _eigh_lower(hlo, out, x, *, lower):
    return [str(y) for y in hermitian_decomposition(hlo, "eigh", x, lower)]


eigh_p = Primitive(
    "eigh",
    abstract=_eigh_abstract,
    jvp=_eigh_jvp,
    linearize=_eigh_linearize,
    batch=_eigh_batch,
    lower=_eigh_lower,
    multiple_results=True,
)
