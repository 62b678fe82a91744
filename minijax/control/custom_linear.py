"""The derivative of a function with a backward rule: a linear map given by Python.

The backward function is linear in the cotangent, so its transpose maps tangents:

    out_dots = custom_linear[backward] residuals x_dots        backward^T x_dots

On a tape the map is recorded, and transposed back to the backward function itself. A
function that has a jvp rule too pushes its tangents by that.
"""

from collections.abc import Callable

from ..core.literal import aval_of, zeros_of
from ..core.primitive import Primitive
from ..core.rules import is_linear
from ..core.trace import context, evaluator, interpreter
from ..primitives.shape import move_batch, reduce_sum
from ..transforms.batch import batch_flat
from ..transforms.jvp import differentiable, jvp_flat, tangent_aval
from ..transforms.linearize import transpose_flat
from ..transforms.stage import stage
from .programs import given, picked, spread


def apply_linear(vjp: Callable, jvp: Callable | None, primals, tangents):
    """Values of the results by a vjp rule, and their tangents.

    Args:
      vjp: the rule for reverse mode.
      jvp: the rule that pushes tangents, None for the transpose of the backward one.
    """
    active = given(tangents)
    outs, residuals, backward = vjp(primals, active)
    moving = tuple([differentiable(x) for x in outs])
    count = len(residuals)

    def pull(values, cts):
        return picked(backward(values[:count], spread(cts, moving)), active)

    def push(values, dots):
        out_dots = jvp(values[count:], spread(dots, active))[1]
        return picked(out_dots, moving)

    values = [*residuals] if jvp is None else [*residuals, *primals]
    out_dots = custom_linear_p.bind(
        *values,
        *picked(tangents, active),
        pull=pull,
        push=None if jvp is None else push,
        residuals=len(values),
        out_avals=tuple([tangent_aval(aval_of(x)) for x in picked(outs, moving)]),
    )
    return outs, spread(out_dots, moving)


class CustomLinear(Primitive):
    """A linear map given by its transpose: x_dot -> (pull^T) x_dot."""

    def bind(self, *operands, **params):
        """Apply the map, or record it where its operands are on a tape."""
        if interpreter(operands, context.floor) is evaluator:
            return _apply(*operands, **params)
        return Primitive.bind(self, *operands, **params)


def _apply(*operands, pull, push, residuals, out_avals):
    """The values, zeros for those that do not depend on the operands."""
    values, dots = list(operands[:residuals]), list(operands[residuals:])
    if push is None:
        outs = _transposed(lambda *cts: pull(values, list(cts)), dots, out_avals)
    else:
        outs = push(values, dots)
    return [
        zeros_of(aval) if x is None else x
        for x, aval in zip(outs, out_avals, strict=True)
    ]


def _transposed(pull, dots, out_avals):
    """The transpose of `cts -> pull(*cts)` applied to tangents."""
    expected = _expected(pull, out_avals)
    return transpose_flat(
        lambda *cts: [0 if bar is None else bar for bar in pull(*cts)],
        list(out_avals),
        (True,) * len(out_avals),
        [t if on else None for t, on in zip(dots, expected, strict=True)],
    )


def _expected(pull, out_avals):
    """Which cotangents the backward function returns: traced, not computed."""
    found = []

    def probe(*cts):
        bars = pull(*cts)
        found.extend(given(bars))
        return [bar for bar in bars if bar is not None]

    stage(probe, out_avals)
    return found


def _custom_linear_jvp(primals, tangents, **params):
    return jvp_flat(lambda *xs: _apply(*xs, **params), primals, tangents)


def _custom_linear_transpose(cts, *operands, pull, push, residuals, out_avals):
    bars = pull(list(operands[:residuals]), list(cts))
    linear = [is_linear(x) for x in operands[residuals:]]
    return [None] * residuals + [
        bar if lin else None for bar, lin in zip(bars, linear, strict=True)
    ]


def _custom_linear_batch(size, operands, dims, *, pull, push, residuals, out_avals):
    values, dots = operands[:residuals], operands[residuals:]
    places = tuple(dims[:residuals])
    dots = [
        move_batch(size, x, d, 0) for x, d in zip(dots, dims[residuals:], strict=True)
    ]
    axis_name = context.batch_axis
    outs = custom_linear_p.bind(
        *values,
        *dots,
        pull=batched_backward(pull, size, places, (0,) * len(dots), axis_name),
        push=push and _batched_push(push, size, places, out_avals, axis_name),
        residuals=residuals,
        out_avals=tuple([a.update(shape=(size, *a.shape)) for a in out_avals]),
    )
    return outs, [0] * len(outs)


def _batched_push(push, size, residual_dims, out_avals, axis_name):
    """The push of a batch; tangents arrive and leave with the batch in front."""

    def batched(residuals, dots):
        def member(*args):
            count = len(residual_dims)
            outs = push(list(args[:count]), list(args[count:]))
            return [
                zeros_of(aval) if x is None else x
                for x, aval in zip(outs, out_avals, strict=True)
            ]

        places = [*residual_dims, *[0] * len(dots)]
        outs, dims = batch_flat(member, size, [*residuals, *dots], places, axis_name)
        return [move_batch(size, x, d, 0) for x, d in zip(outs, dims, strict=True)]

    return batched


def batched_backward(backward, size, residual_dims, primal_dims, axis_name):
    """The backward function of a batch; cotangents arrive with the batch in front.

    Primals that all members share get the sum of the members' cotangents.
    """

    def batched(residuals, cts):
        flags = given(cts)
        count = len(residual_dims)
        found = ()

        def member(*args):
            nonlocal found
            bars = backward(list(args[:count]), spread(args[count:], flags))
            found = given(bars)
            return picked(bars, found)

        values = [*residuals, *picked(cts, flags)]
        places = [*residual_dims, *[0] * sum(flags)]
        bars, dims = batch_flat(member, size, values, places, axis_name)
        wanted = picked(primal_dims, found)
        moved = [
            _of_primal(size, bar, dim, primal_dim)
            for bar, dim, primal_dim in zip(bars, dims, wanted, strict=True)
        ]
        return spread(moved, found)

    return batched


def _of_primal(size, bar, dim, primal_dim):
    if primal_dim is None:
        return reduce_sum(move_batch(size, bar, dim, 0), (0,))
    return move_batch(size, bar, dim, primal_dim)


def _custom_linear_lower(hlo, out, *operands, **params):
    closed = stage(lambda *xs: _apply(*xs, **params), [x.aval for x in operands])
    return hlo.inline(closed, *operands)


custom_linear_p = CustomLinear(
    "custom_linear",
    abstract=lambda *avals, pull, push, residuals, out_avals: out_avals,
    jvp=_custom_linear_jvp,
    transpose=_custom_linear_transpose,
    batch=_custom_linear_batch,
    lower=_custom_linear_lower,
    multiple_results=True,
)
