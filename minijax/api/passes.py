"""The forward and the backward pass of a function, as two functions.

fwd, bwd = fwd_and_bwd(f, (0, 1))
y, residuals = fwd(x, w)                is          y, residuals = vjp(f, x, w)
x_bar, w_bar = bwd(residuals, y_bar)    is          residuals(y_bar)
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..control.bodies import check_callable
from ..core.tracebacks import boundary
from .arguments import positions
from .autodiff import vjp
from .jit import jit

__all__ = ["fwd_and_bwd"]


@boundary
def fwd_and_bwd(
    fun: Callable,
    argnums: int | Sequence[int],
    has_aux: bool = False,
    jitted: bool = True,
) -> tuple[Callable, Callable]:
    """The forward and the backward pass of a function, each compiled once.

    Args:
      fun: a function of arrays.
      argnums: which positional arguments to differentiate; with a sequence `bwd`
        returns a tuple.
      has_aux: `fun` returns a pair, its result and something else.
      jitted: compile both. A backward pass compiled without the forward one is compiled
        anew for each of its residuals.

    Returns:
      `fwd(*args)`, which returns `(out, residuals)`, or `(out, residuals, aux)`, and
      `bwd(residuals, out_bar)`, which returns the cotangents of the chosen arguments.

    >>> fwd, bwd = fwd_and_bwd(lambda x, w: x * w, (0, 1))
    >>> y, residuals = fwd(3.0, 4.0)
    >>> [float(x) for x in bwd(residuals, 1.0)]
    [4.0, 3.0]
    """
    check_callable("fwd_and_bwd", fun=fun)
    single = isinstance(argnums, int | np.integer)

    def fwd(*args: Any):
        chosen = positions(argnums, len(args), "fwd_and_bwd")

        def of_chosen(*primals):
            given = list(args)
            for k, x in zip(chosen, primals, strict=True):
                given[k] = x
            return fun(*given)

        return vjp(of_chosen, *[args[k] for k in chosen], has_aux=has_aux)

    def bwd(residuals: Callable, out_bar: Any):
        cts = residuals(out_bar)
        return cts[0] if single else cts

    return (jit(fwd), jit(bwd)) if jitted else (fwd, bwd)
