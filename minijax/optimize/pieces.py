"""Cut a long program into pieces, many of which are equal and compiled once.

XLA compiles the twelve layers of a network, which a loop in Python has written, as if
they had nothing in common. Here each becomes a program of its own:

    { lambda ; a b1 b2 b3. let c = sin a; d = mul c b1; e = sin d; f = mul e b2;
      g = sin f; h = mul g b3 in (h,) }

is three times `{ lambda ; x y. let s = sin x; z = mul s y in (z,) }`, on (a, b1),
(d, b2) and (f, b3). A piece takes whatever variables of the whole it reads and returns
those that are read after it; what costs nothing to compute again is not handed on.
Equal pieces have one `closed` program, by identity.

A call then costs a launch for each piece, so a program is cut only if it computes long
enough for that to be nothing, and if it has enough to save. docs/design/pieces.md has
the measurements.
"""

from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np

from ..core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var
from ..core.literal import Literal
from .dead_code import acts
from .fusion import FUSIBLE, ONCE, REDUCTIONS, REPEATED
from .inlining import inline_calls
from .repeats import COPIES, Run, Stretch, Wiring, find_runs

LAUNCH = 15e-6  # seconds that a piece costs in each call
SHARE = 0.03  # of the time of a call that launches may take
FEWEST = 2000  # equations that are saved, or it is not worth it
LEAST = 200  # the same for runs that belong together
SHORT = 60  # the same for one run that may belong to others
OPERATION = 0.08e-9  # seconds for one element of an elementwise operation
FLOP = 0.01e-9  # in a product of arrays or a convolution
SMALL = 4096  # elements; so few are computed again whatever the operation
RECOMPUTED = 8  # equations, at most, for one input of a piece

_PRODUCTS = frozenset(["dot_general", "conv_general_dilated"])
_FUSED = FUSIBLE | REDUCTIONS
_CHEAP = frozenset(name for name, operations in REPEATED.items() if operations <= 1)


class Piece(NamedTuple):
    """A stretch of a program: what it computes, and on which variables."""

    closed: ClosedJaxpr
    invars: list[Var]  # of the whole program, for those of `closed`
    outvars: list[Var]  # the same; some may be read by nobody


class Pieces(NamedTuple):
    """A program in pieces, to be run in order."""

    whole: ClosedJaxpr
    pieces: list[Piece]
    results: list[Var]


def cut_into_pieces(closed: ClosedJaxpr) -> Pieces | None:
    """The program in pieces, or None if it is better compiled as a whole."""
    if acts(closed.effects):
        return None
    return closed.remember("pieces", lambda: _cut(closed))


def _cut(closed):
    flat = inline_calls(closed)
    if len(flat.eqns) < FEWEST or _glance(flat.eqns) * SHARE < COPIES * LAUNCH:
        return None
    wiring = Wiring(flat.eqns)
    found = find_runs(wiring.numbers, SHORT)
    runs = [run for run in map(wiring.aligned, found) if run is not None]
    groups = _worthwhile(wiring.joined(runs), wiring.per_equation(seconds_of).sum())
    return _Cutter(flat, wiring).cut(groups) if groups else None


# What is worth a cut


def seconds_of(eqn: Eqn) -> float:
    """Roughly how long an equation computes; too little rather than too much."""
    size = sum([v.aval.size for v in eqn.outvars])
    if eqn.primitive.name == "dot_general":
        (contract, _), _ = eqn.params["dimension_numbers"]
        shape = eqn.invars[0].aval.shape
        return FLOP * 2 * size * float(np.prod([shape[d] for d in contract]))
    if eqn.primitive.name == "conv_general_dilated":
        window = eqn.invars[1].aval
        features = eqn.params["dimension_numbers"].rhs_spec[0]
        return FLOP * 2 * size * window.size / max(1, window.shape[features])
    return OPERATION * size


def _glance(eqns: Sequence[Eqn]) -> float:
    """About how many seconds a program takes, from products and some of the rest."""
    heavy = [e for e in eqns if e.primitive.name in _PRODUCTS]
    return sum(map(seconds_of, heavy)) + 16 * sum(map(seconds_of, eqns[::16]))


def _worthwhile(groups: list[list[Run]], seconds: float) -> list[list[Run]]:
    """The runs whose pieces are launched in a small share of the time of a call."""
    allowed = SHARE * seconds / LAUNCH
    saved = {group[0]: sum(run.saved for run in group) for group in groups}
    launched = 1
    chosen = []
    # First those that save most with each launch.
    for group in sorted(groups, key=lambda g: -saved[g[0]] / g[0].copies):
        more = group[0].copies + 1  # and what stands before it
        if saved[group[0]] >= LEAST and launched + more <= allowed:
            chosen.append(group)
            launched += more
    if sum(saved[group[0]] for group in chosen) < FEWEST:
        return []
    return sorted(chosen, key=lambda group: group[-1])


def _bytes(column: Sequence[Var]) -> int:
    return sum([v.aval.size * v.aval.dtype.itemsize for v in column])


# Cutting

Column = tuple[Var, ...]  # a variable of the whole program for each copy of a stretch
_Sources = tuple[int, list[Column], list[Column]]


class _Unit:
    """Equal stretches of a program, or one: where they are, and what they take.

    Operands that are one variable in every copy are one column, and one input.
    """

    def __init__(self, wiring: Wiring, copies: Sequence[Stretch], first: int):
        self.copies = copies
        self.first = first  # how many pieces come before
        outer = [wiring.outer(stretch) for stretch in copies]
        self.operands: list[Column] = list(zip(*outer, strict=True))  # as they are read
        self.inputs: list[Column] = list(dict.fromkeys(self.operands))
        self.again: list[Column] = []  # computed from the inputs, before the rest
        made = [wiring.made_in(stretch) for stretch in copies]
        self.made: list[Column] = list(zip(*made, strict=True))


class _Cutter:
    """Makes pieces of a program whose calls are inlined."""

    def __init__(self, whole: ClosedJaxpr, wiring: Wiring):
        self.whole = whole
        self.eqns = whole.eqns
        self.wiring = wiring
        self.setter = {v: k for k, eqn in enumerate(self.eqns) for v in eqn.outvars}
        self.results = {x for x in whole.outvars if type(x) is Var}
        self.stored = set(self.results)  # in memory for those who read them
        for eqn in self.eqns:
            if eqn.primitive.name not in _FUSED:
                self.stored.update([x for x in eqn.invars if type(x) is Var])

    def cut(self, groups: list[list[Run]]) -> Pieces:
        units: list[_Unit] = []
        count = 0
        for copies in stretches(groups, self.wiring):
            units.append(_Unit(self.wiring, copies, count))
            count += len(copies)
        readers: dict[Var, int] = {}  # the last piece that reads a value
        for unit in units:
            self.choose_inputs(unit)
            for column in unit.inputs:
                for k, v in enumerate(column, unit.first):
                    readers[v] = max(k, readers.get(v, k))
        pieces = [piece for unit in units for piece in self.pieces(unit, readers)]
        results = self.distinct_results(pieces)
        return Pieces(self.whole, pieces, results)

    # What a piece takes

    def choose_inputs(self, unit: _Unit) -> None:
        """Take what cheap inputs are computed from, if that is no more to keep.

        Within one program XLA would compute them again in the kernels that read them.
        """
        cheap = {c: None for c in unit.inputs if self.is_cheap(c)}
        # Dictionaries, not sets: the order decides the text, which is a key on disk.
        have = {c: None for c in unit.inputs if c not in cheap}
        for column in cheap:
            _, new, again = self.sources(column, have)
            have.update(dict.fromkeys([*new, *again]))
            unit.again += again
        computed = set(unit.again)
        unit.inputs = [column for column in have if column not in computed]

    def sources(self, column: Column, have: Container[Column]) -> "_Sources":
        """The least to take for a column: its bytes, the columns, what is computed."""
        if column in have:
            return 0, [], []
        if not all(v in self.setter for v in column):  # inputs of the whole
            return 0, [column], []
        kept: _Sources = (_bytes(column), [column], [])
        if not self.is_cheap(column):
            return kept
        total = 0
        taken: list[Column] = []
        again: list[Column] = []
        for operand in self.operands_of(column):
            if operand not in taken and operand not in again:
                n_bytes, new, before = self.sources(operand, have)
                total += n_bytes
                taken += [c for c in new if c not in taken]
                again += [c for c in before if c not in again]
        if total > kept[0] or len(again) >= RECOMPUTED:
            return kept
        return total, taken, [*again, column]

    def operands_of(self, column: Column) -> list[Column]:
        """What the equations that set a column read."""
        setters = [self.eqns[self.setter[v]] for v in column]
        operands = zip(*[eqn.invars for eqn in setters], strict=True)
        return [column for column in operands if type(column[0]) is Var]

    def is_cheap(self, column: Column) -> bool:
        """Whether one cheap operation sets it in each copy, and nothing stores it."""
        places = [self.setter.get(v, -1) for v in column]
        if places[0] < 0:
            return False
        name = self.eqns[places[0]].primitive.name
        own = len(set(column)) == len(column)  # each copy has its own
        small = own and column[0].aval.size <= SMALL and name in ONCE
        if not small and name not in _CHEAP:
            return False
        if min(places) < 0 or not self.stored.isdisjoint(column):
            return False
        return len({int(self.wiring.numbers[k]) for k in places}) == 1

    # What a piece is

    def pieces(self, unit: _Unit, readers: dict[Var, int]) -> list[Piece]:
        """The equal pieces of a unit, written with the variables of its first copy."""
        inner: dict[Column, Var] = {}
        for column in [*unit.inputs, *unit.again]:
            # One variable there may be several in other copies.
            known = len(column) > 1 and column[0] in inner.values()
            inner[column] = Var(column[0].aval) if known else column[0]
        renamed = any(inner[column] is not column[0] for column in inner)
        eqns = [self.copied(column, inner) for column in unit.again]
        own = [eqn for part in unit.copies[0] for eqn in self.eqns[slice(*part)]]
        eqns += _renamed(own, unit, inner) if renamed else own
        handed_on = [
            column
            for column in unit.made
            if any(
                v in self.results or readers.get(v, k) > k
                for k, v in enumerate(column, unit.first)
            )
        ]
        invars = [inner[column] for column in unit.inputs]
        outvars = [column[0] for column in handed_on]
        jaxpr = Jaxpr([], invars, outvars, eqns, self.whole.effects)
        closed = ClosedJaxpr(jaxpr)
        return [
            Piece(
                closed,
                [column[k] for column in unit.inputs],
                [column[k] for column in handed_on],
            )
            for k in range(len(unit.copies))
        ]

    def copied(self, column: Column, inner) -> Eqn:
        """The equation that sets a column, to be repeated in another piece."""
        eqn = self.eqns[self.setter[column[0]]]
        operands = iter(self.operands_of(column))
        return eqn.replace(
            invars=[
                x if type(x) is Literal else inner[next(operands)] for x in eqn.invars
            ],
            outvars=[inner[column]],
        )

    def distinct_results(self, pieces: list[Piece]) -> list[Var]:
        """A variable for each result, that a piece sets and nobody else returns.

        Results that are inputs, constants or another result are copied by one more
        piece, as XLA would in a whole program.
        """
        made = {v for piece in pieces for v in piece.outvars}
        results: list[Var] = []
        copied: dict[Var, Var | Literal] = {}
        for x in self.whole.outvars:
            if type(x) is Var and x in made:
                made.remove(x)
                results.append(x)
            else:
                results.append(Var(x.aval))
                copied[results[-1]] = x
        if copied:
            sources = list(copied.values())
            invars = list(dict.fromkeys([x for x in sources if type(x) is Var]))
            closed = ClosedJaxpr(Jaxpr([], invars, sources, []))
            pieces.append(Piece(closed, invars, list(copied)))
        return results


def stretches(groups: list[list[Run]], wiring: Wiring) -> list[list[Stretch]]:
    """All of a program: the copies of each group, and in order what is between them.

    A group stands where its last run does. What does not need it may stand before it,
    with what is there already.
    """
    last = {group[-1]: group for group in groups}
    parts: list[list[Stretch]] = []
    between: Stretch = ()
    place = 0
    end = Run(len(wiring.numbers), 1, 0)
    for run in [*sorted([run for group in groups for run in group]), end]:
        if place < run.start:
            between = (*between, (place, run.start))
        place = run.end
        if between and (run in last or run is end):
            for k in reversed(range(len(parts))):
                if len(parts[k]) == 1:
                    parts[k] = [(*parts[k][0], *between)]
                    between = ()
                    break
                if wiring.reads_from(between, parts[k]):
                    break
            if between:
                parts.append([between])
                between = ()
        if run in last:
            copies = zip(
                *[map(r.copy, range(r.copies)) for r in last[run]], strict=True
            )
            parts.append(list(copies))
    return parts


def _renamed(eqns: Sequence[Eqn], unit: _Unit, inner: dict[Column, Var]) -> list[Eqn]:
    """The equations of the first copy, reading the inputs of the piece."""
    operands = iter(unit.operands)
    mine = {column[0] for column in unit.made}
    return [
        eqn.replace(
            invars=[
                x if type(x) is Literal or x in mine else inner[next(operands)]
                for x in eqn.invars
            ]
        )
        for eqn in eqns
    ]


def last_pieces(pieces: Sequence[Piece]) -> dict[Var, int]:
    """The last piece that reads each variable, by its place."""
    return {x: k for k, piece in enumerate(pieces) for x in piece.invars}
