"""Attention: averages of values, weighted by how well keys match queries."""

import math

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from .normalization import logsumexp, softmax

__all__ = ["dot_product_attention"]


def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    *,
    scale=None,
    is_causal=False,
    query_seq_lengths=None,
    key_value_seq_lengths=None,
    local_window_size=None,
    implementation=None,
    return_residual=False,
):
    """softmax(scale * query @ key + bias) @ value, for each head of each sequence.

    A. Vaswani et al., "Attention is all you need", NIPS 2017.

    Args:
      query: (B, T, N, H): B sequences of length T, N heads of width H. B may be absent.
      key, value: (B, S, K, H), where K divides N: each serves N / K query heads.
      bias: added to the scores (B, N, T, S), to which it broadcasts.
      mask: booleans broadcasting to (B, N, T, S); False takes a score out.
      scale: of the scores, 1 / sqrt(H) by default.
      is_causal: whether position t sees positions s <= t only.
      query_seq_lengths: (B,): how many queries of each sequence are real.
      key_value_seq_lengths: (B,): how many keys of each sequence are real.
      local_window_size: (left, right), or one number for both: position t sees
        t - left <= s <= t + right only.
      implementation: None or "xla"; "cudnn" is not available.
      return_residual: also return logsumexp of the scores, (B, T, N).

    Returns:
      An array of the shape and dtype of query. Scores and their softmax are computed
      in f32 or wider.

    >>> x = np.ones((4, 2, 8), np.float32)
    >>> dot_product_attention(x, x, x, is_causal=True).shape
    (4, 2, 8)
    """
    if implementation not in (None, "xla"):
        raise (NotImplementedError if implementation == "cudnn" else ValueError)(
            f"dot_product_attention: implementation {implementation!r} is not "
            'available in minijax. Pass "xla" or leave it out.'
        )
    query, key, value = map(jnp.asarray, (query, key, value))
    single = query.ndim == 3
    _check_operands(query, key, value)
    if single:
        query, key, value = (x[None] for x in (query, key, value))
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    lengths = query_seq_lengths, key_value_seq_lengths
    window = _window(local_window_size)
    visible = _visible(mask, query, key, is_causal, lengths, window)
    scores = _scores(query, key, bias, scale)
    out, residual = _average(scores, visible, value, query)
    if query_seq_lengths is not None:
        real = jnp.arange(query.shape[1]) < jnp.asarray(query_seq_lengths)[:, None]
        out = jnp.where(real[..., None, None], out, 0)
    if single:
        out, residual = out[0], residual[0]
    return (out, residual) if return_residual else out


def _check_operands(query, key, value):
    shapes = f"query {query.shape}, key {key.shape}, value {value.shape}"
    same_rank = query.ndim == key.ndim == value.ndim
    if not same_rank or query.ndim not in (3, 4):
        raise ValueError(
            "dot_product_attention: query, key and value must all have rank 3 or 4, "
            f"got {shapes}."
        )
    fits = (
        key.shape == value.shape
        and query.shape[:-3] == key.shape[:-3]
        and query.shape[-1] == key.shape[-1]
        and key.shape[-2] > 0
        and query.shape[-2] % key.shape[-2] == 0
    )
    if not fits:
        raise ValueError(
            "dot_product_attention: query must be (B, T, N, H), and key and value "
            f"(B, S, K, H) where K divides N, got {shapes}."
        )
    if not query.dtype == key.dtype == value.dtype:
        raise ValueError(
            "dot_product_attention: query, key and value must have one dtype, "
            f"got {query.dtype}, {key.dtype} and {value.dtype}."
        )


def _window(size):
    return (size, size) if isinstance(size, int) else size


def _scores(query, key, bias, scale):
    """(B, K, G, T, S): each of K key heads with its G query heads."""
    b, t, n, h = query.shape
    k = key.shape[2]
    grouped = lax.reshape(query, (b, t, k, n // k, h))
    wide = jnp.promote_types(query.dtype, jnp.float32)
    scores = jnp.einsum("btkgh,bskh->bkgts", grouped, key, preferred_element_type=wide)
    scores = scores * jnp.asarray(scale, wide)
    if bias is not None:
        scores = scores + _grouped(jnp.asarray(bias, wide), scores.shape)
    return scores


def _grouped(x, shape):
    """What broadcasts to (B, N, T, S), as (B, K, G, T, S)."""
    b, k, g, t, s = shape
    return lax.reshape(jnp.broadcast_to(x, (b, k * g, t, s)), shape)


def _visible(mask, query, key, is_causal, lengths, window):
    """Which keys each query sees: booleans broadcasting to (B, N, T, S), or None."""
    t = np.arange(query.shape[1])[:, None]
    s = np.arange(key.shape[1])
    parts = []
    if mask is not None:
        mask = jnp.asarray(mask)
        if mask.dtype not in dtypes.BOOL:
            raise ValueError(
                f"dot_product_attention: mask must be boolean, got {mask.dtype}."
            )
        parts.append(mask)
    if is_causal:
        parts.append(jnp.asarray(s <= t))
    if window is not None:
        left, right = window
        parts.append(jnp.asarray((t - left <= s) & (s <= t + right)))
    query_lengths, key_lengths = lengths
    if query_lengths is not None:
        parts.append(t < jnp.asarray(query_lengths)[:, None, None, None])
    if key_lengths is not None:
        parts.append(s < jnp.asarray(key_lengths)[:, None, None, None])
    visible = None
    for part in parts:
        visible = part if visible is None else visible & part
    return visible


def _average(scores, visible, value, query):
    """The averages, (B, T, N, H), and the logsumexp of the scores, (B, T, N)."""
    b, k, g, t, _ = scores.shape
    if visible is not None:
        # Not -inf: a query that sees nothing averages all values, and has a gradient.
        low = 0.7 * float(dtypes.finfo(scores.dtype).min)
        scores = jnp.where(_grouped(visible, scores.shape), scores, low)
    weights = lax.convert_element_type(softmax(scores), query.dtype)
    out = jnp.einsum("bkgts,bskh->btkgh", weights, value)
    # (B, K, G, T) -> (B, T, K, G) -> (B, T, N)
    residual = jnp.moveaxis(logsumexp(scores, axis=-1), 3, 1)
    residual = lax.reshape(residual, (b, t, k * g))
    return lax.reshape(out, query.shape), lax.convert_element_type(
        residual, query.dtype
    )
