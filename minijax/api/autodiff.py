"""Derivatives of Python functions: trees in, trees out.

jvp(f, (x,), (x_dot,))      y, J x_dot          forward mode
vjp(f, x)                   y, y_bar -> J^T y_bar  reverse mode
linearize(f, x)             y, x_dot -> J x_dot   as many times as one likes
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes, tree
from ..control.call import call
from ..core.avals import ShapedArray
from ..core.jaxpr import ClosedJaxpr
from ..core.literal import Literal, aval_of, literal, zeros_of
from ..core.trace import is_eager
from ..core.tracebacks import boundary
from ..primitives.elementwise import convert_element_type
from ..primitives.elementwise import stop_gradient as stop
from ..primitives.shape import broadcast_in_dim
from ..runtime.array import Array, as_array
from ..transforms.jvp import differentiable, jvp_flat, tangent_aval
from ..transforms.linearize import (
    linearize_flat,
    transpose_flat,
    transpose_jaxpr,
)
from .arguments import (
    argument_paths,
    as_values,
    name_of,
    result_values,
)


def materialize(x, aval):
    """A tangent or cotangent as the user sees it: zeros where it is None."""
    if x is None:
        x = zeros_of(tangent_aval(aval))
    if x.aval.dtype == dtypes.float0:
        return np.zeros(x.aval.shape, dtypes.float0)
    if type(x) is Literal:
        if is_eager():
            return as_array(x)
        scalar = literal(x.scalar, x.aval.update(shape=()))
        return broadcast_in_dim(scalar, x.shape, ())
    if aval.weak_type and not x.aval.weak_type:
        return weakened(x)
    return x


def weakened(x):
    """The same value, weakly typed as the number is that it belongs to."""
    if type(x) is Array:
        return x.with_aval(x.aval.update(weak_type=True))
    return convert_element_type(x, x.aval.dtype, weak_type=True)


# Forward mode


@boundary
def jvp(fun: Callable, primals, tangents, has_aux: bool = False):
    """Values of a function and their derivatives along tangents, by forward mode.

    Args:
      fun: a function of arrays, or trees of arrays.
      primals: sequence of arguments, the point.
      tangents: sequence of the same structure, shapes and dtypes, the direction;
        integer arguments take tangents of dtype float0.
      has_aux: `fun` returns a pair whose second element is passed through.

    Returns:
      `(out, out_tangent)`, or `(out, out_tangent, aux)`.

    >>> jvp(lambda x: x * x, (3.0,), (1.0,))
    (Array(9., dtype=float32, weak_type=True), Array(6., dtype=float32, weak_type=True))
    """
    where = f"jvp of {name_of(fun)}"
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError(
            f"{where}: primals and tangents must be tuples or lists of arguments, got "
            f"{type(primals).__name__} and {type(tangents).__name__}. Write "
            "jvp(f, (x,), (x_dot,))."
        )
    primals, tangents = tuple(primals), tuple(tangents)
    leaves, treedef = tree.flatten_raw(primals, None)
    dots, dots_tree = tree.flatten_raw(tangents, None)
    if treedef != dots_tree:
        mismatch = tree.describe_mismatch("primals", primals, "tangents", tangents)
        raise TypeError(f"{where}: {mismatch}")
    paths = functools.partial(argument_paths, fun, primals, {})
    xs = as_values(leaves, where, paths)
    x_dots = [
        _checked_tangent(where, t, x, k, paths)
        for k, (t, x) in enumerate(zip(dots, xs, strict=True))
    ]
    out_tree: Any = None
    aux: Any = None

    def flat(*args):
        nonlocal out_tree, aux
        out = fun(*tree.unflatten(treedef, args))
        if has_aux:
            out, aux = pair_of(out, where)
        values, out_tree = result_values(out, where)
        if has_aux:
            aux_values, aux_tree = result_values(aux, where)
            aux = aux_tree, len(aux_values)
            return [*values, *aux_values]
        return values

    outs, out_dots = jvp_flat(flat, xs, x_dots)
    count = out_tree.num_leaves
    dots = [
        materialize(t, aval_of(x))
        for t, x in zip(out_dots[:count], outs[:count], strict=True)
    ]
    out, out_dot = (
        tree.unflatten(out_tree, outs[:count]),
        tree.unflatten(out_tree, dots),
    )
    if has_aux:
        return out, out_dot, tree.unflatten(aux[0], outs[count:])
    return out, out_dot


def pair_of(out, where):
    """What a function with `has_aux` returned, refused if it is no pair."""
    if not isinstance(out, tuple | list) or len(out) != 2:
        raise TypeError(
            f"{where}: with has_aux=True the function must return a pair "
            f"(output, aux), got {type(out).__name__}"
            f"{f' of length {len(out)}' if isinstance(out, tuple | list) else ''}."
        )
    return out


def _checked_tangent(where, t, x, k, paths):
    """A tangent that fits its primal; None where there is none to speak of."""
    aval = aval_of(x)
    expected = tangent_aval(aval)
    if getattr(t, "dtype", None) == dtypes.float0 or t is None:
        found = np.shape(t)
        if expected.dtype == dtypes.float0 and found == aval.shape:
            return None
    else:
        got = aval_of(t)
        if got.shape == expected.shape and got.dtype == expected.dtype:
            return as_values([t], where, lambda: [f"{paths()[k]} (tangent)"])[0]
        found = got
    same_dtype = getattr(found, "dtype", None) == expected.dtype
    raise (ValueError if same_dtype else TypeError)(
        f"{where}: primal and tangent must have one type, got primal "
        f"{paths()[k]}: {aval} and tangent {found}, expected {expected}. "
        + (
            "Tangents of integers and booleans are np.zeros(shape, float0)."
            if expected.dtype == dtypes.float0
            else "Convert one of them, for example with astype."
        )
    )


@boundary
def linearize(fun: Callable, *primals, has_aux: bool = False):
    """The value of a function, and its derivative there as a function of tangents.

    The function runs once; `f_jvp` only does the linear part, and may be called many
    times.

    Returns:
      `(out, f_jvp)`, or `(out, f_jvp, aux)`.

    >>> y, f_jvp = linearize(lambda x: x * x, 3.0)
    >>> f_jvp(1.0)
    Array(6., dtype=float32, weak_type=True)
    """
    where = f"linearize of {name_of(fun)}"
    record = linearize_at(fun, primals, where, has_aux)
    treedef = record.in_tree

    @boundary
    def f_jvp(*tangents):
        dots, dots_tree = tree.flatten_raw(tuple(tangents), None)
        if dots_tree != treedef:
            mismatch = tree.describe_mismatch("primals", primals, "tangents", tangents)
            raise TypeError(f"{where}: {mismatch}")
        paths = functools.partial(argument_paths, fun, primals, {})
        checked = [
            _checked_tangent(where, t, x, k, paths)
            for k, (t, x) in enumerate(zip(dots, record.primals, strict=True))
        ]
        return record.push_flat(checked)

    return (record.out, f_jvp, record.aux) if has_aux else (record.out, f_jvp)


# Reverse mode


class Linearization:
    """A function run once at a point, its derivative there recorded.

    Attributes:
      out, aux: what the function returned; aux is None without `has_aux`.
      primals, outs: the leaves of the arguments and of the output.
    """

    __slots__ = ("aux", "in_tree", "linearized", "out_tree", "outs", "primals")

    def __init__(self, linearized, in_tree, primals, out_tree, outs, aux):
        self.linearized = linearized
        self.in_tree = in_tree
        self.primals = primals
        self.out_tree = out_tree
        self.outs = outs
        self.aux = aux

    @property
    def out(self):
        return tree.unflatten(self.out_tree, self.outs)

    def push(self, *tangents):
        """J x_dot, for tangents that are trees like the arguments."""
        return self.push_flat(tree.flatten_raw(tangents, None)[0])

    def push_flat(self, dots):
        """J x_dot as a tree, for the leaves of tangents, None where they are zero."""
        dots = self.linearized.push(dots)
        filled = [
            materialize(t, aval_of(x)) for t, x in zip(dots, self.outs, strict=True)
        ]
        return tree.unflatten(self.out_tree, filled)

    def pull(self, ct):
        """J^T y_bar, one tree per argument, for a cotangent that is like the output."""
        return self.pull_flat(tree.flatten_raw(ct, None)[0])

    def pull_flat(self, cts):
        """J^T y_bar as trees, for the leaves of a cotangent."""
        bars = self.linearized.pull(cts)
        filled = [
            materialize(bar, aval_of(x))
            for bar, x in zip(bars, self.primals, strict=True)
        ]
        return tree.unflatten(self.in_tree, filled)


def linearize_at(fun, primals, where, has_aux=False) -> Linearization:
    """Run a function of trees at a point, recording its derivative."""
    leaves, treedef = tree.flatten_raw(tuple(primals), None)
    xs = as_values(leaves, where, lambda: argument_paths(fun, tuple(primals), {}))
    out_tree: Any = None
    aux_tree: Any = None

    def flat(*args):
        nonlocal out_tree, aux_tree
        out = fun(*tree.unflatten(treedef, args))
        if not has_aux:
            values, out_tree = result_values(out, where)
            return values
        out, aux = pair_of(out, where)
        values, out_tree = result_values(out, where)
        # Aux leaves pass through, whatever they are; tracers among them are unwrapped.
        aux_values, aux_tree = tree.flatten_raw(aux, None)
        return [*values, *aux_values]

    result = linearize_flat(flat, xs, [differentiable(x) for x in xs])
    count = out_tree.num_leaves
    result.out_dots = result.out_dots[:count]
    aux = tree.unflatten(aux_tree, result.outs[count:]) if has_aux else None
    return Linearization(result, treedef, xs, out_tree, result.outs[:count], aux)


class Pullback:
    """The function that `vjp` returns: cotangents of outputs to cotangents of inputs.

    A pytree whose leaves are the residuals, so it passes in and out of `jit`, `vmap`
    and `scan`.
    """

    __slots__ = ("_pull", "_written", "in_avals", "in_tree", "out_avals", "out_tree")

    def __init__(self, pull, written, in_tree, in_avals, out_tree, out_avals):
        self._pull = pull  # flat cotangents -> flat cotangents, None where zero
        self._written = written  # () -> (closed program, residuals, active)
        self.in_tree = in_tree
        self.in_avals = in_avals
        self.out_tree = out_tree
        self.out_avals = out_avals

    @boundary
    def __call__(self, *cts):
        """Cotangents of the inputs, a tuple with one entry per argument."""
        if len(cts) != 1:
            raise TypeError(
                f"vjp: the pullback takes one cotangent, a tree like the output, got "
                f"{len(cts)} arguments."
            )
        leaves, treedef = tree.flatten_raw(cts[0], None)
        if treedef != self.out_tree:
            mismatch = tree.describe_mismatch("output", self.out_tree, "ct", cts[0])
            raise ValueError(
                f"vjp: the cotangent must have the structure of the output. {mismatch}"
            )
        checked = [
            _checked_cotangent(ct, aval, k)
            for k, (ct, aval) in enumerate(zip(leaves, self.out_avals, strict=True))
        ]
        bars = self._pull(checked)
        filled = [
            materialize(bar, aval)
            for bar, aval in zip(bars, self.in_avals, strict=True)
        ]
        return tree.unflatten(self.in_tree, filled)

    def __repr__(self):
        ins = ", ".join(map(str, self.in_avals))
        outs = ", ".join(map(str, self.out_avals))
        return f"<pullback ({outs}) -> ({ins})>"


def _checked_cotangent(ct, aval, k):
    expected = tangent_aval(aval)
    if expected.dtype == dtypes.float0:
        return None
    got = aval_of(ct)
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise ValueError(
            f"vjp: cotangent {k} must have the type of the output, {expected}, got "
            f"{got}. Convert it, for example with astype or reshape."
        )
    return as_values([ct], "vjp", lambda: [f"ct[{k}]"])[0]


def _flatten_pullback(pullback):
    closed, residuals, active = pullback._written()
    static = (
        closed,
        active,
        pullback.in_tree,
        tuple(pullback.in_avals),
        pullback.out_tree,
        tuple(pullback.out_avals),
    )
    return tuple(residuals), static


def _unflatten_pullback(static, residuals):
    closed, active, in_tree, in_avals, out_tree, out_avals = static
    residuals = list(residuals)

    def pull(cts):
        return pull_jaxpr(closed, residuals, active, cts)

    def written():
        return closed, residuals, active

    return Pullback(pull, written, in_tree, in_avals, out_tree, out_avals)


def pull_jaxpr(closed: ClosedJaxpr, residuals, active, cts):
    """Cotangents of the inputs of a linear program of residuals and tangents."""
    in_active, out_active = active
    given = [ct for ct, on in zip(cts, out_active, strict=True) if on]
    linear = (False,) * len(residuals) + (True,) * sum(in_active)
    nonzero = tuple([ct is not None for ct in given])
    transposed, has = transpose_jaxpr(closed, linear, nonzero)
    results = iter(call(transposed, [*residuals, *[c for c in given if c is not None]]))
    bars = iter([next(results) if h else None for h in has])
    return [next(bars) if on else None for on in in_active]


tree.register_pytree_node(Pullback, _flatten_pullback, _unflatten_pullback)


@boundary
def vjp(fun: Callable, *primals, has_aux: bool = False, reduce_axes: Sequence = ()):
    """The value of a function, and the function that pulls cotangents back.

    Returns:
      `(out, pullback)`, or `(out, pullback, aux)`. `pullback(out_bar)` is the tuple of
      cotangents of the primals; integer primals get zeros of dtype float0.

    >>> y, pullback = vjp(lambda x: x * x, 3.0)
    >>> pullback(1.0)
    (Array(6., dtype=float32, weak_type=True),)
    """
    where = f"vjp of {name_of(fun)}"
    record = linearize_at(fun, primals, where, has_aux)
    linearized = record.linearized
    in_avals = [aval_of(x) for x in record.primals]
    out_avals = [aval_of(x) for x in record.outs]

    @functools.cache
    def written():
        inputs = [t for t in linearized.inputs if t is not None]
        out_dots = [t for t in linearized.out_dots if t is not None]
        closed, residuals = linearized.tape.to_jaxpr(inputs, out_dots)
        active = (
            tuple([t is not None for t in linearized.inputs]),
            tuple([t is not None for t in linearized.out_dots]),
        )
        return closed, residuals, active

    pullback = Pullback(
        linearized.pull, written, record.in_tree, in_avals, record.out_tree, out_avals
    )
    out = record.out
    return (out, pullback, record.aux) if has_aux else (out, pullback)


@boundary
def linear_transpose(fun: Callable, *primals, reduce_axes: Sequence = ()) -> Callable:
    """The transpose of a linear function: out_bar -> the tuple of input cotangents.

    Args:
      primals: arrays or shapes and dtypes (`ShapeDtypeStruct`) of the arguments.

    >>> linear_transpose(lambda x: 3.0 * x, 1.0)(2.0)
    (Array(6., dtype=float32, weak_type=True),)
    """
    where = f"linear_transpose of {name_of(fun)}"
    leaves, treedef = tree.flatten_raw(primals, None)
    avals = [
        ShapedArray(x.shape, x.dtype) if hasattr(x, "shape") else aval_of(x)
        for x in leaves
    ]

    @boundary
    def transposed(ct):
        cts, ct_tree = tree.flatten_raw(ct, None)
        cts = as_values(cts, where, lambda: [f"ct[{k}]" for k in range(len(cts))])

        def flat(*xs):
            outs, out_tree = result_values(fun(*tree.unflatten(treedef, xs)), where)
            if out_tree != ct_tree:
                mismatch = tree.describe_mismatch("output", out_tree, "ct", ct)
                raise TypeError(f"{where}: {mismatch}")
            for x, c in zip(outs, cts, strict=True):
                if (x.aval.shape, x.aval.dtype) != (c.aval.shape, c.aval.dtype):
                    raise TypeError(
                        f"{where}: the cotangent must have the type of the output, "
                        f"{x.aval}, got {c.aval}."
                    )
            return outs

        bars = transpose_flat(flat, avals, (True,) * len(avals), cts)
        filled = [materialize(b, a) for b, a in zip(bars, avals, strict=True)]
        return tree.unflatten(treedef, filled)

    return transposed


def stop_gradient(x: Any):
    """The same values, with derivative zero; acts on every leaf of a tree.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    Array(3., dtype=float32, weak_type=True)
    """
    return tree.map(lambda leaf: stop(leaf) if differentiable(leaf) else leaf, x)
