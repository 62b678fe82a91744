"""Differences, derivatives on grids, integrals and interpolation of sampled functions.

diff(x) for x:f32[n]       becomes      x[1:] - x[:-1]
"""

from collections.abc import Sequence

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from . import reductions
from .arguments import as_array, cast, masked
from .cumulative import cumsum
from .promotion import (
    as_operand,
    broadcast_value,
    canonical_axes,
    canonical_axis,
    promote,
    promote_inexact,
)
from .rows import read_along
from .searching import searchsorted
from .shaping import moveaxis, ravel
from .sorting import argsort
from .stacking import concatenate


@compiled(static_argnames=("n", "axis"))
def diff(a, n: int = 1, axis: int = -1, prepend=None, append=None):
    """Differences of neighbours along an axis, taken `n` times.

    `prepend` and `append` are put at the ends first; scalars count as one slice.

    >>> diff(np.array([1, 4, 9])).tolist()
    [3, 5]
    """
    x = as_array(as_operand("diff", a))
    if n == 0:
        return x
    if n < 0:
        raise ValueError(f"diff: order must be non-negative, got n={n}.")
    if x.ndim == 0:
        raise ValueError("diff: a must have an axis, got a scalar.")
    axis = canonical_axis("diff", axis, x.ndim)
    ends = [_end(x, end, axis) for end in (prepend, append)]
    if any(end is not None for end in ends):
        parts = (ends[0], x, ends[1])
        x = concatenate([part for part in parts if part is not None], axis)
    for _ in range(n):
        last, first = _from(x, 1, None, axis), _from(x, 0, -1, axis)
        x = lax.ne(last, first) if x.dtype == dtypes.bool_ else lax.sub(last, first)
    return x


def _end(x, end, axis):
    if end is None:
        return None
    end = as_operand("diff", end)
    if end.ndim:
        return end
    return lax.broadcast_in_dim(end, (*x.shape[:axis], 1, *x.shape[axis + 1 :]), ())


def _from(x, start, stop, axis):
    """x[start:stop] along an axis."""
    start, stop, _ = slice(start, stop).indices(x.shape[axis])
    return lax.slice_in_dim(x, start, max(start, stop), axis=axis)


@compiled
def ediff1d(ary, to_end=None, to_begin=None):
    """Differences of neighbours in the flattened array, with values put at the ends.

    >>> ediff1d(np.array([1, 4, 9]), to_begin=0).tolist()
    [0, 3, 5]
    """
    x = as_array(as_operand("ediff1d", ary))
    if x.dtype == dtypes.bool_:
        raise TypeError(
            f"ediff1d: truth values have no differences, got {x.aval}. Convert them "
            "with astype(int)."
        )
    parts = [diff(ravel(x))]
    if to_begin is not None:
        parts.insert(0, cast(ravel(as_operand("ediff1d", to_begin)), x.dtype))
    if to_end is not None:
        parts.append(cast(ravel(as_operand("ediff1d", to_end)), x.dtype))
    return concatenate(parts)


@compiled(static_argnames=("axis", "edge_order"))
def gradient(f, *varargs, axis: int | Sequence[int] | None = None, edge_order=None):
    """Derivatives of a sampled function by central differences, one for each axis.

    Spacings follow `f`: none (1), one for all axes, or one for each, as scalars or as
    vectors of coordinates. Inside, differences are of second order, also for unequal
    spacings (Fornberg, "Generation of finite difference formulas on arbitrarily spaced
    grids", 1988); at the ends of first order.

    >>> gradient(np.array([1.0, 4.0, 9.0])).tolist()
    [3.0, 4.0, 5.0]
    """
    if edge_order is not None:
        raise NotImplementedError(
            "The 'edge_order' argument to jnp.gradient is not supported. The ends are "
            "differences of first order."
        )
    operands = [as_array(x) for x in promote_inexact("gradient", f, *varargs)]
    x, spacings = operands[0], operands[1:]
    axes = canonical_axes("gradient", axis, x.ndim)
    if len(spacings) not in (0, 1, len(axes)):
        raise TypeError(
            f"gradient: needs no spacing, one, or one for each of the {len(axes)} "
            f"axes, got {len(spacings)}."
        )
    if not spacings:
        spacings = [None]
    if len(spacings) == 1:
        spacings = spacings * len(axes)
    slopes = [_slope(x, h, i) for h, i in zip(spacings, axes, strict=True)]
    return (
        slopes[0] if (axis is None and x.ndim == 1) or isinstance(axis, int) else slopes
    )


def _slope(x, h, axis):
    """The derivative along one axis; h is None, a scalar, or the coordinates."""
    n = x.shape[axis]
    if n < 2:
        raise ValueError(
            "gradient: Shape of array too small to calculate a numerical gradient, at "
            f"least 2 elements are required, got {n} on axis {axis}."
        )
    steps = lax.sub(_from(x, 1, None, axis), _from(x, 0, -1, axis))
    if h is None or h.ndim == 0:
        quotients = steps if h is None else steps / h
        inside = lax.sub(_from(x, 2, None, axis), _from(x, 0, -2, axis)) * 0.5
        inside = inside if h is None else inside / h
    else:
        widths = _widths(h, x, axis)
        quotients = steps / widths
        before, after = _from(quotients, 0, -1, axis), _from(quotients, 1, None, axis)
        left, right = _from(widths, 0, -1, axis), _from(widths, 1, None, axis)
        # Each side's slope is weighted by the other side's width.
        inside = (before * right + after * left) / (left + right)
    ends = _from(quotients, 0, 1, axis), _from(quotients, n - 2, n - 1, axis)
    return lax.concatenate([ends[0], inside, ends[1]], axis)


def _widths(h, x, axis):
    if h.ndim != 1:
        raise ValueError(
            "gradient: Spacing arrays must be 1D arrays or scalars, got shape "
            f"{tuple(h.shape)}."
        )
    if h.shape[0] != x.shape[axis]:
        raise ValueError(
            "gradient: Spacing arrays must have the same length as the dimension along "
            f"which the gradient is calculated, got {h.shape[0]} and {x.shape[axis]}."
        )
    sizes = [1] * x.ndim
    sizes[axis] = h.shape[0] - 1
    return diff(h).reshape(sizes)


@compiled(static_argnames=("axis",))
def trapezoid(y, x=None, dx=1.0, axis: int = -1):
    """The integral along an axis by the trapezoidal rule.

    The samples lie at `x`, a vector or an array like `y`, or are `dx` apart.

    >>> trapezoid(np.array([1.0, 2.0, 3.0])).item()
    4.0
    """
    if x is None:
        y, dx = map(as_array, promote_inexact("trapezoid", y, dx))
        y = moveaxis(y, canonical_axis("trapezoid", axis, y.ndim), -1)
        widths = dx
    else:
        y, x = map(as_array, promote_inexact("trapezoid", y, x))
        y = moveaxis(y, canonical_axis("trapezoid", axis, y.ndim), -1)
        widths = diff(x if x.ndim == 1 else moveaxis(x, axis, -1))
    last = y.ndim - 1
    sums = lax.add(_from(y, 1, None, last), _from(y, 0, -1, last))
    return reductions.sum(sums * widths, -1) * 0.5


@compiled(static_argnames=("discont", "axis", "period"))
def unwrap(p, discont=None, axis: int = -1, period=2 * np.pi):
    """Angles with jumps of more than half a period taken out, by adding periods.

    >>> unwrap(np.array([0, 3, 6, 0]), period=4).tolist()
    [0, -1, -2, -4]
    """
    x = as_array(as_operand("unwrap", p))
    if x.dtype in dtypes.COMPLEX:
        raise ValueError(f"unwrap: needs real angles, got {x.aval}. Take angle(p).")
    if isinstance(period, int) and x.dtype in dtypes.INTS:
        low, ambiguous = -(period // 2), period % 2 == 0
    else:
        (x,) = map(as_array, promote_inexact("unwrap", x))
        low, ambiguous = -period / 2, True
    axis = canonical_axis("unwrap", axis, x.ndim)
    steps = diff(x, axis=axis)
    wrapped = (steps - low) % period + low
    if ambiguous:
        # Half a period up stays half a period up.
        up = lax.bitwise_and(wrapped == low, steps > 0)
        wrapped = lax.select(up, lax.full(wrapped.shape, -low, wrapped.dtype), wrapped)
    corrections = wrapped - steps
    limit = period / 2 if discont is None else discont
    # A step that is NaN is not small: what follows it is unknown.
    corrections = masked(lax.bitwise_not(lax.abs(steps) < limit), corrections, 0)
    first = lax.slice_in_dim(x, 0, 1, axis=axis)
    rest = _from(x, 1, None, axis) + cumsum(corrections, axis)
    return concatenate([first, rest], axis)


@compiled
def interp(x, xp, fp, left=None, right=None, period=None):
    """The piecewise linear function through the points (xp, fp), at `x`.

    `xp` ascends. Outside, the function is `fp` at the nearer end, `left` or `right`
    where given, or with "extrapolate" the outermost line goes on. With a `period` the
    function is periodic, and `xp` need not ascend.

    >>> interp(0.5, np.array([0.0, 1.0]), np.array([2.0, 4.0])).item()
    3.0
    """
    xp, fp = as_operand("interp", xp), as_operand("interp", fp)
    if xp.ndim != 1 or xp.shape != fp.shape:
        raise ValueError(
            "interp: xp and fp must be one-dimensional arrays of equal size, got "
            f"shapes {tuple(xp.shape)} and {tuple(fp.shape)}."
        )
    x, xp = map(as_array, promote_inexact("interp", x, xp))
    if x.dtype in dtypes.COMPLEX:
        raise ValueError(f"interp: x and xp must be real, got {x.aval}.")
    (fp,) = map(as_array, promote_inexact("interp", fp))
    for side, end in (("left", left), ("right", right)):
        if isinstance(end, str) and end != "extrapolate":
            raise ValueError(
                f"interp: the only valid string value of `{side}` is 'extrapolate', "
                f"but got: {end!r}."
            )
    if period is not None:
        x, xp, fp = _unrolled(x, xp, fp, period)
        left = right = "extrapolate"
    y = _on_segment(x, xp, fp)
    return _outside(y, x, xp, fp, left, right)


def _on_segment(x, xp, fp):
    """The line through the two points around `x`, or the outermost ones."""
    i = searchsorted(xp, x, side="right").clip(1, max(xp.shape[0] - 1, 1))
    x_0, x_1, f_0, f_1 = (
        read_along(xp, i - 1),
        read_along(xp, i),
        read_along(fp, i - 1),
        read_along(fp, i),
    )
    width = x_1 - x_0
    # Points that coincide have no line; dividing by 1 there keeps derivatives finite.
    empty = width == 0
    slope = (f_1 - f_0) / masked(lax.bitwise_not(empty), width, 1)
    return lax.select(empty, f_0 + 0 * slope, f_0 + (x - x_0) * slope)


def _outside(y, x, xp, fp, left, right):
    first, last = 0, xp.shape[0] - 1
    for end, place, beyond in ((left, first, lax.lt), (right, last, lax.gt)):
        if isinstance(end, str):
            continue
        value = read_along(fp, place) if end is None else as_operand("interp", end)
        value = broadcast_value(cast(value, y.dtype), tuple(y.shape))
        outer = broadcast_value(read_along(xp, place), tuple(x.shape))
        y = lax.select(beyond(x, outer), value, y)
    return y


def _unrolled(x, xp, fp, period):
    """One period of the points in ascending order, with a neighbour at either side."""
    period = abs(as_array(promote("interp", period, xp)[0]))
    x, xp = x % period, xp % period
    order = argsort(xp)
    xp, fp = read_along(xp, order), read_along(fp, order)
    xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, concatenate([fp[-1:], fp, fp[:1]])
