"""NumPy's decompositions: svd, eigh, eig, qr and cholesky, as named tuples."""

from typing import Any, NamedTuple

from ... import primitives as lax
from ...api import compiled
from ...primitives import linalg as lapack
from ...primitives.linalg import matrices
from ..arguments import as_array
from ..promotion import promote_inexact


class SVDResult(NamedTuple):
    """`u @ diag(s) @ vh`."""

    U: Any
    S: Any
    Vh: Any


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class EigResult(NamedTuple):
    """Eigenvalues and right eigenvectors as columns, both complex."""

    eigenvalues: Any
    eigenvectors: Any


class QRResult(NamedTuple):
    """Orthonormal columns and an upper triangular matrix."""

    Q: Any
    R: Any


def matrix_operand(name, a, *, square=False, error=ValueError):
    """A user's stack of matrices, of a dtype that decompositions compute in."""
    (a,) = promote_inexact(name, a)
    if a.ndim < 2:
        raise error(
            f"Argument to {name} must have shape [..., m, n] (at least 2 axes), "
            f"got shape {tuple(a.shape)}."
        )
    if square and a.shape[-1] != a.shape[-2]:
        raise error(
            f"Argument to {name} must have shape [..., n, n], got {tuple(a.shape)}."
        )
    return as_array(a)


@compiled(
    static_argnames=("full_matrices", "compute_uv", "hermitian", "subset_by_index")
)
def svd(
    a,
    full_matrices: bool = True,
    compute_uv: bool = True,
    hermitian: bool = False,
    subset_by_index: tuple[int, int] | None = None,
):
    """Singular value decomposition `a = U @ diag(S) @ Vh`, or S alone.

    a: (..., m, n). S: (..., k), descending, k = min(m, n); U: (..., m, m) and
    Vh: (..., n, n), or (..., m, k) and (..., k, n) if not `full_matrices`. `hermitian`
    says that a is Hermitian.

    >>> svd(np.array([[3., 0.], [0., 4.]]), compute_uv=False)
    Array([4., 3.], dtype=float32)
    """
    a = matrix_operand("jnp.linalg.svd", a, square=hermitian, error=TypeError)
    if hermitian:
        if subset_by_index is not None:
            raise NotImplementedError(
                "svd: subset_by_index with hermitian=True is not available. Slice the "
                "result."
            )
        u, s, vh = _hermitian_svd(a)
        return SVDResult(u, s, vh) if compute_uv else s
    out = lapack.svd(
        a,
        full_matrices=full_matrices,
        compute_uv=compute_uv,
        subset_by_index=subset_by_index,
    )
    return SVDResult(*out) if compute_uv else out


def _hermitian_svd(a):
    """Singular values are moduli of eigenvalues; a negative sign goes to Vh."""
    v, w = lapack.eigh(a)
    s = lax.abs(w)
    order = (-s).argsort(axis=-1)
    columns = matrices.transposed(matrices.permuted_rows(matrices.transposed(v), order))
    sign = lax.sign(w)
    flipped = matrices.adjoint(v * matrices.rows(sign.astype(v.dtype)))
    vh = matrices.permuted_rows(flipped, order)
    s = matrices.permuted_rows(matrices.columns(s), order)
    return columns, lax.squeeze(s, (s.ndim - 1,)), vh


def svdvals(x, /):
    """The singular values of matrices (..., m, n), descending."""
    return svd(x, compute_uv=False, hermitian=False)


@compiled(static_argnames=("UPLO", "symmetrize_input"))
def eigh(a, UPLO: str | None = None, symmetrize_input: bool = True):
    """Eigenvalues, ascending, and eigenvectors of Hermitian matrices (..., n, n).

    The Hermitian part of a is decomposed; with `symmetrize_input=False` only the
    triangle that UPLO names ("L", the default, or "U").

    >>> eigh(np.array([[2., 1.], [1., 2.]])).eigenvalues
    Array([1., 3.], dtype=float32)
    """
    if UPLO not in (None, "L", "U"):
        raise ValueError(f"UPLO must be one of None, 'L', or 'U', got {UPLO!r}")
    a = matrix_operand("jnp.linalg.eigh", a, square=True, error=TypeError)
    v, w = lapack.eigh(a, lower=UPLO != "U", symmetrize_input=symmetrize_input)
    return EighResult(w, v)


def eigvalsh(a, UPLO: str | None = "L", *, symmetrize_input: bool = True):
    """The eigenvalues of Hermitian matrices (..., n, n), ascending."""
    return eigh(a, UPLO, symmetrize_input).eigenvalues


@compiled
def eig(a):
    """Eigenvalues and right eigenvectors of matrices (..., n, n), both complex.

    Columns have norm one and a real component of largest modulus. Derivatives are those
    of distinct eigenvalues; for Hermitian matrices use `eigh`.

    >>> eigenvalues, eigenvectors = eig(np.array([[0., 1.], [-1., 0.]]))
    >>> eigenvalues
    Array([0.+1.j, 0.-1.j], dtype=complex64)
    """
    a = matrix_operand("jnp.linalg.eig", a, square=True)
    return EigResult(*lapack.eig(a, compute_left_eigenvectors=False))


@compiled
def eigvals(a):
    """The eigenvalues of matrices (..., n, n), complex and in no special order."""
    a = matrix_operand("jnp.linalg.eigvals", a, square=True)
    (w,) = lapack.eig(
        a, compute_left_eigenvectors=False, compute_right_eigenvectors=False
    )
    return w


@compiled(static_argnames=("mode",))
def qr(a, mode: str = "reduced"):
    """QR decomposition `a = Q @ R` of matrices (..., m, n).

    mode: "reduced" gives Q (..., m, k) and R (..., k, n) with k = min(m, n), "complete"
    Q (..., m, m) and R (..., m, n), "r" R alone, "raw" Householder vectors and factors,
    and "full" is an old name of "reduced".

    >>> q, r = qr(np.array([[3., 1.], [4., 2.]]))
    >>> np.allclose(np.abs(r), [[5., 2.2], [0., 0.4]])
    True
    """
    a = matrix_operand("jnp.linalg.qr", a, error=TypeError)
    if mode == "raw":
        packed, taus = lapack.geqrf(a)
        return QRResult(matrices.transposed(packed), taus)
    if mode not in ("reduced", "r", "full", "complete"):
        raise ValueError(
            f"Unsupported QR decomposition mode {mode!r}. Use 'reduced', 'complete', "
            "'r' or 'raw'."
        )
    q, r = lapack.qr(a, full_matrices=mode == "complete")
    return r if mode == "r" else QRResult(q, r)


@compiled(static_argnames=("upper", "symmetrize_input"))
def cholesky(a, *, upper: bool = False, symmetrize_input: bool = True):
    """The lower triangular L with `a = L @ L^H`, or the upper U with `a = U^H @ U`.

    a: (..., n, n), Hermitian and positive definite; the result is NaN where it is not.

    >>> cholesky(np.array([[4., 2.], [2., 5.]]))
    Array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    a = matrix_operand("jnp.linalg.cholesky", a, square=True, error=TypeError)
    if upper and not symmetrize_input:
        a = matrices.adjoint(a)  # read the upper triangle
    factor = lapack.cholesky(a, symmetrize_input=symmetrize_input)
    return matrices.adjoint(factor) if upper else factor
