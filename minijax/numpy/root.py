"""Roots of sums: where the sum is zero, so is the derivative of its root.

root(x * x)     |x|, with derivative 0 at x = 0, to every order
"""

import numpy as np

from .. import primitives as lax
from ..config import state


def root(total, of=lax.sqrt):
    """A root of a sum of squares or powers, all of which are zero where it is.

    There the root has a kink. The derivative taken is 0, the subgradient of least norm;
    without the option `nan_safe` it is NaN, as in JAX.
    """
    if not state.nan_safe:
        return of(total)
    zero = np.zeros((), total.dtype)
    return lax.select(lax.eq(total, zero), zero, of(total))
