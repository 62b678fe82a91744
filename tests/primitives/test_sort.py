import numpy as np
import pytest

from minijax import lax

from .lowered import text_of

X = np.array([3, 1, 2], np.float32)


def test_nan_comes_last_and_zeros_are_equal():
    x = np.array([np.nan, 1, -np.inf, -np.nan, 0.0, -0.0, np.inf], np.float32)
    out, places = lax.sort((x, np.arange(7, dtype=np.int32)), num_keys=1)

    np.testing.assert_array_equal(out, np.sort(x))
    np.testing.assert_array_equal(places, [2, 4, 5, 1, 6, 0, 3])


def test_later_keys_decide_where_earlier_ones_are_tied():
    a = np.array([1, 0, 1, 1, 0], np.int32)
    b = np.array([3, 2, np.nan, -0.0, 2], np.float32)
    c = np.array([1, 5, 2, 3, 4], np.int32)
    outs = lax.sort((a, b, c), num_keys=3)

    order = np.lexsort((c, b, a))
    for out, x in zip(outs, (a, b, c), strict=True):
        np.testing.assert_array_equal(out, x[order])


def test_the_order_of_integers_is_one_comparison():
    text = text_of(lax.sort, np.arange(3, dtype=np.int32))

    assert text.count("stablehlo.compare") == 1
    assert '"stablehlo.sort"(%0) <{dimension = 0 : i64, is_stable = true}>' in text


def test_nan_counts_as_largest_in_top_k():
    x = np.array([1, np.nan, 3, np.inf], np.float32)
    values, places = lax.top_k(x, 3)

    np.testing.assert_array_equal(values, [np.nan, np.inf, 3])
    np.testing.assert_array_equal(places, [1, 3, 2])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: lax.sort(()),
            TypeError,
            "sort: at least one array is needed, got none.",
        ),
        (
            lambda: lax.sort((X, X), num_keys=3),
            ValueError,
            "sort: num_keys must be between 1 and the number of arrays, 2, got 3.",
        ),
        (
            lambda: lax.sort((X, X[:2])),
            TypeError,
            "sort: arrays must have one shape, got f32[3] and f32[2].",
        ),
        (
            lambda: lax.top_k(X, 4),
            ValueError,
            "top_k: k must be between 0 and the size of axis 0 of f32[3], got 4.",
        ),
        (
            lambda: lax.top_k(X + 1j, 1),
            ValueError,
            "top_k: needs real numbers or booleans, got c64[3].",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
