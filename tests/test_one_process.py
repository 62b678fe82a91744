"""Functions for programs of several processes, in one process."""

import importlib
import types

import numpy as np
import pytest

import minijax
from minijax import distributed
from minijax.experimental import multihost_utils
from minijax.experimental.mesh_utils import create_hybrid_device_mesh
from minijax.sharding import NamedSharding
from minijax.sharding import PartitionSpec as P

X = np.arange(8.0, dtype="float32")
TREE = {"a": minijax.numpy.arange(3), "b": (2, True), "c": X}


@pytest.fixture
def mesh(devices):
    return minijax.make_mesh((4,), ("x",), devices=devices[:4])


def test_what_is_gathered_has_an_axis_of_processes():
    gathered = multihost_utils.process_allgather(TREE)

    assert gathered["a"].shape == (1, 3)
    assert gathered["b"][0].shape == (1,)
    np.testing.assert_array_equal(gathered["c"][0], X)
    assert multihost_utils.process_allgather(3.0, tiled=True).shape == ()


def test_arrays_are_placed_and_whole(mesh):
    specs = {"a": P("x"), "b": P()}
    arrays = {"a": X, "b": (X[:3], X[1:])}

    placed = multihost_utils.host_local_array_to_global_array(arrays, mesh, specs)
    assert placed["a"].sharding == NamedSharding(mesh, P("x"))
    assert placed["b"][1].is_fully_replicated
    back = multihost_utils.global_array_to_host_local_array(placed, mesh, specs)
    np.testing.assert_array_equal(back["a"], X)
    with pytest.raises(ValueError, match="pspecs must not be None"):
        multihost_utils.host_local_array_to_global_array(arrays, mesh, None)


def test_a_program_of_one_process_may_initialize():
    assert not distributed.is_initialized()
    distributed.initialize("localhost:1234", num_processes=1, process_id=0)
    try:
        assert distributed.is_initialized()
        with pytest.raises(RuntimeError, match="only be called once"):
            distributed.initialize(num_processes=1)
    finally:
        distributed.shutdown()
    assert not distributed.is_initialized()
    with pytest.raises(NotImplementedError, match="no communication between processes"):
        distributed.initialize("localhost:1234", num_processes=2, process_id=0)
    with pytest.raises(NotImplementedError, match="pass num_processes=1"):
        distributed.initialize()
    with pytest.raises(ValueError, match="must be 0 of one process, got 1"):
        distributed.initialize(num_processes=1, process_id=1)


def device(group, k):
    return types.SimpleNamespace(process_index=group, slice_index=9 - group, id=k)


@pytest.mark.parametrize("by_process", [True, False])
def test_a_hybrid_mesh_is_a_grid_of_grids(by_process):
    """Groups of 2 x 3 devices in a grid of 2 x 1: the first axis goes over groups."""
    devices = [device(k // 6, k) for k in range(12)]

    grid = create_hybrid_device_mesh(
        (2, 3), (2, 1), devices, process_is_granule=by_process
    )
    found = np.vectorize(lambda d: d.id)(grid)
    first = np.arange(6).reshape(2, 3)
    halves = (first, first + 6) if by_process else (first + 6, first)
    np.testing.assert_array_equal(found, np.concatenate(halves))


def test_hybrid_meshes_that_do_not_fit(devices):
    with pytest.raises(ValueError, match=r"has no slice_index\. Pass process_is_gran"):
        create_hybrid_device_mesh((4,), (1,), devices[:4])
    with pytest.raises(ValueError, match="as many places as there are groups, 1,"):
        create_hybrid_device_mesh((2,), (2,), devices[:4], process_is_granule=True)


def test_the_old_name_of_shard_map_can_be_imported():
    old = importlib.import_module("minijax.experimental.shard_map")

    with pytest.raises(NotImplementedError, match="shard_map is not built yet"):
        old.shard_map(lambda x: x, None, P(), P(), check_rep=False)
