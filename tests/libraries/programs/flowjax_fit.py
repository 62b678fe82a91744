"""A normalising flow is trained a few steps."""

import jax
import jax.numpy as jnp
from flowjax.bijections import RationalQuadraticSpline
from flowjax.distributions import Normal
from flowjax.flows import coupling_flow
from flowjax.train import fit_to_data
from report import report

key = jax.random.key(14)
x = jax.random.normal(key, (64, 2)) * jnp.array([1.0, 0.3])
flow = coupling_flow(
    key,
    base_dist=Normal(jnp.zeros(2)),
    transformer=RationalQuadraticSpline(knots=4, interval=3),
    flow_layers=2,
    nn_width=8,
)
fitted, losses = fit_to_data(
    key, flow, x, max_epochs=2, batch_size=32, show_progress=False
)
report(
    before=flow.log_prob(x[:3]),
    after=fitted.log_prob(x[:3]),
    losses=losses["train"],
    sample=fitted.sample(key, (2,)),
)
