"""Spectra of signals in windows, and signals from them.

A signal is cut into segments of `nperseg` samples, of which neighbours share
`noverlap`; each is multiplied with a window and transformed:

    stft     the transforms themselves, (..., frequency, time)
    csd      the mean over segments of conj(X) Y: P. D. Welch, "The use of fast Fourier
             transform for the estimation of power spectra", 1967
    welch    csd of a signal with itself
    istft    the signal whose transforms come nearest to the given ones: D. W. Griffin
             and J. S. Lim, "Signal estimation from modified short-time Fourier
             transform", 1984

Windows given by name are SciPy's, computed while tracing.
"""

import operator
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.signal import get_window

from ... import dtypes
from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from ...numpy.arguments import as_array
from ...numpy.promotion import as_operand, canonical_axis, promote_inexact
from .trends import detrend as without_trend

__all__ = ["csd", "istft", "stft", "welch"]

_BOUNDARIES = {
    "even": {"mode": "reflect"},
    "odd": {"mode": "reflect", "reflect_type": "odd"},
    "constant": {"mode": "edge"},
    "zeros": {"mode": "constant"},
    None: None,
}


@dataclass(frozen=True)
class _Plan:
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


def stft(
    x,
    fs=1.0,
    window="hann",
    nperseg: int | None = 256,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend=False,
    return_onesided: bool = True,
    boundary: str | None = "zeros",
    padded: bool = True,
    axis: int = -1,
):
    """The short-time Fourier transform of a signal.

    Args:
      x: array; the signals run along `axis`.
      fs: samples per unit of time.
      window: its name, a tuple of name and parameters (both as in SciPy), or an array.
      nperseg: samples per segment; all of the signal if it is shorter.
      noverlap: samples that neighbours share, nperseg // 2 without.
      nfft: points of each transform, nperseg without; the rest is zeros.
      detrend: "linear", "constant", or a function of segments (..., nperseg), which is
        applied first; False for none.
      return_onesided: for real signals, leave out negative frequencies.
      boundary: how the signal goes on at its ends, so that the first and last sample
        are in the middle of a segment: "zeros", "even", "odd", "constant" or None.
      padded: add zeros so that no sample at the end is left out.
      axis: the axis of time; frequencies take its place, segments come last.

    Returns:
      frequencies, times of the segments, and the transforms.

    >>> f, t, z = stft(np.ones(8), nperseg=4)
    >>> f.tolist(), t.tolist(), z.shape
    ([0.0, 0.25, 0.5], [0.0, 2.0, 4.0, 6.0, 8.0], (3, 5))
    """
    where = "stft"
    if boundary not in _BOUNDARIES:
        raise ValueError(
            f"{where}: boundary must be one of {list(_BOUNDARIES)}, got {boundary!r}."
        )
    (x,) = map(as_array, promote_inexact(where, x))
    axis = canonical_axis(where, axis, x.ndim)
    if not x.size:
        nothing = jnp.zeros(x.shape, x.dtype)
        return nothing, nothing, _as_complex(nothing)
    window, plan = _plan(
        where,
        x.dtype,
        x.shape[axis],
        window,
        (nperseg, noverlap, nfft),
        return_onesided,
        detrend=detrend,
        boundary=boundary,
        padded=bool(padded),
    )
    z = _called(_stft, plan)(x, window, axis=axis, plan=plan)
    middle = plan.nperseg / 2
    times = np.arange(z.shape[-1]) * plan.step + (0 if boundary else middle)
    return _frequencies(plan, fs), _real_array(times) / fs, z


@compiled(static_argnames=("axis", "plan"))
def _stft(x, window, axis, plan):
    x, window = _widened(jnp.moveaxis(x, axis, -1), window)
    if plan.boundary is not None:
        margins = [(0, 0)] * (x.ndim - 1) + [(plan.nperseg // 2,) * 2]
        x = jnp.pad(x, margins, **_BOUNDARIES[plan.boundary])
    if plan.padded:
        missing = -(x.shape[-1] - plan.nperseg) % plan.step % plan.nperseg
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)])
    z = _transforms(x, window, plan) / jnp.sum(window)
    return jnp.moveaxis(z, -2, axis)


def csd(
    x,
    y,
    fs=1.0,
    window="hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend="constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
):
    """The cross spectral density of two signals, estimated by Welch's method.

    Args:
      x, y: arrays of one rank whose other axes broadcast; the shorter signal is
        continued by zeros. y=None stands for x and gives a real density.
      nperseg: samples per segment; without, those of the window if it is an array,
        else all.
      scaling: "density" is per unit of frequency, "spectrum" is not.
      average: "mean" or "median" over segments, the latter free of bias.

    The others are those of `stft`.

    Returns:
      frequencies, and the densities in the place of `axis`.

    >>> f, p = csd(np.ones(8), np.ones(8), nperseg=4)
    >>> f.tolist(), p.shape
    ([0.0, 0.25, 0.5], (3,))
    """
    where = "csd" if y is not None else "welch"
    if scaling not in ("density", "spectrum"):
        raise ValueError(
            f"{where}: scaling must be 'density' or 'spectrum', got {scaling!r}."
        )
    if average not in ("mean", "median"):
        raise ValueError(
            f"{where}: average must be 'mean' or 'median', got {average!r}."
        )
    signals = promote_inexact(where, x) if y is None else promote_inexact(where, x, y)
    signals = [as_array(signal) for signal in signals]
    axis = canonical_axis(where, axis, signals[0].ndim)
    outer = _broadcast_outer(where, signals, axis)
    if not all(signal.size for signal in signals):
        size = min(signal.shape[axis] for signal in signals)
        nothing = jnp.zeros((*outer[:axis], size, *outer[axis:]), signals[0].dtype)
        return nothing, nothing if y is None else _as_complex(nothing)
    length = max(signal.shape[axis] for signal in signals)
    window, plan = _plan(
        where,
        signals[0].dtype,
        length,
        window,
        (nperseg, noverlap, nfft),
        return_onesided,
        detrend=detrend,
        scaling=scaling,
        average=average,
    )
    density = _called(_csd, plan)(signals, fs, window, axis=axis, plan=plan)
    return _frequencies(plan, fs), density


def welch(
    x,
    fs=1.0,
    window="hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    detrend="constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
):
    """The power spectral density of a signal, estimated by Welch's method.

    Arguments and results as for `csd`.

    >>> f, p = welch(np.array([1.0, -1.0, 1.0, -1.0]), window="boxcar")
    >>> p.round(3).tolist()
    [0.0, 0.0, 4.0]
    """
    return csd(
        x,
        None,
        fs=fs,
        window=window,
        nperseg=nperseg,
        noverlap=noverlap,
        nfft=nfft,
        detrend=detrend,
        return_onesided=return_onesided,
        scaling=scaling,
        axis=axis,
        average=average,
    )


def _broadcast_outer(where, signals, axis):
    """The common shape of the axes other than that of time."""
    first, last = signals[0], signals[-1]
    if first.ndim != last.ndim:
        raise ValueError(
            f"{where}: x and y must have the same number of axes, got {first.aval} and "
            f"{last.aval}."
        )
    outer = [(*s.shape[:axis], *s.shape[axis + 1 :]) for s in signals]
    try:
        return np.broadcast_shapes(*outer)
    except ValueError:
        raise ValueError(
            f"{where}: x and y must broadcast but for axis {axis}, got {first.aval} "
            f"and {last.aval}."
        ) from None


@compiled(static_argnames=("axis", "plan"))
def _csd(signals, fs, window, axis, plan):
    length = max(signal.shape[axis] for signal in signals)
    spectra = []
    for signal in signals:
        x, weights = _widened(jnp.moveaxis(signal, axis, -1), window)
        rest = [(0, 0)] * (x.ndim - 1) + [(0, length - x.shape[-1])]
        spectra.append(_transforms(jnp.pad(x, rest), weights, plan))
    densities = jnp.conj(spectra[0]) * spectra[-1]
    if len(signals) == 1:
        densities = jnp.real(densities)
    if plan.scaling == "density":
        densities = densities / (fs * jnp.sum(weights * weights))
    else:
        densities = densities / jnp.sum(weights) ** 2
    if plan.onesided:
        # What is left out mirrors all frequencies but 0 and, of even nfft, the last.
        factor = np.full(densities.shape[-2], 2.0)
        factor[0] = 1.0
        if plan.nfft % 2 == 0:
            factor[-1] = 1.0
        densities = densities * factor[:, None].astype(np.dtype(weights.dtype))
    return jnp.moveaxis(_averaged(densities, plan.average), -1, axis)


def _averaged(densities, average):
    """The average over segments, which are the last axis."""
    if average == "mean":
        return jnp.mean(densities, -1)
    if densities.dtype in dtypes.COMPLEX:
        real = _averaged(lax.real(densities), average)
        return lax.complex(real, _averaged(lax.imag(densities), average))
    # The expected median of n squared moduli is that many times the mean: B. Allen et
    # al., "FINDCHIRP", 2012, appendix B.
    even = 2.0 * np.arange(1, (densities.shape[-1] - 1) // 2 + 1)
    bias = 1 + np.sum(1 / (even + 1) - 1 / even)
    return jnp.median(densities, -1) / bias


def _plan(where, dtype, length, window, sizes, return_onesided, **rest):
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
    window, nperseg = _window(where, window, nperseg)
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
    return window, _Plan(
        nperseg, _overlap(where, noverlap, nperseg), nfft, onesided, **rest
    )


def _window(where, window, nperseg):
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


def _overlap(where, noverlap, nperseg):
    noverlap = nperseg // 2 if noverlap is None else operator.index(noverlap)
    if not 0 <= noverlap < nperseg:
        raise ValueError(
            f"{where}: noverlap must not be negative and less than nperseg={nperseg}, "
            f"got {noverlap}."
        )
    return noverlap


def _called(function, plan):
    """The compiled function, or the plain one if a user's function takes part."""
    return function.__wrapped__ if callable(plan.detrend) else function


def _widened(x, window):
    """Signal and window in f32, f64, or complex numbers of that precision."""
    double = x.dtype in (dtypes.float64, dtypes.complex128)
    if x.dtype not in (*dtypes.COMPLEX, dtypes.float64):
        x = x.astype(dtypes.float32)
    return x, jnp.asarray(window).astype(dtypes.float64 if double else dtypes.float32)


def _transforms(x, window, plan):
    """(..., frequency, segment): the transforms of segments times the window."""
    count = (x.shape[-1] - plan.noverlap) // plan.step
    starts = plan.step * np.arange(count)
    segments = x[..., starts[:, None] + np.arange(plan.nperseg)]
    if callable(plan.detrend):
        segments = plan.detrend(segments)
    elif plan.detrend:
        segments = without_trend(segments, type=plan.detrend)
    transform = jnp.fft.rfft if plan.onesided else jnp.fft.fft
    return jnp.swapaxes(transform(segments * window, plan.nfft), -1, -2)


def _frequencies(plan, fs):
    frequencies = np.fft.rfftfreq if plan.onesided else np.fft.fftfreq
    return _real_array(frequencies(plan.nfft)) * fs


def _real_array(values):
    return jnp.asarray(values, dtype=dtypes.default_float())


def _as_complex(x):
    return x if x.dtype in dtypes.COMPLEX else lax.complex(*[_single(x)] * 2)


def _single(x):
    return x if x.dtype == dtypes.float64 else x.astype(dtypes.float32)


# Back to the signal


def istft(
    Zxx,
    fs=1.0,
    window="hann",
    nperseg: int | None = None,
    noverlap: int | None = None,
    nfft: int | None = None,
    input_onesided: bool = True,
    boundary: bool = True,
    time_axis: int = -1,
    freq_axis: int = -2,
):
    """The signal with a given short-time Fourier transform: undoes `stft`.

    Args:
      Zxx: array of transforms; frequencies lie along `freq_axis`, segments along
        `time_axis`.
      fs, window, noverlap: those of `stft`.
      nperseg: samples per segment; without, as many as the frequencies belong to.
      nfft: points of each transform; as many without, or one more if nperseg says so.
      input_onesided: negative frequencies are left out, and the signal is real.
      boundary: `stft` had added half a segment at both ends, which is removed.

    Returns:
      times, and the signal.

    >>> x = np.arange(8.0)
    >>> _, y = istft(stft(x, nperseg=4)[2])
    >>> y.round(3).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    where = "istft"
    z = _as_complex_numbers(as_operand(where, Zxx))
    if z.ndim < 2:
        raise ValueError(
            f"{where}: Zxx must have axes of frequency and of time, got {z.aval}."
        )
    time_axis = canonical_axis(where, time_axis, z.ndim)
    freq_axis = canonical_axis(where, freq_axis, z.ndim)
    if time_axis == freq_axis:
        raise ValueError(
            f"{where}: time_axis and freq_axis must differ, got {time_axis} for both."
        )
    count = z.shape[freq_axis]
    default = 2 * (count - 1) if input_onesided else count
    nperseg = default if nperseg is None else operator.index(nperseg)
    if nperseg < 1:
        raise ValueError(f"{where}: nperseg must be positive, got {nperseg}.")
    if nfft is None:
        nfft = nperseg if input_onesided and nperseg == default + 1 else default
    if nfft < nperseg:
        raise ValueError(
            f"{where}: nfft must be at least nperseg={nperseg}, got {nfft}."
        )
    window, _ = _window(where, window, nperseg)
    overlap = _overlap(where, noverlap, nperseg)
    plan = _Plan(nperseg, overlap, operator.index(nfft), bool(input_onesided))
    axes = freq_axis, time_axis
    x = _istft(z, window, axes=axes, plan=plan, trimmed=bool(boundary))
    place = time_axis - (freq_axis < time_axis)
    return _real_array(np.arange(x.shape[place])) / fs, x


def _as_complex_numbers(z):
    if z.dtype in dtypes.COMPLEX:
        return as_array(z)
    z = as_array(z).astype(dtypes.to_inexact(z.dtype))
    return lax.complex(_single(z), jnp.zeros_like(_single(z)))


@compiled(static_argnames=("axes", "plan", "trimmed"))
def _istft(z, window, axes, plan, trimmed):
    freq_axis, time_axis = axes
    z = jnp.moveaxis(z, (time_axis, freq_axis), (-2, -1))
    back = jnp.fft.irfft if plan.onesided else jnp.fft.ifft
    segments = back(z, plan.nfft)[..., : plan.nperseg]
    segments, window = _widened(segments, window)
    segments = segments * (window * jnp.sum(window))
    x = _overlapping_sum(segments, plan)
    weight = _overlapping_sum(
        jnp.broadcast_to(window * window, segments.shape[-2:]), plan
    )
    if trimmed:
        margin = plan.nperseg // 2
        x, weight = (y[..., margin : max(y.shape[-1] - margin, 0)] for y in (x, weight))
    # Where no window reaches, nothing is known.
    x = x / jnp.where(weight > 1e-10, weight, 1)
    return jnp.moveaxis(x, -1, time_axis - (freq_axis < time_axis))


def _overlapping_sum(segments, plan):
    """(..., segment, sample) added up where they lie in time."""
    count = segments.shape[-2]
    starts = plan.step * np.arange(count)[:, None]
    total = plan.nperseg + (count - 1) * plan.step
    start = jnp.zeros((*segments.shape[:-2], total), segments.dtype)
    return start.at[..., starts + np.arange(plan.nperseg)].add(segments)
