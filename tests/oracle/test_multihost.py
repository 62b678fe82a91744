"""What one process of several tells the others, compared with jax's."""

import importlib

import jax
import numpy as np
import pytest

import minijax
from minijax.experimental import multihost_utils

TREE = {
    "a": np.arange(3, dtype="int32"),
    "b": (2, True, 1.5),
    "c": np.arange(8.0, dtype="float32"),
}


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.broadcast_one_to_all(TREE),
        lambda m: m.broadcast_one_to_all(TREE, is_source=True),
        lambda m: m.process_allgather(TREE),
        lambda m: m.process_allgather(TREE, tiled=True),
        lambda m: m.process_allgather("text"),
        lambda m: m.sync_global_devices("here"),
        lambda m: m.assert_equal(TREE, "differs"),
        lambda m: m.reached_preemption_sync_point(3),
    ],
    ids=[
        *("broadcast", "source", "gather", "tiled", "text"),
        *("sync", "equal", "preemption"),
    ],
)
def test_results_are_those_of_jax_in_one_process(call):
    theirs = importlib.import_module("jax.experimental.multihost_utils")
    found, expected = call(multihost_utils), call(theirs)

    for x, y in zip(minijax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert type(x) is type(y)
        np.testing.assert_array_equal(x, y, strict=isinstance(x, np.ndarray))
