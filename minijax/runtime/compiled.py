"""Library functions as one program each, when they are called un-jitted.

A function of `minijax.numpy` may take several primitives. Called on concrete arrays, it
is staged, compiled and kept whole, so that a call costs one execution. Called on
tracers of un-jitted transformations, `grad` outside `jit` for one, it is staged too and
becomes one call of its program, which is differentiated or batched once and then
remembered. Inside a program that is being staged its operations are inlined, as if the
decorator were not there.

    @compiled(static_argnames=("axis",))
    def softmax(x, axis=-1): ...
"""

import functools
import inspect

import numpy as np

from .. import tree
from ..config import state
from ..control.call import call
from ..core.literal import Literal, aval_of
from ..core.trace import Tracer
from ..core.tracebacks import hide_our_frames
from ..transforms.stage import hoist, stage
from . import dispatch
from .array import Array, as_array, on_device
from .compile import lower_program
from .program import as_pair

_SCALARS = frozenset({int, float})
_NUMBERS = (bool, int, float, complex)
_VALUES = (Array, Tracer, np.ndarray, np.generic, Literal, *_NUMBERS)


def compiled(fun=None, *, static_argnames=()):
    """Run a library function as one program when it is called un-jitted.

    Args:
      static_argnames: parameters whose values are part of the program. Arguments that
        are no arrays or numbers, and truth values, are static anyway.
    """
    if fun is None:
        return functools.partial(compiled, static_argnames=static_argnames)
    library = _Library(fun, frozenset(static_argnames))
    # Callers for arrays and Python numbers by position: the kinds of the arrays and the
    # types of the numbers are the key.
    fast = library.fast

    @functools.wraps(fun)
    def wrapper(*args, **kwargs):
        try:
            options = state.dispatch_key
            if options is None:  # a program is being staged
                return fun(*args, **kwargs)
            if not kwargs:
                marks = [getattr(x, "_kind", x.__class__) for x in args]
                found = fast.get((options, *marks))
                if found is not None:
                    return found(args)
                if marks == [list]:  # the arrays to join
                    (items,) = args
                    marks.extend([getattr(x, "_kind", None) for x in items])
                    found = fast.get((options, *marks))
                    if found is not None:
                        return found(items)
                elif list not in marks:
                    return library.call_with(args)
            return library.call(args, kwargs)
        except Exception as error:
            hide_our_frames(error)
            raise

    wrapper.prepare = library.prepare
    return wrapper


def compiled_operator(fun, accepts):
    """`compiled` for the method of an operator: the same, with a shorter way there.

    Args:
      fun: a function of two operands.
      accepts: whether the second operand is one that the function takes. If not, the
        method returns NotImplemented, and the operand gets its own say.
    """
    fun = inspect.unwrap(fun)  # it may be compiled already
    library = _Library(fun, frozenset())
    pairs = library.pairs

    def method(x, y):
        try:
            options = state.dispatch_key
            x_mark = getattr(x, "_kind", x.__class__)
            y_mark = getattr(y, "_kind", y.__class__)
            found = pairs.get((options, x_mark, y_mark))
            if found is not None:
                return found(x, y)
            if not accepts(y):
                return NotImplemented
            if options is None:
                return fun(x, y)
            return library.call_pair(x, y, (options, x_mark, y_mark))
        except Exception as error:
            hide_our_frames(error)
            raise

    return method


class _Library:
    """A library function with its programs."""

    def __init__(self, fun, static):
        self.fun = fun
        self.static = static
        self.fast: dict[tuple, object] = {}
        self.pairs: dict[tuple, object] = {}  # the same for two operands, as arguments
        self.staged: dict[tuple, _Staged] = {}
        self.callers: dict[tuple, object] = {}
        self.programs: dict[tuple, object] = {}
        dispatch.on_clear(self.clear)

    def clear(self):
        self.fast.clear()
        self.pairs.clear()
        self.staged.clear()
        self.callers.clear()
        self.programs.clear()

    def call_pair(self, x, y, key):
        """Call the function on two operands, and keep the way to its program."""
        caller = self.fast.get(key)
        if caller is None:
            out = self.call_with((x, y))
            caller = self.fast.get(key)
        else:
            out = caller((x, y))
        if caller is not None:
            self.pairs[key] = as_pair(caller)
        return out

    def call_with(self, args):
        """Call the function on positional arguments, some of which may be tracers."""
        found = self.staged.get((state.dispatch_key, *map(_mark, args)))
        if found is None:
            return self.call(args, {})
        (results,) = found.apply([_operand(x) for x in args], self.fun.__name__)
        return results

    def call(self, args, kwargs):
        """Call the function while nobody stages, as a program where that is allowed."""
        options = state.dispatch_key
        if state.disable_jit:
            return self.fun(*args, **kwargs)
        leaves, treedef = tree.flatten_raw((args, kwargs), None)
        marks = [getattr(x, "_kind", None) for x in leaves]
        if None in marks:
            marks = [getattr(x, "_kind", None) or getattr(x, "aval", x) for x in leaves]
            # Equal values of different types, 1 and True, are different constants.
            marks.extend([x.__class__ for x in leaves])
        key = (options, treedef, *marks)
        try:
            found = self.callers.get(key)
        except TypeError:  # NumPy arrays among the arguments
            key = found = None
        if found is not None:
            return found(leaves)
        if any(isinstance(x, Tracer) for x in leaves):
            return self._call_on_tracers(options, args, kwargs, leaves, treedef, key)
        return self._call_on_values(options, args, kwargs, leaves, treedef, key)

    # On concrete values

    def _call_on_values(self, options, args, kwargs, leaves, treedef, key):
        staged = self._stage(options, args, kwargs, leaves, treedef)
        if staged is None:
            return self.fun(*args, **kwargs)
        program, arrays = staged
        caller = program.caller(arrays, self.fun.__name__)
        self._remember(options, caller, program.places, args, kwargs, leaves, key)
        return caller(arrays)

    def prepare(self, *args, **kwargs):
        """What a call on concrete values does: a function, and the arrays it takes."""
        leaves, treedef = tree.flatten_raw((args, kwargs), None)
        options = state.dispatch_key
        staged = self._stage(options, args, kwargs, leaves, treedef)
        if staged is None:
            raise TypeError(f"{self.fun.__name__}: static arguments must be hashable.")
        program, arrays = staged
        return program.caller(arrays, self.fun.__name__), arrays

    def _remember(self, options, caller, places, args, kwargs, leaves, key):
        """Keep the way to a program for arguments like these."""
        if key is not None and all(type(leaves[k]) is Array for k in places):
            if len(places) == len(leaves):
                self.callers[key] = caller
            else:
                self.callers[key] = lambda xs: caller([xs[k] for k in places])
        if kwargs or len(leaves) != len(places):
            return
        if len(args) == 1 and type(args[0]) is list:
            if all(type(x) is Array for x in args[0]):
                self.fast[(options, list, *[x._kind for x in leaves])] = caller
        elif len(args) != len(leaves):
            return
        elif all(type(x) is Array for x in args):
            self.fast[(options, *[x._kind for x in args])] = caller
        elif all(type(x) is Array or type(x) in _SCALARS for x in args):
            marks = [getattr(x, "_kind", x.__class__) for x in args]
            self.fast[(options, *marks)] = lambda xs: caller(
                [x if type(x) is Array else on_device(x) for x in xs]
            )

    # On tracers

    def _call_on_tracers(self, options, args, kwargs, leaves, treedef, key):
        staged = self._stage(options, args, kwargs, leaves, treedef)
        if staged is None:
            return self.fun(*args, **kwargs)
        program, operands = staged
        name, places, out_tree = self.fun.__name__, program.places, program.out_tree

        def call(leaves):
            results = program.apply([leaves[k] for k in places], name)
            return tree.unflatten(out_tree, results)

        if key is not None and all(hasattr(leaves[k], "aval") for k in places):
            self.callers[key] = call
        plain = all(hasattr(x, "aval") or type(x) in _SCALARS for x in args)
        every = not kwargs and len(args) == len(places) == len(leaves)
        if plain and every and program.is_single:
            self.staged[(options, *map(_mark, args))] = program
        return tree.unflatten(out_tree, program.apply(operands, name))

    # Programs

    def _stage(self, options, args, kwargs, leaves, treedef):
        """The program for arguments, and its operands.

        None if a static argument cannot be hashed, and if the function refuses the
        arguments: called on them as they are, it says what the user wrote.
        """
        fixed = self._static_positions(args, kwargs)
        dynamic = [
            k not in fixed and isinstance(x, _VALUES) and x.__class__ is not bool
            for k, x in enumerate(leaves)
        ]
        operands = [_operand(x) for x, on in zip(leaves, dynamic, strict=True) if on]
        constants = [None if on else x for x, on in zip(leaves, dynamic, strict=True)]
        types = [x.__class__ for x in constants]
        avals = [x.aval for x in operands]
        key = (options, treedef, *types, *constants, *avals)
        try:
            program = self.programs.get(key)
        except TypeError:  # a static argument that cannot be hashed
            return None
        if program is None:
            try:
                program = _stage(self.fun, treedef, constants, dynamic, operands)
            except (TypeError, ValueError, IndexError):
                return None
            self.programs[key] = program
        return program, operands

    def _static_positions(self, args, kwargs):
        """Positions of leaves that belong to static parameters."""
        if not self.static:
            return frozenset()
        names = _parameters(self.fun)
        given = [
            *[(n, x) for n, x in zip(names, args, strict=False)],
            *[("", x) for x in args[len(names) :]],
            *sorted(kwargs.items()),
        ]
        fixed = set()
        position = 0
        for name, value in given:
            count = len(tree.flatten_raw(value, None)[0])
            if name in self.static:
                fixed.update(range(position, position + count))
            position += count
        return fixed


@functools.cache
def _parameters(fun) -> tuple[str, ...]:
    return tuple(inspect.signature(fun).parameters)


def _mark(x):
    """What decides of an argument among tracers."""
    return getattr(x, "_kind", None) or getattr(x, "aval", x.__class__)


def _operand(x):
    """An argument as an operand of a program."""
    if hasattr(x, "aval"):
        return as_array(x) if type(x) is Literal else x
    return on_device(x) if type(x) in _SCALARS else as_array(x)


class _Staged:
    """A library function staged for one type of arguments."""

    __slots__ = (
        "callers",
        "closed",
        "consts",
        "flat",
        "is_single",
        "only",
        "out_tree",
        "places",
    )

    def __init__(self, closed, out_tree, dynamic):
        self.closed = closed
        self.out_tree = out_tree
        self.is_single = out_tree == tree.structure(0)
        self.places = [k for k, on in enumerate(dynamic) if on]  # of the operands
        self.flat, self.consts = hoist(closed)
        self.only = _only_equation(self.flat.jaxpr)
        self.callers: dict[tuple, object] = {}

    def caller(self, arrays, name):
        """The compiled program, as a function of arrays like these."""
        kinds = tuple([x._kind for x in arrays])
        found = self.callers.get(kinds)
        if found is None:
            lowered = lower_program(self.closed, name, kinds, keep_unused=True)
            found = self.callers[kinds] = lowered.caller(self.out_tree)
        return found

    def apply(self, operands, name):
        """Apply the program to operands some of which are tracers."""
        operands = [*self.consts, *operands]
        if self.only is None:
            return call(self.flat, operands, name)
        primitive, params, places = self.only
        out = primitive.bind(
            *[operands[k] if type(k) is int else k for k in places], **params
        )
        return out if primitive.multiple_results else [out]


def _only_equation(jaxpr):
    """The primitive, params and operands of a program of one equation, else None.

    Operands are positions of arguments, or literals.
    """
    if len(jaxpr.eqns) != 1:
        return None
    (eqn,) = jaxpr.eqns
    if jaxpr.outvars != eqn.outvars:
        return None
    places = [x if type(x) is Literal else jaxpr.invars.index(x) for x in eqn.invars]
    return eqn.primitive, eqn.params, places


def _stage(fun, treedef, constants, dynamic, operands):
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

    closed = stage(flat, [aval_of(x) for x in operands], f"by {fun.__name__}")
    return _Staged(closed, out_tree, dynamic)
