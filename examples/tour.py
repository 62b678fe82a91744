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
# # A tour of the transformations
#
# `grad`, `vmap` and `jit` take functions and return functions. This notebook walks
# through what that makes possible: choosing arguments, looking at the programs behind a
# derivative, holding values constant, one gradient per sample, derivatives of any
# order, checks, and rules of one's own where the chain rule meets its numerical limits.

# %%
from functools import partial
from math import factorial
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from numpy.polynomial import Legendre

import minijax.numpy as jnp
from minijax import (
    custom_jvp,
    grad,
    jit,
    jvp,
    make_jaxpr,
    value_and_grad,
    vmap,
)
from minijax.config import config
from minijax.lax import stop_gradient
from minijax.test_util import check_grads

rng = np.random.default_rng(0)

# %% [markdown]
# ## Which argument?
#
# The running example is logistic regression: the probability that sample $x$ has label
# 1 is $p = \sigma(w \cdot x + b)$, and the loss is the mean of $-\log p$ or $-\log(1 -
# p)$, depending on the label. In terms of $z = w \cdot x + b$ that is $\log(1 + e^{z})
# - y z$.


# %%
def sample_loss(params, x, y):
    """The loss of one sample: x of shape (d,), its label y in {0, 1}."""
    z = x @ params["w"] + params["b"]
    return jnp.logaddexp(0.0, z) - y * z


def loss(params, X, Y):
    return vmap(sample_loss, in_axes=(None, 0, 0))(params, X, Y).mean()


samples, d = 200, 5
X = rng.normal(size=(samples, d)).astype(np.float32)
Y = (X @ rng.normal(size=d) + rng.normal(size=samples) > 0).astype(np.float32)
params = {"w": jnp.array(rng.normal(size=d), jnp.float32), "b": jnp.float32(0.1)}

# %% [markdown]
# By default `grad` differentiates the first argument. It may be a container, here a
# dictionary; the gradient has the same structure. With $p_i$ the predicted
# probabilities, $\nabla_w = \frac{1}{N} \sum_i (p_i - y_i)\, x_i$ and
# $\nabla_b = \frac{1}{N} \sum_i (p_i - y_i)$.

# %%
p = 1 / (1 + np.exp(-(X @ params["w"] + params["b"])))
gradient = grad(loss)(params, X, Y)
print(gradient)

np.testing.assert_allclose(gradient["w"], (p - Y) @ X / samples, rtol=1e-4, atol=1e-6)
np.testing.assert_allclose(gradient["b"], np.mean(p - Y), rtol=1e-4, atol=1e-6)

# %% [markdown]
# `argnums` selects others: one index gives one gradient, a tuple gives a tuple.

# %%
X_bar = grad(loss, argnums=1)(params, X, Y)
params_bar, Y_bar = grad(loss, argnums=(0, 2))(params, X, Y)

w = np.asarray(params["w"])
np.testing.assert_allclose(X_bar, np.outer(p - Y, w) / samples, rtol=1e-4, atol=1e-7)
np.testing.assert_allclose(params_bar["w"], gradient["w"], rtol=1e-6)
np.testing.assert_allclose(Y_bar, -(X @ w + params["b"]) / samples, rtol=1e-4)

# %% [markdown]
# `value_and_grad` returns the value as well, for one price. With `has_aux` the function
# may return something besides the scalar that is only passed through.


# %%
def loss_and_accuracy(params, X, Y):
    right = (X @ params["w"] + params["b"] > 0) == (Y > 0.5)
    return loss(params, X, Y), right.mean()


(value, accuracy), same = value_and_grad(loss_and_accuracy, has_aux=True)(params, X, Y)
print(f"loss {value:.4f}, accuracy {accuracy:.3f}")

np.testing.assert_allclose(value, loss(params, X, Y), rtol=1e-6)
np.testing.assert_allclose(accuracy, np.mean((p > 0.5) == (Y > 0.5)), rtol=1e-6)
np.testing.assert_allclose(same["w"], gradient["w"], rtol=1e-6)

# %% [markdown]
# ## The program behind a derivative
#
# A transformation sees a function as a small typed program, a *jaxpr*. `make_jaxpr`
# shows it. Each line is one operation, with the types of its results:


# %%
def wave(x):
    return jnp.sin(x) * x


print(make_jaxpr(wave)(1.0))
print(make_jaxpr(grad(wave))(1.0))


# %% [markdown]
# The second program computes $\cos(x)\, x + \sin(x)$: it starts with the operations of
# the first and goes on with their transposes, from the last to the first. Jaxprs are
# data, and can be searched and counted.


# %%
def operations(f, *args):
    return [eqn.primitive.name for eqn in make_jaxpr(f)(*args).jaxpr.eqns]


assert (
    str(make_jaxpr(jnp.sin)(1.0)) == "{ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }"
)
assert operations(wave, 1.0) == ["sin", "mul"]
assert {"sin", "cos", "mul"} <= set(operations(grad(wave), 1.0))
assert "cos" not in operations(wave, 1.0)

# %% [markdown]
# The cost of a gradient is a small multiple of the cost of the function, however many
# inputs there are: this *cheap gradient principle* (Baur and Strassen, 1983) shows in
# the length of the programs.


# %%
def speelpenning(xs):
    """The product of all entries, one multiplication at a time."""
    product = 1.0
    for x in xs:
        product = product * x
    return product


for count in (10, 20, 40):
    xs = [1.0 + 0.1 * i for i in range(count)]
    length = len(operations(speelpenning, xs))
    gradient_length = len(operations(grad(speelpenning), xs))
    print(
        f"{count} inputs: {length} operations, with all derivatives {gradient_length}"
    )
    assert gradient_length <= 5 * length

# %% [markdown]
# ## Holding a value constant
#
# `stop_gradient` returns its argument and has the derivative zero. It cuts a path out
# of a derivative without changing the value:

# %%
full = grad(lambda x: x * jnp.sin(x))(2.0)
cut = grad(lambda x: x * stop_gradient(jnp.sin(x)))(2.0)

np.testing.assert_allclose(full, np.sin(2.0) + 2.0 * np.cos(2.0), rtol=1e-5)
np.testing.assert_allclose(cut, np.sin(2.0), rtol=1e-5)

# %% [markdown]
# It is at home where an update is *not* the gradient of any function, as in temporal
# difference learning (Sutton, 1988). The value $v_\theta(s) = \theta \cdot s$ of a
# state shall meet its target $r + \gamma v_\theta(s')$, but only the prediction may
# move towards the target, not the target towards the prediction:
#
# $$\Delta\theta = \delta\, \nabla v_\theta(s), \qquad
# \delta = r + \gamma v_\theta(s') - v_\theta(s).$$


# %%
def temporal_difference_loss(theta, state, reward, next_state, discount=0.9):
    target = stop_gradient(reward + discount * (theta @ next_state))
    return 0.5 * (target - theta @ state) ** 2


theta, state, next_state = rng.normal(size=(3, 4)).astype(np.float32)
reward = 1.0
update = -grad(temporal_difference_loss)(theta, state, reward, next_state)

error = reward + 0.9 * theta @ next_state - theta @ state
np.testing.assert_allclose(update, error * state, rtol=1e-5)

# %% [markdown]
# ## One gradient per sample
#
# `grad(loss)` is the mean over all samples. To see how far single samples disagree, or
# to clip their influence, one wants the gradient of every sample: `vmap` adds the axis.
# Reading from the inside: differentiate the loss of one sample, map over the samples
# but not over the parameters, compile.

# %%
per_sample = jit(vmap(grad(sample_loss), in_axes=(None, 0, 0)))
gradients = per_sample(params, X, Y)

assert gradients["w"].shape == (samples, d)
assert gradients["b"].shape == (samples,)
np.testing.assert_allclose(gradients["w"], (p - Y)[:, None] * X, rtol=1e-3, atol=1e-6)
np.testing.assert_allclose(gradients["w"].mean(axis=0), gradient["w"], atol=1e-6)

# %% [markdown]
# A Python loop gives the same numbers, more slowly. (Results are computed
# asynchronously; `block_until_ready` waits for them.)


# %%
sample_gradient = jit(grad(sample_loss))


def per_sample_loop(params, X, Y):
    rows = [sample_gradient(params, x, y)["w"] for x, y in zip(X, Y, strict=True)]
    return jnp.stack(rows)


def best_time(f, *args, repeat=20):
    """The shortest of a few runs of f(*args), in milliseconds, after a first call."""
    f(*args).block_until_ready()
    times = []
    for _ in range(repeat):
        start = perf_counter()
        f(*args).block_until_ready()
        times.append(perf_counter() - start)
    return 1e3 * min(times)


np.testing.assert_allclose(
    per_sample_loop(params, X, Y), gradients["w"], rtol=1e-4, atol=1e-6
)

loop_time = best_time(per_sample_loop, params, X, Y)
vmap_time = best_time(lambda *args: per_sample(*args)["w"], params, X, Y)
print(f"{samples} gradients: loop {loop_time:.2f} ms, vmap {vmap_time:.2f} ms")

# %% [markdown]
# Private training clips each sample's gradient to a fixed length before averaging
# (Abadi et al., "Deep learning with differential privacy", 2016), so that no sample
# moves the parameters by more than its share:


# %%
def clipped(params, x, y, limit=0.5):
    g = grad(sample_loss)(params, x, y)
    length = jnp.sqrt(g["w"] @ g["w"] + g["b"] ** 2)
    factor = jnp.minimum(1.0, limit / length)
    return {name: factor * leaf for name, leaf in g.items()}


bounded = jit(vmap(clipped, in_axes=(None, 0, 0)))(params, X, Y)
lengths = np.sqrt(np.sum(np.square(bounded["w"]), axis=1) + np.square(bounded["b"]))
before = np.abs(p - Y) * np.sqrt(1 + np.sum(X**2, axis=1))
print(f"{np.mean(before > 0.5):.0%} of the samples were clipped")

np.testing.assert_allclose(lengths, np.minimum(before, 0.5), rtol=1e-3, atol=1e-6)

# %% [markdown]
# ## Composition with `jit`
#
# The order of `jit` and `grad` does not matter for the result. Outermost is where `jit`
# serves best: value and derivative are then compiled as one program.

# %%
roads = {
    "grad": grad(loss),
    "jit of grad": jit(grad(loss)),
    "grad of jit": grad(jit(loss)),
    "jit of grad of jit": jit(grad(jit(loss))),
}

for name, road in roads.items():
    np.testing.assert_allclose(road(params, X, Y)["w"], gradient["w"], atol=1e-6)
    milliseconds = best_time(lambda *args, road=road: road(*args)["w"], params, X, Y)
    print(f"{name:18s} {milliseconds:7.3f} ms")

# %% [markdown]
# Gradient descent, compiled one step at a time. The minimum of this convex problem is
# where the gradient vanishes:


# %%
@jit
def descend(params, rate=1.0):
    g = grad(loss)(params, X, Y)
    return {name: params[name] - rate * g[name] for name in params}


fitted = params
for _ in range(500):
    fitted = descend(fitted)

print(f"loss {loss(params, X, Y):.4f} -> {loss(fitted, X, Y):.4f}")
assert loss(fitted, X, Y) < loss(params, X, Y)
for leaf in grad(loss)(fitted, X, Y).values():
    np.testing.assert_allclose(leaf, 0.0, atol=1e-4)

# %% [markdown]
# ## Checking derivatives
#
# `check_grads` compares forward and reverse mode with finite differences in random
# directions, up to the given order. Checks want double precision.

# %%
config.update("jax_enable_x64", True)


def bump(x, y):
    return jnp.sum(jnp.exp(-(x**2)) * jnp.cos(y), axis=0)


x, y = rng.normal(size=(2, 3, 4))
start = perf_counter()
check_grads(bump, (x, y), order=2)
elapsed = perf_counter() - start
print(f"first and second derivatives agree, checked in {elapsed:.2f} s")

# %% [markdown]
# A check that cannot fail is worth nothing. Here is the sine with a derivative that is
# wrong by one part in a thousand:


# %%
@custom_jvp
def slightly_wrong_sin(x):
    return jnp.sin(x)


@slightly_wrong_sin.defjvp
def slightly_wrong_sin_jvp(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return slightly_wrong_sin(x), 1.001 * jnp.cos(x) * x_dot


for mode in ("fwd", "rev"):
    check_grads(jnp.sin, (x,), order=1, modes=mode)
    try:
        check_grads(slightly_wrong_sin, (x,), order=1, modes=mode)
    except AssertionError:
        caught = True
    else:
        caught = False
    print(f"{mode}: error of 0.1 % {'found' if caught else 'missed'}")
    assert caught

# %% [markdown]
# ## Higher orders
#
# Derivatives of derivatives are derivatives. Rodrigues' formula defines the Legendre
# polynomials,
#
# $$P_n(x) = \frac{1}{2^n n!} \frac{d^n}{dx^n} (x^2 - 1)^n,$$
#
# and can be written down as it stands:


# %%
def nth_derivative(f, n):
    for _ in range(n):
        f = grad(f)
    return f


def legendre(n, x):
    return nth_derivative(lambda x: (x**2 - 1) ** n, n)(x) / (2**n * factorial(n))


x = jnp.linspace(-1.0, 1.0, 201)
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
for n in range(6):
    values = jit(vmap(partial(legendre, n)))(x)
    np.testing.assert_allclose(values, Legendre.basis(n)(x), atol=1e-10)
    axes.plot(x, values, label=f"$P_{n}$")
axes.set(xlabel="$x$", title="Legendre polynomials, as derivatives of order 0 to 5")
axes.legend(loc="lower right", ncols=3)
axes.grid(alpha=0.3)
plt.show()

# %% [markdown]
# Forward mode nests as well, and modes may be mixed. All $2^3$ ways to take the third
# derivative of $e^{x} \sin x$ agree; it is $2 e^x (\cos x - \sin x)$.


# %%
def forward(f):
    return lambda x: jvp(f, (x,), (jnp.ones_like(x),))[1]


def damped(x):
    return jnp.exp(x) * jnp.sin(x)


third = 2 * np.exp(0.7) * (np.cos(0.7) - np.sin(0.7))
for outer in (grad, forward):
    for middle in (grad, forward):
        for inner in (grad, forward):
            value = outer(middle(inner(damped)))(0.7)
            np.testing.assert_allclose(value, third, rtol=1e-12)

# %% [markdown]
# ## A rule of one's own
#
# The *softplus* function $\log(1 + e^x)$ is harmless: it is about $x$ for large $x$,
# and its derivative $\sigma(x) = 1 / (1 + e^{-x})$ is about one. Its formula is not
# harmless at $x = 500$ in single precision.

# %%
config.update("jax_enable_x64", False)


def naive_softplus(x):
    return jnp.log(1.0 + jnp.exp(x))


print("value     ", naive_softplus(500.0))
print("derivative", grad(naive_softplus)(500.0))

assert np.isposinf(naive_softplus(500.0))
assert np.isnan(grad(naive_softplus)(500.0))

# %% [markdown]
# $e^{500}$ overflows to infinity. The chain rule then multiplies the derivative of the
# logarithm, $1 / \infty = 0$, by that of the exponential, $\infty$; the product is not
# a number. Where the algebra of the whole is known to be better than that of its parts,
# a *custom rule* replaces them. The value,
# $\log(1 + e^x) = \max(x, 0) + \log(1 + e^{-|x|})$, never overflows in this form, and
# neither does the tangent, $\dot y = \sigma(x)\, \dot x$ with
# $\sigma(x) = e^{-\log(1 + e^{-x})}$.


# %%
@custom_jvp
def softplus(x):
    return jnp.maximum(x, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


@softplus.defjvp
def softplus_jvp(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    sigmoid = jnp.exp(-softplus(-x))
    return softplus(x), sigmoid * x_dot


print("value     ", softplus(500.0))
print("derivative", grad(softplus)(500.0))

assert softplus(500.0) == 500.0
assert grad(softplus)(500.0) == 1.0
assert grad(softplus)(-500.0) == 0.0

# %% [markdown]
# The rule is written once, for forward mode; reverse mode is its transpose. It takes
# part in all transformations, and is differentiated itself for the second derivative
# $\sigma(x)\, \sigma(-x)$.

# %%
xs = jnp.array([-500.0, -20.0, -1.0, 0.0, 1.0, 20.0, 500.0])
sigma = 1 / (1 + np.exp(-np.float64(xs)))
second = sigma / (1 + np.exp(np.float64(xs)))

first_derivatives = jit(vmap(grad(softplus)))(xs)
second_derivatives = jit(vmap(grad(grad(softplus))))(xs)
tangents = jvp(softplus, (xs,), (jnp.ones_like(xs),))[1]

values = np.logaddexp(0.0, np.float64(xs))
np.testing.assert_allclose(softplus(xs), values, rtol=1e-6, atol=1e-30)
np.testing.assert_allclose(first_derivatives, sigma, rtol=1e-5, atol=1e-30)
np.testing.assert_allclose(tangents, sigma, rtol=1e-5, atol=1e-30)
np.testing.assert_allclose(second_derivatives, second, rtol=1e-5, atol=1e-30)
