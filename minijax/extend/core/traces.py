"""Who is tracing: what libraries ask to find out where a call of theirs stands."""

import contextlib
from collections.abc import Iterator

import numpy as np

from ...core.trace import (
    Trace,
    Tracer,
    context,
    evaluating,
    evaluator,
    interpreter,
)
from ...errors import ConcretizationTypeError
from ...transforms.batch import BatchTrace
from ...transforms.stage import StageTrace


class TraceTag:
    """What tells the tracers of one interpreter from those of another."""


def find_top_trace(values) -> Trace:
    """The interpreter that would take an operation on these values."""
    return interpreter(values, context.floor)


class OpaqueTraceState:
    """The nest of transformations that a thread is in; equal inside the same ones."""

    def __init__(self, depth: int, floor: Trace, axes: tuple):
        self._parts = depth, floor, axes

    def __eq__(self, other):
        return isinstance(other, OpaqueTraceState) and self._parts == other._parts

    def __hash__(self):
        depth, floor, _ = self._parts
        return hash((depth, id(floor)))

    def __repr__(self):
        depth, floor, _ = self._parts
        return f"<{depth} transformations, innermost staging {floor.verb or 'nothing'}>"


def get_opaque_trace_state(convention: str | None = None) -> OpaqueTraceState:
    """A value to compare: two calls are equal if they happen in the same traces."""
    axes = tuple(context.axes)
    return OpaqueTraceState(context.depth, context.floor, axes)


def trace_state_clean() -> bool:
    """Whether no transformation is in progress in this thread."""
    return context.depth == 0 and context.floor is evaluator


@contextlib.contextmanager
def take_current_trace() -> Iterator[Trace]:
    """The interpreter of operations without tracers, evaluation meanwhile."""
    outer = context.floor
    with evaluating():
        yield outer


@contextlib.contextmanager
def set_current_trace(trace: Trace | None, check_leaks: bool = False) -> Iterator[None]:
    """Have an interpreter take the operations that involve no tracers.

    Args:
      trace: what `take_current_trace` gave, or an object of a subclass of `Trace` whose
        `process_primitive(primitive, operands, params)` says what an operation does.
    """
    trace = evaluator if trace is None else trace
    outer = context.floor
    with contextlib.ExitStack() as stack:
        if not hasattr(trace, "level"):
            stack.enter_context(trace)
        context.lay(trace)
        stack.callback(context.lay, outer)
        yield


def eval_context():
    """A context in which operations on concrete values run at once."""
    return evaluating()


def unsafe_get_axis_names_DO_NOT_USE() -> list:
    """The names of the mapped axes that are in scope."""
    return list(context.axes)


def nonempty_axis_env_DO_NOT_USE() -> bool:
    """Whether a named axis is in scope."""
    return bool(context.axes)


def unsafe_am_i_under_a_jit_DO_NOT_USE() -> bool:
    """Whether operations are being staged."""
    return isinstance(context.floor, StageTrace)


def unsafe_am_i_under_a_vmap_DO_NOT_USE() -> bool:
    """Whether a mapped axis with a name is in scope."""
    return any(isinstance(trace, BatchTrace) for trace in context.axes.values())


def concrete_or_error(force, val, context: str = ""):
    """A value as `force` makes it, or an error if it is traced.

    Args:
      force: a function such as `int` or `np.asarray`, or None for the value itself.
      context: why the value must be known, for the error.
    """
    if isinstance(val, Tracer):
        known = val.concrete()
        if known is None:
            raise ConcretizationTypeError(
                val.name(),
                str(val.aval),
                val.origin(),
                context.rstrip(".") or "a concrete value is needed",
            )
        val = known
    return val if force is None else force(val)


def is_concrete(value) -> bool:
    """Whether the value is known while tracing."""
    return not isinstance(value, Tracer) or value.concrete() is not None


def is_constant_dim(d) -> bool:
    """Whether a size is a number; sizes always are."""
    return isinstance(d, int | np.integer)


def is_constant_shape(s) -> bool:
    """Whether all sizes of a shape are numbers."""
    return all(is_constant_dim(n) for n in s)
