"""A tree of arrays as one vector, and back.

{"a": f32[2], "b": f32[2,2]}   is   f32[6], a first, each array in row-major order
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np

from . import tree
from .dtypes import COMPLEX, default_float, dtype_of, result_type, short
from .numpy import concatenate, ravel, reshape, shape, split, zeros

__all__ = ["ravel_pytree"]


def ravel_pytree(pytree: Any) -> tuple[Any, _Unravel]:
    """The leaves of a tree in one vector, and the function that makes the tree again.

    The vector has the type that all leaves promote to; leaves of several types get
    their own back. The function is hashable, and equal for trees of equal shapes.

    >>> flat, unravel = ravel_pytree({"a": np.ones(2), "b": np.zeros((1, 2))})
    >>> flat
    Array([1., 1., 0., 0.], dtype=float32)
    >>> unravel(2 * flat)["a"]
    Array([2., 2.], dtype=float32)
    """
    leaves, treedef = tree.flatten(pytree)
    dtypes = tuple(dtype_of(leaf) for leaf in leaves)
    # Of dtypes and not of leaves: Python numbers count with their full type here.
    dtype = result_type(*dtypes) if leaves else default_float()
    columns = [ravel(leaf) for leaf in leaves]
    if any(own != dtype for own in dtypes):
        columns = [column.astype(dtype) for column in columns]
    flat = concatenate(columns) if columns else zeros(0, dtype)
    shapes = tuple(shape(leaf) for leaf in leaves)
    return flat, _Unravel(treedef, shapes, dtypes, dtype)


@dataclasses.dataclass(frozen=True)
class _Unravel:
    """Makes the tree of which a vector holds the elements."""

    treedef: tree.PyTreeDef
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[np.dtype, ...]
    dtype: np.dtype
    """The type of the vector, which matters only if the leaves have several types."""

    def __call__(self, flat: Any) -> Any:
        ends = list(itertools.accumulate(math.prod(s) for s in self.shapes))
        size = ends[-1] if ends else 0
        if shape(flat) != (size,):
            raise ValueError(
                f"unravel: the vector must have shape ({size},), got {shape(flat)}."
            )
        if not ends:
            return self.treedef.unflatten(())
        parts = [
            reshape(part, leaf_shape)
            for part, leaf_shape in zip(
                split(flat, ends[:-1]), self.shapes, strict=True
            )
        ]
        if any(dtype != self.dtype for dtype in self.dtypes):
            parts = self._cast(dtype_of(flat), parts)
        return self.treedef.unflatten(parts)

    def _cast(self, dtype: np.dtype, parts: list[Any]) -> list[Any]:
        """Give every leaf its own type; real leaves take the real part."""
        if dtype != self.dtype:
            raise TypeError(
                f"unravel: the vector must have dtype {short(self.dtype)}, to which "
                f"the leaves of the tree promote, got {short(dtype)}. "
                f"Use astype({self.dtype.name!r})."
            )
        real = [
            part.real if part.dtype in COMPLEX and dtype not in COMPLEX else part
            for part, dtype in zip(parts, self.dtypes, strict=True)
        ]
        return [x.astype(d) for x, d in zip(real, self.dtypes, strict=True)]
