"""Derivatives of |Ax - b|^2 and of x -> tanh(Ax), un-jitted and jitted, warm."""

from __future__ import annotations

from typing import Any

from ..workload import API, Result, Workload, per_call
from .data import normal


def least_squares(api: API, rows: int, columns: int) -> tuple[Any, Any]:
    """The function x -> |Ax - b|^2 and a point."""
    a = normal(api, 1, (rows, columns), columns**-0.5)
    b = normal(api, 2, (rows,))
    return lambda x: api.numpy.sum((a @ x - b) ** 2), normal(api, 3, (columns,))


def both_ways(api: API, f: Any, *args: Any) -> Result:
    """Time a function as it is and jitted."""
    jitted = api.jit(f)
    seconds = {
        "eager": per_call(lambda: api.block_until_ready(f(*args))),
        "jit": per_call(lambda: api.block_until_ready(jitted(*args))),
    }
    return Result(seconds, float(api.numpy.sum(jitted(*args) ** 2)))


def gradient(api: API) -> Result:
    f, x = least_squares(api, 1000, 300)
    return both_ways(api, api.grad(f), x)


def hessian(api: API) -> Result:
    f, x = least_squares(api, 300, 100)
    return both_ways(api, api.hessian(f), x)


def hessian_vector(api: API) -> Result:
    f, x = least_squares(api, 3000, 3000)

    def product(x: Any, v: Any) -> Any:
        return api.jvp(api.grad(f), (x,), (v,))[1]

    return both_ways(api, product, x, normal(api, 4, (3000,)))


def jacobian_wide(api: API) -> Result:
    """Reverse mode, 10 outputs of 1000 inputs."""
    a, x = normal(api, 1, (10, 1000), 0.03), normal(api, 3, (1000,))
    return both_ways(api, api.jacrev(lambda x: api.numpy.tanh(a @ x)), x)


def jacobian_tall(api: API) -> Result:
    """Forward mode, 1000 outputs of 10 inputs."""
    a, x = normal(api, 1, (1000, 10), 0.3), normal(api, 3, (10,))
    return both_ways(api, api.jacfwd(lambda x: api.numpy.tanh(a @ x)), x)


WORKLOADS = (
    Workload("least-squares-gradient", gradient, targets={"jit": (1.0,)}),
    Workload(
        "least-squares-hessian", hessian, targets={"eager": (0.15,), "jit": (1.0,)}
    ),
    Workload("least-squares-hvp-3000", hessian_vector, targets={"jit": (1.0,)}),
    Workload("jacrev-10x1000", jacobian_wide, targets={"jit": (1.0,)}),
    Workload("jacfwd-1000x10", jacobian_tall, targets={"jit": (1.0,)}),
)
