"""Quantiles, covariances and histograms of jax.numpy."""

from .surface import comparisons, integers, normal, positive, unit
from .written import several, written

M, T, E = [(3, 4)], [(2, 3, 4)], [(0, 3)]

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")

STATISTICS = [
    *several(
        [
            "jnp.median(x)",
            "jnp.median(x, axis=0)",
            "jnp.median(x, axis=(0, -1), keepdims=True)",
            *[f"jnp.quantile(x, 0.3, method={m!r})" for m in METHODS],
            "jnp.quantile(x, jnp.array([0.1, 0.5, 1.0]), axis=1)",
            "jnp.quantile(x, 0.25, axis=(0, 2), keepdims=True)",
            "jnp.percentile(x, 20)",
            "jnp.percentile(x, jnp.array([0, 50, 75, 100]), axis=-1)",
            "jnp.percentile(x, 30, axis=0, method='lower', keepdims=True)",
        ],
        T,
        dtypes=("f32", "f64", "i32", "bf16"),
        order=1,
    ),
    *several(
        ["jnp.median(x)", "jnp.quantile(x, 0.5)", "jnp.percentile(x, 50)"],
        [()],
        [(1,)],
        dtypes=("f32", "i32", "f16", "b"),
    ),
    *several(
        [
            "jnp.quantile(x, y)",
            "jnp.quantile(x, y, axis=0)",
            "jnp.quantile(x, y, weights=jnp.arange(1.0, 13).reshape(3, 4), "
            "method='inverted_cdf')",
        ],
        [(3, 4), (2,)],
        args=(normal, unit),
        dtypes=("f32", "f64"),
    ),
    *several(
        [
            "jnp.average(x)",
            "jnp.average(x, axis=1)",
            "jnp.average(x, axis=(0, 1), keepdims=True)",
            "jnp.average(x, weights=y)",
            "jnp.average(x, weights=y, axis=0, returned=True)",
            "jnp.average(x, axis=1, weights=y[0], keepdims=True)",
            "jnp.average(x, returned=True)",
        ],
        [(3, 4), (3, 4)],
        args=(normal, positive),
        dtypes=("f32", "f64", "i32", "bf16", "c64", ("f32", "i32")),
        order=2,
    ),
    *several(
        [
            "jnp.cov(x)",
            "jnp.cov(x, y)",
            "jnp.cov(x, rowvar=False)",
            "jnp.cov(x, bias=True)",
            "jnp.cov(x, ddof=0)",
            "jnp.cov(x[0], y[0])",
            "jnp.cov(x, fweights=jnp.array([1, 2, 3, 1]))",
            "jnp.cov(x, aweights=jnp.array([1.0, 2, 3, 1]))",
            "jnp.corrcoef(x)",
            "jnp.corrcoef(x, y)",
            "jnp.corrcoef(x, rowvar=False)",
            "jnp.corrcoef(x[0])",
        ],
        [(3, 4), (2, 4)],
        dtypes=("f32", "f64", "c64", "i32"),
        order=2,
    ),
    *several(
        [
            "jnp.histogram(x)",
            "jnp.histogram(x, 5)",
            "jnp.histogram(x, 5, range=(-2, 2))",
            "jnp.histogram(x, bins=jnp.array([-2.0, 0.0, 1.0, 4.0]))",
            "jnp.histogram(x, 4, density=True)",
            "jnp.histogram(x, 4, weights=jnp.abs(x))",
            "jnp.histogram_bin_edges(x, 7)",
            "jnp.histogram_bin_edges(x, 3, range=(0, 1))",
        ],
        [(30,)],
        dtypes=("f32", "f64", "i32"),
    ),
    *several(
        [
            "jnp.histogram2d(x, y)",
            "jnp.histogram2d(x, y, bins=[3, 4])",
            "jnp.histogram2d(x, y, bins=5, range=[[-2, 2], [-1, 1]], density=True)",
            "jnp.histogramdd(jnp.stack([x, y], 1), bins=3)",
            "jnp.histogramdd(jnp.stack([x, y], 1), [2, 3], weights=jnp.abs(x))",
            "jnp.histogramdd(jnp.stack([x, y], 1), 2, [(-1, 1), (-2, 3)], None, True)",
        ],
        [(30,), (30,)],
        dtypes=("f32", "f64"),
    ),
    *several(
        [
            "jnp.bincount(x, length=8)",
            "jnp.bincount(x, minlength=9, length=12)",
            "jnp.bincount(x, weights=x * 0.5, length=4)",
            "jnp.digitize(x, jnp.array([1, 3, 5]))",
            "jnp.digitize(x, jnp.array([5, 3, 1]), right=True)",
        ],
        [(20,)],
        args=integers(0, 7),
        dtypes=("i32", "u8", "i64"),
    ),
    written("jnp.bincount(x)", [(9,)], args=integers(0, 7), dtypes=("i32",), jit=False),
    *several(
        [
            "jnp.digitize(x, jnp.array([-1.0, 0.0, 2.0]))",
            "jnp.digitize(x, jnp.array([-1.0, 0.0, 2.0]), right=True, method='sort')",
        ],
        M,
        [()],
        dtypes=("f32", "f64", "bf16", "i32"),
    ),
]

test_values, test_derivatives = comparisons(STATISTICS)
