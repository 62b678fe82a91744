"""Statistics of samples: modes, ranks, standard errors.

All look at runs of equal elements in sorted order:

    x          3 1 3 2        sorted        1 2 3 3
    first      T T T F        start of run  0 1 2 2        end of run    0 1 3 3
"""

from typing import NamedTuple

import numpy as np

from ... import dtypes
from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from ...numpy.promotion import as_operand, canonical_axis, promote_inexact
from ...runtime.array import Array


class ModeResult(NamedTuple):
    """The most common values, and how often they occur."""

    mode: Array
    count: Array  # type: ignore[assignment]  # hides tuple.count, as in SciPy


def _check_policy(where, nan_policy):
    if nan_policy not in ("propagate", "omit", "raise"):
        raise ValueError(
            f"{where}: nan_policy must be one of 'propagate', 'omit' and 'raise', got "
            f"{nan_policy!r}."
        )
    if nan_policy != "propagate":
        raise NotImplementedError(
            f"{where}: nan_policy {nan_policy!r} is not supported. Use 'propagate', "
            "and take out NaN before."
        )


def _firsts(s):
    """Where runs of equal elements begin in sorted rows; all NaN are one run."""
    before, after = s[..., :-1], s[..., 1:]
    different = before != after
    if s.dtype in dtypes.INEXACT:
        different = different & ~(jnp.isnan(before) & jnp.isnan(after))
    start = jnp.ones((*s.shape[:-1], 1), bool)
    return jnp.concatenate([start, different], axis=-1)


def _starts(first):
    """For each position the one at which its run begins."""
    places = jnp.arange(first.shape[-1], dtype=np.int32)
    return lax.cummax(jnp.where(first, places, 0), axis=first.ndim - 1)


def _ends(first):
    """For each position the one at which its run ends."""
    n = first.shape[-1]
    last = jnp.concatenate([first[..., 1:], jnp.ones_like(first[..., :1])], axis=-1)
    places = jnp.where(last, jnp.arange(n, dtype=np.int32), n - 1)
    return lax.cummin(places, axis=first.ndim - 1, reverse=True)


def mode(
    a, axis: int | None = 0, nan_policy: str = "propagate", keepdims: bool = False
):
    """The most common values along an axis, and how often they occur.

    Of values that are equally common the smallest is taken. NaN counts as a value.
    `axis=None` takes all elements together.

    Returns:
      a pair (mode, count) of arrays without the axis, or of size 1 on it with
      `keepdims`. An empty axis gives NaN and the count 0.

    Raises:
      NotImplementedError: for a nan_policy other than "propagate".

    >>> mode(np.array([2, 4, 1, 1, 3, 4, 4]))
    ModeResult(mode=Array(4, dtype=int32), count=Array(3, dtype=int32))
    """
    _check_policy("mode", nan_policy)
    a = as_operand("mode", a)
    if axis is not None and a.ndim:
        axis = canonical_axis("mode", axis, a.ndim)
    return ModeResult(*_mode(a, axis=axis, keepdims=keepdims))


@compiled(static_argnames=("axis", "keepdims"))
def _mode(a, axis, keepdims):
    rank = a.ndim
    x = jnp.atleast_1d(a)
    x = jnp.ravel(x) if axis is None else jnp.moveaxis(x, axis, -1)
    dtype, whole = dtypes.canonicalize(float), dtypes.canonicalize(int)
    if x.shape[-1] == 0:
        value = jnp.full(x.shape[:-1], np.nan, dtype)
        count = jnp.zeros(x.shape[:-1], dtype)
    elif x.size == 0:
        value, count = x[..., 0], jnp.zeros(x.shape[:-1], whole)
    else:
        s = jnp.sort(x, axis=-1)
        length = jnp.arange(x.shape[-1], dtype=np.int32) - _starts(_firsts(s)) + 1
        place = jnp.argmax(length, axis=-1, keepdims=True)
        value = jnp.take_along_axis(s, place, axis=-1)[..., 0]
        count = jnp.max(length, axis=-1).astype(whole)
    if keepdims and rank:
        axes = tuple(range(rank)) if axis is None else axis
        value, count = jnp.expand_dims(value, axes), jnp.expand_dims(count, axes)
    return value, count


_METHODS = ("average", "min", "max", "dense", "ordinal")


def rankdata(
    a,
    method: str = "average",
    *,
    axis: int | None = None,
    nan_policy: str = "propagate",
):
    """The ranks of elements, from 1, among the others along an axis.

    Without an axis all elements are ranked together, in one dimension. Equal elements
    get the average of their ranks, or by `method` the lowest ("min") or highest
    ("max"); "dense" counts different values, "ordinal" gives each element a rank of its
    own, in order. Elements beside a NaN get NaN.

    Raises:
      ValueError: for another method.
      NotImplementedError: for a nan_policy other than "propagate".

    >>> rankdata(np.array([1, 3, 2, 3]))
    Array([1. , 3.5, 2. , 3.5], dtype=float32)
    """
    _check_policy("rankdata", nan_policy)
    if method not in _METHODS:
        raise ValueError(
            f"rankdata: unknown method {method!r}. Use one of {', '.join(_METHODS)}."
        )
    a = as_operand("rankdata", a)
    if axis is not None:
        axis = canonical_axis("rankdata", axis, a.ndim)
    return _rankdata(a, method=method, axis=axis)


@compiled(static_argnames=("method", "axis"))
def _rankdata(a, method, axis):
    dtype = dtypes.canonicalize(float)
    if a.size == 0:
        return jnp.zeros((0,) if axis is None else a.shape, dtype)
    x = jnp.ravel(a) if axis is None else jnp.moveaxis(a, axis, -1)
    order = jnp.argsort(x, axis=-1, stable=True)
    ranks = _ranks(jnp.take_along_axis(x, order, axis=-1), method, dtype)
    ranks = jnp.take_along_axis(ranks, jnp.argsort(order, axis=-1), axis=-1)
    if x.dtype in dtypes.INEXACT:
        unknown = jnp.any(jnp.isnan(x), axis=-1, keepdims=True)
        ranks = jnp.where(unknown, np.nan, ranks)
    return ranks if axis is None else jnp.moveaxis(ranks, -1, axis)


def _ranks(s, method, dtype):
    """The ranks of the elements of sorted rows."""
    if method == "ordinal":
        ordinal = jnp.arange(1, s.shape[-1] + 1, dtype=dtype)
        return jnp.broadcast_to(ordinal, s.shape)
    first = _firsts(s)
    if method == "dense":
        return jnp.cumsum(first, axis=-1).astype(dtype)
    if method == "min":
        return _starts(first).astype(dtype) + 1
    if method == "max":
        return _ends(first).astype(dtype) + 1
    return (_starts(first) + _ends(first)).astype(dtype) / 2 + 1


@compiled(static_argnames=("axis", "ddof", "nan_policy", "keepdims"))
def sem(
    a,
    axis: int | None = 0,
    ddof: float = 1,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
):
    """The standard error of the mean: the standard deviation over sqrt(n).

    Squares are divided by n - ddof. With nan_policy "omit" elements that are NaN take
    no part.

    Raises:
      ValueError: for a nan_policy other than "propagate" and "omit".

    >>> sem(np.array([1.0, 3.0])).item()
    1.0
    """
    if nan_policy not in ("propagate", "omit"):
        raise ValueError(
            f"sem: nan_policy {nan_policy!r} is not supported. Use 'propagate' or "
            "'omit'."
        )
    (x,) = promote_inexact("sem", a)
    x = lax.convert_element_type(x, x.dtype)  # a strong type
    if axis is not None:
        axis = canonical_axis("sem", axis, x.ndim)
    options = {"axis": axis, "ddof": ddof, "keepdims": keepdims}
    if nan_policy == "omit":
        count = jnp.sum(~jnp.isnan(x), axis=axis, keepdims=keepdims)
        return jnp.nanstd(x, **options) / jnp.sqrt(count.astype(x.dtype))
    size = x.size if axis is None else x.shape[axis]
    return jnp.std(x, **options) / jnp.sqrt(jnp.asarray(size, x.dtype))
