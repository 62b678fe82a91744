"""The record of a primitive, and the contract of its rules.

A primitive is frozen and complete when built. `None` means "no such rule", which the
error then says. All rules of one primitive stand in one block of `primitives/` or
`control/`:

    rule        signature                                          note
    abstract    (*avals, **params) -> aval                         types in, type out
    jvp         (primals, tangents, **params) -> (out, out_dot)    None: zero tangent
    transpose   (ct, *operands, **params) -> [ct or None, ...]     `Linear` operands
    batch       (size, operands, dims, **params) -> (out, dim)     dim None: shared
    lower       (hlo, out, *operands, **params) -> name            name of the result
    linearize   (trace, primals, tangents, **params)               programs only
    mask        (trace, primitive, operands, params) -> out        programs only
    expand      (out, **params) -> closed                          special functions

With `multiple_results`, avals, outs, out_dots, dims and names are sequences. Only
primitives that hold programs (`control/`) need `linearize`: it splits them into the
part that is evaluated now and the linear part that goes onto the tape. Those that have
`mask` let masks of tangents in and out (`transforms/masks.py`). A primitive that is
lowered as a program gives it by `expand`: of operands that are like the result, so that
passes can see inside. Params are hashable and already checked by the surface.
"""

from collections.abc import Callable

from .. import errors
from .literal import aval_of
from .trace import ENDED, context, interpreter
from .tracebacks import hide_our_frames

# Every primitive by name, for tests that walk the table and for readers.
registry: dict[str, "Primitive"] = {}

# Results of abstract rules kept per primitive before the memo is started afresh.
MEMO_SIZE = 1 << 15


class JvpRule:
    """A jvp rule that is still to be told its primitive; `core.rules` builds them."""

    __slots__ = ("apply",)

    def __init__(self, apply):
        self.apply = apply

    def bound_to(self, primitive: "Primitive"):
        """The rule with the signature of the contract."""
        apply = self.apply

        def rule(primals, tangents, **params):
            return apply(primitive, primals, tangents, params)

        return rule


class Primitive:
    """One operation and all its rules."""

    name: str
    abstract: Callable
    jvp: Callable | None
    transpose: Callable | None
    batch: Callable | None
    lower: Callable | None
    linearize: Callable | None
    mask: Callable | None
    expand: Callable | None
    multiple_results: bool
    effects: frozenset | Callable

    def __init__(
        self,
        name,
        *,
        abstract,
        jvp=None,
        transpose=None,
        batch=None,
        lower=None,
        linearize=None,
        mask=None,
        expand=None,
        multiple_results=False,
        effects=frozenset(),
    ):
        fields = locals()
        fields.pop("self")
        if isinstance(jvp, JvpRule):
            fields["jvp"] = jvp.bound_to(self)
        for field, value in fields.items():
            object.__setattr__(self, field, value)
        object.__setattr__(self, "_memo", {})
        registry[name] = self

    def __setattr__(self, name, value):
        raise AttributeError(
            f"{self.name}: a primitive is complete when built, cannot set {name!r}. "
            "Build a new one with minijax.extend.Primitive."
        )

    def __repr__(self):
        return self.name

    def __reduce__(self):
        return registry.__getitem__, (self.name,)

    def bind(self, *operands, **params):
        """Apply the primitive: the innermost interpreter that has a say takes it."""
        try:
            return interpreter(operands, context.floor).process(self, operands, params)
        except Exception as error:
            hide_our_frames(error)
            raise

    def infer(self, avals, params):
        """The type of the result, from the abstract rule or remembered from it."""
        key = (avals, *params.items()) if params else avals
        memo = self._memo
        try:
            return memo[key]
        except KeyError:
            out = self.abstract(*avals, **params)
            if len(memo) > MEMO_SIZE:
                memo.clear()
            memo[key] = out
            return out
        except TypeError:  # a parameter that cannot be hashed
            return self.abstract(*avals, **params)

    def impl(self, *operands, **params):
        """Evaluate the primitive; an application to values does just that."""
        return self.bind(*operands, **params)

    def abstract_eval(self, *avals, **params):
        """The type of the result, or types, and the effects."""
        return self.infer(avals, params), self.effects_of(params)

    def bind_with_trace(self, trace, operands, *avals_and_params):
        """Have one interpreter apply the primitive; params come last."""
        return trace.process(self, operands, avals_and_params[-1])

    def get_bind_params(self, params):
        """Leading operands and params for `bind`, from the params of an equation."""
        return [], dict(params)

    def effects_of(self, params):
        """The effects of one application: a set of hashable names."""
        effects = self.effects
        return effects(params) if callable(effects) else effects

    def missing(self, rule, operands):
        """The error for a rule this primitive does not have."""
        types = ", ".join(str(aval_of(x)) for x in operands)
        return NotImplementedError(
            f"{self.name}: no {rule} rule for operands ({types}). "
            "Rewrite this step, or give the function that contains it a custom rule."
        )


class NamedAxis:
    """The effect of a collective: its meaning depends on an axis named elsewhere."""

    __slots__ = ("name",)

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, NamedAxis) and self.name == other.name

    def __hash__(self):
        return hash(("axis", self.name))

    def __repr__(self):
        return f"NamedAxis({self.name!r})"


def check_alive(*values):
    """Refuse tracers whose transformation has ended."""
    for x in values:
        trace = getattr(x, "_trace", None)
        if trace is not None and trace.level == ENDED:
            raise errors.UnexpectedTracerError(
                f"{x.name()}: {x.aval} was traced {x.origin()} and has escaped from "
                "there. Return it from the transformed function instead of storing it."
            )
