"""Arrays made from values and by rule, against NumPy and jax."""

import warnings

import numpy
import pytest

import minijax
import minijax.numpy as jnp
from minijax.test_util import check_grads

from .expressions import (
    comparisons,
    type_text,
)

SHARED = """
array([1, 2])
array([1, 2.5])
array([1, 2j])
array([True, 2])
array([])
array([[1, 2], [3, 4]])
array([f, f])
array([[f[0], 2], [3, f[1]]])
array((1, (2)))
array(range(3))
array([1, 2], ndmin=3)
array(numpy.ones(2))
array([numpy.int8(2), numpy.int8(3)])
array(memoryview(b"abc"))
array(1.5, dtype=int)
asarray([1.0, 2.0])
asarray(m)
copy(m)
astype(m, int)
astype(m, bool)
astype(i, complex)
m.astype("int8")
zeros(3)
zeros((2, 3), dtype=int)
zeros([2, 1], bool)
zeros(())
ones((2, 2))
ones(numpy.int64(2))
full((2,), 3)
full((2, 3), f)
full(3, True)
full((2,), 2.5, dtype=int)
empty((0, 2))
zeros_like(m)
zeros_like(i, dtype=float)
zeros_like(m, shape=(2,))
ones_like(b)
full_like(i, 2.5)
full_like(m, f)
arange(3)
arange(3.0)
arange(1, 3)
arange(1, 3, 0.5)
arange(0, 1, 0.1)
arange(5, 1)
arange(5, 1, -2)
arange(2.5, dtype=int)
arange(0)
linspace(0, 1, 5)
linspace(0, 10, 5, dtype=int)
linspace(0, -9, 5, dtype=int)
linspace(0, 1, 1)
linspace(0, 1, 0)
linspace(0, 1, 5, endpoint=False, retstep=True)
linspace(f, 2 * f, 3, axis=-1)
linspace(f, m, 3, axis=1)
linspace(0, 1j, 3)
logspace(0, 2, 3)
logspace(0, 2, 3, base=2)
logspace(f, f + 1, 4, axis=1)
geomspace(1, 100, 3)
geomspace(-1, -100, 3)
geomspace(1, 1000, 3, endpoint=False)
geomspace(1, 1000, 4, dtype=int)
geomspace(1, 10, 1)
eye(2)
eye(2, 3, 1)
eye(3, 2, -1, dtype=int)
identity(2, int)
tri(2)
tri(2, 3, -1, dtype=int)
tril(m, -1)
tril(t, 1)
triu(t)
triu(b[:, None])
diag(f)
diag(f, 1)
diag(f, -2)
diag(m)
diag(m, -1)
diagonal(t)
diagonal(t, 1, 0, 2)
diagonal(t, -1, axis1=2, axis2=1)
diagonal(m, offset=7)
diagflat(m)
diagflat(2.0, 1)
trace(m)
trace(t, 1, 0, 2)
trace(b[:, None] & b)
vander(f)
vander(f, 2, increasing=True)
vander(i, 5)
vander(f, 0)
meshgrid(f, s)
meshgrid(f, s, f, indexing="ij")
meshgrid(f, s, sparse=True)
meshgrid(f)
indices((2, 3))
indices((2, 3), sparse=True)
fromfunction(lambda i, j: 10 * i + j, (2, 3), dtype=int)
mgrid[0:3]
mgrid[0:3, 0:2]
mgrid[0:1:3j]
ogrid[0:3, 0:2.0]
ogrid[1:4]
r_[1, 2, 3:5]
r_[f, 0, f]
r_["0,2", f]
r_["0,3,1", f, f]
r_[0:1:3j]
c_[f, f]
c_[m, m]
frombuffer(b"abcd", dtype=numpy.int8)
hanning(5)
hamming(4)
bartlett(4)
blackman(6)
kaiser(4, 14.0)
hanning(0)
hanning(1)
""".strip().splitlines()

JAX_ONLY = """
array(2)
array(2.0)
array(True)
array(1j)
asarray(2.0, dtype=float)
array([2.0, 2])
array([np.asarray(2.0), 2])
array([np.int32(2), 2.0])
array([i8, i8])
array([numpy.int8(2), 2])
array([i8[0], 2])
full((2,), 3.0)
full((2,), np.asarray(2.0))
zeros_like(2.0)
ones_like(2)
full_like(np.asarray(2.0), 2)
full_like(h, 2.5)
zeros(3, "bfloat16")
arange(3, dtype="bfloat16")
arange(numpy.int8(3))
arange(np.array(3))
arange(3, None, 2)
arange(0.0, 1.0, 0.1, dtype="int32")
linspace(0, 1, 1, retstep=True)
linspace(0, 1, 3, dtype="bfloat16")
linspace(h, 2, 3)
logspace(0, 2, 3, dtype=int)
eye(2, dtype=bool)
tril(i8[:, None])
diag(c)
indices((2,), dtype="int8")
copy(2.0)
astype(m, None)
r_["r", f]
r_["-1", f]
""".strip().splitlines()

REFUSED = [
    ("array([[1, 2], [3]])", ValueError),
    ("array('abc')", TypeError),
    ("array(b'abc')", TypeError),
    ("array(None)", ValueError),
    ("array([None, 1])", ValueError),
    ("array([1, 'a'])", TypeError),
    ("array({})", TypeError),
    ("array(object())", TypeError),
    ("array(2**40)", OverflowError),
    ("array([2**40])", OverflowError),
    ("array(300, dtype='uint8')", OverflowError),
    ("array([1, 2], dtype='foo')", TypeError),
    ("array([1, 2], order='F')", NotImplementedError),
    ("zeros(2.0)", TypeError),
    ("zeros((2.0,))", TypeError),
    ("zeros(-1)", TypeError),
    ("zeros_like([1, 2])", TypeError),
    ("full((2,), [1, 2])", TypeError),
    ("arange(0, 1, 0)", ZeroDivisionError),
    ("arange(True)", TypeError),
    ("arange(1j)", ValueError),
    ("arange(m)", ValueError),
    ("arange([3])", TypeError),
    ("linspace(0, 1, -1)", ValueError),
    ("linspace(0, 1, 2.0)", TypeError),
    ("linspace([0], 1)", TypeError),
    ("eye(-1)", ValueError),
    ("eye(2.0)", TypeError),
    ("eye(2, k=1.0)", ValueError),
    ("tril(f)", ValueError),
    ("triu(2.0)", ValueError),
    ("diag(t)", ValueError),
    ("diag(2.0)", ValueError),
    ("diagonal(f)", ValueError),
    ("vander(m)", ValueError),
    ("vander(f, -1)", ValueError),
    ("meshgrid(f, m)", ValueError),
    ("meshgrid(f, copy=False)", ValueError),
    ("meshgrid(f, indexing='a')", ValueError),
    ("fromiter([1, 2], int)", NotImplementedError),
]


(
    test_values_are_numpys,
    test_values_and_types_are_jaxs,
    test_bad_calls_are_refused,
) = comparisons(SHARED, JAX_ONLY, REFUSED)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("zeros(3)", "f32[3]"),
        ("zeros(3, int)", "i32[3]"),
        ("arange(3)", "i32[3]"),
        ("arange(3.0)", "f32[3]"),
        ("arange(numpy.int8(3))", "i8[3]"),
        ("array([1, 2.0])", "f32[2]"),
        ("array([i8[0], 2])", "i8[2]"),
        ("linspace(0, 1, 3)", "f32[3]"),
        ("eye(2)", "f32[2,2]"),
        ("full((2,), True)", "bool[2]"),
        ("astype(m, 'bfloat16')", "bf16[2,3]"),
    ],
)
def test_types(text, types):
    assert type_text(text) == types


def test_python_numbers_are_weakly_typed():
    assert jnp.array(2.0).weak_type
    assert jnp.full((2,), 3).weak_type
    assert jnp.zeros_like(2.0).weak_type
    assert not jnp.array([2.0]).weak_type
    assert not jnp.array(True).weak_type
    assert not jnp.asarray(2.0, dtype=float).weak_type


def test_defaults_are_wide_with_64_bits(x64):
    assert jnp.zeros(2).dtype == numpy.float64
    assert jnp.arange(2).dtype == numpy.int64
    assert jnp.array([1.0, 2.0]).dtype == numpy.float64
    assert jnp.array(2**40).item() == 2**40


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "arange"])
def test_a_64_bit_type_that_is_off_is_narrowed_with_a_warning(name):
    with pytest.warns(UserWarning, match="float64"):
        assert getattr(jnp, name)(3, dtype="float64").dtype == numpy.float32


def test_python_types_are_narrowed_silently():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jnp.zeros(3, float).dtype == numpy.float32
        assert jnp.array([1], dtype=int).dtype == numpy.int32


def test_lists_of_tracers_are_stacked():
    """[[x, 2], [3, x*x]] inside jit and grad."""

    def f(x):
        return jnp.array([[x, 2.0], [3, x * x]])

    assert minijax.jit(f)(3.0).tolist() == [[3.0, 2.0], [3.0, 9.0]]
    assert minijax.jacfwd(f)(3.0).tolist() == [[1.0, 0.0], [0.0, 6.0]]
    assert minijax.grad(lambda x: f(x).sum())(3.0).item() == 7.0


class Wrapped:
    """An object that knows how to become an array."""

    def __jax_array__(self):
        return jnp.ones(2)


class Exported:
    """An object that exports its values to NumPy."""

    def __array__(self, dtype=None, copy=None):
        return numpy.ones(2, dtype)


@pytest.mark.parametrize("make", [Wrapped, Exported])
def test_objects_that_stand_for_arrays(make):
    assert jnp.array(make()).tolist() == [1.0, 1.0]
    assert jnp.array([make(), make()]).tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_array_copies_and_asarray_does_not():
    x = jnp.ones(3)

    assert jnp.asarray(x) is x
    assert jnp.array(x, copy=False) is x
    copied = jnp.array(x)
    x.delete()
    assert copied.tolist() == [1.0, 1.0, 1.0]


def test_host_memory_is_not_shared():
    """Writing to the NumPy array later does not change ours."""
    host = numpy.ones(1000, "float32")
    x = jnp.array(host)
    host[:] = 7

    assert x.sum().item() == 1000.0


def test_filled_arrays_are_broadcasts_not_constants():
    closed = minijax.make_jaxpr(lambda: jnp.zeros((1000, 1000)) + jnp.eye(1000))()

    assert not closed.consts


def test_device_puts_the_array_there():
    device = minijax.devices()[0]

    assert jnp.zeros(3, device=device).devices() == {device}
    assert jnp.array([1, 2], device=device).devices() == {device}


def test_progressions_need_known_numbers():
    with pytest.raises(TypeError, match="stop"):
        minijax.jit(jnp.arange)(3)


DIFFERENTIABLE = {
    "linspace": lambda x: jnp.linspace(x[0], x[1], 5),
    "geomspace": lambda x: jnp.geomspace(x[0], x[1], 5),
    "logspace": lambda x: jnp.logspace(x[0], x[1], 3),
    "diag": lambda x: jnp.diag(x) @ jnp.diag(x, 1)[:2, :2],
    "vander": lambda x: jnp.vander(x, 4),
    "full": lambda x: jnp.full((3, 2), x) ** 2,
    "tril": lambda x: jnp.tril(x * x[:, None]) ** 2,
    "meshgrid": lambda x: jnp.meshgrid(x, x)[0] ** 2,
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives_agree_with_central_differences(name, x64):
    x = jnp.array([1.5, 2.5])

    check_grads(DIFFERENTIABLE[name], (x,), order=2, atol=1e-6, rtol=1e-6)
