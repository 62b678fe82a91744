"""Where cuts are placed, that they change no value, and what XLA makes of them."""

import random

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import ShapeDtypeStruct, config, grad, hessian, jit, lax, special
from minijax.config import fusion_cuts as switch
from minijax.core.jaxpr import check_jaxpr, eval_jaxpr
from minijax.optimize import optimize
from minijax.optimize.fusion_cuts import (
    choose_cuts,
    copies_operands,
    cut_fusions,
    keeps_barriers,
)
from minijax.optimize.inlining import inline_calls


def traced(f, *shapes):
    """The optimised program of a function of f32 arrays."""
    args = [ShapeDtypeStruct(shape, np.float32) for shape in shapes]
    return optimize(jit(f).trace(*args).jaxpr)


def barriers(closed):
    return sum(e.primitive.name == "optimization_barrier" for e in closed.eqns)


def chain(steps):
    """Each value is read twice, so that fusion computes the first 2^steps times."""

    def f(x):
        for _ in range(steps):
            x = 0.5 * jnp.concatenate([x[1:], x[:1]]) + x * x
        return x

    return f


def lstm(steps):
    def loss(w, xs):
        h = c = jnp.zeros((4, 8))
        for k in range(steps):
            i, f, o, g = jnp.split(xs[k] + h @ w, 4, axis=1)
            c = jnp.tanh(f) * c + jnp.tanh(i) * g
            h = jnp.tanh(o) * c
        return jnp.sum(h * h)

    return grad(loss)


def runge_kutta(steps):
    """Gradient of competing species in a ring, by the classical fourth-order method."""

    def slope(x):
        return x * (1 - jnp.concatenate([x[1:], x[:1]]))

    def step(x, dt=0.01):
        k1 = slope(x)
        k2 = slope(x + dt / 2 * k1)
        k3 = slope(x + dt / 2 * k2)
        return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + slope(x + dt * k3))

    def f(x):
        for _ in range(steps):
            x = step(x)
        return jnp.sum(x)

    return grad(f)


def logistic_map(x):
    for _ in range(20):
        x = 3.9 * x * (1 - x)
    return x


def option_price(s, k, t, r, sigma):
    spread = sigma * jnp.sqrt(t)
    d1 = (jnp.log(s / k) + (r + sigma * sigma / 2) * t) / spread

    def normal_cdf(x):
        return 0.5 * (1 + lax.erf(x / 2**0.5))

    return s * normal_cdf(d1) - k * jnp.exp(-r * t) * normal_cdf(d1 - spread)


def prices(*args):
    return jnp.sum(option_price(*args))


# Where cuts are placed


@pytest.mark.parametrize(
    ("x_shape", "y_shape", "numbers", "copied"),
    [
        ((64, 32, 48), (48, 80), (((2,), (0,)), ((), ())), (False, False)),
        ((64, 32, 48), (64, 32, 80), (((0, 1), (0, 1)), ((), ())), (False, False)),
        ((64, 32, 48), (64, 32, 80), (((1,), (1,)), ((0,), (0,))), (False, False)),
        ((64, 32, 48), (64, 80, 48), (((2,), (2,)), ((0,), (0,))), (False, False)),
        ((64, 32, 48), (32, 80), (((1,), (0,)), ((), ())), (True, False)),
        ((32, 48), (64, 48, 80), (((1,), (1,)), ((), ())), (False, True)),
    ],
)
def test_operands_of_products_that_xla_copies(x_shape, y_shape, numbers, copied):
    """A copied operand is transposed in the kernel that computes it."""

    def product(x, y):
        return lax.dot_general(3 * jnp.sin(x), 3 * jnp.sin(y), numbers)

    closed = traced(product, x_shape, y_shape)
    arrays = [np.ones(shape, np.float32) for shape in (x_shape, y_shape)]
    hlo = jit(product).lower(*arrays).compile().as_text()

    assert copies_operands(closed.eqns[-1]) == copied
    assert (" transpose(" in hlo) == any(copied)


def test_a_value_read_by_several_kernels_is_cut_if_its_cone_is_large():
    def f(x, w):
        y = (((x + 1) * 2 - x) * 3 + x) * 4 - x
        return jnp.sum(y), jnp.sum(y * w), jnp.max(y - w)

    closed = traced(f, (8,), (8,))

    assert str(cut_fusions(closed)) == (
        "{ lambda ; a:f32[8] b:f32[8]. let\n"
        "    c:f32[8] = add a 1.0:f32[]\n"
        "    d:f32[8] = mul c 2.0:f32[]\n"
        "    e:f32[8] = sub d a\n"
        "    f:f32[8] = mul e 3.0:f32[]\n"
        "    g:f32[8] = add f a\n"
        "    h:f32[8] = mul g 4.0:f32[]\n"
        "    i:f32[8] = sub h a\n"
        "    j:f32[8] = optimization_barrier i\n"
        "    k:f32[] = reduce_sum[axes=(0,)] j\n"
        "    l:f32[8] = mul j b\n"
        "    m:f32[] = reduce_sum[axes=(0,)] l\n"
        "    n:f32[8] = sub j b\n"
        "    o:f32[] = reduce_max[axes=(0,)] n\n"
        "  in (k, m, o) }"
    )


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: jnp.sum((x + 1) * 2 - x),  # read once
        lambda x, w: (jnp.sum(x + 1), jnp.sum((x + 1) * w)),  # cheap to repeat
        lambda x, w: (y := jnp.exp(x) / w, jnp.sum(y), jnp.max(y)),  # XLA keeps it
        lambda x, w: jnp.sum((y := x * w + x) * y * (y - 1)),
        lambda x, w: logistic_map(x),  # twenty steps, but all in one kernel
    ],
    ids=["read-once", "cheap", "kept-anyway", "one-kernel", "long-kernel"],
)
def test_nothing_is_cut_where_fusion_repeats_little(f):
    closed = traced(f, (8,), (8,))

    assert cut_fusions(closed) is closed


def test_a_value_that_a_matrix_product_reads_is_stored_without_a_cut():
    def f(x, w):
        y = x * w + x * x - w
        return y @ w, jnp.sum(y), jnp.max(y * w)

    assert choose_cuts(traced(f, (8, 8), (8, 8)).jaxpr) == {}


@pytest.mark.parametrize(
    ("f", "shapes"),
    [
        (chain(6), [(100,)]),
        (lstm(6), [(8, 32), (6, 4, 32)]),
        (runge_kutta(4), [(100,)]),
        (jit(jit(chain(6))), [(100,)]),
        (lambda x: jnp.sum(jit(chain(6))(x) ** 2), [(100,)]),
    ],
    ids=["shifts", "lstm", "runge-kutta", "call", "call-inside"],
)
def test_chains_are_cut(f, shapes):
    closed = cut_fusions(traced(f, *shapes))

    check_jaxpr(closed)
    assert barriers(closed) >= 3


def test_pricing_a_million_options_is_left_alone():
    """A cut costs a pass through memory, and repeats are few and cheap."""
    closed = traced(grad(prices, argnums=(0, 1, 2, 3, 4)), *[(1_000_000,)] * 5)

    assert cut_fusions(closed) is closed


def test_size_decides():
    """The same program: cut where operations count, not where memory counts."""

    def f(x, w):
        y = (x + w) * (x - w) + x
        return jnp.sum(y), jnp.max(y * w)

    assert len(choose_cuts(traced(f, (100,), (100,)).jaxpr)) == 0
    many = [lambda y, w, k=k: jnp.sum(y * w + k) for k in range(4)]

    def g(x, w):
        y = (x + w) * (x - w) + x
        return [h(y, w) for h in many]

    small, large = [traced(g, (n,), (n,)) for n in (100, 10_000_000)]
    assert len(choose_cuts(small.jaxpr)) == 1
    assert len(choose_cuts(large.jaxpr)) == 0


# Values


def random_program(seed):
    """A function of f32[4,4] and f32[4,4] with values used again and again."""
    draw = random.Random(seed)
    steps = [
        lambda x, y: x + y,
        lambda x, y: x * y - 0.5,
        lambda x, y: jnp.sin(x) - y,
        lambda x, y: jnp.tanh(x * y),
        lambda x, y: jnp.concatenate([x[1:], y[:1]]),
        lambda x, y: x.T + y,
        lambda x, y: jnp.where(x > y, x, -y),
        lambda x, y: x @ y / 4,
        lambda x, y: x - jnp.mean(y, axis=0),
        jit(lambda x, y: (x + 1) * (y - 1)),
        jit(lambda x, y: jit(jnp.cos)(x) * y),
    ]

    def f(x, y):
        values = [x, y]
        for _ in range(30):
            recent = values[-5:]
            z = draw.choice(steps)(draw.choice(recent), draw.choice(recent))
            values.append(jnp.clip(z, -2, 2))
        return values[-4:]

    return f


@pytest.mark.parametrize("seed", range(6))
def test_passes_keep_every_bit(seed):
    """Operation by operation, the program before and after gives the same values."""
    closed = traced(random_program(seed), (4, 4), (4, 4))
    after = cut_fusions(closed)
    draw = np.random.default_rng(seed)
    args = [jnp.asarray(draw.normal(size=(4, 4)), "float32") for _ in range(2)]

    check_jaxpr(after)
    expected = eval_jaxpr(closed.jaxpr, closed.consts, *args)
    got = eval_jaxpr(after.jaxpr, after.consts, *args)
    assert after is not closed
    for x, y in zip(got, expected, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(
    ("f", "shapes"),
    [(chain(8), [(20,)]), (runge_kutta(3), [(20,)]), (lstm(3), [(8, 32), (3, 4, 32)])],
    ids=["shifts", "runge-kutta", "lstm"],
)
def test_compiled_values_agree_with_cuts_and_without(f, shapes):
    """To rounding: XLA contracts a * b + c within a kernel, and kernels differ."""
    draw = np.random.default_rng(0)
    args = [draw.normal(size=shape, scale=0.3).astype("float32") for shape in shapes]
    with switch(True):
        got = jit(f)(*args)
    with switch(False):
        expected = jit(f)(*args)

    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-6)


# Calls


def test_inlining_renames_and_keeps_constants_and_the_order_of_effects():
    seen = []
    table = np.arange(3.0, dtype="float32")

    @jit
    def inner(x):
        minijax.debug.callback(lambda x: seen.append(float(x[0])), x, ordered=True)
        return x + table

    def f(x):
        return inner(inner(x) * 2)

    closed = traced(f, (3,))
    flat = inline_calls(closed)
    check_jaxpr(flat)

    assert [e.primitive.name for e in closed.eqns].count("jit") == 2
    assert "jit" not in [e.primitive.name for e in flat.eqns]
    np.testing.assert_array_equal(jit(f)(np.ones(3, "float32")), [2.0, 5.0, 8.0])
    minijax.effects_barrier()
    assert seen == [1.0, 2.0]


# XLA


def count(f, *args):
    """Instructions after XLA's optimisations."""
    return jit(f).lower(*args).compile().as_text().count(" = ")


def test_optimised_programs_grow_with_the_number_of_steps():
    """Without cuts the same chain doubles with every step."""
    x = np.ones(100, "float32")
    with switch(True):
        few, many = count(chain(4), x), count(chain(8), x)
    with switch(False):
        without = count(chain(8), x)

    assert many < 2.5 * few
    assert many < without


def test_the_switch_is_part_of_the_key():
    f = jit(chain(6))
    x = np.ones(10, "float32")
    with switch(True):
        assert "optimization_barrier" in f.lower(x).as_text()
    with switch(False):
        assert "optimization_barrier" not in f.lower(x).as_text()
    assert config.jax_fusion_cuts is True


def test_programs_with_barriers_in_loops_are_not_cut():
    """jaxlib 0.10.2 fails on a barrier in a loop if it is told to keep barriers."""
    step = minijax.checkpoint(lambda c, x: jnp.sin(jnp.sin(c)) * x)

    def loss(x, xs):
        x = chain(6)(x)
        c, _ = lax.scan(lambda c, x: (step(c, x), None), x, xs)
        return jnp.sum(c)

    closed = traced(grad(loss), (16,), (5, 16))

    assert choose_cuts(closed.jaxpr)
    assert cut_fusions(closed) is closed
    assert not keeps_barriers(closed.jaxpr)
    g = jit(grad(loss))(np.full(16, 0.1, "float32"), np.ones((5, 16), "float32"))
    assert np.isfinite(g).all()


def test_a_result_that_a_product_reads_is_stored_once():
    def f(x, w):
        y = jnp.transpose(x) + 1.0
        return y, y @ w, jnp.sin(x)

    closed = traced(f, (4, 8), (4, 3))
    names = [closed.eqns[k].primitive.name for k in range(len(closed.eqns))]
    cut = choose_cuts(closed.jaxpr)

    assert names == ["transpose", "add", "dot_general", "sin"]
    assert list(cut) == [closed.eqns[1].outvars[0]]


def test_barriers_of_the_user_are_kept():
    def f(x):
        return jnp.sin(lax.optimization_barrier(x * 2))

    assert keeps_barriers(traced(f, (3,)).jaxpr)
    assert keeps_barriers(traced(jit(f), (3,)).jaxpr)
    assert not keeps_barriers(traced(jnp.sin, (3,)).jaxpr)
    assert not keeps_barriers(traced(lambda x: lax.map(f, x), (3, 2)).jaxpr)


def test_second_derivatives_of_special_functions_stay_short():
    """The Hessian of betainc is 10,000 instructions, and 13,000 without this pass."""
    with minijax.enable_x64(True):
        x = np.array([1.7, 3.2, 0.35])
        f = jit(hessian(lambda p: special.betainc(p[0], p[1], p[2])))
        text = f.lower(x).compile().as_text()
        with switch(False):
            without = np.asarray(jit(hessian(lambda p: special.betainc(*p)))(x))

        assert text.count(" = ") < 11_500
        np.testing.assert_allclose(f(x), without, rtol=1e-12)
