"""`print_saved_residuals`: what reverse mode keeps from a function's forward pass."""

from collections.abc import Callable

from .. import tree
from ..control.policies import name_p
from ..core.jaxpr import Var
from ..core.literal import Literal, aval_of
from ..transforms.jvp import differentiable
from ..transforms.linearize import linearize_jaxpr
from ..transforms.stage import hoist, stage
from .arguments import argument_paths, as_values, name_of, result_values


def saved_residuals(fun: Callable, *args, **kwargs) -> list[tuple]:
    """The values that `vjp(fun, *args, **kwargs)` keeps: types, and what they are.

    >>> saved_residuals(lambda x: jnp.sin(x), 1.0)[0][0]
    ShapedArray(f32[], weak_type=True)
    """
    where = f"print_saved_residuals of {name_of(fun)}"
    leaves, treedef = tree.flatten_raw((args, kwargs), None)
    paths = argument_paths(fun, args, kwargs)
    values = as_values(leaves, where, lambda: paths)

    def flat(*tracers):
        positional, named = tree.unflatten(treedef, tracers)
        return result_values(fun(*positional, **named), where)[0]

    closed, consts = hoist(stage(flat, [aval_of(x) for x in values], f"by {where}"))
    active = (*[False] * len(consts), *[differentiable(x) for x in values])
    known, linear, forwards, _ = linearize_jaxpr(closed, active)
    used = {x for eqn in linear.jaxpr.eqns for x in eqn.invars if type(x) is Var}
    count = len(closed.jaxpr.outvars)
    fresh = known.jaxpr.outvars[count:]
    atoms = [known.jaxpr.invars[k] if k >= 0 else fresh[-k - 1] for k in forwards]
    arguments = known.jaxpr.invars[len(consts) :]
    origins = dict.fromkeys([*known.jaxpr.constvars, *known.jaxpr.invars], "a constant")
    for v, path in zip(arguments, paths, strict=True):
        origins[v] = f"the argument {path}"
    return [
        (x.aval, f"from {origins[x]}" if x in origins else _origin(known.jaxpr, x))
        for x, v in zip(atoms, linear.jaxpr.invars, strict=False)
        if v in used
    ]


def _origin(jaxpr, x):
    """What computes a variable of a program, in words."""
    if type(x) is Literal:
        return "a constant"
    for eqn in jaxpr.eqns:
        if x not in eqn.outvars:
            continue
        inner = eqn.params.get("jaxpr")
        if inner is not None and hasattr(inner, "jaxpr"):
            return _origin(inner.jaxpr, inner.jaxpr.outvars[eqn.outvars.index(x)])
        if eqn.primitive is name_p:
            return f"named {eqn.params['name']!r}{_place(eqn)}"
        return f"output of {eqn.primitive.name}{_place(eqn)}"
    return "an input"


def _place(eqn):
    return f" from {eqn.source}" if eqn.source else ""


def print_saved_residuals(f: Callable, *args, **kwargs) -> None:
    """Print the type of each value that reverse mode keeps, and what it is.

    >>> print_saved_residuals(checkpoint(lambda x: jnp.sin(jnp.sin(x))), 1.0)
    f32[] from the argument x
    """
    for aval, origin in saved_residuals(f, *args, **kwargs):
        print(f"{aval} {origin}")
