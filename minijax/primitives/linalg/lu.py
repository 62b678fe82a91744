"""LU decomposition with partial pivoting."""

import numpy as np

from ...core.literal import aval_of
from ...core.primitive import Primitive
from ...core.rules import zero_tangent
from ..shape import broadcast_in_dim, full, iota, move_axis
from ..slicing import pad, slice_in_dim
from .calls import (
    arithmetic,
    compared,
    custom_call,
    info_of,
    lapack,
    matrix,
    poisoned,
    selected,
    unavailable,
    vector,
)
from .calls import (
    iota as iota_text,
)
from .matrices import (
    check_matrix,
    half_in_single,
    identity,
    matmul,
    permuted_rows,
    strong,
    tril,
    triu,
)
from .triangular import triangular_solve


@half_in_single
def lu(x):
    """`[lu, pivots, permutation]` with `L @ U = x[permutation]`.

    x: (..., m, n). lu holds U in its upper triangle and L, whose diagonal is one, below
    it. pivots: i32 (..., min(m, n)), the row that row k was exchanged with at step k;
    permutation: i32 (..., m), the same as one permutation of rows.

    >>> lu(np.array([[0., 1.], [2., 0.]]))[2]
    Array([1, 0], dtype=int32)
    """
    aval = aval_of(x)
    check_matrix("lu", aval)
    if not aval.size:
        *lead, m, n = aval.shape
        pivots = full((*lead, min(m, n)), 0, np.int32)
        rows = broadcast_in_dim(iota(np.int32, m), (*lead, m), (len(lead),))
        return [full(aval.shape, 0, aval.dtype), pivots, rows]
    return list(lu_p.bind(x))


def _lu_abstract(x):
    check_matrix("lu", x)
    *lead, m, n = x.shape
    return (
        strong(x.shape, x.dtype),
        strong((*lead, min(m, n)), np.int32),
        strong((*lead, m), np.int32),
    )


def _lu_jvp(primals, tangents):
    # P A = L U with X = L^-1 P A_dot U^-1 gives L_dot = L tril(X, -1) and
    # U_dot = triu(X) U; L and U are completed by identities where A is not square.
    (x,), (x_dot,) = primals, tangents
    packed, pivots, permutation = lu(x)
    if x_dot is None:
        return (packed, pivots, permutation), (None, None, None)
    *lead, m, n = packed.shape
    k = min(m, n)
    lower, upper = _completed(packed, m, n, k)
    right = permuted_rows(x_dot, permutation)
    inner = triangular_solve(
        lower, right, left_side=True, lower=True, unit_diagonal=True
    )
    inner = triangular_solve(upper, inner)
    lower_dot = matmul(lower, _resized(tril(inner, -1), lead, m, m))
    upper_dot = matmul(_resized(triu(inner), lead, n, n), upper)
    dot = _resized(lower_dot, lead, m, n) + _resized(upper_dot, lead, m, n)
    return (packed, pivots, permutation), (dot, None, None)


def _completed(packed, m, n, k):
    """L as m x m and U as n x n matrices, with ones on the new part of diagonals."""
    lead = packed.shape[:-2]
    left = slice_in_dim(packed, 0, k, axis=packed.ndim - 1)
    top = slice_in_dim(packed, 0, k, axis=packed.ndim - 2)
    lower = _resized(tril(left, -1), lead, m, m) + identity((*lead, m, m), packed.dtype)
    upper = _resized(triu(top), lead, n, n)
    if n > k:
        ones = identity((*lead, n - k, n - k), packed.dtype)
        corner = [(0, 0, 0)] * len(lead) + [(k, 0, 0), (k, 0, 0)]
        upper = upper + pad(ones, np.zeros((), packed.dtype), corner)
    return lower, upper


def _resized(x, lead, m, n):
    """Matrices cut down, or filled up with zeros, to m x n."""
    x = slice_in_dim(x, 0, min(m, x.shape[-2]), axis=x.ndim - 2)
    x = slice_in_dim(x, 0, min(n, x.shape[-1]), axis=x.ndim - 1)
    high = [(0, 0, 0)] * len(lead)
    high += [(0, m - x.shape[-2], 0), (0, n - x.shape[-1], 0)]
    return pad(x, np.zeros((), x.dtype), high)


def _lu_batch(size, operands, dims):
    return lu_p.bind(move_axis(operands[0], dims[0], 0)), [0, 0, 0]


def _lu_lower(hlo, out, x):
    packed, pivots, permutation = out
    info = info_of(packed.shape[:-2])
    operands, results = [matrix(x)], [matrix(packed), vector(pivots), info]
    if hlo.platform == "cpu":
        lu_value, steps, code = lapack(
            hlo, "getrf", packed.dtype, operands, results, overwrites=[(0, 0)]
        )
    elif hlo.platform == "cuda":
        lu_value, steps, code = custom_call(
            hlo, "cusolver_getrf_ffi", operands, results, None, [(0, 0)]
        )
    else:
        raise unavailable(hlo, "lu")
    # A positive code is an exactly singular matrix: the factors are still right.
    negative = hlo.value(hlo.constant(np.int32(0), code.shape), code.aval)
    failed = arithmetic(hlo, "minimum", code, negative)
    one = hlo.value(hlo.constant(np.int32(1), steps.shape), steps.aval)
    steps = arithmetic(hlo, "subtract", steps, one)
    return [
        poisoned(hlo, lu_value, failed),
        str(steps),
        str(_permutation(hlo, steps, permutation)),
    ]


lu_p = Primitive(
    "lu",
    abstract=_lu_abstract,
    jvp=_lu_jvp,
    batch=_lu_batch,
    lower=_lu_lower,
    multiple_results=True,
)


# lu_pivots_to_permutation


def lu_pivots_to_permutation(pivots, permutation_size: int):
    """The permutation that exchanges row k with row pivots[k], for k = 0, 1, ...

    pivots: i32 (..., k); the result is i32 (..., permutation_size).

    >>> lu_pivots_to_permutation(np.array([1, 1], np.int32), 3)
    Array([1, 0, 2], dtype=int32)
    """
    return lu_pivots_to_permutation_p.bind(
        pivots, permutation_size=int(permutation_size)
    )


def _pivots_abstract(pivots, *, permutation_size):
    if pivots.dtype != np.int32 or not pivots.ndim:
        raise TypeError(
            f"lu_pivots_to_permutation: pivots must be int32 vectors, got {pivots}."
        )
    if permutation_size < pivots.shape[-1]:
        raise ValueError(
            f"lu_pivots_to_permutation: permutation_size {permutation_size} must be at "
            f"least the number of pivots, got {pivots}."
        )
    return strong((*pivots.shape[:-1], permutation_size), np.int32)


def _pivots_batch(size, operands, dims, **params):
    pivots = move_axis(operands[0], dims[0], 0)
    return lu_pivots_to_permutation(pivots, **params), 0


def _pivots_lower(hlo, out, pivots, *, permutation_size):
    return str(_permutation(hlo, pivots, out))


def _permutation(hlo, pivots, out):
    """Write a loop over the pivots that exchanges two entries of each permutation."""
    rows = iota_text(hlo, out.shape, out.ndim - 1)
    count = strong((), np.int32)
    first = hlo.value(hlo.constant(np.int32(0)), count)
    last = hlo.value(hlo.constant(np.int32(pivots.shape[-1])), count)

    def condition(hlo, k, permutation):
        return [compared(hlo, "LT", k, last)]

    def body(hlo, k, permutation):
        here = compared(hlo, "EQ", rows, _spread(hlo, k, rows.aval))
        there = compared(hlo, "EQ", rows, _pivot(hlo, pivots, k, rows.aval))
        at_here = _only(hlo, here, permutation)
        at_there = _only(hlo, there, permutation)
        exchanged = selected(hlo, there, at_here, permutation)
        exchanged = selected(hlo, here, at_there, exchanged)
        one = hlo.value(hlo.constant(np.int32(1)), count)
        return [arithmetic(hlo, "add", k, one), exchanged]

    avals = [count, out]
    names = hlo.emit_many(
        f'"stablehlo.while"({first}, {rows}) ({hlo.region(avals, condition)}, '
        f"{hlo.region(avals, body)}) : {hlo.types(avals, avals)}",
        2,
    )
    return hlo.value(names[1], out)


def _spread(hlo, x, out, dims=()):
    """A value repeated to the type `out`."""
    text = (
        f"stablehlo.broadcast_in_dim {x}, dims = {list(dims)} : {hlo.types([x], out)}"
    )
    return hlo.value(hlo.emit(text), out)


def _pivot(hlo, pivots, k, out):
    """Pivot k of each member of the batch, repeated over the rows."""
    lead = pivots.shape[:-1]
    zero = hlo.constant(np.int32(0))
    starts = ", ".join([*([zero] * len(lead)), str(k)])
    one = pivots.aval.update(shape=(*lead, 1))
    types = ", ".join([pivots.mlir, *[k.mlir] * (len(lead) + 1)])
    text = (
        f"stablehlo.dynamic_slice {pivots}, {starts}, sizes = {[*lead, 1]} : "
        f"({types}) -> {one.mlir}"
    )
    return _spread(hlo, hlo.value(hlo.emit(text), one), out, range(out.ndim))


def _only(hlo, mask, x):
    """The element of x where the mask holds, repeated over the rows."""
    zero = hlo.value(hlo.constant(np.int32(0), x.shape), x.aval)
    kept = selected(hlo, mask, x, zero)
    lead = x.shape[:-1]
    total = x.aval.update(shape=lead)
    init = hlo.constant(np.int32(0))
    summed = hlo.reduce("stablehlo.add", kept, init, [x.ndim - 1], total)
    return _spread(hlo, hlo.value(summed, total), x.aval, range(len(lead)))


lu_pivots_to_permutation_p = Primitive(
    "lu_pivots_to_permutation",
    abstract=_pivots_abstract,
    jvp=zero_tangent,
    batch=_pivots_batch,
    lower=_pivots_lower,
)
