"""Products of arrays one axis of which is in groups, against a loop over the groups."""

import numpy as np
import pytest

import minijax
from minijax import lax

STREAM = np.random.default_rng(0)
Numbers = lax.RaggedDotDimensionNumbers


def draw(*shape):
    return STREAM.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("sizes", [[2, 3, 1], [0, 6, 0], [1, 1, 1], [0, 0, 0]])
def test_rows_meet_the_matrix_of_their_group(sizes):
    x, y = draw(6, 4), draw(3, 4, 5)
    expected = np.zeros((6, 5), np.float32)
    ends = np.cumsum(sizes)
    for k, (end, n) in enumerate(zip(ends, sizes, strict=True)):
        expected[end - n : end] = x[end - n : end] @ y[k]

    np.testing.assert_allclose(lax.ragged_dot(x, y, np.array(sizes)), expected, 1e-5)


def test_groups_of_a_contracted_axis_give_a_product_each():
    x, y, sizes = draw(6, 4), draw(6, 5), np.array([2, 1])
    numbers = Numbers((((0,), (0,)), ((), ())), [0], [])
    expected = [x[:2].T @ y[:2], x[2:3].T @ y[2:3]]

    np.testing.assert_allclose(
        lax.ragged_dot_general(x, y, sizes, numbers), expected, 1e-5, 1e-6
    )


def test_each_member_of_a_batch_may_have_its_sizes():
    """Batch axes may stand in any order; sizes follow the order they are named in."""
    x, y = draw(2, 6, 3, 4), draw(3, 2, 2, 4, 5)
    sizes = np.array([[[1, 2], [3, 3]], [[0, 6], [2, 2]], [[6, 0], [4, 1]]])
    numbers = Numbers((((3,), (3,)), ((2, 0), (0, 1))), [1], [2])
    out = lax.ragged_dot_general(x, y, sizes, numbers)

    for i in range(3):
        for j in range(2):
            np.testing.assert_allclose(
                out[i, j],
                lax.ragged_dot(x[j, :, i], y[i, j], sizes[i, j]),
                rtol=1e-5,
                atol=1e-6,
            )


def test_it_is_differentiated_and_batched():
    x, y, sizes = draw(6, 4), draw(3, 4, 5), np.array([2, 3, 1])
    groups = np.repeat(np.arange(3), sizes)

    def ragged(x, y):
        return (lax.ragged_dot(x, y, sizes) ** 2).sum()

    def plain(x, y):
        return (minijax.numpy.einsum("mk,mkn->mn", x, y[groups]) ** 2).sum()

    for got, expected in zip(
        minijax.grad(ragged, (0, 1))(x, y),
        minijax.grad(plain, (0, 1))(x, y),
        strict=True,
    ):
        np.testing.assert_allclose(got, expected, 1e-4, 1e-5)
    batched = minijax.vmap(lax.ragged_dot, (0, None, None))(
        np.stack([x, 2 * x]), y, sizes
    )
    np.testing.assert_allclose(batched[1], 2 * lax.ragged_dot(x, y, sizes), 1e-5)


ROWS = (((1,), (1,)), ((), ()))
BAD_CALLS = [
    ((6, 4), (3, 4, 5), np.ones(3), (ROWS, [0], [0]), "must be integers"),
    ((6, 4), (3, 4, 5), np.ones(3, int), (ROWS, [0, 1], [0]), "one ragged axis"),
    ((6, 4), (2, 4, 5), np.ones(3, int), (ROWS, [0], [0]), "must have size 3"),
    ((6, 4), (3, 4, 5), np.ones(3, int), (ROWS, [0], []), "must have one group axis"),
    ((6, 4), (3, 4, 5), np.ones((2, 3), int), (ROWS, [0], [0]), r"shape \(g,\)"),
]


@pytest.mark.parametrize(("x", "y", "sizes", "numbers", "message"), BAD_CALLS)
def test_bad_calls_are_refused(x, y, sizes, numbers, message):
    with pytest.raises(TypeError, match=message):
        lax.ragged_dot_general(draw(*x), draw(*y), sizes, Numbers(*numbers))
