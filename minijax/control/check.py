"""`check`: a condition that must hold, as a step of a program.

    check[check=FailedCheckError 'x must be positive, got {}' axes=0 debug=False] ok x

Un-jitted it raises. In a program it can do nothing by itself, and cannot be lowered:
`experimental.checkify` rewrites the program into one that returns the first failure.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..core.jaxpr import ClosedJaxpr, eval_jaxpr
from ..core.literal import Literal, aval_of
from ..core.primitive import Primitive
from ..core.trace import context, evaluator, interpreter
from ..primitives.elementwise import bitwise_not, bitwise_or
from ..primitives.reduce import reduce_or
from ..primitives.shape import broadcast_in_dim, move_batch
from ..transforms.stage import stage


class JaxRuntimeError(ValueError):
    """A check failed; the message says which."""


class CheckError(Exception):
    """A failure that a check found; the classes are the kinds to ask `checkify` for."""


class FailedCheckError(CheckError):
    """The condition of a `check` does not hold."""


class NaNError(CheckError):
    """An operation has computed a NaN."""


class DivisionByZeroError(CheckError):
    """A divisor is zero."""


class OOBError(CheckError):
    """An index lies outside its array."""


class Check(NamedTuple):
    """What there is to say of one way to fail; equal ones are one.

    `message` is a format string for a container of values with structure `tree`, a pair
    of positional and keyword arguments.
    """

    kind: type[CheckError]
    message: str
    tree: Any

    def __repr__(self):
        return f"{self.kind.__name__} {self.message!r}"

    def failure(self, payload: Sequence) -> CheckError:
        """The exception, given the values that its message shows."""
        args, kwargs = tree.unflatten(self.tree, payload)
        return self.kind(self.message.format(*args, **kwargs))


def failures(check: Check, bad, payload: Sequence) -> dict[tuple, CheckError]:
    """The exceptions of those members whose `bad` is set, by their index.

    Args:
      bad: booleans, any shape; the arrays of `payload` have that shape in front.
    """
    bad = np.asarray(bad)
    return {
        tuple(index): check.failure([x[tuple(index)] for x in payload])
        for index in np.argwhere(bad).tolist()
    }


def described(found: dict[tuple, CheckError]) -> str:
    """All failures of a batch as one text, with the indices of the members."""
    return "\n".join(
        f"at mapped index {', '.join(map(str, index))}: {error}"
        if index
        else str(error)
        for index, error in found.items()
    )


class CheckPrimitive(Primitive):
    """The primitive `check`; on concrete operands it is decided at once."""

    def bind(self, *operands, **params):
        """Raise if the condition is known not to hold, else record the check."""
        if interpreter(operands, context.floor) is evaluator:
            return _decide(*operands, **params)
        return Primitive.bind(self, *operands, **params)

    def infer(self, avals, params):
        """There are no results."""
        return ()


def _decide(ok, *payload, check, axes, debug):
    found = failures(check, ~np.asarray(ok), payload)
    if found and not debug:
        raise JaxRuntimeError(described(found))
    return []


def bind_check(ok, check: Check, payload: Sequence, axes=0, debug=False) -> None:
    """Bind a check of `ok`, whose first `axes` axes are members, as of `payload`."""
    check_p.bind(ok, *payload, check=check, axes=axes, debug=debug)


def _check_batch(size, operands, dims, *, check, axes, debug):
    moved = [move_batch(size, x, d, 0) for x, d in zip(operands, dims, strict=True)]
    bind_check(moved[0], check, moved[1:], axes + 1, debug)
    return [], []


def _check_jvp(primals, tangents, **params):
    return check_p.bind(*primals, **params), []


def _check_lower(hlo, out, ok, *payload, check, axes, debug):
    if debug:  # it is looked at by checkify only
        return []
    raise ValueError(
        "Cannot abstractly evaluate a checkify.check which was not functionalized: "
        f"{check.message!r} stands in a program that is staged (by jit, scan, ...) and "
        "has no way to raise. Apply checkify.checkify to the function, inside or "
        "outside of jit, and look at the error it returns."
    )


class CheckEffect(NamedTuple):
    """The effect of a check: it must not be dropped."""

    name: str = "Check"

    def __repr__(self):
        return self.name


_EFFECTS = frozenset([CheckEffect()])

check_p = CheckPrimitive(
    "check",
    abstract=lambda *avals, check, axes, debug: (),
    jvp=_check_jvp,
    transpose=lambda cts, *operands, **params: [None] * len(operands),
    batch=_check_batch,
    lower=_check_lower,
    multiple_results=True,
    effects=_EFFECTS,
)


def has_checks(effects) -> bool:
    """Whether some of the effects are checks."""
    return any(type(e) is CheckEffect for e in effects)


def payload_avals(operands: Sequence, axes: int) -> tuple:
    """The types of what one member's check shows, from those of all."""
    avals = [aval_of(x) for x in operands]
    return tuple([a.update(shape=a.shape[axes:], weak_type=False) for a in avals])


# Members of a batch that take different ways: their checks count where they went


def only_where(closed: ClosedJaxpr, on) -> ClosedJaxpr:
    """A batched program whose checks count only for members that are chosen.

    It takes a vector like `on` before its inputs: for each member whether it is chosen.
    """
    aval = aval_of(on)

    def run(on, *args):
        return eval_where(on, closed, *args)

    return closed.remember(
        ("only where", aval), lambda: stage(run, [aval, *closed.in_avals])
    )


def eval_where(on, closed: ClosedJaxpr, *args) -> list:
    """Run a batched program, its checks counting for members whose `on` is set."""
    jaxpr = closed.jaxpr
    if not has_checks(jaxpr.effects):
        return eval_jaxpr(jaxpr, closed.consts, *args)
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    values.update(zip(jaxpr.invars, args, strict=True))
    for eqn in jaxpr.eqns:
        operands = [x if type(x) is Literal else values[x] for x in eqn.invars]
        outs = _step_where(on, eqn, operands)
        values.update(zip(eqn.outvars, outs, strict=True))
    return [x if type(x) is Literal else values[x] for x in jaxpr.outvars]


def _step_where(on, eqn, operands):
    primitive, params = eqn.primitive, eqn.params
    if primitive is check_p:
        ok, *payload = operands
        ok = bitwise_or(ok, _others(on, aval_of(ok)))
        return primitive.bind(ok, *payload, **params)
    if has_checks(eqn.effects):
        if primitive.name not in ("jit", "checkpoint"):
            raise ValueError(
                f"checkify: a check inside {primitive.name} inside a branch or a loop "
                "through which the members of a batch go different ways cannot tell "
                "for which it counts. Map the checkified function: vmap(checkify(f))."
            )
        params = {**params, "jaxpr": only_where(params["jaxpr"], on)}
        operands = [on, *operands]
    out = primitive.bind(*operands, **params)
    return out if primitive.multiple_results else [out]


def _others(on, aval):
    """Which members are not chosen, in the shape of a check's condition."""
    if not aval.ndim:  # a check that all members share counts if one of them is chosen
        return bitwise_not(reduce_or(on, (0,)))
    return broadcast_in_dim(bitwise_not(on), aval.shape, (0,))
