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
#
# minijax differentiates ordinary Python functions written with `minijax.numpy`, which
# has NumPy's names. This notebook takes derivatives whose closed form is known, so
# that everything it computes can be checked: each claim below is also an assertion.

# %%
from functools import partial
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

import minijax.numpy as jnp
from minijax import grad, hessian, jacfwd, jacrev, jit, jvp, vjp, vmap
from minijax.config import config

# %% [markdown]
# ## One derivative
#
# `grad` takes a function and returns a function: its gradient. Since
# $\tanh' = 1 - \tanh^2$,

# %%
tanh_prime = grad(jnp.tanh)
print(tanh_prime(2.0), 1 - np.tanh(2.0) ** 2)

np.testing.assert_allclose(tanh_prime(2.0), 1 - np.tanh(2.0) ** 2, rtol=1e-5)

# %% [markdown]
# The result is a function like any other, so `grad` applies again:
# $\tanh'' = -2 \tanh\,(1 - \tanh^2)$.

# %%
t = np.tanh(2.0)
np.testing.assert_allclose(grad(tanh_prime)(2.0), -2 * t * (1 - t**2), rtol=1e-5)

# %% [markdown]
# A gradient belongs to a function with *one* number as its result. For anything else
# `grad` says so:

# %%
x = jnp.linspace(-1.0, 1.0, 5)

try:
    grad(jnp.tanh)(x)
except TypeError as error:
    message = str(error)
else:
    raise AssertionError("grad accepted a function with five results")
print(message)

assert "scalar-output" in message
assert "(5,)" in message

# %% [markdown]
# There are three repairs, for three different questions: reduce the function to a
# scalar, map the scalar derivative over the inputs, or ask for the whole Jacobian.

# %%
expected = 1 - np.tanh(x) ** 2

of_the_sum = grad(lambda x: jnp.tanh(x).sum())(x)
mapped = vmap(grad(jnp.tanh))(x)
jacobian = jacrev(jnp.tanh)(x)

np.testing.assert_allclose(of_the_sum, expected, rtol=1e-5)
np.testing.assert_allclose(mapped, expected, rtol=1e-5)
np.testing.assert_allclose(jacobian, np.diag(expected), rtol=1e-5)

# %% [markdown]
# ## Single and double precision
#
# Numbers are 32 bit wide unless we ask otherwise. That is a poor setting for checking
# derivatives by differences,
#
# $$\frac{f(x + h) - f(x - h)}{2h} = f'(x) + \frac{h^2}{6} f'''(x) + \dots
# \quad\text{with a rounding error of about}\quad \frac{\varepsilon |f(x)|}{h},$$
#
# where no step $h$ gives an error below about $\varepsilon^{2/3}$: three correct
# digits less than `float32` holds. `config.update` switches 64 bit numbers on, at
# any time.


# %%
def f(x):
    return jnp.exp(jnp.sin(x)) / (1 + x**2)


def f_prime(x):
    """The derivative of f by hand, in NumPy's double precision."""
    return np.exp(np.sin(x)) * (np.cos(x) / (1 + x**2) - 2 * x / (1 + x**2) ** 2)


def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def errors_of_differences(x, steps):
    differences = [central_difference(f, x, x.dtype.type(h)) for h in steps]
    return np.abs(np.array(differences, np.float64) - f_prime(1.5))


steps = 10.0 ** np.arange(-12, 0.5, 0.5)

single = errors_of_differences(jnp.float32(1.5), steps)
single_grad_error = abs(float(grad(f)(1.5)) - f_prime(1.5))
assert grad(f)(1.5).dtype == np.float32

config.update("jax_enable_x64", True)
double = errors_of_differences(jnp.float64(1.5), steps)
double_grad_error = abs(float(grad(f)(1.5)) - f_prime(1.5))
assert grad(f)(1.5).dtype == np.float64

print(f"float32: best difference {single.min():.0e}, grad {single_grad_error:.0e}")
print(f"float64: best difference {double.min():.0e}, grad {double_grad_error:.0e}")

assert single_grad_error < 3e-7 < single.min() < 1e-4
assert double_grad_error < 1e-15 < double.min() < 1e-9

# %% [markdown]
# Too large a step leaves the truncation error, slope 2 in the picture; too small a
# one leaves the rounding error, slope $-1$, until $x + h$ rounds to $x$ and nothing is
# right any more. The gradient has neither: it is the exact derivative of the program,
# up to rounding.

# %%
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for name, errors, color in [
    ("float32", single, "tab:orange"),
    ("float64", double, "tab:blue"),
]:
    eps = np.finfo(name).eps
    axes.loglog(steps, errors, "o-", color=color, markersize=4, label=name)
    axes.axhline(eps, color=color, linestyle="--", linewidth=1)
    axes.text(1.0, eps, f"$\\varepsilon$ of {name}", color=color, ha="right", va="top")
axes.set(xlabel="step $h$", ylabel="error", title="Central differences of $f$ at 1.5")
axes.set_ylim(bottom=1e-17)
axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.15))
axes.grid(alpha=0.3)
plt.show()

# %% [markdown]
# The switch works in both directions; the dtype of a result follows it.

# %%
config.update("jax_enable_x64", False)
assert grad(f)(1.5).dtype == np.float32

config.update("jax_enable_x64", True)
assert grad(f)(1.5).dtype == np.float64

# %% [markdown]
# The rest of the notebook stays in double precision.
#
# ## Least squares: a gradient with a closed form
#
# For $f(x) = |Ax - b|^2$ the gradient is $\nabla f(x) = 2 A^T (Ax - b)$.

# %%
rng = np.random.default_rng(0)
m, n = 30, 8
A = rng.normal(size=(m, n))
b = rng.normal(size=m)
x = rng.normal(size=n)


def residual_square(A, b, x):
    r = A @ x - b
    return r @ r


r = A @ x - b
np.testing.assert_allclose(
    grad(residual_square, argnums=2)(A, b, x), 2 * A.T @ r, rtol=1e-12
)

# %% [markdown]
# `argnums` names the arguments to differentiate. The other two derivatives are
# $\partial f / \partial A = 2 r x^T$ and $\partial f / \partial b = -2r$.

# %%
A_bar, b_bar, x_bar = grad(residual_square, argnums=(0, 1, 2))(A, b, x)

np.testing.assert_allclose(A_bar, 2 * np.outer(r, x), rtol=1e-12)
np.testing.assert_allclose(b_bar, -2 * r, rtol=1e-12)
np.testing.assert_allclose(x_bar, 2 * A.T @ r, rtol=1e-12)

# %% [markdown]
# Central differences know nothing of the closed form. In every direction $v$ the
# slope of $f$ has to be $\nabla f(x) \cdot v$:


# %%
def along(v, t):
    return residual_square(A, b, x + t * v)


for v in rng.normal(size=(5, n)):
    slope = central_difference(partial(along, v), 0.0, 1e-5)
    np.testing.assert_allclose(slope, x_bar @ v, rtol=1e-7)

# %% [markdown]
# At the solution of the least squares problem the gradient vanishes:

# %%
solution, *_ = np.linalg.lstsq(A, b)

np.testing.assert_allclose(grad(residual_square, 2)(A, b, solution), 0, atol=1e-12)

# %% [markdown]
# ## Where the derivative does not exist
#
# $\max(x_1, \dots, x_n)$ has no gradient where two entries tie for the maximum. The
# tied entries share the derivative equally:

# %%
tied = jnp.array([1.0, 3.0, 2.0, 3.0])
g = grad(jnp.max)(tied)
print(g)

np.testing.assert_array_equal(g, [0.0, 0.5, 0.0, 0.5])

# %% [markdown]
# This is a choice, and a sound one for a convex function. The vector $g$ is a
# *subgradient*: the plane through $(x, f(x))$ with slope $g$ stays below the graph,
# $f(y) \ge f(x) + g \cdot (y - x)$ for every $y$.

# %%
for y in rng.normal(loc=2.0, scale=3.0, size=(1000, 4)):
    assert y.max() >= tied.max() + g @ (y - tied) - 1e-12

# %% [markdown]
# ## The singular values of a gradient
#
# A gradient with respect to a matrix is a matrix of the same shape, and can be handed
# on to linear algebra. The loss of a linear layer over $k$ samples,
# $L(W) = \sum_{i=1}^{k} |W x_i - y_i|^2$, has the gradient
# $\sum_i 2 (W x_i - y_i) x_i^T$, a sum of $k$ matrices of rank one. However large
# $W$ is, at most $k$ singular values differ from zero:

# %%
k = 5
W = rng.normal(size=(40, 60))
X = rng.normal(size=(60, k))
Y = rng.normal(size=(40, k))


def layer_loss(W):
    return jnp.sum((W @ X - Y) ** 2)


G = grad(layer_loss)(W)
s = jnp.linalg.svd(G, compute_uv=False)
print(np.array2string(np.asarray(s[: k + 3]), precision=2))

assert G.shape == W.shape
assert np.all(s[:k] > 1.0)
assert np.all(s[k:] < 1e-12 * s[0])

# %% [markdown]
# The decomposition itself can be differentiated, too. The *nuclear norm* is the sum
# of the singular values of $X = U \Sigma V^T$. Its gradient is $U V^T$, so all
# singular values of *that* gradient are one.


# %%
def nuclear_norm(X):
    return jnp.linalg.svd(X, compute_uv=False).sum()


Z = rng.normal(size=(6, 4))
U, _, Vh = np.linalg.svd(Z, full_matrices=False)
G = grad(nuclear_norm)(Z)

np.testing.assert_allclose(G, U @ Vh, atol=1e-12)
np.testing.assert_allclose(jnp.linalg.svd(G, compute_uv=False), np.ones(4), rtol=1e-12)

# %% [markdown]
# ## Second derivatives
#
# The Hessian of $|Ax - b|^2$ is the constant matrix $2 A^T A$. `hessian(f)` is
# `jacfwd(jacrev(f))`: forward differentiation of the reverse gradient.


# %%
def least_squares(x):
    return residual_square(A, b, x)


H = hessian(least_squares)(x)

np.testing.assert_allclose(H, 2 * A.T @ A, rtol=1e-12, atol=1e-12)
np.testing.assert_allclose(jacfwd(grad(least_squares))(x), H, rtol=1e-12)
np.testing.assert_allclose(jacrev(grad(least_squares))(x), H, rtol=1e-12)

# %% [markdown]
# For a quadratic function one Newton step from anywhere lands on the minimum:

# %%
newton = x - jnp.linalg.solve(H, grad(least_squares)(x))

np.testing.assert_allclose(newton, solution, rtol=1e-10)

# %% [markdown]
# ## Jacobians, forward or reverse
#
# The Jacobian of $f: \mathbb{R}^n \to \mathbb{R}^m$ is an $m \times n$ matrix, and
# there are two ways to get it.
#
# - Forward mode makes one *column* $J e_j$ at a time, at about the cost of one
#   evaluation of $f$: $n$ of them make `jacfwd`.
# - Reverse mode makes one *row* $e_i^T J$ at a time, also for about the cost of an
#   evaluation: $m$ of them make `jacrev`.
#
# Which is cheaper depends on the shape. Our example, $f(x) = \tanh(Wx)$, has the
# Jacobian $\operatorname{diag}(1 - \tanh^2(Wx))\, W$.


# %%
def squash(W, x):
    return jnp.tanh(W @ x)


W = rng.normal(size=(4, 9)) / 3
x = rng.normal(size=9)
J = (1 - np.tanh(W @ x) ** 2)[:, None] * W

np.testing.assert_allclose(jacfwd(squash, argnums=1)(W, x), J, rtol=1e-12)
np.testing.assert_allclose(jacrev(squash, argnums=1)(W, x), J, rtol=1e-12)

# %% [markdown]
# The rows can be collected by hand. `vjp` evaluates $f$ and returns the *pullback*
# $\bar y \mapsto \bar y^T J$ besides the value. It gives a tuple, one entry for each
# argument of $f$; `vstack` and its kin take a list of such 1-tuples as it is.

# %%
y, pullback = vjp(lambda x: squash(W, x), x)
M = jnp.eye(4)
rows = [pullback(m) for m in M]
assert all(isinstance(row, tuple) and len(row) == 1 for row in rows)

np.testing.assert_allclose(jnp.vstack(rows), J, rtol=1e-12)
np.testing.assert_allclose(jnp.dstack(rows)[0], J.T, rtol=1e-12)
np.testing.assert_allclose(jnp.stack([x_bar for (x_bar,) in rows]), J, rtol=1e-12)

# %% [markdown]
# Now the clock. Results are computed asynchronously, so a timing has to wait for
# them with `block_until_ready`; the first call compiles, and does not count.


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


forward = jit(jacfwd(squash, argnums=1))
reverse = jit(jacrev(squash, argnums=1))

print("    m     n   jacfwd [ms]   jacrev [ms]   jacfwd / jacrev")
for m, n in [(10, 2000), (50, 1000), (400, 400), (1000, 50), (2000, 10)]:
    W = rng.normal(size=(m, n)) / np.sqrt(n)
    x = rng.normal(size=n)
    np.testing.assert_allclose(forward(W, x), reverse(W, x), atol=1e-12)
    by_columns, by_rows = best_time(forward, W, x), best_time(reverse, W, x)
    print(
        f"{m:5d} {n:5d} {by_columns:13.2f} {by_rows:13.2f} {by_columns / by_rows:17.2f}"
    )

# %% [markdown]
# With $m \ll n$ reverse mode wins by far, and the gradient is the extreme case
# $m = 1$. With $m \gg n$ the order turns around. Times depend on the machine and on
# its mood; the operations that the compiler counts do not.


# %%
def flops(f, *args):
    """Floating-point operations of the compiled program of f(*args)."""
    return f.lower(*args).compile().cost_analysis()["flops"]


wide, x_wide = rng.normal(size=(10, 2000)), rng.normal(size=2000)
tall, x_tall = rng.normal(size=(2000, 10)), rng.normal(size=10)

assert flops(forward, wide, x_wide) > 50 * flops(reverse, wide, x_wide)
assert flops(reverse, tall, x_tall) > 50 * flops(forward, tall, x_tall)

# %% [markdown]
# ## Hessians that are never formed
#
# For $n = 3000$ unknowns the Hessian has nine million entries, 72 MB of them. Most
# algorithms only want its product with a vector, and that is the derivative of the
# gradient in one direction,
#
# $$\nabla^2 f(x)\, v = \left. \frac{d}{dt} \nabla f(x + t v) \right|_{t=0},$$
#
# one forward pass over a reverse pass. Composing the two takes one line:


# %%
def hvp(f, x, v):
    """The Hessian of f at x times v, at the cost of a few evaluations of f."""
    return jvp(grad(f), (x,), (v,))[1]


# %% [markdown]
# As an example take logistic regression with $m = 1000$ samples $a_i$ with labels
# $y_i = \pm 1$ and a little regularisation,
#
# $$f(x) = \sum_i \log\left(1 + e^{-y_i a_i \cdot x}\right) + \frac{\lambda}{2} |x|^2,
# \qquad \nabla^2 f(x) = A^T D A + \lambda I, \quad
# d_i = \sigma(a_i \cdot x)\, \sigma(-a_i \cdot x).$$

# %%
m, n = 1000, 3000
regularization = 0.1
A = rng.normal(size=(m, n)) / np.sqrt(n)
labels = np.sign(A @ rng.normal(size=n) + 0.1 * rng.normal(size=m))


def logistic(x):
    margins = labels * (A @ x)
    return jnp.logaddexp(0.0, -margins).sum() + regularization / 2 * x @ x


x = rng.normal(size=n)
v = rng.normal(size=n)

value = jit(logistic)
gradient = jit(grad(logistic))
hessian_vector = jit(lambda x, v: hvp(logistic, x, v))

sigmoid = 1 / (1 + np.exp(-A @ x))
closed_form = A.T @ (sigmoid * (1 - sigmoid) * (A @ v)) + regularization * v
np.testing.assert_allclose(hessian_vector(x, v), closed_form, rtol=1e-10, atol=1e-12)

# %%
t_value = best_time(value, x)
t_gradient = best_time(gradient, x)
t_product = best_time(hessian_vector, x, v)
print(f"value                  {t_value:7.2f} ms")
print(f"gradient               {t_gradient:7.2f} ms")
print(f"Hessian-vector product {t_product:7.2f} ms")
print(f"3000 products, the whole Hessian, would take {3 * t_product:.0f} s")

assert flops(gradient, x) < 4 * flops(value, x)
assert flops(hessian_vector, x, v) < 8 * flops(value, x)

# %% [markdown]
# This is enough for Newton's method. Each step solves $\nabla^2 f(x)\, p = -\nabla
# f(x)$ by conjugate gradients (Hestenes and Stiefel, 1952), which touch the matrix
# only through products.


# %%
def conjugate_gradients(product, rhs, rtol=1e-6):
    """Solve product(p) = rhs for a symmetric positive definite linear map."""
    p = np.zeros_like(rhs)
    residual = direction = rhs
    square = residual @ residual
    while square > rtol**2 * (rhs @ rhs):
        image = np.asarray(product(direction))
        step = square / (direction @ image)
        p = p + step * direction
        residual = residual - step * image
        previous, square = square, residual @ residual
        direction = residual + square / previous * direction
    return p


z = np.zeros(n)
history = []
for _ in range(12):
    g = np.asarray(gradient(z))
    history.append(np.linalg.norm(g))
    print(f"f = {float(value(z)):9.5f}   |gradient| = {history[-1]:.1e}")
    if history[-1] < 1e-9:
        break
    z = z + conjugate_gradients(partial(hessian_vector, z), -g)

assert history[-1] < 1e-9
