"""Which line of the user's program an equation, a tracer or an error belongs to.

A location is kept as `(code, offset)`, two attribute reads from a live frame, and
turned into file, function and line only when something is printed.
"""

import os
import sys
from types import CodeType
from typing import Any, NamedTuple

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Source(NamedTuple):
    """A place in the user's program."""

    code: CodeType
    offset: int

    @property
    def file(self) -> str:
        return self.code.co_filename

    @property
    def function(self) -> str:
        return self.code.co_qualname

    @property
    def line(self) -> int:
        return line_of(self.code, self.offset)

    def __str__(self):
        return f"{self.file}:{self.line} ({self.function})"


# Lines found, by code and offset. Hashing a code object takes a microsecond, so its
# address is the key; the entry keeps it alive.
_LINES: dict[tuple[int, int], tuple[CodeType, int]] = {}


def line_of(code: CodeType, offset: int) -> int:
    """The source line of the instruction at byte `offset` of `code`."""
    key = id(code), offset
    found = _LINES.get(key)
    if found is None:
        found = _LINES[key] = code, _decoded_line(code, offset)
    return found[1]


def _decoded_line(code, offset):
    for start, end, line in code.co_lines():
        if start <= offset < end and line is not None:
            return line
    return code.co_firstlineno


class NameStack(tuple):
    """The named scopes around an operation, outermost first."""

    __slots__ = ()

    @property
    def stack(self) -> tuple[str, ...]:
        return tuple(self)

    def extend(self, name: str) -> "NameStack":
        """The stack with one more scope."""
        return NameStack((*self, name))

    def __str__(self):
        return "/".join(self)


class SourceInfo(NamedTuple):
    """Where an equation comes from: the user's line, and the scopes around it."""

    source: Source | None
    names: tuple[str, ...]

    @property
    def name_stack(self) -> NameStack:
        return NameStack(self.names)

    def __str__(self):
        return str(self.source)


# Files whose frames are not shown: minijax's own, and those of libraries that ask for
# it.
_hidden: tuple[str, ...] = (PACKAGE,)


def exclude(path: str) -> None:
    """Treat files whose path begins so as minijax's own."""
    global _hidden
    _hidden = (*_hidden, path)
    _OURS.clear()


def is_ours(code: CodeType) -> bool:
    """Whether a frame with this code belongs to minijax itself."""
    return code.co_filename.startswith(_hidden)


# Whether a file is minijax's own: a string remembers its hash.
_OURS: dict[str, bool] = {}


def user_frame(skip: int = 1):
    """The innermost frame outside minijax, or None, as (code, offset)."""
    frame: Any = sys._getframe(skip)
    ours = _OURS
    while frame is not None:
        try:
            while ours[frame.f_code.co_filename]:
                frame = frame.f_back
        except KeyError:  # a file not seen before
            file = frame.f_code.co_filename
            ours[file] = is_ours(frame.f_code)
        except AttributeError:  # no frame is left
            return None
        else:
            # Without the constructor's own frame: a third of the time.
            return _new(Source, (frame.f_code, frame.f_lasti))
    return None


_new = tuple.__new__
