"""The internals that libraries build on: programs, primitives, traces, names of lines.

`minijax.extend.core` has the records of programs and `Primitive`, to make operations of
one's own; their rules are registered in `minijax.interpreters`.
"""

from ..on_demand import on_demand as _on_demand

_LAZY = frozenset({"backend", "core", "linear_util", "source_info_util"})

__getattr__, __dir__ = _on_demand(globals(), _LAZY)
