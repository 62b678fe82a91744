"""Ufuncs fold as NumPy's do."""

import numpy as np
import pytest

import minijax
from minijax import jit, vmap
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
