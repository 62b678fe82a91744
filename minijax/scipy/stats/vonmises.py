"""The von Mises distribution of angles: exp(kappa cos x) / (2 pi I0(kappa))."""

import math

from ... import numpy as jnp
from ...api import compiled
from .. import special
from . import densities
from .densities import NAN, operands


@compiled
def logpdf(x, kappa):
    """Log of the density at the angle `x`, NaN for negative kappa.

    >>> logpdf(0.0, 0.0).item()
    -1.837877
    """
    x, kappa = operands("vonmises.logpdf", x, kappa)
    # kappa cos(x) - log I0(kappa), where I0(kappa) = exp(|kappa|) i0e(kappa). The
    # difference kappa - |kappa| vanishes, but gives the derivative at kappa = 0.
    shape = -2 * kappa * jnp.sin(x / 2) ** 2 + (kappa - jnp.abs(kappa))
    inside = shape - jnp.log(special.i0e(kappa)) - math.log(2 * math.pi)
    return jnp.where(kappa < 0, NAN, inside)


@compiled
def pdf(x, kappa):
    """Density at the angle `x`, NaN for negative kappa.

    >>> pdf(0.0, 0.0).item()
    0.159155
    """
    return densities.from_log(logpdf(x, kappa))
