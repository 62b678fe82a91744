"""Small feed-forward networks: a two-layer classifier and a deep residual one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..workload import API, Result, Workload, per_call, stages
from .data import integers, normal

PIXELS, HIDDEN, CLASSES = 64, 32, 10
DEPTH, WIDTH = 30, 64


def network_parameters(api: API) -> dict[str, Any]:
    """Weights of a two-layer network, 64 -> 32 -> 10."""
    return {
        "w1": normal(api, 1, (PIXELS, HIDDEN), 0.1),
        "b1": api.numpy.zeros(HIDDEN),
        "w2": normal(api, 2, (HIDDEN, CLASSES), 0.1),
        "b2": api.numpy.zeros(CLASSES),
    }


def network_loss(api: API) -> Callable[..., Any]:
    """Mean cross-entropy of the two-layer network on x: f32[n,64], y: i32[n]."""
    jnp = api.numpy

    def loss(p: dict[str, Any], x: Any, y: Any) -> Any:
        hidden = jnp.tanh(x @ p["w1"] + p["b1"])
        scores = hidden @ p["w2"] + p["b2"]
        log_p = scores - jnp.log(jnp.sum(jnp.exp(scores), axis=1, keepdims=True))
        chosen = y[:, None] == jnp.arange(CLASSES)
        return -jnp.mean(jnp.sum(jnp.where(chosen, log_p, 0.0), axis=1))

    return loss


def digits(api: API, n: int) -> tuple[Any, Any]:
    """x: f32[n,64] and y: i32[n], drawn at random."""
    return normal(api, 3, (n, PIXELS)), integers(api, 4, (n,), CLASSES)


def two_layer(api: API) -> Result:
    """Un-jitted gradient of the two-layer loss, batch 32, warm."""
    p, (x, y) = network_parameters(api), digits(api, 32)
    gradient = api.grad(network_loss(api))
    seconds = per_call(lambda: api.block_until_ready(gradient(p, x, y)))
    return Result({"eager grad": seconds}, float(gradient(p, x, y)["b2"][3]))


def per_sample(api: API) -> Result:
    """A gradient for each of 128 samples: vmap of grad, jitted and not."""
    p, (x, y) = network_parameters(api), digits(api, 128)

    def make() -> Callable[..., Any]:
        loss = network_loss(api)

        def one(p: Any, x: Any, y: Any) -> Any:
            return loss(p, x[None], y[None])

        return api.vmap(api.grad(one), in_axes=(None, 0, 0))

    seconds, gradients = stages(api, make, p, x, y)
    eager = make()
    seconds["eager"] = per_call(lambda: api.block_until_ready(eager(p, x, y)))
    return Result(seconds, float(api.numpy.sum(gradients["w1"] ** 2)))


def residual(api: API) -> Result:
    """Gradient of a residual network of 30 blocks of width 64, batch 32."""
    jnp = api.numpy
    shape = (WIDTH, WIDTH)
    blocks = [
        (normal(api, 2 * i, shape, 0.1), normal(api, 2 * i + 1, shape, 0.1))
        for i in range(DEPTH)
    ]
    x = normal(api, 99, (32, WIDTH))

    def make() -> Callable[..., Any]:
        def loss(blocks: Any, x: Any) -> Any:
            for inner, outer in blocks:
                x = x + jnp.tanh(x @ inner) @ outer
            return jnp.mean(x**2)

        return api.value_and_grad(loss)

    seconds, (value, _) = stages(api, make, blocks, x)
    return Result(seconds, float(value))


WORKLOADS = (
    Workload("two-layer-network", two_layer, targets={"eager grad": (0.25, 0.15)}),
    Workload(
        "per-sample-gradients",
        per_sample,
        targets={"trace+lower": (0.25,), "run": (1.0,)},
    ),
    Workload("residual-30", residual, targets={"run": (1.0,)}),
)
