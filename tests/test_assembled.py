"""Arrays assembled from the pieces that devices hold."""

import subprocess
import sys

import numpy as np
import pytest

import minijax
from minijax import (
    device_put,
    jit,
    make_array_from_callback,
    make_array_from_process_local_data,
    make_array_from_single_device_arrays,
)
from minijax.experimental.layout import Format
from minijax.sharding import NamedSharding, SingleDeviceSharding
from minijax.sharding import PartitionSpec as P

X = np.arange(32.0, dtype="float32").reshape(8, 4)
SPECS = [P(), P("a"), P("b", "a"), P(None, "b"), P(("a", "b")), P(("b", "a"), None)]


@pytest.fixture
def mesh(devices):
    """Four devices, two by two."""
    return minijax.make_mesh((2, 2), ("a", "b"), devices=devices[:4])


def pieces(sharding):
    index_of = sharding.addressable_devices_indices_map(X.shape)
    return [device_put(X[index], device) for device, index in index_of.items()]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_pieces_make_the_array(spec, mesh):
    """From arrays in any order, from a function, from the whole: always X."""
    sharding = NamedSharding(mesh, spec)
    arrays = pieces(sharding)
    made = [
        make_array_from_single_device_arrays(X.shape, sharding, arrays),
        make_array_from_single_device_arrays(X.shape, sharding, arrays[::-1]),
        make_array_from_callback(X.shape, sharding, lambda index: X[index]),
        make_array_from_callback(X.shape, Format(None, sharding), X.__getitem__),
        make_array_from_process_local_data(sharding, X, X.shape),
    ]

    for x in made:
        assert x.sharding == sharding
        assert x.committed
        np.testing.assert_array_equal(x, X)
        np.testing.assert_allclose(jit(lambda x: x @ x.T)(x), X @ X.T)
        for shard in x.addressable_shards:
            np.testing.assert_array_equal(shard.data, X[shard.index])
            assert isinstance(shard, minijax.Shard)


def test_a_function_is_asked_once_for_each_piece(mesh):
    """Two pieces, each on two devices."""
    asked = []

    def piece(index):
        asked.append(index)
        return X[index]

    make_array_from_callback(X.shape, NamedSharding(mesh, P("a")), piece)

    assert asked == [
        (slice(0, 4), slice(None)),
        (slice(4, 8), slice(None)),
    ]


def test_the_pieces_are_not_copied(devices):
    (x,) = pieces(SingleDeviceSharding(devices[1]))

    y = make_array_from_single_device_arrays(
        X.shape, SingleDeviceSharding(devices[1]), [x]
    )
    assert y.unsafe_buffer_pointer() == x.unsafe_buffer_pointer()


def test_shards_are_read_in_a_process_that_has_jax_but_has_not_loaded_it():
    """jaxlib imports jax at the first look, and may fail over what that changes."""
    program = (
        "import numpy as np, minijax\n"
        "minijax.config.update('jax_num_cpu_devices', 2)\n"
        "mesh = minijax.make_mesh((2,), ('x',))\n"
        "sharding = minijax.NamedSharding(mesh, minijax.P('x'))\n"
        "x = minijax.device_put(np.arange(4), sharding)\n"
        "print([shard.data.tolist() for shard in x.addressable_shards])\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "[[0, 1], [2, 3]]\n", done.stderr


NAMED = (
    "NamedSharding(mesh=Mesh('a': 2, 'b': 2, axis_types=(Explicit, Explicit)), "
    "spec=P('a'))"
)
WHERE = "make_array_from_single_device_arrays"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda s: make_array_from_single_device_arrays((8, 4), s, pieces(s)[:3]),
            ValueError,
            f"{WHERE}: needs an array for each of the 4 devices of {NAMED}, got 3, "
            "which hold 3 of them. Use device_put for each device.",
        ),
        (
            lambda s: make_array_from_single_device_arrays(
                (8, 4), s, [pieces(s)[0]] * 4
            ),
            ValueError,
            f"{WHERE}: needs an array for each of the 4 devices of {NAMED}, got 4, "
            "which hold 1 of them. Use device_put for each device.",
        ),
        (
            lambda s: make_array_from_single_device_arrays((4, 4), s, pieces(s)),
            ValueError,
            f"{WHERE}: pieces must be f32[2,4] to make f32[4,4] by {NAMED}, got "
            "f32[4,4].",
        ),
        (
            lambda s: make_array_from_single_device_arrays(
                (8, 4), s, pieces(s), dtype="int32"
            ),
            ValueError,
            f"{WHERE}: pieces must be i32[4,4] to make i32[8,4] by {NAMED}, got "
            "f32[4,4].",
        ),
        (
            lambda s: make_array_from_single_device_arrays((8, 4), s, [X] * 4),
            TypeError,
            f"{WHERE}: arrays must be arrays on one device each, got arrays[0] of type "
            "ndarray. Use device_put.",
        ),
        (
            lambda s: make_array_from_callback((8, 4), s, lambda index: [1.0]),
            TypeError,
            "make_array_from_callback: data_callback must return an array with values, "
            "got list for (slice(0, 4, None), slice(None, None, None)). Use "
            "np.asarray.",
        ),
        (
            lambda s: make_array_from_process_local_data(s, X, (16, 4)),
            ValueError,
            "make_array_from_process_local_data: in a single process global_shape must "
            "be that of local_data, got (16, 4) and (8, 4). Leave it out.",
        ),
    ],
)
def test_messages(call, error, message, mesh):
    with pytest.raises(error) as raised:
        call(NamedSharding(mesh, P("a")))

    assert str(raised.value) == message
