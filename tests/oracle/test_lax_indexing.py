"""Pieces of arrays, gathers and scatters of `lax`, compared with jax's."""

import itertools

import numpy as np

from .lax_rows import row
from .surface import comparisons, drawn, integers, normal

places = integers(-2, 6)


def distinct(low, high):
    """Different positions from low to high, for each index of the first axes."""

    def sample(stream, shape):
        batch = int(np.prod(shape[:-2]))
        rows = [stream.permutation(np.arange(low, high + 1)) for _ in range(batch)]
        return np.stack(rows)[:, : shape[-2]].reshape(shape)

    return drawn(sample)


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

test_pieces, test_slopes_of_pieces = comparisons(PIECES)
test_gathers, test_slopes_of_gathers = comparisons(GATHERS)
test_scatters, test_slopes_of_scatters = comparisons(SCATTERS)
