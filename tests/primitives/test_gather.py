import numpy as np
import pytest

import minijax
from minijax import lax

from .lowered import text_of

POINTS = lax.GatherDimensionNumbers((), (0,), (0,))
INTO = lax.ScatterDimensionNumbers((), (0,), (0,))
X = np.arange(4, dtype=np.float32)
OUTSIDE = np.array([[5], [-1], [1]], np.int32)


@pytest.mark.parametrize(
    ("dtype", "fill"),
    [
        (np.float32, np.nan),
        (np.int16, -(2**15)),
        (np.uint8, 255),
        (np.bool_, True),
        (np.complex64, np.nan),
    ],
)
def test_windows_outside_are_filled_by_default_with_a_value_that_shows(dtype, fill):
    out = lax.gather(np.zeros(4, dtype), OUTSIDE, POINTS, (1,), mode="fill")

    np.testing.assert_array_equal(out, np.array([fill, fill, 0], dtype))


def test_a_fill_value_has_no_derivative():
    def f(x):
        return lax.gather(x, OUTSIDE, POINTS, (1,), mode="fill", fill_value=7)

    out, dot = minijax.jvp(f, (X,), (np.ones(4, np.float32),))

    np.testing.assert_array_equal(out, [7, 7, 1])
    np.testing.assert_array_equal(dot, [0, 0, 1])


@pytest.mark.parametrize("mode", ["clip", "fill"])
def test_narrow_indices_reach_all_of_a_long_axis(mode):
    x = np.arange(300, dtype=np.float32)
    out = lax.gather(x, np.array([[100], [3]], np.int8), POINTS, (1,), mode=mode)

    np.testing.assert_array_equal(out, [100, 3])


def test_text():
    numbers = lax.GatherDimensionNumbers((2,), (1,), (1,), (0,), (0,))
    x, i = np.ones((3, 5, 2), np.float32), np.zeros((3, 4, 1), np.int32)
    text = text_of(lambda x, i: lax.gather(x, i, numbers, (1, 1, 2)), x, i)

    assert (
        "#stablehlo.gather<offset_dims = [2], collapsed_slice_dims = [1], "
        "operand_batching_dims = [0], start_indices_batching_dims = [0], "
        "start_index_map = [1], index_vector_dim = 2>"
    ) in text


@pytest.mark.parametrize("unique", [False, True])
def test_only_the_update_that_is_in_the_result_gets_its_cotangent(unique):
    indices = np.array([[2], [0], [3]] if unique else [[2], [0], [2]], np.int32)
    updates = np.array([5, 6, 7], np.float32)

    def f(x, u):
        return lax.scatter(x, indices, u, INTO, unique_indices=unique)

    out, pull = minijax.vjp(f, X, updates)
    x_bar, u_bar = pull(np.array([1, 2, 3, 4], np.float32))

    here = np.asarray(out)[indices[:, 0]] == updates
    np.testing.assert_array_equal(u_bar, np.where(here, indices[:, 0] + 1, 0))
    np.testing.assert_array_equal(
        x_bar, [0 if k in indices else k + 1 for k in range(4)]
    )


def test_a_window_that_reaches_out_is_dropped_whole_or_moved_inside():
    numbers = lax.ScatterDimensionNumbers((1,), (), (0,))
    u = np.ones((1, 2), np.float32)
    zeros = np.zeros(4, np.float32)

    dropped = lax.scatter(zeros, np.array([[3]]), u, numbers)
    moved = lax.scatter(zeros, np.array([[3]]), u, numbers, mode="clip")

    np.testing.assert_array_equal(dropped, [0, 0, 0, 0])
    np.testing.assert_array_equal(moved, [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: lax.gather(X, OUTSIDE + 0.5, POINTS, (1,)),
            ValueError,
            "gather: indices must be integers, got f32[3,1].",
        ),
        (
            lambda: lax.gather(X, OUTSIDE, POINTS, (1,), mode="wrap"),
            ValueError,
            "mode must be 'clip', 'fill', 'drop', 'promise_in_bounds', a "
            "GatherScatterMode or None, got 'wrap'.",
        ),
        (
            lambda: lax.gather(X, OUTSIDE, POINTS, (1,), mode="one_hot"),
            NotImplementedError,
            "gather: mode ONE_HOT is not supported. Multiply by nn.one_hot instead.",
        ),
        (
            lambda: lax.scatter_add(X, OUTSIDE, np.ones(3, np.int32), INTO),
            TypeError,
            "scatter-add: operand and updates must have one dtype that the operation "
            "takes, got f32[4] and i32[3]. Convert with astype.",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(TypeError, match=r"gather: slice_sizes must have one size"):
        lax.gather(X, OUTSIDE, POINTS, (5,))
    with pytest.raises(TypeError, match=r"gather: start_index_map must name one axis"):
        lax.gather(X, OUTSIDE, POINTS._replace(start_index_map=()), (1,))
    with pytest.raises(TypeError, match=r"scatter: updates must have the batch axes"):
        lax.scatter(X, OUTSIDE, X, INTO)


def test_a_batch_of_nobody_can_be_indexed():
    x, i = np.zeros((0, 4, 2), np.float32), np.zeros((0, 3), np.int32)

    out = minijax.vmap(lambda x, i: minijax.numpy.asarray(x)[i])(x, i)

    assert out.shape == (0, 3, 2)
