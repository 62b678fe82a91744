"""What an index means: one entry per axis, and the table of positions of a gather.

A NumPy index is written out, one entry for every axis of the array and every new axis:

    New           None: an axis of size one in the result
    Window        a slice of step one: a contiguous part of an axis
    Strided       any other slice: an arithmetic progression of positions
    Pick          an integer or an array of integers; a boolean mask of rank r has
                  become r of them (`nonzero`)

    x[mask, None, 1:3]      gives      Pick(nonzero(mask)), New(), Window(1, 2)

`plan_of` turns entries into the table that a gather reads and a scatter writes through.
"""

import itertools
import operator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes, errors
from .. import primitives as lax
from ..core.trace import Tracer
from .promotion import as_operand


class New(NamedTuple):
    """`None` in an index: a new axis of size one."""


class Window(NamedTuple):
    """A slice of step one: `size` positions from `start` on."""

    start: int
    size: int


class Strided(NamedTuple):
    """Any other slice: start, start + step, ..., `size` positions."""

    start: int
    size: int
    step: int

    @property
    def ascending(self) -> tuple[int, int, int]:
        """The same positions as (start, limit, stride) with a positive stride."""
        if not self.size:
            return 0, 0, 1
        last = self.start + (self.size - 1) * self.step
        low, high = min(self.start, last), max(self.start, last)
        return low, high + 1, abs(self.step)


class Pick(NamedTuple):
    """An integer, or an array of integers that NumPy calls an advanced index."""

    position: Any
    ndim: int = 0

    @property
    def static(self) -> bool:
        """Whether the position is a number known now."""
        return isinstance(self.position, int)


# Reading an index


@dataclass(frozen=True)
class Index:
    """An index written out for an array of a certain shape."""

    entries: tuple
    # Axes of size one to insert into the array first: x[True] reads such an axis.
    inserted: tuple[int, ...] = ()
    # Whether no slice, None or Ellipsis stands between integers and arrays.
    neighbours: bool = True

    @property
    def axes(self) -> list:
        """The entries of the array's axes."""
        return [e for e in self.entries if not isinstance(e, New)]

    @property
    def picks(self) -> list[Pick]:
        """The integers and arrays."""
        return [e for e in self.entries if isinstance(e, Pick)]

    def detached(self) -> tuple[list, "Index"]:
        """The positions of the picks, and an index that can be hashed without them."""
        blank = [Pick(None, e.ndim) if isinstance(e, Pick) else e for e in self.entries]
        positions = [e.position for e in self.picks]
        return positions, Index(tuple(blank), self.inserted, self.neighbours)

    def attached(self, positions) -> "Index":
        """The index with positions for its picks: undoes `detached`."""
        given = iter(positions)
        entries = [
            Pick(next(given), e.ndim) if isinstance(e, Pick) else e
            for e in self.entries
        ]
        return Index(tuple(entries), self.inserted, self.neighbours)


def written_out(shape: tuple[int, ...], index) -> Index:
    """A user's index with one entry per axis of the array and per new axis."""
    items = [y for x in as_tuple(index) for y in _read(x)]
    consumed = sum(1 for x in items if x is not None and x is not Ellipsis)
    consumed -= sum(1 for x in items if isinstance(x, _ScalarMask))
    if consumed > len(shape):
        raise IndexError(
            f"Too many indices: array is {len(shape)}-dimensional, "
            f"but {consumed} were indexed"
        )
    items, gap = _spell_ellipsis(items, len(shape) - consumed)
    entries: list = []
    inserted: list[int] = []
    axis = 0
    for item in items:
        if item is None:
            entries.append(New())
        elif isinstance(item, _ScalarMask):
            inserted.append(axis + len(inserted))
            entries.append(Pick(item.positions, 1))
        else:
            entries.append(_entry(item, shape, axis, len(entries)))
            axis += 1
    places = [k + (k >= gap) for k, e in enumerate(entries) if isinstance(e, Pick)]
    neighbours = not places or places[-1] - places[0] == len(places) - 1
    return Index(tuple(entries), tuple(inserted), neighbours)


class _ScalarMask(NamedTuple):
    positions: np.ndarray  # [0] for True, [] for False


class _MaskAxis(NamedTuple):
    positions: np.ndarray
    mask_shape: tuple[int, ...]
    mask_axis: int


def as_tuple(index) -> tuple:
    """The items of an index; strings and lists are none."""
    if isinstance(index, tuple):
        return index
    if isinstance(index, str):
        raise TypeError(f"JAX does not support string indexing; got idx={index!r}")
    if isinstance(index, list):
        raise TypeError(
            "Using a non-tuple sequence for multidimensional indexing is not allowed; "
            "use `arr[array(seq)]` instead of `arr[seq]`, got a list."
        )
    return (index,)


def _read(item) -> list:
    """The item itself, or for a mask the integer arrays that replace it."""
    if item is None or item is Ellipsis or isinstance(item, slice):
        return [item]
    if isinstance(item, str):
        raise TypeError(f"JAX does not support string indexing; got idx={item!r}")
    if isinstance(item, list | tuple):
        item = _from_sequence(item)
    if _is_static_integer(item):
        return [operator.index(item)]
    array = as_operand("indexing", item)
    if np.dtype(array.dtype) == np.bool_:
        return _read_mask(array)
    if not dtypes.issubdtype(array.dtype, np.integer):
        raise TypeError(
            "Indexer must have integer or boolean type, got indexer with type "
            f"{array.dtype}"
        )
    return [item if isinstance(item, np.ndarray) else array]


def _is_static_integer(item) -> bool:
    """Whether an item is a Python or NumPy integer, or stands for one."""
    if isinstance(item, bool) or not hasattr(item, "__index__"):
        return False
    return isinstance(item, np.integer) or not hasattr(item, "dtype")


def _from_sequence(items):
    """An index array from a list inside an index, `x[[0, 1], 2]`."""
    if not items:
        return np.zeros(0, np.int32)
    if any(isinstance(x, Tracer) for x in items):
        rows = [lax.expand_dims(as_operand("indexing", x), (0,)) for x in items]
        return lax.concatenate(rows, 0)
    return np.asarray(items)


def _read_mask(mask) -> list:
    known = known_value(mask)
    if known is None:
        raise errors.NonConcreteBooleanIndexError(
            f"Array boolean indices must be concrete; got {mask.aval}. Use "
            "where(mask, x, fill), or nonzero(mask, size=n)."
        )
    if not known.shape:
        return [_ScalarMask(np.flatnonzero(known).astype(np.int32))]
    parts = enumerate(np.nonzero(known))
    return [_MaskAxis(p.astype(np.int32), known.shape, k) for k, p in parts]


def known_value(x):
    """The value as a NumPy array, or None if it is known only at run time."""
    if isinstance(x, Tracer):
        x = x.concrete()
    return None if x is None else np.asarray(x)


def _spell_ellipsis(items, missing) -> tuple[list, int]:
    """Whole slices for the ellipsis, and its place: it parts also when it is empty."""
    places = [k for k, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    k = places[0] if places else len(items)
    return [*items[:k], *[slice(None)] * missing, *items[k + 1 :]], k


def _entry(item, shape, axis, position):
    """The entry for one axis."""
    n = shape[axis]
    if isinstance(item, slice):
        return _slice_entry(item, n, position)
    if isinstance(item, _MaskAxis):
        if item.mask_shape[item.mask_axis] != n:
            first = axis - item.mask_axis
            expected = list(shape[first : first + len(item.mask_shape)])
            raise IndexError(
                "boolean index did not match shape of indexed array in index "
                f"{position}: got {item.mask_shape}, expected {expected}"
            )
        return Pick(item.positions, 1)
    ndim = 0 if isinstance(item, int) else item.ndim
    if not (n or ndim):
        raise IndexError(f"index is out of bounds for axis {axis} with size 0")
    return Pick(item, ndim)


def _slice_entry(item, n, position):
    try:
        start, stop, step = item.indices(n)
    except errors.TracerIntegerConversionError as error:
        raise IndexError(
            f"Slice entries must be static integers. Got {item} at position "
            f"{position}. Use lax.dynamic_slice for a traced start."
        ) from error
    size = len(range(start, stop, step))
    if step == 1:
        return Window(start, size)
    return Strided(start, size, step)


# The plan of a gather or scatter


class Plan(NamedTuple):
    """How an index reads from, or writes to, an operand through a table of positions.

    The result of a gather, and the updates of a scatter, have the axes of `indices`
    but the last, with the windows' axes put at `window_dims`.
    """

    indices: Any  # (*batch, number of axes that `axes` lists), integers
    axes: tuple[int, ...]  # the operand axis that each column positions
    window_sizes: tuple[int, ...]  # per operand axis: 1 where a column picks
    window_dims: tuple[int, ...]
    picked: tuple[int, ...]  # operand axes that are not windows
    new_axes: tuple[int, ...]  # to insert into the result
    shape: tuple[int, ...]  # of the result, with the new axes
    ordered: bool  # whether positions are known to be ascending and distinct

    @property
    def scatter_numbers(self):
        """What `lax.scatter` calls the dimension numbers."""
        return lax.ScatterDimensionNumbers(self.window_dims, self.picked, self.axes)


class _Slot(NamedTuple):
    """A run of axes of the result."""

    kind: str  # "picks", "window", "strided", "new"
    sizes: tuple[int, ...]
    axis: int | None = None  # the operand axis of a window or a strided slice


def plan_of(shape, index, wrap_negative=True) -> Plan:
    """The table of positions that an index stands for."""
    axes = index.axes
    slots = _slots(index)
    batch = [slot for slot in slots if slot.kind in ("picks", "strided")]
    batch_shape = tuple(n for slot in batch for n in slot.sizes)
    first_dim = dict(zip(batch, _offsets(batch), strict=True))
    columns, positioned = [], []
    for axis, (e, n) in enumerate(zip(axes, shape, strict=True)):
        if isinstance(e, Window):
            if e.size == n:
                continue
            column, dim = np.asarray(e.start), 0
        elif isinstance(e, Strided):
            column = e.start + e.step * np.arange(e.size)
            dim = first_dim[_Slot("strided", (e.size,), axis)]
        else:
            column = wrapped(e.position, n) if wrap_negative else e.position
            (picks,) = (slot for slot in batch if slot.kind == "picks")
            dim = first_dim[picks] + len(picks.sizes) - e.ndim
        columns.append((column, dim))
        positioned.append(axis)
    windows = [e.size if isinstance(e, Window) else 1 for e in axes]
    compact = [slot for slot in slots if slot.kind != "new"]
    starts = zip(compact, _offsets(compact), strict=True)
    picked = [axis for axis, e in enumerate(axes) if not isinstance(e, Window)]
    has_arrays = any(p.ndim for p in index.picks)
    descending = any(isinstance(e, Strided) and e.step < 0 for e in axes)
    return Plan(
        indices=_table(columns, batch_shape),
        axes=tuple(positioned),
        window_sizes=tuple(windows),
        window_dims=tuple(dim for slot, dim in starts if slot.kind == "window"),
        picked=tuple(picked),
        new_axes=tuple(
            dim
            for slot, dim in zip(slots, _offsets(slots), strict=True)
            if slot.kind == "new"
        ),
        shape=tuple(n for slot in slots for n in slot.sizes),
        ordered=not has_arrays and not descending,
    )


def _offsets(slots) -> list[int]:
    """The first result axis of each slot."""
    return list(itertools.accumulate((len(s.sizes) for s in slots), initial=0))[:-1]


def _slots(index) -> list[_Slot]:
    """The axes of the result in order.

    NumPy's rule: the axes of broadcast index arrays stand where the first of them
    stood, if they are neighbours, and in front of all others if not. A scalar is such
    an array of rank 0 when another is an array.
    """
    slots = []
    axis = 0
    for e in index.entries:
        if isinstance(e, New):
            slots.append(_Slot("new", (1,)))
            continue
        if isinstance(e, Window):
            slots.append(_Slot("window", (e.size,), axis))
        elif isinstance(e, Strided):
            slots.append(_Slot("strided", (e.size,), axis))
        axis += 1
    if index.picks:
        first = next(k for k, e in enumerate(index.entries) if isinstance(e, Pick))
        picks = _Slot("picks", _picked_shape(index.picks))
        slots.insert(first if index.neighbours else 0, picks)
    return slots


def _picked_shape(picks) -> tuple[int, ...]:
    shapes = [np.shape(p.position) for p in picks]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        shapes = [s for s in shapes if s]
        raise ValueError(
            f"Incompatible shapes for broadcasting: shapes={shapes}. Index arrays "
            "must broadcast to one shape."
        ) from None


def wrapped(position, n):
    """Positions with negative ones counted from the end."""
    if isinstance(position, int | np.ndarray):
        position = np.asarray(position)
        return np.where(position < 0, position + n, position)
    if dtypes.issubdtype(position.dtype, np.unsignedinteger):
        return position
    position = lax.convert_element_type(position, index_dtype([position]))
    return lax.select(position < 0, position + n, position)


def index_dtype(columns):
    """i32, or i64 where a column is of 64 bits."""
    wide = any(np.dtype(c.dtype).itemsize == 8 for c in columns)
    return dtypes.canonicalize(np.int64) if wide else np.dtype(np.int32)


def _table(columns, batch_shape):
    """Columns of positions side by side; column k's axes start at batch axis dim."""
    if all(isinstance(c, np.ndarray | int) for c, _ in columns):
        return _static_table(columns, batch_shape)
    traced = [c for c, _ in columns if not isinstance(c, np.ndarray | int)]
    dtype = index_dtype(traced)
    shape = (*batch_shape, 1)
    parts = []
    for column, dim in columns:
        if isinstance(column, np.ndarray | int):
            column = _narrowed(np.asarray(column)).astype(dtype)
        part = lax.convert_element_type(column, dtype)
        dims, part = _without_ones(part, dim, batch_shape)
        parts.append(lax.broadcast_in_dim(part, shape, dims))
    return parts[0] if len(parts) == 1 else lax.concatenate(parts, len(batch_shape))


def _without_ones(x, dim, batch_shape):
    """The batch axes of x's axes, its axes of size one dropped where they stretch."""
    dims = [dim + k for k in range(x.ndim)]
    ones = tuple(k for k, d in enumerate(dims) if x.shape[k] != batch_shape[d])
    kept = tuple(d for k, d in enumerate(dims) if k not in ones)
    return kept, lax.squeeze(x, ones) if ones else x


def _static_table(columns, batch_shape):
    parts = []
    for column, dim in columns:
        column = np.asarray(column)
        trailing = len(batch_shape) - dim - column.ndim
        column = column.reshape((*column.shape, *[1] * trailing))
        parts.append(np.broadcast_to(column, batch_shape))
    if not parts:
        return np.zeros((*batch_shape, 0), np.int32)
    return _narrowed(np.stack(parts, axis=-1))


def _narrowed(positions):
    """NumPy positions as i32 where they fit, else as the widest dtype in use."""
    wide = dtypes.canonicalize(np.int64)
    info = np.iinfo(np.int32)
    if positions.size and (positions.max() > info.max or positions.min() < info.min):
        info = np.iinfo(wide)
        return np.clip(positions, info.min, info.max).astype(wide)
    return positions.astype(np.int32)
