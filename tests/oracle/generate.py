"""Make a random program from a seed, and print it as a script.

python -m tests.oracle.generate 17              the program of seed 17
python -m tests.oracle.generate 17 --package jax      the same, importing jax
"""

import argparse
import random
import re
import warnings
from typing import Any

import jax
import numpy as np

from .builder import Builder, Rejected
from .control import STEPS
from .layers import Shell, draw_layer
from .program import Layer, Program, Step, Value, indent, precision, reproduction
from .templates import FAMILIES

# Program number n must use operations 2n and 2n + 1 of this list, so that 500 programs
# use the first thousand.
OPERATIONS: list[Any] = [*(t for family in FAMILIES.values() for t in family), *STEPS]


def generate(seed: int) -> Program:
    """The program of a seed; the same on every machine and in every run."""
    stream = random.Random(seed)
    x64 = stream.random() < 0.35
    with precision(jax, x64), warnings.catch_warnings():
        # jax warns of promotions and casts that the program asks for.
        warnings.simplefilter("ignore")
        while True:
            try:
                return draw(seed, stream, x64)
            except Rejected:
                continue


def draw(seed: int, stream: random.Random, x64: bool) -> Program:
    builder = Builder(stream, x64)
    for k in (2 * seed, 2 * seed + 1):
        builder.grow(stream.randint(1, 3), STEPS)
        use(builder, OPERATIONS[k % len(OPERATIONS)])
    builder.grow(stream.randint(0, 2), STEPS)
    if not builder.steps:
        raise Rejected("no step")
    steps, result = pruned(builder.steps, draw_result(builder))
    header = f"def f({', '.join(x.name for x in builder.inputs)}):"
    body = [line for step in steps for line in step.lines]
    source = "\n".join([header, *indent([*body, f"return {result}"])])
    shell = Shell(builder, source, "f", list(builder.inputs))
    layers = draw_layers(shell)
    shell.lower()
    inputs = tuple(
        (p.name, draw_value(seed, k, p)) for k, p in enumerate(shell.parameters)
    )
    return Program(seed, x64, inputs, steps, result, layers, stream.random() < 0.25)


def use(builder: Builder, operation: Any) -> None:
    """Add a step with one operation, unless nothing fits it after some tries."""
    for _ in range(30):
        try:
            if callable(operation):
                builder.attempt(operation)
            else:
                builder.apply(operation)
            return
        except Rejected:
            continue


def pruned(steps: list[Step], result: str) -> tuple[tuple[Step, ...], str]:
    """The steps that `result` needs, and `result`."""
    kept: list[Step] = []
    needed = result
    for step in reversed(steps):
        if re.search(rf"\b({'|'.join(step.names)})\b", needed):
            kept.insert(0, step)
            needed += step.text
    return tuple(kept), result


def draw_result(builder: Builder) -> str:
    """What `f` returns: a value, a tuple or a dict of values, the newest among them."""
    values = [name for step in builder.steps for name in step.names]
    chosen = [values[-1]]
    if len(values) > 1:
        chosen += builder.stream.sample(values[:-1], min(len(values) - 1, 2))
    form = builder.stream.choice(
        ["{0}", "{0}", "({0}, {1})", "{{'a': {0}, 'b': [{1}]}}"]
    )
    return form.format(*chosen, chosen[0])


def draw_layers(shell: Shell) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for _ in range(shell.stream.choice([0, 1, 1, 2, 2, 3])):
        try:
            layers.append(draw_layer(shell))
        except Rejected:
            break
    return tuple(layers)


def draw_value(seed: int, number: int, parameter: Value) -> Any:
    """NumPy data, or a Python scalar, of a parameter's type.

    Rounded, so that it prints short and equal values turn up now and then.
    """
    stream = np.random.default_rng([seed, number])
    shape, kind = parameter.shape, parameter.kind
    if kind == "b":
        value = stream.random(shape) < 0.5
    elif kind in "iu":
        value = stream.integers(-3 if kind == "i" else 0, 5, shape)
    else:
        value = stream.normal(size=shape).round(2)
        if kind == "c":
            value = value + 1j * stream.normal(size=shape).round(2)
    if parameter.python:
        return {"i": int, "f": float, "c": complex}[kind](value)
    return np.asarray(value).astype(parameter.dtype)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument(
        "--package", default="minijax", help="the import it starts with"
    )
    arguments = parser.parse_args()
    print(reproduction(generate(arguments.seed), arguments.package))


if __name__ == "__main__":
    main()
