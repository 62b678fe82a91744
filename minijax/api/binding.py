"""One call of a jitted function: static arguments apart, traced leaves flat."""

import inspect
import weakref
from typing import Any, NamedTuple

from .. import tree
from ..config import state
from ..core.literal import aval_of
from ..core.trace import Tracer, context
from ..runtime.array import Array
from .arguments import argument_paths, as_values, name_of, signature_of
from .structs import ShapeDtypeStruct


class Options(NamedTuple):
    """What makes two jitted versions of one function different."""

    static_argnums: tuple[int, ...]
    static_argnames: tuple[str, ...]
    donate_argnums: tuple[int, ...]
    donate_argnames: tuple[str, ...]
    keep_unused: bool
    inline: bool
    device: Any
    compiler_options: tuple


class StaticPlaces:
    """Where the static arguments of a function are, by position and by name."""

    def __init__(self, fun, options):
        positions = _parameter_positions(fun)
        by_number = {k: name for name, k in positions.items()}
        numbers = options.static_argnums
        names = options.static_argnames
        self.names = {*names, *[by_number[k] for k in numbers if k in by_number]}
        self._parameters = by_number
        self._numbers = {*numbers, *[positions[n] for n in names if n in positions]}
        self._among: dict[int, tuple[int, ...]] = {}

    def among(self, count) -> tuple[int, ...]:
        """Which of so many positional arguments are static."""
        found = self._among.get(count)
        if found is None:
            numbers = {k + count if k < 0 else k for k in self._numbers}
            found = tuple(sorted(k for k in numbers if 0 <= k < count))
            self._among[count] = found
        return found

    def name_at(self, position) -> str:
        """The name of a positional argument, for messages."""
        return self._parameters.get(position, f"args[{position}]")

    def split(self, args, kwargs):
        """The static arguments as a key, and the others as (args, kwargs)."""
        numbers = self.among(len(args))
        fixed = [args[k] for k in numbers]
        named = [n for n in kwargs if n in self.names] if kwargs else []
        named.sort()
        fixed.extend([kwargs[n] for n in named])
        others = [x for k, x in enumerate(args) if k not in numbers]
        rest = {n: x for n, x in kwargs.items() if n not in self.names}
        key = (numbers, *named, *fixed, *[type(x) for x in fixed])
        return key, (others, rest)


def static_places(fun, options) -> StaticPlaces | None:
    """The places of static arguments, None if the options name none."""
    if options.static_argnums or options.static_argnames:
        return StaticPlaces(fun, options)
    return None


class BoundCall:
    """What a call of a jitted function passes, taken apart."""

    def __init__(self, jitted, args, kwargs):
        fun, options = jitted.fun, jitted.options
        self.fun = fun
        self.options = options
        self.args = args
        self.kwargs = kwargs
        self.static: dict[int | str, Any] = {}
        if options.static_argnums or options.static_argnames:
            self._take_static(fun, args, kwargs)
        self.dynamic_args = tuple(
            [x for k, x in enumerate(args) if k not in self.static]
        )
        self.dynamic_kwargs = {k: v for k, v in kwargs.items() if k not in self.static}
        self.leaves, self.treedef = tree.flatten_raw(
            (self.dynamic_args, self.dynamic_kwargs), None
        )
        plain = all(type(x) is Array or isinstance(x, Tracer) for x in self.leaves)
        self.values = self.leaves if plain else self._checked(jitted.name)

    def _checked(self, name):
        structs = [isinstance(x, ShapeDtypeStruct) for x in self.leaves]
        others = [x for x, s in zip(self.leaves, structs, strict=True) if not s]

        def paths():
            named = zip(self.paths(), structs, strict=True)
            return [path for path, s in named if not s]

        checked = iter(as_values(others, f"jit of {name}", paths))
        return [
            x if s else next(checked) for x, s in zip(self.leaves, structs, strict=True)
        ]

    def _take_static(self, fun, args, kwargs):
        places = static_places(fun, self.options)
        for k in places.among(len(args)):
            self._add_static(k, args[k], places.name_at(k))
        for name in places.names:
            if name in kwargs:
                self._add_static(name, kwargs[name], name)

    def _add_static(self, key, value, name):
        if isinstance(value, Tracer):
            raise ValueError(
                f"jit of {name_of(self.fun)}: static argument {name} must be a plain "
                f"value, got a tracer {value.aval}. Do not mark it static, or pass a "
                "value known while tracing."
            )
        try:
            hash(value)
        except TypeError:
            raise ValueError(
                f"Non-hashable static argument: jit of {name_of(self.fun)}: static "
                f"argument {name} must be hashable, got {value!r:.60} of type "
                f"{type(value).__name__}. Use a tuple or another immutable value."
            ) from None
        self.static[key] = value

    def trace_key(self):
        """What the traced program depends on."""
        statics = tuple([(k, v, type(v)) for k, v in self.static.items()])
        axes = context.axes
        names = tuple([(n, f.size, id(f)) for n, f in axes.items()]) if axes else ()
        return (
            state.key,
            self.treedef,
            tuple([aval_of(x) for x in self.values]),
            statics,
            len(self.args),
            names,
        )

    def apply(self, fun, tracers):
        """Call the function with tracers in the place of its traced arguments."""
        args, kwargs = tree.unflatten(self.treedef, tracers)
        if self.static:
            given = iter(args)
            args = [
                self.static[k] if k in self.static else next(given)
                for k in range(len(self.args))
            ]
            named = {k: v for k, v in self.static.items() if isinstance(k, str)}
            kwargs = {**kwargs, **named}
        return fun(*args, **kwargs)

    def paths(self):
        """The user's names of the traced leaves."""
        paths = []
        names = argument_paths(self.fun, self.args, self.kwargs)
        position = 0
        items = [*enumerate(self.args), *sorted(self.kwargs.items())]
        for key, value in items:
            count = len(tree.flatten_raw(value, None)[0])
            if key not in self.static:
                paths.extend(names[position : position + count])
            position += count
        return paths

    def donated(self):
        """Positions of traced leaves that belong to donated arguments."""
        options = self.options
        if not (options.donate_argnums or options.donate_argnames):
            return ()
        names = _parameter_positions(self.fun)
        numbers = {k % len(self.args) for k in options.donate_argnums if self.args}
        numbers.update(names[n] for n in options.donate_argnames if n in names)
        given = {n for n, k in names.items() if k in numbers}
        given.update(options.donate_argnames)
        found = []
        position = 0
        for key, value in [*enumerate(self.args), *sorted(self.kwargs.items())]:
            if key in self.static:
                continue
            count = len(tree.flatten_raw(value, None)[0])
            if key in numbers or key in given:
                found.extend(range(position, position + count))
            position += count
        return tuple(found)


def _parameter_positions(fun) -> dict[str, int]:
    """Positions of parameters that can be given by position, by name."""
    try:
        return _signatures[fun]
    except (KeyError, TypeError):
        pass
    signature = signature_of(fun)
    kinds = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    found = {}
    if signature is not None:
        parameters = signature.parameters.values()
        found = {p.name: k for k, p in enumerate(parameters) if p.kind in kinds}
    try:
        _signatures[fun] = found
    except TypeError:
        return found
    return found


_signatures: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
