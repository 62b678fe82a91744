"""Linear algebra on matrices in the last two axes: `numpy.linalg` with derivatives.

Decompositions run on LAPACK (CPU) and cuSOLVER (GPU), compute in f32, f64, c64 and
c128, and give NaN where they fail. Integers are converted to floats.
"""

from ..contract import matmul, tensordot, vecdot
from ..shaping import matrix_transpose
from .decompositions import (
    cholesky,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    qr,
    svd,
    svdvals,
)
from .norms import matrix_norm, matrix_rank, norm, vector_norm
from .products import cross, diagonal, outer, trace
from .solving import (
    cond,
    det,
    inv,
    lstsq,
    matrix_power,
    multi_dot,
    pinv,
    slogdet,
    solve,
    tensorinv,
    tensorsolve,
)
