"""Operators and indexing of sparse arrays, as methods of `BCOO`."""

import operator

import numpy as np

from ... import lax
from ... import numpy as jnp
from ...core.trace import Tracer
from .base import JAXSparse
from .bcoo import BCOO, as_bcoo, bcoo_update_layout
from .products import at_elements, bcoo_multiply_sparse, matmul
from .reshaping import (
    bcoo_broadcast_in_dim,
    bcoo_concatenate,
    bcoo_reduce_sum,
    bcoo_reshape,
    bcoo_rev,
    bcoo_slice,
    bcoo_squeeze,
    bcoo_transpose,
)


def _is_sparse(x):
    return isinstance(x, JAXSparse)


def add(x, y):
    """The sum: sparse of sparse arrays, dense where one operand is."""
    if not _is_sparse(x):
        return add(y, x)
    x = as_bcoo(x)
    if _is_sparse(y):
        return _joined(x, as_bcoo(y))
    y = jnp.asarray(y)
    if np.broadcast_shapes(x.shape, y.shape) != y.shape:
        raise NotImplementedError(
            "sparse addition: the dense operand must have the shape of the sum, got "
            f"{y.shape} and {x.shape}: all elements would be stored. Use x.todense()."
        )
    return x.todense() + y


def _joined(x, y):
    """The sum of sparse arrays: the elements of both, side by side.

    Those of one array and what was computed from it are in the same places.
    """
    if x.shape != y.shape:
        raise NotImplementedError(
            f"sparse addition: sparse arrays must have one shape, got {x.shape} and "
            f"{y.shape}."
        )
    if x.indices is y.indices and x.n_dense == y.n_dense:
        return x.replaced(x.data + y.data)
    layout = {
        "n_batch": min(x.n_batch, y.n_batch),
        "n_dense": min(x.n_dense, y.n_dense),
    }
    x, y = (bcoo_update_layout(z, **layout) for z in (x, y))
    axis = x.n_batch
    data = jnp.concatenate([x.data, y.data], axis=axis)
    indices = jnp.concatenate([x.indices, y.indices], axis=axis)
    return x.replaced(data, indices, shape=x.shape)


def subtract(x, y):
    """The difference, as `add`."""
    return add(x, negative(y) if _is_sparse(y) else -jnp.asarray(y))


def multiply(x, y):
    """The elementwise product, sparse where one operand is."""
    if not _is_sparse(x):
        return multiply(y, x)
    x = as_bcoo(x)
    if _is_sparse(y):
        return bcoo_multiply_sparse(x, as_bcoo(y))
    if _is_scalar(y):
        return x.replaced(x.data * y)
    y = jnp.asarray(y)
    if y.ndim > x.ndim or np.broadcast_shapes(x.shape, y.shape) != x.shape:
        shape = np.broadcast_shapes(x.shape, y.shape)
        dims = tuple(range(len(shape) - x.ndim, len(shape)))
        x = bcoo_broadcast_in_dim(x, shape=shape, broadcast_dimensions=dims)
    return x.replaced(x.data * at_elements(x, y))


def _is_scalar(y):
    return isinstance(y, int | float | complex) or not y.shape


def divide(x, y):
    """The elements of a sparse array over those of a dense one, or a number."""
    if not _is_sparse(x) or _is_sparse(y):
        raise NotImplementedError(
            "sparse division: only a sparse array over a dense one is sparse. Use "
            "x.todense()."
        )
    x = as_bcoo(x)
    return x.replaced(x.data / (y if _is_scalar(y) else at_elements(x, y, fill=1)))


def power(x, y):
    """The elements to a positive power."""
    if not isinstance(y, int | float) or y <= 0:
        raise NotImplementedError(
            f"sparse power: the exponent must be a positive number, got {y!r:.40}: "
            "elements that are not stored would not stay zero. Use x.todense()."
        )
    return x.replaced(x.data**y)


def negative(x):
    """All elements with the other sign."""
    x = as_bcoo(x)
    return x.replaced(-x.data)


def reduce_sum(self, axis=None, dtype=None, out=None, keepdims=False):
    """The sum over axes: a number over all of them, otherwise a sparse array."""
    if out is not None:
        raise NotImplementedError("sum: out must be None, arrays are not changed.")
    x = self if dtype is None else self.astype(dtype)
    if axis is None and not keepdims:
        return bcoo_reduce_sum(x, axes=range(x.ndim)).todense()
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()
    out = bcoo_reduce_sum(x, axes=axes)
    if not keepdims:
        return out
    drop = {d % x.ndim for d in axes}
    shape = [1 if d in drop else n for d, n in enumerate(x.shape)]
    kept = tuple(d for d in range(x.ndim) if d not in drop)
    return bcoo_broadcast_in_dim(out, shape=shape, broadcast_dimensions=kept)


def _shape_of(args):
    return args[0] if len(args) == 1 and not isinstance(args[0], int) else args


def reshape(self, *args, **kwargs):
    """The same elements in row-major order under another shape."""
    if kwargs.pop("order", "C") != "C" or kwargs:
        raise NotImplementedError(
            "BCOO.reshape: the order must be 'C', and there are no other options."
        )
    shape = _shape_of(args)
    return bcoo_reshape(self, new_sizes=(shape,) if isinstance(shape, int) else shape)


def transpose(self, axes=None):
    """The array with permuted axes, reversed without."""
    order = range(self.ndim)[::-1] if axes is None else [d % self.ndim for d in axes]
    return bcoo_transpose(self, permutation=order)


# Indexing


def getitem(self, item):
    """A part of the array: numbers, slices, None, `...` and one vector of positions."""
    items = _expanded(self, item if isinstance(item, tuple) else (item,))
    axis, out = 0, self
    for x in items:
        if x is None:
            shape = (*out.shape[:axis], 1, *out.shape[axis:])
            dims = tuple(d + (d >= axis) for d in range(out.ndim))
            out = bcoo_broadcast_in_dim(out, shape=shape, broadcast_dimensions=dims)
            axis += 1
        elif isinstance(x, slice):
            out = _cut(out, axis, x)
            axis += 1
        elif _is_position(x):
            out = _at(out, axis, x)
        else:
            out = _taken(out, axis, x)
            axis += 1
    return out


def _expanded(x, items):
    used = sum(i is not None and i is not Ellipsis for i in items)
    if used > x.ndim:
        raise IndexError(
            f"Too many indices: {used} for a sparse array of {x.ndim} axes."
        )
    dots = [k for k, i in enumerate(items) if i is Ellipsis]
    place = dots[0] if dots else len(items)
    rest = (slice(None),) * (x.ndim - used)
    return (*items[:place], *rest, *items[place + 1 :])


def _is_position(x):
    if isinstance(x, int | np.integer) and not isinstance(x, bool):
        return True
    return hasattr(x, "dtype") and x.dtype.kind in "iu" and not x.shape


def _at(x, axis, position):
    """The array at a position on an axis, which disappears; positions are clamped."""
    size = x.shape[axis]
    if not size:
        raise IndexError(f"Axis {axis} of {x!r} has no positions.")
    position = jnp.asarray(position)
    position = jnp.clip(jnp.where(position < 0, position + size, position), 0, size - 1)
    a, b = x.n_batch, x.n_batch + x.n_sparse
    shape = (*x.shape[:axis], *x.shape[axis + 1 :])
    if axis < a:
        data = lax.dynamic_index_in_dim(x.data, position, axis, keepdims=False)
        rows = lax.dynamic_index_in_dim(x.indices, position, axis, keepdims=False)
        return x.replaced(data, rows, shape=shape)
    if axis >= b:
        dense = axis - b + a + 1
        data = lax.dynamic_index_in_dim(x.data, position, dense, keepdims=False)
        return x.replaced(data, x.indices, shape=shape)
    column = x.indices[..., axis - a]
    here = column == position.astype(column.dtype)
    rows = x.indices.at[..., axis - a].set(jnp.where(here, 0, 1))
    narrow = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    one = x.replaced(x.data, rows, shape=narrow)
    squeezed = bcoo_squeeze(one, dimensions=(axis,))
    most = int(np.prod(squeezed.sparse_sizes, dtype=int))
    if squeezed.nse > most:
        return squeezed.sum_duplicates(nse=most)
    return squeezed


def _cut(x, axis, item):
    start, stop, step = item.indices(x.shape[axis])
    count = len(range(start, stop, step))
    if step < 0:
        x = bcoo_rev(x, dimensions=(axis,))
        start, step = x.shape[axis] - 1 - start, -step
    lows, highs, steps = [0] * x.ndim, list(x.shape), [1] * x.ndim
    if (start, count, step) == (0, x.shape[axis], 1):
        return x
    low = min(start, x.shape[axis]) if count else 0
    lows[axis] = low
    highs[axis] = low + (count - 1) * step + 1 if count else low
    steps[axis] = step
    return bcoo_slice(x, start_indices=lows, limit_indices=highs, strides=steps)


def _taken(x, axis, positions):
    """The array at several positions of its first axis, each a batch."""
    positions = np.asarray(positions) if isinstance(positions, list) else positions
    if positions.dtype == bool and not isinstance(positions, Tracer):
        positions = np.flatnonzero(np.asarray(positions))
    if axis or positions.ndim != 1 or positions.dtype.kind not in "iu":
        raise NotImplementedError(
            "sparse indexing: a vector of positions must stand first, got "
            f"{positions.dtype.name}{list(positions.shape)} for axis {axis}. Permute "
            "the axes with transpose."
        )
    rows = [_at(x, 0, k) for k in positions]
    if not rows:
        return _cut(x, 0, slice(0, 0))
    expanded = [
        bcoo_broadcast_in_dim(
            r,
            shape=(1, *r.shape),
            broadcast_dimensions=tuple(range(1, r.ndim + 1)),
        )
        for r in rows
    ]
    return bcoo_concatenate(expanded, dimension=0)


def _iterate(self):
    return iter([self[k] for k in range(len(self))])


def _swapped(function):
    return lambda x, y: function(y, x)


_METHODS = {
    "__add__": add,
    "__radd__": _swapped(add),
    "__sub__": subtract,
    "__rsub__": lambda x, y: add(negative(x), y),
    "__mul__": multiply,
    "__rmul__": _swapped(multiply),
    "__truediv__": divide,
    "__rtruediv__": _swapped(divide),
    "__pow__": power,
    "__matmul__": matmul,
    "__rmatmul__": _swapped(matmul),
    "__neg__": negative,
    "__pos__": lambda x: x,
    "__abs__": lambda x: x.replaced(jnp.abs(x.data)),
    "__getitem__": getitem,
    "__iter__": _iterate,
    "sum": reduce_sum,
    "reshape": reshape,
    "transpose": transpose,
}
for _name, _function in _METHODS.items():
    setattr(BCOO, _name, _function)


def _refused(name):
    def compare(self, other):
        raise NotImplementedError(
            f"sparse {name}: the result would be dense, as elements that are not "
            "stored count too. Use x.todense()."
        )

    return compare


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(BCOO, f"__{_name}__", _refused(getattr(operator, _name).__name__))
BCOO.__hash__ = JAXSparse.__hash__  # type: ignore[method-assign]
