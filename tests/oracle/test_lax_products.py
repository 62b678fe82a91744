"""Products, convolutions and windows of `lax`, compared with jax's."""

import numpy as np

from .lax_rows import row
from .surface import comparisons, integers, normal

# Products

NUMBERS = [
    ((2, 3), (3, 4), (((1,), (0,)), ((), ()))),
    ((3,), (3,), (((0,), (0,)), ((), ()))),
    ((2, 3), (4, 5), (((), ()), ((), ()))),
    ((5, 2, 3), (5, 3, 4), (((2,), (1,)), ((0,), (0,)))),
    ((2, 3, 5), (4, 5, 3), (((1, 2), (2, 1)), ((), ()))),
    ((2, 5, 3, 4), (4, 3, 6, 5), (((2,), (1,)), ((1, 3), (3, 0)))),
    ((3, 0), (0, 2), (((1,), (0,)), ((), ()))),
]
PRODUCTS = [
    *[
        row(
            "dot_general",
            (x, y),
            lambda lax, x, y, n=n: lax.dot_general(x, y, n),
            dtypes=("f32", "i32", "c64", "bf16"),
            order=2,
            note=f"{k}",
        )
        for k, (x, y, n) in enumerate(NUMBERS)
    ],
    *[
        row(
            "dot_general",
            ((2, 3), (3, 4)),
            lambda lax, x, y, p=preferred: lax.dot_general(
                x, y, (((1,), (0,)), ((), ())), preferred_element_type=p
            ),
            dtypes=(dtype,),
            note=f"{dtype} to {preferred}",
        )
        for dtype, preferred in (
            ("bf16", "float32"),
            ("f16", "float32"),
            ("f32", "float64"),
            ("f32", "bfloat16"),
            ("i8", "int32"),
            ("i32", "float32"),
        )
    ],
    *[
        row(
            "dot",
            ((2, 3), (3, 4)),
            lambda lax, x, y, p=precision: lax.dot(x, y, precision=p),
            dtypes=("f32", "bf16"),
            note=str(precision),
        )
        for precision in (None, "highest", ("default", "high"), "tensorfloat32")
    ],
    *[
        row("dot", shapes, lambda lax, x, y: lax.dot(x, y), dtypes=("f32", "i32"))
        for shapes in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)))
    ],
    row(
        "batch_matmul", ((5, 2, 3), (5, 3, 4)), lambda lax, x, y: lax.batch_matmul(x, y)
    ),
    row(
        "ragged_dot",
        ((7, 3), (3, 3, 2), (3,)),
        lambda lax, x, y, n: lax.ragged_dot(x, y, n),
        draws=(normal, normal, integers(0, 3)),
        dtypes=(("f32", "f32", "i32"), ("bf16", "bf16", "i32")),
        order=2,
    ),
    *[
        row(
            "ragged_dot_general",
            (x, y, (2,)),
            lambda lax, x, y, n, d=d: lax.ragged_dot_general(
                x, y, n, lax.RaggedDotDimensionNumbers(*d)
            ),
            draws=(normal, normal, integers(0, 3)),
            dtypes=(("f32", "f32", "i32"),),
            order=1,
            # jax refuses derivatives but those of the first.
            slopes="jax" if note == "rows" else "differences",
            note=note,
        )
        for note, x, y, d in (
            ("rows", (6, 5, 3), (2, 6, 3, 4), ((((2,), (2,)), ((0,), (1,))), [1], [0])),
            ("sums", (6, 5, 3), (6, 5, 4), ((((1,), (1,)), ((0,), (0,))), [1], [])),
            ("batch", (5, 2, 3), (5, 3, 4), ((((2,), (1,)), ((0,), (0,))), [0], [])),
        )
    ],
    *[
        row(
            "scaled_dot",
            ((2, 8), (8, 4), (2, 2), (4, 4)),
            lambda lax, x, y, s, t, p=p: lax.scaled_dot(
                x, y, lhs_scale=s, rhs_scale=t, preferred_element_type=p
            ),
            dtypes=("f32", "bf16"),
            note=str(p),
        )
        for p in (None, "float32")
    ],
]


# Convolutions

IMAGE = {
    1: ((2, 4, 9), (6, 4, 3)),
    2: ((2, 4, 7, 6), (6, 4, 3, 2)),
    3: ((1, 2, 4, 5, 4), (3, 2, 2, 2, 3)),
}


def convolution(shapes, note, *, order=1, dtypes=("f32",), **kwargs):
    kwargs.setdefault("window_strides", (1,) * (len(shapes[0]) - 2))
    kwargs.setdefault("padding", "SAME")
    return row(
        "conv_general_dilated",
        shapes,
        lambda lax, x, w: lax.conv_general_dilated(x, w, **kwargs),
        dtypes=dtypes,
        order=order,
        note=note,
    )


CONVOLUTIONS = [
    *[
        convolution(shapes, f"{n}d", dtypes=("f32", "f64", "bf16", "c64"))
        for n, shapes in IMAGE.items()
    ],
    convolution(IMAGE[2], "of integers", dtypes=("i32",), order=0),
    convolution(IMAGE[2], "valid", padding="VALID"),
    convolution(IMAGE[2], "same lower", padding="SAME_LOWER", window_strides=(2, 3)),
    convolution(IMAGE[2], "strides", window_strides=(2, 3)),
    convolution(IMAGE[2], "pads", padding=((2, 0), (1, 3))),
    convolution(IMAGE[2], "negative pads", padding=((-1, 0), (1, -2))),
    convolution(
        IMAGE[2], "lhs dilation", padding=((1, 1), (0, 2)), lhs_dilation=(2, 3)
    ),
    convolution(IMAGE[2], "rhs dilation", rhs_dilation=(2, 2)),
    convolution(
        IMAGE[2],
        "all dilations",
        padding=((3, 2), (1, 2)),
        window_strides=(2, 1),
        lhs_dilation=(1, 2),
        rhs_dilation=(2, 1),
    ),
    convolution(((2, 4, 7, 6), (6, 2, 3, 2)), "two groups", feature_group_count=2),
    convolution(((2, 4, 7, 6), (8, 1, 3, 2)), "depthwise", feature_group_count=4),
    convolution(((4, 4, 7, 6), (6, 4, 3, 2)), "batch groups", batch_group_count=2),
    convolution(
        ((2, 7, 6, 4), (3, 2, 4, 6)), "NHWC", dimension_numbers=("NHWC", "HWIO", "NHWC")
    ),
    convolution(
        ((7, 2, 4, 6), (4, 6, 3, 2)), "odd", dimension_numbers=("HNCW", "IOHW", "CWNH")
    ),
    convolution(
        ((2, 4, 7, 6), (6, 4, 3, 2)),
        "preferred",
        dtypes=("bf16",),
        order=0,
        preferred_element_type=np.float32,
    ),
    convolution(((0, 4, 7, 6), (6, 4, 3, 2)), "empty"),
    row(
        "conv",
        IMAGE[2],
        lambda lax, x, w: lax.conv(x, w, (2, 1), "VALID"),
        dtypes=("f32", "i32"),
    ),
    row(
        "conv_with_general_padding",
        IMAGE[2],
        lambda lax, x, w: lax.conv_with_general_padding(
            x, w, (1, 2), ((1, 1), (0, 1)), (1, 2), (2, 1)
        ),
    ),
    *[
        row(
            "conv_transpose",
            (x, w),
            lambda lax, x, w, k=kwargs: lax.conv_transpose(x, w, **k),
            order=1,
            note=note,
        )
        for note, x, w, kwargs in (
            (
                "same",
                (2, 5, 6, 3),
                (3, 2, 3, 4),
                {"strides": (2, 3), "padding": "SAME"},
            ),
            (
                "valid",
                (2, 5, 6, 3),
                (3, 2, 3, 4),
                {"strides": (2, 1), "padding": "VALID"},
            ),
            ("pads", (2, 5, 3), (3, 3, 4), {"strides": (2,), "padding": ((1, 2),)}),
            (
                "transposed kernel",
                (2, 5, 6, 3),
                (3, 2, 4, 3),
                {"strides": (2, 2), "padding": "SAME", "transpose_kernel": True},
            ),
            (
                "dilated",
                (2, 5, 6, 3),
                (3, 2, 3, 4),
                {"strides": (2, 2), "padding": "SAME", "rhs_dilation": (2, 1)},
            ),
            (
                "numbers",
                (2, 3, 5, 6),
                (4, 3, 3, 2),
                {
                    "strides": (1, 2),
                    "padding": "SAME",
                    "dimension_numbers": ("NCHW", "OIHW", "NCHW"),
                },
            ),
        )
    ],
    *[
        row(
            "conv_general_dilated_patches",
            (x,),
            lambda lax, x, k=kwargs: lax.conv_general_dilated_patches(
                x, (3, 2), (2, 1), **k
            ),
            order=1,
            note=note,
        )
        for note, x, kwargs in (
            ("same", (2, 3, 6, 5), {"padding": "SAME"}),
            (
                "pads",
                (2, 3, 6, 5),
                {"padding": ((1, 0), (2, 1)), "rhs_dilation": (1, 2)},
            ),
            (
                "NHWC",
                (2, 6, 5, 3),
                {"padding": "VALID", "dimension_numbers": ("NHWC", "OIHW", "NHWC")},
            ),
        )
    ],
    row(
        "conv_general_dilated_local",
        ((2, 3, 6, 5), (4, 18, 4, 4)),
        lambda lax, x, w: lax.conv_general_dilated_local(
            x, w, (1, 1), "VALID", filter_shape=(3, 2)
        ),
        order=1,
    ),
]


# Windows


def identity(name, dtype):
    """The number that an operation on two numbers leaves the other as it is with."""
    if name in ("add", "mul"):
        return np.asarray(name == "mul", dtype)[()]
    least = -np.inf if name == "max" else np.inf
    if np.issubdtype(dtype, np.integer):
        least = getattr(np.iinfo(dtype), "min" if name == "max" else "max")
    return np.asarray(least, dtype)[()]


WINDOWS = [
    *[
        row(
            "reduce_window",
            ((6, 7),),
            lambda lax, x, f=f, k=kwargs: lax.reduce_window(
                x, identity(f, x.dtype), getattr(lax, f), **k
            ),
            dtypes=("f32", "i32", "bf16"),
            order=1,
            # jax has no derivative of products over windows.
            slopes="differences" if f == "mul" else "jax",
            note=f"{f} {k}",
        )
        for f in ("add", "max", "min", "mul")
        for k, kwargs in enumerate(
            (
                {
                    "window_dimensions": (2, 3),
                    "window_strides": (1, 1),
                    "padding": "VALID",
                },
                {
                    "window_dimensions": (2, 3),
                    "window_strides": (2, 3),
                    "padding": "SAME",
                },
                {
                    "window_dimensions": (3, 2),
                    "window_strides": (2, 1),
                    "padding": ((1, 2), (0, 1)),
                    "window_dilation": (2, 1),
                },
                {
                    "window_dimensions": (2, 2),
                    "window_strides": (1, 2),
                    "padding": ((1, 0), (0, 0)),
                    "base_dilation": (2, 1),
                },
            )
        )
        # jax has no derivative of the first two with a dilated operand or window.
        if not (f in ("max", "min") and k >= 2)
    ],
    *[
        row(
            "reduce_window",
            ((6, 7),),
            lambda lax, x, f=f: lax.reduce_window(
                x,
                identity(f, x.dtype),
                getattr(lax, f),
                (3, 2),
                (2, 1),
                ((1, 2), (0, 1)),
                window_dilation=(2, 1),
                base_dilation=(1, 2),
            ),
            dtypes=("f32", "i32", "u8"),
            note=f"{f} of dilated",
        )
        for f in ("max", "min")
    ],
    row(
        "reduce_window",
        ((5, 4),),
        lambda lax, x: lax.reduce_window(
            x, np.float32(0), lambda a, b: a + 2 * b, (2, 1), (2, 1), "VALID"
        ),
        note="any function",
    ),
    *[
        row(
            "reduce",
            ((3, 4, 2),),
            lambda lax, x, f=f, a=axes: lax.reduce(
                x, identity(f, x.dtype), getattr(lax, f), a
            ),
            dtypes=("f32", "i32"),
            order=1,
            note=f"{f} over {axes}",
        )
        for f in ("add", "mul", "max", "min")
        for axes in ((0,), (0, 2), ())
    ],
    row(
        "reduce",
        ((3, 4), (3, 4)),
        lambda lax, x, y: lax.reduce(
            (x, y),
            (np.float32(0), np.float32(1)),
            lambda a, b: (a[0] + b[0], a[1] * b[1]),
            (1,),
        ),
        note="of two",
    ),
]

test_products, test_slopes_of_products = comparisons(PRODUCTS)
test_convolutions, test_slopes_of_convolutions = comparisons(CONVOLUTIONS)
test_windows, test_slopes_of_windows = comparisons(WINDOWS)
