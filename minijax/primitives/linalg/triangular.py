"""Triangular systems and the Cholesky decomposition."""

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import JvpRule, Primitive
from ...core.rules import is_linear
from ..elementwise import conj
from ..shape import (
    expand_dims,
    full,
    move_axis,
    move_batch,
    reshape,
    squeeze,
)
from .calls import (
    custom_call,
    flag,
    info_of,
    lapack,
    letter,
    matrix,
    poisoned,
)
from .matrices import (
    adjoint,
    check_matrix,
    half_in_single,
    hermitian_part,
    identity,
    is_complex,
    lead_of,
    matmul,
    strong,
    transposed,
    tril,
    triu,
)

# triangular_solve


@half_in_single
def triangular_solve(
    a,
    b,
    *,
    left_side: bool = False,
    lower: bool = False,
    transpose_a: bool = False,
    conjugate_a: bool = False,
    unit_diagonal: bool = False,
):
    """The solutions x of `op(a) @ x = b`, or `x @ op(a) = b` unless `left_side`.

    a: (..., n, n), of which only the lower or upper triangle is read, and not the
    diagonal if `unit_diagonal` says it is one; op transposes and conjugates it as told.
    b: (..., n, k) on the left, (..., k, n) on the right, or a stack of vectors.

    >>> triangular_solve(np.eye(2) * 2, np.ones((2, 1)), left_side=True)
    Array([[0.5],
           [0.5]], dtype=float32)
    """
    a_type, b_type = aval_of(a), aval_of(b)
    vectors = b_type.ndim == a_type.ndim - 1
    if vectors:
        b = expand_dims(b, (b_type.ndim if left_side else b_type.ndim - 1,))
    conjugate_a = conjugate_a and is_complex(a)
    if conjugate_a and not transpose_a:
        a, conjugate_a = conj(a), False
    check_matrix("triangular_solve", aval_of(a), square=True)
    if 0 in aval_of(b).shape:
        out = full(aval_of(b).shape, 0, aval_of(b).dtype)
    else:
        out = triangular_solve_p.bind(
            a,
            b,
            left_side=bool(left_side),
            lower=bool(lower),
            transpose_a=bool(transpose_a),
            conjugate_a=bool(conjugate_a),
            unit_diagonal=bool(unit_diagonal),
        )
    if not vectors:
        return out
    return squeeze(out, (out.ndim - 1 if left_side else out.ndim - 2,))


def _triangular_solve_abstract(a, b, *, left_side, **params):
    check_matrix("triangular_solve", a, square=True)
    if a.dtype != b.dtype:
        raise TypeError(
            f"triangular_solve: operands must have one dtype, got {a} and {b}."
        )
    axis = -2 if left_side else -1
    if b.ndim != a.ndim or lead_of(a) != lead_of(b) or b.shape[axis] != a.shape[-1]:
        raise TypeError(
            "triangular_solve: a must be (..., n, n) and b "
            f"{'(..., n, k)' if left_side else '(..., k, n)'} with equal leading axes, "
            f"got {a} and {b}."
        )
    return strong(b.shape, b.dtype)


def _triangular_solve_jvp(primitive, primals, tangents, params):
    # op(A) X = B  gives  op(A) X_dot = B_dot - op(A_dot) X   (Giles 2008, 2.2.3)
    (a, b), (a_dot, b_dot) = primals, tangents
    x = primitive.bind(a, b, **params)
    if a_dot is None and b_dot is None:
        return x, None
    right = b_dot
    if a_dot is not None:
        triangle = tril if params["lower"] else triu
        offset = int(params["unit_diagonal"]) * (-1 if params["lower"] else 1)
        a_dot = triangle(a_dot, offset)
        if params["transpose_a"]:
            a_dot = adjoint(a_dot) if params["conjugate_a"] else transposed(a_dot)
        change = matmul(a_dot, x) if params["left_side"] else matmul(x, a_dot)
        right = -change if b_dot is None else b_dot - change
    return x, primitive.bind(a, right, **params)


def _triangular_solve_transpose(ct, a, b, *, transpose_a, conjugate_a, **params):
    # x = op(A)^-1 b has the transpose x_bar -> op(A)^-T x_bar.
    if is_linear(a):
        raise NotImplementedError(
            "triangular_solve: not linear in the matrix. Differentiate with jvp or vjp."
        )
    out = triangular_solve(
        a, ct, transpose_a=not transpose_a, conjugate_a=conjugate_a, **params
    )
    return [None, out]


def _triangular_solve_batch(size, operands, dims, **params):
    (a, b), (a_dim, b_dim) = operands, dims
    if a_dim is not None:
        a, b = move_batch(size, a, a_dim, 0), move_batch(size, b, b_dim, 0)
        return triangular_solve(a, b, **params), 0
    # One matrix for all members: their right-hand sides become more of its columns.
    left = params["left_side"]
    place = aval_of(b).ndim - (1 if left else 3)
    b = move_axis(b, b_dim, place)
    whole = b.shape
    if left:
        merged = (*whole[:-2], whole[-2] * whole[-1])
    else:
        merged = (*whole[:-3], whole[-3] * whole[-2], whole[-1])
    x = triangular_solve(a, reshape(b, merged), **params)
    return reshape(x, whole), place


def _triangular_solve_lower(hlo, out, a, b, **params):
    if hlo.platform == "cpu":
        transpose = "C" if params["conjugate_a"] else "T"
        attributes = {
            "side": letter("L" if params["left_side"] else "R"),
            "uplo": letter("L" if params["lower"] else "U"),
            "trans_x": letter(transpose if params["transpose_a"] else "N"),
            "diag": letter("U" if params["unit_diagonal"] else "N"),
        }
        operands = [matrix(a), matrix(b)]
        results = [matrix(out)]
        (x,) = lapack(
            hlo, "trsm", out.dtype, operands, results, attributes, overwrites=[(1, 0)]
        )
        return str(x)
    if params["transpose_a"]:
        transpose = "ADJOINT" if params["conjugate_a"] else "TRANSPOSE"
    else:
        transpose = "NO_TRANSPOSE"
    flags = ", ".join(
        f"{name} = {flag(params[name])}"
        for name in ("left_side", "lower", "unit_diagonal")
    )
    return hlo.emit(
        f'"stablehlo.triangular_solve"({a}, {b}) <{{{flags}, '
        f"transpose_a = #stablehlo<transpose {transpose}>}}> : {hlo.types([a, b], out)}"
    )


triangular_solve_p = Primitive(
    "triangular_solve",
    abstract=_triangular_solve_abstract,
    jvp=JvpRule(_triangular_solve_jvp),
    transpose=_triangular_solve_transpose,
    batch=_triangular_solve_batch,
    lower=_triangular_solve_lower,
)


# cholesky


@half_in_single
def cholesky(x, *, symmetrize_input: bool = True):
    """The lower triangular L with `L @ L^H = x`, for positive definite x.

    x: (..., n, n). The Hermitian part of x is decomposed; with `symmetrize_input=False`
    only the lower triangle is read. Matrices that are not positive definite give NaN.

    >>> cholesky(np.array([[4., 2.], [2., 5.]]))
    Array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    aval = aval_of(x)
    check_matrix("cholesky", aval, square=True)
    if not aval.size:
        return full(aval.shape, 0, aval.dtype)
    if symmetrize_input:
        x = hermitian_part(x)
    return tril(cholesky_p.bind(x))


def _cholesky_abstract(x):
    check_matrix("cholesky", x, square=True)
    return strong(x.shape, x.dtype)


def _cholesky_jvp(primals, tangents):
    # With X = L^-1 A_dot L^-H, L_dot = L (X's lower triangle, its diagonal halved).
    # I. Murray, "Differentiation of the Cholesky decomposition", 2016, equation (8).
    (x,), (x_dot,) = primals, tangents
    factor = tril(cholesky_p.bind(x))
    if x_dot is None:
        return factor, None
    half = triangular_solve(
        factor, x_dot, transpose_a=True, conjugate_a=True, lower=True
    )
    inner = triangular_solve(factor, half, left_side=True, lower=True)
    weights = tril(full(inner.shape, 1, inner.dtype))
    weights = weights - identity(inner.shape, inner.dtype) / 2
    return factor, matmul(factor, inner * weights)


def _cholesky_batch(size, operands, dims):
    return cholesky_p.bind(move_axis(operands[0], dims[0], 0)), 0


def _cholesky_lower(hlo, out, x):
    lead = out.shape[:-2]
    if hlo.platform == "tpu":
        return hlo.emit(f"stablehlo.cholesky {x}, lower = true : {out.mlir}")
    operands, results = [matrix(x)], [matrix(out), info_of(lead)]
    if hlo.platform == "cpu":
        attributes = {"uplo": letter("L")}
        factor, info = lapack(
            hlo, "potrf", out.dtype, operands, results, attributes, overwrites=[(0, 0)]
        )
    else:
        factor, info = custom_call(
            hlo, "cusolver_potrf_ffi", operands, results, {"lower": "true"}, [(0, 0)]
        )
    return poisoned(hlo, factor, info)


cholesky_p = Primitive(
    "cholesky",
    abstract=_cholesky_abstract,
    jvp=_cholesky_jvp,
    batch=_cholesky_batch,
    lower=_cholesky_lower,
)


def cholesky_solve(factor, b):
    """The solutions x of `L @ L^H @ x = b` for matrices b, given L."""
    y = triangular_solve(factor, b, left_side=True, lower=True)
    return triangular_solve(
        factor, y, left_side=True, lower=True, transpose_a=True, conjugate_a=True
    )


def symmetric_product(
    a_matrix, c_matrix, *, alpha=1.0, beta=0.0, symmetrize_output: bool = False
):
    """`alpha * a @ a^T + beta * c`; the strict upper triangle only if symmetrized.

    a_matrix: (..., n, k); c_matrix: (..., n, n), symmetric.

    >>> symmetric_product(np.ones((2, 3)), np.zeros((2, 2)), symmetrize_output=True)
    Array([[3., 3.],
           [3., 3.]], dtype=float32)
    """
    product = matmul(a_matrix, transposed(a_matrix))
    dtype = product.dtype
    out = np.asarray(alpha, dtype) * product + np.asarray(beta, dtype) * c_matrix
    return out if symmetrize_output else tril(out)
