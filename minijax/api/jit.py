"""`jit`: trace a function once per type of its arguments, compile, run.

A call of arrays looks their kinds up in a dictionary and runs what it finds. Only when
nothing is found are arguments examined, the function traced, the program compiled. The
caches belong to the function itself, so `jit(f)` made anew finds them again.
"""

import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import tree
from ..config import state
from ..control.call import call
from ..core.avals import ShapedArray
from ..core.jaxpr import ClosedJaxpr, eval_jaxpr
from ..core.literal import aval_of
from ..core.trace import ENDED, Tracer, context, evaluator
from ..runtime import client, dispatch
from ..runtime.array import Array, as_array
from ..runtime.compile import arrive, check_finite, lower_program
from ..transforms.stage import hoist, stage
from .arguments import (
    argument_paths,
    as_values,
    name_of,
    result_values,
    signature_of,
)


class Traced(NamedTuple):
    """A function traced for one type of arguments."""

    closed: ClosedJaxpr
    out_tree: Any
    flat: ClosedJaxpr  # the same with its constants as leading inputs
    consts: list


class _Options(NamedTuple):
    """What makes two jitted versions of one function different."""

    static_argnums: tuple[int, ...]
    static_argnames: tuple[str, ...]
    donate_argnums: tuple[int, ...]
    donate_argnames: tuple[str, ...]
    keep_unused: bool
    inline: bool
    device: Any
    compiler_options: tuple


class _Caches:
    """What is known of one function under one set of options."""

    __slots__ = ("fast", "programs", "traces")

    def __init__(self):
        self.fast: dict = {}  # kinds of positional array arguments -> _Call
        self.programs: dict = {}  # (trace key, kinds) -> _Call
        self.traces: dict = {}  # trace key -> Traced

    def clear(self):
        self.fast.clear()
        self.programs.clear()
        self.traces.clear()


flatten = tree.flatten_raw

_caches: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_signatures: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def _caches_of(fun, options) -> _Caches:
    """The caches of a function; bound methods share those of equal methods."""
    owner = fun
    key: Any = options
    if inspect.ismethod(fun):
        owner, key = fun.__self__, (fun.__func__, options)
    try:
        per_function = _caches.setdefault(owner, {})
    except TypeError:  # no weak references, or not hashable: caches of its own
        return _Caches()
    return per_function.setdefault(key, _Caches())


class _Call:
    """A compiled program with how to call it and what to return."""

    __slots__ = (
        "handlers",
        "kept",
        "kinds",
        "name",
        "out_tree",
        "program",
        "run",
        "sharding",
        "simple",
        "single",
    )

    def __init__(self, program, out_tree, sharding, count):
        self.program = program
        self.name = program.name
        self.out_tree = out_tree
        self.sharding = sharding  # where arguments must be moved first, or None
        self.handlers = program.handlers
        self.kinds = program.kinds
        self.run = program.run
        self.kept = program.kept
        self.single = out_tree == tree.structure(0)
        self.simple = not program.consts and len(self.kept) == count

    def __call__(self, arrays):
        """Run on arrays of the kinds it was compiled for."""
        if self.sharding is not None:
            arrays = [arrive(x, self.sharding) for x in arrays]
        buffers = [x._buffer for x in arrays]
        if not self.simple:
            buffers = [*self.program.consts, *[buffers[k] for k in self.kept]]
        try:
            outs = self.run(buffers).consume_with_handlers(self.handlers)
        except client.XlaRuntimeError:
            for x in arrays:
                x.check_alive()
            raise
        if self.single and not state.check_finite:
            return Array(outs[0], self.kinds[0])
        results = list(map(Array, outs, self.kinds))
        if state.check_finite:
            check_finite(self.name, results)
        return self.out_tree.unflatten(results)


class JitFunction:
    """A function that is compiled on its first call for each type of arguments."""

    def __init__(self, fun: Callable, options: _Options):
        self.__wrapped__ = fun
        self._fun = fun
        self._options = options
        self._cache = _caches_of(fun, options)
        self._fast = self._cache.fast
        self._plain = not (options.static_argnums or options.static_argnames)
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, *args, **kwargs):
        if context.floor is evaluator and self._plain:
            try:
                entry = self._fast.get((state.key, *[x._kind for x in args]))
            except AttributeError:  # trees, NumPy arrays, numbers
                entry = None
            if entry is not None and not kwargs:
                return entry(args)
            leaves, treedef = flatten((args, kwargs), None)
            kinds = [getattr(x, "_kind", None) for x in leaves]
            entry = self._cache.programs.get((state.key, treedef, *kinds))
            if entry is not None:
                return entry(leaves)
        return self._call_slowly(args, kwargs)

    def _call_slowly(self, args, kwargs):
        if state.disable_jit:
            return self._fun(*args, **kwargs)
        bound = self._bind(args, kwargs)
        traced = self._trace(bound)
        values = bound.values
        mixed = (*values, *traced.consts)
        if context.floor is evaluator and not any(isinstance(x, Tracer) for x in mixed):
            return self._run(bound, traced)
        if self._options.inline:
            outs = eval_jaxpr(traced.flat.jaxpr, [], *traced.consts, *values)
        else:
            outs = call(traced.flat, [*traced.consts, *values], self._name)
        return tree.unflatten(traced.out_tree, outs)

    @property
    def _name(self):
        return name_of(self._fun)

    def _bind(self, args, kwargs):
        """Split a call into static and traced arguments."""
        return _Bound(self, args, kwargs)

    def _trace(self, bound) -> Traced:
        """The program for the types of a call, traced or remembered."""
        cache = self._cache.traces
        key = bound.trace_key()
        found = cache.get(key)
        if found is not None and all(
            x._trace.level != ENDED for x in found.consts if isinstance(x, Tracer)
        ):
            return found
        out_tree = None
        where = f"jit of {self._name}"

        def flat(*tracers):
            nonlocal out_tree
            out = bound.apply(self._fun, tracers)
            values, out_tree = result_values(out, where)
            return values

        avals = [aval_of(x) for x in bound.values]
        closed = stage(flat, avals, f"by jit in {self._name}", bound.paths())
        hoisted, consts = hoist(closed)
        traced = Traced(closed, out_tree, hoisted, consts)
        cache[key] = traced
        return traced

    def _run(self, bound, traced):
        arrays = [as_array(x) for x in bound.values]
        kinds = tuple([x._kind for x in arrays])
        key = (bound.trace_key(), kinds)
        entry = self._cache.programs.get(key)
        if entry is None:
            lowered = self._lower(bound, traced, kinds)
            program = lowered.compile(dict(self._options.compiler_options))
            devices = lowered.sharding.device_list
            here = all(k.sharding.device_list == devices for k in kinds)
            sharding = None if here else lowered.sharding
            entry = _Call(program, traced.out_tree, sharding, len(kinds))
            if not any(isinstance(c, Tracer) for c in traced.consts):
                self._remember(bound, key, kinds, entry)
        return entry(arrays)

    def _remember(self, bound, key, kinds, entry):
        self._cache.programs[key] = entry
        if not self._plain:
            return
        self._cache.programs[(state.key, bound.treedef, *kinds)] = entry
        flat = not bound.kwargs and len(bound.args) == len(bound.values)
        if flat and entry.sharding is None:
            self._fast[(state.key, *kinds)] = entry

    def _lower(self, bound, traced, kinds, platform=None):
        return lower_program(
            traced.closed,
            f"jit_{self._name}",
            kinds,
            keep_unused=self._options.keep_unused,
            donated=bound.donated(),
            device=self._options.device,
            platform=platform,
        )

    # Stages

    def trace(self, *args, **kwargs) -> "TracedFunction":
        """Trace for arguments, or their `ShapeDtypeStruct`s, without running."""
        bound = self._bind(args, kwargs)
        return TracedFunction(self, bound, self._trace(bound))

    def lower(self, *args, **kwargs) -> "LoweredFunction":
        """Trace and lower to StableHLO for arguments or their types."""
        return self.trace(*args, **kwargs).lower()

    def eval_shape(self, *args, **kwargs):
        """Types of the results for arguments or their types."""
        return self.trace(*args, **kwargs).out_info

    def clear_cache(self) -> None:
        """Forget all programs of the function."""
        self._cache.clear()

    def _cache_size(self) -> int:
        return len(self._cache.traces)

    def __get__(self, instance, owner=None):
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self):
        return f"<jit of {self._fun!r}>"

    def __reduce__(self):
        return jit_with, (self._fun, self._options)


def jit_with(fun, options):
    """A jitted function with the given options; used by pickle."""
    return JitFunction(fun, options)


class ShapeDtypeStruct:
    """The shape and dtype of an array that need not exist.

    >>> ShapeDtypeStruct((2, 3), "float32")
    ShapeDtypeStruct(shape=(2, 3), dtype=float32)
    """

    __slots__ = ("dtype", "shape", "sharding", "weak_type")

    def __init__(self, shape, dtype, *, sharding=None, weak_type=False, vma=None):
        aval = ShapedArray(tuple(shape), dtype, weak_type)
        self.shape = aval.shape
        self.dtype = aval.dtype
        self.weak_type = weak_type
        self.sharding = sharding

    @property
    def aval(self):
        return ShapedArray(self.shape, self.dtype, self.weak_type)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return self.aval.size

    def __len__(self):
        return len(self.aval)

    def update(self, **changes):
        """The same with some parts replaced."""
        fields = {"shape": self.shape, "dtype": self.dtype, "weak_type": self.weak_type}
        fields.update(changes)
        return ShapeDtypeStruct(fields.pop("shape"), fields.pop("dtype"), **fields)

    def __repr__(self):
        weak = ", weak_type=True" if self.weak_type else ""
        name = getattr(self.dtype, "name", self.dtype)
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={name}{weak})"

    def __eq__(self, other):
        return isinstance(other, ShapeDtypeStruct) and self.aval is other.aval

    def __hash__(self):
        return hash(self.aval)


class _Bound:
    """One call of a jitted function: static values apart, traced leaves flat."""

    def __init__(self, jitted, args, kwargs):
        fun, options = jitted._fun, jitted._options
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
        plain = all(isinstance(x, Array | Tracer) for x in self.leaves)
        self.values = self.leaves if plain else self._checked(jitted._name)

    def _checked(self, name):
        structs = [isinstance(x, ShapeDtypeStruct) for x in self.leaves]
        others = [x for x, s in zip(self.leaves, structs, strict=True) if not s]

        def paths():
            named = zip(self.paths(), structs, strict=True)
            return [path for path, s in named if not s]

        checked = iter(as_values(others, f"jit of {name}", paths))
        return [
            x if s else next(checked)
            for x, s in zip(self.leaves, structs, strict=True)
        ]

    def _take_static(self, fun, args, kwargs):
        numbers = set()
        for k in self.options.static_argnums:
            k = k + len(args) if k < 0 else k
            if 0 <= k < len(args):
                numbers.add(k)
        names = _parameter_positions(fun)
        by_number = {k: name for name, k in names.items()}
        statics = set(self.options.static_argnames)
        statics.update(by_number[k] for k in self.options.static_argnums if k in by_number)
        numbers.update(
            names[n]
            for n in self.options.static_argnames
            if n in names and names[n] < len(args)
        )
        for k in numbers:
            self._add_static(k, args[k], by_number.get(k, f"args[{k}]"))
        for name in statics:
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


class TracedFunction:
    """A function traced for one type of arguments: `jit(f).trace(...)`."""

    def __init__(self, jitted, bound, traced):
        self._jitted = jitted
        self._bound = bound
        self._traced = traced
        self.fun_name = jitted._name

    @property
    def jaxpr(self) -> ClosedJaxpr:
        return self._traced.closed

    @property
    def out_info(self):
        infos = [info_of(aval) for aval in self._traced.closed.out_avals]
        return tree.unflatten(self._traced.out_tree, infos)

    @property
    def out_tree(self):
        return self._traced.out_tree

    def lower(self, *, lowering_platforms: Sequence[str] | None = None):
        """Lower to StableHLO, for this machine's platform or a named one."""
        kinds = [_kind_for(x) for x in self._bound.values]
        platform = None
        if lowering_platforms:
            platform = client.ALIASES.get(lowering_platforms[0], lowering_platforms[0])
        lowered = self._jitted._lower(self._bound, self._traced, kinds, platform)
        return LoweredFunction(self, lowered)


def info_of(aval) -> ShapeDtypeStruct:
    """The public form of an aval."""
    return ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=aval.weak_type)


def _kind_for(x):
    if isinstance(x, Array):
        return x._kind
    return dispatch.default_kind(aval_of(x))


class LoweredFunction:
    """A function lowered to StableHLO: `jit(f).lower(...)`."""

    def __init__(self, traced: TracedFunction, lowered):
        self._traced = traced
        self._lowered = lowered

    def as_text(self, dialect: str | None = None, *, debug_info: bool = False) -> str:
        """The module as text, with source lines if `debug_info`."""
        module = self._lowered.module
        if dialect not in (None, "stablehlo"):
            raise ValueError(
                f"as_text: known dialects are 'stablehlo', got {dialect!r}. Compile "
                "first and use as_text() of the result for HLO."
            )
        if debug_info:
            return module.text
        return client.without_locations(module.key)

    def compiler_ir(self, dialect: str | None = None) -> str:
        """The module as text; minijax has no other form of it."""
        return self.as_text(dialect)

    @property
    def out_info(self):
        return self._traced.out_info

    @property
    def out_tree(self):
        return self._traced.out_tree

    def cost_analysis(self):
        """XLA's estimate of the compiled program's cost."""
        return self.compile().cost_analysis()

    def compile(self, compiler_options: dict | None = None) -> "CompiledFunction":
        """Compile for this machine."""
        options = {
            **dict(self._traced._jitted._options.compiler_options),
            **(compiler_options or {}),
        }
        return CompiledFunction(self, self._lowered.compile(options))


class CompiledFunction:
    """A compiled function for one type of arguments: `jit(f).lower(...).compile()`."""

    def __init__(self, lowered: LoweredFunction, program):
        self._lowered = lowered
        self._program = program
        self._treedef = lowered._traced._bound.treedef
        self._bound = lowered._traced._bound

    @property
    def out_tree(self):
        return self._lowered.out_tree

    @property
    def in_tree(self):
        return self._treedef

    @property
    def out_info(self):
        return self._lowered.out_info

    def __call__(self, *args, **kwargs):
        """Run on arguments of the types it was compiled for; static ones left out."""
        leaves, treedef = tree.flatten_raw((args, kwargs), None)
        name = self._program.name
        if treedef != self._treedef:
            raise TypeError(
                f"{name}: was compiled for arguments of structure {self._treedef}, got "
                f"{treedef}."
            )
        if any(isinstance(x, Tracer) for x in leaves):
            raise TypeError(
                f"{name}: a compiled function cannot be transformed, got a tracer. Use "
                "the jitted function instead."
            )
        arrays = [as_array(x) for x in leaves]
        paths = self._bound.paths()
        for x, expected, path in zip(arrays, self._bound.values, paths, strict=True):
            aval = aval_of(expected)
            if (x.shape, x.dtype) != (aval.shape, aval.dtype):
                raise TypeError(
                    f"{name}: argument {path} must be {aval}, got {x.aval}. The "
                    "function was compiled for this type only."
                )
        arrays = [arrive(x, self._program.sharding) for x in arrays]
        return tree.unflatten(self.out_tree, self._program(arrays))

    def as_text(self) -> str:
        """The optimised HLO."""
        return self._program.executable.get_hlo_text()

    def cost_analysis(self) -> dict:
        """XLA's estimate: flops, bytes accessed and so on."""
        return self._program.executable.cost_analysis()

    def memory_analysis(self):
        """Sizes in bytes of arguments, results, temporaries and code."""
        return self._program.executable.get_compiled_memory_stats()

    def runtime_executable(self):
        """jaxlib's loaded executable."""
        return self._program.executable


def jit(
    fun: Callable | None = None,
    /,
    *,
    in_shardings=None,
    out_shardings=None,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
    keep_unused: bool = False,
    device=None,
    backend: str | None = None,
    inline: bool = False,
    compiler_options: dict[str, Any] | None = None,
):
    """A function that runs as one compiled program.

    It is traced and compiled at the first call for each structure, shapes and dtypes of
    its arguments, and each value of its static arguments.

    Args:
      static_argnums, static_argnames: arguments that are part of the program; they must
        be hashable.
      donate_argnums, donate_argnames: arguments whose buffers results may overwrite;
        the arrays cannot be used afterwards.
      keep_unused: keep arguments that the program does not read.
      device, backend: where to run; default: where the arguments are.
      inline: within another traced function, inline instead of making a call.
      compiler_options: XLA flags for this program.

    >>> f = jit(lambda x: x * 2)
    >>> f(3.0)
    Array(6., dtype=float32, weak_type=True)
    """
    if fun is None:
        return functools.partial(
            jit,
            in_shardings=in_shardings,
            out_shardings=out_shardings,
            static_argnums=static_argnums,
            static_argnames=static_argnames,
            donate_argnums=donate_argnums,
            donate_argnames=donate_argnames,
            keep_unused=keep_unused,
            device=device,
            backend=backend,
            inline=inline,
            compiler_options=compiler_options,
        )
    if not callable(fun):
        raise TypeError(
            f"jit: the first argument must be a function, got {fun!r} of type "
            f"{type(fun).__name__}."
        )
    if in_shardings is not None or out_shardings is not None:
        raise NotImplementedError(
            "jit: in_shardings and out_shardings are not supported yet. Place the "
            "arguments with device_put, or use pmap."
        )
    if backend is not None:
        device = client.backend(backend).local_devices()[0]
    options = _Options(
        _tuple(static_argnums, int),
        _tuple(static_argnames, str),
        _tuple(donate_argnums, int),
        _tuple(donate_argnames, str),
        bool(keep_unused),
        bool(inline),
        device,
        tuple(sorted((compiler_options or {}).items())),
    )
    _check_names(fun, options)
    return JitFunction(fun, options)


def _tuple(value, kind):
    if value is None:
        return ()
    return (value,) if isinstance(value, kind) else tuple(value)


def _check_names(fun, options):
    names = (*options.static_argnames, *options.donate_argnames)
    if not names:
        return
    signature = signature_of(fun)
    if signature is None:
        return
    kinds = [p.kind for p in signature.parameters.values()]
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return
    for name in names:
        if name not in signature.parameters:
            raise ValueError(
                f"jit: static_argnames and donate_argnames must name parameters of "
                f"{name_of(fun)}{signature}, got {name!r}."
            )


def _clear_caches_of_functions() -> None:
    for per_function in list(_caches.values()):
        for caches in per_function.values():
            caches.clear()


def clear_caches() -> None:
    """Forget every traced and compiled program."""
    dispatch.clear()


dispatch.on_clear(_clear_caches_of_functions)

