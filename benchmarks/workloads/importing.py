"""Importing the package and its `numpy`, in a process that has loaded nothing else."""

from __future__ import annotations

from ..workload import API, Result, Workload


def importing(api: API) -> Result:
    return Result({"import": api.import_seconds}, 0.0)


WORKLOADS = (Workload("import", importing, targets={"import": (0.55, 0.45)}),)
