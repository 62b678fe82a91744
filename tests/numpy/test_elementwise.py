"""Elementwise functions at the edges: odd dtypes, special values, weak types."""

import numpy
import pytest

import minijax.numpy as jnp
from minijax import grad, jvp, nn

from .expressions import (
    comparisons,
    type_text,
)

# Expressions that mean the same in NumPy and in jax.
SHARED = """
abs(b)
abs(u)
absolute(i8)
angle(f)
angle(c, deg=True)
array_equiv(m, f)
array_equiv(m, t)
array_equiv(m, s)
bitwise_count(i)
bitwise_count(b)
cbrt(f)
copysign(f, -1.0)
copysign(1.0, f)
fabs(i)
floor_divide(f, 0.5)
fmax(n, 2.0)
fmin(n, 2.0)
gcd(i, 6)
heaviside(f, 0.5)
hypot(f, 3.0)
hypot(inf, -inf)
imag(c)
imag(f)
iscomplex(c)
isneginf(f)
isreal(c)
lcm(i, 4)
ldexp(f, 3)
logaddexp2(f, f)
modf(f)[0]
nan_to_num(n)
power(f, 2)
remainder(i, -3)
rint(f)
round(m, 1)
sign(c)
signbit(f)
sinc(f)
square(i)
trunc(f)
""".strip().splitlines()

JAX_ONLY = """
angle(1.0)
array_equal(1, 1.0)
floor_divide(7.5, 2.0)
floor_divide(b, b)
floor_divide(b, 2)
fmax(1.0, f)
heaviside(1.0, 0.5)
imag(1.0)
isclose(1.0, 1)
iscomplex(1.0)
isin(1, 2)
logaddexp2(1.0, 2.0)
logical_and(1.0, 2.0)
logical_not(1.0)
rint(1)
signbit(1)
sinc(1.0)
square(b)
square(True)
""".strip().splitlines()

REFUSED = [
    ("fabs(c)", TypeError),
    ("hypot(c, 1.0)", ValueError),
    ("ldexp(f, 1.5)", ValueError),
    ("i0(c)", ValueError),
    ("isneginf(c)", ValueError),
    ("isposinf(c)", ValueError),
    ("signbit(c)", ValueError),
    ("unwrap(c)", ValueError),
    ("clip(c, 0, 1)", ValueError),
    ("gcd(f, f)", ValueError),
    ("round(f, out=f)", NotImplementedError),
]


(
    test_values_are_numpys,
    test_values_and_types_are_jaxs,
    test_bad_calls_are_refused,
) = comparisons(SHARED, JAX_ONLY, REFUSED)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("logical_not(1.0)", "bool[]~"),
        ("imag(1.0)", "f32[]~"),
        ("sinc(1.0)", "f32[]~"),
        ("copysign(1.0, f)", "f32[3]"),
        ("isclose(1.0, 1.0)", "bool[]"),
        ("square(b)", "i32[3]"),
    ],
)
def test_types(text, types):
    assert type_text(text) == types


def test_a_cube_root_is_infinitely_steep_at_zero():
    """d x^(1/3) = 1 / (3 y^2), which is 0 at infinity."""
    x = jnp.array([0.0, 8.0, numpy.inf])

    assert jvp(jnp.cbrt, (x,), (jnp.ones(3),))[1].tolist() == pytest.approx(
        [numpy.inf, 1 / 12, 0.0]
    )


@pytest.mark.parametrize("x", [0.5, 5.0, 19.9, 20.1, 60.0])
def test_bessel_functions_have_all_digits_of_f64(x, x64):
    assert float(jnp.i0(x)) == pytest.approx(numpy.i0(x), rel=5e-14)


def test_complex_numbers_are_true_unless_zero():
    """In jax's `all` only the real part counts."""
    z = jnp.array([1j, 0j, 1.0])

    assert z.astype(bool).tolist() == [True, False, True]
    assert jnp.logical_not(z).tolist() == [False, True, False]
    assert not jnp.all(z)
    assert jnp.all(z[::2])


def test_sparse_plus_takes_unsigned_integers():
    assert nn.sparse_plus(numpy.array([200, 0], "uint8")).tolist() == [200.0, 0.25]


def test_a_variance_without_degrees_of_freedom_is_a_constant():
    """It is NaN for every x, in both modes, so that `where` can leave it out."""

    def f(x):
        return jnp.var(x, axis=1, ddof=1).sum()

    x = jnp.array([[1.5], [2.0]])

    assert numpy.isnan(f(x))
    assert grad(f)(x).tolist() == [[0.0], [0.0]]
    assert jvp(f, (x,), (x,))[1].item() == 0.0
