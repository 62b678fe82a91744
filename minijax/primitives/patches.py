"""Patches of arrays, and convolutions with a kernel for each place."""

import math
from collections.abc import Sequence

import numpy as np

from ..core.literal import aval_of
from .contract import dot_general
from .convolve import conv_general_dilated
from .geometry import conv_dimension_numbers
from .shape import transpose

__all__ = ["conv_general_dilated_local", "conv_general_dilated_patches"]


def conv_general_dilated_patches(
    lhs,
    filter_shape: Sequence[int],
    window_strides: Sequence[int],
    padding,
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers=None,
    precision=None,
    preferred_element_type=None,
):
    """The patches that a convolution would see, flattened into its output features.

    Args:
      lhs: array of rank 2 + r, for r spatial axes.
      filter_shape: the r sizes of a patch.
      window_strides: as for `conv_general_dilated`, and so are the other arguments.
      padding: as above.
      lhs_dilation: as above.
      rhs_dilation: as above.
      dimension_numbers: as above.
      precision: as above.
      preferred_element_type: as above.

    Returns:
      An array of rank 2 + r; its features are (feature of lhs, place in the patch), the
      feature being the major part.

    >>> conv_general_dilated_patches(np.ones((1, 3, 8)), (2,), (1,), "VALID").shape
    (1, 6, 7)
    """
    x = aval_of(lhs)
    filter_shape = tuple(map(int, filter_shape))
    places = math.prod(filter_shape)
    numbers = conv_dimension_numbers(x.shape, x.shape, dimension_numbers)
    features = x.shape[numbers.lhs_spec[1]]
    # Each feature is a group, convolved with one kernel for each place: 1 there.
    kernels = np.eye(places).reshape(places, 1, *filter_shape).astype(x.dtype)
    kernels = np.tile(kernels, (features, *[1] * (kernels.ndim - 1)))
    order = [numbers.rhs_spec.index(k) for k in range(x.ndim)]
    return conv_general_dilated(
        lhs,
        kernels.transpose(order),
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        numbers,
        feature_group_count=features,
        precision="highest" if precision is None else precision,
        preferred_element_type=preferred_element_type,
    )


def conv_general_dilated_local(
    lhs,
    rhs,
    window_strides: Sequence[int],
    padding,
    filter_shape: Sequence[int],
    lhs_dilation: Sequence[int] | None = None,
    rhs_dilation: Sequence[int] | None = None,
    dimension_numbers=None,
    precision=None,
):
    """A convolution with a kernel for each place: a locally connected layer.

    Args:
      lhs: array of rank 2 + r, for r spatial axes.
      rhs: the kernels, of rank 2 + r: the input axis has size features times the size
        of a patch, as `conv_general_dilated_patches` orders them, and the spatial axes
        have the sizes of the result.
      window_strides: as for `conv_general_dilated`.
      padding: as above.
      filter_shape: the r sizes of a patch.
      lhs_dilation: as above.
      rhs_dilation: as above.
      dimension_numbers: as above.
      precision: as above.

    >>> x, w = np.ones((1, 3, 8)), np.ones((5, 6, 7))
    >>> conv_general_dilated_local(x, w, (1,), "VALID", (2,)).shape
    (1, 5, 7)
    """
    x, w = aval_of(lhs), aval_of(rhs)
    numbers = conv_dimension_numbers(x.shape, w.shape, dimension_numbers)
    patches = conv_general_dilated_patches(
        lhs,
        filter_shape,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        numbers,
        precision,
    )
    batch, feature, *space = numbers.out_spec
    _, inputs, *kernel_space = numbers.rhs_spec
    pairs = (((inputs,), (feature,)), (kernel_space, space))
    result = dot_general(rhs, patches, pairs, precision)
    # result: (space..., output feature, batch)
    axes = [*space, feature, batch]
    return transpose(result, [axes.index(k) for k in range(x.ndim)])
