"""Elementwise functions of jax.numpy."""

from .surface import NUMBERS, Row, comparisons, drawn, inside, integers, positive
from .written import several, written

# One argument -----------------------------------------------------------------------

INTS = ("i8", "i16", "i32", "i64", "u8", "u32")
REAL = ("b", "i8", "i64", "u8", "u32", "f16", "bf16", "f32", "f64", "int", "float")
ALL = (*REAL, "i32", "c64", "c128", "complex")

# Rounds to whole and half numbers, on which ties and comparisons have something to say.
halves = drawn(lambda stream, shape: stream.integers(-6, 7, size=shape) / 2)
above_one = drawn(lambda stream, shape: 1.0 + stream.gamma(2.0, 1.0, size=shape))
small = drawn(lambda stream, shape: stream.uniform(-3, 3, size=shape))


def rows(path, draws, dtypes, shape, edges, **options):
    """All dtypes with one shape; Python numbers and one dtype at the edges too."""
    pairs = [(d,) * len(draws) if isinstance(d, str) else d for d in dtypes]
    arrays = [d for d in pairs if not set(d) & set(NUMBERS)]
    numbers = [d for d in pairs if set(d) & set(NUMBERS)]
    edge_dtypes = (arrays[-1], *numbers)
    return [
        Row(path, draws, shapes=(shape,), dtypes=tuple(arrays), **options),
        Row(path, draws, shapes=edges, dtypes=edge_dtypes, name="edge"),
    ]


def unary(names, draw, dtypes, order=0):
    """Rows for each of the names."""
    return [
        row
        for name in names.split()
        for row in rows(
            f"numpy.{name}", (draw,), dtypes, ((2, 3),), (((),), ((0, 2),)), order=order
        )
    ]


def binary(names, draws, dtypes, order=0):
    """Rows for each of the names."""
    draws = draws if isinstance(draws, tuple) else (draws, draws)
    edges = (((), ()), ((0,), (1,)))
    return [
        row
        for name in names.split()
        for row in rows(
            f"numpy.{name}", draws, dtypes, ((2, 1), (3,)), edges, order=order
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

# Two arguments ----------------------------------------------------------------------

MIXED = (
    ("f32", "i32"),
    ("bf16", "f16"),
    ("i8", "u8"),
    ("u32", "i32"),
    ("f16", "float"),
    ("int", "i16"),
    ("i32", "float"),
    ("b", "int"),
    ("c64", "f64"),
    ("f32", "complex"),
    ("int", "float"),
)
MIXED_REAL = tuple(pair for pair in MIXED if not set(pair) & {"c64", "complex"})
MIXED_INTS = (("i8", "u8"), ("u32", "i32"), ("int", "u8"), ("b", "int"), ("b", "u8"))

TWO = [
    *binary("add multiply", halves, (*ALL, *MIXED), 1),
    *binary("subtract", halves, (*ALL[1:], *MIXED), 1),
    *binary("divide true_divide", (halves, above_one), (*ALL, *MIXED), 1),
    *binary("maximum minimum", small, (*ALL, *MIXED), 1),
    *binary("fmax fmin", small, (*REAL, *MIXED_REAL), 1),
    *binary("equal not_equal less less_equal", halves, (*ALL, *MIXED)),
    *binary("greater greater_equal", halves, (*ALL, *MIXED)),
    *binary("logical_and logical_or logical_xor", halves, (*ALL, *MIXED)),
    *binary("bitwise_and bitwise_or bitwise_xor", halves, (*INTS, "b", *MIXED_INTS)),
    *binary(
        "left_shift right_shift bitwise_left_shift bitwise_right_shift",
        (integers(0, 100), integers(0, 40)),
        (*INTS, ("u8", "int"), ("int", "i32"), ("u32", "i32")),
    ),
    *binary("floor_divide", (small, above_one), (*REAL, *MIXED_REAL)),
    *binary("mod remainder fmod", (small, above_one), (*REAL[1:], *MIXED_REAL[:-2]), 1),
    *binary("divmod", (small, above_one), (*REAL[1:], *MIXED_REAL[:4])),
    *binary("power float_power", (positive, small), ("f16", "f32", "f64", "c64"), 2),
    *binary("pow", (positive, small), ("f32", ("f32", "int"), ("f32", "i32"))),
    *binary(
        "power",
        (integers(-3, 3), integers(0, 5)),
        (*INTS, "b", "int", ("f32", "i32"), ("i32", "f32"), ("int", "i8")),
    ),
    *binary("arctan2 atan2 copysign", small, (*REAL, *MIXED_REAL), 1),
    *binary("hypot logaddexp2", small, (*REAL, *MIXED_REAL), 2),
    *binary("logaddexp", small, (*REAL, *MIXED_REAL, "c64", "c128"), 2),
    *binary("heaviside", halves, (*REAL, *MIXED_REAL)),
    *binary("nextafter", small, ("f16", "bf16", "f32", "f64", "i32", "float")),
    *binary(
        "ldexp",
        (small, integers(-4, 4)),
        (("f64", "i64"), ("f16", "i8"), ("f32", "i32"), ("float", "int")),
    ),
    *binary("gcd lcm", integers(-30, 30), ("i8", "i32", "i64", "u8", "int")),
    *binary("isclose", halves, (*ALL, *MIXED)),
    *binary("allclose array_equal array_equiv", halves, ("f32", "i32", "c64", "b")),
    *several(
        [
            "jnp.isclose(x, y, rtol=0.5, atol=0.1)",
            "jnp.isclose(x / 0, y / 0, equal_nan=True)",
            "jnp.allclose(x, x + 0.1, 1e-1, 1e-1)",
            "jnp.array_equal(x, x), jnp.array_equal(x, y), jnp.array_equal(x, y[:1])",
            "jnp.array_equal(x / 0, x / 0, equal_nan=True)",
            "jnp.array_equiv(x, x[None]), jnp.array_equiv(x, y)",
            "jnp.clip(x, 0, 1), jnp.clip(x, None, 1), jnp.clip(x, 0)",
            "jnp.clip(x, min=y), jnp.clip(x, max=y), jnp.clip(x, y, y + 1)",
            "jnp.clip(x, -0.5, y)",
            "x ** 2, x ** 3, 2 ** jnp.abs(x), x ** 0",
            "x + 1, 1 - x, x * 2, x / 2, 2 / (x * x + 1)",
            "x + 1.5, 1.5 - x, x * 2.5, x / 2.5, x // 2, 7 % (x * x + 1)",
            "x < 1, 1 <= x, x == 0, x != y, x > y, x >= 0.5",
            "divmod(x, 2), -x, +x, abs(x), round(x)",
            "jnp.where(x > y, x, y), jnp.where(x > 0, x, 1), jnp.where(x > 0, 0, 1.5)",
        ],
        [(4,), (4,)],
        args=halves,
        dtypes=("f32", "bf16", "i32", "f64", "i8"),
    ),
    *several(
        ["x & 3, x | y, x ^ y, ~x", "(x & 7) << 2, x >> 1, 1 << (x & 3)"],
        [(4,), (4,)],
        args=integers(0, 100),
        dtypes=("i32", "u8", "i64"),
    ),
    *several(
        ["x + y, x * y, x @ y", "x / (y + 3), x - y", "x == y, x < y"],
        [(4,), (4,)],
        args=halves,
        dtypes=(("f32", "i32"), ("c64", "f32"), ("u8", "bf16"), ("i8", "u32")),
    ),
    written(
        "jnp.where(x, y, z)",
        [(2, 1), (3,), ()],
        [(), (2,), (2,)],
        args=halves,
        dtypes=(
            ("b", "f32", "i32"),
            ("i32", "c64", "f32"),
            ("f32", "bf16", "f16"),
            ("b", "f64", "f64"),
        ),
        order=1,
    ),
]

test_values, test_derivatives = comparisons(ONE + TWO)
