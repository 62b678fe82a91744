"""Keywords that JAX's functions of arrays have, and what is refused of them."""

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import core, lax, make_jaxpr, vmap

X = np.arange(3, dtype=np.float32)


@pytest.mark.parametrize(
    ("function", "keyword"),
    [
        (lambda **k: lax.full((2,), 1.0, **k), "sharding"),
        (lambda **k: lax.full_like(X, 1.0, **k), "sharding"),
        (lambda **k: lax.broadcast(X, (2,), **k), "out_sharding"),
        (lambda **k: lax.broadcast_in_dim(X, (2, 3), (1,), **k), "out_sharding"),
        (lambda **k: lax.broadcasted_iota("int32", (2,), 0, **k), "out_sharding"),
        (lambda **k: lax.reshape(X, (3, 1), **k), "out_sharding"),
        (lambda **k: lax.reduce_sum(X, (0,), **k), "out_sharding"),
    ],
    ids=("full full_like broadcast broadcast_in_dim iota reshape reduce_sum".split()),
)
def test_a_sharding_of_the_result_may_be_none(function, keyword):
    np.testing.assert_array_equal(function(**{keyword: None}), function())
    with pytest.raises(NotImplementedError, match=f": {keyword} is not supported"):
        function(**{keyword: 1})


def test_a_product_may_be_wider_than_its_operands():
    """lax.mul(x, y, out_dtype=d) is the product of x and y as d."""
    x = jnp.bfloat16(1.01)

    assert lax.mul(np.int8(100), np.int8(2), out_dtype="int32") == 200
    assert lax.mul(x, x, out_dtype=np.float32) == np.float32(x) * np.float32(x)
    assert lax.mul(jnp.ones((2, 1)), jnp.ones((1, 3)), out_dtype="int8").shape == (2, 3)
    program = make_jaxpr(lambda x: lax.mul(x, x, out_dtype=np.float32))(x)
    assert str(program.out_avals[0]) == "f32[]"


def test_gathered_values_vary():
    gather = lambda to: vmap(lambda x: lax.all_gather(x, "i", to=to), axis_name="i")(X)  # noqa: E731

    assert gather("varying").shape == (3, 3)
    with pytest.raises(ValueError, match="to must be 'varying' outside of shard_map"):
        gather("reduced")


def test_equations_may_belong_to_the_line_that_runs_them():
    closed = make_jaxpr(lambda x: x + 1)(1.0)
    lines = {
        keep: make_jaxpr(
            lambda x, keep=keep: core.eval_jaxpr(
                closed.jaxpr, (), x, propagate_source_info=keep
            )
        )(1.0).eqns[0].source
        for keep in (True, False)
    }  # fmt: skip

    assert lines[True] == closed.eqns[0].source != lines[False]


def test_names_of_arguments_are_jaxs():
    assert jnp.issubdtype(arg1=np.float32, arg2=np.floating)
    assert core.is_constant_dim(d=3)
    assert core.is_constant_shape(s=(2, 3))
    assert core.concrete_or_error(int, val=3.0, context="a size") == 3
    assert not jnp.isneginf(X, out=None).any()
    with pytest.raises(NotImplementedError, match=r"'out' argument to jnp\.isposinf"):
        jnp.isposinf(X, out=X)
