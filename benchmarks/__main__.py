"""The command line: choose workloads, measure them, print the table.

Exits with 1 if a workload fails or the packages' results differ; a missed target is
reported in the table and is no failure.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import json
import sys
from pathlib import Path

from . import report
from .runner import Timings, WorkloadError, measure, sides
from .workload import Workload
from .workloads import SUBJECTS


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    chosen = choose(options.names, catalogue())
    if options.list:
        for _, workload in chosen:
            print(f"{workload.name}{' (slow)' if workload.slow else ''}")
        return 0
    packages = (options.baseline, options.candidate)
    print(f"{report.machine()}; {_pairs(report.versions(packages))}", flush=True)
    timings, failures = run(chosen, packages, options.repeats)
    rows = [row for each in timings for row in report.rows(each)]
    print(report.table(rows, *sides(packages)))
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr)
    if options.json:
        text = json.dumps(report.document(packages, timings), indent=1)
        options.json.write_text(text + "\n")
    return 1 if failures else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="a workload or a pattern; all but the slow ones if none is given",
    )
    made.add_argument("--repeats", type=int, default=5, help="processes per package")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all times too")
    made.add_argument("--list", action="store_true", help="print the names and stop")
    made.add_argument("--baseline", default="jax", metavar="PACKAGE")
    made.add_argument("--candidate", default="minijax", metavar="PACKAGE")
    return made


def catalogue() -> list[tuple[str, Workload]]:
    """All workloads, each with the module that holds it."""
    return [
        (subject, workload)
        for subject in SUBJECTS
        for workload in importlib.import_module(
            f"benchmarks.workloads.{subject}"
        ).WORKLOADS
    ]


def choose(
    names: list[str], known: list[tuple[str, Workload]]
) -> list[tuple[str, Workload]]:
    """The workloads that match one of the names; without names, those not slow."""
    if not names:
        return [entry for entry in known if not entry[1].slow]
    for name in names:
        if not any(fnmatch.fnmatch(workload.name, name) for _, workload in known):
            raise SystemExit(
                f"benchmarks: there is no workload {name!r}. --list '*' names them."
            )
    return [
        (subject, workload)
        for subject, workload in known
        if any(fnmatch.fnmatch(workload.name, name) for name in names)
    ]


def run(
    chosen: list[tuple[str, Workload]], packages: tuple[str, str], repeats: int
) -> tuple[list[Timings], list[WorkloadError]]:
    """Measure each workload; one that fails does not stop the others."""
    timings, failures = [], []
    for subject, workload in chosen:
        try:
            timings.append(measure(subject, workload, packages, repeats, _progress))
        except WorkloadError as failure:
            failures.append(failure)
    _progress("")
    return timings, failures


def _progress(line: str) -> None:
    """Show what is running, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def _pairs(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


if __name__ == "__main__":
    sys.exit(main())
