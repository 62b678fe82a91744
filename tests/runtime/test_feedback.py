"""The line that is printed while a program takes long to compile."""

import contextlib
import io
import re
import time

import pytest

import minijax.numpy as jnp
from minijax import config, jit
from minijax.runtime import lowered as compiling
from minijax.runtime.feedback import feedback


class Terminal(io.StringIO):
    tty = True

    def isatty(self):
        return self.tty


@contextlib.contextmanager
def terminal(seconds, tty=True):
    """Standard error is a terminal, and patience lasts some seconds."""
    stream = Terminal()
    stream.tty = tty
    config.update("jax_compile_feedback_secs", seconds)
    try:
        with contextlib.redirect_stderr(stream):
            yield stream
    finally:
        config.update("jax_compile_feedback_secs", 3.0)


def wait_for(stream):
    deadline = time.monotonic() + 10
    while not stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.001)


def test_a_slow_compile_is_one_line(monkeypatch):
    def slow(*args):
        wait_for(stream)
        return compile_now(*args)

    def step(x):
        return x * 3.25 + 1

    x = jnp.ones(3)
    compile_now = compiling.load_or_compile
    monkeypatch.setattr(compiling, "load_or_compile", slow)
    with terminal(0.005) as stream:
        jit(step)(x)

    line = r"minijax: compiling jit_step \.\.\. \d+\.\d s\n"
    assert re.fullmatch(line, stream.getvalue())


def test_an_error_ends_the_line():
    def compiling_fails():
        with feedback("jit_f"):
            wait_for(stream)
            raise ZeroDivisionError

    with terminal(0.005) as stream, pytest.raises(ZeroDivisionError):
        compiling_fails()

    assert stream.getvalue() == "minijax: compiling jit_f ... failed\n"


@pytest.mark.parametrize(
    ("seconds", "tty"),
    [(60.0, True), (0, True), (0.005, False)],
    ids=["quick", "off", "no terminal"],
)
def test_nothing_is_said(seconds, tty):
    with terminal(seconds, tty) as stream, feedback("jit_f"):
        time.sleep(0.05)

    assert stream.getvalue() == ""
