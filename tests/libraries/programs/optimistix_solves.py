"""Roots, fixed points, minima and least squares, and their derivatives."""

import jax
import jax.numpy as jnp
import optimistix as optx
from report import report


def residual(y, a):
    return jnp.tanh(y) - a


def rosenbrock(y, scale):
    return (1 - y[0]) ** 2 + scale * (y[1] - y[0] ** 2) ** 2


def curve(y, x):
    return y[0] * jnp.exp(-y[1] * x) - jnp.exp(-0.7 * x) * 2


newton = optx.Newton(rtol=1e-6, atol=1e-6)
xs = jnp.linspace(0.0, 3.0, 20)
start = jnp.array([-0.5, 0.5])
report(
    newton=optx.root_find(
        residual, newton, jnp.zeros(3), jnp.array([0.1, 0.2, 0.3])
    ).value,
    bisection=optx.root_find(
        residual,
        optx.Bisection(1e-5, 1e-5),
        0.0,
        0.3,
        options={"lower": -2.0, "upper": 2.0},
    ).value,
    chord=optx.root_find(residual, optx.Chord(1e-5, 1e-5), jnp.zeros(()), 0.2).value,
    implicit=jax.grad(lambda a: optx.root_find(residual, newton, 0.0, a).value)(0.3),
    fixed=optx.fixed_point(
        lambda y, _: jnp.cos(y), optx.FixedPointIteration(1e-6, 1e-6), 1.0
    ).value,
    bfgs=optx.minimise(rosenbrock, optx.BFGS(1e-5, 1e-5), start, 10.0).value,
    nelder=optx.minimise(rosenbrock, optx.NelderMead(1e-4, 1e-4), start, 1.0).value,
    levenberg=optx.least_squares(
        curve, optx.LevenbergMarquardt(1e-6, 1e-6), jnp.ones(2), xs
    ).value,
    gauss=optx.least_squares(
        curve, optx.GaussNewton(1e-6, 1e-6), jnp.ones(2), xs
    ).value,
    dogleg=optx.least_squares(curve, optx.Dogleg(1e-6, 1e-6), jnp.ones(2), xs).value,
    batched=jax.vmap(lambda a: optx.root_find(residual, newton, 0.0, a).value)(xs / 4),
)
