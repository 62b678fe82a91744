"""`associative_scan`: all prefixes of a sequence in a logarithmic number of steps."""

from collections.abc import Callable

from .. import tree
from ..core.literal import aval_of
from ..core.tracebacks import boundary
from ..mismatch import describe_mismatch
from ..primitives.shape import expand_dims, reshape, rev
from ..primitives.slicing import concatenate, slice_in_dim
from .bodies import avals_of, check_callable, flatten, name_of, paths_of


@boundary
def associative_scan(fn: Callable, elems, reverse: bool = False, axis: int = 0):
    """The results of `fn` on all prefixes: x0, fn(x0, x1), fn(fn(x0, x1), x2), ...

    `fn` must be associative and act on many elements at once, along `axis`. It is
    called on about log2(n) pairs of sequences, on 2 n elements in all: R. E. Ladner and
    M. J. Fischer, "Parallel prefix computation", J. ACM 1980.

    Args:
      fn: from two containers of arrays to one of the same structure and types.
      elems: a container of arrays with one size along `axis`.
      reverse: combine from the last element to the first.

    >>> associative_scan(lambda x, y: x * y, np.arange(1, 5))
    Array([ 1,  2,  6, 24], dtype=int32)
    """
    check_callable("associative_scan", fn=fn)
    leaves, treedef = flatten("associative_scan", "elems", elems)
    axis = _checked_axis(leaves, treedef, axis)
    if reverse:
        leaves = [rev(x, (axis,)) for x in leaves]

    def combine(a, b):
        out = fn(tree.unflatten(treedef, a), tree.unflatten(treedef, b))
        values, out_tree = flatten(
            "associative_scan", f"the result of {name_of(fn)}", out
        )
        if out_tree != treedef:
            difference = describe_mismatch("elems", treedef, "the result", out_tree)
            raise ValueError(
                f"associative_scan: {name_of(fn)} must return the structure of its "
                f"arguments: {difference}"
            )
        return values

    outs = _prefixes(combine, leaves, axis)
    if reverse:
        outs = [rev(x, (axis,)) for x in outs]
    return tree.unflatten(treedef, outs)


def _checked_axis(leaves, treedef, axis):
    avals = avals_of(leaves)
    if not avals:
        raise ValueError("associative_scan: elems must hold at least one array.")
    ndim = min(aval.ndim for aval in avals)
    if not -ndim <= axis < ndim:
        k = [aval.ndim for aval in avals].index(ndim)
        raise ValueError(
            f"associative_scan: axis {axis} is out of bounds for "
            f"{paths_of('elems', treedef)[k]}: {avals[k]}."
        )
    axis = axis % avals[0].ndim
    sizes = [aval.shape[axis] for aval in avals]
    if len(set(sizes)) > 1:
        k = next(k for k, n in enumerate(sizes) if n != sizes[0])
        paths = paths_of("elems", treedef)
        raise ValueError(
            f"associative_scan: arrays must have one size along axis {axis}, got "
            f"{paths[0]}: {avals[0]} and {paths[k]}: {avals[k]}."
        )
    return axis


def _prefixes(combine, xs, axis):
    n = aval_of(xs[0]).shape[axis]
    if n < 2:
        return list(xs)

    def part(values, start, stop, stride=1):
        return [slice_in_dim(x, start, stop, stride, axis) for x in values]

    pairs = combine(part(xs, 0, n - 1, 2), part(xs, 1, n, 2))
    # odd[k] = x0 ... x_{2k+1},  even[k] = x0 ... x_{2k} = odd[k - 1] x_{2k}
    odd = _prefixes(combine, pairs, axis)
    even = part(xs, 0, 1)
    if n > 2:
        tail = combine(part(odd, 0, (n - 1) // 2), part(xs, 2, n, 2))
        even = [concatenate(pair, axis) for pair in zip(even, tail, strict=True)]
    return [_interleaved(x, y, axis) for x, y in zip(even, odd, strict=True)]


def _interleaved(even, odd, axis):
    """even[0], odd[0], even[1], ...; even has as many elements as odd, or one more."""
    n = aval_of(odd).shape[axis]
    front = slice_in_dim(even, 0, n, 1, axis)
    columns = [expand_dims(x, (axis + 1,)) for x in (front, odd)]
    shape = aval_of(odd).shape
    mixed = reshape(
        concatenate(columns, axis + 1), (*shape[:axis], 2 * n, *shape[axis + 1 :])
    )
    if aval_of(even).shape[axis] == n:
        return mixed
    return concatenate([mixed, slice_in_dim(even, n, n + 1, 1, axis)], axis)
