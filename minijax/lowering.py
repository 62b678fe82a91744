"""From a jaxpr to the text of a StableHLO module.

One walk over the equations; each asks its primitive's `lower` rule, which writes
statements through a `Writer` and returns the name of the result.

    { lambda ; a:f32[3]. let b:f32[3] = sin a in (b,) }

becomes

    func.func public @main(%0: tensor<3xf32>) -> (tensor<3xf32>) {
    %1 = stablehlo.sine %0 : tensor<3xf32> loc(#l0)
    return %1 : tensor<3xf32>
    }

A sub-program (an inner `jit`, a loop's body) becomes a private function, written once
however often it is called. The text depends on nothing but the program, so its hash can
serve as the key of a cache; source lines stand behind the code and are left out of it.
"""

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from . import stablehlo
from .core.jaxpr import ClosedJaxpr, Jaxpr
from .core.literal import Literal
from .core.source import Source


class Value:
    """An SSA name with its type; in an f-string it is the name."""

    __slots__ = ("aval", "name")

    def __init__(self, name, aval):
        self.name = name
        self.aval = aval

    def __str__(self):
        return self.name

    @property
    def shape(self):
        return self.aval.shape

    @property
    def dtype(self):
        return self.aval.dtype

    @property
    def ndim(self):
        return self.aval.ndim

    @property
    def mlir(self):
        return self.aval.mlir


class Constant(Value):
    """A literal operand, written as a constant only when somebody asks for its name."""

    __slots__ = ("literal", "writer")

    def __init__(self, literal, writer):
        self.literal = literal
        self.aval = literal.aval
        self.writer = writer

    def __str__(self):
        return self.writer.constant(self.literal.scalar, self.aval.shape)


class Module(NamedTuple):
    """A lowered program and what running it asks for."""

    text: str
    key: str  # the text without its source lines
    requires: frozenset[str]  # runtime services, such as "lapack"
    callbacks: tuple  # of the calls of Python, whose numbers are their places


class _Shared:
    """What all functions of one module share."""

    def __init__(self, platform, partitioned=False):
        self.platform = platform
        self.partitioned = partitioned
        self.functions: list[str] = []
        self.symbols: dict = {}
        self.names: set[str] = {"main"}
        self.locations: dict = {}
        self.requires: set[str] = set()
        self.callbacks: list = []

    def location(self, eqn):
        key = (eqn.primitive.name, eqn.source, eqn.names)
        found = self.locations.get(key)
        if found is None:
            found = self.locations[key] = f" loc(#l{len(self.locations)})"
        return found

    def fresh_symbol(self, name):
        numbered = (f"{name}_{k}" for k in itertools.count(1))
        candidates = itertools.chain([name], numbered)
        free = next(c for c in candidates if c not in self.names)
        self.names.add(free)
        return stablehlo.symbol(free)


class Writer:
    """Writes the statements of one function or region; rules know it as `hlo`."""

    def __init__(self, shared, names=None, outer=None):
        self._shared = shared
        self._names = itertools.count() if names is None else names
        self._outer = outer  # the writer of the enclosing region, whose values we see
        self._constants: dict = {}
        self.lines: list[str] = []
        self.location = ""

    @property
    def platform(self) -> str:
        """`cpu`, `cuda` or `tpu`."""
        return self._shared.platform

    @property
    def partitioned(self) -> bool:
        """Whether the program is to be cut over several devices."""
        return self._shared.partitioned

    def require(self, service: str) -> None:
        """Ask the runtime for a service before the program runs."""
        self._shared.requires.add(service)

    def callback(self, call) -> int:
        """The number by which the text knows a call of Python."""
        self._shared.callbacks.append(call)
        return len(self._shared.callbacks) - 1

    # Statements

    def emit(self, text: str) -> str:
        """Write one statement with one result; returns its name."""
        name = f"%{next(self._names)}"
        self.lines.append(f"{name} = {text}{self.location}")
        return name

    def emit_many(self, text: str, count: int) -> list[str]:
        """Write one statement with `count` results; returns their names."""
        if count == 1:
            return [self.emit(text)]
        name = f"%{next(self._names)}"
        if count == 0:
            self.lines.append(f"{text}{self.location}")
            return []
        self.lines.append(f"{name}:{count} = {text}{self.location}")
        return [f"{name}#{k}" for k in range(count)]

    def constant(self, value, shape=None) -> str:
        """Write a NumPy value, or a scalar repeated to a shape; returns its name."""
        value = np.asarray(value)
        shape = value.shape if shape is None else tuple(shape)
        key = (value.tobytes(), value.dtype, shape)
        writer = self
        while writer is not None:
            if key in writer._constants:
                return writer._constants[key]
            writer = writer._outer
        name = self.emit(f"stablehlo.constant {stablehlo.dense(value, shape)}")
        self._constants[key] = name
        return name

    def spread(self, x, shape) -> str:
        """The name of an operand repeated to `shape`, if it is a scalar."""
        if type(x) is Constant:
            return self.constant(x.literal.scalar, shape)
        if isinstance(x, str) or x.aval.shape == shape:
            return str(x)
        out = x.aval.update(shape=shape)
        return self.emit(
            f"stablehlo.broadcast_in_dim {x}, dims = [] : ({x.mlir}) -> {out.mlir}"
        )

    def reduce(self, operation: str, x, init: str, axes, out) -> str:
        """Write a reduction of one operand by one StableHLO operation."""
        scalar = x.aval.update(shape=())
        return self.emit(
            f"stablehlo.reduce({x} init: {init}) applies {operation} across "
            f"dimensions = {list(axes)} : ({x.mlir}, {scalar.mlir}) -> {out.mlir}"
        )

    # Text for statements

    def value(self, name: str, aval) -> Value:
        """A name and its type, as operands are given to rules."""
        return Value(name, aval)

    def names(self, xs) -> str:
        """Names of operands: `%1, %2`."""
        return ", ".join([str(x) for x in xs])

    def type(self, x) -> str:
        """The type of an operand or an aval: `tensor<3xf32>`."""
        return x.mlir

    def types(self, xs, out) -> str:
        """The type of a statement: `(tensor<3xf32>) -> tensor<3xf32>`."""
        results = (
            f"({', '.join([o.mlir for o in out])})"
            if isinstance(out, tuple | list)
            else out.mlir
        )
        return f"({', '.join([x.mlir for x in xs])}) -> {results}"

    # Sub-programs

    def call(self, closed: ClosedJaxpr, *operands, name: str = "f") -> list[str]:
        """Call a sub-program, written once as a private function."""
        shared = self._shared
        symbol = shared.symbols.get(id(closed))
        if symbol is None:
            symbol = shared.fresh_symbol(name)
            shared.symbols[id(closed)] = symbol
            shared.functions.append(_function(shared, symbol, closed, "private"))
        return self.emit_many(
            f"func.call {symbol}({self.names(operands)}) : "
            f"{self.types(operands, closed.out_avals)}",
            len(closed.out_avals),
        )

    def inline(self, closed: ClosedJaxpr, *operands) -> list[str]:
        """Write the statements of a sub-program here; returns the results' names."""
        location = self.location
        values = dict(zip(closed.jaxpr.invars, operands, strict=True))
        outs = self.write(closed.jaxpr, closed.consts, values)
        self.location = location
        return [str(x) for x in outs]

    def region(self, avals, body: Callable, returns="stablehlo.return") -> str:
        """The text of a region whose block takes `avals`; `body` writes it.

        `body(hlo, *values)` returns the names and the avals of what the block returns,
        as Values.
        """
        inner = Writer(self._shared, self._names, self)
        inner.location = self.location
        args = [Value(f"%{next(self._names)}", aval) for aval in avals]
        outs = body(inner, *args)
        names = ", ".join([str(x) for x in outs])
        types = ", ".join([x.mlir for x in outs])
        head = ", ".join([f"{x.name}: {x.mlir}" for x in args])
        block = f"^bb0({head}):\n" if args else ""
        tail = f"{returns} {names} : {types}" if outs else returns
        return "{\n" + block + "\n".join([*inner.lines, tail]) + "\n}"

    # Programs

    def write(self, jaxpr: Jaxpr, consts, values: dict) -> list[Value]:
        """Write all equations of a program, its inputs being bound in `values`."""
        for v, const in zip(jaxpr.constvars, consts, strict=True):
            values[v] = Value(self.constant(np.asarray(const)), v.aval)
        location = self._shared.location
        for eqn in jaxpr.eqns:
            primitive = eqn.primitive
            operands = [
                Constant(x, self) if type(x) is Literal else values[x]
                for x in eqn.invars
            ]
            self.location = location(eqn)
            rule = primitive.lower
            if rule is None:
                raise primitive.missing("lowering", eqn.invars)
            if primitive.multiple_results:
                out = tuple([v.aval for v in eqn.outvars])
                results = rule(self, out, *operands, **eqn.params)
                for v, name in zip(eqn.outvars, results, strict=True):
                    values[v] = Value(str(name), v.aval)
            else:
                (v,) = eqn.outvars
                name = rule(self, v.aval, *operands, **eqn.params)
                values[v] = Value(name, v.aval)
        self.location = ""
        return [
            Constant(x, self) if type(x) is Literal else values[x]
            for x in jaxpr.outvars
        ]


def _function(shared, symbol, closed, visibility, arguments=None, results=None):
    writer = Writer(shared)
    avals = [v.aval for v in closed.jaxpr.invars]
    args = [Value(f"%{next(writer._names)}", aval) for aval in avals]
    values = dict(zip(closed.jaxpr.invars, args, strict=True))
    outs = writer.write(closed.jaxpr, closed.consts, values)
    names = writer.names(outs)
    types = ", ".join([x.mlir for x in outs])
    arguments = arguments or [""] * len(args)
    results = results or [""] * len(outs)
    head = ", ".join(
        [f"{x.name}: {x.mlir}{extra}" for x, extra in zip(args, arguments, strict=True)]
    )
    typed = ", ".join(
        [f"{x.mlir}{extra}" for x, extra in zip(outs, results, strict=True)]
    )
    tail = f"return {names} : {types}" if outs else "return"
    return "\n".join(
        [
            f"func.func {visibility} {symbol}({head}) -> ({typed}) {{",
            *writer.lines,
            tail,
            "}",
        ]
    )


def lower_jaxpr(
    closed: ClosedJaxpr,
    name: str,
    platform: str,
    argument_attributes: list[str] | None = None,
    result_attributes: list[str] | None = None,
    module_attributes: str = "",
    header: str = "",
) -> Module:
    """Lower a closed program to a module whose `main` takes its invars.

    Args:
      closed: the program; constants that are large belong among its invars.
      name: the module's name, seen in profiles and dumps.
      platform: `cpu`, `cuda` or `tpu`.
      argument_attributes: text such as `{tf.aliasing_output = 0 : i32}` per invar.
    """
    shared = _Shared(platform, "num_partitions" in module_attributes)
    main = _function(
        shared, "@main", closed, "public", argument_attributes, result_attributes
    )
    attributes = f" attributes {{{module_attributes}}}" if module_attributes else ""
    code = "\n".join(
        [
            f"module {stablehlo.symbol(name)}{attributes} {{",
            *([header] if header else []),
            main,
            *shared.functions,
            "}",
        ]
    )
    lines = [
        f"#l{k} = {_location(name, *key)}" for k, key in enumerate(shared.locations)
    ]
    return Module(
        "\n".join([code, *lines, ""]),
        code,
        frozenset(shared.requires),
        tuple(shared.callbacks),
    )


def _location(module: str, primitive: str, source: Source | None, names) -> str:
    path = stablehlo.quoted(
        "/".join([module.replace("_", "(", 1) + ")", *names, primitive])
    )
    if source is None:
        return f"loc({path})"
    return f"loc({path}({stablehlo.quoted(source.file)}:{source.line}:0))"
