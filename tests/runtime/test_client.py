"""Platforms: chosen by argument, option or environment; what is missing is named."""

import os
import subprocess
import sys

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax.runtime import client


def run(program, **environment):
    """What a fresh interpreter prints."""
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_unknown_platform_is_refused():
    with pytest.raises(RuntimeError, match=r"unknown platform 'abacus'. Known plat"):
        minijax.devices("abacus")


@pytest.mark.parametrize(
    ("platform", "finder", "message"),
    [
        ("gpu", "_cuda_plugin", "no CUDA plugin found. Install jax-cuda13-plugin"),
        ("tpu", "_tpu_library", "no TPU library found. Install libtpu"),
    ],
)
def test_a_missing_plugin_is_named(platform, finder, message, monkeypatch):
    monkeypatch.setattr(client, finder, lambda: None)

    with pytest.raises(RuntimeError, match=message):
        client.backend(platform)


def test_the_environment_chooses_platform_and_devices():
    program = "import minijax; print(minijax.default_backend(), minijax.device_count())"

    result = run(program, JAX_PLATFORMS="cpu", JAX_NUM_CPU_DEVICES="3")

    assert result.stdout.split() == ["cpu", "3"]


def test_importing_does_not_load_jax_or_scipy_or_make_a_client():
    program = (
        "import minijax, minijax.numpy, sys;"
        "from minijax.runtime import client;"
        "print([m for m in ('jax', 'scipy', 'matplotlib') if m in sys.modules],"
        " client._backends)"
    )

    assert run(program).stdout.strip() == "[] {}"


def test_lapack_is_loaded_when_a_program_needs_it():
    program = (
        "import minijax.numpy as jnp, numpy as np;"
        "print(float(jnp.linalg.cholesky(np.eye(2) * 4)[0, 0]))"
    )

    assert run(program).stdout.strip() == "2.0"


def test_arrays_move_between_devices(devices):
    x = jnp.arange(3.0)

    y = minijax.device_put({"a": x}, devices[1])["a"]

    assert y.devices() == {devices[1]}
    assert y.committed
    assert not x.committed
    np.testing.assert_array_equal(y, x)
    assert isinstance(minijax.device_get({"a": y})["a"], np.ndarray)
    jnp.zeros(2)
    with minijax.default_device(devices[2]):
        assert jnp.zeros(2).devices() == {devices[2]}
        assert (jnp.arange(3) + 1).devices() == {devices[2]}
    assert jnp.zeros(2).devices() == {devices[0]}
