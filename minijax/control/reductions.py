"""Reductions by a function of two elements, over axes and over windows; scatter_apply.

A function that is one known operation, such as `lambda a, b: a + b`, becomes that
reduction. Any other is applied to halves of the elements until one is left, a batch at
a time, so that reductions have derivatives of all orders wherever the function has.

    reduce(x, 1.0, lambda a, b: a * b, (0,))        is        reduce_prod[axes=(0,)] x
"""

import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..core.avals import ShapedArray
from ..core.jaxpr import eval_jaxpr
from ..core.literal import aval_of, literal
from ..primitives.elementwise import (
    add_p,
    and_p,
    convert_element_type,
    gt,
    lt,
    max_p,
    min_p,
    mul_p,
    or_p,
    select,
    xor_p,
)
from ..primitives.gather import GatherScatterMode, ScatterDimensionNumbers
from ..primitives.reduce import (
    all_bits,
    highest,
    lowest,
    one,
    reduce_and,
    reduce_max,
    reduce_min,
    reduce_or,
    reduce_prod,
    reduce_xor,
    zero,
)
from ..primitives.scatter import gather_windows, scatter, scatter_add
from ..primitives.shape import broadcast_in_dim, reduce_sum, reshape, transpose
from ..primitives.slicing import concatenate, pad, slice, slice_in_dim
from ..primitives.windows import (
    reduce_window_max_p,
    reduce_window_min_p,
    reduce_window_sum_p,
    window_params,
    window_shape,
)
from ..transforms.batch import batch_jaxpr
from ..transforms.stage import stage
from .bodies import check_callable, flatten, name_of
from .while_loop import while_loop

# The operation, the reduction over axes by it, and the value that changes nothing.
_MONOIDS = {
    add_p: (reduce_sum, zero),
    mul_p: (reduce_prod, one),
    max_p: (reduce_max, lowest),
    min_p: (reduce_min, highest),
    and_p: (reduce_and, all_bits),
    or_p: (reduce_or, zero),
    xor_p: (reduce_xor, zero),
}
_WINDOWS = {
    add_p: reduce_window_sum_p,
    max_p: reduce_window_max_p,
    min_p: reduce_window_min_p,
}


class _Combination:
    """A function of two containers of scalars, traced, and how it acts on arrays."""

    def __init__(self, where, computation, leaves, treedef):
        check_callable(where, computation=computation)
        count = len(leaves)
        avals = [ShapedArray((), aval_of(x).dtype) for x in leaves]

        def flat(*scalars):
            a = tree.unflatten(treedef, scalars[:count])
            b = tree.unflatten(treedef, scalars[count:])
            result = f"the result of {name_of(computation)}"
            outs, out_tree = flatten(where, result, computation(a, b))
            found = [aval_of(x) for x in outs]
            kinds = [(x.shape, x.dtype) for x in found]
            if out_tree != treedef or kinds != [((), x.dtype) for x in avals]:
                raise TypeError(
                    f"{where}: {name_of(computation)} must return what it is given, "
                    f"{', '.join(map(str, avals))}, got {', '.join(map(str, found))}."
                )
            return outs

        self.count = count
        self.closed = stage(flat, [*avals, *avals], f"by {where}")

    def operation(self):
        """The primitive that the function is, if it is one that is known."""
        jaxpr = self.closed.jaxpr
        if self.count != 1 or len(jaxpr.eqns) != 1:
            return None
        (eqn,) = jaxpr.eqns
        whole = set(eqn.invars) == set(jaxpr.invars) and eqn.outvars == jaxpr.outvars
        return eqn.primitive if whole and eqn.primitive in _MONOIDS else None

    def __call__(self, a, b):
        """The function on each pair of elements of arrays of one shape."""
        shape = aval_of(a[0]).shape
        size = int(np.prod(shape, dtype=np.int64))
        flat = [reshape(x, (size,)) for x in (*a, *b)]
        batched, _ = batch_jaxpr(
            self.closed, size, (0,) * len(flat), (True,) * self.count
        )
        outs = eval_jaxpr(batched.jaxpr, batched.consts, *flat)
        return [reshape(x, shape) for x in outs]


def _operands(where, operands, init_values):
    """The leaves of the operands, the initial values in their dtypes, the structure."""
    xs, treedef = flatten(where, "operands", operands)
    inits, init_tree = flatten(where, "init_values", init_values)
    if init_tree != treedef or not xs:
        raise ValueError(
            f"{where}: init_values must have the structure of operands, and at least "
            f"one array, got {init_tree} and {treedef}."
        )
    if len({aval_of(x).shape for x in xs}) != 1:
        types = ", ".join(str(aval_of(x)) for x in xs)
        raise TypeError(f"{where}: operands must have one shape, got {types}.")
    return xs, list(map(_initial, [where] * len(xs), xs, inits)), treedef


def _initial(where, x, init):
    aval, dtype = aval_of(init), aval_of(x).dtype
    if aval.shape or not (aval.weak_type or aval.dtype == dtype):
        raise TypeError(
            f"{where}: initial values must be scalars of the operands' dtypes, got "
            f"{aval} for {aval_of(x)}."
        )
    return convert_element_type(init, dtype)


def _is_value(x, value):
    """Whether a scalar is known while tracing, and is this value."""
    known = getattr(x, "concrete", lambda: None)()
    return known is not None and np.asarray(known) == value


# reduce


def reduce(
    operands,
    init_values,
    computation: Callable,
    dimensions: Sequence[int],
    out_sharding=None,
):
    """Combine the elements along some axes by an associative function.

    Args:
      operands: an array, or a container of arrays of one shape.
      init_values: a scalar for each, that the function leaves others unchanged with.
      computation: from two containers of scalars to one, associative and commutative.
      dimensions: the axes.
      out_sharding: not supported.

    >>> reduce(np.array([3.0, 1.0, 2.0]), -np.inf, lambda a, b: lax.max(a, b), (0,))
    Array(3., dtype=float32)
    """
    if out_sharding is not None:
        raise NotImplementedError(
            "reduce: out_sharding is not supported. Use with_sharding_constraint on "
            "the result."
        )
    xs, inits, treedef = _operands("reduce", operands, init_values)
    combination = _Combination("reduce", computation, xs, treedef)
    axes = tuple(map(operator.index, dimensions))
    found = combination.operation()
    if found is not None:
        reduction, identity = _MONOIDS[found]
        out = reduction(xs[0], axes)
        if not _is_value(inits[0], identity(aval_of(out).dtype)):
            out = found.bind(inits[0], out)
        return tree.unflatten(treedef, [out])
    return tree.unflatten(treedef, _fold(combination, xs, inits, axes))


def _fold(combination, xs, inits, axes):
    shape = aval_of(xs[0]).shape
    kept = [k for k in range(len(shape)) if k not in axes]
    if len(set(axes)) != len(axes) or not all(0 <= k < len(shape) for k in axes):
        raise ValueError(
            f"reduce: dimensions must be distinct axes of {aval_of(xs[0])}, got {axes}."
        )
    out_shape = tuple(shape[k] for k in kept)
    count = int(np.prod([shape[k] for k in axes], dtype=np.int64))
    rows = [reshape(transpose(x, (*axes, *kept)), (count, *out_shape)) for x in xs]
    while count > 1:
        half = count // 2
        a = [slice_in_dim(x, 0, half) for x in rows]
        b = [slice_in_dim(x, half, 2 * half) for x in rows]
        combined = combination(a, b)
        if count % 2:
            rests = [slice_in_dim(x, 2 * half, count) for x in rows]
            combined = [
                concatenate(pair, 0) for pair in zip(combined, rests, strict=True)
            ]
        rows, count = combined, count - half
    start = [broadcast_in_dim(x, out_shape, ()) for x in inits]
    if count == 0:
        return start
    return combination(start, [reshape(x, out_shape) for x in rows])


# reduce_window


def reduce_window(
    operand,
    init_value,
    computation: Callable,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int] | None = None,
    padding="VALID",
    base_dilation: Sequence[int] | None = None,
    window_dilation: Sequence[int] | None = None,
):
    """Combine the elements of windows that slide over an array.

    Args:
      operand: an array, or a container of arrays of one shape and rank r.
      init_value: a scalar for each, that the function leaves others unchanged with; it
        fills the padding.
      computation: from two containers of scalars to one, associative and commutative.
      window_dimensions: the r sizes of a window.
      window_strides: the r distances between windows, by default 1.
      padding: `SAME`, `SAME_LOWER`, `VALID`, or r pairs (low, high).
      base_dilation: the r distances between elements of the operand, by default 1.
      window_dilation: the r distances between elements of a window, by default 1.

    >>> reduce_window(np.array([3, 1, 2, 5]), 0, lambda a, b: a + b, (2,))
    Array([4, 3, 7], dtype=int32)
    """
    where = "reduce_window"
    xs, inits, treedef = _operands(where, operand, init_value)
    combination = _Combination(where, computation, xs, treedef)
    params = window_params(
        where,
        aval_of(xs[0]).shape,
        window_dimensions,
        window_strides,
        padding,
        base_dilation,
        window_dilation,
    )
    found = combination.operation()
    if found in _WINDOWS:
        identity = _MONOIDS[found][1](aval_of(xs[0]).dtype)
        if _is_value(inits[0], identity):
            out = _WINDOWS[found].bind(xs[0], **params)
            return tree.unflatten(treedef, [out])
    return tree.unflatten(treedef, _fold_windows(combination, xs, inits, params))


def _fold_windows(combination, xs, inits, params):
    """One slice of the padded operands for each place in a window, combined in turn."""
    out_shape = window_shape(aval_of(xs[0]).shape, params)
    total = [broadcast_in_dim(x, out_shape, ()) for x in inits]
    if 0 in out_shape:
        return total
    config = [
        (low, high, spread - 1)
        for (low, high), spread in zip(
            params["padding"], params["base_dilation"], strict=True
        )
    ]
    padded = [pad(x, init, config) for x, init in zip(xs, inits, strict=True)]
    strides = params["window_strides"]
    for place in itertools.product(*map(range, params["window_dimensions"])):
        start = list(map(operator.mul, place, params["window_dilation"]))
        limit = [
            a + (n - 1) * step + 1
            for a, n, step in zip(start, out_shape, strides, strict=True)
        ]
        total = combination(total, [slice(x, start, limit, strides) for x in padded])
    return total


# scatter_apply


def scatter_apply(
    operand,
    scatter_indices,
    func: Callable,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    update_shape: Sequence[int] = (),
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: str | GatherScatterMode | None = None,
):
    """An array with a function applied to its windows; see `scatter`.

    Where several windows share an element the function is applied as many times, in a
    loop; that has derivatives in forward mode only. With `unique_indices` both modes
    work.

    Args:
      operand: array.
      scatter_indices: integers of shape (..., K): where windows start.
      func: from a scalar to a scalar of the same dtype.
      dimension_numbers: see `ScatterDimensionNumbers`.
      update_shape: the shape that updates would have.
      indices_are_sorted: a promise that indices increase, row by row.
      unique_indices: a promise that no two windows overlap.
      mode: see `GatherScatterMode`; None drops windows that lie outside.

    >>> numbers = ScatterDimensionNumbers((), (0,), (0,))
    >>> x, i = np.ones(3), np.array([[1], [1]])
    >>> scatter_apply(x, i, lambda x: 2 * x, numbers, update_shape=(2,))
    Array([1., 4., 1.], dtype=float32)
    """
    where = "scatter_apply"
    check_callable(where, func=func)
    apply = _Combination(where, lambda x, _: func(x), [operand], tree.structure(0))
    numbers = ScatterDimensionNumbers(*(tuple(map(int, d)) for d in dimension_numbers))
    flags: dict[str, Any] = {
        "indices_are_sorted": bool(indices_are_sorted),
        "unique_indices": bool(unique_indices),
        "mode": GatherScatterMode.from_any(mode),
    }
    params = {"dimension_numbers": numbers, **flags}
    shape = tuple(update_shape)
    like = literal(0, ShapedArray(shape, aval_of(operand).dtype))

    def windows(y):
        return gather_windows(y, like, scatter_indices, params)

    def applied(x):
        taken = windows(x)
        return taken, apply([taken], [taken])[0]

    if unique_indices:
        _, changed = applied(operand)
        return scatter(operand, scatter_indices, changed, numbers, **flags)
    ones = literal(1, ShapedArray(shape, np.dtype("int32")))
    nothing = literal(0, ShapedArray(aval_of(operand).shape, np.dtype("int32")))
    times = scatter_add(nothing, scatter_indices, ones, numbers, **flags)
    most = reduce_max(times, range(aval_of(times).ndim))

    def once_more(state):
        k, x = state
        taken, changed = applied(x)
        changed = select(gt(windows(times), k), changed, taken)
        return k + 1, scatter(x, scatter_indices, changed, numbers, **flags)

    start = literal(0, ShapedArray((), np.dtype("int32"))), operand
    return while_loop(lambda state: lt(state[0], most), once_more, start)[1]
