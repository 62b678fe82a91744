"""Calls on small arrays, where the time is all the package's own."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..workload import API, Result, Workload, per_call
from .data import normal


def jit_call(api: API) -> Result:
    """A jitted function of two arguments f32[8]."""
    x, y = normal(api, 1, (8,)), normal(api, 2, (8,))
    f = api.jit(lambda x, y: x * y + x)
    return Result({"call": per_call(lambda: f(x, y))}, float(f(x, y)[0]))


def jit_leaves(leaves: int, api: API) -> Result:
    """A jitted function of a dictionary of f32[8] that returns another."""
    tree = {f"leaf{i}": normal(api, i, (8,)) for i in range(leaves)}
    f = api.jit(partial(api.tree_util.tree_map, lambda x: 0.5 * x))
    return Result({"call": per_call(lambda: f(tree))}, float(f(tree)["leaf0"][0]))


def operations(api: API) -> Result:
    """Un-jitted operations on f32[8] and f32[8,8]."""
    jnp = api.numpy
    x, y, m = normal(api, 1, (8,)), normal(api, 2, (8,)), normal(api, 3, (8, 8))
    calls = {
        "x + y": lambda: x + y,
        "x * 2.0": lambda: x * 2.0,
        "x[0]": lambda: x[0],
        "x[1:5]": lambda: x[1:5],
        "sin": lambda: jnp.sin(x),
        "sum": lambda: jnp.sum(x),
        "where": lambda: jnp.where(x > 0, x, y),
        "concatenate": lambda: jnp.concatenate([x, y]),
        "stack": lambda: jnp.stack([x, y]),
        "reshape": lambda: jnp.reshape(m, (4, 16)),
        "m @ x": lambda: m @ x,
        "array": lambda: jnp.array([1.0, 2.0, 3.0]),
        "zeros": lambda: jnp.zeros(8),
        "x.at[0].set": lambda: x.at[0].set(1.0),
    }
    value = sum(float(jnp.sum(call())) for call in calls.values())
    return Result({name: per_call(f, 0.1) for name, f in calls.items()}, value)


def derivatives(api: API) -> Result:
    """Un-jitted derivatives of functions of f32[8]."""
    jnp = api.numpy
    x, v = normal(api, 1, (8,)), normal(api, 2, (8,))

    def wave(x: Any) -> Any:
        return jnp.sum(jnp.sin(x))

    gradient, hessian = api.grad(wave), api.hessian(wave)
    each = api.vmap(api.grad(lambda t: jnp.sin(t) * t))
    calls = {
        "grad of sum(sin(x))": lambda: gradient(x),
        "jvp of sum(sin(x))": lambda: api.jvp(wave, (x,), (v,))[1],
        "hessian of sum(sin(x))": lambda: hessian(x),
        "vmap of grad": lambda: each(x),
    }
    value = sum(float(jnp.sum(call())) for call in calls.values())
    return Result({name: per_call(f, 0.3) for name, f in calls.items()}, value)


WORKLOADS = (
    Workload("jit-call", jit_call, targets={"call": (1.1,)}),
    Workload("jit-call-1", partial(jit_leaves, 1), targets={"call": (1.0,)}),
    Workload("jit-call-10", partial(jit_leaves, 10), targets={"call": (1.1,)}),
    Workload("jit-call-100", partial(jit_leaves, 100), targets={"call": (1.1,)}),
    Workload("jit-call-1000", partial(jit_leaves, 1000), targets={"call": (1.1,)}),
    Workload(
        "eager",
        operations,
        targets={"x + y": (0.9, 0.75), "x[0]": (0.2,), "concatenate": (0.25,)},
    ),
    Workload(
        "eager-derivatives",
        derivatives,
        targets={
            "grad of sum(sin(x))": (0.15,),
            "hessian of sum(sin(x))": (0.15,),
        },
    ),
)
