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
_ON_DEMAND = {
    "csd": "spectra",
    "istft": "synthesis",
    "stft": "spectra",
    "welch": "spectra",
}


def __getattr__(name):
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _importlib.import_module(f"{__name__}.{_ON_DEMAND[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_ON_DEMAND})
