"""What JAX keeps under `jax.experimental` and programs use."""

import importlib as _importlib

from . import compilation_cache as compilation_cache
from ..config import enable_x64 as enable_x64
from ..control.callback import io_callback as io_callback

# Loaded when they are first asked for.
_LAZY = frozenset(
    {"checkify", "jet", "layout", "mesh_utils", "ode", "pjit", "rnn", "sparse"}
)


def __getattr__(name):
    if name in _LAZY:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY})
