"""`checkpoint`: save less in the forward pass, compute it again in the backward pass.

Linearizing splits a program into what is known and what is linear, with residuals
between them. Here the residuals are not saved but recomputed, from the inputs and from
those values that a policy lets be saved:

    forward    outs, saved = known(x)
    backward   residuals = recompute(x, saved);  x_bar = linear^T(residuals, y_bar)
"""

from collections.abc import Callable

from .. import tree
from ..core.jaxpr import ClosedJaxpr, Eqn, Jaxpr, Var, eval_jaxpr
from ..core.literal import Literal
from ..core.primitive import Primitive
from ..core.rules import is_linear
from ..optimize.dead_code import acts, remove_dead_code
from ..transforms.batch import batch_flat, batch_jaxpr
from ..transforms.jvp import jvp_flat, jvp_jaxpr
from ..transforms.linearize import linearize_jaxpr, transpose_call
from .callback_rules import does_io
from .policies import Offloadable, decision, to_memory, to_memory_p
from .programs import picked
from .remat_opt import without_unread_residuals


def optimization_barrier(operand):
    """The same tree of values; XLA computes all before anything that uses the results.

    >>> optimization_barrier([np.ones(2, "float32")])
    [Array([1., 1.], dtype=float32)]
    """
    leaves, treedef = tree.flatten_raw(operand, None)
    return tree.unflatten(treedef, optimization_barrier_p.bind(*leaves))


def _barrier_jvp(primals, tangents):
    outs = optimization_barrier(primals)
    given = [t for t in tangents if t is not None]
    dots = iter(optimization_barrier(given) if given else [])
    return outs, [None if t is None else next(dots) for t in tangents]


def _barrier_transpose(cts, *operands):
    given = [ct for ct in cts if ct is not None]
    bars = iter(optimization_barrier(given))
    bars = [None if ct is None else next(bars) for ct in cts]
    return [
        bar if is_linear(x) else None for bar, x in zip(bars, operands, strict=True)
    ]


def _barrier_lower(hlo, out, *operands):
    types = ", ".join([x.mlir for x in operands])
    return hlo.emit_many(
        f"stablehlo.optimization_barrier {hlo.names(operands)} : {types}", len(operands)
    )


optimization_barrier_p = Primitive(
    "optimization_barrier",
    abstract=lambda *avals: avals,
    jvp=_barrier_jvp,
    transpose=_barrier_transpose,
    batch=lambda size, operands, dims: (optimization_barrier(operands), dims),
    lower=_barrier_lower,
    multiple_results=True,
)


# checkpoint


def checkpoint_call(closed, operands, policy=None, prevent_cse=True):
    """Call a program whose residuals are recomputed in the backward pass."""
    return checkpoint_p.bind(
        *operands, jaxpr=closed, policy=policy, prevent_cse=prevent_cse
    )


def _checkpoint_abstract(*avals, jaxpr, policy, prevent_cse):
    return tuple(jaxpr.out_avals)


def _checkpoint_jvp(primals, tangents, *, jaxpr, policy, prevent_cse):
    nonzero = tuple([t is not None for t in tangents])
    pushed, out_nonzero = jvp_jaxpr(jaxpr, nonzero)
    given = [t for t in tangents if t is not None]
    results = checkpoint_call(pushed, [*primals, *given], policy, prevent_cse)
    count = len(out_nonzero)
    dots = iter(results[count:])
    return results[:count], [next(dots) if has else None for has in out_nonzero]


def _checkpoint_linearize(trace, primals, tangents, *, jaxpr, policy, prevent_cse):
    active = tuple([t is not None for t in tangents])
    forward, recompute, linear, memories, out_active = jaxpr.remember(
        ("checkpoint", active, policy), lambda: _split(jaxpr, active, policy)
    )
    results = checkpoint_call(forward, primals, policy, prevent_cse)
    count = len(jaxpr.jaxpr.outvars)
    outs, saved = results[:count], results[count:]
    saved = [
        x if memory is None else to_memory(x, memory.dst)
        for x, memory in zip(saved, memories, strict=True)
    ]
    given = [t for t in tangents if t is not None]
    dots = iter(
        recomputed_linear_p.bind(
            *primals,
            *saved,
            *given,
            recompute=recompute,
            linear=linear,
            prevent_cse=prevent_cse,
        )
    )
    return outs, [next(dots) if on else None for on in out_active]


def _split(closed, active, policy):
    """Programs for the forward pass, for recomputing residuals, and the linear part.

    Also where the values that the forward pass returns for the second are to be kept,
    None for where they are, and which results have a tangent.
    """
    known, linear, forwards, out_active = linearize_jaxpr(closed, active)
    jaxpr = known.jaxpr
    count = len(closed.jaxpr.outvars)
    fresh = jaxpr.outvars[count:]
    residuals = [jaxpr.invars[k] if k >= 0 else fresh[-k - 1] for k in forwards]
    decisions = [_decision(policy, eqn) for eqn in jaxpr.eqns]
    saveable = {
        v: place if isinstance(place, Offloadable) else None
        for eqn, place in zip(jaxpr.eqns, decisions, strict=True)
        for v in (eqn.outvars if place else ())
    }
    eqns = picked(jaxpr.eqns, [not place for place in decisions])
    body = Jaxpr(jaxpr.constvars, jaxpr.invars, residuals, eqns)
    needed = _free_variables(body, residuals, saveable)
    memories = [saveable[v] for v in needed]
    elsewhere = {v: Var(v.aval) for v in needed if saveable[v]}
    brought_back = [
        Eqn(to_memory_p, [x], {"kind": saveable[v].src}, [v])
        for v, x in elsewhere.items()
    ]
    recompute = Jaxpr(
        jaxpr.constvars,
        [*jaxpr.invars, *[elsewhere.get(v, v) for v in needed]],
        residuals,
        [*brought_back, *eqns],
        body.effects,
    )
    forward = jaxpr.replace(outvars=[*jaxpr.outvars[:count], *needed])
    forward = remove_dead_code(ClosedJaxpr(forward, known.consts))
    return (
        without_unread_residuals(forward),
        remove_dead_code(ClosedJaxpr(recompute, known.consts)),
        linear,
        memories,
        out_active,
    )


def _free_variables(body, residuals, saveable):
    """Saved variables that the live part of a program reads."""
    live = {v for v in residuals if type(v) is Var}
    for eqn in reversed(body.eqns):
        if acts(eqn.effects) or not live.isdisjoint(eqn.outvars):
            live.update([x for x in eqn.invars if type(x) is not Literal])
    return [v for v in saveable if v in live]


def _decision(policy: Callable | None, eqn: Eqn) -> bool | Offloadable:
    if does_io(eqn.effects):  # it must not happen again
        return True
    return policy is not None and decision(policy, eqn)


def _checkpoint_transpose(cts, *operands, jaxpr, policy, prevent_cse):
    def bind(closed, values):
        return checkpoint_call(closed, values, policy, prevent_cse)

    return transpose_call(bind, jaxpr, cts, operands)


def _checkpoint_batch(size, operands, dims, *, jaxpr, policy, prevent_cse):
    batched, out_dims = batch_jaxpr(jaxpr, size, tuple(dims))
    return checkpoint_call(batched, operands, policy, prevent_cse), out_dims


checkpoint_p = Primitive(
    "checkpoint",
    abstract=_checkpoint_abstract,
    jvp=_checkpoint_jvp,
    linearize=_checkpoint_linearize,
    transpose=_checkpoint_transpose,
    batch=_checkpoint_batch,
    lower=lambda hlo, out, *operands, jaxpr, policy, prevent_cse: hlo.call(
        jaxpr, *operands, name="checkpoint"
    ),
    multiple_results=True,
    effects=lambda params: params["jaxpr"].effects,
)


# The linear part, whose residuals are computed again where they are needed


def _residuals(points, recompute, prevent_cse):
    if prevent_cse:
        # Else XLA would find the forward pass and share its values, saving them.
        points = optimization_barrier(points)
    return eval_jaxpr(recompute.jaxpr, recompute.consts, *points)


def apply_recomputed(*operands, recompute, linear, prevent_cse):
    """The linear part, its residuals computed again."""
    count = len(recompute.jaxpr.invars)
    residuals = _residuals(operands[:count], recompute, prevent_cse)
    return eval_jaxpr(linear.jaxpr, linear.consts, *residuals, *operands[count:])


def _linear_transpose(cts, *operands, recompute, linear, prevent_cse):
    count = len(recompute.jaxpr.invars)
    residuals = _residuals(operands[:count], recompute, prevent_cse)

    def bind(closed, values):
        return eval_jaxpr(closed.jaxpr, closed.consts, *values)

    bars = transpose_call(bind, linear, cts, [*residuals, *operands[count:]])
    return [None] * count + bars[len(residuals) :]


def _linear_batch(size, operands, dims, **params):
    return batch_flat(lambda *xs: apply_recomputed(*xs, **params), size, operands, dims)


def _linear_lower(hlo, out, *operands, recompute, linear, prevent_cse):
    count = len(recompute.jaxpr.invars)
    residuals = hlo.call(recompute, *operands[:count], name="recompute")
    values = [
        hlo.value(name, aval)
        for name, aval in zip(residuals, recompute.out_avals, strict=True)
    ]
    return hlo.call(linear, *values, *operands[count:], name="linear")


recomputed_linear_p = Primitive(
    "recomputed_linear",
    abstract=lambda *avals, recompute, linear, prevent_cse: tuple(linear.out_avals),
    jvp=lambda primals, tangents, **params: jvp_flat(
        lambda *xs: apply_recomputed(*xs, **params), primals, tangents
    ),
    transpose=_linear_transpose,
    batch=_linear_batch,
    lower=_linear_lower,
    multiple_results=True,
    effects=lambda params: params["recompute"].effects,
)
