"""Eigenvalues of Hermitian and of general matrices, and the Schur form."""

import enum

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ..elementwise import complex as complex_of
from ..elementwise import imag, real
from ..shape import full, move_axis, reduce_sum
from ..slicing import slice_in_dim
from .calls import (
    custom_call,
    info_of,
    lapack,
    letter,
    matrix,
    poisoned,
    scalar,
    unavailable,
    vector,
)
from .lu import lu
from .matrices import (
    adjoint,
    check_matrix,
    columns,
    complex_dtype,
    diagonal,
    half_in_single,
    hermitian_part,
    matmul,
    real_dtype,
    real_part,
    reciprocal_or_zero,
    rows,
    strong,
)
from .solve import lu_solve

# eigh


class EighImplementation(enum.Enum):
    """Which algorithm computes the eigenvalues of Hermitian matrices."""

    QR = "QR"
    JACOBI = "Jacobi"
    QDWH = "QDWH"


class EigImplementation(enum.Enum):
    """Which library computes the eigenvalues of general matrices."""

    CUSOLVER = "cusolver"
    MAGMA = "magma"
    LAPACK = "lapack"


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
    # V_dot = V (F o P) with F_ij = 1 / (w_j - w_i). Functions of A that do not depend
    # on the choice of eigenvectors have P_ij = 0, or a coefficient that vanishes, where
    # w_i = w_j: F is 0 there.
    (x,), (x_dot,) = primals, tangents
    v, w = eigh_p.bind(x, lower=lower)
    if x_dot is None:
        return (v, w), (None, None)
    p = matmul(adjoint(v), matmul(x_dot, v))
    f = reciprocal_or_zero(rows(w) - columns(w))
    return (v, w), (matmul(v, p * f), real_part(diagonal(p)))


def _eigh_batch(size, operands, dims, **params):
    return eigh_p.bind(move_axis(operands[0], dims[0], 0), **params), [0, 0]


def _eigh_lower(hlo, out, x, *, lower):
    v_type, w_type = out
    operands = [matrix(x)]
    results = [matrix(v_type), vector(w_type), info_of(w_type.shape[:-1])]
    if hlo.platform == "cpu":
        attributes = {"mode": letter("V"), "uplo": letter("L" if lower else "U")}
        v, w, info = lapack(
            hlo, "syevd", x.dtype, operands, results, attributes, [(0, 0)]
        )
    elif hlo.platform == "cuda":
        attributes = {"lower": "true" if lower else "false", "algorithm": "0 : ui8"}
        v, w, info = custom_call(
            hlo, "cusolver_syevd_ffi", operands, results, attributes, [(0, 0)]
        )
    else:
        raise unavailable(hlo, "eigh")
    return [poisoned(hlo, v, info), poisoned(hlo, w, info)]


eigh_p = Primitive(
    "eigh",
    abstract=_eigh_abstract,
    jvp=_eigh_jvp,
    batch=_eigh_batch,
    lower=_eigh_lower,
    multiple_results=True,
)


# eig


@half_in_single
def eig(
    x,
    *,
    compute_left_eigenvectors: bool = True,
    compute_right_eigenvectors: bool = True,
    enable_eigvec_derivs: bool = False,
    implementation: EigImplementation | None = None,
    use_magma=None,
):
    """`[w]`, followed by left and right eigenvectors as asked for; all complex.

    x: (..., n, n). x @ vr = vr * w and vl^H @ x = w * vl^H; the columns of vl and vr
    have norm one and a real component of largest modulus. `use_magma` has no effect.

    >>> eig(np.array([[0., 1.], [-1., 0.]]), compute_left_eigenvectors=False)[0]
    Array([0.+1.j, 0.-1.j], dtype=complex64)
    """
    aval = aval_of(x)
    check_matrix("eig", aval, square=True)
    if implementation not in (None, EigImplementation.LAPACK):
        raise NotImplementedError(
            f"eig: implementation {implementation} is not available. Use None."
        )
    if not aval.size:
        dtype = complex_dtype(aval.dtype)
        count = compute_left_eigenvectors + compute_right_eigenvectors
        vectors = [full(aval.shape, 0, dtype) for _ in range(count)]
        return [full(aval.shape[:-1], 0, dtype), *vectors]
    return list(
        eig_p.bind(
            x,
            left=bool(compute_left_eigenvectors),
            right=bool(compute_right_eigenvectors),
            differentiable=bool(enable_eigvec_derivs),
        )
    )


def _eig_abstract(x, *, left, right, differentiable):
    check_matrix("eig", x, square=True)
    dtype = complex_dtype(x.dtype)
    vectors = strong(x.shape, dtype)
    return (strong(x.shape[:-1], dtype), *[vectors] * (left + right))


def _eig_jvp(primals, tangents, *, left, right, differentiable):
    # With P = V^-1 A_dot V, w_dot = diag P and V_dot = V (F o P + D) with
    # F_ij = 1 / (w_j - w_i), where the diagonal D keeps the columns' norms and phases.
    (x,), (x_dot,) = primals, tangents
    params = {"left": left, "right": right, "differentiable": differentiable}
    if x_dot is None:
        out = eig_p.bind(x, **params)
        return out, [None] * len(out)
    if left or (right and not differentiable):
        raise NotImplementedError(
            "eig: The derivatives of non-symmetric eigenvectors are not supported, "
            "only those of eigenvalues. Use eigvals, or lax.linalg.eig(x, "
            "compute_left_eigenvectors=False, enable_eigvec_derivs=True)."
        )
    # The eigenvectors' own derivative serves the second derivative of eigenvalues.
    w, v = eig_p.bind(x, left=False, right=True, differentiable=True)
    p = lu_solve(v, lu(v), matmul(x_dot.astype(v.dtype), v))
    w_dot = diagonal(p)
    if not right:
        return (w,), (w_dot,)
    free = matmul(v, p * reciprocal_or_zero(rows(w) - columns(w)))
    return (w, v), (w_dot, _normalized_change(v, free))


def _normalized_change(v, v_dot):
    """The change of columns of norm one whose largest component stays real."""
    axis = v.ndim - 2
    modulus = real(v * v.conj())
    top = modulus == modulus.max(axis=axis, keepdims=True)
    first = top & (top.astype(np.int32).cumsum(axis=axis) == 1)
    pick = first.astype(v.dtype)
    largest, largest_dot = (
        reduce_sum(v * pick, (axis,)),
        reduce_sum(v_dot * pick, (axis,)),
    )
    growth = real(reduce_sum(v.conj() * v_dot, (axis,)))
    turn = imag(largest_dot * largest.conj()) / real(largest * largest.conj())
    return v_dot - v * rows(complex_of(growth, turn))


def _eig_batch(size, operands, dims, **params):
    out = eig_p.bind(move_axis(operands[0], dims[0], 0), **params)
    return out, [0] * len(out)


def _eig_lower(hlo, out, x, *, left, right, differentiable):
    if hlo.platform != "cpu":
        raise unavailable(hlo, "eig")
    w_type = out[0]
    vectors = strong(x.shape, w_type.dtype)
    parts = _value_parts(x, w_type)
    *values, vl, vr, info = lapack(
        hlo,
        "geev",
        x.dtype,
        [matrix(x)],
        [*parts, matrix(vectors), matrix(vectors), info_of(w_type.shape[:-1])],
        {
            "compute_left": letter("V" if left else "N"),
            "compute_right": letter("V" if right else "N"),
        },
    )
    results = [_joined(hlo, values, w_type)]
    results += [vl] * left + [vr] * right
    return [poisoned(hlo, y, info) for y in results]


def _value_parts(x, w_type):
    """The results that hold eigenvalues: two real vectors for real matrices."""
    if np.dtype(x.dtype).kind == "c":
        return [vector(w_type)]
    return [vector(w_type.update(dtype=x.dtype))] * 2


def _joined(hlo, values, w_type):
    if len(values) == 1:
        return values[0]
    re, im = values
    text = f"stablehlo.complex {re}, {im} : {w_type.mlir}"
    return hlo.value(hlo.emit(text), w_type)


eig_p = Primitive(
    "eig",
    abstract=_eig_abstract,
    jvp=_eig_jvp,
    batch=_eig_batch,
    lower=_eig_lower,
    multiple_results=True,
)


# schur


@half_in_single
def schur(
    x,
    *,
    compute_schur_vectors: bool = True,
    sort_eig_vals: bool = False,
    select_callable=None,
):
    """`(t, q)` with x = q @ t @ q^H, q unitary and t (quasi) upper triangular.

    x: (..., n, n). For real x, t has blocks of two by two on its diagonal where
    eigenvalues are complex. Without `compute_schur_vectors` the result is `(t,)`.

    >>> schur(np.array([[2., 1.], [0., 3.]]))[0]
    Array([[2., 1.],
           [0., 3.]], dtype=float32)
    """
    aval = aval_of(x)
    check_matrix("schur", aval, square=True)
    if sort_eig_vals or select_callable is not None:
        raise NotImplementedError(
            "schur: sorting of eigenvalues is not available. Leave sort_eig_vals=False."
        )
    if not aval.size:
        empty = full(aval.shape, 0, aval.dtype)
        return (empty, empty) if compute_schur_vectors else (empty,)
    return tuple(schur_p.bind(x, vectors=bool(compute_schur_vectors)))


def _schur_abstract(x, *, vectors):
    check_matrix("schur", x, square=True)
    return (strong(x.shape, x.dtype),) * (1 + vectors)


def _schur_batch(size, operands, dims, **params):
    out = schur_p.bind(move_axis(operands[0], dims[0], 0), **params)
    return out, [0] * len(out)


def _schur_lower(hlo, out, x, *, vectors):
    if hlo.platform != "cpu":
        raise unavailable(hlo, "schur")
    info = info_of(x.shape[:-2])
    values = strong(x.shape[:-1], x.dtype)
    parts = [vector(values)] * (1 if np.dtype(x.dtype).kind == "c" else 2)
    t, z, *_, code = lapack(
        hlo,
        "gees",
        x.dtype,
        [matrix(x)],
        [matrix(x.aval), matrix(x.aval), *parts, scalar(info.value), info],
        {"mode": letter("V" if vectors else "N"), "sort": letter("N")},
        [(0, 0)],
    )
    return [poisoned(hlo, y, code) for y in ((t, z) if vectors else (t,))]


schur_p = Primitive(
    "schur",
    abstract=_schur_abstract,
    batch=_schur_batch,
    lower=_schur_lower,
    multiple_results=True,
)
