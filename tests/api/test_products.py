"""Jacobians by chunks, and products with second derivatives, against dense matrices."""

import functools

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import (
    diag_hessian,
    ggn,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacrev,
    jit,
    laplacian,
    lax,
    tree,
    value_and_grad,
    value_and_jacobian,
    vmap,
)
from minijax.flatten_util import ravel_pytree

pytestmark = pytest.mark.usefixtures("x64")

W = np.random.default_rng(0).normal(size=(5, 3))


def network(params, x):
    """Two outputs, (5,) and (), of a tree of 5 * 3 + 5 parameters and an input (3,)."""
    h = jnp.tanh(params["w"] @ x + params["b"])
    return h, {"energy": jnp.sum(h**3)}


def loss(params, x, scale=1.0):
    h, rest = network(params, x)
    return scale * (jnp.sum(jnp.exp(h)) + rest["energy"] * x[0])


PARAMS = {"w": W, "b": np.linspace(-1, 1, 5)}
X = np.array([0.3, -0.7, 1.1])
CHUNKS = [1, 3, 1000]


def equal(found, wanted, tolerance=1e-13):
    assert tree.structure(found) == tree.structure(wanted)
    for x, y in zip(tree.leaves(found), tree.leaves(wanted), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


def direction(like, seed=1):
    flat, unravel = ravel_pytree(like)
    return unravel(np.random.default_rng(seed).normal(size=flat.shape))


def dense_hessian(f, x):
    """The Hessian of a function of a tree, as a matrix."""
    flat, unravel = ravel_pytree(x)
    return np.asarray(jit(hessian(lambda z: f(unravel(z))))(flat))


# --- chunks ------------------------------------------------------------------------


@pytest.mark.parametrize("chunk_size", CHUNKS)
@pytest.mark.parametrize("derivative", [jacfwd, jacrev])
@pytest.mark.parametrize("argnums", [1, (1, 0)], ids=str)
def test_jacobians_by_chunks_are_the_same(derivative, chunk_size, argnums):
    whole = jit(derivative(network, argnums))(PARAMS, X)

    by_chunks = jit(derivative(network, argnums, chunk_size=chunk_size))
    equal(by_chunks(PARAMS, X), whole)


@pytest.mark.parametrize("chunk_size", CHUNKS)
def test_hessians_by_chunks_are_the_same(chunk_size):
    whole = jit(hessian(loss, (0, 1)))(PARAMS, X, scale=2.0)

    by_chunks = jit(hessian(loss, (0, 1), chunk_size=chunk_size))
    equal(by_chunks(PARAMS, X, scale=2.0), whole)


@pytest.mark.parametrize("derivative", [jacfwd, jacrev, hessian])
@pytest.mark.parametrize(
    "road",
    [lambda f: f, lambda f: lambda x: jit(vmap(f))(x[None])[0]],
    ids=["eager", "vmap"],
)
def test_chunks_go_every_road(derivative, road):
    def f(x):
        return jnp.sum(jnp.sin(x) * x[0]) * x

    equal(road(derivative(f, chunk_size=2))(X), derivative(f)(X), 1e-12)


@pytest.mark.parametrize("derivative", [jacfwd, jacrev])
def test_auxiliary_outputs_pass(derivative):
    found, aux = derivative(
        lambda x: (x**2, {"norm": x.sum()}), has_aux=True, chunk_size=2
    )(X)

    equal(found, np.diag(2 * X))
    assert float(aux["norm"]) == pytest.approx(X.sum())


def test_integers_have_no_slope():
    """Integer outputs get zeros of their dtype, as in JAX; integer inputs float0."""

    def f(x, n):
        return x * n, (x > 0).astype(int)

    found = jacfwd(f, chunk_size=2)(X, 3)
    equal(found[1], np.zeros((3, 3), int))
    equal(found[0], 3 * np.eye(3))
    by_number = jacrev(lambda x, n: x * n, (0, 1), allow_int=True, chunk_size=2)(
        X, np.array([1, 2, 3])
    )
    assert by_number[1].dtype == minijax.float0
    assert by_number[1].shape == (3, 3)


@pytest.mark.parametrize("derivative", [jacfwd, jacrev])
def test_complex_jacobians_by_chunks(derivative):
    z = X + 1j
    found = derivative(lambda z: z**2 * z[0], holomorphic=True, chunk_size=2)(z)

    equal(found, derivative(lambda z: z**2 * z[0], holomorphic=True)(z))


@pytest.mark.parametrize(
    "derivative",
    [
        functools.partial(jacfwd, chunk_size=2),
        functools.partial(jacrev, chunk_size=2),
        value_and_jacobian,
    ],
    ids=["jacfwd", "jacrev", "value_and_jacobian"],
)
def test_python_runs_once_and_sees_values(derivative):
    calls = []

    def f(x):
        calls.append(x)
        return x**2 if x[0] > 0 else x**3

    derivative(f)(X)

    assert len(calls) == 1


# J of 256 inputs by way of 4096 hidden values; whole, 256 * 4096 doubles are 8 MiB.
WIDE = np.random.default_rng(2).normal(size=(4096, 256)) / 16


@pytest.mark.parametrize(
    ("derivative", "f"),
    [
        (jacfwd, lambda x: WIDE.T @ jnp.tanh(WIDE @ x)),
        (jacrev, lambda x: WIDE.T @ jnp.tanh(WIDE @ x)),
        (hessian, lambda x: jnp.log(jnp.cosh(WIDE @ x)).sum()),
        (diag_hessian, lambda x: jnp.log(jnp.cosh(WIDE @ x)).sum()),
        (laplacian, lambda x: jnp.tanh(WIDE.T @ jnp.tanh(WIDE @ x)).sum()),
    ],
    ids=["jacfwd", "jacrev", "hessian", "diag_hessian", "laplacian"],
)
def test_chunks_bound_the_memory(derivative, f):
    """Four vectors at a time need less than an eighth of what 256 at once do."""

    def temporary(g):
        compiled = jit(g).lower(np.ones(256)).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    at_once = temporary(derivative(f))
    by_chunks = temporary(derivative(f, chunk_size=4))

    assert at_once >= 256 * 4096 * 8
    assert by_chunks < at_once / 8


@pytest.mark.parametrize("chunk_size", [0, -1, 2.0, "2"])
@pytest.mark.parametrize(
    "derivative",
    [jacfwd, jacrev, hessian, value_and_jacobian, diag_hessian, laplacian],
)
def test_chunk_sizes_are_positive_integers(derivative, chunk_size):
    with pytest.raises(ValueError, match="chunk_size must be a positive integer or"):
        derivative(loss, chunk_size=chunk_size)


# --- value and Jacobian ------------------------------------------------------------


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
@pytest.mark.parametrize("chunk_size", [None, 2])
@pytest.mark.parametrize("argnums", [0, (0, 1)], ids=str)
def test_value_and_jacobian_in_both_modes(mode, chunk_size, argnums):
    f = value_and_jacobian(network, argnums, mode=mode, chunk_size=chunk_size)
    value, found = jit(f)(PARAMS, X)

    equal(value, jit(network)(PARAMS, X))
    equal(found, jit(jacrev(network, argnums))(PARAMS, X))


@pytest.mark.parametrize(
    ("count", "loops"), [(2, "forward"), (9, "reverse")], ids=["few", "many"]
)
def test_the_mode_with_fewer_products_is_taken(count, loops):
    """One loop turn per product, by the length of the loop in the program."""

    def f(x):
        return jnp.outer(np.ones(4), x).sum(1)

    program = str(
        minijax.make_jaxpr(value_and_jacobian(f, chunk_size=1))(np.ones(count))
    )

    assert f"length={min(count, 4)}" in program


def test_value_and_jacobian_passes_aux():
    (value, aux), found = value_and_jacobian(lambda x: (x**2, "text"), has_aux=True)(X)

    equal(value, X**2)
    assert aux == "text"
    equal(found, np.diag(2 * X))


# --- products ----------------------------------------------------------------------


@pytest.mark.parametrize("road", [lambda f: f, jit], ids=["eager", "jit"])
def test_hvp_is_the_product_with_the_dense_hessian(road):
    """The product is unravel(H ravel(v))."""
    v = direction(PARAMS)
    H = dense_hessian(lambda p: loss(p, X), PARAMS)
    _, unravel = ravel_pytree(PARAMS)
    wanted = unravel(H @ ravel_pytree(v)[0])

    equal(road(hvp(loss))(v, PARAMS, X), wanted)


def test_hvp_of_two_arguments_takes_and_gives_tuples():
    v = direction((X, PARAMS))
    H = dense_hessian(lambda both: loss(both[1], both[0], scale=3.0), (X, PARAMS))
    _, unravel = ravel_pytree((X, PARAMS))

    found = hvp(loss, (1, 0))(v, PARAMS, X, scale=3.0)
    equal(found, unravel(H @ ravel_pytree(v)[0]))


def test_hvp_passes_aux_and_is_mapped_over_directions():
    f = hvp(lambda x: ((x**3).sum(), x[0]), has_aux=True)
    found, aux = vmap(f, in_axes=(0, None), out_axes=(0, None))(np.eye(3), X)

    equal(found, np.diag(6 * X))
    assert float(aux) == X[0]


@pytest.mark.parametrize("road", [lambda f: f, jit], ids=["eager", "jit"])
def test_ggn_is_the_product_with_the_dense_matrix(road):
    """The product is unravel(J^T L J ravel(v))."""

    def cost(z):
        h, rest = z
        return jnp.sum(jnp.cosh(h)) + jnp.exp(rest["energy"])

    flat, unravel = ravel_pytree(PARAMS)
    z, unravel_z = ravel_pytree(network(PARAMS, X))
    flat_network = jit(jacrev(lambda p: ravel_pytree(network(unravel(p), X))[0]))
    J = np.asarray(flat_network(flat))
    L = np.asarray(jit(hessian(lambda z: cost(unravel_z(z))))(z))
    v = direction(PARAMS)
    wanted = unravel(jnp.asarray(J.T @ L @ J) @ ravel_pytree(v)[0])

    equal(road(ggn(network, cost))(v, PARAMS, X), wanted)


def test_ggn_of_a_linear_model_is_the_hessian():
    def model(x):
        return W @ x

    def cost(z):
        return jnp.sum(jnp.exp(z) * z)

    v = direction(X)

    equal(ggn(model, cost)(v, X), hvp(lambda x: cost(model(x)))(v, X))


def test_ggn_passes_aux_and_takes_tuples():
    def model(x, y):
        return x * y, {"sum": x.sum()}

    (by_x, by_y), aux = ggn(model, lambda z: (z**2).sum(), (0, 1), has_aux=True)(
        (X, 0 * X), X, X
    )

    equal(by_x, 2 * X * X * X)
    equal(by_y, 2 * X * X * X)
    assert float(aux["sum"]) == X.sum()


# --- parts of the Hessian ----------------------------------------------------------


@pytest.mark.parametrize("chunk_size", [None, *CHUNKS])
def test_the_diagonal_and_its_sum(chunk_size):
    H = dense_hessian(lambda p: loss(p, X), PARAMS)
    _, unravel = ravel_pytree(PARAMS)

    diagonal = jit(diag_hessian(loss, chunk_size=chunk_size))(PARAMS, X)
    equal(diagonal, unravel(np.diag(H)))
    trace = jit(laplacian(loss, chunk_size=chunk_size))(PARAMS, X)
    equal(trace, jnp.asarray(np.trace(H)))


def test_the_diagonal_of_two_arguments_and_aux():
    def f(x, y):
        return (x**3 * y**2).sum(), "text"

    (by_y, by_x), aux = diag_hessian(f, (1, 0), has_aux=True)(X, X)
    equal(by_y, 2 * X**3)
    equal(by_x, 6 * X * X**2)
    assert aux == "text"
    total, aux = laplacian(f, (0, 1), has_aux=True)(X, X)
    equal(total, jnp.sum(2 * X**3 + 6 * X**3))
    assert aux == "text"


def test_leaves_keep_their_dtypes():
    x = {"a": np.float32([1, 2]), "b": np.float64([3])}
    f = jit(diag_hessian(lambda x: (x["a"] ** 3).sum() + (x["b"] ** 3).sum()))
    found = f(x)

    assert found["a"].dtype == np.float32
    assert found["b"].dtype == np.float64
    equal(found["b"], np.array([18.0]))


@pytest.mark.parametrize("chunk_size", [None, 2])
def test_the_laplacian_of_a_harmonic_function_is_zero_and_has_a_gradient(chunk_size):
    def harmonic(x):
        return jnp.exp(x[0]) * jnp.sin(x[1])

    def square(x):
        return (x**4).sum()

    points = np.random.default_rng(3).normal(size=(10, 2))
    zeros = vmap(laplacian(harmonic, chunk_size=chunk_size))(points)
    np.testing.assert_allclose(zeros, 0, atol=1e-13)
    slope = jit(grad(laplacian(square, chunk_size=chunk_size)))(X)
    equal(slope, 24 * X, 1e-12)


def test_laplacians_go_through_loops_and_branches():
    def f(x):
        y = lax.fori_loop(0, 3, lambda k, y: jnp.sin(y) * x[0], x)
        return lax.cond(x[1] > 0, jnp.sum, lambda y: (y**2).sum(), y)

    H = np.asarray(jit(hessian(f))(X))

    equal(jit(diag_hessian(f, chunk_size=2))(X), np.diag(H), 1e-12)


# --- complex gradients -------------------------------------------------------------


def test_both_conventions_of_the_complex_gradient():
    """df = Re(sum(g dz)) for "derivative", Re(sum(conj(g) dz)) for "ascent"."""
    z = X + 1j * X[::-1]
    dz = 1e-6 * (X[::-1] - 2j * X)

    def f(z):
        return jnp.sum(jnp.abs(z) ** 2 * jnp.real(z))

    change = (f(z + dz) - f(z - dz)) / 2
    g = grad(f)(z)
    up = grad(f, complex="ascent")(z)

    equal(up, jnp.conj(g))
    assert jnp.sum(g * dz).real == pytest.approx(float(change), rel=1e-8)
    assert jnp.sum(jnp.conj(up) * dz).real == pytest.approx(float(change), rel=1e-8)
    assert f(z + 1e-3 * up) > f(z) > f(z - 1e-3 * up)


def test_the_convention_leaves_real_arguments_alone():
    def f(x, z):
        return jnp.sum(x**2) + jnp.abs(z) ** 2

    (_, aux), (by_x, by_z) = value_and_grad(
        lambda x, z: (f(x, z), "text"), (0, 1), has_aux=True, complex="ascent"
    )(X, 1 + 2j)

    equal(by_x, 2 * X)
    assert by_z == 2 + 4j
    assert aux == "text"


# --- mistakes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: hvp(loss)({"w": W}, PARAMS, X),
            TypeError,
            "hvp of loss: v must have the structure of x. v[0] must be a dict with "
            "keys ['b', 'w'] like x[0], got a dict with keys ['w'].",
        ),
        (
            lambda: hvp(loss, 1)(np.ones(4), PARAMS, X),
            TypeError,
            "hvp of loss: v must have the types of the arguments, got f64[4] for x: "
            "f64[3]. Convert it, for example with astype or reshape.",
        ),
        (
            lambda: hvp(loss, (0, 1))(X, PARAMS, X),
            TypeError,
            "hvp of loss: the direction must be a tuple with one entry for each of "
            "argnums=(0, 1), got array([ 0.3, -0.7,  1.1]).",
        ),
        (
            lambda: hvp(lambda x: x * 2)(X, X),
            TypeError,
            "Gradient only defined for scalar-output functions. Output had shape: "
            "(3,). In grad of <lambda>: reduce the output to a scalar first, for "
            "example with .sum() or .mean(), or use jacrev for the whole Jacobian.",
        ),
        (
            lambda: laplacian(lambda x: x * 2)(X),
            TypeError,
            "Gradient only defined for scalar-output functions. Output had shape: "
            "(3,). In laplacian of <lambda>: reduce the output to a scalar first, for "
            "example with .sum() or .mean(), or use jacrev for the whole Jacobian.",
        ),
        (
            lambda: laplacian(lambda x: (x**2).sum())(np.arange(3)),
            TypeError,
            "laplacian of <lambda> requires real- or complex-valued inputs (input "
            "dtype that is a sub-dtype of np.inexact), but got int64 for x. Convert it "
            "with astype(float).",
        ),
        (
            lambda: diag_hessian(lambda x: abs(x) ** 2)(1j),
            TypeError,
            "diag_hessian of <lambda> requires real-valued inputs (input dtype that is "
            "a sub-dtype of np.floating), but got complex128 for x. Pass real and "
            "imaginary parts as two arguments.",
        ),
        (
            lambda: value_and_jacobian(lambda x: x * 1j)(X),
            TypeError,
            "value_and_jacobian of <lambda> requires real-valued outputs (output dtype "
            "that is a sub-dtype of np.floating), but got complex128. Convert it, or "
            "return real and imaginary parts as two outputs.",
        ),
        (
            lambda: value_and_jacobian(loss, mode="both"),
            ValueError,
            "value_and_jacobian of loss: mode must be 'forward', 'reverse' or None, "
            "got 'both'.",
        ),
        (
            lambda: grad(loss, complex="conjugate"),
            ValueError,
            "grad: complex must be 'derivative' or 'ascent', got 'conjugate'.",
        ),
        (
            lambda: grad(loss, holomorphic=True, complex="ascent"),
            ValueError,
            "grad: a holomorphic function has one derivative and no direction of "
            "ascent, got holomorphic=True and complex='ascent'. Leave one of them out.",
        ),
        (
            lambda: grad(lambda x: x**2)(3),
            TypeError,
            "grad requires real- or complex-valued inputs (input dtype that is a "
            "sub-dtype of np.inexact), but got int64 for x in grad of <lambda>. Write "
            "3.0, or pass allow_int=True for a float0 gradient.",
        ),
        (
            lambda: grad(lambda p: p["n"] ** 2)({"n": np.int32(3)}),
            TypeError,
            "grad requires real- or complex-valued inputs (input dtype that is a "
            "sub-dtype of np.inexact), but got int32 for p['n'] in grad of <lambda>. "
            "Convert it with astype(float), or pass allow_int=True for a float0 "
            "gradient.",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_mistakes_are_named(call, kind, message):
    with pytest.raises(kind) as caught:
        call()

    assert str(caught.value) == message
