"""NumPy indexing: `x[index]` becomes slices, a dynamic slice, or one gather.

The index is written out by `index_plan`, and then the cheapest program is chosen:

    x[1:3, ::-2, None]     integers and slices          slice, rev, expand_dims
    x[i, 1:3]              a traced integer             dynamic_slice, squeeze
    x[:, rows, None]       arrays                       gather
    x[mask]                a traced mask                a `Selection`

Evaluated at once, integers and the starts of slices are operands, so that one program
serves all of x[0], x[1], ... `.at[index]` scatters through the same plan (`updates`).
"""

import itertools
from dataclasses import dataclass

from .. import api, errors
from .. import primitives as lax
from ..config import state
from ..core.trace import evaluator, is_eager
from ..core.tracebacks import hide_our_frames
from .index_plan import (
    Index,
    New,
    Pick,
    Strided,
    Window,
    index_dtype,
    plan_of,
    written_out,
)
from .selections import masked_index

READS_SIZE = 1 << 12  # indices remembered before they are forgotten
ROWS_PER_PROGRAM = 100  # iteration unpacks that many rows by one program

# Reading elements


def read(x, index):
    """`x[index]`.

    >>> read(np.arange(3), -1)
    Array(2, dtype=int32)
    """
    try:
        try:
            key = state.dispatch_key, x._kind, _mark(index)
        except (AttributeError, TypeError):  # a tracer, or positions that are arrays
            return getitem(x, index)
        found = _reads.get(key)
        if found is None:
            if key[0] is None or state.disable_jit:
                return getitem(x, index)
            found = _prepare_read(x, index)
            if len(_reads) >= READS_SIZE:
                _reads.clear()
            _reads[key] = found
        call, starts = found
        return call([x, *starts])
    except Exception as error:
        hide_our_frames(error)
        raise


# How `x[index]` is done for a kind of array and an index of numbers and slices.
_reads = evaluator.table()


def _mark(index):
    """An index of numbers and slices, written so that it can be hashed.

    Raises TypeError for anything else. Truth values are masks, not numbers.
    """
    kind = type(index)
    if kind is int or index is None or index is Ellipsis:
        return index
    if kind is tuple:
        return tuple([_mark(item) for item in index])
    if kind is slice:
        bounds = index.start, index.stop, index.step
        if all(n is None or type(n) is int for n in bounds):
            return (slice, *bounds)
    raise TypeError(kind)


def _prepare_read(x, index):
    """A function of the array and starts, and the starts, as arrays."""
    plan = written_out(x.shape, index)
    starts, block = _block_of(x.shape, plan, wrap_negative=True)
    call, (_, *starts) = _read_block.prepare(x, starts, block)
    return call, starts


def getitem(
    x,
    index,
    *,
    mode=None,
    fill_value=None,
    indices_are_sorted=False,
    unique_indices=False,
    wrap_negative_indices=True,
):
    """The elements of x at a NumPy index.

    >>> getitem(asarray([[0, 1, 2], [3, 4, 5]]), (slice(None), -1))
    Array([2, 5], dtype=int32)
    """
    try:
        index = written_out(x.shape, index)
    except errors.NonConcreteBooleanIndexError:
        masked = masked_index(x.shape, index)
        return masked.selection(getitem(x, masked.rest))
    if index.inserted:
        x = lax.expand_dims(x, index.inserted)
    if mode is None or clamps(mode) or not index.picks:
        static = wrap_negative_indices and all(p.static for p in index.picks)
        if static and not is_eager():
            return _read_static(x, index)
        if all(p.ndim == 0 for p in index.picks):
            starts, block = _block_of(x.shape, index, wrap_negative_indices)
            return _read_block(x, starts, block)
    positions, index = index.detached()
    settings = (
        wrap_negative_indices,
        "promise_in_bounds" if mode is None else mode,
        fill_value,
        indices_are_sorted,
        unique_indices,
    )
    return read_table(x, positions, index, settings)


def clamps(mode) -> bool:
    """Whether positions out of range are clamped, as `dynamic_slice` does."""
    mode = lax.GatherScatterMode.from_any(mode)
    clamping = lax.GatherScatterMode.CLIP, lax.GatherScatterMode.PROMISE_IN_BOUNDS
    return mode in clamping


@api.compiled(static_argnames=("settings",))
def read_table(x, positions, index, settings):
    """A gather at the positions of a detached index."""
    wrap_negative, mode, fill_value, is_sorted, is_unique = settings
    plan = plan_of(x.shape, index.attached(positions), wrap_negative)
    if 0 in plan.shape:
        return lax.full(plan.shape, 0, x.dtype)
    out = lax.gather(
        x,
        plan.indices,
        lax.GatherDimensionNumbers(plan.window_dims, plan.picked, plan.axes),
        plan.window_sizes,
        mode=mode,
        fill_value=fill_value,
        indices_are_sorted=is_sorted or plan.ordered,
        unique_indices=is_unique or plan.ordered,
    )
    return lax.expand_dims(out, plan.new_axes) if plan.new_axes else out


def _clamped(position: int, n: int) -> int:
    """A static position in 0 .. n-1, counted from the end where it is negative."""
    return min(max(position + n if position < 0 else position, 0), n - 1)


def _read_static(x, index):
    """Slices and integers known now: no gather."""
    starts, limits, strides, reverse, drop = [], [], [], [], []
    for axis, (e, n) in enumerate(zip(index.axes, x.shape, strict=True)):
        if isinstance(e, Pick):
            start = _clamped(e.position, n)
            bounds = start, start + 1, 1
            drop.append(axis)
        elif isinstance(e, Window):
            bounds = e.start, e.start + e.size, 1
        else:
            bounds = e.ascending
            if e.step < 0:
                reverse.append(axis)
        starts.append(bounds[0])
        limits.append(bounds[1])
        strides.append(bounds[2])
    if any(starts) or tuple(limits) != x.shape or any(s != 1 for s in strides):
        x = lax.slice(x, starts, limits, strides)
    if reverse:
        x = lax.rev(x, tuple(reverse))
    return _reshaped(x, tuple(drop), new_axes(index))


def new_axes(index) -> tuple[int, ...]:
    """The positions in the result of the new axes of an index without arrays."""
    kept = [e for e in index.entries if not (isinstance(e, Pick) and e.ndim == 0)]
    return tuple(k for k, e in enumerate(kept) if isinstance(e, New))


def _reshaped(x, drop, new):
    """An array without the axes `drop` of size one, and with new axes in the result."""
    if drop and new:
        sizes = [n for axis, n in enumerate(x.shape) if axis not in drop]
        for axis in new:
            sizes.insert(axis, 1)
        return lax.reshape(x, tuple(sizes))
    if drop:
        return lax.squeeze(x, drop)
    return lax.expand_dims(x, new) if new else x


@dataclass(frozen=True)
class Block:
    """A box that is read at starts given apart, then strided slices, then reshaping."""

    sizes: tuple[int, ...]
    moved: tuple[int, ...]  # the axes that have a start; others start at 0
    signed: tuple[bool, ...]  # per moved axis: whether a negative start wraps
    strided: Index | None
    drop: tuple[int, ...]
    new: tuple[int, ...]


def _block_of(shape, index, wrap_negative) -> tuple[list, Block]:
    """The starts and the form of an index of scalars and slices."""
    starts, sizes, moved, signed, drop, rest = [], [], [], [], [], []
    for axis, (e, n) in enumerate(zip(index.axes, shape, strict=True)):
        picked = isinstance(e, Pick)
        size = 1 if picked else e.size if isinstance(e, Window) else n
        sizes.append(size)
        rest.append(e if isinstance(e, Strided) else Window(0, size))
        if picked:
            drop.append(axis)
        if size == n:
            continue  # there is only one place for it
        if not picked:
            starts.append(e.start)
        elif e.static and wrap_negative:
            starts.append(_clamped(e.position, n))
        else:
            starts.append(_position(e))
        moved.append(axis)
        signed.append(picked and not e.static and wrap_negative)
    strided = Index(tuple(rest)) if any(isinstance(e, Strided) for e in rest) else None
    form = tuple(sizes), tuple(moved), tuple(signed), strided, tuple(drop)
    return starts, Block(*form, new_axes(index))


def _position(pick):
    """A scalar index in a dtype that can hold positions."""
    if pick.static:
        return pick.position
    return lax.convert_element_type(pick.position, index_dtype([pick.position]))


@api.compiled
def _read_block(x, starts, block):
    """A dynamic slice at the starts of the block's moved axes."""
    if starts:
        places, signed = [0] * x.ndim, [False] * x.ndim
        for axis, start, negative in zip(
            block.moved, starts, block.signed, strict=True
        ):
            places[axis], signed[axis] = start, negative
        x = lax.dynamic_slice(x, places, block.sizes, allow_negative_indices=signed)
    if block.strided is not None:
        x = _read_static(x, block.strided)
    return _reshaped(x, block.drop, block.new)


# Iteration


def length(x) -> int:
    """`len(x)`: the size of the first axis."""
    if not x.shape:
        raise TypeError("len() of unsized object")
    return x.shape[0]


def iterate(x):
    """`iter(x)`: the rows of x, unpacked by one program per hundred of them.

    >>> [int(row.sum()) for row in iterate(np.arange(6).reshape(3, 2))]
    [1, 5, 9]
    """
    if not x.shape:
        raise TypeError("iteration over a 0-d array")
    return itertools.chain.from_iterable(_chunks(x))


def _chunks(x):
    n = x.shape[0]
    for start in range(0, n, ROWS_PER_PROGRAM):
        size = min(ROWS_PER_PROGRAM, n - start)
        yield _rows(x if size == n else getitem(x, slice(start, start + size)))


@api.compiled
def _rows(x):
    return tuple(getitem(x, k) for k in range(x.shape[0]))


METHODS = {"__getitem__": read, "__iter__": iterate, "__len__": length}
