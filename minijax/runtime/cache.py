"""Executables on disk, kept from one process to the next.

    load_or_compile(module, devices, options)  ->  executable

An executable is a file in a folder of the user's, named by the hash of everything that
decides its code: the text of the program, the compiler with its options and what it
reads from the environment, the devices. jaxlib checks none of that when it loads one.

A file is a header (`_HEADER`) and what jaxlib's `serialize` gives. It is written under
another name and renamed, so a reader finds a whole entry or none, however many
processes take part; the hash in the header tells damage and foreign files. Nothing that
is wrong with the folder or a file stops a program: it is reported, and XLA compiles.
docs/design/disk-cache.md has the reasons.
"""

import contextlib
import errno
import functools
import importlib
import logging
import os
import platform
import stat
import struct
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator

from .. import errors, monitoring
from ..config import config
from . import client

logger = logging.getLogger("minijax.cache")

# What an entry begins with: magic, version of the format, key, length and hash of the
# executable that follows.
_HEADER = struct.Struct("<8sI32sQ32s")
_MAGIC = b"minijax\x00"
# Raise it when entries of older versions of minijax must not be used any more.
_FORMAT = 1
_SUFFIX, _UNFINISHED = ".executable", ".unfinished"
# A file under its first name that is older (seconds) was left by a process that died.
_ABANDONED = 3600.0
# The folder is looked through about once every time this part of the bound was written.
_LOOKS = 32
# Seconds that the thread which writes waits for more, to write many at a time.
_DELAY = 0.3


@functools.cache
def _sha256() -> Callable:
    # On demand, because OpenSSL would take a hundredth of the time to import minijax.
    return importlib.import_module("hashlib").sha256


# Keys


def key_of(module, devices, options) -> bytes:
    """The hash of all that decides the code of an executable."""
    if config.jax_compilation_cache_include_metadata_in_key:
        program = module.text
    else:
        program = module.key
    digest = _sha256()()
    for part in (
        program.encode(),
        client.serialize_options(options),
        client.description(devices).encode(),
        surroundings().encode(),
    ):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


# Flags; how many threads a program is cut for; the arithmetic of NVIDIA's libraries.
_VARIABLES = (
    *("XLA_FLAGS", "LIBTPU_INIT_ARGS", "NPROC", "PJRT_NPROC"),
    "NVIDIA_TF32_OVERRIDE",
)


@functools.cache
def surroundings() -> str:
    """What decides code besides program, options and devices, as this process found it.

    XLA reads its environment once, when it starts, and so does this. The number of
    processors is part of it: XLA cuts a program for as many threads.
    """
    variables = [f"{name}={os.environ.get(name)}" for name in _VARIABLES]
    machine = f"{sys.platform} {platform.machine()}, {_usable_cores()} cores"
    return "\n".join([machine, *variables])


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# The folder


def default_folder() -> str | None:
    """The folder for entries if no option names one; None without a home directory."""
    home = os.path.expanduser("~")
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME")
        if not base or not os.path.isabs(base):
            base = os.path.join(home, ".cache")
    if not base or not os.path.isabs(base):
        return None
    return os.path.join(base, "minijax", "executables")


def folder_path() -> str | None:
    """Where entries are kept under the options in force; None if nowhere.

    In a folder named by `jax_compilation_cache_dir` that is a folder of its own for
    each user, since such a folder is often open to others.
    """
    if not config.jax_enable_compilation_cache:
        return None
    if config.jax_compilation_cache_max_size == 0:
        return None
    chosen = config.jax_compilation_cache_dir
    if not chosen:
        return default_folder()
    own = f"minijax-{os.geteuid()}" if hasattr(os, "geteuid") else "minijax"
    return os.path.join(os.path.abspath(os.path.expanduser(chosen)), own)


def folder() -> "Folder | None":
    """The folder in use, made if need be; None if there is none or it is refused."""
    path = folder_path()
    return None if path is None else _opened(path)


@functools.cache
def _opened(path: str) -> "Folder | None":
    chosen = config.jax_compilation_cache_dir
    if chosen and "://" in chosen:
        _report(f"{chosen} is not a local directory")
        return None
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        found = os.stat(path)
    except OSError as error:
        if chosen:
            _report(f"{path} cannot be used: {error}", error)
        else:  # nobody asked for it: a home directory that cannot be written is usual
            logger.info("no disk cache: %s cannot be made: %s", path, error)
        return None
    flaw = _danger(found)
    if flaw:
        _report(f"{path} is not used: it {flaw}. Remove it, or make it yours alone")
        return None
    return Folder(path)


def forget_folders() -> None:
    """Examine the folder again, which was perhaps full or not the user's own."""
    _opened.cache_clear()


def _danger(found: os.stat_result) -> str | None:
    """Why a file or folder is not to be trusted: an executable is code."""
    if not hasattr(os, "geteuid"):
        return None  # Windows keeps other users out of a user's profile
    if found.st_uid != os.geteuid():
        return f"belongs to user {found.st_uid}"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"can be written by others (mode {stat.filemode(found.st_mode)})"
    return None


class Folder:
    """The entries in one folder."""

    def __init__(self, path: str):
        self.path = path
        self.is_writable = True

    def place(self, key: bytes) -> str:
        """The path of an entry."""
        return os.path.join(self.path, key.hex() + _SUFFIX)

    def read(self, key: bytes) -> bytes | None:
        """The executable stored under a key, if it is there and sound."""
        path = self.place(key)
        try:
            with open(path, "rb") as file:
                flaw, data = _danger(os.fstat(file.fileno())), file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            _report(f"{path} cannot be read: {error}", error)
            return None
        flaw = flaw or _damage(data, key)
        if flaw:
            _report(f"{path} is not used: it {flaw}")
            return None
        with contextlib.suppress(OSError):  # only the order of eviction depends on it
            os.utime(path)
        return data[_HEADER.size :]

    def write(self, key: bytes, payload: bytes) -> None:
        """Store an executable, unless the options say not to."""
        bound = config.jax_compilation_cache_max_size
        size = _HEADER.size + len(payload)
        small = size < config.jax_persistent_cache_min_entry_size_bytes
        if small or 0 <= bound < size or not self.is_writable:
            return
        checksum = _sha256()(payload).digest()
        header = _HEADER.pack(_MAGIC, _FORMAT, key, len(payload), checksum)
        # Looking each time would be slow in a large folder and counting would need a
        # lock between processes. The checksum is as good as a random number.
        draw = int.from_bytes(checksum[:8], "little") / 2**64
        try:
            self._replace(self.place(key), header + payload)
            if bound >= 0 and draw * bound < _LOOKS * size:
                self.make_room(bound)
        except FileNotFoundError:
            return  # another process has cleared the folder meanwhile
        except OSError as error:
            self.is_writable = False
            self._report_failed_write(error)

    def _replace(self, path: str, data: bytes) -> None:
        unfinished = f"{path}-{os.getpid()}-{threading.get_ident()}{_UNFINISHED}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
        os.makedirs(self.path, mode=0o700, exist_ok=True)  # it may have been cleared
        try:
            with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as file:
                file.write(data)
            os.replace(unfinished, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)
            raise

    def _report_failed_write(self, error: OSError) -> None:
        if config.jax_raise_persistent_cache_errors:
            raise error
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "Make room" if full else "Make it writable"
        # Not a warning: those may be exceptions, and this is a thread of its own.
        logger.warning(
            "disk cache: nothing more is written to %s: %s. %s, or set "
            "JAX_ENABLE_COMPILATION_CACHE=false.",
            *(self.path, error, advice),
        )

    def entries(self) -> Iterator[tuple[float, int, str]]:
        """The entries, each as the time of its last use, its size and its path."""
        yield from self._files(_SUFFIX)

    def _files(self, suffix: str) -> Iterator[tuple[float, int, str]]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self.path) as found:
            for file in found:
                if file.name.endswith(suffix) and file.is_file():
                    # Another process may have removed it in the meantime.
                    with contextlib.suppress(FileNotFoundError):
                        known = file.stat(follow_symlinks=False)
                        yield known.st_mtime, known.st_size, file.path

    def make_room(self, bound: int) -> None:
        """Remove the entries not used for longest, until the rest fit well."""
        entries = sorted(self.entries())
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= bound - bound // _LOOKS:
                break
            _remove(path)
            total -= size
        for used, _, path in self._files(_UNFINISHED):
            if used < time.time() - _ABANDONED:
                _remove(path)

    def clear(self) -> int:
        """Remove all entries; returns how many there were."""
        paths = [path for _, _, path in self.entries()]
        for path in paths:
            _remove(path)
        for _, _, path in self._files(_UNFINISHED):
            _remove(path)
        return len(paths)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        os.unlink(path)


def _damage(data: bytes, key: bytes) -> str | None:
    """What is wrong with the content of an entry."""
    if not data.startswith(_MAGIC):
        return "is no entry of this cache"
    if len(data) < _HEADER.size:
        return "is truncated"
    _, version, named, length, checksum = _HEADER.unpack_from(data)
    payload = memoryview(data)[_HEADER.size :]
    if version != _FORMAT:
        return f"has format {version} instead of {_FORMAT}"
    if named != key:
        return "is the entry of another program"
    if len(payload) != length:
        return f"holds {len(payload)} of {length} bytes"
    if _sha256()(payload).digest() != checksum:
        return "is damaged"
    return None


def _report(flaw: str, error: OSError | None = None) -> None:
    if config.jax_raise_persistent_cache_errors:
        raise error or errors.JaxRuntimeError(f"disk cache: {flaw}.")
    warnings.warn(f"disk cache: {flaw}.", stacklevel=2)


# Writing


class Writer:
    """Does jobs in a thread of its own that lives while there are any.

    The interpreter waits for the thread when it exits, so nothing is lost.
    """

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, job: Callable[[], None]) -> None:
        """Have a job done soon."""
        with self._lock:
            self._jobs.append(job)
            if self._thread is not None:
                return
            self._thread = threading.Thread(
                target=self._work, name="minijax-disk-cache", daemon=False
            )
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is exiting, or there are no threads
            self.flush()

    def flush(self) -> None:
        """Return when all jobs are done."""
        while self._do_one():
            continue

    def _work(self) -> None:
        # Ends at once when the program does.
        threading.main_thread().join(_DELAY)
        try:
            self.flush()
        finally:
            with self._lock:
                self._thread = None

    def _do_one(self) -> bool:
        with self._turn:
            with self._lock:
                if not self._jobs:
                    self._thread = None
                    return False
                job = self._jobs.popleft()
            job()
            return True


writer = Writer()


# What the compiler calls


def is_persistent(module, devices, options) -> bool:
    """Whether another process could use the executable, and none of its making is lost.

    Not programs that call Python functions of this process, that span processes, or
    whose compilation XLA is asked to write down.
    """
    return not (
        module.callbacks
        or client.spans_processes(devices)
        or client.asks_for_dumps(options)
    )


def load_or_compile(module, devices, options):
    """The executable of a module: from disk if it is there, else compiled."""
    entries = folder()
    if entries is None or not is_persistent(module, devices, options):
        return client.compile_and_load(module.text, devices, options)
    key = key_of(module, devices, options)
    payload = entries.read(key)
    if payload is not None:
        try:
            executable = client.deserialize(payload, devices, options)
            monitoring.record_event("/jax/compilation_cache/cache_hits")
            return executable
        except client.XlaRuntimeError as error:
            _report(f"{entries.place(key)} cannot be loaded: {error}")
    monitoring.record_event("/jax/compilation_cache/cache_misses")
    start = time.perf_counter()
    executable = client.compile_and_load(module.text, devices, options)
    seconds = time.perf_counter() - start
    if seconds >= config.jax_persistent_cache_min_compile_time_secs:
        _store(entries, key, executable)
    return executable


def _store(entries: Folder, key: bytes, executable) -> None:
    """Have an executable written that has not run yet."""
    try:
        # Now, because XLA cannot serialize a sort that has run.
        payload = client.serialize(executable)
    except client.XlaRuntimeError as error:
        logger.info("not kept on disk: %s", error)
        return
    if config.jax_raise_persistent_cache_errors:
        entries.write(key, payload)
    else:
        writer.put(functools.partial(entries.write, key, payload))
