"""Images resized, scaled and moved by interpolation along each axis.

`minijax.image` is `jax.image`. Along an axis the new pixels are weighted sums of the
old ones, so that each axis is one product with a matrix of weights:

    resize(x, (2, 3), "linear") for x:f32[4,3]      becomes      W^T x,  W:f32[4,2]

Pixel k has its centre at k + 1/2. The weights of `resize` are constants, which NumPy
computes; those of `scale_and_translate` are differentiable functions of the scale.
"""

import enum
import functools

import numpy as np

from . import dtypes
from . import numpy as jnp
from .api import compiled
from .numpy.arguments import as_array, as_shape
from .numpy.promotion import as_operand, canonical_axes, promote_inexact
from .primitives import Precision

__all__ = ["ResizeMethod", "resize", "scale_and_translate"]


class ResizeMethod(enum.Enum):
    """How pixels between pixels are computed; `resize` explains the names."""

    NEAREST = 0
    LINEAR = 1
    LANCZOS3 = 2
    LANCZOS5 = 3
    CUBIC = 4
    CUBIC_PYTORCH = 5
    AREA = 6

    @staticmethod
    def from_string(s: str) -> "ResizeMethod":
        """The method with a name, as `resize` takes it.

        >>> ResizeMethod.from_string("bicubic").name
        'CUBIC'
        """
        return _method("ResizeMethod.from_string", s)


_NAMES = {
    "nearest": ResizeMethod.NEAREST,
    "linear": ResizeMethod.LINEAR,
    "bilinear": ResizeMethod.LINEAR,
    "trilinear": ResizeMethod.LINEAR,
    "triangle": ResizeMethod.LINEAR,
    "lanczos3": ResizeMethod.LANCZOS3,
    "lanczos5": ResizeMethod.LANCZOS5,
    "cubic": ResizeMethod.CUBIC,
    "bicubic": ResizeMethod.CUBIC,
    "tricubic": ResizeMethod.CUBIC,
    "cubic-pytorch": ResizeMethod.CUBIC_PYTORCH,
    "bicubic-pytorch": ResizeMethod.CUBIC_PYTORCH,
    "area": ResizeMethod.AREA,
}


def _method(where, method) -> ResizeMethod:
    """A method given by itself or by one of its names."""
    if isinstance(method, ResizeMethod):
        return method
    found = _NAMES.get(method) if isinstance(method, str) else None
    if found is None:
        raise ValueError(
            f"{where}: method must be a ResizeMethod or one of "
            f"{', '.join(map(repr, _NAMES))}, got {method!r}."
        )
    return found


def resize(
    image,
    shape,
    method: str | ResizeMethod,
    antialias: bool = True,
    precision=Precision.HIGHEST,
):
    """The image with another number of pixels along some axes.

    Args:
      image: array. Axes of batches and channels are axes like others.
      shape: the new shape; an axis whose size does not change is left alone.
      method: "nearest" takes the nearest pixel and keeps the dtype. Others give floats:
        "linear" ("bilinear", "trilinear", "triangle"); "cubic" ("bicubic", "tricubic"),
        R. G. Keys, "Cubic convolution interpolation for digital image processing",
        1981, with a = -1/2; "cubic-pytorch" ("bicubic-pytorch"), the same but for
        antialias=False: then a = -3/4, and the border pixels go on outside;
        "lanczos3" and "lanczos5", C. E. Duchon, "Lanczos filtering in one and two
        dimensions", 1979; "area", the mean over the new pixel's area.
      antialias: widen the filter where the image becomes smaller, so that each old
        pixel counts.
      precision: of the products, see `lax.dot_general`.

    >>> resize(np.array([1.0, 5.0]), (4,), "linear").tolist()
    [1.0, 2.0, 4.0, 5.0]
    """
    image = as_operand("resize", image)
    shape = as_shape("resize", shape)
    _check_rank("resize", image, shape)
    plan = shape, _method("resize", method), bool(antialias), precision
    return _resized(image, plan)


def _check_rank(where, image, shape):
    if len(shape) != image.ndim:
        raise ValueError(
            f"{where}: shape must have a size for each axis of the image {image.aval}, "
            f"got {shape}."
        )


@compiled(static_argnames=("plan",))
def _resized(image, plan):
    shape, method, antialias, precision = plan
    axes = [k for k, n in enumerate(shape) if n != image.shape[k]]
    for k in axes:
        if shape[k] > 0 and not image.shape[k]:
            raise ValueError(
                f"resize: axis {k} has no pixels to interpolate, got image "
                f"{image.aval} and shape {shape}."
            )
    sizes = [max(0, n) for n in shape]
    if method is ResizeMethod.NEAREST:
        image = as_array(image)
        for k in axes:
            # floor((j + 1/2) m / n) for old pixels m and new pixels n
            old, new = image.shape[k], sizes[k]
            places = (2 * np.arange(new) + 1) * old // (2 * max(new, 1))
            image = jnp.take(image, places, axis=k, mode="clip")
        return image
    (image,) = map(as_array, promote_inexact("resize", image))
    weights = {}
    for k in axes:
        old, new = image.shape[k], sizes[k]
        scale = np.float64(new / old) if old else np.float64(1)
        weights[k] = _weights(np, old, new, scale, 0.0, method, antialias)
    return _interpolated(image, weights, precision)


def scale_and_translate(
    image,
    shape,
    spatial_dims,
    scale,
    translation,
    method: str | ResizeMethod,
    antialias: bool = True,
    precision=Precision.HIGHEST,
):
    """The image stretched by `scale` and moved by `translation`, on a new grid.

    What is at x in the old image is at scale * x + translation in the new one. New
    pixels whose centre comes from outside the old image are 0; with "cubic-pytorch" and
    without `antialias` the old image goes on for two pixels first.

    Args:
      image: array.
      shape: the shape of the result; axes that are not spatial keep their size.
      spatial_dims: the K axes that are stretched.
      scale: array (K,).
      translation: array (K,), in new pixels.
      method: see `resize`; all but "nearest".
      antialias: widen the filter where the image becomes smaller.
      precision: of the products, see `lax.dot_general`.

    Differentiable in the image, the scale and the translation.

    >>> x, one, two = np.array([1.0, 5.0]), np.ones(1), np.full(1, 2.0)
    >>> scale_and_translate(x, (4,), (0,), two, one, "linear").tolist()
    [0.0, 1.0, 2.0, 4.0]
    """
    where = "scale_and_translate"
    image = as_operand(where, image)
    shape = as_shape(where, shape)
    _check_rank(where, image, shape)
    axes = canonical_axes(where, tuple(spatial_dims), image.ndim)
    scale, translation = as_operand(where, scale), as_operand(where, translation)
    if not scale.shape == translation.shape == (len(axes),):
        raise ValueError(
            f"{where}: scale and translation must have one number for each of the "
            f"spatial_dims {axes}, got {scale.aval} and {translation.aval}."
        )
    for k, n in enumerate(shape):
        if k not in axes and n != image.shape[k]:
            raise ValueError(
                f"{where}: axis {k} is not one of spatial_dims {axes}, so its size "
                f"must stay, got shape {shape} for the image {image.aval}."
            )
    method = _method(where, method)
    if method is ResizeMethod.NEAREST:
        raise ValueError(
            f"{where}: the nearest pixel is not a differentiable function of the "
            "scale, and is not supported. Use another method, or resize."
        )
    plan = shape, axes, method, bool(antialias), precision
    return _moved(image, scale, translation, plan)


@compiled(static_argnames=("plan",))
def _moved(image, scale, translation, plan):
    shape, axes, method, antialias, precision = plan
    (image,) = map(as_array, promote_inexact("scale_and_translate", image))
    scale, translation = promote_inexact("scale_and_translate", scale, translation)
    wide = dtypes.float64 if scale.dtype == dtypes.float64 else dtypes.float32
    scale = as_array(scale).astype(wide)
    translation = as_array(translation).astype(wide)
    weights = {
        k: _weights(
            jnp, image.shape[k], shape[k], scale[j], translation[j], method, antialias
        )
        for j, k in enumerate(axes)
    }
    return _interpolated(image, weights, precision)


def _interpolated(image, weights, precision):
    """The image times the weights of each axis; axes that shrink come first."""
    shrinking = sorted(weights, key=lambda k: weights[k].shape[1] / image.shape[k])
    for k in shrinking:
        factor = jnp.asarray(weights[k]).astype(image.dtype)
        image = jnp.tensordot(image, factor, ((k,), (0,)), precision=precision)
        image = jnp.moveaxis(image, -1, k)
    return image


# Weights, computed by `xp`, which is NumPy or minijax.numpy


def _weights(xp, old, new, scale, translation, method, antialias):
    """(old, new): the share of each old pixel in each new one."""
    dtype = scale.dtype
    pixel = xp.arange(old, dtype=dtype)[:, None]
    # Where the centres of new pixels lie, counted from the centre of old pixel 0.
    step = 1 / scale
    place = (xp.arange(new, dtype=dtype) + 0.5 - translation) * step - 0.5
    if method is ResizeMethod.CUBIC_PYTORCH and not antialias:
        return _with_border(xp, pixel, place)
    if method is ResizeMethod.AREA:
        # The length that old and new pixel share.
        reach = xp.abs(step) / 2
        low = xp.maximum(pixel - 0.5, place - reach)
        shares = xp.maximum(xp.minimum(pixel + 0.5, place + reach) - low, 0)
    else:
        width = xp.maximum(xp.abs(step), 1) if antialias else 1
        shares = _KERNELS[method](xp, xp.abs(place - pixel) / width)
    inside = (place >= -0.5) & (place <= old - 0.5)
    return _normalised(xp, shares, shares.sum(0), inside)


def _with_border(xp, pixel, place):
    """Cubic interpolation between the four nearest pixels, two more at each border."""
    last = pixel.shape[0] - 1
    before = xp.floor(place)
    shares = total = 0
    for k in (-1, 0, 1, 2):
        tap = before + k
        there = (tap >= -2) & (tap <= last + 2)
        share = xp.where(there, _cubic(xp, xp.abs(place - tap), -0.75), 0)
        total = total + share
        shares = shares + xp.where(xp.clip(tap, 0, last) == pixel, share, 0)
    return _normalised(xp, shares, total, True)


def _normalised(xp, shares, total, inside):
    """The shares over their total, or 0 where that is 0 up to rounding."""
    meaningful = xp.abs(total) > 1000 * np.finfo(total.dtype).eps
    shares = shares / xp.where(meaningful, total, 1)
    return xp.where(meaningful & inside, shares, 0)


def _triangle(xp, x):
    return xp.maximum(1 - x, 0)


def _cubic(xp, x, a):
    """Keys' cubic of a distance: 1 at 0, and 0 at 1, 2 and beyond."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return xp.where(x < 1, near, xp.where(x < 2, far, 0))


def _lanczos(xp, x, radius):
    return xp.where(x <= radius, xp.sinc(x) * xp.sinc(x / radius), 0)


_KERNELS = {
    ResizeMethod.LINEAR: _triangle,
    ResizeMethod.CUBIC: functools.partial(_cubic, a=-0.5),
    ResizeMethod.CUBIC_PYTORCH: functools.partial(_cubic, a=-0.5),
    ResizeMethod.LANCZOS3: functools.partial(_lanczos, radius=3),
    ResizeMethod.LANCZOS5: functools.partial(_lanczos, radius=5),
}
