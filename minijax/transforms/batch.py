"""Batching: run a function of one member on a whole batch.

    y:f32[] = dot a b      becomes      y:f32[5] = dot_general[batch axes (0, 0)] a b

A tracer carries a value with one more axis than its aval says, and the place of that
axis. Each primitive's batch rule says how to do the same to all members at once.
"""

from collections.abc import Callable, Sequence

from ..config import state
from ..core.avals import ShapedArray
from ..core.jaxpr import ClosedJaxpr, eval_jaxpr
from ..core.leaks import check_leaks
from ..core.literal import aval_of
from ..core.trace import Trace, Tracer, context
from ..primitives.shape import move_batch
from .stage import stage


class BatchTracer(Tracer):
    """One member of a batch."""

    __slots__ = ("dim", "value")

    def __init__(self, trace, value, dim):
        aval = aval_of(value)
        shape = aval.shape
        self._trace = trace
        member = (*shape[:dim], *shape[dim + 1 :])
        self.aval = ShapedArray(member, aval.dtype, aval.weak_type)
        self.value = value
        self.dim = dim

    def origin(self):
        value = self.value
        return value.origin() if isinstance(value, Tracer) else self._trace.verb

    def name(self):
        return self.value.name() if isinstance(self.value, Tracer) else "a value"


class BatchTrace(Trace):
    """Applies the batch rule of each primitive."""

    verb = "by vmap"

    def __init__(self, size, axis_name=None):
        self.size = size
        self.axis_name = axis_name
        self.outer_axes = None

    def __enter__(self):
        super().__enter__()
        if self.axis_name is not None:
            self.outer_axes = context.axes
            context.axes = {**context.axes, self.axis_name: self}
        return self

    def __exit__(self, kind, error, traceback):
        if self.axis_name is not None:
            context.axes = self.outer_axes
        return super().__exit__(kind, error, traceback)

    def split(self, operands):
        """Values and batch axes of operands; the axis of others is None."""
        values = []
        dims = []
        for x in operands:
            if type(x) is BatchTracer and x._trace is self:
                values.append(x.value)
                dims.append(x.dim)
            else:
                values.append(x)
                dims.append(None)
        return values, dims

    def join(self, value, dim):
        """A tracer, or the value itself if it has no batch axis."""
        return value if dim is None else BatchTracer(self, value, dim)

    def process(self, primitive, operands, params):
        values, dims = self.split(operands)
        rule = primitive.batch
        if rule is None:
            raise primitive.missing("batch", operands)
        outer = context.batch_axis
        context.batch_axis = self.axis_name
        try:
            out, dim = rule(self.size, values, dims, **params)
        finally:
            context.batch_axis = outer
        if primitive.multiple_results:
            return [self.join(x, d) for x, d in zip(out, dim, strict=True)]
        return out if dim is None else BatchTracer(self, out, dim)

    def process_custom(self, primitive, fun, rule, operands):
        values, dims = self.split(operands)
        outs, dims = primitive.batch_functions(self, fun, rule, values, dims)
        return [self.join(x, d) for x, d in zip(outs, dims, strict=True)]


def batch_flat(
    fun: Callable, size: int, values: Sequence, dims: Sequence, axis_name=None
):
    """Outputs of a flat function of members, and their batch axes."""
    with BatchTrace(size, axis_name) as trace:
        args = [trace.join(x, d) for x, d in zip(values, dims, strict=True)]
        outs = fun(*args)
        results = trace.split(outs)
    if state.check_tracer_leaks:
        del args, outs
        check_leaks(trace)
    return results


def batch_jaxpr(closed: ClosedJaxpr, size: int, dims: tuple, batched=None):
    """The program that does to a batch what another does to one member.

    Called from a batch rule; collectives in the program know the axis by its name.

    Args:
      dims: the batch axis of each input, or None.
      batched: which outputs get a batch axis even if they are equal for all members;
        their axis is then in front.

    Returns a closed program and the batch axes of its outputs.
    """
    axis_name = context.batch_axis
    key = ("batch", size, dims, axis_name, batched)
    return closed.remember(
        key, lambda: _batch_jaxpr(closed, size, dims, axis_name, batched)
    )


def _batch_jaxpr(closed, size, dims, axis_name, batched):
    out_dims = ()

    def fun(*args):
        nonlocal out_dims
        outs, found = batch_flat(
            lambda *xs: eval_jaxpr(closed.jaxpr, closed.consts, *xs),
            size,
            args,
            dims,
            axis_name,
        )
        if batched is not None:
            outs = [
                move_batch(size, x, d, 0) if wanted else x
                for x, d, wanted in zip(outs, found, batched, strict=True)
            ]
            found = [
                0 if wanted else d for d, wanted in zip(found, batched, strict=True)
            ]
        out_dims = tuple(found)
        return outs

    avals = [
        batched_aval(size, v.aval, d)
        for v, d in zip(closed.jaxpr.invars, dims, strict=True)
    ]
    program = stage(fun, avals)
    return program, out_dims


def batched_aval(size: int, aval, dim: int | None):
    """The type of a batch of values of a type."""
    if dim is None:
        return aval
    return aval.update(shape=(*aval.shape[:dim], size, *aval.shape[dim:]))
