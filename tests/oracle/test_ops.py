"""Reductions over segments, compared with jax's."""

from .surface import Row, comparisons, integers
from .written import several, written

# Segments -1 and 4 lie outside; with seven rows some segment is empty or has ties.
ids = integers(-1, 4)
small = integers(-2, 2)
ORDINARY = ("f32", "f64", "bf16", "i32", "i64", "u8", "c64")
SHAPES = (((7,), (7,)), ((7, 2), (7,)), ((0, 2), (0,)), ((1, 3), (5,)))


def segments(function: str, dtypes=ORDINARY, **options) -> Row:
    """A row for a reduction over four segments."""
    return Row(
        f"ops.{function}",
        (small, ids),
        {"num_segments": 4},
        shapes=SHAPES,
        dtypes=tuple((d, "i8" if d == "bf16" else "i32") for d in dtypes),
        **options,
    )


KEYWORDS = [
    "jax.ops.NAME(x, y, 3, bucket_size=4)",
    "jax.ops.NAME(x, y, 3, mode='clip')",
    "jax.ops.NAME(x, y, 5, False, False, 2, 'fill')",
    "jax.ops.NAME(x, y, 3, bucket_size=1, mode='clip')",
    "jax.ops.NAME(x, jnp.sort(y), num_segments=4, indices_are_sorted=True)",
    "jax.ops.NAME(x, jnp.arange(6), 6, unique_indices=True) + 0 * jnp.sum(y)",
    "jax.vmap(lambda a: jax.ops.NAME(a, y, 4), 1)(jnp.stack([x, 2 * x], 1))",
    "jax.vmap(lambda i: jax.ops.NAME(x, i, 4))(jnp.stack([y, 3 - y]))",
]


def written_for(name: str, order: int, **options) -> list[Row]:
    # What segments without rows have is infinite for extrema. Jax's derivatives of
    # extrema are wrong with mode="clip".
    extremum = name in ("segment_max", "segment_min")
    wrap = "jnp.clip({}, -9, 9)" if extremum else "{}"
    return [
        written(
            wrap.format(text.replace("NAME", name)),
            [(6, 2), (6,)],
            args=(small, ids),
            dtypes=(("f32", "i32"),),
            order=0 if extremum and "clip" in text else order,
            **options,
        )
        for text in KEYWORDS
    ]


WITHOUT = "jax.ops.segment_{}(x, jnp.abs(y))"
ROWS = [
    segments("segment_sum", order=2),
    # Jax has no derivative of products.
    segments("segment_prod", order=2, slopes="differences"),
    segments("segment_max", (*ORDINARY, "b")),
    segments("segment_min", (*ORDINARY, "b")),
    *written_for("segment_sum", order=2),
    *written_for("segment_prod", order=2, slopes="differences"),
    *written_for("segment_max", order=1),
    *written_for("segment_min", order=1),
    *[
        written(
            WITHOUT.format(name),
            [(6, 2), (6,)],
            args=(small, ids),
            dtypes=(("f32", "i32"), ("u8", "i32")),
            jit=False,
        )
        for name in ("sum", "prod", "max", "min")
    ],
    *several(
        ["jax.ops.segment_sum(x, 1, 3)", "jax.ops.segment_max(x, np.array([0, 2]), 3)"],
        [()],
        dtypes=("f32", "int", "float", "bf16"),
    ),
]

test_values, test_derivatives = comparisons(ROWS)
