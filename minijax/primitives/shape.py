"""Operations that move elements and change none: broadcast, reshape, transpose, ...

All are linear. Batching puts the batch axis first and shifts the axes of the rest.
"""

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from ..core.primitive import Primitive
from ..core.rules import linear, zero_tangent


def move_axis(x, source: int, destination: int):
    """x with one axis moved to another place, the others keeping their order."""
    if source == destination:
        return x
    rest = [k for k in range(x.ndim) if k != source]
    rest.insert(destination, source)
    return transpose(x, rest)


def move_batch(size: int, x, dim: int | None, destination: int):
    """x with its batch axis at `destination`; repeated `size` times if it has none."""
    if dim is not None:
        return move_axis(x, dim, destination)
    shape = aval_of(x).shape
    kept = [k + (k >= destination) for k in range(len(shape))]
    shape = (*shape[:destination], size, *shape[destination:])
    return broadcast_in_dim(x, shape, kept)


def batch_first(rule):
    """A batch rule for one operand, given the operand with its batch axis in front."""

    @functools.wraps(rule)
    def batch(size, operands, dims, **params):
        (x,), (dim,) = operands, dims
        return rule(size, move_axis(x, dim, 0), **params), 0

    return batch


def refuse_out_sharding(where: str, out_sharding, keyword: str = "out_sharding"):
    """JAX's `out_sharding=`, which needs meshes with explicit axes."""
    if out_sharding is not None:
        raise NotImplementedError(
            f"{where}: {keyword} is not supported. Use "
            "lax.with_sharding_constraint or device_put on the result."
        )


def on_key_data(function):
    """Let a structural function accept arrays of random keys: it acts on their data.

    A key array of shape S holds uint32 words of shape S + K. `function(x, ...)` must
    accept the words, with `trailing=len(K)` naming how many axes belong to the key.
    """

    @functools.wraps(function)
    def wrapped(x, *args, **kwargs):
        dtype = aval_of(x).dtype
        if not isinstance(dtype, dtypes.ExtendedDType):
            return function(x, *args, **kwargs)
        words = dtype.key_shape
        return dtype.wrap(function(dtype.unwrap(x), *args, **kwargs, key_shape=words))

    return wrapped


# broadcast_in_dim


@on_key_data
def broadcast_in_dim(
    operand,
    shape: Sequence[int],
    broadcast_dimensions: Sequence[int],
    *,
    out_sharding=None,
    key_shape=(),
):
    """Repeat an array along new axes and along axes of size 1.

    Axis k of the operand becomes axis `broadcast_dimensions[k]` of the result.

    >>> broadcast_in_dim(np.ones(3), (2, 3), (1,)).shape
    (2, 3)
    """
    if out_sharding is not None:
        refuse_out_sharding("broadcast_in_dim", out_sharding)
    rank = len(shape)
    shape = (*map(int, shape), *key_shape)
    dims = (*map(int, broadcast_dimensions), *range(rank, rank + len(key_shape)))
    return broadcast_in_dim_p.bind(operand, shape=shape, broadcast_dimensions=dims)


def _broadcast_in_dim_abstract(x, *, shape, broadcast_dimensions):
    dims = broadcast_dimensions
    increasing = all(a < b for a, b in itertools.pairwise(dims))
    fits = (
        len(dims) == x.ndim
        and increasing
        and all(0 <= d < len(shape) for d in dims)
        and all(n in (1, shape[d]) for n, d in zip(x.shape, dims, strict=True))
    )
    if not fits:
        raise TypeError(
            f"broadcast_in_dim: {x} does not fit into shape {shape} with its axes at "
            f"{dims}. Sizes must be equal or 1, and axes in increasing order."
        )
    return ShapedArray(shape, x.dtype, x.weak_type)


def _broadcast_in_dim_transpose(ct, x, *, shape, broadcast_dimensions):
    # Every repeated element receives the sum over its copies.
    dims = broadcast_dimensions
    new = [k for k in range(len(shape)) if k not in dims]
    grown = [d for n, d in zip(x.shape, dims, strict=True) if n == 1 != shape[d]]
    summed = reduce_sum(ct, sorted((*new, *grown)))
    return [reshape(summed, x.shape)]


@batch_first
def _broadcast_in_dim_batch(size, x, *, shape, broadcast_dimensions):
    dims = (0, *(d + 1 for d in broadcast_dimensions))
    return broadcast_in_dim(x, (size, *shape), dims)


def _broadcast_in_dim_lower(hlo, out, x, *, shape, broadcast_dimensions):
    if x.aval.shape == shape:
        return str(x)
    return hlo.emit(
        f"stablehlo.broadcast_in_dim {x}, dims = {list(broadcast_dimensions)} : "
        f"{hlo.types([x], out)}"
    )


broadcast_in_dim_p = Primitive(
    "broadcast_in_dim",
    abstract=_broadcast_in_dim_abstract,
    jvp=linear,
    transpose=_broadcast_in_dim_transpose,
    batch=_broadcast_in_dim_batch,
    lower=_broadcast_in_dim_lower,
)


def broadcast(operand, sizes: Sequence[int], *, out_sharding=None):
    """Add leading axes of the given sizes."""
    refuse_out_sharding("broadcast", out_sharding)
    shape = aval_of(operand).shape
    dims = range(len(sizes), len(sizes) + len(shape))
    return broadcast_in_dim(operand, (*sizes, *shape), dims)


def full(shape, fill_value, dtype=None, *, sharding=None):
    """An array of one scalar, repeated."""
    if sharding is not None:
        refuse_out_sharding("full", sharding, "sharding")
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if isinstance(dtype, dtypes.ExtendedDType):
        return dtype.wrap(full((*shape, *dtype.key_shape), fill_value, np.uint32))
    aval = aval_of(fill_value)
    if dtype is None:
        dtype, weak = aval.dtype, aval.weak_type
    else:
        dtype, weak = dtypes.canonicalize(dtype), False
    if isinstance(fill_value, bool | int | float | complex | np.generic):
        fill_value = literal(fill_value, ShapedArray((), dtype, weak))
    elif aval.dtype != dtype:
        fill_value = fill_value.astype(dtype)
    return broadcast_in_dim(fill_value, shape, ())


# reduce_sum


def reduce_sum(operand, axes: Sequence[int], *, out_sharding=None):
    """The sum over some axes: the transpose of a broadcast.

    >>> reduce_sum(np.ones((2, 3)), (0,)).shape
    (3,)
    """
    if out_sharding is not None:
        refuse_out_sharding("reduce_sum", out_sharding)
    axes = tuple(map(int, axes))
    if not axes and hasattr(operand, "aval"):
        return operand
    return reduce_sum_p.bind(operand, axes=axes)


def reduced_shape(where, x, axes):
    """The shape of x without `axes`, which must be distinct axes of it."""
    if len(set(axes)) != len(axes) or not all(0 <= k < x.ndim for k in axes):
        raise ValueError(f"{where}: axes must be distinct axes of {x}, got {axes}.")
    return tuple(n for k, n in enumerate(x.shape) if k not in axes)


def _reduce_sum_abstract(x, *, axes):
    if x.dtype == np.bool_ or not dtypes.issubdtype(x.dtype, np.number):
        raise TypeError(f"reduce_sum: needs numbers, got {x}. Convert with astype.")
    return ShapedArray(reduced_shape("reduce_sum", x, axes), x.dtype, x.weak_type)


def _reduce_sum_transpose(ct, x, *, axes):
    kept = [k for k in range(x.ndim) if k not in axes]
    return [broadcast_in_dim(ct, x.shape, kept)]


@batch_first
def _reduce_sum_batch(size, x, *, axes):
    return reduce_sum(x, [k + 1 for k in axes])


def _reduce_sum_lower(hlo, out, x, *, axes):
    zero = hlo.constant(np.zeros((), x.aval.dtype))
    return hlo.reduce("stablehlo.add", x, zero, axes, out)


reduce_sum_p = Primitive(
    "reduce_sum",
    abstract=_reduce_sum_abstract,
    jvp=linear,
    transpose=_reduce_sum_transpose,
    batch=_reduce_sum_batch,
    lower=_reduce_sum_lower,
)


def unbroadcast(ct, x):
    """A cotangent summed to a scalar where the operand was one."""
    return reduce_sum(ct, range(ct.ndim)) if x.ndim < ct.ndim else ct


def full_like(x, fill_value, dtype=None, shape=None, sharding=None):
    """An array of one scalar with the shape and dtype of another, unless given."""
    if sharding is not None:
        refuse_out_sharding("full_like", sharding, "sharding")
    aval = aval_of(x)
    shape = aval.shape if shape is None else shape
    number = isinstance(fill_value, bool | int | float | complex)
    if number and dtype is None and aval.weak_type:
        return broadcast_in_dim(literal(fill_value, aval.update(shape=())), shape, ())
    return full(shape, fill_value, aval.dtype if dtype is None else dtype)


# reshape


@on_key_data
def reshape(
    operand,
    new_sizes: Sequence[int],
    dimensions=None,
    *,
    out_sharding=None,
    key_shape=(),
):
    """The same elements in row-major order, in another shape.

    Args:
      dimensions: an order of axes in which to read the operand, if not its own.

    >>> reshape(np.arange(6), (2, 3)).shape
    (2, 3)
    """
    if out_sharding is not None:
        refuse_out_sharding("reshape", out_sharding)
    new_sizes = (*map(int, new_sizes), *key_shape)
    if dimensions is not None:
        order = (*dimensions, *range(len(dimensions), np.ndim(operand)))
        operand = transpose(operand, order)
    if aval_of(operand).shape == new_sizes and hasattr(operand, "aval"):
        return operand
    return reshape_p.bind(operand, new_sizes=new_sizes)


def _reshape_abstract(x, *, new_sizes):
    if math.prod(new_sizes) != x.size or any(n < 0 for n in new_sizes):
        raise ValueError(
            f"reshape: the number of elements must stay {x.size}, got {x} and new "
            f"shape {new_sizes}."
        )
    return ShapedArray(new_sizes, x.dtype, x.weak_type)


def _reshape_transpose(ct, x, *, new_sizes):
    return [reshape(ct, x.shape)]


@batch_first
def _reshape_batch(size, x, *, new_sizes):
    return reshape(x, (size, *new_sizes))


def _reshape_lower(hlo, out, x, *, new_sizes):
    return hlo.emit(f"stablehlo.reshape {x} : {hlo.types([x], out)}")


reshape_p = Primitive(
    "reshape",
    abstract=_reshape_abstract,
    jvp=linear,
    transpose=_reshape_transpose,
    batch=_reshape_batch,
    lower=_reshape_lower,
)


def squeeze(array, dimensions: Sequence[int] | None = None):
    """Remove axes of size 1; all of them when none are named."""
    shape = aval_of(array).shape
    if dimensions is None:
        dimensions = [k for k, n in enumerate(shape) if n == 1]
    gone = {canonical_dimension("squeeze", d, len(shape)) for d in dimensions}
    for d in gone:
        if shape[d] != 1:
            raise ValueError(
                f"squeeze: axis {d} must have size 1, got {aval_of(array)}."
            )
    return reshape(array, [n for k, n in enumerate(shape) if k not in gone])


def collapse(operand, start_dimension: int, stop_dimension: int | None = None):
    """Merge the axes from `start_dimension` up to `stop_dimension` into one.

    >>> collapse(np.zeros((2, 3, 4)), 0, 2).shape
    (6, 4)
    """
    shape = aval_of(operand).shape
    merged = slice(start_dimension, stop_dimension)
    start, stop, _ = merged.indices(len(shape))
    sizes = (*shape[:start], math.prod(shape[start:stop]), *shape[stop:])
    return reshape(operand, sizes)


def expand_dims(array, dimensions: Sequence[int]):
    """Insert axes of size 1 at the given places of the result."""
    rank = aval_of(array).ndim + len(dimensions)
    new = {canonical_dimension("expand_dims", d, rank) for d in dimensions}
    if len(new) != len(dimensions):
        raise ValueError(f"expand_dims: repeated axis in {tuple(dimensions)}.")
    sizes = iter(aval_of(array).shape)
    return reshape(array, [1 if k in new else next(sizes) for k in range(rank)])


def canonical_dimension(where, d, rank):
    """An axis as a non-negative number below `rank`."""
    d = int(d)
    if not -rank <= d < rank:
        raise ValueError(
            f"{where}: axis must be in [{-rank}, {rank}), got {d}. The array has "
            f"{rank} axes."
        )
    return d % rank


# transpose


@on_key_data
def transpose(operand, permutation: Sequence[int], key_shape=()):
    """Axis k of the result is axis `permutation[k]` of the operand."""
    rank = len(permutation)
    permutation = (*map(int, permutation), *range(rank, rank + len(key_shape)))
    if permutation == tuple(range(aval_of(operand).ndim)) and hasattr(operand, "aval"):
        return operand
    return transpose_p.bind(operand, permutation=permutation)


def _transpose_abstract(x, *, permutation):
    if sorted(permutation) != list(range(x.ndim)):
        raise TypeError(
            f"transpose: permutation must name each axis of {x} once, got "
            f"{permutation}."
        )
    return ShapedArray([x.shape[k] for k in permutation], x.dtype, x.weak_type)


def _transpose_transpose(ct, x, *, permutation):
    return [transpose(ct, inverse_permutation(permutation))]


def inverse_permutation(permutation):
    """The permutation that undoes another."""
    return sorted(range(len(permutation)), key=permutation.__getitem__)


def _transpose_batch(size, operands, dims, *, permutation):
    (x,), (dim,) = operands, dims
    # The batch axis stays where it is in memory order: it becomes the leading axis.
    order = (dim, *(k + (k >= dim) for k in permutation))
    return transpose(x, order), 0


def _transpose_lower(hlo, out, x, *, permutation):
    return hlo.emit(
        f"stablehlo.transpose {x}, dims = {list(permutation)} : {hlo.types([x], out)}"
    )


transpose_p = Primitive(
    "transpose",
    abstract=_transpose_abstract,
    jvp=linear,
    transpose=_transpose_transpose,
    batch=_transpose_batch,
    lower=_transpose_lower,
)


# rev


@on_key_data
def rev(operand, dimensions: Sequence[int], key_shape=()):
    """Reverse the order of elements along the given axes."""
    if not len(dimensions) and hasattr(operand, "aval"):
        return operand
    return rev_p.bind(operand, dimensions=tuple(map(int, dimensions)))


def _rev_abstract(x, *, dimensions):
    if len(set(dimensions)) != len(dimensions) or not all(
        0 <= d < x.ndim for d in dimensions
    ):
        raise TypeError(f"rev: dimensions must be axes of {x}, got {dimensions}.")
    return x


def _rev_transpose(ct, x, *, dimensions):
    return [rev(ct, dimensions)]


@batch_first
def _rev_batch(size, x, *, dimensions):
    return rev(x, [d + 1 for d in dimensions])


def _rev_lower(hlo, out, x, *, dimensions):
    return hlo.emit(
        f"stablehlo.reverse {x}, dims = {list(dimensions)} : {hlo.type(out)}"
    )


rev_p = Primitive(
    "rev",
    abstract=_rev_abstract,
    jvp=linear,
    transpose=_rev_transpose,
    batch=_rev_batch,
    lower=_rev_lower,
)


# iota


def iota(dtype, size: int):
    """0, 1, ..., size - 1."""
    return broadcasted_iota(dtype, (size,), 0)


def broadcasted_iota(dtype, shape: Sequence[int], dimension: int, *, out_sharding=None):
    """An array whose elements are their own index along one axis."""
    refuse_out_sharding("broadcasted_iota", out_sharding)
    dtype = dtypes.canonicalize(dtype)
    shape = tuple(map(int, shape))
    dimension = canonical_dimension("iota", dimension, len(shape))
    return iota_p.bind(dtype=dtype, shape=shape, dimension=dimension)


def _iota_abstract(*, dtype, shape, dimension):
    if any(n < 0 for n in shape):
        raise TypeError(f"iota: sizes must be >= 0, got {shape}.")
    if dtype == np.bool_:
        raise TypeError("iota: needs an integer, real or complex dtype, got bool.")
    return ShapedArray(shape, dtype)


def _iota_batch(size, operands, dims, **params):
    return iota_p.bind(**params), None


def _iota_lower(hlo, out, *, dtype, shape, dimension):
    return hlo.emit(f"stablehlo.iota dim = {dimension} : {hlo.type(out)}")


iota_p = Primitive(
    "iota",
    abstract=_iota_abstract,
    jvp=zero_tangent,
    batch=_iota_batch,
    lower=_iota_lower,
)


# copy


def copy(x):
    """The same values in a buffer of their own."""
    return copy_p.bind(x)


copy_p = Primitive(
    "copy",
    abstract=lambda x: x,
    jvp=linear,
    transpose=lambda ct, x: [ct],
    batch=lambda size, operands, dims: (copy(operands[0]), dims[0]),
    lower=lambda hlo, out, x: str(x),
)
