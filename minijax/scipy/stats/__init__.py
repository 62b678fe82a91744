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

__getattr__, __dir__ = _on_demand(globals(), _LAZY)
