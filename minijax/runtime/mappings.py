"""Notice in time that compiled programs use up the mappings of a process.

On CPU each kernel of a program takes three mappings of memory. Linux allows a process
65,530 (`vm.max_map_count`), and XLA, which does not expect to be refused, then ends it.
"""

import warnings
from pathlib import Path

# After how many programs the mappings are counted, which takes some milliseconds.
EVERY = 256
# The part of what is allowed at which a warning is given.
SCARCE = 0.8

_MAPPINGS = Path("/proc/self/maps")
_ALLOWED = Path("/proc/sys/vm/max_map_count")


def watch(programs: int) -> None:
    """Warn if few mappings are left, given how many programs the process holds."""
    if programs % EVERY or not (_MAPPINGS.exists() and _ALLOWED.exists()):
        return
    used = _MAPPINGS.read_bytes().count(b"\n")
    allowed = int(_ALLOWED.read_text())
    if used > SCARCE * allowed:
        warnings.warn(
            f"This process holds {programs} compiled programs, which use {used} of the "
            f"{allowed} memory mappings that Linux allows it (vm.max_map_count); with "
            "more, it is ended. Call minijax.clear_caches(), or find what is compiled "
            "again and again with explain_cache_misses.",
            RuntimeWarning,
        )
