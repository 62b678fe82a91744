"""Grow the body of a generated function, one typed step at a time.

A `Builder` holds the values in scope and a seeded random stream. It fills the holes of
a template with values that fit, asks jax for the type of the result without running
it, and keeps the step if jax accepts it and the result is small:

    pool x0:f32[3]     "jnp.cumsum({f:1}, axis={axis})"      v1 = jnp.cumsum(x0, axis=0)
"""

import itertools
import random
import string
from collections.abc import Callable, Sequence
from typing import Any

import jax
import ml_dtypes
import numpy as np

from .program import PREAMBLE, Step, Value, bundle, define, indent
from .templates import FAMILIES, WEIGHTS

MAX_SIZE = 60
MAX_RANK = 4
KINDS = frozenset("biufc")
DTYPES = {
    "b": ["bool"],
    "i": ["int32", "int32", "int32", "int8"],
    "u": ["uint8", "uint8", "uint32"],
    "f": ["float32"] * 7 + ["bfloat16", "bfloat16", "float16"],
    "c": ["complex64"],
}
DTYPES_X64 = {
    "b": ["bool"],
    "i": ["int32", "int64", "int64"],
    "u": ["uint8", "uint64"],
    "f": ["float64"] * 6 + ["float32", "float32", "bfloat16"],
    "c": ["complex128", "complex64"],
}


class Rejected(Exception):
    """The draw does not make a program that jax accepts; draw again."""


class Builder:
    """Values in scope, the steps that made them, and the random stream."""

    def __init__(
        self,
        stream: random.Random,
        x64: bool,
        pool: Sequence[Value] = (),
        counter: Any = None,
        depth: int = 0,
    ) -> None:
        self.stream = stream
        self.x64 = x64
        self.pool = list(pool)
        self.counter = itertools.count() if counter is None else counter
        self.depth = depth
        self.inputs: list[Value] = []
        self.steps: list[Step] = []
        self.operands: list[Value] = []
        self.last_axis = 0

    # Names and values

    def fresh(self, prefix: str) -> str:
        return f"{prefix}{next(self.counter)}"

    def chance(self, probability: float) -> bool:
        return self.stream.random() < probability

    def pick(self, kinds: str, rank: str = "", python: bool = False) -> Value:
        """A value of one of `kinds` and of a rank that fits: `2` or more, or `=2`.

        After the rank, `!` asks for a value that is not empty.
        """
        fits = [v for v in self.pool if v.kind in kinds and rank_fits(v, rank)]
        fits = [v for v in fits if python or not v.python]
        if self.operands and self.chance(0.7):
            shape = self.operands[0].shape
            fits = [v for v in fits if broadcasts(v.shape, shape)] or fits
        if not fits:
            return self.new_input(kinds, rank, python)
        # Later values are likelier, so that steps build on each other.
        return self.stream.choices(
            fits, weights=[k**3 for k in range(1, len(fits) + 1)]
        )[0]

    def new_input(self, kinds: str, rank: str, python: bool) -> Value:
        """Another input of the whole program; inner functions cannot have one."""
        if self.depth or len(self.inputs) == 5:
            raise Rejected("no value fits")
        least = int(rank.strip("=!") or 0)
        ranks = [least] if rank.startswith("=") else range(least, max(least + 1, 3))
        empty = 0.0 if rank.endswith("!") else 0.03
        dims = [
            0 if self.chance(empty) else self.stream.choice([1, 2, 2, 3, 3, 4])
            for _ in range(self.stream.choice(ranks))
        ]
        if self.operands and self.chance(0.7):
            shape = self.operands[0].shape
            dims = list(shape) if rank_fits_shape(shape, rank) else dims
        # f before c before the rest: most of a program should be differentiable.
        kind = self.stream.choice(
            [k for k in kinds for _ in range(5 if k == "f" else 1)]
        )
        table = DTYPES_X64 if self.x64 else DTYPES
        dtype = np.dtype(
            ml_dtypes.bfloat16
            if (name := self.stream.choice(table[kind])) == "bfloat16"
            else name
        )
        scalar = not dims and python and kind in "ifc" and self.chance(0.4)
        if scalar:
            dtype = np.dtype({"i": int, "f": float, "c": complex}[kind])
            dtype = dtype if self.x64 else np.dtype(HALVED[dtype.name])
        value = Value(self.fresh("x"), tuple(dims), dtype, scalar, scalar)
        self.inputs.append(value)
        self.pool.append(value)
        return value

    # Steps

    def emit(self, lines: Sequence[str], expression: str, outputs: int = 1) -> None:
        """Add a step that assigns `expression`, if jax can type it."""
        names = [self.fresh("v") for _ in range(outputs)]
        text = (*lines, f"{', '.join(names)} = {expression}")
        types = self.types(text, names)
        values = [
            Value(name, t.shape, np.dtype(t.dtype), t.weak_type)
            for name, t in zip(names, types, strict=True)
        ]
        if any(np.prod(v.shape) > MAX_SIZE or v.ndim > MAX_RANK for v in values):
            raise Rejected("too large")
        self.steps.append(Step(tuple(names), text))
        self.pool += values

    def types(self, lines: Sequence[str], names: Sequence[str]) -> list[Any]:
        """What jax says of the types of `names` after `lines`; None of it runs."""
        scope = ", ".join(v.name for v in self.pool)
        text = [
            f"def step({scope}):",
            *indent([*lines, f"return [{', '.join(names)}]"]),
        ]
        avals = [struct(v) for v in self.pool]
        try:
            function = define("\n".join(text), helpers(), "step")["step"]
            types: list[Any] = jax.eval_shape(function, *avals)
        except Exception as error:
            # Whatever jax refuses is no program; the bad calls have their own table.
            raise Rejected(f"{type(error).__name__}: {error}") from error
        if any(t.dtype == jax.dtypes.float0 or is_key(t.dtype) for t in types):
            raise Rejected("not an array of numbers")
        return types

    def grow(self, count: int, extra: Sequence[Callable[["Builder"], None]]) -> None:
        """Add `count` random steps, from the templates and from `extra`."""
        target = len(self.steps) + count
        for _ in range(12 * count):
            if len(self.steps) == target:
                return
            try:
                if extra and self.depth < 2 and self.chance(0.12):
                    self.attempt(self.stream.choice(extra))
                else:
                    self.apply(self.stream.choice(FAMILIES[self.family()]))
            except Rejected:
                continue

    def family(self) -> str:
        return self.stream.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]

    def apply(self, template: str) -> None:
        """Add one step from a template."""
        self.attempt(lambda _: self.emit([], self.fill(template)))

    def attempt(self, add: Callable[["Builder"], None]) -> None:
        """Run `add`, and take back what it added if it is rejected."""
        self.operands = []
        before = len(self.inputs), len(self.pool), len(self.steps)
        try:
            add(self)
        except Rejected:
            del self.inputs[before[0] :]
            del self.pool[before[1] :]
            del self.steps[before[2] :]
            raise

    # Holes

    def fill(self, template: str) -> str:
        """The template with every hole filled."""
        parts = list(string.Formatter().parse(template))
        text = ""
        for k, (before, hole, rank, _) in enumerate(parts):
            text += before
            if hole is None:
                continue
            after = parts[k + 1][0] if k + 1 < len(parts) else ""
            if set(hole) <= KINDS:
                alone = text.endswith(("(", ", ")) and after.startswith((")", ","))
                value = self.pick(hole, rank or "", python=alone)
                self.operands.append(value)
                text += value.name
            else:
                text += str(getattr(self, f"hole_{hole}")())
        return text

    @property
    def first(self) -> Value:
        return self.operands[0]

    def hole_same(self) -> Value:
        return self.first

    def hole_natural_axis(self) -> int:
        if not self.first.ndim:
            raise Rejected("a scalar has no axis")
        self.last_axis = self.stream.randrange(self.first.ndim)
        return self.last_axis

    def hole_axis(self) -> int:
        self.last_axis = self.hole_natural_axis()
        if self.chance(0.4):
            self.last_axis -= self.first.ndim
        return self.last_axis

    def hole_axis_again(self) -> int:
        return self.last_axis

    def hole_axes(self) -> int | tuple[int, ...] | None:
        rank = self.first.ndim
        if not rank or self.chance(0.4):
            return None
        if self.chance(0.6):
            return self.hole_axis()
        return tuple(self.stream.sample(range(rank), self.stream.randint(0, rank)))

    def hole_flag(self) -> bool:
        return self.chance(0.4)

    def hole_number(self) -> int | float:
        return self.stream.choice([2, -1, 0, 3, 0.5, 1.5, -0.75, 2.0])

    def hole_small(self) -> int:
        return self.stream.choice([0, 1, 2])

    def hole_bit(self) -> int:
        return self.stream.choice([0, 1])

    def hole_exponent(self) -> int:
        return self.stream.choice([-2, -1, 0, 1, 2, 3])

    def hole_natural(self) -> int:
        return self.stream.choice([1, 2, 3, 4])

    def hole_dtype(self) -> str:
        names = ["float32", "float32", "bfloat16", "int32", "uint8", "bool_", "float16"]
        names += ["float64", "int64"] if self.x64 else []
        return self.stream.choice([*(f"jnp.{name}" for name in names), "float", "int"])

    def hole_float_dtype(self) -> str:
        names = ["float32", "bfloat16"] + (["float64"] if self.x64 else [])
        return f"jnp.{self.stream.choice(names)}"

    def hole_shape(self) -> tuple[int, ...]:
        return self.stream.choice([(), (1,), (2,), (3,), (2, 3), (3, 2), (1, 2)])

    def hole_reshape(self) -> tuple[int, ...]:
        shape = self.first.shape
        choices = [(-1,), shape[::-1], (*shape, 1), (1, *shape), (shape or (1,))]
        return self.stream.choice([*choices, (-1, 1), (2, -1)])

    def hole_permutation(self) -> tuple[int, ...]:
        axes = list(range(self.first.ndim))
        self.stream.shuffle(axes)
        return tuple(axes)

    def hole_broadcast(self) -> tuple[int, ...]:
        shape = self.first.shape
        return self.stream.choice([(2, *shape), (1, *shape), shape])

    def hole_unit_shape(self) -> tuple[int, ...]:
        axis = self.hole_axis()
        shape = list(self.first.shape)
        shape[axis] = 1
        return tuple(shape)

    def hole_key(self) -> str:
        seed = self.stream.randrange(100)
        return f"jax.random.{self.stream.choice(['key', 'PRNGKey'])}({seed})"


HALVED = {"int64": "int32", "float64": "float32", "complex128": "complex64"}


def struct(value: Value) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(value.shape, value.dtype, weak_type=value.weak_type)


def is_key(dtype: Any) -> bool:
    return bool(jax.dtypes.issubdtype(dtype, jax.dtypes.extended))


_HELPERS: dict[str, Any] = {}


def helpers() -> dict[str, Any]:
    """The names of a program under jax, with the preamble defined."""
    if not _HELPERS:
        _HELPERS.update(define(PREAMBLE, bundle("jax"), "preamble"))
    return _HELPERS


def rank_fits(value: Value, rank: str) -> bool:
    return rank_fits_shape(value.shape, rank)


def rank_fits_shape(shape: tuple[int, ...], rank: str) -> bool:
    if rank.endswith("!"):
        return 0 not in shape and rank_fits_shape(shape, rank[:-1])
    if rank.startswith("="):
        return len(shape) == int(rank[1:])
    return len(shape) >= int(rank or 0)


def broadcasts(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    pairs = zip(reversed(a), reversed(b), strict=False)
    return all(m == n or 1 in (m, n) for m, n in pairs)
