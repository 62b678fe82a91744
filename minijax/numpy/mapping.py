"""`vectorize` and `apply_along_axis`: from core arrays to arrays of any rank."""

import functools
import re
from collections.abc import Callable

from ..api import vmap
from .promotion import as_operand, canonical_axis
from .shaping import broadcast_shapes, expand_dims

_CORE = r"\(([\w,\s]*)\)"


def _parse(signature: str):
    """`(n,m),(m)->(n)` as two lists of tuples of names."""
    pattern = rf"\s*{_CORE}(\s*,\s*{_CORE})*\s*->\s*{_CORE}(\s*,\s*{_CORE})*\s*"
    if not re.fullmatch(pattern, signature):
        raise ValueError(f"vectorize: not a valid gufunc signature: {signature}.")
    sides = signature.split("->")
    return [
        [
            tuple(name.strip() for name in core.split(",") if name.strip())
            for core in re.findall(_CORE, side)
        ]
        for side in sides
    ]


def vectorize(
    pyfunc: Callable, *, excluded=frozenset(), signature: str | None = None
) -> Callable:
    """A function of arrays with fixed core axes, mapped over all leading axes.

    Args:
      excluded: positions and names of arguments that are passed whole.
      signature: core axes such as `(n,m),(m)->(n)`; scalars by default.

    Leading axes broadcast as in NumPy.

    >>> vectorize(lambda a, x: a @ x, signature="(n,m),(m)->(n)")(
    ...     np.ones((5, 2, 3)), np.ones(3)
    ... ).shape
    (5, 2)
    """

    @functools.wraps(pyfunc)
    def vectorized(*args, **kwargs):
        mapped = [k for k in range(len(args)) if k not in excluded]
        values = [as_operand("vectorize", args[k]) for k in mapped]
        cores, results = _parse(signature) if signature else ([()] * len(values), None)
        if len(cores) != len(values):
            raise TypeError(
                f"vectorize: wrong number of positional arguments: expected "
                f"{len(cores)} by the signature {signature}, got {len(values)}."
            )
        leading = [_leading(x, core) for x, core in zip(values, cores, strict=True)]
        sizes = _sizes(values, cores)
        shape = broadcast_shapes(*leading)
        fixed = {name: v for name, v in kwargs.items() if name in excluded}
        if len(fixed) != len(kwargs):
            raise TypeError(
                "vectorize: keyword arguments must be excluded, got "
                f"{sorted(set(kwargs) - set(fixed))}."
            )

        def core_function(*xs):
            full = list(args)
            for k, x in zip(mapped, xs, strict=True):
                full[k] = x
            out = pyfunc(*full, **fixed)
            if results is not None:
                _check_results(out, results, sizes)
            return out

        return _map_leading(core_function, values, leading, shape)

    return vectorized


def _sizes(values, cores) -> dict[str, int]:
    """The size of each core axis that is named; number names are their own size."""
    sizes: dict[str, int] = {}
    for x, core in zip(values, cores, strict=True):
        for name, n in zip(core, x.shape[x.ndim - len(core) :], strict=True):
            if sizes.setdefault(name, int(name) if name.isdigit() else n) != n:
                raise ValueError(
                    f"vectorize: inconsistent size for core dimension {name!r}: "
                    f"{sizes[name]} and {n}."
                )
    return sizes


def _check_results(out, results, sizes):
    """What the function returned has the core axes that the signature promises."""
    outs = out if isinstance(out, tuple) else (out,)
    if len(outs) != len(results):
        raise TypeError(
            f"vectorize: the signature has {len(results)} results, the function "
            f"returned {len(outs)}."
        )
    for x, core in zip(outs, results, strict=True):
        shape = as_operand("vectorize", x).shape
        expected = [sizes.get(name) for name in core]
        if len(shape) != len(core) or any(
            n is not None and n != m for n, m in zip(expected, shape, strict=True)
        ):
            raise ValueError(
                f"vectorize: output shape {tuple(shape)} does not match core "
                f"dimensions {core} of the signature."
            )


def _leading(x, core):
    if x.ndim < len(core):
        raise ValueError(
            f"vectorize: an argument must have the core axes {core}, got {x.aval}."
        )
    return x.shape[: x.ndim - len(core)]


def _map_leading(fun, values, leading, shape):
    """Map over leading axes from the last to the first, sharing axes of size 1."""
    rank = len(shape)
    mapped = fun
    squeezed = []
    for x, lead in zip(values, leading, strict=True):
        ones = [
            k for k, n in enumerate(lead) if n == 1 and shape[rank - len(lead) + k] != 1
        ]
        squeezed.append(x.reshape([n for k, n in enumerate(x.shape) if k not in ones]))
    for axis in range(rank - 1, -1, -1):
        in_axes = []
        for lead in leading:
            k = axis - (rank - len(lead))
            shared = k < 0 or (lead[k] == 1 and shape[axis] != 1)
            in_axes.append(None if shared else 0)
        mapped = vmap(mapped, tuple(in_axes), axis_size=shape[axis])
    return mapped(*squeezed)


def apply_along_axis(func1d: Callable, axis: int, arr, *args, **kwargs):
    """Apply a function of vectors to all vectors along one axis.

    >>> apply_along_axis(lambda v: v.sum(), 0, np.ones((3, 2))).shape
    (2,)
    """
    x = as_operand("apply_along_axis", arr)
    axis = canonical_axis("apply_along_axis", axis, x.ndim)

    def fun(v):
        return func1d(v, *args, **kwargs)

    for k in range(x.ndim - 1, -1, -1):
        if k < axis:
            fun = vmap(fun, in_axes=0, out_axes=0)
        elif k > axis:
            fun = vmap(fun, in_axes=-1, out_axes=-1)
    return fun(x)


def apply_over_axes(func: Callable, a, axes):
    """Apply a reducing function along each of several axes, keeping their places."""
    x = as_operand("apply_over_axes", a)
    for axis in (axes,) if isinstance(axes, int) else axes:
        k = canonical_axis("apply_over_axes", axis, x.ndim)
        reduced = func(x, k)
        x = expand_dims(reduced, k) if reduced.ndim == x.ndim - 1 else reduced
    return x
