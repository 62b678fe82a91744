"""Products of matrices that are kept in few bits, with a scale for each block."""

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..core.literal import aval_of
from ..runtime.compiled import compiled

# Both operands are contracted over their last axis, for each index of the first.
_NUMBERS = (((2,), (2,)), ((0,), (0,)))


def scaled_matmul(lhs, rhs, lhs_scales, rhs_scales, preferred_element_type=np.float32):
    """Products of rows with rows, each block of K / S elements times its scale.

    Args:
      lhs: shape (B, M, K), of any dtype of real numbers.
      rhs: shape (B, N, K).
      lhs_scales: shape (B, M, S), where S divides K.
      rhs_scales: shape (B, N, S).
      preferred_element_type: the dtype of the result; products are summed in float32.

    Returns:
      Shape (B, M, N). Differentiable in all four operands.

    >>> x, y = np.ones((1, 2, 8), np.float32), np.ones((1, 3, 8), np.float32)
    >>> s, t = np.full((1, 2, 2), 2, np.float32), np.ones((1, 3, 2), np.float32)
    >>> scaled_matmul(x, y, s, t).shape
    (1, 2, 3)
    """
    _check(*map(aval_of, (lhs, rhs, lhs_scales, rhs_scales)))
    dtype = dtypes.explicit(preferred_element_type, "scaled_matmul")
    return _scaled_matmul(lhs, rhs, lhs_scales, rhs_scales, dtype=dtype)


def _check(x, y, s, t):
    types = f"{x}, {y}, {s} and {t}"
    if any(v.ndim != 3 for v in (x, y, s, t)):
        raise ValueError(f"scaled_matmul: operands must have rank 3, got {types}.")
    fits = (
        x.shape[0] == y.shape[0]
        and x.shape[2] == y.shape[2]
        and s.shape[2] == t.shape[2]
        and s.shape[:2] == x.shape[:2]
        and t.shape[:2] == y.shape[:2]
        and s.shape[2]
        and x.shape[2] % s.shape[2] == 0
    )
    if not fits:
        raise ValueError(
            "scaled_matmul: needs lhs (B, M, K), rhs (B, N, K) and scales (B, M, S) "
            f"and (B, N, S), where S divides K, got {types}."
        )


@compiled(static_argnames=("dtype",))
def _scaled_matmul(lhs, rhs, lhs_scales, rhs_scales, dtype):
    x, y = _scaled(lhs, lhs_scales), _scaled(rhs, rhs_scales)
    return lax.convert_element_type(lax.dot_general(x, y, _NUMBERS), dtype)


def _scaled(x, scales):
    """An operand in f32, each of its blocks times its scale."""
    x = lax.convert_element_type(x, np.float32)
    scales = lax.convert_element_type(scales, np.float32)
    return x * jnp.repeat(scales, x.shape[-1] // scales.shape[-1], axis=-1)
