"""Choosing elements: by positions along an axis, by a condition, by a list of cases.

take(x, rows, axis=0)       reads positions       gather
take_along_axis(x, i, 1)    one position a row    gather with batch axes
where(c, x, y)              keeps the shape       select_n
compress(c, x)              needs c now, or `size=`
"""

from collections.abc import Callable, Sequence

import numpy as np

from .. import dtypes, errors
from .. import primitives as lax
from ..api import compiled
from .arguments import as_array, cast, refuse_out, spread
from .index_plan import Index, Pick, Window, known_value, wrapped
from .indexing import getitem, read_table
from .promotion import as_operand, canonical_axis, promote
from .reductions import truth
from .searching import nonzero
from .shaping import ravel


def where(condition, x=None, y=None, /, *, size: int | None = None, fill_value=None):
    """Elements of x where the condition holds and of y elsewhere; shapes broadcast.

    With the condition alone, the indices where it holds, as `nonzero` gives them.
    Derivatives are those of the branch chosen, also where the other is singular.

    >>> where(np.array([True, False, True]), np.arange(3), -1)
    Array([ 0, -1,  2], dtype=int32)
    """
    if x is None and y is None:
        return nonzero(as_operand("where", condition), size=size, fill_value=fill_value)
    if size is not None or fill_value is not None:
        raise ValueError(
            "size and fill_value arguments cannot be used in three-term where function."
        )
    return _where(condition, x, y)


@compiled
def _where(condition, x, y):
    condition = truth("where", condition)
    return _select(condition, *promote("where", x, y))


def _select(condition, x, y):
    """`select` of promoted values with broadcasting; a scalar condition stays one."""
    shape = broadcast_shape("where", condition.shape, x.shape, y.shape)
    if condition.ndim:
        condition = spread(condition, shape)
    return lax.select(condition, spread(x, shape), spread(y, shape))


def broadcast_shape(name, *shapes):
    """The shape that operands broadcast to."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"Incompatible shapes for broadcasting: shapes={list(shapes)}. "
            f"The operands of {name} must broadcast to one shape."
        ) from None


def select(condlist: Sequence, choicelist: Sequence, default=0):
    """For each element, the choice of the first condition that holds, or the default.

    >>> x = np.arange(4)
    >>> select([x < 1, x < 3], [x + 10, x + 20], -1)
    Array([10, 21, 22, -1], dtype=int32)
    """
    if len(condlist) != len(choicelist):
        raise ValueError(
            "condlist must have length equal to choicelist "
            f"({len(condlist)} vs {len(choicelist)})"
        )
    if not len(condlist):
        raise ValueError("condlist must be non-empty")
    *choices, out = promote("select", *choicelist, default)
    for condition, choice in reversed(list(zip(condlist, choices, strict=True))):
        out = _select(truth("select", condition), choice, out)
    return out


def piecewise(x, condlist, funclist: Sequence[Callable], *args, **kw):
    """A function defined by cases: funclist[k](x) where condlist[k] holds.

    Later conditions win. One more function than conditions is the default, which is
    otherwise 0; a number in place of a function is a constant. Every function is
    applied to all of x.

    >>> piecewise(np.array([-2., 3.]), [np.array([True, False])], [lambda x: -x, 7])
    Array([2., 7.], dtype=float32)
    """
    x = as_operand("piecewise", x)
    conditions = [truth("piecewise", c) for c in condlist]
    functions: list = list(funclist)
    n = len(conditions)
    if len(functions) == n + 1:
        default = functions.pop()
    elif len(functions) == n:
        default = 0
    else:
        raise ValueError(
            f"with {n} condition(s), either {n} or {n + 1} functions are expected; "
            f"got {len(functions)}"
        )
    x = as_array(x)

    def case(f):
        y = as_operand("piecewise", f(x, *args, **kw) if callable(f) else f)
        return spread(cast(y, x.dtype), x.shape)

    out = case(default)
    for condition, f in zip(conditions, functions, strict=True):
        out = _select(condition, case(f), out)
    return out


def choose(a, choices, out=None, mode: str = "raise"):
    """`choices[a[...]][...]`: for each element, from which of the arrays to take it.

    mode "clip" and "wrap" bring numbers of choices that are out of range into it;
    "raise" needs to know them.

    >>> choose(np.array([1, 0, 1]), [np.array([1, 2, 3]), 9])
    Array([9, 2, 9], dtype=int32)
    """
    refuse_out("choose", out)
    a = as_operand("choose", a)
    if not dtypes.issubdtype(a.dtype, np.integer):
        raise ValueError(f"`a` array must be integer typed, got {a.dtype}")
    choices = (
        list(choices) if isinstance(choices, list | tuple) else list(iter(choices))
    )
    n = len(choices)
    if mode == "raise":
        known = known_value(a)
        if known is None:
            raise errors.ConcretizationTypeError(
                f"choose: a is traced ({a.aval}), so mode='raise' cannot look at it. "
                "Use mode='wrap' or mode='clip'."
            )
        if np.any((known < 0) | (known >= n)):
            raise ValueError(f"choose: entries of a must be in 0 .. {n - 1}.")
    elif mode == "wrap":
        a = as_array(a) % n
    elif mode == "clip":
        a = lax.clamp(np.zeros((), a.dtype), a, np.asarray(n - 1, a.dtype))
    else:
        raise ValueError(
            f"choose: mode must be 'raise', 'wrap' or 'clip', got {mode!r}."
        )
    choices = promote("choose", *choices)
    shape = broadcast_shape("choose", a.shape, *(c.shape for c in choices))
    a = spread(lax.convert_element_type(a, np.int32), shape)
    if n == 1:
        return spread(as_array(choices[0]), shape)
    if n == 2:
        a = a != 0
    return lax.select_n(a, *(spread(c, shape) for c in choices))


# By position


@compiled(
    static_argnames=(
        "axis",
        "mode",
        "unique_indices",
        "indices_are_sorted",
        "fill_value",
    )
)
def take(
    a,
    indices,
    axis: int | None = None,
    out=None,
    mode: str | None = None,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    fill_value=None,
):
    """Elements of a at positions along an axis, or of the flattened array.

    Positions out of range give NaN (the least integer, for integers), or `fill_value`;
    mode "wrap" counts modulo the size and "clip" takes the nearest element.

    >>> take(np.arange(6).reshape(2, 3), np.array([2, 0]), axis=1)
    Array([[2, 0],
           [5, 3]], dtype=int32)
    """
    refuse_out("take", out)
    a, indices = as_array(as_operand("take", a)), as_operand("take", indices)
    if not dtypes.issubdtype(indices.dtype, np.integer):
        raise ValueError(f"indices must have an integer type, got {indices.dtype}")
    if mode == "raise":
        raise NotImplementedError(
            "The 'raise' mode to jnp.take is not supported. Use mode='fill', which "
            "marks positions out of range, or 'clip' or 'wrap'."
        )
    if axis is None:
        a, axis = ravel(a), 0
    axis = canonical_axis("take", axis, a.ndim)
    n = a.shape[axis]
    shape = (*a.shape[:axis], *indices.shape, *a.shape[axis + 1 :])
    if not n:
        if indices.size:
            raise IndexError("take: cannot take elements of an axis of size 0.")
        return lax.full(shape, 0, a.dtype)
    if mode == "wrap":
        indices, mode = as_array(indices) % n, "promise_in_bounds"
    entries: list = [Window(0, size) for size in a.shape]
    entries[axis] = Pick(indices, indices.ndim)
    wrap = mode in (None, "fill", "drop")
    positions, index = Index(tuple(entries)).detached()
    flags = indices_are_sorted, unique_indices
    settings = wrap, mode or "fill", fill_value, *flags
    return read_table(a, positions, index, settings)


@compiled(static_argnames=("axis", "mode", "fill_value", "wrap_negative_indices"))
def take_along_axis(
    arr,
    indices,
    axis: int | None = -1,
    mode=None,
    fill_value=None,
    *,
    wrap_negative_indices: bool | None = None,
):
    """Elements at one position per row along an axis, as `argsort` gives positions.

    The other axes of arr and indices broadcast. Positions out of range give NaN.

    >>> x = np.array([[3, 1, 2], [6, 5, 4]])
    >>> take_along_axis(x, np.argsort(x, axis=1), axis=1)
    Array([[1, 2, 3],
           [4, 5, 6]], dtype=int32)
    """
    arr, indices = (as_operand("take_along_axis", x) for x in (arr, indices))
    if not dtypes.issubdtype(indices.dtype, np.integer):
        raise TypeError(
            f"take_along_axis indices must be of integer type, got {indices.dtype}"
        )
    if axis is None:
        arr, axis = ravel(arr), 0
        indices = ravel(indices)
    if arr.ndim != indices.ndim:
        raise ValueError(
            "indices and arr must have the same number of dimensions; "
            f"{indices.ndim} vs. {arr.ndim}"
        )
    axis = canonical_axis("take_along_axis", axis, arr.ndim)
    if wrap_negative_indices is None:
        in_bounds = lax.GatherScatterMode.PROMISE_IN_BOUNDS
        wrap_negative_indices = lax.GatherScatterMode.from_any(mode) != in_bounds
    if wrap_negative_indices:
        indices = wrapped(as_array(indices), arr.shape[axis])
    others = [d for d in range(arr.ndim) if d != axis]
    broadcast_shape(
        "take_along_axis",
        [arr.shape[d] for d in others],
        [indices.shape[d] for d in others],
    )
    if arr.shape[axis] == 0:
        # There is nothing to read: every position is out of range.
        shape = np.broadcast_shapes(
            *(
                x.shape[:axis] + (indices.shape[axis],) + x.shape[axis + 1 :]
                for x in (arr, indices)
            )
        )
        return lax.full(shape, 0, arr.dtype)
    return _gather_along(arr, indices, axis, mode, fill_value)


def _gather_along(arr, indices, axis, mode, fill_value):
    """One gather: axes of equal size are batch axes of both operands; an axis along
    which the indices (or arr) broadcast is a window (or is dropped from arr).
    """
    ndim = arr.ndim
    sizes = list(zip(arr.shape, indices.shape, strict=True))
    windows = [d for d, (n, i) in enumerate(sizes) if d != axis and i == 1 != n]
    spread_over = [d for d, (n, i) in enumerate(sizes) if d != axis and n == 1 != i]
    batch = [d for d in range(ndim) if d not in (axis, *windows, *spread_over)]
    operand_axes = [d for d in range(ndim) if d not in spread_over]
    index_axes = [d for d in range(ndim) if d not in windows]
    operand = lax.squeeze(arr, tuple(spread_over)) if spread_over else arr
    positions = lax.squeeze(indices, tuple(windows)) if windows else indices
    along = (operand_axes.index(axis),)
    return lax.gather(
        operand,
        lax.expand_dims(positions, (positions.ndim,)),
        lax.GatherDimensionNumbers(
            offset_dims=tuple(windows),
            collapsed_slice_dims=along,
            start_index_map=along,
            operand_batching_dims=tuple(operand_axes.index(d) for d in batch),
            start_indices_batching_dims=tuple(index_axes.index(d) for d in batch),
        ),
        tuple(
            arr.shape[d] if d in windows else min(1, arr.shape[d]) for d in operand_axes
        ),
        mode="fill" if mode is None else mode,
        fill_value=fill_value,
    )


# By condition, with a size known now


def compress(
    condition, a, axis: int | None = None, *, size=None, fill_value=0, out=None
):
    """The slices of a along an axis, or elements of the flattened a, where a 1-D
    condition holds.

    `size=n` gives exactly n of them, filled up with fill_value, and may be traced.

    >>> compress(np.array([True, False, True]), np.array([5, 6, 7]))
    Array([5, 7], dtype=int32)
    """
    refuse_out("compress", out)
    condition = truth("compress", condition)
    a = as_array(as_operand("compress", a))
    if condition.ndim != 1:
        raise ValueError("condition must be a 1D array")
    if axis is None:
        a, axis = ravel(a), 0
    axis = canonical_axis("compress", axis, a.ndim)
    n = a.shape[axis]
    if condition.shape[0] > n:
        extra = known_value(condition)
        if extra is None or extra[n:].any():
            raise ValueError("condition contains entries that are out of bounds")
        condition = getitem(as_array(condition), slice(n))
    (positions,) = nonzero(condition, size=size, fill_value=n)
    rows = take(a, positions, axis=axis, fill_value=fill_value)
    return rows if size is None else _filled(rows, positions < n, axis, fill_value)


def _filled(rows, valid, axis, fill_value):
    """Rows where valid, and elsewhere the fill value, which may be an array."""
    shape = [rows.shape[axis] if d == axis else 1 for d in range(rows.ndim)]
    valid = lax.reshape(valid, tuple(shape))
    return _select(valid, rows, cast(as_operand("compress", fill_value), rows.dtype))


def extract(condition, arr, *, size=None, fill_value=0):
    """The elements of arr where a condition of the same size holds, in order.

    >>> extract(np.array([[True, False], [False, True]]), np.arange(4).reshape(2, 2))
    Array([0, 3], dtype=int32)
    """
    known = known_value(as_operand("extract", condition))
    if known is None:
        condition = ravel(truth("extract", condition))
    else:
        condition = np.ravel(known) != 0  # known while tracing, too
    arr = ravel(as_operand("extract", arr))
    return compress(condition, arr, size=size, fill_value=fill_value)


def _compress_method(a, condition, axis=None, *, out=None, size=None, fill_value=0):
    """`compress` with the array first."""
    return compress(condition, a, axis, size=size, fill_value=fill_value, out=out)


METHODS = {"choose": choose, "compress": _compress_method, "take": take}
