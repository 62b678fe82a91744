"""Products of sparse arrays: elementwise, and contractions.

A contraction with a dense array gathers, for each stored element, the row of the dense
array that it meets, and adds the products up where they belong:

    out[i, :] += data * dense[k, :]        for each element at (i, k)
"""

import math

import numpy as np

from ... import lax
from ... import numpy as jnp
from . import storage
from .base import JAXSparse, describe
from .bcoo import BCOO, as_bcoo, bcoo_sum_duplicates, result_type
from .reshaping import bcoo_broadcast_in_dim, flat_layout


def at_elements(mat, v, fill=0):
    """The elements of a dense array, broadcast to a sparse one, in the places of that.

    Args:
      fill: for padding.

    Returns:
      An array that broadcasts against mat.data.
    """
    v = jnp.asarray(v)
    if v.ndim > mat.ndim or any(
        n not in (1, m) for n, m in zip(v.shape[::-1], mat.shape[::-1], strict=False)
    ):
        raise NotImplementedError(
            f"sparse multiplication: the dense operand must broadcast to the shape of "
            f"the sparse one, {mat.shape}, got {v.shape}."
        )
    v = v.reshape(*[1] * (mat.ndim - v.ndim), *v.shape)
    a, b = mat.n_batch, mat.n_batch + mat.n_sparse
    if all(n == 1 for n in v.shape[a:b]):
        return v.reshape(*v.shape[:a], 1, *v.shape[b:])
    v = jnp.broadcast_to(v, (*mat.shape[:a], *v.shape[a:]))
    sizes = mat.sparse_sizes
    narrow = np.array([n == 1 for n in v.shape[a:b]])

    def one(_, indices, dense):
        inside = (indices < np.array(sizes)).all(axis=1)
        rows = jnp.where(narrow & inside[:, None], 0, indices)
        return storage.extracted(rows, dense, len(sizes), fill)

    return mat.over_batches(one, v)


def bcoo_multiply_dense(sp_mat, v):
    """The stored elements times those of a dense array that broadcasts.

    Returns:
      The data of the product, whose indices are those of the sparse array.
    """
    if not hasattr(v, "ndim"):
        raise AttributeError(
            f"bcoo_multiply_dense: v must be an array, got {v!r:.60} of type "
            f"{type(v).__name__}. Use jnp.asarray."
        )
    return sp_mat.data * at_elements(sp_mat, v)


def bcoo_multiply_sparse(lhs, rhs):
    """The elementwise product of two sparse arrays; elements are stored where lhs is.

    Axes of size 1 broadcast, and axes that one array lacks.
    """
    if any(n < m for n, m in zip(_ones(lhs, rhs), _ones(rhs, lhs), strict=True)):
        lhs, rhs = rhs, lhs
    if any(
        n != m and m != 1 for n, m in zip(_ones(lhs, rhs), _ones(rhs, lhs), strict=True)
    ):
        raise NotImplementedError(
            "bcoo_multiply_sparse: one array must broadcast to the shape of the other, "
            f"got {lhs.shape} and {rhs.shape}."
        )
    layout = lhs.n_batch, lhs.n_dense
    aligned = rhs.ndim == lhs.ndim and (rhs.n_batch, rhs.n_dense) == layout
    if not aligned or lhs.shape != rhs.shape:
        lhs, rhs = flat_layout(lhs), flat_layout(rhs)
    if rhs.ndim < lhs.ndim:
        missing = lhs.ndim - rhs.ndim
        shape = (*[1] * missing, *rhs.shape)
        zeros = jnp.zeros((rhs.nse, missing), rhs.indices.dtype)
        rows = jnp.concatenate([zeros, rhs.indices], axis=1)
        rhs = rhs.replaced(rhs.data, rows, shape=shape)
    if not rhs.unique_indices:
        rhs = bcoo_sum_duplicates(rhs, nse=rhs.nse, remove_zeros=False)
    sizes, narrow_sizes = lhs.sparse_sizes, rhs.sparse_sizes
    narrow = np.array([n == 1 for n in narrow_sizes], bool)
    total = math.prod(narrow_sizes)

    def one(data, indices, other, other_indices):
        inside = (indices < np.array(sizes)).all(axis=1)
        rows = jnp.where(narrow, 0, indices)
        place = jnp.where(inside, storage.places(rows, narrow_sizes), total)
        where = storage.places(other_indices, narrow_sizes)
        order = jnp.argsort(where)
        found = jnp.clip(jnp.searchsorted(where[order], place), 0, len(where) - 1)
        hit = (where[order][found] == place) & (place < total)
        hit = hit.reshape(-1, *[1] * (data.ndim - 1))
        return jnp.where(hit, data * other[order][found], 0)

    if not rhs.nse:
        return lhs.replaced(lhs.data * 0)
    return lhs.replaced(lhs.over_batches(one, rhs.data, rhs.indices))


def _ones(x, other):
    """The shape with leading ones, as long as the longer of two."""
    return (*[1] * (other.ndim - x.ndim), *x.shape)


# Contractions


def bcoo_dot_general(
    lhs,
    rhs,
    *,
    dimension_numbers,
    precision=None,
    preferred_element_type=None,
    out_sharding=None,
):
    """The contraction of `lax.dot_general`, one or both operands sparse.

    Returns:
      A dense array, or a sparse one where both operands are.
    """
    if out_sharding is not None:
        raise NotImplementedError(
            "bcoo_dot_general: out_sharding is not supported, pass None."
        )
    dims = _checked(lhs, rhs, dimension_numbers)
    dtype = preferred_element_type or result_type(lhs, rhs)
    if isinstance(lhs, JAXSparse) and isinstance(rhs, JAXSparse):
        return _sparse_sparse(as_bcoo(lhs), as_bcoo(rhs), dims, dtype)
    if isinstance(lhs, JAXSparse):
        return _sparse_dense(as_bcoo(lhs), jnp.asarray(rhs), dims, dtype)
    if not isinstance(rhs, JAXSparse):
        return lax.dot_general(
            lhs, rhs, dimension_numbers, precision, preferred_element_type
        )
    (lc, rc), (lb, rb) = dims
    out = _sparse_dense(as_bcoo(rhs), jnp.asarray(lhs), ((rc, lc), (rb, lb)), dtype)
    # out: (batch, rhs free, lhs free)
    n, right = len(lb), rhs.ndim - len(rc) - len(rb)
    order = [*range(n), *range(n + right, out.ndim), *range(n, n + right)]
    return out.transpose(order)


def _checked(lhs, rhs, dimension_numbers):
    (lc, rc), (lb, rb) = dimension_numbers
    lc, rc, lb, rb = (tuple(int(d) for d in axes) for axes in (lc, rc, lb, rb))
    for kind, left, right in (("contracted", lc, rc), ("batch", lb, rb)):
        l_sizes = [lhs.shape[d] for d in left]
        r_sizes = [rhs.shape[d] for d in right]
        if l_sizes != r_sizes:
            raise TypeError(
                f"bcoo_dot_general: {kind} axes must have equal sizes, got {l_sizes} "
                f"and {r_sizes} for shapes {tuple(lhs.shape)} and {tuple(rhs.shape)}."
            )
    return (lc, rc), (lb, rb)


def _free(ndim, *used):
    return tuple(d for d in range(ndim) if not any(d in axes for axes in used))


def _columns(indices, axes):
    return indices[:, np.array(axes, int)]


def _sparse_dense(lhs, rhs, dims, dtype):
    (lc, rc), (lb, rb) = dims
    lhs = flat_layout(lhs)
    l_free, r_free = _free(lhs.ndim, lc, lb), _free(rhs.ndim, rc, rb)
    sizes = {
        name: [lhs.shape[d] for d in axes]
        for name, axes in (("meet", (*lb, *lc)), ("out", (*lb, *l_free)))
    }
    dense = rhs.transpose(*rb, *rc, *r_free).astype(dtype)
    rows = [rhs.shape[d] for d in r_free]
    dense = dense.reshape(*sizes["meet"], math.prod(rows))
    met = storage.extracted(_columns(lhs.indices, (*lb, *lc)), dense, len(lb) + len(lc))
    products = lhs.data.astype(dtype)[:, None] * met
    # A row that is padding on any axis must not count.
    inside = (lhs.indices < np.array(lhs.shape)).all(axis=1, keepdims=True)
    products = jnp.where(inside, products, 0)
    out = storage.densify(products, _columns(lhs.indices, (*lb, *l_free)), sizes["out"])
    return out.reshape(*sizes["out"], *rows)


def _sparse_sparse(lhs, rhs, dims, dtype):
    (lc, rc), (lb, rb) = dims
    n = lhs.n_batch
    batched = (
        lb == rb == tuple(range(n))
        and rhs.n_batch == n
        and not lhs.n_dense + rhs.n_dense
    )
    if not batched:
        lhs, rhs, n = flat_layout(lhs), flat_layout(rhs), 0
    l_free, r_free = _free(lhs.ndim, lc, lb), _free(rhs.ndim, rc, rb)
    l_batch, r_batch = (() if batched else axes for axes in (lb, rb))
    shape = [lhs.shape[d] for d in (*lb, *l_free)] + [rhs.shape[d] for d in r_free]
    l_sizes, r_sizes = np.array(lhs.sparse_sizes), np.array(rhs.sparse_sizes)

    def one(l_data, l_rows, r_data, r_rows):
        def picked(rows, axes):
            return _columns(rows, [d - n for d in axes])

        meets = (
            picked(l_rows, (*l_batch, *lc))[:, None]
            == picked(r_rows, (*r_batch, *rc))[None]
        ).all(axis=2)
        meets &= (l_rows < l_sizes).all(axis=1)[:, None]
        meets &= (r_rows < r_sizes).all(axis=1)[None]
        data = l_data.astype(dtype)[:, None] * r_data.astype(dtype)[None]
        left, right = picked(l_rows, (*l_batch, *l_free)), picked(r_rows, r_free)
        pairs = (len(l_data), len(r_data))
        rows = [
            jnp.broadcast_to(left[:, None], (*pairs, left.shape[1])),
            jnp.broadcast_to(right[None], (*pairs, right.shape[1])),
        ]
        width = left.shape[1] + right.shape[1]
        rows = jnp.concatenate(rows, axis=2).reshape(pairs[0] * pairs[1], width)
        outside = np.array(shape[n:], l_rows.dtype)
        rows = jnp.where(meets.reshape(-1, 1), rows, outside).astype(l_rows.dtype)
        return jnp.where(meets, data, 0).reshape(-1), rows

    pair = lhs.over_batches(one, rhs.data, rhs.indices)
    out = BCOO(pair, shape=shape)
    most = math.prod(out.sparse_sizes)
    if out.nse > most:
        out = bcoo_sum_duplicates(out, nse=most, remove_zeros=False)
    return out


def bcoo_dot_general_sampled(A, B, indices, *, dimension_numbers):
    """The elements at some places of a contraction of dense arrays.

    Args:
      indices: (*batch, nse, n_sparse), places in the result.

    Returns:
      (*batch, nse, *dense), where dense are the trailing axes without indices.
    """
    A, B, indices = jnp.asarray(A), jnp.asarray(B), jnp.asarray(indices)
    (lc, rc), (lb, _) = dimension_numbers
    if len(lb) or indices.ndim != 2:
        whole = lax.dot_general(A, B, dimension_numbers)
        n_batch, n_sparse = indices.ndim - 2, indices.shape[-1]

        def pick(indices, whole):
            return storage.extracted(indices, whole, n_sparse)

        return storage.over_batches(pick, n_batch)(indices, whole)
    # Only the rows that meet at these places are multiplied.
    a = jnp.moveaxis(A, lc, tuple(range(len(lc))))
    b = jnp.moveaxis(B, rc, tuple(range(len(rc))))
    left = min(A.ndim - len(lc), indices.shape[1])
    count = math.prod(a.shape[: len(lc)])
    a = jnp.moveaxis(a.reshape(count, *a.shape[len(lc) :]), 0, -1)
    b = jnp.moveaxis(b.reshape(count, *b.shape[len(rc) :]), 0, -1)
    rows = storage.extracted(indices[:, :left], a, left)
    columns = storage.extracted(indices[:, left:], b, indices.shape[1] - left)
    # rows: (nse, *dense of A, count);  columns: (nse, *dense of B, count)
    rows = rows.reshape(*rows.shape[:-1], *[1] * (columns.ndim - 2), count)
    columns = columns.reshape(
        len(indices), *[1] * (a.ndim - 1 - left), *columns.shape[1:]
    )
    return (rows * columns).sum(axis=-1)


def matmul(lhs, rhs):
    """The matrix product, `lhs @ rhs`, one or both operands sparse."""
    lhs, rhs = (x if isinstance(x, JAXSparse) else jnp.asarray(x) for x in (lhs, rhs))
    if not lhs.ndim or not rhs.ndim:
        raise ValueError(
            "sparse matmul: operands must have at least one axis, got shapes "
            f"{tuple(lhs.shape)} and {tuple(rhs.shape)}. Use * to multiply by a scalar."
        )
    k = max(rhs.ndim - 2, 0)
    if lhs.shape[-1] != rhs.shape[k]:
        raise TypeError(
            f"sparse matmul: the axes that are summed over must have one size, got "
            f"{lhs.shape[-1]} and {rhs.shape[k]} for {describe(lhs)} and "
            f"{describe(rhs)}."
        )
    n_left, n_right = max(lhs.ndim - 2, 0), max(rhs.ndim - 2, 0)
    if n_left and n_right:
        shape = np.broadcast_shapes(lhs.shape[:n_left], rhs.shape[:n_right])
        lhs, rhs = _leading(lhs, n_left, shape), _leading(rhs, n_right, shape)
        n_left = n_right = len(shape)
    n = min(n_left, n_right)
    contract = (lhs.ndim - 1,), (n_right if rhs.ndim > 1 or n_right else 0,)
    batch = tuple(range(n)), tuple(range(n))
    out = bcoo_dot_general(lhs, rhs, dimension_numbers=(contract, batch))
    if n_right <= n or lhs.ndim < 2:
        return out
    # (lhs rows, rhs leading, rhs columns): the leading axes go first.
    order = [*range(1, 1 + n_right), 0, *range(1 + n_right, out.ndim)]
    return out.transpose(order)


def _leading(x, n, shape):
    """x with its n leading axes broadcast."""
    full = (*shape, *x.shape[n:])
    if tuple(x.shape) == full:
        return x
    if isinstance(x, JAXSparse):
        dims = tuple(range(len(full) - x.ndim, len(full)))
        return bcoo_broadcast_in_dim(as_bcoo(x), shape=full, broadcast_dimensions=dims)
    return jnp.broadcast_to(x, full)
