"""Sums, products, minima and maxima over segments: rows of an array with equal labels.

`minijax.ops` is `jax.ops`. Row k of `data` belongs to the segment `segment_ids[k]`, and
each function is one scatter into an array of neutral elements:

    segment_sum(data, ids, 3)        becomes      scatter-add zeros ids data
"""

import numpy as np

from . import dtypes
from . import primitives as lax
from .api import compiled
from .numpy.arguments import (
    as_array,
    concrete,
    refuse_out_sharding,
    spread,
    static_int,
)
from .numpy.promotion import as_operand
from .primitives import GatherScatterMode, ScatterDimensionNumbers

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]


def segment_sum(
    data,
    segment_ids,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: str | GatherScatterMode | None = None,
    out_sharding=None,
):
    """The sum of the rows of each segment; 0 for a segment without rows.

    Args:
      data: array (rows, ...) of numbers.
      segment_ids: integers (rows,), the segment of each row. Rows of a segment that is
        negative, or not below `num_segments`, are left out.
      num_segments: how many there are; max(segment_ids) + 1 without. Traced code must
        say it, since it is the size of the result.
      indices_are_sorted: a promise that `segment_ids` increases.
      unique_indices: a promise that no segment has two rows.
      bucket_size: add up groups of that many rows first, and then the groups, which
        rounds less.
      mode: "clip" moves segments outside to the first or last one; "drop", the default,
        leaves them out; "promise_in_bounds" leaves them undefined.

    Returns:
      an array (num_segments, ...).

    >>> segment_sum(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]))
    Array([5., 0., 2.], dtype=float32)
    """
    settings = indices_are_sorted, unique_indices, bucket_size, mode
    return _reduced(
        "segment_sum", data, segment_ids, num_segments, settings, out_sharding
    )


def segment_prod(
    data,
    segment_ids,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: str | GatherScatterMode | None = None,
    out_sharding=None,
):
    """The product of the rows of each segment; 1 for a segment without rows.

    Arguments as for `segment_sum`. Derivatives of every order are those of a product of
    independent factors, also where factors are 0.

    >>> segment_prod(np.array([3.0, 2.0, 4.0]), np.array([0, 2, 0]))
    Array([12.,  1.,  2.], dtype=float32)
    """
    settings = indices_are_sorted, unique_indices, bucket_size, mode
    return _reduced(
        "segment_prod", data, segment_ids, num_segments, settings, out_sharding
    )


def segment_max(
    data,
    segment_ids,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: str | GatherScatterMode | None = None,
    out_sharding=None,
):
    """The largest of the rows of each segment, element by element.

    Arguments as for `segment_sum`. A segment without rows has -inf, the smallest
    integer, or False. Tied maxima share the derivative equally.

    >>> segment_max(np.array([3.0, 2.0, 4.0]), np.array([0, 2, 0]))
    Array([  4., -inf,   2.], dtype=float32)
    """
    settings = indices_are_sorted, unique_indices, bucket_size, mode
    return _reduced(
        "segment_max", data, segment_ids, num_segments, settings, out_sharding
    )


def segment_min(
    data,
    segment_ids,
    num_segments: int | None = None,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    bucket_size: int | None = None,
    mode: str | GatherScatterMode | None = None,
    out_sharding=None,
):
    """The smallest of the rows of each segment, element by element.

    Arguments as for `segment_sum`. A segment without rows has inf, the largest integer,
    or True. Tied minima share the derivative equally.

    >>> segment_min(np.array([3.0, 2.0, 4.0]), np.array([0, 2, 0]))
    Array([ 3., inf,  2.], dtype=float32)
    """
    settings = indices_are_sorted, unique_indices, bucket_size, mode
    return _reduced(
        "segment_min", data, segment_ids, num_segments, settings, out_sharding
    )


# The scatter that combines rows, and the reduction that combines buckets.
_COMBINE = {
    "segment_sum": (lax.scatter_add, lambda x: lax.reduce_sum(x, (0,))),
    "segment_prod": (lax.scatter_mul, lambda x: lax.reduce_prod(x, (0,))),
    "segment_max": (lax.scatter_max, lambda x: lax.reduce_max(x, (0,))),
    "segment_min": (lax.scatter_min, lambda x: lax.reduce_min(x, (0,))),
}


def _reduced(name, data, ids, count, settings, out_sharding):
    """Arguments checked, then the one compiled program."""
    refuse_out_sharding(name, out_sharding)
    data, ids = as_operand(name, data), as_operand(name, ids)
    _check(name, data, ids)
    if count is None:
        repair = "Give num_segments as a Python int."
        known = concrete(name, "segment_ids", ids, repair)
        if not known.size:
            raise ValueError(
                f"{name}: without rows num_segments must be given, got no segment_ids."
            )
        count = max(int(known.max()) + 1, 0)
    count = static_int(name, "num_segments", count)
    if count < 0:
        raise ValueError(f"{name}: num_segments must be non-negative, got {count}.")
    is_sorted, is_unique, bucket_size, mode = settings
    if bucket_size is not None:
        bucket_size = static_int(name, "bucket_size", bucket_size)
        if bucket_size < 1:
            raise ValueError(
                f"{name}: bucket_size must be positive, got {bucket_size}."
            )
    mode = GatherScatterMode.from_any(mode)
    plan = count, bool(is_sorted), bool(is_unique), bucket_size, mode
    return _segmented(name, data, ids, plan)


def _check(name, data, ids):
    if ids.dtype not in dtypes.INTS:
        raise TypeError(
            f"{name}: segment_ids must be integers, got {ids.aval}. Convert them with "
            "astype(int)."
        )
    if data.dtype == dtypes.bool_ and name in ("segment_sum", "segment_prod"):
        raise TypeError(
            f"{name}: data must be numbers, got {data.aval}. Convert truth values with "
            "astype(int), or take segment_max or segment_min."
        )
    rows = (*ids.shape, *data.shape[1:])
    try:
        fits = np.broadcast_shapes(data.shape, rows) == rows
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name}: data must have a row for each of segment_ids, got data "
            f"{data.aval} and segment_ids {ids.aval}."
        )


@compiled(static_argnames=("name", "plan"))
def _segmented(name, data, ids, plan):
    data, ids = as_array(data), as_array(ids)
    if ids.dtype.itemsize < 4:  # numbers of segments and buckets may be larger
        ids = lax.convert_element_type(ids, np.int32)
    rest = data.shape[1:]
    data = spread(data, (*ids.shape, *rest))
    if ids.ndim != 1:
        ids = lax.reshape(ids, (ids.size,))
        data = lax.reshape(data, (ids.size, *rest))
    return _scattered(name, data, ids, plan)


def _scattered(name, data, ids, plan):
    """data (rows, ...) combined by segment: (num_segments, ...)."""
    count, is_sorted, is_unique, bucket_size, mode = plan
    scatter, reduce = _COMBINE[name]
    rows, *rest = data.shape
    start = _neutral(name, data.dtype)
    # (rows, 1) or (rows, 2): the bucket of each row, and its segment.
    places = lax.expand_dims(ids, (1,))
    sizes = (count,)
    if bucket_size is not None:
        sizes = (-(-rows // bucket_size), count)
        bucket = (np.arange(rows) // bucket_size).astype(ids.dtype)[:, None]
        places = lax.concatenate([bucket, places], 1)
    numbers = ScatterDimensionNumbers(
        update_window_dims=tuple(range(1, data.ndim)),
        inserted_window_dims=tuple(range(len(sizes))),
        scatter_dims_to_operand_dims=tuple(range(len(sizes))),
    )
    out = lax.full((*sizes, *rest), start, data.dtype)
    if out.size and data.size:
        out = scatter(
            out,
            places,
            data,
            numbers,
            indices_are_sorted=is_sorted,
            unique_indices=is_unique,
            mode=mode,
        )
    return reduce(out) if bucket_size is not None else out


def _neutral(name, dtype):
    """What combining with changes nothing: the result for a segment without rows."""
    if name in ("segment_sum", "segment_prod"):
        return int(name == "segment_prod")
    sign = -1 if name == "segment_max" else 1
    if dtype == dtypes.bool_:
        return sign > 0
    if dtype in dtypes.INTS:
        info = np.iinfo(dtype)
        return info.max if sign > 0 else info.min
    return sign * np.inf
