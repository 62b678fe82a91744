"""Methods that read bytes otherwise, against NumPy's."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, jit

PAIRS = [
    ("float32", "int32"),
    ("float32", "uint8"),
    ("int16", "float32"),
    ("uint8", "int32"),
    ("complex64", "float32"),
    ("float32", "complex64"),
    ("int8", "complex64"),
    ("bool", "int8"),
    ("complex64", "int16"),
]


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_the_same_bytes_in_another_dtype(old, new):
    x = (np.arange(48).reshape(3, 16) % 7).astype(old)
    want = x.view(new)

    for got in (jnp.asarray(x).view(new), jit(lambda x: x.view(new))(x)):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(np.asarray(got).view("uint8"), want.view("uint8"))


def test_every_byte_that_is_not_zero_is_true():
    x = jnp.array([0, 256, 3], dtype="int32")

    np.testing.assert_array_equal(
        x.view(bool), np.asarray(x).view("uint8").astype(bool)
    )


def test_views_that_are_refused():
    x = jnp.zeros((2, 3), "int16")

    assert x.view() is x
    assert jnp.float32(1.0).view("int32") == 0x3F800000
    with pytest.raises(ValueError, match=r"got i16\[2,3\] and int32"):
        x.view("int32")
    with pytest.raises(ValueError, match="a 0-d array has no axis"):
        jnp.float32(1.0).view("int16")
    with pytest.raises(NotImplementedError, match="arrays have one class"):
        x.view(type=np.ndarray)


def test_no_tangents_go_through_bits():
    """The derivative of a view as integers is zero; of one as itself, one."""
    x = jnp.arange(3.0)

    np.testing.assert_array_equal(
        grad(lambda x: x.view("int32").astype(float).sum())(x), np.zeros(3)
    )
    np.testing.assert_array_equal(grad(lambda x: x.view().sum())(x), np.ones(3))


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint32", "float32", "complex64"])
def test_bytes_are_swapped(dtype):
    x = np.arange(5).astype(dtype)

    np.testing.assert_array_equal(
        np.asarray(jnp.asarray(x).byteswap()).view("uint8"), x.byteswap().view("uint8")
    )


def test_numbers_are_looked_for_in_vectors():
    x = jnp.arange(3)

    assert 2 in x
    assert 2.5 not in x
    with pytest.raises(ValueError, match="a number in a vector"):
        1 in jnp.ones((2, 2))  # noqa: B015
    with pytest.raises(ValueError, match="a number in a vector"):
        x in x  # noqa: B015
    with pytest.raises(TypeError, match="unsupported operand type <class 'str'>"):
        "a" in x  # noqa: B015


def test_arrays_know_their_namespace_and_move():
    x = jnp.ones(2)

    assert x.__array_namespace__() is jnp
    assert x.__array_namespace__(api_version="2024.12") is jnp
    with pytest.raises(ValueError, match="api_version"):
        x.__array_namespace__(api_version="1999")
    assert x.to_device(minijax.devices()[0]).committed
    with pytest.raises(NotImplementedError, match="stream"):
        x.to_device(minijax.devices()[0], stream=1)
    with pytest.raises(ValueError, match="device must be a device"):
        x.to_device("cpu")
    with pytest.raises(NotImplementedError, match=r"arr\.flat"):
        _ = x.flat
