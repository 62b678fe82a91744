"""Programs in pieces run as whole ones do: values, donation, errors, what is said."""

import subprocess
import sys
import threading

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import config, grad, jit
from minijax.config import compile_pieces
from minijax.runtime.pieces import Chain, at_once

pytestmark = pytest.mark.usefixtures("eager_to_cut")


def weights(layers=6, width=8):
    draw = np.random.default_rng(0)
    return [
        jnp.asarray(draw.normal(size=(width, width)), "float32") for _ in range(layers)
    ]


X = np.linspace(-1, 1, 24, dtype="f").reshape(3, 8)


def loss(ws, x):
    for w in ws:
        x = x + jnp.tanh(x @ w)
    return jnp.mean(x**2)


def step(ws, x):
    slopes = grad(loss)(ws, x)
    return [w - 0.1 * slope for w, slope in zip(ws, slopes, strict=True)]


def chain_of(compiled):
    executable = compiled.runtime_executable()
    assert isinstance(executable, Chain)
    return executable


def test_pieces_give_the_values_of_the_whole():
    in_pieces = jit(step)(weights(), X)
    with compile_pieces(False):
        whole = jit(step)(weights(), X)

    for ours, theirs in zip(in_pieces, whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


def test_equal_pieces_are_compiled_once():
    chain = chain_of(jit(step).lower(weights(), X).compile())

    assert len(chain._executables) > len(set(map(id, chain._executables))) + 8


def test_donated_arguments_are_overwritten():
    update = jit(step, donate_argnums=0)
    ws = weights()
    expected = jit(step)(ws, X)
    kept = weights()
    new = update(kept, X)

    assert [w.is_deleted() for w in kept] == [True] * 6
    for ours, theirs in zip(new, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    with pytest.raises(RuntimeError, match="has been deleted"):
        update(kept, X)
    assert np.isfinite(np.asarray(update(new, X)[0])).all()


def test_an_argument_that_is_read_again_is_not_overwritten():
    def f(ws, x):
        y = x
        for w in ws:
            y = jnp.sin(y) @ w
        return y + x

    f_donating, x = jit(f, donate_argnums=1), jnp.asarray(X)
    expected = f(weights(), X)

    np.testing.assert_allclose(f_donating(weights(), x), expected, rtol=1e-5)


def test_results_that_are_arguments_are_copies():
    def f(ws, x):
        y = x
        for w in ws:
            y = jnp.sin(y) @ w
        return y, x, y, 2.0

    x = jnp.asarray(X)
    y, same, again, two = jit(f)(weights(), x)
    y.delete()
    same.delete()

    np.testing.assert_array_equal(x, X)
    assert np.isfinite(np.asarray(again)).all()
    assert two == 2.0


def test_constants_are_moved_once_and_kept():
    ws = weights()
    f = jit(lambda x: loss(ws, x))

    assert f(X) == f(X) == pytest.approx(float(loss(ws, X)), rel=1e-5)


def test_a_deleted_argument_is_named():
    ws = weights()
    f = jit(step)
    f(ws, X)
    ws[4].delete()

    with pytest.raises(RuntimeError, match=r"been deleted with shape=f32\[8,8\]"):
        f(ws, X)


def test_the_stages_describe_the_whole():
    lowered = jit(step).lower(weights(), X)
    compiled = lowered.compile()
    costs, memory = compiled.cost_analysis(), compiled.memory_analysis()
    with compile_pieces(False):
        whole = jit(step).lower(weights(), X)
    of_whole = whole.compile()

    assert lowered.as_text() == whole.as_text()
    assert compiled.as_text().count("HloModule") == len(
        set(map(id, chain_of(compiled)._executables))
    )
    assert "// piece " in compiled.as_text()
    assert costs["flops"] == pytest.approx(of_whole.cost_analysis()["flops"], rel=0.2)
    expected = of_whole.memory_analysis()
    assert memory.argument_size_in_bytes == expected.argument_size_in_bytes
    assert memory.temp_size_in_bytes > 0
    for ours, theirs in zip(
        compiled(weights(), X), of_whole(weights(), X), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)


def test_intermediate_values_are_freed():
    chain = chain_of(jit(lambda x: loss(weights(), x)).lower(X).compile())
    freed = [k for step in chain._steps for k in step.dead]
    count = len(chain._steps[0].reads)

    assert len(freed) == len(set(freed)) > 5
    assert count not in chain._results


def test_option_and_context_manager():
    with compile_pieces(False):
        whole = jit(step).lower(weights(), X).compile()

    assert not isinstance(whole.runtime_executable(), Chain)
    chain_of(jit(step).lower(weights(), X).compile())


def test_threads_that_compile_see_the_options_of_the_caller():
    with minijax.enable_x64(True):
        ws = [np.asarray(w, np.float64) for w in weights()]
        out = jit(step)(ws, X.astype(np.float64))
        seen = at_once([lambda: config.jax_enable_x64] * 4)

    assert out[0].dtype == np.float64
    assert seen == [True] * 4
    assert at_once([lambda: config.jax_enable_x64] * 4) == [False] * 4


def test_at_once_gives_results_in_order_and_the_first_error():
    def fail():
        raise ValueError("broken")

    assert at_once([lambda k=k: k * k for k in range(20)]) == [k * k for k in range(20)]
    assert at_once([]) == []
    with pytest.raises(ValueError, match="broken"):
        at_once([lambda: 1, fail, lambda: 2])


def test_at_once_works_while_the_interpreter_exits():
    program = (
        "import atexit, minijax.runtime.pieces as pieces\n"
        "jobs = [lambda: 1, lambda: 2]\n"
        "atexit.register(lambda: print(pieces.at_once(jobs)))"
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ended.stdout == "[1, 2]\n"


def test_several_threads_may_run_one_chain():
    f, ws = jit(step), weights()
    expected = np.asarray(f(ws, X)[0])
    results = []

    def work():
        results.extend(np.asarray(f(ws, X)[0]) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(results) == 80
    for result in results:
        np.testing.assert_array_equal(result, expected)
