"""`explain_cache_misses`: each cause of a retrace is named, with its old value."""

import functools

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import device_put, grad, jit, vmap
from minijax.config import enable_x64, explain_cache_misses


@pytest.fixture
def said(caplog):
    """The messages so far, their first line apart; forgotten once they are read."""

    def read() -> list[list[str]]:
        found = [r.getMessage() for r in caplog.records]
        caplog.clear()
        return [[x.strip() for x in message.split("\n")[1:]] for message in found]

    with explain_cache_misses(True):
        yield read


def test_the_place_and_the_function_are_named(said, caplog):
    def step(x):
        return x * 2

    jit(step)(1.0)

    (record,) = caplog.records
    first = record.getMessage().split("\n")[0]
    assert first.startswith("TRACING CACHE MISS at ")
    assert f"{__file__}:" in first
    assert first.endswith("jit of step is traced:")
    assert said() == [["it is called for the first time"]]


def test_nothing_is_said_where_nothing_is_traced(said):
    step = jit(lambda x: x * 2)
    step(jnp.ones(3))
    said()
    step(jnp.zeros(3))
    jit(step.fun)(jnp.zeros(3))

    assert said() == []


@pytest.mark.parametrize(
    ("before", "now", "reasons"),
    [
        ((jnp.ones(3), 2), (jnp.ones(4), 2), ["x: f32[4], was f32[3]"]),
        (
            (jnp.ones(3), 2),
            (jnp.ones(3, int), 2),
            ["x: i32[3], was f32[3]"],
        ),
        ((jnp.float32(1), 2), (1.0, 2), ["x: f32[] (weakly typed), was f32[]"]),
        ((jnp.ones(3), 2), (jnp.ones(3), 3), ["static argument n: 3, was 2"]),
        ((jnp.ones(3), 2), (jnp.ones(3), 2.0), ["static argument n: 2.0, was 2"]),
        (
            ({"w": jnp.ones(3)}, 2),
            ({"w": jnp.ones(2)}, 3),
            ["static argument n: 3, was 2", "x['w']: f32[2], was f32[3]"],
        ),
        (
            ({"w": 1.0}, 2),
            ({"v": 1.0}, 2),
            [
                "structure of the arguments (args, kwargs): now[0][0] must be a dict "
                "with keys ['w'] like before[0][0], got a dict with keys ['v']."
            ],
        ),
    ],
    ids=["shape", "dtype", "weak", "static", "type of static", "two", "tree"],
)
def test_what_differs_is_named(said, before, now, reasons):
    step = jit(lambda x, n: x, static_argnums=1)
    step(*before)
    said()
    step(*now)

    assert said() == [reasons]


def test_the_most_similar_call_is_compared_with(said):
    step = jit(lambda x, y: x + y.sum())
    step(jnp.ones(3), jnp.ones(3))
    step(jnp.ones(4), jnp.ones(4))
    said()
    step(jnp.ones(4), jnp.ones(5))

    assert said() == [["y: f32[5], was f32[4]"]]


def test_an_option_is_named(said):
    step = jit(lambda x: x * 2)
    step(np.ones(3, "float32"))
    said()
    with enable_x64(True):
        step(np.ones(3, "float32"))

    assert said() == [["option jax_enable_x64: True, was False"]]


def test_a_function_made_anew_is_recognised(said):
    def call(x):
        return jit(lambda y: y * 2)(x)

    call(1.0)
    said()
    call(1.0)
    jit(functools.partial(np.copy))

    ((reason,),) = said()
    assert reason.startswith(f"it is a new function object, made at {__file__}:")


def test_a_mapped_axis_is_named(said):
    step = jit(lambda x: x * 2)
    for size in 2, 3:
        vmap(step, axis_name="rows")(jnp.ones((size, 2)))

    assert said()[1] == [
        "mapped axes around the call: rows of size 3, were rows of size 2"
    ]


def test_an_argument_that_has_moved_is_named(said, devices):
    step = jit(lambda x: x * 2)
    x = device_put(jnp.ones(3), devices[0])
    step(x)
    said()
    step(device_put(x, devices[1]))

    ((reason,),) = said()
    assert reason.startswith("x: SingleDeviceSharding(device=")
    assert " (committed), was " in reason


def test_it_is_said_in_whatever_transformation(said):
    step = jit(lambda x: x * 2)
    grad(step)(1.0)
    said()
    jit(grad(lambda x: step(x)))(jnp.float32(1))

    assert ["x: f32[], was f32[] (weakly typed)"] in said()
