"""Resized, scaled and moved images, compared with jax's."""

from .surface import Row, comparisons, fixed, inside, normal, uniform
from .written import several, written

METHODS = (
    "linear",
    "cubic",
    "cubic-pytorch",
    "lanczos3",
    "lanczos5",
    "area",
)
DTYPES = ("f32", "f64", "f16", "bf16", "i32", "u8", "b", "c64")


def resized(method: str, shape: tuple, new: tuple, dtypes, **kwargs) -> Row:
    return Row(
        "image.resize",
        (normal, fixed(new), fixed(method)),
        kwargs,
        shapes=((shape, (), ()),),
        dtypes=tuple((d, "int", "int") for d in dtypes),
        name=f"{method} to {new} {kwargs or ''}",
    )


MOVED = (
    "jax.image.scale_and_translate(x, (2, 6), (1,), 1 + y[:1]**2, y[1:], {!r})",
    "jax.image.scale_and_translate(x, (3, 4), (0, -1), y, z, {!r}, antialias=False)",
    "jax.image.scale_and_translate(x, (5, 3), [1, 0], y / 2, z, {!r})",
)
ROWS = [
    *[
        resized(method, (4, 3), (3, 7), DTYPES if method == "cubic" else ("f32", "f16"))
        for method in METHODS
    ],
    *[
        resized(method, (9,), (4,), ("f64",), antialias=False)
        for method in METHODS
    ],
    *[resized(method, (9,), (4,), ("f64",)) for method in METHODS],
    resized("nearest", (4, 3), (3, 7), DTYPES),
    *[
        resized(method, (2, 3), new, ("f32", "i32"))
        for method in ("nearest", "linear")
        for new in ((2, 3), (0, 5), (1, 1))
    ],
    *[
        resized(name, (5,), (3,), ("f32",))
        for name in ("bilinear", "trilinear", "triangle", "bicubic", "tricubic")
    ],
    written("jax.image.resize(x, (), 'linear')", [()], dtypes=("f32", "float", "int")),
    *several(
        [
            "jax.image.resize(x, 7, jax.image.ResizeMethod.LANCZOS3)",
            "jax.image.resize(x, (3,), method=jax.image.ResizeMethod.AREA)",
            "jax.vmap(lambda a: jax.image.resize(jnp.stack([a, a]), (3,), 'cubic'))(x)",
            "jax.image.resize(x, [8], 'bicubic-pytorch', False, 'highest')",
        ],
        [(5,)],
        dtypes=("f32",),
        order=1,
    ),
    *[
        written(
            text.format(method),
            [(2, 3), (2,), (2,)] if "[1, 0]" not in text else [(3, 5), (2,), (2,)],
            args=(normal, uniform(0.7, 2.5), inside),
            dtypes=(("f32", "f64", "f64"),) if "[1" in text else ("f32",),
            order=1,
        )
        for method in METHODS
        for text in MOVED
    ],
]  # fmt: skip

test_values, test_derivatives = comparisons(ROWS)
