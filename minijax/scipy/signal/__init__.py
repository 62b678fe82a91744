"""Signal processing: convolutions, trends and spectra, as in `scipy.signal`."""

from .convolution import (
    convolve as convolve,
)
from .convolution import (
    convolve2d as convolve2d,
)
from .convolution import (
    correlate as correlate,
)
from .convolution import (
    correlate2d as correlate2d,
)
from .convolution import (
    fftconvolve as fftconvolve,
)
from .spectra import csd as csd
from .spectra import istft as istft
from .spectra import stft as stft
from .spectra import welch as welch
from .trends import detrend as detrend
