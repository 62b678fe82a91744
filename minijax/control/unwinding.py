"""Transposing loops: programs for the way up and for the way down.

A loop climbs, u_{k+1} = up(c, u_k). Behind it another may descend along the same
states, d_k = down(c, u_k, d_{k+1}). Of the constants c and of the values u and d some
are known and the others linear in what is to be transposed; write f and g for the
linear u and d:

    f_{k+1} = A f_k + ...          A depends on c and the known u_k
    g_k = B g_{k+1} + C f_k + ...  so does B; C may depend on the known d_{k+1} too

The transpose has the same form. The cotangents of g climb beside the known u, those of
f descend beside the known d, and those of linear constants are summed on the way:

    g'_{k+1} = B^T g'_k
    f'_k = A^T f'_{k+1} + C^T g'_k

So two primitives, the loop alone and the loop with a descent, serve every order.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..core.jaxpr import ClosedJaxpr, eval_jaxpr
from ..core.literal import zeros_of
from ..core.rules import add_tangents
from ..transforms.jvp import tangent_aval
from ..transforms.linearize import linearize_jaxpr, transpose_jaxpr
from ..transforms.stage import stage
from .programs import filled_with_zeros, least_flags, picked, split, spread
from .reads import either, needs, part_of, unwind_reads


class Parts(NamedTuple):
    """What belongs to the constants, to the u and to the d: flags, types or values."""

    consts: tuple
    ups: tuple
    downs: tuple

    def cut(self, xs: Sequence) -> "Parts":
        """A flat sequence in parts of the same lengths."""
        return Parts(*map(tuple, split(xs, len(self.consts), len(self.ups))))

    def picked(self, flags: "Parts") -> "Parts":
        """Of each part the elements whose flag is set."""
        return Parts(*[tuple(picked(*pair)) for pair in zip(self, flags, strict=True)])

    def opposite(self) -> "Parts":
        """The flags that are not set."""
        return Parts(*[tuple([not on for on in flags]) for flags in self])

    def flat(self) -> tuple:
        """All parts as one sequence."""
        return self.consts + self.ups + self.downs


class Transposed(NamedTuple):
    """The transpose of a loop.

    `climb` takes known constants, known u and g', and returns the new u and g'.
    `descent` takes the same, then known d, f' and sums, and returns new d, f' and sums.
    """

    climb: ClosedJaxpr
    descent: ClosedJaxpr
    found: Parts  # what has a cotangent
    sums: list  # where the sums start from


def transposed(up, down, linear: Parts, cts_given: Sequence[bool]) -> Transposed:
    """The transpose of a loop.

    Args:
      up, down: programs of constants and u, and of constants, u and d.
      linear: which are linear; what depends on them must be linear too.
      cts_given: which final u have a cotangent.
    """
    key = "transposed loop", down, linear, tuple(cts_given)
    return up.remember(key, lambda: _transposed(up, down, linear, cts_given))


def _transposed(up, down, linear, cts_given):
    down_bars, found = _bars_of(down, linear, linear.downs)

    def step(flags):
        up_bars, from_up = _bars_of(up, linear._replace(downs=()), flags)
        return (up_bars, from_up.consts), from_up.ups

    ups, (up_bars, consts) = least_flags(either(cts_given, found.ups), step)
    found = Parts(either(found.consts, consts), ups, linear.downs)
    types = linear.cut(down.in_avals)
    known = types.picked(linear.opposite())
    dots = types.picked(found)
    bars = down_bars, up_bars
    return Transposed(
        _climb(up, down_bars, linear, known, dots),
        _descent(down, bars, linear, known, dots, found),
        found,
        [zeros_of(tangent_aval(a)) for a in dots.consts],
    )


def _bars_of(closed, linear, nonzero):
    """The transpose of one step, and which inputs have a cotangent.

    It is a function from known inputs and cotangents of the outputs marked in `nonzero`
    to cotangents of all inputs, None where zero.
    """
    program, found = transpose_jaxpr(closed, linear.flat(), tuple(nonzero))
    found = spread(found, linear.flat(), False)

    def bars(known, cts):
        outs = eval_jaxpr(program.jaxpr, program.consts, *known, *cts)
        return linear.cut(spread(outs, found))

    return bars, linear.cut(found)


def _run(closed, known, linear):
    """Outputs that depend on known inputs only are right, others are not."""
    inputs = spread(known, [not on for on in linear])
    avals = closed.in_avals
    filled = [
        zeros_of(a) if x is None else x for x, a in zip(inputs, avals, strict=True)
    ]
    return eval_jaxpr(closed.jaxpr, closed.consts, *filled)


def filled(bars: Sequence, avals: Sequence) -> list:
    """Tangents or cotangents as values: zeros for None."""
    return [filled_with_zeros(x, a) for x, a in zip(bars, avals, strict=True)]


def _climb(up, down_bars, linear, known, dots):
    groups = [known.consts, known.ups, dots.downs, known.downs]

    def climb(*args):
        cs, us, gs, ds = split(args, *map(len, groups[:-1]))
        new = _run(up, [*cs, *us], linear.consts + linear.ups)
        bars = down_bars([*cs, *us, *ds], gs).downs
        return [
            *picked(new, linear.opposite().ups),
            *filled(picked(bars, linear.downs), dots.downs),
        ]

    closed = stage(climb, [tangent for group in groups for tangent in group])
    every = (True,) * len(closed.out_avals)
    count = len(closed.in_avals) - len(known.downs)
    if any(needs(closed, every)[count:]):
        raise NotImplementedError(
            "while_loop: to differentiate its gradient in reverse mode once more, the "
            "backward function of every custom_vjp in its body must be linear in the "
            "cotangent. Use scan, or fori_loop with known bounds."
        )
    return part_of(closed, [k < count for k in range(len(closed.in_avals))], every)


def _descent(down, bars, linear, known, dots, found):
    down_bars, up_bars = bars
    groups = [known.consts, known.ups, dots.downs, known.downs, dots.ups, dots.consts]

    def descent(*args):
        cs, us, gs, ds, fs, sums = split(args, *map(len, groups[:-1]))
        new = _run(down, [*cs, *us, *ds], linear.flat())
        from_down = down_bars([*cs, *us, *ds], gs)
        from_up = up_bars([*cs, *us], fs)
        const_bars = map(add_tangents, from_down.consts, from_up.consts)
        bars = map(add_tangents, from_down.ups, from_up.ups)
        return [
            *picked(new, linear.opposite().downs),
            *filled(picked([*bars], found.ups), dots.ups),
            *map(add_tangents, sums, picked([*const_bars], found.consts)),
        ]

    return stage(descent, [aval for group in groups for aval in group])


def pushed_apart(closed: ClosedJaxpr, nonzero, instantiated):
    """`jvp_jaxpr` whose tangents are computed by steps of their own, all linear.

    Steps that compute values and tangents together, such as inner loops, could not be
    transposed: they do not say which of their results are linear.
    """
    key = "pushed apart", nonzero, instantiated
    return closed.remember(key, lambda: _pushed_apart(closed, nonzero, instantiated))


def _pushed_apart(closed, nonzero, instantiated):
    known, linear, forwards, active = linearize_jaxpr(closed, nonzero)
    # Effects are left to the loop that computes the values.
    known = part_of(known, [True] * len(nonzero), [True] * len(known.out_avals))
    avals = closed.in_avals
    found = either(active, instantiated)

    def run(*args):
        primals, dots = split(args, len(avals))
        results = eval_jaxpr(known.jaxpr, known.consts, *primals)
        outs, fresh = split(results, len(found))
        residuals = [primals[k] if k >= 0 else fresh[-k - 1] for k in forwards]
        dots = eval_jaxpr(linear.jaxpr, linear.consts, *residuals, *dots)
        dots = picked(spread(dots, active), found)
        return [*outs, *filled(dots, picked(closed.out_avals, found))]

    dots = [tangent_aval(a) for a in picked(avals, nonzero)]
    return stage(run, [*avals, *dots]), found


def pruned(up, down, n_consts: int, n_ups: int):
    """A loop with a descent, without what its d do not depend on.

    Returns both programs, and which constants and which u they take.
    """
    outs = (True,) * len(down.out_avals)
    flags = unwind_reads(outs, up=up, down=down, nconsts=n_consts, nups=n_ups)
    _, consts, ups, downs = split(flags, 1, n_consts, n_ups)
    up = part_of(up, consts + ups, ups)
    return up, part_of(down, consts + ups + (True,) * len(downs), outs), consts, ups
