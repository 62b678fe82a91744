"""Trees: containers, leaves, structures, paths, and messages about mismatches."""

import collections
import copy
import dataclasses
import functools
import pickle

import pytest

from minijax import containers, tree, tree_util

Point = collections.namedtuple("Point", "x y")


class Box:
    """A container with one child, an unnamed place, and a static label."""

    def __init__(self, content, label="box"):
        self.content, self.label = content, label

    def __eq__(self, other):
        return (self.content, self.label) == (other.content, other.label)


@dataclasses.dataclass
class Layer:
    """A dataclass with two children and one static field."""

    weight: object
    bias: object
    name: str = tree.static(default="dense")


def _split(box):
    return (box.content,), box.label


def _build(label, children):
    return Box(*children, label)


tree_util.register_pytree_node(Box, _split, _build)
tree_util.register_dataclass(Layer)

SAMPLES = [
    5,
    None,
    (),
    [],
    {},
    (1, [2, {"b": 3, "a": (4, None)}]),
    Point(1, (2, 3)),
    collections.OrderedDict([("b", 1), ("a", [2])]),
    collections.defaultdict(list, {"b": 1, "a": [2]}),
    Box([1, 2], "label"),
    Layer(1, {"k": 2}, "first"),
    {"deep": [Box(Layer(Point(1, 2), None)), collections.OrderedDict(z=3)]},
]
sampled = pytest.mark.parametrize("sample", SAMPLES, ids=range(len(SAMPLES)))


def is_none(x):
    return x is None


# --- taking apart and rebuilding ---------------------------------------------------


@sampled
def test_unflatten_undoes_flatten(sample):
    leaves, treedef = tree.flatten(sample)

    assert treedef.unflatten(leaves) == sample
    assert tree.unflatten(treedef, iter(leaves)) == sample
    assert tree.leaves(sample) == leaves
    assert tree.structure(sample) == treedef
    assert hash(tree.structure(sample)) == hash(treedef)
    assert treedef.num_leaves == len(leaves)


@sampled
def test_treedefs_are_pickled_and_copied(sample):
    treedef = tree.structure(sample)

    assert pickle.loads(pickle.dumps(treedef)) == treedef
    assert copy.deepcopy(treedef) == treedef


def test_the_functions_of_the_hot_path_are_not_wrapped():
    assert tree.flatten_raw.__self__ is containers.registry
    assert type(tree.flatten_raw).__name__ != "function"


def test_keys_of_dicts_are_sorted_and_those_of_ordered_dicts_are_not():
    assert tree.leaves({"b": 1, "a": 2}) == [2, 1]
    assert tree.leaves(collections.defaultdict(int, b=1, a=2)) == [2, 1]
    assert tree.leaves(collections.OrderedDict(b=1, a=2)) == [1, 2]
    assert tree.structure({"b": 1, "a": 2}) == tree.structure({"a": 1, "b": 2})


def test_is_leaf_stops_the_descent():
    assert tree.leaves([1, None, (2, 3)], is_leaf=is_none) == [1, None, 2, 3]
    assert tree.leaves([(1, 2)], is_leaf=lambda x: isinstance(x, tuple)) == [(1, 2)]


def test_map_takes_subtrees_of_the_other_trees():
    first, second = {"a": 1, "b": (2, 3)}, {"a": [10], "b": ("x", {"k": None})}

    assert tree.map(lambda *xs: xs, first) == {"a": (1,), "b": ((2,), (3,))}
    assert tree.map(lambda x, y: (x, y), first, second) == {
        "a": (1, [10]),
        "b": ((2, "x"), (3, {"k": None})),
    }
    assert tree.map(str, (1, None), is_leaf=is_none) == ("1", "None")


def test_reduce_goes_from_left_to_right():
    pair = "({}{})".format

    assert tree.reduce(pair, {"b": ["c", "d"], "a": "e"}) == "((ec)d)"
    assert tree.reduce(pair, ["a"], "z") == "(za)"
    assert tree.reduce(pair, [], None) is None
    assert tree.reduce(pair, [None], "z", is_leaf=is_none) == "(zNone)"
    with pytest.raises(TypeError, match="no initial value"):
        tree.reduce(pair, [])


@pytest.mark.parametrize("size", range(1, 9))
def test_associative_reduction_keeps_the_order_and_is_shallow(size):
    letters = "abcdefgh"[:size]
    result = tree.reduce_associative("({}{})".format, list(letters))
    depth = max(
        result[:i].count("(") - result[:i].count(")") for i in range(len(result))
    )

    assert result.translate({40: None, 41: None}) == letters
    assert depth == (size - 1).bit_length()


def test_associative_reduction_of_nothing_needs_an_identity():
    assert tree.reduce_associative(max, [], identity=0) == 0
    with pytest.raises(TypeError, match="an empty tree needs an identity"):
        tree.reduce_associative(max, {})


def test_all_and_all_leaves():
    assert tree.all({"a": 1, "b": (True, None)})
    assert not tree.all([1, None], is_leaf=is_none)
    assert tree.all_leaves([1, "x"])
    assert not tree.all_leaves([1, (2,)])
    assert tree.all_leaves([1, None], is_leaf=is_none)
    assert not tree.all_leaves([1, (None, 2)], is_leaf=is_none)


def test_transpose_turns_inside_out():
    outer, inner = tree.structure([0, 0]), tree.structure({"a": 0, "b": (0, 0)})
    mixed = [{"a": 1, "b": (2, 3)}, {"a": 4, "b": (5, 6)}]
    turned = {"a": [1, 4], "b": ([2, 5], [3, 6])}

    assert tree.transpose(outer, inner, mixed) == turned
    assert tree.transpose(outer, None, mixed) == turned
    assert tree.transpose(inner, outer, turned) == mixed
    with pytest.raises(TypeError, match="transpose: the tree must have structure"):
        tree.transpose(outer, tree.structure({"a": 0}), mixed)


def test_structures_of_parts():
    leaf, pair = tree.structure(1), tree.structure((1, [2]))

    assert tree.treedef_children(pair) == [leaf, tree.structure([0])]
    assert tree.treedef_tuple([leaf, tree.structure([0])]) == pair
    assert tree.treedef_is_leaf(leaf)
    assert not tree.treedef_is_leaf(pair)
    assert tree.build_tree(pair, [1, iter([2])]) == (1, [2])


def test_one_level():
    assert tree.flatten_one_level({"b": [1], "a": 2}) == ((2, [1]), ("a", "b"))
    children, label = tree.flatten_one_level(Box([1], "x"))
    assert (tuple(children), label) == (([1],), "x")
    with pytest.raises(ValueError, match="must be a container, got int"):
        tree.flatten_one_level(3)


# --- paths -------------------------------------------------------------------------


def test_paths_are_what_one_would_write():
    value = {"a": [5, Point(6, 7)], "l": Layer(8, 9), "o": collections.OrderedDict(k=1)}
    value["box"] = Box(2)
    paths = {tree.keystr(path): leaf for path, leaf in tree.leaves_with_path(value)}

    assert paths == {
        "['a'][0]": 5,
        "['a'][1].x": 6,
        "['a'][1].y": 7,
        "['box'][<flat index 0>]": 2,
        "['l'].weight": 8,
        "['l'].bias": 9,
        "['o']['k']": 1,
    }


def test_simple_paths_are_joined_by_a_separator():
    ((path, _),) = tree.leaves_with_path({"a": [Layer(0, None)]})

    assert tree.keystr(path, simple=True, separator="/") == "a/0/weight"
    assert tree.keystr(path, separator="|") == "['a']|[0]|.weight"


def test_is_leaf_may_ask_for_the_path():
    def at_depth_one(path, _):
        return len(path) == 1

    found = tree.leaves_with_path({"a": (1, 2)}, at_depth_one, is_leaf_takes_path=True)

    assert found == [((tree.DictKey("a"),), (1, 2))]
    assert tree.flatten_with_path([None], is_leaf=is_none)[0] == [
        ((tree.SequenceKey(0),), None)
    ]


def test_map_with_path():
    found = tree.map_with_path(
        lambda path, x, y: (tree.keystr(path), x, y), {"a": [1]}, {"a": [(2, 3)]}
    )

    assert found == {"a": [("['a'][0]", 1, (2, 3))]}


# --- trees that should agree -------------------------------------------------------


def test_a_prefix_is_repeated_over_what_it_covers():
    full = ({"a": 1, "b": 2}, [3, None], 4)

    assert tree.broadcast_prefix(0, full) == [0, 0, 0, 0]
    assert tree.broadcast_prefix((0, 1, 2), full) == [0, 0, 1, 2]
    assert tree.broadcast_prefix((None, 1, 2), full, is_none) == [None, None, 1, 2]
    assert tree.broadcast((0, 1, 2), full) == ({"a": 0, "b": 0}, [1, None], 2)


@pytest.mark.parametrize(
    ("expected", "got", "message"),
    [
        ((0, 0), (0,), "y must be a tuple of 2 like x, got a tuple of 1."),
        ((0, [0]), (0, (0,)), "y[1] must be a list of 1 like x[1], got a tuple of 1."),
        (
            {"a": {"b": 0}},
            {"a": {"c": 0}},
            (
                "y['a'] must be a dict with keys ['b'] like x['a'], "
                "got a dict with keys ['c']."
            ),
        ),
        ((0, None), (0, 1), "y[1] must be None like x[1], got an int."),
        ((0, [0]), (0, 1.5), "y[1] must be a list of 1 like x[1], got a float."),
        (
            [Point(0, 0)],
            [(0, 0)],
            "y[0] must be a Point of 2 like x[0], got a tuple of 2.",
        ),
        (
            Layer(0, (0, 0)),
            Layer(0, (0,)),
            "y.bias must be a tuple of 2 like x.bias, got a tuple of 1.",
        ),
        (
            Layer(0, 0, "first"),
            Layer(0, 0, "second"),
            (
                "y must be a Layer of 2 with static ('first',) like x, "
                "got a Layer of 2 with static ('second',)."
            ),
        ),
    ],
)
@pytest.mark.parametrize("prefix", [False, True])
def test_the_first_mismatch_is_described(expected, got, message, prefix):
    assert tree.describe_mismatch("x", expected, "y", got, prefix) == message
    with pytest.raises(ValueError) as caught:
        tree.flatten_up_to(
            tree.structure(expected), got, "f", "y", "x", expected=expected
        )
    assert str(caught.value) == f"f: {message}"


def test_a_treedef_serves_in_place_of_a_tree():
    expected, got = {"a": (0, 0), "p": Point(0, 0)}, {"a": (0, 0), "p": Point(0, [0])}
    message = "y['p'].y must be a leaf like x['p'].y, got a list of 1."
    definition = tree.structure(expected)

    assert tree.describe_mismatch("x", definition, "y", got) == message
    assert tree.describe_mismatch("x", definition, "y", tree.structure(got)) == message
    assert tree.describe_mismatch("x", definition, "y", expected) == ""
    assert tree.describe_mismatch("x", definition, "y", got, prefix=True) == ""


@sampled
def test_a_tree_agrees_with_itself_and_its_structure(sample):
    definition = tree.structure(sample)

    assert tree.describe_mismatch("x", sample, "y", sample) == ""
    assert tree.describe_mismatch("x", definition, "y", sample) == ""
    assert tree.describe_mismatch("x", sample, "y", definition) == ""


def test_leaves_show_their_type():
    class Array:
        aval = "f32[3]"

    found = tree.describe_mismatch("in_axes", (0, (0, 0)), "args", (1, Array()), True)

    assert found == "args[1] must be a tuple of 2 like in_axes[1], got f32[3]."


def test_none_is_a_leaf_of_a_prefix_where_is_leaf_says_so():
    with pytest.raises(ValueError) as caught:
        tree.broadcast_prefix(
            (None, (0, 0)),
            ([1], [2, 3]),
            is_none,
            *("vmap", "args", "in_axes"),
        )

    assert str(caught.value) == (
        "vmap: args[1] must be a tuple of 2 like in_axes[1], got a list of 2."
    )


def test_map_names_the_tree_that_does_not_fit():
    with pytest.raises(ValueError) as caught:
        tree.map(max, {"b": [1, 2]}, {"b": [1, 2]}, {"b": [1, 2, 3]})

    assert str(caught.value) == (
        "tree map: tree 3['b'] must be a list of 2 like tree 1['b'], got a list of 3."
    )


def test_metadata_that_does_not_compare_is_compared_by_identity():
    class Mask:
        def __eq__(self, other):
            raise ValueError("ambiguous")

        __hash__ = None

    mask = Mask()

    assert tree.describe_mismatch("x", Box(0, mask), "y", Box(0, mask)) == ""
    assert "with static" in tree.describe_mismatch(
        "x", Box(0, mask), "y", Box(0, Mask())
    )


# --- registering classes -----------------------------------------------------------


def test_a_class_is_registered_once():
    with pytest.raises(
        ValueError, match="Duplicate custom PyTreeDef type registration"
    ):
        tree_util.register_pytree_node(Box, _split, _build)
    assert tree.is_tree_node(Box)
    assert not tree.is_tree_node(set)


def test_methods_of_a_class_may_flatten():
    @tree_util.register_pytree_node_class
    class Pair:
        def __init__(self, *parts):
            self.parts = parts

        def tree_flatten(self):
            return self.parts, len(self.parts)

        @classmethod
        def tree_unflatten(cls, size, parts):
            assert size == len(parts)
            return cls(*parts)

    assert tree.map(str, Pair(1, 2)).parts == ("1", "2")


def test_methods_of_a_class_may_give_keys():
    @tree_util.register_pytree_with_keys_class
    class Named:
        def __init__(self, value):
            self.value = value

        def tree_flatten_with_keys(self):
            return ((tree.GetAttrKey("value"), self.value),), None

        @classmethod
        def tree_unflatten(cls, _, children):
            return cls(*children)

    ((path, leaf),) = tree.leaves_with_path(Named(3))

    assert (tree.keystr(path), leaf) == (".value", 3)
    assert tree.leaves(Named((1, 2))) == [1, 2]
    assert tree.map(str, Named(3)).value == "3"


def test_static_values_are_part_of_the_structure():
    @tree_util.register_static
    @dataclasses.dataclass(frozen=True)
    class Mode:
        name: str

    assert tree.leaves([Mode("a"), 1]) == [1]
    assert tree.structure(Mode("a")) == tree.structure(Mode("a"))
    assert tree.structure(Mode("a")) != tree.structure(Mode("b"))
    assert tree.map(str, Mode("a")) == Mode("a")


def dataclass_of(**options):
    @dataclasses.dataclass
    class Plain:
        x: object
        y: object = 7
        z: object = dataclasses.field(init=False, default=3)

    return functools.partial(tree_util.register_dataclass, Plain, **options)


def test_fields_of_a_dataclass_may_be_dropped():
    cls = dataclass_of(data_fields=["x"], meta_fields=[], drop_fields=["y"])()

    assert tree.map(str, cls(1, 2)) == cls("1", 7)


@pytest.mark.parametrize(
    ("register", "error", "message"),
    [
        (
            dataclass_of(data_fields=["x"], meta_fields=[]),
            ValueError,
            (
                "register_dataclass: data_fields and meta_fields of Plain must name "
                "all fields that __init__ takes, got none of ['y']. Name them, or list "
                "them in drop_fields."
            ),
        ),
        (
            dataclass_of(data_fields=["x", "q"], meta_fields=["y"]),
            ValueError,
            (
                "register_dataclass: data_fields and meta_fields of Plain must be "
                "fields that __init__ takes, got ['q']."
            ),
        ),
        (
            dataclass_of(data_fields=["x"]),
            TypeError,
            (
                "register_dataclass: data_fields and meta_fields must be given "
                "together, got ['x'] and None."
            ),
        ),
        (
            functools.partial(tree_util.register_dataclass, int),
            TypeError,
            (
                "register_dataclass: <class 'int'> must be a dataclass. Otherwise name "
                "data_fields and meta_fields."
            ),
        ),
    ],
)
def test_wrong_fields_of_a_dataclass_are_refused(register, error, message):
    with pytest.raises(error) as caught:
        register()

    assert str(caught.value) == message


def add(*args, **kwargs):
    return sum(args) + sum(kwargs.values())


def test_the_arguments_of_a_partial_are_children():
    partial = tree_util.Partial(add, 1, (2, 3)[0], k=3)

    assert tree.leaves(partial) == [1, 2, 3]
    assert tree.map(lambda x: 10 * x, partial)(5) == 65
    assert tree.structure(partial) == tree.structure(tree_util.Partial(add, 4, 5, k=6))
    assert tree.structure(partial) != tree.structure(tree_util.Partial(max, 1, 2, k=3))
    assert isinstance(partial, functools.partial)


def test_the_arguments_of_an_inner_partial_belong_to_the_function():
    inner = functools.partial(add, 1)
    partial = tree_util.Partial(inner, 2)

    assert tree.leaves(partial) == [2]
    assert partial(3) == 6
    assert tree.structure(partial) == tree.structure(tree_util.Partial(inner, 9))
    assert tree.map(lambda x: 10 * x, partial)(3) == 24


# --- against jax -------------------------------------------------------------------


@pytest.fixture(scope="module")
def jax():
    """The oracle, to which the classes of this file are known too."""
    oracle = pytest.importorskip("jax")
    oracle.tree_util.register_pytree_node(Box, _split, _build)
    oracle.tree_util.register_dataclass(Layer)
    return oracle


@pytest.mark.oracle
def test_the_names_of_jax_are_here(jax):
    for ours, theirs in ((tree, jax.tree), (tree_util, jax.tree_util)):
        public = {name for name in dir(theirs) if not name.startswith("_")}

        assert public - set(dir(ours)) == set()


@pytest.mark.oracle
@sampled
def test_trees_are_taken_apart_as_by_jax(jax, sample):
    ours, theirs = tree.flatten_with_path(sample), jax.tree.flatten_with_path(sample)

    assert ours[0] == theirs[0]
    assert str(ours[1]) == str(theirs[1])
    for path, _ in ours[0]:
        for simple in (False, True):
            options = {"simple": simple, "separator": "."}
            text = jax.tree_util.keystr(path, **options)

            assert tree.keystr(path, **options) == text


@pytest.mark.oracle
@sampled
def test_prefixes_are_repeated_as_by_jax(jax, sample):
    full = (sample, [sample, 1])
    for prefix in (1, (1, 2), (1, [2, 3]), (sample, 1)):
        ours = tree.broadcast(prefix, full)

        assert ours == jax.tree.broadcast(prefix, full)


@pytest.mark.oracle
def test_what_jax_refuses_is_refused_with_the_same_class(jax):
    calls = [
        lambda t: t.map(max, {"a": 1}, {"b": 1}),
        lambda t: t.map(max, (1, None), (1, 2)),
        lambda t: t.broadcast((1, 2), (1, 2, 3)),
        lambda t: t.transpose(t.structure([0, 0]), t.structure([0]), [[1, 2], [3, 4]]),
        lambda t: t.unflatten(t.structure((1, 2)), [1]),
        lambda t: t.flatten({1: 2, "a": 3}),
        lambda t: t.map(1, 2),
    ]
    for call in calls:
        with pytest.raises((ValueError, TypeError)) as theirs:
            call(jax.tree)
        with pytest.raises((ValueError, TypeError)) as ours:
            call(tree)

        assert type(ours.value) is type(theirs.value)


@pytest.mark.oracle
def test_our_registry_is_not_that_of_jax(jax):
    class Mine:
        pass

    tree_util.register_static(Mine)

    assert tree.is_tree_node(Mine)
    assert not jax.tree_util.is_tree_node(Mine)
