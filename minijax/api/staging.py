"""Look at a program without running it, or run it without compiling it whole."""

from collections.abc import Callable

from .. import tree
from ..config import disable_jit as disable_jit
from ..core.trace import evaluating
from ..core.tracebacks import boundary
from .arguments import wraps
from .jit import jit
from .structs import ShapeDtypeStruct


def make_jaxpr(
    fun: Callable,
    static_argnums=(),
    axis_env=None,
    return_shape: bool = False,
) -> Callable:
    """A function that returns the program of `fun` for given arguments.

    Args:
      static_argnums: arguments that are part of the program.
      return_shape: return a pair of the program and the types of its results.

    >>> import numpy as np
    >>> make_jaxpr(lambda x: x * 2)(np.ones(3, "float32"))
    { lambda ; a:f32[3]. let b:f32[3] = mul a 2.0:f32[] in (b,) }
    """
    staged = jit(fun, static_argnums=static_argnums)

    @boundary
    @wraps(fun)
    def make_jaxpr_f(*args, **kwargs):
        traced = staged.trace(*args, **kwargs)
        return (traced.jaxpr, traced.out_info) if return_shape else traced.jaxpr

    return make_jaxpr_f


@boundary
def eval_shape(fun: Callable, *args, **kwargs):
    """Types of the results of a function, without computing anything.

    Args:
      args, kwargs: arrays, or objects with shape and dtype.

    >>> eval_shape(lambda x: x @ x.T, ShapeDtypeStruct((2, 3), "float32"))
    ShapeDtypeStruct(shape=(2, 2), dtype=float32)
    """
    args, kwargs = tree.map(_as_struct, (args, kwargs))
    traced = jit(fun).trace(*args, **kwargs)
    return traced.out_info


def _as_struct(x):
    if hasattr(x, "aval") or not hasattr(x, "shape") or not hasattr(x, "dtype"):
        return x
    return ShapeDtypeStruct(x.shape, x.dtype, weak_type=getattr(x, "weak_type", False))


def ensure_compile_time_eval():
    """A context in which operations on concrete values run at once, also under `jit`.

    >>> with ensure_compile_time_eval():
    ...     pass
    """
    return evaluating()
