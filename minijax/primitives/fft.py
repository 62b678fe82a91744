"""Discrete Fourier transforms over the last axes.

    y:c64[8] = fft[fft_lengths=(8,) fft_type=0] x:c64[8]

With w = exp(-2 pi i / n): FFT is y[k] = sum over j of w^(jk) x[j], IFFT its inverse,
RFFT the first n // 2 + 1 outputs for a real x, IRFFT its inverse. All are linear.
"""

import enum
import math
import operator

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import Primitive
from ..core.rules import linear
from .elementwise import (
    complex_dtype,
    conj,
    convert_element_type,
    mul,
    real,
    real_dtype,
)
from .shape import batch_first, broadcast_in_dim
from .slicing import pad

__all__ = ["FftType", "fft", "fft_p"]


class FftType(enum.IntEnum):
    """The kind of a transform.

    FFT and IFFT go from complex to complex numbers, RFFT from real numbers to the half
    of a symmetric spectrum, IRFFT back.
    """

    FFT = 0
    IFFT = 1
    RFFT = 2
    IRFFT = 3


def fft(x, fft_type: FftType | str, fft_lengths):
    """A discrete Fourier transform over up to three last axes.

    Args:
      x: array; complex numbers, or real ones for RFFT.
      fft_type: the kind, or its name.
      fft_lengths: the lengths of the transform along the last axes: sizes of `x`, or of
        the result for IRFFT.

    >>> fft(np.ones(4), "FFT", (4,))
    Array([4.+0.j, 0.+0.j, 0.+0.j, 0.+0.j], dtype=complex64)
    """
    kind = _kind(fft_type)
    lengths = tuple(map(operator.index, fft_lengths))
    dtype = aval_of(x).dtype
    if kind is FftType.RFFT:
        if dtype in dtypes.COMPLEX:
            raise ValueError(f"fft: RFFT needs real numbers, got {aval_of(x)}.")
        x = convert_element_type(x, dtypes.to_inexact(dtype))
    else:
        parts = real_dtype(dtypes.to_inexact(dtype))
        x = convert_element_type(x, complex_dtype(parts))
    return fft_p.bind(x, fft_lengths=lengths, fft_type=kind) if lengths else x


def _kind(fft_type):
    name = fft_type.upper() if isinstance(fft_type, str) else fft_type
    if isinstance(name, FftType):
        return name
    if isinstance(name, str) and name in FftType.__members__:
        return FftType[name]
    raise ValueError(
        f"fft: fft_type must be FFT, IFFT, RFFT or IRFFT, got {fft_type!r}."
    )


def _fft_abstract(x, *, fft_lengths, fft_type):
    count = len(fft_lengths)
    if not 1 <= count <= 3 or count > x.ndim:
        raise ValueError(
            f"fft: fft_lengths must name one to three of the last axes of {x}, got "
            f"{fft_lengths}. Transform the others in a second call."
        )
    before, sizes = x.shape[: x.ndim - count], x.shape[x.ndim - count :]
    half = (*fft_lengths[:-1], fft_lengths[-1] // 2 + 1)
    expected = half if fft_type is FftType.IRFFT else fft_lengths
    if sizes != expected:
        raise ValueError(
            f"fft: the last axes must have sizes {expected} for {fft_type.name} with "
            f"fft_lengths {fft_lengths}, got {x}."
        )
    if fft_type is FftType.RFFT:
        if x.dtype not in (dtypes.float32, dtypes.float64):
            raise ValueError(f"fft: RFFT needs float32 or float64, got {x}.")
        return ShapedArray((*before, *half), complex_dtype(x.dtype))
    if x.dtype not in dtypes.COMPLEX:
        raise ValueError(f"fft: {fft_type.name} needs complex numbers, got {x}.")
    if fft_type is FftType.IRFFT:
        return ShapedArray((*before, *fft_lengths), real_dtype(x.dtype))
    return x.update(weak_type=False)


def _fft_transpose(ct, x, *, fft_lengths, fft_type):
    transpose = {FftType.RFFT: _rfft_transpose, FftType.IRFFT: _irfft_transpose}
    if fft_type in transpose:
        return [transpose[fft_type](ct, x, fft_lengths)]
    return [fft(ct, fft_type, fft_lengths)]  # the matrix w^(jk) is symmetric


def _rfft_transpose(ct, x, lengths):
    # x_bar[j] = Re(sum over k <= n/2 of w^(jk) ct[k])
    missing = x.shape[-1] - ct.shape[-1]
    config = [(0, 0, 0)] * (ct.ndim - 1) + [(0, missing, 0)]
    whole = pad(ct, literal(0, ShapedArray((), ct.dtype)), config)
    return real(fft(whole, FftType.FFT, lengths))


def _irfft_transpose(ct, x, lengths):
    # y[j] = 1/n sum over k <= n/2 of c[k] Re(w^(-jk) x[k]), where c[k] is 2 but for 0
    # and n/2, which are their own mirror images. So x_bar = c/n conj(RFFT(ct)).
    n = lengths[-1]
    count = np.full(n // 2 + 1, 2.0)
    count[0] = 1.0
    if n % 2 == 0:
        count[-1] = 1.0
    scale = (count / math.prod(lengths)).astype(x.dtype)
    scale = broadcast_in_dim(scale, x.shape, (len(x.shape) - 1,))
    return mul(conj(fft(ct, FftType.RFFT, lengths)), scale)


@batch_first
def _fft_batch(size, x, *, fft_lengths, fft_type):
    return fft_p.bind(x, fft_lengths=fft_lengths, fft_type=fft_type)


def _fft_lower(hlo, out, x, *, fft_lengths, fft_type):
    if out.size == 0 or x.aval.size == 0:
        return hlo.constant(np.zeros((), out.dtype), out.shape)
    return hlo.emit(
        f"stablehlo.fft {x}, type = {fft_type.name}, length = {[*fft_lengths]} : "
        f"{hlo.types([x], out)}"
    )


fft_p = Primitive(
    "fft",
    abstract=_fft_abstract,
    jvp=linear,
    transpose=_fft_transpose,
    batch=_fft_batch,
    lower=_fft_lower,
)
