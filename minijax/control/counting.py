"""How often a loop turns: counters, and programs that count.

    { lambda ; n:i32[] i:i32[] c:f32[]. let a:bool[] = lt i n in (a,) }      condition
    { lambda ; i:i32[] c:f32[]. let ... j:i32[] = add i 1 in (j, d) }        body

A loop of this form turns max(n - i, 0) times; of other loops the turns are counted.
"""

import functools

import numpy as np

from .. import dtypes
from ..core.avals import ShapedArray
from ..core.jaxpr import ClosedJaxpr, eval_jaxpr
from ..core.literal import Literal
from ..primitives.elementwise import add_p, convert_element_type, lt, lt_p, select
from ..transforms.stage import stage
from .programs import rewired, split
from .reads import part_of, while_reads

ZERO = np.int32(0)
COUNT = ShapedArray((), np.int32)


def indexed(body: ClosedJaxpr, n_consts: int) -> ClosedJaxpr:
    """The body of a loop that also counts: it returns the index that it takes, plus 1.

    The index stands behind the constants.
    """

    def run(*args):
        outs = eval_jaxpr(body.jaxpr, body.consts, *args)
        return [args[n_consts] + 1, *outs]

    return body.remember(("indexed", n_consts), lambda: stage(run, body.in_avals))


def with_counter(body: ClosedJaxpr, n_consts: int) -> ClosedJaxpr:
    """The body of a loop with a counter, i32[], in front of its carry."""
    count = len(body.in_avals)
    ins = [*range(n_consts), COUNT, *range(n_consts, count)]
    return indexed(rewired(body, ins, range(len(body.out_avals))), n_consts)


@functools.lru_cache(maxsize=256)
def below(avals) -> ClosedJaxpr:
    """The condition of a counting loop: takes the upper bound, then the carry."""
    return stage(lambda upper, i, *carry: [lt(i, upper)], avals)


def steps_ahead(operands, cond, n_cond, body, n_body):
    """The number of turns of a loop that counts up to a bound, i32[]; or None."""
    found = cond.remember(
        ("counter", body), lambda: _counter(cond, n_cond, body, n_body)
    )
    if found is None:
        return None
    place, end = found
    start = operands[n_cond + n_body + place]
    end = end if type(end) is Literal else operands[end]
    # Differences are right modulo 2^32, whatever the type of the counter.
    turns = convert_element_type(end, np.int32) - convert_element_type(start, np.int32)
    return select(lt(start, end), turns, ZERO)


def _counter(cond, n_cond, body, n_body):
    """Which carry is the counter, and its bound: a literal or a place; or None."""
    cond, body = cond.jaxpr, body.jaxpr
    if len(cond.eqns) != 1 or cond.eqns[0].primitive is not lt_p:
        return None
    i, end = cond.eqns[0].invars
    places = {v: k for k, v in enumerate(cond.invars)}
    place = places.get(i, -1) - n_cond
    if place < 0 or i.aval.dtype not in dtypes.INTS:
        return None
    if type(end) is not Literal:
        end = places[end]
        if end >= n_cond:
            return None
    i, out = body.invars[n_body + place], body.outvars[place]
    for eqn in body.eqns:
        if eqn.outvars == [out] and eqn.primitive is add_p:
            x, y = eqn.invars
            if x is i and type(y) is Literal and y.scalar == 1:
                return place, end
    return None


def deciding_part(cond, n_cond, body, n_body):
    """The part of a loop that decides how often it turns.

    Returns which operands it has; then its condition, the number of its constants, and
    the same of its body.
    """
    flags = while_reads(
        (False,) * len(body.out_avals),
        cond_jaxpr=cond,
        cond_nconsts=n_cond,
        body_jaxpr=body,
        body_nconsts=n_body,
    )
    cond_consts, consts, carry = split(flags, n_cond, n_body)
    part = (
        part_of(cond, cond_consts + carry, (True,)),
        sum(cond_consts),
        part_of(body, consts + carry, carry),
        sum(consts),
    )
    return flags, part
