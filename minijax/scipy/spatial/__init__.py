"""Rotations in space: `minijax.scipy.spatial.transform`."""

from . import transform as transform
