"""Which piece of an array each device holds.

XLA cuts axis k of an array into `tiles[k]` equal pieces and lists the devices in the
order of the pieces, the last axis first. Further axes of tiles count copies.

    devices=[2,1,2]0,1,2,3      rows cut in two, each half on two devices
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Layout:
    """In which order axes are laid out in memory, the slowest first."""

    major_to_minor: tuple[int, ...]
    tiling: tuple | None = None
    sub_byte_element_size_in_bits: int = 0


@dataclass(frozen=True)
class Format:
    """The layout of an array, and its sharding."""

    layout: Any = None
    sharding: Any = None


class Shard:
    """The piece of an array that one device holds.

    Attributes:
      device: the device.
      index: a tuple of slices, which piece it is.
      replica_id: which copy of the piece, the first being 0.
      data: the piece, an array on the device.
    """

    __slots__ = ("data", "device", "index", "replica_id")

    def __init__(self, device, index, replica_id, data):
        self.device = device
        self.index = index
        self.replica_id = replica_id
        self.data = data

    def __repr__(self):
        return (
            f"Shard(device={self.device!r}, index={self.index}, "
            f"replica_id={self.replica_id}, data={self.data})"
        )


def counts(sharding, ndim: int) -> tuple[int, ...]:
    """Into how many pieces each axis is cut."""
    if sharding.hlo.is_replicated():
        return (1,) * ndim
    return tuple(sharding.hlo.tile_assignment_dimensions()[:ndim])


def piece_shape(sharding, shape) -> tuple[int, ...]:
    """The shape of one piece.

    Raises:
      ValueError: an axis cannot be cut into equal pieces.
    """
    tiles = counts(sharding, len(shape))
    for axis, (n, pieces) in enumerate(zip(shape, tiles, strict=True)):
        if n % pieces:
            raise ValueError(
                f"{sharding}: axis {axis} is cut into {pieces} pieces, which must be "
                f"equal, got size {n} in shape {tuple(shape)}. Pad the axis."
            )
    return tuple([n // pieces for n, pieces in zip(shape, tiles, strict=True)])


def indices(sharding, shape) -> dict:
    """For each device the slices of its piece."""
    sizes = piece_shape(sharding, shape)
    tiles = counts(sharding, len(shape))
    devices = sharding.device_list
    if sharding.hlo.is_replicated():
        return dict.fromkeys(devices, (slice(None),) * len(shape))
    grid = sharding.hlo.tile_assignment_dimensions()
    found = {}
    for k, place in enumerate(sharding.hlo.tile_assignment_devices()):
        position = np.unravel_index(k, grid)[: len(shape)]
        found[devices[place]] = tuple(
            [
                slice(None) if pieces == 1 else slice(int(i) * n, (int(i) + 1) * n)
                for i, n, pieces in zip(position, sizes, tiles, strict=True)
            ]
        )
    return {device: found[device] for device in devices}


def replicas(index_of: dict) -> dict:
    """For each device which copy of its piece it holds."""
    seen: dict = {}
    numbers = {}
    for device, index in index_of.items():
        key = tuple([(s.start, s.stop) for s in index])
        numbers[device] = seen[key] = seen.get(key, -1) + 1
    return numbers
