"""Grids of devices for meshes."""

import math
from collections.abc import Sequence

import numpy as np

from ..runtime import client

__all__ = ["create_device_mesh", "create_hybrid_device_mesh"]


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


def create_hybrid_device_mesh(
    mesh_shape: Sequence[int],
    dcn_mesh_shape: Sequence[int],
    devices: Sequence | None = None,
    *,
    process_is_granule: bool = False,
    should_sort_granules_by_key: bool = True,
    allow_split_physical_axes: bool = False,
) -> np.ndarray:
    """A grid of grids: of devices that are close together, and of such groups.

    Args:
      mesh_shape: the shape of the grid within each group.
      dcn_mesh_shape: the shape of the grid of groups, with as many axes.
      devices: those to use; all without.
      process_is_granule: a group is what one process has, instead of a slice of a
        machine.
      should_sort_granules_by_key: groups are in the order of their numbers.

    Returns:
      devices, of the shape that is the elementwise product of both.

    >>> grid = create_hybrid_device_mesh(
    ...     (1, 1), (1, 1), devices()[:1], process_is_granule=True
    ... )
    >>> grid.shape
    (1, 1)
    """
    where = "create_hybrid_device_mesh"
    found = list(client.devices()) if devices is None else list(devices)
    attribute = "process_index" if process_is_granule else "slice_index"
    groups: dict = {}
    for device in found:
        if not hasattr(device, attribute):
            raise ValueError(
                f"{where}: {device} has no slice_index. Pass process_is_granule=True."
            )
        groups.setdefault(getattr(device, attribute), []).append(device)
    keys = sorted(groups) if should_sort_granules_by_key else list(groups)
    if len(keys) != math.prod(dcn_mesh_shape) or len(dcn_mesh_shape) != len(mesh_shape):
        raise ValueError(
            f"{where}: dcn_mesh_shape={tuple(dcn_mesh_shape)} must have as many places "
            f"as there are groups, {len(keys)}, and the rank of mesh_shape="
            f"{tuple(mesh_shape)}."
        )
    grids = [create_device_mesh(mesh_shape, groups[key]) for key in keys]
    rank = len(mesh_shape)
    grid = np.array(grids, dtype=object).reshape(*dcn_mesh_shape, *mesh_shape)
    # Axis k of the groups before axis k within them.
    order = [k for axis in range(rank) for k in (axis, axis + rank)]
    shape = [m * n for m, n in zip(dcn_mesh_shape, mesh_shape, strict=True)]
    return grid.transpose(order).reshape(shape)
