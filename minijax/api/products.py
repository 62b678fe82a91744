"""Products with second derivatives, and parts of them, without the whole matrix.

For a scalar function f with Hessian H, a model z = f(x) with Jacobian J, a loss l(z):

    hvp(f)(v, x)            H v                       one gradient, pushed forward
    ggn(f, l)(v, x)         J^T (d^2 l / dz^2) J v    one run of the model
    diag_hessian(f)(x)      H[i, i]                   n products, a chunk at a time
    laplacian(f)(x)         the sum of H[i, i]        one pass, or a chunk at a time

Arguments are trees; a direction v is a tree like the argument, or a tuple of them where
`argnums` is a sequence.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes, tree
from ..core.literal import aval_of
from ..core.tracebacks import boundary
from ..primitives.elementwise import convert_element_type, mul
from ..primitives.reduce import reduce_sum
from ..primitives.shape import reshape
from ..primitives.slicing import slice_in_dim
from ..transforms.laplacian import laplacian_flat
from .arguments import as_values, chosen_paths, name_of, result_values, wraps
from .autodiff import jvp, linearize_at, materialize, pair_of
from .gradients import check_scalar, grad
from .jacobians import (
    basis_of,
    check_chunk_size,
    chosen_arguments,
    over_basis,
    real_inputs,
)


def hvp(
    fun: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable:
    """A function that multiplies the Hessian of a scalar function with a vector.

    `hvp(f)(v, *args)` is H v, where H = d^2 f / dx^2 at `args`: the derivative of the
    gradient along v. It costs a few times what f does and has the shapes of v.

    Args:
      fun: a function from real arrays to a scalar.
      argnums: the arguments x is made of; with a sequence v is a tuple and so is the
        result.
      has_aux: `fun` returns `(output, aux)`; the result is then `(product, aux)`.

    Forward mode over reverse mode, after Pearlmutter, "Fast exact multiplication by the
    Hessian", Neural Computation 6(1), 1994.

    >>> x, v = np.array([1.0, 2.0], "float32"), np.array([1.0, 1.0], "float32")
    >>> hvp(lambda x: (x**3).sum())(v, x)
    Array([ 6., 12.], dtype=float32)
    """
    where = f"hvp of {name_of(fun)}"

    @boundary
    @wraps(fun)
    def hvp_f(v, *args, **kwargs):
        chosen, moving, partial = chosen_arguments(fun, args, kwargs, argnums, where)
        real_inputs(moving, fun, args, chosen, where)
        directions = _directions(v, moving, fun, args, chosen, argnums, where)
        gradient = grad(partial, range(len(moving)), has_aux)
        _, products, *aux = jvp(gradient, moving, directions, has_aux)
        products = products[0] if _single(argnums) else products
        return (products, *aux) if has_aux else products

    return hvp_f


def ggn(
    model: Callable,
    loss: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
) -> Callable:
    """A function that multiplies the Gauss-Newton matrix of a model with a vector.

    `ggn(model, loss)(v, *args)` is J^T L J v, where J is the Jacobian of
    `z = model(*args)` and L the Hessian of the scalar `loss(z)`. It is the Hessian of
    `loss(model(*args))` without the part that the curvature of the model contributes;
    where the loss is convex it is positive semidefinite.

    Args:
      model: a function from real arrays to a tree z of them.
      loss: a scalar function of z; it may close over targets.
      argnums: the arguments of the model x is made of; with a sequence v is a tuple and
        so is the result.
      has_aux: `model` returns `(z, aux)`; the result is then `(product, aux)`.

    The model runs once. After Schraudolph, "Fast curvature matrix-vector products for
    second-order gradient descent", Neural Computation 14(7), 2002.

    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    >>> multiply = ggn(lambda x: A @ x, lambda z: (z**2).sum())
    >>> multiply(np.array([1.0, 0.0], "float32"), np.zeros(2, "float32"))  # 2 A^T A v
    Array([20., 28.], dtype=float32)
    """
    where = f"ggn of {name_of(model)}"

    @boundary
    @wraps(model)
    def ggn_f(v, *args, **kwargs):
        chosen, moving, partial = chosen_arguments(model, args, kwargs, argnums, where)
        real_inputs(moving, model, args, chosen, where)
        directions = _directions(v, moving, model, args, chosen, argnums, where)
        local = linearize_at(partial, moving, where, has_aux)
        curved = hvp(loss)(local.push(*directions), local.out)
        products = local.pull(curved)
        products = products[0] if _single(argnums) else products
        return (products, local.aux) if has_aux else products

    return ggn_f


@boundary
def diag_hessian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
) -> Callable:
    """A function that returns the diagonal of the Hessian of a scalar function.

    `diag_hessian(f)(*args)` holds d^2 f / dx_i^2 in the place of each element x_i: a
    tree like the argument.

    Args:
      fun: a function from real arrays to a scalar.
      argnums: the arguments x is made of; with a sequence the result is a tuple.
      has_aux: `fun` returns `(output, aux)`; the result is then `(diagonal, aux)`.
      chunk_size: how many elements at a time; without it the products with all basis
        vectors are in memory together.

    The gradient is recorded once and pushed forward along each basis vector, so the
    cost is that of the whole Hessian, the memory that of one chunk of its columns.

    >>> diag_hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0], "float32"))
    Array([ 6., 12.], dtype=float32)
    """
    where = f"diag_hessian of {name_of(fun)}"
    check_chunk_size(where, chunk_size)

    @boundary
    @wraps(fun)
    def diag_hessian_f(*args, **kwargs):
        entries, xs, in_tree, aux = _second_derivatives(
            fun, args, kwargs, argnums, has_aux, chunk_size, where
        )
        diagonal = tree.unflatten(in_tree, _split(entries, xs))
        diagonal = diagonal[0] if _single(argnums) else diagonal
        return (diagonal, aux) if has_aux else diagonal

    return diag_hessian_f


@boundary
def laplacian(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    chunk_size: int | None = None,
) -> Callable:
    """A function that returns the Laplacian of a scalar function.

    `laplacian(f)(*args)` is the sum of d^2 f / dx_i^2 over all elements x_i, a scalar.
    For a field of values at many points, take `vmap` of it.

    Args: as for `diag_hessian`; with has_aux the result is `(laplacian, aux)`.

    Without a chunk size it is the forward Laplacian of Li et al. (2024), which carries
    the sum through the function in one pass together with all first derivatives; see
    `transforms/laplacian.py`. With one it is the sum of `diag_hessian`, whose memory is
    bounded.

    >>> laplacian(lambda x: (x**3).sum())(np.array([1.0, 2.0], "float32"))
    Array(18., dtype=float32)
    """
    where = f"laplacian of {name_of(fun)}"
    check_chunk_size(where, chunk_size)

    @boundary
    @wraps(fun)
    def laplacian_f(*args, **kwargs):
        if chunk_size is None:
            chosen, moving, partial = chosen_arguments(
                fun, args, kwargs, argnums, where
            )
            xs, in_tree = real_inputs(moving, fun, args, chosen, where)
            total, aux = _forward_laplacian(partial, xs, in_tree, has_aux, where)
        else:
            entries, _, _, aux = _second_derivatives(
                fun, args, kwargs, argnums, has_aux, chunk_size, where
            )
            total = reduce_sum(entries, (0,))
        return (total, aux) if has_aux else total

    return laplacian_f


def _forward_laplacian(fun, xs, in_tree, has_aux, where):
    """The Laplacian of a function of trees at a point, and the aux or None."""
    out_tree: Any = None
    aux_tree: Any = None

    def flat(*leaves):
        nonlocal out_tree, aux_tree
        out = fun(*tree.unflatten(in_tree, leaves))
        out, aux = pair_of(out, where) if has_aux else (out, None)
        values, out_tree = result_values(out, where)
        aux_values, aux_tree = tree.flatten_raw(aux, None)
        return [*values, *aux_values]

    outs, laplacians = laplacian_flat(
        flat, xs, [basis_of(k, xs) for k in range(len(xs))]
    )
    count = out_tree.num_leaves
    check_scalar(outs[:count], out_tree, where)
    total = materialize(laplacians[0], aval_of(outs[0]))
    return total, tree.unflatten(aux_tree, outs[count:])


def _second_derivatives(fun, args, kwargs, argnums, has_aux, chunk_size, where):
    """d^2 f / dx_i^2 for all elements as one vector, and what the arguments are."""
    chosen, moving, partial = chosen_arguments(fun, args, kwargs, argnums, where)
    xs, in_tree = real_inputs(moving, fun, args, chosen, where)
    gradient = grad(partial, range(len(moving)), has_aux)
    local = linearize_at(gradient, moving, where, has_aux)
    dtype = dtypes.result_type(*[x.dtype for x in xs])

    def entry(*dots):
        """e^T H e for one basis vector e."""
        columns = tree.leaves(local.push(*tree.unflatten(in_tree, dots)))
        parts = [
            reduce_sum(convert_element_type(mul(e, column), dtype), _axes(e))
            for e, column in zip(dots, columns, strict=True)
        ]
        return sum(parts[1:], parts[0])

    return over_basis(entry, xs, chunk_size), xs, in_tree, local.aux


def _axes(x) -> tuple[int, ...]:
    return tuple(range(aval_of(x).ndim))


def _split(entries, xs) -> list:
    """A vector with one entry per element of xs, cut into arrays like them."""
    leaves = []
    start = 0
    for x in xs:
        part = slice_in_dim(entries, start, start + x.size)
        leaves.append(reshape(convert_element_type(part, x.dtype), x.shape))
        start += x.size
    return leaves


def _single(argnums) -> bool:
    return isinstance(argnums, int | np.integer)


def _directions(v, moving, fun, args, chosen, argnums, where) -> tuple:
    """The direction as a tuple of trees like the chosen arguments, checked."""
    directions = (v,) if _single(argnums) else v
    if not isinstance(directions, tuple | list) or len(directions) != len(moving):
        raise TypeError(
            f"{where}: the direction must be a tuple with one entry for each of "
            f"argnums={argnums!r}, got {v!r:.60}."
        )
    directions = tuple(directions)
    leaves, in_tree = tree.flatten_raw(directions, None)
    xs, wanted_tree = tree.flatten_raw(moving, None)
    if in_tree != wanted_tree:
        mismatch = tree.describe_mismatch("x", wanted_tree, "v", directions)
        raise TypeError(f"{where}: v must have the structure of x. {mismatch}")
    paths = chosen_paths(fun, args, chosen)
    values = as_values(leaves, where, lambda: [f"v for {path}" for path in paths])
    for value, x, path in zip(values, xs, paths, strict=True):
        found, aval = aval_of(value), aval_of(x)
        if (found.shape, found.dtype) != (aval.shape, aval.dtype):
            raise TypeError(
                f"{where}: v must have the types of the arguments, got {found} for "
                f"{path}: {aval}. Convert it, for example with astype or reshape."
            )
    return directions
