"""Transformations a generated program may be wrapped in, one layer each.

A layer is lines of text that define a function from the one below it, with the same
parameters. `Shell` knows the parameters as the next layer will see them, so that a
`vmap` layer can give some of them another axis:

    g5 = jax.jit(f)
    def g6(x0, x1):
        return jax.grad(lambda x0: total(g5(x0, x1)))(x0)
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax

from .builder import MAX_SIZE, Builder, Rejected, helpers, struct
from .program import Layer, Value, define


@dataclass
class Shell:
    """The function so far: its text, its name and its parameters."""

    builder: Builder
    source: str
    name: str
    parameters: list[Value]
    # How many times the layers so far differentiate it.
    order: int = 0

    @property
    def stream(self) -> random.Random:
        return self.builder.stream

    @property
    def call(self) -> str:
        """The parameters as they stand in a def or a call."""
        return ", ".join(p.name for p in self.parameters)

    def types(self, source: str, name: str) -> Any:
        """The types of what `name` returns; Rejected if jax does not accept it."""
        return self.ask(jax.eval_shape, source, name)

    def lower(self) -> None:
        """Reject what jax refuses only when it writes the program for XLA."""
        self.ask(lambda f, *avals: jax.jit(f).lower(*avals), self.source, self.name)

    def ask(self, question: Callable[..., Any], source: str, name: str) -> Any:
        try:
            function = define(source, helpers(), "layers")[name]
            return question(function, *map(struct, self.parameters))
        except Exception as error:
            raise Rejected(f"{type(error).__name__}: {error}") from error

    def some(self, kinds: str) -> list[Value]:
        """At least one parameter of one of `kinds`, drawn at random."""
        fits = [p for p in self.parameters if p.kind in kinds]
        if not fits:
            raise Rejected("nothing to differentiate")
        return [p for p in fits if self.stream.random() < 0.6] or fits[:1]

    def wrap(self, layer: str, order: int = 0) -> Layer:
        """Put `layer` around the function: text with {f} and {g} for the two names."""
        name = self.builder.fresh("g")
        text = layer.replace("{f}", self.name).replace("{g}", name)
        source = f"{self.source}\n{text}\n"
        leaves = jax.tree.leaves(self.types(source, name))
        if sum(leaf.size for leaf in leaves) > 12 * MAX_SIZE:
            raise Rejected("too large")
        self.source, self.name, self.order = source, name, self.order + order
        return Layer(name, tuple(text.split("\n")))

    def define(self, body: str, order: int = 0) -> Layer:
        """Wrap as `def g(parameters)`, where {x} in `body` stands for them."""
        lines = body.replace("{x}", self.call).split("\n")
        text = "\n    ".join([f"def {{g}}({self.call}):", *lines])
        return self.wrap(text, order)


def names(values: Sequence[Value]) -> str:
    """`x0, x2` as they stand in a tuple or a lambda."""
    return ", ".join(v.name for v in values)


def jit(s: Shell) -> Layer:
    return s.wrap("{g} = jax.jit({f})")


def checkpoint(s: Shell) -> Layer:
    return s.wrap("{g} = jax.checkpoint({f})")


def grad(s: Shell) -> Layer:
    xs = names(s.some("fc"))
    argnums = tuple(range(len(xs.split(", "))))
    loss = f"lambda {xs}: total({{f}}({{x}}))"
    return s.define(f"return jax.grad({loss}, argnums={argnums})({xs})", order=1)


def value_and_grad(s: Shell) -> Layer:
    x = s.some("fc")[-1]
    body = [
        f"def loss({x}):",
        "    y = {f}({x})",
        "    return total(y), y",
        f"return jax.value_and_grad(loss, has_aux=True)({x})",
    ]
    return s.define("\n".join(body), order=1)


def grad_of_tree(s: Shell) -> Layer:
    xs = s.some("f")
    tree = ", ".join(f"'{x}': ({x},)" for x in xs)
    unpacked = ", ".join(f"tree['{p}'][0]" if p in xs else p.name for p in s.parameters)
    loss = f"lambda tree: total({{f}}({unpacked}))"
    return s.define(f"return jax.grad({loss})({{{tree}}})", order=1)


def jvp(s: Shell) -> Layer:
    xs = s.some("fc")
    tangents = ", ".join(f"tangent({x})" for x in xs)
    inner = f"lambda {names(xs)}: inexact({{f}}({{x}}))"
    return s.define(f"return jax.jvp({inner}, ({names(xs)},), ({tangents},))", order=1)


def vjp(s: Shell) -> Layer:
    xs = names(s.some("fc"))
    body = [
        f"y, pullback = jax.vjp(lambda {xs}: inexact({{f}}({{x}})), {xs})",
        "return y, pullback(cotangents(y))",
    ]
    return s.define("\n".join(body), order=1)


def mapped_pullback(s: Shell) -> Layer:
    xs = names(s.some("f"))
    body = [
        f"y, pullback = jax.vjp(lambda {xs}: reals({{f}}({{x}})), {xs})",
        "basis = jax.tree.map(lambda leaf: jnp.stack([leaf, jnp.ones_like(leaf)]), y)",
        "return jax.vmap(pullback)(basis)",
    ]
    return s.define("\n".join(body), order=1)


def linearize(s: Shell) -> Layer:
    xs = s.some("fc")
    tangents = ", ".join(f"tangent({x})" for x in xs)
    inner = f"lambda {names(xs)}: inexact({{f}}({{x}}))"
    body = [
        f"y, pushforward = jax.linearize({inner}, {names(xs)})",
        f"return y, pushforward({tangents})",
    ]
    return s.define("\n".join(body), order=1)


def jacobian(mode: str) -> Callable[[Shell], Layer]:
    def layer(s: Shell) -> Layer:
        xs = s.some("f")
        inner = f"lambda {names(xs)}: reals({{f}}({{x}}))"
        argnums = tuple(range(len(xs)))
        call = f"jax.{mode}({inner}, argnums={argnums})({names(xs)})"
        return s.define(f"return {call}", order=1)

    return layer


def hessian(s: Shell) -> Layer:
    x = s.some("f")[0]
    return s.define(
        f"return jax.hessian(lambda {x}: total({{f}}({{x}})))({x})", order=2
    )


def hessian_vector(s: Shell) -> Layer:
    x = s.some("f")[0]
    gradient = f"jax.grad(lambda {x}: total({{f}}({{x}})))"
    return s.define(f"return jax.jvp({gradient}, ({x},), (tangent({x}),))[1]", order=2)


def custom_jvp(s: Shell) -> Layer:
    lines = [
        f"def {{f}}_inexact({s.call}):",
        f"    return inexact({{f}}({s.call}))",
        "{g} = jax.custom_jvp({f}_inexact)",
        "@{g}.defjvp",
        "def {g}_rule(xs, x_dots):",
        "    y, y_dot = jax.jvp({f}_inexact, xs, x_dots)",
        "    return y, jax.tree.map(lambda t: 2 * t, y_dot)",
    ]
    return s.wrap("\n".join(lines))


def custom_vjp(s: Shell) -> Layer:
    lines = [
        f"def {{f}}_inexact({s.call}):",
        f"    return inexact({{f}}({s.call}))",
        "{g} = jax.custom_vjp({f}_inexact)",
        "def {g}_forward(*xs):",
        "    return {f}_inexact(*xs), xs",
        "def {g}_backward(xs, y_bar):",
        "    y_bar = jax.tree.map(lambda t: 2 * t, y_bar)",
        "    return jax.vjp({f}_inexact, *xs)[1](y_bar)",
        "{g}.defvjp({g}_forward, {g}_backward)",
    ]
    return s.wrap("\n".join(lines))


def vmap(s: Shell) -> Layer:
    """Give some parameters a batch axis; the others are shared by all members."""
    arrays = [p for p in s.parameters if not p.python]
    if not arrays:
        raise Rejected("nothing to batch")
    batched = [p for p in arrays if s.stream.random() < 0.6] or arrays[:1]
    size = s.stream.choice([1, 2, 2, 3])
    places: list[int | None] = []
    after = []
    for p in s.parameters:
        place = s.stream.randint(0, p.ndim) if p in batched else None
        shape = p.shape
        if place is not None:
            shape = (*shape[:place], size, *shape[place:])
        # A negative axis counts from the end of the batched shape.
        negative = place is not None and s.stream.random() < 0.3
        places.append(place - len(shape) if negative and place is not None else place)
        after.append(replace(p, shape=shape))
    outputs = jax.tree.leaves(s.types(s.source, s.name))
    deep = all(leaf.ndim for leaf in outputs)
    out = s.stream.choice([0, 0, 0, -1, *([1, -2] if deep else [])])
    text = f"{{g}} = jax.vmap({{f}}, in_axes={tuple(places)}, out_axes={out})"
    return remapped(s, after, text)


COLLECTIVES = [
    "lax.psum(leaf, 'i')",
    "lax.pmean(leaf, 'i')",
    "lax.pmax(leaf, 'i')",
    "lax.pmin(leaf, 'i')",
    "lax.all_gather(leaf, 'i')[0]",
    "lax.all_gather(leaf, 'i', axis=-1)[..., 1]",
    "lax.ppermute(leaf, 'i', [(0, 1), (1, 0)])",
    "lax.pshuffle(leaf, 'i', [1, 0])",
    # Of values that every member shares jax's all_to_all has another shape.
    "lax.all_to_all(jnp.stack([leaf, leaf * lax.axis_index('i')]), 'i', 0, 0)[1]",
    "lax.psum_scatter(jnp.stack([leaf, leaf * leaf]), 'i')",
    "lax.axis_index('i')",
    "lax.axis_size('i')",
]


def collective(s: Shell) -> Layer:
    """Batch the first array over a named axis, and communicate along it inside."""
    x = next((p for p in s.parameters if not p.python), None)
    if x is None:
        raise Rejected("nothing to batch")
    in_axes = tuple(0 if p is x else None for p in s.parameters)
    after = [replace(p, shape=(2, *p.shape)) if p is x else p for p in s.parameters]
    operation = s.stream.choice(COLLECTIVES)
    lines = [
        f"def {{g}}_member({s.call}):",
        f"    y = inexact({{f}}({s.call}))",
        f"    return jax.tree.map(lambda leaf: leaf + {operation}, y)",
        f"{{g}} = jax.vmap({{g}}_member, in_axes={in_axes}, axis_name='i')",
    ]
    return remapped(s, after, "\n".join(lines))


def remapped(s: Shell, after: list[Value], text: str) -> Layer:
    """Wrap in a layer whose parameters are `after`."""
    before, s.parameters = s.parameters, after
    try:
        return s.wrap(text)
    except Rejected:
        s.parameters = before
        raise


LAYERS: dict[Callable[[Shell], Layer], int] = {
    jit: 4,
    checkpoint: 1,
    grad: 5,
    value_and_grad: 2,
    grad_of_tree: 2,
    jvp: 3,
    vjp: 3,
    mapped_pullback: 2,
    linearize: 2,
    jacobian("jacfwd"): 2,
    jacobian("jacrev"): 2,
    hessian: 1,
    hessian_vector: 1,
    custom_jvp: 1,
    custom_vjp: 1,
    vmap: 6,
    collective: 2,
}
MAX_ORDER = 2


def draw_layer(s: Shell) -> Layer:
    """One random layer that jax accepts around the function so far."""
    for _ in range(20):
        layer = s.stream.choices(list(LAYERS), weights=list(LAYERS.values()))[0]
        order = s.order
        try:
            made = layer(s)
        except Rejected:
            continue
        if s.order <= MAX_ORDER:
            return made
        raise Rejected(f"order {order} is enough")
    raise Rejected("no layer fits")
