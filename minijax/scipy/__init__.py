"""SciPy's functions on minijax arrays: `minijax.scipy` is `jax.scipy`."""

import importlib as _importlib

from . import linalg as linalg
from . import special as special

# Loaded when they are first asked for.
_LAZY = frozenset(
    {
        "cluster",
        "fft",
        "integrate",
        "interpolate",
        "ndimage",
        "optimize",
        "signal",
        "sparse",
        "spatial",
        "stats",
    }
)


def __getattr__(name):
    if name in _LAZY:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY})
