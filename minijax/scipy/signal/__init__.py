"""Signal processing: convolutions, trends and spectra, as in `scipy.signal`."""

import importlib as _importlib

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
from .trends import detrend as detrend

# Loaded when one of them is first asked for: SciPy's windows take long to import.
_SPECTRA = ("csd", "istft", "stft", "welch")


def __getattr__(name):
    if name not in _SPECTRA:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_importlib.import_module(f"{__name__}.spectra"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_SPECTRA})
