"""What a program reads for some of its outputs, also inside the programs it holds.

    { lambda ; a:f32[] b:f32[]. let c, d = jit[jaxpr={ ... in (sin a, mul b b) }] a b
      in (c, d) }

reads a alone for c. Its part for c is a program of a: steps that c does not need are
dropped, and where a step that stays does not need an input, it gets zeros.
"""

from collections.abc import Sequence

from ..core.jaxpr import ClosedJaxpr, Var
from ..core.literal import zeros_of
from ..core.primitive import NamedAxis
from ..dtypes import ExtendedDType
from .programs import least_flags, picked, split


def either(xs: Sequence[bool], ys: Sequence[bool]) -> tuple[bool, ...]:
    """Which flags are set in one of two lists."""
    return tuple([x or y for x, y in zip(xs, ys, strict=True)])


def needs(closed: ClosedJaxpr, wanted: Sequence[bool]) -> tuple[bool, ...]:
    """Which inputs the marked outputs depend on."""
    wanted = tuple(wanted)
    return closed.remember(("needs", wanted), lambda: _needs(closed.jaxpr, wanted))


def _needs(jaxpr, wanted):
    _, needed = _steps_for(jaxpr, picked(jaxpr.outvars, wanted))
    return tuple([v in needed for v in jaxpr.invars])


def part_of(closed: ClosedJaxpr, ins: Sequence[bool], outs: Sequence[bool]):
    """The program of the marked outputs, which need the marked inputs at most.

    Steps with effects stay only where their results are needed.
    """
    ins, outs = tuple(ins), tuple(outs)
    return closed.remember(("part", ins, outs), lambda: _part_of(closed, ins, outs))


def _part_of(closed, ins, outs):
    jaxpr = closed.jaxpr
    outvars = picked(jaxpr.outvars, outs)
    eqns, _ = _steps_for(jaxpr, outvars)
    part = jaxpr.replace(invars=picked(jaxpr.invars, ins), outvars=outvars, eqns=eqns)
    return closed.replace(jaxpr=part)


def _steps_for(jaxpr, outvars):
    """The steps that make some variables, and all variables needed for that."""
    needed = {x for x in outvars if type(x) is Var}
    eqns = []
    for eqn in reversed(jaxpr.eqns):
        wanted = [v in needed for v in eqn.outvars]
        if any(wanted):
            used = _reads(eqn, tuple(wanted))
            if not all(used):
                pairs = zip(eqn.invars, used, strict=True)
                ins = [x if on else zeros_of(x.aval) for x, on in pairs]
                eqn = eqn.replace(invars=ins)
            eqns.append(eqn)
            needed.update(x for x in eqn.invars if type(x) is Var)
    eqns.reverse()
    return eqns, needed


def _reads(eqn, wanted):
    """Which operands the marked results of a step need."""
    rule = _RULES.get(eqn.primitive.name)
    if rule is None or not all(isinstance(e, NamedAxis) for e in eqn.effects):
        return (True,) * len(eqn.invars)
    found = rule(wanted, **eqn.params)
    # There is no zero of a key.
    keys = [isinstance(x.aval.dtype, ExtendedDType) for x in eqn.invars]
    return either(found, keys)


def _call_reads(wanted, *, jaxpr, **params):
    return needs(jaxpr, wanted)


def _cond_reads(wanted, *, branches):
    flags = [needs(branch, wanted) for branch in branches]
    return (True, *[any(column) for column in zip(*flags, strict=True)])


def _scan_reads(wanted, *, jaxpr, num_consts, num_carry, **params):
    carry, ys = split(wanted, num_carry)

    def step(flags):
        found = needs(jaxpr, (*flags, *ys))
        return found, found[num_consts : num_consts + num_carry]

    carry, found = least_flags(carry, step)
    return found[:num_consts] + carry + found[num_consts + num_carry :]


def while_reads(
    wanted, *, cond_jaxpr, cond_nconsts, body_jaxpr, body_nconsts, **params
):
    """Which operands of a loop the marked results need, and how often it turns."""
    cond_consts, from_cond = split(needs(cond_jaxpr, (True,)), cond_nconsts)

    def step(flags):
        return split(needs(body_jaxpr, flags), body_nconsts)

    carry, consts = least_flags(either(wanted, from_cond), step)
    return cond_consts + consts + carry


def unwind_reads(wanted, *, up, down, nconsts, nups, **params):
    """Which operands of a descent the marked results need."""

    def down_step(flags):
        *found, downs = split(needs(down, flags), nconsts, nups)
        return found, downs

    def up_step(flags):
        return split(needs(up, flags), nconsts)

    downs, (consts, ups) = least_flags(wanted, down_step)
    ups, from_up = least_flags(ups, up_step)
    return (True, *either(consts, from_up), *ups, *downs)


_RULES = {
    "checkpoint": _call_reads,
    "cond": _cond_reads,
    "custom_jvp_call": _call_reads,
    "custom_vjp_call": _call_reads,
    "jit": _call_reads,
    "scan": _scan_reads,
    "unwind": unwind_reads,
    "while": while_reads,
}
