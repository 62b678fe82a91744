"""The Faddeeva function w(z) = exp(-z**2) erfc(-i z) of complex numbers.

In the upper half plane w is an integral over the real line, which the midpoint and the
trapezoidal rules give nearly exactly once the pole at z is accounted for: M. Al Azah,
S. N. Chandler-Wilde, "Computation of the complex error function using modified
trapezoidal rules", SIAM Journal on Numerical Analysis 59, 2021. In the lower half plane
w(z) = 2 exp(-z**2) - w(-z). A program of complex operations, differentiated as such.
"""

import math

from .. import primitives as lax

NODES = 12
STEP = math.sqrt(math.pi / NODES)


def wofz(z):
    """w(z) of complex numbers, elementwise."""
    x, y = lax.real(z), lax.imag(z)
    lower = y < 0
    left = lax.select(lower, -x, x) < 0  # after z has become -z
    zero = lax.full_like(x, 0)
    value = _first_quadrant(abs(x), abs(y))
    value = lax.select(left, lax.conj(value), value)
    # exp(-z**2), on the lower half plane only
    a, b = lax.select(lower, x, zero), lax.select(lower, y, zero)
    size, angle = lax.exp((b - a) * (b + a)), -2 * a * b
    twice = lax.complex(2 * size * lax.cos(angle), 2 * size * lax.sin(angle))
    return lax.select(lower, twice - value, value)


def _first_quadrant(x, y):
    far = lax.max(x, y) > 1e7
    near_x, near_y = _where(far, 1.0, x), _where(far, 1.0, y)
    return lax.select(far, _asymptotic(x, y, far), _by_quadrature(near_x, near_y))


def _asymptotic(x, y, far):
    """i / (sqrt(pi) z), with |z|**2 not formed."""
    x, y = _where(far, x, 1.0), _where(far, y, 1.0)
    scale = lax.max(x, y)
    u, v = x / scale, y / scale
    size = math.sqrt(math.pi) * scale * (u * u + v * v)
    return lax.complex(v / size, u / size)


def _by_quadrature(x, y):
    z = lax.complex(x, y)
    square = z * z
    cycles = x / STEP
    phase = cycles - lax.stop_gradient(lax.round(cycles))
    # The poles of the midpoint rule are at halves, those of the other at integers;
    # high above the real axis neither matters.
    high = y >= math.pi / STEP
    by_midpoint = lax.bitwise_or(abs(phase) <= 0.25, high)
    total = z * 0
    for k in range(NODES):
        middle, node = (k + 0.5) * STEP, k * STEP
        weight = _choose(
            x,
            by_midpoint,
            math.exp(-middle * middle),
            math.exp(-node * node) * (0.5 if k == 0 else 1.0),
        )
        place = _choose(x, by_midpoint, middle * middle, node * node)
        total = total + lax.complex(weight, x * 0) / (square - place)
    turned = lax.complex(-y, x)  # i z
    value = turned * total * (2 * STEP / math.pi)
    # 2 exp(-z**2) / (1 +- exp(-2 pi i z / h)), the phase of the exponential reduced
    low = _where(high, 0.0, y)
    size = lax.exp(low * low - x * x)
    angle = -2 * x * low
    gauss = lax.complex(2 * size * lax.cos(angle), 2 * size * lax.sin(angle))
    growth = lax.exp(2 * math.pi / STEP * low)
    turn = -2 * math.pi * phase
    wave = lax.complex(growth * lax.cos(turn), growth * lax.sin(turn))
    pole = gauss / (1 + lax.select(by_midpoint, wave, -wave))
    return lax.select(high, value, value + pole)


def _where(mask, x, y):
    """Elementwise choice between real arrays, one of which may be a number."""
    like = y if isinstance(x, float) else x
    x, y = [lax.full_like(like, z) if isinstance(z, float) else z for z in (x, y)]
    return lax.select(mask, x, y)


def _choose(x, mask, first, second):
    return lax.select(mask, lax.full_like(x, first), lax.full_like(x, second))
