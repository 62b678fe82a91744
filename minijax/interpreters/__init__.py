"""Where primitives of users get their rules: `ad`, `batching`, `mlir` and the like."""

from ..on_demand import on_demand as _on_demand

_LAZY = frozenset({"ad", "batching", "mlir", "partial_eval", "pxla", "xla"})

__getattr__, __dir__ = _on_demand(globals(), _LAZY)
