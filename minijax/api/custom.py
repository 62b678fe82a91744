"""Functions with rules of one's own: `custom_jvp`, `custom_vjp`, `custom_vmap`.

They differ in the rule that is asked for; each takes all of them, and `custom_rules`
is the same without a preference. What a function has no rule for is derived from the
rules it has, or from the function:

    forward mode    the jvp rule, else the backward rule transposed, else the function
    reverse mode    the vjp rule, else the jvp rule linearized, else the function
    vmap            the vmap rule, else the function and its rules, batched
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from .. import tree
from ..control.custom import custom_jvp_call_p, custom_vjp_call_p, custom_vmap_call_p
from ..control.implicit import custom_linear_solve
from ..control.loops import map as sequential_map
from ..core.literal import aval_of
from ..core.trace import Tracer
from ..core.tracebacks import boundary
from .arguments import name_of, signature_of, wraps
from .autodiff import jvp as push
from .autodiff import linearize, materialize
from .custom_calls import Call


class custom_rules:
    """A function that may bring rules for forward mode, reverse mode and vmap.

    Args:
      fun: the function.
      nondiff_argnums, nondiff_argnames: arguments that rules do not differentiate;
        derivative rules get them first.

    >>> @custom_rules
    ... def cube(x):
    ...     return x * x * x
    >>> cube.defjvps(lambda x_dot, y, x: 3 * x * x * x_dot)
    >>> cube.defvjp(lambda x: (cube(x), x), lambda x, y_bar: (3 * x * x * y_bar,))
    >>> print(cube.describe())
    cube: custom_rules
      forward mode   given: rules per argument (<lambda>)
      reverse mode   given: <lambda>, then <lambda>
      linearize      the reverse rules, tangents pushed by the forward rule
      vmap           derived: the function and its derivative rules, batched
    """

    jvp: Callable | None  # the rules, as they were given
    fwd: Callable | None
    bwd: Callable | None
    vmap: Callable | None

    def __init__(
        self,
        fun: Callable,
        nondiff_argnums: int | tuple = (),
        nondiff_argnames: str | tuple = (),
    ):
        wraps(fun)(self)
        self.fun = fun
        self.kind = type(self).__name__
        self._signature = signature_of(fun)
        self._count = _count_of_positional(self._signature)
        self.nondiff_argnums = _positions(fun, nondiff_argnums, nondiff_argnames)
        self.jvp = self.fwd = self.bwd = self.vmap = None
        self.symbolic_zeros_in_jvp = False
        self.symbolic_zeros_in_vjp = False
        self.optimize_remat = False
        self._origin_of_jvp = ""

    @property
    def where(self) -> str:
        """What to call the function in errors."""
        return f"{self.kind} {name_of(self.fun)}"

    def __get__(self, instance, owner=None):
        return self if instance is None else _Method(self, instance)

    @boundary
    def __call__(self, *args, **kwargs):
        if not self._has_rules:
            raise AttributeError(self._no_rule())
        call = Call(self, self._arguments(args, kwargs))
        if self.fwd is not None:
            self._refuse_traced(call.fixed)
        outs = self._primitive.bind_functions(call.value, call.rules(), call.values)
        return tree.unflatten(call.out_tree, outs)

    @property
    def _primitive(self):
        if self.fwd is not None:
            return custom_vjp_call_p
        return custom_vmap_call_p if self.jvp is None else custom_jvp_call_p

    def _no_rule(self):
        return (
            f"No rule defined for {self.kind} function {name_of(self.fun)} using "
            "defjvp, defvjp, def_vmap or defroot. Define one before calling the "
            "function."
        )

    def _arguments(self, args, kwargs):
        """Positional arguments with defaults filled in, keywords resolved."""
        signature = self._signature
        if signature is None or (len(args) == self._count and not kwargs):
            return args
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self.where}: {error}.") from None
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(
                f"{self.where}: parameters that can only be given by keyword are not "
                f"supported, got {sorted(bound.kwargs)}. Make them positional."
            )
        return bound.args

    def _refuse_traced(self, fixed):
        for k, x in zip(self.nondiff_argnums, fixed, strict=True):
            leaves, _ = tree.flatten_raw(x, None)
            if any(isinstance(y, Tracer) for y in leaves):
                raise TypeError(
                    f"{self.where}: argument {k} is traced, but nondiff_argnums must "
                    "name arguments that are not arrays. Pass arrays as ordinary "
                    "arguments and return None for their cotangents."
                )

    def _owner(self, kind: type) -> "custom_rules":
        """Which of several nested wrappers a rule belongs to.

        `custom_vjp(custom_vmap(f))` hands its vmap rule on to `custom_vmap(f)`, as long
        as that has none.
        """
        inner: Any = self
        while isinstance(inner, custom_rules):
            if isinstance(inner, kind) and (inner is self or not inner._has_rules):
                return inner
            inner = inner.fun
        return self

    @property
    def _has_rules(self):
        return not (self.jvp is self.fwd is self.vmap is None)

    def defjvp(self, jvp: Callable, symbolic_zeros: bool = False) -> Callable:
        """Set the rule `jvp(*nondiff, primals, tangents) -> (out, out_tangent)`.

        Args:
          symbolic_zeros: tangents that are known to be zero arrive, and may be
            returned, as `SymbolicZero`.
        """
        self._owner(custom_jvp)._set_jvp(jvp, symbolic_zeros, name_of(jvp))
        return jvp

    def _set_jvp(self, jvp, symbolic_zeros, origin):
        self.jvp = jvp
        self.symbolic_zeros_in_jvp = symbolic_zeros
        self._origin_of_jvp = origin

    def defjvps(self, *jvps: Callable | None) -> None:
        """Set one rule `jvp(tangent, out, *primals)` per argument; None means zero."""
        owner = self._owner(custom_jvp)
        if owner.nondiff_argnums:
            raise TypeError(
                f"{owner.where}: defjvps cannot be used with nondiff_argnums. Use "
                f"defjvp."
            )

        def jvp(primals, tangents):
            out = self(*primals)
            terms = [
                rule(t, out, *primals)
                for rule, t in zip(jvps, tangents, strict=True)
                if rule is not None
            ]
            if not terms:
                return out, tree.map(lambda x: materialize(None, aval_of(x)), out)
            return out, functools.reduce(_sum, terms)

        names = ", ".join(["None" if f is None else name_of(f) for f in jvps])
        owner._set_jvp(jvp, False, f"rules per argument ({names})")

    def defvjp(
        self,
        fwd: Callable,
        bwd: Callable,
        symbolic_zeros: bool = False,
        optimize_remat: bool = False,
    ) -> None:
        """Set the rules for reverse mode.

        Args:
          fwd: takes what the function takes, returns `(out, residuals)`.
          bwd: takes `(*nondiff, residuals, out_bar)`, returns a tuple with one
            cotangent per differentiable argument; None means zero.
          symbolic_zeros: `fwd` gets each leaf as a `CustomVJPPrimal`, and cotangents
            that are known to be zero are `SymbolicZero`.
          optimize_remat: under `checkpoint`, the forward pass calls the function and
            only the backward pass calls `fwd`, where that is one opaque step.
        """
        owner = self._owner(custom_vjp)
        owner.fwd = fwd
        owner.bwd = bwd
        owner.symbolic_zeros_in_vjp = symbolic_zeros
        owner.optimize_remat = optimize_remat

    def def_vmap(self, vmap_rule: Callable) -> Callable:
        """Set the rule `vmap_rule(axis_size, in_batched, *args)`.

        Args:
          vmap_rule: gets the size of the axis, a list with a tree of booleans per
            argument, and the arguments, with the axis in front where batched. Returns
            `(out, out_batched)`, trees of one structure.
        """
        self._owner(custom_vmap).vmap = vmap_rule
        return vmap_rule

    def defroot(
        self,
        residual: Callable,
        tangent_solve: Callable,
        transpose_solve: Callable | None = None,
        symmetric: bool = False,
    ) -> None:
        """Say that the value x of the function solves `residual(x, *args) = 0`.

        Derivatives follow from the implicit function theorem, whatever the function
        does to find x. A linear solve is a residual such as `a @ x - b`.

        Args:
          residual: has the structure and types of x.
          tangent_solve: `tangent_solve(matvec, b)` solves `matvec(x) = b`, where matvec
            is linear. It is differentiated, unless one of the following is given.
          transpose_solve: the same for the transposed system, for reverse mode.
          symmetric: the linear map is symmetric: `tangent_solve` does for both.

        >>> root = custom_rules(lambda a: jnp.exp(jnp.log(a) / 3))
        >>> root.defroot(lambda x, a: x**3 - a, lambda matvec, b: b / matvec(1.0))
        >>> grad(root)(8.0)
        Array(0.08333..., dtype=float32, weak_type=True)
        """
        owner = self._owner(custom_jvp)
        solve = tangent_solve
        if symmetric or transpose_solve is not None:
            solve = functools.partial(
                custom_linear_solve,
                solve=tangent_solve,
                transpose_solve=transpose_solve,
                symmetric=symmetric,
            )

        def jvp(primals, tangents):
            x = self(*primals)
            _, moved = push(lambda *args: residual(x, *args), primals, tangents)
            _, matvec = linearize(lambda x: residual(x, *primals), x)
            return x, solve(matvec, tree.map(lambda t: -t, moved))

        origin = f"the root of {name_of(residual)}, by {name_of(tangent_solve)}"
        owner._set_jvp(jvp, False, origin)

    def describe(self) -> str:
        """What each mode uses: which rules were given, and which are derived."""
        vmap = self.vmap and f"given: {name_of(self.vmap)}"
        modes = {
            "forward mode": self._forward_mode(),
            "reverse mode": self._reverse_mode(),
            "linearize": self._linearize(),
            "vmap": vmap or "derived: the function and its derivative rules, batched",
        }
        rows = [f"  {mode:14} {what}" for mode, what in modes.items()]
        return "\n".join([f"{name_of(self.fun)}: {self.kind}", *rows])

    def _forward_mode(self):
        if self.jvp is not None:
            return f"given: {self._origin_of_jvp}"
        if self.bwd is not None:
            return f"derived: {name_of(self.bwd)}, transposed"
        return f"derived: {name_of(self.fun)}, differentiated"

    def _reverse_mode(self):
        if self.fwd is not None and self.bwd is not None:
            return f"given: {name_of(self.fwd)}, then {name_of(self.bwd)}"
        if self.jvp is not None:
            return f"derived: {self._origin_of_jvp}, linearized and transposed"
        return f"derived: {name_of(self.fun)}, differentiated"

    def _linearize(self):
        if self.bwd is None:
            return (
                self._origin_of_jvp or f"derived: {name_of(self.fun)}, differentiated"
            )
        if self.jvp is None:
            pushed = f"{name_of(self.bwd)} transposed"
        else:
            pushed = "the forward rule"
        return f"the reverse rules, tangents pushed by {pushed}"


def _count_of_positional(signature):
    """How many arguments fit without looking closer, None if that is not so simple."""
    if signature is None:
        return None
    kinds = {p.kind for p in signature.parameters.values()}
    plain = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return len(signature.parameters) if kinds <= plain else None


def _positions(fun, numbers, names):
    """Positions of the arguments given by number or name."""
    numbers = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    names = (names,) if isinstance(names, str) else tuple(names)
    if names:
        parameters = list(signature_of(fun).parameters)
        numbers = (*numbers, *[parameters.index(name) for name in names])
    return tuple(sorted(set(numbers)))


def _sum(x, y):
    return tree.map(lambda a, b: a + b, x, y)


class _Method:
    """A function with rules, bound to an object as its first argument."""

    def __init__(self, custom, instance):
        self.__self__ = instance
        self.__func__ = custom

    @boundary
    def __call__(self, *args, **kwargs):
        return self.__func__(self.__self__, *args, **kwargs)


class custom_jvp(custom_rules):
    """A function with a forward-mode rule of its own.

    The rule is used in both modes, since its result is linear in the tangents.

    Args:
      fun: the function.
      nondiff_argnums: arguments the rule does not differentiate, passed to it first.

    >>> @custom_jvp
    ... def f(x, y):
    ...     return x * y
    >>> @f.defjvp
    ... def f_jvp(primals, tangents):
    ...     (x, y), (x_dot, y_dot) = primals, tangents
    ...     return f(x, y), x_dot * y + x * y_dot
    """

    @property
    def symbolic_zeros(self) -> bool:
        """Whether the rule is told which tangents are zero."""
        return self.symbolic_zeros_in_jvp

    def _no_rule(self):
        return (
            f"No JVP defined for custom_jvp function {name_of(self.fun)} using "
            "defjvp. Define one before calling the function."
        )


class custom_vjp(custom_rules):
    """A function with a reverse-mode rule of its own.

    Forward mode works as well: tangents go through the transpose of the backward rule.

    Args:
      fun: the function.
      nondiff_argnums: arguments that are not arrays; passed first to the backward rule.

    >>> @custom_vjp
    ... def f(x):
    ...     return x * x
    >>> f.defvjp(lambda x: (f(x), x), lambda x, y_bar: (2 * x * y_bar,))
    """

    def _no_rule(self):
        return (
            f"No VJP defined for custom_vjp function {name_of(self.fun)} using "
            "defvjp. Define one before calling the function."
        )


class custom_vmap(custom_rules):
    """A function that says itself what `vmap` of it is.

    Both modes differentiate it; `vmap` of a derivative is the derivative of the rule.

    >>> @custom_vmap
    ... def f(x, y):
    ...     return x + y
    >>> @f.def_vmap
    ... def f_vmap(axis_size, in_batched, xs, ys):
    ...     return xs * ys, True
    >>> vmap(f)(jnp.arange(3.0), jnp.arange(3.0))
    Array([0., 1., 4.], dtype=float32)
    """

    def __init__(self, fun: Callable):
        super().__init__(fun)

    def _no_rule(self):
        return (
            f"No batching rule defined for custom_vmap function {name_of(self.fun)} "
            "using def_vmap. Define one before calling the function."
        )


def sequential_vmap(f: Callable) -> custom_vmap:
    """The function, run for one member after the other under `vmap`: in a loop.

    >>> vmap(sequential_vmap(lambda x: x + 1))(jnp.arange(3))
    Array([1, 2, 3], dtype=int32)
    """
    wrapped = custom_vmap(f)

    def member_by_member(axis_size, in_batched, *args):
        leaves, treedef = tree.flatten_raw(args, None)
        flags = tree.leaves(in_batched)

        def member(rows):
            given = iter(rows)
            filled = [
                next(given) if on else x for x, on in zip(leaves, flags, strict=True)
            ]
            return wrapped(*tree.unflatten(treedef, filled))

        rows = [x for x, on in zip(leaves, flags, strict=True) if on]
        out = sequential_map(member, rows)
        return out, tree.map(lambda _: True, out)

    wrapped.def_vmap(member_by_member)
    return wrapped
