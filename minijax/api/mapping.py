"""`vmap`, `pmap` and what functions inside them may ask about the mapped axis."""

import functools
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from .. import tree
from ..core.literal import Literal, aval_of
from ..core.trace import is_eager
from ..core.tracebacks import boundary
from ..primitives.shape import move_batch
from ..runtime import client
from ..runtime.array import as_array, move
from ..transforms.batch import batch_flat
from .arguments import (
    argument_paths,
    as_values,
    name_of,
    parameter_names,
    result_values,
    wraps,
)
from .jit import jit


@boundary
def vmap(
    fun: Callable,
    in_axes: int | tuple | list | dict | None = 0,
    out_axes: Any = 0,
    axis_name: Hashable | None = None,
    axis_size: int | None = None,
    spmd_axis_name: Hashable | None = None,
    sum_match: bool = False,
) -> Callable:
    """A function that maps `fun` over an axis of its arguments.

    Args:
      in_axes: for each argument the axis to map over, or None to share it; an integer
        for all, or a tree that is a prefix of the arguments.
      out_axes: where the mapped axis goes in the outputs; None for outputs that are
        equal for all members.
      axis_name: a name by which collectives (`lax.psum`) refer to the axis.
      axis_size: the size, needed only when no argument is mapped.

    Keyword arguments are mapped over their axis 0.

    >>> vmap(lambda x, y: x * y, in_axes=(0, None))(np.arange(3.0), 2.0)
    Array([0., 2., 4.], dtype=float32)
    """
    if not callable(fun):
        raise TypeError(
            f"vmap: the first argument must be a function, got {fun!r} of type "
            f"{type(fun).__name__}."
        )
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if not (in_axes is None or isinstance(in_axes, int | np.integer | tuple | dict)):
        raise TypeError(
            "vmap: in_axes must be an int, None, or a tuple with one entry per "
            f"argument, got {in_axes!r}."
        )
    where = f"vmap of {name_of(fun)}"

    @boundary
    @wraps(fun)
    def mapped(*args, **kwargs):
        if isinstance(in_axes, tuple) and len(in_axes) != len(args):
            raise ValueError(
                f"{where}: in_axes must be an int, None, or a tuple of entries "
                f"corresponding to the positional arguments, got len(in_axes)="
                f"{len(in_axes)} and {len(args)} arguments. Arguments given by keyword "
                "are mapped over axis 0 and have no entry."
            )
        leaves, treedef = tree.flatten_raw((args, kwargs), None)
        dims = _input_axes(where, fun, in_axes, args, kwargs)

        def paths():
            return argument_paths(fun, args, kwargs)

        # What all members share passes as it is; it need not even be an array.
        values = [
            x if d is None else as_values([x], where, lambda k=k: [paths()[k]])[0]
            for k, (x, d) in enumerate(zip(leaves, dims, strict=True))
        ]
        dims = [
            _canonical_dim(where, d, x, k, paths)
            for k, (d, x) in enumerate(zip(dims, values, strict=True))
        ]
        size = _mapped_size(where, values, dims, axis_size, paths)
        out_tree = None

        def flat(*members):
            nonlocal out_tree
            member_args, member_kwargs = tree.unflatten(treedef, members)
            out = fun(*member_args, **member_kwargs)
            results, out_tree = result_values(out, where)
            return results

        outs, out_dims = batch_flat(flat, size, values, dims, axis_name)
        wanted = _output_axes(where, out_axes, out_tree)
        placed = [
            _place_output(where, size, x, d, w, k)
            for k, (x, d, w) in enumerate(zip(outs, out_dims, wanted, strict=True))
        ]
        return tree.unflatten(out_tree, placed)

    return mapped


def _input_axes(where, fun, in_axes, args, kwargs):
    """The mapped axis of every leaf."""
    count = len(tree.flatten_raw(kwargs, None)[0])
    if isinstance(in_axes, int):
        dims = [in_axes] * len(tree.flatten_raw(args, None)[0])
    else:
        names = ", ".join(parameter_names(fun, len(args)))
        dims = tree.broadcast_prefix(
            in_axes,
            args,
            is_leaf=lambda x: x is None,
            where=where,
            full_name=f"the arguments ({names})",
            prefix_name="in_axes",
        )
    return [*dims, *[0] * count]


def _canonical_dim(where, dim, x, k, paths):
    if dim is None:
        return None
    if not isinstance(dim, int | np.integer):
        raise TypeError(
            f"{where}: in_axes must be integers or None, got {dim!r} for {paths()[k]}."
        )
    ndim = aval_of(x).ndim
    if not -ndim <= dim < ndim:
        raise ValueError(
            f"{where}: in_axes names axis {dim} of {paths()[k]}: {aval_of(x)}, which "
            f"has {ndim} axes. Use None to share the argument among all members."
        )
    return int(dim) % ndim


def _mapped_size(where, values, dims, axis_size, paths):
    found = {
        k: aval_of(x).shape[d]
        for k, (x, d) in enumerate(zip(values, dims, strict=True))
        if d is not None
    }
    sizes = set(found.values())
    if axis_size is not None:
        sizes.add(int(axis_size))
    if len(sizes) == 1:
        return sizes.pop()
    if not sizes:
        raise ValueError(
            f"{where}: vmap must have at least one non-None value in in_axes, or "
            "axis_size. Map at least one argument, or pass axis_size."
        )
    named = paths()
    users: dict[int, list[str]] = {}
    for k, size in found.items():
        user = f"{named[k]}: {aval_of(values[k])}, axis {dims[k]}"
        users.setdefault(size, []).append(user)
    if axis_size is not None:
        users.setdefault(int(axis_size), []).append("axis_size")
    told = " and ".join(f"{n} ({'; '.join(w[:3])})" for n, w in users.items())
    raise ValueError(
        f"{where}: vmap got inconsistent sizes for array axes to be mapped: mapped "
        f"axes must have one size, got {told}."
    )


def _output_axes(where, out_axes, out_tree):
    template = tree.unflatten(out_tree, [0] * out_tree.num_leaves)
    axes = tuple(out_axes) if isinstance(out_axes, list) else out_axes
    return tree.broadcast_prefix(
        axes,
        template,
        is_leaf=lambda x: x is None,
        where=where,
        full_name="the output",
        prefix_name="out_axes",
    )


def _place_output(where, size, x, dim, wanted, k):
    if wanted is None:
        if dim is not None:
            raise ValueError(
                f"{where}: vmap has mapped output {k} but out_axes is None for it: it "
                "differs between members. Give the axis where the members shall go."
            )
        return as_array(x) if type(x) is Literal and is_eager() else x
    ndim = aval_of(x).ndim + (dim is None)
    if not isinstance(wanted, int | np.integer) or not -ndim <= wanted < ndim:
        raise ValueError(
            f"{where}: out_axes must be in [{-ndim}, {ndim}) for output {k}, got "
            f"{wanted!r}."
        )
    return move_batch(size, x, dim, int(wanted) % ndim)


def pmap(
    fun: Callable,
    axis_name: Hashable | None = None,
    *,
    in_axes=0,
    out_axes=0,
    static_broadcasted_argnums: int | tuple = (),
    devices=None,
    backend: str | None = None,
    axis_size: int | None = None,
    donate_argnums: int | tuple = (),
    global_arg_shapes=None,
) -> Callable:
    """Map `fun` over an axis of its arguments, one member per local device.

    The mapped function is compiled once, its leading axis is cut over the devices, and
    XLA's partitioner makes each device compute its own member. Collectives over
    `axis_name` communicate between devices.

    Args: as for `vmap`; the mapped axis must have one entry per device used.

    >>> pmap(lambda x: x * 2)(np.ones((1, 3), "float32"))
    Array([[2., 2., 2.]], dtype=float32)
    """
    static = _numbers(static_broadcasted_argnums)
    name = f"pmap of {name_of(fun)}"

    @functools.cache
    def program(count, statics):
        def with_statics(*dynamic):
            given = iter(dynamic)
            fixed = dict(statics)
            args = [fixed[k] if k in fixed else next(given) for k in range(count)]
            return fun(*args)

        with_statics.__name__ = name_of(fun)
        axes = in_axes
        if isinstance(axes, tuple | list):
            axes = tuple(a for k, a in enumerate(axes) if k not in static)
        donated = tuple(
            sum(j not in static for j in range(k)) for k in _numbers(donate_argnums)
        )
        return jit(
            vmap(with_statics, axes, out_axes, axis_name, axis_size),
            donate_argnums=donated,
        )

    @boundary
    @wraps(fun)
    def mapped(*args, **kwargs):
        if kwargs:
            raise TypeError(
                f"{name}: pass arguments by position, got keywords {sorted(kwargs)}."
            )
        statics = tuple((k, args[k]) for k in static)
        dynamic = tuple(x for k, x in enumerate(args) if k not in static)
        axes = in_axes
        if isinstance(axes, tuple | list):
            axes = tuple(a for k, a in enumerate(axes) if k not in static)
        leaves, treedef = tree.flatten_raw(dynamic, None)
        values = as_values(leaves, name, lambda: argument_paths(fun, args, {}))
        if is_eager(*values):
            dims = _input_axes(name, fun, axes, dynamic, {})
            values = _distribute(name, values, dims, devices, backend)
        return program(len(args), statics)(*tree.unflatten(treedef, values))

    return mapped


def _numbers(value):
    return (value,) if isinstance(value, int) else tuple(value)


def _distribute(name, values, dims, devices, backend):
    """Cut mapped arguments over devices, and copy shared ones to all."""
    available = list(devices or client.local_devices(platform=backend))
    sizes = {x.shape[d] for x, d in zip(values, dims, strict=True) if d is not None}
    size = sizes.pop() if len(sizes) == 1 else None
    if size is None:
        return values  # vmap reports missing or unequal sizes
    if size > len(available):
        raise ValueError(
            f"{name}: compiling computation that requires {size} logical devices, but "
            f"only {len(available)} are available. Use vmap, or more devices "
            '(config.update("jax_num_cpu_devices", n) before the first computation).'
        )
    chosen = tuple(available[:size])
    placed = []
    for x, d in zip(values, dims, strict=True):
        if d == 0:
            sharding = (
                client.split_leading_axis(chosen, x.ndim)
                if size > 1
                else client.single_device(chosen[0])
            )
        else:
            sharding = client.Sharding(chosen)
        placed.append(move(x, sharding))
    return placed
