"""The gradient of an LSTM: its cell written out for each time, or inside a scan."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..workload import API, Result, Workload, stages
from .data import normal

BATCH, WIDTH = 16, 32


def cell(api: API, p: dict[str, Any], state: tuple[Any, Any], x: Any) -> Any:
    """One step of an LSTM: (h, c) and x: f32[batch,width] -> the next (h, c)."""
    jnp = api.numpy
    h, c = state
    gates = x @ p["input"] + h @ p["hidden"] + p["bias"]
    i, f, o, g = jnp.split(gates, 4, axis=1)
    sigmoid = api.nn.sigmoid
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def unrolled(api: API, p: dict[str, Any], xs: Any) -> Any:
    """Loss of a loop in Python over the leading axis of xs."""
    zeros = api.numpy.zeros((BATCH, WIDTH))
    state = zeros, zeros
    for x in xs:
        state = cell(api, p, state, x)
    return api.numpy.mean(state[0] ** 2)


def scanned(api: API, p: dict[str, Any], xs: Any) -> Any:
    """The same loss with a scan."""
    zeros = api.numpy.zeros((BATCH, WIDTH))
    (h, _), _ = api.lax.scan(
        lambda state, x: (cell(api, p, state, x), None), (zeros, zeros), xs
    )
    return api.numpy.mean(h**2)


def gradient(loss: Callable[..., Any], steps: int, api: API) -> Result:
    p = {
        "input": normal(api, 1, (WIDTH, 4 * WIDTH), 0.2),
        "hidden": normal(api, 2, (WIDTH, 4 * WIDTH), 0.2),
        "bias": api.numpy.zeros(4 * WIDTH),
    }
    xs = normal(api, 3, (steps, BATCH, WIDTH))
    # A list, so that the loop in Python indexes no traced array.
    xs = list(xs) if loss is unrolled else xs
    seconds, (value, _) = stages(
        api, lambda: api.value_and_grad(partial(loss, api)), p, xs
    )
    return Result(seconds, float(value))


def workload(steps: int, slow: bool, **targets: tuple[float, ...]) -> Workload:
    run = partial(gradient, unrolled, steps)
    return Workload(f"lstm-{steps}", run, targets={"run": (1.0,), **targets}, slow=slow)


WORKLOADS = (
    workload(10, slow=False),
    workload(20, slow=True),
    workload(50, slow=True, compile=(0.15,), run=(0.5,)),
    workload(80, slow=True),
    Workload("lstm-scan-500", partial(gradient, scanned, 500), targets={"run": (1.0,)}),
)
