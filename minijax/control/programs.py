"""Programs made from programs: inputs and outputs in another order, steps moved out.

Rules of loops and branches call `jvp_jaxpr`, `linearize_jaxpr` and their kin on bodies,
then put what comes out in the order that a loop expects.

    { lambda ; a:f32[] b:f32[]. let ... in (c, d) }     rewired with ins (1, i32[], 0),
    { lambda ; b:f32[] e:i32[] a:f32[]. let ... in (d,) }     outs (1,)
"""

import itertools
from collections.abc import Callable, Sequence

from ..core.jaxpr import ClosedJaxpr, Jaxpr, Var
from ..core.literal import Literal, zeros_of
from ..core.rules import instantiate


def split(xs: Sequence, *sizes: int) -> list:
    """Consecutive parts of a sequence, of the given sizes, and the rest.

    >>> split("abcdef", 1, 2)
    ['a', 'bc', 'def']
    """
    ends = list(itertools.accumulate(sizes))
    return [
        xs[start:end] for start, end in zip([0, *ends], [*ends, len(xs)], strict=True)
    ]


def picked(xs: Sequence, flags: Sequence[bool]) -> list:
    """The elements whose flag is set."""
    return [x for x, on in zip(xs, flags, strict=True) if on]


def spread(xs: Sequence, flags: Sequence[bool], default=None) -> list:
    """The reverse of `picked`: elements in the places whose flag is set."""
    given = iter(xs)
    return [next(given) if on else default for on in flags]


def given(tangents: Sequence) -> tuple[bool, ...]:
    """Which tangents or cotangents are not symbolically zero."""
    return tuple([t is not None for t in tangents])


def instantiated(tangents: Sequence, primals: Sequence, flags: Sequence[bool]) -> list:
    """The tangents whose flag is set, as values."""
    pairs = zip(picked(tangents, flags), picked(primals, flags), strict=True)
    return [instantiate(t, x) for t, x in pairs]


def filled_with_zeros(tangent, aval):
    """A tangent or cotangent of values of a type as a value: zeros for None."""
    return zeros_of(aval.to_tangent_aval()) if tangent is None else tangent


def rewired(closed: ClosedJaxpr, ins: Sequence, outs: Sequence) -> ClosedJaxpr:
    """The same program with its inputs and outputs chosen anew.

    Args:
      ins: for each new input, the position of an old one (each must occur once), or a
        type: an input that is ignored.
      outs: for each new output, the position of an old one, or a type: zeros.
    """
    ins, outs = tuple(ins), tuple(outs)
    return closed.remember(("rewired", ins, outs), lambda: _rewired(closed, ins, outs))


def _rewired(closed, ins, outs):
    jaxpr = closed.jaxpr
    invars = [jaxpr.invars[x] if isinstance(x, int) else Var(x) for x in ins]
    outvars = [jaxpr.outvars[x] if isinstance(x, int) else zeros_of(x) for x in outs]
    return closed.replace(jaxpr=jaxpr.replace(invars=invars, outvars=outvars))


def least_flags(start: Sequence[bool], step: Callable):
    """The least flags that contain `start` and that a step does not add to.

    Args:
      step: from flags to a pair: any result, and the flags found necessary.

    Returns the flags and the step's result for them.
    """
    flags = tuple(start)
    while True:
        result, found = step(flags)
        grown = tuple([a or b for a, b in zip(flags, found, strict=True)])
        if grown == flags:
            return flags, result
        flags = grown


def depends(closed: ClosedJaxpr, flags: Sequence[bool]) -> tuple[bool, ...]:
    """Which outputs depend on the marked inputs."""
    jaxpr = closed.jaxpr
    marked = set(picked(jaxpr.invars, flags))
    for eqn in jaxpr.eqns:
        if any(type(x) is Var and x in marked for x in eqn.invars):
            marked.update(eqn.outvars)
    return tuple([type(x) is Var and x in marked for x in jaxpr.outvars])


def fixed_values(jaxpr: Jaxpr, count: int) -> set[Var]:
    """The variables that depend on nothing but the first `count` inputs."""
    fixed = {*jaxpr.constvars, *jaxpr.invars[:count]}
    for eqn in jaxpr.eqns:
        known = all(type(x) is Literal or x in fixed for x in eqn.invars)
        if known and not eqn.effects:
            fixed.update(eqn.outvars)
    return fixed


def program_of(closed: ClosedJaxpr, count: int, outvars: Sequence) -> ClosedJaxpr:
    """The part of a program that makes `outvars` from its first `count` inputs.

    Steps with effects stay in the whole, which has all inputs.
    """
    jaxpr = closed.jaxpr
    whole = count == len(jaxpr.invars)
    needed = {x for x in outvars if type(x) is Var}
    eqns = []
    for eqn in reversed(jaxpr.eqns):
        if (whole and eqn.effects) or needed.intersection(eqn.outvars):
            eqns.append(eqn)
            needed.update(x for x in eqn.invars if type(x) is Var)
    eqns.reverse()
    part = jaxpr.replace(invars=jaxpr.invars[:count], outvars=outvars, eqns=eqns)
    return closed.replace(jaxpr=part)
