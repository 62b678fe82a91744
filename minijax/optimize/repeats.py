"""Find stretches of a program that are written several times in a row.

A loop in Python writes its body once for each layer or step. The equations of a program
become numbers, equal ones for equal operations on equal types, and a stretch that
repeats with period p is a run of places where the number equals that p places later:

    1 2 3 4 2 3 4 2 3 4 5     period 3: three copies of (2 3 4), from place 1
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..core.jaxpr import Eqn
from ..core.literal import Literal

COPIES = 3  # fewer are not worth a search
PERIODS = 24  # the most frequent ones that are tried


class Run(NamedTuple):
    """`copies` stretches of `period` equations, one after the other."""

    start: int
    period: int
    copies: int
    slack: int = 0  # it may start as many places later, too

    @property
    def end(self) -> int:
        return self.start + self.period * self.copies

    @property
    def saved(self) -> int:
        """Equations that need not be compiled."""
        return self.period * (self.copies - 1)

    def copy(self, k: int) -> tuple[int, int]:
        """Where the stretch number k begins and ends."""
        return self.start + k * self.period, self.start + (k + 1) * self.period

    def part(self, first: int, copies: int) -> "Run":
        """Some of the copies, from number `first`."""
        return Run(self.start + first * self.period, self.period, copies)


def numbered(eqns: Sequence[Eqn]) -> tuple[np.ndarray, list[Eqn]]:
    """A number for each equation, and for each number an equation."""
    numbers: dict = {}
    first: list[Eqn] = []
    found = []
    for eqn in eqns:
        key = (
            eqn.primitive,
            tuple(eqn.params.values()),
            tuple([x if type(x) is Literal else x.aval for x in eqn.invars]),
            tuple([v.aval for v in eqn.outvars]),
        )
        try:
            number = numbers.setdefault(key, len(first))
        except TypeError:  # a parameter that cannot be hashed: like no other
            number = len(first)
            numbers[number] = number
        if number == len(first):
            first.append(eqn)
        found.append(number)
    return np.array(found, np.int64), first


def find_runs(numbers: np.ndarray, least: int) -> list[Run]:
    """Runs that do not overlap, in order, each saving at least so many equations."""
    candidates = [
        run
        for period in _periods(numbers)
        for run in _runs_of(numbers, period)
        if run.saved >= least
    ]
    # The most saving first; among equals the shorter period, which has more copies.
    candidates.sort(key=lambda run: (-run.saved, run.period))
    taken = np.zeros(len(numbers), bool)
    chosen = []
    for run in candidates:
        if not taken[run.start : run.end + run.slack].any():
            taken[run.start : run.end + run.slack] = True
            chosen.append(run)
    return sorted(chosen)


def _periods(numbers: np.ndarray) -> list[int]:
    """The most frequent distances from a number to the next of its kind."""
    last: dict[int, int] = {}
    gaps: Counter = Counter()
    for place, number in enumerate(numbers.tolist()):
        if number in last:
            gaps[place - last[number]] += 1
        last[number] = place
    return [gap for gap, _ in gaps.most_common(PERIODS)]


def _runs_of(numbers: np.ndarray, period: int) -> list[Run]:
    """Runs of one period, with at least `COPIES` copies."""
    equal = np.zeros(len(numbers) - period + 2, np.int8)
    equal[1:-1] = numbers[:-period] == numbers[period:]
    steps = np.diff(equal)
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    runs = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        copies = (end - start) // period + 1
        if copies >= COPIES:
            runs.append(Run(start, period, copies, (end - start) % period))
    return runs
