"""Networks of layers: shapes are those announced, and they can be trained."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import random
from minijax.example_libraries import optimizers, stax


def test_announced_shapes_are_those_of_outputs():
    """init says the shape of the outputs, the batch being -1."""
    layers = (
        stax.Conv(4, (3, 3), padding="SAME"),
        stax.BatchNorm(),
        stax.Relu,
        stax.MaxPool((2, 2), (2, 2)),
        stax.ConvTranspose(3, (2, 2), (2, 2)),
        stax.AvgPool((2, 2)),
        stax.Flatten,
        stax.FanOut(2),
        stax.parallel(stax.Dense(5), stax.Identity),
        stax.FanInConcat(),
        stax.Dropout(0.9, mode="test"),
        stax.Softmax,
    )
    init, apply = stax.serial(*layers)
    shape, params = init(random.key(0), (-1, 8, 6, 3))
    out = apply(params, jnp.ones((7, 8, 6, 3)), rng=random.key(1))

    assert out.shape == (7, *shape[1:])
    np.testing.assert_allclose(jnp.sum(out, axis=1), 1.0, rtol=1e-5)


def test_exclusive_or_is_learnt():
    """A network with one hidden layer separates what no line separates."""
    x = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = jnp.array([0.0, 1.0, 1.0, 0.0])
    init, apply = stax.serial(stax.Dense(8), stax.Tanh, stax.Dense(1), stax.Sigmoid)
    _, params = init(random.key(3), (-1, 2))
    opt_init, opt_update, get_params = optimizers.adam(0.1)

    def loss(params):
        return jnp.mean((apply(params, x)[:, 0] - y) ** 2)

    @minijax.jit
    def train(state):
        def step(i, state):
            return opt_update(i, minijax.grad(loss)(get_params(state)), state)

        return minijax.lax.fori_loop(0, 500, step, state)

    fitted = get_params(train(opt_init(params)))

    np.testing.assert_allclose(apply(fitted, x)[:, 0], y, atol=0.1)


def test_dropout_needs_a_key():
    """Dropout without a key is refused, also where it would drop nothing."""
    _, apply = stax.Dropout(0.5, mode="test")
    with pytest.raises(
        ValueError, match="Dropout: the apply function needs a PRNG key"
    ):
        apply((), jnp.ones(3))
