"""Collectives: what members of a mapped axis tell each other.

    vmap(lambda x: x - lax.pmean(x, "i"), axis_name="i")

An axis belongs to the `vmap` or `pmap` that names it. A collective is interpreted by
the trace of that axis, where it becomes an ordinary operation along the batch axis; any
other batching, and every derivative, goes through it like through any linear operation.
"""

import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from .. import tree
from ..core.avals import ShapedArray
from ..core.literal import aval_of
from ..core.primitive import NamedAxis, Primitive
from ..core.rules import full_like_literal, linear, zero_tangent
from ..core.trace import context
from ..primitives.elementwise import convert_element_type, div, eq, mul
from ..primitives.reduce import reduce_max, reduce_min
from ..primitives.shape import (
    broadcast_in_dim,
    iota,
    move_axis,
    move_batch,
    reduce_sum,
    reshape,
)
from ..primitives.slicing import concatenate, slice_in_dim
from .call import bind_within


class Collective(Primitive):
    """A primitive that is interpreted by the trace of the axis it names.

    `members(x, size, **params)` computes it from an array with all members in front; it
    returns the result and whether that has members in front too.
    """

    members: Callable

    def __init__(self, name, members, **rules):
        super().__init__(
            name, effects=lambda params: {NamedAxis(params["axis_name"])}, **rules
        )
        object.__setattr__(self, "members", members)

    def infer(self, avals, params):
        """The type of the result; not remembered, since it depends on the axis."""
        return self.abstract(*avals, **params)

    def bind(self, *operands, axis_name, **params):
        """Apply the collective over an axis that is in scope."""
        frame = axis_frame(self.name, axis_name)
        params["axis_name"] = axis_name
        if any_above(frame, operands):
            return bind_within(frame, self, operands, params)
        values, dims = frame.split(operands)
        del params["axis_name"]
        stacked = [
            move_batch(frame.size, x, d, 0) for x, d in zip(values, dims, strict=True)
        ]
        out, mapped = self.members(*stacked, size=frame.size, **params)
        return frame.join(out, 0 if mapped else None)


def any_above(frame, operands) -> bool:
    """Whether another trace has a say before the trace of the axis."""
    if context.floor.level > frame.level:
        return True
    levels = [getattr(x, "_trace", None) for x in operands]
    return any(trace is not None and trace.level > frame.level for trace in levels)


def axis_frame(where: str, axis_name: Hashable):
    """The trace of a named axis.

    Raises:
      NameError: no vmap or pmap in scope names the axis.
    """
    frame = context.axes.get(axis_name)
    if frame is None:
        known = ", ".join(repr(name) for name in context.axes) or "none"
        raise NameError(
            f"unbound axis name: {axis_name}. {where} needs a vmap or pmap with "
            f"axis_name={axis_name!r} around it; axes in scope: {known}."
        )
    return frame


def _names(axis_name) -> tuple:
    return tuple(axis_name) if isinstance(axis_name, tuple | list) else (axis_name,)


def _refuse_groups(where, axis_index_groups):
    if axis_index_groups is not None:
        raise NotImplementedError(
            f"{where}: axis_index_groups is not supported. Split the axis into two "
            "named axes instead."
        )


def axis_size(axis_name) -> int:
    """The number of members of a mapped axis, a Python integer."""
    return math.prod(axis_frame("axis_size", name).size for name in _names(axis_name))


# Reductions


def _reduction(name, reduce, **rules):
    def batch(size, operands, dims, **params):
        return primitive.bind(*operands, **params), dims[0]

    primitive = Collective(
        name,
        lambda x, size: (reduce(x, (0,)), False),
        abstract=lambda x, *, axis_name: x,
        batch=batch,
        **rules,
    )
    return primitive


# y_i = sum_j x_j for every member i, so x_bar_j = sum_i y_bar_i: its own transpose.
psum_p: Collective = _reduction(
    "psum",
    reduce_sum,
    jvp=linear,
    transpose=lambda ct, x, *, axis_name: [psum_p.bind(ct, axis_name=axis_name)],
)


def _share_of_extremum(primitive, primals, tangents, params):
    (x,), (t,) = primals, tangents
    out = primitive.bind(x, **params)
    if t is None:
        return out, None
    # Members that attain the extremum share the tangent equally.
    hits = convert_element_type(eq(x, out), aval_of(x).dtype)
    total = psum_p.bind(hits, **params)
    return out, psum_p.bind(mul(t, div(hits, total)), **params)


def _pmax_jvp(primals, tangents, **params):
    return _share_of_extremum(pmax_p, primals, tangents, params)


def _pmin_jvp(primals, tangents, **params):
    return _share_of_extremum(pmin_p, primals, tangents, params)


pmax_p = _reduction("pmax", reduce_max, jvp=_pmax_jvp)
pmin_p = _reduction("pmin", reduce_min, jvp=_pmin_jvp)


def _over_names(primitive, x, axis_name):
    for name in _names(axis_name):
        x = primitive.bind(x, axis_name=name)
    return x


def psum(x, axis_name, *, axis_index_groups=None):
    """The sum over a mapped axis of every leaf; of a Python number, size times it.

    >>> vmap(lambda x: psum(x, "i"), axis_name="i")(np.arange(3.0))
    Array([3., 3., 3.], dtype=float32)
    """
    _refuse_groups("psum", axis_index_groups)

    def leaf(v):
        if isinstance(v, int | float | complex):
            return axis_size(axis_name) * v
        if aval_of(v).dtype == np.bool_:
            v = convert_element_type(v, np.int32)
        return _over_names(psum_p, v, axis_name)

    return tree.map(leaf, x)


def pmean(x, axis_name, *, axis_index_groups=None):
    """The mean over a mapped axis of every leaf."""
    size = axis_size(axis_name)
    return tree.map(
        lambda v: v / size, psum(x, axis_name, axis_index_groups=axis_index_groups)
    )


def pmax(x, axis_name, *, axis_index_groups=None):
    """The maximum over a mapped axis of every leaf; ties share a cotangent."""
    _refuse_groups("pmax", axis_index_groups)
    return tree.map(lambda v: _over_names(pmax_p, v, axis_name), x)


def pmin(x, axis_name, *, axis_index_groups=None):
    """The minimum over a mapped axis of every leaf; ties share a cotangent."""
    _refuse_groups("pmin", axis_index_groups)
    return tree.map(lambda v: _over_names(pmin_p, v, axis_name), x)


# Who am I


def axis_index(axis_name):
    """The member's own position along a mapped axis, i32."""
    index = None
    for name in _names(axis_name):
        here = axis_index_p.bind(axis_name=name)
        size = axis_frame("axis_index", name).size
        index = here if index is None else index * size + here
    return index


axis_index_p: Collective = Collective(
    "axis_index",
    lambda size: (iota(np.int32, size), True),
    abstract=lambda *, axis_name: ShapedArray((), np.int32),
    jvp=zero_tangent,
    batch=lambda size, operands, dims, **params: (axis_index_p.bind(**params), None),
)


# Gathering and scattering


def all_gather(
    x,
    axis_name,
    *,
    axis_index_groups=None,
    axis: int = 0,
    tiled: bool = False,
    to: str = "varying",
):
    """All members' values, stacked along a new axis, or joined along one if `tiled`.

    to: "varying"; other states of the result are those of `shard_map`.
    """
    _refuse_groups("all_gather", axis_index_groups)
    if to != "varying":
        raise ValueError(
            f"all_gather: to must be 'varying' outside of shard_map, got {to!r}."
        )

    def leaf(v):
        out = v
        for name in reversed(_names(axis_name)):
            ndim = aval_of(out).ndim + (not tiled)
            out = all_gather_p.bind(
                out, axis_name=name, axis=axis % ndim, tiled=bool(tiled)
            )
        return out

    return tree.map(leaf, x)


def _gathered(x, size, axis, tiled):
    out = move_axis(x, 0, axis)
    if tiled:
        shape = list(aval_of(x).shape[1:])
        shape[axis] *= size
        out = reshape(out, shape)
    return out, False


def _all_gather_abstract(x, *, axis_name, axis, tiled):
    size = axis_frame("all_gather", axis_name).size
    shape = list(x.shape)
    if tiled:
        shape[axis] *= size
    else:
        shape.insert(axis, size)
    return x.update(shape=tuple(shape))


def _all_gather_batch(size, operands, dims, *, axis_name, axis, tiled):
    x = move_axis(operands[0], dims[0], 0)
    return all_gather_p.bind(x, axis_name=axis_name, axis=axis + 1, tiled=tiled), 0


all_gather_p = Collective(
    "all_gather",
    _gathered,
    abstract=_all_gather_abstract,
    jvp=linear,
    transpose=lambda ct, x, *, axis_name, axis, tiled: [
        psum_scatter_p.bind(ct, axis_name=axis_name, axis=axis, tiled=tiled)
    ],
    batch=_all_gather_batch,
)


def psum_scatter(
    x, axis_name, *, scatter_dimension: int = 0, axis_index_groups=None, tiled=False
):
    """The sum over members, of which each member keeps its own piece of one axis."""
    _refuse_groups("psum_scatter", axis_index_groups)
    return tree.map(
        lambda v: psum_scatter_p.bind(
            v, axis_name=axis_name, axis=scatter_dimension, tiled=bool(tiled)
        ),
        x,
    )


def _scattered(x, size, axis, tiled):
    total = reduce_sum(x, (0,))
    if tiled:
        shape = list(aval_of(total).shape)
        shape[axis : axis + 1] = [size, shape[axis] // size]
        total = reshape(total, shape)
    return move_axis(total, axis, 0), True


def _psum_scatter_abstract(x, *, axis_name, axis, tiled):
    size = axis_frame("psum_scatter", axis_name).size
    shape = list(x.shape)
    if tiled and shape[axis] % size == 0:
        shape[axis] //= size
    elif not tiled and shape[axis] == size:
        del shape[axis]
    else:
        raise ValueError(
            f"psum_scatter: axis {axis} of {x} must have size {size}, the number of "
            f"members of {axis_name!r}{', or a multiple' if tiled else ''}."
        )
    return x.update(shape=tuple(shape))


def _psum_scatter_batch(size, operands, dims, *, axis_name, axis, tiled):
    x = move_axis(operands[0], dims[0], 0)
    return psum_scatter_p.bind(x, axis_name=axis_name, axis=axis + 1, tiled=tiled), 0


psum_scatter_p: Collective = Collective(
    "reduce_scatter",
    _scattered,
    abstract=_psum_scatter_abstract,
    jvp=linear,
    transpose=lambda ct, x, *, axis_name, axis, tiled: [
        all_gather_p.bind(ct, axis_name=axis_name, axis=axis, tiled=tiled)
    ],
    batch=_psum_scatter_batch,
)


# Exchanging


def ppermute(x, axis_name, perm: Sequence[tuple[int, int]]):
    """Send values from member to member: `perm` holds pairs (source, destination).

    Members that receive nothing get zeros.
    """
    pairs = tuple((int(a), int(b)) for a, b in perm)
    for side in zip(*pairs, strict=True):
        if len(set(side)) != len(side):
            raise ValueError(
                f"ppermute sources and destinations must be unique, got {pairs}."
            )
    return tree.map(lambda v: ppermute_p.bind(v, axis_name=axis_name, perm=pairs), x)


def pshuffle(x, axis_name, perm: Sequence[int]):
    """Member k receives the value of member `perm[k]`."""
    return ppermute(x, axis_name, [(int(a), k) for k, a in enumerate(perm)])


def _permuted(x, size, perm):
    source = {b: a for a, b in perm}
    rows = [
        slice_in_dim(x, source[k], source[k] + 1)
        if k in source
        else full_like_literal(slice_in_dim(x, 0, 1), 0)
        for k in range(size)
    ]
    return concatenate(rows, 0), True


ppermute_p: Collective = Collective(
    "ppermute",
    _permuted,
    abstract=lambda x, *, axis_name, perm: x,
    jvp=linear,
    transpose=lambda ct, x, *, axis_name, perm: [
        ppermute_p.bind(ct, axis_name=axis_name, perm=tuple((b, a) for a, b in perm))
    ],
    batch=lambda size, operands, dims, **params: (
        ppermute_p.bind(*operands, **params),
        dims[0],
    ),
)


def all_to_all(
    x,
    axis_name,
    split_axis: int,
    concat_axis: int,
    *,
    axis_index_groups=None,
    tiled=False,
):
    """Split one axis over the members, and join what they send along another.

    Without `tiled` the split axis must have one entry per member and disappears, and a
    new axis appears at `concat_axis`.
    """
    _refuse_groups("all_to_all", axis_index_groups)

    def leaf(v):
        size = axis_size(axis_name)
        shape = list(aval_of(v).shape)
        n = shape[split_axis]
        if n % size if tiled else n != size:
            raise ValueError(
                f"all_to_all: axis {split_axis} of {aval_of(v)} must have size {size}, "
                f"the number of members of {axis_name!r}{', or a multiple' * tiled}."
            )
        if not tiled:
            return all_to_all_p.bind(
                v, axis_name=axis_name, split_axis=split_axis, concat_axis=concat_axis
            )
        shape[split_axis : split_axis + 1] = [size, shape[split_axis] // size]
        place = concat_axis + (concat_axis > split_axis)
        opened = reshape(v, shape)
        # The split axis leaves, the received one arrives before the axis it joins.
        target = place - 1 if place > split_axis else place
        out = all_to_all_p.bind(
            opened, axis_name=axis_name, split_axis=split_axis, concat_axis=target
        )
        merged = list(aval_of(out).shape)
        merged[target : target + 2] = [merged[target] * merged[target + 1]]
        return reshape(out, merged)

    return tree.map(leaf, x)


def pswapaxes(x, axis_name, axis: int, *, axis_index_groups=None):
    """Exchange a mapped axis with an axis of the same size of every leaf.

    >>> vmap(lambda x: pswapaxes(x, "i", 0), axis_name="i")(np.array([[1, 2], [3, 4]]))
    Array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return all_to_all(x, axis_name, axis, axis, axis_index_groups=axis_index_groups)


def pcast(x, axis_name, *, to: str):
    """The same values, which from here on may differ between members, or do not.

    `to` is "varying", "reduced" or "unreduced". minijax does not follow which values
    vary over an axis, so this only checks what it is given.

    >>> vmap(lambda x: pcast(1.0, "i", to="varying") + x, axis_name="i")(np.ones(2))
    Array([2., 2.], dtype=float32)
    """
    if to not in ("varying", "reduced", "unreduced"):
        raise ValueError(
            f'pcast: to must be "varying", "reduced" or "unreduced", got {to!r}.'
        )
    for name in _names(axis_name):
        axis_frame("pcast", name)
    return x


def _exchanged(x, size, split_axis, concat_axis):
    # (member, ..., piece, ...) -> (piece, ..., member, ...)
    swapped = move_axis(x, split_axis + 1, 0)
    return move_axis(swapped, 1, concat_axis + 1), True


def _all_to_all_abstract(x, *, axis_name, split_axis, concat_axis):
    size = axis_frame("all_to_all", axis_name).size
    shape = list(x.shape)
    if shape[split_axis] != size:
        raise ValueError(
            f"all_to_all: axis {split_axis} of {x} must have size {size}, the number "
            f"of members of {axis_name!r}."
        )
    del shape[split_axis]
    shape.insert(concat_axis, size)
    return x.update(shape=tuple(shape))


def _all_to_all_batch(size, operands, dims, *, axis_name, split_axis, concat_axis):
    x = move_axis(operands[0], dims[0], 0)
    out = all_to_all_p.bind(
        x, axis_name=axis_name, split_axis=split_axis + 1, concat_axis=concat_axis + 1
    )
    return out, 0


all_to_all_p: Collective = Collective(
    "all_to_all",
    _exchanged,
    abstract=_all_to_all_abstract,
    jvp=linear,
    transpose=lambda ct, x, *, axis_name, split_axis, concat_axis: [
        all_to_all_p.bind(
            ct, axis_name=axis_name, split_axis=concat_axis, concat_axis=split_axis
        )
    ],
    batch=_all_to_all_batch,
)


def pbroadcast(x, axis_name, source: int):
    """The value of one member, for all members."""

    def leaf(v):
        mine = eq(axis_index(axis_name), np.int32(source))
        mask = broadcast_in_dim(mine, aval_of(v).shape, ())
        return psum(mul(v, convert_element_type(mask, aval_of(v).dtype)), axis_name)

    return tree.map(leaf, x)
