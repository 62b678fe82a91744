"""Enlarge an array at the ends of its axes.

Each mode fills the margins of one axis after the other, from what is inside. So corners
are filled from margins that were filled before.

    pad(x, 1, mode="edge")     becomes      concatenate x[:1] x x[-1:], axis by axis
"""

import math
from collections.abc import Callable

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import vmap
from . import quantiles, reductions
from .arguments import as_array, cast, concrete
from .progressions import linspace
from .promotion import as_operand, broadcast_value
from .shaping import flip, moveaxis


def pad(array, pad_width, mode: str | Callable = "constant", **kwargs):
    """An array with margins of given widths, filled by a rule.

    `pad_width` is one width, a pair (before, after), or a pair for each axis; or a
    dictionary from axes to these. Modes and their options:

        constant (constant_values)   linear_ramp (end_values)   empty
        maximum, minimum, mean, median (stat_length)
        edge   wrap   reflect, symmetric (reflect_type="even" or "odd")

    or a function `f(vector, (before, after), axis, kwargs)` that returns the vector
    with its margins filled.

    >>> pad(np.array([1, 2]), 1).tolist(), pad(np.array([1, 2]), 1, "edge").tolist()
    ([0, 1, 2, 0], [1, 1, 2, 2])
    """
    x = as_array(as_operand("pad", array))
    widths = _widths(x.ndim, pad_width)
    if callable(mode):
        return _pad_by_function(x, widths, mode, kwargs)
    if mode not in _OPTIONS:
        raise NotImplementedError(
            f"pad: Unimplemented padding mode {mode!r}. Use one of "
            f"{', '.join(_OPTIONS)}, or a function."
        )
    unknown = kwargs.keys() - set(_OPTIONS[mode])
    if unknown:
        raise ValueError(
            f"pad: unsupported keyword arguments for mode {mode!r}: {unknown}."
        )
    padded = _PADDERS[mode](x, widths, **kwargs)
    return lax.convert_element_type(padded, x.dtype, x.weak_type)


def _widths(rank, pad_width):
    if isinstance(pad_width, dict):
        pairs = [(0, 0)] * rank
        for axis, width in pad_width.items():
            pairs[axis] = (width, width) if np.ndim(width) == 0 else tuple(width)
        pad_width = pairs
    repair = "Widths are Python ints."
    if isinstance(pad_width, list | tuple):
        widths = np.asarray(pad_width)
    else:
        widths = concrete("pad", "pad_width", pad_width, repair)
    if widths.size and widths.dtype.kind not in "iu":
        raise TypeError("pad: `pad_width` must be of integral type.")
    pairs = per_axis("pad_width", widths, rank)
    if any(n < 0 for pair in pairs for n in pair):
        raise ValueError(f"pad: index can't contain negative values, got {pad_width}.")
    return [(int(low), int(high)) for low, high in pairs]


def per_axis(name, values, rank):
    """A pair for each axis from one value, one pair, or a pair for each axis."""
    shape = tuple(values.shape)
    if shape in ((), (1,)):
        value = values if shape == () else values[0]
        return [(value, value)] * rank
    if shape == (2,):
        return [(values[0], values[1])] * rank
    if shape == (1, 2):
        return [(values[0][0], values[0][1])] * rank
    if shape == (rank, 2):
        return [(row[0], row[1]) for row in values]
    raise ValueError(
        f"jnp.pad: {name} with nd={rank} has unsupported shape {shape}. Valid shapes "
        f"are ({rank}, 2), (1, 2), (2,), (1,), or ()."
    )


def _values(x, name, values):
    """An option with values for each side of each axis, in the dtype of x."""
    if isinstance(values, list | tuple):
        values = np.asarray(values)
    values = cast(as_operand("pad", values), x.dtype)
    return per_axis(name, values, x.ndim)


def _pad_constant(x, widths, constant_values=0):
    if np.ndim(constant_values) == 0:
        value = cast(as_operand("pad", constant_values), x.dtype)
        return lax.pad(x, value, [(low, high, 0) for low, high in widths])
    return _pad_with_scalars(x, widths, _values(x, "constant_values", constant_values))


def _pad_with_scalars(x, widths, values):
    for axis, ((low, high), (first, last)) in enumerate(
        zip(widths, values, strict=True)
    ):
        for margins, value in ((low, 0), first), ((0, high), last):
            config = [(0, 0, 0)] * x.ndim
            config[axis] = (*margins, 0)
            x = lax.pad(x, value, config) if any(margins) else x
    return x


def _pad_empty(x, widths):
    return _pad_constant(x, widths)


def _at(x, axis, start, stop):
    return lax.slice_in_dim(x, start, stop, axis=axis)


def _joined(axis, *parts):
    parts = [part for part in parts if part.shape[axis]]
    return parts[0] if len(parts) == 1 else lax.concatenate(parts, axis)


def _by_axis(x, widths, margins):
    """Fill axis after axis: margins(x, axis, low, high) gives the two margins."""
    for axis, (low, high) in enumerate(widths):
        if low or high:
            if x.shape[axis] == 0:
                raise ValueError(
                    f"pad: Cannot fill the margins of an empty axis, got axis {axis} "
                    f"of an array of shape {tuple(x.shape)}. Use mode='constant'."
                )
            first, last = margins(x, axis, low, high)
            x = _joined(axis, first, x, last)
    return x


def _repeated(slab, axis, count):
    """A slab of size 1 along an axis, repeated."""
    sizes = (*slab.shape[:axis], count, *slab.shape[axis + 1 :])
    return broadcast_value(slab, sizes)


def _pad_edge(x, widths):
    def margins(x, axis, low, high):
        n = x.shape[axis]
        first, last = _at(x, axis, 0, 1), _at(x, axis, n - 1, n)
        return _repeated(first, axis, low), _repeated(last, axis, high)

    return _by_axis(x, widths, margins)


def _pad_linear_ramp(x, widths, end_values=0):
    ends = _values(x, "end_values", end_values)

    def margins(x, axis, low, high):
        n = x.shape[axis]
        first, last = ends[axis]
        rising = _ramp(first, _at(x, axis, 0, 1), axis, low)
        falling = _ramp(last, _at(x, axis, n - 1, n), axis, high)
        return rising, flip(falling, axis)

    return _by_axis(x, widths, margins)


def _ramp(end, edge, axis, count):
    """From an end value, in equal steps, up to but without the edge."""
    edge = lax.squeeze(edge, (axis,))
    return linspace(end, edge, count, endpoint=False, dtype=edge.dtype, axis=axis)


def _pad_statistic(statistic):
    def padder(x, widths, stat_length=None):
        lengths = None
        if stat_length is not None:
            length = concrete("pad", "stat_length", stat_length, "Pass Python ints.")
            lengths = per_axis("stat_length", length, x.ndim)

        def margins(x, axis, low, high):
            n = x.shape[axis]
            near, far = (n, n) if lengths is None else map(int, lengths[axis])
            if min(near, far) < 1:
                raise ValueError("pad: stat_length must be positive.")
            first = statistic(_at(x, axis, 0, min(near, n)), axis)
            last = statistic(_at(x, axis, max(n - far, 0), n), axis)
            return _repeated(first, axis, low), _repeated(last, axis, high)

        return _by_axis(x, widths, margins)

    return padder


def _maximum(x, axis):
    return reductions.max(x, axis, keepdims=True)


def _minimum(x, axis):
    return reductions.min(x, axis, keepdims=True)


def _mean(x, axis):
    return _rounded(reductions.mean(x, axis, keepdims=True), x.dtype)


def _median(x, axis):
    return _rounded(quantiles.median(x, axis, keepdims=True), x.dtype)


def _rounded(y, dtype):
    """Back to the dtype of the array: to the nearest integer, ties to even."""
    if dtype in dtypes.INTS:
        y = lax.round(y, lax.RoundingMethod.TO_NEAREST_EVEN)
    return cast(y, dtype)


def _pad_wrap(x, widths):
    def margins(x, axis, low, high):
        return (
            _cyclic(x, axis, -low % x.shape[axis], low),
            _cyclic(x, axis, 0, high),
        )

    return _by_axis(x, widths, margins)


def _cyclic(x, axis, start, count):
    """`count` slices from `start` on, going round."""
    n = x.shape[axis]
    rounds = -(-(start + count) // n)
    whole = _joined(axis, *[x] * rounds) if rounds > 1 else x
    return _at(whole, axis, start, start + count)


def _pad_mirrored(overlap):
    """`reflect` (overlap 1: the edge is the mirror) or `symmetric` (0)."""

    def padder(x, widths, reflect_type="even"):
        if reflect_type not in ("even", "odd"):
            raise ValueError(
                f"pad: reflect_type must be 'even' or 'odd', got {reflect_type!r}."
            )
        odd = reflect_type == "odd"
        for axis, (low, high) in enumerate(widths):
            if low or high:
                x = _mirrored(x, axis, low, high, overlap, odd)
        return x

    return padder


def _mirrored(x, axis, low, high, overlap, odd):
    n = x.shape[axis]
    if n == 0:
        raise ValueError(f"pad: Cannot reflect an empty axis, got axis {axis}.")
    if n == overlap:
        # A single element mirrored in itself.
        first, last = _repeated(x, axis, low), _repeated(x, axis, high)
        return _joined(axis, first, x, last)
    # A mirror image of the array is put on, and on, until the margin is full: of whole
    # periods of what was given, so that mirrors stand only where it begins and ends.
    period = n - overlap
    for width, before in ((low, True), (high, False)):
        while width > 0:
            count = min(width, (x.shape[axis] - overlap) // period * period)
            x = _with_image(x, axis, count, overlap, odd, before)
            width -= count
    return x


def _with_image(x, axis, count, overlap, odd, before):
    n = x.shape[axis]
    if before:
        image = flip(_at(x, axis, overlap, overlap + count), axis)
        edge = _at(x, axis, 0, 1)
    else:
        image = flip(_at(x, axis, n - overlap - count, n - overlap), axis)
        edge = _at(x, axis, n - 1, n)
    if odd:
        image = lax.sub(_repeated(edge * 2, axis, count), image)
    return _joined(axis, image, x) if before else _joined(axis, x, image)


def _pad_by_function(x, widths, function, kwargs):
    x = _pad_constant(x, widths)
    for axis, pair in enumerate(widths):

        def fill(vector, axis=axis, pair=pair):
            return function(vector, pair, axis, kwargs)

        x = moveaxis(x, axis, -1)
        rows = lax.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        x = moveaxis(lax.reshape(vmap(fill)(rows), x.shape), -1, axis)
    return x


_OPTIONS = {
    "constant": ("constant_values",),
    "edge": (),
    "empty": (),
    "linear_ramp": ("end_values",),
    "maximum": ("stat_length",),
    "mean": ("stat_length",),
    "median": ("stat_length",),
    "minimum": ("stat_length",),
    "reflect": ("reflect_type",),
    "symmetric": ("reflect_type",),
    "wrap": (),
}

_PADDERS = {
    "constant": _pad_constant,
    "edge": _pad_edge,
    "empty": _pad_empty,
    "linear_ramp": _pad_linear_ramp,
    "maximum": _pad_statistic(_maximum),
    "mean": _pad_statistic(_mean),
    "median": _pad_statistic(_median),
    "minimum": _pad_statistic(_minimum),
    "reflect": _pad_mirrored(1),
    "symmetric": _pad_mirrored(0),
    "wrap": _pad_wrap,
}
