"""Lowering of primitives of users: from a function of arrays.

    mlir.register_lowering(p, mlir.lower_fun(f, multiple_results=False))

writes the program of `f` wherever a program has a step of `p`.
"""

from collections.abc import Callable

from ..extend.core.primitive import Primitive


class LoweredFunction:
    """A lowering rule made of a function of arrays."""

    def __init__(self, function: Callable, multiple_results: bool):
        self.function = function
        self.multiple_results = multiple_results

    def rule_of(self, primitive):
        """The rule of the contract for a primitive."""

        def rule(hlo, out, *operands, **params):
            avals = tuple([x.aval for x in operands])
            closed = primitive.program(self.function, avals, params)
            for found, wanted in zip(
                closed.out_avals, out if many else (out,), strict=True
            ):
                if (found.shape, found.dtype) != (wanted.shape, wanted.dtype):
                    raise TypeError(
                        f"{primitive.name}: the function it is lowered to must return "
                        f"{wanted}, as its abstract rule says, got {found}."
                    )
            results = hlo.inline(closed, *operands)
            return results if many else results[0]

        many = self.multiple_results
        return rule


def lower_fun(fun: Callable, multiple_results: bool = True) -> LoweredFunction:
    """A lowering rule that writes the program of `fun(*operands, **params)`.

    Args:
      multiple_results: whether it returns a sequence.
    """
    return LoweredFunction(fun, multiple_results)


def register_lowering(
    prim: Primitive,
    rule,
    platform: str | None = None,
    inline: bool = True,
    cacheable: bool = True,
):
    """Say how steps of a primitive are written.

    Args:
      rule: what `lower_fun` gives.
      platform: `cpu`, `gpu`, `cuda` or `tpu`; by default all.
    """
    if not isinstance(rule, LoweredFunction):
        raise NotImplementedError(
            f"register_lowering: the rule of {prim} must come from mlir.lower_fun, got "
            f"{rule!r:.60}. minijax writes StableHLO as text, without MLIR's Python "
            "bindings."
        )
    prim.set_lowering(rule.rule_of(prim), platform)
    return rule
