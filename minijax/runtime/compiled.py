"""Library functions as one program each, when they are called on concrete arrays.

A function of `minijax.numpy` may take several primitives. Called un-jitted on arrays,
it is staged, compiled and kept whole, so that a call costs one execution; inside any
trace its operations are inlined, as if the decorator were not there.

    @compiled(static_argnames=("axis",))
    def softmax(x, axis=-1): ...
"""

import functools
import inspect

import numpy as np

from .. import tree
from ..config import state
from ..core.literal import Literal, aval_of
from ..core.trace import Tracer, context, evaluator
from ..transforms.stage import stage
from . import dispatch
from .array import Array, as_array, on_device
from .client import XlaRuntimeError
from .compile import arrive, lower_program

_NUMBERS = (bool, int, float, complex)
_SCALARS = frozenset({int, float})
_VALUES = (Array, np.ndarray, np.generic, Literal, *_NUMBERS)


def compiled(fun=None, *, static_argnames=()):
    """Run a library function as one program when its arguments are concrete.

    Args:
      static_argnames: parameters whose values are part of the program. Arguments that
        are no arrays or numbers, and truth values, are static anyway.
    """
    if fun is None:
        return functools.partial(compiled, static_argnames=static_argnames)
    static = frozenset(static_argnames)
    fast: dict[tuple, object] = {}
    slow: dict[tuple, object] = {}
    dispatch.on_clear(fast.clear)
    dispatch.on_clear(slow.clear)

    @functools.wraps(fun)
    def wrapper(*args, **kwargs):
        if context.floor is not evaluator:
            return fun(*args, **kwargs)
        if not kwargs:
            try:
                program = fast[state.key, *[x._kind for x in args]]
            except AttributeError:
                if any(isinstance(x, Tracer) for x in args):
                    return fun(*args, **kwargs)
                if static:  # numbers among the arguments may be part of the program
                    return _call(fun, static, fast, slow, args, kwargs)
                arrays = [on_device(x) if type(x) in _SCALARS else x for x in args]
                kinds = [getattr(x, "_kind", None) for x in arrays]
                program = fast.get((state.key, *kinds))
            except KeyError:
                program = None
            else:
                arrays = args
            if program is not None:
                return program.on_arrays(arrays)
        elif fast:
            kinds = [getattr(x, "_kind", None) for x in args]
            try:
                program = fast.get((state.key, *kinds, *kwargs.items()))
            except TypeError:  # an array among the keyword arguments
                program = None
            if program is not None:
                return program.on_arrays(args)
        return _call(fun, static, fast, slow, args, kwargs)

    return wrapper


def _call(fun, static, fast, slow, args, kwargs):
    leaves, treedef = tree.flatten_raw((args, kwargs), None)
    if state.disable_jit or any(isinstance(x, Tracer) for x in leaves):
        return fun(*args, **kwargs)
    fixed = _static_positions(fun, static, args, kwargs)
    dynamic = [
        k not in fixed and isinstance(x, _VALUES) and type(x) is not bool
        for k, x in enumerate(leaves)
    ]
    arrays = [as_array(x) for x, on in zip(leaves, dynamic, strict=True) if on]
    constants = tuple(
        [None if on else x for x, on in zip(leaves, dynamic, strict=True)]
    )
    kinds = [x._kind for x in arrays]
    key = (state.key, treedef, constants, *map(type, constants), *kinds)
    try:
        program = slow.get(key)
    except TypeError:  # a static argument that cannot be hashed
        return fun(*args, **kwargs)
    if program is None:
        program = _build(fun, treedef, constants, dynamic, arrays)
        slow[key] = program
        _remember(fast, program, args, kwargs, kinds)
    if program.sharding is not None:
        arrays = [arrive(x, program.sharding) for x in arrays]
    if dispatch.checking():
        outs = program.program(arrays)
        dispatch.check(fun.__name__, outs)
        return tree.unflatten(program.out_tree, outs)
    return program.on_arrays(arrays)


def _remember(fast, program, args, kwargs, kinds):
    """Keep a program for calls with arrays by position and constants by keyword."""
    arrays = sum(isinstance(x, Array) for x in args)
    simple = len(args) == len(kinds) == arrays and program.sharding is None
    if simple and all(_is_fixed(v) for v in kwargs.values()):
        fast[(state.key, *kinds, *kwargs.items())] = program


def _is_fixed(x) -> bool:
    """Whether equal keyword arguments of this type mean the same program."""
    return x is None or isinstance(x, str | bool | int | tuple | np.dtype | type)


@functools.cache
def _parameters(fun) -> tuple[str, ...]:
    return tuple(inspect.signature(fun).parameters)


def _static_positions(fun, static, args, kwargs):
    """Positions of leaves that belong to static parameters."""
    if not static:
        return frozenset()
    names = _parameters(fun)
    fixed = set()
    position = 0
    for k, x in enumerate(args):
        count = len(tree.flatten_raw(x, None)[0])
        if k < len(names) and names[k] in static:
            fixed.update(range(position, position + count))
        position += count
    for name in sorted(kwargs):
        count = len(tree.flatten_raw(kwargs[name], None)[0])
        if name in static:
            fixed.update(range(position, position + count))
        position += count
    return fixed


class _CompiledCall:
    """A program with the structure of its result."""

    __slots__ = (
        "handlers",
        "kinds",
        "name",
        "out_tree",
        "program",
        "run",
        "sharding",
        "single",
    )

    def __init__(self, name, program, out_tree, sharding):
        self.name = name
        self.program = program
        self.out_tree = out_tree
        self.sharding = sharding
        self.handlers = program.handlers
        self.kinds = program.kinds
        self.single = out_tree == tree.structure(0)
        consts, execute = program.consts, program.run
        kept = program.kept
        if not consts and kept == list(range(len(kept))):
            self.run = execute
        else:
            self.run = lambda buffers: execute([*consts, *[buffers[k] for k in kept]])

    def on_arrays(self, arrays):
        """Run on arrays of the kinds it was compiled for."""
        try:
            results = self.run([x._buffer for x in arrays])
            outs = results.consume_with_handlers(self.handlers)
        except XlaRuntimeError:
            for x in arrays:
                x.check_alive()
            raise
        if self.single:
            return Array(outs[0], self.kinds[0])
        arrays = [Array(b, kind) for b, kind in zip(outs, self.kinds, strict=True)]
        return tree.unflatten(self.out_tree, arrays)


def _build(fun, treedef, constants, dynamic, arrays):
    out_tree = None

    def flat(*tracers):
        nonlocal out_tree
        given = iter(tracers)
        leaves = [
            next(given) if on else x for x, on in zip(constants, dynamic, strict=True)
        ]
        args, kwargs = tree.unflatten(treedef, leaves)
        outs, out_tree = tree.flatten_raw(fun(*args, **kwargs), None)
        return outs

    closed = stage(flat, [aval_of(x) for x in arrays], f"by {fun.__name__}")
    kinds = [x._kind for x in arrays]
    lowered = lower_program(closed, fun.__name__, kinds, keep_unused=True)
    devices = lowered.sharding.device_list
    here = all(kind.sharding.device_list == devices for kind in kinds)
    program = lowered.compile()
    return _CompiledCall(
        fun.__name__, program, out_tree, None if here else lowered.sharding
    )
