"""Linear algebra of `scipy.linalg`: factorizations, triangular systems, expm."""

import numpy as np

from .. import primitives as lax
from ..control import fori_loop
from ..numpy import linalg
from ..numpy.contract import matmul
from ..numpy.elementwise import conj, where_scalar
from ..numpy.linalg import det as det
from ..numpy.linalg import inv as inv
from ..numpy.promotion import promote_inexact
from ..numpy.shaping import swapaxes
from ..numpy.stacking import concatenate
from ..primitives import linalg as lapack


def _adjoint(a):
    return conj(swapaxes(a, -1, -2))


def cholesky(a, lower: bool = False, overwrite_a=False, check_finite=True):
    """The Cholesky factor of a positive definite matrix; the upper one by default."""
    factor = linalg.cholesky(a)
    return factor if lower else _adjoint(factor)


def cho_factor(a, lower: bool = False, overwrite_a=False, check_finite=True):
    """The Cholesky factor and its side, for `cho_solve`."""
    return cholesky(a, lower=lower), lower


def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    """Solve a x = b from the result of `cho_factor`.

    Args:
      c_and_lower: a triangular factor (n, n) and whether it is the lower one.
      b: (n,) or (n, k).
    """
    c, lower = c_and_lower
    first, second = ("N", "C") if lower else ("C", "N")
    y = solve_triangular(c, b, trans=first, lower=lower)
    return solve_triangular(c, y, trans=second, lower=lower)


_TRANSPOSED: dict[int | str, str] = {0: "N", 1: "T", 2: "C"}


def solve_triangular(
    a,
    b,
    trans: int | str = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b=False,
    check_finite=True,
):
    """Solve op(a) x = b for a triangular matrix.

    Args:
      a: (n, n), of which one triangle is read.
      b: (n,) or (n, k).
      trans: 0 or "N" for a, 1 or "T" for its transpose, 2 or "C" for its adjoint.
    """
    op = _TRANSPOSED.get(trans, str(trans))
    if op not in ("N", "T", "C"):
        raise ValueError(
            f"solve_triangular: trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}."
        )
    a, b = promote_inexact("solve_triangular", a, b)
    vector = b.ndim == a.ndim - 1
    rhs = lax.expand_dims(b, [b.ndim]) if vector else b
    x = lapack.triangular_solve(
        a,
        rhs,
        left_side=True,
        lower=lower,
        transpose_a=op != "N",
        conjugate_a=op == "C",
        unit_diagonal=unit_diagonal,
    )
    return lax.squeeze(x, [x.ndim - 1]) if vector else x


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
    """Solve a x = b; `assume_a="pos"` uses the Cholesky factorization."""
    if assume_a == "pos":
        return cho_solve(cho_factor(a, lower=lower), b)
    if assume_a not in ("gen", "sym", "her"):
        raise ValueError(
            f"solve: assume_a must be 'gen', 'sym', 'her' or 'pos', got {assume_a!r}."
        )
    return linalg.solve(a, b)


def lu_factor(a, overwrite_a=False, check_finite=True):
    """The packed LU factorization and its pivots, for `lu_solve`."""
    (a,) = promote_inexact("lu_factor", a)
    packed, pivots, _ = lapack.lu(a)
    return packed, pivots


def lu_solve(lu_and_piv, b, trans: int = 0, overwrite_b=False, check_finite=True):
    """Solve a x = b from the result of `lu_factor`; trans as in `solve_triangular`."""
    packed, pivots = lu_and_piv
    permutation = lapack.lu_pivots_to_permutation(pivots, packed.shape[-1])
    packed, b = promote_inexact("lu_solve", packed, b)
    if trans == 0:
        y = solve_triangular(packed, b[permutation], lower=True, unit_diagonal=True)
        return solve_triangular(packed, y, lower=False)
    y = solve_triangular(packed, b, trans=trans, lower=False)
    z = solve_triangular(packed, y, trans=trans, lower=True, unit_diagonal=True)
    return z.at[permutation].set(z)


def eigh(a, b=None, lower: bool = True, eigvals_only: bool = False, **options):
    """Eigenvalues (ascending) and eigenvectors of a Hermitian matrix."""
    if b is not None or options:
        raise NotImplementedError(
            "eigh: only the standard problem is supported; b and "
            f"{sorted(options)} are not. Reduce the problem with cholesky first."
        )
    side = "L" if lower else "U"
    if eigvals_only:
        return linalg.eigvalsh(a, side)
    w, v = linalg.eigh(a, side)
    return w, v


def svd(
    a,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a=False,
    check_finite=True,
    lapack_driver: str = "gesdd",
):
    """Singular values, and the factors u and v^H unless `compute_uv` is false."""
    return linalg.svd(a, full_matrices=full_matrices, compute_uv=compute_uv)


def block_diag(*arrs):
    """A matrix with the given matrices along its diagonal."""
    blocks = promote_inexact("block_diag", *(arrs or (np.zeros((1, 0), "float32"),)))
    blocks = [x.reshape((1, -1)) if x.ndim < 2 else x for x in blocks]
    width = sum(x.shape[1] for x in blocks)
    rows = []
    start = 0
    for x in blocks:
        edges = [(0, 0, 0), (start, width - start - x.shape[1], 0)]
        rows.append(lax.pad(x, np.zeros((), x.dtype), edges))
        start += x.shape[1]
    return concatenate(rows, axis=0)


# Coefficients of the [13/13] Padé approximant of exp, and the norm up to which it is
# accurate: N. J. Higham, "The scaling and squaring method for the matrix exponential
# revisited", SIAM J. Matrix Anal. Appl. 26 (2005), table 2.3.
_PADE = (
    64764752532480000.0,
    32382376266240000.0,
    7771770303897600.0,
    1187353796428800.0,
    129060195264000.0,
    10559470521600.0,
    670442572800.0,
    33522128640.0,
    1323241920.0,
    40840800.0,
    960960.0,
    16380.0,
    182.0,
    1.0,
)
_THETA = 5.371920351148152


def expm(A, *, upper_triangular: bool = False, max_squarings: int = 16):
    """The matrix exponential, by scaling, a Padé approximant, and squaring.

    Args:
      A: (n, n).
      max_squarings: beyond 2^max_squarings times the accurate range, the result is NaN.
    """
    (a,) = promote_inexact("expm", A)
    norm = abs(a).sum(axis=-2).max()
    ratio = norm / _THETA
    exponent = lax.ceil(lax.log(where_scalar(ratio < 1, 1.0, ratio)) / np.log(2.0))
    too_large = exponent > max_squarings
    scaled = a / (2.0**exponent).astype(a.dtype)
    b = [coefficient / _PADE[0] for coefficient in _PADE]
    unit = np.eye(a.shape[-1], dtype=a.dtype)
    a2 = matmul(scaled, scaled)
    a4 = matmul(a2, a2)
    a6 = matmul(a4, a2)
    odd = matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2)
    u = matmul(scaled, odd + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * unit)
    even = matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2)
    v = even + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * unit
    result = linalg.solve(v - u, v + u)
    steps = exponent.astype(np.int32)

    def square(k, x):
        return lax.select(k < steps, matmul(x, x), x)

    squared = fori_loop(0, max_squarings, square, result)
    return where_scalar(too_large, np.nan, squared)
