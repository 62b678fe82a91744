"""`x[mask]` and `x.at[mask]` with a traced mask mean what NumPy's mean."""

import numpy as np
import pytest

import minijax
from minijax import grad, jit, vmap
from minijax import numpy as jnp
from minijax.errors import NonConcreteBooleanIndexError
from minijax.test_util import check_grads

X = np.arange(12.0, dtype="float32").reshape(3, 4) - 4
MASK = X > 0
ROWS = np.array([True, False, True])
COLUMNS = np.array([True, False, True, True])
NOTHING = np.zeros((3, 4), bool)

# Reads of x at a mask, and the mask.
READS = {
    "x[m]": MASK,
    "x[r]": ROWS,
    "x[:, c]": COLUMNS,
    "x[1, c]": COLUMNS,
    "x[r, 1:3]": ROWS,
    "x[r, 2]": ROWS,
    "x[..., c]": COLUMNS,
    "x[::-1, c]": COLUMNS,
    "x[None, r]": ROWS,
    "x[None][0, :, c]": COLUMNS,
    "x[r, ::-1]": ROWS,
    "x[r, None]": ROWS,
}
SELECTED_AXIS_IS_1 = ("x[None, r]", "x[..., c]", "x[:, c]", "x[::-1, c]")
REDUCTIONS = ("sum", "prod", "mean", "std", "var", "max", "min", "ptp", "any", "all")


def of(text, xp, x, mask):
    """The value of an expression over x and a mask, called m, r and c."""
    return eval(text, {"np": xp, "x": x, "m": mask, "r": mask, "c": mask})


def assert_traced_as_in_numpy(text, mask, x=X):
    """`jit` of an expression in x and the mask gives NumPy's value and shape."""
    wanted = of(text, np, x, mask)
    got = jit(lambda x, mask: of(text, jnp, x, mask))(x, mask)

    assert got.shape == np.shape(wanted)
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("read", READS)
def test_reductions_of_a_masked_read(read, name):
    mask = READS[read]
    axis = 1 if read in SELECTED_AXIS_IS_1 else 0

    assert_traced_as_in_numpy(f"np.{name}({read})", mask)
    assert_traced_as_in_numpy(f"np.{name}({read}, axis={axis})", mask)


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("np.sum(x[r], axis=1).mean()", ROWS),
        ("np.sum(x[r], axis=(0, 1), keepdims=True)", ROWS),
        ("x[r].max(axis=1, keepdims=True).sum(axis=0)", ROWS),
        ("np.count_nonzero(x[m])", MASK),
        ("x[m].std(ddof=1)", MASK),
        ("x[m].sum(where=x.ravel()[:1] > -9)", MASK),
        ("x[m].sum(initial=3)", MASK),
        ("(x[m] ** 2).sum()", MASK),
        ("np.square(x[m] - x[m].mean()).mean()", MASK),
        ("np.sqrt(np.abs(x[m] * 2 + 1)).sum()", MASK),
        ("(2 - x[m] / 3).mean() + np.log(x[m]).sum()", MASK),
        ("np.maximum(x[m], 2).sum() + np.add(x[m], 1).max()", MASK),
        ("(x[m] > 2).mean() + (1 < x[m]).sum()", MASK),
        ("(x[m] * (x * x)[m]).sum()", MASK),
        ("(x[r] - x[0]).max(axis=0)", ROWS),
        ("(-x[r]).astype('float32').min(axis=0)", ROWS),
        ("(x[m] // 2 % 3).sum() + abs(x[m]).max()", MASK),
        ("((x[m] > 1) & ~(x[m] > 4)).sum()", MASK),
        ("x[m].sum() + x[m].mean()", NOTHING | (X == 0)),
        ("x[m].sum() + x[m].prod()", NOTHING),
        ("x[m].any() | x[m].all()", NOTHING),
    ],
)
def test_expressions_in_masked_reads(text, mask):
    assert_traced_as_in_numpy(text, mask)


def test_reductions_of_nothing():
    """The mean is NaN; the maximum is not above any number, the minimum not below."""

    @jit
    def reduced(x, mask):
        chosen = x[mask]
        return chosen.mean(), chosen.max(), chosen.min()

    mean, high, low = reduced(X, NOTHING)

    assert np.isnan(mean)
    assert high == -np.inf
    assert low == np.inf
    assert reduced(X.astype(int), NOTHING)[1] == np.iinfo(np.int32).min
    assert not reduced(X > 0, NOTHING)[1]


def test_a_mask_of_rank_zero():
    """x[True] has all of x, x[False] nothing."""
    total = jit(lambda x, flag: x[flag].sum())
    update = jit(lambda x, flag: x.at[flag].set(1))

    assert total(X, True) == X.sum()
    assert total(X, False) == 0
    np.testing.assert_array_equal(update(X, True), np.ones_like(X))
    np.testing.assert_array_equal(update(X, False), X)


# Updates

SELECTIONS = [
    (MASK, lambda m: m),
    (MASK, lambda m: (m, ...)),
    (ROWS, lambda m: m),
    (ROWS, lambda m: (m, 0)),
    (ROWS, lambda m: (m, slice(1, 3))),
    (ROWS, lambda m: (m, slice(None, None, -1))),
    (ROWS, lambda m: (..., m, slice(None))),
    (COLUMNS, lambda m: (slice(None), m)),
    (COLUMNS, lambda m: (2, m)),
    (COLUMNS, lambda m: (slice(0, 2), m)),
    (NOTHING, lambda m: m),
]
UPDATES = {
    "set": lambda old, y: y,
    "add": lambda old, y: old + y,
    "subtract": lambda old, y: old - y,
    "multiply": lambda old, y: old * y,
    "mul": lambda old, y: old * y,
    "divide": lambda old, y: old / y,
    "power": lambda old, y: old**y,
    "min": np.minimum,
    "max": np.maximum,
}


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize(("mask", "at"), SELECTIONS, ids=range(len(SELECTIONS)))
def test_updates_where_a_mask_holds(name, mask, at):
    x = X + 6
    wanted = x.copy()
    wanted[at(mask)] = UPDATES[name](x[at(mask)], 3.0)

    got = jit(lambda x, mask: getattr(x.at[at(mask)], name)(3.0))(x, mask)

    assert got.dtype == x.dtype
    np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_updates_with_rows_and_columns():
    """What is the same for all selected rows may be an array."""
    row, column = np.arange(4.0, dtype="float32"), np.arange(3.0, dtype="float32")
    rows, columns = X.copy(), X.copy()
    rows[ROWS] = row
    columns[:, COLUMNS] += column[:, None]

    got = jit(lambda x, m: x.at[m].set(row))(X, ROWS)
    np.testing.assert_array_equal(got, rows)
    got = jit(lambda x, m: x.at[:, m].add(column[:, None]))(X, COLUMNS)
    np.testing.assert_array_equal(got, columns)


def test_updates_with_what_the_same_mask_selects():
    """x[m] = y[m], x[m] += x[m] ** 2, and .apply."""
    y = X * 2 + 1
    copied, added, applied = X.copy(), X.copy(), X.copy()
    copied[MASK] = y[MASK]
    added[MASK] += X[MASK] ** 2
    applied[MASK] = X[MASK] ** 3

    got = jit(lambda x, y, m: x.at[m].set(y[m]))(X, y, MASK)
    np.testing.assert_array_equal(got, copied)
    got = jit(lambda x, m: x.at[m].add(x[m] ** 2))(X, MASK)
    np.testing.assert_array_equal(got, added)
    got = jit(lambda x, m: x.at[m].apply(lambda v: v**3))(X, MASK)
    np.testing.assert_array_equal(got, applied)


def test_updates_keep_dtype_and_weak_type():
    x = np.arange(4, dtype="int8")

    got = jit(lambda x: x.at[x > 1].add(3))(x)

    assert got.dtype == np.int8
    assert not got.weak_type
    assert got.tolist() == [0, 1, 5, 6]


# Transformations


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[x > 0].sum() ** 2,
        lambda x: jnp.square(x[x > 0.1]).mean(),
        lambda x: x[x > -0.5].std(),
        lambda x: x[x > -0.5].prod(),
        lambda x: x[x > 0].max() * x[x < 0].min(),
        lambda x: jnp.sin(x.at[x > 0].multiply(x[0, 0])).sum(),
        lambda x: jnp.sin(x.at[x[:, 0] > 0, 1].set(x[0, 1] ** 2)).sum(),
        lambda x: jnp.log(x[x > 0]).sum(),
    ],
    ids=range(8),
)
def test_derivatives_under_jit(f, x64):
    """Both modes, twice, against differences; a mask has no derivative."""
    x = np.random.default_rng(0).normal(size=(3, 4))

    check_grads(jit(f), (x,), order=2, rtol=1e-5, atol=1e-5)


def test_elements_left_out_have_no_say_in_the_derivative():
    """log of what is not positive would be NaN."""
    slope = jit(grad(lambda x: jnp.log(x[x > 0]).sum()))(X)

    np.testing.assert_allclose(slope, np.where(X > 0, 1 / np.where(X > 0, X, 1), 0))


def test_masks_under_vmap():
    """Every member has its own mask; nothing needs jit."""
    totals = vmap(lambda x, m: x[m].sum())(X, MASK)
    updated = vmap(lambda x, m: x.at[m].set(0), in_axes=(None, 0))(
        jnp.asarray(X[0]), MASK
    )

    assert totals.tolist() == [x[m].sum() for x, m in zip(X, MASK, strict=True)]
    np.testing.assert_array_equal(updated, np.where(MASK, 0, X[:1]))


def test_masks_in_a_loop():
    def body(k, x):
        return x.at[x > x[x > 0].mean()].add(-1)

    got = jit(lambda x: minijax.lax.fori_loop(0, 5, body, x))(X)
    wanted = X.copy()
    for _ in range(5):
        wanted[wanted > wanted[wanted > 0].mean()] -= 1

    np.testing.assert_allclose(got, wanted)


# Refusals


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x, m: x[m], "its use as an array"),
        (lambda x, m: x[m].shape, r"\.shape"),
        (lambda x, m: x[m].size, r"\.size"),
        (lambda x, m: len(x[m]), r"len\(\)"),
        (lambda x, m: float(x[m]), r"float\(\)"),
        (lambda x, m: 1 if x[m] else 2, "`if`"),
        (lambda x, m: list(x[m]), "iteration"),
        (lambda x, m: x[m][0], "an index"),
        (lambda x, m: x[m] @ x[m], "@"),
        (lambda x, m: x[m].reshape(2), r"\.reshape"),
        (lambda x, m: x[m].argmax(), r"\.argmax"),
        (lambda x, m: jnp.sort(x[m]), "its use as an array"),
        (lambda x, m: jnp.concatenate([x[m]]), "its use as an array"),
        (lambda x, m: np.asarray(x[m]), "a NumPy function"),
        (lambda x, m: x[m] + x[x > 0], "two masks"),
        (lambda x, m: x[m] + x.ravel(), "one value for each"),
        (lambda x, m: x.at[m].set(x.ravel()), "one value for each"),
        (lambda x, m: x.at[m].set(x[x > 0]), "two masks"),
        (lambda x, m: x[m[:, 0], m[0]], "beside other arrays"),
        (lambda x, m: x[m[:, 0], jnp.array([0, 1])], "beside other arrays"),
    ],
    ids=range(20),
)
def test_what_needs_the_number_of_elements_is_refused(f, text):
    """The error is that of a traced mask; it names this file."""
    with pytest.raises(NonConcreteBooleanIndexError, match=text) as caught:
        jit(f)(X, MASK)
    if "beside" not in text:
        assert "test_selections.py" in str(caught.value)


@pytest.mark.parametrize(
    ("f", "kind"),
    [
        (lambda x, m: x[m[0]].sum(), IndexError),
        (lambda x, m: x[m, 0].sum(), IndexError),
        (lambda x, m: x[m].no_such_name, AttributeError),
        (lambda x, m: x.at[m[0]].set(0), IndexError),
        (lambda x, m: x.at[m[:, 0]].set(jnp.ones(3)), ValueError),
        (lambda x, m: x[m].sum(axis=3), ValueError),
    ],
    ids=range(6),
)
def test_mistakes_with_masks(f, kind):
    with pytest.raises(kind):
        jit(f)(X, MASK)


def test_a_selection_says_what_it_is():
    texts = []
    jit(lambda x, m: texts.append(repr(x[m])))(X, ROWS)

    assert texts == ["Selection<f32[3,4] where bool[3] on 0>"]
