"""Programs that pass on the first failure of their checks.

    { lambda ; a:f32[]. let b = gt a 0.0; check[...] b a; c = log a in (c,) }

run by a `Checker` computes, besides c,

    failed = not b        code = the number of the check        payload = a

A program inside a program (of `jit`, a loop, a branch) takes what is known of failures
as its first inputs and returns it as its first outputs. All checks that show values of
the same types share the arrays that keep them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes, tree
from ..control.call import call, jit_p
from ..control.check import (
    Check,
    DivisionByZeroError,
    NaNError,
    OOBError,
    check_p,
    has_checks,
    payload_avals,
)
from ..control.checkpoint import checkpoint_call, checkpoint_p
from ..control.cond import bind_cond, cond_p
from ..control.custom import custom_jvp_call_p, custom_vjp_call_p, custom_vmap_call_p
from ..control.programs import rewired, split
from ..control.scan_rules import bind_scan, scan_p
from ..control.while_rules import bind_while, while_p
from ..core.avals import ShapedArray
from ..core.jaxpr import ClosedJaxpr, Jaxpr, eval_jaxpr, subjaxprs
from ..core.literal import Literal, aval_of, literal, zeros_of
from ..core.trace import context
from ..primitives.elementwise import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    convert_element_type,
    eq,
    gt,
    lt,
    ne,
    select_n,
    stop_gradient,
)
from ..primitives.gather import gather_p
from ..primitives.index import (
    dynamic_index_in_dim,
    dynamic_slice_p,
    dynamic_update_slice_p,
)
from ..primitives.reduce import argmax, reduce_or
from ..primitives.shape import broadcast_in_dim, expand_dims, reshape
from ..primitives.slicing import concatenate
from ..transforms.stage import stage

# What computes new numbers, as against moving and choosing them.
_COMPUTING = frozenset(
    "acos acosh add asin asinh atan atan2 atanh bessel_i0e bessel_i1e cbrt cholesky "
    "conv_general_dilated cos cosh cumlogsumexp cumprod cumsum digamma div dot_general "
    "eigh erf erf_inv erfc exp exp2 expm1 fft igamma igammac integer_pow lgamma log "
    "log1p logistic lu mul pow qr reduce_prod reduce_sum rem rsqrt sin sinh sqrt "
    "square sub svd tan tanh triangular_solve zeta".split()
)

_INDEXING = {
    gather_p.name: "gather",
    dynamic_slice_p.name: "slice",
    dynamic_update_slice_p.name: "update",
}

_INDEX = ShapedArray((), np.int32)
_INDEX_PAYLOAD = (_INDEX, _INDEX, _INDEX)


def _kind(eqn):
    """The kind of failure that an equation may bring by itself."""
    name = eqn.primitive.name
    if name in _INDEXING or name.startswith("scatter"):
        return OOBError
    inexact = any(dtypes.is_inexact(v.aval.dtype) for v in eqn.outvars)
    return NaNError if name in _COMPUTING and inexact else None


def payloads_of(jaxpr: Jaxpr, wanted: frozenset) -> dict:
    """Where the values go that checks of a program show: zeros, by their types."""
    found: dict[tuple, list] = {}

    def visit(jaxpr):
        for eqn in jaxpr.eqns:
            for inner in subjaxprs(eqn):
                visit(inner)
            avals = _payload_avals(eqn, wanted)
            if avals is not None:
                found.setdefault(avals, [zeros_of(a) for a in avals])

    visit(jaxpr)
    return found


def _payload_avals(eqn, wanted):
    """The types of what the checks of an equation show, None if it has no check."""
    if eqn.primitive is check_p:
        if eqn.params["check"].kind in wanted:
            return payload_avals(eqn.invars[1:], eqn.params["axes"])
        return None
    kind = _kind(eqn)
    if kind is OOBError and kind in wanted:
        return _INDEX_PAYLOAD
    divides = eqn.primitive.name == "div" and DivisionByZeroError in wanted
    return () if divides or kind in wanted else None


def _has_checks(closed: ClosedJaxpr, wanted) -> bool:
    return has_checks(closed.effects) or bool(payloads_of(closed.jaxpr, wanted))


class Checker:
    """Runs programs and keeps their first failure.

    Attributes:
      failed, code, payloads: the failure; `payloads` by the types of the values.
      checks: those met so far, in the order of their codes, with these types.
    """

    def __init__(self, wanted: frozenset, payloads: dict, checks: dict | None = None):
        self.wanted = wanted
        self.failed = literal(False, ShapedArray((), np.bool_))
        self.code = literal(-1, _INDEX)
        self.payloads = payloads
        self.checks: dict[Check, tuple] = {} if checks is None else checks

    def run(self, jaxpr: Jaxpr, consts, args: Sequence) -> list:
        """The results of a program, as by `eval_jaxpr`."""
        values: dict[Any, Any] = dict(zip(jaxpr.constvars, consts, strict=True))
        values.update(zip(jaxpr.invars, args, strict=True))
        outer = context.source
        try:
            for eqn in jaxpr.eqns:
                context.source = eqn.source or outer
                operands = [x if type(x) is Literal else values[x] for x in eqn.invars]
                outs = self._step(eqn, operands)
                values.update(zip(eqn.outvars, outs, strict=True))
        finally:
            context.source = outer
        return [x if type(x) is Literal else values[x] for x in jaxpr.outvars]

    def _step(self, eqn, operands):
        inner = [x for x in eqn.params.values() if isinstance(x, ClosedJaxpr)]
        inner += eqn.params.get("branches", ())
        if any(_has_checks(x, self.wanted) for x in inner):
            rule = _PROGRAMS.get(eqn.primitive)
            if rule is not None:
                return rule(self, operands, **eqn.params)
            if eqn.primitive in _CUSTOM:
                return self._run_custom(eqn, operands)
            if has_checks(eqn.effects):
                raise NotImplementedError(
                    f"checkify: a check inside {eqn.primitive.name} cannot be seen. "
                    "Move it outside."
                )
        if eqn.primitive is check_p:
            return self._run_check(*operands, **eqn.params)
        self._check_operands(eqn, operands)
        out = eqn.primitive.bind(*operands, **eqn.params)
        outs = out if eqn.primitive.multiple_results else [out]
        if NaNError in self.wanted and _kind(eqn) is NaNError:
            self._check_results(eqn.primitive.name, outs)
        return outs

    # Failures

    def fail(self, bad, check: Check, payload: Sequence, avals: tuple):
        """Keep a failure, if `bad` holds anywhere and nothing has failed before.

        Args:
          bad: booleans, any shape; the arrays of `payload` have that shape in front.
          avals: the types of one member's payload.
        """
        aval = aval_of(bad)
        if aval.size == 0:
            return
        self.checks.setdefault(check, avals)
        code = list(self.checks).index(check)
        if aval.ndim:
            flat = reshape(bad, (aval.size,))
            first = argmax(convert_element_type(flat, np.int32), 0, np.int32)
            payload = [_row(x, first, aval.ndim) for x in payload]
            bad = reduce_or(flat, (0,))
        new = bitwise_and(bad, bitwise_not(self.failed))
        self.failed = bitwise_or(self.failed, bad)
        self.code = select_n(new, self.code, literal(code, _INDEX))
        old = self.payloads[avals]
        self.payloads = {
            **self.payloads,
            avals: [
                _chosen(new, x, y, aval)
                for x, y, aval in zip(old, payload, avals, strict=True)
            ],
        }

    def _run_check(self, ok, *payload, check, axes, debug):
        if check.kind in self.wanted:
            avals = payload_avals(payload, axes)
            payload = [stop_gradient(x) for x in payload]
            self.fail(bitwise_not(ok), check, payload, avals)
        return []

    def _check_results(self, name, outs):
        check = Check(NaNError, f"nan generated by primitive: {name}.", _NOTHING)
        for x in outs:
            if dtypes.is_inexact(aval_of(x).dtype):
                x = stop_gradient(x)
                self.fail(_anywhere(ne(x, x)), check, [], ())

    def _check_operands(self, eqn, operands):
        name = eqn.primitive.name
        if name == "div" and DivisionByZeroError in self.wanted:
            check = Check(DivisionByZeroError, "division by zero", _NOTHING)
            divisor = stop_gradient(operands[1])
            zero = np.zeros((), aval_of(divisor).dtype)
            self.fail(_anywhere(eq(divisor, zero)), check, [], ())
        if OOBError in self.wanted and _kind(eqn) is OOBError:
            self._check_indices(*_windows(eqn, operands))

    def _check_indices(self, shape, axes, sizes, indices):
        """Fail if a window starts outside: `indices` (..., K) along K `axes`."""
        if not axes:
            return
        indices = convert_element_type(indices, np.int32)
        full = aval_of(indices).shape

        def row(numbers):
            return broadcast_in_dim(np.array(numbers, np.int32), full, (len(full) - 1,))

        last = [shape[a] - n for a, n in zip(axes, sizes, strict=True)]
        bad = bitwise_or(lt(indices, np.int32(0)), gt(indices, row(last)))
        check = Check(
            OOBError,
            f"out-of-bounds indexing for array of shape {shape}: index {{0}} is out of "
            "bounds for axis {1} with size {2}.",
            _THREE,
        )
        payload = [indices, row(axes), row([shape[a] for a in axes])]
        self.fail(bad, check, payload, _INDEX_PAYLOAD)

    # Programs

    def flat(self) -> list:
        """What is known of failures, as a list of values."""
        arrays = [x for payload in self.payloads.values() for x in payload]
        return [self.failed, self.code, *arrays]

    def take(self, values: Sequence) -> list:
        """Set what `flat` returns; the values behind it are returned."""
        self.failed, self.code, *rest = values
        payloads = {}
        for avals in self.payloads:
            payloads[avals], rest = rest[: len(avals)], rest[len(avals) :]
        self.payloads = payloads
        return rest

    def checked(self, closed: ClosedJaxpr) -> ClosedJaxpr:
        """A program that takes and returns what is known of failures, then the rest."""

        def run(*args):
            inner = Checker(self.wanted, self.payloads, self.checks)
            outs = inner.run(closed.jaxpr, closed.consts, inner.take(args))
            return [*inner.flat(), *outs]

        avals = [aval_of(x) for x in self.flat()]
        avals = [aval.strip_weak_type() for aval in avals]
        return stage(run, [*avals, *closed.in_avals])

    def _run_custom(self, eqn, operands):
        """Run a function with its rules, and apart from it its checks."""
        closed = eqn.params["jaxpr"]
        checked = self.checked(closed)
        fixed = [stop_gradient(x) for x in operands]
        state = call(checked, [*self.flat(), *fixed], "checks")
        self.take(state)
        params = {**eqn.params, "jaxpr": without_checks(closed)}
        return eqn.primitive.bind(*operands, **params)


_NOTHING = tree.structure(((), {}))
_THREE = tree.structure(((0, 0, 0), {}))


def _anywhere(bad):
    return reduce_or(bad, tuple(range(aval_of(bad).ndim)))


def _row(x, k, ndim):
    """Member k of an array whose first axes are those of members."""
    shape = aval_of(x).shape
    flat = reshape(x, (int(np.prod(shape[:ndim])), *shape[ndim:]))
    return dynamic_index_in_dim(flat, k, 0, keepdims=False)


def _chosen(new, old, x, aval):
    """x if `new` holds, in the type that a payload has."""
    x = convert_element_type(x, aval.dtype)
    if aval.ndim:
        new = broadcast_in_dim(new, aval.shape, ())
        if type(old) is Literal:
            old = broadcast_in_dim(
                literal(old.scalar, aval.update(shape=())), aval.shape, ()
            )
    return select_n(new, old, x)


def _windows(eqn, operands):
    """Of an indexing equation: the array's shape, axes, window sizes, and starts."""
    name, params = eqn.primitive.name, eqn.params
    x = aval_of(operands[0])
    if name == dynamic_slice_p.name:
        return x.shape, range(x.ndim), params["slice_sizes"], _stacked(operands[1:])
    if name == dynamic_update_slice_p.name:
        sizes = aval_of(operands[1]).shape
        return x.shape, range(x.ndim), sizes, _stacked(operands[2:])
    numbers = params["dimension_numbers"]
    if name == gather_p.name:
        axes = numbers.start_index_map
        return x.shape, axes, [params["slice_sizes"][a] for a in axes], operands[1]
    axes = numbers.scatter_dims_to_operand_dims
    sizes = _update_sizes(x, numbers, aval_of(operands[2]))
    return x.shape, axes, [sizes[a] for a in axes], operands[1]


def _stacked(starts):
    """Scalars as one vector."""
    starts = [convert_element_type(s, np.int32) for s in starts]
    return concatenate([expand_dims(s, (0,)) for s in starts], 0) if starts else starts


def _update_sizes(x, numbers, updates):
    """The size of a scattered window along each axis of the operand."""
    missing = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
    sizes = iter([updates.shape[k] for k in numbers.update_window_dims])
    return [1 if axis in missing else next(sizes) for axis in range(x.ndim)]


def without_checks(closed: ClosedJaxpr) -> ClosedJaxpr:
    """The same program without its checks, also in programs inside."""
    if not has_checks(closed.effects):
        return closed
    eqns = [
        eqn.replace(params={k: _value_without(v) for k, v in eqn.params.items()})
        for eqn in closed.eqns
        if eqn.primitive is not check_p
    ]
    return closed.replace(jaxpr=closed.jaxpr.replace(eqns=eqns))


def _value_without(value):
    if isinstance(value, ClosedJaxpr):
        return without_checks(value)
    if isinstance(value, tuple):
        return tuple([_value_without(x) for x in value])
    return value


# Programs inside programs: run them with what is known of failures as further values


def _run_call(checker, operands, *, name, jaxpr):
    outs = call(checker.checked(jaxpr), [*checker.flat(), *operands], name)
    return checker.take(outs)


def _run_checkpoint(checker, operands, *, jaxpr, policy, prevent_cse):
    operands = [*checker.flat(), *operands]
    outs = checkpoint_call(checker.checked(jaxpr), operands, policy, prevent_cse)
    return checker.take(outs)


def _run_cond(checker, operands, *, branches):
    index, *operands = operands
    checked = [checker.checked(branch) for branch in branches]
    return checker.take(bind_cond(index, checked, [*checker.flat(), *operands]))


def _run_scan(
    checker, operands, *, jaxpr, length, linear, num_carry, num_consts, reverse, unroll
):
    consts, carry, xs = split(operands, num_consts, num_carry)
    state = checker.flat()
    body = _consts_first(checker.checked(jaxpr), len(state), num_consts)
    outs = bind_scan(body, consts, [*state, *carry], xs, length, reverse, unroll)
    return checker.take(outs)


def _consts_first(closed, n_state, n_consts):
    """The same program with its constants before what is known of failures."""
    state, consts, rest = split(range(len(closed.in_avals)), n_state, n_consts)
    return rewired(closed, [*consts, *state, *rest], range(len(closed.out_avals)))


def _run_while(
    checker, operands, *, body_jaxpr, body_nconsts, cond_jaxpr, cond_nconsts, **params
):
    cond_consts, consts, carry = split(operands, cond_nconsts, body_nconsts)
    state = checker.flat()
    n_state = len(state)
    cond, body = checker.checked(cond_jaxpr), checker.checked(body_jaxpr)

    def test(cond_consts, state, carry):
        values = [*state, *cond_consts, *carry]
        *state, going = eval_jaxpr(cond.jaxpr, cond.consts, *values)
        return [going, *state]

    def step(*args):
        parts = split(args, cond_nconsts, body_nconsts, 1, n_state)
        cond_consts, consts, _, state, carry = parts
        outs = eval_jaxpr(body.jaxpr, body.consts, *state, *consts, *carry)
        state, carry = split(outs, n_state)
        return [*test(cond_consts, state, carry), *carry]

    start = call(
        stage(
            lambda *args: test(*split(args, cond_nconsts, n_state)),
            [*_avals(cond_consts), *_avals(state), *_avals(carry)],
        ),
        [*cond_consts, *state, *carry],
        "cond",
    )
    carry = [*start, *carry]
    fixed = [*cond_consts, *consts]
    looped = stage(step, [*_avals(fixed), *_avals(carry)])
    going = stage(lambda going, *rest: [going], _avals(carry))
    _, *outs = bind_while(going, [], looped, fixed, carry)
    return checker.take(outs)


def _avals(values):
    return [aval_of(x) for x in values]


_PROGRAMS = {
    jit_p: _run_call,
    checkpoint_p: _run_checkpoint,
    cond_p: _run_cond,
    scan_p: _run_scan,
    while_p: _run_while,
}
_CUSTOM = (custom_jvp_call_p, custom_vjp_call_p, custom_vmap_call_p)
