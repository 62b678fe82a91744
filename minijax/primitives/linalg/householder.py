"""Householder reflectors, and the orthogonal matrices they make."""

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ...core.rules import add_tangents, is_linear
from ..elementwise import conj
from ..shape import broadcasted_iota, full, move_axis, move_batch
from ..slicing import concatenate, pad, slice_in_dim
from .calls import (
    custom_call,
    flag,
    lapack,
    matrix,
    unavailable,
    vector,
)
from .matrices import (
    adjoint,
    check_matrix,
    columns,
    diagonal,
    half_in_single,
    identity,
    is_complex,
    keep,
    matmul,
    on_diagonal,
    rows,
    strong,
    tril,
    triu,
)
from .triangular import triangular_solve

# geqrf and householder_product


@half_in_single
def geqrf(a):
    """`(a, taus)`: R in the upper triangle of a, and Householder vectors below it.

    a: (..., m, n). Reflector k is `1 - taus[k] * v @ v^H` where v has zeros, a one in
    row k, and a[k+1:, k].
    """
    return tuple(geqrf_p.bind(a))


def _geqrf_abstract(a):
    check_matrix("geqrf", a)
    *lead, m, n = a.shape
    return strong(a.shape, a.dtype), strong((*lead, min(m, n)), a.dtype)


def _geqrf_jvp(primals, tangents):
    # A = Q [R; 0], and the first k columns Q1 of Q are E - V U, V the reflectors, unit
    # lower trapezoidal, and U upper triangular with the taus on its diagonal: G.
    # Ballard et al., "Reconstructing Householder vectors from tall-skinny QR", 2014. So
    # V_dot U + V U_dot = -Q1_dot, of which the square top gives
    #   V1_dot = V1 tril(X, -1), X = V1^-1 (-Q1_dot)_1 U^-1
    (a,), (a_dot,) = primals, tangents
    packed, taus = geqrf_p.bind(a)
    if a_dot is None:
        return (packed, taus), (None, None)
    m, n = a.shape[-2:]
    k = min(m, n)
    v = _reflectors(packed, k)
    q = matmul(v, _triangular_factor(v, taus))
    q = identity(v.shape, v.dtype) - matmul(q, adjoint(_top(v, k)))
    q_dot, r_dot = thin_change(q, triu(_top(packed, k)), a_dot)
    v_dot, taus_dot = _reflector_change(v, taus, q_dot)
    packed_dot = extended(r_dot, m - k, 0) + extended(v_dot, 0, n - k)
    return (packed, taus), (packed_dot, taus_dot)


def extended(x, below, right):
    """Matrices with zeros below and on the right."""
    edges = [(0, 0, 0)] * (x.ndim - 2) + [(0, below, 0), (0, right, 0)]
    return pad(x, np.zeros((), x.dtype), edges)


def _reflector_change(v, taus, q_dot):
    """The changes of reflectors v and taus when the columns they make change."""
    m, k = v.shape[-2:]
    top = _top(v, k)
    upper = matmul(_triangular_factor(v, taus), adjoint(top))
    # The last tau of a square matrix is zero; column k of v has no free element then.
    zero = (diagonal(upper) == 0).astype(upper.dtype)
    safe = upper + identity(upper.shape, upper.dtype) * rows(zero)
    left = triangular_solve(
        top, -_top(q_dot, k), left_side=True, lower=True, unit_diagonal=True
    )
    strict = tril(triangular_solve(safe, left), -1)
    upper_dot = triu(left - matmul(strict, upper))
    rest = triangular_solve(safe, -q_dot - matmul(v, upper_dot))
    below = broadcasted_iota(np.int32, v.shape, v.ndim - 2) >= k
    v_dot = keep(rest, below) + extended(matmul(top, strict), m - k, 0)
    return v_dot, diagonal(upper_dot)


def _top(x, k):
    """The first k rows."""
    return slice_in_dim(x, 0, k, axis=x.ndim - 2)


def _reflectors(packed, k):
    """The Householder vectors below the diagonal, as k columns with ones on it."""
    left = slice_in_dim(packed, 0, k, axis=packed.ndim - 1)
    return tril(left, -1) + identity(left.shape, left.dtype)


def _triangular_factor(v, taus):
    """The upper triangular t with 1 - v t v^H the product of the reflectors.

    t^-1 has the strict upper triangle of v^H v, and 1 / taus on its diagonal: C.
    Puglisi, "Modification of the Householder method based on the compact WY
    representation", SIAM J. Sci. Stat. Comput. 13 (1992).
    """
    inner = columns(taus) * triu(matmul(adjoint(v), v), 1)
    unit = identity(inner.shape, inner.dtype)
    return triangular_solve(
        inner + unit, unit * columns(taus), left_side=True, unit_diagonal=True
    )


def _geqrf_batch(size, operands, dims):
    return geqrf_p.bind(move_axis(operands[0], dims[0], 0)), [0, 0]


def _geqrf_lower(hlo, out, a):
    return [str(x) for x in factor(hlo, a)]


def factor(hlo, a):
    """Write a call of geqrf; returns the packed factors and taus."""
    *lead, m, n = a.shape
    results = [matrix(a.aval), vector(a.aval.update(shape=(*lead, min(m, n))))]
    if hlo.platform == "cpu":
        return lapack(hlo, "geqrf", a.dtype, [matrix(a)], results, None, [(0, 0)])
    if hlo.platform == "cuda":
        target = "cusolver_geqrf_ffi"
        return custom_call(hlo, target, [matrix(a)], results, None, [(0, 0)])
    raise unavailable(hlo, "qr")


geqrf_p = Primitive(
    "geqrf",
    abstract=_geqrf_abstract,
    jvp=_geqrf_jvp,
    batch=_geqrf_batch,
    lower=_geqrf_lower,
    multiple_results=True,
)


@half_in_single
def householder_product(a, taus):
    """The first n columns of the product of reflectors that `geqrf` returned.

    a: (..., m, n) with m >= n; taus: (..., k) with k <= n. The result is (..., m, n),
    with orthonormal columns.
    """
    if not aval_of(a).size:
        return full(aval_of(a).shape, 0, aval_of(a).dtype)
    return householder_product_p.bind(a, taus)


def _householder_product_abstract(a, taus):
    check_matrix("householder_product", a)
    m, n = a.shape[-2:]
    if a.dtype != taus.dtype or m < n or taus.shape[-1] > n:
        raise ValueError(
            "householder_product: a must be (..., m, n) and taus (..., k) of one "
            f"dtype, with m >= n >= k, got {a} and {taus}."
        )
    return strong(a.shape, a.dtype)


def _product_change(a, taus, a_dot, taus_dot):
    """Of the product 1 - v t v^H: v, t and their changes."""
    k = taus.shape[-1]
    v = _reflectors(a, k)
    t = _triangular_factor(v, taus)
    if a_dot is None:
        v_dot = full(v.shape, 0, v.dtype)
    else:
        v_dot = tril(slice_in_dim(a_dot, 0, k, axis=a.ndim - 1), -1)
    # (1 + D S) t = D with D the taus and S the strict upper triangle of v^H v.
    s = triu(matmul(adjoint(v), v), 1)
    s_dot = triu(matmul(adjoint(v_dot), v) + matmul(adjoint(v), v_dot), 1)
    unit = identity(s.shape, s.dtype)
    right = -columns(taus) * matmul(s_dot, t)
    if taus_dot is not None:
        right = right + columns(taus_dot) * (unit - matmul(s, t))
    system = unit + columns(taus) * s
    t_dot = triangular_solve(system, right, left_side=True, unit_diagonal=True)
    return v, t, v_dot, t_dot


def _householder_product_jvp(primals, tangents):
    (a, taus), (a_dot, taus_dot) = primals, tangents
    q = householder_product_p.bind(a, taus)
    if a_dot is None and taus_dot is None:
        return q, None
    n = a.shape[-1]
    v, t, v_dot, t_dot = _product_change(a, taus, a_dot, taus_dot)
    change = matmul(v_dot, t) + matmul(v, t_dot)
    change = matmul(change, adjoint(_top(v, n)))
    return q, -change - matmul(matmul(v, t), adjoint(_top(v_dot, n)))


def _householder_product_batch(size, operands, dims):
    a, taus = (move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True))
    return householder_product(a, taus), 0


def _householder_product_lower(hlo, out, a, taus):
    return str(orthogonal(hlo, a, taus))


def orthogonal(hlo, a, taus):
    """Write a call of orgqr."""
    operands, results = [matrix(a), vector(taus)], [matrix(a.aval)]
    if hlo.platform == "cpu":
        (q,) = lapack(hlo, "orgqr", a.dtype, operands, results, None, [(0, 0)])
    elif hlo.platform == "cuda":
        target = "cusolver_orgqr_ffi"
        (q,) = custom_call(hlo, target, operands, results, None, [(0, 0)])
    else:
        raise unavailable(hlo, "householder_product")
    return q


householder_product_p = Primitive(
    "householder_product",
    abstract=_householder_product_abstract,
    jvp=_householder_product_jvp,
    batch=_householder_product_batch,
    lower=_householder_product_lower,
)


@half_in_single
def ormqr(a, taus, c, *, left: bool = True, transpose: bool = False):
    """`q @ c` (or `c @ q`) for the m x m orthogonal q of the reflectors of `geqrf`.

    With `transpose`, q is replaced by its adjoint.
    """
    if not aval_of(c).size:
        return full(aval_of(c).shape, 0, aval_of(c).dtype)
    return ormqr_p.bind(a, taus, c, left=bool(left), transpose=bool(transpose))


def _ormqr_abstract(a, taus, c, *, left, transpose):
    check_matrix("ormqr", a)
    if c.shape[-2 if left else -1] != a.shape[-2]:
        raise ValueError(
            f"ormqr: c must have {a.shape[-2]} {'rows' if left else 'columns'}, "
            f"got {a} and {c}."
        )
    return strong(c.shape, c.dtype)


def _ormqr_jvp(primals, tangents, *, left, transpose):
    (a, taus, c), (a_dot, taus_dot, c_dot) = primals, tangents
    params = {"left": left, "transpose": transpose}
    out = ormqr_p.bind(a, taus, c, **params)
    dot = None if c_dot is None else ormqr_p.bind(a, taus, c_dot, **params)
    if a_dot is None and taus_dot is None:
        return out, dot
    v, t, v_dot, t_dot = _product_change(a, taus, a_dot, taus_dot)
    if transpose:
        t, t_dot = adjoint(t), adjoint(t_dot)
    for x, y, z in ((v_dot, t, v), (v, t_dot, v), (v, t, v_dot)):
        if left:
            part = matmul(x, matmul(y, matmul(adjoint(z), c)))
        else:
            part = matmul(matmul(matmul(c, x), y), adjoint(z))
        dot = add_tangents(dot, -part)
    return out, dot


def _ormqr_transpose(ct, a, taus, c, *, left, transpose):
    # The transpose of c -> q c is ct -> q^T ct = conj(q^H conj(ct)).
    if is_linear(a) or is_linear(taus):
        raise NotImplementedError(
            "ormqr: not linear in the reflectors. Differentiate with jvp or vjp."
        )
    conjugate = conj if is_complex(ct) else lambda x: x
    out = ormqr(a, taus, conjugate(ct), left=left, transpose=not transpose)
    return [None, None, conjugate(out)]


def _ormqr_batch(size, operands, dims, **params):
    a, taus, c = (
        move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)
    )
    return ormqr(a, taus, c, **params), 0


def _ormqr_lower(hlo, out, a, taus, c, *, left, transpose):
    operands, results = [matrix(a), vector(taus), matrix(c)], [matrix(out)]
    attributes = {"left": flag(left), "transpose": flag(transpose)}
    if hlo.platform == "cpu":
        (y,) = lapack(hlo, "ormqr", out.dtype, operands, results, attributes, [(2, 0)])
    elif hlo.platform == "cuda":
        target = "cusolver_ormqr_ffi"
        (y,) = custom_call(hlo, target, operands, results, attributes, [(2, 0)])
    else:
        raise unavailable(hlo, "ormqr")
    return str(y)


ormqr_p = Primitive(
    "ormqr",
    abstract=_ormqr_abstract,
    jvp=_ormqr_jvp,
    transpose=_ormqr_transpose,
    batch=_ormqr_batch,
    lower=_ormqr_lower,
)


# The orthonormal columns themselves


def thin_change(q, r, x_dot):
    """The changes of q (..., m, k) and r (..., k, n).

    S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions
    with application in optimum experimental design", 2010: with X = A_dot R^-1 and
    W = Q^H X, Q_dot = X + Q (Omega - W), R_dot = (W - Omega) R, where Omega is
    skew-Hermitian with the lower triangle of W.
    A wide matrix [A1 A2] = Q [R1 R2] adds R2_dot = Q^H (A2_dot - Q_dot R2).
    """
    k, n = r.shape[-2:]
    axis = r.ndim - 1
    square = slice_in_dim(r, 0, k, axis=axis)
    left = triangular_solve(square, slice_in_dim(x_dot, 0, k, axis=axis))
    inner = matmul(adjoint(q), left)
    strict = tril(inner, -1)
    omega = strict - adjoint(strict)
    if is_complex(inner):
        # The diagonal of R stays real, so the phases turn Q.
        omega = omega + (on_diagonal(inner) - adjoint(on_diagonal(inner))) / 2
    q_dot = left + matmul(q, omega - inner)
    r_dot = matmul(inner - omega, square)
    if n > k:
        rest = slice_in_dim(r, k, n, axis=axis)
        rest_dot = slice_in_dim(x_dot, k, n, axis=axis) - matmul(q_dot, rest)
        r_dot = concatenate([r_dot, matmul(adjoint(q), rest_dot)], axis)
    return q_dot, r_dot
