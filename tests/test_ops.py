"""Reductions over segments: against loops in NumPy, the laws, and the messages."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import ops

from .laws import Case, Ints, check_abstract, check_batched, check_derivatives

IDS = np.array([2, 0, 2, -1, 4, 0, 5])
REDUCTIONS = {
    "segment_sum": (np.sum, 0.0),
    "segment_prod": (np.prod, 1.0),
    "segment_max": (np.max, -np.inf),
    "segment_min": (np.min, np.inf),
}


def by_loop(name, data, ids, count):
    """Each segment reduced on its own."""
    reduce, empty = REDUCTIONS[name]
    out = np.full((count, *data.shape[1:]), empty)
    for k in range(count):
        if (ids == k).any():
            out[k] = reduce(data[ids == k], axis=0)
    return out


@pytest.mark.parametrize("bucket_size", [None, 1, 3, 10])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_each_segment_is_reduced_on_its_own(name, bucket_size):
    data = np.random.default_rng(0).normal(size=(7, 2)).astype("float32")
    got = getattr(ops, name)(data, IDS, 5, bucket_size=bucket_size)

    np.testing.assert_allclose(got, by_loop(name, data, IDS, 5), rtol=1e-6)


def test_the_number_of_segments_is_one_more_than_the_largest():
    assert ops.segment_sum(np.ones(7), IDS).shape == (6,)
    assert ops.segment_sum(np.ones(2), np.array([-3, -1])).shape == (0,)


def test_an_array_of_labels_that_is_known_under_grad_gives_the_number():
    gradient = minijax.grad(lambda x: ops.segment_sum(x, IDS)[2])(jnp.ones(7))

    assert gradient.tolist() == [1, 0, 1, 0, 0, 0, 0]


def test_labels_of_few_bits_count_many_segments_and_buckets():
    ids = np.arange(300).astype("uint8")
    got = ops.segment_sum(np.ones(300), ids, 400, bucket_size=1)

    assert got[:44].tolist() == [2] * 44
    assert got[44:256].tolist() == [1] * 212
    assert got[256:].tolist() == [0] * 144


def test_clip_moves_labels_to_the_ends():
    data = np.array([1.0, 2.0, 4.0, 8.0])
    ids = np.array([-5, 0, 1, 9])

    assert ops.segment_sum(data, ids, 2, mode="clip").tolist() == [3, 12]
    assert ops.segment_sum(data, ids, 2, mode="drop").tolist() == [2, 4]


def test_buckets_round_less():
    """The sum of 2^16 numbers of one size loses bits only once per bucket."""
    data = np.full(1 << 16, 0.1, "float32")
    ids = np.zeros(1 << 16, int)
    exact = float(np.float32(0.1)) * (1 << 16)
    plain = ops.segment_sum(data, ids, 1)
    bucketed = ops.segment_sum(data, ids, 1, bucket_size=256)

    assert abs(bucketed[0] - exact) < abs(plain[0] - exact) / 10


def laws_of(f, name, domain=None):
    return Case(name, f, [(7, 2), Ints((7,), -1, 4)], ("f64",), domain, exact=False)


LAWS = [
    laws_of(lambda x, i: ops.segment_sum(x, i, 4), "sum"),
    laws_of(lambda x, i: ops.segment_sum(x, i, 4, bucket_size=3), "sum: buckets"),
    laws_of(lambda x, i: ops.segment_prod(x, i, 4), "prod"),
    laws_of(lambda x, i: ops.segment_prod(x, i, 3, mode="clip"), "prod: clip"),
    laws_of(lambda x, i: ops.segment_prod(x, i, 4, bucket_size=3), "prod: buckets"),
    laws_of(lambda x, i: jnp.maximum(ops.segment_max(x, i, 4), -9), "max"),
    laws_of(lambda x, i: jnp.minimum(ops.segment_min(x, i, 4), 9), "min"),
]


@pytest.mark.parametrize("case", LAWS, ids=str)
@pytest.mark.parametrize("check", [check_abstract, check_derivatives, check_batched])
def test_laws(case, check):
    check(case, "f64")


@pytest.mark.usefixtures("x64")
def test_products_with_zeros_have_all_derivatives():
    """d^2 (x0 x1 x2) / dx0 dx1 = x2, though x0 = x1 = 0."""
    ids = np.array([0, 0, 0, 1])
    product = lambda x: ops.segment_prod(x, ids, 2)[0]  # noqa: E731
    x = jnp.array([0.0, 0.0, 3.0, 5.0])
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = 3

    assert minijax.grad(product)(x).tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(minijax.hessian(product)(x), expected)
    np.testing.assert_array_equal(minijax.jacfwd(minijax.jacfwd(product))(x), expected)


def test_ties_share_the_derivative_and_empty_segments_have_none():
    ids = np.array([0, 0, 2])
    x = jnp.array([1.0, 1.0, 4.0])
    gradient = minijax.grad(lambda x: ops.segment_max(x, ids, 4)[:3:2].sum())(x)
    _, slopes = minijax.jvp(lambda x: ops.segment_min(x, ids, 4), (x,), (x,))

    assert gradient.tolist() == [0.5, 0.5, 1]
    assert slopes.tolist() == [1, 0, 4, 0]


D = np.ones(3, np.float32)
I = np.zeros(3, np.int32)  # noqa: E741


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: ops.segment_sum(D, I[:2]),
            ValueError,
            "segment_sum: data must have a row for each of segment_ids, got data "
            "f32[3] and segment_ids i32[2].",
        ),
        (
            lambda: ops.segment_max(D, D, 2),
            TypeError,
            "segment_max: segment_ids must be integers, got f32[3]. Convert them with "
            "astype(int).",
        ),
        (
            lambda: ops.segment_prod(D > 0, I, 2),
            TypeError,
            "segment_prod: data must be numbers, got bool[3]. Convert truth values "
            "with astype(int), or take segment_max or segment_min.",
        ),
        (
            lambda: ops.segment_min(D, I, -1),
            ValueError,
            "segment_min: num_segments must be non-negative, got -1.",
        ),
        (
            lambda: ops.segment_sum(D, I, 1, bucket_size=0),
            ValueError,
            "segment_sum: bucket_size must be positive, got 0.",
        ),
        (
            lambda: ops.segment_sum(D[:0], I[:0]),
            ValueError,
            "segment_sum: without rows num_segments must be given, got no segment_ids.",
        ),
        (
            lambda: minijax.jit(ops.segment_sum)(D, I),
            minijax.errors.ConcretizationTypeError,
            "segment_sum: the shape of the result depends on the values of "
            "segment_ids, but segment_ids: i32[3] is traced. Give num_segments as a "
            "Python int.",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
