"""Solve y' = f(y, t): `odeint`, with steps that adapt, differentiable in both modes.

The method is the pair of orders 5 and 4 of Dormand and Prince. The solver steps freely
and passes the times it is asked for; values there are those of a quartic through the
step. Derivatives are solutions of differential equations too: forward mode carries the
tangent along, reverse mode solves the adjoint equation backwards and keeps no steps.

    s' = J s + f_a a_dot                                      (variational equation)
    y_bar' = -J^T y_bar,      a_bar' = -f_a^T y_bar           (adjoint equation)
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import lax, tree
from .. import numpy as jnp
from ..api import closure_convert, custom_rules, jvp, vjp, vmap
from ..core.literal import aval_of
from ..flatten_util import ravel_pytree

__all__ = [
    "abs2",
    "fit_4th_order_polynomial",
    "initial_step_size",
    "interp_fit_dopri",
    "mean_error_ratio",
    "odeint",
    "optimal_step_size",
    "runge_kutta_step",
]

# J. R. Dormand and P. J. Prince, "A family of embedded Runge-Kutta formulae", J.
# Comput. Appl. Math. 6 (1980), table 2. The last stage is the first of the next step.
_NODES = np.array([1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0, 0.0])
_STAGES = np.array(
    [
        [1 / 5, 0, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0],
    ]
)
_FIFTH = np.array([35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0])
_ERROR = _FIFTH - np.array(
    [1951 / 21600, 0, 22642 / 50085, 451 / 720, -12231 / 42400, 649 / 6300, 1 / 60]
)
# L. F. Shampine, "Some practical Runge-Kutta formulas", Math. Comp. 46 (1986): a value
# of order 4 in the middle of the step.
_MIDDLE = (
    np.array(
        [
            6025192743 / 30085553152,
            0,
            51252292925 / 65400821598,
            -2691868925 / 45128329728,
            187940372067 / 1594534317056,
            -1776094331 / 19743644256,
            11237099 / 235043384,
        ]
    )
    / 2
)
_ORDER = 5.0

# One step


def runge_kutta_step(func: Callable, y0, f0, t0, dt):
    """One step from y0, where func(y0, t0) is f0.

    Args:
      func: from a vector (n,) and a time to (n,).

    Returns:
      The value after dt and its slope, an estimate of its error, and the seven slopes
      (7, n) on the way.
    """
    dt = jnp.asarray(dt)
    slopes = [f0]
    for node, row in zip(_NODES[:6], _STAGES, strict=True):
        weights = row[: len(slopes)].astype(f0.real.dtype)
        move = jnp.tensordot(weights, jnp.stack(slopes), 1)
        y = y0 + dt.astype(f0.dtype) * move
        slopes.append(func(y, t0 + node * dt))
    k = jnp.stack(slopes)
    step = dt.astype(f0.dtype)
    y1 = step * jnp.dot(_FIFTH.astype(f0.real.dtype), k) + y0
    return y1, k[-1], step * jnp.dot(_ERROR.astype(f0.real.dtype), k), k


def fit_4th_order_polynomial(y0, y1, y_mid, dy0, dy1, dt):
    """The quartic on [0, 1] with three values, and slopes dy dt at both ends.

    Returns:
      Its coefficients, that of the fourth power first.

    >>> fit_4th_order_polynomial(0.0, 1.0, 1 / 16, 0.0, 4.0, 1.0)
    (1.0, 0.0, 0.0, 0.0, 0.0)
    """
    rise0, rise1 = dt * dy0, dt * dy1
    a = -2.0 * rise0 + 2.0 * rise1 - 8.0 * y0 - 8.0 * y1 + 16.0 * y_mid
    b = 5.0 * rise0 - 3.0 * rise1 + 18.0 * y0 + 14.0 * y1 - 32.0 * y_mid
    c = -4.0 * rise0 + rise1 - 11.0 * y0 - 5.0 * y1 + 16.0 * y_mid
    return a, b, c, rise0, y0


def interp_fit_dopri(y0, y1, k, dt):
    """The quartic through a step from y0 to y1 with slopes k: (5, n) coefficients."""
    dt = jnp.asarray(dt).astype(y0.dtype)
    y_mid = y0 + dt * jnp.dot(_MIDDLE.astype(y0.real.dtype), k)
    return jnp.stack(fit_4th_order_polynomial(y0, y1, y_mid, k[0], k[-1], dt))


def abs2(x):
    """The squared modulus."""
    if jnp.iscomplexobj(x):
        return x.real**2 + x.imag**2
    return x**2


def mean_error_ratio(error_estimate, rtol, atol, y0, y1):
    """The root mean square of the error in units of what is tolerated."""
    allowed = atol + rtol * jnp.maximum(jnp.abs(y0), jnp.abs(y1))
    return jnp.sqrt(jnp.mean(abs2(error_estimate / allowed.astype(y0.dtype))))


def initial_step_size(fun: Callable, t0, y0, order, rtol, atol, f0):
    """A first step that is short enough.

    Source: Hairer, Nørsett and Wanner, "Solving ordinary differential equations I",
    2nd ed., section II.4.
    """
    dtype = y0.dtype
    scale = atol + jnp.abs(y0) * rtol
    d0 = jnp.linalg.norm(y0 / scale.astype(dtype))
    d1 = jnp.linalg.norm(f0 / scale.astype(dtype))
    small = (d0 < 1e-5) | (d1 < 1e-5)
    h0 = jnp.where(small, 1e-6, 0.01 * d0 / jnp.where(d1 == 0, 1.0, d1))
    y1 = y0 + h0.astype(dtype) * f0
    f1 = fun(y1, t0 + h0)
    d2 = jnp.linalg.norm((f1 - f0) / scale.astype(dtype)) / h0
    largest = jnp.maximum(d1, d2)
    still = (d1 <= 1e-15) & (d2 <= 1e-15)
    safe = jnp.where(still, 1.0, largest)
    power = (0.01 / safe) ** (1.0 / (order + 1.0))
    h1 = jnp.where(still, jnp.maximum(1e-6, h0 * 1e-3), power)
    return jnp.minimum(100.0 * h0, h1)


def optimal_step_size(
    last_step, mean_error_ratio, safety=0.9, ifactor=10.0, dfactor=0.2, order=_ORDER
):
    """The step after one whose error was a multiple of what is tolerated.

    It is at most ifactor and at least dfactor times as long; never shorter than a step
    that was good enough.
    """
    ratio = jnp.asarray(mean_error_ratio)
    least = jnp.where(ratio < 1, 1.0, dfactor)
    safe = jnp.where(ratio == 0, 1.0, ratio)
    factor = jnp.minimum(ifactor, jnp.maximum(safe ** (-1.0 / order) * safety, least))
    return last_step * jnp.where(ratio == 0, ifactor, factor)


# All steps


class _Options(NamedTuple):
    rtol: Any
    atol: Any
    mxstep: Any
    hmax: Any


class _Place(NamedTuple):
    """Where the solver is, and the quartic over its last step, from `left` to t."""

    y: Any
    f: Any
    t: Any
    dt: Any
    left: Any
    quartic: Any


def odeint(
    func: Callable,
    y0: Any,
    t: Any,
    *args: Any,
    rtol: float = 1.4e-8,
    atol: float = 1.4e-8,
    mxstep: float = np.inf,
    hmax: float = np.inf,
) -> Any:
    """Solve y' = func(y, t, *args) from y0 at t[0], for the values at all t.

    Differentiable in y0, t, args and what func closes over, in both modes, to every
    order.

    Args:
      func: returns a container like y0.
      y0: a container of floating-point arrays.
      t: (m,), increasing floats.
      args: containers of arrays.
      rtol, atol: the error per step that is tolerated, relative and absolute.
      mxstep: at most as many steps from one time to the next.
      hmax: the longest step.

    Returns:
      A container like y0 of arrays with a leading axis of size m.

    >>> ys = odeint(lambda y, t, rate: -rate * y, 1.0, jnp.array([0.0, 1.0, 2.0]), 0.5)
    >>> [round(float(y), 4) for y in ys]
    [1.0, 0.6065, 0.3679]
    """
    _check_times(t)
    for leaf in tree.leaves(args):
        if not hasattr(leaf, "dtype") and not isinstance(leaf, int | float | complex):
            raise TypeError(
                "odeint: args must be arrays or numbers, got "
                f"{leaf!r:.60} of type {type(leaf).__name__}. Close over it in func."
            )
    t = jnp.asarray(t)
    y0 = tree.map(jnp.asarray, y0)
    converted, consts = closure_convert(func, y0, t[0], *args)
    start, unravel = ravel_pytree(y0)
    if start.dtype.kind not in "fcV":
        raise TypeError(
            f"odeint: y0 must hold floating-point arrays, got {aval_of(start)}. "
            "Convert it with astype."
        )
    leaves, treedef = tree.flatten(tree.map(jnp.asarray, (*args, *consts)))
    moving = tuple([x.dtype.kind in "fcV" for x in leaves])
    field = _Field(converted, unravel, treedef, moving)
    params = [x for x, on in zip(leaves, moving, strict=True) if on]
    fixed = [x for x, on in zip(leaves, moving, strict=True) if not on]
    options = _Options(rtol, atol, mxstep, hmax)
    ys = _odeint(field, options, start, t, params, fixed)
    return vmap(unravel)(ys)


def _check_times(t):
    if not hasattr(t, "dtype"):
        raise AttributeError(
            f"odeint: t must be an array of floats, got {t!r:.60} of type "
            f"{type(t).__name__}. Use jnp.array."
        )
    if not jnp.issubdtype(t.dtype, jnp.floating) or t.ndim != 1:
        raise TypeError(
            f"odeint: t must be a vector of floats, got {aval_of(jnp.asarray(t))}."
        )
    if not t.shape[0]:
        raise IndexError("odeint: t must hold at least the time of y0, got none.")


@dataclasses.dataclass(frozen=True)
class _Field:
    """The right-hand side as a function of a vector."""

    func: Callable
    unravel: Callable
    treedef: Any
    moving: tuple[bool, ...]

    def __call__(self, y, t, params, fixed):
        moving, resting = iter(params), iter(fixed)
        leaves = [next(moving if on else resting) for on in self.moving]
        out = self.func(self.unravel(y), t, *tree.unflatten(self.treedef, leaves))
        flat = ravel_pytree(out)[0]
        if flat.shape != y.shape:
            raise ValueError(
                "odeint: func must return the shapes of y0, "
                f"{y.shape[0]} numbers in all, got {flat.shape[0]}."
            )
        return flat.astype(y.dtype)


def _integrate(field, options, y0, t, params, fixed):
    """The solution (m, n) at the times t."""
    rtol, atol, mxstep, hmax = options

    def slope(y, time):
        return field(y, time, params, fixed)

    def step(place):
        y, f, error, k = runge_kutta_step(slope, *place[:4])
        ratio = mean_error_ratio(error, rtol, atol, place.y, y)
        dt = jnp.clip(optimal_step_size(place.dt, ratio), 0.0, hmax)
        quartic = interp_fit_dopri(place.y, y, k, place.dt)
        taken = _Place(y, f, place.t + place.dt, dt, place.t, quartic)
        stayed = place._replace(dt=dt)
        return tree.map(
            lambda a, b: jnp.where(ratio <= 1, a, b).astype(b.dtype), taken, stayed
        )

    def until(place, time):
        def going(state):
            place, count = state
            return (place.t < time) & (count < mxstep) & (place.dt > 0)

        place, _ = lax.while_loop(
            going, lambda state: (step(state[0]), state[1] + 1), (place, 0)
        )
        part = (time - place.left) / (place.t - place.left)
        return place, jnp.polyval(place.quartic, part.astype(y0.dtype))

    f0 = slope(y0, t[0])
    dt = initial_step_size(slope, t[0], y0, 4, rtol, atol, f0)
    dt = jnp.clip(dt, 0.0, hmax).astype(t.dtype)
    place = _Place(y0, f0, t[0], dt, t[0], jnp.stack([y0] * 5))
    _, ys = lax.scan(until, place, t[1:])
    return jnp.concatenate([y0[None], ys])


_odeint = custom_rules(_integrate, nondiff_argnums=(0, 1))

# Its derivatives


@dataclasses.dataclass(frozen=True)
class _Variational:
    """Solution and tangent, one after the other."""

    field: Any

    def __call__(self, pair, t, params, fixed):
        y, s = jnp.split(pair, 2)
        half = len(params) // 2
        moving, moving_dot = params[:half], params[half:]
        outs = jvp(
            lambda y, params: self.field(y, t, params, fixed),
            (y, moving),
            (s, moving_dot),
        )
        return jnp.concatenate(outs)


@_odeint.defjvp
def _odeint_jvp(field, options, primals, tangents):
    y0, t, params, fixed = primals
    y0_dot, t_dot, params_dot, _ = tangents
    ys = _odeint(field, options, y0, t, params, fixed)
    # Later starts see less of the field: -f(y0, t0) t0_dot. Later ends see more.
    f0 = field(y0, t[0], params, fixed)
    s0 = y0_dot - t_dot[0].astype(y0.dtype) * f0
    pairs = _odeint(
        _Variational(field),
        options,
        jnp.concatenate([y0, s0]),
        t,
        [*params, *params_dot],
        fixed,
    )
    slopes = lax.map(lambda pair: field(*pair, params, fixed), (ys, t))
    ys_dot = pairs[:, len(y0) :] + slopes * t_dot.astype(y0.dtype)[:, None]
    return ys, ys_dot


@dataclasses.dataclass(frozen=True)
class _Adjoint:
    """Solution, its cotangent and those of time and parameters, backwards in time."""

    field: Any
    unravel: Callable

    def __call__(self, state, minus_t, params, fixed):
        y, y_bar, _, _ = self.unravel(state)
        slope, pull = vjp(
            lambda y, t, params: self.field(y, t, params, fixed), y, -minus_t, params
        )
        return ravel_pytree((-slope, *pull(y_bar)))[0].astype(state.dtype)


def _odeint_fwd(field, options, y0, t, params, fixed):
    ys = _odeint(field, options, y0, t, params, fixed)
    return ys, (ys, t, params, fixed)


def _odeint_bwd(field, options, saved, ys_bar):
    ys, t, params, fixed = saved
    zeros = tree.map(jnp.zeros_like, params)
    start, unravel = ravel_pytree((ys[-1], ys_bar[-1], jnp.zeros_like(t[0]), zeros))
    adjoint = _Adjoint(field, unravel)

    def back(carry, step):
        y_bar, t0_bar, params_bar = carry
        y, before, now, y_here_bar, y_before_bar = step
        slope = field(y, now, params, fixed)
        t_bar = jnp.real(jnp.dot(slope, y_here_bar)).astype(t.dtype)
        state = (y, y_bar, t0_bar - t_bar, params_bar)
        times = jnp.stack([-now, -before])
        flat = ravel_pytree(state)[0].astype(start.dtype)
        _, y_bar, t0_bar, params_bar = unravel(
            _odeint(adjoint, options, flat, times, params, fixed)[1]
        )
        return (y_bar + y_before_bar, t0_bar, params_bar), t_bar

    carry = ys_bar[-1], jnp.zeros_like(t[0]), zeros
    steps = ys[1:], t[:-1], t[1:], ys_bar[1:], ys_bar[:-1]
    (y0_bar, t0_bar, params_bar), t_bar = lax.scan(back, carry, steps, reverse=True)
    t_bar = jnp.concatenate([t0_bar[None], t_bar])
    return y0_bar, t_bar, params_bar, None


_odeint.defvjp(_odeint_fwd, _odeint_bwd)
