"""Densities and distribution functions, a module each, and statistics of samples.

The modules are loaded when they are first asked for:

    from minijax.scipy.stats import norm
    norm.logpdf(x, loc, scale)
"""

from ...on_demand import on_demand as _on_demand

from .kde import gaussian_kde as gaussian_kde
from .samples import mode as mode
from .samples import rankdata as rankdata
from .samples import sem as sem

__all__ = [
    "bernoulli",
    "beta",
    "betabinom",
    "binom",
    "cauchy",
    "chi2",
    "dirichlet",
    "expon",
    "gamma",
    "gaussian_kde",
    "gennorm",
    "geom",
    "gumbel_l",
    "gumbel_r",
    "laplace",
    "logistic",
    "mode",
    "multinomial",
    "multivariate_normal",
    "nbinom",
    "norm",
    "pareto",
    "poisson",
    "rankdata",
    "sem",
    "t",
    "truncnorm",
    "uniform",
    "vonmises",
    "wrapcauchy",
]
_LAZY = frozenset(__all__) - {"gaussian_kde", "mode", "rankdata", "sem"}

__getattr__, __dir__ = _on_demand(globals(), _LAZY)
