"""Slices of different sizes from every member of a mapped axis to every other.

The data of the axis are gathered, and each row of the result is looked up: it is the
row of a slice that was sent to it, or what the result held before.
"""

import numpy as np

from ..core.literal import aval_of
from ..primitives.elementwise import (
    INTS,
    add,
    bitwise_and,
    convert_element_type,
    div,
    eq,
    ge,
    lt,
    mul,
    select,
    sub,
)
from ..primitives.index import index_take
from ..primitives.reduce import reduce_max
from ..primitives.shape import (
    broadcast_in_dim,
    broadcasted_iota,
    full_like,
    reduce_sum,
    reshape,
)
from . import groups

__all__ = ["ragged_all_to_all"]


def ragged_all_to_all(
    operand,
    output,
    input_offsets,
    send_sizes,
    output_offsets,
    recv_sizes,
    *,
    axis_name,
    axis_index_groups=None,
):
    """Send a slice of rows to each member of an axis, and receive one from each.

    With k members and arrays of k * s integers, the slices numbered s * m to
    s * m + s - 1 go to member m. A slice begins at its input offset, and is written at
    its output offset in the result of the member that receives it.

    Args:
      operand: rows, of shape (n, ...).
      output: what the result holds where nothing is received, of shape (r, ...).
      input_offsets: where each slice begins.
      send_sizes: how many rows it has.
      output_offsets: where it goes, at the receiver.
      recv_sizes: the sizes of the slices received, which follow from the others.
      axis_name: the mapped axis.
      axis_index_groups: groups of members that exchange among themselves.

    Returns:
      An array of the type of `output`. It is differentiable in both arrays.

    >>> def exchange(x, offsets, sizes):
    ...     zeros = np.zeros(2, int)
    ...     return ragged_all_to_all(
    ...         x, 0 * x, zeros, sizes, offsets, sizes, axis_name="i"
    ...     )
    >>> x, offsets = np.array([[1, 2], [3, 4]]), np.array([[0, 0], [1, 1]])
    >>> vmap(exchange, axis_name="i")(x, offsets, np.ones((2, 2), int))
    Array([[1, 3],
           [1, 3]], dtype=int32)
    """
    _check(operand, output, input_offsets, send_sizes, output_offsets, recv_sizes)

    def of_all(x):
        return groups.all_gather(x, axis_name, axis_index_groups=axis_index_groups)

    def received(x):
        return groups.all_to_all(
            x, axis_name, 0, 0, axis_index_groups=axis_index_groups, tiled=True
        )

    # What all members say of the slices for this one, in the order of the senders.
    begins, sizes, places = map(received, (input_offsets, send_sizes, output_offsets))
    return _looked_up(of_all(operand), output, begins, sizes, places)


def _check(operand, output, *tables):
    x, y = aval_of(operand), aval_of(output)
    if x.dtype != y.dtype or not x.ndim or x.shape[1:] != y.shape[1:]:
        raise ValueError(
            "ragged_all_to_all: operand and output must agree in dtype and in all axes "
            f"but the first, got {x} and {y}."
        )
    types = list(map(aval_of, tables))
    if any(t.ndim != 1 or t.shape != types[0].shape for t in types) or any(
        t.dtype not in INTS for t in types
    ):
        raise ValueError(
            "ragged_all_to_all: offsets and sizes must be integer vectors of one size, "
            f"got {', '.join(map(str, types))}."
        )


def _looked_up(rows, output, begins, sizes, places):
    """The result from the rows of all members, (member, row, ...)."""
    count, n = aval_of(rows).shape[:2]
    (slots,) = aval_of(begins).shape
    y = aval_of(output)
    shape = (y.shape[0], slots)
    position = broadcasted_iota(np.int32, shape, 0)
    slot = broadcasted_iota(np.int32, shape, 1)
    begins, sizes, places = (
        broadcast_in_dim(convert_element_type(v, np.int32), shape, (1,))
        for v in (begins, sizes, places)
    )
    along = sub(position, places)
    inside = bitwise_and(ge(along, np.int32(0)), lt(along, sizes))
    # Where slices overlap, the last one counts.
    last = reduce_max(select(inside, slot, full_like(slot, -1)), (1,))
    chosen = eq(slot, broadcast_in_dim(last, shape, (0,)))
    member = div(slot, np.int32(slots // count))
    source = add(add(mul(member, np.int32(n)), begins), along)
    source = reduce_sum(select(chosen, source, full_like(source, 0)), (1,))
    flat = reshape(rows, (count * n, *y.shape[1:]))
    taken = index_take(flat, (source,), (0,))
    mask = broadcast_in_dim(ge(last, np.int32(0)), y.shape, (0,))
    return select(mask, taken, output)
