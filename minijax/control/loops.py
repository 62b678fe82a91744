"""Loops spelled in other loops: `fori_loop` and `map`."""

from collections.abc import Callable

from .. import dtypes, tree
from ..config import state
from ..core.literal import aval_of, python_scalar
from ..core.tracebacks import boundary
from ..primitives.elementwise import convert_element_type
from ..primitives.shape import reshape
from ..primitives.slicing import concatenate, slice_in_dim
from ..transforms.batch import batch_jaxpr
from .bodies import (
    avals_of,
    check_callable,
    flatten,
    known_integer,
    scalar,
    trace_body,
    trace_loop,
)
from .call import call
from .counting import below, indexed
from .scan import length_of, row_avals, scan, unroll_of
from .scan_rules import bind_scan
from .while_loop import checked_places
from .while_rules import bind_while

_LEAF = tree.structure(0)


@boundary
def fori_loop(
    lower,
    upper,
    body_fun: Callable,
    init_val,
    *,
    unroll: int | bool | None = None,
    checkpoints: int | None = None,
):
    """Repeat `val = body_fun(i, val)` for i = lower, ..., upper - 1.

    With bounds that are known while tracing it is a `scan`, whose reverse mode keeps
    every carry; otherwise it is a `while_loop`, whose reverse mode keeps some.

    Args:
      lower, upper: integer scalars of one type.
      body_fun: from index and carry to a carry of the same structure and types.
      init_val: the first carry, a container of arrays.
      unroll: how many steps one turn of the compiled loop takes; needs known bounds.
      checkpoints: how many carries reverse mode keeps, as in `while_loop`; given it,
        the loop is a `while_loop` whatever its bounds.

    >>> fori_loop(0, 5, lambda i, total: total + i, 0)
    Array(10, dtype=int32, weak_type=True)
    """
    check_callable("fori_loop", body_fun=body_fun)
    lower, upper = _bounds(lower, upper)
    start, end = known_integer(lower), known_integer(upper)
    static = start is not None and end is not None
    if unroll is not None and not static:
        raise ValueError(
            "fori_loop: unroll needs bounds that are known while tracing, got "
            f"{aval_of(lower)} and {aval_of(upper)}. Leave unroll out."
        )
    if unroll is not None and checkpoints is not None:
        raise ValueError(
            "fori_loop: takes unroll or checkpoints, got both. Leave one out: with "
            "checkpoints the loop is not unrolled."
        )
    checkpoints = checked_places("fori_loop", checkpoints)
    init, treedef = flatten("fori_loop", "init_val", init_val)
    if state.disable_jit and start is not None and end is not None:
        for i in range(start, end):
            init_val = body_fun(i, init_val)
        return init_val
    if start is not None and end is not None:
        lower, upper = python_scalar(start), python_scalar(end)
    aval = aval_of(lower)
    in_tree = tree.treedef_tuple([_LEAF, treedef])

    def trace(avals):
        body = trace_body("fori_loop", body_fun, in_tree, (aval, *avals))
        return body, body.out_tree

    init, body = trace_loop("fori_loop", init, treedef, trace)
    counted = indexed(body.closed, len(body.consts))
    if start is not None and end is not None and checkpoints is None:
        length = max(end - start, 0)
        steps = unroll_of("fori_loop", 1 if unroll is None else unroll, length)
        carry = [lower, *init]
        outs = bind_scan(counted, body.consts, carry, [], length, False, steps)
    else:
        carry = [lower, *init]
        cond = below(avals_of([upper, *carry]))
        outs = bind_while(cond, [upper], counted, body.consts, carry, checkpoints)
    return tree.unflatten(treedef, outs[1:])


def _bounds(lower, upper):
    """The bounds as values of one type."""
    lower = scalar("fori_loop", "lower", lower)
    upper = scalar("fori_loop", "upper", upper)
    avals = aval_of(lower), aval_of(upper)
    if any(aval.dtype not in dtypes.REALS | dtypes.BOOL for aval in avals):
        raise TypeError(
            f"fori_loop: bounds must be integers, got lower: {avals[0]} and upper: "
            f"{avals[1]}."
        )
    if avals[0].dtype == avals[1].dtype:
        return lower, upper
    # The type of a Python number gives way.
    if avals[0].weak_type and not avals[1].weak_type:
        return convert_element_type(lower, avals[1].dtype), upper
    if avals[1].weak_type and not avals[0].weak_type:
        return lower, convert_element_type(upper, avals[0].dtype)
    raise TypeError(
        f"fori_loop: bounds must have one type, got lower: {avals[0]} and upper: "
        f"{avals[1]}. Convert one with astype."
    )


@boundary
def map(f: Callable, xs, *, batch_size: int | None = None):
    """Apply `f` to each row of `xs` in turn and stack the results.

    Like `vmap` in what it computes, it needs the memory of one row at a time, or of
    `batch_size` rows.

    >>> map(lambda x: x * x, np.arange(4.0))
    Array([0., 1., 4., 9.], dtype=float32)
    """
    check_callable("map", f=f)
    leaves, treedef = flatten("map", "xs", xs)
    length = length_of("map", leaves, treedef, None)
    if batch_size is not None and batch_size < 0:
        raise ValueError(f"map: batch_size must be positive, got {batch_size}.")
    if state.disable_jit:
        return scan(lambda carry, x: (carry, f(x)), None, xs)[1]
    in_tree = tree.treedef_tuple([treedef])
    body = trace_body("map", f, in_tree, row_avals(leaves))
    if batch_size:
        outs = _map_batches(body, leaves, length, int(batch_size))
    else:
        outs = bind_scan(body.closed, body.consts, [], leaves, length)
    return tree.unflatten(body.out_tree, outs)


def _map_batches(body, leaves, length, batch_size):
    """Scan over batches; rows that are left over make a smaller batch."""
    turns, left = divmod(length, batch_size)
    whole = turns * batch_size
    parts = []
    if turns or not left:
        batches = [
            reshape(
                slice_in_dim(x, 0, whole), (turns, batch_size, *aval_of(x).shape[1:])
            )
            for x in leaves
        ]
        outs = bind_scan(
            _batched(body, leaves, batch_size), body.consts, [], batches, turns
        )
        parts.append([reshape(x, (whole, *aval_of(x).shape[2:])) for x in outs])
    if left:
        rest = [slice_in_dim(x, whole, length) for x in leaves]
        closed = _batched(body, leaves, left)
        parts.append(call(closed, [*body.consts, *rest], "rest_of_map"))
    if len(parts) == 1:
        return parts[0]
    return [concatenate(pair, 0) for pair in zip(*parts, strict=True)]


def _batched(body, leaves, size):
    dims = (*(None for _ in body.consts), *(0 for _ in leaves))
    closed, _ = batch_jaxpr(body.closed, size, dims, (True,) * len(body.out_avals))
    return closed
