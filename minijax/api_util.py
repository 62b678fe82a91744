"""What transformations do with arguments: flatten, number and name them.

flat, out_tree = flatten_fun(wrap_init(f), in_tree)
flat.call_wrapped(*leaves)      a list of leaves, whose structure is out_tree()
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import tree
from .api.arguments import parameter_names, signature_of
from .core.avals import ShapedArray
from .core.literal import aval_of
from .extend.core.programs import DebugInfo
from .extend.linear_util import (
    WrappedFun,
    transformation2,
    transformation_with_aux2,
)

__all__ = [
    "argnums_partial",
    "debug_info",
    "donation_vector",
    "flatten_axes",
    "flatten_fun",
    "flatten_fun_nokwargs",
    "rebase_donate_argnums",
    "safe_map",
    "shaped_abstractify",
]


def safe_map(f: Callable, *sequences: Iterable) -> list:
    """`map` as a list; the sequences must have one length.

    >>> safe_map(lambda x, y: x + y, [1, 2], [10, 20])
    [11, 22]
    """
    return [f(*xs) for xs in zip(*sequences, strict=True)]


def shaped_abstractify(x) -> ShapedArray:
    """The type of an array, a number, or of anything with a shape and a dtype.

    >>> shaped_abstractify(2.0)
    ShapedArray(f32[], weak_type=True)
    """
    if hasattr(x, "shape") and hasattr(x, "dtype") and not hasattr(x, "aval"):
        return ShapedArray(x.shape, x.dtype, getattr(x, "weak_type", False))
    return aval_of(x)


def debug_info(
    traced_for: str,
    fun: Callable,
    args: Sequence,
    kwargs: dict[str, Any],
    *,
    static_argnums: Sequence[int] = (),
    static_argnames: Sequence[str] = (),
    result_paths_thunk: Callable | None = None,
    sourceinfo: str | None = None,
    signature: inspect.Signature | None = None,
) -> DebugInfo:
    """Where a function that is about to be traced comes from, for messages.

    >>> debug_info("jit", lambda x: x, (1.0,), {}).arg_names
    ('x',)
    """
    names: list[str] = []
    for k, name in enumerate(parameter_names(fun, len(args))):
        if k not in static_argnums and name not in static_argnames:
            pairs, _ = tree.flatten_with_path(args[k])
            names.extend(name + tree.keystr(path) for path, _ in pairs)
    for name in sorted(kwargs):
        if name not in static_argnames:
            pairs, _ = tree.flatten_with_path(kwargs[name])
            names.extend(name + tree.keystr(path) for path, _ in pairs)
    source = _where(fun) if sourceinfo is None else sourceinfo
    return DebugInfo(traced_for, source, tuple(names), result_paths_thunk)


def _where(fun):
    code = getattr(inspect.unwrap(fun), "__code__", None)
    name = getattr(fun, "__name__", type(fun).__name__)
    if code is None:
        return name
    return f"{name} at {code.co_filename}:{code.co_firstlineno}"


@transformation_with_aux2
def flatten_fun(f, store, in_tree, *leaves):
    """A function of leaves from one of trees: `in_tree` is that of `(args, kwargs)`.

    Returns the function, wrapped, and a function that gives the structure of its
    results once it has been called.
    """
    args, kwargs = tree.unflatten(in_tree, leaves)
    out, out_tree = tree.flatten(f(*args, **kwargs))
    store.store(out_tree)
    return out


@transformation_with_aux2
def flatten_fun_nokwargs(f, store, in_tree, *leaves):
    """The same where `in_tree` is that of the positional arguments."""
    out, out_tree = tree.flatten(f(*tree.unflatten(in_tree, leaves)))
    store.store(out_tree)
    return out


@transformation2
def _with_fixed(f, dynamic, fixed, *args):
    given = iter(args)
    places = range(len(fixed))
    return f(*[next(given) if k in dynamic else fixed[k] for k in places])


class Hidden:
    """A fixed argument; equal to another if their values are."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Hidden) and self.value == other.value

    def __hash__(self):
        return hash(self.value)


def argnums_partial(
    f: WrappedFun,
    dyn_argnums: int | Sequence[int],
    args: Sequence,
    require_static_args_hashable: bool = True,
) -> tuple[WrappedFun, tuple]:
    """A function of some of its positional arguments, the others fixed to `args`.

    Returns the function and the arguments that remain.
    """
    numbers = (dyn_argnums,) if isinstance(dyn_argnums, int) else dyn_argnums
    dynamic = frozenset(k % len(args) for k in numbers)
    fixed = [None if k in dynamic else x for k, x in enumerate(args)]
    if require_static_args_hashable:
        for k, x in enumerate(fixed):
            _check_hashable(k, x)
    remaining = tuple([args[k] for k in sorted(dynamic)])
    return _with_fixed(f, dynamic, tuple(fixed)), remaining


def _check_hashable(place, x):
    try:
        hash(x)
    except TypeError:
        raise ValueError(
            f"argnums_partial: static arguments must be hashable, got {x!r:.60} of "
            f"type {type(x).__name__} at position {place}. Make it an array, or a "
            "tuple."
        ) from None


def flatten_axes(
    name: str, treedef, axis_tree, *, kws: bool = False, tupled_args: bool = False
) -> list:
    """For each leaf of a structure, what a prefix of it says of the leaf.

    Args:
      name: what to call the prefix in errors.

    >>> flatten_axes("in_axes", tree.structure(([1, 2], 3)), (0, None))
    [0, 0, None]
    """
    skeleton = tree.unflatten(treedef, [0] * treedef.num_leaves)
    return tree.broadcast_prefix(
        axis_tree, skeleton, is_leaf=lambda x: x is None, where=name, full_name="args"
    )


def donation_vector(
    donate_argnums: Sequence[int],
    donate_argnames: Sequence[str],
    in_tree,
    kws: bool = True,
) -> tuple[bool, ...]:
    """For each leaf of `(args, kwargs)`, whether its argument is donated."""
    leaves = [0] * in_tree.num_leaves
    args, kwargs = (
        tree.unflatten(in_tree, leaves)
        if kws
        else (tree.unflatten(in_tree, leaves), {})
    )
    flags = []
    for k, x in enumerate(args):
        flags += [k in donate_argnums] * len(tree.leaves(x))
    for name in sorted(kwargs):
        flags += [name in donate_argnames] * len(tree.leaves(kwargs[name]))
    return tuple(flags)


def rebase_donate_argnums(
    donate_argnums: Iterable[int], static_argnums: Iterable[int]
) -> tuple[int, ...]:
    """The donated arguments, numbered without the static ones.

    >>> rebase_donate_argnums((1, 3), (0,))
    (0, 2)
    """
    static = sorted(static_argnums)
    if set(static) & set(donate_argnums):
        raise ValueError(
            f"an argument cannot be both donated and static, got donate_argnums="
            f"{tuple(donate_argnums)} and static_argnums={tuple(static)}."
        )
    return tuple(k - sum(s < k for s in static) for k in sorted(donate_argnums))


def fun_signature(fun: Callable) -> inspect.Signature | None:
    """The signature of a function, None if it has none that Python knows."""
    return signature_of(fun)
