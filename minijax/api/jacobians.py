"""Whole Jacobians and Hessians: a derivative along every basis vector, batched.

jacfwd(f)(x)      columns: vmap of jvp over the basis of the input
jacrev(f)(x)      rows:    vmap of the pullback over the basis of the output
hessian(f)(x)     jacfwd of jacrev

With a chunk size the basis is cut into chunks, which a loop takes in turn: the same
numbers, in the memory of one chunk. The function itself runs once, before the loop.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from .. import dtypes, tree
from ..control.loops import map as map_rows
from ..core.literal import aval_of
from ..core.tracebacks import boundary
from ..primitives.elementwise import convert_element_type, eq
from ..primitives.shape import broadcasted_iota, full, move_axis, reshape
from ..primitives.slicing import slice_in_dim
from ..runtime.compiled import compiled
from ..transforms.jvp import differentiable
from .arguments import (
    as_values,
    chosen_paths,
    name_of,
    positions,
    result_values,
    wraps,
)
from .autodiff import jvp, linearize, linearize_at, vjp
from .mapping import vmap


@boundary
def jacfwd(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    *,
    chunk_size: int | None = None,
) -> Callable:
    """The Jacobian of a function by forward mode, column by column.

    Cheap when inputs are fewer than outputs. For trees the result is a tree of outputs
    whose leaves are trees of inputs; a leaf has the shape of the output followed by the
    shape of the input.

    Args:
      chunk_size: how many columns are computed at a time. Without it all are, which
        takes the memory of as many copies of the function as it has inputs.

    >>> jacfwd(lambda x: x * x)(np.array([1.0, 2.0], "float32"))
    Array([[2., 0.],
           [0., 4.]], dtype=float32)
    """
    where = f"jacfwd of {name_of(fun)}"
    check_chunk_size(where, chunk_size)

    @boundary
    @wraps(fun)
    def jacobian_f(*args, **kwargs):
        chosen, moving, partial = chosen_arguments(fun, args, kwargs, argnums, where)
        xs, in_tree = real_inputs(
            moving, fun, args, chosen, where, holomorphic=bool(holomorphic)
        )
        if chunk_size is None:
            out, columns, *aux = _all_columns(partial, moving, xs, in_tree, has_aux)
        else:
            out, f_jvp, *aux = linearize(partial, *moving, has_aux=has_aux)
            columns = _columns(f_jvp, xs, in_tree, chunk_size)
        if holomorphic:
            _check_outputs(out, where, holomorphic)
        jacobian = _from_columns(columns, out, xs, in_tree, argnums)
        return (jacobian, *aux) if has_aux else jacobian

    return jacobian_f


def _all_columns(partial, moving, xs, in_tree, has_aux):
    """The output, the Jacobian with the inputs as last axis, and the aux if any."""

    def push(*dots):
        tangents = tree.unflatten(in_tree, dots)
        out, out_dot, *aux = jvp(partial, moving, tangents, has_aux=has_aux)
        return out, tree.map(_without_float0, out_dot), *aux

    basis = [basis_of(k, xs) for k in range(len(xs))]
    return vmap(push, out_axes=(None, -1, None) if has_aux else (None, -1))(*basis)


def _columns(f_jvp, xs, in_tree, chunk_size):
    """The Jacobian with the inputs as last axis, some columns at a time."""

    def push(*dots):
        return tree.map(_without_float0, f_jvp(*tree.unflatten(in_tree, dots)))

    columns = over_basis(push, xs, chunk_size)
    return tree.map(lambda c: move_axis(c, 0, aval_of(c).ndim - 1), columns)


@boundary
def jacrev(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    *,
    chunk_size: int | None = None,
) -> Callable:
    """The Jacobian of a function by reverse mode, row by row.

    Cheap when outputs are fewer than inputs; the result is as for `jacfwd`.

    Args:
      chunk_size: how many rows are computed at a time; without it all are.

    >>> jacrev(lambda x: x * x)(np.array([1.0, 2.0], "float32"))
    Array([[2., 0.],
           [0., 4.]], dtype=float32)
    """
    where = f"jacrev of {name_of(fun)}"
    check_chunk_size(where, chunk_size)

    @boundary
    @wraps(fun)
    def jacobian_f(*args, **kwargs):
        chosen, moving, partial = chosen_arguments(fun, args, kwargs, argnums, where)
        real_inputs(
            moving,
            fun,
            args,
            chosen,
            where,
            holomorphic=bool(holomorphic),
            allow_int=allow_int,
            allow_complex=True,
        )
        out, pullback, *aux = vjp(partial, *moving, has_aux=has_aux)
        outs, out_tree = result_values(out, where)
        _check_outputs(out, where, holomorphic)
        rows = _rows(pullback, moving, outs, out_tree, chunk_size)
        jacobian = _from_rows(rows, out, outs, out_tree, argnums)
        return (jacobian, *aux) if has_aux else jacobian

    return jacobian_f


def _rows(pullback, moving, outs, out_tree, chunk_size):
    """The Jacobian with the outputs as first axis: a tree like the inputs."""

    def pull(*cts):
        bars = pullback(tree.unflatten(out_tree, cts))
        return tree.map(_without_float0, bars)

    rows = over_basis(pull, outs, chunk_size)
    return tree.map(_with_float0, rows, moving)


jacobian = jacrev


@boundary
def value_and_jacobian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    mode: str | None = None,
    chunk_size: int | None = None,
) -> Callable:
    """A function that returns the value of `fun` and its Jacobian.

    `fun` runs once. The Jacobian is that of `jacfwd` and `jacrev`: a leaf has the shape
    of an output followed by the shape of an input.

    Args:
      has_aux: `fun` returns `(output, aux)`; the result is then
        `((output, aux), jacobian)`.
      mode: "forward", "reverse", or None for the one that needs fewer products:
        forward if all inputs together have fewer elements than all outputs.
      chunk_size: how many columns or rows are computed at a time; None for all.

    >>> value_and_jacobian(lambda x: x * x)(np.array([1.0, 2.0], "float32"))
    (Array([1., 4.], dtype=float32), Array([[2., 0.],
           [0., 4.]], dtype=float32))
    """
    where = f"value_and_jacobian of {name_of(fun)}"
    check_chunk_size(where, chunk_size)
    if mode not in ("forward", "reverse", None):
        raise ValueError(
            f"{where}: mode must be 'forward', 'reverse' or None, got {mode!r}."
        )

    @boundary
    @wraps(fun)
    def value_and_jacobian_f(*args, **kwargs):
        chosen, moving, partial = chosen_arguments(fun, args, kwargs, argnums, where)
        xs, in_tree = real_inputs(moving, fun, args, chosen, where)
        local = linearize_at(partial, moving, where, has_aux)
        out, outs = local.out, local.outs
        _check_outputs(out, where, None)
        fewer = sum(x.size for x in xs) < sum(y.size for y in outs)
        if mode == "forward" or (mode is None and fewer):
            columns = _columns(local.push, xs, in_tree, chunk_size)
            jacobian = _from_columns(columns, out, xs, in_tree, argnums)
        else:
            rows = _rows(local.pull, moving, outs, local.out_tree, chunk_size)
            jacobian = _from_rows(rows, out, outs, local.out_tree, argnums)
        return ((out, local.aux) if has_aux else out), jacobian

    return value_and_jacobian_f


@boundary
def hessian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    *,
    chunk_size: int | None = None,
) -> Callable:
    """The matrix of second derivatives: forward mode over reverse mode.

    Args:
      chunk_size: how many columns are computed at a time; without it all are.

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0], "float32"))
    Array([[ 6.,  0.],
           [ 0., 12.]], dtype=float32)
    """
    gradient = jacrev(fun, argnums, has_aux, holomorphic, chunk_size=chunk_size)
    return jacfwd(gradient, argnums, has_aux, holomorphic, chunk_size=chunk_size)


# Arguments


def check_chunk_size(where: str, chunk_size) -> None:
    """Refuse what is no positive number of vectors, or None for all."""
    if chunk_size is None:
        return
    if not isinstance(chunk_size, int | np.integer) or chunk_size < 1:
        raise ValueError(
            f"{where}: chunk_size must be a positive integer or None, got "
            f"{chunk_size!r}."
        )


def chosen_arguments(fun, args, kwargs, argnums, where):
    """The arguments to differentiate, and the function of them alone."""
    chosen = positions(argnums, len(args), where)

    def partial(*moving):
        full = list(args)
        for k, x in zip(chosen, moving, strict=True):
            full[k] = x
        return fun(*full, **kwargs)

    partial.__name__ = name_of(fun)
    return chosen, tuple([args[k] for k in chosen]), partial


def real_inputs(
    moving,
    fun,
    args,
    chosen,
    where,
    *,
    holomorphic=None,
    allow_int=False,
    allow_complex=False,
):
    """Leaves of the arguments, and their structure; refused where they are not real.

    Args:
      holomorphic: whether they must be complex; None if the caller has no such option.
    """
    leaves, in_tree = tree.flatten_raw(moving, None)

    def paths():
        return chosen_paths(fun, args, chosen)

    xs = as_values(leaves, where, paths)
    for k, x in enumerate(xs):
        dtype = x.aval.dtype
        if holomorphic and dtype not in dtypes.COMPLEX:
            raise TypeError(
                f"{where} with holomorphic=True requires inputs with complex dtype, "
                f"but got {dtype.name} for {paths()[k]}. Convert it with "
                "astype(complex)."
            )
        if not holomorphic and not dtypes.is_inexact(dtype) and not allow_int:
            raise TypeError(
                f"{where} requires real- or complex-valued inputs (input dtype that "
                f"is a sub-dtype of np.inexact), but got {dtype.name} for "
                f"{paths()[k]}. Convert it with astype(float)."
            )
        if dtype in dtypes.COMPLEX and not holomorphic and not allow_complex:
            repair = (
                "Pass real and imaginary parts as two arguments."
                if holomorphic is None
                else "For holomorphic differentiation, pass holomorphic=True."
            )
            raise TypeError(
                f"{where} requires real-valued inputs (input dtype that is a sub-dtype "
                f"of np.floating), but got {dtype.name} for {paths()[k]}. {repair}"
            )
    return xs, in_tree


def _check_outputs(out, where, holomorphic):
    for y in tree.leaves(out):
        dtype = aval_of(y).dtype
        if holomorphic and dtype not in dtypes.COMPLEX:
            raise TypeError(
                f"{where} with holomorphic=True requires outputs with complex dtype, "
                f"but got {dtype.name}."
            )
        if not holomorphic and dtype not in dtypes.FLOATS:
            repair = (
                "Convert it, or return real and imaginary parts as two outputs."
                if holomorphic is None
                else "For holomorphic differentiation, pass holomorphic=True."
            )
            raise TypeError(
                f"{where} requires real-valued outputs (output dtype that is a "
                f"sub-dtype of np.floating), but got {dtype.name}. {repair}"
            )


# The basis


def over_basis(f: Callable, xs: Sequence, chunk_size: int | None):
    """A function of one basis vector, of all of them, its results stacked in front.

    Args:
      f: takes the parts of a vector, one for each of xs.
      xs: values whose elements together number the basis vectors.
      chunk_size: how many vectors at a time; None for all. They are made one chunk at
        a time, so that the basis is never in memory whole.
    """
    total = sum(aval_of(x).size for x in xs)
    if chunk_size is None or chunk_size >= total:
        return vmap(f)(*[basis_of(k, xs) for k in range(len(xs))])

    def of_vector(i):
        return f(*[_part(i, k, xs) for k in range(len(xs))])

    numbers = broadcasted_iota(np.int32, (total,), 0)
    return map_rows(of_vector, numbers, batch_size=int(chunk_size))


def _part(i, k, xs):
    """The k-th part of the basis vector of number i: zeros, and 1 in at most one."""
    aval = aval_of(xs[k]).to_tangent_aval()
    start = sum(aval_of(x).size for x in xs[:k])
    hits = eq(broadcasted_iota(np.int32, (aval.size,), 0), i - np.int32(start))
    return reshape(convert_element_type(hits, aval.dtype), aval.shape)


def basis_of(k, xs):
    """The k-th part of all basis vectors: shape (total size, *xs[k].shape)."""
    sizes = [aval_of(x).size for x in xs]
    total, start = sum(sizes), sum(sizes[:k])
    aval = aval_of(xs[k]).to_tangent_aval()
    if aval.dtype == dtypes.float0:
        return np.zeros((total, *aval.shape), dtypes.float0)
    return _unit_rows(total, start, aval)


@compiled(static_argnames=("total", "start", "aval"))
def _unit_rows(total, start, aval):
    """Zeros of shape (total, *aval.shape), with a one for each element of the aval."""
    shape = (total, aval.size)
    rows = broadcasted_iota(np.int32, shape, 0)
    columns = broadcasted_iota(np.int32, shape, 1)
    hits = eq(rows, columns + np.int32(start))
    return reshape(convert_element_type(hits, aval.dtype), (total, *aval.shape))


@compiled(static_argnames=("start", "stop", "axis", "shape"))
def _block(x, start, stop, axis, shape):
    """A piece of x along an axis, in another shape."""
    return reshape(slice_in_dim(x, start, stop, axis=axis), shape)


def _split_columns(columns, y, xs, in_tree):
    """Columns (out..., total) as a tree of blocks (out..., in...)."""
    axis = aval_of(y).ndim
    if not differentiable(y):
        # Of the dtype of y, as in JAX: a matrix of float0 would be of no use.
        aval = aval_of(y)
        blocks = [full((*aval.shape, *aval_of(x).shape), 0, aval.dtype) for x in xs]
        return _Blocks(tree.unflatten(in_tree, blocks))
    blocks = []
    start = 0
    for x in xs:
        shape = aval_of(x).shape
        stop = start + math.prod(shape)
        block_shape = (*aval_of(y).shape, *shape)
        blocks.append(_block(columns, start, stop, axis, block_shape))
        start = stop
    return _Blocks(tree.unflatten(in_tree, blocks))


def _without_float0(t):
    """A tangent that vmap can map: truth values in the place of float0."""
    if getattr(t, "dtype", None) == dtypes.float0:
        return np.zeros(t.shape, bool)
    return t


def _with_float0(rows, x):
    """Rows (total, in...) of zeros of dtype float0 where x is an integer."""
    if dtypes.is_inexact(aval_of(x).dtype):
        return rows
    return np.zeros(np.shape(rows), dtypes.float0)


class _Blocks:
    """A tuple of blocks that trees treat as one leaf until it is opened."""

    __slots__ = ("parts",)

    def __init__(self, parts):
        self.parts = parts


def _from_columns(columns, out, xs, in_tree, argnums):
    """The Jacobian as the user sees it, from leaves (out..., total)."""
    blocks = tree.map(lambda c, y: _split_columns(c, y, xs, in_tree), columns, out)
    return _select(blocks, out, argnums)


def _from_rows(rows, out, outs, out_tree, argnums):
    """The Jacobian as the user sees it, from leaves (total, in...)."""
    leaves, in_tree = tree.flatten_raw(rows, None)
    split = [_split_rows(r, outs) for r in leaves]
    per_output = [
        tree.unflatten(in_tree, [pieces[k] for pieces in split])
        for k in range(len(outs))
    ]
    return _select(tree.unflatten(out_tree, per_output), out, argnums)


def _split_rows(rows, outs):
    """Rows (total, in...) as one block (out..., in...) per output."""
    blocks = []
    start = 0
    shape = np.shape(rows)[1:]
    for y in outs:
        out_shape = aval_of(y).shape
        stop = start + math.prod(out_shape)
        if getattr(rows, "dtype", None) == dtypes.float0:
            blocks.append(np.zeros((*out_shape, *shape), dtypes.float0))
        else:
            blocks.append(_block(rows, start, stop, 0, (*out_shape, *shape)))
        start = stop
    return blocks


def _select(jacobian, out, argnums):
    """Open the tuples of blocks: a single one where argnums is one number."""
    single = isinstance(argnums, int | np.integer)

    def opened(blocks):
        parts = blocks.parts if isinstance(blocks, _Blocks) else blocks
        return parts[0] if single else parts

    out_tree = tree.structure(out)
    return tree.unflatten(
        out_tree, [opened(b) for b in out_tree.flatten_up_to(jacobian)]
    )
