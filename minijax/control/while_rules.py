"""The primitive under `while_loop`, the primitive of its transpose, and their rules.

    b:f32[] = while[
      body_jaxpr={ lambda ; a:f32[]. let b:f32[] = mul a 2.0:f32[] in (b,) }
      body_nconsts=0
      cond_jaxpr={ lambda ; a:f32[]. let b:bool[] = lt a 9.0:f32[] in (b,) }
      cond_nconsts=0
    ] a

Operands are the constants of the condition, those of the body, then the carry. Going
through a loop backwards needs its states in reverse, and that is another primitive:

    d:f32[] = unwind[
      checkpoints=None
      down={ lambda ; c:f32[] u:f32[] d:f32[]. let e:f32[] = mul d u in (e,) }
      nconsts=1
      nups=1
      up={ lambda ; c:f32[] u:f32[]. let v:f32[] = mul c u in (v,) }
    ] n c u d

Operands are the number of steps n, the constants c, the first u and the last d. With
u_{k+1} = up(c, u_k), it computes d_k = down(c, u_k, d_{k+1}) for k = n-1, ..., 0.
"""

import functools

import numpy as np

from .. import tree
from ..core.jaxpr import eval_jaxpr
from ..core.literal import aval_of, zeros_of
from ..core.rules import is_linear
from ..primitives.elementwise import bitwise_and, lt, select, select_n
from ..primitives.index import dynamic_slice_in_dim
from ..primitives.reduce import argmax, reduce_max, reduce_or
from ..primitives.shape import broadcast_in_dim, move_batch
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_jaxpr
from ..transforms.stage import hoist, stage
from .bodies import avals_of
from .call import Program, call
from .callback_rules import does_io
from .check import eval_where
from .counting import COUNT, ZERO, below, deciding_part, steps_ahead, with_counter
from .programs import (
    depends,
    given,
    instantiated,
    least_flags,
    picked,
    rewired,
    split,
    spread,
)
from .revolve import default_places, unwind
from .unwinding import Parts, filled, pruned, pushed_apart, transposed
from .while_lowering import lower_while


def bind_while(cond, cond_consts, body, body_consts, carry, checkpoints=None) -> list:
    """Bind the loop of two programs without constants of their own."""
    wish = {} if checkpoints is None else {"checkpoints": checkpoints}
    return while_p.bind(
        *cond_consts,
        *body_consts,
        *carry,
        body_jaxpr=body,
        body_nconsts=len(body_consts),
        **wish,
        cond_jaxpr=cond,
        cond_nconsts=len(cond_consts),
    )


def repeat(n, body, body_consts, carry, checkpoints=None) -> list:
    """Bind the loop of a program that turns n times, i32[]."""
    body = with_counter(body, len(body_consts))
    carry = [ZERO, *carry]
    cond = below(avals_of([n, *carry]))
    return bind_while(cond, [n], body, body_consts, carry, checkpoints)[1:]


def _while_abstract(
    *avals, body_jaxpr, body_nconsts, cond_jaxpr, cond_nconsts, checkpoints=None
):
    carry = avals[cond_nconsts + body_nconsts :]
    for k, (aval, out) in enumerate(zip(carry, body_jaxpr.out_avals, strict=True)):
        if (aval.shape, aval.dtype) != (out.shape, out.dtype):
            raise TypeError(
                f"while: carry {k} must keep its type, got {aval} on input and {out} "
                "on output."
            )
    return tuple(body_jaxpr.out_avals)


def _while_jvp(
    primals,
    tangents,
    *,
    body_jaxpr,
    body_nconsts,
    cond_jaxpr,
    cond_nconsts,
    checkpoints=None,
):
    cond_consts, consts, carry = split(primals, cond_nconsts, body_nconsts)
    dots = split(tangents, cond_nconsts, body_nconsts)[1:]
    flags, body, *operands = _push_body(jvp_jaxpr, body_jaxpr, consts, carry, *dots)
    cond = rewired(
        cond_jaxpr,
        [*range(len(cond_jaxpr.in_avals)), *map(aval_of, operands[1][len(carry) :])],
        [0],
    )
    results = bind_while(cond, cond_consts, body, *operands, checkpoints)
    outs, dots = split(results, len(carry))
    return outs, spread(dots, flags)


def _push_body(push, body, consts, carry, const_dots, carry_dots):
    """The body of the loop of primals and tangents, its constants and its carry.

    The first result says which carries have a tangent; these tangents stand behind the
    carry. `push` is `jvp_jaxpr`, or does the same.
    """
    const_flags = given(const_dots)

    def step(flags):
        return push(body, (*const_flags, *flags), flags)

    flags, pushed = least_flags(given(carry_dots), step)
    moving = instantiated(carry_dots, carry, flags)
    const_dots = picked(const_dots, const_flags)
    consts_at, carry_at, const_dots_at, carry_dots_at = split(
        range(len(pushed.in_avals)), len(consts), len(carry), len(const_dots)
    )
    body = rewired(
        pushed,
        [*consts_at, *const_dots_at, *carry_at, *carry_dots_at],
        range(len(carry) + len(moving)),
    )
    return flags, body, [*consts, *const_dots], [*carry, *moving]


def _while_linearize(trace, primals, tangents, **params):
    # The tape gets a loop of primals and tangents that knows the number of its steps,
    # of which only the tangents are used; the values come from a loop of their own.
    body, sizes = params["body_jaxpr"], (params["cond_nconsts"], params["body_nconsts"])
    _, consts, carry = split(primals, *sizes)
    _, const_dots, carry_dots = split(tangents, *sizes)
    if "lanes of" in body.memo:
        body, consts = _safe_lanes(body, consts, carry)
        const_dots = [*const_dots, *[None] * (len(consts) - len(const_dots))]
    flags, body, *operands = _push_body(
        pushed_apart, body, consts, carry, const_dots, carry_dots
    )
    if not any(flags):
        return while_p.bind(*primals, **params), [None] * len(carry)
    if does_io(body.effects):
        raise NotImplementedError(
            "while_loop: grad and linearize compute steps again, and an io_callback in "
            "the body, on which a derivative depends, must not happen again. Use scan, "
            "fori_loop with known bounds, or jvp."
        )
    outs, n = _run_counted(primals, **params)
    results = repeat(n, body, *operands, params.get("checkpoints"))
    return outs, spread(results[len(carry) :], flags)


def _run_counted(operands, **params):
    """The results of a loop, and the number of its turns, i32[]."""
    cond, n_cond = params["cond_jaxpr"], params["cond_nconsts"]
    body, n_body = params["body_jaxpr"], params["body_nconsts"]
    n = steps_ahead(operands, cond, n_cond, body, n_body)
    if n is not None:
        return while_p.bind(*operands, **params), n
    checkpoints = params.get("checkpoints")
    return _run_counting(operands, cond, n_cond, body, n_body, checkpoints)


def _run_counting(operands, cond, n_cond, body, n_body, checkpoints=None):
    cond_consts, consts, carry = split(operands, n_cond, n_body)
    counting = with_counter(body, n_body)
    ins = [*range(n_cond), COUNT, *range(n_cond, len(cond.in_avals))]
    cond, carry = rewired(cond, ins, [0]), [ZERO, *carry]
    n, *outs = bind_while(cond, cond_consts, counting, consts, carry, checkpoints)
    return outs, n


def _while_transpose(cts, *operands, checkpoints=None, **params):
    cond, n_cond = params["cond_jaxpr"], params["cond_nconsts"]
    body, n_body = params["body_jaxpr"], params["body_nconsts"]
    _, consts, carry = split(operands, n_cond, n_body)
    const_flags = _linear(consts)
    linear = Parts(const_flags, _grown(body, const_flags, _linear(carry)), ())
    cts = [ct if on else None for ct, on in zip(cts, linear.ups, strict=True)]
    nothing = body.remember("nothing", lambda: stage(lambda *xs: [], body.in_avals))
    loop = transposed(body, nothing, linear, given(cts))
    known = Parts(consts, carry, ()).picked(linear.opposite())
    ups = loop.found.ups
    bars = filled(picked(cts, ups), picked(body.out_avals, ups))
    results = bind_unwind(
        _number_of_turns(operands, cond, n_cond, body, n_body),
        loop.climb,
        loop.descent,
        known.consts,
        known.ups,
        [*bars, *loop.sums],
        checkpoints,
    )
    bars, sums = split(results, sum(ups))
    bars = spread([*sums, *bars], loop.found.flat()[: len(body.in_avals)])
    return _of_linear([*[None] * n_cond, *bars], operands)


def _of_linear(bars, operands):
    flags = _linear(operands)
    return spread(picked(bars, flags), flags)


def _linear(operands):
    return tuple([is_linear(x) for x in operands])


def _grown(closed, before, flags):
    """Carries that are linear operands, and carries that become linear on the way.

    Where the others start from is no matter to the transpose.
    """

    def step(flags):
        return None, depends(closed, (*before, *flags))

    return least_flags(flags, step)[0]


def _number_of_turns(operands, cond, n_cond, body, n_body):
    """How often a loop turns, i32[]; if need be, the part that decides it is run."""
    flags, part = deciding_part(cond, n_cond, body, n_body)
    operands = picked(operands, flags)
    if any(_linear(operands)):
        raise ValueError(
            "while_loop: the condition must not depend on what is transposed: the loop "
            "would not be linear. Let it depend on other values, or use vjp."
        )
    n = steps_ahead(operands, *part)
    return _run_counting(operands, *part)[1] if n is None else n


def _while_batch(
    size,
    operands,
    dims,
    *,
    body_jaxpr,
    body_nconsts,
    cond_jaxpr,
    cond_nconsts,
    checkpoints=None,
):
    operands = [
        x if d is None else move_batch(size, x, d, 0)
        for x, d in zip(operands, dims, strict=True)
    ]
    sizes = cond_nconsts, body_nconsts
    cond_consts, consts, carry = split(operands, *sizes)
    cond_dims, const_dims, carry_dims = split(
        tuple([None if d is None else 0 for d in dims]), *sizes
    )

    def step(flags):
        axes = (*const_dims, *_axes(flags))
        body, found = batch_jaxpr(body_jaxpr, size, axes, flags)
        return body, [d is not None for d in found]

    flags, body = least_flags([d is not None for d in carry_dims], step)
    axes = (*cond_dims, *_axes(flags))
    cond, (cond_dim,) = batch_jaxpr(cond_jaxpr, size, axes)
    carry = [
        move_batch(size, x, d, 0) if on else x
        for x, d, on in zip(carry, carry_dims, flags, strict=True)
    ]
    if cond_dim is None:
        outs = bind_while(cond, cond_consts, body, consts, carry, checkpoints)
        return outs, _axes(flags)
    every = (True,) * len(carry)
    carry = [
        x if on else move_batch(size, x, None, 0)
        for x, on in zip(carry, flags, strict=True)
    ]
    body, _ = batch_jaxpr(body_jaxpr, size, (*const_dims, *_axes(every)), every)
    cond, _ = batch_jaxpr(cond_jaxpr, size, (*cond_dims, *_axes(every)), (True,))
    outs = _run_lanes(cond, cond_consts, body, consts, carry, checkpoints)
    return outs, _axes(every)


def _axes(flags):
    return tuple([0 if on else None for on in flags])


def _run_lanes(cond, cond_consts, body, consts, carry, checkpoints):
    """Run until no member goes on; members that have finished keep their carry."""
    (going,) = call(cond, [*cond_consts, *carry], "cond")
    operands = [*cond_consts, *consts]
    carry = [going, *carry]
    lanes = _lanes(cond, len(cond_consts), body, len(consts), avals_of(carry))
    any_goes = _first_has_any(avals_of(carry))
    return bind_while(any_goes, [], lanes, operands, carry, checkpoints)[1:]


def _lanes(cond, n_cond, body, n_body, carry_avals, safe=False):
    """The body of a loop of members of which some have finished.

    The carry begins with a flag per member: whether it goes on. With `safe`, inputs
    behind the constants give another carry for the members that have finished.
    """

    def step(*args):
        cond_consts, consts, others, (going, *carry) = split(args, *sizes)
        inputs = carry
        if safe:
            inputs = [_where(going, x, y) for x, y in zip(carry, others, strict=True)]
        new = eval_where(going, body, *consts, *inputs)
        kept = [_where(going, x, y) for x, y in zip(new, carry, strict=True)]
        (more,) = eval_where(going, cond, *cond_consts, *kept)
        return [bitwise_and(going, more), *kept]

    others = carry_avals[1:] if safe else ()
    sizes = n_cond, n_body, len(others)
    avals = [*cond.in_avals[:n_cond], *body.in_avals[:n_body], *others, *carry_avals]
    key = "lanes", cond, n_cond, n_body, safe
    lanes = body.remember(key, lambda: stage(step, avals))
    lanes.memo["lanes of"] = cond, n_cond, body, n_body
    return lanes


@functools.lru_cache(maxsize=256)
def _first_has_any(avals):
    """The program that tells whether a member of its first input is true."""
    return stage(lambda going, *rest: [reduce_or(going, (0,))], avals)


def _safe_lanes(lanes, consts, carry):
    """The body of a loop of members for reverse mode, and its constants.

    A member that has finished stays where the derivative of the body may be infinite;
    its cotangent, zero, would make that a nan. So the body gets the member's first
    carry instead, where it has been before; and for a member that never goes on, the
    first carry of one that does.
    """
    safe = _lanes(*lanes.memo["lanes of"], avals_of(carry), safe=True)
    going, *values = carry
    runner = argmax(going, 0, np.int32)
    return safe, [*consts, *[_where(going, x, _all_like(x, runner)) for x in values]]


def _all_like(x, k):
    """Every member replaced by member k."""
    row = dynamic_slice_in_dim(x, k, 1, 0, allow_negative_indices=False)
    aval = aval_of(x)
    return broadcast_in_dim(row, aval.shape, tuple(range(aval.ndim)))


def _where(going, x, y):
    """x for members that go on, y for the others; their axis is in front."""
    if aval_of(x).ndim > 1:
        going = broadcast_in_dim(going, aval_of(x).shape, (0,))
    return select_n(going, y, x)


while_p = Program(
    "while",
    abstract=_while_abstract,
    jvp=_while_jvp,
    linearize=_while_linearize,
    transpose=_while_transpose,
    batch=_while_batch,
    lower=lower_while,
    multiple_results=True,
    effects=lambda params: params["cond_jaxpr"].effects | params["body_jaxpr"].effects,
)


# The loop with a descent


def bind_unwind(n, up, down, consts, ups, downs, checkpoints=None) -> list:
    """Bind the descent along a loop; what does not matter to it is left out."""
    up, down, const_flags, up_flags = up.remember(
        ("pruned", down, len(consts)), lambda: pruned(up, down, len(consts), len(ups))
    )
    consts, ups = picked(consts, const_flags), picked(ups, up_flags)
    return unwind_p.bind(
        n,
        *consts,
        *ups,
        *downs,
        up=up,
        down=down,
        checkpoints=checkpoints,
        nconsts=len(consts),
        nups=len(ups),
    )


def _unwind_abstract(n, *avals, up, down, checkpoints, nconsts, nups):
    for k, (aval, wanted) in enumerate(zip(avals, down.in_avals, strict=True)):
        if (aval.shape, aval.dtype) != (wanted.shape, wanted.dtype):
            raise TypeError(f"unwind: operand {k} must be {wanted}, got {aval}.")
    return tuple(down.out_avals)


def _unwind_jvp(primals, tangents, push=jvp_jaxpr, **params):
    n, *primals = primals
    up, down, sizes = params["up"], params["down"], (params["nconsts"], params["nups"])
    consts, ups, downs = split(primals, *sizes)
    const_dots, up_dots, down_dots = split(tangents[1:], *sizes)
    flags, up, new_consts, new_ups = _push_body(
        push, up, consts, ups, const_dots, up_dots
    )
    up_dots = spread(new_ups[len(ups) :], flags)
    outer, outer_dots = [*consts, *ups], [*const_dots, *up_dots]
    flags, down, _, new_downs = _push_body(
        push, down, outer, downs, outer_dots, down_dots
    )
    # From consts, ups, their tangents, downs: each tangent goes behind its primal.
    moved = len(new_consts) - len(consts)
    groups = [len(consts), len(ups), moved, len(new_ups) - len(ups)]
    a, b, a_dots, b_dots, rest = split(range(len(down.in_avals)), *groups)
    down = rewired(down, [*a, *a_dots, *b, *b_dots, *rest], range(len(down.out_avals)))
    results = bind_unwind(
        n, up, down, new_consts, new_ups, new_downs, params["checkpoints"]
    )
    outs, dots = split(results, len(downs))
    return outs, spread(dots, flags)


def _unwind_linearize(trace, primals, tangents, **params):
    # As for the loop: the tape gets all, and only the tangents of it are used.
    _, dots = _unwind_jvp(primals, tangents, pushed_apart, **params)
    return unwind_p.bind(*primals, **params), dots


def _unwind_transpose(cts, n, *operands, up, down, checkpoints, nconsts, nups):
    parts = Parts(*map(tuple, split(operands, nconsts, nups)))
    consts, ups, downs = map(_linear, parts)
    ups = _grown(up, consts, ups)
    linear = Parts(consts, ups, _grown(down, consts + ups, downs))
    loop = transposed(up, down, linear, (False,) * nups)
    known, found = parts.picked(linear.opposite()), loop.found
    cts = picked(cts, linear.downs)
    ups = [*known.ups, *filled(cts, picked(down.out_avals, linear.downs))]
    down_bars = [None] * sum(linear.downs)
    up_bars, sums = [None] * sum(found.ups), [None] * sum(found.consts)
    if any(_linear(parts.downs)):
        climbed = repeat(n, loop.climb, known.consts, ups, checkpoints)
        down_bars = climbed[len(known.ups) :]
    if any(found.consts + found.ups):
        zeros = picked(linear.cut(down.in_avals).ups, found.ups)
        downs = [*known.downs, *map(zeros_of, zeros), *loop.sums]
        results = bind_unwind(
            n, loop.climb, loop.descent, known.consts, ups, downs, checkpoints
        )
        _, up_bars, sums = split(results, len(known.downs), sum(found.ups))
    bars = spread([*sums, *up_bars, *down_bars], found.flat())
    return [None, *_of_linear(bars, operands)]


def _unwind_batch(size, operands, dims, *, up, down, checkpoints, nconsts, nups):
    n, *operands = operands
    consts, ups, downs = split(operands, nconsts, nups)
    const_dims, up_dims, down_dims = split(tuple(dims[1:]), nconsts, nups)
    if dims[0] is not None:
        # All members go on together; those that have come to their last step wait.
        up, down = _until(up, nconsts, 1), _until(down, nconsts, 0)
        n = move_batch(size, n, dims[0], 0)
        consts, const_dims = [*consts, n], (*const_dims, 0)
        ups, up_dims = [ZERO, *ups], (None, *up_dims)
        n = reduce_max(n, (0,))
    up, ups, up_dims = _batched_body(up, size, const_dims, ups, up_dims)
    outer_dims = (*const_dims, *up_dims)
    down, downs, down_dims = _batched_body(down, size, outer_dims, downs, down_dims)
    return bind_unwind(n, up, down, consts, ups, downs, checkpoints), down_dims


def _batched_body(body, size, const_dims, carry, carry_dims):
    """The batched body of a loop, its carry, and the batch axes of the carry."""

    def step(flags):
        batched, found = batch_jaxpr(body, size, (*const_dims, *_axes(flags)), flags)
        return batched, [d is not None for d in found]

    flags, batched = least_flags([d is not None for d in carry_dims], step)
    carry = [
        move_batch(size, x, d, 0) if on else x
        for x, d, on in zip(carry, carry_dims, flags, strict=True)
    ]
    return batched, carry, _axes(flags)


def _until(body, n_consts, ahead):
    """A body that does nothing from step n - ahead on.

    It takes n and the index of the step behind the constants; the way up returns the
    next index too. So a member waits at the last state that its body is evaluated at.
    """
    n_results = len(body.out_avals)

    def run(*args):
        consts, (n, k), values = split(args, n_consts, 2)
        going = lt(k + ahead, n)
        new = eval_jaxpr(body.jaxpr, body.consts, *consts, *values)
        old = values[len(values) - n_results :]
        outs = [select(going, x, y) for x, y in zip(new, old, strict=True)]
        return [k + 1, *outs] if ahead else outs

    avals = body.in_avals
    avals = [*avals[:n_consts], COUNT, COUNT, *avals[n_consts:]]
    return body.remember(("until", n_consts, ahead), lambda: stage(run, avals))


def _unwind_lower(hlo, out, *operands, up, down, checkpoints, nconsts, nups):
    places = checkpoints or default_places(up.out_avals)

    def run(n, *operands):
        consts, ups, downs = split(operands, nconsts, nups)
        return unwind(
            _loop,
            n,
            lambda us: eval_jaxpr(up.jaxpr, up.consts, *consts, *us),
            lambda us, ds: eval_jaxpr(down.jaxpr, down.consts, *consts, *us, *ds),
            ups,
            downs,
            places,
        )

    program = down.remember(
        ("unwind", up, places), lambda: stage(run, [x.aval for x in operands])
    )
    return hlo.inline(program, *operands)


def _loop(cond, body, carry):
    """`while_loop` of functions that keep the types of the carry."""
    values, treedef = tree.flatten(carry)
    avals = avals_of(values)

    def traced(fun):
        def flat(*xs):
            return tree.leaves(fun(tree.unflatten(treedef, xs)))

        return hoist(stage(flat, avals))

    return tree.unflatten(treedef, bind_while(*traced(cond), *traced(body), values))


unwind_p = Program(
    "unwind",
    abstract=_unwind_abstract,
    jvp=_unwind_jvp,
    linearize=_unwind_linearize,
    transpose=_unwind_transpose,
    batch=_unwind_batch,
    lower=_unwind_lower,
    multiple_results=True,
    effects=lambda params: params["up"].effects | params["down"].effects,
)
