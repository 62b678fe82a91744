"""Discrete Fourier transforms: `numpy.fft` with derivatives.

A transform crops or pads axes with zeros to the lengths asked for, moves them to the
end, and is there one primitive for each three axes (`primitives/fft.py`):

    fft(x, axis=0) for x:c64[8,3]      becomes      transpose (fft[(8,)] (transpose x))

Integers and halves are transformed as f32, 64-bit integers as f64. `norm` says which
direction is divided by the number n of points: "backward", the default, the inverse;
"forward" the other; "ortho" both by sqrt(n).
"""

import math

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from ..primitives import FftType
from .arguments import as_array, cast, concrete, requested_dtype, scalar, static_int
from .creation import asarray, on
from .promotion import as_operand, canonical_axes, canonical_axis, promote_inexact
from .repeating import roll
from .shaping import moveaxis

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

_STATIC = ("n", "s", "axis", "axes", "norm")


# One axis


@compiled(static_argnames=_STATIC)
def fft(a, n: int | None = None, axis: int = -1, norm: str | None = None):
    """The sums over j of exp(-2 pi i j k / n) a[j], for k = 0, ..., n - 1.

    Args:
      a: array of numbers.
      n: the number of points; a longer axis is cropped, a shorter one ends in zeros.
      axis: the axis to transform.
      norm: see the module.

    >>> fft(np.array([1.0, 0.0, 0.0, 0.0])).tolist()
    [(1+0j), (1+0j), (1+0j), (1+0j)]
    """
    return _along_axis("fft", FftType.FFT, a, n, axis, norm)


@compiled(static_argnames=_STATIC)
def ifft(a, n: int | None = None, axis: int = -1, norm: str | None = None):
    """The inverse of `fft`: 1/n times the sums over k of exp(2 pi i j k / n) a[k].

    >>> ifft(fft(np.array([1.0, 2.0]))).real.tolist()
    [1.0, 2.0]
    """
    return _along_axis("ifft", FftType.IFFT, a, n, axis, norm)


@compiled(static_argnames=_STATIC)
def rfft(a, n: int | None = None, axis: int = -1, norm: str | None = None):
    """The first n // 2 + 1 results of `fft` for a real array; the others mirror them.

    >>> rfft(np.array([1.0, 2.0, 3.0])).shape
    (2,)
    """
    return _along_axis("rfft", FftType.RFFT, a, n, axis, norm)


@compiled(static_argnames=_STATIC)
def irfft(a, n: int | None = None, axis: int = -1, norm: str | None = None):
    """The inverse of `rfft`: real numbers from the first half of their spectrum.

    `n` is the number of results, 2 (m - 1) for m numbers unless it is given: say it
    where it is odd.

    >>> irfft(rfft(np.array([1.0, 2.0, 3.0])), n=3).tolist()
    [1.0, 2.0, 3.0]
    """
    return _along_axis("irfft", FftType.IRFFT, a, n, axis, norm)


@compiled(static_argnames=_STATIC)
def hfft(a, n: int | None = None, axis: int = -1, norm: str | None = None):
    """The spectrum, which is real, of a signal that is given by its first half.

    The signal has a[-j] = conj(a[j]); `n` is the number of results, 2 (m - 1) for m
    numbers unless it is given.

    >>> hfft(np.array([1.0, 2.0, 3.0])).tolist()
    [8.0, -2.0, 0.0, -2.0]
    """
    (a,) = promote_inexact("jax.numpy.fft.hfft", a)
    a = lax.conj(a) if a.dtype in dtypes.COMPLEX else a
    return _along_axis("hfft", FftType.IRFFT, a, n, axis, _swapped("hfft", norm))


@compiled(static_argnames=_STATIC)
def ihfft(a, n: int | None = None, axis: int = -1, norm: str | None = None):
    """The inverse of `hfft`: the first half of a signal whose spectrum `a` is real.

    >>> ihfft(np.array([8.0, -2.0, 0.0, -2.0])).real.tolist()
    [1.0, 2.0, 3.0]
    """
    norm = _swapped("ihfft", norm)
    return lax.conj(_along_axis("ihfft", FftType.RFFT, a, n, axis, norm))


def _along_axis(where, kind, a, n, axis, norm):
    if isinstance(axis, tuple | list):
        raise ValueError(
            f"{where}: axis must be one axis, got {axis}. Use {where}n for several."
        )
    lengths = None if n is None else (n,)
    return _transform(where, kind, a, lengths, None if axis is None else (axis,), norm)


# Several axes


@compiled(static_argnames=_STATIC)
def fftn(a, s=None, axes=None, norm: str | None = None):
    """`fft` along several axes, all of them unless `axes` names some.

    Args:
      a: array of numbers.
      s: the numbers of points along the axes; those of `a` without. Given without
        `axes` it means the last axes.
      axes: the axes to transform.
      norm: see the module.

    >>> fftn(np.ones((2, 2))).real.tolist()
    [[4.0, 0.0], [0.0, 0.0]]
    """
    return _transform("fftn", FftType.FFT, a, s, axes, norm)


@compiled(static_argnames=_STATIC)
def ifftn(a, s=None, axes=None, norm: str | None = None):
    """The inverse of `fftn`.

    >>> ifftn(fftn(np.eye(2))).real.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return _transform("ifftn", FftType.IFFT, a, s, axes, norm)


@compiled(static_argnames=_STATIC)
def rfftn(a, s=None, axes=None, norm: str | None = None):
    """`rfft` of a real array along the last of `axes`, then `fft` along the others.

    >>> rfftn(np.ones((2, 4))).shape
    (2, 3)
    """
    return _transform("rfftn", FftType.RFFT, a, s, axes, norm)


@compiled(static_argnames=_STATIC)
def irfftn(a, s=None, axes=None, norm: str | None = None):
    """The inverse of `rfftn`: give `s` where the last axis has an odd number of points.

    >>> irfftn(rfftn(np.eye(3)), s=(3, 3)).round(3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return _transform("irfftn", FftType.IRFFT, a, s, axes, norm)


@compiled(static_argnames=_STATIC)
def fft2(a, s=None, axes=(-2, -1), norm: str | None = None):
    """`fftn` along two axes.

    >>> fft2(np.ones((3, 2, 2))).shape
    (3, 2, 2)
    """
    return _transform("fft2", FftType.FFT, a, s, _two("fft2", axes), norm)


@compiled(static_argnames=_STATIC)
def ifft2(a, s=None, axes=(-2, -1), norm: str | None = None):
    """`ifftn` along two axes.

    >>> ifft2(np.ones((2, 2))).real.tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    return _transform("ifft2", FftType.IFFT, a, s, _two("ifft2", axes), norm)


@compiled(static_argnames=_STATIC)
def rfft2(a, s=None, axes=(-2, -1), norm: str | None = None):
    """`rfftn` along two axes.

    >>> rfft2(np.ones((2, 4))).shape
    (2, 3)
    """
    return _transform("rfft2", FftType.RFFT, a, s, _two("rfft2", axes), norm)


@compiled(static_argnames=_STATIC)
def irfft2(a, s=None, axes=(-2, -1), norm: str | None = None):
    """`irfftn` along two axes.

    >>> irfft2(np.ones((2, 3))).shape
    (2, 4)
    """
    return _transform("irfft2", FftType.IRFFT, a, s, _two("irfft2", axes), norm)


def _two(where, axes):
    if len(axes) != 2:
        raise ValueError(
            f"{where}: axes must name two axes, got {axes}. Use {where[:-1]}n for "
            "others."
        )
    return axes


# What all share


def _transform(where, kind, a, s, axes, norm):
    """A transform of one kind along axes, with the lengths `s`."""
    _check_norm(where, norm)
    (x,) = map(as_array, promote_inexact(f"jax.numpy.fft.{where}", a))
    if kind is FftType.RFFT and x.dtype in dtypes.COMPLEX:
        raise ValueError(
            f"{where}: only real valued inputs are supported, got {x.aval}. Take its "
            "real part, or the transform of complex numbers."
        )
    axes, lengths = _plan(where, kind, x, s, axes)
    if not axes:
        return cast(x, x.dtype) if kind is FftType.RFFT else lax.fft(x, kind, ())
    ends = range(-len(axes), 0)
    x = _fitted(moveaxis(x, axes, tuple(ends)), kind, lengths)
    y = _in_threes(_at_least_single(x), kind, lengths)
    factor = _factor(kind, norm, math.prod(lengths))
    if factor != 1:
        y = lax.mul(y, scalar(factor, y.dtype))
    return moveaxis(y, tuple(ends), axes)


def _plan(where, kind, x, s, axes):
    """Non-negative axes, and the lengths of the transform along them."""
    if s is not None:
        s = tuple(static_int(where, "s", n) for n in s)
        if any(n < 1 for n in s):
            raise ValueError(f"{where}: numbers of points must be positive, got {s}.")
    if axes is None:
        axes = range(x.ndim) if s is None else range(-len(s), 0)
    axes = canonical_axes(where, tuple(axes), x.ndim)
    if s is None:
        s = [x.shape[k] for k in axes]
        if kind is FftType.IRFFT and axes:
            s[-1] = max(0, 2 * (s[-1] - 1))
    if len(s) != len(axes):
        raise ValueError(
            f"{where}: s and axes must have equal lengths, got s={tuple(s)} and "
            f"axes={axes}."
        )
    return axes, tuple(s)


def _fitted(x, kind, lengths):
    """The last axes cropped, or extended by zeros, to what the transform reads."""
    if kind is FftType.IRFFT:
        lengths = (*lengths[:-1], lengths[-1] // 2 + 1)
    kept = x.ndim - len(lengths)
    changes = [n - old for n, old in zip(lengths, x.shape[kept:], strict=True)]
    if not any(changes):
        return x
    # Negative padding crops.
    config = [(0, 0, 0)] * kept + [(0, change, 0) for change in changes]
    return lax.pad(x, np.zeros((), x.dtype), config)


def _at_least_single(x):
    """Half precision widened: XLA transforms f32 and f64."""
    if x.dtype in (*dtypes.COMPLEX, dtypes.float32, dtypes.float64):
        return x
    return lax.convert_element_type(x, dtypes.float32)


def _in_threes(x, kind, lengths):
    """The primitive on the last axes; it takes three at a time.

    A real transform comes first, and its inverse last, along the last axes.
    """
    if len(lengths) <= 3:
        return lax.fft(x, kind, lengths)
    first, last = lengths[:-3], lengths[-3:]
    inner = {FftType.RFFT: FftType.FFT, FftType.IRFFT: FftType.IFFT}.get(kind, kind)
    if kind is FftType.IRFFT:
        return lax.fft(_over(x, inner, first), kind, last)
    return _over(lax.fft(x, kind, last), inner, first)


def _over(x, kind, lengths):
    """A transform along the axes before the last three."""
    axes = tuple(range(-3 - len(lengths), -3))
    ends = tuple(range(-len(lengths), 0))
    return moveaxis(_in_threes(moveaxis(x, axes, ends), kind, lengths), ends, axes)


def _factor(kind, norm, n):
    """What the primitive's result is multiplied with; it divides inverses by n."""
    inverse = kind in (FftType.IFFT, FftType.IRFFT)
    if norm in (None, "backward") or n == 0:
        return 1.0
    scale = 1 / n if norm == "forward" else 1 / math.sqrt(n)
    return 1 / scale if inverse else scale


_NORMS = (None, "backward", "ortho", "forward")


def _check_norm(where, norm):
    if norm not in _NORMS:
        raise ValueError(
            f"{where}: norm must be None, 'backward', 'ortho' or 'forward', got "
            f"{norm!r}."
        )


def _swapped(where, norm):
    """The norm for a transform in the other direction."""
    _check_norm(where, norm)
    return {None: "forward", "backward": "forward", "forward": "backward"}.get(
        norm, norm
    )


# Frequencies


def fftfreq(n: int, d=1.0, *, dtype=None, device=None):
    """The frequencies 0, 1, ..., -2, -1, divided by n d, of the results of `fft`.

    Args:
      n: the number of points.
      d: the distance between points, in the time unit of the frequencies.
      dtype, device: of the result.

    >>> fftfreq(4, d=0.5).tolist()
    [0.0, 0.5, -1.0, -0.5]
    """
    n = _count("fftfreq", n)
    places = np.fft.ifftshift(np.arange(-(n // 2), n - n // 2))
    return _frequencies("fftfreq", places, n, d, dtype, device)


def rfftfreq(n: int, d=1.0, *, dtype=None, device=None):
    """The frequencies 0, 1, ..., n // 2, divided by n d, of the results of `rfft`.

    >>> rfftfreq(4, d=0.5).tolist()
    [0.0, 0.5, 1.0]
    """
    n = _count("rfftfreq", n)
    return _frequencies("rfftfreq", np.arange(n // 2 + 1), n, d, dtype, device)


def _count(where, n):
    if isinstance(n, list | tuple):
        raise ValueError(f"{where}: n must be one integer, got {n}.")
    return int(concrete(where, "n", n, "Pass a Python int."))


def _frequencies(where, places, n, d, dtype, device):
    if isinstance(d, list | tuple):
        raise ValueError(f"{where}: d must be one number, got {d}.")
    dtype = requested_dtype(where, dtype) or dtypes.default_float()
    (width,) = promote_inexact(where, d)
    if width.dtype in dtypes.COMPLEX:
        raise TypeError(f"{where}: d must be a real number, got {width.aval}.")
    wide = _widest(width.dtype, dtype)
    values = _divided(asarray(places, dtype=wide), cast(width, wide), scalar(n, wide))
    return on(device, lax.convert_element_type(values, dtype))


def _widest(*types):
    """A real dtype in which quotients are as exact as in each of some others."""
    wide = any(t in (dtypes.float64, dtypes.complex128) for t in types)
    return dtypes.float64 if wide else dtypes.float32


@compiled
def _divided(places, width, n):
    return places / (n * width)


@compiled(static_argnames=("axes",))
def fftshift(x, axes=None):
    """Axes rolled so that frequency 0, which comes first, is in the middle.

    >>> fftshift(np.array([0, 1, 2, -2, -1])).tolist()
    [-2, -1, 0, 1, 2]
    """
    return _shifted("fftshift", x, axes, lambda n: n // 2)


@compiled(static_argnames=("axes",))
def ifftshift(x, axes=None):
    """The inverse of `fftshift`: frequency 0 moves from the middle to the front.

    >>> ifftshift(np.array([-2, -1, 0, 1, 2])).tolist()
    [0, 1, 2, -2, -1]
    """
    return _shifted("ifftshift", x, axes, lambda n: -(n // 2))


def _shifted(where, x, axes, distance):
    x = as_operand(where, x)
    if axes is None:
        axes = range(x.ndim)
    elif not isinstance(axes, tuple | list | np.ndarray):
        axes = (axes,)
    axes = [canonical_axis(where, k, x.ndim) for k in axes]
    return roll(x, [distance(x.shape[k]) for k in axes], axes) if axes else as_array(x)
