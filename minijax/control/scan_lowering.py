"""`scan` in StableHLO: a loop that counts, reads rows and writes rows.

    %4:3 = "stablehlo.while"(%i, %carry, %ys) ({ compare %i, %trips }, {
      %x = dynamic_slice %xs, %i        the row, or that from the end
      ...                               the body
      %ys = dynamic_update_slice %ys, %y, %i
    })

With `unroll` a turn takes several steps, and steps that are left over stand behind the
loop.
"""

from typing import NamedTuple

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..primitives.ordering import both, compare
from .programs import split
from .while_lowering import inline_values, write_while


class _Scan(NamedTuple):
    """What all steps share."""

    body: object
    consts: list
    xs: list
    n_carry: int
    length: int
    reverse: bool
    once: bool  # whether the body is written once only

    def number(self, hlo, k):
        """A step's number as a constant of the counter's type."""
        dtype = np.int32 if self.length <= np.iinfo(np.int32).max else np.int64
        return hlo.value(hlo.constant(dtype(k)), ShapedArray((), dtype))


def lower_scan(hlo, body, consts, carry, xs, out, length, reverse, unroll):
    """Write a scan; returns the names of the last carry and of the stacked rows."""
    turns, left = divmod(length, unroll)
    if turns == 1:
        turns, left = 0, length
    once = (turns > 0) + left == 1 and unroll == 1
    shared = _Scan(body, consts, xs, len(carry), length, reverse, once)
    ys = [hlo.value(_zeros(hlo, physical(aval)), aval) for aval in out[len(carry) :]]
    values = [*carry, *ys]
    if turns:
        values = _write_loop(hlo, shared, values, turns, unroll)
    for k in range(length - left, length):
        values = _step(hlo, shared, shared.number(hlo, k), values)
    return [str(x) for x in values]


def _zeros(hlo, aval):
    return hlo.constant(np.zeros((), aval.dtype), aval.shape)


def _write_loop(hlo, shared, values, turns, unroll):
    def cond(inner, k, *values):
        return [compare(inner, "LT", k, shared.number(inner, turns * unroll))]

    def body(inner, k, *values):
        for _ in range(unroll):
            values = _step(inner, shared, k, values)
            k = both(inner, "add", k, shared.number(inner, 1))
        return [k, *values]

    names = write_while(hlo, [shared.number(hlo, 0), *values], cond, body)
    return [hlo.value(n, x.aval) for n, x in zip(names[1:], values, strict=True)]


def _step(hlo, shared, k, values):
    """One step: the new carry, and the buffers of ys with their rows written."""
    carry, buffers = split(values, shared.n_carry)
    if shared.reverse:
        k = both(hlo, "subtract", shared.number(hlo, shared.length - 1), k)
    rows = [_read_row(hlo, x, k) for x in shared.xs]
    operands = [*shared.consts, *carry, *rows]
    if shared.once:
        outs = inline_values(hlo, shared.body, *operands)
    else:
        names = hlo.call(shared.body, *operands, name="scan_body")
        avals = shared.body.out_avals
        outs = [hlo.value(n, a) for n, a in zip(names, avals, strict=True)]
    carry, rows = split(outs, shared.n_carry)
    ys = [_write_row(hlo, y, row, k) for y, row in zip(buffers, rows, strict=True)]
    return [*carry, *ys]


def physical(aval):
    """The type of the numbers that stand for a value: words, for random keys."""
    dtype = aval.dtype
    if isinstance(dtype, dtypes.ExtendedDType):
        return ShapedArray((*aval.shape, *dtype.key_shape), np.uint32)
    return aval


def _place(hlo, k, rank):
    zero = hlo.constant(np.zeros((), k.dtype)) if rank > 1 else ""
    names = ", ".join([str(k), *[zero] * (rank - 1)])
    return names, ", ".join([k.mlir] * rank)


def _read_row(hlo, x, k):
    """Row k of an array."""
    full = physical(x.aval)
    one = full.update(shape=(1, *full.shape[1:]))
    place, place_types = _place(hlo, k, full.ndim)
    part = hlo.emit(
        f"stablehlo.dynamic_slice {x}, {place}, sizes = {list(one.shape)} : "
        f"({full.mlir}, {place_types}) -> {one.mlir}"
    )
    row = x.aval.update(shape=x.aval.shape[1:])
    return hlo.value(
        hlo.emit(f"stablehlo.reshape {part} : ({one.mlir}) -> {row.mlir}"), row
    )


def _write_row(hlo, ys, row, k):
    """An array of rows with row k replaced."""
    full = physical(ys.aval)
    one = full.update(shape=(1, *full.shape[1:]))
    place, place_types = _place(hlo, k, full.ndim)
    part = hlo.emit(f"stablehlo.reshape {row} : ({row.mlir}) -> {one.mlir}")
    name = hlo.emit(
        f"stablehlo.dynamic_update_slice {ys}, {part}, {place} : "
        f"({full.mlir}, {one.mlir}, {place_types}) -> {full.mlir}"
    )
    return hlo.value(name, ys.aval)
