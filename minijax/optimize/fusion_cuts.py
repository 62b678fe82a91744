"""Keep XLA's fusion on CPU from computing the same values again and again.

XLA fuses a cheap operation into every operation that reads its result, and computes it
once in each. Along a chain whose values are used twice this multiplies: the last of 20
steps contains all others, some of them thousands of times. A barrier on a well-chosen
value, a *cut*, makes XLA compute and store it once.

    { lambda ; a:f32[8]. let
        b:f32[8] = add a 1.0:f32[]; c:f32[8] = mul b b; ...; f:f32[8] = add d e
      in (f,) }

becomes, if computing c in each place where it is read costs more than storing it,

    { lambda ; a:f32[8]. let
        b:f32[8] = add a 1.0:f32[]; c:f32[8] = mul b b;
        g:f32[8] = optimization_barrier c; ...; f:f32[8] = add d e
      in (f,) }

One walk backwards imitates fusion. A kernel is rooted at a result, at what libraries
read (products of matrices) and at what XLA does not repeat (exponentials, sums). The
*evaluations* of a value are the places where it would be computed: a kernel, and an
indexing within it, since a kernel computes a shifted operand a second time. What a cut
saves is all evaluations but one of the value's *cone*, the operations down to the next
values that are used twice (each of which is judged in its turn); what it costs is a
kernel and a pass through memory. docs/design/fusion-cuts.md has the measurements.
"""

from typing import NamedTuple

from ..config import state
from ..control.checkpoint import optimization_barrier_p
from ..core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var, subjaxprs
from ..primitives.contract import flat_product, free_axes
from .fusion import (
    ELEMENTWISE,
    FUSIBLE,
    MOVEMENT,
    NEVER_STORED,
    ONCE,
    PARTIAL,
    REDUCTIONS,
    REPEATED,
)
from .inlining import CALLS, inline_calls, standing_for

# Costs in nanoseconds. An operation in a kernel costs XLA a quarter of a millisecond to
# compile; over the life of a program that is worth about 0.1 us a run.
OPERATION = 100.0
KERNEL = 600.0
ARITHMETIC = 0.08  # for each element and operation
MEMORY = 0.15  # for each byte written, and read in each kernel
MANY = 200  # evaluations; a value with more is cut without looking at its size


def cut_fusions(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program with barriers where fusion would compute too much again.

    Calls are inlined first, as XLA does. Loops and branches are left as they are, and
    so is a program with barriers inside of them: jaxlib 0.10.2 either removes all
    barriers before fusion, or fails on those in loops.
    """
    if not state.fusion_cuts:
        return closed
    return closed.remember("fusion cuts", lambda: _cut(closed))


def _cut(closed):
    flat = inline_calls(closed)
    cuts = choose_cuts(flat.jaxpr)
    if not cuts or _has_barrier_inside(flat.jaxpr):
        return closed
    return with_barriers(flat, cuts)


def keeps_barriers(jaxpr: Jaxpr) -> bool:
    """Whether a program has barriers, and none in a loop or branch."""
    return _has_barrier(jaxpr, _calls) and not _has_barrier_inside(jaxpr)


def _calls(eqn):
    return eqn.primitive in CALLS


def _has_barrier_inside(jaxpr):
    """Whether a barrier stands in a loop or branch."""
    return any(
        _has_barrier_inside(sub) if _calls(eqn) else _has_barrier(sub)
        for eqn in jaxpr.eqns
        if eqn.primitive.multiple_results  # as all that hold programs
        for sub in subjaxprs(eqn)
    )


def _has_barrier(jaxpr, enter=lambda eqn: True):
    return any(
        eqn.primitive is optimization_barrier_p
        or (enter(eqn) and any(_has_barrier(sub, enter) for sub in subjaxprs(eqn)))
        for eqn in jaxpr.eqns
    )


# Choosing


class Cut(NamedTuple):
    """Why a value is stored."""

    evaluations: int
    operations: float  # in its cone
    saved: float  # nanoseconds
    cost: float


def choose_cuts(jaxpr: Jaxpr) -> dict[Var, Cut]:
    """The values that are worth a barrier; what one equation sets is cut together."""
    fusion = _Fusion(jaxpr)
    kinds = (
        (ELEMENTWISE, fusion.elementwise),
        (MOVEMENT, fusion.movement),
        (ONCE, fusion.once),
        (REDUCTIONS, fusion.reduction),
        (("dot_general",), fusion.contraction),
    )
    visit = {name: method for names, method in kinds for name in names}
    for eqn in reversed(jaxpr.eqns):
        visit.get(eqn.primitive.name, fusion.opaque)(eqn)
    return fusion.cuts


_NOWHERE: frozenset = frozenset()


class _Fusion:
    """Where XLA would compute each value; equations are visited last to first."""

    def __init__(self, jaxpr):
        self.elements: list[float] = []  # how many each evaluation computes
        self.kernels: list[int] = []  # where it is: the first evaluation in the kernel
        self.places: dict[Var, frozenset] = {}  # evaluations of a value
        self.results = {x for x in jaxpr.outvars if type(x) is Var}
        self.stored = set(self.results)
        self.cuts: dict[Var, Cut] = {}
        self.uses: dict[Var, int] = {}
        self.setters: dict[Var, Eqn] = {}  # of values that fuse into their readers
        for eqn in jaxpr.eqns:
            for x in eqn.invars:
                if x in self.setters:
                    self.uses[x] = self.uses.get(x, 0) + 1
            if eqn.primitive.name in FUSIBLE:
                self.setters.update(dict.fromkeys(eqn.outvars, eqn))

    # Each kind of equation

    def elementwise(self, eqn):
        self.read(eqn.invars, self.evaluations(eqn))

    def movement(self, eqn):
        # Another indexing: the operand is computed again even within one kernel.
        places = self.evaluations(eqn)
        part = 1.0
        for x in eqn.invars:
            if x in self.setters:
                if eqn.primitive.name in PARTIAL:
                    part = min(1.0, x.aval.size / max(1, eqn.outvars[0].aval.size))
                self.read([x], frozenset([self.moved(k, part) for k in places]))

    def once(self, eqn):
        (v,) = eqn.outvars
        places = self.places.pop(v, _NOWHERE)
        if v in self.stored or len(places) > 1:
            places = self.kernel(v)
        self.read(eqn.invars, places)

    def reduction(self, eqn):
        self.read(eqn.invars, self.kernel(eqn.invars[0]))

    def contraction(self, eqn):
        # An operand that is not read as it lies is computed anew, in a kernel that
        # writes it transposed.
        copied = copies_operands(eqn)
        for x, copy in zip(eqn.invars, copied, strict=True):
            if copy and x in self.setters:
                (k,) = self.kernel(x)
                self.read([x], frozenset([self.moved(k, 1.0)]))
            elif type(x) is Var:
                self.stored.add(x)
                if x in self.results and x in self.setters:
                    # It would be computed for each, in two shapes or layouts.
                    self.cuts[x] = Cut(2, 0.0, 2 * KERNEL, KERNEL)

    def opaque(self, eqn):
        self.stored.update([x for x in eqn.invars if type(x) is Var])

    # Evaluations

    def kernel(self, x) -> frozenset:
        """A new kernel, of as many elements as a value has."""
        k = len(self.elements)
        self.elements.append(x.aval.size)
        self.kernels.append(k)
        return frozenset([k])

    def moved(self, k, part) -> int:
        """Another indexing of some elements of an evaluation."""
        self.elements.append(part * self.elements[k])
        self.kernels.append(self.kernels[k])
        return len(self.elements) - 1

    def read(self, operands, places):
        """Operands are computed wherever their reader is."""
        known = self.places
        for x in operands:
            if x in self.setters:
                found = known.get(x)
                if found is None:
                    known[x] = places
                elif len(found) <= MANY:
                    known[x] = found | places

    def evaluations(self, eqn):
        """Where the results of a repeated equation are computed, if it is not cut."""
        places = self.places.pop(eqn.outvars[0], _NOWHERE)
        few = len(places) <= 1 and len(eqn.outvars) == 1
        if few and eqn.outvars[0] not in self.stored:  # most values
            return places
        for v in eqn.outvars[1:]:
            places |= self.places.pop(v, _NOWHERE)
        is_stored = not self.stored.isdisjoint(eqn.outvars)
        if is_stored:
            own = self.kernel(eqn.outvars[0])
            # XLA repeats a stored value only if that reads no more than the value.
            places = places | own if self.reads_at_most_one(eqn) else own
        if len(places) > 1 and eqn.primitive.name not in NEVER_STORED:
            cut = self.judge(eqn, places, is_stored)
            if len(places) > MANY or cut.saved > cut.cost:
                self.cuts.update(dict.fromkeys(eqn.outvars, cut))
                return self.kernel(eqn.outvars[0])
        return places

    def reads_at_most_one(self, eqn) -> bool:
        rank = eqn.outvars[0].aval.ndim
        whole = 0
        for x in eqn.invars:
            if type(x) is Var and x.aval.ndim >= rank:
                setter = self.setters.get(x)
                if setter is None or setter.primitive.name not in _SPREAD:
                    whole += 1
        return whole <= 1

    def judge(self, eqn, places, is_stored) -> Cut:
        """What a cut of an equation's results saves and costs."""
        size = sum(v.aval.size for v in eqn.outvars)
        n_bytes = sum(v.aval.size * v.aval.dtype.itemsize for v in eqn.outvars)
        operations = self.cone(eqn)
        if operations <= 1 and self.reads_at_most_one(eqn):
            operations = 0.0  # its operand is read in place of it
        again = max(0.0, sum([self.elements[k] for k in places]) - size)
        saved = operations * ((len(places) - 1) * OPERATION + again * ARITHMETIC)
        passes = 0 if is_stored else 2 + len({self.kernels[k] for k in places})
        return Cut(len(places), operations, saved, KERNEL + n_bytes * MEMORY * passes)

    def cone(self, eqn) -> float:
        """Operations down to values that are stored, or used more than once."""
        total = 0.0
        pending = [eqn]
        while pending:
            eqn = pending.pop()
            operations = REPEATED.get(eqn.primitive.name)
            if operations is not None:
                total += operations
                once = [x for x in eqn.invars if self.uses.get(x) == 1]
                pending += [self.setters[x] for x in once]
        return total


def copies_operands(eqn) -> tuple[bool, bool]:
    """Which operands of a product of arrays XLA copies to transpose them."""
    x, y = (operand.aval for operand in eqn.invars)
    numbers = eqn.params["dimension_numbers"]
    (x_contract, y_contract), (x_batch, y_batch) = numbers
    rank = len(x_batch) + 2
    leading = x_batch == y_batch == tuple(range(len(x_batch)))
    if leading and len(x_contract) == 1 and max(x.ndim, y.ndim) <= rank:
        return False, False  # a stack of matrices
    if flat_product(x, y, numbers) is not None:
        return False, False
    x_free = free_axes(x.ndim, x_contract, x_batch)
    y_free = free_axes(y.ndim, y_contract, y_batch)
    return (
        (*x_batch, *x_free, *x_contract) != tuple(range(x.ndim)),
        (*y_batch, *y_contract, *y_free) != tuple(range(y.ndim)),
    )


_SPREAD = frozenset(["broadcast_in_dim", "iota"])


def with_barriers(closed: ClosedJaxpr, cuts) -> ClosedJaxpr:
    """The same program in which chosen values are read through barriers.

    All results of an equation are chosen, or none.
    """
    jaxpr = closed.jaxpr
    behind: dict = {}  # a value that is cut -> the same behind its barrier
    eqns = []
    for eqn in jaxpr.eqns:
        if not behind.keys().isdisjoint(eqn.invars):
            invars = [behind.get(x, x) for x in eqn.invars]
            eqn = standing_for(eqn, eqn.primitive, invars, eqn.params, eqn.outvars)
        eqns.append(eqn)
        if eqn.outvars and eqn.outvars[0] in cuts:
            stored = [Var(v.aval) for v in eqn.outvars]
            behind.update(zip(eqn.outvars, stored, strict=True))
            eqns.append(
                standing_for(eqn, optimization_barrier_p, eqn.outvars, {}, stored)
            )
    outvars = [behind.get(x, x) for x in jaxpr.outvars]
    cut = jaxpr.replace(eqns=eqns, outvars=outvars, effects=jaxpr.effects)
    return ClosedJaxpr(cut, closed.consts)
