"""A function of numbers as a function of matrices, and its derivatives.

For a = v diag(w) v^-1 it is v diag(f(w)) v^-1. The derivative along e is

    v (f[w_i, w_j] (v^-1 e v)_ij) v^-1,    f[x, y] = (f(y) - f(x)) / (y - x)

which needs no derivative of v, so that eigenvalues may repeat: f[x, x] is a slope.
Ju. Daleckii and M. Krein, "Integration and differentiation of functions of Hermitian
operators", 1965; N. Higham, "Functions of Matrices", 2008, section 3.2.
"""

from collections.abc import Callable

import numpy as np

from ... import dtypes
from ... import primitives as lax
from ...api import (
    closure_convert,
    custom_jvp,
    jvp,
    linear_transpose,
    stop_gradient,
)
from ...control import fori_loop
from ...control.linear_call import linear_call
from ...numpy.arguments import as_array
from ...numpy.promotion import as_operand
from ...numpy.selection import where
from ...primitives import linalg as lapack
from ...primitives.linalg import matrices
from ...primitives.linalg.matrices import adjoint, matmul
from . import differences


def funm(A, func: Callable, disp: bool = True, *, hermitian: bool = False):
    """The function of a square matrix that `func` is of numbers.

    A: (n, n). func: an elementwise function of arrays. The result is complex; with
    `hermitian`, which takes the Hermitian part of A, func gets real numbers and it is
    what func makes of them. Unless `disp` it is a pair, with an estimate of the error.
    Eigenvalues may repeat. The result is NaN if they do in a Jordan block of three or
    more, and derivatives are if there is no basis of eigenvectors.
    Derivatives use those of func, up to the third; with `hermitian` there are two of
    them, at repeated eigenvalues too.
    B. Parlett, "A recurrence among the elements of functions of triangular matrices",
    Linear Algebra Appl. 14 (1976).

    >>> funm(np.array([[4., 0.], [0., 9.]]), jnp.sqrt, hermitian=True)
    Array([[2., 0.],
           [0., 3.]], dtype=float32)
    """
    a = as_array(as_operand("funm", A))
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(
            f"funm: A must be a square matrix, got shape {tuple(a.shape)}. Use vmap "
            "for stacks of matrices."
        )
    matrices.check_matrix("funm", a.aval, square=True)
    if not a.size:
        return a if disp else (a, lax.full((), 0, matrices.real_dtype(a.dtype)))
    if hermitian:
        a = matrices.hermitian_part(a)
        example = matrices.real_part(matrices.diagonal(a))
    else:
        a = a.astype(matrices.complex_dtype(a.dtype))
        example = matrices.diagonal(a)
    function, consts = closure_convert(func, example)
    value = _value(lambda x, consts: function(x, *consts), hermitian)
    out = value(a, tuple(consts))
    return out if disp else (out, _error(stop_gradient(a)))


# f takes numbers, and a tree of what it closed over.


def _value(f, hermitian):
    """The matrix function: from a, and what f closed over."""

    @custom_jvp
    def value(a, consts):
        return (_of_hermitian if hermitian else _of_general)(f, a, consts)

    @value.defjvp
    def rule(primals, tangents):
        (a, consts), (a_dot, consts_dot) = primals, tangents
        slope = (_hermitian_slope if hermitian else _general_slope)(f)
        along = _linear(slope, a, a_dot, consts)
        if consts:
            along = along + _change(f, hermitian, a, consts, consts_dot)
        return value(a, consts), along

    return value


def _linear(slope, a, e, consts):
    """`slope(a, e, consts)`, which keeps its rule where only e is a tangent."""

    def transpose(residuals, ct):
        a, consts = residuals
        return matrices.transposed(slope(a, matrices.transposed(ct), consts))

    return linear_call(
        lambda residuals, e: slope(residuals[0], e, residuals[1]),
        transpose,
        (a, consts),
        e,
    )


def _change(f, hermitian, a, consts, consts_dot):
    """The derivative of the matrix function in what f closed over."""
    change = _value(_in_consts(f), hermitian)
    plain = _of_hermitian if hermitian else _of_diagonalizable

    def transpose(residuals, ct):
        # Differentiated again, this goes through the eigenvectors.
        a, consts = residuals
        pulled = linear_transpose(
            lambda dots: plain(_in_consts(f), a, (consts, dots)), consts
        )
        return pulled(ct)[0]

    return linear_call(
        lambda residuals, dots: change(residuals[0], (residuals[1], dots)),
        transpose,
        (a, consts),
        consts_dot,
    )


def _in_consts(f):
    """The derivative of f in what it closed over: (consts, consts_dot) in its place."""

    def change(x, pair):
        consts, consts_dot = pair
        return jvp(lambda c: f(x, c), (consts,), (consts_dot,))[1]

    return change


# Hermitian matrices


def _of_hermitian(f, a, consts):
    v, w = lapack.eigh(a)
    return matmul(v * matrices.rows(f(w, consts)), adjoint(v))


def _hermitian_slope(f):
    """The derivative at a along e."""

    @custom_jvp
    def slope(a, e, consts):
        v, w = lapack.eigh(a)
        pairs = matrices.columns(w), matrices.rows(w)
        quotients = differences.first(lambda x: f(x, consts), *pairs)
        inner = quotients * matmul(adjoint(v), matmul(e, v))
        return matmul(v, matmul(inner, adjoint(v)))

    @slope.defjvp
    def rule(primals, tangents):
        (a, e, consts), (a_dot, e_dot, consts_dot) = primals, tangents
        along = _linear(slope, a, e_dot, consts) + _curvature(f, a, e, a_dot, consts)
        if consts:
            more = _hermitian_slope(_in_consts(f))
            along = along + more(a, e, (consts, consts_dot))
        return slope(a, e, consts), along

    return slope


def _curvature(f, a, e, g, consts):
    """The second derivative at a along e and g.

    In the basis of eigenvectors it is the sum over k of
    f[w_i, w_k, w_j] (e_ik g_kj + g_ik e_kj).
    """
    v, w = lapack.eigh(stop_gradient(_differentiated_twice(a)))
    e, g = (matmul(adjoint(v), matmul(x, v)) for x in (e, g))
    triples = (w.reshape(shape) for shape in ((-1, 1, 1), (-1, 1), (-1,)))
    quotients = differences.second(lambda x: f(x, consts), *triples)
    paths = e[:, :, None] * g[None] + g[:, :, None] * e[None]  # (i, k, j)
    return matmul(v, matmul((quotients * paths).sum(axis=1), adjoint(v)))


@custom_jvp
def _differentiated_twice(a):
    return a


@_differentiated_twice.defjvp
def _no_third_derivative(primals, tangents):
    raise NotImplementedError(
        "funm: a function of Hermitian matrices has derivatives up to order two. Use "
        "expm or sqrtm, or eigh where eigenvalues are distinct."
    )


# General matrices


def _of_general(f, a, consts):
    """By columns of the Schur form: (t_<j - t_jj) f_j = F_<j t_j - f(t_jj) t_j."""
    t, z = lapack.schur(stop_gradient(a))
    w = matrices.diagonal(t)
    values = f(w, consts)
    near, quotients = _pairs(f, w, consts)
    quotients = where(_joined_by_a_third(t, near), np.nan, quotients)
    row = lax.broadcasted_iota(np.int32, (*w.shape, 1), 0)
    unit = matrices.identity(t.shape, t.dtype)

    def step(j, out):
        def column(x):
            return lax.dynamic_slice_in_dim(x, j, 1, axis=1)

        above = where(row < j, column(t), 0)
        value, shift = (lax.dynamic_slice_in_dim(x, j, 1) for x in (values, w))
        right = matmul(out, above) - value * above
        # Where the eigenvalues agree the quotient is known, and the row is its own.
        known = column(near) | (row >= j)
        right = where(known, above * column(quotients), right)
        matrix = where(known, unit, matrices.triu(t) - shift * unit)
        x = lapack.triangular_solve(matrix, right, left_side=True)
        x = where(row == j, value, where(row < j, x, 0))
        return lax.dynamic_update_slice_in_dim(out, x, j, axis=1)

    out = fori_loop(0, w.shape[0], step, lax.full(t.shape, 0, values.dtype))
    return matmul(z, matmul(out, adjoint(z)))


def _joined_by_a_third(t, near):
    """Where two equal eigenvalues are joined by way of a third place."""
    strict = abs(matrices.triu(t, 1))
    between = matmul(strict, strict)
    eps = float(dtypes.finfo(between.dtype).eps)
    return near & (between > 10 * eps * abs(t).max() ** 2)


def _general_slope(f):
    """The derivative at a along e, from eigenvectors."""

    def slope(a, e, consts):
        w, v = _eig(a)
        inner = lapack.lu_solve(v, lapack.lu(stop_gradient(v)), matmul(e, v))
        return _by_inverse(matmul(v, _pairs(f, w, consts)[1] * inner), v)

    return slope


def _of_diagonalizable(f, a, consts):
    w, v = _eig(a)
    return _by_inverse(v * matrices.rows(f(w, consts)), v)


def _eig(a):
    return lapack.eig(a, compute_left_eigenvectors=False, enable_eigvec_derivs=True)


def _by_inverse(x, v):
    """x v^-1, from the transposed system."""
    x, v = matrices.transposed(x), matrices.transposed(v)
    return matrices.transposed(lapack.lu_solve(v, lapack.lu(stop_gradient(v)), x))


def _pairs(f, w, consts):
    """Which eigenvalues agree, and the quotients of all pairs."""
    x, y = matrices.columns(w), matrices.rows(w)
    near = differences.close(x, y, 5)
    return near, differences.first(lambda z: f(z, consts), x, y)


def _error(a):
    """Rounding, magnified by closeness of eigenvalues; at most 1."""
    t, _ = lapack.schur(a)
    w = matrices.diagonal(t)
    eps = float(dtypes.finfo(abs(w).dtype).eps)
    distance = abs(matrices.columns(w) - matrices.rows(w))
    apart = where(np.eye(w.shape[0], dtype=bool), np.inf, distance).min()
    size = abs(matrices.triu(t, 1)).sum(axis=0).max()
    error = eps * size / where(apart == 0, eps, apart)
    return where(error < eps, eps, where(error > 1, 1, error))
