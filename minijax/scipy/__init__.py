"""SciPy's functions on minijax arrays: `minijax.scipy` is `jax.scipy`."""

from ..on_demand import on_demand as _on_demand

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

__getattr__, __dir__ = _on_demand(globals(), _LAZY)
