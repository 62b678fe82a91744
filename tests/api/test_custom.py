"""`custom_vmap`, `custom_rules`, symbolic zeros: rules of one's own, in every mode."""

import re

import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax import custom_jvp, custom_rules, custom_vjp, grad, jit, jvp, lax, vjp, vmap
from minijax.custom_batching import custom_vmap, sequential_vmap
from minijax.custom_derivatives import (
    CustomVJPPrimal,
    SymbolicZero,
    closure_convert,
    custom_vjp_primal_tree_values,
    linear_call,
    zero_from_primal,
)


def cosine_when_batched():
    """The sine of x, times y; under vmap the cosine."""
    seen = []

    @custom_vmap
    def f(x, y):
        return jnp.sin(x) * y

    @f.def_vmap
    def rule(axis_size, in_batched, xs, ys):
        seen.append((axis_size, in_batched, jnp.shape(xs), jnp.shape(ys)))
        return jnp.cos(xs) * ys, True

    return f, seen


X = np.array([0.1, 0.5, 2.0])
SIN, COS = np.sin(X), np.cos(X)


# One row: what is done with f (both arguments X, or a part of it), and what comes out.
# Derivatives are those of the rule wherever vmap is further in or further out.
BATCHED = {
    "vmap": (lambda f: vmap(f)(X, X), COS * X),
    "vmap of jit": (lambda f: vmap(jit(f))(X, X), COS * X),
    "jit of vmap": (lambda f: jit(vmap(f))(X, X), COS * X),
    "vmap of shared": (lambda f: vmap(f, (0, None))(X, 2.0), COS * 2),
    "vmap of vmap": (
        lambda f: vmap(vmap(f, (0, None)), (None, 0))(X, X),
        X[:, None] * COS,
    ),
    "jvp of vmap": (lambda f: jvp(vmap(f), (X, X), (X, X))[1], (COS - SIN * X) * X),
    "vmap of jvp": (
        lambda f: vmap(lambda x: jvp(f, (x, x), (x, x))[1])(X),
        (COS - SIN * X) * X,
    ),
    "vmap of jvp with one tangent": (
        lambda f: vmap(lambda x: jvp(lambda x: f(x, 2.0), (x,), (1.0,))[1])(X),
        -SIN * 2,
    ),
    "vmap of grad": (lambda f: vmap(grad(f))(X, X), -SIN * X),
    "vmap of grad in the shared": (lambda f: vmap(grad(f, 1), (0, None))(X, 2.0), COS),
    "grad of vmap": (lambda f: grad(lambda x: vmap(f)(x, X).sum())(X), -SIN * X),
    "jit of vmap of grad": (lambda f: jit(vmap(grad(f)))(X, X), -SIN * X),
    "vmap of jit of grad": (lambda f: vmap(jit(grad(f)))(X, X), -SIN * X),
    "grad of jit of vmap": (
        lambda f: grad(lambda x: jit(vmap(f))(x, X).sum())(X),
        -SIN * X,
    ),
    "vmap of grad of grad": (lambda f: vmap(grad(grad(f)))(X, X), -COS * X),
    "vmap of jacfwd of grad": (lambda f: vmap(minijax.hessian(f))(X, X), -COS * X),
    "vmap of vmap of grad": (
        lambda f: vmap(vmap(grad(f), (0, None)), (None, 0))(X, X),
        -X[:, None] * SIN,
    ),
    "scan": (
        lambda f: vmap(lambda x: lax.scan(lambda c, _: (f(c, x), c), x, None, 1)[0])(X),
        COS * X,
    ),
    "checkpoint": (lambda f: vmap(grad(minijax.checkpoint(f)))(X, X), -SIN * X),
    "no batch": (lambda f: jit(f)(0.5, 2.0), np.sin(0.5) * 2),
    "no batch, grad": (lambda f: grad(f)(0.5, 2.0), np.cos(0.5) * 2),
    "no batch, jit of grad": (lambda f: jit(grad(f))(0.5, 2.0), np.cos(0.5) * 2),
}


@pytest.mark.parametrize("name", BATCHED)
def test_vmap_runs_the_rule_in_every_mode(name):
    """vmap(T(f)) is T of the rule, for each transformation T, and T(vmap(f)) too."""
    run, expected = BATCHED[name]

    np.testing.assert_allclose(run(cosine_when_batched()[0]), expected, rtol=2e-5)


def test_the_rule_is_told_what_is_batched():
    """The size, one entry per argument, and the batch axis in front."""
    f, seen = cosine_when_batched()

    vmap(f, (1, None))(np.ones((2, 3)), 2.0)

    assert seen == [(3, [True, False], (3, 2), ())]


def test_rules_know_trees_and_may_leave_results_unbatched():
    """Outputs marked False are shared by all members."""

    @custom_vmap
    def f(d):
        return {"a": d["a"], "b": d["b"]}

    flags = []
    f.def_vmap(
        lambda n, b, d: (
            flags.append(b) or ({"a": d["a"], "b": 7.0}, {"a": True, "b": 0})
        )
    )
    out = vmap(f, ({"a": 0, "b": None},))({"a": X, "b": 1.0})

    assert flags == [[{"a": True, "b": False}]]
    np.testing.assert_allclose(out["b"], [7, 7, 7])


def test_sequential_vmap_is_a_loop():
    """One scan per batch axis, with values and derivatives of the function."""
    f = sequential_vmap(lambda x, y: jnp.sin(x) * y)
    program = str(
        minijax.make_jaxpr(vmap(vmap(f, (0, None)), (0, None)))(np.ones((2, 3)), 2.0)
    )

    assert program.count("scan[") == 2
    np.testing.assert_allclose(vmap(f, (0, None))(X, 2.0), SIN * 2, rtol=1e-6)
    np.testing.assert_allclose(vmap(grad(f))(X, X), COS * X, rtol=1e-5)
    np.testing.assert_allclose(
        grad(lambda x: vmap(f)(x, X).sum())(X), COS * X, rtol=1e-5
    )


def test_custom_vjp_of_custom_vmap_keeps_both_rules():
    """As in jax's documentation: the rule of the inner is set through the outer."""

    @custom_vjp
    @custom_vmap
    def f(x, y):
        return jnp.sin(x) * y

    @f.def_vmap
    def f_vmap(axis_size, in_batched, xs, ys):
        return jnp.cos(xs) * ys, True

    f.defvjp(
        lambda x, y: (f(x, y), (jnp.cos(x), jnp.sin(x), y)),
        lambda res, g: (res[0] * g * res[2], res[1] * g),
    )

    np.testing.assert_allclose(vmap(f)(X, X), COS * X, rtol=1e-6)
    np.testing.assert_allclose(grad(f)(0.5, 2.0), np.cos(0.5) * 2, rtol=1e-6)
    np.testing.assert_allclose(vmap(grad(f))(X, X), COS * X, rtol=1e-6)


def test_wrapping_a_function_with_rules_leaves_its_rules_alone():
    """A rule of the wrapper does not replace one of what it wraps."""
    inner = custom_jvp(lambda x: x * 1.0)
    inner.defjvp(lambda p, t: (inner(*p), 2 * t[0]))
    outer = custom_vjp(inner)
    outer.defvjp(lambda x: (inner(x), None), lambda _, bar: (5 * bar,))
    outer.defjvp(lambda p, t: (inner(*p), 3 * t[0]))

    assert float(jvp(inner, (1.0,), (1.0,))[1]) == 2
    assert float(jvp(outer, (1.0,), (1.0,))[1]) == 3
    assert float(grad(outer)(1.0)) == 5


# All rules on one object


def test_all_rules_on_one_object():
    """Each mode takes its own rule; vmap's is for values."""

    @custom_rules
    def f(x):
        return x * 1.0

    f.defjvp(lambda p, t: (f(*p), 10 * t[0]))
    f.defvjp(lambda x: (f(x), None), lambda _, c: (20 * c,))
    f.def_vmap(lambda n, b, xs: (xs + 100, True))

    assert float(jvp(f, (1.0,), (1.0,))[1]) == 10
    assert float(grad(f)(1.0)) == 20
    np.testing.assert_allclose(vmap(f)(X), X + 100)
    out, dots = vmap(lambda x: jvp(f, (x,), (1.0,)))(X)
    np.testing.assert_allclose(out, X + 100, rtol=1e-6)
    np.testing.assert_allclose(dots, 10)
    out, bars = jit(vmap(minijax.value_and_grad(f)))(X)
    np.testing.assert_allclose(out, X + 100, rtol=1e-6)
    np.testing.assert_allclose(bars, 20)


DESCRIPTIONS = {
    "jvp": (
        custom_jvp,
        lambda f: f.defjvp(push),
        """
f: custom_jvp
  forward mode   given: push
  reverse mode   derived: push, linearized and transposed
  linearize      push
  vmap           derived: the function and its derivative rules, batched""",
    ),
    "vjp": (
        custom_vjp,
        lambda f: f.defvjp(forward, pull),
        """
f: custom_vjp
  forward mode   derived: pull, transposed
  reverse mode   given: forward, then pull
  linearize      the reverse rules, tangents pushed by pull transposed
  vmap           derived: the function and its derivative rules, batched""",
    ),
    "vmap": (
        custom_vmap,
        lambda f: f.def_vmap(members),
        """
f: custom_vmap
  forward mode   derived: f, differentiated
  reverse mode   derived: f, differentiated
  linearize      derived: f, differentiated
  vmap           given: members""",
    ),
    "root, vjp and vmap": (
        custom_rules,
        lambda f: [
            f.defroot(residual, solve),
            f.defvjp(forward, pull),
            f.def_vmap(members),
        ],
        """
f: custom_rules
  forward mode   given: the root of residual, by solve
  reverse mode   given: forward, then pull
  linearize      the reverse rules, tangents pushed by the forward rule
  vmap           given: members""",
    ),
}


def push(primals, tangents):
    return primals[0], tangents[0]


def forward(x):
    return x, None


def pull(_, x_bar):
    return (x_bar,)


def members(axis_size, in_batched, xs):
    return xs, True


def residual(x, a):
    return x - a


def solve(matvec, b):
    return b


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_describe_says_what_is_given_and_what_is_derived(name):
    kind, define, expected = DESCRIPTIONS[name]

    @kind
    def f(x):
        return x

    define(f)

    assert "\n" + f.describe() == expected


def test_roots_have_derivatives_of_every_order():
    """x = a^(1/3) solves x^3 = a; x' = x / 3a, x'' = -2 x / 9 a^2."""
    root = custom_rules(lambda a: jnp.exp(jnp.log(a) / 3))
    root.defroot(lambda x, a: x**3 - a, lambda matvec, b: b / matvec(1.0))
    a = 8.0

    with minijax.enable_x64(True):
        for first in (grad(root), jit(grad(root)), minijax.jacfwd(root)):
            np.testing.assert_allclose(first(a), 2 / 24, rtol=1e-12)
        np.testing.assert_allclose(minijax.hessian(root)(a), -4 / (9 * 64), rtol=1e-12)
        np.testing.assert_allclose(vmap(grad(root))(np.full(2, a)), 2 / 24, rtol=1e-12)


@pytest.mark.parametrize("how", ["differentiated", "transposed", "symmetric"])
def test_linear_solves_are_roots(how):
    """x = a^-1 b: gradients by solves, whatever the function does to find x."""
    found = []

    def solve(matvec, b):
        found.append(b.shape)
        return jnp.linalg.solve(minijax.jacfwd(matvec)(b), b)

    @custom_rules
    def f(a, b):
        return lax.stop_gradient(jnp.linalg.solve(a, b))

    given = {"transposed": {"transpose_solve": solve}, "symmetric": {"symmetric": True}}
    f.defroot(lambda x, a, b: a @ x - b, solve, **given.get(how, {}))
    a, b = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0])

    with minijax.enable_x64(True):
        got = grad(lambda a, b: (f(a, b) ** 2).sum(), (0, 1))(a, b)
        expected = grad(lambda a, b: (jnp.linalg.solve(a, b) ** 2).sum(), (0, 1))(a, b)
        np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-12)
        jacobian = minijax.jacfwd(f, 1)(a, b)
        np.testing.assert_allclose(jacobian, np.linalg.inv(a), rtol=1e-12)
    assert found


# Rules that differentiate programs


def times_sine(x):
    return jnp.sin(x) * x


WRAPPED = {
    "jit": jit(times_sine),
    "scan": lambda x: lax.scan(lambda c, _: (times_sine(c), c), x, None, 1)[0],
    "cond": lambda x: lax.cond(x > 0, times_sine, lambda x: x, x),
    "checkpoint": minijax.checkpoint(times_sine),
    "custom rule": custom_rules(times_sine),
}
WRAPPED["custom rule"].defvjp(
    lambda x: jit(vjp, static_argnums=0)(times_sine, x),
    lambda pullback, bar: pullback(bar),
)


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_a_rule_may_use_both_results_of_jvp(wrapped):
    """The slope of y y_dot, where y = x sin x is a program: y itself is no tangent."""
    g = WRAPPED[wrapped]

    def value_and_slope(x, x_dot):
        y, y_dot = jvp(g, (x,), (x_dot,))
        return y, y * y_dot

    f = custom_jvp(g)
    f.defjvp(lambda p, t: value_and_slope(p[0], t[0]))
    lanes = custom_jvp(g)
    lanes.defjvp(
        lambda p, t: [
            x[1] for x in vmap(lambda t: value_and_slope(p[0], t))(jnp.ones(3) * t[0])
        ]
    )
    x = 0.7
    y, slope = x * np.sin(x), np.sin(x) + x * np.cos(x)

    for h in (f, lanes):
        for wrap in (lambda h: h, jit):
            np.testing.assert_allclose(wrap(grad(h))(x), y * slope, rtol=1e-5)
            np.testing.assert_allclose(wrap(minijax.jacfwd(h))(x), y * slope, rtol=1e-5)


# Symbolic zeros


def test_symbolic_zeros_reach_a_jvp_rule():
    """Tangents known to be zero are types, also of integers; a rule may return one."""
    seen = []

    @custom_jvp
    def f(x, y):
        return x * y, x

    def rule(primals, tangents):
        seen.append([type(t) is SymbolicZero for t in tangents])
        x, y = primals
        zero = SymbolicZero.from_primal_value(x)
        dot = zero if type(tangents[0]) is SymbolicZero else tangents[0] * y
        return f(x, y), (dot, zero)

    f.defjvp(rule, symbolic_zeros=True)
    for wrap in (lambda g: g, jit):
        seen.clear()
        assert float(grad(wrap(lambda x, y: f(x, y)[0]))(1.0, 2.0)) == 2
        assert float(grad(wrap(lambda x, y: f(x, y)[0]), 1)(1.0, 2.0)) == 0
        assert float(grad(wrap(lambda x, y: f(x, y)[0]))(1.0, 2)) == 2
        assert seen == [[False, True], [True, False], [False, True]]


def test_symbolic_zeros_reach_vjp_rules():
    """The forward rule knows what is differentiated, the backward rule what is zero."""
    seen = []

    @custom_vjp
    def f(x, y):
        return x * y, x + y

    def forward(x, y):
        seen.append((x.perturbed, y.perturbed))
        x, y = custom_vjp_primal_tree_values((x, y))
        return (x * y, x + y), y

    def backward(y, bars):
        seen.append([type(bar) is SymbolicZero for bar in bars])
        return y * bars[0], SymbolicZero.from_primal_value(y)

    f.defvjp(forward, backward, symbolic_zeros=True)
    for wrap in (lambda g: g, jit):
        seen.clear()
        assert float(grad(wrap(lambda x, y: f(x, y)[0]))(1.0, 2.0)) == 2
        assert seen == [(True, False), [False, True]]


def test_zeros_of_values():
    zero = zero_from_primal(np.ones(2, "float32"), symbolic_zeros=True)

    assert repr(zero) == "SymbolicZero(f32[2])"
    assert (zero.shape, zero.dtype) == ((2,), np.float32)
    np.testing.assert_array_equal(zero.instantiate(), np.zeros(2))
    np.testing.assert_array_equal(zero_from_primal(np.ones(2, "float32")), np.zeros(2))
    assert zero_from_primal(3).dtype == minijax.float0
    with pytest.raises(AttributeError, match="instantiate"):
        zero.sum()
    assert custom_vjp_primal_tree_values([CustomVJPPrimal(1, True)]) == [1]


# optimize_remat


def test_optimize_remat_calls_the_forward_rule_in_the_backward_pass_only():
    """The forward pass of a checkpointed function computes no residuals."""

    def program(optimize_remat):
        @custom_vjp
        def f(x):
            return jnp.sin(x)

        # An opaque step cannot be cut in two by removing dead code.
        both = jit(lambda x: (jnp.sin(x), jnp.cos(x)), inline=False)
        f.defvjp(both, lambda c, bar: (c * bar,), optimize_remat=optimize_remat)
        g = minijax.checkpoint(lambda x: jnp.exp(f(x)))
        np.testing.assert_allclose(
            grad(g)(0.5), np.exp(np.sin(0.5)) * np.cos(0.5), 1e-6
        )
        np.testing.assert_allclose(vmap(jit(grad(g)))(X), np.exp(SIN) * COS, 1e-5)
        second = COS**2 * np.exp(SIN) - SIN * np.exp(SIN)
        np.testing.assert_allclose(vmap(jit(grad(grad(g))))(X), second, 1e-4)
        return str(minijax.make_jaxpr(lambda x: minijax.vjp(g, x)[0])(0.5))

    assert "cos" in program(False)
    assert "cos" not in program(True)


# linear_call


def divide(r, x):
    return x / r


LINEAR_CALLS = {
    "value": (lambda f: f(4.0, 8.0), 2),
    "grad": (lambda f: grad(f, 1)(4.0, 8.0), 0.25),
    "jvp": (lambda f: jvp(f, (4.0, 8.0), (0.0, 1.0))[1], 0.25),
    "grad in the residual": (lambda f: grad(f)(4.0, 8.0), -0.5),
    "jvp in the residual": (lambda f: jvp(f, (4.0, 8.0), (1.0, 0.0))[1], -0.5),
    "mixed": (lambda f: grad(grad(f), 1)(4.0, 8.0), -1 / 16),
    "jit of grad": (lambda f: jit(grad(f, 1))(4.0, 8.0), 0.25),
    "vmap": (lambda f: vmap(f, (0, None))(np.array([2.0, 4.0]), 8.0), [4, 2]),
    "vmap of grad": (
        lambda f: vmap(grad(f, 1), (0, None))(np.array([2.0, 4.0]), 8.0),
        [0.5, 0.25],
    ),
    "grad of vmap": (
        lambda f: grad(lambda x: vmap(f, (0, None))(np.array([2.0, 4.0]), x).sum())(
            8.0
        ),
        0.75,
    ),
}


@pytest.mark.parametrize("name", LINEAR_CALLS)
def test_linear_calls_in_every_mode(name):
    run, expected = LINEAR_CALLS[name]

    np.testing.assert_allclose(
        run(lambda r, x: linear_call(divide, divide, r, x)), expected, rtol=1e-6
    )


def test_the_transpose_of_the_transpose_is_the_function():
    """`fun_transpose` need not be the transpose: it is taken at its word."""
    f = lambda x: linear_call(lambda _, x: x, lambda _, y: 7 * y, (), x)  # noqa: E731

    def transposed(f):
        return lambda y: minijax.linear_transpose(f, 1.0)(y)[0]

    assert float(transposed(f)(1.0)) == 7
    assert float(transposed(transposed(f))(1.0)) == 1
    assert float(transposed(transposed(transposed(f)))(1.0)) == 7


def test_closure_convert_finds_what_is_differentiated():
    def solve(w):
        f, consts = closure_convert(lambda x: jnp.sin(w) * x, 1.0)
        g = custom_vjp(lambda x, *consts: f(x, *consts))
        g.defvjp(
            lambda x, *consts: (g(x, *consts), (x, consts)),
            lambda res, bar: (bar, *vjp(lambda *c: f(res[0], *c), *res[1])[1](bar)),
        )
        return g(2.0, *consts)

    np.testing.assert_allclose(grad(solve)(0.5), 2 * np.cos(0.5), rtol=1e-6)


# Errors


def vmap_with(rule):
    f = custom_vmap(lambda x: {"a": x, "b": x})
    f.def_vmap(rule)
    f.fun.__name__ = "f"
    return vmap(f)(X)


def rule(n, b, xs):
    raise AssertionError("replaced in each row")


ERRORS = {
    "no rule": (
        lambda: custom_vmap(forward)(1.0),
        AttributeError,
        "No batching rule defined for custom_vmap function forward using def_vmap. "
        "Define one before calling the function.",
    ),
    "no rule of any kind": (
        lambda: custom_rules(forward)(1.0),
        AttributeError,
        "No rule defined for custom_rules function forward using defjvp, defvjp, "
        "def_vmap or defroot. Define one before calling the function.",
    ),
    "no pair": (
        lambda: vmap_with(lambda n, b, xs: {"a": xs}),
        TypeError,
        "custom vmap rule (<lambda>) of f: must return a pair (out, out_batched), got "
        "dict.",
    ),
    "other structure": (
        lambda: vmap_with(lambda n, b, xs: ({"a": xs}, {"a": True})),
        ValueError,
        "custom vmap rule (<lambda>) of f: the output must have the structure of the "
        "function's, PyTreeDef({'a': *, 'b': *}), got PyTreeDef({'a': *}).",
    ),
    "other structure of flags": (
        lambda: vmap_with(lambda n, b, xs: ({"a": xs, "b": xs}, True)),
        ValueError,
        "custom vmap rule (<lambda>) of f: out_batched must have the structure of out. "
        "out_batched must be a dict with keys ['a', 'b'] like out, got a bool.",
    ),
    "no batch axis": (
        lambda: vmap_with(lambda n, b, xs: ({"a": xs, "b": 1.0}, {"a": 1, "b": 1})),
        ValueError,
        "custom vmap rule (<lambda>) of f: outputs marked as batched must have a "
        "leading axis of size 3, got f32[]. Move the axis to the front, or mark the "
        "output False.",
    ),
    "transpose of another structure": (
        lambda: linear_call(divide, lambda r, y: (y, y), 1.0, 2.0),
        TypeError,
        "linear_call: fun_transpose must return the structure of linear_args: "
        "fun_transpose() must be a leaf like linear_args, got a tuple of 2.",
    ),
    "transpose of another type": (
        lambda: linear_call(divide, lambda r, y: jnp.ones(2), 1.0, {"x": 2.0}["x"]),
        ValueError,
        "linear_call: fun_transpose must return the types of linear_args: "
        "fun_transpose() is f32[2], expected f32[].",
    ),
    "no primal": (
        lambda: custom_vjp_primal_tree_values([3]),
        TypeError,
        "custom_vjp_primal_tree_values: leaves must be CustomVJPPrimal, as a forward "
        "rule with symbolic_zeros gets them, got a int.",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_is_wrong(name):
    run, kind, message = ERRORS[name]

    with pytest.raises(kind) as caught:
        run()

    assert str(caught.value) == message


def test_a_batched_closure_is_refused_under_jit():
    """The rule cannot know of a value that became an argument of the program."""

    def outer(w):
        f = custom_vmap(lambda x: x * w)
        f.def_vmap(lambda n, b, xs: (xs * 2, True))
        return jit(f)(3.0)

    with pytest.raises(minijax.errors.UnexpectedTracerError, match="being batched"):
        vmap(outer)(X)
    with pytest.raises(
        minijax.errors.UnexpectedTracerError, match=re.escape("being differentiated")
    ):
        jit(grad(outer))(1.0)
