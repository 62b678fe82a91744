"""Meshes, named shardings, and the pieces of arrays."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import device_put, jit, lax, random
from minijax.experimental.layout import Format
from minijax.experimental.mesh_utils import create_device_mesh
from minijax.interpreters import pxla
from minijax.sharding import (
    AbstractMesh,
    AxisType,
    Mesh,
    NamedSharding,
    PartitionSpec,
    Sharding,
    SingleDeviceSharding,
    get_abstract_mesh,
    get_mesh,
    set_mesh,
)

P = PartitionSpec


@pytest.fixture
def mesh(devices):
    """Four devices, two by two."""
    return minijax.make_mesh((2, 2), ("a", "b"), devices=devices[:4])


X = np.arange(32.0, dtype="float32").reshape(8, 4)


@pytest.mark.parametrize(
    "spec",
    [
        P(),
        P("a"),
        P("b"),
        P("b", "a"),
        P(None, "b"),
        P(("a", "b")),
        P(("b", "a"), None),
    ],
    ids=str,
)
def test_an_array_is_cut_and_put_together(spec, mesh):
    """Each device holds the piece that the map of indices says, and all make x."""
    sharding = NamedSharding(mesh, spec)
    x = device_put(X, sharding)
    where = sharding.devices_indices_map(X.shape)

    assert x.sharding == sharding
    assert len(x.addressable_shards) == 4
    for shard in x.addressable_shards:
        assert shard.index == where[shard.device]
        assert shard.data.shape == sharding.shard_shape(X.shape)
        assert shard.data.devices() == {shard.device}
        np.testing.assert_array_equal(shard.data, X[shard.index])
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(x + 1, X + 1)
    np.testing.assert_allclose(jit(lambda x: x @ x.T)(x), X @ X.T)


def test_copies_are_counted(mesh):
    x = device_put(X, NamedSharding(mesh, P("a")))

    assert [shard.replica_id for shard in x.addressable_shards] == [0, 1, 0, 1]
    assert not x.is_fully_replicated
    assert device_put(X, NamedSharding(mesh, P())).is_fully_replicated
    np.testing.assert_array_equal(x.addressable_data(2), X[4:])
    assert repr(x.addressable_shards[0]).startswith("Shard(device=CpuDevice(id=0)")


def test_the_indices_are_those_of_the_mesh(mesh):
    """With ("b", "a") the second axis of the mesh counts slowest."""
    found = NamedSharding(mesh, P(("b", "a"))).devices_indices_map((4,))
    starts = [index[0].start for index in found.values()]

    assert starts == [0, 2, 1, 3]


def test_keys_are_cut_too(mesh):
    keys = device_put(random.split(random.key(0), 4), NamedSharding(mesh, P("b")))

    assert keys.sharding.spec == P("b")
    np.testing.assert_array_equal(
        random.key_data(keys), random.key_data(random.split(random.key(0), 4))
    )


def test_what_cannot_be_cut_is_refused(mesh):
    with pytest.raises(ValueError, match="got size 3 in shape"):
        device_put(jnp.ones(3), NamedSharding(mesh, P("a")))
    with pytest.raises(ValueError, match="must not be longer than the rank"):
        device_put(jnp.float32(1.0), NamedSharding(mesh, P("a")))
    with pytest.raises(ValueError, match=r"must name axes of the mesh, got 'z'"):
        NamedSharding(mesh, P("z"))
    with pytest.raises(ValueError, match="'a' twice"):
        NamedSharding(mesh, P("a", "a"))
    with pytest.raises(NotImplementedError, match="leaves an axis to XLA"):
        NamedSharding(mesh, P(P.UNCONSTRAINED))
    with pytest.raises(NotImplementedError, match="memory"):
        NamedSharding(mesh, P(), memory_kind="pinned_host")
    with pytest.raises(TypeError, match="mesh must be a Mesh"):
        NamedSharding(mesh.abstract_mesh, P())
    with pytest.raises(NotImplementedError, match="shard_map is not built yet"):
        minijax.shard_map(lambda x: x, mesh=mesh)


def test_shardings_are_compared(mesh):
    one = SingleDeviceSharding(mesh.devices.flat[0])
    rows = NamedSharding(mesh, P("a"))

    assert rows == NamedSharding(mesh, P("a"))
    assert hash(rows) == hash(NamedSharding(mesh, P("a")))
    assert rows != NamedSharding(mesh, P("a", None))
    assert rows.is_equivalent_to(NamedSharding(mesh, P("a", None)), 2)
    assert not rows.is_equivalent_to(NamedSharding(mesh, P("b")), 2)
    assert not rows.is_equivalent_to(one, 2)
    assert isinstance(rows, Sharding)
    assert rows.num_devices == 4
    assert rows.addressable_devices == rows.device_set == set(mesh.devices.flat)
    assert rows.replicated_axes == {"b"}
    assert rows.update(spec=P()).is_fully_replicated
    assert one.devices_indices_map((2, 2)) == {
        mesh.devices.flat[0]: (slice(None), slice(None))
    }


def test_specs_are_sequences_of_names():
    assert repr(P("x", None, ("y", "z"))) == "P('x', None, ('y', 'z'))"
    assert P(("a",)) == P("a") != P("a", None)
    assert P("a") + P("b") == P("a", "b")
    assert list(P("a", ("b", "c"))) == ["a", ("b", "c")]
    assert (P("a", "b").index("b"), P("a", None).count(None), len(P(1))) == (1, 1, 1)
    assert P("a") != ("a",)
    assert P("a").update(partitions=("b",)) == P("b")


def test_meshes_have_named_axes(devices):
    mesh = Mesh(np.array(devices[:4]).reshape(2, 2), ("x", "y"))

    assert mesh.shape == {"x": 2, "y": 2}
    assert (mesh.size, mesh.axis_sizes, mesh.empty) == (4, (2, 2), False)
    assert str(mesh) == "Mesh('x': 2, 'y': 2, axis_types=(Auto, Auto))"
    assert mesh.are_all_axes_auto
    assert mesh.auto_axes == ("x", "y")
    assert mesh.explicit_axes == mesh.manual_axes == ()
    assert mesh.abstract_mesh == AbstractMesh((2, 2), ("x", "y"))
    assert mesh.local_mesh is mesh
    np.testing.assert_array_equal(mesh.device_ids, [[0, 1], [2, 3]])
    changed = mesh.update(axis_types=(AxisType.Explicit, AxisType.Auto))
    assert changed.explicit_axes == ("x",)
    assert changed != mesh
    with pytest.raises(ValueError, match="one axis for each name"):
        Mesh(devices[:4], ("x", "y"))
    with pytest.raises(ValueError, match="needs 400 devices"):
        minijax.make_mesh((400,), ("x",))
    with pytest.raises(ValueError, match="must differ"):
        Mesh(np.array(devices[:4]).reshape(2, 2), ("x", "x"))


def test_a_mesh_is_in_force_inside_a_block(mesh):
    assert get_mesh().empty
    with mesh:
        assert get_mesh() is mesh
        assert pxla.thread_resources.env.physical_mesh is mesh
        assert get_abstract_mesh() == mesh.abstract_mesh
    with set_mesh(mesh) as inner:
        assert inner is get_mesh() is mesh

    assert get_abstract_mesh().empty


def test_formats_name_a_sharding(mesh):
    x = device_put(X, NamedSharding(mesh, P("a")))
    y = device_put(X.T.copy(), Format(None, x.sharding))

    assert x.format.layout.major_to_minor == (0, 1)
    assert y.sharding == x.sharding


def test_arrays_tell_about_their_buffers():
    x = jnp.ones(3)
    (shard,) = x.addressable_shards

    assert shard.data is x
    assert x.global_shards[0].index == (slice(None),)
    assert x.platform() == "cpu"
    assert x.on_device_size_in_bytes() == 12
    assert x.unsafe_buffer_pointer() == x.clone().unsafe_buffer_pointer()


def test_constraints_outside_of_functions_place_arrays(mesh, devices):
    rows = NamedSharding(mesh, P("a"))
    x, y = lax.with_sharding_constraint((X, X.T), (rows, NamedSharding(mesh, P("b"))))
    with mesh:
        z = lax.with_sharding_constraint(X, P(None, "a"))

    assert (x.sharding, y.sharding.spec, z.sharding.spec) == (
        rows,
        P("b"),
        P(None, "a"),
    )
    with pytest.raises(RuntimeError, match="needs a mesh in force"):
        lax.with_sharding_constraint(X, P("a"))
    with pytest.raises(NotImplementedError, match="not built yet inside functions"):
        jit(lambda x: lax.with_sharding_constraint(x, rows))(X)
    with Mesh(np.array(devices[:1]), ("a",)):
        f = jit(lambda x: lax.with_sharding_constraint(x, P("a")) + 1)
        np.testing.assert_array_equal(f(X), X + 1)


def test_grids_of_devices(devices):
    grid = create_device_mesh((2, 2), devices[:4])

    assert list(grid.flat) == devices[:4]
    with pytest.raises(ValueError, match="as many places"):
        create_device_mesh((3,), devices[:4])
