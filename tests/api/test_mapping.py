"""`vmap`, `pmap` and collectives against loops and NumPy."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, jit, lax, pmap, vmap

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3)).astype("float32")
Y = RNG.normal(size=(3, 4)).astype("float32")


@pytest.mark.parametrize(
    ("in_axes", "members"),
    [
        ((0, 1), [(X[k], Y[:, k]) for k in range(4)]),
        ((0, None), [(X[k], X[0]) for k in range(4)]),
        ((-1, 0), [(X[:, k], Y[k]) for k in range(3)]),
        ((None, -1), [(Y[:, 0], Y[:, k]) for k in range(4)]),
    ],
    ids=str,
)
@pytest.mark.parametrize("road", ["eager", "jit inside", "jit outside"])
def test_vmap_is_a_loop(in_axes, members, road):
    def f(x, y):
        return jnp.sin(x) @ x + y.sum(), x[0]

    x, y = {
        (0, 1): (X, Y),
        (0, None): (X, X[0]),
        (-1, 0): (X, Y),
        (None, -1): (Y[:, 0], Y),
    }[in_axes]
    inner = jit(f) if road == "jit inside" else f
    mapped = vmap(inner, in_axes)
    if road == "jit outside":
        mapped = jit(mapped)

    outs = mapped(x, y)

    for k, member in enumerate(members):
        for out, expected in zip(outs, f(*member), strict=True):
            np.testing.assert_allclose(out[k], expected, rtol=1e-5)


def test_axes_are_prefixes_of_trees():
    def f(tree, z):
        return {"sum": tree["a"] + tree["b"][0], "z": z}

    tree = {"a": X, "b": (Y, np.float32(1))}

    out = vmap(
        f, in_axes=({"a": 0, "b": (1, None)}, None), out_axes={"sum": 1, "z": None}
    )(tree, 3.0)

    np.testing.assert_allclose(out["sum"], (X + Y.T).T)
    assert out["z"].shape == ()


def test_keyword_arguments_are_mapped_over_axis_0():
    np.testing.assert_allclose(vmap(lambda x, y: x + y)(X, y=X), 2 * X)


def test_outputs_that_no_member_changes_are_repeated():
    assert vmap(lambda x: 1.0)(X).shape == (4,)
    assert vmap(lambda x: 1.0, out_axes=None)(X).shape == ()
    with pytest.raises(ValueError, match="out_axes is None"):
        vmap(lambda x: x, out_axes=None)(X)


def test_nested_maps():
    outer = vmap(vmap(lambda x, y: x * y, (None, 0)), (0, None))

    np.testing.assert_allclose(outer(X[0], Y[0]), np.outer(X[0], Y[0]))


def test_python_control_flow_on_shared_values():
    """Values without a batch axis are concrete under vmap."""

    def f(x, n):
        return x * 2 if n > 1 else x

    np.testing.assert_allclose(vmap(f, (0, None))(X, 3), 2 * X)


@pytest.mark.parametrize("wrap", [lambda f: f, jit], ids=["eager", "jit"])
def test_collectives(wrap):
    """Against NumPy along the mapped axis."""

    def f(x):
        k = lax.axis_index("i")
        return {
            "sum": lax.psum(x, "i"),
            "mean": lax.pmean(x, "i"),
            "max": lax.pmax(x, "i"),
            "min": lax.pmin(x, "i"),
            "size": lax.psum(1, "i"),
            "index": k,
            "all": lax.all_gather(x, "i"),
            "tiled": lax.all_gather(x, "i", tiled=True),
            "shifted": lax.ppermute(x, "i", [(k, (k + 1) % 4) for k in range(4)]),
            "first": lax.ppermute(x, "i", [(0, 3)]),
        }

    out = wrap(vmap(wrap(f), axis_name="i"))(X)
    every = np.broadcast_to

    np.testing.assert_allclose(out["sum"], every(X.sum(0), X.shape), rtol=1e-6)
    np.testing.assert_allclose(out["mean"], every(X.mean(0), X.shape), rtol=1e-6)
    np.testing.assert_array_equal(out["max"], every(X.max(0), X.shape))
    np.testing.assert_array_equal(out["min"], every(X.min(0), X.shape))
    np.testing.assert_array_equal(out["size"], [4] * 4)
    np.testing.assert_array_equal(out["index"], range(4))
    np.testing.assert_array_equal(out["all"], every(X, (4, *X.shape)))
    np.testing.assert_array_equal(out["tiled"], every(X.ravel(), (4, X.size)))
    np.testing.assert_array_equal(out["shifted"], np.roll(X, 1, axis=0))
    np.testing.assert_array_equal(out["first"][3], X[0])
    assert not np.asarray(out["first"][:3]).any()


def test_exchange_between_members():
    square = np.arange(32.0).reshape(4, 4, 2)

    swapped = vmap(lambda x: lax.all_to_all(x, "i", 0, 0), axis_name="i")(square)
    pieces = vmap(lambda x: lax.psum_scatter(x, "i"), axis_name="i")(square)

    np.testing.assert_array_equal(swapped, square.transpose(1, 0, 2))
    np.testing.assert_array_equal(pieces, square.sum(0))


def test_two_named_axes():
    f = vmap(vmap(lambda x: lax.psum(x, ("i", "j")), axis_name="j"), axis_name="i")

    np.testing.assert_allclose(f(X), np.full(X.shape, X.sum()), rtol=1e-5)


def test_gradients_through_collectives():
    def f(x):
        return jnp.sum((x - lax.pmean(x, "i")) ** 2)

    total = grad(lambda x: vmap(f, axis_name="i")(x).sum())(X)

    np.testing.assert_allclose(total, 2 * (X - X.mean(0)), rtol=1e-4, atol=1e-5)


def test_pmap_runs_one_member_per_device(devices):
    count = len(devices)
    x = RNG.normal(size=(count, 3)).astype("float32")

    out = pmap(lambda x, y: x * 2 + y, in_axes=(0, None))(x, 1.0)

    np.testing.assert_allclose(out, 2 * x + 1, rtol=1e-6)
    assert out.devices() == set(devices)
    assert not out.sharding.is_fully_replicated
    np.testing.assert_allclose(out + 1, 2 * x + 2, rtol=1e-6)


def test_pmap_with_collectives_is_data_parallel_training(devices):
    count = len(devices)
    w = np.ones(3, "float32")
    xs = RNG.normal(size=(count, 5, 3)).astype("float32")
    ys = RNG.normal(size=(count, 5)).astype("float32")

    def loss(w, x, y):
        return jnp.mean((x @ w - y) ** 2)

    @lambda f: pmap(f, axis_name="batch", in_axes=(None, 0, 0))
    def step(w, x, y):
        return w - 0.1 * lax.pmean(grad(loss)(w, x, y), "batch")

    updated = step(w, xs, ys)
    expected = w - 0.1 * grad(loss)(w, xs.reshape(-1, 3), ys.reshape(-1))

    for k in range(count):
        np.testing.assert_allclose(updated[k], expected, rtol=1e-5)


def test_pmap_wants_enough_devices():
    many = len(minijax.local_devices()) + 1

    with pytest.raises(ValueError, match=f"requires {many} logical devices"):
        pmap(lambda x: x)(np.ones((many, 2), "float32"))


def test_objects_without_a_proper_name_are_mapped():
    """An object that is called may have anything as its `__name__`."""

    class Doubled:
        __name__ = property(lambda self: None)

        def __call__(self, x):
            return 2 * x

    np.testing.assert_array_equal(minijax.vmap(Doubled())(jnp.arange(2)), [0, 2])
