"""Sums, products, extrema and their kin, without NaN too, of jax.numpy."""

import numpy as np

from .elementwise import halves
from .surface import Row, comparisons, drawn, integers, normal
from .written import several

near_one = drawn(lambda stream, shape: stream.choice([0.5, 1.0, 2.0, -1.0], size=shape))


def _with_nan(stream, shape):
    """Half numbers, three in ten of them NaN."""
    x = np.asarray(stream.integers(-6, 7, size=shape) / 2)
    return np.where(stream.uniform(size=shape) < 0.3, np.nan, x)


with_nan = drawn(_with_nan)

ALL = ("b", "i8", "i32", "i64", "u8", "u32", "f16", "bf16", "f32", "f64", "c64", "c128")

REAL = ALL[:-2]

FEW = ("f32", "i32", "bf16", "f64")

M, T, E = [(3, 4)], [(2, 3, 4)], [(0, 3)]

WAYS = [
    "x",
    "x, 0",
    "x, axis=-1",
    "x, axis=(0, -1)",
    "x, axis=(), keepdims=True",
    "x, axis=1, keepdims=True",
    "x, keepdims=True",
]

MASK = "where=jnp.array([True, False, True, False])"


def ways(name, *more, draw=halves, dtypes=FEW, shapes=T, **options):
    """The function along all kinds of axes, and with more arguments."""
    calls = [f"jnp.{name}({way})" for way in (*WAYS, *more)]
    return several(calls, shapes, args=draw, dtypes=dtypes, **options)


def each(names, draw=halves, dtypes=ALL, shapes=((), (3, 4)), **options):
    """The functions as they are, for many dtypes and shapes."""
    return [
        Row(f"numpy.{name}", (draw,), dtypes=dtypes, shapes=shapes, **options)
        for name in names.split()
    ]


def forms(shapes):
    """A shape for each case of one argument."""
    return tuple((shape,) for shape in shapes)


SUMS = [
    *each("sum mean prod", near_one, shapes=forms([(), (3, 4)]), order=2),
    *each("any all count_nonzero", dtypes=REAL, shapes=forms([(), (3, 4), (0, 3)])),
    *each("sum prod mean", dtypes=("f32", "i32"), shapes=forms([(0, 3)])),
    *each("std var", normal, shapes=forms([(3, 4)]), order=2),
    # Where they are 0 or NaN, docs/differences.md has the derivatives.
    *each("std var", normal, dtypes=("f32", "c64"), shapes=forms([(), (0,), (1,)])),
    *several(
        ["jnp.std(x, axis=1)", "jnp.std(x, 2, ddof=1, keepdims=True)"],
        T,
        order=2,
    ),
    *several(["jnp.mean(x, dtype='float16')", "jnp.max(x[:0], initial=2)"], T),
    *each("max min argmax argmin", dtypes=REAL, shapes=forms([(3, 4)]), order=1),
    *each("ptp", dtypes=REAL[1:], shapes=forms([(3, 4)]), order=1),
    *each("max min", dtypes=("c64",), shapes=forms([(3, 4)])),
    *each("amax amin", dtypes=("f32", "i8"), shapes=forms([(), (3, 4)])),
    *each("max min argmax argmin", dtypes=("f32", "i32"), shapes=forms([(), (1,)])),
    *ways(
        "sum",
        "x, dtype=x.dtype",
        "x, 1, 'int16'",
        "x, dtype=bool",
        "x, initial=3",
        f"x, axis=2, {MASK}",
        f"x, axis=0, initial=2.5, {MASK}",
        "x, promote_integers=False",
        "x, where=x > 0",
        "x, axis=[0, 1]",
        order=1,
    ),
    *ways(
        "prod",
        "x, dtype='int32'",
        "x, 1, initial=3",
        f"x, {MASK}",
        "x, promote_integers=False",
        draw=near_one,
        order=1,
    ),
    *several(
        ["jnp.sum(x, promote_integers=False)", "jnp.prod(x, promote_integers=False)"],
        M,
        args=integers(1, 3),
        dtypes=("i8", "u8", "b", "i64"),
    ),
    *ways("mean", "x, dtype=complex", f"x, {MASK}", order=1),
    *ways(
        "var",
        "x, ddof=1",
        "x, 1, ddof=2",
        f"x, axis=2, {MASK}",
        "x, correction=0.5",
        "x, mean=1.0",
        "x, axis=0, mean=jnp.ones((1, 3, 4))",
        draw=normal,
        order=2,
    ),
    *ways("std", "x, ddof=1", f"x, 2, {MASK}", "x, correction=1", draw=normal),
    *ways(
        "max",
        "x, initial=1",
        f"x, axis=1, initial=-1, {MASK}",
        order=1,
    ),
    *ways("min", "x, initial=1", f"x, axis=1, initial=9, {MASK}", "x / 0", order=1),
    *ways("any", f"x, {MASK}", dtypes=("b", "f32", "i8")),
    *ways("all", f"x, axis=1, {MASK}", dtypes=("b", "f32", "i8")),
    *ways("count_nonzero", dtypes=("f32", "i32", "b")),
    *ways("ptp", dtypes=("f32", "i32")),
    *several(
        [
            f"jnp.{name}({way})"
            for name in ("argmax", "argmin", "nanargmax", "nanargmin")
            for way in ("x", "x, 0", "x, axis=-1", "x, axis=1, keepdims=True")
        ],
        T,
        dtypes=("f32", "i32", "bf16", "b"),
        args=halves,
    ),
    *several(
        ["jnp.argmax(x, keepdims=True)", "jnp.argmin(x[0, 0])", "x.argmax(-1)"],
        T,
        args=halves,
        dtypes=("f32", "i64"),
    ),
    *several(
        ["jnp.max(x / 0), jnp.argmax(x / 0), jnp.argmin(x / 0)", "jnp.nanmax(x / 0)"],
        M,
        args=halves,
    ),
    *several(
        [
            f"jnp.cum{name}({way})"
            for name in ("sum", "prod")
            for way in ("x", "x, 0", "x, axis=-1", "x, axis=1, dtype=x.dtype")
        ],
        M,
        args=near_one,
        dtypes=("f32", "i8", "u8", "b", "bf16", "c64", "f64"),
        order=1,
    ),
    *several(
        [
            f"jnp.cumulative_{name}({way})"
            for name in ("sum", "prod")
            for way in (
                "x, axis=0",
                "x, axis=-1, include_initial=True",
                "x[0]",
                "x, axis=1, dtype=x.dtype",
            )
        ],
        M,
        args=near_one,
        dtypes=("f32", "i8", "u8", "b", "bf16", "c64", "f64"),
        order=1,
    ),
    *several(
        ["jnp.cumsum(x)", "jnp.cumprod(x)", "jnp.nancumsum(x)"],
        E,
        [()],
        dtypes=("f32", "i32"),
    ),
    *several(
        [
            "jnp.nancumsum(x)",
            "jnp.nancumsum(x, axis=0, dtype='float16')",
            "jnp.nancumprod(x, 1)",
        ],
        M,
        args=with_nan,
        dtypes=("f32", "f64", "bf16", "c64"),
    ),
    *several(
        ["jnp.nancumsum(x, 1)", "jnp.nancumprod(x)"], M, args=near_one, dtypes=("i32",)
    ),
]

NAN_FUNCTIONS = "nansum nanprod nanmean nanmax nanmin nanstd nanvar".split()

NANS = [
    *[
        row
        for name in NAN_FUNCTIONS
        for row in ways(name, draw=with_nan, dtypes=("f32", "f64", "bf16"))
    ],
    *[
        row
        for name in NAN_FUNCTIONS
        for row in each(name, dtypes=("b", "i8", "u32"), shapes=forms([(), (3, 4)]))
    ],
    *several(
        [
            "jnp.nansum(x, dtype='float16')",
            "jnp.nansum(x, 0, initial=1, where=jnp.array([True, True, False, True]))",
            "jnp.nanprod(x, initial=2)",
            "jnp.nanmax(x, initial=0)",
            "jnp.nanmin(x, 1, initial=0, where=x > 0)",
            "jnp.nanmean(x, where=x > 0)",
            "jnp.nanvar(x, ddof=1)",
            "jnp.nanstd(x, axis=0, ddof=1, where=x != 0.5)",
            "jnp.nanmean(x * jnp.nan), jnp.nanmax(x * jnp.nan, axis=0)",
            "jnp.nanargmax(x, 0), jnp.nanargmin(x)",
            "jnp.nanmedian(x), jnp.nanmedian(x, axis=1, keepdims=True)",
            "jnp.nanquantile(x, 0.3, axis=0), jnp.nanpercentile(x, 30)",
        ],
        [(4, 4)],
        args=with_nan,
        dtypes=("f32", "f64"),
    ),
    *several(
        ["jnp.nansum(x)", "jnp.nanmean(x, 0)", "jnp.nanvar(x)", "jnp.nanstd(x, 1)"],
        M,
        args=normal,
        dtypes=("c64", "f64"),
        order=2,
    ),
]

test_values, test_derivatives = comparisons(SUMS + NANS)
