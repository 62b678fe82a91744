"""Profiles of time and of memory: `minijax.profiler` is `jax.profiler`.

    with profiler.trace("/tmp/profile"):
        step(x).block_until_ready()

writes what Python, the runtime and the devices did to files that TensorBoard and
XProf show, below /tmp/profile/plugins/profile/. XLA's profiler does it; events of
programs carry the names of their operations. `ProfileData.from_file(path)` reads an
.xplane.pb file back: planes of lines of events.
"""

import contextlib
import functools
import gzip
import http.server
import os
import pathlib
import shutil
import socketserver
from collections.abc import Callable
from typing import Any

# Beside runtime/client, which has loaded it, the only user of XLA's profiler.
from jaxlib import _profiler
from jaxlib._profile_data import (
    ProfileData as ProfileData,
)
from jaxlib._profile_data import (
    ProfileEvent as ProfileEvent,
)
from jaxlib._profile_data import (
    ProfilePlane as ProfilePlane,
)

from .api import devices

__all__ = [
    "ProfileData",
    "ProfileEvent",
    "ProfileOptions",
    "ProfilePlane",
    "StepTraceAnnotation",
    "TraceAnnotation",
    "annotate_function",
    "device_memory_profile",
    "register_subprocess",
    "save_device_memory_profile",
    "start_server",
    "start_trace",
    "stop_server",
    "stop_trace",
    "trace",
]

ProfileOptions = _profiler.ProfileOptions
"""What a trace collects: host_tracer_level, python_tracer_level, device_tracer_level,
enable_hlo_proto, ... are attributes."""


class _State:
    """The trace that is being taken, and the server."""

    session: Any = None
    folder: str = ""
    perfetto: bool = False
    link: bool = False
    server: Any = None


_PORT = 9001  # the one from which Perfetto's page may read


def start_trace(
    log_dir: str | os.PathLike,
    create_perfetto_link: bool = False,
    create_perfetto_trace: bool = False,
    profiler_options: Any = None,
) -> None:
    """Begin a trace of this process and its devices; `stop_trace` writes it.

    Args:
      log_dir: the folder to write below.
      create_perfetto_link: when the trace is written, print a link that opens it in
        ui.perfetto.dev, and wait until it has been followed.
      create_perfetto_trace: also write `perfetto_trace.json.gz`.
      profiler_options: `ProfileOptions` that say what to collect.

    Raises:
      RuntimeError: there is a trace already.
    """
    if _State.session is not None:
        raise RuntimeError(
            "start_trace: one trace can be taken at a time, and one has been started. "
            "Call stop_trace first."
        )
    devices()  # a trace of devices needs them
    options = () if profiler_options is None else (profiler_options,)
    _State.session = _profiler.ProfilerSession(*options)
    _State.folder = os.fspath(log_dir)
    _State.link = create_perfetto_link
    _State.perfetto = create_perfetto_trace or create_perfetto_link


def stop_trace() -> None:
    """End the trace that `start_trace` began, and write it.

    Raises:
      RuntimeError: there is no trace.
    """
    if _State.session is None:
        raise RuntimeError(
            "stop_trace: there is no trace to stop. Call start_trace first."
        )
    session, _State.session = _State.session, None
    session.stop_and_export(_State.folder)
    if _State.perfetto:
        path = _for_perfetto(_State.folder)
        if _State.link:
            _serve_once(path)


def _for_perfetto(folder) -> pathlib.Path:
    """The newest trace below a folder, copied to the name that Perfetto reads."""
    root = pathlib.Path(folder) / "plugins" / "profile"
    newest = max(root.iterdir(), key=lambda run: run.stat().st_mtime)
    (source,) = newest.glob("*.trace.json.gz")
    return pathlib.Path(shutil.copyfile(source, newest / "perfetto_trace.json.gz"))


def _serve_once(path):
    """Print a link to Perfetto's page, and serve it the file it asks for."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=path.parent)

        def end_headers(self):
            self.send_header("Access-Control-Allow-Origin", "*")
            super().end_headers()

        def do_GET(self):
            self.server.asked = self.path.strip("/") == path.name
            super().do_GET()

        def log_message(self, *args):
            """Nothing is said of requests."""

    socketserver.TCPServer.allow_reuse_address = True
    with socketserver.TCPServer(("127.0.0.1", _PORT), Handler) as server:
        server.asked = False
        address = f"http://127.0.0.1:{_PORT}/{path.name}"
        print(f"Open URL in browser: https://ui.perfetto.dev/#!/?url={address}")
        while not server.asked:
            server.handle_request()


@contextlib.contextmanager
def trace(
    log_dir: str | os.PathLike,
    create_perfetto_link: bool = False,
    create_perfetto_trace: bool = False,
    profiler_options: Any = None,
):
    """Take a trace of what happens inside `with`; arguments as for `start_trace`.

    Wait for results with `block_until_ready` before its end.
    """
    start_trace(log_dir, create_perfetto_link, create_perfetto_trace, profiler_options)
    try:
        yield
    finally:
        stop_trace()


class TraceAnnotation(_profiler.TraceMe):  # type: ignore[misc]
    """What happens inside `with` appears in traces under a name.

    Keywords become statistics of the event.

    >>> with TraceAnnotation("load", batch=3):
    ...     total = sum(range(10))
    """


class StepTraceAnnotation(TraceAnnotation):
    """A step of training, for which tools add up times; `step_num` is its number.

    >>> for step in range(2):
    ...     with StepTraceAnnotation("train", step_num=step):
    ...         total = sum(range(10))
    """

    def __init__(self, name: str, **kwargs: Any):
        super().__init__(name, _r=1, **kwargs)


def annotate_function(func: Callable, name: str | None = None, **decorator_kwargs: Any):
    """A function whose calls appear in traces, under its name or the one given.

    >>> @annotate_function
    ... def load():
    ...     return 3
    >>> load()
    3
    """
    label = name or getattr(func, "__qualname__", None) or repr(func)

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        with TraceAnnotation(label, **decorator_kwargs):
            return func(*args, **kwargs)

    return wrapper


def device_memory_profile(backend: str | None = None) -> bytes:
    """What holds memory of the devices now: a gzipped profile for `pprof`.

    `config.update("array_tracebacks", True)`, before the arrays are made, adds the
    Python stack that made each; noting it takes 0.3 us an operation.

    Args:
      backend: the platform, the default one without.
    """
    return gzip.compress(devices(backend)[0].client.heap_profile())


def save_device_memory_profile(
    filename: str | os.PathLike, backend: str | None = None
) -> None:
    """Write `device_memory_profile` to a file."""
    pathlib.Path(filename).write_bytes(device_memory_profile(backend))


def start_server(port: int, requires_backend: bool = True):
    """Start a server from which TensorBoard can take traces of this process.

    Args:
      port: where it listens.
      requires_backend: have the devices started first.

    Raises:
      ValueError: there is a server already.
    """
    if _State.server is not None:
        raise ValueError(
            "start_server: only one profiler server can be active, and one is. Call "
            "stop_server first."
        )
    if requires_backend:
        devices()
    _State.server = _profiler.start_server(port)
    return _State.server


def stop_server() -> None:
    """Stop the server that `start_server` started.

    Raises:
      ValueError: there is none.
    """
    if _State.server is None:
        raise ValueError("stop_server: there is no active profiler server.")
    _State.server = None


def register_subprocess(pid: int, port: int) -> Callable[[], None]:
    """Have traces include a process that runs a profiler server of its own.

    Returns:
      a function that undoes it; so does forgetting the function.
    """
    return _profiler.register_subprocess(pid, port)
