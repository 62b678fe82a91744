"""Derivatives of products that are scattered, where windows overlap."""

import itertools
import math

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import hessian, jacfwd, jacrev, lax, ops, vmap
from minijax.test_util import check_grads

PLACES = np.array([0, 2, 0, 0, 9, -1, -1, -9])
STREAM = np.random.default_rng(0)
MATRIX = STREAM.normal(size=(4, 5))


def updated(x, u):
    return jnp.asarray(x).at[PLACES].multiply(u)


def one_by_one(x, u):
    """The same, as plain products of numbers."""
    size = x.shape[0]
    hits = {p: [k for k, q in enumerate(PLACES) if q % size == p] for p in range(size)}
    for p in hits:
        hits[p] = [k for k in hits[p] if -size <= PLACES[k] < size]
    return jnp.stack([math.prod([u[k] for k in hits[p]], start=x[p]) for p in hits])


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("zeros", [(), (2,), (2, 3), (0, 2, 3), (4, 5)])
def test_derivatives_are_those_of_products_of_numbers(zeros):
    """d/du_i of x prod_j u_j is x prod_{j != i} u_j, zeros or not; and once more."""
    x, u = STREAM.normal(size=5), STREAM.normal(size=len(PLACES))
    u[list(zeros)] = 0

    for mode, k in itertools.product((jacfwd, jacrev), (0, 1)):
        found, expected = mode(updated, k)(x, u), mode(one_by_one, k)(x, u)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    found = hessian(lambda u: jnp.sin(updated(x, u)).sum())(u)
    expected = hessian(lambda u: jnp.sin(one_by_one(x, u)).sum())(u)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


ROWS = np.array([0, 1, 0, 3, 7, 0])
CORNERS = np.array([[0, 0], [1, 1], [3, 2], [0, 1]])
WINDOWS = lax.ScatterDimensionNumbers((1, 2), (), (0, 1))


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (lambda x, u: x.at[ROWS].multiply(u), (6, 5)),
        (lambda x, u: x.at[ROWS].multiply(u, mode="clip"), (6, 5)),
        (lambda x, u: x.at[:, ROWS].multiply(u), (4, 6)),
        (lambda x, u: x.at[ROWS, ROWS].divide(u), (6,)),
        (lambda x, u: lax.scatter_mul(x, CORNERS, u, WINDOWS), (4, 2, 3)),
        (lambda x, u: lax.scatter_mul(x, CORNERS, u, WINDOWS, mode="clip"), (4, 2, 3)),
        (lambda x, u: vmap(lambda x, u: x.at[ROWS[:3]].multiply(u))(x, u), (4, 3)),
        (
            lambda x, u: vmap(lambda x, i, u: x.at[i].multiply(u))(x, _MEMBERS, u),
            (4, 3),
        ),
        (lambda x, u: x.at[1, 2].multiply(u), ()),
        (lambda x, u: x.at[ROWS[:0]].multiply(u), (0, 5)),
    ],
)
def test_overlapping_windows(f, shape):
    """Both modes, twice, against central differences."""
    u = np.asarray(STREAM.normal(size=shape) + 2)

    check_grads(lambda x, u: f(jnp.asarray(x), u), (MATRIX, u), order=2)


_MEMBERS = np.array([[0, 0, 1], [4, 4, 4], [2, 3, 2], [0, 9, 9]])


def test_what_is_dropped_has_no_derivative():
    """An infinite update outside neither counts nor spoils the others."""
    u = np.array([2.0, np.inf, 3.0, np.inf], np.float32)

    slope = jacrev(lambda u: jnp.ones(2).at[np.array([0, 5, 0, 7])].multiply(u))(u)

    np.testing.assert_array_equal(slope, [[3, 0, 2, 0], [0, 0, 0, 0]])


def test_an_infinite_product_does_not_reach_the_next_place():
    u = np.array([np.inf, np.inf, 2.0, 5.0], np.float32)

    slope = jacrev(lambda u: ops.segment_prod(u, np.array([0, 0, 1, 1]), 2))(u)

    np.testing.assert_array_equal(slope[1, 2:], [5, 2])
