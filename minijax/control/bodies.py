"""What users hand to control flow: containers of arrays, and functions to be traced.

Operands are flattened to a list of values and checked; functions are traced once for
the types of their arguments, and their constants become leading inputs.

    lambda c: c * w      becomes      { lambda ; a:f32[3] b:f32[3]. let ... in (c,) }  [w]
"""

import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes, tree
from ..config import state
from ..core.jaxpr import ClosedJaxpr
from ..core.literal import aval_of, python_scalar
from ..core.trace import ENDED, context
from ..transforms.stage import hoist, stage


def name_of(fun: Callable) -> str:
    """The name of a function for messages."""
    return getattr(fun, "__name__", None) or type(fun).__name__


# Operands


def flatten(where: str, name: str, operands) -> tuple[list, Any]:
    """The leaves of a container as values, and its structure.

    Raises:
      TypeError: a leaf is no array; the message gives its path from `name`.
    """
    leaves, treedef = tree.flatten(operands)
    try:
        return [_as_value(x) for x in leaves], treedef
    except TypeError:
        for keys, x in tree.leaves_with_path(operands):
            _check_leaf(where, name + tree.keystr(keys), x)
        raise


def _as_value(x):
    if hasattr(x, "aval"):
        return x
    if isinstance(x, np.ndarray | np.generic) and x.dtype in dtypes.ALL:
        return x
    if isinstance(x, bool | int | float | complex):
        return python_scalar(x)
    convert = getattr(x, "__jax_array__", None)
    if convert is None:
        raise TypeError
    return _as_value(convert())


def _check_leaf(where, path, x):
    try:
        _as_value(x)
    except TypeError:
        kind = type(x).__name__
        shown = f"an array of dtype {x.dtype}" if isinstance(x, np.ndarray) else kind
        raise TypeError(
            f"{where}: {path} must be an array or a number, got {shown}. Close over it, "
            "or leave it out."
        ) from None


def paths_of(name: str, treedef) -> list[str]:
    """The path of every leaf of a structure: `carry['h']`."""
    positions = tree.unflatten(treedef, range(treedef.num_leaves))
    return [name + tree.keystr(keys) for keys, _ in tree.leaves_with_path(positions)]


# Functions


class Body(NamedTuple):
    """A traced function."""

    closed: ClosedJaxpr  # takes the constants, then the leaves of the arguments
    consts: list
    out_tree: Any

    @property
    def out_avals(self):
        return self.closed.out_avals


_bodies: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def trace_body(where: str, fun: Callable, in_tree, avals: Sequence) -> Body:
    """The program of `fun(*args)`, where `args` has structure `in_tree`.

    A function that is met again with the same types is not traced again.
    """
    try:
        known = _bodies.setdefault(fun, {})
    except TypeError:  # cannot be referred to weakly
        known = {}
    axes = tuple(context.axes.items())
    key = (in_tree, tuple(avals), state.key, axes, context.names)
    found = known.get(key)
    if found is None or any(_ended(x) for x in found.consts):
        found = known[key] = _trace(where, fun, in_tree, avals)
    return found


def _ended(x):
    trace = getattr(x, "_trace", None)
    return trace is not None and trace.level == ENDED


def _trace(where, fun, in_tree, avals):
    out_tree = None

    def flat(*leaves):
        nonlocal out_tree
        out = fun(*tree.unflatten(in_tree, leaves))
        values, out_tree = flatten(where, f"the result of {name_of(fun)}", out)
        return values

    closed = stage(flat, avals, f"by {where} in {name_of(fun)}")
    closed, consts = hoist(closed)
    return Body(closed, consts, out_tree)


def avals_of(values: Sequence) -> tuple:
    """The types of values."""
    return tuple([aval_of(x) for x in values])
