"""Sorting, searching and sets, against NumPy and jax."""

import numpy
import pytest

import minijax
import minijax.numpy as jnp
from minijax.test_util import check_grads

from .expressions import (
    assert_traced_agrees_with_numpy,
    comparisons,
    type_text,
)

SHARED = """
sort(f)
sort(m, axis=0)
sort(m, axis=None)
sort(n)
sort(c)
sort(b)
sort(u)
sort(e, axis=1)
argsort(f)
argsort(k, kind=None)
argsort(m, axis=0)
lexsort((k, k[::-1]))
lexsort(m)
sort_complex(i)
nonzero(j)
nonzero(n)
flatnonzero(j)
argwhere(j)
argwhere(e)
searchsorted(s, f)
searchsorted(s, m, side="right")
searchsorted(s, 0.0)
searchsorted(s[::-1], f, sorter=np.argsort(s[::-1]))
searchsorted(np.array([1, np.nan, np.nan]), np.array([np.nan, 2, 0]))
searchsorted(np.array([1, np.nan, np.nan]), np.array([np.nan, 2, 0]), side="right")
unique(k)
unique(k, return_index=True, return_inverse=True, return_counts=True)
unique(n)
unique(n, equal_nan=False)
unique(c)
unique(j, axis=0)
unique(np.array([[1, 2], [1, 2], [0, 1]]), axis=0, return_index=True)
unique(np.array([[1, 2], [1, 2], [0, 1]]), axis=0, return_counts=True)
unique(j, axis=1)
unique(e)
unique_counts(k)
unique_inverse(j)
unique_all(k)
union1d(k, i)
intersect1d(k, i)
intersect1d(k, i, return_indices=True)
setdiff1d(k, i)
setdiff1d(np.array([7, 5, 6]), np.array([6]), assume_unique=True)
setxor1d(k, i)
isin(k, i)
isin(m, f, invert=True)
isin(n, n)
isin(k, np.arange(100))
""".strip().splitlines()

JAX_ONLY = """
sort(n, descending=True)
argsort(k, descending=True)
argsort(n, descending=True)
argsort(m, dtype="int8")
sort(f, stable=False)
nonzero(j, size=5)
nonzero(j, size=2)
nonzero(j, size=5, fill_value=-1)
nonzero(j, size=5, fill_value=(-1, -2))
nonzero(e, size=2)
nonzero(b, size=3, fill_value=7.5)
flatnonzero(j, size=7, fill_value=9)
argwhere(j, size=4)
argwhere(z)
searchsorted(s, f, method="sort")
searchsorted(s, f, side="right", method="sort")
searchsorted(s, f, method="compare_all")
searchsorted(s, f, side="right", method="scan_unrolled")
searchsorted(i8[::-1], 2.5)
searchsorted(e[:, 0], f)
unique(k, size=2)
unique(k, size=5)
unique(k, size=5, fill_value=-1, return_index=True, return_inverse=True)
unique(k, size=5, return_counts=True)
unique(k, size=2, return_counts=True, return_inverse=True)
unique(np.ravel(n), size=6, equal_nan=False, return_counts=True, return_inverse=True)
unique(np.ravel(n), size=6, return_counts=True, return_inverse=True)
unique(j, axis=0, size=3, return_index=True, return_counts=True)
unique(j, axis=0, size=3, fill_value=9)
unique(e, size=2, fill_value=4)
unique(f, size=4, fill_value=np.nan)
unique_all(k, size=4)
unique_values(k)
union1d(k, i, size=7)
union1d(k, i, size=7, fill_value=0)
intersect1d(k, i, size=4, return_indices=True)
intersect1d(k, i, size=1)
intersect1d(k, i, size=4, fill_value=9, return_indices=True)
intersect1d(k, k * 10, size=2, return_indices=True)
setdiff1d(k, i, size=4)
setdiff1d(k, i, size=4, fill_value=1.5)
setdiff1d(k, k, size=2)
setxor1d(k, i, size=5)
setxor1d(k, i, size=5, fill_value=3)
isin(k, i, method="sort")
isin(k, i, method="binary_search")
isin(k, e)
""".strip().splitlines()

REFUSED = [
    ("sort([1, 2])", TypeError),
    ("sort(m, axis=5)", ValueError),
    ("sort(z)", ValueError),
    ("sort(m, kind='heapsort')", TypeError),
    ("argsort(m, order='x')", TypeError),
    ("lexsort([])", TypeError),
    ("lexsort((f, s))", ValueError),
    ("partition(f, 7)", ValueError),
    ("partition(c, 0)", NotImplementedError),
    ("nonzero(z)", ValueError),
    ("nonzero(j, size=5, fill_value=(1, 2, 3))", ValueError),
    ("nonzero(j, size=-1)", TypeError),
    ("searchsorted(s, f, side='foo')", ValueError),
    ("searchsorted(s, f, method='foo')", ValueError),
    ("searchsorted(m, f)", ValueError),
    ("unique([1, 2])", TypeError),
    ("unique(e, size=2)", ValueError),
    ("isin(k, i, method='foo')", ValueError),
    ("isin([1], i)", TypeError),
]


(
    test_values_are_numpys,
    test_values_and_types_are_jaxs,
    test_bad_calls_are_refused,
) = comparisons(SHARED, JAX_ONLY, REFUSED)


TRACED = [x for x in SHARED if x.startswith(("sort", "arg", "lex", "search", "isin"))]


@pytest.mark.parametrize("text", [x for x in TRACED if not x.startswith("argwhere")])
def test_traced_values_are_numpys(text):
    assert_traced_agrees_with_numpy(text)


def test_types():
    assert type_text("argsort(i8)") == "i32[3]"
    assert type_text("sort(g)") == "bf16[3]"
    assert type_text("searchsorted(s, f)") == "i32[3]"
    assert type_text("nonzero(j, size=4)") == "i32[4] i32[4]"


@pytest.mark.parametrize("kth", [0, 3, -1])
def test_partition_puts_the_kth_smallest_in_its_place(kth):
    """x[:k] <= x[k] <= x[k+1:] along the axis, of the same elements."""
    x = numpy.random.default_rng(0).normal(size=(3, 7)).astype("float32")
    y = numpy.asarray(jnp.partition(x, kth))
    order = numpy.asarray(jnp.argpartition(x, kth))
    k = kth % 7

    assert (y[:, :k] <= y[:, k : k + 1]).all()
    assert (y[:, k + 1 :] >= y[:, k : k + 1]).all()
    assert numpy.array_equal(numpy.sort(y), numpy.sort(x))
    assert numpy.array_equal(numpy.take_along_axis(x, order, 1)[:, k], y[:, k])


def test_every_method_of_searching_finds_the_same():
    rng = numpy.random.default_rng(1)
    edges = numpy.sort(rng.integers(0, 20, 50)).astype("float32")
    values = rng.uniform(-1, 21, 200).round().astype("float32")
    for side in ("left", "right"):
        wanted = numpy.searchsorted(edges, values, side)
        for method in ("scan", "scan_unrolled", "sort", "compare_all"):
            found = jnp.searchsorted(edges, values, side, method=method)

            assert numpy.array_equal(found, wanted), (side, method)


def test_sizes_that_depend_on_traced_values_are_refused():
    with pytest.raises(TypeError, match="Give size as a Python int"):
        minijax.jit(jnp.nonzero)(jnp.arange(3))
    with pytest.raises(TypeError, match="Give size as a Python int"):
        minijax.jit(jnp.unique)(jnp.arange(3))


def test_sizes_may_depend_on_values_that_are_differentiated():
    """Outside `jit`, a gradient sees values: unique values pass cotangents on."""
    x = jnp.array([2.0, 1.0, 2.0])

    assert minijax.grad(lambda x: (jnp.unique(x) ** 2).sum())(x).tolist() == [4, 2, 0]


def test_sorting_moves_cotangents_back():
    x = jnp.array([3.0, 1.0, 2.0])
    weights = jnp.array([1.0, 10.0, 100.0])

    assert minijax.grad(lambda x: jnp.sort(x) @ weights)(x).tolist() == [100, 1, 10]


@pytest.mark.parametrize("descending", [False, True])
def test_derivatives_agree_with_central_differences(descending, x64):
    x = jnp.asarray(numpy.random.default_rng(0).uniform(0.5, 2.0, (3, 4)))

    def f(x):
        return jnp.sort(x, axis=0, descending=descending) ** 2 * x

    check_grads(f, (x,), order=2, atol=1e-6, rtol=1e-6)
