"""`sparsify`: run a function written for dense arrays on sparse ones.

The function is staged for dense arrays of the same shapes, and its program is walked
with sparse values where they are. Each operation that keeps zeros zero has a rule here;
the others refuse sparse operands.

    sparsify(lambda x, y: jnp.sin(x) @ y)(x, y)      sin and dot_general of a BCOO x
"""

import functools
import math
from collections.abc import Callable
from typing import Any

from ... import numpy as jnp
from ... import tree
from ...api import ShapeDtypeStruct, make_jaxpr
from ...core.literal import Literal
from . import operators, programs
from .base import describe
from .bcoo import as_bcoo
from .products import bcoo_dot_general
from .programs import is_sparse
from .reshaping import (
    bcoo_broadcast_in_dim,
    bcoo_concatenate,
    bcoo_dynamic_slice,
    bcoo_gather,
    bcoo_reduce_sum,
    bcoo_reshape,
    bcoo_rev,
    bcoo_slice,
    bcoo_squeeze,
    bcoo_transpose,
)


def sparsify(f: Callable, use_tracer: bool = False) -> Callable:
    """A function of sparse or dense arrays from one that was written for dense ones.

    Args:
      f: from containers of arrays to containers of arrays.
      use_tracer: has no effect; programs are walked either way.

    Raises:
      NotImplementedError: an operation would make a sparse array dense, or has no rule.

    >>> from minijax.experimental.sparse import BCOO
    >>> x = BCOO.fromdense(jnp.array([[0.0, 5.0], [7.0, 0.0]]))
    >>> sparsify(lambda x, y: (2 * x) @ y)(x, jnp.ones(2))
    Array([10., 14.], dtype=float32)
    """

    @functools.wraps(f)
    def wrapped(*args, **kwargs):
        leaves, treedef = tree.flatten((args, kwargs), is_leaf=is_sparse)
        leaves = [as_bcoo(x) if is_sparse(x) else x for x in leaves]
        places = [k for k, x in enumerate(leaves) if is_sparse(x)]
        if not places:
            return f(*args, **kwargs)
        out_tree = None

        def flat(*stand_ins):
            nonlocal out_tree
            full = list(leaves)
            for k, x in zip(places, stand_ins, strict=True):
                full[k] = x
            given, named = tree.unflatten(treedef, full)
            outs, out_tree = tree.flatten(f(*given, **named), is_leaf=is_sparse)
            return outs

        dense = [ShapeDtypeStruct(leaves[k].shape, leaves[k].dtype) for k in places]
        closed = make_jaxpr(flat)(*dense)
        outs = _run(closed, [leaves[k] for k in places])
        return tree.unflatten(out_tree, outs)

    return wrapped


def _run(closed, args):
    """The results of a program whose operands may be sparse."""
    jaxpr = closed.jaxpr
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    values.update(zip(jaxpr.invars, args, strict=True))
    for eqn in jaxpr.eqns:
        operands = [x if type(x) is Literal else values[x] for x in eqn.invars]
        if any(is_sparse(x) for x in operands):
            outs = _apply(eqn, operands)
        else:
            out = eqn.primitive.bind(*operands, **eqn.params)
            outs = out if eqn.primitive.multiple_results else [out]
        values.update(zip(eqn.outvars, outs, strict=True))
    return [jnp.asarray(x) if type(x) is Literal else values[x] for x in jaxpr.outvars]


def _apply(eqn, operands):
    name, params = eqn.primitive.name, eqn.params
    if name in _ELEMENTWISE:
        x = operands[0]
        return [x.replaced(eqn.primitive.bind(x.data, **params))]
    if name in ("jit", "call", "closed_call", "remat", "checkpoint"):
        return _run(params["jaxpr"], operands)
    if name in _PROGRAMS:
        return _PROGRAMS[name](_run, *operands, **params)
    rule = _RULES.get(name)
    if rule is None:
        types = ", ".join(repr(x) if is_sparse(x) else describe(x) for x in operands)
        raise NotImplementedError(
            f"sparsify: no rule for {name} of ({types}): its result would be dense, or "
            "nobody has needed it. Use sparse.todense() before this step."
        )
    return [rule(*operands, **params)]


# f(0) = 0
_ELEMENTWISE = frozenset(
    """abs asin asinh atan atanh cbrt ceil conj convert_element_type copy erf erf_inv
    expm1 floor imag log1p neg real round sign sin sinh sqrt square stop_gradient tan
    tanh""".split()
)


def _integer_pow(x, *, y):
    return operators.power(x, y)


def _pow(x, y):
    value = getattr(y, "val", y)
    return operators.power(x, float(value) if not is_sparse(value) else value)


def _div(x, y):
    return operators.divide(x, y)


def _dot_general(
    x, y, *, dimension_numbers, precision, preferred_element_type, **_unused
):
    return bcoo_dot_general(
        x,
        y,
        dimension_numbers=dimension_numbers,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def _reshape(x, *, new_sizes, **_unused):
    # Axes of size 1 come and go without changing the layout.
    if math.prod(new_sizes) == x.size:
        fewer = [d for d, n in enumerate(x.shape) if n != 1]
        if tuple(n for n in x.shape if n != 1) == tuple(new_sizes):
            drop = [d for d in range(x.ndim) if d not in fewer]
            return bcoo_squeeze(x, dimensions=drop)
    return bcoo_reshape(x, new_sizes=new_sizes)


def _broadcast_in_dim(x, *, shape, broadcast_dimensions, **_unused):
    return bcoo_broadcast_in_dim(
        x, shape=shape, broadcast_dimensions=broadcast_dimensions
    )


def _concatenate(*xs, dimension):
    dense = [x for x in xs if not is_sparse(x)]
    if dense:
        raise NotImplementedError(
            f"sparsify: concatenate must have sparse operands only, got "
            f"{describe(dense[0])} among them."
        )
    return bcoo_concatenate(xs, dimension=dimension)


def _dynamic_slice(x, *starts, slice_sizes):
    return bcoo_dynamic_slice(x, starts, slice_sizes)


def _reduce_sum(x, *, axes):
    # A number is dense.
    y = bcoo_reduce_sum(x, axes=axes)
    return y if y.ndim else y.todense()


_PROGRAMS: dict[str, Callable] = {
    "cond": programs.cond,
    "custom_jvp_call": programs.custom_call,
    "custom_vjp_call": programs.custom_call,
    "scan": programs.scan,
    "while": programs.while_loop,
}
_RULES: dict[str, Callable] = {
    "add": operators.add,
    "broadcast_in_dim": _broadcast_in_dim,
    "concatenate": _concatenate,
    "div": _div,
    "dot_general": _dot_general,
    "dynamic_slice": _dynamic_slice,
    "integer_pow": _integer_pow,
    "mul": operators.multiply,
    "pow": _pow,
    "gather": bcoo_gather,
    "reduce_sum": _reduce_sum,
    "reshape": _reshape,
    "rev": lambda x, *, dimensions: bcoo_rev(x, dimensions),
    "slice": lambda x, **params: bcoo_slice(x, **params),
    "squeeze": lambda x, *, dimensions: bcoo_squeeze(x, dimensions=dimensions),
    "sub": operators.subtract,
    "transpose": lambda x, *, permutation: bcoo_transpose(x, permutation=permutation),
}
