"""Programs whose calls are written out compute the same, and say it once."""

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import ShapeDtypeStruct, grad, jit, special
from minijax.core.jaxpr import ClosedJaxpr, check_jaxpr, eval_jaxpr
from minijax.optimize import optimize
from minijax.optimize.inlining import inline_calls, merge_equal


def traced(f, *shapes):
    """The optimised program of a function of f32 arrays."""
    args = [ShapeDtypeStruct(shape, np.float32) for shape in shapes]
    return optimize(jit(f).trace(*args).jaxpr)


def test_programs_of_special_functions_are_written_out_and_merged():
    """b = log_beta, and its derivatives: what they share is computed once."""

    def f(a, b):
        value = special.log_beta(a, b)
        return value + grad(special.log_beta)(a, b) + grad(special.log_beta, 1)(a, b)

    closed = traced(f, (), ())
    flat = inline_calls(closed)
    names = [e.primitive.name for e in flat.eqns]
    apart = [inline_calls(traced(special.log_beta, (), ())), *slopes_of_log_beta()]

    assert [e.primitive.name for e in closed.eqns].count("log_beta") == 3
    assert "log_beta" not in names
    assert len(names) < 0.8 * sum(len(one.eqns) for one in apart)
    check_jaxpr(flat)


def slopes_of_log_beta():
    return [inline_calls(traced(grad(special.log_beta, k), (), ())) for k in (0, 1)]


def test_equal_equations_are_merged():
    """b = sin(a) and c = sin(a) are one, and what is computed of both."""

    def f(x, y):
        return jnp.sin(x) * 2.0 + y, jnp.sin(x) * 2.0 - y

    closed = traced(f, (3,), (3,))
    merged = merge_equal(closed.jaxpr)

    assert [e.primitive.name for e in merged.eqns] == ["sin", "mul", "add", "sub"]
    check_jaxpr(ClosedJaxpr(merged, closed.consts))
    x, y = np.float32([0.1, 2.0, -1.0]), np.float32([1.0, 0.0, 5.0])
    for got, expected in zip(
        eval_jaxpr(merged, closed.consts, x, y), jit(f)(x, y), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("weak", [True, False])
def test_inlined_special_functions_keep_the_type_of_their_result(weak):
    """Scalar operands are spread, and weak results stay weak."""

    def f(a, x):
        return special.igamma(a, x), special.igamma(x, 2.0)

    a = 1.5 if weak else np.float32(1.5)
    x = 0.7 if weak else np.linspace(0.1, 2.0, 4, dtype=np.float32)
    closed = jit(f).trace(a, x).jaxpr
    flat = inline_calls(closed)

    assert flat.out_avals == closed.out_avals
    assert flat.out_avals[0].weak_type == weak
    check_jaxpr(flat)
    for got, expected in zip(
        eval_jaxpr(flat.jaxpr, flat.consts, a, x), f(a, x), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-6)
