"""Discrete cosine transforms of the second type: `scipy.fft`.

    y[k] = 2 sum over j of x[j] cos(pi k (2 j + 1) / (2 n))

They are one real Fourier transform of the same length, of the elements in the order
0, 2, 4, ..., 5, 3, 1: J. Makhoul, "A fast cosine transform in one and two dimensions",
IEEE Trans. ASSP 1980.
"""

import math

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..api import compiled
from ..numpy.arguments import as_array, static_int
from ..numpy.promotion import as_operand, canonical_axes, canonical_axis

__all__ = ["dct", "dctn", "idct", "idctn"]

_STATIC = ("type", "n", "s", "axis", "axes", "norm")


@compiled(static_argnames=_STATIC)
def dct(
    x, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None
):
    """The discrete cosine transform of the second type along an axis.

    Args:
      x: array of numbers.
      type: 2, the only one there is.
      n: the number of points; a longer axis is cropped, a shorter one ends in zeros.
      axis: the axis to transform.
      norm: None or "backward" for the sums of the module's formula, "ortho" for an
        orthogonal matrix.

    >>> dct(np.array([1.0, 1.0])).tolist()
    [4.0, 0.0]
    """
    return _along_axis("dct", _forward, x, type, n, axis, norm)


@compiled(static_argnames=_STATIC)
def idct(
    x, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None
):
    """The inverse of `dct`, which is a transform of the third type.

    Arguments as for `dct`.

    >>> idct(dct(np.array([1.0, 3.0]))).tolist()
    [1.0, 3.0]
    """
    return _along_axis("idct", _backward, x, type, n, axis, norm)


@compiled(static_argnames=_STATIC)
def dctn(x, type: int = 2, s=None, axes=None, norm: str | None = None):
    """`dct` along several axes, all of them unless `axes` names some.

    Args:
      x: array of numbers.
      type: 2, the only one there is.
      s: the numbers of points along the axes. Given without `axes` it means the last.
      axes: the axes to transform.
      norm: see `dct`.

    >>> dctn(np.ones((2, 2))).tolist()
    [[16.0, 0.0], [0.0, 0.0]]
    """
    return _along_axes("dctn", _forward, x, type, s, axes, norm)


@compiled(static_argnames=_STATIC)
def idctn(x, type: int = 2, s=None, axes=None, norm: str | None = None):
    """The inverse of `dctn`.

    >>> idctn(dctn(np.eye(2))).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return _along_axes("idctn", _backward, x, type, s, axes, norm)


def _along_axis(where, transform, x, type, n, axis, norm):
    _check(where, type, norm)
    x = as_array(as_operand(where, x))
    return _transformed(
        where, transform, x, n, canonical_axis(where, axis, x.ndim), norm
    )


def _along_axes(where, transform, x, type, s, axes, norm):
    _check(where, type, norm)
    x = as_array(as_operand(where, x))
    if s is not None:
        s = tuple(s) if isinstance(s, tuple | list) else (s,)
    if axes is None and s is not None:
        axes = tuple(range(-len(s), 0))
    axes = canonical_axes(where, axes, x.ndim)
    if s is not None and len(s) != len(axes):
        raise ValueError(
            f"{where}: s and axes must have equal lengths, got s={s} and axes={axes}."
        )
    for n, axis in zip(s or [None] * len(axes), axes, strict=True):
        x = _transformed(where, transform, x, n, axis, norm)
    return x


def _check(where, type, norm):
    if type != 2:
        raise NotImplementedError(
            f"{where}: only type 2 is supported, got type={type}. The inverse of it is "
            "of type 3."
        )
    if norm not in (None, "backward", "ortho"):
        raise ValueError(
            f"{where}: norm must be None, 'backward' or 'ortho', got {norm!r}."
        )


def _transformed(where, transform, x, n, axis, norm):
    """One axis of an array transformed; complex numbers are transformed by parts."""
    dtype = x.dtype
    if dtype not in dtypes.COMPLEX:
        dtype = dtypes.to_inexact(dtype)
        single = dtypes.float64 if dtype == dtypes.float64 else dtypes.float32
        x = lax.convert_element_type(x, single)
    n = x.shape[axis] if n is None else static_int(where, "n", n)
    if n < 1:
        raise ValueError(f"{where}: the number of points must be positive, got {n}.")
    config = [(0, 0, 0)] * (x.ndim - 1) + [(0, n - x.shape[axis], 0)]
    x = lax.pad(jnp.moveaxis(x, axis, -1), np.zeros((), x.dtype), config)
    if x.dtype in dtypes.COMPLEX:
        y = lax.complex(
            transform(lax.real(x), n, norm), transform(lax.imag(x), n, norm)
        )
    else:
        y = transform(x, n, norm)
    return jnp.moveaxis(y, -1, axis)


def _forward(x, n, norm):
    """The transform of the last axis of a real array."""
    shuffled = lax.concatenate([x[..., ::2], x[..., 1::2][..., ::-1]], x.ndim - 1)
    # w = e^(-i pi k / 2n) (FFT of the shuffled x)[k] has y[k] = 2 Re w, and its mirror
    # image y[n - k] = -2 Im w.
    w = jnp.fft.rfft(shuffled) * _turns(n, -1, x.dtype)
    mirrored = -lax.imag(w)[..., 1 : (n - 1) // 2 + 1]
    y = lax.concatenate([lax.real(w), mirrored[..., ::-1]], x.ndim - 1)
    return y * _scale(n, norm, x.dtype)


def _backward(y, n, norm):
    """What `_forward` makes y of, along the last axis: its steps undone in turn."""
    y = y / _scale(n, norm, y.dtype)
    half = n // 2 + 1
    ahead = y[..., :half]
    behind = lax.concatenate([jnp.zeros_like(y[..., :1]), y[..., ::-1]], y.ndim - 1)
    w = lax.complex(ahead, -behind[..., :half])
    shuffled = jnp.fft.irfft(w * _turns(n, 1, y.dtype), n)
    even = shuffled[..., : (n + 1) // 2]
    odd = shuffled[..., (n + 1) // 2 :][..., ::-1]
    return _spread(even, 0, n) + _spread(odd, 1, n)


def _spread(x, start, n):
    """The elements of the last axis at start, start + 2, ... of n places, else 0."""
    if not x.shape[-1]:
        return jnp.zeros((*x.shape[:-1], n), x.dtype)
    length = start + 2 * x.shape[-1] - 1
    config = [(0, 0, 0)] * (x.ndim - 1) + [(start, n - length, 1)]
    return lax.pad(x, np.zeros((), x.dtype), config)


def _turns(n, sign, dtype):
    """e^(sign i pi k / 2n) for the k of a real transform."""
    angles = sign * np.pi * np.arange(n // 2 + 1) / (2 * n)
    double = dtype == dtypes.float64
    return np.exp(1j * angles).astype(np.complex128 if double else np.complex64)


def _scale(n, norm, dtype):
    """The factor of each result, beside the sums of cosines."""
    scale = np.full(n, 2.0)
    if norm == "ortho":
        # sqrt(1 / n) for k = 0, and sqrt(2 / n)
        scale[:] = math.sqrt(2 / n)
        scale[0] = math.sqrt(1 / n)
    return scale.astype(dtype)
