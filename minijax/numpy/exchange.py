"""Arrays from files that NumPy wrote, and from other libraries."""

import numpy as np

from .. import dtypes
from ..dlpack import from_dlpack as from_dlpack
from .creation import asarray

# NumPy's files do not know bfloat16, and name it by its size.
_UNNAMED = {np.dtype("V2"): dtypes.bfloat16}


def load(file, *args, **kwargs):
    """The array in a `.npy` file, or the NumPy arrays of an `.npz` file by name.

    bfloat16 comes back as bfloat16. Further arguments are those of `numpy.load`.

    >>> import io
    >>> file = io.BytesIO()
    >>> jnp.save(file, jnp.arange(3, dtype="bfloat16"))
    >>> _ = file.seek(0)
    >>> load(file)
    Array([0, 1, 2], dtype=bfloat16)
    """
    found = np.load(file, *args, **kwargs)
    if not isinstance(found, np.ndarray):
        return found
    named = _UNNAMED.get(found.dtype)
    return asarray(found if named is None else found.view(named))
