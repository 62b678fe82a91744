"""NNX: modules as objects, with their optimizer."""

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from report import report


class Model(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(3, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.last = nnx.Linear(8, 1, rngs=rngs)

    def __call__(self, x):
        return self.last(nnx.relu(self.norm(self.first(x))))


model = Model(nnx.Rngs(0))
optimizer = nnx.Optimizer(model, optax.adam(1e-2), wrt=nnx.Param)
x = jax.random.normal(jax.random.key(5), (16, 3))
y = jnp.sin(x[:, :1])


@nnx.jit
def step(model, optimizer):
    value, grads = nnx.value_and_grad(lambda m: jnp.mean((m(x) - y) ** 2))(model)
    optimizer.update(model, grads)
    return value


values = [step(model, optimizer) for _ in range(8)]
graph, state = nnx.split(model)
report(
    losses=values, leaves=len(jax.tree.leaves(state)), out=nnx.merge(graph, state)(x)
)
