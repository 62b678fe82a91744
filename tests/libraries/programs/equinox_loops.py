"""Checkpointed loops, closures as values, rules of one's own, primitives batched."""

import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from report import report


def iterate(x, kind):
    def condition(carry):
        return carry[0] < 7

    def body(carry):
        k, value = carry
        return k + 1, jnp.sin(value) + 0.1 * value

    return eqxi.while_loop(
        condition, body, (0, x), kind=kind, max_steps=16, checkpoints=3
    )[1]


@eqx.filter_custom_vjp
def doubled(x):
    return 2 * x


@doubled.def_fwd
def forward(perturbed, x):
    return doubled(x), None


@doubled.def_bwd
def backward(residuals, ct, perturbed, x):
    return 3 * ct


closed = eqx.filter_closure_convert(lambda x: x * jnp.arange(3.0), jnp.array(1.0))
x = jnp.array(0.7)
report(
    lax=iterate(x, "lax"),
    checkpointed=jax.grad(lambda x: iterate(x, "checkpointed"))(x),
    bounded=jax.grad(lambda x: iterate(x, "bounded"))(x),
    batched=jax.vmap(jax.grad(lambda x: iterate(x, "checkpointed")))(jnp.arange(3.0)),
    doubled=jax.grad(doubled)(x),
    closed=closed(jnp.array(2.0)),
    unvmapped=jax.vmap(lambda x: eqxi.unvmap_any(x > 1) * x)(jnp.arange(3.0)),
    noinline=jax.jit(lambda x: eqxi.noinline(lambda x: x * 2)(x))(x),
)
