"""What `checkpoint` may save: policies, names for values, and memories to save them in.

A policy is asked about every operation of the forward pass, as
`policy(primitive, *avals, **params)`, and answers `Saveable` or True, `Recompute` or
False, or `Offloadable(src, dst)`: save it, in another kind of memory.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from .. import tree
from ..core.primitive import Primitive
from ..core.rules import linear
from ..core.trace import context, evaluator, interpreter
from .bodies import flatten


class _Answer:
    """One of the two answers without details."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


Saveable = _Answer("Saveable")
Recompute = _Answer("Recompute")


@dataclasses.dataclass(frozen=True)
class Offloadable:
    """Save a value elsewhere: moved from memory `src` to `dst`, and back for use."""

    src: str
    dst: str


def decision(policy: Callable, eqn) -> bool | Offloadable:
    """Whether the results of an equation are saved, and where if not in place."""
    answer = policy(eqn.primitive, *[x.aval for x in eqn.invars], **eqn.params)
    if isinstance(answer, bool | np.bool_):
        return bool(answer)
    if isinstance(answer, _Answer):
        return answer is Saveable
    if isinstance(answer, Offloadable):
        return answer
    raise TypeError(
        "checkpoint: a policy must return a bool, Saveable, Recompute or "
        f"Offloadable(src, dst) of ad_checkpoint, got {answer!r:.60} of type "
        f"{type(answer).__name__} for {eqn.primitive.name}."
    )


# Policies


def everything_saveable(primitive, *avals, **params):
    """Save all residuals: as without checkpoint."""
    return True


def nothing_saveable(primitive, *avals, **params):
    """Save the inputs only."""
    return False


def dots_saveable(primitive, *avals, **params):
    """Save results of matrix products and convolutions."""
    return primitive.name in ("dot_general", "conv_general_dilated")


def dots_with_no_batch_dims_saveable(primitive, *avals, **params):
    """Save results of matrix products without batch axes: of weights, as a rule."""
    if primitive.name != "dot_general":
        return False
    _, (lhs_batch, rhs_batch) = params["dimension_numbers"]
    return not lhs_batch and not rhs_batch


def save_only_these_names(*names_which_can_be_saved: str) -> Callable:
    """Save the values that `checkpoint_name` gave one of these names."""
    chosen = frozenset(names_which_can_be_saved)

    def policy(primitive, *avals, **params):
        return primitive is name_p and params["name"] in chosen

    return policy


def save_any_names_but_these(*names_not_to_save: str) -> Callable:
    """Save the values that `checkpoint_name` gave any other name."""
    excluded = frozenset(names_not_to_save)

    def policy(primitive, *avals, **params):
        return primitive is name_p and params["name"] not in excluded

    return policy


def save_anything_except_these_names(*names_not_to_save: str) -> Callable:
    """Save everything but the values with these names."""
    excluded = frozenset(names_not_to_save)

    def policy(primitive, *avals, **params):
        return primitive is not name_p or params["name"] not in excluded

    return policy


def save_from_both_policies(policy_1: Callable, policy_2: Callable) -> Callable:
    """Save what either policy saves; both must answer with booleans."""

    def policy(primitive, *avals, **params):
        answers = [p(primitive, *avals, **params) for p in (policy_1, policy_2)]
        if not all(isinstance(answer, bool | np.bool_) for answer in answers):
            raise ValueError(
                "save_from_both_policies: both policies must return booleans, got "
                f"{answers[0]} and {answers[1]} for {primitive}. Write one policy that "
                "decides."
            )
        return any(answers)

    return policy


# Names


def checkpoint_name(x, name: str):
    """The same tree of values, with a name for policies.

    >>> def f(x):
    ...     return jnp.sin(checkpoint_name(jnp.exp(x), "e"))
    >>> policy = checkpoint_policies.save_only_these_names("e")
    >>> grad(minijax.checkpoint(f, policy=policy))(0.0)
    Array(0.5403023, dtype=float32, weak_type=True)
    """
    values, treedef = flatten("checkpoint_name", "x", x)
    return tree.unflatten(treedef, [_name(value, name) for value in values])


def _name(x, name):
    return name_p.bind(x, name=name)


name_p = Primitive(
    "name",
    abstract=lambda x, *, name: x,
    # The tangent goes without a name: policies are about values.
    jvp=lambda primals, tangents, *, name: (_name(primals[0], name), tangents[0]),
    batch=lambda size, operands, dims, *, name: (_name(operands[0], name), dims[0]),
    lower=lambda hlo, out, x, *, name: str(x),
)


# Memories


class _ToMemory(Primitive):
    """Keeps a value in a kind of memory, in compiled programs."""

    def bind(self, x, *, kind):
        """Move the value; un-jitted, arrays stay where they are."""
        if interpreter([x], context.floor) is evaluator:
            return x
        return Primitive.bind(self, x, kind=kind)


def to_memory(x, kind: str):
    """The value itself, kept in a kind of memory such as `pinned_host`."""
    return to_memory_p.bind(x, kind=kind)


def _to_memory_lower(hlo, out, x, *, kind):
    if hlo.platform == "cpu":
        return str(x)  # all kinds are the same memory there
    return hlo.emit(
        f"stablehlo.custom_call @annotate_device_placement({x}) {{has_side_effect = "
        "true, mhlo.frontend_attributes = {_xla_buffer_placement = "
        f'"{kind}"}}}} : {hlo.types([x], out)}'
    )


to_memory_p = _ToMemory(
    "to_memory",
    abstract=lambda x, *, kind: x,
    jvp=linear,
    transpose=lambda ct, x, *, kind: [ct],
    batch=lambda size, operands, dims, *, kind: (to_memory(operands[0], kind), dims[0]),
    lower=_to_memory_lower,
)
