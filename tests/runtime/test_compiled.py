"""Library functions called un-jitted: one program each, found without confusion."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax.runtime.compiled import compiled, compiled_operator


def test_numbers_are_told_apart_by_type_and_sign():
    x = jnp.arange(3)

    assert [(x * n).dtype for n in (2, 2.0, 2)] == ["int32", "float32", "int32"]
    assert [str(jnp.copysign(1.0, z)) for z in (0.0, -0.0, 0.0)] == [
        "1.0",
        "-1.0",
        "1.0",
    ]
    assert (x > 0).tolist() == [False, True, True]


def test_numpy_arguments_are_told_apart_by_shape():
    """Arguments that are no arrays on a device are never looked up by their class."""
    for n in (2, 3, 2):
        assert jnp.sin(np.ones(n, np.float32)).shape == (n,)
        assert jnp.concatenate([np.ones(n), np.ones(1)]).shape == (n + 1,)
    gradient = minijax.grad(lambda x, y: jnp.sum(x * y))
    for n in (2, 3, 2):
        ones = np.ones(n, np.float32)
        assert gradient(ones, 2 * ones).tolist() == [2.0] * n


def test_static_arguments_are_part_of_the_program():
    x = jnp.arange(6.0).reshape(2, 3)

    assert [jnp.sum(x, axis=k).shape for k in (0, 1, 0, None)] == [(3,), (2,), (3,), ()]
    assert [jnp.sum(x, 0, keepdims=k).ndim for k in (True, False)] == [2, 1]


def test_a_function_of_lists():
    @compiled
    def total(xs, scale):
        return sum(xs) * scale

    x = jnp.ones(2)

    assert [total([x] * n, 3.0).tolist() for n in (1, 2, 1)] == [
        [3] * 2,
        [6] * 2,
        [3] * 2,
    ]


def test_tracers_go_through_one_program():
    """The function runs once per type, however often it is called under grad."""
    runs = []

    @compiled
    def f(x, y):
        runs.append(x)
        return jnp.tanh(x) * y

    x = jnp.ones(3)
    for _ in range(3):
        slope = minijax.grad(lambda x: jnp.sum(f(x, 2.0)))(x)

    assert len(runs) == 1
    np.testing.assert_allclose(
        slope, 2 * (1 - np.tanh(1.0) ** 2) * np.ones(3), rtol=1e-6
    )


def test_within_jit_it_is_inlined():
    operate = compiled_operator(lambda x, y: x + y, lambda y: True)

    printed = str(minijax.make_jaxpr(operate)(1.0, 2.0))

    assert "jit" not in printed
    assert "add" in printed


def test_disable_jit_runs_the_function_itself():
    runs = []

    @compiled
    def f(x):
        runs.append(x)
        return x + 1

    with minijax.disable_jit():
        assert [int(f(jnp.ones((), int))) for _ in range(2)] == [2, 2]

    assert len(runs) == 2


INDICES = [
    0,
    -1,
    True,
    slice(1, 3),
    slice(None, None, -2),
    None,
    ...,
    (1, ...),
    (0, None),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indices_are_read_as_numpy_reads_them(index):
    """Twice, the second time by what was remembered of the first."""
    x = np.arange(12.0).reshape(4, 3)
    y = jnp.asarray(x)

    for _ in range(2):
        np.testing.assert_array_equal(y[index], x[index])


def test_indices_that_look_alike():
    """True is a mask, 1 a place, and both have the same hash."""
    x = jnp.arange(4)

    assert [x[k].shape for k in (1, True, 1, True)] == [(), (1, 4), (), (1, 4)]
    assert x[(1,)].shape == ()
    with pytest.raises(TypeError):
        x[1.0]
