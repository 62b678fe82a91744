"""Sparse operands of the operations that hold programs: branches, loops, calls.

Each takes `run(jaxpr, args)`, which gives the results of a program whose operands may
be sparse (`sparsify`), and hands it to the function of `lax` in place of the program.
Sparse arrays are containers of arrays, so that branches and loops carry them as they
are; what must agree is made to agree here:

    branches     sparse results of one layout are padded to one number of elements
    carries      forget what is known of the order of their elements
"""

from ... import lax
from ...api import custom_jvp, eval_shape
from .base import JAXSparse, describe, todense
from .reshaping import padded


def is_sparse(x) -> bool:
    """Whether a value is a sparse array."""
    return isinstance(x, JAXSparse)


def cond(run, index, *operands, branches):
    """One of several programs, chosen by a number."""
    functions = [lambda *args, b=branch: run(b, args) for branch in branches]
    operands = [_forgetful(x) for x in operands]
    results = [eval_shape(f, *operands) for f in functions]
    sizes = [_common("cond", outs) for outs in zip(*results, strict=True)]

    def alike(f):
        return lambda *args: [
            x if nse is None else _forgetful(padded(x, nse))
            for x, nse in zip(f(*args), sizes, strict=True)
        ]

    return lax.switch(todense(index), [alike(f) for f in functions], *operands)


def _common(where, outs):
    """The number of elements that a result has in all branches; None if it is dense."""
    if not any(is_sparse(x) for x in outs):
        return None
    layouts = {(x.n_batch, x.n_dense) if is_sparse(x) else None for x in outs}
    if len(layouts) > 1:
        raise TypeError(
            f"sparsify: branches of {where} must return arrays of one layout, got "
            f"{' and '.join(map(_described, outs))}. Use todense() in one of them."
        )
    return max(x.nse for x in outs)


def _described(x):
    return repr(x) if is_sparse(x) else describe(x)


def while_loop(run, *operands, cond_jaxpr, cond_nconsts, body_jaxpr, body_nconsts):
    """A loop whose carries may be sparse; they keep their layout."""
    first = cond_nconsts + body_nconsts
    cond_consts, body_consts = operands[:cond_nconsts], operands[cond_nconsts:first]
    init = [_forgetful(x) for x in operands[first:]]

    def condition(carry):
        (going,) = run(cond_jaxpr, [*cond_consts, *carry])
        return todense(going)

    def body(carry):
        return _carried("while_loop", carry, run(body_jaxpr, [*body_consts, *carry]))

    return lax.while_loop(condition, body, init)


def scan(run, *operands, jaxpr, length, num_consts, num_carry, reverse, **_unused):
    """A loop whose carries and inputs may be sparse; carries keep their layout."""
    first = num_consts + num_carry
    consts = operands[:num_consts]
    init = [_forgetful(x) for x in operands[num_consts:first]]
    xs = operands[first:]
    for x in xs:
        if is_sparse(x) and not x.n_batch:
            raise NotImplementedError(
                f"sparsify: scan must have the leading axis of its inputs as a batch "
                f"axis, got {x!r} with n_batch=0. Use bcoo_update_layout(x, n_batch=1)."
            )

    def body(carry, xs):
        outs = run(jaxpr, [*consts, *carry, *xs])
        return _carried("scan", carry, outs[:num_carry]), outs[num_carry:]

    carry, ys = lax.scan(body, init, xs, length=length, reverse=reverse)
    return [*carry, *ys]


def _carried(where, before, after):
    """The next carries, which must be stored as those before them."""
    carry = []
    for x, y in zip(before, after, strict=True):
        if is_sparse(x) and is_sparse(y) and y.nse < x.nse:
            y = padded(y, x.nse)
        if _layout(x) != _layout(y):
            raise TypeError(
                f"sparsify: {where} must keep the layout of its carries, got "
                f"{_described(y)} after {_described(x)}. Use sum_duplicates(nse=...) "
                "where elements are added, or todense()."
            )
        carry.append(_forgetful(y))
    return carry


def _layout(x):
    return (x.nse, x.n_batch, x.n_dense) if is_sparse(x) else None


def _forgetful(x):
    """A sparse array of which no order is known, so that all carries are alike."""
    return x.replaced(x.data, x.indices) if is_sparse(x) else x


def custom_call(run, *operands, jaxpr, rule):
    """A function with rules of its own, which are for dense arrays only."""

    @custom_jvp
    def call(*operands):
        return run(jaxpr, operands)

    @call.defjvp
    def call_jvp(primals, tangents):
        raise NotImplementedError(
            f"sparsify: the derivative rule of {rule} takes dense arrays. Use "
            "sparse.todense() before it, or differentiate the function without a rule."
        )

    return call(*operands)
