"""Which results of a program would be masked, found without running it.

    (plain, open)     { lambda ; r y. let x = select_n c 0.0 y; z = mul x r in (z,) }
    (masked,)

`masks.py` decides the same value by value. Loops and branches ask here first, since a
program need not be written anew where no mask would come out of it. The answer may be
wrong in either direction: a mask too few is one that JAX has not either, and a value
that turns out to have none gets a mask that is true everywhere.
"""

import enum
from collections.abc import Sequence

from ..core.jaxpr import ClosedJaxpr
from ..core.literal import Literal
from ..primitives import elementwise
from ..primitives.scatter import scatter_add_p
from ..primitives.shape import reduce_sum_p
from .masks import MIXING, RULES, holds_choice, is_zero


class State(enum.IntEnum):
    """What is known of a value."""

    PLAIN = 0
    ZERO = 1
    OPEN = 2  # a choice may mask it
    SETTLED = 3  # masked, and the zeros are there already
    SCALAR = 4  # masked as a whole
    MASKED = 5


PLAIN, ZERO, OPEN, SETTLED, SCALAR, MASKED = State
_SUMS = frozenset({elementwise.add_p, elementwise.sub_p, elementwise.complex_p})
_PRODUCTS = frozenset({elementwise.mul_p, elementwise.div_p})
_GATHERING = frozenset({reduce_sum_p, scatter_add_p})


def flow(closed: ClosedJaxpr, states: Sequence[State]) -> tuple[State, ...]:
    """The states of the results of a program whose inputs have the given ones."""
    states = tuple(states)
    return closed.remember(("mask flow", states), lambda: _flow(closed, states))


def _flow(closed, states):
    known = dict(zip(closed.jaxpr.invars, states, strict=True))

    def of(x):
        if type(x) is Literal:
            return ZERO if is_zero(x) else PLAIN
        return known.get(x, PLAIN)

    for eqn in closed.jaxpr.eqns:
        found = [of(x) for x in eqn.invars]
        if max(found, default=PLAIN) > ZERO:
            state = _after(eqn, found)
            known.update(dict.fromkeys(eqn.outvars, state))
    return tuple([of(x) for x in closed.jaxpr.outvars])


def _after(eqn, found):
    """The state of the results of an operation, one operand of which is not plain."""
    primitive = eqn.primitive
    if primitive.mask is not None:
        chosen = any(
            type(x) is ClosedJaxpr and holds_choice(x) for x in eqn.params.values()
        )
        return MASKED if chosen or max(found) > OPEN else PLAIN
    if primitive not in RULES:
        return PLAIN
    best = max(found)
    if primitive is elementwise.select_n_p:
        if PLAIN in found[1:]:
            return PLAIN
        return MASKED if eqn.invars[0].aval.ndim or best == MASKED else SCALAR
    if primitive in MIXING:
        return best if best in (OPEN, SCALAR) else PLAIN
    if primitive in _SUMS:
        return next((s for s in (PLAIN, SETTLED) if s in found), best)
    if primitive in _PRODUCTS and best is SETTLED:
        return MASKED
    return SETTLED if primitive in _GATHERING and best is MASKED else best
