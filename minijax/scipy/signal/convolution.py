"""Convolutions and correlations of arrays of any rank.

    convolve(x, w)         becomes      conv_general_dilated of x with w reversed
    fftconvolve(x, w)      becomes      irfftn(rfftn(x, n) * rfftn(w, n), n)

A correlation is the convolution with the other array conjugated and reversed. The whole
of either has n1 + n2 - 1 places along an axis; "same" keeps the n1 central ones, and
"valid" those at which one array lies inside the other.
"""

from ... import dtypes
from ... import numpy as jnp
from ... import primitives as lax
from ...api import compiled
from ...numpy.arguments import as_array
from ...numpy.promotion import canonical_axes, promote_inexact

__all__ = ["convolve", "convolve2d", "correlate", "correlate2d", "fftconvolve"]

_MODES = ("full", "same", "valid")
_STATIC = ("mode", "method", "axes", "boundary", "fillvalue", "precision")


@compiled(static_argnames=_STATIC)
def convolve(in1, in2, mode: str = "full", method: str = "auto", precision=None):
    """The sums over i of in1[i] in2[k - i], for arrays of one rank.

    Args:
      in1, in2: arrays of one rank; integers are converted to floats.
      mode: "full" for all places, "same" for as many as in1 has, the central ones,
        "valid" for those at which one array lies inside the other.
      method: "fft" goes through Fourier transforms; "direct" and "auto" do not.
      precision: of the products, see `lax.dot_general`.

    >>> convolve(np.array([1.0, 2.0]), np.array([1.0, 3.0])).tolist()
    [1.0, 5.0, 6.0]
    """
    in1, in2 = _operands("convolve", in1, in2, mode, method)
    if method == "fft":
        return fftconvolve(in1, in2, mode)
    return _convolved("convolve", in1, in2, mode, precision)


@compiled(static_argnames=_STATIC)
def correlate(in1, in2, mode: str = "full", method: str = "auto", precision=None):
    """The sums over i of in1[i + k] conj(in2[i]), for arrays of one rank.

    Arguments as for `convolve`.

    >>> correlate(np.array([1.0, 2.0]), np.array([1.0, 3.0])).tolist()
    [3.0, 7.0, 2.0]
    """
    in1, in2 = _operands("correlate", in1, in2, mode, method)
    in2 = _reversed(jnp.conj(in2))
    if method == "fft":
        return fftconvolve(in1, in2, mode)
    return _convolved("correlate", in1, in2, mode, precision)


@compiled(static_argnames=_STATIC)
def convolve2d(
    in1,
    in2,
    mode: str = "full",
    boundary: str = "fill",
    fillvalue: float = 0,
    precision=None,
):
    """`convolve` of two matrices, with zeros outside.

    >>> convolve2d(np.ones((2, 2)), np.ones((1, 2))).tolist()
    [[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]
    """
    in1, in2 = _matrices("convolve2d", in1, in2, mode, boundary, fillvalue)
    return _convolved("convolve2d", in1, in2, mode, precision)


@compiled(static_argnames=_STATIC)
def correlate2d(
    in1,
    in2,
    mode: str = "full",
    boundary: str = "fill",
    fillvalue: float = 0,
    precision=None,
):
    """`correlate` of two matrices, with zeros outside.

    Where the sizes of in2 are even, mode="same" keeps places that are one further on
    than those of `correlate`, as in SciPy.

    >>> correlate2d(np.ones((2, 2)), np.ones((1, 2)), "same").tolist()
    [[2.0, 1.0], [2.0, 1.0]]
    """
    in1, in2 = _matrices("correlate2d", in1, in2, mode, boundary, fillvalue)
    first = tuple(n // 2 for n in in2.shape)
    in2 = _reversed(jnp.conj(in2))
    return _convolved("correlate2d", in1, in2, mode, precision, first)


def _operands(where, in1, in2, mode, method):
    if method not in ("auto", "direct", "fft"):
        raise ValueError(
            f"{where}: method must be 'auto', 'direct' or 'fft', got {method!r}."
        )
    return _checked(where, in1, in2, mode)


def _matrices(where, in1, in2, mode, boundary, fillvalue):
    if boundary != "fill" or fillvalue != 0:
        raise NotImplementedError(
            f"{where}: only boundary='fill' with fillvalue=0 is supported, got "
            f"{boundary!r} and {fillvalue}. Pad in1 with jnp.pad, and use mode='valid'."
        )
    in1, in2 = _checked(where, in1, in2, mode)
    if in1.ndim != 2:
        raise ValueError(
            f"{where}: both arrays must be matrices, got {in1.aval} and {in2.aval}. "
            f"Use {where[:-2]} for other ranks."
        )
    return in1, in2


def _checked(where, in1, in2, mode):
    """Both arrays in one inexact dtype and of one rank."""
    if mode not in _MODES:
        raise ValueError(f"{where}: mode must be one of {list(_MODES)}, got {mode!r}.")
    in1, in2 = map(as_array, promote_inexact(where, in1, in2))
    if in1.ndim != in2.ndim:
        raise ValueError(
            f"{where}: both arrays must have the same number of axes, got {in1.aval} "
            f"and {in2.aval}."
        )
    return in1, in2


def _reversed(x):
    return lax.rev(x, tuple(range(x.ndim)))


def _convolved(where, in1, in2, mode, precision, first=None):
    """The convolution; `first` is where "same" begins in the whole."""
    if not in1.size or not in2.size:
        raise ValueError(
            f"{where}: arrays must not be empty, got {in1.aval} and {in2.aval}."
        )
    if mode == "valid":
        in1, in2 = _larger_first(where, in1, in2, range(in1.ndim))
    if first is None:
        first = [(n - 1) // 2 for n in in2.shape]
    skipped = {
        "full": [(0, 0) for _ in in2.shape],
        "same": [(k, n - 1 - k) for k, n in zip(first, in2.shape, strict=True)],
        "valid": [(n - 1, n - 1) for n in in2.shape],
    }[mode]
    padding = [
        (n - 1 - low, n - 1 - high)
        for n, (low, high) in zip(in2.shape, skipped, strict=True)
    ]
    if not in1.ndim:
        return lax.mul(in1, in2)
    # (batch, feature, places) and (out feature, in feature, places)
    y = lax.conv_general_dilated(
        lax.expand_dims(in1, (0, 1)),
        lax.expand_dims(_reversed(in2), (0, 1)),
        window_strides=(1,) * in1.ndim,
        padding=padding,
        precision=precision,
    )
    return lax.squeeze(y, (0, 1))


def _larger_first(where, in1, in2, axes):
    """The arrays, exchanged if in2 is the larger one."""
    pairs = [(in1.shape[k], in2.shape[k]) for k in axes]
    if all(m >= n for m, n in pairs):
        return in1, in2
    if all(m <= n for m, n in pairs):
        return in2, in1
    raise ValueError(
        f"{where}: with mode='valid' one array must be at least as large as the other "
        f"along every axis, got {in1.aval} and {in2.aval}."
    )


@compiled(static_argnames=_STATIC)
def fftconvolve(in1, in2, mode: str = "full", axes=None):
    """`convolve` by Fourier transforms: n log n steps, and errors of the largest sum.

    Args:
      in1, in2: arrays of one rank.
      mode: see `convolve`.
      axes: those to convolve along, all of them without; along the others the arrays
        have equal sizes, and are convolved one by one.

    >>> fftconvolve(np.array([1.0, 2.0]), np.array([1.0, 3.0])).round(3).tolist()
    [1.0, 5.0, 6.0]
    """
    where = "fftconvolve"
    in1, in2 = _checked(where, in1, in2, mode)
    if not in1.ndim:
        return lax.mul(in1, in2)
    axes = canonical_axes(where, axes, in1.ndim)
    for k in range(in1.ndim):
        if k not in axes and in1.shape[k] != in2.shape[k]:
            raise ValueError(
                f"{where}: along axes that are not convolved sizes must agree, got "
                f"{in1.aval} and {in2.aval} with axes={axes}."
            )
    dtype = in1.dtype
    if dtype not in (*dtypes.COMPLEX, dtypes.float64):
        in1, in2 = in1.astype(dtypes.float32), in2.astype(dtypes.float32)
    kept = [in1.shape[k] for k in axes]
    if mode == "valid":
        in1, in2 = _larger_first(where, in1, in2, axes)
    lengths = [in1.shape[k] + in2.shape[k] - 1 for k in axes]
    if not all(n > 0 for n in lengths):
        raise ValueError(
            f"{where}: arrays must not both be empty, got {in1.aval} and {in2.aval}."
        )
    forth, back = jnp.fft.rfftn, jnp.fft.irfftn
    if dtype in dtypes.COMPLEX:
        forth, back = jnp.fft.fftn, jnp.fft.ifftn
    product = forth(in1, lengths, axes) * forth(in2, lengths, axes)
    y = back(product, lengths, axes)
    for k, whole, n in zip(axes, lengths, kept, strict=True):
        if mode == "same":
            y = lax.slice_in_dim(y, (whole - n) // 2, (whole - n) // 2 + n, axis=k)
        elif mode == "valid":
            margin = in2.shape[k] - 1
            y = lax.slice_in_dim(y, margin, whole - margin, axis=k)
    return y.astype(dtype)
