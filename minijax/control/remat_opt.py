"""`remat_opt`: the forward rule of a function, as one step that can be cut in two.

A forward rule that is opaque, such as a kernel, computes residuals together with
values. Under `checkpoint` the forward pass wants the values alone, and the residuals
are made in the backward pass:

    forward    y, c = remat_opt[fun=f forward=f_fwd] x     becomes     y = jit[f] x
    backward   y, c = remat_opt[fun=f forward=f_fwd] x
"""

from collections.abc import Callable, Sequence

from ..core.jaxpr import ClosedJaxpr, Eqn, Var, eval_jaxpr
from ..core.literal import aval_of
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_flat
from ..transforms.stage import hoist, stage
from .call import Program, jit_p


def deferred(fun: Callable, forward: Callable, operands: Sequence):
    """`forward(*operands)`, a pair (outs, residuals), as one step.

    Args:
      fun: returns the outs alone.
    """
    count = 0

    def flat(*args):
        nonlocal count
        outs, residuals = forward(*args)
        count = len(outs)
        return [*outs, *residuals]

    avals = [aval_of(x) for x in operands]
    forward_program, forward_consts = hoist(stage(flat, avals))
    program, consts = hoist(stage(fun, avals))
    results = remat_opt_p.bind(
        *consts,
        *forward_consts,
        *operands,
        fun=program,
        forward=forward_program,
        consts=len(consts),
    )
    return results[:count], results[count:]


def without_unread_residuals(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program, calling the function where nobody reads residuals."""
    jaxpr = closed.jaxpr
    read = {x for eqn in jaxpr.eqns for x in eqn.invars if type(x) is Var}
    read.update(x for x in jaxpr.outvars if type(x) is Var)
    eqns = [
        _value_only(eqn)
        if eqn.primitive is remat_opt_p and read.isdisjoint(_residuals_of(eqn))
        else eqn
        for eqn in jaxpr.eqns
    ]
    return ClosedJaxpr(jaxpr.replace(eqns=eqns), closed.consts)


def _residuals_of(eqn):
    return eqn.outvars[len(eqn.params["fun"].out_avals) :]


def _value_only(eqn):
    fun, count = eqn.params["fun"], eqn.params["consts"]
    between = len(eqn.invars) - len(fun.in_avals)
    invars = [*eqn.invars[:count], *eqn.invars[count + between :]]
    outvars = eqn.outvars[: len(fun.out_avals)]
    params = {"name": "remat_opt", "jaxpr": fun}
    return Eqn(jit_p, invars, params, outvars, eqn.source)


def _run(*operands, fun, forward, consts):
    return eval_jaxpr(forward.jaxpr, forward.consts, *operands[consts:])


def _batch(size, operands, dims, *, fun, forward, consts):
    between = len(operands) - len(fun.in_avals)
    fun_dims = (*dims[:consts], *dims[consts + between :])
    batched_fun, _ = batch_jaxpr(fun, size, fun_dims, (True,) * len(fun.out_avals))
    count = len(forward.out_avals)
    batched, _ = batch_jaxpr(forward, size, tuple(dims[consts:]), (True,) * count)
    outs = remat_opt_p.bind(*operands, fun=batched_fun, forward=batched, consts=consts)
    return outs, [0] * count


remat_opt_p = Program(
    "remat_opt",
    abstract=lambda *avals, fun, forward, consts: tuple(forward.out_avals),
    jvp=lambda primals, tangents, **params: jvp_flat(
        lambda *xs: _run(*xs, **params), primals, tangents
    ),
    batch=_batch,
    lower=lambda hlo, out, *operands, fun, forward, consts: hlo.inline(
        forward, *operands[consts:]
    ),
    multiple_results=True,
    effects=lambda params: params["forward"].effects,
)
