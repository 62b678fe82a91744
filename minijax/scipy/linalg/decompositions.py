"""SciPy's decompositions: Cholesky, LU, QR, SVD, eigenvalues, Schur, Hessenberg."""

import numpy as np

from ... import primitives as lax
from ...api import compiled
from ...control import fori_loop
from ...numpy import linalg
from ...numpy.arguments import as_array, spread
from ...numpy.linalg.decompositions import matrix_operand
from ...numpy.promotion import as_operand, promote_inexact
from ...numpy.selection import where
from ...numpy.shaping import ravel
from ...primitives import linalg as lapack
from ...primitives.linalg import matrices


@compiled(static_argnames=("lower", "overwrite_a", "check_finite"))
def cholesky(a, lower: bool = False, overwrite_a=False, check_finite=True):
    """The upper U with `a = U^H @ U`, or the lower L with `a = L @ L^H`.

    a: (..., n, n), Hermitian and positive definite, of which only the triangle on the
    side of the factor is read; the result is NaN where a is not positive definite.
    Derivatives are those along Hermitian directions.

    >>> cholesky(np.array([[4., 2.], [0., 5.]]))
    Array([[2., 1.],
           [0., 2.]], dtype=float32)
    """
    a = matrix_operand("cholesky", a, square=True)
    if lower:
        return lapack.cholesky(a, symmetrize_input=False)
    factor = lapack.cholesky(matrices.adjoint(a), symmetrize_input=False)
    return matrices.adjoint(factor)


def cho_factor(a, lower: bool = False, overwrite_a=False, check_finite=True):
    """`(factor, lower)`: the Cholesky factor and its side, for `cho_solve`.

    >>> cho_factor(np.array([[4., 2.], [2., 5.]]), lower=True)[1]
    True
    """
    return cholesky(a, lower=lower), lower


@compiled(static_argnames=("permute_l", "overwrite_a", "check_finite"))
def lu(a, permute_l: bool = False, overwrite_a=False, check_finite=True):
    """`(p, l, u)` with `a = p @ l @ u`, or `(p @ l, u)` if `permute_l`.

    a: (..., m, n). p: (..., m, m), a permutation; l: (..., m, k), lower triangular with
    ones on its diagonal; u: (..., k, n), upper triangular; k = min(m, n).

    >>> lu(np.array([[0., 1.], [2., 0.]]))[0]
    Array([[0., 1.],
           [1., 0.]], dtype=float32)
    """
    a = matrix_operand("lu", a)
    packed, _, order = lapack.lu(a)
    m, n = a.shape[-2:]
    k = min(m, n)
    unit = matrices.identity((*a.shape[:-2], m, k), a.dtype)
    lower = matrices.tril(packed[..., :k], -1) + unit
    upper = matrices.triu(packed[..., :k, :])
    back = order.argsort(axis=-1)
    if permute_l:
        return matrices.permuted_rows(lower, back), upper
    real = matrices.real_dtype(a.dtype)
    eye = matrices.identity((*a.shape[:-2], m, m), real)
    return matrices.permuted_rows(eye, back) if m else eye, lower, upper


@compiled(static_argnames=("overwrite_a", "lwork", "mode", "pivoting", "check_finite"))
def qr(
    a,
    overwrite_a=False,
    lwork=None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite=True,
):
    """`(q, r)` with `a = q @ r`; with `pivoting` `(q, r, p)` with `a[..., p] = q @ r`.

    a: (..., m, n). mode: "full" gives q (..., m, m) and r (..., m, n), "economic" q
    (..., m, k) and r (..., k, n), k = min(m, n), and "r" leaves q out. p: i32 (..., n),
    by which the moduli of r's diagonal do not increase.

    >>> q, r = qr(np.array([[3., 1.], [4., 2.]]), mode="economic")
    >>> np.allclose(np.abs(r), [[5., 2.2], [0., 0.4]])
    True
    """
    a = matrix_operand("qr", a, error=TypeError)
    if mode not in ("full", "r", "economic"):
        raise ValueError(
            f"Unsupported QR decomposition mode {mode!r}. Use 'full', 'economic' or "
            "'r'."
        )
    factors = lapack.qr(a, pivoting=pivoting, full_matrices=mode != "economic")
    if mode != "r":
        return factors
    return factors[1:]


@compiled(
    static_argnames=("mode", "pivoting", "conjugate", "overwrite_a", "overwrite_c")
)
def qr_multiply(
    a,
    c,
    mode: str = "right",
    pivoting: bool = False,
    conjugate: bool = False,
    overwrite_a=False,
    overwrite_c=False,
):
    """`(c @ q, r)`, or `(q @ c, r)` for mode "left", where `a = q @ r`.

    a: (..., m, n), k = min(m, n). c: (..., p, m) on the left of q (..., m, k), or
    (..., k, p) on its right; a vector gives a vector. With `conjugate` the complex
    conjugate of q multiplies. With `pivoting` the permutation is the third result.

    >>> a = np.array([[3., 1.], [4., 2.]])
    >>> np.allclose(qr_multiply(a, a.T)[0].T, qr_multiply(a, a.T)[1])
    True
    """
    if mode not in ("left", "right"):
        raise ValueError(f"qr_multiply: mode must be 'right' or 'left', got {mode!r}.")
    a, c = (as_array(x) for x in promote_inexact("qr_multiply", a, c))
    matrix_operand("qr_multiply", a, error=TypeError)
    left, vector = mode == "left", c.ndim == 1
    if vector:
        c = matrices.columns(c) if left else matrices.rows(c)
    m, n = a.shape[-2:]
    axis, size = (-2, min(m, n)) if left else (-1, m)
    if c.shape[axis] != size:
        what = "rows" if left else "columns"
        raise ValueError(
            f"qr_multiply: for {mode=} and a of shape {tuple(a.shape)}, c must have "
            f"{size} {what}, got shape {tuple(c.shape)}."
        )
    q, r, *order = lapack.qr(a, pivoting=pivoting, full_matrices=False)
    if conjugate:
        q = lax.conj(q) if matrices.is_complex(q) else q
    lead = np.broadcast_shapes(q.shape[:-2], c.shape[:-2])
    q, c = (spread(x, (*lead, *x.shape[-2:])) for x in (q, c))
    product = matrices.matmul(q, c) if left else matrices.matmul(c, q)
    return (ravel(product) if vector else product), r, *order


def svd(
    a,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a=False,
    check_finite=True,
    lapack_driver: str = "gesdd",
):
    """`(u, s, vh)` with `a = u @ diag(s) @ vh`, or s alone unless `compute_uv`.

    a: (..., m, n). s: (..., k), descending, k = min(m, n); u: (..., m, m) and
    vh: (..., n, n), or (..., m, k) and (..., k, n) if not `full_matrices`.

    >>> svd(np.array([[3., 0.], [0., 4.]]), compute_uv=False)
    Array([4., 3.], dtype=float32)
    """
    out = linalg.svd(a, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple(out) if compute_uv else out


def eigh(
    a,
    b=None,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a=False,
    overwrite_b=False,
    turbo=True,
    eigvals=None,
    type: int = 1,
    check_finite=True,
):
    """`(w, v)`: eigenvalues, ascending, and eigenvectors of Hermitian (..., n, n).

    With `eigvals_only` the eigenvalues alone. Only the standard problem is solved.

    >>> eigh(np.array([[2., 1.], [1., 2.]]), eigvals_only=True)
    Array([1., 3.], dtype=float32)
    """
    for name, value, only in (
        ("b", b, None),
        ("type", type, 1),
        ("eigvals", eigvals, None),
    ):
        if value is not only:
            raise NotImplementedError(
                f"eigh: only {name}={only} is supported. Reduce a generalized problem "
                "with cholesky first, and slice the results for a part of them."
            )
    w, v = linalg.eigh(a, "L" if lower else "U")
    return w if eigvals_only else (w, v)


def eigh_tridiagonal(
    d,
    e,
    *,
    eigvals_only: bool = False,
    select: str = "a",
    select_range: tuple[float, float] | None = None,
    tol: float | None = None,
    key=None,
):
    """Eigenvalues, and eigenvectors, of Hermitian tridiagonal matrices.

    d: (..., n), the diagonal; e: (..., n - 1), the subdiagonal. select: "a" for all
    eigenvalues, or "i" for those from number select_range[0] to select_range[1],
    inclusive. The matrix is decomposed as a dense one; `tol` and `key` are not used.

    >>> eigh_tridiagonal(np.array([2., 2.]), np.array([1.]), eigvals_only=True)
    Array([1., 3.], dtype=float32)
    """
    if select not in ("a", "i", "v"):
        raise ValueError(
            f"eigh_tridiagonal: select must be 'a', 'i' or 'v', got {select!r}."
        )
    if select == "v":
        raise NotImplementedError(
            "eigh_tridiagonal: select='v' is not available: the number of eigenvalues "
            "in an interval is not known while tracing. Use 'a', and a mask."
        )
    if select == "i":
        if select_range is None:
            raise ValueError(
                "eigh_tridiagonal: select_range must be given for select='i'."
            )
        first, last = map(int, select_range)
        if first > last:
            raise ValueError(f"eigh_tridiagonal: select_range {select_range} is empty.")
        chosen = first, last + 1
    else:
        chosen = None
    return _eigh_tridiagonal(d, e, eigvals_only, chosen)


@compiled(static_argnames=("eigvals_only", "chosen"))
def _eigh_tridiagonal(d, e, eigvals_only, chosen):
    where = "eigh_tridiagonal"
    d, e = (as_array(as_operand(where, x)) for x in (d, e))
    if any(np.dtype(x.dtype).kind not in "fc" or x.dtype.itemsize < 4 for x in (d, e)):
        raise TypeError(
            f"{where}: d and e must have a dtype of LAPACK, float32, float64, "
            f"complex64 or complex128, got {d.dtype} and {e.dtype}."
        )
    n = d.shape[-1] if d.ndim else 0
    if not n or d.ndim != e.ndim or e.shape != (*d.shape[:-1], n - 1):
        raise TypeError(
            f"{where}: e must have one element less than d, got shapes "
            f"{tuple(d.shape)} and {tuple(e.shape)}."
        )
    d, e = promote_inexact(where, d, e)
    pad = [(0, 0, 0)] * (d.ndim - 1)
    below = lax.pad(e, np.zeros((), e.dtype), [*pad, (0, 1, 0)])
    diagonal = matrices.identity((*d.shape, n), d.dtype) * matrices.columns(d)
    corner = [*pad, (1, 0, 0), (0, 0, 0)]
    shifted = matrices.identity((*d.shape, n), d.dtype) * matrices.rows(below)
    shifted = lax.pad(shifted, np.zeros((), d.dtype), corner)[..., :n, :]
    v, w = lapack.eigh(diagonal + shifted, lower=True, symmetrize_input=False)
    if chosen is not None:
        v, w = v[..., slice(*chosen)], w[..., slice(*chosen)]
    return w if eigvals_only else (w, v)


# Schur and Hessenberg forms


@compiled(static_argnames=("output",))
def schur(a, output: str = "real"):
    """`[t, z]` with `a = z @ t @ z^H`, z unitary and t upper triangular.

    a: (..., n, n). For output "real" and a real a, z is real, and t has blocks of two
    by two on its diagonal where eigenvalues are complex.

    >>> schur(np.array([[2., 1.], [0., 3.]]))[0]
    Array([[2., 1.],
           [0., 3.]], dtype=float32)
    """
    if output not in ("real", "complex"):
        raise ValueError(f"schur: output must be 'real' or 'complex', got {output!r}.")
    a = as_array(as_operand("schur", a))
    if output == "complex" and np.dtype(a.dtype).kind == "f":
        a = a.astype(matrices.complex_dtype(a.dtype))
    return list(lapack.schur(a))


@compiled(static_argnames=("check_finite",))
def rsf2csf(T, Z, check_finite=True):
    """The complex Schur form that belongs to a real one: `(t, z)`.

    T: (..., n, n), upper triangular up to blocks of two by two; Z: (..., n, n),
    unitary. z @ t @ z^H = Z @ T @ Z^H, and t is upper triangular. Each block
    becomes triangular by the rotation to one of its eigenvectors: G. Golub and C. Van
    Loan, "Matrix Computations", section 7.4.

    >>> t, z = rsf2csf(np.array([[0., 1.], [-1., 0.]]), np.eye(2))
    >>> np.allclose(np.diag(t), [1j, -1j])
    True
    """
    t, z = (as_array(x) for x in promote_inexact("rsf2csf", T, Z))
    for name, x in (("T", t), ("Z", z)):
        if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
            raise ValueError(
                f"rsf2csf: input {name!r} must be square, got shape {tuple(x.shape)}."
            )
    if t.shape[-1] != z.shape[-1]:
        raise ValueError(
            f"rsf2csf: T and Z must have one size, got shapes {tuple(t.shape)} and "
            f"{tuple(z.shape)}."
        )
    n = t.shape[-1]
    lead = np.broadcast_shapes(t.shape[:-2], z.shape[:-2])
    dtype = matrices.complex_dtype(t.dtype)
    t, z = (spread(x, (*lead, n, n)).astype(dtype) for x in (t, z))
    if n < 2:
        return t, z

    def step(k, carry):
        row = n - 2 - k  # blocks from the last to the first
        t, z = carry
        rotation = _rotation(t, row)
        return (
            matrices.matmul(matrices.adjoint(rotation), matrices.matmul(t, rotation)),
            matrices.matmul(z, rotation),
        )

    t, z = fori_loop(0, n - 1, step, (t, z))
    return matrices.triu(t), z


def _rotation(t, row):
    """The unitary matrix that makes rows row and row + 1 of t triangular."""
    n = t.shape[-1]
    block = lax.dynamic_slice_in_dim(t, row, 2, axis=t.ndim - 2)
    block = lax.dynamic_slice_in_dim(block, row, 2, axis=t.ndim - 1)
    a, b, c, d = (block[..., i, j] for i in (0, 1) for j in (0, 1))
    half = (a - d) / 2
    # The eigenvalue mean + root, of positive imaginary part, has eigenvector
    # (root + half, c); the columns of the rotation are that, and one orthogonal to it.
    root = lax.sqrt(half * half + b * c)
    root = where(lax.imag(root) < 0, -root, root)
    top = root + half
    size = lax.sqrt(lax.real(top * lax.conj(top)) + lax.real(c * lax.conj(c)))
    needed = abs(c) > 0
    size = where(needed, size, 1).astype(t.dtype)
    x = where(needed, top / size, 1)
    y = where(needed, c / size, 0)
    i = lax.broadcasted_iota(np.int32, t.shape, t.ndim - 2)
    j = lax.broadcasted_iota(np.int32, t.shape, t.ndim - 1)
    entries = {(0, 0): x, (1, 0): y, (0, 1): -lax.conj(y), (1, 1): lax.conj(x)}
    out = matrices.identity((*t.shape[:-2], n, n), t.dtype)
    for (p, q), value in entries.items():
        out = where((i == row + p) & (j == row + q), value[..., None, None], out)
    return out


@compiled(static_argnames=("calc_q", "overwrite_a", "check_finite"))
def hessenberg(a, *, calc_q: bool = False, overwrite_a=False, check_finite=True):
    """h, or `(h, q)` if `calc_q`, with `a = q @ h @ q^H`: the Hessenberg form.

    a: (..., n, n). h is zero below its first subdiagonal, and q is unitary.

    >>> hessenberg(np.array([[1., 2.], [3., 4.]]))
    Array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    a = as_array(as_operand("hessenberg", a))
    packed, taus = lapack.hessenberg(a)
    h = matrices.triu(packed, -1)
    if not calc_q:
        return h
    n = a.shape[-1]
    q = matrices.identity(a.shape, h.dtype)
    if n > 1:
        # The reflectors leave the first row and column alone. Of complex matrices of
        # size 2 there is one, which makes the subdiagonal real.
        inner = lapack.householder_product(packed[..., 1:, :-1], taus)
        edges = [*[(0, 0, 0)] * (a.ndim - 2), (1, 0, 0), (1, 0, 0)]
        q = lax.pad(inner, np.zeros((), inner.dtype), edges)
        corner = matrices.identity((*a.shape[:-2], 1, 1), inner.dtype)
        edges = [*[(0, 0, 0)] * (a.ndim - 2), (0, n - 1, 0), (0, n - 1, 0)]
        q = q + lax.pad(corner, np.zeros((), inner.dtype), edges)
    return h, q
