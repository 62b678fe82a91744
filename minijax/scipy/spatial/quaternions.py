"""Unit quaternions (x, y, z, w) along the last axis, and what they stand for.

A rotation by the angle a about the unit vector u is (sin(a/2) u, cos(a/2)), or its
negative. Near a = 0 the functions are series in a^2, so that they have derivatives of
all orders there. Angles are in radians.
"""

import math

import numpy as np

from ... import numpy as jnp
from ...api import compiled

_ORDER = 9
# sin(a/2) / a and cos(a/2) in powers of a^2, exact to rounding for a^2 < 1.
_SINE = [(-1) ** k / (2 * 4**k * math.factorial(2 * k + 1)) for k in range(_ORDER)]
_COSINE = [(-1) ** k / (4**k * math.factorial(2 * k)) for k in range(_ORDER)]
# arctan(s) / s in powers of s^2, for s^2 < 1/100.
_ARCTAN = [(-1) ** k / (2 * k + 1) for k in range(_ORDER)]


def _series(coefficients, t):
    total = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = c + t * total
    return total


def _dot(a, b):
    return jnp.sum(a * b, axis=-1, keepdims=True)


def _parts(q):
    return q[..., :3], q[..., 3:]


@compiled
def normalize(q):
    """q / |q|."""
    return q / jnp.linalg.norm(q, axis=-1, keepdims=True)


@compiled
def product(p, q):
    """The rotation q, then p: the quaternion product p q, normalized."""
    (v, a), (u, b) = _parts(p), _parts(q)
    vector = a * u + b * v + jnp.cross(v, u)
    return normalize(jnp.concatenate([vector, a * b - _dot(v, u)], axis=-1))


@compiled
def conjugate(q):
    """The inverse rotation."""
    v, w = _parts(q)
    return jnp.concatenate([-v, w], axis=-1)


@compiled
def canonical(q):
    """Of q and -q the one whose first element that is not 0 is positive, w first."""
    negative = jnp.zeros(q.shape[:-1], bool)
    for k in (2, 1, 0, 3):  # the last one decides
        negative = jnp.where(q[..., k] == 0, negative, q[..., k] < 0)
    return jnp.where(negative[..., None], -q, q)


@compiled
def from_rotvec(rotvec):
    """From vectors along the axes, as long as the angles."""
    square = _dot(rotvec, rotvec)
    small = square < 1
    angle = jnp.sqrt(jnp.where(small, 1.0, square))
    near = jnp.where(small, square, 0.0)
    sine = jnp.where(small, _series(_SINE, near), jnp.sin(angle / 2) / angle)
    cosine = jnp.where(small, _series(_COSINE, near), jnp.cos(angle / 2))
    return jnp.concatenate([sine * rotvec, cosine], axis=-1)


@compiled
def to_rotvec(q):
    """Vectors along the axes, as long as the angles, which are at most pi."""
    v, w = _parts(q)
    v, w = jnp.where(w < 0, -v, v), jnp.abs(w)
    square = _dot(v, v)
    small = square < 0.01 * w * w
    sine = jnp.sqrt(jnp.where(small, 1.0, square))
    ratio = jnp.where(small, square, 0.0) / jnp.where(small, w * w, 1.0)
    near = _series(_ARCTAN, ratio) / jnp.where(small, w, 1.0)
    return 2 * v * jnp.where(small, near, jnp.arctan2(sine, w) / sine)


@compiled
def angle(q):
    """The angles, from 0 to pi; the derivative at 0 is 0."""
    v, w = _parts(q)
    return 2 * jnp.arctan2(jnp.linalg.norm(v, axis=-1), jnp.abs(w[..., 0]))


@compiled
def from_matrix(matrix):
    """From rotation matrices, (..., 3, 3).

    S. W. Shepperd, "Quaternion from rotation matrix", J. Guidance and Control 1 (1978):
    each row of 4 q q^T follows from the matrix; the one with the largest diagonal is
    taken, and normalized.
    """
    m = [[matrix[..., i, j] for j in range(3)] for i in range(3)]
    trace = m[0][0] + m[1][1] + m[2][2]
    rows = []
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        row = {i: 1 - trace + 2 * m[i][i], 3: m[k][j] - m[j][k]}
        row |= {j: m[j][i] + m[i][j], k: m[k][i] + m[i][k]}
        rows.append([row[place] for place in range(4)])
    last = [m[2][1] - m[1][2], m[0][2] - m[2][0], m[1][0] - m[0][1], 1 + trace]
    rows = jnp.stack([jnp.stack(row, axis=-1) for row in [*rows, last]], axis=-2)
    largest = jnp.argmax(jnp.stack([m[0][0], m[1][1], m[2][2], trace], -1), axis=-1)
    row = jnp.take_along_axis(rows, largest[..., None, None], axis=-2)
    return normalize(row[..., 0, :])


@compiled
def to_matrix(q):
    """Rotation matrices, (..., 3, 3)."""
    x, y, z, w = [q[..., k] for k in range(4)]
    rows = [
        [x * x - y * y - z * z + w * w, 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), -x * x + y * y - z * z + w * w, 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), -x * x - y * y + z * z + w * w],
    ]
    return jnp.stack([jnp.stack(row, axis=-1) for row in rows], axis=-2)


@compiled
def from_mrp(mrp):
    """From modified Rodrigues parameters, tan(a / 4) u."""
    square = _dot(mrp, mrp)
    return jnp.concatenate([2 * mrp, 1 - square], axis=-1) / (1 + square)


@compiled
def to_mrp(q):
    """Modified Rodrigues parameters, tan(a / 4) u, for angles of at most pi."""
    v, w = _parts(q)
    return jnp.where(w < 0, -v, v) / (1 + jnp.abs(w))


@compiled(static_argnames=("axes", "intrinsic"))
def from_euler(angles, axes, intrinsic):
    """From angles about coordinate axes, (..., len(axes)), taken one after another."""
    q = None
    for k, axis in enumerate(axes):
        unit = jnp.asarray(np.eye(3), angles.dtype)[axis]
        step = from_rotvec(angles[..., k, None] * unit)
        if q is None:
            q = step
        else:
            q = product(q, step) if intrinsic else product(step, q)
    return q


# Where the second angle is this close to an end, first and third turn about one axis.
_LOCKED = 1e-7


@compiled(static_argnames=("axes", "intrinsic"))
def to_euler(q, axes, intrinsic):
    """Angles about three coordinate axes, of which neighbours differ: (..., 3).

    Where first and third axis coincide (gimbal lock) one of these two angles is 0.

    E. Bernardes, S. Viollet, "Quaternion to Euler angles conversion: A direct, general
    and computationally efficient method", PLoS ONE 17(11), 2022.
    """
    i, j, k = axes[::-1] if intrinsic else axes
    proper = i == k
    if proper:
        k = 3 - i - j
    sign = (i - j) * (j - k) * (k - i) / 2  # of the permutation
    x = [q[..., n] for n in range(4)]
    a, b, c, d = x[3], x[i], x[j], sign * x[k]
    if not proper:
        a, b, c, d = a - c, b + d, c + a, d - b
    half_sum, half_difference = jnp.arctan2(b, a), jnp.arctan2(d, c)
    second = 2 * jnp.arctan2(jnp.hypot(c, d), jnp.hypot(a, b))

    low, high = second < _LOCKED, jnp.abs(second - math.pi) < _LOCKED
    first, third = half_sum - half_difference, half_sum + half_difference
    # In a lock, only the sum or the difference is known. The angle that is applied last
    # is 0.
    at_high = 2 * half_difference if intrinsic else -2 * half_difference
    known = jnp.where(low, 2 * half_sum, at_high)
    locked = low | high
    kept, dropped = jnp.where(locked, known, first), jnp.where(locked, 0.0, third)
    if intrinsic:
        kept, dropped = jnp.where(locked, 0.0, first), jnp.where(locked, known, third)
    if not proper:
        dropped, second = sign * dropped, second - math.pi / 2
    angles = [_wrapped(kept), second, _wrapped(dropped)]
    return jnp.stack(angles[::-1] if intrinsic else angles, axis=-1)


def _wrapped(angle):
    """An angle from -2 pi to 2 pi, as one from -pi to pi."""
    down = jnp.where(angle > math.pi, angle - 2 * math.pi, angle)
    return jnp.where(down < -math.pi, down + 2 * math.pi, down)


@compiled
def mean(q, weights):
    """The eigenvector of sum(weights q q^T) with the largest eigenvalue.

    F. L. Markley, Y. Cheng, J. L. Crassidis, Y. Oshman, "Averaging quaternions", J.
    Guidance, Control and Dynamics 30 (2007).
    """
    moments = (weights[:, None] * q).T @ q
    return jnp.linalg.eigh(moments)[1][:, -1]
