"""Segments of a signal: how long they are, how they overlap, and their window.

Takes what users write and gives a `Plan`, which is static, and the window as an array;
`spectra` and `synthesis` compute with them.
"""

import operator
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.signal import get_window

from ... import dtypes
from ... import numpy as jnp


@dataclass(frozen=True)
class Plan:
    """What is static about segments and their transforms."""

    nperseg: int
    noverlap: int
    nfft: int
    onesided: bool
    detrend: Any = False
    boundary: str | None = None
    padded: bool = False
    scaling: str = "density"
    average: str = "mean"

    @property
    def step(self) -> int:
        return self.nperseg - self.noverlap


def plan_of(where, dtype, length, window, sizes, return_onesided, **rest):
    """The window as an array, and what is static, for signals of a length."""
    nperseg, noverlap, nfft = sizes
    if isinstance(window, str | tuple):
        if nperseg is not None and operator.index(nperseg) < 1:
            raise ValueError(f"{where}: nperseg must be positive, got {nperseg}.")
        if nperseg is None:
            nperseg = length
        elif nperseg > length:
            warnings.warn(
                f"{where}: nperseg={nperseg} is larger than the size {length} of the "
                f"signal. Using nperseg={length}.",
                UserWarning,
            )
            nperseg = length
    window, nperseg = window_of(where, window, nperseg)
    if nperseg > length:
        raise ValueError(
            f"{where}: the window is longer than the signal, got {nperseg} and "
            f"{length}."
        )
    nfft = nperseg if nfft is None else operator.index(nfft)
    if nfft < nperseg:
        raise ValueError(
            f"{where}: nfft must be at least nperseg={nperseg}, got {nfft}."
        )
    onesided = bool(return_onesided) and dtype not in dtypes.COMPLEX
    return window, Plan(
        nperseg, overlap_of(where, noverlap, nperseg), nfft, onesided, **rest
    )


def window_of(where, window, nperseg):
    """The window as an array, and its size."""
    if isinstance(window, str | tuple):
        return get_window(window, nperseg), operator.index(nperseg)
    window = jnp.asarray(window)
    if window.ndim != 1:
        raise ValueError(f"{where}: window must be a vector, got {window.aval}.")
    if nperseg is not None and nperseg != window.shape[0]:
        raise ValueError(
            f"{where}: nperseg must be the size of the window, got {nperseg} and "
            f"{window.aval}."
        )
    return window, window.shape[0]


def overlap_of(where, noverlap, nperseg):
    """The samples that neighbours share: half of a segment unless they are given."""
    noverlap = nperseg // 2 if noverlap is None else operator.index(noverlap)
    if not 0 <= noverlap < nperseg:
        raise ValueError(
            f"{where}: noverlap must not be negative and less than nperseg={nperseg}, "
            f"got {noverlap}."
        )
    return noverlap


def widened(x, window):
    """Signal and window in f32, f64, or complex numbers of that precision."""
    double = x.dtype in (dtypes.float64, dtypes.complex128)
    if x.dtype not in (*dtypes.COMPLEX, dtypes.float64):
        x = x.astype(dtypes.float32)
    return x, jnp.asarray(window).astype(dtypes.float64 if double else dtypes.float32)


def frequencies_of(plan, fs):
    """The frequencies of the transforms, for fs samples per unit of time."""
    frequencies = np.fft.rfftfreq if plan.onesided else np.fft.fftfreq
    return real_array(frequencies(plan.nfft)) * fs


def real_array(values):
    """Host numbers as an array of the default floats."""
    return jnp.asarray(values, dtype=dtypes.default_float())


def single(x):
    """Real numbers in f32, or in f64 if they are."""
    return x if x.dtype == dtypes.float64 else x.astype(dtypes.float32)
