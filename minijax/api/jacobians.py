"""Whole Jacobians and Hessians: a derivative along every basis vector, batched.

jacfwd(f)(x)      columns: vmap of jvp over the basis of the input
jacrev(f)(x)      rows:    vmap of the pullback over the basis of the output
hessian(f)(x)     jacfwd of jacrev
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from .. import dtypes, tree
from ..core.literal import aval_of
from ..primitives.elementwise import convert_element_type, eq
from ..primitives.shape import broadcasted_iota, reshape
from ..primitives.slicing import slice_in_dim
from ..transforms.jvp import differentiable
from .arguments import (
    argument_paths,
    as_values,
    name_of,
    positions,
    result_values,
    wraps,
)
from .autodiff import jvp, vjp
from .mapping import vmap


def jacfwd(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable:
    """The Jacobian of a function by forward mode, column by column.

    Cheap when inputs are fewer than outputs. For trees the result is a tree of outputs
    whose leaves are trees of inputs; a leaf has the shape of the output followed by the
    shape of the input.

    >>> jacfwd(lambda x: x * x)(np.array([1.0, 2.0], "float32"))
    Array([[2., 0.],
           [0., 4.]], dtype=float32)
    """
    where = f"jacfwd of {name_of(fun)}"

    @wraps(fun)
    def jacobian_f(*args, **kwargs):
        chosen, moving, partial = _moving(fun, args, kwargs, argnums, where)
        xs, in_tree = _inputs(moving, fun, args, chosen, where, holomorphic)
        basis = [_basis(k, xs) for k in range(len(xs))]

        def push(*dots):
            tangents = tree.unflatten(in_tree, dots)
            out, out_dot, *aux = jvp(partial, moving, tangents, has_aux=has_aux)
            return out, tree.map(_without_float0, out_dot), *aux

        out_axes = (None, -1, None) if has_aux else (None, -1)
        result = vmap(push, out_axes=out_axes)(*basis)
        out, columns = result[0], result[1]
        _check_outputs(out, where, holomorphic)
        jacobian = tree.map(
            lambda c, y: _split_columns(c, y, xs, in_tree), columns, out
        )
        jacobian = _select(jacobian, out, argnums)
        return (jacobian, result[2]) if has_aux else jacobian

    return jacobian_f


def jacrev(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
) -> Callable:
    """The Jacobian of a function by reverse mode, row by row.

    Cheap when outputs are fewer than inputs; the result is as for `jacfwd`.

    >>> jacrev(lambda x: x * x)(np.array([1.0, 2.0], "float32"))
    Array([[2., 0.],
           [0., 4.]], dtype=float32)
    """
    where = f"jacrev of {name_of(fun)}"

    @wraps(fun)
    def jacobian_f(*args, **kwargs):
        chosen, moving, partial = _moving(fun, args, kwargs, argnums, where)
        _inputs(moving, fun, args, chosen, where, holomorphic, allow_int)
        result = vjp(partial, *moving, has_aux=has_aux)
        out, pullback = result[:2]
        outs, out_tree = result_values(out, where)
        _check_outputs(out, where, holomorphic)
        basis = tree.unflatten(out_tree, [_basis(k, outs) for k in range(len(outs))])
        rows = vmap(pullback)(basis)
        row_leaves, in_tree = tree.flatten_raw(rows, None)
        split = [_split_rows(r, outs) for r in row_leaves]
        per_output = [
            tree.unflatten(in_tree, [pieces[k] for pieces in split])
            for k in range(len(outs))
        ]
        jacobian = _select(tree.unflatten(out_tree, per_output), out, argnums)
        return (jacobian, result[2]) if has_aux else jacobian

    return jacobian_f


jacobian = jacrev


def hessian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable:
    """The matrix of second derivatives: forward mode over reverse mode.

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0], "float32"))
    Array([[ 6.,  0.],
           [ 0., 12.]], dtype=float32)
    """
    return jacfwd(
        jacrev(fun, argnums, has_aux=has_aux, holomorphic=holomorphic),
        argnums,
        has_aux=has_aux,
        holomorphic=holomorphic,
    )


def _moving(fun, args, kwargs, argnums, where):
    """The arguments to differentiate, and the function of them alone."""
    chosen = positions(argnums, len(args), where)

    def partial(*moving):
        full = list(args)
        for k, x in zip(chosen, moving, strict=True):
            full[k] = x
        return fun(*full, **kwargs)

    return chosen, tuple([args[k] for k in chosen]), partial


def _inputs(moving, fun, args, chosen, where, holomorphic, allow_int=False):
    """Leaves of the arguments, refused where they have no derivative."""
    leaves, in_tree = tree.flatten_raw(moving, None)

    def paths():
        found = []
        for k in chosen:
            before = [None] * k
            found.extend(argument_paths(fun, (*before, args[k]), {}))
        return found

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
        if dtype in dtypes.COMPLEX and not holomorphic and where.startswith("jacfwd"):
            raise TypeError(
                f"{where} requires real-valued inputs (input dtype that is a sub-dtype "
                f"of np.floating), but got {dtype.name} for {paths()[k]}. For "
                "holomorphic differentiation, pass holomorphic=True."
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
        real = dtype in dtypes.FLOATS
        if not holomorphic and where.startswith("jacrev") and not real:
            raise TypeError(
                f"{where} requires real-valued outputs (output dtype that is a "
                f"sub-dtype of np.floating), but got {dtype.name}. For holomorphic "
                "differentiation, pass holomorphic=True."
            )


def _basis(k, xs):
    """The k-th part of all basis vectors: shape (total size, *xs[k].shape)."""
    sizes = [aval_of(x).size for x in xs]
    total, start = sum(sizes), sum(sizes[:k])
    aval = aval_of(xs[k]).to_tangent_aval()
    if aval.dtype == dtypes.float0:
        return np.zeros((total, *aval.shape), dtypes.float0)
    shape = (total, aval.size)
    rows = broadcasted_iota(np.int32, shape, 0)
    columns = broadcasted_iota(np.int32, shape, 1)
    hits = eq(rows, columns + np.int32(start))
    return reshape(convert_element_type(hits, aval.dtype), (total, *aval.shape))


def _split_columns(columns, y, xs, in_tree):
    """Columns (out..., total) as a tree of blocks (out..., in...)."""
    axis = aval_of(y).ndim
    if not differentiable(y):
        shapes = [(*aval_of(y).shape, *aval_of(x).shape) for x in xs]
        blocks = [np.zeros(shape, dtypes.float0) for shape in shapes]
        return _Blocks(tree.unflatten(in_tree, blocks))
    blocks = []
    start = 0
    for x in xs:
        shape = aval_of(x).shape
        stop = start + math.prod(shape)
        block = slice_in_dim(columns, start, stop, axis=axis)
        blocks.append(reshape(block, (*aval_of(y).shape, *shape)))
        start = stop
    return _Blocks(tree.unflatten(in_tree, blocks))


def _without_float0(t):
    """A tangent that vmap can map: truth values in the place of float0."""
    if getattr(t, "dtype", None) == dtypes.float0:
        return np.zeros(t.shape, bool)
    return t


class _Blocks:
    """A tuple of blocks that trees treat as one leaf until it is opened."""

    __slots__ = ("parts",)

    def __init__(self, parts):
        self.parts = parts


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
            block = slice_in_dim(rows, start, stop, axis=0)
            blocks.append(reshape(block, (*out_shape, *shape)))
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
