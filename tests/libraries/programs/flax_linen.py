"""Linen: a convolutional classifier, lifted transformations, a train state."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from flax.training import train_state
from report import report


class Classifier(nn.Module):
    @nn.compact
    def __call__(self, x, training):
        x = nn.relu(nn.Conv(4, (3, 3))(x))
        x = nn.avg_pool(x, (2, 2), (2, 2)).reshape(x.shape[0], -1)
        x = nn.BatchNorm(use_running_average=not training)(x)
        x = nn.Dropout(0.2, deterministic=not training)(x)
        return nn.Dense(3)(x)


class Recurrent(nn.Module):
    @nn.compact
    def __call__(self, xs):
        return nn.RNN(nn.GRUCell(5))(xs)


class Stack(nn.Module):
    @nn.compact
    def __call__(self, x):
        layers = nn.scan(
            lambda m, c, _: (jnp.tanh(nn.Dense(4)(c)), None),
            variable_axes={"params": 0},
            split_rngs={"params": True},
            length=3,
        )
        return layers(self, x, None)[0]


key = jax.random.key(4)
x = jax.random.normal(key, (2, 8, 8, 1))
labels = jnp.array([0, 2])
model = Classifier()
variables = model.init(key, x, False)
state = train_state.TrainState.create(
    apply_fn=model.apply, params=variables["params"], tx=optax.sgd(0.1, 0.9)
)


@jax.jit
def step(state, statistics):
    def loss(params):
        logits, updated = state.apply_fn(
            {"params": params, "batch_stats": statistics},
            x,
            True,
            rngs={"dropout": key},
            mutable=["batch_stats"],
        )
        values = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return values.mean(), updated["batch_stats"]

    (value, statistics), grads = jax.value_and_grad(loss, has_aux=True)(state.params)
    return state.apply_gradients(grads=grads), statistics, value


statistics, values = variables["batch_stats"], []
for _ in range(4):
    state, statistics, value = step(state, statistics)
    values.append(value)
xs = jax.random.normal(key, (1, 4, 3))
unrolled, _ = Recurrent().init_with_output(key, xs)
stacked, _ = Stack().init_with_output(key, jnp.ones(4))
attention = nn.MultiHeadDotProductAttention(2, qkv_features=4)
attended, _ = attention.init_with_output(key, xs[..., :2], xs[..., :2])
report(
    losses=values,
    statistics=jax.tree.leaves(statistics),
    unrolled=unrolled,
    stacked=stacked,
    attended=attended,
)
