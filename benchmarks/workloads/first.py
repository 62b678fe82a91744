"""A first result in a fresh process, counted from the start of the interpreter.

`first-*` are processes whose disk cache of compiled programs is empty, `second-*` those
that find there what another process compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..workload import API, Result, Workload, since_launch
from .data import normal
from .networks import digits, network_loss, network_parameters
from .transformer import gradient_norm


def eager_calls(api: API) -> Result:
    """The first call of some un-jitted operations on f32[8] and f32[8,8]."""
    jnp = api.numpy
    x, m = normal(api, 1, (8,)), normal(api, 2, (8, 8))
    results = [
        *(x + x, x * 2.0, x[0], x[1:5], jnp.sin(x), jnp.where(x > 0, x, -x)),
        *(jnp.concatenate([x, x]), jnp.stack([x, x]), m @ x, m.T, jnp.sort(x)),
        *(jnp.mean(m, axis=0), jnp.linalg.solve(m, x), x.at[0].set(1.0)),
    ]
    value = sum(float(jnp.sum(result)) for result in results)
    return Result({"launch to result": since_launch()}, value)


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


def pair(
    name: str, run: Callable[[API], Result], second: Sequence[float] = (), slow=False
) -> tuple[Workload, Workload]:
    """The workload in a first process, and in a second one, with its targets."""
    return (
        Workload(f"first-{name}", run, disk_cache="empty", slow=slow),
        Workload(
            f"second-{name}",
            run,
            {"launch to result": tuple(second)} if second else {},
            disk_cache="warm",
            slow=slow,
        ),
    )


WORKLOADS = (
    *pair("eager-calls", eager_calls),
    *pair("eager-gradient", first_eager),
    *pair("jitted-gradient", first_jitted),
    *pair("transformer", first_transformer, second=(0.25,), slow=True),
)
