"""Functions that bring their own derivative rules.

A call of such a function is interpreted by each trace for itself: evaluation runs the
function, differentiation runs the rule, batching batches both. Staging traces the
function once, and keeps the rule beside the program:

    b = custom_jvp_call[jaxpr={ ... } rule=relu] a

Rules here act on flat sequences. A rule for reverse mode only is used in forward mode
too: its backward function is linear in the cotangent, so the transpose of that function
maps tangents.
"""

from collections.abc import Callable, Sequence

from ..core.jaxpr import eval_jaxpr
from ..core.literal import aval_of, zeros_of
from ..core.primitive import Primitive
from ..core.rules import instantiate, is_linear
from ..core.trace import context, evaluator
from ..errors import UnexpectedTracerError
from ..primitives.shape import move_batch, reduce_sum
from ..transforms.batch import BatchTrace, batch_flat
from ..transforms.jvp import differentiable, jvp_flat, tangent_aval
from ..transforms.linearize import transpose_flat
from ..transforms.stage import hoist, stage


def _top(operands):
    """The trace that has a say in an operation on these operands."""
    top = context.floor
    for x in operands:
        trace = getattr(x, "_trace", None)
        if trace is not None and trace.level > top.level:
            top = trace
    return top


class CustomCall(Primitive):
    """A call of a function with a rule of its own.

    It is bound to functions by `bind_functions`; in a program, its params are the
    function's jaxpr and the rule.
    """

    def bind_functions(self, fun: Callable, rule, operands: Sequence) -> list:
        """Call `fun(*operands)`, differentiating it by `rule`."""
        return _top(operands).process_custom(self, fun, rule, operands)

    def bind(self, *operands, jaxpr, rule):
        """Call the function that a program holds."""
        top = _top(operands)
        if top is context.floor and top is not evaluator:
            return top.process(self, operands, {"jaxpr": jaxpr, "rule": rule})
        return top.process_custom(
            self,
            lambda *args: eval_jaxpr(jaxpr.jaxpr, jaxpr.consts, *args),
            rule,
            operands,
        )

    def stage(self, trace, fun, rule, operands):
        """Write the call into the program of a staging trace."""
        avals = [aval_of(x) for x in operands]
        closed, consts = hoist(stage(fun, avals, trace.verb))
        if consts:
            rule = WithLeading(rule, len(consts))
        params = {"jaxpr": closed, "rule": rule}
        return trace.process(self, (*consts, *operands), params)

    def batch_functions(self, trace: BatchTrace, fun, rule, values, dims):
        """Call the batched function; all results have their batch axis in front."""
        size, axis_name = trace.size, trace.axis_name

        def batched(*args):
            return batch_in_front(fun, size, args, dims, axis_name)

        rule = rule.batched(size, tuple(dims), axis_name)
        return self.bind_functions(batched, rule, values)


def batch_in_front(fun, size, values, dims, axis_name):
    """Results of a batched flat function, every one with its batch axis in front."""
    outs, found = batch_flat(fun, size, values, dims, axis_name)
    return [move_batch(size, x, d, 0) for x, d in zip(outs, found, strict=True)]


def _abstract(*avals, jaxpr, rule):
    return tuple(jaxpr.out_avals)


def _lower(hlo, out, *operands, jaxpr, rule):
    return hlo.inline(jaxpr, *operands)


def _custom_call(name):
    return CustomCall(
        name,
        abstract=_abstract,
        lower=_lower,
        multiple_results=True,
        effects=lambda params: params["jaxpr"].effects,
    )


custom_jvp_call_p = _custom_call("custom_jvp_call")
custom_vjp_call_p = _custom_call("custom_vjp_call")


# Rules


class JvpRule:
    """A rule `jvp(primals, tangents) -> (outs, out_dots)` on flat sequences.

    Tangents that are zero arrive as None, of results too.
    """

    def __init__(self, name: str, function: Callable):
        self.name = name
        self.function = function

    def __repr__(self):
        return self.name

    def jvp(self, primals, tangents):
        """Values and tangents of the results."""
        return self.function(primals, tangents)

    def batched(self, size, dims, axis_name):
        """The rule of the batched function, whose results have the batch in front."""

        def function(primals, tangents):
            given = [t is not None for t in tangents]

            def member(*args):
                points, dots = args[: len(dims)], iter(args[len(dims) :])
                filled = [next(dots) if has else None for has in given]
                outs, out_dots = self.jvp(points, filled)
                dots = [instantiate(t, x) for x, t in zip(outs, out_dots, strict=True)]
                return [*outs, *dots]

            values = [*primals, *[t for t in tangents if t is not None]]
            places = [*dims, *[d for d, has in zip(dims, given, strict=True) if has]]
            results = batch_in_front(member, size, values, places, axis_name)
            half = len(results) // 2
            return results[:half], results[half:]

        return JvpRule(self.name, function)


class VjpRule:
    """A rule for reverse mode: `forward(primals) -> (outs, residuals, backward)`.

    `backward(residuals, cts)` takes cotangents of all outs (None where zero) and
    returns one per primal, None where zero.
    """

    def __init__(self, name: str, forward: Callable):
        self.name = name
        self.forward = forward

    def __repr__(self):
        return self.name

    def jvp(self, primals, tangents):
        """Values of the results, and their tangents by the transposed backward rule."""
        outs, residuals, backward = self.forward(primals)
        residuals = list(residuals)
        dots = [instantiate(t, x) for x, t in zip(primals, tangents, strict=True)]
        active = tuple(t is not None for t in tangents)
        moving = tuple(differentiable(x) for x in outs)
        out_dots = custom_linear_p.bind(
            *residuals,
            *[t for t, on in zip(dots, active, strict=True) if on],
            backward=backward,
            residuals=len(residuals),
            active=active,
            out_avals=tuple(tangent_aval(aval_of(x)) for x in outs),
        )
        return outs, [
            t if moves else None for t, moves in zip(out_dots, moving, strict=True)
        ]

    def batched(self, size, dims, axis_name):
        """The rule of the batched function, whose results have the batch in front."""

        def forward(primals):
            inner_backward = None
            count = 0

            def member(*args):
                nonlocal inner_backward, count
                outs, residuals, inner_backward = self.forward(args)
                count = len(outs)
                return [*outs, *residuals]

            results, found = batch_flat(member, size, primals, dims, axis_name)
            outs = [
                move_batch(size, x, d, 0)
                for x, d in zip(results[:count], found[:count], strict=True)
            ]
            backward = batched_backward(
                inner_backward, size, tuple(found[count:]), dims, axis_name
            )
            return outs, results[count:], backward

        return VjpRule(self.name, forward)


def batched_backward(backward, size, residual_dims, primal_dims, axis_name):
    """The backward function of a batch; cotangents arrive with the batch in front.

    Primals that all members share get the sum of the members' cotangents.
    """

    def batched(residuals, cts):
        given = [ct is not None for ct in cts]
        found = None

        def member(*args):
            nonlocal found
            rest = iter(args[len(residual_dims) :])
            bars = backward(
                list(args[: len(residual_dims)]),
                [next(rest) if has else None for has in given],
            )
            found = [bar is not None for bar in bars]
            return [bar for bar in bars if bar is not None]

        values = [*residuals, *[ct for ct in cts if ct is not None]]
        places = [*residual_dims, *[0 for ct in cts if ct is not None]]
        bars, dims = batch_flat(member, size, values, places, axis_name)
        moved = iter(zip(bars, dims, strict=True))
        results = []
        for primal_dim, has in zip(primal_dims, found, strict=True):
            if not has:
                results.append(None)
                continue
            bar, dim = next(moved)
            if primal_dim is None:
                bar = reduce_sum(move_batch(size, bar, dim, 0), (0,))
            else:
                bar = move_batch(size, bar, dim, primal_dim)
            results.append(bar)
        return results

    return batched


class WithLeading:
    """The rule of a function to which constants were added as leading arguments."""

    def __init__(self, rule, count: int):
        self.rule = rule
        self.count = count
        self.name = rule.name

    def __repr__(self):
        return self.name

    def jvp(self, primals, tangents):
        """The inner rule; it must not be asked about the constants."""
        if any(t is not None for t in tangents[: self.count]):
            raise UnexpectedTracerError(
                f"{self.name}: the function closes over a value that is being "
                "differentiated, which its rule knows nothing of. Pass the value as an "
                "argument, or use closure_convert."
            )
        return self.rule.jvp(primals[self.count :], tangents[self.count :])

    def batched(self, size, dims, axis_name):
        """The same for the batched function."""
        inner = self.rule.batched(size, dims[self.count :], axis_name)
        return WithLeading(inner, self.count)


# The derivative of a function with a backward rule


class CustomLinear(Primitive):
    """A linear map given by its transpose: x_dot -> (backward^T) x_dot."""

    def bind(self, *operands, **params):
        """Apply the map, or record it where its operands are on a tape."""
        if _top(operands) is evaluator:
            return _apply(*operands, **params)
        return Primitive.bind(self, *operands, **params)


def _apply(*operands, backward, residuals, active, out_avals):
    """The values: the transpose of `cts -> backward(residuals, cts)`."""
    values, dots = list(operands[:residuals]), operands[residuals:]

    def pull(*cts):
        bars = backward(values, list(cts))
        return [bar for bar, on in zip(bars, active, strict=True) if on]

    linear = (True,) * len(out_avals)
    filled = [
        None if bar is None else t
        for bar, t in zip(_expected(pull, out_avals), dots, strict=True)
    ]
    outs = transpose_flat(
        lambda *cts: [0 if bar is None else bar for bar in pull(*cts)],
        list(out_avals),
        linear,
        filled,
    )
    return [
        zeros_of(aval) if x is None else x
        for x, aval in zip(outs, out_avals, strict=True)
    ]


def _expected(pull, out_avals):
    """Which cotangents the backward function returns: traced, not computed."""
    found = []

    def probe(*cts):
        bars = pull(*cts)
        found.extend(bars)
        return [bar for bar in bars if bar is not None]

    stage(probe, out_avals)
    return found


def _custom_linear_abstract(*avals, backward, residuals, active, out_avals):
    return out_avals


def _custom_linear_jvp(primals, tangents, **params):
    outs, dots = jvp_flat(lambda *xs: _apply(*xs, **params), primals, tangents)
    return outs, dots


def _custom_linear_transpose(cts, *operands, backward, residuals, active, out_avals):
    bars = backward(list(operands[:residuals]), list(cts))
    kept = [bar for bar, on in zip(bars, active, strict=True) if on]
    linear = [is_linear(x) for x in operands[residuals:]]
    return [None] * residuals + [
        bar if lin else None for bar, lin in zip(kept, linear, strict=True)
    ]


def _custom_linear_batch(
    size, operands, dims, *, backward, residuals, active, out_avals
):
    dots = [
        move_batch(size, x, d, 0)
        for x, d in zip(operands[residuals:], dims[residuals:], strict=True)
    ]
    batched = batched_backward(
        backward, size, tuple(dims[:residuals]), (0,) * len(active), None
    )
    outs = custom_linear_p.bind(
        *operands[:residuals],
        *dots,
        backward=batched,
        residuals=residuals,
        active=active,
        out_avals=tuple(a.update(shape=(size, *a.shape)) for a in out_avals),
    )
    return outs, [0] * len(outs)


def _custom_linear_lower(hlo, out, *operands, **params):
    closed = stage(lambda *xs: _apply(*xs, **params), [x.aval for x in operands])
    return hlo.inline(closed, *operands)


custom_linear_p = CustomLinear(
    "custom_linear",
    abstract=_custom_linear_abstract,
    jvp=_custom_linear_jvp,
    transpose=_custom_linear_transpose,
    batch=_custom_linear_batch,
    lower=_custom_linear_lower,
    multiple_results=True,
)
