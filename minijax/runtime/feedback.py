"""A line on standard error while a program takes long to compile.

    minijax: compiling jit_train_step ... 14.2 s

It is begun when a compile has lasted as many seconds as `compile_feedback_secs` says,
and finished with it. There is none if the option is 0, or if standard error is not a
terminal.
"""

import sys
import threading
import time

from ..config import state


class feedback:
    """The compile of the named program happens inside."""

    __slots__ = ("_begun", "_name", "_start", "_timer")

    def __init__(self, name: str):
        self._name = name
        self._timer = None
        self._begun = False

    def __enter__(self):
        seconds = state.compile_feedback_secs
        if seconds > 0 and sys.stderr is not None and sys.stderr.isatty():
            self._start = time.perf_counter()
            self._timer = threading.Timer(seconds, self._begin)
            self._timer.daemon = True
            self._timer.start()

    def _begin(self):
        self._begun = True
        print(
            f"minijax: compiling {self._name} ...", end="", file=sys.stderr, flush=True
        )

    def __exit__(self, kind, error, traceback):
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer.join()  # so that what it prints comes before the rest of the line
        if self._begun:
            seconds = time.perf_counter() - self._start
            ending = f" {seconds:.1f} s" if error is None else " failed"
            print(ending, file=sys.stderr, flush=True)
