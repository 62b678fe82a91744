"""Nested containers: jax.tree and jax.tree_util, compared with jax line by line."""

import collections

import pytest

pytest.importorskip("jax")

from .program import bundle, define

pytestmark = pytest.mark.oracle

SETUP = """
import collections, dataclasses, functools
tree, tu = jax.tree, jax.tree_util
Point = collections.namedtuple("Point", "x y")

@tu.register_pytree_node_class
class Node:
    def __init__(self, *children): self.children = children
    def tree_flatten(self): return self.children, "aux"
    @classmethod
    def tree_unflatten(cls, aux, children): return cls(*children)

class Pair:
    def __init__(self, a, b): self.a, self.b = a, b
tu.register_pytree_with_keys(
    Pair,
    lambda p: (((tu.GetAttrKey("a"), p.a), (tu.GetAttrKey("b"), p.b)), None),
    lambda aux, children: Pair(*children),
)

@functools.partial(tu.register_dataclass, data_fields=["w"], meta_fields=["name"])
@dataclasses.dataclass
class Layer:
    w: object
    name: str

@tu.register_static
class Fixed:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return self.n == other.n
    def __hash__(self): return hash(self.n)

t = {"b": [1, 2, (3, None)], "a": Point(4, 5), "c": Node(6, {"z": 7})}
u = collections.OrderedDict([("q", 1), ("p", [2, 3])])
v = collections.defaultdict(list, {"k": [1], "j": [2]})
pair, layer = Pair(1, [2, 3]), Layer(5, "first")
none = lambda x: x is None
"""

LINES = [
    "tree.leaves(t), tree.leaves(u), tree.leaves(v)",
    "tree.leaves(None), tree.leaves(3), tree.leaves([]), tree.leaves({})",
    "tree.leaves(t, is_leaf=none)",
    "tree.leaves(t, is_leaf=lambda x: isinstance(x, list))",
    "tree.leaves(pair), tree.leaves(layer), tree.leaves(Fixed(3))",
    "tree.flatten(t)[0], str(tree.structure((1, [2, {'a': 3}])))",
    "str(tree.structure(None)), str(tree.structure([None, 1])), str(tree.structure(3))",
    "str(tree.structure(Point(1, 2))), str(tree.structure({'b': 1, 'a': (2,)}))",
    "str(tree.structure([None, 1], is_leaf=none))",
    "tree.structure(t) == tree.structure(t), tree.structure(t) != tree.structure(u)",
    "hash(tree.structure(t)) == hash(tree.structure(dict(t)))",
    "tree.structure(t).num_leaves, tree.structure(t).num_nodes",
    "[str(s) for s in tree.structure((1, [2, 3])).children()]",
    "tree.structure((1, [2])).node_data(), tree.structure(3).node_data()",
    "tree.unflatten(tree.structure((1, [2, {'a': 3}])), [7, 8, 9])",
    "tree.structure((1, [2])).unflatten([5, 6])",
    "tree.structure((1, [2, 3])).flatten_up_to((4, [(5, 6), {'k': 7}]))",
    "tree.structure((1, 2)).compose(tree.structure([0])).num_leaves",
    "str(tree.structure((1, 2)).compose(tree.structure([0])))",
    "tree.map(lambda x: x + 1, (1, [2, {'a': 3}]))",
    "tree.map(lambda x, y: (x, y), (1, [2]), (3, [{'k': 4}]))",
    "tree.map(lambda x: x, (1, None, [2, None]))",
    "tree.map(lambda x: 0 if x is None else x, (1, None), is_leaf=none)",
    "tree.map(lambda *xs: sum(xs), u, u, u)",
    "type(tree.map(lambda x: x, v)).__name__, tree.map(lambda x: -x, v)",
    "tree.map(lambda x: x * 2, Point(1, [2]))",
    "tree.map(lambda x: x, layer).name, tree.map(lambda x: -x, layer).w",
    "tree.map(lambda x: -x, Node(1, (2,))).children",
    "tree.map(lambda x: -x, Fixed(3)).n",
    "tree.reduce(lambda a, b: a + b, (1, [2, 3]))",
    "tree.reduce(lambda a, b: a + [b], (1, [2, 3]), [])",
    "tree.reduce(lambda a, b: a + b, (1, None), 5)",
    "tree.reduce(lambda a, b: a + [b], [[1], [2, None]], [], is_leaf=none)",
    "tree.reduce_associative(lambda a, b: a + b, [1, 2, 3])",
    "tree.reduce_associative(lambda a, b: a + b, [], identity=0)",
    "tree.all((1, [2, True])), tree.all((1, 0)), tree.all([]), tree.all([None])",
    "tree.transpose(tree.structure((0, 0)), tree.structure([0, 0]), ([1, 2], [3, 4]))",
    "tree.transpose(tree.structure([0, 0]), None, [(1, 2), (3, 4)])",
    "tree.broadcast((1, 2), ([3, 4], {'a': 5}))",
    "tree.broadcast(7, (1, [2]))",
    "tree.broadcast((1, None), (2, 3), is_leaf=none)",
    "[(tu.keystr(k), x) for k, x in tree.leaves_with_path(t)]",
    "[(tu.keystr(k), x) for k, x in tree.leaves_with_path(pair)]",
    "[(tu.keystr(k), x) for k, x in tree.leaves_with_path(layer)]",
    "[(tu.keystr(k), x) for k, x in tree.leaves_with_path((1, None), is_leaf=none)]",
    "[str(k) for k, _ in tree.flatten_with_path({'a': (1, [2])})[0]]",
    "tree.map_with_path(lambda k, x: (tu.keystr(k), x), {'a': [1, (2,)]})",
    "tree.map_with_path(lambda k, x, y: (len(k), x + y), [1, (2,)], [3, (4,)])",
    "tu.tree_leaves(t), tu.tree_flatten((1, [2]))[0], str(tu.tree_structure((1, [2])))",
    "tu.tree_map(lambda x: -x, (1, [2]))",
    "tu.tree_unflatten(tu.tree_structure((1,)), [4])",
    "tu.tree_reduce(lambda a, b: a * b, [2, 3]), tu.tree_all([1, 1])",
    "tu.tree_transpose(tu.tree_structure((0, 0)), tu.tree_structure([0]), ([1], [3]))",
    "[tu.keystr(k) for k, _ in tu.tree_leaves_with_path({'a': [1, (2,)]})]",
    "tu.tree_flatten_with_path([1])[0], tu.tree_map_with_path(lambda k, x: x, [1])",
    "tu.keystr((tu.DictKey('a'), tu.SequenceKey(3), tu.GetAttrKey('x')))",
    "tu.keystr((tu.FlattenedIndexKey(2),)), str(tu.DictKey('k'))",
    "tu.keystr((tu.DictKey('a'), tu.SequenceKey(3)), simple=True, separator='/')",
    "repr(tu.DictKey('a')), repr(tu.SequenceKey(1)), repr(tu.GetAttrKey('x'))",
    "tu.DictKey('a') == tu.DictKey('a'), hash(tu.SequenceKey(1)) != None",
    "tu.DictKey('a').key, tu.SequenceKey(4).idx, tu.GetAttrKey('n').name",
    "tu.all_leaves([1, 2]), tu.all_leaves([1, [2]]), tu.all_leaves([None, 2])",
    "tu.all_leaves([None, 1], is_leaf=none)",
    "[tu.treedef_is_leaf(tu.tree_structure(x)) for x in (1, [1], None)]",
    "[tu.is_tree_node(x) for x in (list, int, Node, Layer)]",
    "tu.flatten_one_level((1, [2]))[0], tu.flatten_one_level({'b': 1, 'a': 2})[0]",
    "[str(k) for k, _ in tu.flatten_one_level_with_keys({'b': 1, 'a': 2})[0]]",
    "dict(tree.static().metadata), tree.static(default=3).default",
    "[str(x) for x in tu.treedef_children(tu.tree_structure((1, [2])))]",
    "str(tu.treedef_tuple([tu.tree_structure(1), tu.tree_structure([2])]))",
    "tu.Partial(lambda x, y, k: x + y + k, 1, k=2)(3)",
    "tu.tree_leaves(tu.Partial(sum, [1, 2], start=3))",
    "tu.tree_map(lambda x: -x, tu.Partial(max, 4, 5)).args",
    "jax.jit(lambda f, x: f(x))(tu.Partial(lambda a, b: a * b, 3), 4)",
    "isinstance(tu.Partial(sum), functools.partial), tu.Partial(sum, [1]).func is sum",
    "tu.tree_broadcast((1, 2), ([3, 4], 5)), tree.broadcast(1, [2, 3])",
    "tu.tree_reduce_associative(lambda a, b: a + b, [1, 2, 3, 4])",
    "[list(c) for c, _ in [tu.default_registry.flatten_one_level((1, [2]))]]",
    "isinstance(tree.structure(t), tu.PyTreeDef)",
    "tree.leaves({2: 'b', 1: 'a'}), tree.leaves({'x': {}, 'y': ()})",
    "tree.map(lambda x: x, {'b': 1, 'a': 2})",
    "list(tree.map(lambda x: x, collections.OrderedDict(b=1, a=2)))",
    "tree.leaves([jnp.arange(2), np.arange(3)])[1].tolist(), tree.leaves('text')",
    "tree.map(jnp.shape, {'w': jnp.ones((2, 3)), 'b': 1.0})",
]

REFUSED = [
    "tree.map(lambda x, y: x, (1, 2), (1,))",
    "tree.map(lambda x, y: x, (1, 2), [1, 2])",
    "tree.map(lambda x, y: x, {'a': 1}, {'b': 1})",
    "tree.map(lambda x, y: x, [1], 1)",
    "tree.map(lambda x, y: x, None, 1)",
    "tree.map(lambda x, y: x, Point(1, 2), (1, 2))",
    "tree.map(lambda x, y: x, Node(1), Node(1, 2))",
    "tree.map(lambda x: x)",
    "tree.map(3, (1, 2))",
    "tree.leaves({1: 'a', 'b': 2})",
    "tree.unflatten(tree.structure((1, 2)), [1])",
    "tree.unflatten(tree.structure((1, 2)), [1, 2, 3])",
    "tree.unflatten(3, [1])",
    "tree.reduce(lambda a, b: a + b, [])",
    "tree.transpose(tree.structure((0, 0)), tree.structure([0]), ([1, 2], [3, 4]))",
    "tree.broadcast((1, 2), (3,))",
    "tree.broadcast([1], (1,))",
    "tree.structure((1, 2)).flatten_up_to((1,))",
    "tu.register_pytree_node(Node, lambda n: (n.children, None), None)",
    "tu.register_pytree_node(dict, lambda n: ((), None), lambda a, c: {})",
    "tu.register_dataclass(Layer, data_fields=['nothing'], meta_fields=[])",
    "tu.register_static(dict)",
    "tu.Partial(3)",
    "tree.reduce_associative(lambda a, b: a + b, [])",
    "tu.treedef_tuple([1])",
    "tu.treedef_children(3)",
    "tu.keystr(3)",
]


def result(package, line):
    """The value of a line, or the nearest built-in class of its error."""
    try:
        value = define(f"{SETUP}\nresult = {line}", bundle(package), line)["result"]
    except Exception as error:  # noqa: BLE001, the class of any error is the answer
        return next(c for c in type(error).__mro__ if c.__module__ == "builtins")
    return plain(value)


def plain(value):
    """A value that compares by ==: arrays as lists, classes by name."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value).__name__, *map(plain, value)
    if isinstance(value, dict):
        kind = type(value).__name__
        return kind, [(plain(k), plain(x)) for k, x in value.items()]
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    if isinstance(value, collections.abc.Hashable) and not isinstance(
        value, bool | int | float | str | type(None)
    ):
        return repr(value)
    return value


@pytest.mark.parametrize("line", LINES)
def test_trees_are_as_in_jax(line):
    expected = result("jax", line)

    assert not isinstance(expected, type), f"jax refuses: {expected}"
    assert result("minijax", line) == expected


@pytest.mark.parametrize("line", REFUSED)
def test_refusals_are_as_in_jax(line):
    expected = result("jax", line)

    assert isinstance(expected, type), f"jax accepts: {expected}"
    assert result("minijax", line) is expected
