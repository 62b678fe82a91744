"""Sums, maxima and minima over windows that slide over an array.

    y:f32[3,3] = reduce_window_max[window_dimensions=(2, 2) ...] x:f32[4,4]

The operand is first spread (base_dilation) and padded with the identity of the
reduction. A maximum passes on the tangent of the first element that attains it:
`select_and_gather_add` gives the place of that element, -1 where a window holds nothing
but padding, and tangents are gathered from there.
"""

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import Primitive, registry
from ..core.rules import linear, partials, zero_tangent
from ..stablehlo import int_array, int_tensor
from .elementwise import ANY, NUMBERS, ge_p, le_p
from .gather import FILL, GatherDimensionNumbers, gather
from .geometry import (
    checked_padding,
    dilated_size,
    padtype_to_pads,
    per_axis,
    positions,
)
from .ordering import both, choose, compare, extremum
from .reduce import highest, lowest, zero
from .shape import expand_dims, iota, move_batch, reshape

__all__ = [
    "reduce_window_max",
    "reduce_window_max_p",
    "reduce_window_min",
    "reduce_window_min_p",
    "reduce_window_shape_tuple",
    "reduce_window_sum",
    "reduce_window_sum_p",
    "select_and_gather_add_p",
]


def window_params(
    where,
    shape,
    window_dimensions,
    window_strides=None,
    padding="VALID",
    base_dilation=None,
    window_dilation=None,
):
    """The parameters of a window reduction over an array of a shape, checked."""
    rank = len(shape)
    if len(window_dimensions) != rank:
        raise TypeError(
            f"{where}: window_dimensions must have one size per axis of shape "
            f"{tuple(shape)}, got {tuple(window_dimensions)}."
        )
    window = per_axis(where, "window_dimensions", window_dimensions, rank)
    strides = per_axis(where, "window_strides", window_strides, rank)
    base_dilation = per_axis(where, "base_dilation", base_dilation, rank)
    window_dilation = per_axis(where, "window_dilation", window_dilation, rank)
    if isinstance(padding, str):
        sizes = list(map(dilated_size, shape, base_dilation))
        windows = list(map(dilated_size, window, window_dilation))
        padding = padtype_to_pads(sizes, windows, strides, padding)
    return {
        "base_dilation": base_dilation,
        "padding": checked_padding(where, padding, rank),
        "window_dilation": window_dilation,
        "window_dimensions": window,
        "window_strides": strides,
    }


def window_shape(shape, params):
    """The number of windows along each axis."""
    members = zip(
        shape,
        params["padding"],
        params["base_dilation"],
        params["window_dimensions"],
        params["window_dilation"],
        params["window_strides"],
        strict=True,
    )
    return tuple(
        positions(low + dilated_size(n, spread) + high, dilated_size(window, gap), step)
        for n, (low, high), spread, window, gap, step in members
    )


def reduce_window_shape_tuple(
    operand_shape,
    window_dimensions,
    window_strides,
    padding,
    base_dilation=None,
    window_dilation=None,
):
    """The shape of a reduction over windows.

    >>> reduce_window_shape_tuple((5, 6), (2, 2), (1, 2), "VALID")
    (4, 3)
    """
    params = window_params(
        "reduce_window_shape_tuple",
        operand_shape,
        window_dimensions,
        window_strides,
        padding,
        base_dilation,
        window_dilation,
    )
    return window_shape(operand_shape, params)


# reduce_window_sum, reduce_window_max, reduce_window_min


def reduce_window_sum(operand, window_dimensions, *window):
    """Sums over windows; further arguments as for `reduce_window`.

    >>> reduce_window_sum(np.array([1, 5, 2, 4]), (2,))
    Array([6, 7, 6], dtype=int32)
    """
    return _reduce_window(reduce_window_sum_p, operand, window_dimensions, *window)


def reduce_window_max(operand, window_dimensions, *window):
    """Maxima over windows; further arguments as for `reduce_window`.

    >>> reduce_window_max(np.array([1, 5, 2, 4]), (2,))
    Array([5, 5, 4], dtype=int32)
    """
    return _reduce_window(reduce_window_max_p, operand, window_dimensions, *window)


def reduce_window_min(operand, window_dimensions, *window):
    """Minima over windows; further arguments as for `reduce_window`.

    >>> reduce_window_min(np.array([1, 5, 2, 4]), (2,))
    Array([1, 2, 2], dtype=int32)
    """
    return _reduce_window(reduce_window_min_p, operand, window_dimensions, *window)


def _reduce_window(primitive, operand, *window):
    params = window_params(primitive.name, aval_of(operand).shape, *window)
    return primitive.bind(operand, **params)


def _window_primitive(name, allowed, jvp, combine, identity, transpose=None):
    def abstract(x, **params):
        if x.dtype not in allowed:
            kinds = "numbers" if allowed is NUMBERS else "numbers or booleans"
            raise TypeError(f"{name}: needs {kinds}, got {x}. Convert with astype.")
        return x.update(shape=window_shape(x.shape, params))

    def batch(size, operands, dims, **params):
        (x,), (dim,) = operands, dims
        return registry[name].bind(x, **with_batch_axis(params, dim)), dim

    def lower(hlo, out, x, **params):
        scalar = x.aval.update(shape=())
        region = hlo.region([scalar, scalar], combine)
        start = hlo.constant(identity(x.dtype))
        return hlo.emit(
            f'"stablehlo.reduce_window"({x}, {start}) <{{{window_text(params)}}}> '
            f"({region}) : ({x.mlir}, {scalar.mlir}) -> {out.mlir}"
        )

    return Primitive(
        name,
        abstract=abstract,
        jvp=jvp,
        transpose=transpose,
        batch=batch,
        lower=lower,
    )


def with_batch_axis(params, dim):
    """The parameters for a batch: windows of size 1 along its axis."""
    pads = list(params["padding"])
    pads.insert(dim, (0, 0))
    batched = {**params, "padding": tuple(pads)}
    for name in _PER_AXIS:
        values = list(params[name])
        values.insert(dim, 1)
        batched[name] = tuple(values)
    return batched


_PER_AXIS = ("base_dilation", "window_dilation", "window_dimensions", "window_strides")


def window_text(params):
    """The attributes of StableHLO's reduce_window."""
    return (
        f"base_dilations = {int_array(params['base_dilation'])}, "
        f"padding = {_padding_text(params['padding'])}, "
        f"window_dilations = {int_array(params['window_dilation'])}, "
        f"window_dimensions = {int_array(params['window_dimensions'])}, "
        f"window_strides = {int_array(params['window_strides'])}"
    )


def _padding_text(padding):
    return int_tensor(np.reshape(padding, (len(padding), 2)))


def _sum_transpose(ct, x, **params):
    # The windows that hold element j: those of ct, spread by the strides, that begin
    # a window's length earlier and move by base_dilation.
    pads = []
    for k, (low, _) in enumerate(params["padding"]):
        window = dilated_size(
            params["window_dimensions"][k], params["window_dilation"][k]
        )
        n = dilated_size(x.shape[k], params["base_dilation"][k])
        m = dilated_size(ct.shape[k], params["window_strides"][k])
        pads.append((window - 1 - low, n + low - m))
    if ct.size == 0 or x.aval.size == 0:
        return [literal(0, ShapedArray(x.shape, ct.dtype))]
    return [
        reduce_window_sum_p.bind(
            ct,
            base_dilation=params["window_strides"],
            padding=tuple(pads),
            window_dilation=params["window_dilation"],
            window_dimensions=params["window_dimensions"],
            window_strides=params["base_dilation"],
        )
    ]


def _selected_partial(select_prim):
    def partial(x_dot, y, x, **params):
        if x.size == 0 or y.size == 0:
            return None
        places = reshape(iota(np.int32, x.size), x.shape)
        places = select_and_gather_add_p.bind(
            places, x, select_prim=select_prim, **params
        )
        return gather(
            reshape(x_dot, (x.size,)),
            expand_dims(places, (y.ndim,)),
            GatherDimensionNumbers((), (0,), (0,)),
            (1,),
            mode=FILL,  # where padding was selected the place is -1
            fill_value=0,
        )

    return partials(partial)


reduce_window_sum_p = _window_primitive(
    "reduce_window_sum",
    NUMBERS,
    linear,
    lambda hlo, a, b: [both(hlo, "add", a, b)],
    zero,
    _sum_transpose,
)
reduce_window_max_p = _window_primitive(
    "reduce_window_max",
    ANY,
    _selected_partial(ge_p),
    lambda hlo, a, b: [extremum(hlo, "GT", a, b)],
    lowest,
)
reduce_window_min_p = _window_primitive(
    "reduce_window_min",
    ANY,
    _selected_partial(le_p),
    lambda hlo, a, b: [extremum(hlo, "LT", a, b)],
    highest,
)


# select_and_gather_add


def _select_and_gather_add_abstract(places, x, *, select_prim, **params):
    if places.shape != x.shape or places.dtype != dtypes.int32:
        raise TypeError(
            "select_and_gather_add: the first operand must be int32 of the shape of "
            f"the second, got {places} and {x}."
        )
    if x.dtype in dtypes.COMPLEX:
        raise TypeError(
            f"select_and_gather_add: complex numbers have no derivative here, got {x}."
        )
    return ShapedArray(window_shape(x.shape, params), dtypes.int32)


def _select_and_gather_add_batch(size, operands, dims, *, select_prim, **params):
    moved = [move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)]
    params = with_batch_axis(params, 0)
    return select_and_gather_add_p.bind(*moved, select_prim=select_prim, **params), 0


def _select_and_gather_add_lower(hlo, out, places, x, *, select_prim, **params):
    key, place = x.aval.update(shape=()), places.aval.update(shape=())
    direction, identity = ("GE", lowest) if select_prim is ge_p else ("LE", highest)
    nowhere = hlo.constant(np.int32(-1))

    def body(hlo, a, i, b, j):
        # An element is chosen rather than padding, even if they are equal.
        none = hlo.value(nowhere, place)
        only = compare(hlo, "EQ", j, none)
        either = both(hlo, "or", compare(hlo, direction, a, b), only)
        first = both(hlo, "and", either, compare(hlo, "NE", i, none))
        return [choose(hlo, first, a, b), choose(hlo, first, i, j)]

    results = hlo.emit_many(
        f'"stablehlo.reduce_window"({x}, {places}, '
        f"{hlo.constant(identity(x.dtype))}, {nowhere}) <{{{window_text(params)}}}> "
        f"({hlo.region([key, place, key, place], body)}) : "
        f"({x.mlir}, {places.mlir}, {key.mlir}, {place.mlir}) -> "
        f"({key.update(shape=out.shape).mlir}, {out.mlir})",
        2,
    )
    return results[1]


select_and_gather_add_p = Primitive(
    "select_and_gather_add",
    abstract=_select_and_gather_add_abstract,
    jvp=zero_tangent,
    batch=_select_and_gather_add_batch,
    lower=_select_and_gather_add_lower,
)
