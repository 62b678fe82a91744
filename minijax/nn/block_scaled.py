"""Products of matrices that are rounded to few bits, block by block, on the way.

Each block of a contracted axis is divided by a scale that brings its largest element
to the largest number of a small type, and rounded to that type:

    x[M,K]  becomes  q[M,K] of 8 or 4 bits, s[M,K/block]  with  x = q s, nearly

mxfp8 has blocks of 32 and powers of 2 as scales: Rouhani et al., "Microscaling data
formats for deep learning", 2023, the powers rounded up as in Mishra et al., "Recipes
for pre-training LLMs with MXFP8", 2025. nvfp4 has blocks of 16, scales of 8 bits, and
one more scale for the whole array: NVIDIA, "Pretraining large language models with
NVFP4", 2025.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import dtypes, lax
from .. import numpy as jnp
from ..api import custom_vjp
from ..core.literal import aval_of
from .scaled import scaled_matmul

__all__ = ["get_scaled_dot_general_config", "scaled_dot_general"]


@dataclass
class BlockScaleConfig:
    """How an operand is rounded.

    Attributes:
      mode: "mxfp8" or "nvfp4".
      block_size: how many elements share a scale.
      data_type, scale_type: the types of elements and scales.
      global_scale: nvfp4 divides the array by it before, and multiplies the result.
      infer_only: accepted; derivatives are there either way.
    """

    mode: str
    block_size: int
    data_type: Any
    scale_type: Any
    global_scale: Any = None
    infer_only: bool = False


def get_scaled_dot_general_config(mode: str, global_scale=None) -> BlockScaleConfig:
    """How operands of `scaled_dot_general` are rounded: "mxfp8" or "nvfp4".

    global_scale: one number that divides an operand of "nvfp4"; 1 without.

    >>> get_scaled_dot_general_config("mxfp8").block_size
    32
    """
    if mode == "mxfp8":
        return BlockScaleConfig(mode, 32, jnp.float8_e4m3fn, jnp.float8_e8m0fnu)
    if mode == "nvfp4":
        if global_scale is None:
            global_scale = jnp.ones(1, np.float32)
        return BlockScaleConfig(
            mode, 16, jnp.float4_e2m1fn, jnp.float8_e4m3fn, global_scale
        )
    raise ValueError(
        f"get_scaled_dot_general_config: mode must be 'mxfp8' or 'nvfp4', got {mode!r}."
    )


def scaled_dot_general(
    lhs,
    rhs,
    dimension_numbers,
    preferred_element_type=np.float32,
    configs: Sequence[BlockScaleConfig] | None = None,
    implementation=None,
):
    """`lax.dot_general` of operands that are rounded block by block.

    Args:
      lhs, rhs: the operands; sizes that are summed over multiply to whole blocks.
      dimension_numbers: those of `lax.dot_general`.
      preferred_element_type: float32, bfloat16 or float16.
      configs: from `get_scaled_dot_general_config`, for lhs, rhs and, in derivatives,
        the cotangent. Without them nothing is rounded.
      implementation: accepted, and not needed.

    Derivatives go straight through the rounding. With mxfp8 their products are of
    rounded operands too, so that all sizes must be whole blocks.

    >>> x, y = np.ones((4, 64), np.float32), np.ones((64, 3), np.float32)
    >>> configs = [get_scaled_dot_general_config("mxfp8")] * 3
    >>> scaled_dot_general(x, y, (((1,), (0,)), ((), ())), configs=configs)[0]
    Array([64., 64., 64.], dtype=float32)
    """
    where = "scaled_dot_general"
    if configs is None:
        return lax.dot_general(
            lhs, rhs, dimension_numbers, preferred_element_type=preferred_element_type
        )
    dtype = dtypes.explicit(preferred_element_type, where)
    if dtype not in (dtypes.float32, dtypes.bfloat16, dtypes.float16):
        raise TypeError(
            f"{where}: preferred_element_type must be float32, bfloat16 or float16, "
            f"got {dtype.name}. Convert the result with astype."
        )
    if len(configs) not in (2, 3):
        raise ValueError(
            f"{where}: configs must be those of lhs, rhs and the cotangent, got "
            f"{len(configs)}."
        )
    (x_sum, y_sum), (x_batch, y_batch) = dimension_numbers
    lhs, rhs = jnp.asarray(lhs), jnp.asarray(rhs)
    x, x_free = _as_matrices(lhs, x_batch, x_sum)
    y, y_free = _as_matrices(rhs, y_batch, y_sum)
    out = _product(x, y, list(configs), dtype)
    return out.reshape(*[lhs.shape[k] for k in x_batch], *x_free, *y_free)


def _as_matrices(x, batch, summed):
    """x with axes (batch, rest, summed), and the sizes of the rest."""
    free = [k for k in range(x.ndim) if k not in (*batch, *summed)]
    sizes = [[x.shape[k] for k in axes] for axes in (batch, free, summed)]
    moved = lax.transpose(x, (*batch, *free, *summed))
    return moved.reshape([math.prod(n) for n in sizes]), sizes[1]


def _product(x, y, configs, dtype):
    """x (B, M, K) times y (B, N, K), both rounded: (B, M, N)."""

    @custom_vjp
    def product(x, y):
        return _rounded_product(x, y, configs[0], configs[1], dtype)

    def forward(x, y):
        return product(x, y), (x, y)

    def backward(residuals, ct):
        x, y = residuals
        if len(configs) < 3:
            raise ValueError(
                "scaled_dot_general: a derivative needs configs of three, the last for "
                "the cotangent, got two."
            )
        ct_t = jnp.swapaxes(ct, 1, 2)
        # x_bar[m, k] = sum over n of ct[m, n] y[n, k], and the same with x.
        x_bar = _pulled(ct, jnp.swapaxes(y, 1, 2), configs[2], configs[1])
        y_bar = _pulled(ct_t, jnp.swapaxes(x, 1, 2), configs[2], configs[0])
        pairs = ((x, x_bar, configs[0]), (y, y_bar, configs[1]))
        return tuple(_inside(*pair) for pair in pairs)

    def pushed(primals, tangents):
        # Tangents are not rounded: rounding is no linear function of them.
        (x, y), (x_dot, y_dot) = primals, tangents
        left = _exact(x_dot, _restored(*_rounded(y, configs[1])))
        right = _exact(_restored(*_rounded(x, configs[0])), y_dot)
        return product(x, y), (left + right).astype(dtype)

    product.defvjp(forward, backward)
    product.defjvp(pushed)
    return product(x, y)


def _exact(x, y):
    return jnp.einsum("bmk,bnk->bmn", x.astype(np.float32), y.astype(np.float32))


def _pulled(ct, other, ct_config, config):
    """The product of a cotangent and an operand; whole blocks are rounded in mxfp8."""
    if "nvfp4" in (ct_config.mode, config.mode):
        return _exact(ct, other)
    return _product(ct, other, [ct_config, config, ct_config], np.float32)


def _inside(x, x_bar, config):
    """The cotangent of x, 0 where x is larger than what can be stored."""
    x_bar = x_bar.astype(aval_of(x).dtype)
    if config.mode != "nvfp4":
        return x_bar
    elements, scales = (
        dtypes.finfo(t).max for t in (config.data_type, config.scale_type)
    )
    bound = config.global_scale * (float(elements) * float(scales))
    return jnp.where(jnp.abs(x) <= bound, x_bar, 0)


def _rounded_product(x, y, x_config, y_config, dtype):
    x, y = _rounded(x, x_config), _rounded(y, y_config)
    if x_config.block_size == y_config.block_size:
        (x, s, x_scale), (y, t, y_scale) = x, y
        out = scaled_matmul(x, y, s, t) * (x_scale * y_scale)
    else:
        out = _exact(_restored(*x), _restored(*y))
    return out.astype(dtype)


def _restored(elements, scales, whole):
    """The numbers that elements and scales stand for."""
    blocks = elements.astype(np.float32).reshape(*scales.shape, -1)
    return (blocks * scales[..., None]).reshape(elements.shape) * whole


def _rounded(x, config):
    """x (B, M, K) as elements, scales (B, M, K / block_size) and one more scale."""
    size = config.block_size
    if x.shape[-1] % size:
        raise ValueError(
            f"scaled_dot_general: {config.mode} sums over blocks of {size} elements, "
            f"got {x.shape[-1]} to sum over in {aval_of(x)}. Pad it with zeros."
        )
    x = x.astype(np.float32).reshape(*x.shape[:-1], x.shape[-1] // size, size)
    whole = np.float32(1)
    if config.mode == "nvfp4":
        whole = jnp.asarray(config.global_scale, np.float32).reshape(())
        x = x / whole
    largest = float(dtypes.finfo(config.data_type).max)
    wanted = jnp.abs(x).max(axis=-1) / largest
    if config.mode == "mxfp8":
        # The power of 2 that is not less, among normal numbers.
        fraction, exponent = jnp.frexp(wanted)
        exponent = jnp.clip(exponent - (fraction == 0.5), -126, 127)
        scales = jnp.ldexp(jnp.ones_like(wanted), exponent)
        scales = jnp.where(jnp.isfinite(wanted), scales, np.nan)
    else:
        bound = float(dtypes.finfo(config.scale_type).max)
        scales = jnp.clip(wanted, 0, bound).astype(config.scale_type)
        scales = scales.astype(np.float32)
    x = x / jnp.where(scales == 0, 1, scales)[..., None]
    x = jnp.clip(x, -largest, largest).astype(config.data_type)
    return x.reshape(*x.shape[:-2], -1), scales, whole
