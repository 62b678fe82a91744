"""The frames that are left of a traceback are those that jax leaves."""

import traceback

import pytest

import minijax
import minijax.config

jax = pytest.importorskip("jax")
pytestmark = pytest.mark.oracle

MODES = ["off", "auto", "tracebackhide", "remove_frames", "quiet_remove_frames"]


def fails(x):
    raise KeyError("mine")


def layer(x):
    return fails(x) + 1


def grad_of_jit(api, lax):
    return api.grad(api.jit(layer))(1.0)


def vmap_in_jit(api, lax):
    return api.jit(lambda x: api.vmap(layer)(x).sum())(api.numpy.ones(3))


def scan(api, lax):
    return lax.scan(lambda c, _: (c, layer(c)), 1.0, None, length=3)


def rule(api, lax):
    f = api.custom_vjp(lambda x: x)
    f.defvjp(lambda x: (layer(x), None), lambda _, y_bar: (y_bar,))
    return api.grad(f)(1.0)


def users_frames(call, api, lax):
    """Names of the functions of this file in the traceback, and what came with it."""
    try:
        call(api, lax)
    except KeyError as error:
        frames = traceback.extract_tb(error.__traceback__)
        internal = sum(f.filename != __file__ for f in frames)
        return (
            [f.name for f in frames if f.filename == __file__],
            internal > 0,
            type(error.__cause__).__name__,
            len(getattr(error, "__notes__", ())),
        )
    raise AssertionError("the call raised nothing")


@pytest.mark.parametrize("call", [grad_of_jit, vmap_in_jit, scan, rule])
@pytest.mark.parametrize("mode", MODES)
def test_the_same_frames_are_left_as_by_jax(call, mode):
    results = []
    for package in (minijax, jax):
        before = package.config.jax_traceback_filtering
        package.config.update("jax_traceback_filtering", mode)
        try:
            results.append(users_frames(call, package, package.lax))
        finally:
            package.config.update("jax_traceback_filtering", before)

    assert results[0] == results[1]
