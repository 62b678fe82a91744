"""The rules that a function may bring, and what is made of those it does not.

Rules act on flat sequences; a tangent or cotangent None is zero.

    rule    signature                                             note
    jvp     (primals, tangents) -> outs, out_dots
    vjp     (primals, active) -> outs, residuals, backward        active: are in motion
            backward(residuals, cts) -> one cotangent per primal
    vmap    (size, flags, values) -> outs, flags                  flags: are batched,
                                                                  with the axis in front

A mode without a rule is derived from what there is:

    forward     jvp;  else the transpose of the backward function, which is linear
    linearize   vjp, its tangents pushed by jvp if there is one;  else jvp
    either      without both rules, the derivative of the function; under vmap that of
                the vmap rule
    vmap        vmap, for values; derivative rules are batched as functions are
"""

from collections.abc import Callable, Sequence

from ..core.rules import instantiate
from ..errors import UnexpectedTracerError
from ..primitives.shape import move_batch
from ..transforms.batch import batch_flat
from ..transforms.jvp import differentiable, jvp_flat
from ..transforms.linearize import linearize_flat
from .custom_linear import apply_linear, batched_backward
from .programs import given, picked, spread


class Rules:
    """The rules of one function, on flat sequences; None where it has no such rule.

    Attributes:
      leading: how many arguments of the function its rules do not know of: values it
        closes over that became arguments when it was written into a program.
    """

    __slots__ = ("jvp", "leading", "name", "vjp", "vmap")

    def __init__(
        self,
        name: str,
        jvp: Callable | None = None,
        vjp: Callable | None = None,
        vmap: Callable | None = None,
        leading: int = 0,
    ):
        self.name = name
        self.jvp = jvp
        self.vjp = vjp
        self.vmap = vmap
        self.leading = leading

    def __repr__(self):
        return self.name

    @property
    def has_derivative(self) -> bool:
        """Whether one of the rules is for a derivative."""
        return self.jvp is not None or self.vjp is not None

    def after(self, count: int) -> "Rules":
        """The rules of the function with `count` more leading arguments."""
        leading = self.leading + count
        return Rules(self.name, self.jvp, self.vjp, self.vmap, leading)

    # Derivatives

    def forward(self, primitive, fun, primals, tangents):
        """Values of a call in forward mode, and their tangents."""
        self._refuse(given(tangents[: self.leading]), "differentiated")
        primals, fixed, tangents = self._without_leading(primals, tangents)
        if self.jvp is not None:
            return self.jvp(primals, tangents)
        if self.vjp is not None:
            return apply_linear(self.vjp, None, primals, tangents)
        return self._push_function(primitive, fun, [*fixed, *primals], tangents)

    def linearized(self, primitive, fun, primals, tangents):
        """Values of a call whose tangents are recorded, to be pushed and pulled."""
        self._refuse(given(tangents[: self.leading]), "differentiated")
        primals, fixed, tangents = self._without_leading(primals, tangents)
        if self.vjp is not None:
            return apply_linear(self.vjp, self.jvp, primals, tangents)
        if self.jvp is not None:
            return self.jvp(primals, tangents)

        def vjp(primals, active):
            return self._pull_function(primitive, fun, [*fixed, *primals], active)

        return apply_linear(vjp, None, primals, tangents)

    def _without_leading(self, primals, tangents):
        count = self.leading
        return list(primals[count:]), list(primals[:count]), list(tangents[count:])

    def _refuse(self, flags, verb):
        if any(flags):
            raise UnexpectedTracerError(
                f"{self.name}: the function closes over a value that is being {verb}, "
                "which its rule knows nothing of. Pass the value as an argument, or "
                "use closure_convert."
            )

    def _push_function(self, primitive, fun, primals, tangents):
        """Forward mode without a rule for it: vmap of it shall find the vmap rule."""
        tangents = [None] * self.leading + tangents
        flags = given(tangents)
        count = len(primals)
        pushed = _Pushed(lambda *pair: jvp_flat(fun, *pair), flags)

        def vmap(size, batched, values):
            dots_batched = spread(batched[count:], flags, False)
            both = [a or b for a, b in zip(batched, dots_batched, strict=False)]
            points = _in_front(size, values[:count], batched[:count], both)
            dots = _in_front(size, values[count:], batched[count:], picked(both, flags))
            found = None

            def members(*args):
                nonlocal found
                outs, found = self.members(size, both, args)
                return outs

            pair = jvp_flat(members, points, spread(dots, flags))
            return pushed.joined(*pair), [*found, *picked(found, pushed.moving)]

        operands = [*primals, *picked(tangents, flags)]
        results = primitive.bind_functions(
            pushed, Rules(self.name, vmap=vmap), operands
        )
        return pushed.split(results)

    def _pull_function(self, primitive, fun, primals, active):
        """Reverse mode without a rule for it: vmap of it shall find the vmap rule."""
        active = (*[False] * self.leading, *active)
        count = len(primals)

        def backward(points, cts):
            flags = given(cts)

            def pull(*args):
                linear = linearize_flat(fun, args[:count], active)
                bars = linear.pull(spread(args[count:], flags))
                return _filled(bars, args, active)

            def vmap(size, batched, values):
                both = [a or b for a, b in zip(active, batched, strict=False)]
                points = _in_front(size, values[:count], batched[:count], both)
                cts = _in_front(size, values[count:], batched[count:])
                linear = linearize_flat(
                    lambda *xs: self.all_members(size, both, xs), points, active
                )
                bars = linear.pull(spread(cts, flags))
                bars = _filled(bars, points, active)
                return bars, [True] * len(bars)

            rules = Rules(self.name, vmap=vmap)
            operands = [*points, *picked(cts, flags)]
            bars = primitive.bind_functions(pull, rules, operands)
            return spread(bars, active[self.leading :])

        return primitive.bind_functions(fun, self, primals), primals, backward

    # Batches

    def members(self, size: int, flags: Sequence[bool], values: Sequence):
        """Results of the vmap rule, and which of them have a batch axis in front."""
        self._refuse(flags[: self.leading], "batched")
        assert self.vmap is not None
        return self.vmap(size, tuple(flags[self.leading :]), values[self.leading :])

    def all_members(self, size: int, flags: Sequence[bool], values: Sequence) -> list:
        """Results of the vmap rule, all with a batch axis in front."""
        return _in_front(size, *self.members(size, flags, values))

    def batched(self, size: int, dims: tuple, axis_name) -> "Rules":
        """The derivative rules of the batched function, the batch in front."""
        dims = dims[self.leading :]
        jvp = self.jvp and batched_jvp(self.jvp, size, dims, axis_name)
        vjp = self.vjp and batched_vjp(self.vjp, size, dims, axis_name)
        return Rules(self.name, jvp, vjp, None, self.leading)


class _Pushed:
    """`push(primals, tangents) -> outs, dots` as a function of values only."""

    def __init__(self, push, flags):
        self.push = push
        self.flags = flags
        self.moving = ()

    def __call__(self, *args):
        count = len(self.flags)
        dots = spread(args[count:], self.flags)
        return self.joined(*self.push(list(args[:count]), dots))

    def joined(self, outs, dots):
        """One sequence: integers have no tangents, zeros are filled in."""
        self.moving = [differentiable(x) for x in outs]
        return [*outs, *_filled(dots, outs, self.moving)]

    def split(self, results):
        """Values and tangents in one sequence of results."""
        count = len(self.moving)
        return results[:count], spread(results[count:], self.moving)


def _filled(tangents, primals, flags):
    """Tangents, or cotangents, where a flag is set; zeros for None."""
    triples = zip(tangents, primals, flags, strict=False)
    return [instantiate(t, x) for t, x, on in triples if on]


def _in_front(size, values, flags, wanted=None):
    """Values with a batch axis in front, all or those wanted; flags: which have it."""
    wanted = [True] * len(values) if wanted is None else wanted
    return [
        move_batch(size, x, 0 if has else None, 0) if on and not has else x
        for x, has, on in zip(values, flags, wanted, strict=True)
    ]


def batch_in_front(fun, size, values, dims, axis_name):
    """Results of a batched flat function, every one with its batch axis in front."""
    outs, found = batch_flat(fun, size, values, dims, axis_name)
    return [move_batch(size, x, d, 0) for x, d in zip(outs, found, strict=True)]


def batched_jvp(jvp, size, dims, axis_name):
    """The rule of the batched function; a tangent's batch is where its primal's is."""

    def batched(primals, tangents):
        flags = given(tangents)
        pushed = _Pushed(jvp, flags)
        values = [*primals, *picked(tangents, flags)]
        places = [*dims, *picked(dims, flags)]
        return pushed.split(batch_in_front(pushed, size, values, places, axis_name))

    return batched


def batched_vjp(vjp, size, dims, axis_name):
    """The rule of the batched function; cotangents have the batch in front."""

    def batched(primals, active):
        backward = None
        count = 0

        def member(*args):
            nonlocal backward, count
            outs, residuals, backward = vjp(list(args), active)
            count = len(outs)
            return [*outs, *residuals]

        results, found = batch_flat(member, size, primals, dims, axis_name)
        outs = [
            move_batch(size, x, d, 0)
            for x, d in zip(results[:count], found[:count], strict=True)
        ]
        pull = batched_backward(backward, size, tuple(found[count:]), dims, axis_name)
        return outs, results[count:], pull

    return batched
