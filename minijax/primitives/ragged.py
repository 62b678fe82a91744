"""Products of arrays one axis of which falls into groups of different sizes.

    z:f32[m,n] = ragged_dot x:f32[m,k] y:f32[g,k,n] sizes:i32[g]

The ragged axis of x, of size m, holds the elements of group 0 first, then those of
group 1, and so on. Spread over a new axis of size g, with zeros where an element is of
another group, x enters one product of g times the size.
"""

import operator
from dataclasses import dataclass

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of, literal
from .contract import dot_general
from .cumulative import cumsum
from .elementwise import bitwise_and, ge, lt, select, sub
from .shape import broadcast_in_dim, broadcasted_iota, move_axis, transpose

__all__ = ["RaggedDotDimensionNumbers", "ragged_dot", "ragged_dot_general"]


@dataclass(frozen=True, init=False)
class RaggedDotDimensionNumbers:
    """Which axes of the operands of `ragged_dot_general` have which part.

    Attributes:
      dot_dimension_numbers: those of `dot_general`, axes that are paired.
      lhs_ragged_dimensions: the one axis of the first operand that is in groups.
      rhs_group_dimensions: the axis of the second operand with an entry for each
        group, if the ragged axis is free, and none otherwise.
    """

    dot_dimension_numbers: tuple
    lhs_ragged_dimensions: tuple[int, ...]
    rhs_group_dimensions: tuple[int, ...]

    def __init__(
        self, dot_dimension_numbers, lhs_ragged_dimensions, rhs_group_dimensions
    ):
        set_field = object.__setattr__
        numbers = tuple(tuple(map(_axes, pair)) for pair in dot_dimension_numbers)
        set_field(self, "dot_dimension_numbers", numbers)
        set_field(self, "lhs_ragged_dimensions", _axes(lhs_ragged_dimensions))
        set_field(self, "rhs_group_dimensions", _axes(rhs_group_dimensions))


def _axes(axes):
    return tuple(map(operator.index, axes))


_ROWS = RaggedDotDimensionNumbers((((1,), (1,)), ((), ())), (0,), (0,))


def ragged_dot(
    lhs,
    rhs,
    group_sizes,
    precision=None,
    preferred_element_type=None,
    group_offset=None,
    out_sharding=None,
):
    """Products of groups of rows with a matrix for each group.

    Args:
      lhs: rows, of shape (m, k), those of group 0 first, then those of group 1, ...
      rhs: matrices, of shape (g, k, n).
      group_sizes: g integers; rows beyond their sum give zeros.
      precision: see `Precision`.
      preferred_element_type: the dtype in which products are summed and returned.
      group_offset: not supported.
      out_sharding: not supported.

    >>> ragged_dot(np.ones((3, 2)), np.arange(4.0).reshape(2, 2, 1), np.array([1, 2]))
    Array([[1.],
           [5.],
           [5.]], dtype=float32)
    """
    x, y, sizes = aval_of(lhs), aval_of(rhs), aval_of(group_sizes)
    if x.ndim != 2 or y.ndim != 3 or y.shape[:2] != (*sizes.shape, x.shape[1]):
        raise TypeError(
            "ragged_dot: needs lhs (m, k), rhs (g, k, n) and group_sizes (g,), got "
            f"{x}, {y} and {sizes}."
        )
    return ragged_dot_general(
        lhs,
        rhs,
        group_sizes,
        _ROWS,
        precision,
        preferred_element_type,
        group_offset,
        out_sharding,
    )


def ragged_dot_general(
    lhs,
    rhs,
    group_sizes,
    ragged_dot_dimension_numbers,
    precision=None,
    preferred_element_type=None,
    group_offset=None,
    out_sharding=None,
):
    """`dot_general` of operands one axis of which is in groups, the ragged axis.

    The ragged axis of the first operand may be

        free         each group has its own slice of the second operand
        contracted   each group gives its own product: a new axis of size g in front
        batched      all groups alike: the product of `dot_general`

    Args:
      lhs, rhs: the operands.
      group_sizes: integers of shape (g,); or (b..., x..., g), for each index of the
        batch axes and of those axes before the ragged one that are of its kind.
      ragged_dot_dimension_numbers: a `RaggedDotDimensionNumbers`.
      precision: see `Precision`.
      preferred_element_type: the dtype in which products are summed and returned.
      group_offset: not supported.
      out_sharding: not supported.

    >>> numbers = RaggedDotDimensionNumbers((((0,), (0,)), ((), ())), [0], [])
    >>> x, y = np.ones((5, 3)), np.ones((5, 4))
    >>> ragged_dot_general(x, y, np.array([2, 3]), numbers).shape
    (2, 3, 4)
    """
    if group_offset is not None or out_sharding is not None:
        raise NotImplementedError(
            "ragged_dot_general: group_offset and out_sharding are not supported. "
            "Slice group_sizes and rhs, or use with_sharding_constraint on the result."
        )
    numbers = ragged_dot_dimension_numbers
    x, y, sizes = aval_of(lhs), aval_of(rhs), aval_of(group_sizes)
    kind = _checked(x, y, sizes, numbers)
    (x_contract, y_contract), (x_batch, y_batch) = numbers.dot_dimension_numbers
    if kind == "batch":
        return dot_general(
            lhs, rhs, numbers.dot_dimension_numbers, precision, preferred_element_type
        )
    spread = _by_group(lhs, group_sizes, numbers, kind)
    if kind == "free":
        x_contract = (*x_contract, x.ndim)
        y_contract = (*y_contract, *numbers.rhs_group_dimensions)
    pairs = ((x_contract, y_contract), (x_batch, y_batch))
    out = dot_general(spread, rhs, pairs, precision, preferred_element_type)
    # The groups are the last of the free axes of the first operand.
    return out if kind == "free" else move_axis(out, x.ndim - len(x_contract), 0)


def _checked(x, y, sizes, numbers):
    """The kind of the ragged axis; refuses what does not fit."""
    where = "ragged_dot_general"
    if sizes.dtype not in dtypes.INTS:
        raise TypeError(f"{where}: group_sizes must be integers, got {sizes}.")
    if len(numbers.lhs_ragged_dimensions) != 1:
        raise TypeError(
            f"{where}: the first operand must have one ragged axis, got "
            f"{numbers.lhs_ragged_dimensions}."
        )
    (ragged,) = numbers.lhs_ragged_dimensions
    (x_contract, _), (x_batch, _) = numbers.dot_dimension_numbers
    kind = "contract" if ragged in x_contract else "free"
    kind = "batch" if ragged in x_batch else kind
    groups = numbers.rhs_group_dimensions
    if len(groups) != (kind == "free"):
        raise TypeError(
            f"{where}: the second operand must have one group axis if the ragged axis "
            f"is free, and none otherwise, got {groups}."
        )
    if groups and y.shape[groups[0]] != sizes.shape[-1]:
        raise TypeError(
            f"{where}: the group axis must have size {sizes.shape[-1]}, the number of "
            f"groups, got {y} with group axis {groups[0]}."
        )
    outer = _outer(x.ndim, numbers, kind)
    wanted = tuple(x.shape[k] for k in outer)
    if kind != "batch" and sizes.ndim != 1 and sizes.shape[:-1] != wanted:
        raise TypeError(
            f"{where}: group_sizes must have shape (g,) or "
            f"({', '.join(map(str, wanted))}, g), got {sizes}."
        )
    return kind


def _outer(rank, numbers, kind):
    """The axes of the first operand that may have group sizes of their own."""
    (ragged,) = numbers.lhs_ragged_dimensions
    (x_contract, _), (x_batch, _) = numbers.dot_dimension_numbers
    alike = x_contract
    if kind == "free":
        alike = [k for k in range(rank) if k not in x_contract and k not in x_batch]
    return [*x_batch, *(k for k in alike if k < ragged)]


def _by_group(lhs, group_sizes, numbers, kind):
    """The first operand with a last axis for groups: zero in all but its own."""
    x, sizes = aval_of(lhs), aval_of(group_sizes)
    (ragged,) = numbers.lhs_ragged_dimensions
    whole = (*x.shape, sizes.shape[-1])
    outer = _outer(x.ndim, numbers, kind) if sizes.ndim > 1 else []
    ends = cumsum(group_sizes, axis=sizes.ndim - 1)
    begins = sub(ends, group_sizes)
    order = sorted(range(len(outer)), key=outer.__getitem__)
    places = tuple(outer[k] for k in order)
    if places != tuple(outer):
        permutation = (*order, len(outer))
        ends, begins = transpose(ends, permutation), transpose(begins, permutation)
    position = broadcasted_iota(sizes.dtype, whole, ragged)
    ends, begins = (
        broadcast_in_dim(v, whole, (*places, x.ndim)) for v in (ends, begins)
    )
    mine = bitwise_and(ge(position, begins), lt(position, ends))
    repeated = broadcast_in_dim(lhs, whole, range(x.ndim))
    return select(mine, repeated, literal(0, ShapedArray((), x.dtype)))
