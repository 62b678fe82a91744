"""Replace calls of sub-programs by their equations, as XLA does.

    { lambda ; a:f32[]. let b:f32[] = jit[jaxpr={ lambda ; c:f32[]. let d:f32[] = sin c
      in (d,) }] a in (b,) }

becomes

    { lambda ; a:f32[]. let b:f32[] = sin a in (b,) }
"""

from ..control.call import jit_p
from ..control.checkpoint import checkpoint_p
from ..control.custom import custom_jvp_call_p, custom_vjp_call_p, custom_vmap_call_p
from ..core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var
from ..core.literal import Literal, literal
from ..primitives import broadcast_in_dim_p, convert_element_type_p
from .fusion import FUSIBLE, REDUCTIONS

LARGEST = 50_000  # equations; the calls of a program of more stay
MERGED = FUSIBLE | REDUCTIONS
CALLS = frozenset(
    [jit_p, checkpoint_p, custom_jvp_call_p, custom_vjp_call_p, custom_vmap_call_p]
)


def inline_calls(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program with calls of sub-programs replaced by their equations.

    A special function, which is lowered as a call of its program, is one too. Partial
    derivatives have most of their equations in common, which then are merged.
    """
    if not any(map(_called, closed.eqns)) or _length(closed.jaxpr) > LARGEST:
        return closed
    inlined = _Inlined(closed)
    names: dict = {}
    inlined.write(closed.jaxpr, names)
    jaxpr = closed.jaxpr.replace(
        constvars=[v for v, _ in inlined.constants],
        outvars=[names.get(x, x) for x in closed.jaxpr.outvars],
        eqns=inlined.eqns,
    )
    if inlined.repeats:
        jaxpr = merge_equal(jaxpr)
    return ClosedJaxpr(jaxpr, [c for _, c in inlined.constants])


def _called(eqn):
    """The program that an equation calls, if it does."""
    primitive = eqn.primitive
    if primitive in CALLS:
        return eqn.params["jaxpr"]
    if primitive.expand is None or primitive.name in FUSIBLE:
        return None
    return primitive.expand(eqn.outvars[0].aval, **eqn.params)


def _length(jaxpr):
    called = map(_called, jaxpr.eqns)
    return sum(1 if closed is None else _length(closed.jaxpr) for closed in called)


def merge_equal(jaxpr: Jaxpr) -> Jaxpr:
    """The same program in which no equation that fuses, or reduces, is repeated.

    b:f32[] = sin a; c:f32[] = sin a; d:f32[] = mul b c     becomes
    b:f32[] = sin a; d:f32[] = mul b b
    """
    found: dict = {}
    names: dict = {}
    eqns = []
    for eqn in jaxpr.eqns:
        primitive, params = eqn.primitive, eqn.params
        invars = [names.get(x, x) for x in eqn.invars]
        if primitive.name in MERGED and not primitive.multiple_results:
            (v,) = eqn.outvars
            # Literals that are equal are one object, and variables always.
            key = (primitive, v.aval, *map(id, invars), *params.items())
            names[v] = found.setdefault(key, v)
            if names[v] is not v:
                continue
        eqns.append(standing_for(eqn, primitive, invars, params, eqn.outvars))
    outvars = [names.get(x, x) for x in jaxpr.outvars]
    return jaxpr.replace(eqns=eqns, outvars=outvars, effects=jaxpr.effects)


class _Inlined:
    """The equations and constants of a program while its calls are inlined."""

    def __init__(self, closed):
        self.eqns: list[Eqn] = []
        self.repeats = False  # whether it has special functions
        self.constants = list(zip(closed.jaxpr.constvars, closed.consts, strict=True))

    def write(self, jaxpr, names, fresh=False, scope=()):
        """Append the equations of a program, its variables renamed by `names`.

        Args:
          fresh: rename also what the program itself sets: it may be called twice.
        """
        for eqn in jaxpr.eqns:
            invars = [names.get(x, x) for x in eqn.invars]
            called = _called(eqn)
            if called is not None:
                inside = (*scope, *eqn.names)
                if eqn.primitive in CALLS:
                    outs = self.call(called, invars, inside)
                else:
                    outs = self.special(eqn, called, invars, inside)
                names.update(zip(eqn.outvars, outs, strict=True))
                continue
            outvars = eqn.outvars
            if fresh:
                outvars = [Var(v.aval) for v in outvars]
                names.update(zip(eqn.outvars, outvars, strict=True))
            scopes = (*scope, *eqn.names)
            self.eqns.append(
                Eqn(eqn.primitive, invars, eqn.params, outvars, eqn.source, scopes)
            )

    def call(self, closed, operands, scope):
        """Append a called program; returns what its results are called here."""
        jaxpr = closed.jaxpr
        names = dict(zip(jaxpr.invars, operands, strict=True))
        for v, const in zip(jaxpr.constvars, closed.consts, strict=True):
            names[v] = Var(v.aval)
            self.constants.append((names[v], const))
        self.write(jaxpr, names, True, scope)
        return [names.get(x, x) for x in jaxpr.outvars]

    def special(self, eqn, closed, operands, scope):
        """Append the program of a special function, for operands of the result's type.

        The program is that of strong types; the result may be weak.
        """
        self.repeats = True
        (aval,) = closed.out_avals
        (v,) = eqn.outvars
        spread = [self.spread(x, aval, eqn) for x in operands]
        (out,) = self.call(closed, spread, (*scope, eqn.primitive.name))
        if v.aval is aval:
            return [out]
        weak = {"new_dtype": aval.dtype, "weak_type": v.aval.weak_type}
        return [self.append(eqn, convert_element_type_p, out, weak, v.aval)]

    def spread(self, x, aval, eqn):
        """An operand repeated to the shape of a type."""
        if x.aval.shape == aval.shape:
            return x
        if type(x) is Literal:
            return literal(x.scalar, aval)
        shape = {"shape": aval.shape, "broadcast_dimensions": ()}
        return self.append(eqn, broadcast_in_dim_p, x, shape, aval)

    def append(self, eqn, primitive, x, params, aval):
        """Append an equation of one operand for another one; returns its result."""
        out = Var(aval)
        self.eqns.append(standing_for(eqn, primitive, [x], params, [out]))
        return out


def standing_for(eqn, primitive, invars, params, outvars):
    """An equation that stands for another one's line in the user's program."""
    return Eqn(primitive, invars, params, outvars, eqn.source, eqn.names)
