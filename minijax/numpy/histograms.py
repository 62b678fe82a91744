"""Count values: into the bins of a histogram, or one bin for each integer.

bincount(x, length=n)      becomes      scatter-add of ones into n zeros at x
"""

import math

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from . import reductions
from .arguments import (
    as_array,
    cast,
    concrete,
    refuse_out_sharding,
    scalar,
    static_int,
)
from .differences import diff
from .progressions import linspace
from .promotion import as_operand, broadcast_value, promote, promote_inexact
from .searching import searchsorted
from .shaping import ravel, reshape
from .stacking import unstack


def bincount(
    x,
    weights=None,
    minlength: int = 0,
    *,
    length: int | None = None,
    out_sharding=None,
):
    """How often each of the integers 0, 1, ... occurs, or the sum of its weights.

    The result reaches to the largest integer, or has the `length` given; integers
    beyond are left out, negative ones count as 0.

    >>> bincount(np.array([1, 3, 1])).tolist()
    [0, 2, 0, 1]
    """
    refuse_out_sharding("bincount", out_sharding)
    x = as_operand("bincount", x)
    if x.dtype == dtypes.bool_:
        x = cast(x, dtypes.default_int())
    if x.dtype not in dtypes.INTS:
        raise TypeError(
            f"x argument to bincount must have an integer type; got {x.dtype}."
        )
    if x.ndim != 1:
        raise ValueError(
            f"bincount: only 1-dimensional input supported, got shape {tuple(x.shape)}."
        )
    minlength = static_int("bincount", "minlength", minlength)
    if length is None:
        known = concrete("bincount", "x", x, "Give length as a Python int.")
        largest = int(known.max()) + 1 if known.size else 0
        length = max(largest, minlength)
    else:
        length = static_int("bincount", "length", length)
    if weights is None:
        weights = lax.full(x.shape, 1, dtypes.default_int())
    else:
        weights = as_array(as_operand("bincount", weights))
        if weights.shape != x.shape:
            raise ValueError(
                "bincount: weights must have the shape of x, got "
                f"{tuple(weights.shape)} and {tuple(x.shape)}."
            )
    x = lax.max(x, scalar(0, x.dtype))
    return lax.full((length,), 0, weights.dtype).at[x].add(weights, mode="drop")


@compiled(static_argnames=("right", "method"))
def digitize(x, bins, right: bool = False, *, method: str | None = None):
    """The bin that each value falls into; bin i lies between bins[i - 1] and bins[i].

    A value on an edge belongs to the bin above, or with `right` to the bin below.
    Edges may ascend or descend.

    >>> digitize(np.array([0.5, 1.0, 5.0]), np.array([1, 3])).tolist()
    [0, 1, 2]
    """
    x, edges = as_array(as_operand("digitize", x)), as_operand("digitize", bins)
    if edges.ndim != 1:
        raise ValueError(
            "digitize: bins must be a 1-dimensional array, got shape "
            f"{tuple(edges.shape)}."
        )
    n = edges.shape[0]
    if n == 0:
        return lax.full(x.shape, scalar(0, dtypes.int32))
    method = method or "scan"
    side = "left" if right else "right"
    up = searchsorted(edges, x, side, method=method)
    down = searchsorted(lax.rev(edges, (0,)), x, side, method=method)
    first, last = lax.slice_in_dim(edges, 0, 1), lax.slice_in_dim(edges, n - 1, n)
    ascends = broadcast_value(lax.reshape(lax.le(first, last), ()), up.shape)
    return lax.select(ascends, up, n - down)


def histogram_bin_edges(a, bins=10, range=None, weights=None):
    """The edges of the bins of a histogram: equal widths, or the edges as given.

    >>> histogram_bin_edges(np.array([0.0, 4.0]), bins=2).tolist()
    [0.0, 2.0, 4.0]
    """
    x = as_array(as_operand("histogram_bin_edges", a))
    return _edges("histogram_bin_edges", x, bins, range)


def _edges(name, x, bins, range):
    if isinstance(bins, str):
        raise TypeError(
            f"{name}: bins must be a number or a vector of edges, got {bins!r}. Rules "
            "that choose the number of bins depend on values: use NumPy for them."
        )
    edges = as_operand(name, bins)
    if edges.ndim == 1:
        (edges,) = promote_inexact(name, edges)
        return cast(as_array(edges), promote_inexact(name, x, edges)[0].dtype)
    if edges.ndim > 1:
        raise ValueError(
            f"{name}: bins must be a number or a vector, got shape {edges.shape}."
        )
    count = static_int(name, "bins", bins)
    low, high = _limits(name, x, range)
    return linspace(low, high, count + 1, dtype=low.dtype)


def _limits(name, x, range):
    """The outer edges: the range given, or of the values, widened where it is empty."""
    if range is None:
        (x,) = promote_inexact(name, x)
        low, high = reductions.min(x), reductions.max(x)
    else:
        ends = promote_inexact(name, x, *range)[1:]
        low, high = (as_array(end) for end in ends)
    half = broadcast_value(as_array(cast(low == high, low.dtype) * 0.5), ())
    return low - half, high + half


def histogram(a, bins=10, range=None, weights=None, density: bool | None = None):
    """How many values fall into each bin, and the edges of the bins.

    A bin holds its left edge; the last one holds its right edge as well. With
    `weights` their sums, with `density` divided by total and width.

    >>> counts, edges = histogram(np.array([0.0, 1.0, 1.0, 4.0]), bins=2)
    >>> counts.tolist(), edges.tolist()
    ([3.0, 1.0], [0.0, 2.0, 4.0])
    """
    x, edges, weights = _histogram_operands(a, bins, range, weights)
    counts = bincount(
        _bin_of("histogram", ravel(x), edges), ravel(weights), length=edges.shape[0]
    )
    counts = lax.slice_in_dim(counts, 1, edges.shape[0])
    if density:
        counts = counts / diff(edges) / reductions.sum(counts)
    return counts, edges


def _histogram_operands(a, bins, range, weights):
    x = as_array(as_operand("histogram", a))
    if weights is None:
        weights = lax.full(x.shape, 1, dtypes.to_inexact(x.dtype))
    elif np.shape(weights) != tuple(x.shape):
        raise ValueError(
            "histogram: weights should have the same shape as a, got "
            f"{np.shape(weights)} and {tuple(x.shape)}."
        )
    x, weights = map(as_array, promote_inexact("histogram", x, weights))
    return x, _edges("histogram", x, bins, range), weights


def _bin_of(name, x, edges):
    """1, 2, ... for the bins in order; 0 below the first edge and beyond the last."""
    place = searchsorted(edges, x, side="right")
    n = edges.shape[0]
    last = broadcast_value(lax.slice_in_dim(edges, n - 1, n), x.shape)
    place = lax.select(lax.eq(x, last), lax.full(x.shape, n - 1, place.dtype), place)
    outside = lax.bitwise_or(lax.gt(x, last), lax.ne(x, x))
    return lax.select(outside, lax.full(x.shape, 0, place.dtype), place)


def histogram2d(x, y, bins=10, range=None, weights=None, density: bool | None = None):
    """How many points fall into each cell of a grid, and the edges along x and y.

    `bins` is a number or a vector of edges for both axes, or one of these for each.

    >>> counts, _, _ = histogram2d(np.array([0, 1]), np.array([0, 1]), bins=2)
    >>> counts.tolist()
    [[1, 0], [0, 1]]
    """
    if _length(bins) not in (None, 2):
        bins = [bins, bins]
    x, y = map(as_array, promote("histogram2d", x, y))
    points = lax.concatenate([reshape(x, (-1, 1)), reshape(y, (-1, 1))], 1)
    counts, edges = histogramdd(points, bins, range, weights, density)
    return counts, *edges


def histogramdd(sample, bins=10, range=None, weights=None, density: bool | None = None):
    """How many points, the rows of `sample`, fall into each cell of a grid, and edges.

    >>> counts, edges = histogramdd(np.array([[0.0, 0.0], [1.0, 1.0]]), bins=2)
    >>> counts.tolist()
    [[1, 0], [0, 1]]
    """
    points = as_array(as_operand("histogramdd", sample))
    if points.ndim != 2 or not points.shape[1]:
        raise ValueError(
            "histogramdd: sample must be a matrix with one point in each row, got "
            f"shape {tuple(points.shape)}."
        )
    columns = unstack(points, axis=1)
    bins_of = _one_for_each("bins", bins, len(columns))
    range_of = [None] * len(columns) if range is None else list(range)
    edges = [
        _edges("histogramdd", x, b, r)
        for x, b, r in zip(columns, bins_of, range_of, strict=True)
    ]
    counts = _count_cells(columns, edges, weights)
    if density:
        counts = counts / reductions.sum(counts)
        for axis, edge in enumerate(edges):
            sizes = [1] * len(edges)
            sizes[axis] = edge.shape[0] - 1
            counts = counts / reshape(diff(edge), sizes)
    return counts, edges


def _length(values) -> int | None:
    """How many entries a sequence or vector has; None for a number."""
    shape = getattr(values, "shape", None)
    if shape is not None:
        return shape[0] if shape else None
    return len(values) if isinstance(values, list | tuple) else None


def _one_for_each(name, values, count):
    if _length(values) is None:
        return [values] * count
    if len(values) != count:
        raise ValueError(
            f"histogramdd: {name} must be one for all or one for each of the {count} "
            f"columns of sample, got {len(values)}."
        )
    return list(values)


def _count_cells(columns, edges, weights):
    # Cells are numbered with a margin at either side, which is cut off in the end.
    sizes = [edge.shape[0] for edge in edges]
    flat = None
    for x, edge, n in zip(columns, edges, sizes, strict=True):
        (x,) = promote_inexact("histogramdd", x)
        place = _bin_of("histogramdd", cast(x, edge.dtype), edge)
        flat = place if flat is None else flat * n + place
    counts = bincount(flat, weights, length=math.prod(sizes))
    counts = reshape(counts, sizes)
    return lax.slice(counts, (1,) * len(sizes), sizes)
