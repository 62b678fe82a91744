"""`minimize`: find where a differentiable function of a vector is least."""

from collections.abc import Callable, Mapping
from typing import Any

from ...core.literal import aval_of
from .bfgs import minimize_bfgs
from .lbfgs import minimize_lbfgs
from .results import OptimizeResults as OptimizeResults

_LBFGS = "l-bfgs-experimental-do-not-rely-on-this"
_OPTIONS = {
    "bfgs": {"maxiter", "norm", "gtol", "line_search_maxiter"},
    _LBFGS: {
        "maxiter",
        "norm",
        "maxcor",
        "ftol",
        "gtol",
        "maxfun",
        "maxgrad",
        "maxls",
    },
}


def minimize(
    fun: Callable,
    x0: Any,
    args: tuple = (),
    *,
    method: str,
    tol: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> OptimizeResults:
    """Find where a function of a vector is least, with its gradients.

    The iteration is one loop of the compiled program, under `jit`, `vmap` and the
    derivatives of both modes.

    Args:
      fun: `fun(x, *args)`, from a real vector (n,) to a scalar.
      x0: (n,), where to start.
      method: "BFGS", or "l-bfgs-experimental-do-not-rely-on-this", whose memory is a
        multiple of n.
      tol: stop when the gradient's norm is less; the option gtol.
      options: both: maxiter, norm (the order of that norm, inf), gtol. BFGS:
        line_search_maxiter. l-bfgs: maxcor (steps remembered), ftol (stop when the
        value falls by less), maxfun, maxgrad (evaluations), maxls (those in a line
        search).

    >>> def rosenbrock(x):
    ...     return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> found = minimize(rosenbrock, jnp.array([-1.0, 2.0]), method="BFGS")
    >>> np.round(found.x, 2), bool(found.success)
    (Array([1., 1.], dtype=float32), True)
    """
    if not isinstance(args, tuple):
        raise TypeError(
            f"minimize: args must be a tuple of further arguments, got {args!r:.60}. "
            "Write args=(a,)."
        )
    name = method.lower()
    if name not in _OPTIONS:
        raise ValueError(
            f"minimize: method must be 'BFGS' or {_LBFGS!r}, got {method!r}."
        )
    options = dict(options or {})
    if tol is not None:
        options.setdefault("gtol", tol)
    unknown = sorted(set(options) - _OPTIONS[name])
    if unknown:
        raise TypeError(
            f"minimize: options of {method} must be among {sorted(_OPTIONS[name])}, "
            f"got {unknown}."
        )
    _check_start(x0)
    solve = minimize_bfgs if name == "bfgs" else minimize_lbfgs
    return solve(lambda x: fun(x, *args), x0, **options)


def _check_start(x0):
    """Refuse what is no real vector."""
    if not hasattr(x0, "shape") or not hasattr(x0, "dtype"):
        raise TypeError(
            f"minimize: x0 must be an array, got {x0!r:.60} of type "
            f"{type(x0).__name__}. Use jnp.array, or flatten_util.ravel_pytree for "
            "containers."
        )
    if len(x0.shape) != 1:
        raise TypeError(
            f"minimize: x0 must be a vector, got {aval_of(x0)}. Let fun reshape it."
        )
