"""Selection, reductions, scans and sorting of `lax`, compared with jax's."""

import numpy as np

from .surface import Row, comparisons, drawn, integers, normal, uniform

REALS = ("f32", "bf16", "i32", "u8")
special = drawn(
    lambda stream, shape: stream.choice(
        [0.0, -0.0, 1.5, -2.5, np.inf, -np.inf, np.nan], size=shape
    )
)
bits = integers(0, 1)
# Numbers of which some are equal, for ties.
tied = integers(-2, 2)


def keywords(
    function, *draws, shapes, dtypes=("f32", "i32"), order=0, note="", **kwargs
):
    """A row for a function of arrays and keyword arguments, which name it."""
    name = " ".join(
        [*([note] if note else []), *(f"{k}={v}" for k, v in kwargs.items())]
    )
    return Row(
        f"lax.{function}", draws, kwargs, tuple(shapes), dtypes, order=order, name=name
    )


SELECTION = [
    Row(
        "lax.clamp",
        (uniform(0, 1), uniform(0, 9), uniform(3, 7)),
        shapes=(((2, 3), (2, 3), (2, 3)),),
        dtypes=REALS,
        order=2,
    ),
    Row(
        "lax.clamp",
        (uniform(0, 1), uniform(0, 9), uniform(3, 7)),
        shapes=(((), (2, 3), ()),),
        dtypes=REALS,
        order=2,
        # jax's derivatives in scalar bounds fail.
        slopes="differences",
        name="scalars",
    ),
    Row(
        "lax.select",
        (bits, normal, normal),
        shapes=(((2, 3),) * 3, ((), (2, 3), (2, 3))),
        dtypes=tuple(("b", d, d) for d in ("f32", "i32", "c64", "b", "bf16")),
        order=1,
    ),
    Row(
        "lax.select_n",
        (integers(0, 2), normal, normal, normal),
        shapes=(((4,),) * 4, ((), (4,), (4,), (4,))),
        dtypes=(("i32", "f32", "f32", "f32"), ("i32", "i8", "i8", "i8")),
        order=1,
    ),
]

M = ((2, 3, 4),)
REDUCTIONS = [
    *[
        keywords(f"reduce_{name}", draw, shapes=(M,), dtypes=d, order=order, axes=axes)
        for name, draw, d, order in (
            ("sum", normal, ("f32", "f16", "i8", "c64"), 2),
            ("prod", normal, ("f32", "i32", "c64"), 2),
            ("max", normal, ("f32", "u8", "b"), 2),
            ("min", normal, ("f32", "i32", "bf16"), 2),
            ("and", integers(0, 1), ("b", "i32"), 0),
            ("or", integers(0, 1), ("b", "u8"), 0),
            ("xor", integers(0, 1), ("b", "i32"), 0),
        )
        for axes in ((0, 2), ())
    ],
    *[
        keywords(
            name,
            draw,
            shapes=(((3, 4),),),
            dtypes=("f32", "bf16"),
            note=note,
            axis=axis,
            index_dtype=dtype,
        )
        for name in ("argmax", "argmin")
        for note, draw in (("ties", tied), ("special", special))
        for axis, dtype in ((0, np.int32), (1, np.int8))
    ],
    *[
        keywords(
            f"cum{name}",
            draw,
            shapes=(((3, 4),),),
            dtypes=d,
            order=order,
            axis=axis,
            reverse=reverse,
        )
        for name, draw, d, order in (
            ("sum", normal, ("f32", "i32", "c64"), 2),
            ("prod", normal, ("f32", "i32"), 2),
            ("max", normal, ("f32", "bf16"), 1),
            ("min", normal, ("f32", "u8"), 1),
            ("logsumexp", normal, ("f32", "bf16"), 2),
        )
        for axis, reverse in ((0, True), (1, False))
    ],
]


def sorted_by(package, *xs, **kwargs):
    """Several operands at once."""
    return package.lax.sort(list(xs), **kwargs)


def sorts(count, dtypes, **kwargs):
    label = " ".join(f"{k}={v}" for k, v in kwargs.items())

    def call(package, *xs):
        return sorted_by(package, *xs, **kwargs)

    shapes = (((4, 5),) * count,)
    draws = (tied,) * count
    return Row(
        "lax.sort", draws, shapes=shapes, dtypes=dtypes, call=call, name=label, order=1
    )


SORTING = [
    *[sorts(1, ("f32", "i32", "u8", "b", "bf16"), dimension=k) for k in (0, 1, -1)],
    Row("lax.sort", (special,), shapes=(((9,),),), dtypes=("f32", "f16", "c64")),
    *[
        sorts(3, (("f32", "i32", "f32"), "f64"), num_keys=n, is_stable=True)
        for n in (1, 2, 3)
    ],
    sorts(2, (("i8", "c64"), ("c64", "f32")), num_keys=1, is_stable=True),
    keywords("sort_key_val", tied, normal, shapes=(((5,), (5,)),), order=1),
    keywords("sort_key_val", tied, normal, shapes=(((3, 2),) * 2,), dimension=0),
    *[
        keywords(
            "top_k",
            draw,
            shapes=(((3, 5),),),
            dtypes=d,
            order=1,
            note=note,
            k=k,
            axis=axis,
        )
        for note, draw, d in (
            ("", normal, ("f32", "i32", "u8", "bf16")),
            ("ties", tied, ("i32",)),
        )
        for k, axis in ((2, -1), (3, 0), (0, 1), (5, 1))
    ],
    Row("lax.top_k", (special,), {"k": 4}, (((9,),),), ("f32",), name="special"),
    *[
        keywords(name, normal, shapes=(((3, 5),),), dtypes=("f32", "bf16"), k=2, **more)
        for name in ("approx_max_k", "approx_min_k")
        for more in ({}, {"reduction_dimension": 0}, {"recall_target": 0.8})
    ],
]

test_selection, test_slopes_of_selection = comparisons(SELECTION)
test_reductions, test_slopes_of_reductions = comparisons(REDUCTIONS)
test_sorting, test_slopes_of_sorting = comparisons(SORTING)
