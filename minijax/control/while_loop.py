"""`while_loop`: repeat a program as long as a condition on its carry holds.

    b:f32[] = while[
      body_jaxpr={ lambda ; a:f32[]. let b:f32[] = mul a 2.0:f32[] in (b,) }
      body_nconsts=0
      cond_jaxpr={ lambda ; a:f32[]. let b:bool[] = lt a 9.0:f32[] in (b,) }
      cond_nconsts=0
    ] a

Operands are the constants of the condition, those of the body, then the carry.
"""

import functools
from collections.abc import Callable

from .. import dtypes, tree
from ..config import state
from ..core.jaxpr import eval_jaxpr
from ..core.literal import aval_of
from ..errors import ConcretizationTypeError
from ..primitives.elementwise import bitwise_and, select_n
from ..primitives.reduce import reduce_or
from ..primitives.shape import broadcast_in_dim, move_batch
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_jaxpr
from ..transforms.stage import stage
from .bodies import (
    Body,
    avals_of,
    check_callable,
    flatten,
    name_of,
    trace_body,
    trace_loop,
)
from .call import Program, call
from .programs import (
    given,
    instantiated,
    least_flags,
    picked,
    rewired,
    split,
    spread,
)


def while_loop(cond_fun: Callable, body_fun: Callable, init_val):
    """Repeat `val = body_fun(val)` while `cond_fun(val)` holds.

    The loop is one operation of the compiled program, and the number of its steps may
    depend on data. It has derivatives in forward mode; for reverse mode use `scan`, or
    `fori_loop` with static bounds.

    Args:
      cond_fun: from the carry to a boolean scalar.
      body_fun: from the carry to a carry of the same structure, shapes and dtypes.
      init_val: the first carry, a container of arrays.

    >>> while_loop(lambda x: x < 100.0, lambda x: x * 2.0, 3.0)
    Array(192., dtype=float32, weak_type=True)
    """
    check_callable("while_loop", cond_fun=cond_fun, body_fun=body_fun)
    init, treedef = flatten("while_loop", "init_val", init_val)
    if state.disable_jit:
        try:
            return _run_in_python(cond_fun, body_fun, init_val)
        except ConcretizationTypeError:
            pass  # the condition is traced all the same, by vmap for example
    in_tree = tree.treedef_tuple([treedef])

    def trace(avals):
        body = trace_body("while_loop", body_fun, in_tree, avals)
        return body, body.out_tree

    init, body = trace_loop("while_loop", init, treedef, trace)
    cond = trace_body("while_loop", cond_fun, in_tree, avals_of(init))
    _check_condition(cond_fun, cond)
    outs = bind_while(cond.closed, cond.consts, body.closed, body.consts, init)
    return tree.unflatten(treedef, outs)


def _run_in_python(cond_fun, body_fun, carry):
    while cond_fun(carry):
        carry = body_fun(carry)
    return carry


def _check_condition(cond_fun: Callable, cond: Body):
    avals = cond.out_avals
    if not tree.treedef_is_leaf(cond.out_tree):
        got = f"a result of structure {cond.out_tree}"
    elif avals[0].shape != () or avals[0].dtype != dtypes.bool_:
        got = str(avals[0])
    else:
        return
    raise TypeError(
        f"while_loop: the condition {name_of(cond_fun)} must return a boolean scalar, "
        f"got {got}. Compare explicitly, or reduce with jnp.any or jnp.all."
    )


def bind_while(cond, cond_consts, body, body_consts, carry) -> list:
    """Bind the loop of two programs without constants of their own."""
    return while_p.bind(
        *cond_consts,
        *body_consts,
        *carry,
        body_jaxpr=body,
        body_nconsts=len(body_consts),
        cond_jaxpr=cond,
        cond_nconsts=len(cond_consts),
    )


def _while_abstract(*avals, body_jaxpr, body_nconsts, cond_jaxpr, cond_nconsts):
    carry = avals[cond_nconsts + body_nconsts :]
    for k, (aval, out) in enumerate(zip(carry, body_jaxpr.out_avals, strict=True)):
        if (aval.shape, aval.dtype) != (out.shape, out.dtype):
            raise TypeError(
                f"while: carry {k} must keep its type, got {aval} on input and {out} "
                "on output."
            )
    return tuple(body_jaxpr.out_avals)


def _while_jvp(
    primals, tangents, *, body_jaxpr, body_nconsts, cond_jaxpr, cond_nconsts
):
    sizes = cond_nconsts, body_nconsts
    cond_consts, consts, carry = split(primals, *sizes)
    _, const_dots, carry_dots = split(tangents, *sizes)
    const_flags = given(const_dots)

    def step(flags):
        pushed, found = jvp_jaxpr(body_jaxpr, (*const_flags, *flags), flags)
        return pushed, found

    flags, pushed = least_flags(given(carry_dots), step)
    moving = instantiated(carry_dots, carry, flags)
    if not moving:
        outs = bind_while(cond_jaxpr, cond_consts, body_jaxpr, consts, carry)
        return outs, [None] * len(outs)
    const_dots = picked(const_dots, const_flags)
    consts_at, carry_at, const_dots_at, carry_dots_at = split(
        range(len(pushed.in_avals)), len(consts), len(carry), len(const_dots)
    )
    body = rewired(
        pushed,
        [*consts_at, *const_dots_at, *carry_at, *carry_dots_at],
        range(len(carry) + len(moving)),
    )
    cond = rewired(
        cond_jaxpr,
        [*range(len(cond_consts) + len(carry)), *map(aval_of, moving)],
        [0],
    )
    results = bind_while(
        cond, cond_consts, body, [*consts, *const_dots], [*carry, *moving]
    )
    outs, dots = split(results, len(carry))
    return outs, spread(dots, flags)


def _while_linearize(trace, primals, tangents, **params):
    # The tape gets the loop of primals and tangents, of which only the tangents are
    # used; the values come from a loop of their own.
    outs, dots = _while_jvp(primals, tangents, **params)
    if any(t is not None for t in dots):
        outs = while_p.bind(*primals, **params)
    return outs, dots


def _while_transpose(cts, *operands, **params):
    raise ValueError(
        "while_loop: reverse mode needs a number of steps that is known while tracing. "
        "Use scan, or fori_loop with static bounds; forward mode (jvp, jacfwd) works."
    )


def _while_batch(
    size,
    operands,
    dims,
    *,
    body_jaxpr,
    body_nconsts,
    cond_jaxpr,
    cond_nconsts,
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
        return bind_while(cond, cond_consts, body, consts, carry), _axes(flags)
    every = (True,) * len(carry)
    carry = [
        x if on else move_batch(size, x, None, 0)
        for x, on in zip(carry, flags, strict=True)
    ]
    body, _ = batch_jaxpr(body_jaxpr, size, (*const_dims, *_axes(every)), every)
    cond, _ = batch_jaxpr(cond_jaxpr, size, (*cond_dims, *_axes(every)), (True,))
    return _run_lanes(cond, cond_consts, body, consts, carry), _axes(every)


def _axes(flags):
    return tuple([0 if on else None for on in flags])


def _run_lanes(cond, cond_consts, body, consts, carry):
    """Run until no member goes on; members that have finished keep their carry."""
    n_cond, n_body = len(cond_consts), len(consts)

    def step(*args):
        cond_consts, consts, (going, *carry) = split(args, n_cond, n_body)
        new = eval_jaxpr(body.jaxpr, body.consts, *consts, *carry)
        kept = [_where(going, x, y) for x, y in zip(new, carry, strict=True)]
        (more,) = eval_jaxpr(cond.jaxpr, cond.consts, *cond_consts, *kept)
        return [bitwise_and(going, more), *kept]

    (going,) = call(cond, [*cond_consts, *carry], "cond")
    avals = avals_of([*cond_consts, *consts, going, *carry])
    lanes = body.remember(("lanes", cond, avals), lambda: stage(step, avals))
    any_goes = _first_has_any(avals[n_cond + n_body :])
    operands = [*cond_consts, *consts]
    return bind_while(any_goes, [], lanes, operands, [going, *carry])[1:]


@functools.lru_cache(maxsize=256)
def _first_has_any(avals):
    """The program that tells whether a member of its first input is true."""
    return stage(lambda going, *rest: [reduce_or(going, (0,))], avals)


def _where(going, x, y):
    """x for members that go on, y for the others; their axis is in front."""
    if aval_of(x).ndim > 1:
        going = broadcast_in_dim(going, aval_of(x).shape, (0,))
    return select_n(going, y, x)


def _while_lower(
    hlo, out, *operands, body_jaxpr, body_nconsts, cond_jaxpr, cond_nconsts
):
    cond_consts, consts, carry = split(operands, cond_nconsts, body_nconsts)

    def cond(inner, *values):
        return inline_values(inner, cond_jaxpr, *cond_consts, *values)

    def body(inner, *values):
        return inline_values(inner, body_jaxpr, *consts, *values)

    return write_while(hlo, carry, cond, body)


def inline_values(hlo, closed, *operands) -> list:
    """Write a program's statements; its results as typed values."""
    names = hlo.inline(closed, *operands)
    return [hlo.value(n, a) for n, a in zip(names, closed.out_avals, strict=True)]


def write_while(hlo, carry, cond: Callable, body: Callable) -> list[str]:
    """Write a loop whose regions are written by `cond` and `body`."""
    avals = [x.aval for x in carry]
    return hlo.emit_many(
        f'"stablehlo.while"({hlo.names(carry)}) ({hlo.region(avals, cond)}, '
        f"{hlo.region(avals, body)}) : {hlo.types(carry, avals)}",
        len(avals),
    )


while_p = Program(
    "while",
    abstract=_while_abstract,
    jvp=_while_jvp,
    linearize=_while_linearize,
    transpose=_while_transpose,
    batch=_while_batch,
    lower=_while_lower,
    multiple_results=True,
    effects=lambda params: params["cond_jaxpr"].effects | params["body_jaxpr"].effects,
)
