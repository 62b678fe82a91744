"""What the option `nan_safe` costs: the same gradients with it and without.

    python -m benchmarks.nan_safe
    python -m benchmarks.nan_safe --snippets

The first takes programs that were written for this. The second takes the functions of
tests/transforms/singular.py, mapped over a million points, and prints the median and
the largest of their ratios. For each program it is the time to run its jitted gradient
on about a million elements, and the processor time to trace and lower it. The two
settings take turns, call by call, so that what else the machine does falls on both; the
least time of each counts.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minijax
import minijax.numpy as jnp
from minijax import nn
from minijax.config import nan_safe
from tests.transforms.singular import SNIPPETS

SETTINGS = (True, False)
CALLS = 40
SNIPPET_CALLS = 15
AIMS = {"run": 1.05, "trace + lower": 1.1}
TRACES = 15


def roots(x: Any) -> Any:
    """Guarded roots and logarithms, both branches in use."""
    return jnp.sum(jnp.where(x > 0, jnp.sqrt(x), 0.0) * jnp.where(x > 0, jnp.log(x), x))


def entropy(x: Any) -> Any:
    """- p log p where p > 0."""
    return -jnp.sum(jnp.where(x > 0, x * jnp.log(x), 0.0))


def option(x: Any) -> Any:
    """A long elementwise expression, chosen from at its end."""
    root = jnp.sqrt(x * x + 0.1)
    d = (jnp.log(root) + 0.03) / (0.2 * root)
    price = root * jnp.tanh(d) - jnp.exp(-0.05 * root) * jnp.tanh(d - 0.2 * root)
    return jnp.sum(jnp.where(price > 0, price, jnp.exp(price)))


def huber(x: Any) -> Any:
    """Quadratic in the middle, linear outside."""
    return jnp.sum(jnp.where(jnp.abs(x) < 1, x * x / 2, jnp.abs(x) - 0.5))


def unit_rows(x: Any) -> Any:
    """Rows of length 1, or 0; the mask of the norms is found from that of the rows."""
    n = jnp.sqrt(jnp.sum(x * x, axis=1, keepdims=True))
    return jnp.sum(jnp.where(n > 0, x / n, 0.0) ** 3)


def masked_softmax(x: Any) -> Any:
    """Softmax of rows from which a triangle is masked."""
    mask = np.tri(*x.shape) > 0
    return jnp.sum(nn.softmax(jnp.where(mask, jnp.sin(x), -jnp.inf)) ** 2)


def clipped(x: Any) -> Any:
    """Maxima and clips between smooth operations."""
    y = jnp.maximum(jnp.sin(x), 0.1)
    return jnp.sum(jnp.clip(y * x, -0.5, 0.5) * jnp.exp(-y))


def relu_layers(x: Any) -> Any:
    """Eight products of matrices with a relu after each."""
    for k in range(8):
        x = nn.relu(x @ (np.eye(x.shape[1], dtype=np.float32) * (1 + k / 8)) + 0.1)
    return jnp.sum(x)


PROGRAMS: Sequence[tuple[Callable[[Any], Any], tuple[int, ...]]] = (
    (roots, (1_000_000,)),
    (entropy, (1_000_000,)),
    (option, (1_000_000,)),
    (huber, (1_000_000,)),
    (unit_rows, (31_250, 32)),
    (masked_softmax, (1000, 1000)),
    (clipped, (1_000_000,)),
    (relu_layers, (4000, 256)),
)


def times(run: Callable[[bool], float], count: int) -> dict[bool, float]:
    """The least of `run(safe)` for each setting, which take turns."""
    found: dict[bool, list[float]] = {safe: [] for safe in SETTINGS}
    for k in range(count):
        for safe in SETTINGS if k % 2 else reversed(SETTINGS):
            found[safe].append(run(safe))
    return {safe: min(times) for safe, times in found.items()}


def compiled_runs(f: Callable[[Any], Any], x: Any) -> Callable[[bool], float]:
    """Seconds of a call of a function, compiled with either setting.

    Not of processor time, which counts how long XLA's threads wait for work.
    """
    programs = {}
    for safe in SETTINGS:
        with nan_safe(safe):
            programs[safe] = minijax.jit(lambda x: f(x)).lower(x).compile()

    def run(safe: bool) -> float:
        start = time.perf_counter()
        minijax.block_until_ready(programs[safe](x))
        return time.perf_counter() - start

    return run


def traces(f: Callable[[Any], Any], x: Any) -> Callable[[bool], float]:
    """Seconds of processor time to trace and lower a function anew."""

    def run(safe: bool) -> float:
        with nan_safe(safe):
            start = time.process_time()
            minijax.jit(lambda x: f(x)).lower(x)
            return time.process_time() - start

    return run


def snippets() -> None:
    """Ratios of the functions that the tests differentiate at their singularities."""
    points = jnp.linspace(-1.0, 2.0, 1_000_000)
    ratios: dict[str, list[tuple[float, str]]] = {"run": [], "trace + lower": []}
    for row in SNIPPETS:
        derivative = minijax.vmap(
            minijax.grad(functools.partial(row.function, minijax))
        )
        for phase, found in (
            ("run", times(compiled_runs(derivative, points), SNIPPET_CALLS)),
            ("trace + lower", times(traces(derivative, points), TRACES)),
        ):
            ratios[phase].append((found[True] / found[False], row.name))
    print("| | median | within the aim | largest |")
    print("| --- | --- | --- | --- |")
    for phase, found in ratios.items():
        aim = AIMS[phase]
        values = [ratio for ratio, _ in found]
        few = ", ".join(f"{r:.2f} `{name}`" for r, name in sorted(found)[:-4:-1])
        met = sum(ratio <= aim for ratio in values)
        middle = statistics.median(values)
        print(f"| {phase} | {middle:.2f} | {met} of {len(values)} <= {aim} | {few} |")


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m benchmarks.nan_safe")
    made.add_argument("--snippets", action="store_true", help="those of the tests")
    if made.parse_args().snippets:
        snippets()
        return
    rng = np.random.default_rng(0)
    print("| program | run, off | on | ratio | trace + lower, off | on | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for f, shape in PROGRAMS:
        x = jnp.asarray(rng.normal(size=shape).astype(np.float32))
        cells = [f"`{f.__name__}`"]
        gradient = minijax.grad(f)
        for found in (
            times(compiled_runs(gradient, x), CALLS),
            times(traces(gradient, x), TRACES),
        ):
            on, off = found[True], found[False]
            cells += [f"{off * 1e3:.2f} ms", f"{on * 1e3:.2f} ms", f"{on / off:.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
