"""Loops spelled in other loops: `fori_loop`, `map`, `associative_scan`."""

from .while_loop import while_loop


def fori_loop(lower, upper, body_fun, init_val, *, unroll=None):
    _, out = while_loop(
        lambda state: state[0] < upper,
        lambda state: (state[0] + 1, body_fun(*state)),
        (lower, init_val),
    )
    return out
