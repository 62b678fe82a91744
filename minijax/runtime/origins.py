"""Whether jaxlib notes, for each new array, the Python stack that made it.

Walking the stack takes a tenth of the time of a small operation, and in minijax only
`profiler.device_memory_profile` shows what was found. So it is off, unless the option
`array_tracebacks` is on or jax is in the process: it takes the lines of its operations
from the same switch, of which a process has one.
"""

import sys

from ..config import config, on_change
from . import client


class _JaxWatch:
    """An import hook that finds nothing, and turns the switch on when jax comes."""

    def find_spec(self, name, path=None, target=None):
        if name == "jax":
            others = [finder for finder in sys.meta_path if finder is not self]
            # A program may try to import jax where it is not installed.
            if any(finder.find_spec(name, path, target) for finder in others):
                sys.meta_path.remove(self)
                client.note_origins(True)


def note_when_asked() -> None:
    """Turn the switch off, and on when the option or jax needs it."""
    if "jax" not in sys.modules:
        sys.meta_path.insert(0, _JaxWatch())
    on_change("array_tracebacks", _update)
    _update(config.jax_array_tracebacks)


def _update(wanted: bool) -> None:
    client.note_origins(wanted or "jax" in sys.modules)
