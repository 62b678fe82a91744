"""Decompositions of matrices, with the names of `jax.lax.linalg`.

Every primitive works on stacks of matrices (..., m, n) in f32, f64, c64 and c128. On
the CPU it is one call of LAPACK; where that fails, the members it failed for are NaN.
"""

from .eigen import EigImplementation, eig, eig_p, schur, schur_p
from .hermitian import EighImplementation, eigh, eigh_p
from .lu import lu, lu_p, lu_pivots_to_permutation, lu_pivots_to_permutation_p
from .householder import (
    geqrf,
    geqrf_p,
    householder_product,
    householder_product_p,
    ormqr,
    ormqr_p,
)
from .qr import cholesky_update, qr, qr_p
from .solve import lu_solve, lu_solve_p
from .svd import SvdAlgorithm, svd, svd_p
from .triangular import (
    cholesky,
    cholesky_p,
    cholesky_solve,
    symmetric_product,
    triangular_solve,
    triangular_solve_p,
)
from .tridiagonal import (
    hessenberg,
    hessenberg_p,
    tridiagonal,
    tridiagonal_p,
    tridiagonal_solve,
    tridiagonal_solve_p,
)

__all__ = [
    "EigImplementation",
    "EighImplementation",
    "SvdAlgorithm",
    "cholesky",
    "cholesky_p",
    "cholesky_solve",
    "cholesky_update",
    "eig",
    "eig_p",
    "eigh",
    "eigh_p",
    "geqrf",
    "geqrf_p",
    "hessenberg",
    "hessenberg_p",
    "householder_product",
    "householder_product_p",
    "lu",
    "lu_p",
    "lu_pivots_to_permutation",
    "lu_pivots_to_permutation_p",
    "lu_solve",
    "lu_solve_p",
    "ormqr",
    "ormqr_p",
    "qr",
    "qr_p",
    "schur",
    "schur_p",
    "svd",
    "svd_p",
    "symmetric_product",
    "triangular_solve",
    "triangular_solve_p",
    "tridiagonal",
    "tridiagonal_p",
    "tridiagonal_solve",
    "tridiagonal_solve_p",
]
