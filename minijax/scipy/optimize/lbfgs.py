"""The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno.

Source: Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithms 7.4 and 7.5.
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
    moves: Any  # (maxcor, n): the last steps, the oldest first
    changes: Any  # (maxcor, n): of the gradient in them
    weights: Any  # (maxcor,): 1 / change . move, 0 where there is no step yet
    scale: Any
    status: Any  # -1 while going on
    evaluations: Any
    k: Any


def minimize_lbfgs(
    fun,
    x0,
    *,
    maxiter=None,
    norm=jnp.inf,
    maxcor=10,
    ftol=2.220446049250313e-09,
    gtol=1e-05,
    maxfun=None,
    maxgrad=None,
    maxls=20,
):
    """Minimise a function of a vector, from the last `maxcor` steps."""
    n = x0.shape[0]
    if (maxiter, maxfun, maxgrad) == (None, None, None):
        maxiter = 200 * n
    bounds = [jnp.inf if b is None else b for b in (maxiter, maxfun, maxgrad)]
    slope = value_and_grad(fun)
    value, gradient = slope(x0)

    def status_of(found, fallen, gradient, evaluations, k):
        """The first of these reasons that holds, or -1."""
        reasons = [
            (jnp.linalg.norm(gradient, ord=norm) < gtol, 0),
            (~found, 5),
            (fallen, 4),
            (k >= bounds[0], 1),
            (evaluations >= bounds[1], 2),
            (evaluations >= bounds[2], 3),
        ]
        status = -1
        for holds, code in reversed(reasons):
            status = jnp.where(holds, code, status)
        return status

    def step(s):
        p = -_direction(s)
        found = search(slope, s.x, p, s.value, s.gradient, one, maxls)
        a, value, _, gradient = found.step
        move = a.astype(p.dtype) * p
        change = gradient - s.gradient
        curvature = dot(change, move)
        good = curvature > 0
        weight = jnp.where(good, 1 / jnp.where(good, curvature, 1.0), 0.0)
        evaluations = s.evaluations + found.evaluations
        fallen = s.value - value < ftol
        k = s.k + 1
        return _State(
            s.x + move,
            value,
            gradient,
            _pushed(s.moves, move),
            _pushed(s.changes, change),
            _pushed(s.weights, weight),
            jnp.where(good, curvature / dot(change, change), s.scale),
            status_of(found.found, fallen, gradient, evaluations, k),
            evaluations,
            k,
        )

    table = jnp.zeros((maxcor, n), x0.dtype)
    one = jnp.ones((), x0.dtype)
    yes, no = jnp.asarray(True), jnp.asarray(False)
    s = _State(
        x0,
        value,
        gradient,
        table,
        table,
        table[:, 0],
        one,
        status_of(yes, no, gradient, 1, 0),
        1,
        0,
    )
    s = lax.while_loop(lambda s: s.status < 0, step, s)
    return OptimizeResults(
        s.x,
        (s.status == 0).astype(bool),
        s.status,
        s.value,
        s.gradient,
        None,
        s.evaluations,
        s.evaluations,
        s.k,
    )


def _pushed(table, row):
    return jnp.concatenate([table[1:], row[None].astype(table.dtype)])


def _direction(s):
    """The inverse Hessian, estimated, times the gradient: the two-loop recursion."""

    def back(q, pair):
        move, change, weight = pair
        alpha = weight * dot(move, q)
        return q - alpha * change, alpha

    def forth(r, pair):
        move, change, weight, alpha = pair
        beta = weight * dot(change, r)
        return r + (alpha - beta) * (weight != 0) * move, None

    pairs = s.moves, s.changes, s.weights
    q, alphas = lax.scan(back, s.gradient, pairs, reverse=True)
    return lax.scan(forth, s.scale * q, (*pairs, alphas))[0]
