"""Reverse mode through loops whose length depends on data."""

import functools
import math

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import lax
from minijax.control.revolve import stride, unwind
from minijax.core.jaxpr import check_jaxpr

from .loops import LOOPS, Compiled, Unrolled, count, tripled

each = pytest.mark.parametrize("loop", LOOPS, ids=str)


def some(*names):
    loops = [loop for loop in LOOPS if loop.name in names]
    return pytest.mark.parametrize("loop", loops, ids=str)


def arrays(loop):
    return [jnp.asarray(x) for x in loop.point]


def of(transform, loop, way=Compiled):
    """A derivative of a loop in all its arguments."""
    at = tuple(range(len(loop.point)))
    return transform(functools.partial(loop.fun, way), at)


def close(x, y, tolerance=1e-12):
    """Containers of arrays agree, relative to their largest entry."""
    xs, ys = minijax.tree.leaves(x), minijax.tree.leaves(y)
    for a, b in zip(map(np.asarray, xs), map(np.asarray, ys), strict=True):
        assert a.shape == b.shape
        size = np.abs(b).max(initial=1.0)
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * size)


# Derivatives


@each
def test_gradient_equals_that_of_the_unrolled_loop(x64, loop):
    """Under jit, to 1e-12, and the value too."""
    staged = minijax.jit(of(minijax.value_and_grad, loop))

    expected = of(minijax.value_and_grad, loop, Unrolled)(*arrays(loop))

    close(staged(*arrays(loop)), expected)


@some("fori", "few checkpoints", "cond in while", "while in while", "lanes")
def test_second_derivatives(x64, loop):
    """The transpose of a loop has all rules: either mode over reverse mode."""
    args = arrays(loop)

    def hessian(outer, f, at):
        return outer(minijax.grad(f, at), at)

    fwd, rev = [
        functools.partial(hessian, mode) for mode in (minijax.jacfwd, minijax.jacrev)
    ]
    expected = of(fwd, loop, Unrolled)(*args)

    close(minijax.jit(of(fwd, loop))(*args), expected, 1e-11)
    close(minijax.jit(of(rev, loop))(*args), expected, 1e-11)


def test_third_derivative(x64):
    """Reverse over reverse over reverse."""
    (squares,) = [loop.fun for loop in LOOPS if loop.name == "squares"]
    f, g = [functools.partial(squares, way) for way in (Compiled, Unrolled)]
    third = lambda f: minijax.grad(minijax.grad(minijax.grad(f)))  # noqa: E731

    close(minijax.jit(third(f))(2.0), third(g)(2.0))


@some("container", "few checkpoints", "three deep")
def test_by_every_road(x64, loop):
    """Un-jitted, of jit, and the linear part pushed forward."""
    args = arrays(loop)
    expected = minijax.jit(of(minijax.grad, loop))(*args)
    f = functools.partial(loop.fun, Compiled)

    _, push = minijax.linearize(f, *args)
    slope = sum(np.vdot(x, bar) for x, bar in zip(args, expected, strict=True))
    jitted = loop._replace(fun=lambda way, *xs: minijax.jit(f)(*xs))

    close(of(minijax.grad, loop)(*args), expected)
    close(of(minijax.grad, jitted)(*args), expected)
    close(push(*args), slope)
    check_jaxpr(minijax.make_jaxpr(of(minijax.grad, loop))(*args))


@some("container", "few checkpoints", "three deep", "while in cond")
def test_lanes_of_different_length(x64, loop):
    """vmap of grad, and grad of vmap, equal one gradient after the other."""
    factors = 1.0, 1.15, 0.9
    points = [[x * k for x in arrays(loop)] for k in factors]
    rows = [of(minijax.grad, loop, Unrolled)(*point) for point in points]
    expected = [jnp.stack(column) for column in zip(*rows, strict=True)]
    args = [jnp.stack(column) for column in zip(*points, strict=True)]

    def total(way, *xs):
        return minijax.vmap(functools.partial(loop.fun, way))(*xs).sum()

    close(minijax.jit(minijax.vmap(of(minijax.grad, loop)))(*args), expected)
    close(minijax.jit(of(minijax.grad, loop._replace(fun=total)))(*args), expected)


def test_finished_lanes_bring_no_nan(x64):
    """At the end of this loop the slope of its body is infinite: sqrt at 0."""

    def member(w, x):
        def step(c):
            n = jnp.where(c > 3.0, 3, 2)
            c = lax.fori_loop(0, n, lambda i, c: jnp.sqrt(c) * w, c)
            return jnp.maximum(c - 0.8, 0.0)

        return lax.while_loop(lambda c: c > 0, step, x) + x * w

    def total(w, xs):
        return minijax.vmap(functools.partial(member, w))(xs).sum()

    xs = jnp.asarray([2.0, 5.0, 0.0])
    rows = [minijax.grad(member)(1.1, x) for x in (2.0, 5.0, 0.0)]

    assert np.isfinite(rows).all()
    close(minijax.jit(minijax.grad(total))(1.1, xs), sum(rows))


def test_transposing_a_linear_loop(x64):
    """<y, A x> = <A^T y, x>, the number of turns being counted by a loop of its own."""
    v = jnp.asarray([0.5, -1.0, 2.0])

    def apply(x):
        def step(c):
            size, n, x = c
            return size * 0.7, n + 1, jnp.roll(x, 1) * size + x * n

        return lax.while_loop(lambda c: c[0] > 0.1, step, (v[2], 0, x))[2]

    y = jnp.asarray([1.0, 0.3, -0.8])
    (back,) = minijax.jit(minijax.linear_transpose(apply, v))(y)

    close(jnp.vdot(y, apply(v)), jnp.vdot(back, v))


def test_fori_loop_with_a_traced_bound_and_small_integers():
    """The number of steps is right for counters of every type."""

    def power(n, x):
        return lax.fori_loop(np.int8(-120), n, lambda i, c: c * x, 1.0)

    slope = minijax.jit(minijax.grad(power, 1))

    assert slope(jnp.int8(100), 1.0) == 220.0
    assert slope(jnp.int8(-120), 1.0) == 0.0
    assert slope(jnp.int8(-128), 1.0) == 0.0


def test_a_backward_rule_that_is_not_linear(x64):
    """It has a gradient; reverse over reverse says why there is no second one."""

    @minijax.custom_vjp
    def clipped(x):
        return x

    clipped.defvjp(lambda x: (x, None), lambda _, ct: (jnp.clip(ct, -1.0, 1.0),))

    def loss(x):
        return lax.while_loop(lambda c: c < 20.0, lambda c: clipped(c * c) + x, x)

    def unrolled(x):
        return Unrolled.while_loop(lambda c: c < 20.0, lambda c: clipped(c * c) + x, x)

    close(minijax.jit(minijax.grad(loss))(1.2), minijax.grad(unrolled)(1.2))
    with pytest.raises(NotImplementedError, match="must be linear in the cotangent"):
        minijax.grad(minijax.grad(loss))(1.2)


def test_collectives_in_the_body(x64):
    """The sum over the members is in the gradient, and in that of each member."""

    def member(way, x):
        def step(c):
            return c[0] + 1, jnp.sin(c[1]) + lax.psum(c[1] * x, "i")

        return way.while_loop(lambda c: c[0] < 3, step, (0, x))[1]

    def gradients(way, xs):
        f = functools.partial(member, way)
        total = lambda xs: minijax.vmap(f, axis_name="i")(xs).sum()  # noqa: E731
        return minijax.grad(total)(xs), minijax.vmap(minijax.grad(f), axis_name="i")(xs)

    xs = jnp.asarray([0.3, 0.2, 0.5])
    staged = minijax.jit(functools.partial(gradients, Compiled))

    close(staged(xs), gradients(Unrolled, xs))


def test_effects_happen_once():
    """A callback whose result no derivative needs is left to the first run."""
    seen = []

    def body(c):
        minijax.debug.callback(lambda c: seen.append(c.item()), c)
        return c * c + 1.0

    def loss(x):
        return lax.while_loop(lambda c: c < 100.0, body, x)

    assert minijax.jit(minijax.grad(loss))(2.0) == 8 * 2.0 * 5.0 * 26.0
    minijax.effects_barrier()
    assert seen == [2.0, 5.0, 26.0]


# Cost


def least_steps(n, places):
    """r n - C(s + r, s + 1), Griewank and Walther, for the least r that suffices."""
    r = 0
    while math.comb(places + r, places) < n:
        r += 1
    return r * n - math.comb(places + r, places + 1)


def test_steps_stay_at_the_binomial_bound():
    """Run by Python, the schedule visits n-1, ..., 0 in the least number of steps."""

    def steps_taken(n, places):
        taken, visited = 0, []

        def up(state):
            nonlocal taken
            taken += 1
            return [state[0] + np.int32(1)]

        def down(state, bars):
            visited.append(int(state[0]))
            return bars

        unwind(lax.while_loop, np.int32(n), up, down, [np.int32(0)], [], places)
        assert visited == list(range(n))[::-1]
        return taken

    with minijax.disable_jit():
        for n in (0, 1, 2, 7, 20):
            for places in (1, 2, 5):
                assert steps_taken(n, places) == least_steps(n, places) * (n > 0)


def test_strides_are_best_for_all_lengths():
    """The total of steps that follows from the strides is the least possible."""
    lengths, places = np.mgrid[2:300, 1:9].astype(np.int32)
    strides = minijax.jit(minijax.vmap(functools.partial(stride, lax.while_loop)))(
        lengths.ravel(), places.ravel()
    )
    table = np.asarray(strides).reshape(lengths.shape)
    totals = {(1, s): 0 for s in range(1, 9)}
    for n in range(2, 300):
        totals[n, 1] = n * (n - 1) // 2
        for s in range(2, 9):
            m = table[n - 2, s - 1]
            totals[n, s] = m + totals[n - m, s - 1] + totals[m, s]

    assert (table[:, 0] == lengths[:, 0] - 1).all()
    assert totals == {(n, s): least_steps(n, s) for n, s in totals}


def test_strides_of_very_long_loops_are_in_range():
    """Where the binomials pass 2^31, a stride is still one of its stretch."""
    lengths = np.asarray([2**31 - 1, 2**30, 10**9, 10**8] * 3, np.int32)
    places = np.asarray([3] * 4 + [50] * 4 + [1024] * 4, np.int32)
    f = minijax.jit(minijax.vmap(functools.partial(stride, lax.while_loop)))
    strides = np.asarray(f(lengths, places))

    assert ((strides >= 1) & (strides < lengths)).all()


def test_memory_does_not_grow_with_the_number_of_steps():
    """Some multiple of what is kept, for ten steps and for a million."""
    size, places = 20_000, 8
    x = jnp.ones(size)

    def temporary(n):
        def loss(x):
            def step(c):
                return c[0] + 1, jnp.sin(c[1]) * x

            keep_on = lambda c: (c[0] < n) & (c[1][0] > -2.0)  # noqa: E731
            return lax.while_loop(keep_on, step, (0, x), checkpoints=places)[1].sum()

        compiled = minijax.jit(minijax.grad(loss)).lower(x).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    short, long = temporary(10), temporary(10**6)

    assert short == long
    assert long < (places + 8) * size * 4


def test_only_what_matters_is_kept():
    """Carries that the transposed body does not read are not run again."""

    def loss(x, v):
        def step(c):
            t, total, big = c
            return t * x, total + jnp.sin(t), big * 2.0

        return lax.while_loop(lambda c: c[0] < 9.0, step, (x, 0.0, v))[1]

    program = minijax.make_jaxpr(minijax.grad(loss))(1.5, jnp.ones(1000))
    (eqn,) = [eqn for eqn in program.eqns if eqn.primitive.name == "unwind"]

    assert eqn.params["nups"] == 1
    assert [str(v.aval) for v in eqn.params["up"].jaxpr.outvars] == ["f32[]"]


def test_a_counting_loop_is_not_counted():
    """`while i < n: i += 1` has a number of steps that is known before it runs."""

    def power(n, x):
        return lax.while_loop(
            lambda c: c[0] < n, lambda c: (c[0] + 1, c[1] * x), (0, x)
        )[1]

    program = minijax.make_jaxpr(minijax.grad(power, 1))(3, 2.0)
    loops = [eqn for eqn in program.eqns if eqn.primitive.name == "while"]

    assert minijax.grad(power, 1)(3, 2.0) == 32.0
    assert all(len(eqn.outvars) == 2 for eqn in loops)


def test_the_transposed_step_is_written_once():
    """One body up, one down, whatever the order of the derivative."""
    f = minijax.grad(
        lambda x: lax.while_loop(lambda c: c < 9.0, lambda c: jnp.tanh(c) * x, x)
    )
    text = minijax.jit(f).lower(2.0).as_text()

    assert text.count("stablehlo.tanh") == 3  # the loop, the way up, the way down


def test_a_gradient_of_a_custom_rule_runs_it(x64):
    """Rules of functions in the body are used: 3 x, not 2 x."""

    def loss(x):
        return lax.fori_loop(0, count(x), lambda i, c: tripled(c), x)

    assert minijax.grad(loss)(0.5) == (3 * 0.5) * (3 * 0.25)
