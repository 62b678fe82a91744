"""A network on a graph, and attention over its edges."""

import jax
import jax.numpy as jnp
import jraph
from report import report

graph = jraph.GraphsTuple(
    nodes=jnp.arange(6.0).reshape(3, 2),
    edges=jnp.ones((4, 1)),
    senders=jnp.array([0, 1, 2, 0]),
    receivers=jnp.array([1, 2, 0, 2]),
    n_node=jnp.array([3]),
    n_edge=jnp.array([4]),
    globals=jnp.zeros((1, 1)),
)
network = jraph.GraphNetwork(
    update_edge_fn=lambda e, s, r, g: jnp.tanh(e + s.sum(1, keepdims=True) - r[:, :1]),
    update_node_fn=lambda n, s, r, g: n + s + r,
    update_global_fn=lambda n, e, g: n.sum(1, keepdims=True) + e,
)
convolution = jraph.GraphConvolution(lambda n: 2 * n, add_self_edges=True)
padded = jraph.pad_with_graphs(graph, 5, 7)


def loss(nodes):
    return jax.jit(network)(graph._replace(nodes=nodes)).globals.sum()


report(
    nodes=network(graph).nodes,
    slope=jax.grad(loss)(graph.nodes),
    convolved=convolution(graph).nodes,
    mask=jraph.get_node_padding_mask(padded),
    softmax=jraph.segment_softmax(jnp.arange(4.0), graph.receivers, 3),
)
