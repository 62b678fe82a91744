"""Lowering of primitives of users.

    mlir.register_lowering(p, mlir.lower_fun(f, multiple_results=False))

writes the program of the function `f` wherever a program has a step of `p`. A rule may
also be a function `rule(ctx, *values, **params)` that returns values. They are names in
StableHLO text, not objects of MLIR's Python bindings: `ctx.hlo` writes statements, as
in the `lower` rules of minijax's own primitives, and a call of `lower_fun(f)` or
`emit_python_callback` writes what it says.
"""

from collections.abc import Callable, Sequence
from typing import Any

from .. import tree
from ..control.callback_rules import Callback, pure_callback_p
from ..extend.core.primitive import Primitive

__all__ = [
    "LoweringRuleContext",
    "ModuleContext",
    "emit_python_callback",
    "lower_fun",
    "register_lowering",
]


class ModuleContext:
    """What a rule may know of the module that is being written."""

    def __init__(self, platform: str):
        self.platforms = (platform,)
        self.kept: list[Any] = []

    def add_keepalive(self, thing) -> None:
        """Keep an object for a callback; callbacks keep what they need themselves."""
        self.kept.append(thing)


class LoweringRuleContext:
    """The step that is being lowered.

    Attributes:
      primitive: of the step.
      avals_in, avals_out: types of its operands and results.
      hlo: the writer of statements.
      module_context: what is known of the module.
    """

    def __init__(self, hlo, primitive, avals_in, avals_out):
        self.hlo = hlo
        self.primitive = primitive
        self.avals_in = list(avals_in)
        self.avals_out = list(avals_out)
        self.module_context = ModuleContext(hlo.platform)

    def replace(self, **changes) -> "LoweringRuleContext":
        """The same with some attributes replaced."""
        names = ("hlo", "primitive", "avals_in", "avals_out")
        fields = {**{name: getattr(self, name) for name in names}, **changes}
        return LoweringRuleContext(**fields)


class LoweredFunction:
    """A lowering rule made of a function of arrays."""

    def __init__(self, function: Callable, multiple_results: bool):
        self.function = function
        self.multiple_results = multiple_results

    def __call__(self, ctx: LoweringRuleContext, *values, **params) -> list:
        """Write the program of the function; returns the names of its results."""
        primitive = ctx.primitive
        avals = tuple([x.aval for x in values])
        many = self.multiple_results
        closed = primitive.program(self.function, many, avals, params)
        promised = [(a.shape, a.dtype) for a in ctx.avals_out]
        found = [(a.shape, a.dtype) for a in closed.out_avals]
        if found != promised:
            raise TypeError(
                f"{primitive.name}: the function it is lowered to must return what its "
                f"abstract rule says, {', '.join(map(str, ctx.avals_out))}, got "
                f"{', '.join(map(str, closed.out_avals))}."
            )
        names = ctx.hlo.inline(closed, *values)
        pairs = zip(names, closed.out_avals, strict=True)
        return [ctx.hlo.value(name, aval) for name, aval in pairs]


def lower_fun(fun: Callable, multiple_results: bool = True) -> LoweredFunction:
    """A lowering rule that writes the program of `fun(*operands, **params)`.

    Args:
      multiple_results: whether it returns a sequence.
    """
    return LoweredFunction(fun, multiple_results)


def register_lowering(
    prim: Primitive,
    rule: Callable,
    platform: str | None = None,
    inline: bool = True,
    cacheable: bool = True,
) -> Callable:
    """Say how steps of a primitive are written.

    Args:
      rule: what `lower_fun` gives, or `rule(ctx, *values, **params)`.
      platform: `cpu`, `gpu`, `cuda` or `tpu`; by default all.
    """
    if type(prim).__setattr__ is not Primitive.__setattr__:
        raise TypeError(
            f"register_lowering: {prim} is complete, its rules cannot be set. Make a "
            "primitive of your own with minijax.extend.core.Primitive."
        )

    def lower(hlo, out, *operands, **params):
        many = prim.multiple_results
        avals = out if many else (out,)
        ctx = LoweringRuleContext(hlo, prim, [x.aval for x in operands], avals)
        results = [str(x) for x in _flat(rule(ctx, *operands, **params))]
        if len(results) != len(avals):
            raise TypeError(
                f"{prim.name}: the lowering rule must return {len(avals)} values, got "
                f"{len(results)}."
            )
        return results if many else results[0]

    prim.set_lowering(lower, platform)
    return rule


def _flat(results):
    """Names of results; each may stand in a sequence of its own."""
    for x in results if isinstance(results, list | tuple) else (results,):
        if isinstance(x, list | tuple):
            yield from _flat(x)
        elif isinstance(x, str) or hasattr(x, "aval"):
            yield x
        else:
            raise TypeError(
                f"a lowering rule must return names of values, got {x!r:.60} of type "
                f"{type(x).__name__}. minijax writes StableHLO as text: use ctx.hlo, "
                "or register mlir.lower_fun(f)."
            )


def emit_python_callback(
    ctx: LoweringRuleContext,
    callback: Callable,
    token,
    operands: Sequence,
    operand_avals: Sequence,
    result_avals: Sequence,
    *,
    has_side_effect: bool = False,
    returns_token: bool = True,
    partitioned: bool = False,
    sharding=None,
) -> tuple[list, Any, Any]:
    """Write a call of a Python function of arrays that returns a sequence of arrays.

    Returns the values, the token as it is, and what keeps the function alive.
    """
    if has_side_effect or sharding is not None or partitioned or token is not None:
        raise NotImplementedError(
            "emit_python_callback: functions with effects, tokens and shardings are "
            "not supported. Use io_callback in the function given to lower_fun."
        )
    avals = tuple(result_avals)
    out_tree = tree.structure((0,) * len(avals))
    record = Callback(
        ctx.primitive.name, callback, lambda xs: tuple(callback(*xs)), out_tree
    )
    write: Any = pure_callback_p.lower
    names = write(
        ctx.hlo,
        avals,
        *operands,
        callback=record,
        result_avals=avals,
        vmap_method=None,
    )
    pairs = zip(names, avals, strict=True)
    return [ctx.hlo.value(str(name), aval) for name, aval in pairs], token, record
