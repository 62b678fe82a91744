"""What JAX keeps under `jax.experimental` and programs use."""

from . import compilation_cache as compilation_cache
from ..config import enable_x64 as enable_x64
from ..control.callback import io_callback as io_callback
