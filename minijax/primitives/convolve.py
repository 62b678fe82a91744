"""Convolutions over any number of spatial axes, with strides, dilations and groups.

    z:f32[n,o,p] = conv_general_dilated[...] x:f32[n,i,m] w:f32[o,i,k]

In one spatial dimension, x~ being x with l - 1 zeros between elements (lhs_dilation)
and zeros added at both ends (padding), s the window stride and d the rhs_dilation,

    z[n, o, p] = sum over i, k of  x~[n, i, p s + k d] w[o, i, k].

The kernel is not flipped. Both transposes are again convolutions of this form, and so
is a batch of convolutions, whose batch axis becomes part of an axis that is there; see
V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

import operator
from collections.abc import Sequence

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal, zeros_of
from ..core.primitive import JvpRule, Primitive
from ..core.rules import bilinear, is_linear
from .elementwise import convert_element_type
from .geometry import (
    ConvDimensionNumbers,
    checked_padding,
    conv_dimension_numbers,
    dilated_size,
    padtype_to_pads,
    per_axis,
    spatial_shape,
    transposed_padding,
)
from .precision import canonical_precision, pair_of, swapped
from .shape import move_axis, move_batch, reshape, rev

__all__ = [
    "conv",
    "conv_general_dilated",
    "conv_general_dilated_p",
    "conv_transpose",
    "conv_with_general_padding",
]


# conv_general_dilated


def conv_general_dilated(
    lhs,
    rhs,
    window_strides: Sequence[int],
    padding,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers=None,
    feature_group_count: int = 1,
    batch_group_count: int = 1,
    precision=None,
    preferred_element_type=None,
    out_sharding=None,
):
    """A convolution with strides, dilations and groups; see the top of this module.

    Args:
      lhs: array of rank 2 + r, for r spatial axes.
      rhs: the kernel, of the same rank and dtype.
      window_strides: r distances between the windows.
      padding: `SAME`, `SAME_LOWER`, `VALID`, or r pairs (low, high), negative to cut.
      lhs_dilation: r distances between elements of `lhs`, by default 1; more for a
        transposed convolution.
      rhs_dilation: r distances between elements of the kernel, by default 1.
      dimension_numbers: see `conv_dimension_numbers`.
      feature_group_count: into how many groups features are split; group g of the
        output features sees group g of the input features.
      batch_group_count: into how many groups the batch axis of `lhs` is split; group g
        of the output features sees group g of the batch.
      precision: see `Precision`.
      preferred_element_type: the dtype in which products are summed and returned.
      out_sharding: not supported.

    >>> x, w = np.ones((1, 3, 8)), np.ones((6, 3, 3))
    >>> conv_general_dilated(x, w, (1,), "SAME").shape
    (1, 6, 8)
    """
    where = "conv_general_dilated"
    if out_sharding is not None:
        raise NotImplementedError(
            f"{where}: out_sharding is not supported. Use with_sharding_constraint on "
            "the result."
        )
    x, w = aval_of(lhs), aval_of(rhs)
    numbers = conv_dimension_numbers(x.shape, w.shape, dimension_numbers)
    space = x.ndim - 2
    strides = per_axis(where, "window_strides", window_strides, space)
    lhs_dilation = per_axis(where, "lhs_dilation", lhs_dilation, space)
    rhs_dilation = per_axis(where, "rhs_dilation", rhs_dilation, space)
    if isinstance(padding, str):
        if any(n != 1 for n in lhs_dilation):
            raise ValueError(
                f"{where}: padding must be pairs when lhs_dilation is not 1, got "
                f"{padding!r}. Use conv_transpose, or give the pairs."
            )
        windows = [
            dilated_size(w.shape[k], gap)
            for k, gap in zip(numbers.rhs_spec[2:], rhs_dilation, strict=True)
        ]
        sizes = [x.shape[k] for k in numbers.lhs_spec[2:]]
        padding = padtype_to_pads(sizes, windows, strides, padding)
    if preferred_element_type is not None:
        preferred_element_type = dtypes.explicit(preferred_element_type, where)
    return conv_general_dilated_p.bind(
        lhs,
        rhs,
        batch_group_count=operator.index(batch_group_count),
        dimension_numbers=numbers,
        feature_group_count=operator.index(feature_group_count),
        lhs_dilation=lhs_dilation,
        padding=checked_padding(where, padding, space),
        precision=canonical_precision(where, precision),
        preferred_element_type=preferred_element_type,
        rhs_dilation=rhs_dilation,
        window_strides=strides,
    )


def _conv_abstract(
    x,
    w,
    *,
    batch_group_count,
    dimension_numbers,
    feature_group_count,
    lhs_dilation,
    padding,
    precision,
    preferred_element_type,
    rhs_dilation,
    window_strides,
):
    lhs, rhs, out = dimension_numbers

    def expect(error, holds, what):
        if not holds:
            raise error(
                f"conv_general_dilated: {what}, got {x}, {w}, feature_group_count "
                f"{feature_group_count}, batch_group_count {batch_group_count} and "
                f"{dimension_numbers}."
            )

    identity = list(range(x.ndim))
    expect(TypeError, x.ndim == w.ndim >= 2, "operands must have one rank, 2 or more")
    expect(TypeError, x.dtype == w.dtype, "operands must have one dtype")
    expect(
        ValueError,
        all(sorted(spec) == identity for spec in dimension_numbers),
        "each spec must name each axis once",
    )
    features, outs = x.shape[lhs[1]], w.shape[rhs[0]]
    expect(
        ValueError,
        feature_group_count > 0 and features == feature_group_count * w.shape[rhs[1]],
        "the features of lhs must be feature_group_count times those of rhs",
    )
    expect(
        ValueError,
        outs % feature_group_count == 0,
        "feature_group_count must divide the output features",
    )
    expect(
        ValueError,
        batch_group_count > 0
        and x.shape[lhs[0]] % batch_group_count == 0
        and outs % batch_group_count == 0,
        "batch_group_count must divide the batch size and the output features",
    )
    expect(
        ValueError,
        batch_group_count == 1 or feature_group_count == 1,
        "feature_group_count or batch_group_count must be 1",
    )
    window = [w.shape[k] for k in rhs[2:]]
    expect(ValueError, 0 not in window, "the window must not be empty")
    spatial = spatial_shape(
        [x.shape[k] for k in lhs[2:]],
        window,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
    )
    sizes = (x.shape[lhs[0]] // batch_group_count, outs, *spatial)
    shape = tuple(sizes[out.index(k)] for k in range(x.ndim))
    if preferred_element_type is not None:
        _check_width(x.dtype, preferred_element_type)
        return ShapedArray(shape, preferred_element_type)
    return ShapedArray(shape, x.dtype, x.weak_type and w.weak_type)


def _check_width(dtype, preferred):
    if dtypes.itemsize_bits(preferred) < dtypes.itemsize_bits(dtype):
        raise TypeError(
            f"conv_general_dilated: preferred_element_type must not be narrower than "
            f"{dtypes.short(dtype)}, got {dtypes.short(preferred)}. Convert the result."
        )


def _conv_jvp(primitive, primals, tangents, params):
    preferred = params["preferred_element_type"]
    if preferred is not None and not dtypes.is_inexact(preferred):
        return primitive.bind(*primals, **params), None
    return bilinear.apply(primitive, primals, tangents, params)


def _conv_transpose_rule(ct, x, w, **params):
    solve = _solve_for_lhs if is_linear(x) else _solve_for_rhs
    unknown, known = (x, w) if is_linear(x) else (w, x)
    if ct.size == 0 or unknown.aval.size == 0:
        bar = literal(0, ShapedArray(unknown.shape, unknown.dtype))
    else:
        known = convert_element_type(known, ct.dtype)
        bar = convert_element_type(solve(ct, unknown, known, params), unknown.dtype)
    return [bar, None] if is_linear(x) else [None, bar]


def _solve_for_lhs(ct, x, w, params):
    """x_bar: ct spread by the stride, convolved with the flipped and transposed kernel.

    The window moves by lhs_dilation, so that only elements of x are computed.
    """
    lhs, rhs, out = params["dimension_numbers"]
    features, batches = params["feature_group_count"], params["batch_group_count"]
    groups = max(features, batches)
    kernel = rev(w, rhs[2:])
    # Outputs and inputs change places within each group.
    kernel = _move_groups(kernel, rhs[0], rhs[1], groups)
    bar = conv_general_dilated_p.bind(
        ct,
        kernel,
        batch_group_count=1,
        dimension_numbers=ConvDimensionNumbers(out, (rhs[1], rhs[0], *rhs[2:]), lhs),
        feature_group_count=groups,
        lhs_dilation=params["window_strides"],
        padding=_lhs_padding(ct, x, w, params),
        precision=params["precision"],
        preferred_element_type=None,
        rhs_dilation=params["rhs_dilation"],
        window_strides=params["lhs_dilation"],
    )
    return _move_groups(bar, lhs[1], lhs[0], batches)


def _move_groups(x, source, destination, groups):
    """Move `groups`, the major part of one axis, to be the major part of another."""
    if groups == 1:
        return x
    shape = list(aval_of(x).shape)
    shape[source : source + 1] = [groups, shape[source] // groups]
    split = reshape(x, shape)
    # The groups now stand at `source`; other axes keep their places without them.
    moved = move_axis(split, source, destination)
    merged = list(aval_of(moved).shape)
    merged[destination : destination + 2] = [groups * merged[destination + 1]]
    return reshape(moved, merged)


def _sizes(ct, x, w, params):
    """For each spatial axis: dilated sizes of ct, x, w, and the padding."""
    lhs, rhs, out = params["dimension_numbers"]
    for k, (low, high) in enumerate(params["padding"]):
        yield (
            dilated_size(ct.shape[out[2 + k]], params["window_strides"][k]),
            dilated_size(x.shape[lhs[2 + k]], params["lhs_dilation"][k]),
            dilated_size(w.shape[rhs[2 + k]], params["rhs_dilation"][k]),
            low,
            high,
        )


def _lhs_padding(ct, x, w, params):
    # Position j of x meets ct at j + low - k d: before 0 there are window - 1 - low.
    return tuple(
        (window - 1 - low, n + low - m)
        for m, n, window, low, _ in _sizes(ct, x, w, params)
    )


def _rhs_padding(ct, x, w, params):
    # As far as the last element of the kernel reaches; negative where x goes further.
    return tuple(
        (low, window - 1 + m - n - low)
        for m, n, window, low, _ in _sizes(ct, x, w, params)
    )


def _solve_for_rhs(ct, w, x, params):
    """w_bar: x convolved with ct, the sum going over the batch.

    Batch and features of x change places; the window moves by rhs_dilation.
    """
    lhs, rhs, out = params["dimension_numbers"]
    return conv_general_dilated_p.bind(
        x,
        ct,
        batch_group_count=params["feature_group_count"],
        dimension_numbers=ConvDimensionNumbers(
            (lhs[1], lhs[0], *lhs[2:]),
            (out[1], out[0], *out[2:]),
            (rhs[1], rhs[0], *rhs[2:]),
        ),
        feature_group_count=params["batch_group_count"],
        lhs_dilation=params["lhs_dilation"],
        padding=_rhs_padding(ct, x, w, params),
        precision=swapped(params["precision"]),
        preferred_element_type=None,
        rhs_dilation=params["window_strides"],
        window_strides=params["rhs_dilation"],
    )


def _conv_batch(size, operands, dims, **params):
    (x, w), (x_dim, w_dim) = operands, dims
    lhs, rhs, out = params["dimension_numbers"]
    features, batches = params["feature_group_count"], params["batch_group_count"]
    bind = conv_general_dilated_p.bind
    if size == 0:
        return _conv_of_nobody(operands, dims, params), 0
    if w_dim is None:
        # Members are more of the batch.
        z = bind(_fold(size, x, x_dim, lhs[0], batches), w, **params)
        return _unfold(z, size, out[0], 1), out[0]
    if x_dim is None:
        # Members are more output features, within each group.
        groups = max(features, batches)
        z = bind(x, _fold(size, w, w_dim, rhs[0], groups), **params)
        return _unfold(z, size, out[1], groups), out[1]
    # Each member is a group, or as many groups as there were.
    w = _fold(size, w, w_dim, rhs[0], 1)
    if batches > 1:
        x = _fold(size, x, x_dim, lhs[0], 1)
        params["batch_group_count"] = size * batches
    else:
        x = _fold(size, x, x_dim, lhs[1], 1)
        params["feature_group_count"] = size * features
    return _unfold(bind(x, w, **params), size, out[1], 1), out[1]


def _conv_of_nobody(operands, dims, params):
    """The empty result of mapping over an axis of size 0."""
    avals = [aval_of(x) for x in operands]
    members = [
        a if dim is None else a.update(shape=(*a.shape[:dim], *a.shape[dim + 1 :]))
        for a, dim in zip(avals, dims, strict=True)
    ]
    z = conv_general_dilated_p.infer(tuple(members), params)
    return zeros_of(z.update(shape=(0, *z.shape)))


def _fold(size, x, dim, axis, groups):
    """Merge the batch axis into an axis of the member, after its division in groups."""
    x = move_batch(size, x, dim, axis)  # the axis itself now stands behind it
    shape = list(aval_of(x).shape)
    n = shape[axis + 1] // groups
    if groups > 1:
        x = reshape(x, (*shape[: axis + 1], groups, n, *shape[axis + 2 :]))
        x = move_axis(x, axis, axis + 1)
    return reshape(x, (*shape[:axis], groups * size * n, *shape[axis + 2 :]))


def _unfold(z, size, axis, groups):
    """Split the batch axis from an axis, where it then stands."""
    shape = list(aval_of(z).shape)
    n = shape[axis] // (groups * size)
    if groups > 1:
        z = reshape(z, (*shape[:axis], groups, size, n, *shape[axis + 1 :]))
        z = move_axis(z, axis + 1, axis)
    return reshape(z, (*shape[:axis], size, groups * n, *shape[axis + 1 :]))


def _conv_lower(
    hlo,
    out,
    x,
    w,
    *,
    batch_group_count,
    dimension_numbers,
    feature_group_count,
    lhs_dilation,
    padding,
    precision,
    preferred_element_type,
    rhs_dilation,
    window_strides,
):
    lhs, rhs, result = dimension_numbers
    space = len(padding)
    lhs_precision, rhs_precision = pair_of(precision)
    return hlo.emit(
        f"stablehlo.convolution({x}, {w}) dim_numbers = {_labels(lhs, 'bf')}x"
        f"{_labels(rhs, 'oi')}->{_labels(result, 'bf')}, "
        f"window = {{stride = {[*window_strides]}, "
        f"pad = {[list(pair) for pair in padding]}, lhs_dilate = {[*lhs_dilation]}, "
        f"rhs_dilate = {[*rhs_dilation]}, "
        f"reverse = [{', '.join(['false'] * space)}]}} "
        f"{{batch_group_count = {batch_group_count} : i64, "
        f"feature_group_count = {feature_group_count} : i64, "
        f"precision_config = [#stablehlo<precision {lhs_precision}>, "
        f"#stablehlo<precision {rhs_precision}>]}} : {hlo.types([x, w], out)}"
    )


def _labels(spec, letters):
    """`[b, 0, 1, f]`: what each axis is."""
    names = [*letters, *map(str, range(len(spec) - 2))]
    return f"[{', '.join(names[spec.index(k)] for k in range(len(spec)))}]"


conv_general_dilated_p = Primitive(
    "conv_general_dilated",
    abstract=_conv_abstract,
    jvp=JvpRule(_conv_jvp),
    transpose=_conv_transpose_rule,
    batch=_conv_batch,
    lower=_conv_lower,
)


# Special cases


def conv(
    lhs,
    rhs,
    window_strides: Sequence[int],
    padding: str,
    precision=None,
    preferred_element_type=None,
):
    """A convolution with axes NC..., OI..., without dilation.

    >>> conv(np.ones((1, 3, 8)), np.ones((6, 3, 3)), (1,), "VALID").shape
    (1, 6, 6)
    """
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides,
        padding,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def conv_with_general_padding(
    lhs,
    rhs,
    window_strides: Sequence[int],
    padding,
    lhs_dilation: Sequence[int] | None,
    rhs_dilation: Sequence[int] | None,
    precision=None,
    preferred_element_type=None,
):
    """A convolution with axes NC..., OI..., with dilations.

    >>> x, w = np.ones((1, 3, 8)), np.ones((6, 3, 3))
    >>> conv_with_general_padding(x, w, (1,), [(0, 0)], None, (2,)).shape
    (1, 6, 4)
    """
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


_CHANNELS_LAST = {
    2: ("NC", "IO", "NC"),
    3: ("NHC", "HIO", "NHC"),
    4: ("NHWC", "HWIO", "NHWC"),
    5: ("NHWDC", "HWDIO", "NHWDC"),
}


def conv_transpose(
    lhs,
    rhs,
    strides: Sequence[int],
    padding,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers=None,
    transpose_kernel: bool = False,
    precision=None,
    preferred_element_type=None,
    use_consistent_padding: bool = False,
):
    """A convolution of `lhs` spread by the strides: the transpose of one with strides.

    Args:
      lhs: array of rank 2 + r, for r spatial axes.
      rhs: the kernel.
      strides: r distances between the elements of `lhs` in the result.
      padding: `SAME`, `VALID` (as in the convolution that is undone), or r pairs.
      rhs_dilation: r distances between elements of the kernel.
      dimension_numbers: see `conv_dimension_numbers`; by default channels are last.
      transpose_kernel: flip the kernel and exchange its features, for the transpose of
        the convolution with the same kernel.
      precision: see `Precision`.
      preferred_element_type: the dtype in which products are summed and returned.
      use_consistent_padding: whether pairs too are those of the convolution that is
        undone; otherwise they pad the operand spread by the strides.

    >>> conv_transpose(np.ones((1, 8, 3)), np.ones((3, 3, 6)), (2,), "SAME").shape
    (1, 16, 6)
    """
    where = "conv_transpose"
    x, w = aval_of(lhs), aval_of(rhs)
    if dimension_numbers is None:
        if x.ndim not in _CHANNELS_LAST:
            raise ValueError(
                f"{where}: dimension_numbers must be given for operands with more than "
                f"three spatial axes, got {x}."
            )
        dimension_numbers = _CHANNELS_LAST[x.ndim]
    numbers = conv_dimension_numbers(x.shape, w.shape, dimension_numbers)
    space = x.ndim - 2
    strides = per_axis(where, "strides", strides, space)
    rhs_dilation = per_axis(where, "rhs_dilation", rhs_dilation, space)
    windows = [
        dilated_size(w.shape[k], gap)
        for k, gap in zip(numbers.rhs_spec[2:], rhs_dilation, strict=True)
    ]
    if isinstance(padding, str):
        padding = [
            transposed_padding(window, stride, padding)
            for window, stride in zip(windows, strides, strict=True)
        ]
    elif use_consistent_padding:
        padding = [
            (window - 1 - low, window - 1 - high)
            for window, (low, high) in zip(windows, padding, strict=True)
        ]
    if transpose_kernel:
        outputs, inputs, *spatial = numbers.rhs_spec
        rhs = rev(rhs, spatial)
        numbers = numbers._replace(rhs_spec=(inputs, outputs, *spatial))
    return conv_general_dilated(
        lhs,
        rhs,
        (1,) * space,
        padding,
        strides,
        rhs_dilation,
        numbers,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )
