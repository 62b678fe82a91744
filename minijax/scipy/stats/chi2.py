"""The chi-squared distribution with df degrees of freedom.

It is the gamma distribution with a = df / 2 and twice the scale.
"""

from ...api import compiled
from . import gamma
from .densities import operands


def _as_gamma(where, x, df, loc, scale):
    x, df, loc, scale = operands(where, x, df, loc, scale)
    return x, df / 2, loc, 2 * scale


@compiled
def logpdf(x, df, loc=0, scale=1):
    """Log of the density at `x`, -inf below `loc`.

    >>> logpdf(0.0, 2.0).item()
    -0.693147
    """
    return gamma.logpdf(*_as_gamma("chi2.logpdf", x, df, loc, scale))


@compiled
def pdf(x, df, loc=0, scale=1):
    """Density at `x`, 0 below `loc`.

    >>> pdf(0.0, 2.0).item()
    0.5
    """
    return gamma.pdf(*_as_gamma("chi2.pdf", x, df, loc, scale))


@compiled
def cdf(x, df, loc=0, scale=1):
    """Probability of values up to `x`.

    >>> cdf(2.0, 2.0).item()
    0.632121
    """
    return gamma.cdf(*_as_gamma("chi2.cdf", x, df, loc, scale))


@compiled
def logcdf(x, df, loc=0, scale=1):
    """Log of the probability of values up to `x`.

    >>> logcdf(2.0, 2.0).item()
    -0.458675
    """
    return gamma.logcdf(*_as_gamma("chi2.logcdf", x, df, loc, scale))


@compiled
def sf(x, df, loc=0, scale=1):
    """Probability of values above `x`, accurate where it is small.

    >>> sf(2.0, 2.0).item()
    0.367879
    """
    return gamma.sf(*_as_gamma("chi2.sf", x, df, loc, scale))


@compiled
def logsf(x, df, loc=0, scale=1):
    """Log of the probability of values above `x`.

    >>> logsf(2.0, 2.0).item()
    -1.0
    """
    return gamma.logsf(*_as_gamma("chi2.logsf", x, df, loc, scale))
