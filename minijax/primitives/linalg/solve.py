"""Systems of equations whose matrix has been decomposed."""

from ...core.literal import aval_of
from ...core.primitive import JvpRule, Primitive
from ..shape import full, move_axis, move_batch, reshape
from .calls import lapack, letter, matrix, unavailable
from .matrices import check_matrix, lead_of, matmul, permuted_rows, strong, transposed


def lu_solve(a, factors, b):
    """The solutions x of `a @ x = b` for matrices b, given `factors = lu(a)`.

    a: (..., n, n), b: (..., n, k). The derivative is taken with respect to a and b, as
    if the factors had been computed here: they are used, and not differentiated.
    """
    packed, _, permutation = factors
    if not aval_of(b).size:
        return full(aval_of(b).shape, 0, aval_of(b).dtype)
    right = permuted_rows(b, permutation)
    return lu_solve_p.bind(a, packed, permutation, right, transpose=False)


def _lu_solve_abstract(a, packed, permutation, b, *, transpose):
    check_matrix("lu_solve", a, square=True)
    if a.dtype != b.dtype:
        raise TypeError(f"lu_solve: operands must have one dtype, got {a} and {b}.")
    if b.ndim != a.ndim or lead_of(a) != lead_of(b) or b.shape[-2] != a.shape[-1]:
        raise TypeError(
            "lu_solve: a must be (..., n, n) and b (..., n, k) with equal leading "
            f"axes, got {a} and {b}."
        )
    return strong(b.shape, b.dtype)


def _lu_solve_jvp(primitive, primals, tangents, params):
    # op(P A) X = B gives op(P A) X_dot = B_dot - op(P A_dot) X   (Giles 2008, 2.2.3);
    # the factors L U = P A stand for A and have no part of their own.
    (a, packed, permutation, b), (a_dot, _, _, b_dot) = primals, tangents
    x = primitive.bind(a, packed, permutation, b, **params)
    if a_dot is None and b_dot is None:
        return x, None
    right = b_dot
    if a_dot is not None:
        rows = permuted_rows(a_dot, permutation)
        change = matmul(transposed(rows) if params["transpose"] else rows, x)
        right = -change if b_dot is None else b_dot - change
    return x, primitive.bind(a, packed, permutation, right, **params)


def _lu_solve_transpose(ct, a, packed, permutation, b, *, transpose):
    solution = lu_solve_p.bind(a, packed, permutation, ct, transpose=not transpose)
    return [None, None, None, solution]


def _lu_solve_batch(size, operands, dims, **params):
    *matrices, b = operands
    *matrix_dims, b_dim = dims
    if any(d is not None for d in matrix_dims):
        moved = [move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)]
        return lu_solve_p.bind(*moved, **params), 0
    # One matrix for all members: their right-hand sides become more of its columns.
    place = aval_of(b).ndim - 1
    b = move_axis(b, b_dim, place)
    whole = b.shape
    merged = reshape(b, (*whole[:-2], whole[-2] * whole[-1]))
    return reshape(lu_solve_p.bind(*matrices, merged, **params), whole), place


def _lu_solve_lower(hlo, out, a, packed, permutation, b, *, transpose):
    lower = {"uplo": letter("L"), "diag": letter("U")}
    upper = {"uplo": letter("U"), "diag": letter("N")}
    x = b
    for triangle in (upper, lower) if transpose else (lower, upper):
        x = _substituted(hlo, packed, x, triangle, transpose)
    return str(x)


def _substituted(hlo, packed, b, triangle, transpose):
    """Write the solution with one of the triangles in packed."""
    operands = [matrix(packed), matrix(b)]
    if hlo.platform == "cpu":
        how = {"side": letter("L"), "trans_x": letter("T" if transpose else "N")}
        attributes = triangle | how
        (x,) = lapack(
            hlo, "trsm", b.dtype, operands, [matrix(b.aval)], attributes, [(1, 0)]
        )
        return x
    if hlo.platform != "cuda":
        raise unavailable(hlo, "lu_solve")
    lower = triangle["uplo"] == letter("L")
    flags = (
        f"left_side = true, lower = {str(lower).lower()}, "
        f"unit_diagonal = {str(lower).lower()}, transpose_a = #stablehlo<transpose "
        f"{'TRANSPOSE' if transpose else 'NO_TRANSPOSE'}>"
    )
    text = (
        f'"stablehlo.triangular_solve"({packed}, {b}) <{{{flags}}}> : '
        f"{hlo.types([packed, b], b.aval)}"
    )
    return hlo.value(hlo.emit(text), b.aval)


lu_solve_p = Primitive(
    "lu_solve",
    abstract=_lu_solve_abstract,
    jvp=JvpRule(_lu_solve_jvp),
    transpose=_lu_solve_transpose,
    batch=_lu_solve_batch,
    lower=_lu_solve_lower,
)
