"""Error functions and the normal distribution."""

import operator

from ... import primitives as lax
from ... import special
from ...api import compiled
from .arguments import operands, single_or_double


@compiled
def erf(x):
    """The error function 2/sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    >>> erf(np.array([0.0, 1.0]))
    Array([0.        , 0.8427008], dtype=float32)
    """
    return lax.erf(*operands("erf", x))


@compiled
def erfc(x):
    """1 - erf(x), accurate for large x.

    >>> erfc(np.array([0.0, 5.0]))
    Array([1.0000000e+00, 1.5374597e-12], dtype=float32)
    """
    return lax.erfc(*operands("erfc", x))


@compiled
def erfinv(x):
    """The inverse of erf on (-1, 1); infinite at the ends and nan beyond them.

    >>> erfinv(erf(0.5))
    Array(0.5, dtype=float32, weak_type=True)
    """
    return lax.erf_inv(*operands("erfinv", x))


@compiled
def ndtr(x):
    """The standard normal distribution function, of an f32 or f64 array.

    Its relative accuracy is that of the dtype down to where it underflows.

    >>> ndtr(np.array([0.0, -10.0], np.float32))
    Array([5.0000000e-01, 7.6198530e-24], dtype=float32)

    Raises:
      TypeError: for other dtypes.
    """
    return special.ndtr(single_or_double("ndtr", x))


@compiled
def ndtri(p):
    """The inverse of `ndtr`, of an f32 or f64 array; nan outside [0, 1].

    >>> ndtri(np.array([0.5, 0.0], np.float32))
    Array([  0., -inf], dtype=float32)

    Raises:
      TypeError: for other dtypes.
    """
    return special.ndtri(single_or_double("ndtri", p))


def log_ndtr(x, series_order: int = 3):
    """The logarithm of `ndtr`, of an f32 or f64 array, in both tails.

    Args:
      series_order: accepted for JAX's sake, 0 to 30; the value is as accurate as the
        dtype allows whatever it is.

    >>> log_ndtr(np.array([-100.0, 100.0], np.float32))
    Array([-5005.524,    -0.   ], dtype=float32)

    Raises:
      TypeError: for other dtypes.
    """
    if not isinstance(series_order, int):
        raise TypeError(
            "log_ndtr: series_order must be a Python integer, got "
            f"{type(series_order).__name__}. Leave it out."
        )
    if not 0 <= operator.index(series_order) <= 30:
        raise ValueError(
            "log_ndtr: series_order must be non-negative and <= 30, got "
            f"{series_order}. Leave it out."
        )
    return _log_ndtr(x)


@compiled
def _log_ndtr(x):
    return special.log_ndtr(single_or_double("log_ndtr", x))
