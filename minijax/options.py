"""The table of options: their names, defaults, and the values they take.

`minijax.config` holds their values. An option is one line here; what acts on it reads
`config.state`, or is told of changes by `config.on_change`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
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
    refused: str = ""
    """What is missing; setting it to another value is then an error."""
    also: tuple[str, ...] = ()
    """Options that are set together with it."""


def _flag(
    name: str,
    default: bool,
    traced: bool = False,
    unused: str = "",
    refused: str = "",
) -> Option:
    return Option(name, default, _check_flag, _parse_flag, traced, unused, refused)


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
    refused: str = "",
    also: tuple[str, ...] = (),
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

    return Option(name, default, check, check, traced, "", refused, also)


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
DIRECTIONS = tuple(
    f"transfer_guard_{direction}"
    for direction in ("host_to_device", "device_to_device", "device_to_host")
)
_GUARDS = ("allow", "log", "disallow", "log_explicit", "disallow_explicit")
_LEVELS = ("NOTSET", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FILTERS = ("off", "tracebackhide", "remove_frames", "quiet_remove_frames", "auto")

# Options of parts of JAX that minijax does not have: its other backends, its exchange
# between hosts, Pallas, its transition from one design to the next. Programs set them.
_FOREIGN_OFF = """
    bcoo_cusparse_lowering check_static_indices check_vma
    compilation_cache_check_contents compilation_cache_expect_pgle custom_vjp3
    debug_leaked_clients_on_clear_backends disable_bwd_checks
    disable_vmap_shmap_error disallow_mesh_context_manager distributed_debug
    eager_constant_folding enable_pgle export_ignore_forward_compatibility
    force_dcn_cross_host_transfers jax2tf_associative_scan_reductions
    log_checkpoint_residuals mosaic_allow_hlo no_execution
    pallas_enable_debug_checks pallas_poison_buffers pallas_verbose_errors
    ragged_dot_use_gpu_pallas_triton_lowering refs_to_pins remat3
    remove_custom_partitioning_ptr_from_cache_key
    remove_size_one_mesh_axis_from_type scan3 share_binary_between_hosts
    thread_guard threefry_gpu_kernel_lowering use_emit_pipeline_primitive
    use_simplified_jaxpr_constants
"""
_FOREIGN_ON = """
    allow_f16_reductions auto_pcast check_proxy_envs compiler_enable_remat_pass
    enable_preemption_service include_debug_info_in_dumps
    include_full_tracebacks_in_locations jax2tf_default_native_serialization
    mutable_array_checks pallas_use_mosaic_gpu pprint_use_color
    ragged_dot_use_ragged_dot_instruction sort_devices_by_process_index
    use_direct_linearize
"""
_FOREIGN: dict[str, Any] = {
    "array_garbage_collection_guard": None,
    "backend_target": "",
    "captured_constants_report_frames": 0,
    "captured_constants_warn_bytes": 2000000000,
    "compiler_detailed_logging_min_ops": 10,
    "cpu_get_global_topology_timeout_minutes": 5,
    "cpu_get_local_topology_timeout_minutes": 2,
    "cross_host_transfer_socket_address": "",
    "cross_host_transfer_timeout_seconds": None,
    "cross_host_transfer_transfer_size": None,
    "cross_host_transport_addresses": "",
    "dump_ir_modes": "stablehlo",
    "dump_ir_to": "",
    "embedded_constants_max_bytes": 32,
    "error_checking_behavior_divide": "ignore",
    "error_checking_behavior_nan": "ignore",
    "error_checking_behavior_oob": "ignore",
    "exec_time_optimization_effort": 0.0,
    "export_calling_convention_version": 10,
    "hlo_source_file_canonicalization_regex": None,
    "memory_fitting_effort": 0.0,
    "memory_fitting_level": "O2",
    "oneapi_visible_devices": "all",
    "optimization_level": "UNKNOWN",
    "pgle_aggregation_percentile": 90,
    "pgle_profiling_runs": 3,
    "pjrt_client_create_options": None,
    "send_traceback_to_runtime": "off",
    "serialization_version": 0,
    "share_binary_between_hosts_timeout_ms": 1200000,
    "source_url_schema": None,
    "traceback_in_locations_limit": 100,
    "tracer_error_num_traceback_frames": 5,
    "use_magma": "auto",
    "xla_backend": "",
    "xla_profile_version": 0,
}
_ABSENT = "it is about a part of JAX that minijax does not have"


def _foreign(name: str, default: Any) -> Option:
    """An option that is accepted with any value, and has no effect."""
    if isinstance(default, bool):
        return _flag(name, default, unused=_ABSENT)
    return Option(name, default, lambda _, x: x, lambda _, text: text, unused=_ABSENT)


OPTIONS = (
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
    _flag("debug_key_reuse", False, refused="the use of keys is not followed"),
    _choice("legacy_prng_key", "allow", ("allow", "warn", "error"), traced=True),
    _flag("high_dynamic_range_gumbel", False, traced=True),
    _number("random_seed_offset", 0, traced=True),
    # Derivatives: slopes of branches not taken are dropped, also where they are NaN.
    _flag("nan_safe", True, traced=True),
    # Tracing and running.
    _flag("disable_jit", False, traced=True),
    _flag("debug_nans", False, traced=True),
    _flag("debug_infs", False, traced=True),
    _flag("enable_checks", False, traced=True),
    _flag("check_tracer_leaks", False, traced=True),
    _flag("no_tracing", False),
    _flag("optimize", True, traced=True),
    _flag("fusion_cuts", True, traced=True),
    _flag("compile_pieces", True, traced=True),
    _flag("disable_most_optimizations", False, traced=True),
    _flag("log_compiles", False),
    _flag("explain_cache_misses", False),
    _number("compile_feedback_secs", 3.0),
    _flag("array_tracebacks", False),
    _choice("traceback_filtering", "auto", _FILTERS),
    _choice("logging_level", "NOTSET", _LEVELS),
    _text("debug_log_modules", ""),
    # Devices.
    _device("default_device", traced=True),
    _text("platforms", None),
    _text("platform_name", ""),
    _number("num_cpu_devices", -1),
    _flag("cpu_enable_async_dispatch", True),
    _flag("cpu_keep_memory", False),
    _choice(
        "cpu_collectives_implementation",
        "gloo",
        ("gloo", "mpi", "megascale"),
        refused="processes communicate by gloo only",
    ),
    _text("cuda_visible_devices", "all"),
    _text("rocm_visible_devices", "all", unused="there is no ROCm backend"),
    _choice("transfer_guard", None, _GUARDS, also=DIRECTIONS),
    *[_choice(name, None, _GUARDS) for name in DIRECTIONS],
    # The disk cache of compiled programs.
    _flag("enable_compilation_cache", True),
    _text("compilation_cache_dir", None),
    _number("compilation_cache_max_size", 2**30),
    _number("persistent_cache_min_compile_time_secs", 0.0),
    _number("persistent_cache_min_entry_size_bytes", 0),
    _flag("compilation_cache_include_metadata_in_key", False),
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
    *[_foreign(name, False) for name in _FOREIGN_OFF.split()],
    *[_foreign(name, True) for name in _FOREIGN_ON.split()],
    *[_foreign(name, default) for name, default in _FOREIGN.items()],
)
