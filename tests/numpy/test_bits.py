"""Packed bits and the parts of floats, against NumPy."""

import ml_dtypes
import numpy as np
import pytest

import minijax
from minijax import grad, jit, vmap
from minijax import numpy as jnp
from minijax.config import enable_x64

SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 1e-45, -3.0, 5.0, 0.5, 2**-126.0]
FLOATS = ("float16", "float32", "float64", ml_dtypes.bfloat16)


def numbers(dtype):
    """Normal and subnormal numbers of all sizes, and the special ones."""
    stream = np.random.default_rng(0)
    x = stream.normal(size=200) * 10.0 ** stream.integers(-12, 6, size=200)
    with np.errstate(all="ignore"):
        return np.concatenate([x, SPECIAL]).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_frexp_takes_numbers_apart(dtype):
    """x = mantissa 2^exponent and 1/2 <= |mantissa| < 1, subnormal numbers included."""
    x = numbers(dtype)
    with enable_x64(True):
        mantissa, exponent = map(np.asarray, jit(jnp.frexp)(x))
    wanted, powers = np.frexp(x.astype(np.float64))

    assert mantissa.dtype == x.dtype
    assert exponent.dtype == np.int32
    np.testing.assert_array_equal(mantissa.astype(np.float64), wanted)
    np.testing.assert_array_equal(exponent[np.isfinite(wanted)], powers[np.isfinite(x)])


def test_derivative_of_the_mantissa():
    """A power of two; the exponent has none."""
    assert grad(lambda x: jnp.frexp(x)[0])(3.0) == 0.25
    assert vmap(grad(lambda x: jnp.frexp(x)[0]))(jnp.array([1.0, -5.0])).tolist() == [
        0.5,
        0.125,
    ]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_spacing_is_the_distance_to_the_next_number(dtype):
    x = numbers(dtype)
    x = np.concatenate([x[x != 0], [np.finfo(dtype).max]]).astype(dtype)
    with enable_x64(True):
        got = jnp.spacing(x)
    with np.errstate(all="ignore"):
        wanted = np.spacing(x)
    if dtype == "float16":
        wanted = np.copysign(wanted, x)  # NumPy leaves out the sign there

    assert got.dtype == x.dtype
    np.testing.assert_array_equal(np.asarray(got), wanted)


def test_spacing_of_zero_and_of_one():
    assert jnp.spacing(jnp.float32(0)) == np.spacing(np.float32(0))
    assert jnp.spacing(1) == np.finfo("float32").eps
    assert jnp.spacing(jnp.bfloat16(1)) == 2.0**-7
    assert grad(jnp.spacing)(1.0) == 0


@pytest.mark.parametrize("order", ["big", "little"])
@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("shape", [(9,), (8, 2), (3, 17), (0, 3)])
def test_bits_are_packed_and_unpacked(shape, axis, order):
    bits = np.random.default_rng(1).integers(0, 2, size=shape)
    wanted = np.packbits(bits, axis, order)

    packed = jnp.packbits(bits, axis, order)
    np.testing.assert_array_equal(packed, wanted)
    # NumPy fills up empty arrays with whatever is in memory.
    for count in (None, 5, 40, -3) if bits.size else (None, 0):
        got = jit(lambda x, n=count: jnp.unpackbits(x, axis, n, order))(packed)
        np.testing.assert_array_equal(got, np.unpackbits(wanted, axis, count, order))


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: jnp.packbits(jnp.ones(3)), TypeError, "Compare first"),
        (lambda: jnp.packbits(jnp.arange(3), bitorder="x"), ValueError, "bitorder"),
        (lambda: jnp.packbits(jnp.arange(3), axis=1), ValueError, "out of bounds"),
        (lambda: jnp.unpackbits(jnp.arange(3)), TypeError, "uint8"),
        (lambda: jnp.frexp(1j), TypeError, "real"),
        (lambda: jnp.spacing(1j), ValueError, "real"),
    ],
    ids=range(6),
)
def test_bad_calls_say_what_is_wrong(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_the_array_api_is_answered():
    info = jnp.__array_namespace_info__()
    with enable_x64(True):
        wide = info.dtypes(kind="real floating")

    assert info.default_dtypes()["integral"] == np.int32
    assert set(info.dtypes(kind="real floating")) == {"float32"}
    assert set(wide) == {"float32", "float64"}
    assert set(info.dtypes(kind=("bool", "complex floating"))) == {"bool", "complex64"}
    assert minijax.devices()[0] in info.devices()
    with pytest.raises(KeyError, match="kind must be one of"):
        info.dtypes(kind="no such kind")


def test_files_that_numpy_wrote_are_loaded(tmp_path):
    for dtype in ("float32", "bfloat16", "int8"):
        x = jnp.arange(3, dtype=dtype)
        jnp.save(tmp_path / "x.npy", x)
        got = jnp.load(tmp_path / "x.npy")

        assert isinstance(got, minijax.Array)
        assert got.dtype == x.dtype
        assert got.tolist() == [0, 1, 2]
    jnp.savez(tmp_path / "two.npz", a=np.arange(2), b=np.ones(3))
    assert isinstance(jnp.load(tmp_path / "two.npz")["a"], np.ndarray)
