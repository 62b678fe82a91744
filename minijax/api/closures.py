"""Functions whose closed-over values are made arguments.

`closure_convert` does it on request; `custom_gradient` writes a pullback down together
with the values it closes over.
"""

from collections.abc import Callable

from .. import tree
from ..core.jaxpr import eval_jaxpr
from ..core.literal import aval_of
from ..core.trace import Tracer
from ..transforms.jvp import differentiable
from ..transforms.stage import hoist, stage
from .arguments import argument_paths, as_values, result_values, wraps
from .custom import custom_vjp


def custom_gradient(fun: Callable) -> Callable:
    """A function that returns its value and its own pullback.

    >>> @custom_gradient
    ... def f(x):
    ...     return x * x, lambda y_bar: (2 * x * y_bar,)
    >>> grad(f)(3.0)
    Array(6., dtype=float32, weak_type=True)
    """

    @custom_vjp
    def wrapped(*args):
        return fun(*args)[0]

    def fwd(*args):
        out, pullback = fun(*args)
        avals = [aval_of(x) for x in tree.leaves(out)]
        out_tree = tree.structure(out)
        bar_tree = None

        def flat(*cts):
            nonlocal bar_tree
            bars = pullback(tree.unflatten(out_tree, cts))
            values, bar_tree = result_values(bars, "custom_gradient")
            return values

        closed, consts = hoist(stage(flat, avals))
        return out, _Residuals(closed, bar_tree, consts)

    def bwd(res, out_bar):
        cts = tree.leaves(out_bar)
        outs = eval_jaxpr(res.closed.jaxpr, [], *res.consts, *cts)
        bars = tree.unflatten(res.bar_tree, outs)
        return bars if isinstance(bars, tuple) else (bars,)

    wrapped.defvjp(fwd, bwd)
    return wraps(fun)(lambda *args: wrapped(*args))


class _Residuals:
    """A pullback written down, as a tree of its constants."""

    def __init__(self, closed, bar_tree, consts):
        self.closed = closed
        self.bar_tree = bar_tree
        self.consts = consts


tree.register_pytree_node(
    _Residuals,
    lambda r: (tuple(r.consts), (r.closed, r.bar_tree)),
    lambda static, consts: _Residuals(static[0], static[1], list(consts)),
)


def closure_convert(fun: Callable, *example_args):
    """Split a function into one without closed-over traced values, and those values.

    Returns:
      `(converted, consts)`: `converted(*args, *consts)` computes what `fun(*args)`
      does, and depends on what `fun` closed over through `consts` only.

    >>> def slope(w):
    ...     f, consts = closure_convert(lambda x: w * x, 1.0)
    ...     return f(1.0, *consts)
    >>> grad(slope)(3.0)
    Array(1., dtype=float32, weak_type=True)
    """
    leaves, in_tree = tree.flatten_raw(example_args, None)
    values = as_values(
        leaves, "closure_convert", lambda: argument_paths(fun, example_args, {})
    )
    out_tree = None

    def flat(*tracers):
        nonlocal out_tree
        out = fun(*tree.unflatten(in_tree, tracers))
        results, out_tree = result_values(out, "closure_convert")
        return results

    closed, consts = hoist(stage(flat, [aval_of(x) for x in values]))
    moving = [isinstance(c, Tracer) and differentiable(c) for c in consts]
    hoisted = [c for c, on in zip(consts, moving, strict=True) if on]

    def converted(*args_and_consts):
        count = len(args_and_consts) - len(hoisted)
        args, given = args_and_consts[:count], iter(args_and_consts[count:])
        xs, treedef = tree.flatten_raw(tuple(args), None)
        if treedef != in_tree:
            raise TypeError(
                f"closure_convert: arguments must have structure {in_tree}, got "
                f"{treedef}."
            )
        filled = [
            next(given) if on else c for c, on in zip(consts, moving, strict=True)
        ]
        return tree.unflatten(out_tree, eval_jaxpr(closed.jaxpr, [], *filled, *xs))

    return converted, hoisted
