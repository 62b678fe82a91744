"""Operations of `lax` on the axes of arrays: products, windows, pieces, gathers."""

import itertools

import numpy as np

from .surface import Row, comparisons, drawn, integers, normal

places = integers(-2, 6)


def distinct(low, high):
    """Different positions from low to high, for each index of the first axes."""

    def sample(stream, shape):
        batch = int(np.prod(shape[:-2]))
        rows = [stream.permutation(np.arange(low, high + 1)) for _ in range(batch)]
        return np.stack(rows)[:, : shape[-2]].reshape(shape)

    return drawn(sample)


def row(name, shapes, call, *, draws=None, dtypes=("f32",), order=0, note="", **more):
    """A row for `call(lax, *arrays)`, all of one shape each."""

    def in_package(package, *arrays):
        return call(package.lax, *arrays)

    return Row(
        f"lax.{name}",
        draws or (normal,) * len(shapes),
        shapes=(tuple(shapes),),
        dtypes=dtypes,
        call=in_package,
        order=order,
        name=note,
        **more,
    )


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
            rtol={"f32": 2e-2},
            why="factors are rounded to bfloat16",
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


# Pieces of arrays

PIECES = [
    *[
        row(
            "pad",
            ((3, 4), ()),
            lambda lax, x, v, c=config: lax.pad(x, v, c),
            dtypes=("f32", "i32", "b", "bf16"),
            order=2,
            note=f"{config}",
        )
        for config in (
            ((1, 2, 0), (0, 0, 0)),
            ((1, 0, 2), (2, 1, 1)),
            ((-1, 2, 0), (1, -2, 0)),
            ((-1, -1, 1), (0, -3, 2)),
            ((0, 0, 0), (-2, -2, 0)),
        )
    ],
    *[
        row(
            "slice",
            ((6, 5),),
            lambda lax, x, s=s: lax.slice(x, *s),
            dtypes=("f32", "i8", "c64"),
            order=1,
            note=f"{k}",
        )
        for k, s in enumerate(
            (
                ((1, 0), (4, 5)),
                ((0, 1), (6, 5), (2, 3)),
                ((2, 2), (2, 4)),
                ((0, 0), (6, 5), None),
            )
        )
    ],
    *[
        row(
            "dynamic_slice",
            ((6, 5), (), ()),
            lambda lax, x, i, j, n=sizes: lax.dynamic_slice(x, (i, j), n),
            draws=(normal, places, places),
            dtypes=(("f32", "i32", "i32"), ("i8", "i8", "i8"), ("f32", "u8", "u8")),
            order=1,
            note=f"{sizes}",
        )
        for sizes in ((2, 3), (6, 1), (0, 2))
    ],
    row(
        "dynamic_update_slice",
        ((6, 5), (2, 3), (), ()),
        lambda lax, x, y, i, j: lax.dynamic_update_slice(x, y, (i, j)),
        draws=(normal, normal, places, places),
        dtypes=(("f32", "f32", "i32", "i32"), ("i8", "i8", "u8", "u8")),
        order=2,
    ),
    *[
        row(
            name,
            ((6, 5), (), *more),
            lambda lax, x, i, *y, f=call: f(lax, x, i, *y),
            draws=(normal, places, *(normal for _ in more)),
            dtypes=(("f32", "i32", *("f32" for _ in more)),),
            order=1,
            note=note,
        )
        for name, note, more, call in (
            (
                "dynamic_slice_in_dim",
                "",
                (),
                lambda lax, x, i: lax.dynamic_slice_in_dim(x, i, 3, axis=-1),
            ),
            (
                "dynamic_index_in_dim",
                "",
                (),
                lambda lax, x, i: lax.dynamic_index_in_dim(x, i, 1),
            ),
            (
                "dynamic_index_in_dim",
                "dropped",
                (),
                lambda lax, x, i: lax.dynamic_index_in_dim(x, i, -2, keepdims=False),
            ),
            (
                "dynamic_update_slice_in_dim",
                "",
                ((2, 5),),
                lambda lax, x, i, y: lax.dynamic_update_slice_in_dim(x, y, i, 0),
            ),
            (
                "dynamic_update_index_in_dim",
                "",
                ((6,),),
                lambda lax, x, i, y: lax.dynamic_update_index_in_dim(x, y, i, 1),
            ),
        )
    ],
    row(
        "slice_in_dim",
        ((6, 5),),
        lambda lax, x: lax.slice_in_dim(x, -4, -1, 2, axis=-2),
    ),
    row(
        "slice_in_dim",
        ((6, 5),),
        lambda lax, x: lax.slice_in_dim(x, None, None),
        note="all",
    ),
    row("index_in_dim", ((6, 5),), lambda lax, x: lax.index_in_dim(x, -2, axis=1)),
    row(
        "index_take",
        ((6, 5, 2), (3,), (3,)),
        lambda lax, x, i, j: lax.index_take(x, (i, j), (0, 2)),
        draws=(normal, integers(-2, 5), integers(0, 1)),
        dtypes=(("f32", "i32", "i32"),),
    ),
    *[
        row(
            "concatenate",
            ((2, 3), (2, 1), (2, 0)),
            lambda lax, *xs, k=k: lax.concatenate(xs, k),
            dtypes=("f32", "i8", "b"),
            order=1,
            note=f"{k}",
        )
        for k in (1,)
    ],
    row("split", ((6, 5),), lambda lax, x: lax.split(x, (1, 0, 4), axis=1), order=1),
    row("rev", ((2, 3, 4),), lambda lax, x: lax.rev(x, (0, 2)), order=1),
    row("transpose", ((2, 3, 4),), lambda lax, x: lax.transpose(x, (2, 0, 1)), order=1),
    row("reshape", ((2, 3, 4),), lambda lax, x: lax.reshape(x, (4, 6)), order=1),
    row(
        "reshape",
        ((2, 3, 4),),
        lambda lax, x: lax.reshape(x, (4, 6), (2, 0, 1)),
        order=1,
        note="in another order",
    ),
    row("squeeze", ((1, 3, 1),), lambda lax, x: lax.squeeze(x, (-1,)), order=1),
    row("expand_dims", ((2, 3),), lambda lax, x: lax.expand_dims(x, (0, -1)), order=1),
    row("collapse", ((2, 3, 4),), lambda lax, x: lax.collapse(x, 1)),
    row("collapse", ((2, 3, 4),), lambda lax, x: lax.collapse(x, 0, -1), note="to -1"),
    row("broadcast", ((2, 3),), lambda lax, x: lax.broadcast(x, (4, 0)), order=1),
    row(
        "broadcast_in_dim",
        ((2, 1),),
        lambda lax, x: lax.broadcast_in_dim(x, (2, 5, 3), (0, 2)),
        dtypes=("f32", "b"),
        order=1,
    ),
    row("broadcast_to_rank", ((2, 3),), lambda lax, x: lax.broadcast_to_rank(x, 4)),
    row("broadcast_like", ((3,), (2, 3)), lambda lax, x, y: lax.broadcast_like(x, y)),
    row("stack", ((2, 3), (2, 3)), lambda lax, *xs: lax.stack(xs, -1), order=1),
    row("unstack", ((2, 3),), lambda lax, x: lax.unstack(x, 1), order=1),
    row("tile", ((2, 3),), lambda lax, x: lax.tile(x, (3, 2)), order=1),
    row("tile", ((2, 0, 3),), lambda lax, x: lax.tile(x, (0, 2, 1)), note="empty"),
    *[
        row(
            name,
            ((),),
            lambda lax, x, f=call: f(lax),
            dtypes=("f32", "f64"),
            note=note,
        )
        for name, note, call in (
            ("iota", "f32", lambda lax: lax.iota("float32", 4)),
            ("iota", "i8", lambda lax: lax.iota("int8", 0)),
            ("iota", "c64", lambda lax: lax.iota("complex64", 3)),
            ("iota", "int", lambda lax: lax.iota(int, 3)),
            ("broadcasted_iota", "", lambda lax: lax.broadcasted_iota(int, (2, 3), 1)),
            (
                "broadcasted_iota",
                "uint8",
                lambda lax: lax.broadcasted_iota("uint8", (2, 3), 0),
            ),
            ("full", "float", lambda lax: lax.full((2, 3), 1.5)),
            ("full", "int", lambda lax: lax.full(3, 2, "float16")),
            ("full_like", "", lambda lax: lax.full_like(np.ones((2, 3), "int8"), 7.5)),
            ("full_like", "of", lambda lax: lax.full_like(np.ones(3), 1, shape=(0, 2))),
        )
    ],
]


# Gather and scatter, with all modes


def gathers():
    cases = {
        "rows": ((5, 4), (3, 1), ((1,), (0,), (0,)), (1, 4)),
        "windows": ((5, 4), (3, 2), ((1, 2), (), (0, 1)), (2, 3)),
        "points": ((5, 4), (2, 3, 2), ((), (0, 1), (0, 1)), (1, 1)),
        "order": ((5, 4), (3, 2), ((0,), (1,), (1, 0)), (2, 1)),
        "batching": ((3, 5, 4), (3, 2, 1), ((2,), (1,), (1,), (0,), (0,)), (1, 1, 4)),
    }
    modes = ("clip", "fill", "promise_in_bounds", None)
    for (note, (x, i, n, sizes)), mode in itertools.product(cases.items(), modes):
        inside = mode == "promise_in_bounds"
        yield row(
            "gather",
            (x, i),
            lambda lax, x, i, n=n, s=sizes, m=mode: lax.gather(
                x, i, lax.GatherDimensionNumbers(*n), s, mode=m
            ),
            draws=(normal, integers(0, 1) if inside else places),
            dtypes=(("f32", "i32"), ("i8", "i8"), ("bf16", "u8")),
            order=1,
            note=f"{note} {mode}",
        )
    yield row(
        "gather",
        ((5, 4), (3, 1)),
        lambda lax, x, i: lax.gather(
            x,
            i,
            lax.GatherDimensionNumbers((1,), (0,), (0,)),
            (1, 4),
            mode="fill",
            fill_value=7,
            indices_are_sorted=False,
            unique_indices=False,
        ),
        draws=(normal, places),
        dtypes=(("f32", "i32"), ("u8", "i32")),
        note="fill value",
    )


def scatters():
    cases = {
        "rows": ((5, 4), (3, 1), (3, 4), ((1,), (0,), (0,))),
        "windows": ((5, 4), (3, 2), (3, 2, 3), ((1, 2), (), (0, 1))),
        "points": ((5, 4), (2, 3, 2), (2, 3), ((), (0, 1), (0, 1))),
        "batching": ((3, 5, 4), (3, 2, 1), (3, 2, 4), ((2,), (1,), (1,), (0,), (0,))),
    }
    names = ("scatter_add", "scatter_sub", "scatter_mul", "scatter_min", "scatter_max")
    modes = ("clip", "fill", None)
    for (note, (x, i, u, n)), name, mode in itertools.product(
        cases.items(), names, modes
    ):
        if mode == "clip" and name in ("scatter_min", "scatter_max"):
            continue  # jax's gradient is inf in places: docs/differences.md
        yield row(
            name,
            (x, i, u),
            lambda lax, x, i, u, f=name, n=n, m=mode: getattr(lax, f)(
                x, i, u, lax.ScatterDimensionNumbers(*n), mode=m
            ),
            draws=(normal, places, normal),
            dtypes=(("f32", "i32", "f32"), ("i8", "i32", "i8")),
            # The derivative of products needs unique indices, in jax too.
            order=1 if note in ("rows", "windows") and name != "scatter_mul" else 0,
            note=f"{note} {mode}",
        )
    yield row(
        "scatter_mul",
        ((5, 4), (3, 1), (3, 4)),
        lambda lax, x, i, u: lax.scatter_mul(
            x,
            i,
            u,
            lax.ScatterDimensionNumbers((1,), (0,), (0,)),
            unique_indices=True,
        ),
        draws=(normal, distinct(0, 4), normal),
        dtypes=(("f32", "i32", "f32"),),
        order=2,
        note="unique",
    )
    for note, mode in itertools.product(("rows", "batching"), modes):
        x, i, u, n = cases[note]
        yield row(
            "scatter",
            (x, i, u),
            lambda lax, x, i, u, n=n, m=mode: lax.scatter(
                x, i, u, lax.ScatterDimensionNumbers(*n), mode=m
            ),
            # Clipping would make positions equal, and which one is last is not said.
            draws=(
                normal,
                distinct(0, 4) if mode == "clip" else distinct(-2, 7),
                normal,
            ),
            dtypes=(("f32", "i32", "f32"), ("b", "i32", "b")),
            order=1,
            note=f"{note} {mode}",
        )


GATHERS = list(gathers())
SCATTERS = list(scatters())

test_products, test_slopes_of_products = comparisons(PRODUCTS)
test_convolutions, test_slopes_of_convolutions = comparisons(CONVOLUTIONS)
test_windows, test_slopes_of_windows = comparisons(WINDOWS)
test_pieces, test_slopes_of_pieces = comparisons(PIECES)
test_gathers, test_slopes_of_gathers = comparisons(GATHERS)
test_scatters, test_slopes_of_scatters = comparisons(SCATTERS)
