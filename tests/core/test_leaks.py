"""`check_tracer_leaks`: traced values that are hidden are found, and no others."""

import pytest

import minijax
import minijax.numpy as jnp
from minijax import errors, grad, jit, lax, vmap
from minijax.config import check_tracer_leaks, checking_leaks

kept = []


def leaky(x):
    kept.append(x * 2)
    return x


@pytest.fixture(autouse=True)
def _nothing_kept():
    kept.clear()
    yield
    kept.clear()


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: jit(leaky)(1.0), "StageTrace"),
        (lambda: vmap(leaky)(jnp.ones(2)), "BatchTrace"),
        (lambda: jit(grad(leaky))(1.0), "StageTrace"),
        (lambda: minijax.make_jaxpr(leaky)(1.0), "StageTrace"),
        (
            lambda: lax.scan(lambda c, _: (leaky(c), None), 1.0, None, length=2),
            "StageTrace",
        ),
    ],
    ids=["jit", "vmap", "jit of grad", "make_jaxpr", "scan"],
)
def test_a_hidden_value_is_an_error(call, kind):
    with checking_leaks():
        with pytest.raises(errors.UnexpectedTracerError) as caught:
            call()
        message = str(caught.value)
    kept.clear()

    assert message.startswith(f"Leaked trace {kind}. Leaked tracer(s): f32[] traced ")
    assert "kept in: " in message


def test_without_the_option_hiding_is_no_error():
    jit(leaky)(1.0)

    assert len(kept) == 1


def test_a_value_hidden_under_grad_is_found_where_it_is_traced():
    """As in JAX, which checks what stages and what batches."""
    with check_tracer_leaks(True):
        grad(leaky)(1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: jit(grad(jnp.sin))(1.0),
        lambda: jit(vmap(grad(lambda x: jnp.tanh(x) ** 2)))(jnp.ones(3)),
        lambda: minijax.hessian(lambda x: (x**3).sum())(jnp.ones(2)),
        lambda: grad(lambda x: lax.fori_loop(0, 3, lambda k, y: y * x, x))(2.0),
        lambda: jit(lambda x: lax.cond(x > 0, lambda y: y * x, lambda y: y - x, 1.0))(
            1.0
        ),
        lambda: grad(minijax.checkpoint(lambda x: jnp.sin(jnp.sin(x))))(1.0),
        lambda: jit(lambda x: minijax.vjp(jnp.sin, x)[1])(1.0),
        lambda: minijax.jvp(vmap(jit(jnp.cos)), (jnp.ones(3),), (jnp.ones(3),)),
    ],
    ids=["grad", "vmap", "hessian", "loop", "cond", "checkpoint", "pullback", "jvp"],
)
def test_programs_that_hide_nothing_pass(call):
    with checking_leaks():
        call()
