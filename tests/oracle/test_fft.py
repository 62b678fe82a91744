"""Discrete Fourier transforms, compared with jax's."""

from .surface import Row, comparisons, fixed, normal, positive
from .written import several, written

KINDS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
REAL_INPUT = ("rfft", "ihfft", "rfftn", "rfft2")


def dtypes_of(name: str) -> tuple[str, ...]:
    """Those jax transforms: it refuses halves for real input."""
    common = ("f32", "f64", "i32", "b", "u8")
    return common if name in REAL_INPUT else (*common, "f16", "bf16", "c64", "c128")


def wide(name: str) -> tuple[str, ...]:
    return ("f32",) if name in REAL_INPUT else ("f32", "c64")


def transform(name: str, *shapes, **options) -> Row:
    return Row(f"numpy.fft.{name}", (normal,), shapes=shapes, **options)


ONE_AXIS = [
    "jnp.fft.NAME(x, 7)",
    "jnp.fft.NAME(x, 3, 0, 'ortho')",
    "jnp.fft.NAME(x, n=1, norm='forward')",
    "jnp.fft.NAME(x, axis=-2, norm='backward')",
    "jnp.fft.NAME(x, axis=None)",
    "jax.vmap(jnp.fft.NAME, 1, 1)(x)",
]
SEVERAL_AXES = [
    "jnp.fft.NAMEn(x, s=(3, 6))",
    "jnp.fft.NAMEn(x, axes=(2, 0))",
    "jnp.fft.NAMEn(x, (3, 5, 2), (1, -1, 0), 'ortho')",
    "jnp.fft.NAMEn(x, axes=(-2,), norm='forward')",
    "jnp.fft.NAMEn(x[:, None, :, None], norm='ortho')",
    "jnp.fft.NAME2(x)",
    "jnp.fft.NAME2(x, s=(2, 6), axes=(0, 1))",
    "jnp.fft.NAME2(x, axes=[1, 0], norm='ortho')",
]


def texts(patterns: list[str], name: str) -> list[str]:
    return [pattern.replace("NAME", name) for pattern in patterns]


ROWS = [
    *[
        transform(name, ((4,),), ((2, 5),), dtypes=dtypes_of(name), order=2)
        for name in KINDS
    ],
    *[transform(name, ((0, 4),), ((3, 1),), dtypes=("f32",)) for name in KINDS],
    *[transform(f"{name}n", ((),), dtypes=("f32", "int", "i32")) for name in KINDS[:4]],
    *[
        row
        for name in KINDS
        for row in several(texts(ONE_AXIS, name), [(3, 5)], dtypes=wide(name), order=1)
        if (name, "None" in row.path) not in (("hfft", True), ("ihfft", True))
    ],
    *[
        row
        for name in KINDS[:4]
        for row in several(
            texts(SEVERAL_AXES, name), [(2, 3, 4)], dtypes=wide(name), order=2
        )
    ],
    *several(
        [
            "jnp.fft.fftshift(x)",
            "jnp.fft.ifftshift(x)",
            "jnp.fft.fftshift(x, axes=-1)",
            "jnp.fft.ifftshift(x, axes=(0, 1))",
            "jnp.fft.fftshift(x, axes=())",
        ],
        [(5, 2)],
        [(0, 3)],
        dtypes=("f32", "i32", "b", "c64"),
        order=1,
    ),
    written("jnp.fft.fftshift(x)", [()], dtypes=("f32", "int", "float")),
    *[
        Row(
            f"numpy.fft.{name}",
            (fixed(n),),
            kwargs,
            (((),),),
            ("int",),
            name=f"{n}{kwargs}",
        )
        for name in ("fftfreq", "rfftfreq")
        for n in (0, 1, 4, 5)
        for kwargs in ({}, {"d": 2}, {"d": 0.3})
    ],
    *several(
        [
            "jnp.fft.fftfreq(5, x)",
            "jnp.fft.rfftfreq(6, d=x)",
            "jnp.fft.fftfreq(5, x, dtype='float16')",
            "jnp.fft.fftfreq(5, x, dtype=complex)",
        ],
        [()],
        args=positive,
        dtypes=("f32", "float", "f64", "int"),
    ),
]

test_values, test_derivatives = comparisons(ROWS)
