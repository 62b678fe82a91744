"""Contractions: sums of products over shared axes, of which `x @ y` is one.

    z:f32[2,4] = dot_general[dimension_numbers=(((1,), (0,)), ((), ()))] x y

The axes of either operand are contracted (summed over, in pairs), batch (kept, in
pairs) or free (kept). The result has the batch axes, the free axes of x, those of y.
"""

import math
import operator
from collections.abc import Sequence

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of
from ..core.primitive import JvpRule, Primitive
from ..core.rules import bilinear, is_linear
from .elementwise import convert_element_type
from .precision import (
    algorithm_of,
    algorithm_text,
    canonical_precision,
    pair_of,
    swapped,
)
from .shape import inverse_permutation, transpose

__all__ = [
    "DotDimensionNumbers",
    "batch_matmul",
    "dot",
    "dot_general",
    "dot_general_p",
]

# ((x_contract, y_contract), (x_batch, y_batch))
DotDimensionNumbers = tuple[
    tuple[Sequence[int], Sequence[int]], tuple[Sequence[int], Sequence[int]]
]


def dot_general(
    lhs,
    rhs,
    dimension_numbers,
    precision=None,
    preferred_element_type=None,
    *,
    out_sharding=None,
):
    """The sum of products over contracted axes, for each index of batch and free axes.

    Args:
      lhs: array x.
      rhs: array y.
      dimension_numbers: `((x_contract, y_contract), (x_batch, y_batch))`, axes that
        are paired.
      precision: see `Precision`; one, a pair, or an algorithm.
      preferred_element_type: the dtype in which products are summed and returned; by
        default the one the dtypes of the operands promote to.
      out_sharding: not supported.

    Returns:
      An array with the batch axes, then the free axes of x, then those of y.

    >>> x, y = np.ones((5, 2, 3)), np.ones((5, 3, 4))
    >>> dot_general(x, y, (((2,), (1,)), ((0,), (0,)))).shape
    (5, 2, 4)
    """
    if out_sharding is not None:
        raise NotImplementedError(
            "dot_general: out_sharding is not supported. Use with_sharding_constraint "
            "on the result."
        )
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    if preferred_element_type is not None:
        preferred_element_type = dtypes.explicit(preferred_element_type, "dot_general")
    return dot_general_p.bind(
        lhs,
        rhs,
        dimension_numbers=(
            (_axes(x_contract), _axes(y_contract)),
            (_axes(x_batch), _axes(y_batch)),
        ),
        precision=canonical_precision("dot_general", precision),
        preferred_element_type=preferred_element_type,
    )


def _axes(axes):
    return tuple(map(operator.index, axes))


def free_axes(ndim, *used):
    """The axes that are neither contracted nor batch."""
    return [k for k in range(ndim) if not any(k in axes for axes in used)]


def _dot_general_abstract(
    x, y, *, dimension_numbers, precision, preferred_element_type
):
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    for name, aval, contract, batch in (
        ("lhs", x, x_contract, x_batch),
        ("rhs", y, y_contract, y_batch),
    ):
        axes = (*contract, *batch)
        if len(set(axes)) != len(axes) or not all(0 <= k < aval.ndim for k in axes):
            raise TypeError(
                f"dot_general: contracting and batch axes must be distinct axes of "
                f"{name}, a {aval}, got {contract} and {batch}."
            )
    for kind, x_axes, y_axes in (
        ("contracting", x_contract, y_contract),
        ("batch", x_batch, y_batch),
    ):
        x_sizes = tuple(x.shape[k] for k in x_axes)
        y_sizes = tuple(y.shape[k] for k in y_axes)
        if x_sizes != y_sizes:
            raise TypeError(
                f"dot_general: {kind} axes must agree in size, got {x_sizes} (axes "
                f"{x_axes} of {x}) and {y_sizes} (axes {y_axes} of {y})."
            )
    shape = (
        *(x.shape[k] for k in x_batch),
        *(x.shape[k] for k in free_axes(x.ndim, x_contract, x_batch)),
        *(y.shape[k] for k in free_axes(y.ndim, y_contract, y_batch)),
    )
    if preferred_element_type is not None:
        return ShapedArray(shape, preferred_element_type)
    return ShapedArray(shape, *_result_type(x, y))


def _result_type(x, y):
    weak = x.weak_type and y.weak_type
    if x.dtype == y.dtype:
        return x.dtype, weak
    return dtypes.result_type(x, y), weak


def _dot_general_jvp(primitive, primals, tangents, params):
    preferred = params["preferred_element_type"]
    if preferred is not None and not dtypes.is_inexact(preferred):
        return primitive.bind(*primals, **params), None
    return bilinear.apply(primitive, primals, tangents, params)


def _dot_general_transpose(
    ct, x, y, *, dimension_numbers, precision, preferred_element_type
):
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    x_free = free_axes(x.ndim, x_contract, x_batch)
    y_free = free_axes(y.ndim, y_contract, y_batch)
    # The axes of ct: batch, free axes of x, free axes of y.
    batch = tuple(range(len(x_batch)))
    ct_x = tuple(range(len(batch), len(batch) + len(x_free)))
    ct_y = tuple(range(len(batch) + len(x_free), ct.ndim))
    if is_linear(x):
        x_axes = (x_contract, x_batch, x_free)
        y_axes = (y_contract, y_batch, y_free)
        fixed, ct_fixed = y, ct_y
    else:
        x_axes = (y_contract, y_batch, y_free)
        y_axes = (x_contract, x_batch, x_free)
        fixed, ct_fixed = x, ct_x
        precision = swapped(precision)
    unknown = x if is_linear(x) else y
    bar = _contract_into(
        x_axes, ct, ct_fixed, batch, fixed, y_axes, precision, preferred_element_type
    )
    bar = convert_element_type(bar, unknown.dtype)
    return [bar, None] if is_linear(x) else [None, bar]


def _contract_into(axes, ct, ct_fixed, ct_batch, y, y_axes, precision, preferred):
    """Contract ct with y over the free axes of y, into the order of `axes`.

    The result has the batch axes, the free axes of the operand that is solved for and
    the contracted ones in the order in which they stand in y. With ct as the second
    operand the last two groups change places: taken if it saves the transpose.
    """
    contract, batch, free = axes
    y_contract, y_batch, y_free = y_axes
    contracted = [contract[y_contract.index(k)] for k in sorted(y_contract)]
    order = [*batch, *free, *contracted]
    exchanged = [*batch, *contracted, *free]
    if order != sorted(order) and exchanged == sorted(exchanged):
        numbers = ((y_free, ct_fixed), (y_batch, ct_batch))
        return dot_general(y, ct, numbers, swapped(precision), preferred)
    numbers = ((ct_fixed, y_free), (ct_batch, y_batch))
    bar = dot_general(ct, y, numbers, precision, preferred)
    return transpose(bar, inverse_permutation(order))


def _dot_general_batch(size, operands, dims, *, dimension_numbers, **params):
    (x, y), (x_dim, y_dim) = operands, dims
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    x_contract, x_batch = _shifted(x_contract, x_dim), _shifted(x_batch, x_dim)
    y_contract, y_batch = _shifted(y_contract, y_dim), _shifted(y_batch, y_dim)
    if x_dim is None:
        # The batch axis is one more free axis of y.
        free = free_axes(y.ndim, y_contract, y_batch)
        dim = aval_of(x).ndim - len(x_contract) + free.index(y_dim)
    elif y_dim is None:
        free = free_axes(x.ndim, x_contract, x_batch)
        dim = len(x_batch) + free.index(x_dim)
    else:
        x_batch, y_batch = (x_dim, *x_batch), (y_dim, *y_batch)
        dim = 0
    numbers = ((x_contract, y_contract), (x_batch, y_batch))
    return dot_general_p.bind(x, y, dimension_numbers=numbers, **params), dim


def _shifted(axes, dim):
    """Axes of a member as axes of the batch."""
    return axes if dim is None else tuple(k + (k >= dim) for k in axes)


def _dot_general_lower(
    hlo, out, x, y, *, dimension_numbers, precision, preferred_element_type
):
    if x.dtype != y.dtype and not {x.dtype, y.dtype} <= dtypes.SMALL_FLOATS:
        x, y = (_converted(hlo, v, out.dtype) for v in (x, y))
    shape = out.shape
    if hlo.platform == "cpu" and not hlo.partitioned:
        flat = flat_product(x, y, dimension_numbers)
        if flat is not None:
            x, y = (_reshaped(hlo, v, s) for v, s in zip((x, y), flat[0], strict=True))
            out, dimension_numbers = out.update(shape=flat[1]), flat[2]
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    batching = f"batching_dims = {[*x_batch]} x {[*y_batch]}, " if x_batch else ""
    algorithm = algorithm_of(precision, x, y, out)
    result = out
    if algorithm is not None:
        result = out.update(dtype=dtypes.as_dtype(algorithm.accumulation_type))
    how = f", {algorithm_text(algorithm)}" if algorithm is not None else ""
    lhs, rhs = pair_of(precision)
    name = hlo.emit(
        f"stablehlo.dot_general {x}, {y}, {batching}contracting_dims = "
        f"{[*x_contract]} x {[*y_contract]}, precision = [{lhs}, {rhs}]{how} : "
        f"({x.mlir}, {y.mlir}) -> {result.mlir}"
    )
    product = _converted(hlo, hlo.value(name, result), out.dtype)
    return str(_reshaped(hlo, product, shape))


def flat_product(x, y, dimension_numbers):
    """How to write a product of arrays as one of matrices that are read as they lie.

    XLA on CPU copies an operand, transposed, whose contracted axes are not last on the
    left or first on the right, unless the operands are matrices. Gradients of weights,
    which contract all axes of a batch, are such products.

    Returns:
      None where nothing is gained; else the shapes of the matrices and of their
      product, and its dimension numbers.
    """
    contracted, (x_batch, _) = dimension_numbers
    if x_batch or max(x.ndim, y.ndim) <= 2 or not contracted[0]:
        return None
    ends = [_end(v.ndim, axes) for v, axes in zip((x, y), contracted, strict=True)]
    if None in ends or ends == [1, 0]:
        return None
    summed = math.prod([x.shape[k] for k in contracted[0]])
    free = [math.prod(v.shape) // max(summed, 1) for v in (x, y)]
    if not summed or 0 in free:
        return None
    shapes = [
        (summed, n) if end == 0 else (n, summed)
        for n, end in zip(free, ends, strict=True)
    ]
    return shapes, tuple(free), (tuple((end,) for end in ends), ((), ()))


def _end(ndim, axes):
    """0 if the axes are the first of an array, 1 if they are its last, else None."""
    if axes == tuple(range(len(axes))):
        return 0
    return 1 if axes == tuple(range(ndim - len(axes), ndim)) else None


def _reshaped(hlo, x, shape):
    if x.shape == shape:
        return x
    out = x.aval.update(shape=shape)
    return hlo.value(hlo.emit(f"stablehlo.reshape {x} : ({x.mlir}) -> {out.mlir}"), out)


def _converted(hlo, x, dtype):
    if x.dtype == dtype:
        return x
    out = x.aval.update(dtype=dtype)
    return hlo.value(hlo.emit(f"stablehlo.convert {x} : ({x.mlir}) -> {out.mlir}"), out)


dot_general_p = Primitive(
    "dot_general",
    abstract=_dot_general_abstract,
    jvp=JvpRule(_dot_general_jvp),
    transpose=_dot_general_transpose,
    batch=_dot_general_batch,
    lower=_dot_general_lower,
)


def dot(
    lhs,
    rhs,
    *,
    dimension_numbers=None,
    precision=None,
    preferred_element_type=None,
    out_sharding=None,
):
    """The product of matrices and vectors, or `dot_general` when axes are named.

    >>> dot(np.ones((2, 3)), np.ones(3))
    Array([3., 3.], dtype=float32)
    """
    if dimension_numbers is None:
        x, y = aval_of(lhs), aval_of(rhs)
        vectors_or_matrices = 1 <= x.ndim <= 2 and 1 <= y.ndim <= 2
        if not vectors_or_matrices or x.shape[-1] != y.shape[0]:
            raise ValueError(
                "dot: operands must be vectors or matrices that agree in the last axis "
                f"of the first and the first axis of the second, got {x} and {y}. Name "
                "the axes with dimension_numbers, or use minijax.numpy.matmul."
            )
        dimension_numbers = (((x.ndim - 1,), (0,)), ((), ()))
    return dot_general(
        lhs,
        rhs,
        dimension_numbers,
        precision,
        preferred_element_type,
        out_sharding=out_sharding,
    )


def batch_matmul(lhs, rhs, precision=None):
    """Products of matrices, one for each index of the leading axes, which agree.

    >>> batch_matmul(np.ones((5, 2, 3)), np.ones((5, 3, 4))).shape
    (5, 2, 4)
    """
    x, y = aval_of(lhs), aval_of(rhs)
    if x.ndim < 2 or x.ndim != y.ndim:
        raise ValueError(
            f"batch_matmul: operands must have one rank, 2 or more, got {x} and {y}."
        )
    batch: Sequence[int] = range(x.ndim - 2)
    numbers = (((x.ndim - 1,), (x.ndim - 2,)), (batch, batch))
    return dot_general(lhs, rhs, numbers, precision)
