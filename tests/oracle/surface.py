"""A table of the public surface: a row per function, compared with jax.

A row names a function and says how its arguments are drawn. It becomes cases, one for
each combination of shapes and dtypes:

    Row("scipy.special.gammainc", (positive, positive))

    minijax.scipy.special.gammainc(f32[2,1], f32[3])    means the same of jax's

Each case compares structure, shapes, dtypes, weak types and values; half of them are
jitted. Derivatives in both modes are compared with jax's, or with central differences
in f64 where jax has none or is wrong. A module of tests holds the rows of one area, so
that a changed area runs alone in a minute:

    test_values, test_derivatives = comparisons(ROWS)

    pytest -n 2 -m oracle tests/oracle/test_special.py
"""

import functools
import importlib
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from .compare import excess, kind

WIDE = ("f64", "c128", "i64", "u64")
# What floating-point and complex types are widened to for derivatives.
WIDEST = {"f": "f64", "c": "c128"}
DTYPES = {
    "b": np.dtype(bool),
    "i8": np.dtype("int8"),
    "i16": np.dtype("int16"),
    "i32": np.dtype("int32"),
    "i64": np.dtype("int64"),
    "u8": np.dtype("uint8"),
    "u32": np.dtype("uint32"),
    "u64": np.dtype("uint64"),
    "f16": np.dtype("float16"),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "f32": np.dtype("float32"),
    "f64": np.dtype("float64"),
    "c64": np.dtype("complex64"),
    "c128": np.dtype("complex128"),
    # Python numbers, whose types are weak.
    "int": int,
    "float": float,
    "complex": complex,
}
NUMBERS = ("int", "float", "complex")
FLOATS = ("f32", "f64", "f16", "bf16", "float")
REALS = (*FLOATS, "i32", "u8", "b", "int")
COMPLEX = ("f32", "f64", "c64", "c128")
ANY = (*REALS, "c64", "c128", "i64")

# Shapes of the arguments of elementwise functions, by their number. An empty shape with
# a NumPy dtype is an array of rank 0.
ELEMENTWISE = {
    1: (((),), ((5,),), ((2, 3),), ((0, 3),)),
    2: (((), ()), ((5,), (5,)), ((2, 1), (3,)), ((), (2, 3)), ((0, 3), (3,))),
    3: (((), (), ()), ((4,), (4,), (4,)), ((2, 1), (3,), ()), ((0,), (1,), ())),
    4: (((), (), (), ()), ((4,), (4,), (4,), (4,)), ((2, 1), (3,), (), (1,))),
    5: (((), (), (), (), ()), ((4,), (1,), (4,), (4,), ())),
}


# How an argument is drawn: (stream, shape, dtype) -> an array, or a Python number.
Draw = Callable[[np.random.Generator, tuple[int, ...], Any], Any]


def drawn(sample: Callable[[np.random.Generator, tuple[int, ...]], Any]) -> Draw:
    """An argument drawn in f64, or complex where the dtype is, and then converted."""

    def draw(stream, shape, dtype):
        x = sample(stream, shape)
        if isinstance(dtype, type):  # of Python numbers
            return dtype(x)
        if dtype.kind == "c" and not np.iscomplexobj(x):
            x = x + 1j * sample(stream, shape)
        if dtype.kind in "iu" and not np.issubdtype(np.asarray(x).dtype, np.integer):
            x = np.round(np.abs(x) if dtype.kind == "u" else x)
        return np.asarray(x).astype(dtype)

    return draw


normal = drawn(lambda stream, shape: 2 * stream.normal(size=shape))
positive = drawn(lambda stream, shape: stream.gamma(2.0, 2.0, size=shape) + 0.05)
unit = drawn(lambda stream, shape: stream.uniform(0.02, 0.98, size=shape))
inside = drawn(lambda stream, shape: stream.uniform(-0.98, 0.98, size=shape))


def uniform(low: float, high: float) -> Draw:
    """Numbers between two others."""
    return drawn(lambda stream, shape: stream.uniform(low, high, size=shape))


def integers(low: int, high: int) -> Draw:
    """Whole numbers from low to high, both included."""
    return drawn(lambda stream, shape: stream.integers(low, high + 1, size=shape))


def fixed(value: Any) -> Draw:
    """An argument that is always the same, whatever the shape and dtype asked for."""
    return lambda stream, shape, dtype: value


@dataclass(frozen=True)
class Row:
    """A function, how its arguments are drawn, and what is compared.

    Attributes:
      path: the function below the package: "scipy.special.gammainc".
      args: how each argument is drawn.
      kwargs: further arguments, the same in each case.
      shapes: those of the arguments, case by case; ELEMENTWISE without.
      dtypes: those of the arguments, case by case: a name for all of them or a tuple.
      call: (package, *args) -> result, where the function is not simply called; the
        package has the attributes of minijax and jax.
      order: compare derivatives of this order, 0 to 2, in the inexact arguments.
      slopes: "jax" or "differences": what derivatives are compared with.
      wide: take jax's values in double precision, at the same arguments, and round
        them, where jax loses digits in narrower types; types are still those of the
        narrow ones. Or ...
      rtol: a tolerance other than the dtype's, for each dtype by name, and ...
      why: the reason of either, without which they are refused.
      name: what tells rows of one function apart.
      jit: whether it may be jitted; not, where shapes depend on values.
    """

    path: str
    args: tuple[Draw, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    shapes: tuple[tuple[tuple[int, ...], ...], ...] = ()
    dtypes: tuple[Any, ...] = ("f32", "f64")
    call: Callable[..., Any] | None = None
    order: int = 0
    slopes: str = "jax"
    wide: bool = False
    rtol: dict[str, float] = field(default_factory=dict)
    why: str = ""
    name: str = ""
    jit: bool = True

    def __post_init__(self):
        if (self.rtol or self.wide) and not self.why:
            raise ValueError(f"{self.path}: a tolerance of its own needs a reason.")

    def cases(self) -> list["Case"]:
        """One for each combination of shapes and dtypes; Python numbers have rank 0."""
        shapes = self.shapes or ELEMENTWISE[len(self.args)]
        pairs = [(self._dtypes(d), s) for d in self.dtypes for s in shapes]
        return [
            Case(self, shape, dtypes, k)
            for k, (dtypes, shape) in enumerate(pairs)
            if all(
                s == () or d not in NUMBERS for d, s in zip(dtypes, shape, strict=True)
            )
        ]

    def derivative_cases(self) -> list["Case"]:
        """One for each shape, in f64, and in c128 where the row has complex numbers."""
        if not self.order:
            return []
        shapes = self.shapes or ELEMENTWISE[len(self.args)]
        kinds = {
            tuple(WIDEST.get(d[0], d) for d in self._dtypes(each))
            for each in self.dtypes
            if any(d in ("f32", "f64", "c64", "c128") for d in self._dtypes(each))
        }
        return [
            Case(self, shape, dtypes, k)
            for k, (dtypes, shape) in enumerate(
                (d, s) for d in sorted(kinds) for s in shapes
            )
        ]

    def _dtypes(self, dtype) -> tuple[str, ...]:
        return (dtype,) * len(self.args) if isinstance(dtype, str) else dtype


@dataclass(frozen=True)
class Case:
    """A row with the shapes and dtypes of its arguments."""

    row: Row
    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...]
    number: int

    def __str__(self):
        pairs = zip(self.dtypes, self.shapes, strict=True)
        types = ",".join(f"{d}[{','.join(map(str, s))}]" for d, s in pairs)
        label = f"{self.row.path}:{self.row.name}" if self.row.name else self.row.path
        return f"{label}({types})"

    @property
    def x64(self) -> bool:
        return any(d in WIDE for d in self.dtypes)

    @property
    def jitted(self) -> bool:
        """Whether minijax runs it jitted: half of the cases, the same in each run."""
        return self.row.jit and zlib.crc32(str(self).encode()) % 2 == 1

    def draw(self) -> list[Any]:
        """The arguments: the same in each run."""
        stream = np.random.default_rng(zlib.crc32(str(self).encode()))
        return [
            draw(stream, shape, DTYPES[dtype])
            for draw, shape, dtype in zip(
                self.row.args, self.shapes, self.dtypes, strict=True
            )
        ]

    def function(self, package: str) -> Callable[..., Any]:
        """The function of the arguments in a package, "minijax" or "jax"."""
        row = self.row
        if row.call is not None:
            return functools.partial(row.call, importlib.import_module(package))
        return functools.partial(resolve(package, row.path), **row.kwargs)

    def rounding(self) -> float:
        """The tolerance of the row for the coarsest of the dtypes, or 0."""
        return max((self.row.rtol.get(d, 0.0) for d in self.dtypes), default=0.0)


def resolve(package: str, path: str) -> Any:
    """The object below a package that a path names; modules are imported."""
    *parents, name = path.split(".")
    for k in range(len(parents), -1, -1):
        try:
            found = importlib.import_module(".".join([package, *parents[:k]]))
        except ModuleNotFoundError:
            continue
        for attribute in (*parents[k:], name):
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(package)


def arrays(package: str, values: list[Any]) -> list[Any]:
    """NumPy's arrays as the package's; everything else as it is."""
    xp = importlib.import_module(f"{package}.numpy")
    return [xp.asarray(x) if isinstance(x, np.ndarray) else x for x in values]


def leaves_of(package: str, value: Any) -> tuple[str, list[Any]]:
    """The structure of a result as text, and its leaves."""
    util = importlib.import_module(f"{package}.tree_util")
    structure = util.tree_map(lambda _: 0, value)
    return str(structure), util.tree_leaves(value)


def evaluated(
    package: str, case: Case, jit: bool, wide: bool = False
) -> tuple[str, list[Any]]:
    """The result of a case in a package; its arguments in double precision if wide."""
    module = importlib.import_module(package)
    with module.enable_x64(wide or case.x64), warnings.catch_warnings():
        # Overflow, division by zero and deprecated promotions are part of the game.
        warnings.simplefilter("ignore")
        drawn = case.draw()
        values = arrays(package, [widened(x) for x in drawn] if wide else drawn)
        function = case.function(package)
        if jit:
            free = [k for k, x in enumerate(values) if hasattr(x, "dtype")]

            def of_arrays(*given):
                mixed = list(values)
                for k, x in zip(free, given, strict=True):
                    mixed[k] = x
                return function(*mixed)

            out = module.jit(of_arrays)(*[values[k] for k in free])
        else:
            out = function(*values)
        return leaves_of(package, out)


def widened(x: Any) -> Any:
    """An array of real or complex numbers in double precision; others as they are."""
    if not isinstance(x, np.ndarray) or x.dtype.kind in "biu":
        return x
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def assert_same(case: Case, expected, got, values: list[Any] | None = None) -> None:
    """Structure, types and, up to rounding, values are those expected.

    values: those to compare with, rounded to the types expected, if they are others.
    """
    assert got[0] == expected[0], "structure"
    for k, (a, b) in enumerate(zip(expected[1], got[1], strict=True)):
        assert kind(b) == kind(a), f"output {k}"
        if values is not None:
            with np.errstate(over="ignore"):
                a = np.asarray(values[k]).astype(a.dtype)
        gap = excess(a, b, case.rounding()) if hasattr(a, "dtype") else float(a != b)
        assert not np.any(gap), (
            f"output {k}: {kind(b)}: differs by {np.max(gap):.3g} more than "
            f"rounding\narguments: {case.draw()}"
            f"\njax: {np.asarray(a).tolist()}\ngot: {np.asarray(b).tolist()}"
        )


def derivatives(package: str, case: Case) -> list[np.ndarray]:
    """Jacobian-vector products, both ways, of the order of the row, as f64 arrays."""
    module = importlib.import_module(package)
    with module.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scalar, inexact = scalar_function(package, case)
        values = arrays(package, case.draw())
        at = [values[k] for k in inexact]
        stream = np.random.default_rng(case.number)
        along = [direction(stream, x) for x in at]

        def slope(*xs):
            return module.jvp(scalar, tuple(xs), tuple(arrays(package, along)))[1]

        scalars = [scalar, slope][: case.row.order]
        argnums = tuple(range(len(at)))

        # One program for all of them: most of the time is that of compiling.
        @module.jit
        def both_ways(xs, v):
            out = []
            for f in scalars:
                out.append(module.jvp(f, xs, v)[1])
                out += module.grad(f, argnums)(*xs)
            return out

        out = both_ways(tuple(at), tuple(arrays(package, along)))
        return [np.asarray(x) for x in out]


def direction(stream, x) -> np.ndarray:
    """A random tangent for an array."""
    v = stream.normal(size=x.shape)
    if np.dtype(x.dtype).kind == "c":
        v = v + 1j * stream.normal(size=x.shape)
    return v.astype(x.dtype)


def scalar_function(package: str, case: Case):
    """A real function of the inexact arguments: the result against fixed weights."""
    module = importlib.import_module(package)
    xp = importlib.import_module(f"{package}.numpy")
    values = arrays(package, case.draw())
    function = case.function(package)
    inexact = [
        k for k, x in enumerate(values) if hasattr(x, "dtype") and x.dtype.kind in "fc"
    ]

    def scalar(*xs):
        mixed = list(values)
        for k, x in zip(inexact, xs, strict=True):
            mixed[k] = x
        total = 0.0
        for k, leaf in enumerate(module.tree.leaves(function(*mixed))):
            if leaf.dtype.kind in "fc":
                stream = np.random.default_rng([case.number, k])
                weight = direction(stream, leaf)
                total = total + xp.sum(xp.real(leaf * weight))
        return total

    return scalar, inexact


def differences(case: Case) -> list[np.ndarray]:
    """What `derivatives` must give, from central differences of minijax's values.

    The derivative of the first order is that of the function, of the second that of
    its first derivative along the direction, so each order rests on the one before.
    """
    module = importlib.import_module("minijax")
    with module.enable_x64(True):
        scalar, inexact = scalar_function("minijax", case)
        at = [np.asarray(case.draw()[k]) for k in inexact]
        stream = np.random.default_rng(case.number)
        along = [direction(stream, x) for x in at]

        def slope(*xs):
            return module.jvp(scalar, tuple(xs), tuple(along))[1]

        out: list[np.ndarray] = []
        for f in [scalar, slope][: case.row.order]:
            compiled = module.jit(f)
            out.append(central(compiled, at, along))
            for k, x in enumerate(at):
                gradient = np.zeros(x.shape, x.dtype)
                for place in np.ndindex(x.shape):
                    for unit_step in (1.0, 1j) if x.dtype.kind == "c" else (1.0,):
                        basis = [np.zeros_like(y) for y in at]
                        basis[k][place] = unit_step
                        # JAX's gradient of a real function is the conjugate of the
                        # direction of steepest ascent.
                        step = np.conj(unit_step)
                        gradient[place] += step * central(compiled, at, basis)
                out.append(gradient)
        return out


def central(f, at, along, step: float = 1e-5) -> np.ndarray:
    """The derivative of f along a direction, by Richardson's extrapolation."""

    def quotient(h):
        up = f(*[x + h * v for x, v in zip(at, along, strict=True)])
        down = f(*[x - h * v for x, v in zip(at, along, strict=True)])
        return (np.asarray(up) - np.asarray(down)) / (2 * h)

    return (4 * quotient(step) - quotient(2 * step)) / 3


def comparisons(rows: list[Row]) -> tuple:
    """The tests of a table: of values, and of derivatives."""
    values = [case for row in rows for case in row.cases()]
    slopes = [case for row in rows for case in row.derivative_cases()]

    @pytest.mark.oracle
    @pytest.mark.parametrize("case", values, ids=str)
    def test_values(case):
        """f(*args) has jax's structure, shapes, dtypes, weak types and values."""
        expected = evaluated("jax", case, jit=False)
        wide = case.row.wide
        values = evaluated("jax", case, jit=False, wide=True)[1] if wide else None
        got = evaluated("minijax", case, jit=case.jitted)

        assert_same(case, expected, got, values)

    @pytest.mark.oracle
    @pytest.mark.parametrize("case", slopes, ids=str)
    def test_derivatives(case):
        """Both modes give jax's derivatives, or those of central differences."""
        got = derivatives("minijax", case)
        if case.row.slopes == "jax":
            expected, rtol = derivatives("jax", case), 1e-9
        else:
            expected, rtol = differences(case), 1e-6

        for a, b in zip(expected, got, strict=True):
            scale = np.abs(a).max(initial=1.0)
            np.testing.assert_allclose(b, a, rtol=rtol, atol=rtol * scale)

    return test_values, test_derivatives
