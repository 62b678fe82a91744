import numpy as np
import pytest

import minijax
from minijax import lax, random

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_narrow_index_counts_from_the_end_of_a_long_axis():
    """-3 in int8 is 297 of 300, which int8 cannot hold."""
    x = np.arange(300, dtype=np.float32)

    np.testing.assert_array_equal(
        lax.dynamic_slice(x, (np.int8(-3),), (2,)), x[297:299]
    )


def test_negative_indices_are_clamped_where_they_are_not_allowed():
    found = lax.dynamic_slice(X, (-1, 0), (1, 3), allow_negative_indices=False)

    np.testing.assert_array_equal(found, X[:1])


def test_indices_of_several_dtypes_go_together():
    out = minijax.jit(lambda i, j: lax.dynamic_slice(X, (i, j), (1, 1)))(
        np.uint8(1), np.int32(2)
    )

    assert out[0, 0] == 5


def test_slices_of_keys_are_slices_of_their_data():
    keys = random.split(random.key(0), 4)
    data = np.asarray(random.key_data(keys))

    part = lax.dynamic_slice(keys, (np.int32(1),), (2,))
    swapped = lax.dynamic_update_slice(keys, part, (np.uint8(0),))
    mapped = minijax.vmap(lambda i: lax.dynamic_index_in_dim(keys, i, 0, False))(
        np.array([3, 1])
    )

    np.testing.assert_array_equal(random.key_data(part), data[1:3])
    np.testing.assert_array_equal(random.key_data(swapped), data[[1, 2, 2, 3]])
    np.testing.assert_array_equal(random.key_data(mapped), data[[3, 1]])


def test_a_batch_of_places_is_one_gather_along_moving_axes():
    """Axes that a slice covers are left out of the index vectors."""
    jaxpr = minijax.make_jaxpr(
        minijax.vmap(lambda i: lax.dynamic_slice(X, (i, np.int32(0)), (1, 3)))
    )(np.array([0, 1], np.int32))
    (gather,) = [eqn for eqn in jaxpr.eqns if eqn.primitive.name == "gather"]

    assert gather.params["dimension_numbers"].start_index_map == (0,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: lax.dynamic_slice(X, (0,), (1, 1)),
            ValueError,
            "dynamic_slice: needs one start index per axis of shape (2, 3), got 1.",
        ),
        (
            lambda: lax.dynamic_slice(X, (0, 0), (1,)),
            ValueError,
            "dynamic_slice: needs one slice size per axis of shape (2, 3), got 1.",
        ),
        (
            lambda: lax.dynamic_slice(X, (0, 0), (3, 1)),
            TypeError,
            "dynamic_slice: slice_sizes must have one size per axis of f32[2,3], no "
            "larger than the axis, got (3, 1).",
        ),
        (
            lambda: lax.dynamic_slice(X, (0.5, 0), (1, 1)),
            TypeError,
            "dynamic_slice: start indices must be integer scalars, got f32[].",
        ),
        (
            lambda: lax.dynamic_update_slice(X, X[0], (0, 0)),
            ValueError,
            "dynamic_update_slice: update must have the rank of f32[2,3], got f32[3].",
        ),
        (
            lambda: lax.dynamic_update_slice(X, np.ones((1, 1), np.int32), (0, 0)),
            TypeError,
            "dynamic_update_slice: update must have the dtype and rank of f32[2,3] and "
            "be no larger along any axis, got i32[1,1].",
        ),
        (
            lambda: lax.index_in_dim(X, 3, 1),
            IndexError,
            "index_in_dim: index must be in [-3, 3), got 3 for axis 1 of f32[2,3].",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
