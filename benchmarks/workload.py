"""What a workload is, and how its parts are timed.

A workload is a function of an API: the package `jax`, or `minijax`, whose public names
are the same. It returns a `Result`: seconds for each of its phases, and one number it
computed, so that the runner can see that both packages did the same work.

This file imports only the standard library, so that a process in which the package's
import is timed holds nothing that the package would load itself.
"""

from __future__ import annotations

import importlib
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LAUNCHED = "BENCHMARKS_LAUNCHED"
"""Name of the environment variable that holds `time.monotonic()` of the runner."""


class API:
    """A package under test: `api.numpy`, `api.grad`, `api.jit` are the package's.

    Making one imports the package and times that.
    """

    def __init__(self, package: str):
        self.import_seconds, self._modules = timed(
            lambda: [importlib.import_module(m) for m in (package, f"{package}.numpy")]
        )
        self.numpy = self._modules[1]
        for name in ("lax", "nn", "tree_util"):
            setattr(self, name, importlib.import_module(f"{package}.{name}"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._modules[0], name)


@dataclass(frozen=True)
class Result:
    """What one run of a workload in one process gives."""

    seconds: Mapping[str, float]
    """Seconds of each phase, by its name."""
    value: float
    """A number the workload computed; the packages agree to `Workload.tolerance`."""


@dataclass(frozen=True)
class Workload:
    """A program to time, and the ratios to jax that it should reach."""

    name: str
    run: Callable[[API], Result]
    targets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """For a phase, the largest ratio of medians; later targets are stricter."""
    disk_cache: str = "off"
    """The disk cache of compiled programs: `off`; `empty` and otherwise as users have
    it, so that minijax writes one and jax does not; or `warm`, filled by a process that
    is not measured."""
    slow: bool = False
    """Whether it takes more than ten seconds a process, so runs only when named."""
    tolerance: float = 1e-3
    """How far the packages' values may differ, relative to the larger."""


def timed(function: Callable[..., Any], *args: Any) -> tuple[float, Any]:
    """Seconds that one call takes, and what it returns."""
    start = time.perf_counter()
    result = function(*args)
    return time.perf_counter() - start, result


def since_launch() -> float:
    """Seconds since the runner started this process."""
    return time.monotonic() - float(os.environ[LAUNCHED])


def per_call(function: Callable[[], Any], budget: float = 0.4) -> float:
    """Seconds that one call of a warm function takes.

    Calls are timed in batches of at least 5 ms, as many batches as the budget (seconds)
    holds but at least three, and the median batch counts.
    """
    function()
    seconds, _ = timed(function)
    size = max(1, round(5e-3 / max(seconds, 1e-7)))
    batches: list[float] = []
    end = time.perf_counter() + budget
    while len(batches) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(size):
            function()
        batches.append((time.perf_counter() - start) / size)
    return statistics.median(batches)


def stages(
    api: API, make: Callable[[], Callable[..., Any]], *args: Any
) -> tuple[dict[str, float], Any]:
    """Time a jitted program stage by stage: trace and lower, compile, run.

    `make()` returns a new function each time, so that nothing traced before can be
    used again. The first tracing in a process also fills the package's own caches, and
    has a row of its own. Returns the seconds and the result of a run.
    """
    first, _ = timed(lambda: api.jit(make()).lower(*args))
    again = [timed(lambda: api.jit(make()).lower(*args)) for _ in range(3)]
    lowered = again[-1][1]
    compiling, compiled = timed(lowered.compile)
    seconds = {
        "trace+lower, first": first,
        "trace+lower": min(elapsed for elapsed, _ in again),
        "compile": compiling,
        "run": per_call(lambda: api.block_until_ready(compiled(*args))),
    }
    return seconds, compiled(*args)
