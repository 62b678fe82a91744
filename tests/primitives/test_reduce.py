import numpy as np
import pytest

import minijax
from minijax import lax

from .lowered import run_as_on, text_of

LONG = np.random.default_rng(0).normal(size=(3, 200)).astype(np.float32)
LONG[1, 40] = LONG[1, 90] = np.nan
LONG[2, 150] = LONG[2].max()


def test_reduce_max_is_one_stablehlo_reduction():
    text = text_of(lambda x: lax.reduce_max(x, (1,)), np.zeros((2, 3), np.float32))

    assert (
        "stablehlo.reduce(%0 init: %1) applies stablehlo.maximum across "
        "dimensions = [1] : (tensor<2x3xf32>, tensor<f32>) -> tensor<2xf32>"
    ) in text
    assert "dense<0xFF800000>" in text


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("size", [9, 200])
def test_positions_do_not_depend_on_how_they_are_found(name, size):
    """On CPU long axes take two passes, elsewhere it is one; NaN counts as extreme."""
    x = LONG[:, :size]

    def position(x):
        return getattr(lax, name)(x, 1, np.int32)

    expected = getattr(np, name)(x, 1)
    np.testing.assert_array_equal(position(x), expected)
    np.testing.assert_array_equal(run_as_on("cuda", position, x)[0], expected)


def test_the_derivative_of_an_extremum_that_is_nan_is_nan():
    x = np.array([1.0, np.nan, 2.0], np.float32)

    assert np.isnan(minijax.grad(lambda x: lax.reduce_max(x, (0,)))(x)).all()


def test_tied_extrema_share_the_cotangent_equally():
    x = np.array([2.0, 1.0, 2.0, 2.0], np.float32)
    third = np.float32(1) / 3

    np.testing.assert_allclose(
        minijax.grad(lambda x: lax.reduce_max(x, (0,)))(x), [third, 0, third, third]
    )


def test_the_identity_of_an_extremum_is_its_types_limit():
    for dtype, low, high in (
        (np.float32, -np.inf, np.inf),
        (np.int8, -128, 127),
        (np.uint16, 0, 65535),
        (np.bool_, False, True),
    ):
        nothing = np.zeros((0, 2), dtype)

        assert lax.reduce_max(nothing, (0,))[0] == low
        assert lax.reduce_min(nothing, (0,))[1] == high


X = np.zeros((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: lax.argmax(X, 0, np.float32),
            TypeError,
            "argmax: index_dtype must be an integer type, got float32.",
        ),
        (
            lambda: lax.argmin(X, 2, np.int32),
            ValueError,
            "argmin: axis must be in [0, 2), got 2 for f32[2,3].",
        ),
        (
            lambda: lax.argmax(X[:0], 0, np.int32),
            ValueError,
            "argmax: axis 0 must not be empty, got f32[0,3].",
        ),
        (
            lambda: lax.argmax(X + 1j, 0, np.int32),
            TypeError,
            "argmax: needs real numbers or booleans, got c64[2,3].",
        ),
        (
            lambda: lax.reduce_prod(X > 0, (0,)),
            TypeError,
            "reduce_prod: needs numbers, got bool[2,3]. Use astype.",
        ),
        (
            lambda: lax.reduce_or(X, (0,)),
            TypeError,
            "reduce_or: needs integers or booleans, got f32[2,3]. Use astype.",
        ),
        (
            lambda: lax.reduce_max(X, (-1,)),
            ValueError,
            "reduce_max: axes must be distinct axes of f32[2,3], got (-1,).",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
