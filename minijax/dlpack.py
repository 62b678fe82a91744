"""Arrays from and to other libraries, through DLPack."""

import numpy as np

from . import dtypes
from .dtypes import canonicalize
from .runtime.array import Array, from_numpy

__all__ = ["from_dlpack", "is_supported_dtype"]

ALIGNMENT = 64  # bytes; XLA copies what is less aligned

_EXCHANGED = (
    (dtypes.BOOL | dtypes.INTS | dtypes.FLOATS | dtypes.COMPLEX)
    - dtypes.SMALL_FLOATS
    - dtypes.SMALL_INTS
)


def is_supported_dtype(dtype) -> bool:
    """Whether arrays of a dtype can be exchanged through DLPack.

    >>> is_supported_dtype("bfloat16"), is_supported_dtype("float8_e4m3fn")
    (True, False)
    """
    return np.dtype(dtype) in _EXCHANGED


def from_dlpack(external_array, device=None, copy: bool | None = None) -> Array:
    """An array with the values of another library's array.

    On CPU memory is shared where it is aligned as XLA wants it; do not write to it
    through the other library afterwards. `copy=True` makes a copy for certain.

    >>> from_dlpack(np.arange(3.0, dtype="float32"))
    Array([0., 1., 2.], dtype=float32)
    """
    view = np.from_dlpack(external_array)
    if copy is not False:
        view = np.asarray(view, canonicalize(view.dtype))  # 64 bits may be off
    shareable = view.flags.c_contiguous and view.ctypes.data % ALIGNMENT == 0
    if copy is False and not shareable:
        raise ValueError(
            f"from_dlpack: copy=False needs contiguous memory aligned to {ALIGNMENT} "
            "bytes. Leave copy out."
        )
    if copy or not shareable or device is not None:
        return from_numpy(np.array(view))
    return from_numpy(view, share=True)
