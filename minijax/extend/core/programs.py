"""Programs as libraries take them apart and put them together."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ...core import jaxpr as core
from ...core.avals import ShapedArray
from ...core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var


class Effect:
    """What a step does besides returning values; subclass it for effects of your own.

    It is hashable, and a step with effects stays in the program.
    """


Effects = frozenset
no_effects: frozenset = frozenset()


class DropVar(Var):
    """A result that nobody uses; programs that minijax makes name such results too."""

    __slots__ = ()

    def __repr__(self):
        return "_"


class DebugInfo(NamedTuple):
    """Where a program comes from, for messages."""

    traced_for: str
    func_src_info: str
    arg_names: tuple[str, ...] | None = None
    result_paths: Any = None

    @property
    def func_name(self) -> str:
        return self.func_src_info.split(" ", maxsplit=1)[0]

    @property
    def func_filename(self) -> str | None:
        _, at, rest = self.func_src_info.partition(" at ")
        return rest.rpartition(":")[0] if at else None

    def resolve_result_paths(self) -> "DebugInfo":
        """The same with the paths of the results found."""
        paths = self.result_paths
        return self._replace(result_paths=paths() if callable(paths) else paths)


def jaxpr_as_fun(closed_jaxpr: ClosedJaxpr, *args) -> Any:
    """Run a closed program on values, or give the function that does.

    >>> closed = make_jaxpr(lambda x: x + 1)(1.0)
    >>> jaxpr_as_fun(closed)(2.0)
    [Array(3., dtype=float32, weak_type=True)]
    """
    fun = core.jaxpr_as_fun(closed_jaxpr)
    return fun(*args) if args else fun


def subjaxprs(jaxpr: Jaxpr) -> Iterator[Jaxpr]:
    """The programs inside the equations of a program."""
    for eqn in jaxpr.eqns:
        yield from core.subjaxprs(eqn)


def jaxprs_in_params(params: Mapping[str, Any]) -> Iterator[Jaxpr]:
    """The programs among the parameters of an equation."""
    for value in params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, ClosedJaxpr):
                yield item.jaxpr
            elif isinstance(item, Jaxpr):
                yield item


def gensym(jaxprs=None, suffix: str = "") -> Callable[[ShapedArray], Var]:
    """A function from a type to a new variable of it."""
    return Var


def new_jaxpr_eqn(
    invars, outvars, primitive, params, effects=None, source_info=None, ctx=None
) -> Eqn:
    """An equation; its effects are those that its primitive has with these params."""
    source, names = source_info or (None, ())
    return Eqn(primitive, list(invars), dict(params), list(outvars), source, names)
