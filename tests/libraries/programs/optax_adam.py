"""Two layers trained with Adam, a schedule and clipping."""

import jax
import jax.numpy as jnp
import optax
from report import report


def loss(params, x, y):
    hidden = jnp.tanh(x @ params["w1"] + params["b1"])
    return jnp.mean((hidden @ params["w2"] - y) ** 2)


keys = jax.random.split(jax.random.key(0), 4)
params = {
    "w1": jax.random.normal(keys[0], (3, 8)),
    "b1": jnp.zeros(8),
    "w2": jax.random.normal(keys[1], (8, 1)),
}
x = jax.random.normal(keys[2], (32, 3))
y = jnp.sin(x.sum(axis=1, keepdims=True))
schedule = optax.warmup_cosine_decay_schedule(0.0, 0.05, 10, 60)
optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule))
state = optimizer.init(params)


@jax.jit
def step(params, state):
    value, grads = jax.value_and_grad(loss)(params, x, y)
    updates, state = optimizer.update(grads, state, params)
    return optax.apply_updates(params, updates), state, value


values = []
for _ in range(60):
    params, state, value = step(params, state)
    values.append(value)
labels = jnp.array([0, 2, 1])
logits = jax.random.normal(keys[3], (3, 4))
report(
    losses=values[::10],
    last=values[-1],
    norm=optax.global_norm(params),
    entropy=optax.softmax_cross_entropy_with_integer_labels(logits, labels),
    huber=optax.huber_loss(logits, jnp.zeros_like(logits)),
)
