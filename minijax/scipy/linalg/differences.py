"""Divided differences of elementwise functions, also where points meet.

    f[x, y] = (f(y) - f(x)) / (y - x)       f[x, y, z] = (f[y, z] - f[x, y]) / (z - x)

Close to each other points give Taylor's series, from derivatives that `jvp` computes.
"""

import itertools

from ... import dtypes
from ... import primitives as lax
from ...api import jvp
from ...numpy.selection import where


def close(x, y, root: int):
    """Whether points are as close as the precision of their dtype to 1 / root.

    There the terms that a series leaves out, and the rounding of a quotient, are about
    equally small.
    """
    distance = abs(y - x)
    step = float(dtypes.finfo(distance.dtype).eps) ** (1 / root)
    return distance <= step * (1 + abs(x + y) / 2)


def first(f, x, y):
    """f[x, y] for arrays of points that broadcast."""
    x, y = x + 0 * y, y + 0 * x
    near = close(x, y, 5)
    step = where(near, y - x, 0)
    middle = where(near, (x + y) / 2, x)
    series = _nth(f, middle, 1) + _nth(f, middle, 3) * step * step / 24
    return where(near, series, (f(y) - f(x)) / where(near, 1, y - x))


def second(f, x, y, z):
    """f[x, y, z] for real points that broadcast, by the two farthest apart."""
    zero = 0 * (x + y + z)
    x, y, z = x + zero, y + zero, z + zero
    low = lax.min(lax.min(x, y), z)
    high = lax.max(lax.max(x, y), z)
    inner = (x + y + z) - low - high
    near = close(low, high, 6)
    rise = first(f, inner, high) - first(f, low, inner)
    # Around the mean the deviations d sum to zero:
    # f[x, y, z] = f2(mean) / 2 + f4(mean) / 24 * (sum of d_i d_j over i <= j) + ...
    mean = where(near, (x + y + z) / 3, x)
    deviations = [where(near, point - mean, 0) for point in (x, y, z)]
    pairs = itertools.combinations_with_replacement(deviations, 2)
    series = _nth(f, mean, 2) / 2 + _nth(f, mean, 4) * sum(p * q for p, q in pairs) / 24
    return where(near, series, rise / where(near, 1, high - low))


def _nth(f, x, n):
    """The n-th derivative of an elementwise function."""
    for _ in range(n):
        f = _derivative(f)
    return f(x)


def _derivative(f):
    return lambda x: jvp(f, (x,), (lax.full_like(x, 1),))[1]
