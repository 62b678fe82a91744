"""Optimizers by gradients: each a triple of functions (init, update, get_params).

    opt_init, opt_update, get_params = adam(1e-3)
    opt_state = opt_init(params)
    for step in range(1000):
        grads = grad(loss)(get_params(opt_state), batch)
        opt_state = opt_update(step, grads, opt_state)

Parameters are arrays in nested containers. An optimizer is written for one array, and
`optimizer` makes it one for containers. A step size is a number, or a schedule: a
function from the number of the step to the step size.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import numpy as jnp
from .. import tree_util

__all__ = [
    "InitFn",
    "JoinPoint",
    "Optimizer",
    "OptimizerState",
    "Params",
    "ParamsFn",
    "Schedule",
    "State",
    "Step",
    "UpdateFn",
    "Updates",
    "adagrad",
    "adam",
    "adamax",
    "clip_grads",
    "constant",
    "exponential_decay",
    "inverse_time_decay",
    "l2_norm",
    "make_schedule",
    "momentum",
    "nesterov",
    "optimizer",
    "pack_optimizer_state",
    "piecewise_constant",
    "polynomial_decay",
    "rmsprop",
    "rmsprop_momentum",
    "sgd",
    "sm3",
    "unpack_optimizer_state",
]

# The names of JAX's annotations.
Array = Any
Params = Any
State = Any
Updates = Any
Step = int


class OptimizerState(NamedTuple):
    """What an optimizer remembers: for each parameter the leaves of its own state."""

    packed_state: Any
    tree_def: Any
    subtree_defs: Any


class Optimizer(NamedTuple):
    """The three functions of an optimizer."""

    init_fn: Callable[[Params], OptimizerState]
    update_fn: Callable[[Step, Updates, OptimizerState], OptimizerState]
    params_fn: Callable[[OptimizerState], Params]


InitFn = Callable[[Params], OptimizerState]
UpdateFn = Callable[[Step, Updates, OptimizerState], OptimizerState]
ParamsFn = Callable[[OptimizerState], Params]
Schedule = Callable[[Step], float]

tree_util.register_pytree_node(
    OptimizerState,
    lambda state: ((state.packed_state,), (state.tree_def, state.subtree_defs)),
    lambda defs, children: OptimizerState(*children, *defs),
)


def optimizer(opt_maker: Callable[..., tuple]) -> Callable[..., Optimizer]:
    """Make an optimizer of arrays one of nested containers of arrays.

    Args:
      opt_maker: a function whose result are three functions of one array:
        init(x) -> state, update(step, gradient, state) -> state and get_params(state)
        -> x, where a state is a container of arrays.

    >>> @optimizer
    ... def descent(rate):
    ...     return (lambda x: x), (lambda i, g, x: x - rate * g), (lambda x: x)
    >>> opt_init, opt_update, get_params = descent(0.5)
    >>> get_params(opt_update(0, {"w": 1.0}, opt_init({"w": 2.0})))
    {'w': 1.5}
    """

    @functools.wraps(opt_maker)
    def make(*args, **kwargs):
        init, update, get_params = opt_maker(*args, **kwargs)

        @functools.wraps(init)
        def tree_init(params):
            leaves, treedef = tree_util.tree_flatten(params)
            return _packed(treedef, [init(x) for x in leaves])

        @functools.wraps(update)
        def tree_update(i, grads, opt_state):
            treedef = opt_state.tree_def
            gradients, gradient_def = tree_util.tree_flatten(grads)
            if gradient_def != treedef:
                raise TypeError(
                    "optimizer: the update function was passed a gradient tree that "
                    "did not match the parameter tree structure with which it was "
                    f"initialized, got {gradient_def} for {treedef}."
                )
            states = _unpacked(opt_state)
            new = [update(i, g, s) for g, s in zip(gradients, states, strict=True)]
            result = _packed(treedef, new)
            if result.subtree_defs != opt_state.subtree_defs:
                raise TypeError(
                    "optimizer: the update function produced an output structure that "
                    f"did not match its input structure, got {result.subtree_defs} for "
                    f"{opt_state.subtree_defs}."
                )
            return result

        @functools.wraps(get_params)
        def tree_get_params(opt_state):
            params = [get_params(state) for state in _unpacked(opt_state)]
            return tree_util.tree_unflatten(opt_state.tree_def, params)

        return Optimizer(tree_init, tree_update, tree_get_params)

    return make


def _packed(treedef, states):
    pairs = [tree_util.tree_flatten(state) for state in states]
    leaves, defs = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return OptimizerState(tuple(leaves), treedef, tuple(defs))


def _unpacked(opt_state):
    packed, _, defs = opt_state
    return [tree_util.tree_unflatten(d, x) for d, x in zip(defs, packed, strict=True)]


# Optimizers


@optimizer
def sgd(step_size):
    """Gradient descent: x - step_size * g.

    >>> opt_init, opt_update, get_params = sgd(0.1)
    >>> get_params(opt_update(0, 1.0, opt_init(2.0)))
    1.9
    """
    step_size = make_schedule(step_size)

    def init(x0):
        return x0

    def update(i, g, x):
        return x - step_size(i) * g

    def get_params(x):
        return x

    return init, update, get_params


@optimizer
def momentum(step_size: Schedule, mass: float):
    """Gradient descent with momentum: v = mass * v + g, then x - step_size * v.

    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods",
    1964.
    """
    step_size = make_schedule(step_size)

    def init(x0):
        return x0, jnp.zeros_like(x0)

    def update(i, g, state):
        x, velocity = state
        velocity = mass * velocity + g
        return x - step_size(i) * velocity, velocity

    return init, update, _first


@optimizer
def nesterov(step_size: Schedule, mass: float):
    """Gradient descent with Nesterov's momentum, which looks one step ahead.

    Y. Nesterov, "A method of solving a convex programming problem with convergence rate
    O(1/k^2)", 1983.
    """
    step_size = make_schedule(step_size)

    def init(x0):
        return x0, jnp.zeros_like(x0)

    def update(i, g, state):
        x, velocity = state
        velocity = mass * velocity + g
        return x - step_size(i) * (mass * velocity + g), velocity

    return init, update, _first


@optimizer
def adagrad(step_size, momentum=0.9):
    """Steps divided by the root of the sum of squared gradients, with momentum.

    J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 12 (2011).
    """
    step_size = make_schedule(step_size)

    def init(x0):
        return x0, jnp.zeros_like(x0), jnp.zeros_like(x0)

    def update(i, g, state):
        x, total, mean = state
        total = total + jnp.square(g)
        mean = (1 - momentum) * (g * _inverse_root(total)) + momentum * mean
        return x - step_size(i) * mean, total, mean

    return init, update, _first


@optimizer
def rmsprop(step_size, gamma=0.9, eps=1e-8):
    """Steps divided by the root of the running mean of squared gradients.

    T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop", 2012.
    """
    step_size = make_schedule(step_size)

    def init(x0):
        return x0, jnp.zeros_like(x0)

    def update(i, g, state):
        x, square = state
        square = gamma * square + (1 - gamma) * jnp.square(g)
        return x - step_size(i) * g / jnp.sqrt(square + eps), square

    return init, update, _first


@optimizer
def rmsprop_momentum(step_size, gamma=0.9, eps=1e-8, momentum=0.9):
    """`rmsprop` with momentum."""
    step_size = make_schedule(step_size)

    def init(x0):
        return x0, jnp.zeros_like(x0), jnp.zeros_like(x0)

    def update(i, g, state):
        x, square, velocity = state
        square = gamma * square + (1 - gamma) * jnp.square(g)
        velocity = momentum * velocity + step_size(i) * g / jnp.sqrt(square + eps)
        return x - velocity, square, velocity

    return init, update, _first


@optimizer
def adam(step_size, b1=0.9, b2=0.999, eps=1e-8):
    """Steps m / (sqrt(v) + eps), from running means m of g and v of g^2, unbiased.

    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.

    >>> opt_init, opt_update, get_params = adam(0.1)
    >>> round(float(get_params(opt_update(0, jnp.array(3.0), opt_init(2.0)))), 4)
    1.9
    """
    step_size = make_schedule(step_size)

    def init(x0):
        return x0, jnp.zeros_like(x0), jnp.zeros_like(x0)

    def update(i, g, state):
        x, m, v = state
        m = (1 - b1) * g + b1 * m
        v = (1 - b2) * jnp.square(g) + b2 * v
        # Both started from 0: the weights so far sum to 1 - b^(i + 1).
        unbiased_m = m / (1 - jnp.asarray(b1, m.dtype) ** (i + 1))
        unbiased_v = v / (1 - jnp.asarray(b2, m.dtype) ** (i + 1))
        x = x - step_size(i) * unbiased_m / (jnp.sqrt(unbiased_v) + eps)
        return x, m, v

    return init, update, _first


@optimizer
def adamax(step_size, b1=0.9, b2=0.999, eps=1e-8):
    """`adam` with a decaying maximum of |g| in place of the root of the mean square.

    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015,
    section 7.
    """
    step_size = make_schedule(step_size)

    def init(x0):
        return x0, jnp.zeros_like(x0), jnp.zeros_like(x0)

    def update(i, g, state):
        x, m, u = state
        m = (1 - b1) * g + b1 * m
        u = jnp.maximum(b2 * u, jnp.abs(g))
        unbiased = step_size(i) / (1 - jnp.asarray(b1, m.dtype) ** (i + 1))
        return x - unbiased * m / (u + eps), m, u

    return init, update, _first


@optimizer
def sm3(step_size, momentum=0.9):
    """`adagrad` that keeps sums for rows and columns instead of one for each element.

    R. Anil, V. Gupta, T. Koren, Y. Singer, "Memory-efficient adaptive optimization",
    NeurIPS 2019.
    """
    step_size = make_schedule(step_size)

    def init(x0):
        x0 = jnp.asarray(x0)
        sums = [jnp.zeros(n, dtype=x0.dtype) for n in x0.shape] or [jnp.zeros_like(x0)]
        return x0, jnp.zeros_like(x0), sums

    def update(i, g, state):
        x, mean, sums = state
        # Each element is bounded by the sums of all the lines through it.
        bounds = [
            jnp.reshape(s, [-1 if k == axis else 1 for k in range(x.ndim)])
            for axis, s in enumerate(sums)
        ]
        total = functools.reduce(jnp.minimum, bounds) + jnp.square(g)
        mean = (1 - momentum) * (g * _inverse_root(total)) + momentum * mean
        sums = [
            jnp.max(total, axis=tuple([k for k in range(x.ndim) if k != axis]))
            for axis in range(len(sums))
        ]
        return x - step_size(i) * mean, mean, sums

    return init, update, _first


def _first(state):
    return state[0]


def _inverse_root(total):
    """1 / sqrt(total), and 0 where nothing was added up yet."""
    return jnp.where(total > 0, 1 / jnp.sqrt(total), 0.0)


# Schedules


def constant(step_size) -> Schedule:
    """The same step size for all steps.

    >>> constant(0.1)(5)
    0.1
    """
    return lambda i: step_size


def exponential_decay(step_size, decay_steps, decay_rate) -> Schedule:
    """Step sizes multiplied by decay_rate in every decay_steps steps.

    >>> exponential_decay(1.0, 10, 0.5)(20)
    0.25
    """
    return lambda i: step_size * decay_rate ** (i / decay_steps)


def inverse_time_decay(step_size, decay_steps, decay_rate, staircase=False) -> Schedule:
    """Step sizes divided by 1 + decay_rate * i / decay_steps; by whole steps if a
    staircase.

    >>> inverse_time_decay(1.0, 10, 1.0)(10)
    0.5
    """
    if staircase:
        return lambda i: step_size / (1 + decay_rate * jnp.floor(i / decay_steps))
    return lambda i: step_size / (1 + decay_rate * i / decay_steps)


def polynomial_decay(step_size, decay_steps, final_step_size, power=1.0) -> Schedule:
    """Step sizes that go to final_step_size in decay_steps steps.

    >>> polynomial_decay(1.0, 10, 0.0)(5).item()
    0.5
    """

    def schedule(i):
        i = jnp.minimum(i, decay_steps)
        return (1 - i / decay_steps) ** power * (
            step_size - final_step_size
        ) + final_step_size

    return schedule


def piecewise_constant(boundaries: Any, values: Any) -> Schedule:
    """values[0] up to step boundaries[0], values[1] up to boundaries[1], and so on.

    Raises:
      ValueError: unless there is one value more than boundaries.

    >>> piecewise_constant([10, 20], [1.0, 0.5, 0.1])(15).item()
    0.5
    """
    boundaries, values = jnp.array(boundaries), jnp.array(values)
    if not boundaries.ndim == values.ndim == 1:
        raise ValueError(
            "piecewise_constant: boundaries and values must be sequences, got "
            f"{boundaries.aval} and {values.aval}."
        )
    if boundaries.shape[0] != values.shape[0] - 1:
        raise ValueError(
            "piecewise_constant: boundaries length must be one shorter than values "
            f"length, got {boundaries.shape[0]} and {values.shape[0]}."
        )
    return lambda i: values[jnp.sum(i > boundaries)]


def make_schedule(scalar_or_schedule: float | Schedule) -> Schedule:
    """A number as a schedule; schedules as they are.

    Raises:
      TypeError: for anything else.
    """
    if callable(scalar_or_schedule):
        return scalar_or_schedule
    if jnp.ndim(scalar_or_schedule) == 0:
        return constant(scalar_or_schedule)
    raise TypeError(
        "make_schedule: a step size is a number or a function of the step, got "
        f"{type(scalar_or_schedule)}."
    )


# Gradients


def l2_norm(tree):
    """The root of the sum of squares of all elements of a container of arrays.

    >>> l2_norm({"w": jnp.array([3.0]), "b": jnp.array(4.0)}).item()
    5.0
    """
    leaves = tree_util.tree_leaves(tree)
    return jnp.sqrt(sum([jnp.vdot(x, x) for x in leaves]))


def clip_grads(grad_tree, max_norm):
    """Gradients made shorter if their `l2_norm` is more than max_norm.

    >>> clip_grads([jnp.array([3.0, 4.0])], 2.5)[0].tolist()
    [1.5, 2.0]
    """
    norm = l2_norm(grad_tree)

    def clip(g):
        return jnp.where(norm < max_norm, g, g * (max_norm / norm))

    return tree_util.tree_map(clip, grad_tree)


# Serialization


class JoinPoint:
    """A leaf of the parameters' container that holds the state of one parameter."""

    def __init__(self, subtree):
        self.subtree = subtree

    def __iter__(self):
        yield self.subtree


def unpack_optimizer_state(opt_state):
    """The state as a container like the parameters, a `JoinPoint` for each leaf."""
    return tree_util.tree_unflatten(
        opt_state.tree_def, [JoinPoint(state) for state in _unpacked(opt_state)]
    )


def pack_optimizer_state(marked_pytree):
    """The state from what `unpack_optimizer_state` has made of it.

    Raises:
      TypeError: if a leaf is no JoinPoint.
    """
    points, treedef = tree_util.tree_flatten(marked_pytree)
    strangers = [type(x) for x in points if not isinstance(x, JoinPoint)]
    if strangers:
        raise TypeError(
            f"pack_optimizer_state: leaves must be JoinPoints, got {strangers[0]}."
        )
    return _packed(treedef, [point.subtree for point in points])
