import numpy as np
import pytest

import minijax
from minijax import lax
from minijax.control.reductions import reduce, reduce_window, scatter_apply

X = np.array([1, 3, 3, 0, 2], np.float32)


def names(fun, *args):
    return [eqn.primitive.name for eqn in minijax.make_jaxpr(fun)(*args).eqns]


def test_the_first_of_tied_maxima_gets_the_cotangent():
    def total(x):
        return lax.reduce_sum(reduce_window(x, -np.inf, lax.max, (2,)), (0,))

    np.testing.assert_array_equal(
        minijax.grad(total)(np.ones(4, np.float32)), [1, 1, 1, 0]
    )


def test_padding_gets_no_cotangent_and_equal_elements_do():
    x = np.full(3, -np.inf, np.float32)

    def maxima(x):
        return reduce_window(x, -np.inf, lax.max, (1,), (1,), [(2, 0)])

    out, pull = minijax.vjp(maxima, x)
    (x_bar,) = pull(np.array([1, 2, 4, 8, 16], np.float32))

    np.testing.assert_array_equal(out, np.full(5, -np.inf))
    np.testing.assert_array_equal(x_bar, [4, 8, 16])


def test_dilated_windows_have_a_reverse_mode():
    """Window k holds elements k and k + 2."""

    def weighted(x):
        maxima = reduce_window(x, -np.inf, lax.max, (2,), window_dilation=(2,))
        return lax.reduce_sum(maxima * np.array([1, 2, 4], np.float32), (0,))

    np.testing.assert_array_equal(minijax.grad(weighted)(X), [0, 2, 5, 0, 0])


@pytest.mark.parametrize(
    ("function", "init", "primitive"),
    [
        (lambda a, b: a + b, 0.0, "reduce_sum"),
        (lambda a, b: b * a, 1.0, "reduce_prod"),
        (lax.max, -np.inf, "reduce_max"),
        (lax.min, np.inf, "reduce_min"),
    ],
)
def test_known_functions_become_their_reduction(function, init, primitive):
    assert names(lambda x: reduce(x, init, function, (0,)), X) == [primitive]


def test_an_initial_value_counts_once():
    assert reduce(X, 10.0, lax.add, (0,)) == 19
    assert reduce(X, 2.0, lax.max, (0,)) == 3


def test_several_arrays_are_reduced_together():
    """The largest element and its position, by a function of pairs."""

    def larger(a, b):
        (x, i), (y, j) = a, b
        better = (x > y) | ((x == y) & (i < j))
        return lax.select(better, x, y), lax.select(better, i, j)

    inits = (np.float32(-np.inf), np.int32(9))
    places = np.arange(5, dtype=np.int32)
    value, place = reduce((X, places), inits, larger, (0,))
    values, found = reduce_window((X, places), inits, larger, (2,), (2,), "SAME")

    assert (value, place) == (3, 1)
    np.testing.assert_array_equal(values, [3, 3, 2])
    np.testing.assert_array_equal(found, [1, 2, 4])


def test_a_function_is_applied_once_per_window():
    """Like numpy.add.at: twice where an index comes twice, never outside."""
    numbers = lax.ScatterDimensionNumbers((), (0,), (0,))
    indices = np.array([[1], [4], [1], [7]], np.int32)

    def doubled(x):
        return scatter_apply(x, indices, lambda x: 2 * x, numbers, update_shape=(4,))

    np.testing.assert_array_equal(doubled(X), [1, 12, 3, 0, 4])
    np.testing.assert_array_equal(minijax.jit(doubled)(X), [1, 12, 3, 0, 4])
    np.testing.assert_array_equal(
        minijax.jvp(doubled, (X,), (np.ones_like(X),))[1], [1, 4, 1, 1, 2]
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: reduce(X, np.int32(0), lax.add, (0,)),
            TypeError,
            "reduce: initial values must be scalars of the operands' dtypes, got i32[] "
            "for f32[5].",
        ),
        (
            lambda: reduce(X, 0.0, lambda a, b: a > b, (0,)),
            TypeError,
            "reduce: <lambda> must return what it is given, f32[], got bool[].",
        ),
        (
            lambda: reduce(X, 0.0, lambda a, b: a - b * b, (1,)),
            ValueError,
            "reduce: dimensions must be distinct axes of f32[5], got (1,).",
        ),
        (
            lambda: reduce_window(X, 0.0, lax.add, (2, 2)),
            TypeError,
            "reduce_window: window_dimensions must have one size per axis of shape "
            "(5,), got (2, 2).",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
