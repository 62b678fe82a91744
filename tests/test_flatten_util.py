"""A tree of arrays as one vector, and back."""

import re

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import tree
from minijax.flatten_util import ravel_pytree

TREES = [
    {
        "a": np.ones((2, 3), "float32"),
        "b": [np.float32(2), np.zeros((0, 4), "float32")],
    },
    {"i": np.arange(3, dtype="int32"), "h": np.ones(2, "float16"), "flag": True},
    (np.ones(2, "complex64"), np.ones((1, 2), "float32")),
    [1.0, 2.0],
    [np.array([True, False])],
    [],
    None,
]
shaped = pytest.mark.parametrize("value", TREES, ids=range(len(TREES)))


def types(value):
    return tree.map(lambda x: (x.dtype, x.shape, x.weak_type), value)


@shaped
def test_unravel_undoes_ravel(value):
    flat, unravel = ravel_pytree(value)
    again = unravel(flat)

    assert flat.ndim == 1
    assert tree.structure(again) == tree.structure(value)
    for x, y in zip(tree.leaves(again), tree.leaves(value), strict=True):
        assert x.dtype == minijax.dtypes.dtype_of(y)
        np.testing.assert_array_equal(x, y)


def test_leaves_stand_in_order_and_row_major():
    flat, _ = ravel_pytree({"b": np.array([[1.0, 2.0], [3.0, 4.0]]), "a": 0.0})

    np.testing.assert_array_equal(flat, [0, 1, 2, 3, 4])


def test_the_way_back_is_equal_for_trees_of_equal_shapes():
    _, first = ravel_pytree({"a": np.ones(2), "b": 1.0})
    _, second = ravel_pytree({"a": np.zeros(2), "b": 5.0})
    _, other = ravel_pytree({"a": np.ones(3), "b": 1.0})

    assert (first, hash(first)) == (second, hash(second))
    assert first != other


def test_both_ways_can_be_transformed():
    value = {"a": np.arange(3.0, dtype="float32"), "b": np.float32(5)}
    flat, unravel = ravel_pytree(value)
    gradient = minijax.grad(lambda x: jnp.sum(unravel(x)["a"] ** 2))(flat)
    batched = minijax.vmap(unravel)(jnp.stack([flat, 2 * flat]))
    compiled = minijax.jit(lambda v: ravel_pytree(v)[0])(value)

    np.testing.assert_array_equal(gradient, [0, 2, 4, 0])
    np.testing.assert_array_equal(batched["b"], [5, 10])
    np.testing.assert_array_equal(compiled, flat)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda flat: flat[:2],
            ValueError,
            "unravel: the vector must have shape (3,), got (2,).",
        ),
        (
            lambda flat: flat[None],
            ValueError,
            "unravel: the vector must have shape (3,), got (1, 3).",
        ),
        (
            lambda flat: flat.astype("float16"),
            TypeError,
            (
                "unravel: the vector must have dtype f32, to which the leaves of the "
                "tree promote, got f16. Use astype('float32')."
            ),
        ),
    ],
)
def test_a_vector_that_does_not_fit_is_refused(change, error, message):
    flat, unravel = ravel_pytree({"a": np.ones(2, "int32"), "b": 2.5})
    with pytest.raises(error, match=re.escape(message)):
        unravel(change(flat))


@pytest.mark.oracle
@shaped
def test_vectors_and_trees_are_those_of_jax(value):
    oracle = pytest.importorskip("jax.flatten_util")
    flat, unravel = ravel_pytree(value)
    expected, their_unravel = oracle.ravel_pytree(value)

    assert types(flat) == types(expected)
    assert types(unravel(flat)) == types(their_unravel(expected))
    np.testing.assert_array_equal(flat, expected)
