"""XLA's own generators: types, batching, and what their samples are functions of."""

import numpy as np
import pytest

import minijax
from minijax import lax
from minijax.lax import RandomAlgorithm

from .lowered import text_of

KEYS = np.arange(8, dtype=np.uint32).reshape(2, 4)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_a_key_gives_other_bits_next_time_and_the_same_bits_again(dtype):
    with minijax.enable_x64(True):
        key, first = lax.rng_bit_generator(KEYS[1], (50,), dtype)
        _, second = lax.rng_bit_generator(key, (50,), dtype)
        _, again = lax.rng_bit_generator(KEYS[1], (50,), dtype)

        assert first.dtype == np.dtype(dtype)
        assert np.array_equal(first, again)
        assert np.mean(np.asarray(first) == np.asarray(second)) < 0.1


def test_a_key_may_be_two_wide_words():
    """uint64[2] holds the same bytes as uint32[4], low word first."""
    with minijax.enable_x64(True):
        wide, bits = lax.rng_bit_generator(KEYS[1].view(np.uint64), (3,))
        narrow, expected = lax.rng_bit_generator(KEYS[1], (3,))

        assert np.array_equal(bits, expected)
        assert np.array_equal(np.asarray(wide).view(np.uint32), narrow)


def test_bits_of_mapped_keys_come_from_the_first():
    """As in jax: one generator runs, and only the first key advances."""
    keys, bits = minijax.vmap(lambda k: lax.rng_bit_generator(k, (3,)))(KEYS)
    first, expected = lax.rng_bit_generator(KEYS[0], (2, 3))

    assert np.array_equal(bits, expected)
    assert np.array_equal(keys, [first, KEYS[1]])


def test_algorithms_differ():
    philox, threefry = (
        lax.rng_bit_generator(KEYS[0], (8,), algorithm=algorithm)[1]
        for algorithm in (RandomAlgorithm.RNG_PHILOX, RandomAlgorithm.RNG_THREE_FRY)
    )

    assert not np.array_equal(philox, threefry)


def test_text():
    text = text_of(lambda k: lax.rng_bit_generator(k, (3,), np.uint8)[1], KEYS[0])

    assert "stablehlo.rng_bit_generator" in text
    assert "algorithm = DEFAULT : (tensor<2xui64>)" in text


BAD_CALLS = [
    (
        lambda: lax.rng_bit_generator(KEYS, (3,)),
        r"u32\[4\] or u64\[2\], got u32\[2,4\]",
    ),
    (lambda: lax.rng_bit_generator(KEYS[0], (3,), np.int32), "unsigned integer dtype"),
    (lambda: lax.rng_bit_generator(KEYS[0], (3,), np.float32), "unsigned integer"),
    (lambda: lax.rng_uniform(0, 1.0, (3,)), "one dtype, got i32"),
    (lambda: lax.rng_uniform(np.zeros(2), np.ones(2), (2,)), "must be scalars"),
    (lambda: lax.rng_uniform(np.int8(0), np.int8(1), (2,)), "of 32 bits or more"),
]


@pytest.mark.parametrize(("call", "message"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_bad_calls_are_refused(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int32", "uint32"])
def test_uniform_numbers_fill_their_range(dtype):
    low, high = (lax.convert_element_type(v, dtype) for v in (3, 13))
    x = np.asarray(lax.rng_uniform(low, high, (5000,)), np.float64)

    assert x.min() >= 3
    assert x.max() <= 13
    assert abs(x.mean() - (8 if "float" in dtype else 7.5)) < 0.25


def test_uniform_numbers_move_with_their_bounds():
    """x = a + u (b - a), so dx = (1 - u) da + u db."""
    a, b, a_dot, b_dot = map(np.float32, (1, 3, 0.5, -2))

    def draw(a, b):
        return lax.rng_uniform(a, b, (7,))

    x, x_dot = minijax.jvp(draw, (a, b), (a_dot, b_dot))
    u = (np.asarray(x) - a) / (b - a)

    np.testing.assert_allclose(x_dot, (1 - u) * a_dot + u * b_dot, rtol=1e-5)

    x, pull = minijax.vjp(draw, a, b)
    u = (np.asarray(x) - a) / (b - a)

    np.testing.assert_allclose(pull(np.ones_like(x)), [(1 - u).sum(), u.sum()], 1e-5)


def test_mapped_bounds_give_each_member_its_range():
    low = np.arange(3, dtype=np.float32) * 10
    x = np.asarray(minijax.vmap(lambda a: lax.rng_uniform(a, a + 1, (50,)))(low))
    n = np.asarray(
        minijax.vmap(lambda a: lax.rng_uniform(a, a + 4, (50,)))(low.astype(int))
    )

    assert ((x >= low[:, None]) & (x <= low[:, None] + 1)).all()
    assert [sorted(set(row.tolist())) for row in n] == [
        [0, 1, 2, 3],
        [10, 11, 12, 13],
        [20, 21, 22, 23],
    ]
