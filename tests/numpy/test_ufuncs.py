"""Ufuncs fold as NumPy's do."""

import numpy as np
import pytest

import minijax
from minijax import jit, make_jaxpr, vmap
from minijax import numpy as jnp
from minijax.test_util import check_grads

X = np.array([[3, 1, 2], [5, 4, 6]], "float32")
BITS = np.array([[3, 0, 2], [1, 1, 7]], "int32")

OF_NUMBERS = ("add", "multiply", "maximum", "minimum", "subtract", "logaddexp")
OF_BITS = ("bitwise_and", "bitwise_or", "bitwise_xor")
OF_TRUTH = ("logical_and", "logical_or", "logical_xor")
FOLDS = [
    "{}.reduce(x)",
    "{}.reduce(x, axis=1, keepdims=True)",
    "{}.accumulate(x)",
    "{}.accumulate(x, axis=-1)",
    "{}.outer(x, x[0])",
    "{}.reduceat(x, np.array([0, 2, 1]), axis=1)",
]


def of(text, xp, x):
    return eval(text, {"np": np, "xp": xp, "x": x})


@pytest.mark.parametrize("fold", FOLDS)
@pytest.mark.parametrize("name", OF_NUMBERS + OF_BITS + OF_TRUTH)
def test_folds_are_numpys(name, fold):
    x = X if name in OF_NUMBERS else BITS
    text = fold.format(f"xp.{name}")
    wanted = of(text, np, x)

    got = jit(lambda x: of(text, jnp, x))(x)

    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=1e-6)


@pytest.mark.parametrize("name", [*OF_NUMBERS, *OF_BITS])
def test_updates_count_each_mention(name):
    x = X[0].copy() if name in OF_NUMBERS else BITS[0].copy()
    wanted = x.copy()
    getattr(np, name).at(wanted, np.array([0, 0, 2]), 2)

    got = getattr(jnp, name).at(x, np.array([0, 0, 2]), 2, inplace=False)

    np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_functions_of_the_user():
    """Any function of two numbers folds in order."""
    f = jnp.frompyfunc(lambda x, y: 2 * x - y, 2, 1, identity=0)

    assert f(X, 1).tolist() == (2 * X - 1).tolist()
    assert f.reduce(X[0]).item() == 2 * (2 * (2 * 0 - 3) - 1) - 2
    assert f.reduce(X, axis=(0, 1)).shape == ()
    assert f.reduce(X[0], initial=1).item() == 2 * (2 * (2 * 1 - 3) - 1) - 2
    assert f.reduce(X[0], where=X[0] > 1).item() == 2 * (2 * 0 - 3) - 2
    assert f.accumulate(X[0]).tolist() == [3, 5, 8]
    assert f.at(X[0], np.array([0, 0]), 1, inplace=False).tolist() == [9, 1, 2]
    assert f.at(X, (slice(None), 0), 1, inplace=False)[:, 0].tolist() == [5, 9]
    assert f.reduceat(X, np.array([0, 1]), axis=1).tolist() == [[3, 0], [5, 2]]
    assert f.outer(X[0], 1.0).tolist() == [5, 1, 3]


def test_attributes_and_equality():
    def f(x, y):
        return x + y

    assert (jnp.add.nin, jnp.add.nout, jnp.add.nargs, jnp.add.identity) == (2, 1, 2, 0)
    assert (jnp.negative.nin, jnp.multiply.identity, jnp.maximum.identity) == (
        1,
        1,
        None,
    )
    assert isinstance(jnp.add, jnp.ufunc)
    assert not isinstance(jnp.exp, jnp.ufunc)
    assert jnp.frompyfunc(f, 2, 1) == jnp.frompyfunc(f, 2, 1)
    assert hash(jnp.frompyfunc(f, 2, 1)) == hash(jnp.frompyfunc(f, 2, 1))
    assert jnp.frompyfunc(f, 2, 1) != jnp.frompyfunc(f, 2, 1, identity=0)
    assert repr(jnp.frompyfunc(divmod, 2, 2)) == "<jnp.ufunc 'divmod'>"


def test_several_results():
    quotient, rest = jnp.frompyfunc(lambda x, y: (x // y, x % y), 2, 2)(X, 2)

    assert quotient.tolist() == (X // 2).tolist()
    assert rest.tolist() == (X % 2).tolist()


def test_derivatives_and_batching(x64):
    f = jnp.frompyfunc(lambda x, y: jnp.sin(x) * y, 2, 1)
    x = X.astype("float64")

    check_grads(f.reduce, (x,), order=2)
    check_grads(lambda x: f.accumulate(x, axis=1), (x,), order=2)
    check_grads(lambda x: f.reduceat(x, np.array([0, 1]), axis=1), (x,), order=2)
    check_grads(lambda x: f.at(x, np.array([0, 0]), x[1], inplace=False), (x,), order=1)
    rows = vmap(f.reduce)(x)
    np.testing.assert_allclose(rows, f.reduce(x, axis=1))


STARTS = np.array([5, 0, 3, 3, 12, 1, 9, 7, 7, 2])


@pytest.mark.parametrize("size", [1, 2, 5, 13, 64])
@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "logaddexp"])
def test_slices_of_all_lengths(name, size):
    """x[i:j] folded for slices that overlap, are empty, or reach to the end."""
    x = np.random.default_rng(size).normal(size=(2, size)).astype("f4")
    starts = STARTS % size

    found = getattr(jnp, name).reduceat(x, starts, axis=1)
    expected = getattr(np, name).reduceat(x, starts, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_slices_that_start_outside_are_marked():
    found = jnp.add.reduceat(np.arange(4.0), np.array([0, 9, 2]))

    np.testing.assert_array_equal(found, [6, np.nan, 5])


@pytest.mark.parametrize("size", [0, 1, 2, 7, 100])
@pytest.mark.parametrize("name", ["bitwise_xor", "logical_and", "logaddexp"])
def test_trees_give_what_the_order_gives(name, size):
    """Pairs of pairs, with a mask and something to start from."""
    stream = np.random.default_rng(size)
    x = stream.integers(-9, 9, size=(3, size))
    mask = stream.uniform(size=(3, size)) < 0.7
    if name == "logaddexp":
        x = x.astype("f4")
    f, expected = getattr(jnp, name), getattr(np, name)

    for axis in (1, (0, 1)):
        found = f.reduce(x, axis=axis, where=mask, initial=1)
        wanted = expected.reduce(x, axis=axis, where=mask, initial=1)
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_folds_of_many_take_few_steps():
    """The program of a fold of n numbers has a logarithm of n as many equations."""
    sizes = [
        str(make_jaxpr(jnp.logaddexp.reduce)(np.zeros(n, "f4"))).count("\n")
        for n in (256, 256 * 256)
    ]

    assert sizes[1] < 2.5 * sizes[0]
    assert "scan" not in str(make_jaxpr(jnp.logaddexp.reduce)(np.zeros(99, "f4")))


def test_derivatives_of_trees(x64):
    x = np.random.default_rng(0).normal(size=(7, 2))

    check_grads(lambda x: jnp.logaddexp.reduce(x, axis=0), (x,), order=2)
    x[3] = 0
    check_grads(
        lambda x: jnp.multiply.reduceat(x, np.array([0, 4, 1, 6])), (x,), order=2
    )


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: jnp.negative.reduce(X), ValueError, "binary"),
        (lambda: jnp.frompyfunc(divmod, 2, 2).reduce(X), ValueError, "single value"),
        (lambda: jnp.subtract.reduce(X[:0]), ValueError, "no identity"),
        (lambda: jnp.subtract.reduce(X, where=X > 1), ValueError, "identity"),
        (lambda: jnp.add.at(X, 0, 1), NotImplementedError, "inplace=False"),
        (lambda: jnp.add(X, X, out=X), NotImplementedError, "out"),
        (lambda: jnp.add(X, X, where=X > 0), NotImplementedError, "where"),
        (lambda: jnp.add.accumulate(X, axis=(0, 1)), ValueError, "multiple axes"),
        (lambda: jnp.add.reduceat(X, 0), ValueError, "one-dimensional"),
        (lambda: jnp.add.reduceat(X, X[0]), ValueError, "integers"),
        (lambda: jnp.add.reduceat(X, np.array([0]), None), ValueError, "single"),
        (lambda: jnp.add.reduce(X, axis=2), ValueError, "out of bounds"),
    ],
    ids=range(12),
)
def test_bad_calls_say_what_is_wrong(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_calls_of_the_library_are_calls_of_a_function():
    """A call of an object would be slower than one of a function."""
    assert type(jnp.add) is type(minijax.jit)
    assert jnp.add.__name__ == "add"
