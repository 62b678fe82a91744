"""Elementwise operations and conversions of `lax`, compared with jax's."""

import numpy as np

from .surface import (
    Row,
    comparisons,
    drawn,
    fixed,
    inside,
    integers,
    normal,
    positive,
    uniform,
)

ONE = (((2, 3),),)
TWO = (((2, 1), (1, 3)),)
F = ("f32", "bf16")
FC = (*F, "c64")
INTS = ("i32", "u8")
NUMBERS = ("f32", "f16", "i8", "u32", "c64")
REALS = ("f32", "bf16", "i32", "u8")
BITS = ("i32", "u8", "b")
ANY = ("f32", "f16", "i8", "u32", "c64", "b")
above_one = drawn(lambda stream, shape: 1 + stream.gamma(2.0, size=shape))
special = drawn(
    lambda stream, shape: stream.choice(
        [0.0, -0.0, 1.5, -2.5, np.inf, -np.inf, np.nan], size=shape
    )
)
small = integers(1, 5)
# Numbers of which some are equal, for ties.
tied = integers(-2, 2)


def unary(function, draw, dtypes, order=0, **more):
    """A row for an operation on one array."""
    path = f"lax.{function}"
    return Row(path, (draw,), shapes=ONE, dtypes=dtypes, order=order, **more)


def binary(function, draws, dtypes, order=0, **more):
    """A row for an operation on two arrays of one rank."""
    path = f"lax.{function}"
    return Row(path, draws, shapes=TWO, dtypes=dtypes, order=order, **more)


UNARY = [
    unary("abs", normal, ("f32", "f16", "i8", "c64"), 2),
    unary("acos", inside, FC, 2),
    unary("acosh", above_one, FC, 2),
    unary("asin", inside, FC, 2),
    unary("asinh", normal, FC, 2),
    unary("atan", normal, FC, 2),
    unary("atanh", inside, FC, 2),
    unary("bitwise_not", integers(0, 9), BITS),
    unary("cbrt", normal, F, 2),
    unary("ceil", normal, F, 1),
    unary("clz", integers(0, 99), INTS),
    unary("conj", normal, ("c64", "f32"), 2),
    unary("cos", normal, FC, 2),
    unary("cosh", normal, FC, 2),
    unary("digamma", positive, F, 2),
    unary("erf", normal, F, 2),
    unary("erf_inv", inside, F, 2),
    unary("erfc", normal, F, 2),
    unary("exp", normal, FC, 2),
    unary("exp2", normal, FC, 2),
    unary("expm1", normal, FC, 2),
    unary("floor", normal, F, 1),
    unary("imag", normal, ("c64",), 1),
    unary("is_finite", special, F),
    unary("lgamma", positive, F, 2),
    unary("log", positive, FC, 2),
    unary("log1p", positive, FC, 2),
    unary("logistic", normal, FC, 2),
    unary("neg", normal, NUMBERS, 2),
    unary("population_count", integers(0, 99), INTS),
    unary("real", normal, ("c64",), 1),
    unary("reciprocal", positive, FC, 2),
    unary("round", special, F, name="special"),
    unary("round", normal, F, 1),
    unary("round", normal, F, kwargs={"rounding_method": 1}, name="to even"),
    unary("rsqrt", positive, FC, 2),
    unary("sign", normal, ("f32", "f16", "i8", "u32"), 1),
    # x / |x| of complex numbers has a derivative, which jax takes to be zero.
    unary("sign", normal, ("c64",), 1, slopes="differences", name="complex"),
    unary("sign", special, F, name="special"),
    unary("sin", normal, FC, 2),
    unary("sinh", normal, FC, 2),
    unary("sqrt", positive, FC, 2),
    unary("square", normal, NUMBERS, 2),
    unary("stop_gradient", normal, ANY),
    unary("tan", normal, FC, 2),
    unary("tanh", normal, FC, 2),
    *[
        unary("integer_pow", positive, NUMBERS, 2, kwargs={"y": y}, name=f"{y}")
        for y in (0, 1, 2, 3, 7)
    ],
    unary("integer_pow", positive, FC, 2, kwargs={"y": -3}, name="-3"),
    *[
        unary(
            "reduce_precision",
            normal,
            ("f32", "f64", "f16"),
            kwargs={"exponent_bits": 5, "mantissa_bits": m},
            name=f"{m}",
        )
        for m in (3, 10)
    ],
]

BINARY = [
    binary("add", (normal, normal), NUMBERS, 2),
    binary("atan2", (normal, normal), F, 2),
    binary("bitwise_and", (integers(0, 9), integers(0, 9)), BITS),
    binary("bitwise_or", (integers(0, 9), integers(0, 9)), BITS),
    binary("bitwise_xor", (integers(0, 9), integers(0, 9)), BITS),
    binary("complex", (normal, normal), ("f32", "f64"), 2),
    binary("div", (normal, positive), (*F, "c64"), 2),
    binary("div", (integers(-9, 9), small), ("i32", "i8"), name="of integers"),
    binary("eq", (tied, tied), ANY),
    binary("ge", (tied, tied), (*REALS, "b")),
    binary("gt", (tied, tied), (*REALS, "b")),
    binary("le", (tied, tied), (*REALS, "b")),
    binary("lt", (tied, tied), (*REALS, "b")),
    binary("ne", (tied, tied), ANY),
    binary("lt", (special, special), F, name="special"),
    binary("max", (normal, normal), ANY, 2),
    binary("max", (special, special), F, name="special"),
    binary("min", (normal, normal), ANY, 2),
    binary("min", (special, special), F, name="special"),
    binary("mul", (normal, normal), NUMBERS, 2),
    binary("mulhi", (integers(0, 120), integers(0, 120)), INTS),
    binary("nextafter", (normal, normal), ("f32", "f64", "f16", "bf16")),
    binary("nextafter", (special, special), ("f32", "f64"), name="special"),
    binary("pow", (positive, normal), FC, 2),
    binary("pow", (positive, integers(-3, 3)), (("f32", "i32"), ("c64", "i8"))),
    binary("polygamma", (integers(0, 3), positive), ("f32", "f64")),
    binary("rem", (normal, positive), F, 1),
    binary("rem", (integers(-9, 9), small), INTS, name="of integers"),
    binary("shift_left", (small, small), INTS),
    binary("shift_right_arithmetic", (integers(-99, 99), small), INTS),
    binary("shift_right_logical", (integers(-99, 99), small), INTS),
    binary("sub", (normal, normal), NUMBERS, 2),
    binary("zeta", (above_one, positive), ("f32", "f64")),
]


def converted(package, x, dtype):
    return package.lax.convert_element_type(x, dtype)


def bitcast(package, x, dtype):
    return package.lax.bitcast_convert_type(x, dtype)


CONVERSIONS = [
    *[
        Row(
            "lax.convert_element_type",
            (uniform(0, 9), fixed(target)),
            shapes=(((2,), ()),),
            dtypes=tuple((d, "b") for d in ("f32", "i32", "u8", "b", "f16", "f64")),
            call=converted,
            name=str(target),
        )
        for target in ("float32", "int8", "bool", "bfloat16", "float64", int, float)
    ],
    *[
        Row(
            "lax.bitcast_convert_type",
            (normal, fixed(target)),
            shapes=(((2, 4), ()),),
            dtypes=((source, "b"),),
            call=bitcast,
            name=f"{source} to {target}",
        )
        for source, target in (
            ("f32", "int32"),
            ("f32", "uint8"),
            ("f32", "float16"),
            ("i32", "float32"),
            ("i8", "float32"),
            ("u8", "int8"),
            ("f64", "uint32"),
            ("bf16", "uint16"),
        )
    ],
]

# Python numbers have weak types, and arrays may be empty.
SCALARS = [
    Row(row.path, row.args, row.kwargs, (((),),), ("float",), name="number")
    for row in UNARY
    if row.dtypes in (F, FC) and not row.name
]
EDGES = [
    Row(row.path, row.args, row.kwargs, (shapes,), (dtypes,), name="edge")
    for row in BINARY
    if "f32" in row.dtypes and not row.name
    for shapes, dtypes in (
        (((), (2, 3)), ("float", "f32")),
        (((0, 3), (0, 3)), ("f32", "f32")),
    )
    if dtypes[0] != "float" or row.path not in ("lax.complex", "lax.polygamma")
]

test_unary, test_slopes_of_unary = comparisons(UNARY)
test_numbers, _ = comparisons(SCALARS)
test_edges, _ = comparisons(EDGES)
test_binary, test_slopes_of_binary = comparisons(BINARY)
test_conversions, _ = comparisons(CONVERSIONS)
