"""Eigenvalues and eigenvectors of general matrices, and the Schur form."""

import enum

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ..elementwise import complex as complex_of
from ..elementwise import conj, imag, real, select, sqrt, stop_gradient
from ..shape import (
    broadcast_in_dim,
    broadcasted_iota,
    full,
    move_axis,
    reduce_sum,
    reshape,
)
from ..slicing import pad, slice_in_dim
from .calls import (
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
    identity,
    is_complex,
    keep,
    matmul,
    reciprocal_or_zero,
    rows,
    strong,
    transposed,
    tril,
    triu,
)
from .solve import lu_solve
from .triangular import triangular_solve


class EigImplementation(enum.Enum):
    """Which library computes the eigenvalues of general matrices."""

    CUSOLVER = "cusolver"
    MAGMA = "magma"
    LAPACK = "lapack"


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
    have norm one and a real component of largest modulus, which their derivatives keep.
    `enable_eigvec_derivs` and `use_magma` have no effect.

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
        )
    )


def _eig_abstract(x, *, left, right):
    check_matrix("eig", x, square=True)
    dtype = complex_dtype(x.dtype)
    vectors = strong(x.shape, dtype)
    return (strong(x.shape[:-1], dtype), *[vectors] * (left + right))


def _eig_jvp(primals, tangents, *, left, right):
    # With P = V^-1 A_dot V, w_dot = diag P and V_dot = V (F o P + D) with
    # F_ij = 1 / (w_j - w_i), where the diagonal D keeps the columns' norms and phases.
    (x,), (x_dot,) = primals, tangents
    if x_dot is None:
        out = eig_p.bind(x, left=left, right=right)
        return out, [None] * len(out)
    # The eigenvectors' own derivative serves the second derivative of eigenvalues.
    w, *given, v = eig_p.bind(x, left=left, right=True)
    x_dot = x_dot.astype(v.dtype)
    w_dot, v_dot = _eigenvector_change(x_dot, w, v)
    outs, dots = [w], [w_dot]
    if left:
        # Left eigenvectors are right ones of A^H, whose eigenvalues are conjugate.
        (vl,) = given
        outs.append(vl)
        dots.append(_eigenvector_change(adjoint(x_dot), conj(w), vl)[1])
    if right:
        outs.append(v)
        dots.append(v_dot)
    return outs, dots


def _eigenvector_change(x_dot, w, v):
    """The changes of eigenvalues and of right eigenvectors."""
    p = lu_solve(v, lu(stop_gradient(v)), matmul(x_dot, v))
    free = matmul(v, p * reciprocal_or_zero(rows(w) - columns(w)))
    return diagonal(p), _normalized_change(v, free)


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


def _eig_lower(hlo, out, x, *, left, right):
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
    """`[t, q]` with x = q @ t @ q^H, q unitary and t (quasi) upper triangular.

    x: (..., n, n). For real x, t has blocks of two by two on its diagonal where
    eigenvalues are complex. Without `compute_schur_vectors` the result is `[t]`.

    >>> schur(np.array([[2., 1.], [0., 3.]]))[0]
    Array([[2., 1.],
           [0., 3.]], dtype=float32)
    """
    aval = aval_of(x)
    check_matrix("schur", aval, square=True)
    if sort_eig_vals:
        raise NotImplementedError(
            "schur: sorting of eigenvalues is not available. Leave sort_eig_vals=False."
        )
    if not aval.size:
        empty = full(aval.shape, 0, aval.dtype)
        return [empty, empty] if compute_schur_vectors else [empty]
    return list(schur_p.bind(x, vectors=bool(compute_schur_vectors)))


def _schur_abstract(x, *, vectors):
    check_matrix("schur", x, square=True)
    return (strong(x.shape, x.dtype),) * (1 + vectors)


# With Omega = Q^H Q_dot, which is skew, and M = Q^H A_dot Q, T_dot = M + T Omega -
# Omega T is zero below the diagonal (or the blocks). That fixes Omega there: the
# leading Schur vectors span what eigenvectors X of T span, which change by X F with
# F_ij = (X^-1 M X)_ij / (w_j - w_i), so Omega is X F X^-1 below the diagonal. Within a
# block (a b; c a) of complex eigenvalues it keeps the diagonal's elements equal. The
# phases of complex vectors are held.


def _schur_jvp(primals, tangents, *, vectors):
    (x,), (x_dot,) = primals, tangents
    if x_dot is None:
        out = schur_p.bind(x, vectors=vectors)
        return out, [None] * len(out)
    t, q = schur_p.bind(x, vectors=True)
    m = matmul(adjoint(q), matmul(x_dot, q))
    lower = _below_blocks(t, m)
    omega = lower - adjoint(lower)
    if not is_complex(t):
        omega = omega + _within_blocks(t, m + matmul(t, omega) - matmul(omega, t))
    change = m + matmul(t, omega) - matmul(omega, t)
    t_dot = keep(change, _on_or_above_blocks(t))
    if not vectors:
        return (t,), (t_dot,)
    return (t, q), (t_dot, matmul(q, omega))


def _block_starts(t):
    """Whether row i and the next are a block, (..., n); the last is not."""
    n = t.shape[-1]
    below = slice_in_dim(t, 1, n, axis=t.ndim - 2)
    below = slice_in_dim(below, 0, n - 1, axis=t.ndim - 1)
    starts = diagonal(below) != 0
    return pad(starts, np.bool_(False), [*[(0, 0, 0)] * (t.ndim - 2), (0, 1, 0)])


def _on_or_above_blocks(t):
    """Where a quasi-triangular matrix may have elements."""
    upper = triu(full(t.shape, 1, np.int32)) == 1
    if is_complex(t):
        return upper
    first = full(t.shape, 1, np.int32)
    subdiagonal = (tril(first, -1) == 1) & (triu(first, -1) == 1)
    return upper | (subdiagonal & rows(_block_starts(t)))


def _below_blocks(t, m):
    """X F X^-1 where t has no elements."""
    turn = _block_rotation(t)
    w, x = _triangular_eigenvectors(
        matmul(adjoint(turn), matmul(t.astype(turn.dtype), turn))
    )
    m_turned = matmul(adjoint(turn), matmul(m.astype(turn.dtype), turn))
    inner = triangular_solve(x, matmul(m_turned, x), left_side=True, unit_diagonal=True)
    inner = matmul(x, inner * reciprocal_or_zero(rows(w) - columns(w)))
    out = matmul(
        turn, matmul(triangular_solve(x, inner, unit_diagonal=True), adjoint(turn))
    )
    return keep(out if is_complex(t) else real(out), ~_on_or_above_blocks(t))


def _block_rotation(t):
    """The unitary matrix that makes each block (a b; c a) triangular.

    Its first column there is the eigenvector (b, i mu), mu = sqrt(-b c).
    """
    dtype = complex_dtype(t.dtype)
    if is_complex(t):
        return identity(t.shape, dtype)
    n = t.shape[-1]
    starts = _block_starts(t)
    right = [*[(0, 0, 0)] * (t.ndim - 2), (0, 1, 0)]

    def next_to(k):
        rows_from, columns_from = (0, 1) if k == 1 else (1, 0)
        part = slice_in_dim(t, rows_from, n - columns_from, axis=t.ndim - 2)
        part = slice_in_dim(part, columns_from, n - rows_from, axis=t.ndim - 1)
        return pad(diagonal(part), np.zeros((), t.dtype), right)

    one = full(starts.shape, 1, t.dtype)
    b = select(starts, next_to(1), one)
    square = select(starts, -next_to(1) * next_to(-1), 0 * one)
    mu = select(starts, sqrt(select(starts, square, one)), 0 * one)
    size = sqrt(b * b + mu * mu)
    cosine, sine = b / size, mu / size
    # A block has the same cosine in both of its rows, and the sine beside them.
    left = [*[(0, 0, 0)] * (t.ndim - 2), (1, -1, 0)]
    second = pad(starts, np.bool_(False), left)
    cosine = select(second, pad(cosine, np.ones((), t.dtype), left), cosine)
    first = full(t.shape, 1, np.int32)
    below = (tril(first, -1) == 1) & (triu(first, -1) == 1)
    beside = keep(rows(sine) + full(t.shape, 0, t.dtype), below)
    beside = beside + transposed(beside)
    middle = identity(t.shape, t.dtype) * columns(cosine)
    return complex_of(middle, beside)


def _triangular_eigenvectors(t):
    """Eigenvalues of upper triangular t and its eigenvectors, with unit diagonal.

    Column j solves (t_<j - t_jj) x = -t_j above the diagonal: n systems at once.
    """
    n = t.shape[-1]
    w = diagonal(t)
    lead = t.shape[:-2]
    stack = (*lead, n, n, n)  # j, then the rows and columns of its system
    whole = broadcast_in_dim(
        t, stack, (*range(len(lead)), len(lead) + 1, len(lead) + 2)
    )
    j, row, column = (
        broadcasted_iota(np.int32, stack, len(lead) + k) for k in range(3)
    )
    shift = broadcast_in_dim(w, stack, (*range(len(lead)), len(lead)))
    unit = identity(stack, t.dtype)
    inside = (row < j) & (column < j)
    system = keep(whole - shift * unit, inside)
    # Equal eigenvalues, and the rows that are not part of the system.
    system = system + keep(unit, (system == 0) & (row == column))
    right = broadcast_in_dim(
        transposed(triu(t, 1)), (*lead, n, n, 1), tuple(range(len(lead) + 2))
    )
    x = triangular_solve(system, -right, left_side=True)
    x = transposed(reshape(x, (*lead, n, n)))
    return w, triu(x, 1) + identity(t.shape, t.dtype)


def _within_blocks(t, change):
    """The turn within each block (a b; c a) that keeps its diagonal's elements equal.

    With (0 -y; y 0) the difference of these elements changes by 2 y (b + c).
    """
    n = t.shape[-1]
    starts = _block_starts(t)
    right = [*[(0, 0, 0)] * (t.ndim - 2), (0, 1, 0)]

    def shifted(x):
        return pad(x, np.zeros((), t.dtype), right)

    axis = t.ndim - 2
    entries = diagonal(change)
    difference = entries - shifted(slice_in_dim(entries, 1, n, axis=axis))
    both = t + transposed(t)
    beside = slice_in_dim(both, 1, n, axis=axis)
    beside = shifted(diagonal(slice_in_dim(beside, 0, n - 1, axis=axis + 1)))
    sums = select(starts, 2 * beside, full(beside.shape, 1, t.dtype))
    turn = select(starts, -difference / sums, full(beside.shape, 0, t.dtype))
    first = full(t.shape, 1, np.int32)
    below = (tril(first, -1) == 1) & (triu(first, -1) == 1)
    lower = keep(rows(turn) + full(t.shape, 0, t.dtype), below)
    return lower - transposed(lower)


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
    jvp=_schur_jvp,
    batch=_schur_batch,
    lower=_schur_lower,
    multiple_results=True,
)
