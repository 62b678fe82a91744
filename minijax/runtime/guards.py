"""Transfer guards: log or refuse copies between host and devices.

Where data crosses, `check` is asked first. The options `transfer_guard` (all
directions) and `transfer_guard_host_to_device`, `..._device_to_device`,
`..._device_to_host` say what happens:

    level                implicit copies    device_put, device_get
    allow                yes                yes
    log                  logged             yes
    disallow             refused            yes
    log_explicit         logged             logged
    disallow_explicit    refused            refused

Only real copies count: a number that is on the device already, a constant that is part
of a program, and reading an array on CPU, which shares its memory, are free.
"""

import logging
import threading

from ..config import state
from ..errors import JaxRuntimeError

logger = logging.getLogger("minijax.transfer")


class _Purpose(threading.local):
    name = "implicit"


_purpose = _Purpose()


class copying:
    """Say what the copies made inside are for.

    "explicit" ones the user asked for by name; a "constant" becomes part of a program,
    and no guard applies to it.
    """

    __slots__ = ("_name", "_outer")

    def __init__(self, name: str):
        self._name = name

    def __enter__(self):
        self._outer = _purpose.name
        _purpose.name = self._name

    def __exit__(self, *exception):
        _purpose.name = self._outer


def check(direction: str, aval, place) -> None:
    """Log or refuse a copy, as the options say; call it where `state.guarded`.

    Args:
      direction: "host_to_device", "device_to_device" or "device_to_host".
      place: the sharding that data comes to or, on the way to the host, from.

    Raises:
      JaxRuntimeError: the copy is not allowed.
    """
    level = getattr(state, f"transfer_guard_{direction}")
    if level in (None, "allow") or _purpose.name == "constant":
        return
    if _purpose.name == "explicit" and not level.endswith("_explicit"):
        return
    name = direction.replace("_", "-")
    what = f"{name} transfer: aval={aval}, sharding={place}"
    if level.startswith("log"):
        logger.warning("%s", what)
        return
    repair = "transfer_guard('allow')"
    if not level.endswith("_explicit"):
        ask = "device_get" if direction == "device_to_host" else "device_put"
        repair = f"{ask} where it is meant, or {repair}"
    raise JaxRuntimeError(f"INVALID_ARGUMENT: Disallowed {what}. Use {repair}.")
