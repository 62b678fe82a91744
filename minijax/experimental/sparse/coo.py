"""`COO`: rows, columns and values of a matrix, three vectors."""

from typing import Any

import numpy as np

from ... import numpy as jnp
from ... import tree_util
from . import storage
from .base import JAXSparse
from .bcoo import BCOO, bcoo_fromdense


@tree_util.register_pytree_node_class
class COO(JAXSparse):
    """A sparse matrix as vectors of values, rows and columns.

    Args:
      args: (data, row, col), each (nse,); rows out of bounds are padding.
      shape: (n, m).
      rows_sorted, cols_sorted: what is known of the order.

    >>> COO.fromdense(jnp.eye(2)) @ jnp.array([1.0, 2.0])
    Array([1., 2.], dtype=float32)
    """

    row: Any
    col: Any

    def __init__(self, args, *, shape, rows_sorted=False, cols_sorted=False):
        self.data, self.row, self.col = (jnp.asarray(x) for x in args)
        self._shape = tuple(shape)
        self._rows_sorted, self._cols_sorted = rows_sorted, cols_sorted

    @property
    def shape(self):
        return self._shape

    def tree_flatten(self):
        flags = self._rows_sorted, self._cols_sorted
        return (self.data, self.row, self.col), (self._shape, *flags)

    @classmethod
    def tree_unflatten(cls, metadata, children):
        self = object.__new__(cls)
        self.data, self.row, self.col = children
        self._shape, self._rows_sorted, self._cols_sorted = metadata
        return self

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=np.int32):
        return coo_fromdense(mat, nse=nse, index_dtype=index_dtype)

    def to_bcoo(self):
        """The same elements as BCOO."""
        rows = jnp.stack([self.row, self.col], axis=-1)
        return BCOO((self.data, rows), shape=self.shape)

    def todense(self):
        return coo_todense(self)

    def transpose(self, axes=None):
        if axes not in (None, (1, 0), [1, 0]):
            raise NotImplementedError(
                f"COO.transpose: axes must be (1, 0) or None, got {axes!r}."
            )
        return COO(
            (self.data, self.col, self.row),
            shape=self.shape[::-1],
            rows_sorted=self._cols_sorted,
            cols_sorted=self._rows_sorted,
        )

    def __matmul__(self, other):
        if isinstance(other, JAXSparse):
            raise NotImplementedError(
                "COO: the product with another sparse array is not supported. Use BCOO."
            )
        other = jnp.asarray(other)
        return self.to_bcoo() @ other


def coo_fromdense(mat, *, nse=None, index_dtype=np.int32):
    """The elements of a matrix that are not zero."""
    stored = bcoo_fromdense(mat, nse=nse, index_dtype=index_dtype)
    row, col = stored.indices[:, 0], stored.indices[:, 1]
    return COO((stored.data, row, col), shape=stored.shape, rows_sorted=True)


def coo_todense(mat):
    """All elements of a matrix."""
    rows = jnp.stack([mat.row, mat.col], axis=-1)
    return storage.densify(mat.data, rows, mat.shape)


def coo_matvec(mat, v, transpose=False):
    """The product with a vector, of the transposed matrix on request."""
    return (mat.T if transpose else mat) @ v


def coo_matmat(mat, B, *, transpose=False):
    """The product with a matrix, of the transposed matrix on request."""
    return (mat.T if transpose else mat) @ B
