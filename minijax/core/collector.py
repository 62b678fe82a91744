"""Hold Python's collector of reference cycles back while a program is written.

Tracing and lowering make tens of thousands of objects that live as long as the program.
The collector would look through all of them several times, an eighth of the time it
takes to trace and lower a network, to find next to nothing.

During a pause it does not start. At the end of it the new objects join the oldest ones,
which is where the collector itself would move them after looking: `gc.freeze` followed
by `gc.unfreeze` does that without looking. They are not counted as new by the
collector, so they are counted here, and after enough of them it is run once.
"""

import gc
import threading

# Objects, of 100 to 200 bytes each, after which the oldest are looked through. They are
# those of programs of some 50,000 equations, which take XLA a minute to compile.
ENOUGH = 1_000_000


class _Pause:
    """A context in which the collector does not start by itself; may be nested."""

    def __init__(self):
        self._lock = threading.RLock()  # finalizers may run while it is held
        self._depth = 0
        self._resume = False
        self._promoted = 0

    def __enter__(self):
        with self._lock:
            if self._depth == 0:
                self._resume = gc.isenabled()
                gc.disable()
            self._depth += 1

    def __exit__(self, kind, error, traceback):
        with self._lock:
            self._depth -= 1
            if self._depth == 0 and self._resume:
                self._promote()
                gc.enable()
        return False

    def _promote(self):
        """Make the youngest objects the oldest."""
        if gc.get_freeze_count():  # somebody has frozen objects for good
            return
        self._promoted += gc.get_count()[0]
        gc.freeze()
        gc.unfreeze()
        if self._promoted > ENOUGH:
            self._promoted = 0
            gc.collect()


collector_paused = _Pause()
