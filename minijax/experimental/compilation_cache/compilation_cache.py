"""JAX's functions for the disk cache of compiled programs."""

from ...config import config
from ...runtime.cache import forget_folders


def set_cache_dir(path: str) -> None:
    """Keep compiled programs under a directory, from now on.

    The same as `config.update("jax_compilation_cache_dir", path)`.
    """
    config.update("jax_compilation_cache_dir", path)


def reset_cache() -> None:
    """Look at the cache's directory anew, for instance after it was full.

    Programs on disk stay; `minijax.cache.clear` removes them.
    """
    forget_folders()
