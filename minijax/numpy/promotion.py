"""From what users pass to operands of one dtype and one shape.

NumPy's rules in JAX's version: Python numbers are weakly typed and take the type of
what they meet, shapes broadcast, and lists are refused, since each use would copy them
to the device anew.
"""

import functools
import operator
import warnings

import numpy as np

from .. import dtypes
from ..config import state
from ..core.avals import ShapedArray
from ..core.literal import Literal, aval_of, literal, python_scalar
from ..core.trace import Tracer
from ..primitives import broadcast_in_dim, convert_element_type, reshape
from ..runtime.array import Array, from_numpy

VALUES = (Array, Tracer, Literal)
PYTHON_NUMBERS = (bool, int, float, complex)


def as_operand(where: str, x):
    """A user's argument as a value with a type: Array, tracer or literal.

    Accepts arrays, tracers, NumPy arrays and scalars, Python numbers, and objects with
    `__jax_array__`.

    Raises:
      TypeError: for anything else, such as lists; the message names `where`.
    """
    if isinstance(x, VALUES):
        return x
    if isinstance(x, PYTHON_NUMBERS) and not isinstance(x, np.generic):
        return python_scalar(x)
    if isinstance(x, np.generic):
        return _numpy_scalar(x)
    if isinstance(x, np.ndarray):
        return _numpy_array(where, x)
    convert = getattr(x, "__jax_array__", None)
    if convert is not None:
        return as_operand(where, convert())
    raise TypeError(
        f"{where} requires ndarray or scalar arguments, got {type(x)}"
        f"{' with value ' + repr(x)[:60] if isinstance(x, list | tuple) else ''}. "
        + (
            "Convert the sequence with jnp.array first."
            if isinstance(x, list | tuple)
            else "Convert it with jnp.asarray first."
        )
    )


def _numpy_scalar(x):
    if x.dtype not in dtypes.ALL:
        raise TypeError(f"value {x!r} of dtype {x.dtype} is not a number.")
    return literal(x, ShapedArray((), dtypes.canonicalize(x.dtype)))


def _numpy_array(where, x):
    if x.dtype not in dtypes.ALL:
        raise TypeError(
            f"{where}: arrays of dtype {x.dtype} are not supported. Only numbers and "
            "booleans are."
        )
    dtype = dtypes.canonicalize(x.dtype)
    if x.ndim == 0:
        return literal(x[()], ShapedArray((), dtype))
    return from_numpy(np.asarray(x, dtype))


def typed(x):
    """The (dtype, weak) pair of a value."""
    aval = x.aval
    return aval.dtype, aval.weak_type


def convert(x, dtype, weak=False):
    """A value in another dtype; unchanged if it has it, whatever its weakness."""
    if x.aval.dtype == dtype:
        return x
    return convert_element_type(x, dtype, weak)


def promote(where: str, *xs) -> list:
    """Values of one dtype by JAX's promotion rules."""
    values = [as_operand(where, x) for x in xs]
    first = values[0].aval.dtype
    if all(v.aval.dtype == first for v in values):
        return values
    pairs = [typed(v) for v in values]
    dtype, weak = functools.reduce(dtypes.join, pairs)
    return [convert(v, dtype, weak) for v in values]


def promote_inexact(where: str, *xs) -> list:
    """Values of one floating-point or complex dtype; integers become floats."""
    values = [as_operand(where, x) for x in xs]
    pairs = [typed(v) for v in values]
    dtype, weak = pairs[0] if len(pairs) == 1 else functools.reduce(dtypes.join, pairs)
    if dtype not in dtypes.INEXACT:
        dtype = dtypes.to_inexact(dtype)
    return [convert(v, dtype, weak) for v in values]


def broadcast_shapes_of(where: str, *values) -> list:
    """Values broadcast to one shape as NumPy does; scalars may stay scalars."""
    shapes = {v.aval.shape for v in values if v.aval.shape}
    if len(shapes) <= 1:
        return list(values)
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        types = " and ".join(str(v.aval) for v in values)
        one_rank = len({v.aval.ndim for v in values}) == 1
        raise (TypeError if one_rank else ValueError)(
            f"{where} got incompatible shapes for broadcasting: "
            f"{', '.join(str(v.aval.shape) for v in values)} ({types}). Axes are "
            "compared from the last one, and must be equal or 1."
        ) from None
    _check_rank_promotion(where, values)
    return [v if not v.aval.shape else broadcast_value(v, shape) for v in values]


def _check_rank_promotion(where, values):
    mode = state.numpy_rank_promotion
    ranks = {v.aval.ndim for v in values} - {0}
    if mode == "allow" or len(ranks) <= 1:
        return
    shapes = ", ".join(str(v.aval.shape) for v in values)
    message = (
        f"{where}: operands could not be broadcast together with shapes {shapes} and "
        "jax_numpy_rank_promotion is set. Reshape the smaller one, or set the option "
        "to 'allow'."
    )
    if mode == "raise":
        raise ValueError(message)
    warnings.warn(message, stacklevel=2)


def broadcast_value(x, shape):
    """A value repeated to a larger shape, axes being matched from the last."""
    old = x.aval.shape
    if old == shape:
        return x
    offset = len(shape) - len(old)
    kept = [k for k, n in enumerate(old) if n == shape[offset + k]]
    if len(kept) < len(old):
        # Axes of size 1 are dropped first: XLA repeats along missing axes for free.
        x = reshape(x, [old[k] for k in kept])
    return broadcast_in_dim(x, shape, [offset + k for k in kept])


def canonical_axis(where: str, axis, ndim: int) -> int:
    """An axis as a number in [0, ndim)."""
    try:
        k = operator.index(axis)
    except TypeError:
        raise TypeError(f"{where}: axis must be an integer, got {axis!r}.") from None
    if not -ndim <= k < ndim:
        raise np.exceptions.AxisError(
            f"{where}: axis {k} is out of bounds for array of dimension {ndim}."
        )
    return k % ndim


def canonical_axes(where: str, axis, ndim: int) -> tuple[int, ...]:
    """Axes as distinct numbers in [0, ndim); None means all of them."""
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, tuple | list | np.ndarray):
        return (canonical_axis(where, axis, ndim),)
    axes = tuple([canonical_axis(where, k, ndim) for k in axis])
    if len(set(axes)) != len(axes):
        raise ValueError(f"{where}: duplicate value in axis {tuple(axis)}.")
    return axes


def type_of(x):
    """The aval of any array-like argument."""
    return aval_of(x)
