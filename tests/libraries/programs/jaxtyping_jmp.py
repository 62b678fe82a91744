"""Annotations of shapes that are checked, and policies of precision."""

import jax
import jax.numpy as jnp
import jmp
from jaxtyping import Array, Float, Int, PyTree, jaxtyped
from report import report


def fits(x, kind):
    return float(isinstance(x, kind))


policy = jmp.get_policy("params=float32,compute=bfloat16,output=float32")
scale = jmp.DynamicLossScale(jnp.float32(2.0**15))
tree = {"w": jnp.ones((2, 3)), "n": jnp.arange(3)}
inside = []
jax.jit(lambda x: inside.append(fits(x, Float[Array, "a b"])))(tree["w"])
report(
    fits=[
        fits(tree["w"], Float[Array, "2 3"]),
        fits(tree["w"], Float[Array, "3"]),
        fits(tree["n"], Int[Array, "n"]),
        fits(tree, PyTree[Array]),
        *inside,
    ],
    cast=policy.cast_to_compute(tree)["w"].astype("float32") / 3,
    scaled=jax.grad(lambda x: scale.scale(x * x))(jnp.float32(3.0)),
    adjusted=scale.adjust(jmp.all_finite({"x": jnp.array(jnp.inf)})).loss_scale,
    known=float(jaxtyped is not None),
)
