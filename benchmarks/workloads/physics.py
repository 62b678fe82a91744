"""Simulations written out step by step: differential equations, grids, particles."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..workload import API
from .data import normal
from .problems import workload


def runge_kutta(f: Callable[[Any], Any], x: Any, dt: float) -> Any:
    """One step of the classical fourth-order method for x' = f(x)."""
    k1 = f(x)
    k2 = f(x + dt / 2 * k1)
    k3 = f(x + dt / 2 * k2)
    k4 = f(x + dt * k3)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def lorenz(steps: int, size: int, api: API) -> Any:
    """Gradient of where Lorenz's trajectories end by their beginning."""
    jnp = api.numpy

    def velocity(state: Any) -> Any:
        x, y, z = state
        return jnp.stack([10.0 * (y - x), x * (28.0 - z) - y, x * y - 2.667 * z])

    def make() -> Callable[..., Any]:
        def loss(state: Any) -> Any:
            for _ in range(steps):
                state = runge_kutta(velocity, state, 0.01)
            return jnp.mean(state**2)

        return api.value_and_grad(loss)

    return make, (normal(api, 1, (3, size)),)


def oscillators(steps: int, size: int, api: API) -> Any:
    """A chain of anharmonic oscillators by RK4: every stage reads both neighbours."""
    jnp = api.numpy

    def force(x: Any) -> Any:
        return jnp.roll(x, 1) - 2 * x + jnp.roll(x, -1) - 0.1 * x * x * x

    def velocity(state: Any) -> Any:
        return jnp.stack([state[1], force(state[0])])

    def make() -> Callable[..., Any]:
        def run(state: Any) -> Any:
            for _ in range(steps):
                state = runge_kutta(velocity, state, 0.05)
            return state

        return run

    return make, (normal(api, 1, (2, size)),)


def heat(steps: int, size: int, api: API) -> Any:
    """Gradient of the heat equation on a grid by its initial temperature and source."""
    jnp = api.numpy

    def laplacian(u: Any) -> Any:
        up, down = jnp.roll(u, 1, 0), jnp.roll(u, -1, 0)
        left, right = jnp.roll(u, 1, 1), jnp.roll(u, -1, 1)
        return up + down + left + right - 4 * u

    def make() -> Callable[..., Any]:
        def loss(u: Any, source: Any) -> Any:
            for _ in range(steps):
                u = u + 0.1 * laplacian(u) + 0.01 * source * (1 - u * u)
            return jnp.mean(u**2)

        return api.value_and_grad(loss, argnums=(0, 1))

    shape = (size, size)
    return make, (normal(api, 1, shape, 0.5), normal(api, 2, shape, 0.5))


def particles(steps: int, count: int, api: API) -> Any:
    """Leapfrog steps of gravitating particles, and the gradient of their energy."""
    jnp = api.numpy

    def acceleration(x: Any) -> Any:
        d = x[None, :, :] - x[:, None, :]  # (i, j, 3): from particle i to particle j
        r2 = jnp.sum(d * d, axis=-1) + 0.1
        return jnp.mean(d / (r2 * jnp.sqrt(r2))[:, :, None], axis=1)

    def make() -> Callable[..., Any]:
        def energy(x: Any, v: Any) -> Any:
            for _ in range(steps):
                v = v + 0.005 * acceleration(x)
                x = x + 0.01 * v
                v = v + 0.005 * acceleration(x)
            return jnp.mean(v * v) + jnp.mean(x * x)

        return api.value_and_grad(energy, argnums=(0, 1))

    return make, (normal(api, 1, (count, 3)), normal(api, 2, (count, 3), 0.1))


def waves(steps: int, size: int, api: API) -> Any:
    """Shallow water on a periodic line, by Lax and Wendroff's two half steps."""
    jnp = api.numpy

    def flux(h: Any, q: Any) -> Any:
        return q, q * q / h + 4.9 * h * h

    def step(h: Any, q: Any) -> Any:
        fh, fq = flux(h, q)
        half_h = (h + jnp.roll(h, -1)) / 2 - 0.05 * (jnp.roll(fh, -1) - fh)
        half_q = (q + jnp.roll(q, -1)) / 2 - 0.05 * (jnp.roll(fq, -1) - fq)
        fh, fq = flux(half_h, half_q)
        return h - 0.1 * (fh - jnp.roll(fh, 1)), q - 0.1 * (fq - jnp.roll(fq, 1))

    def make() -> Callable[..., Any]:
        def run(h: Any, q: Any) -> Any:
            for _ in range(steps):
                h, q = step(h, q)
            return h, q

        return run

    return make, (1 + normal(api, 1, (size,), 0.01), normal(api, 2, (size,), 0.01))


WORKLOADS = (
    workload("lorenz-10", partial(lorenz, 10, 1000)),
    workload("oscillators-4", partial(oscillators, 4, 1000)),
    workload("heat-20", partial(heat, 20, 128)),
    workload("particles-5", partial(particles, 5, 64)),
    workload("waves-10", partial(waves, 10, 10_000)),
)
