"""Quantiles: the value below which a given fraction of the elements lies.

They sort along the axis and interpolate between two neighbours of the place
q (n - 1). Where q is known while tracing the neighbours are slices, otherwise they are
gathered. References: Hyndman and Fan, "Sample quantiles in statistical packages", The
American Statistician 1996 (method "linear" is their type 7, "inverted_cdf" type 1).

    median(x) for x:f32[5]     becomes     sort x, then its element 2
"""

import math

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from . import reductions
from .arguments import cast, masked, scalar
from .nans import is_number
from .promotion import as_operand, broadcast_value, canonical_axes, promote_inexact
from .reductions import Axis, inexact
from .selection import take_along_axis
from .shaping import expand_dims, moveaxis, reshape, squeeze
from .stacking import stack

METHODS_OF_QUANTILE = (
    "linear",
    "lower",
    "higher",
    "midpoint",
    "nearest",
    "inverted_cdf",
)


def median(
    a,
    axis: Axis = None,
    out=None,
    overwrite_input: bool = False,
    keepdims: bool = False,
):
    """The middle element along axes, or the mean of the two middle ones.

    >>> median(np.array([3.0, 1.0, 2.0])).item()
    2.0
    """
    return _quantile("median", a, 0.5, axis, out, overwrite_input, "linear", keepdims)


def nanmedian(
    a,
    axis: Axis = None,
    out=None,
    overwrite_input: bool = False,
    keepdims: bool = False,
):
    """The median along axes of the elements that are not NaN.

    >>> nanmedian(np.array([3.0, 1.0, np.nan])).item()
    2.0
    """
    return _quantile(
        "nanmedian", a, 0.5, axis, out, overwrite_input, "linear", keepdims
    )


def quantile(
    a,
    q,
    axis: Axis = None,
    out=None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights=None,
):
    """The value below which a fraction `q` of the elements along axes lies.

    `q` is a number or a vector in [0, 1]; a vector gives the result a new first axis.
    `weights`, for the method "inverted_cdf", has the shape of `a` or of its axis.

    >>> quantile(np.array([0.0, 1.0, 2.0, 3.0]), 0.5).item()
    1.5
    """
    return _quantile(
        "quantile", a, q, axis, out, overwrite_input, method, keepdims, weights
    )


def nanquantile(
    a,
    q,
    axis: Axis = None,
    out=None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights=None,
):
    """The quantile along axes of the elements that are not NaN.

    >>> nanquantile(np.array([0.0, np.nan, 2.0]), 0.5).item()
    1.0
    """
    return _quantile(
        "nanquantile", a, q, axis, out, overwrite_input, method, keepdims, weights
    )


def percentile(
    a,
    q,
    axis: Axis = None,
    out=None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights=None,
    out_sharding=None,
):
    """The quantile for a fraction given in percent, 0 to 100.

    >>> percentile(np.array([0.0, 1.0, 2.0, 3.0]), 50).item()
    1.5
    """
    q = _fraction("percentile", q)
    return _quantile(
        "percentile", a, q, axis, out, overwrite_input, method, keepdims, weights
    )


def nanpercentile(
    a,
    q,
    axis: Axis = None,
    out=None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights=None,
):
    """The percentile along axes of the elements that are not NaN.

    >>> nanpercentile(np.array([0.0, np.nan, 2.0]), 50).item()
    1.0
    """
    q = _fraction("nanpercentile", q)
    return _quantile(
        "nanpercentile", a, q, axis, out, overwrite_input, method, keepdims, weights
    )


def _fraction(name, q):
    if isinstance(q, int | float):
        return q / 100
    (q,) = promote_inexact(name, q)
    return lax.div(q, scalar(100, q.dtype))


def _quantile(name, a, q, axis, out, overwrite_input, method, keepdims, weights=None):
    if overwrite_input or out is not None:
        raise ValueError(
            f"{name}: overwrite_input=True and out= are not supported: arrays are "
            "immutable."
        )
    _check_method(name, method, weights)
    x = as_operand(name, a)
    if x.dtype in dtypes.COMPLEX:
        raise ValueError(
            f"{name} does not support complex input, as the operation is poorly "
            "defined. Take quantiles of the real and imaginary parts."
        )
    axes = canonical_axes(name, axis, x.ndim)
    if 0 in [x.shape[i] for i in axes]:
        raise ValueError(f"{name}: needs at least one element, got shape {x.shape}.")
    options = {"name": name, "axes": axes, "method": method, "keepdims": keepdims}
    arrays = [x] if weights is None else [x, as_operand(name, weights)]
    if isinstance(q, complex) or getattr(q, "dtype", None) in dtypes.COMPLEX:
        raise TypeError(f"{name}: q must be real, got {q}.")
    if _is_known(q):
        q = np.asarray(q, np.float64)
        known = q.item() if q.ndim == 0 else tuple(q.ravel().tolist())
        if q.ndim < 2:
            return _along_axes(*arrays, known=known, **options)
    q = as_operand(name, q)
    if q.ndim > 1:
        raise ValueError(
            f"{name}: q must be a number or a vector, got shape {tuple(q.shape)}."
        )
    return _along_axes_traced(q, *arrays, **options)


@compiled(static_argnames=("known", "name", "axes", "method", "keepdims"))
def _along_axes(x, weights=None, *, known, name, axes, method, keepdims):
    """Quantiles for q known while tracing, which keep their double precision."""
    return _reduced(x, np.asarray(known), weights, name, axes, method, keepdims)


@compiled(static_argnames=("name", "axes", "method", "keepdims"))
def _along_axes_traced(q, x, weights=None, *, name, axes, method, keepdims):
    q = cast(q, inexact(x.dtype))
    return _reduced(x, q, weights, name, axes, method, keepdims)


def _reduced(x, q, weights, name, axes, method, keepdims):
    x = cast(x, inexact(x.dtype))
    rows, w = _rows(name, x, weights, axes)
    y = _of_rows(rows, q, method, skip_nans=name.startswith("nan"), weights=w)
    return expand_dims(y, tuple(i + q.ndim for i in axes)) if keepdims else y


def _check_method(name, method, weights):
    if method not in METHODS_OF_QUANTILE:
        raise ValueError(
            f"{name}: method can only be {', '.join(map(repr, METHODS_OF_QUANTILE))}, "
            f"got {method!r}."
        )
    if weights is not None and method != "inverted_cdf":
        raise NotImplementedError(
            f"{name}: method {method!r} does not support weights. Use 'inverted_cdf'."
        )


def _is_known(q):
    return isinstance(q, int | float | np.ndarray | np.generic)


def _rows(name, x, weights, axes):
    """`x` and its weights with all axes to reduce flattened into the last one."""
    if weights is not None:
        if weights.shape != x.shape:
            weights = _weights_along(name, x, weights, axes)
        weights = _flattened(cast(weights, x.dtype), axes)
    return _flattened(x, axes), weights


def _flattened(x, axes):
    rest = [n for i, n in enumerate(x.shape) if i not in axes]
    count = math.prod(x.shape[i] for i in axes)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    return reshape(moveaxis(x, axes, last), (*rest, count))


def _of_rows(x, q, method, skip_nans, weights):
    """Quantiles along the last axis, for the shape q.shape + x.shape[:-1]."""
    n = x.shape[-1]
    valid = is_number(x)
    if weights is not None:
        y = _weighted(x, weights, q, valid, skip_nans)
    elif skip_nans:
        count = reductions.sum(valid, -1, dtype=x.dtype)
        y = _interpolated(lax.sort(x, dimension=x.ndim - 1), q, count, method)
    else:
        y = _interpolated(lax.sort(x, dimension=x.ndim - 1), q, n, method)
    if skip_nans:
        return y
    clean = reductions.all(valid, -1)
    return masked(broadcast_value(clean, y.shape), y, math.nan)


def _interpolated(x, q, count, method):
    """Between neighbours of the place q (count - 1), in rows sorted with NaN last."""
    if isinstance(q, np.ndarray) and isinstance(count, int):
        if q.ndim == 0:
            return _between_known(x, float(q), count, method)
        return stack([_between_known(x, float(p), count, method) for p in q])
    return _between_traced(x, q, count, method)


def _between_known(x, q, n, method):
    place = q * n - 1 if method == "inverted_cdf" else q * (n - 1)
    low, high, weight = _neighbours(min(max(place, 0), n - 1), method, math)
    first = _column(x, int(low))
    if high == low:
        return first
    share = scalar(weight, x.dtype)
    rest = scalar(1 - weight, x.dtype)
    return lax.add(lax.mul(first, rest), lax.mul(_column(x, int(high)), share))


def _column(x, i):
    axis = x.ndim - 1
    return lax.squeeze(lax.slice_in_dim(x, i, i + 1, axis=axis), (axis,))


def _neighbours(place, method, arithmetic):
    """The places below and above, and the weight of the one above."""
    if method == "nearest":
        place = arithmetic.ceil(place - 0.5)
    elif method == "lower":
        place = arithmetic.floor(place)
    elif method in ("higher", "inverted_cdf"):
        place = arithmetic.ceil(place)
    low, high = arithmetic.floor(place), arithmetic.ceil(place)
    return low, high, 0.5 if method == "midpoint" else place - low


def _between_traced(x, q, count, method):
    # places: (..., len(q)), one for every row of x: (..., n) and every q
    rows = tuple(x.shape[:-1])
    sizes = (*rows, q.size)
    fractions = broadcast_value(_vector(q, x.dtype), sizes)
    if isinstance(count, int):
        counts = lax.full(sizes, count, x.dtype)
    else:
        counts = broadcast_value(expand_dims(count, -1), sizes)
    if method == "inverted_cdf":
        places = fractions * counts - 1
    else:
        places = fractions * (counts - 1)
    places = lax.clamp(scalar(0, x.dtype), places, lax.max(counts - 1, counts * 0))
    low, high, weight = _neighbours(places, method, lax)
    first = take_along_axis(x, lax.convert_element_type(low, np.int32), -1)
    last = take_along_axis(x, lax.convert_element_type(high, np.int32), -1)
    # Where both are one element its value is exact, also if it is infinite.
    between = first * (1 - weight) + last * weight
    return _per_q(q, lax.select(lax.eq(low, high), first, between))


def _vector(q, dtype):
    return cast(reshape(as_operand("quantile", q), (-1,)), dtype)


def _per_q(q, y):
    """From one column for each q to the shape q.shape + rows."""
    return moveaxis(y, -1, 0) if q.ndim else squeeze(y, -1)


def _weighted(x, weights, q, valid, skip_nans):
    """The first element where the running sum of weights reaches q of the total."""
    weights = masked(valid, weights, 0) if skip_nans else weights
    x, weights = lax.sort((x, weights), dimension=x.ndim - 1, num_keys=1)
    # sums: (..., 1, n);  targets: (..., len(q), 1)
    sums = lax.cumsum(weights, x.ndim - 1)
    total = lax.slice_in_dim(sums, x.shape[-1] - 1, x.shape[-1], axis=x.ndim - 1)
    sizes = (*x.shape[:-1], q.size)
    targets = broadcast_value(_vector(q, x.dtype), sizes) * broadcast_value(
        total, sizes
    )
    sizes = (*sizes, x.shape[-1])
    before = broadcast_value(expand_dims(sums, -2), sizes) < broadcast_value(
        expand_dims(targets, -1), sizes
    )
    index = reductions.sum(before, -1, dtype=np.int32)
    index = lax.min(index, scalar(x.shape[-1] - 1, np.int32))
    return _per_q(q, take_along_axis(x, index, -1))


def _weights_along(name, x, weights, axes):
    """Weights given along the reduced axes only, broadcast to the shape of `x`."""
    if tuple(weights.shape) != tuple(x.shape[i] for i in axes):
        raise ValueError(
            f"{name}: Shape of weights must be consistent with shape of a along "
            f"specified axis, got {tuple(weights.shape)} for axes {axes} of an array "
            f"of shape {tuple(x.shape)}."
        )
    return lax.broadcast_in_dim(weights, x.shape, axes)
