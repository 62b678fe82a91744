"""Primitives whose lowering is a program: what they are in programs, and derived."""

import numpy as np
import pytest

import minijax
from minijax import (
    grad,
    hessian,
    jit,
    jvp,
    lax,
    linear_transpose,
    make_jaxpr,
    special,
    vmap,
)
from minijax import numpy as jnp
from minijax.config import fusion_cuts


def test_a_special_function_is_one_equation():
    """c = igamma a b, and its derivative has an order."""
    text = str(make_jaxpr(special.igamma)(1.0, 2.0))
    slope = str(make_jaxpr(grad(special.igamma))(1.0, 2.0))

    assert "igamma a b" in text
    assert "igamma[order=(1, 0)] a b" in slope


def test_its_program_is_a_function_written_once():
    """Two calls of one type share the private function, if nothing is cut inside."""

    def twice(a, x):
        return special.igamma(a, x) + special.igamma(x, a)

    x = np.ones(3, np.float32)
    with fusion_cuts(False):
        text = jit(twice).lower(x, x).as_text()

    assert text.count("func.func private @igamma(") == 1
    assert text.count("func.call @igamma(") == 2


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    """The result is that of f32, rounded."""
    a = jnp.array([0.3, 2.0, 9.0], dtype)
    x = jnp.array([0.5, 2.5, 7.0], dtype)
    wide = special.igamma(a.astype(np.float32), x.astype(np.float32))

    np.testing.assert_array_equal(
        np.asarray(special.igamma(a, x)), np.asarray(wide.astype(dtype))
    )


def test_scalars_meet_arrays():
    """A scalar operand counts for all elements, and gets the sum of its cotangents."""
    x = np.array([0.5, 1.0, 4.0], np.float32)
    value = special.igamma(np.float32(2.0), x)
    slope = grad(lambda a: jnp.sum(special.igamma(a, x)))(np.float32(2.0))
    each = vmap(grad(special.igamma), in_axes=(None, 0))(np.float32(2.0), x)

    np.testing.assert_allclose(value, special.igamma(np.full(3, 2, np.float32), x))
    np.testing.assert_allclose(slope, np.sum(each), rtol=1e-6)


def test_reverse_mode_is_a_product_with_the_partial_derivative():
    """The linear part of the derivative is transposed as a multiplication."""
    a, x = np.float32(2.0), np.float32(3.0)
    push = lambda t: jvp(lambda a: lax.igamma(a, x), (a,), (t,))[1]  # noqa: E731
    (back,) = linear_transpose(push, a)(np.float32(1.0))

    np.testing.assert_allclose(back, push(np.float32(1.0)))


def test_mixed_derivatives_commute():
    """d/da d/dx = d/dx d/da, one by the density and one by the integral."""
    with minijax.enable_x64(True):
        f = hessian(lambda p: special.betainc(p[0], p[1], p[2]))
        h = np.asarray(f(np.array([1.7, 3.2, 0.35])))

    np.testing.assert_allclose(h, h.T, rtol=1e-12)
