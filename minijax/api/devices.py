"""Devices, and moving trees of arrays to them and back."""

import numpy as np

from .. import tree
from ..core.literal import aval_of
from ..core.trace import Tracer, context
from ..runtime import client, guards, tiles
from ..runtime.array import Array, move, physical
from ..runtime.program import explain
from .arguments import as_values

Device = client.Device
Sharding = client.Sharding
SingleDeviceSharding = client.SingleDeviceSharding


def devices(backend: str | None = None) -> list:
    """All devices of a platform, by default of the preferred one."""
    return client.devices(backend)


def local_devices(process_index=None, backend: str | None = None, host_id=None) -> list:
    """The devices of this process."""
    return client.local_devices(process_index, backend)


def device_count(backend: str | None = None) -> int:
    """The number of devices of a platform."""
    return len(devices(backend))


def local_device_count(backend: str | None = None) -> int:
    """The number of devices of this process."""
    return len(local_devices(backend=backend))


def process_index(backend: str | None = None) -> int:
    """The number of this process among all that share a computation."""
    return client.backend(backend).client.process_index()


def process_count(backend: str | None = None) -> int:
    """The number of processes that share a computation."""
    return max(d.process_index for d in devices(backend)) + 1


def default_backend() -> str:
    """The platform of the preferred devices: `cpu`, `gpu` or `tpu`."""
    platform = client.backend().platform
    return "gpu" if platform == "cuda" else platform


def device_put(
    x,
    device=None,
    *,
    src=None,
    donate: bool = False,
    may_alias: bool | None = None,
):
    """Copy a tree of arrays to a device, and keep it there.

    Args:
      device: a device or sharding, or a tree of them that is a prefix of x; by default
        the default device, to which the arrays are then not bound.

    Inside a traced function the placement is XLA's, and values pass unchanged.

    >>> device_put(np.ones(2, "float32"), devices("cpu")[0]).committed
    True
    """
    leaves, treedef = tree.flatten_raw(x, None)

    def paths():
        return ["x" + tree.keystr(k) for k, _ in tree.leaves_with_path(x)]

    places = tree.broadcast_prefix(
        device, x, is_leaf=lambda d: d is None, where="device_put", full_name="x"
    )
    with guards.copying("explicit"):
        values = as_values(leaves, "device_put", paths)
        moved = [_put(v, d) for v, d in zip(values, places, strict=True)]
    return tree.unflatten(treedef, moved)


def _put(x, device):
    if device is None or isinstance(x, Tracer):
        return x
    if isinstance(device, client.Device):
        return move(x, client.single_device(device))
    if isinstance(device, tiles.Format):
        device = device.sharding
    if not isinstance(device, client.Sharding):
        raise ValueError(
            "device_put: device must be a device, a sharding or None, or a tree of "
            f"them, got {device!r:.60} of type {type(device).__name__}. Devices are "
            "in minijax.devices()."
        )
    sharding = device.placed(physical(x.aval).ndim)
    tiles.piece_shape(sharding, x.shape)  # refuses what cannot be cut so
    return move(x, sharding)


def device_get(x):
    """A tree of arrays as NumPy arrays on the host."""
    leaves, treedef = tree.flatten_raw(x, None)
    for leaf in leaves:
        if type(leaf) is Array:
            leaf.copy_to_host_async()
    with guards.copying("explicit"):
        return tree.unflatten(treedef, [_get(leaf) for leaf in leaves])


def _get(x):
    return np.asarray(x) if hasattr(x, "__array__") else x


def block_until_ready(x):
    """Wait until all arrays of a tree have been computed; returns the tree."""
    if type(x) is Array:
        return x.block_until_ready()
    leaves = tree.flatten_raw(x, None)[0]
    arrays = [leaf for leaf in leaves if type(leaf) is Array]
    try:
        client.wait_for([array._buffer for array in arrays])
    except client.XlaRuntimeError:
        explain(arrays)
        raise
    if len(arrays) < len(leaves):
        for leaf in leaves:
            if type(leaf) is not Array and hasattr(leaf, "block_until_ready"):
                leaf.block_until_ready()
    return x


def copy_to_host_async(x):
    """Start copying all arrays of a tree to the host; returns the tree."""
    for leaf in tree.flatten_raw(x, None)[0]:
        if hasattr(leaf, "copy_to_host_async"):
            leaf.copy_to_host_async()
    return x


def typeof(x):
    """The type of an array as printed in jaxprs: `f32[3]`."""
    return aval_of(x)


class named_scope:
    """Name the operations traced inside, in profiles and in lowered programs.

    >>> with named_scope("attention"):
    ...     y = np.ones(2)
    """

    def __init__(self, name: str):
        self.name = str(name)

    def __enter__(self):
        self.outer = context.names
        context.names = (*self.outer, self.name)
        return self

    def __exit__(self, kind, error, traceback):
        context.names = self.outer
        return False

    def __call__(self, fun):
        def scoped(*args, **kwargs):
            with named_scope(self.name):
                return fun(*args, **kwargs)

        return scoped


def named_call(fun, *, name: str | None = None):
    """A function whose operations are named after it."""
    return named_scope(name or fun.__name__)(fun)
