"""Masked tangents in loops and branches: the `mask` rules of `scan` and `cond`.

    c' = f(c, x)     becomes     (c', m') = f'((c, m), (x, n))

A carry that is masked before the first step and after each is carried together with its
mask, a boolean array. Rows may be masked, and so may results.
"""

import itertools

from ..core.literal import aval_of
from ..primitives.shape import broadcast_in_dim
from ..transforms.mask_flow import MASKED, OPEN, PLAIN, SCALAR, SETTLED, ZERO, flow
from ..transforms.masked_programs import (
    Kind,
    has_mask,
    kind_of,
    mask_of,
    masked_jaxpr,
    raw_values,
    whole_mask,
)
from ..transforms.masks import Mask, MaskTracer, is_zero
from .programs import picked, rewired, split


def scan_masked(trace, operands, params, bind):
    """Results of a scan of masked operands; None if no result would be masked.

    Args:
      bind: `bind(closed, consts, carry, xs, ...)` binds a scan.
    """
    n_consts, n_carry = params["num_consts"], params["num_carry"]
    consts, carry, xs = split(operands, n_consts, n_carry)
    wanted = _masked_results(trace, consts, carry, xs, params["jaxpr"])
    if not any(wanted):
        return None
    flags = wanted[:n_carry]
    kinds = (
        *[_kind_of(trace, x) for x in consts],
        *map(_carry_kind, flags, carry),
        *[_row_kind(_kind_of(trace, x)) for x in xs],
    )
    program = masked_jaxpr(params["jaxpr"], kinds, wanted)
    ins = _beside(map(has_mask, kinds), n_consts, n_carry)
    results = bind(
        rewired(program, ins, _beside(wanted, n_carry)),
        raw_values(trace, consts, kinds[:n_consts]),
        _carries(trace, carry, flags),
        _rows(trace, xs, kinds[n_consts + n_carry :], params["length"]),
        params["length"],
        params["reverse"],
        params["unroll"],
    )
    carries, carry_masks, ys, y_masks = split(
        results, n_carry, sum(flags), len(wanted) - n_carry
    )
    return _joined(trace, [*carries, *ys], [*carry_masks, *y_masks], wanted)


def _masked_results(trace, consts, carry, xs, body):
    """Which results of a scan are worth returning with a mask.

    A carry is masked if it is so before the first step and after each.
    """
    const_states = [_state_of(trace, x) for x in consts]
    row_states = [min(_state_of(trace, x), MASKED) for x in xs]
    starts = [_state_of(trace, x) for x in carry]
    flags = tuple([state is not PLAIN for state in starts])
    while True:  # take out the carries that do not stay masked, until all do
        states = [MASKED if on else PLAIN for on in flags]
        found = flow(body, [*const_states, *states, *row_states])
        kept = [on and _is_kept(s) for on, s in zip(flags, found, strict=False)]
        if tuple(kept) == flags:
            return (*flags, *[s > SETTLED for s in found[len(carry) :]])
        flags = tuple(kept)


def _is_kept(state):
    return state is ZERO or state > SETTLED


def _state_of(trace, x):
    if not trace.owns(x):
        return ZERO if is_zero(x) else PLAIN
    if x.mask is None:
        return OPEN
    return MASKED if x.mask.ndim else SCALAR


def _beside(flags, *sizes):
    """Positions in groups: those of values, then those of the masks that go with them.

    As they are, the masks of all groups stand behind all values.
    """
    flags = [*flags]
    masks = itertools.count(len(flags))
    pairs = [(k, next(masks) if on else None) for k, on in enumerate(flags)]
    return [k for group in split(pairs, *sizes) for k in _pairs(group)]


def _pairs(group):
    """Positions of values, then of their masks."""
    return [*[k for k, _ in group], *[m for _, m in group if m is not None]]


def _kind_of(trace, x):
    """The kind of a value; scalar masks around others stay outside."""
    kind = kind_of(trace, x)
    return None if kind is None else kind._replace(has_scalar=False)


def _carry_kind(on, x):
    return Kind(aval_of(x).ndim, True, False) if on else None


def _row_kind(kind):
    if kind is None:
        return None
    return kind._replace(ndim=max(kind.ndim - 1, 0))


def _carries(trace, carry, flags):
    """The first carries, then the masks of those carried with one."""
    values = [
        x.raw if on and trace.owns(x) else trace.settle(x)
        for x, on in zip(carry, flags, strict=True)
    ]
    masks = [
        whole_mask(mask_of(trace, x), aval_of(x).shape) for x in picked(carry, flags)
    ]
    return [*values, *masks]


def _rows(trace, xs, kinds, length):
    """Rows of values, then rows of masks."""
    rows = raw_values(trace, xs, kinds)
    return [
        *rows[: len(xs)],
        *[
            x if aval_of(x).ndim else broadcast_in_dim(x, (length,), ())
            for x in rows[len(xs) :]
        ],
    ]


def _joined(trace, values, masks, flags):
    given = iter(masks)
    return [
        MaskTracer(trace, x, Mask(next(given), x.ndim), False) if on else x
        for x, on in zip(values, flags, strict=True)
    ]


def cond_masked(trace, operands, params, bind):
    """Results of branches on masked operands; None if no result is masked in all.

    Args:
      bind: `bind(index, branches, operands)` binds the choice.
    """
    index, *operands = operands
    states = [_state_of(trace, x) for x in operands]
    found = [flow(branch, states) for branch in params["branches"]]
    wanted = tuple([all(map(_is_kept, each)) for each in zip(*found, strict=True)])
    if not any(wanted):
        return None
    kinds = tuple([_kind_of(trace, x) for x in operands])
    branches = [masked_jaxpr(x, kinds, wanted) for x in params["branches"]]
    results = bind(trace.settle(index), branches, raw_values(trace, operands, kinds))
    values, masks = split(results, len(wanted))
    return _joined(trace, values, masks, wanted)
