"""Programs with control flow, written against a package `m` (minijax, or jax).

Each is a function of float arrays that returns a container of arrays. `UNROLLED` says
"""

from typing import Any, NamedTuple


class Program(NamedTuple):
    """A function of the package and of arrays, with shapes to draw arguments from."""

    name: str
    fun: Any
    shapes: tuple
    reverse_mode: bool = True

    def __str__(self):
        return self.name


def rnn(m, w, h, xs):
    def step(h, x):
        h = m.numpy.tanh(w @ h + x)
        return h, h.sum()

    return m.lax.scan(step, h, xs)


def scan_reverse(m, c, xs):
    return m.lax.scan(lambda c, x: (c * x, c + x), c, xs, reverse=True)


def scan_unrolled(m, c, xs):
    return m.lax.scan(lambda c, x: (c * x, c + x), c, xs, unroll=2)


def scan_unrolled_whole(m, c, xs):
    return m.lax.scan(lambda c, x: (c * x, c + x), c, xs, unroll=True, reverse=True)


def scan_empty(m, c):
    return m.lax.scan(lambda c, x: (c * x, c + x), c, m.numpy.zeros((0,)))


def scan_length_only(m, x):
    return m.lax.scan(lambda c, _: (c * x, c), x, None, length=4)


def scan_pytree(m, a, b, xs):
    def step(carry, x):
        new = {"a": carry["a"] * x["u"] + carry["b"][0], "b": (carry["b"][0] - x["v"],)}
        return new, (new["a"], {"k": carry["n"]} if "n" in carry else x["v"])

    return m.lax.scan(step, {"a": a, "b": (b,)}, {"u": xs, "v": xs * xs})


def scan_integer_carry(m, c, xs):
    def step(carry, x):
        i, c = carry
        return (i + 1, c * x + i), (i, c)

    return m.lax.scan(step, (0, c), xs)


def scan_weak_carry(m, xs):
    return m.lax.scan(lambda c, x: (c + x, c * x), 0, xs)


def scan_closure(m, w, xs):
    scale = m.numpy.exp(w)
    return m.lax.scan(lambda c, x: (m.numpy.sin(c) * scale + x, c * w), scale, xs)


def scan_constant_rows(m, c, xs):
    return m.lax.scan(lambda c, x: (m.numpy.sin(c * x), (1.0, c)), c, xs)


def scan_constant_tangent(m, c, xs):
    # The carry loses its dependence on the input in every step.
    return m.lax.scan(lambda c, x: (m.lax.stop_gradient(c) + 1.0, c * x), c, xs)


def scan_gains_tangent(m, xs):
    return m.lax.scan(lambda c, x: ((c[1], c[1] * x), c[0]), (1.0, 2.0), xs)


def scan_of_scan(m, c, xs):
    def outer(c, x):
        def inner(d, y):
            return d * m.numpy.cos(x) + y * c, d

        d, ys = m.lax.scan(inner, c, xs)
        return d / 10, ys.sum()

    return m.lax.scan(outer, c, xs)


def scan_of_cond_of_scan(m, c, xs):
    def step(c, x):
        def on_true(c):
            return m.lax.scan(lambda d, y: (d * y + x, None), c, xs)[0] / 3

        return m.lax.cond(x > 0, on_true, lambda c: m.numpy.sin(c * x), c), c

    return m.lax.scan(step, c, xs)


def cond_simple(m, x, y):
    return m.lax.cond(x > 0, lambda y: m.numpy.sin(y) * x, lambda y: y**3, y)


def cond_residuals(m, x, y):
    def on_true(y):
        return m.numpy.exp(y) * m.numpy.sin(y).sum(), y[0]

    def on_false(y):
        return y * y * x, m.numpy.cos(x * y.sum())

    return m.lax.cond(x > 0, on_true, on_false, y)


def cond_zero_branch(m, x, y):
    return m.lax.cond(x > 0, lambda y: y * y, lambda y: m.numpy.ones_like(y), y)


def cond_in_cond(m, x, y):
    def inner(y):
        return m.lax.cond(y > 0.5, lambda y: y * y * x, lambda y: m.numpy.sin(y), y)

    return m.lax.cond(x > 0, inner, lambda y: -y, y)


def switch_three(m, x, y):
    index = m.numpy.floor(x * 2 + 1).astype("int32")
    branches = [m.numpy.sin, lambda y: y * y * x, lambda y: 0.5 * y]
    return m.lax.switch(index, branches, y)


def fori_static(m, x, y):
    return m.lax.fori_loop(0, 5, lambda i, c: c * x + i * y, y)


def fori_nested(m, x, y):
    def body(i, c):
        return m.lax.fori_loop(i, 3, lambda j, d: d * x + j, c)

    return m.lax.fori_loop(0, 2, lambda i, c: body(1, c) + i * y, y)


def fori_traced(m, x, y):
    n = m.numpy.abs(x * 5).astype("int32")
    return m.lax.fori_loop(0, n, lambda i, c: c * x + i * y, y)


def while_simple(m, x, y):
    return m.lax.while_loop(lambda c: c < 9.0, lambda c: c * 1.5 + y * y + 1, x)


def while_pytree(m, x, y):
    def keep_on(c):
        return (c["n"] < 6) & (m.numpy.abs(c["x"]) < 20.0)

    def step(c):
        return {"n": c["n"] + 1, "x": c["x"] * y + x, "y": c["y"]}

    return m.lax.while_loop(keep_on, step, {"n": 0, "x": x, "y": y})


def while_of_while(m, x, y):
    def step(c):
        i, v = c
        inner = m.lax.while_loop(lambda v: v < 3.0 + x, lambda v: v + 1 + y * y, v)
        return i + 1, inner * 0.7

    return m.lax.while_loop(lambda c: c[0] < 3, step, (0, x * y))


def while_of_scan_of_cond(m, x, xs):
    def step(c):
        i, v = c

        def inner(v, x):
            v = m.lax.cond(v > x, lambda v: v * 0.5, lambda v: v + x * x, v)
            return v, None

        return i + 1, m.lax.scan(inner, v, xs)[0]

    return m.lax.while_loop(lambda c: c[1] + c[0] < 4.0, step, (0, x))


def map_simple(m, x, xs):
    return m.lax.map(lambda row: m.numpy.sin(row) * x, xs)


def map_batches(m, x, xs):
    return m.lax.map(lambda row: (m.numpy.sin(row) * x, row.sum()), xs, batch_size=2)


def prefixes(m, xs):
    return m.lax.associative_scan(m.numpy.multiply, xs)


def prefixes_of_pairs(m, a, b):
    def combine(left, right):
        return left[0] * right[0], right[0] * left[1] + right[1]

    return m.lax.associative_scan(combine, (a, b), reverse=True)


PROGRAMS = [
    Program("rnn", rnn, ((3, 3), (3,), (4, 3))),
    Program("scan reverse", scan_reverse, ((), (4,))),
    Program("scan unroll 2 of 5", scan_unrolled, ((2,), (5, 2))),
    Program("scan unroll all", scan_unrolled_whole, ((), (3,))),
    Program("scan of no steps", scan_empty, ((),)),
    Program("scan by length", scan_length_only, ((2,),)),
    Program("scan of containers", scan_pytree, ((2,), (), (3,))),
    Program("scan with an integer", scan_integer_carry, ((), (3,))),
    Program("scan from a Python number", scan_weak_carry, ((4,),)),
    Program("scan over a closure", scan_closure, ((), (4,))),
    Program("scan with constant rows", scan_constant_rows, ((), (3,))),
    Program("scan that stops gradients", scan_constant_tangent, ((), (3,))),
    Program("scan that gains tangents", scan_gains_tangent, ((3,),)),
    Program("scan of scan", scan_of_scan, ((), (3,))),
    Program("scan of cond of scan", scan_of_cond_of_scan, ((), (4,))),
    Program("cond", cond_simple, ((), (2,))),
    Program("cond with residuals", cond_residuals, ((), (2,))),
    Program("cond with a constant branch", cond_zero_branch, ((), (2,))),
    Program("cond in cond", cond_in_cond, ((), ())),
    Program("switch", switch_three, ((), (2,))),
    Program("fori", fori_static, ((), (2,))),
    Program("fori of fori", fori_nested, ((), ())),
    Program("fori traced", fori_traced, ((), (2,)), reverse_mode=False),
    Program("while", while_simple, ((), ()), reverse_mode=False),
    Program("while of containers", while_pytree, ((), ()), reverse_mode=False),
    Program("while of while", while_of_while, ((), ()), reverse_mode=False),
    Program("while of scan of cond", while_of_scan_of_cond, ((), (2,)), False),
    Program("map", map_simple, ((), (5, 2))),
    Program("map in batches", map_batches, ((), (5, 2))),
    Program("prefixes", prefixes, ((7,),)),
    Program("prefixes of pairs", prefixes_of_pairs, ((6,), (6,))),
]
