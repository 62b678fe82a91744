"""Small libraries written with minijax: `optimizers` and `stax`, neural networks.

They are JAX's, for programs that use them, and short enough to be read.
"""

import importlib as _importlib

_LAZY = frozenset({"optimizers", "stax"})


def __getattr__(name):
    if name in _LAZY:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY})
