"""The multinomial distribution: how often each category occurs in n trials."""

import numpy as np

from ... import dtypes
from ... import numpy as jnp
from ...api import compiled
from ...numpy.promotion import as_operand, broadcast_shapes_of, promote_inexact
from .. import special
from . import densities
from .densities import INF


def _parts(where, x, n, p):
    """Whether x is impossible, the counts, the probabilities, and the log constant."""
    x, n, p = [as_operand(where, each) for each in (x, n, p)]
    if x.dtype not in dtypes.INTS or n.dtype not in dtypes.INTS:
        raise ValueError(
            f"{where}: x and n must be of integer type, got x: {x.aval} and "
            f"n: {n.aval}. Convert them with astype(int)."
        )
    wrong = jnp.any(x < 0, axis=-1) | (jnp.sum(x, axis=-1) != n)
    (p,) = promote_inexact(where, p)
    counts, trials = [jnp.asarray(each).astype(p.dtype) for each in (x, n)]
    try:
        np.broadcast_shapes(counts.shape, p.shape)
    except ValueError:
        broadcast_shapes_of(where, counts, p)  # raises, and says what fits
    log_c = special.gammaln(trials + 1) - jnp.sum(special.gammaln(counts + 1), axis=-1)
    return wrong, counts, p, log_c


@compiled
def logpmf(x, n, p):
    """Log of the probability of the counts `x`, -inf unless they sum to n.

    Args:
      x: how often each category occurs: integers, categories along the last axis.
      n: the number of trials: integers, one for each row of x.
      p: the probabilities of the categories, along the last axis.

    Raises:
      ValueError: if x or n are not integers.

    >>> logpmf(np.array([1, 1]), 2, np.array([0.5, 0.5])).item()
    -0.693147
    """
    wrong, counts, p, log_c = _parts("multinomial.logpmf", x, n, p)
    inside = jnp.sum(special.xlogy(counts, p), axis=-1) + log_c
    return jnp.where(wrong, -INF, inside)


@compiled
def pmf(x, n, p):
    """Probability of the counts `x`, 0 unless they sum to n; arguments as for `logpmf`.

    >>> pmf(np.array([1, 1]), 2, np.array([0.5, 0.5])).item()
    0.5
    """
    wrong, counts, p, log_c = _parts("multinomial.pmf", x, n, p)
    return jnp.where(wrong, 0.0, densities.product(counts, p, log_c, axis=-1))
