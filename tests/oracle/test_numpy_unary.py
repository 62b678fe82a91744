"""Elementwise functions of one argument of jax.numpy."""

from .elementwise import ALL, INTS, REAL, above_one, halves, rows, small
from .surface import comparisons, inside, positive
from .written import several


def unary(names, draw, dtypes, order=0):
    """Rows for each of the names."""
    return [
        row
        for name in names.split()
        for row in rows(
            f"numpy.{name}", (draw,), dtypes, ((2, 3),), (((),), ((0, 2),)), order=order
        )
    ]


ONE = [
    *unary("exp exp2 expm1 sin cos tan sinh cosh tanh square", small, ALL, 2),
    *unary("arctan arcsinh sinc", small, ALL, 2),
    *unary("asinh atan positive abs absolute", small, ALL),
    *unary("negative sign", small, ALL[1:]),
    *unary("conj conjugate real imag angle", small, ALL, 1),
    *unary("log log2 log10 log1p sqrt reciprocal", positive, ALL, 2),
    *unary("arcsin arccos arctanh", inside, ALL, 2),
    *unary("asin acos atanh", inside, ("f32", "i32", "c64")),
    *unary("arccosh", above_one, ALL, 2),
    *unary("acosh", above_one, ("f32", "i32", "c64")),
    *unary("cbrt", positive, REAL, 2),
    *unary("i0", small, REAL, 2),
    *unary("degrees radians deg2rad rad2deg fabs", small, REAL, 1),
    *unary("floor ceil trunc signbit isposinf isneginf", halves, REAL),
    *unary("rint nan_to_num", halves, ALL),
    *unary("round around", halves, ALL[1:]),
    *unary("isfinite isinf isnan iscomplex isreal", halves, ALL),
    *unary("logical_not", halves, ALL),
    *unary("bitwise_not bitwise_invert invert bitwise_count", halves, (*INTS, "b")),
    *unary("modf frexp", small, REAL),
    *unary("spacing", positive, ("f16", "bf16", "f32", "f64", "float")),
    *several(
        ["jnp.round(x, 1)", "jnp.round(x, decimals=-1)", "jnp.around(x, 2)"],
        [()],
        [(5,)],
        dtypes=("f16", "bf16", "f32", "f64", "c64", "float"),
    ),
    *several(
        ["jnp.round(x, 3)", "jnp.angle(x, deg=True)", "jnp.nan_to_num(x, nan=3.0)"],
        [(5,)],
        dtypes=("i32", "u8", "f32", "c64"),
    ),
    *several(
        [
            "jnp.nan_to_num(x / 0)",
            "jnp.nan_to_num(x / 0, copy=False, nan=1, posinf=2, neginf=-3)",
            "jnp.isfinite(x / 0), jnp.isinf(x / 0), jnp.isnan(x / 0)",
            "jnp.isposinf(x / 0), jnp.isneginf(x / 0)",
            "jnp.signbit(-x), jnp.sign(-x), jnp.reciprocal(x)",
        ],
        [(6,)],
        args=halves,
        dtypes=("f32", "f16", "bf16", "i32", "f64"),
    ),
    *several(
        ["jnp.unwrap(x)", "jnp.unwrap(x, discont=2.0, period=3.0, axis=0)"],
        [(3, 4)],
        dtypes=("f32", "f64", "i32"),
    ),
]

test_values, test_derivatives = comparisons(ONE)
