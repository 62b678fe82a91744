"""What the tests of linear algebra share: matrices, their shapes, and rows for them."""

import numpy as np

from .surface import COMPLEX, Draw, Row, drawn, normal
from .written import written

REAL = ("f32", "f64")
SOME = ("f32", "c128")
NUMBERS = (*COMPLEX, "i32")

S, T = (3, 3), (2, 3, 3)
SQUARE = [(S,), (T,), ((0, 0),), ((1, 1),), ((0, 2, 2),)]
FULL_SIZE = [(S,), (T,), ((1, 1),)]
ANY_SHAPE = [(S,), ((4, 2),), ((2, 4),), ((2, 3, 2),)]
WITH_EMPTY = [*ANY_SHAPE, ((3, 0),), ((0, 3),)]

dominant = drawn(lambda stream, shape: _dominant(stream, shape))


def _dominant(stream: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Well-conditioned matrices without symmetry."""
    x = stream.normal(size=shape) / 2
    if len(shape) < 2:
        return x
    m, n = shape[-2:]
    return x + 3 * np.eye(m, n)


def _positive(stream, shape, dtype):
    """Hermitian positive definite matrices, with eigenvalues that are apart."""
    n = shape[-1]
    x = normal(
        stream, shape, np.dtype("complex128") if dtype.kind == "c" else np.dtype("f8")
    )
    x = (x + x.conj().swapaxes(-1, -2)) / 12 + np.diag(2.0 * np.arange(1, n + 1))
    return np.round(x).astype(dtype) if dtype.kind == "i" else x.astype(dtype)


positive: Draw = _positive

SL = "jax.scipy.linalg"
H = "(lambda m: jnp.conj(jnp.swapaxes(m, -1, -2)))"


def on(text, shapes=SQUARE, args=dominant, dtypes=SOME, **options) -> Row:
    """A row for a line of code over matrices x."""
    shapes = [tuple(each) for each in shapes]
    return written(text, *shapes, args=args, dtypes=dtypes, **options)
