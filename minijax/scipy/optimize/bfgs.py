"""The method of Broyden, Fletcher, Goldfarb and Shanno.

Source: Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithm 6.1.
"""

from typing import Any, NamedTuple

from ... import lax
from ... import numpy as jnp
from ...api import value_and_grad
from .line_search import dot, search
from .results import OptimizeResults


class _State(NamedTuple):
    x: Any
    value: Any
    gradient: Any
    previous: Any  # the value before the last step
    inverse: Any  # of the Hessian, estimated
    converged: Any
    failed: Any
    evaluations: Any
    k: Any


def minimize_bfgs(
    fun, x0, *, maxiter=None, norm=jnp.inf, gtol=1e-5, line_search_maxiter=10
):
    """Minimise a function of a vector."""
    n = x0.shape[0]
    if maxiter is None:
        maxiter = 200 * n
    slope = value_and_grad(fun)
    value, gradient = slope(x0)
    unit = jnp.eye(n, dtype=x0.dtype)

    def small(gradient):
        return jnp.linalg.norm(gradient, ord=norm) < gtol

    def going(s):
        return ~s.converged & ~s.failed & (s.k < maxiter)

    def step(s):
        p = -dot(s.inverse, s.gradient)
        first = _guess(s.value - s.previous, dot(s.gradient, p))
        found = search(slope, s.x, p, s.value, s.gradient, first, line_search_maxiter)
        a, value, _, gradient = found.step
        move = a.astype(p.dtype) * p
        inverse = _updated(s.inverse, unit, move, gradient - s.gradient)
        return _State(
            s.x + move,
            value,
            gradient,
            s.value,
            inverse,
            small(gradient),
            ~found.found,
            s.evaluations + found.evaluations,
            s.k + 1,
        )

    previous = value + jnp.linalg.norm(gradient).astype(value.dtype) / 2
    s = _State(
        x0, value, gradient, previous, unit, small(gradient), jnp.asarray(False), 1, 0
    )
    s = lax.while_loop(going, step, s)
    status = jnp.where(s.converged, 0, jnp.where(s.failed, 5, 1))
    return OptimizeResults(
        s.x,
        s.converged,
        status,
        s.value,
        s.gradient,
        s.inverse,
        s.evaluations,
        s.evaluations,
        s.k,
    )


def _guess(change, slope):
    """The step that would change the value as the last one did, but at most 1: the
    text after equation 3.60.
    """
    guess = 1.01 * 2 * change / slope
    return jnp.where((guess > 0) & (guess < 1), guess, 1.0)


def _updated(inverse, unit, s, y):
    """Equation 6.17: (I - rho s y^T) H (I - rho y s^T) + rho s s^T, rho = 1 / y^T s.

    Where y^T s is not positive the estimate would not be: it stays as it is.
    """
    curvature = dot(y, s)
    good = curvature > 0
    rho = 1 / jnp.where(good, curvature, 1.0)
    left = unit - rho * jnp.outer(s, y)
    update = dot(dot(left, inverse), left.T) + rho * jnp.outer(s, s)
    return jnp.where(good & jnp.isfinite(update).all(), update, inverse)
