"""Un-jitted derivatives beside HIPS autograd and PyTorch, which never compile.

    python -m benchmarks.peers                  # those that are installed
    python -m benchmarks.peers minijax torch --repeats 7

Each package runs in processes of its own, which take turns; the table has the median of
the times of a call, and minijax's as a ratio to each. All compute the same numbers in
f32, or the run fails.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import report
from .runner import ROOT
from .workload import per_call

Call = Callable[[], Any]
TOLERANCE = 1e-3
STEPS = 30


def arrays() -> dict[str, np.ndarray]:
    """The data of all calls: f32, the same in every process."""
    stream = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return stream.normal(size=shape).astype(np.float32)

    return {
        "x": normal(8),
        "v": normal(8),
        "a": normal(50, 50) / 7,
        "z": normal(50),
        "w1": normal(32, 64) / 6,
        "b1": normal(64),
        "w2": normal(64, 10) / 8,
        "b2": normal(10),
        "inputs": normal(128, 32),
        "wanted": normal(128, 10),
    }


def wave(xp: Any, x: Any) -> Any:
    """sum(sin(x))."""
    return xp.sum(xp.sin(x))


def two_layers(xp: Any, d: dict[str, Any], w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """Squared error of a network with one hidden layer."""
    hidden = xp.tanh(d["inputs"] @ w1 + b1)
    return xp.mean((hidden @ w2 + b2 - d["wanted"]) ** 2)


def branches(xp: Any, x: Any) -> Any:
    """A loop in Python that looks at values."""
    y = x
    for _ in range(STEPS):
        total = xp.sum(y)
        y = 0.9 * xp.sin(y) if total > 0 else 0.5 * y + 0.1
    return xp.sum(y)


NETWORK = ("w1", "b1", "w2", "b2")


def of_minijax() -> dict[str, Call]:
    minijax = importlib.import_module("minijax")
    jnp = importlib.import_module("minijax.numpy")
    minijax.config.update("jax_enable_compilation_cache", False)
    d = {name: jnp.asarray(x) for name, x in arrays().items()}
    gradient = minijax.grad(lambda x: wave(jnp, x))
    hessian = minijax.hessian(lambda x: wave(jnp, x))
    network = minijax.grad(lambda *p: two_layers(jnp, d, *p), (0, 1, 2, 3))
    jacobian = minijax.jacrev(lambda z: jnp.tanh(d["a"] @ z))
    stepped = minijax.grad(lambda x: branches(jnp, x))
    return {
        "x + v": lambda: d["x"] + d["v"],
        "grad of sum(sin(x))": lambda: gradient(d["x"]),
        "grad of a two-layer loss": lambda: network(*[d[k] for k in NETWORK]),
        "hessian of sum(sin(x))": lambda: hessian(d["x"]),
        "jacobian of tanh(Ax), 50 x 50": lambda: jacobian(d["z"]),
        f"grad of {STEPS} steps with `if`": lambda: stepped(d["x"]),
    }


def of_autograd() -> dict[str, Call]:
    autograd = importlib.import_module("autograd")
    anp = importlib.import_module("autograd.numpy")
    d = arrays()
    gradient = autograd.grad(lambda x: wave(anp, x))
    hessian = autograd.hessian(lambda x: wave(anp, x))
    network = autograd.grad(lambda p: two_layers(anp, d, *p))
    jacobian = autograd.jacobian(lambda z: anp.tanh(d["a"] @ z))
    stepped = autograd.grad(lambda x: branches(anp, x))
    return {
        "x + v": lambda: d["x"] + d["v"],
        "grad of sum(sin(x))": lambda: gradient(d["x"]),
        "grad of a two-layer loss": lambda: network(tuple(d[k] for k in NETWORK)),
        "hessian of sum(sin(x))": lambda: hessian(d["x"]),
        "jacobian of tanh(Ax), 50 x 50": lambda: jacobian(d["z"]),
        f"grad of {STEPS} steps with `if`": lambda: stepped(d["x"]),
    }


def of_torch() -> dict[str, Call]:
    torch = importlib.import_module("torch")
    d = {name: torch.from_numpy(x) for name, x in arrays().items()}

    def gradient(f: Callable, *xs: Any) -> Any:
        leaves = [x.detach().requires_grad_() for x in xs]
        return torch.autograd.grad(f(*leaves), leaves)

    hessian = torch.func.hessian(lambda x: wave(torch, x))
    jacobian = torch.func.jacrev(lambda z: torch.tanh(d["a"] @ z))
    return {
        "x + v": lambda: d["x"] + d["v"],
        "grad of sum(sin(x))": lambda: gradient(lambda x: wave(torch, x), d["x"]),
        "grad of a two-layer loss": lambda: gradient(
            lambda *p: two_layers(torch, d, *p), *[d[k] for k in NETWORK]
        ),
        "hessian of sum(sin(x))": lambda: hessian(d["x"]),
        "jacobian of tanh(Ax), 50 x 50": lambda: jacobian(d["z"]),
        f"grad of {STEPS} steps with `if`": lambda: gradient(
            lambda x: branches(torch, x), d["x"]
        ),
    }


PACKAGES = {"minijax": of_minijax, "autograd": of_autograd, "torch": of_torch}


def child(package: str) -> None:
    """Print, as JSON, the seconds of each call and a sum of what it returns."""
    found = {}
    for name, call in PACKAGES[package]().items():
        out = call()
        parts = out if isinstance(out, tuple | list) else [out]
        value = sum(float(np.sum(np.asarray(part) ** 2)) for part in parts)
        found[name] = (per_call(call, 0.3), value)
    print(json.dumps(found))


def measure(packages: Sequence[str], repeats: int) -> dict[str, dict[str, list]]:
    """Seconds and values of each call by package, one for each process."""
    found: dict[str, dict[str, list]] = {package: {} for package in packages}
    for turn in range(repeats):
        for package in packages if turn % 2 else reversed(packages):
            command = [sys.executable, "-m", "benchmarks.peers", "--child", package]
            run = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False
            )
            if run.returncode:
                raise SystemExit(f"benchmarks.peers: {package} failed:\n{run.stderr}")
            for name, pair in json.loads(run.stdout.splitlines()[-1]).items():
                found[package].setdefault(name, []).append(pair)
    return found


def check_values(found: dict[str, dict[str, list]]) -> None:
    """Refuse to print times of different computations."""
    first, *others = found
    for name, pairs in found[first].items():
        wanted = pairs[0][1]
        for package in others:
            got = found[package][name][0][1]
            if not abs(got - wanted) <= TOLERANCE * max(abs(got), abs(wanted)):
                raise SystemExit(
                    f"benchmarks.peers: {name}: {first} computes {wanted!r}, "
                    f"{package} {got!r}."
                )


def table(found: dict[str, dict[str, list]]) -> str:
    """Medians, and minijax's as a ratio to each other package's, in Markdown."""
    first, *others = found
    head = ["call", *found, *[f"{first} / {other}" for other in others]]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name in found[first]:
        medians = {p: statistics.median(s for s, _ in found[p][name]) for p in found}
        times = [report.duration(medians[p]) for p in found]
        ratios = [f"{medians[first] / medians[p]:.2f}" for p in others]
        lines.append([name, *times, *ratios])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    made.add_argument(
        "packages", nargs="*", metavar="PACKAGE", help=", ".join(PACKAGES)
    )
    made.add_argument("--repeats", type=int, default=5, help="processes per package")
    made.add_argument("--child", help=argparse.SUPPRESS)
    options = made.parse_args()
    if options.child:
        child(options.child)
        return
    packages = options.packages or [
        name for name in PACKAGES if importlib.util.find_spec(name) is not None
    ]
    unknown = set(packages) - set(PACKAGES)
    if unknown:
        made.error(f"unknown packages {sorted(unknown)}, known: {', '.join(PACKAGES)}")
    print(f"{report.machine()}; {report.versions(tuple(packages))}", flush=True)
    found = measure(packages, options.repeats)
    check_values(found)
    print(table(found))


if __name__ == "__main__":
    main()
