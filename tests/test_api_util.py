"""Arguments flattened, numbered and named, and programs of flat functions."""

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import api_util, core, tree
from minijax.extend.linear_util import wrap_init
from minijax.interpreters import partial_eval as pe


def test_functions_of_leaves():
    f = lambda x, y, *, z: {"a": x + y["b"], "c": z}  # noqa: E731
    leaves, in_tree = tree.flatten(((1, {"b": 2}), {"z": 3}))
    flat, out_tree = api_util.flatten_fun(wrap_init(f), in_tree)
    out = flat.call_wrapped(*leaves)

    assert out == [3, 3]
    assert tree.unflatten(out_tree(), out) == {"a": 3, "c": 3}
    flat, out_tree = api_util.flatten_fun_nokwargs(
        wrap_init(lambda x, y: (x, y)), tree.structure((1, [2]))
    )
    assert flat.call_wrapped(1, 2) == [1, 2]
    assert out_tree() == tree.structure((1, [2]))


def test_some_arguments_fixed():
    f, remaining = api_util.argnums_partial(
        wrap_init(lambda x, y, z: (x, y, z)), (0, -1), (1, "y", 3)
    )

    assert remaining == (1, 3)
    assert f.call_wrapped(10, 30) == (10, "y", 30)
    with pytest.raises(ValueError, match="must be hashable"):
        api_util.argnums_partial(wrap_init(lambda x, y: x), 0, (1, [2]))


def test_prefixes_and_donation():
    structure = tree.structure(((1, 2), {}))

    assert api_util.flatten_axes("in_axes", structure, ((0, None), None)) == [0, None]
    assert api_util.flatten_axes("in_axes", structure, 1) == [1, 1]
    assert api_util.donation_vector((1,), (), structure) == (False, True)
    named = tree.structure(((1,), {"w": [2, 3]}))
    assert api_util.donation_vector((), ("w",), named) == (False, True, True)
    assert api_util.rebase_donate_argnums((1, 3), (0, 2)) == (0, 1)
    with pytest.raises(ValueError, match="both donated and static"):
        api_util.rebase_donate_argnums((1,), (1,))


def test_where_a_function_is_from():
    def f(x, y):
        return x

    info = api_util.debug_info("jit", f, ({"a": 1}, 2), {}, static_argnums=(1,))

    assert info.func_name == "f"
    assert info.func_filename == __file__
    assert info.arg_names == ("x['a']",)
    assert info.traced_for == "jit"
    assert info.resolve_result_paths().result_paths is None


def test_types_of_arguments():
    class Struct:
        shape, dtype = (2,), np.dtype("float32")

    assert api_util.shaped_abstractify(Struct()) is core.ShapedArray((2,), "float32")
    assert api_util.shaped_abstractify(1).weak_type
    with pytest.raises(ValueError, match="zip"):
        api_util.safe_map(lambda x, y: x, [1], [1, 2])


def test_a_function_is_staged_whole():
    aval = core.ShapedArray((), "float32")
    jaxpr, avals, consts = pe.trace_to_jaxpr_dynamic(
        wrap_init(lambda x, y: [jnp.sin(x) + 1]), [aval, aval]
    )

    assert "sin" in str(jaxpr)
    assert len(jaxpr.invars) == 2
    assert (avals, consts) == ([aval], [])


def test_what_is_known_is_computed():
    """sin(known) is a value; cos(unknown) is a program; both, with instantiate."""
    unknown = pe.PartialVal.unknown(core.ShapedArray((), "float32"))
    pvals = [pe.PartialVal.known(0.5), unknown]
    f = wrap_init(lambda x, y: [jnp.sin(x), jnp.cos(y) * x])
    jaxpr, outs, consts = pe.trace_to_jaxpr_nounits(f, pvals)
    whole, all_unknown, _ = pe.trace_to_jaxpr_nounits(f, pvals, instantiate=True)

    assert outs[0].is_known()
    np.testing.assert_allclose(outs[0].get_known(), np.sin(0.5), rtol=1e-6)
    assert outs[1].get_aval().shape == ()
    assert outs[1].get_known() is None
    assert (len(jaxpr.outvars), len(whole.outvars)) == (1, 2)
    assert not any(p.is_known() for p in all_unknown)
    np.testing.assert_allclose(
        core.eval_jaxpr(jaxpr, [], *consts, jnp.float32(0.0))[0], 0.5
    )
    with pytest.raises(TypeError, match="must be a type or None"):
        pe.PartialVal((1.0, None))


def test_results_that_are_not_wanted_are_not_computed():
    aval = core.ShapedArray((), "float32")
    jaxpr, _, _ = pe.trace_to_jaxpr_dynamic(
        wrap_init(lambda x, y: [jnp.sin(x), jnp.cos(y)]), [aval, aval]
    )
    small, used = pe.dce_jaxpr(jaxpr, [True, False])
    kept, all_used = pe.dce_jaxpr(jaxpr, [True, False], instantiate=True)

    assert [eqn.primitive.name for eqn in small.eqns] == ["sin"]
    assert (used, all_used) == ([True, False], [True, True])
    assert (len(small.invars), len(kept.invars)) == (1, 2)
