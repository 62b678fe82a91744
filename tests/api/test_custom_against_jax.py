"""Custom rules, solves and policies give what jax gives, where jax can do it."""

import importlib

import numpy as np
import pytest

import minijax
import minijax.ad_checkpoint
import minijax.custom_batching
import minijax.custom_derivatives

jax = pytest.importorskip("jax", reason="jax is the oracle of these tests")
pytestmark = pytest.mark.oracle

X = np.array([0.1, 0.5, 2.0], "float32")
A = np.array([[4.0, 1.0, 0.5], [0.0, 3.0, 0.2], [0.5, 0.2, 5.0]], "float32")


def of(m, name):
    """A module of the package, such as `custom_batching`."""
    return importlib.import_module(f"{m.__name__}.{name}")


def vmap_rule(m):
    f = of(m, "custom_batching").custom_vmap(lambda x, y: m.numpy.sin(x) * y)
    f.def_vmap(lambda n, batched, xs, ys: (m.numpy.cos(xs) * ys, True))
    return (
        m.vmap(f)(X, X),
        m.vmap(f, (0, None))(X, 2.0),
        m.vmap(m.vmap(f, (0, None)), (None, 0))(X, X),
        m.jit(m.vmap(f))(X, X),
        m.jvp(m.vmap(f), (X, X), (X, X)),
        m.vmap(lambda x: m.jvp(f, (x, x), (x, x)))(X),
        m.grad(lambda x: m.vmap(f)(x, X).sum())(X),
        m.jvp(f, (1.0, 2.0), (1.0, 1.0)),
    )


def vmap_rule_inside_vjp(m):
    f = of(m, "custom_batching").custom_vmap(lambda x: m.numpy.sin(x))
    f.def_vmap(lambda n, batched, xs: (m.numpy.cos(xs), True))
    g = m.custom_vjp(f)
    g.defvjp(lambda x: (g(x), x), lambda x, bar: (bar * x,))
    return m.vmap(m.value_and_grad(g))(X), m.jit(m.vmap(m.grad(g)))(X)


def sequential(m):
    f = of(m, "custom_batching").sequential_vmap(lambda x, y: m.numpy.sin(x) * y)
    return m.vmap(f, (0, None))(X, 2.0), m.jit(m.vmap(f))(X, X)


def linear_solve(m):
    def solve(a, b):
        return m.lax.custom_linear_solve(
            lambda x: a @ x,
            b,
            lambda _, b: m.numpy.linalg.solve(m.lax.stop_gradient(a), b),
            lambda _, b: m.numpy.linalg.solve(m.lax.stop_gradient(a).T, b),
        )

    total = lambda a, b: (solve(a, b) ** 2).sum()  # noqa: E731
    return (
        solve(A, X),
        m.jvp(solve, (A, X), (A, X)),
        m.jit(m.grad(total, (0, 1)))(A, X),
        m.jit(m.hessian(total, 1))(A, X),
        m.vmap(solve, (None, 0))(A, np.stack([X, 2 * X])),
        m.jit(m.vmap(m.grad(total), (0, None)))(np.stack([A, 2 * A]), X),
        m.linear_transpose(lambda b: solve(A, b), X)(X),
    )


def linear_solve_with_aux(m):
    def solve(b):
        return m.lax.custom_linear_solve(
            lambda x: {"b": 2 * x["b"]},
            {"b": b},
            lambda _, b: ({"b": b["b"] / 2}, b["b"] * 3),
            symmetric=True,
            has_aux=True,
        )

    return (
        solve(X),
        m.jvp(solve, (X,), (X,)),
        m.grad(lambda b: solve(b)[0]["b"].sum())(X),
    )


def root(m):
    def newton(f, x):
        return m.lax.fori_loop(0, 30, lambda i, x: x - f(x) / m.grad(f)(x), x)

    def sqrt(a):
        return m.lax.custom_root(
            lambda x: x * x - a, 1.0, newton, lambda g, y: y / g(1.0)
        )

    return (
        sqrt(2.0),
        m.jvp(sqrt, (2.0,), (1.0,)),
        m.jit(m.grad(sqrt))(2.0),
        m.grad(m.grad(sqrt))(2.0),
        m.vmap(m.grad(sqrt))(X),
        m.grad(lambda x: m.lax.custom_root(lambda y: y - 2, x, newton, lambda g, y: y))(
            1.0
        ),
    )


def linear_call(m):
    call = of(m, "custom_derivatives").linear_call
    f = lambda r, x: {"y": x["x"] / r}  # noqa: E731
    t = lambda r, y: {"x": 7 * y["y"] / r}  # noqa: E731
    g = lambda x: call(f, t, 3.0, {"x": x})["y"]  # noqa: E731
    return g(9.0), m.grad(g)(9.0), m.jvp(g, (9.0,), (1.0,)), m.jit(m.grad(g))(9.0)


def symbolic_zeros(m):
    zero = of(m, "custom_derivatives").SymbolicZero
    seen = []

    @m.custom_jvp
    def f(x, y):
        return x * y

    def rule(primals, tangents):
        seen.append([isinstance(t, zero) for t in tangents])
        return f(*primals), 3 * (primals[0] if seen[-1][0] else tangents[0])

    f.defjvp(rule, symbolic_zeros=True)
    out = (
        m.grad(f)(1.0, 2.0),
        m.jit(m.grad(f))(1.0, 2.0),
        m.jvp(f, (1.0, 2.0), (1.0, 1.0)),
    )
    return out, np.array(seen)


def symbolic_zeros_in_reverse(m):
    derivatives = of(m, "custom_derivatives")
    seen = []

    @m.custom_vjp
    def f(x, y):
        return x * y, x + y

    def forward(*primals):
        seen.append([p.perturbed for p in primals])
        x, y = derivatives.custom_vjp_primal_tree_values(primals)
        return (x * y, x + y), y

    def backward(y, bars):
        seen.append([isinstance(bar, derivatives.SymbolicZero) for bar in bars])
        return y * bars[0], None

    f.defvjp(forward, backward, symbolic_zeros=True)
    g = lambda x, y: f(x, y)[0]  # noqa: E731
    return m.grad(g)(1.0, 2.0), m.grad(m.jit(g))(1.0, 2.0), np.array(seen)


def policies(m):
    name = of(m, "ad_checkpoint").checkpoint_name
    kinds = m.checkpoint_policies

    def f(x):
        x = name(m.numpy.cos(x), "a")
        x = name(m.numpy.sin(A @ x), "b")
        return m.numpy.exp(x).sum()

    chosen = [
        None,
        kinds.dots_saveable,
        kinds.checkpoint_dots_with_no_batch_dims,
        kinds.save_only_these_names("a"),
        kinds.save_any_names_but_these("a"),
        kinds.save_anything_except_these_names("a"),
        kinds.offload_dot_with_no_batch_dims("device", "pinned_host"),
        kinds.save_and_offload_only_these_names(
            names_which_can_be_saved=["a"],
            names_which_can_be_offloaded=["b"],
            offload_src="device",
            offload_dst="pinned_host",
        ),
    ]
    return [m.jit(m.grad(m.checkpoint(f, policy=policy)))(X) for policy in chosen]


def optimize_remat(m):
    @m.custom_vjp
    def f(x):
        return m.numpy.sin(x)

    f.defvjp(lambda x: (f(x), m.numpy.cos(x)), lambda c, bar: (c * bar,), False, True)
    g = m.checkpoint(lambda x: m.numpy.exp(f(x)))
    return g(1.0), m.grad(g)(1.0), m.jit(m.vmap(m.grad(g)))(X)


def batched_map(m):
    f = lambda row: {"y": m.numpy.sin(row), "s": row.sum()}  # noqa: E731
    xs = np.arange(10.0, dtype="float32").reshape(5, 2)
    return (
        [m.lax.map(f, xs, batch_size=k) for k in (None, 0, 1, 2, 5, 7)],
        m.grad(lambda xs: m.lax.map(f, xs, batch_size=2)["y"].sum())(xs),
        m.vmap(lambda xs: m.lax.map(f, xs, batch_size=3)["s"])(np.stack([xs, -xs])),
        m.lax.map(f, np.zeros((0, 2), "float32"), batch_size=2),
    )


PROGRAMS = [
    vmap_rule,
    vmap_rule_inside_vjp,
    sequential,
    linear_solve,
    linear_solve_with_aux,
    root,
    linear_call,
    symbolic_zeros,
    symbolic_zeros_in_reverse,
    policies,
    optimize_remat,
    batched_map,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_programs_agree(program):
    """Structure, shape, dtype, weak type and value of every result."""
    ours, our_tree = minijax.tree_util.tree_flatten(program(minijax))
    theirs, their_tree = jax.tree_util.tree_flatten(program(jax))

    assert str(our_tree) == str(their_tree)
    for x, y in zip(ours, theirs, strict=True):
        if not isinstance(y, np.ndarray):
            y = jax.numpy.asarray(y)
            assert x.weak_type == y.weak_type
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize(
    "module", ["custom_batching", "custom_derivatives", "ad_checkpoint"]
)
def test_modules_publish_the_same_names(module):
    """Whatever jax offers there, minijax offers too."""
    names = {name for name in dir(of(jax, module)) if not name.startswith("_")}

    assert names - set(dir(of(minijax, module))) == set()
    if module == "ad_checkpoint":
        kinds = set(vars(jax.checkpoint_policies))
        assert kinds - set(vars(minijax.checkpoint_policies)) == set()
