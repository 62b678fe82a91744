"""Types of values, for libraries that compute with them."""

from typing import Any

import numpy as np

from ... import dtypes
from ...core.avals import AbstractToken, ShapedArray
from ...core.jaxpr import Var
from ...core.literal import Literal, aval_of
from ...core.trace import Tracer
from ...runtime.array import Array
from ...transforms.batch import batched_aval

AbstractValue = ShapedArray
"""What is known of a value before it exists; arrays have the only kind."""
Atom = Var | Literal
Value = Any
ParamDict = dict[str, Any]

array_types = {Array, Literal, np.ndarray, *[np.dtype(d).type for d in dtypes.ALL]}


def get_aval(x) -> ShapedArray:
    """The type of an array, tracer or number.

    >>> get_aval(2.0)
    ShapedArray(f32[], weak_type=True)
    """
    return aval_of(x)


def valid_jaxtype(x) -> bool:
    """Whether a value can be an operand: an array, a tracer, a number.

    >>> valid_jaxtype(1.0), valid_jaxtype("one")
    (True, False)
    """
    if isinstance(x, Array | Tracer | Literal | bool | int | float | complex):
        return True
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype in dtypes.ALL or x.dtype == dtypes.float0
    return hasattr(x, "__jax_array__")


def mapped_aval(size: int, axis: int | None, aval: ShapedArray) -> ShapedArray:
    """The type of one member of a batch, its axis being `axis` (None: shared)."""
    if axis is None or isinstance(aval, AbstractToken):
        return aval
    if aval.shape[axis] != size:
        raise ValueError(
            f"mapped_aval: axis {axis} of {aval} must have size {size}, got "
            f"{aval.shape[axis]}."
        )
    shape = aval.shape
    return aval.update(shape=(*shape[:axis], *shape[axis + 1 :]))


def unmapped_aval(size: int, axis: int | None, aval: ShapedArray) -> ShapedArray:
    """The type of a batch of values of a type, its axis being `axis` (None: shared)."""
    return batched_aval(size, aval, axis)


def primal_dtype_to_tangent_dtype(dtype):
    """The dtype of tangents of values of a dtype: float0 for integers and booleans."""
    return dtypes.to_tangent_dtype(dtype)
