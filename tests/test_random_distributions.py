"""The distributions of random samples, and their derivatives in the parameters.

Seeds are fixed, so a statistical test passes or fails for good.
"""

import math

import numpy as np
import pytest
import scipy.stats

import minijax
import minijax.numpy as jnp
from minijax import random
from minijax.config import enable_x64

KEY = np.array([3, 77], np.uint32)


def labels(table):
    """Names for the rows of a table whose first entry names a sampler."""
    return [f"{k}-{row[0]}" for k, row in enumerate(table)]


# The samples have the distribution function that theory gives


class DoubleSidedMaxwell:
    """The distribution of a length in three dimensions, of either sign."""

    def __init__(self, loc, scale):
        self.loc, self.scale = loc, scale

    def cdf(self, x):
        z = (x - self.loc) / self.scale
        return 0.5 + 0.5 * np.sign(z) * scipy.stats.maxwell.cdf(np.abs(z))


CONTINUOUS = [
    ("uniform", (), {"minval": -2.0, "maxval": 3.0}, scipy.stats.uniform(-2, 5)),
    ("normal", (), {}, scipy.stats.norm()),
    ("truncated_normal", (-1.0, 2.0), {}, scipy.stats.truncnorm(-1, 2)),
    ("exponential", (), {}, scipy.stats.expon()),
    ("gumbel", (), {}, scipy.stats.gumbel_r()),
    ("gumbel", (), {"mode": "high"}, scipy.stats.gumbel_r()),
    ("laplace", (), {}, scipy.stats.laplace()),
    ("logistic", (), {}, scipy.stats.logistic()),
    ("cauchy", (), {}, scipy.stats.cauchy()),
    ("gamma", (0.3,), {}, scipy.stats.gamma(0.3)),
    ("gamma", (1.0,), {}, scipy.stats.gamma(1.0)),
    ("gamma", (7.0,), {}, scipy.stats.gamma(7.0)),
    ("loggamma", (0.5,), {}, scipy.stats.loggamma(0.5)),
    ("beta", (0.5, 2.0), {}, scipy.stats.beta(0.5, 2.0)),
    ("chisquare", (3.0,), {}, scipy.stats.chi2(3.0)),
    ("t", (3.0,), {}, scipy.stats.t(3.0)),
    ("f", (3.0, 5.0), {}, scipy.stats.f(3.0, 5.0)),
    ("lognormal", (0.5,), {}, scipy.stats.lognorm(0.5)),
    ("pareto", (2.0,), {}, scipy.stats.pareto(2.0)),
    ("rayleigh", (2.0,), {}, scipy.stats.rayleigh(scale=2.0)),
    ("wald", (2.0,), {}, scipy.stats.invgauss(2.0, scale=1.0)),
    ("triangular", (0.0, 1.0, 3.0), {}, scipy.stats.triang(1 / 3, 0, 3)),
    ("maxwell", (), {}, scipy.stats.maxwell()),
    ("double_sided_maxwell", (1.0, 2.0), {}, DoubleSidedMaxwell(1.0, 2.0)),
    ("generalized_normal", (3.0,), {}, scipy.stats.gennorm(3.0)),
    ("weibull_min", (2.0, 1.5), {}, scipy.stats.weibull_min(1.5, scale=2.0)),
]


@pytest.mark.parametrize(
    ("name", "parameters", "keywords", "distribution"),
    CONTINUOUS,
    ids=labels(CONTINUOUS),
)
def test_continuous_samples_have_their_distribution(
    name, parameters, keywords, distribution
):
    """A Kolmogorov-Smirnov test."""
    x = np.asarray(
        getattr(random, name)(KEY, *parameters, shape=(4000,), **keywords), np.float64
    )

    assert scipy.stats.kstest(x, distribution.cdf).pvalue > 0.01


DISCRETE = [
    ("randint", {"minval": 3, "maxval": 9}, scipy.stats.randint(3, 9)),
    ("bernoulli", {"p": 0.3}, scipy.stats.bernoulli(0.3)),
    ("poisson", {"lam": 3.0}, scipy.stats.poisson(3.0)),
    ("poisson", {"lam": 40.0}, scipy.stats.poisson(40.0)),
    ("binomial", {"n": 8.0, "p": 0.7}, scipy.stats.binom(8, 0.7)),
    ("binomial", {"n": 90.0, "p": 0.4}, scipy.stats.binom(90, 0.4)),
    ("geometric", {"p": 0.4}, scipy.stats.geom(0.4)),
]


@pytest.mark.parametrize(
    ("name", "parameters", "distribution"),
    DISCRETE,
    ids=labels(DISCRETE),
)
def test_discrete_samples_have_their_distribution(name, parameters, distribution):
    """A chi-squared test over the values of which ten or more are expected."""
    n = 4000
    x = np.asarray(getattr(random, name)(KEY, shape=(n,), **parameters), np.int64)
    values = np.arange(x.min(), x.max() + 1)
    expected = n * distribution.pmf(values)
    common = expected >= 10
    counted = np.array([(x == v).sum() for v in values])
    f_obs = np.append(counted[common], n - counted[common].sum())
    f_exp = np.append(expected[common], n - expected[common].sum())
    kept = f_exp > 1e-6

    assert f_obs[~kept].sum() == 0
    assert scipy.stats.chisquare(f_obs[kept], f_exp[kept]).pvalue > 0.01


def test_signs_are_equally_frequent():
    x = np.asarray(random.rademacher(KEY, (4000,)))
    _, counted = np.unique(x, return_counts=True)

    assert sorted(set(x.tolist())) == [-1, 1]
    assert scipy.stats.chisquare(counted).pvalue > 0.01


GENERATORS = (
    *("threefry2x32", "threefry4x32", "philox2x32", "philox4x32"),
    *("rbg", "unsafe_rbg"),
)


@pytest.mark.parametrize("impl", GENERATORS)
def test_bits_of_all_generators_are_equally_frequent(impl):
    """Bytes, pairs of neighbouring bytes, and bytes of keys next to each other."""
    key = random.key(11, impl=impl)
    stream = np.asarray(random.bits(key, (1 << 16,), "uint8"))
    of_keys = np.asarray(
        [random.bits(k, (64,), "uint8") for k in random.split(key, 64)]
    )
    pairs = stream[::2] // 16 * 16 + stream[1::2] // 16

    for x in (stream, pairs, of_keys.ravel(), of_keys[1:] ^ of_keys[:-1]):
        counted = np.bincount(x.ravel(), minlength=256)
        assert scipy.stats.chisquare(counted).pvalue > 0.01


@pytest.mark.parametrize("impl", GENERATORS)
def test_uniform_and_normal_samples_of_all_generators(impl):
    """Kolmogorov-Smirnov tests, and no correlation between the two halves."""
    key = random.key(5, impl=impl)
    u = np.asarray(random.uniform(key, (4000,)), np.float64)
    z = np.asarray(random.normal(random.fold_in(key, 1), (4000,)), np.float64)

    assert scipy.stats.kstest(u, scipy.stats.uniform().cdf).pvalue > 0.01
    assert scipy.stats.kstest(z, scipy.stats.norm().cdf).pvalue > 0.01
    assert abs(np.corrcoef(u[:2000], u[2000:])[0, 1]) < 0.06
    assert abs(np.corrcoef(u, z)[0, 1]) < 0.05


def test_categories_come_with_their_probabilities():
    p = np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    drawn = random.categorical(KEY, np.log(p), shape=(5000,))
    chosen = random.choice(KEY, 4, (5000,), p=p)

    for x in (drawn, chosen):
        counted = np.bincount(np.asarray(x), minlength=4)
        assert (
            scipy.stats.chisquare(counted, 5000 * np.array([0.1, 0.2, 0.3, 0.4])).pvalue
            > 0.01
        )


def test_draws_without_replacement_are_different():
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.0], np.float32)
    for x in (
        random.choice(KEY, 5, (5,), replace=False),
        random.permutation(KEY, 5),
        random.categorical(KEY, np.zeros(5, "f4"), shape=(5,), replace=False),
    ):
        assert sorted(x.tolist()) == [0, 1, 2, 3, 4]
    drawn = random.choice(KEY, 5, (4,), replace=False, p=p)
    assert sorted(drawn.tolist()) == [0, 1, 2, 3]


def test_permutations_are_equally_frequent():
    keys = random.split(random.key(1), 3000)
    orders = np.asarray(minijax.vmap(lambda k: random.permutation(k, 3))(keys))
    codes = orders @ [9, 3, 1]
    _, counted = np.unique(codes, return_counts=True)

    assert len(counted) == 6
    assert scipy.stats.chisquare(counted).pvalue > 0.01


def test_vectors_have_their_moments():
    mean = np.array([1.0, -2.0], np.float32)
    cov = np.array([[2.0, 0.5], [0.5, 1.0]], np.float32)
    x = np.asarray(random.multivariate_normal(KEY, mean, cov, (20000,)))
    alpha = np.array([1.0, 2.0, 5.0], np.float32)
    y = np.asarray(random.dirichlet(KEY, alpha, (20000,)))
    counts = np.asarray(random.multinomial(KEY, 50.0, alpha / 8, shape=(4000,)))

    assert np.allclose(x.mean(0), mean, atol=0.05)
    assert np.allclose(np.cov(x.T), cov, atol=0.06)
    assert np.allclose(y.sum(-1), 1, atol=1e-5)
    assert np.allclose(y.mean(0), alpha / 8, atol=0.01)
    assert (counts.sum(-1) == 50).all()
    assert np.allclose(counts.mean(0), 50 * alpha / 8, atol=0.3)


@pytest.mark.parametrize("method", ["cholesky", "eigh", "svd"])
def test_factors_reproduce_the_covariance(method):
    cov = np.array([[2.0, 0.5], [0.5, 1.0]], np.float32)
    x = random.multivariate_normal(KEY, np.zeros(2), cov, (5000,), method=method)

    assert np.allclose(np.cov(np.asarray(x).T), cov, atol=0.12)


@pytest.mark.parametrize(("n", "m"), [(3, None), (4, 2), (2, 4)])
def test_orthogonal_matrices_are_orthogonal(n, m):
    q = np.asarray(random.orthogonal(KEY, n, (5,), m=m))
    gram = q.swapaxes(1, 2) @ q if n >= (m or n) else q @ q.swapaxes(1, 2)

    assert q.shape == (5, n, m or n)
    assert np.allclose(gram, np.eye(gram.shape[-1]), atol=1e-5)


def test_points_fill_the_ball():
    x = np.asarray(random.ball(KEY, 3, shape=(5000,)), np.float64)
    volume = np.linalg.norm(x, axis=-1) ** 3

    assert scipy.stats.kstest(volume, scipy.stats.uniform().cdf).pvalue > 0.01


# Derivatives with respect to parameters


@pytest.mark.parametrize("a", [0.05, 0.7, 3.0, 40.0, 900.0])
def test_gamma_samples_follow_their_parameter(a):
    """dz/da = -(dP/da)/(dP/dz), with P differentiated numerically."""
    with enable_x64(True):
        a = np.float64(a)
        z, slope = minijax.value_and_grad(lambda a: random.gamma(KEY, a))(a)
        h = 1e-5 * a
        upper, lower = (scipy.stats.gamma(a + s * h).cdf(z) for s in (1, -1))
        expected = -(upper - lower) / (2 * h) / scipy.stats.gamma(a).pdf(z)

        assert math.isclose(slope, expected, rel_tol=2e-5)
        of_log = minijax.grad(lambda a: random.loggamma(KEY, a))(a)
        assert math.isclose(of_log, slope / z, rel_tol=1e-6)


def test_samples_are_differentiable_in_their_parameters():
    for f in (
        lambda x: random.beta(KEY, x, 2.0),
        lambda x: random.dirichlet(KEY, x * jnp.ones(3))[0],
        lambda x: random.t(KEY, x),
        lambda x: random.uniform(KEY, minval=0.0, maxval=x),
        lambda x: random.truncated_normal(KEY, -x, x),
        lambda x: random.pareto(KEY, x),
    ):
        assert np.isfinite(minijax.grad(f)(1.5))
        assert minijax.grad(f)(1.5) != 0
