"""Running programs that call Python.

The text of such a program knows its callbacks by number only. XLA compiles it once for
all; each program gets an executable of its own, bound to its Python functions, which it
keeps alive and which are freed with it. Running it also

    waits    for the last program with ordered effects, if this has some
    notes    the token by which one can wait for its effects
    explains an error of XLA that came from Python by the exception that caused it
"""

import atexit
import contextlib
import threading
from collections import deque
from collections.abc import Sequence

import numpy as np

from ..control.callback_rules import HostCall, HostEffect, debug_callback_p, has_order
from ..errors import JaxRuntimeError
from . import client
from .array import Array, from_numpy, kind_of, physical


class _Thread(threading.local):
    """What this thread is in the middle of."""

    callbacks = 0  # calls from XLA into Python


_thread = _Thread()

# Tokens of programs with effects that may still run, oldest first. Waiting for one of a
# program that has long ended costs nothing, so the list need not be exact, only short.
_running: deque = deque()
_MANY = 256
_last_ordered: list = []
_unreported: list[JaxRuntimeError] = []


def bind(executable, devices, options, calls: Sequence[HostCall], effects):
    """An executable whose callbacks are the given ones.

    Args:
      executable: from the same text, never to be run itself: it has no callbacks.
      effects: of the program.
    """
    failures: list[JaxRuntimeError] = []
    functions = [_host_function(call, failures) for call in calls]
    bound = client.bind_callbacks(executable, devices, options, functions)
    acts = any(type(e) is HostEffect for e in effects)
    return BoundExecutable(bound, failures, acts, has_order(effects))


class BoundExecutable:
    """An executable that calls Python; to a `Program` it is like any other."""

    def __init__(self, executable, failures, acts, ordered):
        self._executable = executable
        self._failures = failures
        self._acts = acts
        self._ordered = ordered

    def __getattr__(self, name):
        return getattr(self._executable, name)

    def execute_sharded(self, buffers):
        """Start the program; returns jaxlib's results."""
        if self._ordered:
            wait_for_ordered()
        self._failures.clear()
        try:
            results = self._executable.execute_sharded(buffers, with_tokens=self._acts)
        except JaxRuntimeError as error:
            self._explain(error)
            raise
        if self._acts:
            _note(results.consume_token(), self._ordered)
        return results

    def _explain(self, error):
        """Raise the callback's own failure, if that is what XLA reports."""
        known = [failure for failure in self._failures if str(failure) in str(error)]
        self._failures.clear()
        if known:
            raise known[0]


def _host_function(call: HostCall, failures: list):
    """The Python function that XLA calls: NumPy arrays in, a tuple of them out.

    XLA trusts it. A result of a wrong size would be read past its end, so every one has
    been checked by the callback.
    """
    place = client.single_device(client.backend("cpu").local_devices()[0])

    def on_host(*values):
        arrays = [
            _argument(value, aval, place)
            for value, aval in zip(values, call.in_avals, strict=True)
        ]
        _thread.callbacks += 1
        try:
            return tuple(call.callback(arrays, call.result_avals))
        except JaxRuntimeError as failure:
            failures.append(failure)
            raise
        finally:
            _thread.callbacks -= 1

    return on_host


def _argument(value, aval, place):
    """An operand as an array; XLA's memory is copied, for it is valid in the call."""
    buffer = client.put(physical(aval), np.asarray(value), place)
    return Array(buffer, kind_of(aval.strip_weak_type(), place))


def call_directly(primitive, arrays: Sequence[Array], params) -> list[Array]:
    """Apply a primitive that calls Python to concrete operands."""
    callback = params["callback"]
    if has_order(primitive.effects_of(params)):
        wait_for_ordered()
    arrays = [x.with_aval(x.aval.strip_weak_type()) for x in arrays]
    if primitive is debug_callback_p:
        callback.flat(arrays)
        return []
    results = callback(arrays, params["result_avals"])
    return [from_numpy(np.asarray(x, order="C")) for x in results]


# Waiting


def _note(token, ordered):
    _running.append(token)
    if ordered:
        _last_ordered[:] = [token]
    if len(_running) > _MANY and not _thread.callbacks:
        _wait_for(_running.popleft())


def _wait_for(token):
    """Wait for a program's effects; what failed is kept for `effects_barrier`."""
    try:
        token.block_until_ready()
    except JaxRuntimeError as error:
        _unreported.append(error)


def wait_for_ordered() -> None:
    """Wait for the effects of the last program that had ordered ones.

    A callback does not wait: the program that called it is the last one.
    """
    if not _thread.callbacks:
        for token in _last_ordered[:]:
            with contextlib.suppress(JaxRuntimeError):  # `effects_barrier` reports it
                token.block_until_ready()


def effects_barrier() -> None:
    """Wait until the effects of all programs that were started have happened.

    Within a callback there is nothing to wait for, and it returns at once.

    Raises:
      JaxRuntimeError: a callback failed, and this is the first that failed.

    >>> effects_barrier()
    """
    if _thread.callbacks:
        return
    _last_ordered.clear()
    with contextlib.suppress(IndexError):  # empty, also if another thread empties it
        while True:
            _wait_for(_running.popleft())
    failures = _unreported[:]
    _unreported.clear()
    if failures:
        raise failures[0]


atexit.register(effects_barrier)
