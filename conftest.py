"""The environment of a test run: virtual devices, and names for doctests."""

import builtins
import gc
import importlib.util
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import minijax
import minijax.cache
import minijax.numpy
import minijax.random


def public(module: ModuleType) -> dict[str, Any]:
    """What a module offers by name, but for names of Python's own such as `sum`."""
    return {
        name: x
        for name, x in vars(module).items()
        if not name.startswith("_") and not hasattr(builtins, name)
    }


# What the doctests of the package may name without importing it; later entries win.
NAMES = {
    **public(minijax.random),
    **public(minijax.numpy),
    **public(minijax),
    "jnp": minijax.numpy,
    "minijax": minijax,
    "np": np,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The number of devices can be chosen: `pytest --cpu-devices 1`."""
    parser.addoption(
        "--cpu-devices",
        type=int,
        default=8,
        help="virtual CPU devices, for the tests of pmap and sharding (default: 8)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of devices before the first array is made, and a disk cache.

    The environment carries both to the workers of pytest-xdist and to the processes
    that tests start, and the number to jax. The cache is not the user's: it belongs to
    the checkout, `pytest --cache-clear` empties it, and a second run takes a fifth of
    the time.
    """
    devices = config.getoption("--cpu-devices")
    os.environ["JAX_NUM_CPU_DEVICES"] = str(devices)
    minijax.config.update("jax_num_cpu_devices", devices)
    if "MINIJAX_COMPILATION_CACHE_DIR" not in os.environ:
        os.environ["MINIJAX_COMPILATION_CACHE_DIR"] = executables_folder(config)
    folder = os.environ["MINIJAX_COMPILATION_CACHE_DIR"]
    minijax.config.update("jax_compilation_cache_dir", folder)
    config.add_cleanup(minijax.cache.flush)  # the last added is the first called


def executables_folder(config: pytest.Config) -> str:
    """Where compiled programs are kept: in pytest's own cache, or for this run only."""
    if getattr(config, "cache", None) is not None:
        return str(config.cache.mkdir("executables"))
    folder = tempfile.mkdtemp(prefix="minijax-tests-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    return folder


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Skip the oracle tests without jax, or keep a seeded sample of them.

    MINIJAX_ORACLE_SAMPLE is the part that is kept, 1 without it; MINIJAX_ORACLE_SEED
    chooses which.
    """
    if importlib.util.find_spec("jax") is None:
        missing = pytest.mark.skip(
            reason="jax is not installed: pip install '.[oracle]'"
        )
        for item in items:
            if item.get_closest_marker("oracle") is not None:
                item.add_marker(missing)
    part = float(os.environ.get("MINIJAX_ORACLE_SAMPLE", "1"))
    if part >= 1:
        return
    seed = os.environ.get("MINIJAX_ORACLE_SEED", "0")

    def is_kept(item: pytest.Item) -> bool:
        if item.get_closest_marker("oracle") is None or "test_programs" in item.nodeid:
            return True  # generated programs have a number of their own
        return zlib.crc32(f"{seed} {item.nodeid}".encode()) < part * 2**32

    dropped = [item for item in items if not is_kept(item)]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if is_kept(item)]


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Let go of compiled programs before the process has too many pieces of memory.

    Each compiled kernel takes three, and Linux ends a process that has 65,530.
    """
    global tests_run
    tests_run += 1
    if tests_run % 20 == 0 and pieces_of_memory() > MANY_PIECES:
        minijax.clear_caches()
        if "jax" in sys.modules:
            sys.modules["jax"].clear_caches()
        gc.collect()


tests_run = 0
MANY_PIECES = 20_000


def pieces_of_memory() -> int:
    """How many mappings this process has, 0 where that cannot be asked."""
    maps = Path("/proc/self/maps")
    return maps.read_bytes().count(b"\n") if maps.exists() else 0


def pytest_ignore_collect(collection_path: os.PathLike[str]) -> bool | None:
    """Doctests are those of the package: helpers in tests/ hold none."""
    parts = collection_path.parts
    helper = collection_path.suffix == ".py" and not parts[-1].startswith("test_")
    return True if helper and "tests" in parts else None


@pytest.fixture(autouse=True)
def _doctest_names(request: pytest.FixtureRequest) -> None:
    """Names for doctests; those of the module itself come first."""
    if isinstance(request.node, pytest.DoctestItem):
        for name, value in NAMES.items():
            request.node.dtest.globs.setdefault(name, value)
