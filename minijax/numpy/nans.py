"""Reductions that leave out NaN.

Each replaces NaN by a value that does not count, and reduces:

    nansum(x)              becomes      sum(where(isnan(x), 0, x))
"""

import math

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from . import reductions
from .arguments import as_mask, cast, masked, refuse_out, requested_dtype
from .promotion import as_operand, broadcast_value, canonical_axis
from .reductions import Axis


def is_number(x):
    """Which elements are not NaN; a complex number is NaN if a part of it is."""
    return lax.eq(x, x)


def without_nans(x, other):
    """The operand with `other` in the place of every NaN."""
    if not dtypes.is_inexact(dtypes.canonicalize(x.dtype)):
        return x
    return masked(is_number(x), x, other)


@compiled(static_argnames=("axis", "dtype", "out", "keepdims"))
def nansum(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    keepdims: bool = False,
    initial=None,
    where=None,
):
    """The sum along axes of the elements that are not NaN.

    >>> nansum(np.array([1.0, np.nan, 3.0])).item()
    4.0
    """
    refuse_out("nansum", out)
    x = without_nans(as_operand("nansum", a), 0)
    return reductions.sum(
        x, axis, dtype, keepdims=keepdims, initial=initial, where=where
    )


@compiled(static_argnames=("axis", "dtype", "out", "keepdims"))
def nanprod(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    keepdims: bool = False,
    initial=None,
    where=None,
):
    """The product along axes of the elements that are not NaN.

    >>> nanprod(np.array([2.0, np.nan, 3.0])).item()
    6.0
    """
    refuse_out("nanprod", out)
    x = without_nans(as_operand("nanprod", a), 1)
    return reductions.prod(
        x, axis, dtype, keepdims=keepdims, initial=initial, where=where
    )


@compiled(static_argnames=("axis", "out", "keepdims"))
def nanmax(
    a, axis: Axis = None, out=None, keepdims: bool = False, initial=None, where=None
):
    """The largest element along axes that is not NaN; NaN where there is none.

    >>> nanmax(np.array([1.0, np.nan, 3.0])).item()
    3.0
    """
    refuse_out("nanmax", out)
    return _extremum(
        "nanmax", reductions.max, -math.inf, a, axis, keepdims, initial, where
    )


@compiled(static_argnames=("axis", "out", "keepdims"))
def nanmin(
    a, axis: Axis = None, out=None, keepdims: bool = False, initial=None, where=None
):
    """The smallest element along axes that is not NaN; NaN where there is none.

    >>> nanmin(np.array([1.0, np.nan, 3.0])).item()
    1.0
    """
    refuse_out("nanmin", out)
    return _extremum(
        "nanmin", reductions.min, math.inf, a, axis, keepdims, initial, where
    )


def _extremum(name, extremum, least, a, axis, keepdims, initial, where):
    x = as_operand(name, a)
    options = {"keepdims": keepdims, "initial": initial, "where": where}
    if not dtypes.is_inexact(dtypes.canonicalize(x.dtype)):
        return extremum(x, axis, **options)
    y = extremum(without_nans(x, least), axis, **options)
    if initial is not None:
        return y
    some = reductions.any(is_number(x), axis, keepdims=keepdims)
    return masked(some, y, math.nan)


@compiled(static_argnames=("axis", "dtype", "out", "keepdims"))
def nanmean(
    a, axis: Axis = None, dtype=None, out=None, keepdims: bool = False, where=None
):
    """The mean along axes of the elements that are not NaN; NaN where there is none.

    >>> nanmean(np.array([1.0, np.nan, 3.0])).item()
    2.0
    """
    refuse_out("nanmean", out)
    x = as_operand("nanmean", a)
    counted = _counted("nanmean", x, where)
    return reductions.mean(x, axis, dtype, keepdims=keepdims, where=counted)


def _counted(name, x, where):
    """The mask of what takes part: not NaN, and not masked out by the user."""
    if not dtypes.is_inexact(dtypes.canonicalize(x.dtype)):
        return where
    if where is None:
        return is_number(x)
    mask = as_mask(name, where)
    sizes = np.broadcast_shapes(mask.shape, x.shape)
    return lax.bitwise_and(
        broadcast_value(mask, sizes), broadcast_value(is_number(x), sizes)
    )


@compiled(static_argnames=("axis", "dtype", "out", "ddof", "keepdims"))
def nanvar(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    ddof: float = 0,
    keepdims: bool = False,
    where=None,
    mean=None,
):
    """The variance along axes of the elements that are not NaN.

    >>> nanvar(np.array([1.0, np.nan, 3.0])).item()
    1.0
    """
    refuse_out("nanvar", out)
    return _spread_of(
        "nanvar", reductions.var, a, axis, dtype, ddof, keepdims, where, mean
    )


@compiled(static_argnames=("axis", "dtype", "out", "ddof", "keepdims"))
def nanstd(
    a,
    axis: Axis = None,
    dtype=None,
    out=None,
    ddof: float = 0,
    keepdims: bool = False,
    where=None,
    mean=None,
):
    """The standard deviation along axes of the elements that are not NaN.

    >>> nanstd(np.array([1.0, np.nan, 3.0])).item()
    1.0
    """
    refuse_out("nanstd", out)
    return _spread_of(
        "nanstd", reductions.std, a, axis, dtype, ddof, keepdims, where, mean
    )


def _spread_of(name, measure, a, axis, dtype, ddof, keepdims, where, mean):
    x = as_operand(name, a)
    dtype = requested_dtype(name, dtype)
    counted = _counted(name, x, where)
    # NaN itself must not reach the arithmetic: its cotangent there would be NaN, too.
    y = measure(
        without_nans(x, 0),
        axis,
        ddof=ddof,
        keepdims=keepdims,
        where=counted,
        mean=mean,
    )
    return y if dtype is None else cast(y, dtype)


@compiled(static_argnames=("axis", "out", "keepdims"))
def nanargmax(a, axis: int | None = None, out=None, keepdims: bool | None = None):
    """The index of the largest element that is not NaN; -1 where there is none.

    >>> nanargmax(np.array([1.0, np.nan, 3.0])).item()
    2
    """
    refuse_out("nanargmax", out)
    return _arg_extremum("nanargmax", reductions.argmax, -math.inf, a, axis, keepdims)


@compiled(static_argnames=("axis", "out", "keepdims"))
def nanargmin(a, axis: int | None = None, out=None, keepdims: bool | None = None):
    """The index of the smallest element that is not NaN; -1 where there is none.

    >>> nanargmin(np.array([2.0, np.nan, 1.0])).item()
    2
    """
    refuse_out("nanargmin", out)
    return _arg_extremum("nanargmin", reductions.argmin, math.inf, a, axis, keepdims)


def _arg_extremum(name, select, least, a, axis, keepdims):
    x = as_operand(name, a)
    keepdims = bool(keepdims)
    if axis is not None:
        axis = canonical_axis(name, axis, x.ndim)
    if not dtypes.is_inexact(dtypes.canonicalize(x.dtype)):
        return select(x, axis, keepdims=keepdims)
    index = select(without_nans(x, least), axis, keepdims=keepdims)
    some = reductions.any(is_number(x), axis, keepdims=keepdims)
    return lax.select(some, index, lax.full(index.shape, -1, index.dtype))
