"""Signal processing: convolutions, trends and spectra, as in `scipy.signal`."""

from ...on_demand import on_demand as _on_demand

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
    "csd": ".spectra",
    "istft": ".synthesis",
    "stft": ".spectra",
    "welch": ".spectra",
}

__getattr__, __dir__ = _on_demand(globals(), names=_ON_DEMAND)
