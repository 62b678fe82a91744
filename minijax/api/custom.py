"""`custom_jvp` and `custom_vjp`: functions with derivative rules of one's own."""

from collections.abc import Callable

from .. import dtypes, tree
from ..control.custom import JvpRule, VjpRule, custom_jvp_call_p, custom_vjp_call_p
from ..core.jaxpr import eval_jaxpr
from ..core.literal import aval_of
from ..core.trace import Tracer
from ..transforms.jvp import differentiable, tangent_aval
from ..transforms.stage import hoist, stage
from .arguments import (
    argument_paths,
    as_values,
    name_of,
    result_values,
    signature_of,
    wraps,
)
from .autodiff import materialize


class SymbolicZero:
    """A tangent or cotangent that is known to be zero: only its type exists."""

    __slots__ = ("aval",)

    def __init__(self, aval):
        self.aval = aval

    @property
    def shape(self):
        return self.aval.shape

    @property
    def dtype(self):
        return self.aval.dtype

    def instantiate(self):
        """Zeros of the type."""
        return materialize(None, self.aval)

    def __repr__(self):
        return f"SymbolicZero({self.aval})"


class CustomVJPPrimal:
    """What a forward rule with `symbolic_zeros` gets for each leaf."""

    __slots__ = ("perturbed", "value")

    def __init__(self, value, perturbed):
        self.value = value
        self.perturbed = perturbed


class _Custom:
    """What `custom_jvp` and `custom_vjp` share: arguments split, checked, flattened."""

    kind = ""

    def __init__(self, fun: Callable, nondiff_argnums=(), nondiff_argnames=()):
        wraps(fun)(self)
        self.fun = fun
        numbers = (
            (nondiff_argnums,)
            if isinstance(nondiff_argnums, int)
            else tuple(nondiff_argnums)
        )
        names = (
            (nondiff_argnames,)
            if isinstance(nondiff_argnames, str)
            else tuple(nondiff_argnames)
        )
        signature = signature_of(fun)
        if signature is not None:
            parameters = list(signature.parameters)
            numbers = (*numbers, *[parameters.index(name) for name in names])
        self.nondiff_argnums = tuple(sorted(set(numbers)))

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        return _Method(self, instance)

    @property
    def _where(self):
        return f"{self.kind} {name_of(self.fun)}"

    def _arguments(self, args, kwargs):
        """Positional arguments with defaults filled in, keywords resolved."""
        signature = signature_of(self.fun)
        if signature is None:
            return args
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._where}: {error}.") from None
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(
                f"{self._where}: parameters that can only be given by keyword are not "
                f"supported, got {sorted(bound.kwargs)}. Make them positional."
            )
        return bound.args

    def _split(self, args):
        fixed = [args[k] for k in self.nondiff_argnums]
        moving = tuple([x for k, x in enumerate(args) if k not in self.nondiff_argnums])
        for k, x in zip(self.nondiff_argnums, fixed, strict=True):
            leaves, _ = tree.flatten_raw(x, None)
            if self.kind == "custom_vjp" and any(isinstance(y, Tracer) for y in leaves):
                raise TypeError(
                    f"{self._where}: argument {k} is traced, but nondiff_argnums must "
                    "name arguments that are not arrays. Pass arrays as ordinary "
                    "arguments and return None for their cotangents."
                )
        return fixed, moving

    def _joined(self, fixed, moving, count):
        given, rest = iter(fixed), iter(moving)
        return [
            next(given) if k in self.nondiff_argnums else next(rest)
            for k in range(count)
        ]

    def _prepare(self, args, kwargs):
        args = self._arguments(args, kwargs)
        fixed, moving = self._split(args)
        leaves, treedef = tree.flatten_raw(moving, None)

        def paths():
            named = argument_paths(self.fun, args, {})
            counts = [len(tree.flatten_raw(x, None)[0]) for x in args]
            kept = []
            position = 0
            for k, count in enumerate(counts):
                if k not in self.nondiff_argnums:
                    kept.extend(named[position : position + count])
                position += count
            return kept

        values = as_values(leaves, self._where, paths)
        return args, fixed, values, treedef


class _Method:
    """A function with a custom rule, bound to an object as its first argument."""

    def __init__(self, custom, instance):
        self.__self__ = instance
        self.__func__ = custom

    def __call__(self, *args, **kwargs):
        return self.__func__(self.__self__, *args, **kwargs)


class custom_jvp(_Custom):
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

    kind = "custom_jvp"

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        super().__init__(fun, nondiff_argnums, nondiff_argnames)
        self.jvp: Callable | None = None
        self.symbolic_zeros = False

    def defjvp(self, jvp: Callable, symbolic_zeros: bool = False) -> Callable:
        """Set the rule `jvp(*nondiff, primals, tangents) -> (out, out_tangent)`."""
        self.jvp = jvp
        self.symbolic_zeros = symbolic_zeros
        return jvp

    def defjvps(self, *jvps: Callable | None) -> None:
        """Set one rule `jvp(tangent, out, *primals)` per argument; None means zero."""
        if self.nondiff_argnums:
            raise TypeError(
                f"{self._where}: defjvps cannot be used with nondiff_argnums. Use "
                f"defjvp."
            )

        def jvp(primals, tangents):
            out = self(*primals)
            total = None
            for rule, t in zip(jvps, tangents, strict=True):
                if rule is not None:
                    term = rule(t, out, *primals)
                    total = (
                        term
                        if total is None
                        else tree.map(lambda a, b: a + b, total, term)
                    )
            if total is None:
                total = tree.map(lambda x: materialize(None, aval_of(x)), out)
            return out, total

        self.defjvp(jvp)

    def __call__(self, *args, **kwargs):
        if self.jvp is None:
            raise AttributeError(
                f"No JVP defined for custom_jvp function {name_of(self.fun)} using "
                "defjvp. Define one before calling the function."
            )
        args, fixed, values, treedef = self._prepare(args, kwargs)
        out_tree = None

        def flat(*leaves):
            nonlocal out_tree
            moving = tree.unflatten(treedef, leaves)
            out = self.fun(*self._joined(fixed, moving, len(args)))
            results, out_tree = result_values(out, self._where)
            return results

        def flat_rule(primals, tangents):
            nonlocal out_tree
            return self._apply_rule(fixed, treedef, primals, tangents, set_tree)

        def set_tree(found):
            nonlocal out_tree
            if out_tree is not None and found != out_tree:
                raise TypeError(
                    f"{self._where}: the rule's output must have the structure of the "
                    f"function's, {out_tree}, got {found}."
                )
            out_tree = found

        rule = JvpRule(name_of(self.fun), flat_rule)
        outs = custom_jvp_call_p.bind_functions(flat, rule, values)
        return tree.unflatten(out_tree, outs)

    def _apply_rule(self, fixed, treedef, primals, tangents, set_tree):
        where = f"custom_jvp rule of {name_of(self.fun)}"
        zero = SymbolicZero if self.symbolic_zeros else (lambda a: materialize(None, a))
        dots = [
            zero(tangent_aval(aval_of(x))) if t is None else t
            for x, t in zip(primals, tangents, strict=True)
        ]
        pair = self.jvp(
            *fixed, tree.unflatten(treedef, primals), tree.unflatten(treedef, dots)
        )
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(
                f"{where}: must return a pair (primal_out, tangent_out), got "
                f"{type(pair).__name__}."
            )
        out, out_dot = pair
        outs, out_tree = result_values(out, where)
        set_tree(out_tree)
        found, dot_tree = tree.flatten_raw(out_dot, None)
        if dot_tree != out_tree:
            mismatch = tree.describe_mismatch("primal_out", out, "tangent_out", out_dot)
            raise TypeError(
                f"{where}: primal and tangent outputs must have the same structure. "
                f"{mismatch}"
            )
        checked = [
            self._checked_dot(where, t, x) for t, x in zip(found, outs, strict=True)
        ]
        return outs, checked

    @staticmethod
    def _checked_dot(where, t, x):
        expected = tangent_aval(aval_of(x))
        if expected.dtype == dtypes.float0 or isinstance(t, SymbolicZero):
            return None
        got = aval_of(t)
        if got.shape != expected.shape or got.dtype != expected.dtype:
            raise TypeError(
                f"{where}: must produce primal and tangent outputs of equal shapes and "
                f"dtypes, got primal output {aval_of(x)} and tangent output {got}. "
                "Convert the tangent, for example with astype."
            )
        return as_values([t], where, lambda: ["tangent_out"])[0]


class custom_vjp(_Custom):
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

    kind = "custom_vjp"

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        super().__init__(fun, nondiff_argnums, nondiff_argnames)
        self.fwd: Callable | None = None
        self.bwd: Callable | None = None
        self.symbolic_zeros = False

    def defvjp(
        self,
        fwd: Callable,
        bwd: Callable,
        symbolic_zeros: bool = False,
        optimize_remat: bool = False,
    ) -> None:
        """Set the rules.

        Args:
          fwd: takes what the function takes, returns `(out, residuals)`.
          bwd: takes `(*nondiff, residuals, out_bar)`, returns a tuple with one
            cotangent per differentiable argument; None means zero.
        """
        self.fwd = fwd
        self.bwd = bwd
        self.symbolic_zeros = symbolic_zeros
        self.optimize_remat = optimize_remat

    def __call__(self, *args, **kwargs):
        if self.fwd is None or self.bwd is None:
            raise AttributeError(
                f"No VJP defined for custom_vjp function {name_of(self.fun)} using "
                "defvjp. Define one before calling the function."
            )
        args, fixed, values, treedef = self._prepare(args, kwargs)
        out_tree = None

        def flat(*leaves):
            nonlocal out_tree
            moving = tree.unflatten(treedef, leaves)
            out = self.fun(*self._joined(fixed, moving, len(args)))
            results, out_tree = result_values(out, self._where)
            return results

        def forward(primals):
            nonlocal out_tree
            outs, found, residuals, backward = self._forward(
                fixed, treedef, primals, len(args)
            )
            if out_tree is not None and found != out_tree:
                raise TypeError(
                    f"{self._where}: the forward rule must return (out, residuals) "
                    f"with out of the structure of the function's output, {out_tree}, "
                    f"got {found}."
                )
            out_tree = found
            return outs, residuals, backward

        rule = VjpRule(name_of(self.fun), forward)
        outs = custom_vjp_call_p.bind_functions(flat, rule, values)
        return tree.unflatten(out_tree, outs)

    def _forward(self, fixed, treedef, primals, count):
        where = f"custom_vjp forward rule of {name_of(self.fun)}"
        leaves = primals
        if self.symbolic_zeros:
            leaves = [CustomVJPPrimal(x, differentiable(x)) for x in primals]
        moving = tree.unflatten(treedef, leaves)
        pair = self.fwd(*self._joined(fixed, moving, count))
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(
                f"{where}: must return a pair (out, residuals), got "
                f"{type(pair).__name__}."
            )
        out, residuals = pair
        outs, out_tree = result_values(out, where)
        res_leaves, res_tree = tree.flatten_raw(residuals, None)
        # Residuals may hold anything; arrays among them are traced.
        traced = [isinstance(x, Tracer) or hasattr(x, "aval") for x in res_leaves]
        plain = [None if on else x for x, on in zip(res_leaves, traced, strict=True)]
        arrays = [x for x, on in zip(res_leaves, traced, strict=True) if on]
        in_avals = [aval_of(x) for x in primals]

        def backward(values, cts):
            given = iter(values)
            filled = [
                next(given) if on else x for x, on in zip(plain, traced, strict=True)
            ]
            res = tree.unflatten(res_tree, filled)
            return self._backward(fixed, treedef, in_avals, out_tree, outs, res, cts)

        return outs, out_tree, arrays, backward

    def _backward(self, fixed, treedef, in_avals, out_tree, outs, residuals, cts):
        where = f"custom_vjp backward rule of {name_of(self.fun)}"
        zero = SymbolicZero if self.symbolic_zeros else (lambda a: materialize(None, a))
        filled = [
            zero(tangent_aval(aval_of(x))) if ct is None else ct
            for x, ct in zip(outs, cts, strict=True)
        ]
        bars = self.bwd(*fixed, residuals, tree.unflatten(out_tree, filled))
        if isinstance(bars, list):
            bars = tuple(bars)
        children = treedef.children()
        if not isinstance(bars, tuple) or len(bars) != len(children):
            got = (
                f"a tuple of {len(bars)}"
                if isinstance(bars, tuple)
                else f"a {type(bars).__name__}"
            )
            raise TypeError(
                f"Custom VJP bwd rule of {name_of(self.fun)} must produce a tuple with "
                f"one cotangent per differentiable argument, {len(children)} in all, "
                f"got {got}. Return None for arguments whose cotangent is zero."
            )
        found = []
        for k, (bar, child) in enumerate(zip(bars, children, strict=True)):
            found.extend(self._leaves_of(where, bar, child, k))
        return [
            self._checked_bar(where, bar, aval, k)
            for k, (bar, aval) in enumerate(zip(found, in_avals, strict=True))
        ]

    @staticmethod
    def _leaves_of(where, bar, child, k):
        if bar is None:
            return [None] * child.num_leaves
        template = tree.unflatten(child, [0] * child.num_leaves)
        names = f"the argument {k}", f"cotangent {k}"
        return tree.broadcast_prefix(
            bar,
            template,
            is_leaf=lambda x: x is None,
            where=where,
            full_name=names[0],
            prefix_name=names[1],
        )

    @staticmethod
    def _checked_bar(where, bar, aval, k):
        expected = tangent_aval(aval)
        if bar is None or expected.dtype == dtypes.float0:
            return None
        if isinstance(bar, SymbolicZero):
            return None
        if getattr(bar, "dtype", None) == dtypes.float0:
            raise TypeError(
                f"{where}: cotangent {k} must be {expected}, got float0. Return None "
                "for a zero cotangent."
            )
        got = aval_of(bar)
        if got.shape != expected.shape or got.dtype != expected.dtype:
            raise ValueError(
                f"Shape or dtype mismatch: {where}: cotangent {k} must have the type "
                f"of the argument, {expected}, got {got}. Sum over broadcast axes, or "
                "convert with astype."
            )
        return as_values([bar], where, lambda: [f"cotangent {k}"])[0]


def custom_gradient(fun: Callable) -> Callable:
    """A function that returns its value and its own pullback.

    >>> @custom_gradient
    ... def f(x):
    ...     return x * x, lambda y_bar: (2 * x * y_bar,)
    """

    @custom_vjp
    def wrapped(*args):
        return fun(*args)[0]

    def fwd(*args):
        out, pullback = fun(*args)
        avals = [aval_of(x) for x in tree.leaves(out)]
        out_tree = tree.structure(out)
        bar_tree = None

        def flat(*cts):
            nonlocal bar_tree
            bars = pullback(tree.unflatten(out_tree, cts))
            values, bar_tree = result_values(bars, "custom_gradient")
            return values

        closed, consts = hoist(stage(flat, avals))
        return out, _Residuals(closed, bar_tree, consts)

    def bwd(res, out_bar):
        cts = tree.leaves(out_bar)
        outs = eval_jaxpr(res.closed.jaxpr, [], *res.consts, *cts)
        bars = tree.unflatten(res.bar_tree, outs)
        return bars if isinstance(bars, tuple) else (bars,)

    wrapped.defvjp(fwd, bwd)
    return wraps(fun)(lambda *args: wrapped(*args))


class _Residuals:
    """A pullback written down, as a tree of its constants."""

    def __init__(self, closed, bar_tree, consts):
        self.closed = closed
        self.bar_tree = bar_tree
        self.consts = consts


tree.register_pytree_node(
    _Residuals,
    lambda r: (tuple(r.consts), (r.closed, r.bar_tree)),
    lambda static, consts: _Residuals(static[0], static[1], list(consts)),
)


def closure_convert(fun: Callable, *example_args):
    """Split a function into one without closed-over traced values, and those values.

    Returns:
      `(converted, consts)`: `converted(*args, *consts)` computes what `fun(*args)`
      does, and depends on what `fun` closed over through `consts` only.
    """
    leaves, in_tree = tree.flatten_raw(example_args, None)
    values = as_values(
        leaves, "closure_convert", lambda: argument_paths(fun, example_args, {})
    )
    out_tree = None

    def flat(*tracers):
        nonlocal out_tree
        out = fun(*tree.unflatten(in_tree, tracers))
        results, out_tree = result_values(out, "closure_convert")
        return results

    closed, consts = hoist(stage(flat, [aval_of(x) for x in values]))
    moving = [isinstance(c, Tracer) and differentiable(c) for c in consts]
    hoisted = [c for c, on in zip(consts, moving, strict=True) if on]

    def converted(*args_and_consts):
        count = len(args_and_consts) - len(hoisted)
        args, given = args_and_consts[:count], iter(args_and_consts[count:])
        xs, treedef = tree.flatten_raw(tuple(args), None)
        if treedef != in_tree:
            raise TypeError(
                f"closure_convert: arguments must have structure {in_tree}, got "
                f"{treedef}."
            )
        filled = [
            next(given) if on else c for c, on in zip(consts, moving, strict=True)
        ]
        return tree.unflatten(out_tree, eval_jaxpr(closed.jaxpr, [], *filled, *xs))

    return converted, hoisted


def zero_from_primal(x, symbolic_zeros: bool = False):
    """The zero tangent of a value."""
    aval = tangent_aval(aval_of(x))
    return SymbolicZero(aval) if symbolic_zeros else materialize(None, aval)
