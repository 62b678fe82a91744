"""Reductions, statistics, running sums and differences, against NumPy and jax."""

import numpy
import pytest

import minijax
import minijax.numpy as jnp
from minijax.test_util import check_grads

from .expressions import (
    assert_traced_agrees_with_numpy,
    comparisons,
    type_text,
)

# Expressions that mean the same in NumPy and in jax.
SHARED = """
sum(f)
sum(m, axis=0)
sum(m, axis=-1, keepdims=True)
sum(t, axis=(0, 2))
sum(t, axis=(2, -3), keepdims=True)
sum(m, axis=())
sum(i)
sum(b)
sum(u)
sum(c)
sum(z)
sum(e)
sum(e, axis=0)
sum(m, initial=5)
sum(m, where=m > 0)
sum(m, axis=0, where=m > 0, initial=2)
sum(m, where=b)
sum(i, dtype=float)
sum(i8)
prod(m, axis=1)
prod(i)
prod(e)
prod(b)
prod(m, where=m > 0, axis=0, initial=2)
max(m)
max(m, axis=0)
max(t, axis=(0, 1), keepdims=True)
max(i)
max(b)
max(c)
max(n, axis=0)
max(e, axis=1)
max(e, axis=0, initial=3)
max(m, where=m < 2, initial=-7)
amax(m, initial=100)
min(m, axis=1)
min(u)
min(b)
amin(t, axis=1)
any(m > 3, axis=0)
any(e)
all(m, axis=1)
all(e, axis=0)
all(m > 0, where=b)
any(j, axis=(0, 1), keepdims=True)
count_nonzero(j)
count_nonzero(j, axis=1, keepdims=True)
ptp(m, axis=1)
ptp(i)
mean(m)
mean(m, axis=0, keepdims=True)
mean(i)
mean(b)
mean(c)
mean(m, where=m > 0)
mean(t, axis=(1, 2))
var(m)
var(m, axis=1, ddof=1)
var(t, axis=(0, 2), keepdims=True)
var(i)
var(c)
var(m, where=m > 0)
std(m, axis=0)
std(i, ddof=1)
std(c, axis=0)
argmax(m)
argmax(m, axis=0)
argmin(m, axis=-1, keepdims=True)
argmax(n, axis=1)
argmin(i)
argmax(b)
argmax(z)
nansum(n)
nansum(n, axis=0)
nansum(i)
nanprod(n, axis=1)
nanmax(n, axis=1)
nanmin(n)
nanmax(i)
nanmean(n, axis=1)
nanmean(n, where=n > 0)
nanvar(n, axis=1)
nanstd(n, axis=1, ddof=1)
nanargmax(n, axis=1)
nanargmin(i)
cumsum(f)
cumsum(m)
cumsum(m, axis=0)
cumsum(t, axis=-2)
cumsum(b)
cumprod(m, axis=1)
cumprod(c)
nancumsum(n, axis=1)
nancumprod(n)
cumulative_sum(f, include_initial=True)
cumulative_sum(m, axis=1)
cumulative_prod(f, include_initial=True)
median(f)
median(m, axis=1, keepdims=True)
median(t, axis=(0, 1))
median(i)
median(n)
nanmedian(n, axis=1)
quantile(t, 0.3)
quantile(t, np.array([0.0, 0.25, 1.0]), axis=1)
quantile(t, np.array([0.1, 0.6]), axis=(0, 2), keepdims=True)
quantile(s, 0.3, method="lower")
quantile(s, 0.3, method="higher")
quantile(s, 0.3, method="midpoint")
quantile(s, 0.3, method="inverted_cdf")
quantile(s, 0.3, weights=np.abs(s), method="inverted_cdf")
nanquantile(n, 0.25, axis=1)
nanquantile(n, np.array([0.25, 0.75]), axis=1)
percentile(m, 30.0, axis=0)
nanpercentile(n, 75.0)
average(m)
average(m, axis=1, weights=np.abs(m) + 1)
average(m, axis=1, weights=f)
average(m, axis=0, weights=np.abs(m) + 1, returned=True)
cov(m)
cov(t[0])
cov(m, bias=True)
cov(m, f)
cov(m, rowvar=False)
cov(m, fweights=np.abs(i))
cov(m, aweights=np.abs(f))
cov(f)
corrcoef(t[0])
corrcoef(m, rowvar=False)
diff(m)
diff(m, n=2, axis=1)
diff(m, n=0)
diff(m, n=7)
diff(b)
diff(m, axis=0, prepend=1.0)
diff(f, prepend=f, append=2.0)
ediff1d(m)
ediff1d(f, to_begin=f, to_end=7.0)
gradient(f)
gradient(t)
gradient(m, 2.0)
gradient(m, 2.0, f)
gradient(m, axis=1)
gradient(t, f + 5, axis=1)
trapezoid(m)
trapezoid(m, dx=2.0, axis=0)
trapezoid(m, f)
trapezoid(i)
unwrap(np.array([0.0, 3.0, 6.5, 0.0, -9.0]))
unwrap(np.array([0, 3, 6, 0]), period=4)
unwrap(np.array([0.0, 3.0, 6.5, 0.0]), discont=4)
interp(f, s[::2], f)
interp(np.array([-5.0, 0.3, 9.0]), np.array([0.0, 1.0, 4.0]), f)
interp(np.array([-5.0, 0.3, 9.0]), np.array([0.0, 1.0, 4.0]), f, left=-1.0, right=7.0)
interp(np.array([-5.0, 0.3, 9.0]), np.array([3.0, 1.0, 4.0]), f, period=5.0)
interp(m, np.array([-1.0, 1.0, 4.0]), f)
bincount(k)
bincount(k, minlength=7)
bincount(k, weights=np.array([1.0, 0.5, 2.0, 0.0, 3.0, 1.0]))
digitize(m, np.array([-1.0, 1.0, 4.0]))
digitize(m, np.array([-1.0, 1.0, 4.0]), right=True)
digitize(m, np.array([4.0, 1.0, -1.0]))
digitize(m, np.array([4.0, 1.0, -1.0]), right=True)
histogram(t, bins=5, range=(-4.5, 6.5))
histogram(t, bins=3, range=(0.0, 3.0))[0]
histogram(t, bins=np.array([-4.0, 0.0, 0.5, 6.0]), density=True)
histogram(m, bins=4, weights=np.abs(m))
histogram_bin_edges(m, 4)
histogram2d(f, f[::-1], bins=2)
histogramdd(m.T, bins=(2, 3))
histogramdd(m.T, bins=2, density=True)
convolve(f, s)
convolve(s, f, mode="same")
convolve(f, s, mode="valid")
correlate(s, f)
correlate(f, s, mode="same")
correlate(c, c, mode="full")
polyadd(f, s)
polysub(f, s)
polymul(f, s)
polyval(f, m)
polyder(s, 2)
polyint(f, 2)
poly(f)
cov(e[:, :1].T)
gradient(n[0])
unwrap(n[0])
""".strip().splitlines()

# Expressions that only jax has, or has another way: its promotion and its corner cases.
JAX_ONLY = """
sum(2.0)
sum(2)
sum(True)
sum(i8, promote_integers=False)
sum(i, dtype=bool)
sum(h)
sum(g)
sum(1j)
prod(u)
max(2.0)
max(i, initial=1.5)
argmax(m, keepdims=True)
mean(2)
mean(h)
mean(g)
mean(i, dtype=int)
mean(e)
var(2.0)
var(h)
var(m, ddof=7)
var(m, axis=1, correction=1)
std(g)
nanargmax(n)
nanmax(n, axis=0)
nanmean(n, axis=0)
nanvar(n, axis=0)
nanvar(m, dtype="float16")
cumsum(i8)
cumsum(i8, dtype=float)
cumsum(f, dtype=bool)
cumprod(b)
cumulative_sum(i8)
cumulative_prod(i8)
quantile(s, 0.125, method="nearest")
quantile(h, 0.5)
quantile(m, np.array(0.25), axis=0)
quantile(m, np.float16(0.25), axis=0)
average(h, weights=i)
average(i, returned=True)
cov(c)
cov(m, fweights=np.abs(i), aweights=np.abs(f))
cov(m, dtype="float16")
corrcoef(c)
diff(u)
ediff1d(i, to_begin=1.5)
gradient(i8)
gradient(c)
trapezoid(h)
unwrap(b)
interp(1, i, i)
interp(f, s, s, left="extrapolate", right="extrapolate")
bincount(k, length=2)
bincount(np.array([-1, 1]), length=3)
bincount(b)
histogram(np.ones(3), bins=2)
histogram(i)
polymul(i, i)
polydiv(s[::-1], f)
polydiv(f, s)
""".strip().splitlines()

REFUSED = [
    ("sum([1, 2])", TypeError),
    ("sum(None)", TypeError),
    ("sum(m, out=m)", NotImplementedError),
    ("sum(m, axis=2)", ValueError),
    ("sum(m, axis=(0, 0))", ValueError),
    ("sum(m, axis=1.0)", TypeError),
    ("sum(m, initial=f)", ValueError),
    ("sum(m, where=m)", ValueError),
    ("max(m, where=m > 0)", ValueError),
    ("max(e)", ValueError),
    ("argmax(e)", ValueError),
    ("argmin(e, axis=0)", ValueError),
    ("ptp(b)", TypeError),
    ("ediff1d(b)", TypeError),
    ("histogramdd(e.T)", ValueError),
    ("var(m, ddof=1, correction=1)", ValueError),
    ("var(c, dtype='float32')", ValueError),
    ("cumsum(m, axis=5)", ValueError),
    ("cumulative_sum(m)", ValueError),
    ("cumulative_sum(z)", ValueError),
    ("quantile(c, 0.5)", ValueError),
    ("quantile(m, m)", ValueError),
    ("quantile(m, 0.5, method='hazen')", ValueError),
    ("quantile(m, 0.5, weights=m)", NotImplementedError),
    ("percentile(m, 30, out=m)", ValueError),
    ("median(m, overwrite_input=True)", ValueError),
    ("average(m, weights=f)", ValueError),
    ("average(m, axis=0, weights=f)", ValueError),
    ("cov(t)", ValueError),
    ("cov(m, fweights=f)", TypeError),
    ("cov(m, aweights=f[:2])", RuntimeError),
    ("diff(m, n=-1)", ValueError),
    ("diff(z)", ValueError),
    ("gradient(f[:1])", ValueError),
    ("gradient(m, 1, 2, 3)", TypeError),
    ("gradient(f, f[:2])", ValueError),
    ("gradient(m, edge_order=2)", NotImplementedError),
    ("interp(f, f, s)", ValueError),
    ("interp(f, f, f, left='foo')", ValueError),
    ("bincount(f)", TypeError),
    ("bincount(j)", ValueError),
    ("digitize(f, m)", ValueError),
    ("histogram(m, bins='auto')", TypeError),
    ("histogram(m, weights=f)", ValueError),
    ("convolve(f, m)", ValueError),
    ("convolve(f, s, mode='foo')", ValueError),
    ("convolve(f, e[:, 0])", ValueError),
]


(
    test_values_are_numpys,
    test_values_and_types_are_jaxs,
    test_bad_calls_are_refused,
) = comparisons(SHARED, JAX_ONLY, REFUSED)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("sum(i8)", "i32[]"),
        ("sum(u)", "u32[]"),
        ("sum(b)", "i32[]"),
        ("sum(g)", "bf16[]"),
        ("sum(2.0)", "f32[]"),
        ("sum(i8, promote_integers=False)", "i8[]"),
        ("mean(i)", "f32[]"),
        ("mean(h)", "f16[]"),
        ("var(c)", "f32[]"),
        ("argmax(m, axis=0)", "i32[3]"),
        ("cumsum(i8)", "i8[3]"),
        ("cumsum(b)", "i32[3]"),
        ("quantile(i, 0.5)", "f32[]"),
        ("bincount(k)", "i32[4]"),
        ("all(f)", "bool[]"),
    ],
)
def test_types(text, types):
    assert type_text(text) == types


def test_short_floats_are_summed_in_f32():
    """4096 ones in f16: beyond 2048 its own steps are larger than one."""
    assert jnp.sum(jnp.ones(4096, jnp.float16)).item() == 4096.0
    assert jnp.mean(jnp.full(4096, 3.0, jnp.bfloat16)).item() == 3.0


def test_tied_extrema_share_the_cotangent():
    """d max(x) / dx = 1/2 at each of two maxima."""
    x = jnp.array([1.0, 3.0, 3.0])

    assert minijax.grad(jnp.max)(x).tolist() == [0.0, 0.5, 0.5]
    assert minijax.grad(jnp.min)(-x).tolist() == [0.0, 0.5, 0.5]


def test_variance_of_equal_values_has_zero_gradient():
    assert minijax.grad(jnp.var)(jnp.full(3, 2.0)).tolist() == [0.0, 0.0, 0.0]


def test_nan_reductions_have_finite_gradients():
    """What is left out gets no cotangent, and spoils none."""
    x = jnp.array([1.0, jnp.nan, 3.0])

    assert minijax.grad(jnp.nansum)(x).tolist() == [1.0, 0.0, 1.0]
    assert minijax.grad(jnp.nanmean)(x).tolist() == [0.5, 0.0, 0.5]
    assert minijax.grad(jnp.nanvar)(x).tolist() == [-1.0, 0.0, 1.0]
    assert minijax.grad(jnp.nanmax)(x).tolist() == [0.0, 0.0, 1.0]


DIFFERENTIABLE = {
    "sum": lambda x: jnp.sum(x, axis=1),
    "sum_where": lambda x: jnp.sum(x, where=x > 0, initial=2.0),
    "prod": lambda x: jnp.prod(x, axis=0),
    "max": lambda x: jnp.max(x, axis=1),
    "mean": lambda x: jnp.mean(x, axis=(0, 1)),
    "var": lambda x: jnp.var(x, axis=1, ddof=1),
    "std": lambda x: jnp.std(x, axis=0),
    "cumsum": lambda x: jnp.cumsum(x, axis=1),
    "cumprod": lambda x: jnp.cumprod(x, axis=1),
    "median": lambda x: jnp.median(x, axis=1),
    "quantile": lambda x: jnp.quantile(x, 0.3, axis=1),
    "quantile_traced": lambda x: jnp.quantile(x, jnp.array([0.3, 0.6]), axis=0),
    "nanmedian": lambda x: jnp.nanmedian(x, axis=0),
    "average": lambda x: jnp.average(x, axis=0, weights=x * x + 1),
    "cov": jnp.cov,
    "corrcoef": jnp.corrcoef,
    "diff": lambda x: jnp.diff(x, n=2),
    "gradient": lambda x: jnp.gradient(x, axis=1),
    "trapezoid": lambda x: jnp.trapezoid(x, x * x, axis=1),
    "interp": lambda x: jnp.interp(jnp.array([0.15, 0.9]), jnp.arange(4.0), x[0]),
    "histogram_weights": lambda x: jnp.histogram(jnp.arange(4.0), 2, weights=x[0])[0],
    "convolve": lambda x: jnp.convolve(x[0], x[1]),
    "polyval": lambda x: jnp.polyval(x[0], x[1]),
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives_agree_with_central_differences(name, x64):
    x = jnp.asarray(numpy.random.default_rng(0).uniform(0.5, 2.0, (3, 4)))

    check_grads(DIFFERENTIABLE[name], (x,), order=2, atol=1e-6, rtol=1e-6)


# One in three, to keep the suite short; bincount without a length needs known values.
TRACED = [text for text in SHARED[::3] if not text.startswith("bincount")]


@pytest.mark.parametrize("text", TRACED)
def test_traced_values_are_numpys(text):
    assert_traced_agrees_with_numpy(text)
