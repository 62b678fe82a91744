"""`scan`: run a function once per row of its inputs, carrying values along."""

from collections.abc import Callable

from .. import tree
from ..config import state
from ..core.literal import aval_of
from ..core.tracebacks import boundary
from ..errors import ConcretizationTypeError
from ..primitives.index import index_in_dim
from ..primitives.shape import expand_dims
from ..primitives.slicing import concatenate
from .bodies import (
    avals_of,
    check_callable,
    flatten,
    name_of,
    paths_of,
    trace_body,
    trace_loop,
)
from .programs import split
from .scan_rules import bind_scan


@boundary
def scan(
    f: Callable,
    init,
    xs=None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
    _split_transpose: bool = False,
):
    """Run `carry, y = f(carry, x)` for each row x of `xs` and stack the y.

    The loop is one operation of the compiled program, whatever its length. It has
    derivatives of every order in both modes.

    Args:
      f: from carry and row to a pair of carry and row; the carry keeps its structure,
        shapes and dtypes.
      init: the first carry, a container of arrays.
      xs: a container of arrays of one leading size, or None.
      length: the number of steps; needed where `xs` has no arrays.
      reverse: go from the last row to the first; y's stand where their x's do.
      unroll: how many steps one turn of the compiled loop takes; True is all.

    Returns the last carry and the stacked y's.

    >>> scan(lambda c, x: (c + x, c * x), 0.0, np.arange(4.0))
    (Array(6., dtype=float32), Array([0., 0., 2., 9.], dtype=float32))
    """
    check_callable("scan", f=f)
    init_leaves, init_tree = flatten("scan", "init", init)
    leaves, xs_tree = flatten("scan", "xs", xs)
    length = length_of("scan", leaves, xs_tree, length)
    unroll = unroll_of("scan", unroll, length)
    if state.disable_jit and length:
        return _run_in_python(f, init, leaves, xs_tree, length, reverse)
    in_tree = tree.treedef_tuple([init_tree, xs_tree])
    rows = row_avals(leaves)

    def trace(avals):
        body = trace_body("scan", f, in_tree, (*avals, *rows))
        return body, _pair_of(f, body.out_tree)[0]

    init_leaves, body = trace_loop("scan", init_leaves, init_tree, trace)
    outs = bind_scan(
        body.closed, body.consts, init_leaves, leaves, length, bool(reverse), unroll
    )
    carry, ys = split(outs, init_tree.num_leaves)
    _, ys_tree = _pair_of(f, body.out_tree)
    return tree.unflatten(init_tree, carry), tree.unflatten(ys_tree, ys)


def length_of(where: str, leaves, xs_tree, length) -> int:
    """The number of rows that arrays have in common."""
    avals = avals_of(leaves)
    if any(aval.ndim == 0 for aval in avals):
        k = next(k for k, aval in enumerate(avals) if aval.ndim == 0)
        raise ValueError(
            f"{where}: xs must have a leading axis to go along, got {avals[k]} at "
            f"{paths_of('xs', xs_tree)[k]}. Close over it, or stack it."
        )
    sizes = [aval.shape[0] for aval in avals]
    if len(set(sizes)) > 1:
        k = next(k for k, n in enumerate(sizes) if n != sizes[0])
        paths = paths_of("xs", xs_tree)
        raise ValueError(
            f"{where}: xs must have one leading size, got {sizes[0]} ({paths[0]}: "
            f"{avals[0]}) and {sizes[k]} ({paths[k]}: {avals[k]})."
        )
    if length is None and not sizes:
        raise ValueError(
            f"{where}: needs a number of steps, got xs without arrays and no length. "
            "Pass an array, or length= to scan."
        )
    if length is None:
        return sizes[0]
    length = _static_length(where, length)
    if sizes and sizes[0] != length:
        raise ValueError(
            f"{where}: length must be the leading size of xs, got length={length} and "
            f"{paths_of('xs', xs_tree)[0]}: {avals[0]}. Leave length out."
        )
    return length


def _static_length(where, length):
    try:
        number = int(length)
    except ConcretizationTypeError:
        raise ConcretizationTypeError(
            f"{where}: length must be known while tracing, got {aval_of(length)} "
            f"traced {length.origin()}. Use while_loop or fori_loop instead."
        ) from None
    if number < 0 or number != length:
        raise ValueError(f"{where}: length must be a count of steps, got {length}.")
    return number


def unroll_of(where: str, unroll, length: int) -> int:
    """How many steps a turn of the compiled loop takes."""
    if isinstance(unroll, bool):
        return max(length, 1) if unroll else 1
    if not isinstance(unroll, int) or unroll < 0:
        raise ValueError(
            f"{where}: unroll must be a bool or a count of steps, got {unroll!r}."
        )
    return max(unroll, 1)


def row_avals(leaves) -> tuple:
    """The types of the rows of arrays."""
    return tuple([aval.update(shape=aval.shape[1:]) for aval in avals_of(leaves)])


def _pair_of(f, out_tree):
    """The structures of the carry and of the row that a body returns."""
    parts = out_tree.children()
    data = out_tree.node_data()
    if data is None or data[0] not in (tuple, list) or len(parts) != 2:
        raise TypeError(
            f"scan: {name_of(f)} must return a pair (carry, y), got a result of "
            f"structure {out_tree}. Return (carry, None) if there is nothing to stack."
        )
    return parts


def _run_in_python(f, carry, leaves, xs_tree, length, reverse):
    stacked = []
    out_tree = None
    for k in reversed(range(length)) if reverse else range(length):
        rows = [index_in_dim(x, k, 0, keepdims=False) for x in leaves]
        carry, y = f(carry, tree.unflatten(xs_tree, rows))
        values, out_tree = flatten("scan", "y", y)
        stacked.append([expand_dims(x, (0,)) for x in values])
    if reverse:
        stacked.reverse()
    ys = [concatenate(column, 0) for column in zip(*stacked, strict=True)]
    return carry, tree.unflatten(out_tree, ys)
