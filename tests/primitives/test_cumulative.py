import numpy as np
import pytest

import minijax
from minijax import lax
from minijax.primitives import cumulative
from minijax.primitives.cumulative import linear_recurrence

from .lowered import run_as_on, text_of

NAMES = ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"]
X = np.random.default_rng(0).normal(size=(3, 37)).astype(np.float32)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_loops_blocks_and_windows_agree(name, reverse, monkeypatch):
    """The three ways in which platforms and sizes are served give the same numbers."""

    def running(x):
        return getattr(lax, name)(x, 1, reverse)

    (loop,) = run_as_on("cpu", running, X)
    (window,) = run_as_on("cuda", running, X)
    monkeypatch.setattr(cumulative, "_BLOCKS", 2)
    (blocks,) = run_as_on("cpu", running, X)

    np.testing.assert_allclose(window, loop, rtol=2e-5, atol=1e-5)
    np.testing.assert_allclose(blocks, loop, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("reverse", [False, True])
def test_a_recurrence_is_the_same_by_doubling(reverse):
    def solve(a, b):
        return linear_recurrence(a, b, 1, reverse)

    (loop,) = run_as_on("cpu", solve, X, X + 1)
    (doubled,) = run_as_on("cuda", solve, X, X + 1)

    np.testing.assert_allclose(doubled, loop, rtol=1e-4, atol=1e-4)


def test_sums_in_half_precision_do_not_stop_growing():
    """A running total in bfloat16 would stay at 256, since 256 + 1 rounds to 256."""
    ones = minijax.numpy.ones(1000, "bfloat16")

    assert lax.cumsum(ones)[-1] == 1000


def test_a_long_sum_keeps_its_digits():
    x = np.random.default_rng(0).random(1 << 18).astype(np.float32)
    exact = np.cumsum(x, dtype=np.float64)

    np.testing.assert_allclose(lax.cumsum(x), exact, rtol=2e-6)


def test_derivatives_of_products_are_right_at_zeros():
    """The derivative of x0 x1 x2 in x1, at x1 = 0, is x0 x2."""
    x = np.array([2, 0, 3, 0], np.float32)
    jacobian = minijax.jacobian(lax.cumprod)(x)

    expected = [[1, 0, 0, 0], [0, 2, 0, 0], [0, 6, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(jacobian, expected)


def test_a_sum_of_logarithms_of_nothing_is_nothing():
    x = np.array([-np.inf, -np.inf, 0, np.inf], np.float32)

    np.testing.assert_array_equal(lax.cumlogsumexp(x), x)
    gradient = minijax.grad(lambda x: lax.cumlogsumexp(x)[2])(x[:3])
    np.testing.assert_array_equal(gradient, [0, 0, 1])


def test_one_element_needs_no_loop():
    text = text_of(lambda x: lax.cumsum(x, 0), X[:1])

    assert "while" not in text


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: lax.cumsum(X, axis=-1),
            ValueError,
            "cumsum: axis must be in [0, 2), got -1 for f32[3,37].",
        ),
        (
            lambda: lax.cumprod(X > 0),
            TypeError,
            "cumprod: needs numbers, got bool[3,37]. Convert with astype.",
        ),
        (
            lambda: linear_recurrence(X, X[:1]),
            TypeError,
            "linear_recurrence: operands must be inexact and agree in shape and dtype, "
            "got f32[3,37] and f32[1,37].",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
