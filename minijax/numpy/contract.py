"""Products that sum over shared axes: dot, matmul, tensordot, vecdot, cross.

Every product names the axes of its operands with labels and says which the result
keeps; `contract` turns that into one `dot_general`:

    matmul of (b, m, k) and (k, n)      labels b m k and k n, keeping b m n

Labels in both operands are batch axes if the result keeps them and are summed over if
not. An axis of size one that meets a longer one is dropped, which is broadcasting.
"""

import operator

import numpy as np

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from .arguments import as_array, cast, refuse_out, refuse_out_sharding, spread
from .indexing import getitem
from .matrices import diagonal, trace
from .promotion import as_operand, canonical_axes, canonical_axis, promote
from .shaping import moveaxis, ravel

_OPTIONS = ("precision", "preferred_element_type", "out_sharding")


def contract(
    a,
    a_labels,
    b,
    b_labels,
    labels,
    *,
    precision=None,
    preferred_element_type=None,
    product=lax.dot_general,
):
    """Sum of products of a and b over the labels that `labels` does not keep.

    The operands have one dtype; no label occurs twice in one operand. The result has
    the axes `labels`, in that order. `product` is called as `dot_general`.
    """
    a_labels, b_labels = list(a_labels), list(b_labels)
    a, a_labels = _without_ones(a, a_labels, dict(zip(b_labels, b.shape, strict=True)))
    b, b_labels = _without_ones(b, b_labels, dict(zip(a_labels, a.shape, strict=True)))
    a, a_labels = summed(a, a_labels, {*b_labels, *labels})
    b, b_labels = summed(b, b_labels, {*a_labels, *labels})
    batch = [x for x in labels if x in a_labels and x in b_labels]
    pairs = [x for x in a_labels if x in b_labels and x not in batch]
    a_free = [x for x in a_labels if x not in b_labels]
    b_free = [x for x in b_labels if x not in a_labels]
    if list(labels) == batch + b_free + a_free != batch + a_free + b_free:
        # The other order needs no transpose of the result.
        a, a_labels, a_free, b, b_labels, b_free = (
            b,
            b_labels,
            b_free,
            a,
            a_labels,
            a_free,
        )
        precision = precision[::-1] if isinstance(precision, tuple) else precision
    out = product(
        a,
        b,
        (
            (_places(pairs, a_labels), _places(pairs, b_labels)),
            (_places(batch, a_labels), _places(batch, b_labels)),
        ),
        precision,
        preferred_element_type=preferred_element_type,
    )
    return transposed(out, batch + a_free + b_free, labels)


def _places(labels, among) -> tuple[int, ...]:
    return tuple(among.index(x) for x in labels)


def transposed(x, labels, order):
    """An array with axes `labels`, its axes put in another order."""
    if list(labels) == list(order):
        return x
    return lax.transpose(x, _places(order, list(labels)))


def _without_ones(x, labels, others):
    """An operand without the axes of size one that broadcast against the other's."""
    drop = [k for k, n in enumerate(x.shape) if n == 1 != others.get(labels[k], 1)]
    if not drop:
        return x, labels
    kept = [label for k, label in enumerate(labels) if k not in drop]
    return lax.squeeze(x, tuple(drop)), kept


def summed(x, labels, needed):
    """An operand summed over the labels that nothing else needs."""
    axes = tuple(k for k, label in enumerate(labels) if label not in needed)
    if not axes:
        return x, labels
    reduce = lax.reduce_or if np.dtype(x.dtype) == np.bool_ else lax.reduce_sum
    return reduce(x, axes), [label for label in labels if label in needed]


def _requested(name, preferred_element_type):
    if preferred_element_type is None:
        return None
    return dtypes.canonicalize(dtypes.explicit(preferred_element_type, name))


def _product(x, y, preferred_element_type):
    """The elementwise product of a scalar and an array."""
    out = lax.mul(x, y)
    return out if preferred_element_type is None else cast(out, preferred_element_type)


# Vectors, matrices and stacks of them


@compiled(static_argnames=_OPTIONS)
def dot(a, b, *, precision=None, preferred_element_type=None, out_sharding=None):
    """Sum of products over the last axis of a and the last but one of b.

    Vectors give their inner product, matrices the matrix product, and a scalar
    multiplies. For stacks of matrices see `matmul`.

    >>> dot(np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    """
    refuse_out_sharding("dot", out_sharding)
    a, b = promote("dot", a, b)
    preferred = _requested("dot", preferred_element_type)
    if not (a.ndim and b.ndim):
        return _product(a, b, preferred)
    a_labels = [*range(a.ndim - 1), "sum"]
    b_labels = [a.ndim + k for k in range(b.ndim)]
    b_labels[max(b.ndim - 2, 0)] = "sum"
    _check_equal("dot", a, a.shape[-1], b, b.shape[max(b.ndim - 2, 0)])
    kept = [x for x in (*a_labels, *b_labels) if x != "sum"]
    return contract(
        a,
        a_labels,
        b,
        b_labels,
        kept,
        precision=precision,
        preferred_element_type=preferred,
    )


def _check_equal(name, a, m, b, n):
    """The sizes that are summed over must be equal: a 1 does not stretch here."""
    if m != n:
        raise TypeError(
            f"{name}: the axes that are summed over must have one size, got {m} and "
            f"{n} for operands of shapes {a.shape} and {b.shape}."
        )


@compiled(static_argnames=_OPTIONS)
def matmul(a, b, *, precision=None, preferred_element_type=None, out_sharding=None):
    """The matrix product `a @ b` of matrices, vectors, or stacks of matrices.

    a: (..., m, k) and b: (..., k, n) give (..., m, n); leading axes broadcast. A vector
    is a row on the left, a column on the right, and its axis is dropped again.

    >>> matmul(np.ones((5, 2, 3)), np.ones((3, 4))).shape
    (5, 2, 4)
    """
    refuse_out_sharding("matmul", out_sharding)
    a, b = promote("matmul", a, b)
    for k, x in enumerate((a, b)):
        if not x.ndim:
            raise ValueError(
                f"matmul input operand {k} must have ndim at least 1, "
                f"but it has ndim {x.ndim}. Use * to multiply by a scalar."
            )
    _check_equal("matmul", a, a.shape[-1], b, b.shape[max(b.ndim - 2, 0)])
    return _stacked(
        "matmul",
        (a, ["m", "k"][-min(a.ndim, 2) :]),
        (b, ["k", "n"][: min(b.ndim, 2)]),
        precision=precision,
        preferred_element_type=_requested("matmul", preferred_element_type),
    )


def _stacked(name, left, right, **options):
    """`contract` over the label k of operands with cores of the given labels, and
    leading axes that broadcast from the last.
    """
    (a, a_core), (b, b_core) = left, right
    a_batch, b_batch = a.shape[: a.ndim - len(a_core)], b.shape[: b.ndim - len(b_core)]
    try:
        shape = np.broadcast_shapes(a_batch, b_batch)
    except ValueError:
        raise ValueError(
            f"{name}: leading axes must broadcast, got operands of shapes {a.shape} "
            f"and {b.shape}."
        ) from None
    batch = list(range(len(shape)))
    core = [x for x in dict.fromkeys([*a_core, *b_core]) if x != "k"]
    return contract(
        a,
        batch[len(batch) - len(a_batch) :] + a_core,
        b,
        batch[len(batch) - len(b_batch) :] + b_core,
        batch + core,
        **options,
    )


@compiled(static_argnames=("axis", *_OPTIONS))
def vecdot(x1, x2, /, *, axis=-1, precision=None, preferred_element_type=None):
    """Inner products along an axis, the first operand conjugated; others broadcast.

    >>> vecdot(np.ones((5, 3)), np.ones(3)).shape
    (5,)
    """
    x1, x2 = promote("vecdot", x1, x2)
    x1, x2 = (as_array(x) for x in (x1, x2))
    for x in (x1, x2):
        canonical_axis("vecdot", axis, x.ndim)
    a, b = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"vecdot: operands must have one size along axis {axis}, got shapes "
            f"{x1.shape} and {x2.shape}."
        )
    return _stacked(
        "vecdot",
        (_conj(a), ["k"]),
        (b, ["k"]),
        precision=precision,
        preferred_element_type=_requested("vecdot", preferred_element_type),
    )


@compiled
def matvec(x1, x2, /):
    """Matrices (..., m, k) times vectors (..., k); leading axes broadcast."""
    x1, x2 = promote("matvec", x1, x2)
    _check_cores("matvec", (x1, 2), (x2, 1))
    return _stacked("matvec", (x1, ["m", "k"]), (x2, ["k"]))


@compiled
def vecmat(x1, x2, /):
    """Vectors (..., k), conjugated, times matrices (..., k, n)."""
    x1, x2 = promote("vecmat", x1, x2)
    _check_cores("vecmat", (x1, 1), (x2, 2))
    return _stacked("vecmat", (_conj(x1), ["k"]), (x2, ["k", "n"]))


def _check_cores(name, left, right):
    (a, a_rank), (b, b_rank) = left, right
    if a.ndim < a_rank or b.ndim < b_rank:
        raise ValueError(
            f"{name}: operands need at least {a_rank} and {b_rank} axes, got shapes "
            f"{a.shape} and {b.shape}."
        )
    m, n = a.shape[-1], b.shape[-b_rank]
    if m != n:
        raise ValueError(
            f"{name}: the axes that are summed over must have one size, got shapes "
            f"{a.shape} and {b.shape}."
        )


def _conj(x):
    return lax.conj(x) if np.dtype(x.dtype).kind == "c" else x


@compiled(static_argnames=_OPTIONS)
def vdot(a, b, *, precision=None, preferred_element_type=None):
    """The inner product of the flattened operands, the first one conjugated.

    >>> vdot(np.array([1j]), np.array([1j]))
    Array(1.+0.j, dtype=complex64)
    """
    a, b = promote("vdot", a, b)
    return dot(
        _conj(ravel(a)),
        ravel(b),
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


@compiled(static_argnames=_OPTIONS)
def inner(a, b, *, precision=None, preferred_element_type=None):
    """Sums of products over the last axes of both operands.

    >>> inner(np.ones((2, 3)), np.ones((4, 3))).shape
    (2, 4)
    """
    a, b = promote("inner", a, b)
    if not (a.ndim and b.ndim):
        return dot(a, b, preferred_element_type=preferred_element_type)
    return tensordot(
        a,
        b,
        (-1, -1),
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


@compiled
def outer(a, b, out=None):
    """All products of an element of a and one of b, both flattened.

    >>> outer(np.arange(2), np.arange(3)).shape
    (2, 3)
    """
    refuse_out("outer", out)
    a, b = (ravel(as_array(x)) for x in promote("outer", a, b))
    shape = (a.shape[0], b.shape[0])
    return lax.broadcast_in_dim(a, shape, (0,)) * lax.broadcast_in_dim(b, shape, (1,))


def tensordot(
    a,
    b,
    axes=2,
    *,
    precision=None,
    preferred_element_type=None,
    out_sharding=None,
):
    """Sums of products over pairs of axes.

    axes: a pair of axes, or of sequences of axes, of a and of b; a number n means the
    last n of a and the first n of b.

    >>> tensordot(np.ones((2, 3, 4)), np.ones((4, 3, 5)), axes=([1, 2], [1, 0])).shape
    (2, 5)
    """
    refuse_out_sharding("tensordot", out_sharding)
    a, b = as_operand("tensordot", a), as_operand("tensordot", b)
    a_axes, b_axes = _axis_pairs(a, b, axes)
    return _tensordot(a, b, a_axes, b_axes, precision, preferred_element_type)


@compiled(static_argnames=("a_axes", "b_axes", "precision", "preferred"))
def _tensordot(a, b, a_axes, b_axes, precision, preferred):
    a, b = promote("tensordot", a, b)
    for i, j in zip(a_axes, b_axes, strict=True):
        _check_equal("tensordot", a, a.shape[i], b, b.shape[j])
    a_labels = list(range(a.ndim))
    b_labels = [a.ndim + k for k in range(b.ndim)]
    for i, j in zip(a_axes, b_axes, strict=True):
        b_labels[j] = a_labels[i]
    gone = {a_labels[i] for i in a_axes}
    return contract(
        a,
        a_labels,
        b,
        b_labels,
        [x for x in (*a_labels, *b_labels) if x not in gone],
        precision=precision,
        preferred_element_type=_requested("tensordot", preferred),
    )


def _axis_pairs(a, b, axes):
    if isinstance(axes, int | np.integer):
        n = operator.index(axes)
        if n > min(a.ndim, b.ndim):
            raise TypeError(
                f"Number of tensordot axes (axes {n}) exceeds input ranks "
                f"({a.ndim} and {b.ndim})"
            )
        return tuple(range(a.ndim - n, a.ndim)), tuple(range(n))
    if not isinstance(axes, tuple | list) or len(axes) != 2:
        raise TypeError(
            "tensordot axes argument must be an int, a pair of ints, or a pair of "
            f"lists/tuples of ints, got {axes!r}."
        )
    first = canonical_axes("tensordot", axes[0], a.ndim)
    second = canonical_axes("tensordot", axes[1], b.ndim)
    if len(first) != len(second):
        raise TypeError(
            "tensordot requires axes lists to have equal length, "
            f"got {axes[0]} and {axes[1]}."
        )
    return first, second


# Products of other shapes


@compiled
def kron(a, b):
    """The Kronecker product: every element of a replaced by it times b.

    >>> kron(np.eye(2), np.ones((1, 2)))
    Array([[1., 1., 0., 0.],
           [0., 0., 1., 1.]], dtype=float32)
    """
    a, b = (as_array(x) for x in promote("kron", a, b))
    ndim = max(a.ndim, b.ndim)
    a_shape = (1,) * (ndim - a.ndim) + a.shape
    b_shape = (1,) * (ndim - b.ndim) + b.shape
    # Axes alternate: one of a, one of b, and each pair is merged into one.
    both = [n for pair in zip(a_shape, b_shape, strict=True) for n in pair]
    x = lax.broadcast_in_dim(
        lax.reshape(a, a_shape), both, tuple(range(0, 2 * ndim, 2))
    )
    y = lax.broadcast_in_dim(
        lax.reshape(b, b_shape), both, tuple(range(1, 2 * ndim, 2))
    )
    return lax.reshape(x * y, tuple(map(operator.mul, a_shape, b_shape)))


@compiled(static_argnames=("axisa", "axisb", "axisc", "axis"))
def cross(
    a, b, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
):
    """The cross product of vectors of 3 components, or of 2 with the third being 0.

    >>> cross(np.array([1, 0, 0]), np.array([0, 1, 0]))
    Array([0, 0, 1], dtype=int32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = (as_array(x) for x in promote("cross", a, b))
    a, b = moveaxis(a, axisa, -1), moveaxis(b, axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(
            "Dimension must be either 2 or 3 for cross product, got "
            f"{a.shape[-1]} and {b.shape[-1]}."
        )
    x, y = _components(a), _components(b)

    def minor(i, j):
        return x[i] * y[j] - x[j] * y[i]

    if len(x) == len(y) == 2:
        return minor(0, 1)
    zero = lax.full((), 0, a.dtype)
    x, y = (v if len(v) == 3 else (*v, zero) for v in (x, y))
    parts = [minor(1, 2), minor(2, 0), minor(0, 1)]
    shape = np.broadcast_shapes(*(p.shape for p in parts))
    parts = [lax.expand_dims(spread(p, shape), (len(shape),)) for p in parts]
    return moveaxis(lax.concatenate(parts, len(shape)), -1, axisc)


def _components(x):
    return tuple(getitem(x, (..., k)) for k in range(x.shape[-1]))


METHODS = {
    "__matmul__": matmul,
    "diagonal": diagonal,
    "dot": dot,
    "trace": trace,
}
