"""Bessel functions."""

from ... import special
from ...api import compiled
from .arguments import operands


@compiled
def i0(x):
    """The modified Bessel function of the first kind of order 0.

    >>> i0(np.array([0.0, 2.0]))
    Array([1.       , 2.2795851], dtype=float32)
    """
    return special.bessel_i0(*operands("i0", x))


@compiled
def i0e(x):
    """exp(-|x|) i0(x), which does not overflow.

    >>> i0e(np.array([0.0, 1000.0]))
    Array([1.        , 0.01261724], dtype=float32)
    """
    return special.bessel_i0e(*operands("i0e", x))


@compiled
def i1(x):
    """The modified Bessel function of the first kind of order 1.

    >>> i1(np.array([0.0, 2.0]))
    Array([0.       , 1.5906368], dtype=float32)
    """
    return special.bessel_i1(*operands("i1", x))


@compiled
def i1e(x):
    """exp(-|x|) i1(x), which does not overflow.

    >>> i1e(np.array([0.0, 1000.0]))
    Array([0.        , 0.01261093], dtype=float32)
    """
    return special.bessel_i1e(*operands("i1e", x))
