"""Options: one value for the process, overridden for one thread by a context manager.

An option is set in three ways, the later ones winning: by the environment variable
`MINIJAX_<NAME>` or `JAX_<NAME>` when minijax is imported; by `config.update`, for all
threads; by a context manager such as `enable_x64(True)`, for this thread and block.

    config.update("jax_enable_x64", True)        all threads, from now on
    with enable_x64(False): ...                  this thread, inside the block

Every operation reads options, so reading is one attribute look-up: `state.enable_x64`.
`state` holds, for each thread, the values in force and `state.key`, one object that
stands for all options a traced program depends on. Equal options give the same key
object, so a cache needs one look-up, by identity, to be correct under every option.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import operator
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .options import DIRECTIONS, OPTIONS, Option

_BY_NAME = {option.name: option for option in OPTIONS}
TRACED_OPTIONS = tuple(option.name for option in OPTIONS if option.traced)
_traced_values = operator.itemgetter(*TRACED_OPTIONS)

_lock = threading.RLock()
_hooks: dict[str, list[Callable[[Any], None]]] = {}


class TraceKey:
    """All options a traced program depends on; equal options share one key object."""

    __slots__ = ("__weakref__", "values")

    def __init__(self, values: tuple[Any, ...]):
        self.values = values

    def __repr__(self) -> str:
        pairs = zip(TRACED_OPTIONS, self.values, strict=True)
        return f"TraceKey({', '.join(f'{name}={value!r}' for name, value in pairs)})"


_keys: dict[tuple[Any, ...], TraceKey] = {}


def _key(values: Mapping[str, Any]) -> TraceKey:
    options = _traced_values(values)
    found = _keys.get(options)
    return found if found is not None else _keys.setdefault(options, TraceKey(options))


def _derive(values: dict[str, Any]) -> None:
    """Bring what follows from the options of one thread up to date."""
    values["key"] = _key(values)
    values["dispatch_key"] = values["key"] if values["evaluating"] else None
    values["check_finite"] = values["debug_nans"] or values["debug_infs"]
    guards = [values[name] for name in DIRECTIONS]
    values["guarded"] = any(guard not in (None, "allow") for guard in guards)


def _from_environment() -> dict[str, Any]:
    """The values that MINIJAX_<NAME>, else JAX_<NAME>, give, else the defaults."""
    values = {option.name: option.default for option in OPTIONS}
    # An option that sets others comes before them in the table.
    for option in OPTIONS:
        for prefix in ("JAX_", "MINIJAX_"):
            variable = prefix + option.name.upper()
            text = os.environ.get(variable)
            if text is not None:
                value = option.parse(f"environment variable {variable}", text)
                values[option.name] = _possible(option, value)
                values.update(dict.fromkeys(option.also, value))
    return values


def _possible(option: Option, value: Any) -> Any:
    if option.refused and value != option.default:
        raise NotImplementedError(
            f"config: jax_{option.name} cannot be {value!r} in minijax: "
            f"{option.refused}. Leave it at {option.default!r}."
        )
    return value


_globals: dict[str, Any] = _from_environment()
# What each running thread sees, so that a global change can reach all of them.
_threads: weakref.WeakKeyDictionary[threading.Thread, dict[str, Any]]
_threads = weakref.WeakKeyDictionary()


class _State(threading.local):
    """The options in force in this thread, one attribute each, and their `key`."""

    key: TraceKey
    evaluating: bool
    """Whether operations on concrete values are evaluated at once, not staged."""
    dispatch_key: TraceKey | None
    """`key` while evaluating, else None: compiled programs are kept under it."""
    check_finite: bool
    """Whether results are looked at: `debug_nans` or `debug_infs`."""
    guarded: bool
    """Whether some transfers between host and devices are logged or refused."""
    overrides: dict[str, list[Any]]
    """For each option, the values of the context managers entered, innermost last."""

    enable_x64: bool
    explicit_x64_dtypes: str
    numpy_rank_promotion: str
    numpy_dtype_promotion: str
    default_matmul_precision: str | None
    default_prng_impl: str
    threefry_partitionable: bool
    enable_custom_prng: bool
    debug_key_reuse: bool
    legacy_prng_key: str
    high_dynamic_range_gumbel: bool
    random_seed_offset: int
    nan_safe: bool
    disable_jit: bool
    debug_nans: bool
    debug_infs: bool
    enable_checks: bool
    check_tracer_leaks: bool
    no_tracing: bool
    optimize: bool
    fusion_cuts: bool
    compile_pieces: bool
    disable_most_optimizations: bool
    log_compiles: bool
    explain_cache_misses: bool
    compile_feedback_secs: float
    array_tracebacks: bool
    traceback_filtering: str
    default_device: Any
    transfer_guard: str | None
    transfer_guard_host_to_device: str | None
    transfer_guard_device_to_device: str | None
    transfer_guard_device_to_host: str | None

    def __init__(self) -> None:
        with _lock:
            values = self.__dict__
            values.update(_globals)
            values["overrides"] = {}
            values["evaluating"] = True
            _derive(values)
            _threads[threading.current_thread()] = values

    def set_evaluating(self, evaluating: bool) -> None:
        """Say whether this thread evaluates operations at once; `core.trace` does."""
        self.evaluating = evaluating
        self.dispatch_key = self.key if evaluating else None


state = _State()


def _resolve(values: dict[str, Any], names: Iterable[str]) -> None:
    """Bring one thread's view of some options up to date."""
    for name in names:
        overrides = values["overrides"].get(name)
        values[name] = overrides[-1] if overrides else _globals[name]
    _derive(values)


def _set_globally(changes: Mapping[str, Any]) -> None:
    with _lock:
        _globals.update(changes)
        for values in list(_threads.values()):
            _resolve(values, changes)


def _unknown(name: str) -> AttributeError:
    near = difflib.get_close_matches(name.removeprefix("jax_"), _BY_NAME, 1, 0.5)
    hint = f"Did you mean 'jax_{near[0]}'?" if near else "config.values lists them all."
    return AttributeError(f"config: there is no option {name!r}. {hint}")


def _option(name: str) -> Option:
    option = _BY_NAME.get(name.removeprefix("jax_"))
    if option is None:
        raise _unknown(name)
    return option


def _checked(option: Option, value: Any) -> Any:
    value = _possible(option, option.check(f"jax_{option.name}", value))
    if option.unused and value != option.default:
        warnings.warn(
            f"config: jax_{option.name} has no effect in minijax: {option.unused}.",
            stacklevel=3,
        )
    return value


class Config:
    """The options of minijax; names are accepted with and without `jax_`.

    >>> config.jax_enable_x64, config.read("enable_x64")
    (False, False)
    >>> config.update("platform", "cpu")
    Traceback (most recent call last):
    AttributeError: config: there is no option 'platform'. Did you mean 'jax_platforms'?
    """

    def update(self, name: str, val: Any) -> None:
        """Set an option for all threads, present and future.

        A context manager that is active keeps its value until it exits.
        """
        option = _option(name)
        value, names = _checked(option, val), (option.name, *option.also)
        before = {name: _globals[name] for name in names}
        _set_globally(dict.fromkeys(names, value))
        try:
            for hook in _hooks.get(option.name, ()):
                hook(value)
        except BaseException:
            _set_globally(before)
            raise

    def read(self, name: str) -> Any:
        """The value in force in this thread."""
        return getattr(state, _option(name).name)

    @property
    def values(self) -> dict[str, Any]:
        """All options and their values in this thread, by full name."""
        return {f"jax_{name}": getattr(state, name) for name in _BY_NAME}

    @property
    def x64_enabled(self) -> bool:
        """Whether 64-bit types are on."""
        return state.enable_x64

    def __getattr__(self, name: str) -> Any:
        return self.read(name)

    def __setattr__(self, name: str, value: Any) -> None:
        _option(name)
        raise AttributeError(
            f"config: options are not set by assignment. "
            f"Call config.update({name!r}, {value!r})."
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(f"jax_{name}" for name in _BY_NAME)]

    def __repr__(self) -> str:
        changed = {n: v for n, v in self.values.items() if v != _option(n).default}
        return f"Config({', '.join(f'{n}={v!r}' for n, v in changed.items())})"

    def parse_flags_with_absl(self) -> None:
        """Take options from the command line: `--jax_x=v`, `--jax_x`, `--nojax_x`.

        If the program uses absl, the flags are also made known to it.
        """
        for name, text in _command_line(sys.argv[1:]):
            option = _option(name)
            self.update(name, option.parse(f"flag --{name}", text))
        if "absl.flags" in sys.modules:
            self.config_with_absl()

    def config_with_absl(self) -> None:
        """Define every option as a flag of absl, read when `absl.app.run` starts."""
        flags = importlib.import_module("absl.flags")
        app = importlib.import_module("absl.app")
        new = [name for name in self.values if name not in flags.FLAGS]
        for name in new:
            value, note = self.read(name), "An option of minijax."
            if isinstance(value, bool):
                flags.DEFINE_bool(name, value, note)
            else:
                flags.DEFINE_string(name, None if value is None else str(value), note)

        def take() -> None:
            for name in new:
                flag = flags.FLAGS[name]
                if flag.present:
                    text = str(flag.value)
                    self.update(name, _option(name).parse(f"flag --{name}", text))

        app.call_after_init(take)


def _command_line(arguments: list[str]) -> list[tuple[str, str]]:
    """The options among command line arguments, as pairs of name and text.

    >>> _command_line(["--jax_enable_x64", "--nojax_debug_nans", "-v", "--jax_a=b=c"])
    [('jax_enable_x64', 'true'), ('jax_debug_nans', 'false')]
    """
    found = []
    for argument in arguments:
        name, equals, text = argument.removeprefix("--").partition("=")
        negated = name.startswith("nojax_") and not equals
        name = name.removeprefix("no") if negated else name
        known = name.startswith("jax_") and name.removeprefix("jax_") in _BY_NAME
        if known and argument.startswith("--"):
            found.append((name, text if equals else "false" if negated else "true"))
    return found


config = Config()


def __getattr__(name: str) -> Any:
    """Options of the module `minijax.config`, which shares its name with the object."""
    return getattr(config, name)


def on_change(name: str, hook: Callable[[Any], None]) -> None:
    """Call `hook(value)` whenever `config.update` sets the option.

    A hook that raises refuses the change: the option gets its value back. Context
    managers do not call hooks: what depends on them reads `state`.
    """
    _hooks.setdefault(_option(name).name, []).append(hook)


class _Setting:
    """A context manager and decorator: one option set for one thread."""

    __slots__ = ("_names", "_value")

    def __init__(self, option: Option, value: Any):
        self._names = (option.name, *option.also)
        self._value = value

    def __enter__(self) -> None:
        with _lock:
            for name in self._names:
                state.overrides.setdefault(name, []).append(self._value)
            _resolve(state.__dict__, self._names)

    def __exit__(self, *exception: object) -> None:
        with _lock:
            for name in self._names:
                state.overrides[name].pop()
            _resolve(state.__dict__, self._names)

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def with_setting(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return with_setting


def carried(function: Callable) -> Callable:
    """The function, to be called in another thread under the options of this one."""
    in_force = {name: values[-1:] for name, values in state.overrides.items()}

    @functools.wraps(function)
    def with_options(*args: Any, **kwargs: Any) -> Any:
        kept = state.overrides
        _override({name: list(values) for name, values in in_force.items()})
        try:
            return function(*args, **kwargs)
        finally:
            _override(kept)

    return with_options


def _override(overrides: dict[str, list[Any]]) -> None:
    """Put other context managers in force in this thread."""
    with _lock:
        changed = {*state.overrides, *overrides}
        state.overrides = overrides
        _resolve(state.__dict__, changed)


class Switch:
    """Makes context managers for one option; `.value` is the value in force.

    >>> enable_x64 = Switch("enable_x64")
    >>> with enable_x64(True):
    ...     enable_x64.value
    True
    """

    __slots__ = ("_option",)

    def __init__(self, name: str):
        self._option = _option(name)

    def __call__(self, *value: Any, **named: Any) -> _Setting:
        """A context manager, also usable as a decorator; flags default to True.

        The value may be named `new_val`, or `disable` in `disable_jit(disable=True)`.
        """
        name = "disable" if self._option.name == "disable_jit" else "new_val"
        if name in named:
            value = (*value, named.pop(name))
        if named:
            raise TypeError(
                f"{self._option.name}: takes the value to set, by the name {name}, got "
                f"{', '.join(named)}."
            )
        if not value and isinstance(self._option.default, bool):
            value = (True,)
        if len(value) != 1:
            raise TypeError(
                f"{self._option.name}: takes the value to set, got {len(value)} "
                f"arguments."
            )
        return _Setting(self._option, _checked(self._option, value[0]))

    @property
    def value(self) -> Any:
        """The value in force in this thread."""
        return getattr(state, self._option.name)

    def __repr__(self) -> str:
        return f"Switch({self._option.name!r}, value={self.value!r})"


enable_x64 = Switch("enable_x64")
explicit_x64_dtypes = Switch("explicit_x64_dtypes")
numpy_rank_promotion = Switch("numpy_rank_promotion")
numpy_dtype_promotion = Switch("numpy_dtype_promotion")
default_matmul_precision = Switch("default_matmul_precision")
default_prng_impl = Switch("default_prng_impl")
threefry_partitionable = Switch("threefry_partitionable")
enable_custom_prng = Switch("enable_custom_prng")
debug_key_reuse = Switch("debug_key_reuse")
legacy_prng_key = Switch("legacy_prng_key")
high_dynamic_range_gumbel = Switch("high_dynamic_range_gumbel")
softmax_custom_jvp = Switch("softmax_custom_jvp")
nan_safe = Switch("nan_safe")
disable_jit = Switch("disable_jit")
debug_nans = Switch("debug_nans")
debug_infs = Switch("debug_infs")
enable_checks = Switch("enable_checks")
check_tracer_leaks = Switch("check_tracer_leaks")
checking_leaks = functools.partial(check_tracer_leaks, True)
no_tracing = Switch("no_tracing")
optimize = Switch("optimize")
fusion_cuts = Switch("fusion_cuts")
compile_pieces = Switch("compile_pieces")
log_compiles = Switch("log_compiles")
explain_cache_misses = Switch("explain_cache_misses")
default_device = Switch("default_device")
transfer_guard = Switch("transfer_guard")
transfer_guard_host_to_device = Switch("transfer_guard_host_to_device")
transfer_guard_device_to_device = Switch("transfer_guard_device_to_device")
transfer_guard_device_to_host = Switch("transfer_guard_device_to_host")
