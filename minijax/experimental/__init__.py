"""What JAX keeps under `jax.experimental` and programs use."""

from ..on_demand import on_demand as _on_demand

from . import compilation_cache as compilation_cache
from ..config import enable_x64 as enable_x64
from ..control.callback import io_callback as io_callback

# Loaded when they are first asked for.
_LAZY = frozenset(
    "checkify jet layout mesh_utils multihost_utils ode pjit rnn shard_map "
    "sparse".split()
)

__getattr__, __dir__ = _on_demand(globals(), _LAZY)
