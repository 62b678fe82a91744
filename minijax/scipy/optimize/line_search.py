"""A step length along a direction of descent, by the strong Wolfe conditions.

    phi(a) = f(x + a p)       phi(a) <= phi(0) + c1 a phi'(0)      sufficient decrease
                              |phi'(a)| <= c2 |phi'(0)|            curvature

Source: Nocedal and Wright, "Numerical Optimization", 2nd ed., algorithms 3.5 and 3.6,
here one loop: an interval (low, high) that contains such steps, high infinite at first.
Where phi falls by less than its rounding, decrease cannot be tested; it is asked of the
slopes then, as in Hager and Zhang, "A new conjugate gradient method with guaranteed
descent and an efficient line search", SIAM J. Optim. 2005, equation 4.1.
"""

from typing import Any, NamedTuple

from ... import lax
from ... import numpy as jnp

_C1, _C2 = 1e-4, 0.9
# Where in an interval an interpolated step may lie, as a part of its length.
_MARGIN = 0.1
_HIGHEST = lax.Precision.HIGHEST


class Step(NamedTuple):
    """A step and what was computed there."""

    length: Any
    value: Any
    slope: Any
    gradient: Any


class Search(NamedTuple):
    """What a line search found."""

    step: Step
    found: Any
    evaluations: Any


class _State(NamedTuple):
    low: Step
    high: Step
    bracketed: Any
    trial: Any
    best: Step
    done: Any
    count: Any


def dot(x, y):
    """The inner product of vectors."""
    return jnp.dot(x, y, precision=_HIGHEST)


def search(value_and_grad, x, p, value, gradient, first, maxiter):
    """A step along p from x, where the value and the gradient are given.

    Args:
      first: the first step that is tried.
      maxiter: how often the function may be evaluated.
    """
    dtype = value.dtype
    slope = dot(gradient, p).astype(dtype)
    start = Step(jnp.zeros((), dtype), value, slope, gradient)
    state = _State(start, start, False, first.astype(dtype), start, False, 0)

    def going(state):
        return ~state.done & (state.count < maxiter)

    def advance(state):
        a = state.trial
        f, g = value_and_grad(x + a.astype(x.dtype) * p)
        here = Step(a, f, dot(g, p).astype(dtype), g)
        return _narrowed(state, start, here)

    state = lax.while_loop(going, advance, state)
    # Without a step that is good enough, the lowest value will do.
    step = _choose(state.done, state.best, state.low)
    return Search(step, state.done, state.count)


def _choose(flag, x: Step, y: Step) -> Step:
    return Step(*[jnp.where(flag, a, b) for a, b in zip(x, y, strict=True)])


def _narrowed(state, start, here):
    """The interval after a trial, and the next trial."""
    low, high, bracketed = state.low, state.high, state.bracketed
    a, f, slope, _ = here
    finite = jnp.isfinite(f) & jnp.isfinite(slope)
    fallen = f <= start.value + _C1 * a * start.slope
    flat = jnp.abs(slope) <= -_C2 * start.slope
    noise = 10 * jnp.finfo(f.dtype).eps * jnp.abs(start.value)
    level = (f <= start.value + noise) & (slope <= (2 * _C1 - 1) * start.slope)
    done = finite & flat & (fallen | level)

    too_far = (
        ~finite | ~(fallen | level) | (f >= low.value) & (state.count > 0) & ~level
    )
    # Beyond a minimum the slope points back: the minimum is between here and low.
    toward = jnp.where(bracketed, jnp.sign(high.length - low.length), 1.0)
    turned = ~too_far & (slope * toward >= 0)
    next_high = _choose(too_far, here, _choose(turned, low, high))
    next_low = _choose(too_far, low, here)
    bracketed = bracketed | too_far | turned
    inside = _interpolated(next_low, next_high)
    trial = jnp.where(bracketed, inside, 2 * a)
    return _State(next_low, next_high, bracketed, trial, here, done, state.count + 1)


def _interpolated(low: Step, high: Step):
    """The minimum of the cubic through both ends, kept off the ends; else the middle.

    Equation 3.59 of the book.
    """
    a, b = low.length, high.length
    d1 = low.slope + high.slope - 3 * (low.value - high.value) / (a - b)
    radicand = d1 * d1 - low.slope * high.slope
    d2 = jnp.sign(b - a) * jnp.sqrt(jnp.where(radicand > 0, radicand, 0.0))
    cubic = b - (b - a) * (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2)
    part = (cubic - a) / (b - a)
    good = (radicand > 0) & (part > _MARGIN) & (part < 1 - _MARGIN)
    return jnp.where(good, cubic, (a + b) / 2)
