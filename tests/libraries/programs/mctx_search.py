"""Tree search with a model that is known."""

import jax
import jax.numpy as jnp
import mctx
from report import report


def recurrent(params, key, action, state):
    step = state + jnp.array([-1.0, 0.0, 2.0])[action]
    out = mctx.RecurrentFnOutput(
        reward=jnp.cos(step),
        discount=jnp.full_like(step, 0.9),
        prior_logits=jnp.zeros((step.shape[0], 3)),
        value=jnp.sin(step),
    )
    return out, step


root = mctx.RootFnOutput(
    prior_logits=jnp.zeros((2, 3)), value=jnp.zeros(2), embedding=jnp.array([0.0, 1.0])
)
key = jax.random.key(13)
muzero = mctx.muzero_policy(None, key, root, recurrent, num_simulations=16)
gumbel = jax.jit(
    lambda root: mctx.gumbel_muzero_policy(None, key, root, recurrent, 16)
)(root)
report(
    action=muzero.action,
    weights=muzero.action_weights,
    gumbel=gumbel.action_weights,
    visits=muzero.search_tree.node_visits,
)
