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
# # Reading handwritten digits
#
# A complete training run on real data: the 1797 scanned digits, 8 by 8 pixels each,
# that come with scikit-learn. The network, its loss and the optimiser are written out
# in full, on top of `value_and_grad` and `jit`.

# %%
import os
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import trange

import minijax.numpy as jnp
from minijax import jit, nn, random, tree_util, value_and_grad

# %% [markdown]
# ## The data
#
# Pixels count from 0 to 16; the network sees them between 0 and 1. A quarter of the
# digits is put aside for the test, with equal shares of each digit.

# %%
digits = load_digits()
images = (digits.data / 16).astype(np.float32)
labels = digits.target.astype(np.int32)

train_images, test_images, train_labels, test_labels = train_test_split(
    images, labels, test_size=0.25, stratify=labels, random_state=0
)
print(f"{len(train_images)} digits for training, {len(test_images)} for the test")

assert images.shape == (1797, 64)
assert images.min() == 0.0
assert images.max() == 1.0

# %%
figure, axes = plt.subplots(2, 10, figsize=(8, 1.9), layout="constrained")
for ax, image, label in zip(axes.flat, train_images, train_labels, strict=False):
    ax.imshow(image.reshape(8, 8), cmap="gray_r")
    ax.set_title(str(label), fontsize=9)
    ax.axis("off")
plt.show()

# %% [markdown]
# ## The network
#
# Two hidden layers with rectifiers. A layer computes $h = \max(0, W x + b)$; the last
# one leaves out the maximum and gives ten *logits* $z$, whose softmax $p_k = e^{z_k} /
# \sum_j e^{z_j}$ are the probabilities of the digits. The parameters are a list of
# pairs. Weights start as normal numbers of variance $2 / n$ for $n$ inputs, which keeps
# the size of activations from layer to layer (He et al., 2015).


# %%
def initialize(key, sizes):
    params = []
    for n_in, n_out in pairwise(sizes):
        key, layer_key = random.split(key)
        W = jnp.sqrt(2 / n_in) * random.normal(layer_key, (n_in, n_out))
        params.append((W, jnp.zeros(n_out)))
    return params


def logits(params, x):
    """The ten logits of a batch of images: (batch, 64) to (batch, 10)."""
    *hidden, (W_last, b_last) = params
    for W, b in hidden:
        x = nn.relu(x @ W + b)
    return x @ W_last + b_last


def cross_entropy(params, x, labels):
    """The mean of -log p of the right digits."""
    log_p = nn.log_softmax(logits(params, x))
    return -jnp.mean(jnp.sum(nn.one_hot(labels, 10) * log_p, axis=1))


@jit
def accuracy(params, x, labels):
    return jnp.mean(jnp.argmax(logits(params, x), axis=1) == labels)


init_key, shuffle_key = random.split(random.key(0))
params = initialize(init_key, [64, 128, 64, 10])

n_parameters = sum(leaf.size for leaf in tree_util.tree_leaves(params))
initial_loss = cross_entropy(params, train_images, train_labels)
print(f"{n_parameters} parameters, loss {initial_loss:.3f} before training")

assert n_parameters == 64 * 128 + 128 + 128 * 64 + 64 + 64 * 10 + 10
# A network that knows nothing says 1/10 to everything, and has the loss log 10 = 2.30.
assert 1.5 < initial_loss < 4.0

# %% [markdown]
# The gradient with respect to the logits has a famous closed form: probability minus
# truth, $\partial L / \partial z = (p - y) / N$. The bias of the last layer is added to
# the logits, so its gradient is the sum over the batch. A good check before training:

# %%
value, gradient = value_and_grad(cross_entropy)(params, train_images, train_labels)
p = nn.softmax(logits(params, train_images))
truth = np.eye(10, dtype=np.float32)[train_labels]

np.testing.assert_allclose(gradient[-1][1], (p - truth).mean(axis=0), atol=1e-5)

# %% [markdown]
# ## Adam
#
# Adam (Kingma and Ba, 2015) keeps running means of each gradient $g$ and of its square,
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
# v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2,$$
#
# divides out their start at zero, and moves each parameter by
#
# $$-\eta\, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \varepsilon}.$$
#
# `tree_map` applies a formula to all leaves of a tree of parameters, so the code below
# works for any structure.


# %%
def adam_start(params):
    zeros = tree_util.tree_map(jnp.zeros_like, params)
    return zeros, zeros, 0


def adam(gradient, state, params, rate, beta1=0.9, beta2=0.999, eps=1e-8):
    """One step of Adam: the new parameters and the new state."""
    m, v, t = state
    t = t + 1
    m = tree_util.tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, m, gradient)
    v = tree_util.tree_map(lambda v, g: beta2 * v + (1 - beta2) * g**2, v, gradient)

    def moved(p, m, v):
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        return p - rate * m_hat / (jnp.sqrt(v_hat) + eps)

    return tree_util.tree_map(moved, params, m, v), (m, v, t)


@jit
def train_step(params, state, x, labels, rate):
    loss, gradient = value_and_grad(cross_entropy)(params, x, labels)
    params, state = adam(gradient, state, params, rate)
    return params, state, loss


# %% [markdown]
# The very first step is easy to predict: after division $m = g$ and $v = g^2$, so every
# parameter with a gradient well above $\varepsilon$ moves by the full rate, against the
# sign of its gradient.

# %%
moved, _ = adam(gradient, adam_start(params), params, rate=0.01)
bias_step = moved[-1][1] - params[-1][1]
bias_gradient = np.asarray(gradient[-1][1])

assert np.abs(bias_gradient).min() > 1e-5
np.testing.assert_allclose(bias_step, -0.01 * np.sign(bias_gradient), rtol=2e-3)

# %% [markdown]
# ## Training
#
# Each epoch shuffles the digits and cuts them into batches of 64. The rate falls along
# half a cosine to zero (Loshchilov and Hutter, 2017). The last few digits of a shuffle
# that do not fill a batch wait for the next epoch; one batch shape means one
# compilation.

# %%
epochs = 40
batch_size = 64
n_batches = len(train_images) // batch_size
n_steps = epochs * n_batches

state = adam_start(params)
batch_losses, test_losses, test_accuracies = [], [], []
progress = trange(epochs, desc="training", unit="epoch", mininterval=1.0)
for epoch in progress:
    order = random.permutation(random.fold_in(shuffle_key, epoch), len(train_images))
    batches = np.asarray(order)[: n_batches * batch_size].reshape(n_batches, -1)
    for batch in batches:
        rate = 2e-3 * (1 + np.cos(np.pi * len(batch_losses) / n_steps)) / 2
        params, state, loss = train_step(
            params, state, train_images[batch], train_labels[batch], rate
        )
        batch_losses.append(float(loss))
    test_losses.append(float(cross_entropy(params, test_images, test_labels)))
    test_accuracies.append(float(accuracy(params, test_images, test_labels)))
    progress.set_postfix(
        loss=batch_losses[-1], accuracy=test_accuracies[-1], refresh=False
    )

train_accuracy = float(accuracy(params, train_images, train_labels))
test_accuracy = test_accuracies[-1]
print(f"accuracy: {train_accuracy:.1%} in training, {test_accuracy:.1%} in the test")

assert len(batch_losses) == n_steps
assert np.mean(batch_losses[-n_batches:]) < 0.03
assert train_accuracy > 0.995
assert test_accuracy > 0.96

# %% [markdown]
# ## What happened

# %%
epochs_done = np.arange(1, epochs + 1)
batch_times = np.arange(n_steps) / n_batches
epoch_means = np.reshape(batch_losses, (epochs, n_batches)).mean(axis=1)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
left.semilogy(batch_times, batch_losses, ".", color="tab:blue", alpha=0.2, markersize=3)
left.semilogy(
    epochs_done - 0.5, epoch_means, color="tab:blue", label="training: batches, mean"
)
left.semilogy(epochs_done, test_losses, color="tab:orange", label="test")
left.set(xlabel="epoch", ylabel="cross-entropy", title="Loss")
left.legend()
left.grid(alpha=0.3)

right.plot(epochs_done, 100 * np.array(test_accuracies), color="tab:orange")
right.set(xlabel="epoch", ylabel="right answers [%]", title="Accuracy in the test")
right.set_ylim(top=100)
right.grid(alpha=0.3)
if "OUT" in os.environ:
    figure.savefig(Path(os.environ["OUT"]) / "digits_training.png", dpi=120)
plt.show()

# %% [markdown]
# The digits that the network gets wrong, with its answer and the probability that it
# gave to it. Many would make a person hesitate, too.

# %%
p = np.asarray(nn.softmax(logits(params, test_images)))
answers = p.argmax(axis=1)
wrong = np.flatnonzero(answers != test_labels)

np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-5)
np.testing.assert_allclose(1 - len(wrong) / len(test_labels), test_accuracy, rtol=1e-5)

figure, axes = plt.subplots(1, 8, figsize=(9, 1.5), layout="constrained")
for ax in axes:
    ax.axis("off")
for ax, i in zip(axes, wrong, strict=False):
    ax.imshow(test_images[i].reshape(8, 8), cmap="gray_r")
    ax.set_title(
        f"{test_labels[i]} read as\n{answers[i]} ({p[i].max():.0%})", fontsize=9
    )
if "OUT" in os.environ:
    figure.savefig(Path(os.environ["OUT"]) / "digits_mistakes.png", dpi=120)
plt.show()
