"""`checkpoint` (also `remat`): trade memory of the backward pass for computation."""

import functools
import types
from collections.abc import Callable, Sequence

from .. import tree
from ..control import policies
from ..control.checkpoint import checkpoint_call
from ..core.literal import aval_of
from ..core.tracebacks import boundary
from ..runtime import client
from ..transforms.stage import hoist, stage
from .arguments import (
    argument_paths,
    as_values,
    name_of,
    parameter_names,
    positions,
    result_values,
    wraps,
)


def save_and_offload_only_these_names(
    *,
    names_which_can_be_saved: Sequence[str],
    names_which_can_be_offloaded: Sequence[str],
    offload_src: str,
    offload_dst: str,
) -> Callable:
    """Save the values with some names where they are, and with others elsewhere.

    Under `jit`, the latter are moved from memory `offload_src` to `offload_dst`, such
    as "device" and "pinned_host", and back in the backward pass.
    """
    saved = frozenset(names_which_can_be_saved)
    offloaded = frozenset(names_which_can_be_offloaded)
    if saved & offloaded:
        raise ValueError(
            "save_and_offload_only_these_names: a name must be saved or offloaded, got "
            f"{sorted(saved & offloaded)} in both lists."
        )

    def policy(primitive, *avals, **params):
        name = params["name"] if primitive is policies.name_p else None
        if name in offloaded:
            return _offloadable(offload_src, offload_dst)
        return policies.Saveable if name in saved else policies.Recompute

    return policy


def offload_dot_with_no_batch_dims(offload_src: str, offload_dst: str) -> Callable:
    """Save results of matrix products without batch axes in another memory."""

    def policy(primitive, *avals, **params):
        if policies.dots_with_no_batch_dims_saveable(primitive, *avals, **params):
            return _offloadable(offload_src, offload_dst)
        return policies.Recompute

    return policy


def _offloadable(src, dst):
    """Both kinds of memory, after asking the device whether it has them."""
    device = client.default_device()
    kinds = sorted({memory.kind for memory in device.addressable_memories()})
    for kind in (src, dst):
        if kind not in kinds:
            raise ValueError(
                f"checkpoint: cannot offload from {src!r} to {dst!r}: {device} has no "
                f"memory of kind {kind!r}. It has {', '.join(map(repr, kinds))}."
            )
    return policies.Offloadable(src, dst)


# What `checkpoint(policy=...)` may save beside the inputs.
checkpoint_policies = types.SimpleNamespace(
    everything_saveable=policies.everything_saveable,
    nothing_saveable=policies.nothing_saveable,
    dots_saveable=policies.dots_saveable,
    checkpoint_dots=policies.dots_saveable,
    dots_with_no_batch_dims_saveable=policies.dots_with_no_batch_dims_saveable,
    checkpoint_dots_with_no_batch_dims=policies.dots_with_no_batch_dims_saveable,
    offload_dot_with_no_batch_dims=offload_dot_with_no_batch_dims,
    save_anything_except_these_names=policies.save_anything_except_these_names,
    save_any_names_but_these=policies.save_any_names_but_these,
    save_only_these_names=policies.save_only_these_names,
    save_from_both_policies=policies.save_from_both_policies,
    save_and_offload_only_these_names=save_and_offload_only_these_names,
)


def checkpoint(
    fun: Callable | None = None,
    /,
    *,
    prevent_cse: bool = True,
    policy: Callable | None = None,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
    concrete: bool = False,
):
    """A function whose intermediate values are computed again in the backward pass.

    Args:
      prevent_cse: keep XLA from undoing it; not needed inside `scan`.
      policy: which intermediate values to save all the same, from
        `checkpoint_policies`; none by default.
      static_argnums, static_argnames: arguments that are not arrays.

    >>> grad(checkpoint(lambda x: jnp.sin(jnp.sin(x))))(1.0)
    Array(0.3600, dtype=float32, weak_type=True)
    """
    if fun is None:
        return functools.partial(
            checkpoint,
            prevent_cse=prevent_cse,
            policy=policy,
            static_argnums=static_argnums,
            static_argnames=static_argnames,
            concrete=concrete,
        )
    if concrete:
        raise NotImplementedError(
            "checkpoint: concrete=True was removed from JAX and is not supported. Use "
            "static_argnums for arguments that Python must know."
        )
    where = f"checkpoint of {name_of(fun)}"
    names = (static_argnames,) if isinstance(static_argnames, str) else static_argnames

    @boundary
    @wraps(fun)
    def checkpointed(*args, **kwargs):
        static = positions(static_argnums, len(args), where) if args else ()
        static = {*static, *_positions_of(names, fun, len(args))}
        dynamic = tuple([x for k, x in enumerate(args) if k not in static])
        moving = {name: x for name, x in kwargs.items() if name not in names}
        leaves, treedef = tree.flatten_raw((dynamic, moving), None)
        values = as_values(leaves, where, lambda: argument_paths(fun, dynamic, moving))
        out_tree = None

        def flat(*tracers):
            nonlocal out_tree
            rest, named = tree.unflatten(treedef, tracers)
            given = iter(rest)
            full = [args[k] if k in static else next(given) for k in range(len(args))]
            out = fun(*full, **{**kwargs, **named})
            results, out_tree = result_values(out, where)
            return results

        traced = stage(flat, [aval_of(x) for x in values], f"by {where}")
        closed, consts = hoist(traced)
        outs = checkpoint_call(closed, [*consts, *values], policy, prevent_cse)
        return tree.unflatten(out_tree, outs)

    return checkpointed


def _positions_of(names, fun, count):
    """Positions of the named parameters among `count` positional arguments."""
    if not names:
        return []
    parameters = parameter_names(fun, count)
    return [k for k, name in enumerate(parameters) if name in names]


remat = checkpoint
