"""The stages between a jitted function and a running program, to look at or to keep.

jit(f).trace(x)      a jaxpr          .jaxpr  .out_info
      .lower()       StableHLO        .as_text()
      .compile()     an executable    .as_text()  .cost_analysis()  call it
"""

import operator
from collections.abc import Sequence

from .. import tree
from ..core.jaxpr import ClosedJaxpr
from ..core.literal import aval_of
from ..core.trace import Tracer
from ..core.tracebacks import boundary
from ..runtime import client, dispatch
from ..runtime.array import Array, as_array
from ..runtime.program import arrive
from .structs import info_of


class ArgInfo:
    """What is known of one argument: its type, and whether it is donated."""

    __slots__ = ("aval", "donated")

    def __init__(self, aval, donated: bool):
        self.aval = aval
        self.donated = donated

    @property
    def shape(self):
        return self.aval.shape

    @property
    def dtype(self):
        return self.aval.dtype

    def __eq__(self, other):
        return isinstance(other, ArgInfo) and (
            (self.aval, self.donated) == (other.aval, other.donated)
        )

    def __hash__(self):
        return hash((self.aval, self.donated))

    def __repr__(self):
        return f"ArgInfo({self.aval}, donated={self.donated})"


class _Stage:
    """What all stages say of the arguments and the results."""

    _origin: "Traced"

    @property
    def in_tree(self):
        """The structure of `(args, kwargs)`, static arguments left out."""
        return self._origin._bound.treedef

    @property
    def in_avals(self):
        """The types of the arguments, as `(args, kwargs)`."""
        avals = [aval_of(x) for x in self._origin._bound.values]
        return tree.unflatten(self.in_tree, avals)

    @property
    def args_info(self):
        """Type and donation of each argument, as `(args, kwargs)`."""
        donated = self._origin._bound.donated()
        infos = [
            ArgInfo(aval_of(x), k in donated)
            for k, x in enumerate(self._origin._bound.values)
        ]
        return tree.unflatten(self.in_tree, infos)

    @property
    def donate_argnums(self) -> tuple[int, ...]:
        """The positions of the donated leaves."""
        return tuple(self._origin._bound.donated())

    @property
    def out_tree(self):
        """The structure of the results."""
        return self._origin._traced.out_tree

    @property
    def out_avals(self):
        """The types of the results, in their structure."""
        return tree.unflatten(self.out_tree, self._origin._traced.closed.out_avals)

    @property
    def out_info(self):
        """The types of the results, as `ShapeDtypeStruct`s in their structure."""
        infos = [info_of(aval) for aval in self._origin._traced.closed.out_avals]
        return tree.unflatten(self.out_tree, infos)


class Traced(_Stage):
    """A function traced for one type of arguments: `jit(f).trace(...)`."""

    def __init__(self, jitted, bound, traced):
        self._jitted = jitted
        self._bound = bound
        self._traced = traced
        self._origin = self

    @property
    def fun_name(self) -> str:
        """The name of the function."""
        return self._jitted.name

    @property
    def jaxpr(self) -> ClosedJaxpr:
        return self._traced.closed

    @boundary
    def lower(self, *, lowering_platforms: Sequence[str] | None = None):
        """Lower to StableHLO, for this machine's platform or a named one."""
        kinds = [_kind_for(x) for x in self._bound.values]
        platform = None
        if lowering_platforms:
            platform = client.ALIASES.get(lowering_platforms[0], lowering_platforms[0])
        lowered = self._jitted.lower_traced(self._bound, self._traced, kinds, platform)
        return Lowered(self, lowered)


def _kind_for(x):
    if type(x) is Array:
        return x._kind
    return dispatch.default_kind(aval_of(x))


class Lowered(_Stage):
    """A function lowered to StableHLO: `jit(f).lower(...)`."""

    def __init__(self, traced: Traced, lowered):
        self._traced = self._origin = traced
        self._lowered = lowered

    def as_text(self, dialect: str | None = None, *, debug_info: bool = False) -> str:
        """The module as text, with source lines if `debug_info`."""
        module = self._lowered.module
        if dialect not in (None, "stablehlo"):
            raise ValueError(
                f"as_text: known dialects are 'stablehlo', got {dialect!r}. Compile "
                "first and use as_text() of the result for HLO."
            )
        if debug_info:
            return module.text
        return client.without_locations(module.key)

    def compiler_ir(self, dialect: str | None = None) -> str:
        """The module as text; minijax has no other form of it."""
        return self.as_text(dialect)

    def cost_analysis(self):
        """XLA's estimate of the compiled program's cost."""
        return self.compile().cost_analysis()

    @boundary
    def compile(self, compiler_options: dict | None = None) -> "Compiled":
        """Compile for this machine."""
        options = {
            **dict(self._traced._jitted.options.compiler_options),
            **(compiler_options or {}),
        }
        return Compiled(self, self._lowered.compile(options))


class Compiled(_Stage):
    """A compiled function for one type of arguments: `jit(f).lower(...).compile()`."""

    def __init__(self, lowered: Lowered, program):
        self._origin = lowered._traced
        self._program = program
        self._treedef = lowered._traced._bound.treedef
        self._bound = lowered._traced._bound
        self._call = program.caller(lowered.out_tree)
        self._fitting: set[tuple] = set()  # kinds of arguments that were found to fit

    @property
    def input_shardings(self):
        """Where the arguments are, as `(args, kwargs)`."""
        shardings = [self._program.sharding] * self.in_tree.num_leaves
        return tree.unflatten(self.in_tree, shardings)

    @property
    def output_shardings(self):
        """Where the results are, in their structure."""
        shardings = [kind.sharding for kind in self._program.kinds]
        return tree.unflatten(self.out_tree, shardings)

    def call(self, *args, **kwargs):
        """Run on arguments, as calling the object does."""
        return self(*args, **kwargs)

    @boundary
    def __call__(self, *args, **kwargs):
        """Run on arguments of the types it was compiled for; static ones left out."""
        leaves, treedef = tree.flatten_raw((args, kwargs), None)
        kinds = tuple([getattr(x, "_kind", None) for x in leaves])
        if kinds not in self._fitting or treedef != self._treedef:
            arrays = self._placed(leaves, treedef)
            if all(map(operator.is_, arrays, leaves)):
                self._fitting.add(kinds)
            leaves = arrays
        return self._call(leaves)

    def _placed(self, leaves, treedef):
        """The arguments as arrays where the program runs, if they are what it takes."""
        name = self._program.name
        if treedef != self._treedef:
            raise TypeError(
                f"{name}: was compiled for arguments of structure {self._treedef}, got "
                f"{treedef}."
            )
        if any(isinstance(x, Tracer) for x in leaves):
            raise TypeError(
                f"{name}: a compiled function cannot be transformed, got a tracer. Use "
                "the jitted function instead."
            )
        arrays = [as_array(x) for x in leaves]
        for k, (x, expected) in enumerate(zip(arrays, self._bound.values, strict=True)):
            aval = aval_of(expected)
            if (x.shape, x.dtype) != (aval.shape, aval.dtype):
                path = self._bound.paths()[k]
                raise TypeError(
                    f"{name}: argument {path} must be {aval}, got {x.aval}. The "
                    "function was compiled for this type only."
                )
        return [arrive(x, self._program.sharding) for x in arrays]

    def as_text(self) -> str:
        """The optimised HLO."""
        return self._program.executable.get_hlo_text()

    def cost_analysis(self) -> dict:
        """XLA's estimate: flops, bytes accessed and so on."""
        return self._program.executable.cost_analysis()

    def memory_analysis(self):
        """Sizes in bytes of arguments, results, temporaries and code."""
        return self._program.executable.get_compiled_memory_stats()

    def runtime_executable(self):
        """jaxlib's loaded executable."""
        return self._program.executable
