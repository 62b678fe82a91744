"""Probabilistic models and finance: likelihoods, samplers, filters, option prices."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from ..workload import API
from .data import integers, normal
from .problems import workload


def options(size: int, api: API) -> Any:
    """Black and Scholes' prices of many options and their five sensitivities."""
    jnp = api.numpy

    def price(s: Any, k: Any, t: Any, r: Any, sigma: Any) -> Any:
        spread = sigma * jnp.sqrt(t)
        d1 = (jnp.log(s / k) + (r + sigma * sigma / 2) * t) / spread
        d2 = d1 - spread

        def normal_cdf(x: Any) -> Any:
            return 0.5 * (1 + api.lax.erf(x / math.sqrt(2)))

        return s * normal_cdf(d1) - k * jnp.exp(-r * t) * normal_cdf(d2)

    def make() -> Callable[..., Any]:
        def total(*args: Any) -> Any:
            return jnp.sum(price(*args)) / size

        return api.value_and_grad(total, argnums=(0, 1, 2, 3, 4))

    def around(seed: int, centre: float, scale: float) -> Any:
        # Within two deviations: subnormal densities would be all that is timed.
        return centre + scale * jnp.clip(normal(api, seed, (size,)), -2.0, 2.0)

    return make, (
        around(1, 100.0, 10.0),
        around(2, 100.0, 10.0),
        around(3, 1.0, 0.2),
        around(4, 0.05, 0.01),
        around(5, 0.2, 0.05),
    )


def sampler(steps: int, api: API) -> Any:
    """Leapfrog steps of Hamiltonian Monte Carlo for a hierarchical logistic regression.

    20 groups, 8 features, 500 observations.
    """
    jnp = api.numpy
    x, groups = normal(api, 1, (500, 8)), integers(api, 2, (500,), 20)
    y = (normal(api, 3, (500,)) > 0).astype(jnp.float32)

    def log_posterior(p: Any) -> Any:
        scores = x @ p["slope"] + p["offset"][groups] * jnp.exp(p["log_scale"])
        likelihood = jnp.sum(y * scores - jnp.logaddexp(scores, 0.0))
        prior = jnp.sum(p["slope"] ** 2) + jnp.sum(p["offset"] ** 2)
        return likelihood - prior / 2 - p["log_scale"] ** 2

    def make() -> Callable[..., Any]:
        def run(p: Any, momentum: Any) -> Any:
            tree_map, slope = api.tree_util.tree_map, api.grad(log_posterior)
            for _ in range(steps):
                half = tree_map(lambda m, g: m + 0.005 * g, momentum, slope(p))
                p = tree_map(lambda a, m: a + 0.01 * m, p, half)
                momentum = tree_map(lambda m, g: m + 0.005 * g, half, slope(p))
            return p, momentum

        return run

    def point(seed: int) -> Any:
        return {
            "slope": normal(api, seed, (8,), 0.1),
            "offset": normal(api, seed + 1, (20,), 0.1),
            "log_scale": jnp.float32(0.1 * seed),
        }

    return make, (point(1), point(4))


def kalman(steps: int, api: API) -> Any:
    """Gradient of the likelihood of a tracked point by a Kalman filter, unrolled."""
    jnp = api.numpy

    def make() -> Callable[..., Any]:
        def loss(transition: Any, noise: Any, observations: Any) -> Any:
            mean, cov, total = jnp.zeros(4), jnp.eye(4), 0.0
            scale = jnp.exp(noise)
            for y in observations:
                mean = transition @ mean
                cov = transition @ cov @ transition.T + scale[0] * jnp.eye(4)
                # The first two of four state variables are seen.
                s = cov[:2, :2] + scale[1] * jnp.eye(2)
                det = s[0, 0] * s[1, 1] - s[0, 1] * s[1, 0]
                adjugate = jnp.array([[s[1, 1], -s[0, 1]], [-s[1, 0], s[0, 0]]])
                gain = cov[:, :2] @ (adjugate / det)
                error = y - mean[:2]
                total = total + jnp.log(det) + error @ (adjugate / det) @ error
                mean = mean + gain @ error
                cov = cov - gain @ cov[:2, :]
            return total / steps

        return api.value_and_grad(loss, argnums=(0, 1))

    transition = jnp.eye(4) + normal(api, 1, (4, 4), 0.05)
    observations = list(normal(api, 2, (steps, 2)))
    return make, (transition, normal(api, 3, (2,), 0.1), observations)


def mixture(size: int, api: API) -> Any:
    """Gradient of the likelihood of a mixture of 8 normal distributions."""
    jnp = api.numpy

    def make() -> Callable[..., Any]:
        def loss(p: Any, x: Any) -> Any:
            z = (x[:, None, :] - p["mean"]) * jnp.exp(-p["log_scale"])
            log_p = -0.5 * jnp.sum(z * z, axis=-1) - jnp.sum(p["log_scale"], axis=-1)
            weights = api.nn.log_softmax(p["weight"])
            return -jnp.mean(api.nn.logsumexp(log_p + weights, axis=-1))

        return api.value_and_grad(loss)

    p = {
        "mean": normal(api, 1, (8, 4)),
        "log_scale": normal(api, 2, (8, 4), 0.1),
        "weight": normal(api, 3, (8,)),
    }
    return make, (p, normal(api, 4, (size, 4)))


WORKLOADS = (
    workload("options-1e6", partial(options, 1_000_000)),
    workload("sampler-10", partial(sampler, 10)),
    workload("kalman-20", partial(kalman, 20)),
    workload("mixture-1e5", partial(mixture, 100_000)),
)
