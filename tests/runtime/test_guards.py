"""Transfer guards: which copies each level lets pass, logs or refuses."""

import os
import subprocess
import sys

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import config, device_get, device_put, jit
from minijax.config import (
    state,
    transfer_guard,
    transfer_guard_device_to_device,
    transfer_guard_device_to_host,
    transfer_guard_host_to_device,
)
from minijax.errors import JaxRuntimeError

double = jit(lambda x: x * 2)
host = np.ones(3, "float32")


def refused(call, direction="host-to-device"):
    with pytest.raises(JaxRuntimeError, match=f"Disallowed {direction} transfer: aval"):
        call()
    return True


IMPLICIT = {
    "jit": lambda: double(np.ones(3, "float32")),
    "operator": lambda: jnp.ones(3) + np.ones(3, "float32"),
    "function": lambda: jnp.sin(np.ones(3, "float32")),
    "asarray": lambda: jnp.asarray(np.ones(3)),
    "list": lambda: jnp.array([1.0, 2.0]),
}


@pytest.mark.parametrize("name", IMPLICIT)
@pytest.mark.parametrize("level", ["disallow", "disallow_explicit"])
def test_implicit_copies_are_refused(name, level):
    jnp.ones(3)
    with transfer_guard(level):
        assert refused(IMPLICIT[name])
    IMPLICIT[name]()


def test_a_copy_asked_for_is_refused_by_the_explicit_level_only():
    with transfer_guard("disallow"):
        x = device_put(host)
        double(x)
    with transfer_guard("disallow_explicit"):
        assert refused(lambda: device_put(host))


def test_the_message_says_what_to_do():
    with (
        transfer_guard("disallow"),
        pytest.raises(JaxRuntimeError) as error,
    ):
        double(host)

    assert str(error.value).startswith(
        "INVALID_ARGUMENT: Disallowed host-to-device transfer: aval=f32[3], "
        "sharding=SingleDeviceSharding("
    )
    assert str(error.value).endswith(
        "Use device_put where it is meant, or transfer_guard('allow')."
    )


@pytest.mark.parametrize(
    ("level", "records"), [("allow", 0), ("log", 1), ("log_explicit", 2)]
)
def test_copies_are_logged(level, records, caplog):
    with transfer_guard(level):
        double(host)
        device_put(host)

    assert len(caplog.records) == records
    for record in caplog.records:
        assert record.getMessage().startswith("host-to-device transfer: aval=f32[3]")


def test_what_is_on_the_device_may_be_used():
    x = jnp.ones(3)
    x + 2.0
    with transfer_guard("disallow"):
        double(x)
        x + 2.0  # the number was copied when it was first met
        jit(lambda y: y + np.arange(3.0, dtype="float32"))(x)


def test_copies_between_devices(devices):
    x = jnp.ones(3)
    y = device_put(x, devices[1])
    with transfer_guard_device_to_device("disallow"):
        device_put(x, devices[1])
        assert refused(lambda: x + y, "device-to-device")
        double(host)
    with transfer_guard_device_to_device("disallow_explicit"):
        assert refused(lambda: device_put(x, devices[1]), "device-to-device")


def test_reading_is_guarded_where_it_copies(monkeypatch):
    with transfer_guard("disallow_explicit"):
        np.asarray(device_put_before)  # on CPU the memory is shared

    class Elsewhere:
        platform = "cuda"

    array_type = type(device_put_before)
    monkeypatch.setattr(array_type, "device", Elsewhere())
    x, y = double(jnp.ones(3)), double(jnp.ones(3))
    with transfer_guard_device_to_host("disallow"):
        assert refused(lambda: np.asarray(x), "device-to-host")
        assert refused(lambda: float(y[0]), "device-to-host")
        device_get(x)
        np.asarray(x)  # device_get has kept the values


device_put_before = device_put(host)


def test_the_guard_entered_last_wins():
    with transfer_guard_host_to_device("allow"), transfer_guard("disallow"):
        assert refused(lambda: double(host))
        with transfer_guard_host_to_device("allow"):
            double(host)
        assert state.transfer_guard_device_to_host == "disallow"
    assert state.transfer_guard_device_to_host is None
    assert not state.guarded


def test_an_update_sets_all_directions():
    config.update("jax_transfer_guard", "disallow")
    try:
        assert config.jax_transfer_guard_device_to_device == "disallow"
        assert refused(lambda: double(host))
        config.update("jax_transfer_guard_host_to_device", "allow")
        double(host)
    finally:
        config.update("jax_transfer_guard", None)
        config.update("jax_transfer_guard_host_to_device", None)
    double(host)


def test_the_environment_sets_all_directions():
    code = (
        "from minijax.config import state as s; print(s.guarded, "
        "s.transfer_guard_host_to_device, s.transfer_guard_device_to_host)"
    )
    environment = os.environ | {
        "JAX_TRANSFER_GUARD": "log",
        "JAX_TRANSFER_GUARD_DEVICE_TO_HOST": "allow",
    }
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.split() == ["True", "log", "allow"]
