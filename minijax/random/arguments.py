"""What samplers are given besides a key: a shape, a dtype, parameters."""

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..numpy.arguments import as_shape
from ..numpy.promotion import as_operand


def size_of(where, shape):
    """A shape given as an integer or a sequence of them, as a tuple of ints."""
    sizes = as_shape(where, shape)
    if any(n < 0 for n in sizes):
        raise ValueError(f"{where}: sizes must not be negative, got {sizes}.")
    return sizes


def float_dtype(where, dtype):
    """The dtype of samples that are real numbers; None is the default float."""
    return _dtype_among(where, dtype, dtypes.FLOATS, "a float dtype", float)


def int_dtype(where, dtype):
    """The dtype of samples that are integers; None is the default integer."""
    return _dtype_among(where, dtype, dtypes.INTS, "an integer dtype", int)


def inexact_dtype(where, dtype):
    """The dtype of samples that are real or complex; None is the default float."""
    return _dtype_among(where, dtype, dtypes.INEXACT, "a float or complex dtype", float)


def _dtype_among(where, dtype, allowed, wanted, default, error=ValueError):
    dtype = dtypes.explicit(default if dtype is None else dtype, where)
    if dtype not in allowed:
        raise error(f"{where}: dtype must be {wanted}, got {dtype}.")
    return dtype


def unsharded(where, out_sharding):
    """Refuse a sharding for the result: minijax shards with the program's sharding."""
    if out_sharding is not None:
        raise NotImplementedError(
            f"{where}: out_sharding is not supported. "
            "Use with_sharding_constraint on the result."
        )


def common_shape(where, shape, **parameters):
    """The shape of the samples, to which all parameters broadcast; None: theirs."""
    shapes = [as_operand(where, x).shape for x in parameters.values()]
    try:
        common = np.broadcast_shapes(*shapes)
    except ValueError:
        common = None
    if shape is None and common is not None:
        return common
    if shape is not None:
        shape = size_of(where, shape)
        if common is not None and broadcasts(common, shape):
            return shape
    given = " and ".join(
        f"{name}: {found}" for name, found in zip(parameters, shapes, strict=True)
    )
    wanted = "together" if shape is None else f"to the shape {shape} of the samples"
    raise ValueError(f"{where}: parameters must broadcast {wanted}, got {given}.")


def broadcasts(small, large):
    """Whether an array of one shape can be repeated to another shape."""
    try:
        return np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def spread(x, shape, dtype):
    """A parameter as an array of the shape and dtype of the samples."""
    return jnp.broadcast_to(cast(x, dtype), shape)


def cast(x, dtype):
    """A parameter as an array of this dtype, of its own shape."""
    return lax.convert_element_type(jnp.asarray(x), dtype)
