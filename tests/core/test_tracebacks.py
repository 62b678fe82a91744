"""Tracebacks: which frames a user sees, in every mode of `traceback_filtering`."""

import builtins
import os
import pathlib
import subprocess
import sys
import traceback

import pytest

import minijax
import minijax.numpy as jnp
from minijax import grad, hessian, jit, jvp, lax, vjp, vmap
from minijax.config import Switch
from minijax.core.source import PACKAGE
from minijax.core.tracebacks import NOTE
from minijax.errors import UnfilteredStackTrace

filtering = Switch("traceback_filtering")


class Mine(Exception):
    pass


def fails(x):
    raise Mine("my message")


def layer(x):
    return fails(x) + 1


ruled = minijax.custom_vjp(layer)
ruled.defvjp(lambda x: (layer(x), None), lambda _, y_bar: (y_bar,))


def caught(call) -> BaseException:
    try:
        call()
    except Exception as error:  # noqa: BLE001 (any error is looked at)
        return error
    raise AssertionError("the call raised nothing")


def frames(error) -> list[str]:
    """Names of the functions in a traceback below `caught`; ours are marked."""
    return [
        f"minijax.{f.name}" if f.filename.startswith(PACKAGE) else f.name
        for f in traceback.extract_tb(error.__traceback__)
    ][1:]


CALLS = {
    "jit": lambda: jit(layer)(1.0),
    "grad": lambda: grad(layer)(1.0),
    "grad of jit": lambda: grad(jit(layer))(1.0),
    "jit of grad of vmap": lambda: jit(grad(vmap(layer)))(jnp.ones(3)),
    "jvp": lambda: jvp(layer, (1.0,), (1.0,)),
    "vjp": lambda: vjp(layer, 1.0),
    "hessian": lambda: hessian(layer)(1.0),
    "checkpoint": lambda: grad(minijax.checkpoint(layer))(1.0),
    "custom_vjp": lambda: ruled(1.0),
    "eval_shape": lambda: minijax.eval_shape(layer, 1.0),
    "make_jaxpr": lambda: minijax.make_jaxpr(layer)(1.0),
    "scan": lambda: lax.scan(lambda c, _: (c, layer(c)), 1.0, None, length=3),
    "fori_loop": lambda: lax.fori_loop(0, 3, lambda k, x: layer(x), 1.0),
    "while_loop": lambda: lax.while_loop(lambda x: x < 3, layer, 1.0),
    "cond": lambda: lax.cond(jnp.array(True), layer, layer, 1.0),
    "switch": lambda: lax.switch(jnp.array(0), [layer, layer], 1.0),
    "map": lambda: lax.map(layer, jnp.ones(3)),
}


@pytest.mark.parametrize("name", CALLS)
def test_only_the_users_frames_are_left(name):
    error = caught(CALLS[name])

    found = [f for f in frames(error) if f != "<lambda>"]
    assert found == ["layer", "fails"]
    assert error.__notes__ == [NOTE]
    assert str(error) == "my message"


MISTAKES = {
    "jit of a string": lambda: jit(jnp.sin)("a"),
    "grad of an array": lambda: grad(jnp.sin)(jnp.ones(3)),
    "grad at an integer": lambda: grad(lambda x: x)(3),
    "vmap over a number": lambda: vmap(jnp.sin)(1.0),
    "sin of a string": lambda: jnp.sin("a"),
    "add": lambda: jnp.add(jnp.ones(2), jnp.ones(3)),
    "+": lambda: jnp.ones(2) + jnp.ones(3),
    "@": lambda: 2.0 @ jnp.ones(3),
    "**": lambda: jnp.ones(2) ** "2",
    "matmul": lambda: jnp.matmul(jnp.ones(2), jnp.ones(3)),
    "grad of a number": lambda: grad(3),
    "jit of a number": lambda: jit(3),
    "vmap of a number": lambda: vmap(3),
    "chunks of none": lambda: hessian(jnp.sin, chunk_size=0),
    "lower": lambda: jit(lambda x: x).lower("a"),
    "compiled": lambda: jit(lambda x: x).lower(1.0).compile()(jnp.ones(3)),
    "index": lambda: jnp.ones(2)["a"],
    "reshape": lambda: jnp.ones(2).reshape(3),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_a_call_end_at_the_users_line(name):
    assert frames(caught(MISTAKES[name])) == ["<lambda>"]


def test_a_call_that_runs_a_deleted_array_ends_at_the_users_line():
    double = jit(lambda x: x * 2)
    x = jnp.ones(3)
    double(x)
    x.delete()

    def call():
        return double(x)

    assert frames(caught(call)) == ["call"]


def test_an_error_of_a_rule_ends_at_the_operation_that_caused_it():
    def loss(x):
        return lax.add(x, jnp.ones(3)).sum()

    error = caught(lambda: jit(grad(loss))(jnp.ones(2)))
    assert frames(error) == ["<lambda>", "loss"]
    # That the type was not yet in a cache is nobody's business.
    assert error.__context__ is None


def test_a_primitive_that_is_called_directly_shows_its_own_frame_only():
    error = caught(lambda: lax.neg(jnp.ones(2, bool)))

    assert frames(error) == ["<lambda>", "minijax.neg"]
    assert error.__context__ is None


def test_an_operation_that_repeats_its_operands_shows_no_frame():
    error = caught(lambda: lax.add(jnp.ones(2), jnp.ones(3)))

    assert frames(error) == ["<lambda>"]
    assert error.__context__ is None


def test_a_users_chain_of_errors_stays():
    def both(x):
        try:
            fails(x)
        except Mine as first:
            raise ValueError("second") from first

    error = caught(lambda: jit(both)(1.0))

    assert type(error.__cause__) is Mine
    assert [f.name for f in traceback.extract_tb(error.__cause__.__traceback__)] == [
        "both",
        "fails",
    ]


def test_off_shows_all_frames():
    with filtering("off"):
        error = caught(lambda: grad(layer)(1.0))

    assert "minijax.grad_f" in frames(error)
    assert not hasattr(error, "__notes__")


def test_tracebackhide_marks_our_frames_and_no_others():
    with filtering("tracebackhide"):
        error = caught(lambda: grad(jit(layer))(1.0))

    seen = 0
    for frame, _ in traceback.walk_tb(error.__traceback__):
        ours = frame.f_code.co_filename.startswith(PACKAGE)
        assert ("__tracebackhide__" in frame.f_locals) == ours
        seen += ours
    assert seen > 3


def test_auto_marks_frames_under_ipython(monkeypatch):
    monkeypatch.setattr(builtins, "__IPYTHON__", True, raising=False)

    assert "minijax.grad_f" in frames(caught(lambda: grad(layer)(1.0)))


def test_remove_frames_keeps_the_whole_traceback_in_the_cause():
    with filtering("off"):
        whole = frames(caught(lambda: grad(jit(layer))(1.0)))
    with filtering("remove_frames"):
        error = caught(lambda: grad(jit(layer))(1.0))
    cause = error.__cause__

    assert frames(error) == ["<lambda>", "layer", "fails"]
    assert not hasattr(error, "__notes__")
    assert type(cause) is UnfilteredStackTrace
    assert str(cause).startswith("Mine: my message\n")
    # Grafted together from what two boundaries removed; it starts below the user.
    assert ["<lambda>", "minijax.grad_f", *frames(cause)] == whole


def test_remove_frames_keeps_the_users_causes_behind_the_cause():
    def both(x):
        raise ValueError("second") from Mine("first")

    with filtering("remove_frames"):
        error = caught(lambda: jit(both)(1.0))

    assert str(error.__cause__.__cause__) == "first"


def test_remove_frames_survives_an_error_raised_again_in_between():
    def again(x):
        try:
            return jit(layer)(x)
        except Mine as error:
            raise error.with_traceback(None)  # noqa: B904 (the case in question)

    with filtering("remove_frames"):
        error = caught(lambda: grad(again)(1.0))

    assert frames(error) == ["<lambda>", "again"]
    assert frames(error.__cause__)[-3:] == ["minijax.apply", "layer", "fails"]


def test_what_python_prints_names_only_the_users_files(tmp_path):
    script = tmp_path / "train.py"
    script.write_text(
        "import minijax\n"
        "def loss(x):\n"
        "    return minijax.numpy.sin('a')\n"
        "minijax.jit(minijax.grad(loss))(1.0)\n"
    )
    root = str(pathlib.Path(PACKAGE).parent)
    environment = os.environ | {"PYTHONPATH": root, "JAX_PLATFORMS": "cpu"}
    run = subprocess.run(
        [sys.executable, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    files = [line.split('"')[1] for line in run.stderr.splitlines() if "File" in line]
    assert files == [str(script)] * 2
    assert run.stderr.splitlines()[-1] == NOTE
