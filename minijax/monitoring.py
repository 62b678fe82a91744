"""Events of the library and of programs, and those who listen: `jax.monitoring`.

A listener is a function that is called at once, in the thread of the event, with the
event's name, its value if it has one, and keywords:

    register_event_listener                  f(event, **kwargs)
    register_event_duration_secs_listener    f(event, seconds, **kwargs)
    register_event_time_span_listener        f(event, start, end, **kwargs)
    register_scalar_listener                 f(event, value, **kwargs)

minijax itself tells of the steps on the way to a program, with `fun_name`, each as a
duration and as a time span (in seconds since the epoch), and of its disk cache:

    /jax/core/compile/jaxpr_trace_duration
    /jax/core/compile/jaxpr_to_mlir_module_duration
    /jax/core/compile/backend_compile_duration
    /jax/compilation_cache/cache_hits, /jax/compilation_cache/cache_misses
"""

import time
from collections.abc import Callable

__all__ = [
    "clear_event_listeners",
    "record_event",
    "record_event_duration_secs",
    "record_event_time_span",
    "record_scalar",
    "register_event_duration_secs_listener",
    "register_event_listener",
    "register_event_time_span_listener",
    "register_scalar_listener",
    "unregister_event_duration_listener",
    "unregister_event_listener",
    "unregister_event_time_span_listener",
    "unregister_scalar_listener",
]

Value = str | int
_events: list[Callable[..., None]] = []
_durations: list[Callable[..., None]] = []
_spans: list[Callable[..., None]] = []
_scalars: list[Callable[..., None]] = []


def record_event(event: str, **kwargs: Value) -> None:
    """Tell listeners that something happened.

    >>> register_event_listener(lambda event, **kwargs: print(event, kwargs))
    >>> record_event("/mine/saved", step=3)
    /mine/saved {'step': 3}
    >>> clear_event_listeners()
    """
    for listener in tuple(_events):
        listener(event, **kwargs)


def record_event_duration_secs(event: str, duration: float, **kwargs: Value) -> None:
    """Tell listeners how many seconds something took."""
    for listener in tuple(_durations):
        listener(event, duration, **kwargs)


def record_event_time_span(
    event: str, start_time: float, end_time: float, **kwargs: Value
) -> None:
    """Tell listeners when something began and ended, in seconds."""
    for listener in tuple(_spans):
        listener(event, start_time, end_time, **kwargs)


def record_scalar(event: str, value: float | int, **kwargs: Value) -> None:
    """Tell listeners a number."""
    for listener in tuple(_scalars):
        listener(event, value, **kwargs)


def record_step(event: str, seconds: float, fun_name: str) -> None:
    """Tell listeners of a step that ends now: a duration and a time span."""
    record_event_duration_secs(event, seconds, fun_name=fun_name)
    if _spans:
        now = time.time()
        record_event_time_span(event, now - seconds, now, fun_name=fun_name)


def register_event_listener(callback: Callable[..., None]) -> None:
    """Call `callback(event, **kwargs)` at each `record_event`."""
    _events.append(callback)


def register_event_duration_secs_listener(callback: Callable[..., None]) -> None:
    """Call `callback(event, seconds, **kwargs)` at each `record_event_duration_secs`.

    >>> names = []
    >>> register_event_duration_secs_listener(lambda e, s, **kw: names.append(e))
    >>> record_event_duration_secs("/mine/load", 0.5)
    >>> names
    ['/mine/load']
    >>> clear_event_listeners()
    """
    _durations.append(callback)


def register_event_time_span_listener(callback: Callable[..., None]) -> None:
    """Call `callback(event, start, end, **kwargs)` at each `record_event_time_span`."""
    _spans.append(callback)


def register_scalar_listener(callback: Callable[..., None]) -> None:
    """Call `callback(event, value, **kwargs)` at each `record_scalar`."""
    _scalars.append(callback)


def unregister_event_listener(callback: Callable[..., None]) -> None:
    """Undo one `register_event_listener`; AssertionError if there was none."""
    _remove("event", _events, callback)


def unregister_event_duration_listener(callback: Callable[..., None]) -> None:
    """Undo one `register_event_duration_secs_listener`."""
    _remove("event_duration", _durations, callback)


def unregister_event_time_span_listener(callback: Callable[..., None]) -> None:
    """Undo one `register_event_time_span_listener`."""
    _remove("event_time_span", _spans, callback)


def unregister_scalar_listener(callback: Callable[..., None]) -> None:
    """Undo one `register_scalar_listener`."""
    _remove("scalar", _scalars, callback)


def _remove(kind, listeners, callback):
    if callback not in listeners:
        raise AssertionError(
            f"unregister_{kind}_listener: the callback must be registered, got "
            f"{callback!r}."
        )
    listeners.remove(callback)


def clear_event_listeners() -> None:
    """Remove all listeners of every kind."""
    for listeners in (_events, _durations, _spans, _scalars):
        listeners.clear()
