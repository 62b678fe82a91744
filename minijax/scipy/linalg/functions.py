"""Functions of matrices: exponential, square root, polar factors."""

import numpy as np

from ... import primitives as lax
from ...api import compiled, custom_jvp, jvp
from ...control import fori_loop
from ...numpy import linalg
from ...numpy.arguments import as_array
from ...numpy.elementwise import where_scalar
from ...numpy.promotion import as_operand, promote_inexact
from ...numpy.selection import where
from ...primitives import linalg as lapack
from ...primitives.linalg import matrices
from ...primitives.linalg.matrices import adjoint, matmul
from .decompositions import rsf2csf
from .sylvester import lyapunov, sylvester

# Coefficients of the [13/13] Padé approximant of exp, and the norm up to which it is
# accurate: N. J. Higham, "The scaling and squaring method for the matrix exponential
# revisited", SIAM J. Matrix Anal. Appl. 26 (2005), table 2.3. In single precision that
# of the [7/7] approximant says when to scale, so that max_squarings means what it does
# in JAX.
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
_THETA = {
    np.dtype("float32"): 3.925724783138660,
    np.dtype("float64"): 5.371920351148152,
}


def _square(where, a, error=ValueError):
    """A user's stack of square matrices as an array of a dtype of LAPACK."""
    (a,) = promote_inexact(where, a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise error(
            f"{where}: matrices must be square, (..., n, n), got shape "
            f"{tuple(a.shape)}."
        )
    return as_array(a)


@compiled(static_argnames=("upper_triangular", "max_squarings"))
def expm(A, *, upper_triangular: bool = False, max_squarings: int = 16):
    """The exponential of matrices, by scaling, a Padé approximant, and squaring.

    A: (..., n, n); `upper_triangular` says that it is, which saves a decomposition.
    Matrices that need more than `max_squarings` squarings give NaN.
    N. J. Higham, "The scaling and squaring method for the matrix exponential
    revisited", SIAM J. Matrix Anal. Appl. 26 (2005).

    >>> expm(np.array([[0., 1.], [0., 0.]]))
    Array([[1., 1.],
           [0., 1.]], dtype=float32)
    """
    a = _square("expm", A)
    if not a.size:
        return a
    return _expm(a, upper_triangular, max_squarings)


@matrices.half_in_single
def _expm(a, upper_triangular, max_squarings):
    norm = lax.stop_gradient(
        abs(a).sum(axis=-2, keepdims=True).max(axis=-1, keepdims=True)
    )
    ratio = norm / _THETA[np.dtype(norm.dtype)]
    exponent = lax.ceil(lax.log(where_scalar(ratio < 1, 1.0, ratio)) / np.log(2.0))
    numerator, denominator = _pade(a / (2.0**exponent).astype(a.dtype))
    if upper_triangular:
        result = lapack.triangular_solve(denominator, numerator, left_side=True)
    else:
        result = linalg.solve(denominator, numerator)
    steps = exponent.astype(np.int32)

    def square(k, x):
        return where(k < steps, matmul(x, x), x)

    squared = fori_loop(0, max_squarings, square, result)
    return where(exponent > max_squarings, np.nan, squared)


def _pade(a):
    """Numerator and denominator of the approximant, by three powers of the matrix."""
    b = [coefficient / _PADE[0] for coefficient in _PADE]
    unit = matrices.identity(a.shape, a.dtype)
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a4, a2)
    odd = matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2)
    u = matmul(a, odd + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * unit)
    even = matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2)
    v = even + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * unit
    return v + u, v - u


def expm_frechet(A, E, *, method: str | None = None, compute_expm: bool = True):
    """The exponential of A and its derivative along E; the latter alone on request.

    A, E: (..., n, n), of one dtype. `method` is not used.

    >>> expm_frechet(np.zeros((2, 2)), np.eye(2), compute_expm=False)
    Array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    (a,), (e,) = (promote_inexact("expm_frechet", x) for x in (A, E))
    for name, x in (("A", a), ("E", e)):
        if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
            raise ValueError(
                f"expm_frechet: {name} must be square matrices, got shape "
                f"{tuple(x.shape)}."
            )
    if a.shape != e.shape:
        raise ValueError(
            f"expm_frechet: A and E must have one shape, got {tuple(a.shape)} and "
            f"{tuple(e.shape)}."
        )
    if as_operand("expm_frechet", A).dtype != as_operand("expm_frechet", E).dtype:
        raise TypeError(
            f"expm_frechet: A and E must have one dtype, got {a.dtype} and {e.dtype}. "
            "Convert one with astype."
        )
    value, slope = jvp(expm, (as_array(a),), (as_array(e),))
    return (value, slope) if compute_expm else slope


# Square roots


@compiled(static_argnames=("blocksize",))
def sqrtm(A, blocksize: int = 1):
    """The principal square root of matrices (..., n, n), complex.

    The root of the Schur form is computed column by column; the derivative solves
    Sylvester's equation.
    Å. Björck and S. Hammarling, "A Schur method for the square root of a matrix",
    Linear Algebra Appl. 52 (1983).

    >>> sqrtm(np.array([[4., 1.], [0., 4.]])).real
    Array([[2.  , 0.25],
           [0.  , 2.  ]], dtype=float32)
    """
    if blocksize != 1:
        raise NotImplementedError(
            f"sqrtm: only blocksize=1 is available, got {blocksize}."
        )
    a = _square("sqrtm", A)
    return _root(a.astype(np.float32) if a.dtype.itemsize == 2 else a)


@custom_jvp
def _root(a):
    dtype = matrices.complex_dtype(a.dtype)
    if not a.size:
        return a.astype(dtype)
    t, z = lapack.schur(a)
    if a.dtype != dtype:
        # From the real form, in which real eigenvalues are real: those that are
        # negative have roots on the positive imaginary axis, and not on either side.
        t, z = rsf2csf(t, z)
    return matmul(z, matmul(_triangular_root(t), adjoint(z)))


@_root.defjvp
def _root_rule(primals, tangents):
    # X X = A gives X X_dot + X_dot X = A_dot.
    (a,), (a_dot,) = primals, tangents
    x = _root(a)
    return x, sylvester(x, x, a_dot.astype(x.dtype))


def _triangular_root(t):
    """The upper triangular root r: (r_<j + r_jj) r_j = t_j above the diagonal."""
    n = t.shape[-1]
    w = matrices.diagonal(t)
    # On the cut, where the sign of zero would choose.
    upper_side = lax.complex(lax.real(w), lax.full_like(lax.real(w), 0))
    roots = lax.sqrt(where(lax.imag(w) == 0, upper_side, w))
    row = lax.broadcasted_iota(np.int32, (*t.shape[:-1], 1), t.ndim - 2)
    unit = matrices.identity(t.shape, t.dtype)

    def step(j, r):
        root = lax.dynamic_slice_in_dim(roots, j, 1, axis=roots.ndim - 1)[..., None]
        column = lax.dynamic_slice_in_dim(t, j, 1, axis=t.ndim - 1)
        sums = where(row < j, matrices.columns(roots) + root, 1)
        none = sums == 0
        matrix = matrices.triu(r, 1) + unit * where(none, 1, sums)
        x = lapack.triangular_solve(matrix, where(row < j, column, 0), left_side=True)
        # Two zero eigenvalues that are not independent have no root.
        x = where(none & (x != 0), np.nan, x)
        x = where(row == j, root, x)
        return lax.dynamic_update_slice_in_dim(r, x, j, axis=r.ndim - 1)

    return fori_loop(0, n, step, lax.full(t.shape, 0, t.dtype))


# Polar factors


@compiled(static_argnames=("side", "method", "eps", "max_iterations"))
def polar(
    a,
    side: str = "right",
    *,
    method: str = "qdwh",
    eps: float | None = None,
    max_iterations: int | None = None,
):
    """`(u, p)` with `a = u @ p`, or `p @ u` for side "left"; p positive semidefinite.

    a: (..., m, n). u: (..., m, n) has orthonormal columns, or rows if m < n; p:
    (..., n, n), or (..., m, m) for side "left". Both come from the singular value
    decomposition, whatever the method, "qdwh" or "svd"; `lax.linalg.qdwh` iterates.

    >>> polar(np.array([[0., -2.], [3., 0.]]))[1]
    Array([[3., 0.],
           [0., 2.]], dtype=float32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"polar: side must be 'right' or 'left', got {side!r}.")
    if method not in ("qdwh", "svd"):
        raise ValueError(f"polar: method must be 'qdwh' or 'svd', got {method!r}.")
    a = as_array(as_operand("polar", a))
    if a.ndim < 2 or np.dtype(a.dtype).kind in "biu":
        raise ValueError(
            "polar: a must be matrices (..., m, n) of floats or complex numbers, got "
            f"{a.aval}."
        )
    u, p = _polar(a)
    wide = a.shape[-2] < a.shape[-1]
    if wide == (side == "left"):
        return u, p
    # The other factor is that of the adjoint: a = u p = (u p u^H) u.
    inner = (adjoint(u), u) if wide else (u, adjoint(u))
    return u, matrices.hermitian_part(matmul(inner[0], matmul(p, inner[1])))


@matrices.half_in_single
def _polar(a):
    """u, and the smaller p: on its right if a is tall, on its left if it is wide."""
    if a.shape[-2] < a.shape[-1]:
        u, p = _tall_polar(adjoint(a))
        return adjoint(u), p
    return _tall_polar(a)


@custom_jvp
def _tall_polar(a):
    u, s, vh = lapack.svd(a, full_matrices=False)
    p = matmul(adjoint(vh), matrices.columns(s).astype(vh.dtype) * vh)
    return matmul(u, vh), matrices.hermitian_part(p)


@_tall_polar.defjvp
def _tall_polar_rule(primals, tangents):
    # A = U P with U^H U = 1: Omega = U^H U_dot is skew, and U^H A_dot = Omega P + P_dot
    # with Hermitian P_dot gives Omega P + P Omega = U^H A_dot - A_dot^H U. It does not
    # matter whether singular values repeat.
    (a,), (a_dot,) = primals, tangents
    u, p = _tall_polar(a)
    inner = matmul(adjoint(u), a_dot)
    omega = lyapunov(p, inner - adjoint(inner))
    u_dot = matmul(u, omega)
    if a.shape[-2] > a.shape[-1]:
        rest = adjoint(a_dot - matmul(u, inner))
        u_dot = u_dot + adjoint(linalg.solve(p, rest))
    return (u, p), (u_dot, matrices.hermitian_part(inner - matmul(omega, p)))
