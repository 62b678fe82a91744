"""Comparison of elements, and choice between them."""

import numpy as np

from ... import dtypes
from ...core.avals import ShapedArray
from ...core.literal import aval_of
from ...core.primitive import Primitive
from ...core.rules import is_linear, like, partials, zero_tangent
from ..shape import broadcast_in_dim, unbroadcast
from .bits import bitwise_and
from .builders import (
    ANY,
    BOOL,
    REALS,
    common_shape,
    elementwise_batch,
    nary,
    nary_abstract,
    op,
    spread_tangent,
)


def eq(x, y):
    """Elementwise x == y."""
    return eq_p.bind(x, y)


def ne(x, y):
    """Elementwise x != y."""
    return ne_p.bind(x, y)


def ge(x, y):
    """Elementwise x >= y."""
    return ge_p.bind(x, y)


def gt(x, y):
    """Elementwise x > y."""
    return gt_p.bind(x, y)


def le(x, y):
    """Elementwise x <= y."""
    return le_p.bind(x, y)


def lt(x, y):
    """Elementwise x < y."""
    return lt_p.bind(x, y)


def _comparison(name, allowed):
    direction = name.upper()

    def lower(hlo, out, x, y):
        shape = out.shape
        kind = x.aval.update(shape=shape).mlir
        return hlo.emit(
            f"stablehlo.compare {direction}, {hlo.spread(x, shape)}, "
            f"{hlo.spread(y, shape)} : ({kind}, {kind}) -> {out.mlir}"
        )

    def abstract(x, y):
        return check(x, y).update(dtype=BOOL)

    check = nary_abstract(name, allowed)
    return Primitive(
        name,
        abstract=abstract,
        jvp=zero_tangent,
        batch=elementwise_batch(name),
        lower=lower,
    )


eq_p = _comparison("eq", ANY)
ne_p = _comparison("ne", ANY)
ge_p = _comparison("ge", REALS | dtypes.BOOL)
gt_p = _comparison("gt", REALS | dtypes.BOOL)
le_p = _comparison("le", REALS | dtypes.BOOL)
lt_p = _comparison("lt", REALS | dtypes.BOOL)


def select_n(which, *cases):
    """Elementwise choice: `cases[which]`, with boolean or int32 `which`.

    `which` is a scalar or has the shape of the cases; so has every case.
    """
    dtype = aval_of(cases[0]).dtype
    if isinstance(dtype, dtypes.ExtendedDType):
        words = [dtype.unwrap(case) for case in cases]
        which = (
            broadcast_in_dim(which, words[0].shape, range(aval_of(which).ndim))
            if aval_of(which).ndim
            else which
        )
        return dtype.wrap(select_n(which, *words))
    return select_n_p.bind(which, *cases)


def select(pred, on_true, on_false):
    """Elementwise `on_true` where `pred` holds, else `on_false`."""
    return select_n(pred, on_false, on_true)


def _select_n_abstract(which, *cases):
    dtype = cases[0].dtype
    if any(case.dtype != dtype for case in cases):
        raise TypeError(
            f"select_n: cases must have one dtype, got {' and '.join(map(str, cases))}."
        )
    boolean = which.dtype == BOOL and len(cases) <= 2
    if not (boolean or which.dtype == np.dtype("int32")):
        raise TypeError(
            f"select_n: the choice must be bool (two cases) or i32, got {which} for "
            f"{len(cases)} cases."
        )
    shape = common_shape("select_n", (which, *cases))
    return ShapedArray(shape, dtype, all(case.weak_type for case in cases))


def _select_n_jvp(primals, tangents):
    which, *cases = primals
    _, *dots = tangents
    out = select_n(which, *cases)
    if all(t is None for t in dots):
        return out, None
    zero = like(out, 0)
    dots = [zero if t is None else t for t in dots]
    return out, spread_tangent(select_n(which, *dots), out)


def _select_n_transpose(ct, which, *cases):
    zero = like(ct, 0)
    cts = [None]
    for k, case in enumerate(cases):
        if not is_linear(case):
            cts.append(None)
            continue
        chosen = [ct if j == k else zero for j in range(len(cases))]
        cts.append(unbroadcast(select_n(which, *chosen), case))
    return cts


def _select_n_lower(hlo, out, which, *cases):
    shape = out.shape
    if len(cases) == 1:
        return hlo.spread(cases[0], shape)
    index = str(which) if not which.shape else hlo.spread(which, shape)
    names = [hlo.spread(case, shape) for case in cases]
    if which.dtype == BOOL:
        return hlo.emit(
            f"stablehlo.select {index}, {names[1]}, {names[0]} : {which.mlir}, "
            f"{out.mlir}"
        )
    # A chain of selects: the last case unless which is smaller.
    chosen = names[-1]
    kind = which.aval
    mask = kind.update(dtype=BOOL)
    for k in range(len(cases) - 2, -1, -1):
        bound = hlo.constant(np.asarray(k, kind.dtype), kind.shape)
        here = hlo.emit(
            f"stablehlo.compare LE, {index}, {bound} : ({kind.mlir}, {kind.mlir}) -> "
            f"{mask.mlir}"
        )
        chosen = hlo.emit(
            f"stablehlo.select {here}, {names[k]}, {chosen} : {mask.mlir}, {out.mlir}"
        )
    return chosen


select_n_p = Primitive(
    "select_n",
    abstract=_select_n_abstract,
    jvp=_select_n_jvp,
    transpose=_select_n_transpose,
    batch=elementwise_batch("select_n"),
    lower=_select_n_lower,
)


def clamp(min, x, max):
    """Elementwise x limited to [min, max]; the bounds are scalars or of x's shape.

    The derivative in x is 1 strictly inside the bounds.
    """
    return clamp_p.bind(min, x, max)


def _clamp_side(outside):
    def term(t, z, low, x, high):
        return spread_tangent(select(outside(low, x, high), t, like(z, 0)), z)

    return term


clamp_p = nary(
    "clamp",
    dtypes=REALS | dtypes.BOOL,
    jvp=partials(
        _clamp_side(lambda low, x, high: gt(low, x)),
        _clamp_side(lambda low, x, high: bitwise_and(gt(x, low), lt(x, high))),
        _clamp_side(lambda low, x, high: lt(high, x)),
    ),
    lower=op("clamp"),
)
