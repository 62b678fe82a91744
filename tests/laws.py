"""The laws that every operation obeys, as checks of one case and one dtype.

A `Case` is a function of arrays with the shapes and the domain of its operands. Each
law takes a case and raises AssertionError, with the numbers, where it does not hold:

    value          f(x) equals the NumPy reference, in value, shape and dtype
    abstract       f(x) has the type that the abstract rules promised
    compiled       jit(f)(x) equals f(x), and XLA parses the text that was lowered
    derivatives    order 1 and 2, both modes, against central differences in f64 or c128
    adjoint        <y_bar, J x_dot> = <J^T y_bar, x_dot>
    batched        vmap(f) equals a Python loop, wherever the batch axes stand
"""

import contextlib
import itertools
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import minijax

DTYPES = {
    "b": np.dtype("bool"),
    "i32": np.dtype("int32"),
    "u8": np.dtype("uint8"),
    "u32": np.dtype("uint32"),
    "f32": np.dtype("float32"),
    "f64": np.dtype("float64"),
    "c128": np.dtype("complex128"),
}
# From where to where integers are drawn.
INTEGERS = {"i32": (-20, 20), "u8": (0, 40), "u32": (0, 2**31)}
WIDE = {"f64", "c128"}
# Relative rounding error of one operation, with room for sums of a few terms.
ROUNDING = {"f32": 2e-5, "f64": 1e-12, "c128": 1e-12}
# The best step of a central difference balances h**2 against eps / h.
STEP = np.finfo(np.float64).eps ** (1 / 3)
TOLERANCE = 1e-8
MAX_PLACEMENTS = 20
BATCH = 2


@dataclass(frozen=True)
class Ints:
    """An operand of 32-bit integers from `low` up to, but not including, `high`."""

    shape: tuple[int, ...]
    low: int
    high: int


@dataclass(frozen=True)
class Bools:
    """An operand of truth values."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """One row of the table: a function and where it is tried.

    The name starts with that of the primitive the row stands for; a note may follow
    after a colon. `shapes` has one entry per operand: Ints, Bools, or a shape, for an
    operand of the row's dtype. `domain` is an interval for all operands, or a list of
    one for each; without it they are normal deviates. `reference` is the same
    function of NumPy arrays.
    """

    name: str
    f: Callable
    shapes: Sequence[Any]
    dtypes: tuple[str, ...] = ("f32", "f64")
    domain: Any = None
    reference: Callable | None = None
    # Widens every tolerance; the row says why.
    slack: float = 1.0
    # Eager and compiled results agree to the last bit.
    exact: bool = True
    # "both" modes, "forward" or "none"; the row says why it is not both.
    derivatives: str = "both"

    def __str__(self) -> str:
        return self.name

    @property
    def primitive(self) -> str:
        return self.name.split(":")[0]

    def draw(self, dtype: str, seed: int = 0) -> list[np.ndarray]:
        """One random array per operand; the same for the same seed."""
        stream = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        domains = self.domain if isinstance(self.domain, list) else None
        count = itertools.count()
        return [
            draw_operand(
                stream,
                shape,
                dtype,
                domains[next(count)] if domains else self.domain,
            )
            for shape in self.shapes
        ]


def draw_operand(
    stream: np.random.Generator, shape: Any, dtype: str, domain: Any
) -> np.ndarray:
    if isinstance(shape, Ints):
        return stream.integers(shape.low, shape.high, shape.shape).astype(np.int32)
    if isinstance(shape, Bools):
        return stream.random(shape.shape) < 0.5
    if dtype == "b":
        return stream.random(shape) < 0.5
    if dtype in INTEGERS:
        low, high = domain or INTEGERS[dtype]
        return stream.integers(low, high, shape).astype(DTYPES[dtype])
    value = deviates(stream, shape, domain)
    if dtype == "c128":
        value = value + 1j * deviates(stream, shape, (-0.5, 0.5) if domain else None)
    return value.astype(DTYPES[dtype])


def deviates(stream: np.random.Generator, shape: Any, domain: Any) -> np.ndarray:
    if domain is None:
        return np.asarray(stream.normal(size=shape))
    return np.asarray(stream.uniform(*domain, size=shape))


@contextlib.contextmanager
def precision(dtype: str):
    """64-bit types on for the wide dtypes, off for the others, then as before."""
    before = minijax.config.jax_enable_x64
    minijax.config.update("jax_enable_x64", dtype in WIDE)
    try:
        yield
    finally:
        minijax.config.update("jax_enable_x64", before)


# Values


def check_value(case: Case, dtype: str) -> None:
    """f(x) is what NumPy computes, in the row's precision."""
    xs = case.draw(dtype)
    with precision(dtype):
        got = leaves(case.f(*on_device(xs)))
        expected = leaves(case.reference(*xs))

    assert len(got) == len(expected)
    for y, z in zip(got, expected, strict=True):
        assert np.shape(y) == np.shape(z)
        close(y, z, case.slack * ROUNDING.get(dtype, 0.0), "f(x)", "NumPy")


def check_abstract(case: Case, dtype: str) -> None:
    """The types promised without running are the types of the results."""
    xs = case.draw(dtype)
    with precision(dtype):
        promised = leaves(minijax.eval_shape(case.f, *xs))
        got = leaves(case.f(*on_device(xs)))

    for y, aval in zip(got, promised, strict=True):
        assert (y.shape, y.dtype, y.weak_type) == (
            aval.shape,
            aval.dtype,
            aval.weak_type,
        )
        assert np.asarray(y).shape == aval.shape
        assert np.asarray(y).dtype == aval.dtype


def check_compiled(case: Case, dtype: str) -> None:
    """jit(f) computes what f computes eagerly; XLA accepts the lowered text."""
    xs = case.draw(dtype)
    with precision(dtype):
        eager = leaves(case.f(*on_device(xs)))
        jitted = minijax.jit(case.f)
        compiled = leaves(jitted(*xs))
        text = jitted.lower(*xs).as_text()

    assert "func.func public @main" in text
    for y, z in zip(compiled, eager, strict=True):
        assert (y.dtype, y.weak_type) == (z.dtype, z.weak_type)
        tolerance = 0.0 if case.exact else case.slack * ROUNDING.get(dtype, 0.0)
        close(y, z, tolerance, "jit(f)(x)", "f(x)")


# Derivatives


@dataclass(frozen=True)
class Point:
    """What the derivative program gives at one point: lists of arrays."""

    y: list
    y_dot: list
    y_ddot: list
    x_bar: list
    x_bar_dot: list


@dataclass(frozen=True)
class Derivatives:
    """A case's differentiable operands, random directions, and a compiled program.

    `at(xs)` is the Point of the inexact outputs at xs: f, its derivative along x_dots
    once and twice, the cotangents of the operands for the y_bars, and how these change
    along x_dots. One program has them all, so that a row is compiled once.
    """

    xs: list
    x_dots: list
    y_bars: list
    at: Callable


def derivatives(case: Case, dtype: str) -> Derivatives:
    operands = case.draw(dtype)
    places = [k for k, x in enumerate(operands) if is_inexact(x)]
    xs = [operands[k] for k in places]
    x_dots = [directions(x, 10 + k) for k, x in enumerate(xs)]

    def g(*xs):
        mixed = list(operands)
        for k, x in zip(places, xs, strict=True):
            mixed[k] = x
        return [y for y in leaves(case.f(*mixed)) if is_inexact(y)]

    ys = minijax.eval_shape(g, *xs)
    y_bars = [directions(y, 20 + k) for k, y in enumerate(ys)]

    def program(*xs):
        y, y_dot = minijax.jvp(g, xs, tuple(x_dots))
        _, y_ddot = minijax.jvp(
            lambda *xs: minijax.jvp(g, xs, tuple(x_dots))[1], xs, tuple(x_dots)
        )
        if case.derivatives == "forward":
            return y, y_dot, y_ddot, [], []
        x_bar, x_bar_dot = minijax.jvp(
            lambda *xs: list(minijax.vjp(g, *xs)[1](y_bars)), xs, tuple(x_dots)
        )
        return y, y_dot, y_ddot, x_bar, x_bar_dot

    jitted = minijax.jit(program)

    def at(xs):
        return Point(*([np.asarray(z) for z in part] for part in jitted(*xs)))

    return Derivatives(xs, x_dots, y_bars, at)


def check_derivatives(case: Case, dtype: str) -> None:
    """Orders 1 and 2 against central differences, and the adjoint identity.

    y_dot = (f(x + h x_dot) - f(x - h x_dot)) / 2h, and the same for y_dot and x_bar in
    the place of f. In 32 bits only the identity says anything to 1e-5, so only the
    identity is checked.
    """
    with precision(dtype):
        d = derivatives(case, dtype)
        here = d.at(d.xs)
        if case.derivatives == "both":
            check_adjoint(case, dtype, d, here)
        if dtype not in WIDE:
            return
        h = STEP
        ahead = d.at([x + h * v for x, v in zip(d.xs, d.x_dots, strict=True)])
        behind = d.at([x - h * v for x, v in zip(d.xs, d.x_dots, strict=True)])

    for what, low, high, derivative in (
        ("jvp of f", behind.y, ahead.y, here.y_dot),
        ("jvp of jvp of f", behind.y_dot, ahead.y_dot, here.y_ddot),
        ("jvp of vjp of f", behind.x_bar, ahead.x_bar, here.x_bar_dot),
    ):
        for a, b, slope in zip(low, high, derivative, strict=True):
            size = np.abs(a).max(initial=0.0)
            close(
                slope,
                (b - a) / (2 * h),
                case.slack * TOLERANCE,
                what,
                "central difference",
                scale=1 + size,
            )


def check_adjoint(case: Case, dtype: str, d: Derivatives, here: Point) -> None:
    """<y_bar, J x_dot> equals <J^T y_bar, x_dot>, as real numbers."""
    forward, forward_size = inner(d.y_bars, here.y_dot)
    reverse, reverse_size = inner(here.x_bar, d.x_dots)
    tolerance = case.slack * ROUNDING[dtype] * (forward_size + reverse_size + 1e-30)

    assert abs(forward - reverse) <= tolerance, (
        f"transpose: <y_bar, J x_dot> = {forward!r}, <J^T y_bar, x_dot> = {reverse!r}"
    )


def inner(xs: Sequence, ys: Sequence) -> tuple[float, float]:
    """The real part of the sum of products, and the sum of their absolute values."""
    products = [np.ravel(np.asarray(x) * y) for x, y in zip(xs, ys, strict=True)]
    terms = np.concatenate([np.zeros(1), *products])
    return float(terms.real.sum()), float(np.abs(terms).sum())


def directions(x: Any, seed: int) -> np.ndarray:
    """Normal deviates of the shape and dtype of x."""
    stream = np.random.default_rng(seed)
    value = stream.normal(size=x.shape)
    if np.issubdtype(x.dtype, np.complexfloating):
        value = value + 1j * stream.normal(size=x.shape)
    return np.asarray(value).astype(x.dtype)


# Batching


def check_batched(case: Case, dtype: str) -> None:
    """vmap(f) equals a loop over the batch, for every placement of its axes."""
    members = [case.draw(dtype, seed) for seed in range(BATCH)]
    stacked = [np.stack(xs) for xs in zip(*members, strict=True)]
    places = placements([x.ndim for x in members[0]], seed=len(case.name))
    with precision(dtype):
        f = minijax.jit(lambda *xs: leaves(case.f(*xs)))
        batched = minijax.jit(
            lambda arguments: [
                minijax.vmap(lambda *xs: leaves(case.f(*xs)), in_axes=place)(*xs)
                for place, xs in zip(places, arguments, strict=True)
            ]
        )
        got = batched([arranged(stacked, place) for place in places])
        for place, ys in zip(places, got, strict=True):
            loop = [f(*member(stacked, place, k)) for k in range(BATCH)]
            for y, *zs in zip(ys, *loop, strict=True):
                # Batching may change the order of a sum, so rounding differs.
                tolerance = case.slack * ROUNDING.get(dtype, 0.0)
                close(y, np.stack(zs), tolerance, f"vmap, in_axes={place}", "a loop")


def placements(ranks: Sequence[int], seed: int) -> list[tuple[int | None, ...]]:
    """The ways to place one batch axis in each operand or in none of its axes.

    Where there are very many, a sample of them that is the same in every run.
    """
    axes = [[None, *range(rank + 1)] for rank in ranks]
    ways = [way for way in itertools.product(*axes) if any(a is not None for a in way)]
    if len(ways) <= MAX_PLACEMENTS:
        return ways
    return random.Random(seed).sample(ways, MAX_PLACEMENTS)


def arranged(stacked: Sequence, place: Sequence) -> list:
    """The operands with the batch axis at its place, or the first member alone."""
    return [
        x[0] if axis is None else np.moveaxis(x, 0, axis)
        for x, axis in zip(stacked, place, strict=True)
    ]


def member(stacked: Sequence, place: Sequence, k: int) -> list:
    return [
        x[0] if axis is None else x[k] for x, axis in zip(stacked, place, strict=True)
    ]


# Comparing


def on_device(xs: Sequence) -> list:
    """Device arrays: NumPy's operators and methods answer for NumPy's own."""
    return [minijax.numpy.asarray(x) for x in xs]


def leaves(tree: Any) -> list:
    return minijax.tree.leaves(tree)


def is_inexact(x: Any) -> bool:
    return np.issubdtype(x.dtype, np.inexact)


def close(
    x: Any, y: Any, tolerance: float, what: str, against: str, scale: float = 0.0
) -> None:
    """Assert |x - y| <= tolerance * (scale + the largest |y|), elementwise."""
    x, y = np.asarray(x), np.asarray(y)
    assert x.shape == y.shape, f"{what}: shape {x.shape}, {against}: {y.shape}"
    if x.dtype == bool or tolerance == 0.0:
        np.testing.assert_array_equal(x, y, err_msg=f"{what} against {against}")
        return
    finite = np.isfinite(y)
    np.testing.assert_array_equal(x[~finite], y[~finite])
    bound = tolerance * (scale + np.abs(y[finite]).max(initial=0.0))
    # No bound is below the rounding of the numbers themselves.
    bound = max(bound, np.finfo(np.float64).tiny)
    gap = np.abs(x[finite].astype(np.complex128) - y[finite])
    assert (gap <= bound).all(), (
        f"{what} differs from {against} by {gap.max():.3g}, allowed {bound:.3g}:"
        f"\n{x!r}\n{y!r}"
    )
