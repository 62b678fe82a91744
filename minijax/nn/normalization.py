"""Functions along axes: softmax and its relatives, standardisation, one-hot vectors.

The softmax family subtracts the maximum first, so that exp neither overflows nor
underflows altogether. Its rounding error: P. Blanchard, D. J. Higham, N. J. Higham,
"Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 2021.
Elements that `where` masks out take no part, whatever they are, also in derivatives.
"""

import operator

import numpy as np

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..numpy.promotion import (
    as_operand,
    canonical_axes,
    canonical_axis,
    promote_inexact,
)
from ..runtime.compiled import compiled

__all__ = [
    "log_softmax",
    "logmeanexp",
    "logsumexp",
    "one_hot",
    "softmax",
    "standardize",
]


def _maximum(x, axes, where=None):
    """Maxima to subtract from x, of size 1 along `axes`; without a derivative."""
    if dtypes.issubdtype(x.dtype, np.complexfloating):
        x = lax.real(x)
    x = lax.stop_gradient(x)
    some = where is None and all(x.shape[k] for k in axes)
    initial = None if some else -np.inf
    return jnp.max(x, axis=axes, keepdims=True, initial=initial, where=where)


def _masked(x, where):
    """x with -inf where masked out, so that its exponential is 0."""
    return x if where is None else jnp.where(where, x, -np.inf)


@compiled(static_argnames=("axis",))
def softmax(x, axis=-1, where=None):
    """exp(x) / sum(exp(x)) along one axis or several; all of them for None.

    Elements masked out by `where` give 0. A slice of nothing but -inf gives nan.

    >>> softmax(np.array([1000.0, 1000.0], np.float32))
    Array([0.5, 0.5], dtype=float32)
    """
    (x,) = promote_inexact("softmax", x)
    axes = canonical_axes("softmax", axis, x.ndim)
    x = _masked(x, where)
    weights = jnp.exp(x - _maximum(x, axes, where))
    if where is None:
        return weights / jnp.sum(weights, axis=axes, keepdims=True)
    weights = jnp.where(where, weights, 0)
    # A slice that is masked out altogether gives zeros.
    used = jnp.any(jnp.broadcast_to(where, x.shape), axis=axes, keepdims=True)
    total = jnp.where(used, jnp.sum(weights, axis=axes, keepdims=True), 1)
    return jnp.where(where, weights / total, 0)


@compiled(static_argnames=("axis",))
def log_softmax(x, axis=-1, where=None):
    """log(softmax(x)) along one axis or several, without underflow.

    Elements masked out by `where` give -inf.

    >>> log_softmax(np.array([0.0, 1000.0], np.float32))
    Array([-1000.,     0.], dtype=float32)
    """
    (x,) = promote_inexact("log_softmax", x)
    axes = canonical_axes("log_softmax", axis, x.ndim)
    x = _masked(x, where)
    shifted = x - _maximum(x, axes, where)
    weights = jnp.exp(shifted)
    if where is not None:
        weights = jnp.where(where, weights, 0)
    total = jnp.sum(weights, axis=axes, keepdims=True)
    if where is not None:
        total = jnp.where(total == 0, 1, total)
    return _masked(shifted - jnp.log(total), where)


@compiled(static_argnames=("axis", "keepdims", "return_sign"))
def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False, where=None):
    """log(sum(b * exp(a))) along axes, without overflow.

    The weights b default to 1. If the sum is negative the result is nan, or, with
    `return_sign`, the result is the pair of log(abs(sum)) and the sign of the sum; for
    complex a, its phase.

    >>> logsumexp(np.array([1000.0, -1000.0], np.float32))
    Array(1000., dtype=float32)
    """
    if b is None:
        (a,) = promote_inexact("logsumexp", a)
    else:
        a, b = promote_inexact("logsumexp", a, b)
        a, b = jnp.broadcast_arrays(a, b)
        a = jnp.where(b == 0, -np.inf, a)  # a weight of 0 beats an infinite term
    axes = canonical_axes("logsumexp", axis, a.ndim)
    a = lax.convert_element_type(a, a.dtype)  # a strong type
    largest = _maximum(a, axes, where)
    shift = jnp.where(jnp.isfinite(largest), largest, 0)
    terms = jnp.exp(_masked(a, where) - shift)
    terms = terms if b is None else b * terms
    total = jnp.sum(terms, axis=axes, keepdims=keepdims, where=where)
    shift = shift if keepdims else lax.squeeze(shift, axes)
    if return_sign:
        return jnp.log(jnp.abs(total)) + shift, jnp.sign(total)
    return jnp.log(total) + shift


@compiled(static_argnames=("axis", "keepdims"))
def logmeanexp(x, axis=None, where=None, keepdims=False):
    """log(mean(exp(x))) along axes, without overflow.

    >>> logmeanexp(np.array([1000.0, 1000.0], np.float32))
    Array(1000., dtype=float32)
    """
    total = logsumexp(x, axis=axis, where=where, keepdims=keepdims)
    x = as_operand("logmeanexp", x)
    counted = jnp.ones_like(x, dtype=jnp.finfo(total.dtype).dtype)
    count = jnp.sum(counted, axis=axis, where=where, keepdims=keepdims)
    return total - jnp.log(count)


@compiled(static_argnames=("axis", "algorithm"))
def standardize(
    x,
    axis=-1,
    mean=None,
    variance=None,
    epsilon=1e-5,
    where=None,
    *,
    algorithm="fast",
):
    """(x - mean) / sqrt(variance + epsilon), with mean and variance taken along axes.

    The algorithm "fast" computes the variance as mean(x**2) - mean**2 in one pass,
    which loses accuracy where the mean is large; "stable" takes mean((x - mean)**2).

    >>> standardize(np.array([-1.0, 1.0], np.float32), epsilon=0.0)
    Array([-1.,  1.], dtype=float32)
    """
    if algorithm not in ("fast", "stable"):
        raise ValueError(
            f'standardize: algorithm must be "fast" or "stable", got {algorithm!r}.'
        )
    (x,) = promote_inexact("standardize", x)
    axes = canonical_axes("standardize", axis, x.ndim)

    def average(y):
        return jnp.mean(y, axis=axes, keepdims=True, where=where)

    if mean is None:
        mean = average(x)
    if variance is None:
        if algorithm == "fast":
            variance = jnp.clip(average(jnp.square(x)) - jnp.square(mean), 0)
        else:
            variance = average(jnp.square(x - mean))
    return (x - mean) * lax.rsqrt(jnp.asarray(variance + epsilon))


def one_hot(x, num_classes, *, dtype=None, axis=-1):
    """Vectors with a 1 at the index that x gives, along a new axis of the result.

    Indices outside [0, num_classes) give zeros. The default dtype is the default float.

    >>> one_hot(np.array([0, 2]), 3)
    Array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    try:
        num_classes = operator.index(num_classes)
    except TypeError:
        raise TypeError(
            "one_hot: num_classes must be an integer known while tracing, "
            f"got {num_classes!r}."
        ) from None
    if num_classes < 0:
        raise TypeError(
            f"one_hot: num_classes must not be negative, got {num_classes}."
        )
    dtype = dtypes.explicit(float if dtype is None else dtype, "one_hot")
    x = jnp.asarray(x)
    if x.dtype in dtypes.BOOL:
        raise TypeError("one_hot: indices must be numbers, got bool. Convert with int.")
    axis = canonical_axis("one_hot", axis, x.ndim + 1)
    return _one_hot(x, num_classes=num_classes, dtype=dtype, axis=axis)


@compiled(static_argnames=("num_classes", "dtype", "axis"))
def _one_hot(x, num_classes, dtype, axis):
    shape = (*x.shape[:axis], num_classes, *x.shape[axis:])
    classes = lax.broadcasted_iota(x.dtype, shape, axis)
    kept = [k for k in range(len(shape)) if k != axis]
    return lax.convert_element_type(
        lax.eq(lax.broadcast_in_dim(x, shape, kept), classes), dtype
    )
