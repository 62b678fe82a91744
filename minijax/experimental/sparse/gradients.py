"""Derivatives with respect to sparse arrays: those of what is stored.

grad(f)(x)      a sparse array like x, whose data are the slopes in x.data
"""

import functools

from ... import api, tree
from ... import numpy as jnp
from .base import JAXSparse
from .bcoo import BCOO, as_bcoo


def _is_sparse(x):
    return isinstance(x, JAXSparse)


def _split(args, argnums):
    """The stored data of some arguments, and how to put others in their place."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    chosen = [args[n] for n in numbers]
    data = tree.map(
        lambda x: x.data if _is_sparse(x) else x, chosen, is_leaf=_is_sparse
    )

    def rebuilt(data):
        return tree.map(
            lambda x, d: _with_data(x, d) if _is_sparse(x) else d,
            chosen,
            data,
            is_leaf=_is_sparse,
        )

    def filled(data):
        full = list(args)
        for n, x in zip(numbers, rebuilt(data), strict=True):
            full[n] = x
        return full

    return data, rebuilt, filled, not isinstance(argnums, int)


def _with_data(x, data):
    leaves, treedef = tree.flatten(x)
    return tree.unflatten(treedef, [data if y is x.data else y for y in leaves])


def value_and_grad(fun, argnums=0, has_aux=False, **kwargs):
    """`minijax.value_and_grad` for functions of sparse arrays.

    >>> x = BCOO.fromdense(jnp.array([[0.0, 5.0], [7.0, 0.0]]))
    >>> value_and_grad(lambda x: (x @ jnp.ones(2)).sum())(x)
    (Array(12., dtype=float32), BCOO(float32[2, 2], nse=2))
    """

    @functools.wraps(fun)
    def wrapped(*args, **keywords):
        data, rebuilt, filled, several = _split(args, argnums)
        inner = api.value_and_grad(
            lambda data: fun(*filled(data), **keywords), has_aux=has_aux, **kwargs
        )
        value, slopes = inner(data)
        found = rebuilt(slopes)
        return value, tuple(found) if several else found[0]

    return wrapped


def grad(fun, argnums=0, has_aux=False, **kwargs):
    """`minijax.grad` for functions of sparse arrays: slopes in what is stored."""
    both = value_and_grad(fun, argnums, has_aux, **kwargs)

    @functools.wraps(fun)
    def wrapped(*args, **keywords):
        value, slopes = both(*args, **keywords)
        return (slopes, value[1]) if has_aux else slopes

    return wrapped


def _jacobian(transform):
    def jacobian(fun, argnums=0, has_aux=False, **kwargs):
        @functools.wraps(fun)
        def wrapped(*args, **keywords):
            data, _, filled, several = _split(args, argnums)
            inner = transform(
                lambda data: fun(*filled(data), **keywords), has_aux=has_aux, **kwargs
            )
            out = inner(data)
            blocks, aux = out if has_aux else (out, None)
            numbers = argnums if several else (argnums,)
            chosen = [args[n] for n in numbers]
            # Each block is a list with one entry for each chosen argument.
            shaped = tree.map(
                lambda block: _blocks(chosen, block, several),
                blocks,
                is_leaf=lambda x: isinstance(x, list) and len(x) == len(chosen),
            )
            return (shaped, aux) if has_aux else shaped

        return wrapped

    return jacobian


def _blocks(chosen, block, several):
    out = [
        _jacobian_of(x, b) if _is_sparse(x) else b
        for x, b in zip(chosen, block, strict=True)
    ]
    return tuple(out) if several else out[0]


def _jacobian_of(x, block):
    """(*out, *data) as a sparse array (*out, *x), one batch for each result."""
    x = as_bcoo(x)
    lead = block.shape[: block.ndim - x.data.ndim]
    indices = jnp.broadcast_to(x.indices, (*lead, *x.indices.shape))
    return BCOO(
        (block, indices),
        shape=(*lead, *x.shape),
        indices_sorted=x.indices_sorted,
        unique_indices=x.unique_indices,
    )


jacfwd = _jacobian(api.jacfwd)
jacfwd.__doc__ = """`minijax.jacfwd` for functions of sparse arrays, dense results.

A block is a sparse array of shape (*result, *argument) with a batch for each result.
"""
jacrev = _jacobian(api.jacrev)
jacrev.__doc__ = jacfwd.__doc__.replace("jacfwd", "jacrev")
jacobian = jacrev
