"""Arguments that many functions of NumPy's surface share, checked and made canonical.

Takes what users write for a shape, a dtype, a mask, a size that must be static, and
returns the tuple, dtype, array or int that primitives expect, or raises the error that
names the function and says what to write instead.

    as_shape("zeros", [2, np.int64(3)])        gives      (2, 3)
"""

import operator

import numpy as np

from .. import dtypes, errors
from .. import primitives as lax
from ..core.avals import ShapedArray
from ..core.literal import Literal, literal
from ..core.trace import Tracer, is_eager
from ..primitives.shape import refuse_out_sharding as refuse_out_sharding
from ..runtime import array as on_device
from ..runtime.array import Array
from .promotion import as_operand, broadcast_value


def as_array(x):
    """An operand as an array or tracer: host values are put on the device."""
    if type(x) is Array or isinstance(x, Tracer):
        return x
    if isinstance(x, Literal) and not is_eager():
        return lax.broadcast_in_dim(x, x.shape, tuple(range(x.ndim)))
    return on_device.as_array(x)


def scalar(value, dtype, weak_type: bool = False):
    """A number of a dtype as an operand: a literal, which costs no equation."""
    return literal(value, ShapedArray((), dtype, weak_type))


def as_shape(where: str, shape) -> tuple[int, ...]:
    """A shape given as an int or a sequence of ints, as a tuple of Python ints."""
    try:
        return (operator.index(shape),)
    except TypeError:
        pass
    try:
        return tuple(map(operator.index, shape))
    except TypeError:
        raise TypeError(
            f"{where}: a shape is an int or a sequence of ints known while tracing, "
            f"got {shape!r}."
        ) from None


def static_int(where: str, name: str, value) -> int:
    """An integer argument that must be known while tracing."""
    if isinstance(value, Tracer) and value.concrete() is None:
        raise errors.ConcretizationTypeError(name, str(value.aval), f"in {where}")
    return operator.index(value)


def concrete(where: str, name: str, value, repair: str) -> np.ndarray:
    """An argument on whose values the shape of the result depends, on the host."""
    if isinstance(value, Tracer):
        known = value.concrete()
        if known is None:
            raise errors.ConcretizationTypeError(
                f"{where}: the shape of the result depends on the values of {name}, "
                f"but {name}: {value.aval} is traced. {repair}"
            )
        value = known
    return np.asarray(value)


def requested_dtype(where: str, dtype):
    """The dtype for a `dtype=` argument, or None where it is left out."""
    return None if dtype is None else dtypes.explicit(dtype, where)


def cast(x, dtype):
    """An operand with exactly this dtype, strongly typed."""
    if x.dtype == dtype and not getattr(x, "weak_type", False):
        return x
    return lax.convert_element_type(x, dtype)


def masked(mask, x, other):
    """`x` where the mask holds and the scalar `other` elsewhere; shapes broadcast."""
    sizes = np.broadcast_shapes(mask.shape, x.shape)
    return lax.select(
        broadcast_value(mask, sizes),
        broadcast_value(x, sizes),
        lax.full(sizes, other, x.dtype),
    )


spread = broadcast_value  # the short name under which surface modules import it


def as_mask(where: str, mask):
    """The `where=` argument of a reduction: a boolean array."""
    mask = as_operand(where, mask)
    if mask.dtype != np.bool_:
        raise ValueError(
            f"{where}: where must be None or a boolean array, got dtype {mask.dtype}. "
            "Compare first, as in where=x > 0."
        )
    return mask


def refuse_out(where: str, out):
    """NumPy's `out=`: arrays are immutable, so there is nothing to write into."""
    if out is not None:
        raise NotImplementedError(
            f"The 'out' argument to jnp.{where} is not supported. "
            "Arrays are immutable: use the returned value."
        )
