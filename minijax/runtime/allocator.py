"""Whether memory that programs free stays with the process.

XLA on CPU takes the memory for the intermediate values of a program when it is called
and frees it afterwards. The C library gives large blocks back to the system, which must
map them page by page in the next call: half of the time of a step of training whose
intermediate values take more than 32 MB. With the option `cpu_keep_memory` the C
library keeps what is freed, for whoever asks next in this process. Blocks of
more than 64 MB still go back, because XLA's threads have heaps of that size; one heap
for all threads would keep them too, but cost a fifth of that step in waiting for it.
"""

import ctypes
import sys

from ..config import config, on_change

# Of glibc's mallopt(3), with the values that it starts with.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_USUAL = {_TRIM_THRESHOLD: 128 * 1024, _MMAP_MAX: 65_536}
_KEEPING = {_TRIM_THRESHOLD: 2**31 - 1, _MMAP_MAX: 0}


def follow_option() -> None:
    """Keep memory when the option says so."""
    on_change("cpu_keep_memory", _update)
    if config.jax_cpu_keep_memory:
        _update(True)


def _update(keep: bool) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if _has_c_library() else None
    if mallopt is None:
        raise NotImplementedError(
            "config: cpu_keep_memory asks the GNU C library, which this process does "
            "not use. Preload an allocator that keeps memory, such as tcmalloc."
        )
    for parameter, value in (_KEEPING if keep else _USUAL).items():
        mallopt(parameter, value)


def _has_c_library() -> bool:
    """Whether the functions of the C library can be looked up in the process itself."""
    return sys.platform.startswith("linux")
