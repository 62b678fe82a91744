"""`while` in StableHLO, and loops that other primitives write.

%4:2 = "stablehlo.while"(%i, %c) ({ compare %i, %n }, { ... the body ... })
"""

from collections.abc import Callable

from .programs import split


def lower_while(
    hlo,
    out,
    *operands,
    body_jaxpr,
    body_nconsts,
    cond_jaxpr,
    cond_nconsts,
    checkpoints=None,
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
