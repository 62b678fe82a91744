"""Derivatives: modes agree, structures are kept, Python control flow works."""

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import (
    checkpoint,
    custom_jvp,
    custom_vjp,
    grad,
    hessian,
    jacfwd,
    jacrev,
    jit,
    jvp,
    linear_transpose,
    linearize,
    make_jaxpr,
    value_and_grad,
    vjp,
    vmap,
)
from minijax.lax import psum, stop_gradient
from minijax.test_util import check_grads


def f(x, y):
    return jnp.sin(x) * y + x**3 / (1 + y**2)


@pytest.fixture(autouse=True)
def double_precision():
    with minijax.enable_x64(True):
        yield


ROADS = {
    "eager": lambda g: g,
    "jit": jit,
    "checkpoint": checkpoint,
    "jit of checkpoint": lambda g: jit(checkpoint(g)),
    "checkpoint of jit": lambda g: checkpoint(jit(g)),
}


@pytest.mark.parametrize("inner", ROADS, ids=str)
@pytest.mark.parametrize("outer", ["eager", "jit"], ids=str)
def test_every_road_gives_the_same_derivatives(inner, outer):
    """Orders one to three, both modes mixed, whatever is compiled or recomputed."""
    g, wrap = ROADS[inner](f), ROADS[outer]
    x, y = 0.7, 1.3
    fx = np.cos(x) * y + 3 * x**2 / (1 + y**2)
    fxx = -np.sin(x) * y + 6 * x / (1 + y**2)
    fxxx = -np.cos(x) * y + 6 / (1 + y**2)

    np.testing.assert_allclose(wrap(grad(g))(x, y), fx, rtol=1e-12)
    np.testing.assert_allclose(wrap(jacfwd(g))(x, y), fx, rtol=1e-12)
    for second in (grad(grad(g)), jacfwd(grad(g)), grad(jacfwd(g)), hessian(g)):
        np.testing.assert_allclose(wrap(second)(x, y), fxx, rtol=1e-12)
    for third in (grad(grad(grad(g))), jacfwd(grad(jacfwd(g)))):
        np.testing.assert_allclose(wrap(third)(x, y), fxxx, rtol=1e-12)


def test_perturbations_are_not_confused():
    """d/dx (x * d/dy (x + y)) = 1 (Siskind and Pearlmutter 2005)."""
    assert float(grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0)) == 1
    inner = lambda x: lambda y: x + y  # noqa: E731
    outer = lambda x: x * jvp(inner(x), (1.0,), (1.0,))[1]  # noqa: E731
    assert float(jvp(outer, (1.0,), (1.0,))[1]) == 1


def test_python_control_flow_sees_concrete_values():
    def branchy(x):
        total = 0.0
        while total < 10:
            total = total + x if x > 1 else total + 2 * x
        try:
            return [total][int(x) + 1]
        except IndexError:
            return total

    assert float(grad(branchy)(3.0)) == 4
    assert float(jvp(branchy, (0.5,), (1.0,))[1]) == 20
    assert float(vjp(branchy, 3.0)[1](1.0)[0]) == 4
    assert float(linearize(branchy, 3.0)[1](1.0)) == 4


def test_trees_in_trees_out():
    def loss(params, x):
        return sum(jnp.sum(w * x) for w in params["layers"]) * params["scale"]

    params = {"layers": [np.ones(3), np.full(3, 2.0)], "scale": 2.0}

    value, grads = value_and_grad(loss)(params, np.arange(3.0))

    assert float(value) == 18
    assert float(grads["scale"]) == 9
    np.testing.assert_array_equal(grads["layers"][1], [0, 2, 4])


def test_argnums_and_aux():
    def g(x, y, z):
        return x * y + z, {"x": x, "label": 3}

    grads, aux = grad(g, argnums=(0, -1), has_aux=True)(2.0, 3.0, 4.0)

    assert [float(v) for v in grads] == [3, 1]
    assert float(aux["x"]) == 2
    assert aux["label"] == 3


def test_integers_have_float0_derivatives():
    grads = grad(lambda x, n: x * n, argnums=(0, 1), allow_int=True)(2.0, 3)
    out, out_dot = jvp(lambda n: n * 2, (np.arange(3),), (np.zeros(3, minijax.float0),))

    assert float(grads[0]) == 3
    assert grads[1].dtype == minijax.float0
    assert out_dot.dtype == minijax.float0
    assert out_dot.shape == out.shape


def test_complex_gradients_follow_jax():
    """The gradient of a real function of x + iy is df/dx - i df/dy."""
    z = 1.5 - 0.5j

    g = grad(lambda z: jnp.abs(z) ** 2)(z)
    h = grad(lambda z: z**3, holomorphic=True)(z)

    np.testing.assert_allclose(g, 2 * z.real - 2j * z.imag)
    np.testing.assert_allclose(h, 3 * z**2)


def test_stop_gradient():
    assert float(grad(lambda x: x * stop_gradient(x))(3.0)) == 3
    assert stop_gradient({"n": 3})["n"] == 3


def test_linearize_runs_the_function_once():
    runs = []

    def g(x):
        runs.append(x)
        return jnp.sin(x) * x

    y, push = linearize(g, 2.0)
    tangents = [float(push(t)) for t in (1.0, 2.0)]

    assert len(runs) == 1
    np.testing.assert_allclose(y, np.sin(2) * 2)
    expected = np.cos(2) * 2 + np.sin(2)
    np.testing.assert_allclose(tangents, [expected, 2 * expected])


def test_linear_transpose():
    a = np.arange(6.0).reshape(2, 3)

    (x_bar,) = linear_transpose(lambda x: a @ x, np.zeros(3))(np.ones(2))

    np.testing.assert_array_equal(x_bar, a.T @ np.ones(2))


def test_pullbacks_are_trees():
    """jit and vmap take pullbacks and return them."""
    y, pullback = vjp(lambda x: (jnp.sin(x), x * 2), np.arange(3.0))
    expected = np.cos(np.arange(3.0)) + 2

    made = jit(lambda x: vjp(jnp.sin, x)[1])(np.arange(3.0))
    batched = vmap(lambda x: vjp(jnp.sin, x)[1])(np.arange(3.0))
    ones = (np.ones(3), np.ones(3))

    np.testing.assert_allclose(pullback(ones)[0], expected)
    np.testing.assert_allclose(jit(pullback)(ones)[0], expected)
    np.testing.assert_allclose(jit(lambda p: p(ones))(pullback)[0], expected)
    np.testing.assert_allclose(made(np.ones(3))[0], np.cos(np.arange(3.0)))
    rows = vmap(lambda p, t: p(t))(batched, np.ones(3))
    np.testing.assert_allclose(rows[0], np.cos(np.arange(3.0)))
    assert len(minijax.tree.leaves(pullback)) == 2  # cos x, and the factor 2
    assert y[0].shape == (3,)


def test_vstack_accepts_what_pullbacks_return():
    """A list of 1-tuples of arrays, as in [pullback(m) for m in M]."""
    a = np.arange(6.0).reshape(2, 3)
    _, pullback = vjp(lambda x: a @ x, np.zeros(3))

    rows = jnp.vstack([pullback(m) for m in np.eye(2)])

    np.testing.assert_array_equal(rows, a)


@pytest.mark.parametrize("jacobian", [jacfwd, jacrev], ids=["forward", "reverse"])
def test_jacobians_of_trees(jacobian):
    def g(p, q):
        return {"a": p["u"] * q, "b": jnp.sum(p["u"]) * p["v"]}

    p = {"u": np.arange(1.0, 3.0), "v": np.ones((2, 2))}

    jac = jacobian(g)(p, 3.0)
    both = jacobian(g, argnums=(0, 1))(p, 3.0)

    np.testing.assert_array_equal(jac["a"]["u"], 3 * np.eye(2))
    assert jac["b"]["v"].shape == (2, 2, 2, 2)
    np.testing.assert_array_equal(both["a"][1], p["u"])


def test_jacobians_with_aux():
    def g(x):
        return x**2, "twice"

    jac, aux = jacrev(lambda x: (x**2, x), has_aux=True)(np.arange(3.0))

    np.testing.assert_array_equal(jac, np.diag([0.0, 2.0, 4.0]))
    np.testing.assert_array_equal(aux, np.arange(3.0))
    assert float(grad(lambda x: g(x), has_aux=True)(3.0)[0]) == 6
    assert grad(g, has_aux=True)(3.0)[1] == "twice"


def test_hessian_of_a_quadratic_form():
    a = np.random.default_rng(0).normal(size=(4, 3))

    h = hessian(lambda x: jnp.sum((a @ x) ** 2))(np.ones(3))

    np.testing.assert_allclose(h, 2 * a.T @ a, rtol=1e-12)


# Rules of one's own


@custom_jvp
def log1pexp(x):
    return jnp.log(1 + jnp.exp(x))


@log1pexp.defjvp
def log1pexp_jvp(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return log1pexp(x), x_dot / (1 + jnp.exp(-x))


@custom_vjp
def clipped(x, y):
    return jnp.sin(x) * y


clipped.defvjp(
    lambda x, y: (clipped(x, y), (x, y)),
    lambda res, ct: (jnp.cos(res[0]) * res[1] * ct, jnp.sin(res[0]) * ct),
)


@pytest.mark.parametrize("inner", ROADS, ids=str)
def test_rules_are_used_on_every_road(inner):
    """Without its rule the derivative of log(1 + e^x) at 1000 is nan."""
    g = ROADS[inner](log1pexp)
    xs = np.array([0.0, 1000.0])

    assert float(grad(g)(1000.0)) == 1
    assert float(jit(grad(g))(1000.0)) == 1
    assert float(jacfwd(g)(1000.0)) == 1
    assert float(grad(grad(g))(1000.0)) == 0
    np.testing.assert_allclose(vmap(grad(g))(xs), [0.5, 1])
    np.testing.assert_allclose(grad(lambda x: vmap(g)(x).sum())(xs), [0.5, 1])
    np.testing.assert_allclose(jit(vmap(grad(g)))(xs), [0.5, 1])


@pytest.mark.parametrize("inner", ROADS, ids=str)
def test_a_reverse_rule_serves_forward_mode(inner):
    g = ROADS[inner](clipped)
    x, y = 0.3, 2.0

    np.testing.assert_allclose(
        jvp(g, (x, y), (1.0, 0.5))[1], np.cos(x) * y + np.sin(x) / 2
    )
    np.testing.assert_allclose(jit(jacfwd(g))(x, y), np.cos(x) * y)
    np.testing.assert_allclose(hessian(g)(x, y), -np.sin(x) * y)
    shared = vmap(grad(g, argnums=1), in_axes=(0, None))(np.array([x, 2 * x]), y)
    np.testing.assert_allclose(shared, np.sin([x, 2 * x]))
    total = grad(lambda y: vmap(g, (0, None))(np.array([x, 2 * x]), y).sum())(y)
    np.testing.assert_allclose(total, np.sin([x, 2 * x]).sum())


def test_nondiff_arguments_come_first():
    from_nondiff = []

    def apply(fun, x):
        return fun(x)

    wrapped = custom_vjp(apply, nondiff_argnums=0)
    wrapped.defvjp(
        lambda fun, x: (fun(x), x),
        lambda fun, x, ct: (from_nondiff.append(fun) or ct * 7,),
    )

    assert float(grad(lambda x: wrapped(jnp.sin, x))(1.0)) == 7
    assert from_nondiff == [jnp.sin]


def test_closing_over_a_differentiated_value_is_refused():
    def outer(x):
        @custom_jvp
        def inner(y):
            return x * y

        inner.defjvp(lambda primals, tangents: (inner(*primals), tangents[0]))
        return inner(x)

    with pytest.raises(minijax.errors.UnexpectedTracerError, match="closure_convert"):
        grad(outer)(2.0)


def test_checkpoint_recomputes_and_policies_save():
    """Sines in the backward pass: recomputed, unless the policy saves dot products."""

    def g(w, x):
        return jnp.sum(jnp.sin(jnp.sin(w @ x)))

    w, x = np.ones((3, 3)), np.ones(3)
    policy = minijax.checkpoint_policies.dots_saveable
    count = {
        name: str(make_jaxpr(grad(h))(w, x)).count("dot_general")
        for name, h in {
            "nothing": checkpoint(g),
            "dots": checkpoint(g, policy=policy),
        }.items()
    }

    np.testing.assert_allclose(grad(checkpoint(g))(w, x), grad(g)(w, x))
    np.testing.assert_allclose(grad(checkpoint(g, policy=policy))(w, x), grad(g)(w, x))
    assert count["nothing"] > count["dots"]


def test_collectives_have_derivatives():
    def normalised(x):
        return x / psum(x, "i")

    x = np.array([1.0, 2.0, 3.0])

    g = grad(lambda x: (vmap(normalised, axis_name="i")(x) ** 2).sum())(x)
    expected = grad(lambda x: ((x / x.sum()) ** 2).sum())(x)

    np.testing.assert_allclose(g, expected, rtol=1e-12)


def test_check_grads_finds_a_rule_wrong_by_one_in_a_thousand():
    @custom_jvp
    def wrong(x):
        return jnp.sin(x)

    wrong.defjvps(lambda t, y, x: 1.001 * t * jnp.cos(x))

    check_grads(jnp.sin, (1.0,), order=2)
    for modes in (("fwd",), ("rev",)):
        with pytest.raises(AssertionError, match="do not agree"):
            check_grads(wrong, (1.0,), order=1, modes=modes)
    with minijax.enable_x64(False):
        check_grads(jnp.sin, (1.0,), order=2)
        with pytest.raises(AssertionError, match="do not agree"):
            check_grads(wrong, (1.0,), order=1)
