"""Numbers with equal distances or ratios: arange, linspace, logspace, geomspace.

Their sizes are known while tracing; each is an iota and a few operations on it.

    arange(1, 7, 2)        becomes      iota[size=3] * 2 + 1
"""

import math
import operator

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from ..core.trace import Tracer
from ..runtime.array import Array
from .arguments import (
    cast,
    concrete,
    refuse_out_sharding,
    requested_dtype,
    scalar,
    static_int,
)
from .creation import on
from .promotion import as_operand, broadcast_value, canonical_axis, promote_inexact
from .shaping import moveaxis


def arange(start, stop=None, step=None, dtype=None, *, device=None, out_sharding=None):
    """start, start + step, ... up to `stop`, which is left out; one number is `stop`.

    The numbers are known while tracing, since the size depends on them.

    >>> arange(4).tolist(), arange(1, 10, 3).tolist()
    ([0, 1, 2, 3], [1, 4, 7])
    """
    refuse_out_sharding("arange", out_sharding)
    dtype = requested_dtype("arange", dtype)
    names = ("start", "stop", "step") if stop is not None else ("stop", "", "step")
    given = [
        _number("arange", name, x)
        for name, x in zip(names, (start, stop, step), strict=True)
        if x is not None
    ]
    if dtype is None:
        dtype = dtypes.canonicalize(dtypes.result_type(*given))
    numbers = [_plain(x) for x in given]
    width = 1 if step is None else numbers.pop()
    first, last = numbers if stop is not None else (0, *numbers)
    size = max(0, math.ceil((last - first) / width))
    return on(device, _progression(first, width, size, dtype))


def _number(where, name, value):
    """An argument that must be one real number known while tracing."""
    as_operand(where, value)
    if isinstance(value, Tracer):
        value = concrete(where, name, value, "Mark the argument static.")
    if isinstance(value, Array | np.ndarray):
        if value.ndim:
            raise ValueError(
                f"jax.numpy.{where}: arguments must be scalars; got {name} of shape "
                f"{tuple(value.shape)}."
            )
        value = np.asarray(value)[()]
    if isinstance(value, complex | np.complexfloating):
        raise ValueError(f"{where}: {name} must be a real number, got {value}.")
    return value


def _plain(number):
    """A scalar as a Python int or float, so that sizes are computed exactly."""
    return number.item() if hasattr(number, "item") else number


def _progression(first, width, size, dtype):
    places = lax.iota(dtype, size)
    if dtype in dtypes.INTS and isinstance(first, float) | isinstance(width, float):
        exact = lax.iota(dtypes.default_float(), size)
        return cast(_affine(exact, first, width), dtype)
    return _affine(places, first, width)


def _affine(places, first, width):
    if width != 1:
        places = lax.mul(places, scalar(width, places.dtype))
    return lax.add(places, scalar(first, places.dtype)) if first else places


def linspace(
    start,
    stop,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype=None,
    axis: int = 0,
    *,
    device=None,
):
    """`num` equally spaced values from `start` to `stop`, which counts with `endpoint`.

    Both may be arrays: their values lie along the new axis `axis`. With `retstep` a
    pair with the spacing. Integers are rounded down.

    >>> linspace(0, 1, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    num = operator.index(static_int("linspace", "num", num))
    if num < 0:
        raise ValueError(f"linspace: Number of samples, {num}, must be non-negative.")
    dtype = requested_dtype("linspace", dtype)
    endpoint, retstep = bool(endpoint), bool(retstep)
    values, *step = _linspace(
        start, stop, num=num, endpoint=endpoint, retstep=retstep, dtype=dtype, axis=axis
    )
    return (on(device, values), *step) if retstep else on(device, values)


@compiled(static_argnames=("num", "endpoint", "retstep", "dtype", "axis"))
def _linspace(start, stop, *, num, endpoint, retstep, dtype, axis):
    first, last = _pair("linspace", start, stop)
    dtype = dtype or first.dtype
    wide = dtypes.to_inexact(dtype)
    first, last = cast(first, _at_least(first, wide)), cast(last, _at_least(last, wide))
    values = _spaced(first, last, num, endpoint)
    if dtype in dtypes.INTS:
        values = lax.floor(values)
    values = cast(values, dtype)
    axis = canonical_axis("linspace", axis, values.ndim)
    values = moveaxis(values, 0, axis)
    if not retstep:
        return (values,)
    gaps = num - 1 if endpoint else num
    gaps = scalar(gaps if gaps > 0 else math.nan, last.dtype)
    step = lax.div(lax.sub(last, first), gaps)
    return values, cast(step, dtypes.to_inexact(dtype))


def _pair(where, start, stop):
    """Both ends in one inexact dtype and one shape."""
    first, last = promote_inexact(where, start, stop)
    sizes = np.broadcast_shapes(first.shape, last.shape)
    return broadcast_value(first, sizes), broadcast_value(last, sizes)


def _at_least(x, dtype):
    """The wider of two inexact dtypes, so that no digits are lost on the way."""
    return dtypes.canonicalize(dtypes.promote_types(x.dtype, dtype))


def _spaced(first, last, num, endpoint):
    """(num, ...): (1 - t) first + t last for t = 0, 1/gaps, ..., with exact ends."""
    gaps = max(num - 1 if endpoint else num, 1)
    shape = tuple(first.shape)
    inner = num - 1 if endpoint and num > 1 else num
    sizes = (inner, *shape)
    places = lax.broadcasted_iota(_real(first.dtype), sizes, 0)
    t = cast(lax.div(places, scalar(gaps, places.dtype)), first.dtype)
    one = scalar(1, t.dtype)
    if shape:
        start, stop = broadcast_value(first, sizes), broadcast_value(last, sizes)
    else:
        start, stop = first, last
    values = lax.add(lax.mul(start, lax.sub(one, t)), lax.mul(stop, t))
    if inner == num:
        return values
    return lax.concatenate([values, lax.expand_dims(last, (0,))], 0)


def _real(dtype):
    return np.finfo(dtype).dtype if dtype in dtypes.COMPLEX else dtype


@compiled(static_argnames=("num", "endpoint", "dtype", "axis"))
def logspace(
    start,
    stop,
    num: int = 50,
    endpoint: bool = True,
    base=10.0,
    dtype=None,
    axis: int = 0,
):
    """Powers of `base` whose exponents are equally spaced.

    >>> logspace(0, 2, 3, base=2).tolist()
    [1.0, 2.0, 4.0]
    """
    dtype = requested_dtype("logspace", dtype)
    first, last = _pair("logspace", start, stop)
    exponents = linspace(first, last, num, endpoint, axis=axis)
    b, exponents = promote_inexact("logspace", base, exponents)
    values = lax.pow(broadcast_value(b, exponents.shape), exponents)
    return cast(values, dtype or exponents.dtype)


@compiled(static_argnames=("num", "endpoint", "dtype", "axis"))
def geomspace(
    start, stop, num: int = 50, endpoint: bool = True, dtype=None, axis: int = 0
):
    """Values with one ratio between neighbours, from `start` to `stop`.

    Both have the same sign, or are complex: then the values lie on a spiral.

    >>> geomspace(1, 100, 3).tolist()
    [1.0, 10.0, 100.0]
    """
    dtype = requested_dtype("geomspace", dtype)
    first, last = _pair("geomspace", start, stop)
    sign = lax.sign(first)
    low, high = lax.log(lax.div(first, sign)), lax.log(lax.div(last, sign))
    logs = linspace(low, high, num, endpoint)
    values = lax.mul(lax.exp(logs), broadcast_value(sign, logs.shape))
    # The logarithm rounds: the ends are put in as they were given.
    parts = [lax.expand_dims(first, (0,))] if num else []
    stop_at = num - 1 if endpoint and num > 1 else num
    if stop_at > 1:
        parts.append(lax.slice_in_dim(values, 1, stop_at))
    if stop_at < num:
        parts.append(lax.expand_dims(last, (0,)))
    values = lax.concatenate(parts, 0) if parts else values
    values = cast(values, dtype or values.dtype)
    return moveaxis(values, 0, canonical_axis("geomspace", axis, values.ndim))
