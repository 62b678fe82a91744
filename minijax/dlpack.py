"""Arrays from and to other libraries, through DLPack."""

import numpy as np

from .runtime.array import Array, from_numpy


def from_dlpack(external_array, device=None, copy: bool | None = None) -> Array:
    """An array with the values of another library's array, copied to the device.

    >>> from_dlpack(np.arange(3.0, dtype="float32"))
    Array([0., 1., 2.], dtype=float32)
    """
    if copy is False:
        raise ValueError(
            "from_dlpack: copy=False is not supported: memory of other libraries may "
            "change, and arrays are immutable. Leave copy out."
        )
    return from_numpy(np.array(np.from_dlpack(external_array)))
