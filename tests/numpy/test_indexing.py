"""Reading and updating elements: NumPy's indices, jax's modes and refusals."""

import random
import warnings

import numpy
import pytest

import minijax
import minijax.numpy as jnp
from minijax.runtime import compiled as compiled_calls

from ..laws import (
    Case,
    Ints,
    check_abstract,
    check_batched,
    check_compiled,
    check_derivatives,
)
from .expressions import (
    assert_agrees_with_jax,
    assert_agrees_with_numpy,
    assert_traced_agrees_with_numpy,
    type_text,
)

X = numpy.arange(12.0, dtype="float32").reshape(3, 4)


# Random indices against NumPy


def random_index(draw: random.Random, shape):
    """A valid NumPy index of an array of a shape: scalars, slices, arrays, masks."""
    common = draw.choice([(2,), (3,), (2, 3), (1,)])
    items, k, dots = [], 0, False
    while k < len(shape) and draw.random() < 0.9:
        n = shape[k]
        kind = draw.choice(["int", "slice", "new", "dots", "array", "whole", "mask"])
        if kind == "new":
            items.append(None)
            continue
        if kind == "dots" and not dots:
            dots = True
            items.append(Ellipsis)
            k += draw.randrange(2) * (len(shape) - k)
            continue
        if kind == "int":
            items.append(draw.randrange(-n, n))
        elif kind == "slice":
            ends = [None, *range(-n - 1, n + 2)]
            step = draw.choice([None, 1, 2, -1, -2, 3])
            items.append(slice(draw.choice(ends), draw.choice(ends), step))
        elif kind == "array":
            size = common[draw.randrange(len(common)) :]
            size = [draw.choice([m, 1]) for m in size]
            values = [draw.randrange(-n, n) for _ in range(numpy.prod(size))]
            items.append(numpy.array(values).reshape(size))
        elif kind == "mask" and not any(isinstance(i, numpy.ndarray) for i in items):
            items.append(numpy.array([draw.random() < 0.5 for _ in range(n)]))
        else:
            items.append(slice(None))
        k += 1
    return tuple(items)


def random_case(seed):
    """An array and an index that NumPy accepts for it."""
    draw = random.Random(seed)
    while True:
        shape = tuple(draw.randrange(1, 5) for _ in range(draw.randrange(1, 5)))
        x = numpy.arange(numpy.prod(shape), dtype="float32").reshape(shape) + 1
        index = random_index(draw, shape)
        try:
            return x, index, x[index]
        except IndexError:
            continue


def on_device(index):
    """The same index with its integer arrays and scalars on the device."""

    def moved(item):
        scalar = isinstance(item, int)
        array = isinstance(item, numpy.ndarray) and item.dtype != bool
        return jnp.asarray(item) if scalar or array else item

    return tuple(moved(item) for item in index)


def traced_parts(index):
    """The items that a program may take as arguments, and how to put them back."""
    dynamic = [isinstance(item, minijax.Array) for item in index]
    arrays = [item for item, on in zip(index, dynamic, strict=True) if on]

    def filled(arrays):
        given = iter(arrays)
        pairs = zip(index, dynamic, strict=True)
        return tuple(next(given) if on else item for item, on in pairs)

    return arrays, filled


@pytest.mark.parametrize("seed", range(40))
def test_an_index_reads_what_numpy_reads(seed):
    """x[index] for static and for device indices, eager and under jit."""
    x, index, wanted = random_case(seed)
    arrays, filled = traced_parts(on_device(index))
    program = minijax.jit(lambda x, arrays: x[filled(arrays)])

    numpy.testing.assert_array_equal(jnp.asarray(x)[index], wanted)
    numpy.testing.assert_array_equal(jnp.asarray(x)[on_device(index)], wanted)
    numpy.testing.assert_array_equal(program(x, arrays), wanted)


UPDATES = {
    "set": lambda x, i, y: x.__setitem__(i, y),
    "add": numpy.add.at,
    "subtract": numpy.subtract.at,
    "multiply": numpy.multiply.at,
    "divide": numpy.divide.at,
    "power": numpy.power.at,
    "min": numpy.minimum.at,
    "max": numpy.maximum.at,
}


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", UPDATES)
def test_an_update_writes_what_numpy_writes(seed, name):
    """x.at[index].op(y) equals NumPy's `op.at(x, index, y)`."""
    x, index, part = random_case(1000 + seed)
    y = numpy.random.default_rng(seed).uniform(0.5, 1.5, part.shape).astype("float32")
    if name == "set":
        y = y * 0 + 2  # of repeated positions, NumPy and XLA let different ones win
    wanted = x.copy()
    UPDATES[name](wanted, index, y)
    arrays, filled = traced_parts(on_device(index))
    program = minijax.jit(lambda x, y, arrays: getattr(x.at[filled(arrays)], name)(y))

    numpy.testing.assert_allclose(
        getattr(jnp.asarray(x).at[index], name)(y), wanted, rtol=1e-5
    )
    numpy.testing.assert_allclose(program(x, y, arrays), wanted, rtol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_the_gradient_counts_how_often_an_element_is_read(seed):
    """d sum(x[index]) / dx: one for each time an element occurs."""
    x, index, _ = random_case(2000 + seed)
    count = numpy.zeros_like(x)
    numpy.add.at(count, index, 1)

    got = minijax.grad(lambda x: x[index].sum())(x)
    numpy.testing.assert_array_equal(got, count)


# Positions outside the array


MODES = {
    "x[7]": X[2],
    "x[-7]": X[0],
    "x[jnp.int32(7)]": X[2],
    "x[jnp.int32(-7)]": X[0],
    "x[jnp.array([7, -7])]": X[[2, 0]],
    "x.at[7].get(mode='clip')": X[2],
    "x.at[7].get(mode='fill')": numpy.full(4, numpy.nan),
    "x.at[-7].get(mode='fill', fill_value=5)": numpy.full(4, 5),
    "x.at[-1].get(mode='fill', wrap_negative_indices=False)": numpy.full(4, numpy.nan),
    "x.at[1:].get(mode='fill')": X[1:],
    "x.astype(int).at[7, 0].get(mode='fill')": numpy.iinfo("int32").min,
    "x.astype('uint8').at[7, 0].get(mode='fill')": 255,
    "x.at[7].set(0)": X,
    "x.at[-7].add(1)": X,
    "x.at[7].set(0, mode='clip')": numpy.concatenate([X[:2], 0 * X[2:]]),
    "x.at[jnp.int32(7)].set(0)": X,
    "x.at[jnp.array([0, 7])].multiply(0)": numpy.concatenate([0 * X[:1], X[1:]]),
    "x.at[jnp.array([-1])].set(0, wrap_negative_indices=False)": X,
    "jnp.take(x, 50)": numpy.nan,
    "jnp.take(x, -1)": 11,
    "jnp.take(x, jnp.array([5, -1]), axis=1, mode='clip')": X[:, [3, 0]],
    "jnp.take(x, jnp.array([5, -1]), axis=1, mode='wrap')": X[:, [1, 3]],
    "jnp.take(x, jnp.array([5, -1]), axis=0, fill_value=9)": numpy.stack(
        [numpy.full(4, 9), X[2]]
    ),
    "jnp.take_along_axis(x, jnp.array([[9, -1]]), 1)[0]": [numpy.nan, 3],
    "jnp.take_along_axis(x, jnp.array([[9, -1]]), 1, mode='clip')[0]": [3, 3],
    "x[True].shape + x[False].shape": (1, 3, 4, 0, 3, 4),
    "x.at[jnp.array([1, 1]), 0].apply(lambda y: y + 1)[1, 0]": 6,
}


@pytest.mark.parametrize("text", MODES)
def test_positions_outside_are_clamped_filled_or_dropped_as_told(text):
    """The modes of reading and writing, with their values."""
    got = eval(text, {"jnp": jnp, "x": jnp.asarray(X)})

    numpy.testing.assert_array_equal(got, MODES[text])


# NumPy's functions, by table

BOTH = """
where(b, f, -1)
where(f, i, 0.5)
where(m > 0, m, f)
where(b)
where(m > 0)
where(True, m, 0)
select([f > 1, f < 0], [f, -f], 7)
select([m > 1], [f])
choose(numpy.array([1, 0, 2]), [f, i, 5])
choose(numpy.array([[1], [0]]), [f, m])
take(m, 4)
take(m, numpy.array([[0, 5], [-1, 2]]))
take(m, i[:1] - 1, axis=1)
take(t, numpy.array([1, 0, 1]), axis=-2)
m.take(numpy.array([1]), 0)
take_along_axis(m, argsort(m, axis=1), axis=1)
take_along_axis(m, argsort(m, axis=0), axis=0)
take_along_axis(m, numpy.array([5, 0]), None)
take_along_axis(t, numpy.array([[[1]]]), 1)
take_along_axis(t, numpy.ones((2, 2, 4), int), 1)
compress(b, f)
compress(b, t, axis=1)
compress(numpy.array([True]), m, axis=0)
f.compress(b)
extract(m > 0, m)
piecewise(f, [f < 0, f > 1], [lambda x: -x, 5.0, lambda x: x * x])
piecewise(f, [f < 0], [lambda x: -x])
np.diag_indices(3)
np.diag_indices(2, 3)
np.diag_indices_from(numpy.ones((3, 3)))
np.tril_indices(3, 1, 4)
np.triu_indices(3)
np.tril_indices_from(m)
np.triu_indices_from(m, -1)
np.mask_indices(3, np.triu, 1)
np.ix_(i, k)
m[np.ix_(numpy.array([1, 0]), numpy.array([2, 0]))]
np.unravel_index(numpy.array([0, 5, 3]), (2, 3))
np.unravel_index(5, 6)
np.ravel_multi_index((numpy.array([1, 0]), numpy.array([2, 1])), (2, 3))
np.ravel_multi_index((numpy.array([4, 0]), numpy.array([-2, 1])), (2, 3), mode="wrap")
np.ravel_multi_index((numpy.array([4, 0]), numpy.array([-2, 1])), (2, 3), mode="clip")
np.ravel_multi_index((numpy.array([1]), numpy.array([2])), (2, 3), order="F")
m[b[:2]]
m[m > 0]
m[:, b]
m[[0, 1], 1]
m[..., 1]
t[1, :, [0, 2]]
m[numpy.uint8(1)]
m[i[:1] - 2]
len(m)
list(m)[1]
m[numpy.zeros(0, int)]
e[numpy.zeros(0, int)]
""".strip().splitlines()
OURS = """
jnp.where(b, size=2, fill_value=9)
jnp.compress(b, f, size=3, fill_value=-1)
jnp.extract(b, f, size=2)
jnp.put(f, i[:1] - 1, 9.0, inplace=False)
jnp.put(f, numpy.array([7, -1]), 9.0, mode="wrap", inplace=False)
jnp.place(m, m > 0, f, inplace=False)
jnp.put_along_axis(m, numpy.array([[0], [2]]), 9, 1, inplace=False)
jnp.fill_diagonal(m, f, inplace=False)
jnp.fill_diagonal(m, 5, inplace=False)
jnp.take(m, 9)
jnp.choose(i, [f, f], mode="clip")
jnp.where(True, 1, 0)
jnp.where(b, 1.0, 0)
jnp.asarray(2.5).at[()].set(1)
h.at[0].add(f[1].astype("float16"))
i.at[1].divide(2)
i.at[b].set(0)
i8.at[1:].max(5)
c.at[0].set(1)
c.at[numpy.array([0, 0])].multiply(1j)
u[0:2].at[0].add(200)
m.at[:, None, 0].set(f[:2, None])
m.at[0, [0, 1]].set(u[:2])
""".strip().splitlines()


@pytest.mark.parametrize("text", BOTH)
def test_values_are_numpys(text):
    """minijax.numpy gives what numpy gives."""
    assert_agrees_with_numpy(text)


STATIC = (
    "where(b)",
    "where(m",
    "compress",
    "extract",
    "[m > 0]",
    "[b",
    "b]",
    "ravel_",
    "mask_",
)


@pytest.mark.parametrize("text", [t for t in BOTH if not any(s in t for s in STATIC)])
def test_traced_values_are_numpys(text):
    """The same inside jit, where the sizes of results are known."""
    assert_traced_agrees_with_numpy(text)


@pytest.mark.oracle
@pytest.mark.parametrize("text", [t.replace("jnp.", "np.") for t in BOTH + OURS])
def test_values_and_types_are_jaxs(text):
    """Values, dtypes and weak types."""
    assert_agrees_with_jax(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("where(b, 1, 0.5)", "f32[3]~"),
        ("where(b, f, 1)", "f32[3]"),
        ("take(i8, 0)", "i8[]"),
        ("i8.at[0].add(1)", "i8[3]"),
        ("np.asarray(1.5).at[()].set(f[0])", "f32[]~"),
        ("i.at[0].divide(2)", "f32[3]"),
    ],
)
def test_types_follow_the_operands(text, wanted):
    """An update keeps the dtype, and the weak type, of the array."""
    assert type_text(text) == wanted


# Refusals

M = jnp.asarray(X)
ERRORS = [
    (lambda: M[[0, 1]], TypeError, "non-tuple sequence"),
    (lambda: M.at[[0]].set(1), TypeError, "non-tuple sequence"),
    (lambda: M["a"], TypeError, "string indexing"),
    (lambda: M[1.0], TypeError, "integer or boolean type"),
    (lambda: M[jnp.asarray(1.0)], TypeError, "integer or boolean type"),
    (lambda: M[0, 0, 0], IndexError, "Too many indices"),
    (lambda: M[..., ...], IndexError, "single ellipsis"),
    (lambda: M[numpy.array([True, False])], IndexError, "did not match shape"),
    (lambda: M[::0], ValueError, "slice step cannot be zero"),
    (lambda: M[jnp.ones(2, int), jnp.ones(3, int)], ValueError, "broadcast"),
    (lambda: jnp.zeros((0, 3))[0], IndexError, "axis 0 with size 0"),
    (lambda: len(M[0, 0]), TypeError, "unsized"),
    (lambda: iter(M[0, 0]), TypeError, "0-d array"),
    (lambda: M.at[0].set(jnp.ones(3)), ValueError, r"at\[...\].set: .*\(4,\)"),
    (lambda: M.at[0].set(1, mode="bad"), ValueError, "bad"),
    (lambda: M.at[0].set(1, out_sharding=1), NotImplementedError, "out_sharding"),
    (lambda: jnp.take(M, 1.0), ValueError, "integer type"),
    (lambda: jnp.take(M, [1]), TypeError, "take requires"),
    (lambda: jnp.take(M, 1, mode="raise"), NotImplementedError, "raise"),
    (lambda: jnp.take(M, 1, axis=3), ValueError, "out of bounds"),
    (lambda: jnp.take(jnp.zeros(0), 1), IndexError, "size 0"),
    (lambda: jnp.take_along_axis(M, M, 1), TypeError, "integer type"),
    (lambda: jnp.take_along_axis(M, jnp.ones(3, int), 1), ValueError, "1 vs. 2"),
    (lambda: jnp.where(M, M), TypeError, "NoneType"),
    (lambda: jnp.where([True], 1, 0), TypeError, "list"),
    (lambda: jnp.where(M, M, M, size=3), ValueError, "three-term"),
    (lambda: jnp.select([], []), ValueError, "non-empty"),
    (lambda: jnp.select([M], [M, M]), ValueError, "1 vs 2"),
    (lambda: jnp.choose(jnp.asarray([5]), [M]), ValueError, "must be in 0"),
    (lambda: jnp.compress(M, M), ValueError, "1D"),
    (lambda: jnp.compress(jnp.ones(5), M[0]), ValueError, "out of bounds"),
    (lambda: jnp.piecewise(M, [M > 0], [1, 2, 3]), ValueError, "1 condition"),
    (lambda: jnp.put(M, 0, 1), ValueError, "inplace=False"),
    (lambda: jnp.place(M, M > 0, jnp.ones(1)), ValueError, "inplace=False"),
    (lambda: jnp.fill_diagonal(M, 1), NotImplementedError, "inplace=False"),
    (lambda: jnp.ix_(M), ValueError, "1-dimensional"),
    (lambda: jnp.ravel_multi_index((jnp.asarray([9]),), (3,)), ValueError, "invalid"),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS, ids=range(len(ERRORS)))
def test_bad_calls_say_what_is_wrong(call, kind, text):
    """The exception types are jax's."""
    with pytest.raises(kind, match=text):
        call()


def test_a_traced_mask_is_refused():
    """The size of x[mask] would not be known."""
    with pytest.raises(minijax.errors.NonConcreteBooleanIndexError, match="where"):
        minijax.jit(lambda x: x[x > 1])(X)


def test_a_traced_slice_bound_is_refused():
    """Slices have static bounds."""
    with pytest.raises(IndexError, match="static integers"):
        minijax.jit(lambda x, i: x[i:])(X, 1)


def test_a_mask_of_known_values_works_under_grad():
    """grad outside jit sees values: the derivative of sum(x[x > 5]) is the mask."""
    got = minijax.grad(lambda x: x[x > 5].sum())(M)

    numpy.testing.assert_array_equal(got, X > 5)


def test_storing_a_wider_type_warns():
    """An int array keeps its dtype when a float is stored, with a warning."""
    with pytest.warns(FutureWarning, match="incompatible types"):
        got = jnp.arange(3).at[0].set(1.5)

    assert got.dtype == numpy.int32
    assert int(got[0]) == 1


# Programs


@pytest.fixture
def builds(monkeypatch):
    """The programs that library functions build while the test runs."""
    names = []
    build = compiled_calls._stage

    def counting(fun, *args):
        names.append(fun.__name__)
        return build(fun, *args)

    monkeypatch.setattr(compiled_calls, "_stage", counting)
    return names


READS = {
    "x[k]": lambda x, k: x[k],
    "x[:, k]": lambda x, k: x[:, k],
    "x[k, 1]": lambda x, k: x[k, 1],
    "x[k : k + 1]": lambda x, k: x[k : k + 1],
    "x[[k, 0], :]": lambda x, k: x[numpy.array([k, 0])],
    "x.at[k].set": lambda x, k: x.at[k].set(0.0),
    "x.at[k].add": lambda x, k: x.at[k].add(1.0),
}


@pytest.mark.parametrize("name", READS)
def test_un_jitted_indexing_builds_one_program_for_all_positions(builds, name):
    """The position is an operand."""
    x = jnp.ones((7, 5))  # a shape of this test's own
    READS[name](x, 0)
    first = list(builds)
    for k in (1, 2, 3):
        READS[name](x, k)

    assert builds == first


def test_iteration_unpacks_by_one_program(builds):
    """n rows are one execution, not n."""
    rows = list(jnp.arange(22.0).reshape(11, 2))

    assert builds == ["_rows"]
    assert [float(row[1]) for row in rows] == [2.0 * k + 1 for k in range(11)]


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: x[1], {"slice", "reshape"}),
        (lambda x: x[-1, 1:3], {"slice", "reshape"}),
        (lambda x: x[::-1], {"rev"}),
        (lambda x: x[...], set()),
        (
            lambda x: x.at[1].set(0.0),
            {"broadcast_in_dim", "reshape", "dynamic_update_slice"},
        ),
    ],
    ids=["x[1]", "x[-1, 1:3]", "x[::-1]", "x[...]", "x.at[1].set"],
)
def test_static_indices_need_no_gather(f, wanted):
    """The programs of plain indices are slices."""
    eqns = minijax.make_jaxpr(f)(X).jaxpr.eqns

    assert {e.primitive.name for e in eqns} <= wanted


# Derivatives and batching

ROW_PAIR = Ints((2,), -3, 3)
ROW = Ints((), -3, 3)
CASES = [
    Case("x[i]", lambda x, i: jnp.sin(x)[i], [(3, 4), ROW]),
    Case("x[:, i]", lambda x, i: jnp.sin(x)[:, i], [(3, 4), ROW]),
    Case("x[rows]", lambda x, i: jnp.sin(x)[i], [(3, 4), ROW_PAIR]),
    Case("x[rows, 1:3]", lambda x, i: jnp.sin(x)[i, 1:3], [(3, 4), ROW_PAIR]),
    Case("x[::2, None, rows]", lambda x, i: (x * x)[::2, None, i], [(3, 4), ROW_PAIR]),
    Case("x[rows, :, rows]", lambda x, i: (x * x)[i, :, i], [(3, 2, 3), ROW_PAIR]),
    Case("x[1, ::-1]", lambda x: (x * x)[1, ::-1], [(3, 4)]),
    Case("set", lambda x, y, i: (x * x).at[i].set(y * y), [(3, 4), (4,), ROW]),
    Case("set block", lambda x, y: (x * x).at[1, 1:3].set(y * y), [(3, 4), (2,)]),
    Case("add", lambda x, y, i: (x * x).at[i].add(y * y), [(3, 4), (2, 4), ROW_PAIR]),
    Case("add strided", lambda x, y: (x * x).at[::2].add(y * y), [(3, 4), (2, 4)]),
    Case("multiply", lambda x, y, i: x.at[i, 0].multiply(y), [(3, 4), (), ROW]),
    Case("take", lambda x, i: jnp.take(x * x, i, axis=1), [(3, 4), ROW_PAIR]),
    Case(
        "take_along_axis",
        lambda x, i: jnp.take_along_axis(x * x, i, 1),
        [(3, 4), Ints((3, 2), 0, 4)],
    ),
    Case("where", lambda x, y: jnp.where(x > y, x * y, y * y), [(3, 4), (4,)]),
    Case(
        "select",
        lambda x, y: jnp.select([x > y, x < -1], [x * y, x], y * y),
        [(3,), (3,)],
    ),
    Case("place", lambda x, y: jnp.place(x, x > 0, y * y, inplace=False), [(3,), (2,)]),
]
ROWS = [(case, dtype) for case in CASES for dtype in case.dtypes]


@pytest.mark.parametrize(
    ("case", "dtype"), ROWS, ids=[f"{case}-{dtype}" for case, dtype in ROWS]
)
def test_the_laws_hold(case, dtype):
    """Types, jit, derivatives of order 1 and 2, and the adjoint."""
    check_abstract(case, dtype)
    check_compiled(case, dtype)
    check_derivatives(case, dtype)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_batching(case):
    """vmap is a loop, also over the indices."""
    check_batched(case, "f32")


def test_a_batch_of_indices_reads_rows_of_one_array():
    """vmap over the index alone."""
    got = minijax.vmap(lambda i: M[i])(jnp.array([2, 0, -1]))

    numpy.testing.assert_array_equal(got, X[[2, 0, -1]])


def test_no_warnings_in_ordinary_updates():
    """Values that fit are stored silently."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        M.at[0].set(1)
        jnp.arange(3).at[0].add(True)
