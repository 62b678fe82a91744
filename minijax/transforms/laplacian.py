"""The forward Laplacian: a value, its slopes and its Laplacian in one pass.

A tracer carries y with its derivatives along all basis directions e_i of the input and
the sum of its second derivatives along them. An operation y = g(u) maps

    u_i = du/dx_i      to      y_i = g'(u) u_i
    lap u              to      lap y = g'(u) lap u + sum_i g''(u)[u_i, u_i]

so the Hessian is never formed, and where g is linear the last term costs nothing. Li et
al., "A computational framework for neural network-based variational Monte Carlo with
Forward Laplacian", Nature Machine Intelligence 6, 2024.

Both derivatives of g come from its jvp rule, applied once and twice.
"""

from collections.abc import Callable, Sequence

from ..core.literal import aval_of
from ..core.trace import Trace
from ..primitives.elementwise import add
from ..primitives.index import index_in_dim
from ..primitives.shape import move_batch, reduce_sum
from .batch import batch_flat
from .jvp import PrimalTracer, jvp_flat


class LaplacianTracer(PrimalTracer):
    """A value u with its slopes (directions, *shape) and its Laplacian, or None."""

    __slots__ = ("laplacian", "slopes")

    def __init__(self, trace, primal, slopes, laplacian):
        self._trace = trace
        self.aval = aval_of(primal)
        self.primal = primal
        self.slopes = slopes
        self.laplacian = laplacian


class LaplacianTrace(Trace):
    """Carries slopes along some directions, and Laplacians, through each operation."""

    verb = "by laplacian"

    def __init__(self, directions: int):
        self.directions = directions

    def split(self, operands):
        """Values, slopes and Laplacians of operands; None for those that are fixed."""
        parts = [
            (x.primal, x.slopes, x.laplacian)
            if type(x) is LaplacianTracer and x._trace is self
            else (x, None, None)
            for x in operands
        ]
        return [[*column] for column in zip(*parts, strict=True)] or [[], [], []]

    def process(self, primitive, operands, params):
        def apply(*xs):
            out = primitive.bind(*xs, **params)
            return out if primitive.multiple_results else [out]

        outs = self.carry(apply, operands)
        return outs if primitive.multiple_results else outs[0]

    def process_custom(self, primitive, fun, rule, operands):
        return self.carry(lambda *xs: primitive.bind_functions(fun, rule, xs), operands)

    def carry(self, f, operands):
        """Apply a flat function to values, their slopes and Laplacians."""
        xs, slopes, laplacians = self.split(operands)
        if all(s is None for s in slopes):
            return f(*xs)
        outs, out_slopes, curved = self.along_directions(f, xs, slopes)
        pushed = [None] * len(outs)
        if any(x is not None for x in laplacians):
            _, pushed = jvp_flat(f, xs, laplacians)
        return [
            y if s is None else LaplacianTracer(self, y, s, _sum(a, b))
            for y, s, a, b in zip(outs, out_slopes, pushed, curved, strict=True)
        ]

    def along_directions(self, f, xs, slopes):
        """g(u), then g'(u) u_i for all i, then the sum of g''(u)[u_i, u_i]."""

        def along_one(*us):
            given = iter(us)
            tangents = [None if s is None else next(given) for s in slopes]
            outs, dots, seconds = jvp_twice(f, xs, tangents)
            return [*outs, *dots, *seconds]

        moving = [s for s in slopes if s is not None]
        found = _batch_some(along_one, self.directions, moving)
        count = len(found) // 3
        outs = [_of_one(x) for x in found[:count]]
        rows = [self.rows(x) for x in found[count:]]
        curved = [None if x is None else reduce_sum(x, (0,)) for x in rows[count:]]
        return outs, rows[:count], curved

    def rows(self, found):
        """A batched value with the directions in front, None if there is none."""
        return None if found is None else move_batch(self.directions, *found, 0)


def jvp_twice(f: Callable, xs: Sequence, tangents: Sequence):
    """Outputs of a flat function, and its first and second derivative along tangents.

    Derivatives are None where they are zero.
    """
    nonzero: list[bool] = []

    def first(*ys):
        outs, dots = jvp_flat(f, ys, tangents)
        nonzero[:] = [dot is not None for dot in dots]
        return [*outs, *[dot for dot in dots if dot is not None]]

    values, derivatives = jvp_flat(first, xs, tangents)
    count = len(nonzero)
    dots, seconds = iter(values[count:]), iter(derivatives[count:])
    return (
        values[:count],
        [next(dots) if on else None for on in nonzero],
        [next(seconds) if on else None for on in nonzero],
    )


def _batch_some(fun, size, values):
    """Outputs of a batched function, with their axes; None where it returns None."""
    present: list[bool] = []

    def some(*members):
        outs = fun(*members)
        present[:] = [x is not None for x in outs]
        return [x for x in outs if x is not None]

    outs, dims = batch_flat(some, size, values, [0] * len(values))
    found = iter(zip(outs, dims, strict=True))
    return [next(found) if on else None for on in present]


def _of_one(found):
    """A value that is the same for all members of a batch."""
    value, dim = found
    return value if dim is None else index_in_dim(value, 0, dim, keepdims=False)


def _sum(x, y):
    if x is None or y is None:
        return x if y is None else y
    return add(x, y)


def laplacian_flat(fun: Callable, xs: Sequence, slopes: Sequence):
    """Outputs of a flat function and their Laplacians, None where they are zero.

    Args:
      slopes: derivatives of xs along the directions, (directions, *shape) each.
    """
    with LaplacianTrace(aval_of(slopes[0]).shape[0]) as trace:
        args = [
            LaplacianTracer(trace, x, s, None) for x, s in zip(xs, slopes, strict=True)
        ]
        outs, _, laplacians = trace.split(fun(*args))
    return outs, laplacians
