"""A first result in a fresh process, counted from the start of the interpreter."""

from __future__ import annotations

from ..workload import API, Result, Workload, since_launch
from .networks import digits, network_loss, network_parameters
from .transformer import gradient_norm


def first_eager(api: API) -> Result:
    jnp = api.numpy
    gradient = api.grad(lambda x: jnp.sum(jnp.sin(x) ** 2))
    value = float(gradient(jnp.arange(8.0))[3])
    return Result({"launch to result": since_launch()}, value)


def first_jitted(api: API) -> Result:
    gradient = api.jit(api.grad(network_loss(api)))
    value = float(gradient(network_parameters(api), *digits(api, 32))["b2"][0])
    return Result({"launch to result": since_launch()}, value)


def first_transformer(api: API) -> Result:
    value = gradient_norm(api, 12)
    return Result({"launch to result": since_launch()}, value)


WORKLOADS = (
    Workload("first-eager-gradient", first_eager),
    Workload("first-jitted-gradient", first_jitted),
    Workload("first-transformer", first_transformer, slow=True),
    Workload(
        "second-transformer",
        first_transformer,
        targets={"launch to result": (0.25,)},
        warm_cache=True,
        slow=True,
    ),
)
