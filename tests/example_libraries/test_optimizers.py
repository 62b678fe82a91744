"""Optimizers go downhill, whatever the containers, also compiled."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import tree
from minijax.example_libraries import optimizers

OPTIMIZERS = {
    "sgd": optimizers.sgd(0.1),
    "momentum": optimizers.momentum(0.05, 0.8),
    "nesterov": optimizers.nesterov(0.05, 0.8),
    "adagrad": optimizers.adagrad(0.5),
    "rmsprop": optimizers.rmsprop(0.02),
    "rmsprop_momentum": optimizers.rmsprop_momentum(0.01, momentum=0.5),
    "adam": optimizers.adam(0.1),
    "adamax": optimizers.adamax(0.2),
    "sm3": optimizers.sm3(0.5),
}


def loss(params):
    """Zero where every element is 3."""
    return sum(jnp.sum((x - 3.0) ** 2) for x in tree.leaves(params))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_parabola_is_minimized(name):
    """300 compiled steps from (0, 1) to 3, in a matrix, a vector and a scalar."""
    opt_init, opt_update, get_params = OPTIMIZERS[name]
    params = {"w": jnp.zeros((2, 3)), "b": [jnp.ones(3), jnp.array(0.0)]}

    @minijax.jit
    def train(state):
        def step(i, state):
            return opt_update(i, minijax.grad(loss)(get_params(state)), state)

        return minijax.lax.fori_loop(0, 300, step, state)

    fitted = get_params(train(opt_init(params)))

    assert tree.structure(fitted) == tree.structure(params)
    for x in tree.leaves(fitted):
        np.testing.assert_allclose(x, 3.0, atol=0.05)


def test_states_survive_unpacking():
    """pack(unpack(state)) is the state, leaf by leaf."""
    state = optimizers.adam(0.1).init_fn({"a": jnp.ones(2), "b": (jnp.zeros(()),)})
    marked = optimizers.unpack_optimizer_state(state)

    assert isinstance(marked["a"], optimizers.JoinPoint)
    assert len(marked["b"][0].subtree) == 3
    again = optimizers.pack_optimizer_state(marked)
    assert tree.structure(again) == tree.structure(state)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: optimizers.sgd(0.1).update_fn(
                0, (1.0,), optimizers.sgd(0.1).init_fn([1.0])
            ),
            TypeError,
            "optimizer: the update function was passed a gradient tree that did not "
            "match the parameter tree structure with which it was initialized, got "
            "PyTreeDef((*,)) for PyTreeDef([*]).",
        ),
        (
            lambda: optimizers.make_schedule(np.ones(2)),
            TypeError,
            "make_schedule: a step size is a number or a function of the step, got "
            "<class 'numpy.ndarray'>.",
        ),
        (
            lambda: optimizers.piecewise_constant([1], [1.0]),
            ValueError,
            "piecewise_constant: boundaries length must be one shorter than values "
            "length, got 1 and 1.",
        ),
        (
            lambda: optimizers.pack_optimizer_state([1.0]),
            TypeError,
            "pack_optimizer_state: leaves must be JoinPoints, got <class 'float'>.",
        ),
    ],
)
def test_refusals_say_what_to_do(call, error, message):
    with pytest.raises(error) as caught:
        call()

    assert str(caught.value).split("\n")[0] == message
