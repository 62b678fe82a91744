"""The elements of a BCOO array: stored, made dense, sorted, summed.

Unbatched, an array with sparse axes of sizes s and dense axes d has data (nse, *d) and
indices (nse, len(s)). A row of indices out of bounds is padding. Batch axes lead both.

    [[0, 5], [7, 0]]     data [5, 7]     indices [[0, 1], [1, 0]]

Functions here take and return such pairs; `over_batches` maps what is written for one.
The place of an element in row-major order, `places`, stands for its row of indices.
"""

import math

import numpy as np

from ... import numpy as jnp
from ...api import vmap
from ...errors import ConcretizationTypeError


def over_batches(function, n_batch):
    """A function of unbatched arrays, mapped over leading axes."""
    for _ in range(n_batch):
        function = vmap(function)
    return function


def places(indices, sizes):
    """(nse, n) indices as places in row-major order; their count for padding."""
    total = math.prod(sizes)
    inside = jnp.ones(indices.shape[:1], bool)
    place = jnp.zeros(indices.shape[:1], indices.dtype)
    for k, size in enumerate(sizes):
        column = indices[:, k]
        inside &= (column >= 0) & (column < size)
        place = place * size + column
    return jnp.where(inside, place, total)


def rows_of(place, sizes, dtype):
    """The inverse of `places`; padding points behind the end of every axis."""
    total = math.prod(sizes)
    columns = []
    rest = place
    for size in reversed(sizes):
        columns.append(rest % max(size, 1))
        rest = rest // max(size, 1)
    if not columns:
        return jnp.zeros((*place.shape, 0), dtype)
    inside = jnp.stack(columns[::-1], axis=-1)
    outside = np.array(sizes, dtype)
    return jnp.where((place < total)[:, None], inside, outside).astype(dtype)


def densify(data, indices, sizes):
    """All elements: (*sizes, *dense)."""
    total, dense = math.prod(sizes), data.shape[1:]
    place = places(indices, sizes)
    out = jnp.zeros((total, *dense), data.dtype)
    if data.dtype == bool:
        out = out.at[place].max(data, mode="drop")
    else:
        out = out.at[place].add(data, mode="drop")
    return out.reshape(*sizes, *dense)


def extracted(indices, dense, n_sparse, fill=0):
    """The elements of a dense array at indices; `fill` where they are padding."""
    sizes = dense.shape[:n_sparse]
    flat = dense.reshape(math.prod(sizes), *dense.shape[n_sparse:])
    place = places(indices, sizes)
    return flat.at[place].get(mode="fill", fill_value=fill)


def nonzero_places(mat, n_sparse):
    """Whether anything is to be stored at each place, (places,)."""
    flat = mat.reshape(math.prod(mat.shape[:n_sparse]), -1)
    return (flat != 0).any(axis=1)


def concrete_count(where, counts):
    """The largest count as a Python number.

    Raises:
      ConcretizationTypeError: it depends on traced values.
    """
    try:
        return int(jnp.max(counts, initial=0))
    except ConcretizationTypeError:
        raise ConcretizationTypeError(
            f"{where}: how many elements are stored must be known while tracing. Pass "
            "nse, an upper bound."
        ) from None


def from_dense(mat, nse, n_sparse, dtype):
    """The first nse elements that are not zero, in row-major order."""
    sizes = mat.shape[:n_sparse]
    total = math.prod(sizes)
    stored = nonzero_places(mat, n_sparse)
    place = jnp.nonzero(stored, size=nse, fill_value=total)[0]
    # By place, not by indices: without sparse axes these cannot say what is padding.
    flat = mat.reshape(total, *mat.shape[n_sparse:])
    data = flat.at[place].get(mode="fill", fill_value=0)
    return data, rows_of(place, sizes, dtype)


def in_order(data, indices, sizes):
    """The same elements in row-major order, padding last."""
    order = jnp.argsort(places(indices, sizes), stable=True)
    return data[order], indices[order]


def _occupied(data, indices, sizes, remove_zeros):
    """The places of elements; the number of places for padding, and zeros."""
    place = places(indices, sizes)
    if not remove_zeros:
        return place
    empty = (data == 0).reshape(data.shape[0], -1).all(axis=1)
    return jnp.where(empty, math.prod(sizes), place)


def distinct(data, indices, sizes, remove_zeros):
    """How many places are occupied."""
    place = jnp.sort(_occupied(data, indices, sizes, remove_zeros))
    first = jnp.concatenate([jnp.ones_like(place[:1], bool), place[1:] != place[:-1]])
    return (first & (place < math.prod(sizes))).sum()


def summed(data, indices, sizes, nse, remove_zeros):
    """Elements at one place added up, in row-major order, then padding to nse."""
    total = math.prod(sizes)
    place = _occupied(data, indices, sizes, remove_zeros)
    order = jnp.argsort(place, stable=True)
    place = place[order]
    first = jnp.concatenate([jnp.ones_like(place[:1], bool), place[1:] != place[:-1]])
    slot = jnp.where(place < total, jnp.cumsum(first) - 1, nse)
    out = jnp.zeros((nse, *data.shape[1:]), data.dtype)
    out = out.at[slot].add(data[order], mode="drop")
    kept = jnp.full(nse, total, place.dtype).at[slot].set(place, mode="drop")
    return out, rows_of(kept, sizes, indices.dtype)


def first_only(data, indices, sizes):
    """Data with zeros where an earlier element is at the same place."""
    place = places(indices, sizes)
    order = jnp.argsort(place, stable=True)
    ordered = place[order]
    first = jnp.concatenate(
        [jnp.ones_like(ordered[:1], bool), ordered[1:] != ordered[:-1]]
    )
    keep = jnp.zeros(place.shape, bool).at[order].set(first)
    return jnp.where(keep.reshape(-1, *[1] * (data.ndim - 1)), data, 0)
