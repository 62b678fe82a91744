"""Matrix factorizations and triangular systems: `minijax.lax.linalg`."""

from ..primitives.linalg import *
from .qdwh import qdwh as qdwh
