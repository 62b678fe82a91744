"""Tracebacks without minijax's own frames: from the user's call to the user's mistake.

    train -> [grad, linearize, ...] -> loss -> [jit, stage, ...] -> layer -> [dot, bind]

becomes

    train -> loss -> layer

A public function filters what passes through it on its way up. Where a Python frame
costs nothing noticeable, that is the decorator `boundary`; hot functions hold the three
lines themselves, since `try` is free in Python while nothing is raised:

    except Exception as error:
        hide_our_frames(error)
        raise

Filtering twice changes nothing, so functions with and without a boundary may call each
other. Functions without one show their frames only if the user calls them directly.
"""

import builtins
import functools
import types
from collections.abc import Callable, Iterable

from ..config import state
from ..errors import UnfilteredStackTrace
from .source import is_ours

NOTE = (
    "minijax has left its own frames out of this traceback. Set "
    "JAX_TRACEBACK_FILTERING=off to see them."
)


def boundary(function: Callable) -> Callable:
    """A public function whose errors reach the user without minijax's frames."""

    @functools.wraps(function)
    def bounded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            hide_our_frames(error)
            raise

    return bounded


def hide_our_frames(error: BaseException) -> None:
    """Hide minijax's frames in the traceback of an exception that is being raised.

    The option `traceback_filtering` says how. "off" shows all; "tracebackhide" marks
    frames, which IPython and pytest then skip; "quiet_remove_frames" removes them and
    adds a note; "remove_frames" keeps the whole traceback in `__cause__`; "auto" marks
    under IPython and else removes quietly.
    """
    mode = state.traceback_filtering
    if mode == "auto":
        in_ipython = hasattr(builtins, "__IPYTHON__")
        mode = "tracebackhide" if in_ipython else "quiet_remove_frames"
    if mode == "off":
        return
    entries = list(_entries(error.__traceback__))
    theirs = [entry for entry in entries if not is_ours(entry.tb_frame.f_code)]
    if len(theirs) == len(entries):
        return
    if mode == "tracebackhide":
        for entry in entries:
            if is_ours(entry.tb_frame.f_code):
                entry.tb_frame.f_locals["__tracebackhide__"] = True
        return
    filtered = _linked(theirs)
    _drop_our_context(error)
    if mode == "remove_frames":
        _keep_in_cause(error, entries, filtered)
    elif NOTE not in getattr(error, "__notes__", ()):
        error.add_note(NOTE)
    error.__traceback__ = filtered


def _entries(traceback: types.TracebackType | None):
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _linked(entries: Iterable[types.TracebackType]) -> types.TracebackType | None:
    """A traceback of copies of the given entries, outermost first."""
    linked = None
    for entry in reversed(list(entries)):
        linked = types.TracebackType(
            linked, entry.tb_frame, entry.tb_lasti, entry.tb_lineno
        )
    return linked


def _drop_our_context(error):
    """Forget what minijax itself caught before: a cache miss is nobody's business."""
    before = error.__context__
    while before is not None and before is not error.__cause__:
        entries = list(_entries(before.__traceback__))
        if not entries or not all(is_ours(x.tb_frame.f_code) for x in entries):
            return
        before = error.__context__ = before.__context__


def _keep_in_cause(error, entries, filtered):
    """Make the whole traceback the error's cause, which takes over its own causes."""
    whole = error.__cause__
    if isinstance(whole, UnfilteredStackTrace):
        # An inner boundary was here: what it removed belongs below the new entries.
        above = entries
        if whole.filtered in entries:
            above = entries[: entries.index(whole.filtered)]
        entries = [*above, *_entries(whole.__traceback__)]
    else:
        whole = UnfilteredStackTrace(f"{type(error).__name__}: {error}")
        whole.__cause__ = error.__cause__
        whole.__context__ = error.__context__
        whole.__suppress_context__ = error.__suppress_context__
        error.__cause__ = whole
        error.__context__ = None
    whole.filtered = filtered
    whole.__traceback__ = _linked(entries)
