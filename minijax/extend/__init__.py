"""The internals that libraries build on: programs, primitives, traces, names of lines.

`minijax.extend.core` has the records of programs and `Primitive`, to make operations of
one's own; their rules are registered in `minijax.interpreters`.
"""

import importlib as _importlib

_LAZY = frozenset({"backend", "core", "linear_util", "random", "source_info_util"})


def __getattr__(name):
    if name in _LAZY:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY})
