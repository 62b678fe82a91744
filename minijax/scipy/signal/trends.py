"""Trends taken out of sampled signals."""

import itertools

import numpy as np

from ... import dtypes
from ... import numpy as jnp
from ...api import compiled
from ...numpy.arguments import as_array
from ...numpy.promotion import canonical_axis

__all__ = ["detrend"]


def detrend(data, axis: int = -1, type: str = "linear", bp=0, overwrite_data=None):
    """The signal minus its mean, or minus the line of least squares.

    Args:
      data: array; integers are converted to floats.
      axis: along which the signal runs.
      type: "linear" for the line, "constant" for the mean.
      bp: for lines, the places between which there is a line each.
      overwrite_data: must be None; arrays are immutable.

    >>> detrend(np.array([1.0, 2.0, 4.0]), type="constant").round(2).tolist()
    [-1.33, -0.33, 1.67]
    """
    if overwrite_data is not None:
        raise NotImplementedError(
            "detrend: overwrite_data is not supported, since arrays are immutable. "
            "Use the returned value."
        )
    if type not in ("linear", "constant"):
        raise ValueError(f"detrend: type must be 'linear' or 'constant', got {type!r}.")
    x = jnp.asarray(data)
    axis = canonical_axis("detrend", axis, x.ndim)
    n = x.shape[axis]
    breaks = tuple(int(k) for k in np.unique(np.append(np.asarray(bp), [0, n])))
    if breaks[0] < 0 or breaks[-1] > n:
        raise ValueError(
            f"detrend: breakpoints must lie between 0 and the size {n} of axis {axis}, "
            f"got bp={bp}."
        )
    return _detrended(x, axis, breaks if type == "linear" else None)


@compiled(static_argnames=("axis", "breaks"))
def _detrended(x, axis, breaks):
    x = as_array(x)
    dtype = dtypes.to_inexact(x.dtype)
    narrow = dtype not in (*dtypes.COMPLEX, dtypes.float64)
    x = jnp.moveaxis(x.astype(dtypes.float32 if narrow else dtype), axis, -1)
    if not x.size:
        return jnp.moveaxis(x.astype(dtype), -1, axis)
    if breaks is None:
        y = x - jnp.mean(x, -1, keepdims=True)
    else:
        lines = [_without_line(x[..., i:j]) for i, j in itertools.pairwise(breaks)]
        y = jnp.concatenate(lines, -1)
    return jnp.moveaxis(y.astype(dtype), -1, axis)


def _without_line(x):
    """What is left of x, along the last axis, outside the span of lines."""
    n = x.shape[-1]
    lines = np.stack([np.ones(n), np.arange(n) - (n - 1) / 2], -1)[:, : min(n, 2)]
    # Both columns are orthogonal already.
    basis = (lines / np.linalg.norm(lines, axis=0)).astype(x.dtype)
    precision = "highest"
    share = jnp.matmul(x, basis, precision=precision)
    return x - jnp.matmul(share, basis.T, precision=precision)
