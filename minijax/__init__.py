"""minijax: autodiff and compilation of numerical Python, on XLA.

Importing the package ties its two knots: `runtime.dispatch` gives the core something to
run when nobody is tracing, and `numpy.operators` gives arrays their operators.
"""

import os as _os

# Before jaxlib is loaded: its clients log their devices to standard error otherwise.
_os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

from . import dtypes as dtypes
from . import errors as errors
from . import lax as lax
from . import numpy as numpy
from . import tree as tree
from . import tree_util as tree_util
from .api import (
    Device as Device,
    ShapeDtypeStruct as ShapeDtypeStruct,
    block_until_ready as block_until_ready,
    checkpoint as checkpoint,
    checkpoint_policies as checkpoint_policies,
    clear_caches as clear_caches,
    closure_convert as closure_convert,
    custom_gradient as custom_gradient,
    custom_jvp as custom_jvp,
    custom_rules as custom_rules,
    custom_vjp as custom_vjp,
    default_backend as default_backend,
    device_count as device_count,
    device_get as device_get,
    device_put as device_put,
    devices as devices,
    diag_hessian as diag_hessian,
    effects_barrier as effects_barrier,
    ensure_compile_time_eval as ensure_compile_time_eval,
    eval_shape as eval_shape,
    ggn as ggn,
    grad as grad,
    hessian as hessian,
    hvp as hvp,
    jacfwd as jacfwd,
    jacobian as jacobian,
    jacrev as jacrev,
    jit as jit,
    jvp as jvp,
    laplacian as laplacian,
    linear_transpose as linear_transpose,
    linearize as linearize,
    local_device_count as local_device_count,
    local_devices as local_devices,
    make_jaxpr as make_jaxpr,
    named_call as named_call,
    named_scope as named_scope,
    pmap as pmap,
    process_count as process_count,
    process_index as process_index,
    pure_callback as pure_callback,
    remat as remat,
    typeof as typeof,
    value_and_grad as value_and_grad,
    value_and_jacobian as value_and_jacobian,
    vjp as vjp,
    vmap as vmap,
)
from .config import (
    check_tracer_leaks as check_tracer_leaks,
    checking_leaks as checking_leaks,
    config as config,
    debug_infs as debug_infs,
    debug_key_reuse as debug_key_reuse,
    debug_nans as debug_nans,
    default_device as default_device,
    default_matmul_precision as default_matmul_precision,
    default_prng_impl as default_prng_impl,
    disable_jit as disable_jit,
    enable_checks as enable_checks,
    enable_custom_prng as enable_custom_prng,
    enable_x64 as enable_x64,
    explain_cache_misses as explain_cache_misses,
    legacy_prng_key as legacy_prng_key,
    log_compiles as log_compiles,
    no_tracing as no_tracing,
    numpy_dtype_promotion as numpy_dtype_promotion,
    numpy_rank_promotion as numpy_rank_promotion,
    softmax_custom_jvp as softmax_custom_jvp,
    threefry_partitionable as threefry_partitionable,
    transfer_guard as transfer_guard,
    transfer_guard_device_to_device as transfer_guard_device_to_device,
    transfer_guard_device_to_host as transfer_guard_device_to_host,
    transfer_guard_host_to_device as transfer_guard_host_to_device,
)
from .dtypes import float0 as float0
from .on_demand import on_demand as _on_demand
from .runtime.allocator import follow_option as _keep_memory_when_asked
from .runtime.array import Array as Array
from .runtime.origins import note_when_asked as _note_when_asked

from .version import __version__ as __version__
from .version import __version_info__ as __version_info__

_note_when_asked()
_keep_memory_when_asked()

# Loaded when they are first asked for, so that importing the package stays fast.
_LAZY = frozenset(
    {
        "ad_checkpoint",
        "api_util",
        "cache",
        "custom_batching",
        "custom_derivatives",
        "debug",
        "distributed",
        "dlpack",
        "example_libraries",
        "experimental",
        "extend",
        "flatten_util",
        "image",
        "interpreters",
        "lib",
        "monitoring",
        "nn",
        "ops",
        "profiler",
        "random",
        "scipy",
        "sharding",
        "stages",
        "test_util",
        "traceback_util",
        "typing",
    }
)


# Names of the package that modules loaded on first use define.
_LAZY_NAMES = {
    name: module
    for module, names in {
        ".sharding": "NamedSharding P make_mesh reshard set_mesh shard_map",
        ".assembled": (
            "make_array_from_callback make_array_from_process_local_data "
            "make_array_from_single_device_arrays"
        ),
        ".api.passes": "fwd_and_bwd",
        ".runtime.tiles": "Shard",
    }.items()
    for name in names.split()
}

__getattr__, __dir__ = _on_demand(globals(), _LAZY, _LAZY_NAMES)
