"""The array API's variants of products: stricter than NumPy's own."""

from .. import contract, matrices
from ..promotion import as_operand


def outer(x1, x2, /):
    """All products of an element of one vector and one of another.

    >>> outer(np.arange(2), np.arange(3)).shape
    (2, 3)
    """
    x1, x2 = (as_operand("jnp.linalg.outer", x) for x in (x1, x2))
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(
            "Input arrays must be one-dimensional, but they are "
            f"x1.ndim={x1.ndim} x2.ndim={x2.ndim}"
        )
    return contract.outer(x1, x2)


def cross(x1, x2, /, *, axis: int = -1):
    """The cross product of vectors of three components along an axis.

    >>> cross(np.array([1, 0, 0]), np.array([0, 1, 0]))
    Array([0, 0, 1], dtype=int32)
    """
    x1, x2 = (as_operand("jnp.linalg.cross", x) for x in (x1, x2))
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they "
            f"have {x1.shape[axis]} and {x2.shape[axis]} dimensions instead."
        )
    return contract.cross(x1, x2, axis=axis)


def diagonal(x, /, *, offset: int = 0):
    """The elements x[..., i, i + offset] of matrices in the last two axes."""
    return matrices.diagonal(x, offset=offset, axis1=-2, axis2=-1)


def trace(x, /, *, offset: int = 0, dtype=None):
    """The sums of diagonals of matrices in the last two axes."""
    return matrices.trace(x, offset=offset, axis1=-2, axis2=-1, dtype=dtype)
