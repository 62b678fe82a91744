"""Find stretches of a program that are written several times in a row.

A loop in Python writes its body once for each layer or step. The equations of a program
become numbers, equal ones for equal operations on equal types, and a stretch that
repeats with period p is a run of places where the number equals that p places later:

    1 2 3 4 2 3 4 2 3 4 5     period 3: three copies of (2 3 4), from place 1
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..core.jaxpr import Eqn, Var
from ..core.literal import Literal

Stretch = tuple[tuple[int, int], ...]  # some equations: where each part begins and ends

COPIES = 3  # fewer are not worth a search
PERIODS = 32  # that are tried
AHEAD = 6  # how often a number may occur in a stretch, at most


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
    """The distances between equal numbers that most speaks for, in equations saved.

    A number may occur several times in a stretch, so not only the next is looked at.
    """
    order = np.argsort(numbers, kind="stable")  # the places of each number, in turn
    spoken = np.zeros(len(numbers))
    for ahead in range(1, AHEAD + 1):
        same = numbers[order[ahead:]] == numbers[order[:-ahead]]
        gaps = (order[ahead:] - order[:-ahead])[same]
        spoken += np.bincount(gaps, minlength=len(numbers)) / ahead
    spoken *= np.arange(len(numbers))
    best = np.argsort(-spoken, kind="stable")[:PERIODS]
    return best[spoken[best] > 0].tolist()


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


class Wiring:
    """Which value each operand is, as numbers; values are numbered as they are set."""

    def __init__(self, eqns: Sequence[Eqn]):
        self.numbers, self.kinds = numbered(eqns)
        self.operands = [x for eqn in eqns for x in eqn.invars if type(x) is Var]
        self.made = [v for eqn in eqns for v in eqn.outvars]
        value = {v: k for k, v in enumerate(self.made)}
        self.reads = np.array([value.get(x, -1) for x in self.operands], np.int64)
        # Where the operands and the results of each equation begin in these lists.
        self.reading = self._starts(lambda e: sum([type(x) is Var for x in e.invars]))
        self.setting = self._starts(lambda e: len(e.outvars))
        self._live: np.ndarray | None = None

    def per_equation(self, measure: Callable[[Eqn], float]) -> np.ndarray:
        """What a function of an equation gives for each, asked once for equal ones."""
        return np.array([measure(eqn) for eqn in self.kinds])[self.numbers]

    def _starts(self, count: Callable[[Eqn], int]) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.per_equation(count))])

    # Stretches

    def places(self, stretch: Stretch) -> np.ndarray:
        """Where the operands of a stretch are."""
        ends = [(self.reading[start], self.reading[end]) for start, end in stretch]
        return np.concatenate([np.arange(*each) for each in ends])

    def inside(self, stretch: Stretch) -> np.ndarray:
        """Which value of the stretch each operand is, -1 for those from outside."""
        reads = self.reads[self.places(stretch)]
        found = np.full(len(reads), -1)
        offset = 0
        for start, end in stretch:
            first, last = self.setting[start], self.setting[end]
            mine = (reads >= first) & (reads < last)
            found[mine] = reads[mine] - first + offset
            offset += last - first
        return found

    def outer(self, stretch: Stretch) -> list[Var]:
        """The operands of a stretch that are set outside of it, as they are read."""
        places = self.places(stretch)[self.inside(stretch) < 0]
        return [self.operands[k] for k in places.tolist()]

    def made_in(self, stretch: Stretch) -> list[Var]:
        """The values that a stretch sets."""
        ends = [(self.setting[start], self.setting[end]) for start, end in stretch]
        return [v for first, last in ends for v in self.made[first:last]]

    def reads_from(self, stretch: Stretch, others: Sequence[Stretch]) -> bool:
        """Whether a stretch reads what others set."""
        reads = self.reads[self.places(stretch)]
        ends = [
            (self.setting[start], self.setting[end])
            for other in others
            for start, end in other
        ]
        return any(((reads >= a) & (reads < b)).any() for a, b in ends)

    # Runs

    def aligned(self, run: Run) -> Run | None:
        """The run from where the least is handed on, as far as its copies are equal."""
        live = self.live_bytes()
        starts = range(run.start, run.start + run.slack + 1)
        bounds = np.arange(run.copies + 1) * run.period
        start = min(starts, key=lambda k: live[k + bounds].sum())
        run = Run(start, run.period, run.copies)
        inside = [self.inside((run.copy(k),)) for k in range(run.copies)]
        first = length = begin = 0
        for k in range(run.copies):
            if not np.array_equal(inside[k], inside[begin]):
                begin = k
            if k + 1 - begin > length:
                first, length = begin, k + 1 - begin
        return run.part(first, length) if length >= COPIES else None

    def live_bytes(self) -> np.ndarray:
        """Before each equation, the bytes of results of others that are still read."""
        if self._live is None:
            count = len(self.numbers)
            setter = np.repeat(np.arange(count), np.diff(self.setting))
            reader = np.repeat(np.arange(count), np.diff(self.reading))
            last = np.arange(count)
            known = self.reads >= 0
            np.maximum.at(last, setter[self.reads[known]], reader[known])
            n_bytes = self.per_equation(
                lambda e: sum([v.aval.size * v.aval.dtype.itemsize for v in e.outvars])
            )
            steps = np.zeros(count + 2)
            np.add.at(steps, np.arange(count) + 1, n_bytes)
            np.add.at(steps, last + 1, -n_bytes)
            self._live = np.cumsum(steps)[:-1]
        return self._live

    def joined(self, runs: Sequence[Run]) -> list[list[Run]]:
        """Runs in groups whose copies of one number are one stretch.

        An optimiser updates one moment of every layer, then the other, then the
        parameters: three runs that belong together, layer by layer.
        """
        groups: list[list[Run]] = []
        for run in sorted(runs):
            earlier = [group for group in groups if self._continues(group, run)]
            together = sorted([r for group in earlier for r in group])
            if earlier and self._are_equal([*together, run]):
                groups = [group for group in groups if group not in earlier]
                groups.append([*together, run])
            else:
                groups.append([run])
        return groups

    def _continues(self, group: list[Run], run: Run) -> bool:
        """Whether copies of a run may follow at once on those of earlier ones."""
        if group[-1].copies != run.copies:
            return False
        # What is between them comes before them, so it must not need them.
        between = self.reads[self.places(((group[-1].end, run.start),))]
        if any(self._copies_read(earlier, between).size for earlier in group):
            return False
        linked = False
        for k in range(run.copies):
            reads = self.reads[self.places((run.copy(k),))]
            for earlier in group:
                copies = self._copies_read(earlier, reads)
                if (copies > k).any():
                    return False
                linked |= bool((copies == k).any())
        return linked

    def _are_equal(self, runs: list[Run]) -> bool:
        """Whether the copies of one number are wired alike in all numbers."""
        copies = zip(*[map(run.copy, range(run.copies)) for run in runs], strict=True)
        first, *others = map(self.inside, copies)
        return all(np.array_equal(first, other) for other in others)

    def _copies_read(self, run: Run, reads: np.ndarray) -> np.ndarray:
        """The copies of a run that set some of the values that are read."""
        first, last = self.setting[run.start], self.setting[run.end]
        mine = reads[(reads >= first) & (reads < last)]
        return (mine - first) // ((last - first) // run.copies)
