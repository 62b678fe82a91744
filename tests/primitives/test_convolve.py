import numpy as np
import pytest

from minijax import lax, vmap
from minijax.primitives import geometry
from minijax.primitives.patches import (
    conv_general_dilated_local,
    conv_general_dilated_patches,
)

from .lowered import text_of

X = np.random.default_rng(0).normal(size=(2, 4, 7)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(6, 4, 3)).astype(np.float32)


def test_text():
    numbers = ("NHC", "HIO", "NCH")
    text = text_of(
        lambda x, w: lax.conv_general_dilated(
            x, w, (2,), [(1, -1)], (3,), (2,), numbers, precision=("high", "highest")
        ),
        np.ones((2, 7, 4), np.float32),
        np.ones((3, 4, 6), np.float32),
    )

    assert (
        "stablehlo.convolution(%0, %1) dim_numbers = [b, 0, f]x[0, i, o]->[b, f, 0], "
        "window = {stride = [2], pad = [[1, -1]], lhs_dilate = [3], rhs_dilate = [2], "
        "reverse = [false]} {batch_group_count = 1 : i64, feature_group_count = 1 : "
        "i64, precision_config = [#stablehlo<precision HIGH>, #stablehlo<precision "
        "HIGHEST>]}"
    ) in text


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_transposed_convolution_undoes_the_shape_of_one(size, stride):
    """The convolution of the result with the same stride has the operand's size."""
    x = np.ones((1, 7, 2), np.float32)
    w = np.ones((size, 2, 3), np.float32)
    same = lax.conv_transpose(x, w, (stride,), "SAME").shape[1]
    valid = lax.conv_transpose(x, w, (stride,), "VALID").shape[1]

    assert same == 7 * stride
    assert valid == 7 * stride + max(size - stride, 0)
    assert (valid - size) // stride + 1 == 7


def test_patches_are_what_a_kernel_would_see():
    patches = conv_general_dilated_patches(X, (3,), (1,), "VALID")
    windows = np.lib.stride_tricks.sliding_window_view(X, 3, axis=2)

    expected = windows.transpose(0, 1, 3, 2).reshape(2, 12, 5)
    np.testing.assert_allclose(patches, expected, rtol=1e-6)


def test_one_kernel_everywhere_is_a_convolution():
    everywhere = np.broadcast_to(W.reshape(6, 12, 1), (6, 12, 5))

    np.testing.assert_allclose(
        conv_general_dilated_local(X, everywhere, (1,), "VALID", (3,)),
        lax.conv(X, W, (1,), "VALID"),
        rtol=1e-4,
        atol=1e-5,
    )


def test_letters_name_axes_and_the_kernel_orders_space():
    numbers = geometry.conv_general_permutations(("NHWC", "WHIO", "NCHW"))

    assert numbers == ((0, 3, 2, 1), (3, 2, 0, 1), (0, 1, 3, 2))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: lax.conv(X, W, (1,), "FULL"),
            ValueError,
            "padtype_to_pads: padding must be SAME, SAME_LOWER or VALID, got 'FULL'.",
        ),
        (
            lambda: lax.conv(X, W, (1, 1), "SAME"),
            ValueError,
            "conv_general_dilated: window_strides must be 1 positive integers, got "
            "(1, 1).",
        ),
        (
            lambda: lax.conv_general_dilated(X, W, (1,), [2]),
            ValueError,
            "conv_general_dilated: padding must be a name or 1 pairs (low, high), got "
            "[2].",
        ),
        (
            lambda: lax.conv_general_dilated(X, W, (1,), "SAME", (2,)),
            ValueError,
            "conv_general_dilated: padding must be pairs when lhs_dilation is not 1, "
            "got 'SAME'. Use conv_transpose, or give the pairs.",
        ),
        (
            lambda: lax.conv(X, W, (1,), "SAME", preferred_element_type="bfloat16"),
            TypeError,
            "conv_general_dilated: preferred_element_type must not be narrower than "
            "f32, got bf16. Convert the result.",
        ),
        (
            lambda: lax.conv(X[:, :3], W, (1,), "SAME"),
            ValueError,
            "conv_general_dilated: the features of lhs must be feature_group_count "
            "times those of rhs, got f32[2,3,7], f32[6,4,3], feature_group_count 1, "
            "batch_group_count 1 and ConvDimensionNumbers(lhs_spec=(0, 1, 2), "
            "rhs_spec=(0, 1, 2), out_spec=(0, 1, 2)).",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message


@pytest.mark.parametrize("in_axes", [(0, None), (None, 0), (0, 0)])
def test_mapped_over_nobody(in_axes):
    """vmap over an axis of size 0 gives none of the results, in their shape."""
    member = lax.conv(X, W, (1,), "SAME").shape
    xs = [
        x if axis is None else np.zeros((0, *x.shape), x.dtype)
        for x, axis in zip((X, W), in_axes, strict=True)
    ]

    out = vmap(lambda x, w: lax.conv(x, w, (1,), "SAME"), in_axes)(*xs)

    assert out.shape == (0, *member)
