"""Train a classifier by gradient descent, and check its gradient against the formula.

Two classes of points in the plane lie around (1, 1) and (-1, -1). Logistic regression
with weights w and offset b gives the probability of the first class as

    p = sigmoid(x w + b),        loss = mean of -log p, or of -log(1 - p),

and its gradient is known: x^T (p - y) / n for the weights.
"""

import minijax.numpy as jnp
from minijax import jit, nn, random, value_and_grad, vmap

N = 400


def loss(parameters, x, y):
    """Mean negative log-likelihood; x: f32[n,2] points, y: f32[n] labels 0 or 1."""
    scores = x @ parameters["w"] + parameters["b"]
    # -log sigmoid(s) = softplus(-s), without overflow for large s
    return jnp.mean(nn.softplus(-scores) * y + nn.softplus(scores) * (1 - y))


@jit
def step(parameters, x, y):
    """One step of gradient descent; also returns the loss before it."""
    value, gradient = value_and_grad(loss)(parameters, x, y)
    moved = {name: p - 0.5 * gradient[name] for name, p in parameters.items()}
    return moved, value


def main():
    """Draw the data, train, and check the gradient and the accuracy."""
    label_key, noise_key = random.split(random.key(0))
    y = random.bernoulli(label_key, 0.5, (N,)).astype(jnp.float32)
    x = (2 * y - 1)[:, None] + random.normal(noise_key, (N, 2))

    parameters = {"w": jnp.zeros(2), "b": jnp.zeros(())}
    for t in range(101):
        parameters, value = step(parameters, x, y)
        if t % 25 == 0:
            print(f"step {t:3}: loss {value:.4f}")

    _, gradient = value_and_grad(loss)(parameters, x, y)
    p = nn.sigmoid(x @ parameters["w"] + parameters["b"])
    assert jnp.allclose(gradient["w"], x.T @ (p - y) / N, atol=1e-6)

    # One gradient for each point, from the same function.
    each = vmap(value_and_grad(loss), in_axes=(None, 0, 0))
    _, gradients = each(parameters, x[:, None], y[:, None])
    assert jnp.allclose(gradients["w"].mean(axis=0), gradient["w"], atol=1e-6)

    accuracy = jnp.mean((p > 0.5) == (y > 0.5))
    assert accuracy > 0.9
    print(f"gradient agrees with the formula; accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
