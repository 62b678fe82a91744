"""Collectives within groups of the members of a mapped axis: `axis_index_groups`.

    psum(x, "i", axis_index_groups=[[0, 2], [1, 3]])     sums over 0 and 2, and 1 and 3

Each member gathers the values of all and takes those of its group, in the group's
order. The functions are those of `parallel`, with groups.
"""

import functools

import numpy as np

from .. import tree
from ..core.literal import aval_of, literal
from ..primitives.elementwise import convert_element_type, select
from ..primitives.index import index_take
from ..primitives.reduce import highest, lowest, reduce_max, reduce_min, zero
from ..primitives.shape import (
    broadcast_in_dim,
    expand_dims,
    move_axis,
    reduce_sum,
    reshape,
)
from . import parallel

__all__ = [
    "all_gather",
    "all_to_all",
    "pmax",
    "pmean",
    "pmin",
    "psum",
    "psum_scatter",
    "pswapaxes",
]


class _Groups:
    """The groups of one axis, checked, and where this member is among them."""

    def __init__(self, where, axis_name, groups):
        if isinstance(axis_name, tuple | list):
            raise NotImplementedError(
                f"{where}: axis_index_groups needs one axis, got {axis_name!r}."
            )
        self.axis_name = axis_name
        self.size = parallel.axis_size(axis_name)
        self.groups = [tuple(map(int, group)) for group in groups]
        members = [k for group in self.groups for k in group]
        if sorted(members) != list(range(self.size)):
            raise ValueError(
                f"{where}: axis_index_groups must cover all indices exactly once, "
                f"0 to {self.size - 1} of axis {axis_name!r}, got {groups}."
            )
        self.of = {k: group for group in self.groups for k in group}

    @property
    def group_size(self):
        """The size of the member's group."""
        sizes = [len(self.of[k]) for k in range(self.size)]
        return sizes[0] if len(set(sizes)) == 1 else self.looked_up(sizes)

    def looked_up(self, table):
        """The member's own entry of a table with one for each member."""
        index = expand_dims(parallel.axis_index(self.axis_name), (0,))
        table = np.asarray(table)
        own = index_take(table, (index,), (0,))
        return reshape(own, table.shape[1:])

    def reduced(self, x, reduce, identity):
        """A reduction over the group, in which others count as the identity."""
        everyone = parallel.all_gather(x, self.axis_name)
        shape, dtype = aval_of(everyone).shape, aval_of(x).dtype
        alike = np.array(
            [[j in self.of[k] for j in range(self.size)] for k in range(self.size)]
        )
        mask = broadcast_in_dim(self.looked_up(alike), shape, (0,))
        others = literal(identity(dtype), aval_of(everyone).update(weak_type=False))
        return reduce(select(mask, everyone, others), (0,))

    def gathered(self, where, x):
        """The values of the group, members in front: all groups have one size."""
        sizes = {len(group) for group in self.groups}
        if len(sizes) != 1:
            raise ValueError(f"{where}: groups must have one size, got {self.groups}.")
        everyone = parallel.all_gather(x, self.axis_name)
        rows = self.looked_up([self.of[k] for k in range(self.size)])
        return index_take(everyone, (rows,), (0,))

    def own(self, x):
        """The entry of the member along the first axis of x: its place in its group."""
        place = self.looked_up([self.of[k].index(k) for k in range(self.size)])
        taken = index_take(x, (expand_dims(place, (0,)),), (0,))
        return reshape(taken, aval_of(x).shape[1:])


def _in_groups(grouped):
    """The collective of `parallel` of this name, which takes groups too."""
    name = grouped.__name__.lstrip("_")
    plain = getattr(parallel, name)

    @functools.wraps(plain)
    def collective(x, axis_name, *args, axis_index_groups=None, **kwargs):
        if axis_index_groups is None:
            return plain(x, axis_name, *args, **kwargs)
        groups = _Groups(name, axis_name, axis_index_groups)
        return tree.map(lambda v: grouped(groups, v, *args, **kwargs), x)

    return collective


def _psum(groups, x):
    if isinstance(x, int | float | complex):
        return groups.group_size * x
    if aval_of(x).dtype == np.bool_:
        x = convert_element_type(x, np.int32)
    return groups.reduced(x, reduce_sum, zero)


def _pmean(groups, x):
    return _psum(groups, x) / groups.group_size


def _pmax(groups, x):
    return groups.reduced(x, reduce_max, lowest)


def _pmin(groups, x):
    return groups.reduced(x, reduce_min, highest)


def _all_gather(groups, x, *, axis=0, tiled=False):
    values = groups.gathered("all_gather", x)
    axis %= aval_of(x).ndim + (not tiled)
    out = move_axis(values, 0, axis)
    if not tiled:
        return out
    shape = list(aval_of(out).shape)
    shape[axis : axis + 2] = [shape[axis] * shape[axis + 1]]
    return reshape(out, shape)


def _psum_scatter(groups, x, *, scatter_dimension=0, tiled=False):
    values = groups.gathered("psum_scatter", x)
    n = aval_of(values).shape[0]
    total = reduce_sum(values, (0,))
    pieces = _pieces("psum_scatter", total, scatter_dimension, n, tiled)
    return groups.own(pieces)


def _pieces(where, x, axis, n, tiled):
    """An axis cut into n pieces, which come first; without `tiled`, of one each."""
    shape = list(aval_of(x).shape)
    if shape[axis] % n if tiled else shape[axis] != n:
        raise ValueError(
            f"{where}: axis {axis} of {aval_of(x)} must have size {n}, the number of "
            f"members of a group{', or a multiple' if tiled else ''}."
        )
    if tiled:
        shape[axis : axis + 1] = [n, shape[axis] // n]
        x = reshape(x, shape)
    return move_axis(x, axis, 0)


def _all_to_all(groups, x, split_axis, concat_axis, *, tiled=False):
    values = groups.gathered("all_to_all", x)
    n, rank = aval_of(values).shape[0], aval_of(x).ndim
    split_axis, concat_axis = split_axis % rank, concat_axis % rank
    # (member, ...) -> (piece, member, ...): each takes the pieces with its place.
    received = groups.own(_pieces("all_to_all", values, split_axis + 1, n, tiled))
    out = move_axis(received, 0, concat_axis)
    if not tiled:
        return out
    shape = list(aval_of(out).shape)
    shape[concat_axis : concat_axis + 2] = [n * shape[concat_axis + 1]]
    return reshape(out, shape)


def _pswapaxes(groups, x, axis):
    return _all_to_all(groups, x, axis, axis)


psum = _in_groups(_psum)
pmean = _in_groups(_pmean)
pmax = _in_groups(_pmax)
pmin = _in_groups(_pmin)
all_gather = _in_groups(_all_gather)
psum_scatter = _in_groups(_psum_scatter)
all_to_all = _in_groups(_all_to_all)
pswapaxes = _in_groups(_pswapaxes)
