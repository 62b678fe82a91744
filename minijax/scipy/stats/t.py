"""Student's t distribution with df degrees of freedom: (1 + z^2 / df)^(-(df + 1) / 2).

z = (x - loc) / scale
"""

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .cauchy import log_one_plus_square
from .densities import operands


@compiled
def logpdf(x, df, loc=0, scale=1):
    """Log of the density at `x`.

    >>> logpdf(0.0, 1.0).item()
    -1.14473
    """
    x, df, loc, scale = operands("t.logpdf", x, df, loc, scale)
    root = jnp.sqrt(df)
    shape = (df + 1) / 2 * log_one_plus_square((x - loc) / scale / root)
    return -shape - special.betaln(0.5, df / 2) - jnp.log(root) - jnp.log(scale)


@compiled
def pdf(x, df, loc=0, scale=1):
    """Density at `x`.

    >>> pdf(0.0, 1.0).item()
    0.31831
    """
    return densities.from_log(logpdf(x, df, loc, scale))
