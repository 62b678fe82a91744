"""Control flow against Python's own, and what its programs look like."""

import functools

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import lax
from minijax.core.jaxpr import check_jaxpr

XS = np.linspace(0.2, 1.4, 5)


def close(x, y, tolerance=1e-12):
    """Equal containers of arrays, to a tolerance."""
    xs, x_tree = minijax.tree_util.tree_flatten(x)
    ys, y_tree = minijax.tree_util.tree_flatten(y)
    assert x_tree == y_tree
    for a, b in zip(xs, ys, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), tolerance, tolerance)


def python_scan(f, init, xs, reverse=False):
    """`scan` as a Python loop."""
    order = range(len(xs))
    ys = {}
    for k in reversed(order) if reverse else order:
        init, ys[k] = f(init, xs[k])
    return init, jnp.stack([ys[k] for k in order])


def python_fori(n, f, c):
    for i in range(n):
        c = f(i, c)
    return c


def python_while(keep_on, f, c):
    while keep_on(c):
        c = f(c)
    return c


def swing(w, c, x):
    """A step that is not linear in anything."""
    c = jnp.sin(c * w) + x * c
    return c, c * x


@pytest.mark.parametrize(
    ("reverse", "unroll"), [(False, 1), (True, 1), (True, 2), (False, 3), (False, True)]
)
def test_scan_is_a_loop(x64, reverse, unroll):
    """Values, gradient and Hessian equal those of the unrolled loop."""

    def looped(w, c, xs):
        f = functools.partial(swing, w)
        return lax.scan(f, c, xs, reverse=reverse, unroll=unroll)

    def unrolled(w, c, xs):
        return python_scan(functools.partial(swing, w), c, xs, reverse)

    def total(fun):
        return lambda *args: sum(x.sum() for x in fun(*args))

    args = 0.7, 1.3, jnp.asarray(XS)
    at = (0, 1, 2)

    close(looped(*args), unrolled(*args))
    for transformed in (
        lambda f: minijax.grad(total(f), at),
        lambda f: minijax.jit(minijax.grad(total(f), at)),
        lambda f: minijax.jacfwd(f, at),
        lambda f: minijax.jit(minijax.hessian(total(f), at)),
        lambda f: minijax.jit(minijax.jacrev(minijax.grad(total(f), at), at)),
    ):
        close(transformed(looped)(*args), transformed(unrolled)(*args))


def test_fori_loop_is_a_loop(x64):
    """A static trip count and a traced one have both modes."""

    def body(x, i, c):
        return jnp.sin(c * x) + i * c

    def looped(x):
        return lax.fori_loop(0, 4, functools.partial(body, x), x)

    def traced(x):
        n = jnp.asarray(4)
        loop = minijax.jit(
            lambda n, x: lax.fori_loop(0, n, functools.partial(body, x), x)
        )
        return loop(n, x)

    def unrolled(x):
        return python_fori(4, functools.partial(body, x), x)

    third = lambda f: minijax.grad(minijax.grad(minijax.grad(f)))  # noqa: E731
    forward = lambda f: minijax.jacfwd(minijax.jacfwd(f))  # noqa: E731

    close(third(looped)(0.7), third(unrolled)(0.7), 1e-10)
    close(forward(looped)(0.7), forward(unrolled)(0.7))
    close(forward(traced)(0.7), forward(unrolled)(0.7))
    close(minijax.grad(traced)(0.7), minijax.grad(unrolled)(0.7))


def test_lanes_stop_one_by_one(x64):
    """A batched predicate: finished members keep their carry, and their tangent."""

    def member(loop, x):
        return loop(lambda c: c < 50.0, lambda c: c * c + x, x)

    xs = jnp.asarray([1.0, 2.0, 3.0, 60.0])
    batched = minijax.vmap(functools.partial(member, lax.while_loop))(xs)
    one_by_one = jnp.stack([member(python_while, x) for x in xs])
    slopes = minijax.vmap(minijax.jacfwd(functools.partial(member, lax.while_loop)))
    expected = [minijax.jacfwd(functools.partial(member, python_while))(x) for x in xs]

    close(batched, one_by_one)
    close(slopes(xs), jnp.stack(expected))


def test_a_batched_predicate_is_evaluated_once_a_turn():
    """The loop of a batch carries its predicate instead of asking twice."""
    loop = minijax.vmap(
        lambda x: lax.while_loop(lambda c: jnp.cos(c) > 0, lambda c: c + 0.1, x)
    )
    text = str(minijax.make_jaxpr(loop)(jnp.ones(3)))

    assert text.count("cos") == 2  # before the loop, and in its body


def test_residuals_that_do_not_change_are_not_stacked():
    """Cosines of a constant are computed once, and constants are not copied."""

    def loss(w, xs):
        return lax.scan(lambda c, x: (c @ jnp.sin(w) @ w + x, None), xs[0], xs)[0].sum()

    program = minijax.make_jaxpr(minijax.grad(loss))(jnp.ones((4, 4)), jnp.ones((7, 4)))
    stacked = [
        v.aval.str_short()
        for eqn in program.eqns
        if eqn.primitive.name == "scan"
        for v in eqn.outvars
    ]

    check_jaxpr(program)
    assert "f32[7,4]" in stacked
    assert "f32[7,4,4]" not in stacked


def test_a_body_is_traced_once():
    """A function met again with the same types is not traced again."""
    count = 0

    def body(c, x):
        nonlocal count
        count += 1
        return c + x, c

    for _ in range(3):
        lax.scan(body, 0.0, jnp.ones(3))
    assert count == 1

    lax.scan(body, 0.0, jnp.ones((3, 2))[:, 0].astype("float16"))
    assert count > 1


def test_variables_bound_anew_are_seen():
    """A function whose closure has changed is traced again; jax keeps the old one."""
    w = 2.0

    def step(c, _):
        return c * w, None

    def power(value):
        nonlocal w
        w = value
        return lax.scan(step, 1.0, None, length=2)[0]

    assert (power(2.0), power(3.0), minijax.jit(power)(4.0)) == (4.0, 9.0, 16.0)
    assert minijax.grad(power)(5.0) == 10.0
    assert minijax.grad(power)(6.0) == 12.0


def test_only_the_chosen_branch_runs():
    """Un-jitted and jitted, the branch not taken cannot loop forever."""

    def forever(x):
        return lax.while_loop(lambda c: c == c, lambda c: c, x)

    def choose(x):
        return lax.cond(x > 0, lambda x: x * 2, forever, x)

    assert choose(1.0) == 2.0
    assert minijax.jit(choose)(1.0) == 2.0
    assert minijax.grad(lambda x: lax.cond(x > 0, lambda x: x * 2, lambda x: x, x))(1.0)


def test_branches_share_places_for_residuals():
    """Branches with residuals of one type use one place for them."""

    def f(x, y):
        return lax.cond(x > 0, lambda y: jnp.sin(y), lambda y: jnp.exp(y), y).sum()

    program = minijax.make_jaxpr(minijax.grad(f, 1))(1.0, jnp.ones(3))
    known = next(eqn for eqn in program.eqns if eqn.primitive.name == "cond")

    check_jaxpr(program)
    assert [str(v.aval) for v in known.outvars] == ["f32[3]", "f32[3]"]


def test_linear_loops_with_counters_are_transposed(x64):
    """<y, A x> = <A^T y, x> for a linear loop that also counts."""

    def apply(x):
        return lax.fori_loop(0, 4, lambda i, c: c * i * 0.5 + jnp.roll(c, 1), x)

    x, y = jnp.asarray(XS), jnp.asarray(XS[::-1].copy())
    (back,) = minijax.linear_transpose(apply, x)(y)

    close(jnp.vdot(y, apply(x)), jnp.vdot(back, x))


def test_collectives_inside_loops():
    """A sum over the members is seen by loops and branches, mapped operands or not."""
    xs = jnp.arange(3.0)

    def member(x):
        looped = lax.scan(lambda c, _: (c + lax.psum(1.0, "i"), c), 0.0, length=2)[0]
        chosen = lax.cond(looped > 0, lambda: lax.psum(x, "i"), lambda: x)
        counted = lax.while_loop(
            lambda c: c < lax.psum(x, "i"), lambda c: c + lax.pmax(x, "i"), 0.0
        )
        return looped, chosen, counted

    looped, chosen, counted = minijax.vmap(member, axis_name="i")(xs)

    close(looped, jnp.full(3, 6.0) if looped.ndim else 6.0)
    close(chosen, jnp.full(3, 3.0))
    close(counted, jnp.full(3, 4.0))


def test_keys_travel_through_loops():
    """Random keys as carry, rows and results."""
    key = minijax.random.key(3)
    keys = minijax.random.split(key, 4)

    def split_off(key, _):
        key, sub = minijax.random.split(key)
        return key, minijax.random.uniform(sub)

    last, draws = lax.scan(split_off, key, None, length=3)
    expected = []
    for _ in range(3):
        key, sub = minijax.random.split(key)
        expected.append(minijax.random.uniform(sub))
    same = lax.scan(lambda c, k: (c, k), 0, keys)[1]

    close(draws, jnp.stack(expected))
    close(minijax.random.key_data(last), minijax.random.key_data(key))
    close(minijax.random.key_data(same), minijax.random.key_data(keys))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8, 13])
@pytest.mark.parametrize("reverse", [False, True])
def test_prefixes(n, reverse):
    """Products of all prefixes of matrices, which do not commute."""
    rng = np.random.default_rng(n)
    xs = rng.normal(size=(n, 2, 2)).astype("float32")
    got = lax.associative_scan(jnp.matmul, jnp.asarray(xs), reverse=reverse)
    order = range(n)
    product, expected = np.eye(2), np.zeros_like(xs)
    for k in reversed(order) if reverse else order:
        product = product @ xs[k]
        expected[k] = product

    np.testing.assert_allclose(np.asarray(got), expected, 1e-4, 1e-4)


@pytest.mark.parametrize("batch_size", [None, 1, 3, 5, 7, 9])
def test_map_in_batches(batch_size):
    """The size of batches changes nothing but the memory."""
    xs = jnp.arange(14.0).reshape(7, 2)
    got = lax.map(lambda x: (x.sum(), x[::-1]), xs, batch_size=batch_size)

    close(got, (xs.sum(1), xs[:, ::-1]))


def test_without_jit_loops_run_in_python():
    """`disable_jit` shows values to the functions of control flow."""
    seen = []

    def body(c, x):
        seen.append(float(c))
        return c + x, c

    with minijax.disable_jit():
        carry, ys = lax.scan(body, 0.0, jnp.ones(3), reverse=True)
        assert lax.while_loop(lambda c: bool(c < 5), lambda c: c + 2, 0) == 6
        assert lax.fori_loop(0, 3, lambda i, c: c + int(i), 0) == 3
        assert lax.cond(True, lambda: 1, lambda: 1 / 0) == 1
        assert lax.switch(9, [lambda: 1 / 0, lambda: 2]) == 2
        slope = minijax.grad(
            lambda x: lax.while_loop(lambda c: c < 9, lambda c: c * x, x)
        )(2.0)

    assert seen == [0.0, 1.0, 2.0]
    close(ys, jnp.asarray([2.0, 1.0, 0.0]))
    assert carry == 3.0
    assert slope == 32.0


def test_the_text_of_a_loop():
    """A scan is one while loop that reads and writes rows."""
    text = (
        minijax.jit(lambda c, xs: lax.scan(lambda c, x: (c * x, c), c, xs))
        .lower(jnp.ones(2), jnp.ones((5, 2)))
        .as_text()
    )

    assert text.count("stablehlo.while") == 1
    assert text.count("stablehlo.dynamic_slice") == 1
    assert text.count("stablehlo.dynamic_update_slice") == 1


def test_unrolled_bodies_are_written_once():
    """A turn of several steps calls one function."""
    text = (
        minijax.jit(lambda c, xs: lax.scan(lambda c, x: (c * x, c), c, xs, unroll=2))
        .lower(jnp.ones(2), jnp.ones((5, 2)))
        .as_text()
    )

    assert text.count("stablehlo.multiply") == 1
    assert text.count("call @scan_body") == 3
