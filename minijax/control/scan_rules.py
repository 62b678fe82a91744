"""The primitive under `scan`, and its rules.

    c:f32[] d:f32[5] = scan[
      jaxpr={ lambda ; a:f32[] b:f32[]. let c:f32[] = add a b in (c, a) }
      length=5 linear=(False, False) num_carry=1 num_consts=0 reverse=False unroll=1
    ] a b

Operands are constants, the carry, then arrays that are read row by row (xs). Results
are the last carry, then stacked rows (ys). The derivative splits into a scan that
computes values and stacks what the second needs, and a scan that is linear in the
tangents; the transpose of that one runs the other way.
"""

from typing import NamedTuple

from ..core.jaxpr import ClosedJaxpr, Var, eval_jaxpr
from ..core.literal import Literal, zeros_of
from ..core.rules import add_tangents, is_linear
from ..primitives.shape import move_batch
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_jaxpr, tangent_aval
from ..transforms.linearize import linearize_flat, linearize_jaxpr, transpose_jaxpr
from ..transforms.stage import stage
from .call import Program, call
from .masking import scan_masked
from .programs import (
    depends,
    filled_with_zeros,
    fixed_values,
    given,
    instantiated,
    least_flags,
    picked,
    program_of,
    rewired,
    split,
    spread,
)
from .scan_lowering import lower_scan


def bind_scan(closed, consts, carry, xs, length, reverse=False, unroll=1) -> list:
    """Bind the scan of a program without constants of its own."""
    operands = [*consts, *carry, *xs]
    return scan_p.bind(
        *operands,
        jaxpr=closed,
        length=length,
        linear=(False,) * len(operands),
        num_carry=len(carry),
        num_consts=len(consts),
        reverse=reverse,
        unroll=unroll,
    )


# Rules


def _scan_abstract(
    *avals, jaxpr, length, linear, num_carry, num_consts, reverse, unroll
):
    consts, carry, xs = split(avals, num_consts, num_carry)
    rows = [aval.update(shape=aval.shape[1:]) for aval in xs]
    for k, (aval, wanted) in enumerate(
        zip((*consts, *carry, *rows), jaxpr.in_avals, strict=True)
    ):
        if (aval.shape, aval.dtype) != (wanted.shape, wanted.dtype):
            raise TypeError(
                f"scan: operand {k} must be {wanted} for its body, got {aval}."
            )
    outs, rows = split(jaxpr.out_avals, num_carry)
    ys = [aval.update(shape=(length, *aval.shape)) for aval in rows]
    return (*outs, *ys)


def _scan_jvp(
    primals,
    tangents,
    *,
    jaxpr,
    linear,
    num_carry,
    num_consts,
    **loop,
):
    consts, carry, xs = split(primals, num_consts, num_carry)
    const_dots, carry_dots, x_dots = split(tangents, num_consts, num_carry)
    const_flags, x_flags = given(const_dots), given(x_dots)
    n_ys = len(jaxpr.out_avals) - num_carry

    def step(flags):
        nonzero = (*const_flags, *flags, *x_flags)
        pushed, found = jvp_jaxpr(jaxpr, nonzero, (*flags, *(False,) * n_ys))
        return (pushed, found), found[:num_carry]

    flags, (pushed, found) = least_flags(given(carry_dots), step)
    y_flags = found[num_carry:]
    moving = instantiated(carry_dots, carry, flags)
    const_dots, x_dots = picked(const_dots, const_flags), picked(x_dots, x_flags)
    ins = [consts, carry, xs, const_dots, moving, x_dots]
    outs = [num_carry, n_ys, len(moving), sum(y_flags)]
    body = rewired(pushed, _interleaved([*map(len, ins)]), _interleaved(outs))
    results = bind_scan(
        body,
        [*consts, *const_dots],
        [*carry, *moving],
        [*xs, *x_dots],
        **loop,
    )
    outs, dots, ys, y_dots = split(results, num_carry, len(moving), n_ys)
    return [*outs, *ys], [*spread(dots, flags), *spread(y_dots, y_flags)]


def _interleaved(sizes):
    """Positions in groups of primals and tangents, each tangent behind its primal."""
    groups = split(range(sum(sizes)), *sizes[:-1])
    half = len(sizes) // 2
    pairs = zip(groups[:half], groups[half:], strict=True)
    return [k for pair in pairs for group in pair for k in group]


class _Split(NamedTuple):
    """A body split into its values and its derivative."""

    carry_flags: tuple[bool, ...]  # which carries have a tangent
    y_flags: tuple[bool, ...]  # which ys have a tangent
    known: ClosedJaxpr  # the body, which also returns rows of residuals
    before: ClosedJaxpr  # residuals that are the same in all steps, from the constants
    linear: ClosedJaxpr  # takes constants, residuals of `before`, dots, carry, rows
    shared: list[int]  # which constants are residuals
    rows: list[int]  # which of xs, ys and rows of residuals the linear part reads


def _scan_linearize(
    trace,
    primals,
    tangents,
    *,
    jaxpr,
    linear,
    num_carry,
    num_consts,
    **loop,
):
    consts, carry, xs = split(primals, num_consts, num_carry)
    const_dots, carry_dots, x_dots = split(tangents, num_consts, num_carry)
    flags = given(const_dots), given(carry_dots), given(x_dots)
    parts = jaxpr.remember(("split", flags), lambda: _split_body(jaxpr, *flags))
    fixed = call(parts.before, consts, "before_scan") if parts.before.out_avals else []
    results = bind_scan(parts.known, consts, carry, xs, **loop)
    outs, rows = split(results, len(jaxpr.out_avals))
    sources = [*xs, *outs[num_carry:], *rows]
    results = bind_scan(
        parts.linear,
        [*[consts[k] for k in parts.shared], *fixed, *picked(const_dots, flags[0])],
        instantiated(carry_dots, carry, parts.carry_flags),
        [*[sources[k] for k in parts.rows], *picked(x_dots, flags[2])],
        **loop,
    )
    dots, y_dots = split(results, sum(parts.carry_flags))
    return outs, [*spread(dots, parts.carry_flags), *spread(y_dots, parts.y_flags)]


def _split_body(body, const_flags, carry_flags, x_flags):
    n_consts, n_carry = len(const_flags), len(carry_flags)
    n_outs = len(body.out_avals)

    def step(flags):
        found = linearize_jaxpr(body, (*const_flags, *flags, *x_flags))
        return found, found[-1][:n_carry]

    carry_flags, found = least_flags(carry_flags, step)
    known, linear, forwards, active = found
    invars, (outvars, fresh) = known.jaxpr.invars, split(known.jaxpr.outvars, n_outs)
    residuals = [invars[k] if k >= 0 else fresh[-k - 1] for k in forwards]
    kinds = _sorted_residuals(known, residuals, n_consts)
    shared, before, rows = [[residuals[k] for k in kind] for kind in kinds]
    # Rows that exist already (xs and ys) are not stacked again.
    existing = [*invars[n_consts + n_carry :], *outvars[n_carry:]]
    places = {x: k for k, x in enumerate(existing) if type(x) is Var}
    stacked = [x for x in dict.fromkeys(rows) if x not in places]
    places.update((x, len(existing) + k) for k, x in enumerate(stacked))
    return _Split(
        carry_flags,
        active[n_carry:],
        program_of(known, len(invars), [*outvars, *stacked]),
        program_of(known, n_consts, before),
        _linear_body(body, linear, kinds, const_flags, carry_flags, x_flags, active),
        [invars.index(x) for x in shared],
        [places[x] for x in rows],
    )


def _sorted_residuals(known, residuals, n_consts):
    """Positions of residuals that are constants, that are fixed, that change."""
    constants = set(known.jaxpr.invars[:n_consts])
    fixed = fixed_values(known.jaxpr, n_consts)
    shared, before, rows = [], [], []
    for k, x in enumerate(residuals):
        if type(x) is Literal:
            before.append(k)
        elif x in constants:
            shared.append(k)
        else:
            (before if x in fixed else rows).append(k)
    return shared, before, rows


def _linear_body(body, linear, kinds, const_flags, carry_flags, x_flags, active):
    """The linear program with inputs and outputs as a scan orders them."""
    shared, before, rows = kinds
    n_residuals = len(shared) + len(before) + len(rows)
    consts, carry, xs = split(
        range(n_residuals, len(linear.in_avals)), sum(const_flags), sum(carry_flags)
    )
    places = iter(range(len(linear.out_avals)))
    outs = [next(places) if on else None for on in active]
    for k, (on, aval) in enumerate(zip(carry_flags, body.out_avals, strict=False)):
        if on and outs[k] is None:
            outs[k] = tangent_aval(aval)
    return rewired(
        linear,
        [*shared, *before, *consts, *carry, *rows, *xs],
        [x for x in outs if x is not None],
    )


def _scan_transpose(
    cts,
    *operands,
    jaxpr,
    linear,
    num_carry,
    num_consts,
    **loop,
):
    marked = tuple([is_linear(x) for x in operands])
    const_flags, carry_flags, x_flags = split(marked, num_consts, num_carry)

    def step(flags):
        return None, depends(jaxpr, (*const_flags, *flags, *x_flags))[:num_carry]

    carry_flags, _ = least_flags(carry_flags, step)
    if not all(carry_flags):
        return _transpose_beside_counters(
            cts, operands, jaxpr, num_consts, num_carry, loop
        )
    consts, _, xs = split(operands, num_consts, num_carry)
    carry_cts, y_cts = split(cts, num_carry)
    parts = _transposed_body(
        jaxpr, (const_flags, carry_flags, x_flags), given(carry_cts), given(y_cts)
    )
    body, const_found, carry_found, x_found = parts
    avals = [x.aval for x in jaxpr.jaxpr.invars]
    filled = [
        filled_with_zeros(ct, a)
        for ct, a in zip(carry_cts, jaxpr.out_avals, strict=False)
    ]
    sums = [zeros_of(tangent_aval(a)) for a in picked(avals[:num_consts], const_found)]
    results = bind_scan(
        body,
        [x for x in consts if not is_linear(x)],
        [*picked(filled, carry_found), *sums],
        [*[x for x in xs if not is_linear(x)], *[ct for ct in y_cts if ct is not None]],
        **{**loop, "reverse": not loop["reverse"]},
    )
    carry_bars, sums, x_bars = split(results, sum(carry_found), len(sums))
    bars = [
        *spread(sums, const_found),
        *spread(carry_bars, carry_found),
        *spread(x_bars, x_found),
    ]
    return [bar if on else None for bar, on in zip(bars, marked, strict=True)]


def _transpose_beside_counters(cts, operands, body, n_consts, n_carry, loop):
    """Transpose a scan of which some carries do not depend on the linear operands.

    Linearizing a linear function splits it: one scan runs the counters, and the other
    has linear carries only.
    """
    marked = [is_linear(x) for x in operands]
    points = [zeros_of(x.aval) if is_linear(x) else x for x in operands]

    def run(*xs):
        return bind_scan(body, *split(xs, n_consts, n_carry), **loop)

    return linearize_flat(run, points, marked).pull(cts)


def _transposed_body(body, marked, carry_given, y_given):
    """The body of the transposed scan, and which operands get a cotangent.

    It takes constants, then cotangents of carries and sums of cotangents of constants,
    then rows and cotangents of ys; it returns cotangents, sums, cotangents of rows.
    """
    key = ("transposed scan", marked, carry_given, y_given)
    return body.remember(
        key, lambda: _transpose_body(body, marked, carry_given, y_given)
    )


def _transpose_body(body, marked, carry_given, y_given):
    const_flags, carry_flags, x_flags = marked
    every = (*const_flags, *carry_flags, *x_flags)
    n_consts, n_carry = len(const_flags), len(carry_flags)

    def step(flags):
        transposed, found = transpose_jaxpr(body, every, (*flags, *y_given))
        found = tuple(spread(found, every, False))
        return (transposed, found), split(found, n_consts, n_carry)[1]

    carry_found, (transposed, found) = least_flags(carry_given, step)
    const_found, carry_out, x_found = split(found, n_consts, n_carry)
    consts, _, xs = split(body.in_avals, n_consts, n_carry)
    carry = body.out_avals[:n_carry]
    const_dots = [tangent_aval(a) for a in consts]
    carry_dots = [tangent_aval(a) for a in carry]
    y_avals = [tangent_aval(a) for a in body.out_avals[n_carry:]]
    groups = [
        [a for a, on in zip(consts, const_flags, strict=True) if not on],
        picked(carry_dots, carry_found),
        picked(const_dots, const_found),
        [a for a, on in zip(xs, x_flags, strict=True) if not on],
        picked(y_avals, y_given),
    ]

    def run(*args):
        fixed, cts, sums, rows, y_cts = split(args, *map(len, groups[:-1]))
        bars = eval_jaxpr(
            transposed.jaxpr, transposed.consts, *fixed, *rows, *cts, *y_cts
        )
        const_bars, carry_bars, x_bars = split(bars, sum(const_found), sum(carry_out))
        carry_bars = spread(carry_bars, carry_out)
        filled = [
            filled_with_zeros(bar, a) for bar, a in zip(carry_bars, carry, strict=True)
        ]
        sums = [add_tangents(x, y) for x, y in zip(sums, const_bars, strict=True)]
        return [*picked(filled, carry_found), *sums, *x_bars]

    avals = [aval for group in groups for aval in group]
    return stage(run, avals), const_found, carry_found, x_found


def _scan_batch(
    size,
    operands,
    dims,
    *,
    jaxpr,
    linear,
    num_carry,
    num_consts,
    **loop,
):
    consts, carry, xs = split(operands, num_consts, num_carry)
    const_dims, carry_dims, x_dims = split(tuple(dims), num_consts, num_carry)
    row_dims = tuple([None if d is None else 0 for d in x_dims])
    n_ys = len(jaxpr.out_avals) - num_carry

    def step(flags):
        axes = (*const_dims, *[0 if on else None for on in flags], *row_dims)
        wanted = (*flags, *(False,) * n_ys)
        body, found = batch_jaxpr(jaxpr, size, axes, wanted)
        return (body, found), [d is not None for d in found[:num_carry]]

    flags, (body, found) = least_flags([d is not None for d in carry_dims], step)
    carry = [
        move_batch(size, x, d, 0) if on else x
        for x, d, on in zip(carry, carry_dims, flags, strict=True)
    ]
    # The axis to scan over stays in front.
    xs = [
        x if d is None else move_batch(size, x, d, 1)
        for x, d in zip(xs, x_dims, strict=True)
    ]
    outs = bind_scan(body, consts, carry, xs, **loop)
    y_dims = [None if d is None else d + 1 for d in found[num_carry:]]
    return outs, [*[0 if on else None for on in flags], *y_dims]


def _scan_lower(
    hlo,
    out,
    *operands,
    jaxpr,
    linear,
    num_carry,
    num_consts,
    **loop,
):
    consts, carry, xs = split(operands, num_consts, num_carry)
    return lower_scan(hlo, jaxpr, consts, carry, xs, out, **loop)


def _scan_mask(trace, primitive, operands, params):
    return scan_masked(trace, operands, params, bind_scan)


scan_p = Program(
    "scan",
    abstract=_scan_abstract,
    jvp=_scan_jvp,
    linearize=_scan_linearize,
    transpose=_scan_transpose,
    batch=_scan_batch,
    mask=_scan_mask,
    lower=_scan_lower,
    multiple_results=True,
    effects=lambda params: params["jaxpr"].effects,
)
