"""Calling Python from programs: `pure_callback`, `io_callback` and debugging calls.

    pure_callback(np.sin, x, x)      a function of its arguments, called when needed
    io_callback(log.append, None, x) an effect, called exactly when the program says
    debug.print("x = {}", x)         an effect that no transformation minds

The Python function gets arrays where the program has values, and runs on the host while
the program waits. Un-jitted, it is simply called.
"""

from collections.abc import Callable
from string import Formatter
from typing import Any

import numpy as np

from .. import dtypes, tree
from ..core.avals import ShapedArray
from ..core.tracebacks import boundary
from .bodies import as_value, flatten, paths_of
from .callback_rules import (
    VMAP_METHODS,
    Callback,
    debug_callback_p,
    io_callback_p,
    pure_callback_p,
)


@boundary
def pure_callback(
    callback: Callable,
    result_shape_dtypes: Any,
    *args,
    sharding=None,
    vmap_method: str | None = None,
    **kwargs,
):
    """`callback(*args, **kwargs)`, called on the host while the program runs.

    The callback must depend on nothing but its arguments and do nothing but return: it
    is not called if its result is not used, and may be called more than once. It has no
    derivative; give the function around it a rule with `custom_jvp` or `custom_vjp`.

    Args:
      callback: takes arrays, returns arrays (or numbers) as declared.
      result_shape_dtypes: a tree of objects with shape and dtype, such as
        `ShapeDtypeStruct`, that says what is returned.
      vmap_method: how `vmap` calls it. "sequential": once per member, in order
        ("sequential_unrolled": without a loop in the program); "expand_dims": once,
        with a leading axis of size 1 where an argument is shared; "broadcast_all":
        once, every argument having the whole axis; "legacy_vectorized": once, shared
        arguments as they are. Results then have the leading axis too.

    Raises:
      JaxRuntimeError: the callback raised, or returned something else than declared.

    >>> x = np.arange(3, dtype="float32")
    >>> jit(lambda x: pure_callback(np.cumsum, x, x))(x)
    Array([0., 1., 3.], dtype=float32)
    """
    if vmap_method is not None and vmap_method not in VMAP_METHODS:
        raise ValueError(
            f"pure_callback: vmap_method must be one of {', '.join(VMAP_METHODS)} or "
            f"None, got {vmap_method!r}."
        )
    values, record, avals = _prepared(
        "pure_callback", callback, result_shape_dtypes, args, kwargs, sharding
    )
    outs = pure_callback_p.bind(
        *values, callback=record, result_avals=avals, vmap_method=vmap_method
    )
    return tree.unflatten(record.out_tree, outs)


@boundary
def io_callback(
    callback: Callable,
    result_shape_dtypes: Any,
    *args,
    sharding=None,
    ordered: bool = False,
    **kwargs,
):
    """`callback(*args, **kwargs)`, called once each time the program comes to it.

    Args:
      callback: takes arrays, returns arrays (or numbers) as declared. It has no
        derivative.
      result_shape_dtypes: a tree of objects with shape and dtype that says what is
        returned; None if nothing is.
      ordered: keep the order of the program among all ordered callbacks, also in loops
        and branches and from one program to the next. Such calls cannot be mapped.

    Raises:
      JaxRuntimeError: the callback raised, or returned something else than declared.

    >>> log = []
    >>> jit(lambda x: io_callback(lambda v: log.append(float(v)), None, x))(2.0)
    >>> effects_barrier()
    >>> log
    [2.0]
    """
    values, record, avals = _prepared(
        "io_callback", callback, result_shape_dtypes, args, kwargs, sharding
    )
    outs = io_callback_p.bind(
        *values, callback=record, ordered=bool(ordered), result_avals=avals
    )
    return tree.unflatten(record.out_tree, outs)


def debug_callback(where: str, callback: Callable, args, kwargs, ordered: bool) -> None:
    """Call `callback(*args, **kwargs)` for its effect; leaves may be any objects.

    Derivatives pass it by, `vmap` calls it for each member.
    """
    _check_callable(where, callback)
    leaves, in_tree = tree.flatten_raw((args, kwargs), None)
    values = [as_value(x) for x in leaves]
    pairs = zip(leaves, values, strict=True)
    fixed = [x if value is None else None for x, value in pairs]

    def flat(arrays):
        given = iter(arrays)
        filled = [next(given) if v else x for v, x in zip(traced, fixed, strict=True)]
        args, kwargs = tree.unflatten(in_tree, filled)
        return callback(*args, **kwargs)

    traced = [value is not None for value in values]
    record = Callback(where, callback, flat)
    values = [value for value in values if value is not None]
    debug_callback_p.bind(*values, callback=record, ordered=bool(ordered))


class FieldsOnly(Formatter):
    """Finds out whether a format string fits its arguments, without their values."""

    def format_field(self, value, format_spec):
        return ""

    def convert_field(self, value, conversion):
        return ""


def _check_callable(where, callback):
    if not callable(callback):
        raise TypeError(
            f"{where}: the callback must be a function, got {callback!r:.60} of type "
            f"{type(callback).__name__}."
        )


def _prepared(where, callback, result_shape_dtypes, args, kwargs, sharding):
    """Operands, the callback as programs call it, and the types of its results."""
    _check_callable(where, callback)
    if sharding is not None:
        raise NotImplementedError(
            f"{where}: sharding is not supported, the callback gets whole arrays. "
            "Leave it out."
        )
    values, args_tree = flatten(where, "args", args)
    named, kwargs_tree = flatten(where, "kwargs", kwargs)
    structs, out_tree = tree.flatten_raw(result_shape_dtypes, None)
    paths = paths_of("result_shape_dtypes", out_tree)
    pairs = zip(structs, paths, strict=True)
    avals = tuple([_result_aval(where, x, path) for x, path in pairs])

    def flat(arrays):
        args = tree.unflatten(args_tree, arrays[: len(values)])
        kwargs = tree.unflatten(kwargs_tree, arrays[len(values) :])
        return callback(*args, **kwargs)

    return [*values, *named], Callback(where, callback, flat, out_tree), avals


def _result_aval(where, struct, path):
    """The type that an object with shape and dtype declares."""
    if not hasattr(struct, "shape") or not hasattr(struct, "dtype"):
        raise TypeError(
            f"{where}: {path} must have a shape and a dtype, got {struct!r:.60} of "
            f"type {type(struct).__name__}. Use ShapeDtypeStruct(shape, dtype)."
        )
    dtype = struct.dtype
    if isinstance(dtype, dtypes.ExtendedDType):
        raise TypeError(
            f"{where}: {path} must be of numbers, got random keys of dtype {dtype}. "
            "Return their words, and wrap them with random.wrap_key_data."
        )
    dtype = np.dtype(dtype)
    if dtype != dtypes.canonicalize(dtype):
        raise ValueError(
            f"{where}: result_shape_dtypes cannot specify 64-bit types when "
            f"`jax_enable_x64` is disabled, got {dtype.name} for {path}. Declare "
            f"{dtypes.canonicalize(dtype).name}, or enable them."
        )
    return ShapedArray(tuple(struct.shape), dtype)
