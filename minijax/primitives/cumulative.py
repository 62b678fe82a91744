"""Running sums, products, extrema and log-sum-exps along an axis.

    y:f32[5] = cumsum[axis=0 reverse=False] x:f32[5]

Each is y[i] = f(y[i - 1], x[i]) for an associative f. The tangent of such a recurrence
is a linear recurrence,

    y_dot[i] = a[i] y_dot[i - 1] + b[i] x_dot[i],   a, b the partial derivatives of f,

which is a primitive of its own, linear in the term that is added, whose derivatives and
transpose are again linear recurrences. So derivatives of all orders cost a few passes,
and products are right where factors are zero.

On CPU a recurrence is a loop over slices, which XLA compiles in a twentieth of the time
of a tree of partial sums and runs as fast; a very long one is split into blocks. On
parallel hardware it is a window that reaches over everything before, which XLA turns
into blocks itself.
"""

import functools
import math

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.literal import aval_of
from ..core.primitive import JvpRule, Primitive, registry
from ..core.rules import is_linear, like, linear
from ..stablehlo import int_array, int_tensor
from .elementwise import COMPLEX, INEXACT, NUMBERS, eq, exp, mul, select, sub
from .ordering import both, choose, compare, extremum, parts
from .reduce import highest, lowest, one, zero
from .shape import move_batch
from .slicing import pad

__all__ = [
    "cumlogsumexp",
    "cumlogsumexp_p",
    "cummax",
    "cummax_p",
    "cummin",
    "cummin_p",
    "cumprod",
    "cumprod_p",
    "cumsum",
    "cumsum_p",
    "linear_recurrence",
    "linear_recurrence_p",
]


def cumsum(operand, axis: int = 0, reverse: bool = False):
    """The sums of all elements up to each one along an axis; from it on if `reverse`.

    >>> cumsum(np.array([1, 2, 3]))
    Array([1, 3, 6], dtype=int32)
    """
    return _cumulative(cumsum_p, operand, axis, reverse)


def cumprod(operand, axis: int = 0, reverse: bool = False):
    """The products of all elements up to each one along an axis; derivatives are right
    at zeros.

    >>> cumprod(np.array([1, 2, 3]))
    Array([1, 2, 6], dtype=int32)
    """
    return _cumulative(cumprod_p, operand, axis, reverse)


def cummax(operand, axis: int = 0, reverse: bool = False):
    """The maxima of all elements up to each one along an axis; NaN once one is NaN.

    An element equal to the maximum before it shares the cotangent with that.

    >>> cummax(np.array([1, 3, 2]))
    Array([1, 3, 3], dtype=int32)
    """
    return _cumulative(cummax_p, operand, axis, reverse)


def cummin(operand, axis: int = 0, reverse: bool = False):
    """The minima of all elements up to each one along an axis; NaN once one is NaN.

    An element equal to the minimum before it shares the cotangent with that.

    >>> cummin(np.array([2, 1, 3]))
    Array([2, 1, 1], dtype=int32)
    """
    return _cumulative(cummin_p, operand, axis, reverse)


def cumlogsumexp(operand, axis: int = 0, reverse: bool = False):
    """The logarithms of the sums of exponentials up to each element, without overflow.

    >>> cumlogsumexp(np.array([1000.0, 1000.0]))
    Array([1000.   , 1000.693], dtype=float32)
    """
    return _cumulative(cumlogsumexp_p, operand, axis, reverse)


def _cumulative(primitive, operand, axis, reverse):
    axis = _checked_axis(primitive.name, aval_of(operand), axis)
    return primitive.bind(operand, axis=axis, reverse=bool(reverse))


def _checked_axis(where, x, axis):
    axis = int(axis)
    if not 0 <= axis < x.ndim:
        raise ValueError(f"{where}: axis must be in [0, {x.ndim}), got {axis} for {x}.")
    return axis


def _cumulative_primitive(name, allowed, jvp, combine, identity, transpose=None):
    """A running reduction; `combine(hlo, a, b)` writes one step on equal shapes."""

    def abstract(x, *, axis, reverse):
        if x.dtype not in allowed:
            kinds = "numbers" if allowed is NUMBERS else "floating-point numbers"
            raise TypeError(f"{name}: needs {kinds}, got {x}. Convert with astype.")
        return x

    def batch(size, operands, dims, *, axis, reverse):
        (x,), (dim,) = operands, dims
        axis += axis >= dim
        return registry[name].bind(x, axis=axis, reverse=reverse), dim

    def lower(hlo, out, x, *, axis, reverse):
        n = x.shape[axis]
        if n < 2 or x.aval.size == 0:
            return str(x)
        solve = _window
        if hlo.platform == "cpu":
            solve = _loop if n < _BLOCKS else _in_blocks
        wide = convert(hlo, hlo.value(str(x), x.aval), _accumulator(x.dtype))
        y = solve(hlo, wide, axis, reverse, combine, identity)
        return str(convert(hlo, y, x.dtype))

    return Primitive(
        name,
        abstract=abstract,
        jvp=jvp,
        transpose=transpose,
        batch=batch,
        lower=lower,
    )


# Lowering


def _in_blocks(hlo, x, axis, reverse, combine, identity):
    """Within blocks of about sqrt(n) elements, then over the totals of blocks.

    The loop over positions in a block advances all blocks at once. Rounding errors of
    sums grow with sqrt(n) instead of n: N. J. Higham, "Accuracy and Stability of
    Numerical Algorithms", 2002, section 4.2.
    """
    n = x.shape[axis]
    size = math.isqrt(n)
    blocks = -(-n // size)
    fill = size * blocks - n
    shape = list(x.shape)
    before, after = shape[:axis], shape[axis + 1 :]
    x = _padded(hlo, x, axis, (fill, 0) if reverse else (0, fill), identity)
    x = _reshaped(hlo, x, [*before, blocks, size, *after])
    x = _loop(hlo, x, axis + 1, reverse, combine, identity)
    last = 0 if reverse else size - 1
    totals = _sliced(hlo, x, axis + 1, last, last + 1)
    totals = _loop(hlo, totals, axis, reverse, combine, identity)
    edge = (-1, 1) if reverse else (1, -1)
    earlier = _padded(hlo, totals, axis, edge, identity)
    dims = list(range(x.ndim))
    name = hlo.emit(
        f"stablehlo.broadcast_in_dim {earlier}, dims = {dims} : "
        f"({earlier.mlir}) -> {x.mlir}"
    )
    x = combine(hlo, hlo.value(name, x.aval), x)
    x = _reshaped(hlo, x, [*before, size * blocks, *after])
    start = fill if reverse else 0
    return _sliced(hlo, x, axis, start, start + n)


# From how many elements on: in float32 a loop then loses three digits in a sum.
_BLOCKS = 1 << 16


def _padded(hlo, x, axis, edge, identity):
    low = [edge[0] if k == axis else 0 for k in range(x.ndim)]
    high = [edge[1] if k == axis else 0 for k in range(x.ndim)]
    shape = [n + a + b for n, a, b in zip(x.shape, low, high, strict=True)]
    out, scalar = x.aval.update(shape=shape), x.aval.update(shape=())
    name = hlo.emit(
        f"stablehlo.pad {x}, {hlo.constant(identity(x.dtype))}, low = {low}, "
        f"high = {high}, interior = {[0] * x.ndim} : "
        f"({x.mlir}, {scalar.mlir}) -> {out.mlir}"
    )
    return hlo.value(name, out)


def _reshaped(hlo, x, shape):
    out = x.aval.update(shape=shape)
    name = hlo.emit(f"stablehlo.reshape {x} : ({x.mlir}) -> {out.mlir}")
    return hlo.value(name, out)


def _sliced(hlo, x, axis, start, stop):
    ranges = [(start, stop) if k == axis else (0, n) for k, n in enumerate(x.shape)]
    out = x.aval.update(shape=[b - a for a, b in ranges])
    text = ", ".join(f"{a}:{b}" for a, b in ranges)
    name = hlo.emit(f"stablehlo.slice {x} [{text}] : ({x.mlir}) -> {out.mlir}")
    return hlo.value(name, out)


def _loop(hlo, x, axis, reverse, combine, identity):
    """A loop that replaces x[i] by combine(total, x[i]), one slice at a time."""
    row = _row(x.aval, axis)

    def step(hlo, position, total, buffer):
        part = hlo.value(read(hlo, buffer, axis, position, row), row)
        total = combine(hlo, total, part)
        return [total, write(hlo, buffer, total, axis, position)]

    start = hlo.constant(identity(x.dtype), row.shape)
    state = [hlo.value(start, row), x]
    name = count(hlo, x.shape[axis], reverse, state, step)[1]
    return hlo.value(name, x.aval)


def _row(aval, axis):
    """The type of one slice across an axis."""
    shape = list(aval.shape)
    shape[axis] = 1
    return aval.update(shape=shape, weak_type=False)


def _accumulator(dtype):
    """The dtype of running totals: half precision would lose them."""
    small = dtype in dtypes.FLOATS and dtype.itemsize < 4
    return dtypes.float32 if small else dtype


def convert(hlo, x, dtype):
    """A value in another dtype."""
    if x.dtype == dtype:
        return x
    out = x.aval.update(dtype=dtype)
    return hlo.value(hlo.emit(f"stablehlo.convert {x} : ({x.mlir}) -> {out.mlir}"), out)


def count(hlo, n, reverse, state, step):
    """A loop over the positions 0, ..., n - 1, or n - 1, ..., 0; names of its results.

    `step(hlo, position, *state)` returns the next state, as values.
    """
    index = ShapedArray((), dtypes.int32)
    first, stride = (n - 1, -1) if reverse else (0, 1)
    avals = [index, *[x.aval for x in state]]

    def condition(hlo, position, *state):
        last = hlo.value(hlo.constant(np.int32(0 if reverse else n - 1)), index)
        return [compare(hlo, "GE" if reverse else "LE", position, last)]

    def body(hlo, position, *state):
        after = step(hlo, position, *state)
        move = hlo.value(hlo.constant(np.int32(stride)), index)
        return [both(hlo, "add", position, move), *after]

    types = ", ".join([aval.mlir for aval in avals])
    start = hlo.constant(np.int32(first))
    names = hlo.emit_many(
        f'"stablehlo.while"({", ".join([start, *map(str, state)])}) '
        f"({hlo.region(avals, condition)}, {hlo.region(avals, body)}) : "
        f"({types}) -> ({types})",
        len(avals),
    )
    return names[1:]


def _places(hlo, x, axis, position):
    zero_index = hlo.constant(np.int32(0))
    return ", ".join(
        [str(position) if k == axis else zero_index for k in range(x.ndim)]
    )


def read(hlo, x, axis, position, row):
    """The name of the slice of x across an axis at a position."""
    indices = ", ".join(["tensor<i32>"] * x.ndim)
    return hlo.emit(
        f"stablehlo.dynamic_slice {x}, {_places(hlo, x, axis, position)}, sizes = "
        f"{[*row.shape]} : ({x.mlir}, {indices}) -> {row.mlir}"
    )


def write(hlo, x, row, axis, position):
    """x with its slice across an axis at a position replaced."""
    indices = ", ".join(["tensor<i32>"] * x.ndim)
    name = hlo.emit(
        f"stablehlo.dynamic_update_slice {x}, {row}, "
        f"{_places(hlo, x, axis, position)} : ({x.mlir}, {row.mlir}, {indices}) -> "
        f"{x.mlir}"
    )
    return hlo.value(name, x.aval)


def _window(hlo, x, axis, reverse, combine, identity):
    """A window over each element and all before it (after it, if reversed)."""
    n = x.shape[axis]
    scalar = x.aval.update(shape=(), weak_type=False)
    sizes = [n if k == axis else 1 for k in range(x.ndim)]
    edge = (0, n - 1) if reverse else (n - 1, 0)
    padding = [edge if k == axis else (0, 0) for k in range(x.ndim)]
    region = hlo.region([scalar, scalar], lambda hlo, a, b: [combine(hlo, a, b)])
    name = hlo.emit(
        f'"stablehlo.reduce_window"({x}, {hlo.constant(identity(x.dtype))}) '
        f"<{{padding = {int_tensor(padding)}, "
        f"window_dimensions = {int_array(sizes)}, "
        f"window_strides = {int_array([1] * x.ndim)}}}> ({region}) : "
        f"({x.mlir}, {scalar.mlir}) -> {x.mlir}"
    )
    return hlo.value(name, x.aval)


def _log_of_zero(dtype):
    return np.asarray(-np.inf).astype(dtype)[()]


def _log_add_exp(hlo, a, b):
    """log(exp a + exp b) = m + log1p(exp(-|a - b|)), m the larger."""

    def apply(operation, x):
        return hlo.value(hlo.emit(f"stablehlo.{operation} {x} : {x.mlir}"), x.aval)

    if a.dtype in COMPLEX:
        (a_real, _), (b_real, _) = parts(hlo, a), parts(hlo, b)
        larger = compare(hlo, "GE", a_real, b_real)
        m, other = choose(hlo, larger, a, b), choose(hlo, larger, b, a)
        gap = both(hlo, "subtract", other, m)
    else:
        m = both(hlo, "maximum", a, b)
        gap = apply("negate", apply("abs", both(hlo, "subtract", a, b)))
    total = both(hlo, "add", m, apply("log_plus_one", apply("exponential", gap)))
    # Equal infinities have no difference; their sum is what they are.
    known = compare(hlo, "EQ", gap, gap)
    return choose(hlo, known, total, both(hlo, "add", a, b))


# linear_recurrence


def linear_recurrence(a, b, axis: int = 0, reverse: bool = False):
    """The solution h of h[i] = a[i] h[i - 1] + b[i] along an axis, with h[-1] = 0.

    If `reverse`, of h[i] = a[i] h[i + 1] + b[i] with h[n] = 0. Linear in b.

    >>> linear_recurrence(np.array([9.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0]))
    Array([1., 3., 7.], dtype=float32)
    """
    axis = _checked_axis("linear_recurrence", aval_of(b), axis)
    return linear_recurrence_p.bind(a, b, axis=axis, reverse=bool(reverse))


def _linear_recurrence_abstract(a, b, *, axis, reverse):
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype not in INEXACT:
        raise TypeError(
            f"linear_recurrence: operands must be inexact and agree in shape and "
            f"dtype, got {a} and {b}."
        )
    return b.update(weak_type=a.weak_type and b.weak_type)


def _shift(x, axis, reverse, fill):
    """x moved by one place along an axis, so that place i holds element i - 1."""
    edge = (-1, 1, 0) if reverse else (1, -1, 0)
    config = [edge if k == axis else (0, 0, 0) for k in range(aval_of(x).ndim)]
    return pad(x, like(x, fill), config)


def _linear_recurrence_jvp(primitive, primals, tangents, params):
    (a, b), (a_dot, b_dot) = primals, tangents
    h = primitive.bind(a, b, **params)
    if a_dot is None and b_dot is None:
        return h, None
    term = b_dot
    if a_dot is not None:
        term = mul(a_dot, _shift(h, params["axis"], params["reverse"], 0))
        term = term if b_dot is None else term + b_dot
    return h, primitive.bind(a, term, **params)


def _linear_recurrence_transpose(ct, a, b, *, axis, reverse):
    if not is_linear(b):
        return [None, None]
    # b_bar[i] = ct[i] + a[i + 1] b_bar[i + 1]
    following = _shift(a, axis, not reverse, 0)
    return [None, linear_recurrence(following, ct, axis, not reverse)]


def _linear_recurrence_batch(size, operands, dims, *, axis, reverse):
    a, b = (move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True))
    return linear_recurrence(a, b, axis + 1, reverse), 0


def _linear_recurrence_lower(hlo, out, a, b, *, axis, reverse):
    if b.shape[axis] < 2 or b.aval.size == 0:
        return str(b)
    solve = _recurrence_loop if hlo.platform == "cpu" else _recurrence_by_doubling
    return solve(hlo, a, b, axis, reverse)


def _recurrence_loop(hlo, a, b, axis, reverse):
    row = _row(b.aval, axis)
    wide = row.update(dtype=_accumulator(b.dtype))
    a_name = str(a)
    a = hlo.value(a_name, a.aval)

    def step(hlo, position, h, buffer):
        factor, term = (
            convert(hlo, hlo.value(read(hlo, x, axis, position, row), row), wide.dtype)
            for x in (a, buffer)
        )
        h = both(hlo, "add", both(hlo, "multiply", factor, h), term)
        return [h, write(hlo, buffer, convert(hlo, h, b.dtype), axis, position)]

    start = hlo.value(hlo.constant(zero(wide.dtype), wide.shape), wide)
    state = [start, hlo.value(str(b), b.aval)]
    return count(hlo, b.shape[axis], reverse, state, step)[1]


def _recurrence_by_doubling(hlo, a, b, axis, reverse):
    """Steps are composed with the steps 1, 2, 4, ... places before them.

    W. D. Hillis and G. L. Steele, "Data parallel algorithms", CACM 1986.
    """
    n, distance = b.shape[axis], 1
    a, b = (hlo.value(str(x), b.aval.strip_weak_type()) for x in (a, b))
    while distance < n:
        edge = (-distance, distance) if reverse else (distance, -distance)
        earlier_b = _padded(hlo, b, axis, edge, zero)
        b = both(hlo, "add", both(hlo, "multiply", a, earlier_b), b)
        a = both(hlo, "multiply", a, _padded(hlo, a, axis, edge, one))
        distance *= 2
    return str(b)


linear_recurrence_p = Primitive(
    "linear_recurrence",
    abstract=_linear_recurrence_abstract,
    jvp=JvpRule(_linear_recurrence_jvp),
    transpose=_linear_recurrence_transpose,
    batch=_linear_recurrence_batch,
    lower=_linear_recurrence_lower,
)


# cumsum, cumprod, cummax, cummin, cumlogsumexp


def _recurrence_jvp(weights):
    """The tangent from `weights(x, y, previous)`, the partial derivatives of a step."""

    def apply(primitive, primals, tangents, params):
        (x,), (x_dot,) = primals, tangents
        y = primitive.bind(x, **params)
        if x_dot is None:
            return y, None
        earlier = functools.partial(_shift, y, params["axis"], params["reverse"])
        a, b = weights(x, y, earlier)
        return y, linear_recurrence(a, mul(b, x_dot), **params)

    return JvpRule(apply)


def _cumprod_weights(x, y, earlier):
    return x, earlier(1)


def _extremum_weights(x, y, earlier):
    previous = earlier(np.nan)  # which nothing equals: the first element stands alone
    from_previous, from_x = eq(previous, y), eq(x, y)
    half = select(eq(previous, x), like(y, 0.5), like(y, 1))
    nothing = like(y, 0)
    return select(from_previous, half, nothing), select(from_x, half, nothing)


def _cumlogsumexp_weights(x, y, earlier):
    # exp(previous - y) and exp(x - y), both 0 where all are log 0.
    finite = select(eq(y, like(y, -np.inf)), like(y, 0), y)
    return exp(sub(earlier(-np.inf), finite)), exp(sub(x, finite))


def _cumsum_transpose(ct, x, *, axis, reverse):
    return [cumsum(ct, axis, not reverse)]


def _step(operation):
    return lambda hlo, a, b: both(hlo, operation, a, b)


cumsum_p = _cumulative_primitive(
    "cumsum", NUMBERS, linear, _step("add"), zero, _cumsum_transpose
)
cumprod_p = _cumulative_primitive(
    "cumprod", NUMBERS, _recurrence_jvp(_cumprod_weights), _step("multiply"), one
)
cummax_p = _cumulative_primitive(
    "cummax",
    NUMBERS,
    _recurrence_jvp(_extremum_weights),
    lambda hlo, a, b: extremum(hlo, "GT", a, b),
    lowest,
)
cummin_p = _cumulative_primitive(
    "cummin",
    NUMBERS,
    _recurrence_jvp(_extremum_weights),
    lambda hlo, a, b: extremum(hlo, "LT", a, b),
    highest,
)
cumlogsumexp_p = _cumulative_primitive(
    "cumlogsumexp",
    INEXACT,
    _recurrence_jvp(_cumlogsumexp_weights),
    _log_add_exp,
    _log_of_zero,
)
