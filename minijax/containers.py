"""Which classes are containers, and how values of them are taken apart and rebuilt.

    register_dataclass(Layer)     Layer(w, "dense") = children [w], metadata ("dense",)

jaxlib's C++ registry does the work; `registry` is our own instance of it, so nothing
that is registered here reaches JAX. It knows tuples, lists, dicts, namedtuples and None
from the start; OrderedDict, defaultdict and `Partial` are added below.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from jaxlib._jax import pytree as pytree

DictKey = pytree.DictKey
FlattenedIndexKey = pytree.FlattenedIndexKey
GetAttrKey = pytree.GetAttrKey
PyTreeDef = pytree.PyTreeDef
SequenceKey = pytree.SequenceKey

KeyEntry = TypeVar("KeyEntry", bound=Any)
KeyPath = tuple[Any, ...]

registry = pytree.PyTreeRegistry()
# A treedef is pickled with its registry, and that by reference: pickle looks up these
# two names.
registry.__module__, registry.__name__ = __name__, "registry"

T = TypeVar("T")
C = TypeVar("C", bound=type)


def register_pytree_node(
    nodetype: type[T],
    flatten_func: Callable[[T], tuple[Iterable[Any], Any]],
    unflatten_func: Callable[[Any, Iterable[Any]], T],
    flatten_with_keys_func: Callable[[T], tuple[Iterable[Any], Any]] | None = None,
) -> None:
    """Make a class a container.

    `flatten_func(x)` gives its children and its metadata (hashable and comparable: it
    is part of the structure), `unflatten_func(metadata, children)` the container.
    `flatten_with_keys_func(x)` gives pairs of key and child instead, for paths.
    """
    registry.register_node(
        nodetype, flatten_func, unflatten_func, flatten_with_keys_func
    )


def register_pytree_with_keys(
    nodetype: type[T],
    flatten_with_keys: Callable[[T], tuple[Iterable[tuple[Any, Any]], Any]],
    unflatten_func: Callable[[Any, Iterable[Any]], T],
    flatten_func: Callable[[T], tuple[Iterable[Any], Any]] | None = None,
) -> None:
    """Make a class a container whose children have keys, for paths."""

    def without_keys(x: T) -> tuple[list[Any], Any]:
        pairs, metadata = flatten_with_keys(x)
        return [child for _, child in pairs], metadata

    register_pytree_node(
        nodetype, flatten_func or without_keys, unflatten_func, flatten_with_keys
    )


def register_pytree_node_class(cls: C) -> C:
    """Make a class that has `tree_flatten` and `tree_unflatten` a container.

    >>> @register_pytree_node_class
    ... class Interval:
    ...     def __init__(self, low, high):
    ...         self.low, self.high = low, high
    ...
    ...     def tree_flatten(self):
    ...         return (self.low, self.high), None
    ...
    ...     @classmethod
    ...     def tree_unflatten(cls, metadata, children):
    ...         return cls(*children)
    >>> registry.flatten(Interval(1, 2))[0]
    [1, 2]
    """
    unflatten = cls.tree_unflatten  # type: ignore[attr-defined]
    register_pytree_node(cls, lambda x: x.tree_flatten(), unflatten)
    return cls


def register_pytree_with_keys_class(cls: C) -> C:
    """`register_pytree_node_class` for a class with `tree_flatten_with_keys(self)`."""
    plain = (lambda x: x.tree_flatten()) if hasattr(cls, "tree_flatten") else None
    unflatten = cls.tree_unflatten  # type: ignore[attr-defined]
    register_pytree_with_keys(
        cls, lambda x: x.tree_flatten_with_keys(), unflatten, plain
    )
    return cls


def static(**kwargs: Any) -> Any:
    """A dataclass field that is part of the structure, not a child.

    >>> static(default=3).metadata["static"]
    True
    """
    metadata = {**kwargs.pop("metadata", {}), "static": True}
    return dataclasses.field(metadata=metadata, **kwargs)


def register_dataclass(
    nodetype: C,
    data_fields: Sequence[str] | None = None,
    meta_fields: Sequence[str] | None = None,
    drop_fields: Sequence[str] = (),
) -> C:
    """Make a dataclass a container: data fields are children, meta fields metadata.

    Without lists of fields, the fields marked `static()` are metadata. Dropped fields
    are lost when a tree is rebuilt, so they need defaults.

    >>> @register_dataclass
    ... @dataclasses.dataclass
    ... class Layer:
    ...     weight: float
    ...     name: str = static(default="dense")
    >>> registry.flatten(Layer(2.0))
    ([2.0], PyTreeDef(CustomNode(Layer[('dense',)], [*])))
    """
    if (data_fields is None) != (meta_fields is None):
        raise TypeError(
            f"register_dataclass: data_fields and meta_fields must be given together, "
            f"got {data_fields!r} and {meta_fields!r}."
        )
    if data_fields is None or meta_fields is None:
        if not dataclasses.is_dataclass(nodetype):
            raise TypeError(
                f"register_dataclass: {nodetype!r} must be a dataclass. Otherwise name "
                f"data_fields and meta_fields."
            )
        fields = [f for f in dataclasses.fields(nodetype) if f.init]
        names = [f.name for f in fields if f.name not in drop_fields]
        meta = {f.name for f in fields if f.metadata.get("static", False)}
        data_fields = [name for name in names if name not in meta]
        meta_fields = [name for name in names if name in meta]
    elif dataclasses.is_dataclass(nodetype):
        _check_fields(nodetype, {*data_fields, *meta_fields}, set(drop_fields))
    registry.register_dataclass_node(nodetype, list(data_fields), list(meta_fields))
    return nodetype


def _check_fields(nodetype: type, named: set[str], dropped: set[str]) -> None:
    init = {field.name for field in dataclasses.fields(nodetype) if field.init}
    missing, unknown = init - named - dropped, named - init
    where = f"register_dataclass: data_fields and meta_fields of {nodetype.__name__}"
    if missing:
        raise ValueError(
            f"{where} must name all fields that __init__ takes, got none of "
            f"{sorted(missing)}. Name them, or list them in drop_fields."
        )
    if unknown:
        raise ValueError(
            f"{where} must be fields that __init__ takes, got {sorted(unknown)}."
        )


def register_static(cls: C) -> C:
    """Make values of a class containers without leaves: part of the structure.

    The class must define `__hash__` and `__eq__`, by which structures are compared.

    >>> @register_static
    ... class Mode(str):
    ...     pass
    >>> registry.flatten([Mode("fast"), 1])[0]
    [1]
    """
    register_pytree_node(cls, lambda x: ((), x), lambda x, _: x, lambda x: ((), x))
    return cls


# --- containers of the standard library that the C++ registry lacks ----------------


def _ordered_with_keys(x: collections.OrderedDict) -> tuple[list[Any], Any]:
    return [(DictKey(key), value) for key, value in x.items()], tuple(x)


register_pytree_node(
    collections.OrderedDict,
    lambda x: (list(x.values()), tuple(x)),
    lambda keys, values: collections.OrderedDict(zip(keys, values, strict=True)),
    _ordered_with_keys,
)


def _default_flatten(x: collections.defaultdict) -> tuple[list[Any], Any]:
    keys = tuple(sorted(x))
    return [x[key] for key in keys], (x.default_factory, keys)


def _default_with_keys(x: collections.defaultdict) -> tuple[list[Any], Any]:
    values, (factory, keys) = _default_flatten(x)
    names = [DictKey(key) for key in keys]
    return list(zip(names, values, strict=True)), (factory, keys)


def _default_unflatten(metadata: Any, values: Iterable[Any]) -> Any:
    factory, keys = metadata
    return collections.defaultdict(factory, zip(keys, values, strict=True))


register_pytree_node(
    collections.defaultdict, _default_flatten, _default_unflatten, _default_with_keys
)


class _Opaque:
    """A function that `functools.partial` does not look into; equal by identity.

    `functools.partial(functools.partial(f, x), y)` is `partial(f, x, y)`. The `x` of an
    inner partial is part of the function, so the two must stay apart.
    """

    def __init__(self, function: Callable[..., Any]):
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return type(other) is _Opaque and other.function is self.function

    def __hash__(self) -> int:
        return id(self.function)

    def __repr__(self) -> str:
        return repr(self.function)


class Partial(functools.partial):
    """A `functools.partial` that is a container: its arguments are children.

    It can be passed to and returned from transformed functions. The function is part of
    the structure, so it should be a function that stays the same object.

    >>> add = Partial(lambda x, y: x + y, 1)
    >>> add(2), registry.flatten(add)[0]
    (3, [1])
    """

    def __new__(cls, func: Callable[..., Any], /, *args: Any, **kw: Any) -> Partial:
        if isinstance(func, functools.partial):
            func = _Opaque(func)
        return super().__new__(cls, func, *args, **kw)


def _partial_unflatten(func: Callable[..., Any], children: Any) -> Partial:
    args, keywords = children
    return Partial(func, *args, **keywords)


register_pytree_node(
    Partial, lambda x: ((x.args, x.keywords), x.func), _partial_unflatten
)
