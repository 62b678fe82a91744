"""`jit` inside a program: a call of a sub-program.

b:f32[] = jit[name=f jaxpr={ lambda ; a:f32[]. let c:f32[] = sin a in (c,) }] a
"""

from ..core.jaxpr import eval_jaxpr
from ..core.primitive import NamedAxis, Primitive
from ..core.trace import context, interpreter
from ..transforms.batch import batch_jaxpr
from ..transforms.jvp import jvp_flat, jvp_jaxpr, on_tape
from ..transforms.linearize import linearize_call, transpose_call
from ..transforms.masked_programs import call_masked


def innermost_axis(effects):
    """The innermost trace among those of the named axes that a program mentions."""
    frames = [
        context.axes[e.name]
        for e in effects
        if isinstance(e, NamedAxis) and e.name in context.axes
    ]
    return max(frames, key=lambda frame: frame.level, default=None)


def bind_within(frame, primitive, operands, params):
    """Apply a primitive, `frame` having a say as if an operand were its tracer."""
    top = context.floor if context.floor.level > frame.level else frame
    return interpreter(operands, top).process(primitive, operands, params)


class Program(Primitive):
    """A primitive that holds programs."""

    def bind(self, *operands, **params):
        """Apply it; the trace of an axis that a program inside mentions has a say."""
        effects = self.effects_of(params)
        frame = innermost_axis(effects) if effects else None
        if frame is None:
            return Primitive.bind(self, *operands, **params)
        # A collective inside must meet the trace of its axis, mapped operands or not.
        return bind_within(frame, self, operands, params)

    def infer(self, avals, params):
        """The type of the results; not remembered, so that programs can be freed."""
        return self.abstract(*avals, **params)


def call(closed, operands, name="f"):
    """Call a closed program on operands; returns the list of results."""
    return jit_p.bind(*operands, name=name, jaxpr=closed)


def _call_abstract(*avals, name, jaxpr):
    return tuple(jaxpr.out_avals)


def _call_jvp(primals, tangents, *, name, jaxpr):
    nonzero = tuple([t is not None for t in tangents])
    if not any(nonzero):
        outs = call(jaxpr, primals, name)
        return outs, [None] * len(outs)
    if any(map(on_tape, primals)):
        # Tangents that do not depend on the primals must not get onto the tape.
        return jvp_flat(
            lambda *xs: eval_jaxpr(jaxpr.jaxpr, jaxpr.consts, *xs), primals, tangents
        )
    pushed, out_nonzero = jvp_jaxpr(jaxpr, nonzero)
    given = [t for t in tangents if t is not None]
    results = call(pushed, [*primals, *given], name)
    count = len(out_nonzero)
    dots = iter(results[count:])
    return results[:count], [next(dots) if has else None for has in out_nonzero]


def _call_linearize(trace, primals, tangents, *, name, jaxpr):
    def bind(closed, operands):
        return call(closed, operands, name)

    return linearize_call(bind, jaxpr, primals, tangents)


def _call_transpose(cts, *operands, name, jaxpr):
    def bind(closed, values):
        return call(closed, values, name)

    return transpose_call(bind, jaxpr, cts, operands)


def _call_batch(size, operands, dims, *, name, jaxpr):
    batched, out_dims = batch_jaxpr(jaxpr, size, tuple(dims))
    return call(batched, operands, name), out_dims


def _call_mask(trace, primitive, operands, params):
    jaxpr, name = params["jaxpr"], params["name"]
    return call_masked(trace, jaxpr, operands, lambda p, xs: call(p, xs, name))


def _call_lower(hlo, out, *operands, name, jaxpr):
    return hlo.call(jaxpr, *operands, name=name)


jit_p = Program(
    "jit",
    abstract=_call_abstract,
    jvp=_call_jvp,
    linearize=_call_linearize,
    transpose=_call_transpose,
    batch=_call_batch,
    mask=_call_mask,
    lower=_call_lower,
    multiple_results=True,
    effects=lambda params: params["jaxpr"].effects,
)
