"""A multilayer perceptron: filtered jit, derivatives, vmap, state and errors."""

import equinox as eqx
import jax
import jax.numpy as jnp
from report import report

key = jax.random.key(1)
model = eqx.nn.MLP(3, 2, 16, 2, key=key)
x = jax.random.normal(jax.random.key(2), (10, 3))
y = jnp.stack([x[:, 0] * x[:, 1], x[:, 2] ** 2], axis=1)


@eqx.filter_jit
@eqx.filter_value_and_grad
def loss(model, x, y):
    return jnp.mean((jax.vmap(model)(x) - y) ** 2)


values = []
for _ in range(30):
    value, grads = loss(model, x, y)
    model = eqx.apply_updates(model, jax.tree.map(lambda g: -0.1 * g, grads))
    values.append(value)
norm = eqx.nn.LayerNorm(3)
attention = eqx.nn.MultiheadAttention(2, 4, key=key)
convolution = eqx.nn.Conv2d(1, 2, 3, key=key)
lstm = eqx.nn.LSTMCell(3, 4, key=key)
batch_norm, state = eqx.nn.make_with_state(eqx.nn.BatchNorm)(3, "batch", mode="batch")
normed, state = jax.vmap(
    batch_norm, axis_name="batch", in_axes=(0, None), out_axes=(0, None)
)(x, state)


@eqx.filter_jit
def checked(x):
    return eqx.error_if(x, x < 0, "x must be positive")


try:
    checked(jnp.array(-1.0))
    message = "none"
except RuntimeError as error:
    message = "x must be positive" if "x must be positive" in str(error) else str(error)
dynamic, static = eqx.partition(model, eqx.is_array)
report(
    losses=values[::5],
    normed=norm(x[0]),
    attended=attention(*[jnp.ones((3, 4))] * 3),
    convolved=convolution(jnp.ones((1, 5, 5))),
    hidden=lstm(x[0], (jnp.zeros(4), jnp.zeros(4)))[0],
    batch_normed=normed,
    leaves=len(jax.tree.leaves(dynamic)),
    shape=eqx.filter_eval_shape(model, x[0]).shape,
    jvp=eqx.filter_jvp(lambda m: jax.vmap(m)(x).sum(), (model,), (grads,))[1],
    checked=checked(jnp.array(2.0)),
    raised=float(message == "x must be positive"),
)
