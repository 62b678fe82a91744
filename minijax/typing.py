"""Types for annotations: what functions of `minijax.numpy` accept."""

import numpy as np

from .runtime.array import Array

ArrayLike = Array | np.ndarray | np.bool_ | np.number | bool | int | float | complex
DTypeLike = str | type | np.dtype
