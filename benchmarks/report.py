"""Turn times into rows, and rows into a table or JSON."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .runner import Timings


@dataclass(frozen=True)
class Row:
    """One phase of one workload; times are seconds, a ratio is candidate / baseline."""

    workload: str
    phase: str
    baseline_min: float
    baseline_median: float
    candidate_min: float
    candidate_median: float
    ratio_min: float
    ratio: float
    """The ratio of the medians, which is what targets speak of."""
    targets: tuple[float, ...]

    @property
    def verdict(self) -> str:
        """Which targets are met: `0.35 met, 0.2 missed`."""
        return ", ".join(
            f"{target:g} {'met' if self.ratio <= target else 'MISSED'}"
            for target in self.targets
        )


def rows(timings: Timings) -> list[Row]:
    """One row for each phase, in the order in which the workload gave them."""
    baseline, candidate = timings.seconds.values()
    return [
        _row(timings, phase, baseline[phase], candidate[phase]) for phase in baseline
    ]


def _row(
    timings: Timings, phase: str, before: Sequence[float], after: Sequence[float]
) -> Row:
    median_before, median_after = statistics.median(before), statistics.median(after)
    return Row(
        workload=timings.workload.name,
        phase=phase,
        baseline_min=min(before),
        baseline_median=median_before,
        candidate_min=min(after),
        candidate_median=median_after,
        ratio_min=min(after) / min(before),
        ratio=median_after / median_before,
        targets=tuple(timings.workload.targets.get(phase, ())),
    )


def table(table_rows: Iterable[Row], baseline: str, candidate: str) -> str:
    """Rows as a Markdown table that also reads well in a terminal."""
    head = [
        *("workload", "phase"),
        *(f"{baseline} min", "median", f"{candidate} min", "median"),
        *("ratio", "targets"),
    ]
    cells = [
        [
            row.workload,
            row.phase,
            *map(duration, (row.baseline_min, row.baseline_median)),
            *map(duration, (row.candidate_min, row.candidate_median)),
            f"{row.ratio:.2f}",
            row.verdict,
        ]
        for row in table_rows
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    words = {0, 1, 7}  # the other columns are numbers, set to the right

    def line(entries: Sequence[str]) -> str:
        padded = (
            entry.ljust(width) if i in words else entry.rjust(width)
            for i, (entry, width) in enumerate(zip(entries, widths, strict=True))
        )
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * width if i in words else "-" * (width - 1) + ":"
        for i, width in enumerate(widths)
    ]
    return "\n".join(map(line, [head, rule, *cells]))


def duration(seconds: float) -> str:
    """A time in the unit that suits it, to three digits.

    >>> [duration(t) for t in (3.81e-6, 0.0166, 0.35, 35.52)]
    ['3.81 us', '16.6 ms', '350 ms', '35.5 s']
    """
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def document(packages: tuple[str, str], timings: Sequence[Timings]) -> dict[str, Any]:
    """Everything as JSON: the machine, the versions, each row, and each single time."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(packages),
        "packages": list(packages),
        "rows": [asdict(row) for each in timings for row in rows(each)],
        "seconds": {each.workload.name: each.seconds for each in timings},
    }


def machine() -> str:
    """The processor and how many cores this process may use."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = [line.split(":")[1].strip() for line in lines if "model name" in line]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}"


def versions(packages: tuple[str, str]) -> dict[str, str]:
    """Versions of Python, of jaxlib and of what is compared."""
    found = {"python": platform.python_version()}
    for name in dict.fromkeys((*packages, "jaxlib", "numpy")):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "a checkout"
    return found
