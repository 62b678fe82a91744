"""Reductions along axes: extrema, products, bits, and positions of extrema.

    y:f32[3] = reduce_max[axes=(1,)] x:f32[3,4]

`reduce_sum` stands in `shape`, being the transpose of a broadcast.
"""

from collections.abc import Sequence

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of
from ..core.primitive import JvpRule, Primitive, registry
from ..core.rules import partials, zero_tangent
from ..stablehlo import int_array
from .elementwise import ANY, BITS, NUMBERS, REALS, convert_element_type, eq
from .ordering import both, choose, compare, extremum
from .shape import broadcast_in_dim, reduce_sum, reduced_shape, reshape, transpose
from .slicing import concatenate, slice_in_dim

__all__ = [
    "argmax",
    "argmax_p",
    "argmin",
    "argmin_p",
    "reduce_and",
    "reduce_and_p",
    "reduce_max",
    "reduce_max_p",
    "reduce_min",
    "reduce_min_p",
    "reduce_or",
    "reduce_or_p",
    "reduce_prod",
    "reduce_prod_p",
    "reduce_xor",
    "reduce_xor_p",
]


# Identities of the monoids


def lowest(dtype):
    """The value that is no larger than any other: -inf where the type has it.

    >>> lowest(np.dtype("float32")), lowest(np.dtype("int8"))
    (np.float32(-inf), np.int8(-128))
    """
    return _extreme(dtype, -1)


def highest(dtype):
    """The value that is no smaller than any other: inf where the type has it.

    >>> highest(np.dtype("bool")), highest(np.dtype("uint8"))
    (np.True_, np.uint8(255))
    """
    return _extreme(dtype, 1)


def _extreme(dtype, sign):
    if dtype == dtypes.bool_:
        return np.bool_(sign > 0)
    if dtype in dtypes.COMPLEX:
        return dtype.type(complex(sign * np.inf, sign * np.inf))
    info = dtypes.iinfo(dtype) if dtype in dtypes.INTS else dtypes.finfo(dtype)
    value = np.asarray(info.max if sign > 0 else info.min).astype(dtype)[()]
    if dtype in dtypes.FLOATS:
        infinity = np.asarray(sign * np.inf).astype(dtype)[()]
        # Some 8-bit floats are all finite.
        return infinity if np.isinf(np.float32(infinity)) else value
    return value


def one(dtype):
    """The identity of products."""
    return np.asarray(1).astype(dtype)[()]


def zero(dtype):
    """The identity of sums, and of `or` and `xor`."""
    return np.asarray(0).astype(dtype)[()]


def all_bits(dtype):
    """The identity of `and`: True, or an integer whose bits are all set."""
    if dtype == dtypes.bool_:
        return np.True_
    info = dtypes.iinfo(dtype)
    return np.asarray(info.max if info.min == 0 else -1).astype(dtype)[()]


# reduce_max, reduce_min, reduce_prod, reduce_and, reduce_or, reduce_xor


def reduce_max(operand, axes: Sequence[int]):
    """The maximum over some axes; NaN if any element is.

    Tied maxima share the cotangent equally. Complex numbers are compared by real part,
    then by imaginary part. Over no elements it is -inf, or the type's smallest value.

    >>> reduce_max(np.array([[1, 5, 2], [4, 0, 3]]), (1,))
    Array([5, 4], dtype=int32)
    """
    return _reduce(reduce_max_p, operand, axes)


def reduce_min(operand, axes: Sequence[int]):
    """The minimum over some axes; NaN if any element is.

    Tied minima share the cotangent equally. Over no elements it is inf, or the type's
    largest value.

    >>> reduce_min(np.array([[1, 5, 2], [4, 0, 3]]), (1,))
    Array([1, 0], dtype=int32)
    """
    return _reduce(reduce_min_p, operand, axes)


def reduce_prod(operand, axes: Sequence[int]):
    """The product over some axes; derivatives of all orders are right at zeros.

    >>> reduce_prod(np.array([[1, 5, 2], [4, 0, 3]]), (1,))
    Array([10,  0], dtype=int32)
    """
    return _reduce(reduce_prod_p, operand, axes)


def reduce_and(operand, axes: Sequence[int]):
    """The bitwise or logical `and` over some axes of integers or booleans.

    >>> reduce_and(np.array([True, False]), (0,))
    Array(False, dtype=bool)
    """
    return _reduce(reduce_and_p, operand, axes)


def reduce_or(operand, axes: Sequence[int]):
    """The bitwise or logical `or` over some axes of integers or booleans.

    >>> reduce_or(np.array([True, False]), (0,))
    Array(True, dtype=bool)
    """
    return _reduce(reduce_or_p, operand, axes)


def reduce_xor(operand, axes: Sequence[int]):
    """The bitwise or logical `xor` over some axes of integers or booleans.

    >>> reduce_xor(np.array([True, True, True]), (0,))
    Array(True, dtype=bool)
    """
    return _reduce(reduce_xor_p, operand, axes)


def _reduce(primitive, operand, axes):
    axes = tuple(map(int, axes))
    if not axes and hasattr(operand, "aval"):
        return operand
    return primitive.bind(operand, axes=axes)


def _reduction(name, allowed, jvp, operation, identity):
    """A primitive that folds axes with one associative StableHLO operation."""

    def abstract(x, *, axes):
        if x.dtype not in allowed:
            raise TypeError(f"{name}: needs {_NAMES[allowed]}, got {x}. Use astype.")
        return ShapedArray(reduced_shape(name, x, axes), x.dtype, x.weak_type)

    def lower(hlo, out, x, *, axes):
        if x.dtype in dtypes.COMPLEX and identity in _LEXICOGRAPHIC:
            return _complex_extremum_lower(hlo, out, x, axes, identity)
        start = hlo.constant(identity(x.dtype))
        return hlo.reduce(f"stablehlo.{operation}", x, start, axes, out)

    return Primitive(
        name,
        abstract=abstract,
        jvp=jvp,
        batch=reduction_batch(name),
        lower=lower,
    )


_NAMES = {
    ANY: "numbers or booleans",
    NUMBERS: "numbers",
    BITS: "integers or booleans",
}

# How complex numbers compare in the reduction that starts from such an identity.
_LEXICOGRAPHIC = {lowest: "GT", highest: "LT"}


def reduction_batch(name):
    """The batch rule of a reduction: the batch axis is one of those that are kept."""

    def batch(size, operands, dims, *, axes, **params):
        (x,), (dim,) = operands, dims
        shifted = tuple(k + (k >= dim) for k in axes)
        out = registry[name].bind(x, axes=shifted, **params)
        return out, dim - sum(k < dim for k in shifted)

    return batch


def _complex_extremum_lower(hlo, out, x, axes, identity):
    scalar = x.aval.update(shape=())
    direction = _LEXICOGRAPHIC[identity]

    def body(hlo, a, b):
        return [extremum(hlo, direction, a, b)]

    return hlo.emit(
        f'"stablehlo.reduce"({x}, {hlo.constant(identity(x.dtype))}) '
        f"<{{dimensions = {int_array(axes)}}}> ({hlo.region([scalar, scalar], body)}) "
        f": ({x.mlir}, {scalar.mlir}) -> {out.mlir}"
    )


def _extremum_partial(x_dot, y, x, *, axes):
    # Every element that attains the extremum is a place where it was taken from; there
    # is none if the extremum is NaN, which makes the derivative NaN.
    if x.size == 0:
        return None
    kept = [k for k in range(x.ndim) if k not in axes]
    here = eq(x, broadcast_in_dim(y, x.shape, kept))
    here = convert_element_type(here, x_dot.dtype)
    return reduce_sum(x_dot * here, axes) / reduce_sum(here, axes)


def _reduce_prod_jvp(primitive, primals, tangents, params):
    (x,), (x_dot,), axes = primals, tangents, params["axes"]
    out = primitive.bind(x, axes=axes)
    if x_dot is None or x.size == 0:
        return out, None
    # Pairs (x, x_dot) are multiplied by halves. The total divided by each factor would
    # be wrong where factors are zero; products of pairs are right to every order.
    kept = [k for k in range(x.ndim) if k not in axes]
    order = (*axes, *kept)
    count = x.size // max(out.size, 1)
    flat = (count, *out.shape)
    x = reshape(transpose(x, order), flat)
    x_dot = reshape(transpose(x_dot, order), flat)
    while count > 1:
        half = count // 2
        a, b, rest = _split(x, half)
        a_dot, b_dot, rest_dot = _split(x_dot, half)
        x = concatenate([a * b, *rest], 0)
        x_dot = concatenate([a_dot * b + a * b_dot, *rest_dot], 0)
        count -= half
    return out, reshape(x_dot, out.shape)


def _split(x, half):
    """The first two halves of an array along axis 0, and what is left, if anything."""
    a = slice_in_dim(x, 0, half)
    b = slice_in_dim(x, half, 2 * half)
    return a, b, [slice_in_dim(x, 2 * half, None)] if x.shape[0] % 2 else []


reduce_max_p = _reduction(
    "reduce_max", ANY, partials(_extremum_partial), "maximum", lowest
)
reduce_min_p = _reduction(
    "reduce_min", ANY, partials(_extremum_partial), "minimum", highest
)
reduce_prod_p = _reduction(
    "reduce_prod", NUMBERS, JvpRule(_reduce_prod_jvp), "multiply", one
)
reduce_and_p = _reduction("reduce_and", BITS, zero_tangent, "and", all_bits)
reduce_or_p = _reduction("reduce_or", BITS, zero_tangent, "or", zero)
reduce_xor_p = _reduction("reduce_xor", BITS, zero_tangent, "xor", zero)


# argmax, argmin


def argmax(operand, axis: int, index_dtype):
    """The first position of the maximum along one axis; of the first NaN if any.

    >>> argmax(np.array([[1.0, 5.0, 5.0], [4.0, np.nan, 3.0]]), 1, np.int32)
    Array([1, 1], dtype=int32)
    """
    return _position("argmax", argmax_p, operand, axis, index_dtype)


def argmin(operand, axis: int, index_dtype):
    """The first position of the minimum along one axis; of the first NaN if any.

    >>> argmin(np.array([[1.0, 0.0, 0.0], [4.0, np.nan, 3.0]]), 1, np.int32)
    Array([1, 1], dtype=int32)
    """
    return _position("argmin", argmin_p, operand, axis, index_dtype)


def _position(name, primitive, operand, axis, index_dtype):
    index_dtype = dtypes.canonicalize(index_dtype)
    if index_dtype not in dtypes.INTS:
        raise TypeError(
            f"{name}: index_dtype must be an integer type, got {index_dtype}."
        )
    x = aval_of(operand)
    axis = int(axis)
    if not 0 <= axis < x.ndim:
        raise ValueError(f"{name}: axis must be in [0, {x.ndim}), got {axis} for {x}.")
    if x.shape[axis] == 0:
        raise ValueError(f"{name}: axis {axis} must not be empty, got {x}.")
    return primitive.bind(operand, axes=(axis,), index_dtype=index_dtype)


def _position_primitive(name, direction, operation, identity):
    def abstract(x, *, axes, index_dtype):
        if x.dtype not in REALS and x.dtype != dtypes.bool_:
            raise TypeError(f"{name}: needs real numbers or booleans, got {x}.")
        return ShapedArray(reduced_shape(name, x, axes), index_dtype)

    def lower(hlo, out, x, *, axes, index_dtype):
        (axis,) = axes
        if hlo.platform == "cpu" and x.shape[axis] >= _LONG:
            return _position_in_two_passes(hlo, out, x, axis, operation, identity)
        return _position_in_one_pass(hlo, out, x, axis, direction, identity)

    return Primitive(
        name,
        abstract=abstract,
        jvp=zero_tangent,
        batch=reduction_batch(name),
        lower=lower,
    )


# On CPU a reduction of pairs (value, position) takes about 5 ns an element, and two
# reductions of one operand each, which use vectors, 0.6 ns; but they start more slowly.
_LONG = 64


def _position_in_two_passes(hlo, out, x, axis, operation, identity):
    """The extremum, then the first position of an element equal to it or NaN."""
    size = x.shape[axis]
    index = x.aval.update(dtype=np.dtype("int32"), weak_type=False)
    mask = x.aval.update(dtype=dtypes.bool_, weak_type=False)
    extremum = x.aval.update(shape=out.shape)
    start = hlo.constant(identity(x.dtype))
    best = hlo.reduce(f"stablehlo.{operation}", x, start, [axis], extremum)
    kept = [k for k in range(x.ndim) if k != axis]
    best = hlo.emit(
        f"stablehlo.broadcast_in_dim {best}, dims = {kept} : "
        f"({extremum.mlir}) -> {x.mlir}"
    )
    compared = f"({x.mlir}, {x.mlir}) -> {mask.mlir}"
    # If there is a NaN the extremum is NaN, and equal to nothing.
    here = hlo.emit(f"stablehlo.compare EQ, {x}, {best} : {compared}")
    nan = hlo.emit(f"stablehlo.compare NE, {x}, {x} : {compared}")
    here = hlo.emit(f"stablehlo.or {here}, {nan} : {mask.mlir}")
    positions = hlo.emit(f"stablehlo.iota dim = {axis} : {index.mlir}")
    nowhere = hlo.constant(np.int32(size), x.shape)
    positions = hlo.emit(
        f"stablehlo.select {here}, {positions}, {nowhere} : {mask.mlir}, {index.mlir}"
    )
    first = index.update(shape=out.shape)
    positions = hlo.value(positions, index)
    limit = hlo.constant(np.int32(size))
    found = hlo.reduce("stablehlo.minimum", positions, limit, [axis], first)
    if first is out:
        return found
    return hlo.emit(f"stablehlo.convert {found} : ({first.mlir}) -> {out.mlir}")


def _position_in_one_pass(hlo, out, x, axis, direction, identity):
    """A reduction of pairs (value, position); the second of the results."""
    index = x.aval.update(dtype=out.dtype, weak_type=False)
    value, place = x.aval.update(shape=()), index.update(shape=())
    values = x.aval.update(shape=out.shape)
    positions = hlo.emit(f"stablehlo.iota dim = {axis} : {index.mlir}")
    region = hlo.region([value, place, value, place], _better_pair(direction))
    results = hlo.emit_many(
        f'"stablehlo.reduce"({x}, {positions}, {hlo.constant(identity(x.dtype))}, '
        f"{hlo.constant(zero(out.dtype))}) <{{dimensions = {int_array([axis])}}}> "
        f"({region}) : ({x.mlir}, {index.mlir}, {value.mlir}, {place.mlir}) -> "
        f"({values.mlir}, {out.mlir})",
        2,
    )
    return results[1]


def _better_pair(direction):
    """Of (a, i) and (b, j): the better value, NaN being best, at the lower position."""

    def body(hlo, a, i, b, j):
        better = both(
            hlo, "or", compare(hlo, direction, a, b), compare(hlo, "NE", a, a)
        )
        tied = both(hlo, "and", compare(hlo, "EQ", a, b), compare(hlo, "LT", i, j))
        lower = both(hlo, "or", better, tied)
        return [choose(hlo, better, a, b), choose(hlo, lower, i, j)]

    return body


argmax_p = _position_primitive("argmax", "GT", "maximum", lowest)
argmin_p = _position_primitive("argmin", "LT", "minimum", highest)
