"""Operators and methods of arrays, tracers and literals: `x + y`, `x.sum()`, `x.at`.

One of the two knots of the package: the classes live in the core, and here they are
filled with functions that stand above it. Un-jitted operators on arrays are one
compiled program each, found by the kinds of their operands.
"""

import numpy as np

from ..api import compiled, compiled_operator
from ..core.trace import Operators
from ..core.tracebacks import hide_our_frames
from . import (
    arithmetic,
    contract,
    creation,
    cumulative,
    elementwise,
    indexing,
    reductions,
    repeating,
    searching,
    selection,
    selections,
    shaping,
    sorting,
    updates,
    views,
)

_DEFERRING = (
    Operators,
    np.ndarray,
    np.generic,
    bool,
    int,
    float,
    complex,
)


def _accepts(x) -> bool:
    if type(x) is selections.Selection:
        return False  # it has operators of its own
    return isinstance(x, _DEFERRING) or hasattr(x, "__jax_array__")


def _binary(function):
    """A method for an operator, and the one with operands swapped.

    Operands of unknown types get their own say: the method returns NotImplemented.
    """
    method = compiled_operator(function, _accepts)

    def swapped(x, y):
        try:
            return method(y, x) if _accepts(y) else NotImplemented
        except Exception as error:
            hide_our_frames(error)
            raise

    return method, swapped


def _power(x, y):
    return arithmetic.power(x, y)


def _unary(function):
    fast = compiled(function)

    def method(x):
        return fast(x)

    return method


_BINARY = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.true_divide,
    "floordiv": arithmetic.floor_divide,
    "mod": arithmetic.remainder,
    "divmod": arithmetic.divmod,
    "and": elementwise.bitwise_and,
    "or": elementwise.bitwise_or,
    "xor": elementwise.bitwise_xor,
    "lshift": elementwise.left_shift,
    "rshift": elementwise.right_shift,
    "matmul": contract.matmul,
}
_COMPARISONS = {
    "eq": elementwise.equal,
    "ne": elementwise.not_equal,
    "lt": elementwise.less,
    "le": elementwise.less_equal,
    "gt": elementwise.greater,
    "ge": elementwise.greater_equal,
}


def _rounded(x, ndigits=None):
    """`round(x)` gives integers, as for Python's numbers; `round(x, 0)` does not."""
    out = elementwise.round(x, ndigits or 0)
    return out if ndigits is not None else out.astype(int)


def _install():
    modules = (
        reductions,
        cumulative,
        shaping,
        creation,
        indexing,
        sorting,
        selection,
        searching,
        repeating,
        contract,
        views,
    )
    for module in modules:
        for name, function in module.METHODS.items():
            setattr(Operators, name, function)
    for name, getter in {**shaping.PROPERTIES, **views.PROPERTIES}.items():
        setattr(Operators, name, property(getter))
    for name, function in _BINARY.items():
        method, swapped = _binary(function)
        setattr(Operators, f"__{name}__", method)
        setattr(Operators, f"__r{name}__", swapped)
    for name, function in _COMPARISONS.items():
        setattr(Operators, f"__{name}__", _binary(function)[0])
    Operators.__pow__, Operators.__rpow__ = _binary_power()
    Operators.__neg__ = _unary(elementwise.negative)
    Operators.__invert__ = _unary(elementwise.bitwise_not)
    Operators.__abs__ = _unary(elementwise.abs)
    Operators.__pos__ = lambda x: x
    Operators.__round__ = _rounded
    for name, function in _METHODS.items():
        setattr(Operators, name, function)
    for name, getter in _PROPERTIES.items():
        setattr(Operators, name, property(getter))


def _binary_power():
    method, swapped = _binary(_power)
    multiplied = compiled(_power, static_argnames=("y",))

    def power(x, y, mod=None):
        if mod is not None:
            return NotImplemented
        try:
            # An integer exponent is multiplied out, so it is part of the program.
            return multiplied(x, y) if type(y) is int else method(x, y)
        except Exception as error:
            hide_our_frames(error)
            raise

    return power, swapped


def _refuse_assignment(x, index, value):
    """Arrays are immutable: point to the functional update."""
    raise TypeError(
        f"'{type(x).__name__}' object does not support item assignment: arrays are "
        "immutable. Instead of x[index] = y write x = x.at[index].set(y)."
    )


_METHODS = {
    "__setitem__": _refuse_assignment,
    "clip": lambda x, min=None, max=None: arithmetic.clip(x, min, max),
    "round": lambda x, decimals=0, out=None: elementwise.round(x, decimals, out),
    "conj": lambda x: elementwise.conj(x),
    "conjugate": lambda x: elementwise.conjugate(x),
}
_PROPERTIES = {
    "real": lambda x: elementwise.real(x),
    "imag": lambda x: elementwise.imag(x),
    "at": lambda x: updates.At(x),
}


def _install_on_selections():
    """The same for `x[mask]` with a traced mask: elementwise operators, reductions."""
    kind = selections.Selection

    def binary(function):
        return (
            lambda x, y: selections.mapped(function, x, y),
            lambda x, y: selections.mapped(function, y, x),
        )

    for name, function in {**_BINARY, "pow": arithmetic.power}.items():
        if name != "matmul":
            method, swapped = binary(function)
            setattr(kind, f"__{name}__", method)
            setattr(kind, f"__r{name}__", swapped)
    for name, function in _COMPARISONS.items():
        setattr(kind, f"__{name}__", binary(function)[0])
    unary = {
        "__neg__": elementwise.negative,
        "__abs__": elementwise.abs,
        "__invert__": elementwise.bitwise_not,
        "conj": elementwise.conjugate,
    }
    for name, function in unary.items():
        setattr(kind, name, lambda x, f=function: selections.mapped(f, x))
    for name, function in reductions.METHODS.items():
        if name not in ("argmax", "argmin"):
            setattr(kind, name, function)


_install()
_install_on_selections()
