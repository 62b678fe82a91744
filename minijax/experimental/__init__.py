"""What JAX keeps under `jax.experimental` and programs use."""

from ..config import enable_x64 as enable_x64
