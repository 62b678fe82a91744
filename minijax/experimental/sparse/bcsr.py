"""`BCSR`: batches of matrices stored row by row, and trailing dense axes.

data      (*batch, nse, *dense)
indices   (*batch, nse)             columns
indptr    (*batch, rows + 1)        where each row begins
"""

from typing import Any

import numpy as np

from ... import numpy as jnp
from ... import tree_util
from . import storage
from .base import JAXSparse
from .bcoo import BCOO, as_bcoo, bcoo_fromdense, bcoo_sum_duplicates
from .compressed import indptr_from_rows, rows_from_indptr
from .products import bcoo_dot_general, matmul
from .reshaping import bcoo_broadcast_in_dim, bcoo_concatenate


@tree_util.register_pytree_node_class
class BCSR(JAXSparse):
    """Batches of sparse matrices, row by row: the triple (data, indices, indptr).

    >>> x = BCSR.fromdense(jnp.array([[0.0, 5.0], [7.0, 0.0]]))
    >>> x @ jnp.array([1.0, 2.0])
    Array([10.,  7.], dtype=float32)
    """

    indices: Any
    indptr: Any

    def __init__(self, args, *, shape, indices_sorted=False, unique_indices=False):
        self.data, self.indices, self.indptr = (jnp.asarray(x) for x in args)
        n_batch = self.indices.ndim - 1
        self._inner = tuple(shape)[n_batch:]
        self.n_dense = len(shape) - n_batch - 2
        self.indices_sorted = bool(indices_sorted)
        self.unique_indices = bool(unique_indices)
        rows = self._inner[0] + 1
        if self.n_dense < 0 or self.indptr.shape[-1] != rows:
            raise ValueError(
                f"BCSR: indptr must have {rows} elements for shape {tuple(shape)}, got "
                f"{self.indptr.shape}."
            )

    def tree_flatten(self):
        flags = self.indices_sorted, self.unique_indices
        children = self.data, self.indices, self.indptr
        return children, (self._inner, self.n_dense, *flags)

    @classmethod
    def tree_unflatten(cls, metadata, children):
        self = object.__new__(cls)
        self.data, self.indices, self.indptr = children
        self._inner, self.n_dense, self.indices_sorted, self.unique_indices = metadata
        return self

    @property
    def n_batch(self):
        return self.data.ndim - 1 - self.n_dense

    n_sparse = 2

    @property
    def shape(self):
        return (*self.data.shape[: self.n_batch], *self._inner)

    @property
    def nse(self):
        return self.data.shape[self.n_batch]

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=np.int32, n_dense=0, n_batch=0):
        return bcsr_fromdense(
            mat, nse=nse, index_dtype=index_dtype, n_dense=n_dense, n_batch=n_batch
        )

    @classmethod
    def from_bcoo(cls, arr):
        """The same elements as a BCOO array with two sparse axes."""
        if arr.n_sparse != 2:
            raise NotImplementedError(
                f"BCSR.from_bcoo: the array must have two sparse axes, got "
                f"{arr.n_sparse}. Use update_layout."
            )
        flags = {"indices_sorted": True, "unique_indices": arr.unique_indices}
        arr = arr.sort_indices()
        count = arr.sparse_sizes[0]
        rows = storage.over_batches(lambda r: indptr_from_rows(r, count), arr.n_batch)
        indptr = rows(arr.indices[..., 0])
        triple = arr.data, arr.indices[..., 1], indptr
        return cls(triple, shape=arr.shape, **flags)

    @classmethod
    def from_scipy_sparse(cls, mat, *, index_dtype=None, n_dense=0, n_batch=0):
        """The elements that a matrix of SciPy stores."""
        if n_dense or n_batch:
            raise NotImplementedError(
                "BCSR.from_scipy_sparse: n_dense and n_batch must be 0, got "
                f"{n_dense} and {n_batch}."
            )
        mat = mat.tocsr()
        kind = index_dtype or np.int32
        triple = mat.data, mat.indices.astype(kind), mat.indptr.astype(kind)
        return cls(triple, shape=mat.shape)

    def to_bcoo(self):
        """The same elements as BCOO."""
        nse = self.nse
        rows = storage.over_batches(lambda p: rows_from_indptr(p, nse), self.n_batch)
        pair = jnp.stack([rows(self.indptr), self.indices], axis=-1)
        return BCOO(
            (self.data, pair),
            shape=self.shape,
            indices_sorted=self.indices_sorted,
            unique_indices=self.unique_indices,
        )

    def todense(self):
        return bcsr_todense(self)

    def sum_duplicates(self, nse=None, remove_zeros=True):
        return bcsr_sum_duplicates(self, nse, remove_zeros)

    def transpose(self, axes=None):
        raise NotImplementedError(
            "BCSR.transpose: the transpose is stored column by column. Use "
            "x.to_bcoo().T."
        )

    def sum(self, axis=None):
        """The sum over axes: a number over all of them, otherwise BCOO."""
        return self.to_bcoo().sum(axis)

    def __matmul__(self, other):
        return matmul(self.to_bcoo(), other)

    def __rmatmul__(self, other):
        return matmul(other, self.to_bcoo())

    def __mul__(self, other):
        if isinstance(other, JAXSparse) or getattr(other, "shape", ()) != ():
            return BCSR.from_bcoo(self.to_bcoo() * other)
        triple = self.data * other, self.indices, self.indptr
        return BCSR(
            triple,
            shape=self.shape,
            indices_sorted=self.indices_sorted,
            unique_indices=self.unique_indices,
        )

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __add__(self, other):
        out = self.to_bcoo() + (
            as_bcoo(other) if isinstance(other, JAXSparse) else other
        )
        return BCSR.from_bcoo(out) if isinstance(out, BCOO) else out

    __radd__ = __add__


def bcsr_fromdense(mat, *, nse=None, n_batch=0, n_dense=0, index_dtype=np.int32):
    """The elements of a dense array that are not zero: see `bcoo_fromdense`."""
    stored = bcoo_fromdense(
        mat, nse=nse, n_batch=n_batch, n_dense=n_dense, index_dtype=index_dtype
    )
    return BCSR.from_bcoo(stored)


def bcsr_todense(mat):
    """All elements of a sparse array."""
    return mat.to_bcoo().todense()


def bcsr_extract(indices, indptr, mat):
    """The elements of a dense array in the places of a sparse one.

    Args:
      indices: (*batch, nse), columns.
      indptr: (*batch, rows + 1).

    Returns:
      (*batch, nse, *dense).
    """
    mat = jnp.asarray(mat)
    nse = indices.shape[-1]

    def one(columns, indptr, dense):
        rows = rows_from_indptr(indptr, nse)
        return storage.extracted(jnp.stack([rows, columns], axis=-1), dense, 2)

    return storage.over_batches(one, indices.ndim - 1)(indices, indptr, mat)


def bcsr_sum_duplicates(mat, nse=None, remove_zeros=True):
    """The same array with each place once."""
    out = bcoo_sum_duplicates(mat.to_bcoo(), nse, remove_zeros)
    return BCSR.from_bcoo(out)


def bcsr_dot_general(
    lhs,
    rhs,
    *,
    dimension_numbers,
    precision=None,
    preferred_element_type=None,
    out_sharding=None,
):
    """The contraction of `lax.dot_general` with lhs sparse: see `bcoo_dot_general`."""
    return bcoo_dot_general(
        as_bcoo(lhs),
        as_bcoo(rhs) if isinstance(rhs, JAXSparse) else rhs,
        dimension_numbers=dimension_numbers,
        precision=precision,
        preferred_element_type=preferred_element_type,
        out_sharding=out_sharding,
    )


def bcsr_broadcast_in_dim(mat, *, shape, broadcast_dimensions, sharding=None):
    """The array repeated along new axes: see `bcoo_broadcast_in_dim`."""
    out = bcoo_broadcast_in_dim(
        mat.to_bcoo(),
        shape=shape,
        broadcast_dimensions=broadcast_dimensions,
        sharding=sharding,
    )
    return BCSR.from_bcoo(out)


def bcsr_concatenate(operands, *, dimension):
    """Join arrays of one layout end to end: see `bcoo_concatenate`."""
    joined = bcoo_concatenate([x.to_bcoo() for x in operands], dimension=dimension)
    return BCSR.from_bcoo(joined)
