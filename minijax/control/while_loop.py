"""`while_loop`: repeat a function as long as a condition on its carry holds."""

from collections.abc import Callable

from .. import dtypes, tree
from ..config import state
from ..core.tracebacks import boundary
from ..errors import ConcretizationTypeError
from .bodies import (
    Body,
    avals_of,
    check_callable,
    flatten,
    name_of,
    trace_body,
    trace_loop,
)
from .while_rules import bind_while


@boundary
def while_loop(
    cond_fun: Callable,
    body_fun: Callable,
    init_val,
    *,
    checkpoints: int | None = None,
):
    """Repeat `val = body_fun(val)` while `cond_fun(val)` holds.

    The loop is one operation of the compiled program, and the number of its steps may
    depend on data. It has derivatives of every order in both modes. Reverse mode keeps
    some of the carries and computes the others again: with s of them kept, a loop of
    C(s + r, s) steps runs its body about r more times per step.

    Args:
      cond_fun: from the carry to a boolean scalar.
      body_fun: from the carry to a carry of the same structure, shapes and dtypes.
      init_val: the first carry, a container of arrays.
      checkpoints: how many carries reverse mode keeps; by default as many as fit in
        64 MiB, but from 8 to 1024.

    >>> while_loop(lambda x: x < 100.0, lambda x: x * 2.0, 3.0)
    Array(192., dtype=float32, weak_type=True)
    >>> grad(lambda x: while_loop(lambda x: x < 100.0, lambda x: x * 2.0, x))(3.0)
    Array(64., dtype=float32, weak_type=True)
    """
    check_callable("while_loop", cond_fun=cond_fun, body_fun=body_fun)
    checkpoints = checked_places("while_loop", checkpoints)
    init, treedef = flatten("while_loop", "init_val", init_val)
    if state.disable_jit:
        try:
            return _run_in_python(cond_fun, body_fun, init_val)
        except ConcretizationTypeError:
            pass  # the condition is traced all the same, by vmap for example
    in_tree = tree.treedef_tuple([treedef])

    def trace(avals):
        body = trace_body("while_loop", body_fun, in_tree, avals)
        return body, body.out_tree

    init, body = trace_loop("while_loop", init, treedef, trace)
    cond = trace_body("while_loop", cond_fun, in_tree, avals_of(init))
    _check_condition(cond_fun, cond)
    outs = bind_while(
        cond.closed, cond.consts, body.closed, body.consts, init, checkpoints
    )
    return tree.unflatten(treedef, outs)


def checked_places(where: str, checkpoints) -> int | None:
    """How many carries to keep in reverse mode, or None."""
    if checkpoints is None or (isinstance(checkpoints, int) and checkpoints > 0):
        return checkpoints
    raise ValueError(
        f"{where}: checkpoints must be a positive count of carries to keep, got "
        f"{checkpoints!r}."
    )


def _run_in_python(cond_fun, body_fun, carry):
    while cond_fun(carry):
        carry = body_fun(carry)
    return carry


def _check_condition(cond_fun: Callable, cond: Body):
    avals = cond.out_avals
    if not tree.treedef_is_leaf(cond.out_tree):
        got = f"a result of structure {cond.out_tree}"
    elif avals[0].shape != () or avals[0].dtype != dtypes.bool_:
        got = str(avals[0])
    else:
        return
    raise TypeError(
        f"while_loop: the condition {name_of(cond_fun)} must return a boolean scalar, "
        f"got {got}. Compare explicitly, or reduce with jnp.any or jnp.all."
    )
