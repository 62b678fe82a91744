import numpy as np
import pytest

from minijax import lax

from .lowered import text_of

C = np.ones((2, 2, 2, 4), np.complex64)


def test_text():
    text = text_of(lambda x: lax.fft(x, "IRFFT", (6,)), C)

    assert "stablehlo.fft %0, type = IRFFT, length = [6]" in text


def test_real_input_is_made_complex_and_integers_floating():
    assert lax.fft(np.ones(4, np.float32), "FFT", (4,)).dtype == np.complex64
    assert lax.fft(np.ones(4, np.int32), "RFFT", (4,)).dtype == np.complex64


def test_a_transform_of_nothing_is_nothing():
    assert lax.fft(C[:0], lax.FftType.FFT, (4,)).shape == (0, 2, 2, 4)
    assert lax.fft(np.ones((2, 0)), "RFFT", (0,)).tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: lax.fft(C, "DCT", (4,)),
            "fft: fft_type must be FFT, IFFT, RFFT or IRFFT, got 'DCT'.",
        ),
        (
            lambda: lax.fft(C, "RFFT", (4,)),
            "fft: RFFT needs real numbers, got c64[2,2,2,4].",
        ),
        (
            lambda: lax.fft(C, "FFT", (5,)),
            "fft: the last axes must have sizes (5,) for FFT with fft_lengths (5,), "
            "got c64[2,2,2,4].",
        ),
        (
            lambda: lax.fft(C, "FFT", (2, 2, 2, 4)),
            "fft: fft_lengths must name one to three of the last axes of c64[2,2,2,4], "
            "got (2, 2, 2, 4). Transform the others in a second call.",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match="fft") as raised:
        call()

    assert str(raised.value) == message
