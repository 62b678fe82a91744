"""What rules with `symbolic_zeros=True` are given: zeros that are only types."""

import dataclasses
from typing import Any

from .. import tree
from ..core.avals import ShapedArray
from ..core.literal import aval_of
from ..transforms.jvp import tangent_aval
from .autodiff import materialize


class SymbolicZero:
    """A tangent or cotangent that is known to be zero: only its type exists.

    >>> SymbolicZero.from_primal_value(jnp.ones(3))
    SymbolicZero(f32[3])
    """

    __slots__ = ("aval",)

    def __init__(self, aval: ShapedArray):
        self.aval = aval

    @staticmethod
    def from_primal_value(x) -> "SymbolicZero":
        """The zero tangent of a value."""
        return SymbolicZero(tangent_aval(aval_of(x)))

    def __getattr__(self, name):
        if name in ("shape", "dtype", "ndim", "size", "weak_type"):
            return getattr(self.aval, name)
        raise AttributeError(
            f"SymbolicZero: it has a type and no value, so no attribute {name!r}. Make "
            "zeros of it with .instantiate()."
        )

    def instantiate(self):
        """Zeros of the type."""
        return materialize(None, self.aval)

    def __repr__(self):
        return f"SymbolicZero({self.aval})"


@dataclasses.dataclass(frozen=True)
class CustomVJPPrimal:
    """What a forward rule with `symbolic_zeros` gets for each leaf of its arguments.

    Attributes:
      value: the leaf.
      perturbed: whether it is being differentiated.
    """

    value: Any
    perturbed: bool


def custom_vjp_primal_tree_values(primals):
    """The values in the arguments of a forward rule with `symbolic_zeros`.

    >>> custom_vjp_primal_tree_values({"a": CustomVJPPrimal(1.0, True)})
    {'a': 1.0}
    """

    def value(x):
        if isinstance(x, CustomVJPPrimal):
            return x.value
        raise TypeError(
            "custom_vjp_primal_tree_values: leaves must be CustomVJPPrimal, as a "
            f"forward rule with symbolic_zeros gets them, got a {type(x).__name__}."
        )

    return tree.map(value, primals)


def zero_from_primal(val, symbolic_zeros: bool = False):
    """The zero tangent of a value, or of a tree: arrays of zeros, or types alone.

    >>> zero_from_primal({"a": jnp.ones(2)})
    {'a': Array([0., 0.], dtype=float32)}
    """
    if symbolic_zeros:
        return tree.map(SymbolicZero.from_primal_value, val)
    return tree.map(lambda x: materialize(None, aval_of(x)), val)
