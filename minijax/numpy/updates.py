"""Functional updates: `x.at[index].set(y)` is x with some elements replaced.

The index means what it means in `x[index]`, and an update becomes one scatter through
the same table of positions, or a dynamic update slice where the index is static and
contiguous:

    x.at[i, 1:3].add(y)        scatter_add x table y
    x.at[0].set(y)             dynamic_update_slice x y 0 0

A traced mask updates by a select: x.at[mask].add(y) is where(mask, x + y, x).
Updates outside the array are dropped, unless `mode="clip"` moves them to its border.
"""

import warnings

import numpy as np

from .. import errors
from .. import primitives as lax
from ..api import compiled
from ..control import scatter_apply
from .arguments import as_array, cast, spread
from .creation import asarray
from .index_plan import Pick, Window, plan_of, written_out
from .indexing import getitem
from .promotion import as_operand, canonical_axis, promote
from .selections import Selection, aligned, masked_index
from .shaping import ravel


class At:
    """`x.at`: index it, then say how to update, as in `x.at[0].set(1.0)`."""

    __slots__ = ("array",)

    def __init__(self, array):
        self.array = array

    def __getitem__(self, index):
        return AtIndex(self.array, index)

    def __repr__(self):
        return f"At({self.array!r})"


class AtIndex:
    """`x.at[index]`: the ways to update, or read, the elements at an index.

    Every method takes the keywords of `set`, and none changes x.
    """

    __slots__ = ("array", "index")

    def __init__(self, array, index):
        self.array = array
        self.index = index

    def __repr__(self):
        return f"AtIndex({self.array!r}, {self.index!r})"

    def get(
        self,
        *,
        indices_are_sorted=False,
        unique_indices=False,
        mode=None,
        fill_value=None,
        out_sharding=None,
        wrap_negative_indices=True,
    ):
        """`x[index]`, with a say in what positions outside x read.

        >>> asarray([1.0, 2.0]).at[5].get(mode="fill", fill_value=-1)
        Array(-1., dtype=float32)
        """
        _refuse_sharding("get", out_sharding)
        return getitem(
            self.array,
            self.index,
            mode=mode,
            fill_value=fill_value,
            indices_are_sorted=indices_are_sorted,
            unique_indices=unique_indices,
            wrap_negative_indices=wrap_negative_indices,
        )

    def set(self, values, **options):
        """X with `x[index] = values`; of repeated positions one value wins.

        Keywords: mode ("drop" positions outside x, the default; "clip";
        "promise_in_bounds"), indices_are_sorted, unique_indices, and
        wrap_negative_indices (True: negative positions count from the end).

        >>> asarray([1, 2, 3]).at[-1].set(7)
        Array([1, 2, 7], dtype=int32)
        """
        return self._scatter("set", lax.scatter, values, options)

    def add(self, values, **options):
        """X with `x[index] += values`; repeated positions add up.

        >>> asarray([1, 2]).at[asarray([0, 0])].add(5)
        Array([11,  2], dtype=int32)
        """
        return self._scatter("add", lax.scatter_add, values, options)

    def subtract(self, values, **options):
        """X with `x[index] -= values`; repeated positions add up."""
        return self._scatter("subtract", lax.scatter_sub, values, options)

    def multiply(self, values, **options):
        """X with `x[index] *= values`; repeated positions multiply."""
        return self._scatter("multiply", lax.scatter_mul, values, options)

    mul = multiply

    def divide(self, values, **options):
        """X with `x[index] /= values`; repeated positions divide each time."""
        ones = AtIndex(lax.full_like(self.array, 1), self.index)
        return self.array / ones._scatter("divide", lax.scatter_mul, values, options)

    def power(self, values, **options):
        """X with `x[index] **= values`; repeated positions multiply exponents."""
        ones = AtIndex(lax.full_like(self.array, 1), self.index)
        return self.array ** ones._scatter("power", lax.scatter_mul, values, options)

    def min(self, values, **options):
        """X with the smaller of `x[index]` and the values."""
        return self._scatter("min", lax.scatter_min, values, options)

    def max(self, values, **options):
        """X with the larger of `x[index]` and the values."""
        return self._scatter("max", lax.scatter_max, values, options)

    def apply(self, func, **options):
        """X with an elementwise function applied to `x[index]`, once per mention.

        >>> asarray([1.0, 2.0]).at[1].apply(lambda y: y * y)
        Array([1., 4.], dtype=float32)
        """
        wrap, (is_sorted, is_unique, mode) = _options("apply", **options)
        try:
            index = written_out(self.array.shape, self.index)
        except errors.NonConcreteBooleanIndexError:
            return self._where_selected(
                lambda old: cast(as_operand("apply", func(old.values)), old.dtype)
            )
        if is_unique or not any(p.ndim for p in index.picks):
            old = self.get(mode="clip", wrap_negative_indices=wrap)
            return self.set(func(old), **options)
        plan = plan_of(self.array.shape, index, wrap)
        return scatter_apply(
            self.array,
            plan.indices,
            func,
            plan.scatter_numbers,
            update_shape=tuple(
                n for k, n in enumerate(plan.shape) if k not in plan.new_axes
            ),
            indices_are_sorted=is_sorted,
            mode=mode,
        )

    def _scatter(self, name, scatter, values, options):
        wrap, flags = _options(name, **options)
        x = self.array
        try:
            index = written_out(x.shape, self.index)
        except errors.NonConcreteBooleanIndexError:
            return self._select(name, scatter, values)
        if index.inserted:
            x = lax.expand_dims(x, index.inserted)
        x, values = _of_one_dtype(name, x, values)
        if name == "set" and wrap and _is_block(x.shape, index):
            out = _set_block(x, index, values)
        else:
            positions, blank = index.detached()
            settings = wrap, *flags
            out = _scattered(x, values, positions, scatter, name, blank, settings)
        if index.inserted:
            out = lax.squeeze(out, index.inserted)
        return self._typed(out)

    def _typed(self, out):
        """An updated array in the type of the old one."""
        dtype, weak = self.array.dtype, self.array.weak_type
        if out.dtype == dtype and out.weak_type == weak:
            return out
        return lax.convert_element_type(out, dtype, weak)

    def _select(self, name, scatter, values):
        """The update where a traced mask holds, by one value for all its elements."""
        chosen = isinstance(values, Selection)
        wide, y = _of_one_dtype(name, self.array, values.values if chosen else values)
        if chosen:
            y = values.with_values(y)

        def updated(old):
            new = aligned(f"x.at[mask].{name}", old, y)
            _check_fit(name, new.shape, old.values.shape)
            return _COMBINE[scatter](old.values, spread(new, old.values.shape))

        return self._typed(AtIndex(wide, self.index)._where_selected(updated))

    def _where_selected(self, updated):
        """The array with `updated` values of the selection where its mask holds."""
        index = masked_index(self.array.shape, self.index)
        region = getitem(self.array, index.rest)
        old = index.selection(region)
        new = lax.select(spread(old.where, old.values.shape), updated(old), old.values)
        return AtIndex(self.array, index.rest).set(index.region(new, region.shape))


# What a scatter does to one element.
_COMBINE = {
    lax.scatter: lambda old, new: new,
    lax.scatter_add: lax.add,
    lax.scatter_sub: lax.sub,
    lax.scatter_mul: lax.mul,
    lax.scatter_min: lax.min,
    lax.scatter_max: lax.max,
}


def _options(
    name,
    *,
    indices_are_sorted=False,
    unique_indices=False,
    mode=None,
    out_sharding=None,
    wrap_negative_indices=True,
):
    """The keywords of an update: whether negatives wrap, and flags of the scatter."""
    _refuse_sharding(name, out_sharding)
    mode = lax.GatherScatterMode.from_any(mode)
    return wrap_negative_indices, (indices_are_sorted, unique_indices, mode)


@compiled(static_argnames=("scatter", "name", "index", "settings"))
def _scattered(x, values, positions, scatter, name, index, settings):
    """One scatter at the positions of a detached index."""
    wrap, is_sorted, is_unique, mode = settings
    plan = plan_of(x.shape, index.attached(positions), wrap)
    values = _fitted(name, values, plan.shape)
    if not values.size:
        return x
    if plan.new_axes:
        values = lax.squeeze(values, plan.new_axes)
    return scatter(
        x,
        plan.indices,
        values,
        plan.scatter_numbers,
        indices_are_sorted=is_sorted or plan.ordered,
        unique_indices=is_unique or plan.ordered,
        mode=mode,
    )


def _refuse_sharding(name, out_sharding):
    if out_sharding is not None:
        raise NotImplementedError(
            f"at[...].{name}: out_sharding is not supported. Use "
            "lax.with_sharding_constraint on the result."
        )


def _of_one_dtype(name, x, values):
    """Both in the dtype that the update computes in; x keeps its weak type."""
    where = f"at[...].{name}"
    if isinstance(values, list | tuple):
        values = asarray(values)
    values = as_operand(where, values)
    wide, promoted = promote(where, x, values)
    if wide.dtype == x.dtype:
        return x, cast(promoted, x.dtype)
    warnings.warn(
        f"scatter inputs have incompatible types: cannot safely cast value from "
        f"dtype={values.dtype} to dtype={x.dtype}. In future releases this will "
        "result in an error.",
        FutureWarning,
    )
    if name == "set":
        return x, lax.convert_element_type(_real_if(x, values), x.dtype)
    return wide, promoted


def _real_if(x, values):
    """The real part of complex values that are to be stored in a real array."""
    complex_to_real = np.dtype(values.dtype).kind == "c" != np.dtype(x.dtype).kind
    return lax.real(values) if complex_to_real else values


def _fitted(name, values, shape):
    """Values broadcast to the shape of the selected elements."""
    _check_fit(name, values.shape, shape)
    return spread(values, shape)


def _check_fit(name, given, shape):
    try:
        fits = np.broadcast_shapes(given, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(
            f"at[...].{name}: values must broadcast to the selected elements, of shape "
            f"{shape}, got shape {given}."
        )


def _is_block(shape, index) -> bool:
    """Whether the index selects one contiguous block that is known to lie inside."""
    axes = zip(index.axes, shape, strict=True)
    return all(
        isinstance(e, Window)
        or (isinstance(e, Pick) and e.static and -n <= e.position < n)
        for e, n in axes
    )


def _set_block(x, index, values):
    """A contiguous block replaced: its start is an operand, not part of the program."""
    starts, sizes, result = [], [], []
    for e in index.entries:
        if isinstance(e, Window):
            starts.append(e.start)
            sizes.append(e.size)
            result.append(e.size)
        elif isinstance(e, Pick):
            starts.append(e.position % x.shape[len(sizes)])
            sizes.append(1)
        else:
            result.append(1)
    sizes, result = tuple(sizes), tuple(result)
    _check_fit("set", values.shape, result)
    moved = tuple(k for k, n in enumerate(x.shape) if sizes[k] != n)
    return _with_block(x, values, [starts[k] for k in moved], moved, sizes, result)


@compiled(static_argnames=("moved", "sizes", "result"))
def _with_block(x, values, starts, moved, sizes, result):
    """X with a block of `sizes` replaced, which starts at `starts` on axes `moved`."""
    block = lax.reshape(spread(values, result), sizes)
    if not moved:
        return block
    places: list = [0] * x.ndim
    for axis, start in zip(moved, starts, strict=True):
        places[axis] = start
    return lax.dynamic_update_slice(x, block, places, allow_negative_indices=False)


# NumPy's functions that write


def put(a, ind, v, mode=None, *, inplace=True):
    """`a.flat[ind] = v`, returned as a new array; v is repeated to the length of ind.

    mode: None or "clip" moves positions outside a to its border, "wrap" counts modulo
    the size. `inplace=False` says that a new array is meant.

    >>> put(np.arange(4), np.array([0, -1]), 9, inplace=False)
    Array([9, 1, 2, 9], dtype=int32)
    """
    _refuse_inplace("put", inplace)
    a, ind, v = (as_operand("put", x) for x in (a, ind, v))
    if not a.size or not v.size or not ind.size:
        return as_array(a)
    ind, v = ravel(ind), _cycled(ravel(v), ind.size)
    if mode == "wrap":
        ind = lax.rem(ind, _like(ind, a.size))
    elif mode == "raise":
        raise NotImplementedError(
            "The 'raise' mode to jnp.put is not supported. Use 'clip' or 'wrap'."
        )
    elif mode not in (None, "clip"):
        raise ValueError(f"put: mode must be 'clip' or 'wrap', got {mode!r}.")
    return AtIndex(ravel(a), ind).set(v, mode="clip").reshape(a.shape)


def _like(x, value):
    return np.asarray(value, x.dtype)


def _cycled(v, n):
    """The first n elements of v repeated end to end."""
    return v if v.size == n else getitem(as_array(v), np.arange(n) % v.size)


def place(arr, mask, vals, *, inplace=True):
    """Elements of arr where mask holds replaced by vals, in order and repeated.

    >>> place(np.arange(4), np.array([True, False, True, True]), np.array([7, 8]),
    ...       inplace=False)
    Array([7, 1, 8, 7], dtype=int32)
    """
    _refuse_inplace("place", inplace)
    arr, mask, vals = (as_operand("place", x) for x in (arr, mask, vals))
    if arr.size != mask.size:
        raise ValueError(
            f"place: arr and mask must have the same size, got {arr.size} and "
            f"{mask.size}."
        )
    if not vals.size:
        raise ValueError("Cannot place values from an empty array")
    if not arr.size:
        return as_array(arr)
    flat = ravel(mask) != 0
    turn = (lax.cumsum(lax.convert_element_type(flat, np.int32), 0) - 1) % vals.size
    new = getitem(ravel(vals), lax.max(turn, np.int32(0)), mode="promise_in_bounds")
    old, new = promote("place", ravel(arr), new)
    out = lax.select(flat, new, old).reshape(arr.shape)
    return lax.convert_element_type(out, arr.dtype, arr.weak_type)


def put_along_axis(arr, indices, values, axis, inplace=True, *, mode=None):
    """Values written at one position per row along an axis: undoes `take_along_axis`.

    >>> put_along_axis(np.zeros((2, 3)), np.array([[1], [2]]), 5, axis=1, inplace=False)
    Array([[0., 5., 0.],
           [0., 0., 5.]], dtype=float32)
    """
    _refuse_inplace("put_along_axis", inplace)
    arr, indices, values = (
        as_operand("put_along_axis", x) for x in (arr, indices, values)
    )
    if axis is None:
        flat = AtIndex(ravel(arr), ravel(indices)).set(ravel(values), mode=mode)
        return flat.reshape(arr.shape)
    if arr.ndim != indices.ndim:
        raise ValueError(
            "put_along_axis arguments 'arr' and 'indices' must have same ndim. "
            f"Got arr.ndim={arr.ndim} and indices.ndim={indices.ndim}."
        )
    axis = canonical_axis("put_along_axis", axis, arr.ndim)
    mesh = [
        np.arange(n).reshape([n if k == d else 1 for k in range(arr.ndim)])
        for d, n in enumerate(arr.shape)
    ]
    index = (*mesh[:axis], indices, *mesh[axis + 1 :])
    return AtIndex(as_array(arr), index).set(values, mode=mode)


def fill_diagonal(a, val, wrap=False, *, inplace=True):
    """A copy of a with val on its main diagonal; an array val is repeated along it.

    >>> fill_diagonal(np.zeros((2, 2)), 3, inplace=False)
    Array([[3., 0.],
           [0., 3.]], dtype=float32)
    """
    if inplace:
        raise NotImplementedError(
            "JAX arrays are immutable, must use inplace=False, which returns an "
            "updated array."
        )
    if wrap:
        raise NotImplementedError(
            "wrap=True is not implemented, must use wrap=False. Reshape a first."
        )
    a, val = as_operand("fill_diagonal", a), as_operand("fill_diagonal", val)
    if a.ndim < 2:
        raise ValueError("array must be at least 2-d")
    if a.ndim > 2 and len(set(a.shape)) != 1:
        raise ValueError("All dimensions of input must be of equal length")
    n = min(a.shape)
    if val.ndim:
        val = _cycled(ravel(val), n)
    return AtIndex(as_array(a), (np.arange(n),) * a.ndim).set(val)


def _refuse_inplace(name, inplace):
    if inplace:
        raise ValueError(
            f"jax.numpy.{name} cannot modify arrays in-place, because JAX arrays are "
            "immutable. Pass inplace=False to instead return an updated array."
        )
