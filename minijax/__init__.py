"""minijax: autodiff and compilation of numerical Python, on XLA.

Importing the package ties its two knots: `runtime.dispatch` gives the core something to
run when nobody is tracing, and `numpy.operators` gives arrays their operators.
"""

import importlib as _importlib
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
    custom_vjp as custom_vjp,
    default_backend as default_backend,
    device_count as device_count,
    device_get as device_get,
    device_put as device_put,
    devices as devices,
    ensure_compile_time_eval as ensure_compile_time_eval,
    eval_shape as eval_shape,
    grad as grad,
    hessian as hessian,
    jacfwd as jacfwd,
    jacobian as jacobian,
    jacrev as jacrev,
    jit as jit,
    jvp as jvp,
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
    remat as remat,
    typeof as typeof,
    value_and_grad as value_and_grad,
    vjp as vjp,
    vmap as vmap,
)
from .config import config as config
from .config import debug_infs as debug_infs
from .config import debug_nans as debug_nans
from .config import default_device as default_device
from .config import default_matmul_precision as default_matmul_precision
from .config import disable_jit as disable_jit
from .config import enable_x64 as enable_x64
from .dtypes import float0 as float0
from .runtime.array import Array as Array

__version__ = "0.1.0"

# Loaded when they are first asked for, so that importing the package stays fast.
_LAZY = frozenset(
    {
        "custom_derivatives",
        "debug",
        "dlpack",
        "experimental",
        "flatten_util",
        "nn",
        "random",
        "scipy",
        "stages",
        "test_util",
        "typing",
    }
)


def __getattr__(name):
    if name in _LAZY:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY})
