"""Signals from their short-time Fourier transforms.

    istft    the signal whose transforms come nearest to the given ones: D. W. Griffin
             and J. S. Lim, "Signal estimation from modified short-time Fourier
             transform", 1984

Segments are transformed back, weighted with the window, and added up where they lie in
time; what they add up to for ones is divided out.
"""

import operator

import numpy as np

from ... import dtypes
from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from ...numpy.arguments import as_array
from ...numpy.promotion import as_operand, canonical_axis
from .segments import Plan, overlap_of, real_array, single, widened, window_of

__all__ = ["istft"]


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

    >>> from minijax.scipy.signal import stft
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
    window, _ = window_of(where, window, nperseg)
    overlap = overlap_of(where, noverlap, nperseg)
    plan = Plan(nperseg, overlap, operator.index(nfft), bool(input_onesided))
    axes = freq_axis, time_axis
    x = _istft(z, window, axes=axes, plan=plan, trimmed=bool(boundary))
    place = time_axis - (freq_axis < time_axis)
    return real_array(np.arange(x.shape[place])) / fs, x


def _as_complex_numbers(z):
    if z.dtype in dtypes.COMPLEX:
        return as_array(z)
    z = as_array(z).astype(dtypes.to_inexact(z.dtype))
    return lax.complex(single(z), jnp.zeros_like(single(z)))


@compiled(static_argnames=("axes", "plan", "trimmed"))
def _istft(z, window, axes, plan, trimmed):
    freq_axis, time_axis = axes
    z = jnp.moveaxis(z, (time_axis, freq_axis), (-2, -1))
    back = jnp.fft.irfft if plan.onesided else jnp.fft.ifft
    segments = back(z, plan.nfft)[..., : plan.nperseg]
    segments, window = widened(segments, window)
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
