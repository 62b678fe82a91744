"""Checks of derivatives by finite differences, as `jax.test_util` has them.

    check_grads(f, (x, y), order=2)

Differences are central ones of fourth order over five points (Abramowitz and Stegun,
25.3.21). In double precision with step 1e-3 their error is near 1e-12, in single
precision with step 3e-2 near 1e-5, so a rule that is wrong by one part in a thousand
fails in both.
"""

from collections.abc import Callable, Sequence

import numpy as np

from . import dtypes, tree
from .api import jvp as _jvp
from .api import vjp as _vjp
from .core.literal import aval_of

__all__ = ["check_grads", "check_jvp", "check_vjp", "inner", "numerical_jvp"]

# Relative tolerances and steps by the precision of the inputs. The absolute tolerance
# is a quarter of the relative one, since directions are of size one.
_TOLERANCE = {"float16": 1e-1, "bfloat16": 2e-1, "float32": 4e-4, "float64": 1e-6}
_STEP = {"float16": 2e-1, "bfloat16": 3e-1, "float32": 3e-2, "float64": 1e-3}


def _precision(x) -> str:
    name = np.dtype(aval_of(x).dtype).name
    return {"complex64": "float32", "complex128": "float64"}.get(name, name)


def _default(table, args) -> float:
    names = [_precision(x) for x in tree.leaves(args)]
    return max([table[n] for n in names if n in table], default=table["float64"])


def _is_float0(x) -> bool:
    return getattr(x, "dtype", None) == dtypes.float0


def _draw(rng, x):
    """A random direction of the type of x."""
    aval = aval_of(x)
    if not dtypes.is_inexact(aval.dtype):
        return np.zeros(aval.shape, dtypes.float0)
    values = _of_size_one(rng, aval.shape)
    if aval.dtype in dtypes.COMPLEX:
        values = values + 1j * _of_size_one(rng, aval.shape)
    return np.asarray(values).astype(aval.dtype)


def _of_size_one(rng, shape):
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.75, 1.25, shape)


def _shifted(args, direction, step):
    def move(x, d):
        return x if _is_float0(d) else np.asarray(x) + np.asarray(d) * step

    def typed(x, d):
        moved = move(x, d)
        return moved if _is_float0(d) else np.asarray(moved, np.asarray(x).dtype)

    return tree.map(typed, args, direction)


def numerical_jvp(fun: Callable, primals: Sequence, tangents: Sequence, eps: float):
    """The directional derivative by central differences with step `eps`.

    f'(x) = (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12h + O(h^4)
    """
    points = [fun(*_shifted(primals, tangents, k * eps)) for k in (1, -1, 2, -2)]

    def quotient(*values):
        near, minus_near, far, minus_far = map(_wide, values)
        if not dtypes.is_inexact(np.asarray(values[0]).dtype):
            return np.zeros(near.shape, dtypes.float0)
        return (8 * (near - minus_near) - (far - minus_far)) / (12 * eps)

    return tree.map(quotient, *points)


def _wide(x):
    """A value in double precision."""
    x = np.asarray(x)
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def inner(xs, ys):
    """The sum of products of all leaves, without conjugation."""
    total = 0.0
    for x, y in zip(tree.leaves(xs), tree.leaves(ys), strict=True):
        if _is_float0(x) or _is_float0(y):
            continue
        total = total + np.sum(_wide(x) * _wide(y))
    return total


def _compare(what, expected, got, atol, rtol):
    paths = [tree.keystr(keys) for keys, _ in tree.leaves_with_path(expected)]
    pairs = zip(paths, tree.leaves(expected), tree.leaves(got), strict=True)
    for path, e, g in pairs:
        if _is_float0(e) or _is_float0(g):
            continue
        np.testing.assert_allclose(
            np.asarray(g),
            np.asarray(e),
            rtol=rtol,
            atol=atol,
            err_msg=f"{what}{f' at {path}' if path else ''}: derivative (actual) and "
            "finite difference (desired) do not agree.",
        )


def check_jvp(
    f: Callable,
    f_jvp: Callable,
    args: Sequence,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    err_msg: str = "",
) -> None:
    """Check `f_jvp(primals, tangents) -> (out, out_tangent)` by central differences.

    Raises:
      AssertionError: values or tangents do not agree.
    """
    atol, rtol, eps = _settings(args, atol, rtol, eps)
    rng = np.random.default_rng(0)
    tangents = tree.map(lambda x: _draw(rng, x), tuple(args))
    out, out_dot = f_jvp(tuple(args), tangents)
    prefix = f"{err_msg} " if err_msg else ""
    _compare(f"{prefix}value of jvp", f(*args), out, atol, rtol)
    expected = numerical_jvp(f, tuple(args), tangents, eps)
    _compare(f"{prefix}jvp", expected, out_dot, atol, rtol)


def check_vjp(
    f: Callable,
    f_vjp: Callable,
    args: Sequence,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    err_msg: str = "",
) -> None:
    """Check `f_vjp(*args) -> (out, pullback)` against central differences.

    By the identity <y_bar, J x_dot> = <J^T y_bar, x_dot> for random x_dot and y_bar.

    Raises:
      AssertionError: values or cotangents do not agree.
    """
    atol, rtol, eps = _settings(args, atol, rtol, eps)
    rng = np.random.default_rng(1)
    out, pullback = f_vjp(*args)
    prefix = f"{err_msg} " if err_msg else ""
    _compare(f"{prefix}value of vjp", f(*args), out, atol, rtol)
    tangents = tree.map(lambda x: _draw(rng, x), tuple(args))
    out_dot = numerical_jvp(f, tuple(args), tangents, eps)
    out_bar = tree.map(lambda y: _draw(rng, y), out)
    in_bar = pullback(out_bar)
    np.testing.assert_allclose(
        inner(in_bar, tangents),
        inner(out_bar, out_dot),
        rtol=rtol,
        atol=atol,
        err_msg=f"{prefix}vjp: <J^T y_bar, x_dot> (actual) and <y_bar, J x_dot> by "
        "finite differences (desired) do not agree.",
    )


def _settings(args, atol, rtol, eps):
    tolerance = _default(_TOLERANCE, args)
    return (
        tolerance / 4 if atol is None else atol,
        tolerance if rtol is None else rtol,
        _default(_STEP, args) if eps is None else eps,
    )


def check_grads(
    f: Callable,
    args: Sequence,
    order: int,
    modes: Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Check derivatives of a function up to an order by finite differences.

    Args:
      args: the point; floating-point leaves are moved, others are not.
      order: 1 checks first derivatives, 2 also derivatives of those, and so on.
      modes: "fwd" checks jvp, "rev" checks vjp; of higher orders all combinations.
      atol, rtol, eps: tolerances and step; defaults by the dtype of the arguments.

    Raises:
      AssertionError: a derivative does not agree.

    >>> check_grads(lambda x: x * x, (3.0,), order=2)
    """
    args = tuple(args)

    def check(function, point, remaining, label):
        if "fwd" in modes:
            check_jvp(
                function,
                lambda primals, tangents: _jvp(function, primals, tangents),
                point,
                atol,
                rtol,
                eps,
                f"order {label}:",
            )
        if "rev" in modes:
            check_vjp(
                function,
                lambda *primals: _vjp(function, *primals),
                point,
                atol,
                rtol,
                eps,
                f"order {label}:",
            )
        if remaining == 1:
            return
        rng = np.random.default_rng(2)
        if "fwd" in modes:
            tangents = tree.map(lambda x: _draw(rng, x), point)

            def pushed(*primals):
                return _jvp(function, primals, tangents)[1]

            check(pushed, point, remaining - 1, label + 1)
        if "rev" in modes:
            out_bar = tree.map(lambda y: _draw(rng, y), function(*point))

            def pulled(*primals):
                return _vjp(function, *primals)[1](out_bar)

            check(pulled, point, remaining - 1, label + 1)

    check(f, args, order, 1)
