"""Integrals of exp(E(u)) over u > 0 for concave E with E(0) = 0.

The incomplete gamma and beta functions are densities times such integrals, whose
integrands are positive: nothing cancels. Gauss and Legendre's rule up to the place
where exp(E) no longer counts takes the same number of evaluations whatever the
parameters, so all elements of an array are done at once, without a loop. The idea, for
large parameters, is that of W. H. Press et al., Numerical Recipes, 3rd edition, 6.2.
"""

import decimal
import functools
from decimal import Decimal

import numpy as np
from numpy.polynomial.legendre import leggauss

from .. import primitives as lax
from .program import FLOAT32, where


def negligible(x) -> float:
    """The K beyond which exp(-K) does not count in the precision of x."""
    return 18.0 if x.dtype == FLOAT32 else 40.0


def quadratic_end(away, c, k: float):
    """The u at which away u + c u**2 / (2 + u) = k, a solution of a quadratic."""
    p = k - 2.0 * away
    root = lax.sqrt(p * p + 8.0 * k * (away + c))
    late = p > 0.0
    by_sum = (p + root) / (2.0 * (away + c))
    by_quotient = 4.0 * k / where(late, 1.0, root - p)
    return where(late, by_sum, by_quotient)


@functools.cache
def _nodes(count, dtype):
    """Nodes and weights on [0, 1], each relative to its own size.

    Those near 0 count most, and are small: NumPy's, right to 1e-16 on [-1, 1], are
    improved by Newton's method with 40 digits.
    """
    with decimal.localcontext(prec=40):
        pairs = [_refined(count, Decimal(x)) for x in leggauss(count)[0].tolist()]
    t, w = zip(*pairs, strict=True)
    return np.array(t, np.float64).astype(dtype), np.array(w, np.float64).astype(dtype)


def _refined(n, x):
    """The zero of Legendre's polynomial near x and its weight, moved to [0, 1]."""
    for _ in range(2):
        before, value = Decimal(1), x
        for k in range(2, n + 1):
            before, value = value, ((2 * k - 1) * x * value - (k - 1) * before) / k
        slope = n * (before - x * value) / (1 - x * x)
        x -= value / slope
    return (1 + x) / 2, 1 / ((1 - x * x) * slope * slope)


def integral(exponent, end, *parameters, count: int):
    """The integral over u from 0 to `end` of exp(exponent(u, *parameters)).

    Args:
      exponent: takes arrays with a last axis for the nodes.
      end: where to stop; the derivative of the integral is that of the integrand.
      parameters: arrays like `end`.
      count: how many nodes, in f64; f32 takes half as many.
    """
    t, w = _nodes(count // 2 if end.dtype == FLOAT32 else count, end.dtype)
    end = lax.stop_gradient(end)
    axis = end.ndim
    u = _nodewise(end) * t
    values = lax.exp(exponent(u, *map(_nodewise, parameters)))
    return end * lax.reduce_sum(values * w, (axis,))


def _nodewise(x):
    return lax.expand_dims(x, (x.ndim,))
