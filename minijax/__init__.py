"""minijax: autodiff and compilation of numerical Python, on XLA.

Importing the package ties its two knots: `runtime.dispatch` gives the core something to
run when nobody is tracing, and `numpy.operators` gives arrays their operators.
"""

import os as _os

# Before jaxlib is loaded: its clients log their devices to standard error otherwise.
_os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")

from . import dtypes as dtypes
from . import errors as errors
from . import numpy as numpy
from . import tree as tree
from . import tree_util as tree_util
from .api import (
    ShapeDtypeStruct as ShapeDtypeStruct,
    clear_caches as clear_caches,
    ensure_compile_time_eval as ensure_compile_time_eval,
    eval_shape as eval_shape,
    grad as grad,
    jit as jit,
    jvp as jvp,
    linear_transpose as linear_transpose,
    linearize as linearize,
    make_jaxpr as make_jaxpr,
    pmap as pmap,
    value_and_grad as value_and_grad,
    vjp as vjp,
    vmap as vmap,
)
from .config import config as config
from .runtime.array import Array as Array
