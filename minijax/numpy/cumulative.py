"""Running sums and products along an axis.

cumsum(x, axis=0)      becomes      cumsum[axis=0 reverse=False] x
"""

from .. import dtypes
from .. import primitives as lax
from .arguments import cast, refuse_out, requested_dtype
from .nans import without_nans
from .promotion import as_operand, canonical_axis
from .reductions import accumulation_dtype
from .shaping import ravel


def cumsum(a, axis: int | None = None, dtype=None, out=None):
    """The sums of the elements up to each place, along an axis or of all in order.

    >>> cumsum(np.array([1, 2, 3])).tolist()
    [1, 3, 6]
    """
    refuse_out("cumsum", out)
    return _running("cumsum", lax.cumsum, as_operand("cumsum", a), axis, dtype)


def cumprod(a, axis: int | None = None, dtype=None, out=None):
    """The products of the elements up to each place, along an axis or of all in order.

    >>> cumprod(np.array([1, 2, 3])).tolist()
    [1, 2, 6]
    """
    refuse_out("cumprod", out)
    return _running("cumprod", lax.cumprod, as_operand("cumprod", a), axis, dtype)


def nancumsum(a, axis: int | None = None, dtype=None, out=None):
    """Running sums in which NaN counts as zero.

    >>> nancumsum(np.array([1.0, np.nan, 3.0])).tolist()
    [1.0, 1.0, 4.0]
    """
    refuse_out("nancumsum", out)
    x = without_nans(as_operand("nancumsum", a), 0)
    return _running("nancumsum", lax.cumsum, x, axis, dtype)


def nancumprod(a, axis: int | None = None, dtype=None, out=None):
    """Running products in which NaN counts as one.

    >>> nancumprod(np.array([1.0, np.nan, 3.0])).tolist()
    [1.0, 1.0, 3.0]
    """
    refuse_out("nancumprod", out)
    x = without_nans(as_operand("nancumprod", a), 1)
    return _running("nancumprod", lax.cumprod, x, axis, dtype)


def cumulative_sum(
    x, /, *, axis: int | None = None, dtype=None, include_initial: bool = False
):
    """Running sums along an axis, starting with an empty sum if asked to.

    >>> cumulative_sum(np.array([1, 2, 3]), include_initial=True).tolist()
    [0, 1, 3, 6]
    """
    return _cumulative("cumulative_sum", lax.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x, /, *, axis: int | None = None, dtype=None, include_initial: bool = False
):
    """Running products along an axis, starting with an empty product if asked to.

    >>> cumulative_prod(np.array([1, 2, 3]), include_initial=True).tolist()
    [1, 1, 2, 6]
    """
    return _cumulative(
        "cumulative_prod", lax.cumprod, 1, x, axis, dtype, include_initial
    )


def _running(name, scan, x, axis, dtype):
    if axis is None or x.ndim == 0:
        x, axis = ravel(x), 0
    axis = canonical_axis(name, axis, x.ndim)
    asked = requested_dtype(name, dtype)
    dtype = asked or dtypes.canonicalize(x.dtype)
    if dtypes.bool_ not in (x.dtype, dtype):
        return scan(cast(x, dtype), axis)
    # Truth values are counted: 1 + 1 is 2, which is true again.
    counts = scan(cast(cast(x, dtype), dtypes.default_int()), axis)
    return cast(counts, asked or counts.dtype)


def _cumulative(name, scan, start, x, axis, dtype, include_initial):
    x = as_operand(name, x)
    if x.ndim == 0:
        raise ValueError(f"{name}: x must have an axis, got a scalar.")
    if axis is None:
        if x.ndim > 1:
            raise ValueError(
                f"{name}: axis must be given for an array of shape {tuple(x.shape)}. "
                "Only vectors have one to choose."
            )
        axis = 0
    axis = canonical_axis(name, axis, x.ndim)
    if dtype is None and scan is lax.cumsum:
        dtype = accumulation_dtype(x.dtype)
    y = _running(name, scan, x, axis, dtype)
    if not include_initial:
        return y
    first = lax.full((*y.shape[:axis], 1, *y.shape[axis + 1 :]), start, y.dtype)
    return lax.concatenate([first, y], axis)


METHODS = {"cumprod": cumprod, "cumsum": cumsum}
