"""A generated program is data that prints as Python and runs under either package.

A `Program` holds inputs, the steps of one function `f`, and layers that wrap `f` in
transformations. Its text names only `jax`, `jnp`, `lax`, `nn` and `np`, so the same
text runs with jax or with minijax in the place of `jax`:

    Step("v2 = jnp.sin(x0)"), Layer("g1 = jax.jit(f)")      becomes

    def f(x0):
        v2 = jnp.sin(x0)
        return v2
    g1 = jax.jit(f)
"""

import contextlib
import importlib
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import ml_dtypes
import numpy as np

# What every program may call besides the packages themselves.
PREAMBLE = '''\
def inexact(tree):
    """The floating-point and complex leaves of `tree`."""
    leaves = [jnp.asarray(y) for y in jax.tree.leaves(tree)]
    return tuple(y for y in leaves if jnp.issubdtype(y.dtype, jnp.inexact))


def reals(tree):
    """The inexact leaves of `tree`, real and imaginary parts apart."""
    parts = [(y.real, y.imag) if jnp.iscomplexobj(y) else (y,) for y in inexact(tree)]
    return tuple(part for pair in parts for part in pair)


def total(tree):
    """A real scalar in which every inexact element of `tree` has its own weight."""
    terms = [jnp.sum(y * weights(y)) for y in reals(tree)]
    return sum(terms, jnp.float32(0))


def weights(y):
    """One plus a number per element, in the shape and dtype of y."""
    return 1 + jnp.arange(y.size).reshape(y.shape).astype(y.dtype) / 4


def tangent(x):
    """A tangent for x, of its type."""
    return 0.5 * x + 0.25


def cotangents(y):
    """A cotangent for every leaf of y."""
    return jax.tree.map(lambda leaf: jnp.full_like(leaf, 0.75), y)


def as_like(like, y):
    """A value of the shape and dtype of `like` that depends on all of y."""
    like, y = jnp.asarray(like), jnp.asarray(y)
    if like.dtype == bool:
        return like ^ (jnp.sum(jnp.real(y)) > 0)
    if not jnp.iscomplexobj(like):
        y = jnp.real(y)
    return (like - jnp.tanh(jnp.sum(y) / 8).astype(like.dtype)).astype(like.dtype)
'''


@dataclass(frozen=True)
class Value:
    """What the generator knows of a name: its type, and if it is a Python scalar."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    weak_type: bool = False
    python: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> str:
        """One letter: b(ool), i(nteger), u(nsigned), f(loat) or c(omplex)."""
        return "f" if self.dtype == ml_dtypes.bfloat16 else self.dtype.kind


@dataclass(frozen=True)
class Step:
    """Statements of a function body; the last one assigns `names`."""

    names: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Layer:
    """Statements that define the function `name` from the function one layer below."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """Inputs, the steps of `f`, what `f` returns, and the layers around it."""

    seed: int
    x64: bool
    inputs: tuple[tuple[str, Any], ...]
    steps: tuple[Step, ...]
    result: str
    layers: tuple[Layer, ...]
    eager: bool

    @property
    def entry(self) -> str:
        """The name of the outermost function."""
        return self.layers[-1].name if self.layers else "f"

    def source(self) -> str:
        """The text that defines `f` and its layers."""
        names = ", ".join(name for name, _ in self.inputs)
        body = [line for step in self.steps for line in step.lines]
        lines = [f"def f({names}):", *indent([*body, f"return {self.result}"])]
        return "\n".join([*lines, *(line for g in self.layers for line in g.lines), ""])


def indent(lines: list[str] | tuple[str, ...]) -> list[str]:
    return ["    " + line for line in lines]


def bundle(name: str) -> dict[str, Any]:
    """The names a program may use, from the package `jax` or `minijax`."""
    package: ModuleType = importlib.import_module(name)
    modules = {"jnp": "numpy", "lax": "lax", "nn": "nn"}
    names = {k: importlib.import_module(f"{name}.{v}") for k, v in modules.items()}
    importlib.import_module(f"{name}.random")
    return {"jax": package, **names, "np": np}


def define(text: str, names: dict[str, Any], title: str) -> dict[str, Any]:
    """Run `text` with `names` bound; give the names it defines. Tracebacks show it."""
    scope = dict(names)
    filename = f"<{title}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    exec(compile(text, filename, "exec"), scope)
    return scope


@contextlib.contextmanager
def precision(package: Any, x64: bool) -> Iterator[None]:
    """Run with 64-bit types on or off in one package, and restore its setting."""
    before = package.config.jax_enable_x64
    package.config.update("jax_enable_x64", x64)
    try:
        yield
    finally:
        package.config.update("jax_enable_x64", before)


def run(program: Program, names: dict[str, Any], jit: bool) -> Any:
    """The outputs of `program` with the packages in `names`."""
    package = names["jax"]
    with precision(package, program.x64):
        text = PREAMBLE + "\n\n" + program.source()
        function = define(text, names, f"program {program.seed}")[program.entry]
        arguments = [value for _, value in program.inputs]
        if jit:
            return package.jit(function)(*arguments)
        # NumPy's own operators would answer for NumPy arrays.
        asarray = names["jnp"].asarray
        return function(
            *(asarray(x) if isinstance(x, np.ndarray) else x for x in arguments)
        )


def reproduction(program: Program, package: str = "minijax") -> str:
    """A self-contained script: run it with `package`, or change its import to jax."""
    wrap = "jnp.asarray({})" if program.eager else "{}"
    values = [f"{x} = {literal(value, wrap)}" for x, value in program.inputs]
    call = program.entry if program.eager else f"jax.jit({program.entry})"
    lines = [
        f"# Program {program.seed}: python -m tests.oracle.generate {program.seed}",
        "import ml_dtypes",
        "import numpy as np",
        "",
        f"import {package} as jax",
        f"import {package}.numpy as jnp",
        f"from {package} import lax, nn",
        "",
        f'jax.config.update("jax_enable_x64", {program.x64})',
        "",
        "",
        PREAMBLE,
        "",
        program.source(),
        *values,
        f"result = {call}({', '.join(name for name, _ in program.inputs)})",
        "for y in jax.tree.leaves(result):",
        "    print(y.dtype, y.shape, y.weak_type, np.asarray(y).tolist())",
    ]
    return "\n".join(lines)


def literal(value: Any, wrap: str) -> str:
    """Python text for an input; an array is put in `wrap`."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    bfloat16 = value.dtype == ml_dtypes.bfloat16
    dtype = "ml_dtypes.bfloat16" if bfloat16 else f"np.{value.dtype}"
    numbers = value.ravel().tolist()
    text = f"np.array({numbers}, {dtype})"
    return wrap.format(text if value.ndim == 1 else f"{text}.reshape({value.shape})")
