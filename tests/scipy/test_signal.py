"""Convolutions, trends and spectra: SciPy's values, the laws, and the messages."""

import numpy as np
import pytest
import scipy.signal

import minijax
import minijax.numpy as jnp
from minijax.scipy import signal

from ..laws import Case, check_batched, check_derivatives

STREAM = np.random.default_rng(0)
X = STREAM.normal(size=(2, 150))
Z = X + 1j * STREAM.normal(size=(2, 150))
VECTORS = (STREAM.normal(size=7), STREAM.normal(size=4))
MATRICES = (STREAM.normal(size=(5, 6)), STREAM.normal(size=(2, 3)))
CUBES = (STREAM.normal(size=(2, 3, 4)), STREAM.normal(size=(1, 2, 4)))
COMPLEX = (Z[0, :6], Z[1, :4])


def agree(name, *args, **kwargs):
    """The results are SciPy's, in f32."""
    got = getattr(signal, name)(*args, **kwargs)
    wanted = getattr(scipy.signal, name)(*args, **kwargs)
    for x, y in zip(minijax.tree.leaves(got), minijax.tree.leaves(wanted), strict=True):
        assert x.shape == y.shape
        scale = np.abs(y).max(initial=1)
        np.testing.assert_allclose(x, y, rtol=2e-5, atol=2e-5 * scale)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve", "correlate", "fftconvolve"])
@pytest.mark.parametrize("pair", [VECTORS, MATRICES, CUBES, COMPLEX])
def test_convolutions(name, pair, mode):
    agree(name, *pair, mode)
    agree(name, *pair[::-1], mode)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_convolutions_of_matrices(name, mode):
    agree(name, *MATRICES, mode)
    agree(name, *MATRICES[::-1], mode)
    agree(name, MATRICES[0], 1j * MATRICES[0][:3, :4], mode)


def test_convolutions_along_some_axes():
    agree("fftconvolve", MATRICES[0], MATRICES[0][:2], "same", axes=0)
    agree("fftconvolve", CUBES[0], CUBES[0][:1, :2], "full", axes=(0, -2))
    agree("convolve", *MATRICES, method="fft")
    agree("correlate", *COMPLEX, "same", method="fft")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"axis": 0},
        {"type": "constant"},
        {"bp": [40, 100]},
        {"bp": 1},
        {"type": "constant", "axis": 0},
    ],
)
def test_trends(options):
    agree("detrend", X, **options)


SPECTRA = [
    {"nperseg": 32},
    {"fs": 2.5, "window": "hamming", "nperseg": 32, "noverlap": 10},
    {"nperseg": 31, "nfft": 45, "detrend": "linear"},
    {"window": ("kaiser", 3.0), "nperseg": 20, "return_onesided": False},
    {"window": np.arange(1.0, 9.0), "nperseg": 8, "noverlap": 0},
    {"nperseg": 16, "detrend": lambda x: 2 * x},
]
PARTIAL = [
    {"boundary": None, "padded": False},
    {"boundary": "even"},
    {"boundary": "odd", "padded": False},
    {"boundary": "constant"},
]


@pytest.mark.parametrize("options", SPECTRA)
def test_short_time_transforms(options):
    agree("stft", X[0], **options)
    agree("stft", X, **options)


@pytest.mark.parametrize("options", PARTIAL)
def test_short_time_transforms_at_the_ends(options):
    agree("stft", X, nperseg=24, noverlap=5, **options)


def test_short_time_transforms_along_other_axes_and_of_complex_signals():
    agree("stft", X.T, nperseg=32, axis=0)
    agree("stft", Z, nperseg=32, return_onesided=False)


@pytest.mark.parametrize("options", SPECTRA)
@pytest.mark.parametrize("average", ["mean", "median"])
def test_densities(options, average):
    agree("welch", X, average=average, **options)
    agree("csd", X, X[::-1], average=average, **options)


def test_densities_of_other_signals():
    agree("welch", X.T, nperseg=32, axis=0, scaling="spectrum")
    agree("csd", X, X[:, :90], nperseg=32)
    agree("csd", X[:1], X, nperseg=32)
    agree("csd", Z, X, nperseg=32, return_onesided=False)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"nperseg": 20, "nfft": 24},
        {"nperseg": 25},
        {"noverlap": 18, "window": "hamming"},
        {"noverlap": 0, "window": "boxcar", "boundary": False},
        {"input_onesided": False},
        {"fs": 4.0, "window": np.arange(1.0, 25.0)},
    ],
)
def test_inverse_transforms(options):
    spectrum = STREAM.normal(size=(13, 9)) + 1j * STREAM.normal(size=(13, 9))
    if options.get("window") is not None and len(options["window"]) == 24:
        options = {**options, "nperseg": 24}
    agree("istft", spectrum, **options)
    moved = np.stack([spectrum.T, spectrum.T], -1)
    agree("istft", moved, **options, time_axis=0, freq_axis=1)


@pytest.mark.parametrize("noverlap", [0, 8, 12])
def test_the_inverse_undoes_the_transform(noverlap):
    options = {"window": "hamming", "nperseg": 16, "noverlap": noverlap}
    _, _, z = signal.stft(X, **options)
    _, back = signal.istft(z, **options)

    np.testing.assert_allclose(back[:, :150], X, atol=1e-5)


def laws_of(name, f, *shapes, dtype="f64"):
    return Case(name, f, list(shapes), (dtype,), exact=False)


LAWS = [
    laws_of("convolve", lambda x, y: signal.convolve(x, y, "same"), (2, 5), (2, 3)),
    laws_of("correlate", signal.correlate, (4,), (3,), dtype="c128"),
    laws_of("fftconvolve", lambda x, y: signal.fftconvolve(x, y, "valid"), (5,), (2,)),
    laws_of("correlate2d", lambda x, y: signal.correlate2d(x, y), (3, 2), (2, 2)),
    laws_of("detrend", lambda x: jnp.sin(signal.detrend(x, bp=[3])), (2, 7)),
    laws_of("stft", lambda x, w: signal.stft(x, 1, w, 4)[2], (9,), (4,)),
    laws_of("welch", lambda x: signal.welch(x, nperseg=4)[1], (9,)),
    laws_of("csd", lambda x, y: signal.csd(x, y, nperseg=4)[1], (9,), (9,)),
    laws_of("istft", lambda z: signal.istft(z)[1], (4, 3), dtype="c128"),
]


@pytest.mark.parametrize("case", LAWS, ids=str)
def test_laws(case):
    check_derivatives(case, *case.dtypes)
    check_batched(case, *case.dtypes)


def test_halves_go_through_single_precision():
    halves = jnp.asarray(VECTORS[0]).astype(jnp.float16)

    assert signal.fftconvolve(halves, halves).dtype == jnp.float16
    assert signal.detrend(halves).dtype == jnp.float16
    assert signal.stft(halves, nperseg=4)[2].dtype == jnp.complex64


def test_a_segment_longer_than_the_signal_is_shortened_with_a_warning():
    with pytest.warns(UserWarning, match="nperseg=256 is larger than the size 150"):
        f, _, z = signal.stft(X)

    assert f.shape == (76,)
    assert z.shape == (2, 76, 3)


F, M = np.ones(5, np.float32), np.ones((2, 2), np.float32)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: signal.convolve(F, M),
            "convolve: both arrays must have the same number of axes, got f32[5] and "
            "f32[2,2].",
        ),
        (
            lambda: signal.correlate(F, F[:0]),
            "correlate: arrays must not be empty, got f32[5] and f32[0].",
        ),
        (
            lambda: signal.convolve(F, F, "most"),
            "convolve: mode must be one of ['full', 'same', 'valid'], got 'most'.",
        ),
        (
            lambda: signal.convolve2d(F, F),
            "convolve2d: both arrays must be matrices, got f32[5] and f32[5]. Use "
            "convolve for other ranks.",
        ),
        (
            lambda: signal.fftconvolve(M, M[:1], axes=1),
            "fftconvolve: along axes that are not convolved sizes must agree, got "
            "f32[2,2] and f32[1,2] with axes=(1,).",
        ),
        (
            lambda: signal.detrend(F, bp=9),
            "detrend: breakpoints must lie between 0 and the size 5 of axis 0, got "
            "bp=9.",
        ),
        (
            lambda: signal.stft(F, nperseg=4, noverlap=4),
            "stft: noverlap must not be negative and less than nperseg=4, got 4.",
        ),
        (
            lambda: signal.welch(F, nperseg=4, nfft=3),
            "welch: nfft must be at least nperseg=4, got 3.",
        ),
        (
            lambda: signal.csd(F, M),
            "csd: x and y must have the same number of axes, got f32[5] and f32[2,2].",
        ),
        (
            lambda: signal.istft(M, time_axis=0, freq_axis=0),
            "istft: time_axis and freq_axis must differ, got 0 for both.",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=r"^[a-z2]*: ") as raised:
        call()

    assert str(raised.value) == message


def test_boundaries_are_refused():
    with pytest.raises(NotImplementedError, match="only boundary='fill'"):
        signal.convolve2d(M, M, boundary="wrap")
