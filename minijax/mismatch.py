"""Where two trees that should agree in structure part, in words.

    init (0, {"n": 0}), out (0, {"m": 0})
    out[1] must be a dict with keys ['n'] like init[1], got a dict with keys ['m'].

The message is used wherever a user's tree must fit another: axes of `vmap`, carries of
loops, results of custom rules, several trees of one `map`.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable
from typing import Any

from .containers import (
    DictKey,
    FlattenedIndexKey,
    GetAttrKey,
    KeyPath,
    PyTreeDef,
    SequenceKey,
    registry,
)


def describe_mismatch(
    expected_name: str,
    expected: Any,
    got_name: str,
    got: Any,
    prefix: PyTreeDef | bool = False,
) -> str:
    """The first place where two trees differ in structure, or "" if they agree.

    Both may be trees or treedefs. With `prefix`, whatever stands in the place of a leaf
    of `expected` is right; a treedef there says which values of `expected` are leaves.

    >>> describe_mismatch("init", (0, {"n": 0}), "out", (0, {"m": 0}))
    "out[1] must be a dict with keys ['n'] like init[1], got a dict with keys ['m']."
    """
    shape = prefix if isinstance(prefix, PyTreeDef) else None
    differing = _first_difference(
        _view(expected), _view(got), shape, prefix is not False, ()
    )
    if differing is None:
        return ""
    path, wanted, actual = differing
    place = "".join(str(key) for key in path)
    return (
        f"{got_name}{place} must be {_noun(wanted)} like {expected_name}{place}, "
        f"got {_noun(actual)}."
    )


@dataclasses.dataclass
class _Node:
    """One container, or a leaf (`kind` is None), of a tree or a treedef."""

    kind: type | None
    metadata: Any
    children: list[tuple[Any, Any]]  # pairs of key and tree or treedef
    value: Any


def _view(tree: Any) -> _Node:
    """The outermost level of a tree or of a treedef."""
    if isinstance(tree, PyTreeDef):
        return _view_of_treedef(tree)
    level = registry.flatten_one_level_with_keys(tree)
    if level is None:
        return _Node(None, None, [], tree)
    pairs, metadata = level
    return _Node(type(tree), _metadata(type(tree), metadata), list(pairs), tree)


def _metadata(kind: type, metadata: Any) -> Any:
    """Metadata in one form: trees and treedefs give lists or tuples of keys."""
    if _is_namedtuple(kind):
        return None
    return tuple(metadata) if isinstance(metadata, list) else metadata


def _is_namedtuple(kind: type) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def _view_of_treedef(treedef: PyTreeDef) -> _Node:
    data = treedef.node_data()
    if data is None:
        return _Node(None, None, [], treedef)
    kind, metadata = data[0], _metadata(*data)
    children = treedef.children()
    keys: Iterable[Any] = [FlattenedIndexKey(i) for i in range(len(children))]
    if kind in (list, tuple):
        keys = [SequenceKey(i) for i in range(len(children))]
    elif kind in (dict, collections.OrderedDict, collections.defaultdict):
        names = metadata[1] if kind is collections.defaultdict else metadata
        keys = [DictKey(name) for name in names]
    elif _is_namedtuple(kind):
        keys = [GetAttrKey(name) for name in kind._fields]
    return _Node(kind, metadata, list(zip(keys, children, strict=True)), treedef)


def _first_difference(
    wanted: _Node, got: _Node, shape: PyTreeDef | None, prefix: bool, path: KeyPath
) -> tuple[KeyPath, _Node, _Node] | None:
    """The path of the first difference in depth-first order, with both nodes there."""
    if wanted.kind is None or (shape is not None and shape.node_data() is None):
        return None if prefix or got.kind is None else (path, wanted, got)
    alike = wanted.kind is got.kind and len(wanted.children) == len(got.children)
    if not alike or not _equal(wanted.metadata, got.metadata):
        return path, wanted, got
    shapes = [None] * len(wanted.children) if shape is None else shape.children()
    pairs = zip(wanted.children, got.children, shapes, strict=True)
    for (key, child), (_, other), child_shape in pairs:
        place = (*path, key)
        views = _view(child), _view(other)
        found = _first_difference(*views, child_shape, prefix, place)
        if found is not None:
            return found
    return None


def _equal(x: Any, y: Any) -> bool:
    """Equality of metadata; where it is undefined, as for arrays, identity."""
    try:
        return bool(x == y)
    except (TypeError, ValueError):
        return x is y


def _noun(node: _Node) -> str:
    """A node in words: `a tuple of 2`, `a dict with keys ['a']`, `None`, `a float`."""
    if node.kind is None:
        return _leaf_noun(node.value)
    size = len(node.children)
    if node.kind is type(None):
        return "None"
    if node.kind in (dict, collections.OrderedDict, collections.defaultdict):
        keys = [key.key for key, _ in node.children]
        return f"{_article(node.kind.__name__)} with keys {keys}"
    if node.kind in (list, tuple):
        return f"a {node.kind.__name__} of {size}"
    plain = isinstance(node.metadata, (tuple, type(None))) and not node.metadata
    note = "" if plain else f" with static {node.metadata!r}"
    return f"{_article(node.kind.__name__)} of {size}{note}"


def _leaf_noun(leaf: Any) -> str:
    if isinstance(leaf, PyTreeDef):
        return "a leaf"
    aval = getattr(leaf, "aval", None)
    return str(aval) if aval is not None else _article(type(leaf).__name__)


def _article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiouAEIO" else f"a {noun}"
