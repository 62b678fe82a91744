"""`jit`: how often it traces and compiles, what it keeps, what it shows."""

import functools

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import ShapeDtypeStruct, eval_shape, grad, jit, make_jaxpr, vmap
from minijax.core.jaxpr import check_jaxpr


def counted():
    """A function and the list of types it was traced for."""
    traced = []

    def f(x, *rest):
        traced.append(x)
        return jnp.sin(x) * 2 + sum(rest)

    return f, traced


def test_one_trace_per_type():
    f, traced = counted()
    g = jit(f)

    for x in (jnp.ones(3), jnp.zeros(3), np.ones(3, "float32"), jnp.ones(4)):
        g(x)

    assert len(traced) == 2


def test_weak_and_strong_types_are_told_apart():
    f, traced = counted()
    g = jit(f)

    assert g(1.0).weak_type
    assert not g(jnp.float32(1.0)).weak_type
    assert len(traced) == 2


def test_jit_made_anew_neither_traces_nor_compiles_again():
    f, traced = counted()

    results = [float(jit(f)(jnp.ones(3))[0]) for _ in range(3)]

    assert len(traced) == 1
    assert len(set(results)) == 1


def test_bound_methods_share_their_cache():
    traced = []

    class Model:
        def step(self, x):
            traced.append(x)
            return x + 1

    model = Model()
    for _ in range(3):
        jit(model.step)(1.0)

    assert len(traced) == 1


def test_x64_is_part_of_the_key():
    f, traced = counted()
    g = jit(f)

    assert g(np.ones(2)).dtype == np.float32
    with minijax.enable_x64(True):
        assert g(np.ones(2)).dtype == np.float64
    assert g(np.ones(2)).dtype == np.float32
    assert len(traced) == 2


@pytest.mark.parametrize("how", ["number", "negative", "name", "keyword"])
def test_static_arguments(how):
    traced = []

    def power(x, n):
        traced.append(n)
        return functools.reduce(lambda a, _: a * x, range(n), jnp.ones_like(x))

    options = {
        "number": {"static_argnums": 1},
        "negative": {"static_argnums": (-1,)},
        "name": {"static_argnames": "n"},
        "keyword": {"static_argnames": ("n",)},
    }[how]
    f = jit(power, **options)
    call = (lambda x, n: f(x, n=n)) if how == "keyword" else f

    assert float(call(2.0, 3)) == 8
    assert float(call(3.0, 3)) == 27
    assert float(call(2.0, 4)) == 16
    assert traced == [3, 4]


def test_unused_arguments_are_dropped_unless_kept():
    x, y = jnp.ones(3), jnp.ones(4)

    dropped = jit(lambda x, y: x + 1).lower(x, y).as_text()
    kept = jit(lambda x, y: x + 1, keep_unused=True).lower(x, y).as_text()

    assert "tensor<4xf32>" not in dropped
    assert "tensor<4xf32>" in kept
    assert (jit(lambda x, y: x + 1)(x, y) == 2).all()


def test_trees_and_keywords_pass():
    @jit
    def f(tree, *, scale):
        return {"out": [tree["a"] * scale, None], "b": tree["b"]}

    result = f({"a": jnp.ones(2), "b": (1.0, 2)}, scale=3.0)

    assert (result["out"][0] == 3).all()
    assert result["out"][1] is None
    assert result["b"][1].dtype == np.int32


def test_decorated_methods_work():
    class Model:
        def __init__(self, w):
            self.w = w

        @functools.partial(jit, static_argnums=0)
        def __call__(self, x):
            return self.w * x

    assert float(Model(3.0)(2.0)) == 6
    assert float(Model(4.0)(2.0)) == 8


def test_inner_jit_is_one_call_however_often_it_is_called():
    inner = jit(lambda x: jnp.sin(x) * jnp.cos(x))

    def f(x):
        return inner(inner(inner(x)))

    text = jit(f).lower(1.0).as_text()

    assert text.count("stablehlo.sine") == 1
    assert text.count("func.call") == 3


def test_inline_leaves_no_call():
    inner = jit(lambda x: jnp.sin(x), inline=True)

    assert str(make_jaxpr(lambda x: inner(x))(1.0)) == (
        "{ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }"
    )


def test_closed_over_arrays_are_arguments_not_text():
    table = jnp.arange(10_000.0)

    text = jit(lambda i: table[i]).lower(3).as_text()

    assert len(text) < 5_000
    assert float(jit(lambda i: table[i])(3)) == 3


def test_closing_over_a_tracer():
    """jit inside grad sees the differentiated value, and its derivative."""

    def f(x):
        return jit(lambda y: x * y)(3.0) + x

    assert float(grad(f)(2.0)) == 4
    assert float(jit(grad(f))(2.0)) == 4
    assert float(vmap(grad(f))(jnp.ones(2))[1]) == 4


def test_lowered_text_is_deterministic():
    def f(x):
        return {"b": jnp.tanh(x @ x), "a": jnp.sum(x)}

    texts = set()
    for _ in range(2):
        minijax.clear_caches()
        texts.add(jit(grad(lambda x: f(x)["a"])).lower(jnp.ones((3, 3))).as_text())

    assert len(texts) == 1


def test_stages():
    f = jit(lambda x, y: {"sum": x + y})
    x = jnp.ones(3)

    traced = f.trace(x, ShapeDtypeStruct((), "float32"))
    lowered = traced.lower()
    compiled = lowered.compile()

    assert traced.out_info == {"sum": ShapeDtypeStruct((3,), "float32")}
    assert "stablehlo.add" in lowered.as_text()
    assert "test_jit.py" in lowered.as_text(debug_info=True)
    assert "HloModule" in compiled.as_text()
    assert compiled.cost_analysis()["flops"] == 3
    assert compiled.memory_analysis().output_size_in_bytes >= 12
    assert (compiled(x, jnp.float32(1))["sum"] == 2).all()
    with pytest.raises(TypeError, match=r"argument x must be f32\[3\], got f32\[4\]"):
        compiled(jnp.ones(4), jnp.float32(1))
    with pytest.raises(TypeError, match="cannot be transformed"):
        grad(lambda x: compiled(x, jnp.float32(1))["sum"].sum())(x)


def test_source_lines_reach_the_compiled_program():
    compiled = jit(lambda x: jnp.sin(x)).lower(1.0).compile()

    assert "jit(<lambda>)/sin" in compiled.as_text()


def test_eval_shape_computes_nothing():
    def f(x):
        return x @ x.T, x.sum()

    shapes = eval_shape(f, ShapeDtypeStruct((100_000, 100_000), "float32"))

    assert shapes[0].shape == (100_000, 100_000)
    assert shapes[1].dtype == np.float32


def test_ensure_compile_time_eval():
    @jit
    def f(x):
        with minijax.ensure_compile_time_eval():
            n = int(jnp.arange(4).sum())
        return x * n

    assert float(f(2.0)) == 12


def test_disable_jit_runs_python():
    seen = []

    @jit
    def f(x):
        seen.append(float(x))
        return x if x > 0 else -x

    with minijax.disable_jit():
        assert float(f(-2.0)) == 2
    assert seen == [-2.0]


def test_debug_nans_names_the_operation():
    with minijax.debug_nans(True):
        with pytest.raises(FloatingPointError, match=r"nan.*log"):
            jnp.log(-jnp.ones(3))
        with pytest.raises(FloatingPointError, match="nan"):
            jit(lambda x: jnp.sqrt(x))(-1.0)
    assert np.isnan(jnp.log(-1.0))


def test_programs_are_well_typed():
    def f(x, w):
        return jnp.sum(jnp.tanh(x @ w) ** 2)

    args = jnp.ones((4, 3)), jnp.ones((3, 2))

    for g in (f, grad(f), vmap(f, (0, None)), grad(grad(lambda x: jnp.sin(x).sum()))):
        if g is f or g.__name__ == "f":
            check_jaxpr(make_jaxpr(jit(g))(*args))


def test_printed_form():
    assert str(make_jaxpr(lambda x, y: (x + 2) * y)(1.0, jnp.ones(3))) == (
        "{ lambda ; a:f32[] b:f32[3]. let c:f32[] = add a 2.0:f32[]; d:f32[3] = mul "
        "c b in (d,) }"
    )


def test_arrays_on_other_devices(devices):
    """Committed arrays decide where a program runs; mixing them is an error."""
    x = minijax.device_put(jnp.ones(3), devices[1])
    y = minijax.device_put(jnp.ones(3), devices[2])

    assert (x + 1).devices() == {devices[1]}
    assert jit(lambda x: x * 2)(x).devices() == {devices[1]}
    assert (x + jnp.ones(3)).devices() == {devices[1]}
    with pytest.raises(ValueError, match="same devices"):
        x + y


def test_shardings_that_are_not_specified_are_accepted():
    """A tree of None leaves the placement to XLA; anything else is not built yet."""
    f = jit(lambda x, y: x + y, in_shardings=(None, [None]), out_shardings=None)

    assert f(1.0, 2.0) == 3.0
    with pytest.raises(NotImplementedError, match="in_shardings and out_shardings"):
        jit(lambda x: x, in_shardings=(minijax.devices()[0],))
