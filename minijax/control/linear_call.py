"""`linear_call`: a linear function that brings its own transpose.

    y = linear_call[fun={ ... } transposed={ ... }] r x        y = A(r) x

Its transpose in x is a `linear_call` with the two programs exchanged.
"""

from collections.abc import Callable

from .. import tree
from ..core.jaxpr import eval_jaxpr
from ..core.literal import zeros_of
from ..core.rules import add_tangents, instantiate, is_linear
from ..core.tracebacks import boundary
from ..mismatch import describe_mismatch
from ..primitives.shape import move_batch
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_flat
from .bodies import (
    avals_of,
    check_callable,
    flatten,
    paths_of,
    trace_body,
    with_common_constants,
)
from .call import Program
from .programs import split


@boundary
def linear_call(fun: Callable, fun_transpose: Callable, residual_args, linear_args):
    """`fun(residual_args, linear_args)`, whose transpose is `fun_transpose`.

    It is differentiable in both arguments, in both modes; the two functions are each
    other's transpose in the second argument, which is not checked.

    Args:
      fun: linear in its second argument.
      fun_transpose: from residuals and a tree like the result of `fun` to one like
        `linear_args`.
      residual_args, linear_args: trees of arrays.

    >>> divide = lambda r, x: x / r
    >>> minijax.grad(lambda x: linear_call(divide, divide, 4.0, x))(8.0)
    Array(0.25, dtype=float32, weak_type=True)
    """
    where = "linear_call"
    check_callable(where, fun=fun, fun_transpose=fun_transpose)
    residuals, res_tree = flatten(where, "residual_args", residual_args)
    xs, in_tree = flatten(where, "linear_args", linear_args)
    res_avals = avals_of(residuals)
    tree_in = tree.treedef_tuple([res_tree, in_tree])
    forward = trace_body(where, fun, tree_in, (*res_avals, *avals_of(xs)))
    tree_out = tree.treedef_tuple([res_tree, forward.out_tree])
    backward = trace_body(
        where, fun_transpose, tree_out, (*res_avals, *forward.out_avals)
    )
    _check_transpose(where, backward, in_tree, avals_of(xs))
    consts, (fun_program, transposed) = with_common_constants([forward, backward])
    outs = linear_call_p.bind(
        *consts, *residuals, *xs, fun=fun_program, transposed=transposed, count=len(xs)
    )
    return tree.unflatten(forward.out_tree, outs)


def _check_transpose(where, backward, in_tree, avals):
    """Refuse a transpose whose result is not of the type of the linear arguments."""
    name = "fun_transpose()"
    if backward.out_tree != in_tree:
        difference = describe_mismatch("linear_args", in_tree, name, backward.out_tree)
        raise TypeError(
            f"{where}: fun_transpose must return the structure of linear_args: "
            f"{difference}"
        )
    for path, out, aval in zip(
        paths_of(name, in_tree), backward.out_avals, avals, strict=True
    ):
        if (out.shape, out.dtype) != (aval.shape, aval.dtype):
            raise ValueError(
                f"{where}: fun_transpose must return the types of linear_args: {path} "
                f"is {out}, expected {aval}."
            )


def _run(closed, args):
    return eval_jaxpr(closed.jaxpr, closed.consts, *args)


def _linear_call_jvp(primals, tangents, *, fun, transposed, count):
    known, xs = split(primals, len(primals) - count)
    params = {"fun": fun, "transposed": transposed, "count": count}
    outs = linear_call_p.bind(*primals, **params)
    fixed, moved = split(tangents, len(known))
    along_x = [None] * len(outs)
    if any(t is not None for t in moved):
        dots = [instantiate(t, x) for t, x in zip(moved, xs, strict=True)]
        along_x = linear_call_p.bind(*known, *dots, **params)
    along_r = [None] * len(outs)
    if any(t is not None for t in fixed):
        dots = [*fixed, *[None] * count]
        along_r = jvp_flat(lambda *args: _run(fun, args), primals, dots)[1]
    return outs, [add_tangents(a, b) for a, b in zip(along_x, along_r, strict=True)]


def _linear_call_transpose(cts, *operands, fun, transposed, count):
    known, _ = split(operands, len(operands) - count)
    if any(is_linear(x) for x in known):
        raise NotImplementedError(
            "linear_call: cannot be transposed in residual_args, in which it need not "
            "be linear. Pass what it is linear in as linear_args."
        )
    filled = [
        zeros_of(aval) if ct is None else ct
        for ct, aval in zip(cts, fun.out_avals, strict=True)
    ]
    bars = linear_call_p.bind(
        *known, *filled, fun=transposed, transposed=fun, count=len(filled)
    )
    return [None] * len(known) + bars


def _linear_call_batch(size, operands, dims, *, fun, transposed, count):
    known, xs = split(operands, len(operands) - count)
    places, x_dims = split(tuple(dims), len(known))
    xs = [move_batch(size, x, d, 0) for x, d in zip(xs, x_dims, strict=True)]
    n_outs = len(fun.out_avals)
    outs = linear_call_p.bind(
        *known,
        *xs,
        fun=_batched(fun, size, (*places, *[0] * count)),
        transposed=_batched(transposed, size, (*places, *[0] * n_outs)),
        count=count,
    )
    return outs, [0] * n_outs


def _batched(closed, size, dims):
    return batch_jaxpr(closed, size, dims, (True,) * len(closed.out_avals))[0]


linear_call_p = Program(
    "linear_call",
    abstract=lambda *avals, fun, transposed, count: tuple(fun.out_avals),
    jvp=_linear_call_jvp,
    transpose=_linear_call_transpose,
    batch=_linear_call_batch,
    lower=lambda hlo, out, *operands, fun, transposed, count: hlo.inline(
        fun, *operands
    ),
    multiple_results=True,
    effects=lambda params: params["fun"].effects,
)
