"""The clients of XLA behind the devices."""

from ..api.jit import clear_caches
from ..runtime import client

__all__ = [
    "backend_xla_version",
    "backends",
    "clear_backends",
    "clear_in_memory_compilation_cache",
    "get_backend",
    "get_default_device",
]


def get_backend(platform: str | None = None):
    """jaxlib's client of a platform, by default of the preferred one.

    >>> get_backend("cpu").platform
    'cpu'
    """
    return client.backend(platform).client


def backends() -> dict:
    """The clients that can be used, by platform; they are started if need be."""
    preferred = client.backend()
    return {b.platform: b.client for b in (client.backend("cpu"), preferred)}


def get_default_device():
    """The device where new arrays go."""
    return client.default_device()


def backend_xla_version(platform: str | None = None) -> int | None:
    """The version of XLA that a platform's plugin reports, None if it reports none."""
    found = getattr(get_backend(platform), "xla_version", None)
    return found if isinstance(found, int) else None


def clear_backends() -> None:
    """Forget the clients and what is compiled; arrays made before must not be used."""
    clear_caches()
    client.clear_backends()


def clear_in_memory_compilation_cache() -> None:
    """Forget compiled programs; those on disk stay."""
    clear_caches()
