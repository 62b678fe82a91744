"""Interpolation of values on a rectangular grid."""

import itertools

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from ..api import compiled
from ..core.trace import Tracer
from ..numpy.promotion import as_operand, promote_inexact

__all__ = ["RegularGridInterpolator"]


class RegularGridInterpolator:
    """A function that interpolates values given on a rectangular grid.

    Args:
      points: the coordinates of the grid, one vector for each of its d axes, strictly
        ascending. Vectors that are not traced may descend.
      values: an array whose first d axes are those of the grid.
      method: "linear", or "nearest".
      bounds_error: not supported.
      fill_value: the value outside of the grid, NaN by default. With None the outermost
        cells are continued.

    Raises:
      ValueError: if points and values do not fit, or the points are not monotonic.
      NotImplementedError: for bounds_error.

    >>> points = (np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0]))
    >>> values = np.array([[10.0, 20.0], [40.0, 50.0], [70.0, 80.0]])
    >>> f = RegularGridInterpolator(points, values)
    >>> f(np.array([[1.5, 4.5], [3.0, 4.0]])).tolist()
    [30.0, 70.0]
    """

    def __init__(
        self, points, values, method="linear", bounds_error=False, fill_value=np.nan
    ):
        _check_method(method)
        if bounds_error:
            raise NotImplementedError(
                "RegularGridInterpolator: `bounds_error` is not supported, since a "
                "compiled program does not raise. Use fill_value."
            )
        (values,) = promote_inexact("RegularGridInterpolator", values)
        grid = [as_operand("RegularGridInterpolator", p) for p in points]
        if len(grid) > values.ndim:
            raise ValueError(
                f"RegularGridInterpolator: there are {len(grid)} point arrays, but "
                f"values has {values.ndim} dimensions. Give one for each axis."
            )
        for k, p in enumerate(grid):
            if p.shape != (values.shape[k],):
                raise ValueError(
                    f"RegularGridInterpolator: the points of axis {k} must be a vector "
                    f"of {values.shape[k]} elements, as values has on that axis, got "
                    f"{p.aval}."
                )
            if _descends(k, p):
                grid[k], values = jnp.flip(p), jnp.flip(values, k)
        self.method = method
        self.bounds_error = bounds_error
        self.fill_value = _fill_value(fill_value, values.dtype)
        self.grid = tuple([jnp.asarray(p) for p in grid])
        self.values = jnp.asarray(values)

    def __call__(self, xi, method=None):
        """The interpolated values at points.

        Args:
          xi: points as rows, (..., d); of a grid with one axis also a vector of points;
            or a tuple of d arrays of coordinates, which broadcast.
          method: another than that of the interpolator.
        """
        method = self.method if method is None else method
        _check_method(method)
        xi = _rows(xi, len(self.grid))
        return _interpolate(self.grid, self.values, xi, self.fill_value, method=method)


def _check_method(method):
    if method not in ("linear", "nearest"):
        raise ValueError(
            f"RegularGridInterpolator: method {method!r} is not defined. Use 'linear' "
            "or 'nearest'."
        )


def _descends(k, p):
    """Whether known points descend; traced points are taken to ascend."""
    if isinstance(p, Tracer):
        return False
    steps = np.diff(np.asarray(p))
    if np.all(steps > 0):
        return False
    if np.all(steps < 0):
        return True
    raise ValueError(
        f"RegularGridInterpolator: the points of axis {k} must be strictly ascending "
        f"or descending, got {np.asarray(p).tolist()}."
    )


def _fill_value(fill_value, dtype):
    if fill_value is None:
        return None
    value = jnp.asarray(fill_value)
    if value.dtype in dtypes.COMPLEX and dtype not in dtypes.COMPLEX:
        raise ValueError(
            "RegularGridInterpolator: fill_value must be either 'None' or of a type "
            f"compatible with values, got {fill_value!r} for values of dtype {dtype}."
        )
    return value


def _rows(xi, d):
    """Points as an array whose last axis has the d coordinates."""
    if isinstance(xi, tuple):
        xi = jnp.broadcast_arrays(*promote_inexact("RegularGridInterpolator", *xi))
        rows = jnp.stack(xi, axis=-1)
    else:
        (rows,) = promote_inexact("RegularGridInterpolator", xi)
        rows = jnp.asarray(rows)
        if d == 1 and rows.ndim < 2:
            rows = rows[..., None]
        elif rows.ndim == 1:
            rows = rows[None]
    if rows.ndim == 0 or rows.shape[-1] != d:
        raise TypeError(
            f"RegularGridInterpolator: points must have {d} coordinates along the last "
            f"axis, as the grid has axes, got {rows.aval}."
        )
    return rows


@compiled(static_argnames=("method",))
def _interpolate(grid, values, xi, fill_value, method):
    cells, fractions = [], []
    outside = jnp.zeros(xi.shape[:-1], bool)
    for k, p in enumerate(grid):
        x = xi[..., k]
        last = max(p.shape[0] - 2, 0)
        i = jnp.clip(jnp.searchsorted(p, x, side="right") - 1, 0, last)
        j = jnp.minimum(i + 1, p.shape[0] - 1)
        width = p[j] - p[i]
        cells.append((i, j))
        fractions.append((x - p[i]) / jnp.where(width == 0, 1, width))
        outside = outside | (x < p[0]) | (x > p[-1])
    evaluate = _linear if method == "linear" else _nearest
    y = evaluate(values, cells, fractions)
    tail = (1,) * (values.ndim - len(grid))
    unknown = jnp.any(jnp.isnan(xi), axis=-1)
    if fill_value is not None:
        y = jnp.where(jnp.reshape(outside, outside.shape + tail), fill_value, y)
    return jnp.where(jnp.reshape(unknown, unknown.shape + tail), np.nan, y)


def _linear(values, cells, fractions):
    """The sum over the corners of a cell, each weighted by the opposite part."""
    total = 0
    for corner in itertools.product((0, 1), repeat=len(cells)):
        weight = 1
        for side, fraction in zip(corner, fractions, strict=True):
            weight = weight * (fraction if side else 1 - fraction)
        places = tuple([cell[side] for cell, side in zip(cells, corner, strict=True)])
        here = values[places]
        total = total + here * jnp.reshape(
            weight, weight.shape + (1,) * (here.ndim - weight.ndim)
        )
    return total


def _nearest(values, cells, fractions):
    """The value at the nearest corner, of equally near ones the lower."""
    return values[
        tuple(
            [
                jnp.where(fraction <= 0.5, i, j)
                for (i, j), fraction in zip(cells, fractions, strict=True)
            ]
        )
    ]
