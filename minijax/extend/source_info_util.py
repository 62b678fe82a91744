"""Lines of the user's program, and the names under which operations are traced."""

import contextlib
from collections.abc import Iterator

from ..core.source import NameStack as NameStack
from ..core.source import Source as Source
from ..core.source import SourceInfo as SourceInfo
from ..core.source import exclude, user_frame
from ..core.trace import context

__all__ = [
    "NameStack",
    "Source",
    "SourceInfo",
    "current",
    "current_name_stack",
    "extend_name_stack",
    "new_name_stack",
    "new_source_info",
    "register_exclusion",
    "reset_name_stack",
    "set_name_stack",
    "summarize",
    "transform_name_stack",
    "user_context",
]


def register_exclusion(path: str) -> None:
    """Treat a library's file as minijax's own: lines and tracebacks are of its caller.

    Args:
      path: a file, as `__file__` gives it, or the beginning of a path.
    """
    exclude(path)


def current() -> SourceInfo:
    """The user's line that is running, and the stack of named scopes."""
    return SourceInfo(context.source or user_frame(2), context.names)


def current_name_stack() -> NameStack:
    """The named scopes that are open."""
    return NameStack(context.names)


def new_name_stack(name: str = "") -> NameStack:
    """A stack of one scope, or of none."""
    return NameStack((name,) if name else ())


def new_source_info() -> SourceInfo:
    """No line and no scope."""
    return SourceInfo(None, ())


def summarize(source_info: SourceInfo, num_frames: int = 1) -> str:
    """The line as `file:line (function)`."""
    return str(source_info.source) if source_info.source else "unknown"


@contextlib.contextmanager
def set_name_stack(names: NameStack) -> Iterator[None]:
    """Replace the open scopes."""
    outer = context.names
    context.names = tuple(names)
    try:
        yield
    finally:
        context.names = outer


def extend_name_stack(name: str):
    """Open one more scope."""
    return set_name_stack(NameStack((*context.names, name)))


def transform_name_stack(name: str):
    """Open one more scope, for a transformation."""
    return set_name_stack(NameStack((*context.names, f"{name}()")))


def reset_name_stack():
    """Close all scopes."""
    return set_name_stack(NameStack(()))


@contextlib.contextmanager
def user_context(source_info: Source | None, *, name_stack=None) -> Iterator[None]:
    """Say that what is traced belongs to another line, and to other scopes."""
    source = getattr(source_info, "source", source_info)
    outer = context.source, context.names
    context.source = source or context.source
    if name_stack is not None:
        context.names = tuple(name_stack)
    try:
        yield
    finally:
        context.source, context.names = outer
