"""`cond` and `switch`: run one of several programs, chosen by an index.

    c:f32[] = cond[branches=(
      { lambda ; a:f32[]. let b:f32[] = neg a in (b,) },
      { lambda ; a:f32[]. let  in (a,) }
    )] i a

The first operand is the index of a branch, an i32 within range; the others go to the
branch, and all branches take and return the same types.
"""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .. import dtypes, tree
from ..config import state
from ..core.jaxpr import ClosedJaxpr
from ..core.literal import aval_of
from ..core.rules import is_linear
from ..core.tracebacks import boundary
from ..mismatch import describe_mismatch
from ..primitives.elementwise import (
    clamp,
    convert_element_type,
    eq,
    ne,
    select,
    select_n,
    stop_gradient,
)
from ..primitives.shape import broadcast_in_dim
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_jaxpr, tangent_aval
from ..transforms.linearize import linearize_jaxpr, transpose_jaxpr
from .bodies import (
    Body,
    avals_of,
    check_callable,
    flatten,
    known_integer,
    name_of,
    paths_of,
    scalar,
    trace_body,
    with_common_constants,
)
from .call import Program, call
from .check import has_checks, only_where
from .masking import cond_masked
from .programs import given, picked, rewired, spread
from .while_lowering import inline_values

_NO_OPERAND = object()


@boundary
def cond(pred, true_fun: Callable, false_fun: Callable, *operands, operand=_NO_OPERAND):
    """`true_fun(*operands)` where `pred` holds, else `false_fun(*operands)`.

    Both functions are traced, one runs; under `vmap` of the predicate both run and the
    results are selected. It has derivatives of every order in both modes.

    Args:
      pred: a boolean or number, rank 0.
      true_fun, false_fun: functions that return the same structure and types.
      operands: what either function is called with.
      operand: one operand, in the older form of the call.

    >>> cond(True, lambda x: x + 1.0, lambda x: x - 1.0, 3.0)
    Array(4., dtype=float32, weak_type=True)
    """
    if not callable(true_fun) and len(operands) == 2 and callable(operands[1]):
        return _cond_of_two_operands(pred, true_fun, false_fun, *operands)
    check_callable("cond", true_fun=true_fun, false_fun=false_fun)
    if operand is not _NO_OPERAND:
        if operands:
            raise TypeError(
                "cond: operand= must be the only operand, got others too. Pass all of "
                "them by position."
            )
        operands = (operand,)
    pred = _predicate(pred)
    known = known_integer(pred) if state.disable_jit else None
    if known is not None:
        return true_fun(*operands) if known else false_fun(*operands)
    names = (f"false_fun {name_of(false_fun)}", f"true_fun {name_of(true_fun)}")
    index = convert_element_type(pred, np.int32)
    return _branch("cond", index, (false_fun, true_fun), names, operands)


def _cond_of_two_operands(pred, true_operand, true_fun, false_operand, false_fun):
    """The oldest form of the call: each function has an operand of its own."""
    return cond(
        pred,
        lambda x, y: true_fun(x),
        lambda x, y: false_fun(y),
        true_operand,
        false_operand,
    )


def _predicate(pred):
    """The predicate as a boolean scalar."""
    if callable(pred):
        raise TypeError(
            f"cond: the predicate must be a boolean or a number, got the function "
            f"{name_of(pred)}. Call it first."
        )
    repair = " Reduce it with jnp.any or jnp.all, or choose elements with jnp.where."
    pred = scalar("cond", "the predicate", pred, repair)
    aval = aval_of(pred)
    if aval.dtype == dtypes.bool_:
        return pred
    if aval.dtype not in dtypes.REALS:
        raise TypeError(
            f"cond: the predicate must be a boolean or a real number, got {aval}. "
            "Compare explicitly."
        )
    return ne(pred, np.zeros((), aval.dtype))


@boundary
def switch(index, branches: Sequence[Callable], *operands, operand=_NO_OPERAND):
    """`branches[index](*operands)`, the index being clamped to the range.

    All functions are traced, one runs; under `vmap` of the index all run and the
    results are selected. It has derivatives of every order in both modes.

    Args:
      index: an integer, rank 0.
      branches: functions that return the same structure and types.
      operands: what the function is called with.

    >>> switch(1, [lambda x: x, lambda x: x + 10, lambda x: x + 20], 5)
    Array(15, dtype=int32, weak_type=True)
    """
    branches = _branches(branches)
    if operand is not _NO_OPERAND:
        if operands:
            raise TypeError(
                "switch: operand= must be the only operand, got others too. Pass all "
                "of them by position."
            )
        operands = (operand,)
    index = _index(index)
    if len(branches) == 1:
        return branches[0](*operands)
    known = known_integer(index) if state.disable_jit else None
    if known is not None:
        return branches[min(max(known, 0), len(branches) - 1)](*operands)
    if aval_of(index).dtype.itemsize < 4:
        index = convert_element_type(index, np.int32)
    last = np.asarray(len(branches) - 1, aval_of(index).dtype)
    index = convert_element_type(clamp(np.zeros_like(last), index, last), np.int32)
    names = [f"branches[{k}] {name_of(f)}" for k, f in enumerate(branches)]
    return _branch("switch", index, branches, names, operands)


def _branches(branches):
    if callable(branches) or not all(callable(f) for f in branches):
        raise TypeError(
            f"switch: branches must be a sequence of functions, got {branches!r:.80}."
        )
    if not branches:
        raise ValueError("switch: branches must not be empty.")
    return tuple(branches)


def _index(index):
    index = scalar("switch", "the index", index)
    aval = aval_of(index)
    if aval.dtype not in dtypes.INTS:
        raise TypeError(
            f"switch: the index must be an integer, got {aval}. Convert it with astype."
        )
    return index


def _branch(where, index, functions, names, operands):
    """Trace all functions and bind the choice."""
    values, in_tree = flatten(where, "operands", operands)
    avals = avals_of(values)
    bodies = [trace_body(where, f, in_tree, avals) for f in functions]
    _check_agreement(where, bodies, names)
    consts, branches = with_common_constants(bodies)
    outs = cond_p.bind(index, *consts, *values, branches=tuple(branches))
    return tree.unflatten(bodies[0].out_tree, outs)


def _check_agreement(where, bodies: Sequence[Body], names):
    """Refuse branches whose results differ in structure, shape or dtype."""
    first, *others = bodies
    for body, name in zip(others, names[1:], strict=True):
        if body.out_tree != first.out_tree:
            calls = [f"{name.split()[0]}()" for name in (names[0], name)]
            difference = describe_mismatch(
                calls[0], first.out_tree, calls[1], body.out_tree
            )
            raise TypeError(
                f"{where}: branches must return one structure: {difference}"
            )
        wrong = [
            f"{path} is {a} from {names[0]} and {b} from {name}"
            for path, a, b in zip(
                paths_of("result", first.out_tree),
                first.out_avals,
                body.out_avals,
                strict=True,
            )
            if (a.shape, a.dtype) != (b.shape, b.dtype)
        ]
        if wrong:
            raise TypeError(
                f"{where}: branches must return the same types: {'; '.join(wrong)}. "
                "Convert one, for example with astype."
            )


def bind_cond(index, branches, operands) -> list:
    """Bind the choice among programs without constants of their own."""
    return cond_p.bind(index, *operands, branches=tuple(branches))


# Rules


def _cond_abstract(index, *avals, branches):
    outs = []
    for results in zip(*[branch.out_avals for branch in branches], strict=True):
        if len({(a.shape, a.dtype) for a in results}) > 1:
            types = " and ".join(map(str, results))
            raise TypeError(f"cond: branches must return the same types, got {types}.")
        weak = all(a.weak_type for a in results)
        outs.append(results[0].update(weak_type=weak))
    return tuple(outs)


def _cond_jvp(primals, tangents, *, branches):
    index, *primals = primals
    nonzero = given(tangents[1:])
    dots = picked(tangents[1:], nonzero)
    count = len(branches[0].out_avals)

    def push(wanted):
        return [jvp_jaxpr(branch, nonzero, wanted) for branch in branches]

    flags = _any_of([found for _, found in push((False,) * count)])
    pushed = [branch for branch, _ in push(flags)]
    results = bind_cond(index, pushed, [*primals, *dots])
    return results[:count], spread(results[count:], flags)


def _any_of(flag_lists):
    """Which flags are set in any of several lists."""
    return tuple([any(flags) for flags in zip(*flag_lists, strict=True)])


class _Split(NamedTuple):
    """Branches split into their values and their derivatives."""

    known: list[ClosedJaxpr]  # the branches, which also return residuals
    linear: list[ClosedJaxpr]  # take shared operands, residuals, tangents
    shared: list[int]  # which operands the linear branches read
    active: tuple[bool, ...]  # which results have a tangent


def _cond_linearize(trace, primals, tangents, *, branches):
    index, *primals = primals
    nonzero = given(tangents[1:])
    parts = branches[0].remember(
        ("split", branches, nonzero), lambda: _split_branches(branches, nonzero)
    )
    count = len(parts.active)
    results = bind_cond(index, parts.known, primals)
    outs, residuals = results[:count], results[count:]
    shared = [primals[k] for k in parts.shared]
    dots = picked(tangents[1:], nonzero)
    dots = bind_cond(index, parts.linear, [*shared, *residuals, *dots])
    return outs, spread(dots, parts.active)


def _split_branches(branches, nonzero):
    """Linearize all branches and make their residuals agree.

    Residuals of equal type share a place: one branch runs, and the others would leave
    it empty. Where a branch has none for a place, it returns zeros.
    """
    found = [linearize_jaxpr(branch, nonzero) for branch in branches]
    active = _any_of([own_active for *_, own_active in found])
    count = len(active)
    shared = sorted({k for *_, forwards, _ in found for k in forwards if k >= 0})
    types = [known.out_avals[count:] for known, *_ in found]
    places, taken = _common_places(types)
    inputs = [branches[0].in_avals[k] for k in shared] + places
    known_branches, linear_branches = [], []
    for (known, linear, forwards, own_active), own in zip(found, taken, strict=True):
        back = {place: count + k for k, place in enumerate(own)}
        rows = [back.get(place, aval) for place, aval in enumerate(places)]
        known_branches.append(
            rewired(known, range(len(known.in_avals)), [*range(count), *rows])
        )
        # Where an input of all linear branches is read by this one.
        readers = [
            shared.index(k) if k >= 0 else len(shared) + own[-k - 1] for k in forwards
        ]
        at = {place: k for k, place in enumerate(readers)}
        ins = [at.get(place, aval) for place, aval in enumerate(inputs)]
        ins += range(len(forwards), len(forwards) + sum(nonzero))
        outs = _or_zeros(own_active, known.out_avals[:count])
        linear_branches.append(rewired(linear, ins, picked(outs, active)))
    return _Split(known_branches, linear_branches, shared, active)


def _common_places(type_lists):
    """Places for values of the given types, one list per branch.

    Returns the types of the places, and for each list where its values go.
    """
    places: list = []
    taken = []
    for types in type_lists:
        free = list(range(len(places)))
        own = []
        for aval in types:
            place = next((k for k in free if places[k] == aval), None)
            if place is None:
                place = len(places)
                places.append(aval)
            else:
                free.remove(place)
            own.append(place)
        taken.append(own)
    return places, taken


def _or_zeros(flags, avals):
    """Positions of results that a program has, and types of tangents it lacks."""
    at = spread(range(sum(flags)), flags)
    return [
        tangent_aval(aval) if k is None else k
        for k, aval in zip(at, avals, strict=True)
    ]


def _cond_transpose(cts, index, *operands, branches):
    linear = tuple([is_linear(x) for x in operands])
    nonzero = given(cts)
    found = [transpose_jaxpr(branch, linear, nonzero) for branch in branches]
    wanted = _any_of([flags for _, flags in found])
    avals = [x.aval for x in operands if is_linear(x)]
    transposed = [
        rewired(
            closed,
            range(len(closed.in_avals)),
            picked(_or_zeros(flags, avals), wanted),
        )
        for closed, flags in found
    ]
    fixed = [x for x in operands if not is_linear(x)]
    cts = picked(cts, nonzero)
    bars = spread(bind_cond(index, transposed, [*fixed, *cts]), wanted)
    return [None, *spread(bars, linear)]


def _cond_batch(size, operands, dims, *, branches):
    index, *operands = operands
    index_dim, *dims = dims
    dims = tuple(dims)
    count = len(branches[0].out_avals)
    every = (True,) * count
    if index_dim is not None:
        results = []
        for k, branch in enumerate(branches):
            closed, _ = batch_jaxpr(branch, size, dims, every)
            values = [*map(functools.partial(_cut_off, index, k), operands, dims)]
            results.append(_run_for_all(index, k, closed, values))
        cases = zip(*results, strict=True)
        return [_choose(index, outs) for outs in cases], [0] * count
    found = [batch_jaxpr(branch, size, dims) for branch in branches]
    flags = _any_of([[d is not None for d in out_dims] for _, out_dims in found])
    batched = [batch_jaxpr(branch, size, dims, flags)[0] for branch in branches]
    return bind_cond(index, batched, operands), [0 if on else None for on in flags]


def _run_for_all(index, k, closed, operands):
    """Run branch k for all members; its checks count for those that chose it."""
    if has_checks(closed.effects):
        on = eq(index, np.int32(k))
        closed, operands = only_where(closed, on), [on, *operands]
    return call(closed, operands, "branch")


def _cut_off(index, k, x, dim):
    """An operand of branch k, its derivative cut off for members that chose another.

    Only JAX's way needs this: with the option `nan_safe` results are masked.
    """
    if state.nan_safe or dim is None or aval_of(x).dtype not in dtypes.INEXACT:
        return x
    chosen = eq(index, np.int32(k))
    if aval_of(x).ndim > 1:
        chosen = broadcast_in_dim(chosen, aval_of(x).shape, (dim,))
    return select(chosen, x, stop_gradient(x))


def _choose(index, cases):
    """For each member the case it chose; the members' axis is in front."""
    shape = aval_of(cases[0]).shape
    if len(shape) > 1:
        index = broadcast_in_dim(index, shape, (0,))
    return select_n(index, *cases)


def _cond_lower(hlo, out, index, *operands, branches):
    def region(branch):
        return hlo.region([], lambda inner: inline_values(inner, branch, *operands))

    regions = ", ".join([region(branch) for branch in branches])
    return hlo.emit_many(
        f'"stablehlo.case"({index}) ({regions}) : {hlo.types([index], out)}', len(out)
    )


def _cond_mask(trace, primitive, operands, params):
    return cond_masked(trace, operands, params, bind_cond)


cond_p = Program(
    "cond",
    abstract=_cond_abstract,
    jvp=_cond_jvp,
    linearize=_cond_linearize,
    transpose=_cond_transpose,
    batch=_cond_batch,
    mask=_cond_mask,
    lower=_cond_lower,
    multiple_results=True,
    effects=lambda params: frozenset().union(
        *[branch.effects for branch in params["branches"]]
    ),
)
