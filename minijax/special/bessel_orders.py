"""Bessel functions of the first kind of all orders up to a given one.

Where the order exceeds the argument the recurrence J(k-1) = 2 k / z J(k) - J(k+1) is
stable downwards, and its result is scaled by J(0) + 2 J(2) + 2 J(4) + ... = 1 (J. C. P.
Miller; Abramowitz and Stegun 9.12). For larger arguments it is stable upwards, from
Hankel's asymptotic series of J(0) and J(1) (9.2.5).
"""

import math

from .. import primitives as lax
from .program import FLOAT32, filled, where

LARGE = 25.0  # where Hankel's series reaches the rounding of f64
TERMS = 12


def bessel_orders(z, v: int):
    """J of orders 0, ..., v of real numbers, of shape (v + 1, *z.shape)."""
    size = abs(z)
    upward = size > max(LARGE, v)
    small = where(upward, 1.0, size)
    large = where(upward, size, max(LARGE, v) + 1.0)
    large = where(large < math.inf, large, 1.0e6)
    rows = []
    pairs = zip(_downward(small, v), _upward(large, v), strict=True)
    for k, (down, up) in enumerate(pairs):
        value = where(upward, up, down)
        value = where(size == math.inf, 0.0, value)
        value = where(z < 0.0, -value, value) if k % 2 else value
        rows.append(lax.expand_dims(where(z != z, z, value), (0,)))
    return lax.concatenate(rows, 0)


def _downward(z, v):
    """For 0 <= z <= max(25, v)."""
    most = max(LARGE, v)
    start = 2 * ((int(most + 12 * most ** (1 / 3)) + 12) // 2)
    huge = 1e12 if z.dtype == FLOAT32 else 1e100
    tiny = z < (1e-6 if z.dtype == FLOAT32 else 1e-60)
    inverse = 2.0 / where(tiny, 1.0, z)
    above, value = filled(z, 0.0), filled(z, 1.0) / huge
    total = filled(z, 0.0)
    found = {}
    for k in range(start, 0, -1):
        # Here `value` is J(k), up to the scale.
        above, value = value, float(k) * inverse * value - above
        scale = where(abs(value) > huge, 1.0 / huge, 1.0)
        above, value, total = above * scale, value * scale, total * scale
        if k <= v + 1:
            found = {j: x * scale for j, x in found.items()}
            found[k - 1] = value
        if k % 2:
            total = total + (value if k == 1 else 2.0 * value)
    rows = []
    for k in range(v + 1):
        # The first term of the power series, where the recurrence would overflow.
        first = (0.5 * where(tiny, z, 0.0)) ** k / float(math.factorial(min(k, 170)))
        rows.append(where(tiny, first, found[k] / total))
    return rows


def _upward(z, v):
    """For z > max(25, v)."""
    rows = [_hankel(z, 0), _hankel(z, 1)]
    for k in range(1, v):
        rows.append((2.0 * k) / z * rows[-1] - rows[-2])
    return rows[: v + 1]


def _hankel(z, order):
    """sqrt(2 / (pi z)) (P cos(x) - Q sin(x)), x = z - order pi / 2 - pi / 4."""
    mu = 4.0 * order**2
    inverse = 1.0 / (8.0 * z)
    sums = [filled(z, 1.0), filled(z, 0.0)]
    term = filled(z, 1.0)
    for k in range(1, 2 * TERMS):
        term = term * inverse * ((mu - (2 * k - 1) ** 2) / k)
        sign = -1.0 if k % 4 in (2, 3) else 1.0
        sums[k % 2] = sums[k % 2] + sign * term
    p, q = sums
    sin, cos = lax.sin(z), lax.cos(z)
    # cos and sin of z - pi / 4, and a quarter turn further, times sqrt(2)
    a, b = (cos + sin, sin - cos) if order == 0 else (sin - cos, -cos - sin)
    return (p * a - q * b) / lax.sqrt(math.pi * z)
