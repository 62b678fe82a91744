"""Steps that hold functions: control flow and transformations inside a program.

Each function here draws operands, lets an inner `Builder` grow the bodies, and emits
one step: its lines define the bodies, and its expression calls them.

    def h4(p2, p3):
        v5 = p2 * p3
        return as_like(p2, v5)
    v6 = lax.cond(jnp.sum(v1) > 0, h4, h4, v0, v1)
"""

from collections.abc import Callable, Sequence

import numpy as np

from .builder import Builder, Rejected
from .program import Value, indent


def function(
    b: Builder,
    parameters: Sequence[Value],
    result: str = "{last}",
    closed: bool = False,
) -> tuple[str, list[str]]:
    """The name and the lines of a new function of `parameters`.

    Its body may use the values around it, unless it is `closed`. It returns the text
    `result`, with `{last}` for the last value the body made.
    """
    inner = Builder(b.stream, b.x64, (), b.counter, b.depth + 1)
    closure = [v for v in b.pool if not v.python and not closed]
    inner.pool = [*b.stream.sample(closure, min(len(closure), 1)), *parameters]
    inner.grow(b.stream.randint(1, 3), STEPS)
    if not inner.steps:
        raise Rejected("an empty body")
    name = b.fresh("h")
    lines = [line for step in inner.steps for line in step.lines]
    text = result.format(last=inner.steps[-1].names[-1])
    names = ", ".join(p.name for p in parameters)
    return name, [f"def {name}({names}):", *indent([*lines, f"return {text}"])]


def parameter(b: Builder, value: Value, shape: tuple[int, ...] | None = None) -> Value:
    """A new name for a value of this type, or of its type and another shape."""
    shape = value.shape if shape is None else shape
    return Value(b.fresh("p"), shape, value.dtype, value.weak_type)


def predicate(b: Builder) -> str:
    value = b.pick("biuf")
    return f"jnp.sum(jnp.asarray({value})) > {b.hole_small()}"


def cond(b: Builder) -> None:
    like, x = b.pick("iufc"), b.pick("iufc")
    parameters = parameter(b, like), parameter(b, x)
    result = f"as_like({parameters[0]}, {{last}})"
    yes, yes_lines = function(b, parameters, result)
    no, no_lines = function(b, parameters, result)
    test = predicate(b)
    b.emit([*yes_lines, *no_lines], f"lax.cond({test}, {yes}, {no}, {like}, {x})")


def cond_on_closure(b: Builder) -> None:
    like = b.pick("fc")
    yes, lines = function(b, [], f"as_like({like}, {{last}})")
    b.emit(lines, f"lax.cond({predicate(b)}, {yes}, lambda: jnp.sin({like}))")


def switch(b: Builder) -> None:
    x, index = b.pick("fc"), b.pick("i", "=0")
    parameters = [parameter(b, x)]
    branches = [
        function(b, parameters, f"as_like({parameters[0]}, {{last}})") for _ in range(2)
    ]
    names = ", ".join(name for name, _ in branches)
    lines = [line for _, body in branches for line in body]
    b.emit(lines, f"lax.switch({index}, [{names}, jnp.cos], {x})")


def scan(b: Builder) -> None:
    carry, xs = b.pick("iufc"), b.pick("iuf", "1")
    parameters = parameter(b, carry), parameter(b, xs, xs.shape[1:])
    result = f"as_like({parameters[0]}, {{last}}), {{last}}"
    body, lines = function(b, parameters, result)
    options = f"reverse={b.hole_flag()}, unroll={b.stream.choice([1, 1, 2])}"
    b.emit(lines, f"lax.scan({body}, {carry}, {xs}, {options})", outputs=2)


def scan_without_inputs(b: Builder) -> None:
    first, second = b.pick("f"), b.pick("iufc")
    parameters = parameter(b, first), parameter(b, second)
    pair = f"(as_like({parameters[0]}, {{last}}), {parameters[1]})"
    body, lines = function(b, parameters, pair)
    step = f"lambda c, _: ({body}(*c), None)"
    loop = f"lax.scan({step}, ({first}, {second}), None, length=3)[0]"
    b.emit(lines, loop, outputs=2)


def while_loop(b: Builder) -> None:
    carry = b.pick("iufc")
    p = parameter(b, carry)
    body, lines = function(b, [p], f"as_like({p}, {{last}})")
    condition = "lambda s: s[0] < 3"
    if b.chance(0.5):
        condition += " - (jnp.sum(jnp.abs(s[1])) > 4)"
    loop = (
        f"lax.while_loop({condition}, lambda s: (s[0] + 1, {body}(s[1])), (0, {carry}))"
    )
    b.emit(lines, loop, outputs=2)


def fori_loop(b: Builder) -> None:
    carry = b.pick("iufc")
    step = Value(b.fresh("p"), (), np.dtype("int32"))
    p = parameter(b, carry)
    body, lines = function(b, [step, p], f"as_like({p}, {{last}})")
    stop = b.stream.choice(["3", "3", "jnp.asarray(2)"])
    b.emit(lines, f"lax.fori_loop(0, {stop}, {body}, {carry})")


def lax_map(b: Builder) -> None:
    xs = b.pick("iufc", "1")
    body, lines = function(b, [parameter(b, xs, xs.shape[1:])])
    b.emit(lines, f"lax.map({body}, {xs})")


def associative_scan(b: Builder) -> None:
    xs = b.pick("f", "1")
    combine = b.stream.choice(["jnp.logaddexp", "lambda a, b: 0.5 * a * b + a"])
    b.emit([], f"lax.associative_scan({combine}, {xs})")


def called(wrapper: str) -> Callable[[Builder], None]:
    """A step that calls `wrapper` of a new function on two values."""

    def add(b: Builder) -> None:
        x, y = b.pick("f"), b.pick("iufc")
        parameters = parameter(b, x), parameter(b, y)
        body, lines = function(b, parameters)
        b.emit(lines, wrapper.format(body=body, x=x, y=y))

    return add


def mapped(b: Builder) -> None:
    x, y = b.pick("iufc", "1"), b.pick("iufc")
    axis = b.stream.randrange(x.ndim)
    inner = x.shape[:axis] + x.shape[axis + 1 :]
    body, lines = function(b, [parameter(b, x, inner), parameter(b, y)])
    out = b.stream.choice([0, -1])
    call = f"jax.vmap({body}, in_axes=({axis}, None), out_axes={out})({x}, {y})"
    b.emit(lines, call)


def vectorized(b: Builder) -> None:
    x = b.pick("f", "1")
    p = parameter(b, x, x.shape[-1:])
    body, lines = function(b, [p], f"as_like({p}, {{last}})")
    b.emit(lines, f"jnp.vectorize({body}, signature='(n)->(n)')({x})")


def custom_jvp(b: Builder) -> None:
    x = b.pick("f")
    p = parameter(b, x)
    # jax's custom rules may not close over values that are being differentiated.
    body, lines = function(b, [p], f"as_like({p}, {{last}})", closed=True)
    rule = [
        f"{body} = jax.custom_jvp({body})",
        f"{body}.defjvps(lambda t, y, x: 3 * t * y)",
    ]
    b.emit([*lines, *rule], f"{body}({x})")


def custom_vjp(b: Builder) -> None:
    x = b.pick("f")
    p = parameter(b, x)
    # jax's custom rules may not close over values that are being differentiated.
    body, lines = function(b, [p], f"as_like({p}, {{last}})", closed=True)
    rule = [
        f"{body}_plain = {body}",
        f"{body} = jax.custom_vjp({body}_plain)",
        f"{body}.defvjp(lambda x: ({body}_plain(x), x), lambda x, y: (2 * x * y,))",
    ]
    b.emit([*lines, *rule], f"{body}({x})")


STEPS: list[Callable[[Builder], None]] = [
    cond,
    cond_on_closure,
    switch,
    scan,
    scan_without_inputs,
    while_loop,
    fori_loop,
    lax_map,
    associative_scan,
    mapped,
    vectorized,
    custom_jvp,
    custom_vjp,
    called("jax.jit({body})({x}, {y})"),
    called("jax.checkpoint({body})({x}, {y})"),
    called("jax.grad(lambda x: total({body}(x, {y})))(jnp.asarray({x}))"),
    called("jax.jvp(lambda x: {body}(x, {y}), ({x},), (tangent({x}),))[1]"),
    called("jax.vjp(lambda x: total({body}(x, {y})), {x})[1](jnp.float32(2))[0]"),
    called("jax.linearize(lambda x: {body}(x, {y}), {x})[1](tangent({x}))"),
    called("jax.jacfwd(lambda x: jnp.real({body}(x, {y})))(jnp.asarray({x}))"),
    called("lax.stop_gradient({body}({x}, {y}))"),
]
