"""What users hand to control flow: containers of arrays, and functions to be traced.

Operands are flattened to a list of values and checked; functions are traced once for
the types of their arguments, and their constants become leading inputs.

    lambda c: c * w    becomes    { lambda ; w:f32[3] c:f32[3]. let ... in (d,) }  [w]
"""

import weakref
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes, tree
from ..config import state
from ..core.jaxpr import ClosedJaxpr
from ..core.literal import aval_of, python_scalar
from ..core.trace import ENDED, Tracer, context
from ..errors import ConcretizationTypeError
from ..mismatch import describe_mismatch
from ..primitives.elementwise import convert_element_type
from ..transforms.stage import hoist, stage
from .programs import rewired


def name_of(fun: Callable) -> str:
    """The name of a function for messages."""
    return getattr(fun, "__name__", None) or type(fun).__name__


def check_callable(where: str, **functions) -> None:
    """Refuse arguments that are not functions."""
    for name, fun in functions.items():
        if not callable(fun):
            raise TypeError(
                f"{where}: {name} must be a function, got {fun!r:.60} of type "
                f"{type(fun).__name__}."
            )


# Operands


def flatten(where: str, name: str, operands) -> tuple[list, Any]:
    """The leaves of a container as values, and its structure.

    Raises:
      TypeError: a leaf is no array; the message gives its path from `name`.
    """
    leaves, treedef = tree.flatten(operands)
    values = [as_value(x) for x in leaves]
    if any(x is None for x in values):
        k = next(k for k, x in enumerate(values) if x is None)
        path = name + tree.keystr(tree.leaves_with_path(operands)[k][0])
        dtype = getattr(leaves[k], "dtype", None)
        raise TypeError(
            f"{where}: {path} must be an array or a number, got "
            f"{leaves[k]!r:.40} of type {type(leaves[k]).__name__}"
            f"{'' if dtype is None else f' and dtype {dtype}'}. Close over it, or "
            "convert it with jnp.asarray."
        )
    return values, treedef


def scalar(where: str, name: str, x, repair: str = ""):
    """One value without axes."""
    values, treedef = flatten(where, name, x)
    leaf = tree.treedef_is_leaf(treedef) and len(values) == 1
    if leaf and aval_of(values[0]).ndim == 0:
        return values[0]
    got = aval_of(values[0]) if leaf else f"a container of structure {treedef}"
    raise TypeError(f"{where}: {name} must be a scalar, got {got}.{repair}")


def known_integer(x) -> int | None:
    """The value of a scalar as an integer, or None if it is traced."""
    try:
        return int(x if isinstance(x, Tracer) else np.asarray(x))
    except ConcretizationTypeError:
        return None


def as_value(x):
    """A leaf as something that `bind` accepts, or None."""
    if hasattr(x, "aval"):
        return x
    if isinstance(x, np.ndarray | np.generic):
        return x if x.dtype in dtypes.ALL or x.dtype == dtypes.float0 else None
    if isinstance(x, bool | int | float | complex):
        return python_scalar(x)
    convert = getattr(x, "__jax_array__", None)
    return None if convert is None else as_value(convert())


def avals_of(values: Sequence) -> tuple:
    """The types of values."""
    return tuple([aval_of(x) for x in values])


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


# What has been traced, per function; it is forgotten together with the function.
_bodies: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def clear() -> None:
    """Forget the programs of all functions."""
    _bodies.clear()


def trace_body(where: str, fun: Callable, in_tree, avals: Sequence) -> Body:
    """The program of `fun(*args)`, where `args` has structure `in_tree`.

    A function that is met again is not traced again for the same types, as long as the
    variables it closes over are bound to the same objects.
    """
    if not isinstance(fun, FunctionType):  # an object may have changed inside
        return _trace(where, fun, in_tree, avals)
    known = _bodies.setdefault(fun, {})
    axes = tuple(context.axes.items())
    key = (where, in_tree, tuple(avals), state.key, axes, context.names)
    variables, body = known.get(key, (None, None))
    if body is None or not _still_holds(fun, variables, body):
        body = _trace(where, fun, in_tree, avals)
        known[key] = [_reference(x) for x in _closed_over(fun)], body
    return body


def _still_holds(fun, variables, body) -> bool:
    """Whether a program is still that of the function."""
    contents = _closed_over(fun)
    bound = all(ref() is x for ref, x in zip(variables, contents, strict=True))
    return bound and not any(_has_ended(x) for x in body.consts)


def _closed_over(fun) -> list:
    """What the variables are bound to that a function closes over."""
    contents = []
    for cell in fun.__closure__ or ():
        try:
            contents.append(cell.cell_contents)
        except ValueError:  # not bound yet
            contents.append(cell)
    return contents


def _reference(x):
    """A function that returns x, keeping it alive only if there is no other way."""
    try:
        return weakref.ref(x)
    except TypeError:
        return lambda: x


def _has_ended(x):
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


def with_common_constants(bodies: Sequence[Body]):
    """Programs that take the constants of all bodies, then the operands."""
    places: dict[int, int] = {}
    consts: list = []
    for x in [x for body in bodies for x in body.consts]:
        if id(x) not in places:
            places[id(x)] = len(consts)
            consts.append(x)
    programs = []
    for body in bodies:
        own = {places[id(x)]: k for k, x in enumerate(body.consts)}
        ins = [own.get(k, aval_of(x)) for k, x in enumerate(consts)]
        ins += range(len(body.consts), len(body.closed.in_avals))
        programs.append(rewired(body.closed, ins, range(len(body.out_avals))))
    return consts, programs


def trace_loop(where: str, init: Sequence, treedef, trace: Callable):
    """Trace a loop's body for the types its carry has.

    A weakly typed carry gives way to the type that the body returns for it, as the
    Python scalar 0 does when an array is added to it.

    Args:
      init: the carry's leaves on input.
      treedef: the carry's structure.
      trace: `trace(avals)` returns the body, whose results begin with the carry, and
        the structure of the carry it returns.

    Returns the carry, promoted where necessary, and the body.
    """
    body, out_tree = trace(avals_of(init))
    if out_tree != treedef:
        difference = describe_mismatch("carry", treedef, "the new carry", out_tree)
        raise TypeError(f"{where}: the carry must keep its structure: {difference}")
    promoted = [_promoted(x, out) for x, out in zip(init, body.out_avals, strict=False)]
    if any(x is not y for x, y in zip(init, promoted, strict=True)):
        body, out_tree = trace(avals_of(promoted))
    _check_carry(where, treedef, avals_of(promoted), body.out_avals)
    return promoted, body


def _promoted(x, out):
    aval = aval_of(x)
    if not aval.weak_type or aval.dtype == out.dtype:
        return x
    return convert_element_type(x, dtypes.result_type(aval, out))


def _check_carry(where, treedef, avals, out_avals):
    wrong = [
        (path, aval, out)
        for path, aval, out in zip(
            paths_of("carry", treedef), avals, out_avals, strict=False
        )
        if (aval.shape, aval.dtype) != (out.shape, out.dtype)
    ]
    if not wrong:
        return
    found = [f"{path} is {a} on input and {out} on output" for path, a, out in wrong]
    reshaped = any(aval.shape != out.shape for _, aval, out in wrong)
    raise TypeError(
        f"{where}: the carry must keep its type: {'; '.join(found)}. "
        f"{'Start from' if reshaped else 'Convert with astype, or start from'} a value "
        "of the type that the body returns."
    )
