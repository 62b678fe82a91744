"""QR decomposition: Householder reflectors, and the orthogonal factor they make."""

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ..shape import full, move_axis, move_batch
from ..slicing import concatenate, slice_in_dim
from .calls import (
    arithmetic,
    custom_call,
    flag,
    lapack,
    matrix,
    padded,
    sliced,
    unavailable,
    upper_triangle,
    vector,
)
from .matrices import (
    adjoint,
    check_matrix,
    half_in_single,
    identity,
    is_complex,
    matmul,
    on_diagonal,
    strong,
    tril,
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


def _geqrf_batch(size, operands, dims):
    return geqrf_p.bind(move_axis(operands[0], dims[0], 0)), [0, 0]


def _geqrf_lower(hlo, out, a):
    return [str(x) for x in _factor(hlo, a)]


def _factor(hlo, a):
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


def _householder_product_batch(size, operands, dims):
    a, taus = (move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True))
    return householder_product(a, taus), 0


def _householder_product_lower(hlo, out, a, taus):
    return str(_orthogonal(hlo, a, taus))


def _orthogonal(hlo, a, taus):
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
    batch=_ormqr_batch,
    lower=_ormqr_lower,
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
            raise NotImplementedError("qr: pivoting of empty matrices.")
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
    # S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra
    # functions with application in optimum experimental design", 2010: with
    # X = A_dot R^-1 and W = Q^H X, Q_dot = X + Q (Omega - W), R_dot = (W - Omega) R,
    # where Omega is skew-Hermitian with the lower triangle of W.
    # A wide matrix [A1 A2] = Q [R1 R2] adds R2_dot = Q^H (A2_dot - Q_dot R2).
    (x,), (x_dot,) = primals, tangents
    out = qr(x, pivoting=pivoting, full_matrices=full_matrices)
    if x_dot is None:
        return out, [None] * len(out)
    m, n = x.shape[-2:]
    if m > n and full_matrices:
        raise NotImplementedError(
            f"qr: no derivative of the complete factor of {m} x {n} matrices: the last "
            f"{m - n} columns of q are not unique. Use full_matrices=False."
        )
    if pivoting:
        raise NotImplementedError(
            "qr: no derivative with pivoting=True. Permute the columns first and use "
            "pivoting=False."
        )
    q, r = out
    axis = r.ndim - 1
    k = min(m, n)
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
    return out, (q_dot, r_dot)


def _qr_batch(size, operands, dims, **params):
    out = qr_p.bind(move_axis(operands[0], dims[0], 0), **params)
    return out, [0] * len(out)


def _qr_lower(hlo, out, x, *, pivoting, full_matrices):
    q_type, r_type = out[:2]
    if pivoting:
        factors, order, taus = _factor_pivoting(hlo, x, out[2])
    else:
        factors, taus = _factor(hlo, x)
    m, k = q_type.shape[-2:]
    n = x.shape[-1]
    lead = x.shape[:-2]
    reflectors = sliced(hlo, factors, (*lead, m, min(k, n)))
    q = _orthogonal(hlo, padded(hlo, reflectors, q_type.shape), taus)
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
