"""Evolution strategies on a valley."""

import jax
import jax.numpy as jnp
from evosax.algorithms import CMA_ES, DifferentialEvolution, Open_ES
from report import report


def evolve(make):
    start = jnp.zeros(2)
    strategy = make(population_size=8, solution=start)
    params = strategy.default_params
    key = jax.random.key(15)
    if make is DifferentialEvolution:
        people = jax.random.normal(key, (8, 2))
        state = strategy.init(key, people, valley(people), params)
    else:
        state = strategy.init(key, start, params)

    def generation(state, key):
        people, state = strategy.ask(key, state, params)
        state, metrics = strategy.tell(key, people, valley(people), state, params)
        return state, metrics["best_fitness"]

    return jax.lax.scan(generation, state, jax.random.split(key, 10))[1]


def valley(people):
    return jnp.sum((people - jnp.array([1.0, -2.0])) ** 2, axis=-1)


report(
    cma=evolve(CMA_ES), differential=evolve(DifferentialEvolution), open=evolve(Open_ES)
)
