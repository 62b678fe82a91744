"""Images at arbitrary coordinates: `scipy.ndimage.map_coordinates`.

map_coordinates(x, [c], 1) for x:f32[n], c:f32[m]
    becomes      (1 - t) x[i] + t x[i + 1],  i = floor(c),  t = c - i
"""

import functools
import itertools

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..api import compiled
from ..primitives import RoundingMethod

__all__ = ["map_coordinates"]


def map_coordinates(
    input, coordinates, order: int, mode: str = "constant", cval: float = 0.0
):
    """The values of an array between its elements, by interpolation.

    Args:
      input: array of rank r; coordinates count its elements from 0.
      coordinates: r arrays, which broadcast: where to look along each axis.
      order: 0 takes the nearest element, 1 interpolates linearly.
      mode: what is outside: "constant" is `cval`; "nearest" the element at the border;
        "mirror" the elements seen in a mirror on the last one, d c b | a b c d;
        "reflect" those in a mirror behind it, c b a | a b c d; "wrap" those at the
        other end. SciPy calls the first and the last "grid-constant" and "grid-wrap".
      cval: what is outside with mode="constant".

    Returns:
      an array of the shape of the coordinates and the dtype of the input; integers are
      rounded. Differentiable in the input and, with order=1, in the coordinates.

    >>> x = np.array([0.0, 10.0, 30.0])
    >>> map_coordinates(x, [np.array([0.5, 1.5])], order=1).tolist()
    [5.0, 20.0]
    """
    where = "map_coordinates"
    x = jnp.asarray(input)
    places = [jnp.asarray(c) for c in coordinates]
    if len(places) != x.ndim:
        raise ValueError(
            f"{where}: coordinates must have one array for each axis of the input "
            f"{x.aval}, got {len(places)}."
        )
    if mode not in _SOURCES:
        raise NotImplementedError(
            f"{where}: mode must be one of {', '.join(map(repr, _SOURCES))}, got "
            f"{mode!r}."
        )
    if order not in (0, 1):
        raise NotImplementedError(
            f"{where}: order must be 0 or 1, got {order}. Splines of higher order are "
            "not supported."
        )
    for c in places:
        if c.dtype in dtypes.COMPLEX or c.dtype == dtypes.bool_:
            raise TypeError(f"{where}: coordinates must be real numbers, got {c.aval}.")
    if not x.size and all(c.size for c in places):
        raise ValueError(f"{where}: input has no elements, got {x.aval}.")
    return _interpolated(x, places, cval, int(order), mode)


@compiled(static_argnames=("order", "mode"))
def _interpolated(x, places, cval, order, mode):
    places = jnp.broadcast_arrays(*places) if places else []
    outside = jnp.asarray(cval).astype(x.dtype)
    taps = [
        _taps(c, n, order, _SOURCES[mode])
        for c, n in zip(places, x.shape, strict=True)
    ]  # fmt: skip
    total = 0
    for corner in itertools.product(*taps):
        values = x
        if corner:
            index = tuple(source for source, _, _ in corner)
            values = x.at[index].get(mode="clip")
        if mode == "constant" and corner:
            inside = functools.reduce(lax.bitwise_and, [ok for _, ok, _ in corner])
            values = jnp.where(inside, values, outside)
        weights = [w for _, _, w in corner if w is not None]
        total = total + functools.reduce(jnp.multiply, [values, *weights])
    if x.dtype in dtypes.INTS and jnp.issubdtype(total.dtype, jnp.inexact):
        total = lax.round(total, RoundingMethod.AWAY_FROM_ZERO)
    return total.astype(x.dtype)


def _taps(c, n, order, source):
    """The elements of an axis that count: (their places, whether inside, weights)."""
    exact = c.dtype in dtypes.INTS
    if exact or not order:
        index = c if exact else lax.round(c, RoundingMethod.AWAY_FROM_ZERO)
        return [(*_at(index, n, source), None)]
    low = lax.floor(c)
    share = c - low
    return [(*_at(low, n, source), 1 - share), (*_at(low + 1, n, source), share)]


def _at(index, n, source):
    index = index.astype(dtypes.int32)
    return source(index, n), (index >= 0) & (index < n)


def _mirrored(index, n):
    """Along 0, 1, ..., n - 1, ..., 1 over and over."""
    if n == 1:
        return jnp.zeros_like(index)
    period = 2 * (n - 1)
    place = index % period
    return jnp.minimum(place, period - place)


def _reflected(index, n):
    """Along 0, 1, ..., n - 1, n - 1, ..., 1, 0 over and over."""
    place = index % (2 * n)
    return jnp.minimum(place, 2 * n - 1 - place)


_SOURCES = {
    "constant": lambda index, n: index,
    "nearest": lambda index, n: jnp.clip(index, 0, n - 1),
    "wrap": lambda index, n: index % n,
    "mirror": _mirrored,
    "reflect": _reflected,
}
