"""Distributions at edges and in tails, against SciPy and mpmath; their derivatives."""

import inspect
import itertools
import warnings

import mpmath
import numpy as np
import pytest
import scipy.stats

import minijax
import minijax.numpy as jnp
from minijax.scipy import stats
from minijax.test_util import check_grads

from ..laws import Case, check_derivatives

INF = np.inf
REAL = (-INF, -300.0, -40.0, -2.0, -1.0, -0.5, 0.0, 1e-300, 1e-20, 0.3, 0.5, 1.0)
REAL = (*REAL, 1.5, 2.0, 3.0, 40.0, 300.0, 1e10, INF, np.nan)
# SciPy's formulas for some distributions give NaN at infinity, or underflow far out;
# test_limits has these points.
NEAR = (*REAL[1:-3], np.nan)
PROBABILITIES = (0.0, 1e-300, 1e-10, 0.3, 0.5, 1 - 1e-12, 1.0, -0.5, 1.5, np.nan)
COUNTS = (-1.0, 0.0, 1.0, 2.0, 3.0, 5.0, 40.0)
SHAPE = (0.5, 1.0, 2.0, 30.0)
CHANCE = (0.0, 0.25, 1.0)

# For each distribution the values of its variable and of its parameters; `loc` and
# `scale` stay at their defaults.
GRIDS = {
    "norm": (REAL,),
    "uniform": (REAL,),
    "expon": (REAL,),
    "laplace": (NEAR,),
    "logistic": (REAL,),
    "cauchy": (REAL,),
    "gumbel_l": (NEAR,),
    "gumbel_r": (NEAR,),
    "t": (REAL, SHAPE),
    "pareto": (REAL, SHAPE),
    "gamma": (NEAR, SHAPE),
    "chi2": (NEAR, SHAPE),
    "beta": (REAL, SHAPE, SHAPE),
    "gennorm": (REAL, (0.5, 1.0, 2.0, 5.0)),
    "truncnorm": (REAL, (-2.0, -INF, 8.0), (9.0, INF)),
    "vonmises": (REAL[1:-2], (0.0, 0.5, 40.0)),
    "wrapcauchy": (REAL, (0.1, 0.9)),
    "bernoulli": (COUNTS, CHANCE),
    "binom": (COUNTS, (0.0, 3.0, 5.0), CHANCE),
    "nbinom": (COUNTS, (1.0, 3.0, 4.5), (0.25, 1.0)),
    "geom": (COUNTS, (0.25, 1.0)),
    "betabinom": (COUNTS, (0.0, 3.0, 5.0), SHAPE, SHAPE),
    "poisson": ((*COUNTS, 0.5, INF), (0.0, 0.5, 4.0)),
}
QUANTILES = ("ppf", "isf")
FUNCTIONS = [
    (name, function)
    for name in GRIDS
    for function in sorted(vars(getattr(stats, name)))
    if function in ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf", "logpmf", "pmf")
    or function in QUANTILES
]


@pytest.mark.parametrize(("name", "function"), FUNCTIONS)
def test_values_are_scipys(name, function, x64):
    """Also at the edges of the support, at infinities, for NaN, and far out."""
    variable, *parameters = GRIDS[name]
    if function in QUANTILES:
        # SciPy's bernoulli.ppf(0, p) is -1; the inverse of the cdf is 0.
        variable = PROBABILITIES[1:] if name == "bernoulli" else PROBABILITIES
        parameters = [[0.25]] if name == "bernoulli" else parameters
    points = np.array(list(itertools.product(variable, *parameters))).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = getattr(getattr(scipy.stats, name), function)(*points)

    got = getattr(getattr(stats, name), function)(*points)

    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-14)


def test_every_distribution_has_a_grid():
    """Except those of vectors, which have tests of their own."""
    vectors = {"dirichlet", "multinomial", "multivariate_normal"}

    assert {*GRIDS} | vectors == {
        name
        for name in dir(stats)
        if inspect.ismodule(getattr(stats, name)) and not name.startswith("_")
    } - {"densities", "kde", "samples"}


LIMITS = [
    ("laplace.logpdf", (1e10,), -1e10 - np.log(2)),
    ("gumbel_r.logpdf", (-INF,), -INF),
    ("gumbel_r.pdf", (-INF,), 0.0),
    ("gumbel_r.logpdf", (INF,), -INF),
    ("gumbel_r.logsf", (1e10,), -1e10),
    ("gumbel_r.logsf", (INF,), -INF),
    ("gumbel_l.logpdf", (INF,), -INF),
    ("gumbel_l.pdf", (INF,), 0.0),
    ("gumbel_l.logcdf", (-1e10,), -1e10),
    ("gumbel_l.sf", (INF,), 0.0),
    ("gamma.logpdf", (INF, 2.0), -INF),
    ("gamma.pdf", (INF, 2.0), 0.0),
    ("gamma.cdf", (INF, 2.0), 1.0),
    ("gamma.logsf", (INF, 2.0), -INF),
    ("chi2.logpdf", (INF, 4.0), -INF),
    ("chi2.sf", (INF, 4.0), 0.0),
    ("poisson.cdf", (INF, 4.0), 1.0),
]


@pytest.mark.parametrize(("path", "point", "expected"), LIMITS)
def test_limits(path, point, expected, x64):
    """At infinity, and far out where the density underflows."""
    np.testing.assert_allclose(resolve(path)(*point), expected, rtol=1e-14)


def digits(x) -> mpmath.mpf:
    return mpmath.mpf(float(x))


TAILS = [
    ("norm", "logcdf", (-60.0,), lambda x: mpmath.log(mpmath.ncdf(x))),
    ("norm", "logsf", (60.0,), lambda x: mpmath.log(mpmath.ncdf(-x))),
    ("norm", "sf", (30.0,), lambda x: mpmath.ncdf(-x)),
    ("norm", "isf", (1e-300,), lambda q: digits(scipy.stats.norm.isf(float(q)))),
    ("cauchy", "cdf", (-1e12,), lambda x: mpmath.atan2(1, -x) / mpmath.pi),
    ("cauchy", "logpdf", (1e200,), lambda x: -mpmath.log(mpmath.pi * (1 + x * x))),
    ("cauchy", "ppf", (1e-12,), lambda q: -mpmath.cot(mpmath.pi * q)),
    ("t", "logpdf", (1e200, 2.0), lambda x, n: -1.5 * mpmath.log(2 + x * x)),
    ("logistic", "logpdf", (-800.0,), lambda x: x - 2 * mpmath.log1p(mpmath.exp(x))),
    ("expon", "logcdf", (1e-20,), lambda x: mpmath.log(-mpmath.expm1(-x))),
    ("gumbel_r", "sf", (50.0,), lambda x: -mpmath.expm1(-mpmath.exp(-x))),
    ("gumbel_l", "logcdf", (-800.0,), lambda x: x),
    ("gamma", "logsf", (1e-20, 2.0), lambda x, a: mpmath.log(
        mpmath.gammainc(a, x, mpmath.inf, regularized=True))),
    ("gamma", "logcdf", (60.0, 2.0), lambda x, a: mpmath.log1p(
        -mpmath.gammainc(a, x, mpmath.inf, regularized=True))),
    ("beta", "logsf", (1e-20, 1.0, 2.0), lambda x, a, b: mpmath.log1p(-2 * x)),
    ("gennorm", "cdf", (-30.0, 1.0), lambda x, b: mpmath.exp(x) / 2),
    ("vonmises", "logpdf", (1e-3, 1e6), lambda x, k: k * mpmath.cos(x)
        - mpmath.log(2 * mpmath.pi * mpmath.besseli(0, k))),
    ("wrapcauchy", "logpdf", (1e-9, 1 - 1e-9), lambda x, c: mpmath.log(
        (1 - c * c) / (2 * mpmath.pi * (1 + c * c - 2 * c * mpmath.cos(x))))),
    ("truncnorm", "logcdf", (21.0, 20.0, 22.0), lambda x, a, b: mpmath.log(
        (mpmath.ncdf(-a) - mpmath.ncdf(-x)) / (mpmath.ncdf(-a) - mpmath.ncdf(-b)))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "function", "point", "exact"), TAILS)
def test_tails_are_precise(name, function, point, exact, x64):
    """12 digits where a shorter formula has none, or overflows."""
    with mpmath.workdps(60):
        expected = float(exact(*map(digits, point)))

    got = getattr(getattr(stats, name), function)(*point).item()

    assert got == pytest.approx(expected, rel=2e-12, abs=0)


# The derivative of a function in one of its arguments, at a point where the chain rule
# meets 0 * inf, or a choice.
SLOPES = [
    # Inside of the edge of the support.
    ("gamma.pdf", 0, (0.0, 2.0), 1.0),
    ("gamma.pdf", 0, (0.0, 1.0), -1.0),
    ("gamma.logpdf", 0, (0.0, 1.0), -1.0),
    ("chi2.pdf", 0, (0.0, 4.0), 0.25),
    ("chi2.logpdf", 0, (0.0, 2.0), -0.5),
    ("beta.pdf", 0, (0.0, 2.0, 2.0), 6.0),
    ("beta.pdf", 0, (1.0, 2.0, 2.0), -6.0),
    ("beta.logpdf", 0, (1.0, 3.0, 1.0), 2.0),
    ("beta.logpdf", 0, (0.0, 1.0, 3.0), -2.0),
    ("bernoulli.pmf", 1, (1, 0.0), 1.0),
    ("bernoulli.pmf", 1, (0, 0.0), -1.0),
    ("bernoulli.pmf", 1, (0, 1.0), -1.0),
    ("bernoulli.logpmf", 1, (0, 0.0), -1.0),
    ("binom.pmf", 2, (1, 3, 0.0), 3.0),
    ("binom.pmf", 2, (2, 3, 1.0), -3.0),
    ("binom.pmf", 2, (3, 3, 1.0), 3.0),
    ("geom.pmf", 1, (1, 1.0), 1.0),
    ("geom.pmf", 1, (2, 1.0), -1.0),
    ("nbinom.pmf", 2, (1, 2.0, 1.0), -2.0),
    ("poisson.pmf", 1, (1, 0.0), 1.0),
    ("poisson.pmf", 1, (0, 0.0), -1.0),
    ("poisson.logpmf", 1, (0, 0.0), -1.0),
    ("uniform.logpdf", 2, (0.0, 0.0, 2.0), -0.5),
    ("pareto.logpdf", 1, (1.0, 2.0), 0.5),
    # Outside of it.
    ("gamma.logpdf", 1, (-1.0, 2.0), 0.0),
    ("beta.logpdf", 1, (2.0, 2.0, 2.0), 0.0),
    ("expon.logpdf", 0, (-1.0,), 0.0),
    ("truncnorm.logpdf", 0, (3.0, -1.0, 1.0), 0.0),
    # In the middle.
    ("gennorm.logpdf", 0, (0.0, 2.0), 0.0),
    ("gennorm.cdf", 0, (0.0, 2.0), 1 / np.sqrt(np.pi)),
    ("gennorm.cdf", 0, (0.0, 1.0), 0.5),
    ("vonmises.logpdf", 1, (1.0, 0.0), np.cos(1.0)),
    ("cauchy.cdf", 0, (0.0,), 1 / np.pi),
    # Far out.
    ("norm.pdf", 0, (1e200,), 0.0),
    ("norm.logpdf", 0, (1e200,), -1e200),
    ("norm.logcdf", 0, (-1e3,), 1e3 + 1e-3),
    ("cauchy.logpdf", 0, (1e200,), -2e-200),
    ("t.logpdf", 0, (1e200, 3.0), -4e-200),
    ("logistic.logpdf", 0, (-1e4,), 1.0),
    ("gumbel_r.pdf", 0, (-800.0,), 0.0),
    ("gumbel_l.pdf", 0, (800.0,), 0.0),
    ("gumbel_r.cdf", 0, (-800.0,), 0.0),
    ("gumbel_r.logpdf", 0, (800.0,), -1.0),
    ("gumbel_r.logsf", 0, (800.0,), -1.0),
    ("expon.cdf", 0, (-1e3,), 0.0),
    ("laplace.cdf", 0, (1e4,), 0.0),
    ("truncnorm.logpdf", 1, (9.0, 8.0, INF), 8.0 + 1 / (8.0 + 1 / 8.2345)),
]  # fmt: skip


def resolve(path):
    module, function = path.split(".")
    return getattr(getattr(stats, module), function)


@pytest.mark.parametrize(("path", "k", "point", "expected"), SLOPES)
def test_slopes_where_the_chain_rule_has_none(path, k, point, expected, x64):
    """In both modes."""

    def along(x):
        return resolve(path)(*point[:k], x, *point[k + 1 :])

    at = jnp.asarray(point[k], float)
    backward = minijax.jit(minijax.grad(along))(at)
    _, forward = minijax.jvp(along, (at,), (jnp.ones_like(at),))

    # The last row is the first terms of a continued fraction.
    tolerance = 1e-3 if "truncnorm" in path else 1e-9
    np.testing.assert_allclose(backward, expected, rtol=tolerance, atol=1e-12)
    np.testing.assert_allclose(forward, expected, rtol=tolerance, atol=1e-12)


CURVATURES = [
    ("logistic.logpdf", (0.0,), -0.5),
    ("gennorm.logpdf", (0.0, 2.0), -2.0),
    ("gennorm.logpdf", (0.0, 3.0), 0.0),
    ("gennorm.logpdf", (0.0, 1.0), 0.0),
    ("gamma.pdf", (0.0, 3.0), 1.0),
    ("beta.pdf", (0.0, 3.0, 1.0), 6.0),
    ("norm.logpdf", (1e8,), -1.0),
]


@pytest.mark.parametrize(("path", "point", "expected"), CURVATURES)
def test_second_slopes(path, point, expected, x64):
    """The second derivative in x at a point."""
    f = resolve(path)
    curvature = minijax.hessian(lambda x: f(x, *point[1:]))(point[0])

    np.testing.assert_allclose(curvature, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("path", "point"),
    [
        ("gennorm.logpdf", (0.7, 1.7)),
        ("gennorm.cdf", (-0.7, 1.7)),
        ("gennorm.cdf", (0.7, 1.7)),
        ("truncnorm.logpdf", (3.3, 3.0, 4.0, 0.1, 0.9)),
        ("truncnorm.logcdf", (-1.3, -2.0, -0.5, 0.1, 0.9)),
        ("truncnorm.logsf", (0.3, -1.0, 2.0, 0.1, 0.9)),
        ("vonmises.logpdf", (0.4, 2.0)),
        ("poisson.entropy", (3.0,)),
        ("poisson.entropy", (50.0,)),
    ],
)
def test_derivatives_are_those_of_differences(path, point):
    """In all parameters, in both modes, to second order; one program has them all."""
    case = Case(path, resolve(path), [()] * len(point), domain=[(x, x) for x in point])

    check_derivatives(case, "f64")


@pytest.mark.parametrize("mu", [0.0, 1e-3, 0.5, 4.0, 12.0, 39.9, 40.1, 300.0])
def test_entropy_of_poisson(mu, x64):
    """-sum(p log p), summed with 40 digits."""
    with mpmath.workdps(40):
        total = mpmath.mpf(0)
        for k in range(int(mu + 20 * mu**0.5 + 60) if mu else 0):
            log_p = k * mpmath.log(mu) - mu - mpmath.loggamma(k + 1)
            total -= mpmath.exp(log_p) * log_p

    assert stats.poisson.entropy(mu).item() == pytest.approx(float(total), rel=1e-12)


def test_a_point_on_the_edge_of_the_simplex(x64):
    """The Dirichlet density is x^(alpha - 1) there too, as SciPy has it."""
    x, alpha = np.array([0.0, 0.25, 0.75]), np.array([1.0, 2.0, 3.0])
    got = stats.dirichlet.logpdf(x, alpha)

    assert got.item() == pytest.approx(scipy.stats.dirichlet.logpdf(x, alpha))
    slope = minijax.grad(lambda x: stats.dirichlet.pdf(x, np.array([2.0, 1.0])))
    np.testing.assert_allclose(slope(np.array([0.0, 1.0])), [2.0, 0.0])
    assert stats.dirichlet.pdf(np.array([0.5, 0.6]), np.ones(2)).item() == 0


def test_rows_of_multinomial_counts(x64):
    """Each row of counts is a point of its own."""
    x, n, p = np.array([[1, 2, 3], [2, 0, 1]]), np.array([6, 3]), [0.2, 0.3, 0.5]
    got = stats.multinomial.logpmf(x, n, np.array(p))

    np.testing.assert_allclose(got, scipy.stats.multinomial.logpmf(x, n, p))
    slope = minijax.grad(lambda p: stats.multinomial.pmf(x[1], 3, p))
    np.testing.assert_allclose(slope(np.array([0.5, 0.0, 0.5])), [1.5, 0.0, 0.75])


def test_vectors_with_a_common_mean(x64):
    """A scalar mean counts for all elements, with a matrix too."""
    cov = np.array([[2.0, 0.3], [0.3, 1.0]])
    x = np.array([[0.1, 0.2], [0.5, -1.0]])
    got = stats.multivariate_normal.logpdf(x, 0.5, cov)

    np.testing.assert_allclose(
        got, scipy.stats.multivariate_normal.logpdf(x, [0.5, 0.5], cov)
    )


def test_estimates_are_containers(x64):
    """gaussian_kde passes through jit and vmap, and gradients reach the sample."""
    sample = jnp.array([1.0, 2.0, 4.0, 4.5])
    reference = scipy.stats.gaussian_kde(np.asarray(sample))

    @minijax.jit
    def estimate(sample):
        return stats.gaussian_kde(sample)

    points = np.linspace(0.0, 5.0, 7)
    np.testing.assert_allclose(estimate(sample)(points), reference(points))
    many = minijax.vmap(estimate)(jnp.stack([sample, sample + 1]))
    np.testing.assert_allclose(many.covariance[1, 0, 0], reference.covariance[0, 0])
    check_grads(lambda x: stats.gaussian_kde(x).logpdf(points), (sample,), order=1)
    check_grads(lambda x: stats.gaussian_kde(x).integrate_kde(estimate(sample)),
                (sample,), order=1)  # fmt: skip
    drawn = estimate(sample).resample(minijax.random.key(0), (2000, 2))
    assert drawn.shape == (1, 2000, 2)
    assert float(drawn.mean()) == pytest.approx(2.875, abs=0.15)


X = np.zeros(3)
REFUSALS = [
    (
        lambda: stats.norm.logpdf([1.0, 2.0]),
        TypeError,
        "norm.logpdf requires ndarray or scalar arguments, got <class 'list'> with "
        "value [1.0, 2.0]. Convert the sequence with jnp.array first.",
    ),
    (
        lambda: stats.norm.logpdf(np.ones(2), np.ones(3)),
        TypeError,
        "norm.logpdf got incompatible shapes for broadcasting: (2,), (3,) (f64[2] and "
        "f64[3]). Axes are compared from the last one, and must be equal or 1.",
    ),
    (
        lambda: stats.multivariate_normal.logpdf(X, X, np.eye(2)),
        ValueError,
        "multivariate_normal.logpdf got incompatible shapes: the vectors must have 2 "
        "elements, as cov has, got x: f64[3], mean: f64[3] and cov: f64[2,2].",
    ),
    (
        lambda: stats.multivariate_normal.logpdf(X, X, np.eye(3), allow_singular=True),
        NotImplementedError,
        "multivariate_normal.logpdf: the allow_singular argument is not supported. "
        "Leave it out: the covariance must be positive definite.",
    ),
    (
        lambda: stats.dirichlet.logpdf(X, 1.0),
        ValueError,
        "dirichlet.logpdf: `alpha` must be one-dimensional, got alpha: f64[]. Use "
        "vmap for several of them.",
    ),
    (
        lambda: stats.multinomial.logpmf(X, 3, X),
        ValueError,
        "multinomial.logpmf: x and n must be of integer type, got x: f64[3] and "
        "n: i64[]. Convert them with astype(int).",
    ),
    (
        lambda: stats.mode(X, nan_policy="omit"),
        NotImplementedError,
        "mode: nan_policy 'omit' is not supported. Use 'propagate', and take out NaN "
        "before.",
    ),
    (
        lambda: stats.rankdata(X, "median"),
        ValueError,
        "rankdata: unknown method 'median'. Use one of average, min, max, dense, "
        "ordinal.",
    ),
    (
        lambda: stats.sem(X, nan_policy="raise"),
        ValueError,
        "sem: nan_policy 'raise' is not supported. Use 'propagate' or 'omit'.",
    ),
    (
        lambda: stats.gaussian_kde(X, weights=np.ones(2)),
        ValueError,
        "gaussian_kde: `weights` input should be of length n = 3, got f64[2].",
    ),
    (
        lambda: stats.gaussian_kde(np.ones(1)),
        ValueError,
        "gaussian_kde: `dataset` input should have multiple elements, got f64[1,1].",
    ),
    (
        lambda: stats.gaussian_kde(np.arange(3.0), "wide"),
        ValueError,
        "gaussian_kde: `bw_method` should be 'scott', 'silverman', a scalar, or a "
        "callable, got 'wide'.",
    ),
    (
        lambda: setattr(stats.gaussian_kde(np.arange(3.0)), "neff", 2.0),
        AttributeError,
        "gaussian_kde: cannot set 'neff', an estimate does not change. Build a new "
        "one.",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS)
def test_refusals_say_what_to_do(call, error, message, x64):
    with pytest.raises(error) as caught:
        call()

    assert str(caught.value).split("\n")[0] == message
