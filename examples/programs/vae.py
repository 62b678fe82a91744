"""A variational autoencoder of little pictures of bars.

Kingma and Welling, "Auto-encoding variational Bayes", 2013: an encoder gives the mean
and variance of a code, a decoder gives pixels from a sample of it, and both are trained
on the evidence lower bound. The optimiser is Adam, in four lines.
"""

import minijax as jax
import minijax.numpy as jnp
from minijax import random
from minijax.nn import softplus

SIDE, CODES, HIDDEN = 8, 4, 64
BATCH, STEPS, RATE = 64, 400, 3e-3


def pictures(key, count):
    """(count, 64) pictures in which each row and column is lit with chance 1/8."""
    rows, columns = random.bernoulli(key, 0.125, (2, count, SIDE))
    lit = rows[:, :, None] | columns[:, None, :]
    return lit.reshape(count, SIDE * SIDE).astype(jnp.float32)


def layer(key, n_in, n_out):
    return {
        "w": random.normal(key, (n_in, n_out)) * jnp.sqrt(2.0 / n_in),
        "b": jnp.zeros(n_out),
    }


def dense(params, x):
    return x @ params["w"] + params["b"]


def init(key):
    keys = random.split(key, 4)
    return {
        "encoder": layer(keys[0], SIDE * SIDE, HIDDEN),
        "code": layer(keys[1], HIDDEN, 2 * CODES),
        "decoder": layer(keys[2], CODES, HIDDEN),
        "pixels": layer(keys[3], HIDDEN, SIDE * SIDE),
    }


def loss(params, key, x):
    """The negative evidence lower bound of one picture, in nats."""
    hidden = jax.nn.relu(dense(params["encoder"], x))
    mean, log_variance = jnp.split(dense(params["code"], hidden), 2)
    # The sample is a function of its mean and deviation: this is what has a gradient.
    code = mean + jnp.exp(log_variance / 2) * random.normal(key, mean.shape)
    logits = dense(params["pixels"], jax.nn.relu(dense(params["decoder"], code)))
    # -log p(x) of Bernoulli pixels, and KL(N(mean, variance) || N(0, 1)).
    reconstruction = jnp.sum(softplus(logits) - x * logits)
    divergence = jnp.sum(jnp.exp(log_variance) + mean**2 - 1 - log_variance) / 2
    return reconstruction + divergence


def batch_loss(params, key, xs):
    keys = random.split(key, len(xs))
    return jnp.mean(jax.vmap(loss, (None, 0, 0))(params, keys, xs))


def adam(gradients, state, step):
    """Kingma and Ba, "Adam", 2014: the update, and the moments of the gradients."""
    first, second = state
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    scale = RATE * jnp.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
    move = jax.tree.map(lambda m, v: -scale * m / (jnp.sqrt(v) + 1e-8), first, second)
    return move, (first, second)


@jax.jit
def train(params, key):
    def step(carry, k):
        params, state = carry
        data_key, noise_key = random.split(random.fold_in(key, k))
        xs = pictures(data_key, BATCH)
        value, gradients = jax.value_and_grad(batch_loss)(params, noise_key, xs)
        move, state = adam(gradients, state, k)
        return (jax.tree.map(jnp.add, params, move), state), value

    zeros = jax.tree.map(jnp.zeros_like, params)
    start = (params, (zeros, zeros))
    (params, _), values = jax.lax.scan(step, start, jnp.arange(STEPS))
    return params, values


params, values = train(init(random.key(0)), random.key(1))
print(f"first bound {values[0]:.2f} nats")
print(f"last bound {values[-20:].mean():.2f} nats")
# prints: last bound 24.61 nats
