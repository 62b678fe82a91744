"""Axes of BCOO arrays: permuted, inserted, joined, cut, summed over."""

import math

import numpy as np

from ... import lax
from ... import numpy as jnp
from ...api import vmap
from . import storage
from .bcoo import bcoo_sum_duplicates, bcoo_update_layout


def _axis(where, axis, ndim):
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"{where}: axis {axis} is out of bounds for an array of {ndim} axes."
        )
    return axis % ndim


def bcoo_transpose(mat, *, permutation):
    """The array with permuted axes: batch, sparse and dense axes among themselves."""
    permutation = [int(p) for p in permutation]
    if sorted(permutation) != list(range(mat.ndim)):
        raise ValueError(
            f"bcoo_transpose: permutation must be one of {mat.ndim} axes, got "
            f"{tuple(permutation)}."
        )
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    batch, sparse, dense = permutation[:a], permutation[a:b], permutation[b:]
    for kind, given, low, high in (
        ("batch", batch, 0, a),
        ("dense", dense, b, mat.ndim),
    ):
        if sorted(given) != list(range(low, high)):
            raise NotImplementedError(
                f"bcoo_transpose: {kind} axes must be permuted among themselves, got "
                f"permutation {tuple(permutation)} of an array with n_batch={a} and "
                f"n_dense={mat.n_dense}. Change these with update_layout first."
            )
    data = mat.data.transpose(*batch, a, *[p - mat.n_sparse + 1 for p in dense])
    indices = mat.indices[..., np.array(sparse, int) - a]
    indices = indices.transpose(*batch, a, a + 1)
    shape = [mat.shape[p] for p in permutation]
    same = sparse == sorted(sparse)
    return mat.replaced(
        data,
        indices,
        shape=shape,
        indices_sorted=mat.indices_sorted and same,
        unique_indices=mat.unique_indices,
    )


def bcoo_broadcast_in_dim(mat, *, shape, broadcast_dimensions, sharding=None):
    """The array repeated along new axes, and along axes of size 1 that grow.

    Args:
      broadcast_dimensions: the axis of the result that each axis becomes. Those before
        all sparse axes are batches, those behind all of them are stored whole.
    """
    if sharding is not None:
        raise NotImplementedError(
            "bcoo_broadcast_in_dim: sharding is not supported, pass None."
        )
    shape, dims = tuple(shape), [int(d) for d in broadcast_dimensions]
    fits = len(dims) == mat.ndim and dims == sorted(set(dims))
    if not fits or any(
        n not in (1, shape[d]) for n, d in zip(mat.shape, dims, strict=True)
    ):
        raise ValueError(
            f"bcoo_broadcast_in_dim: axes of {mat.shape} must go to axes of equal "
            f"size, or grow from 1, got shape {shape} and broadcast_dimensions "
            f"{tuple(dims)}."
        )
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    low = dims[a] if mat.n_sparse else (dims[a - 1] + 1 if a else len(shape))
    high = dims[b - 1] + 1 if mat.n_sparse else low
    if mat.n_dense and not mat.n_sparse:
        low = high = dims[b]
    inner = [d for d in range(low, high) if d not in dims]
    for d in inner:
        if shape[d] != 1:
            raise NotImplementedError(
                f"bcoo_broadcast_in_dim: an axis between sparse ones must have size 1, "
                f"got {shape[d]} for axis {d} of shape {shape}."
            )
    grown = [
        d for d, n in zip(dims[a:b], mat.sparse_sizes, strict=True) if n != shape[d]
    ]
    if grown:
        raise NotImplementedError(
            "bcoo_broadcast_in_dim: sparse axes must keep their size, got axes "
            f"{grown} of shape {shape} for an array of shape {mat.shape}. Make them "
            "batch axes with update_layout first."
        )
    data = lax.broadcast_in_dim(
        mat.data,
        (*shape[:low], mat.nse, *shape[high:]),
        (*dims[:a], low, *[d - high + low + 1 for d in dims[b:]]),
    )
    indices = lax.broadcast_in_dim(
        mat.indices,
        (*shape[:low], mat.nse, mat.n_sparse),
        (*dims[:a], low, low + 1),
    )
    zero = jnp.zeros((*indices.shape[:-1], 1), indices.dtype)
    columns = {d: indices[..., k : k + 1] for k, d in enumerate(dims[a:b])}
    rows = [columns.get(d, zero) for d in range(low, high)]
    joined = jnp.concatenate(rows, axis=-1) if rows else indices
    return mat.replaced(data, joined, shape=shape)


def bcoo_concatenate(operands, *, dimension):
    """Join arrays of one layout end to end along a batch or sparse axis."""
    operands = list(operands)
    first = operands[0]
    axis = _axis("bcoo_concatenate", dimension, first.ndim)
    layouts = {(x.n_batch, x.n_sparse, x.n_dense) for x in operands}
    if len(layouts) != 1:
        raise ValueError(
            "bcoo_concatenate: arrays must agree in n_batch, n_sparse and n_dense, got "
            f"{sorted(layouts)}. Use update_layout."
        )
    off_axis = {(*x.shape[:axis], *x.shape[axis + 1 :]) for x in operands}
    if len(off_axis) != 1:
        raise ValueError(
            f"bcoo_concatenate: arrays must agree on every axis but {axis}, got shapes "
            f"{' and '.join(str(x.shape) for x in operands)}."
        )
    a, b = first.n_batch, first.n_batch + first.n_sparse
    if axis >= b:
        raise NotImplementedError(
            f"bcoo_concatenate: axis {axis} is dense, and the arrays may store other "
            "rows. Lower n_dense with update_layout first."
        )
    shape = list(first.shape)
    shape[axis] = sum(x.shape[axis] for x in operands)
    if axis < a:
        nse = max(x.nse for x in operands)
        wide = [padded(x, nse) for x in operands]
        data = jnp.concatenate([x.data for x in wide], axis=axis)
        indices = jnp.concatenate([x.indices for x in wide], axis=axis)
        return first.replaced(data, indices, shape=shape)
    start, rows = 0, []
    for x in operands:
        # Padding of one operand must not fall into the next.
        inside = (x.indices < np.array(x.sparse_sizes)).all(axis=-1, keepdims=True)
        offset = np.zeros(x.n_sparse, int)
        offset[axis - a] = start
        outside = np.array(shape[a:b])
        moved = jnp.where(inside, x.indices + offset, outside)
        rows.append(moved.astype(x.indices.dtype))
        start += x.shape[axis]
    data = jnp.concatenate([x.data for x in operands], axis=a)
    return first.replaced(data, jnp.concatenate(rows, axis=a), shape=shape)


def padded(mat, nse):
    """The array with padding, up to nse elements in each batch."""
    more = nse - mat.nse
    if not more:
        return mat
    sizes = np.array(mat.sparse_sizes)

    def one(data, indices):
        zeros = jnp.zeros((more, *data.shape[1:]), data.dtype)
        rows = jnp.broadcast_to(sizes, (more, len(sizes))).astype(indices.dtype)
        return jnp.concatenate([data, zeros]), jnp.concatenate([indices, rows])

    return mat.replaced(*mat.over_batches(one), shape=mat.shape)


def bcoo_squeeze(arr, *, dimensions):
    """The array without some axes of size 1."""
    drop = {_axis("bcoo_squeeze", d, arr.ndim) for d in dimensions}
    if any(arr.shape[d] != 1 for d in drop):
        raise ValueError(
            f"bcoo_squeeze: axes must have size 1, got dimensions {tuple(dimensions)} "
            f"of shape {arr.shape}."
        )
    a, b = arr.n_batch, arr.n_batch + arr.n_sparse
    outer = [d for d in drop if d < a]
    data = lax.squeeze(arr.data, outer + [d - b + a + 1 for d in drop if d >= b])
    kept = [k for k in range(arr.n_sparse) if k + a not in drop]
    # An element that is out of bounds on a dropped axis stays padding on the others.
    sizes = np.array(arr.sparse_sizes)
    inside = (arr.indices < sizes).all(axis=-1, keepdims=True)
    rows = jnp.where(inside, arr.indices, sizes).astype(arr.indices.dtype)
    n_dense = arr.n_dense - sum(d >= b for d in drop)
    shaped = lax.squeeze(inside[..., 0], outer)
    data = jnp.where(shaped.reshape(*shaped.shape, *[1] * n_dense), data, 0)
    indices = lax.squeeze(rows[..., np.array(kept, int)], outer)
    shape = [n for d, n in enumerate(arr.shape) if d not in drop]
    return arr.replaced(data, indices, shape=shape)


def bcoo_reshape(mat, *, new_sizes, dimensions=None, sharding=None):
    """The same elements in row-major order under another shape.

    Batch axes become batch axes, sparse ones sparse, dense ones dense.
    """
    if sharding is not None:
        raise NotImplementedError("bcoo_reshape: sharding is not supported, pass None.")
    if dimensions is not None:
        mat = bcoo_transpose(mat, permutation=dimensions)
    sizes = [int(n) for n in new_sizes]
    if sizes.count(-1) == 1:
        known = math.prod(n for n in sizes if n != -1)
        sizes[sizes.index(-1)] = mat.size // known if known else 0
    if math.prod(sizes) != mat.size:
        raise TypeError(
            f"bcoo_reshape: shapes must hold as many elements, got {mat.shape} and "
            f"{tuple(new_sizes)}."
        )
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    cuts = _cuts(sizes, mat.shape[:a], mat.shape[a:b], mat.shape[b:])
    if cuts is None:
        raise ValueError(
            "bcoo_reshape: the new shape must not mix batch, sparse and dense axes, "
            f"got {mat.shape} with n_batch={a} and n_dense={mat.n_dense}, and "
            f"{tuple(sizes)}. Change the layout with update_layout first."
        )
    low, high = cuts
    old, new = mat.sparse_sizes, sizes[low:high]

    def one(_, indices):
        return storage.rows_of(storage.places(indices, old), new, indices.dtype)

    data = mat.data.reshape(*sizes[:low], mat.nse, *sizes[high:])
    rows = mat.over_batches(one).reshape(*sizes[:low], mat.nse, len(new))
    return mat.replaced(data, rows, shape=sizes)


def _cuts(sizes, batch, sparse, dense):
    """Where new sizes split into those of three groups of axes, or None."""
    for low in range(len(sizes) + 1) if batch else (0,):
        if math.prod(sizes[:low]) != math.prod(batch):
            continue
        ends = range(low, len(sizes) + 1) if dense else (len(sizes),)
        for high in reversed(ends):
            if math.prod(sizes[low:high]) != math.prod(sparse):
                continue
            if math.prod(sizes[high:]) == math.prod(dense):
                return low, high
    return None


def bcoo_rev(operand, dimensions):
    """The array with some axes reversed."""
    axes = {_axis("bcoo_rev", d, operand.ndim) for d in dimensions}
    a, b = operand.n_batch, operand.n_batch + operand.n_sparse
    data = lax.rev(
        operand.data, [d if d < a else d - b + a + 1 for d in axes if not a <= d < b]
    )
    indices = lax.rev(operand.indices, [d for d in axes if d < a])
    sizes = np.array(operand.sparse_sizes)
    flips = np.array([d in axes for d in range(a, b)], bool)
    inside = (indices < sizes).all(axis=-1, keepdims=True)
    turned = jnp.where(flips & inside, sizes - 1 - indices, indices)
    return operand.replaced(data, turned.astype(indices.dtype), shape=operand.shape)


def bcoo_slice(mat, *, start_indices, limit_indices, strides=None):
    """A rectangular part of the array, as `lax.slice`."""
    strides = [1] * mat.ndim if strides is None else list(strides)
    triples = list(zip(start_indices, limit_indices, strides, strict=True))
    if len(triples) != mat.ndim or any(
        not 0 <= low <= high <= n or step < 1
        for (low, high, step), n in zip(triples, mat.shape, strict=True)
    ):
        raise TypeError(
            "bcoo_slice: 0 <= start <= limit <= size and stride >= 1 must hold on "
            f"each axis, got {tuple(start_indices)}, {tuple(limit_indices)} and "
            f"{tuple(strides)} for shape {mat.shape}."
        )
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    cuts = [slice(*triple) for triple in triples]
    data = mat.data[(*cuts[:a], slice(None), *cuts[b:])]
    indices = mat.indices[tuple(cuts[:a])]
    shape = [len(range(*triple)) for triple in triples]
    low, high, step = (
        np.array([t[k] for t in triples[a:b]], indices.dtype) for k in range(3)
    )
    return _selected(mat, data, indices, shape, low, high, step)


def _selected(mat, data, indices, shape, low, high, step):
    """Elements with low <= index < high, some steps from low; others are padding."""
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    sizes = np.array(shape[a:b], indices.dtype)
    inside = (indices >= low) & (indices < high) & ((indices - low) % step == 0)
    keep = inside.all(axis=-1)
    rows = jnp.where(keep[..., None], (indices - low) // step, sizes)
    data = jnp.where(keep.reshape(*keep.shape, *[1] * mat.n_dense), data, 0)
    out = mat.replaced(data, rows.astype(indices.dtype), shape=shape)
    most = math.prod(shape[a:b])
    crowded = out.nse > most and math.prod(out.shape[:a])
    return bcoo_sum_duplicates(out, nse=most) if crowded else out


def bcoo_dynamic_slice(mat, start_indices, slice_sizes):
    """A part of static sizes that may start anywhere, as `lax.dynamic_slice`."""
    sizes = [int(n) for n in slice_sizes]
    if len(sizes) != mat.ndim or any(
        not 0 <= n <= m for n, m in zip(sizes, mat.shape, strict=True)
    ):
        raise TypeError(
            "bcoo_dynamic_slice: sizes must be at most those of the array, got "
            f"{tuple(sizes)} for shape {mat.shape}."
        )
    starts = [
        jnp.clip(jnp.asarray(s), 0, m - n)
        for s, m, n in zip(start_indices, mat.shape, sizes, strict=True)
    ]
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    zero = jnp.zeros((), starts[0].dtype) if starts else 0
    data = lax.dynamic_slice(
        mat.data, [*starts[:a], zero, *starts[b:]], [*sizes[:a], mat.nse, *sizes[b:]]
    )
    indices = lax.dynamic_slice(
        mat.indices, [*starts[:a], zero, zero], [*sizes[:a], mat.nse, mat.n_sparse]
    )
    if not mat.n_sparse:
        return mat.replaced(data, indices, shape=sizes)
    low = jnp.stack(starts[a:b]).astype(indices.dtype)
    high = low + np.array(sizes[a:b], indices.dtype)
    return _selected(mat, data, indices, sizes, low, high, 1)


def bcoo_gather(
    operand,
    start_indices,
    dimension_numbers,
    slice_sizes,
    *,
    unique_indices=False,
    indices_are_sorted=False,
    mode=None,
    fill_value=None,
):
    """Windows of a sparse array at given positions; arguments as for `lax.gather`.

    Windows are moved inside; the axes of `start_indices` become batch axes. Flags are
    accepted, and not needed.
    """
    mode = lax.GatherScatterMode.from_any(mode)
    if mode is lax.GatherScatterMode.FILL_OR_DROP or dimension_numbers[3]:
        raise NotImplementedError(
            "bcoo_gather: windows are moved inside, and there are no batching axes, "
            f"got mode={mode} and {dimension_numbers}. Use mode='clip', or vmap."
        )
    offsets, collapsed, index_map = dimension_numbers[:3]

    def window(vector):
        starts = [0] * operand.ndim
        for axis, start in zip(index_map, vector, strict=True):
            starts[axis] = start
        part = bcoo_dynamic_slice(operand, starts, slice_sizes)
        part = bcoo_squeeze(part, dimensions=collapsed)
        most = math.prod(part.sparse_sizes)
        return part.sum_duplicates(nse=most) if part.nse > most else part

    start_indices = jnp.asarray(start_indices)
    for _ in start_indices.shape[:-1]:
        window = vmap(window)
    out = window(start_indices)
    batch = start_indices.ndim - 1
    order = [d for d in range(out.ndim) if d not in offsets] + list(offsets)
    if order == list(range(out.ndim)):
        return out
    if batch:
        out = bcoo_update_layout(out, n_batch=0)
    return bcoo_transpose(out, permutation=np.argsort(order).tolist())


def bcoo_reduce_sum(mat, *, axes):
    """The sum over some axes; elements that meet are stored side by side."""
    drop = {_axis("bcoo_reduce_sum", d, mat.ndim) for d in axes}
    # The batch axes that are summed over come last, and become part of nse.
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    outer = [d for d in range(a) if d not in drop]
    gone = [d for d in range(a) if d in drop]
    order = [*outer, *gone, *range(a, mat.ndim)]
    mat = bcoo_transpose(mat, permutation=order)
    dense = [d - b + a + 1 for d in drop if d >= b]
    data = mat.data.sum(axis=tuple(dense)) if dense else mat.data
    sizes = np.array(mat.sparse_sizes)
    kept = [k for k in range(mat.n_sparse) if k + a not in drop]
    inside = (mat.indices < sizes).all(axis=-1, keepdims=True)
    rows = jnp.where(inside, mat.indices, sizes)[..., np.array(kept, int)]
    if not kept:
        n_dense = data.ndim - a - 1
        data = jnp.where(inside.reshape(*inside.shape[:-1], *[1] * n_dense), data, 0)
    n = len(outer)
    nse = math.prod(data.shape[n : a + 1])
    data = data.reshape(*data.shape[:n], nse, *data.shape[a + 1 :])
    rows = rows.reshape(*rows.shape[:n], nse, len(kept)).astype(mat.indices.dtype)
    shape = [mat.shape[k] for k, d in enumerate(order) if d not in drop]
    return mat.replaced(data, rows, shape=shape)


def flat_layout(mat):
    """The array with sparse axes only."""
    return bcoo_update_layout(mat, n_batch=0, n_dense=0)
