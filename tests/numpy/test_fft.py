"""Discrete Fourier transforms: NumPy's values, the laws, and the messages."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp

from ..laws import Case, check_batched, check_derivatives, check_value

ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
REAL_INPUT = ("rfft", "ihfft")


def both(name: str, *args, shape=(2, 3, 4), **kwargs) -> Case:
    """A transform and NumPy's, of real or complex numbers."""
    dtype = "f64" if name.rstrip("n2") in REAL_INPUT else "c128"
    return Case(
        f"{name}{args}{kwargs or ''}",
        lambda x: getattr(jnp.fft, name)(x, *args, **kwargs),
        [shape],
        (dtype,),
        None,
        lambda x: getattr(np.fft, name)(x, *args, **kwargs),
    )


CASES = [
    *[both(name, 5, 1) for name in ONE_AXIS],
    *[both(name, 2, 1, "ortho") for name in ONE_AXIS],
    *[both(name, None, -1, "forward") for name in ONE_AXIS],
    *[both(f"{name}n", (3, 6), (2, 0), "ortho") for name in ONE_AXIS[:4]],
    *[both(f"{name}2", norm="forward") for name in ONE_AXIS[:4]],
    *[
        both(f"{name}n", axes=(1, 4, 0, 2, 3), shape=(2, 3, 2, 3, 4))
        for name in ONE_AXIS[:4]
    ],
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("check", [check_value, check_derivatives])
def test_laws(case, check):
    check(case, *case.dtypes)


@pytest.mark.parametrize("case", CASES[::5], ids=str)
def test_batching(case):
    check_batched(case, *case.dtypes)


@pytest.mark.parametrize("n", range(9))
def test_frequencies_are_numpys(n):
    if n:
        np.testing.assert_allclose(jnp.fft.fftfreq(n, 0.3), np.fft.fftfreq(n, 0.3))
        np.testing.assert_allclose(jnp.fft.rfftfreq(n, 0.3), np.fft.rfftfreq(n, 0.3))
    x = np.arange(2.0 * n).reshape(n, 2)
    np.testing.assert_array_equal(jnp.fft.fftshift(x), np.fft.fftshift(x))
    np.testing.assert_array_equal(jnp.fft.ifftshift(x, 0), np.fft.ifftshift(x, 0))


def test_frequencies_have_a_derivative_in_the_distance():
    """d/dd k / (n d) = -k / (n d^2)."""
    slope = minijax.jacfwd(lambda d: jnp.fft.fftfreq(4, d))(2.0)

    np.testing.assert_allclose(slope, -np.fft.fftfreq(4) / 4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "bool", "int8"])
def test_narrow_numbers_are_transformed_in_single_precision(dtype):
    x = jnp.array([1, 0, 1, 1, 0]).astype(dtype)
    wide = np.asarray(x).astype("float32")

    for name in ("fft", "rfft", "ihfft"):
        got = getattr(jnp.fft, name)(x)
        assert got.dtype == jnp.complex64
        np.testing.assert_allclose(got, getattr(np.fft, name)(wide), rtol=1e-5)


def test_transforms_of_nothing():
    nothing = np.ones((0, 3))

    assert jnp.fft.fftn(nothing).shape == (0, 3)
    assert jnp.fft.rfft(nothing).shape == (0, 2)
    assert jnp.fft.fft(nothing, n=2, axis=0).tolist() == [[0] * 3] * 2
    assert jnp.fft.irfft(np.ones((2, 1))).shape == (2, 0)


def test_it_is_loaded_on_first_use():
    assert minijax.numpy.fft.__name__ == "minijax.numpy.fft"
    assert {n for n in dir(np.fft) if n[0] != "_"} - {"helper", "test"} <= set(
        minijax.numpy.fft.__all__
    )


X = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: jnp.fft.fft(X, 0),
            ValueError,
            "fft: numbers of points must be positive, got (0,).",
        ),
        (
            lambda: jnp.fft.rfft(X + 1j),
            ValueError,
            "rfft: only real valued inputs are supported, got c64[2,3]. Take its real "
            "part, or the transform of complex numbers.",
        ),
        (
            lambda: jnp.fft.ifft(X, axis=(0, 1)),
            ValueError,
            "ifft: axis must be one axis, got (0, 1). Use ifftn for several.",
        ),
        (
            lambda: jnp.fft.irfftn(X, s=(3,), axes=(0, 1)),
            ValueError,
            "irfftn: s and axes must have equal lengths, got s=(3,) and axes=(0, 1).",
        ),
        (
            lambda: jnp.fft.fft2(X, axes=(0,)),
            ValueError,
            "fft2: axes must name two axes, got (0,). Use fftn for others.",
        ),
        (
            lambda: jnp.fft.hfft(X, norm="up"),
            ValueError,
            "hfft: norm must be None, 'backward', 'ortho' or 'forward', got 'up'.",
        ),
        (
            lambda: jnp.fft.fftn(X, axes=(0, -2)),
            ValueError,
            "fftn: duplicate value in axis (0, -2).",
        ),
        (
            lambda: jnp.fft.fftshift(X, 2),
            IndexError,
            "fftshift: axis 2 is out of bounds for array of dimension 2.",
        ),
        (
            lambda: jnp.fft.fftfreq([4]),
            ValueError,
            "fftfreq: n must be one integer, got [4].",
        ),
        (
            lambda: jnp.fft.rfftfreq(4, 1j),
            TypeError,
            "rfftfreq: d must be a real number, got c64[].",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
