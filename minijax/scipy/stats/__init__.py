"""Densities and distribution functions, a module each, and statistics of samples.

The modules are loaded when they are first asked for:

    from minijax.scipy.stats import norm
    norm.logpdf(x, loc, scale)
"""

import importlib as _importlib

from .kde import gaussian_kde as gaussian_kde
from .samples import mode as mode
from .samples import rankdata as rankdata
from .samples import sem as sem

_LAZY = frozenset(
    {
        "bernoulli",
        "beta",
        "betabinom",
        "binom",
        "cauchy",
        "chi2",
        "dirichlet",
        "expon",
        "gamma",
        "gennorm",
        "geom",
        "gumbel_l",
        "gumbel_r",
        "laplace",
        "logistic",
        "multinomial",
        "multivariate_normal",
        "nbinom",
        "norm",
        "pareto",
        "poisson",
        "t",
        "truncnorm",
        "uniform",
        "vonmises",
        "wrapcauchy",
    }
)


def __getattr__(name):
    if name in _LAZY:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_LAZY})
