"""Gradients of scalar functions: `grad` and `value_and_grad`.

    grad(f)(x)              df/dx, a tree like x
    value_and_grad(f)(x)    (f(x), df/dx)

One run of the function records its derivative on a tape; pulling the cotangent 1 back
through it gives the gradient with respect to all arguments at once.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .. import dtypes, tree
from ..core.literal import aval_of, literal
from ..core.trace import is_eager
from ..core.tracebacks import boundary, hide_our_frames
from ..primitives.elementwise import conj
from ..runtime.array import as_array
from ..transforms.jvp import tangent_aval
from .arguments import as_values, chosen_paths, name_of, positions, wraps
from .autodiff import linearize_at


class _Gradient(NamedTuple):
    """What `grad` and `value_and_grad` are asked to do."""

    where: str
    fun: Callable
    argnums: int | Sequence[int]
    has_aux: bool
    holomorphic: bool
    allow_int: bool
    complex: str

    def at(self, args, kwargs):
        """The value, the auxiliary output or None, and the gradients, at a point."""
        chosen = positions(self.argnums, len(args), self.where)

        def partial(*moving):
            full = list(args)
            for k, x in zip(chosen, moving, strict=True):
                full[k] = x
            return self.fun(*full, **kwargs)

        moving = tuple([args[k] for k in chosen])
        leaves, _ = tree.flatten_raw(moving, None)
        for k, x in enumerate(leaves):
            _check_input(self, k, x, args, chosen)
        record = linearize_at(partial, moving, self.where, self.has_aux)
        check_scalar(record.outs, record.out_tree, self.where, self.holomorphic)
        grads = record.pull_flat([_one(record.outs[0])])
        if self.complex == "ascent":
            grads = tree.map(_conjugate, grads)
        single = isinstance(self.argnums, int | np.integer)
        return record.out, record.aux, grads[0] if single else grads


def _conjugate(x):
    return conj(x) if x.dtype in dtypes.COMPLEX else x


def _gradient(fun, argnums, has_aux, holomorphic, allow_int, complex):
    if not callable(fun):
        raise TypeError(
            f"grad: the first argument must be a function, got {fun!r} of type "
            f"{type(fun).__name__}."
        )
    if complex not in ("derivative", "ascent"):
        raise ValueError(
            f"grad: complex must be 'derivative' or 'ascent', got {complex!r}."
        )
    if holomorphic and complex == "ascent":
        raise ValueError(
            "grad: a holomorphic function has one derivative and no direction of "
            "ascent, got holomorphic=True and complex='ascent'. Leave one of them out."
        )
    where = f"grad of {name_of(fun)}"
    return _Gradient(where, fun, argnums, has_aux, holomorphic, allow_int, complex)


@boundary
def value_and_grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    reduce_axes: Sequence = (),
    *,
    complex: str = "derivative",
) -> Callable:
    """A function that returns the value of `fun` and its gradient.

    Args: as for `grad`; with has_aux it returns `((value, aux), gradient)`.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (Array(9., dtype=float32, weak_type=True), Array(6., dtype=float32, weak_type=True))
    """
    gradient = _gradient(fun, argnums, has_aux, holomorphic, allow_int, complex)

    @wraps(fun)
    def value_and_grad_f(*args, **kwargs):
        try:
            value, aux, grads = gradient.at(args, kwargs)
            return ((value, aux), grads) if has_aux else (value, grads)
        except Exception as error:
            hide_our_frames(error)
            raise

    return value_and_grad_f


@boundary
def grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    reduce_axes: Sequence = (),
    *,
    complex: str = "derivative",
) -> Callable:
    """A function that returns the gradient of the scalar function `fun`.

    Args:
      argnums: which positional arguments to differentiate; with a sequence the result
        is a tuple.
      has_aux: `fun` returns `(output, aux)`; the result is then `(gradient, aux)`.
      holomorphic: `fun` is complex-differentiable, from complex to complex.
      allow_int: differentiate integer arguments too, giving zeros of dtype float0.
      complex: what the gradient g of a real function of z = x + iy is. "derivative",
        JAX's convention: g = df/dx - i df/dy, so that df = Re(sum(g * dz)). "ascent",
        PyTorch's: its conjugate df/dx + i df/dy, so that df = Re(sum(conj(g) * dz)); it
        points uphill, and `z - step * g` descends.

    Raises:
      TypeError: the output is not a real scalar, or an argument is not floating.

    >>> grad(lambda x: x * x)(3.0)
    Array(6., dtype=float32, weak_type=True)
    >>> grad(lambda z: jnp.abs(z) ** 2)(3.0 + 4.0j)
    Array(6.-8.j, dtype=complex64, weak_type=True)
    >>> grad(lambda z: jnp.abs(z) ** 2, complex="ascent")(3.0 + 4.0j)
    Array(6.+8.j, dtype=complex64, weak_type=True)
    """
    gradient = _gradient(fun, argnums, has_aux, holomorphic, allow_int, complex)

    @wraps(fun)
    def grad_f(*args, **kwargs):
        try:
            _, aux, grads = gradient.at(args, kwargs)
            return (grads, aux) if has_aux else grads
        except Exception as error:
            hide_our_frames(error)
            raise

    return grad_f


def _check_input(gradient, k, x, args, chosen):
    """Refuse a leaf that has no gradient, by the user's name for it."""

    def path():
        return chosen_paths(gradient.fun, args, chosen)[k]

    try:
        dtype = aval_of(x).dtype
    except TypeError:
        as_values([x], gradient.where, lambda: [path()])
        raise
    if gradient.holomorphic:
        if dtype not in dtypes.COMPLEX:
            raise TypeError(
                f"grad with holomorphic=True requires inputs with complex dtype, but "
                f"got {dtype.name} for {path()}. Convert it with astype(complex), or "
                "leave holomorphic out."
            )
    elif not dtypes.is_inexact(dtype) and not gradient.allow_int:
        number = type(x) in (bool, int)
        repair = f"Write {float(x)}" if number else "Convert it with astype(float)"
        raise TypeError(
            "grad requires real- or complex-valued inputs (input dtype that is a "
            f"sub-dtype of np.inexact), but got {dtype.name} for {path()} in "
            f"{gradient.where}. {repair}, or pass allow_int=True for a float0 gradient."
        )


def _one(out):
    """The cotangent 1 of a scalar output."""
    one = literal(1, tangent_aval(aval_of(out)))
    return as_array(one) if is_eager() else one


def check_scalar(outs, out_tree, where, holomorphic=False) -> None:
    """Refuse outputs that are not one real scalar, or a complex holomorphic one."""
    if len(outs) != 1 or not tree.treedef_is_leaf(out_tree):
        raise TypeError(
            f"Gradient only defined for scalar-output functions. Output was a "
            f"{out_tree} of {len(outs)} arrays ({where}). Return one "
            "scalar; use has_aux=True to return more beside it."
        )
    aval = aval_of(outs[0])
    if aval.shape != ():
        raise TypeError(
            "Gradient only defined for scalar-output functions. Output had shape: "
            f"{aval.shape}. In {where}: reduce the output to a scalar first, for "
            "example with .sum() or .mean(), or use jacrev for the whole Jacobian."
        )
    if holomorphic:
        if aval.dtype not in dtypes.COMPLEX:
            raise TypeError(
                "grad with holomorphic=True requires outputs with complex dtype, but "
                f"got {aval.dtype.name} ({where})."
            )
    elif aval.dtype not in dtypes.FLOATS:
        raise TypeError(
            "grad requires real-valued outputs (output dtype that is a sub-dtype of "
            f"np.floating), but got {aval.dtype.name} ({where}). "
            + (
                "For holomorphic differentiation, pass holomorphic=True."
                if aval.dtype in dtypes.COMPLEX
                else "Convert the output with astype(float)."
            )
        )
