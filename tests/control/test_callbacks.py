"""Python called from programs: values, effects and their order, errors, lifetimes."""

import gc
import re
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import debug, effects_barrier, jit, lax, pure_callback, vmap
from minijax.core.jaxpr import check_jaxpr
from minijax.errors import JaxRuntimeError
from minijax.experimental import io_callback
from minijax.optimize.ordering import order_effects

F3 = minijax.ShapeDtypeStruct((3,), "float32")
I32 = minijax.ShapeDtypeStruct((), "int32")
X = np.arange(3, dtype="float32")
ROADS = [lambda f: f, jit]


def like(x):
    return minijax.ShapeDtypeStruct(x.shape, x.dtype)


# pure_callback


@pytest.mark.parametrize("road", ROADS)
def test_a_callback_gets_arrays_and_its_results_come_back(road):
    seen = []

    def host(d, *, k):
        seen.extend([d["a"], k])
        return {"sum": d["a"] + k, "n": np.int32(7)}

    def f(x):
        shapes = {"sum": F3, "n": I32}
        return pure_callback(host, shapes, {"a": x}, k=2.0)

    out = road(f)(X)

    np.testing.assert_array_equal(out["sum"], X + 2)
    assert (out["n"].dtype, int(out["n"])) == (np.int32, 7)
    assert [type(x) for x in seen] == [minijax.Array, minijax.Array]
    assert [x.dtype for x in seen] == ["float32", "float32"]


@pytest.mark.parametrize(
    "dtype", ["bool", "int4", "uint8", "bfloat16", "float8_e4m3fn", "complex64"]
)
def test_every_dtype_passes(dtype):
    x = jnp.asarray([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    out = jit(lambda x: pure_callback(lambda v: np.asarray(v).T, like(x.T), x))(x)

    assert out.dtype == x.dtype
    np.testing.assert_array_equal(np.asarray(out), np.asarray(x).T)


@pytest.mark.parametrize("shape", [(0, 3), ()])
def test_empty_arrays_and_scalars_pass(shape):
    x = jnp.ones(shape)
    out = jit(lambda x: pure_callback(lambda v: np.asarray(v), like(x), x))(x)

    assert out.shape == shape


def test_64_bit_results_are_narrowed_unless_enabled(x64):
    @jit
    def f(x):
        return pure_callback(lambda v: np.float64(v.sum()), I32.update(dtype="f8"), x)

    assert f(X).dtype == "float64"
    with minijax.enable_x64(False):
        g = jit(lambda x: pure_callback(lambda v: 1.5, like(np.float32(0)), x))
        assert g(X).dtype == "float32"


def test_sequences_stand_for_each_other():
    """NumPy's functions return named tuples; a declaration says tuple."""
    square = np.array([[2, 0], [0, 3]], "float32")
    shapes = (like(X[:2]), like(square))
    values, vectors = jit(lambda m: pure_callback(np.linalg.eigh, shapes, m))(square)

    np.testing.assert_allclose(values, [2, 3], rtol=1e-6)
    np.testing.assert_allclose(np.abs(vectors), np.eye(2), atol=1e-6)


SHAPES = {
    "sequential": [((3,), (3,)), ((3,), (3,))],
    "sequential_unrolled": [((3,), (3,)), ((3,), (3,))],
    "expand_dims": [((2, 3), (1, 3))],
    "broadcast_all": [((2, 3), (2, 3))],
    "legacy_vectorized": [((2, 3), (3,))],
}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("method", SHAPES)
def test_vmap_calls_as_it_was_told(method, road):
    shapes = []

    def host(a, b):
        shapes.append((a.shape, b.shape))
        return np.asarray(a) + np.asarray(b)

    def f(a, b):
        return pure_callback(host, F3, a, b, vmap_method=method)

    rows = np.stack([X, 2 * X])
    out = road(vmap(f, (0, None)))(rows, X)

    np.testing.assert_array_equal(out, rows + X)
    assert shapes == SHAPES[method]


@minijax.custom_jvp
def sine(x):
    """NumPy's sine with a derivative of its own."""
    return pure_callback(np.sin, like(x), x, vmap_method="expand_dims")


@sine.defjvp
def sine_jvp(primals, tangents):
    return sine(*primals), jnp.cos(primals[0]) * tangents[0]


@pytest.mark.parametrize("road", ROADS)
def test_a_rule_makes_a_callback_differentiable(road):
    """By every mode, mapped or not, to second order."""
    slopes = road(vmap(minijax.grad(sine)))(X)
    curvatures = road(vmap(minijax.hessian(sine)))(X)
    total = road(minijax.grad(lambda x: jnp.sum(vmap(sine)(x) ** 2)))(X)

    np.testing.assert_allclose(slopes, np.cos(X), rtol=1e-6)
    np.testing.assert_allclose(curvatures, -np.sin(X), rtol=1e-6)
    np.testing.assert_allclose(total, np.sin(2 * X), rtol=1e-5, atol=1e-6)


def test_an_unused_result_is_not_computed():
    calls = []
    jit(lambda x: (pure_callback(calls.append, F3, x), x)[1])(X)

    assert calls == []


def test_programs_of_equal_text_keep_their_own_callbacks():
    """They are compiled once: the text knows its callback by number only."""
    programs = [
        jit(lambda x, k=k: pure_callback(lambda v: np.asarray(v) * k, F3, x))
        for k in range(3)
    ]

    for _ in range(2):
        assert [float(f(X)[2]) for f in programs] == [0, 2, 4]
    lowered = [f.lower(X) for f in programs]
    assert len({x._lowered.module.key for x in lowered}) == 1


def test_a_callback_may_compute_and_threads_may_share_it():
    def host(x):
        return jit(lambda v: jnp.sort(v)[::-1] @ v)(x) + jnp.sum(jnp.sin(x))

    x = jnp.arange(1000.0)
    f = jit(lambda x, k: pure_callback(host, like(np.float32(0)), x * k))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: float(f(x, float(k))), range(12)))

    np.testing.assert_allclose(found, [float(host(x * k)) for k in range(12)], 1e-4)


def test_callbacks_are_freed_with_their_programs():
    class Host:
        def __call__(self, x):
            return np.asarray(x)

    def program():
        host = Host()
        f = jit(lambda x: pure_callback(host, F3, x) + 1)
        f(X)
        vmap(lambda x: pure_callback(host, F3, x, vmap_method="sequential"))(X[None])
        lax.map(lambda x: pure_callback(host, F3, x), X[None])
        return f, weakref.ref(host)

    f, host = program()
    gc.collect()

    assert host() is not None
    np.testing.assert_array_equal(f(X), X + 1)
    del f
    gc.collect()
    assert host() is None


# Errors. After each the same program works.


def boom(x):
    raise ValueError("my message")


FIX = " Return an array of the declared type, or change result_shape_dtypes."
FAILURES = [
    (boom, F3, "boom raised ValueError: my message"),
    (lambda x: x[:2], F3, f"<lambda> must return f32[3] for result, got f32[2].{FIX}"),
    (
        lambda x: np.ones(10**6, "f4"),
        F3,
        f"<lambda> must return f32[3] for result, got f32[1000000].{FIX}",
    ),
    (
        lambda x: np.asarray(x, "i4"),
        F3,
        f"<lambda> must return f32[3] for result, got i32[3].{FIX}",
    ),
    (
        lambda x: {"a": [x, "text"]},
        {"a": [F3, F3]},
        f"<lambda> must return f32[3] for result['a'][1], got str.{FIX}",
    ),
    (
        lambda x: (x, x),
        F3,
        "<lambda> must return what it was declared to: the result must be a leaf like "
        "result_shape_dtypes, got a tuple of 2.",
    ),
    (
        lambda x: (x,),
        (F3, F3),
        "<lambda> must return what it was declared to: the result must be a tuple of 2 "
        "like result_shape_dtypes, got a tuple of 1.",
    ),
    (
        lambda x: None,
        F3,
        "<lambda> must return what it was declared to: the result must be a leaf like "
        "result_shape_dtypes, got None.",
    ),
]


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("call", [pure_callback, io_callback])
@pytest.mark.parametrize(
    ("host", "shapes", "message"), FAILURES, ids=range(len(FAILURES))
)
def test_a_failing_callback_is_an_error_and_the_next_call_works(
    call, host, shapes, message, road
):
    fails = [True]

    def sometimes(x):
        if fails:
            return host(x)
        return minijax.tree_util.tree_map(lambda s: np.ones(s.shape, s.dtype), shapes)

    sometimes.__name__ = host.__name__
    f = road(lambda x: call(sometimes, shapes, x))
    with pytest.raises(JaxRuntimeError) as caught:
        minijax.block_until_ready(f(X))
    assert str(caught.value) == f"{call.__name__}: {message}"
    if host is boom:
        assert repr(caught.value.__cause__) == "ValueError('my message')"

    fails.clear()
    out = minijax.tree_util.tree_leaves(f(X))
    np.testing.assert_array_equal(out[0], np.ones(3))


def scaled_by_io(x):
    def body(c):
        return c * io_callback(lambda: np.float32(2), like(np.float32(0)))

    return lax.while_loop(lambda c: c < 9.0, body, x)


CALLS = [
    (
        lambda: pure_callback(3, F3, X),
        TypeError,
        "pure_callback: the callback must be a function, got 3 of type int.",
    ),
    (
        lambda: pure_callback(boom, 3, X),
        TypeError,
        "pure_callback: result_shape_dtypes must have a shape and a dtype, got 3 of "
        "type int. Use ShapeDtypeStruct(shape, dtype).",
    ),
    (
        lambda: pure_callback(boom, {"a": np.zeros(3)}, X),
        ValueError,
        "pure_callback: result_shape_dtypes cannot specify 64-bit types when "
        "`jax_enable_x64` is disabled, got float64 for result_shape_dtypes['a']. "
        "Declare float32, or enable them.",
    ),
    (
        lambda: pure_callback(boom, F3, X, vmap_method="all"),
        ValueError,
        "pure_callback: vmap_method must be one of sequential, sequential_unrolled, "
        "expand_dims, broadcast_all, legacy_vectorized or None, got 'all'.",
    ),
    (
        lambda: io_callback(boom, F3, "text"),
        TypeError,
        "io_callback: args[0] must be an array or a number, got 'text' of type str. "
        "Close over it, or convert it with jnp.asarray.",
    ),
    (
        lambda: vmap(lambda x: pure_callback(np.sin, like(x), x))(X),
        NotImplementedError,
        "vmap is only supported for pure_callback when vmap_method is one of "
        "'sequential', 'sequential_unrolled', 'expand_dims', 'broadcast_all', "
        "'legacy_vectorized': sin was given none. Pass vmap_method=\"sequential\" for "
        "one call per member.",
    ),
    (
        lambda: vmap(lambda x: io_callback(np.sin, like(x), x, ordered=True))(X),
        ValueError,
        "Cannot `vmap` ordered IO callback: sin is called with members of a batch, "
        "whose calls have no order. Pass ordered=False, or use lax.map.",
    ),
    (
        lambda: minijax.grad(lambda x: pure_callback(np.sin, x, x))(jnp.float32(1)),
        ValueError,
        "Pure callbacks do not support JVP: pure_callback of sin depends on a value "
        "that is being differentiated. Please use `custom_jvp` (or custom_vjp) to use "
        "callbacks while taking gradients, or stop_gradient.",
    ),
    (
        lambda: minijax.jvp(lambda x: io_callback(np.sin, F3, x), (X,), (X,)),
        ValueError,
        "IO callbacks do not support JVP: io_callback of sin depends on a value that "
        "is being differentiated. Use stop_gradient, or give the function a custom "
        "rule.",
    ),
    (
        lambda: minijax.grad(scaled_by_io)(1.0),
        NotImplementedError,
        "while_loop: grad and linearize compute steps again, and an io_callback in the "
        "body, on which a derivative depends, must not happen again. Use scan, "
        "fori_loop with known bounds, or jvp.",
    ),
    (
        lambda: debug.print("{}", X, X),
        ValueError,
        "debug.print: every argument must be used, but positions [1] are not in the "
        "format string. Add {} for each; an f-string would show tracers.",
    ),
    (
        lambda: debug.print("x", x=1),
        ValueError,
        "debug.print: every argument must be used, but keywords ['x'] are not in the "
        "format string. Is it an f-string? Pass a plain one, and debug.print fills it "
        "in when the program runs.",
    ),
    (
        lambda: debug.print(X),
        TypeError,
        "debug.print: the first argument must be a format string, got array([0., 1., "
        '2.], dtype=float32) of type ndarray. Write debug.print("{}", x).',
    ),
    (
        lambda: (
            jit(lambda x: pure_callback(np.sin, F3, x))
            .trace(X)
            .lower(lowering_platforms=("tpu",))
        ),
        NotImplementedError,
        "pure_callback: programs for tpu cannot call Python. Return the values and use "
        "them outside.",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), CALLS, ids=range(len(CALLS)))
def test_wrong_calls(call, error, message):
    with pytest.raises(error) as caught:
        call()

    assert str(caught.value) == message


@pytest.mark.parametrize("ordered", [False, True])
def test_a_late_failure_is_reported_once_and_stops_nothing(ordered):
    """A large program may fail after its call has returned."""
    x = jnp.ones(10**6)
    log = []
    f = jit(lambda x: (debug.callback(boom, jnp.sort(x), ordered=ordered), x)[1])
    g = jit(lambda x: io_callback(log.append, None, x, ordered=ordered))
    with pytest.raises(JaxRuntimeError, match="boom raised ValueError: my message"):
        (f(x), effects_barrier())

    g(1)
    g(2)
    effects_barrier()
    assert sorted(map(int, log)) == [1, 2]


# Effects


def counted(f, *args):
    """What a function of a log and arguments logs, when its effects are done."""
    log = []
    f(log, *args)
    effects_barrier()
    return log


def note(log, x, ordered=False):
    io_callback(lambda v: log.append(v.item()), None, x, ordered=ordered)


def test_effects_happen_at_every_call_whatever_becomes_of_results():
    def f(log, x):
        g = jit(lambda x: (note(log, x), x * 2)[1])
        g(x)
        g(x)
        jit(lambda x: note(log, x))(x)
        jit(lambda x: [note(log, x), note(log, x)])(x)

    assert counted(f, 3) == [3] * 5


def test_effects_of_programs_inside_programs_are_kept():
    def f(log):
        def body(c, x):
            note(log, x)
            lax.cond(x > 1, lambda: note(log, 10 * x), lambda: None)
            return c, None

        jit(lambda: lax.scan(body, 0, np.arange(3))[0])()

    assert sorted(counted(f)) == [0, 1, 2, 20]


def everything(log, n):
    """Ordered effects in every kind of program."""

    def outer(c, x):
        note(log, 100 + x, True)
        lax.cond(x % 2 == 0, lambda: note(log, 200 + x, True), lambda: None)
        k = lax.while_loop(lambda k: k < x, lambda k: inner(log, k), 0)
        jit(lambda k: note(log, 300 + k, True))(k)
        minijax.checkpoint(lambda k: note(log, 400 + k, True))(k)
        identity(k)
        return c + x, k

    @minijax.custom_jvp
    def identity(x):
        note(log, 500 + x, True)
        return x

    identity.defjvp(lambda primals, tangents: (primals[0], tangents[0]))
    return lax.scan(outer, 0, jnp.arange(n))


def inner(log, k):
    note(log, k, True)
    return k + 1


def in_python(n):
    log = []
    for x in range(n):
        log += [100 + x, *([200 + x] if x % 2 == 0 else []), *range(x)]
        log += [300 + x, 400 + x, 500 + x]
    return log


@pytest.mark.parametrize("road", ROADS)
def test_ordered_effects_keep_the_order_of_the_program(road):
    def f(log):
        road(lambda: everything(log, 4))()

    assert counted(f) == in_python(4)


def test_ordered_effects_in_a_condition():
    def f(log):
        def cond(c):
            note(log, 10 + c, True)
            return c < 3

        jit(lambda n: lax.while_loop(cond, lambda c: inner(log, c), n))(0)
        jit(lambda n: lax.while_loop(cond, lambda c: inner(log, c), n))(5)

    assert counted(f) == [10, 0, 11, 1, 12, 2, 13, 15]


def test_ordered_effects_are_ordered_from_program_to_program():
    x = jnp.ones(30_000)

    def f(log):
        g = jit(lambda x, k: (jnp.sort(x), note(log, k, True))[0])
        for k in range(20):
            g(x, k)

    assert counted(f) == list(range(20))


def test_the_ordered_program_is_well_typed_and_keeps_its_type():
    closed = minijax.make_jaxpr(lambda: everything([], 3))()
    ordered = order_effects(closed)

    check_jaxpr(ordered)
    assert ordered.in_avals == closed.in_avals
    assert ordered.out_avals == closed.out_avals


def test_an_ordered_callback_may_start_ordered_programs():
    def f(log):
        def host(v):
            log.append(int(v))
            jit(lambda v: note(log, v + 1, True))(v)

        jit(lambda v: io_callback(host, None, v, ordered=True))(4)

    assert counted(f) == [4, 5]


def test_io_in_a_checkpoint_happens_once_in_reverse_mode():
    """Its results are saved: what has effects cannot be computed again."""

    def f(log):
        def draw():
            log.append("draw")
            return np.float32(2)

        @minijax.checkpoint
        def g(x):
            return jnp.sin(x * io_callback(draw, like(np.float32(0))))

        for road in ROADS:
            slope = road(minijax.grad(g))(1.0)
            np.testing.assert_allclose(slope, 2 * np.cos(2), rtol=1e-6)

    assert counted(f) == ["draw"] * 2


# Debugging. What is printed is what jax prints.


def scanned(x, ordered=False):
    def body(c, v):
        debug.print("{} {}", c, v, ordered=ordered)
        return c + v, v

    return lax.scan(body, 0.0, x)[0]


def looped(x):
    def cond(c):
        debug.print("cond {}", c)
        return c < 5.0

    def body(c):
        debug.print("body {}", c)
        return c * 2

    return lax.while_loop(cond, body, x)


def sines(x):
    """Three times the sine, with a message each time."""

    def body(c):
        debug.print("{:.3f}", c[1])
        return c[0] + 1, jnp.sin(c[1])

    return lax.while_loop(lambda c: c[0] < 3, body, (0, x))[1]


def squared(x):
    debug.print("x {}", x)
    return x * x


def chosen(x):
    def yes(x):
        debug.print("yes {}", x)
        return x * x

    return lax.cond(x > 1, yes, lambda x: (debug.print("no"), x)[1], x)


PRINTS = [
    (lambda: debug.print("x {} {y:.2f} {{}}", X, y=2.0), "x [0. 1. 2.] 2.00 {}\n"),
    (lambda: jit(lambda x: debug.print("{:.3f}", x[1]))(X), "1.000\n"),
    (
        lambda: jit(lambda x: debug.print("{t} {s}", t={"a": x}, s="text"))(X),
        "{'a': Array([0., 1., 2.], dtype=float32)} text\n",
    ),
    (
        lambda: vmap(lambda x, y: debug.print("{} {}", x, y), (0, None))(X, 5.0),
        "0.0 5.0\n1.0 5.0\n2.0 5.0\n",
    ),
    (
        lambda: jit(vmap(lambda x: debug.print("{}", x, ordered=True)))(X),
        "0.0\n1.0\n2.0\n",
    ),
    (lambda: vmap(lambda x: debug.print("one"))(X), "one\n"),
    (
        lambda: vmap(vmap(lambda x: debug.print("{}", x)))(np.arange(4).reshape(2, 2)),
        "0\n2\n1\n3\n",
    ),
    (lambda: minijax.grad(squared)(2.0), "x 2.0\n"),
    (lambda: jit(minijax.grad(squared))(2.0), "x 2.0\n"),
    (lambda: minijax.jvp(squared, (2.0,), (1.0,)), "x 2.0\n"),
    (lambda: minijax.vjp(squared, 2.0)[1](1.0), "x 2.0\n"),
    (lambda: jit(minijax.hessian(squared))(2.0), "x 2.0\n"),
    (lambda: minijax.grad(scanned)(X), "0.0 0.0\n0.0 1.0\n1.0 2.0\n"),
    (
        lambda: jit(minijax.grad(lambda x: scanned(x, True)))(X),
        "0.0 0.0\n0.0 1.0\n1.0 2.0\n",
    ),
    (
        lambda: vmap(scanned)(np.ones((2, 2), "f4")),
        "0.0 1.0\n0.0 1.0\n1.0 1.0\n1.0 1.0\n",
    ),
    (lambda: looped(2.0), "cond 2.0\nbody 2.0\ncond 4.0\nbody 4.0\ncond 8.0\n"),
    (
        lambda: minijax.jvp(looped, (2.0,), (1.0,)),
        "cond 2.0\nbody 2.0\ncond 4.0\nbody 4.0\ncond 8.0\n",
    ),
    (lambda: minijax.grad(sines)(1.0), "1.000\n0.841\n0.746\n"),
    (lambda: minijax.grad(chosen)(2.0), "yes 2.0\n"),
    (lambda: vmap(chosen)(X[1:]), "no\nyes 1.0\nyes 2.0\n"),
    (lambda: minijax.grad(minijax.checkpoint(squared))(2.0), "x 2.0\nx 2.0\n"),
]


@pytest.mark.parametrize(("call", "text"), PRINTS, ids=range(len(PRINTS)))
def test_what_is_printed(call, text, capsys):
    call()
    effects_barrier()

    assert capsys.readouterr().out == text


def test_ordered_prints_where_residuals_are_recomputed(capsys):
    """Also where the linear part of a checkpoint is run forward."""

    @minijax.checkpoint
    def f(x):
        debug.print("x {}", x, ordered=True)
        return jnp.sin(x)

    _, f_jvp = minijax.linearize(f, 1.0)
    jit(f_jvp)(1.0)
    effects_barrier()

    assert set(capsys.readouterr().out.splitlines()) == {"x 1.0"}


def test_callbacks_take_any_leaves():
    seen = []

    def host(*args, **kwargs):
        seen.append((args, kwargs))

    jit(lambda x: debug.callback(host, x, "text", {"a": (1, None)}, k=host))(X)
    effects_barrier()

    ((args, kwargs),) = seen
    assert [type(args[0]), args[1], args[2]["a"][1]] == [minijax.Array, "text", None]
    assert kwargs == {"k": host}


def test_a_failing_debug_callback_raises_its_own_error_at_once():
    with pytest.raises(ValueError, match="my message"):
        debug.callback(boom, X)
    with pytest.raises(JaxRuntimeError, match=re.escape("boom raised ValueError")):
        jit(lambda x: debug.callback(boom, x))(X)


def test_breakpoint_says_what_to_do():
    with pytest.raises(NotImplementedError, match="disable_jit"):
        debug.breakpoint()


# Several devices: the first calls Python, with whole arrays


def test_partitioned_programs_call_once(devices):
    x = np.arange(8, dtype="float32").reshape(4, 2)
    shapes = []

    def host(v):
        shapes.append(v.shape)
        return np.sin(v)

    def f(x):
        return pure_callback(host, like(x), x, vmap_method="broadcast_all")

    out = minijax.pmap(f, devices=devices[:4])(x)

    np.testing.assert_allclose(np.asarray(out), np.sin(x), rtol=1e-6)
    assert shapes == [(4, 2)]


def test_partitioned_programs_print_each_member(devices, capsys):
    def f(x):
        debug.print("{}", x, ordered=True)
        return x

    minijax.pmap(f, devices=devices[:3])(np.arange(3))
    effects_barrier()

    assert capsys.readouterr().out == "0\n1\n2\n"


def test_a_program_on_another_device_calls_python(devices):
    x = minijax.device_put(X, devices[2])
    out = jit(lambda x: pure_callback(np.cumsum, F3, x))(x)

    assert out.devices() == {devices[2]}
    np.testing.assert_array_equal(out, [0, 1, 3])
