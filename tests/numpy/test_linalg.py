"""Decompositions and what is built on them: NumPy's values, jax's types, the laws."""

import functools

import mpmath
import numpy
import pytest
import scipy.linalg

import minijax
import minijax.numpy as jnp
import minijax.scipy.linalg
from minijax.primitives import linalg as primitives
from minijax.test_util import check_grads

from ..laws import (
    Case,
    check_abstract,
    check_batched,
    check_compiled,
    check_derivatives,
    check_value,
    precision,
)

# Values in 32 bits are tested below, in every dtype of LAPACK.
DTYPES = ("f64", "c128")
REAL = ("f64",)
LA = jnp.linalg


def dominant(x):
    """A well-conditioned matrix of the shape of x, near a multiple of the identity."""
    xp = numpy if isinstance(x, numpy.ndarray) else jnp
    return x / 3 + 3 * xp.eye(*x.shape[-2:], dtype=x.dtype)


def positive(x):
    """A positive definite matrix that depends on x, Hermitian to the last bit."""
    return dominant(x) @ dominant(x).conj().swapaxes(-1, -2)


def graded(x):
    """A Hermitian matrix whose eigenvalues are far apart."""
    xp = numpy if isinstance(x, numpy.ndarray) else jnp
    n = x.shape[-1]
    spread = xp.diag(xp.arange(1, n + 1)).astype(x.dtype)
    return 3 * spread + (x + x.conj().swapaxes(-1, -2)) / 8


def spectrum(x):
    """A matrix (m, n) whose singular values are far apart."""
    xp = numpy if isinstance(x, numpy.ndarray) else jnp
    m, n = x.shape[-2:]
    weights = xp.arange(1, n + 1).astype(x.dtype)
    return x / 8 + 2 * xp.eye(m, n, dtype=x.dtype) * weights


def on(make, f):
    """The function f of the matrix that `make` makes."""
    return lambda x, *xs: f(make(x), *xs)


def phaseless(q):
    """What is left of orthonormal columns when their phases do not count."""
    return abs(q) ** 2


def numpy_lu(x):
    """L with unit diagonal below U, as LAPACK packs them."""
    p, lower, upper = scipy.linalg.lu(x)
    del p
    k = min(x.shape)
    packed = numpy.tril(lower, -1)[:, :k]
    packed = numpy.pad(packed, ((0, 0), (0, x.shape[1] - k)))
    packed[:k] += upper
    return packed.astype(x.dtype)


def row(name, f, shapes=((3, 3),), dtypes=DTYPES, make=dominant, reference=None, **kw):
    """A case of f on the matrix that `make` makes of its first operand."""
    ref = None if reference is None else on(make, reference)
    # Rounding grows with the condition number and the size of the entries.
    return Case(
        name, on(make, f), shapes, dtypes, None, ref, slack=50, exact=False, **kw
    )


def npla(name, **kw):
    return functools.partial(getattr(numpy.linalg, name), **kw)


NORMS = [None, 1, -1, 2, -2, numpy.inf, -numpy.inf, "fro", "nuc"]
CASES = [
    row("solve", LA.solve, [(3, 3), (3,)], reference=npla("solve")),
    row("solve: columns", LA.solve, [(3, 3), (3, 2)], reference=npla("solve")),
    row("solve: one matrix", LA.solve, [(3, 3), (2, 3, 2)], reference=npla("solve")),
    row("solve: stacks", LA.solve, [(2, 3, 3), (3, 2)], reference=npla("solve")),
    row("inv", LA.inv, reference=npla("inv")),
    row("det: 2", LA.det, [(2, 2)], reference=npla("det")),
    row("det: 3", LA.det, reference=npla("det")),
    row("det: 4", LA.det, [(4, 4)], reference=npla("det")),
    row("slogdet", LA.slogdet, reference=lambda x: tuple(numpy.linalg.slogdet(x))),
    row("slogdet: qr", lambda x: LA.slogdet(x, method="qr"), dtypes=REAL),
    row("pinv", LA.pinv, [(4, 2)], make=spectrum, reference=npla("pinv")),
    row("pinv: wide", LA.pinv, [(2, 3)], make=spectrum, reference=npla("pinv")),
    row(
        "pinv: hermitian",
        lambda x: LA.pinv(x, hermitian=True),
        make=graded,
        reference=npla("pinv"),
    ),
    row("pinv: equal singular values", lambda x: LA.pinv(x + x.T), [(2, 2)], REAL),
    row(
        "lstsq",
        lambda x, y: LA.lstsq(x, y)[0],
        [(4, 2), (4,)],
        make=spectrum,
        reference=lambda x, y: numpy.linalg.lstsq(x, y)[0],
    ),
    row(
        "matrix_power",
        lambda x: LA.matrix_power(x, 3),
        reference=lambda x: numpy.linalg.matrix_power(x, 3),
    ),
    row(
        "matrix_power: inverse",
        lambda x: LA.matrix_power(x, -2),
        reference=lambda x: numpy.linalg.matrix_power(x, -2),
    ),
    row(
        "multi_dot",
        lambda x, y, z: LA.multi_dot([x, y, z]),
        [(3, 3), (3, 2), (2,)],
        reference=lambda x, y, z: numpy.linalg.multi_dot([x, y, z]),
    ),
    row(
        "tensorsolve",
        lambda x, y: LA.tensorsolve(x.reshape(2, 2, 4), y),
        [(4, 4), (2, 2)],
        reference=lambda x, y: numpy.linalg.tensorsolve(x.reshape(2, 2, 4), y),
    ),
    row(
        "tensorinv",
        lambda x: LA.tensorinv(x.reshape(4, 2, 2), 1),
        [(4, 4)],
        reference=lambda x: numpy.linalg.tensorinv(x.reshape(4, 2, 2), 1),
    ),
    row("cond", LA.cond, make=spectrum, reference=npla("cond")),
    row("cholesky", LA.cholesky, make=positive, reference=npla("cholesky")),
    row(
        "cholesky: upper",
        lambda x: LA.cholesky(x, upper=True),
        make=positive,
        reference=lambda x: numpy.linalg.cholesky(x).conj().T,
    ),
    row("lu", lambda x: primitives.lu(x)[0], reference=numpy_lu),
    row("lu: tall", lambda x: primitives.lu(x)[0], [(4, 2)], reference=numpy_lu),
    row("lu: wide", lambda x: primitives.lu(x)[0], [(2, 4)], reference=numpy_lu),
    row("qr", LA.qr),
    row("qr: tall", LA.qr, [(4, 2)], make=spectrum),
    row("qr: wide", LA.qr, [(2, 4)]),
    row("qr: r", lambda x: LA.qr(x, mode="r")),
    row(
        "svd: values",
        lambda x: LA.svd(x, compute_uv=False),
        [(3, 2)],
        make=spectrum,
        reference=npla("svd", compute_uv=False),
    ),
    row("svd: square", lambda x: svd_parts(x), make=spectrum),
    row("svd: tall", lambda x: svd_parts(x), [(4, 2)], make=spectrum),
    row("svd: wide", lambda x: svd_parts(x), [(2, 3)], make=spectrum),
    row("eigvalsh", LA.eigvalsh, make=graded, reference=npla("eigvalsh")),
    row("eigh", lambda x: eigh_parts(x), make=graded),
    row("eigvals", LA.eigvals, make=graded),
    *[
        row(
            f"norm: {ord}",
            lambda x, ord=ord: LA.norm(x, ord=ord),
            [(3, 2)],
            make=spectrum,
            reference=npla("norm", ord=ord),
        )
        for ord in NORMS
    ],
    *[
        row(
            f"vector norm: {ord}",
            lambda x, ord=ord: LA.norm(x, ord=ord, axis=-1),
            [(3, 2)],
            make=lambda x: x,
            reference=npla("norm", ord=ord, axis=-1),
        )
        for ord in (None, 1, 2, 3, 2.5, numpy.inf, -numpy.inf)
    ],
]
CASES.append(
    row(
        "tridiagonal_solve",
        lambda d, dl, du, b: primitives.tridiagonal_solve(dl, d + 4, du, b),
        [(4,), (4,), (4,), (4, 2)],
        make=lambda x: x,
        reference=lambda d, dl, du, b: numpy.linalg.solve(banded(dl, d + 4, du), b),
    )
)
for left, lower, transpose, unit in [
    (True, True, False, False),
    (True, False, True, False),
    (False, True, True, True),
    (False, False, False, False),
]:
    flags = {
        "left_side": left,
        "lower": lower,
        "transpose_a": transpose,
        "conjugate_a": transpose,
        "unit_diagonal": unit,
    }
    CASES.append(
        row(
            f"triangular_solve: {left} {lower} {transpose} {unit}",
            functools.partial(primitives.triangular_solve, **flags),
            [(3, 3), (3, 2) if left else (2, 3)],
        )
    )


def svd_parts(x):
    """What a singular value decomposition says beyond its phases."""
    u, s, vh = LA.svd(x, full_matrices=False)
    return phaseless(u), s, phaseless(vh), u @ vh


def eigh_parts(x):
    w, v = LA.eigh(x)
    return w, phaseless(v)


ROWS = [(case, dtype) for case in CASES for dtype in case.dtypes]


@pytest.mark.parametrize(
    ("case", "dtype"), ROWS, ids=[f"{case}-{dtype}" for case, dtype in ROWS]
)
def test_the_laws_hold(case, dtype):
    """NumPy's values, promised types, derivatives of order 1 and 2, the adjoint."""
    check_abstract(case, dtype)
    if case.reference is not None:
        check_value(case, dtype)
    check_derivatives(case, dtype)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_compiled_and_batched(case):
    """jit is eager; vmap is a loop, with shared operands too."""
    check_compiled(case, "f64")
    check_batched(case, "f64")


# Decompositions are what they say


def normal(*shape, dtype="float64", seed=0):
    stream = numpy.random.default_rng(seed)
    x = stream.normal(size=shape)
    if numpy.dtype(dtype).kind == "c":
        x = x + 1j * stream.normal(size=shape)
    return x.astype(dtype)


def H(x):
    return numpy.swapaxes(numpy.asarray(x), -1, -2).conj()


ALL = ("float32", "float64", "complex64", "complex128")
SHAPES = [(3, 3), (5, 2), (2, 5), (2, 3, 4, 3)]


@pytest.fixture(params=ALL)
def dtype(request):
    """Each dtype of LAPACK, with 64-bit types on."""
    with precision("f64"):
        yield request.param


def close(x, y, dtype):
    single = numpy.finfo(dtype).eps > 1e-10
    numpy.testing.assert_allclose(
        x, y, rtol=3e-5 if single else 1e-12, atol=3e-5 if single else 1e-12
    )


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("full", [False, True])
def test_svd(dtype, shape, full):
    """U S Vh is the matrix; U and V have orthonormal columns; S is descending."""
    x = normal(*shape, dtype=dtype)
    u, s, vh = LA.svd(x, full_matrices=full)
    k = min(shape[-2:])
    u, s, vh = map(numpy.asarray, (u, s, vh))

    close(u[..., :k] * s[..., None, :] @ vh[..., :k, :], x, dtype)
    close(H(u) @ u, numpy.broadcast_to(numpy.eye(u.shape[-1]), (H(u) @ u).shape), dtype)
    products = vh @ H(vh)
    close(products, numpy.broadcast_to(numpy.eye(vh.shape[-2]), products.shape), dtype)
    assert numpy.all(numpy.diff(s) <= 0)
    close(LA.svdvals(x), s, dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr(dtype, shape, mode):
    """Q R is the matrix, Q has orthonormal columns, R is upper triangular."""
    x = normal(*shape, dtype=dtype)
    q, r = map(numpy.asarray, LA.qr(x, mode=mode))
    eye = numpy.eye(q.shape[-1])

    close(q @ r, x, dtype)
    close(H(q) @ q, numpy.broadcast_to(eye, (*q.shape[:-2], *eye.shape)), dtype)
    numpy.testing.assert_array_equal(numpy.tril(r, -1), 0 * r)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_qr_with_pivoting(dtype, shape):
    """Q R is the matrix with columns permuted; R's diagonal decreases."""
    x = normal(*shape, dtype=dtype)
    q, r, p = map(numpy.asarray, primitives.qr(x, pivoting=True, full_matrices=False))
    moduli = abs(numpy.diagonal(r, axis1=-2, axis2=-1))

    close(q @ r, numpy.take_along_axis(x, p[..., None, :], -1), dtype)
    assert numpy.all(numpy.diff(moduli) <= 1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_lu(dtype, shape):
    """L U is the matrix with rows permuted, by pivots or by permutation."""
    x = normal(*shape, dtype=dtype)
    packed, pivots, permutation = map(numpy.asarray, primitives.lu(x))
    m, n = shape[-2:]
    k = min(m, n)
    lower = numpy.tril(packed, -1)[..., :k] + numpy.eye(m, k)
    upper = numpy.triu(packed)[..., :k, :]
    again = primitives.lu_pivots_to_permutation(pivots, m)

    close(lower @ upper, numpy.take_along_axis(x, permutation[..., None], -2), dtype)
    numpy.testing.assert_array_equal(again, permutation)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3)], ids=str)
def test_eigh(dtype, lead):
    """A v = v w for the Hermitian part, or for one triangle."""
    x = normal(*lead, 4, 4, dtype=dtype)
    w, v = map(numpy.asarray, LA.eigh(x))
    close((x + H(x)) / 2 @ v, v * w[..., None, :], dtype)
    for uplo, keep in (("L", numpy.tril), ("U", numpy.triu)):
        w = LA.eigvalsh(x, UPLO=uplo, symmetrize_input=False)
        triangle = keep(x, 1 if uplo == "U" else -1)
        triangle = keep(x, 1 if uplo == "U" else -1) + H(triangle)
        diagonal = numpy.einsum("...ii->...i", x).real
        whole = triangle + diagonal[..., None] * numpy.eye(4)
        close(w, numpy.linalg.eigvalsh(whole), dtype)


def test_eig(dtype):
    """A v = v w, and vl^H A = w vl^H; columns have norm one."""
    x = normal(2, 4, 4, dtype=dtype)
    w, vl, vr = map(numpy.asarray, primitives.eig(x))

    close(x @ vr, vr * w[..., None, :], dtype)
    close(H(vl) @ x, w[..., :, None] * H(vl), dtype)
    close(numpy.linalg.norm(vr, axis=-2), numpy.ones((2, 4)), dtype)
    close(LA.eig(x).eigenvectors, vr, dtype)


def test_schur(dtype):
    """Q T Q^H is the matrix, Q unitary, T zero below its first subdiagonal."""
    x = normal(3, 4, 4, dtype=dtype)
    t, q = map(numpy.asarray, primitives.schur(x))

    close(q @ t @ H(q), x, dtype)
    numpy.testing.assert_array_equal(numpy.tril(t, -2), 0 * t)


def test_householder(dtype):
    """The product of reflectors is Q; ormqr multiplies by it without forming it."""
    x, c = normal(5, 3, dtype=dtype), normal(5, 2, dtype=dtype, seed=1)
    packed, taus = primitives.geqrf(x)
    q = numpy.asarray(primitives.householder_product(packed, taus))
    whole = numpy.asarray(primitives.ormqr(packed, taus, numpy.eye(5, dtype=dtype)))

    close(q @ numpy.triu(packed)[:3], x, dtype)
    close(whole[:, :3], q, dtype)
    close(primitives.ormqr(packed, taus, c, transpose=True), H(whole) @ c, dtype)


def banded(dl, d, du):
    """The matrices with three diagonals."""
    below = numpy.einsum("...i,ij->...ij", dl, numpy.eye(d.shape[-1], k=-1))
    above = numpy.einsum("...i,ij->...ij", du, numpy.eye(d.shape[-1], k=1))
    return below + above + d[..., None] * numpy.eye(d.shape[-1])


@pytest.mark.parametrize("perturb", [False, True])
def test_tridiagonal_solve(dtype, perturb):
    """A X = B for A with diagonals dl, d, du; only three vectors are stored."""
    dl, d, du = (normal(2, 4, dtype=dtype, seed=k) for k in range(3))
    d, b = d + 4, normal(2, 4, 3, dtype=dtype, seed=3)
    x = primitives.tridiagonal_solve(dl, d, du, b, perturb_singular=perturb)

    close(banded(dl, d, du) @ numpy.asarray(x), b, dtype)


def test_tridiagonal_and_hessenberg(dtype):
    """The reduced matrices have the eigenvalues of the original."""
    x = normal(2, 4, 4, dtype=dtype)
    s = x @ H(x)
    _, d, e, taus = map(numpy.asarray, primitives.tridiagonal(s))
    zero = numpy.zeros((2, 1))
    reduced = banded(
        numpy.concatenate([zero, e], 1), d, numpy.concatenate([e, zero], 1)
    )
    packed, more_taus = map(numpy.asarray, primitives.hessenberg(x))

    close(numpy.linalg.eigvalsh(reduced), numpy.linalg.eigvalsh(s), dtype)
    close(numpy.linalg.det(numpy.triu(packed, -1)), numpy.linalg.det(x), dtype)
    assert taus.shape == more_taus.shape == (2, 3)


def test_symmetric_product_and_cholesky_update(dtype):
    """alpha A A^T + beta C, and the factor of R^T R + w w^T."""
    if numpy.dtype(dtype).kind == "c":
        pytest.skip("real matrices only")
    a, c = normal(3, 2, dtype=dtype), numpy.eye(3, dtype=dtype)
    product = primitives.symmetric_product(
        a, c, alpha=2.0, beta=3.0, symmetrize_output=True
    )
    r = numpy.linalg.cholesky(a @ a.T + c).T
    w = normal(3, dtype=dtype, seed=1)
    updated = numpy.asarray(primitives.cholesky_update(r, w))

    close(product, 2 * a @ a.T + 3 * c, dtype)
    close(updated.T @ updated, r.T @ r + numpy.outer(w, w), dtype)
    numpy.testing.assert_array_equal(numpy.tril(updated, -1), 0 * updated)


@pytest.mark.usefixtures("x64")
def test_cholesky_update_is_accurate_where_squares_are_not():
    """R with a diagonal from 1 to 1e-10, whose R^T R is singular to 16 digits."""
    n = 6
    r = numpy.triu(normal(n, n, dtype="float64"))
    r[range(n), range(n)] = 10.0 ** -numpy.arange(0, 2 * n, 2)
    w = 1e-9 * normal(n, dtype="float64", seed=1)

    with mpmath.workdps(60):
        exact, row = mpmath.matrix(r.tolist()), mpmath.matrix(w.tolist())
        factor = mpmath.cholesky(exact.T * exact + row * row.T).T
        expected = numpy.array(factor.tolist(), dtype=float)
    found = numpy.asarray(primitives.cholesky_update(r, w))
    numpy.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


@pytest.mark.usefixtures("x64")
def test_cholesky_update_derivatives_and_refusals():
    r, w = numpy.triu(normal(3, 3, dtype="float64")), normal(3, dtype="float64")
    r[range(3), range(3)] = [1.0, 2.0, 0.5]

    check_grads(primitives.cholesky_update, (r, w), order=2)
    stacked = primitives.cholesky_update(numpy.stack([r, 2 * r]), numpy.stack([w, w]))
    numpy.testing.assert_allclose(stacked[0], primitives.cholesky_update(r, w))
    with pytest.raises(ValueError, match="a square matrix and a vector of one size"):
        primitives.cholesky_update(r, w[:2])
    with pytest.raises(TypeError, match="the matrix must be real, got c128"):
        primitives.cholesky_update(r + 0j, w + 0j)


@pytest.mark.parametrize("lower", [False, True])
def test_scipys_cholesky_reads_one_triangle(dtype, lower):
    """cholesky, cho_factor and solve of a matrix whose other triangle is zero."""
    x = numpy.asarray(positive(normal(3, 3, dtype=dtype)))
    half = numpy.tril(x) if lower else numpy.triu(x)
    y = normal(3, 2, dtype=dtype, seed=1)
    la = minijax.scipy.linalg
    factor = scipy.linalg.cholesky(x, lower=lower)
    solution = scipy.linalg.solve(x, y)

    close(la.cholesky(half, lower=lower), factor, dtype)
    close(la.cho_solve(la.cho_factor(half, lower=lower), y), solution, dtype)
    close(la.solve(half, y, assume_a="pos", lower=lower), solution, dtype)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_scipys_hessenberg_is_a_decomposition(dtype, n):
    """A = Q H Q^H, with unitary Q, and H zero below its first subdiagonal."""
    x = normal(2, n, n, dtype=dtype)
    h, q = map(numpy.asarray, minijax.scipy.linalg.hessenberg(x, calc_q=True))
    q_h = q.conj().swapaxes(-1, -2)

    close(q @ h @ q_h, x, dtype)
    close(q @ q_h, numpy.broadcast_to(numpy.eye(n), x.shape), dtype)
    numpy.testing.assert_array_equal(numpy.tril(h, -2), 0 * h)


# Failure, emptiness, refusals


def test_failure_is_nan_for_the_member_that_failed():
    """A matrix that is not positive definite has no Cholesky factor; others have."""
    x = numpy.stack([numpy.eye(2), -numpy.eye(2)]).astype("float32")
    got = numpy.asarray(LA.cholesky(x))

    numpy.testing.assert_array_equal(got[0], numpy.eye(2))
    assert numpy.isnan(got[1]).any()


def test_singular_matrices():
    """No inverse, determinant 0, logarithm -inf, infinite or undefined condition."""
    x = numpy.array([[1.0, 2.0], [2.0, 4.0]], "float32")

    assert not numpy.isfinite(numpy.asarray(LA.inv(x))).all()
    assert float(LA.det(x)) == 0
    assert tuple(map(float, LA.slogdet(x))) == (0, -numpy.inf)
    assert int(LA.matrix_rank(x)) == 1
    numpy.testing.assert_allclose(LA.pinv(x), numpy.linalg.pinv(x), atol=1e-6)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_derivative_of_det_at_a_singular_matrix(n):
    """d det / dA is the matrix of cofactors, of rank one where A has rank n - 1."""
    x = normal(n, n)
    x[-1] = x[0]
    u, s, vh = numpy.linalg.svd(x)
    signs = numpy.linalg.det(u) * numpy.linalg.det(vh)
    wanted = signs * numpy.prod(s[:-1]) * numpy.outer(u[:, -1], vh[-1])
    with precision("f64"):
        got = minijax.grad(LA.det)(x)

    numpy.testing.assert_allclose(got, wanted, atol=1e-10)


def test_derivatives_where_eigenvalues_repeat():
    """Sums over all eigenvalues or singular values have derivatives at the identity."""
    with precision("f64"):
        x = jnp.eye(3)
        trace = minijax.grad(lambda x: LA.eigvalsh(x).sum())(x)
        project = minijax.grad(lambda x: (LA.eigh(x)[1] @ LA.eigh(x)[1].T).sum())(x)
        nuclear = minijax.grad(lambda x: LA.svd(x)[1].sum())(x)

    numpy.testing.assert_allclose(trace, numpy.eye(3), atol=1e-12)
    numpy.testing.assert_allclose(project, 0, atol=1e-12)
    numpy.testing.assert_allclose(nuclear, numpy.eye(3), atol=1e-12)


EMPTY = {
    "LA.cholesky(E)": (0, 0),
    "LA.inv(E)": (0, 0),
    "LA.det(E)": (),
    "LA.solve(E, jnp.ones(0))": (0,),
    "LA.svd(jnp.ones((0, 3)), compute_uv=False)": (0,),
    "LA.svd(jnp.ones((0, 3)))[2]": (3, 3),
    "LA.qr(jnp.ones((3, 0)))[0]": (3, 0),
    "LA.qr(jnp.ones((3, 0)), mode='complete')[0]": (3, 3),
    "LA.eigh(E)[1]": (0, 0),
    "LA.eigvals(E)": (0,),
    "LA.pinv(jnp.ones((0, 3)))": (3, 0),
    "LA.cholesky(jnp.ones((0, 3, 3)))": (0, 3, 3),
    "primitives.lu(E)[0]": (0, 0),
    "primitives.triangular_solve(jnp.eye(2), jnp.ones((2, 0)), left_side=True)": (2, 0),
}


@pytest.mark.parametrize("text", EMPTY)
def test_empty_matrices_are_answered_without_lapack(text):
    """LAPACK would end the process."""
    got = eval(
        text, {"LA": LA, "jnp": jnp, "primitives": primitives, "E": jnp.ones((0, 0))}
    )

    assert got.shape == EMPTY[text]
    assert numpy.isfinite(numpy.asarray(got)).all()


A = numpy.eye(3, dtype="float32")
R = numpy.ones((3, 2), "float32")
ERRORS = {
    "LA.norm(A, 'bad')": (ValueError, "Invalid order"),
    "LA.norm(A[0], 'fro')": (ValueError, "vector norm"),
    "LA.norm(A, axis=(0, 1, 2))": (ValueError, "axis 2 is out of bounds"),
    "LA.norm(A[None], ord=1)": (ValueError, "Improper number"),
    "LA.norm([1, 2])": (TypeError, "list"),
    "LA.svd(A[0])": (TypeError, "at least 2 axes"),
    "LA.svd([[1.0]])": (TypeError, "list"),
    "LA.qr(A, 'bad')": (ValueError, "'bad'"),
    "LA.eigh(A, UPLO='X')": (ValueError, "UPLO"),
    "LA.inv(R)": (ValueError, r"\[..., n, n\], got \(3, 2\)"),
    "LA.det(R)": (ValueError, r"\(3, 2\)"),
    "LA.solve(R, R)": (ValueError, "square"),
    "LA.solve(A, R.T)": (ValueError, "3 rows"),
    "LA.slogdet(A, method='x')": (ValueError, "'lu' or 'qr'"),
    "LA.pinv(R, rcond=0.1, rtol=0.1)": (ValueError, "only one"),
    "LA.cond(A[0])": (ValueError, "at least 2D"),
    "LA.cond(R, 1)": (ValueError, "square"),
    "LA.lstsq(A, A[:2])": (ValueError, "must match"),
    "LA.matrix_power(A, 1.5)": (TypeError, "integer"),
    "LA.matrix_power(R, 2)": (TypeError, "square"),
    "LA.multi_dot([A])": (ValueError, "at least two"),
    "LA.multi_dot([A, R.T])": (ValueError, "agree in size"),
    "LA.tensorinv(A, 0)": (ValueError, "positive"),
    "LA.tensorsolve(A, R)": (ValueError, "leading shape"),
    "LA.outer(A, A)": (ValueError, "one-dimensional"),
    "LA.cross(R, R)": (ValueError, "3-dimensional"),
    "primitives.cholesky(jnp.ones((2, 2), int))": (TypeError, "float32"),
    "primitives.lu(jnp.ones(2))": (ValueError, "stack of matrices"),
}


@pytest.mark.parametrize("text", ERRORS)
def test_bad_calls_say_what_is_wrong(text):
    """The exception types are jax's."""
    kind, message = ERRORS[text]
    names = {
        "LA": LA,
        "A": A,
        "R": R,
        "jnp": jnp,
        "primitives": primitives,
        "minijax": minijax,
    }
    with pytest.raises(kind, match=message):
        eval(text, names)


def test_a_decomposition_is_one_call_of_lapack():
    """The text holds one custom call, with its matrices stored by columns."""
    text = minijax.jit(primitives.lu).lower(A).as_text()

    assert text.count("custom_call @lapack_sgetrf_ffi") == 1
    assert "operand_layouts = [dense<[0, 1]> : tensor<2xindex>]" in text


def test_one_decomposition_serves_a_batch_of_right_sides():
    """vmap over b solves for more columns, and decomposes the matrix once."""
    solve = minijax.vmap(LA.solve, in_axes=(None, 0))
    text = minijax.jit(solve).lower(A, numpy.ones((5, 3), "float32")).as_text()

    assert "getrf_ffi(%0)" in text
    assert "tensor<5x3x3xf32>" not in text


HALF = {
    "LA.cholesky(h)": (2, 2),
    "LA.inv(h)": (2, 2),
    "LA.det(jnp.kron(h, h))": (),
    "LA.slogdet(h)[1]": (),
    "LA.solve(h, h[0])": (2,),
    "LA.svd(h)[1]": (2,),
    "LA.eigh(h)[0]": (2,),
    "LA.qr(h)[1]": (2, 2),
    "LA.pinv(h)": (2, 2),
    "LA.norm(h, ord=2)": (),
    "LA.norm(h[:0], ord=2)": (),
    "LA.norm(h[:0, 0], ord=jnp.inf)": (),
    "minijax.grad(lambda x: LA.slogdet(x)[1])(h)": (2, 2),
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("text", HALF)
def test_half_precision_is_computed_in_single(text, dtype):
    """The result is that of f32, rounded: LAPACK has no half precision."""
    h = jnp.array([[4.0, 1.0], [1.0, 3.0]])
    names = {"LA": LA, "jnp": jnp, "minijax": minijax}
    got = eval(text, {**names, "h": h.astype(dtype)})
    wanted = eval(text, {**names, "h": h})

    assert (got.shape, str(got.dtype)) == (HALF[text], dtype)
    numpy.testing.assert_allclose(got.astype(float), wanted, rtol=0.02, atol=0.02)


def test_the_derivative_of_solve_reuses_the_decomposition():
    """A gradient with respect to matrix and right side calls getrf once."""
    grad = minijax.grad(lambda a, b: LA.solve(a, b).sum(), argnums=(0, 1))
    text = minijax.jit(grad).lower(A, A[0]).as_text()

    assert text.count("getrf") == 1
    assert text.count("trsm") == 4


# Against jax

EXPRESSIONS = """
la.norm(A, 3, axis=1, keepdims=True)
la.norm(T, "nuc", axis=(0, 2), keepdims=True)
la.norm(I)
la.vector_norm(T, axis=(0, 1))
la.matrix_norm(T, ord=2)
la.svdvals(I)
la.eigvalsh(I)
la.cholesky(S)
la.inv(I + 4 * np.eye(3, dtype=int))
la.det(T)
la.slogdet(T)
la.slogdet(I)
la.pinv(R)
la.lstsq(R, R[:, 0])
la.lstsq(R, R, numpy_resid=True)
la.matrix_rank(R)
la.matrix_rank(S, hermitian=True)
la.matrix_power(I, 3)
la.cond(S, 1)
la.solve(S, T[0])
la.tensorinv(S.reshape(3, 3), 1)
la.trace(T, offset=1)
la.diagonal(T, offset=-1)
la.vecdot(S, S)
la.cross(S, S[::-1])
la.multi_dot([R.T, S, R])
grad(lambda x: la.solve(x, R).sum())(S)
grad(lambda x: la.slogdet(x)[1])(S)
grad(lambda x: np.sin(la.cholesky(x)).sum())(S)
grad(lambda x: np.sin(la.svdvals(x)).sum())(R)
grad(lambda x: (la.eigh(x)[1] ** 2)[0].sum())(S)
grad(lambda x: (la.qr(x)[0] ** 2)[0].sum())(R)
hessian(lambda x: la.inv(x).sum())(S)
hessian(lambda x: la.det(x))(S)
hessian(lambda x: la.pinv(x).sum())(R)
hessian(lambda x: np.sin(la.eigvalsh(x)).sum())(S)
vmap(la.det)(T)
vmap(lambda x: la.solve(S, x))(T)
vmap(grad(lambda x: la.slogdet(x)[1]))(T)
""".strip().splitlines()


def evaluated(text, package, xp):
    data = {
        "A": normal(3, 3),
        "R": normal(4, 2, seed=1),
        "T": normal(2, 3, 3, seed=2),
        "S": normal(3, 3) @ normal(3, 3).T + numpy.eye(3),
        "I": numpy.arange(9).reshape(3, 3),
    }
    if text in ("la.multi_dot([R.T, S, R])",) or "solve(x, R)" in text:
        data["R"] = data["R"][:3]
    values = {
        k: xp.asarray(v.astype("int32" if v.dtype.kind == "i" else "float32"))
        for k, v in data.items()
    }
    tools = {k: getattr(package, k) for k in ("grad", "hessian", "vmap")}
    return eval(text, {"la": xp.linalg, "np": xp, **tools, **values})


@pytest.mark.oracle
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values_and_types_are_jaxs(text):
    """Values, dtypes and weak types, of derivatives of order 1 and 2 too."""
    jax = pytest.importorskip("jax")
    got = minijax.tree.leaves(evaluated(text, minijax, jnp))
    wanted = jax.tree.leaves(evaluated(text, jax, jax.numpy))

    assert len(got) == len(wanted)
    for x, y in zip(got, wanted, strict=True):
        assert (x.shape, x.dtype, x.weak_type) == (y.shape, y.dtype, y.weak_type)
        scale = 1 + numpy.abs(numpy.asarray(y)).max(initial=0)
        numpy.testing.assert_allclose(x / scale, y / scale, atol=2e-4)


def test_no_directions_are_differentiated_too():
    """jacfwd of an empty array: decompositions batch over no directions at all."""
    empty = jnp.ones((3, 0))

    def decomposed(v):
        m = jnp.ones((3, 3)) + jnp.sum(v)
        return jnp.linalg.svd(m)[0], jnp.linalg.eigh(m)[1]

    for slopes in minijax.jacfwd(decomposed)(empty):
        assert slopes.shape == (3, 3, 3, 0)
