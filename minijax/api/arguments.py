"""What users pass to transformed functions: leaves checked, named by path, typed."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes, tree
from ..core.literal import Literal, python_scalar
from ..core.trace import Tracer
from ..runtime.array import Array, as_array
from .structs import ShapeDtypeStruct

NUMBERS = (bool, int, float, complex)
ARRAYS = (Array, Tracer)


def name_of(fun: Callable) -> str:
    """The name of a function for messages and modules."""
    inner = getattr(fun, "func", fun)
    own = getattr(fun, "__name__", None)
    return str(own or getattr(inner, "__name__", type(fun).__name__))


def wraps(fun: Callable):
    """Give a wrapper the name, doc and signature of `fun`, but not its attributes.

    Objects that are called may have something else than a string as their name.
    """
    named = isinstance(getattr(fun, "__name__", ""), str)
    assigned = functools.WRAPPER_ASSIGNMENTS if named else ("__module__", "__doc__")
    return functools.partial(
        functools.update_wrapper, wrapped=fun, assigned=assigned, updated=()
    )


def as_value(x, where: str, path: str = ""):
    """A leaf as an array or tracer.

    Raises:
      TypeError: the leaf is no array; the message names `where` and the path.
    """
    if isinstance(x, ARRAYS):
        return x
    if isinstance(x, np.ndarray | np.generic | Literal | bool | int | float | complex):
        dtype = getattr(x, "dtype", None)
        if isinstance(dtype, np.dtype) and dtype not in dtypes.ALL:
            if dtype == dtypes.float0:
                return x
            raise TypeError(
                f"{where}: argument{f' {path}' if path else ''} must be an array of "
                f"numbers or booleans, got a NumPy array of dtype {dtype}."
            )
        return as_array(x)
    convert = getattr(x, "__jax_array__", None)
    if convert is not None:
        return as_value(convert(), where, path)
    raise TypeError(
        f"{where}: argument{f' {path}' if path else ''} must be an array or a number, "
        f"got {_shown(x)} of type {type(x).__name__}. Pass it as a static argument "
        "(static_argnames), or close over it."
        if where.startswith("jit")
        else f"{where}: argument{f' {path}' if path else ''} must be an array or a "
        f"number, got {_shown(x)} of type {type(x).__name__}. Close over it, or "
        "convert it with jnp.asarray."
    )


def _shown(x):
    text = repr(x)
    return text if len(text) <= 40 else text[:37] + "..."


def as_values(leaves: Sequence, where: str, paths: Callable[[], Sequence[str]]) -> list:
    """All leaves as arrays or tracers; `paths()` is only asked for in an error."""
    try:
        return [x if type(x) is Array else as_value(x, where) for x in leaves]
    except TypeError:
        for x, path in zip(leaves, paths(), strict=True):
            as_value(x, where, path)
        raise


def argument_paths(fun: Callable, args: tuple, kwargs: dict) -> list[str]:
    """The user's name of every leaf of a call: `x`, `params['w']`, `args[0][1]`."""
    names = parameter_names(fun, len(args))
    paths: list[str] = []
    for name, value in zip(names, args, strict=True):
        pairs, _ = tree.flatten_with_path(value)
        paths.extend(name + tree.keystr(keys) for keys, _ in pairs)
    for name in sorted(kwargs):
        pairs, _ = tree.flatten_with_path(kwargs[name])
        paths.extend(name + tree.keystr(keys) for keys, _ in pairs)
    return paths


def chosen_paths(fun: Callable, args: tuple, chosen: Sequence[int]) -> list[str]:
    """The user's name of every leaf of some of the positional arguments."""
    alone = [(*[None] * k, args[k]) for k in chosen]
    return [path for some in alone for path in argument_paths(fun, some, {})]


def signature_of(fun: Callable):
    """The signature of a function, or None if it has none that Python knows."""
    try:
        return inspect.signature(fun)
    except (TypeError, ValueError):
        return None


def parameter_names(fun: Callable, count: int) -> list[str]:
    """Names for `count` positional arguments of a function."""
    signature = signature_of(fun)
    kinds = inspect.Parameter
    names = []
    if signature is not None:
        for p in signature.parameters.values():
            if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD):
                names.append(p.name)
            elif p.kind is kinds.VAR_POSITIONAL:
                missing = max(count - len(names), 0)
                names.extend(f"{p.name}[{k}]" for k in range(missing))
    names.extend(f"args[{k}]" for k in range(len(names), count))
    return names[:count]


def result_values(out, where: str, staged=False):
    """Flatten what a function returned, checking that all leaves are arrays.

    Where the results are `staged` into a program, numbers become its literals.
    """
    leaves, treedef = tree.flatten_raw(out, None)
    if any(getattr(x, "dtype", None) == dtypes.float0 for x in leaves):
        out = tree.map(_set_float0_apart, out)
        leaves, treedef = tree.flatten_raw(out, None)
    values: list = []
    for k, x in enumerate(leaves):
        if isinstance(x, ARRAYS):
            values.append(x)
            continue
        if staged and type(x) in NUMBERS:
            values.append(python_scalar(x))
            continue
        if staged and isinstance(x, ShapeDtypeStruct):
            values.append(x)  # a constant, which nobody can compute
            continue
        try:
            values.append(as_value(x, where))
        except TypeError:
            pairs, _ = tree.flatten_with_path(out)
            path = tree.keystr(pairs[k][0])
            raise TypeError(
                f"{where}: the function must return arrays or numbers, got "
                f"{_shown(x)} of type {type(x).__name__}"
                f"{f' at result{path}' if path else ''}. Return it in another way, for "
                "example with has_aux=True."
            ) from None
    return values, treedef


class _Float0:
    """An array of float0 in a result: it has a shape and no data, so it is no leaf."""

    __slots__ = ("shape",)

    def __init__(self, shape):
        self.shape = shape


def _set_float0_apart(x):
    return _Float0(x.shape) if getattr(x, "dtype", None) == dtypes.float0 else x


def _zeros_of_float0(shape, _) -> Any:
    return np.zeros(shape, dtypes.float0)


tree.register_pytree_node(_Float0, lambda x: ((), x.shape), _zeros_of_float0)


def positions(argnums, count: int, where: str) -> tuple[int, ...]:
    """Positions of arguments as non-negative numbers."""
    numbers = (argnums,) if isinstance(argnums, int | np.integer) else tuple(argnums)
    found = []
    for k in numbers:
        if not isinstance(k, int | np.integer):
            raise TypeError(
                f"{where}: argnums must be an integer or a sequence of integers, got "
                f"{argnums!r}."
            )
        if not -count <= k < count:
            raise TypeError(
                f"{where}: argnums={argnums} names argument {k}, but the function was "
                f"called with {count} positional argument{'s' * (count != 1)}."
            )
        found.append(int(k) % count)
    return tuple(found)
