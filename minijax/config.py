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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TRUE = ("true", "t", "yes", "y", "on", "1")
_FALSE = ("false", "f", "no", "n", "off", "0")


@dataclass(frozen=True)
class Option:
    """One option: its name without `jax_`, its default, and what values it takes."""

    name: str
    default: Any
    check: Callable[[str, Any], Any]
    """`check(name, value)` returns the value to store or raises ValueError."""
    parse: Callable[[str, str], Any]
    """`parse(name, text)` reads the value from the environment or a command line."""
    traced: bool = False
    """Whether a traced or compiled program depends on it: then it is in `state.key`."""
    unused: str = ""
    """Why minijax has no use for it; setting it to another value then warns."""


def _flag(name: str, default: bool, traced: bool = False, unused: str = "") -> Option:
    return Option(name, default, _check_flag, _parse_flag, traced, unused)


def _check_flag(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return _parse_flag(name, value)
    if value is None or value in (False, True):
        return bool(value)
    raise ValueError(f"config: {name} must be True or False, got {value!r}.")


def _parse_flag(name: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(
        f"config: {name} must be one of {', '.join(_TRUE + _FALSE)}, got {text!r}."
    )


def _choice(
    name: str,
    default: str | None,
    choices: tuple[str, ...],
    traced: bool = False,
) -> Option:
    """An option with a fixed set of values; None is one of them if it is the default.

    Members of an enumeration are accepted for the choice they name.
    """

    def check(where: str, value: Any) -> str | None:
        if value is None and default is None:
            return None
        texts = [value, getattr(value, "value", None), getattr(value, "name", None)]
        for text in texts:
            if isinstance(text, str) and text in choices:
                return text
            if isinstance(text, str) and text.lower() in choices:
                return text.lower()
        allowed = ", ".join(map(repr, choices))
        allowed += " or None" if default is None else ""
        raise ValueError(f"config: {where} must be one of {allowed}, got {value!r}.")

    return Option(name, default, check, check, traced)


def _text(name: str, default: str | None, unused: str = "") -> Option:
    def parse(_: str, text: str) -> str | None:
        return text or default

    return Option(name, default, _check_text, parse, unused=unused)


def _check_text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise ValueError(f"config: {name} must be a string or None, got {value!r}.")


def _number(
    name: str, default: float, traced: bool = False, unused: str = ""
) -> Option:
    """An option that takes an integer, or a float if its default is one."""
    kind: type[float] = type(default)
    wanted = "an integer" if isinstance(default, int) else "a number"

    def check(where: str, value: Any) -> float:
        if type(value) in (int, kind):
            return kind(value)
        raise ValueError(f"config: {where} must be {wanted}, got {value!r}.")

    def parse(where: str, text: str) -> float:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(
                f"config: {where} must be {wanted}, got {text!r}."
            ) from None

    return Option(name, default, check, parse, traced, unused)


def _device(name: str, traced: bool) -> Option:
    return Option(name, None, _check_device, lambda _, text: text or None, traced)


def _check_device(name: str, value: Any) -> Any:
    if value is None or isinstance(value, str) or hasattr(value, "platform"):
        return value
    raise ValueError(
        f"config: {name} must be a device such as minijax.devices('cpu')[0], the name "
        f"of a platform such as 'cpu', or None, got {value!r}."
    )


# The accuracy of a product of f32 matrices, by effort or by the algorithm's name:
# operand type, operand type, accumulator, and how many products it is split into.
_PRECISIONS = (
    *("default", "high", "highest", "bfloat16", "tensorfloat32", "float32"),
    *("ANY_F8_ANY_F8_F32", "ANY_F8_ANY_F8_F32_FAST_ACCUM"),
    *("ANY_F8_ANY_F8_ANY", "ANY_F8_ANY_F8_ANY_FAST_ACCUM"),
    *("F16_F16_F16", "F16_F16_F32", "BF16_BF16_BF16", "BF16_BF16_F32"),
    *("BF16_BF16_F32_X3", "BF16_BF16_F32_X6", "BF16_BF16_F32_X9"),
    *("TF32_TF32_F32", "TF32_TF32_F32_X3", "F32_F32_F32", "F64_F64_F64"),
)
_PRNGS = (
    *("threefry2x32", "threefry4x32", "rbg", "unsafe_rbg"),
    *("philox2x32", "philox4x32"),
)
_GUARDS = ("allow", "log", "disallow", "log_explicit", "disallow_explicit")
_LEVELS = ("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FILTERS = ("off", "tracebackhide", "remove_frames", "quiet_remove_frames", "auto")

_OPTIONS = (
    # Types and values.
    _flag("enable_x64", False, traced=True),
    _choice("explicit_x64_dtypes", "warn", ("warn", "error", "allow"), traced=True),
    _choice("numpy_rank_promotion", "allow", ("allow", "warn", "raise"), traced=True),
    _choice("numpy_dtype_promotion", "standard", ("standard", "strict"), traced=True),
    _choice("default_matmul_precision", None, _PRECISIONS, traced=True),
    # Random numbers.
    _choice("default_prng_impl", "threefry2x32", _PRNGS, traced=True),
    _flag("threefry_partitionable", True, traced=True),
    _flag("enable_custom_prng", False, traced=True),
    _flag("debug_key_reuse", False, traced=True),
    _choice("legacy_prng_key", "allow", ("allow", "warn", "error"), traced=True),
    _flag("high_dynamic_range_gumbel", False, traced=True),
    _number("random_seed_offset", 0, traced=True),
    # Tracing and running.
    _flag("disable_jit", False, traced=True),
    _flag("debug_nans", False, traced=True),
    _flag("debug_infs", False, traced=True),
    _flag("enable_checks", False, traced=True),
    _flag("check_tracer_leaks", False, traced=True),
    _flag("no_tracing", False, traced=True),
    _flag("optimize", True, traced=True),
    _flag("disable_most_optimizations", False, traced=True),
    _flag("log_compiles", False),
    _flag("explain_cache_misses", False),
    _choice("traceback_filtering", "auto", _FILTERS),
    _choice("logging_level", "NOTSET", _LEVELS),
    _text("debug_log_modules", ""),
    # Devices.
    _device("default_device", traced=True),
    _text("platforms", None),
    _text("platform_name", ""),
    _number("num_cpu_devices", -1),
    _flag("cpu_enable_async_dispatch", True),
    _choice("cpu_collectives_implementation", "gloo", ("gloo", "mpi", "megascale")),
    _text("cuda_visible_devices", "all"),
    _text("rocm_visible_devices", "all"),
    _choice("transfer_guard", None, _GUARDS),
    _choice("transfer_guard_host_to_device", None, _GUARDS),
    _choice("transfer_guard_device_to_device", None, _GUARDS),
    _choice("transfer_guard_device_to_host", None, _GUARDS),
    # The disk cache of compiled programs.
    _flag("enable_compilation_cache", True),
    _text("compilation_cache_dir", None),
    _number("compilation_cache_max_size", -1),
    _number("persistent_cache_min_compile_time_secs", 1.0),
    _number("persistent_cache_min_entry_size_bytes", 0),
    _flag("raise_persistent_cache_errors", False),
    # Settings of JAX that programs make and that nothing here corresponds to.
    _text(
        "persistent_cache_enable_xla_caches",
        "xla_gpu_per_fusion_autotune_cache_dir",
        unused="minijax caches whole compiled programs only",
    ),
    _flag("use_shardy_partitioner", True, unused="programs choose the partitioner"),
    _flag("softmax_custom_jvp", False, unused="softmax always has its own derivative"),
    _flag("enable_recoverability", False, unused="a lost host ends the program"),
    _flag(
        "experimental_unsafe_xla_runtime_errors",
        False,
        unused="errors are raised by the operation that reads a value",
    ),
    _text("mock_gpu_topology", "", unused="there are no simulated GPUs"),
    _number("mock_num_gpu_processes", 0, unused="there are no simulated GPUs"),
)
_BY_NAME = {option.name: option for option in _OPTIONS}
_TRACED = tuple(option.name for option in _OPTIONS if option.traced)
_traced_values = operator.itemgetter(*_TRACED)

_lock = threading.RLock()
_hooks: dict[str, list[Callable[[Any], None]]] = {}


class TraceKey:
    """All options a traced program depends on; equal options share one key object."""

    __slots__ = ("__weakref__", "values")

    def __init__(self, values: tuple[Any, ...]):
        self.values = values

    def __repr__(self) -> str:
        pairs = zip(_TRACED, self.values, strict=True)
        return f"TraceKey({', '.join(f'{name}={value!r}' for name, value in pairs)})"


_keys: dict[tuple[Any, ...], TraceKey] = {}


def _key(values: Mapping[str, Any]) -> TraceKey:
    options = _traced_values(values)
    found = _keys.get(options)
    return found if found is not None else _keys.setdefault(options, TraceKey(options))


def _derive(values: dict[str, Any]) -> None:
    """Bring what follows from the options of one thread up to date."""
    values["key"] = _key(values)
    values["check_finite"] = values["debug_nans"] or values["debug_infs"]


def _from_environment(option: Option) -> Any:
    """The value that MINIJAX_<NAME>, else JAX_<NAME>, gives, else the default."""
    for prefix in ("MINIJAX_", "JAX_"):
        variable = prefix + option.name.upper()
        text = os.environ.get(variable)
        if text is not None:
            return option.parse(f"environment variable {variable}", text)
    return option.default


_globals: dict[str, Any] = {o.name: _from_environment(o) for o in _OPTIONS}
# What each running thread sees, so that a global change can reach all of them.
_threads: weakref.WeakKeyDictionary[threading.Thread, dict[str, Any]]
_threads = weakref.WeakKeyDictionary()


class _State(threading.local):
    """The options in force in this thread, one attribute each, and their `key`."""

    key: TraceKey
    check_finite: bool
    """Whether results are looked at: `debug_nans` or `debug_infs`."""
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
    disable_jit: bool
    debug_nans: bool
    debug_infs: bool
    enable_checks: bool
    check_tracer_leaks: bool
    no_tracing: bool
    optimize: bool
    disable_most_optimizations: bool
    log_compiles: bool
    explain_cache_misses: bool
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
            _derive(values)
            _threads[threading.current_thread()] = values


state = _State()


def _resolve(values: dict[str, Any], option: Option) -> None:
    """Bring one thread's view of one option up to date."""
    overrides = values["overrides"].get(option.name)
    values[option.name] = overrides[-1] if overrides else _globals[option.name]
    if option.traced:
        _derive(values)


def _set_globally(option: Option, value: Any) -> None:
    with _lock:
        _globals[option.name] = value
        for values in list(_threads.values()):
            _resolve(values, option)


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
    value = option.check(f"jax_{option.name}", value)
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

    def update(self, name: str, value: Any) -> None:
        """Set an option for all threads, present and future.

        A context manager that is active keeps its value until it exits.
        """
        option = _option(name)
        value, before = _checked(option, value), _globals[option.name]
        _set_globally(option, value)
        try:
            for hook in _hooks.get(option.name, ()):
                hook(value)
        except BaseException:
            _set_globally(option, before)
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


def on_change(name: str, hook: Callable[[Any], None]) -> None:
    """Call `hook(value)` whenever `config.update` sets the option.

    A hook that raises refuses the change: the option gets its value back. Context
    managers do not call hooks: what depends on them reads `state`.
    """
    _hooks.setdefault(_option(name).name, []).append(hook)


class _Setting:
    """A context manager and decorator: one option set for one thread."""

    __slots__ = ("_option", "_value")

    def __init__(self, option: Option, value: Any):
        self._option = option
        self._value = value

    def __enter__(self) -> None:
        with _lock:
            state.overrides.setdefault(self._option.name, []).append(self._value)
            _resolve(state.__dict__, self._option)

    def __exit__(self, *exception: object) -> None:
        with _lock:
            state.overrides[self._option.name].pop()
            _resolve(state.__dict__, self._option)

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def with_setting(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return with_setting


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

    def __call__(self, *value: Any) -> _Setting:
        """A context manager, also usable as a decorator; flags default to True."""
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
disable_jit = Switch("disable_jit")
debug_nans = Switch("debug_nans")
debug_infs = Switch("debug_infs")
enable_checks = Switch("enable_checks")
check_tracer_leaks = Switch("check_tracer_leaks")
no_tracing = Switch("no_tracing")
optimize = Switch("optimize")
log_compiles = Switch("log_compiles")
explain_cache_misses = Switch("explain_cache_misses")
default_device = Switch("default_device")
transfer_guard = Switch("transfer_guard")
transfer_guard_host_to_device = Switch("transfer_guard_host_to_device")
transfer_guard_device_to_device = Switch("transfer_guard_device_to_device")
transfer_guard_device_to_host = Switch("transfer_guard_device_to_host")
