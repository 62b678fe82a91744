"""Repeated eigenvalues and singular values: the true derivative, or NaN."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, jvp
from minijax.scipy.linalg import funm, polar

from ..laws import precision

LA = jnp.linalg
SIZE = 3


@pytest.fixture(autouse=True)
def _double():
    with precision("f64"):
        yield


def stream():
    return np.random.default_rng(7)


def turned(*w, complex_entries=False):
    """A Hermitian matrix with these eigenvalues, in no special position."""
    x = stream().normal(size=(len(w), len(w)))
    if complex_entries:
        x = x + 1j * np.random.default_rng(8).normal(size=x.shape)
    q, _ = np.linalg.qr(x)
    return q @ np.diag(w) @ q.conj().T


MATRICES = {
    "identity": np.eye(SIZE),
    "zero": np.zeros((SIZE, SIZE)),
    "diagonal": np.diag([1.0, 1.0, 2.0]),
    "repeated": turned(1.0, 1.0, 2.0),
    "almost repeated": turned(1.0, 1.0 + 1e-15, 2.0),
    "distinct": turned(1.0, 2.0, 4.0),
}
REPEATED = [name for name in MATRICES if name != "distinct"]


def direction(seed=1):
    x = np.random.default_rng(seed).normal(size=(SIZE, SIZE))
    return (x + x.T) / 2


def difference(f, x, x_dot, h=1e-3):
    """(f(x + h x_dot) - f(x - h x_dot)) / 2h, to the fourth order."""

    def quotient(h):
        return (np.asarray(f(x + h * x_dot)) - np.asarray(f(x - h * x_dot))) / (2 * h)

    return (4 * quotient(h) - quotient(2 * h)) / 3


def close(x, y, atol=1e-8):
    np.testing.assert_allclose(x, y, rtol=0, atol=atol)


def spectral(x):
    """V sin(L) V^H."""
    w, v = LA.eigh(x)
    return (v * jnp.sin(w)) @ v.T


def numpy_spectral(x):
    w, v = np.linalg.eigh(x)
    return (v * np.sin(w)) @ v.T


def cubes(x):
    return (LA.eigvalsh(x) ** 3).sum()


@pytest.mark.parametrize("name", MATRICES)
def test_a_sum_over_eigenvalues(name):
    """d tr A^3 = 3 A^2, and its derivative along E is 3 (A E + E A)."""
    a, e = MATRICES[name], direction()

    close(jvp(cubes, (a,), (e,))[1], 3 * np.trace(a @ a @ e))
    close(grad(cubes)(a), 3 * a @ a)
    close(jvp(grad(cubes), (a,), (e,))[1], 3 * (a @ e + e @ a))


@pytest.mark.parametrize("name", MATRICES)
def test_a_function_of_a_matrix_in_forward_mode(name):
    """V f(L) V^H along E, once and twice."""
    a, e = MATRICES[name], direction()

    def along(x):
        return jvp(spectral, (x,), (e,))[1]

    close(along(a), difference(numpy_spectral, a, e))
    expected = difference(lambda x: difference(numpy_spectral, x, e), a, e)
    close(jvp(along, (a,), (e,))[1], expected, 1e-6)


@pytest.mark.parametrize("name", REPEATED)
def test_what_reverse_mode_cannot_know_is_nan(name):
    """The gradient of <G, V f(L) V^H> is not in the cotangents of L and V."""
    g = np.random.default_rng(2).normal(size=(SIZE, SIZE))

    assert np.isnan(grad(lambda x: (g * spectral(x)).sum())(MATRICES[name])).all()


@pytest.mark.parametrize("name", MATRICES)
def test_funm_has_it(name):
    """Divided differences know it: both modes, and a second derivative."""
    a, e = MATRICES[name], direction()
    g = np.random.default_rng(2).normal(size=(SIZE, SIZE))

    def loss(x):
        return (g * funm(x, jnp.sin, hermitian=True)).sum()

    def numpy_loss(x):
        return (g * numpy_spectral(x)).sum()

    close(np.sum(grad(loss)(a) * e), difference(numpy_loss, a, e))
    second = difference(lambda x: difference(numpy_loss, x, e), a, e)
    close(np.sum(jvp(grad(loss), (a,), (e,))[1] * e), second, 1e-6)


@pytest.mark.parametrize("name", REPEATED)
def test_a_loss_that_depends_on_the_basis_is_nan(name):
    """One component of an eigenvector of a repeated eigenvalue; jitted, mapped."""
    a = MATRICES[name]
    slope = grad(lambda x: LA.eigh(x)[1][0, 0] ** 2)

    assert np.isnan(slope(a)).any()
    assert np.isnan(minijax.jit(minijax.vmap(slope))(a[None])).any()


def test_one_component_of_a_simple_eigenvector_beside_a_cluster_is_right():
    """The eigenvalue 2 of (1, 1, 2) is simple."""
    a, e = MATRICES["repeated"], direction()

    def component(x, xp=jnp):
        return xp.linalg.eigh(x)[1][0, 2] ** 2

    expected = difference(lambda x: component(x, np), a, e)
    close(jvp(component, (a,), (e,))[1], expected)
    close(np.sum(grad(component)(a) * e), expected)


def test_the_projector_onto_a_cluster():
    """V V^H over the two equal eigenvalues: both modes, real and complex."""
    for complex_entries in (False, True):
        a = turned(1.0, 1.0, 2.0, complex_entries=complex_entries)
        g = np.random.default_rng(2).normal(size=(SIZE, SIZE))

        def loss(x, xp=jnp, g=g):
            v = xp.linalg.eigh(x)[1][:, :2]
            return (g * (v @ v.conj().T)).sum().real

        expected = difference(lambda x, f=loss: f(x, np), a, direction())
        close(jvp(loss, (a,), (direction() + 0 * a,))[1], expected)
        close(np.sum(grad(loss)(a) * direction()).real, expected)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4)], ids=str)
def test_unitary_factors_of_equal_singular_values(shape):
    """U V^H depends on no basis: both modes; polar has all orders."""
    m, n = shape
    u, _ = np.linalg.qr(stream().normal(size=(m, 3)))
    v, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(n, 3)))
    a = u @ np.diag([1.0, 1.0, 2.0]) @ v.T
    e, g = (np.random.default_rng(k).normal(size=shape) for k in (4, 5))

    def product(x, xp=jnp):
        u, _, vh = xp.linalg.svd(x, full_matrices=False)
        return (g * (u @ vh)).sum()

    expected = difference(lambda x: product(x, np), a, e)
    close(jvp(product, (a,), (e,))[1], expected)
    close(np.sum(grad(product)(a) * e), expected)
    close(np.sum(grad(lambda x: (g * polar(x)[0]).sum())(a) * e), expected)
    second = difference(lambda x: difference(lambda y: product(y, np), x, e), a, e)
    close(np.sum(jvp(grad(product), (a,), (e,))[1] * e), second, 1e-6)


def test_the_complement_of_singular_vectors():
    """Its projector has a derivative; one vector of it has none."""
    a, e = stream().normal(size=(5, 3)), np.random.default_rng(4).normal(size=(5, 3))

    def projector(x, xp=jnp):
        u = xp.linalg.svd(x)[0][:, 3:]
        return (u @ u.T)[0, 1]

    expected = difference(lambda x: projector(x, np), a, e)
    close(jvp(projector, (a,), (e,))[1], expected)
    close(np.sum(grad(projector)(a) * e), expected)
    assert np.isnan(grad(lambda x: LA.svd(x)[0][0, 3])(a)).any()


def test_two_directions_that_no_basis_fits_are_nan():
    """jvp of jvp along E1 and E2 that do not commute, and jacfwd, at the identity."""
    a, e, g = np.eye(SIZE), direction(1), direction(2)
    mixed = jvp(lambda x: jvp(spectral, (x,), (e,))[1], (a,), (g,))[1]

    assert np.isnan(mixed).any()
    assert np.isnan(minijax.jacfwd(spectral)(a)).any()
    close(minijax.jacfwd(cubes)(a), 3 * np.eye(SIZE))


@pytest.mark.parametrize("seed", range(3))
def test_schur_forms_move_as_schur_forms(seed):
    """Q T Q^T follows the matrix; Q stays orthogonal, and T what it is.

    Signs of Schur vectors jump, so differences are not taken.
    """
    a, e = np.random.default_rng(seed).normal(size=(2, 5, 5))
    (t, q), (t_dot, q_dot) = jvp(minijax.lax.linalg.schur, (a,), (e,))
    t, q, t_dot, q_dot = map(np.asarray, (t, q, t_dot, q_dot))
    blocks = np.diagonal(t, -1) != 0

    close(q_dot @ t @ q.T + q @ t_dot @ q.T + q @ t @ q_dot.T, e)
    close(q.T @ q_dot + q_dot.T @ q, 0)
    close(t_dot[t == 0], 0)
    close(np.diff(np.diagonal(t_dot))[blocks], 0)


@pytest.mark.parametrize("shape", [(4, 2), (2, 4), (3, 3)], ids=str)
def test_least_squares_of_equal_singular_values(shape):
    """The derivative does not pass through the singular vectors."""
    a = np.linalg.qr(stream().normal(size=(max(shape), min(shape))))[0]
    a = a if shape[0] >= shape[1] else a.T
    b = np.random.default_rng(3).normal(size=shape[0])
    e = np.random.default_rng(4).normal(size=shape)

    def solution(x, xp=jnp):
        return xp.linalg.lstsq(x, b)[0]

    expected = difference(lambda x: solution(x, np), a, e)
    close(jvp(solution, (a,), (e,))[1], expected)
    ct = np.random.default_rng(5).normal(size=shape[1])
    close(
        np.sum(grad(lambda x: (ct * solution(x)).sum())(a) * e), (ct * expected).sum()
    )
