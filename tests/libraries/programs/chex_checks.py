"""Assertions, dataclasses, and variants of a test."""

import chex
import jax
import jax.numpy as jnp
from report import report


@chex.dataclass
class Point:
    x: chex.Array
    y: chex.Array


point = Point(x=jnp.ones(2), y=jnp.zeros(2))
chex.assert_shape([point.x, point.y], (2,))
chex.assert_tree_all_finite(point)
chex.assert_trees_all_close(point, jax.tree.map(lambda v: v + 0.0, point))
chex.assert_type(point.x, float)
chex.assert_equal_shape([point.x, point.y])
chex.assert_numerical_grads(lambda x: jnp.sin(x).sum(), (jnp.ones(2),), order=1)
counted = jax.jit(chex.assert_max_traces(lambda x: x + 1, n=1))
counted(1.0)
failed = 0.0
try:
    chex.assert_rank(point.x, 2)
except AssertionError:
    failed = 1.0
report(
    scaled=jax.tree.leaves(jax.jit(lambda p: jax.tree.map(lambda v: 2 * v, p))(point)),
    failed=failed,
    counted=counted(2.0),
)
