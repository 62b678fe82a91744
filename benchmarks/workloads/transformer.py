"""One step of gradient and Adam for a small GPT: width 64, 4 heads, 256 tokens.

Pure functions over pytrees of parameters; sequence 64, batch 8. L stands for layers,
B, T, D for batch, time and width, H for heads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..workload import API, Result, Workload, stages
from .data import integers, normal

BATCH, TIME, WIDTH, HEADS, VOCABULARY = 8, 64, 64, 4, 256
RATE, DECAY1, DECAY2, TINY = 1e-3, 0.9, 0.999, 1e-8


def parameters(api: API, layers: int) -> dict[str, Any]:
    """Parameters of a transformer: embeddings and a list of layers."""
    ones, zeros = api.numpy.ones(WIDTH), api.numpy.zeros(WIDTH)
    seeds = iter(range(10_000))

    def weight(*shape: int) -> Any:
        return normal(api, next(seeds), shape, 0.02)

    def layer() -> dict[str, Any]:
        return {
            "norm1": (ones, zeros),
            "qkv": weight(WIDTH, 3 * WIDTH),
            "out": weight(WIDTH, WIDTH),
            "norm2": (ones, zeros),
            "up": (weight(WIDTH, 4 * WIDTH), api.numpy.zeros(4 * WIDTH)),
            "down": (weight(4 * WIDTH, WIDTH), zeros),
        }

    return {
        "embed": weight(VOCABULARY, WIDTH),
        "position": weight(TIME, WIDTH),
        "layers": [layer() for _ in range(layers)],
        "norm": (ones, zeros),
    }


def batch(api: API) -> tuple[Any, Any]:
    """Inputs and the tokens that follow them, i32[B,T] each."""
    text = integers(api, 7, (BATCH, TIME + 1), VOCABULARY)
    return text[:, :-1], text[:, 1:]


def normalise(api: API, gain_and_shift: tuple[Any, Any], x: Any) -> Any:
    """Layer normalisation over the last axis."""
    jnp = api.numpy
    gain, shift = gain_and_shift
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.mean(centred**2, axis=-1, keepdims=True)
    return gain * centred / jnp.sqrt(variance + 1e-5) + shift


def attention(api: API, layer: dict[str, Any], x: Any) -> Any:
    """Causal self-attention, f32[B,T,D] -> f32[B,T,D]."""
    jnp = api.numpy
    # (B, T, 3D) -> three of (B, H, T, D/H)
    heads = (x @ layer["qkv"]).reshape(BATCH, TIME, 3, HEADS, WIDTH // HEADS)
    q, k, v = (jnp.swapaxes(heads[:, :, i], 1, 2) for i in range(3))
    scores = q @ jnp.swapaxes(k, 2, 3) / (WIDTH // HEADS) ** 0.5
    causal = jnp.tril(jnp.ones((TIME, TIME), bool))
    weights = api.nn.softmax(jnp.where(causal, scores, -1e9), axis=-1)
    mixed = jnp.swapaxes(weights @ v, 1, 2).reshape(BATCH, TIME, WIDTH)
    return mixed @ layer["out"]


def perceptron(api: API, layer: dict[str, Any], x: Any) -> Any:
    """The two-layer network of a block, applied to each position."""
    (up, up_bias), (down, down_bias) = layer["up"], layer["down"]
    return api.nn.gelu(x @ up + up_bias) @ down + down_bias


def loss(api: API, p: dict[str, Any], text: Any, following: Any) -> Any:
    """Mean cross-entropy of the next token."""
    jnp = api.numpy
    x = p["embed"][text] + p["position"]
    for layer in p["layers"]:
        x = x + attention(api, layer, normalise(api, layer["norm1"], x))
        x = x + perceptron(api, layer, normalise(api, layer["norm2"], x))
    scores = normalise(api, p["norm"], x) @ p["embed"].T
    log_p = api.nn.log_softmax(scores, axis=-1)
    return -jnp.mean(jnp.take_along_axis(log_p, following[..., None], axis=-1))


def adam(api: API, p: Any, gradient: Any, state: Any) -> tuple[Any, Any]:
    """One step of Adam; its state is the step number and two running moments."""
    jnp, tree_map = api.numpy, api.tree_util.tree_map
    t, mean, square = state
    t = t + 1
    mean = tree_map(lambda m, g: DECAY1 * m + (1 - DECAY1) * g, mean, gradient)
    square = tree_map(lambda s, g: DECAY2 * s + (1 - DECAY2) * g**2, square, gradient)
    unbias1, unbias2 = 1 - DECAY1**t, 1 - DECAY2**t

    def move(x: Any, m: Any, s: Any) -> Any:
        return x - RATE * (m / unbias1) / (jnp.sqrt(s / unbias2) + TINY)

    return tree_map(move, p, mean, square), (t, mean, square)


def make_step(api: API) -> Callable[..., Any]:
    """A new function for one step: parameters, state, inputs, targets -> the next."""

    def step(p: Any, state: Any, text: Any, following: Any) -> Any:
        value, gradient = api.value_and_grad(partial(loss, api))(p, text, following)
        return value, *adam(api, p, gradient, state)

    return step


def gradient_norm(api: API, layers: int) -> float:
    """Compile and run the jitted gradient once; the square of a part's norm."""
    gradient = api.jit(api.grad(partial(loss, api)))
    result = gradient(parameters(api, layers), *batch(api))
    return float(api.numpy.sum(result["embed"] ** 2))


def step(layers: int, api: API) -> Result:
    p = parameters(api, layers)
    zeros = api.tree_util.tree_map(api.numpy.zeros_like, p)
    state = (api.numpy.float32(0), zeros, zeros)
    seconds, (value, _, _) = stages(api, lambda: make_step(api), p, state, *batch(api))
    return Result(seconds, float(value))


def workload(layers: int, slow: bool, **targets: tuple[float, ...]) -> Workload:
    """The step for a number of layers; targets are by stage, `trace` or `compile`."""
    named: dict[str, tuple[float, ...]] = {"run": (0.8,)}
    if "trace" in targets:
        named["trace+lower"] = targets["trace"]
    if "compile" in targets:
        named["compile"] = targets["compile"]
    return Workload(
        f"transformer-{layers}", partial(step, layers), targets=named, slow=slow
    )


WORKLOADS = (
    workload(2, slow=False),
    workload(6, slow=True),
    workload(12, slow=True, trace=(0.35, 0.2), compile=(0.3,)),
    workload(24, slow=True),
)
