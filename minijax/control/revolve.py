"""Going through a loop backwards in bounded memory: which states to keep.

The states s_0, s_1 = up(s_0), ..., s_{n-1} are wanted in reverse, and only a few can be
kept. From the last state kept, go on to the one wanted, keeping some on the way; when a
state has been used, its place is free again. With 3 places and 8 steps:

    kept 0 3 6   wanted 7       from 6, one step
    kept 0 3 6   wanted 6
    kept 0 3     wanted 5       from 3, keeping 4, two steps
    ...

How far apart to keep them is the binomial rule of A. Griewank and A. Walther,
"Algorithm 799: revolve", ACM TOMS 26 (2000): the total of steps is the least possible.
It needs n, which a first run of the loop has counted.
"""

from typing import Any, NamedTuple

import numpy as np

from ..core.literal import aval_of
from ..primitives.elementwise import bitwise_and, div, eq, gt, lt, max, min, select
from ..primitives.index import dynamic_index_in_dim, dynamic_update_index_in_dim
from ..primitives.shape import broadcast_in_dim

ZERO, ONE = np.int32(0), np.int32(1)
LARGEST = np.int32(np.iinfo(np.int32).max)

# The memory for kept states where the user does not say how many, in bytes; and the
# bounds within which their number stays.
MEMORY = 1 << 26
FEWEST, MOST = 8, 1024


def default_places(avals) -> int:
    """How many states of the given types to keep."""
    n_bytes = sum(aval.size * aval.dtype.itemsize for aval in avals)
    return int(np.clip(MEMORY // np.maximum(n_bytes, 1), FEWEST, MOST))


def unwind(loop, n, up, down, state, bars, places: int):
    """Run `bars = down(s_k, bars)` for k = n-1, ..., 0, where s_{k+1} = up(s_k).

    Args:
      loop: `loop(cond, body, carry)` runs a while loop.
      n: how many steps, i32[].
      up, down: functions of lists of arrays.
      state: s_0.
      bars: what `down` carries along.
      places: how many states are kept at most.
    """

    def turn(carry):
        last, kept, bars = carry
        state, kept = _reach(loop, up, last, kept, places)
        return last - ONE, _released(kept, last), down(state, bars)

    carry = n - ONE, _keep_first(state, places), bars
    return loop(lambda carry: carry[0] >= ZERO, turn, carry)[2]


class _Kept(NamedTuple):
    """A stack of states; the row behind the last place takes what is not kept."""

    top: Any  # i32[]
    steps: Any  # i32[places + 1], the k of each s_k
    states: list  # [places + 1, ...] each


def _keep_first(state, places):
    def rows(x):
        shape = aval_of(x).shape
        axes = tuple(range(1, len(shape) + 1))
        return broadcast_in_dim(x, (places + 1, *shape), axes)

    return _Kept(ZERO, rows(ZERO), [rows(x) for x in state])


def _row(xs, k):
    return dynamic_index_in_dim(xs, k, 0, keepdims=False, allow_negative_indices=False)


def _replaced(xs, x, k):
    return dynamic_update_index_in_dim(xs, x, k, 0, allow_negative_indices=False)


def _reach(loop, up, last, kept, places):
    """The state of step `last`, and the stack with what was kept on the way."""

    def go_on(carry):
        step, state, kept = carry
        distance = stride(loop, last + ONE - step, np.int32(places) - kept.top)
        state = _repeat(loop, distance, up, state)
        return step + distance, state, _with(kept, step + distance, state, places)

    step = _row(kept.steps, kept.top)
    state = [_row(xs, kept.top) for xs in kept.states]
    carry = step, state, kept
    _, state, kept = loop(lambda carry: lt(carry[0], last), go_on, carry)
    return state, kept


def _repeat(loop, times, up, state):
    def turn(carry):
        k, state = carry
        return k + ONE, up(state)

    return loop(lambda carry: lt(carry[0], times), turn, (ZERO, state))[1]


def _with(kept, step, state, places):
    """The stack with one more state, if there is a place for it."""
    row = kept.top + ONE
    return _Kept(
        min(row, np.int32(places - 1)),
        _replaced(kept.steps, step, row),
        [_replaced(xs, x, row) for xs, x in zip(kept.states, state, strict=True)],
    )


def _released(kept, last):
    """The stack without the state of step `last`, if it is there."""
    used = eq(_row(kept.steps, kept.top), last)
    return kept._replace(top=select(used, kept.top - ONE, kept.top))


def stride(loop, length, places):
    """How far from a kept state the next one is kept.

    With s places, that of the first state included, and no step taken more than r times
    before it is needed, one can go back through C(s + r, s) steps. For the least r that
    suffices, the stretch is cut into one that does with r - 1, and one that does with
    s - 1. A total of r length - C(s + r, s + 1) steps is taken, and none can be saved.

    Args:
      length: the number of steps to go back through, at least 2.
      places: s, counting the place of the first state; with 1 nothing more is kept.
    """

    def widen(carry):
        r, _, _, reach, right = carry
        r = r + ONE
        factor = places - ONE + r
        # C(s - 1 + r, r), cut off where only `reach >= length` matters.
        product = div(right * min(factor, div(LARGEST, right)), r)
        wider = min(
            select(gt(factor, div(LARGEST, right)), length, product), length - reach
        )
        return r, reach, right, reach + wider, wider

    def too_short(carry):
        return bitwise_and(lt(carry[3], length), gt(places, ONE))

    carry = loop(too_short, widen, (ZERO, ONE, ONE, ONE, ONE))
    _, reach, right, _, _ = carry
    nearest = max(min(reach, length - right), ONE)
    return select(gt(places, ONE), nearest, length - ONE)
