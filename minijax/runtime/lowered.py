"""A program as text, and how it becomes an executable.

Executables are kept in memory by what decides them: the module's text, the devices, the
shardings of arguments and the options. Two programs with the same text are compiled
once.
"""

import threading
import time
from collections.abc import Sequence

from .. import logs
from ..config import config, state
from ..core.jaxpr import ClosedJaxpr, Jaxpr
from ..core.literal import Literal
from ..lowering import Module, lower_jaxpr
from ..optimize.fusion_cuts import keeps_barriers
from . import callbacks, client, guards, mappings
from .array import Kind, as_array, kind_of
from .cache import load_or_compile
from .feedback import feedback
from .program import Program, arrive

_loaded: dict[tuple, object] = {}
_lock = threading.Lock()
_in_progress: dict[tuple, threading.Lock] = {}


def load(module: Module, device_list, options, option_key):
    """The executable of a module, from memory or newly compiled."""
    key = (module.key, device_list, option_key)
    found = _loaded.get(key)
    if found is not None:
        return found
    with _lock:
        turn = _in_progress.setdefault(key, threading.Lock())
    with turn:  # one thread compiles, the others wait for it
        if key not in _loaded:
            for service in module.requires:
                if client.platform_of(device_list[0]) == "cpu":
                    client.SERVICES[service]()
            _loaded[key] = load_or_compile(module, device_list, options)
            mappings.watch(len(_loaded))
    _in_progress.pop(key, None)
    return _loaded[key]


def overrides_for(closed: ClosedJaxpr, device) -> tuple:
    """XLA flags that a program and the options in force ask for."""
    flags: list[tuple] = []
    cut = state.fusion_cuts and client.platform_of(device) == "cpu"
    if cut and client.KEEP_BARRIERS and keeps_barriers(closed.jaxpr):
        flags.append(client.KEEP_BARRIERS)
    if config.jax_disable_most_optimizations:
        flags.append(("xla_backend_optimization_level", 0))
        flags.append(("xla_llvm_disable_expensive_passes", True))
    return tuple(flags)


class Lowered:
    """A lowered program, with what is needed to compile and call it."""

    __slots__ = ("closed", "committed", "kept", "kinds", "name", "sharding")

    def __init__(self, closed, name, kinds, kept, sharding, committed):
        self.closed = closed
        self.name = name
        self.kinds = kinds
        self.kept = kept
        self.sharding = sharding
        self.committed = committed

    @property
    def module(self) -> Module:
        """The program as text."""
        raise NotImplementedError

    def load(self, compiler_options=None):
        """The executable, newly compiled or as it was found."""
        raise NotImplementedError

    def compile(self, compiler_options=None) -> Program:
        """Compile and load."""
        avals = [kind.aval for kind in self.kinds]
        logs.compiling("Compiling %s with shapes and types %s", self.name, avals)
        start = time.perf_counter()
        with feedback(self.name):
            executable = self.load(compiler_options)
        logs.compiling("Finished XLA compilation of %s in %.9f sec", self.name, start)
        with guards.copying("constant"):
            consts = [
                arrive(as_array(c), self.sharding)._buffer for c in self.closed.consts
            ]
        return Program(
            self.name,
            executable,
            self.sharding,
            len(self.kinds),
            self.kept,
            consts,
            self.result_kinds(executable),
        )

    def caller(self, out_tree, compiler_options=None):
        """Compile, and return a function of the arguments as a sequence of arrays."""
        devices = self.sharding.device_list
        here = all(kind.sharding.device_list == devices for kind in self.kinds)
        program = self.compile(compiler_options)
        return program.caller(out_tree, None if here else self.sharding)

    def result_kinds(self, executable=None):
        """The kinds of the results; on several devices the executable knows them."""
        avals = self.closed.out_avals
        devices = self.sharding.device_list
        if len(devices) == 1:
            return [kind_of(a, self.sharding, self.committed) for a in avals]
        protos = executable.get_output_shardings() or [None] * len(avals)
        kinds = []
        for aval, proto in zip(avals, protos, strict=True):
            spec = "{replicated}" if proto is None else client.spec_of(proto)
            sharding = client.Sharding(devices, spec)
            kinds.append(kind_of(aval, sharding, self.committed))
        return kinds


class LoweredWhole(Lowered):
    """A program that is one module and becomes one executable."""

    __slots__ = ("_module",)

    def __init__(self, module, *what):
        super().__init__(*what)
        self._module = module

    @property
    def module(self) -> Module:
        return self._module

    def load(self, compiler_options=None):
        devices = self.sharding.device_list
        overrides = (
            *overrides_for(self.closed, devices[0]),
            *(compiler_options or {}).items(),
        )
        partitions = len(devices)
        options = client.compile_options(devices, partitions, overrides)
        executable = load(
            self.module, devices, options, (partitions, tuple(map(str, overrides)))
        )
        calls = self.module.callbacks
        if calls:
            effects = self.closed.effects
            executable = callbacks.bind(executable, devices, options, calls, effects)
        return executable


def used_arguments(jaxpr: Jaxpr) -> list[int]:
    """Positions of the arguments that a program reads or returns."""
    used = {x for eqn in jaxpr.eqns for x in eqn.invars if type(x) is not Literal}
    used.update(x for x in jaxpr.outvars if type(x) is not Literal)
    return [k for k, v in enumerate(jaxpr.invars) if v in used]


def lower_whole(
    closed: ClosedJaxpr,
    name: str,
    kinds: Sequence[Kind],
    kept: Sequence[int],
    donated: Sequence[int],
    sharding,
    committed: bool,
    target: str,
) -> LoweredWhole:
    """Lower a program to one module.

    Args:
      kept: positions of the arguments that the module takes.
      donated: positions of arguments whose buffers results may overwrite.
      target: the platform.
    """
    jaxpr = closed.jaxpr
    # Constants are arguments too: the text stays short, and no value is compiled in.
    invars = [*jaxpr.constvars, *[jaxpr.invars[k] for k in kept]]
    flat = ClosedJaxpr(jaxpr.replace(constvars=[], invars=invars))
    attributes: list[list[str]] = [[] for _ in invars]
    offset = len(jaxpr.constvars)
    for argument, result in aliases(jaxpr, kept, donated):
        attributes[offset + argument].append(f"tf.aliasing_output = {result} : i32")
    partitions = len(sharding.device_list)
    module_attributes = ""
    if partitions > 1:
        module_attributes = (
            f"mhlo.num_partitions = {partitions} : i32, mhlo.num_replicas = 1 : i32"
        )
        for k, position in enumerate(kept):
            spec = kinds[position].sharding.spec
            same = kinds[position].sharding.device_list == sharding.device_list
            spec = spec if same else "{replicated}"
            attributes[offset + k].append(f'mhlo.sharding = "{spec}"')
    module = lower_jaxpr(
        flat,
        name,
        target,
        [f" {{{', '.join(a)}}}" if a else "" for a in attributes],
        module_attributes=module_attributes,
    )
    return LoweredWhole(module, closed, name, kinds, kept, sharding, committed)


def aliases(jaxpr: Jaxpr, kept, donated):
    """Pairs (argument, result) of donated arguments and results of the same type."""
    free = list(range(len(jaxpr.outvars)))
    pairs = []
    for k, position in enumerate(kept):
        if position not in donated:
            continue
        aval = jaxpr.invars[position].aval
        for result in free:
            out = jaxpr.outvars[result]
            same = (out.aval.shape, out.aval.dtype) == (aval.shape, aval.dtype)
            if same and type(out) is not Literal:
                pairs.append((k, result))
                free.remove(result)
                break
    return pairs


def forget_executables() -> None:
    """Forget all executables."""
    _loaded.clear()
