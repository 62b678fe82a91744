"""A program in pieces: executables that run one after the other.

To a `Program` the chain of them is one executable: it takes buffers and gives results.
Equal pieces are lowered and compiled once, and different ones at the same time.
"""

import importlib
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from types import SimpleNamespace
from typing import NamedTuple

from ..config import carried
from ..core.jaxpr import ClosedJaxpr, Var
from ..lowering import Module
from ..optimize.fusion_cuts import cut_fusions
from ..optimize.pieces import Piece, Pieces, last_pieces
from .array import Kind, kind_of
from .lowered import Lowered, LoweredWhole, lower_whole


class LoweredPieces(Lowered):
    """A program that is several modules."""

    __slots__ = ("_donated", "_parts", "_pieces", "_target")

    def __init__(self, pieces: Pieces, parts, donated, target, *what):
        super().__init__(*what)
        self._pieces = pieces
        self._parts: list[LoweredWhole] = parts  # one for each piece
        self._donated = donated
        self._target = target

    @property
    def module(self) -> Module:
        """The whole program as text, for those who read it."""
        closed = cut_fusions(self.closed)
        what = (closed, self.name, self.kinds, self.kept, self._donated)
        where = (self.sharding, self.committed, self._target)
        return lower_whole(*what, *where).module

    def load(self, compiler_options=None) -> "Chain":
        distinct = list({id(part): part for part in self._parts}.values())
        # Those with most kernels first, so that none of them is left over at the end.
        distinct.sort(key=lambda part: -_kernels(part.closed))

        executables = at_once(
            [partial(part.load, compiler_options) for part in distinct]
        )
        loaded = dict(zip(map(id, distinct), executables, strict=True))
        jaxpr = self.closed.jaxpr
        inputs = [*jaxpr.constvars, *[jaxpr.invars[k] for k in self.kept]]
        return Chain(
            self._pieces,
            inputs,
            [loaded[id(part)] for part in self._parts],
            [part.result_kinds() for part in self._parts],
        )


def lower_pieces(
    pieces: Pieces, name, kinds, kept, donated, sharding, committed, target
) -> LoweredPieces:
    """Lower each different piece; the arguments are those of `lower_whole`."""
    given = {pieces.whole.invars[k] for k in donated}
    reusable = _reusable(pieces.pieces, given)
    lowered: dict[int, LoweredWhole] = {}
    for piece in pieces.pieces:
        if id(piece.closed) not in lowered:
            lowered[id(piece.closed)] = lower_whole(
                cut_fusions(piece.closed),
                name,
                [kind_of(v.aval, sharding, committed) for v in piece.invars],
                range(len(piece.invars)),
                reusable[id(piece.closed)],
                sharding,
                committed,
                target,
            )
    parts = [lowered[id(piece.closed)] for piece in pieces.pieces]
    what = (pieces.whole, name, kinds, kept, sharding, committed)
    return LoweredPieces(pieces, parts, donated, target, *what)


def _reusable(pieces: Sequence[Piece], given: set[Var]) -> dict[int, list[int]]:
    """The inputs of each different piece that its results may overwrite.

    They are donated arguments of the program, and in no copy of the piece read again.
    """
    last = last_pieces(pieces)
    reusable: dict[int, set[int]] = {}
    for place, piece in enumerate(pieces):
        free = {
            k
            for k, v in enumerate(piece.invars)
            if v in given and last[v] == place and piece.invars.count(v) == 1
        }
        key = id(piece.closed)
        reusable[key] = reusable.get(key, free) & free
    return {key: sorted(free) for key, free in reusable.items()}


def at_once(jobs: Sequence[Callable]) -> list:
    """What jobs return that run in as many threads as there are processors.

    The first error is raised when all have ended.
    """
    # No thread can be started while the interpreter exits.
    if len(jobs) < 2 or not threading.main_thread().is_alive():
        return [job() for job in jobs]
    # On demand, because most programs need no threads.
    futures = importlib.import_module("concurrent.futures")
    count = min(len(jobs), os.cpu_count() or 1)
    with futures.ThreadPoolExecutor(count, "minijax-compile") as pool:
        return list(pool.map(carried(lambda job: job()), jobs))


# Running


class _Step(NamedTuple):
    """One executable: which values it reads, and which nobody reads after it."""

    run: Callable
    reads: list[int]
    handlers: list
    dead: list[int]


class Chain:
    """The executables of all pieces, in order.

    Values are numbered: first what the program takes, then the results of the first
    piece, and so on.
    """

    def __init__(
        self,
        pieces: Pieces,
        inputs: list[Var],
        executables: list,
        kinds: list[list[Kind]],
    ):
        self._executables = executables
        self._pieces = pieces
        numbers = {v: k for k, v in enumerate(inputs)}
        last = last_pieces(pieces.pieces)
        returned = set(pieces.results)
        self._steps = []
        for place, piece in enumerate(pieces.pieces):
            reads = [numbers[v] for v in piece.invars]
            for v in piece.outvars:
                numbers[v] = len(numbers)
            ended = [
                v
                for v in [*dict.fromkeys(piece.invars), *piece.outvars]
                if last.get(v, place) == place and v not in returned
            ]
            self._steps.append(
                _Step(
                    executables[place].execute_sharded,
                    reads,
                    [kind.handler for kind in kinds[place]],
                    [numbers[v] for v in ended],
                )
            )
        self._results = [numbers[v] for v in pieces.results]

    def execute_sharded(self, buffers: list) -> "_Results":
        """Start all pieces; XLA runs each when what it reads is there."""
        values = list(buffers)
        for run, reads, handlers, dead in self._steps:
            results = run([values[k] for k in reads])
            values += results.consume_with_handlers(handlers)
            for k in dead:
                values[k] = None
        return _Results([values[k] for k in self._results])

    # What XLA says of it

    def get_hlo_text(self) -> str:
        """The optimised programs of the different pieces, in their order."""
        texts: dict[int, str] = {}
        places: dict[int, list[str]] = {}
        for place, executable in enumerate(self._executables):
            texts.setdefault(id(executable), executable.get_hlo_text())
            places.setdefault(id(executable), []).append(str(place))
        return "\n".join(
            f"// piece {', '.join(places[key])} of {len(self._executables)}\n{text}"
            for key, text in texts.items()
        )

    def cost_analysis(self) -> dict:
        """Sums of XLA's estimates over all pieces."""
        total: dict = {}
        for executable in self._executables:
            for name, value in executable.cost_analysis().items():
                total[name] = total.get(name, 0) + value
        return total

    def get_compiled_memory_stats(self) -> SimpleNamespace:
        """Bytes: those of the code and of aliases are summed over different pieces.

        `temp_size_in_bytes` is the most that a piece takes for itself together with the
        intermediate values that are there while it runs.
        """
        whole = self._pieces.whole
        stats = {
            id(executable): executable.get_compiled_memory_stats()
            for executable in self._executables
        }
        return SimpleNamespace(
            generated_code_size_in_bytes=sum(
                each.generated_code_size_in_bytes for each in stats.values()
            ),
            argument_size_in_bytes=sum(map(_bytes, whole.invars)),
            output_size_in_bytes=sum(map(_bytes, whole.outvars)),
            alias_size_in_bytes=sum(
                stats[id(executable)].alias_size_in_bytes
                for executable in self._executables
            ),
            temp_size_in_bytes=self._most_bytes(stats),
            serialized_buffer_assignment_proto=b"",
        )

    def _most_bytes(self, stats) -> int:
        returned = set(self._pieces.results)
        last = last_pieces(self._pieces.pieces)
        live: dict[Var, int] = {}
        most = 0
        for place, piece in enumerate(self._pieces.pieces):
            live.update({v: _bytes(v) for v in piece.outvars if v not in returned})
            own = stats[id(self._executables[place])].temp_size_in_bytes
            most = max(most, own + sum(live.values()))
            live = {v: n for v, n in live.items() if last.get(v, place) > place}
        return most


class _Results:
    """What jaxlib's results are to a `Program`: a thing that gives arrays once."""

    __slots__ = ("_arrays",)

    def __init__(self, arrays: list):
        self._arrays = arrays

    def consume_with_handlers(self, handlers) -> list:
        """The arrays, which their pieces have wrapped already."""
        return self._arrays


def _kernels(closed: ClosedJaxpr) -> int:
    """About how many different kernels XLA makes of a program."""
    return len({(e.primitive, v.aval) for e in closed.eqns for v in e.outvars})


def _bytes(x) -> int:
    return x.aval.size * x.aval.dtype.itemsize
