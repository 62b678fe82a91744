"""JAX's home of the disk cache; `minijax.cache` is ours."""

from . import compilation_cache as compilation_cache
