"""Sparse arrays from nothing: `empty`, `eye`, `random_bcoo`."""

import math

import numpy as np

from ... import dtypes, random
from ... import numpy as jnp
from . import storage
from .bcoo import BCOO
from .bcsr import BCSR
from .compressed import CSC, CSR
from .coo import COO

_FORMATS = {"bcsr": BCSR, "bcoo": BCOO, "coo": COO, "csr": CSR, "csc": CSC}


def _format(where, name):
    if name not in _FORMATS:
        raise ValueError(
            f"{where}: sparse_format must be one of {list(_FORMATS)}, got {name!r}."
        )
    return _FORMATS[name]


def empty(shape, dtype=None, index_dtype="int32", sparse_format="bcoo", **kwds):
    """A sparse array of zeros, of which none is stored.

    Args:
      sparse_format: "bcoo", "bcsr", "coo", "csr" or "csc".
      kwds: further arguments of the format: n_batch and n_dense for "bcoo".

    >>> empty((2, 3))
    BCOO(float32[2, 3], nse=0)
    """
    kind = _format("empty", sparse_format)
    shape = tuple(shape)
    dtype = dtypes.default_float() if dtype is None else dtypes.canonicalize(dtype)
    if kind is BCOO:
        n_batch, n_dense = kwds.pop("n_batch", 0), kwds.pop("n_dense", 0)
        _refuse("empty", kwds)
        inner = len(shape) - n_dense
        data = jnp.zeros((*shape[:n_batch], 0, *shape[inner:]), dtype)
        indices = jnp.zeros((*shape[:n_batch], 0, inner - n_batch), index_dtype)
        flags = {"indices_sorted": True, "unique_indices": True}
        return BCOO((data, indices), shape=shape, **flags)
    _refuse("empty", kwds)
    if len(shape) != 2:
        raise ValueError(f"empty: {sparse_format} must have two axes, got {shape}.")
    return kind.fromdense(jnp.zeros(shape, dtype), nse=0, index_dtype=index_dtype)


def _refuse(where, kwds):
    if kwds:
        raise TypeError(f"{where}: unknown arguments {sorted(kwds)}.")


def eye(N, M=None, k=0, dtype=None, index_dtype="int32", sparse_format="bcoo", **kwds):
    """A sparse matrix (N, M) with ones on its k-th diagonal.

    The arguments are those of `empty`, and N, M, k those of `jnp.eye`.

    >>> eye(3)
    BCOO(float32[3, 3], nse=3)
    """
    kind = _format("eye", sparse_format)
    M = N if M is None else M
    count = max(min(N, M - k) if k >= 0 else min(N + k, M), 0)
    dtype = dtypes.default_float() if dtype is None else dtypes.canonicalize(dtype)
    place = np.arange(count)
    indices = np.stack([place + max(-k, 0), place + max(k, 0)], axis=1)
    flags = {"indices_sorted": True, "unique_indices": True}
    rows = jnp.asarray(indices.astype(index_dtype))
    out = BCOO((jnp.ones(count, dtype), rows), shape=(N, M), **flags)
    if kind is BCOO and kwds:
        n_batch, n_dense = kwds.pop("n_batch", 0), kwds.pop("n_dense", 0)
        _refuse("eye", kwds)
        return BCOO.fromdense(
            out.todense(), n_batch=n_batch, n_dense=n_dense, index_dtype=index_dtype
        )
    _refuse("eye", kwds)
    if kind is BCOO:
        return out
    return kind.fromdense(out.todense(), nse=count, index_dtype=index_dtype)


def random_bcoo(
    key,
    shape,
    *,
    dtype=float,
    indices_dtype=None,
    nse=0.2,
    n_batch=0,
    n_dense=0,
    unique_indices=True,
    sorted_indices=False,
    generator=random.uniform,
    **kwds,
):
    """A sparse array of random elements in random places.

    Args:
      nse: how many elements each batch stores; less than 1, which part of the places.
      unique_indices: no place twice.
      generator: `generator(key, shape, dtype, **kwds)` draws the elements.
    """
    shape = tuple(shape)
    inner = len(shape) - n_dense
    sizes = shape[n_batch:inner]
    total = math.prod(sizes)
    count = int(np.ceil(nse * total)) if 0 < nse < 1 else int(nse)
    if nse < 0 or (unique_indices and count > total):
        raise ValueError(
            f"random_bcoo: nse must be a part of the {total} places, or at most as "
            f"many, got {nse}."
        )
    indices_dtype = dtypes.canonicalize(indices_dtype or int)
    dtype = dtypes.canonicalize(dtype)
    data_key, place_key = random.split(key)

    def draw(key):
        if unique_indices:
            place = random.choice(key, total, (count,), replace=False)
        else:
            place = random.randint(key, (count,), 0, total)
        return storage.rows_of(place, sizes, indices_dtype)

    batch = shape[:n_batch]
    if batch:
        keys = random.split(place_key, math.prod(batch)).reshape(*batch)
        indices = storage.over_batches(draw, n_batch)(keys)
    else:
        indices = draw(place_key)
    data = generator(data_key, (*batch, count, *shape[inner:]), dtype, **kwds)
    out = BCOO((data, indices), shape=shape, unique_indices=unique_indices)
    return out.sort_indices() if sorted_indices else out
