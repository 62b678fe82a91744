"""Systems of equations, inverses, determinants, powers and chains of matrices."""

import itertools
import math
import operator
from typing import Any, NamedTuple

import numpy as np

from ... import dtypes
from ... import primitives as lax
from ...api import compiled, custom_jvp, stop_gradient
from ...primitives import linalg as lapack
from ...primitives.linalg import matrices
from .. import contract, elementwise, reductions
from ..arguments import as_array, spread
from ..indexing import getitem
from ..promotion import as_operand, promote_inexact
from ..selection import where
from ..shaping import moveaxis, reshape
from .decompositions import matrix_operand, svd
from .norms import norm


@compiled
def solve(a, b):
    """The solution x of `a @ x = b`.

    a: (..., n, n). b: a vector (n,), or matrices (..., n, k); leading axes broadcast.

    >>> solve(np.array([[2., 0.], [0., 4.]]), np.array([1., 1.]))
    Array([0.5 , 0.25], dtype=float32)
    """
    a, b = (as_array(x) for x in promote_inexact("jnp.linalg.solve", a, b))
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(
            f"left-hand array must be square matrices (..., n, n); got shape {a.shape}"
        )
    if not b.ndim:
        raise ValueError(f"right-hand array must have at least one axis; got {b.shape}")
    if b.ndim == 1:
        return lax.squeeze(x := _solve(a, matrices.columns(b)), (x.ndim - 1,))
    return _solve(a, b)


@matrices.half_in_single
def _solve(a, b):
    """The solutions for matrices b; a decomposition serves all that broadcast."""
    n = a.shape[-1]
    if b.shape[-2] != n:
        raise ValueError(
            f"solve: b must have {n} rows, like a; got shapes {a.shape} and {b.shape}."
        )
    factors = lapack.lu(stop_gradient(a))
    if a.ndim == 2 and b.ndim > 2:
        # (..., n, k) -> (n, ... k): more columns for the one matrix
        wide = moveaxis(b, -2, 0)
        x = lapack.lu_solve(a, factors, reshape(wide, (n, -1)))
        return moveaxis(reshape(x, wide.shape), 0, -2)
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    packed, pivots, permutation = factors
    factors = (
        _spread(packed, lead, 2),
        _spread(pivots, lead, 1),
        _spread(permutation, lead, 1),
    )
    return lapack.lu_solve(_spread(a, lead, 2), factors, _spread(b, lead, 2))


def _spread(x, lead, rank):
    """Members of a rank repeated over leading axes."""
    return spread(x, (*lead, *x.shape[x.ndim - rank :]))


@compiled
def inv(a):
    """The inverse of matrices (..., n, n).

    >>> inv(np.array([[2., 0.], [0., 4.]]))
    Array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    a = matrix_operand("inv", a, square=True)
    return _solve(a, matrices.identity(a.shape, a.dtype))


# Determinants


class SlogdetResult(NamedTuple):
    """The sign (or phase) and the logarithm of the modulus of a determinant."""

    sign: Any
    logabsdet: Any


@compiled(static_argnames=("method",))
def slogdet(a, *, method: str | None = None):
    """The sign and the logarithm of the modulus of determinants of (..., n, n).

    method: "lu" (the default) or "qr", by which decomposition. A singular matrix has
    sign 0 and logarithm -inf.

    >>> sign, logabsdet = slogdet(np.array([[0., 2.], [3., 0.]]))
    >>> float(sign), round(float(np.exp(logabsdet)))
    (-1.0, 6)
    """
    a = matrix_operand("jnp.linalg.slogdet", a, square=True)
    if method in (None, "lu"):
        pivots, sign = _lu_diagonal(a)
    elif method == "qr":
        pivots, sign = _qr_diagonal(a)
    else:
        raise ValueError(f"slogdet: method must be 'lu' or 'qr', got {method!r}.")
    modulus = lax.abs(pivots)
    sign = sign * reductions.prod(elementwise.sign(pivots), axis=-1)
    return SlogdetResult(sign, reductions.sum(lax.log(modulus), axis=-1))


def _lu_diagonal(a):
    """The diagonal of U, and the sign of the permutation."""
    packed, pivots, _ = lapack.lu(a)
    here = lax.broadcasted_iota(np.int32, pivots.shape, pivots.ndim - 1)
    odd = reductions.sum(pivots != here, axis=-1) % 2
    return matrices.diagonal(packed), (1 - 2 * odd).astype(a.dtype)


def _qr_diagonal(a):
    """The diagonal of R, and the determinant of Q."""
    q, r = lapack.qr(a, full_matrices=False)
    pivots, sign = _lu_diagonal(q)
    return matrices.diagonal(r), sign * reductions.prod(pivots, axis=-1)


@compiled
def det(a):
    """The determinants of matrices (..., n, n).

    >>> det(np.array([[1., 2.], [3., 4.]]))
    Array(-2., dtype=float32)
    """
    a = matrix_operand("jnp.linalg.det", a, square=True)
    n = a.shape[-1]
    if n <= 3:
        return _small_det(a, n)
    return _det(a)


@custom_jvp
def _det(a):
    pivots, sign = _lu_diagonal(a)
    return sign * reductions.prod(pivots, axis=-1)


@_det.defjvp
def _det_rule(primals, tangents):
    # Jacobi's formula: det_dot is the sum of cofactors times elements of A_dot.
    (a,), (a_dot,) = primals, tangents
    return _det(a), reductions.sum(_cofactors(a) * a_dot, axis=(-2, -1))


def _cofactors(a):
    """The transposed adjugate, also where one pivot of U vanishes.

    With P A = L U, adj(A) = det(P) adj(U) L^-1 P. adj(U) = det(U) U^-1 is affine in
    each pivot, so its value at a pivot 0 follows from the pivots 1 and 2.
    """
    packed, _, permutation = lapack.lu(a)
    _, sign = _lu_diagonal(a)
    one, two = (_upper_adjugate(packed, pivot) for pivot in (1, 2))
    adjugate = lapack.triangular_solve(
        packed, 2 * one - two, lower=True, unit_diagonal=True
    )
    back = permutation.argsort(axis=-1)
    cofactors = matrices.permuted_rows(matrices.transposed(adjugate), back)
    return sign[..., None, None] * cofactors


def _upper_adjugate(packed, pivot):
    """The adjugate of the upper triangle with zero pivots replaced by a number."""
    diagonal = matrices.diagonal(packed)
    nonzero = where(diagonal == 0, np.asarray(pivot, packed.dtype), diagonal)
    unit = matrices.identity(packed.shape, packed.dtype)
    upper = matrices.triu(packed, 1) + unit * matrices.rows(nonzero)
    inverse = lapack.triangular_solve(upper, unit, left_side=True)
    return reductions.prod(nonzero, axis=-1)[..., None, None] * inverse


def _small_det(a, n):
    """Leibniz's formula: its derivatives are right for singular matrices too."""
    if n == 0:
        return lax.full(a.shape[:-2], 1, a.dtype)

    def entry(i, j):
        return getitem(a, (..., i, j))

    if n == 1:
        return entry(0, 0)
    if n == 2:
        return entry(0, 0) * entry(1, 1) - entry(0, 1) * entry(1, 0)

    def minor(j, k):
        return entry(1, j) * entry(2, k) - entry(1, k) * entry(2, j)

    return (
        entry(0, 0) * minor(1, 2)
        - entry(0, 1) * minor(0, 2)
        + entry(0, 2) * minor(0, 1)
    )


# Condition numbers


def cond(x, p=None):
    """The condition number: a norm of x times that norm of its inverse.

    p: any `ord` of a matrix norm; None is 2, the quotient of extreme singular values,
    which exists for all matrices (..., m, n).

    >>> cond(np.array([[4., 0.], [0., 2.]]))
    Array(2., dtype=float32)
    """
    (x,) = promote_inexact("jnp.linalg.cond", x)
    if x.ndim < 2 or not x.size:
        raise ValueError(
            "jnp.linalg.cond: input array must be at least 2D and not empty, got shape "
            f"{tuple(x.shape)}."
        )
    if p not in (None, 2, -2):
        if x.shape[-1] != x.shape[-2]:
            raise ValueError(
                f"jnp.linalg.cond: for {p=} the array must be square; got "
                f"{tuple(x.shape)}"
            )
        out = norm(x, ord=p, axis=(-2, -1)) * norm(inv(x), ord=p, axis=(-2, -1))
    else:
        s = svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    # NaN that does not come from x is 0 / 0 of a singular matrix.
    missing = elementwise.isnan(out) & ~reductions.any(
        elementwise.isnan(x), axis=(-2, -1)
    )
    return lax.select(missing, lax.full_like(out, np.inf), out)


# Pseudo-inverses and least squares


def pinv(a, rtol=None, hermitian: bool = False, *, rcond=None):
    """The Moore-Penrose inverse of matrices (..., m, n), as (..., n, m).

    Singular values up to `rtol` times the largest count as zero; rtol defaults to
    10 max(m, n) times the precision of the dtype. `rcond` is an old name of rtol.

    >>> pinv(np.array([[2.], [0.]]))
    Array([[0.5, 0. ]], dtype=float32)
    """
    if rcond is not None:
        if rtol is not None:
            raise ValueError("pinv: only one of rtol and rcond may be specified.")
        rtol = rcond
    a = matrix_operand("jnp.linalg.pinv", a)
    m, n = a.shape[-2:]
    real = np.zeros((), a.dtype).real.dtype
    if rtol is None:
        rtol = 10.0 * max(m, n) * float(dtypes.finfo(real).eps)
    (rtol,) = promote_inexact("jnp.linalg.pinv", rtol)
    if not a.size:
        return lax.full((*a.shape[:-2], n, m), 0, a.dtype)
    return _pinv_jvp(a, as_array(rtol).astype(real), hermitian)


def _pinv(a, rtol, hermitian):
    u, s, vh = svd(a, full_matrices=False, hermitian=hermitian)
    bound = rtol[..., None] * getitem(s, (..., slice(0, 1)))
    large = s > bound
    weights = where(large, 1 / where(large, s, 1), 0).astype(a.dtype)
    scaled = matrices.columns(weights) * matrices.adjoint(u)
    return matrices.matmul(matrices.adjoint(vh), scaled)


_pinv_jvp = custom_jvp(_pinv, nondiff_argnums=(2,))


@_pinv_jvp.defjvp
def _pinv_rule(hermitian, primals, tangents):
    # G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear
    # least squares problems whose variables separate", 1973, with P the pseudo-inverse:
    # P_dot = -P A_dot P + P P^H A_dot^H (1 - A P) + (1 - P A) A_dot^H P^H P
    (a, rtol), (a_dot, _) = primals, tangents
    p = _pinv_jvp(a, rtol, hermitian)
    mul, adjoint = matrices.matmul, matrices.adjoint
    rows = adjoint(a_dot) - mul(mul(adjoint(a_dot), a), p)
    columns = adjoint(a_dot) - mul(p, mul(a, adjoint(a_dot)))
    p_dot = mul(mul(p, adjoint(p)), rows) + mul(columns, mul(adjoint(p), p))
    return p, p_dot - mul(p, mul(a_dot, p))


def lstsq(a, b, rcond=None, *, numpy_resid: bool = False):
    """`(x, residuals, rank, s)`: the x of least norm that minimises |a @ x - b|.

    a: (m, n); b: (m,) or (m, k). Singular values s below `rcond` times the largest
    count as zero; None means max(m, n) times the precision of the dtype. residuals are
    the squared norms of the columns of b - a @ x; with `numpy_resid` they are empty,
    as NumPy's, unless m > n = rank.

    >>> lstsq(np.array([[1.], [1.]]), np.array([1., 3.]))[0]
    Array([2.], dtype=float32)
    """
    a, b = (as_array(x) for x in promote_inexact("jnp.linalg.lstsq", a, b))
    if a.shape[:1] != b.shape[:1]:
        raise ValueError(
            f"Leading dimensions of input arrays must match, got {a.shape}, {b.shape}"
        )
    vector = b.ndim == 1
    if vector:
        b = matrices.columns(b)
    if a.ndim != 2 or b.ndim != 2:
        raise TypeError(
            f"{a.ndim}- and {b.ndim}-dimensional arrays given: lstsq takes a matrix, "
            "and a vector or matrix."
        )
    return _lstsq(a, b, rcond, vector, numpy_resid)


def _lstsq(a, b, rcond, vector, numpy_resid):
    m, n = a.shape
    real = np.zeros((), a.dtype).real.dtype
    eps = float(dtypes.finfo(real).eps)
    if not a.size:
        s = lax.full((0,), 0, real)
        rank = as_array(np.asarray(0, dtypes.canonicalize(np.int64)))
        x = lax.full((n, b.shape[1]), 0, a.dtype)
    else:
        if rcond is None:
            rcond = eps * max(m, n)
        bound = where(as_array(as_operand("jnp.linalg.lstsq", rcond)) < 0, eps, rcond)
        s = svd(a, compute_uv=False)
        bound = bound.astype(real)
        rank = reductions.sum(s >= bound * getitem(s, 0))
        x = _least_squares(a, b, bound)
    if numpy_resid and (m <= n or int(rank) < n):
        residuals = lax.full((0,), 0, real)
    else:
        rest = b - matrices.matmul(a, x)
        residuals = reductions.sum(lax.abs(rest) ** 2, axis=0)
    return (lax.squeeze(x, (1,)) if vector else x), residuals, rank, s


@custom_jvp
def _least_squares(a, b, bound):
    """The x of least norm that minimises |a @ x - b|."""
    return matrices.matmul(_cut_pinv(a, bound), b)


@_least_squares.defjvp
def _least_squares_rule(primals, tangents):
    # The derivative of a pseudo-inverse P of constant rank (Golub and Pereyra, below
    # `pinv`), applied to b, with the rest r = b - A x:
    # x_dot = P (b_dot - A_dot x) + P P^H A_dot^H r + (1 - P A) A_dot^H P^H x
    (a, b, bound), (a_dot, b_dot, _) = primals, tangents
    mul, adjoint = matrices.matmul, matrices.adjoint
    p = _cut_pinv(a, bound)
    x = _least_squares(a, b, bound)
    left = mul(adjoint(a_dot), b - mul(a, x))
    right = mul(adjoint(a_dot), mul(adjoint(p), x))
    x_dot = mul(p, b_dot - mul(a_dot, x)) + mul(p, mul(adjoint(p), left))
    return x, x_dot + right - mul(p, mul(a, right))


def _cut_pinv(a, bound):
    """The pseudo-inverse, in which singular values below a part of the largest are 0.

    `pinv` leaves out what is at most its bound, and this what is below it.
    """
    tiny = float(dtypes.finfo(bound.dtype).tiny)
    below = lax.sub(bound, bound * float(dtypes.finfo(bound.dtype).eps))
    return _pinv_jvp(a, elementwise.maximum(below, tiny), False)


# Powers and chains


def matrix_power(a, n: int):
    """Matrices (..., m, m) to an integer power; negative powers invert.

    >>> matrix_power(np.array([[1, 1], [0, 1]]), 3)
    Array([[1, 3],
           [0, 1]], dtype=int32)
    """
    a = as_array(as_operand("jnp.linalg.matrix_power", a))
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise TypeError(
            f"Last 2 dimensions of the array must be square, got shape {a.shape}."
        )
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"exponent must be an integer, got {n!r}") from None
    if n == 0:
        return matrices.identity(a.shape, a.dtype)
    if n < 0:
        a, n = inv(a), -n
    # Binary powers: x^13 = x^8 x^4 x.
    out = None
    while n:
        if n & 1:
            out = a if out is None else contract.matmul(out, a)
        n >>= 1
        if n:
            a = contract.matmul(a, a)
    return out


def multi_dot(arrays, *, precision=None):
    """The product of matrices, in the order that takes the fewest multiplications.

    The first and last operand may be vectors, a row and a column.

    >>> multi_dot([np.ones((2, 9)), np.ones((9, 2)), np.ones(2)])
    Array([18., 18.], dtype=float32)
    """
    chain = [as_array(as_operand("jnp.linalg.multi_dot", x)) for x in arrays]
    if len(chain) < 2:
        raise ValueError(
            f"multi_dot requires at least two arrays; got len={len(chain)}"
        )
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    if row:
        chain[0] = lax.expand_dims(chain[0], (0,))
    if column:
        chain[-1] = lax.expand_dims(chain[-1], (1,))
    if any(x.ndim != 2 for x in chain):
        raise ValueError(
            "multi_dot: operands must be matrices, and at the ends may be vectors, got "
            f"shapes {[tuple(x.shape) for x in chain]}."
        )
    for x, y in itertools.pairwise(chain):
        if x.shape[1] != y.shape[0]:
            raise ValueError(
                "multi_dot: neighbours must agree in size, got shapes "
                f"{tuple(x.shape)} and {tuple(y.shape)}."
            )
    sizes = [x.shape[0] for x in chain] + [chain[-1].shape[1]]
    out = _product(chain, _splits(sizes), 0, len(chain) - 1, precision)
    if row:
        out = lax.squeeze(out, (0,))
    return lax.squeeze(out, (out.ndim - 1,)) if column else out


def _splits(sizes) -> dict:
    """Where to split each product of matrices i .. j.

    Dynamic programming: T. Cormen, C. Leiserson, R. Rivest and C. Stein, "Introduction
    to Algorithms", section on matrix-chain multiplication.
    """
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    split = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j], split[i, j] = min(
                (
                    cost[i, k]
                    + cost[k + 1, j]
                    + sizes[i] * sizes[k + 1] * sizes[j + 1],
                    k,
                )
                for k in range(i, j)
            )
    return split


def _product(chain, splits, i, j, precision):
    if i == j:
        return chain[i]
    k = splits[i, j]
    left = _product(chain, splits, i, k, precision)
    right = _product(chain, splits, k + 1, j, precision)
    return contract.matmul(left, right, precision=precision)


# Tensors read as matrices


def tensorinv(a, ind: int = 2):
    """The inverse of the linear map that `tensordot(a, x, ind)`'s axes describe.

    The product of the first `ind` sizes of a equals the product of the others.

    >>> tensorinv(np.eye(4).reshape(2, 2, 4)).shape
    (4, 2, 2)
    """
    a = as_array(as_operand("jnp.linalg.tensorinv", a))
    ind = operator.index(ind)
    if ind <= 0:
        raise ValueError(f"ind must be a positive integer; got {ind=}")
    first, last = a.shape[:ind], a.shape[ind:]
    if math.prod(first) != math.prod(last):
        raise ValueError(
            f"tensorinv is only possible when the product of the first {ind} "
            f"dimensions equals that of the remaining dimensions; got {a.shape=} with "
            f"{ind=}."
        )
    matrix = reshape(a, (math.prod(first), -1))
    return reshape(inv(matrix), (*last, *first))


def tensorsolve(a, b, axes=None):
    """The tensor x with `tensordot(a, x, x.ndim) = b`.

    axes: axes of a to move to the end first.

    >>> tensorsolve(np.eye(4).reshape(2, 2, 4), np.ones((2, 2)))
    Array([1., 1., 1., 1.], dtype=float32)
    """
    a, b = (as_array(as_operand("jnp.linalg.tensorsolve", x)) for x in (a, b))
    if axes is not None:
        a = moveaxis(a, tuple(axes), tuple(range(a.ndim - len(axes), a.ndim)))
    shape = a.shape[b.ndim :]
    if a.shape[: b.ndim] != b.shape or math.prod(shape) != b.size:
        raise ValueError(
            f"After moving axes to end, leading shape of a must match shape of b, and "
            f"the others must have {b.size} elements; got a.shape={a.shape}, "
            f"b.shape={b.shape}"
        )
    x = solve(reshape(a, (b.size, math.prod(shape))), reshape(b, (b.size,)))
    return reshape(x, shape)
