"""How special functions take their arguments."""

import numpy as np

from ... import primitives as lax
from ...core.literal import aval_of
from ...dtypes import COMPLEX
from ...numpy.promotion import as_operand, broadcast_shapes_of, promote_inexact

FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")


def operands(where: str, *xs) -> list:
    """Arguments promoted to one inexact dtype and broadcast; weak if all are."""
    values = promote_inexact(where, *xs)
    return broadcast_shapes_of(where, *values) if len(values) > 1 else values


def reals(where: str, *xs) -> list:
    """Arguments promoted to one floating-point dtype and broadcast."""
    values = operands(where, *xs)
    if aval_of(values[0]).dtype in COMPLEX:
        types = " and ".join(str(aval_of(x)) for x in map(as_value(where), xs))
        raise ValueError(
            f"{where}: does not support complex-valued inputs, got {types}. Take real "
            "parts first."
        )
    return values


def as_value(where: str):
    """Arguments as values with types."""
    return lambda x: as_operand(where, x)


def strong_reals(where: str, *xs) -> list:
    """The same as `reals`, with types that are not weak."""
    return [strong(x) for x in reals(where, *xs)]


def strong(x):
    """A value whose type is not weak."""
    aval = aval_of(x)
    return lax.convert_element_type(x, aval.dtype) if aval.weak_type else x


def single_or_double(where: str, x):
    """An argument that must be of dtype f32 or f64 already; its type is not weak."""
    value = as_operand(where, x)
    if aval_of(value).dtype not in (FLOAT32, FLOAT64):
        raise TypeError(
            f"{where}: needs an argument of dtype float32 or float64, got "
            f"{aval_of(value)}. Convert it with astype."
        )
    return strong(value)
