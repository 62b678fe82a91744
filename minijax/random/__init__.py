"""Pseudo-random numbers from explicit keys, bit for bit those of `jax.random`.

A key stands for a stream of random numbers. Functions never change a key: the same key
gives the same numbers, and `split` or `fold_in` makes new, independent keys.

    key  ->  split, fold_in  ->  bits  ->  uniform  ->  normal, exponential, gamma, ...

The generator is Threefry-2x32 (see `primitives.random`).
"""

from .continuous import (
    cauchy,
    exponential,
    gumbel,
    laplace,
    logistic,
    normal,
    truncated_normal,
)
from .counts import binomial, geometric, multinomial, poisson
from .derived import (
    ball,
    double_sided_maxwell,
    generalized_normal,
    lognormal,
    maxwell,
    multivariate_normal,
    orthogonal,
    pareto,
    rayleigh,
    triangular,
    wald,
    weibull_min,
)
from .discrete import bernoulli, categorical, choice, permutation, rademacher
from .gamma import beta, chisquare, dirichlet, f, gamma, loggamma, t
from .keys import (
    PRNGKey,
    clone,
    fold_in,
    key,
    key_data,
    key_dtype,
    key_impl,
    split,
    wrap_key_data,
)
from .uniform import bits, randint, uniform

__all__ = [
    "PRNGKey",
    "ball",
    "bernoulli",
    "beta",
    "binomial",
    "bits",
    "categorical",
    "cauchy",
    "chisquare",
    "choice",
    "clone",
    "dirichlet",
    "double_sided_maxwell",
    "exponential",
    "f",
    "fold_in",
    "gamma",
    "generalized_normal",
    "geometric",
    "gumbel",
    "key",
    "key_data",
    "key_dtype",
    "key_impl",
    "laplace",
    "loggamma",
    "logistic",
    "lognormal",
    "maxwell",
    "multinomial",
    "multivariate_normal",
    "normal",
    "orthogonal",
    "pareto",
    "permutation",
    "poisson",
    "rademacher",
    "randint",
    "rayleigh",
    "split",
    "t",
    "triangular",
    "truncated_normal",
    "uniform",
    "wald",
    "weibull_min",
    "wrap_key_data",
]
