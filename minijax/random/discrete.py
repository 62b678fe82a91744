"""Samplers of booleans, categories, orders and choices.

    bernoulli      u < p
    categorical    argmax(logits + g),  g Gumbel           the Gumbel-max trick
    permutation    sort by random keys, more than once where keys may collide

Drawing categories without replacement takes the k largest of logits + g: W. Kool, H.
van Hoof, M. Welling, "Stochastic beams and where to find them: the Gumbel-top-k trick
for sampling sequences without replacement", ICML 2019.
"""

import math

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..numpy.promotion import as_operand, canonical_axis
from ..runtime.compiled import compiled
from .arguments import broadcasts, common_shape, size_of, unsharded
from .continuous import gumbel_mode, gumbels
from .keys import check_key
from .streams import random_words, split_words, words_of
from .uniform import integers, unit_floats


def bernoulli(key, p=0.5, shape=None, mode="low", *, out_sharding=None):
    """Booleans that are True with probability p.

    p is a float or an array of floats that broadcasts to `shape`; without a shape its
    own is used. Mode "low" takes one uniform number, so that in f32 probabilities
    below 1e-7 are wrong; mode "high" takes two and is right down to 1e-14.

    >>> bernoulli(key(0), 0.5, (3,)).dtype
    dtype('bool')
    """
    check_key("bernoulli", key)
    unsharded("bernoulli", out_sharding)
    if mode not in ("high", "low"):
        raise ValueError(f'bernoulli: mode must be "high" or "low", got {mode!r}.')
    dtype = dtypes.dtype_of(p)
    if dtype not in dtypes.FLOATS:
        raise TypeError(f"bernoulli: the probability p must be a float, got {dtype}.")
    return _bernoulli(key, p, shape=common_shape("bernoulli", shape, p=p), mode=mode)


@compiled(static_argnames=("shape", "mode"))
def _bernoulli(key, p, shape, mode):
    return booleans(words_of(key), p, shape, mode)


def booleans(words, p, shape, mode="low"):
    """Booleans from one key as in `streams`; for use while tracing."""
    p = jnp.asarray(p)
    dtype = p.dtype
    if mode == "low":
        return unit_floats(words, shape, dtype) < p
    u = unit_floats(words, (2, *shape), dtype)
    step = dtype.type(2.0 ** -dtypes.finfo(dtype).nmant)
    return u[1] * step < p - u[0]


def rademacher(key, shape=(), dtype=None, *, out_sharding=None):
    """Samples of -1 and 1, each with probability 1/2; integers by default.

    >>> rademacher(key(0), (3,)).dtype
    dtype('int32')
    """
    check_key("rademacher", key)
    unsharded("rademacher", out_sharding)
    dtype = dtypes.explicit(int if dtype is None else dtype, "rademacher")
    return _rademacher(key, shape=size_of("rademacher", shape), dtype=dtype)


@compiled(static_argnames=("shape", "dtype"))
def _rademacher(key, shape, dtype):
    return signs(words_of(key), shape, dtype)


def signs(words, shape, dtype):
    """Samples of -1 and 1 from one key as in `streams`; for use while tracing."""
    heads = booleans(words, np.asarray(0.5, dtypes.default_float()), shape)
    return lax.convert_element_type(2 * jnp.asarray(heads, jnp.int32) - 1, dtype)


def categorical(
    key, logits, axis=-1, shape=None, replace=True, mode=None, *, out_sharding=None
):
    """Categories drawn with probabilities softmax(logits, axis), as integers.

    Without a shape, the result has one category for each distribution, that is the
    shape of logits without `axis`; `shape` may add leading dimensions to that. With
    replace=False the categories along the added dimensions are all different.
    `mode` is that of `gumbel`.

    >>> categorical(key(0), np.zeros((5, 3), np.float32)).shape
    (5,)
    """
    check_key("categorical", key)
    unsharded("categorical", out_sharding)
    logits = _array("categorical", "logits", logits)
    if logits.dtype not in dtypes.FLOATS:
        raise ValueError(f"categorical: logits must be floats, got {logits.dtype}.")
    axis = canonical_axis("categorical", axis, logits.ndim)
    batch = (*logits.shape[:axis], *logits.shape[axis + 1 :])
    shape = batch if shape is None else size_of("categorical", shape)
    if len(shape) < len(batch) or not broadcasts(batch, shape):
        raise ValueError(
            f"categorical: shape must end with the shape {batch} of the distributions, "
            f"got {shape}."
        )
    prefix = shape[: len(shape) - len(batch)]
    if not replace and math.prod(prefix) > logits.shape[axis]:
        raise ValueError(
            f"categorical: without replacement at most {logits.shape[axis]} categories "
            f"can be drawn, got shape {prefix}."
        )
    mode = gumbel_mode("categorical", mode)
    return _categorical(
        key, logits, axis=axis, shape=shape, replace=bool(replace), mode=mode
    )


@compiled(static_argnames=("axis", "shape", "replace", "mode"))
def _categorical(key, logits, axis, shape, replace, mode):
    words = words_of(key)
    n_added = len(shape) - (logits.ndim - 1)
    added, batch = shape[:n_added], shape[n_added:]
    # The distributions may themselves be broadcast to the shape asked for.
    spread_out = (*batch[:axis], logits.shape[axis], *batch[axis:])
    if replace:
        noise = gumbels(words, (*added, *spread_out), logits.dtype, mode)
        return jnp.argmax(noise + logits, axis=axis + n_added)
    noise = gumbels(words, logits.shape, logits.dtype, mode)
    scores = jnp.moveaxis(noise + logits, axis, -1)
    _, largest = lax.top_k(scores, math.prod(added))
    drawn = lax.reshape(jnp.moveaxis(largest, -1, 0), (*added, *scores.shape[:-1]))
    return jnp.broadcast_to(drawn, shape)


def permutation(key, x, axis=0, independent=False, *, out_sharding=None):
    """The elements of x in random order along one axis, or the numbers 0 to x - 1.

    All vectors along `axis` are reordered alike, or each differently if `independent`.

    >>> sorted(permutation(key(0), 5).tolist())
    [0, 1, 2, 3, 4]
    """
    check_key("permutation", key)
    unsharded("permutation", out_sharding)
    x = _array("permutation", "x", x)
    if x.ndim:
        axis = canonical_axis("permutation", axis, x.ndim)
        return _permutation(key, x, axis=axis, independent=bool(independent))
    if x.dtype not in dtypes.INTS:
        raise TypeError(
            f"permutation: x must be an integer or an array of rank 1 or more, "
            f"got {x.dtype}."
        )
    canonical_axis("permutation", axis, 1)
    return _shuffled_range(key, n=max(int(x), 0))


@compiled(static_argnames=("n",))
def _shuffled_range(key, n):
    return shuffled(words_of(key), jnp.arange(n), 0)


@compiled(static_argnames=("axis", "independent"))
def _permutation(key, x, axis, independent):
    return permuted(words_of(key), x, axis, independent)


def permuted(words, x, axis, independent=False):
    """x in random order, from one key as in `streams`; for use while tracing."""
    if independent or x.ndim == 1:
        return shuffled(words, x, axis)
    order = shuffled(words, jnp.arange(x.shape[axis]), 0)
    return jnp.take(x, order, axis=axis, unique_indices=True)


def shuffled(words, x, axis):
    """The vectors of x along an axis in random order, each in its own.

    A sort by 32-bit keys favours the order that ties keep. With n elements and r
    rounds, some pair ties in all rounds with probability below n**2 / 2**(32 r); r is
    the least for which n**3 <= 2**(32 r).
    """
    rounds = math.ceil(3 * math.log(max(1, x.size)) / math.log(2**32 - 1))
    for _ in range(rounds):
        keys = split_words(words, (2,))
        words = keys[0]
        _, x = lax.sort_key_val(random_words(keys[1], 32, x.shape), x, axis)
    return x


def choice(key, a, shape=(), replace=True, p=None, axis=0, mode=None):
    """Elements of a drawn at random along an axis, or numbers from 0 to a - 1.

    `p` holds one probability, or weight, for each element. With replace=False no
    element is drawn twice; then there must be at least as many elements, of positive
    probability, as are drawn. The axis is replaced by `shape` in the result. `mode` is
    that of `gumbel`, which draws by p without replacement.

    >>> choice(key(0), 5, (2, 3)).shape
    (2, 3)
    >>> choice(key(0), np.eye(4), (2,), replace=False, axis=1).shape
    (4, 2)
    """
    check_key("choice", key)
    if not hasattr(shape, "__len__"):
        raise TypeError(f"choice: shape must be a sequence of integers, got {shape!r}.")
    shape = size_of("choice", shape)
    a = _array("choice", "a", a)
    axis = canonical_axis("choice", axis, a.ndim or 1)
    n = a.shape[axis] if a.ndim else int(a)
    _check_choice(n, math.prod(shape), replace)
    if p is not None:
        p = _array("choice", "p", p)
        if p.shape != (n,):
            raise ValueError(
                f"choice: p must have one probability for each of the {n} elements, "
                f"got shape {p.shape}."
            )
    if math.prod(shape) == 0:
        return jnp.zeros(shape, a.dtype if a.ndim else int)
    return _choice(
        key,
        a if a.ndim else None,
        p,
        n=n,
        shape=shape,
        replace=bool(replace),
        axis=axis,
        mode=gumbel_mode("choice", mode),
    )


def _check_choice(n, n_draws, replace):
    if n_draws and n <= 0:
        raise ValueError(f"choice: a must hold at least one element, got {n}.")
    if not replace and n_draws > n:
        raise ValueError(
            f"choice: {n_draws} elements cannot be drawn from {n} without replacement. "
            "Draw fewer, or pass replace=True."
        )


@compiled(static_argnames=("n", "shape", "replace", "axis", "mode"))
def _choice(key, a, p, n, shape, replace, axis, mode):
    words = words_of(key)
    n_draws = math.prod(shape)
    if p is not None:
        index = _weighted(words, p, n_draws, replace, mode)
    elif replace:
        index = integers(words, (n_draws,), dtypes.default_int(), 0, n)
    else:
        source = jnp.arange(n) if a is None else a
        drawn = permuted(words, source, axis)
        return _unfolded(lax.slice_in_dim(drawn, 0, n_draws, axis=axis), axis, shape)
    drawn = index if a is None else jnp.take(a, index, axis=axis)
    return _unfolded(drawn, axis, shape)


def _unfolded(x, axis, shape):
    """x with one axis replaced by several."""
    return lax.reshape(x, (*x.shape[:axis], *shape, *x.shape[axis + 1 :]))


def _weighted(words, p, n_draws, replace, mode):
    """Indices drawn with probabilities proportional to p."""
    if p.dtype not in dtypes.FLOATS:
        p = lax.convert_element_type(p, dtypes.default_float())
    if not replace:
        scores = gumbels(words, p.shape, p.dtype, mode) + jnp.log(p)
        return lax.top_k(scores, n_draws)[1]
    total = jnp.cumsum(p)
    u = unit_floats(words, (n_draws,), total.dtype)
    index = jnp.searchsorted(total, total[-1] * (1 - u))
    return lax.convert_element_type(index, dtypes.default_int())


def _array(where, name, x):
    """A parameter as an operand: a number stays on the host; lists are refused."""
    if isinstance(x, list | tuple) or x is None:
        raise TypeError(
            f"{where}: {name} must be an array or a number, got {type(x).__name__}. "
            "Convert it with asarray."
        )
    return as_operand(where, x)
