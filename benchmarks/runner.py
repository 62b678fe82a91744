"""Start processes, the packages taking turns, and collect their times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .workload import LAUNCHED, Workload

ROOT = Path(__file__).parent.parent
LINES = 8
"""How many lines of a failed process's errors are shown, counted from the last."""


class WorkloadError(Exception):
    """A workload raised in its process, or the packages' results differ."""


@dataclass(frozen=True)
class Timings:
    """The times of one workload: seconds[package][phase], one for each process."""

    workload: Workload
    seconds: Mapping[str, Mapping[str, Sequence[float]]]


def measure(
    subject: str,
    workload: Workload,
    packages: tuple[str, str],
    repeats: int,
    say: Callable[[str], None],
) -> Timings:
    """Run a workload `repeats` times with each package, each time in a new process."""
    seconds: dict[str, dict[str, list[float]]] = {side: {} for side in sides(packages)}
    values: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="benchmarks-cache-") as cache:
        command = [subject, workload.name]

        def run(side: str, turn: int) -> dict:
            folder = "warm" if workload.disk_cache == "warm" else str(turn)
            environment = _environment(workload, Path(cache) / side / folder)
            return _run([_package(side), *command], environment)

        if workload.disk_cache == "warm":
            for side in seconds:
                run(side, 0)
        for turn in range(repeats):
            # Who goes first alternates too, in case the machine drifts.
            for side in sorted(seconds, reverse=turn % 2 == 1):
                say(f"{workload.name}: {side}, {turn + 1} of {repeats}")
                result = run(side, turn)
                values[side] = result["value"]
                for phase, elapsed in result["seconds"].items():
                    seconds[side].setdefault(phase, []).append(elapsed)
    check_values(workload, values)
    check_phases(workload, seconds)
    return Timings(workload, seconds)


def sides(packages: tuple[str, str]) -> tuple[str, str]:
    """Names for the two columns; they differ also where the packages do not.

    >>> sides(("jax", "minijax")), sides(("jax", "jax"))
    (('jax', 'minijax'), ('jax', 'jax again'))
    """
    baseline, candidate = packages
    return baseline, candidate if candidate != baseline else f"{candidate} again"


def _package(side: str) -> str:
    return side.removesuffix(" again")


def _environment(workload: Workload, cache: Path) -> dict[str, str]:
    """The variables of a process; both packages read those that begin with JAX_.

    The disk cache of compiled programs is never the user's own. Python may write its
    bytecode: installed packages have theirs, a checkout gets it in the first process.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not ("CACHE" in name and name.removeprefix("MINI").startswith("JAX_"))
        and name != "PYTHONDONTWRITEBYTECODE"
    }
    disk = {
        "off": {"JAX_ENABLE_COMPILATION_CACHE": "false"},
        "empty": {"MINIJAX_COMPILATION_CACHE_DIR": str(cache)},
        "warm": {
            "JAX_COMPILATION_CACHE_DIR": str(cache),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        },
    }[workload.disk_cache]
    return {**kept, **disk, "TF_CPP_MIN_LOG_LEVEL": "1"}


def _run(arguments: list[str], environment: Mapping[str, str]) -> dict:
    """One process, and the JSON on the last line of its output."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.child", *arguments],
        cwd=ROOT,
        env={**environment, LAUNCHED: repr(time.monotonic())},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        told = process.stderr.strip().splitlines()[-LINES:]
        raise WorkloadError(f"{' '.join(arguments)} failed:\n" + "\n".join(told))
    return json.loads(process.stdout.splitlines()[-1])


def check_values(workload: Workload, values: Mapping[str, float]) -> None:
    """Refuse a workload in which the packages computed different numbers."""
    a, b = values.values()
    if not abs(a - b) <= workload.tolerance * max(abs(a), abs(b)):
        raise WorkloadError(
            f"{workload.name}: the packages must compute the same number, got "
            f"{' and '.join(f'{value!r} ({side})' for side, value in values.items())}."
        )


def check_phases(workload: Workload, seconds: Mapping[str, Mapping]) -> None:
    """Refuse a workload whose phases differ, or that has a target for none of them."""
    baseline, candidate = map(set, seconds.values())
    if baseline != candidate or not workload.targets.keys() <= baseline:
        raise WorkloadError(
            f"{workload.name}: both packages must give one set of phases that holds "
            f"{sorted(workload.targets)}, got {sorted(baseline)} and "
            f"{sorted(candidate)}."
        )
