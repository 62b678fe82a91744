"""Systems of equations: triangular, factored, general; determinants and inverses.

Right-hand sides are vectors where they have one axis, or one axis less than the
matrices and vectors' size in the last, and matrices otherwise; leading axes broadcast.
"""

import numpy as np

from ... import primitives as lax
from ...api import compiled
from ...numpy import linalg
from ...numpy.arguments import as_array, spread
from ...numpy.promotion import as_operand, promote_inexact
from ...primitives import linalg as lapack
from ...primitives.linalg import matrices
from .decompositions import cho_factor


def inv(a, overwrite_a=False, check_finite=True):
    """The inverse of matrices (..., n, n).

    >>> inv(np.array([[2., 0.], [0., 4.]]))
    Array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    return linalg.inv(a)


def det(a, overwrite_a=False, check_finite=True):
    """The determinants of matrices (..., n, n).

    >>> det(np.array([[1., 2.], [3., 4.]]))
    Array(-2., dtype=float32)
    """
    return linalg.det(a)


def _broadcast(where, a, b, others=()):
    """Matrices and right-hand sides, as matrices, with one batch; b was a vector."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(
            f"{where}: the matrix must have shape (..., n, n), got {tuple(a.shape)}."
        )
    vector = b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape[-1] == a.shape[-1])
    if not b.ndim:
        raise ValueError(f"{where}: the right-hand side must have an axis, got ().")
    if vector:
        b = matrices.columns(b)
    if b.shape[-2] != a.shape[-1]:
        raise ValueError(
            f"{where}: the right-hand side must have {a.shape[-1]} rows like the "
            f"matrix, got shapes {tuple(a.shape)} and {tuple(b.shape)}."
        )
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    more = [spread(x, (*lead, x.shape[-1])) for x in others]
    a = spread(a, (*lead, *a.shape[-2:]))
    return a, spread(b, (*lead, *b.shape[-2:])), more, vector


def _shaped(x, vector):
    return lax.squeeze(x, (x.ndim - 1,)) if vector else x


_TRANSPOSED: dict[int | str, str] = {0: "N", 1: "T", 2: "C"}


def _operation(where, trans) -> str:
    op = _TRANSPOSED.get(trans, trans)
    if op not in ("N", "T", "C"):
        raise ValueError(
            f"{where}: trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}."
        )
    return op


@compiled(
    static_argnames=(
        "trans",
        "lower",
        "unit_diagonal",
        "overwrite_b",
        "debug",
        "check_finite",
    )
)
def solve_triangular(
    a,
    b,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b=False,
    debug=None,
    check_finite=True,
):
    """The solution x of `op(a) @ x = b` for a triangular matrix.

    a: (..., n, n), of which one triangle is read. b: (n,) or (..., n, k). trans: 0 or
    "N" for a, 1 or "T" for its transpose, 2 or "C" for its adjoint.

    >>> solve_triangular(np.array([[2., 1.], [0., 4.]]), np.array([4., 4.]))
    Array([1.5, 1. ], dtype=float32)
    """
    op = _operation("solve_triangular", trans)
    a, b = (as_array(x) for x in promote_inexact("solve_triangular", a, b))
    a, b, _, vector = _broadcast("solve_triangular", a, b)
    x = _triangular(a, b, op, lower, unit_diagonal)
    return _shaped(x, vector)


def _triangular(a, b, op, lower, unit_diagonal=False):
    return lapack.triangular_solve(
        a,
        b,
        left_side=True,
        lower=bool(lower),
        transpose_a=op != "N",
        conjugate_a=op == "C",
        unit_diagonal=bool(unit_diagonal),
    )


@compiled(static_argnames=("lower", "overwrite_b", "check_finite"))
def _cho_solve(c, b, lower):
    c, b = (as_array(x) for x in promote_inexact("cho_solve", c, b))
    c, b, _, vector = _broadcast("cho_solve", c, b)
    first, second = ("N", "C") if lower else ("C", "N")
    y = _triangular(c, b, first, lower)
    return _shaped(_triangular(c, y, second, lower), vector)


def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    """The solution x of `a @ x = b` from the result of `cho_factor(a)`.

    c_and_lower: a triangular factor (..., n, n) and whether it is the lower one.
    b: (n,) or (..., n, k).

    >>> cho_solve(cho_factor(np.diag([2., 4.])), np.array([1., 1.]))
    Array([0.49999997, 0.25      ], dtype=float32)
    """
    c, lower = c_and_lower
    return _cho_solve(c, b, bool(lower))


def solve(
    a,
    b,
    lower: bool = False,
    overwrite_a=False,
    overwrite_b=False,
    debug=False,
    check_finite=True,
    assume_a: str = "gen",
):
    """The solution x of `a @ x = b`.

    a: (..., n, n). b: (n,) or (..., n, k). assume_a: "gen", "sym", "her", or "pos",
    which uses the Cholesky decomposition. lower: which factor that takes.

    >>> solve(np.array([[2., 0.], [0., 4.]]), np.array([1., 1.]))
    Array([0.5 , 0.25], dtype=float32)
    """
    if assume_a not in ("gen", "sym", "her", "pos"):
        raise ValueError(
            f"solve: assume_a must be 'gen', 'sym', 'her' or 'pos'; got {assume_a!r}."
        )
    if assume_a == "pos":
        return cho_solve(cho_factor(a, lower=lower), b)
    return linalg.solve(a, b)


def lu_factor(a, overwrite_a=False, check_finite=True):
    """`(lu, pivots)`: the packed LU decomposition and its pivots, for `lu_solve`.

    a: (..., m, n). lu holds U in its upper triangle and L, whose diagonal is one, below
    it; pivots: i32 (..., min(m, n)), the row that row k was exchanged with at step k.

    >>> lu_factor(np.array([[0., 1.], [2., 0.]]))[1]
    Array([1, 1], dtype=int32)
    """
    packed, pivots, _ = _lu(a)
    return packed, pivots


@compiled
def _lu(a):
    (a,) = promote_inexact("lu_factor", a)
    return lapack.lu(as_array(a))


@compiled(static_argnames=("trans",))
def _lu_solve(packed, pivots, b, trans):
    packed, b = (as_array(x) for x in promote_inexact("lu_solve", packed, b))
    pivots = as_array(as_operand("lu_solve", pivots))
    n = packed.shape[-1]
    order = lapack.lu_pivots_to_permutation(pivots, n)
    packed, b, (order,), vector = _broadcast("lu_solve", packed, b, [order])
    if trans == "N":
        right = matrices.permuted_rows(b, order)
        y = _triangular(packed, right, "N", True, True)
        return _shaped(_triangular(packed, y, "N", False), vector)
    y = _triangular(packed, b, trans, False)
    z = _triangular(packed, y, trans, True, True)
    return _shaped(matrices.permuted_rows(z, order.argsort(axis=-1)), vector)


def lu_solve(lu_and_piv, b, trans: int = 0, overwrite_b=False, check_finite=True):
    """The solution x of `op(a) @ x = b` from the result of `lu_factor(a)`.

    b: (n,) or (..., n, k). trans: 0 for a, 1 for its transpose, 2 for its adjoint.

    >>> factors = lu_factor(np.array([[2., 0.], [0., 4.]]))
    >>> lu_solve(factors, np.array([1., 1.]))
    Array([0.5 , 0.25], dtype=float32)
    """
    if trans not in (0, 1, 2):
        raise ValueError(f"lu_solve: trans must be 0, 1 or 2, got {trans!r}.")
    packed, pivots = lu_and_piv
    return _lu_solve(packed, pivots, b, _TRANSPOSED[trans])
