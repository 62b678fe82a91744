"""Products of arrays kept in few bits, with a scale for each block of elements.

scaled_dot(x, y, lhs_scale=s, rhs_scale=t)        is        (x * s) @ (y * t)
"""

from .. import dtypes
from ..core.literal import aval_of
from ..primitives import (
    broadcast_in_dim,
    convert_element_type,
    dot_general,
    mul,
    reshape,
)
from ..runtime.compiled import compiled

__all__ = ["scaled_dot"]

# The numbers of a matrix product and of a product of batches of matrices.
_NUMBERS = {
    2: (((1,), (0,)), ((), ())),
    3: (((2,), (1,)), ((0,), (0,))),
}


def scaled_dot(
    lhs,
    rhs,
    *,
    lhs_scale=None,
    rhs_scale=None,
    dimension_numbers=None,
    preferred_element_type=None,
):
    """The sum of products of scaled operands, computed from bfloat16 factors.

    Args:
      lhs, rhs: the operands, of any floating-point dtype.
      lhs_scale, rhs_scale: scales of the rank of their operand; an axis of size n has n
        scales, or a divisor of n, each for a block of equal size.
      dimension_numbers: those of `dot_general`; by default those of a product of
        matrices, or of batches of matrices.
      preferred_element_type: bfloat16, the default, or float32.

    >>> x, y = np.ones((2, 8), np.float32), np.ones((8, 3), np.float32)
    >>> scaled_dot(x, y, lhs_scale=np.full((2, 2), 2, np.float32))[0, 0]
    Array(16, dtype=bfloat16)
    """
    rank = aval_of(lhs).ndim
    if dimension_numbers is None:
        if rank not in _NUMBERS:
            raise ValueError(
                "scaled_dot: without dimension_numbers operands must have rank 2 or 3, "
                f"got {aval_of(lhs)}. Name the axes."
            )
        dimension_numbers = _NUMBERS[rank]
    preferred = dtypes.bfloat16
    if preferred_element_type is not None:
        preferred = dtypes.explicit(preferred_element_type, "scaled_dot")
    for name, x, scale in (("lhs", lhs, lhs_scale), ("rhs", rhs, rhs_scale)):
        if scale is not None:
            _check_scale(name, aval_of(x), aval_of(scale))
    (x_contract, y_contract), (x_batch, y_batch) = dimension_numbers
    numbers = (
        (tuple(x_contract), tuple(y_contract)),
        (tuple(x_batch), tuple(y_batch)),
    )
    return _scaled_dot(lhs, rhs, lhs_scale, rhs_scale, numbers, preferred)


def _check_scale(name, x, scale):
    fits = x.ndim == scale.ndim and all(
        m and n % m == 0 for n, m in zip(x.shape, scale.shape, strict=True)
    )
    if not fits:
        raise TypeError(
            f"scaled_dot: {name}_scale must have a divisor of the size of each axis of "
            f"{name}, got {scale} for {x}."
        )


@compiled(static_argnames=("numbers", "preferred"))
def _scaled_dot(lhs, rhs, lhs_scale, rhs_scale, numbers, preferred):
    x, y = _scaled(lhs, lhs_scale), _scaled(rhs, rhs_scale)
    return dot_general(x, y, numbers, preferred_element_type=preferred)


def _scaled(x, scale):
    """An operand in bfloat16, each block of its elements times its scale."""
    x = convert_element_type(x, dtypes.bfloat16)
    if scale is None:
        return x
    scale = convert_element_type(scale, dtypes.bfloat16)
    blocks = [n // m for n, m in zip(x.shape, scale.shape, strict=True)]
    paired = [n for pair in zip(scale.shape, blocks, strict=True) for n in pair]
    repeated = broadcast_in_dim(scale, paired, range(0, 2 * x.ndim, 2))
    return mul(x, reshape(repeated, x.shape))
