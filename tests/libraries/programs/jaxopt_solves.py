"""Optimisation with implicit derivatives."""

import jax
import jax.numpy as jnp
import jaxopt
from report import report

x = jax.random.normal(jax.random.key(9), (20, 3))
y = x @ jnp.array([1.0, -2.0, 0.5])


def ridge(w, penalty):
    return jnp.mean((x @ w - y) ** 2) + penalty * jnp.sum(w**2)


def solution(penalty, solver):
    return solver(ridge, maxiter=200, tol=1e-6).run(jnp.zeros(3), penalty).params


lasso = jaxopt.ProximalGradient(
    lambda w: jnp.mean((x @ w - y) ** 2), jaxopt.prox.prox_lasso, maxiter=200
)
report(
    gradient=solution(0.1, jaxopt.GradientDescent),
    lbfgs=solution(0.1, jaxopt.LBFGS),
    bfgs=solution(0.1, jaxopt.BFGS),
    implicit=jax.jacobian(lambda p: solution(p, jaxopt.LBFGS))(0.1),
    lasso=lasso.run(jnp.zeros(3), 0.1).params,
    bisection=jaxopt.Bisection(lambda x: x**3 - 2, 0.0, 2.0).run().params,
    projected=jaxopt.projection.projection_simplex(jnp.array([0.5, 1.0, -0.3])),
)
