"""Say why a jitted function is traced or compiled again.

Under the option `explain_cache_misses`, every trace of a function is reported with what
differs from the most similar call before it:

    TRACING CACHE MISS at train.py:31 (main): jit of step is traced:
      params['w']: f32[4,3], was f32[3,3]
      static argument n: 2, was 1
      option jax_enable_x64: True, was False

Everything here happens on the slow path of a call, and only if the option is set.
"""

import logging
import weakref
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any

from ..config import TRACED_OPTIONS
from ..core.source import user_frame
from ..mismatch import describe_mismatch
from .arguments import name_of
from .binding import BoundCall, StaticPlaces

logger = logging.getLogger("minijax.cache_misses")

# The function of each piece of code that was traced last, while the option was set.
_last: weakref.WeakKeyDictionary[CodeType, weakref.ref] = weakref.WeakKeyDictionary()


def explain_trace(bound: BoundCall, key: tuple, traces: dict) -> None:
    """Report that a call is traced, and why no trace before it serves.

    Args:
      key: what the trace of this call depends on.
      traces: the traces of the function, by their keys.
    """
    reasons = list(_reasons(bound, key, traces))
    _report("TRACING", f"jit of {name_of(bound.fun)} is traced", reasons)


def explain_compile(bound: BoundCall, key: tuple, programs: dict) -> None:
    """Report that a traced call is compiled again, if its arguments have moved.

    Args:
      key: the trace key of this call and the kinds of its arguments.
      programs: the programs of the function, by such keys among others.
    """
    trace_key, kinds = key
    same_trace = [old[1] for old in programs if old[0] == trace_key]
    if same_trace:
        reasons = [
            f"{path}: {_place(new)}, was {_place(old)}"
            for path, new, old in zip(bound.paths(), kinds, same_trace[-1], strict=True)
            if new is not old
        ]
        _report("COMPILATION", f"jit of {name_of(bound.fun)} is compiled", reasons)


def _report(cache: str, what: str, reasons: Sequence[str]) -> None:
    lines = "".join(f"\n  {reason}" for reason in reasons)
    logger.warning("%s CACHE MISS at %s: %s:%s", cache, user_frame(), what, lines)


def _place(kind) -> str:
    return f"{kind.sharding}{' (committed)' if kind.committed else ''}"


def _reasons(bound, key, traces) -> Iterator[str]:
    copied = _is_copy_of_traced(bound.fun)
    if key in traces:
        yield "it closes over traced values of a transformation that has ended"
    elif traces:
        differences = [list(_differences(bound, key, old)) for old in traces]
        yield from min(differences, key=len)
    elif copied:
        code = _code(bound.fun)
        yield (
            f"it is a new function object, made at {code.co_filename}:"
            f"{code.co_firstlineno} like one that was traced before. Programs belong "
            "to function objects: make it once, outside of the loop or function that "
            "makes it now"
        )
    else:
        yield "it is called for the first time"


def _code(fun) -> Any:
    fun = getattr(fun, "func", fun)
    return getattr(getattr(fun, "__func__", fun), "__code__", None)


def _is_copy_of_traced(fun) -> bool:
    """Whether the function that was traced last of the same code is another one."""
    code = _code(fun)
    if code is None:
        return False
    before = _last.get(code)
    try:
        _last[code] = weakref.ref(fun)
    except TypeError:  # an object that is called and takes no weak references
        return False
    return before is not None and before() is not fun


def _differences(bound, key, old) -> Iterator[str]:
    """What differs between the call and an earlier one, by the keys of their traces."""
    options, treedef, avals, statics, count, axes = key
    old_options, old_treedef, old_avals, old_statics, old_count, old_axes = old
    for name, new, was in zip(
        TRACED_OPTIONS, options.values, old_options.values, strict=True
    ):
        if new != was:
            yield f"option jax_{name}: {new!r}, was {was!r}"
    if count != old_count:
        yield f"number of positional arguments: {count}, was {old_count}"
    yield from _differing_statics(bound, statics, old_statics)
    if treedef != old_treedef:
        mismatch = describe_mismatch("before", old_treedef, "now", treedef)
        yield f"structure of the arguments (args, kwargs): {mismatch}"
    else:
        for path, new, was in zip(bound.paths(), avals, old_avals, strict=True):
            if new is not was:
                yield f"{path}: {_type(new)}, was {_type(was)}"
    if axes != old_axes:
        yield f"mapped axes around the call: {_axes(axes)}, were {_axes(old_axes)}"


def _differing_statics(bound, statics, old_statics):
    places = StaticPlaces(bound.fun, bound.options)
    now = {k: v for k, v, _ in statics}
    before = {k: v for k, v, _ in old_statics}
    for k in {**now, **before}:
        name = places.name_at(k) if isinstance(k, int) else k
        if k not in now or k not in before:
            yield f"static argument {name}: {'given' if k in now else 'not given'}"
        elif now[k] != before[k] or type(now[k]) is not type(before[k]):
            yield f"static argument {name}: {now[k]!r:.60}, was {before[k]!r:.60}"


def _type(aval) -> str:
    return f"{aval}{' (weakly typed)' if aval.weak_type else ''}"


def _axes(axes) -> str:
    return ", ".join(f"{name} of size {size}" for name, size, _ in axes) or "none"
