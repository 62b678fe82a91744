"""`logging_level`, `debug_log_modules`, `log_compiles`, and `no_tracing`."""

import logging
import os
import subprocess
import sys

import pytest

import minijax
import minijax.numpy as jnp
from minijax import config, grad, jit, lax
from minijax.config import log_compiles, no_tracing


def test_log_compiles_shows_the_way_to_a_program(caplog):
    def step(x):
        return x * 2 + 1

    x = jnp.ones(3)
    with log_compiles():
        jit(step)(x)
    said = [r.getMessage() for r in caplog.records]

    assert [message.split(" step")[0].split(" jit_step")[0] for message in said] == [
        "Finished tracing",
        "Finished lowering of",
        "Compiling",
        "Finished XLA compilation of",
    ]
    assert "[ShapedArray(f32[3])]" in said[2] or "[f32[3]]" in said[2]
    assert {r.levelname for r in caplog.records} == {"WARNING"}
    caplog.clear()
    jit(lambda x: x * 3)(x)
    assert not [r for r in caplog.records if r.levelname == "WARNING"]


def said_by(code, **environment):
    run = subprocess.run(
        [sys.executable, "-c", f"import minijax\n{code}"],
        env=os.environ | {"JAX_PLATFORMS": "cpu"} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stderr


STEP = "minijax.jit(lambda x: x * 2)(1.0)\n"


def test_the_level_decides_what_is_shown():
    quiet = said_by(STEP)
    loud = said_by(f"minijax.config.update('jax_logging_level', 'DEBUG')\n{STEP}")
    again = said_by(
        "minijax.config.update('jax_logging_level', 'DEBUG')\n"
        f"minijax.config.update('jax_logging_level', 'NOTSET')\n{STEP}"
    )

    assert quiet == again == ""
    assert "DEBUG:" in loud
    assert ":minijax.compile:" in loud
    assert loud.count("Finished tracing <lambda>") == 1


def test_the_environment_sets_the_level_and_single_loggers():
    assert "Finished tracing" in said_by(STEP, JAX_LOGGING_LEVEL="DEBUG")
    one = said_by(STEP, JAX_DEBUG_LOG_MODULES="minijax.compile")
    assert one.count("Finished tracing") == 1
    assert said_by(STEP, JAX_DEBUG_LOG_MODULES="minijax.transfer") == ""


def test_a_logger_outside_gets_a_handler_of_its_own():
    config.update("jax_debug_log_modules", "somewhere.else,minijax.compile")
    try:
        outside = logging.getLogger("somewhere.else")
        assert outside.level == logging.DEBUG
        assert len(outside.handlers) == len(logging.getLogger("minijax").handlers) == 1
    finally:
        config.update("jax_debug_log_modules", "")
    assert outside.level == logging.NOTSET
    assert outside.handlers == logging.getLogger("minijax").handlers == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: jit(lambda x: x)(1.0),
        lambda: minijax.make_jaxpr(lambda x: x * 2)(1.0),
        lambda: minijax.eval_shape(lambda x: x * 2, 1.0),
        lambda: lax.scan(lambda c, _: (c, None), 1.0, None, length=2),
    ],
    ids=["jit", "make_jaxpr", "eval_shape", "scan"],
)
def test_no_tracing_refuses_to_trace(call):
    with no_tracing(), pytest.raises(RuntimeError, match="but 'no_tracing' is set"):
        call()
    call()


def test_what_has_been_traced_runs_under_no_tracing():
    step = jit(lambda x: x * 2)
    x = jnp.ones(3)
    step(x)
    grad(lambda y: step(y).sum())(x)
    with no_tracing():
        step(x)
        grad(lambda y: step(y).sum())(x)
