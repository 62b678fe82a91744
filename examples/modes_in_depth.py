# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # First steps: derivatives of NumPy programs
# %% [markdown]
# # Forward and reverse mode in depth
#
# A differentiable function $f: \mathbb{R}^n \to \mathbb{R}^m$ has at every point $x$ a
# linear map, its Jacobian $J = \partial f(x)$. Automatic differentiation never needs
# the matrix. It applies the map, in one of two directions:
#
# - `jvp` *pushes* an input tangent $\dot x$ forward to the output tangent
#   $\dot y = J \dot x$, together with the evaluation of $f$;
# - `vjp` *pulls* an output cotangent $\bar y$ back to the input cotangent
#   $\bar x = J^T \bar y$, against the order of evaluation.
#
# Everything else is composed of these two: gradients, Jacobians, Hessians and their
# products. This notebook composes them by hand.

# %%
from time import perf_counter

import numpy as np

import minijax.numpy as jnp
from minijax import grad, hessian, jacfwd, jacrev, jit, jvp, linearize, vjp, vmap
from minijax.config import config

config.update("jax_enable_x64", True)
rng = np.random.default_rng(0)

# %% [markdown]
# ## Pushing forward: `jvp`
#
# The running example is one layer of a network, $f(W, x) = \tanh(W x)$.


# %%
def layer(W, x):
    return jnp.tanh(W @ x)


m, n = 4, 6
W = rng.normal(size=(m, n))
x = rng.normal(size=n)
W_dot = rng.normal(size=(m, n))
x_dot = rng.normal(size=n)

# %% [markdown]
# `jvp` takes the function, the *primals* at which to differentiate, and a *tangent* of
# the same shape for each of them. By the chain rule the result is
#
# $$\dot y = (1 - y^2) \odot (\dot W x + W \dot x), \qquad y = \tanh(W x).$$

# %%
y, y_dot = jvp(layer, (W, x), (W_dot, x_dot))

np.testing.assert_allclose(y, np.tanh(W @ x), rtol=1e-12)
np.testing.assert_allclose(y_dot, (1 - y**2) * (W_dot @ x + W @ x_dot), rtol=1e-12)

# %% [markdown]
# A tangent is a direction, and $\dot y$ the rate of change of $f$ along it:

# %%
h = 1e-6
above = layer(W + h * W_dot, x + h * x_dot)
below = layer(W - h * W_dot, x - h * x_dot)

np.testing.assert_allclose(y_dot, (above - below) / (2 * h), rtol=1e-7)

# %% [markdown]
# ## Pulling back: `vjp`
#
# `vjp` evaluates $f$ and returns a function, the *pullback*. It has kept the
# intermediate values that it needs, so it can be called many times without evaluating
# $f$ again. For $\bar y = $ `y_bar` it returns one cotangent for each argument:
#
# $$\bar W = s\, x^T, \qquad \bar x = W^T s, \qquad s = (1 - y^2) \odot \bar y.$$

# %%
y_bar = rng.normal(size=m)
y, pullback = vjp(layer, W, x)
W_bar, x_bar = pullback(y_bar)

s = (1 - y**2) * y_bar
np.testing.assert_allclose(W_bar, np.outer(s, x), rtol=1e-12)
np.testing.assert_allclose(x_bar, W.T @ s, rtol=1e-12)

# %% [markdown]
# Both directions are the same linear map, read from its two sides:
# $\langle \bar y, J \dot x \rangle = \langle J^T \bar y, \dot x \rangle$. This identity
# tests any pair of rules without knowing the derivative.

# %%
pushed = y_bar @ y_dot
pulled = jnp.vdot(W_bar, W_dot) + jnp.vdot(x_bar, x_dot)
print(pushed, pulled)

np.testing.assert_allclose(pushed, pulled, rtol=1e-12)

# %% [markdown]
# Arguments and results may be nested containers. Tangents and cotangents then have the
# structure of what they belong to.


# %%
def affine(params, x):
    return {
        "mean": params["W"] @ x + params["b"],
        "scale": jnp.exp(params["log_scale"]),
    }


params = {"W": W, "b": rng.normal(size=m), "log_scale": 0.3}
out, pullback = vjp(affine, params, x)
params_bar, x_bar = pullback({"mean": y_bar, "scale": 2.0})

assert set(params_bar) == {"W", "b", "log_scale"}
np.testing.assert_allclose(params_bar["W"], np.outer(y_bar, x), rtol=1e-12)
np.testing.assert_allclose(params_bar["b"], y_bar, rtol=1e-12)
np.testing.assert_allclose(params_bar["log_scale"], 2 * np.exp(0.3), rtol=1e-12)
np.testing.assert_allclose(x_bar, W.T @ y_bar, rtol=1e-12)

# %% [markdown]
# ## Gradients of functions with vector values
#
# `grad` is the pullback of the cotangent 1. For a function with a vector as its value
# the natural counterpart is the cotangent $(1, \dots, 1)$:


# %%
def vector_grad(f, x):
    """The sum of the gradients of all entries of f(x)."""
    y, pullback = vjp(f, x)
    return pullback(jnp.ones_like(y))[0]


# %% [markdown]
# If $f$ acts on each entry separately then $J$ is diagonal, the sum has one term, and
# the result is the derivative at each entry:

# %%
points = jnp.linspace(-2.0, 2.0, 9)

np.testing.assert_allclose(
    vector_grad(lambda t: t**3 - t, points), 3 * points**2 - 1, rtol=1e-12
)

# %% [markdown]
# In general it is $J^T (1, \dots, 1)$, the column sums of the Jacobian, which is the
# gradient of the sum:

# %%
column_sums = jacrev(layer, argnums=1)(W, x).sum(axis=0)

np.testing.assert_allclose(
    vector_grad(lambda x: layer(W, x), x), column_sums, rtol=1e-12
)
np.testing.assert_allclose(
    grad(lambda x: layer(W, x).sum())(x), column_sums, rtol=1e-12
)

# %% [markdown]
# ## Hessian-vector products, four ways
#
# $\nabla^2 f(x)\, v$ needs two derivatives and no matrix. With two modes there are
# several orders to take them in, all correct:


# %%
def grad_of_grad(f, x, v):
    """Reverse over reverse: the gradient of x -> <grad f(x), v>."""
    return grad(lambda x: jnp.vdot(grad(f)(x), v))(x)


def jvp_of_grad(f, x, v):
    """Forward over reverse: push v through the gradient."""
    return jvp(grad(f), (x,), (v,))[1]


def vjp_of_grad(f, x, v):
    """Reverse over reverse again: the Hessian is symmetric, so v^T H = H v."""
    _, pullback = vjp(grad(f), x)
    return pullback(v)[0]


def grad_of_jvp(f, x, v):
    """Reverse over forward: the gradient of the slope in direction v."""
    return grad(lambda x: jvp(f, (x,), (v,))[1])(x)


# %% [markdown]
# For $f(X) = \sum_{ij} \tanh^2(X_{ij})$ the Hessian is diagonal, with the entries
# $2 (1 - t^2)(1 - 3 t^2)$ for $t = \tanh(X_{ij})$. The functions above work on arrays
# of any shape.


# %%
def energy(X):
    return jnp.sum(jnp.tanh(X) ** 2)


X = rng.normal(size=(30, 40))
V = rng.normal(size=(30, 40))
t = np.tanh(X)
expected = 2 * (1 - t**2) * (1 - 3 * t**2) * V

for product in (grad_of_grad, jvp_of_grad, vjp_of_grad, grad_of_jvp):
    np.testing.assert_allclose(product(energy, X, V), expected, rtol=1e-9, atol=1e-12)
print("all four agree")

# %% [markdown]
# And the whole matrix agrees with them, where it is small enough to look at:

# %%
H = hessian(energy)(X[:3, :4])
assert H.shape == (3, 4, 3, 4)

np.testing.assert_allclose(
    jnp.tensordot(H, V[:3, :4], axes=2), expected[:3, :4], rtol=1e-9, atol=1e-12
)

# %% [markdown]
# They differ in what they keep. Reverse mode stores the intermediate values of what it
# differentiates, and doing that to a gradient stores those of the backward pass, too.
# `jvp_of_grad` only carries a tangent along, and is the usual choice. Results are
# computed asynchronously, so the clock waits for them with `block_until_ready`, and a
# first call that compiles does not count.


# %%
def best_time(f, *args, repeat=20):
    """The shortest of a few runs of f(*args), in milliseconds, after a first call."""
    f(*args).block_until_ready()
    times = []
    for _ in range(repeat):
        start = perf_counter()
        f(*args).block_until_ready()
        times.append(perf_counter() - start)
    return 1e3 * min(times)


def deep(x, depth=20):
    for _ in range(depth):
        x = jnp.tanh(mixing @ x)
    return jnp.sum(x**2)


mixing = rng.normal(size=(400, 400)) / 20
point, direction = rng.normal(size=(2, 400))

reference = jvp_of_grad(deep, point, direction)
for product in (grad_of_grad, jvp_of_grad, vjp_of_grad, grad_of_jvp):
    compiled = jit(lambda x, v, product=product: product(deep, x, v))
    np.testing.assert_allclose(compiled(point, direction), reference, atol=1e-12)
    milliseconds = best_time(compiled, point, direction)
    print(f"{product.__name__:14s} {milliseconds:6.2f} ms")

# %% [markdown]
# ## Many rows at once: matrix-Jacobian products
#
# The pullback maps one cotangent. For all rows of a matrix $M$, $M J$, one could call
# it in a loop. `vmap` turns the pullback into a function of the whole matrix instead,
# and the matrix-vector products in it into one matrix-matrix product.

# %%
m, n, k = 300, 400, 200
W = rng.normal(size=(m, n)) / np.sqrt(n)
x = rng.normal(size=n)
M = rng.normal(size=(k, m))

y, pullback = vjp(lambda x: layer(W, x), x)


def rows_in_a_loop(M):
    return jnp.vstack([pullback(m) for m in M])


@jit
def rows_by_vmap(M):
    return vmap(pullback)(M)[0]


J = (1 - np.tanh(W @ x) ** 2)[:, None] * W
np.testing.assert_allclose(rows_in_a_loop(M), M @ J, rtol=1e-9, atol=1e-12)
np.testing.assert_allclose(rows_by_vmap(M), M @ J, rtol=1e-9, atol=1e-12)

loop_time, vmap_time = best_time(rows_in_a_loop, M), best_time(rows_by_vmap, M)
print(f"{k} rows of M J: loop {loop_time:.2f} ms, vmap {vmap_time:.2f} ms")

# %% [markdown]
# ## Many columns at once: Jacobian-matrix products
#
# The same for $J M$, one column of $M$ at a time. `linearize` is the forward
# counterpart of `vjp`: it evaluates $f$ once and returns the *pushforward*
# $\dot x \mapsto J \dot x$. The vectors are columns, so `vmap` maps over axis 1 on the
# way in and stacks along axis 1 on the way out.

# %%
M = rng.normal(size=(n, k))
y, pushforward = linearize(lambda x: layer(W, x), x)


def columns_in_a_loop(M):
    return jnp.stack([pushforward(m) for m in M.T], axis=1)


@jit
def columns_by_vmap(M):
    return vmap(pushforward, in_axes=1, out_axes=1)(M)


np.testing.assert_allclose(columns_in_a_loop(M), J @ M, rtol=1e-9, atol=1e-12)
np.testing.assert_allclose(columns_by_vmap(M), J @ M, rtol=1e-9, atol=1e-12)

loop_time, vmap_time = best_time(columns_in_a_loop, M), best_time(columns_by_vmap, M)
print(f"{k} columns of J M: loop {loop_time:.2f} ms, vmap {vmap_time:.2f} ms")

# %% [markdown]
# `jvp` does as well: under `vmap` the primal $x$ is shared by all columns, and $f$ is
# evaluated once.


# %%
@jit
def columns_by_jvp(M):
    def push(x_dot):
        return jvp(lambda x: layer(W, x), (x,), (x_dot,))[1]

    return vmap(push, in_axes=1, out_axes=1)(M)


np.testing.assert_allclose(columns_by_jvp(M), J @ M, rtol=1e-9, atol=1e-12)

# %% [markdown]
# ## Writing `jacrev` and `jacfwd`
#
# With $M$ the identity matrix these products are the Jacobian itself. For arrays of any
# shape the "rows of the identity" are the arrays of one shape with a single entry 1:


# %%
def standard_basis(shape, dtype):
    """All arrays of this shape with one entry 1 and zeros elsewhere, stacked."""
    size = np.prod(shape, dtype=int)
    return jnp.eye(size, dtype=dtype).reshape(size, *shape)


def my_jacrev(f):
    """The Jacobian of f, of shape (*out.shape, *in.shape), one row at a time."""

    def jacobian(x):
        y, pullback = vjp(f, x)
        (rows,) = vmap(pullback)(standard_basis(y.shape, y.dtype))
        return rows.reshape(*y.shape, *x.shape)

    return jacobian


def my_jacfwd(f):
    """The Jacobian of f, of shape (*out.shape, *in.shape), one column at a time."""

    def jacobian(x):
        y, pushforward = linearize(f, x)
        columns = vmap(pushforward, out_axes=-1)(standard_basis(x.shape, x.dtype))
        return columns.reshape(*y.shape, *x.shape)

    return jacobian


# %% [markdown]
# A test on a function with matrices on both sides, $f(X) = X B X^T$, with
#
# $$\frac{\partial f_{ij}}{\partial X_{kl}}
# = \delta_{ik} (B X^T)_{lj} + (X B)_{il}\, \delta_{jk}.$$

# %%
X = rng.normal(size=(3, 4))
B = rng.normal(size=(4, 4))


def congruence(X):
    return X @ B @ X.T


delta = np.eye(3)
expected = np.einsum("ik,lj->ijkl", delta, B @ X.T)
expected += np.einsum("il,jk->ijkl", X @ B, delta)

for transformation in (my_jacrev, my_jacfwd, jacrev, jacfwd):
    jacobian = transformation(congruence)(X)
    assert jacobian.shape == (3, 3, 3, 4)
    np.testing.assert_allclose(jacobian, expected, rtol=1e-12, atol=1e-12)

# %% [markdown]
# Being ordinary functions, ours compose with each other and with `jit`. The Hessian:

# %%
my_hessian = jit(my_jacfwd(my_jacrev(energy)))

np.testing.assert_allclose(my_hessian(X), hessian(energy)(X), rtol=1e-9, atol=1e-12)

# %% [markdown]
# ## Python control flow
#
# `vjp` differentiates the operations that are carried out, while Python runs the
# function as usual: with loops that stop when the numbers say so, exceptions and
# `try`. The derivative is that of the path taken. Here is Newton's iteration for
# $\sqrt{a}$, which gives up after some steps, and a caller that has an alternative.


# %%
class NotConvergedError(Exception):
    """The iteration did not reach its tolerance."""


def babylonian_sqrt(a, max_steps):
    """Solve y^2 = a by y <- (y + a / y) / 2, or raise NotConvergedError."""
    y = a
    for _ in range(max_steps):
        if abs(y * y - a) <= 1e-14 * a:
            return y
        y = (y + a / y) / 2
    raise NotConvergedError(f"no square root of {a} after {max_steps} steps")


taken = []


def robust_sqrt(a):
    try:
        y = babylonian_sqrt(a, max_steps=8)
        taken.append("iteration")
    except NotConvergedError:
        y = jnp.exp(0.5 * jnp.log(a))
        taken.append("logarithm")
    return y


# %% [markdown]
# From a small number the iteration converges; from $10^6$ it needs more than eight
# steps. Either way the derivative has to be $1 / (2 \sqrt{a})$. The iteration was
# never told so: it is differentiated step by step, and its derivative converges along
# with it.

# %%
pullbacks = {}
for a in (2.0, 1e6):
    y, pullbacks[a] = vjp(robust_sqrt, a)
    (slope,) = pullbacks[a](1.0)
    print(f"a = {a:9}: by {taken[-1]}, root {y:.12g}, slope {slope:.12g}")
    np.testing.assert_allclose(y, np.sqrt(a), rtol=1e-12)
    np.testing.assert_allclose(slope, 0.5 / np.sqrt(a), rtol=1e-12)

assert taken == ["iteration", "logarithm"]

# %% [markdown]
# `jit` compiles a function for *all* values of its arguments, and has none at hand when
# it runs the Python code. A condition on a value cannot be decided then, and this is an
# error:

# %%
try:
    jit(robust_sqrt)(2.0)
except TypeError as error:
    print(f"{type(error).__name__}: {str(error).splitlines()[0]}")
    refused = True
else:
    refused = False

assert refused
assert len(taken) == 2

# %% [markdown]
# The *pullback*, however, has no branches left. It is the linear program of the path
# that was taken, so it can be compiled, mapped, and handed to compiled functions as an
# argument.

# %%
pullback = pullbacks[2.0]
slope = 0.5 / np.sqrt(2.0)

np.testing.assert_allclose(jit(pullback)(1.0)[0], slope, rtol=1e-12)
np.testing.assert_allclose(
    vmap(pullback)(jnp.arange(4.0))[0], slope * np.arange(4.0), rtol=1e-12
)


@jit
def scaled_slope(pullback, factor):
    return factor * pullback(1.0)[0]


np.testing.assert_allclose(scaled_slope(pullback, 10.0), 10 * slope, rtol=1e-12)
assert len(taken) == 2  # the function itself never ran again

# %% [markdown]
# Compiling pays when a pullback has many operations and is called often:


# %%
def logistic_orbit(x):
    """Iterate x <- 3.2 x (1 - x) until the sum of the orbit exceeds 50."""
    total = x
    while total < 50.0:
        x = 3.2 * x * (1 - x)
        total = total + x
    return total


total, pullback = vjp(logistic_orbit, 0.3)
compiled = jit(pullback)

(slope,) = compiled(1.0)
difference = (logistic_orbit(0.3 + h) - logistic_orbit(0.3 - h)) / (2 * h)
np.testing.assert_allclose(slope, pullback(1.0)[0], rtol=1e-9)
np.testing.assert_allclose(slope, difference, rtol=1e-6)

eager_time = best_time(lambda y_bar: pullback(y_bar)[0], 1.0)
compiled_time = best_time(lambda y_bar: compiled(y_bar)[0], 1.0)
print(f"pullback {eager_time:.3f} ms, compiled {compiled_time:.3f} ms")
