"""Loops whose length depends on data, written against a way to run loops.

`Compiled` runs them as `lax` does, `Unrolled` in Python. Each loop is a function of the
way and of float arrays that returns a number.
"""

from typing import Any, NamedTuple

import numpy as np

import minijax
import minijax.numpy as jnp
from minijax import lax


class Compiled:
    """The operations of `lax`."""

    while_loop = staticmethod(lax.while_loop)
    fori_loop = staticmethod(lax.fori_loop)
    cond = staticmethod(lax.cond)
    scan = staticmethod(lax.scan)
    vmap = staticmethod(minijax.vmap)


class Unrolled:
    """The same in Python, on values."""

    @staticmethod
    def while_loop(cond, body, carry, checkpoints=None):
        while cond(carry):
            carry = body(carry)
        return carry

    @staticmethod
    def fori_loop(lower, upper, body, carry, checkpoints=None):
        for i in range(int(lower), int(upper)):
            carry = body(jnp.asarray(i), carry)
        return carry

    @staticmethod
    def cond(pred, true_fun, false_fun, *operands):
        return (true_fun if pred else false_fun)(*operands)

    @staticmethod
    def scan(f, carry, xs):
        ys = []
        for x in xs:
            carry, y = f(carry, x)
            ys.append(y)
        return carry, jnp.stack(ys)

    @staticmethod
    def vmap(f):
        return lambda *xs: jnp.stack([f(*row) for row in zip(*xs, strict=True)])


class Loop(NamedTuple):
    """A function of a way to run loops and of arrays, with a point."""

    name: str
    fun: Any
    point: tuple

    def __str__(self):
        return self.name


V = np.asarray([0.3, -0.7, 1.1])
M = np.asarray([[0.2, 0.5, -0.3], [-0.4, 0.1, 0.6], [0.3, -0.2, 0.4]])


def squares(way, x):
    return way.while_loop(lambda c: c < 100.0, lambda c: c * c + x, x)


def newton(way, a):
    def step(x):
        return 0.5 * (x + a / x)

    return way.while_loop(lambda x: jnp.abs(x * x - a) > 1e-9, step, a)


def fixed_point(way, w, x):
    def residual(z):
        return x - jnp.tanh(w @ z) - z

    z = way.while_loop(
        lambda z: jnp.abs(residual(z)).max() > 1e-3, lambda z: z + residual(z), x
    )
    return (z * z).sum()


def no_turn(way, x):
    return way.while_loop(lambda c: c < 0.0, lambda c: c * c, x) * x


def one_turn(way, x):
    return way.while_loop(lambda c: c < 1.0, lambda c: c + jnp.exp(x), x)


def container(way, x, v):
    def step(c):
        return {
            "n": c["n"] + 1,
            "pair": (c["pair"][1] * x, c["pair"][0] + jnp.sin(c["v"])),
            "v": c["v"] * c["pair"][0].sum(),
        }

    c = {"n": 0, "pair": (v, v * x), "v": v}
    c = way.while_loop(lambda c: c["n"] < 6, step, c)
    return (c["pair"][0] + c["v"]).sum() + c["n"] * x


def flag(way, x):
    def step(c):
        grow, v = c
        v = jnp.where(grow, v * x, v - 0.3 * x)
        return grow & (v < 4.0), v

    return way.while_loop(lambda c: c[0] | (c[1] > 3.2), step, (True, x))[1]


def matrix(way, w, v):
    def step(v):
        return jnp.tanh(w @ v) + 0.1

    return way.while_loop(lambda v: (v * v).sum() > 0.3, step, v).sum()


def bound_of_a_closure(way, x, y):
    bound = jnp.exp(y) + 5.0
    return way.while_loop(lambda c: c < bound, lambda c: c * y + x, x) * bound


def dependence_comes_late(way, x):
    def step(c):
        a, b, d, n = c
        return b, d * b, d + jnp.sin(x * a), n + 1

    out = way.while_loop(lambda c: c[3] < 7, step, (1.0, 2.0, 0.5, 0))
    return out[0] + out[1] * out[2]


def dependence_is_lost(way, x):
    def step(c):
        return lax.stop_gradient(c[1]), c[1] * 0.5 + x * c[0]

    out = way.while_loop(lambda c: c[1] < 10.0, step, (x, 2 * x))
    return out[0] * x + out[1]


def nothing_depends(way, x):
    return way.while_loop(lambda c: c < 10.0, lambda c: c * 1.5, 1.0) * x


def collatz(way, x):
    def step(c):
        n, v = c
        even = n % 2 == 0
        n = jnp.where(even, n // 2, 3 * n + 1)
        return n, jnp.where(even, jnp.sin(v), v * x)

    return way.while_loop(lambda c: c[0] != 1, step, (jnp.asarray(7), x))[1]


def count(x, scale=5.0):
    """An integer that depends on data."""
    return jnp.floor(jnp.abs(lax.stop_gradient(x)) * scale).astype("int32")


def fori(way, x, y):
    return way.fori_loop(0, count(x), lambda i, c: c * x + i * jnp.sin(y * c), y)


def fori_from_to(way, x, y):
    return way.fori_loop(count(y), count(x), lambda i, c: c * y + i * x, y)


def fori_of_no_turns(way, x, y):
    return way.fori_loop(count(x), 2, lambda i, c: c * y + i * x, y * x)


def fori_reads_and_writes(way, v, x):
    def step(i, c):
        total, rows = c
        total = total * v[i % 3] + x
        return total, rows.at[i % 3].add(jnp.sin(total))

    total, rows = way.fori_loop(0, count(x), step, (x, v))
    return total + (rows * rows).sum()


def few_checkpoints(way, x):
    def step(i, c):
        return c * x * (1.0 - c)

    return way.fori_loop(0, count(x, 20.0), step, 0.3, checkpoints=3)


def one_checkpoint(way, x):
    def step(c):
        return jnp.cos(c * x)

    return way.while_loop(lambda c: (c < 0.7) | (c > 0.78), step, x, checkpoints=1)


def integral(way, x):
    # The summands matter, their sum does not.
    def step(c):
        t, total = c
        return t * x, total + jnp.exp(-t) * (x - 1.0)

    return way.while_loop(lambda c: c[0] < 8.0, step, (0.1 * x, 0.0))[1]


def linear(way, w, v):
    return way.while_loop(lambda v: jnp.abs(v).sum() > 0.2, lambda v: w @ v, v).sum()


def while_in_while(way, x, y):
    def step(c):
        i, v = c
        v = way.while_loop(lambda v: v < 3.0 + x, lambda v: v * 1.3 + y * y, v)
        return i + 1, jnp.sin(v) + 1.2

    return way.while_loop(lambda c: c[0] < 3, step, (0, x * y))[1]


def three_deep(way, x):
    def inner(v):
        return way.while_loop(lambda v: v > 0.5, lambda v: v * jnp.sin(v) * x, v)

    def middle(c):
        return c[0] + 1, inner(c[1] + 1.0) + x

    def outer(c):
        return c[0] + 1, way.while_loop(lambda c: c[0] < 2, middle, (0, c[1]))[1]

    return way.while_loop(lambda c: c[0] < 3, outer, (0, x))[1]


def fori_in_while(way, x):
    def step(v):
        n = count(v, 1.0) + 1
        return way.fori_loop(0, n, lambda i, c: c * 1.1 + x / (i + 1), v)

    return way.while_loop(lambda v: v < 20.0, step, x)


def while_in_scan(way, x, v):
    def row(c, a):
        c = way.while_loop(lambda c: c < 2.0, lambda c: c * c + a * a + 0.1, c)
        return jnp.sin(c) * x, c

    c, ys = way.scan(row, x, v)
    return c + (ys * ys).sum()


def scan_in_while(way, x, v):
    def step(c):
        n, c = c
        return n + 1, way.scan(lambda c, a: (jnp.sin(c * a) + x, c), c, v)[0]

    return way.while_loop(lambda c: c[0] < 4, step, (0, x))[1]


def while_in_cond(way, x, y):
    def grow(y):
        return way.while_loop(lambda c: c < 9.0, lambda c: c * x + 1.0, y)

    return way.cond(x > 0, grow, lambda y: y * x, y) + way.cond(
        x < 0, grow, lambda y: y * y, y
    )


def cond_in_while(way, x):
    def step(c):
        n, v = c
        v = way.cond(v > 1.0, lambda v: v * 0.3, lambda v: v + jnp.exp(v * x), v)
        return n + 1, v

    return way.while_loop(lambda c: c[0] < 7, step, (0, x))[1]


def lanes(way, v, x):
    def member(a):
        a = a * a + x
        return way.while_loop(
            lambda c: jnp.abs(c * c - a) > 1e-9, lambda c: (c + a / c) / 2, a
        )

    return (way.vmap(member)(v) * v).sum()


def lanes_that_never_run(way, v, x):
    def member(a):
        return way.while_loop(lambda c: (c > 0) & (c < 5), lambda c: c * 2 + x / c, a)

    return (way.vmap(member)(v) ** 2).sum()


def lanes_of_loops(way, v, x):
    def member(a):
        def step(c):
            return way.fori_loop(0, count(c, 1.0) + 1, lambda i, d: d * x + a * a, c)

        return way.while_loop(lambda c: c < 12.0, step, a * a + 1.0)

    return way.vmap(member)(v).sum()


def lanes_that_end_at_a_pole(way, v, x):
    # At the end the slope of the body is infinite.
    def member(a):
        return way.while_loop(lambda c: c > 0, lambda c: jnp.sqrt(c * x) - c * 0, a * 0)

    def root(a):
        def step(c):
            return jnp.maximum(jnp.sqrt(c) * x - 0.3, 0.0)

        return way.while_loop(lambda c: c > 0, step, a * a)

    return way.vmap(lambda a: root(a) + a * member(a) + a * a * x)(v).sum()


def with_checkpoint(way, x):
    body = minijax.checkpoint(lambda c: jnp.sin(c) * x + jnp.cos(c * c))
    return way.while_loop(lambda c: c[0] < 5, lambda c: (c[0] + 1, body(c[1])), (0, x))[
        1
    ]


@minijax.custom_vjp
def tripled(x):
    return x * x


tripled.defvjp(lambda x: (x * x, x), lambda x, ct: (3 * ct * x,))


@minijax.custom_jvp
def doubled(x):
    return x * x


doubled.defjvp(lambda primals, dots: (doubled(*primals), 4 * dots[0] * primals[0]))


def custom_rules(way, x):
    def step(c):
        return c[0] + 1, jnp.sin(tripled(c[1])) + doubled(c[1]) * x

    return way.while_loop(lambda c: c[0] < 5, step, (0, x))[1]


def random_walk(way, x):
    def step(c):
        key, n, v = c
        key, sub = minijax.random.split(key)
        return key, n + 1, v * x + minijax.random.uniform(sub, dtype=v.dtype)

    key = minijax.random.key(5)
    return way.while_loop(lambda c: c[1] < 9, step, (key, 0, x))[2]


def complex_carry(way, x, y):
    z = lax.complex(x, y)
    c = way.while_loop(lambda c: jnp.abs(c) < 3.0, lambda c: c * c + z, z)
    return c.real * x + c.imag


def runge_kutta(way, x):
    def slope(y):
        return x * jnp.sin(y) + 0.2

    def step(c):
        t, y, h = c
        a = slope(y)
        b = slope(y + h * a)
        error = jnp.abs(a - b) * h
        y = jnp.where(error < 0.05, y + h * (a + b) / 2, y)
        t = jnp.where(error < 0.05, t + h, t)
        return t, y, h * jnp.clip(0.04 / error, 0.5, 1.5)

    return way.while_loop(lambda c: c[0] < 2.0, step, (0.0, x, 0.5))[1]


def jit_in_while(way, x):
    step = minijax.jit(lambda c: jnp.cos(c) + c * (x + 1.0))
    return way.while_loop(lambda c: c < 5.0, step, x)


LOOPS = [
    Loop("squares", squares, (2.0,)),
    Loop("newton", newton, (7.0,)),
    Loop("fixed point", fixed_point, (M, V)),
    Loop("no turn", no_turn, (1.3,)),
    Loop("one turn", one_turn, (0.6,)),
    Loop("container", container, (0.8, V)),
    Loop("flag", flag, (1.7,)),
    Loop("matrix", matrix, (M, V)),
    Loop("bound closed over", bound_of_a_closure, (1.1, 1.4)),
    Loop("dependence comes late", dependence_comes_late, (0.7,)),
    Loop("dependence is lost", dependence_is_lost, (0.9,)),
    Loop("nothing depends", nothing_depends, (0.9,)),
    Loop("integers decide", collatz, (1.1,)),
    Loop("fori", fori, (1.3, 0.4)),
    Loop("fori from, to", fori_from_to, (1.3, 0.4)),
    Loop("fori of no turns", fori_of_no_turns, (1.3, 0.4)),
    Loop("fori that reads and writes", fori_reads_and_writes, (V, 1.3)),
    Loop("few checkpoints", few_checkpoints, (2.6,)),
    Loop("one checkpoint", one_checkpoint, (1.05,)),
    Loop("integral", integral, (1.2,)),
    Loop("linear", linear, (M, V)),
    Loop("while in while", while_in_while, (0.9, 1.2)),
    Loop("three deep", three_deep, (0.8,)),
    Loop("fori in while", fori_in_while, (0.8,)),
    Loop("while in scan", while_in_scan, (0.8, V)),
    Loop("scan in while", scan_in_while, (0.8, V)),
    Loop("while in cond", while_in_cond, (1.3, 0.7)),
    Loop("cond in while", cond_in_while, (0.4,)),
    Loop("lanes", lanes, (V, 1.5)),
    Loop("lanes that never run", lanes_that_never_run, (V, 0.5)),
    Loop("lanes of loops", lanes_of_loops, (V, 1.2)),
    Loop("lanes that end at a pole", lanes_that_end_at_a_pole, (V, 0.8)),
    Loop("checkpoint in while", with_checkpoint, (0.6,)),
    Loop("custom rules", custom_rules, (0.4,)),
    Loop("random walk", random_walk, (0.6,)),
    Loop("complex", complex_carry, (0.4, 0.3)),
    Loop("Runge and Kutta", runge_kutta, (0.9,)),
    Loop("jit in while", jit_in_while, (0.7,)),
]
