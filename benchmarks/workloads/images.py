"""Images: a residual network of convolutions, and filters applied one after another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..workload import API
from .data import normal
from .problems import workload


def convolutions(depth: int, api: API) -> Any:
    """Gradient of a residual network: normalise, rectify, convolve, add."""
    jnp = api.numpy
    layers = [
        (normal(api, k, (16, 16, 3, 3), 0.1), jnp.ones(16), jnp.zeros(16))
        for k in range(depth)
    ]

    def normalise(x: Any, gain: Any, shift: Any) -> Any:
        mean = jnp.mean(x, axis=(0, 2, 3), keepdims=True)
        variance = jnp.mean((x - mean) ** 2, axis=(0, 2, 3), keepdims=True)
        scaled = (x - mean) / jnp.sqrt(variance + 1e-5)
        return scaled * gain[:, None, None] + shift[:, None, None]

    def make() -> Callable[..., Any]:
        def loss(layers: Any, x: Any) -> Any:
            for kernel, gain, shift in layers:
                y = api.nn.relu(normalise(x, gain, shift))
                x = x + api.lax.conv(y, kernel, (1, 1), "SAME")
            return jnp.mean(x**2)

        return api.value_and_grad(loss)

    return make, (layers, normal(api, 99, (8, 16, 16, 16)))


def filters(passes: int, size: int, api: API) -> Any:
    """Edge-preserving smoothing: repeated, weighted means of the four neighbours."""
    jnp = api.numpy

    def smooth(u: Any) -> Any:
        total, weight = u, jnp.ones_like(u)
        for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
            v = jnp.roll(u, shift, axis)
            w = 1 / (1 + 4 * (u - v) ** 2)
            total, weight = total + w * v, weight + w
        return total / weight

    def make() -> Callable[..., Any]:
        def run(u: Any) -> Any:
            for _ in range(passes):
                u = smooth(u)
            return u

        return run

    return make, (normal(api, 1, (size, size)),)


def resonators(taps: int, size: int, api: API) -> Any:
    """Gradient of a second-order filter over time, by its coefficients."""
    jnp = api.numpy

    def make() -> Callable[..., Any]:
        def loss(coefficients: Any, xs: Any) -> Any:
            a, b = coefficients
            y1 = y2 = jnp.zeros(size)
            total = 0.0
            for x in xs:
                y1, y2 = x + a * y1 + b * y2, y1
                total = total + jnp.mean(y1 * y1)
            return total

        return api.value_and_grad(loss)

    a, b = 0.5 + normal(api, 1, (size,), 0.1), normal(api, 2, (size,), 0.1)
    return make, ((a, b), list(normal(api, 3, (taps, size))))


WORKLOADS = (
    workload("convolutions-8", partial(convolutions, 8)),
    workload("filters-6", partial(filters, 6, 256)),
    workload("resonators-40", partial(resonators, 40, 256)),
)
