"""Elementwise functions of two and three arguments of jax.numpy."""

from .elementwise import ALL, INTS, REAL, above_one, halves, rows, small
from .surface import comparisons, integers, positive
from .written import several, written


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
        (*INTS, "b", "int", ("f32", "i32"), ("i32", "f32"), ("i8", "int")),
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

test_values, test_derivatives = comparisons(TWO)
