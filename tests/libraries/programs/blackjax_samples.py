"""Markov chains: HMC, NUTS with adaptation, random walks."""

import blackjax
import jax
import jax.numpy as jnp
from report import report


def density(x):
    return -0.5 * jnp.sum((x - jnp.array([1.0, -1.0])) ** 2 * jnp.array([1.0, 4.0]))


def chain(kernel, count=20):
    def step(state, key):
        state, _ = kernel.step(key, state)
        return state, state.position

    keys = jax.random.split(jax.random.key(10), count)
    return jax.lax.scan(step, kernel.init(jnp.zeros(2)), keys)[1]


mass = jnp.ones(2)
report(
    hmc=chain(blackjax.hmc(density, 0.1, mass, 5)),
    nuts=chain(blackjax.nuts(density, 0.3, mass)),
    mala=chain(blackjax.mala(density, 0.1)),
    walk=chain(blackjax.additive_step_random_walk.normal_random_walk(density, mass)),
)
