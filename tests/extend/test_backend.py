"""Clients of XLA, the version of jaxlib, and libraries whose frames are left out."""

import sys
import traceback

import pytest

import minijax
import minijax.numpy as jnp
from minijax.core import source
from minijax.extend import backend
from minijax.traceback_util import api_boundary, register_exclusion


def test_clients_are_found_by_platform():
    client = backend.get_backend("cpu")

    assert client.platform == "cpu"
    assert backend.backends()["cpu"] is client
    assert backend.get_default_device() in client.devices()
    assert (
        backend.backend_xla_version("cpu") is None or backend.backend_xla_version() > 0
    )
    with pytest.raises(RuntimeError, match="unknown platform"):
        backend.get_backend("abacus")


def test_forgetting_compiled_programs_changes_nothing():
    f = minijax.jit(lambda x: x + 1)
    before = f(1.0)
    backend.clear_in_memory_compilation_cache()

    assert f(1.0) == before == 2.0


def test_the_version_of_jaxlib():
    assert minijax.lib.__version__.count(".") == 2


def test_a_library_s_frames_are_left_out(tmp_path, monkeypatch):
    """An error in a library that asks for it is shown at the line that called it."""
    file = tmp_path / "hidden_library.py"
    file.write_text("def call(f):\n    return f()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(source, "_hidden", source._hidden)
    library = __import__("hidden_library")
    wrong = api_boundary(lambda: library.call(lambda: jnp.ones(2) + jnp.ones(3)))

    def files():
        with pytest.raises(TypeError) as caught:
            wrong()
        return [frame.filename for frame in traceback.extract_tb(caught.tb)]

    assert str(file) in files()
    register_exclusion(str(file))
    assert str(file) not in files()
    source._OURS.clear()
    del sys.modules["hidden_library"]
