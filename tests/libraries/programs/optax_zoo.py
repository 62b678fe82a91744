"""Every optimizer takes ten steps down one valley."""

import jax
import jax.numpy as jnp
import optax
from report import report


def valley(p):
    return (1 - p["x"]) ** 2 + 5 * jnp.sum((p["y"] - p["x"] ** 2) ** 2)


def descend(optimizer):
    params = {"x": jnp.array(-0.5), "y": jnp.array([0.3, 0.8])}
    state = optimizer.init(params)
    for _ in range(10):
        value, grads = jax.value_and_grad(valley)(params)
        updates, state = optimizer.update(
            grads, state, params, value=value, grad=grads, value_fn=valley
        )
        params = optax.apply_updates(params, updates)
    return valley(params)


zoo = {
    "sgd": optax.sgd(0.01, momentum=0.9, nesterov=True),
    "rmsprop": optax.rmsprop(0.01),
    "adagrad": optax.adagrad(0.1),
    "adamax": optax.adamax(0.01),
    "lion": optax.lion(0.01),
    "lamb": optax.lamb(0.01),
    "radam": optax.radam(0.01),
    "yogi": optax.yogi(0.01),
    "novograd": optax.novograd(0.01),
    "adafactor": optax.adafactor(0.01),
    "lbfgs": optax.lbfgs(),
    "polyak": optax.polyak_sgd(),
}
report(
    **{
        name: descend(optax.with_extra_args_support(optimizer))
        for name, optimizer in zoo.items()
    }
)
