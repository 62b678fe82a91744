"""Un-jitted operations: find the compiled program of one primitive and run it.

This is what `bind` runs when nobody is tracing. A dictionary from (primitive, kinds of
the operands, params) to a loaded program makes the common case one look-up.
"""

import os

from ..config import state
from ..core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var
from ..core.primitive import Primitive
from ..core.source import user_frame
from ..core.trace import evaluator
from .array import Array, as_array, default_sharding, kind_of
from .compile import arrive, check_finite, forget_executables, lower_program

_programs: dict[tuple, object] = {}


def evaluate(primitive, operands, params):
    """Apply a primitive to concrete operands by running its compiled program."""
    arrays = [x if type(x) is Array else as_array(x) for x in operands]
    # The options in force count: one of them is the default device.
    key = (primitive, state.key, *[x._kind for x in arrays], *params.items())
    programs = _programs if type(primitive) is Primitive else _table(params)
    try:
        program = programs[key]
    except KeyError:
        program = _compile(primitive, arrays, params)
        programs[key] = program
    except TypeError:  # a parameter that cannot be hashed
        program = _compile(primitive, arrays, params)
    if program.sharding is not None:
        arrays = [arrive(x, program.sharding) for x in arrays]
    outs = program.program(arrays)
    if state.check_finite:
        check_finite(primitive.name, outs)
    return outs if primitive.multiple_results else outs[0]


def _table(params) -> dict:
    """Where compiled programs are kept: with the jaxpr among the params, if any.

    They then live as long as it, not for ever.
    """
    for value in params.values():
        held = value[0] if isinstance(value, tuple) and value else value
        if type(held) is ClosedJaxpr:
            return held.remember(("compiled", _generation), dict)
    return _programs


class _Entry:
    """A program, and where to move its arguments first if they are not there."""

    __slots__ = ("program", "sharding")

    def __init__(self, program, sharding):
        self.program = program
        self.sharding = sharding


def _compile(primitive, arrays, params):
    avals = tuple([x.aval for x in arrays])
    inferred = primitive.infer(avals, params)
    results = inferred if primitive.multiple_results else (inferred,)
    invars = [Var(aval) for aval in avals]
    outvars = [Var(aval) for aval in results]
    eqn = Eqn(primitive, invars, params, outvars, user_frame())
    closed = ClosedJaxpr(Jaxpr([], invars, outvars, [eqn]))
    kinds = [x._kind for x in arrays]
    lowered = lower_program(closed, primitive.name, kinds, keep_unused=True)
    here = all(k.sharding.device_list == lowered.sharding.device_list for k in kinds)
    return _Entry(lowered.compile(), None if here else lowered.sharding)


_clear_hooks = [_programs.clear, forget_executables]
_generation = 0


def on_clear(hook) -> None:
    """Have `hook()` called when compiled programs are to be forgotten."""
    _clear_hooks.append(hook)


def clear() -> None:
    """Forget the programs of un-jitted operations."""
    global _generation
    _generation += 1
    for hook in _clear_hooks:
        hook()


def checking() -> bool:
    """Whether results are searched for NaN or infinities."""
    return state.check_finite


def check(name, outs) -> None:
    """Raise if results hold what the debugging options forbid."""
    check_finite(name, outs)


def default_kind(aval):
    """The kind of a new array of a type."""
    return kind_of(aval, default_sharding())


evaluator.process = evaluate  # type: ignore[method-assign]
# In a child of fork no program can run: without the caches, every call is examined.
os.register_at_fork(after_in_child=clear)
