"""A Gaussian process that learns how smooth and how noisy its data are.

Rasmussen and Williams, "Gaussian processes for machine learning", 2006, algorithm 2.1.
The scales maximise the marginal likelihood; they move along its gradient, each by its
curvature.
"""

import minijax as jax
import minijax.numpy as jnp
from minijax import random
from minijax.scipy.linalg import cho_factor, cho_solve

KEYS = random.split(random.key(0), 2)
X = random.uniform(KEYS[0], (40,), minval=-3.0, maxval=3.0)
Y = jnp.sin(2 * X) + 0.5 * X + 0.1 * random.normal(KEYS[1], X.shape)


def kernel(params, x, z):
    height, width = jnp.exp(params["height"]), jnp.exp(params["width"])
    return height**2 * jnp.exp(-(((x[:, None] - z[None]) / width) ** 2) / 2)


def covariance(params):
    noise = jnp.exp(params["noise"])
    return kernel(params, X, X) + (noise**2 + 1e-5) * jnp.eye(len(X))


def loss(params):
    """The negative log marginal likelihood, in nats a point."""
    factor = cho_factor(covariance(params), lower=True)
    fit = Y @ cho_solve(factor, Y) / 2
    volume = jnp.log(jnp.diag(factor[0])).sum()
    return (fit + volume) / len(X) + jnp.log(2 * jnp.pi) / 2


def predict(params, x):
    """Mean and deviation of the function at new points."""
    factor = cho_factor(covariance(params), lower=True)
    across = kernel(params, X, x)
    mean = across.T @ cho_solve(factor, Y)
    explained = jnp.sum(across * cho_solve(factor, across), axis=0)
    variance = jnp.exp(params["height"]) ** 2 - explained
    return mean, jnp.sqrt(variance)


@jax.jit
def update(params):
    value, gradients = jax.value_and_grad(loss)(params)
    move = jax.tree.map(lambda p, g: p - 0.3 * g, params, gradients)
    return move, value


params = {"height": 0.0, "width": 0.0, "noise": -1.0}
for k in range(80):
    params, value = update(params)
    if k % 20 == 0:
        print(f"step {k}: {value:.4f} nats a point")
grid = jnp.linspace(-2.5, 2.5, 50)
mean, deviation = jax.jit(predict)(params, grid)
error = jnp.sqrt(jnp.mean((mean - jnp.sin(2 * grid) - grid / 2) ** 2))
print(f"likelihood {value:.3f}, error {error:.3f}, deviation {deviation.mean():.3f}")
# prints: likelihood -0.142, error 0.055, deviation 0.062
