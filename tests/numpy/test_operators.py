"""Methods and attributes of arrays are there inside every transformation too."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, jit, vmap
from minijax.core.trace import Operators, Tracer

X = np.array([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0], [1.0, 0.25, 5.0]], np.float32)

# Arguments of the methods, and whether the result has a slope.
CALLS = {
    "all": ((), False),
    "any": ((), False),
    "argmax": ((), False),
    "argmin": ((1,), False),
    "argpartition": ((1,), False),
    "argsort": ((), False),
    "astype": ((np.float32,), True),
    "choose": (([X, X + 1], None, "wrap"), False),
    "clip": ((-1.0, 3.0), True),
    "compress": ((np.array([True, False, True]), 0), True),
    "conj": ((), True),
    "conjugate": ((), True),
    "copy": ((), True),
    "cumprod": ((1,), True),
    "cumsum": ((0,), True),
    "diagonal": ((), True),
    "dot": ((X,), True),
    "flatten": ((), True),
    "max": ((1,), True),
    "mean": ((0,), True),
    "min": ((), True),
    "prod": ((0,), True),
    "ptp": ((1,), True),
    "ravel": ((), True),
    "repeat": ((2, 0), True),
    "reshape": ((9,), True),
    "round": ((), True),
    "searchsorted": ((1.0,), False),
    "sort": ((1,), True),
    "squeeze": ((), True),
    "std": ((1,), True),
    "sum": ((1,), True),
    "swapaxes": ((0, 1), True),
    "take": ((np.array([0, 2]), 1), True),
    "trace": ((), True),
    "transpose": ((), True),
    "var": ((1,), True),
    "view": ((np.int32,), False),
}
VALUES = ("T", "at", "imag", "mT", "real", "dtype", "itemsize", "nbytes", "ndim")
VALUES = (*VALUES, "shape", "size", "weak_type", "flat")
# What needs values, a device, or what jax refuses too.
NOT_TRACED = {"byteswap", "nonzero", "to_device"}


def argument(name):
    x = X.astype(np.int32) % 2 if name == "choose" else X
    return np.sort(X[0]) if name == "searchsorted" else x


def result(name, x):
    return getattr(x, name)(*CALLS[name][0])


def test_the_table_has_all_methods_and_attributes():
    names = {name for name in dir(Operators) if not name.startswith("_")}

    assert names == {*CALLS, *VALUES, *NOT_TRACED}


@pytest.mark.parametrize("name", CALLS)
def test_methods_are_the_same_inside_transformations(name):
    x = jnp.asarray(argument(name))
    expected = np.asarray(result(name, x))
    batched = vmap(lambda x: result(name, x))(jnp.stack([x, x]))

    np.testing.assert_array_equal(jit(lambda x: result(name, x))(x), expected)
    np.testing.assert_array_equal(batched[1], expected)
    if CALLS[name][1]:
        tangent = jnp.ones_like(x)
        for f in (lambda x: result(name, x), jit(lambda x: result(name, x))):
            primal, slope = minijax.jvp(f, (x,), (tangent,))
            np.testing.assert_array_equal(primal, expected)
            back = grad(lambda x, f=f: jnp.sum(f(x)))(x)
            np.testing.assert_allclose(np.sum(slope), np.sum(back), 1e-5, 1e-6)


@pytest.mark.parametrize("name", [n for n in VALUES if n not in ("at", "flat")])
def test_attributes_are_the_same_inside_transformations(name):
    x = jnp.asarray(X)
    found = []

    def f(x):
        found.append(getattr(x, name))
        return jnp.sum(x)

    for transformed in (jit(f), grad(f), jit(grad(f))):
        transformed(x)
        got, expected = found.pop(), getattr(x, name)
        assert getattr(got, "aval", got) == getattr(expected, "aval", expected)


def test_tracers_add_no_attribute_that_arrays_have():
    """A tracer that kept its variable as `var` hid the method."""

    def kinds(cls):
        return {s for sub in cls.__subclasses__() for s in (sub, *kinds(sub))}

    names = {name for name in dir(Operators) if not name.startswith("_")}
    for kind in kinds(Tracer):
        own = {name for name in vars(kind) if not name.startswith("_")}
        assert own.isdisjoint(names - {"ndim"}), kind


def test_whole_numbers_keep_their_methods_under_jit():
    k = jnp.arange(6).reshape(2, 3)

    assert jit(lambda k: k.var())(k) == pytest.approx(np.arange(6).var())
    assert jit(lambda k: k.at[0].set(9).sum())(k) == 9 * 3 + 3 + 4 + 5
