"""Special functions against mpmath, over wide domains, and at the ends of them.

A row has the function, its value by mpmath, points, and how far it may be off: relative
errors in f64 and in f32. Where a result is a small difference of large terms, as near a
zero, the error is relative to the condition number too, or the row stays away from it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import mpmath as mp
import numpy as np
import pytest
import scipy.special

import minijax
from benchmarks.accuracy import normal, normal_quantile
from minijax import grad, jit, jvp, lax, vmap
from minijax.scipy import special as sp

INF, NAN = math.inf, math.nan
HALVES = [0.25, 0.5, 0.75]


def grid(*axes):
    """All combinations of numbers."""
    return list(product(*axes))


def points(*xs):
    """Arguments of a function of one variable."""
    return [(x,) for x in np.concatenate([np.atleast_1d(x) for x in xs]).tolist()]


def upper_gamma(a, x):
    return mp.gammainc(a, x, mp.inf, regularized=True)


def lower_gamma(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def owens(h, a):
    def density(t):
        return mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t)

    return mp.quad(density, mp.linspace(0, a, 3)) / (2 * mp.pi)


def dawson(x):
    return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


def scaled_erfc(x):
    return mp.exp(x * x) * mp.erfc(x)


POSITIVE = [1e-8, 1e-3, 0.1, 0.5, 0.99, 1.0, 1.5, 3.0, 7.7, 10.0, 25.0, 130.0]
REAL = [-36.0, -13.0, -5.5, -2.0, -0.7, -1e-3, 0.0, 1e-9, 0.3, 1.0, 2.5, 6.0]
FRACTIONS = [1e-10, 1e-4, 0.05, 0.3, 0.5, 0.6, 0.9, 0.999]


@dataclass(frozen=True)
class Row:
    """A function, mpmath's, where they are compared, and the errors allowed."""

    name: str
    reference: Callable
    at: list
    f64: float = 1e-13
    f32: float = 1e-6
    note: str = ""
    f: Callable | None = None

    def __str__(self):
        return f"{self.name}:{self.note}" if self.note else self.name

    @property
    def function(self):
        return self.f or getattr(sp, self.name)


VALUES = [
    # Tails are exponentials of hundreds, whose last digits count as many times.
    Row("gammainc", lower_gamma, grid(POSITIVE, POSITIVE), f64=2e-13, f32=1e-5),
    Row("gammaincc", upper_gamma, grid(POSITIVE, POSITIVE), f64=2e-13, f32=1e-5),
    # Near the mean, where values are neither 0 nor 1, for large parameters: a change of
    # x by one unit in the last place changes the value by sqrt(a) as many.
    Row(
        "gammainc",
        lower_gamma,
        [(a, a + s * math.sqrt(a)) for a in (1e3, 2e4) for s in (-8, -1, 0, 0.5)],
        f64=1e-12,
        f32=1e-2,
        note="large",
    ),
    Row("betainc", lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
        grid([1e-4, 0.3, 1.0, 4.5, 30.0], [1e-4, 0.6, 2.0, 9.0, 70.0], FRACTIONS),
        f64=4e-13, f32=2e-5),
    Row("betaln", lambda a, b: mp.log(mp.beta(a, b)),
        grid(POSITIVE[1:], [2e-3, 0.7, 2.2, 5.0, 11.0, 300.0]), f32=4e-6),
    Row("beta", mp.beta, grid([-2.5, -0.5, 0.3, 2.0, 40.0], [0.7, 1.9]), f32=4e-6),
    # In the middle between its zeros, and beside them.
    Row("gammaln", mp.loggamma, points([1e-30, 0.3, 1.405, 1.5017, 1.7355, 2.4, 2.9],
        [3.1, 50.0, 1e6]), f64=1e-15, f32=5e-7),
    Row("gammaln", lambda x: mp.log(abs(mp.gamma(x))), points([-0.3, -1.6, -7.9]),
        f64=3e-15, note="negative"),
    Row("poch", mp.rf, grid([3.0, 40.0, 1e3], [1e-4, -1e-3]), f64=1e-15,
        note="small steps"),
    # XLA's log1p is off by 1e-14 around -0.4.
    Row("log_ndtr", lambda x: mp.log(normal(x)), points([0.2, 0.2525, 0.3, 0.5]),
        f64=2e-15, note="around log(0.6)"),
    Row("spence", lambda x: mp.polylog(2, 1 - x).real, points([0.387, 2.4388, 2.5]),
        f64=2e-15, note="around log(0.6)"),
    Row("betainc", lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
        [(9.0, 1.0, 0.61), (9.0, 0.6, 0.41), (9.0, 2.5, 0.166)], f64=2e-14,
        f32=4e-6, note="around log(0.6)"),
    Row("gamma", mp.gamma, points([-30.5, -2.5, -0.1, 1e-9, 1.0, 3.3, 12.0, 33.0])),
    Row("gamma", mp.gamma, points([-150.5, 19.5, 20.5, 60.0, 171.5]), f32=INF,
        note="beyond f32"),
    Row("factorial", mp.factorial, points(np.arange(0.0, 30.0))),
    Row("poch", mp.rf, grid([0.3, 2.0, 8.5, 40.0, -1.5], [-0.25, 0.5, 2.0, 5.5]),
        f32=1e-5),
    Row("comb", mp.binomial, grid([3.0, 10.0, 60.5], [0.0, 1.0, 2.5]), f32=4e-6),
    Row("erfcx", scaled_erfc, points([-5.0, -1.0, 0.0, 0.4, 3.0, 9.0, 80.0])),
    Row("ndtr", normal, points(REAL[1:])),
    Row("ndtr", normal, points([-37.0, -30.0, -20.0]), f32=INF, note="beyond f32"),
    Row("log_ndtr", lambda x: mp.log(normal(x)), points(REAL, [-3e3, -60.0])),
    Row("ndtri", normal_quantile, points(FRACTIONS, [1e-30, 0.075, 0.925, 1e-12])),
    Row("i0", lambda x: mp.besseli(0, x),
        points([-40.0, -8.0, 0.0, 0.1, 3.0, 9.0, 80.0])),
    Row("i1", lambda x: mp.besseli(1, x), points([-40.0, -8.0, 1e-5, 3.0, 9.0, 80.0])),
    Row("i0e", lambda x: mp.exp(-abs(x)) * mp.besseli(0, x),
        points([-40.0, -8.0, 0.0, 0.1, 3.0, 9.0, 800.0])),
    Row("i1e", lambda x: mp.exp(-abs(x)) * mp.besseli(1, x),
        points([-40.0, -8.0, 1e-5, 3.0, 9.0, 800.0])),
    Row("exp1", mp.e1, points(POSITIVE[:-1], [60.0])),
    Row("expi", mp.ei, points([-30.0, -1.0, -1e-3, 1e-3, 1.0, 5.0, 12.0, 30.0, 80.0]),
        f32=2e-6),
    Row("expn", mp.expint, grid([0.0, 1.0, 2.0, 5.0, 30.0],
        [1e-3, 0.1, 0.3, 0.75, 1.2, 3.0, 7.7, 25.0]), f64=3e-15),
    Row("dawsn", dawson, points([-7.0, -0.3, 1e-13, 0.2, 0.52, 0.66, 1.0, 2.6, 12.0,
        30.0]), f64=1e-15, f32=5e-7),
    Row("spence", lambda x: mp.polylog(2, 1 - x).real,
        points([1e-5, 0.2, 0.5, 0.7, 0.999, 1.3, 1.9, 2.5, 40.0, 1e6])),
    Row("owens_t", owens, grid([-3.0, 0.0, 0.4, 2.0, 6.0], [-2.5, 1e-3, 0.6, 1.0, 9.0]),
        f64=1e-15),
    Row("sici", lambda x: mp.si(x), points([-30.0, 1e-6, 1.0, 3.9, 4.1, 20.0, 1e3]),
        f=lambda x: sp.sici(x)[0], note="sine"),
    Row("sici", lambda x: mp.ci(x), points([1e-6, 1.0, 3.9, 4.1, 21.0, 1e3]),
        f=lambda x: sp.sici(x)[1], f32=2e-6, note="cosine"),
    Row("fresnel", lambda x: mp.fresnels(x), points([-3.0, 1e-3, 1.0, 9.0, 1234.5]),
        f=lambda x: sp.fresnel(x)[0], note="sine"),
    Row("fresnel", lambda x: mp.fresnelc(x), points([-3.0, 1e-3, 1.0, 9.0, 1234.5]),
        f=lambda x: sp.fresnel(x)[1], note="cosine"),
    Row("hyp1f1", mp.hyp1f1,
        grid([-2.0, 0.3, 2.5], [0.4, 1.5, 3.0], [-300.0, -3.0, 0.5, 8.0, 60.0]),
        f64=3e-13, f32=1e-4),
    Row("hyp2f1", lambda a, b, c, x: mp.hyp2f1(a, b, c, x).real,
        grid([-2.0, 0.3, 2.5], [0.4, 1.5, 3.0], [0.7, 2.0], [-30.0, -0.4, 0.6, 0.9]),
        f64=4e-13, f32=1e-3),
    Row("kl_div", lambda p, q: p * mp.log(p / q) - p + q,
        grid([0.2, 1.0, 3.0], [1e-5, 5.0]), f32=4e-6),
    Row("boxcox", lambda x, p: (mp.power(x, p) - 1) / p if p else mp.log(x),
        grid([0.1, 1.5, 30.0], [-2.0, -1e-9, 0.0, 1e-5, 0.5])),
]  # fmt: skip


def evaluated(f, at, dtype):
    """The values of a function at points, by one compiled program."""
    columns = np.array(at, dtype).T
    return np.asarray(jit(f)(*columns)).astype(np.float64)


def exactly(reference, at, dtype):
    """mpmath's values where the arguments are those that the dtype rounds to."""
    with mp.workdps(40):
        rounded = np.array(at, dtype).astype(np.float64)
        return np.array([float(reference(*map(mp.mpf, xs))) for xs in rounded.tolist()])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("row", VALUES, ids=str)
def test_values_are_those_of_mpmath(row, dtype):
    """|f(x) - y| <= tolerance |y|, down to the least normal number."""
    tolerance = row.f64 if dtype == "float64" else row.f32
    if tolerance == INF:
        pytest.skip("the values are beyond the range of f32")
    with minijax.enable_x64(dtype == "float64"):
        got = evaluated(row.function, row.at, dtype)
    expected = exactly(row.reference, row.at, dtype)

    assert got.shape == expected.shape
    normal_numbers = np.abs(expected) < np.finfo(dtype).max
    tiny = 10 * np.finfo(dtype).tiny
    for x, a, b in zip(
        *(np.array(row.at)[normal_numbers], expected[normal_numbers]),
        got[normal_numbers],
        strict=True,
    ):
        assert abs(b - a) <= tolerance * abs(a) + tiny, (x, a, b, abs(b - a) / abs(a))


# Derivatives in every argument, orders 1 and 2

SLOPES = [
    Row("gammainc", lower_gamma, grid([0.02, 0.7, 2.5, 12.0, 90.0], [0.03, 0.8, 80.0])),
    Row("gammaincc", upper_gamma, grid([0.02, 0.7, 2.5, 12.0], [0.03, 0.8, 3.0, 30.0])),
    Row("betainc", lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
        grid([0.05, 1.3, 12.0], [0.4, 2.0, 30.0], HALVES)),
    Row("hyp1f1", mp.hyp1f1, [(0.3, 1.5, -3.0), (2.5, 3.0, 8.0), (1.2, 0.4, 60.0),
        (1.2, 0.4, -80.0)]),
    Row("hyp2f1", lambda a, b, c, x: mp.hyp2f1(a, b, c, x).real,
        [(0.3, 1.5, 2.2, -3.0), (2.5, 3.0, 4.5, 0.6), (1.2, 0.4, 0.9, 0.9)]),
    Row("log_ndtr", lambda x: mp.log(normal(x)), points([-300.0, -20.0, -1.0, 0.5])),
    Row("ndtri", normal_quantile, points([1e-6, 0.2, 0.5, 0.93])),
    Row("erfcx", scaled_erfc, points([-2.0, 0.3, 4.0, 50.0])),
    Row("i0e", lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), points([-3.0, 0.7, 40.0])),
    Row("i1e", lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), points([-3.0, 0.7, 40.0])),
    Row("i1", lambda x: mp.besseli(1, x), points([-3.0, 0.7, 20.0])),
    Row("gamma", mp.gamma, points([-1.4, 0.7, 5.0, 30.0])),
    Row("betaln", lambda a, b: mp.log(mp.beta(a, b)), grid([0.3, 40.0], [0.6, 15.0])),
    Row("dawsn", dawson, points([0.0, 0.3, 2.0, 15.0])),
    Row("expi", mp.ei, points([-3.0, 0.7, 20.0])),
    Row("spence", lambda x: mp.polylog(2, 1 - x).real, points([0.2, 0.95, 1.3, 5.0])),
    Row("owens_t", owens, grid([0.4, 2.0], [-0.7, 1.8])),
    Row("boxcox", lambda x, p: (mp.power(x, p) - 1) / p, grid([0.1, 3.0], [-0.5])),
]  # fmt: skip


def orders(count):
    """Multi-indices of order 1 and 2 in so many variables."""
    return [k for k in product(range(3), repeat=count) if 0 < sum(k) <= 2]


def partial(f, order):
    """The partial derivative of f, so many times in each argument."""
    for k, times in enumerate(order):
        for _ in range(times):
            f = grad(f, argnums=k)
    return f


@pytest.mark.parametrize("row", SLOPES, ids=str)
def test_derivatives_are_those_of_mpmath(row):
    """Partial derivatives of order 1 and 2 in each argument, to 1e-9 of the largest."""
    every = orders(len(row.at[0]))

    @jit
    def derivatives(*xs):
        # One program: those of low order are parts of the others.
        return [vmap(partial(row.function, order))(*xs) for order in every]

    with minijax.enable_x64(True), mp.workdps(50):
        results = derivatives(*np.array(row.at, np.float64).T)
        for order, got in zip(every, map(np.asarray, results), strict=True):
            for xs, b in zip(row.at, got, strict=True):
                a = mp.diff(
                    row.reference, tuple(map(mp.mpf, xs)), order, h=mp.mpf(10) ** -12
                )

                assert abs(b - a) <= 1e-9 * abs(a) + 1e-280, (order, xs, float(a), b)


# At the ends of the domain

LIMITS = [
    (sp.gammainc, (0.0, 1.0), 1.0), (sp.gammainc, (1.0, 0.0), 0.0),
    (sp.gammainc, (0.0, 0.0), NAN), (sp.gammainc, (-1.0, 1.0), NAN),
    (sp.gammainc, (1.0, -1.0), NAN), (sp.gammainc, (1.0, INF), 1.0),
    (sp.gammainc, (INF, 1.0), 0.0), (sp.gammainc, (INF, INF), NAN),
    (sp.gammainc, (NAN, 1.0), NAN), (sp.gammainc, (1e300, 1e300), 0.5),
    (sp.gammaincc, (0.0, 1.0), 0.0), (sp.gammaincc, (1.0, 0.0), 1.0),
    (sp.gammaincc, (1.0, INF), 0.0), (sp.gammaincc, (1e-300, 1e-300), 0.0),
    (sp.betainc, (1.0, 1.0, 0.0), 0.0), (sp.betainc, (1.0, 1.0, 1.0), 1.0),
    (sp.betainc, (0.0, 1.0, 0.5), 1.0), (sp.betainc, (1.0, 0.0, 0.5), 0.0),
    (sp.betainc, (-1.0, 1.0, 0.5), NAN), (sp.betainc, (1.0, 1.0, 1.1), NAN),
    (sp.betainc, (1e12, 1e12, 0.5), 0.5), (sp.betainc, (NAN, 1.0, 0.5), NAN),
    (sp.ndtr, (-INF,), 0.0), (sp.ndtr, (INF,), 1.0), (sp.ndtr, (NAN,), NAN),
    (sp.log_ndtr, (-INF,), -INF), (sp.log_ndtr, (INF,), 0.0),
    (grad(sp.log_ndtr), (-1e200,), 1e200), (grad(sp.log_ndtr), (1e200,), 0.0),
    (grad(grad(sp.log_ndtr)), (-1e200,), -1.0),
    (sp.ndtri, (0.0,), -INF), (sp.ndtri, (1.0,), INF), (sp.ndtri, (1.5,), NAN),
    (sp.erfcx, (INF,), 0.0), (sp.erfcx, (-INF,), INF), (sp.dawsn, (-INF,), 0.0),
    (sp.expi, (0.0,), -INF), (sp.expi, (INF,), INF), (sp.expi, (-INF,), 0.0),
    (sp.exp1, (0.0,), INF), (sp.exp1, (INF,), 0.0), (sp.exp1, (-1.0,), NAN),
    (sp.expn, (2.0, 0.0), 1.0), (sp.expn, (1.0, 0.0), INF), (sp.expn, (2.0, INF), 0.0),
    (sp.expn, (-1.0, 1.0), NAN), (sp.spence, (0.0,), math.pi**2 / 6),
    (sp.spence, (-1.0,), NAN), (sp.owens_t, (0.0, INF), 0.25),
    (sp.owens_t, (INF, 1.0), 0.0), (sp.gamma, (-0.0,), -INF), (sp.gamma, (0.0,), INF),
    (sp.gamma, (-1.0,), NAN), (sp.gamma, (INF,), INF), (sp.gamma, (-INF,), NAN),
    (sp.poch, (0.0, -1.0), -1.0), (sp.poch, (-3.0, -2.0), 0.05),
    (sp.poch, (0.0, 2.0), 0.0),
    (sp.poch, (-2.0, 1.0), -2.0), (sp.poch, (-2.0, 3.0), 0.0),
    (sp.poch, (2.0, -2.0), INF),
    (sp.i0, (INF,), INF), (sp.i0e, (INF,), 0.0), (sp.i1, (-INF,), -INF),
    (sp.xlogy, (0.0, 0.0), 0.0), (sp.xlogy, (0.0, NAN), NAN), (sp.entr, (-1.0,), -INF),
    (sp.rel_entr, (0.0, 0.0), 0.0), (sp.rel_entr, (1.0, 0.0), INF),
    (sp.rel_entr, (NAN, 1.0), NAN), (sp.kl_div, (0.0, 2.0), 2.0),
    (sp.boxcox, (0.0, 2.0), -0.5), (sp.boxcox, (0.0, -2.0), -INF),
    (sp.comb, (3.0, 5.0), 0.0), (sp.comb, (-1.0, 1.0), 0.0),
    (sp.factorial, (-2.0,), 0.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("f", "xs", "expected"),
    LIMITS,
    ids=[f"{k}, {f.__name__}{xs}" for k, (f, xs, _) in enumerate(LIMITS)],
)
def test_limits(f, xs, expected):
    """At 0 and infinity, out of the domain, for nan: what SciPy has."""
    with minijax.enable_x64(True):
        got = float(f(*map(np.float64, xs)))

    assert got == pytest.approx(expected, rel=1e-6, nan_ok=True)


def test_derivatives_of_normal_tails_are_finite():
    """d log Phi(x) and the next two are finite wherever x is."""
    with minijax.enable_x64(True):
        x = np.concatenate([-np.logspace(-300, 300, 61), np.logspace(-300, 300, 61)])
        f = sp.log_ndtr
        for _ in range(3):
            f = grad(f)

            assert np.isfinite(np.asarray(vmap(f)(x))).all()


def test_derivatives_of_the_gamma_distribution_in_its_parameter():
    """dP/da at the mode, where Gauss and Legendre's rule is hardest pressed."""
    with minijax.enable_x64(True):
        got = float(lax.igamma_grad_a(np.float64(3.0), np.float64(2.97)))

    with mp.workdps(40):
        expected = mp.diff(lower_gamma, (mp.mpf(3), mp.mpf(2.97)), (1, 0))
    np.testing.assert_allclose(got, float(expected), rtol=2e-15)


def test_random_gamma_grad_is_the_implicit_derivative():
    """dx/da = -(dP/da) / (dP/dx)."""
    with minijax.enable_x64(True):
        a, x = np.array([0.1, 0.9, 4.0, 50.0]), np.array([1e-3, 0.5, 6.0, 40.0])
        one = np.ones(4)
        in_a = jvp(lambda a: lax.igamma(a, x), (a,), (one,))[1]
        in_x = jvp(lambda x: lax.igamma(a, x), (x,), (one,))[1]

        np.testing.assert_allclose(
            lax.random_gamma_grad(a, x), -in_a / in_x, rtol=1e-12
        )


POINTS = np.array([1 + 2j, -1.5 + 0.5j, -1.5 - 0.5j, -20 + 3j, 3 - 4j, 0.5, 6.1 + 0.1j])


@pytest.mark.parametrize(
    ("f", "reference"),
    [
        (sp.gamma, mp.gamma),
        (sp.loggamma, mp.loggamma),
        (sp.wofz, lambda z: mp.exp(-z * z) * mp.erfc(-1j * z)),
        (sp.erfcx, lambda z: mp.exp(z * z) * mp.erfc(z)),
    ],
)
def test_complex_values_and_derivatives(f, reference):
    """Analytic functions and their complex derivatives."""
    with minijax.enable_x64(True), mp.workdps(40):
        expected = [complex(reference(mp.mpmathify(z))) for z in POINTS]
        slopes = [complex(mp.diff(reference, mp.mpmathify(z))) for z in POINTS]
        got = np.asarray(f(POINTS))
        derived = np.asarray(vmap(grad(f, holomorphic=True))(POINTS))

    np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_allclose(derived, slopes, rtol=1e-11)


def test_bernoulli_numbers():
    """Those of mpmath, beyond the range of exact arithmetic too."""
    with minijax.enable_x64(True):
        got = np.asarray(sp.bernoulli(120))

    expected = [float(mp.bernoulli(k)) for k in range(121)]
    np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("order", [0, 1, 7, 40])
def test_bessel_jn_has_all_orders(order):
    """J of orders 0 to v, for arguments below, near and above v; and the derivative."""
    z = np.array([0.0, 1e-3, 1.0, 8.0, 24.9, 25.1, 44.0, 300.0, -3.0])
    with minijax.enable_x64(True):
        got = np.asarray(sp.bessel_jn(z, v=order))
        slope = np.asarray(vmap(grad(lambda z: sp.bessel_jn(z, v=order)[order]))(z))

    expected = [[float(mp.besselj(k, x)) for x in z] for k in range(order + 1)]
    np.testing.assert_allclose(got, expected, rtol=2e-12, atol=2e-15)
    slopes = [float(mp.besselj(order, x, derivative=1)) for x in z]
    np.testing.assert_allclose(slope, slopes, rtol=2e-12, atol=2e-15)


def test_associated_legendre_functions():
    """Values and derivatives of orders and degrees to 12 are SciPy's."""
    z = np.array([-0.9, 0.0, 0.3, 0.99])
    with minijax.enable_x64(True):
        values, slopes = map(np.asarray, sp.lpmn(12, 12, z))
        normalized = np.asarray(sp.lpmn_values(12, 12, z, True))
        derived = jvp(lambda z: sp.lpmn_values(12, 12, z, False), (z,), (np.ones(4),))[
            1
        ]

    expected, derivative = scipy.special.assoc_legendre_p_all(12, 12, z, diff_n=1)
    expected = np.swapaxes(expected[:, :13], 0, 1)
    derivative = np.swapaxes(derivative[:, :13], 0, 1)
    np.testing.assert_allclose(values, expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(slopes, derivative, rtol=1e-10, atol=1e-9)
    np.testing.assert_allclose(derived, slopes, rtol=1e-10, atol=1e-9)
    for m in range(13):
        for n in range(m, 13):
            scale = math.factorial(n - m) / math.factorial(n + m)
            scale = math.sqrt((2 * n + 1) / (4 * math.pi) * scale)

            np.testing.assert_allclose(
                normalized[m, n], values[m, n] * scale, rtol=1e-12
            )


def test_spherical_harmonics():
    """All degrees to 5 and orders, and those above the degree, which are 0."""
    pairs = [(n, m) for n in range(6) for m in range(-6, 7)]
    n, m = np.array(pairs).T
    theta, phi = np.linspace(0.1, 3.0, len(n)), np.linspace(0.0, 6.0, len(n))
    with minijax.enable_x64(True):
        got = np.asarray(sp.sph_harm_y(n, m, theta, phi))
        bounded = jit(lambda n: sp.sph_harm_y(n, m, theta, phi, n_max=5))(n)
        slope = grad(lambda t: sp.sph_harm_y(n[40:41], m[40:41], t, phi[40:41]).real[0])
        at_pole = slope(np.array([0.7]))

    expected = scipy.special.sph_harm_y(n, m, theta, phi)
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_array_equal(bounded, got)
    h = 1e-6
    places = np.array([0.7 - h, 0.7 + h])
    below, above = scipy.special.sph_harm_y(n[40], m[40], places, phi[40]).real
    np.testing.assert_allclose(at_pole, [(above - below) / (2 * h)], rtol=1e-7)


ERRORS = [
    (lambda: sp.ndtr(2), TypeError,
     "ndtr: needs an argument of dtype float32 or float64, got i32[]. Convert it "
     "with astype."),
    (lambda: sp.dawsn(1j), ValueError,
     "dawsn: does not support complex-valued inputs, got c64[]. Take real parts "
     "first."),
    (lambda: sp.log_ndtr(0.0, series_order=31), ValueError,
     "log_ndtr: series_order must be non-negative and <= 30, got 31. Leave it out."),
    (lambda: sp.polygamma(1.5, 2.0), ValueError,
     "polygamma: n must be of integer type, got f32[]. Convert it with astype."),
    (lambda: sp.zeta(2.0), NotImplementedError,
     "zeta: the Riemann zeta function is not implemented. Pass q=1 for x > 1."),
    (lambda: sp.bernoulli(-1), ValueError,
     "bernoulli: n must be a non-negative integer, got -1."),
    (lambda: sp.lpmn(2, 3, np.ones(2, np.float32)), NotImplementedError,
     "lpmn: the highest order and degree must be equal, got m=2 and n=3. Use the "
     "larger one for both."),
    (lambda: sp.factorial(3, exact=True), NotImplementedError,
     "factorial: exact=True is not supported. Use math.factorial."),
    (lambda: sp.sph_harm_y(1, 1, 0.0, 0.0, diff_n=1), NotImplementedError,
     "sph_harm_y: diff_n is not supported, got 1. Leave it out, and differentiate with "
     "grad or jvp."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call, error, message):
    """Each says what must hold, what was given, and what to do."""
    with pytest.raises(error) as caught:
        call()

    assert str(caught.value) == message


@pytest.mark.parametrize(
    "f",
    [
        lambda x: sp.gammaincc(2.0, abs(x)),
        lambda x: sp.gammainc(abs(x), 1.0),
        lambda x: sp.betainc(2.0, 1.0, abs(x)),
        lambda x: sp.betainc(abs(x), 1.0, 0.5),
    ],
    ids=["gammaincc", "gammainc", "betainc in x", "betainc in a"],
)
def test_nan_stays_nan_where_xla_knows_the_sign(f):
    """XLA takes |x| >= 0 to hold, for NaN too."""
    assert np.isnan(jit(f)(NAN))
