"""Linear algebra with SciPy's names: `minijax.scipy.linalg` is `jax.scipy.linalg`.

decompositions   cholesky, lu, qr, svd, eigh, schur, hessenberg
systems          solve, solve_triangular, cho_solve, lu_solve, inv, det
sylvester        solve_sylvester
functions        expm, sqrtm, polar
matrix_functions a function of numbers as one of matrices
patterns         toeplitz, hankel, companion, block_diag, ...
"""

from .decompositions import cho_factor as cho_factor
from .decompositions import cholesky as cholesky
from .decompositions import eigh as eigh
from .decompositions import eigh_tridiagonal as eigh_tridiagonal
from .decompositions import hessenberg as hessenberg
from .decompositions import lu as lu
from .decompositions import qr as qr
from .decompositions import qr_multiply as qr_multiply
from .decompositions import rsf2csf as rsf2csf
from .decompositions import schur as schur
from .decompositions import svd as svd
from .functions import expm as expm
from .functions import expm_frechet as expm_frechet
from .functions import polar as polar
from .functions import sqrtm as sqrtm
from .matrix_functions import funm as funm
from .patterns import block_diag as block_diag
from .patterns import circulant as circulant
from .patterns import companion as companion
from .patterns import convolution_matrix as convolution_matrix
from .patterns import dft as dft
from .patterns import fiedler as fiedler
from .patterns import fiedler_companion as fiedler_companion
from .patterns import hadamard as hadamard
from .patterns import hankel as hankel
from .patterns import helmert as helmert
from .patterns import hilbert as hilbert
from .patterns import invhilbert as invhilbert
from .patterns import invpascal as invpascal
from .patterns import leslie as leslie
from .patterns import pascal as pascal
from .patterns import toeplitz as toeplitz
from .sylvester import solve_sylvester as solve_sylvester
from .systems import cho_solve as cho_solve
from .systems import det as det
from .systems import inv as inv
from .systems import lu_factor as lu_factor
from .systems import lu_solve as lu_solve
from .systems import solve as solve
from .systems import solve_triangular as solve_triangular
