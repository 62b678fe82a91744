"""What the tests of elementwise functions share: dtypes, samples, and rows."""

from .surface import NUMBERS, Row, drawn

INTS = ("i8", "i16", "i32", "i64", "u8", "u32")
REAL = ("b", "i8", "i64", "u8", "u32", "f16", "bf16", "f32", "f64", "int", "float")
ALL = (*REAL, "i32", "c64", "c128", "complex")

# Rounds to whole and half numbers, on which ties and comparisons have something to say.
halves = drawn(lambda stream, shape: stream.integers(-6, 7, size=shape) / 2)
above_one = drawn(lambda stream, shape: 1.0 + stream.gamma(2.0, 1.0, size=shape))
small = drawn(lambda stream, shape: stream.uniform(-3, 3, size=shape))


def rows(path, draws, dtypes, shape, edges, **options):
    """All dtypes with one shape; Python numbers and one dtype at the edges too."""
    pairs = [(d,) * len(draws) if isinstance(d, str) else d for d in dtypes]
    arrays = [d for d in pairs if not set(d) & set(NUMBERS)]
    numbers = [d for d in pairs if set(d) & set(NUMBERS)]
    edge_dtypes = (arrays[-1], *numbers)
    return [
        Row(path, draws, shapes=(shape,), dtypes=tuple(arrays), **options),
        Row(path, draws, shapes=edges, dtypes=edge_dtypes, name="edge"),
    ]
