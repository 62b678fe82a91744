"""Small libraries written with minijax: `optimizers` and `stax`, neural networks.

They are JAX's, for programs that use them, and short enough to be read.
"""

from ..on_demand import on_demand as _on_demand

_LAZY = frozenset({"optimizers", "stax"})

__getattr__, __dir__ = _on_demand(globals(), _LAZY)
