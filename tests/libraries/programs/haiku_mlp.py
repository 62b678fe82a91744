"""Transformed functions: parameters, state, random numbers."""

import haiku as hk
import jax
import jax.numpy as jnp
from report import report


def forward(x, training):
    x = hk.nets.MLP([8, 4])(x)
    x = hk.BatchNorm(True, True, 0.9)(x, is_training=training)
    x = hk.dropout(hk.next_rng_key(), 0.5, x) if training else x
    return hk.Linear(1)(x)


network = hk.transform_with_state(forward)
key = jax.random.PRNGKey(3)
x = jax.random.normal(key, (6, 3))
params, state = network.init(key, x, True)


@jax.jit
def loss(params, state):
    out, state = network.apply(params, state, key, x, True)
    return jnp.mean(out**2), state


(value, state), grads = jax.value_and_grad(loss, has_aux=True)(params, state)
recurrent = hk.without_apply_rng(
    hk.transform(
        lambda xs: hk.dynamic_unroll(hk.LSTM(5), xs, hk.LSTM(5).initial_state(None))[0]
    )
)
xs = jax.random.normal(key, (4, 3))
weights = recurrent.init(key, xs)
attention = hk.without_apply_rng(
    hk.transform(lambda x: hk.MultiHeadAttention(2, 4, w_init_scale=1.0)(x, x, x))
)
weights_of_attention = attention.init(key, xs)
report(
    value=value,
    grads=jax.tree.leaves(grads),
    state=jax.tree.leaves(state),
    unrolled=recurrent.apply(weights, xs),
    attended=attention.apply(weights_of_attention, xs),
    shapes=jax.tree.leaves(jax.tree.map(jnp.shape, params)),
)
