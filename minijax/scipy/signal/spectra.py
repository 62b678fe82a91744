"""Spectra of signals in windows.

A signal is cut into segments of `nperseg` samples, of which neighbours share
`noverlap`; each is multiplied with a window and transformed:

    stft     the transforms themselves, (..., frequency, time)
    csd      the mean over segments of conj(X) Y: P. D. Welch, "The use of fast Fourier
             transform for the estimation of power spectra", 1967
    welch    csd of a signal with itself

Windows given by name are SciPy's, computed while tracing.
"""

import numpy as np

from ... import dtypes
from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from ...numpy.arguments import as_array
from ...numpy.promotion import canonical_axis, promote_inexact
from .segments import frequencies_of, plan_of, real_array, single, widened
from .trends import detrend as without_trend

__all__ = ["csd", "stft", "welch"]

_BOUNDARIES = {
    "even": {"mode": "reflect"},
    "odd": {"mode": "reflect", "reflect_type": "odd"},
    "constant": {"mode": "edge"},
    "zeros": {"mode": "constant"},
    None: None,
}


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
    window, plan = plan_of(
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
    return frequencies_of(plan, fs), real_array(times) / fs, z


@compiled(static_argnames=("axis", "plan"))
def _stft(x, window, axis, plan):
    x, window = widened(jnp.moveaxis(x, axis, -1), window)
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
    window, plan = plan_of(
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
    return frequencies_of(plan, fs), density


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
        x, weights = widened(jnp.moveaxis(signal, axis, -1), window)
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


def _called(function, plan):
    """The compiled function, or the plain one if a user's function takes part."""
    return function.__wrapped__ if callable(plan.detrend) else function


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


def _as_complex(x):
    return x if x.dtype in dtypes.COMPLEX else lax.complex(*[single(x)] * 2)
