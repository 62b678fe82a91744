"""Grids of devices for meshes."""

import math
from collections.abc import Sequence

import numpy as np

from ..runtime import client

__all__ = ["create_device_mesh"]


def create_device_mesh(
    mesh_shape: Sequence[int],
    devices: Sequence | None = None,
    *,
    contiguous_submeshes: bool = False,
    allow_split_physical_axes: bool = False,
) -> np.ndarray:
    """All devices, or those given, as a grid, in their own order.

    On CPU and GPU any order is as good as another; on TPU neighbours in the grid need
    not be neighbours in the machine.

    >>> create_device_mesh((1,), devices()[:1]).shape
    (1,)
    """
    found = list(client.devices()) if devices is None else list(devices)
    if len(found) != math.prod(mesh_shape):
        raise ValueError(
            f"create_device_mesh: mesh_shape={tuple(mesh_shape)} must have as many "
            f"places as there are devices, {len(found)}, got "
            f"{math.prod(mesh_shape)}."
        )
    return np.array(found, dtype=object).reshape(tuple(mesh_shape))
