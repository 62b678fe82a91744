"""Un-jitted operations: find the compiled program of one primitive and run it.

This is what `bind` runs when nobody is tracing. A dictionary from (primitive, kinds of
the operands, params) to a loaded program makes the common case one look-up.
"""

import os
from collections.abc import Callable

from .. import tree
from ..config import state
from ..control.callback_rules import CallbackPrimitive
from ..core.jaxpr import ClosedJaxpr, single_equation
from ..core.primitive import Primitive
from ..core.source import user_frame
from ..core.trace import evaluator
from .array import Array, as_array, default_sharding, kind_of
from .callbacks import call_directly
from .compile import lower_program
from .lowered import forget_executables

_programs: dict[tuple, Callable] = evaluator.table()


def evaluate(primitive, operands, params):
    """Apply a primitive to concrete operands by running its compiled program."""
    arrays = [x if type(x) is Array else as_array(x) for x in operands]
    # The options in force count: one of them is the default device.
    key = (primitive, state.key, *[x._kind for x in arrays], *params.items())
    if type(primitive) is Primitive:
        programs = _programs
    elif type(primitive) is CallbackPrimitive:
        return call_directly(primitive, arrays, params)
    else:
        programs = _table(params)
    try:
        call = programs[key]
    except KeyError:
        call = programs[key] = _compile(primitive, arrays, params)
    except TypeError:  # a parameter that cannot be hashed
        call = _compile(primitive, arrays, params)
    return call(arrays)


def _table(params) -> dict:
    """Where compiled programs are kept: with the jaxpr among the params, if any.

    They then live as long as it, not for ever.
    """
    for value in params.values():
        held = value[0] if isinstance(value, tuple) and value else value
        if type(held) is ClosedJaxpr:
            return held.remember(("compiled", evaluator.generation), dict)
    return _programs


def _compile(primitive, arrays, params):
    avals = tuple([x.aval for x in arrays])
    closed = single_equation(primitive, avals, params, user_frame())
    if primitive.multiple_results:
        return prepare(closed, arrays, primitive.name)
    return _lower(closed, arrays, primitive.name).caller(tree.structure(0))


def prepare(closed, operands, name):
    """A function of a list of arrays like these that runs a program on them."""
    results = tree.structure([0] * len(closed.jaxpr.outvars))
    return _lower(closed, operands, name).caller(results)


def _lower(closed, arrays, name):
    kinds = [x._kind for x in arrays]
    return lower_program(closed, name, kinds, keep_unused=True)


_clear_hooks = [evaluator.forget, forget_executables]


def on_clear(hook) -> None:
    """Have `hook()` called when compiled programs are to be forgotten."""
    _clear_hooks.append(hook)


def clear() -> None:
    """Forget the programs of un-jitted operations."""
    for hook in _clear_hooks:
        hook()


def default_kind(aval):
    """The kind of a new array of a type."""
    return kind_of(aval, default_sharding())


evaluator.process = evaluate  # type: ignore[method-assign]
evaluator.prepare = prepare  # type: ignore[method-assign]
# In a child of fork no program can run: without the caches, every call is examined.
os.register_at_fork(after_in_child=clear)
