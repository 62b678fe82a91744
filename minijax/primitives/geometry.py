"""The geometry of windows that slide over arrays: names of axes, padding and shapes."""

import operator
from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "ConvDimensionNumbers",
    "ConvGeneralDilatedDimensionNumbers",
    "conv_dimension_numbers",
    "conv_general_permutations",
    "conv_general_shape_tuple",
    "conv_shape_tuple",
    "conv_transpose_shape_tuple",
    "padtype_to_pads",
]


class ConvDimensionNumbers(NamedTuple):
    """Which axes of the operands and the result of a convolution are which.

    `lhs_spec` and `out_spec`: the axes of batch, feature, and space in order.
    `rhs_spec`: the axes of output feature, input feature, and space in order.
    """

    lhs_spec: Sequence[int]
    rhs_spec: Sequence[int]
    out_spec: Sequence[int]


ConvGeneralDilatedDimensionNumbers = tuple[str, str, str] | ConvDimensionNumbers | None


def conv_dimension_numbers(
    lhs_shape, rhs_shape, dimension_numbers
) -> ConvDimensionNumbers:
    """Dimension numbers from letters: N batch, C feature, O and I features of kernels.

    Args:
      lhs_shape: the shape of the left operand; only its length matters.
      rhs_shape: the shape of the kernel; only its length matters.
      dimension_numbers: None for ("NC...", "OI...", "NC..."), three strings in which
        the other letters are spatial axes, or a `ConvDimensionNumbers`.

    >>> conv_dimension_numbers((1, 8, 8, 3), (3, 3, 3, 6), ("NHWC", "HWIO", "NHWC"))
    ConvDimensionNumbers(lhs_spec=(0, 3, 1, 2), rhs_spec=(3, 2, 0, 1), \
out_spec=(0, 3, 1, 2))
    """
    where = "conv_dimension_numbers"
    if isinstance(dimension_numbers, ConvDimensionNumbers):
        return ConvDimensionNumbers(
            *(tuple(map(operator.index, spec)) for spec in dimension_numbers)
        )
    rank = len(lhs_shape)
    if rank != len(rhs_shape):
        raise TypeError(
            f"{where}: operands must have one rank, got shapes {tuple(lhs_shape)} and "
            f"{tuple(rhs_shape)}."
        )
    if dimension_numbers is None:
        identity = tuple(range(rank))
        return ConvDimensionNumbers(identity, identity, identity)
    numbers = tuple(dimension_numbers)
    if len(numbers) != 3 or not all(isinstance(spec, str) for spec in numbers):
        raise TypeError(
            f"{where}: dimension_numbers must be None, three strings or a "
            f"ConvDimensionNumbers, got {dimension_numbers!r}."
        )
    if any(len(spec) != rank for spec in numbers):
        raise TypeError(
            f"{where}: each string must have {rank} letters, one per axis of operands "
            f"of shapes {tuple(lhs_shape)} and {tuple(rhs_shape)}, got {numbers}."
        )
    return ConvDimensionNumbers(*conv_general_permutations(numbers))


def conv_general_permutations(dimension_numbers):
    """The axes named by three strings, spatial axes in the order of the kernel's.

    >>> conv_general_permutations(("NHC", "HIO", "NCH"))
    ((0, 2, 1), (2, 1, 0), (0, 1, 2))
    """
    lhs, rhs, out = dimension_numbers
    for spec, letters in ((lhs, "NC"), (rhs, "OI"), (out, "NC")):
        if len(set(spec)) != len(spec) or not set(letters) <= set(spec):
            raise ValueError(
                f"conv_general_permutations: {spec!r} must name {letters[0]}, "
                f"{letters[1]} and each spatial axis once."
            )
    space = [c for c in rhs if c not in "OI"]
    if not set(lhs) - set("NC") == set(out) - set("NC") == set(space):
        raise ValueError(
            "conv_general_permutations: the strings must name the same spatial axes, "
            f"got {lhs!r}, {rhs!r} and {out!r}."
        )
    return tuple(
        tuple(spec.index(c) for c in (*letters, *space))
        for spec, letters in ((lhs, "NC"), (rhs, "OI"), (out, "NC"))
    )


# Padding and shapes


def padtype_to_pads(in_shape, window_shape, window_strides, padding):
    """The (low, high) padding of each spatial axis that a name stands for.

    `SAME` gives ceil(size / stride) positions, an odd zero going to the end, or with
    `SAME_LOWER` to the beginning; `VALID` adds nothing.

    >>> padtype_to_pads((5, 6), (2, 3), (2, 1), "SAME")
    [(0, 1), (1, 1)]
    """
    name = str(padding).upper()
    if name == "VALID":
        return [(0, 0)] * len(in_shape)
    if name not in ("SAME", "SAME_LOWER"):
        raise ValueError(
            f"padtype_to_pads: padding must be SAME, SAME_LOWER or VALID, got "
            f"{padding!r}."
        )
    pads = []
    for n, window, stride in zip(in_shape, window_shape, window_strides, strict=True):
        positions = -(-n // stride)
        total = max((positions - 1) * stride + window - n, 0)
        smaller, larger = total // 2, total - total // 2
        pads.append((smaller, larger) if name == "SAME" else (larger, smaller))
    return pads


def dilated_size(n, dilation):
    """The size of an axis with `dilation - 1` places between elements."""
    return 0 if n == 0 else (n - 1) * dilation + 1


def positions(n, window, stride):
    """How many windows fit along an axis."""
    return max((n - window) // stride + 1, 0)


def spatial_shape(lhs, rhs, strides, padding, lhs_dilation, rhs_dilation):
    """The spatial shape of the result, from the spatial shapes of the operands."""
    members = zip(lhs, rhs, strides, padding, lhs_dilation, rhs_dilation, strict=True)
    return tuple(
        positions(
            low + dilated_size(n, spread) + high, dilated_size(window, gap), stride
        )
        for n, window, stride, (low, high), spread, gap in members
    )


def conv_shape_tuple(lhs_shape, rhs_shape, strides, pads, batch_group_count=1):
    """The shape of the result of a convolution with axes NC... and OI....

    >>> conv_shape_tuple((2, 3, 8), (6, 3, 3), (1,), [(0, 0)])
    (2, 6, 6)
    """
    space = len(lhs_shape) - 2
    if isinstance(pads, str):
        pads = padtype_to_pads(lhs_shape[2:], rhs_shape[2:], strides, pads)
    ones = (1,) * space
    spatial = spatial_shape(lhs_shape[2:], rhs_shape[2:], strides, pads, ones, ones)
    return (lhs_shape[0] // batch_group_count, rhs_shape[0], *spatial)


def conv_general_shape_tuple(
    lhs_shape, rhs_shape, window_strides, padding, dimension_numbers
):
    """The shape of the result of a convolution with axes named by letters.

    >>> numbers = ("NHC", "HIO", "NHC")
    >>> conv_general_shape_tuple((2, 8, 3), (3, 3, 6), (1,), "SAME", numbers)
    (2, 8, 6)
    """
    lhs, rhs, out = conv_general_permutations(dimension_numbers)
    shape = conv_shape_tuple(
        [lhs_shape[k] for k in lhs],
        [rhs_shape[k] for k in rhs],
        window_strides,
        padding,
    )
    return tuple(shape[out.index(k)] for k in range(len(out)))


def transposed_padding(window, stride, padding):
    """Padding that undoes what a name means for the convolution with that stride.

    Of n places `SAME` makes n * stride, and `VALID` n * stride and what the window is
    larger than the stride.
    """
    if padding.upper() == "SAME":
        total = window + stride - 2
        low = window - 1 if stride > window - 1 else -(-total // 2)
    elif padding.upper() == "VALID":
        total = window + stride - 2 + max(window - stride, 0)
        low = window - 1
    else:
        raise ValueError(
            f"conv_transpose: padding must be SAME, VALID or pairs, got {padding!r}."
        )
    return low, total - low


def conv_transpose_shape_tuple(
    lhs_shape, rhs_shape, window_strides, padding, dimension_numbers
):
    """The shape of the result of a transposed convolution with axes named by letters.

    >>> numbers = ("NHC", "HIO", "NHC")
    >>> conv_transpose_shape_tuple((2, 8, 3), (3, 3, 6), (2,), "SAME", numbers)
    (2, 16, 6)
    """
    lhs, rhs, out = conv_general_permutations(dimension_numbers)
    windows = [rhs_shape[k] for k in rhs[2:]]
    if isinstance(padding, str):
        padding = [
            transposed_padding(k, s, padding)
            for k, s in zip(windows, window_strides, strict=True)
        ]
    spatial = spatial_shape(
        [lhs_shape[k] for k in lhs[2:]],
        windows,
        (1,) * len(windows),
        padding,
        window_strides,
        (1,) * len(windows),
    )
    shape = (lhs_shape[lhs[0]], rhs_shape[rhs[0]], *spatial)
    return tuple(shape[out.index(k)] for k in range(len(out)))


# Checks


def per_axis(where, name, values, space):
    values = (1,) * space if values is None else tuple(map(operator.index, values))
    if len(values) != space or any(n < 1 for n in values):
        raise ValueError(
            f"{where}: {name} must be {space} positive integers, got {values}."
        )
    return values


def checked_padding(where, padding, space):
    """Padding as a tuple of pairs of integers, one pair per axis."""
    try:
        pairs = tuple((operator.index(a), operator.index(b)) for a, b in padding)
    except TypeError:
        pairs = None
    if pairs is None or len(pairs) != space:
        raise ValueError(
            f"{where}: padding must be a name or {space} pairs (low, high), got "
            f"{padding!r}."
        )
    return pairs
