"""Draw what `python -m benchmarks --json FILE` wrote.

    python -m benchmarks.plots times.json --out docs/figures

`ratios.png` has a bar for each phase of each workload; `growth.png` has time against
depth or length where a workload was run at several sizes.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

COLOURS = {"baseline": "#8a8f98", "candidate": "#1f6feb", "slower": "#c0392b"}
# Workloads named by their size, what the size is, and the phases that are drawn.
GROWTH = {
    "transformer": "layers",
    "lstm": "steps",
}
PHASES = ("trace+lower", "compile", "run")
SIZED = re.compile(r"(?P<family>[a-z]+)-(?P<size>\d+)")


def ratios(document: dict[str, Any], path: Path) -> None:
    """Bars of the ratio of medians, on a logarithmic axis; shorter is faster."""
    rows = document["rows"]
    names = [f"{row['workload']}: {row['phase']}" for row in rows]
    values = [row["ratio"] for row in rows]
    figure, axes = plt.subplots(figsize=(8, 0.2 * len(rows) + 1))
    colours = [
        COLOURS["candidate"] if value <= 1 else COLOURS["slower"] for value in values
    ]
    axes.barh(range(len(rows)), [v - 1 for v in values], left=1, color=colours)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    ticks = [0.01, 0.03, 0.1, 0.3, 1, 2]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(range(len(rows)), names, fontsize=7)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.invert_yaxis()
    baseline, candidate = document["packages"]
    axes.set_xlabel(f"time of {candidate} / time of {baseline}")
    axes.grid(axis="x", alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)


def families(document: dict[str, Any]) -> dict[str, list[tuple[int, str]]]:
    """Sizes and names of the workloads that differ in their size only."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in document["seconds"]:
        match = SIZED.fullmatch(name)
        if match and match["family"] in GROWTH:
            found.setdefault(match["family"], []).append((int(match["size"]), name))
    return {family: sorted(sizes) for family, sizes in found.items() if len(sizes) > 1}


def growth(document: dict[str, Any], path: Path) -> None:
    """The least time of each phase against size, for both packages."""
    found = families(document)
    if not found:
        raise SystemExit("plots: no workload in the file was run at several sizes.")
    figure, grid = plt.subplots(
        len(found),
        len(PHASES),
        figsize=(3.4 * len(PHASES), 2.8 * len(found)),
        squeeze=False,
    )
    for row, (family, sizes) in zip(grid, found.items(), strict=True):
        for axes, phase in zip(row, PHASES, strict=True):
            for side, colour in zip(
                document["packages"], ("baseline", "candidate"), strict=True
            ):
                times = [
                    min(document["seconds"][name][side][phase]) for _, name in sizes
                ]
                where = [size for size, _ in sizes]
                axes.plot(where, times, "o-", color=COLOURS[colour], label=side)
            axes.set_ylim(bottom=0)
            axes.set_title(f"{family}: {phase}", fontsize=9)
            axes.set_xlabel(GROWTH[family], fontsize=8)
            axes.set_ylabel("seconds", fontsize=8)
            axes.tick_params(labelsize=8)
            axes.grid(alpha=0.3)
    grid[0][0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m benchmarks.plots")
    made.add_argument("times", type=Path, help="what `--json` wrote")
    made.add_argument("--out", type=Path, default=Path("docs/figures"))
    options = made.parse_args()
    document = json.loads(options.times.read_text())
    options.out.mkdir(parents=True, exist_ok=True)
    ratios(document, options.out / "ratios.png")
    if families(document):
        growth(document, options.out / "growth.png")


if __name__ == "__main__":
    main()
