"""Nested containers: a tree is taken apart into leaves and structure, and rebuilt.

    {"w": x, "b": [y, z]}   leaves [y, z, x], structure PyTreeDef({'b': [*, *], 'w': *})

Tuples, lists, dicts (in the order of their sorted keys), OrderedDicts, defaultdicts,
namedtuples and None (a container without leaves) are containers, and so are classes
registered with `containers.py`. Everything else is a leaf.

These are the names of `jax.tree`; `minijax.tree_util` has the long names. Code that
runs on every call uses `flatten_raw` and the methods of `PyTreeDef`, which are C++.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable, Iterable
from typing import Any

from .containers import (
    DictKey,
    FlattenedIndexKey,
    GetAttrKey,
    KeyEntry,
    KeyPath,
    Partial,
    PyTreeDef,
    SequenceKey,
    pytree,
    register_dataclass,
    register_pytree_node,
    register_pytree_node_class,
    register_pytree_with_keys,
    register_pytree_with_keys_class,
    register_static,
    registry,
    static,
)
from .mismatch import describe_mismatch

__all__ = [
    "DictKey",
    "FlattenedIndexKey",
    "GetAttrKey",
    "KeyEntry",
    "KeyPath",
    "Partial",
    "PyTreeDef",
    "SequenceKey",
    "all",
    "all_leaves",
    "broadcast",
    "broadcast_prefix",
    "build_tree",
    "describe_mismatch",
    "flatten",
    "flatten_one_level",
    "flatten_one_level_with_keys",
    "flatten_raw",
    "flatten_up_to",
    "flatten_with_path",
    "generate_key_paths",
    "is_tree_node",
    "keystr",
    "leaves",
    "leaves_with_path",
    "map",
    "map_with_path",
    "reduce",
    "reduce_associative",
    "register_dataclass",
    "register_pytree_node",
    "register_pytree_node_class",
    "register_pytree_with_keys",
    "register_pytree_with_keys_class",
    "register_static",
    "registry",
    "static",
    "structure",
    "transpose",
    "treedef_children",
    "treedef_is_leaf",
    "treedef_tuple",
    "unflatten",
]

IsLeaf = Callable[[Any], bool]

flatten_raw = registry.flatten
"""`flatten_raw(tree, is_leaf=None)`, positional: the C++ method itself."""


class _Unspecified:
    """The default of arguments for which None is a value."""

    def __repr__(self) -> str:
        return "<unspecified>"


_unspecified = _Unspecified()


# --- taking apart and rebuilding ---------------------------------------------------


def flatten(tree: Any, is_leaf: IsLeaf | None = None) -> tuple[list[Any], PyTreeDef]:
    """The leaves of a tree, in order, and its structure.

    Containers for which `is_leaf` is true are leaves.

    >>> flatten({"b": [1, 2], "a": None})
    ([1, 2], PyTreeDef({'a': None, 'b': [*, *]}))
    """
    return flatten_raw(tree, is_leaf)


def unflatten(treedef: PyTreeDef, leaves: Iterable[Any]) -> Any:
    """The tree of the given structure and leaves.

    >>> unflatten(structure((0, [0])), ["x", "y"])
    ('x', ['y'])
    """
    return treedef.unflatten(leaves)


def leaves(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any]:
    """The leaves of a tree.

    >>> leaves({"b": (1, 2), "a": 3})
    [3, 1, 2]
    """
    return flatten_raw(tree, is_leaf)[0]


def structure(tree: Any, is_leaf: IsLeaf | None = None) -> PyTreeDef:
    """The structure of a tree, which compares and hashes.

    >>> structure((1, [2])) == structure(("x", [None]), is_leaf=lambda x: x is None)
    True
    """
    return flatten_raw(tree, is_leaf)[1]


def map(
    f: Callable[..., Any], tree: Any, *rest: Any, is_leaf: IsLeaf | None = None
) -> Any:
    """Apply `f` to every leaf, and to what the trees in `rest` hold in its place.

    >>> map(lambda x, y: x + y, {"a": 1, "b": (2, 3)}, {"a": 10, "b": (20, 30)})
    {'a': 11, 'b': (22, 33)}
    """
    first, treedef = flatten_raw(tree, is_leaf)
    if not rest:
        return treedef.unflatten([f(x) for x in first])
    columns = [first, *(_matching(treedef, tree, i, r) for i, r in enumerate(rest))]
    return treedef.unflatten([f(*xs) for xs in zip(*columns, strict=True)])


def _matching(treedef: PyTreeDef, tree: Any, i: int, other: Any) -> list[Any]:
    names = f"tree {i + 2}", "tree 1"
    return flatten_up_to(treedef, other, "tree map", *names, expected=tree)


def reduce(
    function: Callable[[Any, Any], Any],
    tree: Any,
    initializer: Any = _unspecified,
    is_leaf: IsLeaf | None = None,
) -> Any:
    """Combine the leaves from left to right.

    >>> reduce(lambda total, x: total + x, {"a": 1, "b": (2, 3)})
    6
    """
    start = () if initializer is _unspecified else (initializer,)
    return functools.reduce(function, leaves(tree, is_leaf), *start)


def reduce_associative(
    operation: Callable[[Any, Any], Any],
    tree: Any,
    *,
    identity: Any = _unspecified,
    is_leaf: IsLeaf | None = None,
) -> Any:
    """Combine the leaves pairwise, halving the list: depth log n and less rounding.

    >>> reduce_associative(lambda x, y: f"({x}{y})", ["a", "b", "c", "d"])
    '((ab)(cd))'
    """
    values = leaves(tree, is_leaf)

    def combine(low: int, high: int) -> Any:
        if high - low == 1:
            return values[low]
        middle = (low + high) // 2
        return operation(combine(low, middle), combine(middle, high))

    if values:
        return combine(0, len(values))
    if identity is _unspecified:
        raise TypeError(
            "reduce_associative: an empty tree needs an identity. Pass identity=."
        )
    return identity


def all(tree: Any, *, is_leaf: IsLeaf | None = None) -> bool:
    """Whether all leaves are true.

    >>> all({"a": True, "b": [True, False]})
    False
    """
    return builtins.all(leaves(tree, is_leaf))


def all_leaves(iterable: Iterable[Any], is_leaf: IsLeaf | None = None) -> bool:
    """Whether every element is a leaf.

    >>> all_leaves([1, 2]), all_leaves([1, (2, 3)]), all_leaves([1, None])
    (True, False, False)
    """
    if is_leaf is None:
        return pytree.all_leaves(registry, iterable)
    items = list(iterable)
    found = leaves(items, is_leaf)
    same = (x is y for x, y in zip(items, found, strict=False))
    return len(items) == len(found) and builtins.all(same)


def transpose(
    outer_treedef: PyTreeDef,
    inner_treedef: PyTreeDef | None,
    pytree_to_transpose: Any,
) -> Any:
    """Turn a tree of trees inside out: `[{"a": 1}, {"a": 2}]` into `{"a": [1, 2]}`.

    Without `inner_treedef`, the inner structure is that of the first inner tree.

    >>> transpose(structure([0, 0]), structure({"a": 0}), [{"a": 1}, {"a": 2}])
    {'a': [1, 2]}
    """
    if inner_treedef is None:
        inner_treedef = structure(outer_treedef.flatten_up_to(pytree_to_transpose)[0])
    values, treedef = flatten_raw(pytree_to_transpose)
    expected = outer_treedef.compose(inner_treedef)
    if treedef != expected:
        raise TypeError(
            f"transpose: the tree must have structure {expected}, got {treedef}."
        )
    size = inner_treedef.num_leaves
    columns = [values[i::size] for i in range(size)]
    return inner_treedef.unflatten([outer_treedef.unflatten(c) for c in columns])


def broadcast(prefix_tree: Any, full_tree: Any, is_leaf: IsLeaf | None = None) -> Any:
    """Repeat each leaf of a prefix for all leaves of `full_tree` below its place.

    >>> broadcast((1, 2), ({"a": 0, "b": 0}, [0, 0]))
    ({'a': 1, 'b': 1}, [2, 2])
    """
    repeated = broadcast_prefix(prefix_tree, full_tree, is_leaf)
    return structure(full_tree).unflatten(repeated)


def broadcast_prefix(
    prefix: Any,
    full: Any,
    is_leaf: IsLeaf | None = None,
    where: str = "tree prefix",
    full_name: str = "the tree",
    prefix_name: str = "the prefix",
) -> list[Any]:
    """The leaves of `prefix`, each repeated for every leaf of `full` below its place.

    Of `full`, None is a container without leaves, whatever `is_leaf` says.

    >>> broadcast_prefix((0, None), ({"a": 1, "b": 2}, 3), lambda x: x is None)
    [0, 0, None]
    """
    short, treedef = flatten_raw(prefix, is_leaf)
    names = full_name, prefix_name
    parts = flatten_up_to(treedef, full, where, *names, expected=prefix)
    return [
        leaf
        for leaf, part in zip(short, parts, strict=True)
        for _ in range(flatten_raw(part)[1].num_leaves)
    ]


def build_tree(treedef: PyTreeDef, xs: Any) -> Any:
    """The tree of the given structure whose leaves are nested in iterables like it.

    >>> build_tree(structure({"a": (0, 0)}), [["x", "y"]])
    {'a': ('x', 'y')}
    """
    return treedef.from_iterable_tree(xs)


# --- structures --------------------------------------------------------------------


def treedef_tuple(treedefs: Iterable[PyTreeDef]) -> PyTreeDef:
    """The structure of a tuple of trees of the given structures.

    >>> treedef_tuple([structure(1), structure([1])])
    PyTreeDef((*, [*]))
    """
    return pytree.treedef_tuple(registry, list(treedefs))


def treedef_children(treedef: PyTreeDef) -> list[PyTreeDef]:
    """The structures of what the outermost container holds.

    >>> treedef_children(structure((1, [2])))
    [PyTreeDef(*), PyTreeDef([*])]
    """
    return treedef.children()


def treedef_is_leaf(treedef: PyTreeDef) -> bool:
    """Whether the structure is a single leaf, or an empty container.

    >>> treedef_is_leaf(structure(1)), treedef_is_leaf(structure([1]))
    (True, False)
    """
    return treedef.num_nodes == 1


def is_tree_node(typ: type) -> bool:
    """Whether values of a class are containers.

    >>> is_tree_node(dict), is_tree_node(set)
    (True, False)
    """
    return registry.is_node(typ)


def flatten_one_level(tree: Any) -> tuple[Iterable[Any], Any]:
    """What a container holds, and its metadata (the keys of a dict).

    >>> flatten_one_level({"b": [1], "a": 2})
    ((2, [1]), ('a', 'b'))
    """
    return _one_level(tree, registry.flatten_one_level(tree))


def flatten_one_level_with_keys(tree: Any) -> tuple[Iterable[Any], Any]:
    """What a container holds, as pairs of key and value, and its metadata.

    >>> flatten_one_level_with_keys([5])
    (((SequenceKey(idx=0), 5),), None)
    """
    return _one_level(tree, registry.flatten_one_level_with_keys(tree))


def _one_level(tree: Any, level: tuple[Any, Any] | None) -> tuple[Any, Any]:
    if level is None:
        raise ValueError(
            f"flatten_one_level: the value must be a container, got "
            f"{type(tree).__name__}, which is a leaf."
        )
    children, metadata = level
    if isinstance(children, list):
        children = tuple(children)
    return children, tuple(metadata) if isinstance(metadata, list) else metadata


# --- paths -------------------------------------------------------------------------


def flatten_with_path(
    tree: Any,
    is_leaf: Callable[..., bool] | None = None,
    is_leaf_takes_path: bool = False,
) -> tuple[list[tuple[KeyPath, Any]], PyTreeDef]:
    """The leaves of a tree, each with its path, and its structure.

    With `is_leaf_takes_path`, it is asked as `is_leaf(path, value)`.

    >>> flatten_with_path({"a": [5]})[0]
    [((DictKey(key='a'), SequenceKey(idx=0)), 5)]
    """
    if is_leaf is None or is_leaf_takes_path:
        return registry.flatten_with_path(tree, is_leaf)
    return registry.flatten_with_path(tree, lambda _, x: is_leaf(x))


def leaves_with_path(
    tree: Any,
    is_leaf: Callable[..., bool] | None = None,
    is_leaf_takes_path: bool = False,
) -> list[tuple[KeyPath, Any]]:
    """The leaves of a tree, each with its path.

    >>> [keystr(path) for path, _ in leaves_with_path({"a": [5, 6]})]
    ["['a'][0]", "['a'][1]"]
    """
    return flatten_with_path(tree, is_leaf, is_leaf_takes_path)[0]


generate_key_paths = leaves_with_path


def map_with_path(
    f: Callable[..., Any],
    tree: Any,
    *rest: Any,
    is_leaf: Callable[..., bool] | None = None,
    is_leaf_takes_path: bool = False,
) -> Any:
    """Apply `f(path, leaf, *others)` to every leaf, as `map` does.

    >>> map_with_path(lambda path, x: f"x{keystr(path)} = {x}", {"a": [5]})
    {'a': ["x['a'][0] = 5"]}
    """
    pairs, treedef = flatten_with_path(tree, is_leaf, is_leaf_takes_path)
    columns = [_matching(treedef, tree, i, other) for i, other in enumerate(rest)]
    return treedef.unflatten(
        [f(*pair, *xs) for pair, *xs in zip(pairs, *columns, strict=True)]
    )


def keystr(keys: KeyPath, *, simple: bool = False, separator: str = "") -> str:
    """A path as text: as one would write it in Python, or `simple` and separated.

    >>> path = (GetAttrKey("layer"), SequenceKey(2), DictKey("w"))
    >>> keystr(path), keystr(path, simple=True, separator="/")
    (".layer[2]['w']", 'layer/2/w')
    """
    return separator.join(_simple_key(k) if simple else str(k) for k in keys)


def _simple_key(key: Any) -> str:
    if isinstance(key, (DictKey, FlattenedIndexKey)):
        return str(key.key)
    if isinstance(key, SequenceKey):
        return str(key.idx)
    return str(key.name) if isinstance(key, GetAttrKey) else str(key)


# --- trees that should agree -------------------------------------------------------


def flatten_up_to(
    treedef: PyTreeDef,
    tree: Any,
    where: str = "flatten_up_to",
    tree_name: str = "the tree",
    expected_name: str = "the structure",
    expected: Any = _unspecified,
) -> list[Any]:
    """The subtrees of `tree` at the places of the leaves of `treedef`.

    A mismatch is an error that names the first place where they part. `expected`, the
    tree that `treedef` comes from, makes the names of places readable in custom nodes.

    >>> flatten_up_to(structure((0, 0)), ({"a": 1}, 2))
    [{'a': 1}, 2]
    >>> flatten_up_to(structure({"a": (0, 0)}), {"a": [1, 2]}, "f", "x", "y")
    Traceback (most recent call last):
    ValueError: f: x['a'] must be a tuple of 2 like y['a'], got a list of 2.
    """
    try:
        return treedef.flatten_up_to(tree)
    except (ValueError, TypeError) as error:
        model = treedef if expected is _unspecified else expected
        found = describe_mismatch(expected_name, model, tree_name, tree, prefix=treedef)
        raise ValueError(f"{where}: {found or error}") from None
