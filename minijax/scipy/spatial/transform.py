"""Rotations in three dimensions, and interpolation between them."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from ... import numpy as jnp
from ... import random
from ...numpy.promotion import as_operand, promote_inexact
from . import quaternions

__all__ = ["Rotation", "Slerp"]


def _array(where, x):
    """An argument as an array of floats; lists are welcome, as in SciPy."""
    x = jnp.asarray(x) if isinstance(x, list | tuple) else as_operand(where, x)
    return jnp.asarray(promote_inexact(where, x)[0])


def _vectors(where, name, x, n):
    x = _array(where, x)
    if x.ndim == 0 or x.shape[-1] != n:
        raise ValueError(
            f"{where}: {name} must have {n} elements along the last axis, got {x.aval}."
        )
    return x


def _axes(where, seq):
    """Positions of the axes that a word of letters names, and whether they turn too."""
    if not 1 <= len(seq) <= 3:
        raise ValueError(
            f"{where}: expected axis specification to be a non-empty string of up to 3 "
            f"characters, got {seq!r}."
        )
    intrinsic = set(seq) <= set("XYZ")
    if not intrinsic and not set(seq) <= set("xyz"):
        raise ValueError(
            f"{where}: expected axes from `seq` to be from ['x', 'y', 'z'] or ['X', "
            f"'Y', 'Z'], got {seq!r}."
        )
    if any(a == b for a, b in itertools.pairwise(seq)):
        raise ValueError(
            f"{where}: expected consecutive axes to be different, got {seq!r}."
        )
    return tuple(["xyz".index(letter) for letter in seq.lower()]), intrinsic


class Rotation(NamedTuple):
    """A rotation, or a stack of them, kept as quaternions (x, y, z, w).

    Build one with from_quat, from_matrix, from_rotvec, from_mrp, from_euler, identity
    or random; `p * q` is q followed by p. Rotations are containers: functions under
    `jit`, `vmap` and `grad` take and return them.

    >>> r = Rotation.from_euler("z", 90, degrees=True)
    >>> r.apply(np.array([1.0, 0.0, 0.0])).tolist()
    [0.0, 1.0, 0.0]
    """

    quat: Any

    @classmethod
    def from_quat(cls, quat):
        """From quaternions (x, y, z, w), (..., 4), which are normalized.

        >>> Rotation.from_quat(np.array([0.0, 0.0, 0.0, 2.0])).quat.tolist()
        [0.0, 0.0, 0.0, 1.0]
        """
        return cls(quaternions.normalize(_vectors("from_quat", "quat", quat, 4)))

    @classmethod
    def from_matrix(cls, matrix):
        """From rotation matrices, (..., 3, 3).

        >>> Rotation.from_matrix(np.eye(3)).quat.tolist()
        [0.0, 0.0, 0.0, 1.0]
        """
        matrix = _array("from_matrix", matrix)
        if matrix.shape[-2:] != (3, 3):
            raise ValueError(
                f"from_matrix: matrix must be of shape (..., 3, 3), got {matrix.aval}."
            )
        return cls(quaternions.from_matrix(matrix))

    @classmethod
    def from_rotvec(cls, rotvec, degrees: bool = False):
        """From vectors along the axes, (..., 3), whose lengths are the angles.

        >>> Rotation.from_rotvec(np.zeros(3)).quat.tolist()
        [0.0, 0.0, 0.0, 1.0]
        """
        rotvec = _vectors("from_rotvec", "rotvec", rotvec, 3)
        if degrees:
            rotvec = jnp.deg2rad(rotvec)
        return cls(quaternions.from_rotvec(rotvec))

    @classmethod
    def from_mrp(cls, mrp):
        """From modified Rodrigues parameters, (..., 3): axes times tan(angle / 4).

        >>> Rotation.from_mrp(np.zeros(3)).quat.tolist()
        [0.0, 0.0, 0.0, 1.0]
        """
        return cls(quaternions.from_mrp(_vectors("from_mrp", "mrp", mrp, 3)))

    @classmethod
    def from_euler(cls, seq: str, angles, degrees: bool = False):
        """From angles about up to three coordinate axes, one after another.

        Args:
          seq: the axes: small letters for axes that stand still, capitals for axes that
            turn with the body.
          angles: (..., len(seq)), or a number for one axis.

        >>> Rotation.from_euler("xy", np.zeros(2)).quat.tolist()
        [0.0, 0.0, 0.0, 1.0]
        """
        axes, intrinsic = _axes("from_euler", seq)
        angles = jnp.atleast_1d(_array("from_euler", angles))
        angles = _vectors("from_euler", "angles", angles, len(seq))
        if degrees:
            angles = jnp.deg2rad(angles)
        return cls(quaternions.from_euler(angles, axes, intrinsic))

    @classmethod
    def identity(cls, num: int | None = None, dtype=float):
        """The rotation that leaves everything in place, or a stack of num of them.

        >>> Rotation.identity().quat.tolist()
        [0.0, 0.0, 0.0, 1.0]
        """
        q = jnp.array([0, 0, 0, 1], dtype=dtype)
        return cls(q if num is None else jnp.tile(q, (num, 1)))

    @classmethod
    def random(cls, random_key, num: int | None = None):
        """A rotation drawn uniformly, or a stack of num of them.

        A normal vector in four dimensions has no preferred direction.

        >>> Rotation.random(random.key(0), 5).quat.shape
        (5, 4)
        """
        shape = (4,) if num is None else (num, 4)
        return cls(quaternions.normalize(random.normal(random_key, shape)))

    @classmethod
    def concatenate(cls, rotations: Sequence["Rotation"]):
        """Rotations and stacks of them as one stack.

        >>> len(Rotation.concatenate([Rotation.identity(), Rotation.identity(2)]))
        3
        """
        return cls(jnp.concatenate([jnp.atleast_2d(r.quat) for r in rotations]))

    def as_quat(self, canonical: bool = False, scalar_first: bool = False):
        """Quaternions (x, y, z, w), or (w, x, y, z) with `scalar_first`.

        Of q and -q, which are the same rotation, `canonical` takes the one with
        positive w (or, in turn, x, y, z).
        """
        q = quaternions.canonical(self.quat) if canonical else self.quat
        return jnp.roll(q, 1, axis=-1) if scalar_first else q

    def as_matrix(self):
        """Rotation matrices, (..., 3, 3)."""
        return quaternions.to_matrix(self.quat)

    def as_rotvec(self, degrees: bool = False):
        """Vectors along the axes, (..., 3), as long as the angles, at most pi."""
        rotvec = quaternions.to_rotvec(self.quat)
        return jnp.rad2deg(rotvec) if degrees else rotvec

    def as_mrp(self):
        """Modified Rodrigues parameters, (..., 3): axes times tan(angle / 4)."""
        return quaternions.to_mrp(self.quat)

    def as_euler(self, seq: str, degrees: bool = False):
        """Angles about three coordinate axes, (..., 3), named as in `from_euler`.

        Where first and third axis coincide (gimbal lock) the third angle is 0.

        >>> turn = Rotation.from_euler("xyz", np.array([0.1, 0.2, 0.3]))
        >>> turn.as_euler("xyz").tolist()
        [0.1, 0.2, 0.3]
        """
        if len(seq) != 3:
            raise ValueError(f"as_euler: expected 3 axes, got {seq!r}.")
        angles = quaternions.to_euler(self.quat, *_axes("as_euler", seq))
        return jnp.rad2deg(angles) if degrees else angles

    def apply(self, vectors, inverse: bool = False):
        """Vectors, (..., 3), rotated; one rotation for all, or one for each.

        >>> Rotation.identity().apply(np.array([1.0, 2.0, 3.0])).tolist()
        [1.0, 2.0, 3.0]
        """
        vectors = _vectors("apply", "vectors", vectors, 3)
        spelling = "...ji,...j->...i" if inverse else "...ij,...j->...i"
        return jnp.einsum(spelling, self.as_matrix(), vectors, precision="highest")

    def inv(self):
        """The inverse rotations."""
        return Rotation(quaternions.conjugate(self.quat))

    def magnitude(self):
        """The angles, from 0 to pi."""
        return quaternions.angle(self.quat)

    def mean(self, weights=None):
        """The rotation nearest to all in a stack, which may be weighted.

        Raises:
          TypeError: for a single rotation.
          ValueError: if there is another number of weights than of rotations.
        """
        n = len(self)
        if weights is None:
            weights = jnp.ones(n, self.quat.dtype)
        weights, quat = promote_inexact("mean", weights, self.quat)
        if weights.shape != (n,):
            raise ValueError(
                "mean: expected `weights` to have number of values equal to number of "
                f"rotations, got {weights.aval} and {n} rotations."
            )
        return Rotation(quaternions.mean(quat, weights))

    @property
    def single(self) -> bool:
        """Whether this is one rotation, not a stack."""
        return self.quat.ndim == 1

    def __mul__(self, other):
        if not isinstance(other, Rotation):
            return NotImplemented
        return Rotation(quaternions.product(self.quat, other.quat))

    def __getitem__(self, indexer) -> "Rotation":
        if self.single:
            raise TypeError("Rotation: a single rotation is not subscriptable.")
        return Rotation(self.quat[indexer])

    def __len__(self):
        if self.single:
            raise TypeError("Rotation: a single rotation has no len().")
        return self.quat.shape[0]


class Slerp(NamedTuple):
    """Rotations between given ones, turning at constant speed; build it with `init`.

    K. Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.

    >>> ends = Rotation.from_euler("z", np.array([[0.0], [90.0]]), degrees=True)
    >>> halfway = Slerp.init(np.array([0.0, 1.0]), ends)(0.5)
    >>> halfway.as_euler("xyz", degrees=True).tolist()
    [0.0, 0.0, 45.0]
    """

    times: Any
    timedelta: Any
    rotations: Rotation
    rotvecs: Any

    @classmethod
    def init(cls, times, rotations: Rotation):
        """An interpolation through rotations at ascending times.

        Raises:
          TypeError: if rotations are none.
          ValueError: if there are fewer than two of them, or another number of times.
        """
        if not isinstance(rotations, Rotation):
            raise TypeError(
                f"Slerp.init: `rotations` must be a `Rotation`, got {type(rotations)}."
            )
        if rotations.single or len(rotations) < 2:
            raise ValueError(
                "Slerp.init: `rotations` must be a sequence of at least 2 rotations, "
                f"got quaternions {rotations.quat.aval}."
            )
        times = jnp.asarray(times, dtype=rotations.quat.dtype)
        if times.shape != (len(rotations),):
            raise ValueError(
                f"Slerp.init: times must be a vector with one time for each of the "
                f"{len(rotations)} rotations, got {times.aval}."
            )
        starts, ends = Rotation(rotations.quat[:-1]), Rotation(rotations.quat[1:])
        return cls(times, jnp.diff(times), starts, (starts.inv() * ends).as_rotvec())

    def __call__(self, times):
        """The rotation at a time, or a stack of them; outside, the ends turn on.

        Raises:
          ValueError: if times have more than one dimension.
        """
        times = jnp.asarray(times, dtype=self.times.dtype)
        if times.ndim > 1:
            raise ValueError(
                f"Slerp: `times` must be at most 1-dimensional, got {times.aval}."
            )
        last = self.timedelta.shape[0] - 1
        k = jnp.clip(jnp.searchsorted(self.times, times, side="right") - 1, 0, last)
        part = (times - self.times[k]) / self.timedelta[k]
        turn = Rotation.from_rotvec(self.rotvecs[k] * part[..., None])
        return Rotation(self.rotations.quat[k]) * turn
