"""Hypergeometric functions."""

from ... import special
from ...api import compiled
from .arguments import strong_reals


@compiled
def hyp1f1(a, b, x):
    """Kummer's confluent hypergeometric function 1F1(a; b; x) of real numbers.

    It is differentiable in all arguments, and infinite where b is 0, -1, -2, ...

    >>> hyp1f1(1.0, 2.0, np.array([0.0, 0.5]))
    Array([1.       , 1.2974426], dtype=float32)
    """
    return special.hyp1f1(*strong_reals("hyp1f1", a, b, x))


@compiled
def hyp2f1(a, b, c, x):
    """Gauss's hypergeometric function 2F1(a, b; c; x) of real numbers, x <= 1.

    It is differentiable in all arguments, infinite where c is 0, -1, -2, ..., and for
    x > 1 unless a or b makes it a polynomial. Near 1 the series takes 40 / (1 - x)
    terms, of which at most 20000 are added.

    >>> hyp2f1(1.0, 2.0, 3.0, np.array([0.0, 0.5]))
    Array([1.       , 1.5451775], dtype=float32)
    """
    return special.hyp2f1(*strong_reals("hyp2f1", a, b, c, x))
