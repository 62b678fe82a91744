"""Images: against sums written out in NumPy, the laws, and the messages."""

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import image

from .laws import Case, check_batched, check_derivatives

METHODS = [m for m in image.ResizeMethod if m is not image.ResizeMethod.NEAREST]


def lanczos(x, radius):
    return np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0)


@pytest.mark.parametrize(("old", "new"), [(5, 8), (9, 4), (3, 3), (1, 4)])
@pytest.mark.parametrize("radius", [3, 5])
def test_lanczos_is_a_normalised_sum_over_a_widened_kernel(old, new, radius):
    x = np.random.default_rng(0).normal(size=old).astype("float32")
    width = max(1, old / new)
    expected = []
    for k in range(new):
        weights = lanczos(
            ((k + 0.5) * old / new - 0.5 - np.arange(old)) / width, radius
        )
        expected.append(weights @ x / weights.sum())
    got = image.resize(x, (new,), f"lanczos{radius}")

    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_linear_is_interpolation_between_centres():
    x = np.array([1.0, 5, 2, 7])
    got = image.resize(x, (9,), "linear", antialias=False)
    expected = np.interp((np.arange(9) + 0.5) * 4 / 9 - 0.5, np.arange(4), x)

    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize(("old", "new"), [(6, 3), (6, 4), (4, 6)])
def test_area_is_the_mean_over_the_new_pixel(old, new):
    """The integral of the steps between k m / n and (k + 1) m / n."""
    x = np.random.default_rng(1).normal(size=old)
    integral = np.concatenate([[0], np.cumsum(x)])
    ends = np.interp(np.arange(new + 1) * old / new, np.arange(old + 1), integral)
    got = image.resize(x, (new,), "area")

    np.testing.assert_allclose(got, np.diff(ends) * new / old, rtol=1e-5, atol=1e-6)


def test_nearest_keeps_integers_and_copies_pixels():
    x = np.arange(12).reshape(3, 4)
    got = image.resize(x, (6, 2), "nearest")

    assert got.dtype == jnp.int32
    assert got.tolist() == x[[0, 0, 1, 1, 2, 2]][:, [1, 3]].tolist()


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_a_constant_image_stays_constant(method, antialias):
    got = image.resize(np.full((7, 3), 2.5), (4, 5), method, antialias)

    np.testing.assert_allclose(got, np.full((4, 5), 2.5), rtol=1e-5)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_resizing_is_scaling(method):
    x = np.random.default_rng(2).normal(size=(4, 6))
    scale = np.array([6 / 4, 3 / 6], "float32")
    got = image.scale_and_translate(x, (6, 3), (0, 1), scale, np.zeros(2), method)

    np.testing.assert_allclose(got, image.resize(x, (6, 3), method), atol=2e-5)


def test_corners_aligned_as_in_the_documentation():
    """scale = (n - 1) / (m - 1), translation = (1 - scale) / 2."""
    x = np.array([1.0, 5, 2])
    scale = np.full(1, 4 / 2)
    got = image.scale_and_translate(x, (5,), (0,), scale, (1 - scale) / 2, "linear")

    np.testing.assert_allclose(got, [1, 3, 5, 3.5, 2], rtol=1e-6)


def test_outside_there_is_nothing():
    x, one = np.array([1.0, 2.0]), np.ones(1)
    got = image.scale_and_translate(x, (5,), (0,), one, 2 * one, "cubic")

    np.testing.assert_allclose(got, [0, 0, 1, 2, 0], atol=1e-6)


LAWS = [
    Case(
        f"{method.name} {antialias}",
        lambda x, s, t, m=method, a=antialias: image.scale_and_translate(
            x, (3, 4), (1,), s, t, m, antialias=a
        ),
        [(3, 5), (1,), (1,)],
        ("f64",),
        # Away from the places where a kernel or the border has a kink.
        [(-2, 2), (0.61, 0.64), (0.13, 0.17)],
    )
    for method in METHODS
    for antialias in (True, False)
]


@pytest.mark.parametrize("case", LAWS, ids=str)
def test_derivatives_in_image_scale_and_translation(case):
    check_derivatives(case, "f64")


def test_batching():
    check_batched(LAWS[0], "f64")


X = np.ones((2, 3), np.float32)
ONE = np.ones(1, np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: image.resize(X, (2,), "linear"),
            "resize: shape must have a size for each axis of the image f32[2,3], got "
            "(2,).",
        ),
        (
            lambda: image.resize(X[:0], (2, 3), "linear"),
            "resize: axis 0 has no pixels to interpolate, got image f32[0,3] and shape "
            "(2, 3).",
        ),
        (
            lambda: image.scale_and_translate(X, (2, 4), (0,), ONE, ONE, "cubic"),
            "scale_and_translate: axis 1 is not one of spatial_dims (0,), so its size "
            "must stay, got shape (2, 4) for the image f32[2,3].",
        ),
        (
            lambda: image.scale_and_translate(X, (2, 3), (0, 1), ONE, ONE, "cubic"),
            "scale_and_translate: scale and translation must have one number for each "
            "of the spatial_dims (0, 1), got f32[1] and f32[1].",
        ),
        (
            lambda: image.scale_and_translate(X, (2, 3), (0,), ONE, ONE, "nearest"),
            "scale_and_translate: the nearest pixel is not a differentiable function "
            "of the scale, and is not supported. Use another method, or resize.",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=r"^(resize|scale)") as raised:
        call()

    assert str(raised.value) == message


def test_unknown_methods_are_named():
    with pytest.raises(ValueError, match=r"'linear', .*'area', got 'sharp'\.$"):
        image.resize(X, (2, 2), "sharp")
