"""Masked selections: `x[mask]` where the mask is traced, as what can be done with it.

How many elements a traced mask selects is not known, so `x[mask]` has no shape. But its
sum has, and so has `x.at[mask].set(0)`. `x[mask]` is therefore all the candidates, and
a mask along the one axis whose size is not known:

    x: f32[3,4]   mask: bool[3]     x[mask]       values f32[3,4], mask along axis 0
    x: f32[3,4]   mask: bool[3,4]   x[mask]       values f32[12],  mask along axis 0
    x: f32[3,4]   mask: bool[3]     x[mask, 1:3]  values f32[3,2], mask along axis 0

Elementwise operations act on the values; reductions over that axis take the mask as
`where=`; updates are selects. Whatever else is asked of a selection raises the error of
a traced mask, which names the line where it was made. See
docs/design/masks-in-jit.md.
"""

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes, errors
from .. import primitives as lax
from ..core.source import user_frame
from ..core.trace import Operators, Tracer
from .arguments import spread
from .index_plan import as_tuple, known_value
from .promotion import as_operand, canonical_axes

REPAIR = (
    "Use where(mask, x, fill), or nonzero(mask, size=n); x[mask].sum() and other "
    "reductions, elementwise functions before them, and x.at[mask].set(0) work."
)


class Selection:
    """`x[mask]` for a traced mask: values of known shape, and a mask along one axis."""

    __slots__ = ("axis", "made", "mask", "values")
    __hash__: Any = None  # it holds tracers, and must not be a key of any table
    __array_priority__ = 200

    def __init__(self, values, mask, axis: int, made):
        self.values = values
        self.mask = mask  # (values.shape[axis],) booleans
        self.axis = axis
        self.made = made  # the user's mask, and where it was used

    @property
    def dtype(self):
        return self.values.dtype

    @property
    def ndim(self):
        return self.values.ndim

    def with_values(self, values, axis: int | None = None):
        """The same selection among other candidates."""
        return Selection(
            values, self.mask, self.axis if axis is None else axis, self.made
        )

    @property
    def where(self):
        """The mask with the rank of the values, of size 1 on other axes."""
        ones = [1] * self.ndim
        ones[self.axis] = self.mask.shape[0]
        return lax.reshape(self.mask, tuple(ones))

    def astype(self, dtype, copy=False, device=None):
        return self.with_values(self.values.astype(dtype))

    def refusal(self, what: str):
        """The error for what needs the number of selected elements."""
        mask, source = self.made
        place = f" at {source}" if source is not None else ""
        traced = f" is traced {mask.origin()}" if isinstance(mask, Tracer) else ""
        return errors.NonConcreteBooleanIndexError(
            f"Array boolean indices must be concrete: {what} needs the number of "
            f"elements of x[mask]{place}, but mask: {mask.aval}{traced}. {REPAIR}"
        )

    def __getattr__(self, name):
        if hasattr(Operators, name) or name in ("__jax_array__", "shape", "size"):
            raise self.refusal(f".{name}")
        raise AttributeError(
            f"'x[mask]' with a traced mask has no attribute {name!r}. {REPAIR}"
        )

    def __jax_array__(self):
        raise self.refusal("its use as an array")

    def __array__(self, *args, **kwargs):
        raise self.refusal("a NumPy function")

    def __iter__(self):
        raise self.refusal("iteration")

    def __len__(self):
        raise self.refusal("len()")

    def __bool__(self):
        raise self.refusal("`if`")

    def __float__(self):
        raise self.refusal("float()")

    def __int__(self):
        raise self.refusal("int()")

    def __matmul__(self, other):
        raise self.refusal("@")

    __rmatmul__ = __matmul__

    def __getitem__(self, index):
        raise self.refusal("an index of x[mask]")

    def __repr__(self):
        return f"Selection<{self.values.aval} where {self.mask.aval} on {self.axis}>"


# Making a selection, and writing it back


class MaskedIndex(NamedTuple):
    """An index with one traced mask, taken apart."""

    mask: Any
    rest: tuple  # the index with whole slices in place of the mask
    place: int  # of the mask's first axis in x[rest]
    axis: int  # of the selection, where NumPy puts it

    def selection(self, region) -> Selection:
        """The selection among the elements of x[rest]."""
        rank = self.mask.ndim
        before, after = region.shape[: self.place], region.shape[self.place + rank :]
        if not rank:
            after = after[1:]  # the axis that stands for a mask of rank 0
        count = math.prod(self.mask.shape)
        values = lax.reshape(region, (*before, count, *after))
        values = _moved(values, self.place, self.axis)
        mask = lax.reshape(self.mask, (count,))
        return Selection(values, mask, self.axis, (self.mask, user_frame()))

    def region(self, values, shape):
        """Values of a selection in the shape of x[rest]."""
        return lax.reshape(_moved(values, self.axis, self.place), shape)


def _moved(x, source, target):
    if source == target:
        return x
    axes = [k for k in range(x.ndim) if k != source]
    axes.insert(target, source)
    return lax.transpose(x, tuple(axes))


def masked_index(shape, index) -> MaskedIndex:
    """An index that holds a traced mask; raises if the result is not well defined."""
    items = list(as_tuple(index))
    masks = [k for k, item in enumerate(items) if _is_mask(item)]
    others = [item for k, item in enumerate(items) if k not in masks]
    mask = as_operand("indexing", items[masks[0]])
    if len(masks) > 1 or not all(_is_basic(item) for item in others):
        raise errors.NonConcreteBooleanIndexError(
            f"Array boolean indices must be concrete; got {mask.aval} beside other "
            "arrays in an index. Only numbers, slices, None and ... go with a traced "
            "mask. Use where(mask, x, fill), or nonzero(mask, size=n)."
        )
    (k,) = masks
    whole = [slice(None)] * mask.ndim if mask.ndim else [None]
    rest = (*items[:k], *whole, *items[k + 1 :])
    missing = len(shape) - sum(
        item is not None and item is not Ellipsis for item in rest
    )
    _check_shape(shape, items[:k], missing, mask)
    place = sum(
        missing if item is Ellipsis else not _is_number(item) for item in items[:k]
    )
    # NumPy: numbers are index arrays too, and arrays that are not neighbours put their
    # common axis in front.
    arrays = [j for j, item in enumerate(items) if j == k or _is_number(item)]
    neighbours = arrays[-1] - arrays[0] == len(arrays) - 1
    return MaskedIndex(mask, rest, place, place if neighbours else 0)


def _check_shape(shape, before, missing, mask):
    """A mask has the sizes of the axes that it stands for."""
    if missing < 0:
        raise IndexError(
            f"Too many indices: array is {len(shape)}-dimensional, but "
            f"{len(shape) - missing} were indexed"
        )
    axis = sum(missing if item is Ellipsis else item is not None for item in before)
    expected = tuple(shape[axis : axis + mask.ndim])
    if mask.shape != expected:
        raise IndexError(
            "boolean index did not match shape of indexed array in index "
            f"{len(before)}: got {mask.shape}, expected {list(expected)}"
        )


def _is_mask(item) -> bool:
    dtype = getattr(item, "dtype", None)
    return dtype == np.bool_ and hasattr(item, "ndim") and known_value(item) is None


def _is_number(item) -> bool:
    if item is None or item is Ellipsis or isinstance(item, slice | bool):
        return False
    dtype = getattr(item, "dtype", None)
    if dtype is not None:
        return dtype in dtypes.INTS and item.ndim == 0
    return hasattr(item, "__index__")


def _is_basic(item) -> bool:
    return (
        item is None
        or item is Ellipsis
        or isinstance(item, slice)
        or (_is_number(item))
    )


def aligned(where: str, selection: Selection, y):
    """An operand, or a selection by the same mask, as what broadcasts with the values.

    Raises where the result would depend on how many elements are selected.
    """
    if isinstance(y, Selection):
        same = y.made[0] is selection.made[0] and y.axis == selection.axis
        if not same or y.ndim != selection.ndim:
            raise selection.refusal(
                f"{where} of selections by two masks (name the mask once, and use it "
                "for both)"
            )
        return y.values
    y = as_operand(where, y)
    place = selection.axis - (selection.ndim - y.ndim)
    if place >= 0 and y.shape[place] != 1:
        raise selection.refusal(f"{where} with one value for each element, {y.aval},")
    return y


# Functions of the library that take selections


def elementwise(fun: Callable) -> Callable:
    """Let an elementwise function act on the values of selections."""

    @functools.wraps(fun)
    def over(*args, **kwargs):
        if Selection not in map(type, args):
            return fun(*args, **kwargs)
        return mapped(fun, *args, **kwargs)

    return over


def mapped(fun: Callable, *args, **kwargs):
    """An elementwise function of arguments some of which are selections."""
    first = next(x for x in args if type(x) is Selection)
    name = fun.__name__
    values = [
        first.values if x is first else x if x is None else aligned(name, first, x)
        for x in args
    ]
    results = fun(*values, **kwargs)
    if isinstance(results, tuple):
        return tuple(map(first.with_values, results))
    return first.with_values(results)


def reduction(fun: Callable) -> Callable:
    """Let a reduction with `axis` and `where` fold selections."""
    signature = inspect.signature(fun)

    @functools.wraps(fun)
    def over(a, *args, **kwargs):
        if type(a) is not Selection:
            return fun(a, *args, **kwargs)
        return _reduced(fun, signature.bind(a, *args, **kwargs).arguments)

    return over


def _reduced(fun, arguments):
    selection = arguments.pop("a")
    axes = canonical_axes(fun.__name__, arguments.pop("axis", None), selection.ndim)
    where = arguments.pop("where", None)
    if where is not None:
        where = aligned(fun.__name__, selection, where)
    if selection.axis in axes:
        mask = selection.where
        shape = np.broadcast_shapes(mask.shape, () if where is None else where.shape)
        mask = spread(mask, shape)
        if where is not None:
            mask = lax.bitwise_and(mask, spread(where, shape))
        if fun.__name__ in _STARTS and arguments.get("initial") is None:
            arguments["initial"] = _STARTS[fun.__name__](selection.dtype)
        return fun(selection.values, axis=axes, where=mask, **arguments)
    out = fun(selection.values, axis=axes, where=where, **arguments)
    gone = 0 if arguments.get("keepdims") else sum(k < selection.axis for k in axes)
    return selection.with_values(out, selection.axis - gone)


def _lowest(dtype):
    """What is not above any value: the maximum of no elements."""
    if dtype == np.bool_:
        return False
    return -np.inf if dtype in dtypes.INEXACT else dtypes.iinfo(dtype).min


def _highest(dtype):
    """What is not below any value: the minimum of no elements."""
    if dtype == np.bool_:
        return True
    return np.inf if dtype in dtypes.INEXACT else dtypes.iinfo(dtype).max


_STARTS = {"max": _lowest, "min": _highest}
