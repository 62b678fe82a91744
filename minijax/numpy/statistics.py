"""Weighted averages, covariances and correlations.

cov(x) for x:f32[2,n]      becomes      (d d^T) / (n - 1),  d = x - mean(x, axis=1)
"""

import math

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from . import reductions
from .arguments import as_array, cast, requested_dtype, scalar
from .promotion import as_operand, canonical_axes, canonical_axis, promote_inexact
from .reductions import Axis
from .shaping import broadcast_to, squeeze, transpose
from .stacking import concatenate


@compiled(static_argnames=("axis", "returned", "keepdims"))
def average(
    a, axis: Axis = None, weights=None, returned: bool = False, keepdims: bool = False
):
    """The weighted mean along axes: sum(weights * a) / sum(weights).

    `weights` has the shape of `a`, or the sizes of the axes averaged over. With
    `returned=True` a pair with the sum of the weights.

    >>> average(np.array([1.0, 4.0]), weights=np.array([2.0, 1.0])).item()
    2.0
    """
    if weights is None:
        x = as_operand("average", a)
        y = reductions.mean(x, axis, keepdims=keepdims)
        axes = canonical_axes("average", axis, x.ndim)
        total = scalar(math.prod(x.shape[i] for i in axes), y.dtype)
    else:
        x, w = promote_inexact("average", a, weights)
        w = _average_weights(x, w, axis)
        total = reductions.sum(w, axis, keepdims=keepdims)
        y = lax.div(reductions.sum(lax.mul(x, w), axis, keepdims=keepdims), total)
    return (y, broadcast_to(total, y.shape)) if returned else y


def _average_weights(x, w, axis):
    if w.shape == x.shape:
        return w
    if axis is None:
        raise ValueError(
            "average: Axis must be specified when shapes of a and weights differ, got "
            f"{tuple(x.shape)} and {tuple(w.shape)}."
        )
    axes = [axis] if isinstance(axis, int) else list(axis)
    axes = [canonical_axis("average", i, x.ndim) for i in axes]
    if tuple(w.shape) != tuple(x.shape[i] for i in axes):
        raise ValueError(
            "average: Shape of weights must be consistent with shape of a along "
            f"specified axis, got {tuple(w.shape)} for axis {axis} of an array of "
            f"shape {tuple(x.shape)}."
        )
    # The weights name their axes in the order of `axis`; put them in the array's order.
    order = sorted(range(len(axes)), key=axes.__getitem__)
    return lax.broadcast_in_dim(transpose(w, order), x.shape, tuple(sorted(axes)))


@compiled(static_argnames=("rowvar", "bias", "ddof", "dtype"))
def cov(
    m,
    y=None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: float | None = None,
    fweights=None,
    aweights=None,
    dtype=None,
):
    """The covariance matrix of variables, the rows of `m` (or columns, rowvar=False).

    `y` holds further variables. Sums are divided by n - ddof, where ddof is 1, or 0
    with `bias`. `fweights` repeat observations, `aweights` weigh them.

    >>> cov(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    x = _variables(m, y, rowvar, dtype)
    ddof = ddof if ddof is not None else 0 if bias else 1
    w = _observation_weights(x, fweights, aweights)
    if w is None:
        weighted = x = x - reductions.mean(x, 1, keepdims=True)
        freedom = float(max(x.shape[1] - ddof, 0))
    else:
        total = reductions.sum(w)
        x = x - reductions.sum(x * w, 1, keepdims=True) / total
        weighted, freedom = x * w, _freedom(w, total, ddof, aweights)
    other = lax.conj(x) if x.dtype in dtypes.COMPLEX else x
    return squeeze(lax.dot_general(weighted, other, (((1,), (1,)), ((), ()))) / freedom)


def _variables(m, y, rowvar, dtype):
    """All variables as the rows of one matrix."""
    xs = [as_array(x) for x in promote_inexact("cov", *([m] if y is None else [m, y]))]
    if any(x.ndim > 2 for x in xs):
        raise ValueError(
            "cov: m and y has more than 2 dimensions: they must be vectors or "
            f"matrices, got shapes {' and '.join(str(tuple(x.shape)) for x in xs)}."
        )
    rows = []
    for x in xs:
        if x.ndim < 2:
            rows.append(x.reshape(1, x.size))
        else:
            rows.append(x if rowvar or x.shape[0] == 1 else transpose(x))
    dtype = requested_dtype("cov", dtype)
    return concatenate([x if dtype is None else cast(x, dtype) for x in rows])


def _observation_weights(x, fweights, aweights):
    """The product of both kinds of weights, or None if there are none."""
    product = None
    for name, w in (("fweights", fweights), ("aweights", aweights)):
        if w is None:
            continue
        w = as_array(as_operand("cov", w))
        if name == "fweights" and w.dtype not in dtypes.INTS:
            raise TypeError(f"cov: fweights must be integers, got dtype {w.dtype}.")
        if w.shape != (x.shape[1],):
            raise RuntimeError(
                f"cov: {name} must have one entry for each of the {x.shape[1]} "
                f"observations, got shape {tuple(w.shape)}."
            )
        w = cast(w, x.dtype)
        product = w if product is None else product * w
    return product


def _freedom(w, total, ddof, aweights):
    if ddof == 0:
        return total
    if aweights is None:
        return total - ddof
    w_a = cast(as_array(as_operand("cov", aweights)), w.dtype)
    return total - ddof * reductions.sum(w * w_a) / total


@compiled(static_argnames=("rowvar", "dtype"))
def corrcoef(x, y=None, rowvar: bool = True, dtype=None):
    """The correlation matrix of variables, the rows of `x` (or columns, rowvar=False).

    >>> corrcoef(np.array([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]])).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviation = lax.sqrt(_real(lax.reshape(_diagonal(c), (c.shape[0], 1))))
    c = c / deviation / deviation.T
    # Rounding may carry a coefficient past one.
    if c.dtype not in dtypes.COMPLEX:
        return _within_one(c)
    return lax.complex(_within_one(lax.real(c)), _within_one(lax.imag(c)))


def _diagonal(c):
    n = c.shape[0]
    return lax.slice_in_dim(lax.reshape(c, (n * n,)), 0, n * n, n + 1)


def _real(x):
    return lax.real(x) if x.dtype in dtypes.COMPLEX else x


def _within_one(c):
    one = scalar(1, c.dtype)
    return lax.clamp(lax.neg(one), c, one)
