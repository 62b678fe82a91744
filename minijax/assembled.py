"""Arrays over several devices, assembled from the pieces that the devices hold.

    pieces [4,2] on 8 devices, placed by P("x", "y")      become      one array [8,8]

All devices belong to this process, so that all pieces of an array are here.
"""

from collections.abc import Callable, Sequence

import numpy as np

from . import dtypes
from .api import device_put
from .core.avals import ShapedArray
from .core.trace import Tracer
from .runtime import client, tiles
from .runtime.array import Array, as_array, kind_of

__all__ = [
    "make_array_from_callback",
    "make_array_from_process_local_data",
    "make_array_from_single_device_arrays",
]


def make_array_from_single_device_arrays(
    shape: Sequence[int], sharding, arrays: Sequence[Array], *, dtype=None
) -> Array:
    """One array from the pieces of it that devices hold; nothing is copied.

    Args:
      shape: of the whole array.
      sharding: how it is cut and placed.
      arrays: for each device of the sharding an array on it, in any order.
      dtype: that of the arrays, to check.

    >>> sharding = minijax.sharding.SingleDeviceSharding(minijax.devices()[0])
    >>> piece = minijax.device_put(np.ones((2, 3)), sharding.device_list[0])
    >>> make_array_from_single_device_arrays((2, 3), sharding, [piece]).shape
    (2, 3)
    """
    where = "make_array_from_single_device_arrays"
    shape, sharding = _place(shape, sharding)
    for k, x in enumerate(arrays):
        if type(x) is not Array:
            raise TypeError(
                f"{where}: arrays must be arrays on one device each, got "
                f"arrays[{k}] of type {type(x).__name__}. Use device_put."
            )
    return _joined(where, shape, sharding, list(arrays), dtype)


def make_array_from_callback(
    shape: Sequence[int], sharding, data_callback: Callable, dtype=None
) -> Array:
    """One array whose pieces a function gives.

    Args:
      shape: of the whole array.
      sharding: how it is cut and placed.
      data_callback: from the index of a piece, a tuple of slices, to its values; called
        once for each piece, however many devices hold it.
      dtype: that of the pieces, to check.

    >>> x = np.arange(6.0, dtype="float32").reshape(2, 3)
    >>> sharding = minijax.sharding.SingleDeviceSharding(minijax.devices()[0])
    >>> make_array_from_callback((2, 3), sharding, lambda index: x[index])
    Array([[0., 1., 2.],
           [3., 4., 5.]], dtype=float32)
    """
    where = "make_array_from_callback"
    shape, sharding = _place(shape, sharding)
    found: dict = {}
    arrays = []
    for device, index in tiles.indices(sharding.placed(len(shape)), shape).items():
        key = tuple((s.start, s.stop) for s in index)
        if key not in found:
            found[key] = _piece(where, data_callback(index), index)
        arrays.append(device_put(found[key], device))
    return _joined(where, shape, sharding, arrays, dtype)


def _piece(where, value, index):
    if isinstance(value, Tracer) or not hasattr(value, "dtype"):
        raise TypeError(
            f"{where}: data_callback must return an array with values, got "
            f"{type(value).__name__} for {index}. Use np.asarray."
        )
    return as_array(value) if type(value) is Array else np.asarray(value)


def make_array_from_process_local_data(
    sharding, local_data, global_shape: Sequence[int] | None = None
) -> Array:
    """One array from the part of it that this process has, which is all of it.

    global_shape: that of local_data, as there is one process.

    >>> sharding = minijax.sharding.SingleDeviceSharding(minijax.devices()[0])
    >>> make_array_from_process_local_data(sharding, np.ones((2, 3))).shape
    (2, 3)
    """
    shape = np.shape(local_data)
    if global_shape is not None and tuple(global_shape) != shape:
        raise ValueError(
            "make_array_from_process_local_data: in a single process global_shape must "
            f"be that of local_data, got {tuple(global_shape)} and {shape}. Leave it "
            "out."
        )
    return device_put(local_data, sharding)


def _place(shape, sharding):
    shape = tuple([int(n) for n in shape])
    if isinstance(sharding, tiles.Format):
        sharding = sharding.sharding
    return shape, sharding


def _joined(where, shape, sharding, arrays, dtype):
    """The array whose pieces are arrays on the devices of the sharding."""
    placed = sharding.placed(len(shape))
    devices = placed.device_list
    held = {next(iter(x.devices())): x for x in arrays if len(x.devices()) == 1}
    if len(arrays) != len(devices) or set(held) != set(devices):
        raise ValueError(
            f"{where}: needs an array for each of the {len(devices)} devices of "
            f"{sharding}, got {len(arrays)}, which hold {len(held)} of them. Use "
            "device_put for each device."
        )
    piece = tiles.piece_shape(placed, shape)
    expected = arrays[0].dtype if dtype is None else dtypes.explicit(dtype, where)
    for x in arrays:
        if x.shape != piece or x.dtype != expected:
            raise ValueError(
                f"{where}: pieces must be {ShapedArray(piece, expected)} to make "
                f"{ShapedArray(shape, expected)} by {sharding}, got {x.aval}."
            )
    aval = ShapedArray(shape, expected)
    buffers = [held[device]._buffer for device in devices]
    return Array(client.join(aval, buffers, placed), kind_of(aval, placed, True))
