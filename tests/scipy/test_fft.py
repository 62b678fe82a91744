"""Discrete cosine transforms: SciPy's values, the laws, and the messages."""

import numpy as np
import pytest
import scipy.fft

from minijax.scipy import fft

from ..laws import Case, check_batched, check_derivatives, check_value


def both(name: str, *args, dtype: str = "f64", shape=(3, 5, 4), **kwargs) -> Case:
    """A transform and SciPy's."""
    return Case(
        f"{name}{args}{kwargs or ''}{dtype}",
        lambda x: getattr(fft, name)(x, *args, **kwargs),
        [shape],
        (dtype,),
        None,
        lambda x: getattr(scipy.fft, name)(x, *args, **kwargs),
        exact=False,
    )


CASES = [
    *[
        both(name, n=n, axis=1, norm=norm)
        for name in ("dct", "idct")
        for n, norm in [(None, None), (8, "ortho"), (3, "backward"), (1, None)]
    ],
    *[both(name, dtype="c128", norm="ortho") for name in ("dct", "idct")],
    *[
        both(f"{name}n", s=s, axes=axes, norm=norm)
        for name in ("dct", "idct")
        for s, axes, norm in [
            (None, None, "ortho"),
            ((2, 6), None, None),
            ((4, 3), (2, 0), "ortho"),
            (None, (-1,), None),
        ]
    ],
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_laws(case):
    check_value(case, *case.dtypes)
    check_derivatives(case, *case.dtypes)


@pytest.mark.parametrize("case", CASES[::4], ids=str)
def test_batching(case):
    check_batched(case, *case.dtypes)


@pytest.mark.parametrize("n", range(1, 9))
def test_the_inverse_undoes_the_transform(n):
    x = np.random.default_rng(n).normal(size=(2, n)).astype("float32")

    np.testing.assert_allclose(fft.idct(fft.dct(x)), x, atol=1e-6)
    np.testing.assert_allclose(fft.dct(x), scipy.fft.dct(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: fft.dct(np.ones(3), type=3),
            NotImplementedError,
            "dct: only type 2 is supported, got type=3. The inverse of it is of type "
            "3.",
        ),
        (
            lambda: fft.idct(np.ones(3), norm="forward"),
            ValueError,
            "idct: norm must be None, 'backward' or 'ortho', got 'forward'.",
        ),
        (
            lambda: fft.dct(np.ones(3), n=0),
            ValueError,
            "dct: the number of points must be positive, got 0.",
        ),
        (
            lambda: fft.dctn(np.ones((3, 3)), s=(2, 2), axes=(1,)),
            ValueError,
            "dctn: s and axes must have equal lengths, got s=(2, 2) and axes=(1,).",
        ),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error) as raised:
        call()

    assert str(raised.value) == message
