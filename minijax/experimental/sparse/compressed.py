"""`CSR` and `CSC`: matrices whose elements are stored row by row, or column by column.

`indptr[i]` is where row i begins; elements behind the last row are padding.
"""

from typing import Any

import numpy as np

from ... import numpy as jnp
from ... import tree_util
from .base import JAXSparse
from .bcoo import BCOO, bcoo_fromdense


def rows_from_indptr(indptr, nse):
    """The row of each element; the number of rows for padding."""
    place = jnp.arange(nse, dtype=indptr.dtype)
    row = jnp.searchsorted(indptr, place, side="right") - 1
    return jnp.where(place < indptr[-1], row, len(indptr) - 1).astype(indptr.dtype)


def indptr_from_rows(rows, count):
    """Where each row begins, from sorted rows; padding has larger ones."""
    edges = jnp.arange(count + 1, dtype=rows.dtype)
    return jnp.searchsorted(rows, edges, side="left").astype(rows.dtype)


class _Compressed(JAXSparse):
    """What CSR and CSC have in common; `_flipped` says that columns are compressed."""

    indices: Any
    indptr: Any
    _flipped = False

    def __init__(self, args, *, shape):
        self.data, self.indices, self.indptr = (jnp.asarray(x) for x in args)
        self._shape = tuple(shape)

    @property
    def shape(self):
        return self._shape

    def tree_flatten(self):
        return (self.data, self.indices, self.indptr), self._shape

    @classmethod
    def tree_unflatten(cls, metadata, children):
        self = object.__new__(cls)
        self.data, self.indices, self.indptr = children
        self._shape = metadata
        return self

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=np.int32):
        mat = jnp.asarray(mat)
        stored = bcoo_fromdense(
            mat.T if cls._flipped else mat, nse=nse, index_dtype=index_dtype
        )
        rows, columns = stored.indices[:, 0], stored.indices[:, 1]
        indptr = indptr_from_rows(rows, stored.shape[0])
        return cls((stored.data, columns, indptr), shape=mat.shape)

    def to_bcoo(self):
        """The same elements as BCOO."""
        rows = rows_from_indptr(self.indptr, self.nse)
        pair = (self.indices, rows) if self._flipped else (rows, self.indices)
        return BCOO((self.data, jnp.stack(pair, axis=-1)), shape=self.shape)

    def todense(self):
        return self.to_bcoo().todense()

    def transpose(self, axes=None):
        if axes not in (None, (1, 0), [1, 0]):
            raise NotImplementedError(
                f"{type(self).__name__}.transpose: axes must be (1, 0) or None, got "
                f"{axes!r}."
            )
        kind = CSR if self._flipped else CSC
        return kind((self.data, self.indices, self.indptr), shape=self.shape[::-1])

    def __matmul__(self, other):
        if isinstance(other, JAXSparse):
            raise NotImplementedError(
                f"{type(self).__name__}: the product with another sparse array is not "
                "supported. Use BCOO."
            )
        return self.to_bcoo() @ jnp.asarray(other)


@tree_util.register_pytree_node_class
class CSR(_Compressed):
    """A sparse matrix stored row by row: (data, column indices, indptr).

    >>> CSR.fromdense(jnp.array([[0.0, 5.0], [7.0, 0.0]])).indptr
    Array([0, 1, 2], dtype=int32)
    """


@tree_util.register_pytree_node_class
class CSC(_Compressed):
    """A sparse matrix stored column by column: (data, row indices, indptr)."""

    _flipped = True


def csr_fromdense(mat, *, nse=None, index_dtype=np.int32):
    """The elements of a matrix that are not zero."""
    return CSR.fromdense(mat, nse=nse, index_dtype=index_dtype)


def csr_todense(mat):
    """All elements of a matrix."""
    return mat.todense()


def csr_matvec(mat, v, transpose=False):
    """The product with a vector, of the transposed matrix on request."""
    return (mat.T if transpose else mat) @ v


def csr_matmat(mat, B, *, transpose=False):
    """The product with a matrix, of the transposed matrix on request."""
    return (mat.T if transpose else mat) @ B
