"""Hold two packages to the same outputs: structure, shape, dtype, weak type, value.

Values may differ by rounding, relative to the largest element of the output. Where a
program magnifies rounding (it subtracts close numbers, or branches on a value near the
edge), jax disagrees with itself: an element may also differ by a multiple of what
jax's own result changes when its inputs move by a few units in the last place.
"""

import re
import warnings
from dataclasses import replace
from typing import Any

import jax
import ml_dtypes
import numpy as np

from .program import Program, bundle, run

# Relative to the largest element of the output.
TOLERANCES = {
    "bfloat16": 4e-2,
    "float16": 4e-3,
    "float32": 2e-5,
    "float64": 1e-11,
    "complex64": 2e-5,
    "complex128": 1e-11,
}
PERTURBED_RUNS = 6
# How much larger than jax's own change a difference may be.
MARGIN = 20


class Mismatch(AssertionError):
    """The two packages do not agree; the message says where and how."""


def check(program: Program, subject: dict[str, Any]) -> None:
    """Raise Mismatch unless the packages in `subject` give what jax gives."""
    with warnings.catch_warnings():
        # Overflow, division by zero and deprecated promotions are part of the game.
        warnings.simplefilter("ignore")
        expected = outputs(program, bundle("jax"), jit=True)
        got = outputs(program, subject, jit=not program.eager)
        compare(program, expected, got)


def outputs(
    program: Program, names: dict[str, Any], jit: bool
) -> tuple[str, list[Any]]:
    """The structure of the result as text, and its leaves."""
    tree = names["jax"].tree
    result = run(program, names, jit)
    return str(tree.map(lambda _: 0, result)), tree.leaves(result)


def compare(
    program: Program, expected: tuple[str, list[Any]], got: tuple[str, list[Any]]
) -> None:
    if expected[0] != got[0]:
        raise Mismatch(f"structure: jax gives {expected[0]}, got {got[0]}")
    rounding = coarsest(program)
    pairs = list(zip(expected[1], got[1], strict=True))
    for k, (a, b) in enumerate(pairs):
        if kind(a) != kind(b) and not excused(program, a, b):
            raise Mismatch(f"output {k}: jax gives {kind(a)}, got {kind(b)}")
    loose = [k for k, (a, b) in enumerate(pairs) if excess(a, b, rounding).any()]
    if not loose:
        return
    changes = sensitivity(program)
    for k in loose:
        a, b = pairs[k]
        gap = excess(a, b, rounding)
        if (gap > MARGIN * changes[k]).any():
            raise Mismatch(
                f"output {k}: {kind(a)}: values differ by {gap.max():.3g} more"
                f" than rounding (jax itself moves by {changes[k].max():.3g} when its"
                f" inputs do)\njax: {np.asarray(a).tolist()}"
                f"\ngot: {np.asarray(b).tolist()}"
            )


def kind(leaf: Any) -> str:
    """Type, shape, dtype and weak type of an output, as text."""
    if not hasattr(leaf, "weak_type"):
        return f"{type(leaf).__name__} {np.asarray(leaf).dtype}"
    weak = ", weak" if leaf.weak_type else ""
    return f"{np.dtype(leaf.dtype).name}{list(leaf.shape)}{weak}"


def excused(program: Program, a: Any, b: Any) -> bool:
    """Whether a and b are a derivative at a Python number, strong in jax and weak here.

    In jax its weak type depends on the operations on the way: docs/differences.md.
    """
    numbers = any(isinstance(x, (float, complex)) for _, x in program.inputs)
    derived = re.search(
        r"\bjax\.(grad|value_and|jvp|vjp|lin|jac|hess)", program.source()
    )
    return bool(numbers and derived) and kind(a) + ", weak" == kind(b)


def coarsest(program: Program) -> float:
    """The tolerance of the coarsest floating-point type that the program names."""
    dtypes = " ".join(str(np.asarray(x).dtype) for _, x in program.inputs)
    text = program.source() + dtypes
    names = ["bfloat16", "float16", *(["float32", "complex64"] if program.x64 else [])]
    return max(
        (TOLERANCES[n] for n in names if re.search(rf"\b{n}", text)), default=0.0
    )


def excess(a: Any, b: Any, rounding: float = 0.0) -> np.ndarray:
    """By how much each element of b is farther from a than rounding explains.

    Rounding is that of the type of a, or `rounding` where that is more.
    Infinite where one is NaN or infinite and the other is not the same.
    """
    tolerance = TOLERANCES.get(np.dtype(a.dtype).name, 0.0)
    tolerance = max(tolerance, rounding if tolerance else 0.0)
    wide = np.complex128 if np.iscomplexobj(a) else np.float64
    if np.dtype(a.dtype) == jax.dtypes.float0:
        return np.zeros(a.shape)
    a, b = np.asarray(a).astype(wide), np.asarray(b).astype(wide)
    finite = np.isfinite(a) & np.isfinite(b)
    scale = np.abs(a[finite]).max(initial=0.0)
    with np.errstate(all="ignore"):
        distance = np.where(finite, np.abs(a - b), np.inf)
        beyond = distance - tolerance * (np.abs(a) + scale)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    excess = np.where(same, 0.0, beyond)
    return np.maximum(excess, 0.0)


def sensitivity(program: Program) -> list[np.ndarray]:
    """How far each element of jax's outputs moves when its inputs are nudged."""
    names = bundle("jax")
    reference = outputs(program, names, jit=True)[1]
    moved = [np.zeros(np.shape(leaf)) for leaf in reference]
    for trial in range(PERTURBED_RUNS):
        other = outputs(perturbed(program, trial), names, jit=True)[1]
        for k, (a, b) in enumerate(zip(reference, other, strict=True)):
            moved[k] = np.maximum(moved[k], change(a, b))
    return moved


def change(a: Any, b: Any) -> np.ndarray:
    wide = np.complex128 if np.iscomplexobj(a) else np.float64
    a, b = np.asarray(a).astype(wide), np.asarray(b).astype(wide)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(all="ignore"):
        distance = np.abs(a - b)
    return np.where(same, 0.0, np.where(np.isfinite(distance), distance, np.inf))


def perturbed(program: Program, trial: int) -> Program:
    """The program with each inexact input moved by a few units in the last place."""
    stream = np.random.default_rng([program.seed, trial])
    return replace(
        program, inputs=tuple((name, nudge(x, stream)) for name, x in program.inputs)
    )


def nudge(x: Any, stream: np.random.Generator) -> Any:
    if isinstance(x, (float, complex)):
        return x * (1 + 3e-7 * stream.normal())
    if not isinstance(x, np.ndarray) or x.dtype.kind in "biu":
        return x
    eps = float(ml_dtypes.finfo(np.real(x).dtype).eps)
    noise = stream.normal(size=x.shape) * (np.abs(x.astype(complex)) + 0.1) * 2 * eps
    return (x + noise.astype(x.dtype)).astype(x.dtype)
