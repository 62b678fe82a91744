"""Write the order of effects into a program, so that lowering need not know of it.

Calls of Python that must happen one after the other take a token and return a token: a
boolean that nobody reads, but that makes the later wait for the earlier. Programs that
hold such calls take and return one as well, which a loop carries and branches pass on.

    io_callback[callback=f ordered=True] a
    b:f32[] = io_callback[callback=g ordered=True] a

becomes

    t:bool[] = io_callback[callback=f ordered=True] False a
    u:bool[] b:f32[] = io_callback[callback=g ordered=True] t a

It must run before lowering, whatever the options: XLA orders values only.
"""

from collections.abc import Callable

from ..control.call import jit_p
from ..control.callback_rules import (
    TOKEN,
    debug_callback_p,
    has_order,
    io_callback_p,
)
from ..control.checkpoint import apply_recomputed, checkpoint_p, recomputed_linear_p
from ..control.cond import cond_p
from ..control.custom import custom_jvp_call_p, custom_vjp_call_p, custom_vmap_call_p
from ..control.programs import rewired, split
from ..control.scan_rules import scan_p
from ..control.while_rules import bind_while, while_p
from ..core.jaxpr import ClosedJaxpr, Var, eval_jaxpr
from ..core.literal import aval_of, literal
from ..transforms.stage import stage


def order_effects(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program with a token from each ordered call of Python to the next."""
    if not closed.effects or not has_order(closed.effects):
        return closed

    def make():
        threaded = _threaded(closed)
        jaxpr = threaded.jaxpr
        first, *invars = jaxpr.invars
        start = {first: literal(False, TOKEN)}
        eqns = [
            eqn.replace(invars=[start.get(x, x) for x in eqn.invars])
            for eqn in jaxpr.eqns
        ]
        jaxpr = jaxpr.replace(invars=invars, outvars=jaxpr.outvars[1:], eqns=eqns)
        return threaded.replace(jaxpr=jaxpr)

    return closed.remember("ordered", make)


def _threaded(closed: ClosedJaxpr) -> ClosedJaxpr:
    """A program that takes a token before its inputs and returns one before all."""
    return closed.remember("threaded", lambda: _thread(closed))


def _thread(closed):
    jaxpr = closed.jaxpr
    token = first = Var(TOKEN)
    eqns = []
    for eqn in jaxpr.eqns:
        if has_order(eqn.effects):
            after = Var(TOKEN)
            eqns.append(_RULES.get(eqn.primitive, _refuse)(eqn, token, after))
            token = after
        else:
            eqns.append(eqn)
    threaded = jaxpr.replace(
        invars=[first, *jaxpr.invars], outvars=[token, *jaxpr.outvars], eqns=eqns
    )
    return closed.replace(jaxpr=threaded)


# An equation with a token: what it becomes, given the token before and that after.


def _with_token(eqn, token, after, **changes):
    """An equation that takes the token first and returns it first."""
    return eqn.replace(
        invars=[token, *eqn.invars], outvars=[after, *eqn.outvars], **changes
    )


def _refuse(eqn, token, after):
    raise NotImplementedError(
        f"{eqn.primitive.name}: a callback inside has ordered=True, and this operation "
        "cannot keep the order. Pass ordered=False."
    )


def _callback(eqn, token, after):
    params = {
        "callback": eqn.params["callback"].with_token(),
        "ordered": True,
        "result_avals": (TOKEN, *[v.aval for v in eqn.outvars]),
    }
    return _with_token(eqn, token, after, primitive=io_callback_p, params=params)


def _call(eqn, token, after):
    params = {**eqn.params, "jaxpr": _threaded(eqn.params["jaxpr"])}
    return _with_token(eqn, token, after, params=params)


def _custom_call(eqn, token, after):
    # Nothing is differentiated any more: the rule has done its duty.
    params = {"name": str(eqn.primitive), "jaxpr": _threaded(eqn.params["jaxpr"])}
    return _with_token(eqn, token, after, primitive=jit_p, params=params)


def _recomputed(eqn, token, after):
    avals = [x.aval for x in eqn.invars]
    closed = stage(lambda *xs: apply_recomputed(*xs, **eqn.params), avals)
    params = {"name": str(eqn.primitive), "jaxpr": _threaded(closed)}
    return _with_token(eqn, token, after, primitive=jit_p, params=params)


def _cond(eqn, token, after):
    index, *operands = eqn.invars
    branches = tuple([_threaded(branch) for branch in eqn.params["branches"]])
    return eqn.replace(
        invars=[index, token, *operands],
        outvars=[after, *eqn.outvars],
        params={**eqn.params, "branches": branches},
    )


def _scan(eqn, token, after):
    params = eqn.params
    n_consts, n_ins = params["num_consts"], len(eqn.invars)
    ins = [*range(1, 1 + n_consts), 0, *range(1 + n_consts, 1 + n_ins)]
    body = _threaded(params["jaxpr"])
    consts, rest = split(eqn.invars, n_consts)
    return eqn.replace(
        invars=[*consts, token, *rest],
        outvars=[after, *eqn.outvars],
        params={
            **params,
            "jaxpr": rewired(body, ins, range(len(body.out_avals))),
            "linear": (False, *params["linear"]),
            "num_carry": params["num_carry"] + 1,
        },
    )


def _while(eqn, token, after):
    params = eqn.params
    cond, body = params["cond_jaxpr"], params["body_jaxpr"]
    n_cond, n_body = params["cond_nconsts"], params["body_nconsts"]
    cond_consts, consts, carry = split(eqn.invars, n_cond, n_body)
    if has_order(cond.effects):
        return _while_with_acting_condition(eqn, token, after)
    threaded = _threaded(body)
    ins = [*range(1, 1 + n_body), 0, *range(1 + n_body, 1 + n_body + len(carry))]
    new_params = {
        **params,
        "body_jaxpr": rewired(threaded, ins, range(len(threaded.out_avals))),
        "cond_jaxpr": rewired(
            cond, [*range(n_cond), TOKEN, *range(n_cond, n_cond + len(carry))], [0]
        ),
    }
    return eqn.replace(
        invars=[*cond_consts, *consts, token, *carry],
        outvars=[after, *eqn.outvars],
        params=new_params,
    )


def _while_with_acting_condition(eqn, token, after):
    """A loop whose condition calls Python: it runs before the loop and in the body."""
    params = eqn.params
    cond, body = _threaded(params["cond_jaxpr"]), _threaded(params["body_jaxpr"])
    n_cond, n_body = params["cond_nconsts"], params["body_nconsts"]

    def test(token, cond_consts, carry):
        return eval_jaxpr(cond.jaxpr, cond.consts, token, *cond_consts, *carry)

    def step(*args):
        cond_consts, consts, (_, token, *carry) = split(args, n_cond, n_body)
        token, *carry = eval_jaxpr(body.jaxpr, body.consts, token, *consts, *carry)
        token, going = test(token, cond_consts, carry)
        return [going, token, *carry]

    def whole(token, *args):
        cond_consts, consts, carry = split(args, n_cond, n_body)
        token, going = test(token, cond_consts, carry)
        carry = [going, token, *carry]
        avals = [aval_of(x) for x in (*cond_consts, *consts, *carry)]
        looped = stage(step, avals)
        goes = stage(lambda going, *rest: [going], avals[n_cond + n_body :])
        _, token, *outs = bind_while(goes, [], looped, args[: n_cond + n_body], carry)
        return [token, *outs]

    closed = stage(whole, [TOKEN, *[x.aval for x in eqn.invars]])
    call = {"name": "while", "jaxpr": closed}
    return _with_token(eqn, token, after, primitive=jit_p, params=call)


_RULES: dict[object, Callable] = {
    io_callback_p: _callback,
    debug_callback_p: _callback,
    jit_p: _call,
    checkpoint_p: _call,
    custom_jvp_call_p: _custom_call,
    custom_vjp_call_p: _custom_call,
    custom_vmap_call_p: _custom_call,
    recomputed_linear_p: _recomputed,
    cond_p: _cond,
    scan_p: _scan,
    while_p: _while,
}
