"""Typed programs: variables, equations, jaxprs, their printed form and their checker.

    { lambda ; a:f32[3]. let b:f32[3] = sin a; c:f32[] = reduce_sum[axes=(0,)] b in
    (c,) }

A `Jaxpr` is a list of equations in an order in which every variable is set before it is
used. A `ClosedJaxpr` adds the values of its constants; it is what parameters of
equations hold, and everything derived from it is remembered in its `memo`.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ..config import state
from ..errors import JaxprTypeError
from .literal import Literal, aval_of
from .source import Source, SourceInfo
from .trace import context


class Var:
    """A variable of a program; it is its own identity, and names are for printing."""

    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval

    def __repr__(self):
        return f"Var({self.aval})"


class Eqn:
    """One step: outvars = primitive[params] invars."""

    __slots__ = ("invars", "names", "outvars", "params", "primitive", "source")

    primitive: Any
    invars: list["Var | Literal"]
    params: dict[str, Any]
    outvars: list[Var]
    source: Source | None  # the user's line
    names: tuple[str, ...]  # the stack of named scopes

    def __init__(self, primitive, invars, params, outvars, source=None, names=()):
        self.primitive = primitive
        self.invars = invars
        self.params = params
        self.outvars = outvars
        self.source = source
        self.names = names

    @property
    def effects(self):
        return self.primitive.effects_of(self.params)

    @property
    def source_info(self) -> SourceInfo:
        return SourceInfo(self.source, self.names)

    def replace(self, **changes):
        """The same equation with some of its fields replaced.

        `source_info` replaces the line and the scopes.
        """
        fields = {name: getattr(self, name) for name in Eqn.__slots__}
        if "source_info" in changes:
            fields["source"], fields["names"] = changes.pop("source_info")
        return Eqn(**{**fields, **changes})

    def __str__(self):
        return "\n".join(_Printer().equation(self, ""))


class Jaxpr:
    """A program: constvars and invars are set from outside, outvars are returned."""

    __slots__ = ("constvars", "debug_info", "effects", "eqns", "invars", "outvars")

    constvars: list[Var]
    invars: list[Var]
    eqns: list[Eqn]
    outvars: list[Var | Literal]
    effects: frozenset
    debug_info: Any

    def __init__(self, constvars, invars, outvars, eqns, effects=None, debug_info=None):
        self.constvars = list(constvars)
        self.invars = list(invars)
        self.outvars = list(outvars)
        self.eqns = list(eqns)
        self.debug_info = debug_info
        if effects is None:
            effects = frozenset().union(*(eqn.effects for eqn in self.eqns))
        self.effects = effects

    @property
    def in_avals(self):
        return [v.aval for v in self.invars]

    @property
    def out_avals(self):
        return [v.aval for v in self.outvars]

    def pretty_print(self, **options) -> str:
        """The printed form."""
        return str(self)

    def replace(self, **changes):
        """The same program with some of its fields replaced."""
        fields = {name: getattr(self, name) for name in Jaxpr.__slots__}
        if "eqns" in changes and "effects" not in changes:
            fields["effects"] = None
        return Jaxpr(**{**fields, **changes})

    def __str__(self):
        return _Printer().program(self)

    __repr__ = __str__


class ClosedJaxpr:
    """A program together with the values of its constants."""

    __slots__ = ("__weakref__", "consts", "jaxpr", "memo")

    def __init__(self, jaxpr: Jaxpr, consts=()):
        if len(jaxpr.constvars) != len(consts):
            raise ValueError(
                f"ClosedJaxpr: expected {len(jaxpr.constvars)} constants, "
                f"got {len(consts)}."
            )
        self.jaxpr = jaxpr
        self.consts = list(consts)
        self.memo: dict[Any, Any] = {}

    @property
    def in_avals(self):
        return [v.aval for v in self.jaxpr.invars]

    @property
    def out_avals(self):
        return [v.aval for v in self.jaxpr.outvars]

    @property
    def eqns(self):
        return self.jaxpr.eqns

    @property
    def constvars(self):
        return self.jaxpr.constvars

    @property
    def invars(self):
        return self.jaxpr.invars

    @property
    def outvars(self):
        return self.jaxpr.outvars

    @property
    def effects(self):
        return self.jaxpr.effects

    @property
    def debug_info(self):
        return self.jaxpr.debug_info

    @property
    def literals(self):
        return self.consts

    def map_jaxpr(self, change: Callable[[Jaxpr], Jaxpr]) -> "ClosedJaxpr":
        """The same constants with a changed program."""
        return ClosedJaxpr(change(self.jaxpr), self.consts)

    def pretty_print(self, **options) -> str:
        """The printed form."""
        return str(self.jaxpr)

    def remember(self, key, make: Callable[[], Any]):
        """What `make` returns, made once per key and program, and per options."""
        key = (state.key, key)
        try:
            return self.memo[key]
        except KeyError:
            value = self.memo[key] = make()
            return value

    def replace(self, jaxpr=None, consts=None):
        """The same closed program with another jaxpr or other constants."""
        return ClosedJaxpr(
            self.jaxpr if jaxpr is None else jaxpr,
            self.consts if consts is None else consts,
        )

    def __str__(self):
        return str(self.jaxpr)

    __repr__ = __str__


def single_equation(primitive, avals, params, source=None) -> ClosedJaxpr:
    """The program of one operation on arguments of the given types."""
    inferred = primitive.infer(avals, params)
    results = inferred if primitive.multiple_results else (inferred,)
    invars = [Var(aval) for aval in avals]
    outvars = [Var(aval) for aval in results]
    eqn = Eqn(primitive, invars, params, outvars, source)
    return ClosedJaxpr(Jaxpr([], invars, outvars, [eqn]))


def subjaxprs(eqn: Eqn) -> Iterator[Jaxpr]:
    """The programs that an equation holds in its params."""
    for value in eqn.params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, ClosedJaxpr):
                yield item.jaxpr
            elif isinstance(item, Jaxpr):
                yield item


def eval_jaxpr(jaxpr: Jaxpr, consts, *args, propagate_source_info: bool = True):
    """Run a program on values or tracers, one `bind` per equation.

    What the equations become belongs to the user's lines that they came from, if
    `propagate_source_info`; else to the line that calls this.
    """
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
    values.update(zip(jaxpr.invars, args, strict=True))
    outer = context.source
    try:
        for eqn in jaxpr.eqns:
            if propagate_source_info:
                context.source = eqn.source or outer
            operands = [x if type(x) is Literal else values[x] for x in eqn.invars]
            out = eqn.primitive.bind(*operands, **eqn.params)
            if eqn.primitive.multiple_results:
                values.update(zip(eqn.outvars, out, strict=True))
            else:
                values[eqn.outvars[0]] = out
    finally:
        context.source = outer
    return [x if type(x) is Literal else values[x] for x in jaxpr.outvars]


def jaxpr_as_fun(closed: ClosedJaxpr):
    """A closed program as a function of its flat inputs."""
    return lambda *args: eval_jaxpr(closed.jaxpr, closed.consts, *args)


# Printing


def variable_name(k: int) -> str:
    """The k-th name: a, b, ..., z, ba, bb, ..."""
    name = ""
    while True:
        k, letter = divmod(k, 26)
        name = chr(ord("a") + letter) + name
        if k == 0:
            return name


class _Printer:
    """Names variables in the order in which they are met, and lays programs out."""

    WIDTH = 88

    def __init__(self):
        self.names: dict[Var, str] = {}

    def use(self, x):
        if isinstance(x, Literal):
            return str(x)
        return self.names.setdefault(x, variable_name(len(self.names)))

    def define(self, v):
        return f"{self.use(v)}:{v.aval}"

    def program(self, jaxpr, indent=""):
        consts = " ".join(map(self.define, jaxpr.constvars))
        args = " ".join(map(self.define, jaxpr.invars))
        head = f"{{ lambda {consts}{' ' if consts else ''}; {args}. let"
        inner = indent + "    "
        body = [line for eqn in jaxpr.eqns for line in self.equation(eqn, inner)]
        outs = ", ".join(map(self.use, jaxpr.outvars))
        tail = f"in ({outs}{',' if len(jaxpr.outvars) == 1 else ''}) }}"
        single = " ".join([head, "; ".join(line.strip() for line in body), tail])
        if not body:
            single = f"{head} {tail}"
        short = len(indent) + len(single) <= self.WIDTH
        if short and not any("\n" in line for line in body):
            return single
        return "\n".join([head, *body, f"{indent}  {tail}"])

    def equation(self, eqn, indent):
        outs = " ".join(map(self.define, eqn.outvars)) or "_"
        operands = " ".join(map(self.use, eqn.invars))
        params = [f"{k}={self.param(v, indent)}" for k, v in eqn.params.items()]
        line = f"{indent}{outs} = {eqn.primitive.name}"
        flat = f"[{' '.join(params)}]" if params else ""
        if "\n" in flat or len(line) + len(flat) + len(operands) > self.WIDTH + 20:
            flat = "".join(f"\n{indent}  {param}" for param in params)
            flat = f"[{flat}\n{indent}]"
        return [f"{line}{flat} {operands}".rstrip()]

    def param(self, value, indent):
        if isinstance(value, ClosedJaxpr):
            return _Printer().program(value.jaxpr, indent + "  ")
        if isinstance(value, Jaxpr):
            return _Printer().program(value, indent + "  ")
        if isinstance(value, tuple) and any(isinstance(v, ClosedJaxpr) for v in value):
            return f"({', '.join(self.param(v, indent) for v in value)})"
        if callable(value) and hasattr(value, "__name__"):
            return value.__name__
        return str(value)


# Checking


def check_jaxpr(jaxpr: Jaxpr | ClosedJaxpr) -> None:
    """Check that variables are set once, before use, and that types agree.

    Raises:
      JaxprTypeError: with the offending equation and the program.
    """
    if isinstance(jaxpr, ClosedJaxpr):
        for v, const in zip(jaxpr.jaxpr.constvars, jaxpr.consts, strict=True):
            _expect(aval_of(const).shape == v.aval.shape, "constant", v, jaxpr)
        jaxpr = jaxpr.jaxpr
    known: set[Var] = set()

    def define(v, where):
        _expect(isinstance(v, Var) and v not in known, "set twice", where, jaxpr)
        known.add(v)

    def use(x, where):
        _expect(isinstance(x, Literal) or x in known, "used before set", where, jaxpr)

    for v in (*jaxpr.constvars, *jaxpr.invars):
        define(v, v)
    for eqn in jaxpr.eqns:
        for x in eqn.invars:
            use(x, eqn)
        avals = [x.aval for x in eqn.invars]
        out = eqn.primitive.abstract(*avals, **eqn.params)
        outs = list(out) if eqn.primitive.multiple_results else [out]
        _expect(len(outs) == len(eqn.outvars), "number of results", eqn, jaxpr)
        for aval, v in zip(outs, eqn.outvars, strict=True):
            same = (aval.shape, aval.dtype) == (v.aval.shape, v.aval.dtype)
            _expect(same, f"rule gives {aval}, equation says {v.aval}", eqn, jaxpr)
            define(v, eqn)
        for sub in subjaxprs(eqn):
            check_jaxpr(sub)
    for x in jaxpr.outvars:
        use(x, x)


def _expect(holds, what, where, jaxpr):
    if not holds:
        raise JaxprTypeError(f"check_jaxpr: {what}: {where}\nin the program\n{jaxpr}")
