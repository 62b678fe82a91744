"""The same numbers in another dtype, and the same bits as other numbers."""

import numpy as np

from ... import dtypes
from ...core.avals import ShapedArray
from ...core.literal import Literal, aval_of, literal
from ...core.primitive import Primitive
from ...core.rules import linear, zero_tangent
from ..shape import move_axis
from .builders import ANY, BOOL, COMPLEX, FLOATS, INEXACT, unary
from .parts import real


def convert_element_type(operand, new_dtype, weak_type=False):
    """The same values in another dtype; floats to integers round towards zero."""
    new_dtype = dtypes.canonicalize(new_dtype)
    if type(operand) is Literal and _folds(operand.dtype, new_dtype):
        return literal(operand.scalar, ShapedArray(operand.shape, new_dtype, weak_type))
    aval = aval_of(operand)
    unchanged = (aval.dtype, aval.weak_type) == (new_dtype, weak_type)
    if unchanged and hasattr(operand, "aval"):
        return operand
    if aval.dtype in COMPLEX and new_dtype not in COMPLEX:
        operand = real(operand)
    return convert_element_type_p.bind(
        operand, new_dtype=new_dtype, weak_type=bool(weak_type)
    )


def _folds(old, new):
    """Whether NumPy converts as XLA does; floats to integers it does not."""
    return old not in COMPLEX and (new in INEXACT or old not in INEXACT)


def _convert_abstract(x, *, new_dtype, weak_type):
    if x.dtype not in ANY or new_dtype not in ANY:
        raise TypeError(
            f"convert_element_type: cannot convert {x} to {dtypes.short(new_dtype)}."
        )
    return ShapedArray(x.shape, new_dtype, weak_type)


def _convert_jvp(primals, tangents, *, new_dtype, weak_type):
    (x,), (x_dot,) = primals, tangents
    out = convert_element_type_p.bind(x, new_dtype=new_dtype, weak_type=weak_type)
    if x_dot is None or new_dtype not in INEXACT:
        return out, None
    return out, convert_element_type(x_dot, new_dtype)


def _convert_batch(size, operands, dims, **params):
    return convert_element_type_p.bind(*operands, **params), dims[0]


def _convert_lower(hlo, out, x, *, new_dtype, weak_type):
    if x.mlir == out.mlir:
        return str(x)
    if new_dtype == BOOL:
        # Any number that is not zero is true.
        zero = hlo.constant(np.zeros((), x.dtype), x.shape)
        return hlo.emit(
            f"stablehlo.compare NE, {x}, {zero} : ({x.mlir}, {x.mlir}) -> {out.mlir}"
        )
    return hlo.emit(f"stablehlo.convert {x} : ({x.mlir}) -> {out.mlir}")


convert_element_type_p = Primitive(
    "convert_element_type",
    abstract=_convert_abstract,
    jvp=_convert_jvp,
    transpose=lambda ct, x, *, new_dtype, weak_type: [
        convert_element_type(ct, x.dtype)
    ],
    batch=_convert_batch,
    lower=_convert_lower,
)


def bitcast_convert_type(operand, new_dtype):
    """The same bits read as another dtype; a smaller one adds a trailing axis."""
    new_dtype = dtypes.canonicalize(new_dtype)
    return bitcast_convert_type_p.bind(operand, new_dtype=new_dtype)


def _bitcast_abstract(x, *, new_dtype):
    old, new = dtypes.itemsize_bits(x.dtype), dtypes.itemsize_bits(new_dtype)
    if old == new:
        return ShapedArray(x.shape, new_dtype)
    if old > new:
        return ShapedArray((*x.shape, old // new), new_dtype)
    if not x.shape or x.shape[-1] * old != new:
        raise TypeError(
            f"bitcast_convert_type: the last axis of {x} must hold one "
            f"{dtypes.short(new_dtype)}, that is {new // old} elements."
        )
    return ShapedArray(x.shape[:-1], new_dtype)


def _bitcast_batch(size, operands, dims, *, new_dtype):
    x = move_axis(operands[0], dims[0], 0)
    return bitcast_convert_type_p.bind(x, new_dtype=new_dtype), 0


bitcast_convert_type_p = Primitive(
    "bitcast_convert_type",
    abstract=_bitcast_abstract,
    jvp=zero_tangent,
    batch=_bitcast_batch,
    lower=lambda hlo, out, x, *, new_dtype: hlo.emit(
        f"stablehlo.bitcast_convert {x} : ({x.mlir}) -> {out.mlir}"
    ),
)


def reduce_precision(operand, exponent_bits: int, mantissa_bits: int):
    """Round to a float format with fewer bits, keeping the dtype."""
    return reduce_precision_p.bind(
        operand, exponent_bits=int(exponent_bits), mantissa_bits=int(mantissa_bits)
    )


reduce_precision_p = unary(
    "reduce_precision",
    dtypes=FLOATS,
    jvp=linear,
    transpose=lambda ct, x, **format: [reduce_precision(ct, **format)],
    lower=lambda hlo, out, x, *, exponent_bits, mantissa_bits: hlo.emit(
        f"stablehlo.reduce_precision {x}, format = e{exponent_bits}m{mantissa_bits} : "
        f"{out.mlir}"
    ),
)


def stop_gradient(x):
    """The same values, with derivative zero."""
    return stop_gradient_p.bind(x)


stop_gradient_p = unary(
    "stop_gradient",
    dtypes=ANY,
    jvp=zero_tangent,
    lower=lambda hlo, out, x: str(x),
)
