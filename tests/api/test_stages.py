"""Stages of a jitted function know its arguments and results."""

import pytest

import minijax.numpy as jnp
from minijax import ShapeDtypeStruct, core, eval_shape, jit, make_jaxpr, stages, tree


def f(x, y, *, scale):
    return {"sum": (x + y) * scale}


def staged():
    x = jnp.ones(3)
    traced = jit(f, donate_argnums=1, static_argnames="scale").trace(x, x, scale=2)
    lowered = traced.lower()
    return traced, lowered, lowered.compile()


@pytest.mark.parametrize("k", range(3))
def test_every_stage_knows_arguments_and_results(k):
    stage = staged()[k]
    aval = core.ShapedArray((3,), "float32")
    (first, second), named = stage.args_info

    assert stage.in_tree == tree.structure(((1, 2), {}))
    assert stage.in_avals == ((aval, aval), {})
    assert (first, second) == (
        stages.ArgInfo(aval, False),
        stages.ArgInfo(aval, True),
    )
    assert named == {}
    assert (second.shape, second.dtype) == ((3,), "float32")
    assert repr(first) == "ArgInfo(f32[3], donated=False)"
    assert stage.donate_argnums == (1,)
    assert stage.out_tree == tree.structure({"sum": 0})
    assert stage.out_avals == {"sum": aval}
    assert stage.out_info == {"sum": ShapeDtypeStruct((3,), "float32")}


def test_stages_are_classes():
    traced, lowered, compiled = staged()

    assert isinstance(jit(f), stages.Wrapped)
    assert isinstance(traced, stages.Traced)
    assert isinstance(lowered, stages.Lowered)
    assert isinstance(compiled, stages.Compiled)
    assert traced.fun_name == "f"


def test_a_compiled_stage_says_where_it_runs_and_what_it_costs():
    x = jnp.ones(3)
    compiled = jit(lambda x: x + 1).lower(x).compile()

    assert compiled.input_shardings == ((x.sharding,), {})
    assert compiled.output_shardings == x.sharding
    assert compiled.call(x)[0] == 2
    assert compiled.cost_analysis()["flops"] == 3
    assert compiled.memory_analysis().argument_size_in_bytes == 12
    assert "HloModule" in compiled.as_text()


def test_a_description_stands_for_a_result_when_only_types_are_asked():
    struct = ShapeDtypeStruct((3,), "float32")

    assert eval_shape(lambda: struct) == struct
    assert eval_shape(lambda x: (x, struct), 1.0)[1] == struct
    assert make_jaxpr(lambda: struct)().out_avals == [struct.aval]
    with pytest.raises(TypeError, match="has no values"):
        jit(lambda: struct)()


def test_descriptions_of_arrays():
    x = jnp.ones((2, 3))
    like = ShapeDtypeStruct.like(x)

    assert like.sharding == x.sharding
    assert like.format.sharding == x.sharding
    assert like != ShapeDtypeStruct((2, 3), "float32")
    assert like.update(shape=(1,)).sharding == x.sharding
    assert hash(like) == hash(ShapeDtypeStruct.like(x))
    assert not like.is_ref
    assert like.manual_axis_type is None
    with pytest.raises(ValueError, match="dtype must be specified"):
        ShapeDtypeStruct((2,), None)
    with pytest.raises(NotImplementedError, match="vma"):
        ShapeDtypeStruct((2,), "float32", vma={"i"})
