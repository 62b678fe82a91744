"""Rearrange an array without changing its elements, spelled in primitives.

Takes arrays and positions as users write them (negative axes, one unknown size, lists)
and binds the strict structural primitives on canonical ones. A call that changes
nothing returns its operand, so it leaves no equation.

    reshape(x, (2, -1))        becomes      reshape[sizes=(2, 3)] x
"""

import math
import operator
from collections.abc import Sequence

import numpy as np

from .. import primitives as lax
from ..core.tracebacks import hide_our_frames
from .arguments import as_array, as_shape, refuse_out_sharding, static_int
from .promotion import as_operand, broadcast_value, canonical_axes, canonical_axis


def shape(a) -> tuple[int, ...]:
    """The sizes of the axes of an array.

    >>> shape(np.ones((2, 3)))
    (2, 3)
    """
    return tuple(a.shape if hasattr(a, "shape") else np.shape(a))


def ndim(a) -> int:
    """The number of axes of an array.

    >>> ndim(np.ones((2, 3)))
    2
    """
    return len(shape(a))


def size(a, axis: int | Sequence[int] | None = None) -> int:
    """The number of elements of an array, or its size along one or more axes.

    >>> size(np.ones((2, 3))), size(np.ones((2, 3)), axis=1)
    (6, 3)
    """
    sizes = shape(a)
    axes = canonical_axes("size", axis, len(sizes))
    return math.prod(sizes[i] for i in axes)


def reshape(a, shape, order: str = "C", *, copy: bool | None = None, out_sharding=None):
    """The same elements in another shape of the same size.

    One entry of `shape` may be -1: it takes what the others leave. Order "C" reads and
    writes with the last axis fastest, "F" with the first.

    >>> reshape(np.arange(6), (3, -1)).shape
    (3, 2)
    >>> reshape(np.arange(6), (2, 3), order="F").tolist()
    [[0, 2, 4], [1, 3, 5]]
    """
    refuse_out_sharding("reshape", out_sharding)
    x = as_operand("reshape", a)
    sizes = _complete(x, as_shape("reshape", shape))
    if order == "C":
        return as_array(x) if sizes == x.shape else lax.reshape(x, sizes)
    _check_order("reshape", order)
    reverse = tuple(range(x.ndim))[::-1]
    columns = lax.reshape(lax.transpose(x, reverse), sizes[::-1])
    return lax.transpose(columns, tuple(range(len(sizes)))[::-1])


def _complete(x, sizes):
    """`sizes` with -1 replaced by what is left, of the same product as x.shape."""
    known = math.prod(n for n in sizes if n != -1)
    unknown = sizes.count(-1)
    if unknown > 1:
        raise TypeError(
            f"reshape: only one size may be -1, got {sizes}. Give the others."
        )
    if unknown:
        if known <= 0 or x.size % known:
            raise TypeError(
                f"reshape: the sizes other than -1 must divide {x.size}, the number of "
                f"elements, got shape {sizes} for an array of shape {x.shape}."
            )
        return tuple(x.size // known if n == -1 else n for n in sizes)
    if known != x.size or any(n < 0 for n in sizes):
        raise TypeError(
            f"reshape: the number of elements must not change, got an array of shape "
            f"{tuple(x.shape)} ({x.size} elements) and shape {sizes} ({known}). "
            "Use -1 for one size to have it computed."
        )
    return sizes


def _check_order(where, order):
    if order in ("A", "K"):
        raise NotImplementedError(
            f"{where}: order={order!r} follows the layout in memory, which only XLA "
            "knows. Use 'C' or 'F'."
        )
    if order not in ("C", "F"):
        raise ValueError(f"{where}: order must be 'C' or 'F', got {order!r}.")


def ravel(a, order: str = "C", *, out_sharding=None):
    """All elements in one axis.

    >>> ravel(np.array([[1, 2], [3, 4]])).tolist()
    [1, 2, 3, 4]
    """
    x = as_operand("ravel", a)
    _check_order("ravel", order)
    return reshape(x, (x.size,), order, out_sharding=out_sharding)


def transpose(a, axes: Sequence[int] | None = None):
    """The axes in another order, by default reversed.

    >>> x = np.ones((2, 3, 4))
    >>> transpose(x).shape, transpose(x, (1, 0, 2)).shape
    ((4, 3, 2), (3, 2, 4))
    """
    x = as_operand("transpose", a)
    identity = tuple(range(x.ndim))
    if axes is None:
        axes = identity[::-1]
    else:
        axes = tuple(canonical_axis("transpose", i, x.ndim) for i in axes)
        if tuple(sorted(axes)) != identity:
            raise TypeError(
                f"transpose: axes must be a permutation of the {x.ndim} axes, got "
                f"{axes}. Name every axis once."
            )
    return as_array(x) if axes == identity else lax.transpose(x, axes)


def permute_dims(a, /, axes: Sequence[int]):
    """The axes in another order: `transpose` with the order given.

    >>> permute_dims(np.ones((2, 3)), (1, 0)).shape
    (3, 2)
    """
    return transpose(a, axes)


def matrix_transpose(x, /):
    """The last two axes exchanged: the transpose of every matrix of a stack.

    >>> matrix_transpose(np.ones((5, 2, 3))).shape
    (5, 3, 2)
    """
    x = as_operand("matrix_transpose", x)
    if x.ndim < 2:
        raise ValueError(
            f"matrix_transpose: x must have two axes or more, got shape {x.shape}."
        )
    return swapaxes(x, -1, -2)


def swapaxes(a, axis1: int, axis2: int):
    """Two axes exchanged.

    >>> swapaxes(np.ones((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    x = as_operand("swapaxes", a)
    i = canonical_axis("swapaxes", axis1, x.ndim)
    j = canonical_axis("swapaxes", axis2, x.ndim)
    order = list(range(x.ndim))
    order[i], order[j] = j, i
    return transpose(x, order)


def moveaxis(a, source: int | Sequence[int], destination: int | Sequence[int]):
    """Some axes moved to new positions; the others keep their order.

    >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_operand("moveaxis", a)
    origins = _axis_list("moveaxis", source, x.ndim)
    targets = _axis_list("moveaxis", destination, x.ndim)
    if len(origins) != len(targets):
        raise ValueError(
            "moveaxis: source and destination must name equally many axes, got "
            f"{source} and {destination}."
        )
    order = [i for i in range(x.ndim) if i not in origins]
    for target, origin in sorted(zip(targets, origins, strict=True)):
        order.insert(target, origin)
    return transpose(x, order)


def _axis_list(where, axis, rank):
    """Axes as given, in the order given, non-negative and distinct."""
    axes = axis if isinstance(axis, tuple | list | np.ndarray) else (axis,)
    found = [canonical_axis(where, i, rank) for i in axes]
    if len(set(found)) != len(found):
        raise ValueError(f"{where}: axes must be distinct, got {axis}.")
    return found


def rollaxis(a, axis: int, start: int = 0):
    """One axis moved to lie before axis `start`.

    >>> rollaxis(np.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    x = as_operand("rollaxis", a)
    axis = canonical_axis("rollaxis", axis, x.ndim)
    if not -x.ndim <= start <= x.ndim:
        raise ValueError(
            f"rollaxis: start must lie between {-x.ndim} and {x.ndim}, got {start}."
        )
    start = start + x.ndim if start < 0 else start
    return moveaxis(x, axis, start - 1 if start > axis else start)


def squeeze(a, axis: int | Sequence[int] | None = None):
    """Axes of size one removed: all of them, or the ones named.

    >>> squeeze(np.ones((1, 3, 1))).shape, squeeze(np.ones((1, 3, 1)), axis=0).shape
    ((3,), (3, 1))
    """
    x = as_operand("squeeze", a)
    if axis is None:
        axes = tuple(i for i, n in enumerate(x.shape) if n == 1)
    else:
        axes = tuple(sorted(_axis_list("squeeze", axis, x.ndim)))
        if any(x.shape[i] != 1 for i in axes):
            raise ValueError(
                f"squeeze: axes to remove must have size 1, got axis {axis} of an "
                f"array of shape {tuple(x.shape)}."
            )
    return lax.squeeze(x, axes) if axes else as_array(x)


def expand_dims(a, axis: int | Sequence[int]):
    """New axes of size one, at the positions they will have in the result.

    >>> expand_dims(np.ones(3), 0).shape, expand_dims(np.ones(3), (0, -1)).shape
    ((1, 3), (1, 3, 1))
    """
    x = as_operand("expand_dims", a)
    count = len(axis) if isinstance(axis, tuple | list) else 1
    axes = tuple(sorted(_axis_list("expand_dims", axis, x.ndim + count)))
    return lax.expand_dims(x, axes) if axes else as_array(x)


def broadcast_to(array, shape, *, out_sharding=None):
    """An array repeated along new leading axes and along axes of size one.

    >>> broadcast_to(np.array([1, 2, 3]), (2, 3)).tolist()
    [[1, 2, 3], [1, 2, 3]]
    """
    refuse_out_sharding("broadcast_to", out_sharding)
    x = as_operand("broadcast_to", array)
    sizes = as_shape("broadcast_to", shape)
    if any(n < 0 for n in sizes):
        raise ValueError(f"broadcast_to: sizes must not be negative, got {sizes}.")
    return _broadcast("broadcast_to", x, sizes)


def _broadcast(where, x, sizes):
    if x.shape == sizes:
        return as_array(x)
    new = len(sizes) - x.ndim
    if new < 0 or any(
        n not in (1, m) for n, m in zip(x.shape, sizes[new:], strict=True)
    ):
        raise ValueError(
            f"{where}: an array of shape {tuple(x.shape)} does not broadcast to "
            f"{sizes}. Aligned at the last axis, sizes must be equal or 1."
        )
    return broadcast_value(x, sizes)


def broadcast_arrays(*args) -> list:
    """Several arrays broadcast to one shape; each keeps its dtype.

    >>> [x.shape for x in broadcast_arrays(np.ones((2, 1)), np.ones(3))]
    [(2, 3), (2, 3)]
    """
    xs = [as_operand("broadcast_arrays", x) for x in args]
    sizes = broadcast_shapes(*(x.shape for x in xs))
    return [_broadcast("broadcast_arrays", x, sizes) for x in xs]


def broadcast_shapes(*shapes) -> tuple[int, ...]:
    """The shape that arrays of these shapes broadcast to.

    >>> broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    known = [as_shape("broadcast_shapes", s) for s in shapes]
    rank = max(map(len, known), default=0)
    columns = zip(*((1,) * (rank - len(s)) + s for s in known), strict=True)
    sizes = []
    for column in columns:
        distinct = set(column) - {1}
        if len(distinct) > 1:
            raise ValueError(
                "Incompatible shapes for broadcasting: "
                f"{' and '.join(map(str, shapes))}. Aligned at the last axis, sizes "
                "must be equal or 1."
            )
        sizes.append(distinct.pop() if distinct else 1)
    return tuple(sizes)


def atleast_1d(*arys):
    """Arrays with at least one axis; scalars get one of size 1.

    >>> atleast_1d(np.float32(2)).shape
    (1,)
    """
    return _at_least(1, arys, lambda rank: (0,))


def atleast_2d(*arys):
    """Arrays with at least two axes; new ones come first.

    >>> atleast_2d(np.ones(3)).shape
    (1, 3)
    """
    return _at_least(2, arys, lambda rank: tuple(range(2 - rank)))


def atleast_3d(*arys):
    """Arrays with at least three axes; a vector becomes (1, n, 1), a matrix (n, m, 1).

    >>> atleast_3d(np.ones(3)).shape, atleast_3d(np.ones((2, 3))).shape
    ((1, 3, 1), (2, 3, 1))
    """
    places = ((0, 1, 2), (0, 2), (2,))
    return _at_least(3, arys, lambda rank: places[rank])


def _at_least(rank, arys, new_axes):
    """Arrays with `rank` axes or more; `new_axes` says where missing ones go."""
    xs = [as_operand(f"atleast_{rank}d", x) for x in arys]
    out = [
        as_array(x) if x.ndim >= rank else lax.expand_dims(x, new_axes(x.ndim))
        for x in xs
    ]
    return out[0] if len(out) == 1 else out


def flip(m, axis: int | Sequence[int] | None = None):
    """The elements in reverse order along all axes, or along the ones named.

    >>> flip(np.array([1, 2, 3])).tolist()
    [3, 2, 1]
    """
    x = as_operand("flip", m)
    axes = range(x.ndim) if axis is None else _axis_list("flip", axis, x.ndim)
    axes = tuple(i for i in axes if x.shape[i] > 1)
    return lax.rev(x, axes) if axes else as_array(x)


def flipud(m):
    """The rows in reverse order: `flip` along axis 0.

    >>> flipud(np.array([[1, 2], [3, 4]])).tolist()
    [[3, 4], [1, 2]]
    """
    return flip(m, 0)


def fliplr(m):
    """The columns in reverse order: `flip` along axis 1.

    >>> fliplr(np.array([[1, 2], [3, 4]])).tolist()
    [[2, 1], [4, 3]]
    """
    return flip(m, 1)


def rot90(m, k: int = 1, axes: tuple[int, int] = (0, 1)):
    """Turned by `k` quarter turns from the first of `axes` towards the second.

    >>> rot90(np.array([[1, 2], [3, 4]])).tolist()
    [[2, 4], [1, 3]]
    """
    x = as_operand("rot90", m)
    if x.ndim < 2:
        raise ValueError(
            f"rot90: m must have two axes or more, got shape {tuple(x.shape)}."
        )
    if len(axes) != 2:
        raise ValueError(f"rot90: axes must be two axes, got {axes}.")
    i, j = (canonical_axis("rot90", axis, x.ndim) for axis in axes)
    if i == j:
        raise ValueError(f"rot90: the two axes must be different, got {axes}.")
    turns = static_int("rot90", "k", k) % 4
    if turns == 0:
        return as_array(x)
    if turns == 2:
        return flip(x, (i, j))
    return swapaxes(flip(x, j), i, j) if turns == 1 else flip(swapaxes(x, i, j), j)


def _reshape_method(
    self, *args, order: str = "C", copy: bool | None = None, out_sharding=None
):
    """The same elements in another shape: `x.reshape(2, 3)` or `x.reshape((2, 3))`."""
    try:
        shape = args[0] if len(args) == 1 else args
        return reshape(self, shape, order, copy=copy, out_sharding=out_sharding)
    except Exception as error:
        hide_our_frames(error)
        raise


def _transpose_method(self, *args):
    """The axes in another order: `x.transpose(1, 0)`, `((1, 0))` or `()` to reverse."""
    if len(args) == 1 and (args[0] is None or hasattr(args[0], "__iter__")):
        return transpose(self, args[0])
    return transpose(self, [operator.index(i) for i in args] or None)


def _flatten_method(self, order: str = "C", *, out_sharding=None):
    """All elements in one axis: `x.flatten()`."""
    return ravel(self, order, out_sharding=out_sharding)


METHODS = {
    "flatten": _flatten_method,
    "ravel": ravel,
    "reshape": _reshape_method,
    "squeeze": squeeze,
    "swapaxes": swapaxes,
    "transpose": _transpose_method,
}
PROPERTIES = {"T": transpose, "mT": matrix_transpose}
