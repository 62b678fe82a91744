"""Primitives of users, whose rules arrive one by one in JAX's form."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import core, grad, jit, jvp, make_jaxpr, vjp, vmap
from minijax.core.primitive import registry
from minijax.extend.core import Primitive
from minijax.interpreters import ad, batching, mlir, xla
from minijax.test_util import check_grads


def multiply_add_primitive():
    """x * y + z with every rule, as the page 'JAX primitives' of JAX builds it."""
    p = Primitive("multiply_add")

    def bind(x, y, z):
        return p.bind(x, y, z)

    def zero(x, like):
        return jnp.zeros_like(like) if type(x) is ad.Zero else x

    @p.def_impl
    def impl(x, y, z):
        return np.add(np.multiply(x, y), z)

    @p.def_abstract_eval
    def abstract(x, y, z):
        assert x.shape == y.shape == z.shape
        return core.ShapedArray(x.shape, x.dtype)

    def jvp_rule(primals, tangents):
        x, y, z = primals
        x_dot, y_dot, z_dot = [zero(t, x) for t in tangents]
        return bind(x, y, z), bind(x_dot, y, bind(x, y_dot, z_dot))

    def transpose(ct, x, y, z):
        unknown = [ad.is_undefined_primal(v) for v in (x, y, z)]
        return (
            bind(ct, y, jnp.zeros_like(ct)) if unknown[0] else None,
            bind(x, ct, jnp.zeros_like(ct)) if unknown[1] else None,
            ct if unknown[2] else None,
        )

    def batch(operands, dims):
        size = next(
            x.shape[d] for x, d in zip(operands, dims, strict=True) if d is not None
        )
        pairs = zip(operands, dims, strict=True)
        return bind(*[batching.bdim_at_front(x, d, size) for x, d in pairs]), 0

    ad.primitive_jvps[p] = jvp_rule
    ad.primitive_transposes[p] = transpose
    batching.primitive_batchers[p] = batch
    mlir.register_lowering(
        p, mlir.lower_fun(lambda x, y, z: x * y + z, multiple_results=False)
    )
    return p


def square_add(p):
    return lambda a, b: p.bind(a, a, b)


def test_every_transformation_of_a_primitive_of_a_user():
    """f(a, b) = a^2 + b: 14 at (2, 10), slope 4, and in every composition."""
    f = square_add(multiply_add_primitive())
    xs, ys = np.array([2.0, 3.0], "float32"), np.array([10.0, 20.0], "float32")

    assert f(2.0, 10.0) == 14.0
    assert jit(f)(2.0, 10.0) == 14.0
    np.testing.assert_allclose(jvp(f, (2.0, 10.0), (1.0, 1.0)), (14.0, 5.0))
    assert grad(f)(2.0, 10.0) == 4.0
    assert jit(grad(f))(2.0, 10.0) == grad(jit(f))(2.0, 10.0) == 4.0
    assert grad(grad(f))(2.0, 10.0) == 2.0
    np.testing.assert_array_equal(vmap(f)(xs, ys), [14.0, 29.0])
    np.testing.assert_array_equal(vmap(f, (0, None))(xs, 1.0), [5.0, 10.0])
    np.testing.assert_array_equal(jit(vmap(grad(f)))(xs, ys), [4.0, 6.0])
    np.testing.assert_array_equal(grad(lambda x: vmap(f)(x, ys).sum())(xs), [4.0, 6.0])
    check_grads(f, (jnp.array(2.0), jnp.array(10.0)), order=2)


def test_a_program_shows_the_primitive():
    f = square_add(multiply_add_primitive())

    assert str(make_jaxpr(f)(2.0, 10.0)) == (
        "{ lambda ; a:f32[] b:f32[]. let c:f32[] = multiply_add a a b in (c,) }"
    )


def test_every_primitive_is_an_instance_and_users_ones_are_not_in_the_table():
    p = Primitive("sin")

    assert isinstance(p, Primitive)
    assert isinstance(minijax.lax.sin_p, Primitive)
    assert registry["sin"] is minijax.lax.sin_p
    assert not isinstance("sin", Primitive)


def test_missing_rules_are_named():
    p = Primitive("bare")
    x = jnp.ones(2)
    with pytest.raises(NotImplementedError, match="Abstract evaluation for 'bare'"):
        jit(p.bind)(x)
    p.def_abstract_eval(lambda x: x)
    with pytest.raises(NotImplementedError, match="bare: no lowering rule"):
        jit(p.bind)(x)
    with pytest.raises(NotImplementedError, match="bare: no jvp rule"):
        jvp(p.bind, (x,), (x,))
    with pytest.raises(NotImplementedError, match="bare: no batch rule"):
        vmap(p.bind)(x)
    ad.primitive_jvps[p] = lambda xs, ts: (p.bind(*xs), p.bind(*ts))
    p.def_impl(lambda x: x)
    with pytest.raises(NotImplementedError, match="bare: no transpose rule"):
        grad(lambda x: p.bind(x).sum())(x)


def test_a_lowered_primitive_needs_no_impl():
    """Un-jitted calls compile and run the lowering; so does apply_primitive."""
    p = Primitive("twice")
    p.def_abstract_eval(lambda x: x)
    mlir.register_lowering(p, mlir.lower_fun(lambda x: x + x, multiple_results=False))

    assert p.bind(3.0) == 6.0
    assert xla.apply_primitive(p, 4.0) == 8.0
    assert p.impl(5.0) == 10.0


def test_several_results_and_parameters():
    """split(x, at) is a tuple; its rules take and give sequences."""
    p = Primitive("cut")
    p.multiple_results = True

    @p.def_abstract_eval
    def abstract(x, *, at):
        return [
            core.ShapedArray((at,), x.dtype),
            core.ShapedArray((x.size - at,), x.dtype),
        ]

    def cut(x, *, at):
        return [x[:at], x[at:]]

    def transpose(cts, x, *, at):
        cts = [ad.instantiate_zeros(ct) for ct in cts]
        return [jnp.concatenate(cts)]

    mlir.register_lowering(p, mlir.lower_fun(cut, multiple_results=True))
    ad.deflinear2(p, transpose)
    x = jnp.arange(5.0)
    first, rest = p.bind(x, at=2)

    np.testing.assert_array_equal(first, [0, 1])
    np.testing.assert_array_equal(rest, [2, 3, 4])
    np.testing.assert_array_equal(jit(lambda x: p.bind(x, at=2)[1])(x), [2, 3, 4])
    np.testing.assert_array_equal(
        grad(lambda x: (p.bind(x, at=2)[0] ** 2).sum())(x), [0, 2, 0, 0, 0]
    )


def test_linear_primitives_by_deflinear():
    """The transpose rule gets the cotangent alone."""
    p = Primitive("triple")
    p.def_impl(lambda x: 3 * x)
    p.def_abstract_eval(lambda x: x)
    ad.deflinear(p, lambda ct: [p.bind(ct)])

    assert grad(p.bind)(1.0) == 3.0
    assert jvp(p.bind, (1.0,), (2.0,)) == (3.0, 6.0)
    assert minijax.linear_transpose(p.bind, 1.0)(2.0) == (6.0,)


def test_partial_derivatives_by_defjvp():
    """One rule per operand, with and without the result; None is zero."""
    p, q = Primitive("power"), Primitive("tangent")
    for primitive, f in ((p, lambda x, y: x**y), (q, jnp.tanh)):
        primitive.def_impl(f)
        primitive.def_abstract_eval(lambda x, *others: x)
    ad.defjvp(p, lambda t, x, y: t * y * x ** (y - 1), None)
    ad.defjvp2(q, lambda t, out, x: t * (1 - out * out))

    assert grad(p.bind)(3.0, 2.0) == 6.0
    assert grad(p.bind, argnums=1)(3.0, 2.0) == 0.0
    np.testing.assert_allclose(grad(q.bind)(0.5), 1 - np.tanh(0.5) ** 2, rtol=1e-6)


def test_bilinear_primitives():
    p = Primitive("product")
    p.def_impl(lambda x, y: x @ y)
    p.def_abstract_eval(
        lambda x, y: core.ShapedArray((x.shape[0], y.shape[1]), x.dtype)
    )
    ad.defbilinear(p, lambda ct, x, y: ct @ y.T, lambda ct, x, y: x.T @ ct)
    x, y = jnp.ones((2, 3)), jnp.arange(12.0).reshape(3, 4)
    _, pull = vjp(p.bind, x, y)
    x_bar, y_bar = pull(jnp.ones((2, 4)))

    np.testing.assert_allclose(x_bar, np.ones((2, 4)) @ np.asarray(y).T)
    np.testing.assert_allclose(y_bar, np.ones((3, 4)) * 2)


@pytest.mark.parametrize(
    "table", ["axis_primitive_batchers", "fancy_primitive_batchers"]
)
def test_batching_rules_that_know_the_axis(table):
    p = Primitive("count")
    p.def_impl(lambda x: x)
    p.def_abstract_eval(lambda x: x)
    seen = []

    def with_axis(size, name, trace_type, operands, dims):
        seen.append((size, name))
        return operands[0] * size, dims[0]

    def with_data(axis, operands, dims):
        return with_axis(axis.size, axis.name, None, operands, dims)

    rule = with_axis if table.startswith("axis") else with_data
    getattr(batching, table)[p] = rule

    np.testing.assert_array_equal(vmap(p.bind, axis_name="i")(jnp.ones(3)), [3, 3, 3])
    assert seen == [(3, "i")]


def test_elementwise_batching_rules():
    """defvectorized, defbroadcasting and defreducer."""
    double, add, total = Primitive("double"), Primitive("plus"), Primitive("total")
    double.def_impl(lambda x: 2 * x)
    add.def_impl(lambda x, y: x + y)
    total.def_impl(lambda x, *, axes: x.sum(axes))
    batching.defvectorized(double)
    batching.defbroadcasting(add)
    batching.defreducer(total)
    x, y = jnp.arange(6.0).reshape(2, 3), jnp.arange(3.0)

    np.testing.assert_array_equal(vmap(double.bind, 1, 1)(x), 2 * x)
    np.testing.assert_array_equal(vmap(add.bind, (1, None))(x, 1.0), x.T + 1)
    np.testing.assert_array_equal(
        vmap(add.bind, (1, 0))(x, y), np.asarray(x).T + np.asarray(y)[:, None]
    )
    np.testing.assert_array_equal(
        vmap(lambda x: total.bind(x, axes=(0,)), 1)(x), np.asarray(x).sum(0)
    )


def test_effects_keep_a_step_in_the_program():
    """A step whose results are not used stays if its rule says that it acts."""

    class Noise(minijax.extend.core.Effect):
        pass

    p = Primitive("noisy")
    p.def_effectful_abstract_eval(lambda x: (x, {Noise()}))
    mlir.register_lowering(p, mlir.lower_fun(lambda x: x, multiple_results=False))

    def f(x):
        p.bind(x)
        return x + 1

    closed = make_jaxpr(f)(1.0)
    (effect,) = closed.effects

    assert isinstance(effect, Noise)
    assert closed.eqns[0].effects == closed.effects
    assert jit(f)(1.0) == 2.0


def test_rules_of_ours_are_read_in_jax_s_form_and_cannot_be_set():
    sin_p, mul_p = minijax.lax.sin_p, minijax.lax.mul_p
    out, tangent = ad.primitive_jvps[sin_p]([0.0], [1.0])
    _, nothing = ad.primitive_jvps[sin_p]([0.0], [ad.Zero(core.get_aval(0.0))])
    left, right = ad.primitive_transposes[mul_p](
        jnp.ones(2), ad.UndefinedPrimal(core.ShapedArray((2,), "float32")), jnp.ones(2)
    )
    batched, dim = batching.primitive_batchers[sin_p]([jnp.zeros(3)], [0])

    assert (out, tangent) == (0.0, 1.0)
    assert type(nothing) is ad.Zero
    np.testing.assert_array_equal(left, [1, 1])
    assert right is None
    assert (batched.shape, dim) == ((3,), 0)
    assert sin_p in ad.primitive_jvps
    assert Primitive("fresh") not in ad.primitive_jvps
    with pytest.raises(TypeError, match="sin is complete"):
        ad.primitive_jvps[sin_p] = lambda primals, tangents: None
    with pytest.raises(TypeError, match="sin is complete"):
        mlir.register_lowering(sin_p, mlir.lower_fun(jnp.sin))


def test_a_rule_can_be_replaced_and_removed():
    p = Primitive("changing")
    p.def_impl(lambda x: x)
    p.def_abstract_eval(lambda x: x)
    ad.primitive_jvps[p] = lambda xs, ts: (p.bind(*xs), ts[0])
    first = grad(p.bind)(1.0)
    ad.primitive_jvps[p] = lambda xs, ts: (p.bind(*xs), 2 * ts[0])
    second = grad(p.bind)(1.0)
    del ad.primitive_jvps[p]

    assert (first, second) == (1.0, 2.0)
    assert p not in ad.primitive_jvps


def test_a_lowering_may_be_for_one_platform():
    p = Primitive("somewhere")
    p.def_abstract_eval(lambda x: x)
    mlir.register_lowering(p, mlir.lower_fun(lambda x: x + 1, False), platform="tpu")
    with pytest.raises(NotImplementedError, match="no lowering for cpu rule"):
        jit(p.bind)(1.0)
    mlir.register_lowering(p, mlir.lower_fun(lambda x: x - 1, False), platform="cpu")

    assert jit(p.bind)(1.0) == 0.0


def test_a_lowering_by_names_and_by_a_callback():
    """Rules get names; statements are written by ctx.hlo."""
    p, q = Primitive("negated"), Primitive("asked")
    for primitive in (p, q):
        primitive.def_abstract_eval(lambda x: x)

    def negate(ctx, x):
        (aval,) = ctx.avals_out
        return [ctx.hlo.emit(f"stablehlo.negate {x} : {ctx.hlo.type(aval)}")]

    def ask(ctx, x):
        values, _, kept = mlir.emit_python_callback(
            ctx, lambda x: (np.asarray(x) * 10,), None, [x], ctx.avals_in, ctx.avals_out
        )
        ctx.module_context.add_keepalive(kept)
        return values

    mlir.register_lowering(p, negate)
    mlir.register_lowering(q, ask)

    assert jit(p.bind)(2.0) == -2.0
    assert jit(q.bind)(2.0) == 20.0


def test_lowerings_that_do_not_fit_are_refused():
    p = Primitive("unfit")
    p.def_abstract_eval(lambda x: x)
    x = jnp.ones(2)
    mlir.register_lowering(p, mlir.lower_fun(jnp.sum, multiple_results=False))
    with pytest.raises(TypeError, match=r"abstract rule says, f32\[2\], got f32\[\]"):
        jit(p.bind)(x)
    mlir.register_lowering(p, lambda ctx, x: [object()])
    with pytest.raises(TypeError, match="must return names of values"):
        jit(p.bind)(x)
    mlir.register_lowering(p, lambda ctx, x: [])
    with pytest.raises(TypeError, match="must return 1 values, got 0"):
        jit(p.bind)(x)


def test_a_transpose_rule_that_returns_too_little_is_refused():
    p = Primitive("short")
    p.def_impl(lambda x, y: x + y)
    p.def_abstract_eval(lambda x, y: x)
    ad.deflinear2(p, lambda ct, x, y: [ct])
    with pytest.raises(TypeError, match="one cotangent for each of 2 operands, got 1"):
        grad(p.bind)(1.0, 2.0)


def test_zeros_have_a_type_and_become_arrays():
    zero = ad.Zero.from_primal_value(jnp.ones((2, 3)))
    integer = ad.Zero.from_primal_value(jnp.arange(2))

    assert zero.aval is core.ShapedArray((2, 3), "float32")
    np.testing.assert_array_equal(ad.instantiate_zeros(zero), np.zeros((2, 3)))
    assert ad.instantiate_zeros(integer).dtype == minijax.float0
    assert ad.add_tangents(zero, 1.0) == 1.0
    assert ad.add_tangents(2.0, zero) == 2.0
    assert ad.add_tangents(jnp.float32(2.0), jnp.float32(1.0)) == 3.0
