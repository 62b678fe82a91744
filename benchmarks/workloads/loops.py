"""Gradients of loops that jax can differentiate: `scan`, `fori_loop`, nested."""

from __future__ import annotations

from typing import Any

from ..workload import API, Result, Workload, stages
from .data import normal


def pendulum(api: API) -> Result:
    """The energy after 1000 steps of damped pendulums, by its initial state."""
    jnp = api.numpy

    def energy(state: Any) -> Any:
        def step(k: Any, state: Any) -> Any:
            angle, speed = state
            speed = 0.999 * speed - 0.01 * jnp.sin(angle)
            return angle + 0.01 * speed, speed

        angle, speed = api.lax.fori_loop(0, 1000, step, state)
        return jnp.sum(speed**2 / 2 - jnp.cos(angle))

    state = normal(api, 1, (256,)), normal(api, 2, (256,))
    seconds, (angle_bar, _) = stages(api, lambda: api.grad(energy), state)
    return Result(seconds, float(jnp.sum(angle_bar**2)))


def recurrence(api: API) -> Result:
    """A tanh network over 200 steps of a batch, by its weights."""
    jnp = api.numpy

    def loss(w: Any, xs: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            h = jnp.tanh(h @ w + x)
            return h, jnp.sum(h * h)

        _, losses = api.lax.scan(step, jnp.zeros((16, 64)), xs)
        return jnp.mean(losses)

    w, xs = normal(api, 1, (64, 64), 0.1), normal(api, 2, (200, 16, 64))
    seconds, gradient = stages(api, lambda: api.grad(loss), w, xs)
    return Result(seconds, float(jnp.sum(gradient**2)))


def nested(api: API) -> Result:
    """A scan whose steps are loops of 8 Newton steps each, by their parameter."""
    jnp = api.numpy

    def loss(a: Any) -> Any:
        def newton(k: Any, x: Any) -> Any:
            return 0.5 * (x + a / x)

        def step(carry: Any, x: Any) -> Any:
            root = api.lax.fori_loop(0, 8, newton, 1.0 + x * x)
            return carry + jnp.sum(root * x), None

        total, _ = api.lax.scan(step, 0.0, normal(api, 2, (100, 64)))
        return total

    seconds, gradient = stages(api, lambda: api.grad(loss), normal(api, 1, (64,)) ** 2)
    return Result(seconds, float(jnp.sum(gradient**2)))


WORKLOADS = tuple(
    Workload(name, run, targets={"run": (1.2, 1.0)})
    for name, run in (
        ("loop-pendulum-1000", pendulum),
        ("loop-recurrence-200", recurrence),
        ("loop-nested-800", nested),
    )
)
