"""ragged_all_to_all against the loop that its documentation describes."""

import numpy as np
import pytest

import minijax
from minijax import lax


def by_loops(operand, output, begins, sizes, places):
    """Each slice is written at its receiver."""
    out = output.copy()
    members, slots = begins.shape
    for sender in range(members):
        for slot in range(slots):
            receiver = slot // (slots // members)
            begin, size = begins[sender, slot], sizes[sender, slot]
            place = places[sender, slot]
            out[receiver, place : place + size] = operand[sender, begin : begin + size]
    return out


def tables(stream, members, per_member):
    """Slices that fit one behind the other at their receiver."""
    slots = members * per_member
    sizes = stream.integers(0, 3, (members, slots))
    begins = stream.integers(0, 5, (members, slots))
    arriving = sizes.reshape(members, members, per_member)
    ends = arriving.swapaxes(0, 1).reshape(members, slots).cumsum(1)
    starts = ends - arriving.swapaxes(0, 1).reshape(members, slots)
    places = starts.reshape(members, members, per_member).swapaxes(0, 1)
    received = arriving.swapaxes(0, 1).reshape(members, slots)
    return begins, sizes, places.reshape(members, slots), received


def exchange(x, y, begins, sizes, places, received):
    return lax.ragged_all_to_all(x, y, begins, sizes, places, received, axis_name="i")


@pytest.mark.parametrize("mapping", ["vmap", "pmap"])
@pytest.mark.parametrize(("members", "per_member"), [(2, 1), (3, 2)])
def test_slices_arrive(members, per_member, mapping):
    stream = np.random.default_rng(members)
    x = stream.normal(size=(members, 8, 2)).astype(np.float32)
    y = stream.normal(size=(members, 14, 2)).astype(np.float32)
    begins, sizes, places, received = tables(stream, members, per_member)
    mapped = getattr(minijax, mapping)(exchange, axis_name="i")

    np.testing.assert_array_equal(
        mapped(x, y, begins, sizes, places, received),
        by_loops(x, y, begins, sizes, places),
    )


def test_the_example_of_the_documentation():
    out = minijax.vmap(exchange, axis_name="i")(
        np.array([[1, 2, 2], [3, 4, 0]]),
        np.zeros((2, 4), int),
        np.array([[0, 1], [0, 1]]),
        np.array([[1, 2], [1, 1]]),
        np.array([[0, 0], [1, 2]]),
        np.array([[1, 1], [2, 1]]),
    )

    assert out.tolist() == [[1, 3, 0, 0], [2, 2, 4, 0]]


def test_cotangents_go_back_the_same_way():
    """<y_bar, J x_dot> = <J^T y_bar, x_dot>, for a linear function J = exchange."""
    stream = np.random.default_rng(5)
    x, x_dot = stream.normal(size=(2, 3, 8)).astype(np.float32)
    y, y_bar = stream.normal(size=(2, 3, 14)).astype(np.float32)
    integers = tables(stream, 3, 2)

    def f(x, y):
        return minijax.vmap(exchange, axis_name="i")(x, y, *integers)

    _, out_dot = minijax.jvp(f, (x, y), (x_dot, y))
    x_bar, back = minijax.vjp(f, x, y)[1](y_bar)

    np.testing.assert_allclose(
        (out_dot * y_bar).sum(), (x_bar * x_dot).sum() + (back * y).sum(), rtol=1e-4
    )


BAD_CALLS = [
    ((np.ones(3), np.ones(3, int), *[np.zeros(2, int)] * 4), "agree in dtype"),
    ((np.ones(3), np.ones((3, 2)), *[np.zeros(2, int)] * 4), "in all axes"),
    ((np.ones(3), np.ones(3), *[np.zeros(2)] * 4), "integer vectors"),
    ((np.ones(3), np.ones(3), *[np.zeros(3, int)] * 4), "or a multiple"),
]


@pytest.mark.parametrize(("args", "message"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_bad_calls_are_refused(args, message):
    with pytest.raises(ValueError, match=message):
        minijax.vmap(lambda _: exchange(*args), axis_name="i")(np.ones(2))
