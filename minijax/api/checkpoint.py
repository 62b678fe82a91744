"""`checkpoint` (also `remat`): trade memory of the backward pass for computation."""

import functools
from collections.abc import Callable, Sequence

from .. import tree
from ..control import checkpoint as control
from ..core.literal import aval_of
from ..transforms.stage import hoist, stage
from .arguments import (
    argument_paths,
    as_values,
    name_of,
    positions,
    result_values,
    wraps,
)


class checkpoint_policies:
    """What `checkpoint(policy=...)` may save beside the inputs."""

    everything_saveable = staticmethod(control.everything_saveable)
    nothing_saveable = staticmethod(control.nothing_saveable)
    dots_saveable = staticmethod(control.dots_saveable)
    checkpoint_dots = staticmethod(control.dots_saveable)
    dots_with_no_batch_dims_saveable = staticmethod(
        control.dots_with_no_batch_dims_saveable
    )
    checkpoint_dots_with_no_batch_dims = staticmethod(
        control.dots_with_no_batch_dims_saveable
    )
    save_only_these_names = staticmethod(control.save_only_these_names)
    save_any_names_but_these = staticmethod(control.save_any_names_but_these)
    save_anything_except_these_names = staticmethod(
        control.save_anything_except_these_names
    )
    save_from_both_policies = staticmethod(control.save_from_both_policies)


def checkpoint(
    fun: Callable | None = None,
    /,
    *,
    prevent_cse: bool = True,
    policy: Callable | None = None,
    static_argnums: int | Sequence[int] = (),
    concrete: bool = False,
):
    """A function whose intermediate values are computed again in the backward pass.

    Args:
      prevent_cse: keep XLA from undoing it; not needed inside `scan`.
      policy: which intermediate values to save all the same, from
        `checkpoint_policies`; none by default.
      static_argnums: arguments that are not arrays.

    >>> grad(checkpoint(lambda x: jnp.sin(jnp.sin(x))))(1.0)
    Array(0.3600, dtype=float32, weak_type=True)
    """
    if fun is None:
        return functools.partial(
            checkpoint,
            prevent_cse=prevent_cse,
            policy=policy,
            static_argnums=static_argnums,
        )
    if concrete:
        raise NotImplementedError(
            "checkpoint: concrete=True was removed from JAX and is not supported. Use "
            "static_argnums for arguments that Python must know."
        )
    where = f"checkpoint of {name_of(fun)}"

    @wraps(fun)
    def checkpointed(*args, **kwargs):
        static = positions(static_argnums, len(args), where) if args else ()
        dynamic = tuple([x for k, x in enumerate(args) if k not in static])
        leaves, treedef = tree.flatten_raw((dynamic, kwargs), None)
        values = as_values(leaves, where, lambda: argument_paths(fun, dynamic, kwargs))
        out_tree = None

        def flat(*tracers):
            nonlocal out_tree
            rest, named = tree.unflatten(treedef, tracers)
            given = iter(rest)
            full = [args[k] if k in static else next(given) for k in range(len(args))]
            results, out_tree = result_values(fun(*full, **named), where)
            return results

        traced = stage(flat, [aval_of(x) for x in values], f"by {where}")
        closed, consts = hoist(traced)
        outs = control.checkpoint_call(closed, [*consts, *values], policy, prevent_cse)
        return tree.unflatten(out_tree, outs)

    return checkpointed


remat = checkpoint
