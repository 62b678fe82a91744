"""`while_loop`: repeat a program as long as a condition on its carry holds.

    b:f32[] = while[
      body_jaxpr={ lambda ; a:f32[]. let b:f32[] = mul a 2.0:f32[] in (b,) }
      body_nconsts=0
      cond_jaxpr={ lambda ; a:f32[]. let b:bool[] = lt a 9.0:f32[] in (b,) }
      cond_nconsts=0
    ] a

Operands are the constants of the condition, those of the body, then the carry.
"""

from ..core.primitive import Primitive
from .bodies import avals_of, flatten, trace_body
from .. import tree
import numpy as np


def while_loop(cond_fun, body_fun, init_val):
    init, treedef = flatten("while_loop", "init_val", init_val)
    in_tree = tree.treedef_tuple([treedef])
    avals = avals_of(init)
    cond = trace_body("while_loop", cond_fun, in_tree, avals)
    body = trace_body("while_loop", body_fun, in_tree, avals)
    outs = while_p.bind(
        *cond.consts,
        *body.consts,
        *init,
        body_jaxpr=body.closed,
        body_nconsts=len(body.consts),
        cond_jaxpr=cond.closed,
        cond_nconsts=len(cond.consts),
    )
    return tree.unflatten(treedef, outs)


def _while_abstract(*avals, body_jaxpr, body_nconsts, cond_jaxpr, cond_nconsts):
    return tuple(body_jaxpr.out_avals)


def _while_lower(
    hlo, out, *operands, body_jaxpr, body_nconsts, cond_jaxpr, cond_nconsts
):
    cond_consts = operands[:cond_nconsts]
    body_consts = operands[cond_nconsts : cond_nconsts + body_nconsts]
    carry = operands[cond_nconsts + body_nconsts :]

    def valued(inner, closed, names):
        return [inner.value(n, a) for n, a in zip(names, closed.out_avals, strict=True)]

    def cond(inner, *values):
        names = inner.inline(cond_jaxpr, *cond_consts, *values)
        return valued(inner, cond_jaxpr, names)

    def body(inner, *values):
        names = inner.inline(body_jaxpr, *body_consts, *values)
        return valued(inner, body_jaxpr, names)

    names = hlo.names(carry)
    avals = [x.aval for x in carry]
    return hlo.emit_many(
        f'"stablehlo.while"({names}) ({hlo.region(avals, cond)}, '
        f"{hlo.region(avals, body)}) : {hlo.types(carry, out)}",
        len(out),
    )


while_p = Primitive(
    "while",
    abstract=_while_abstract,
    lower=_while_lower,
    multiple_results=True,
    effects=lambda params: (
        params["cond_jaxpr"].effects | params["body_jaxpr"].effects
    ),
)
