"""Norms of vectors and matrices, and ranks."""

import numpy as np

from ... import dtypes
from ... import primitives as lax
from ...api import compiled
from .. import arithmetic, reductions
from ..arguments import as_array
from ..promotion import as_operand, canonical_axes, promote_inexact
from ..root import root
from ..shaping import expand_dims, moveaxis, ravel, reshape
from .decompositions import eigvalsh, svd


@compiled(static_argnames=("ord", "axis", "keepdims"))
def norm(x, ord=None, axis=None, keepdims: bool = False):
    """The norm of a vector or matrix in one or two axes, or of all elements.

    ord, for vectors (one axis): a number p for the p-norm, inf, -inf, or 0 for the
    count of elements that are not zero. For matrices (two axes): "fro", "nuc", 1, -1,
    2, -2, inf, -inf. None is the 2-norm of the elements.

    >>> norm(np.array([3., 4.]))
    Array(5., dtype=float32)
    """
    (x,) = promote_inexact("jnp.linalg.norm", x)
    x = as_array(x)
    if axis is None:
        if ord is None:
            out = _two_norm(ravel(x), (0,), False)
            return reshape(out, (1,) * x.ndim) if keepdims else out
        if x.ndim not in (1, 2):
            raise ValueError(
                f"Improper number of axes for norm: ord={ord!r} needs a vector or a "
                f"matrix, got shape {tuple(x.shape)}. Name the axes with axis=."
            )
    axes = canonical_axes("norm", axis, x.ndim)
    if len(axes) == 1:
        return _vector_norm(x, 2 if ord is None else ord, axes, keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError(
        f"Improper number of axes for norm: axis={axis!r}. Use one or two."
    )


def _two_norm(x, axes, keepdims):
    return root(reductions.sum(_squared(x), axis=axes, keepdims=keepdims))


def _squared(x):
    """The squared moduli."""
    if np.dtype(x.dtype).kind == "c":
        return lax.real(x * lax.conj(x))
    return x * x


def _vector_norm(x, ord, axes, keepdims):
    if isinstance(ord, str):
        raise ValueError(
            f"Invalid order '{ord}' for vector norm. Use a number, or two axes."
        )
    how = {"axis": axes, "keepdims": keepdims}
    if ord == 2:
        return _two_norm(x, axes, keepdims)
    if ord == np.inf:
        return _largest(lax.abs(x), **how)
    if ord == -np.inf:
        return reductions.min(lax.abs(x), **how)
    if ord == 0:
        real = np.zeros((), x.dtype).real.dtype
        return reductions.sum(x != 0, dtype=real, **how)
    if ord == 1:
        return reductions.sum(lax.abs(x), **how)
    total = reductions.sum(arithmetic.power(lax.abs(x), ord), **how)
    return root(total, lambda s: arithmetic.power(s, 1.0 / ord))


def _largest(x, **how):
    """The maximum of numbers that are not negative, which is 0 of no numbers."""
    return reductions.max(x, initial=None if x.size else 0, **how)


def _matrix_norm(x, ord, axes, keepdims):
    rows, columns = axes
    if rows == columns:
        raise ValueError(f"norm: the two axes must be different, got {axes}.")
    if ord in (None, "fro"):
        return _two_norm(x, axes, keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
        extreme = _largest if ord > 0 else reductions.min
        sums = reductions.sum(lax.abs(x), axis=inner, keepdims=True)
        out = extreme(sums, axis=outer, keepdims=True)
        return out if keepdims else lax.squeeze(out, tuple(sorted(axes)))
    if ord not in ("nuc", 2, -2):
        raise ValueError(f"Invalid order '{ord}' for matrix norm.")
    s = svd(moveaxis(x, axes, (-2, -1)), full_matrices=False, compute_uv=False)
    reduce = {"nuc": reductions.sum, 2: _largest, -2: reductions.min}[ord]
    out = reduce(s, axis=-1)
    return expand_dims(out, tuple(sorted(axes))) if keepdims else out


def vector_norm(x, /, *, axis=None, keepdims: bool = False, ord=2):
    """The norm of vectors along axes, which count as one; None means all axes.

    >>> vector_norm(np.array([[3., 4.], [6., 8.]]), axis=1)
    Array([ 5., 10.], dtype=float32)
    """
    if axis is None:
        x = as_operand("jnp.linalg.vector_norm", x)
        out = norm(ravel(x), ord=ord)
        return reshape(out, (1,) * x.ndim) if keepdims else out
    if not isinstance(axis, tuple | list):
        return norm(x, axis=axis, keepdims=keepdims, ord=ord)
    (x,) = promote_inexact("jnp.linalg.vector_norm", x)
    axes = canonical_axes("vector_norm", tuple(axis), x.ndim)
    return _vector_norm(as_array(x), ord, axes, keepdims)


def matrix_norm(x, /, *, keepdims: bool = False, ord="fro"):
    """The norm of matrices in the last two axes.

    >>> matrix_norm(np.array([[3., 0.], [0., 4.]]), ord=2)
    Array(4., dtype=float32)
    """
    return norm(x, ord=ord, keepdims=keepdims, axis=(-2, -1))


def matrix_rank(M, rtol=None, *, hermitian: bool = False, tol=None):
    """The number of singular values that exceed `rtol` times the largest.

    rtol defaults to max(m, n) times the precision of the dtype; `tol` is an absolute
    bound instead. A vector has rank 0 if all its elements are zero, else 1.

    >>> matrix_rank(np.ones((3, 3)))
    Array(1, dtype=int32)
    """
    (M,) = promote_inexact("jnp.linalg.matrix_rank", M)
    if M.ndim < 2:
        return reductions.any(M != 0).astype(dtypes.canonicalize(np.int64))
    if hermitian:
        s = lax.abs(eigvalsh(M))
    else:
        s = svd(M, full_matrices=False, compute_uv=False)
    if tol is None:
        if rtol is None:
            rtol = max(M.shape[-2:]) * float(dtypes.finfo(s.dtype).eps)
        (rtol,) = promote_inexact("jnp.linalg.matrix_rank", rtol)
        largest = reductions.max(s, axis=-1, keepdims=True)
        bound = largest * as_array(rtol)[..., None]
    else:
        bound = as_array(as_operand("jnp.linalg.matrix_rank", tol))[..., None]
    return reductions.sum(s > bound, axis=-1)
