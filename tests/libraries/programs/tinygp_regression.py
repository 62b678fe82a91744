"""A Gaussian process: its likelihood, the slope of it, and predictions."""

import jax
import jax.numpy as jnp
from report import report
from tinygp import GaussianProcess, kernels

x = jnp.linspace(0.0, 3.0, 12)
y = jnp.sin(2 * x)


def process(theta):
    kernel = jnp.exp(theta[0]) * kernels.ExpSquared(jnp.exp(theta[1]))
    return GaussianProcess(kernel, x, diag=0.01)


theta = jnp.array([0.1, -0.2])
_, conditioned = process(theta).condition(y, jnp.array([0.5, 1.7]))
quasi = GaussianProcess(kernels.quasisep.Matern32(1.0), x, diag=0.1)
report(
    likelihood=process(theta).log_probability(y),
    slope=jax.grad(lambda t: process(t).log_probability(y))(theta),
    mean=conditioned.loc,
    variance=conditioned.variance,
    quasi=jax.jit(lambda y: quasi.log_probability(y))(y),
)
