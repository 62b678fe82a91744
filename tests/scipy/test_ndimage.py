"""Interpolation at coordinates: SciPy's values, the laws, and the messages."""

import numpy as np
import pytest
import scipy.ndimage

from minijax.scipy.ndimage import map_coordinates

from ..laws import Case, check_batched, check_derivatives

STREAM = np.random.default_rng(0)
X = STREAM.normal(size=(4, 5))
PLACES = [STREAM.uniform(-6, 9, size=(40,)), STREAM.uniform(-7, 11, size=(40,))]
SCIPY_NAMES = {"constant": "grid-constant", "wrap": "grid-wrap"}
MODES = ["constant", "nearest", "mirror", "reflect", "wrap"]


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(4, 5), (1, 5), (2, 1)])
def test_values_are_scipys(shape, mode, order):
    x = STREAM.normal(size=shape)
    got = map_coordinates(x, PLACES, order, mode, cval=2.5)
    wanted = scipy.ndimage.map_coordinates(
        x, PLACES, order=order, mode=SCIPY_NAMES.get(mode, mode), cval=2.5
    )

    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_integers_are_rounded_and_integral_coordinates_exact():
    x = np.array([0, 1, 5, 200], np.uint8)

    assert map_coordinates(x, [np.array([0.5, 1.5, 2.5])], 1).tolist() == [1, 3, 103]
    assert map_coordinates(x, [np.array([3, 0])], 1).tolist() == [200, 0]
    assert map_coordinates(x, [np.array([-1.0])], 1, cval=7.9).tolist() == [7]


def laws_of(mode, order):
    return Case(
        f"{mode} {order}",
        lambda x, i, j: map_coordinates(x, [i, j], order, mode, cval=0.5),
        [(4, 5), (6,), (6,)],
        ("f64",),
        # Between elements: at them linear interpolation has a kink.
        [(-2, 2), (1.2, 1.8), (-0.9, -0.1)],
    )


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("mode", MODES)
def test_derivatives_in_elements_and_coordinates(mode, order):
    check_derivatives(laws_of(mode, order), "f64")


def test_batching():
    check_batched(laws_of("mirror", 1), "f64")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: map_coordinates(X, PLACES[:1], 1),
            ValueError,
            "map_coordinates: coordinates must have one array for each axis of the "
            "input f32[4,5], got 1.",
        ),
        (
            lambda: map_coordinates(X, PLACES, 3),
            NotImplementedError,
            "map_coordinates: order must be 0 or 1, got 3. Splines of higher order are "
            "not supported.",
        ),
        (
            lambda: map_coordinates(X, PLACES, 1, "grid-wrap"),
            NotImplementedError,
            "map_coordinates: mode must be one of 'constant', 'nearest', 'wrap', "
            "'mirror', 'reflect', got 'grid-wrap'.",
        ),
        (
            lambda: map_coordinates(X[:0], PLACES, 1),
            ValueError,
            "map_coordinates: input has no elements, got f32[0,5].",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
