"""A model as a tree, with named axes."""

import jax
import jax.numpy as jnp
from penzai import pz
from report import report

x = pz.nx.wrap(jnp.arange(6.0).reshape(2, 3)).tag("batch", "features")
layer = pz.nn.Linear.from_config(
    "layer", jax.random.key(18), {"features": 3}, {"out": 4}
)
model = pz.nn.Sequential([layer, pz.nn.Elementwise(jax.nn.gelu), pz.nn.Softmax("out")])
named = pz.nx.nmap(jnp.sum)(x.untag("features"))
report(
    out=model(x).unwrap("batch", "out"),
    named=named.unwrap("batch"),
    count=len(jax.tree.leaves(pz.unbind_params(model)[1])),
)
