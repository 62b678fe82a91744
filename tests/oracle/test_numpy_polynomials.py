"""Polynomials, differences and integrals of jax.numpy."""

from .elementwise import halves
from .surface import comparisons, positive
from .written import several

POLYNOMIALS = [
    *several(
        [
            "jnp.polyval(x, 2.0), jnp.polyval(x, jnp.arange(3))",
            "jnp.polyval(x, x, unroll=1)",
            "jnp.polyder(x), jnp.polyder(x, 2), jnp.polyder(x, m=0)",
            "jnp.polyint(x), jnp.polyint(x, 2), jnp.polyint(x, m=2, k=3)",
            "jnp.polyint(x, m=2, k=jnp.array([1, 2]))",
            "jnp.poly(x)",
            "jnp.vander(x, 4)",
        ],
        [(4,)],
        dtypes=("f32", "f64", "i32", "c64", "bf16"),
        order=1,
    ),
    *several(
        ["jnp.sort(jnp.roots(x))", "jnp.sort(jnp.roots(x, strip_zeros=False))"],
        [(4,)],
        [(2,)],
        args=positive,
        dtypes=("f32", "f64", "c64"),
        jit=False,
    ),
    *several(
        [
            "jnp.polyfit(x, y, 2)",
            "jnp.polyfit(x, y, 1, w=jnp.arange(1.0, 7))",
            "jnp.polyfit(x, y, 2, full=True)",
            "jnp.polyfit(x, y, 2, cov=True)",
            "jnp.polyfit(x, y, 1, cov='unscaled')",
            "jnp.polyfit(x, jnp.stack([y, x], 1), 2, rcond=1e-6)",
        ],
        [(6,), (6,)],
        dtypes=("f32", "f64"),
    ),
]

DIFFERENCES = [
    *several(
        [
            "jnp.diff(x)",
            "jnp.diff(x, 2, axis=0)",
            "jnp.diff(x, n=0)",
            "jnp.diff(x, prepend=1, append=0)",
            "jnp.diff(x, axis=0, prepend=jnp.zeros((2, 4)))",
            "jnp.ediff1d(x)",
            "jnp.ediff1d(x, to_end=jnp.array([7, 8]), to_begin=0)",
            "jnp.trapezoid(x)",
            "jnp.trapezoid(x, dx=0.5, axis=0)",
            "jnp.trapezoid(x, jnp.array([0.0, 1.0, 3.0, 4.0]))",
            "jnp.gradient(x)",
            "jnp.gradient(x, axis=1)",
            "jnp.gradient(x, 2.0, 0.5)",
            "jnp.gradient(x, jnp.array([0.0, 1, 3]), 0.5)",
            "jnp.gradient(x, 0.5, axis=(0, 1))",
        ],
        [(3, 4)],
        args=halves,
        dtypes=("f32", "f64", "i32", "bf16", "c64"),
        order=1,
    ),
    *several(
        [
            "jnp.interp(x, jnp.arange(4.0), jnp.array([1, 0, 3, 2.0]))",
            "jnp.interp(x, jnp.arange(4.0), jnp.arange(4.0) ** 2, left=-1, right=-2)",
            "jnp.interp(x, jnp.arange(4.0), jnp.arange(4.0), period=2.5)",
            "jnp.interp(x, *[jnp.arange(4.0)] * 2, 'extrapolate', 'extrapolate')",
            "jnp.interp(x, jnp.arange(3.0), jnp.array([1j, 2, 3 - 1j]))",
        ],
        [(5,)],
        [()],
        dtypes=("f32", "f64", "i32", "bf16"),
        order=1,
    ),
    *several(
        [
            "jnp.apply_along_axis(lambda v: v[::-1], 1, x)",
            "jnp.apply_along_axis(lambda v: v.sum(), 0, x)",
            "jnp.apply_along_axis(lambda v, k: jnp.outer(v, v) * k, 0, x, 2)",
            "jnp.apply_over_axes(jnp.sum, x, [0, 1])",
            "jnp.apply_over_axes(lambda a, axis: a.max(axis), x, [0])",
            "jnp.vectorize(lambda a, b: a + b)(x, 2)",
            "jnp.vectorize(jnp.dot, signature='(n),(n)->()')(x, x[0])",
            "jnp.vectorize(lambda v: (v, v.sum()), signature='(n)->(n),()')(x)",
            "jnp.vectorize(lambda a, b, k: a * k, excluded={2})(x, x, 3)",
            "jnp.vectorize(lambda m, v: m @ v, signature='(n,m),(m)->(n)')(x, x)",
            "jnp.frompyfunc(lambda a, b: a + b, 2, 1)(x, 2)",
            "jnp.frompyfunc(lambda a, b: a * b, 2, 1, identity=1).reduce(x)",
            "jnp.frompyfunc(lambda a, b: a * b, 2, 1).accumulate(x, axis=1)",
            "jnp.frompyfunc(lambda a, b: a - b, 2, 1).outer(x, x[0])",
            "jnp.frompyfunc(lambda a: (a, a * 2), 1, 2)(x)",
            "jnp.frompyfunc(lambda a, b: a + b, 2, 1).at(x, 1, 2, inplace=False)",
            "jnp.frompyfunc(lambda a, b: a + b, 2, 1).reduceat(x, jnp.array([0, 2]))",
        ],
        [(3, 4)],
        args=halves,
        dtypes=("f32", "i32", "f64"),
        order=1,
    ),
]

test_values, test_derivatives = comparisons(POLYNOMIALS + DIFFERENCES)
