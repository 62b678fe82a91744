"""Fold axes of an array into one value: sums, extrema, counts, moments.

A reduction takes `axis` (an int, several, or None for all), `keepdims`, a boolean mask
`where` and, where it makes sense, a scalar `initial`. Sums and products of small
integers are taken in the default integer type, those of f16 and bf16 in f32. The result
is strongly typed.

    sum(x, axis=0)         becomes      reduce_sum[axes=(0,)] x
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from .arguments import (
    as_array,
    as_mask,
    cast,
    masked,
    refuse_out,
    requested_dtype,
    scalar,
)
from .promotion import as_operand, broadcast_value, canonical_axes, canonical_axis
from .root import root
from .selections import Selection, reduction
from .shaping import ravel

Axis = int | Sequence[int] | None

# Summed in f32 and rounded once: their own precision is too short for a long sum.
_SHORT_FLOATS = (dtypes.float16, dtypes.bfloat16)


@compiled(static_argnames=("axis", "dtype", "out", "keepdims", "promote_integers"))
@reduction
def sum(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    keepdims: bool = False,
    initial=None,
    where=None,
    promote_integers: bool = True,
):
    """The sum of the elements along axes, by default of all.

    >>> sum(np.array([[1, 2], [3, 4]]), axis=0).tolist()
    [4, 6]
    """
    refuse_out("sum", out)
    return _accumulate(
        "sum", _SUM, a, axis, dtype, keepdims, initial, where, promote_integers
    )


@compiled(static_argnames=("axis", "dtype", "out", "keepdims", "promote_integers"))
@reduction
def prod(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    keepdims: bool = False,
    initial=None,
    where=None,
    promote_integers: bool = True,
):
    """The product of the elements along axes, by default of all.

    >>> prod(np.array([[1, 2], [3, 4]]), axis=1).tolist()
    [2, 12]
    """
    refuse_out("prod", out)
    return _accumulate(
        "prod", _PROD, a, axis, dtype, keepdims, initial, where, promote_integers
    )


class Kind(NamedTuple):
    """What a reduction is made of."""

    reduce: Callable  # (x, axes) -> y
    combine: Callable  # of two values
    neutral: Any  # the value that changes nothing, or None


_SUM = Kind(lax.reduce_sum, lax.add, 0)
_PROD = Kind(lax.reduce_prod, lax.mul, 1)
_MAX = Kind(lax.reduce_max, lax.max, None)
_MIN = Kind(lax.reduce_min, lax.min, None)
_ANY = Kind(lax.reduce_or, lax.bitwise_or, False)
_ALL = Kind(lax.reduce_and, lax.bitwise_and, True)


def _accumulate(
    name, kind, a, axis, dtype, keepdims, initial, where, promote_integers=True
):
    x = as_operand(name, a)
    dtype = requested_dtype(name, dtype) or accumulation_dtype(
        x.dtype, promote_integers
    )
    if dtype == dtypes.bool_:
        kind = _ANY if kind is _SUM else _ALL
    x = cast(x, _wide(dtype))
    return cast(_fold(name, kind, x, axis, keepdims, initial, where), dtype)


def _wide(dtype):
    """The dtype to add or multiply in; halves lose digits on the way."""
    return dtypes.float32 if dtype in _SHORT_FLOATS else dtype


def accumulation_dtype(dtype, promote_integers: bool = True):
    """The dtype in which values of a dtype are summed: integers get default width."""
    if dtype == dtypes.bool_:
        return dtypes.default_int() if promote_integers else dtypes.int32
    if promote_integers and dtype in dtypes.INTS:
        wide = dtypes.uint64 if dtype in dtypes.UNSIGNED else dtypes.int64
        default = dtypes.canonicalize(wide)
        return default if dtype.itemsize < default.itemsize else dtype
    return dtypes.canonicalize(dtype)


def _fold(name, kind, x, axis, keepdims, initial, where):
    """Reduce one operand of the right dtype along axes."""
    if initial is not None:
        initial = _initial(name, initial, x.dtype)
    axes = canonical_axes(name, axis, x.ndim)
    if where is not None:
        x = _only(name, x, where, initial if kind.neutral is None else kind.neutral)
    if kind.neutral is None and any_empty(x, axes):
        if initial is None:
            raise ValueError(
                f"zero-size array to reduction operation {name} which has no identity: "
                f"got shape {tuple(x.shape)}. Give initial."
            )
        rest = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        return _kept(broadcast_value(initial, rest), axes, keepdims)
    y = kind.reduce(x, axes)
    if initial is not None:
        y = kind.combine(y, broadcast_value(initial, tuple(y.shape)))
    return _kept(y, axes, keepdims)


def _initial(name, initial, dtype):
    initial = as_operand(name, initial)
    if initial.ndim:
        raise ValueError(
            f"{name}: initial value must be a scalar, got shape {tuple(initial.shape)}."
        )
    return cast(initial, dtype)


def _only(name, x, where, fill):
    if fill is None:
        raise ValueError(
            f"reduction operation {name} does not have an identity, so to use a where "
            "mask one has to specify 'initial'."
        )
    return masked(as_mask(name, where), x, fill)


def any_empty(x, axes) -> bool:
    """Whether a reduction of `x` along the axes has nothing to fold."""
    return 0 in [x.shape[i] for i in axes]


def _kept(y, axes, keepdims):
    """The result with its reduced axes put back at size 1, if they are to be kept."""
    return lax.expand_dims(y, axes) if keepdims and axes else as_array(y)


@compiled(static_argnames=("axis", "out", "keepdims"))
@reduction
def max(
    a, axis: Axis = None, out=None, keepdims: bool = False, initial=None, where=None
):
    """The largest element along axes, by default of all; NaN if there is one.

    Tied maxima share the cotangent equally. `where` needs `initial`, which takes the
    place of the elements left out.

    >>> max(np.array([[1, 5], [3, 4]]), axis=0).tolist()
    [3, 5]
    """
    refuse_out("max", out)
    return _extremum("max", _MAX, _ANY, a, axis, keepdims, initial, where)


@compiled(static_argnames=("axis", "out", "keepdims"))
@reduction
def min(
    a, axis: Axis = None, out=None, keepdims: bool = False, initial=None, where=None
):
    """The smallest element along axes, by default of all; NaN if there is one.

    Tied minima share the cotangent equally. `where` needs `initial`, which takes the
    place of the elements left out.

    >>> min(np.array([[1, 5], [3, 4]]), axis=0).tolist()
    [1, 4]
    """
    refuse_out("min", out)
    return _extremum("min", _MIN, _ALL, a, axis, keepdims, initial, where)


def _extremum(name, kind, kind_of_bools, a, axis, keepdims, initial, where):
    x = as_operand(name, a)
    x = cast(x, dtypes.canonicalize(x.dtype))
    if x.dtype == dtypes.bool_:
        kind = kind_of_bools._replace(neutral=None)
    return _fold(name, kind, x, axis, keepdims, initial, where)


amax, amin = max, min


@compiled(static_argnames=("axis", "out", "keepdims"))
@reduction
def any(a, axis: Axis = None, out=None, keepdims: bool = False, *, where=None):
    """Whether some element along axes is true (not zero).

    >>> any(np.array([[False, True], [False, False]]), axis=1).tolist()
    [True, False]
    """
    refuse_out("any", out)
    return _fold("any", _ANY, truth("any", a), axis, keepdims, None, where)


@compiled(static_argnames=("axis", "out", "keepdims"))
@reduction
def all(a, axis: Axis = None, out=None, keepdims: bool = False, *, where=None):
    """Whether every element along axes is true (not zero).

    >>> all(np.array([[True, True], [False, True]]), axis=1).tolist()
    [True, False]
    """
    refuse_out("all", out)
    return _fold("all", _ALL, truth("all", a), axis, keepdims, None, where)


def truth(name, a):
    """An operand as truth values: which elements are not zero."""
    if type(a) is Selection:
        return a.with_values(truth(name, a.values))
    x = as_operand(name, a)
    return x if x.dtype == dtypes.bool_ else lax.ne(x, scalar(0, x.dtype))


@compiled(static_argnames=("axis", "keepdims"))
def count_nonzero(a, axis: Axis = None, keepdims: bool = False):
    """How many elements along axes are not zero.

    >>> count_nonzero(np.array([[0, 1], [2, 3]]), axis=1).tolist()
    [1, 2]
    """
    return sum(truth("count_nonzero", a), axis, keepdims=keepdims)


@compiled(static_argnames=("axis", "out", "keepdims"))
def ptp(a, axis: Axis = None, out=None, keepdims: bool = False):
    """The largest minus the smallest element along axes.

    >>> ptp(np.array([1, 5, 3])).item()
    4
    """
    refuse_out("ptp", out)
    return max(a, axis, keepdims=keepdims) - min(a, axis, keepdims=keepdims)


@compiled(static_argnames=("axis", "dtype", "out", "keepdims"))
@reduction
def mean(
    a, axis: Axis = None, dtype=None, out=None, keepdims: bool = False, *, where=None
):
    """The arithmetic mean along axes; of integers in the default float type.

    >>> mean(np.array([[1.0, 2.0], [3.0, 5.0]]), axis=0).tolist()
    [2.0, 3.5]
    """
    refuse_out("mean", out)
    x = as_operand("mean", a)
    result = requested_dtype("mean", dtype) or inexact(x.dtype)
    wide = _wide(inexact(result))
    total = sum(cast(x, wide), axis, keepdims=keepdims, where=where)
    count = _count("mean", x, axis, keepdims, where)
    count = scalar(count, wide) if where is None else cast(count, wide)
    return cast(lax.div(total, count), result)


def inexact(dtype):
    """The floating-point or complex dtype in which means of a dtype are taken."""
    return dtypes.to_inexact(dtypes.canonicalize(dtype))


def _count(name, x, axis, keepdims, where):
    """How many elements are folded into each result: a float, or an array of ints."""
    axes = canonical_axes(name, axis, x.ndim)
    if where is None:
        return float(math.prod(x.shape[i] for i in axes))
    mask = as_mask(name, where)
    mask = broadcast_value(mask, np.broadcast_shapes(mask.shape, x.shape))
    return sum(mask, axes, keepdims=keepdims)


@compiled(static_argnames=("axis", "dtype", "out", "ddof", "keepdims", "correction"))
@reduction
def var(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where=None,
    mean=None,
    correction: float | None = None,
):
    """The mean squared distance from the mean along axes.

    The sum of squares is divided by n - ddof; `correction` is another name for `ddof`.
    A known mean of shape that broadcasts against `a` may be passed as `mean`.

    >>> var(np.array([1.0, 2.0, 3.0]), ddof=1).item()
    1.0
    """
    refuse_out("var", out)
    ddof = _correction("var", ddof, correction)
    return _variance("var", a, axis, dtype, ddof, keepdims, where, mean)


@compiled(static_argnames=("axis", "dtype", "out", "ddof", "keepdims", "correction"))
@reduction
def std(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where=None,
    mean=None,
    correction: float | None = None,
):
    """The standard deviation along axes: the square root of the variance.

    >>> std(np.array([1.0, 3.0])).item()
    1.0
    """
    refuse_out("std", out)
    ddof = _correction("std", ddof, correction)
    return root(_variance("std", a, axis, dtype, ddof, keepdims, where, mean))


def _correction(name, ddof, correction):
    if correction is None:
        return ddof
    if ddof:
        raise ValueError(
            f"{name}: ddof and correction can't be provided simultaneously, got "
            f"{ddof} and {correction}. They mean the same."
        )
    return correction


def _variance(name, a, axis, dtype, ddof, keepdims, where, center):
    x = as_operand(name, a)
    result, wide = _variance_dtypes(name, x.dtype, dtype)
    x = cast(x, wide)
    if center is None:
        center = mean(x, axis, keepdims=True, where=where)
    distance = squared_modulus(_minus(x, cast(as_operand(name, center), wide)))
    total = sum(distance, axis, keepdims=keepdims, where=where)
    count = _count(name, x, axis, keepdims, where)
    return cast(_per_freedom(total, count, ddof), result)


def _per_freedom(total, count, ddof):
    """total / (count - ddof); a constant NaN where no degrees of freedom are left."""
    if isinstance(count, float):
        if count <= ddof:
            return lax.full(total.shape, math.nan, total.dtype)
        return lax.div(total, scalar(count - ddof, total.dtype))
    left = lax.sub(cast(count, total.dtype), scalar(ddof, total.dtype))
    known = lax.gt(left, scalar(0, left.dtype))
    return masked(known, lax.div(total, masked(known, left, 1)), math.nan)


def _variance_dtypes(name, given, dtype):
    """The dtype of a variance and the dtype in which deviations are computed."""
    if dtype is not None:
        dtype = requested_dtype(name, dtype)
        if given in dtypes.COMPLEX and dtype not in dtypes.COMPLEX:
            raise ValueError(
                f"{name}: dtype must be complex for complex values, got {dtype}. Take "
                "the real and imaginary parts apart first."
            )
        wide = inexact(dtype)
    else:
        wide = inexact(given)
    result = np.finfo(wide).dtype if wide in dtypes.COMPLEX else wide
    return result, _wide(wide)


def _minus(x, center):
    sizes = np.broadcast_shapes(x.shape, center.shape)
    return lax.sub(broadcast_value(x, sizes), broadcast_value(center, sizes))


def squared_modulus(x):
    """|x|^2, elementwise; real for complex x."""
    if x.dtype not in dtypes.COMPLEX:
        return lax.square(x)
    return lax.add(lax.square(lax.real(x)), lax.square(lax.imag(x)))


@compiled(static_argnames=("axis", "out", "keepdims"))
def argmax(a, axis: int | None = None, out=None, keepdims: bool | None = None):
    """The index of the largest element, the first of equals; NaN counts as largest.

    Along one axis, or (axis=None) in the flattened array.

    >>> argmax(np.array([[1, 9], [8, 2]]), axis=1).tolist()
    [1, 0]
    """
    refuse_out("argmax", out)
    return _arg_extremum("argmax", lax.argmax, a, axis, keepdims)


@compiled(static_argnames=("axis", "out", "keepdims"))
def argmin(a, axis: int | None = None, out=None, keepdims: bool | None = None):
    """The index of the smallest element, the first of equals; NaN counts as smallest.

    Along one axis, or (axis=None) in the flattened array.

    >>> argmin(np.array([[1, 9], [8, 2]]), axis=1).tolist()
    [0, 1]
    """
    refuse_out("argmin", out)
    return _arg_extremum("argmin", lax.argmin, a, axis, keepdims)


def _arg_extremum(name, select, a, axis, keepdims):
    x = as_operand(name, a)
    rank = x.ndim
    if axis is None or rank == 0:
        flat, places = ravel(x), tuple(range(rank))
        axis = 0
    else:
        flat, axis = x, canonical_axis(name, axis, rank)
        places = (axis,)
    if flat.shape[axis] == 0:
        raise ValueError(
            f"attempt to get {name} of an empty sequence: axis {axis} has size 0."
        )
    return _kept(select(flat, axis, dtypes.default_int()), places, keepdims)


METHODS = {
    "all": all,
    "any": any,
    "argmax": argmax,
    "argmin": argmin,
    "max": max,
    "mean": mean,
    "min": min,
    "prod": prod,
    "ptp": ptp,
    "std": std,
    "sum": sum,
    "var": var,
}
