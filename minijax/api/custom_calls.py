"""One call of a function with rules: trees of the user's here, flat sequences below.

A rule takes and returns trees; what it returns is checked against the function and its
arguments, so that a wrong rule is an error that names it. `control.function_rules`
states what the flat rules take and give.
"""

from .. import dtypes, tree
from ..control.function_rules import Rules
from ..control.remat_opt import deferred
from ..core.literal import aval_of
from ..core.trace import Tracer, context, evaluator
from ..transforms.jvp import tangent_aval
from ..transforms.stage import stage
from .arguments import argument_paths, as_values, name_of, result_values
from .autodiff import materialize
from .symbolic_zeros import CustomVJPPrimal, SymbolicZero


class Call:
    """A call: its arguments in two parts, its rules, and the structure of its result.

    Attributes:
      values: the leaves of the arguments that rules differentiate.
      out_tree: known once the function or one of its rules has run.
    """

    def __init__(self, custom, args):
        self.custom = custom
        self.args = args
        self.out_tree = None
        numbers = custom.nondiff_argnums
        self.fixed = [args[k] for k in numbers]
        moving = tuple([x for k, x in enumerate(args) if k not in numbers])
        leaves, self.treedef = tree.flatten_raw(moving, None)
        self.values = as_values(leaves, custom.where, self._paths)

    def _paths(self):
        """The user's names of the leaves."""
        names = iter(argument_paths(self.custom.fun, self.args, {}))
        paths = []
        for k, x in enumerate(self.args):
            own = [next(names) for _ in tree.flatten_raw(x, None)[0]]
            if k not in self.custom.nondiff_argnums:
                paths.extend(own)
        return paths

    def rules(self) -> Rules:
        """The rules of the function, on flat sequences."""
        custom = self.custom
        return Rules(
            name_of(custom.fun),
            jvp=self.jvp if custom.jvp is not None else None,
            vjp=self.vjp if custom.fwd is not None else None,
            vmap=self.vmap if custom.vmap is not None else None,
        )

    def _joined(self, leaves, fixed=None):
        """All arguments, in the user's order."""
        given = iter(self.fixed if fixed is None else fixed)
        rest = iter(tree.unflatten(self.treedef, leaves))
        numbers = self.custom.nondiff_argnums
        return [
            next(given) if k in numbers else next(rest) for k in range(len(self.args))
        ]

    def _results(self, where, out, error=TypeError):
        """The leaves of a result that must have the structure of the others."""
        outs, found = result_values(out, where)
        if self.out_tree is not None and found != self.out_tree:
            raise error(
                f"{where}: the output must have the structure of the function's, "
                f"{self.out_tree}, got {found}."
            )
        self.out_tree = found
        return outs

    def value(self, *leaves):
        """The function itself."""
        out = self.custom.fun(*self._joined(leaves))
        return self._results(self.custom.where, out)

    # Forward mode

    def jvp(self, primals, tangents):
        """The jvp rule."""
        custom = self.custom
        where = f"custom_jvp rule of {name_of(custom.fun)}"
        avals = [aval_of(x) for x in primals]
        dots = _filled(tangents, avals, custom.symbolic_zeros_in_jvp)
        pair = custom.jvp(
            *self.fixed,
            tree.unflatten(self.treedef, primals),
            tree.unflatten(self.treedef, dots),
        )
        out, out_dot = _pair(where, pair, "(primal_out, tangent_out)")
        outs = self._results(where, out)
        found, dot_tree = tree.flatten_raw(out_dot, None)
        if dot_tree != self.out_tree:
            mismatch = tree.describe_mismatch("primal_out", out, "tangent_out", out_dot)
            raise TypeError(
                f"{where}: primal and tangent outputs must have the same structure. "
                f"{mismatch}"
            )
        dots = [_checked_dot(where, t, x) for t, x in zip(found, outs, strict=True)]
        return outs, dots

    # Reverse mode

    def vjp(self, primals, active):
        """The forward rule, and the backward rule for what it returns."""
        backward = None

        def forward(*primals):
            nonlocal backward
            outs, residuals, backward = self._forward(primals, active)
            return outs, residuals

        if self.custom.optimize_remat and context.floor is not evaluator:
            outs, residuals = deferred(self.value, forward, primals)
        else:
            outs, residuals = forward(*primals)
        return outs, residuals, backward

    def _forward(self, primals, active):
        custom = self.custom
        where = f"custom_vjp forward rule of {name_of(custom.fun)}"
        leaves = primals
        if custom.symbolic_zeros_in_vjp:
            pairs = zip(primals, active, strict=True)
            leaves = [CustomVJPPrimal(x, on) for x, on in pairs]
        pair = custom.fwd(*self._joined(leaves))
        out, residuals = _pair(where, pair, "(out, residuals)")
        outs = self._results(where, out)
        res_leaves, res_tree = tree.flatten_raw(residuals, None)
        # Residuals may hold anything; arrays among them are traced.
        traced = [isinstance(x, Tracer) or hasattr(x, "aval") for x in res_leaves]
        plain = [None if on else x for x, on in zip(res_leaves, traced, strict=True)]
        arrays = [x for x, on in zip(res_leaves, traced, strict=True) if on]
        in_avals = [aval_of(x) for x in primals]
        out_avals = [aval_of(x) for x in outs]

        def backward(values, cts):
            given = iter(values)
            filled = [
                next(given) if on else x for x, on in zip(plain, traced, strict=True)
            ]
            cts = _filled(cts, out_avals, custom.symbolic_zeros_in_vjp)
            out_bar = tree.unflatten(self.out_tree, cts)
            return self._backward(tree.unflatten(res_tree, filled), out_bar, in_avals)

        return outs, arrays, backward

    def _backward(self, residuals, out_bar, in_avals):
        custom = self.custom
        where = f"custom_vjp backward rule of {name_of(custom.fun)}"
        bars = custom.bwd(*self.fixed, residuals, out_bar)
        if isinstance(bars, list):
            bars = tuple(bars)
        children = self.treedef.children()
        if not isinstance(bars, tuple) or len(bars) != len(children):
            got = (
                f"a tuple of {len(bars)}"
                if isinstance(bars, tuple)
                else f"a {type(bars).__name__}"
            )
            raise TypeError(
                f"Custom VJP bwd rule of {name_of(custom.fun)} must produce a tuple "
                f"with one cotangent per differentiable argument, {len(children)} in "
                f"all, got {got}. Return None for arguments whose cotangent is zero."
            )
        found = []
        for k, (bar, child) in enumerate(zip(bars, children, strict=True)):
            found.extend(_leaves_of(where, bar, child, k))
        return [
            _checked_bar(where, bar, aval, k)
            for k, (bar, aval) in enumerate(zip(found, in_avals, strict=True))
        ]

    # Batches

    def vmap(self, size, flags, values):
        """The vmap rule."""
        custom = self.custom
        if self.out_tree is None:
            stage(self.value, _member_avals(flags, values))
        where = f"custom vmap rule ({name_of(custom.vmap)}) of {name_of(custom.fun)}"
        in_batched = self._joined(flags, [False] * len(self.fixed))
        pair = custom.vmap(size, in_batched, *self._joined(values))
        out, out_batched = _pair(where, pair, "(out, out_batched)")
        outs = self._results(where, out, ValueError)
        found, flag_tree = tree.flatten_raw(out_batched, None)
        if flag_tree != self.out_tree:
            mismatch = tree.describe_mismatch("out", out, "out_batched", out_batched)
            raise ValueError(
                f"{where}: out_batched must have the structure of out. {mismatch}"
            )
        for x, on in zip(outs, found, strict=True):
            aval = aval_of(x)
            if on and (not aval.shape or aval.shape[0] != size):
                raise ValueError(
                    f"{where}: outputs marked as batched must have a leading axis of "
                    f"size {size}, got {aval}. Move the axis to the front, or mark "
                    "the output False."
                )
        return outs, [bool(on) for on in found]


def _member_avals(flags, values):
    """The types of one member of a batch."""
    avals = [aval_of(x) for x in values]
    return [
        aval.update(shape=aval.shape[1:]) if on else aval
        for on, aval in zip(flags, avals, strict=True)
    ]


def _filled(tangents, avals, symbolic_zeros):
    """Tangents or cotangents as rules get them, where None is zero."""
    zero = _symbolic_zero if symbolic_zeros else _zeros
    return [
        zero(aval) if t is None else t for t, aval in zip(tangents, avals, strict=True)
    ]


def _symbolic_zero(aval):
    return SymbolicZero(tangent_aval(aval))


def _zeros(aval):
    return materialize(None, aval)


def _pair(where, pair, names):
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(
            f"{where}: must return a pair {names}, got {type(pair).__name__}."
        )
    return pair


def _checked_dot(where, t, x):
    """A tangent that the jvp rule returned, None where it is zero."""
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


def _leaves_of(where, bar, child, k):
    """The leaves of a cotangent, which may be a prefix of its argument's tree."""
    if bar is None:
        return [None] * child.num_leaves
    template = tree.unflatten(child, [0] * child.num_leaves)
    return tree.broadcast_prefix(
        bar,
        template,
        is_leaf=lambda x: x is None,
        where=where,
        full_name=f"the argument {k}",
        prefix_name=f"cotangent {k}",
    )


def _checked_bar(where, bar, aval, k):
    """A cotangent that the backward rule returned, None where it is zero."""
    expected = tangent_aval(aval)
    if bar is None or expected.dtype == dtypes.float0 or isinstance(bar, SymbolicZero):
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
