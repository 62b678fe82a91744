"""`jit`: trace a function once per type of its arguments, compile, run.

A call of arrays looks their kinds up in a dictionary and runs what it finds. Only when
nothing is found are arguments examined, the function traced, the program compiled. The
caches belong to the function itself, so `jit(f)` made anew finds them again.
"""

import functools
import inspect
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .. import logs, tree
from ..config import state
from ..control import bodies
from ..control.call import call
from ..core.collector import collector_paused
from ..core.jaxpr import ClosedJaxpr, eval_jaxpr
from ..core.literal import aval_of
from ..core.trace import ENDED, Tracer, context, is_eager
from ..core.tracebacks import boundary, hide_our_frames
from ..runtime import client, dispatch
from ..runtime.array import as_array
from ..runtime.compile import lower_program
from ..runtime.program import as_pair
from ..transforms.stage import hoist, stage
from . import stages
from .arguments import name_of, result_values, signature_of
from .binding import BoundCall, Options, static_places
from .cache_misses import explain_compile, explain_trace


class Traced(NamedTuple):
    """A function traced for one type of arguments."""

    closed: ClosedJaxpr
    out_tree: Any
    flat: ClosedJaxpr  # the same with its constants as leading inputs
    consts: list


class _Caches:
    """What is known of one function under one set of options."""

    __slots__ = ("fast", "pairs", "programs", "traces")

    def __init__(self):
        self.fast: dict = {}  # kinds of positional array arguments -> caller
        self.pairs: dict = {}  # the same for two, which are passed as they are
        self.programs: dict = {}  # static arguments, structure and kinds -> caller
        self.traces: dict = {}  # trace key -> Traced

    def clear(self):
        self.fast.clear()
        self.pairs.clear()
        self.programs.clear()
        self.traces.clear()


flatten = tree.flatten_raw

_caches: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


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


class JitFunction:
    """A function that is compiled on its first call for each type of arguments."""

    def __init__(self, fun: Callable, options: Options):
        self.__wrapped__ = fun
        self.fun = fun
        self.options = options
        self._cache = _caches_of(fun, options)
        self._fast = self._cache.fast
        self._pairs = self._cache.pairs
        self._programs = self._cache.programs
        self._static = static_places(fun, options)
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, *args, **kwargs):
        try:
            # While a thread stages, its dispatch key is None, and nothing is found.
            options = state.dispatch_key
            fast = self._fast
            if fast and not kwargs:
                if len(args) == 2:
                    x, y = args
                    kinds = getattr(x, "_kind", None), getattr(y, "_kind", None)
                    found = self._pairs.get((options, *kinds))
                    if found is not None:
                        return found(x, y)
                else:
                    marks = [getattr(x, "_kind", None) for x in args]
                    found = fast.get((options, *marks))
                    if found is not None:
                        return found(args)
            if self._static is None:
                leaves, treedef = flatten([args, kwargs] if kwargs else args, None)
                marks = [getattr(x, "_kind", None) for x in leaves]
                found = self._programs.get((options, treedef, *marks))
                if found is not None:
                    return found(leaves)
            else:
                found, leaves = self._find_with_static(options, args, kwargs)
                if found is not None:
                    return found(leaves)
            return self._call_slowly(args, kwargs)
        except Exception as error:
            hide_our_frames(error)
            raise

    def _find_with_static(self, options, args, kwargs):
        """The caller for arguments some of which are static, if known, and leaves."""
        fixed, (args, kwargs) = self._static.split(args, kwargs)
        leaves, treedef = flatten([args, kwargs], None)
        marks = [getattr(x, "_kind", None) for x in leaves]
        try:
            found = self._programs.get((options, fixed, treedef, *marks))
        except TypeError:  # not hashable: the slow path says so
            found = None
        return found, leaves

    def _call_slowly(self, args, kwargs):
        if state.disable_jit:
            return self.fun(*args, **kwargs)
        bound = BoundCall(self, args, kwargs)
        traced = self._trace(bound)
        values = bound.values
        mixed = (*values, *traced.consts)
        if is_eager(*mixed):
            return self._run(bound, traced)
        if self.options.inline:
            outs = eval_jaxpr(traced.flat.jaxpr, [], *traced.consts, *values)
        else:
            outs = call(traced.flat, [*traced.consts, *values], self.name)
        return tree.unflatten(traced.out_tree, outs)

    @property
    def name(self):
        return name_of(self.fun)

    def _trace(self, bound) -> Traced:
        """The program for the types of a call, traced or remembered."""
        cache = self._cache.traces
        key = bound.trace_key()
        found = cache.get(key)
        if found is not None and all(
            x._trace.level != ENDED for x in found.consts if isinstance(x, Tracer)
        ):
            return found
        if state.explain_cache_misses:
            explain_trace(bound, key, cache)
        start = time.perf_counter()
        out_tree = None
        where = f"jit of {self.name}"

        def flat(*tracers):
            nonlocal out_tree
            out = bound.apply(self.fun, tracers)
            values, out_tree = result_values(out, where, staged=True)
            return values

        avals = [aval_of(x) for x in bound.values]
        with collector_paused:
            closed = stage(flat, avals, f"by jit in {self.name}", bound.paths())
        hoisted, consts = hoist(closed)
        traced = Traced(closed, out_tree, hoisted, consts)
        cache[key] = traced
        logs.compiling("Finished tracing %s for jit in %.9f sec", self.name, start)
        return traced

    def _run(self, bound, traced):
        arrays = [as_array(x) for x in bound.values]
        kinds = tuple([x._kind for x in arrays])
        key = (bound.trace_key(), kinds)
        found = self._cache.programs.get(key)
        if found is None:
            if state.explain_cache_misses:
                explain_compile(bound, key, self._cache.programs)
            lowered = self.lower_traced(bound, traced, kinds)
            options = dict(self.options.compiler_options)
            found = lowered.caller(traced.out_tree, options)
            if not any(isinstance(c, Tracer) for c in traced.consts):
                self._remember(bound, key, kinds, found)
        return found(arrays)

    def _remember(self, bound, key, kinds, caller):
        """Keep the way to a program for the next call like this one."""
        programs = self._cache.programs
        programs[key] = caller
        if context.axes:  # the program may depend on their sizes
            return
        args, kwargs = bound.args, bound.kwargs
        if self._static is not None:
            fixed, dynamic = self._static.split(args, kwargs)
            treedef = flatten([*dynamic], None)[1]
            programs[(state.key, fixed, treedef, *kinds)] = caller
            return
        treedef = flatten([args, kwargs] if kwargs else args, None)[1]
        programs[(state.key, treedef, *kinds)] = caller
        if not kwargs and len(args) == len(bound.values):
            self._fast[(state.key, *kinds)] = caller
            if len(args) == 2:
                self._pairs[(state.key, *kinds)] = as_pair(caller)

    def lower_traced(self, bound, traced, kinds, platform=None):
        with collector_paused:
            return lower_program(
                traced.closed,
                f"jit_{self.name}",
                kinds,
                keep_unused=self.options.keep_unused,
                donated=bound.donated(),
                device=self.options.device,
                platform=platform,
            )

    # Stages

    @boundary
    def trace(self, *args, **kwargs) -> stages.Traced:
        """Trace for arguments, or their `ShapeDtypeStruct`s, without running."""
        bound = BoundCall(self, args, kwargs)
        return stages.Traced(self, bound, self._trace(bound))

    @boundary
    def lower(self, *args, **kwargs) -> stages.Lowered:
        """Trace and lower to StableHLO for arguments or their types."""
        return self.trace(*args, **kwargs).lower()

    @boundary
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
        return f"<jit of {self.fun!r}>"

    def __reduce__(self):
        return jit_with, (self.fun, self.options)


def jit_with(fun, options):
    """A jitted function with the given options; used by pickle."""
    return JitFunction(fun, options)


@boundary
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
    if tree.leaves((in_shardings, out_shardings)):  # None leaves them to XLA
        raise NotImplementedError(
            "jit: in_shardings and out_shardings are not supported yet. Place the "
            "arguments with device_put, or use pmap."
        )
    if backend is not None:
        device = client.backend(backend).local_devices()[0]
    options = Options(
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
dispatch.on_clear(bodies.clear)
