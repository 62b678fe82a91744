"""What callbacks print, return and refuse, and what checkify says, as in jax."""

import numpy as np
import pytest

import minijax
import minijax.experimental.checkify

jax = pytest.importorskip("jax", reason="jax is the oracle of these tests")
pytest.importorskip("jax.experimental.checkify", reason="part of jax")
pytestmark = pytest.mark.oracle

X = np.arange(3, dtype="float32")
ROWS = np.arange(6, dtype="float32").reshape(2, 3)


def shown(jx, x, **kwargs):
    jx.debug.print("{} {x}", x + 1, x=x, **kwargs)
    return jx.numpy.sin(x)


def scanned(jx, x, **kwargs):
    return jx.lax.scan(lambda c, v: (c + shown(jx, v, **kwargs), c), 0.0, x)[0]


def looped(jx, x):
    def cond(c):
        jx.debug.print("cond {}", c, ordered=True)
        return c < 20

    def body(c):
        jx.debug.print("body {}", c, ordered=True)
        return c * 2

    return jx.lax.while_loop(cond, body, x)


def branched(jx, x):
    def yes(x):
        jx.debug.print("yes {}", x)
        return x * x

    return jx.lax.cond(x > 1, yes, lambda x: (jx.debug.print("no {}", x), x)[1], x)


def ruled(jx):
    @jx.custom_vjp
    def f(x):
        return x * x

    def forward(x):
        jx.debug.print("forward {}", x)
        return f(x), x

    def backward(x, ct):
        jx.debug.print("backward {} {}", x, ct)
        return (2 * x * ct,)

    f.defvjp(forward, backward)
    return f


def io(jx, log, x, **kwargs):
    return jx.experimental.io_callback(
        lambda v: (log.append(v.tolist()), np.sin(v))[1],
        jx.ShapeDtypeStruct(x.shape, x.dtype),
        x,
        **kwargs,
    )


PRINTED = {
    "un-jitted": lambda jx: shown(jx, jx.numpy.asarray(X)),
    "jit": lambda jx: jx.jit(lambda x: shown(jx, x))(X),
    "jit of vmap": lambda jx: jx.jit(jx.vmap(lambda x: shown(jx, x)))(ROWS),
    "vmap of vmap": lambda jx: jx.vmap(jx.vmap(lambda x: shown(jx, x)))(ROWS),
    "ordered vmap": lambda jx: jx.vmap(lambda x: shown(jx, x, ordered=True))(X),
    "grad": lambda jx: jx.grad(lambda x: shown(jx, x))(2.0),
    "jit of grad": lambda jx: jx.jit(jx.grad(lambda x: shown(jx, x)))(2.0),
    "hessian": lambda jx: jx.jit(jx.hessian(lambda x: shown(jx, x)))(2.0),
    "jvp": lambda jx: jx.jvp(lambda x: shown(jx, x), (2.0,), (1.0,)),
    "linearize": lambda jx: jx.linearize(lambda x: shown(jx, x), 2.0)[1](1.0),
    "grad of scan": lambda jx: jx.grad(lambda x: scanned(jx, x))(X),
    "grad of ordered scan": lambda jx: jx.jit(
        jx.grad(lambda x: scanned(jx, x, ordered=True))
    )(X),
    "vmap of scan": lambda jx: jx.vmap(lambda x: scanned(jx, x, ordered=True))(ROWS),
    "while": lambda jx: jx.jit(lambda x: looped(jx, x))(3),
    "jvp of while": lambda jx: jx.jvp(lambda x: looped(jx, x), (3.0,), (1.0,)),
    "vmap of while": lambda jx: jx.vmap(
        lambda n: jx.lax.while_loop(
            lambda c: c[0] < n, lambda c: (shown(jx, c[0]).astype("int32") + 1,), (0,)
        )
    )(np.array([1, 0])),
    "cond": lambda jx: jx.jit(lambda x: branched(jx, x))(2.0),
    "vmap of cond": lambda jx: jx.vmap(lambda x: branched(jx, x))(X),
    "grad of cond": lambda jx: jx.grad(lambda x: branched(jx, x))(2.0),
    "grad of checkpoint": lambda jx: jx.grad(jx.checkpoint(lambda x: shown(jx, x)))(
        2.0
    ),
    "grad of a rule": lambda jx: jx.grad(ruled(jx))(3.0),
    "bfloat16": lambda jx: jx.jit(lambda x: shown(jx, x))(
        jx.numpy.ones((), "bfloat16")
    ),
}


@pytest.mark.parametrize("name", PRINTED)
def test_the_same_is_printed(name, capsys):
    texts = []
    for jx in (minijax, jax):
        PRINTED[name](jx)
        jx.effects_barrier()
        texts.append(capsys.readouterr().out)

    assert texts[0] == texts[1] != ""


LOGGED = {
    "scan": lambda jx, log: jx.lax.scan(
        lambda c, x: (c + 1, io(jx, log, x, ordered=True)), 0, X
    ),
    "while": lambda jx, log: jx.lax.while_loop(
        lambda c: c[0] < 3,
        lambda c: (c[0] + 1, io(jx, log, c[1], ordered=True)),
        (0, X),
    ),
    "map": lambda jx, log: jx.jit(lambda xs: jx.lax.map(lambda x: io(jx, log, x), xs))(
        X
    ),
    "vmap": lambda jx, log: jx.vmap(lambda x: io(jx, log, x))(X),
    "unused": lambda jx, log: jx.jit(lambda x: (io(jx, log, x), x)[1])(X),
}


@pytest.mark.parametrize("name", LOGGED)
def test_the_same_is_done_and_returned(name):
    results = []
    for jx in (minijax, jax):
        log: list = []
        out = jx.tree_util.tree_leaves(LOGGED[name](jx, log))
        jx.effects_barrier()
        results.append((log, [(x.dtype, np.asarray(x).tolist()) for x in out]))

    assert results[0] == results[1]


def with_check(jx, x):
    jx.experimental.checkify.check(x > 0, "x is {} {y}", x, y=2 * x)
    return jx.numpy.log(x)


def checked_scan(jx, x):
    return jx.lax.scan(lambda c, v: (c + with_check(jx, v - 1 / v), c), 0.0, x)[0]


def checked_loop(jx, x):
    return jx.lax.while_loop(lambda c: c > -2, lambda c: with_check(jx, c), x)


CHECKED = {
    "check": (with_check, [1.0, -1.0, 0.0, np.nan]),
    "scan": (checked_scan, [X, X + 1, X + 2]),
    "while": (checked_loop, [20.0, 1.0]),
    "take": (lambda jx, i: jx.numpy.asarray(X)[i], [2, 3, -3, -4]),
    "scatter": (lambda jx, i: jx.numpy.asarray(X).at[i].add(1.0), [2, 3, -3, -4]),
    "grad": (lambda jx, x: jx.grad(lambda x: with_check(jx, x))(x), [1.0, -1.0, 0.0]),
}


@pytest.mark.parametrize("errors", ["user_checks", "float_checks", "index_checks"])
@pytest.mark.parametrize("name", CHECKED)
def test_checkify_says_the_same(name, errors):
    f, points = CHECKED[name]
    for x in points:
        x = np.asarray(x)
        x = x.astype(np.int32 if x.dtype == int else np.float32)
        found = []
        for jx in (minijax, jax):
            module = jx.experimental.checkify
            checked = module.checkify(
                lambda x, jx=jx: f(jx, x), getattr(module, errors)
            )
            error, out = jx.jit(checked)(x)
            found.append(((error.get() or "").strip(), np.asarray(out).tolist()))

        assert repr(found[0]) == repr(found[1])
