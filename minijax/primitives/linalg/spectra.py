"""Repeated eigenvalues and singular values: what of a basis derivatives may use.

The basis of a space that belongs to one eigenvalue is free. Numbers that differ by no
more than rounding count as one, a cluster, and its basis is chosen here:

    forward mode   so that the perturbation is diagonal within clusters: eigenvectors
                   then move smoothly along the direction that was asked for
    reverse mode   in no special position, for no direction is known. A loss that
                   depends on the choice shows it in its cotangent, which becomes NaN

The reasons are in `docs/design/degenerate-spectra.md`.
"""

import math

import numpy as np

from ... import dtypes
from ...core.primitive import Primitive
from ...core.rules import zero_tangent
from ..elementwise import select
from ..reduce import reduce_or
from ..shape import full, full_like, move_batch, reduce_sum, squeeze
from ..slicing import pad, slice_in_dim
from .calls import hermitian_decomposition
from .matrices import (
    adjoint,
    columns,
    diagonal,
    identity,
    keep,
    matmul,
    real_part,
    reciprocal_or_zero,
    rows,
    strong,
    transposed,
    tril,
)


def rounding(w) -> float:
    """The relative distance of numbers that LAPACK may have meant to be equal."""
    return 8 * math.sqrt(w.shape[-1]) * float(dtypes.finfo(w.dtype).eps)


def noise(dtype) -> float:
    """The relative size below which a part of a derivative counts as zero."""
    return math.sqrt(float(dtypes.finfo(dtype).eps))


def clusters(w):
    """`(same, crowded)` of sorted numbers (..., n).

    same: (..., n, n), whether two of them belong together, which they do where no gap
    between them is larger than rounding. crowded: whether any two do, one boolean.
    """
    axis, n = w.ndim - 1, w.shape[-1]
    steps = abs(slice_in_dim(w, 1, n, axis=axis) - slice_in_dim(w, 0, n - 1, axis=axis))
    apart = steps > rounding(w) * largest(w, 1)
    starts = pad(apart.astype(np.int32), np.int32(0), [*[(0, 0, 0)] * axis, (1, 0, 0)])
    # The number of a cluster is the count of starts up to there.
    table = tril(rows(starts) + full((*w.shape, n), 0, np.int32))
    number = reduce_sum(table, (axis + 1,))
    same = columns(number) == rows(number)
    crowded = reduce_or(~apart, tuple(range(w.ndim)))
    return same, crowded


def others(same):
    """The pairs that belong together and are two."""
    return same & ~identity(same.shape, np.dtype(bool))


def largest(x, rank):
    """The largest modulus in the last axes, kept to broadcast."""
    return abs(x).max(axis=tuple(range(x.ndim - rank, x.ndim)), keepdims=True)


def separations(w, same):
    """1 / (w_j - w_i) at i, j, and 0 within clusters."""
    return keep(reciprocal_or_zero(rows(w) - columns(w)), ~same)


def within_clusters(x, w_dot, same):
    """x_ij / (w_dot_j - w_dot_i) within clusters, and 0 where that does not split."""
    gaps = rows(w_dot) - columns(w_dot)
    split = abs(gaps) > rounding(w_dot) * columns(largest(w_dot, 1))
    return keep(x * reciprocal_or_zero(gaps), others(same) & split)


# Reverse mode


def in_general_position(v, same):
    """The basis with the members of each cluster mixed.

    Where forward mode differentiates it, it stays as forward mode has chosen it.
    """
    return mixed_p.bind(v, _mixing(same, v.dtype))


def _mixed_jvp(primals, tangents):
    v, mixing = primals
    v_dot = tangents[0]
    return (mixed_p.bind(v, mixing) if v_dot is None else v), v_dot


def _mixed_batch(size, operands, dims):
    moved = [move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)]
    return mixed_p.bind(*moved), 0


def _mixed_lower(hlo, out, v, mixing):
    lead = list(range(out.ndim - 2))
    n = len(lead)
    return hlo.emit(
        f"stablehlo.dot_general {v}, {mixing}, batching_dims = {lead} x {lead}, "
        f"contracting_dims = [{n + 1}] x [{n}], precision = [HIGHEST, HIGHEST] : "
        f"{hlo.types([v, mixing], out)}"
    )


mixed_p = Primitive(
    "mixed",
    abstract=lambda v, mixing: strong(v.shape, v.dtype),
    jvp=_mixed_jvp,
    batch=_mixed_batch,
    lower=_mixed_lower,
)


def _mixing(same, dtype):
    """A unitary matrix that mixes the members of each cluster, all with all.

    A reflection 1 - 2 g g^T / |g|^2 within each, by a vector of no symmetry.
    """
    n = same.shape[-1]
    g = 1 + np.sqrt(np.arange(2.0, n + 2)) % 1
    within = others(same)
    alone = ~reduce_or(within, (within.ndim - 1,))
    mask = keep(full(same.shape, 1, dtype), same & ~columns(alone))
    product = mask * np.outer(g, g).astype(dtype)
    size = reduce_sum(mask * (g * g).astype(dtype), (mask.ndim - 1,))
    return identity(same.shape, dtype) - 2 * product * columns(reciprocal_or_zero(size))


def reported(dots, bases, w_dot, same):
    """The changes of bases that turn together, and of numbers w: they come back as is.

    In reverse mode their cotangents are looked at. Turning the basis v of a cluster by
    a skew k must not change the loss: v^T v_bar is Hermitian there. And a loss that
    uses the basis at all must treat the numbers of a cluster alike. Otherwise it has no
    derivative, or one that these cotangents do not contain, and v_bar becomes NaN.
    """
    *dots, w_dot = gauge_report_p.bind(*dots, w_dot, *bases, same)
    return dots, w_dot


def _gauge_report_abstract(*operands):
    count = (len(operands) - 2) // 2
    return tuple(strong(x.shape, x.dtype) for x in operands[: count + 1])


def _gauge_report_jvp(primals, tangents):
    count = (len(primals) - 2) // 2 + 1
    outs = gauge_report_p.bind(*primals)
    if all(t is None for t in tangents[:count]):
        return outs, [None] * count
    pairs = zip(tangents[:count], outs, strict=True)
    dots = [full(x.shape, 0, x.dtype) if t is None else t for t, x in pairs]
    return outs, gauge_report_p.bind(*dots, *primals[count:])


def _gauge_report_transpose(cts, *operands):
    *bars, w_bar = cts
    *bases, same = operands[len(cts) :]
    others_none = [None] * (len(bases) + 1)
    used = [(v, bar) for v, bar in zip(bases, bars, strict=True) if bar is not None]
    if not used:
        return [*bars, w_bar, *others_none]
    k_bar, size = 0, 0
    for v, bar in used:
        k_bar = k_bar + matmul(transposed(v), bar)
        size = size + largest(bar, 2)
    pairs = others(same)
    bad = keep(abs(k_bar - adjoint(k_bar)), pairs) > noise(k_bar.dtype) * size
    if w_bar is not None:
        unlike = abs(columns(w_bar) - rows(w_bar))
        unlike = unlike > noise(w_bar.dtype) * columns(largest(w_bar, 1))
        bad = bad | (unlike & pairs)
    bad = rows(reduce_or(bad, (bad.ndim - 2,)))
    marked = [
        bar if bar is None else select(bad & (bar == bar), full_like(bar, np.nan), bar)
        for bar in bars
    ]
    return [*marked, w_bar, *others_none]


def _gauge_report_batch(size, operands, dims):
    moved = [move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)]
    return gauge_report_p.bind(*moved), [0] * ((len(operands) - 2) // 2 + 1)


gauge_report_p = Primitive(
    "gauge_report",
    abstract=_gauge_report_abstract,
    jvp=_gauge_report_jvp,
    transpose=_gauge_report_transpose,
    batch=_gauge_report_batch,
    lower=lambda hlo, out, *operands: [str(x) for x in operands[: len(out)]],
    multiple_results=True,
)


# Forward mode


def splitting_basis(p, same, crowded):
    """The unitary matrices q, mixing within clusters, that diagonalise p within them.

    p: (..., n, n), Hermitian within clusters. The columns of each cluster are in the
    order of p's eigenvalues there. It costs a decomposition if any cluster has two
    members, and nothing otherwise.
    """
    n = p.shape[-1]
    block = keep(p, same)
    # Far apart, the clusters do not mix: shift each by the number of its first member.
    real = real_part(diagonal(block))
    number = np.arange(n, dtype=np.int32)
    outside = full(same.shape, n, np.int32)
    first = select(same, full(same.shape, 0, np.int32) + number, outside)
    first = first.min(axis=-1).astype(real.dtype)
    apart = 2 * n * largest(block, 2).astype(p.dtype) * identity(p.shape, p.dtype)
    q = splitting_basis_p.bind(block + apart * columns(first).astype(p.dtype), crowded)
    alone = ~reduce_or(others(same), (same.ndim - 1,))
    unit = identity(p.shape, p.dtype)
    return select(columns(alone) & (unit == unit), unit, keep(q, same))


def unsplit(p, same):
    """NaN at the pairs of each cluster in which p is not diagonal, 0 elsewhere."""
    mixed = keep(abs(p), others(same)) > noise(p.dtype) * largest(p, 2)
    inside = matmul(mixed.astype(p.dtype), same.astype(p.dtype)) != 0
    nan = full(p.shape, np.nan, p.dtype)
    return keep(nan, inside & others(same))


def _splitting_basis_abstract(p, crowded):
    return strong(p.shape, p.dtype)


def _splitting_basis_batch(size, operands, dims):
    (p, crowded), (p_dim, crowded_dim) = operands, dims
    p = move_batch(size, p, p_dim, 0)
    if crowded_dim is not None:
        return splitting_basis_p.bind(p, reduce_or(crowded, (crowded_dim,))), 0
    if size == 0:  # there is no direction, and any basis suits it
        return full(p.shape[1:], 0, p.dtype), None
    # Many directions at one point, as in jacfwd, must share the values of a function:
    # they have the basis of the first, and `unsplit` tells which it does not suit.
    first = slice_in_dim(p, 0, 1, axis=0)
    return splitting_basis_p.bind(squeeze(first, (0,)), crowded), None


def _splitting_basis_lower(hlo, out, p, crowded):
    def decomposed(inner):
        return [hermitian_decomposition(inner, "eigh", p, lower=True)[0]]

    branches = hlo.region([], decomposed), hlo.region([], lambda inner: [p])
    return hlo.emit(
        f'"stablehlo.if"({crowded}) ({", ".join(branches)}) : '
        f"{hlo.types([crowded], out)}"
    )


splitting_basis_p = Primitive(
    "splitting_basis",
    abstract=_splitting_basis_abstract,
    jvp=zero_tangent,
    batch=_splitting_basis_batch,
    lower=_splitting_basis_lower,
)


def turned(w, q, same):
    """The numbers w, whose basis was turned by q within clusters.

    Their values are the same. Their derivatives along one more direction are those of
    the turned basis, if that direction is diagonal in it too, and NaN otherwise: then
    no basis moves smoothly along both.
    """
    return turned_p.bind(w, q, same)


def _turned_change(w_dot, q):
    """Within clusters, q^H diag(w_dot) q."""
    return matmul(adjoint(q), columns(w_dot).astype(q.dtype) * q)


def _turned_jvp(primals, tangents):
    w, q, same = primals
    w_dot = tangents[0]
    out = turned_p.bind(w, q, same)
    if w_dot is None:
        return out, None
    change = _turned_change(w_dot, q)
    mixed = largest(keep(change, others(same)), 2) > noise(w.dtype) * largest(change, 2)
    dot = real_part(diagonal(change))
    mixed = (columns(dot) != columns(dot)) | mixed
    mixed = reduce_or(mixed, (mixed.ndim - 1,))
    return out, select(mixed, full(dot.shape, np.nan, dot.dtype), dot)


def _turned_linearize(trace, primals, tangents):
    out = turned_p.bind(*primals)
    if tangents[0] is None:
        return out, None
    return out, real_part(diagonal(_turned_change(tangents[0], primals[1])))


def _turned_batch(size, operands, dims):
    moved = [move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)]
    return turned_p.bind(*moved), 0


turned_p = Primitive(
    "turned",
    abstract=lambda w, q, same: strong(w.shape, w.dtype),
    jvp=_turned_jvp,
    linearize=_turned_linearize,
    batch=_turned_batch,
    lower=lambda hlo, out, w, q, same: str(w),
)
