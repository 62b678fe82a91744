"""Run one workload with one package and print its result: the runner's own command.

    python -m benchmarks.child PACKAGE SUBJECT WORKLOAD

The package is imported before the workload's module, so its import is timed in a
process that holds nothing but the standard library. The last line of the output is
the result as JSON.
"""

from __future__ import annotations

import importlib
import json
import sys

from .workload import API


def main(package: str, subject: str, name: str) -> None:
    api = API(package)
    module = importlib.import_module(f"benchmarks.workloads.{subject}")
    (workload,) = (w for w in module.WORKLOADS if w.name == name)
    result = workload.run(api)
    print(json.dumps({"seconds": dict(result.seconds), "value": result.value}))


if __name__ == "__main__":
    main(*sys.argv[1:])
