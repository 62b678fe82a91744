"""Long short-term memory over sequences: `minijax.experimental.rnn` is JAX's.

For gates i, f, g, o of a layer with input x_t and state (h, c),

    c_t = sigmoid(f) c + sigmoid(i) tanh(g)       where i, f, g, o are the four parts of
    h_t = sigmoid(o) tanh(c_t)                    W_ih x_t + b_ih + W_hh h + b_hh

as in S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997, and F. A. Gers,
J. Schmidhuber and F. Cummins, "Learning to forget", 2000. Layers are counted with their
directions: 0 forwards, 0 backwards, 1 forwards, ...

All weights are one array, as cuDNN has them: (W_ih, W_hh) of each layer, and after
those (b_ih, b_hh) of each layer.
"""

import itertools
import math
from collections.abc import Mapping

import numpy as np

from .. import dtypes, lax, nn, random
from .. import numpy as jnp
from ..api import compiled

__all__ = [
    "get_num_params_in_lstm",
    "init_lstm_weight",
    "lstm",
    "lstm_ref",
    "swap_lstm_gates",
    "unpack_lstm_weights",
]

_SIZES = ("input_size", "hidden_size", "num_layers", "bidirectional")


def _shapes(input_size, hidden_size, num_layers, bidirectional):
    """The shapes of W_ih, W_hh, b_ih, b_hh of all layers, as they are packed."""
    directions = 2 if bidirectional else 1
    gates = 4 * hidden_size
    linear, biases = [], []
    for layer, _ in itertools.product(range(num_layers), range(directions)):
        width = hidden_size * directions if layer else input_size
        linear += [(gates, width), (gates, hidden_size)]
        biases += [(gates,), (gates,)]
    return linear + biases


def get_num_params_in_lstm(
    input_size: int, hidden_size: int, num_layers: int, bidirectional: bool
) -> int:
    """The number of weights and biases of all layers.

    >>> get_num_params_in_lstm(3, 4, num_layers=2, bidirectional=True)
    736
    """
    shapes = _shapes(input_size, hidden_size, num_layers, bidirectional)
    return sum(math.prod(shape) for shape in shapes)


def init_lstm_weight(
    rng, input_size: int, hidden_size: int, num_layers: int, bidirectional: bool
):
    """Weights of all layers, uniform between -1 / sqrt(hidden_size) and its negative.

    rng: a key of `minijax.random`. Returns f32 (get_num_params_in_lstm(...),).

    >>> init_lstm_weight(minijax.random.key(0), 3, 4, 1, False).shape
    (144,)
    """
    size = get_num_params_in_lstm(input_size, hidden_size, num_layers, bidirectional)
    k = math.sqrt(1 / hidden_size)
    return random.uniform(rng, (size,), np.float32, minval=-k, maxval=k)


@compiled(static_argnames=_SIZES)
def unpack_lstm_weights(
    weights, input_size: int, hidden_size: int, num_layers: int, bidirectional: bool
):
    """W_ih, W_hh, b_ih, b_hh as dicts by layer, from the one array that holds them.

    Layer k has W_ih[k] of shape (4 hidden_size, its inputs), W_hh[k] of shape
    (4 hidden_size, hidden_size), and biases of shape (4 hidden_size,); the rows are
    those of the input gate, forget gate, cell and output gate.

    >>> weights = init_lstm_weight(minijax.random.key(0), 3, 4, 1, False)
    >>> [x[0].shape for x in unpack_lstm_weights(weights, 3, 4, 1, False)]
    [(16, 3), (16, 4), (16,), (16,)]
    """
    shapes = _shapes(input_size, hidden_size, num_layers, bidirectional)
    parts = _split("unpack_lstm_weights", weights, shapes)
    linear, biases = parts[: len(parts) // 2], parts[len(parts) // 2 :]
    kinds = linear[::2], linear[1::2], biases[::2], biases[1::2]
    return tuple(dict(enumerate(kind)) for kind in kinds)


def _split(where, weights, shapes):
    weights = jnp.asarray(weights)
    sizes = [math.prod(shape) for shape in shapes]
    if weights.shape != (sum(sizes),):
        raise ValueError(
            f"{where}: weights must have shape ({sum(sizes)},), as "
            f"get_num_params_in_lstm says, got {weights.aval}."
        )
    parts = lax.split(weights, sizes)
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


@compiled(static_argnames=_SIZES)
def swap_lstm_gates(
    weights, input_size: int, hidden_size: int, num_layers: int, bidirectional: bool
):
    """Packed weights with the cell and the output gate of each layer exchanged.

    >>> swap_lstm_gates(np.arange(16), 1, 1, 1, False).tolist()
    [0, 1, 3, 2, 4, 5, 7, 6, 8, 9, 11, 10, 12, 13, 15, 14]
    """
    shapes = _shapes(input_size, hidden_size, num_layers, bidirectional)
    parts = []
    for part in _split("swap_lstm_gates", weights, shapes):
        i, f, g, o = jnp.split(part, 4)
        parts += [jnp.ravel(gate) for gate in (i, f, o, g)]
    return jnp.concatenate(parts)


def lstm(
    x,
    h_0,
    c_0,
    weights,
    seq_lengths,
    input_size: int,
    hidden_size: int,
    num_layers: int,
    dropout: float,
    bidirectional: bool,
    precision=None,
):
    """The outputs and last states of a stack of LSTM layers over a batch of sequences.

    With L = num_layers, or 2 num_layers if bidirectional:

    Args:
      x: (batch, time, input_size).
      h_0, c_0: (L, batch, hidden_size), the first states.
      weights: (get_num_params_in_lstm(...),); `init_lstm_weight` makes them.
      seq_lengths: integers (batch,); what comes later in x is not read.
      dropout: 0; other numbers would need a random key.
      precision: that of the matrix products.

    Returns:
      y: (batch, time, hidden_size), with the backward direction behind the forward one
        if bidirectional; zero after the end of a sequence.
      h_n, c_n: (L, batch, hidden_size), the states at the end of each sequence, or at
        its beginning for the backward direction.

    >>> weights = init_lstm_weight(minijax.random.key(0), 3, 4, 1, False)
    >>> x, zeros = np.ones((2, 5, 3), np.float32), np.zeros((1, 2, 4), np.float32)
    >>> y, h, c = lstm(x, zeros, zeros, weights, np.array([5, 2]), 3, 4, 1, 0, False)
    >>> y.shape, h.shape
    ((2, 5, 4), (1, 2, 4))
    """
    _refuse_dropout("lstm", dropout)
    sizes = input_size, hidden_size, num_layers, bool(bidirectional)
    parts = unpack_lstm_weights(weights, *sizes)
    return _lstm("lstm", x, h_0, c_0, *parts, seq_lengths, *sizes, precision)


def lstm_ref(
    x,
    h_0,
    c_0,
    W_ih: Mapping,
    W_hh: Mapping,
    b_ih: Mapping,
    b_hh: Mapping,
    seq_lengths,
    input_size: int,
    hidden_size: int,
    num_layers: int,
    dropout: float,
    bidirectional: bool,
):
    """`lstm` with the weights of each layer, as `unpack_lstm_weights` gives them."""
    _refuse_dropout("lstm_ref", dropout)
    sizes = input_size, hidden_size, num_layers, bool(bidirectional)
    parts = W_ih, W_hh, b_ih, b_hh
    return _lstm("lstm_ref", x, h_0, c_0, *parts, seq_lengths, *sizes, None)


def _refuse_dropout(where, dropout):
    if dropout:
        raise NotImplementedError(
            f"{where}: dropout must be 0, got {dropout}: there is no key to draw with. "
            "Call it layer by layer, with random.bernoulli in between."
        )


@compiled(static_argnames=("where", *_SIZES, "precision"))
def _lstm(
    where,
    x,
    h_0,
    c_0,
    W_ih,
    W_hh,
    b_ih,
    b_hh,
    seq_lengths,
    input_size,
    hidden_size,
    num_layers,
    bidirectional,
    precision,
):
    directions = 2 if bidirectional else 1
    x, h_0, c_0 = jnp.asarray(x), jnp.asarray(h_0), jnp.asarray(c_0)
    seq_lengths = jnp.asarray(seq_lengths)
    states = (directions * num_layers, x.shape[0], hidden_size)
    _check(where, x, h_0, c_0, seq_lengths, input_size, states)
    # Time first: (time, batch, ...).
    y = jnp.swapaxes(x, 0, 1)
    inside = jnp.arange(y.shape[0])[:, None] < seq_lengths  # (time, batch)
    last = []
    for layer in range(num_layers):
        outs = []
        for direction in range(directions):
            k = layer * directions + direction
            part = W_ih[k], W_hh[k], b_ih[k], b_hh[k]
            out, state = _layer(
                y, inside, h_0[k], c_0[k], part, precision, bool(direction)
            )
            outs.append(out)
            last.append(state)
        y = jnp.concatenate(outs, axis=-1)
    h_n, c_n = (jnp.stack(states) for states in zip(*last, strict=True))
    return jnp.swapaxes(y, 0, 1), h_n, c_n


def _check(where, x, h_0, c_0, seq_lengths, input_size, states):
    if seq_lengths.dtype not in dtypes.INTS:
        raise NotImplementedError(
            f"{where}: seq_lengths must be integers, got {seq_lengths.aval}. Convert "
            "them with astype(int)."
        )
    if x.ndim != 3 or x.shape[2] != input_size:
        raise ValueError(
            f"{where}: x must have shape (batch, time, input_size={input_size}), got "
            f"{x.aval}."
        )
    if seq_lengths.shape != x.shape[:1]:
        raise ValueError(
            f"{where}: seq_lengths must have shape ({x.shape[0]},), one for each "
            f"sequence, got {seq_lengths.aval}."
        )
    for name, state in (("h_0", h_0), ("c_0", c_0)):
        if state.shape != states:
            raise ValueError(
                f"{where}: {name} must have shape {states}, (layers and directions, "
                f"batch, hidden_size), got {state.aval}."
            )


def _layer(x, inside, h, c, weights, precision, reverse):
    """One direction of one layer: outputs (time, batch, hidden), and the last state.

    Steps outside of a sequence keep the state and put out zeros, so that the backward
    direction begins where the sequence ends.
    """
    w_ih, w_hh, b_ih, b_hh = weights
    # What does not depend on the state is one product for all times.
    inputs = jnp.matmul(x, w_ih.T, precision=precision) + (b_ih + b_hh)

    def step(state, at):
        given, inside = at
        h, c = state
        gates = given + jnp.matmul(h, w_hh.T, precision=precision)
        i, f, g, o = jnp.split(gates, 4, axis=-1)
        c_next = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h_next = nn.sigmoid(o) * jnp.tanh(c_next)
        out = jnp.where(inside, h_next, 0)
        h_next, c_next = jnp.where(inside, h_next, h), jnp.where(inside, c_next, c)
        return (h_next, c_next), out

    dtype = jnp.result_type(inputs, h, c)
    first = h.astype(dtype), c.astype(dtype)
    last, out = lax.scan(step, first, (inputs, inside[..., None]), reverse=reverse)
    return out, last
