"""Make arrays: from Python values, or filled with one value.

Filled arrays are programs, not stored constants: `zeros((1000, 1000))` inside `jit` is
the broadcast of a literal. Lists of numbers are converted on the
host and put on the device once; lists that hold arrays or tracers are stacked.

    zeros((2, 3))          becomes      broadcast_in_dim[shape=(2, 3)] 0.0:f32[]
"""

import warnings
from collections.abc import Iterable

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..core.literal import Literal, python_scalar
from ..core.trace import Tracer, is_eager
from ..runtime import array as on_device
from ..runtime import client
from ..runtime.array import Array
from .arguments import (
    as_array,
    as_shape,
    cast,
    refuse_out_sharding,
    requested_dtype,
    scalar,
)
from .promotion import as_operand
from .shaping import broadcast_to, expand_dims
from .stacking import stack

# Arrays in a list are gathered on the host if together they have at most so many
# elements: one transfer is then cheaper than a program that joins them.
_FEW_ELEMENTS = 1 << 10

_TYPED = (Array, Tracer, Literal, np.ndarray, np.generic, bool, int, float, complex)


def array(
    object,
    dtype=None,
    *args,
    copy: bool | None = True,
    order: str | None = "K",
    ndmin: int = 0,
    device=None,
    out_sharding=None,
):
    """An array of the values of a number, an array, nested lists, or a buffer.

    A Python number gives a weakly typed scalar. With `ndmin` leading axes of size one
    are added; `device` says where to put the array.

    >>> array([[1, 2], [3, 4]]).shape, array(1.5).weak_type
    ((2, 2), True)
    """
    refuse_out_sharding("array", out_sharding)
    if order not in (None, "K", "C"):
        raise NotImplementedError(
            f"array: Only implemented for order='K', got {order!r}: the layout in "
            "memory is XLA's."
        )
    x = _from_object("array", object, requested_dtype("array", dtype))
    if copy and x is object and type(x) is Array and is_eager():
        x = lax.copy(x)
    if x.ndim < ndmin:
        x = expand_dims(x, tuple(range(ndmin - x.ndim)))
    return on(device, x)


def asarray(
    a,
    dtype=None,
    order: str | None = None,
    *,
    copy: bool | None = None,
    device=None,
    out_sharding=None,
):
    """The values as an array; an array of the right dtype is returned as it is.

    >>> asarray([1, 2, 3]).shape
    (3,)
    """
    return array(
        a, dtype, copy=copy, order=order, device=device, out_sharding=out_sharding
    )


def on(device, x):
    """The array on the device or in the sharding asked for, if one was."""
    if device is None:
        return x
    if isinstance(x, Tracer):
        raise NotImplementedError(
            f"device=: this {x.aval} is traced, so it has no device yet. Use "
            "device_put on the result, or leave device out in transformed functions."
        )
    sharding = (
        device if hasattr(device, "device_list") else client.single_device(device)
    )
    return on_device.move(x, sharding)


def _from_object(where, value, dtype):
    """Any value as an array or tracer of a dtype, or of the dtype it brings."""
    if hasattr(value, "__jax_array__"):
        value = value.__jax_array__()
    if isinstance(value, Array | Tracer | Literal):
        return _converted(as_array(value), dtype)
    if isinstance(value, bool | int | float | complex) and not isinstance(
        value, np.generic
    ):
        return _from_number(where, value, dtype)
    if isinstance(value, list | tuple):
        return _from_list(where, value, dtype)
    if value is None:
        raise ValueError(f"None is not a valid value for jnp.{where}.")
    return _from_host(where, np.asarray(value), dtype)


def _converted(x, dtype):
    if dtype is None:
        return x
    if x.dtype in dtypes.COMPLEX and dtype == dtypes.bool_:
        return lax.ne(x, scalar(0, x.dtype))
    if x.dtype in dtypes.COMPLEX and dtype not in dtypes.COMPLEX:
        warnings.warn(
            "Casting from complex to real dtypes will soon raise a ValueError. Please "
            "first use jnp.real or jnp.imag to take the real/imaginary component of "
            "your input.",
            UserWarning,
            stacklevel=4,
        )
    return cast(x, dtype)


def _from_number(where, value, dtype):
    if dtype is None:
        return as_array(python_scalar(value))
    return _from_host(where, _as_type(np.asarray(value), dtype), dtype)


def _from_host(where, value, dtype):
    if value.dtype.kind in "OSUMmV" and value.dtype not in dtypes.ALL:
        raise TypeError(
            f"{where}: Value {value!r} with dtype {value.dtype} is not a valid array "
            "type. Only arrays of numeric types are supported."
        )
    wanted = dtypes.canonicalize(value.dtype) if dtype is None else dtype
    return on_device.from_numpy(np.array(_as_type(value, wanted), order="C"))


def _as_type(value, dtype):
    """A NumPy array converted; integers that do not fit are refused, not wrapped."""
    if value.dtype.kind in "iu" and value.ndim == 0 and dtype in dtypes.INTS:
        limits = dtypes.iinfo(dtype)
        if not limits.min <= int(value) <= limits.max:
            raise OverflowError(
                f"Python integer {int(value)} out of bounds for {dtype}. Choose a "
                "wider dtype, or reduce the number yourself."
            )
    return value if value.dtype == dtype else value.astype(dtype)


def _from_list(where, values, dtype):
    leaves = list(_leaves(where, values))
    if any(isinstance(x, Tracer | Literal) for x in leaves) or not is_eager():
        if any(isinstance(x, Array | Tracer | Literal) for x in leaves):
            return _stacked(where, values, leaves, dtype)
    elif _elements(leaves) > _FEW_ELEMENTS:
        return _stacked(where, values, leaves, dtype)
    python = set(map(type, leaves)) <= {bool, int, float, complex}
    host = _nested(values)
    if dtype is None:
        # NumPy finds the kind of Python numbers, JAX's promotion that of arrays.
        own = host.dtype if python else _common_dtype(leaves)
        dtype = dtypes.canonicalize(own)
    if python and host.dtype.kind in "iu" and dtype in dtypes.INTS and host.size:
        for extreme in (host.min(), host.max()):
            _as_type(np.asarray(extreme), dtype)
    return _from_host(where, host, dtype)


def _common_dtype(leaves):
    typed = [x if isinstance(x, _TYPED) else np.asarray(x) for x in leaves]
    return dtypes.result_type(*typed)


def _leaves(where, values) -> Iterable:
    """The numbers and arrays in nested lists."""
    for x in values:
        if isinstance(x, list | tuple):
            yield from _leaves(where, x)
        elif x is None:
            raise ValueError(f"None is not a valid value for jnp.{where}.")
        else:
            yield x.__jax_array__() if hasattr(x, "__jax_array__") else x


def _elements(leaves) -> int:
    """How many elements device arrays among the leaves have."""
    return sum(x.size for x in leaves if type(x) is Array)


def _nested(values):
    """Nested lists whose leaves have values as a NumPy array."""

    def on_host(x):
        if isinstance(x, list | tuple):
            return [on_host(y) for y in x]
        x = x.__jax_array__() if hasattr(x, "__jax_array__") else x
        return np.asarray(x) if type(x) is Array else x

    return np.array(on_host(values))


def _stacked(where, values, leaves, dtype):
    """Nested lists with tracers or large arrays: joined along new axes."""
    dtype = dtypes.result_type(*leaves) if dtype is None else dtype

    def join(x):
        if isinstance(x, list | tuple):
            return stack([join(y) for y in x], dtype=dtype)
        return _from_object(where, x, dtype)

    return join(values)


def copy(a, order: str | None = None):
    """The same values in a buffer of their own.

    >>> copy(np.ones(2)).tolist()
    [1.0, 1.0]
    """
    return array(as_operand("copy", a), copy=True, order=order)


def astype(x, dtype, /, *, copy: bool = False, device=None):
    """The values in another dtype; floats are cut off, not rounded, to integers.

    >>> astype(np.array([1.7, -1.7]), int).tolist()
    [1, -1]
    """
    x = as_operand("astype", x)
    dtype = requested_dtype("astype", float if dtype is None else dtype)
    y = _converted(as_array(x), dtype)
    return on(device, lax.copy(y) if copy and y is x else y)


def zeros(shape, dtype=None, *, device=None, out_sharding=None):
    """An array of zeros, of the default float type unless told otherwise.

    >>> zeros((2, 3)).shape
    (2, 3)
    """
    return _filled("zeros", shape, 0, dtype, device, out_sharding)


def ones(shape, dtype=None, *, device=None, out_sharding=None):
    """An array of ones, of the default float type unless told otherwise.

    >>> ones(3).tolist()
    [1.0, 1.0, 1.0]
    """
    return _filled("ones", shape, 1, dtype, device, out_sharding)


def empty(shape, dtype=None, *, device=None, out_sharding=None):
    """An array of zeros: there is no uninitialised memory.

    >>> empty(2).tolist()
    [0.0, 0.0]
    """
    return _filled("empty", shape, 0, dtype, device, out_sharding)


def _filled(where, shape, value, dtype, device, out_sharding):
    refuse_out_sharding(where, out_sharding)
    dtype = requested_dtype(where, dtype) or dtypes.default_float()
    return on(device, lax.full(_sizes(where, shape), scalar(value, dtype)))


def _sizes(where, shape):
    sizes = as_shape(where, shape)
    if any(n < 0 for n in sizes):
        raise TypeError(f"{where}: sizes must not be negative, got {sizes}.")
    return sizes


def full(shape, fill_value, dtype=None, *, device=None, out_sharding=None):
    """An array of one value, or of an array broadcast to the shape.

    >>> full((2, 2), 7).tolist()
    [[7, 7], [7, 7]]
    """
    refuse_out_sharding("full", out_sharding)
    sizes = _sizes("full", shape)
    value = as_operand("full", fill_value)
    dtype = requested_dtype("full", dtype)
    return on(
        device, broadcast_to(value if dtype is None else _fill(value, dtype), sizes)
    )


def _fill(value, dtype, weak_type=False):
    """A fill value in a dtype; a number that fits stays a literal."""
    if isinstance(value, Literal) and _fits(value.scalar, dtype):
        return scalar(value.scalar, dtype, weak_type)
    return cast(value, dtype)


def _fits(number, dtype):
    if dtype not in dtypes.INTS or number.dtype.kind in "b":
        return number.dtype.kind != "c" or dtype in dtypes.COMPLEX
    limits = dtypes.iinfo(dtype)
    return number.dtype.kind != "c" and limits.min <= number <= limits.max


def zeros_like(a, dtype=None, shape=None, *, device=None, out_sharding=None):
    """Zeros of the shape and dtype of another array.

    >>> zeros_like(np.ones((2, 3))).shape
    (2, 3)
    """
    return _filled_like("zeros_like", a, 0, dtype, shape, device, out_sharding)


def ones_like(a, dtype=None, shape=None, *, device=None, out_sharding=None):
    """Ones of the shape and dtype of another array.

    >>> ones_like(np.array([5, 6])).tolist()
    [1, 1]
    """
    return _filled_like("ones_like", a, 1, dtype, shape, device, out_sharding)


def empty_like(prototype, dtype=None, shape=None, *, device=None):
    """Zeros of the shape and dtype of another array.

    >>> empty_like(np.ones(2)).tolist()
    [0.0, 0.0]
    """
    return _filled_like("empty_like", prototype, 0, dtype, shape, device, None)


def full_like(a, fill_value, dtype=None, shape=None, *, device=None, out_sharding=None):
    """One value, or an array broadcast, in the shape and dtype of another array.

    >>> full_like(np.array([5, 6]), 7).tolist()
    [7, 7]
    """
    return _filled_like("full_like", a, fill_value, dtype, shape, device, out_sharding)


def _filled_like(where, a, value, dtype, shape, device, out_sharding):
    refuse_out_sharding(where, out_sharding)
    # A description with a shape and a dtype will do as well as an array.
    like = a if hasattr(a, "shape") and hasattr(a, "dtype") else as_operand(where, a)
    sizes = tuple(like.shape) if shape is None else _sizes(where, shape)
    weak_type = dtype is None and getattr(like, "weak_type", False)
    dtype = requested_dtype(where, dtype) or dtypes.canonicalize(like.dtype)
    if isinstance(dtype, dtypes.ExtendedDType):
        return on(device, lax.full(sizes, value, dtype))
    value = as_operand(where, value)
    if not (isinstance(value, Literal) and _fits(value.scalar, dtype)):
        return on(device, broadcast_to(cast(value, dtype), sizes))
    return on(device, lax.full(sizes, scalar(value.scalar, dtype, weak_type)))


def frombuffer(buffer, dtype=float, count: int = -1, offset: int = 0):
    """The bytes of a buffer read as a vector.

    >>> frombuffer(b"abc", dtype=np.uint8).tolist()
    [97, 98, 99]
    """
    return asarray(np.frombuffer(buffer, dtype, count, offset))


def fromstring(string: str, dtype=float, count: int = -1, *, sep: str):
    """The numbers in a text, divided by `sep`, as a vector.

    >>> fromstring("1 2", sep=" ").tolist()
    [1.0, 2.0]
    """
    return asarray(np.fromstring(string, dtype=dtype, count=count, sep=sep))


def fromfile(*args, **kwargs):
    """Refused: reading a file is no function of arrays."""
    raise NotImplementedError(
        "fromfile: reads a file, which is no function of arrays. Use "
        "asarray(numpy.fromfile(...)) outside transformed functions."
    )


def fromiter(*args, **kwargs):
    """Refused: using up an iterator is no function of arrays."""
    raise NotImplementedError(
        "fromiter: uses up an iterator, which is no function of arrays. Use "
        "asarray(numpy.fromiter(...)) outside transformed functions."
    )


METHODS = {"astype": astype, "copy": copy}
