"""Remove equations whose results nobody reads and that have no effects.

    { lambda ; a:f32[]. let b = sin a; c = cos a in (c,) }

becomes

    { lambda ; a:f32[]. let c = cos a in (c,) }
"""

from ..core.jaxpr import ClosedJaxpr, Var
from ..core.primitive import NamedAxis


def acts(effects) -> bool:
    """Whether an equation does something besides computing its results."""
    return any(not isinstance(effect, NamedAxis) for effect in effects)


def remove_dead_code(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program without equations that do not reach its results.

    Constants that are no longer read are dropped as well; inputs stay.
    """
    jaxpr = closed.jaxpr
    live = {x for x in jaxpr.outvars if type(x) is Var}
    kept = []
    for eqn in reversed(jaxpr.eqns):
        if live.isdisjoint(eqn.outvars) and not acts(eqn.effects):
            continue
        kept.append(eqn)
        live.update([x for x in eqn.invars if type(x) is Var])
    if len(kept) == len(jaxpr.eqns) and live.issuperset(jaxpr.constvars):
        return closed
    kept.reverse()
    used = [
        (v, c) for v, c in zip(jaxpr.constvars, closed.consts, strict=True) if v in live
    ]
    pruned = jaxpr.replace(constvars=[v for v, _ in used], eqns=kept)
    return ClosedJaxpr(pruned, [c for _, c in used])
