"""Calls of functions that bring rules of their own.

A call is handed to the trace that has a say, with the function itself and its rules:
evaluation runs the function, differentiation and batching run the rules. Staging traces
the function once, and keeps the rules beside the program:

    b = custom_jvp_call[jaxpr={ ... } rule=relu] a

What the rules are, and what is made of those that are missing: `function_rules`.
"""

from collections.abc import Callable, Sequence

from ..core.jaxpr import eval_jaxpr
from ..core.literal import aval_of
from ..core.primitive import Primitive
from ..core.trace import context, evaluator, interpreter
from ..primitives.shape import move_batch
from ..transforms.batch import BatchTrace
from ..transforms.stage import hoist, stage
from .function_rules import Rules, batch_in_front


class CustomCall(Primitive):
    """A call of a function with rules of its own.

    It is bound to functions by `bind_functions`; in a program, its params are the
    function's jaxpr and the rules.
    """

    def bind_functions(self, fun: Callable, rule: Rules, operands: Sequence) -> list:
        """Call `fun(*operands)`, a flat function whose rules are `rule`."""
        trace = interpreter(operands, context.floor)
        return trace.process_custom(self, fun, rule, operands)

    def bind(self, *operands, jaxpr, rule):
        """Call the function that a program holds."""
        trace = interpreter(operands, context.floor)
        if trace is context.floor and trace is not evaluator:
            return trace.process(self, operands, {"jaxpr": jaxpr, "rule": rule})
        return trace.process_custom(
            self,
            lambda *args: eval_jaxpr(jaxpr.jaxpr, jaxpr.consts, *args),
            rule,
            operands,
        )

    def stage(self, trace, fun, rule, operands):
        """Write the call into the program of a staging trace."""
        avals = [aval_of(x) for x in operands]
        closed, consts = hoist(stage(fun, avals, trace.verb))
        params = {"jaxpr": closed, "rule": rule.after(len(consts))}
        return trace.process(self, (*consts, *operands), params)

    def batch_functions(self, trace: BatchTrace, fun, rule, values, dims):
        """Results of the batched function and their batch axes."""
        size, axis_name = trace.size, trace.axis_name
        if rule.vmap is None:

            def batched(*args):
                return batch_in_front(fun, size, args, dims, axis_name)

            rule = rule.batched(size, tuple(dims), axis_name)
            outs = self.bind_functions(batched, rule, values)
            return outs, [0] * len(outs)
        in_front = [
            x if d is None else move_batch(size, x, d, 0)
            for x, d in zip(values, dims, strict=True)
        ]
        flags = tuple([d is not None for d in dims])
        if not rule.has_derivative:
            outs, found = rule.members(size, flags, in_front)
            return outs, [0 if on else None for on in found]
        places = tuple([0 if on else None for on in flags])
        batched_rule = rule.batched(size, places, axis_name)
        outs = self.bind_functions(
            lambda *args: rule.all_members(size, flags, args), batched_rule, in_front
        )
        return outs, [0] * len(outs)


def _custom_call(name):
    return CustomCall(
        name,
        abstract=lambda *avals, jaxpr, rule: tuple(jaxpr.out_avals),
        lower=lambda hlo, out, *operands, jaxpr, rule: hlo.inline(jaxpr, *operands),
        multiple_results=True,
        effects=lambda params: params["jaxpr"].effects,
    )


custom_jvp_call_p = _custom_call("custom_jvp_call")
custom_vjp_call_p = _custom_call("custom_vjp_call")
custom_vmap_call_p = _custom_call("custom_vmap_call")
