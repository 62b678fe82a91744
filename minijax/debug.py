"""Looking into programs while they run: `minijax.debug` is `jax.debug`.

    debug.print("x = {}", x)       prints the value that x has when the program runs
    debug.callback(plot, x)        calls a function with it

Both work in every transformation: derivatives pass them by, `vmap` does them for each
member, loops in each step. `minijax.effects_barrier()` waits until they are done.
"""

import functools
import logging
from builtins import print as _print
from collections.abc import Callable

from .control.callback import FieldsOnly, debug_callback
from .shard_pictures import (
    inspect_array_sharding as inspect_array_sharding,
)
from .shard_pictures import (
    visualize_array_sharding as visualize_array_sharding,
)
from .shard_pictures import (
    visualize_sharding as visualize_sharding,
)

__all__ = [
    "breakpoint",
    "callback",
    "inspect_array_sharding",
    "log",
    "print",
    "visualize_array_sharding",
    "visualize_sharding",
]

_logger = logging.getLogger("minijax.debug")


def callback(
    callback: Callable | None = None,
    *args,
    ordered: bool = False,
    partitioned: bool = False,
    **kwargs,
):
    """Call `callback(*args, **kwargs)` when a program runs; its result is ignored.

    Without a callback it returns a function of one and its arguments.

    Args:
      args, kwargs: trees; arrays and numbers arrive as arrays, other leaves as they
        are.
      ordered: keep the order of the program among all ordered callbacks. Without it
        calls of one program may come in any order.

    >>> seen = []
    >>> jit(lambda x: callback(lambda v: seen.append(float(v)), x))(2.0)
    >>> effects_barrier()
    >>> seen
    [2.0]
    """
    _refuse_partitioned("debug.callback", partitioned)

    def call(callback, *args, **kwargs):
        debug_callback("debug.callback", callback, args, kwargs, ordered)

    return call if callback is None else call(callback, *args, **kwargs)


def print(
    fmt: str | None = None,
    *args,
    ordered: bool = False,
    partitioned: bool = False,
    skip_format_check: bool = False,
    _use_logging: bool = False,
    **kwargs,
):
    """Print `fmt.format(*args, **kwargs)` when a program runs.

    Without a format string it returns a function of one and its arguments.

    Args:
      fmt: a format string, not an f-string: that would show tracers.
      ordered: keep the order of the program among all ordered callbacks.
      skip_format_check: do not ask that every argument is used.

    >>> jit(lambda x: print("x = {:.2f}, twice {y}", x, y=2 * x))(1.5)
    x = 1.50, twice 3.0
    """
    _refuse_partitioned("debug.print", partitioned)

    def call(fmt, *args, **kwargs):
        if not skip_format_check:
            _check_format(fmt, args, kwargs)
        show = _shows(fmt, _logger.info if _use_logging else _print)
        debug_callback("debug.print", show, args, kwargs, ordered)

    return call if fmt is None else call(fmt, *args, **kwargs)


def _shows(fmt, write):
    """A function that writes its arguments as the format string says."""

    def show(*args, **kwargs):
        write(fmt.format(*args, **kwargs))

    show.__name__ = repr(fmt)
    return show


log = functools.partial(print, _use_logging=True)
"""Like `print`, through the logger "minijax.debug" at level INFO."""


class _Strict(FieldsOnly):
    """Also asks that every argument is used."""

    def check_unused_args(self, used_args, args, kwargs):
        unused = [k for k in range(len(args)) if k not in used_args]
        if unused:
            raise ValueError(
                f"debug.print: every argument must be used, but positions {unused} are "
                "not in the format string. Add {} for each; an f-string would show "
                "tracers."
            )
        unused = sorted(set(kwargs) - set(used_args))
        if unused:
            raise ValueError(
                f"debug.print: every argument must be used, but keywords {unused} are "
                "not in the format string. Is it an f-string? Pass a plain one, and "
                "debug.print fills it in when the program runs."
            )


def _check_format(fmt, args, kwargs):
    if not isinstance(fmt, str):
        raise TypeError(
            f"debug.print: the first argument must be a format string, got {fmt!r:.60} "
            f'of type {type(fmt).__name__}. Write debug.print("{{}}", x).'
        )
    _Strict().format(fmt, *args, **kwargs)


def _refuse_partitioned(where, partitioned):
    if partitioned:
        raise NotImplementedError(
            f"{where}: partitioned=True is not supported: the callback gets whole "
            "arrays, once. Leave it out."
        )


def breakpoint(*, backend=None, filter_frames=True, num_frames=None, **kwargs):
    """Not available: compiled programs cannot be stepped through.

    Raises:
      NotImplementedError: always.
    """
    raise NotImplementedError(
        "debug.breakpoint: there is no debugger of running programs. Print values with "
        "debug.print, or run the function under minijax.disable_jit() and use Python's "
        "own breakpoint() there."
    )
