"""What minijax logs, and where it goes: the options about Python's `logging`.

All messages go to loggers below "minijax". `logging_level` sets the level of that
logger, `debug_log_modules` a list of loggers, separated by commas, that log everything.
While either is set, messages are written to standard error.
"""

import logging
import time
from typing import Any

from . import monitoring
from .config import config, on_change, state

root = logging.getLogger("minijax")
_handler = logging.StreamHandler()
_handler.setFormatter(
    logging.Formatter("%(levelname)s:%(asctime)s:%(name)s:%(lineno)d: %(message)s")
)
_compile = logging.getLogger("minijax.compile")
_verbose: list[logging.Logger] = []

# What listeners of `minijax.monitoring` are told of the steps that messages report.
_EVENTS = {
    "Finished tracing": "/jax/core/compile/jaxpr_trace_duration",
    "Finished lowering": "/jax/core/compile/jaxpr_to_mlir_module_duration",
    "Finished XLA compilation": "/jax/core/compile/backend_compile_duration",
}


def compiling(message: str, name: str, value: Any) -> None:
    """Log a step on the way to a program: a warning under the option `log_compiles`.

    Args:
      message: with places for the name and for `value`; a float is when the step
        began, and is shown as the seconds that it took.
    """
    if isinstance(value, float):
        value = time.perf_counter() - value
        for beginning, event in _EVENTS.items():
            if message.startswith(beginning):
                monitoring.record_step(event, value, name)
    level = logging.WARNING if state.log_compiles else logging.DEBUG
    if _compile.isEnabledFor(level):
        _compile.log(level, message, name, value)


def _set_level(level: str) -> None:
    root.setLevel(level)
    _place_handlers()


def _set_debugged(names: str | None) -> None:
    for logger in _verbose:
        logger.setLevel(logging.NOTSET)
        logger.removeHandler(_handler)
    _verbose[:] = [logging.getLogger(name) for name in (names or "").split(",") if name]
    for logger in _verbose:
        logger.setLevel(logging.DEBUG)
    _place_handlers()


def _place_handlers() -> None:
    """One handler where messages pass: at the root, or at loggers outside of it."""
    outside = [x for x in _verbose if not f"{x.name}.".startswith("minijax.")]
    inside = len(outside) < len(_verbose) or root.level != logging.NOTSET
    for logger, wanted in [(root, inside), *[(x, True) for x in outside]]:
        if wanted:
            logger.addHandler(_handler)
        else:
            logger.removeHandler(_handler)


on_change("logging_level", _set_level)
on_change("debug_log_modules", _set_debugged)
_set_level(config.jax_logging_level)
_set_debugged(config.jax_debug_log_modules)
