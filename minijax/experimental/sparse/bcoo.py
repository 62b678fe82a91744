"""`BCOO`: coordinates and values of the elements that are stored, in batches.

    data      (*batch, nse, *dense)
    indices   (*batch, nse, n_sparse)

The shape of the array is (*batch, *sparse, *dense). Indices may repeat, and their
elements add up; a row of indices out of bounds is padding. Both arrays are leaves of a
container: `jit`, `grad` of data, and `vmap` over batch axes apply as they are.
"""

import warnings
from typing import Any

import numpy as np

from ... import dtypes, tree_util
from ... import numpy as jnp
from ...errors import ConcretizationTypeError
from . import storage
from .base import (
    JAXSparse,
    SparseEfficiencyError,
    SparseEfficiencyWarning,
    describe,
)


@tree_util.register_pytree_node_class
class BCOO(JAXSparse):
    """A sparse array as the coordinates and values of its elements.

    Args:
      args: the pair (data, indices).
      shape: of the whole array.
      indices_sorted, unique_indices: what is known of the indices.

    >>> x = BCOO.fromdense(jnp.array([[0.0, 5.0], [7.0, 0.0]]))
    >>> x
    BCOO(float32[2, 2], nse=2)
    >>> x @ jnp.array([1.0, 2.0])
    Array([10.,  7.], dtype=float32)
    """

    indices: Any

    def __init__(self, args, *, shape, indices_sorted=False, unique_indices=False):
        self.data, self.indices = (jnp.asarray(x) for x in args)
        shape = tuple(int(n) for n in shape)
        n_batch, n_sparse = self.indices.ndim - 2, self.indices.shape[-1]
        self.n_dense = len(shape) - n_batch - n_sparse
        self._inner = shape[n_batch:]
        self.indices_sorted = bool(indices_sorted)
        self.unique_indices = bool(unique_indices)
        nse = self.indices.shape[-2]
        expected = (*shape[:n_batch], nse, *shape[n_batch + n_sparse :])
        if self.n_dense < 0 or self.data.shape != expected:
            raise ValueError(
                f"BCOO: data must have shape {expected} for an array of shape {shape} "
                f"with indices of shape {self.indices.shape}, got {self.data.shape}."
            )
        if not jnp.issubdtype(self.indices.dtype, jnp.integer):
            raise TypeError(
                f"BCOO: indices must be integers, got {describe(self.indices)}."
            )

    # Axes of batches come and go with those of the leaves; the others stay.

    def tree_flatten(self):
        flags = self.indices_sorted, self.unique_indices
        return (self.data, self.indices), (self._inner, self.n_dense, *flags)

    @classmethod
    def tree_unflatten(cls, metadata, children):
        self = object.__new__(cls)
        self.data, self.indices = children
        self._inner, self.n_dense, self.indices_sorted, self.unique_indices = metadata
        return self

    @property
    def shape(self):
        return (*self.data.shape[: self.n_batch], *self._inner)

    @property
    def n_batch(self):
        return self.data.ndim - 1 - self.n_dense

    @property
    def n_sparse(self):
        return len(self._inner) - self.n_dense

    @property
    def nse(self):
        return self.data.shape[self.n_batch]

    @property
    def sparse_sizes(self):
        """The sizes of the sparse axes."""
        return self._inner[: self.n_sparse]

    def replaced(self, data, indices=None, *, shape=None, **flags):
        """Other data in the same places, or other places too."""
        same = indices is None and shape is None
        known = {
            "indices_sorted": self.indices_sorted if same else False,
            "unique_indices": self.unique_indices if same else False,
        }
        return BCOO(
            (data, self.indices if indices is None else indices),
            shape=self.shape if shape is None else shape,
            **{**known, **flags},
        )

    def over_batches(self, function, *more):
        """`function(data, indices, *more)` for each batch."""
        mapped = storage.over_batches(function, self.n_batch)
        return mapped(self.data, self.indices, *more)

    @classmethod
    def fromdense(cls, mat, *, nse=None, index_dtype=np.int32, n_dense=0, n_batch=0):
        """The elements of a dense array that are not zero: see `bcoo_fromdense`."""
        return bcoo_fromdense(
            mat, nse=nse, index_dtype=index_dtype, n_dense=n_dense, n_batch=n_batch
        )

    @classmethod
    def from_scipy_sparse(cls, mat, *, index_dtype=None, n_dense=0, n_batch=0):
        """The elements that a matrix of SciPy stores."""
        if n_dense or n_batch:
            raise NotImplementedError(
                "BCOO.from_scipy_sparse: n_dense and n_batch must be 0, got "
                f"{n_dense} and {n_batch}. Change them with update_layout."
            )
        mat = mat.tocoo()
        indices = np.column_stack([mat.row, mat.col])
        indices = indices.astype(index_dtype or np.int32)
        return cls((mat.data, indices), shape=mat.shape)

    def todense(self):
        return bcoo_todense(self)

    def sort_indices(self):
        return bcoo_sort_indices(self)

    def sum_duplicates(self, nse=None, remove_zeros=True):
        return bcoo_sum_duplicates(self, nse=nse, remove_zeros=remove_zeros)

    def update_layout(self, *, n_batch=None, n_dense=None, on_inefficient="error"):
        return bcoo_update_layout(
            self, n_batch=n_batch, n_dense=n_dense, on_inefficient=on_inefficient
        )

    def astype(self, *args, **kwargs):
        """The same elements in another type."""
        return self.replaced(self.data.astype(*args, **kwargs))


def bcoo_todense(mat):
    """All elements of a sparse array.

    >>> bcoo_todense(BCOO((jnp.ones(2), jnp.array([[0], [0]])), shape=(2,)))
    Array([2., 0.], dtype=float32)
    """
    sizes = mat.sparse_sizes
    return mat.over_batches(lambda data, indices: storage.densify(data, indices, sizes))


def bcoo_fromdense(mat, *, nse=None, n_batch=0, n_dense=0, index_dtype=np.int32):
    """The elements of a dense array that are not zero.

    Args:
      nse: how many to store in each batch; as many as there are without, which is only
        possible where they can be counted, outside of `jit`.
      n_batch, n_dense: how many leading axes are batches, how many trailing ones are
        stored whole.
    """
    mat = jnp.asarray(mat)
    n_sparse = mat.ndim - n_batch - n_dense
    if n_sparse < 0 or n_batch < 0 or n_dense < 0:
        raise ValueError(
            f"bcoo_fromdense: n_batch and n_dense must leave axes of {describe(mat)}, "
            f"got {n_batch} and {n_dense}."
        )
    if nse is None:
        count = storage.over_batches(
            lambda x: storage.nonzero_places(x, n_sparse).sum(), n_batch
        )
        nse = storage.concrete_count("bcoo_fromdense", count(mat))
    store = storage.over_batches(
        lambda x: storage.from_dense(x, int(nse), n_sparse, index_dtype), n_batch
    )
    pair = store(mat)
    return BCOO(pair, shape=mat.shape, indices_sorted=True, unique_indices=True)


def bcoo_extract(sparr, arr, *, assume_unique=None):
    """The elements of a dense array in the places of a sparse one.

    Args:
      assume_unique: no place occurs twice; as the sparse array says without. Otherwise
        the first of several elements gets the value, and the others zero.
    """
    arr = jnp.asarray(arr)
    if arr.shape != sparr.shape:
        raise ValueError(
            f"bcoo_extract: both arrays must have one shape, got {sparr.shape} and "
            f"{arr.shape}."
        )
    unique = sparr.unique_indices if assume_unique is None else assume_unique
    sizes = sparr.sparse_sizes

    def one(_, indices, dense):
        data = storage.extracted(indices, dense, len(sizes))
        return data if unique else storage.first_only(data, indices, sizes)

    return sparr.replaced(sparr.over_batches(one, arr))


def bcoo_sort_indices(mat):
    """The same array with elements in row-major order."""
    if mat.indices_sorted:
        return mat
    sizes = mat.sparse_sizes
    pair = mat.over_batches(lambda d, i: storage.in_order(d, i, sizes))
    return mat.replaced(*pair, indices_sorted=True, unique_indices=mat.unique_indices)


def bcoo_sum_duplicates(mat, nse=None, remove_zeros=True):
    """The same array with each place once, in row-major order.

    Args:
      nse: how many elements the result stores; the number of places without, which can
        only be counted outside of `jit`.
      remove_zeros: stored zeros become padding.
    """
    sizes = mat.sparse_sizes
    if nse is None:
        counts = mat.over_batches(
            lambda d, i: storage.distinct(d, i, sizes, remove_zeros)
        )
        try:
            nse = storage.concrete_count("bcoo_sum_duplicates", counts)
        except ConcretizationTypeError as error:
            raise ValueError(str(error)) from None
    pair = mat.over_batches(lambda d, i: storage.summed(d, i, sizes, nse, remove_zeros))
    return mat.replaced(*pair, indices_sorted=True, unique_indices=True)


# Which axes are batches, which are stored whole


def bcoo_update_layout(mat, *, n_batch=None, n_dense=None, on_inefficient="error"):
    """The same array with another number of batch or dense axes.

    Args:
      on_inefficient: "error", "warn" or None: what to do where more numbers have to be
        stored than before.
    """
    n_batch = mat.n_batch if n_batch is None else int(n_batch)
    n_dense = mat.n_dense if n_dense is None else int(n_dense)
    if n_batch < 0 or n_dense < 0 or n_batch + n_dense > mat.ndim:
        raise ValueError(
            "bcoo_update_layout: n_batch and n_dense must be at least 0 and at most "
            f"{mat.ndim} together, got {n_batch} and {n_dense}."
        )
    if on_inefficient not in ("error", "warn", None):
        raise ValueError(
            "bcoo_update_layout: on_inefficient must be 'error', 'warn' or None, got "
            f"{on_inefficient!r}."
        )
    while mat.n_dense > n_dense:
        mat = _dense_to_sparse(mat)
    while mat.n_batch > n_batch:
        mat = _batch_to_sparse(mat)
    for kind, more in (
        ("n_batch", n_batch - mat.n_batch),
        ("n_dense", n_dense - mat.n_dense),
    ):
        if more > 0:
            _judge(mat, kind, more, on_inefficient)
        for _ in range(more):
            mat = _sparse_to_batch(mat) if kind == "n_batch" else _sparse_to_dense(mat)
    return mat


def _judge(mat, kind, more, on_inefficient):
    sizes = mat.sparse_sizes
    grown = sizes[:more] if kind == "n_batch" else sizes[len(sizes) - more :]
    if on_inefficient is None or all(n == 1 for n in grown):
        return
    message = (
        f"bcoo_update_layout: {kind} grows by {more} for an array of shape "
        f"{mat.shape}, which stores {int(np.prod(grown))} times as many numbers. Pass "
        "on_inefficient=None to do so."
    )
    if on_inefficient == "error":
        raise SparseEfficiencyError(message)
    warnings.warn(message, SparseEfficiencyWarning)


def _dense_to_sparse(mat):
    """The first dense axis becomes the last sparse one."""
    size = mat.shape[mat.n_batch + mat.n_sparse]

    def one(data, indices):
        nse = data.shape[0]
        column = jnp.tile(jnp.arange(size, dtype=indices.dtype), nse)[:, None]
        rows = jnp.concatenate([jnp.repeat(indices, size, axis=0), column], axis=1)
        return data.reshape(nse * size, *data.shape[2:]), rows

    known = {
        "indices_sorted": mat.indices_sorted,
        "unique_indices": mat.unique_indices,
    }
    return mat.replaced(*mat.over_batches(one), shape=mat.shape, **known)


def _batch_to_sparse(mat):
    """The last batch axis becomes the first sparse one."""
    size, shape = mat.shape[mat.n_batch - 1], mat.shape

    def one(data, indices):
        nse = data.shape[1]
        column = jnp.repeat(jnp.arange(size, dtype=indices.dtype), nse)[:, None]
        rows = indices.reshape(size * nse, indices.shape[-1])
        rows = jnp.concatenate([column, rows], axis=1)
        return data.reshape(size * nse, *data.shape[2:]), rows

    mapped = storage.over_batches(one, mat.n_batch - 1)
    return mat.replaced(*mapped(mat.data, mat.indices), shape=shape)


def _sparse_to_batch(mat):
    """The first sparse axis becomes the last batch one; each batch has all elements."""
    sizes = mat.sparse_sizes
    outside = np.array(sizes[1:])

    def one(data, indices):
        def member(b):
            here = indices[:, 0] == b
            shaped = here.reshape(-1, *[1] * (data.ndim - 1))
            rows = jnp.where(here[:, None], indices[:, 1:], outside)
            return jnp.where(shaped, data, 0), rows.astype(indices.dtype)

        return storage.over_batches(member, 1)(
            jnp.arange(sizes[0], dtype=indices.dtype)
        )

    return mat.replaced(*mat.over_batches(one), shape=mat.shape)


def _sparse_to_dense(mat):
    """The last sparse axis becomes the first dense one; each element a whole row."""
    size = mat.sparse_sizes[-1]

    def one(data, indices):
        here = indices[:, -1:] == jnp.arange(size, dtype=indices.dtype)
        spread = here.reshape(*here.shape, *[1] * (data.ndim - 1))
        return jnp.where(spread, data[:, None], 0), indices[:, :-1]

    return mat.replaced(*mat.over_batches(one), shape=mat.shape)


def as_bcoo(x):
    """A sparse array of any kind as BCOO."""
    return x if isinstance(x, BCOO) else x.to_bcoo()


def result_type(*operands):
    """The type that operands, sparse or dense, promote to."""
    return dtypes.result_type(
        *[x.data if isinstance(x, JAXSparse) else x for x in operands]
    )
