"""What elementwise primitives have in common, and the builders that supply it."""

import builtins

import numpy as np

from ... import dtypes
from ...core.avals import ShapedArray
from ...core.literal import aval_of
from ...core.primitive import Primitive, registry
from ..shape import broadcast_in_dim, move_batch

FLOATS = dtypes.FLOATS
COMPLEX = dtypes.COMPLEX
INEXACT = dtypes.INEXACT
INTS = dtypes.INTS
NUMBERS = dtypes.NUMBERS
REALS = dtypes.REALS
BITS = dtypes.INTS | dtypes.BOOL
ANY = dtypes.ALL
SIGNED_NUMBERS = dtypes.SIGNED | INEXACT


def nary_abstract(name, allowed, result=None):
    """The type rule: equal dtypes in `allowed`, equal shapes up to scalars."""

    def abstract(*avals, **params):
        dtype = avals[0].dtype
        if dtype not in allowed or any(x.dtype != dtype for x in avals):
            raise dtype_error(name, allowed, avals)
        shape = common_shape(name, avals)
        weak = all(x.weak_type for x in avals)
        return ShapedArray(shape, dtype if result is None else result(dtype), weak)

    return abstract


def common_shape(name, avals):
    """The one shape of operands that are not scalars."""
    shapes = {x.shape for x in avals if x.shape}
    if len(shapes) > 1:
        raise TypeError(
            f"{name}: operands must have one shape or be scalars, got "
            f"{' and '.join(map(str, avals))}."
        )
    return shapes.pop() if shapes else ()


def dtype_error(name, allowed, avals):
    types = " and ".join(map(str, avals))
    if any(x.dtype != avals[0].dtype for x in avals):
        return TypeError(
            f"{name}: operands must have one dtype, got {types}. Convert one with "
            "astype, or use the function of minijax.numpy, which promotes."
        )
    if avals[0].dtype in INTS and allowed <= INEXACT:
        return TypeError(
            f"{name}: needs floating-point operands, got {types}. Convert with astype."
        )
    names = ", ".join(sorted(dtypes.short(d) for d in allowed))
    return TypeError(f"{name}: operands must have a dtype of {names}, got {types}.")


def align_batch(size, operands, dims):
    """Operands with their batch axes in one place, ready for an elementwise operation.

    Returns the operands and the place. Scalars shared by all members stay scalars.
    """
    ranks = [
        aval_of(x).ndim - (d is not None) for x, d in zip(operands, dims, strict=True)
    ]
    rank = builtins.max(ranks)
    members = list(zip(operands, dims, ranks, strict=True))
    place = next((d for _, d, r in members if r == rank and d is not None), 0)
    aligned = []
    for x, d, r in members:
        if d is None and r == 0:
            aligned.append(x)
        elif r == rank:
            aligned.append(move_batch(size, x, d, place))
        else:  # a scalar per member, spread over the member's elements
            whole, e, _ = next(m for m in members if m[2] == rank)
            shape = list(aval_of(whole).shape)
            if e is not None:
                del shape[e]
            shape.insert(place, size)
            aligned.append(broadcast_in_dim(x, shape, (place,)))
    return aligned, place


def elementwise_batch(name):
    """The batching rule of an elementwise operation, found by its primitive's name."""

    def batch(size, operands, dims, **params):
        aligned, place = align_batch(size, operands, dims)
        return registry[name].bind(*aligned, **params), place

    return batch


def op(name):
    """Lower to one StableHLO (or chlo) operation on operands of the result's shape."""
    if name.startswith("chlo."):
        return _chlo_op(name)

    def lower(hlo, out, *operands, **params):
        shape = out.shape
        names = ", ".join([hlo.spread(x, shape) for x in operands])
        kind = out.mlir
        if operands[0].dtype != out.dtype:
            types = [x.aval.update(shape=shape).mlir for x in operands]
            kind = f"({', '.join(types)}) -> {kind}"
        return hlo.emit(f"stablehlo.{name} {names} : {kind}")

    return lower


def _chlo_op(name):
    """The same for an operation of the chlo dialect, which writes types out."""

    def lower(hlo, out, *operands, **params):
        names = ", ".join([hlo.spread(x, out.shape) for x in operands])
        types = ", ".join([x.aval.update(shape=out.shape).mlir for x in operands])
        return hlo.emit(f"{name} {names} : {types} -> {out.mlir}")

    return lower


def nary(name, *, dtypes, jvp, lower, transpose=None, result=None):
    """An elementwise primitive of several operands of one dtype."""
    return Primitive(
        name,
        abstract=nary_abstract(name, dtypes, result),
        jvp=jvp,
        transpose=transpose,
        batch=elementwise_batch(name),
        lower=lower,
    )


def unary(name, *, dtypes, jvp, lower, transpose=None, result=None):
    """An elementwise primitive of one operand: batching leaves its axis in place."""

    def batch(size, operands, dims, **params):
        return registry[name].bind(*operands, **params), dims[0]

    return Primitive(
        name,
        abstract=nary_abstract(name, dtypes, result),
        jvp=jvp,
        transpose=transpose,
        batch=batch,
        lower=lower,
    )


def real_dtype(dtype):
    """The dtype of the parts of a complex number."""
    return {"complex64": FLOAT32, "complex128": FLOAT64}.get(dtype.name, dtype)


def complex_dtype(dtype):
    """The dtype of a complex number with such parts."""
    return COMPLEX128 if dtype == FLOAT64 else COMPLEX64


FLOAT32, FLOAT64 = np.dtype("float32"), np.dtype("float64")
COMPLEX64, COMPLEX128 = np.dtype("complex64"), np.dtype("complex128")
BOOL = np.dtype(bool)


def spread_tangent(t, out):
    """The tangent of a scalar operand, repeated to the shape of the result."""
    shape = aval_of(out).shape
    if t is None or aval_of(t).shape == shape:
        return t
    return broadcast_in_dim(t, shape, ())
