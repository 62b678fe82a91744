"""What processes of one program tell each other. Here there is one process.

Each function is the case of one process: there is nobody to wait for, its data are all
data, and its arrays are whole.

    process_allgather(x[3])      is      x[1,3], the data of each process stacked
"""

import numpy as np

from .. import tree
from ..api import device_put
from ..sharding import NamedSharding, PartitionSpec

__all__ = [
    "assert_equal",
    "broadcast_one_to_all",
    "global_array_to_host_local_array",
    "host_local_array_to_global_array",
    "process_allgather",
    "reached_preemption_sync_point",
    "sync_global_devices",
]


def broadcast_one_to_all(in_tree, is_source: bool | None = None):
    """The tree of the process that is the source, as NumPy arrays.

    >>> broadcast_one_to_all({"seed": 3})
    {'seed': array(3)}
    """
    return tree.map(np.asarray, in_tree)


def process_allgather(in_tree, tiled: bool = False):
    """The trees of all processes, their leaves stacked, as NumPy arrays.

    tiled: leaves are joined along their first axis, and numbers are left alone.

    >>> process_allgather(np.arange(3))
    array([[0, 1, 2]])
    >>> process_allgather(np.arange(3), tiled=True)
    array([0, 1, 2])
    """

    def gathered(x):
        x = np.asarray(x)
        return x if tiled else x[None]

    return tree.map(gathered, in_tree)


def sync_global_devices(name: str) -> None:
    """Wait until all processes have come to the point of this name."""
    if not isinstance(name, str):
        raise AttributeError(
            f"sync_global_devices: name must be a str, got {type(name).__name__}. Name "
            "the point in the program."
        )


def assert_equal(in_tree, fail_message: str = "") -> None:
    """Check that all processes have the same tree of values: one process always has."""


def reached_preemption_sync_point(step_id: int) -> bool:
    """Whether this step is the one to save at before the process is ended: never."""
    return False


def host_local_array_to_global_array(local_inputs, global_mesh, pspecs):
    """A tree of arrays, placed by specs over a mesh.

    pspecs: a `PartitionSpec`, or a tree of them that is a prefix of the arrays.

    >>> mesh = minijax.make_mesh((1,), ("x",), devices=minijax.devices()[:1])
    >>> host_local_array_to_global_array(np.arange(3), mesh, minijax.P("x"))
    Array([0, 1, 2], dtype=int32)
    """
    return _placed(
        "host_local_array_to_global_array", local_inputs, global_mesh, pspecs
    )


def global_array_to_host_local_array(global_inputs, global_mesh, pspecs):
    """The part of a tree of arrays that this process has: the arrays as they are.

    Arguments as for `host_local_array_to_global_array`.
    """
    where = "global_array_to_host_local_array"
    return _placed(where, global_inputs, global_mesh, pspecs)


def _placed(where, arrays, mesh, pspecs):
    if pspecs is None:
        raise ValueError(
            f"{where}: pspecs must not be None. Use PartitionSpec() for arrays that "
            "each device holds whole."
        )
    specs = tree.broadcast_prefix(
        pspecs,
        arrays,
        is_leaf=lambda s: isinstance(s, PartitionSpec),
        where=where,
        full_name="the arrays",
    )
    leaves, treedef = tree.flatten(arrays)
    placed = [
        device_put(x, NamedSharding(mesh, spec))
        for x, spec in zip(leaves, specs, strict=True)
    ]
    return tree.unflatten(treedef, placed)
