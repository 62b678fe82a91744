"""The disk cache of compiled programs: where it is, how large, and how to empty it.

    python -m minijax.cache            where it is and what it holds
    python -m minijax.cache --clear    empty it

It works by itself. `jax_enable_compilation_cache` switches it off,
`jax_compilation_cache_dir` says where it is and `jax_compilation_cache_max_size` how
many bytes it may hold; each is an option of `minijax.config` and, in capitals, a
variable of the environment.
"""

import argparse
import sys
from typing import NamedTuple

from .runtime.cache import Folder, folder_path, writer

__all__ = ["Usage", "clear", "flush", "folder", "usage"]


class Usage(NamedTuple):
    """What the cache holds."""

    entries: int
    n_bytes: int


def folder() -> str | None:
    """The folder in which compiled programs are kept; None if the cache is off."""
    return folder_path()


def usage() -> Usage:
    """How many programs the cache holds, and their size."""
    path = folder()
    sizes = [] if path is None else [size for _, size, _ in Folder(path).entries()]
    return Usage(len(sizes), sum(sizes))


def flush() -> None:
    """Return when all programs compiled so far are on disk.

    A process does it when it exits. One that is to be killed can do it before.
    """
    writer.flush()


def clear() -> int:
    """Remove all programs from the disk; returns how many there were.

    Those that this process has loaded stay in memory until `minijax.clear_caches()`.
    """
    flush()
    path = folder()
    return 0 if path is None else Folder(path).clear()


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m minijax.cache",
        description="The disk cache of compiled programs.",
    )
    parser.add_argument("--clear", action="store_true", help="empty it")
    wanted = parser.parse_args(arguments)
    if folder() is None:
        print("The disk cache is off.")
    elif wanted.clear:
        print(f"Removed {clear()} programs from {folder()}.")
    else:
        entries, n_bytes = usage()
        print(f"{folder()}: {entries} programs, {n_bytes / 1e6:.1f} MB.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
